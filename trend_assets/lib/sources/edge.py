"""The reading edge: what counts as one record, before anything interprets it.

What belongs here: splitting a line or document into records with the includes each needs, naming what the edge saw, the
time that routes it. What doesn't: files and compression (``trend_assets.landing.ingest``), the meaning of a record.

Records of X API v2: each item of a page's ``data``, each of its ``errors``, a stream line, a flattened post, a compliance
row; a page with neither data nor errors is one record. Of v1.1: each status or message. Of Bluesky: each event. Anything
unreadable is one record too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

import msgspec

from trend_assets.lib.sources import bluesky, x, x_v1
from trend_assets.lib.sources.outcomes import ABSENT, given, read_time
from trend_assets.lib.sources.x_shapes import XBody, XPost

SOURCES = ("x", "x-v1", "bluesky", "table")
NETWORK_OF_SOURCE = {"x": "x", "x-v1": "x", "bluesky": "bluesky"}


class EdgeRecord(msgspec.Struct):
    """One record as the edge sees it."""

    kind: str
    body: bytes
    includes: bytes | None = None
    created_at: datetime | None = None


class _Page(msgspec.Struct):
    data: msgspec.Raw = ABSENT
    errors: msgspec.Raw = ABSENT
    includes: msgspec.Raw = ABSENT
    matching_rules: msgspec.Raw = ABSENT
    statuses: msgspec.Raw = ABSENT


class _Keyed(msgspec.Struct):
    id: str | int | None = None
    media_key: str | None = None
    username: str | None = None


_decode_page = msgspec.json.Decoder(_Page).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_groups = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_keyed = msgspec.json.Decoder(_Keyed).decode
_decode_post = msgspec.json.Decoder(XPost).decode
_decode_x = msgspec.json.Decoder(XBody).decode
_decode_v1 = msgspec.json.Decoder(x_v1.V1Post).decode
_decode_event = msgspec.json.Decoder(bluesky.Event).decode
_UNREADABLE = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError)


def records_of(source: str, text: bytes) -> Iterator[EdgeRecord]:
    """The records of one line or document (bytes that should be a JSON object, or an array of such). Never raises."""
    if text[:1] == b"[":
        items = _items(text)
        if items is not None:
            for item in items:
                yield from _records_of_object(source, _one_line(item))
            return
    yield from _records_of_object(source, text)


def is_whole(text: bytes) -> bool:
    """Whether the bytes are one complete JSON value (syntax only)."""
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except _UNREADABLE:
        return False
    return True


def _records_of_object(source: str, text: bytes) -> list[EdgeRecord]:
    try:
        if source == "x":
            return list(_x_records(text, _decode_page(text)))
        if source == "x-v1":
            return list(_v1_records(text, _decode_page(text)))
        return [EdgeRecord("event", text, created_at=bluesky.created_at_of(_decode_event(text)))]
    except _UNREADABLE:
        page = None if source == "bluesky" else _page_with_poison(text)
    if page is None:
        return [EdgeRecord("unreadable", text)]
    return list(_x_records(text, page) if source == "x" else _v1_records(text, page))


def _page_with_poison(text: bytes) -> _Page | None:
    """A page that the strict decoder refuses for one of its items (a lone surrogate, NaN), so that the others survive.

    The items are written anew by the standard library, which keeps such things. None when it isn't a page at all.
    """
    try:
        value = json.loads(text)
    except _UNREADABLE:
        return None
    if not isinstance(value, dict) or not any(isinstance(value.get(name), list) for name in ("data", "statuses")):
        return None
    names = ("data", "errors", "includes", "statuses")
    return _Page(**{name: msgspec.Raw(json.dumps(value[name]).encode()) for name in names if value.get(name) is not None})


def _items(array: bytes) -> list[bytes] | None:
    """The items of a JSON array, each as its own bytes; None when it isn't an array."""
    try:
        return [bytes(item) for item in _decode_list(array)]
    except _UNREADABLE:
        pass
    try:
        value = json.loads(array)
        return [json.dumps(item).encode() for item in value] if isinstance(value, list) else None
    except _UNREADABLE:
        return None


def _x_records(text: bytes, page: _Page) -> Iterator[EdgeRecord]:
    errors = [] if not given(page.errors) else _items(bytes(page.errors)) or []
    if not given(page.data) and not errors:
        kind, _, created_at = _look(text)
        yield EdgeRecord(kind, text, created_at=created_at)
        return
    if given(page.data):
        data = bytes(page.data)
        included = _Included(page.includes)
        items = _items(data) if data[:1] == b"[" else None
        kind, _, created_at = _look(data) if items is None else ("", None, None)
        if items is not None:
            for item in items:
                yield _x_item(item, included)
        elif given(page.matching_rules) or kind in ("post", "other", "unreadable"):
            yield EdgeRecord("stream", text, created_at=created_at)
        else:
            yield _x_item(data, included)
    for error in errors:
        yield EdgeRecord("error", _one_line(error))


def _x_item(item: bytes, included: _Included) -> EdgeRecord:
    item = _one_line(item)
    kind, post, created_at = _look(item)
    return EdgeRecord(kind, item, included.needed_by(post) if post is not None else None, created_at)


def _look(text: bytes) -> tuple[str, XBody | None, datetime | None]:
    """A word for what the edge sees (the decoder decides again), the body if it is a post, and the time that routes it."""
    try:
        body = _decode_x(text)
        if body.text is not None or body.author_id is not None:
            return "post", body, x.created_at_of(body)
    except _UNREADABLE:
        return "unreadable", None, None
    if body.action is not None:
        return "compliance", None, None
    if given(body.username):
        return "user", None, None
    return "count" if given(body.tweet_count) or given(body.post_count) else "list" if given(body.owner_id) else "other", None, None


def _v1_records(text: bytes, page: _Page) -> Iterator[EdgeRecord]:
    statuses = None if not given(page.statuses) else _items(bytes(page.statuses))
    if statuses is not None:  # a page of the v1.1 search
        for item in statuses:
            yield _v1_record(_one_line(item))
        return
    errors = None if not given(page.errors) or given(page.data) else _items(bytes(page.errors))
    if errors:
        for error in errors:
            yield EdgeRecord("error", _one_line(error))
        return
    yield _v1_record(text)


def _v1_record(text: bytes) -> EdgeRecord:
    try:
        status = _decode_v1(text)
    except _UNREADABLE:
        return EdgeRecord("unreadable", text)
    return EdgeRecord("status", text, created_at=read_time(status.created_at) if status.created_at else None)


def _one_line(text: bytes) -> bytes:
    """An item of a document printed over several lines, on one line (white space between tokens only)."""
    if b"\n" not in text and b"\r" not in text:
        return text
    try:
        return msgspec.json.format(text, indent=-1)
    except _UNREADABLE:
        return text


class _Included:
    """The includes of a page, by key, to hand each post what it needs."""

    def __init__(self, includes: msgspec.Raw) -> None:
        self._raw: dict[str, dict[str, bytes]] = {"users": {}, "tweets": {}, "posts": {}, "media": {}, "places": {}}
        self._handles: dict[str, str] = {}
        self._posts: dict[str, XPost] = {}
        try:
            groups = {} if not given(includes) else _decode_groups(includes)
        except _UNREADABLE:
            groups = {}
        for group in self._raw.keys() & groups.keys():
            for item in _items(bytes(groups[group])) or ():
                try:
                    self._add(group, _one_line(item))
                except _UNREADABLE:
                    continue  # an unreadable include is no help to any post, and no harm

    def _add(self, group: str, item: bytes) -> None:
        keyed = _decode_keyed(item)
        key = str(keyed.media_key if group == "media" else keyed.id)
        self._raw[group][key] = item
        if group == "users" and keyed.username:
            self._handles[keyed.username.lower()] = key
        if group in ("tweets", "posts"):
            self._posts[key] = _decode_post(item)

    def needed_by(self, post: XPost) -> bytes | None:
        """The JSON object of includes that this post refers to; None when there are none."""
        tweets = [str(reference.id) for reference in post.referenced_tweets or post.referenced_posts or ()]
        referred = [self._posts[tweet] for tweet in tweets if tweet in self._posts]
        users = [str(other.author_id) for other in (post, *referred)]
        keys: list[str] = []
        sources = []
        for other in (post, *referred):
            sources.append(other.entities)
            keys += (other.attachments.media_keys or ()) if other.attachments is not None else ()
        for entities in sources:
            for mention in (entities.mentions if entities is not None else None) or ():
                users.append(self._handles.get((mention.username or "").lower(), ""))
        places = [post.geo.place_id] if post.geo is not None and post.geo.place_id else []
        wanted = {"users": users, "tweets": tweets, "posts": tweets, "media": keys, "places": places}
        parts = []
        for group, names in wanted.items():
            found = [self._raw[group][name] for name in dict.fromkeys(names) if name in self._raw[group]]
            if found:
                parts.append(b'"' + group.encode() + b'":[' + b",".join(found) + b"]")
        return b"{" + b",".join(parts) + b"}" if parts else None
