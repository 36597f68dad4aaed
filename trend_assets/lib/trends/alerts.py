"""Alerts on a stream: minutes after something starts, is it an event or everyday talk?

What belongs here: the judgement of a stream every minute or so, what keeps an event from being raised twice, and the state to go on
from. What doesn't: how posts are held (``alert_window``), how groups are found and measured (``alert_groups``), permanent topics
(``lib/topics``), the sealed hour's ranking (``rank``), scoring against labels (``lib/evaluation/alerts``).

The hour's ranking needs an hour and a past; the first five posts of an event have neither. What they have is that they say the same
rare things at the same time. A day's clustering hides them: under chatter most small events start inside a cluster of thousands.
The posts of the last hour are therefore clustered by themselves (milliseconds), and each group of at least three distinct posts by
three authors is measured twice against the day before it and everyday language: ``gain``, what its posts share, and ``z``, how
suddenly (``alert_groups``).

A group is raised where gain^¾ × min(z, 10) / 10 reaches 6.3 and three distinct posts by three authors of the hour hold its profile
(what hangs together only link by link has none). It is tested all day, hence a threshold for the day's false alarms, not one for a
single test. The numbers were chosen on the first four day blocks of Event2012 under unrelated chatter at 3:1 and 10:1. Terms are
lemmas, hashtags and mentions; frequencies of everyday words are known for eight languages, in others the day alone tells what is rare.

A raised group founds an alert. What comes later belongs to it, and is no news, where the profiles' cosine is high enough: .12 within
two hours of the alert's last post, .3 within three days, .1 where a third of the posts are the alert's already. An alert's profile
follows its posts, as topics drift.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from trend_assets.lib.trends.alert_groups import Groups, groups_of_hour
from trend_assets.lib.trends.alert_window import (
    POST_COLUMNS,
    WINDOW_SCHEMA,
    Window,
    compacted,
    sample,
    window_of_posts,
    window_of_table,
)
from trend_assets.lib.trends.history import Integers
from trend_assets.tables.declaration import strings, timestamp

__all__ = ["ALERT_SCHEMA", "POST_COLUMNS", "STATE_SCHEMA", "WINDOW_SCHEMA", "AlertRules", "AlertState", "AlertStream"]

ALERT_SCHEMA = pa.schema(
    [
        ("at", timestamp),
        ("alert_id", pa.string()),
        ("posts", pa.int64()),
        ("distinct_posts", pa.int64()),
        ("authors", pa.int64()),
        ("gain", pa.float64()),
        ("z", pa.float64()),
        ("score", pa.float64()),
        ("terms", strings),
        ("weights", pa.list_(pa.float64())),
        ("members", strings),
        ("exemplars", strings),
        ("reason", pa.string()),
    ]
)
"""An alert when it is raised; ``members`` are its posts (network:id) in time order, ``terms`` its telling terms, strongest first, with
``weights`` in nats a post, ``exemplars`` the members that say most of them, each another text and author."""

STATE_SCHEMA = pa.schema(
    [
        ("number", pa.int64()),
        ("alert_id", pa.string()),
        ("last_at", timestamp),
        ("terms", strings),
        ("weights", pa.list_(pa.float64())),
    ]
)
"""The alerts that a stream remembers: the number that its posts have them by, last moment they went on, profile."""

EXEMPLARS = 5
MOST_TERMS = 256
"""Terms that an alert is remembered by at most."""
_MINUTE = 60_000_000
_HOUR = 60 * _MINUTE
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class AlertRules:
    """What makes an alert, as in the module's docstring.

    ``most_posts``: of a busier hour, the near-duplicate groups with the lowest hash are kept until so few posts remain.
    ``fit``: share of an alert's profile that a post must hold to be counted as the alert's. ``keep_5_minutes``, ``fade_5_minutes``: what is
    left of an alert's profile after five minutes in which it went on, of terms that its posts still have and of others.
    """

    day_hours: int = 24
    least_posts: int = 3
    least_authors: int = 3
    threshold: float = 6.3
    gain_power: float = 0.75
    full_z: float = 10.0
    most_posts: int = 20_000
    profile_terms: int = 32
    soon_hours: float = 2.0
    memory_hours: float = 72.0
    similar_soon: float = 0.12
    similar: float = 0.3
    similar_claimed: float = 0.1
    claimed_share: float = 1 / 3
    fit: float = 0.25
    keep_5_minutes: float = 0.8
    fade_5_minutes: float = 0.95


class AlertState(NamedTuple):
    """What another stream of the same rules goes on from: rows of ``WINDOW_SCHEMA`` and of ``STATE_SCHEMA``."""

    posts: pa.Table
    alerts: pa.Table


@dataclass
class _Alert:
    alert_id: str
    last_at: int
    profile: dict[str, float]


class AlertStream:
    """Posts in, alerts out. It holds the posts of a day and the alerts of three (``AlertRules``), so its size doesn't grow with its age.

    Deterministic: what is raised at a moment depends on the posts added and the moments judged before, not on the order in which
    the posts of one call come. One call of :meth:`judge` costs a clustering of the last hour and one pass over the day's terms.
    A stream that goes on from the :attr:`state` of another raises what that one would have.
    """

    def __init__(self, rules: AlertRules | None = None, state: AlertState | None = None) -> None:
        from trend_assets.lib.topics.vectors import Vocabulary

        self.rules = rules or AlertRules()
        self._vocabulary = Vocabulary()
        self._window = window_of_table(state.posts, self._vocabulary) if state else Window()
        self._alerts = _read_alerts(state.alerts) if state else {}

    @property
    def state(self) -> AlertState:
        """What a stream goes on from."""
        alerts = [
            {
                "number": number,
                "alert_id": alert.alert_id,
                "last_at": _EPOCH + timedelta(microseconds=alert.last_at),
                "terms": list(alert.profile),
                "weights": list(alert.profile.values()),
            }
            for number, alert in self._alerts.items()
        ]
        return AlertState(self._window.to_table(self._vocabulary), pa.Table.from_pylist(alerts, schema=STATE_SCHEMA))

    def add(self, posts: pa.Table) -> None:
        """Take in clean posts (``POST_COLUMNS``), in any order; reposts and posts that are there already are left out."""
        fresh = window_of_posts(posts, self._vocabulary)
        if fresh.times.size:
            self._window = self._window.joined(fresh)

    def judge(self, at: datetime) -> pa.Table:
        """The alerts that are new at ``at`` (aware), strongest first, as ``ALERT_SCHEMA``; posts dated later wait.

        Raises ``ValueError`` for a naive time.
        """
        if at.tzinfo is None:
            raise ValueError(f"{at!r} has no time zone")
        now = (at - _EPOCH) // timedelta(microseconds=1)
        self._forget(now)
        window, rules = self._window, self.rules
        seen = int(np.searchsorted(window.times, now, "right"))
        first = int(np.searchsorted(window.times[:seen], now - _HOUR, "right"))
        if seen - first < rules.least_posts:
            return ALERT_SCHEMA.empty_table()
        kept = sample(window, first, seen, rules.most_posts)
        if kept is not None:
            whole, window, seen = window, window.take(kept), kept.size
        groups = groups_of_hour(
            window,
            first,
            seen,
            self._vocabulary,
            least_posts=rules.least_posts,
            least_authors=rules.least_authors,
            least_gain=rules.threshold ** (1 / rules.gain_power),
            terms=rules.profile_terms,
        )
        score = groups.gain**rules.gain_power * np.clip(groups.z, 0.0, rules.full_z) / rules.full_z
        raised = []
        order = np.lexsort((np.array([rows[0] for rows in groups.rows], dtype=np.int64), -score))
        for number in order.tolist():
            if score[number] < rules.threshold:
                break
            if not self._goes_on(window, groups, number, now):
                raised.append(self._raise(window, groups, number, now, at, float(score[number])))
        if kept is not None:
            whole.owner[kept] = window.owner
        return pa.Table.from_pylist(raised, schema=ALERT_SCHEMA)

    def _forget(self, now: int) -> None:
        """Let go of posts, words and alerts that no longer count."""
        rules = self.rules
        window = self._window.after(now - rules.day_hours * _HOUR)
        self._window, self._vocabulary = compacted(window, self._vocabulary)
        kept = {number: alert for number, alert in self._alerts.items() if now - alert.last_at <= rules.memory_hours * _HOUR}
        if len(kept) < len(self._alerts):
            self._alerts = kept
            owner = self._window.owner
            owner[~np.isin(owner, np.array(list(kept), dtype=np.int64))] = -1

    def _goes_on(self, window: Window, groups: Groups, number: int, now: int) -> bool:
        """Whether a group goes on with an alert, which then follows it; else it is news."""
        rules, rows, profile = self.rules, groups.rows[number], groups.profile[number]
        owners, counts = np.unique(window.owner[rows], return_counts=True)
        claimed = dict(zip(owners.tolist(), (counts / rows.size).tolist(), strict=True))
        best, found = 0.0, -1
        for place, alert in self._alerts.items():
            needed = rules.similar_soon if now - alert.last_at <= rules.soon_hours * _HOUR else rules.similar
            share = claimed.get(place, 0.0)
            if share >= rules.claimed_share:
                needed = rules.similar_claimed
            cosine = _cosine(profile, alert.profile)
            strength = cosine / needed * (1.0 + share)
            if cosine >= needed and strength > best:
                best, found = strength, place
        if found < 0:
            return False
        alert = self._alerts[found]
        # By elapsed time, so that judging more often doesn't drift faster; a pause is no reason to forget.
        passed = min((now - alert.last_at) / (5 * _MINUTE), 1.0)
        keep, fade = rules.keep_5_minutes**passed, rules.fade_5_minutes**passed
        fading = {term: fade * weight for term, weight in alert.profile.items()}
        mixed = {term: keep * alert.profile.get(term, 0.0) + (1 - keep) * weight for term, weight in profile.items()}
        alert.profile, alert.last_at = _strongest(fading | mixed), now
        self._claim(window, rows, found)
        return True

    def _raise(self, window: Window, groups: Groups, number: int, now: int, at: datetime, score: float) -> dict[str, object]:
        """Found an alert with a group; its row."""
        rows, profile = groups.rows[number], groups.profile[number]
        members = window.keys[rows].tolist()
        place = max(self._alerts, default=-1) + 1
        self._alerts[place] = _Alert(f"{members[0]}@{now // _MINUTE}", now, dict(profile))
        self._claim(window, rows, place)
        distinct, authors = int(groups.distinct[number]), int(groups.authors[number])
        gain, z = float(groups.gain[number]), float(groups.z[number])
        words = ", ".join(term for term in profile if not term.startswith("@"))
        return {
            "at": at,
            "alert_id": self._alerts[place].alert_id,
            "posts": rows.size,
            "distinct_posts": distinct,
            "authors": authors,
            "gain": gain,
            "z": z,
            "score": score,
            "terms": list(profile),
            "weights": list(profile.values()),
            "members": members,
            "exemplars": self._exemplars(window, rows, profile),
            "reason": (
                f"{distinct} distinct posts by {authors} authors within an hour say the same rare words (gain {gain:.0f} nats a post), "
                f"more than the day explains (z {z:.1f}): {_cut(words)}"
            ),
        }

    def _exemplars(self, window: Window, rows: Integers, profile: dict[str, float]) -> list[str]:
        """Keys of the posts that say most of a profile, each another text and author; of equals the earliest."""
        held = [self._held(window, row, profile) for row in rows.tolist()]
        taken: list[int] = []
        for place in np.lexsort((np.arange(rows.size), -np.round(held, 9))).tolist():
            row = int(rows[place])
            if not any(window.copies[row] == window.copies[one] or window.authors[row] == window.authors[one] for one in taken):
                taken.append(row)
            if len(taken) == EXEMPLARS:
                break
        return [str(window.keys[row]) for row in taken]

    def _held(self, window: Window, row: int, profile: dict[str, float]) -> float:
        """How much of a profile a post holds, in nats."""
        terms = window.terms[window.starts[row] : window.starts[row + 1]].tolist()
        return sum(profile.get(self._vocabulary.terms[term], 0.0) for term in terms)

    def _claim(self, window: Window, rows: Integers, number: int) -> None:
        """Give the alert those posts of a group that hold enough of its profile."""
        profile = self._alerts[number].profile
        needed = self.rules.fit * sum(sorted(profile.values(), reverse=True)[:8])
        for row in rows[window.owner[rows] < 0].tolist():
            if self._held(window, row, profile) >= needed:
                window.owner[row] = number


def _read_alerts(table: pa.Table) -> dict[int, _Alert]:
    """The alerts of a state, by number."""
    rows = table.select(STATE_SCHEMA.names).cast(STATE_SCHEMA).to_pylist()
    return {
        row["number"]: _Alert(
            row["alert_id"], (row["last_at"] - _EPOCH) // timedelta(microseconds=1), dict(zip(row["terms"], row["weights"], strict=True))
        )
        for row in rows
    }


def _strongest(profile: dict[str, float]) -> dict[str, float]:
    """The heaviest terms of a profile that followed its posts for long: the rest is dust."""
    if len(profile) <= MOST_TERMS:
        return profile
    return dict(sorted(profile.items(), key=lambda item: (-item[1], item[0]))[:MOST_TERMS])


def _cosine(one: dict[str, float], other: dict[str, float]) -> float:
    lengths = sum(weight * weight for weight in one.values()) * sum(weight * weight for weight in other.values())
    return float(sum(weight * other.get(term, 0.0) for term, weight in one.items()) / max(lengths, 1e-18) ** 0.5)


def _cut(words: str, most: int = 80) -> str:
    return words if len(words) <= most else words[:most].rsplit(", ", 1)[0] + " …"
