"""What a row of a flat table (Parquet, CSV) means, by a mapping from its columns to ours.

What belongs here: the mapping (checked, proposed), and the step from one row to an outcome. What doesn't: reading the files.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

import msgspec

from trend_assets.lib.privacy.pseudonyms import Pseudonyms
from trend_assets.lib.sources.outcomes import (
    LARGEST_COUNT,
    NO_STRINGS,
    Outcome,
    PostRow,
    Quarantined,
    entities_of_text,
    in_utc,
    lacking,
    language_or_none,
    read_time,
    time_of_microseconds,
)

REQUIRED = ("author", "created_at", "text")
LISTS = ("hashtags", "urls", "media", "matching_rules")
COUNTS = ("repost_count", "reply_count", "like_count", "quote_count", "view_count", "author_followers")
REFERENCES = ("in_reply_to_post", "reposted_post", "quoted_post")
ACCOUNTS = ("in_reply_to_author", "reposted_author", "quoted_author")
COLUMNS = (*REQUIRED, "post_id", "language_hint", "mentions", "place", *LISTS, *COUNTS, *REFERENCES, *ACCOUNTS)

_NETWORK = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_UNITS = {"s": 1_000_000, "ms": 1_000, "us": 1}
# Names that exports commonly give these columns; only ever proposed to the user, never applied silently.
_USUAL_NAMES = {
    "post_id": ("post_id", "tweet_id", "status_id", "id", "id_str"),
    "author": ("author", "author_id", "user_id", "user", "username", "screen_name", "author_name"),
    "created_at": ("created_at", "createdat", "date", "datetime", "timestamp", "time", "posted_at"),
    "text": ("text", "full_text", "content", "body", "message", "tweet"),
    "language_hint": ("lang", "language"),
    "repost_count": ("repost_count", "retweet_count", "retweets", "reposts", "shares"),
    "reply_count": ("reply_count", "replies"),
    "like_count": ("like_count", "favorite_count", "likes", "favorites"),
    "quote_count": ("quote_count", "quotes"),
    "view_count": ("view_count", "impression_count", "views", "impressions"),
    "author_followers": ("author_followers", "followers", "followers_count", "user_followers"),
    "matching_rules": ("matching_rules", "query", "brand_query", "rule", "keyword"),
}


BROKEN_ROW = "__broken_row__"
"""Key that the edge gives a row which doesn't fit its header, with what is wrong."""


class MappingError(ValueError):
    """A mapping that can't be used; the message says what to change."""


class TableMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """How the columns of a table become a post.

    ``columns``: our column -> theirs; ``author``, ``created_at`` and ``text`` are required. ``post_id: hash`` makes the id
    from author, time and text; ``post_id: column`` (default when ``columns`` names one) takes it from the table.
    ``network``: name of the network, lower case; pseudonyms and post ids are unique within it. ``created_at_unit``: of
    numbers. ``list_separator``: splits text in list columns; times without a zone are UTC. ``encoding`` and ``delimiter``: of CSV.
    """

    network: str
    columns: dict[str, str]
    licence_class: Literal["x", "bluesky", "open", "own"] = "own"
    post_id: Literal["hash", "column"] | None = None
    created_at_unit: Literal["s", "ms", "us"] = "s"
    list_separator: str | None = None
    encoding: str = "utf-8"
    delimiter: str = ","

    def check(self, found: Sequence[str] | None = None) -> None:
        """Raises ``MappingError`` naming what is missing, for the table's columns where they are given."""
        unknown = sorted(set(self.columns) - set(COLUMNS))
        if unknown:
            raise MappingError(f"unknown columns in the mapping: {', '.join(unknown)}; known are {', '.join(COLUMNS)}")
        if not _NETWORK.fullmatch(self.network):
            raise MappingError(f"network {self.network!r} must be lower-case letters, digits, - or _")
        missing = [name for name in REQUIRED if name not in self.columns]
        if self.post_id == "column" and "post_id" not in self.columns:
            missing.append("post_id")
        absent = [] if found is None else sorted(f"{theirs} (for {ours})" for ours, theirs in self.columns.items() if theirs not in found)
        if missing or absent:
            problems = [f"the mapping lacks {', '.join(missing)}"] * bool(missing) + [f"the table lacks {', '.join(absent)}"] * bool(absent)
            proposal = "" if found is None else f"\nColumns found: {', '.join(found)}\nA mapping to start from:\n{propose_mapping(found)}"
            raise MappingError("; ".join(problems) + proposal)


def propose_mapping(found: Sequence[str]) -> str:
    """A mapping file (YAML) guessed from column names; ``?`` marks what the user must fill in."""
    by_name = {name.lower(): name for name in found}
    columns = {ours: next((by_name[name] for name in names if name in by_name), None) for ours, names in _USUAL_NAMES.items()}
    lines = ["network: x          # or any name of your own, lower case", "licence_class: own  # x, bluesky, open or own"]
    if columns["post_id"] is None:
        lines.append("post_id: hash       # no id column: the id is a hash of author, time and text")
    lines.append("columns:")
    lines += [f"  {ours}: {theirs or '?'}" for ours, theirs in columns.items() if theirs is not None or ours in REQUIRED]
    return "\n".join(lines)


def interpret(row: Mapping[str, Any], mapping: TableMapping, pseudonyms: Pseudonyms) -> Outcome:
    """What became of one row."""
    if BROKEN_ROW in row:
        return Quarantined("unknown_shape", str(row[BROKEN_ROW])[:200])
    values = {ours: row.get(theirs) for ours, theirs in mapping.columns.items()}
    author, text = _text(values["author"]), values["text"]
    post_id = _text(values.get("post_id"))
    hashed = mapping.post_id == "hash" or (mapping.post_id is None and "post_id" not in values)
    if author is None or not isinstance(text, str) or _empty(values["created_at"]) or (post_id is None and not hashed):
        return lacking(
            "post_id" if post_id is None and not hashed else None,
            "author" if author is None else None,
            "created_at" if _empty(values["created_at"]) else None,
            "text" if not isinstance(text, str) else None,
        )
    created_at = _time(values["created_at"], mapping.created_at_unit)
    if created_at is None:
        return Quarantined("unreadable_created_at", f"{mapping.columns['created_at']} {str(values['created_at'])[:40]!r} is not a time")
    if post_id is None or hashed:
        post_id = hashed_post_id(author, created_at, text)
    counts: dict[str, int | None] = dict.fromkeys(COUNTS)
    for name in values.keys() & COUNTS:
        count = _count(values[name])
        if count is not None and count < 0:
            return Quarantined("invalid_field", f"{mapping.columns[name]} {str(values[name])[:40]!r} is not a count")
        counts[name] = count
    lists = {name: _list(values.get(name), mapping.list_separator) for name in LISTS}
    references = {name: _text(values.get(name)) for name in REFERENCES}
    network = mapping.network
    accounts: dict[str, str | None] = dict.fromkeys(ACCOUNTS)
    for name in values.keys() & ACCOUNTS:
        other = _text(values[name])
        accounts[name] = None if other is None else pseudonyms.account_id(network, other)
    hashtags, mentions, urls = entities_of_text(text, network, pseudonyms)
    if not _empty(values.get("mentions")):
        mentions = [pseudonyms.account_id(network, name) for name in _list(values["mentions"], mapping.list_separator)]
    return PostRow(
        post_id,
        pseudonyms.account_id(network, author),  # author
        created_at,
        _kind(references),  # kind
        text,
        language_or_none(_text(values.get("language_hint"))),  # language_hint
        [tag.removeprefix("#").lower() for tag in lists["hashtags"]] or hashtags,  # hashtags
        mentions,
        lists["urls"] or urls,  # urls
        lists["media"],  # media
        references["in_reply_to_post"],  # in_reply_to_post
        accounts["in_reply_to_author"],  # in_reply_to_author
        references["reposted_post"],  # reposted_post
        accounts["reposted_author"],  # reposted_author
        references["quoted_post"],  # quoted_post
        accounts["quoted_author"],  # quoted_author
        None,  # edit_of
        counts["repost_count"],  # repost_count
        counts["reply_count"],  # reply_count
        counts["like_count"],  # like_count
        counts["quote_count"],  # quote_count
        counts["view_count"],  # view_count
        counts["author_followers"],  # author_followers
        lists["matching_rules"],  # matching_rules
        _text(values.get("place")),  # place
    )


def created_at_of(row: Mapping[str, Any], mapping: TableMapping) -> datetime | None:
    """The time that routes a row to its landing hour; None when it has none that can be read."""
    value = row.get(mapping.columns["created_at"])
    if isinstance(value, datetime):
        return in_utc(value)
    return None if _empty(value) else _time(value.isoformat() if isinstance(value, date) else value, mapping.created_at_unit)


def hashed_post_id(author: str, created_at: datetime, text: str) -> str:
    """The id of a post that has none: a hash of author, time and text, so that the same post always has the same id."""
    key = "\x1f".join((author, created_at.isoformat(), text))
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _kind(references: Mapping[str, str | None]) -> str:
    if references["reposted_post"] is not None:
        return "repost"
    if references["quoted_post"] is not None:
        return "quote"
    return "reply" if references["in_reply_to_post"] is not None else "post"


def _empty(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def _text(value: Any) -> str | None:
    """Ids and words as text; a whole float (pandas makes one of a column with gaps) as the number it was."""
    if _empty(value) or isinstance(value, bool | list | dict):
        return None
    if isinstance(value, float):
        # Beyond 2^53 the float is not the id any more: better none than a wrong one.
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else None
    return str(value).strip() or None


def _time(value: Any, unit: str) -> datetime | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 19:
        value = int(value)  # CSV holds numbers as text
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**60:
        return time_of_microseconds(round(value * _UNITS[unit]))
    return read_time(value.strip()) if isinstance(value, str) else None


def _count(value: Any) -> int | None:
    """A count; None for none given, -1 for something that is not a count."""
    if _empty(value):
        return None
    try:
        number = float(value) if isinstance(value, str) else value
    except ValueError:
        return -1
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= LARGEST_COUNT:
        return -1
    return int(number) if float(number).is_integer() else -1


def _list(value: Any, separator: str | None) -> list[str]:
    if _empty(value):
        return NO_STRINGS
    if isinstance(value, list):
        return [text for item in value if (text := _text(item)) is not None]
    text = _text(value)
    if text is None:
        return NO_STRINGS
    return [part.strip() for part in text.split(separator) if part.strip()] if separator else [text]
