"""What a run records beside its model: surroundings, event files, curves, and which models it rests on."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from tensorboardX.proto.event_pb2 import Event

from trend_assets.lib.learning.discovery import load_task
from trend_assets.lib.learning.picture import curve_svg
from trend_assets.models.record import as_json, code_hash, code_hash_of, environment, tensorboard_files
from trend_assets.models.upstream import upstream_versions
from trend_assets.settings import Settings


def test_surroundings_name_python_packages_lock_and_commit() -> None:
    found = environment()
    assert {"python", "platform", "commit", "lock_file", "packages"} <= set(found)
    assert "numpy" in found["packages"]
    assert as_json({"b": 1, "a": 2}) == as_json({"a": 2, "b": 1})
    assert json.loads(as_json({"é": 1})) == {"é": 1}


def test_tasks_have_hashes_of_their_own() -> None:
    assert code_hash("sentiment") == code_hash("sentiment")
    assert code_hash("sentiment") != code_hash("complaint_reason")
    assert code_hash_of(("lib/topics",)) != code_hash_of(("lib/demand",))


def test_curves_are_event_files_that_hold_every_point() -> None:
    assert tensorboard_files({}) == {}
    ((path, data),) = tensorboard_files({"loss": [(0, 1.5), (1, 0.5)]}).items()
    assert path.startswith("tensorboard/events.out.tfevents")
    # a record: length (8 bytes), its checksum (4), the event, its checksum (4)
    points, place = [], 0
    while place < len(data):
        length = int.from_bytes(data[place : place + 8], "little")
        event = Event.FromString(data[place + 12 : place + 12 + length])
        points += [(event.step, one.simple_value) for one in event.summary.value if one.tag == "loss"]
        place += 16 + length
    assert points == [(0, 1.5), (1, 0.5)]


@pytest.mark.parametrize("points", [[], [(0, 0.5)], [(0, 1.0), (1, float("nan")), (2, 0.2)]])
def test_a_curve_is_drawn_also_of_few_points(points: list[tuple[int, float]]) -> None:
    drawn = curve_svg(points, "loss <of> it", "step")
    assert drawn.startswith("<svg")
    assert "loss &lt;of&gt; it" in drawn
    assert "nan" not in drawn


def test_a_task_that_reads_another_names_it_and_what_that_reads(tmp_path: Path) -> None:
    found = upstream_versions(load_task("complaint_reason"), Settings(data=str(tmp_path)))
    assert set(found) == {"language", "sentiment"}
    assert found["sentiment"] == "no champion"


def test_constant_features_are_refused_with_a_reason() -> None:
    task = load_task("sentiment")
    rows = {name: pa.array(["the same"] * 60) for name in (*task.features, "author")}
    examples = pa.table(rows | {"label": pa.array([task.labels[number % 3] for number in range(60)])})
    with pytest.raises(ValueError, match="all 60 texts of the training split are the same: nothing can be learnt"):
        task.train_baseline(examples)
