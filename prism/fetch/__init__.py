"""Downloads: resumed after a break, verified, written whole or not at all."""
