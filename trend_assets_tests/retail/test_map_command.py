"""`trend-assets map` on files as shops really export them: what is understood, what is refused, what the user is told."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from trend_assets.lib.retail.explain import Trial
from trend_assets.lib.retail.mapping import parse_mapping
from trend_assets.lib.retail.propose import Proposal
from trend_assets.lib.retail.shape import MappingError
from trend_assets.retail.propose import Sample, mapping_of, propose_sample, sample_of_file, try_sample

COMMAND = str(Path(sys.executable).with_name("trend-assets"))
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def file(name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return file


def understood(path: Path, table: str | None = None) -> tuple[Sample, Proposal, Trial]:
    """A file, what is proposed for it, and what came of the proposal on its rows."""
    sample = sample_of_file(path)
    proposal = propose_sample(sample, table)
    assert proposal.complete, proposal.missing
    mapping = parse_mapping(mapping_of([(sample, proposal)]))
    return sample, proposal, try_sample(mapping, proposal.table, sample)


def pairs(proposal: Proposal) -> dict[str, str]:
    return {match.ours: match.theirs for match in proposal.matches}


FRENCH = (
    "Ticket;Date;Réf;Magasin;Qté;Prix unitaire;Client;E-mail\r\n"
    "T1;01/09/2026 10:30;A1;Lyon;2;1 049,90 €;77;ann@example.org\r\n"
    "T1;01/09/2026 10:30;B2;Lyon;-1;5,00 €;77;ann@example.org\r\n"
    "T2;31/08/2026 09:00;A1;Web;deux;12,5 €;78;bob@example.org\r\n"
    "TOTAL;;;;3;;;\r\n"
    "T3;2026-09-02;A1;Web;1;12,5 €;78;bob@example.org\r\n"
)


def test_a_french_till_export_with_every_habit_of_windows(write: Write) -> None:
    sample, proposal, trial = understood(write("ventes.csv", FRENCH, "cp1252"))
    assert proposal.table == "orders"
    assert pairs(proposal) == {
        "order_id": "Ticket",
        "ordered_at": "Date",
        "product_id": "Réf",
        "store_id": "Magasin",
        "quantity": "Qté",
        "unit_price": "Prix unitaire",
    }
    assert dict(proposal.format) == {
        "encoding": "cp1252",
        "delimiter": ";",
        "decimal": ",",
        "thousands": " ",
        "symbols": ["€"],
        "date_format": "%d/%m/%Y %H:%M",
    }
    assert set(proposal.personal) == {"Client", "E-mail"}
    assert proposal.currency == "EUR"
    kept = trial.table.to_pylist()
    assert [(row["kind"], row["quantity"], row["unit_price"]) for row in kept] == [("sale", 2, 1049.9), ("return", -1, 5.0)]
    told = {sample.line_of(refusal.row): (refusal.theirs, refusal.value, refusal.advice) for refusal in trial.refusals}
    assert told[4][:2] == ("Qté", "deux")
    assert "row of totals" in told[5][2]
    assert "date_format: 'iso'" in told[6][2]


def test_a_byte_order_mark_and_line_breaks_within_quotes(write: Write) -> None:
    content = '\ufeffSKU,Product name,Category,Price\nA1,"Mug,\nblue",Home,9.50\nA2,"Say ""hi""",Home,free\nA3,Bowl,Home,3\n'
    sample, proposal, trial = understood(write("products.csv", content))
    assert (proposal.table, pairs(proposal)["product_id"]) == ("products", "SKU")
    assert trial.table["product_name"].to_pylist() == ["Mug,\nblue", "Bowl"]
    assert [(sample.line_of(refusal.row), refusal.value) for refusal in trial.refusals] == [(4, "free")]


def test_columns_that_are_there_twice_are_named(write: Write) -> None:
    with pytest.raises(MappingError, match="column 'Date' is there twice: give one of them another name"):
        sample_of_file(write("orders.csv", "Date,Order,Date\n2026-09-01,1,2026-09-02\n"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty: not even a header"),
        (b"  \n\n", "is empty: not even a header"),
        (b"order_id;ordered_at;sku\n", "holds a header and no row"),
        (b"PK\x03\x04\x14\x00\x06\x00", "is an Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an old Excel workbook"),
    ],
)
def test_what_holds_no_rows_says_what_to_do(write: Write, content: bytes, said: str) -> None:
    with pytest.raises(MappingError, match=said):
        sample_of_file(write("orders.csv", content))


def test_the_line_that_excel_writes_for_itself_is_passed_over(write: Write) -> None:
    sample, proposal, trial = understood(write("stock_20260901.csv", "sep=;\nSKU;Store;On hand\nA1;S1;4\nA2;S1;x\n"))
    assert (proposal.table, sample.place) == ("inventory", {"files": "stock_{day:%Y%m%d}.csv"})
    assert trial.table["on_hand"].to_pylist() == [4]
    assert [sample.line_of(refusal.row) for refusal in trial.refusals] == [4]


def test_a_german_stock_list_in_utf_16_separated_by_tabs(write: Write) -> None:
    content = "Artikelnummer\tFiliale\tLagerbestand\tReserviert\tStichtag\nA-1\tKöln\t1.204\t0\t31.08.2026\nA-2\tKöln\t12\t1\t31.08.2026\n"
    _, proposal, trial = understood(write("bestand.csv", content, "utf-16"))
    assert proposal.table == "inventory"
    assert pairs(proposal) == {
        "day": "Stichtag",
        "product_id": "Artikelnummer",
        "store_id": "Filiale",
        "on_hand": "Lagerbestand",
        "reserved": "Reserviert",
    }
    # 1.204 alone could be a decimal; units are whole, so it is refused and not guessed
    assert trial.table["on_hand"].to_pylist() == [12]
    assert "whole numbers" in trial.refusals[0].advice


def test_a_spanish_catalogue_separated_by_bars(write: Write) -> None:
    content = "Código|Descripción|Familia|Precio venta|Plazo entrega\n1|Taza azul|Hogar|1.049,50|7\n2|Plato|Hogar|3,10|7\n"
    _, proposal, trial = understood(write("articulos.txt", content))
    assert pairs(proposal) == {
        "product_id": "Código",
        "product_name": "Descripción",
        "category": "Familia",
        "unit_price": "Precio venta",
        "lead_time_days": "Plazo entrega",
    }
    assert trial.table["unit_price"].to_pylist() == [1049.5, 3.1]


def test_dates_that_could_be_read_both_ways_are_said_to_be(write: Write) -> None:
    rows = "".join(f"O{n},0{n}/04/2026,A1,1,2.5\n" for n in range(1, 8))
    _, proposal, _ = understood(write("orders.csv", "Order,Order date,SKU,Qty,Price\n" + rows))
    assert any("day first or month first" in note for note in proposal.notes)
    certain = rows + "O9,04/25/2026,A1,1,2.5\n"
    _, proposal, trial = understood(write("orders2.csv", "Order,Order date,SKU,Qty,Price\n" + certain))
    assert proposal.format["date_format"] == "%m/%d/%Y"
    assert not trial.refusals


def test_a_kind_column_is_looked_up_and_returns_become_negative(write: Write) -> None:
    content = "Order No,Type,Date,SKU,Qty,Price\n1,Sale,2026-09-01,A1,2,5\n1,Return,2026-09-01,A2,1,5\n2,Exchange,2026-09-01,A2,1,5\n"
    _, proposal, trial = understood(write("transactions.csv", content))
    assert [(row["kind"], row["quantity"]) for row in trial.table.to_pylist()] == [("sale", 2), ("return", -1)]
    assert any("Exchange" in note for note in proposal.notes)
    assert "lookup: {Exchange: sale}" in trial.refusals[0].advice


def test_names_that_say_nothing_are_guessed_from_values_and_said_to_be(write: Write) -> None:
    content = "c1,c2,SKU,c4,c5\nO1,2026-09-01 10:00,A1,3,4.95\nO1,2026-09-01 10:00,A2,1,2.95\nO2,2026-09-02 11:00,A1,2,4.95\n"
    proposal = propose_sample(sample_of_file(write("sales.csv", content)), "orders")
    assert pairs(proposal) == {"ordered_at": "c2", "product_id": "SKU", "quantity": "c4", "unit_price": "c5"}
    assert {match.confidence for match in proposal.matches if match.ours != "product_id"} == {0.4}
    assert "number of the ticket" in proposal.missing["order_id"]
    text = mapping_of([(sample_of_file(write("sales.csv", content)), proposal)])
    assert "# order_id: ???" in text
    with pytest.raises(MappingError, match="orders needs order_id"):
        parse_mapping(text)


def test_json_lines_and_parquet_keep_their_types(write: Write, tmp_path: Path) -> None:
    lines = '{"sku": "A1", "title": "Mug", "category": "Home", "price": 9.50}\n{"sku": "A2", "title": null, "category": "Home"}\n[1]\n'
    sample, proposal, trial = understood(write("catalogue.jsonl", lines))
    assert (proposal.table, trial.table["unit_price"].to_pylist()) == ("products", [9.5])
    assert [(sample.line_of(refusal.row), refusal.ours) for refusal in trial.refusals] == [(2, "product_name"), (3, "")]
    table = pa.table(
        {"Invoice": ["1", "2"], "When": pa.array([0, 10**15], pa.timestamp("us")), "SKU": [7, 8], "Units": [1, 2], "Price": [1.5, 2]}
    )
    pq.write_table(table, tmp_path / "sales.parquet")
    sample, proposal, trial = understood(tmp_path / "sales.parquet", "orders")
    assert (pairs(proposal)["ordered_at"], trial.kept, sample.line_of(0)) == ("When", 2, None)


def test_a_known_export_brings_its_own_mapping(write: Write) -> None:
    content = "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\nC1,85123a,-2,2010-12-01 10:00:00,2.55,17850,France\n"
    _, proposal, trial = understood(write("lines.csv", content))
    assert proposal.recognised == "UCI Online Retail (online_retail.yml)"
    assert [(row["kind"], row["product_id"], row["currency"]) for row in trial.table.to_pylist()] == [("cancellation", "85123A", "GBP")]


def test_numbers_as_accounting_writes_them_percents_and_missing_words(write: Write) -> None:
    content = "Promo code;SKU;Store;Start;End;Discount\nP1;A1;S1;01.09.2026;05.09.2026;20 %\nP2;A1;S1;01.09.2026;05.09.2026;#N/A\n"
    _, proposal, trial = understood(write("promotions.csv", content))
    assert trial.table["discount"].to_pylist() == [0.2]
    assert proposal.format["missing"] == ["#N/A"]
    content = "SKU;Name;Category;Cost\nA1;Mug;Home;12,50-\nA2;Bowl;Home;1.200,00\n"
    _, _, trial = understood(write("products.csv", content))
    assert trial.table["unit_cost"].to_pylist() == [1200.0]
    assert "negative number" in trial.refusals[0].advice


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, "map", *map(str, arguments)], capture_output=True, text=True, check=False)


def test_the_command_writes_a_mapping_that_works_and_tells_the_rest(write: Write, tmp_path: Path) -> None:
    ventes = write("ventes.csv", FRENCH, "cp1252")
    produits = write("produits.csv", "Réf;Désignation;Rayon;Prix\nA1;Théière;Cuisine;19,90\nB2;Tasse;Cuisine;5\n")
    result = run(ventes, produits, "--output", tmp_path / "map.yml")
    assert result.returncode == 1, result.stdout + result.stderr
    assert "2 of 5 rows accepted, 3 refused" in result.stdout
    assert "line 4, Qté = 'deux'" in result.stdout
    assert "Client identifies people" in result.stdout
    assert "ann@example.org" not in result.stdout
    written = yaml.safe_load((tmp_path / "map.yml").read_text(encoding="utf-8"))
    assert written["tables"]["orders"]["personal"] == ["Client", "E-mail"]
    assert written["tables"]["products"]["format"] == {"delimiter": ";", "decimal": ","}
    assert run(produits, "--against", tmp_path / "map.yml").returncode == 0


def test_a_mapping_with_mistakes_is_told_each_with_its_line_and_the_closest_name(write: Write) -> None:
    file = write("ventes.csv", FRENCH, "cp1252")
    mistakes = write(
        "mine.yml",
        "name: Shop\ncurency: EUR\ndata_origin: real\nformat: {delimiter: ';', encoding: cp1252}\ntables:\n  orders:\n"
        "    fles: ventes.csv\n    columns:\n      order_id: Ticket\n      order_id: Ticket\n",
    )
    result = run(file, "--against", mistakes)
    assert result.returncode == 2
    assert "line 2: curency: no such setting. Did you mean 'currency'?" in result.stdout
    assert "line 7: tables.orders.fles: no such setting. Did you mean 'files'?" in result.stdout
    assert "line 10: tables.orders.columns.order_id: is there twice" in result.stdout
    mail = write(
        "mail.yml",
        "name: Shop\ncurrency: EUR\ndata_origin: real\nformat: {delimiter: ';', encoding: cp1252}\n"
        "tables:\n  orders:\n    files: ventes.csv\n"
        "    columns: {order_id: E-mail, ordered_at: Date, product_id: Réf, store_id: Magasin, kind: {constant: sale},\n"
        "      quantity: Qte, unit_price: Prix unitaire}\n",
    )
    result = run(file, "--against", mail)
    assert result.returncode == 2
    assert "has no column 'Qte', which the mapping uses for quantity. Did you mean 'Qté'?" in " ".join(result.stdout.split())
    mail.write_text(mail.read_text(encoding="utf-8").replace("Qte", "Qté"), encoding="utf-8")
    result = run(file, "--against", mail)
    assert result.returncode == 1
    assert "columns.order_id: E-mail seems to identify people" in " ".join(result.stdout.split())
    assert "example.org" not in result.stdout
