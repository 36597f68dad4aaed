"""The verdict on the newest of a list of summaries: whether it changed, what, and whether the world did or the way it is measured.

What belongs here: which windows are compared, the one alarm level, what explains an alarm. What doesn't: statistics (``drift.py``,
``drift_sequential.py``), what is compared (``drift_columns.py``), where summaries are kept (``operations/daily_summaries.py``).

Four things look like drift and are none: hours that nobody collected, another declaration of the table, other collection rules,
another version of the model whose output it is. Each is a fact in the summary. Past windows of another declaration, model or rules
are not compared with as soon as there are enough windows of the newest's; windows with a gap never are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from trend_assets.lib.quality import drift
from trend_assets.lib.quality.drift_columns import columns_of
from trend_assets.lib.quality.drift_sequential import slow_tests
from trend_assets.lib.quality.drift_summaries import Summary
from trend_assets.lib.quality.signals import Signal

REFERENCE = 56
"""Past windows at most: the newest four weeks of them are the reference of a day, those before of slow change."""
DAY_REFERENCE = 28
RULE_SHARE = 0.01
"""Share of a window's rows from which on a collection rule counts as one of its rules."""
NOTHING, DRIFT, GAP, SCHEMA, RULES, MODEL = "nothing", "drift", "collection gap", "schema change", "rule change", "model change"
_CHANGES = ((SCHEMA, "schema"), (RULES, "rules"), (MODEL, "model"))


@dataclass(frozen=True)
class Judged:
    """The verdict, its cause (one of the names above), and the cells behind it with their days: what pictures are drawn from."""

    signal: Signal
    cause: str
    columns: tuple[drift.Cells, ...] = ()
    days: tuple[date, ...] = ()
    worst: drift.Deviation | None = None


def facts(window: Summary) -> dict[str, frozenset[str]]:
    """What a window was measured with: fingerprints of the table's declaration, collection rules, model versions."""
    rules = {name for name, count in window.of("member", "matching_rules").items() if count >= RULE_SHARE * max(window.rows, 1)}
    return {"schema": frozenset(window.of("schema")), "rules": frozenset(rules), "model": frozenset(window.of("model"))}


def judge_summaries(windows: Sequence[Summary], days: Sequence[date], alarm_level: float = drift.ALARM_LEVEL) -> Judged:
    """The verdict on the last of the windows, oldest first. days: of each window, for weekdays and to say since when.

    Raises ``ValueError`` where there are not as many days as windows.
    """
    if len(windows) != len(days):
        raise ValueError(f"{len(windows)} windows and {len(days)} days")
    if not windows:
        return Judged(Signal(True, "nothing has been summarised yet", {"cause": NOTHING}), NOTHING)
    newest = facts(windows[-1])
    past = [number for number in range(len(windows) - 1) if windows[number].rows and not windows[number].of("gap")]
    past = past[-REFERENCE:]
    changed = {}
    for cause, name in _CHANGES:
        same = [number for number in past if facts(windows[number])[name] == newest[name]]
        if len(same) >= drift.LEAST_WINDOWS:
            past = same
        elif len(same) < len(past):
            changed[cause] = _since(windows, days, name, newest[name])
    chosen = [*past, len(windows) - 1]
    compared, of_days = [windows[number] for number in chosen], [days[number] for number in chosen]
    columns = columns_of(compared[-DAY_REFERENCE - 1 :], of_days[-DAY_REFERENCE - 1 :])
    long = columns_of(compared, of_days, slow=True)
    found = drift.ranked(columns, "days", slow_tests(long))
    signal = found.signal(alarm_level)
    worst = found.deviations[0] if found.deviations else None
    drawn, of_drawn = (long, of_days) if worst and worst.slow else (columns, of_days[-DAY_REFERENCE - 1 :])
    if signal.passed:
        beside = f"; {'; '.join(changed.values())}, and nothing else is different" if changed and worst else ""
        cause, message = NOTHING, signal.message + beside
    else:
        cause, why = _explained(found, changed, windows[-1], alarm_level)
        message = signal.message if cause == DRIFT and not why else f"{cause}{' (' + why + ')' if why else ''}: {signal.message}"
    return Judged(Signal(signal.passed, message, {**signal.figures, "cause": cause}), cause, tuple(drawn), tuple(of_drawn), worst)


def _since(windows: Sequence[Summary], days: Sequence[date], name: str, now: frozenset[str]) -> str:
    """In words, what is different and since when."""
    first = len(windows) - 1
    while first and facts(windows[first - 1])[name] == now:
        first -= 1
    before = facts(windows[first - 1])[name] if first else frozenset[str]()
    said = {"schema": "declaration", "rules": "collection rules", "model": "model version"}[name]
    return f"{said} {_listed(now)} since {days[first]:%Y-%m-%d}, before {_listed(before)}"


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _explained(found: drift.Ranked, changed: dict[str, str], newest: Summary, alarm_level: float) -> tuple[str, str]:
    """The cause of an alarm and in brackets why."""
    if changed:
        cause = next(iter(changed))
        return cause, "; ".join(changed.values())
    gaps = newest.of("gap")
    if not gaps:
        return DRIFT, ""
    told = f"{sum(gaps.values())} minutes not collected: {', '.join(sorted(gaps)[:4])}{' …' if len(gaps) > 4 else ''}"
    beyond = [one for one, chance in zip(found.deviations, found.chances, strict=True) if chance < alarm_level]
    return (GAP, told) if all(_of_gap(one, gaps) for one in beyond) else (DRIFT, f"beside {told}")


def _of_gap(deviation: drift.Deviation, gaps: dict[str, int]) -> bool:
    """Whether a deviation is what missing hours do: less in those hours and in the day, another mix of networks."""
    if deviation.column == "volume by hour":
        return deviation.category in gaps and deviation.t < 0
    return (deviation.column == "volume" and deviation.t < 0) or deviation.column == "network"
