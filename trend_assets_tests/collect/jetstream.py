"""A Jetstream instance on 127.0.0.1: a real websocket server that speaks the wire format of ``/subscribe``, with faults on demand.

What belongs here: the server, and events made up for it. What doesn't: tests.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Request, Response, ServerConnection, serve

START = 1_788_350_400_000_000  # 2026-09-02T12:00:00Z, inside the tests' lake
SECOND = 1_000_000
Fault = Callable[["Jetstream", ServerConnection, Sequence[bytes]], Awaitable[None]]


@dataclass
class Jetstream:
    """What the instance has and how it behaves.

    events: (time_us, frame) in the order they are sent; those from the cursor on are sent, then the connection stays open. faults: how the
    first connections are served, in their order; later ones are served well. statuses: the same for the answer to the handshake. oldest:
    the server has forgotten what is before. obeys_size: it leaves out events larger than the reader asks for.
    """

    events: list[tuple[int, bytes]]
    faults: list[Fault] = field(default_factory=list)
    statuses: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    oldest: int = 0
    obeys_size: bool = True
    requests: list[dict[str, list[str]]] = field(default_factory=list)
    address: str = ""

    async def serve(self, connection: ServerConnection) -> None:
        query = parse_qs(urlsplit(connection.request.path).query)
        self.requests.append(query)
        frames = self.frames(query)
        fault = self.faults.pop(0) if self.faults else well
        await fault(self, connection, frames)

    def frames(self, query: dict[str, list[str]]) -> list[bytes]:
        """What a reader with this query gets."""
        cursor = int(query.get("cursor", ["0"])[0])
        largest = int(query.get("maxMessageSizeBytes", ["0"])[0]) if self.obeys_size else 0
        found = [frame for time, frame in self.events if time >= max(cursor, self.oldest)]
        return [frame for frame in found if not largest or len(frame) <= largest]

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        if not self.statuses:
            return None
        status, headers = self.statuses.pop(0)
        response = connection.respond(HTTPStatus(status), "said the test\n")
        for name, value in headers.items():
            response.headers[name] = value
        return response


@asynccontextmanager
async def running(*instances: Jetstream) -> AsyncIterator[None]:
    """The instances as servers on free ports; each knows its ``address`` then."""
    servers = []
    for instance in instances:
        server = await serve(instance.serve, "127.0.0.1", 0, process_request=instance.answer, max_size=None, close_timeout=0.2)
        instance.address = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/subscribe"
        servers.append(server)
    try:
        yield
    finally:
        for server in servers:
            server.close(close_connections=True)
            await server.wait_closed()


async def well(instance: Jetstream, connection: ServerConnection, frames: Sequence[bytes]) -> None:
    """Send all, stay open."""
    for frame in frames:
        await send(connection, frame)
    await connection.wait_closed()


async def send(connection: ServerConnection, frame: bytes) -> None:
    """One event as a text frame, whatever its bytes."""
    await connection.send(frame, text=True)


def cut_after(count: int) -> Fault:
    """Send so many frames, then let the connection fall without a word."""

    async def fault(instance: Jetstream, connection: ServerConnection, frames: Sequence[bytes]) -> None:
        for frame in frames[:count]:
            await send(connection, frame)
        await asyncio.sleep(0.005)  # what was written leaves before the connection falls
        connection.transport.abort()

    return fault


def cut_inside(count: int) -> Fault:
    """Send so many frames and half of the next one's bytes."""

    async def fault(instance: Jetstream, connection: ServerConnection, frames: Sequence[bytes]) -> None:
        for frame in frames[:count]:
            await send(connection, frame)
        body = frames[count]
        header = bytes([0x81, 126]) + len(body).to_bytes(2, "big")
        connection.transport.write(header + body[: len(body) // 2])
        await asyncio.sleep(0.005)
        connection.transport.abort()

    return fault


def silent_after(count: int, *, answers_pings: bool = True) -> Fault:
    """Send so many frames, then nothing more on the open connection."""

    async def fault(instance: Jetstream, connection: ServerConnection, frames: Sequence[bytes]) -> None:
        for frame in frames[:count]:
            await send(connection, frame)
        if answers_pings:
            await connection.wait_closed()
        connection.transport.pause_reading()
        await asyncio.sleep(0.5)

    return fault


async def closes_politely(instance: Jetstream, connection: ServerConnection, frames: Sequence[bytes]) -> None:
    """Send the first half, then say goodbye."""
    for frame in frames[: len(frames) // 2]:
        await send(connection, frame)
    await connection.close(1012, "restart")


async def slowly(instance: Jetstream, connection: ServerConnection, frames: Sequence[bytes]) -> None:
    """Each event in fragments, with waits between."""
    for frame in frames:
        third = len(frame) // 3
        await connection.send(_fragments(frame, third), text=True)
        await asyncio.sleep(0.01)
    await connection.wait_closed()


async def _fragments(frame: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(frame), size):
        yield frame[start : start + size]
        await asyncio.sleep(0.002)


def did(number: int) -> str:
    """An account's identifier."""
    return f"did:plc:account{number:04d}"


def event(number: int, kind: str = "commit", **parts: Any) -> tuple[int, bytes]:
    """The event of second ``number``."""
    time_us = START + number * SECOND
    body = {"did": did(parts.pop("account", number)), "time_us": time_us, "kind": kind, **parts}
    return time_us, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def commit(number: int, operation: str, rkey: str, record: dict[str, Any] | None = None, collection: str = "post", **parts: Any) -> Any:
    """A commit event of second ``number``."""
    body = {"rev": f"3m{number:08d}", "operation": operation, "collection": f"app.bsky.feed.{collection}", "rkey": rkey}
    if record is not None:
        body |= {"record": {"$type": body["collection"], "createdAt": written_at(number), **record}, "cid": f"bafy{number}"}
    return event(number, commit=body, **parts)


def post(number: int, text: str = "", **record: Any) -> tuple[int, bytes]:
    """A new post of second ``number``."""
    return commit(number, "create", f"rkey{number}", {"text": text or f"post {number}", "langs": ["en"], **record})


def written_at(number: int) -> str:
    """``createdAt`` of second ``number``."""
    return f"2026-09-02T12:{number // 60:02d}:{number % 60:02d}.000Z"


def mixed(count: int) -> list[tuple[int, bytes]]:
    """Posts with everything else between them: reposts, an update, deletions, events of accounts and identities."""
    events: list[tuple[int, bytes]] = []
    for number in range(count):
        before = {"text": f"post {number - 1}, corrected", "createdAt": written_at(number - 1)}
        subject = {"cid": "bafy", "uri": f"at://{did(number - 7)}/app.bsky.feed.post/rkey{number - 7}"}
        kinds = {
            3: lambda n, record=before: commit(n, "update", f"rkey{n - 1}", record, account=n - 1),
            5: lambda n: commit(n, "delete", f"rkey{n - 1}", account=n - 1),
            6: lambda n: event(n, "identity", identity={"did": did(n), "handle": "a.test", "seq": n, "time": written_at(n)}),
            7: account_event,
            8: lambda n, subject=subject: commit(n, "create", f"repost{n}", {"subject": subject}, "repost"),
        }
        events.append(kinds.get(number % 10, post)(number))
    return events


def account_event(number: int) -> tuple[int, bytes]:
    """An account that says it is gone."""
    time_us = START + number * SECOND
    account = {"active": False, "did": did(number), "seq": number, "status": "deactivated", "time": written_at(number)}
    return time_us, json.dumps({"did": did(number), "time_us": time_us, "kind": "account", "account": account}).encode()
