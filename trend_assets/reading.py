"""Tables from Python, as they are or as they were known at a moment; read-only.

What belongs here: the few functions that a notebook or another program calls. What doesn't: rewinding (``operations/rewind.py``),
queries (``warehouse/engine.py``), features of a model (``lib/ledger/points.py``).

    from trend_assets import reading

    reading.table("trends", as_of="2026-09-10")         # as topics/trends was known at the end of that day
    reading.table("decision_cards")                     # as they are now
    reading.trend_features(["2026-09-10T14"])           # nothing that was known later
    reading.post_features(posts)                        # features of posts at moments, as models are served with

Everything is an Arrow table (``.to_pandas()``, DuckDB and Polars read it). Nothing is written, no post and no author is in what comes back
for a moment of the past but the ids of the posts that were asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from trend_assets.lake.lake import Lake
    from trend_assets.settings import Settings


def names(data: str | Path | None = None) -> list[str]:
    """What ``table`` can give as of a moment: tables with a ledger, and marts of which something was recorded."""
    from trend_assets.operations.rewind import names as kept

    return kept(_opened(data)[1])


def table(name: str, as_of: str | datetime | None = None, data: str | Path | None = None) -> pa.Table:
    """Rows of a table or mart, now or as they were published at ``as_of``, whatever has changed or was deleted since.

    name: ``trends``, ``topics/trends``, ``decision_cards``, ``stock_risk``, ... as_of: an aware datetime, an hour (``2026-09-10T14``, UTC)
    or a day, as known at its end; None: what is published now. data: the data folder, by default that of the settings.

    Raises:
        RewindError: an unknown name, or a moment that has no answer; the message says why and what to ask instead.
        WarehouseMissingError: nothing is published yet.
    """
    from trend_assets.operations.rewind import RewindError, known_relation, rewound
    from trend_assets.warehouse.engine import open_warehouse

    settings, lake = _opened(data)
    if as_of is not None:
        return rewound(lake, settings, name, _moment(as_of), datetime.now(UTC))
    warehouse = open_warehouse(settings)
    published = warehouse.tables()
    relation = known_relation(name, published)
    if relation is None:
        raise RewindError(f"nothing is published as {name!r}; there are: {', '.join(published)}")
    return warehouse.query(f"select * from {relation}")  # noqa: S608 - one of the published names


def trend_features(moments: Sequence[str | datetime], data: str | Path | None = None) -> pa.Table:
    """Features of each trend at each moment from what was known by then (``lib/ledger/points.FEATURES``).

    Raises ``RewindError`` where a moment is before the lake, has not come yet, or something published by then is not recorded yet: its
    features would change once that is known.
    """
    from trend_assets.lib.ledger.points import trend_features_as_of
    from trend_assets.operations.rewind import check_recorded
    from trend_assets.tables.ledgers import LEDGERS

    settings, lake = _opened(data)
    ledger, asked = LEDGERS["topics/trend_ledger"], [_moment(one) for one in moments]
    for moment in asked:
        check_recorded(lake, ledger, settings, moment, datetime.now(UTC))
    return trend_features_as_of(lake.read(ledger.table), asked)


def post_features(posts: pa.Table, data: str | Path | None = None) -> pa.Table:
    """Features of posts from what was known at their moments (``models/post_features``), as models are served with.

    posts: columns network, post_id, created_at, moment (UTC); one row for each post and moment. Raises ``PointInTimeError`` where a
    moment is before the lake or later than what is published, or its post was not known yet.
    """
    from trend_assets.models.features import features_at

    settings, lake = _opened(data)
    return features_at(lake, settings, posts)


def _moment(given: str | datetime) -> datetime:
    from trend_assets.operations.rewind import RewindError, parse_moment

    if isinstance(given, str):
        return parse_moment(given)
    if given.tzinfo is None:
        raise RewindError(f"{given} has no time zone: an hour of what zone? Give an aware datetime, or text (UTC)")
    return given


def _opened(data: str | Path | None) -> tuple[Settings, Lake]:
    """Settings and lake of a data folder; nothing of the process is changed."""
    from trend_assets.lake.lake import Lake
    from trend_assets.settings import Settings, load_settings

    settings = load_settings() if data is None else Settings(_env_file=(Path(data) / "settings.env", ".env"), data=str(data))
    return settings, Lake(settings.lake_root)
