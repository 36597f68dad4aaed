"""Labels of people: what is kept, which holds, versions, agreement, and that two at once lose nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from trend_assets.lake.lake import Lake
from trend_assets.lib.learning.labels import _SCHEMA, Labels
from trend_assets.monitoring.labels import (
    ALREADY,
    OTHERWISE,
    Answer,
    UnknownVersionError,
    add,
    agreement_of,
    opinions,
    read,
    version_of,
    with_hand_labels,
)

TASK = "sentiment"
ALLOWED = ("negative", "neutral", "positive")
NOON = datetime(2026, 9, 5, 12, tzinfo=UTC)


def post(number: int, **more: Any) -> dict[str, Any]:
    return {"network": "x", "post_id": str(number), "created_at": NOON - timedelta(days=1), "language": "en", **more}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path))


def say(lake: Lake, labels: dict[int, str], who: str, minutes: int = 0, **more: Any) -> list[str | None]:
    answers = [Answer(post(number), label) for number, label in labels.items()]
    return add(lake, TASK, answers, who, "file", NOON + timedelta(minutes=minutes), **more)


def test_an_answer_is_kept_with_who_when_and_why_it_was_asked(lake: Lake) -> None:
    chosen = post(1, reason="random", sampling_probability=0.25)
    assert add(lake, TASK, [Answer(chosen, "positive")], "  Ada \n L ", "board", NOON) == [None]
    [row] = read(lake, TASK).to_pylist()
    assert (row["labeller"], row["label"], row["reason"], row["sampling_probability"]) == ("Ada L", "positive", "random", 0.25)
    assert row["labelled_at"] == NOON
    assert "text" not in row


def test_who_labels_must_be_said(lake: Lake) -> None:
    with pytest.raises(ValueError, match="who labels"):
        say(lake, {1: "positive"}, " \n")
    assert read(lake, TASK).num_rows == 0


def test_the_same_answer_twice_is_refused_and_another_one_only_as_a_correction(lake: Lake) -> None:
    assert say(lake, {1: "positive", 2: "neutral"}, "ada") == [None, None]
    assert say(lake, {1: "positive", 2: "negative", 3: "neutral"}, "ada", 1) == [ALREADY, OTHERWISE, None]
    assert say(lake, {2: "negative"}, "ada", 2, correct=True) == [None]
    assert read(lake, TASK).num_rows == 4, "nothing is ever changed"
    assert opinions(read(lake, TASK))["x", "2"].label == "negative"


def test_the_label_that_most_gave_holds_and_a_tie_is_nobodys(lake: Lake) -> None:
    say(lake, {1: "positive", 2: "positive"}, "ada")
    say(lake, {1: "negative", 2: "negative"}, "bob", 1)
    assert opinions(read(lake, TASK))["x", "1"].label is None
    say(lake, {1: "negative"}, "cy", 2)
    found = opinions(read(lake, TASK))
    assert (found["x", "1"].label, found["x", "1"].labellers, found["x", "1"].differ) == ("negative", 3, True)
    assert found["x", "2"].label is None


def test_training_reads_file_and_people_together_and_people_replace_the_file(lake: Lake) -> None:
    rows = [{"network": "x", "post_id": str(number), "label": "neutral", "labelled_at": None} for number in (1, 2, 9)]
    of_file = Labels(pa.Table.from_pylist(rows, schema=_SCHEMA), {"no label": 1})
    assert with_hand_labels(of_file, TASK, lake, ALLOWED) == (of_file, {})
    say(lake, {1: "positive", 2: "positive", 3: "negative", 4: "gone"}, "ada")
    say(lake, {2: "negative"}, "bob", 1)
    found, inputs = with_hand_labels(of_file, TASK, lake, ALLOWED)
    assert {row["post_id"]: row["label"] for row in found.rows.to_pylist()} == {"1": "positive", "3": "negative", "9": "neutral"}
    assert found.refused == {"labellers differ, as many one way as the other": 1, "no label": 1, "unknown label 'gone'": 1}
    assert inputs == {"sentiment/hand_labels": version_of(read(lake, TASK))}


def test_each_state_has_a_version_by_which_it_can_be_had_again(lake: Lake) -> None:
    versions = [version_of(read(lake, TASK))]
    for number in range(3):
        say(lake, {number: "positive"}, "ada", number)
        versions.append(version_of(read(lake, TASK)))
    assert len(set(versions)) == 4
    assert [read(lake, TASK, version).num_rows for version in versions] == [0, 1, 2, 3]
    with pytest.raises(UnknownVersionError, match="never had version 0000"):
        read(lake, TASK, "000000000000")


def test_agreement_takes_the_latest_answer_of_each_person(lake: Lake) -> None:
    say(lake, {number: ALLOWED[number % 3] for number in range(12)}, "ada")
    say(lake, {number: ALLOWED[(number + (number == 5)) % 3] for number in range(12)}, "bob", 1)
    before = agreement_of(read(lake, TASK))["all"]
    say(lake, {5: ALLOWED[2]}, "bob", 2, correct=True)
    after = agreement_of(read(lake, TASK))
    assert before.alpha is not None
    assert before.alpha < 1.0
    assert after["all"].alpha == 1.0
    assert after["en"].items == 12


def test_people_at_once_lose_nothing(lake: Lake) -> None:
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda number: say(lake, {number: "positive"}, f"p{number % 4}", number), range(24)))
    assert told == [[None]] * 24
    assert read(lake, TASK).num_rows == 24


def test_a_version_can_be_had_again_after_an_answer_whose_clock_was_behind(lake: Lake) -> None:
    say(lake, {1: "positive"}, "ann")
    say(lake, {2: "negative"}, "ann", minutes=3)
    version = version_of(read(lake, TASK))
    say(lake, {3: "neutral"}, "ben", minutes=2)
    assert read(lake, TASK, version)["post_id"].to_pylist() == ["1", "2"]
    assert read(lake, TASK)["post_id"].to_pylist() == ["1", "2", "3"], "what came last is last"
