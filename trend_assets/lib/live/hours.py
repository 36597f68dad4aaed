"""Which hours the live lane looks at, and how a moment inside an hour is judged like a full one.

What belongs here: arithmetic on hours. What doesn't: the clock (it comes in as a parameter).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

HOUR = timedelta(hours=1)
LONGEST_LAG = timedelta(hours=6)
"""The live lane never looks further back than this, however far the sealed lane is behind: its work stays bounded."""
KEPT = timedelta(hours=24)
"""Live rows of an hour stay so long after it was sealed, so that sealing can be compared with them."""


def start_of_hour(moment: datetime) -> datetime:
    """The hour (UTC) that holds ``moment`` (aware)."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


@dataclass(frozen=True)
class OpenHours:
    """The hours of the live lane at a moment: ``first`` to ``current``, empty where everything is sealed or the lake has ended.

    ``newest_sealed`` is the start of the newest sealed hour, None for a lake without one.
    """

    as_of: datetime
    newest_sealed: datetime | None
    first: datetime

    @property
    def current(self) -> datetime:
        """The hour under way."""
        return start_of_hour(self.as_of)

    @property
    def judged(self) -> list[datetime]:
        """First open hour to the one under way."""
        return [self.first + n * HOUR for n in range(int((self.current - self.first) / HOUR) + 1)]

    @property
    def landing(self) -> list[datetime]:
        """Hours whose landing files are taken in: a sender's clock may be ahead, so the next hour too."""
        return [*self.judged, self.current + HOUR] if self.judged else []


def open_hours(as_of: datetime, newest_sealed: datetime | None, lake_start: datetime, lake_end: datetime | None) -> OpenHours:
    """The hours after the newest sealed one, at most ``LONGEST_LAG`` before the hour under way; none after the lake's end."""
    current = start_of_hour(as_of)
    first = max(current - LONGEST_LAG, lake_start if newest_sealed is None else newest_sealed + HOUR)
    if lake_end is not None and current >= lake_end:
        first = current + HOUR
    return OpenHours(as_of.astimezone(UTC), newest_sealed, first)


def shifted(times: pa.ChunkedArray | pa.Array, as_of: datetime) -> pa.ChunkedArray | pa.Array:
    """Times moved forward so that ``as_of`` falls on the end of its hour.

    The last 60 minutes then fill the current hour, the 60 before them the hour before, and so on: every post is counted
    once, and the hour under way is neither a drop nor a burst just because it has begun.
    """
    forward = start_of_hour(as_of) + HOUR - as_of
    return pc.add(times, pa.scalar(forward, pa.duration("us")))
