"""Memory of a training: estimated before, explained when it runs out."""
