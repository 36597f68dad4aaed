"""Whether examples tell a model what it could not know when it is asked: leaks.

What belongs here: what is handed over, the families of leaks, rules that need no statistics, and the order in which all are asked. What
doesn't: the statistical rules (``leaks_values.py``, ``leaks_encodings.py``, ``leaks_texts.py``, ``leaks_copies.py``), what a refusal does
(the gate), how features are made so that they cannot leak (``point_in_time.py``).

The families follow Kaufman, Rosset and Perlich, *Leakage in Data Mining* (2012), and Kapoor and Narayanan, *Leakage and the
Reproducibility Crisis* (2023). Two kinds of rules: *exact* ones compare times, names and rows, and where features can be made again as
of each row's moment (``recomputed``) they find whatever differs; *statistical* ones look at values alone and refuse what chance and
honest features hardly ever show. ``benchmarks/leaks.py`` says how many planted leaks are refused and how many clean sets are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Family = Literal["final_counts", "future", "label", "time_in_id", "target_encoding", "duplicates"]
FAMILIES: tuple[Family, ...] = ("final_counts", "future", "label", "time_in_id", "target_encoding", "duplicates")
COUNTS = ("repost_count", "reply_count", "like_count", "quote_count", "view_count")
"""Columns of ``social/raw_posts`` that the newest version of a post overwrites: at training time they are those of the end."""


@dataclass(frozen=True)
class Leak:
    """One thing that examples give away. ``feature``: the column, or what stands for it; ``evidence``: a sentence with figures."""

    family: Family
    feature: str
    evidence: str
    rows: int

    def __str__(self) -> str:
        return f"{self.feature}: {self.evidence} ({self.family.replace('_', ' ')}, {self.rows:,} rows)"


def leaks_in(
    training: pa.Table,
    evaluation: pa.Table,
    features: Sequence[str],
    *,
    label: str = "label",
    time: str = "created_at",
    author: str = "author",
    identity: Sequence[str] = ("network", "post_id"),
    copies: str = "near_duplicate_key",
    feature_times: Mapping[str, str] | None = None,
    label_time: str | None = None,
    later: Sequence[str] = (),
    recomputed: tuple[pa.Table, pa.Table] | None = None,
    accepted: Mapping[str, str] | None = None,
) -> list[Leak]:
    """What the examples give away of labels, of the future or of the evaluation; empty where nothing is found.

    training, evaluation: one row an example, with the label, the features and, where there are any, the columns named below; a rule
    whose column is missing or null asks nothing. features: columns that the model sees, numbers, times, categories, texts or lists of
    words. time: the moment of the prediction. author, identity, copies: who wrote it, what names it, equal for near-copies.
    feature_times: for a feature the column with the newest moment that it rests on. label_time: column with the moment from which
    labels are known by themselves (sales, answers), not when a person wrote them down. later: columns that are known only after the
    prediction (final counts, sales of the next week) and that no feature may tell. recomputed: the features of the same rows, made again
    as known at each row's moment. accepted: ``family:feature`` to the reason why a person accepts it.

    Deterministic. Raises ``ValueError`` where a feature or the label is missing from either table.
    """
    from trend_assets.lib.learning.leaks_copies import copies_across
    from trend_assets.lib.learning.leaks_encodings import encoded_targets
    from trend_assets.lib.learning.leaks_texts import labels_in_text
    from trend_assets.lib.learning.leaks_values import columns_that_tell

    for name in (label, *features):
        for side, rows in (("training", training), ("evaluation", evaluation)):
            if name not in rows.column_names:
                raise ValueError(f"{side} examples have no column {name!r}; there are {', '.join(rows.column_names)}")
    sides = Sides(training, evaluation, tuple(features), label, time, author, tuple(identity), copies, tuple(later))
    found: list[Leak] = []
    found += _named_after_outcomes(sides)
    found += _from_the_future(sides, feature_times or {}, label_time)
    found += _otherwise_when_recomputed(sides, recomputed)
    if training.num_rows and evaluation.num_rows:
        for rule in (columns_that_tell, encoded_targets, labels_in_text, copies_across):
            found += rule(sides)
    waved, said = accepted or {}, {leak.feature for leak in found if leak.family == "label"}
    found = [leak for leak in found if leak.family != "target_encoding" or leak.feature not in said]
    kept = [leak for leak in found if f"{leak.family}:{leak.feature}" not in waved]
    return sorted(kept, key=lambda leak: (FAMILIES.index(leak.family), leak.feature, leak.evidence))


@dataclass(frozen=True)
class Sides:
    """What every rule looks at: both sides of a split and the names of columns; see ``leaks_in``."""

    training: pa.Table
    evaluation: pa.Table
    features: tuple[str, ...]
    label: str
    time: str
    author: str
    identity: tuple[str, ...]
    copies: str
    later: tuple[str, ...]

    @property
    def both(self) -> Iterator[tuple[str, pa.Table]]:
        """Name and rows of each side."""
        yield "training", self.training
        yield "evaluation", self.evaluation

    def has(self, name: str) -> bool:
        """Whether both sides have the column."""
        return name in self.training.column_names and name in self.evaluation.column_names

    def columns(self, name: str) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
        """The column of each side."""
        return self.training[name], self.evaluation[name]

    def labels(self) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """Codes of the labels, (training rows,) and (evaluation rows,), and their names in order."""
        texts = [[str(one) for one in column.to_pylist()] for column in self.columns(self.label)]
        names = sorted(set(texts[0]) | set(texts[1]))
        code = {name: number for number, name in enumerate(names)}
        first, second = (np.array([code[one] for one in side], dtype=np.int64) for side in texts)
        return first, second, names

    @property
    def others(self) -> tuple[str, ...]:
        """Columns that are neither features nor label, time or later columns: what rows may be grouped by."""
        known = {self.label, self.time, *self.features, *self.later}
        return tuple(name for name in self.training.column_names if name not in known and self.has(name))


def family_of(column: str) -> Family:
    """Family of a leak of a later column: counts of engagement, or anything else of the future."""
    counted = column in COUNTS or any(word in column for word in ("count", "likes", "reposts", "replies", "views", "engagement"))
    return "final_counts" if counted else "future"


def is_text(column: pa.ChunkedArray) -> bool:
    """Whether a feature is read as text: lists of words, and strings with three words or more in at least half of the rows."""
    kind = column.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.types.is_string(kind.value_type) or pa.types.is_large_string(kind.value_type)
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return False
    words = pc.add(pc.count_substring(pc.utf8_trim_whitespace(column), " "), 1)
    return bool((pc.mean(pc.cast(pc.greater_equal(words, 3), pa.int8())).as_py() or 0) >= 0.5)


def texts_of(column: pa.ChunkedArray) -> list[str]:
    """The texts of a text column, nulls as empty ones; words of lists joined by spaces."""
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        return [" ".join(word for word in one or () if word is not None) for one in column.to_pylist()]
    return [one or "" for one in column.to_pylist()]


def as_numbers(column: pa.ChunkedArray) -> np.ndarray | None:
    """A column as floats (n,), NaN for null: numbers, booleans, and times in microseconds; ``None`` for any other type."""
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        column = pc.cast(pc.cast(column, pa.timestamp("us", tz=getattr(kind, "tz", None))), pa.int64())
    elif pa.types.is_duration(kind):
        column = pc.cast(column, pa.int64())
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind) or pa.types.is_decimal(kind)):
        return None
    return np.asarray(pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)


def _named_after_outcomes(sides: Sides) -> list[Leak]:
    rows = sides.training.num_rows + sides.evaluation.num_rows
    found = []
    for name in sides.features:
        if name == sides.label:
            found.append(Leak("label", name, "is the label itself", rows))
        elif name in sides.later:
            found.append(Leak(family_of(name), name, "is known only after the prediction", rows))
        elif name in COUNTS:
            found.append(Leak("final_counts", name, "is overwritten as the post ages: use the count as known at the moment", rows))
    return found


def _from_the_future(sides: Sides, feature_times: Mapping[str, str], label_time: str | None) -> list[Leak]:
    """Rules on times: what a feature rests on, when labels are known, on which side of the split rows lie."""
    if not sides.has(sides.time):
        return []
    found: list[Leak] = []
    for name, column in feature_times.items():
        for side, rows in sides.both:
            if column in rows.column_names:
                late = _count(pc.greater(rows[column], rows[sides.time]))
                if late:
                    found.append(Leak("future", name, f"rests on what came after the moment of the prediction in {side} rows", late))
    first = pc.min(sides.evaluation[sides.time]).as_py()
    if first is None:
        return found
    late = _count(pc.greater_equal(sides.training[sides.time], pa.scalar(first, sides.training.schema.field(sides.time).type)))
    if late:
        found.append(Leak("future", sides.time, f"training rows at or after the first evaluation row ({first})", late))
    if label_time and label_time in sides.training.column_names:
        known = sides.training[label_time]
        late = _count(pc.greater(known, pa.scalar(first, known.type)))
        if late:
            found.append(
                Leak("future", label_time, f"labels of training rows that were not known yet at the first evaluation row ({first})", late)
            )
    return found


def _otherwise_when_recomputed(sides: Sides, recomputed: tuple[pa.Table, pa.Table] | None) -> list[Leak]:
    if recomputed is None:
        return []
    found = []
    for (side, rows), again in zip(sides.both, recomputed, strict=True):
        for name in sides.features:
            if name in again.column_names:
                differ = differences(rows[name], again[name])
                if differ.size:
                    told = f"is otherwise when made again as known at the moment of each {side} row, first in row {int(differ[0])}"
                    found.append(Leak("future", name, told, int(differ.size)))
    return found


def differences(first: pa.ChunkedArray | pa.Array, second: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """Places (k,) at which two columns differ; null equals null and NaN equals NaN. Raises ``ValueError`` for unequal lengths."""
    if len(first) != len(second):
        raise ValueError(f"{len(first)} rows against {len(second)}")
    left, right = first.to_pylist(), second.to_pylist()
    return np.array([place for place, pair in enumerate(zip(left, right, strict=True)) if not _equal(*pair)], dtype=np.int64)


def _equal(first: Any, second: Any) -> bool:
    return bool(first == second or (first != first and second != second))


def _count(mask: pa.ChunkedArray) -> int:
    return int(pc.sum(pc.cast(mask, pa.int64())).as_py() or 0)
