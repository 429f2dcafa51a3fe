"""Figures of the dynamic tokens: one function per figure, tables of `results/tokens/{name}/` in, a Figure out."""
