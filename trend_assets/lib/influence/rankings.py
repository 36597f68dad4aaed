"""Who receives most attention now: recency-decayed counts of interactions, overall and per topic.

What belongs here: the ranking of amplified authors after each hour. What doesn't: where interactions come from
(``interactions``).

Method: the score of an author after hour h is the sum over the last seven days of 2^(-age / half-life) for every
distinct (source, hour) that acted towards them: an account that acts a hundred times in an hour counts once, which
limits what one bot can do. On "who is amplified in the next hour" such counts beat PageRank (see ``benchmarks/influence.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.trends.history import Floats, Integers, encode, hour_numbers, hour_start, sorted_hours
from trend_assets.tables import TABLES
from trend_assets.tables.declaration import timestamp
from trend_assets.tables.influencers import INTERACTION_KINDS

LOOKBACK_HOURS = 168
"""Nothing older than a week counts, so a ranking is a function of the last 168 hourly partitions."""
RECENT_HOURS = 24
OVERALL = "overall"
_KIND_WORDS = {"repost": "reposts", "quote": "quotes", "reply": "replies", "mention": "mentions"}


class DecayedCounts(NamedTuple):
    """Distinct acts of one scope: one row per (hour, node, source), sorted by hour, with when that source last acted before.

    ``node`` is the place of (scope, network, author) in sorted order, ``earlier`` the previous hour of the same pair
    (a very small number for the first), ``acts`` how many interactions the row stands for.
    """

    hour: Integers
    node: Integers
    earlier: Integers
    acts: Integers
    kinds: Integers
    """(rows, 4): acts by kind, in the order of ``INTERACTION_KINDS``."""


def distinct_acts(hour: Integers, node: Integers, source: Integers, kind: Integers) -> DecayedCounts:
    """Collapse interactions, arrays of shape (n,), to one row per hour, node and source. O(n log n)."""
    order = np.lexsort((hour, source, node))
    hour, node, source, kind = hour[order], node[order], source[order], kind[order]
    same_pair = np.zeros(hour.size, dtype=bool)
    same_pair[1:] = (node[1:] == node[:-1]) & (source[1:] == source[:-1])
    first = ~same_pair
    first[1:] |= hour[1:] != hour[:-1]
    start = np.flatnonzero(first)
    row = np.cumsum(first) - 1
    known = len(INTERACTION_KINDS)
    kinds = np.bincount(row * known + kind, minlength=start.size * known).reshape(start.size, known)
    earlier = np.full(start.size, np.iinfo(np.int64).min // 2)
    continues = np.flatnonzero(same_pair[start])
    earlier[continues] = hour[start[continues - 1]]
    by_hour = np.lexsort((node[start], hour[start]))
    start, kinds, earlier = start[by_hour], kinds[by_hour], earlier[by_hour]
    return DecayedCounts(hour[start], node[start], earlier, kinds.sum(axis=1), kinds)


def decayed_scores(acts: DecayedCounts, hour: int, nodes: int, half_life_hours: float) -> Floats:
    """Score (nodes,) after ``hour`` of every node: its distinct acts of the last week, halved every half-life.

    Added up in time order from the rows alone, so the result is the same bits whatever was loaded before and after.
    """
    low, high = np.searchsorted(acts.hour, (hour - LOOKBACK_HOURS + 1, hour + 1))
    weight = np.exp2(-np.arange(LOOKBACK_HOURS) / half_life_hours)
    return np.bincount(acts.node[low:high], weight[hour - acts.hour[low:high]], minlength=nodes).astype(np.float64)


def influencer_rankings(
    hours: Sequence[datetime],
    *,
    interactions: pa.Table,
    half_life_hours: float = 24.0,
    top_overall: int = 50,
    top_per_topic: int = 5,
    minimum_amplifiers_per_topic: int = 2,
) -> pa.Table:
    """Rows of ``influencers/influencer_rankings`` for ``hours`` (aware, on the hour), sorted by hour, scope and rank.

    ``interactions``: rows of ``influencers/interactions`` of the hours and the seven days before. Overall the first
    ``top_overall`` authors; in every topic with an interaction in the last 24 hours the first ``top_per_topic`` of those
    with at least ``minimum_amplifiers_per_topic`` distinct sources in that time (one admirer is no influence). Ties go
    to the smaller (network, author). Raises ``ValueError`` for a half-life that is not positive, or naive hours.
    """
    if not half_life_hours > 0:
        raise ValueError(f"half_life_hours is {half_life_hours}; it must be positive")
    wanted = sorted_hours(hours)
    table = TABLES["influencers/influencer_rankings"]
    if not interactions.num_rows or not wanted.size:
        return table.empty()
    events = _Events.of(interactions)
    with_topic = pc.is_valid(interactions["topic_id"])
    in_topics = interactions.filter(with_topic)
    parts = [_Scope.overall(interactions, events, top_overall)]
    if in_topics.num_rows:
        parts.append(_Scope.topics(in_topics, events.take(np.asarray(with_topic)), top_per_topic, minimum_amplifiers_per_topic))
    pieces = [piece for scope in parts for hour in wanted.tolist() if (piece := scope.rank(hour, half_life_hours)) is not None]
    if not pieces:
        return table.empty()
    result = pa.concat_tables(pieces)
    return table.conform(result.sort_by([("hour", "ascending"), ("scope", "ascending"), ("rank", "ascending")]).combine_chunks())


class _Events(NamedTuple):
    """Interactions as arrays (n,): hour, code of (network, source), kind, and the target's key as strings."""

    hour: Integers
    source: Integers
    kind: Integers

    @classmethod
    def of(cls, interactions: pa.Table) -> _Events:
        source, _ = encode(pc.binary_join_element_wise(interactions["network"], interactions["source_author"], "\x1f"))
        kind = pc.index_in(interactions["kind"], value_set=pa.array(INTERACTION_KINDS)).combine_chunks()
        if kind.null_count:
            raise ValueError("interactions hold an unknown kind")
        return cls(hour_numbers(interactions["created_at"]), source, np.asarray(kind, dtype=np.int64))

    def take(self, rows: npt.NDArray[np.bool_]) -> _Events:
        return _Events(self.hour[rows], self.source[rows], self.kind[rows])


class _Scope:
    """All nodes of one kind of ranking: their names and distinct acts."""

    def __init__(self, interactions: pa.Table, scope: pa.ChunkedArray | pa.Array, events: _Events, top: int, minimum: int) -> None:
        columns = [encode(column) for column in (scope, interactions["network"], interactions["target_author"])]
        (scopes, _), (networks, network_names), (authors, author_names) = columns
        # One number per (scope, network, author), in their order, so that a smaller node wins a tie.
        number = (scopes * max(len(network_names), 1) + networks) * max(len(author_names), 1) + authors
        _, first, node = np.unique(number, return_index=True, return_inverse=True)
        self.scope, self.network, self.author = (pa.array(names, pa.string()).take(pa.array(codes[first])) for codes, names in columns)
        self.scope_code = scopes[first]
        self.acts = distinct_acts(events.hour, node, events.source, events.kind)
        self.nodes, self.top, self.minimum = first.size, top, minimum

    @classmethod
    def overall(cls, interactions: pa.Table, events: _Events, top: int) -> _Scope:
        """The single ranking of everybody."""
        return cls(interactions, pa.array([OVERALL]).take(pa.array(np.zeros(interactions.num_rows, dtype=np.int64))), events, top, 0)

    @classmethod
    def topics(cls, interactions: pa.Table, events: _Events, top: int, minimum: int) -> _Scope:
        """One ranking per topic."""
        return cls(interactions, interactions["topic_id"], events, top, max(minimum, 1))

    def rank(self, hour: int, half_life_hours: float) -> pa.Table | None:
        """The best of each scope after ``hour``, or None where nobody was amplified."""
        score = np.round(decayed_scores(self.acts, hour, self.nodes, half_life_hours), 9)
        low, high = np.searchsorted(self.acts.hour, (hour - RECENT_HOURS + 1, hour + 1))
        recent = self.acts.node[low:high]
        # A source is new in the window when its previous act towards the node was before it: no sets needed.
        amplifiers = np.bincount(recent[self.acts.earlier[low:high] <= hour - RECENT_HOURS], minlength=self.nodes)
        ranked = np.flatnonzero((score > 0) & (amplifiers >= self.minimum))
        if not ranked.size:
            return None
        ranked = ranked[np.lexsort((ranked, -score[ranked], self.scope_code[ranked]))]
        scope = self.scope_code[ranked]
        start = np.flatnonzero(np.concatenate([[True], scope[1:] != scope[:-1]]))
        rank = np.arange(1, ranked.size + 1) - np.repeat(start, np.diff(np.append(start, ranked.size)))
        best = rank <= self.top
        ranked, rank = ranked[best], rank[best]
        kinds = np.stack(
            [np.bincount(recent, self.acts.kinds[low:high, kind], self.nodes)[ranked] for kind in range(len(INTERACTION_KINDS))], axis=1
        ).astype(np.int64)
        place = pa.array(ranked)
        count = ranked.size
        return pa.table(
            {
                "hour": pa.array([hour_start(hour)] * count, timestamp),
                "scope": self.scope.take(place),
                "rank": pa.array(rank.astype(np.int32)),
                "author": self.author.take(place),
                "network": self.network.take(place),
                "score": pa.array(score[ranked]),
                "half_life_hours": pa.array(np.full(count, float(half_life_hours))),
                "interactions_24h": pa.array(kinds.sum(axis=1)),
                "amplifiers_24h": pa.array(amplifiers[ranked].astype(np.int64)),
                "reason": _reasons(kinds, amplifiers[ranked], score[ranked], half_life_hours),
            }
        )


def _reasons(kinds: Integers, amplifiers: Integers, score: Floats, half_life_hours: float) -> pa.Array:
    """A sentence per row: "42 interactions by 31 authors in 24 hours, mostly reposts (30); score 25.3, halved every 24 hours"."""
    total = kinds.sum(axis=1)
    most = kinds.argmax(axis=1)
    words = pa.array([_KIND_WORDS[kind] for kind in INTERACTION_KINDS]).take(pa.array(most))
    texts = [pc.cast(pa.array(values), pa.string()) for values in (total, amplifiers, kinds.max(axis=1), np.round(score, 1))]
    half_life = f"{half_life_hours:g}"
    lively = pc.binary_join_element_wise(
        texts[0],
        pa.array(np.where(total == 1, " interaction by ", " interactions by ")),
        texts[1],
        pa.array(np.where(amplifiers == 1, " author in 24 hours, mostly ", " authors in 24 hours, mostly ")),
        words,
        " (",
        texts[2],
        "); score ",
        texts[3],
        f", halved every {half_life} hours",
        "",
    )
    quiet = pc.binary_join_element_wise(
        "No interaction in 24 hours; earlier ones still score ", texts[3], f", halved every {half_life} hours", ""
    )
    return pc.if_else(pa.array(total > 0), lively, quiet)
