"""Found by Python itself through PYTHONPATH: a training waits where a test wants to catch it.

The file $PRISM_TEST_HOLD holds a step. Once a state of that step or a later one stands under its name, the training
goes no further until the file is gone or names a later step; a signal still reaches it.
"""

import os
import re
import time
from pathlib import Path

plain = os.replace


def replace(source, target, **more) -> None:
    plain(source, target, **more)
    state = re.fullmatch(r"step-(\d+)\.pt", os.path.basename(target))
    while state and int(state[1]) >= held_at():
        time.sleep(0.02)


def held_at() -> float:
    try:
        return int(Path(os.environ["PRISM_TEST_HOLD"]).read_text())
    except FileNotFoundError:
        return float("inf")


os.replace = replace
