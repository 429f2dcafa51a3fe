"""The training recipe (orientation, bins, stem) against ridge, on yeast and on chr22: tuned, frozen, confirmed once."""

from workflow_scripts import threads

threads.limit(1)  # before numba is imported: with more threads the last digits differ
