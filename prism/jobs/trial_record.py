"""What the record of a trial (`prism.training.trial.try_out`) says of the training.

Nothing heavy is imported: the workflow reads it too.
"""

from __future__ import annotations

from typing import Any


def cuts(record: dict[str, Any]) -> str:
    """What of a training did not fit in its trial, and why, in words; '' if nothing was cut.

    record: the trial's record.
    """
    if not record["reduced"]:
        return ""
    cut = []
    if record["genes_at_once"] != record["genes_at_once_wanted"]:
        cut.append(f"{record['genes_at_once_wanted']} genes at once to {record['genes_at_once']}")
    if record["window"] != record["window_wanted"]:
        cut.append(f"a window of {record['window_wanted']:,} bp to {record['window']:,} bp")
    reason = record["reduced"][0].partition(": ")[2]
    return f"cut from {' and from '.join(cut)} ({reason})"


def refuse_cut(record: dict[str, Any], path: str) -> None:
    """Refuse a training whose trial had to be cut, because it would start at the size that did not fit.

    record: the trial's record.
    path: its file, for the message.
    Raises ValueError with the cut and what to change.
    """
    if not (cut := cuts(record)):
        return
    fix = "settings.checkpoint_layers: true (where the model has it)"
    if record["genes_at_once"] != record["genes_at_once_wanted"]:
        fix = f"training.micro_batch: {record['genes_at_once']} (a model with BatchNorm refuses it), {fix}"
    raise ValueError(
        f"{record['model']} on {record['cell_type']}: its trial did not fit and was {cut}; the training would not fit "
        f"either. In its entry set {fix}, or a smaller training.batch_size or length; or take another device and "
        f"delete {path}; or train it all the same with smoke_first: false"
    )
