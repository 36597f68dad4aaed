"""Prices, the ledger, budgets, the forecast and `trend-assets cost`."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from typer.testing import CliRunner

from trend_assets.cli import app
from trend_assets.collect.x.budget import BudgetExceededError, Purse
from trend_assets.collect.x.ledger import COMPACTED_PARTS, Ledger, Purchase, read_costs
from trend_assets.collect.x.prices import PriceError, Prices, read_prices
from trend_assets.collect.x.spending import forecast, rule_outcomes, spending
from trend_assets.commands.terminal import console
from trend_assets.lake.lake import Lake
from trend_assets.tables import TABLES

NOON = datetime(2026, 9, 10, 12, tzinfo=UTC)
PRICES = Prices(date(2026, 9, 1), "a list", "USD", per_post=0.01, per_user=0.02, per_request={"counts_recent": 0.1})
STREAM = Purchase("stream", "bags", "topic-1")


def purse(ledger: Ledger, now: list[datetime], prices: Prices = PRICES, **budgets: float | None) -> Purse:
    return Purse(prices, ledger, lambda: now[0], **({"a_day": None, "a_month": None} | budgets))


def test_the_projects_price_list_has_a_date_and_a_source():
    prices = read_prices()
    assert prices.as_of > date(2026, 1, 1)
    assert prices.source.startswith("https://")
    assert prices.cost("counts_recent", 2, 10, 0) == pytest.approx(2 * prices.per_request["counts_recent"] + 10 * prices.per_post)
    assert prices.cost("rules", 5, 0, 0) == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("per_post: -1", "as_of|missing|required"),
        ("as_of: 2026-01-01\nsource: s\ncurrency: USD\nper_post: -1\nper_user: 0", "negative"),
        ("as_of: 2026-01-01\nsource: s\ncurrency: USD\nper_post: .nan\nper_user: 0", "not a number"),
        ("as_of: 2026-01-01\nsource: s\ncurrency: USD\nper_post: 1\nper_user: 0\nper_poost: 1", "per_poost"),
        ("[", "expected|parsing"),
    ],
)
def test_a_price_list_that_cannot_be_used_is_refused(tmp_path, text, message):
    file = tmp_path / "prices.yml"
    file.write_text(text)
    with pytest.raises(PriceError, match=message):
        read_prices(file)


def test_what_was_bought_is_in_the_lake_by_kind_rule_and_topic_and_budgets_hold_over_a_restart(tmp_path):
    lake, now = Lake(str(tmp_path)), [NOON]
    ledger = Ledger(lake, PRICES)
    held = purse(ledger, now)
    held.pay(STREAM, requests=1, posts=["1", "2"])
    held.pay(STREAM, posts=["2", "3"])
    held.pay(Purchase("counts_recent", "bags"), requests=3)
    assert ledger.flush() == 2
    assert ledger.flush() == 0
    rows = {row["request_kind"]: row for row in read_costs(lake, NOON, NOON).to_pylist()}
    assert (rows["stream"]["posts"], rows["stream"]["charged_posts"], rows["stream"]["topic_id"]) == (4, 3, "topic-1")
    assert rows["stream"]["cost"] == pytest.approx(0.03)
    assert rows["counts_recent"]["cost"] == pytest.approx(0.3)
    assert rows["stream"]["prices_of"] == date(2026, 9, 1)
    fresh = Ledger(lake, PRICES)
    fresh.load(NOON)
    assert fresh.month(NOON.date()).cost == pytest.approx(0.33)
    with pytest.raises(BudgetExceededError, match=r"0\.33 of 0\.33"):
        purse(fresh, now, a_day=0.33).check(STREAM, posts=1)


def test_a_flush_that_fails_is_repeated_without_loss_or_doubling(tmp_path):
    lake = Lake(str(tmp_path))

    class Failing(Lake):
        fails = True

        def append(self, *arguments, **named):
            if self.fails:
                raise OSError("no space left on device")
            return super().append(*arguments, **named)

    failing = Failing(str(tmp_path))
    ledger = Ledger(failing, PRICES)
    ledger.add(STREAM, NOON, posts=5, charged_posts=5)
    with pytest.raises(OSError, match="no space"):
        ledger.flush()
    ledger.add(STREAM, NOON, posts=1, charged_posts=1)
    failing.fails = False
    assert ledger.flush() == 2
    assert sum(read_costs(lake, NOON, NOON)["posts"].to_pylist()) == 6


def test_what_another_process_spends_is_known_after_the_next_flush(tmp_path):
    lake, day = Lake(str(tmp_path)), NOON.date()
    collector, backfill = Ledger(lake, PRICES), Ledger(lake, PRICES)
    for ledger in (collector, backfill):
        ledger.load(NOON)
    backfill.add(STREAM, NOON, posts=50, charged_posts=50)
    backfill.flush()
    assert collector.day(day).posts == 0
    collector.add(STREAM, NOON, posts=1, charged_posts=1)
    collector.flush()
    assert (collector.day(day).posts, collector.day(day).cost) == (51, pytest.approx(0.51))
    backfill.add(STREAM, NOON, posts=2, charged_posts=2)
    assert backfill.day(day).posts == 52
    backfill.flush()
    assert backfill.day(day).posts == 53


def test_a_flush_that_succeeded_and_failed_is_not_written_twice(tmp_path):
    """The lake had the rows, the answer was lost, and another process has compacted the day since."""
    lake = Lake(str(tmp_path))

    class Lossy(Lake):
        loses = True

        def append(self, *arguments, **named):
            manifest = super().append(*arguments, **named)
            if self.loses:
                raise OSError("the answer was lost")
            return manifest

    lossy = Lossy(str(tmp_path))
    for number in range(2):
        other = Ledger(lake, PRICES)
        other.add(STREAM, NOON + timedelta(minutes=number), posts=1, charged_posts=1)
        other.flush()
    ledger = Ledger(lossy, PRICES)
    ledger.load(NOON)
    ledger.add(STREAM, NOON, posts=5, charged_posts=5)
    with pytest.raises(OSError, match="answer was lost"):
        ledger.flush()
    lake.compact(TABLES["social/collection_costs"], NOON.date().isoformat())
    lossy.loses = False
    ledger.add(STREAM, NOON, posts=1, charged_posts=1)
    ledger.flush()
    assert sum(read_costs(lake, NOON, NOON)["posts"].to_pylist()) == ledger.day(NOON.date()).posts == 8


def test_a_day_of_many_flushes_stays_quick_to_add_to(tmp_path):
    lake = Lake(str(tmp_path))
    ledger = Ledger(lake, PRICES)
    for minute in range(COMPACTED_PARTS + 3):
        ledger.add(STREAM, NOON + timedelta(seconds=minute), posts=1, charged_posts=1)
        ledger.flush()
    manifest = lake.manifest(TABLES["social/collection_costs"], NOON.date().isoformat())
    assert (len(manifest.parts), manifest.rows) == (4, COMPACTED_PARTS + 3)


def test_purchases_added_while_the_ledger_is_flushed_are_neither_lost_nor_doubled(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    ledger = Ledger(Lake(str(tmp_path)), PRICES)

    def buy(number: int) -> None:
        ledger.add(Purchase("stream", f"rule {number % 7}"), NOON, posts=1, charged_posts=1)
        if number % 50 == 0:
            ledger.flush()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(buy, range(400)))
    ledger.flush()
    assert sum(read_costs(Lake(str(tmp_path)), NOON, NOON)["posts"].to_pylist()) == ledger.day(NOON.date()).posts == 400


def test_a_post_is_charged_again_on_the_next_day():
    ledger, now = Ledger(None, PRICES), [NOON]
    held = purse(ledger, now)
    held.pay(STREAM, posts=["1"])
    held.pay(STREAM, posts=["1"])
    now[0] += timedelta(days=1)
    held.pay(STREAM, posts=["1"])
    assert [ledger.day(day).charged_posts for day in (NOON.date(), now[0].date())] == [1, 1]
    assert ledger.month(NOON.date()).cost == pytest.approx(0.02)


@pytest.mark.parametrize(("charged", "cost"), [(True, 0.01 + 0.02 + 0.01), (False, 0.01)])
def test_expansions_cost_what_the_price_list_says(charged, cost):
    from msgspec.structs import replace

    ledger, now = Ledger(None, PRICES), [NOON]
    prices = replace(PRICES, includes_are_charged=charged)
    ledger._prices = prices
    assert purse(ledger, now, prices).pay(STREAM, posts=["1"], users=["7"], included=["2"]) == pytest.approx(cost)


def test_the_day_opens_again_at_midnight_and_the_month_on_its_first_day():
    ledger, now = Ledger(None, PRICES), [datetime(2026, 12, 31, 23, tzinfo=UTC)]
    held = purse(ledger, now, a_day=0.02, a_month=1.0)
    held.pay(STREAM, posts=["1", "2"])
    with pytest.raises(BudgetExceededError, match="day") as caught:
        held.check(STREAM, posts=1)
    assert caught.value.resumes_at == datetime(2027, 1, 1, tzinfo=UTC)
    now[0] = caught.value.resumes_at
    held.check(STREAM, posts=1)
    ledger.add(STREAM, now[0], posts=99, charged_posts=99)
    with pytest.raises(BudgetExceededError, match=r"month|day"):
        held.check(STREAM, posts=5)
    ledger.add(STREAM, now[0], posts=5, charged_posts=5)
    with pytest.raises(BudgetExceededError, match="month") as caught:
        held.check(STREAM)
    assert caught.value.resumes_at == datetime(2027, 2, 1, tzinfo=UTC)
    assert held.posts_left(STREAM) == 0


def test_the_plans_cap_of_posts_stops_as_a_budget_does():
    from msgspec.structs import replace

    ledger, now = Ledger(None, PRICES), [NOON]
    held = purse(ledger, now, replace(PRICES, posts_a_month=3))
    held.pay(STREAM, posts=["1", "2", "3"])
    with pytest.raises(BudgetExceededError, match="3 of 3 posts"):
        held.check(STREAM, posts=1)


@pytest.mark.parametrize(
    ("by_day", "now", "expected"),
    [
        ({}, NOON, 0.0),
        ({date(2026, 9, 10): 6.0}, NOON, 6.0 + 12.0 * 20.5),  # started today: twelve dollars a day for the 20.5 days that are left
        ({date(2026, 9, 8): 4.0, date(2026, 9, 9): 2.0, date(2026, 9, 10): 1.0}, NOON, 7.0 + 3.0 * 20.5),
        ({date(2026, 9, day): 1.0 for day in range(1, 11)}, NOON, 10.0 + 20.5),
        ({date(2026, 8, 28): 100.0, date(2026, 9, 9): 7.0}, NOON, 7.0 + 1.0 * 20.5),  # bought before: five quiet days count
        ({date(2026, 9, 30): 5.0}, datetime(2026, 9, 30, 23, 59, 59, tzinfo=UTC), 5.0),
    ],
)
def test_the_forecast_goes_on_as_the_last_days_went(by_day, now, expected):
    assert forecast(by_day, now) == pytest.approx(expected, abs=0.01)


def row(path: str, **given: object) -> dict:
    """A valid row: what is not given is the smallest value the declaration allows."""
    made: dict = {}
    for column in TABLES[path].columns:
        kind = str(column.type)
        if column.nullable:
            continue
        if kind == "string":
            made[column.name] = column.allowed[0] if column.allowed else "x"
        elif kind.startswith("timestamp"):
            made[column.name] = HOUR
        elif kind.startswith("list"):
            made[column.name] = []
        else:
            made[column.name] = False if kind == "bool" else column.minimum or 0
    return made | given


HOUR = NOON.replace(hour=9)


def test_cost_of_a_trend_and_useful_posts_of_a_rule_come_from_the_lake(tmp_path):
    lake = Lake(str(tmp_path))
    rows = {
        "topics/trends": [row("topics/trends", topic_id=topic, rank=rank, suppressed=topic == "c") for rank, topic in enumerate("abc", 1)],
        "topics/topic_assignments": [
            row("topics/topic_assignments", network="x", post_id=str(number), topic_id=topic) for number, topic in enumerate("aabcc")
        ],
        "social/raw_posts": [row("social/raw_posts", network="x", post_id=str(number), matching_rules=["bags"]) for number in range(5)],
    }
    for path, of_table in rows.items():
        lake.publish(TABLES[path], {"2026-09-10-09:00": TABLES[path].from_rows(of_table)})
    ledger = Ledger(lake, PRICES)
    ledger.add(Purchase("search_recent", "bags", "a"), NOON, requests=1, posts=200, charged_posts=200)
    ledger.flush()
    found = spending(lake, NOON, budget_day=10, budget_month=100)
    assert (found.cost, found.trends, found.cost_per_trend) == (pytest.approx(2.0), 2, pytest.approx(1.0))
    assert [(line.name, line.cost) for line in found.by_topic] == [("a", pytest.approx(2.0))]
    outcome = rule_outcomes(lake, NOON - timedelta(days=1), NOON)[0]
    assert (outcome.rule, outcome.posts, outcome.useful, outcome.cost) == ("bags", 5, 3, pytest.approx(2.0))


def test_the_command_tells_of_nothing_bought_and_of_what_was(tmp_path, monkeypatch):
    monkeypatch.setenv("TREND_ASSETS_DATA", str(tmp_path))
    from trend_assets.settings import load_settings

    load_settings.cache_clear()
    runner = CliRunner()
    empty = runner.invoke(app, ["cost", "--json", "--data", str(tmp_path)])
    assert empty.exit_code == 0, empty.output
    assert json.loads(empty.output)["cost"] == 0
    with console.capture() as captured:
        assert runner.invoke(app, ["cost", "--rules", "--data", str(tmp_path)]).exit_code == 0
    assert "nothing to compare" in captured.get()
    now = datetime.now(UTC)
    ledger = Ledger(Lake(str(tmp_path / "lake")), PRICES)
    ledger.add(STREAM, now, requests=1, posts=100, charged_posts=100)
    ledger.flush()
    told = json.loads(runner.invoke(app, ["cost", "--json", "--rules", "--data", str(tmp_path)]).output)
    assert told["cost"] == pytest.approx(1.0)
    assert told["forecast"] >= told["cost"]
    assert told["by_rule"][0] | {"cost": 1.0} == {"name": "bags", "cost": 1.0, "requests": 1, "posts": 100, "charged_posts": 100}
    assert told["portfolio"][0]["rule"] == "bags"
    with console.capture() as captured:
        assert runner.invoke(app, ["cost", "--rules", "--data", str(tmp_path)]).exit_code == 0
    shown = captured.get()
    assert "no trend was raised" in shown
    assert "bags" in shown
    load_settings.cache_clear()
