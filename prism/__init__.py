"""Prism: gene expression from short DNA windows and epigenomic signals.

`NUMBERS_VERSION` is raised by hand whenever a change moves the numbers that a run
produces; it is part of every run's identity, so older runs are re-made and older
training state is never continued (CHANGELOG.md says which numbers moved, and by how much).
"""

__version__ = "0.1.0"
NUMBERS_VERSION = 3
