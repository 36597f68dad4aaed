"""Records that real sources send now and then and that can't become posts, each with the reason it must be refused for.

What belongs here: making broken records. What doesn't: their number and delivery (``delivery.py``).
"""

from __future__ import annotations

from collections.abc import Callable

X_DIRT = (
    "truncated", "not_json", "missing_text", "missing_author", "missing_created_at", "unreadable_created_at", "missing_id",
    "invalid_id", "not_an_object", "invalid_encoding", "outside_lake_window",
)  # fmt: skip
BLUESKY_DIRT = ("truncated", "missing_text", "missing_created_at", "unreadable_created_at", "not_json")

_X_CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda body: body[: len(body) * 2 // 3],
    "not_json": lambda _body: b"<html><head><title>503 Service Unavailable</title></head></html>",
    "missing_text": lambda body: _without(body, b"text"),
    "missing_author": lambda body: _without(body, b"author_id"),
    "missing_created_at": lambda body: _without(body, b"created_at"),
    "unreadable_created_at": lambda body: _with(body, b"created_at", b"yesterday evening"),
    "missing_id": lambda body: _without(body, b"id"),
    "invalid_id": lambda body: _with(body, b"id", b"tweet-42"),
    "not_an_object": lambda _body: b'["keep","alive"]',
    "invalid_encoding": lambda body: body.replace(b'"text":"', b'"text":"\xff\xfe', 1),
    "outside_lake_window": lambda body: _with(body, b"created_at", b"2012-03-04T05:06:07.000Z"),
}
_BLUESKY_CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda body: body[: len(body) * 2 // 3],
    "missing_text": lambda body: _without(body, b"text"),
    "missing_created_at": lambda body: _without(body, b"createdAt"),
    "unreadable_created_at": lambda body: _with(body, b"createdAt", b"now-ish"),
    "not_json": lambda _body: b'{"did":undefined}',
}


def spoil(body: bytes, reason: str, bluesky: bool) -> bytes:
    """The good record, broken so that it must be refused for ``reason``. Raises ``KeyError`` for a reason we don't make."""
    return (_BLUESKY_CHANGES if bluesky else _X_CHANGES)[reason](body)


def _value(body: bytes, field: bytes) -> tuple[int, int, int]:
    # Our own records: no space, and the first field of that name is the post's.
    start = body.index(b'"' + field + b'":"')
    value = start + len(field) + 4
    end = value
    while body[end : end + 1] != b'"':
        end += 2 if body[end : end + 1] == b"\\" else 1
    return start, value, end


def _with(body: bytes, field: bytes, value: bytes) -> bytes:
    _, start, end = _value(body, field)
    return body[:start] + value + body[end:]


def _without(body: bytes, field: bytes) -> bytes:
    start, _, end = _value(body, field)
    rest = body[end + 1 :]
    return body[:start] + rest[1:] if rest[:1] == b"," else body[:start].rstrip(b",") + rest
