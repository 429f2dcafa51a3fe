"""Candidate elements of each gene."""
