"""Summaries of a table's rows that can be merged: hours into a day, days into a month; what is kept to tell drift when rows are gone.

What belongs here: counting rows into a summary, merging, the form in which a summary is kept. What doesn't: what a change is
(``drift_judged.py``, ``drift.py``), which tables are summarised and where it is stored (``operations/daily_summaries.py``).

Everything in a summary is a count, so merging is adding: associative, commutative, and the hours' sum is the day's summary whatever
the order. Numbers are counted in fixed bins of a quarter of an octave (a relative error of at most 9 %, as in Masson et al., DDSketch,
VLDB 2019), words in fixed buckets by hash. Distinct writers of a word do not add up; of them the five smallest hashes are held while a
day is counted, which is enough to say whether there were five (Bar-Yossef et al., RANDOM 2002), and are not kept.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from heapq import nsmallest
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.quality.drift import LEAST_AUTHORS

KINDS = ("rows", "share", "member", "volume", "number", "word", "words", "gap", "schema", "model")
"""What a count is of: all rows; rows by a column's value, by a member of a list, by value and hour of the day; rows in a bin of
numbers; a word that five people used; words by bucket; minutes that nobody collected; rows by fingerprint of their declaration;
rows by the version of the model that made them."""
BUCKETS = 1 << 16
BINS_PER_OCTAVE = 4
_FURTHEST_BIN = 50 * BINS_PER_OCTAVE
NULL, ZERO, NOT_A_NUMBER = "null", "zero", "not a number"
NAMED_WORDS = 500
"""Commonest words of five or more people that a day keeps by name."""
_HOUR = 3_600_000_000

Key = tuple[str, str, str]
Buckets = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Plan:
    """What is counted of a table's rows. Columns that a table does not have are left out.

    shares: columns of few values; members: list columns of few members; numbers: numeric columns; histograms: numeric columns by
    the value of another, (number, by); volumes: columns by whose value, and the hour of ``time``, rows are counted; words: a list
    column of many members, with the column of who wrote them; models: the column with the version of the model that made the row.
    """

    time: str
    shares: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    histograms: tuple[tuple[str, str], ...] = ()
    volumes: tuple[str, ...] = ()
    words: tuple[str, str] | None = None
    models: str | None = None

    def columns(self, available: Iterable[str]) -> list[str]:
        """The columns that must be read, of those there are."""
        by = [name for pair in self.histograms for name in pair]
        wanted = {self.time, *self.shares, *self.members, *self.numbers, *by, *self.volumes, *(self.words or ()), self.models}
        return [name for name in available if name in wanted]


@dataclass(frozen=True)
class Summary:
    """Counts of rows by (kind, column, category); words by bucket; and, until it is kept, words with who wrote them.

    ``words``: of each word how often, and the five smallest hashes of its writers.
    """

    counts: Mapping[Key, int] = field(default_factory=dict)
    buckets: Buckets | None = None
    words: Mapping[str, tuple[int, tuple[int, ...]]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows counted."""
        return self.counts.get(("rows", "", ""), 0)

    def of(self, kind: str, column: str | None = None) -> dict[str, int]:
        """Counts by category of one kind, of one column where it is named."""
        return {category: count for (one, name, category), count in self.counts.items() if one == kind and column in (None, name)}

    def columns(self, kind: str) -> list[str]:
        """Columns that have counts of this kind."""
        return sorted({name for one, name, _ in self.counts if one == kind})


def merge(first: Summary, second: Summary) -> Summary:
    """The summary of the rows of both."""
    counts = Counter(first.counts)
    counts.update(second.counts)
    if first.buckets is None or second.buckets is None:
        buckets = second.buckets if first.buckets is None else first.buckets
    else:
        buckets = first.buckets + second.buckets
    words = dict(first.words)
    for word, (count, writers) in second.words.items():
        before, known = words.get(word, (0, ()))
        words[word] = (before + count, tuple(nsmallest(LEAST_AUTHORS, {*known, *writers})))
    return Summary(dict(counts), buckets, words)


def merged(summaries: Iterable[Summary]) -> Summary:
    """The summary of the rows of all of them; of none where there is none."""
    return reduce(merge, summaries, Summary())


def summarise(rows: pa.Table, plan: Plan) -> Summary:
    """The summary of rows, by the plan; columns of the plan that the rows lack are left out."""
    present = set(rows.column_names)
    counts: dict[Key, int] = {("rows", "", ""): rows.num_rows} if rows.num_rows else {}
    for kind, column, found in _counted(rows, plan, present):
        counts.update({(kind, column, category): count for category, count in found.items()})
    if plan.words is None or not set(plan.words) <= present:
        return Summary(counts)
    words = _words(rows, *plan.words)
    return Summary(counts, bucketed({word: count for word, (count, _) in words.items()}), words)


def _counted(rows: pa.Table, plan: Plan, present: set[str]) -> Iterator[tuple[str, str, dict[str, int]]]:
    """Kind, column and counts by category of what the plan counts, but words."""
    for name in present.intersection(plan.shares):
        yield "share", name, _by_value(rows[name])
    for name in present.intersection((plan.models,)):
        yield "model", name, _by_value(rows[name])
    for name in present.intersection(plan.members):
        yield "member", name, _by_member(rows[name].combine_chunks())
    for name in present.intersection(plan.numbers):
        yield "number", name, binned(rows[name])
    for name, by in (pair for pair in plan.histograms if present.issuperset(pair)):
        for value in pc.unique(rows[by]).to_pylist():
            chosen = pc.is_null(rows[by]) if value is None else pc.equal(rows[by], value)
            yield "number", f"{name} of {NULL if value is None else value}", tenths(rows.filter(chosen)[name])
    for name in present.intersection(plan.volumes) if plan.time in present else ():
        yield "volume", name, _by_hour(rows, name, plan.time)


def binned(numbers: pa.ChunkedArray) -> dict[str, int]:
    """Numbers by bin: sign and number, ``+n`` (below zero ``-n``) holds those from 2^(n/4) up to 2^((n+1)/4); n may be below zero too."""
    nulls = numbers.null_count
    values = pc.drop_null(numbers).cast(pa.float64()).to_numpy()
    found = {NULL: nulls, ZERO: int((values == 0).sum()), NOT_A_NUMBER: int((~np.isfinite(values)).sum())}
    values = values[np.isfinite(values) & (values != 0)]
    places = np.clip(np.floor(BINS_PER_OCTAVE * np.log2(np.abs(values))), -_FURTHEST_BIN, _FURTHEST_BIN).astype(np.int64)
    for sign, chosen in (("+", values > 0), ("-", values < 0)):
        numbered = np.bincount(places[chosen] + _FURTHEST_BIN)
        found |= {f"{sign}{place - _FURTHEST_BIN}": int(numbered[place]) for place in np.flatnonzero(numbered).tolist()}
    return {category: count for category, count in found.items() if count}


def tenths(probabilities: pa.ChunkedArray) -> dict[str, int]:
    """Probabilities by tenth, ``0.3`` for those from .3 up to .4."""
    values = pc.drop_null(probabilities).cast(pa.float64()).to_numpy()
    places = np.bincount(np.clip(np.floor(values[np.isfinite(values)] * 10), 0, 9).astype(np.int64), minlength=10)
    missing = len(probabilities) - int(places.sum())
    found = {f"{place / 10:.1f}": int(places[place]) for place in np.flatnonzero(places).tolist()}
    return found | ({NULL: missing} if missing else {})


def bucket_of(word: str) -> int:
    """The bucket in which a word is counted."""
    return zlib.crc32(word.encode()) % BUCKETS


def bucketed(counts: Mapping[str, int]) -> Buckets:
    """Words' counts by bucket, shape (BUCKETS,)."""
    buckets = np.zeros(BUCKETS, np.int64)
    np.add.at(buckets, [bucket_of(word) for word in counts], list(counts.values()))
    return buckets


def kept(summary: Summary) -> list[dict[str, Any]]:
    """The rows in which a summary is kept: kind, column, category, count, buckets. Words of fewer than five people have no name in them."""
    rows = [
        {"kind": kind, "column": column, "category": category, "count": count, "buckets": None}
        for (kind, column, category), count in sorted(summary.counts.items())
    ]
    shared = [(-count, word) for word, (count, writers) in summary.words.items() if len(writers) >= LEAST_AUTHORS]
    rows += [
        {"kind": "word", "column": "", "category": word, "count": -count, "buckets": None} for count, word in nsmallest(NAMED_WORDS, shared)
    ]
    if summary.buckets is not None:
        words = int(summary.buckets.sum())
        used = np.flatnonzero(summary.buckets)
        rows.append(
            {"kind": "words", "column": "", "category": "", "count": words, "buckets": (used << 32 | summary.buckets[used]).tolist()}
        )
    return rows


def restored(rows: Sequence[Mapping[str, Any]]) -> Summary:
    """The summary that was kept in these rows; its words are those that were named."""
    counts: Counter[Key] = Counter()
    buckets: Buckets | None = None
    for row in rows:
        if row["kind"] == "words":
            used = np.asarray(row["buckets"], np.int64)
            buckets = np.zeros(BUCKETS, np.int64) if buckets is None else buckets
            np.add.at(buckets, used >> 32, used & 0xFFFFFFFF)
        else:
            counts[(row["kind"], row["column"], row["category"])] += row["count"]
    return Summary(dict(counts), buckets)


def _by_member(lists: pa.ListArray) -> dict[str, int]:
    """Rows by member; a row counts once for a member however often it names it."""
    pairs = pa.table({"row": pc.list_parent_indices(lists), "member": pc.list_flatten(lists)})
    return _by_value(pairs.group_by(["row", "member"], use_threads=False).aggregate([])["member"])


def _by_value(values: pa.ChunkedArray) -> dict[str, int]:
    found: Counter[str] = Counter()
    for row in pc.value_counts(values).to_pylist():
        found[NULL if row["values"] is None else str(row["values"])] += row["counts"]
    return dict(found)


def _by_hour(rows: pa.Table, by: str, time: str) -> dict[str, int]:
    hours = np.asarray(rows[time].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())) // _HOUR % 24
    pairs = pa.table({"by": rows[by], "hour": hours}).group_by(["by", "hour"], use_threads=False).aggregate([([], "count_all")])
    found = zip(*(pairs[name].to_pylist() for name in ("by", "hour", "count_all")), strict=True)
    return {f"{NULL if value is None else value} {hour:02d}:00": count for value, hour, count in found}


def _words(rows: pa.Table, words: str, author: str) -> dict[str, tuple[int, tuple[int, ...]]]:
    """Of each word how often it occurs and the five smallest hashes of its writers."""
    lists = rows[words].combine_chunks()
    found = pc.list_flatten(lists).dictionary_encode()
    writers = rows[author].combine_chunks().dictionary_encode()
    names, people = found.dictionary.to_pylist(), writers.dictionary.to_pylist()
    if not len(found):
        return {}
    word = found.indices.to_numpy(zero_copy_only=False)
    hashes = np.array([zlib.crc32(person.encode()) for person in people], np.int64)
    writer = hashes[writers.indices.to_numpy(zero_copy_only=False)[pc.list_parent_indices(lists).to_numpy()]]
    counts = np.bincount(word, minlength=len(names))
    pairs = np.unique(word.astype(np.int64) << 32 | writer)  # sorted by word, then by hash
    of_pair = pairs >> 32
    first = np.searchsorted(of_pair, np.arange(len(names)))
    ends = np.minimum(np.append(first[1:], len(pairs)), first + LEAST_AUTHORS)
    smallest = (pairs & 0xFFFFFFFF).tolist()
    return {
        name: (count, tuple(smallest[start:end]))
        for name, count, start, end in zip(names, counts.tolist(), first.tolist(), ends.tolist(), strict=True)
    }
