"""What came against what was predicted, over a real lake and champion; and what makes a training due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pytest
from dagster._core.test_utils import create_run_for_test, instance_for_test

from trend_assets.defs.monitoring.retraining import retraining_schedule
from trend_assets.lake.lake import Lake
from trend_assets.models.bundles import Bundles
from trend_assets.models.serving import predict_hours
from trend_assets.monitoring.labels import Answer, add
from trend_assets.monitoring.outcomes import merged, outcome_rows
from trend_assets.monitoring.retraining import REASON, decay, decays, facts_of
from trend_assets.partitions import hour_key
from trend_assets.settings import Settings
from trend_assets.tables import TABLES
from trend_assets_tests.lib.learning.opinions import opinion_posts
from trend_assets_tests.models.test_training import HOURS, NAME, TASK, Shop

MONDAY = date(2026, 8, 31)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop whose champion has labelled every hour; afterwards people labelled 60 posts that it was not trained on, truly."""
    folder = tmp_path_factory.mktemp("outcomes") / "shop"
    folder.mkdir()
    made, posts = Shop(folder), opinion_posts(600)
    made.publish(posts)
    made.label(posts.slice(0, 420))
    made.train()
    keys = [hour_key(hour) for hour in HOURS]
    rows = predict_hours(TASK, NAME, made.lake, made.settings, keys)
    table = TABLES[f"{NAME}/predictions"]
    parts = made.lake.split(table, rows, keys)
    made.lake.publish(table, {key: part for key, part in parts.items() if part.num_rows})
    said = posts.slice(420, 60).to_pylist()
    answers = [Answer(row | {"reason": "random", "sampling_probability": 0.1}, row["sentiment"]) for row in said[:40]]
    answers += [Answer(row | {"reason": "uncertain"}, row["sentiment"]) for row in said[40:]]
    answers += [Answer(row, "negative") for row in posts.slice(0, 30).to_pylist()]  # mostly trained on: wrong labels must not count
    add(made.lake, NAME, answers, "ada", "file", datetime.now(UTC))
    built, _ = outcome_rows({NAME: TASK}, made.lake, made.tracking, made.settings)
    made.lake.publish(TABLES["models/outcomes"], {"all": built})
    return made


def rows_of(shop: Shop) -> list[dict[str, Any]]:
    return shop.lake.read(TABLES["models/outcomes"]).to_pylist()


def test_labels_that_came_later_say_how_good_the_version_was(shop: Shop) -> None:
    found = {(row["slice"], row["metric"], row["basis"]): row for row in rows_of(shop) if row["basis"] != "estimated"}
    score = found["all", "accuracy", "random"]
    assert (score["task"], score["model_version"], score["week"], score["examples"]) == (NAME, 1, MONDAY, 40)
    assert score["low"] <= score["value"] <= score["high"]
    assert score["value"] > 0.5, "the posts it was trained on, with wrong labels, would make it worse"
    assert found["all", "accuracy", "chosen"]["examples"] == 60
    assert ("all", "macro_f1", "random") in found


def test_the_estimate_says_on_what_it_rests_or_that_it_is_not_known(shop: Shop) -> None:
    [row] = [row for row in rows_of(shop) if row["basis"] == "estimated"]
    if row["value"] is None:
        assert row["remark"].startswith("unknown: ")
    else:
        assert "no labels of earlier weeks" in row["remark"]
        truth = next(one for one in rows_of(shop) if (one["slice"], one["metric"], one["basis"]) == ("all", "accuracy", "random"))
        assert row["low"] <= truth["high"]


def test_weeks_that_cannot_be_made_anew_stay(shop: Shop) -> None:
    old = rows_of(shop)[0] | {"week": MONDAY - timedelta(days=70)}
    table = merged(TABLES["models/outcomes"].from_rows([old]), rows_of(shop))
    assert table.num_rows == len(rows_of(shop)) + 1


BEFORE, SAME, LESS = (0.9, 0.85, 0.95), (0.88, 0.8, 0.93), (0.6, 0.5, 0.7)


def weeks_of(
    task: str, metric: str, weeks: list[tuple[float, float, float]], version: int = 1, basis: str = "random"
) -> list[dict[str, Any]]:
    named = {"task": task, "model_version": version, "slice": "all", "metric": metric, "basis": basis, "examples": 60, "remark": None}
    return [
        named | {"week": MONDAY + timedelta(days=7 * number), "value": value, "low": low, "high": high}
        for number, (value, low, high) in enumerate(weeks)
    ]


def publish(lake: Lake, rows: list[dict[str, Any]]) -> None:
    lake.publish(TABLES["models/outcomes"], {"all": TABLES["models/outcomes"].from_rows(rows)}, allow_shrink=True)


def test_a_model_that_got_worse_beyond_both_intervals_is_told(tmp_path: Path) -> None:
    lake = Lake(Settings(data=str(tmp_path)).lake_root)
    publish(lake, weeks_of(NAME, "macro_f1", [BEFORE, SAME]))
    assert decay(NAME, 1, lake) == ""
    publish(lake, weeks_of(NAME, "macro_f1", [BEFORE, SAME, LESS]))
    assert decay(NAME, 1, lake) == "macro_f1 0.60 in the week of 2026-09-14, 0.90 in that of 2026-08-31"
    assert decay(NAME, 2, lake) == ""
    publish(lake, [*weeks_of(NAME, "macro_f1", [BEFORE, SAME]), *weeks_of(NAME, "accuracy", [BEFORE, LESS])])
    assert decay(NAME, 1, lake) == "", "the gate judges macro F1, so does this"


def test_of_forecasts_a_larger_error_is_worse(tmp_path: Path) -> None:
    lake = Lake(Settings(data=str(tmp_path)).lake_root)
    publish(lake, weeks_of("demand", "wape", [BEFORE, LESS], basis="sales"))
    assert decay("demand", 1, lake) == ""
    publish(lake, weeks_of("demand", "wape", [LESS, BEFORE], basis="sales"))
    assert decay("demand", 1, lake) == "wape 0.90 in the week of 2026-09-07, 0.60 in that of 2026-08-31"


def test_the_champion_is_judged_not_the_newest_version(tmp_path: Path) -> None:
    """After a rollback the newest version is one that predicts no more, and the champion one that no other row may hide."""
    settings = Settings(data=str(tmp_path))
    lake, bundles = Lake(settings.lake_root), Bundles(settings)
    worse, fine = [BEFORE, LESS], [BEFORE, SAME]
    publish(lake, [*weeks_of(NAME, "macro_f1", fine, 1), *weeks_of(NAME, "macro_f1", worse, 2)])
    assert decays([NAME], lake, settings) == {NAME: None}, "without a champion nothing is judged"
    for number in (1, 2):
        bundle = bundles.write(NAME, {"model": str(number).encode()})
        bundles.point(NAME, bundle, number, datetime.now(UTC), "made", previous=bundles.pointer(NAME), instead_of=bundles.pointer(NAME))
    assert str(decays([NAME], lake, settings)[NAME]).startswith("macro_f1 0.60")
    now = bundles.pointer(NAME)
    assert now is not None
    assert now.before is not None
    bundles.point(NAME, now.before.bundle, 1, datetime.now(UTC), "rolled back", previous=now.before.before, instead_of=now)
    assert decays([NAME], lake, settings) == {NAME: ""}


def test_forecasts_with_the_codes_options_are_judged_as_version_0_and_with_a_champions_as_its(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path))
    lake, bundles = Lake(settings.lake_root), Bundles(settings)
    publish(
        lake,
        [*weeks_of("demand", "wape", [LESS, BEFORE], 0, basis="sales"), *weeks_of("demand", "wape", [BEFORE, BEFORE], 3, basis="sales")],
    )
    assert str(decays(["demand"], lake, settings)["demand"]).startswith("wape 0.90")
    bundles.point("demand_model", bundles.write("demand_model", {"options.json": b"{}"}), 3, datetime.now(UTC), "made", instead_of=None)
    assert decays(["demand"], lake, settings) == {"demand": ""}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with instance_for_test() as one:
        yield one


def tick(shop: Shop, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("trend_assets.defs.monitoring.retraining.load_settings", lambda: shop.settings)
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=datetime.now(UTC))
    return retraining_schedule(NAME, TASK)(context)


def champion_made(instance: dg.DagsterInstance) -> None:
    instance.report_runless_asset_event(dg.AssetMaterialization([NAME, "champion"]))


def drift_found(instance: dg.DagsterInstance, cause: str = "drift", check: str = "drift_of_social_clean_posts") -> None:
    evaluation = dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(["quality", "daily_summaries"]),
        check_name=check,
        passed=False,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"cause": dg.MetadataValue.text(cause)},
    )
    instance.report_runless_asset_event(evaluation)


def test_a_schedule_trains_again_for_drift_with_its_reason_once_and_never_two_at_a_time(
    shop: Shop, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = tick(shop, instance, monkeypatch)
    assert "a person's decision" in never.skip_message
    champion_made(instance)
    assert "nothing makes a training due" in tick(shop, instance, monkeypatch).skip_message
    drift_found(instance, "model change", f"drift_of_{NAME}_predictions")
    drift_found(instance, "collection gap")
    assert "nothing makes a training due" in tick(shop, instance, monkeypatch).skip_message, "no drift, though the checks fail"
    drift_found(instance)
    asked = tick(shop, instance, monkeypatch)
    assert isinstance(asked, dg.RunRequest)
    assert asked.tags[REASON] == "drift"
    run = create_run_for_test(instance, job_name=f"{NAME}_training", status=dg.DagsterRunStatus.STARTED)
    assert "started" in tick(shop, instance, monkeypatch).skip_message
    instance.report_run_failed(run)
    assert "cooling down" in tick(shop, instance, monkeypatch).skip_message, "also after a training that failed"


def test_labels_since_the_training_are_counted(shop: Shop, instance: dg.DagsterInstance) -> None:
    facts = facts_of(NAME, instance, shop.lake, shop.tracking, grows=True)
    assert facts.labels == 90
    assert facts.drifted == ()
    assert facts.last_training is None
    assert np.abs((facts.trained_at - datetime.now(UTC)).total_seconds()) < 600


def test_the_drift_that_is_asked_for_is_that_of_checks_that_there_are() -> None:
    """A check that was renamed or removed would leave models untrained, and nobody would notice."""
    from trend_assets.definitions import definitions
    from trend_assets.lib.learning.discovery import tasks
    from trend_assets.monitoring.retraining import DAILY_SUMMARIES, drift_checks

    graph = dg.Definitions.resolve_asset_graph(definitions())
    defined = {key.name for key in graph.asset_check_keys if key.asset_key.to_user_string() == DAILY_SUMMARIES}
    for name, task in tasks().items():
        wanted = {"drift_of_social_clean_posts"} | ({f"drift_of_{name}_predictions"} if task.source == "posts" else set())
        assert wanted == set(drift_checks(name)) <= defined, name


def test_the_forecaster_is_due_for_decay_or_a_month_after_it_was_last_asked(
    tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trend_assets.defs.demand.model import demand_model_retraining

    settings = Settings(data=str(tmp_path))
    lake, bundles = Lake(settings.lake_root), Bundles(settings)
    monkeypatch.setattr("trend_assets.defs.demand.model.load_settings", lambda: settings)

    def asked(days: int = 0) -> Any:
        at = datetime.now(UTC) + timedelta(days=days)
        return demand_model_retraining(dg.build_schedule_context(instance=instance, scheduled_execution_time=at))

    assert "a person's decision" in asked().skip_message
    instance.report_runless_asset_event(dg.AssetMaterialization(["demand_model", "champion"]))
    bundles.point("demand_model", bundles.write("demand_model", {"options.json": b"{}"}), 3, datetime.now(UTC), "made", instead_of=None)
    assert "nothing makes a training due" in asked().skip_message
    assert asked(30).tags[REASON] == "age"
    publish(lake, weeks_of("demand", "wape", [LESS, BEFORE], 3, basis="sales"))
    assert asked().tags[REASON] == "decay"
    create_run_for_test(instance, job_name="demand_model_training", status=dg.DagsterRunStatus.SUCCESS)
    assert "cooling down" in asked().skip_message
    publish(lake, weeks_of("demand", "wape", [BEFORE, BEFORE], 3, basis="sales"))
    assert "nothing makes a training due" in asked(20).skip_message, "options that stay champion do not grow old: they were asked again"
