"""What a trained model is asked: predictions, masks, released checkpoints."""
