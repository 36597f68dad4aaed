"""Retail tables from a real PostgreSQL: what a day holds after changes, deletions, late commits, kills, and clear refusals."""

from __future__ import annotations

import itertools
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from trend_assets.lake.storage import ConflictError, LocalStorage
from trend_assets.lib.retail.mapping import parse_mapping
from trend_assets.lib.retail.shape import MappingError
from trend_assets.retail.extracts import DatabaseSource
from trend_assets.retail.files import check_mapping, read_retail, retail_days
from trend_assets.retail.propose import mapping_of, propose_sample, sample_of_table
from trend_assets_tests.postgres_server import server
from trend_assets_tests.retail_shop import CHANGES, HEAD, ONE, ORDERS, READER_PASSWORD, THREE, TWO, Shop, orders, shop

__all__ = ["server", "shop"]


def test_changes_are_read_once_and_days_are_made_again_without_the_database(shop: Shop) -> None:
    mapping = orders()
    assert shop.lines(mapping, [ONE], shop.source(ONE)) == [("T1", 1, 2), ("T1", 2, 1)]
    shop.run("update lines set qty = 7, updated_at = '2026-09-02 12:00+00' where ticket = 'T1' and line = 1")
    shop.run("insert into lines values ('T3', 1, '2026-09-02 13:00+00', 'B2', 'web', 4, 5, null, '2026-09-02 13:00+00')")
    assert shop.lines(mapping, [ONE], shop.unreachable()) == [("T1", 1, 2), ("T1", 2, 1)]
    assert shop.lines(mapping, [TWO], shop.source(TWO)) == [("T2", 1, 1), ("T3", 1, 4)]
    # what has landed since corrects the day when it is made again
    assert shop.lines(mapping, [ONE], shop.unreachable()) == [("T1", 1, 7), ("T1", 2, 1)]
    assert shop.lines(mapping, [ONE, TWO], shop.unreachable()) == [("T1", 1, 7), ("T1", 2, 1), ("T2", 1, 1), ("T3", 1, 4)]
    kept = orders(CHANGES.replace("}", ", late_changes: keep}"))
    assert shop.lines(kept, [ONE], shop.unreachable()) == [("T1", 1, 2), ("T1", 2, 1)]


def test_a_deleted_row_stays_until_everything_is_read_again(shop: Shop) -> None:
    mapping = orders(CHANGES.replace("}", ", full_every_days: 2}"))
    shop.lines(mapping, [ONE], shop.source(ONE))
    shop.run("delete from lines where ticket = 'T1' and line = 2")
    shop.lines(mapping, [TWO], shop.source(TWO))
    assert ("T1", 2, 1) in shop.lines(mapping, [ONE], shop.unreachable())
    shop.lines(mapping, [THREE], shop.source(THREE))
    assert shop.lines(mapping, [ONE], shop.unreachable()) == [("T1", 1, 2)]


def test_a_transaction_that_commits_late_is_found_within_the_overlap(shop: Shop) -> None:
    mapping = orders()
    insert = "insert into lines values ('{}', 1, '2026-09-01 23:50+00', 'A1', 'web', 1, 1, null, '{}')"
    with shop.server.connect(shop.database) as slow:
        slow.execute("begin")
        slow.execute(insert.format("late", "2026-09-02 08:30+00"))  # older than the newest change, T2 of 09:00
        assert shop.lines(mapping, [ONE], shop.source(ONE)) == [("T1", 1, 2), ("T1", 2, 1)]
        slow.execute("commit")
    shop.run(insert.format("later than the overlap", "2026-09-02 07:00+00"))
    shop.lines(mapping, [TWO], shop.source(TWO))
    assert shop.lines(mapping, [ONE], shop.unreachable()) == [("T1", 1, 2), ("T1", 2, 1), ("late", 1, 1)]


def test_a_row_of_the_future_or_without_a_watermark_hides_no_change(shop: Shop) -> None:
    shop.run("update lines set updated_at = '2999-01-01' where ticket = 'T2'; update lines set updated_at = null where line = 2")
    mapping = orders()
    shop.lines(mapping, [ONE], shop.source(ONE))
    shop.run("update lines set qty = 9, updated_at = now() where line = 1; update lines set qty = 8 where line = 2")
    shop.lines(mapping, [TWO], shop.source(TWO))
    assert shop.lines(mapping, [ONE, TWO], shop.unreachable()) == [("T1", 1, 9), ("T1", 2, 8), ("T2", 1, 9)]


VERSIONS = {"bigint": ("17", "18"), "date": ("'2026-09-01'", "'2026-09-02'"), "timestamp": ("'2026-09-01 12:00'", "'2026-09-02 12:00'")}


@pytest.mark.parametrize("kind", VERSIONS)
def test_a_watermark_may_be_a_counter_a_date_or_a_time_without_a_zone(shop: Shop, kind: str) -> None:
    first, second = VERSIONS[kind]
    shop.run(f"alter table lines add version {kind} not null default {first}")
    mapping = orders("{table: public.lines, mode: watermark, watermark: version, overlap: 0}")
    shop.lines(mapping, [ONE], shop.source(ONE))
    shop.run(f"update lines set qty = 3, version = {second} where line = 2")
    shop.lines(mapping, [TWO], shop.source(TWO))
    assert shop.lines(mapping, [ONE], shop.unreachable()) == [("T1", 1, 2), ("T1", 2, 3)]


def test_a_snapshot_of_the_asked_days_stays_as_it_was_taken(shop: Shop) -> None:
    mapping = orders("{table: lines, day: at}")
    assert shop.lines(mapping, [ONE], shop.source(ONE)) == [("T1", 1, 2), ("T1", 2, 1)]
    shop.run("delete from lines")
    assert shop.lines(mapping, [ONE], shop.unreachable()) == [("T1", 1, 2), ("T1", 2, 1)]
    assert shop.lines(mapping, [ONE, TWO], shop.source(TWO)) == [("T1", 1, 2), ("T1", 2, 1)]


def test_days_are_those_of_the_tables_time_zone(shop: Shop) -> None:
    shop.run("update lines set at = '2026-09-01 23:30+02' where line = 2; update lines set at = '2026-09-01 23:30+00' where line = 1")
    text = HEAD.replace("references", "format: {timezone: Europe/Paris}\nreferences") + ORDERS.format(database="{table: lines, day: at}")
    mapping = parse_mapping(text)
    source = shop.source(THREE)
    assert retail_days(mapping, database=source) == [ONE, TWO]
    assert shop.lines(mapping, [ONE], source) == [("T1", 2, 1)]
    assert shop.lines(mapping, [TWO], source) == [("T1", 1, 2), ("T2", 1, 1)]


def test_an_open_day_is_read_again_and_a_closed_one_is_not(shop: Shop) -> None:
    mapping = orders("{table: lines, day: at}")
    assert shop.lines(mapping, [TWO], shop.source(TWO, hours=10)) == [("T2", 1, 1)]
    shop.run("insert into lines values ('T3', 1, '2026-09-02 13:00+00', 'B2', 'web', 4, 5, null, now())")
    assert shop.lines(mapping, [TWO], shop.source(TWO, hours=26)) == [("T2", 1, 1), ("T3", 1, 4)]
    shop.run("insert into lines values ('T4', 1, '2026-09-02 14:00+00', 'B2', 'web', 4, 5, null, now())")
    assert shop.lines(mapping, [TWO], shop.source(TWO, hours=30)) == [("T2", 1, 1), ("T3", 1, 4)]


STOCK = """
  inventory:
    database: {table: stock}
    columns: {product_id: sku, store_id: place, on_hand: units, reserved: {constant: 0}}
  products:
    database: {query: "select distinct sku, 'Mug: ' || sku as name, 'home' as kind, null::text as colour from stock -- all"}
    columns: {product_id: sku, product_name: name, category: kind, colour: colour}
"""


def test_stock_is_told_for_the_days_it_was_read_for_and_never_invented_for_others(shop: Shop) -> None:
    shop.run("create table stock (sku text, place text, units numeric); insert into stock values ('A1', 'web', 5), ('A1', 'lyon', 2.5)")
    shop.run("grant select on stock to reader")
    mapping = parse_mapping(HEAD + STOCK)
    tables = read_retail(mapping, [ONE, TWO], database=shop.source(TWO))
    assert [(row["day"], row["store_id"], row["on_hand"]) for row in tables["retail/inventory"].to_pylist()] == [(TWO, "web", 5)]
    assert [row["product_name"] for row in tables["retail/products"].to_pylist()] == ["Mug: A1", "Mug: A1"]
    refused = [(row["day"], row["source_file"], row["reason"]) for row in tables["retail/quarantined_records"].to_pylist()]
    assert refused == [(ONE, "stock#000001", "unreadable_file"), (TWO, "stock#000001", "invalid_value")]
    shop.run("update stock set units = 1")
    after = read_retail(mapping, [TWO, THREE], database=shop.source(THREE))["retail/inventory"].to_pylist()
    assert [(row["day"], row["on_hand"]) for row in after] == [(TWO, 5), (THREE, 1), (THREE, 1)]


def test_a_snapshot_that_did_not_change_is_not_stored_again(shop: Shop) -> None:
    shop.run(
        "create table stock (sku text, place text, units int); insert into stock values ('A1', 'web', 5); grant select on stock to reader"
    )
    mapping = parse_mapping(HEAD + STOCK)
    for day in (ONE, TWO, THREE):
        read_retail(mapping, [day], database=shop.source(day))
    assert [len(list(shop.landing.glob(f"inventory/*/{files}"))) for files in ("*.json", "parts/*")] == [3, 1]


def test_open_purchase_orders_are_as_known_on_each_day(shop: Shop) -> None:
    shop.run(
        "create table purchases (id int, sku text, ordered date, due date, received date, units int, got int);"
        "grant select on purchases to reader;"
        "insert into purchases values (1, 'A1', '2026-08-20', '2026-09-01', '2026-09-02', 6, 6),"
        "(2, 'A1', '2026-09-02', 'infinity', null, 3, 0)"
    )
    mapping = parse_mapping(
        HEAD
        + "  deliveries:\n    database: {table: purchases}\n    columns: {delivery_id: id, product_id: sku, store_id: {constant: web}, "
        "ordered_on: ordered, due_on: due, received_on: received, quantity_ordered: units, quantity_received: got}\n"
    )
    tables = read_retail(mapping, [ONE, TWO, THREE], database=shop.source(THREE))
    known = [
        (row["day"], row["delivery_id"], row["received_on"], row["quantity_received"]) for row in tables["retail/deliveries"].to_pylist()
    ]
    assert known == [(ONE, "1", None, 0), (TWO, "1", TWO, 6)]
    assert "'infinity' in due is not a date" in tables["retail/quarantined_records"]["detail"][0].as_py()


def test_odd_values_arrive_exactly_and_bad_ones_are_refused_with_their_row(shop: Shop) -> None:
    odd = 'L\'été; "quoted"\n\tnew line € 😀 \\N'
    shop.run(f"update lines set sku = $t${odd}$t$, price = 12345678.91 where line = 2; update lines set price = 'NaN' where ticket = 'T2'")
    shop.run("insert into lines values ('T9', 1, null, 'A1', 'web', 1, 1, null, '2026-09-02 10:00+00')")
    tables = read_retail(orders(), [ONE, TWO], database=shop.source(TWO))
    row = tables["retail/orders"].to_pylist()[1]
    assert (row["product_id"], row["unit_price"]) == (odd, 12345678.91)
    refused = tables["retail/quarantined_records"].to_pylist()
    assert [(row["day"], row["reason"]) for row in refused] == [(TWO, "invalid_value"), (TWO, "missing_value")]
    assert "'NaN' in price is not a number" in refused[0]["detail"]
    assert "ann@example.org" not in str(refused)
    assert b"ann@example.org" not in b"".join(path.read_bytes() for path in shop.landing.rglob("*.parquet"))


class Killed(BaseException):  # nothing catches it
    pass


def test_a_run_killed_at_any_step_neither_loses_nor_doubles_rows(shop: Shop, tmp_path: Path) -> None:
    mapping = orders()
    expected = [("T1", 1, 5), ("T1", 2, 1), ("T2", 1, 1), ("T3", 1, 4)]
    steps = len(LocalStorage(tmp_path).steps)
    for step in range(1, steps + 1):
        source = replace(shop.source(ONE), landing=str(tmp_path / str(step)))
        first_line = "where ticket = 'T1' and line = 1"
        shop.run(f"delete from lines where ticket = 'T3'; update lines set qty = 2, updated_at = '2026-09-01 10:00+00' {first_line}")
        shop.lines(mapping, [ONE], source)
        shop.run("update lines set qty = 5, updated_at = '2026-09-02 12:00+00' where ticket = 'T1' and line = 1")
        shop.run("insert into lines values ('T3', 1, '2026-09-02 13:00+00', 'B2', 'web', 4, 5, null, '2026-09-02 13:00+00')")
        source = replace(shop.source(TWO), landing=source.landing)
        count = itertools.count(1)

        def die(_: str, count: Iterator[int] = count, step: int = step) -> None:
            if next(count) == step:
                raise Killed

        with pytest.raises(Killed):
            shop.lines(mapping, [TWO], replace(source, storage=LocalStorage(source.landing, on_step=die)))
        assert shop.lines(mapping, [ONE, TWO], source) == expected, f"killed at step {step}"
        parts = list(Path(source.landing).glob("orders/*/parts/*"))
        assert len(parts) == 2, f"killed at step {step}: {parts}"


def test_two_runs_at_once_land_one_extract_of_a_number(shop: Shop) -> None:
    mapping = orders()
    other = replace(shop.source(ONE), storage=LocalStorage(shop.landing))

    class Slow(LocalStorage):
        # the other run lands just before this one publishes
        def compare_and_swap(self, path: str, data: bytes, expected: str | None) -> str:
            if not list(shop.landing.glob("orders/*/*.json")):
                shop.run("insert into lines values ('T0', 1, '2026-09-01 13:00+00', 'B2', 'web', 4, 5, null, '2026-09-01 13:00+00')")
                shop.lines(mapping, [ONE], other)
                with pytest.raises(ConflictError):
                    super().compare_and_swap(path, data, expected)
            return super().compare_and_swap(path, data, expected)

    found = shop.lines(mapping, [ONE], replace(other, storage=Slow(shop.landing)))
    assert found == [("T0", 1, 4), ("T1", 1, 2), ("T1", 2, 1)]
    assert len(list(shop.landing.glob("orders/*/*.json"))) == 1


def refusal(work: Callable[[], object]) -> str:
    with pytest.raises(MappingError) as error:
        work()
    assert READER_PASSWORD not in str(error.value)
    assert "%C3%A9" not in str(error.value)  # the password as an address writes it
    return str(error.value)


def test_each_failure_to_connect_says_what_to_do(shop: Shop) -> None:
    mapping = orders()

    def problem(source: DatabaseSource) -> str:
        return refusal(lambda: check_mapping(mapping, database=source))

    assert "wrong user or password" in problem(shop.source(password="wrong"))
    assert "wrong user or password" in problem(shop.source(user="nobody_here"))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    address = f"postgresql://reader:{'s3cret%40%2F%C3%A9'}@127.0.0.1:{port}/shop"
    message = problem(DatabaseSource(address, str(shop.landing)))
    assert f"no server answers at 127.0.0.1:{port}/shop as reader" in message
    assert "there is no database 'nowhere'" in problem(
        DatabaseSource(shop.server.address("reader", READER_PASSWORD, "nowhere"), str(shop.landing))
    )
    assert "only postgresql:// and mssql:// are supported" in problem(DatabaseSource("mysql://u:p@h/d", str(shop.landing)))
    assert "is not an address" in problem(DatabaseSource(f"postgres//{READER_PASSWORD}", str(shop.landing)))
    assert "set TREND_ASSETS_RETAIL_DATABASE" in problem(shop.unreachable())


@pytest.mark.parametrize(
    ("prepare", "database", "said"),
    [
        ("select 1", "{table: line}", "there is no table 'line'. Did you mean 'public.lines'? Tables this user may see: public.lines"),
        ("alter table lines rename qty to units", "{table: lines}", "has no column 'qty', which the mapping uses for quantity."),
        ("select 1", "{table: lines, mode: watermark, watermark: update_at}", "names as watermark. Did you mean 'updated_at'?"),
        ("revoke all on lines from reader", "{table: lines}", "`grant select on lines to reader`"),
        ("revoke all on lines from reader", "{query: select * from lines}", "`grant select on ... to reader`"),
        ("select 1", "{query: 'select * from lines, pg_sleep(3)', timeout_seconds: 1}", "longer than timeout_seconds (1)"),
        ("select 1", "{query: 'delete from lines returning *'}", "not valid SQL"),
        ("grant all on lines to reader", "{query: 'with d as (delete from lines returning *) select * from d'}", "the database refused"),
        ("create sequence s; grant all on s to reader", "{query: \"select *, nextval('s') from lines\"}", "only reading is allowed"),
        ("select 1", "{query: 'select *, 1 as qty from lines'}", "two columns 'qty'"),
        ("alter table lines alter qty type int[] using array[qty]", "{table: lines}", "column 'qty' is an array: choose one value"),
        ("alter table lines alter qty type jsonb using to_jsonb(qty)", "{table: lines}", "column 'qty' is JSON"),
        ("alter table lines alter price type money", "{table: lines}", "column 'price' is of type money"),
        ("select 1", "{table: lines, mode: watermark, watermark: sku}", "the watermark 'sku' is of type text"),
        ("alter table lines alter at type text", "{table: lines, day: at}", "the day column 'at' is of type text"),
    ],
)
def test_each_misfit_says_what_to_change(shop: Shop, prepare: str, database: str, said: str) -> None:
    shop.run(prepare)
    assert said in refusal(lambda: read_retail(orders(database), [ONE], database=shop.source(ONE)))
    assert not list(shop.landing.rglob("*.json"))


def test_a_user_may_be_granted_some_columns_only(shop: Shop) -> None:
    shop.run("revoke all on lines from reader; grant select (ticket, line, at, sku, place, qty, price, updated_at) on lines to reader")
    assert shop.lines(orders(), [ONE], shop.source(ONE)) == [("T1", 1, 2), ("T1", 2, 1)]
    shop.run("revoke select (price) on lines from reader")
    assert "price: column is gone. Bring it back" in refusal(lambda: shop.lines(orders(), [TWO], shop.source(TWO)))


def test_a_new_column_of_the_mapping_reads_everything_once_more(shop: Shop) -> None:
    shop.lines(orders(), [ONE], shop.source(ONE))
    shop.run("alter table lines add country text default 'FR'")
    text = HEAD + ORDERS.format(database=CHANGES).replace("unit_price: price}", "unit_price: price, country: country}")
    tables = read_retail(parse_mapping(text), [ONE], database=shop.source(TWO))
    assert tables["retail/orders"]["country"].to_pylist() == ["FR", "FR"]


def test_a_mapping_is_proposed_from_a_table_and_reads_it(shop: Shop) -> None:
    sample = sample_of_table("public.lines", shop.source())
    proposal = propose_sample(sample)
    assert (proposal.table, set(proposal.personal)) == ("orders", {"client"})
    mapping = parse_mapping(mapping_of([(sample, proposal)]))
    database = mapping.tables["orders"].database
    assert database is not None
    assert (database.table, database.mode, database.watermark) == ("public.lines", "watermark", "updated_at")
    assert shop.lines(mapping, [ONE], shop.source(ONE)) == [("T1", 1, 2), ("T1", 2, 1)]
    assert "Did you mean 'public.lines'?" in refusal(lambda: sample_of_table("lin", shop.source()))


MEASURE = """
import re, sys, time
from datetime import date
from pathlib import Path
from trend_assets.lib.retail.mapping import parse_mapping
from trend_assets.retail.extracts import DatabaseSource, check_table, landed_rows
mapping, source = parse_mapping(sys.argv[1]), DatabaseSource(sys.argv[2], sys.argv[3])
check_table(mapping, "orders", source)
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
before, started = peak(), time.monotonic()
landed_rows(mapping, "orders", [date(2026, 8, 1)], source)
print(peak() - before, time.monotonic() - started)
"""


def test_two_hundred_thousand_rows_land_within_seconds_and_bounded_memory(shop: Shop) -> None:
    rows = 200_000
    shop.run(
        f"insert into lines select 'L' || i / 3, i % 3 + 1, '2026-09-01'::timestamptz + i * interval '10 seconds', 'P' || i % 500, "
        f"'S' || i % 20, 1 + i % 4, (i % 1000) / 10.0, repeat('x', 200), '2026-09-01'::timestamptz from generate_series(1, {rows}) as i"
    )
    command = [sys.executable, "-c", MEASURE, HEAD + ORDERS.format(database=CHANGES), shop.source().address or "", str(shop.landing)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    kibibytes, seconds = map(float, result.stdout.split())
    assert seconds < 60, result.stdout  # 2 s on a quiet machine
    assert kibibytes < 150 * 1024, result.stdout
    days = [ONE + timedelta(days=number) for number in range(25)]
    landed = read_retail(orders(), days, database=shop.unreachable())["retail/orders"]
    assert pa.compute.sum(landed["quantity"]).as_py() == sum(1 + number % 4 for number in range(1, rows + 1)) + 4
