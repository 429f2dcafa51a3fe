"""Put at the root of a clone, which rules have on PYTHONPATH: every Python that a rule starts says what it was.

One line of JSON in `interpreters.jsonl` beside this file, written when the interpreter ends.
"""

import atexit
import json
import os
import shutil
import sys


def _write() -> None:
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    seen = {
        "script": os.path.splitext(os.path.basename(sys.argv[0]))[0],
        "prefix": sys.prefix,
        "stdlib": os.path.dirname(os.__file__),
        "files": sorted(each for each in files if each),
        "programs": {name: shutil.which(name) for name in ("python", "bedtools", "macs3")},
    }
    with open(os.path.join(os.path.dirname(__file__), "interpreters.jsonl"), "a") as file:
        file.write(json.dumps(seen) + "\n")


atexit.register(_write)
