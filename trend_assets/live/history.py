"""Keeps what the live lane needs of the hours before the one under way: in memory, in one file, or made from the lake.

What belongs here: which history is valid, reading the lake for it, the kept file. What doesn't: what a history is and how it is
continued (``lib/live``).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from trend_assets.lake.lake import Lake
from trend_assets.lake.storage import open_storage
from trend_assets.lib.live.batches import of_hour
from trend_assets.lib.live.hours import HOUR, LONGEST_LAG, OpenHours
from trend_assets.lib.trends.past import INTERACTION_PAST, TERM_COLUMNS, TREND_PAST
from trend_assets.lib.trends.seasons import NEAR, SEASON_COLUMNS, YEAR
from trend_assets.live.sealed import versions_read
from trend_assets.operations.catalogue import COLUMNS as CATALOGUE_COLUMNS
from trend_assets.operations.catalogue import catalogues
from trend_assets.operations.collected import Gaps, gaps_between
from trend_assets.partitions import hour_key, hours_between
from trend_assets.settings import Settings
from trend_assets.tables import TABLES

if TYPE_CHECKING:
    from trend_assets.lib.live.history import History
    from trend_assets.lib.live.judge import LiveParameters

JUDGED_AGAIN_SECONDS = 60.0
"""Late posts of a full hour change it at most so often: judging it anew costs more than the hour under way."""
GAPS_SECONDS = 10.0
"""How old what is known of gaps may be: collectors tell of one within minutes, and a micro-batch is due every few seconds."""
_DIGITS = 16


@dataclass
class Histories:
    """The histories of one process, by what they are made of: the sealed one and one after each full hour that is open."""

    settings: Settings
    lake: Lake
    parameters: LiveParameters
    clock: Callable[[], float] = time.monotonic
    _known: dict[str, History] = field(default_factory=dict)
    _newest: tuple[str, float, History] | None = None
    _gaps: tuple[float, Gaps] | None = None

    def before(self, hours: OpenHours) -> History:
        """The history that ends where the hour under way begins."""
        from trend_assets.lib.live.judge import advance

        keys = self._keys(hours, self.gaps(hours).identity)
        if keys[-1] in self._known:
            return self._known[keys[-1]]
        if self._newest is not None:
            sealed, made_at, history = self._newest
            if sealed == keys[0] and history.next_hour == hours.current and self.clock() - made_at < JUDGED_AGAIN_SECONDS:
                return history
        place, history = self._nearest(keys, hours)
        for number in range(place + 1, len(keys)):
            posts = self.lake.read(TABLES["social/live_posts"], [hour_key(history.next_hour)])
            history = self._known[keys[number]] = advance(history, posts, self.parameters, self.gaps(hours).shares())
        self._known = {key: self._known[key] for key in keys if key in self._known}
        self._newest = (keys[0], self.clock(), history)
        self._keep({keys[0]: self._known.get(keys[0]), keys[-1]: history})
        return history

    def _nearest(self, keys: list[str], hours: OpenHours) -> tuple[int, History]:
        """Place and value of the latest history there is, in memory or kept; else the sealed one, made from the lake."""
        for place in range(len(keys) - 1, -1, -1):
            history = self._known.get(keys[place])
            if history is None and place in (0, len(keys) - 1):
                history = self._kept(keys[place])
            if history is not None:
                self._known[keys[place]] = history
                return place, history
        self._known[keys[0]] = self.from_lake(hours)
        return 0, self._known[keys[0]]

    def gaps(self, hours: OpenHours) -> Gaps:
        """What was not collected of the open hours and of the past they are judged by; looked up once in ``GAPS_SECONDS``."""
        first, end = hours.first - TREND_PAST, hours.current + HOUR
        if self._gaps is None or self.clock() - self._gaps[0] >= GAPS_SECONDS or (self._gaps[1].first, self._gaps[1].end) != (first, end):
            self._gaps = (self.clock(), gaps_between(self.lake, first, end, self._gaps[1] if self._gaps else None))
        return self._gaps[1]

    def _keys(self, hours: OpenHours, gaps: str) -> list[str]:
        """Key of the sealed history, which no gap changes, and of the one after each full open hour."""
        sealed = versions_read(self.lake, hours.newest_sealed) if hours.newest_sealed is not None else []
        full = [hour_key(hour) for hour in hours.judged[:-1]]
        manifests = self.lake.manifests(TABLES["social/live_posts"], full)
        versions = [manifest.data_version if manifest is not None else "" for manifest in manifests.values()]
        keys = [_digest(_format(), hours.first.isoformat(), *sealed, repr(self.parameters))]
        for key, version in zip(full, versions, strict=True):
            keys.append(_digest(keys[-1], key, version, gaps))
        return keys

    def _kept(self, key: str) -> History | None:
        from trend_assets.lib.live.history import History

        storage = open_storage(_folder(self.settings))
        try:
            return History.from_bytes(storage.read(_name(key)))
        except FileNotFoundError:
            return None
        except (pa.ArrowException, KeyError, TypeError, ValueError):
            storage.delete(_name(key))
            return None

    def _keep(self, histories: dict[str, History | None]) -> None:
        """Keep these as files (None: as it is, if it is) and remove all others."""
        storage = open_storage(_folder(self.settings))
        there, wanted = set(storage.list("history-")), {_name(key) for key in histories}
        for key, history in histories.items():
            if history is not None and _name(key) not in there:
                storage.write_new(_name(key), history.to_bytes())
        for name in there - wanted:
            storage.delete(name)

    def from_lake(self, hours: OpenHours) -> History:
        """The sealed history from partitions of the last four weeks: once per sealed hour."""
        from trend_assets.lib.live.history import evidence_hours, sealed_history

        def read(path: str, past: timedelta, columns: list[str] | None = None) -> pa.Table:
            keys = [hour_key(hour) for hour in hours_between(hours.first - past, hours.first)]
            return self.lake.read(TABLES[path], keys, columns=columns)

        day = timedelta(hours=evidence_hours(self.parameters.window_hours))
        posts = read("social/clean_posts", day)
        newest = [hour_key(hours.newest_sealed)] if hours.newest_sealed is not None else []
        last_open = hours.first + LONGEST_LAG + HOUR
        year_ago = [hour_key(hour) for hour in hours_between(hours.first - YEAR - NEAR, last_open - YEAR + NEAR)]
        catalogue = catalogues(self.lake, [hours.first])
        return sealed_history(
            hours.first,
            registry=self.lake.read(TABLES["topics/topics"], newest),
            day=[(hour, of_hour(posts, hour)) for hour in hours_between(hours.first - day, hours.first)],
            term_posts=read("social/clean_posts", TREND_PAST, TERM_COLUMNS),
            topic_hours=read("topics/topic_hours", TREND_PAST),
            trends=read("topics/trends", TREND_PAST),
            assignments=read("topics/topic_assignments", day),
            interactions=read("influencers/interactions", INTERACTION_PAST),
            last_year=self.lake.read(TABLES["topics/trends"], year_ago, columns=SEASON_COLUMNS),
            catalogue=next(iter(catalogue.values()), TABLES["retail/products"].empty().select(CATALOGUE_COLUMNS)),
            brands=self.parameters.brands,
            window_hours=self.parameters.window_hours,
            window_groups=self.parameters.groups,
        )


def _format() -> str:
    from trend_assets.lib.live.history import FORMAT

    return FORMAT


def _folder(settings: Settings) -> str:
    return f"{settings.data}/live"


def _name(key: str) -> str:
    return f"history-{key}.arrows"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:_DIGITS]
