# The plan of the run, and what every rule shares.
import json
import os
import re
import shlex
import sys

from snakemake.exceptions import WorkflowError

BASE = os.path.dirname(workflow.current_basedir)
sys.path.insert(0, BASE)

from prism import NUMBERS_VERSION
from workflow_scripts.planning import costs, plan
from workflow_scripts.planning.files import Files

# A prefix replaces Snakemake's own strict mode, hence `set`; the scripts are run as modules of this checkout.
shell.prefix(f"set -euo pipefail; export PYTHONPATH={shlex.quote(BASE)}; ")

try:
    PLAN = plan.make_plan(config)
except ValueError as error:
    raise WorkflowError(f"{error}")

# The report shows the configuration with its defaults filled in.
config.update(PLAN.config)
FILES = Files(PLAN)
DEVICE = PLAN.config["device"]
GPUS = 0 if DEVICE == "cpu" else 1
THREADS = PLAN.config["threads"]


wildcard_constraints:
    cell_type="[A-Za-z0-9][A-Za-z0-9_-]*",
    model="[A-Za-z0-9][A-Za-z0-9_-]*",
    length=r"\d+",
    seed=r"\d+",
    fold=r"[A-Za-z0-9_-]+",


def family(names):
    """Wildcard constraint: one of the names, or nothing at all."""
    return "|".join(map(re.escape, names)) or "(?!)"


def runtime_of(minutes):
    """Minutes that a training may take: `minutes` at windows of up to 20 kb, ten times as many at longer ones."""
    return lambda wildcards: minutes * (10 if PLAN.entries[wildcards.model].length > 20_000 else 1)


onstart:
    print(costs.announce(list(workflow.dag.needrun_jobs()), PLAN), file=sys.stderr, flush=True)
