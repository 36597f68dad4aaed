"""A mapping file is checked before any row is read, and its errors say where and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from trend_assets.lib.retail.database import DatabaseTable
from trend_assets.lib.retail.mapping import MappingError, parse_mapping
from trend_assets.lib.retail.steps import Step

HEAD = "name: Shop\ncurrency: EUR\ndata_origin: real\n"
INVENTORY = """
tables:
  inventory:
    files: {files}
    columns: {{product_id: Ref, store_id: {{constant: web}}, on_hand: Stock, reserved: {{constant: 0}}{more}}}
"""


def problem(text: str) -> str:
    with pytest.raises(MappingError) as error:
        parse_mapping(text, "shop.yml")
    return str(error.value)


@pytest.mark.parametrize(
    "name",
    [
        "retail_town.yml",
        "online_retail.yml",
        "products_fashion.yml",
        "retail_example.yml",
        "adventureworks_postgres.yml",
        "adventureworks_files.yml",
    ],
)
def test_the_mappings_that_come_with_the_project_are_valid(name: str) -> None:
    path = Path(__file__).resolve().parents[3] / "trend_assets" / "mappings" / name
    assert parse_mapping(path.read_text(encoding="utf-8"), name).tables


def test_a_misspelt_column_of_ours_is_named_with_the_ones_there_are() -> None:
    message = problem(HEAD + INVENTORY.format(files="'{day}.csv'", more=", onhand: Stock"))
    assert "tables.inventory" in message
    assert "'onhand'" in message
    assert "on_hand" in message


def test_a_required_column_without_a_source_asks_for_one() -> None:
    message = problem(HEAD + "tables: {products: {files: p.csv, columns: {product_id: Ref, product_name: Name}}}")
    assert "products needs category" in message
    assert "category: {constant: ...}" in message


def test_a_column_rule_has_exactly_one_source() -> None:
    assert "exactly one of" in problem(HEAD + "tables: {stores: {files: s.csv, columns: {store_id: {column: A, constant: B}}}}")


def test_a_personal_column_can_be_tested_but_not_copied() -> None:
    orders = (
        "tables: {{orders: {{files: o.csv, personal: Client, columns: {{order_id: {order}, ordered_at: At, product_id: Ref, "
        "store_id: S, kind: {kind}, quantity: Q, unit_price: P}}}}}}"
    )
    assert "personal column 'Client'" in problem(HEAD + orders.format(order="Client", kind="K"))
    tested = "{cases: [{when: {column: Client, missing: true}, value: adjustment}], otherwise: sale}"
    assert parse_mapping(HEAD + orders.format(order="Ticket", kind=tested))


def test_stock_without_a_day_is_refused() -> None:
    assert "stock is of a day" in problem(HEAD + INVENTORY.format(files="stock.csv", more=""))
    assert parse_mapping(HEAD + INVENTORY.format(files="'stock-{day}.csv'", more=""))


def test_every_problem_is_listed_at_once() -> None:
    message = problem("name: Shop\ndata_origin: invented\nformat: {decimal: ';', timezone: Mars/Olympus}\ntables: {}")
    assert "data_origin" in message
    assert "format.decimal" in message
    assert "Mars/Olympus" in message


@pytest.mark.parametrize("text", ["a: [", "- a list", "", "tables: !!python/object/apply:os.getcwd []"])
def test_what_is_no_mapping_is_an_error_and_never_runs(text: str) -> None:
    assert "shop.yml" in problem(text)


DATABASE = """
tables:
  orders:
    database: {database}
    columns: {{order_id: id, ordered_at: at, product_id: sku, store_id: s, kind: {{constant: sale}}, quantity: q, unit_price: p{more}}}
"""


@pytest.mark.parametrize(
    ("database", "more", "said"),
    [
        ("{table: a, query: select 1}", "", "line 7: tables.orders.database: give either table (schema.table) or query"),
        ("{}", "", "give either table (schema.table) or query"),
        ("{query: 'select 1; drop table a'}", "", "remove the semicolon"),
        ("{table: a, mode: watermark}", ", line: l", "needs `watermark`"),
        ("{table: a, mode: watermark, watermark: w}", "", "orders need columns.line"),
        ("{table: a, watermark: w}", "", "watermark: only with mode: watermark"),
        ("{table: a, mode: watermark, watermark: w, day: at}", ", line: l", "line 7: tables.orders.database.day: only with mode: snapshot"),
        ("{table: a, mode: snapshots}", "", "'snapshot' or 'watermark'"),
        ("{tabel: a}", "", "no such setting. Did you mean 'table'?"),
        ("{query: 'select * from dblink(''postgresql://u:secret@host/d'')'}", "", "put them into TREND_ASSETS_RETAIL_DATABASE"),
        ("{table: a..b}", "", "'a..b' is not schema.table or table"),
        ("{query: \"select ';' as a, 1; select 2\"}", "", "remove the semicolon"),
        ("{table: a, day: business_date}", "", "a row whose two days differ would be in no day"),
        ("{table: a, day: at}", ", day: business_date", "the day that `day` tells (column 'business_date')"),
    ],
)
def test_a_database_table_that_cannot_work_is_refused_with_its_line(database: str, more: str, said: str) -> None:
    message = problem(HEAD + DATABASE.format(database=database, more=more))
    assert said in message
    assert "secret" not in message


def test_a_step_may_test_a_personal_column_but_not_choose_it() -> None:
    text = """
tables: {orders: {files: o.csv, personal: [Client], steps: [{choose: {who: {when: {column: TESTED, missing: true}, column: CHOSEN}}}],
  columns: {order_id: Id, ordered_at: At, product_id: Ref, store_id: {constant: web}, kind: who, quantity: N, unit_price: P}}}
"""
    parse_mapping(HEAD + text.replace("TESTED", "Client").replace("CHOSEN", "Kind"))
    told = problem(HEAD + text.replace("TESTED", "Kind").replace("CHOSEN", "Client"))
    assert "a step would copy the personal column 'Client'" in told


def test_a_personal_column_may_not_be_looked_up_under_another_name() -> None:
    text = """
sources: {people: {files: people.csv}}
tables: {orders: {files: o.csv, personal: [Client, EMAIL], steps: [{join: {source: people, by: {Ref: Ref}, take: {EMAIL: who}}}],
  columns: {order_id: who, ordered_at: At, product_id: Ref, quantity: Q, unit_price: P}}}
"""
    assert "personal column 'EMAIL'" in problem(HEAD + text)


def test_a_personal_column_may_not_leave_the_database_even_to_be_tested() -> None:
    kind = "kind: {cases: [{when: {column: client, missing: true}, value: adjustment}], otherwise: sale}"
    text = DATABASE.format(database="{table: a}", more="").replace("kind: {constant: sale}", kind)
    assert "(client is null) as anonymous" in problem(HEAD + text.replace("database:", "personal: client\n    database:"))


def test_files_and_a_database_exclude_each_other_and_values_of_a_database_are_written_one_way() -> None:
    text = DATABASE.format(database="{table: a}", more="")
    assert "give either files" in problem(HEAD + text.replace("database:", "files: a.csv\n    database:"))
    mapping = parse_mapping(HEAD + "format: {decimal: ',', date_format: '%d/%m/%Y', timezone: Europe/Paris}\n" + text)
    written = mapping.format_of("orders")
    assert (written.decimal, written.date_format, written.timezone) == (".", "iso", "Europe/Paris")


@pytest.mark.parametrize(
    "query", ["select ';' as a", 'select 1 as ";"', "select e'\\';' as a", "select $t$;$t$ -- ;", "select 1 /* ; */ as a;"]
)
def test_a_semicolon_within_a_text_or_comment_ends_no_statement(query: str) -> None:
    assert DatabaseTable(query=query).query == query


@pytest.mark.parametrize(
    "database", ["{table: a, key: [id, client]}", "{table: a, day: client}", "{table: a, mode: watermark, watermark: client}"]
)
def test_a_personal_column_may_not_leave_the_database_as_key_watermark_or_day(database: str) -> None:
    text = DATABASE.format(database=database, more=", line: l").replace("database:", "personal: client\n    database:")
    assert "names the personal column 'client'" in problem(HEAD + text)


def test_days_end_in_the_time_zone_of_the_column_that_tells_them() -> None:
    text = DATABASE.format(database="{table: a}", more="").replace("ordered_at: at", "ordered_at: {column: at, timezone: America/New_York}")
    mapping = parse_mapping(HEAD + text)
    assert mapping.timezone_of("orders") == "America/New_York"
    assert "Mars/Olympus" in problem(HEAD + text.replace("America/New_York", "Mars/Olympus"))


def test_a_format_of_a_table_or_source_is_checked_with_the_mapping() -> None:
    stock = INVENTORY.format(files="'{day}.csv'", more="")
    message = problem(HEAD + "sources: {shops: {files: s.csv, format: {delimeter: ';'}}}" + stock + "    format: {decimal: ';'}\n")
    assert "sources.shops.format.delimeter: no such setting. Did you mean 'delimiter'?" in message
    assert "tables.inventory.format.decimal" in message


def test_a_kind_of_step_says_what_it_needs_and_makes() -> None:
    class Nothing(Step):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Nothing()
