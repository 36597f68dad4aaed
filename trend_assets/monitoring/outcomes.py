"""Rows of ``models/outcomes``: predictions joined with what came.

What belongs here: which predictions meet which labels, sales and answers; what an estimate needs. What doesn't: scores and intervals
(``lib/learning/outcomes.py``), the estimate (``lib/learning/estimation.py``).

Weeks are made anew as long as their predictions are kept; rows of older weeks stay as they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lake.lake import Lake
from trend_assets.lib.demand.forecast_checks import judged
from trend_assets.lib.learning.contract import Task
from trend_assets.lib.learning.outcomes import LEAST, Score, classification, ratio, share
from trend_assets.lib.tables import matches
from trend_assets.models.tracking import Tracking
from trend_assets.models.training_set import ON
from trend_assets.monitoring.estimates import estimated_rows
from trend_assets.monitoring.labels import opinions, read
from trend_assets.monitoring.versions import trained_on
from trend_assets.partitions import hour_key
from trend_assets.settings import Settings
from trend_assets.tables import TABLES

TABLE = TABLES["models/outcomes"]
DEMAND, CARDS = "demand", "decision_cards"
FORECAST_DAYS = 63
"""Days of forecasts that are judged again: nine weeks, for what sold may be corrected."""
_FORECAST_COLUMNS = [
    *("day", "product_id", "store_id", "step", "method", "horizon", "starts_on", "ends_on"),
    *("units", "units_low", "units_high", "model_version"),
]
Row = dict[str, Any]


def outcome_rows(tasks: Mapping[str, Task], lake: Lake, tracking: Tracking, settings: Settings) -> tuple[pa.Table, list[str]]:
    """The table, made anew where it can be, and in words what could not be told."""
    rows: list[Row] = []
    remarks: list[str] = []
    for name, task in tasks.items():
        if task.source == "posts":
            labelled, told = _of_task(task, name, lake, tracking)
            rows += labelled
            rows += estimated_rows(task, name, lake, tracking, settings, labelled)
            remarks += told
    rows += list(_of_forecasts(lake))
    rows += list(_of_cards(lake))
    return merged(lake.read(TABLE), rows), remarks


def merged(before: pa.Table, rows: Sequence[Row]) -> pa.Table:
    """The rows, with those of weeks of which nothing can be said any more as they were."""
    fresh = {(row["task"], row["week"]) for row in rows}
    kept = [row for row in before.to_pylist() if (row["task"], row["week"]) not in fresh]
    return TABLE.from_rows(sorted([*kept, *rows], key=lambda row: tuple(row[name] for name in TABLE.key)))


def row(task: str, version: int, week: date, part: str, metric: str, basis: str, score: Score, remark: str | None = None) -> Row:
    """One row."""
    named = {"task": task, "model_version": version, "week": week, "slice": part, "metric": metric, "basis": basis}
    return named | {"value": score.value, "low": score.low, "high": score.high, "examples": score.examples, "remark": remark}


def monday(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def mondays(times: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Monday of each time's week (n,), days since 1970."""
    days = np.asarray(times.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())) // 86_400_000_000
    return np.asarray(days - (days + 3) % 7, dtype=np.int64)


def day_of(number: int) -> date:
    """A day by its number since 1970."""
    return date(1970, 1, 1) + timedelta(days=int(number))


def _of_task(task: Task, name: str, lake: Lake, tracking: Tracking) -> tuple[list[Row], list[str]]:
    """Labels of people against what was predicted, by version and week; posts that a version was trained on are left out."""
    given = [one for one in opinions(read(lake, name)).values() if one.label in task.labels]
    if not given:
        return [], [f"{name}: nobody has labelled yet"]
    columns = ("network", "post_id", "created_at", "language", "sampling_probability")
    labelled = pa.Table.from_pylist(
        [{column: one.row[column] for column in columns} | {"truth": one.label} for one in given],
        schema=pa.schema([*(TABLES[f"{name}/hand_labels"].schema.field(column) for column in columns), pa.field("truth", pa.string())]),
    )
    keys = sorted({hour_key(moment) for moment in labelled["created_at"].to_pylist()})
    said = lake.read(TABLES[f"{name}/predictions"], keys, columns=[*ON, "label", "model_version"])
    place = matches(labelled, said, ON)
    found = pc.is_valid(place)
    labelled, said = labelled.filter(found), said.take(place.filter(found))
    rows: list[Row] = []
    told: list[str] = []
    versions = np.asarray(said["model_version"].to_pylist(), dtype=np.int64)
    for version in np.unique(versions).tolist():
        chosen = pa.array(versions == version)
        mine, answers = labelled.filter(chosen), said.filter(chosen)
        seen = trained_on(name, version, tracking, mine)
        if seen is None:
            told.append(f"{name} version {version}: not known what it was trained on, so it is not judged")
            continue
        unseen = pa.array(~seen)
        rows += _by_week(task, name, version, mine.filter(unseen), answers.filter(unseen))
    return rows, told


def _by_week(task: Task, name: str, version: int, labelled: pa.Table, said: pa.Table) -> Iterator[Row]:
    column = {label: number for number, label in enumerate(task.labels)}
    truth, answer = (
        np.array([column.get(one, -1) for one in values.to_pylist()], dtype=np.int64) for values in (labelled["truth"], said["label"])
    )
    weeks, languages = mondays(labelled["created_at"]), np.asarray(labelled["language"].to_pylist(), dtype=str)
    drawn = np.array([value or 0.0 for value in labelled["sampling_probability"].to_pylist()], dtype=float)
    for week in np.unique(weeks).tolist():
        for part in ("all", *(f"language:{one}" for one in np.unique(languages).tolist())):
            mine = (weeks == week) & (answer >= 0) & ((part == "all") | (languages == part.removeprefix("language:")))
            for basis, rows in (("random", mine & (drawn > 0)), ("chosen", mine)):
                weights = 1 / drawn[rows] if basis == "random" else np.ones(int(rows.sum()))
                for metric, score in classification(truth[rows], answer[rows], weights, len(task.labels)).items():
                    yield row(name, version, day_of(week), part, metric, basis, score)


def _of_forecasts(lake: Lake) -> Iterator[Row]:
    """Forecasts one week ahead against what sold, by the week that they are about."""
    table = TABLES["demand/demand_forecasts"]
    days = lake.partitions(table)[-FORECAST_DAYS:]
    retail = {
        path: [key for key in lake.partitions(TABLES[path]) if days and key >= days[0]] for path in ("retail/orders", "retail/inventory")
    }
    if not days or not retail["retail/orders"]:
        return
    orders, inventory = (lake.read(TABLES[path], keys) for path, keys in retail.items())
    if not orders.num_rows:
        return
    weeks = judged(lake.read(table, days, columns=_FORECAST_COLUMNS), orders, inventory)
    if not weeks.num_rows:
        return
    categories = _categories(lake, weeks["product_id"].to_pylist())
    came, units, low, high = (np.asarray(weeks[name].to_pylist(), dtype=float) for name in ("came", "units", "units_low", "units_high"))
    names = [f"{product}\x1f{store}" for product, store in zip(weeks["product_id"].to_pylist(), weeks["store_id"].to_pylist(), strict=True)]
    series = np.unique(names, return_inverse=True)[1]
    starts = np.array([monday(one).toordinal() for one in weeks["starts_on"].to_pylist()])
    versions = np.asarray(pc.fill_null(weeks["model_version"], 0))  # forecasts older than the column were made with the code's options
    for start, version in np.unique(np.stack([starts, versions], axis=1), axis=0).tolist():
        for part in ("all", *(f"category:{one}" for one in np.unique(categories).tolist() if one)):
            rows = (starts == start) & (versions == version) & ((part == "all") | (categories == part.removeprefix("category:")))
            error = ratio(np.abs(came - units)[rows], came[rows], series[rows])
            if error is not None:
                yield row(DEMAND, version, date.fromordinal(start), part, "wape", "sales", error)
                inside = share((came >= low)[rows] & (came <= high)[rows])
                yield row(DEMAND, version, date.fromordinal(start), part, "coverage", "sales", inside)


def _categories(lake: Lake, products: Sequence[str]) -> npt.NDArray[np.str_]:
    table = TABLES["retail/products"]
    keys = lake.partitions(table)[-1:]
    read = lake.read(table, keys, columns=["product_id", "category"]).to_pylist()
    of = {one["product_id"]: one["category"] or "" for one in read}
    return np.array([of.get(product, "") for product in products], dtype=str)


def _of_cards(lake: Lake) -> Iterator[Row]:
    """Closed cards: the share of answered ones that were accepted, and the money that answers missed, a card, by the cards' week."""
    table = TABLES["demand/card_regrets"]
    cards = lake.read(table, columns=["card_id", "week", "action", "response", "followed", "regret"])
    if not cards.num_rows:
        return
    weeks, actions = (np.asarray(cards[name].to_pylist()) for name in ("week", "action"))
    answered = np.array([one is not None for one in cards["response"].to_pylist()], dtype=bool)
    followed, regret = np.asarray(cards["followed"].to_pylist(), dtype=bool), np.asarray(cards["regret"].to_pylist(), dtype=float)
    for week in sorted(set(weeks.tolist())):
        for part in ("all", *(f"action:{one}" for one in np.unique(actions).tolist())):
            rows = (weeks == week) & ((part == "all") | (actions == part.removeprefix("action:")))
            if (rows & answered).sum() >= LEAST:
                yield row(CARDS, 0, week, part, "accepted", "answers", share(followed[rows & answered]))
            missed = ratio(regret[rows], np.ones(int(rows.sum())), np.arange(int(rows.sum())))
            if missed is not None:
                yield row(CARDS, 0, week, part, "regret", "sales", missed)
