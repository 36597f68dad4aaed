"""Stages of the chain: another version that shifts what they say is stopped until it is accepted or brought back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from trend_assets.cli import app
from trend_assets.defs.models.chain import stage_check
from trend_assets.lake.lake import Lake
from trend_assets.models import chain_stages
from trend_assets.models.chain_stages import STAGES, accept_stage, blocked_upstream, judge_stage
from trend_assets.models.training_set import NotReadyError
from trend_assets.models.upstream import stage_versions, version_of
from trend_assets.partitions import day_key
from trend_assets.settings import Settings
from trend_assets.tables import TABLES
from trend_assets_tests.models.test_training import HOURS, Shop, opinion_posts

FIRST = date(2026, 9, 1)
LINKS = TABLES["demand/product_trend_links"]


def publish_links(lake: Lake, first: int, number: int, halved: str = "") -> None:
    """Days of about 60 fashion and 40 home links; of the category that is halved every other one is missing."""
    for day in (FIRST + timedelta(days=place) for place in range(first, first + number)):
        rng = np.random.default_rng(day.toordinal())
        rows = []
        for category, usual in (("fashion", 60), ("home", 40)):
            for place in range(int(rng.poisson(usual)) // (2 if category == halved else 1)):
                row = {
                    "day": day,
                    "topic_id": f"{category}-{place}",
                    "product_id": f"P{place}",
                    "linked": True,
                    "level": "product",
                    "category": category,
                    "product_type": "any",
                    "rank": 1,
                    "score": float(rng.uniform(0.5, 0.7)),
                    "evidence_terms": [],
                    "evidence_posts": 3,
                    "methods": [],
                    "why": None,
                    "reason": "named",
                }
                rows.append(row)
        lake.publish(LINKS, {day_key(day): LINKS.from_rows(rows)}, allow_shrink=True)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=str(tmp_path))


@pytest.fixture
def lake(settings: Settings) -> Lake:
    made = Lake(settings.lake_root)
    publish_links(made, 0, 12)
    return made


def test_links_cut_by_half_for_a_category_stop_what_reads_them(lake: Lake, settings: Settings) -> None:
    assert judge_stage("link", lake, settings, version="code a").told == "code a is accepted, 12 days of it are known"
    publish_links(lake, 12, 3, halved="fashion")
    found = judge_stage("link", lake, settings, version="code b")
    assert not found.passed
    assert [one.split(": ")[0] for one in found.worse] == ["link → demand, links of category fashion"]
    assert "changed from code a to code b" in str(found)
    assert "trend-assets models chain --accept link --reason WHY" in str(found)
    # with the version back, the days that the other one made are no measure of what is ordinary
    assert judge_stage("link", lake, settings, version="code a").told == "code a is accepted, 12 days of it are known"
    with pytest.raises(NotReadyError, match="--reason"):
        accept_stage("link", lake, settings, " ", version="code b")
    accept_stage("link", lake, settings, "fewer is right", version="code b")
    kept = json.loads((Path(settings.data) / "models" / "chain.json").read_text())["link"]
    assert (kept["version"], kept["reason"], len(kept["days"])) == ("code b", "fewer is right", 3)
    assert judge_stage("link", lake, settings, version="code b").passed


def test_another_version_that_says_the_same_is_accepted_after_three_days(lake: Lake, settings: Settings) -> None:
    judge_stage("link", lake, settings, version="code a")
    assert "no shift so far on 0 days" in judge_stage("link", lake, settings, version="code b").told
    publish_links(lake, 12, 3)
    assert "code b is accepted in place of code a" in judge_stage("link", lake, settings, version="code b").told


def test_the_check_blocks_and_so_does_the_gate_of_what_is_downstream(
    lake: Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge_stage("link", lake, settings, version="code of before")
    publish_links(lake, 12, 3, halved="home")
    monkeypatch.setenv("TREND_ASSETS_DATA", settings.data)
    check = stage_check("link", STAGES["link"])
    assert [spec.blocking for spec in check.check_specs] == [True]
    assert any("links of category home" in one for one in blocked_upstream(("language", "link"), lake, settings))
    done = CliRunner().invoke(app, ["models", "chain", "--accept", "link", "--reason", "seen", "--data", settings.data])
    assert done.exit_code == 0, done.output
    kept = json.loads((Path(settings.data) / "models" / "chain.json").read_text())["link"]
    assert (kept["version"], kept["reason"]) == (version_of("link", settings), "seen")
    assert blocked_upstream(("language", "link"), lake, settings) == []
    refused = CliRunner().invoke(app, ["models", "chain", "--accept", "weather", "--reason", "x", "--data", settings.data])
    assert refused.exit_code == 1


def test_an_identifier_that_calls_a_fifth_of_french_posts_english_is_stopped_before_it_made_a_day(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    posts = opinion_posts(900)
    shop.publish(posts)
    language = dict(zip(posts["clean_text"].to_pylist(), posts["language"].to_pylist(), strict=True))

    def shifted(texts: Sequence[str]) -> list[str]:
        french = iter(range(len(texts)))
        return ["en" if language[one] == "fr" and next(french) % 5 == 0 else language[one] for one in texts]

    judge_stage("language", shop.lake, shop.settings, version="identifier 1")
    same = judge_stage("language", shop.lake, shop.settings, lambda texts: [language[one] for one in texts], version="identifier 2")
    assert same.passed
    found = judge_stage("language", shop.lake, shop.settings, shifted, version="identifier 2")
    assert any(one.startswith("language → sentiment, fr: ") for one in found.worse), found
    assert len(HOURS) > 24


def test_a_days_manifest_can_name_every_model_upstream(settings: Settings) -> None:
    assert set(stage_versions("link", settings)) == {"model language", "model sentiment", "model topic", "model link"}


def publish_forecasts(lake: Lake, number: int, *, nothing: bool = False) -> None:
    """Days of forecasts for ten products; or, of another version, days without any."""
    table = TABLES["demand/demand_forecasts"]
    for place in range(number):
        day = FIRST + timedelta(days=place)
        common = {"day": day, "store_id": "a", "step": "day", "method": "global", "horizon": 1, "data_origin": "simulated"}
        common |= {"starts_on": day + timedelta(days=1), "ends_on": day + timedelta(days=1)}
        rows = [common | {"product_id": f"P{product}", "units": 20.0 + product + place % 3} for product in range(0 if nothing else 10)]
        lake.publish(table, {day_key(day): table.from_rows(rows)}, allow_shrink=True)


def test_a_version_that_forecasts_nothing_any_more_has_shifted(lake: Lake, settings: Settings) -> None:
    publish_forecasts(lake, 8)
    assert judge_stage("demand", lake, settings, version="old").passed
    publish_forecasts(lake, 8, nothing=True)
    verdict = judge_stage("demand", lake, settings, version="new")
    assert not verdict.passed
    assert "0 now on the same 8 days" in str(verdict)


def test_what_a_person_accepts_while_a_check_runs_stays(lake: Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_links(lake, 0, 10)
    judge_stage("link", lake, settings, version="old")
    publish_links(lake, 10, 1, halved="fashion")
    compare = chain_stages.compare_days

    def meanwhile(*days: Any) -> Any:
        monkeypatch.setattr(chain_stages, "compare_days", compare)
        accept_stage("link", lake, settings, "half of fashion was wrong", version="new")
        return compare(*days)

    monkeypatch.setattr(chain_stages, "compare_days", meanwhile)
    judge_stage("link", lake, settings, version="new")
    verdict = judge_stage("link", lake, settings, version="new")
    assert (verdict.accepted, verdict.passed) == ("new", True)
