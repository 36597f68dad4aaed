"""From labels to champion and back over a real tracking store: gate, promotion, rollback, and what happens to a moved folder."""

from __future__ import annotations

import io
import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from typer.testing import CliRunner

from trend_assets.cli import app
from trend_assets.commands.terminal import console
from trend_assets.defs.models.checks import gate_check
from trend_assets.lake.lake import Lake
from trend_assets.lib.learning.contract import Gate, Probabilities
from trend_assets.lib.learning.discovery import load_task
from trend_assets.lib.learning.tasks.sentiment import Sentiment
from trend_assets.models.evaluation import evaluate_candidate, verdicts_of
from trend_assets.models.promotion import promote, roll_back
from trend_assets.models.serving import IncompatibleModelError, predict_hours
from trend_assets.models.tracking import Tracking
from trend_assets.models.training import train_candidate
from trend_assets.models.training_set import NotReadyError, build_training_set, data_manifest, examples, sides_of_labelled
from trend_assets.partitions import hour_key, hours_between
from trend_assets.settings import Settings, load_settings
from trend_assets.tables import TABLES
from trend_assets_tests.lib.learning.opinions import START, opinion_posts

NAME = "sentiment"
GONE = "deleted or protected, or its author's account is"
TASK = load_task(NAME)
HOURS = hours_between(START, START + timedelta(days=3))


class Guessing(Sentiment):
    """Always unsure: a candidate that must not become champion."""

    def predict(self, model: object, posts: pa.Table) -> Probabilities:
        return super().predict(model, posts) * 0 + 1 / 3


class Rewritten(Sentiment):
    """Both methods replaced, as docs/models.md invites: the stored model is a dict, which the old ``predict`` cannot run."""

    gate = Gate(minimum_training=50, minimum_examples=20, language_floor=0.0, over_majority=0.0, calibration=0.5)

    def train(self, examples: pa.Table, options: object) -> object:
        words: dict[str, list[int]] = {}
        for text, label in zip(examples["clean_text"].to_pylist(), examples["label"].to_pylist(), strict=True):
            for word in text.lower().split():
                words.setdefault(word, [0] * len(self.labels))[self.labels.index(label)] += 1
        return {"words": words}

    def predict_baseline(self, model: object, posts: pa.Table) -> Probabilities:
        return super().predict_baseline(model, posts) * 0 + 1 / 3

    def predict(self, model: dict[str, dict[str, list[int]]], posts: pa.Table) -> Probabilities:
        rows = [[model["words"].get(word, [0, 0, 0]) for word in text.lower().split()] for text in posts["clean_text"].to_pylist()]
        counts = np.array([np.sum([[1, 1, 1], *row], axis=0) for row in rows], dtype=float).reshape(-1, len(self.labels))
        return counts / counts.sum(axis=1, keepdims=True)


class Reordered(Sentiment):
    """Columns in another order: the old model would run, and say the opposite."""

    labels = ("positive", "neutral", "negative")


class Easier(Sentiment):
    """The gate of a small test."""

    gate = Gate(
        minimum_training=50, minimum_examples=20, below_champion=0.1, replace_when="not worse", language_floor=0.3, language_examples=15
    )


class Strict(Easier):
    """Wants more examples to compare on than there are."""

    gate = Gate(
        minimum_training=50, minimum_examples=120, below_champion=0.1, replace_when="not worse", language_floor=0.3, language_examples=15
    )


class Shop:
    """A data folder with posts, labels and a tracking store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = Settings(data=str(folder), brands=["Maison Carrel", "maisoncarrel"])
        self.lake = Lake(self.settings.lake_root)
        self.tracking = Tracking(self.settings.tracking_database, self.settings.artifacts_root)

    def publish(self, posts: pa.Table) -> None:
        table = TABLES["social/clean_posts"]
        keys = [hour_key(hour) for hour in HOURS]
        parts = self.lake.split(table, table.conform(posts), keys)
        self.lake.publish(table, {key: part for key, part in parts.items() if part.num_rows})

    def label(self, posts: pa.Table) -> None:
        rows = [{"network": row["network"], "post_id": row["post_id"], "label": row["sentiment"]} for row in posts.to_pylist()]
        (self.folder / "labels").mkdir(exist_ok=True)
        (self.folder / "labels" / "sentiment.jsonl").write_text("\n".join(map(json.dumps, rows)))

    def forget(self, *subjects: tuple[str, str]) -> None:
        notice = {"hour": START, "network": "x", "action": "delete", "deleted_at": START, "source": "x", "landing_file": "f"}
        rows = [
            notice | {"subject_kind": kind, "subject": subject, "landing_line": number, "request_id": "r"}
            for number, (kind, subject) in enumerate(subjects)
        ]
        self.lake.publish(TABLES["social/deletions"], {hour_key(START): TABLES["social/deletions"].from_rows(rows)})

    def train(self, task: Sentiment | None = None) -> tuple[int, bool, str]:
        """All steps; the candidate's version, whether it is new, and what became of it."""
        chosen = task or Easier()
        built = build_training_set(chosen, NAME, self.lake, self.settings)
        self.lake.publish(TABLES["sentiment/training_set"], {"all": built.rows}, inputs={"all": built.inputs})
        version, new = train_candidate(chosen, NAME, self.lake, self.tracking, self.settings)
        self.lake.publish(
            TABLES["sentiment/evaluation"], {"all": evaluate_candidate(chosen, NAME, self.lake, self.tracking, self.settings).rows}
        )
        return version.number, new, promote(NAME, self.tracking, self.settings)[1]


@pytest.fixture(scope="module")
def posts() -> pa.Table:
    return opinion_posts(420)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, posts: pa.Table) -> Path:
    """A shop with posts, labels and an empty tracking store, whose tables take seconds to create."""
    shop = Shop(tmp_path_factory.mktemp("shops") / "template")
    shop.folder.mkdir(exist_ok=True)
    shop.publish(posts)
    shop.label(posts)
    shop.tracking.client.search_experiments()
    return shop.folder


@pytest.fixture
def shop(template: Path, tmp_path: Path) -> Shop:
    return Shop(Path(shutil.copytree(template, tmp_path / "shop")))


def test_a_candidate_that_passes_becomes_champion_and_the_same_data_make_no_other(shop: Shop) -> None:
    assert shop.train() == (1, True, "promoted, the first")
    assert shop.train() == (1, False, "champion already")
    metrics = shop.tracking.metrics(shop.tracking.by_alias(NAME, "champion"))
    assert metrics["candidate.all.macro_f1"] > metrics["majority.all.macro_f1"] + 0.3
    assert {"candidate.language:en.macro_f1", "candidate.language:fr.log_loss"} <= set(metrics)


def test_a_rewritten_task_replaces_a_champion_that_it_cannot_run_and_says_that_it_did_not_compare(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.train()
    monkeypatch.setattr("trend_assets.models.training.library_versions", lambda: {"code": "another"})
    assert shop.train(Rewritten()) == (2, True, "promoted, before it version 1")
    assert "not compared with the champion" in str(verdicts_of(NAME, shop.settings)[1])
    rows = shop.lake.read(TABLES["sentiment/evaluation"]).to_pylist()
    assert [(row["model_version"], row["metric"]) for row in rows if row["subject"] == "champion"] == [(1, "not_compared")]
    roll_back(NAME, shop.tracking, shop.settings, datetime.now(UTC))
    told = evaluate_candidate(Rewritten(), NAME, shop.lake, shop.tracking, shop.settings).champion
    assert "predict raised" in told
    assert "at a dict of affect_coefficients" in told
    keys = [hour_key(hour) for hour in HOURS]
    with pytest.raises(IncompatibleModelError, match=r"version 1 cannot be run by the task's present code .*train another"):
        predict_hours(Rewritten(), NAME, shop.lake, shop.settings, keys)


def test_a_model_of_other_labels_is_never_run_although_it_would(shop: Shop) -> None:
    shop.train()
    with pytest.raises(IncompatibleModelError, match="its labels are negative, neutral, positive, the task's are positive"):
        predict_hours(Reordered(), NAME, shop.lake, shop.settings, [hour_key(HOURS[0])])
    assert json.loads(shop.tracking.versions(NAME)[0].tags["contract"])["features"] == ["clean_text"]


def test_a_champion_is_not_judged_on_posts_it_was_trained_on(shop: Shop, posts: pa.Table) -> None:
    shop.label(posts.slice(210))
    shop.train()
    learned = set(examples(TASK, NAME, shop.lake, "train")["post_id"].to_pylist())
    shop.label(posts)  # labels of earlier posts: the cut moves back
    with pytest.raises(NotReadyError, match=r"evaluation examples that the champion was not trained on, at least 120 wanted"):
        shop.train(Strict())
    held = examples(TASK, NAME, shop.lake, "evaluation")["post_id"].to_pylist()
    unseen = [post for post in held if post not in learned]
    assert 0 < len(unseen) < len(held)
    rows = {(row["subject"], row["slice"], row["metric"]): row for row in shop.lake.read(TABLES["sentiment/evaluation"]).to_pylist()}
    assert rows["champion", "all", "macro_f1"]["examples"] == len(unseen)
    assert rows["candidate", "all", "macro_f1_beside_champion"]["examples"] == len(unseen)
    assert rows["candidate", "all", "macro_f1"]["examples"] == len(held)


def test_a_version_whose_files_are_gone_or_damaged_is_trained_again(shop: Shop) -> None:
    shop.train()
    run = shop.folder / "mlflow" / "artifacts" / NAME / shop.tracking.versions(NAME)[0].run_id / "artifacts"
    shutil.rmtree(run / "model")
    assert shop.train() == (2, True, "promoted, before it version 1")
    assert predict_hours(TASK, NAME, shop.lake, shop.settings, [hour_key(HOURS[9])]).num_rows > 0
    damaged = shop.folder / "mlflow" / "artifacts" / NAME / shop.tracking.versions(NAME)[0].run_id / "artifacts" / "model" / "arrays.npz"
    damaged.write_bytes(damaged.read_bytes()[:1000])
    shop.tracking.tag(shop.tracking.versions(NAME)[0], "rolled_back_at", "2026-09-04")
    number, new, what = shop.train()
    assert (number, new) == (3, True)
    assert "was rolled back at 2026-09-04" in what, "the same data and code stay rolled back"


def test_a_run_holds_data_manifest_pictures_and_a_model_without_pickle(shop: Shop) -> None:
    shop.train()
    run = shop.folder / "mlflow" / "artifacts" / NAME / shop.tracking.versions(NAME)[0].run_id / "artifacts"
    names = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    assert {"data_manifest.json", "model/arrays.npz", "evaluation/confusion_all.svg", "evaluation/confusion_language_fr.svg"} <= names
    assert not [path for path in shop.folder.rglob("*") if path.suffix in {".pkl", ".pickle", ".joblib"}]
    manifest = json.loads((run / "data_manifest.json").read_text())
    assert {key: value for key, value in manifest.items() if key != "upstream"} == json.loads(json.dumps(data_manifest(NAME, shop.lake)))
    assert manifest["licence_classes"] == {"simulated": 420}
    assert sum(row["posts"] for row in manifest["counts"]) == 420
    assert "labels/sentiment.jsonl" in manifest["inputs"]
    published = shop.lake.manifest(TABLES["social/clean_posts"], hour_key(HOURS[0]))
    assert manifest["inputs"]["social/clean_posts[2026-09-01-00:00]"] == published.data_version


def test_a_candidate_that_fails_the_gate_is_not_promoted(shop: Shop) -> None:
    shop.train()
    shop.label(opinion_posts(420).slice(0, 400))
    with pytest.raises(NotReadyError, match=r"gate not passed: .*macro F1"):
        shop.train(Guessing())
    assert shop.tracking.by_alias(NAME, "candidate").number == 2
    assert shop.tracking.by_alias(NAME, "champion").number == 1


def test_a_rollback_brings_back_the_champion_before_and_lasts(shop: Shop, posts: pa.Table) -> None:
    with pytest.raises(NotReadyError, match="no champion"):
        roll_back(NAME, shop.tracking, shop.settings, datetime.now(UTC))
    shop.train()
    with pytest.raises(NotReadyError, match="none to go back to"):
        roll_back(NAME, shop.tracking, shop.settings, datetime.now(UTC))
    shop.label(posts.slice(0, 410))
    assert shop.train() == (2, True, "promoted, before it version 1")
    left, now, _ = roll_back(NAME, shop.tracking, shop.settings, datetime(2026, 9, 4, tzinfo=UTC))
    assert (left, now) == (2, 1)
    number, new, what = shop.train()
    assert (number, new) == (2, False)
    assert "was rolled back at 2026-09-04" in what
    assert shop.tracking.by_alias(NAME, "champion").number == 1


def test_the_command_lists_shows_and_rolls_back(shop: Shop, posts: pa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TREND_ASSETS_DATA", "TREND_ASSETS_DAGSTER_STORAGE", "DAGSTER_HOME", "DAGSTER_EVENT_BATCH_SIZE"):
        monkeypatch.setenv(name, os.environ.get(name, str(shop.folder)))  # the command sets them; put back afterwards
    told = []

    def command(*arguments: str) -> int:
        console.file = io.StringIO()
        code = CliRunner().invoke(app, ["models", *arguments, "--data", str(shop.folder)]).exit_code
        told.append(" ".join(console.file.getvalue().split()))
        return code

    monkeypatch.setattr(console, "_file", None)
    assert command("show", NAME) == 0
    assert "Nothing has been trained" in told[-1]
    assert command("rollback", NAME) == 1
    shop.train()
    shop.label(posts.slice(0, 410))
    shop.train()
    assert command("list") == 0
    assert "Sentiment towards the brand" in told[-1]
    assert command("show", NAME) == 0
    assert "champion, candidate" in told[-1]
    assert "log_loss" in told[-1]
    assert command("rollback", NAME) == 0
    assert "version 1 is champion again, version 2 is not" in told[-1]
    assert command("show", "nobody") == 2
    load_settings.cache_clear()


@pytest.mark.parametrize(
    ("breaks", "told"),
    [
        ("evaluation", "the model broke"),
        ("candidate", "the model broke"),
        ("gate", "gate not passed: macro F1 0.2 The champion stays what it was."),
        ("champion", "the model broke"),
    ],
)
def test_a_run_that_failed_never_says_that_the_gate_was_passed(
    breaks: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def step(name: str, deps: list[str]) -> dg.AssetsDefinition:
        @dg.asset(key=[NAME, name], deps=[dg.AssetKey([NAME, dep]) for dep in deps])
        def made() -> None:
            if name == breaks:
                raise RuntimeError("the model broke")

        return made

    @dg.asset_check(asset=dg.AssetKey([NAME, "evaluation"]), name="gate", blocking=True)
    def gate() -> dg.AssetCheckResult:
        passed = breaks != "gate"
        return dg.AssetCheckResult(passed=passed, description="gate passed: all" if passed else "gate not passed: macro F1 0.2")

    steps = [step("candidate", []), step("evaluation", ["candidate"]), step("champion", ["evaluation"])]
    defs = dg.Definitions(assets=steps, asset_checks=[gate], jobs=[dg.define_asset_job("training")])
    result = defs.resolve_job_def("training").execute_in_process(raise_on_error=False)
    monkeypatch.setattr("trend_assets.operations.runs.run_job", lambda *_, **__: result)
    for name in ("TREND_ASSETS_DATA", "TREND_ASSETS_DAGSTER_STORAGE", "DAGSTER_HOME", "DAGSTER_EVENT_BATCH_SIZE"):
        monkeypatch.setenv(name, os.environ.get(name, str(tmp_path)))
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "sentiment.jsonl").write_text("")
    monkeypatch.setattr(console, "_file", io.StringIO())
    assert CliRunner().invoke(app, ["models", "train", NAME, "--data", str(tmp_path)]).exit_code == 1
    said = " ".join(console.file.getvalue().split())
    assert told in said
    assert "gate passed" not in said
    load_settings.cache_clear()


@pytest.mark.parametrize(
    ("name", "reason"),
    [("Bad-Name", "is no name for a task"), ("social", "group of tables"), (NAME, "there is a task 'sentiment' already")],
)
def test_a_new_task_needs_a_name_of_its_own(name: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "_file", io.StringIO())
    result = CliRunner().invoke(app, ["models", "new", name])
    assert result.exit_code == 2
    assert reason in " ".join(console.file.getvalue().split())


def test_the_champion_predicts_posts_that_name_the_brand(shop: Shop, posts: pa.Table) -> None:
    keys = [hour_key(hour) for hour in HOURS]
    assert predict_hours(TASK, NAME, shop.lake, shop.settings, keys) is None
    shop.train()
    predicted = predict_hours(TASK, NAME, shop.lake, shop.settings, keys)
    assert predicted.num_rows == 420
    assert set(predicted["model_version"].to_pylist()) == {1}
    assert pc.min(predicted["probability"]).as_py() > 1 / 3 - 1e-6
    assert predict_hours(TASK, NAME, shop.lake, shop.settings.model_copy(update={"brands": ["Other Brand"]}), keys).num_rows == 0


def test_a_moved_data_folder_keeps_its_models(shop: Shop, tmp_path: Path, posts: pa.Table) -> None:
    shop.train()
    moved = Shop(Path(shutil.move(shop.folder, tmp_path / "moved")))
    assert predict_hours(TASK, NAME, moved.lake, moved.settings, [hour_key(HOURS[9])]).num_rows > 0
    moved.label(posts.slice(0, 400))
    assert moved.train()[0] == 2
    assert not shop.folder.exists()


def test_labels_that_cannot_be_used_are_told(shop: Shop, posts: pa.Table) -> None:
    (shop.folder / "labels" / "sentiment.jsonl").unlink()
    with pytest.raises(NotReadyError, match=r"labels/sentiment\.jsonl .* is missing: put labelled posts there"):
        shop.train()
    foreign = posts.set_column(posts.schema.get_field_index("post_id"), "post_id", pa.array([f"other-{n}" for n in range(420)]))
    shop.label(foreign)
    with pytest.raises(NotReadyError, match="are they about posts of this lake"):
        shop.train()


def test_deleted_posts_and_posts_whose_terms_forbid_it_are_left_aside(shop: Shop, posts: pa.Table) -> None:
    gone = posts.slice(0, 3).to_pylist()
    shop.forget(*(("post", row["post_id"]) for row in gone))
    built = build_training_set(TASK, NAME, shop.lake, shop.settings)
    assert built.left_aside == {GONE: 3}

    class Tuned(Sentiment):
        from_scratch = False

    licences = pa.array(["x" if number % 2 else "simulated" for number in range(420)])
    shop.publish(posts.set_column(posts.schema.get_field_index("licence_class"), "licence_class", licences))
    tuned = build_training_set(Tuned(), NAME, shop.lake, shop.settings)
    assert set(tuned.rows["licence_class"].to_pylist()) == {"simulated"}
    assert tuned.left_aside["licence class may not train this model"] == 210


def test_posts_of_an_account_that_is_gone_neither_train_nor_are_labelled(shop: Shop, posts: pa.Table) -> None:
    shop.train()
    authors = posts["author"].to_pylist()
    busiest = max(set(authors), key=authors.count)
    shop.forget(("account", busiest))
    assert build_training_set(TASK, NAME, shop.lake, shop.settings).left_aside == {GONE: authors.count(busiest)}
    predicted = predict_hours(TASK, NAME, shop.lake, shop.settings, [hour_key(hour) for hour in HOURS])
    assert predicted.num_rows == 420 - authors.count(busiest)


def test_labels_on_posts_that_the_task_is_not_about_do_not_train(shop: Shop, posts: pa.Table) -> None:
    kinds = pa.array(["repost" if number < 10 else "post" for number in range(420)])
    texts = pa.array(["no name here" if 10 <= number < 15 else text for number, text in enumerate(posts["clean_text"].to_pylist())])
    changed = posts.set_column(posts.schema.get_field_index("kind"), "kind", kinds)
    shop.publish(changed.set_column(posts.schema.get_field_index("clean_text"), "clean_text", texts))
    built = build_training_set(TASK, NAME, shop.lake, shop.settings)
    assert built.left_aside == {"not in scope: a repost, or no brand of ours is named": 15}
    assert built.rows.num_rows == 405


def test_where_nothing_was_trained_the_check_of_the_gate_is_quiet_and_nothing_can_be_promoted(shop: Shop) -> None:
    assert gate_check(NAME, "gate", "")(dg.build_asset_check_context()).passed
    assert verdicts_of(NAME, shop.settings) == []
    with pytest.raises(NotReadyError, match="has not been evaluated"):
        promote(NAME, shop.tracking, shop.settings)


def test_few_examples_fail_the_gate_with_the_number_wanted(shop: Shop, posts: pa.Table) -> None:
    shop.label(posts.slice(0, 60))
    with pytest.raises(NotReadyError, match="42 training examples, at least 100 wanted"):
        shop.train(TASK)
    assert not verdicts_of(NAME, shop.settings)[0].passed


def test_labelled_texts_of_the_owner_train_beside_posts_and_alone(shop: Shop, posts: pa.Table) -> None:
    rows = [
        {"text": row["clean_text"], "language": row["language"], "label": row["sentiment"], "licence_class": "open"}
        for row in opinion_posts(300, seed=12).to_pylist()
    ]
    (shop.folder / "labels" / "sentiment").mkdir()
    (shop.folder / "labels" / "sentiment" / "tweets.jsonl").write_text("\n".join(map(json.dumps, rows)))
    built = build_training_set(TASK, NAME, shop.lake, shop.settings)
    assert set(built.rows["network"].to_pylist()) == {"file", "x"}
    assert "labels/sentiment/tweets.jsonl" in built.inputs
    (shop.folder / "labels" / "sentiment.jsonl").unlink()
    assert shop.train()[2] == "promoted, the first"
    found = examples(TASK, NAME, shop.lake, "train", shop.settings)
    assert set(found["network"].to_pylist()) == {"file"}
    assert {text.lower() for text in found["clean_text"].to_pylist()} <= {row["text"].lower() for row in rows}


def test_a_text_said_again_with_other_links_and_signs_is_not_judged_on() -> None:
    text = "the parcel came two days late again"
    rows = pa.table(
        {
            "network": ["x"] * 4,
            "author": ["a", "b", "c", "d"],
            "created_at": pa.array([datetime(2026, 9, day, tzinfo=UTC) for day in (1, 2, 3, 4)], pa.timestamp("us", tz="UTC")),
            "near_duplicate_key": [1, 2, 3, 4],
            "given_split": pa.nulls(4, pa.string()),
            "clean_text": [text, "something else altogether was said here", f"{text.upper()}!!! https://t.co/x 2", None],
        }
    )
    assert sides_of_labelled(rows, 0.5).tolist() == ["train", "train", "left_out", "evaluation"]
