"""Labelled texts of the owner's own files: cleaned as posts are, refused by reason, never on two sides."""

from __future__ import annotations

import json

import numpy as np
import pytest

from trend_assets.lib.learning.label_texts import read_texts
from trend_assets.lib.learning.splits import EVALUATION, LEFT_OUT, TRAIN, split_undated, without_the_known

LABELS, LICENCES = ("negative", "positive"), ("open", "own")


def _lines(*rows: dict[str, object]) -> bytes:
    return "\n".join(map(json.dumps, rows)).encode()


def test_rows_are_cleaned_and_what_cannot_be_used_is_counted_by_reason() -> None:
    good = {"text": "Great &amp; cheap @somebody", "language": "en", "label": "positive", "licence_class": "open"}
    rows, refused = read_texts(
        _lines(
            good,
            good,
            good | {"text": "great & CHEAP!! @other"},
            good | {"text": ""},
            good | {"text": "a", "label": "odd"},
            good | {"text": "b", "licence_class": "x"},
            good | {"text": "c", "created_at": "yesterday"},
            good | {"text": "d", "split": "test"},
            good | {"text": "e", "created_at": "2026-01-01", "author": "me", "language": None},
        ),
        ".jsonl",
        LABELS,
        LICENCES,
    )
    found = {row["clean_text"]: row for row in rows.to_pylist()}
    assert len(found) == 3
    assert "somebody" not in " ".join(found)
    first, copy = (next(row for text, row in found.items() if text.startswith(word)) for word in ("Great &", "great &"))
    assert first["near_duplicate_key"] == copy["near_duplicate_key"]
    assert first["author"] != copy["author"]
    assert (found["e"]["author"], found["e"]["created_at"].year, found["e"]["language"]) == ("me", 2026, "und")
    assert refused == {
        "licence class 'x' may not train this model": 1,
        "no text": 1,
        "split is neither train nor evaluation": 1,
        "the same text again": 1,
        "unknown label 'odd'": 1,
        "unreadable created_at": 1,
    }


def test_a_csv_with_line_breaks_in_texts_is_read_and_one_without_a_column_refused() -> None:
    rows, _ = read_texts(b'text,language,label,licence_class\n"two\nlines",en,positive,own\n', ".csv", LABELS, LICENCES)
    assert rows["clean_text"].to_pylist() == ["two lines"]
    with pytest.raises(ValueError, match="lack the column licence_class"):
        read_texts(b"text,language,label\na,en,positive\n", ".csv", LABELS, LICENCES)


def test_undated_examples_are_split_by_group_and_what_training_knows_is_left_out() -> None:
    groups = [f"author-{number % 300}" for number in range(600)]
    sides = split_undated(groups, 0.3)
    assert (sides[:300] == sides[300:]).all()
    assert 0.2 < (sides == EVALUATION).mean() < 0.4
    assert (split_undated(groups[100:], 0.3) == sides[100:]).all(), "what else there is changes nothing"
    found = without_the_known(np.array([TRAIN, EVALUATION, EVALUATION, EVALUATION]), np.array(["a", "a", "b", "c"]), np.array([1, 2, 1, 3]))
    assert found.tolist() == [TRAIN, LEFT_OUT, LEFT_OUT, EVALUATION]
