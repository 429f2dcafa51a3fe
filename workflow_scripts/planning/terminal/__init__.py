"""What a person is told before and after a run: jobs, sizes, hours, warnings."""
