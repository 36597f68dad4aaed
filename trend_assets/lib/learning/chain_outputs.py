"""What a stage of the chain says by day, and whether another version says something else than the accepted one.

What belongs here: the form of daily summaries and their comparison. What doesn't: making them from tables and keeping them
(``trend_assets/models/chain_stages.py``), labelled examples (``chain.py``).

Days that both versions made are compared with each other. Days that only the new one made are compared with the days before, by the
t-interval of a prediction (Hahn and Meeker, *Statistical Intervals*, 1991): what differs from day to day anyway is no shift. One alarm
level for all slices of a stage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

Slices = Mapping[str, tuple[float, float]]
"""By name of a slice, whose first word is its kind: ``share`` (a part and the whole), ``count`` (how many, 0), ``mean`` (sum of values
between 0 and 1, how many)."""
Days = Mapping[str, Slices]
SHARE, COUNT, MEAN = "share", "count", "mean"
ALARM_LEVEL = 0.01
LEAST_DAYS = 5
"""Accepted days from which on it is known what is ordinary."""
ENOUGH_DAYS = 3
"""New days without a shift after which a version is accepted by itself."""
_POINTS, _RATIO = 0.02, 0.1
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Comparison:
    """Sentences on slices that shifted and on those that did not; new days; what could not be told, empty where all could."""

    shifted: tuple[str, ...]
    kept: tuple[str, ...]
    new_days: tuple[str, ...]
    untold: str = ""


def compare_days(accepted: Days, present: Days) -> Comparison:
    """Days of the accepted version against days as they are now; days that say the same are the accepted version's still."""
    new = sorted(set(present) - set(accepted))
    remade = [day for day in sorted(set(present) & set(accepted)) if dict(present[day]) != dict(accepted[day])]
    past = sorted(accepted)
    names = sorted({name for days in (accepted, present) for slices in days.values() for name in slices})
    shifted, kept = list[str](), list[str]()
    tests = len(names) * (bool(remade) + (bool(new) and len(past) >= LEAST_DAYS))
    for name in names:
        told = [_of_same_days(name, accepted, present, remade, ALARM_LEVEL / tests)] if remade else []
        told += [_of_new_days(name, accepted, past, present, new, ALARM_LEVEL / tests)] if new and len(past) >= LEAST_DAYS else []
        for one in told:
            if one is not None:
                (shifted if one[0] else kept).append(one[1])
    few = f"{len(past)} accepted days, {LEAST_DAYS} are needed to know what is ordinary" if new and len(past) < LEAST_DAYS else ""
    return Comparison(tuple(shifted), tuple(kept), tuple(new), few)


def _of_same_days(name: str, accepted: Days, present: Days, days: list[str], level: float) -> tuple[bool, str] | None:
    """The same days as both versions made them: chance is that of counts, for what happened is the same."""
    from scipy.stats import norm

    kind = name.split()[0]
    before, after = (np.array([_cell(name, side[day]) for day in days]).sum(axis=0) for side in (accepted, present))
    if kind in (MEAN, SHARE):
        if not before[1] or not after[1]:
            return None
        old, new = before[0] / before[1], after[0] / after[1]
        pooled = (before[0] + after[0]) / (before[1] + after[1])
        # The variance of a share; that of a mean of values between 0 and 1 is no larger (Bhatia and Davis 2000).
        error = np.sqrt(max(pooled * (1 - pooled), _ROUNDING) * (1 / before[1] + 1 / after[1]))
        least = _POINTS if kind == SHARE else _RATIO * max(abs(old), _ROUNDING)
        changed = abs(new - old) > least and 2 * norm.sf(abs(new - old) / error) < level
    else:
        old, new = float(before[0]), float(after[0])
        # Square roots of counts have a variance of a quarter, whatever they count (Anscombe 1948).
        changed = abs(new - old) > _RATIO * max(old, 1.0) and 2 * norm.sf(abs(np.sqrt(new) - np.sqrt(old)) * np.sqrt(2)) < level
    return bool(changed), f"{_words(name)}: {_figure(kind, old)} before and {_figure(kind, new)} now on the same {len(days)} days"


def _of_new_days(name: str, accepted: Days, past: list[str], present: Days, new: list[str], level: float) -> tuple[bool, str] | None:
    """New days against accepted ones: the mean of the new is outside of what that many days would show."""
    from scipy.stats import t

    kind = name.split()[0]
    values = [[_value(kind, _cell(name, side[day])) for day in days] for side, days in ((accepted, past), (present, new))]
    old, now = (np.array([one for one in side if one is not None]) for side in values)
    if len(old) < LEAST_DAYS or not len(now):
        return None
    mean, later = float(old.mean()), float(now.mean())
    whole = float(np.mean([_cell(name, accepted[day])[1] for day in past]))
    floor = {SHARE: mean * (1 - mean) / max(whole, 1.0), COUNT: mean}.get(kind, 0.0)
    spread = float(np.sqrt(max(old.var(ddof=1), floor, _ROUNDING)))
    reach = spread * np.sqrt(1 / len(now) + 1 / len(old)) * t.isf(level / 2, len(old) - 1)
    least = _POINTS if kind == SHARE else _RATIO * max(abs(mean), _ROUNDING)
    told = (
        f"{_words(name)}: {_figure(kind, mean)} on {len(old)} accepted days, {_figure(kind, later)} on {len(now)} new; "
        f"{_figure(kind, mean - reach)} to {_figure(kind, mean + reach)} is ordinary"
    )
    return bool(abs(later - mean) > max(reach, least)), told


def _cell(name: str, slices: Slices) -> tuple[float, float]:
    """A slice of a day; one that a day does not have is nothing of the whole that the day's others have."""
    if name in slices:
        value, whole = slices[name]
        return float(value), float(whole)
    kind, what = name.split()[:2]
    same = [whole for other, (_, whole) in slices.items() if other.split()[:2] == [kind, what]]
    return 0.0, float(same[0]) if kind == SHARE and same else 0.0


def _value(kind: str, cell: tuple[float, float]) -> float | None:
    if kind == COUNT:
        return cell[0]
    return cell[0] / cell[1] if cell[1] else None


def _words(name: str) -> str:
    return name.split(maxsplit=1)[1]


def _figure(kind: str, value: float) -> str:
    return f"{max(value, 0.0):.1%}" if kind == SHARE else f"{max(value, 0.0):,.3g}" if kind == MEAN else f"{max(value, 0.0):,.0f}"
