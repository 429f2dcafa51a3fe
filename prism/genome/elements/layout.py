"""What marks a file of candidate elements; apart, so that reading one needs none of what making one does."""

SCHEMA_VERSION = 1
KIND = "elements"
