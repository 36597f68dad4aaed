"""Defects of a retailer's files: what exports, loaders and people do to a day's orders, stock, deliveries, promotions and catalogue.

What belongs here: one function per class of defect, its severity in words, and the checks that are sensible names for it, all written
down before anything was measured. What doesn't: measuring (``checks.py``), defects of posts (``defects_posts.py``).

A function changes the files of the newest day (data frames of texts, as the files hold them) or replaces one by bytes.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd

Frames = dict[str, pd.DataFrame]


@dataclass
class Delivery:
    """The newest day's files as received, the files of the days before (newest last), and random numbers of this defect and seed."""

    day: date
    frames: Frames
    before: list[Frames]
    rng: np.random.Generator
    raw: dict[str, bytes] = field(default_factory=dict)

    def part(self, name: str, share: float) -> np.ndarray:
        """Positions of a random share of the file's rows, at least one."""
        rows = len(self.frames[name])
        return np.sort(self.rng.choice(rows, max(1, round(share * rows)), replace=False))

    def of_supplier(self, name: str) -> np.ndarray:
        """Positions of the rows of one supplier's products (one that sells at least a twentieth of the day)."""
        products, rows = self.frames["products"], self.frames[name]
        suppliers = rows["product_id"].map(products.set_index("product_id")["supplier_id"][lambda ids: ~ids.index.duplicated()])
        counts = suppliers.value_counts()
        large = sorted(counts[counts >= 0.05 * len(rows)].index)
        return np.flatnonzero(suppliers == self.rng.choice(large or sorted(counts.index)))

    def text(self, name: str) -> bytes:
        """The file as it is now."""
        return written(self.frames[name])


def written(frame: pd.DataFrame) -> bytes:
    """A frame as the bytes of its file."""
    buffer = io.StringIO()
    frame.to_csv(buffer, index=False, lineterminator="\n")
    return buffer.getvalue().encode()


@dataclass(frozen=True)
class Defect:
    """A class of defects: the table it enters, how severe it is, the checks (``table.check``) that name it, what it does."""

    table: str
    name: str
    severity: str
    named: tuple[str, ...]
    damage: Callable[[Delivery], None]


DEFECTS: list[Defect] = []


def defect(table: str, name: str, severity: str, *named: str) -> Callable[[Callable[[Delivery], None]], Callable[[Delivery], None]]:
    """Add the function to ``DEFECTS``; a name without a table is a check of this table."""

    def add(damage: Callable[[Delivery], None]) -> Callable[[Delivery], None]:
        DEFECTS.append(Defect(table, name, severity, tuple(one if "." in one else f"{table}.{one}" for one in named), damage))
        return damage

    return add


def scale(frame: pd.DataFrame, column: str, rows: np.ndarray | slice, factor: float, whole: bool = True) -> None:
    """Multiply a column of texts in some rows; what is no number stays."""
    place = frame.columns.get_loc(column)
    numbers = pd.to_numeric(frame.iloc[rows, place], errors="coerce") * factor
    texts = numbers.round().map("{:.0f}".format) if whole else numbers.map("{:.4g}".format)
    frame.iloc[rows, place] = texts.where(numbers.notna(), frame.iloc[rows, place])


ALL = slice(None)

# --- orders -------------------------------------------------------------------------------------------------------------------


@defect("orders", "quantity ×10", "all lines", "quantities", "matches_stock")
def _(files: Delivery) -> None:
    scale(files.frames["orders"], "quantity", ALL, 10)


@defect("orders", "quantity ×12 (packs as units)", "one supplier's products", "quantities", "matches_stock")
def _(files: Delivery) -> None:
    scale(files.frames["orders"], "quantity", files.of_supplier("orders"), 12)


@defect("orders", "quantity ×100", "5 % of lines", "quantities", "matches_stock")
def _(files: Delivery) -> None:
    scale(files.frames["orders"], "quantity", files.part("orders", 0.05), 100)


@defect("orders", "prices in cents", "all lines", "prices_paid")
def _(files: Delivery) -> None:
    scale(files.frames["orders"], "unit_price", ALL, 100)


@defect("orders", "prices in cents", "one supplier's products", "prices_paid")
def _(files: Delivery) -> None:
    scale(files.frames["orders"], "unit_price", files.of_supplier("orders"), 100)


@defect("orders", "prices in another currency, label unchanged", "all lines, ×0.86", "prices_paid")
def _(files: Delivery) -> None:
    scale(files.frames["orders"], "unit_price", ALL, 0.86, whole=False)


@defect("orders", "prices in another currency, label changed", "one in four stores, ×1.09", "known_values", "prices_paid")
def _(files: Delivery) -> None:
    orders = files.frames["orders"]
    stores = sorted(orders["store_id"].unique())
    rows = np.flatnonzero(orders["store_id"].isin(files.rng.choice(stores, max(1, len(stores) // 4), replace=False)))
    scale(orders, "unit_price", rows, 1.09, whole=False)
    orders.iloc[rows, orders.columns.get_loc("currency")] = "USD"


@defect("orders", "prices zero", "10 % of lines", "prices_paid")
def _(files: Delivery) -> None:
    scale(files.frames["orders"], "unit_price", files.part("orders", 0.1), 0)


@defect("orders", "line total instead of unit price", "10 % of lines, ×2 to ×4", "prices_paid")
def _(files: Delivery) -> None:
    scale(files.frames["orders"], "unit_price", files.part("orders", 0.1), float(files.rng.integers(2, 5)), whole=False)


@defect("orders", "times shifted", "all lines, two hours later", "order_times")
def _(files: Delivery) -> None:
    _shift_times(files.frames["orders"], ALL, 2)


@defect("orders", "times shifted", "one in four stores, three hours earlier", "order_times")
def _(files: Delivery) -> None:
    orders = files.frames["orders"]
    stores = sorted(orders["store_id"].unique())
    _shift_times(orders, np.flatnonzero(orders["store_id"].isin(files.rng.choice(stores, max(1, len(stores) // 4), replace=False))), -3)


def _shift_times(orders: pd.DataFrame, rows: np.ndarray | slice, hours: float) -> None:
    place = orders.columns.get_loc("ordered_at")
    times = pd.to_datetime(orders.iloc[rows, place], utc=True, errors="coerce") + pd.Timedelta(hours=hours)
    orders.iloc[rows, place] = times.dt.strftime("%Y-%m-%dT%H:%M:%SZ")


@defect("orders", "loaded twice, same ids", "all lines", "refused_rows")
def _(files: Delivery) -> None:
    files.frames["orders"] = pd.concat([files.frames["orders"]] * 2)


@defect("orders", "loaded twice, new ids", "all lines", "repeated_rows", "matches_stock")
def _(files: Delivery) -> None:
    again = files.frames["orders"].copy()
    again["order_id"] = "R" + again["order_id"].str[1:]
    files.frames["orders"] = pd.concat([files.frames["orders"], again])


@defect("orders", "loaded twice, new ids", "10 % of lines", "repeated_rows", "matches_stock")
def _(files: Delivery) -> None:
    again = files.frames["orders"].iloc[files.part("orders", 0.1)].copy()
    again["order_id"] = again["order_id"].str.replace("MC-", "MC-9", regex=False)
    files.frames["orders"] = pd.concat([files.frames["orders"], again])


@defect("orders", "fan-out of a join", "10 % of products have three rows", "repeated_rows", "matches_stock", "row_count")
def _(files: Delivery) -> None:
    orders = files.frames["orders"]
    ids = sorted(orders["product_id"].unique())
    fanned = orders[orders["product_id"].isin(files.rng.choice(ids, max(1, len(ids) // 10), replace=False))]
    parts = [orders]
    for number in (1, 2):
        again = fanned.copy()
        again["line"] = (pd.to_numeric(again["line"], errors="coerce").fillna(1).astype(int) + 50 * number).astype(str)
        parts.append(again)
    files.frames["orders"] = pd.concat(parts)


@defect("orders", "keys repeated with other values", "10 % of lines", "refused_rows")
def _(files: Delivery) -> None:
    again = files.frames["orders"].iloc[files.part("orders", 0.1)].copy()
    again["quantity"] = "7"
    files.frames["orders"] = pd.concat([files.frames["orders"], again])


@defect("orders", "file ends early", "the last 15 % of lines", "matches_stock", "known_values")
def _(files: Delivery) -> None:
    files.frames["orders"] = files.frames["orders"].iloc[: int(0.85 * len(files.frames["orders"]))]


@defect("orders", "file ends within a line", "at 60 % of its bytes", "matches_stock", "refused_rows")
def _(files: Delivery) -> None:
    text = files.text("orders")
    files.raw["orders"] = text[: int(0.6 * len(text))]


@defect("orders", "lines lost at random", "10 % of lines", "matches_stock")
def _(files: Delivery) -> None:
    files.frames["orders"] = files.frames["orders"].drop(files.frames["orders"].index[files.part("orders", 0.1)])


@defect("orders", "file without its last columns", "unit_price on", "refused_rows", "feed_present")
def _(files: Delivery) -> None:
    orders = files.frames["orders"]
    files.frames["orders"] = orders.iloc[:, : orders.columns.get_loc("unit_price")]


@defect("orders", "columns swapped", "price and quantity", "refused_rows", "quantities", "prices_paid")
def _(files: Delivery) -> None:
    _swap(files.frames["orders"], "unit_price", "quantity")


@defect("orders", "columns swapped", "product and store", "refused_rows", "references")
def _(files: Delivery) -> None:
    _swap(files.frames["orders"], "product_id", "store_id")


def _swap(frame: pd.DataFrame, one: str, other: str) -> None:
    frame[one], frame[other] = frame[other].copy(), frame[one].copy()


@defect("orders", "yesterday's file again", "all lines, as they were", "order_times", "copied_rows", "matches_stock")
def _(files: Delivery) -> None:
    files.frames["orders"] = files.before[-1]["orders"].copy()


@defect("orders", "stale file, times and ids renewed", "a file of two weeks ago", "matches_stock", "copied_rows")
def _(files: Delivery) -> None:
    stale = files.before[-14]["orders"].copy()
    then = files.day - timedelta(days=14)
    stale["ordered_at"] = stale["ordered_at"].str.replace(f"{then}", f"{files.day}", regex=False)
    stale["order_id"] = stale["order_id"].str.replace(f"{then:%Y%m%d}", f"{files.day:%Y%m%d}", regex=False)
    files.frames["orders"] = stale


@defect(
    "orders",
    "part of yesterday again",
    "15 % of yesterday's lines, at their time",
    "order_times",
    "copied_rows",
    "matches_stock",
    "refused_rows",
)
def _(files: Delivery) -> None:
    before = files.before[-1]["orders"]
    files.frames["orders"] = pd.concat([files.frames["orders"], before.iloc[: int(0.15 * len(before))]])


@defect("orders", "products unknown", "8 % of lines", "refused_rows", "references")
def _(files: Delivery) -> None:
    _put(files, "orders", "product_id", 0.08, "ZZ-0000")


@defect("orders", "stores unknown", "8 % of lines", "refused_rows", "references")
def _(files: Delivery) -> None:
    _put(files, "orders", "store_id", 0.08, "S0")


def _put(files: Delivery, name: str, column: str, share: float, text: str) -> None:
    frame = files.frames[name]
    frame.iloc[files.part(name, share), frame.columns.get_loc(column)] = text


@defect("orders", "product ids without leading zeros", "all lines", "refused_rows", "id_shapes")
def _(files: Delivery) -> None:
    orders = files.frames["orders"]
    orders["product_id"] = orders["product_id"].str.replace(r"-0+", "-", regex=True)


@defect("orders", "order ids cut", "all lines, the last two characters", "refused_rows", "id_shapes")
def _(files: Delivery) -> None:
    orders = files.frames["orders"]
    orders["order_id"] = orders["order_id"].str[:-2]


@defect("orders", "order ids as decimals", "20 % of lines", "id_shapes")
def _(files: Delivery) -> None:
    orders = files.frames["orders"]
    orders.iloc[files.part("orders", 0.2), orders.columns.get_loc("order_id")] += ".0"


@defect("orders", "a store is missing", "one of the larger half", "matches_stock", "known_values")
def _(files: Delivery) -> None:
    orders = files.frames["orders"]
    counts = orders["store_id"].value_counts()
    files.frames["orders"] = orders[orders["store_id"] != files.rng.choice(sorted(counts.index[: (len(counts) + 1) // 2]))]


@defect("orders", "hours are missing", "two hours of the afternoon", "matches_stock", "order_times")
def _(files: Delivery) -> None:
    orders = files.frames["orders"]
    first = int(files.rng.integers(11, 16))
    hours = pd.to_datetime(orders["ordered_at"], utc=True, errors="coerce").dt.hour
    files.frames["orders"] = orders[~hours.isin([first, first + 1])]


@defect("orders", "signs of returns flipped", "all returns", "signs", "matches_stock")
def _(files: Delivery) -> None:
    orders = files.frames["orders"]
    scale(orders, "quantity", np.flatnonzero(orders["kind"] == "return"), -1)


@defect("orders", "returns booked as sales", "all returns, sign kept", "signs", "known_values", "matches_stock")
def _(files: Delivery) -> None:
    orders = files.frames["orders"]
    orders.loc[orders["kind"] == "return", "kind"] = "sale"


@defect("orders", "column empty", "country, all lines", "empty_columns", "known_values")
def _(files: Delivery) -> None:
    files.frames["orders"]["country"] = ""


@defect("orders", "column empty", "product, 10 % of lines", "refused_rows")
def _(files: Delivery) -> None:
    _put(files, "orders", "product_id", 0.1, "")


@defect("orders", "column constant", "the same product in all lines", "empty_columns", "matches_stock", "prices_paid")
def _(files: Delivery) -> None:
    files.frames["orders"]["product_id"] = files.rng.choice(sorted(files.frames["products"]["product_id"].unique()[5:]))


@defect("orders", "column shuffled", "product", "prices_paid", "matches_stock")
def _(files: Delivery) -> None:
    _shuffle(files, "orders", "product_id")


@defect("orders", "column shuffled", "quantity", "matches_stock", "signs")
def _(files: Delivery) -> None:
    _shuffle(files, "orders", "quantity")


def _shuffle(files: Delivery, name: str, column: str) -> None:
    frame = files.frames[name]
    frame[column] = files.rng.permutation(frame[column].to_numpy())


@defect("orders", "decimal commas", "all lines", "refused_rows")
def _(files: Delivery) -> None:
    orders = files.frames["orders"]
    orders["unit_price"] = orders["unit_price"].map(lambda text: f"{float(text):.2f}".replace(".", ","))


@defect("orders", "thousands separated by a point", "prices ×1000 in 5 % of lines", "prices_paid")
def _(files: Delivery) -> None:
    scale(files.frames["orders"], "unit_price", files.part("orders", 0.05), 1000)


@defect("orders", "day and month swapped", "all lines", "order_times", "refused_rows")
def _(files: Delivery) -> None:
    orders = files.frames["orders"]
    orders["ordered_at"] = orders["ordered_at"].str.replace(r"^(\d{4})-(\d\d)-(\d\d)", r"\1-\3-\2", regex=True)


@defect("orders", "dates in the future", "10 % of lines, a year ahead", "order_times")
def _(files: Delivery) -> None:
    orders = files.frames["orders"]
    rows, place = files.part("orders", 0.1), orders.columns.get_loc("ordered_at")
    orders.iloc[rows, place] = orders.iloc[rows, place].str.replace(str(files.day.year), str(files.day.year + 1), n=1, regex=False)


@defect("orders", "category renamed", "country FR as France", "known_values")
def _(files: Delivery) -> None:
    files.frames["orders"]["country"] = files.frames["orders"]["country"].replace("FR", "France")


@defect("orders", "column renamed in the file", "quantity as qty", "refused_rows", "feed_present")
def _(files: Delivery) -> None:
    files.frames["orders"] = files.frames["orders"].rename(columns={"quantity": "qty"})


@defect("orders", "type changed", "quantity as words in all lines", "refused_rows", "feed_present")
def _(files: Delivery) -> None:
    files.frames["orders"]["quantity"] = files.frames["orders"]["quantity"].map({"1": "one", "2": "two"}).fillna("many")


@defect("orders", "the feed is late", "no file", "feed_present")
def _(files: Delivery) -> None:
    files.frames["orders"] = files.frames["orders"].iloc[:0]


@defect("orders", "volume drops", "70 % of lines lost", "matches_stock", "row_count")
def _(files: Delivery) -> None:
    files.frames["orders"] = files.frames["orders"].drop(files.frames["orders"].index[files.part("orders", 0.7)])


@defect("orders", "test orders", "volume ×4, made up", "matches_stock", "row_count", "repeated_rows")
def _(files: Delivery) -> None:
    orders = files.frames["orders"]
    fakes = orders.iloc[files.rng.integers(0, len(orders), 3 * len(orders))].copy()
    fakes["order_id"] = [f"MC-{files.day:%Y%m%d}-{90_000 + number}" for number in range(len(fakes))]
    fakes["line"], fakes["quantity"], fakes["kind"] = "1", "1", "sale"
    files.frames["orders"] = pd.concat([orders, fakes])


# --- inventory ----------------------------------------------------------------------------------------------------------------


@defect("inventory", "stock ×12 (units as packs)", "all rows", "adds_up")
def _(files: Delivery) -> None:
    scale(files.frames["inventory"], "on_hand", ALL, 12)


@defect("inventory", "stock ×10", "one supplier's products", "adds_up")
def _(files: Delivery) -> None:
    scale(files.frames["inventory"], "on_hand", files.of_supplier("inventory"), 10)


@defect("inventory", "stock and movements divided by 12", "one supplier's products", "adds_up", "orders.matches_stock")
def _(files: Delivery) -> None:
    rows = files.of_supplier("inventory")
    for column in ("on_hand", "reserved", "received", "sold", "returned"):
        scale(files.frames["inventory"], column, rows, 1 / 12)


@defect("inventory", "stock negative", "signs flipped in all rows", "negative_stock", "adds_up")
def _(files: Delivery) -> None:
    scale(files.frames["inventory"], "on_hand", ALL, -1)


@defect("inventory", "stock negative", "5 % of rows", "negative_stock", "adds_up")
def _(files: Delivery) -> None:
    _put(files, "inventory", "on_hand", 0.05, "-3")


@defect("inventory", "yesterday's file again", "all rows", "copied_rows", "adds_up", "orders.matches_stock")
def _(files: Delivery) -> None:
    files.frames["inventory"] = files.before[-1]["inventory"].copy()


@defect("inventory", "stale file", "of a week ago", "adds_up", "orders.matches_stock", "copied_rows")
def _(files: Delivery) -> None:
    files.frames["inventory"] = files.before[-7]["inventory"].copy()


@defect("inventory", "a store is missing", "one", "rows_kept")
def _(files: Delivery) -> None:
    stock = files.frames["inventory"]
    files.frames["inventory"] = stock[stock["store_id"] != files.rng.choice(sorted(stock["store_id"].unique()))]


@defect("inventory", "file ends early", "the last 10 % of rows", "rows_kept")
def _(files: Delivery) -> None:
    files.frames["inventory"] = files.frames["inventory"].iloc[: int(0.9 * len(files.frames["inventory"]))]


@defect("inventory", "zero where unknown", "10 % of rows with stock", "adds_up", "stock_levels")
def _(files: Delivery) -> None:
    stock = files.frames["inventory"]
    held = np.flatnonzero(pd.to_numeric(stock["on_hand"], errors="coerce") > 0)
    stock.iloc[files.rng.choice(held, len(held) // 10, replace=False), stock.columns.get_loc("on_hand")] = "0"


@defect("inventory", "columns swapped", "on_hand and reserved", "adds_up", "reserved_within_stock")
def _(files: Delivery) -> None:
    _swap(files.frames["inventory"], "on_hand", "reserved")


@defect("inventory", "columns swapped", "received and sold", "adds_up", "orders.matches_stock")
def _(files: Delivery) -> None:
    _swap(files.frames["inventory"], "received", "sold")


@defect("inventory", "column shuffled", "on_hand", "adds_up")
def _(files: Delivery) -> None:
    _shuffle(files, "inventory", "on_hand")


@defect("inventory", "column shuffled", "on_hand within 10 % of rows", "adds_up")
def _(files: Delivery) -> None:
    stock = files.frames["inventory"]
    rows, place = files.part("inventory", 0.1), stock.columns.get_loc("on_hand")
    stock.iloc[rows, place] = files.rng.permutation(stock.iloc[rows, place].to_numpy())


@defect("inventory", "column empty", "movements, all rows", "empty_columns")
def _(files: Delivery) -> None:
    files.frames["inventory"][["received", "sold", "returned", "adjusted"]] = ""


@defect("inventory", "column constant", "on_hand 100 in all rows", "adds_up", "empty_columns")
def _(files: Delivery) -> None:
    files.frames["inventory"]["on_hand"] = "100"


@defect("inventory", "column missing", "on_hand", "refused_rows", "feed_present")
def _(files: Delivery) -> None:
    files.frames["inventory"] = files.frames["inventory"].drop(columns="on_hand")


@defect("inventory", "loaded twice", "all rows", "refused_rows")
def _(files: Delivery) -> None:
    files.frames["inventory"] = pd.concat([files.frames["inventory"]] * 2)


@defect("inventory", "keys repeated with other values", "5 % of rows", "refused_rows")
def _(files: Delivery) -> None:
    again = files.frames["inventory"].iloc[files.part("inventory", 0.05)].copy()
    again["on_hand"] = "999"
    files.frames["inventory"] = pd.concat([files.frames["inventory"], again])


@defect("inventory", "decimals", "1.5 units in 5 % of rows", "refused_rows")
def _(files: Delivery) -> None:
    _put(files, "inventory", "on_hand", 0.05, "1.5")


@defect("inventory", "the feed is late", "no file", "feed_present")
def _(files: Delivery) -> None:
    files.frames["inventory"] = files.frames["inventory"].iloc[:0]


@defect("inventory", "stock before the day's sales", "a snapshot of the morning, all rows", "adds_up")
def _(files: Delivery) -> None:
    stock = files.frames["inventory"]
    numbers = stock[["on_hand", "sold"]].apply(pd.to_numeric, errors="coerce")
    stock["on_hand"] = (numbers["on_hand"] + numbers["sold"]).map("{:.0f}".format).where(numbers["on_hand"].notna(), stock["on_hand"])


@defect("inventory", "product ids without leading zeros", "all rows", "refused_rows", "id_shapes", "feed_present")
def _(files: Delivery) -> None:
    stock = files.frames["inventory"]
    stock["product_id"] = stock["product_id"].str.replace(r"-0+", "-", regex=True)


# --- deliveries ---------------------------------------------------------------------------------------------------------------


@defect("deliveries", "received before ordered", "all received lines", "dates_in_order")
def _(files: Delivery) -> None:
    lines = files.frames["deliveries"]
    arrived = lines["received_on"] != ""
    lines.loc[arrived, ["ordered_on", "received_on"]] = lines.loc[arrived, ["received_on", "ordered_on"]].to_numpy()


@defect("deliveries", "received more than ordered", "units ×12 in received lines", "received_within_ordered", "matches_stock")
def _(files: Delivery) -> None:
    lines = files.frames["deliveries"]
    scale(lines, "quantity_received", np.flatnonzero(lines["received_on"] != ""), 12)


@defect("deliveries", "ordered units ×12", "one supplier's lines", "attributes_kept", "quantities")
def _(files: Delivery) -> None:
    scale(files.frames["deliveries"], "quantity_ordered", files.of_supplier("deliveries"), 12)


@defect("deliveries", "due before ordered", "10 % of lines", "dates_in_order")
def _(files: Delivery) -> None:
    lines = files.frames["deliveries"]
    rows = files.part("deliveries", 0.1)
    lines.iloc[rows, lines.columns.get_loc("due_on")] = f"{files.day - timedelta(days=400)}"


@defect("deliveries", "day and month swapped", "dates that can be, all lines", "dates_in_order", "attributes_kept", "lead_times")
def _(files: Delivery) -> None:
    lines = files.frames["deliveries"]
    for column in ("ordered_on", "due_on", "received_on"):
        lines[column] = lines[column].map(
            lambda text: f"{text[:4]}-{text[8:]}-{text[5:7]}" if text[8:].isdigit() and int(text[8:]) <= 12 else text
        )


@defect("deliveries", "yesterday's file again", "all lines", "dates_in_order", "matches_stock", "rows_kept")
def _(files: Delivery) -> None:
    files.frames["deliveries"] = files.before[-1]["deliveries"].copy()


@defect("deliveries", "file ends early", "the last 20 % of lines", "rows_kept")
def _(files: Delivery) -> None:
    files.frames["deliveries"] = files.frames["deliveries"].iloc[: int(0.8 * len(files.frames["deliveries"]))]


@defect("deliveries", "fan-out of a join", "20 % of lines twice, new ids", "repeated_rows", "matches_stock", "id_shapes")
def _(files: Delivery) -> None:
    again = files.frames["deliveries"].iloc[files.part("deliveries", 0.2)].copy()
    again["delivery_id"] = again["delivery_id"].str.replace("PO-0", "PO-7", regex=False)
    files.frames["deliveries"] = pd.concat([files.frames["deliveries"], again])


@defect("deliveries", "products unknown", "10 % of lines", "refused_rows", "references")
def _(files: Delivery) -> None:
    _put(files, "deliveries", "product_id", 0.1, "ZZ-1")


@defect("deliveries", "product shuffled", "all lines", "attributes_kept", "supplier_matches")
def _(files: Delivery) -> None:
    _shuffle(files, "deliveries", "product_id")


@defect("deliveries", "columns swapped", "ordered and received units", "attributes_kept", "received_within_ordered", "matches_stock")
def _(files: Delivery) -> None:
    _swap(files.frames["deliveries"], "quantity_ordered", "quantity_received")


@defect("deliveries", "columns swapped", "ordered and due dates", "dates_in_order", "attributes_kept")
def _(files: Delivery) -> None:
    _swap(files.frames["deliveries"], "ordered_on", "due_on")


@defect("deliveries", "receipts not booked", "all received lines still open", "matches_stock")
def _(files: Delivery) -> None:
    files.frames["deliveries"]["received_on"] = ""
    files.frames["deliveries"]["quantity_received"] = "0"


@defect("deliveries", "supplier constant", "all lines", "supplier_matches", "attributes_kept", "empty_columns", "known_values")
def _(files: Delivery) -> None:
    files.frames["deliveries"]["supplier_id"] = "SUP01"


@defect("deliveries", "dates in the future", "ordered a year ahead, 10 % of lines", "dates_in_order", "attributes_kept")
def _(files: Delivery) -> None:
    lines = files.frames["deliveries"]
    rows, place = files.part("deliveries", 0.1), lines.columns.get_loc("ordered_on")
    lines.iloc[rows, place] = f"{files.day.replace(day=1) + timedelta(days=366)}"


# --- promotions ---------------------------------------------------------------------------------------------------------------


@defect("promotions", "discount in per cent", "all rows", "refused_rows")
def _(files: Delivery) -> None:
    scale(files.frames["promotions"], "discount", ALL, 100)


@defect("promotions", "discount in per cent of a per cent", "all rows, divided by 100", "discounts", "attributes_kept")
def _(files: Delivery) -> None:
    scale(files.frames["promotions"], "discount", ALL, 0.01, whole=False)


@defect("promotions", "discount of everything", "100 % in 20 % of rows", "discounts", "attributes_kept")
def _(files: Delivery) -> None:
    _put(files, "promotions", "discount", 0.2, "1.0")


@defect("promotions", "share paid instead of discount", "all rows", "attributes_kept", "orders.prices_paid")
def _(files: Delivery) -> None:
    promotions = files.frames["promotions"]
    promotions["discount"] = promotions["discount"].map(lambda text: f"{1 - float(text):.4g}")


@defect("promotions", "columns swapped", "first and last day", "dates_in_order")
def _(files: Delivery) -> None:
    _swap(files.frames["promotions"], "starts_on", "ends_on")


@defect("promotions", "stale file", "promotions that have ended, a year ago", "dates_in_order", "rows_kept")
def _(files: Delivery) -> None:
    promotions = files.frames["promotions"]
    for column in ("starts_on", "ends_on"):
        promotions[column] = promotions[column].str.replace(str(files.day.year), str(files.day.year - 1), n=1, regex=False)


@defect("promotions", "file ends early", "half of the rows", "rows_kept")
def _(files: Delivery) -> None:
    files.frames["promotions"] = files.frames["promotions"].iloc[: len(files.frames["promotions"]) // 2]


@defect("promotions", "cross join with the catalogue", "every product in promotion", "row_count", "orders.prices_paid")
def _(files: Delivery) -> None:
    promotions = files.frames["promotions"]
    one = promotions.iloc[[0]]
    stores = sorted(files.frames["stores"]["store_id"].unique())
    products = sorted(files.frames["products"]["product_id"].unique())
    rows = pd.concat([one] * (len(stores) * len(products)))
    rows["product_id"], rows["store_id"] = np.repeat(products, len(stores)), np.tile(stores, len(products))
    files.frames["promotions"] = rows


@defect("promotions", "products unknown", "20 % of rows", "refused_rows", "references")
def _(files: Delivery) -> None:
    _put(files, "promotions", "product_id", 0.2, "ZZ-2")


# --- products and stores ------------------------------------------------------------------------------------------------------


@defect("products", "list prices in cents", "one supplier's products", "prices_kept")
def _(files: Delivery) -> None:
    scale(files.frames["products"], "unit_price", files.of_supplier("products"), 100)


@defect("products", "list prices in another currency", "all products, ×0.86", "prices_kept", "orders.prices_paid")
def _(files: Delivery) -> None:
    scale(files.frames["products"], "unit_price", ALL, 0.86, whole=False)


@defect("products", "list price zero", "5 % of products", "price_rules", "prices_kept")
def _(files: Delivery) -> None:
    _put(files, "products", "unit_price", 0.05, "0")


@defect("products", "columns swapped", "price and cost", "price_rules", "prices_kept")
def _(files: Delivery) -> None:
    _swap(files.frames["products"], "unit_price", "unit_cost")


@defect("products", "costs of a pack", "×12, one supplier's products", "prices_kept", "price_rules")
def _(files: Delivery) -> None:
    scale(files.frames["products"], "unit_cost", files.of_supplier("products"), 12, whole=False)


@defect("products", "UTF-8 read as Windows-1252", "all names", "text_encoding", "attributes_kept")
def _(files: Delivery) -> None:
    files.raw["products"] = files.text("products").decode("utf-8").encode("utf-8").decode("cp1252", "replace").encode("utf-8")


@defect("products", "UTF-8 read as Windows-1252", "10 % of names", "text_encoding", "attributes_kept")
def _(files: Delivery) -> None:
    products = files.frames["products"]
    rows, place = files.part("products", 0.1), products.columns.get_loc("product_name_fr")
    products.iloc[rows, place] = products.iloc[rows, place].map(lambda text: text.encode().decode("cp1252", "replace"))


@defect("products", "accents lost", "all names, ? for each", "text_encoding", "attributes_kept")
def _(files: Delivery) -> None:
    files.raw["products"] = files.text("products").decode("utf-8").encode("ascii", "replace")


@defect("products", "accents lost", "all names, letters kept", "text_encoding", "attributes_kept")
def _(files: Delivery) -> None:
    import unicodedata

    text = files.text("products").decode("utf-8")
    files.raw["products"] = unicodedata.normalize("NFD", text).encode("ascii", "ignore")


@defect("products", "file ends early", "the last 25 % of products", "rows_kept")
def _(files: Delivery) -> None:
    files.frames["products"] = files.frames["products"].iloc[: int(0.75 * len(files.frames["products"]))]


@defect("products", "product ids as decimals", "all products", "id_shapes", "rows_kept")
def _(files: Delivery) -> None:
    files.frames["products"]["product_id"] += ".0"


@defect("products", "product ids without leading zeros", "all products", "id_shapes", "rows_kept")
def _(files: Delivery) -> None:
    products = files.frames["products"]
    products["product_id"] = products["product_id"].str.replace(r"-0+", "-", regex=True)


@defect("products", "category renamed", "one category", "attributes_kept", "known_values")
def _(files: Delivery) -> None:
    products = files.frames["products"]
    chosen = files.rng.choice(sorted(products["category"].unique()))
    products["category"] = products["category"].replace(chosen, f"{chosen}s and more")


@defect("products", "column shuffled", "supplier", "attributes_kept")
def _(files: Delivery) -> None:
    _shuffle(files, "products", "supplier_id")


@defect("products", "column empty", "lead time", "empty_columns")
def _(files: Delivery) -> None:
    files.frames["products"]["lead_time_days"] = ""


@defect("products", "lead times in weeks", "divided by 7, all products", "attributes_kept")
def _(files: Delivery) -> None:
    scale(files.frames["products"], "lead_time_days", ALL, 1 / 7)


@defect("products", "minimum order in packs", "divided by 12, one supplier's products", "attributes_kept")
def _(files: Delivery) -> None:
    scale(files.frames["products"], "minimum_order_quantity", files.of_supplier("products"), 1 / 12)


@defect("products", "fan-out of a join", "every product twice", "refused_rows")
def _(files: Delivery) -> None:
    files.frames["products"] = pd.concat([files.frames["products"]] * 2)


@defect("stores", "stores are missing", "a third", "rows_kept")
def _(files: Delivery) -> None:
    files.frames["stores"] = files.frames["stores"].iloc[: -(-len(files.frames["stores"]) * 2 // 3)]


@defect("stores", "columns swapped", "region and country", "attributes_kept", "known_values")
def _(files: Delivery) -> None:
    _swap(files.frames["stores"], "region", "country")
