"""What a run will fetch, write and do, said before it starts."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from urllib.error import URLError
from urllib.request import Request, urlopen

from workflow_scripts.planning.downloads import Download
from workflow_scripts.planning.model_settings import warm_up_lines
from workflow_scripts.planning.plan import Plan
from workflow_scripts.planning.training_costs import beyond_limit, read_step_times, told, training_hours

GB = 1e9
# Bytes of one position in a dataset: sequence, blacklist and peaks (1 each), a bigWig signal (4);
# contacts are stored per 5 kb.
BYTES_PER_POSITION, BYTES_PER_SIGNAL = 3, 4
GENES = 20_000  # protein-coding genes of a mammal, an upper estimate where the genes are not yet made


def size_of(download: Download, timeout: float = 5.0) -> int | None:
    """Bytes of a file from outside, as its server states them; None where it does not say within `timeout` seconds."""
    if download.local:
        return os.path.getsize(download.local) if os.path.exists(download.local) else None
    if "://" not in download.address:
        return None
    try:
        with urlopen(Request(download.address, method="HEAD"), timeout=timeout) as answer:
            length = answer.headers.get("Content-Length")
            return int(length) if length else None
    except (URLError, OSError, ValueError):
        return None


def _genes_of(cell_type: str) -> int:
    table = f"results/genes/{cell_type}.tsv"
    if not os.path.exists(table):
        return GENES
    with open(table) as lines:
        return sum(1 for _ in lines) - 1


def dataset_bytes(plan: Plan, cell_type: str, length: int) -> int:
    """Upper estimate of a dataset's size on disk: as held in memory, before compression."""
    row = plan.cell_types[cell_type]
    tracks = sum(row.signals[name].kind == "bigwig" for name in plan.signal_names(cell_type))
    return _genes_of(cell_type) * length * (BYTES_PER_POSITION + tracks * BYTES_PER_SIGNAL)


def _kinds(plan: Plan) -> tuple[str, ...]:
    return {"cpu": ("CPU",), "cuda": ("GPU",), "auto": ("GPU", "CPU")}[plan.config["device"]]


def training_lines(trainings: list[str], plan: Plan) -> list[str]:
    """Hours of trainings (the entry of each) on the devices that the configuration allows."""
    times = read_step_times()
    totals = {
        kind: training_hours(trainings, plan.entries, times, GENES, kind == "GPU") for kind in _kinds(plan)
    }
    return [told(total, kind) for kind, total in totals.items() if total.runs]


def limit_lines(jobs: list, plan: Plan) -> list[str]:
    """A line for each entry whose training takes longer than the attempts of its job (of Snakemake) may together."""
    allowed = {job.wildcards.model: (job.resources.get("runtime"), job.restart_times + 1) for job in jobs}
    times = read_step_times()
    return [line for kind in _kinds(plan) for line in beyond_limit(allowed, plan.entries, times, GENES, kind)]


def activity_lines(plan: Plan) -> list[str]:
    """A line for each cell type whose row lacks a signal of the promoter activity: no model gets that feature there."""
    wanted, lines = plan.config.get("promoter_activity", []), []
    for name in plan.chosen["cell_types"]:
        missing = [signal for signal in wanted if signal not in plan.cell_types[name].signals]
        if missing:
            lines.append(
                f"No promoter activity for {name}: its row has no {', '.join(missing)} (promoter_activity)"
            )
    return lines


def announce(jobs: Iterable, plan: Plan) -> str:
    """A few lines: jobs by rule, GB to fetch and to write, hours of training. `jobs` are those about to run."""
    jobs = list(jobs)
    by_rule = sorted(Counter(job.rule.name for job in jobs).items(), key=lambda item: (-item[1], item[0]))
    fetched = [plan.downloads[str(job.output[0])] for job in jobs if job.rule.name == "download"]
    remote = [each for each in fetched if not each.local]
    with ThreadPoolExecutor(8) as pool:
        sizes = list(pool.map(size_of, fetched))
    known = sum(size for size in sizes if size)
    unknown = sum(size is None for size in sizes)
    cut = [job.wildcards for job in jobs if job.rule.name == "cut_windows"]
    written = sum(dataset_bytes(plan, each.cell_type, int(each.length)) for each in cut)
    trainings = [job for job in jobs if job.rule.name.startswith("train_")]
    silent = f" and {unknown} whose size the server does not tell" if unknown else ""
    return "\n".join(
        [
            f"Jobs: {len(jobs)} ({', '.join(f'{count} {rule}' for rule, count in by_rule)})",
            f"Download: {len(fetched)} files, {len(remote)} of them from the network, {known / GB:.2f} GB{silent}",
            f"Disk: at most {(known + written) / GB:.2f} GB more "
            f"({written / GB:.2f} GB of windows before compression)",
            f"Device: {plan.config['device']}",
            *activity_lines(plan),
            *warm_up_lines(plan),
            *training_lines([job.wildcards.model for job in trainings], plan),
            *limit_lines(trainings, plan),
        ]
    )
