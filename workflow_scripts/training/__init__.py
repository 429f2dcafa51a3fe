"""Jobs that train, try and tune."""
