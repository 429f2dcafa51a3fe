"""Which seeds there are."""

from __future__ import annotations

LARGEST = 2**32 - 1


def check_seed(seed: int) -> int:
    """Check a seed, and return it.

    seed: of a training.
    Raises ValueError unless it is from 0 to `LARGEST`: torch's generator on a CPU and numpy's read 32 bits, so seed
    2**32 + 1 would begin with the weights of seed 1.
    """
    if not 0 <= seed <= LARGEST:
        raise ValueError(
            f"seed {seed}: seeds are 0 to {LARGEST}, for random generators read no more than 32 bits; give another"
        )
    return seed
