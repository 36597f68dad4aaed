"""The yardsticks alert when a person with a spreadsheet or a search box would."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest

from trend_assets.lib.demand.naive_alerts import naive_alerts
from trend_assets.tables import TABLES
from trend_assets_tests.lib.demand.sales import LAST

TABLE = TABLES["demand/naive_alerts"]
PRODUCTS = pa.table(
    {
        "product_id": ["1", "2", "3"],
        "product_name": ["Linen Wrap Dress Sage", "Linen Wrap Dress Rust", "Paper Lantern"],
        "product_name_fr": ["Robe portefeuille en lin sauge", "Robe portefeuille en lin rouille", None],
        "category": ["fashion", "fashion", "home"],
        "colour": ["Sage", "Rust", None],
    }
)
DRESS, LANTERN = "fashion/linen wrap dress", "home/paper lantern"


def orders(*sold: tuple[int, str, int]) -> pa.Table:
    """Sales: days before the last, product, units."""
    rows = [{"day": LAST - timedelta(days=ago), "product_id": product, "kind": "sale", "quantity": units} for ago, product, units in sold]
    schema = TABLES["retail/orders"].schema
    return pa.Table.from_pylist(rows, pa.schema([schema.field(name) for name in ("day", "product_id", "kind", "quantity")]))


def posts(*texts: str) -> pa.Table:
    return pa.table(
        {
            "network": ["x"] * len(texts),
            "post_id": [str(number) for number in range(len(texts))],
            "tokens": pa.array([text.split() for text in texts], pa.list_(pa.string())),
        }
    )


def asked(method: str, sales: pa.Table, said: pa.Table, **given: Any) -> dict[str, dict[str, Any]]:
    rows = TABLE.conform(naive_alerts(sales, said, PRODUCTS, LAST, **given)).to_pylist()
    return {row["range_id"]: row for row in rows if row["method"] == method}


def quiet_week(value: float) -> pa.Table:
    row = {
        "method": "mentions",
        "range_id": DRESS,
        "label": "",
        "category": "fashion",
        "product_ids": ["1"],
        "value": value,
        "alerts": False,
    }
    return TABLE.from_rows(row | {"day": LAST - timedelta(days=ago)} for ago in range(1, 8))


def test_last_week_alerts_when_it_sold_half_as_much_again_as_the_week_before() -> None:
    found = asked("last_week", orders((1, "1", 20), (6, "2", 10), (8, "1", 15), (1, "3", 20), (9, "3", 18)), posts())
    assert (found[DRESS]["value"], found[DRESS]["reference"], found[DRESS]["alerts"]) == (30.0, 15.0, True)
    assert not found[LANTERN]["alerts"]


def test_last_year_alerts_by_the_week_that_came_then() -> None:
    year = 364
    found = asked("last_year", orders((year - 3, "1", 40), (year + 2, "1", 10), (year - 3, "3", 11), (year + 2, "3", 10)), posts())
    assert found[DRESS]["alerts"]
    assert not found[LANTERN]["alerts"]


def test_without_a_year_before_it_says_nothing() -> None:
    assert asked("last_year", orders((1, "1", 20)), posts()) == {}


def test_mentions_count_posts_with_two_words_of_the_name_in_either_language() -> None:
    said = posts("that linen wrap thing", "robes portefeuille partout", "une robe", "a DRESS of linen", "wrap", "linen linen")
    found = asked("mentions", orders(), said, previous=quiet_week(0.0))
    assert found[DRESS]["value"] == 3.0


@pytest.mark.parametrize(("usual", "alerts"), [(0.0, True), (1.0, True), (4.0, False)])
def test_mentions_alert_when_they_are_three_times_the_usual(usual: float, alerts: bool) -> None:
    said = posts(*["linen dress"] * 6)
    assert asked("mentions", orders(), said, previous=quiet_week(usual))[DRESS]["alerts"] is alerts


def test_mentions_need_a_week_on_record() -> None:
    found = asked("mentions", orders(), posts(*["linen dress"] * 60), previous=quiet_week(0.0).slice(0, 6))
    assert (found[DRESS]["alerts"], found[DRESS]["reference"]) == (False, None)


def test_posts_of_nothing_but_emoji_or_one_endless_word_count_nothing() -> None:
    assert asked("mentions", orders(), posts("😀 😀", "a" * 100_000, "", "وشاح"), previous=quiet_week(0.0)) == {}
