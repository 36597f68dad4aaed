"""A task that reads features as known at a moment, from its file to predictions: training, gate and serving get the same values."""

from __future__ import annotations

import json
import shutil
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import trend_assets.lib.learning.tasks
from trend_assets.lake.lake import Lake
from trend_assets.lib.learning import discovery, splits
from trend_assets.lib.learning.contract import Task
from trend_assets.lib.learning.discovery import load_task
from trend_assets.models import features as made
from trend_assets.models.bundles import Bundles
from trend_assets.models.evaluation import evaluate_candidate, leaks_of, verdicts_of
from trend_assets.models.features import features_of_hours
from trend_assets.models.promotion import promote
from trend_assets.models.serving import bundled, posts_in_scope, predict_hours
from trend_assets.models.tracking import Tracking
from trend_assets.models.training import train_candidate
from trend_assets.models.training_set import NotReadyError, build_training_set, examples
from trend_assets.monitoring.queue import features_of
from trend_assets.partitions import hour_key, hours_between
from trend_assets.settings import Settings
from trend_assets.tables import TABLES
from trend_assets.tables.models import task_tables
from trend_assets.tables.point_in_time import POST_FEATURES, POSTS
from trend_assets_tests.lib.learning.opinions import START, opinion_posts

NAME = "long_winded"
HOURS = [hour_key(hour) for hour in hours_between(START, START + timedelta(days=3))]
KNOWN = ("word_count", "author_posts_7d")
FILE = '''
"""Whether a post is long for its author, a task of a test."""
import numpy as np
from trend_assets.lib.learning.contract import Gate, Task

class LongWinded(Task):
    description = "Whether a post is long"
    labels = ("no", "yes")
    features = ("clean_text", "word_count", "author_posts_7d")
    gate = Gate(minimum_training=50, minimum_examples=20, over_majority=0.05, language_floor=0.3, calibration=0.5)
    intended_use = "A test."
    limits = "Counts words."

    def _columns(self, posts):
        return np.column_stack([np.asarray(posts[name], dtype=float) for name in self.features[1:]])

    def train(self, examples, options):
        from sklearn.linear_model import LogisticRegression
        return LogisticRegression().fit(self._columns(examples), examples["label"].to_pylist())

    def predict(self, model, posts):
        return model.predict_proba(self._columns(posts)) if posts.num_rows else np.empty((0, 2))

    def predict_baseline(self, model, posts):
        return np.full((posts.num_rows, 2), 0.5)
'''


class Shop:
    """A data folder with three days of posts, labels of most of them, and the task."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(_env_file=folder / "settings.env", data=str(folder), brands=["Maison Carrel", "maisoncarrel"])
        self.lake = Lake(self.settings.lake_root)
        self.tracking = Tracking(self.settings.tracking_database, self.settings.artifacts_root)

    @property
    def task(self) -> Task:
        return load_task(NAME)

    def fill(self, folder: Path) -> None:
        posts = posts_of_few_hours()
        self.publish(POSTS, posts)
        words = np.array([len(words) for words in posts["tokens"].to_pylist()])
        long = words > np.median(words)
        turned = np.random.default_rng(3).random(500) < 0.2
        rows = [
            {"network": "x", "post_id": post, "label": "yes" if long[number] != turned[number] else "no"}
            for number, post in enumerate(posts["post_id"].to_pylist())
            if number % 5
        ]
        (folder / "labels").mkdir()
        (folder / "labels" / f"{NAME}.jsonl").write_text("\n".join(map(json.dumps, rows)))
        self.tracking.client.search_experiments()

    def publish(self, path: str, rows: pa.Table) -> None:
        table = TABLES[path]
        parts = self.lake.split(table, table.conform(rows), HOURS)
        self.lake.publish(table, {key: part for key, part in parts.items() if part.num_rows})

    def set_up(self) -> None:
        built = build_training_set(self.task, NAME, self.lake, self.settings)
        self.lake.publish(TABLES[f"{NAME}/training_set"], {"all": built.rows}, inputs={"all": built.inputs})

    def sides(self) -> tuple[pa.Table, pa.Table]:
        self.set_up()
        train, held = (examples(self.task, NAME, self.lake, side, self.settings) for side in (splits.TRAIN, splits.EVALUATION))
        return train, held

    def predictions(self) -> pa.Table:
        rows = predict_hours(self.task, NAME, self.lake, self.settings, HOURS)
        assert rows is not None
        return rows.sort_by("post_id")


def posts_of_few_hours() -> pa.Table:
    """Posts of three days, each in one of three hours of its day: there are nine partitions."""
    posts = opinion_posts(500)
    for name in ("created_at", "captured_at"):
        moments = [one.replace(hour=one.hour // 8 * 8) for one in posts[name].to_pylist()]
        at = posts.column_names.index(name)
        posts = posts.set_column(at, name, pa.array(moments, posts.schema.field(name).type))
    return posts.sort_by("created_at")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shops") / "template"
    folder.mkdir()
    (folder / "settings.env").write_text(f"LAKE_START={START:%Y-%m-%dT%H:%M:%S}+00:00\n")
    Shop(folder).fill(folder)
    return folder


@pytest.fixture
def shop(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / f"{NAME}.py").write_text(FILE)
    monkeypatch.setattr(discovery, "TASKS_FOLDER", tmp_path / "tasks")
    package = trend_assets.lib.learning.tasks
    monkeypatch.setattr(package, "__path__", [str(tmp_path / "tasks"), *package.__path__])
    monkeypatch.delitem(sys.modules, f"{package.__name__}.{NAME}", raising=False)
    for table in task_tables(NAME):
        monkeypatch.setitem(TABLES, table.path, table)
    return Shop(Path(shutil.copytree(template, tmp_path / "data")))


def served_rows(shop: Shop) -> pa.Table:
    return features_of_hours(shop.lake, shop.settings, HOURS)


def beside(rows: pa.Table, others: pa.Table, columns: tuple[str, ...]) -> tuple[list[object], list[object]]:
    """Columns of rows, and of the rows of others with the same post."""
    place = pc.index_in(rows["post_id"], value_set=others["post_id"].combine_chunks())
    return rows.select(list(columns)).to_pylist(), others.select(list(columns)).take(place).to_pylist()


def test_a_task_of_known_features_is_trained_gated_promoted_and_served_with_the_same_values(shop: Shop) -> None:
    train, held = shop.sides()
    for rows in (train, held):
        got, wanted = beside(rows, served_rows(shop), KNOWN)
        assert got == wanted
    assert max(train["author_posts_7d"].to_pylist()) >= 2
    version, _ = train_candidate(shop.task, NAME, shop.lake, shop.tracking, shop.settings)
    evaluate_candidate(shop.task, NAME, shop.lake, shop.tracking, shop.settings)
    assert [one for verdict in verdicts_of(NAME, shop.settings) for one in verdict.failed] == []
    promoted, told = promote(NAME, shop.tracking, shop.settings)
    assert (promoted.number, told) == (version.number, "promoted, the first")
    before = shop.predictions()
    champion = bundled(shop.task, NAME, Bundles(shop.settings))
    assert champion is not None
    in_training = champion[1](train).max(axis=1).astype(np.float32).tolist()
    place = pc.index_in(train["post_id"], value_set=before["post_id"].combine_chunks())
    assert before["probability"].take(place).to_pylist() == in_training
    shop.publish(POST_FEATURES.path, served_rows(shop))
    assert shop.predictions().equals(before)


def test_serving_takes_what_was_recorded_and_makes_the_rest(shop: Shop) -> None:
    rows = served_rows(shop)
    at = rows.column_names.index("author_posts_7d")
    shop.publish(POST_FEATURES.path, rows.set_column(at, rows.schema.field(at), pa.array([70] * rows.num_rows, pa.int64())))
    for key in HOURS[30:]:
        if key in shop.lake.partitions(TABLES[POSTS]):
            shop.lake.publish(POST_FEATURES, {key: POST_FEATURES.empty()})
    shown = pa.concat_tables(posts_in_scope(shop.task, shop.lake, shop.settings, HOURS))
    recorded = pc.less(shown["created_at"], pa.scalar(START + timedelta(hours=30), shown["created_at"].type))
    assert set(shown.filter(recorded)["author_posts_7d"].to_pylist()) == {70}
    got, wanted = beside(shown.filter(pc.invert(recorded)), rows, KNOWN)
    assert got == wanted
    queued, _ = features_of(shop.task, shop.lake, shop.settings, HOURS, posts_of_few_hours().slice(490, 5))
    got, wanted = beside(queued, rows, KNOWN)
    assert got == wanted


def test_the_gate_refuses_a_known_feature_that_looks_ahead(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = made.post_features

    def peeking(asked: pa.Table, known: made.Known) -> pa.Table:
        rows = honest(asked, known)
        at = rows.column_names.index("author_posts_7d")
        return rows.set_column(at, rows.schema.field(at), pa.array([known.past.num_rows] * rows.num_rows, pa.int64()))

    assert [leak for leak in leaks_of(shop.task, *shop.sides(), shop.lake, shop.settings) if "made again" in leak] == []
    monkeypatch.setattr(made, "post_features", peeking)
    told = leaks_of(shop.task, *shop.sides(), shop.lake, shop.settings)
    assert any(leak.startswith("future, author_posts_7d: is otherwise when made again") for leak in told)


def test_texts_of_the_owner_have_no_moment_and_are_left_aside_with_the_reason(shop: Shop) -> None:
    folder = Path(shop.settings.data) / "labels" / NAME
    folder.mkdir()
    row = {"text": "a text of the owner's", "language": "en", "label": "yes", "licence_class": "own"}
    (folder / "own.jsonl").write_text(json.dumps(row))
    built = build_training_set(shop.task, NAME, shop.lake, shop.settings)
    reason = "text without author_posts_7d, word_count, which the task reads: only posts of the lake have it"
    assert built.left_aside[reason] == 1
    (Path(shop.settings.data) / "labels" / f"{NAME}.jsonl").unlink()
    with pytest.raises(NotReadyError, match="only posts of the lake have it"):
        build_training_set(shop.task, NAME, shop.lake, shop.settings)


def test_posts_whose_moment_has_no_answer_are_told(shop: Shop) -> None:
    shop.set_up()
    later = shop.settings.model_copy(update={"lake_start": START + timedelta(days=1)})
    with pytest.raises(NotReadyError, match=r"word_count, author_posts_7d cannot be made .* the lake begins at"):
        examples(shop.task, NAME, shop.lake, splits.TRAIN, later)


def test_a_feature_that_there_is_not_is_refused_with_those_there_are(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tasks" / f"{NAME}.py").write_text(FILE.replace('"word_count"', '"words_counted"'))
    monkeypatch.delitem(sys.modules, f"trend_assets.lib.learning.tasks.{NAME}", raising=False)
    with pytest.raises(ValueError, match=r"no feature words_counted; there are .*clean_text.*; known at a moment: .*word_count"):
        load_task(NAME)
