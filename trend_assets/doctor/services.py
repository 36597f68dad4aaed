"""What stands around the lake: the retailer's files, the models' store, ports.

What belongs here: checks of sources and services. What doesn't: our own files (``folders.py``).
"""

from __future__ import annotations

import http.client
import json
import socket
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from trend_assets.doctor.surroundings import Diagnosis, Surroundings, fine, not_applicable, shown, warning, wrong

DAGSTER_PORT, BOARD_PORT = 3000, 8501
STALE_DAYS = 3
SQLITE = "sqlite:///"


def retail(surroundings: Surroundings) -> Diagnosis:
    """The retailer's mapping is set, fits its files, and the files are of the last days."""
    chosen = surroundings.settings
    if chosen.retail_mapping is None:
        return not_applicable("TREND_ASSETS_RETAIL_MAPPING is not set: posts become trends, but nothing links them to products")
    name = shown(chosen.retail_mapping, surroundings.working_folder)
    if not chosen.retail_mapping.exists():
        return wrong(f"the mapping file {name} does not exist", "set TREND_ASSETS_RETAIL_MAPPING to it; docs/your-own-data.md shows one")
    from trend_assets.lib.retail.mapping import MappingError
    from trend_assets.retail.files import check_mapping, load_mapping, retail_days

    try:
        mapping = load_mapping(chosen.retail_mapping)
        if _wants_database(mapping):
            refused = _database_refused(surroundings)
            if refused is not None:
                return refused
            if not surroundings.online:
                return fine(f"{name} and the database's address are readable; the database is asked with --online only")
        columns = check_mapping(chosen.retail_mapping)
        days = retail_days(chosen.retail_mapping)
    except MappingError as error:
        lines = str(error).splitlines()
        more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
        return wrong(f"{name}: {lines[0]}{more}", f"{surroundings.command} map FILE --against {name} explains each mistake")
    if not days:
        return warning(f"{name} fits, but no file has a day", "put dated files beside it, e.g. orders_2026-09-01.csv")
    expected = min(surroundings.now, chosen.lake_end or datetime.max.replace(tzinfo=UTC)).date()
    behind = (expected - days[-1]).days
    found = f"{name} fits {len(columns)} tables; days {days[0]} to {days[-1]}"
    if behind > STALE_DAYS:
        return warning(f"{found}: the newest is {behind} days behind", "does the export still arrive? Decision cards rest on old stock")
    return fine(found)


def _wants_database(mapping: object) -> bool:
    tables = getattr(mapping, "tables", {})
    return any(getattr(table, "database", None) is not None for table in tables.values())


def _database_refused(surroundings: Surroundings) -> Diagnosis | None:
    """What is wrong with the database's address, as far as that can be said without asking the database."""
    try:
        from trend_assets.retail.database import open_database
        from trend_assets.retail.database_errors import SETTING, DatabaseError
    except ImportError as error:
        return wrong(f"the mapping reads a database, and its client is not installed ({error})", "pip install 'trend-assets[sql]'")
    address = surroundings.settings.retail_database
    if address is None:
        return wrong(f"the mapping reads a database, and {SETTING} is not set", f"set {SETTING} in .env; docs/sql-sources.md")
    try:
        open_database(address.get_secret_value())
    except DatabaseError as error:
        return wrong(str(error), f"correct {SETTING}; docs/sql-sources.md")
    except ImportError as error:
        return wrong(f"the mapping reads SQL Server, and its client is not installed ({error})", "pip install 'trend-assets[sqlserver]'")
    return None


def model_store(surroundings: Surroundings) -> Diagnosis:
    """The store of experiments can be read, and each task has a champion."""
    uri = surroundings.settings.tracking_database
    if not uri.startswith(SQLITE):
        return _tracking_server(uri, surroundings.online)
    file = Path(uri.removeprefix(SQLITE))
    if not file.exists():
        return not_applicable(f"no model was trained yet: {surroundings.command} models train TASK does; models list names the tasks")
    name = shown(file, surroundings.working_folder)
    try:
        connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=1.0)
        try:
            models = [row[0] for row in connection.execute("select name from registered_models order by name")]
            aliases = dict(connection.execute("select name, version from registered_model_aliases where alias = 'champion'").fetchall())
        finally:
            connection.close()
    except sqlite3.Error as error:
        action = f"put it back from a backup, or move it away and train again: {surroundings.command} models train TASK"
        return wrong(f"{name} cannot be read: {error}", action)
    without = [model for model in models if model not in aliases]
    if not models or without:
        lacking = f"{', '.join(without)} has none" if without else "no model is registered"
        return warning(
            f"{name}: champions: {', '.join(sorted(aliases)) or 'none'}; {lacking}",
            f"train and pass the gate: {surroundings.command} models train {without[0] if without else 'TASK'}",
        )
    return fine(f"{name}: champion of {', '.join(f'{model} (version {aliases[model]})' for model in models)}")


def _tracking_server(uri: str, online: bool) -> Diagnosis:
    host = uri.split("://", 1)[-1].split("/")[0]
    if not online:
        return fine(f"experiments are kept at {host.rpartition('@')[2]}; asked with --online only")
    name, _, port = host.rpartition("@")[2].partition(":")
    try:
        socket.create_connection((name, int(port or 443)), timeout=2.0).close()
    except (OSError, ValueError) as error:
        return warning(f"{name} does not answer: {error}", "start it; a champion in files goes on working, training does not")
    return fine(f"{name} answers")


def ports(_: Surroundings) -> Diagnosis:
    """The ports of Dagster's UI and of the board are free, or ours."""
    told, taken = [], []
    for port, what, variable in ((DAGSTER_PORT, "Dagster's UI", "DAGSTER_PORT"), (BOARD_PORT, "the board", "BOARD_PORT")):
        if not _in_use(port):
            told.append(f"{port} free ({what})")
        elif (_is_dagster if port == DAGSTER_PORT else _is_streamlit)(port):
            told.append(f"{port} in use by {what}")
        else:
            taken.append(f"{variable}={port + 1} make dev, or stop what uses {port}")
            told.append(f"{port} in use by another program, wanted for {what}")
    return warning("; ".join(told), "; ".join(taken)) if taken else fine("; ".join(told))


def _in_use(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.3)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answer(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1.0)
    try:
        connection.request("GET", path)
        return connection.getresponse().read(10_000).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


def _is_dagster(port: int) -> bool:
    try:
        return "dagster_version" in json.loads(_answer(port, "/server_info"))
    except ValueError:
        return False


def _is_streamlit(port: int) -> bool:
    return _answer(port, "/_stcore/health").strip() == "ok"
