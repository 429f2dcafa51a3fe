"""Cells in: counts, cell types and donors of an h5ad file, checked at the door.

Read through h5py. anndata 0.12 needs pandas < 3, which this workflow does not have, and holds more than is needed
here; the files are the same.
"""
