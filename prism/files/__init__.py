"""Files: written whole or not at all, text tables, HDF5."""
