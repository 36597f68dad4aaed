"""`trend-assets compliance` and `cost --usage` against a server, and what a collector of X shows on /metrics."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from trend_assets.cli import app
from trend_assets.collect.metrics import Metrics
from trend_assets.collect.x.ledger import Ledger, Purchase
from trend_assets.collect.x.prices import read_prices
from trend_assets.commands.terminal import console
from trend_assets.lake.lake import Lake
from trend_assets.landing.raw_hours import decode_landing_hours
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES
from trend_assets_tests.collect.x.server import TOKEN, Answer, LoopbackX
from trend_assets_tests.collect.x.shop import purse, source
from trend_assets_tests.collect.x.test_spending import row

NOW = datetime.now(UTC)


@contextmanager
def beside(server: LoopbackX) -> Iterator[LoopbackX]:
    """The server in a thread of its own: commands have their own event loop."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with server.running():
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


@pytest.fixture
def x(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackX]:
    with beside(LoopbackX()) as server:
        monkeypatch.setenv("TREND_ASSETS_X_ENDPOINT", server.url)
        monkeypatch.setenv("TREND_ASSETS_X_BEARER_TOKEN", TOKEN)
        monkeypatch.setenv("TREND_ASSETS_DATA", str(tmp_path))
        load_settings.cache_clear()
        yield server
    load_settings.cache_clear()


def said(*arguments: str) -> tuple[int, str]:
    with console.capture() as captured:
        result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, captured.get() + result.output


def store(folder: Path, posts: list[tuple[str, str]], deleted: str) -> None:
    lake, hour = Lake(str(folder / "lake")), NOW.replace(minute=0, second=0, microsecond=0) - timedelta(days=1)
    rows = [row("social/raw_posts", created_at=hour, captured_at=hour, network=network, post_id=post) for network, post in posts]
    gone = [row("social/deletions", hour=hour, deleted_at=hour, network="x", subject_kind="post", subject=deleted, action="delete")]
    for path, found in (("social/raw_posts", rows), ("social/deletions", gone)):
        lake.publish(TABLES[path], {f"{hour:%Y-%m-%d-%H:00}": TABLES[path].from_rows(found)})


STORED = [("x", "5"), ("x", "6"), ("x", "7"), ("x", "not a number"), ("bluesky", "8")]


def test_posts_that_x_has_withdrawn_land_and_are_decoded_as_deletions(x, tmp_path):
    store(tmp_path, STORED, deleted="7")
    x.gone = [{"id": "5", "action": "delete", "created_at": "2026-09-01T00:00:00.000Z", "reason": "deleted"}]
    x.polls_until_complete = 0
    code, told = said("compliance", "--data", str(tmp_path))
    assert code == 0, told
    assert "1 of 2 are withdrawn" in told
    assert x.uploaded == b"5\n6\n"  # neither what is known to be gone, nor other networks' posts, nor what X would refuse
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    decoded, _ = decode_landing_hours([now - timedelta(hours=1), now], load_settings())
    (gone,) = decoded.deletions.to_pylist()
    assert (gone["network"], gone["subject_kind"], gone["subject"], gone["action"]) == ("x", "post", "5", "deleted")
    assert sum(one["records"] for one in decoded.landing_counts.to_pylist()) == 1


def test_x_is_not_asked_about_nothing_nor_when_only_looking(x, tmp_path):
    assert "0 posts of X" in said("compliance", "--data", str(tmp_path))[1]
    store(tmp_path, STORED, deleted="7")
    assert "2 posts of X" in said("compliance", "--dry-run", "--data", str(tmp_path))[1]
    assert x.requests == []


def test_a_job_that_x_refuses_ends_the_command_and_lands_nothing(x, tmp_path):
    store(tmp_path, STORED, deleted="7")
    x.faults["/2/compliance/jobs"] = [Answer(403, {"title": "Forbidden", "detail": "client-not-enrolled"})]
    code, told = said("compliance", "--data", str(tmp_path))
    assert (code, "client-not-enrolled" in told, TOKEN in told) == (1, True, False)
    assert not (tmp_path / "landing").exists()


def test_what_x_counted_is_set_beside_the_ledger(x, tmp_path):
    today = NOW.date()
    x.usage = {(today - timedelta(days=1)).isoformat(): 40, today.isoformat(): 25}
    ledger = Ledger(Lake(str(tmp_path / "lake")), read_prices())
    ledger.add(Purchase("stream", "bags"), NOW, requests=1, posts=20, charged_posts=20)
    ledger.flush()
    told = json.loads(said("cost", "--usage", "--json", "--data", str(tmp_path))[1].splitlines()[-1])
    assert [(one["by_x"], one["by_ledger"]) for one in told["usage"]] == [(25, 20), (40, 0)]
    assert "+5" in said("cost", "--usage", "--data", str(tmp_path))[1]


def test_without_a_token_the_command_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.delenv("TREND_ASSETS_X_BEARER_TOKEN", raising=False)
    load_settings.cache_clear()
    code, told = said("cost", "--usage", "--data", str(tmp_path))
    assert (code, "TREND_ASSETS_X_BEARER_TOKEN" in told) == (1, True)
    load_settings.cache_clear()


def figures(metrics: Metrics) -> dict[tuple[str, str], float]:
    families = text_string_to_metric_families(metrics.page().decode())
    return {(one.name, one.labels.get("period", "")): one.value for family in families for one in family.samples}


def test_a_collector_shows_what_it_has_spent_what_is_left_and_whether_buying_has_stopped():
    held, metrics = purse(a_day=0.02, a_month=None), Metrics("x")
    source(LoopbackX(), of=held).register_figures(metrics.registry)
    before = figures(metrics)
    assert (before["trend_assets_x_spent_dollars", "day"], before["trend_assets_x_buying_stopped", ""]) == (0, 0)
    assert ("trend_assets_x_budget_left_dollars", "month") not in before
    held.pay(Purchase("stream"), requests=1, posts=["1", "2", "3"])
    after = figures(metrics)
    assert after["trend_assets_x_spent_dollars", "day"] == after["trend_assets_x_spent_dollars", "month"] == pytest.approx(0.015)
    assert after["trend_assets_x_budget_left_dollars", "day"] == pytest.approx(0.005)
    assert (after["trend_assets_x_charged_posts", "month"], after["trend_assets_x_requests", "day"]) == (3, 1)
    held.pay(Purchase("stream"), posts=["4"])
    assert figures(metrics)["trend_assets_x_buying_stopped", ""] == 1
