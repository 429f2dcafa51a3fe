"""How a model is trained: settings and schedule. No torch."""
