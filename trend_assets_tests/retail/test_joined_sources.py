"""What a table looks up in other files is part of what its days are made from: their format, their changes, their refused rows."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from trend_assets.lake.storage import LocalStorage
from trend_assets.lib.retail.decode import SourceFile
from trend_assets.lib.retail.shape import MappingError
from trend_assets.retail import sources
from trend_assets.retail.files import read_retail
from trend_assets.retail.seen import SeenSources
from trend_assets.retail.shaped import shaped
from trend_assets.retail.sources import changed_days, read_with_sources

ONE, TWO = date(2026, 9, 1), date(2026, 9, 2)
DAYS, NOW = [ONE, TWO], datetime(2026, 9, 4, 4, tzinfo=UTC)
MAPPING = """
name: Shop
currency: EUR
data_origin: real
references: false
sources:
  cities: {files: "cities.csv"}
  shops:
    files: "shops*.txt"
    format: {delimiter: ";", decimal: ",", missing: ["NULL"]}
    steps:
      - compute: {rate: "[markup %] / 100"}
      - join: {source: cities, by: city, take: [land]}
  never_used: {files: "there_is_no_such_file.csv"}
tables:
  orders:
    files: "orders_PATTERN.csv"
    steps:
      - join: {source: shops, by: {till: id}, take: {name: shop, land: land, rate: rate}}
      - compute: {gross: "price * (1 + rate)"}
    columns: {order_id: ticket, ordered_at: at, product_id: sku, store_id: shop, kind: {constant: sale}, quantity: n, unit_price: gross,
              country: land}
"""
HEAD = "ticket,at,sku,n,price,till\n"


@pytest.fixture(params=["{day}", "*"])
def mapping(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Two days of orders of two tills; the files tell their day by their name, or their rows do."""
    (tmp_path / "cities.csv").write_text("city,land\nLyon,FR\nBern,CH\n")
    (tmp_path / "shops.txt").write_text("id;name;city;markup %\n1;old town;Lyon;10,5\n2;NULL;Bern;20\n")
    (tmp_path / "orders_2026-09-01.csv").write_text(f"{HEAD}T1,2026-09-01 10:00,A,1,100,1\n")
    (tmp_path / "orders_2026-09-02.csv").write_text(f"{HEAD}T2,2026-09-02 10:00,A,1,100,2\n")
    path = tmp_path / "mapping.yml"
    path.write_text(MAPPING.replace("PATTERN", request.param))
    return path


def refused(path: Path, days: list[date] = DAYS) -> list[tuple[date, str, str, int, str]]:
    rows = read_retail(path, days)["retail/quarantined_records"].to_pylist()
    return [(row["day"], row["reason"], row["source_file"], row["source_row"], row["detail"]) for row in rows]


def test_a_source_is_looked_up_as_its_own_format_says(mapping: Path) -> None:
    rows = read_retail(mapping, DAYS)["retail/orders"].to_pylist()
    assert [(row["order_id"], row["store_id"], row["country"], row["unit_price"]) for row in rows] == [
        ("T1", "old town", "FR", pytest.approx(110.5))
    ]
    assert [(day, reason, detail) for day, reason, _, _, detail in refused(mapping)] == [
        (TWO, "missing_value", "store_id is missing (column shop)")  # NULL is no name
    ]


def test_days_that_used_what_changed_in_a_source_are_made_again(mapping: Path) -> None:
    words = read_with_sources(mapping, DAYS, ONE, NOW)[1]
    assert changed_days(mapping, words, NOW) == []
    shops = mapping.parent / "shops.txt"
    shops.write_text(shops.read_text().replace("2;NULL", "2;station"))
    assert changed_days(mapping, words, NOW) == [TWO]
    words = read_with_sources(mapping, DAYS, ONE, NOW)[1]
    shops.write_text(shops.read_text() + "3;harbour;Lyon;5\n")
    assert changed_days(mapping, words, NOW) == []  # no order was taken there
    (mapping.parent / "cities.csv").write_text("city,land\nLyon,BE\nBern,CH\n")
    assert changed_days(mapping, words, NOW) == [ONE]  # what a source looks up itself


def test_rows_of_a_source_that_cannot_be_read_are_quarantined_on_the_days_that_might_have_met_them(mapping: Path) -> None:
    words = read_with_sources(mapping, DAYS, ONE, NOW)[1]
    shops = mapping.parent / "shops.txt"
    shops.write_text(shops.read_text().replace("NULL", "station") + "3;harbour;Lyon;much\n4;Anna's\n")
    assert changed_days(mapping, words, NOW) == DAYS
    told = "sources.shops (shops*.txt)"
    bad = [("invalid_value", told, 2, "markup % is not a number"), ("invalid_value", told, 3, "2 fields instead of 4")]
    assert refused(mapping) == [(day, *one) for day in DAYS for one in bad]
    assert refused(mapping, [TWO]) == [(TWO, *one) for one in bad]
    assert refused(mapping, [date(2026, 9, 3)]) == []
    kept = read_retail(mapping, DAYS)["retail/quarantined_records"].to_pylist()
    assert [row["original"] for row in kept] == ["{}"] * 4  # nothing says whom they name
    assert not any("much" in str(row) for row in kept)


def test_a_source_that_is_written_again_without_a_change_is_compared_once(mapping: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = read_with_sources(mapping, DAYS, ONE, NOW)[1]
    times: list[str] = []

    def counted(*given: Any) -> list[SourceFile]:
        times.append(given[1])
        return shaped(*given)

    monkeypatch.setattr(sources, "shaped", counted)
    for moment in (1_800_000_000, 1_800_000_001):
        os.utime(mapping.parent / "shops.txt", (moment, moment))
        for _ in range(3):
            assert changed_days(mapping, words, NOW) == []
    assert times == ["orders", "orders"]


def test_a_source_that_is_being_written_is_waited_for(mapping: Path) -> None:
    mapping.write_text(mapping.read_text().replace("    columns:", "    settle_seconds: 120\n    columns:"))
    for path in mapping.parent.iterdir():
        os.utime(path, (NOW.timestamp() - 3600, NOW.timestamp() - 3600))
    os.utime(mapping.parent / "cities.csv", (NOW.timestamp() - 60, NOW.timestamp() - 60))  # joined by a source that is joined
    storage = LocalStorage(mapping.parent / "landing")
    with pytest.raises(MappingError, match=r"orders: cities\.csv, which it joins \(sources\.cities\).*Nothing was written"):
        read_retail(mapping, DAYS, seen=SeenSources(storage, lambda: NOW))
    later = NOW + timedelta(seconds=60)
    assert read_retail(mapping, DAYS, seen=SeenSources(storage, lambda: later))["retail/orders"].num_rows == 1


def test_the_report_of_a_load_accounts_for_each_file_and_source(mapping: Path) -> None:
    shops = mapping.parent / "shops.txt"
    shops.write_text(shops.read_text() + "4;Anna's\n")
    seen = SeenSources(LocalStorage(mapping.parent / "landing"), lambda: NOW)
    read_retail(mapping, DAYS, seen=seen)
    said = seen.loads["orders"].metadata()
    assert said["rows"] == "2 read, 0 of them not readable, 0 left out as declared; steps made 2 of the rest"
    of_files = said["rows by file"].split("\n")
    assert "sources.shops (shops*.txt): 3 read, 1 of them not readable, 0 left out as declared; steps made 2 of the rest" in of_files
    assert "sources.cities (cities.csv): 2 read, 0 of them not readable, 0 left out as declared; steps made 2 of the rest" in of_files
    if "{day}" in mapping.read_text():
        assert "orders_2026-09-01.csv: 1 read, 0 of them not readable, 0 left out as declared; steps made 1 of the rest" in of_files


def test_prices_are_not_a_thousand_times_as_much_where_points_part_thousands(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("ticket;at;sku;n;total\nT1;2026-09-01 10:00;A;4;1,50\nT2;2026-09-01 11:00;B;1;1.234,50\n")
    path = tmp_path / "mapping.yml"
    path.write_text("""
name: Shop
currency: EUR
data_origin: real
references: false
format: {delimiter: ";", decimal: ",", thousands: "."}
sources:
  weights: {rows: [{sku: A, kg: 0.5}, {sku: B, kg: 2.5}]}
tables:
  orders:
    files: "orders.csv"
    steps:
      - compute: {each: total / n}
      - choose: {price: {when: {column: n, above: 0}, column: each}}
      - join: {source: weights, by: sku, take: [kg]}
      - compute: {per_kg: price / kg}
    columns: {order_id: ticket, ordered_at: at, product_id: sku, store_id: {constant: web}, kind: {constant: sale}, quantity: n,
              unit_price: {column: per_kg, default: 0}}
""")
    tables = read_retail(path, [ONE])
    assert tables["retail/quarantined_records"].num_rows == 0
    assert [row["unit_price"] for row in tables["retail/orders"].to_pylist()] == pytest.approx([0.75, 493.8])
