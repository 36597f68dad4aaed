"""What went wrong with the retailer's database, and what to do: one clear message for each cause, never a password.

What belongs here: wording of database errors. What doesn't: reading (``retail/database.py``).
"""

from __future__ import annotations

from urllib.parse import quote, quote_plus

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from trend_assets.lib.retail.shape import MappingError

SETTING = "TREND_ASSETS_RETAIL_DATABASE"


class DatabaseError(MappingError):
    """The retailer's database could not be read; the message says why and what to do."""


def masked(text: str, url: URL) -> str:
    """The text without the password of the address, however it was written."""
    password = str(url.password or "")
    for secret in sorted({password, quote(password, safe=""), quote_plus(password)}, key=len, reverse=True):
        if secret:
            text = text.replace(secret, "***")
    return text


def explained(error: DBAPIError, url: URL, source: str, timeout_seconds: int) -> DatabaseError:
    """The error as a message for whoever runs the pipeline. ``source``: table and what it is read from."""
    original = error.orig
    state = getattr(original, "sqlstate", None) or ""
    diagnosis = getattr(getattr(original, "diag", None), "message_primary", None)
    said = masked(str(diagnosis or original).strip(), url)
    advice = _by_state(state, url, timeout_seconds) or _by_text(said.lower(), url)
    return DatabaseError(f"{source}: {advice} The database said: {said}" if advice else f"{source}: the database refused: {said} ({state})")


def _by_state(state: str, url: URL, timeout_seconds: int) -> str | None:
    advices = {
        "28P01": f"wrong user or password for {_where(url)}: correct {SETTING} "
        "(special characters in a password are written as %40 and so on).",
        "28000": f"the server does not let {url.username} in from here: ask for an entry in its pg_hba.conf, or correct {SETTING}.",
        "3D000": f"there is no database {url.database!r}: correct the last part of {SETTING}.",
        "42501": f"{url.username} may not read it: run, as its owner, `grant usage on schema ... to {url.username}` and "
        f"`grant select on ... to {url.username}`.",
        "57014": f"it took longer than timeout_seconds ({timeout_seconds}): raise it in the mapping, add an index on the watermark or "
        "day column, or read less with a query.",
        "25006": "the query wants to write; only reading is allowed: make it one SELECT.",
        "42601": "the query is not valid SQL: try it alone in psql; it must be one SELECT without a semicolon.",
        "55P03": "the table stayed locked: try again when the migration or bulk load that holds it has ended.",
        "53300": "the server has no connection left: try again later, or give this user a connection of its own.",
        "22021": "a text is not UTF-8, and the encoding of the database (SQL_ASCII) does not say what it is: "
        "convert it in a query, such as convert_from(name::bytea, 'latin1') as name.",
        "40001": "rows changed in a way that broke the consistent view (usual on a standby): run it again.",
    }
    return advices.get(state)


def _by_text(said: str, url: URL) -> str | None:
    """Before a connection stands there is no code, only the server's or the system's words."""
    words = {
        ("password authentication failed", "no password supplied"): "28P01",
        ("no pg_hba.conf entry", "does not exist, role", "role "): "28000",
        ('database "',): "3D000",
        ("too many clients", "remaining connection slots"): "53300",
    }
    if any(text in said for text in ("connection refused", "no such file or directory", "timeout expired", "timed out", "is unreachable")):
        return f"no server answers at {_where(url)}: is it running, may this machine reach it, and is {SETTING} right?"
    if any(text in said for text in ("could not translate host name", "failed to resolve host", "name or service not known")):
        return f"the host {url.host!r} is not known: correct {SETTING}."
    for texts, state in words.items():
        if any(text in said for text in texts):
            return _by_state(state, url, 0)
    return None


def _where(url: URL) -> str:
    port = url.port or (1433 if url.get_backend_name() == "mssql" else 5432)
    return f"{url.host or 'the local socket'}:{port}/{url.database or ''} as {url.username or 'the system user'}"


def explained_sql_server(error: DBAPIError, url: URL, source: str, timeout_seconds: int) -> DatabaseError:
    """The error of SQL Server, or of its driver, as a message for whoever runs the pipeline."""
    number, text = _number_and_text(error.orig)
    said = masked(text, url)
    advices = {
        18456: f"wrong user or password for {_where(url)}: correct {SETTING} (special characters as %40 and so on).",
        4060: f"there is no database {url.database!r}, or {url.username} may not open it: correct the last part of {SETTING}.",
        208: "it names a table that is not there or that this user may not see: write schema.table, and grant select on it.",
        229: f"{url.username} may not read it: run, as its owner, `grant select on ... to {url.username}`.",
        230: f"{url.username} may not read one of its columns: grant select on it, or leave the column out.",
        1033: "the query ends with ORDER BY: leave it out, rows are ordered by us.",
        1222: "the table stayed locked: try again when the migration or bulk load that holds it has ended.",
        20003: f"it took longer than timeout_seconds ({timeout_seconds}): raise it in the mapping, add an index on the watermark or "
        "day column, or read less with a query.",
        3960: "rows changed in a way that broke the consistent view: run it again.",
    }
    syntax = (
        "the query is not valid T-SQL within `select ... from (query)`: it must be one SELECT without WITH and ORDER BY; "
        "what needs them, make a view."
    )
    advices |= dict.fromkeys((102, 156, 319), syntax)
    unreachable = f"no server answers at {_where(url)}: is it running, may this machine reach it, and is {SETTING} right?"
    advices |= dict.fromkeys((20002, 20009, 20017, 20047), unreachable)
    advice = advices.get(number)
    return DatabaseError(
        f"{source}: {advice} The database said: {said}" if advice else f"{source}: the database refused: {said} ({number})"
    )


def _number_and_text(original: BaseException | None) -> tuple[int, str]:
    """Number and message of a driver's error, which nests ``(number, message)`` and writes messages as bytes.

    A failed login comes as "connection failed" around the server's own number, which says more.
    """
    arguments: object = getattr(original, "args", ())
    while isinstance(arguments, tuple) and len(arguments) == 1 and isinstance(arguments[0], tuple):
        arguments = arguments[0]
    number, text = (*arguments, "")[:2] if isinstance(arguments, tuple) and arguments else (0, "")
    words = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
    if not isinstance(number, int):
        number, words = 0, f"{number} {words}"
    if "Login failed" in words:
        number = 18456
    lines = (line.partition("DB-Lib error message")[0].strip() for line in words.splitlines())
    return number, " ".join(dict.fromkeys(line for line in lines if line))
