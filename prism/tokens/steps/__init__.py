"""What the jobs of the workflow do: the door, pretraining, adapters, one factor, tables; from files to files."""
