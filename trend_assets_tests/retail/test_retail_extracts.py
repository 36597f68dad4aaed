"""What landed extracts say when keys repeat, mappings change, days end elsewhere, and there are many of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from trend_assets.lib.retail.mapping import RetailMapping, parse_mapping
from trend_assets.lib.retail.shape import MappingError
from trend_assets.operations.schema_changes import changes_to_accept, schema_verdict
from trend_assets.retail import extracts
from trend_assets.retail.database import open_database
from trend_assets.retail.extracts import DatabaseSource, days_landed
from trend_assets.retail.files import check_mapping, read_retail, retail_days
from trend_assets.retail.propose import mapping_of, propose_sample, sample_of_table
from trend_assets.retail.seen import SeenSources, recorded
from trend_assets_tests.postgres_server import server
from trend_assets_tests.retail_shop import CHANGES, HEAD, ONE, ORDERS, THREE, TWO, Shop, orders, shop

__all__ = ["server", "shop"]

WESTERN = HEAD.replace("references", "format: {timezone: America/Los_Angeles}\nreferences")
LATE_SALE = "insert into lines values ('T8', 1, '2026-09-01 21:00-07', 'A1', 'web', 3, 5, null, '2026-09-02 09:30+00')"


@pytest.mark.parametrize("database", ["{table: lines, day: at}", CHANGES])
def test_a_day_read_before_it_ended_in_its_own_zone_is_open_and_its_evening_is_not_lost(shop: Shop, database: str) -> None:
    mapping = parse_mapping(WESTERN + ORDERS.format(database=database))
    early = shop.source(TWO, hours=3.2)  # 20:12 in Los Angeles
    assert shop.lines(mapping, [ONE], early) == [("T1", 1, 2), ("T1", 2, 1)]
    assert days_landed(mapping, "orders", [ONE], early) == {ONE: "open"}
    shop.run(LATE_SALE)
    late = shop.source(TWO, hours=10.2)
    assert days_landed(mapping, "orders", [ONE], late) == {ONE: "closed"}
    assert shop.lines(mapping, [ONE], late) == [("T1", 1, 2), ("T1", 2, 1), ("T8", 1, 3)]


@pytest.mark.parametrize("database", ["{table: lines, day: at}", CHANGES])
def test_the_zone_of_the_column_decides_the_day_not_that_of_the_table(shop: Shop, database: str) -> None:
    shop.run(LATE_SALE)
    text = ORDERS.format(database=database).replace("ordered_at: at", "ordered_at: {column: at, timezone: America/Los_Angeles}")
    mapping = parse_mapping(HEAD + text)
    assert ("T8", 1, 3) in shop.lines(mapping, [ONE], shop.source(TWO))
    assert ("T8", 1, 3) not in shop.lines(mapping, [TWO], shop.source(THREE))
    assert retail_days(mapping, database=shop.source(THREE)) == [ONE, TWO]


def test_the_day_of_stock_told_by_a_moment_is_that_of_the_zone(shop: Shop) -> None:
    shop.run("create table stock (sku text, units int, at timestamptz); grant select on stock to reader")
    shop.run("insert into stock values ('A1', 5, '2026-09-01 21:00-07'), ('B2', 6, '2026-09-01 09:00-07')")
    columns = "{product_id: sku, store_id: {constant: web}, on_hand: units, reserved: {constant: 0}, day: at}"
    mapping = parse_mapping(WESTERN + f"  inventory: {{database: {{table: stock, day: at}}, columns: {columns}}}\n")
    tables = read_retail(mapping, [ONE], database=shop.source(TWO))
    assert sorted(tables["retail/inventory"]["product_id"].to_pylist()) == ["A1", "B2"]


def test_a_change_of_an_earlier_day_says_that_the_day_is_not_what_it_was(shop: Shop) -> None:
    mapping = orders()
    shop.lines(mapping, [ONE], shop.source(ONE))
    shop.run("insert into lines values ('T3', 1, '2026-09-02 13:00+00', 'B2', 'web', 4, 5, null, '2026-09-02 13:00+00')")
    shop.lines(mapping, [TWO], shop.source(TWO))
    # what the overlap read once more, unchanged, is no change
    assert days_landed(mapping, "orders", [ONE, TWO], shop.source(TWO)) == {ONE: "closed", TWO: "closed"}
    shop.run("update lines set at = '2026-09-02 10:00+00', updated_at = '2026-09-03 10:00+00' where ticket = 'T1' and line = 2")
    shop.lines(mapping, [THREE], shop.source(THREE))
    said = days_landed(mapping, "orders", [ONE, TWO, THREE], shop.source(THREE))
    assert said == {ONE: "closed, changed by [3]", TWO: "closed, changed by [3]", THREE: "closed"}
    assert shop.lines(mapping, [ONE, TWO], shop.unreachable()) == [("T1", 1, 2), ("T1", 2, 1), ("T2", 1, 1), ("T3", 1, 4)]
    kept = orders(CHANGES.replace("}", ", late_changes: keep}"))
    assert days_landed(kept, "orders", [ONE], shop.source(THREE)) == {ONE: "closed"}


def refused(mapping: RetailMapping, days: list[date], source: DatabaseSource) -> list[tuple[Any, ...]]:
    rows = read_retail(mapping, days, database=source)["retail/quarantined_records"].to_pylist()
    return [(row["day"], row["reason"], row["source_file"], row["source_row"]) for row in rows]


RESTARTED = "insert into lines values ('T1', 1, '{day} 10:00+00', 'A1', 'web', 5, 5, null, '{day} 10:00+00')"


def test_of_numbers_that_begin_anew_each_day_none_hides_another(shop: Shop) -> None:
    shop.run("alter table lines drop constraint lines_pkey")
    mapping = orders()
    shop.lines(mapping, [ONE], shop.source(ONE))
    shop.run(RESTARTED.format(day="2026-09-02"))
    shop.lines(mapping, [TWO], shop.source(TWO))
    assert shop.lines(mapping, [ONE, TWO], shop.unreachable()) == [("T1", 1, 5), ("T1", 2, 1), ("T2", 1, 1)]
    assert refused(mapping, [ONE, TWO], shop.unreachable()) == [(ONE, "duplicate_key", "lines#000001", 0)]
    told = read_retail(mapping, [ONE], database=shop.unreachable())["retail/quarantined_records"]["detail"][0].as_py()
    assert "tables.orders.database.key" in told
    # with the key that the data have, each is an order; read anew, the short key is refused at once
    longer = orders(CHANGES.replace("}", ", key: [ticket, line, at]}"))
    assert shop.lines(longer, [ONE, TWO], shop.source(TWO)) == [("T1", 1, 2), ("T1", 1, 5), ("T1", 2, 1), ("T2", 1, 1)]
    other = DatabaseSource(shop.source().address, f"{shop.landing}-anew", shop.source().now)
    with pytest.raises(MappingError, match=r"the key \(ticket, line\) is not unique: 'T1', '1' stands for .* tables.orders.database.key"):
        read_retail(mapping, [ONE], database=other)


def test_a_row_whose_key_the_database_keeps_unique_may_change_its_day(shop: Shop) -> None:
    mapping = orders()
    shop.lines(mapping, [ONE], shop.source(ONE))
    shop.run("update lines set at = '2026-09-02 10:00+00', sku = 'C3', updated_at = '2026-09-02 11:00+00' where line = 2")
    shop.lines(mapping, [TWO], shop.source(TWO))
    assert shop.lines(mapping, [ONE], shop.unreachable()) == [("T1", 1, 2)]
    assert refused(mapping, [ONE, TWO], shop.unreachable()) == []


def test_a_proposed_mapping_names_the_key_that_the_table_declares(shop: Shop) -> None:
    shop.run("alter table lines drop constraint lines_pkey; alter table lines add id serial primary key; grant select on lines to reader")
    shop.run(RESTARTED.format(day="2026-09-02"))
    sample = sample_of_table("public.lines", shop.source())
    database = parse_mapping(mapping_of([(sample, propose_sample(sample))])).tables["orders"].database
    assert database is not None
    assert (database.mode, database.key) == ("watermark", ["id"])
    shop.run("alter table lines drop id")
    sample = sample_of_table("public.lines", shop.source())
    database = parse_mapping(mapping_of([(sample, propose_sample(sample))])).tables["orders"].database
    assert database is not None
    assert (database.mode, database.day) == ("snapshot", "at")  # no key is known: changes could not be told apart


@pytest.mark.parametrize("database", ["{table: lines, day: at}", "{table: lines}", CHANGES.replace("}", ", late_changes: keep}")])
def test_a_column_mapped_later_is_not_made_up_for_days_that_have_landed(shop: Shop, database: str) -> None:
    shop.lines(orders(database), [ONE], shop.source(ONE))
    shop.run("alter table lines add country text default 'FR'")
    text = HEAD + ORDERS.format(database=database).replace("unit_price: price}", "unit_price: price, country: country}")
    mapping = parse_mapping(text)
    with pytest.raises(MappingError, match=r"2026-09-01 was read before column 'country' was mapped.*remove .*orders/\w+ to begin anew"):
        read_retail(mapping, [ONE], database=shop.source(TWO))
    assert read_retail(mapping, [TWO], database=shop.source(TWO))["retail/orders"]["country"].to_pylist() == ["FR"]


def test_dates_beyond_every_calendar_do_not_hide_the_others(shop: Shop) -> None:
    shop.run("update lines set at = 'infinity' where line = 2; insert into lines select 'far', 1, '20000-01-01', 'A1', 'web', 1, 1")
    shop.run("insert into lines select 'old', 1, '0044-03-15 BC', 'A1', 'web', 1, 1")
    assert retail_days(orders(), database=shop.source()) == [ONE, TWO]
    shop.run("alter table lines alter at type text; update lines set at = 'soon' where ticket in ('far', 'old')")
    assert retail_days(orders(), database=shop.source()) == [ONE, TWO]


def test_texts_of_a_database_that_does_not_know_its_encoding(shop: Shop) -> None:
    shop.server.run(f"create database {shop.database}_old encoding 'SQL_ASCII' template template0")
    try:
        old = Shop(shop.server, f"{shop.database}_old", shop.landing)
        old.run("create table lines (ticket text, line int, at timestamptz, sku text, place text, qty int, price numeric)")
        old.run("insert into lines values ('T1', 1, '2026-09-01', E'th\\303\\251', 'web', 2, 5); grant select on lines to reader")
        mapping = orders("{table: lines}")
        assert check_mapping(mapping, database=old.source())["orders"]
        assert old.lines(mapping, [ONE], old.source(ONE)) == [("T1", 1, 2)]
        old.run("insert into lines values ('T2', 1, '2026-09-01', E'\\351', 'web', 2, 5)")
        with pytest.raises(MappingError, match="encoding of the database \\(SQL_ASCII\\) does not say what it is: convert it"):
            old.lines(mapping, [TWO], old.source(TWO))
    finally:
        shop.server.run(f"drop database {shop.database}_old with (force)")


def test_a_counter_that_is_no_number_hides_no_change_and_uses_its_index(shop: Shop) -> None:
    shop.run("alter table lines add version numeric default 1; update lines set version = 'NaN' where ticket = 'T2'")
    shop.run("insert into lines values ('T3', 1, '2026-09-01 11:00+00', 'A1', 'web', 1, 1, null, null, 'Infinity')")
    mapping = orders("{table: lines, mode: watermark, watermark: version, overlap: 0}")
    shop.lines(mapping, [ONE], shop.source(ONE))
    shop.run("update lines set qty = 8, version = 2 where line = 2")
    shop.lines(mapping, [TWO], shop.source(TWO))
    assert ("T1", 2, 8) in shop.lines(mapping, [ONE], shop.unreachable())


@pytest.mark.parametrize("kind", ["bigint", "int", "numeric", "timestamptz"])
def test_the_watermark_is_asked_of_its_index(shop: Shop, kind: str) -> None:
    value = "i" if kind != "timestamptz" else "'2026-01-01'::timestamptz + i * interval '1 second'"
    shop.run(
        f"create table big as select i as id, ({value})::{kind} as version, repeat('x', 100) as filling from generate_series(1, 50000) as i"
    )
    shop.run("create index on big (version); analyze big; grant select on big to reader")
    mapping = parse_mapping(
        HEAD + "  products:\n    database: {table: big, mode: watermark, watermark: version}\n"
        "    columns: {product_id: id, product_name: filling, category: filling}\n"
    )
    table = mapping.tables["products"].database
    assert table is not None
    database = open_database(shop.source().address or "")
    with database.view(table, "big") as connection:
        offered = database.offered(connection, table, "big")
        request = extracts_request(low="2026-01-01 13:50:00+00" if kind == "timestamptz" else "49990")
        seen: list[str] = []
        remember(connection, seen)
        database.reached(connection, table, request, offered)
        list(database.rows(connection, table, request, offered))
    plans = [line for statement in seen for line in explain(shop, statement)]
    assert not [line for line in plans if "Seq Scan" in line], "\n".join(plans)
    assert [line for line in plans if "Index" in line]


def test_many_extracts_of_changes_are_folded_from_a_checkpoint(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extracts, "CHECKPOINT_AFTER", 3)
    shop.run("alter table lines drop constraint lines_pkey")
    mapping = orders()
    days = [ONE + timedelta(days=number) for number in range(8)]
    for number, day in enumerate(days):
        shop.run(RESTARTED.format(day=day))
        shop.run(f"insert into lines values ('D{number}', 1, '{day} 12:00+00', 'A1', 'web', {number + 1}, 5, null, '{day} 12:00+00')")
        shop.run(f"update lines set qty = {10 + number}, updated_at = '{day} 13:00+00' where ticket = 'T2'")
        if number == 0:
            shop.run("delete from lines where ticket = 'T1' and qty = 5")
        shop.lines(mapping, [day], shop.source(day))
    manifests = sorted(shop.landing.glob("orders/*/*.json"))
    checkpoints = [path.stem for path in manifests if '"checkpoint": []' not in path.read_text()]
    assert checkpoints == ["000004", "000007"]
    now = (shop.lines(mapping, days, shop.unreachable()), refused(mapping, days, shop.unreachable()))
    assert len([line for line in now[0] if line[0] == "T1"]) + len(now[1]) == 9  # nothing is lost
    for path in manifests:
        path.write_text(without_checkpoint(path.read_text()))
    assert (shop.lines(mapping, days, shop.unreachable()), refused(mapping, days, shop.unreachable())) == now


def without_checkpoint(manifest: str) -> str:
    import json

    return json.dumps({**json.loads(manifest), "checkpoint": []})


def extracts_request(low: str) -> Any:
    from trend_assets.retail.database import Request

    return Request(("id", "version", "filling"), ("id",), low=low)


def remember(connection: Any, seen: list[str]) -> None:
    """Keep each statement with its values written in."""
    import sqlalchemy as sa
    from psycopg import ClientCursor

    def before(_: Any, cursor: Any, statement: str, parameters: Any, *__: Any) -> None:
        seen.append(ClientCursor(cursor.connection).mogrify(statement, parameters))

    sa.event.listen(connection, "before_cursor_execute", before)


def explain(shop: Shop, statement: str) -> list[str]:
    with shop.server.connect(shop.database) as connection:
        return [row[0] for row in connection.execute(f"explain {statement}")]


def test_a_snapshot_says_which_rows_came_changed_and_went(shop: Shop) -> None:
    shop.run("create table goods (sku text primary key, name text, price numeric(10, 2)); grant select on goods to reader")
    shop.run("insert into goods values ('A', 'Mug', 5), ('B', 'Cup', 4), ('C', 'Pot', 9)")
    mapping = parse_mapping(
        HEAD + "  products: {database: {table: goods}, columns: {product_id: sku, product_name: name, unit_price: price, category: name}}"
    )
    read_retail(mapping, [ONE], database=shop.source(ONE))
    shop.run("insert into goods values ('D', 'Jug', 7); update goods set price = 6 where sku = 'A'; delete from goods where sku = 'B'")
    seen = SeenSources(shop.source().open_landing(), shop.source(TWO).now)
    read_retail(mapping, [TWO], database=replace(shop.source(TWO), seen=seen))
    assert seen.loads["products"].metadata()["source extracts"] == "extract 2: 3 rows; 1 inserted, 1 changed, 1 deleted"


def test_orders_by_snapshot_may_take_in_late_changes_and_deletions(shop: Shop) -> None:
    mapping = orders("{table: lines, late_changes: apply}")
    assert shop.lines(mapping, [ONE], shop.source(ONE)) == [("T1", 1, 2), ("T1", 2, 1)]
    words = days_landed(mapping, "orders", [ONE], shop.source(TWO))
    shop.run("update lines set qty = 5 where line = 1 and ticket = 'T1'; delete from lines where line = 2")
    assert shop.lines(mapping, [TWO], shop.source(TWO)) == [("T2", 1, 1)]
    assert days_landed(mapping, "orders", [ONE], shop.source(TWO)) != words  # the day is due again
    assert shop.lines(mapping, [ONE], shop.unreachable()) == [("T1", 1, 5)]


@pytest.mark.parametrize("database", [CHANGES, "{table: lines}"])
def test_everything_is_read_again_on_demand_and_once(shop: Shop, database: str) -> None:
    assert shop.lines(orders(database), [ONE], shop.source(ONE)) == [("T1", 1, 2), ("T1", 2, 1)]
    shop.run("delete from lines where line = 2")  # no watermark tells it
    again = orders(database.replace("}", ", read_again: 2026-09-02 12:00:00Z}"))
    words = days_landed(orders(database), "orders", [ONE], shop.source(TWO))
    assert days_landed(again, "orders", [ONE], shop.source(TWO)) != words
    assert shop.lines(again, [ONE], shop.source(TWO)) == [("T1", 1, 2)]
    numbers = sorted(path.name for path in shop.landing.rglob("*.json") if path.name != "seen.json")
    assert shop.lines(again, [ONE], shop.unreachable()) == [("T1", 1, 2)]  # it has been read again: nothing more is asked
    assert numbers == ["000001.json", "000002.json"]


def test_columns_that_change_their_meaning_stop_before_anything_lands(shop: Shop) -> None:
    mapping = parse_mapping(HEAD + ORDERS.format(database=CHANGES).replace("unit_price: price", "unit_price: price, country: land"))
    shop.run("alter table lines add column land text default 'FR'; grant select on lines to reader")
    assert shop.lines(mapping, [ONE], shop.source(ONE)) == [("T1", 1, 2), ("T1", 2, 1)]
    shop.run("alter table lines alter column qty type bigint; alter table lines rename column land to country_code")
    shop.run("insert into lines values ('T3', 1, '2026-09-02 11:00+00', 'A1', 'web', 4, 1, null, '2026-09-02 11:00+00')")
    assert shop.lines(mapping, [TWO], shop.source(TWO)) == [("T2", 1, 1), ("T3", 1, 4)]
    first, second = recorded(shop.source().open_landing(), "orders")
    assert first.changes == ()
    assert [(change.column, change.level) for change in second.changes] == [
        ("land", "quarantine"),
        ("country_code", "compatible"),
        ("qty", "compatible"),
    ]
    landed = sorted(shop.landing.rglob("*.json"))
    shop.run("alter table lines alter column at type timestamp")  # the zone is lost
    with pytest.raises(MappingError, match="at: type was timestamp with time zone and is timestamp without time zone"):
        shop.lines(mapping, [THREE], shop.source(THREE))
    assert sorted(shop.landing.rglob("*.json")) == landed


def test_rows_with_the_watermark_that_was_reached_are_never_skipped(shop: Shop) -> None:
    mapping = orders("{table: lines, mode: watermark, watermark: updated_at, overlap: 0}")
    assert shop.lines(mapping, [TWO], shop.source(TWO)) == [("T2", 1, 1)]
    shop.run("insert into lines values ('T3', 1, '2026-09-02 09:00+00', 'A1', 'web', 7, 1, null, '2026-09-02 09:00+00')")  # the same moment
    assert shop.lines(mapping, [THREE], shop.source(THREE)) == []
    assert shop.lines(mapping, [TWO], shop.unreachable()) == [("T2", 1, 1), ("T3", 1, 7)]


def test_another_currency_in_a_table_lands_nothing(shop: Shop) -> None:
    shop.run("alter table lines add column money text default 'EUR'; grant select on lines to reader")
    text = (
        (HEAD + ORDERS.format(database=CHANGES))
        .replace("currency: EUR\n", "")
        .replace("unit_price: price", "unit_price: price, currency: money")
    )
    mapping = parse_mapping(text)
    assert shop.lines(mapping, [ONE], shop.source(ONE)) == [("T1", 1, 2), ("T1", 2, 1)]
    landed = sorted(shop.landing.rglob("0*.json"))
    shop.run("insert into lines values ('T3', 1, '2026-09-02 11:00+00', 'A1', 'web', 4, 1, null, '2026-09-02 11:00+00', 'USD')")
    for _ in range(2):
        with pytest.raises(MappingError, match="money: says USD, never seen before"):
            shop.lines(mapping, [TWO], shop.source(TWO))
        told = SeenSources(shop.source().open_landing(), shop.source(THREE).now)
        assert schema_verdict(told.storage, "orders", {}, told.now()).stopped
    assert sorted(shop.landing.rglob("0*.json")) == landed  # the watermark did not move: the rows are read when it is accepted
    (name,) = changes_to_accept(told, "orders", TWO)
    accepted = replace(told, accepted={"orders": {name: TWO}})
    assert shop.lines(mapping, [TWO], replace(shop.source(THREE), seen=accepted)) == [("T2", 1, 1), ("T3", 1, 4)]
    assert not schema_verdict(told.storage, "orders", {}, told.now()).stopped
