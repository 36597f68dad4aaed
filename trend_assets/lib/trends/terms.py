"""Are a topic's words new? Counts of its telling terms in the last day against weeks of everybody's posts.

What belongs here: the novelty of terms. What doesn't: counts of topics (``expectations``), the decision (``rank``).

A cluster of everyday talk is born and dies like any other, so its own counts make every birth look like a burst; its
words, however, were there before. A trend that builds up over days never bursts against its own recent past; its words
do against the weeks before. Ranking clusters by the burst of their terms is what the first-story literature found to
work (Mathioudakis & Koudas, TwitterMonitor, SIGMOD 2010; Mazoyer et al., LREC 2020).
"""

from __future__ import annotations

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
    best = np.full(topics.num_rows, -1, dtype=np.int64)
    order = np.lexsort((np.arange(row.size), p_value, row))
    rows, where = np.unique(row[order], return_index=True)
    best[rows] = order[where]
    found, some = best >= 0, np.maximum(best, 0)
    nothing = np.zeros(topics.num_rows)

    def of_best(values: Floats, otherwise: float) -> pa.Array:
        return pa.array(np.where(found, values[some] if values.size else nothing, otherwise))

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


def _novelty(counts: Integers, volumes: Integers, hour: Integers, code: Integers) -> tuple[Floats, Floats, Floats]:
    """Standardised excess, tail probability and ratio of each (hour, term), all of shape (n,)."""
    last = len(volumes) - 1

    def between(start: Integers, stop: Integers) -> tuple[Integers, Integers]:
        start, stop = np.clip(start, 0, last), np.clip(stop, 0, last)
        return counts[stop, code] - counts[start, code], volumes[stop] - volumes[start]

    recent_start = hour + 1 - RECENT_HOURS
    recent, recent_volume = between(recent_start, hour + 1)
    past, past_volume = between(recent_start - PAST_HOURS, recent_start)
    week_ago, week_ago_volume = between(recent_start - WEEK_HOURS, hour + 1 - WEEK_HOURS)
    share: Floats = (past + 0.5) / (past_volume + 1.0)
    share = np.maximum(share, week_ago / np.maximum(week_ago_volume, 1))
    expected: Floats = np.asarray(share * recent_volume, dtype=np.float64)
    size: Floats = np.asarray(1.0 / (DISPERSION + 1.0 / (1.0 + past)), dtype=np.float64)
    known = recent_start >= SMALLEST_PAST_HOURS
    z = np.where(known, deviance_residual(recent, expected, size), 0.0)
    p_value = np.where(known, upper_tail(recent, expected, size), 1.0)
    return z, p_value, np.where(known, recent / np.maximum(expected, 0.5), 1.0)
