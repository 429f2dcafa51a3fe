"""Patterns of what a file's name is made of, for the rules and the schemas too."""

# None of them begins with a dash, which a command would take for an option, or lets a folder, a blank or a word of the
# shell in.
NAME = "[A-Za-z0-9][A-Za-z0-9_-]*"  # of a cell type, an entry, a signal, a released checkpoint
FOLD = "[A-Za-z0-9_][A-Za-z0-9_-]*"
ASSEMBLY = rf"{NAME}(?:\.[A-Za-z0-9_-]+)*"  # GRCh38.p14
