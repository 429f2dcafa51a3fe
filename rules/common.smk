# The plan of the run, and what every rule shares.
import json
import os
import re
import runpy
import sys

from snakemake.exceptions import WorkflowError

# Where the rules are read from a git address, Snakemake can find this one file, but nothing can be imported from
# there.
checkout = runpy.run_path(workflow.source_path("../workflow_scripts/planning/checkout.py"))
try:
    BASE = checkout["base"](
        workflow.current_basedir, None if workflow.is_main_process else os.environ.get("PRISM_HOME")
    )
except ValueError as error:
    raise WorkflowError(f"{error}")
sys.path.insert(0, BASE)

from prism import NUMBERS_VERSION
from prism.fetch.redaction import redacted
from prism.jobs.attempts import got_further
from prism.jobs.memory_watch import memory_for
from workflow_scripts.planning.terminal.announcement import announce
from workflow_scripts.planning.tables.checksums import layers_of
from workflow_scripts.planning.compose import make_plan
from workflow_scripts.planning.checks.data import check_caller
from workflow_scripts.planning.checks.predictions import check_chosen_genes
from workflow_scripts.planning.terminal.end_report import closing_words
from workflow_scripts.planning.files import Files
from workflow_scripts.planning.checks.local_content import LocalContent
from workflow_scripts.planning.terminal.lost_genes import gene_words
from workflow_scripts.planning.tables.patterns import ASSEMBLY, FOLD, NAME
from workflow_scripts.planning.secrets import shown
from workflow_scripts.planning.starts import checkpoint_of, own_file
from workflow_scripts.planning.tables.strict_yaml import load

# The scripts are run as modules of this checkout. Each command sets its own PYTHONPATH: a shell.prefix would reach
# the rules of a workflow that uses this one as a module, and Snakemake takes PYTHONPATH out of a job's environment
# under conda.
os.environ.update(PRISM_HOME=BASE)

# The prefix that another workflow gives this one when it uses it as a module; the plan puts it before the paths
# that `params` name.
if workflow.modifier.path_modifier.modifies_prefixes:
    raise WorkflowError("module: replace_prefix is not understood here; give the module a `prefix`")
PREFIX = workflow.modifier.path_modifier.replace_prefix("")

try:
    # Snakemake has read them already, and kept the last of a key that stands twice. A module's mapping cannot be
    # checked.
    for path in workflow.configfiles if workflow.modifier.is_main_snakefile() else []:
        load(path)
    given = workflow.config_settings
    PLAN = make_plan(config, PREFIX, layers_of(config, given.configfiles, given.config))
except ValueError as error:
    raise WorkflowError(redacted(f"{error}"))

# The report's captions read the configuration with its defaults filled in; its files are shown without secrets.
config.update(PLAN.config)
workflow.configfiles[:] = map(shown, workflow.configfiles)
FILES = Files(PLAN)
CONTENT = LocalContent(".snakemake/local_md5.json")
DEVICE = PLAN.config["device"]
GPUS = 0 if DEVICE == "cpu" else 1
STATE = "results/runs/{cell_type}/{model}/fold{fold}/seed{seed}/state"
THREADS = PLAN.config["threads"]
# Of a training that gets no further, or more if --retries says so. Only where the run was started: the snakemake
# inside a cluster job would otherwise try again by itself, within the memory and time that were too little.
RETRIES = max(3, getattr(workflow.execution_settings, "retries", 0)) if workflow.is_main_process else 0


wildcard_constraints:
    assembly=ASSEMBLY,
    cell_type=NAME,
    model=NAME,
    length=r"\d+",
    seed=r"\d+",
    candidate=r"\d+",
    fold=FOLD,


def family(names):
    """Wildcard constraint: one of the names, or nothing at all."""
    return "|".join(map(re.escape, names)) or "(?!)"


def start_of(wildcards, seed):
    """The checkpoint that a training starts from, if it starts from one."""
    told = PLAN.entries[wildcards.model].start_from
    if own := own_file(told):
        return local(own)
    return checkpoint_of(told, wildcards.cell_type, wildcards.fold, seed) if told else []


def local_file(download):
    """The file on this machine that is copied, an input without a module's prefix; nothing for a remote one."""
    return local(download.local) if download.local else []


def of_user(paths):
    """Files that an entry of `tokens` names: those of the user without a module's prefix, those of a rule with it."""
    return [path if TOKEN_FILES.is_made(path) else local(path) for path in paths]


def foundation_of(name):
    """config.json of the single-cell model of an entry of `tokens`."""
    path = TOKEN_FILES.foundation(name)
    return local(path) if PLAN.tokens[name].folder else path


def made_by_rule(path):
    """Whether a rule, of this workflow or its host, makes a file; asked when all rules are known."""
    return any(each.is_producer(form) for each in workflow.rules for form in (path, os.path.abspath(path)))


def made_here(download):
    """The local file that is copied or linked, where a rule makes it; else nothing."""
    return str(download.local) if download.local and made_by_rule(download.local) else ""


def content_of(download):
    """The md5 of the local file that is copied or linked; nothing where a rule makes it or it is remote."""
    if download.local is None or made_by_rule(download.local):
        return ""
    return CONTENT.md5(download.local)


def signal_to_call(wildcards):
    """The bigWigs that peaks are called from; refused where macs3 is missing."""
    peaks = FILES.placed(f"resources/{wildcards.cell_type}/called_peaks.narrowPeak")
    if workflow.is_main_process and not os.path.exists(peaks):
        check_caller(peaks, map(str, workflow.deployment_settings.deployment_method))
    return FILES.peak_signal(wildcards.cell_type)


def runtime_of(minutes):
    """Minutes to ask a scheduler for: `minutes`, ten times as many at the windows that count as long."""
    return lambda wildcards: minutes * (10 if PLAN.entries[wildcards.model].is_long else 1)


def limit_of(minutes):
    """Minutes after which a training is ended: those of `runtime_of` under a scheduler, else 0 for no limit.

    A user's `--set-resources`, or a profile's, takes its place. The snakemake inside a cluster job may have a local
    executor, but is not the process that the user started.
    """
    asked = runtime_of(minutes)
    return lambda wildcards: (
        asked(wildcards) if workflow.non_local_exec or not workflow.is_main_process else 0
    )


def state_of(wildcards, state=STATE):
    """Folder of a training's state; `state` is its pattern."""
    return FILES.placed(state).format(**dict(wildcards.items()))


def attempt_of(state):
    """Which attempt of a training a job is, from 1, as a function; those before one that got further do not count.

    Snakemake asks anew for every attempt, and gives up by the number that the job then has.
    """

    def asked(wildcards, attempt, rulename):
        if attempt == 1 or not workflow.is_main_process or not got_further(state_of(wildcards, state)):
            return attempt
        for job in workflow.dag.needrun_jobs():
            if job.rule.name == rulename and job.wildcards_dict == dict(wildcards.items()):
                job.attempt = 1
        return 1

    return asked


def memory_of(state):
    """MB of a training, as a function; after a shortage of memory, more than what was too small."""
    return lambda wildcards: memory_for(
        PLAN.training_mb(wildcards.cell_type, wildcards.model), state_of(wildcards, state)
    )


def training_resources(minutes, device=DEVICE, state=STATE):
    """Resources of a training that asks for `minutes`; what else it is told, and does not make it run again."""
    return {
        "mem_mb": memory_of(state),
        "runtime": limit_of(minutes),
        "gpu": 0 if device == "cpu" else 1,
        "device": device,
        "cpu_precision": PLAN.config["cpu_precision"],
        "tensorboard": int(PLAN.config["tensorboard"]),
        "cuda_graphs": int(PLAN.config["cuda_graphs"]),
        "attempt": attempt_of(state),
    }


def say_at_end():
    """What a person should know of the jobs that have finished."""
    jobs = list(workflow.dag.finished_jobs)
    said = gene_words(jobs, PLAN) + closing_words(jobs, PREFIX)
    print(said, end="", file=sys.stderr, flush=True)


onstart:
    jobs = list(workflow.dag.needrun_jobs())
    for job in jobs:
        if job.output and os.path.basename(job.output[0]) == "called_peaks.narrowPeak":
            check_caller(str(job.output[0]), map(str, workflow.deployment_settings.deployment_method))
    remade = {str(path) for job in jobs for path in job.output}
    check_chosen_genes(PLAN, remade.__contains__)
    print(announce(jobs, PLAN), file=sys.stderr, flush=True)


# Another workflow that uses this one as a module calls these two in handlers of its own; Snakemake leaves them out
# there.
onsuccess:
    say_at_end()


onerror:
    say_at_end()
