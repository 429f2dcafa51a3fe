"""Put at the root of a clone, which rules have on PYTHONPATH: every Python that a rule starts says what it was.

One line of JSON in `interpreters.jsonl` beside this file, written when the interpreter ends.
"""

import atexit
import json
import os
import shutil
import sys


def _script() -> str:
    """The module below workflow_scripts/, such as training.train; else the program's name."""
    name = os.path.splitext(sys.argv[0])[0]
    above, _, module = name.rpartition(os.sep + "workflow_scripts" + os.sep)
    return module.replace(os.sep, ".") if above else os.path.basename(name)


def _write() -> None:
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    seen = {
        "script": _script(),
        "prefix": sys.prefix,
        "stdlib": os.path.dirname(os.__file__),
        "files": sorted(each for each in files if each),
        "programs": {name: shutil.which(name) for name in ("python", "bedtools", "macs3")},
    }
    with open(os.path.join(os.path.dirname(__file__), "interpreters.jsonl"), "a") as file:
        file.write(json.dumps(seen) + "\n")


atexit.register(_write)
