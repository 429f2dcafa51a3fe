"""Pieces that several architectures share."""
