"""What figures and pages share: style, footers, profiles."""
