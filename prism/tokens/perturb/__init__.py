"""What is done to a factor: mutations of its window, shifts of the genes under them, controls."""
