"""What makes the generated pages of docs/ and config/README.md."""
