"""A whole optimiser step as one CUDA graph."""
