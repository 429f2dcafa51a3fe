"""Where an axis of scores begins and ends, so that one diverged model does not squash all others."""

from __future__ import annotations

import numpy as np

MARGIN = 0.06  # of the span, on both sides
REACH = 0.6  # of the span
SHORTEST = 0.05  # of the values: no axis is shorter
SQUASHED = 8.0  # an outlier is left off when the axis would be this many times longer with it


def axis_limits(values: list[list[float]], higher_is_better: bool) -> tuple[float, float]:
    """Limits that hold all values, or all but the outliers at the worse end.

    values: for each model its seeds, mean and published number; nan is ignored.
    higher_is_better: whether the worse end is the low one.

    The better three quarters of the models set the limits; the caller marks models outside them at the edge.
    """
    sign = -1.0 if higher_is_better else 1.0
    finite = [sign * np.asarray(group, float) for group in values]
    finite = [group[np.isfinite(group)] for group in finite]
    finite = [group for group in finite if group.size]
    if not finite:
        return 0.0, 1.0
    low = min(group.min() for group in finite)
    worst = np.array([group.max() for group in finite])
    high, typical = worst.max(), np.quantile(worst, 0.75)
    if len(finite) > 3 and high - low > SQUASHED * (typical - low) and typical > low:
        high = max(worst[worst <= low + 3 * (typical - low)])
    # a lone value, or values that hardly differ, must not be blown up to the whole axis
    short = max(0.0, SHORTEST * max(abs(low), abs(high), 1e-3) - (high - low))
    low, high = low - short / 2, high + short / 2
    span = high - low
    low, high = low - MARGIN * span, high + MARGIN * span
    return (-high, -low) if higher_is_better else (low, high)


def with_intervals(low: float, high: float, ends: list[float]) -> tuple[float, float]:
    """Stretch the limits to the ends of the intervals, on each side by at most REACH of the span.

    low: lower limit of the axis so far.
    high: upper limit of the axis so far.
    ends: of the intervals; nan is ignored.

    With two seeds an interval is 13 standard errors long on either side. It may leave the axis, so that the
    models need not shrink to a clump.
    """
    finite, reach = [end for end in ends if np.isfinite(end)], REACH * (high - low)
    wanted = min([low, *finite]), max([high, *finite])
    return max(wanted[0], low - reach), min(wanted[1], high + reach)


def with_floor(low: float, high: float, floors: list[float]) -> tuple[float, float, list[float], list[float]]:
    """Stretch the limits to near floors; return the limits, the floors to draw and those too far away.

    low: lower limit of the axis so far.
    high: upper limit of the axis so far.
    floors: scores of the floor.

    Too far means that the axis would be more than 2.2 times as long, and the models a clump at one end.
    """
    near, far = [], []
    for floor in floors:
        new_low, new_high = min(low, floor), max(high, floor)
        (near if new_high - new_low <= 2.2 * (high - low) else far).append(floor)
    if near:
        span = high - low
        low, high = min(low, min(near) - 0.03 * span), max(high, max(near) + 0.03 * span)
    return low, high, near, far
