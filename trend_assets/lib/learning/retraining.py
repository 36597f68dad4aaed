"""When a model should be trained again, and when not yet.

What belongs here: the rule, as a function of facts. What doesn't: where the facts come from (``trend_assets/monitoring/retraining.py``),
the runs (``defs/monitoring/retraining.py``). A new candidate still has to pass the gate: training again promotes nothing by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Rules:
    """age: a champion older than this is trained again. new_labels: so are models with so many labels since their training.
    cool_down: after a training, whatever came of it, the next one waits so long: what makes one due is mostly still there after it."""

    age: timedelta = timedelta(days=30)
    new_labels: int = 200
    cool_down: timedelta = timedelta(days=3)


@dataclass(frozen=True)
class Facts:
    """What is known of a task's champion.

    trained_at: when it was trained, ``None`` where there is none. last_training: when a training was last begun, if ever. labels: given
    since it was trained. drifted: checks of drift that fail and began to after it was trained. decayed: what says that it is worse than
    it was, empty where nothing does. grows: whether new posts come; a model of a lake of the past does not age.
    """

    trained_at: datetime | None
    last_training: datetime | None
    labels: int
    drifted: Sequence[str]
    decayed: str
    grows: bool


def due(facts: Facts, now: datetime, rules: Rules | None = None) -> tuple[str, str]:
    """The reason for which to train now (drift, decay, new_labels or age; empty: do not), and a sentence that says why or why not."""
    rules = rules or Rules()
    if facts.trained_at is None:
        return "", "there is no champion: the first training is a person's decision"
    found: list[tuple[str, str]] = []
    if facts.decayed:
        found.append(("decay", facts.decayed))
    if facts.drifted:
        found.append(("drift", f"drift since it was trained: {', '.join(facts.drifted)}"))
    if facts.labels >= rules.new_labels:
        found.append(("new_labels", f"{facts.labels} labels since it was trained, {rules.new_labels} wanted"))
    age = now - facts.trained_at
    if facts.grows and age >= rules.age:
        found.append(("age", f"trained {age.days} days ago, at most {rules.age.days} wanted"))
    if not found:
        return "", "nothing makes a training due"
    told = "; ".join(sentence for _, sentence in found)
    if facts.last_training is not None and now - facts.last_training < rules.cool_down:
        return "", f"due ({told}), but the last training was begun at {facts.last_training:%Y-%m-%d %H:%M}: cooling down"
    return found[0][0], told
