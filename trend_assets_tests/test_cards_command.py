"""Cards are listed, answered and looked back on from the command line, in the same lake as the board."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from typer.testing import CliRunner

from trend_assets.board.regrets import regrets_of
from trend_assets.board.responses import TABLE as RESPONSES
from trend_assets.cli import app
from trend_assets.commands.terminal import console
from trend_assets.lake.lake import Lake
from trend_assets.lib.demand.cards import decision_cards
from trend_assets.lib.demand.regret import regret_table, stock_days
from trend_assets.tables import TABLES
from trend_assets_tests.lib.demand.test_cards import DAY, ROW, SCHEMA

DAYS = [DAY + timedelta(days=number) for number in range(17)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lake with the cards of one day at two places, and stock that ran out on the fifth day at the first."""
    monkeypatch.delenv("TREND_ASSETS_DATA", raising=False)
    lake = Lake(str(tmp_path / "lake"))
    rows = [ROW | {"lead_time_days": 9}, ROW | {"store_id": "S02", "available_units": 600, "lead_time_days": 9}]
    cards = decision_cards(pa.Table.from_pylist(rows, schema=SCHEMA), DAY)
    lake.publish(TABLES["demand/decision_cards"], {DAY.isoformat(): cards})
    inventory, products = TABLES["retail/inventory"], TABLES["retail/products"]
    fixed = {"product_id": "P1", "reserved": 0, "received": 0, "returned": 0, "adjusted": 0, "data_origin": "real"}
    for number, day in enumerate(DAYS):
        left, sold = max(20 - 4 * number, 0), 4 if number <= 5 else 0
        records = [
            fixed | {"day": day, "store_id": place, "sold": sold, "on_hand": stock} for place, stock in (("S01", left), ("S02", 300))
        ]
        lake.publish(inventory, {day.isoformat(): inventory.from_rows(records)})
    sold_as = {"day": DAYS[-1], "product_id": "P1", "product_name": "Dress", "category": "Dresses", "data_origin": "real"}
    lake.publish(products, {DAYS[-1].isoformat(): products.from_rows([dict.fromkeys(products.schema.names) | sold_as])})
    return tmp_path


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Exit code and output of a command on the folder's data."""

    def run_command(*arguments: str, data: Path = folder) -> tuple[int, str]:
        said = io.StringIO()
        monkeypatch.setattr(console, "file", said)
        result = CliRunner().invoke(app, [*arguments, "--data", str(data)])
        return result.exit_code, " ".join(said.getvalue().split())

    return run_command


def card_id(folder: Path) -> str:
    rows = Lake(str(folder / "lake")).read(TABLES["demand/decision_cards"]).to_pylist()
    return str(next(row["card_id"] for row in rows if row["action"] == "move"))


def test_cards_are_listed_with_the_answer_that_holds(folder, run):
    name = card_id(folder)
    assert name in run("cards", "list")[1]
    code, said = run("cards", "decline", name[:8], "--reason", "the buyer of dresses is away", "--by", "AL")
    assert (code, said.startswith("declined: move")) == (0, True)
    [row] = Lake(str(folder / "lake")).read(RESPONSES).to_pylist()
    assert (row["card_id"], row["response"], row["note"], row["responded_by"]) == (name, "declined", "the buyer of dresses is away", "AL")
    assert "declined" in run("cards", "list")[1]


def test_a_snooze_needs_a_day_after_the_cards_and_an_unknown_card_is_refused(folder, run):
    name = card_id(folder)
    code, said = run("cards", "snooze", name, "--until", DAY.isoformat(), "--reason", "count first")
    assert (code, "a day after its own" in said) == (2, True)
    back = (DAY + timedelta(days=2)).isoformat()
    assert run("cards", "snooze", name, "--until", back, "--reason", "count first")[0] == 0
    said = run("cards", "list")[1].replace("│", " ")
    assert f"snoozed until {back}" in " ".join(said.split())
    code, said = run("cards", "accept", "zzz", "--reason", "sent")
    assert (code, "is no card" in said) == (2, True)
    assert "no decision cards of 2020-01-01" in run("cards", "list", "--day", "2020-01-01")[1]


def test_an_answer_without_a_reason_is_refused_and_says_why(folder, run):
    name = card_id(folder)
    assert run("cards", "accept", name)[0] == 2
    code, said = run("cards", "decline", name, "--reason", " ")
    assert (code, "needs a reason" in said) == (2, True)
    assert Lake(str(folder / "lake")).partitions(RESPONSES) == []


def test_the_regret_of_a_card_nobody_followed_is_shown(folder, run):
    lake = Lake(str(folder / "lake"))
    assert "no card is closed yet" in run("regret")[1]
    made = value_cards(lake, DAYS[0], DAYS[-1])
    [row] = made.to_pylist()
    assert (row["action"], row["response"], row["day"]) == ("move", None, row["card_day"] + timedelta(days=13))
    [found] = regrets_of(lake, weeks=4)
    assert (found.category, found.action, found.cards, found.followed) == ("Dresses", "move", 1, 0)
    assert found.regret == found.missed > 0
    assert found.week == date(2026, 8, 31)
    assert regrets_of(lake, weeks=4, until=DAY) == []
    assert "Dresses" in run("regret")[1]


def value_cards(lake: Lake, first: date, last: date) -> pa.Table:
    """The cards that closed in these days, valued as the asset does it, into the lake."""
    cards = lake.read(TABLES["demand/decision_cards"], [DAY.isoformat()]).to_pylist()
    inventory = TABLES["retail/inventory"]
    stock = stock_days(cards, lake.read(inventory, lake.partitions(inventory)))
    made = regret_table(cards, {}, stock, {"P1": "Dresses"}, first, last)
    for day in sorted(set(made["day"].to_pylist())):
        rows = made.filter(pc.equal(made["day"], pa.scalar(day, pa.date32())))
        lake.publish(TABLES["demand/card_regrets"], {day.isoformat(): rows})
    return made


def test_nothing_to_look_back_on_is_said(run, tmp_path):
    (tmp_path / "other" / "lake").mkdir(parents=True)
    assert "no card is closed yet" in run("regret", data=tmp_path / "other")[1]
    assert "no decision cards yet" in run("cards", "list", data=tmp_path / "other")[1]
