"""What is refused before any job: settings, data, trainings and predictions that cannot work."""
