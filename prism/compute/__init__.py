"""Where a model computes: device, precision, lock of a GPU, batches, freed memory."""
