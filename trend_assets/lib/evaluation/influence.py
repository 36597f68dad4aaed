"""How well rankings of authors say who is amplified next: NDCG@50 over rolling origins, ours beside its peers.

What belongs here: the protocol and the peers. What doesn't: our method (``lib/influence``), the command's options and
printing (``commands/evaluate.py``), made-up streams (``benchmarks/influence.py``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.evaluation.times import read_times
from trend_assets.lib.influence.accounts import encode_pairs
from trend_assets.lib.influence.ndcg import ndcg
from trend_assets.lib.influence.outlook import COUNTED, HORIZONS, REPEATS, Outlook, horizon_weights
from trend_assets.lib.influence.page_rank import page_rank
from trend_assets.lib.influence.past import LEARNING_HOURS
from trend_assets.lib.trends.history import Floats, Integers

OTHER_KINDS_WEIGHT = 0.5
"""What a mention says about reposts to come, against a repost; not sensitive, see ``docs/influence.md``."""
MOST_ORIGINS = 72
"""Moments at which rankings are judged; longer streams are judged at evenly spaced ones."""
KINDS = {
    "repost": "repost", "retweet": "repost", "rt": "repost", "share": "repost", "quote": "quote", "qt": "quote",
    "reply": "reply", "re": "reply", "mention": "mention", "mt": "mention",
}  # fmt: skip
"""Names of kinds that are understood, whatever their case."""
_HOUR = 3_600_000_000
_FEW_ACTS = 100


class Stream(NamedTuple):
    """Interactions in time order, arrays (n,): microseconds since 1970, who acts, who is amplified, is it one that counts as gain.

    ``names``: how many accounts there are; ``counted``: what the gain counts, in words; ``ignored``: rows left out, by reason.
    """

    at: Integers
    source: Integers
    target: Integers
    gains: npt.NDArray[np.bool_]
    names: int
    counted: str
    ignored: dict[str, int]

    def within(self, start: int, stop: int) -> slice:
        """Rows from ``start`` up to but without ``stop`` (microseconds)."""
        low, high = np.searchsorted(self.at, (start, stop))
        return slice(int(low), int(high))


Ranking = Callable[[int], dict[int, Floats]]
"""From a moment (microseconds, a whole hour) to a score (names,) for each horizon; it may look at acts before the moment only."""


def evaluate_influence(interactions: pa.Table, *, peers: bool) -> dict[str, Any]:
    """NDCG@50 of who is amplified in the next 1, 6 and 24 hours, and the speed of scoring; with ``peers`` the same of others.

    ``interactions``: columns ``source`` (who acts) and ``target`` (who is amplified), numbers or text; ``kind`` (repost, quote, reply,
    mention; also RT, MT, RE); ``at`` (see ``times.py``). Rows may be in any order; rows with a null,
    an act towards oneself or an unknown kind are left out and told in ``protocol``. Gain: reposts an author receives in the period;
    all acts where the data hold no repost.

    Returns ``{"ndcg_at_50": {"1h", "6h", "24h"}, "edges_per_second", "protocol"}``, with peers ``"peers": {name: same shape}``. A
    value is None where the stream is too short to tell, and for a peer that is not installed. Raises ``ValueError`` for missing columns,
    columns of another type, and data without a usable row.
    """
    stream = read_stream(interactions)
    origins = rolling_origins(stream)
    result: dict[str, Any] = {
        "ndcg_at_50": judge(stream, origins, outlook_ranking(stream)),
        "edges_per_second": round(scoring_speed(interactions)[1]),
        "protocol": _protocol(stream, origins),
    }
    if peers:
        result["peers"] = {name: _judge_peer(stream, origins, make) for name, make in PEERS.items()}
    return result


def read_stream(interactions: pa.Table) -> Stream:
    """The usable rows of a table as :func:`evaluate_influence` takes it. O(n log n)."""
    missing = [name for name in ("source", "target", "kind", "at") if name not in interactions.column_names]
    if missing:
        raise ValueError(f"columns missing: {', '.join(missing)}; expected source (who acts), target (who is amplified), kind, at")
    at = _microseconds(interactions["at"])
    kind = _kinds(interactions["kind"])
    ignored: dict[str, int] = {}
    rows = interactions.select(["source", "target"]).append_column("at", at).append_column("kind", kind)
    null = pc.or_(pc.or_(pc.is_null(rows["source"]), pc.is_null(rows["target"])), pc.or_(pc.is_null(rows["at"]), pc.is_null(rows["kind"])))
    rows, ignored["a null or no readable time"] = _without(rows, null)
    rows, ignored["an unknown kind"] = _without(rows, pc.equal(rows["kind"], ""))
    pairs = encode_pairs(_names(rows["source"]), _names(rows["target"]))
    own = pairs.source == pairs.target
    ignored["an act towards oneself"] = int(own.sum())
    if not rows.num_rows or own.all():
        reasons = "; ".join(f"{count} with {reason}" for reason, count in ignored.items() if count) or "the table is empty"
        raise ValueError(f"no usable interaction: {reasons}; known kinds: {', '.join(sorted(KINDS))}")
    moments = np.asarray(rows["at"].combine_chunks(), dtype=np.int64)
    repost = np.asarray(pc.equal(rows["kind"], "repost").combine_chunks())
    # Equal moments in the order of the accounts, so that the order of rows decides nothing.
    order = np.lexsort((repost, pairs.source, pairs.target, moments))
    order = order[~own[order]]
    has_reposts = bool(repost[order].any())
    return Stream(
        at=moments[order],
        source=pairs.source[order],
        target=pairs.target[order],
        gains=repost[order] if has_reposts else np.ones(order.size, dtype=bool),
        names=len(pairs.names),
        counted="reposts" if has_reposts else "acts of every kind (the data hold no repost)",
        ignored=ignored,
    )


def rolling_origins(stream: Stream) -> list[int]:
    """Whole hours (microseconds) from a warm-up on: a quarter of the stream, a day at least and half of it at most."""
    first, last = _bounds(stream)
    span = last - first
    start = first + min(max(span // 4, 24 * _HOUR), span // 2)
    hours = np.arange(-(-start // _HOUR), last // _HOUR)
    if hours.size > MOST_ORIGINS:
        hours = hours[np.linspace(0, hours.size - 1, MOST_ORIGINS).round().astype(np.int64)]
    return [hour * _HOUR for hour in hours.tolist()]


def _bounds(stream: Stream) -> tuple[int, int]:
    """From when to when the stream is judged: without the thousandth of the acts at either end, or one: it may be dated wrongly."""
    rows = stream.at.size - 1
    left_out = -(-rows // 1000) if rows >= _FEW_ACTS else 0
    return int(stream.at[left_out]), int(stream.at[rows - left_out])


def judge(stream: Stream, origins: Sequence[int], ranking: Ranking) -> dict[str, float | None]:
    """Mean NDCG@50 by horizon over the origins whose period has ended in the stream and holds a gain; None where there is none."""
    found: dict[int, list[float]] = {horizon: [] for horizon in HORIZONS}
    _, last = _bounds(stream)
    for origin in origins:
        scores: dict[int, Floats] | None = None
        for horizon in HORIZONS:
            if origin + horizon * _HOUR > last:
                continue
            gain = _received(stream, origin, origin + horizon * _HOUR)
            if gain.any():
                scores = ranking(origin) if scores is None else scores
                found[horizon].append(ndcg(scores[horizon], gain))
    return {f"{horizon}h": round(float(np.mean(values)), 4) if values else None for horizon, values in found.items()}


def outlook_ranking(stream: Stream) -> Ranking:
    """Ours: decayed counts at several half-lives, weighted for each horizon (``lib/influence/outlook.py``).

    Acts of other kinds than those predicted count a half, and apart: a mention doesn't take the place of the same source's repost.
    """
    from trend_assets.lib.influence.counts import Acts, DecayedCounts

    source = 2 * stream.source + stream.gains
    acts = Acts(stream.at, stream.target, source, np.where(stream.gains, 1.0, OTHER_KINDS_WEIGHT))
    counts = DecayedCounts(acts, stream.names, COUNTED, repeats=REPEATS)
    outlook = Outlook(lambda first, last: _received(stream, first * _HOUR, (last + 1) * _HOUR))
    known = int(stream.at[0] // _HOUR)

    def scores(origin: int) -> dict[int, Floats]:
        nonlocal known
        newest = origin // _HOUR - 1
        for hour in range(max(known, newest - LEARNING_HOURS) + 1, newest + 1):
            outlook.observe(hour, counts.after(hour))
        known = newest
        counted = counts.after(newest)
        return {horizon: counted @ weights for horizon, weights in outlook.weights(newest).items()}

    return scores


def counted_ranking(stream: Stream, hours: int | None) -> Ranking:
    """Raw counts of the acts that are predicted, of the last ``hours`` hours or of all history."""

    def scores(origin: int) -> dict[int, Floats]:
        past = _past(stream, origin, hours)
        return dict.fromkeys(HORIZONS, np.bincount(stream.target[past], minlength=stream.names).astype(np.float64))

    return scores


def page_ranking(stream: Stream, hours: int | None, walk: Callable[[Integers, Integers, int], Floats]) -> Ranking:
    """PageRank of the graph of the acts that are predicted, of the last ``hours`` hours or of all history, by one implementation."""

    def scores(origin: int) -> dict[int, Floats]:
        past = _past(stream, origin, hours)
        return dict.fromkeys(HORIZONS, walk(stream.source[past], stream.target[past], stream.names))

    return scores


def _received(stream: Stream, start: int, stop: int) -> Floats:
    """What each account (names,) gains from ``start`` up to but without ``stop``."""
    period = stream.within(start, stop)
    return np.bincount(stream.target[period], stream.gains[period], minlength=stream.names).astype(np.float64)


def _past(stream: Stream, origin: int, hours: int | None) -> Integers:
    """Rows before the origin that count as gain, of the last ``hours`` hours or all."""
    period = stream.within(origin - hours * _HOUR if hours is not None else int(stream.at[0]), origin)
    rows: Integers = np.flatnonzero(stream.gains[period]) + period.start
    return rows


def _our_page_rank(source: Integers, target: Integers, size: int) -> Floats:
    return page_rank(source, target, np.ones(source.size), size)


def _networkx_page_rank(source: Integers, target: Integers, size: int) -> Floats:
    import networkx

    result = np.zeros(size)
    if source.size:
        pairs, weight = np.unique(source * size + target, return_counts=True)
        graph = networkx.DiGraph()
        graph.add_weighted_edges_from(zip((pairs // size).tolist(), (pairs % size).tolist(), weight.tolist(), strict=True))
        ranks = networkx.pagerank(graph, max_iter=200)
        result[list(ranks)] = list(ranks.values())
    return result


def _igraph_page_rank(source: Integers, target: Integers, size: int) -> Floats:
    import igraph

    result = np.zeros(size)
    if source.size:
        nodes, place = np.unique(np.concatenate([source, target]), return_inverse=True)
        graph = igraph.Graph(n=nodes.size, edges=place.reshape(2, -1).T, directed=True)
        result[nodes] = graph.pagerank()
    return result


PEERS: dict[str, Callable[[Stream], Ranking]] = {
    "raw counts, all history": lambda stream: counted_ranking(stream, None),
    "raw counts, last 24 hours": lambda stream: counted_ranking(stream, 24),
    "raw counts, last hour": lambda stream: counted_ranking(stream, 1),
    "PageRank, all history": lambda stream: page_ranking(stream, None, _our_page_rank),
    "PageRank, last hour": lambda stream: page_ranking(stream, 1, _our_page_rank),
    "networkx PageRank, last 24 hours": lambda stream: page_ranking(stream, 24, _networkx_page_rank),
    "igraph PageRank, last 24 hours": lambda stream: page_ranking(stream, 24, _igraph_page_rank),
}
"""Peers by name. They see the acts that are predicted; where the data hold reposts that is more favourable to them than every kind."""


def scoring_speed(interactions: pa.Table) -> tuple[float, float]:
    """Edges per second of processor time of ours: scoring alone, and with the encoding of names before it. The best of three.

    Scoring: one pass over all edges at every half-life, and the scores of all accounts for each horizon at the end.
    """
    from trend_assets.lib.influence.counts import Acts, DecayedCounts

    rows = interactions.select(["source", "target"]).append_column("at", _microseconds(interactions["at"])).drop_null()
    alone, whole = [], []
    for _ in range(4):
        began = time.process_time()
        pairs = encode_pairs(_names(rows["source"]), _names(rows["target"]))
        moments = np.asarray(rows["at"].combine_chunks(), dtype=np.int64)
        encoded = time.process_time()
        acts, _ = Acts.in_time_order(moments, pairs.target, pairs.source)
        counted = DecayedCounts(acts, len(pairs.names), COUNTED, repeats=REPEATS).after(int(acts.at[-1] // _HOUR))
        for horizon in HORIZONS:
            counted @ horizon_weights(horizon)
        ended = time.process_time()
        alone.append(ended - encoded)
        whole.append(ended - began)
    # The first round compiles.
    return rows.num_rows / max(min(alone[1:]), 1e-9), rows.num_rows / max(min(whole[1:]), 1e-9)


def _judge_peer(stream: Stream, origins: Sequence[int], make: Callable[[Stream], Ranking]) -> dict[str, Any]:
    """NDCG of a peer, and the edges it scores a second at the stream's end; with a note instead where it isn't installed."""
    ranking = make(stream)
    try:
        quality = judge(stream, origins, ranking)
        began = time.process_time()
        ranking(int(stream.at[-1] // _HOUR + 1) * _HOUR)
        seconds = time.process_time() - began
    except ImportError as error:
        return {
            "ndcg_at_50": dict.fromkeys(f"{horizon}h" for horizon in HORIZONS),
            "edges_per_second": None,
            "note": f"{error.name} is not installed",
        }
    return {"ndcg_at_50": quality, "edges_per_second": round(stream.at.size / max(seconds, 1e-9))}


def _protocol(stream: Stream, origins: Sequence[int]) -> str:
    ignored = "; ".join(f"{count} with {reason}" for reason, count in stream.ignored.items() if count)
    return (
        f"{stream.at.size} acts, {stream.names} accounts, {len(origins)} origins on whole hours after a warm-up; each ranking sees only "
        f"acts before its origin; gain: {stream.counted} that an author receives in the period; mean over origins whose period holds "
        f"any; edges_per_second: processor time, encoding of names included; left out: {ignored or 'nothing'}"
    )


def _microseconds(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Microseconds since 1970, null where no moment can be read."""
    return pa.chunked_array([pc.cast(read_times(column.combine_chunks(), "at"), pa.int64())])


def _kinds(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Our name of each kind, "" where it is unknown, null where it is null."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type) or pa.types.is_dictionary(column.type)):
        raise ValueError(f"column kind is {column.type}; expected text such as {', '.join(sorted(set(KINDS.values())))}")
    told = pc.utf8_lower(pc.utf8_trim_whitespace(pc.cast(column, pa.string())))
    place = pc.index_in(told, value_set=pa.array(list(KINDS)))
    known = pc.fill_null(pc.take(pa.array(list(KINDS.values())), place), "")
    return pc.if_else(pc.is_null(told), pa.scalar(None, pa.string()), known)


def _names(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Names of accounts as they are where they are text or whole numbers, else as text."""
    plain = pa.types.is_integer(column.type) or pa.types.is_string(column.type)
    return column if plain else pc.cast(column, pa.string())


def _without(rows: pa.Table, mask: pa.ChunkedArray) -> tuple[pa.Table, int]:
    """The rows where the mask is false, and how many were left out."""
    kept = rows.filter(pc.invert(mask))
    return kept, rows.num_rows - kept.num_rows
