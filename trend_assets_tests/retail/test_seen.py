"""What sources looked like is on record: a load goes on, goes on with less, or stops before anything is written."""

from __future__ import annotations

import io
import os
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from trend_assets.cli import app
from trend_assets.commands.terminal import console
from trend_assets.lake.storage import LocalStorage
from trend_assets.lib.retail.drift import SeenColumn
from trend_assets.lib.retail.mapping import parse_mapping
from trend_assets.lib.retail.shape import MappingError
from trend_assets.operations.accepted import Accepted, accepted_changes
from trend_assets.operations.schema_changes import changes_to_accept, schema_verdict, schemas_accepted
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
        self.folder, self.storage, self.hours = folder, LocalStorage(folder / "retail_landing"), 0
        self.said: list[Accepted] = []

    def export(self, name: str, *rows: str, header: str = HEADER) -> None:
        (self.folder / name).write_text("\n".join([header, *rows]) + "\n")

    def load(self, *days: date, pattern: str = "orders_{day}.csv", more: str = "on_drift: stop") -> tuple[list[dict], SeenSources]:
        self.hours += 1
        seen = self.seen()
        mapping = parse_mapping(MAPPING.format(pattern=pattern, more=more))
        return read_retail(mapping, days, self.folder, seen=seen)["retail/orders"].to_pylist(), seen

    def seen(self) -> SeenSources:
        moment = NOW + timedelta(hours=self.hours)
        return SeenSources(self.storage, lambda: moment, schemas_accepted(self.said))

    def accept(self, since: date, *chosen: str) -> None:
        for name in changes_to_accept(self.seen(), "orders", since, chosen):
            self.said.append(Accepted("retail/orders", "schema_changes", since, "it is right", "ann", NOW, name))

    def stopped(self) -> list[str]:
        seen = self.seen()
        return [schema.name for schema in schema_verdict(self.storage, "orders", seen.accepted, seen.now()).stopped]


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
    shop.export("orders_2026-09-02.csv", "T2,1,2026-09-02 10:00,A1,1,9.50,CHF,FR")
    told = r"money: says CHF, never seen before .*accept retail/orders schema_changes --since 2026-09-02 --change [0-9a-f]{6} --reason"
    with pytest.raises(SchemaStopError, match=told):
        shop.load(TWO)
    shop.accept(TWO)
    assert shop.stopped() == []
    assert [row["currency"] for row in shop.load(ONE, TWO)[0]] == ["EUR", "CHF"]
    shop.export("orders_2026-09-03.csv", "T3,1,2026-09-03 10:00,A1,1,9.50,EUR,FR", "T4,1,2026-09-03 10:00,A1,1,9.50,CHF,FR")
    shop.said = []
    assert len(shop.load(THREE)[0]) == 2  # both are usual now


def test_a_stop_is_told_by_every_load_until_its_own_file_is_right(shop: Shop) -> None:
    broken = "T2,1,2026-09-02 10:00,A1,1,EUR,FR"
    shop.export("orders_2026-09-02.csv", broken, header=HEADER.replace("price,", ""))
    shop.export("orders_2026-09-03.csv", "T3,1,2026-09-03 10:00,A1,1,9.50,EUR,FR")
    with pytest.raises(SchemaStopError):
        shop.load(TWO)
    assert len(shop.load(THREE)[0]) == 1  # the day after is as it should be, and says nothing of the day before
    assert shop.stopped() == ["orders_2026-09-02.csv"]
    with pytest.raises(SchemaStopError):
        shop.load(TWO)
    assert shop.stopped() == ["orders_2026-09-02.csv"]
    (shop.folder / "orders_2026-09-02.csv").unlink()  # what is no longer delivered cannot do harm
    shop.load(THREE)
    assert shop.stopped() == []


def test_of_files_without_a_day_each_is_put_right_by_itself(shop: Shop) -> None:
    shop.load(ONE, pattern="orders_*.csv")
    shop.export("orders_a.csv", "T2,1,2026-09-02 10:00,A1,1,9.50,CHF,FR")
    shop.export("orders_b.csv", "T3,1,2026-09-03 10:00,A1,1,9.50,EUR,FR")
    for _ in range(2):
        with pytest.raises(SchemaStopError, match=r"orders_a\.csv is not what it was"):
            shop.load(TWO, THREE, pattern="orders_*.csv")
        assert shop.stopped() == ["orders_a.csv"]
    shop.export("orders_a.csv", "T2,1,2026-09-02 10:00,A1,1,9.50,EUR,FR")
    assert len(shop.load(TWO, THREE, pattern="orders_*.csv")[0]) == 2
    assert shop.stopped() == []


def test_a_file_that_is_again_what_it_was_stops_no_more(shop: Shop) -> None:
    right = (shop.folder / "orders_2026-09-01.csv").read_text()
    shop.export("orders_2026-09-01.csv", "T1,1,2026-09-01 10:00,A1,2,9.50,USD,FR")
    with pytest.raises(SchemaStopError):
        shop.load(ONE)
    (shop.folder / "orders_2026-09-01.csv").write_text(right)
    assert len(shop.load(ONE)[0]) == 1
    assert shop.stopped() == []


def test_accepting_one_change_accepts_no_other(shop: Shop) -> None:
    shop.export("orders_2026-09-02.csv", "T2,1,2026-09-02 10:00,A1,1,CHF,FR", header=HEADER.replace("price,", ""))
    with pytest.raises(SchemaStopError, match=r"price: column is gone.*schema_changes --since 2026-09-02 --change \w+ --reason"):
        shop.load(TWO)
    with pytest.raises(ValueError, match="several changes of retail/orders wait: say which are right") as several:
        shop.accept(TWO)
    shop.accept(TWO, *re.findall(r"--change (\w+) orders_2026-09-02.csv: says CHF", str(several.value)))
    with pytest.raises(SchemaStopError, match="price: column is gone") as stop:
        shop.load(TWO)
    assert "CHF" not in str(stop.value)
    shop.export("orders_2026-09-02.csv", "T2,1,2026-09-02 10:00,A1,1,9.50,CHF,FR", "T9,1,2026-09-02 10:00,A1,1,9.50,USD,FR")
    with pytest.raises(SchemaStopError, match="money: says USD"):
        shop.load(TWO)
    assert shop.stopped() == ["orders_2026-09-02.csv"]
    shop.accept(TWO)
    assert len(shop.load(TWO)[0]) == 2


def test_what_is_accepted_since_a_day_stops_before_it(shop: Shop) -> None:
    shop.export("orders_2026-09-03.csv", "T3,1,2026-09-03 10:00,A1,1,9.50,CHF,FR")
    with pytest.raises(SchemaStopError):
        shop.load(THREE)
    with pytest.raises(ValueError, match="no change of columns of retail/orders waits to be accepted since 2026-09-04"):
        shop.accept(date(2026, 9, 4))
    shop.accept(THREE)
    shop.export("orders_2026-09-02.csv", "T2,1,2026-09-02 10:00,A1,1,9.50,CHF,FR")
    with pytest.raises(SchemaStopError, match=r"orders_2026-09-02\.csv is not what it was"):
        shop.load(TWO, THREE)
    assert shop.stopped() == ["orders_2026-09-02.csv"]
    assert len(shop.load(THREE)[0]) == 1


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


@pytest.mark.parametrize("more", ["settle_seconds: 120", "on_drift: stop"])
def test_a_file_that_is_taken_away_while_files_are_looked_at_says_so(shop: Shop, more: str) -> None:
    shop.export("orders_2026-09-02.csv", "T2,1,2026-09-02 10:00,A1,1,9.50,EUR,FR")
    os.utime(shop.folder / "orders_2026-09-01.csv", (NOW.timestamp(), NOW.timestamp()))
    moment = NOW + timedelta(hours=9)

    def clock() -> datetime:
        (shop.folder / "orders_2026-09-02.csv").unlink(missing_ok=True)
        return moment

    mapping = parse_mapping(MAPPING.format(pattern="orders_*.csv", more=more))
    found = read_retail(mapping, [ONE, TWO], shop.folder, seen=SeenSources(shop.storage, clock))
    assert found["retail/orders"]["order_id"].to_pylist() == ["T1"]
    refused = {(row["source_file"], row["reason"], row["detail"]) for row in found["retail/quarantined_records"].to_pylist()}
    assert refused == {("orders_2026-09-02.csv", "unreadable_file", "cannot be opened: No such file or directory")}


def test_a_change_is_accepted_by_the_command_that_the_stop_names(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TREND_ASSETS_DATA", raising=False)
    said = io.StringIO()
    monkeypatch.setattr(console, "file", said)
    shop.export("orders_2026-09-02.csv", "T2,1,2026-09-02 10:00,A1,1,9.50,CHF,FR")
    with pytest.raises(SchemaStopError) as stop:
        shop.load(TWO)
    words = str(stop.value).partition("trend-assets ")[2].replace("WHY", "Geneva").split()
    for arguments in (words, ["accept"]):
        assert CliRunner().invoke(app, [*arguments, "--data", str(shop.folder)]).exit_code == 0
    assert "retail/orders schema_changes (orders_{day}.csv: money unit → CHF) since 2026-09-02: Geneva" in " ".join(said.getvalue().split())
    shop.said = accepted_changes(LocalStorage(shop.folder / "lake"))
    assert len(shop.load(ONE, TWO)[0]) == 2
    assert CliRunner().invoke(app, [*words, "--data", str(shop.folder)]).exit_code == 2  # nothing waits any more


EARLIER = Path(__file__).parent / "seen_without_kinds.json"
"""A record as it was written before changes had kinds and were accepted one by one: seven days of exports, of which three stopped."""


@pytest.fixture
def earlier(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path)
    shop.storage.compare_and_swap("orders/seen.json", EARLIER.read_bytes(), None)
    shop.export("orders_2026-09-05.csv", "T5,1,2026-09-05 10:00,A1,1,EUR,FR", header=HEADER.replace("price,", ""))
    return shop


def test_a_record_of_an_earlier_version_is_read_and_compared_again(earlier: Shop) -> None:
    assert earlier.stopped() == ["orders_2026-09-05.csv", "orders_2026-09-07.parquet"]
    with pytest.raises(ValueError, match=r"was recorded by an earlier version: load once more"):
        earlier.accept(date(2026, 9, 5))
    with pytest.raises(SchemaStopError, match="price: column is gone"):
        earlier.load(date(2026, 9, 5))
    assert earlier.stopped() == ["orders_2026-09-05.csv"]  # and the Parquet file is there no more
    assert [change.kind for change in recorded(earlier.storage, "orders")[-1].changes if change.level == "stop"] == ["gone"]
    earlier.export("orders_2026-09-05.csv", "T5,1,2026-09-05 10:00,A1,1,9.50,EUR,FR")
    assert len(earlier.load(date(2026, 9, 5))[0]) == 1
    assert earlier.stopped() == []


def test_the_command_says_what_to_do_with_a_record_of_an_earlier_version(earlier: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TREND_ASSETS_DATA", raising=False)
    said = io.StringIO()
    monkeypatch.setattr(console, "file", said)
    words = ["accept", "retail/orders", "schema_changes", "--since", "2026-09-05", "--reason", "why", "--data", str(earlier.folder)]
    assert CliRunner().invoke(app, words).exit_code == 2
    assert "load once more" in " ".join(said.getvalue().split())


def test_a_column_that_rows_need_is_never_right_to_be_gone(shop: Shop) -> None:
    shop.export("orders_2026-09-02.csv", "T2,1,2026-09-02 10:00,A1,1,EUR,FR", header=HEADER.replace("price,", ""))
    with pytest.raises(SchemaStopError) as stop:
        shop.load(TWO)
    assert "trend-assets accept" not in str(stop.value)
    with pytest.raises(ValueError, match=r"price cannot be accepted as it is, no row .* Bring it back in the export"):
        shop.accept(TWO)
    name = next(iter(recorded(shop.storage, "orders")[-1].waiting({})))
    shop.said.append(Accepted("retail/orders", "schema_changes", TWO, "accepted before that was refused", "ann", NOW, name))
    with pytest.raises(SchemaStopError, match="price: column is gone"):
        shop.load(TWO)
    assert shop.stopped() == ["orders_2026-09-02.csv"]


@pytest.mark.parametrize(
    "now", ["", "orders: {rows: [{order_id: T1, line: 1, ordered_at: 2026-09-01 10:00Z, product_id: A1, store_id: web, ROW}]}"]
)
def test_a_stop_of_a_table_that_is_read_from_no_source_any_more_ends(shop: Shop, now: str) -> None:
    shop.export("orders_2026-09-02.csv", "T2,1,2026-09-02 10:00,A1,1,9.50,CHF,FR")
    with pytest.raises(SchemaStopError):
        shop.load(TWO)
    assert shop.stopped() == ["orders_2026-09-02.csv"]
    stores = "stores: {rows: [{store_id: web, store_name: Web, channel: web}]}"
    rows = now.replace("ROW", "kind: sale, quantity: 1, unit_price: 1.5, currency: EUR")
    mapping = parse_mapping(f"name: Shop\ndata_origin: real\nreferences: false\ntables:\n  {stores}\n  {rows}\n")
    for _ in range(2):
        read_retail(mapping, [TWO], shop.folder, seen=shop.seen())
        assert shop.stopped() == []
    assert [schema.mended for schema in recorded(shop.storage, "orders")] == [False, True]


def test_a_stop_of_a_database_table_is_on_record_also_when_another_load_was_faster(shop: Shop) -> None:
    mapping = parse_mapping(MAPPING.format(pattern="orders_{day}.csv", more="on_drift: stop"))
    before, shown = [SeenColumn("price", "numeric")], "tables.orders (orders)"
    first = shop.seen().table(mapping, "orders")
    first.compared("orders/1", shown, [SeenColumn(name, "text") for name in HEADER.split(",")])
    first.keep("orders/1", shown, before)
    ours, other = shop.seen().table(mapping, "orders"), shop.seen().table(mapping, "orders")
    other.compared("orders/2", "another", [SeenColumn(name, "text") for name in HEADER.split(",")])
    other.keep("orders/2", "another", before)
    with pytest.raises(SchemaStopError, match="price: column is gone"):
        ours.compared("orders/1", shown, [SeenColumn(name, "text") for name in HEADER.split(",") if name != "price"])
    assert shop.stopped() == [shown]
    assert len(ours.load.schemas) == 1
