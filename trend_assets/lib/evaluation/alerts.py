"""Alerts on a labelled stream: are they about an event, is every event found, how soon, how often twice?

What belongs here: the protocol and its measures. What doesn't: the detector (``lib/trends/alerts``), making a stream of a data set
(``benchmarks/alerts.py``).

Protocol. Posts come in time order; every ``step`` the detector is asked for new alerts. An alert is about the label that most of its
posts have when it is raised; posts without a label are chatter, and an alert about chatter is false. An event counts once it has
five posts within an hour; it is found by the first alert about it, delay counts from the fifth of those posts (negative where it was
raised sooner). A repeat is an alert about an event that an earlier alert was about.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.evaluation.minutes import judgements, moments
from trend_assets.lib.trends.alerts import AlertRules

LEAST_POSTS = 5
_HOUR = 3_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Raised:
    """An alert as it is judged: moment (microseconds) and label, None for chatter."""

    at: int
    label: str | None


def evaluate_alerts(posts: pa.Table, *, step: timedelta = timedelta(minutes=1), rules: AlertRules | None = None) -> dict[str, Any]:
    """Run the stream and score its alerts; ``posts``: clean posts in time order with column ``truth``, null for chatter.

    Returns the measures of :func:`score`. Raises ``ValueError`` for posts out of time order or a step that isn't positive.
    """
    return score(posts, list(raise_alerts(posts, step=step, rules=rules)))


def raise_alerts(posts: pa.Table, *, step: timedelta = timedelta(minutes=1), rules: AlertRules | None = None) -> list[Raised]:
    """The alerts of a stream of labelled posts, judged as :func:`minutes.judgements` does."""
    keys = pc.binary_join_element_wise(pc.cast(posts["network"], pa.string()), posts["post_id"], ":").to_pylist()
    label_of = dict(zip(keys, posts["truth"].to_pylist(), strict=True))
    return [
        Raised((row["at"] - _EPOCH) // timedelta(microseconds=1), majority([label_of[member] for member in row["members"]]))
        for table in judgements(posts, step=step, rules=rules)
        for row in table.select(["at", "members"]).to_pylist()
    ]


def majority(labels: list[str | None]) -> str | None:
    """The most frequent label, None where no label is as frequent as having none; the first in sorted order of equals."""
    counts: dict[str | None, int] = {}
    for label in labels:
        counts[label] = counts.get(label, 0) + 1
    best = max((count for label, count in counts.items() if label is not None), default=0)
    if best <= counts.get(None, 0):
        return None
    return min(label for label, count in counts.items() if label is not None and count == best)


def score(posts: pa.Table, raised: list[Raised]) -> dict[str, Any]:
    """``alerts``, ``events`` (that count), ``precision``, ``recall``, ``median_delay_minutes``, ``repeat_share``; None where undefined."""
    fifth = fifth_posts(posts)
    first: dict[str, int] = {}
    repeats = 0
    for alert in raised:
        if alert.label is None:
            continue
        repeats += alert.label in first
        first.setdefault(alert.label, alert.at)
    delays = [(first[event] - moment) / 60e6 for event, moment in fifth.items() if event in first]
    return {
        "alerts": len(raised),
        "events": len(fifth),
        "precision": sum(alert.label is not None for alert in raised) / len(raised) if raised else None,
        "recall": len(delays) / len(fifth) if fifth else None,
        "median_delay_minutes": float(np.median(delays)) if delays else None,
        "repeat_share": repeats / len(raised) if raised else None,
    }


def fifth_posts(posts: pa.Table) -> dict[str, int]:
    """Moment (microseconds) of the post that is the fifth of its event within an hour, for events that have one."""
    times = moments(posts)
    encoded = posts["truth"].combine_chunks().dictionary_encode()
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    result = {}
    for code, event in enumerate(encoded.dictionary.to_pylist()):
        own = np.sort(times[codes == code])
        if own.size < LEAST_POSTS:
            continue
        within = np.flatnonzero(own[LEAST_POSTS - 1 :] - own[: own.size - LEAST_POSTS + 1] <= _HOUR)
        if within.size:
            result[str(event)] = int(own[within[0] + LEAST_POSTS - 1])
    return dict(sorted(result.items()))
