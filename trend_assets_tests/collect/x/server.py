"""A real HTTP server on loopback that speaks the X API's wire format, with faults on demand.

What belongs here: the protocol as a server sees it. What doesn't: what the client should make of it (the tests).
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

TOKEN = "not-a-real-token-of-anyone"
RESET, END, HOLD = "reset", "end", "hold"
"""What a stream may do after some bytes: break off, end well, stay open in silence."""


def post(number: int, text: str = "", at: datetime | None = None, author: int = 7) -> dict:
    moment = at or datetime.now(UTC)
    return {
        "id": str(10**18 + number),
        "text": text or f'post {number} é 日本 "quoted"\nsecond line',
        "author_id": str(author),
        "created_at": moment.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "lang": "en",
    }


def line(number: int, tag: str = "bags", **more: object) -> bytes:
    """A line of the stream."""
    body = {"data": post(number), "matching_rules": [{"id": "1", "tag": tag}], **more}
    return json.dumps(body, ensure_ascii=False).encode() + b"\r\n"


def number_of(body: bytes) -> int:
    value = json.loads(body)
    return int(value.get("data", value)["id"]) - 10**18


@dataclass
class Answer:
    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False  # announces more bytes than it sends


@dataclass
class Request:
    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes


class LoopbackX:
    """scripts: for each connection to the stream its bytes, one item a chunk, or what to do. faults: answers given before the right one.
    clock: given one, search refuses what X finds too old or too new."""

    def __init__(self) -> None:
        self.scripts: list[list[bytes | str | float] | Answer] = []
        self.faults: dict[str, list[Answer]] = defaultdict(list)
        self.requests: list[Request] = []
        self.rules: list[dict] = []
        self.posts: list[dict] = []
        self.count_of: Callable[[str, datetime], int] = lambda query, start: 0
        self.counts_from: datetime | None = None
        self.dialect = "tweet"
        self.page_size: int | None = None
        self.token_lost = False
        self.clock: Callable[[], datetime] | None = None
        self.usage: dict[str, int] = {}
        self.gone: list[dict] = []
        self.uploaded = b""
        self.polls_until_complete = 1
        self.open_streams = 0
        self.url = ""

    @property
    def asked(self) -> Counter[str]:
        return Counter(request.path for request in self.requests)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[LoopbackX]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                request = await self._request(reader)
                self.requests.append(request)
                if not await self._answer(request, writer):
                    break
        writer.close()

    async def _request(self, reader: asyncio.StreamReader) -> Request:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {name.lower(): value for name, _, value in (one.partition(": ") for one in head[1:] if one)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        parts = urlsplit(target)
        return Request(method, parts.path, dict(parse_qsl(parts.query)), headers, body)

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        if self.faults[request.path]:
            return await self._send(writer, self.faults[request.path].pop(0))
        if not request.path.startswith("/files/") and request.headers.get("authorization") != f"Bearer {TOKEN}":
            return await self._send(writer, Answer(401, {"title": "Unauthorized", "detail": "Unauthorized", "status": 401}))
        if request.path == "/2/tweets/search/stream":
            script = self.scripts.pop(0) if self.scripts else [HOLD]
            return await (self._send(writer, script) if isinstance(script, Answer) else self._stream(writer, script))
        handler = {
            "/2/tweets/search/stream/rules": self._rules,
            "/2/tweets/search/recent": self._search,
            "/2/tweets/search/all": self._search,
            "/2/tweets/counts/recent": self._counts,
            "/2/tweets/counts/all": self._counts,
            "/2/usage/tweets": self._usage,
        }.get(request.path, self._compliance)
        return await self._send(writer, handler(request))

    async def _send(self, writer: asyncio.StreamWriter, answer: Answer) -> bool:
        body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        length = len(body) + (100 if answer.cut else 0)
        lines = [f"HTTP/1.1 {answer.status} X", f"content-length: {length}", "content-type: application/json"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()
        return not answer.cut

    async def _stream(self, writer: asyncio.StreamWriter, script: list[bytes | str | float]) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: application/json\r\n\r\n")
        self.open_streams += 1
        try:
            for step in script:
                if isinstance(step, bytes):
                    writer.write(b"%x\r\n%b\r\n" % (len(step), step))
                    await writer.drain()
                elif isinstance(step, float):
                    await asyncio.sleep(step)
                elif step == END:
                    writer.write(b"0\r\n\r\n")
                    await writer.drain()
                elif step == HOLD:
                    await asyncio.sleep(3600)
                elif step == RESET:
                    writer.transport.abort()
        finally:
            self.open_streams -= 1
        return False

    def _rules(self, request: Request) -> Answer:
        if request.method == "POST":
            change = json.loads(request.body)
            gone = set(change.get("delete", {}).get("ids", []))
            self.rules = [rule for rule in self.rules if rule["id"] not in gone]
            refused = []
            for rule in change.get("add", []):
                if "refuse" in rule["value"]:
                    refused.append(
                        {"title": "UnprocessableEntity", "detail": f"no viable alternative at {rule['value']}", "value": rule["value"]}
                    )
                else:
                    self.rules.append(rule | {"id": str(len(self.requests) * 1000 + len(self.rules))})
            return Answer(201, {"meta": {"sent": "now"}, **({"errors": refused} if refused else {})})
        first = int(request.params.get("pagination_token", "0"))
        size = self.page_size or 1000
        page = self.rules[first : first + size]
        meta = {"sent": "now", "result_count": len(page)}
        if first + size < len(self.rules):
            meta["next_token"] = str(first + size)
        return Answer(200, {"data": page, "meta": meta} if page else {"meta": meta})

    def _search(self, request: Request) -> Answer:
        spoken = {"tweet": "post.fields", "post": "tweet.fields"}[self.dialect]
        if spoken in request.params:
            problem = {"parameters": {spoken: ["x"]}, "message": f"The query parameter [{spoken}] is not one of [...]"}
            return Answer(400, {"errors": [problem], "title": "Invalid Request", "type": "https://api.x.com/2/problems/invalid-request"})
        params = request.params
        if self.token_lost and "next_token" in params:
            self.token_lost = False
            problem = {"parameters": {"next_token": [params["next_token"]]}, "message": "The `next_token` is no longer known"}
            return Answer(400, {"errors": [problem], "title": "Invalid Request"})
        if fault := self._bad_bounds(params):
            return Answer(400, {"errors": [{"parameters": {}, "message": fault}], "title": "Invalid Request", "detail": fault})
        found = sorted(self.posts, key=lambda one: -int(one["id"]))
        found = [one for one in found if params["query"] in one["text"]]
        if "since_id" in params:
            found = [one for one in found if int(one["id"]) > int(params["since_id"])]
        if "until_id" in params:
            found = [one for one in found if int(one["id"]) < int(params["until_id"])]
        for name, keep in (("start_time", lambda a, b: a >= b), ("end_time", lambda a, b: a < b)):
            if name in params:
                found = [one for one in found if keep(one["created_at"][:19], params[name][:19])]
        size = min(int(params["max_results"]), self.page_size or 1000)
        first = int(params.get("next_token", "0"))
        page = found[first : first + size]
        meta: dict[str, object] = {"result_count": len(page)}
        if page:
            meta |= {"newest_id": page[0]["id"], "oldest_id": page[-1]["id"]}
        if first + size < len(found):
            meta["next_token"] = str(first + size)
        return Answer(200, {"data": page, "meta": meta} if page else {"meta": meta}, {"x-transaction-id": "abc123"})

    def _bad_bounds(self, params: dict[str, str]) -> str:
        # what X says of bounds that it does not take; empty where it does
        times = {name: datetime.fromisoformat(params[name]) for name in ("start_time", "end_time") if name in params}
        if times and {"since_id", "until_id"} & set(params):
            return "Invalid use of 'since_id' or 'until_id' in conjunction with 'start_time' or 'end_time'."
        if len(times) == 2 and times["start_time"] >= times["end_time"]:
            return "Invalid time range: 'start_time' must be before 'end_time'."
        if self.clock is None:
            return ""
        if times.get("end_time", self.clock()) > self.clock() - timedelta(seconds=10):
            return "Invalid 'end_time'. 'end_time' must be a minimum of 10 seconds prior to the request time."
        since = next((one for one in self.posts if one["id"] == params.get("since_id")), None)
        oldest = datetime.fromisoformat(since["created_at"]) if since else times.get("start_time", self.clock())
        if oldest < self.clock() - timedelta(days=7):
            return "Invalid 'start_time' or 'since_id'. It must be on or after seven days ago."
        return ""

    def _counts(self, request: Request) -> Answer:
        end = datetime.fromisoformat(request.params["end_time"])
        start = end - timedelta(days=7) + timedelta(minutes=13)  # the first bucket is not whole
        buckets = []
        while start < end:
            after = min(start.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1), end)
            count = self.count_of(request.params["query"], start)
            buckets.append(
                {"start": f"{start:%Y-%m-%dT%H:%M:%S.000Z}", "end": f"{after:%Y-%m-%dT%H:%M:%S.000Z}", f"{self.dialect}_count": count}
            )
            start = after
        first = int(request.params.get("next_token", "0"))
        size = self.page_size or 1000
        meta: dict[str, object] = {f"total_{self.dialect}_count": sum(one[f"{self.dialect}_count"] for one in buckets)}
        if first + size < len(buckets):
            meta["next_token"] = str(first + size)
        return Answer(200, {"data": buckets[first : first + size], "meta": meta})

    def _usage(self, request: Request) -> Answer:
        days = [{"date": f"{day}T00:00:00.000Z", "usage": str(posts)} for day, posts in self.usage.items()]
        return Answer(200, {"data": {"project_cap": "2000000", "daily_project_usage": {"project_id": 1, "usage": days}}})

    def _compliance(self, request: Request) -> Answer:
        job = {"id": "42", "type": "tweets", "upload_url": f"{self.url}/files/up", "download_url": f"{self.url}/files/down"}
        if request.path == "/2/compliance/jobs":
            return Answer(200, {"data": job | {"status": "created"} if request.method == "POST" else [job | {"status": "complete"}]})
        if request.path == "/2/compliance/jobs/42":
            self.polls_until_complete -= 1
            return Answer(200, {"data": job | {"status": "in_progress" if self.polls_until_complete >= 0 else "complete"}})
        if request.path == "/files/up" and request.method == "PUT":
            self.uploaded = request.body
            return Answer(200, b"")
        if request.path == "/files/down":
            return Answer(200, b"".join(json.dumps(row).encode() + b"\n" for row in self.gone))
        return Answer(404, {"title": "Not Found", "detail": "no such resource"})
