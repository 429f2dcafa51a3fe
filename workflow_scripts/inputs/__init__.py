"""Jobs that fetch, check and cut what models are trained on."""
