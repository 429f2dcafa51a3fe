"""What a run will fetch, write and do, said before it starts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from prism.fetch.redaction import public
from prism.genome.genes.table import ACTIVITY
from prism.protocol.schedule import warm_up_warning
from prism.protocol.settings import TrainingSettings
from workflow_scripts.planning import requests
from workflow_scripts.planning.plan import Plan
from workflow_scripts.planning.tables.cell_types import same_file
from workflow_scripts.planning.tables.models import GENES, Entry
from workflow_scripts.planning.terminal.sizes import GB, dataset_bytes, size_of
from workflow_scripts.planning.terminal.token_hours import token_lines
from workflow_scripts.planning.terminal.training_costs import (
    Trained,
    beyond_limit,
    candidate_name,
    read_step_times,
    told,
    training_hours,
    with_candidates,
)


def _kinds(plan: Plan) -> tuple[str, ...]:
    return {"cpu": ("CPU",), "cuda": ("GPU",), "auto": ("GPU", "CPU")}[plan.config["device"]]


def training_lines(trainings: list[Trained], plan: Plan) -> list[str]:
    """A line of hours for each kind of device that the configuration allows.

    trainings: what is trained.
    plan: of this run of the workflow.
    """
    times, entries = read_step_times(), with_candidates(plan.entries)
    totals = {kind: training_hours(trainings, entries, times, GENES, kind == "GPU") for kind in _kinds(plan)}
    return [told(total, kind) for kind, total in totals.items() if total.runs]


def limit_lines(jobs: list, plan: Plan) -> list[str]:
    """A line for each entry whose training takes longer than all attempts of its job may take.

    jobs: Snakemake's, of trainings.
    plan: of this run of the workflow.
    """
    allowed = {_trained_by(job, plan): (job.resources.get("runtime"), job.restart_times + 1) for job in jobs}
    times, entries = read_step_times(), with_candidates(plan.entries)
    return [line for kind in _kinds(plan) for line in beyond_limit(allowed, entries, times, GENES, kind)]


def _trained_by(job, plan: Plan) -> Trained:
    place, model = getattr(job.wildcards, "candidate", None), job.wildcards.model
    name = candidate_name(model, place) if place else model
    return Trained(name, len(plan.members(job.wildcards.cell_type)))


def tuning_lines(jobs: list) -> list[str]:
    """A line that says how many of the trainings are candidates of tuning, if any are.

    jobs: Snakemake's, of trainings.
    """
    tuned = Counter(job.wildcards.model for job in jobs if getattr(job.wildcards, "candidate", None))
    told = ", ".join(f"{count} of {model}" for model, count in sorted(tuned.items()))
    return [f"Tuning: {tuned.total()} candidates to train ({told}), judged on validation"] if tuned else []


def label_lines(plan: Plan) -> list[str]:
    """A line where none of the chosen cell types has a label, so that nothing is trained or compared.

    plan: of this run of the workflow.
    """
    if plan.trained:
        return []
    names = ", ".join(plan.chosen["cell_types"])
    return [
        f"No training, no comparison: no label in the row of {names} (label, label_kind); data and predictions only"
    ]


def activity_lines(plan: Plan) -> list[str]:
    """A line for each chosen cell type whose row lacks a signal of the promoter activity, a feature of the genes.

    plan: of this run of the workflow.
    """
    wanted, lines = plan.config.get("promoter_activity", []), []
    for name in plan.described_cell_types:
        missing = [signal for signal in wanted if signal not in plan.cell_types[name].signals]
        if missing:
            lines.append(
                f"No promoter activity for {name}: its row has no {', '.join(missing)} (promoter_activity)"
            )
    return lines


def joint_lines(plan: Plan) -> list[str]:
    """A line for each group of cell types that models are trained on together, and for what its members measure by.

    plan: of this run of the workflow.
    """
    lines = []
    for group, members in plan.joint.items():
        lines.append(
            f"Joint {group}: one model of {', '.join(members)}; each signal keeps its cell type's own scale"
        )
        for name in plan.signal_names(members[0]):
            tracks = {each: plan.cell_types[each].signals.get(name) for each in members}
            said = {each: track.output_type or "not given" for each, track in tracks.items() if track}
            if len(set(said.values())) > 1:
                told = ", ".join(f"{kind} in {each}" for each, kind in said.items())
                lines.append(f"Joint {group}: output types of {name} differ: {told}")
    return lines


def leak_lines(plan: Plan) -> list[str]:
    """A line for each model to train that does without a signal, but gets it in the promoter activity.

    There is none for a method that is published without signals but with promoter activity, where its entry says so.

    plan: what the configuration asks for.
    """
    made_of, lines = plan.config.get("promoter_activity") or [], []
    trained = dict.fromkeys(each for name in plan.trained for each in plan.members(name))
    cell_types = [name for name in trained if plan.has_activity(name)]
    for entry in (plan.entries[name] for name in plan.chosen["models"]):
        if ACTIVITY not in entry.gene_features or entry.features_as_published:
            continue
        read = [set(_signals_read(plan, name, entry)) for name in cell_types]
        if missing := [signal for signal in made_of if any(signal not in names for names in read)]:
            rest = [group for group in entry.gene_features if group != ACTIVITY]
            lines.append(
                f"Model {entry.name}: does not read {', '.join(missing)}, but gets {ACTIVITY}, which is made of "
                f"{', '.join(made_of)}; where it shall do without, set its gene_features: [{', '.join(rest)}]"
            )
    return lines


def _signals_read(plan: Plan, cell_type: str, entry: Entry) -> Sequence[str]:
    if not entry.traits.reads_signals:
        return ()
    return plan.signal_names(cell_type) if entry.signals is None else entry.signals


def other_genome_lines(plan: Plan) -> list[str]:
    """A line for each cell type that is predicted with models trained on another genome.

    plan: of this run of the workflow.
    """
    lines: dict[str, None] = {}
    for name, run in requests.predictions(plan.config):
        training = None if run in plan.released else requests.Training.named(run)
        own, there = plan.cell_types[name].assembly, training and plan.cell_types[training.cell_type].assembly
        if training and own != there:
            lines[
                f"Predictions of {name} ({own}) with models of {training.cell_type} ({there}): which of its genes have "
                "relatives among those of the training is not known, so that there is no split and no score"
            ] = None
    return list(lines)


def signal_lines(plan: Plan) -> list[str]:
    """A line for each chosen cell type whose row lacks a signal of windows.signals, or names one file twice.

    plan: of this run of the workflow.
    """
    named, lines = plan.config["windows"].get("signals") or [], []
    for name in plan.described_cell_types:
        row = plan.cell_types[name]
        if missing := [signal for signal in named if signal not in row.signals]:
            lines.append(
                f"Windows of {name} are without {', '.join(missing)}: its row has none (windows.signals)"
            )
        columns: dict[str, list[str]] = {}
        for column, addresses in row.addresses():
            for address in addresses:
                columns.setdefault(same_file(address), []).append(column)
        for file, found in columns.items():
            if len(found) > 1:
                lines.append(f"One file in the columns {', '.join(found)} of {name}: {public(file)}")
    return lines


def warm_up_lines(plan: Plan) -> list[str]:
    """A line for each model to train whose steps end before its warm-up; `epochs` are not known in steps yet.

    plan: of this run of the workflow.
    """
    trained = [plan.entries[name] for name in plan.chosen["models"]]
    found = {each.name: _warm_up_line(each) for each in trained if not each.traits.closed_form}
    return [f"Model {name}: {line}" for name, line in found.items() if line]


def _warm_up_line(entry: Entry) -> str | None:
    for each in entry.as_trained:
        settings = TrainingSettings.from_entry(each.training)
        if settings.steps and (warning := warm_up_warning(settings.steps, settings)):
            return warning
    return None


def size_lines(jobs: list, plan: Plan) -> list[str]:
    """What is fetched and what is written.

    jobs: Snakemake's, all of them.
    plan: of this run of the workflow.
    """
    fetched = [plan.downloads[str(job.output[0])] for job in jobs if job.rule.name == "download"]
    remote = [each for each in fetched if not each.local]
    with ThreadPoolExecutor(8) as pool:
        sizes = list(pool.map(size_of, fetched))
    known = sum(size for size in sizes if size)
    unknown = sum(size is None for size in sizes)
    silent = f" and {unknown} whose size the server does not tell" if unknown else ""
    cut = [job.wildcards for job in jobs if job.rule.name == "cut_windows"]
    written = sum(dataset_bytes(plan, each.cell_type, int(each.length)) for each in cut)
    return [
        f"Download: {len(fetched)} files, {len(remote)} of them from the network, {known / GB:.2f} GB{silent}",
        f"Disk: at most {(known + written) / GB:.2f} GB more "
        f"({written / GB:.2f} GB of windows before compression)",
    ]


def announce(jobs: Iterable, plan: Plan) -> str:
    """A few lines: jobs by rule, GB to fetch and to write, hours of training.

    jobs: Snakemake's, those about to run.
    plan: of this run of the workflow.
    """
    jobs = list(jobs)
    by_rule = sorted(Counter(job.rule.name for job in jobs).items(), key=lambda item: (-item[1], item[0]))
    trainings = [job for job in jobs if job.rule.name.startswith(("train_", "tune_"))]
    return "\n".join(
        [
            f"Jobs: {len(jobs)} ({', '.join(f'{count} {rule}' for rule, count in by_rule)})",
            *size_lines(jobs, plan),
            f"Device: {plan.config['device']}",
            *label_lines(plan),
            *activity_lines(plan),
            *joint_lines(plan),
            *leak_lines(plan),
            *signal_lines(plan),
            *other_genome_lines(plan),
            *warm_up_lines(plan),
            *token_lines(jobs, plan),
            *tuning_lines(trainings),
            *training_lines([_trained_by(job, plan) for job in trainings], plan),
            *limit_lines(trainings, plan),
        ]
    )
