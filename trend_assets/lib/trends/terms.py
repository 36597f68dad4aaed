"""Are a topic's words new? Counts of its telling terms in the last day against weeks of everybody's posts.

What belongs here: the novelty of terms. What doesn't: counts of topics (``expectations``), the decision (``rank``).

A cluster of everyday talk is born and dies like any other, so its own counts make every birth look like a burst; its
words, however, were there before. A trend that builds up over days never bursts against its own recent past; its words
do against the weeks before. Ranking clusters by the burst of their terms is what the first-story literature found to
work (Mathioudakis & Koudas, TwitterMonitor, SIGMOD 2010; Mazoyer et al., LREC 2020).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.trends.bursts import deviance_residual, upper_tail
from trend_assets.lib.trends.history import Floats, Integers, hour_numbers

TERMS = 3
"""Heaviest terms of a topic's centre that are looked at; the strongest decides, paid for by a factor of three (Bonferroni)."""
RECENT_HOURS = 24
PAST_HOURS = 14 * 24
SMALLEST_PAST_HOURS = 24
"""Hours of posts before the last day without which nothing can be called new."""
DISPERSION = 0.15
"""Of daily counts of a term, variance = mean + 0.15 mean^2: words of everyday talk move by some 40 % from day to day."""
WEEK_HOURS = 7 * 24


def term_novelty(topics: pa.Table, posts: pa.Table) -> pa.Table:
    """How new each registry row's words are at its hour.

    topics: rows of ``topics/topics``. posts: ``social/clean_posts`` of their hours and up to 15 days before (columns
    ``created_at``, ``kind``, ``lemmas``, ``hashtags``); reposts are left out. Each term's posts of the last 24 hours are
    compared with its share of the posts of the 14 days before and, where it is higher, of the same day a week ago.

    Returns columns ``hour``, ``topic_id``, ``term`` (null where a topic has none), ``z``, ``p_value``, ``ratio`` (posts over
    expectation), in the order of ``topics``. Complexity: O(tokens + hours x terms + rows).
    """
    centres = topics["centre_terms"].combine_chunks()
    heads = pc.list_slice(centres, 0, TERMS)
    row, term = np.asarray(pc.list_parent_indices(heads), dtype=np.int64), heads.flatten()
    vocabulary = pc.unique(term).drop_null()
    counts, volumes, first = _hourly(posts, vocabulary)
    hour = hour_numbers(topics["hour"])[row] - first
    code = np.asarray(pc.fill_null(pc.index_in(term, value_set=vocabulary), 0), dtype=np.int64)
    z, p_value, ratio = _novelty(counts, volumes, hour, code)
    return strongest_term(topics, row, term, z, p_value, ratio)


def _hourly(posts: pa.Table, vocabulary: pa.Array) -> tuple[Integers, Integers, int]:
    """Posts up to each hour that hold each term, (hours + 1, terms); posts in all, (hours + 1,); number of the first hour."""
    written = posts.filter(pc.not_equal(posts["kind"], "repost")).combine_chunks()
    if not written.num_rows:
        return np.zeros((1, max(len(vocabulary), 1)), dtype=np.int64), np.zeros(1, dtype=np.int64), 0
    hours = hour_numbers(written["created_at"])
    first, span = int(hours.min()), int(hours.max() - hours.min()) + 1
    pairs = []
    for column, prefix in (("lemmas", ""), ("hashtags", "#")):
        lists = written[column].combine_chunks()
        words = lists.flatten() if not prefix else pc.binary_join_element_wise(prefix, lists.flatten(), "")
        code = pc.index_in(words, value_set=vocabulary)
        known = np.asarray(pc.is_valid(code))
        post = np.asarray(pc.list_parent_indices(lists), dtype=np.int64)[known]
        pairs.append(post * len(vocabulary) + np.asarray(code.drop_null(), dtype=np.int64))
    held = np.unique(np.concatenate(pairs))  # a post counts once, however often it says the word
    post, code = np.divmod(held, max(len(vocabulary), 1))
    counts = np.bincount((hours[post] - first) * len(vocabulary) + code, minlength=span * len(vocabulary)).reshape(span, -1)
    volumes = np.bincount(hours - first, minlength=span)
    return (
        np.concatenate([np.zeros((1, counts.shape[1]), dtype=np.int64), np.cumsum(counts, axis=0)]),
        np.concatenate([[0], np.cumsum(volumes)]),
        first,
    )


class TermCounts(NamedTuple):
    """Posts of the last day, of the 14 days before, of the same day a week ago; arrays of one shape."""

    recent: Integers
    past: Integers
    week_ago: Integers


def excess(counts: TermCounts, volumes: TermCounts, known: np.ndarray) -> tuple[Floats, Floats, Floats]:
    """Standardised excess, tail probability and ratio of terms counted (``counts``) among all posts (``volumes``).

    known: where there is a past to compare with; elsewhere nothing is called new. All arrays have one shape.
    """
    share: Floats = np.maximum((counts.past + 0.5) / (volumes.past + 1.0), counts.week_ago / np.maximum(volumes.week_ago, 1))
    expected: Floats = np.asarray(share * volumes.recent, dtype=np.float64)
    size: Floats = np.asarray(1.0 / (DISPERSION + 1.0 / (1.0 + counts.past)), dtype=np.float64)
    z = np.where(known, deviance_residual(counts.recent, expected, size), 0.0)
    p_value = np.where(known, upper_tail(counts.recent, expected, size), 1.0)
    return z, p_value, np.where(known, counts.recent / np.maximum(expected, 0.5), 1.0)


def strongest_term(topics: pa.Table, row: Integers, term: pa.Array, z: Floats, p_value: Floats, ratio: Floats) -> pa.Table:
    """The result of ``term_novelty``: per registry row its most telling term, paid for by the number of terms looked at.

    row, term, z, p_value, ratio: one entry for each term looked at, ``row`` its registry row's number in ``topics``.
    """
    best = np.full(topics.num_rows, -1, dtype=np.int64)
    order = np.lexsort((np.arange(row.size), p_value, row))
    rows, where = np.unique(row[order], return_index=True)
    best[rows] = order[where]
    found, some = best >= 0, np.maximum(best, 0)

    def of_best(values: Floats, otherwise: float) -> pa.Array:
        return pa.array(np.where(found, values[some] if values.size else np.zeros(topics.num_rows), otherwise))

    return pa.table(
        {
            "hour": topics["hour"],
            "topic_id": topics["topic_id"],
            "term": term.take(pa.array(best, pa.int64(), mask=~found)),
            "z": of_best(z, 0.0),
            "p_value": of_best(np.minimum(p_value * TERMS, 1.0), 1.0),
            "ratio": of_best(ratio, 1.0),
        }
    )


def _novelty(counts: Integers, volumes: Integers, hour: Integers, code: Integers) -> tuple[Floats, Floats, Floats]:
    """Standardised excess, tail probability and ratio of each (hour, term), all of shape (n,)."""
    last = len(volumes) - 1
    recent_start = hour + 1 - RECENT_HOURS
    windows = ((recent_start, hour + 1), (recent_start - PAST_HOURS, recent_start), (recent_start - WEEK_HOURS, hour + 1 - WEEK_HOURS))
    bounds = [(np.clip(start, 0, last), np.clip(stop, 0, last)) for start, stop in windows]
    of_term = TermCounts(*(counts[stop, code] - counts[start, code] for start, stop in bounds))
    of_all = TermCounts(*(volumes[stop] - volumes[start] for start, stop in bounds))
    return excess(of_term, of_all, recent_start >= SMALLEST_PAST_HOURS)
