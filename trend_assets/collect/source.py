"""What a source of posts is: the one small interface between a network's client and the collector.

What belongs here: the protocol and the three kinds of thing that pass through it. What doesn't: any network (each has a module
beside this one), the loop that drives a source (``collector.py``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

import msgspec


class Received(msgspec.Struct, frozen=True):
    """One record as it came.

    body: the bytes exactly as received. kind: as ``lib/sources/edge`` names kinds, see ``LandingRecord``. created_at: aware, ``None``
    when unreadable; then the record lands in the hour of its receipt. includes: a JSON object with what the record refers to.
    """

    body: bytes
    kind: str = "post"
    created_at: datetime | None = None
    includes: bytes | None = None
    request_id: str = ""


class Batch(msgspec.Struct, frozen=True):
    """Records that arrived together; none of them: a heartbeat, the connection is known to live.

    cursor: opaque; it is safe to resume *after* these records once they are published. ``None``: the source has no position here.
    alive: whether the network answers; False where only the source itself does, as it waits for it. position: everything of the network
    until then is in this batch or an earlier one, where the source can tell.
    """

    records: list[Received]
    cursor: str | None
    received_at: datetime
    alive: bool = True
    position: datetime | None = None


class Gap(msgspec.Struct, frozen=True):
    """An interval in which records may have been missed; ``reason`` is one of ``tables.social.GAP_REASONS``."""

    begin: datetime
    end: datetime
    reason: str
    detail: str = ""


class SourceRefusedError(RuntimeError):
    """Trying again cannot help (a refused key, a wrong rule): the collector stops and shows the message, which says what to do."""


class Source(Protocol):
    """One network's posts, from a position on.

    name: x, bluesky, pubsub or simulated. network: the network's name in the lake. A source may have ``replays = True``: resumed
    from a cursor it brings everything since, so that an interruption alone loses nothing. One that passes on the records of another
    source names that one as ``landed_as``: decoding goes by it. One that asks for nothing on purpose, as its budget is used, has
    ``paused = True`` meanwhile: it is not connected, and healthy.
    """

    name: str
    network: str

    def batches(self, cursor: str | None) -> AsyncIterator[Batch | Gap]:
        """Everything after ``cursor`` (``None``: from now on), for ever.

        Reconnects by itself, with the network's documented back-off; yields a ``Gap`` when it may have missed something, and an empty
        ``Batch`` at least every third of ``collect_stall_seconds`` while the connection shows signs of life; also while it does not, then
        with ``alive=False``, where the source tells gaps itself. Ending means that there
        is nothing more to come, ever. Raises ``SourceRefusedError`` where trying again cannot help; after any other error it is
        called again by the collector.
        """

    async def acknowledge(self, cursor: str | None) -> None:
        """Everything up to the cursor is durable."""

    async def close(self) -> None:
        """Let go of connections; nothing more is asked."""
