"""An ERP that nobody here has seen, mapped by configuration alone. Read it as an example of a mapping with steps.

The system is invented. It writes German abbreviations, dates as 20260901, times as 93000, numbers as 1.234,50, articles with zeros
in front, stock as a log of movements instead of levels, orders as heads and positions in two files, and codes that mean something
only with the help of other files.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from trend_assets.lake.storage import LocalStorage
from trend_assets.lib.retail.shape import MappingError
from trend_assets.retail.files import check_mapping, load_mapping, read_retail, retail_days
from trend_assets.retail.seen import SeenSources
from trend_assets.retail.sources import changed_days, read_with_sources

ONE, TWO, THREE = date(2026, 9, 1), date(2026, 9, 2), date(2026, 9, 3)

MAPPING = r"""
name: Warenhaus
currency: EUR
data_origin: real
format: {delimiter: ";", encoding: cp1252, decimal: ",", thousands: ".", date_format: "%Y%m%d", timezone: Europe/Berlin}

sources:
  warengruppen:                       # codes of categories, written here as they are in nobody's export
    rows: [{WGR: "10", NAME: Küche}, {WGR: "20", NAME: Garten}]
  preise:                             # of several prices the newest counts
    files: "PREISE.TXT"
    steps:
      - extract: {ART: {column: ARTNR, pattern: "^0*(.+)$"}}
      - total: {by: ART, order: [GUELTIG_BIS_INV], first: {VKPR: preis, EKPR: einstand}}
  koepfe:
    files: "AUFTK_*.TXT"              # heads of orders

tables:
  stores:
    rows:
      - {store_id: "01", store_name: Bremen, channel: store, region: Bremen, country: DE}
      - {store_id: "99", store_name: Netzladen, channel: web, country: DE}

  products:
    files: "ARTST.TXT"
    steps:
      - where: {column: LOEKZ, missing: true}              # those marked as deleted are left out
      - extract: {ART: {column: ARTNR, pattern: "^0*(.+)$"}}
      - join: {source: warengruppen, by: {WGR: WGR}, take: {NAME: kategorie}}
      - join: {source: preise, by: ART, take: [preis, einstand]}
      - compute: {brutto: "preis * (1 + [MWST %] / 100)"}
    columns:
      product_id: ART
      product_name: BEZ1
      category: kategorie
      unit_price: brutto
      unit_cost: einstand
      lead_time_days: WBZ

  inventory:                          # no level is exported: it is the sum of what moved
    files: "LAGBEW_*.TXT"
    steps:
      - where: {column: STORNO, missing: true}
      - extract: {ART: {column: ARTNR, pattern: "^0*(.+)$"}}
      - translate:
          VZ: {column: BWART, values: {"100": 1, "101": 1, "601": -1, "701": 1}}
          ZUGANG: {column: BWART, values: {"101": 1}, otherwise: 0}
          VERKAUF: {column: BWART, values: {"601": 1}, otherwise: 0}
      - compute: {bewegt: MENGE * VZ, zugang: MENGE * ZUGANG, verkauf: MENGE * VERKAUF}
      - running_total: {by: [ART, FIL], at: BUDAT, level: {bewegt: bestand}, of_day: {zugang: zugang, verkauf: verkauf}}
    columns:
      day: BUDAT
      product_id: ART
      store_id: FIL
      on_hand: bestand
      reserved: {constant: 0}
      received: zugang
      sold: verkauf

  orders:                             # positions, with what their heads say
    files: "AUFTP_*.TXT"
    personal: KDNAME
    steps:
      - join: {source: koepfe, by: AUFNR, take: [DATUM, ZEIT, FIL, AUFART]}
      - extract: {ART: {column: ARTNR, pattern: "^0*(.+)$"}, UHR: {column: ZEIT, pattern: "^(\\d+)$", fill: 6}}
      - text: {zeitpunkt: "{DATUM} {UHR}"}
      - compute: {einzeln: WERT / MENGE}
    columns:
      order_id: AUFNR
      line: POS
      ordered_at: {column: zeitpunkt, date_format: "%Y%m%d %H%M%S"}
      product_id: ART
      store_id: FIL
      kind: {column: AUFART, lookup: {"V": sale, "R": return}}
      quantity: {column: MENGE, negate_when: {column: AUFART, equals: R}}
      unit_price: einzeln

  deliveries:                         # one column of quantity for each place
    files: "BESTELL.TXT"
    steps:
      - unpivot: {columns: {MG_01: "01", MG_99: "99"}, name: FIL, value: MENGE}
      - extract: {ART: {column: ARTNR, pattern: "^0*(.+)$"}}
      - text: {nummer: "{BESTNR}-{FIL}"}
    columns:
      delivery_id: nummer
      product_id: ART
      store_id: FIL
      supplier_id: LIEF
      ordered_on: BDAT
      due_on: LTERM
      quantity_ordered: MENGE
      quantity_received: {constant: 0}
"""

FILES = {
    "ARTST.TXT": "ARTNR;BEZ1;WGR;MWST %;WBZ;LOEKZ\n000711;Kanne grün;10;19;14;\n000712;Schaufel;20;19;7;\n000713;Alt;20;7;7;X\n",
    # GUELTIG_BIS_INV: 99999999 less the date, as such systems sort the newest first
    "PREISE.TXT": "ARTNR;VKPR;EKPR;GUELTIG_BIS_INV\n711;10,00;4,20;79739098\n711;1.000,00;4,50;79749098\n712;20,00;8,00;79739098\n",
    "LAGBEW_2026_08.TXT": "BUDAT;ARTNR;FIL;BWART;MENGE;STORNO\n20260830;000711;01;100;1.200;\n20260830;000712;99;100;50;\n",
    "LAGBEW_2026_09.TXT": (
        "BUDAT;ARTNR;FIL;BWART;MENGE;STORNO\n20260901;000711;01;601;200;\n20260901;000711;01;101;300;\n20260901;000711;01;601;5;X\n"
        "20260903;000711;01;601;100;\n20260903;000711;01;701;-10;\n20260903;000711;01;601;zwei;\n"
    ),
    "AUFTK_1.TXT": "AUFNR;DATUM;ZEIT;FIL;AUFART\nA1;20260901;93000;01;V\nA2;20260902;183000;99;R\n",
    "AUFTP_1.TXT": (
        "AUFNR;POS;ARTNR;MENGE;WERT;KDNAME\nA1;1;000711;2;23,80;Anna\nA1;2;000712;1;20,00;Anna\nA2;1;000711;1;11,90;Bo\nA9;1;000711;1;5,00;Bo\n"
    ),
    "BESTELL.TXT": "BESTNR;ARTNR;LIEF;BDAT;LTERM;MG_01;MG_99\nB1;000711;L7;20260830;20260910;100;40\nB2;000712;L8;20260831;20260912;;25\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content.encode("cp1252"))
    (tmp_path / "mapping.yml").write_text(MAPPING, encoding="utf-8")
    return tmp_path


def test_the_whole_system_is_read_without_code(folder: Path) -> None:
    path = folder / "mapping.yml"
    check_mapping(path)
    assert retail_days(path) == [date(2026, 8, 30), date(2026, 8, 31), ONE, TWO, THREE]
    seen = SeenSources(LocalStorage(folder / "landing"), lambda: datetime(2026, 9, 4, tzinfo=UTC))
    tables = {name.removeprefix("retail/"): table.to_pylist() for name, table in read_retail(path, [ONE, TWO, THREE], seen=seen).items()}

    products = [
        (row["product_id"], row["product_name"], row["category"], row["unit_price"], row["unit_cost"]) for row in tables["products"]
    ]
    assert products[:2] == [
        ("711", "Kanne grün", "Küche", pytest.approx(11.9), 4.2),
        ("712", "Schaufel", "Garten", pytest.approx(23.8), 8.0),
    ]

    stock = {
        (row["day"], row["product_id"], row["store_id"]): (row["on_hand"], row["received"], row["sold"]) for row in tables["inventory"]
    }
    assert stock == {
        (ONE, "711", "01"): (1300, 300, 200),
        (TWO, "711", "01"): (1300, 0, 0),
        (THREE, "711", "01"): (1190, 0, 100),
        (ONE, "712", "99"): (50, 0, 0),
        (TWO, "712", "99"): (50, 0, 0),
        (THREE, "712", "99"): (50, 0, 0),
    }

    orders = [
        (row["order_id"], row["line"], row["ordered_at"], row["product_id"], row["kind"], row["quantity"]) for row in tables["orders"]
    ]
    assert orders == [
        ("A1", 1, datetime(2026, 9, 1, 7, 30, tzinfo=UTC), "711", "sale", 2),  # half past nine in Berlin
        ("A1", 2, datetime(2026, 9, 1, 7, 30, tzinfo=UTC), "712", "sale", 1),
        ("A2", 1, datetime(2026, 9, 2, 16, 30, tzinfo=UTC), "711", "return", -1),
    ]
    assert [row["unit_price"] for row in tables["orders"]] == [11.9, 20.0, 11.9]

    deliveries = sorted((row["delivery_id"], row["quantity_ordered"]) for row in tables["deliveries"] if row["day"] == ONE)
    assert deliveries == [("B1-01", 100), ("B1-99", 40), ("B2-99", 25)]

    # what cannot be read is in quarantine, with its reason and without the customer
    refused = [(row["table_name"], row["reason"], row["detail"]) for row in tables["quarantined_records"]]
    assert ("inventory", "invalid_value", "MENGE: 'zwei' is not a number") in refused
    assert ("orders", "missing_value", "ordered_at is missing (column zeitpunkt)") in refused  # a position without a head
    assert not any("Bo" in row["original"] for row in tables["quarantined_records"])
    assert seen.loads["products"].metadata()["rows"] == "3 read, 0 of them not readable, 1 left out as declared; steps made 2 of the rest"


def test_a_day_alone_is_the_day_in_a_range(folder: Path) -> None:
    together = read_retail(folder / "mapping.yml", [ONE, TWO, THREE])
    alone = read_retail(folder / "mapping.yml", [TWO])
    for name in ("retail/products", "retail/inventory", "retail/orders"):
        of_day = [row for row in together[name].to_pylist() if row["day"] == TWO]
        assert alone[name].to_pylist() == of_day, name


def test_a_late_movement_changes_the_days_after_it(folder: Path) -> None:
    now = datetime(2026, 9, 4, 4, tzinfo=UTC)
    words = read_with_sources(folder / "mapping.yml", [ONE, TWO, THREE], ONE, now)[1]
    assert changed_days(folder / "mapping.yml", words, now) == []
    with (folder / "LAGBEW_2026_09.TXT").open("ab") as log:
        log.write(b"20260902;000711;01;601;1;\n")
    assert changed_days(folder / "mapping.yml", words, now) == [TWO, THREE]


def test_a_key_that_is_there_twice_would_double_rows_and_is_refused(folder: Path) -> None:
    with (folder / "AUFTK_1.TXT").open("ab") as heads:
        heads.write(b"A1;20260901;93000;99;V\n")
    with pytest.raises(MappingError, match="source koepfe: 'A1' is there more than once in AUFNR"):
        read_retail(folder / "mapping.yml", [ONE])


def test_a_misspelt_step_or_column_is_told_with_what_there_is(folder: Path) -> None:
    path = folder / "mapping.yml"
    path.write_text(MAPPING.replace("running_total:", "running_totals:"))
    with pytest.raises(MappingError, match="a step is one of where, compute, text"):
        load_mapping(path)
    path.write_text(MAPPING.replace("on_hand: bestand", "on_hand: bestnd"))
    with pytest.raises(MappingError, match=r"after the steps there is no column 'bestnd'\. Did you mean 'bestand'"):
        load_mapping(path)
    path.write_text(MAPPING.replace('"preis * (1 +', '"preis ** (1 +'))
    with pytest.raises(MappingError, match=r"a number or a column is missing before '\*'"):
        load_mapping(path)
