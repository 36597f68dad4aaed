"""A small shop in a database of its own, for the tests of SQL sources.

What belongs here: its tables, the role that reads it, shorthands. What doesn't: the server (``postgres_server.py``), tests.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from trend_assets.lib.retail.mapping import RetailMapping, parse_mapping
from trend_assets.retail.extracts import DatabaseSource
from trend_assets.retail.files import read_retail
from trend_assets_tests.postgres_server import Server

ONE, TWO, THREE = date(2026, 9, 1), date(2026, 9, 2), date(2026, 9, 3)
READER_PASSWORD = "s3cret@/é"
_names = (f"shop_{number}" for number in itertools.count())

LINES = """
create table lines (
  ticket text, line int, at timestamptz, sku text, place text, qty int, price numeric(10, 2), client text, updated_at timestamptz,
  primary key (ticket, line));
insert into lines values
  ('T1', 1, '2026-09-01 10:00+00', 'A1', 'lyon', 2, 19.90, 'ann@example.org', '2026-09-01 10:00+00'),
  ('T1', 2, '2026-09-01 10:00+00', 'B2', 'lyon', 1, 5, 'ann@example.org', '2026-09-01 10:00+00'),
  ('T2', 1, '2026-09-02 09:00+00', 'A1', 'web', 1, 19.90, null, '2026-09-02 09:00+00');
"""
ORDERS = """
  orders:
    database: {database}
    columns: {{order_id: ticket, line: line, ordered_at: at, product_id: sku, store_id: place, kind: {{constant: sale}},
               quantity: qty, unit_price: price}}
"""
CHANGES = "{table: lines, mode: watermark, watermark: updated_at}"
HEAD = "name: Shop\ncurrency: EUR\ndata_origin: real\nreferences: false\ntables:\n"


@dataclass
class Shop:
    """A database of its own, a role that may only read it, and the landing folder of one test."""

    server: Server
    database: str
    landing: Path

    def run(self, sql: str) -> None:
        self.server.run(sql, self.database)

    def source(self, day: date = TWO, hours: float = 26, user: str = "reader", password: str = READER_PASSWORD) -> DatabaseSource:
        """The database as read ``hours`` after the day began: 26 is two o'clock of the next night."""
        moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hours)
        return DatabaseSource(self.server.address(user, password, self.database), str(self.landing), lambda: moment)

    def unreachable(self) -> DatabaseSource:  # what has landed, without the database
        return DatabaseSource(None, str(self.landing))

    def lines(self, mapping: RetailMapping, days: list[date], source: DatabaseSource) -> list[tuple[Any, ...]]:
        orders = read_retail(mapping, days, database=source)["retail/orders"]
        return sorted((row["order_id"], row["line"], row["quantity"]) for row in orders.to_pylist())


@pytest.fixture
def shop(server: Server, tmp_path: Path) -> Iterator[Shop]:
    database = next(_names)
    server.run(f"create database {database}")
    with server.connect() as connection:
        if not connection.execute("select 1 from pg_roles where rolname = 'reader'").fetchone():
            connection.execute(f"create role reader login password '{READER_PASSWORD}'")
    made = Shop(server, database, tmp_path / "landing")
    made.run(LINES + "grant select on all tables in schema public to reader;")
    yield made
    server.run(f"drop database {database} with (force)")


def orders(database: str = CHANGES) -> RetailMapping:
    return parse_mapping(HEAD + ORDERS.format(database=database))
