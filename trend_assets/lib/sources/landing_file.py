"""The landing file format: what a line holds, how lines become a file's bytes and back.

What belongs here: pure functions between records, lines and bytes. What doesn't: writing to a store and listing it
(``trend_assets.landing.files``), what a record means (the other modules of this folder).

A line is ``{"source","received_at","request_id","kind","body"|"body_base64","includes"}``: ``body`` is the record's JSON
object, byte for byte; ``body_base64`` holds bytes that are not one JSON object on one line; ``includes`` holds only what
the record needs. A file's name ends in the start of the SHA-256 of its bytes, so damage of any kind is noticed.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pyarrow as pa

FUTURE_TOLERANCE = timedelta(minutes=10)
"""How far in the future of its receipt a post may be dated: clocks differ."""

HOUR_FORMAT = "%Y-%m-%dT%H"
_LANDING_PATH = re.compile(r"network=([^/]+)/hour=(\d{4}-\d\d-\d\dT\d\d)/[^/]+-([0-9a-f]{12})\.jsonl\.zst")
_LARGEST_FILE_BYTES = 2 << 30
_encode_text = msgspec.json.Encoder().encode
_check_json = msgspec.json.Decoder(msgspec.Raw).decode


class DamagedLandingFileError(ValueError):
    """A landing file whose bytes are not what was published."""


class LandingRecord(msgspec.Struct, frozen=True):
    """One record as received.

    ``kind`` says what the edge saw (post, stream, error, event, status, row, ...); ``body`` is the record's own bytes and
    is never re-encoded; ``includes`` is a JSON object with what the record refers to; ``created_at`` (aware) routes it.
    """

    network: str
    source: str
    received_at: datetime
    request_id: str
    kind: str
    body: bytes
    includes: bytes | None = None
    created_at: datetime | None = None


def line_prefix(source: str, received_at: str, request_id: str, kind: str) -> bytes:
    """The start of a line, up to where ``body`` begins."""
    text = _encode_text({"source": source, "received_at": received_at, "request_id": request_id, "kind": kind})
    return text[:-1] + b","


def encode_line(prefix: bytes, body: bytes, includes: bytes | None) -> bytes:
    """A whole line from its prefix. A body that could spoil the line it stands in is written in base 64."""
    encoded = b'"body":' + body if _embeddable(body) else b'"body_base64":"' + base64.b64encode(body) + b'"'
    # Between JSON tokens a line break is only white space; inside strings JSON forbids it.
    included = b"" if includes is None else b',"includes":' + includes.replace(b"\n", b" ").replace(b"\r", b" ")
    return prefix + encoded + included + b"}\n"


def _embeddable(body: bytes) -> bool:
    """Whether the bytes are one JSON object on one line, in UTF-8."""
    if body[:1] != b"{" or b"\n" in body or b"\r" in body:
        return False
    try:
        _check_json(body)
        body.decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def compress_lines(lines: Sequence[bytes]) -> bytes:
    """The bytes of a landing file that holds these lines (each ends with a line feed)."""
    return pa.Codec("zstd", compression_level=3).compress(b"".join(lines), asbytes=True)


def file_path(network: str, hour: str, ulid: str, data: bytes) -> str:
    """Path of a landing file relative to the landing root; ``hour`` as ``2026-09-01T00``."""
    return f"network={network}/hour={hour}/{ulid}-{hashlib.sha256(data).hexdigest()[:12]}.jsonl.zst"


def landing_network(path: str) -> str:
    """The network in a landing file's path. Raises ``ValueError`` for a path that is not a landing file's."""
    match = _LANDING_PATH.fullmatch(path)
    if match is None:
        raise ValueError(f"{path!r} is not the path of a landing file")
    return match.group(1)


def landing_hour(path: str) -> datetime:
    """The hour in a landing file's path (aware, UTC). Raises ``ValueError`` for a path that is not a landing file's."""
    match = _LANDING_PATH.fullmatch(path)
    if match is None:
        raise ValueError(f"{path!r} is not the path of a landing file")
    return datetime.strptime(match.group(2), HOUR_FORMAT).replace(tzinfo=UTC)


def read_lines(path: str, data: bytes) -> list[bytes]:
    """The lines of a landing file, without line feeds.

    Raises ``DamagedLandingFileError`` when the bytes differ from those published (by the hash in the name) or don't decompress.
    """
    if not data:
        raise DamagedLandingFileError("the file is empty")
    try:
        with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
            text = stream.read(_LARGEST_FILE_BYTES)
    except (OSError, pa.ArrowException) as error:
        raise DamagedLandingFileError(f"zstd: {error}") from error
    match = _LANDING_PATH.fullmatch(path)
    if match is not None and hashlib.sha256(data).hexdigest()[:12] != match.group(3):
        raise DamagedLandingFileError("the file's bytes differ from the hash in its name")
    lines = text.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return lines
