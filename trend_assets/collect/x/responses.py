"""The shapes of X's answers besides posts, as far as they are used: counts, rules, usage, compliance jobs, errors.

What belongs here: typed structs and decoders. What doesn't: posts, which are landed undecoded (``lib/sources/x_shapes`` reads
them later), requests.

X is renaming tweets to posts: its OpenAPI document 2.167 says ``post_count`` and ``post.fields`` where its documentation and
recorded answers say ``tweet_count`` and ``tweet.fields``. Both are read; which one is asked for, see ``client.DIALECTS``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

Number = int | str | None


class Problem(msgspec.Struct):
    """One item of ``errors``, or an answer's whole body where it failed."""

    title: str | None = None
    detail: str | None = None
    type: str | None = None
    status: int | None = None
    parameter: str | None = None
    parameters: dict[str, Any] | None = None
    value: Any = None
    message: str | None = None
    code: int | str | None = None
    disconnect_type: str | None = None
    connection_issue: str | None = None
    errors: list[Problem] | None = None

    @property
    def words(self) -> str:
        """What it says, on one line, without what it was asked."""
        return " · ".join(part for part in (self.title, self.detail or self.message, self.disconnect_type, self.connection_issue) if part)

    @property
    def parameter_names(self) -> set[str]:
        """The request's parameters it complains of."""
        names = {self.parameter} if self.parameter else set()
        return names | set(self.parameters or ()) | {name for error in self.errors or () for name in error.parameter_names}


class Meta(msgspec.Struct):
    """``meta`` of a page."""

    next_token: str | None = None
    newest_id: str | None = None
    oldest_id: str | None = None
    result_count: int | None = None
    total_tweet_count: int | None = None
    total_post_count: int | None = None


class Bucket(msgspec.Struct):
    """Posts that match a query in [start, end)."""

    start: datetime
    end: datetime
    tweet_count: int | None = None
    post_count: int | None = None

    @property
    def posts(self) -> int:
        """The number, under either name."""
        return self.tweet_count if self.tweet_count is not None else self.post_count or 0


class CountsPage(msgspec.Struct):
    """A page of counts."""

    data: list[Bucket] = []
    meta: Meta = msgspec.field(default_factory=Meta)
    errors: list[Problem] = []


class _Keyed(msgspec.Struct):
    id: Number = None


class _Includes(msgspec.Struct):
    users: list[_Keyed] = []
    tweets: list[_Keyed] = []
    posts: list[_Keyed] = []


class _MatchingRule(msgspec.Struct):
    id: Number = None  # recorded lines have numbers
    tag: str | None = None


class PostsPage(msgspec.Struct):
    """A page of search results, as far as it is billed and paged; its posts are landed from the bytes."""

    data: list[_Keyed] = []
    includes: _Includes = msgspec.field(default_factory=_Includes)
    meta: Meta = msgspec.field(default_factory=Meta)
    errors: list[Problem] = []


class StreamLine(msgspec.Struct):
    """A line of the stream, as far as it is billed and acted upon."""

    data: _Keyed | None = None
    includes: _Includes = msgspec.field(default_factory=_Includes)
    matching_rules: list[_MatchingRule] = []
    errors: list[Problem] = []
    title: str | None = None
    detail: str | None = None
    disconnect_type: str | None = None
    connection_issue: str | None = None

    @property
    def disconnects(self) -> str:
        """Why the server is about to hang up; empty for a post and for errors that concern one post only."""
        if self.data is not None:
            return ""
        for problem in (*self.errors, Problem(title=self.title, detail=self.detail, connection_issue=self.connection_issue)):
            problem.disconnect_type = problem.disconnect_type or self.disconnect_type
            kind = f"{problem.title or ''} {problem.type or ''}".lower()
            if problem.disconnect_type or problem.connection_issue or "disconnect" in kind or "connection" in kind:
                return problem.words
        return ""


class StreamRule(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rule as the server has it."""

    value: str
    tag: str | None = None
    id: str | None = None


class RulesPage(msgspec.Struct):
    """The server's rules; also the answer to a change of them."""

    data: list[StreamRule] = []
    meta: Meta = msgspec.field(default_factory=Meta)
    errors: list[Problem] = []


class UsageDay(msgspec.Struct):
    """Posts used on a day."""

    date: str
    usage: Number = None

    @property
    def posts(self) -> int:
        """As a number."""
        return int(self.usage or 0)


class _ProjectUsage(msgspec.Struct):
    usage: list[UsageDay] | None = None


class _Usage(msgspec.Struct):
    cap_reset_day: int | None = None
    project_cap: Number = None
    project_usage: Number = None
    daily_project_usage: _ProjectUsage | None = None


class UsagePage(msgspec.Struct):
    """What X has counted itself."""

    data: _Usage | None = None
    errors: list[Problem] = []

    @property
    def days(self) -> dict[str, int]:
        """Posts by day (2026-09-01), as X counted them."""
        project = None if self.data is None else self.data.daily_project_usage
        return {day.date[:10]: day.posts for day in (project.usage if project is not None else None) or ()}


class ComplianceJob(msgspec.Struct):
    """A batch compliance job."""

    id: str
    type: str | None = None
    status: str | None = None
    name: str | None = None
    upload_url: str | None = None
    download_url: str | None = None
    created_at: str | None = None
    upload_expires_at: str | None = None
    download_expires_at: str | None = None


class JobPage(msgspec.Struct):
    """One compliance job."""

    data: ComplianceJob | None = None
    errors: list[Problem] = []


class JobsPage(msgspec.Struct):
    """Compliance jobs."""

    data: list[ComplianceJob] = []
    errors: list[Problem] = []


decode_stream_line = msgspec.json.Decoder(StreamLine).decode
decode_problem = msgspec.json.Decoder(Problem).decode
