"""Why bytes are no record: the slow, careful second look at what the fast decoder refused.

What belongs here: reasons that concern any network's bytes. What doesn't: what a readable record lacks.
"""

from __future__ import annotations

import json

from trend_assets.lib.sources.outcomes import Quarantined

LARGEST_BODY = 1 << 20
"""Largest record that is decoded, bytes: the largest real post with all its expansions is some 100 kB."""


_STARTED = frozenset({"t", "tr", "tru", "f", "fa", "fal", "fals", "n", "nu", "nul", "-"})  # beginnings of true, false, null, numbers


_FIELD_REASONS = {
    "created_at": "unreadable_created_at",
    "createdAt": "unreadable_created_at",
    "id": "invalid_id",
    "id_str": "invalid_id",
    "rkey": "invalid_id",
    "did": "missing_author",
    "author_id": "missing_author",
}


class _NotANumberError(ValueError):
    pass


def refuse_bytes(body: bytes) -> Quarantined | None:
    """Why the bytes are not one JSON object that can be decoded; None when they are."""
    if len(body) > LARGEST_BODY:
        return Quarantined("too_large", f"{len(body)} bytes; at most {LARGEST_BODY} are decoded")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and body[:1] in (b"{", b"["):
            return _truncated(body)
        return Quarantined("invalid_encoding", f"not UTF-8: byte 0x{body[error.start]:02x} at {error.start}")
    if not text.strip():
        return Quarantined("not_json", "empty")
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_int=str, parse_float=str)
    except RecursionError:
        return Quarantined("too_large", "nested deeper than the decoder allows")
    except _NotANumberError as error:
        return Quarantined("not_json", f"{error} is not JSON")
    except json.JSONDecodeError as error:
        if _cut_off(text, error):
            return _truncated(body)
        return Quarantined("not_json", f"{error.msg} at character {error.pos}")
    if not isinstance(value, dict):
        return Quarantined("not_an_object", f"a JSON {_name(value)}, not an object")
    return None


def refuse_undecodable(body: bytes, message: str) -> Quarantined:
    """The reason for an object that the typed decoder refused with this message."""
    if " - at `" in message or message.startswith(("Expected", "Invalid RFC3339", "Object")):
        for field, reason in _FIELD_REASONS.items():
            if message.endswith(f".{field}`"):
                return Quarantined(reason, message)
        return Quarantined("invalid_field", message)
    if b"\\u" in body and _has_lone_surrogate(body):
        return Quarantined("invalid_encoding", "a lone surrogate (half of a character) in an escape")
    return Quarantined("not_json", message)


def _has_lone_surrogate(body: bytes) -> bool:
    try:
        # The standard library keeps lone surrogates; they can't be written as UTF-8.
        json.dumps(json.loads(body), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except (ValueError, RecursionError):
        return False
    return False


def _refuse_constant(name: str) -> None:
    raise _NotANumberError(name)


def _truncated(body: bytes) -> Quarantined:
    return Quarantined("truncated", f"the record ends in the middle, after {len(body)} bytes")


def _cut_off(text: str, error: json.JSONDecodeError) -> bool:
    """Whether an object or array is right up to the end of the text, where something is missing."""
    if text.lstrip()[0] not in "{[":
        return False
    in_string = error.msg.startswith("Unterminated string") or (error.msg.startswith("Invalid \\u") and len(text) - error.pos < 6)
    return in_string or error.pos >= len(text.rstrip()) or text[error.pos :].strip() in _STARTED


def _name(value: object) -> str:
    if isinstance(value, list):
        return "array"
    return "text or number" if isinstance(value, str) else "null" if value is None else "true or false"
