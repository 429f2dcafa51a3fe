"""The genome: coordinates, batches, tracks, genes, candidate elements, the dataset file."""
