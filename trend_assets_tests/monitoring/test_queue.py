"""The queue over a real lake and a real champion: what models are unsure of, and what they were taught by the labels that came back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from trend_assets.models.training_set import build_training_set
from trend_assets.monitoring.labels import Answer, add, read, version_of
from trend_assets.monitoring.queue import build_queue
from trend_assets_tests.lib.learning.opinions import opinion_posts
from trend_assets_tests.models.test_training import NAME, TASK, Shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop whose champion learned from two thirds of the posts."""
    folder = tmp_path_factory.mktemp("queue") / "shop"
    folder.mkdir()
    made, posts = Shop(folder), opinion_posts(420)
    made.publish(posts)
    made.label(posts.slice(0, 300))
    made.train()
    return made


def test_the_queue_asks_about_what_the_champion_is_unsure_of_and_some_at_random(shop: Shop) -> None:
    built = build_queue(TASK, NAME, shop.lake, shop.tracking, shop.settings, size=40)
    rows = built.rows.sort_by("rank").to_pylist()
    assert {row["reason"] for row in rows} <= {"disagreed", "uncertain", "random"}
    unsure = [row for row in rows if row["reason"] == "uncertain"]
    drawn = [row for row in rows if row["reason"] == "random"]
    assert unsure
    assert drawn
    assert sum(row["margin"] for row in unsure) / len(unsure) < sum(row["margin"] for row in drawn) / len(drawn)
    assert all((row["sampling_probability"] is not None) == (row["reason"] == "random") for row in rows)
    assert all(row["label"] is None or row["label"] in TASK.labels for row in rows)
    assert "other_label" in built.rows.column_names
    of_file = {str(10_000 + number) for number in range(300)}
    assert not of_file & {row["post_id"] for row in rows}


def test_labels_of_people_train_beside_the_file_and_the_manifest_names_their_version(shop: Shop, tmp_path: Path) -> None:
    before = build_training_set(TASK, NAME, shop.lake, shop.settings)
    queue = build_queue(TASK, NAME, shop.lake, shop.tracking, shop.settings, size=20).rows.to_pylist()
    add(shop.lake, NAME, [Answer(post, "negative") for post in queue], "ada", "file", datetime.now(UTC))
    after = build_training_set(TASK, NAME, shop.lake, shop.settings)
    assert after.rows.num_rows == before.rows.num_rows + len(queue)
    assert after.inputs["sentiment/hand_labels"] == version_of(read(shop.lake, NAME))
    (shop.folder / "labels" / "sentiment.jsonl").rename(tmp_path / "kept")
    alone = build_training_set(TASK, NAME, shop.lake, shop.settings)
    (tmp_path / "kept").rename(shop.folder / "labels" / "sentiment.jsonl")
    assert alone.rows.num_rows == len(queue)
    assert set(pa.Table.from_pylist(alone.rows.to_pylist())["label"].to_pylist()) == {"negative"}
