"""The X API v2, as thin as it can be: one method for each endpoint that is used, over httpx.

What belongs here: requests, authorisation, parameters, errors, the retries of single requests. What doesn't: what a post says, when
to ask what (``source``), prices (each request goes through a ``Purse``).

The token is sent to X's own host only, and is in no message, log line or representation.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec
from pydantic import SecretStr

from trend_assets.collect.x.backoff import BackOff
from trend_assets.collect.x.budget import Purse
from trend_assets.collect.x.ledger import Purchase
from trend_assets.collect.x.responses import (
    ComplianceJob,
    CountsPage,
    JobPage,
    JobsPage,
    PostsPage,
    Problem,
    RulesPage,
    StreamRule,
    UsagePage,
    decode_problem,
)

X_API = "https://api.x.com"
STALL_SECONDS = 21.0
"""X sends a keep-alive every 20 s; it often comes a little later (tweepy 4.12.1 found the same)."""

RULES_AT_ONCE = 100
LARGEST_PAGE = {"search_recent": 100, "search_all": 500}
SMALLEST_PAGE = 10

DIALECTS: dict[str, dict[str, str]] = {
    "tweet": {
        "tweet.fields": "attachments,author_id,created_at,edit_history_tweet_ids,entities,geo,in_reply_to_user_id,lang,note_tweet,"
        "public_metrics,referenced_tweets",
        "expansions": "referenced_tweets.id",
    },
    "post": {
        "post.fields": "attachments,created_at,entities,geo,lang,note_post,public_metrics,text",
        "expansions": "author_id,edit_history_post_ids,in_reply_to_user_id,referenced_posts",
    },
}
"""What is asked of each post. X's documentation speaks the first, its OpenAPI document 2.167 the second, for search."""

_EXPANSION_FIELDS = {
    "user.fields": ("author_id", "username,public_metrics"),
    "media.fields": ("media_keys", "media_key,url,preview_image_url,type"),
    "place.fields": ("place_id", "country_code,full_name"),
}
_Page = TypeVar("_Page", bound=msgspec.Struct)


class XError(RuntimeError):
    """A request that failed. ``status``: of the answer, None where none came."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class NetworkError(XError):
    """No answer, or one that broke off."""


class ServerError(XError):
    """X says try later (5xx)."""


class RateLimitedError(XError):
    """X says too often (429). ``reset_at``: seconds since 1970, None where X did not tell."""

    def __init__(self, message: str, reset_at: float | None) -> None:
        super().__init__(message, 429)
        self.reset_at = reset_at


class CreditsError(XError):
    """X says the account has no credits left (402)."""


class RefusedError(XError):
    """X will not answer this request however often it is sent (400, 401, 403, ...). ``parameters``: those it complains of."""

    def __init__(self, message: str, status: int, parameters: set[str]) -> None:
        super().__init__(message, status)
        self.parameters = parameters


class Page(msgspec.Struct, frozen=True):
    """A page of search results: its bytes, what was decoded of them, and the request's id."""

    body: bytes
    page: PostsPage
    request_id: str


class XClient:
    """Requests to the X API v2 with an app-only bearer token.

    purse: asked before and told after each request. clock: aware, UTC. sleep: tests pass their own. expansions: added to those of the
    dialect. attempts: how often a single request is sent before ``NetworkError``, ``ServerError`` or ``RateLimitedError`` reaches the
    caller; the stream is not tried again here.
    """

    def __init__(
        self,
        token: SecretStr,
        purse: Purse,
        *,
        base_url: str = X_API,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        expansions: Sequence[str] = (),
        attempts: int = 6,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        self.purse = purse
        self._clock = clock
        self._sleep = sleep
        self._expansions = expansions
        self._attempts = attempts
        self._search_dialect = "tweet"
        self._host = urlsplit(base_url).netloc
        self._token = token
        timeout = httpx.Timeout(10.0, read=stall_seconds, pool=None)
        agent = {"user-agent": f"trend-assets/{version('trend-assets')}"}
        self._http = httpx.AsyncClient(base_url=base_url, timeout=timeout, headers=agent, follow_redirects=False, trust_env=True)

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    # Counts

    async def counts(
        self, query: str, purchase: Purchase, *, granularity: str = "hour", start: datetime | None = None, end: datetime | None = None
    ) -> AsyncIterator[tuple[bytes, CountsPage]]:
        """Pages of counts of a query, oldest first. ``purchase.kind``: counts_recent (7 days) or counts_all.

        Each page is a request that is paid for, whatever it counts.
        """
        path = {"counts_recent": "/2/tweets/counts/recent", "counts_all": "/2/tweets/counts/all"}[purchase.kind]
        params = {"query": query, "granularity": granularity} | _window(start, end)
        while True:
            self.purse.check(purchase, requests=1)
            body, _ = await self._send("GET", path, params=params)
            self.purse.pay(purchase, requests=1)
            page = _decode(body, CountsPage)
            yield body, page
            if not page.meta.next_token:
                return
            params["next_token"] = page.meta.next_token

    # Search

    async def search(
        self,
        query: str,
        purchase: Purchase,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        next_token: str | None = None,
        page_size: int | None = None,
    ) -> AsyncIterator[Page]:
        """Pages of posts, newest first. ``purchase.kind``: search_recent (7 days) or search_all.

        ``next_token``: go on from a page; the other parameters must be those it came from. A page is asked for only as large as the
        budgets pay for. Raises ``BudgetExceededError`` where they pay for no page.
        """
        path = {"search_recent": "/2/tweets/search/recent", "search_all": "/2/tweets/search/all"}[purchase.kind]
        params: dict[str, str] = {"query": query} | _window(start, end)
        params |= {"next_token": next_token} if next_token else {}
        while True:
            most = min(page_size or LARGEST_PAGE[purchase.kind], LARGEST_PAGE[purchase.kind])
            left = self.purse.posts_left(purchase)
            size = max(SMALLEST_PAGE, most if left is None else min(most, left))
            self.purse.check(purchase, requests=1, posts=size)
            body, request_id = await self._search_page(path, params | {"max_results": str(size)})
            page = _decode(body, PostsPage)
            self.purse.pay(purchase, requests=1, **_bought(page))
            yield Page(body, page, request_id)
            if not page.meta.next_token:
                return
            params["next_token"] = page.meta.next_token

    async def _search_page(self, path: str, params: dict[str, str]) -> tuple[bytes, str]:
        """A page in the dialect that the server speaks: the other one is tried once where it complains of the first."""
        try:
            return await self._send("GET", path, params=params | self._fields(self._search_dialect))
        except RefusedError as error:
            if not error.parameters & {"tweet.fields", "post.fields", "expansions"}:
                raise
            other = "post" if self._search_dialect == "tweet" else "tweet"
            answer = await self._send("GET", path, params=params | self._fields(other))
            self._search_dialect = other
            return answer

    def _fields(self, dialect: str) -> dict[str, str]:
        fields = dict(DIALECTS[dialect])
        wanted = list(self._expansions)
        if dialect == "post":
            wanted = [name.replace("referenced_tweets.id.", "referenced_posts.") for name in wanted if name != "referenced_tweets.id"]
            wanted = [name for name in wanted if not name.startswith("referenced_posts.")]
        expansions = list(dict.fromkeys([*fields["expansions"].split(","), *wanted]))
        fields["expansions"] = ",".join(expansions)
        for name, (mark, value) in _EXPANSION_FIELDS.items():
            if any(mark in expansion for expansion in expansions):
                fields[name] = value
        return fields

    # Filtered stream

    @asynccontextmanager
    async def stream(self, purchase: Purchase, backfill_minutes: int = 0) -> AsyncIterator[httpx.Response]:
        """The open filtered stream; read ``aiter_bytes()``. Raises as a single request does, without trying again.

        A read that waits longer than the stall time raises ``httpx.ReadTimeout``.
        """
        params = self._fields("tweet") | ({"backfill_minutes": str(backfill_minutes)} if backfill_minutes else {})
        request = self._http.build_request("GET", "/2/tweets/search/stream", params=params, headers=self._authorisation())
        try:
            response = await self._http.send(request, stream=True)
        except httpx.HTTPError as error:
            raise _network_error(error) from _without_secrets(error)
        try:
            if response.status_code != 200:
                try:
                    body = await response.aread()
                except httpx.HTTPError:
                    body = b""
                raise _error(response, body)
            self.purse.pay(purchase, requests=1)
            yield response
        finally:
            await response.aclose()

    async def rules(self) -> list[StreamRule]:
        """The rules the server has."""
        found: list[StreamRule] = []
        params: dict[str, str] = {}
        while True:
            page = _decode((await self._send("GET", "/2/tweets/search/stream/rules", params=params))[0], RulesPage)
            found += page.data
            if not page.meta.next_token:
                return found
            params["pagination_token"] = page.meta.next_token

    async def change_rules(self, delete: Sequence[StreamRule], add: Sequence[StreamRule], *, dry_run: bool = False) -> list[Problem]:
        """Delete, then add rules, some at a time; returns what the server complained of, rule by rule."""
        problems: list[Problem] = []
        params = {"dry_run": "true"} if dry_run else {}
        bodies: list[dict[str, Any]] = [
            {"delete": {"ids": [rule.id for rule in delete[first : first + RULES_AT_ONCE] if rule.id]}}
            for first in range(0, len(delete), RULES_AT_ONCE)
        ]
        bodies += [{"add": list(add[first : first + RULES_AT_ONCE])} for first in range(0, len(add), RULES_AT_ONCE)]
        for body in bodies:
            answer, _ = await self._send("POST", "/2/tweets/search/stream/rules", params=params, content=msgspec.json.encode(body))
            problems += _decode(answer, RulesPage).errors
        return problems

    # Usage

    async def usage(self, days: int = 31) -> UsagePage:
        """What X has counted itself over the last ``days`` (1 to 90)."""
        params = {"days": str(days), "usage.fields": "cap_reset_day,daily_project_usage,project_cap,project_usage"}
        return _decode((await self._send("GET", "/2/usage/tweets", params=params))[0], UsagePage)

    # Batch compliance

    async def create_job(self, kind: str, name: str) -> ComplianceJob:
        """A new compliance job. kind: tweets or users. X runs one at a time."""
        body = msgspec.json.encode({"type": kind, "name": name[:64], "resumable": False})
        return _job(_decode((await self._send("POST", "/2/compliance/jobs", content=body))[0], JobPage))

    async def jobs(self, kind: str, status: str | None = None) -> list[ComplianceJob]:
        """The jobs of a kind (tweets or users)."""
        params = {"type": kind} | ({"status": status} if status else {})
        return _decode((await self._send("GET", "/2/compliance/jobs", params=params))[0], JobsPage).data

    async def job(self, job_id: str) -> ComplianceJob:
        """One job. Raises ``ValueError`` for an id that is not a number."""
        if not job_id.isdecimal():
            raise ValueError(f"compliance job {job_id[:40]!r} is not a number")
        return _job(_decode((await self._send("GET", f"/2/compliance/jobs/{job_id}"))[0], JobPage))

    async def upload(self, job: ComplianceJob, ids: Sequence[str]) -> None:
        """Send the ids of a job, one a line."""
        if job.upload_url is None:
            raise XError(f"compliance job {job.id} has no upload_url")
        content = "".join(f"{one}\n" for one in ids).encode()
        await self._send("PUT", job.upload_url, content=content, content_type="text/plain")

    async def download(self, job: ComplianceJob) -> bytes:
        """The results of a complete job: one JSON object a line."""
        if job.download_url is None:
            raise XError(f"compliance job {job.id} has no download_url")
        return (await self._send("GET", job.download_url))[0]

    # One request

    async def _send(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        content_type: str = "application/json",
    ) -> tuple[bytes, str]:
        """Body and request id of a good answer; waits and tries again where X says that may help."""
        back_off = BackOff()
        attempt = 1
        while True:
            try:
                return await self._send_once(method, url, params, content, content_type)
            except (NetworkError, ServerError, RateLimitedError) as error:
                attempt += 1
                if attempt > self._attempts:
                    raise
                await self._sleep(self.wait_after(error, back_off))

    def wait_after(self, error: XError, back_off: BackOff) -> float:
        """Seconds to wait after an error, as X documents it."""
        if isinstance(error, RateLimitedError):
            return back_off.rate_limit(error.reset_at, self._clock().timestamp())
        return back_off.network() if isinstance(error, NetworkError) else back_off.http()

    async def _send_once(
        self, method: str, url: str, params: Mapping[str, str] | None, content: bytes | None, content_type: str
    ) -> tuple[bytes, str]:
        own = url.startswith("/") or urlsplit(url).netloc == self._host
        headers = self._authorisation() if own else {}
        if content is not None:
            headers["content-type"] = content_type
        try:
            response = await self._http.request(method, url, params=params, content=content, headers=headers)
        except httpx.HTTPError as error:  # also a body that broke off
            raise _network_error(error) from _without_secrets(error)
        if response.status_code not in (200, 201, 204):
            raise _error(response, response.content)
        return response.content, _request_id(response)

    def _authorisation(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._token.get_secret_value()}"}


def _request_id(response: httpx.Response) -> str:
    return response.headers.get("x-transaction-id", "")[:64]


def _decode(body: bytes, kind: type[_Page]) -> _Page:
    """Raises ``NetworkError`` for a body that is not what was asked for: cut off, or a proxy's page. Asking again may help."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise NetworkError(f"an answer that is not the JSON of {kind.__name__}: {error}") from error


def _job(page: JobPage) -> ComplianceJob:
    if page.data is None:
        raise XError("; ".join(problem.words for problem in page.errors) or "X answered without a compliance job")
    return page.data


def _bought(page: PostsPage) -> dict[str, list[str]]:
    return {
        "posts": [str(post.id) for post in page.data],
        "users": [str(user.id) for user in page.includes.users],
        "included": [str(post.id) for post in (*page.includes.tweets, *page.includes.posts)],
    }


def _window(start: datetime | None, end: datetime | None) -> dict[str, str]:
    return {
        name: moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for name, moment in (("start_time", start), ("end_time", end))
        if moment is not None
    }


def _network_error(error: httpx.HTTPError) -> NetworkError:
    return NetworkError(in_words(error))


def in_words(error: Exception) -> str:
    """What went wrong, for logs and the gap ledger: of an error that quotes what we sent, headers among it, its type alone."""
    if isinstance(error, httpx.LocalProtocolError) or not str(error):
        return type(error).__name__
    return f"{type(error).__name__}: {error}"


def _without_secrets(error: httpx.HTTPError) -> httpx.HTTPError | None:
    """The cause as a traceback may show it."""
    return None if isinstance(error, httpx.LocalProtocolError) else error


def _error(response: httpx.Response, body: bytes) -> XError:
    """What an answer other than 2xx means."""
    try:
        problem = decode_problem(body)
    except msgspec.MsgspecError:
        problem = Problem()
    words = problem.words or "; ".join(one.words for one in problem.errors or () if one.words)
    status = response.status_code
    message = f"HTTP {status} from {response.request.url.path}" + (f": {words[:500]}" if words else "")
    if status == 429:
        text = response.headers.get("x-rate-limit-reset", "")
        return RateLimitedError(message, float(text) if text.isdecimal() else None)
    if status == 402:
        return CreditsError(message, status)
    if status >= 500 or status in (408, 420):
        return ServerError(message, status)
    return RefusedError(message, status, problem.parameter_names)
