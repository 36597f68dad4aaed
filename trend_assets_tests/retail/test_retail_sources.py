"""A day is told to be made of other things than before when, and only when, its rows are other ones."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from trend_assets.lib.retail.shape import MappingError
from trend_assets.retail.sources import changed_days, ended_day, read_with_sources
from trend_assets_tests.postgres_server import server
from trend_assets_tests.retail_shop import CHANGES, HEAD, ONE, ORDERS, THREE, TWO, Shop, shop

__all__ = ["server", "shop"]

NOW = datetime(2026, 9, 4, 4, tzinfo=UTC)
DAYS = [ONE, TWO, THREE]
FILES = """
  products: {files: "products_{day}.csv", columns: {product_id: sku, product_name: name, category: {constant: all}}}
  inventory: {files: "stock_{day}.csv", columns: {product_id: sku, store_id: {constant: web}, on_hand: n, reserved: {constant: 0}}}
  orders:
    files: "orders*.csv"
    columns: {order_id: ticket, ordered_at: at, product_id: sku, store_id: {constant: web}, kind: {constant: sale}, quantity: n,
              unit_price: price}
"""
LINES = "ticket,at,sku,n,price\n1,2026-09-01 10:00,A,1,5\n2,2026-09-02 10:00,A,1,5\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mapping.yml").write_text(HEAD + FILES)
    (tmp_path / "products_2026-08-20.csv").write_text("sku,name\nA,Mug\n")
    (tmp_path / "stock_2026-09-01.csv").write_text("sku,n\nA,4\n")
    (tmp_path / "orders.csv").write_text(LINES)
    return tmp_path


def made(folder: Path) -> dict[date, dict[str, str]]:
    return read_with_sources(folder / "mapping.yml", DAYS, ONE, NOW)[1]


def changed(folder: Path, words: dict[date, dict[str, str]]) -> list[date]:
    return changed_days(folder / "mapping.yml", words, NOW)


def test_nothing_changes_by_itself_nor_by_being_written_again(folder: Path) -> None:
    words = made(folder)
    assert changed(folder, words) == []
    for name in ("orders.csv", "stock_2026-09-01.csv", "products_2026-08-20.csv"):
        os.utime(folder / name, (1, 1))
    assert changed(folder, words) == []


def test_a_file_of_a_day_that_comes_late_or_is_corrected_changes_that_day(folder: Path) -> None:
    words = made(folder)
    (folder / "stock_2026-09-02.csv").write_text("sku,n\nA,3\n")
    assert changed(folder, words) == [TWO]
    (folder / "stock_2026-09-01.csv").write_text("sku,n\nA,40\n")
    assert changed(folder, words) == [ONE, TWO]
    words = made(folder)
    (folder / "stock_2026-09-02.csv").unlink()
    assert changed(folder, words) == [TWO]


def test_a_catalogue_that_comes_late_changes_the_days_for_which_it_is_the_newest(folder: Path) -> None:
    words = made(folder)
    (folder / "products_2026-09-02.csv").write_text("sku,name\nA,Cup\n")
    assert changed(folder, words) == [TWO, THREE]


def test_of_a_file_of_many_days_those_change_whose_rows_do(folder: Path) -> None:
    words = made(folder)
    (folder / "orders.csv").write_text(LINES + "3,2026-09-02 11:00,A,1,5\n")
    assert changed(folder, words) == [TWO]
    words = made(folder)
    (folder / "orders_of_the_third.csv").write_text("ticket,at,sku,n,price\n9,2026-09-03 10:00,A,1,5\n")
    assert changed(folder, words) == [THREE]
    (folder / "orders.csv").unlink()
    (folder / "orders_of_the_third.csv").unlink()
    with pytest.raises(MappingError, match="no file matches 'orders"):
        changed(folder, words)


def test_changes_that_land_for_an_earlier_day_change_it(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "mapping.yml"
    path.write_text(HEAD + ORDERS.format(database=CHANGES))

    def read(day: date) -> dict[date, dict[str, str]]:
        return read_with_sources(path, [day], ONE, shop.source(day).now(), shop.source(day))[1]

    words = read(ONE)
    late = "insert into lines values ('late', 1, '2026-09-01 23:00+00', 'A1', 'web', 3, 5, null, '2026-09-02 09:30+00')"
    shop.run(late)
    assert changed_days(path, words, shop.source(TWO).now(), shop.source(TWO)) == []  # the change has not landed
    words |= read(TWO)
    assert changed_days(path, words, shop.source(TWO).now(), shop.source(TWO)) == [ONE]
    words |= read(ONE)
    assert changed_days(path, words, shop.source(TWO).now(), shop.source(TWO)) == []


def test_a_day_that_was_read_before_it_ended_is_made_again_after(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "mapping.yml"
    path.write_text(HEAD + ORDERS.format(database="{table: lines, day: at}"))
    early, late = shop.source(TWO, hours=10), shop.source(TWO, hours=27)
    words = read_with_sources(path, [TWO], ONE, early.now(), early)[1]
    assert changed_days(path, words, early.now(), early) == []
    assert changed_days(path, words, late.now(), late) == [TWO]


def test_a_day_has_ended_when_it_has_in_every_table(folder: Path) -> None:
    from trend_assets.lib.retail.mapping import parse_mapping

    text = HEAD + FILES.replace("ordered_at: at", "ordered_at: {column: at, timezone: America/Los_Angeles}")
    assert ended_day(parse_mapping(HEAD + FILES), NOW) == THREE
    assert ended_day(parse_mapping(text), NOW) == TWO
