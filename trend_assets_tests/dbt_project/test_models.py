"""What the models say about the small lake: numbers a reader can check by hand, and what a second, daily run changes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from trend_assets.lake.lake import Lake
from trend_assets.tables import TABLES
from trend_assets.warehouse.dbt_sources import PROJECT_FOLDER, days_to_make
from trend_assets.warehouse.duckdb_engine import DuckDBWarehouse
from trend_assets.warehouse.engine import NotPublishableError, publish, read_working
from trend_assets_tests.dbt_project.conftest import Built, results_of, run_dbt
from trend_assets_tests.dbt_project.small_lake import BOTS, DAYS, LIFESTYLE, TRENDING, inventory, orders, topic_hours

Query = Callable[[str], list[dict[str, Any]]]

CARD_INPUT = {
    "day": "date32[day]",
    "topic_id": "string",
    "label": "string",
    "product_id": "string",
    "product_name": "string",
    "store_id": "string",
    "stage": "string",
    "suppressed": "bool",
    "trend_score": "double",
    "trend_q_value": "double",
    "growth_24h": "double",
    "authors_24h": "int64",
    "link_score": "double",
    "daily_units": "double",
    "last_3_days_units": "double",
    "usual_daily_units": "double",
    "recent_daily_units": "double",
    "available_units": "int64",
    "inbound_units": "int64",
    "next_due_on": "date32[day]",
    "lead_time_days": "int32",
    "minimum_order_quantity": "int64",
    "unit_price": "double",
    "unit_cost": "double",
    "promotion": "bool",
    "stress_grade": "string",
    "price_change": "double",
    "out_of_stock_days": "int32",
    "adjusted_units": "int64",
    "data_origin": "string",
}


def test_every_dbt_test_ran_and_only_the_stock_dirt_warns(built: Built) -> None:
    results = results_of(built.root)
    assert {name for name, status in results.items() if status not in ("success", "pass", "no-op")} == {"assert_stock_moves_add_up"}
    assert results["assert_stock_moves_add_up"] == "warn"


def test_cards_read_exactly_the_agreed_columns(built: Built) -> None:
    rows = read_working(built.working, "int_trend_product_stock", DAYS[0], DAYS[-1])
    assert {field.name: str(field.type) for field in rows.schema} == CARD_INPUT
    last = rows.to_pylist()[-1]
    assert [row["day"] for row in rows.to_pylist()] == DAYS[1:], "one linked product at one place, each day the trend is shown"
    # 20 - 4 x 4 sold + 1 returned on hand, one reserved; the delivery of 40 is due on the 10th, within 7 days of the 4th.
    assert (last["available_units"], last["inbound_units"], last["next_due_on"]) == (4, 40, date(2026, 9, 10))
    assert (last["daily_units"], last["last_3_days_units"], last["growth_24h"]) == (4.0, 12.0, 1.0)
    assert (last["trend_score"], last["stage"], last["link_score"]) == (20.0, "rising", 0.8)


def test_the_working_file_is_read_by_day_and_column(built: Built) -> None:
    rows = read_working(built.working, "warehouse.fct_inventory_daily", DAYS[2], DAYS[2], columns=["product_id", "inbound_units"])
    assert rows.to_pylist() == [
        {"product_id": "hat", "inbound_units": 0},
        {"product_id": "mug", "inbound_units": 0},
        {"product_id": "scarf", "inbound_units": 0},
    ]
    with pytest.raises(ValueError, match="no_such_model"):
        read_working(built.working, "no_such_model")
    with pytest.raises(ValueError, match="not a table name"):
        read_working(built.working, "x; drop table y")


def test_the_front_page_ranks_shown_trends_first(query: Query) -> None:
    columns = "topic_id, day_rank, suppressed, linked_products, unlinked_reason"
    rows = query(f"select {columns} from warehouse.fct_trend_daily where day = '2026-09-04' order by day_rank")
    assert [(row["topic_id"], row["suppressed"]) for row in rows] == [(TRENDING, False), (LIFESTYLE, False), (BOTS, True)]
    assert [(row["linked_products"], row["unlinked_reason"]) for row in rows[:2]] == [(1, None), (0, "no product named")]


def test_a_trend_shows_whether_we_have_the_product(query: Query) -> None:
    [row] = query("select * from warehouse.mart_trend_products where day = '2026-09-04'")
    assert (row["product_name"], row["available_units"], row["days_of_cover"], row["actions"]) == ("Red scarf", 4, 1.0, "reorder")
    assert row["data_origin"] == "simulated"


def test_stock_that_is_covered_is_no_risk(query: Query) -> None:
    rows = query("select product_id, risk, trends, promotion from warehouse.mart_stock_risk where day = '2026-09-03' order by 1")
    assert [tuple(row.values()) for row in rows] == [
        ("mug", "no_sales", 0, False),
        ("scarf", "runs_out", 1, False),
    ]


def test_orders_are_counted_by_kind(query: Query) -> None:
    columns = "store_id, category, units_sold, units_returned, units_cancelled, net_revenue"
    rows = query(f"select {columns} from warehouse.mart_orders_daily where day = '2026-09-02' order by all")
    assert [tuple(row.values()) for row in rows] == [
        ("paris", "Hats", 1, 0, 0, 10.0),
        ("paris", "Scarves", 4, 1, 0, 30.0),
        ("web", "Hats", 3, 0, 3, 0.0),
    ]


def test_markets_tell_where_the_scarf_sells_and_where_it_only_grows(query: Query) -> None:
    columns = "region, presence, grows_unserved, units_sold_14d, growth_24h"
    rows = query(f"select {columns} from warehouse.mart_markets where day = '2026-09-04' order by region")
    assert [tuple(row.values()) for row in rows] == [("BE", "no_place", True, 0, 16 / 11), ("Île-de-France", "sold", False, 16, 1.0)]


def test_customers_by_segment_stand_beside_the_trend_of_their_region_and_category(query: Query) -> None:
    rows = query("select region, segment, customers, segment_share from warehouse.mart_trend_segments where day = '2026-09-04' order by 2")
    assert [tuple(row.values()) for row in rows] == [("Île-de-France", "new", 60, 0.4), ("Île-de-France", "regular", 90, 0.6)]


def test_a_trend_that_no_product_answers_is_told_once_with_the_nearest(query: Query) -> None:
    rows = query("select topic_id, days, posts, nearest_product_name, is_current from warehouse.mart_unserved_trends")
    assert [tuple(row.values()) for row in rows] == [(LIFESTYLE, 3, 120, "Blue hat", True)]


def test_a_buyers_week_adds_up_to_what_was_sold(query: Query) -> None:
    columns = "category, trends, places_to_act, money_at_risk, units_sold, net_revenue, currency, deliveries_received"
    rows = query(f"select {columns} from warehouse.mart_buyer_week where week_start = '2026-08-31' order by category")
    assert [tuple(row.values()) for row in rows] == [
        ("Hats", 0, 0, 0.0, 7, 40.0, "EUR", 0),
        ("Kitchen", 0, 0, 0.0, 0, None, None, 0),
        ("Scarves", 1, 1, 500.0, 16, 150.0, "EUR", 0),
    ]


def test_the_delivery_that_never_comes_is_open_and_its_new_date_holds(query: Query) -> None:
    [row] = query("select status, due_on, open_units, first_known_on from warehouse.fct_deliveries")
    assert tuple(row.values()) == ("open", date(2026, 9, 10), 40, DAYS[0])


def test_every_day_up_to_the_promised_one_is_in_the_calendar(query: Query) -> None:
    columns = "count(*) as days, min(day) as first_day, max(day) as last_day, count(*) filter (where orders_known) as known"
    rows = query(f"select {columns} from warehouse.dim_date")
    assert rows == [{"days": 12, "first_day": date(2026, 8, 30), "last_day": date(2026, 9, 10), "known": 4}]


def test_stock_that_was_lost_is_not_explained(query: Query) -> None:
    columns = "day, product_id, opening_units, on_hand, unexplained_units"
    rows = query(f"select {columns} from warehouse.fct_inventory_daily where unexplained_units <> 0")
    assert [tuple(row.values()) for row in rows] == [(DAYS[2], "mug", 50, 49, -1)]


def test_a_topics_curve_has_its_trend_hours_and_events(query: Query) -> None:
    counts = "count(*) as hours, count(*) filter (where trend) as trend_hours, max(events) as events"
    rows = query(f"select {counts} from warehouse.fct_topic_hourly where topic_id = '{TRENDING}'")
    assert rows == [{"hours": 72, "trend_hours": 6, "events": "birth"}]


def test_influencers_are_those_after_the_last_hour(query: Query) -> None:
    columns = "hour(hour) as hour, scope, rank, author, topic_label"
    rows = query(f"select {columns} from warehouse.mart_influencers where day = '2026-09-02' order by scope, rank")
    assert [tuple(row.values()) for row in rows] == [
        (23, "overall", 1, "a1", None),
        (23, "overall", 2, "a2", None),
        (23, TRENDING, 1, "a1", "red scarf"),
    ]


@pytest.fixture(scope="module")
def day_run(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy after a daily run over the last day only, which lost its stock and its trends, kept its links and got one more order."""
    root = tmp_path_factory.mktemp("day run")
    shutil.copytree(built.root / "lake", root / "lake", ignore=shutil.ignore_patterns("*.duckdb"))
    shutil.copytree(built.root / "warehouse", root / "warehouse")
    lake, last = Lake(str(root / "lake")), DAYS[-1]
    trends = TABLES["topics/trends"]
    lake.publish(trends, {f"{last}-{hour}:00": trends.empty() for hour in (10, 11)}, allow_shrink=True)
    stock = TABLES["retail/inventory"]
    lake.publish(stock, {last.isoformat(): stock.empty()}, allow_shrink=True)
    sales = TABLES["retail/orders"]
    lake.publish(sales, {last.isoformat(): sales.from_rows([*orders(last), orders(last)[0] | {"line": 9}])})
    finished = run_dbt(root, "build", "--select", "tag:daily", "--exclude-resource-type", "unit_test", days=(last, last))
    assert finished.returncode == 1, finished.stdout
    return root


def _rows(root: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(root / "warehouse" / "working.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_a_daily_run_replaces_its_day_even_by_nothing(day_run: Path) -> None:
    assert _rows(day_run, "select distinct day from warehouse.fct_inventory_daily order by 1") == [(day,) for day in DAYS[:-1]]


def test_a_daily_run_keeps_the_other_days(day_run: Path, built: Built) -> None:
    sql = "select * from warehouse.int_sales_rates where day < '2026-09-04' order by all"
    assert _rows(day_run, sql) == _rows(built.root, sql) != []


def test_a_daily_run_sees_the_days_it_looks_back_to(day_run: Path) -> None:
    scarf = "(day, product_id, store_id) = ('2026-09-04', 'scarf', 'paris')"
    [(days_known, daily_units)] = _rows(day_run, f"select days_known, daily_units from warehouse.int_sales_rates where {scarf}")
    assert (days_known, daily_units) == (4, (4 * 4 + 4) / 4), "16 units of the four days and 4 of the line added, over four days"


def test_a_failed_test_stops_publication(day_run: Path) -> None:
    failed = {name for name, status in results_of(day_run).items() if status == "fail"}
    assert failed == {"key_exists_stg_product_trend_links_day__topic_id__ref_stg_trends_"}, "links of a trend that is gone"
    with pytest.raises(NotPublishableError, match="key_exists_stg_product_trend_links_day__topic_id"):
        publish(day_run / "warehouse" / "working.duckdb", day_run / "lake" / "trends.duckdb")
    assert not (day_run / "lake" / "trends.duckdb").exists()


def test_after_a_day_is_corrected_alone_the_warehouse_is_the_one_built_from_nothing(
    built: Built, tmp_path_factory: pytest.TempPathFactory
) -> None:
    corrected, fresh = tmp_path_factory.mktemp("corrected"), tmp_path_factory.mktemp("fresh")
    shutil.copytree(built.root / "lake", corrected / "lake", ignore=shutil.ignore_patterns("*.duckdb"))
    shutil.copytree(built.root / "warehouse", corrected / "warehouse")
    lake, day = Lake(str(corrected / "lake")), DAYS[1]
    stock, sales, hours = (TABLES[path] for path in ("retail/inventory", "retail/orders", "topics/topic_hours"))
    found = [row | {"on_hand": row["on_hand"] + 7, "adjusted": 7} for row in inventory(day)]
    lake.publish(stock, {day.isoformat(): stock.from_rows(found)})
    lake.publish(sales, {day.isoformat(): sales.from_rows([*orders(day), orders(day)[0] | {"line": 9, "quantity": 5}])})
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    lake.publish(hours, {f"{day}-12:00": hours.from_rows([row | {"posts": row["posts"] + 50} for row in topic_hours(noon)])})
    shutil.copytree(corrected / "lake", fresh / "lake")

    held = DuckDBWarehouse(corrected / "warehouse" / "working.duckdb", corrected / "none")
    no_unit_tests = ("--exclude-resource-type", "unit_test")
    for root, arguments, days in (
        (corrected, ("--select", "tag:daily"), days_to_make(lake, held, day, day)),
        (corrected, ("--select", "tag:marts"), None),
        (fresh, (), None),
    ):
        finished = run_dbt(root, "build", *arguments, *no_unit_tests, days=days)
        assert finished.returncode == 0, finished.stdout

    models = [path.stem for folder in ("intermediate", "marts") for path in sorted((PROJECT_FOLDER / "models" / folder).rglob("*.sql"))]
    for model in models:
        assert _rows(corrected, f"select * from warehouse.{model} order by all") == _rows(
            fresh, f"select * from warehouse.{model} order by all"
        ), model
    opening = "select day, opening_units, unexplained_units from warehouse.fct_inventory_daily where product_id = 'scarf' order by 1"
    assert _rows(corrected, opening)[2] == (DAYS[2], 20, -7), "the 7 found the evening before are not there in the morning"
    growth = f"select day, growth_24h from warehouse.fct_trend_daily where topic_id = '{TRENDING}' order by 1"
    assert _rows(corrected, growth)[1] == (DAYS[2], (120 + 1) / (170 + 1))
