"""What sources looked like is on record: a load goes on, goes on with less, or stops before anything is written."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from trend_assets.lake.storage import LocalStorage
from trend_assets.lib.retail.mapping import parse_mapping
from trend_assets.lib.retail.shape import MappingError
from trend_assets.operations.schema_changes import moments_accepted, schema_verdict
from trend_assets.retail.files import read_retail
from trend_assets.retail.seen import SchemaStopError, SeenSources, recorded

ONE, TWO, THREE = date(2026, 9, 1), date(2026, 9, 2), date(2026, 9, 3)
NOW = datetime(2026, 9, 4, 4, tzinfo=UTC)
MAPPING = """
name: Shop
data_origin: real
references: false
tables:
  orders:
    files: "{pattern}"
    {more}
    columns: {{order_id: ticket, line: line, ordered_at: at, product_id: sku, store_id: {{constant: web}}, kind: {{constant: sale}},
              quantity: n, unit_price: price, currency: money, country: country}}
"""
HEADER = "ticket,line,at,sku,n,price,money,country"


class Shop:
    """A folder of exports that are loaded one after the other, and the record of what they looked like."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.storage, self.hours = folder, LocalStorage(folder / "landing"), 0
        self.accepted: dict[str, datetime] = {}

    def export(self, name: str, *rows: str, header: str = HEADER) -> None:
        (self.folder / name).write_text("\n".join([header, *rows]) + "\n")

    def load(self, *days: date, pattern: str = "orders_{day}.csv", more: str = "on_drift: stop") -> tuple[list[dict], SeenSources]:
        self.hours += 1
        seen = SeenSources(self.storage, lambda: NOW + timedelta(hours=self.hours), self.accepted)
        mapping = parse_mapping(MAPPING.format(pattern=pattern, more=more))
        return read_retail(mapping, days, self.folder, seen=seen)["retail/orders"].to_pylist(), seen


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.export("orders_2026-09-01.csv", "T1,1,2026-09-01 10:00,A1,2,9.50,EUR,FR")
    made.load(ONE)
    return made


def test_a_new_column_is_recorded_and_changes_nothing(shop: Shop) -> None:
    shop.export("orders_2026-09-02.csv", "T2,1,2026-09-02 10:00,A1,1,9.50,EUR,FR,red", header=f"{HEADER},colour")
    rows, seen = shop.load(TWO)
    assert [row["order_id"] for row in rows] == ["T2"]
    first, second = recorded(shop.storage, "orders")
    assert (first.level, second.level, second.name, second.day) == (None, "compatible", "orders_2026-09-02.csv", TWO)
    assert "colour: new column of type text [compatible]" in seen.loads["orders"].metadata()["schema changes"]
    assert schema_verdict(shop.storage, "orders", {}, NOW).message == "columns mean what they meant before"
    assert shop.load(ONE, TWO)[1].loads["orders"].schemas == []  # read again, in whatever order: no change
    assert len(recorded(shop.storage, "orders")) == 2


def test_a_renamed_optional_column_is_left_empty_and_the_check_warns(shop: Shop) -> None:
    shop.export("orders_2026-09-02.csv", "T2,1,2026-09-02 10:00,A1,1,9.50,EUR,FR", header=HEADER.replace("country", "land"))
    rows, _ = shop.load(ONE, TWO)
    assert [(row["order_id"], row["country"]) for row in rows] == [("T1", "FR"), ("T2", None)]
    verdict = schema_verdict(shop.storage, "orders", {}, NOW + timedelta(hours=9))
    assert not verdict.stopped
    assert "country: column is gone; 'land' is new and may be its new name [quarantine]" in verdict.message


def test_a_required_column_that_is_gone_stops_and_is_mended_by_a_right_export(shop: Shop) -> None:
    shop.export("orders_2026-09-02.csv", "T2,1,2026-09-02 10:00,A1,1,EUR,FR", header=HEADER.replace("price,", ""))
    with pytest.raises(SchemaStopError, match=r"orders_2026-09-02.csv is not what it was, and nothing was written. price: column is gone"):
        shop.load(ONE, TWO)
    assert schema_verdict(shop.storage, "orders", {}, NOW).stopped[0].name == "orders_2026-09-02.csv"
    with pytest.raises(SchemaStopError):
        shop.load(TWO)
    assert len(recorded(shop.storage, "orders")) == 2  # the same stop is recorded once
    shop.export("orders_2026-09-02.csv", "T2,1,2026-09-02 10:00,A1,1,9.50,EUR,FR")
    assert len(shop.load(ONE, TWO)[0]) == 2
    assert not schema_verdict(shop.storage, "orders", {}, NOW).stopped


def test_another_currency_stops_until_somebody_says_that_it_is_right(shop: Shop) -> None:
    from trend_assets.operations.accepted import Accepted

    shop.export("orders_2026-09-02.csv", "T2,1,2026-09-02 10:00,A1,1,9.50,CHF,FR")
    with pytest.raises(
        SchemaStopError, match=r"money: says CHF, never seen before .*accept retail/orders schema_changes --since 2026-09-02"
    ):
        shop.load(TWO)
    said = Accepted("retail/orders", "schema_changes", TWO, "we sell in Geneva", "ann", NOW + timedelta(hours=12))
    shop.accepted = moments_accepted([said])
    assert [row["currency"] for row in shop.load(ONE, TWO)[0]] == ["EUR", "CHF"]
    shop.export("orders_2026-09-03.csv", "T3,1,2026-09-03 10:00,A1,1,9.50,EUR,FR", "T4,1,2026-09-03 10:00,A1,1,9.50,CHF,FR")
    shop.accepted = {}
    assert len(shop.load(THREE)[0]) == 2  # both are usual now


def test_one_broken_export_may_be_set_aside_and_the_other_days_go_on(shop: Shop) -> None:
    shop.export("orders_2026-09-02.csv", "T2,1,2026-09-02 10:00,A1,1,EUR,FR", header=HEADER.replace("price,", ""))
    shop.export("orders_2026-09-03.csv", "T3,1,2026-09-03 10:00,A1,1,9.50,EUR,FR")
    rows, _ = shop.load(ONE, TWO, THREE, more="on_drift: set_aside")
    assert [row["order_id"] for row in rows] == ["T1", "T3"]


def test_files_without_rows_of_the_asked_days_are_not_read_again(shop: Shop) -> None:
    shop.export("orders_2026-09-02.csv", "T2,1,2026-09-02 10:00,A1,1,9.50,EUR,FR")
    assert shop.load(ONE, TWO, pattern="orders_*.csv")[1].loads["orders"].new == ["orders_2026-09-01.csv", "orders_2026-09-02.csv"]
    rows, seen = shop.load(TWO, pattern="orders_*.csv")
    load = seen.loads["orders"]
    assert ([row["order_id"] for row in rows], load.new, load.unchanged, load.passed_over) == (["T2"], [], 1, 1)
    # a late line in an old file: its content is another one, so it is read
    shop.export("orders_2026-09-01.csv", "T1,1,2026-09-01 10:00,A1,2,9.50,EUR,FR", "T9,1,2026-09-02 23:00,A1,1,9.50,EUR,FR")
    rows, seen = shop.load(TWO, pattern="orders_*.csv")
    assert (sorted(row["order_id"] for row in rows), seen.loads["orders"].new) == (["T2", "T9"], ["orders_2026-09-01.csv"])
    # the same content under another name is no new file
    (shop.folder / "orders_2026-09-02.csv").rename(shop.folder / "orders_renamed.csv")
    assert shop.load(TWO, pattern="orders_*.csv")[1].loads["orders"].new == []


def test_a_file_that_is_being_written_is_left_for_later(shop: Shop) -> None:
    shop.export("orders_2026-09-02.csv", "T2,1,2026-09-02 10:00,A1,1,9.50,EUR,FR")
    shop.export("orders_2026-09-02.csv.part", "half a li", header="")
    for path in shop.folder.glob("orders_*"):
        os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    later = (NOW + timedelta(hours=1, minutes=59)).timestamp()
    os.utime(shop.folder / "orders_2026-09-02.csv", (later, later))
    rows, seen = shop.load(ONE, TWO, pattern="orders_*", more="settle_seconds: 120")
    assert ([row["order_id"] for row in rows], seen.loads["orders"].left_for_later) == (["T1"], ["orders_2026-09-02.csv"])
    rows, seen = shop.load(ONE, TWO, pattern="orders_*", more="settle_seconds: 120")
    assert ([row["order_id"] for row in rows], seen.loads["orders"].left_for_later) == (["T1", "T2"], [])
    with pytest.raises(MappingError, match="Nothing was written"):
        shop.load(TWO, pattern="orders_2026-09-02.csv", more="settle_seconds: 36000")
