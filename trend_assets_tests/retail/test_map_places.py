"""Where a proposed mapping says its files are, what `--against` finds there, and samples of files that are cut."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import yaml

from trend_assets.lib.retail.shape import MappingError
from trend_assets.lib.retail.sniff import SAMPLE_BYTES
from trend_assets.retail.files import check_mapping, read_retail
from trend_assets.retail.own_data import first_and_last_order_day
from trend_assets.retail.propose import sample_of_file, whole_records

COMMAND = str(Path(sys.executable).with_name("trend-assets"))
HEADER = "Order,Order date,SKU,Qty,Price\n"
ONE, TWO = date(2026, 9, 1), date(2026, 9, 2)


def run(*arguments: str | Path) -> tuple[int, str]:
    result = subprocess.run([COMMAND, "map", *map(str, arguments)], capture_output=True, text=True, check=False)
    return result.returncode, " ".join((result.stdout + result.stderr).split())


def write(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def files_of(mapping: Path) -> list[str] | str:
    return yaml.safe_load(mapping.read_text(encoding="utf-8"))["tables"]["orders"]["files"]


def test_files_are_named_relative_to_the_mapping_that_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    orders = write(tmp_path / "sub" / "orders [1].csv", HEADER + "1,2026-09-01,A,1,2.5\n")
    (tmp_path / "exp").mkdir()
    monkeypatch.chdir(tmp_path)
    code, said = run("sub/orders [1].csv", "--output", "exp/retail.yml")
    assert code == 0, said
    assert files_of(tmp_path / "exp" / "retail.yml") == "../sub/orders [1].csv"
    assert check_mapping(tmp_path / "exp" / "retail.yml")["orders"]
    assert run(orders, "--against", "exp/retail.yml")[0] == 0
    moved = write(tmp_path / "retail.yml", (tmp_path / "exp" / "retail.yml").read_text(encoding="utf-8"))
    code, said = run(orders, "--against", moved)
    assert code == 1
    assert "tables.orders.files (../sub/orders [1].csv) finds no file in" in said


def test_the_export_of_tomorrow_is_read_by_the_mapping_of_today(tmp_path: Path) -> None:
    today = write(tmp_path / "in" / "orders_2026-09-01.csv", HEADER + "1,2026-09-01,A,1,2.5\n")
    mapping = tmp_path / "map" / "retail.yml"
    mapping.parent.mkdir()
    assert run(today, "--output", mapping)[0] == 0
    assert files_of(mapping) == "../in/orders_{day}.csv"
    write(tmp_path / "in" / "orders_2026-09-02.csv", HEADER + "2,2026-09-02,A,3,2.5\n")
    assert read_retail(mapping, [ONE, TWO])["retail/orders"]["quantity"].to_pylist() == [1, 3]


@pytest.mark.parametrize("rows", ["1,2026-08-31,A,1,2.5\n", "1,2026-08-31,A,1,2.5\n2,2026-09-01,A,1,2.5\n"])
def test_a_day_that_only_says_when_a_file_was_written_names_every_such_file(tmp_path: Path, rows: str) -> None:
    file = write(tmp_path / "orders_20260901.csv", HEADER + rows)
    mapping = tmp_path / "retail.yml"
    assert run(file, "--output", mapping)[0] == 0
    assert files_of(mapping) == "orders_*.csv"
    assert ("repeated lines count twice" in mapping.read_text(encoding="utf-8")) == (rows.count("\n") == 2)
    assert read_retail(mapping, [date(2026, 8, 31)])["retail/orders"].num_rows == 1


def test_a_file_is_checked_as_its_table_says_it_is_written(tmp_path: Path) -> None:
    file = write(tmp_path / "orders.csv", HEADER + "1,2026-09-01,A,1,2.5\n")
    assert run(file, "--output", tmp_path / "retail.yml")[0] == 0
    text = (tmp_path / "retail.yml").read_text(encoding="utf-8")
    write(tmp_path / "retail.yml", text.replace("tables:", "format: {delimiter: ';'}\ntables:", 1))
    code, said = run(file, "--against", tmp_path / "retail.yml")
    assert code == 2
    assert "Columns found: Order,Order date,SKU,Qty,Price" in said


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
def test_the_beginning_of_a_long_file_ends_with_a_whole_record(tmp_path: Path, encoding: str) -> None:
    row = '{},2026-09-01,"Thé\nvert; 40 g",1,2.5\n'
    text = HEADER + "".join(row.format(number) for number in range(SAMPLE_BYTES // 25))
    path = tmp_path / "orders.csv"
    path.write_bytes((b"\xfe\xff" if encoding == "utf-16-be" else b"") + text.encode(encoding))
    assert path.stat().st_size > SAMPLE_BYTES
    source = sample_of_file(path).source
    assert source.malformed == []
    assert source.data["SKU"].to_pylist()[-1] == "Thé\nvert; 40 g"
    assert source.data.num_rows == 20_000


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_cut_within_a_character_or_record_takes_its_record_away(cut: int) -> None:
    text = 'a,b\n1,"x\ny"\n2,"é\nz"\n'
    for encoding in ("utf-8", "utf-16"):
        content = text.encode(encoding)
        assert whole_records(content[:-cut], encoding, ",").decode(encoding) == 'a,b\n1,"x\ny"\n'
    assert whole_records(b'{"a": "\xe9\n"}\n{"a": 2', "utf-8", None) == b'{"a": "\xe9\n"}\n'


def test_a_quote_that_nothing_closes_takes_its_line_and_not_the_sample() -> None:
    content = b'a,b\n1,2\n3,"4\n' + b"5,6\n" * 60_000
    assert whole_records(content + b"7", "utf-8", ",").count(b"\n") == 60_003


def test_a_mapping_without_orders_or_orders_without_a_day_say_what_to_add(tmp_path: Path) -> None:
    columns = "{product_id: a, product_name: b, category: c}"
    products = f"name: S\ncurrency: EUR\ndata_origin: real\ntables: {{products: {{files: p.csv, columns: {columns}}}}}"
    mapping = write(tmp_path / "retail.yml", products)
    orders = write(tmp_path / "orders.csv", HEADER + "1,soon,A,1,2.5\n")
    with pytest.raises(MappingError, match=r"has no table `orders`.*add tables.orders"):
        first_and_last_order_day(orders, mapping)
    columns = (
        "{order_id: Order, ordered_at: Order date, product_id: SKU, store_id: {constant: web}, kind: {constant: sale}, "
        "quantity: Qty, unit_price: Price}"
    )
    write(mapping, f"name: S\ncurrency: EUR\ndata_origin: real\ntables: {{orders: {{files: orders.csv, columns: {columns}}}}}")
    with pytest.raises(MappingError, match=r"orders.csv: no row tells a day that can be read"):
        first_and_last_order_day(orders, mapping)
