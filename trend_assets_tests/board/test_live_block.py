"""What the board shows as going on right now: raised trends only, none of a lane that has stopped, drawn anew by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit

from trend_assets.board import cache
from trend_assets.board.sections import live
from trend_assets.collect.gaps import GapLedger
from trend_assets.collect.source import Gap
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES
from trend_assets_tests.board.conftest import BoardTown, some_row
from trend_assets_tests.board.test_pages import opened, words

END = datetime(2026, 9, 8, tzinfo=UTC)
"""The board's clock in a lake of the past: its end."""


def live_trends(town: BoardTown, as_of: datetime, labels: dict[str, bool]) -> str:
    """Publish live rows (label, and whether it is suppressed) and return what the page of trends shows."""
    table = TABLES["topics/live_trends"]
    rows = [
        some_row(table, as_of)
        | {"hour": as_of.replace(minute=0), "topic_id": f"t{rank}", "rank": rank, "label": label, "suppressed": hidden, "stage": "rising"}
        for rank, (label, hidden) in enumerate(labels.items(), start=1)
    ]
    town.lake.publish(table, {"all": table.from_rows(rows)}, allow_shrink=True)
    streamlit.cache_resource.clear()
    return words(opened("trends"))


def test_a_suppressed_trend_is_not_shown_however_few_others_there_are(inside):
    as_of = END - timedelta(minutes=5)
    shown = live_trends(inside, as_of, {"a coordinated push": True, "an honest kite": False})
    assert "an honest kite" in shown
    assert "a coordinated push" not in shown
    shown = live_trends(inside, as_of, {"a coordinated push": True})
    assert "Nothing is raised right now" in shown
    assert "a coordinated push" not in shown


def test_rows_of_a_lane_that_has_stopped_are_not_shown_as_right_now(inside):
    shown = live_trends(inside, END - timedelta(minutes=16), {"an old kite": False})
    assert "The live lane has stopped" in shown
    assert "an old kite" not in shown
    assert "a new kite" in live_trends(inside, END - timedelta(minutes=14), {"a new kite": False})


def test_the_block_of_a_lake_that_grows_is_drawn_anew_within_five_seconds(inside, monkeypatch):
    assert live.REFRESH_SECONDS + cache.LIVE_SECONDS <= 5
    asked = []
    monkeypatch.setattr(live.st, "fragment", lambda block, run_every: lambda *_: asked.append((block, run_every)))
    live.live_now("topics/live_trends", print)
    monkeypatch.setattr(live.cache, "settings", lambda: load_settings().model_copy(update={"lake_end": None}))
    live.live_now("topics/live_trends", print)
    assert asked == [(live._block, None), (live._block, live.REFRESH_SECONDS)]


def test_terms_that_break_out_by_counts_are_named_with_their_figures_and_as_text(inside):
    table, trends = TABLES["topics/term_bursts"], TABLES["topics/trends"]
    assert "Terms that break out" not in words(opened("trends"))
    key = inside.lake.partitions(trends)[-1]
    hour = datetime.strptime(key, "%Y-%m-%d-%H:%M").replace(tzinfo=UTC)
    row = some_row(table, hour) | {"term": "<img src=x> bags", "network": "x", "begins_at": hour - timedelta(hours=1), "breaks_out": True}
    inside.lake.publish(table, {key: table.from_rows([row | {"posts": 4321, "expected_posts": 12.3}])})
    streamlit.cache_resource.clear()
    shown = words(opened("trends"))
    assert "Terms that break out by counts" in shown
    assert "4,321 posts in the hour of" in shown
    assert "12 expected" in shown
    assert "&lt;img src=x&gt; bags" in shown
    assert "<img" not in shown


def test_a_gap_in_the_last_hour_is_told_beside_the_live_rows(inside):
    as_of = END - timedelta(minutes=5)
    assert "Collection gap" not in live_trends(inside, as_of, {"an honest kite": False})
    ledger = GapLedger(inside.lake, "x", "x")
    ledger.record([Gap(as_of - timedelta(minutes=40), as_of - timedelta(minutes=2), "stall")])
    shown = live_trends(inside, as_of, {"an honest kite": False})
    assert "Collection gap since" in shown
    assert "silent connection" in shown
    assert "Collection gap" not in live_trends(inside, as_of - timedelta(hours=3), {"an honest kite": False})
