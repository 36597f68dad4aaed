"""Burst detection on labelled series: windows hit against false alarms, ours beside two plain detectors.

What belongs here: the protocol, the peers, reading of series and windows in the forms people have them. What doesn't: our detector
(``lib/trends/series``), the command (``commands/evaluate.py``).

Protocol. A window is hit when an alarm lies in it. Alarms outside all windows are false; after one is counted the next six hours
are silent (one event, one alarm), so a detector that never stops raises four a day. Every detector sees only the past.
Ours raises at the number of alarms a day that its own calibration promises, peers at z >= 4, their usual threshold; neither knows the
labels. For a fair comparison each is also shown with its threshold moved until it raises a given number of false alarms.
Labelled windows in the style of the Numenta Anomaly Benchmark (Lavin & Ahmad, ICMLA 2015).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.trends.bursts import deviance_residual
from trend_assets.lib.trends.history import Floats
from trend_assets.lib.trends.series import DEFAULT_ALARMS_PER_DAY, burst_scores

SILENCE_SECONDS = 6 * 3600
BUDGETS = (0.05, 0.1, 0.2, 0.5, 1.0)
"""False alarms per series-day at which detectors are compared."""
USUAL_Z = 4.0
PEER_DAY = 288
"""Observations of the peers' trailing window: a day of five-minute counts."""
_ROWS_AT_ONCE = 4096

Detector = Callable[[Floats, np.ndarray], Floats]
"""Counts (n,) and times (n,) to a strength (n,), the higher the more of a burst, each from what is before it."""

_SERIES_NAMES = ("series", "name", "ticker", "id")
_TIME_NAMES = ("at", "timestamp", "time", "created_at", "hour")
_VALUE_NAMES = ("value", "count", "posts")
_START_NAMES, _END_NAMES = ("start", "window_start"), ("end", "window_end")


@dataclass(frozen=True)
class LabelledSeries:
    """One series in time order: times (n,) datetime64[s], counts (n,), labelled windows (start, end)."""

    name: str
    times: np.ndarray
    counts: Floats
    windows: list[tuple[np.datetime64, np.datetime64]]

    @property
    def days(self) -> float:
        """From the first to the last observation."""
        return float((self.times[-1] - self.times[0]) / np.timedelta64(1, "D"))


def robust_z(counts: Floats, times: np.ndarray) -> Floats:
    """(count - median) / (1.4826 MAD, at least 1) over the trailing day, the usual first thing to try."""
    del times
    result = np.zeros(counts.size)
    for now in range(1, min(PEER_DAY, counts.size)):
        result[now] = _robust(counts[None, :now], counts[now : now + 1])[0]
    if counts.size > PEER_DAY:
        days = np.lib.stride_tricks.sliding_window_view(counts, PEER_DAY)[:-1]
        for start in range(0, len(days), _ROWS_AT_ONCE):
            part = days[start : start + _ROWS_AT_ONCE]
            result[PEER_DAY + start : PEER_DAY + start + len(part)] = _robust(part, counts[PEER_DAY + start :][: len(part)])
    return result


def _robust(past: Floats, now: Floats) -> Floats:
    """Robust z of each of ``now`` (n,) against its row of ``past`` (n, m)."""
    middle = np.median(past, axis=1)
    spread = 1.4826 * np.median(np.abs(past - middle[:, None]), axis=1)
    return np.asarray((now - middle) / np.maximum(spread, 1.0))


def poisson(counts: Floats, times: np.ndarray) -> Floats:
    """Signed root of the Poisson deviance against the mean of the trailing day."""
    del times
    before = np.concatenate([[0.0], np.cumsum(counts)])
    now = np.arange(counts.size)
    start = np.maximum(now - PEER_DAY, 0)
    mean = (before[now] - before[start] + 0.5) / np.maximum(now - start, 1)
    return deviance_residual(counts, mean, np.full(counts.size, 1e9))


def ours(counts: Floats, times: np.ndarray) -> Floats:
    """Minus the logarithm of the alarms a day that the series' past gives at this strength."""
    return np.asarray(-np.log(burst_scores(counts, times).alarms_per_day))


PEERS: dict[str, Detector] = {"trailing robust z-score": robust_z, "Poisson, trailing day": poisson}


def evaluate_bursts(series: pa.Table, windows: pa.Table, *, peers: bool) -> dict[str, Any]:
    """Windows hit and false alarms per series-day over all series, at the threshold chosen beforehand.

    ``series``: a row for each observation, columns series (or name, ticker), at (or timestamp) and value (or count, posts), counted
    regularly. ``windows``: columns series, start, end, both ends included. Returns ``{"windows", "hit", "false_alarms_per_series_day"}``
    and ``at_budget``: ``{false alarms per series-day: windows hit}`` with the threshold moved; with ``peers`` the same for
    each of them under ``peers``. Raises ``ValueError`` for missing columns, no rows, negative counts, windows of unknown series.
    Complexity: linear in observations, but for the robust z-score (times the window) and sorting.
    """
    labelled = read_series(series, windows)
    result = _judged(labelled, ours, -float(np.log(DEFAULT_ALARMS_PER_DAY)))
    if peers:
        result["peers"] = {name: _judged(labelled, peer, USUAL_Z) for name, peer in PEERS.items()}
    return result


def _judged(labelled: list[LabelledSeries], detector: Detector, threshold: float) -> dict[str, Any]:
    strength = [detector(one.counts, one.times) for one in labelled]
    hit, false = hits(labelled, strength, threshold)
    return {
        "windows": sum(len(one.windows) for one in labelled),
        "hit": hit,
        "false_alarms_per_series_day": round(false, 4),
        "at_budget": {str(budget): at_budget(labelled, strength, budget)[0] for budget in BUDGETS},
    }


def hits(labelled: list[LabelledSeries], strength: list[Floats], threshold: float) -> tuple[int, float]:
    """Windows hit, and false alarms per series-day, over all series at one threshold."""
    hit, false = 0, 0
    for one, values in zip(labelled, strength, strict=True):
        over = one.times[values >= threshold]
        inside = np.zeros(over.size, dtype=bool)
        for start, stop in one.windows:
            within = (over >= start) & (over <= stop)
            hit += bool(within.any())
            inside |= within
        silent_until = None
        for moment in over[~inside]:
            if silent_until is None or moment >= silent_until:
                false += 1
                silent_until = moment + np.timedelta64(SILENCE_SECONDS, "s")
    return hit, false / max(sum(one.days for one in labelled), 1e-9)


def at_budget(labelled: list[LabelledSeries], strength: list[Floats], budget: float) -> tuple[int, float]:
    """Windows hit at the lowest threshold with at most ``budget`` false alarms per series-day, and that threshold.

    Only a day's strongest moments can decide, so candidates are the hundred strongest of each series-day.
    """
    days = sum(one.days for one in labelled)
    everything = np.sort(np.concatenate(strength))[::-1]
    candidates = np.unique(everything[: max(int(100 * max(days, 1.0)), 1)])
    low, high = 0, candidates.size - 1
    if hits(labelled, strength, float(candidates[high]))[1] > budget:
        return 0, float("inf")
    while low < high:  # false alarms fall as the threshold rises, but for the silence after one
        middle = (low + high) // 2
        if hits(labelled, strength, float(candidates[middle]))[1] <= budget:
            high = middle
        else:
            low = middle + 1
    return hits(labelled, strength, float(candidates[low]))[0], float(candidates[low])


def read_series(series: pa.Table, windows: pa.Table) -> list[LabelledSeries]:
    """Series by name with their windows. Raises ``ValueError`` as :func:`evaluate_bursts`."""
    names = pc.cast(series[_column(series, "series", _SERIES_NAMES)], pa.string())
    times = _times(series, _TIME_NAMES, "series")
    counts = _counts(series)
    if not len(names):
        raise ValueError("series: the table has no rows")
    if names.null_count:
        raise ValueError("series: a row has no name")
    window_names = pc.cast(windows[_column(windows, "windows", _SERIES_NAMES)], pa.string()).to_pylist()
    starts, ends = _times(windows, _START_NAMES, "windows"), _times(windows, _END_NAMES, "windows")
    if np.any(ends < starts):
        raise ValueError("windows: one ends before it starts")
    known = np.array(names.to_pylist(), dtype=object)
    unknown = sorted(set(window_names) - set(known.tolist()))
    if unknown:
        raise ValueError(f"windows: no such series: {', '.join(map(str, unknown[:5]))}")
    result = []
    for name in sorted(set(known.tolist())):
        mine = np.flatnonzero(known == name)
        mine = mine[np.argsort(times[mine], kind="stable")]
        ours_ = [number for number, of in enumerate(window_names) if of == name]
        labelled = sorted((starts[number], ends[number]) for number in ours_)
        result.append(LabelledSeries(name, times[mine], counts[mine], labelled))
    return result


def _column(table: pa.Table, what: str, names: tuple[str, ...]) -> str:
    for name in names:
        if name in table.column_names:
            return name
    raise ValueError(f"{what}: a column named {' or '.join(names)} is needed; there are {', '.join(table.column_names) or 'none'}")


def _times(table: pa.Table, names: tuple[str, ...], what: str) -> np.ndarray:
    name = _column(table, what, names)
    times = _moments(table[name])
    if times is None:
        raise ValueError(f"{what}: {name} is not a time: expected timestamps or text in ISO 8601")
    if times.null_count:
        raise ValueError(f"{what}: {name} is empty in {times.null_count} rows")
    return np.asarray(times.to_numpy()).astype("datetime64[s]")


def _moments(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Timestamps, or text with or without a zone, as moments in UTC."""
    if not (pa.types.is_timestamp(column.type) or pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return None
    for form in (pa.timestamp("us", tz="UTC"), pa.timestamp("us")):
        try:
            return pc.cast(pc.cast(column, form, safe=False), pa.timestamp("us"))
        except pa.ArrowInvalid:
            continue
    return None


def _counts(table: pa.Table) -> Floats:
    name = _column(table, "series", _VALUE_NAMES)
    try:
        counts = pc.cast(table[name], pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ValueError(f"series: {name} is not a number: {error}") from error
    values = np.asarray(counts.to_numpy(), dtype=np.float64)
    if not np.all(np.isfinite(values)) or (values.size and values.min() < 0):
        raise ValueError(f"series: {name} must be a count, zero or more, in every row")
    return values
