"""Ranges: products of one category and type whose names differ by colour only.

What belongs here: which product is of which range. What doesn't: sales (``shelf_days.py``), tests (``uplift.py``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

_SPACES = re.compile(r"\s+")


def ranges_of(products: pa.Table) -> pa.Table:
    """``product_id``, ``range_id``, ``range_name``, ``category``, sorted by product; one row a product, of its newest day where there are
    days.

    ``products``: rows of ``retail/products``, of any number of days; ``product_type`` and ``colour`` may be missing or null. A name that is
    its colour alone stays whole. Complexity: O(products).
    """
    wanted = ("product_id", "product_name", "category", "product_type", "colour")
    table = products.sort_by("day") if "day" in products.column_names else products
    numbered = pa.table({"product_id": table["product_id"], "row": pa.array(range(table.num_rows), pa.int64())})
    newest = table.take(numbered.group_by("product_id").aggregate([("row", "max")])["row_max"]).sort_by("product_id")
    rows = []
    for product in newest.select([name for name in wanted if name in table.column_names]).to_pylist():
        row = {name: product.get(name) or "" for name in wanted}
        name = _without_colour(row["product_name"], row["colour"])
        rows.append((row["product_id"], _identifier(row["category"], row["product_type"], name), name, row["category"]))
    columns = ("product_id", "range_id", "range_name", "category")
    return pa.table({name: pa.array([row[place] for row in rows], pa.string()) for place, name in enumerate(columns)})


def of_products(ranges: pa.Table, product_ids: Sequence[str]) -> list[str]:
    """Ranges of the products, in the order of the products, each once; unknown products are left out."""
    found = pc.index_in(pa.array(product_ids, pa.string()), value_set=ranges["product_id"])
    return list(dict.fromkeys(ranges["range_id"].take(found.drop_null()).to_pylist()))


def _identifier(category: str, product_type: str, name: str) -> str:
    return "/".join(part.casefold() for part in (category, product_type, name) if part)


def _without_colour(name: str, colour: str) -> str:
    if not colour:
        return name
    rest = re.sub(rf"(?<!\w){re.escape(colour)}(?!\w)", " ", name, flags=re.IGNORECASE)
    return _SPACES.sub(" ", rest).strip(" ,-–/()") or name
