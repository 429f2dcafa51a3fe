"""Dynamic tokens for a single-cell foundation model: a gene's token follows its DNA sequence (Bio-DTA)."""
