"""The demand forecaster's options: judged on Sundays that are over, gated, promoted as a bundle that forecasts read."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from trend_assets.lake.lake import Lake
from trend_assets.lib.demand.forecast_tables import OPTIONS, feature_rows
from trend_assets.lib.demand.forecasts import ModelOptions
from trend_assets.lib.learning import demand_model as method
from trend_assets.models.demand import NAME, evaluate_options, options_in_force, promote_options
from trend_assets.models.promotion import roll_back
from trend_assets.models.tracking import Tracking
from trend_assets.models.training_set import NotReadyError
from trend_assets.settings import Settings
from trend_assets_tests.lib.demand.test_forecasts import FIRST, links, shop


def errors(better: float, count: int = 400) -> method.Paired:
    """A candidate that is off by ``better`` times what the champion is."""
    random = np.random.default_rng(1)
    came, off = random.poisson(20, count).astype(float), random.normal(0, 6, count)
    said = {"candidate": came + better * off, "champion": came + off, "moving_median": came + 2 * off, "seasonal_naive": came + 3 * off}
    return method.Paired(said, came, np.arange(count) % 40, np.repeat(["a", "b"], count // 2), np.ones(count, np.int64))


def test_the_gate_wants_a_gain_beyond_noise_overall_and_no_loss_in_a_category() -> None:
    assert method.judge(errors(0.7))[0] == []
    failed, _ = method.judge(errors(1.01))
    assert any("against the champion" in one for one in failed)
    worse = errors(0.5)
    said = dict(worse.said) | {"candidate": np.where(worse.category == "b", worse.said["champion"] * 1.3, worse.came)}
    failed, _ = method.judge(method.Paired(said, worse.came, worse.series, worse.category, worse.horizon))
    assert any(one.startswith("category:b") for one in failed)
    assert any("200 wanted" in one for one in method.judge(errors(0.7, 100))[0])


def with_bands(candidate: float, champion: float = 1.0, lean: float = 0.0) -> method.Paired:
    """Equal medians; intervals so many times the right width, the candidate's moved up by ``lean`` units."""
    found = errors(0.5)
    centre = np.full(400, 20.0)
    said = dict(found.said) | {"candidate": centre + lean}
    half = {"candidate": candidate * 6.2, "champion": champion * 6.2}
    move = {"candidate": lean, "champion": 0.0}
    low, high = ({name: np.maximum(centre + move[name] + side * width, 0) for name, width in half.items()} for side in (-1, 1))
    return method.Paired(said, found.came, found.series, found.category, found.horizon, low, high)


def test_the_gate_judges_the_interval_too_not_the_median_alone() -> None:
    """Half as wide or leaning intervals would lose stock-outs and orders that a median's error cannot see."""
    failed, held = method.judge(with_bands(1.0))
    assert not [one for one in failed if "quantile" in one or "pinball" in one]
    assert [one for one in held if "80 % interval" in one]
    failed, _ = method.judge(with_bands(0.2))
    assert [one for one in failed if one.startswith("80 % interval")]
    assert [one for one in failed if one.startswith("pinball")], "worse than the champion's, beyond noise"
    failed, _ = method.judge(with_bands(3.0))
    assert [one for one in failed if one.startswith("80 % interval")], "too wide is no better"
    failed, _ = method.judge(with_bands(0.2, champion=0.15))
    assert not [one for one in failed if one.startswith("80 % interval")], "the champion's hold less still"
    rows = {(row["subject"], row["metric"]) for row in method.rows_of(with_bands(1.0)) if row["slice"] == "all"}
    assert {("candidate", "coverage"), ("candidate", "pinball"), ("champion", "coverage"), ("moving_median", "wape")} <= rows
    assert ("seasonal_naive", "coverage") not in rows


def test_options_come_back_from_a_file_and_those_of_another_version_are_refused() -> None:
    assert method.from_values(method.to_values(OPTIONS)) == OPTIONS
    with pytest.raises(ValueError, match="another version"):
        method.from_values({step: {"no_such_option": 1} for step in OPTIONS})
    with pytest.raises(ValueError, match="are wanted"):
        method.from_values({})


def test_targets_in_which_the_product_ran_out_judge_nobody() -> None:
    """What sold then says nothing of demand: least would be right, and options that forecast too little would be chosen."""
    tables, days = shop(products=3, days=60), [FIRST + timedelta(days=number) for number in range(60)]
    features = feature_rows(tables, links(98), days[20:])
    options = {"linear": {step: ModelOptions(trees=0, refit=False) for step in OPTIONS}}
    found = method.paired(tables, features, [days[41]], "day", options)
    assert found is not None
    assert np.unique(found.series[found.horizon <= 8]).size == 4, "two products in two places; P01 was sold out from day 40 to 49"


def twelve_weeks(_: Lake) -> tuple[dict[str, pa.Table], dict[str, Any]]:
    """A shop with the features that its model reads, as ``_read`` gives them (the tables of the tests lack what the lake wants)."""
    tables, days = shop(products=5, days=98), [FIRST + timedelta(days=number) for number in range(98)]
    return {**tables, "demand/demand_features": feature_rows(tables, links(98), days[20:])}, {"inputs": {"retail/orders[2026-03-02]": "v"}}


def test_options_are_judged_tracked_and_used_by_forecasts_once_promoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(method, "TRIED", {"linear": {step: ModelOptions(trees=0, refit=False) for step in OPTIONS}})
    monkeypatch.setattr("trend_assets.models.demand._read", twelve_weeks)
    settings = Settings(data=str(tmp_path))
    lake, tracking = Lake(settings.lake_root), Tracking(settings.tracking_database, settings.artifacts_root)
    assert options_in_force(settings) == (OPTIONS, "of the code: no champion", 0)
    found = evaluate_options(lake, tracking, settings)
    rows = {(row["subject"], row["slice"]): row for row in found.rows.to_pylist()}
    assert {"candidate", "champion", "moving_median", "seasonal_naive"} == {subject for subject, _ in rows}
    assert 0 < rows["candidate", "all"]["value"] < 2
    files = tracking.model_files(found.version)
    assert {"options.json", "manifest.json", "model_card.md"} <= set(files)
    assert b"retail/orders[" in files["manifest.json"]
    upstream = json.loads(files["manifest.json"])["upstream"]
    assert set(upstream) == {"language", "sentiment", "topic", "link"}, "versions of what the forecasts rest on"
    if found.failed:
        with pytest.raises(NotReadyError):
            promote_options(tracking, settings)
        assert options_in_force(settings)[1] == "of the code: no champion"
    from trend_assets.models.bundles import Bundles

    Bundles(settings).note_evaluation(NAME, {"version": found.version.number, "failed": [], "held": ["as if"], "options": "linear"})
    assert promote_options(tracking, settings) == (1, "promoted, the first")
    used = options_in_force(settings)
    assert used.options["day"].trees == 0
    assert (used.whose, used.version) == ("version 1", 1)
    assert promote_options(tracking, settings)[1].startswith("champion already")

    monkeypatch.setattr(method, "TRIED", {"few trees": {step: ModelOptions(trees=2, refit=False) for step in OPTIONS}})

    def again() -> tuple[int, str]:
        made = evaluate_options(lake, tracking, settings).version.number
        Bundles(settings).note_evaluation(NAME, {"version": made, "failed": [], "held": ["as if"], "options": "few trees"})
        return promote_options(tracking, settings)

    assert again() == (2, "promoted, before it version 1")
    roll_back(NAME, tracking, settings)
    assert options_in_force(settings)[1] == "version 1"
    number, told = again()
    assert (number, told[:42]) == (1, "kept: these options were rolled back at 20"), told
    assert options_in_force(settings)[1] == "version 1", "options that were rolled back do not come back under another number"


def test_too_little_history_is_said_and_nothing_is_registered(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path))
    tracking = Tracking(settings.tracking_database, settings.artifacts_root)
    with pytest.raises(NotReadyError, match="no orders or no demand features"):
        evaluate_options(Lake(settings.lake_root), tracking, settings)
    assert tracking.versions(NAME) == []
