"""A town for the board: the small town, with decision cards for two days and posts and labels of an attacker.

The small town is too short for cards of one trend on two days, so they are made here, by the rules, from its own stock and links.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from trend_assets.lake.lake import Lake
from trend_assets.lib.demand.cards import decision_cards
from trend_assets.settings import PROJECT_ROOT, load_settings
from trend_assets.tables import TABLES, Column, Table
from trend_assets_tests.conftest import Town

HOSTILE = (
    "<img src=x onerror=\"document.title='stolen'\"> **bold** [link](javascript:alert(1)) $x^2$ :red[x] `code` </div><script>1</script>"
)
DAYS = (date(2026, 9, 5), date(2026, 9, 6))

_ROWS = """
select links.day, links.topic_id, trends.label, links.product_id, product.product_name, stock.store_id, 'rising' as stage,
       false as suppressed, 0.001::double as trend_q_value, 2.0::double as growth_24h, 60::bigint as authors_24h, links.score as link_score,
       stock.daily_units, stock.daily_units * 4.2::double as last_3_days_units, stock.available_units, stock.inbound_units,
       stock.next_due_on, stock.lead_time_days,
       6::bigint as minimum_order_quantity, stock.unit_price, null::double as unit_cost, stock.promotion, stock.data_origin
from demand.product_trend_links as links
join warehouse.fct_trend_daily as trends on trends.day = links.day and trends.topic_id = links.topic_id
join warehouse.fct_inventory_daily as stock on stock.day = links.day and stock.product_id = links.product_id
join warehouse.dim_product as product on product.product_id = links.product_id
where links.linked and links.day = ?
"""


@dataclass(frozen=True)
class BoardTown(Town):
    """A town with cards; ``topic`` is the linked trend of both days, ``label`` its name."""

    topic: str = ""
    label: str = ""


def with_cards(town: Town, folder: Path) -> BoardTown:
    """A copy of the town whose published file has cards and whose first exemplar post and one label are hostile."""
    copy = town.copy(folder)
    connection = duckdb.connect(str(folder / "lake" / "trends.duckdb"))
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("delete from demand.decision_cards")
    for day in DAYS:
        cards = decision_cards(connection.execute(_ROWS, [day]).to_arrow_table(), day)
        connection.register("cards", cards)
        connection.execute("insert into demand.decision_cards by name select * from cards")
        connection.unregister("cards")
        copy.lake.publish(TABLES["demand/decision_cards"], {day.isoformat(): cards}, allow_shrink=True)
    [(topic,)] = connection.execute(
        "select topic_id from demand.decision_cards group by 1 order by count(distinct day) desc, count(*) desc, 1 limit 1"
    ).fetchall()
    connection.execute("update warehouse.fct_trend_daily set suppressed = false, lane = 'lifestyle' where topic_id = ?", [topic])
    connection.execute(
        "update warehouse.fct_trend_daily set suppressed = false, label = ? where lane = 'noise' and day = ?", [HOSTILE, DAYS[1]]
    )
    connection.execute(
        "insert into sentiment.topic_hours select cast(? as timestamptz) + interval 22 hour, ?, unnest(['positive', 'withheld']), "
        "unnest([30, 10]), 25, unnest([0.75, 0.25])",
        [f"{DAYS[0]} 00:00:00+00", topic],
    )
    exemplars = connection.execute(
        "select exemplar_posts from topics.trends where topic_id = ? and hour < ? order by hour desc limit 1", [topic, DAYS[1]]
    ).fetchall()[0][0]
    [(label,)] = connection.execute(
        "select label from warehouse.fct_trend_daily where topic_id = ? and day = ?", [topic, DAYS[0]]
    ).fetchall()
    connection.close()
    _poison(copy.lake, exemplars[0])
    return BoardTown(copy.folder, copy.output, topic, label)


def _poison(lake: Lake, name: str) -> None:
    table = TABLES["social/clean_posts"]
    network, _, post_id = name.partition(":")
    for key in lake.partitions(table):
        posts = lake.read(table, [key])
        hit = pc.and_(pc.equal(posts["post_id"], post_id), pc.equal(posts["network"], network))
        if pc.any(hit).as_py():
            text = pc.if_else(hit, pa.scalar(HOSTILE), posts["clean_text"])
            column = posts.column_names.index("clean_text")
            lake.publish(table, {key: posts.set_column(column, table.column("clean_text").field, text.cast(pa.string()))})
            return
    raise AssertionError(f"no post {name}")


def some_row(table: Table, moment: datetime) -> dict[str, object]:
    """A row with values that the declaration allows, at the moment."""
    return {column.name: _some(column, moment) for column in table.columns}


def _some(column: Column, moment: datetime) -> object:
    """A value that the column's declaration allows."""
    if column.allowed:
        return column.allowed[0]
    if pa.types.is_timestamp(column.type):
        return moment
    if pa.types.is_list(column.type):
        return []
    if pa.types.is_boolean(column.type):
        return True
    return 1 if pa.types.is_integer(column.type) else 0.5 if pa.types.is_floating(column.type) else "x"


@pytest.fixture(scope="module")
def board_town(town: Town, tmp_path_factory: pytest.TempPathFactory) -> BoardTown:
    """One copy for the tests of a module; answers go to different cards."""
    return with_cards(town, tmp_path_factory.mktemp("board") / "town")


@pytest.fixture
def inside(board_town: BoardTown, monkeypatch: pytest.MonkeyPatch) -> Iterator[BoardTown]:
    """This process's settings point at the board's town."""
    yield from _pointed_at(board_town.folder, monkeypatch, lambda: board_town)


def _pointed_at(folder: Path, monkeypatch: pytest.MonkeyPatch, result: Callable[[], BoardTown]) -> Iterator[BoardTown]:
    import streamlit

    for name in ("LAKE_START", "LAKE_END", "TREND_ASSETS_BRANDS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TREND_ASSETS_DATA", str(folder))
    monkeypatch.setenv("TREND_ASSETS_DAGSTER_STORAGE", str(folder / "dagster"))
    monkeypatch.setenv("DAGSTER_HOME", str(PROJECT_ROOT))
    load_settings.cache_clear()
    streamlit.cache_resource.clear()
    yield result()
    load_settings.cache_clear()
    streamlit.cache_resource.clear()
