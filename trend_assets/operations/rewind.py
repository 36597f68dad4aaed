"""Rewinding: a table or mart as it was published at a moment, by the name that a person gives.

What belongs here: names, moments in words, what to say where there is no answer. What doesn't: reading ledgers
(``operations/ledger.py``, ``operations/mart_ledger.py``), options and printing (``commands/as_of.py``), SQL (``warehouse/history.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from trend_assets.operations.ledger import known_at, ledger_due, scheduled_at, unrecorded
from trend_assets.operations.mart_ledger import NOT_KEPT, kept_marts, marts_at
from trend_assets.partitions import end_of_hour
from trend_assets.tables.ledgers import LEDGERS, MART_LEDGER, Ledger

if TYPE_CHECKING:
    from trend_assets.lake.reader import LakeReader
    from trend_assets.settings import Settings

_HOUR = re.compile(r"(\d{4}-\d\d-\d\d)[T -](\d\d)(?::?(\d\d))?(Z|\+00:?00)?")
ALIASES = {"links": "demand/product_trend_links", "cards": "demand/decision_cards"}


class RewindError(LookupError):
    """There is no answer; the message says why and what to ask instead."""


def parse_moment(text: str) -> datetime:
    """The moment (UTC) of ``2026-03-01T14``, ``2026-03-01T14:30``, ``2026-03-01-14:00``; of a day, ``2026-03-01``, its end.

    Raises ``RewindError`` for anything else.
    """
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1) - timedelta(microseconds=1)
        if found := _HOUR.fullmatch(text):
            return datetime.fromisoformat(f"{found[1]}T{found[2]}:{found[3] or '00'}").replace(tzinfo=UTC)
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise RewindError(
            f"{text!r} is no moment: write a day, 2026-03-01 (as known at its end), or an hour, 2026-03-01T14 (UTC)"
        ) from error


def names(lake: LakeReader) -> list[str]:
    """What can be asked for."""
    return [ledger.source.path for ledger in LEDGERS.values()] + kept_marts(lake)


def ledger_named(name: str) -> Ledger | None:
    """The ledger of ``topics/trends``, ``topics.trends``, ``trends`` or the ledger's own name; None where the name is of none."""
    wanted = ALIASES.get(name, name).replace(".", "/")
    for path, ledger in LEDGERS.items():
        if wanted in (ledger.source.path, ledger.source.name, path, ledger.table.name):
            return ledger
    return None


def rewound(lake: LakeReader, settings: Settings, name: str, moment: datetime, now: datetime) -> pa.Table:
    """Rows of a table or mart as they were known at ``moment`` (aware). now: the clock.

    Raises ``RewindError``: an unknown table, a moment before the lake or before anything was known, in the future, or not recorded yet.
    """
    ledger = ledger_named(name)
    mart = None if ledger else _mart_named(lake, name)
    check_moment(settings, moment, now)
    table = ledger.table if ledger else MART_LEDGER
    first = min(lake.partitions(table), default=None)
    if first is None:
        raise RewindError(f"nothing is recorded in {table.path} yet: the jobs ledger_hours and marts do (trend-assets seal)")
    if moment < end_of_hour(first) - timedelta(hours=1):
        raise RewindError(f"nothing of {name} was known at {moment:%Y-%m-%d %H:%M} UTC: the first was recorded in {first}")
    if ledger is not None:
        check_recorded(lake, ledger, settings, moment, now)
        return known_at(lake, ledger, moment)
    return marts_at(lake, str(mart), moment)


def known_relation(name: str, relations: Iterable[str]) -> str | None:
    """The relation, ``schema.table``, that a person means: with or without its schema, a mart also without its prefix; else None."""
    known = set(relations)
    asked = ALIASES.get(name, name).replace("/", ".")
    if asked in known:
        return asked
    of_name = sorted((relation for relation in known if relation.partition(".")[2] == asked), key=lambda one: ("history" in one, one))
    marts = [f"warehouse.{prefix}{asked.removeprefix('warehouse.')}" for prefix in ("mart_", "fct_", "dim_")]
    return next(iter([*of_name, *(mart for mart in marts if mart in known)]), None)


def check_moment(settings: Settings, moment: datetime, now: datetime) -> None:
    """Raise ``RewindError`` where the moment lies before the lake, or after all that it can know.

    A lake that grows knows nothing later than the clock. One with an end was known in full two days after it (``Settings.last_known``),
    whatever the clock says: a town may be of days to come.
    """
    if moment < settings.lake_start:
        raise RewindError(f"the lake starts at {settings.lake_start:%Y-%m-%d %H:%M} UTC: nothing was known at {moment:%Y-%m-%d %H:%M}")
    if moment > now and (settings.last_known is None or moment > settings.last_known):
        ended = f", and the lake ends at {settings.lake_end:%Y-%m-%d %H:%M}" if settings.lake_end else ""
        raise RewindError(
            f"{moment:%Y-%m-%d %H:%M} UTC has not come yet (it is {now:%Y-%m-%d %H:%M}{ended}): what will be known then is not sealed yet"
        )


def _mart_named(lake: LakeReader, name: str) -> str:
    found = known_relation(name, [f"warehouse.{mart}" for mart in kept_marts(lake)])
    if found is not None:
        return found.removeprefix("warehouse.")
    raise RewindError(f"there is no history of {name!r}{_why_not_kept(name)}; there is of: {', '.join(names(lake))}")


def _why_not_kept(name: str) -> str:
    """Why a mart or dimension that a person means, ``products`` or ``dim_product``, has no history; empty for any other name."""
    singular = name.replace("/", ".").rpartition(".")[2].removesuffix("s")
    told = [
        f" ({mart} is not kept: {why})" for mart, why in NOT_KEPT.items() if singular in (mart, mart.partition("_")[2].removesuffix("s"))
    ]
    return told[0] if told else ""


def check_recorded(lake: LakeReader, ledger: Ledger, settings: Settings, moment: datetime, now: datetime) -> None:
    """Raise ``RewindError`` where the moment is none of the lake's past, or what was published by then waits to be recorded.

    An answer would leave that out, and be another one once it is recorded.
    """
    check_moment(settings, moment, now)
    waiting = [event for event in unrecorded(lake, ledger, settings, now) if scheduled_at(ledger, event, settings) <= moment]
    if waiting and (settings.lake_end is not None or now - moment < timedelta(hours=1)):
        due = ledger_due(lake, settings, now)
        raise RewindError(
            f"{len(waiting)} partitions of {ledger.source.path} up to then are published but not recorded yet, the first {min(waiting)} "
            f"({due.reason}): trend-assets seal --only ledger_hours records them"
        )
