"""The scripts of rules/tokens.smk."""
