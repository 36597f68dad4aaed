"""Clean days that look damaged to a careless check: a holiday, a new store, a new season, a stocktaking, a clearance, a closed day.

What belongs here: one function per event that makes all files of the newest day tell it, each in its way and without a contradiction.
What doesn't: judging and counting (``checks.py``), what is wrong with files (``defects_retail.py``).

A function changes the files of the newest day, as a defect does, but of all tables at once. Amounts are those of real retailers: a
sixth of a range leaves at the end of a season, a stocktaking corrects two counts in five by a unit or two.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.defects_retail import Delivery

MOVEMENTS = ["received", "sold", "returned", "adjusted"]


@dataclass(frozen=True)
class Regime:
    """An event of a clean day; ``past_days`` of past are known on it, all there is where ``None``."""

    name: str
    told: str
    happens: Callable[[Delivery], None]
    past_days: int | None = None


REGIMES: list[Regime] = []


def regime(name: str, told: str, past_days: int | None = None) -> Callable[[Callable[[Delivery], None]], Callable[[Delivery], None]]:
    """Add the function to ``REGIMES``."""

    def add(happens: Callable[[Delivery], None]) -> Callable[[Delivery], None]:
        REGIMES.append(Regime(name, told, happens, past_days))
        return happens

    return add


def _numbers(frame: pd.DataFrame, column: str) -> pd.Series:
    return pd.to_numeric(frame[column], errors="coerce").fillna(0).astype(int)


def _texts(values: pd.Series | np.ndarray) -> list[str]:
    return [str(int(value)) for value in values]


def _close(files: Delivery, places: set[str]) -> None:
    """Nothing is sold, returned, received or counted at these places: stock is as it was the day before."""
    orders, stock, lines = (files.frames[name] for name in ("orders", "inventory", "deliveries"))
    files.frames["orders"] = orders[~orders["store_id"].isin(places)] if places < set(_places(files)) else orders.iloc[:0]
    key = ["product_id", "store_id"]
    clean = files.before[-1]["inventory"].drop_duplicates(key)
    was = clean.set_index(key)[["on_hand", "reserved"]]
    here = stock["store_id"].isin(places)
    closed = stock[here].drop(columns=["on_hand", "reserved"]).join(was, on=key, how="inner")[stock.columns]
    closed[MOVEMENTS] = "0"
    files.frames["inventory"] = pd.concat([stock[~here], closed])
    arrived = (lines["received_on"] != "") & lines["store_id"].isin(places)
    files.frames["deliveries"] = lines.assign(
        received_on=lines["received_on"].mask(arrived, ""), quantity_received=lines["quantity_received"].mask(arrived, "0")
    )


def _places(files: Delivery) -> list[str]:
    return sorted(files.frames["inventory"]["store_id"].unique())


@regime("public holiday", "nothing is sold, received or counted anywhere")
def _(files: Delivery) -> None:
    _close(files, set(_places(files)))


@regime("first closed day of a place", "six days after it opened, stock tells it", past_days=6)
def _(files: Delivery) -> None:
    _close(files, {str(files.frames["orders"]["store_id"].value_counts().index[0])})


@regime("first closed day of the shop", "six days after it opened, no files of stock and orders", past_days=6)
def _(files: Delivery) -> None:
    _close(files, set(_places(files)))
    files.frames["inventory"] = files.frames["inventory"].iloc[:0]


@regime("new store", "a twin of another one opens in a country and a currency of its own")
def _(files: Delivery) -> None:
    stores, orders, stock = (files.frames[name] for name in ("stores", "orders", "inventory"))
    twin = str(orders["store_id"].value_counts().index[-1])
    new = "S" + "9" * (len(twin) - 1)
    opened = stores[stores["store_id"] == twin].assign(store_id=new, store_name="Northern Quarter", region="Hovedstaden", country="DK")
    sold = orders[orders["store_id"] == twin].assign(store_id=new, country="DK", currency="DKK")
    sold["order_id"] = sold["order_id"].str[:-4] + "9" + sold["order_id"].str[-3:]
    received = stock[stock["store_id"] == twin].assign(store_id=new)
    files.frames["stores"] = pd.concat([stores, opened])
    files.frames["orders"] = pd.concat([orders, sold])
    files.frames["inventory"] = pd.concat([stock, received.assign(received="0")])
    promotions = files.frames["promotions"]
    files.frames["promotions"] = pd.concat([promotions, promotions[promotions["store_id"] == twin].assign(store_id=new)])


@regime("new season", "15 % of the range leave, as many come in a category and from a supplier of their own")
def _(files: Delivery) -> None:
    products = files.frames["products"]
    ids = sorted(products["product_id"].unique())
    leaving = set(files.rng.choice(ids, round(0.15 * len(ids)), replace=False))
    for name, frame in files.frames.items():
        if "product_id" in frame:
            files.frames[name] = frame[~frame["product_id"].isin(leaving)]
    new = products[products["product_id"].isin(leaving)].drop_duplicates("product_id")
    new = new.assign(product_id=[f"MC-{7000 + number}" for number in range(len(new))], category="rainwear", supplier_id="SUP77")
    stock = files.frames["inventory"]
    empty = stock.iloc[np.arange(len(new)) % len(stock)].assign(product_id=new["product_id"].to_numpy(), on_hand="0", reserved="0")
    empty[MOVEMENTS] = "0"
    files.frames["products"] = pd.concat([files.frames["products"], new])
    files.frames["inventory"] = pd.concat([stock, empty])


@regime("stocktaking", "two counts in five are corrected by a unit or two, and booked")
def _(files: Delivery) -> None:
    stock = files.frames["inventory"].copy()
    rows = np.flatnonzero(files.rng.random(len(stock)) < 0.4)
    off = files.rng.choice([-2, -1, -1, 1], len(rows))
    on_hand, adjusted = _numbers(stock, "on_hand"), _numbers(stock, "adjusted")
    off = np.maximum(off, -np.maximum(on_hand.iloc[rows].to_numpy() - _numbers(stock, "reserved").iloc[rows].to_numpy(), 0))
    stock.iloc[rows, stock.columns.get_loc("on_hand")] = _texts(on_hand.iloc[rows] + off)
    stock.iloc[rows, stock.columns.get_loc("adjusted")] = _texts(adjusted.iloc[rows] + off)
    files.frames["inventory"] = stock


@regime("clearance", "a third of the range at 70 % off: nine tenths of its stock are sold in a day, several units a line")
def _(files: Delivery) -> None:
    products, stock, promotions, orders = (files.frames[name] for name in ("products", "inventory", "promotions", "orders"))
    priced = products.drop_duplicates("product_id").set_index("product_id")["unit_price"]
    ids = sorted(set(products["product_id"]))
    cleared = set(files.rng.choice(ids, len(ids) // 3, replace=False))
    stock = stock.drop_duplicates(["product_id", "store_id"]).reset_index(drop=True)
    free = _numbers(stock, "on_hand") - _numbers(stock, "reserved")
    sales = orders[(orders["kind"] == "sale") & orders["store_id"].isin(stock["store_id"])]
    rows = np.flatnonzero(stock["product_id"].isin(cleared) & (free >= 2) & stock["store_id"].isin(sales["store_id"]))
    units = np.ceil(0.9 * free.iloc[rows].to_numpy()).astype(int)
    for column, sign in (("on_hand", -1), ("sold", 1)):
        stock.iloc[rows, stock.columns.get_loc(column)] = _texts(_numbers(stock, column).iloc[rows] + sign * units)
    places, names = stock["store_id"].iloc[rows].to_numpy(), stock["product_id"].iloc[rows].to_numpy()
    promotion = re.sub(r"\d", "9", promotions["promotion_id"].iloc[0]) if len(promotions) else "PR-999"
    ends = str(files.day + pd.Timedelta(days=13))
    promoted = pd.DataFrame({"promotion_id": promotion, "product_id": names, "store_id": places, "discount": "0.7"})
    files.frames["promotions"] = pd.concat([promotions, promoted.assign(starts_on=str(files.day), ends_on=ends)])[promotions.columns]
    lines = sales.iloc[[files.rng.choice(np.flatnonzero(sales["store_id"] == place)) for place in places]].copy()
    lines["order_id"] = [f"MC-{files.day:%Y%m%d}-{80_000 + number}" for number in range(len(rows))]
    lines["line"], lines["product_id"], lines["store_id"], lines["quantity"] = "1", names, places, _texts(units)
    lines["unit_price"] = [f"{0.3 * float(priced[name]):.2f}" for name in names]
    files.frames["inventory"], files.frames["orders"] = stock, pd.concat([orders, lines])
