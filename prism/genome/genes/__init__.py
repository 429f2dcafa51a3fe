"""Genes: annotation, gene table, labels, gene features."""
