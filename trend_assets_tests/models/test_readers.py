"""A task that reads another task's label: trained, served and judged with what the champion upstream says."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import trend_assets.lib.learning.tasks
from trend_assets.lib.learning import discovery, splits
from trend_assets.lib.learning.contract import Probabilities, Task, faults_of
from trend_assets.lib.learning.discovery import load_task
from trend_assets.models.bundles import Bundles
from trend_assets.models.chain_guard import downstream_effects
from trend_assets.models.evaluation import evaluate_candidate
from trend_assets.models.inputs import Inputs
from trend_assets.models.promotion import promote
from trend_assets.models.serving import bundled, posts_in_scope, predict_hours
from trend_assets.models.training import train_candidate
from trend_assets.models.training_set import NotReadyError, build_training_set, examples
from trend_assets.partitions import hour_key
from trend_assets.tables import TABLES
from trend_assets.tables.models import task_tables
from trend_assets_tests.lib.learning.opinions import opinion_posts
from trend_assets_tests.models.test_training import HOURS, NAME, TASK, Shop

READER = "anger"
KEYS = [hour_key(hour) for hour in HOURS]
FILE = '''
"""Whether a post complains, by its sentiment alone; a task of a test."""
import numpy as np
from trend_assets.lib.learning.contract import Gate, Task

class Anger(Task):
    description = "Whether a post complains"
    labels = ("no", "yes")
    about = "brand"
    features = ("sentiment",)
    depends_on = ("sentiment",)
    gate = Gate(minimum_training=50, minimum_examples=20, over_majority=0.05, language_floor=0.3, calibration=0.5)
    intended_use = "A test."
    limits = "Reads a label."

    def _columns(self, posts):
        said = np.asarray(posts["sentiment"].to_pylist(), dtype=object)
        return np.column_stack([(said == label).astype(float) for label in ("negative", "neutral", "positive")])

    def train(self, examples, options):
        from sklearn.linear_model import LogisticRegression
        return LogisticRegression().fit(self._columns(examples), examples["label"].to_pylist())

    def predict(self, model, posts):
        return model.predict_proba(self._columns(posts)) if posts.num_rows else np.empty((0, 2))

    def train_baseline(self, examples):
        return {"share": np.array([0.5])}

    def predict_baseline(self, model, posts):
        return np.full((posts.num_rows, 2), 0.5)
'''


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose sentiment has a champion, with labels of the reader: who is negative complains, but for one in ten."""
    shop = Shop(tmp_path_factory.mktemp("readers") / "shop")
    shop.folder.mkdir(exist_ok=True)
    posts = opinion_posts(420)
    shop.publish(posts)
    shop.label(posts)
    shop.train()
    turned = np.random.default_rng(5).random(posts.num_rows) < 0.1
    rows = [
        {"network": post["network"], "post_id": post["post_id"], "label": "yes" if (post["sentiment"] == "negative") != wrong else "no"}
        for post, wrong in zip(posts.to_pylist(), turned, strict=True)
    ]
    (shop.folder / "labels" / f"{READER}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return shop.folder


@pytest.fixture
def shop(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / f"{READER}.py").write_text(FILE)
    package = trend_assets.lib.learning.tasks
    shutil.copy(Path(package.__path__[0]) / "sentiment.py", tmp_path / "tasks")
    monkeypatch.setattr(discovery, "TASKS_FOLDER", tmp_path / "tasks")
    monkeypatch.setattr(package, "__path__", [str(tmp_path / "tasks"), *package.__path__])
    monkeypatch.delitem(sys.modules, f"{package.__name__}.{READER}", raising=False)
    for table in task_tables(READER):
        monkeypatch.setitem(TABLES, table.path, table)
    return Shop(Path(shutil.copytree(template, tmp_path / "shop")))


def train(shop: Shop, task: Task) -> str:
    built = build_training_set(task, READER, shop.lake, shop.settings)
    shop.lake.publish(TABLES[f"{READER}/training_set"], {"all": built.rows}, inputs={"all": built.inputs})
    train_candidate(task, READER, shop.lake, shop.tracking, shop.settings)
    rows = evaluate_candidate(task, READER, shop.lake, shop.tracking, shop.settings).rows
    shop.lake.publish(TABLES[f"{READER}/evaluation"], {"all": rows})
    return promote(READER, shop.tracking, shop.settings)[1]


def turned(champion: object) -> object:
    def predict(posts: pa.Table) -> Probabilities:
        found = champion(posts)  # type: ignore[operator]
        return found[:, ::-1].copy()  # what is negative becomes positive

    return predict


def test_a_reader_is_trained_and_served_with_the_label_of_the_champion_upstream(shop: Shop) -> None:
    task = load_task(READER)
    assert faults_of(type(task)) == []
    assert train(shop, task) == "promoted, the first"
    champion = bundled(TASK, NAME, Bundles(shop.settings))[1]
    for split in (splits.TRAIN, splits.EVALUATION):
        rows = examples(task, READER, shop.lake, split, shop.settings)
        said = [TASK.labels[number] for number in champion(rows).argmax(axis=1).tolist()]
        assert rows["sentiment"].to_pylist() == said
        assert len(set(said)) > 1
    served = pa.concat_tables(posts_in_scope(task, shop.lake, shop.settings, KEYS))
    assert served["sentiment"].to_pylist() == [TASK.labels[number] for number in champion(served).argmax(axis=1).tolist()]
    assert predict_hours(task, READER, shop.lake, shop.settings, KEYS).num_rows == served.num_rows
    manifest = json.loads(Bundles(shop.settings).read(READER, Bundles(shop.settings).pointer(READER).bundle)["manifest.json"])
    assert manifest["upstream"]["sentiment"].startswith("version 1, bundle ")


def test_a_run_has_a_learning_curve_by_examples(shop: Shop) -> None:
    run = shop.tracking.by_alias(NAME, "champion").run_id
    points = shop.tracking.client.get_metric_history(run, "curve.macro_f1_by_examples")
    examples_used = [point.step for point in points]
    assert examples_used == sorted(examples_used)
    assert len(points) == 4
    assert points[-1].value > points[0].value
    assert shop.tracking.client.download_artifacts(run, "curves/macro_f1_by_examples.svg")


def test_a_candidate_that_harms_its_reader_is_named_with_the_readers_slices(shop: Shop) -> None:
    train(shop, load_task(READER))
    held = examples(TASK, NAME, shop.lake, splits.EVALUATION, shop.settings)
    champion = bundled(TASK, NAME, Bundles(shop.settings))[1]
    worse, fine = downstream_effects(TASK, NAME, shop.lake, shop.settings, turned(champion), held)
    assert any(one.startswith("anger: all: macro F1 -") for one in worse), worse
    worse, fine = downstream_effects(TASK, NAME, shop.lake, shop.settings, champion, held)
    assert worse == []
    assert any(one.startswith("anger: all: macro F1 +0.000") for one in fine)


def test_without_a_champion_upstream_and_in_a_circle_it_is_said_what_to_do(shop: Shop, tmp_path: Path) -> None:
    task = load_task(READER)
    Bundles(shop.settings).remove(NAME, "champion")
    built = build_training_set(task, READER, shop.lake, shop.settings)
    shop.lake.publish(TABLES[f"{READER}/training_set"], {"all": built.rows}, inputs={"all": built.inputs})
    with pytest.raises(
        NotReadyError, match="sentiment says is read as a feature, and it has no champion: trend-assets models train sentiment"
    ):
        examples(task, READER, shop.lake, splits.TRAIN, shop.settings)
    with pytest.raises(NotReadyError, match="sentiment reads its own label by way of anger, sentiment"):
        _ = Inputs(task, shop.settings, (READER, NAME)).upstream
