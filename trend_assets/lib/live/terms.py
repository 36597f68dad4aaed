"""Are a topic's words new? The test of ``trends/terms.py`` with the past counted beforehand.

What belongs here: counts of every word in the sealed posts before the open hours, made once per sealed hour, and the
novelty of words from these and the live posts. What doesn't: what the test means (``trends/terms.py``; the two agree
exactly where an hour is complete, which a test holds).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.trends.history import Integers, hour_number, hour_numbers, hour_start
from trend_assets.lib.trends.terms import (
    PAST_HOURS,
    RECENT_HOURS,
    SMALLEST_PAST_HOURS,
    TERMS,
    WEEK_HOURS,
    TermCounts,
    excess,
    strongest_term,
)
from trend_assets.tables.declaration import timestamp

_MICROSECONDS_PER_HOUR = 3_600_000_000
COUNTS = ("recent", "past", "week_ago")
LARGEST_VOCABULARY = 200_000
"""Words kept per hour, the most frequent; a word that the weeks before hardly knew counts as unknown to them."""


def term_baseline(posts: pa.Table, targets: Sequence[datetime]) -> tuple[pa.Table, pa.Table]:
    """What the sealed posts say about words, for each hour that may be judged.

    ``posts``: ``created_at``, ``kind``, ``lemmas``, ``hashtags`` of the sealed hours of up to 28 days. ``targets``: hours after them.

    Returns:
        ``hour``, ``term``, ``recent``, ``past``, ``week_ago`` (posts with the term in the sealed part of the day up to the end
        of ``hour``, in the 14 days before, in the same day a week ago), and the same with all posts for ``term``, with
        ``known``: whether there is a past to compare with. O(tokens x targets).
    """
    written = posts.filter(pc.not_equal(posts["kind"], "repost")).combine_chunks()
    post, code, vocabulary = _held(written)
    hours = hour_numbers(written["created_at"])
    first = int(hours.min()) if hours.size else None
    parts, volumes = [], []
    for target in map(hour_number, targets):
        windows = _windows(target)
        counts = [np.bincount(code[_within(hours[post], window)], minlength=len(vocabulary)) for window in windows]
        total = np.sum(counts, axis=0)
        kept = np.flatnonzero(total)
        if kept.size > LARGEST_VOCABULARY:
            kept = np.sort(kept[np.lexsort((kept, -total[kept]))[:LARGEST_VOCABULARY]])
        of_hour = {"hour": pa.array([hour_start(target)] * kept.size, timestamp), "term": vocabulary.take(pa.array(kept))}
        parts.append(pa.table(of_hour | {name: pa.array(count[kept]) for name, count in zip(COUNTS, counts, strict=True)}))
        everything = {name: int(np.count_nonzero(_within(hours, window))) for name, window in zip(COUNTS, windows, strict=True)}
        known = first is not None and target + 1 - RECENT_HOURS - first >= SMALLEST_PAST_HOURS
        volumes.append({"hour": hour_start(target), "known": known} | everything)
    schema = pa.schema([("hour", timestamp), ("known", pa.bool_()), *((name, pa.int64()) for name in COUNTS)])
    empty = pa.schema([("hour", timestamp), ("term", pa.string()), *((name, pa.int64()) for name in COUNTS)]).empty_table()
    return pa.concat_tables([empty, *parts]), pa.Table.from_pylist(volumes, schema)


def heads_of(topics: pa.Table) -> pa.Array:
    """The terms whose novelty decides about the topics: the heaviest of each centre."""
    return pc.unique(pc.list_slice(topics["centre_terms"].combine_chunks(), 0, TERMS).flatten()).drop_null()


def term_counts(posts: pa.Table, wanted: pa.Array | None = None) -> pa.Table:
    """Posts of each hour that hold each term: ``hour``, ``term``, ``posts``, reposts left out; the term null counts all posts.

    ``wanted``: only these terms, which is several times faster.
    """
    written = posts.filter(pc.not_equal(posts["kind"], "repost")).combine_chunks()
    post, code, vocabulary = _held(written, wanted)
    hours = hour_numbers(written["created_at"])
    width = max(len(vocabulary), 1)
    cells, counts = np.unique(hours[post] * width + code, return_counts=True)
    all_hours, all_counts = np.unique(hours, return_counts=True)
    moments = np.concatenate([cells // width, all_hours]) * _MICROSECONDS_PER_HOUR
    terms = pa.concat_arrays([vocabulary.take(pa.array(cells % width)), pa.nulls(len(all_hours), pa.string())])
    numbers = pa.array(np.concatenate([counts, all_counts]), pa.int64())
    return pa.table({"hour": pa.array(moments, pa.int64()).cast(timestamp), "term": terms, "posts": numbers})


def live_novelty(topics: pa.Table, terms: pa.Table, volumes: pa.Table, counts: pa.Table) -> pa.Table:
    """How new each registry row's words are at its hour: the result of ``term_novelty``.

    ``topics``: rows of ``topics/topics`` of open hours; ``terms`` and ``volumes``: see ``term_baseline``, with these hours among
    their targets; ``counts``: see ``term_counts``, of the live posts.
    """
    heads = pc.list_slice(topics["centre_terms"].combine_chunks(), 0, TERMS)
    row, term = np.asarray(pc.list_parent_indices(heads), dtype=np.int64), heads.flatten()
    vocabulary = pc.unique(term).drop_null()
    code = np.asarray(pc.fill_null(pc.index_in(term, value_set=vocabulary), 0), dtype=np.int64)
    targets = hour_numbers(volumes["hour"])
    target = np.searchsorted(targets, hour_numbers(topics["hour"])[row])
    sealed = _sealed_counts(terms, targets, vocabulary)
    live_terms, live_posts = _live_counts(counts, targets, vocabulary)
    recent, past, week_ago = (sealed[number][target, code] for number in range(len(COUNTS)))
    everything = [np.asarray(volumes[name], dtype=np.int64)[target] for name in COUNTS]
    z, p_value, ratio = excess(
        TermCounts(recent + live_terms[target, code], past, week_ago),
        TermCounts(everything[0] + live_posts[target], everything[1], everything[2]),
        np.asarray(volumes["known"], dtype=bool)[target],
    )
    return strongest_term(topics, row, term, z, p_value, ratio)


def _windows(target: int) -> tuple[tuple[int, int], ...]:
    """[start, stop) of the windows of ``COUNTS`` for the hour number ``target``."""
    recent = target + 1 - RECENT_HOURS
    return (recent, target + 1), (recent - PAST_HOURS, recent), (recent - WEEK_HOURS, target + 1 - WEEK_HOURS)


def _within(hours: Integers, window: tuple[int, int]) -> np.ndarray:
    return (hours >= window[0]) & (hours < window[1])


def _held(written: pa.Table, wanted: pa.Array | None = None) -> tuple[Integers, Integers, pa.Array]:
    """Each (post, term) once: numbers of both, and the terms."""
    lemmas, hashtags = (written[name].combine_chunks() for name in ("lemmas", "hashtags"))
    words = pa.concat_arrays([lemmas.flatten(), pc.binary_join_element_wise("#", hashtags.flatten(), "")])
    parent = np.concatenate([np.asarray(pc.list_parent_indices(lists), dtype=np.int64) for lists in (lemmas, hashtags)])
    if wanted is None:
        encoded = words.dictionary_encode()
        vocabulary, code = encoded.dictionary, np.asarray(encoded.indices, dtype=np.int64)
    else:
        place = pc.index_in(words, value_set=wanted)
        parent = parent[np.asarray(place.is_valid())]
        vocabulary, code = wanted, np.asarray(place.drop_null(), dtype=np.int64)
    width = max(len(vocabulary), 1)
    # A post counts once, however often it says the word.
    post, code = np.divmod(np.unique(parent * width + code), width)
    return post, code, vocabulary


def _sealed_counts(terms: pa.Table, targets: Integers, vocabulary: pa.Array) -> list[Integers]:
    """Counts of the baseline, one array (targets, terms) for each of ``COUNTS``."""
    place = pc.index_in(terms["term"], value_set=vocabulary)
    rows = terms.filter(pc.is_valid(place))
    code = np.asarray(place.drop_null(), dtype=np.int64)
    target = np.searchsorted(targets, hour_numbers(rows["hour"]))
    result = []
    for name in COUNTS:
        counts = np.zeros((max(targets.size, 1), max(len(vocabulary), 1)), dtype=np.int64)
        counts[target, code] = np.asarray(rows[name], dtype=np.int64)
        result.append(counts)
    return result


def _live_counts(counts: pa.Table, targets: Integers, vocabulary: pa.Array) -> tuple[Integers, Integers]:
    """Live posts up to the end of each target with each term (targets, terms), and all of them (targets,)."""
    width, size = len(vocabulary), targets.size
    place = np.searchsorted(targets, hour_numbers(counts["hour"]))  # hours beyond the last target count nowhere
    posts = np.asarray(counts["posts"], dtype=np.int64)
    everything = np.asarray(pc.is_null(counts["term"])) & (place < size)
    code = np.asarray(pc.fill_null(pc.index_in(counts["term"], value_set=vocabulary), -1), dtype=np.int64)
    held = (code >= 0) & ~np.asarray(pc.is_null(counts["term"])) & (place < size)
    live = np.zeros((size, max(width, 1)), dtype=np.int64)
    np.add.at(live, (place[held], code[held]), posts[held])
    volumes = np.zeros(size, dtype=np.int64)
    np.add.at(volumes, place[everything], posts[everything])
    return np.cumsum(live, axis=0), np.cumsum(volumes)
