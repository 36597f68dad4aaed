"""Summaries: merging hours is summarising the day, whatever the order; nothing that names a person or a rare word is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trend_assets.lib.quality.drift_summaries import (
    BUCKETS,
    NULL,
    Plan,
    Summary,
    binned,
    bucket_of,
    kept,
    merge,
    merged,
    restored,
    summarise,
    tenths,
)

START = datetime(2026, 9, 1, tzinfo=UTC)
PLAN = Plan(
    time="created_at",
    shares=("language",),
    members=("rules",),
    numbers=("length",),
    histograms=(("probability", "language"),),
    volumes=("network",),
    words=("tokens", "author"),
    models="version",
)
SCHEMA = pa.schema(
    [
        ("created_at", pa.timestamp("us", tz="UTC")),
        ("network", pa.string()),
        ("language", pa.string()),
        ("rules", pa.list_(pa.string())),
        ("length", pa.float64()),
        ("probability", pa.float32()),
        ("tokens", pa.list_(pa.string())),
        ("author", pa.string()),
        ("version", pa.int64()),
    ]
)
ROW = st.fixed_dictionaries(
    {
        "created_at": st.integers(0, 86_399).map(lambda second: START + timedelta(seconds=second)),
        "network": st.sampled_from(["x", "bluesky"]),
        "language": st.sampled_from(["en", "fr", None]),
        "rules": st.lists(st.sampled_from(["brand", "rival"]), max_size=3),
        "length": st.one_of(st.none(), st.just(0.0), st.just(float("nan")), st.floats(-1e12, 1e12)),
        "probability": st.one_of(st.none(), st.floats(0, 1, width=32)),
        "tokens": st.lists(st.sampled_from(["red", "dress", "soldes", "été"]), max_size=5),
        "author": st.sampled_from([f"author-{number}" for number in range(8)]),
        "version": st.sampled_from([1, 2, None]),
    }
)


def _same(first: Summary, second: Summary) -> bool:
    if (first.buckets is None) != (second.buckets is None):
        return False
    buckets = first.buckets is None or bool((first.buckets == second.buckets).all())
    return dict(first.counts) == dict(second.counts) and dict(first.words) == dict(second.words) and buckets


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(ROW, max_size=40), cuts=st.lists(st.integers(0, 40), max_size=4), seed=st.integers(0, 99))
def test_merging_parts_in_any_order_and_grouping_is_summarising_the_whole(rows, cuts, seed):
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    edges = [0, *sorted(cuts), len(rows)]
    parts = [summarise(table.slice(start, max(end - start, 0)), PLAN) for start, end in pairwise(edges)]
    whole = merge(Summary(), summarise(table, PLAN))
    assert _same(merged(parts), whole)
    shuffled = [parts[number] for number in np.random.default_rng(seed).permutation(len(parts))]
    assert _same(merged(shuffled), whole)  # commutative
    assert _same(reduce(lambda later, earlier: merge(earlier, later), reversed(parts), Summary()), whole)  # associative
    assert _same(merge(whole, Summary()), whole)


def test_every_row_is_counted_once_in_each_column():
    rng = np.random.default_rng(1)
    numbers = pa.chunked_array([[None, 0.0, float("inf"), -3.0, *np.exp(rng.normal(0, 5, 500)).tolist()]])
    found = binned(numbers)
    assert sum(found.values()) == 504
    assert (found[NULL], found["zero"], found["not a number"], found["-6"]) == (1, 1, 1, 1)  # 3 is in [2^(6/4), 2^(7/4))
    assert tenths(pa.chunked_array([[0.0, 0.05, 1.0, None]])) == {"0.0": 2, "0.9": 1, NULL: 1}


def _posts(writers: int) -> pa.Table:
    rows = [
        {"created_at": START, "network": "x", "language": "en", "tokens": ["secretword", "dress"], "author": f"author-{number % writers}"}
        for number in range(20)
    ]
    others = [f"other-{number}" for number in range(9)]
    rows += [{"created_at": START, "network": "x", "language": "en", "tokens": ["dress"], "author": author} for author in others]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


@pytest.mark.parametrize(("writers", "named"), [(4, False), (5, True)])
def test_a_word_is_kept_by_name_only_where_five_people_used_it_in_the_day(writers, named):
    # in parts of a few posts, none of which has five writers of it
    table = _posts(writers)
    whole = merged(summarise(table.slice(start, 3), PLAN) for start in range(0, table.num_rows, 3))
    rows = kept(whole)
    assert ("secretword" in str(rows)) is named
    assert "author-" not in str(rows)
    back = restored(rows)
    assert back.of("word").get("dress") == 29
    assert back.buckets is not None
    assert back.buckets[bucket_of("secretword")] >= 20  # counted, whoever wrote it
    assert back.buckets.shape == (BUCKETS,)


def test_what_is_kept_comes_back_and_merges_as_before():
    first, second = summarise(_posts(6), PLAN), summarise(_posts(7), PLAN)
    days = merge(restored(kept(first)), restored(kept(second)))
    assert {key: count for key, count in days.counts.items() if key[0] != "word"} == merge(first, second).counts
    assert (days.buckets == merge(first, second).buckets).all()


def test_a_table_without_a_columns_is_summarised_by_those_it_has():
    table = _posts(5).select(["created_at", "network"])
    found = summarise(table, PLAN)
    assert found.of("volume") == {"x 00:00": 29}
    assert found.columns("share") == []
    assert summarise(table.slice(0, 0), PLAN).rows == 0
