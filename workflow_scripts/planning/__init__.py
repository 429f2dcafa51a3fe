"""Turns configuration and tables into the plan that the rules follow; read when the workflow is parsed.

Only light imports here (no torch): every `snakemake` call and every cluster job reads these modules.
"""
