"""What a trained or released model needs of the data that it predicts from."""

from __future__ import annotations

from dataclasses import dataclass

from prism.genome.reading import PLUS
from prism.protocol.seeds import check_seed
from workflow_scripts.planning import requests
from workflow_scripts.planning.plan import Plan
from workflow_scripts.planning.requests import Training
from workflow_scripts.planning.tables.names import among


@dataclass(frozen=True)
class Needs:
    """What a model reads.

    run: its name, of a training or of a released checkpoint. length: of its window, bp. rna_features: those that it
    surely reads. contacts: of its elements.
    """

    run: str
    architecture: str
    length: int
    signals: tuple[str, ...]
    rna_features: tuple[str, ...]
    peaks: bool
    elements: bool
    contacts: bool
    orientation: str = PLUS


def needs_of(plan: Plan, run: str) -> Needs:
    """What the model of a run reads.

    plan: of this run of the workflow.
    run: the name of a training (K562.prism_2k.fold11.seed2) or of a released checkpoint.
    Raises ValueError where there is no such run, or can be none of its seed.
    """
    if run in plan.released:
        entry = plan.released[run]
        return Needs(
            run=run,
            architecture=entry.architecture,
            length=entry.length,
            signals=entry.signals,
            rna_features=entry.rna_features,
            peaks=entry.settings.get("input_mask") == "peaks",
            elements=entry.traits.reads_elements,
            contacts=entry.traits.reads_elements,
        )
    training = Training.named(run)
    if training is None:
        raise ValueError(
            f"predictions: {run!r} is neither a released checkpoint ({among(run, plan.released)}) nor a run such as "
            "K562.prism_2k.fold11.seed2; correct it"
        )
    _check_known(plan, training, run)
    try:
        check_seed(training.seed)
    except ValueError as error:
        raise ValueError(f"predictions: {run}: {error}") from None
    entry = plan.entries[training.model]
    trained_on = plan.members(training.cell_type)[0]  # in a group, all have what the model reads
    signals = entry.signals if entry.signals is not None else plan.signal_names(trained_on)
    return Needs(
        run=run,
        architecture=entry.architecture,
        length=entry.length,
        signals=tuple(signals),
        rna_features=tuple(entry.of_its_features(plan.features_surely_there(trained_on))),
        peaks=entry.masks_by_peaks,
        elements=entry.traits.reads_elements,
        contacts=entry.traits.reads_elements and bool(plan.contact_maps(trained_on)),
        orientation=entry.orientation,
    )


def _check_known(plan: Plan, training: Training, run: str) -> None:
    for value, there, what in (
        (training.cell_type, [*plan.cell_types, *plan.joint], "cell type"),
        (training.model, plan.entries, "model"),
    ):
        if value not in there:
            raise ValueError(f"predictions: {run}: {what} {value!r} is in no table; {among(value, there)}")
    if not plan.trains(training.cell_type):
        raise ValueError(
            f"predictions: {run}: {training.cell_type} has no label, so that nothing was trained on it; name a run of "
            "a cell type with one"
        )


def masks_by_peaks(plan: Plan, cell_type: str) -> bool:
    """Whether a cell type's windows hold peaks for a model, to train or to predict with, that masks by them.

    plan: of this run of the workflow.
    cell_type: the name of a row. One that is not trained on may have no peaks; its windows are then without.
    """
    names = [
        *plan.chosen["models"],
        *(model for name, model in plan.starts if cell_type in plan.members(name)),
    ]
    to_train = any(plan.entries[name].masks_by_peaks for name in names)
    predicted = [run for name, run in requests.predictions(plan.config) if name == cell_type]
    return (to_train and plan.has_peaks(cell_type)) or any(needs_of(plan, run).peaks for run in predicted)
