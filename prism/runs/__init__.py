"""The files of a trained run: record, checkpoint, predictions, provenance."""
