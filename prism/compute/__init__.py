"""Where a model computes: device, batches, freed memory."""
