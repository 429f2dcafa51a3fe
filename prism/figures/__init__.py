"""Figures of the benchmark: one function per figure, data frames and arrays in, a matplotlib Figure out.

No paths, no pyplot, no global state; `style` holds fonts, colours and sizes for all of them.
"""
