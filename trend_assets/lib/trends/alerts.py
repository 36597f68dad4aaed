"""Alerts on a stream: minutes after something starts, is it an event or everyday talk?

What belongs here: the judgement of a stream every minute or so, and what keeps an event from being raised twice. What doesn't:
permanent topics (``lib/topics``), the sealed hour's ranking (``rank``), scoring against labels (``lib/evaluation/alerts``).

The hour's ranking needs an hour and a past; the first five posts of an event have neither. What they have is that they say the same
rare things at the same time. A day's clustering hides them: under chatter most small events start inside a cluster of thousands.
The posts of the last hour are therefore clustered by themselves (milliseconds), and each group of at least three distinct posts by
three authors is measured twice against the day before it:

- *what*: ``gain`` in nats a post. Each term of the group's posts is coded with its share among the group's *other* posts and with its
  share in the day outside the group; the differences, summed over the terms that gain, are what knowing the group tells of a post. A
  group around an everyday word gains ln(1 / its share) once, an event gains from several rare terms at once: cohesion and rarity in
  one number, a leave-one-out log-likelihood ratio (Dunning, Computational Linguistics 1993).
- *when*: ``z``. The terms that gain are a profile; posts of the day that hold half of it or more are about the same thing, whatever group
  they are in. z is the signed root of the negative binomial deviance of their number in the last hour against their share of the day.

The gain of a word seen nowhere else grows as the logarithm of the day's posts, and so does what chance finds among them: gain is
counted per ln(posts of the day), times 9, its value for a day of 8,000 posts.

A group is raised where gain^¾ × min(z, 10) / 10 reaches 5.5 and three distinct posts by three authors of the hour hold its profile
(what hangs together only link by link has none). It is tested all day, hence a threshold for the day's false alarms, not one for a
single test. The numbers were chosen on the first four day blocks of Event2012 under unrelated chatter at 3:1 and 10:1. Terms are
lemmas, hashtags and mentions; nothing knows a language.

A raised group founds an alert. What comes later belongs to it, and is no news, where the profiles' cosine is high enough: .12 within
two hours of the alert's last post, .2 within three days, .1 where a third of the posts are the alert's already. An alert's profile
follows its posts, as topics drift.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.trends.bursts import deviance_residual
from trend_assets.lib.trends.history import Floats, Integers
from trend_assets.tables.declaration import strings, timestamp

POST_COLUMNS = ("network", "post_id", "created_at", "kind", "author", "lemmas", "hashtags", "mentions", "near_duplicate_key")
"""Columns of ``social/clean_posts`` that are read."""

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
        ("members", strings),
        ("reason", pa.string()),
    ]
)
"""An alert when it is raised; ``members`` are its posts (network:id), in time order, ``terms`` its telling terms, strongest first."""

_MINUTE = 60_000_000
_HOUR = 60 * _MINUTE
_DISPERSION = 0.2
_PRIOR_POSTS, _PRIOR_VOLUME = 0.5, 50.0
_REFERENCE = 9.0
_SMALLEST_DAY = 1000
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
    threshold: float = 5.5
    gain_power: float = 0.75
    full_z: float = 10.0
    most_posts: int = 20_000
    profile_terms: int = 16
    soon_hours: float = 2.0
    memory_hours: float = 72.0
    similar_soon: float = 0.12
    similar: float = 0.2
    similar_claimed: float = 0.1
    claimed_share: float = 1 / 3
    fit: float = 0.25
    keep_5_minutes: float = 0.8
    fade_5_minutes: float = 0.95


class _Groups(NamedTuple):
    """Candidate groups: rows of the window in each, and posts, distinct posts, authors, gain, profile, z."""

    rows: list[Integers]
    distinct: Integers
    authors: Integers
    gain: Floats
    profile: list[dict[int, float]]
    z: Floats


@dataclass
class _Alert:
    alert_id: str
    last_at: int
    profile: dict[int, float]


@dataclass
class _Window:
    """Posts of the last day in time order; ``owner``: number of the alert that a post belongs to, -1 for none."""

    times: Integers = field(default_factory=lambda: np.zeros(0, np.int64))
    copies: Integers = field(default_factory=lambda: np.zeros(0, np.int64))
    authors: Integers = field(default_factory=lambda: np.zeros(0, np.int64))
    owner: Integers = field(default_factory=lambda: np.zeros(0, np.int64))
    starts: Integers = field(default_factory=lambda: np.zeros(1, np.int64))
    terms: Integers = field(default_factory=lambda: np.zeros(0, np.int64))
    keys: npt.NDArray[np.object_] = field(default_factory=lambda: np.zeros(0, object))

    def take(self, rows: Integers) -> _Window:
        """The given rows, in the order given."""
        lengths = np.diff(self.starts)[rows]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        place = np.repeat(self.starts[rows] - starts[:-1], lengths) + np.arange(starts[-1])
        return _Window(
            times=self.times[rows],
            copies=self.copies[rows],
            authors=self.authors[rows],
            owner=self.owner[rows],
            starts=starts,
            terms=self.terms[place],
            keys=self.keys[rows],
        )

    def joined(self, other: _Window) -> _Window:
        """Both, in order of time and key, each key once."""
        both = _Window(
            times=np.concatenate([self.times, other.times]),
            copies=np.concatenate([self.copies, other.copies]),
            authors=np.concatenate([self.authors, other.authors]),
            owner=np.concatenate([self.owner, other.owner]),
            starts=np.concatenate([self.starts, self.starts[-1] + other.starts[1:]]),
            terms=np.concatenate([self.terms, other.terms]),
            keys=np.concatenate([self.keys, other.keys]),
        )
        names = both.keys.astype(str)
        order = np.lexsort((names, both.times))
        first = np.zeros(order.size, dtype=bool)
        first[np.unique(names[order], return_index=True)[1]] = True
        return both.take(order[first])


class AlertStream:
    """Posts in, alerts out. It holds the posts of a day; the vocabulary and the list of alerts grow as long as it lives.

    Deterministic: what is raised at a moment depends on the posts added and the moments judged before, not on the order in which
    the posts of one call come. One call of :meth:`judge` costs a clustering of the last hour and one pass over the day's terms.
    """

    def __init__(self, rules: AlertRules | None = None) -> None:
        from trend_assets.lib.topics.vectors import Vocabulary

        self.rules = rules or AlertRules()
        self._vocabulary = Vocabulary()
        self._window = _Window()
        self._alerts: list[_Alert] = []

    def add(self, posts: pa.Table) -> None:
        """Take in clean posts (``POST_COLUMNS``), in any order; reposts and posts that are there already are left out."""
        from trend_assets.lib.topics.vectors import encode_terms, hash_text

        written = posts.select(list(POST_COLUMNS)).filter(pc.not_equal(posts["kind"], "repost")).combine_chunks()
        if not written.num_rows:
            return
        lists = tuple(pc.cast(_whole(written[name]), strings) for name in ("lemmas", "hashtags", "mentions"))
        starts, terms = encode_terms((lists[0], lists[1], lists[2]), self._vocabulary)
        keys = pc.binary_join_element_wise(pc.cast(written["network"], pa.string()), pc.cast(written["post_id"], pa.string()), ":")
        fresh = _Window(
            times=np.asarray(pc.cast(pc.cast(written["created_at"], timestamp), pa.int64()), dtype=np.int64),
            copies=_whole(written["near_duplicate_key"]).to_numpy(zero_copy_only=False).astype(np.int64),
            authors=hash_text(written["author"]).view(np.int64),
            owner=np.full(written.num_rows, -1, dtype=np.int64),
            starts=starts.astype(np.int64),
            terms=terms.astype(np.int64),
            keys=np.array(keys.to_pylist(), dtype=object),
        )
        self._window = self._window.joined(fresh)

    def judge(self, at: datetime) -> pa.Table:
        """The alerts that are new at ``at`` (aware), strongest first, as ``ALERT_SCHEMA``; posts dated later wait.

        Raises ``ValueError`` for a naive time.
        """
        if at.tzinfo is None:
            raise ValueError(f"{at!r} has no time zone")
        now = (at - _EPOCH) // timedelta(microseconds=1)
        window, rules = self._window, self.rules
        if window.times.size and window.times[0] <= now - rules.day_hours * _HOUR:
            window = self._window = window.take(np.flatnonzero(window.times > now - rules.day_hours * _HOUR))
        self._alerts = [
            alert if now - alert.last_at <= rules.memory_hours * _HOUR else _Alert(alert.alert_id, alert.last_at, {})
            for alert in self._alerts
        ]
        seen = int(np.searchsorted(window.times, now, "right"))
        first = int(np.searchsorted(window.times[:seen], now - _HOUR, "right"))
        if seen - first < rules.least_posts:
            return ALERT_SCHEMA.empty_table()
        kept = _sample(window, first, seen, rules.most_posts)
        if kept is not None:
            whole, window, seen = window, window.take(kept), kept.size
        groups = self._groups(window, first, seen)
        score = groups.gain**rules.gain_power * np.clip(groups.z, 0.0, rules.full_z) / rules.full_z
        raised = []
        order = np.lexsort((np.array([rows[0] for rows in groups.rows], dtype=np.int64), -score))
        for number in order.tolist():
            if score[number] < rules.threshold:
                break
            if self._belongs(window, groups, number, now) is None:
                raised.append(self._raise(window, groups, number, now, at, float(score[number])))
        if kept is not None:
            whole.owner[kept] = window.owner
        return pa.Table.from_pylist(raised, schema=ALERT_SCHEMA)

    def _groups(self, window: _Window, first: int, seen: int) -> _Groups:
        """Groups of the last hour (rows ``first`` to ``seen``) with enough posts and authors, measured against the day."""
        recent = np.arange(first, seen)
        label = _stories(window, recent, self._vocabulary.terms)
        count = int(label.max()) + 1 if label.size else 0
        inside = label >= 0
        distinct = _distinct(label[inside], window.copies[recent][inside], count)
        authors = _distinct(label[inside], window.authors[recent][inside], count)
        chosen = np.flatnonzero((distinct >= self.rules.least_posts) & (authors >= self.rules.least_authors))
        number = np.full(count + 1, -1, dtype=np.int64)
        number[chosen] = np.arange(chosen.size)
        group = np.where(inside, number[label], -1)
        owner, term, saved, weight = _gains(window, recent, group, chosen.size, seen, max(len(self._vocabulary), 1))
        gain: Floats = np.bincount(owner, weights=saved, minlength=chosen.size).astype(np.float64)
        scaled = gain * (_REFERENCE / np.log(max(seen, _SMALLEST_DAY)))
        # z can only lower the score: what doesn't gain enough need not be looked for in the whole day.
        able = np.flatnonzero(scaled**self.rules.gain_power >= self.rules.threshold)
        z = np.zeros(chosen.size)
        if able.size:
            texts, writers, z[able] = _when(window, first, seen, able, owner, term, weight, gain)
            # What hangs together link by link only, or is one author's or one text's, has no profile that several hold.
            able = able[(texts >= self.rules.least_posts) & (writers >= self.rules.least_authors)]
        rows = [recent[group == one] for one in able.tolist()]
        profile = [self._profile(owner, term, saved, one) for one in able.tolist()]
        return _Groups(rows, distinct[chosen[able]], authors[chosen[able]], scaled[able], profile, z[able])

    def _profile(self, owner: Integers, term: Integers, saved: Floats, group: int) -> dict[int, float]:
        """The group's most telling terms and what each saves, strongest first; ties by the term's hash."""
        mine = np.flatnonzero(owner == group)
        order = np.lexsort((self._vocabulary.hashes[term[mine]], -np.round(saved[mine], 9)))[: self.rules.profile_terms]
        return dict(zip(term[mine][order].tolist(), saved[mine][order].tolist(), strict=True))

    def _belongs(self, window: _Window, groups: _Groups, number: int, now: int) -> int | None:
        """The alert that a group goes on with, None where it is news; the alert then follows it."""
        rules, rows, profile = self.rules, groups.rows[number], groups.profile[number]
        owners = window.owner[rows]
        claimed = np.bincount(owners[owners >= 0], minlength=len(self._alerts)) / rows.size
        best, found = 0.0, None
        for place, alert in enumerate(self._alerts):
            if not alert.profile:
                continue
            needed = rules.similar_soon if now - alert.last_at <= rules.soon_hours * _HOUR else rules.similar
            if claimed[place] >= rules.claimed_share:
                needed = rules.similar_claimed
            cosine = _cosine(profile, alert.profile)
            strength = cosine / needed * (1.0 + float(claimed[place]))
            if cosine >= needed and strength > best:
                best, found = strength, place
        if found is not None:
            alert = self._alerts[found]
            # By elapsed time, so that judging more often doesn't drift faster; a pause is no reason to forget.
            passed = min((now - alert.last_at) / (5 * _MINUTE), 1.0)
            keep, fade = rules.keep_5_minutes**passed, rules.fade_5_minutes**passed
            fading = {term: fade * weight for term, weight in alert.profile.items()}
            mixed = {term: keep * alert.profile.get(term, 0.0) + (1 - keep) * weight for term, weight in profile.items()}
            alert.profile, alert.last_at = fading | mixed, now
            self._claim(window, rows, found)
        return found

    def _raise(self, window: _Window, groups: _Groups, number: int, now: int, at: datetime, score: float) -> dict[str, object]:
        """Found an alert with a group; its row."""
        rows, profile = groups.rows[number], groups.profile[number]
        members = window.keys[rows].tolist()
        self._alerts.append(_Alert(f"{members[0]}@{now // _MINUTE}", now, dict(profile)))
        self._claim(window, rows, len(self._alerts) - 1)
        terms = [self._vocabulary.terms[term] for term in profile]
        distinct, authors = int(groups.distinct[number]), int(groups.authors[number])
        gain, z = float(groups.gain[number]), float(groups.z[number])
        words = ", ".join(term for term in terms if not term.startswith("@"))
        return {
            "at": at,
            "alert_id": self._alerts[-1].alert_id,
            "posts": rows.size,
            "distinct_posts": distinct,
            "authors": authors,
            "gain": gain,
            "z": z,
            "score": score,
            "terms": terms,
            "members": members,
            "reason": (
                f"{distinct} distinct posts by {authors} authors within an hour say the same rare words (gain {gain:.0f} nats a post), "
                f"more than the day explains (z {z:.1f}): {_cut(words)}"
            ),
        }

    def _claim(self, window: _Window, rows: Integers, alert: int) -> None:
        """Give the alert those posts of a group that hold enough of its profile."""
        profile = self._alerts[alert].profile
        needed = self.rules.fit * sum(sorted(profile.values(), reverse=True)[:8])
        for row in rows[window.owner[rows] < 0].tolist():
            held = window.terms[window.starts[row] : window.starts[row + 1]].tolist()
            if sum(profile.get(term, 0.0) for term in held) >= needed:
                window.owner[row] = alert


def _sample(window: _Window, first: int, seen: int, most: int) -> Integers | None:
    """Rows to look at where the last hour has more than ``most`` posts: the day before it, and of it the copies with the lowest hash."""
    if seen - first <= most:
        return None
    mixed = window.copies[first:seen].view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return np.concatenate([np.arange(first), first + np.flatnonzero(mixed <= np.partition(mixed, most - 1)[most - 1])])


def _stories(window: _Window, rows: Integers, vocabulary: list[str]) -> Integers:
    """Finer clusters of the given posts by themselves, numbered from 0, -1 for none."""
    from trend_assets.lib.topics.clustering import cluster

    part = window.take(rows)
    words = pa.array(vocabulary, pa.string()).take(pa.array(part.terms))
    documents = pa.ListArray.from_arrays(pa.array(part.starts.astype(np.int32)), words)
    return np.asarray(cluster(documents, np.arange(rows.size), near_duplicate_keys=part.copies).story, dtype=np.int64)


def _distinct(group: Integers, values: Integers, count: int) -> Integers:
    """How many different values each group has, (count,)."""
    order = np.lexsort((values, group))
    group, values = group[order], values[order]
    new = np.ones(group.size, dtype=bool)
    new[1:] = (group[1:] != group[:-1]) | (values[1:] != values[:-1])
    return np.bincount(group[new], minlength=count)


def _gains(
    window: _Window, recent: Integers, group: Integers, count: int, seen: int, width: int
) -> tuple[Integers, Integers, Floats, Floats]:
    """Of each group and term that gains: group, term, nats saved a post of the group, nats saved a post that holds the term."""
    posts = np.bincount(group[group >= 0], minlength=count)
    ends = window.starts[seen]
    in_day = np.bincount(window.terms[:ends], minlength=width)
    begin = window.starts[recent[0]]
    of = np.repeat(group, np.diff(window.starts[recent[0] : seen + 1]))
    terms = window.terms[begin:ends]
    pairs, held = np.unique(of[of >= 0] * width + terms[of >= 0], return_counts=True)
    owner, term = np.divmod(pairs, width)
    share = (held - 1.0) / np.maximum(posts[owner], 1)
    elsewhere = (in_day[term] - held + 0.5) / (seen - posts[owner] + 1.0)
    gains = share > elsewhere
    owner, term, held = owner[gains], term[gains], held[gains]
    weight = np.log(share[gains] / elsewhere[gains])
    return owner, term, held / posts[owner] * weight, weight


def _when(
    window: _Window, first: int, seen: int, able: Integers, owner: Integers, term: Integers, weight: Floats, gain: Floats
) -> tuple[Integers, Integers, Floats]:
    """Distinct posts and authors of the last hour that hold half of each group's profile or more, and z of these posts; (able,) each."""
    from scipy import sparse

    column = np.full(int(owner.max()) + 1, -1, dtype=np.int64)
    column[able] = np.arange(able.size)
    mine = column[owner] >= 0
    width = int(max(window.terms.max(), term.max())) + 1
    ends = window.starts[seen]
    day = sparse.csr_matrix((np.ones(ends), window.terms[:ends], window.starts[: seen + 1]), shape=(seen, width))
    profiles = sparse.csr_matrix((weight[mine], (term[mine], column[owner[mine]])), shape=(width, able.size))
    held = (day @ profiles).tocoo()
    about = held.data >= 0.5 * gain[able][held.col]
    column_of, row = held.col[about & (held.row >= first)].astype(np.int64), held.row[about & (held.row >= first)]
    in_hour = np.bincount(column_of, minlength=able.size)
    texts, writers = (_distinct(column_of, values[row], able.size) for values in (window.copies, window.authors))
    before = np.bincount(held.col[about & (held.row < first)], minlength=able.size)
    expected: Floats = np.asarray((before + _PRIOR_POSTS) / (first + _PRIOR_VOLUME) * (seen - first), dtype=np.float64)
    size: Floats = np.asarray(1.0 / (_DISPERSION + 1.0 / (1.0 + before)), dtype=np.float64)
    return texts, writers, deviance_residual(in_hour, expected, size)


def _cosine(one: dict[int, float], other: dict[int, float]) -> float:
    lengths = sum(weight * weight for weight in one.values()) * sum(weight * weight for weight in other.values())
    return sum(weight * other.get(term, 0.0) for term, weight in one.items()) / max(lengths, 1e-18) ** 0.5


def _cut(words: str, most: int = 80) -> str:
    return words if len(words) <= most else words[:most].rsplit(", ", 1)[0] + " …"


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
