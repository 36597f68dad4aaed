"""The weekly regret report from the lake: closed cards, the answers that hold, and the stock that came after.

What belongs here: which partitions are read. What doesn't: the counterfactual (``lib/demand/regret.py``), showing it.
"""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.board.responses import answers, latest
from trend_assets.lake.lake import Lake
from trend_assets.lib.demand.regret import StockDay, Sum, card_regrets, sums
from trend_assets.tables import TABLES


def regrets_of(lake: Lake, weeks: int) -> list[Sum]:
    """Sums by week, category and action of cards of the last ``weeks`` before the newest stock record; empty where none is closed.

    Raises what the lake raises for partitions that cannot be read.
    """
    cards, inventory, products = (TABLES[name] for name in ("demand/decision_cards", "retail/inventory", "retail/products"))
    known = lake.partitions(inventory)
    if not known:
        return []
    last = date.fromisoformat(known[-1])
    first = last - timedelta(weeks=weeks)
    rows = lake.read(cards, [key for key in lake.partitions(cards) if key >= first.isoformat()]).to_pylist()
    if not rows:
        return []
    wanted = {(card["product_id"], card["store_id"]) for card in rows}
    days = [key for key in known if key >= first.isoformat()]
    stock: dict[tuple[str, str], dict[date, StockDay]] = {}
    records = lake.read(inventory, days, columns=["day", "product_id", "store_id", "sold", "on_hand"])
    named = pa.array(sorted({product for product, _ in wanted}), pa.string())
    for row in records.filter(pc.is_in(records["product_id"], value_set=named)).to_pylist():
        where = (row["product_id"], row["store_id"])
        if where in wanted:
            stock.setdefault(where, {})[row["day"]] = StockDay(float(row["sold"] or 0), float(row["on_hand"]))
    holding = latest(answers(lake, first, last).rows)
    names = lake.read(products, lake.partitions(products)[-1:], columns=["product_id", "category"])
    categories = dict(zip(names["product_id"].to_pylist(), names["category"].to_pylist(), strict=True))
    return sums(card_regrets(rows, {card_id: answer.response for card_id, answer in holding.items()}, stock, last), categories)
