"""What no product answers is told on the trends page in the reader's language, with the names of what comes nearest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from trend_assets.board import cache, data
from trend_assets.board.sections import trends
from trend_assets.tables import TABLES

DAY = date(2026, 9, 5)
UNSERVED = {
    "day": DAY,
    "rank": 1,
    "topic_id": "swim",
    "label": "dawn <b>dip</b>",
    "lane": "lifestyle",
    "stage": "rising",
    "score": 4.0,
    "hours_raised": 2,
    "first_raised_at": datetime(2026, 9, 5, 9, tzinfo=UTC),
    "posts": 1200,
    "authors": 900,
    "language": "en",
    "languages": ["en"],
    "why": "no_shared_words",
    "reason": "no product name shares a distinctive word with the posts",
    "category_score": 0.0,
    "nearest_product_id": "a",
    "nearest_similarity": 0.3,
    "nearest_product_ids": ["a", "b", "gone"],
    "nearest_similarities": [0.3, 0.3, 0.1],
    "nearest_methods": ["characters"],
}
NONE = UNSERVED | {"rank": 2, "topic_id": "odd", "label": "🦄", "nearest_product_id": None, "nearest_similarity": 0.0}


class Warehouse:
    """The published file, in memory."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("create schema demand; create schema retail")
        table = TABLES["demand/unserved_trends"].from_rows([UNSERVED, NONE | {"nearest_product_ids": [], "nearest_similarities": []}])
        products = pa.table(
            {"day": [DAY, DAY], "product_id": ["a", "b"], "product_name": ["Bath Towel", "Robe"], "product_name_fr": ["Serviette", None]}
        )
        self.connection.register("rows", table)
        self.connection.register("products", products)
        self.connection.execute("create table demand.unserved_trends as from rows; create table retail.products as from products")

    def query(self, sql: str, parameters: list[Any]) -> pa.Table:
        return self.connection.execute(sql, parameters).to_arrow_table()


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    found = Warehouse()
    yield found
    found.connection.close()


def test_the_nearest_products_come_with_their_names_best_first(warehouse: Warehouse) -> None:
    first, second = data.unserved_of_day(warehouse, DAY)
    assert (first["nearest_en"], first["nearest_fr"]) == (["Bath Towel", "Robe", "gone"], ["Serviette", "Robe", "gone"])
    assert (second["topic_id"], second["nearest_en"]) == ("odd", [])
    assert data.unserved_of_day(warehouse, date(2026, 9, 6)) == []


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ["Bath Towel (0.30), Robe (0.30), gone (0.10)", "1,200", "no product name shares"]),
        ("fr", ["Serviette (0,30), Robe (0,30), gone (0,10)", "aucun nom de produit ne partage"]),
    ],
)
def test_the_section_tells_them_without_trusting_a_label(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, language: str, told: list[str]
) -> None:
    shown: list[str] = []

    def ask(question: Callable[..., Any], *parameters: Any) -> Any:
        return question(warehouse, *parameters)

    monkeypatch.setattr(cache, "ask", ask)
    monkeypatch.setattr(trends, "language", lambda: language)
    monkeypatch.setattr(trends, "show", lambda html: shown.append(str(html)))
    trends._unserved(DAY)
    page = shown[-1]
    assert [part for part in told if part not in page] == []
    assert "<b>dip</b>" not in page
