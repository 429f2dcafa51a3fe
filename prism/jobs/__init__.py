"""A training as a job: limits, locks, attempts and their records. Standard library only."""
