"""Configuration and tables, each read and checked against its schema."""
