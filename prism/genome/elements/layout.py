"""What marks a file of candidate elements; apart, so that a reader need not import the maker."""

SCHEMA_VERSION = 1
KIND = "elements"
