"""The dataset file: windows of genes, cut, stored and read; folds."""
