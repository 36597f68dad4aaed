"""Who receives most attention now: decayed counts of distinct amplifiers, shrunk, overall and per topic.

What belongs here: the ranking of amplified authors after each hour. What doesn't: where interactions come from (``interactions``),
the counting (``counts``), intervals (``shrinkage``), reasons in words (``reasons``).

Method: an author's count is the number of accounts that acted towards them in the last seven days, each halved every half-life since
its latest act (to the second), and times its weight where weights are given. An account that acts a thousand times counts once, which
limits what any one can do; groups that act together are weighed down by whoever makes the weights. The rank is by the lower bound of
the rate behind the count, given its prior (``shrinkage``), so an author seen twice by chance doesn't pass one seen steadily. On "who is
amplified next" see ``lib/evaluation/influence.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.influence.accounts import Accounts, compact, encode_accounts
from trend_assets.lib.influence.outlook import COUNTED, HALF_LIVES, HORIZONS, REPEATS, Outlook
from trend_assets.lib.influence.page_rank import page_rank
from trend_assets.lib.influence.past import LEARNING_HOURS, LOOKBACK_HOURS
from trend_assets.lib.influence.reasons import reasons
from trend_assets.lib.influence.shrinkage import Rates, may_be_first, prior_of, shrunk_rates
from trend_assets.lib.tables import matches
from trend_assets.lib.trends.history import Floats, Integers, encode, hour_numbers, hour_start, sorted_hours
from trend_assets.tables import TABLES
from trend_assets.tables.declaration import timestamp
from trend_assets.tables.influencers import INTERACTION_KINDS

if TYPE_CHECKING:
    from trend_assets.lib.influence.counts import DecayedCounts

RECENT_HOURS = 24
MICROSECONDS_PER_HOUR = 3_600_000_000
OVERALL = "overall"
_PUBLISHED = {"count_1h": 1.0, "count_6h": 6.0, "count_24h": 24.0, "count_7d": 168.0}
"""Columns of decayed counts by half-life in hours, of those in ``HALF_LIVES``."""
_MAIN, _VARIANCE = -2, -1
"""Columns of the counts at the ranking's own half-life, and of its squares."""


def influencer_rankings(
    hours: Sequence[datetime],
    *,
    interactions: pa.Table,
    half_life_hours: float = 24.0,
    weights: pa.Table | None = None,
    top_overall: int = 50,
    top_per_topic: int = 5,
    minimum_amplifiers_per_topic: int = 2,
) -> pa.Table:
    """Rows of ``influencers/influencer_rankings`` for ``hours`` (aware, on the hour), sorted by hour, scope and rank.

    ``interactions``: rows of ``influencers/interactions`` of the hours and ``RANKING_PAST`` before; later ones are not looked at.
    ``weights``: columns network, author, weight in (0, 1]: what that account counts; with a column hour, in the ranking after that hour;
    accounts that aren't listed count 1. They discount scores, counts, rates and PageRank, not what is told as a fact (interactions,
    amplifiers) nor the outlooks. Overall the first ``top_overall`` authors; in every topic with an interaction in the last
    24 hours the first ``top_per_topic`` of those with at least ``minimum_amplifiers_per_topic`` distinct sources in that time (one
    admirer is no influence). Ties go to the greater count, then to the smaller (network, author). O(interactions + hours × acts of a
    week).

    Raises ``ValueError`` for a half-life that is not positive, naive hours, or weights outside (0, 1].
    """
    if not half_life_hours > 0:
        raise ValueError(f"half_life_hours is {half_life_hours}; it must be positive")
    wanted = sorted_hours(hours)
    table = TABLES["influencers/influencer_rankings"]
    if not interactions.num_rows or not wanted.size:
        return table.empty()
    events = _Events.of(interactions)
    overall = _Scope(events, None, half_life_hours, top_overall, 0)
    scopes = [overall]
    if events.topic_names:
        scopes.append(_Scope(events, events.topic, half_life_hours, top_per_topic, max(minimum_amplifiers_per_topic, 1)))
    outlook = Outlook(overall.received)
    pieces, known = [], int(wanted[0]) - LEARNING_HOURS
    for hour in wanted.tolist():
        for past in range(max(known, hour - LEARNING_HOURS) + 1, hour + 1):
            outlook.observe(past, overall.counts.after(past)[:, : COUNTED.size])
        known = hour
        weight_of = weights_after(hour, weights, events.accounts)
        ranked = [scope.rank(hour, weight_of) for scope in scopes]
        if ranked[0] is None:
            continue
        ahead, rank_of = outlook.weights(hour), _page_rank_after(hour, overall, weight_of)
        pieces += [scope.rows(found, rank_of, ahead) for scope, found in zip(scopes, ranked, strict=True) if found is not None]
    if not pieces:
        return table.empty()
    result = pa.concat_tables(pieces)
    return table.conform(result.sort_by([("hour", "ascending"), ("scope", "ascending"), ("rank", "ascending")]).combine_chunks())


class _Events(NamedTuple):
    """Interactions in time order as arrays (n,), with the accounts and topics their codes stand for."""

    at: Integers
    kind: Integers
    topic: Integers
    """-1 for none."""
    accounts: Accounts
    topic_names: list[str]

    @classmethod
    def of(cls, interactions: pa.Table) -> _Events:
        kind = pc.index_in(interactions["kind"], value_set=pa.array(INTERACTION_KINDS)).combine_chunks()
        if kind.null_count:
            raise ValueError("interactions hold an unknown kind")
        at = np.asarray(pc.cast(pc.cast(interactions["created_at"], timestamp), pa.int64()), dtype=np.int64)
        if np.any(at[1:] < at[:-1]):
            order = pa.array(np.argsort(at, kind="stable"))
            return cls.of(interactions.take(order))
        has_topic = pc.is_valid(interactions["topic_id"])
        codes, names = encode(interactions["topic_id"].filter(has_topic))
        topic = np.full(at.size, -1, dtype=np.int64)
        topic[np.asarray(has_topic)] = codes
        return cls(at, np.asarray(kind, dtype=np.int64), topic, encode_accounts(interactions), names)


def weights_after(hour: int, weights: pa.Table | None, accounts: Accounts) -> Floats | None:
    """What each account (accounts,) counts in the ranking after ``hour``, or None where all count 1. O(accounts + weights).

    Raises ``ValueError`` for a weight outside (0, 1].
    """
    if weights is not None and "hour" in weights.column_names:
        weights = weights.filter(pa.array(hour_numbers(weights["hour"]) == hour))
    if weights is None or not weights.num_rows:
        return None
    given = np.asarray(pc.cast(weights["weight"], pa.float64()).combine_chunks(), dtype=np.float64)
    if not np.all((given > 0) & (given <= 1)):
        raise ValueError("a weight is not in (0, 1]")
    known = pa.table({"network": accounts.network, "author": accounts.author})
    listed = pa.table({name: pc.cast(weights[name], pa.string()) for name in known.column_names})
    place = matches(known, listed, known.column_names)
    return np.asarray(pc.fill_null(pc.take(pa.array(given), place), 1.0), dtype=np.float64)


class _Ranked(NamedTuple):
    """The best of all scopes after an hour: nodes in order of scope and rank, and what is known of them, each (m,)."""

    hour: int
    node: Integers
    rank: Integers
    counts: Floats
    undiscounted: Floats
    rates: Rates
    kinds: Integers
    sources: Integers


class _Scope:
    """All nodes of one kind of ranking: (topic, target) or targets alone, with their decayed counts."""

    def __init__(self, events: _Events, topic: Integers | None, half_life_hours: float, top: int, minimum: int) -> None:
        from trend_assets.lib.influence.counts import Acts, DecayedCounts

        rows = np.arange(events.at.size) if topic is None else np.flatnonzero(topic >= 0)
        target = events.accounts.target[rows]
        # One number per (topic, network, author), in their order, so that a smaller node wins a tie.
        numbers = target if topic is None else topic[rows] * events.accounts.size + target
        nodes, node = compact(numbers, events.accounts.size * (1 if topic is None else max(len(events.topic_names), 1)))
        self.account, self.group = nodes % events.accounts.size, nodes // events.accounts.size
        self.events, self.top, self.minimum, self.half_life = events, top, minimum, half_life_hours
        self.names = pa.array([OVERALL] if topic is None else events.topic_names, pa.string())
        self.acts = Acts(events.at[rows], node, events.accounts.source[rows], np.ones(rows.size))
        half_lives, own = np.append(COUNTED, [half_life_hours, half_life_hours]), [False, False]
        squared = [False] * (half_lives.size - 1) + [True]
        self.half_lives = half_lives
        self.counts: DecayedCounts = DecayedCounts(self.acts, nodes.size, half_lives, squared=squared, repeats=REPEATS + own)
        self.kind_of = events.kind[rows]
        decay = half_life_hours / np.log(2)
        self.exposure = decay * (1 - 2.0 ** (-LOOKBACK_HOURS / half_life_hours))
        """Hours that a decayed count stands for: a steady rate times this is the count."""

    def rank(self, hour: int, weight_of: Floats | None) -> _Ranked | None:
        """The best of each group after ``hour``, or None where nobody was amplified; ``weight_of``: of each account."""
        undiscounted = np.round(self.counts.after(hour), 9)
        counts = undiscounted if weight_of is None else np.round(self._discounted(hour, undiscounted, weight_of), 9)
        sources = self.counts.sources_of(hour, RECENT_HOURS)
        seen = np.flatnonzero(counts[:, _MAIN] > 0)
        if not seen.size:
            return None
        exposure = np.full(seen.size, self.exposure)
        count, variance = counts[seen, _MAIN], np.maximum(counts[seen, _VARIANCE], 1e-9)
        prior = prior_of(count, variance, exposure)
        ranked = np.flatnonzero(sources[seen] >= self.minimum)
        if len(self.names) == 1:
            ranked = ranked[may_be_first(count[ranked], variance[ranked], exposure[ranked], prior, self.top)]
        if not ranked.size:
            return None
        node = seen[ranked]
        rates = Rates(*(np.round(bound, 9) for bound in shrunk_rates(count[ranked], variance[ranked], exposure[ranked], prior)))
        group = self.group[node]
        order = np.lexsort((node, -count[ranked], -rates.low, group))
        sorted_group = group[order]
        start = np.flatnonzero(np.append(True, sorted_group[1:] != sorted_group[:-1]))
        rank = np.arange(1, order.size + 1) - np.repeat(start, np.diff(np.append(start, order.size)))
        order, rank = order[rank <= self.top], rank[rank <= self.top]
        if not order.size:
            return None
        best = node[order]
        kinds, rates = self._kinds(hour, best), Rates(*(bound[order] for bound in rates))
        return _Ranked(hour, best, rank, counts[best], undiscounted[best], rates, kinds, sources[best])

    def _discounted(self, hour: int, counts: Floats, weight_of: Floats) -> Floats:
        """The counts without what the latest acts of accounts below weight 1 add too much; every other count stays to the bit."""
        rows = self.counts.latest(hour)
        rows = rows[weight_of[self.acts.source[rows]] < 1]
        weight, node = weight_of[self.acts.source[rows]], self.acts.node[rows]
        age = ((hour + 1) * MICROSECONDS_PER_HOUR - self.acts.at[rows]) / MICROSECONDS_PER_HOUR
        result = counts.copy()
        for column, half_life in enumerate(self.half_lives.tolist()):
            power = 2 if column == self.half_lives.size - 1 else 1
            too_much = (1 - weight**power) * np.exp2(-power * age / half_life)
            result[:, column] -= np.bincount(node, too_much, minlength=self.counts.nodes)
        return np.maximum(result, 0.0)

    def _kinds(self, hour: int, nodes: Integers) -> Integers:
        """Interactions (m, kinds) of the last 24 hours."""
        low, high = np.searchsorted(self.counts.hour, (hour - RECENT_HOURS + 1, hour + 1))
        known = len(INTERACTION_KINDS)
        cell = self.acts.node[low:high] * known + self.kind_of[low:high]
        counted: Integers = np.bincount(cell, minlength=self.counts.nodes * known).reshape(-1, known)[nodes]
        return counted.astype(np.int64)

    def received(self, first: int, last: int) -> Floats:
        """Acts (nodes,) received in the hours from ``first`` to ``last``."""
        low, high = np.searchsorted(self.counts.hour, (first, last + 1))
        return np.bincount(self.acts.node[low:high], minlength=self.counts.nodes).astype(np.float64)

    def rows(self, found: _Ranked, rank_of: Floats, ahead: dict[int, Floats]) -> pa.Table:
        """Rows of the table; ``rank_of``: PageRank (accounts,), ``ahead``: weights for each horizon."""
        account = self.account[found.node]
        count = account.size
        place = [int(np.flatnonzero(hours == HALF_LIVES)[0]) for hours in _PUBLISHED.values()]
        outlooks = {f"outlook_{hours}h": found.undiscounted[:, : COUNTED.size] @ ahead[hours] for hours in HORIZONS}
        return pa.table(
            {
                "hour": pa.array([hour_start(found.hour)] * count, timestamp),
                "scope": self.names.take(pa.array(self.group[found.node])),
                "rank": pa.array(found.rank.astype(np.int32)),
                "author": self.events.accounts.author.take(pa.array(account)),
                "network": self.events.accounts.network.take(pa.array(account)),
                "score": pa.array(found.counts[:, _MAIN]),
                "half_life_hours": pa.array(np.full(count, float(self.half_life))),
                "rate": pa.array(found.rates.mean),
                "rate_low": pa.array(found.rates.low),
                "rate_high": pa.array(found.rates.high),
                **{name: pa.array(found.counts[:, column]) for name, column in zip(_PUBLISHED, place, strict=True)},
                **{name: pa.array(np.round(values, 9)) for name, values in outlooks.items()},
                "page_rank": pa.array(np.round(rank_of[account], 12)),
                "interactions_24h": pa.array(found.kinds.sum(axis=1)),
                "amplifiers_24h": pa.array(found.sources),
                "reason": reasons(found.kinds, found.sources, found.rates, found.counts[:, _MAIN], self.half_life),
            }
        )


def _page_rank_after(hour: int, overall: _Scope, weight_of: Floats | None) -> Floats:
    """PageRank (accounts,) of the graph of latest acts of the week, each halved every half-life."""
    accounts, rows = overall.events.accounts, overall.counts.latest(hour)
    source = accounts.source[rows]
    weight = np.exp2(-((hour + 1) * MICROSECONDS_PER_HOUR - overall.acts.at[rows]) / MICROSECONDS_PER_HOUR / overall.half_life)
    return page_rank(source, accounts.target[rows], weight if weight_of is None else weight * weight_of[source], accounts.size)
