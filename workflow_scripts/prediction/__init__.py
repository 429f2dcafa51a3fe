"""Jobs that predict, and that compare predictions."""
