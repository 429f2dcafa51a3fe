"""The training loop: task, data, state, journal, progress."""
