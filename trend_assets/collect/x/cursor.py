"""What the X source keeps for itself between runs of its collector, as one opaque string.

What belongs here: the state of each mode and its reading. What doesn't: what moves it on (``stream``, ``search``, ``counts``).
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

Mode = Literal["stream", "search", "counts"]


class Poll(msgspec.Struct, omit_defaults=True):
    """Where the search of one rule stands: everything before ``until`` was delivered. Of a pass under way over [begin, end): the token of
    its next page, the time of the oldest post received, and the upper bound that is asked for instead of ``end`` where a token was lost.

    Bounds are times alone: X refuses ids beside them, and ids older than its search reaches."""

    until: datetime | None = None
    begin: datetime | None = None
    end: datetime | None = None
    token: str | None = None
    oldest: datetime | None = None
    below: datetime | None = None


class Counted(msgspec.Struct):
    """Until when the counts of a term are landed, and of what query: another query is another series."""

    query: str
    until: datetime


class Cursor(msgspec.Struct, omit_defaults=True):
    """What a collector keeps for us between runs. received: newest moment until which a stream was whole. counted: end of the last hour
    whose counts are complete; terms: until when those of each tag are; done: tags counted in the hour after it; bursts: their last hours
    where they break out; sampled: of those, the ones bought."""

    mode: Mode
    received: datetime | None = None
    polls: dict[str, Poll] = {}
    counted: datetime | None = None
    terms: dict[str, Counted] = {}
    done: list[str] = []
    bursts: dict[str, list[int]] = {}
    sampled: list[str] = []


def restored(cursor: str | None, mode: Mode) -> Cursor:
    """The state a cursor tells; a fresh one for none, for one of another mode, and for one that cannot be read."""
    if cursor:
        try:
            state = msgspec.json.decode(cursor, type=Cursor)
        except msgspec.MsgspecError as error:
            raise ValueError(f"the cursor of source x cannot be read: {error}") from error
        if state.mode == mode:
            return state
    return Cursor(mode)
