"""One thing about a dataset that its user should look at, in words."""

from __future__ import annotations

from dataclasses import dataclass

WARNING, NOTE = "warning", "note"  # looks wrong; worth knowing


@dataclass(frozen=True)
class Finding:
    """What was seen, with the value, its likely cause and what to do.

    key: of the rule.
    level: WARNING or NOTE.
    subject: signal, chromosome, `label` or `genes`.
    value: the number that the rule compared, in the unit that `seen` names.
    seen: what is there, in words.
    cause: what it most likely comes from.
    fix: what to do.
    """

    key: str
    level: str
    subject: str
    value: float
    seen: str
    cause: str
    fix: str


def percent(share: float) -> str:
    """`12 %`; with one more digit below 10 %.

    share: from 0 to 1.
    """
    return f"{100 * share:.0f} %" if share >= 0.1 or share == 0 else f"{100 * share:.1f} %"
