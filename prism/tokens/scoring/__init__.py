"""What a result is worth: known targets, scores of rankings, donors, nulls."""
