"""The demand forecaster registered and followed like the other models: candidate, evaluation, gate, champion bundle.

What belongs here: reading tables, tracking, bundles. What doesn't: comparing options (``lib/learning/demand_model.py``), the forecasts
themselves (``defs/demand/forecasts.py``).

The forecaster is trained anew for each Sunday it forecasts, so what is promoted are its options: ``demand_forecasts`` uses those of the
champion, and without one those of the code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pyarrow as pa

from trend_assets import __version__
from trend_assets.lake.lake import Lake
from trend_assets.lib.demand.forecast_tables import HISTORY_DAYS, LEAST_DAYS, OPTIONS
from trend_assets.lib.demand.forecasts import ModelOptions
from trend_assets.lib.learning import demand_model as method
from trend_assets.lib.learning.chain import EDGES, upstream_of
from trend_assets.models.bundles import Bundles, DamagedBundleError
from trend_assets.models.promotion import follow, swap
from trend_assets.models.tracking import CANDIDATE, CHAMPION, MODEL_FOLDER, Tracking, Version
from trend_assets.models.training import ROLLED_BACK
from trend_assets.models.training_set import NotReadyError
from trend_assets.models.upstream import version_of
from trend_assets.settings import Settings
from trend_assets.tables import TABLES

NAME = "demand_model"
READ = ("retail/orders", "retail/inventory", "retail/promotions", "retail/products", "retail/stores", "demand/demand_features")
_FILE, _CARD, _MANIFEST = "options.json", "model_card.md", "manifest.json"


@dataclass(frozen=True)
class Evaluated:
    """Rows of ``demand_model/evaluation``, the version, what was chosen, rules that failed and held."""

    rows: pa.Table
    version: Version
    chosen: str
    failed: list[str]
    held: list[str]


class InForce(NamedTuple):
    """Options that forecasts are made with, whose they are in words, and their version in the registry; 0 is the code's."""

    options: Mapping[str, ModelOptions]
    whose: str
    version: int


def options_in_force(settings: Settings) -> InForce:
    """The champion's options; those of the code where there is no champion.

    Raises ``NotReadyError`` where the champion's file is damaged or of another version: silently other forecasts would be worse.
    """
    bundles = Bundles(settings)
    pointer = bundles.pointer(NAME)
    if pointer is None:
        return InForce(OPTIONS, "of the code: no champion", 0)
    try:
        options = method.from_values(json.loads(bundles.read(NAME, pointer.bundle)[_FILE]))
    except (DamagedBundleError, ValueError, KeyError) as error:
        raise NotReadyError(
            f"the champion of {NAME} cannot be used ({error}): remove models/{NAME}/{CHAMPION}.json in the data folder to forecast with "
            f"the code's options, then run the job {NAME}_training"
        ) from error
    return InForce(options, f"version {pointer.version}", pointer.version)


def evaluate_options(lake: Lake, tracking: Tracking, settings: Settings) -> Evaluated:
    """Choose options on the earlier Sundays, judge them on the later ones beside champion and baselines, track and register them.

    Raises ``NotReadyError`` where too little is over to judge.
    """
    tables, manifest = _read(lake)
    manifest |= {"upstream": {one: version_of(one, settings) for one in upstream_of(EDGES["demand"])}}
    step = "week" if _history(tables) >= LEAST_DAYS["week"] + 7 * (method.JUDGED + method.CHOSEN_ON) else "day"
    days = method.sundays(tables, step)
    features = tables["demand/demand_features"]
    later = days[method.CHOSEN_ON :]
    first = method.paired(tables, features, days[: method.CHOSEN_ON], step, method.TRIED, over_by=later[0]) if days else None
    if first is None:
        raise NotReadyError(
            f"too little history to judge the demand forecaster: it takes {LEAST_DAYS[step]} days of orders and features before the "
            f"first of {method.JUDGED + method.CHOSEN_ON} Sundays"
        )
    name = method.chosen(first)
    champion = options_in_force(settings)
    both = {method.CANDIDATE: method.TRIED[name], method.CHAMPION: champion.options}
    found = method.paired(tables, features, later, step, both)
    if found is None:
        raise NotReadyError("no forecast of the later Sundays is over yet")
    rows = method.rows_of(found)
    failed, held = method.judge(found)
    files = _files(name, method.TRIED[name], manifest | {"step": step, "sundays": [day.isoformat() for day in days]}, rows, failed, held)
    params = {"options": name, "step": step, "champion": champion.whose, "code_version": __version__}
    logged = {f"{row['subject']}.{row['slice'].replace(':', '_')}.{row['metric']}": row["value"] for row in rows if row["slice"].isascii()}
    run_id = tracking.start_run(NAME, params, {f"{MODEL_FOLDER}/{path}": data for path, data in files.items()}, {})
    for metric in [key for key in logged if not all(one.isalnum() or one in "_-. /" for one in key)]:
        del logged[metric]
    tracking.add(run_id, {}, logged)
    version = tracking.register(NAME, run_id, {"options": name, "gate": "passed" if not failed else "; ".join(failed)[:900]})
    tracking.point(NAME, CANDIDATE, version)
    Bundles(settings).note_evaluation(NAME, {"version": version.number, "options": name, "failed": failed, "held": held})
    numbered = [row | {"model_version": version.number if row["subject"] == method.CANDIDATE else None} for row in rows]
    return Evaluated(TABLES[f"{NAME}/evaluation"].from_rows(numbered), version, name, failed, held)


def promote_options(tracking: Tracking, settings: Settings, now: datetime | None = None) -> tuple[int, str]:
    """Make the evaluated candidate champion; the same options as the champion's, or some that were rolled back, change nothing.

    Raises ``NotReadyError``.
    """
    bundles, moment = Bundles(settings), now or datetime.now(UTC)
    follow(NAME, bundles, tracking)
    evaluated, candidate = bundles.evaluated(NAME), tracking.by_alias(NAME, CANDIDATE)
    if candidate is None or evaluated is None or evaluated["version"] != candidate.number:
        raise NotReadyError(f"the newest candidate has not been evaluated: run the job {NAME}_training")
    if evaluated["failed"]:
        raise NotReadyError("; ".join(evaluated["failed"]))
    files = tracking.model_files(candidate)
    pointer = bundles.pointer(NAME)
    if pointer is not None and bundles.read(NAME, pointer.bundle)[_FILE] == files[_FILE]:
        return pointer.version, "champion already: the same options"
    for left in tracking.versions(NAME):  # each evaluation registers another version, so options are told by what they are
        if pointer is not None and ROLLED_BACK in left.tags and tracking.model_files(left)[_FILE] == files[_FILE]:
            return pointer.version, f"kept: these options were rolled back at {left.tags[ROLLED_BACK]}, as version {left.number}"
    bundle = bundles.write(NAME, files)
    swap(bundles, NAME, bundle, candidate.number, moment, "passed the gate", previous=pointer, instead_of=pointer)
    follow(NAME, bundles, tracking)
    return candidate.number, f"promoted, before it version {pointer.version}" if pointer else "promoted, the first"


def _read(lake: Lake) -> tuple[dict[str, pa.Table], dict[str, Any]]:
    tables: dict[str, pa.Table] = {}
    inputs: dict[str, str] = {}
    for path in READ:
        keys = lake.partitions(TABLES[path])[-HISTORY_DAYS - 7 * (method.JUDGED + method.CHOSEN_ON) :]
        tables[path] = lake.read(TABLES[path], keys)
        manifests = lake.manifests(TABLES[path], keys)
        inputs |= {f"{path}[{key}]": one.data_version for key, one in manifests.items() if one}
    if not tables["retail/orders"].num_rows or not tables["demand/demand_features"].num_rows:
        raise NotReadyError("there are no orders or no demand features yet: run the jobs retail_days and demand_days")
    counts = {path: table.num_rows for path, table in tables.items()}
    return tables, {"inputs": inputs, "rows": counts, "licence_classes": ["own"], "code_version": __version__}


def _history(tables: Mapping[str, pa.Table]) -> int:
    days = tables["demand/demand_features"]["day"].unique().to_pylist()
    return (max(days) - min(days)).days + 1


def _files(
    name: str, options: method.Options, manifest: Mapping[str, Any], rows: list[dict[str, Any]], failed: list[str], held: list[str]
) -> dict[str, bytes]:
    table = "\n".join(f"| {row['subject']} | {row['slice']} | {row['metric']} | {row['value']:.4f} | {row['examples']} |" for row in rows)
    rules = "\n".join([*(f"- failed: {one}" for one in failed), *(f"- held: {one}" for one in held)])
    card = (
        f"# Demand forecaster: {name}\n\nOptions of the global quantile model that forecasts units by product and place, trained anew for "
        f"each Sunday. For ordering; not for products without a past. Limits and method: docs/forecasts.md.\n\n"
        f"| subject | slice | metric | value | forecasts |\n|---|---|---|---|---|\n{table}\n\n{rules}\n"
    )
    return {
        _FILE: json.dumps(method.to_values(options), indent=1, sort_keys=True).encode(),
        _MANIFEST: json.dumps(manifest, indent=1, sort_keys=True).encode(),
        _CARD: card.encode(),
    }
