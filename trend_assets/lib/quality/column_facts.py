"""Facts that any table has: empty and constant columns, new values, shapes of ids, damaged text, repeated and copied rows.

What belongs here: notes on the columns of one partition, and the facts that follow from comparing them with earlier notes. What
doesn't: facts that need to know what a column means (``retail_facts.py``, ``post_facts.py``), the verdict (``facts.py``).

Notes are small (distinct values of short lists, shapes, hashes of at most ``MOST_CONTENTS`` rows), so weeks of them fit in memory.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.quality.facts import LEAST_PAST, Fault, Level

MOST_CONTENTS = 20_000
"""Rows whose content is remembered: those whose hash is smallest, so that two partitions remember the same ones."""
_BROKEN_TEXT = "|".join(
    (
        "[\u00c2-\u00c5\u00ce-\u00d1\u00d7-\u00db][\u0080-\u009f\u00a1-\u00bf]",
        "\u00e2[\u20ac\u0080-\u009f]",
        "\u00c3[\u00a0\u0192\u2030\u0160]",
        "\ufffd",
        "\\p{L}\\?\\p{Ll}",
    )
)
"""UTF-8 read as Latin-1 or Windows-1252 (two letters for one), the replacement character, a question mark within a word."""
GONE = "that always came and are not there"
"""How facts about values end that did not come."""
LEAST_WEEKDAYS = 2
"""Days of a weekday from which on it is known whether a place is open on it."""
_LEAST_DISTINCT = 3
_LEAST_ROWS = 20
_VANISHED = 20.0
"""Rows of a value that were to be expected where none came: fewer may stay away by chance."""

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Watched:
    """Which columns of a table are looked at for what; ``content``: those that make two rows the same whatever their ids."""

    optional: tuple[str, ...] = ()
    varied: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    content: tuple[str, ...] = ()


@dataclass(frozen=True)
class ColumnNotes:
    """What is remembered of a partition's columns, each by column name."""

    rows: int
    nulls: Mapping[str, int] = field(default_factory=dict)
    distinct: Mapping[str, int] = field(default_factory=dict)
    commonest: Mapping[str, int] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    shapes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    broken_texts: Mapping[str, int] = field(default_factory=dict)
    accents: Mapping[str, int] = field(default_factory=dict)
    repeated: int = 0
    contents: Hashes = field(default_factory=lambda: np.zeros(0, np.uint64))


def note_columns(rows: pa.Table, watched: Watched) -> ColumnNotes:
    """Notes on one partition. O(rows), plus the distinct values of each watched column."""
    distinct, commonest = {}, {}
    for name in watched.varied:
        counts = pc.value_counts(rows[name].combine_chunks()).field("counts")
        distinct[name], commonest[name] = len(counts), int(pc.max(counts).as_py() or 0)
    hashes = content_hashes(rows, watched.content) if watched.content else np.zeros(0, np.uint64)
    unique = np.unique(hashes)
    return ColumnNotes(
        rows=rows.num_rows,
        nulls={name: rows[name].null_count for name in watched.optional},
        distinct=distinct,
        commonest=commonest,
        values={name: counted_values(rows[name]) for name in watched.lists},
        shapes={name: _shape_counts(rows[name]) for name in watched.ids},
        broken_texts={name: _matching(rows[name], broken_text) for name in watched.texts},
        accents={name: _matching(rows[name], _accented) for name in watched.texts},
        repeated=len(hashes) - len(unique),
        contents=unique[:MOST_CONTENTS],
    )


def column_facts(
    newest: ColumnNotes,
    earlier: Sequence[ColumnNotes],
    copies: bool = True,
    alike: Sequence[bool] | None = None,
    unexplained: Mapping[str, Mapping[str, int]] | None = None,
) -> dict[tuple[str, str], Fault | Level]:
    """Facts of the newest notes given earlier ones, oldest first. ``copies``: whether rows of another day are a defect here.

    ``alike``: which of the earlier ones are of the same weekday, where what comes depends on it: what always came then is missed, and
    before there are two of them it only warns. ``unexplained``: values by list column of the rows whose new values nothing explains.
    """
    past = [notes for notes in earlier if notes.rows]
    same = None if alike is None else [notes for notes, is_alike in zip(earlier, alike, strict=True) if is_alike and notes.rows]
    facts: dict[tuple[str, str], Fault | Level] = {}
    if not newest.rows:
        return facts
    for name, nulls in newest.nulls.items():
        facts["empty_columns", name] = Fault(nulls, newest.rows, 0.05, needs_past=True)
    for name in newest.distinct:
        facts.update(_constant(name, newest, past))
    for name, values in newest.values.items():
        before, of_weekday = (None if days is None else [day.values[name] for day in days if name in day.values] for days in (past, same))
        surprising = values if unexplained is None else unexplained.get(name, {})
        facts.update(_values(name, values, surprising, newest.rows, before or [], of_weekday))
    for name, found in newest.shapes.items():
        facts.update(_shapes(name, found, newest.rows, [notes.shapes[name] for notes in past if name in notes.shapes]))
    for name, broken in newest.broken_texts.items():
        facts["text_encoding", f"{name} in another encoding"] = Fault(broken, newest.rows, 0.005)
    for name, accented in newest.accents.items():
        facts.update(_accents(name, accented, newest.rows, past))
    if len(newest.contents):
        facts["repeated_rows", "rows equal to another but for their id"] = Fault(newest.repeated, newest.rows)
    if copies and len(newest.contents) and past:
        shared = max(len(np.intersect1d(newest.contents, notes.contents, assume_unique=True)) for notes in past)
        facts["copied_rows", "rows of one earlier day"] = Fault(shared, len(newest.contents), 0.05, needs_past=True)
    return facts


def content_hashes(rows: pa.Table, columns: Sequence[str]) -> Hashes:
    """A hash of each row's values in ``columns``, shape (rows,): equal for equal rows of any partition. O(rows)."""
    mixed = np.zeros(rows.num_rows, np.uint64)
    for name in columns:
        mixed = (mixed ^ _hashes(rows[name])) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return mixed


def shapes(values: pa.Array) -> pa.Array:
    """Each id with 9 for its digits, A and a for its letters: ``MC-0012`` is ``AA-9999``."""
    text = pc.replace_substring_regex(values, "[0-9]", "9")
    return pc.replace_substring_regex(pc.replace_substring_regex(text, r"\p{Lu}", "A"), r"\p{Ll}", "a")


def broken_text(values: pa.Array) -> pa.Array:
    """Whether each text shows signs of having been read in another encoding than it was written in (null: no)."""
    return pc.fill_null(pc.match_substring_regex(values, _BROKEN_TEXT), False)


def _accented(values: pa.Array) -> pa.Array:
    return pc.match_substring_regex(values, "[\u00c0-\u024f]")


def _matching(values: pa.ChunkedArray, test: Callable[[pa.Array], pa.Array]) -> int:
    """Rows whose value passes the test, which is asked once of each distinct value."""
    counts = pc.value_counts(values.drop_null().combine_chunks())
    return int(pc.sum(counts.field("counts").filter(test(counts.field("values")))).as_py() or 0)


def _shape_counts(values: pa.ChunkedArray) -> dict[str, int]:
    counts = pc.value_counts(values.drop_null().combine_chunks())
    found: Counter[str] = Counter()
    for shape, count in zip(shapes(counts.field("values")).to_pylist(), counts.field("counts").to_pylist(), strict=True):
        found[shape] += count
    return dict(found)


def _hashes(values: pa.ChunkedArray) -> Hashes:
    kind = values.type
    if pa.types.is_integer(kind) or pa.types.is_temporal(kind):
        numbers = pc.fill_null(values.cast(pa.int32()).cast(pa.int64()) if pa.types.is_date(kind) else values.cast(pa.int64()), -1)
        return np.asarray(numbers).astype(np.int64).view(np.uint64) * np.uint64(0xBF58476D1CE4E5B9)
    if pa.types.is_floating(kind):
        return np.ascontiguousarray(np.asarray(pc.fill_null(values, -1.0), dtype=np.float64)).view(np.uint64)
    encoded = pc.fill_null(values, "").combine_chunks().dictionary_encode()
    words = [hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8).digest() for value in encoded.dictionary.to_pylist()]
    return np.frombuffer(b"".join(words), np.uint64)[np.asarray(encoded.indices)] if words else np.zeros(len(values), np.uint64)


def counted_values(values: pa.ChunkedArray) -> dict[str, int]:
    """Rows by value, nulls left out."""
    counts = pc.value_counts(values.drop_null().combine_chunks())
    return dict(zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True))


def _constant(name: str, newest: ColumnNotes, past: Sequence[ColumnNotes]) -> dict[tuple[str, str], Fault | Level]:
    """Rows that hold the commonest value, where the column used to have many."""
    varied = [notes for notes in past if notes.distinct.get(name, 0) >= _LEAST_DISTINCT and notes.rows >= _LEAST_ROWS]
    if newest.rows < _LEAST_ROWS or len(varied) < LEAST_PAST:
        return {}
    usual = max(notes.commonest[name] / notes.rows for notes in varied)
    if usual > 0.8:  # a column that is nearly constant by itself
        return {}
    surplus = newest.commonest[name] - int(usual * newest.rows)
    return {("empty_columns", f"{name} is one value"): Fault(max(surplus, 0), newest.rows, 0.25, needs_past=True)}


def _values(
    name: str,
    values: Mapping[str, int],
    surprising: Mapping[str, int],
    rows: int,
    past: Sequence[Mapping[str, int]],
    same: Sequence[Mapping[str, int]] | None,
) -> dict[tuple[str, str], Fault | Level]:
    """Rows with a value never seen before, and values that always came (on this weekday) and did not."""
    if len(past) < LEAST_PAST:
        return {}
    known = set().union(*past)
    unknown = {value: count for value, count in surprising.items() if value not in known}
    facts: dict[tuple[str, str], Fault | Level] = {
        ("known_values", f"{name} never seen before"): Fault(
            sum(unknown.values()),
            rows,
            0.01,
            needs_past=True,
            example=repr(max(unknown, key=lambda value: (unknown[value], value), default="")),
        )
    }
    certain = same is None or len(same) >= LEAST_WEEKDAYS
    days = same if same is not None and certain else past
    totals = [max(sum(day.values()), 1) for day in days]
    gone = []
    for value in sorted(known - set(values)):
        least = min(day.get(value, 0) / total for day, total in zip(days, totals, strict=True))
        if least * sum(values.values()) >= _VANISHED:
            gone.append(value)
    example = repr(gone[0]) if gone else ""
    facts["known_values", f"{name} {GONE}"] = Fault(rows if gone else 0, rows, example=example, warns=not certain)
    return facts


def _shapes(name: str, found: Mapping[str, int], rows: int, past: Sequence[Mapping[str, int]]) -> dict[tuple[str, str], Fault | Level]:
    """Rows whose id has a shape never seen. A number that has grown by a digit is no new shape: ids count up."""
    if len(past) < LEAST_PAST:
        return {}
    known = set().union(*past)
    strange = {shape: count for shape, count in found.items() if shape not in known and shape.replace("99", "9", 1) not in known}
    example = max(strange, key=lambda shape: (strange[shape], shape), default="")
    return {("id_shapes", name): Fault(sum(strange.values()), rows, 0.01, needs_past=True, example=example)}


def _accents(name: str, accented: int, rows: int, past: Sequence[ColumnNotes]) -> dict[tuple[str, str], Fault | Level]:
    """Share of texts with letters beyond A to Z; where a source has them, it does not lose them from one day to the next."""
    usual = [notes.accents[name] / notes.rows for notes in past if notes.rows >= _LEAST_ROWS and name in notes.accents]
    if rows < _LEAST_ROWS or len(usual) < LEAST_PAST or np.median(usual) < 0.05:
        return {}
    least = sorted(usual)[1]
    lost = max(round(least * rows) - accented, 0)
    return {("text_encoding", f"{name} without their accents"): Fault(lost, round(least * rows), 0.3, needs_past=True)}
