"""From landing files to raw tables: every record becomes exactly one outcome, and every outcome is counted.

What belongs here: the loop over files and lines, the lake's window, duplicates, the accounting. What doesn't: what a
record means (one module per network), why bytes are unreadable (``diagnosis``), Arrow columns (``columns``).

A line takes the fast way (one strict decode of line and record together) and only what that refuses takes the slow way,
which finds the reason. The identity holds by construction: a record leaves the loop on exactly one of four ways (post,
deletion, ignored, quarantined), and a post is later counted either as itself or, if a newer version replaced it, as a duplicate.
"""

from __future__ import annotations

import base64
import binascii
import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from trend_assets.lib.privacy.pseudonyms import Pseudonyms
from trend_assets.lib.sources import bluesky, table, x, x_v1
from trend_assets.lib.sources.columns import (
    CountedRecords,
    Decoded,
    DeletedRecord,
    LandedPost,
    PostCollector,
    QuarantinedRecord,
    count_table,
    deletion_table,
    quarantine_table,
)
from trend_assets.lib.sources.diagnosis import LARGEST_BODY, refuse_bytes, refuse_undecodable
from trend_assets.lib.sources.landing_file import FUTURE_TOLERANCE, landing_network, read_lines
from trend_assets.lib.sources.outcomes import ABSENT, Deletion, Ignored, Outcome, PostRow, Quarantined, given
from trend_assets.lib.sources.x_shapes import XBody, XIncludes

UNKNOWN_SOURCE = "unknown"
"""Source of what can't even be read as a landing line."""

LICENCE_OF_SOURCE = {"x": "x", "x-v1": "x", "bluesky": "bluesky", "simulated": "simulated"}
"""Licence class of the posts each source brings; a table's is in its mapping."""

# ValueError: invalid UTF-8, an unusable mapping, a number of thousands of digits; OverflowError: a time outside the calendar.
_Unreadable = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError)


class _Line(msgspec.Struct, gc=False):
    """What every landing line says besides the record."""

    source: str
    received_at: datetime
    request_id: str
    kind: str
    body_base64: str | None = None


class _RawLine(_Line, gc=False):
    body: msgspec.Raw = ABSENT
    includes: msgspec.Raw = ABSENT


class _XLine(_Line, gc=False):
    body: XBody | None = None
    includes: XIncludes | None = None


class _V1Line(_Line, gc=False):
    body: x_v1.V1Body | None = None


class _BlueskyLine(_Line, gc=False):
    body: bluesky.Event | None = None


class _TableLine(_Line, gc=False):
    body: dict[str, Any] | None = None
    includes: msgspec.Raw = ABSENT


_decode_raw_line = msgspec.json.Decoder(_RawLine).decode
_decode_mapping = msgspec.json.Decoder(table.TableMapping).decode


class _Family:
    """How the lines of one source are decoded and what their records mean."""

    def __init__(self, line: type[_Line], body: Any, includes: Any, interpret: Callable[[Any, Pseudonyms], Outcome]) -> None:
        self.decode_line = msgspec.json.Decoder(line).decode
        self.decode_body = msgspec.json.Decoder(body).decode
        self.decode_includes = None if includes is None else msgspec.json.Decoder(includes).decode
        self.interpret = interpret


class _Record(msgspec.Struct, gc=False):
    """A record that took the slow way: what ``interpret`` needs."""

    kind: str
    body: Any
    includes: Any


_mappings: dict[bytes, table.TableMapping] = {}


def _table_row(line: Any, pseudonyms: Pseudonyms) -> Outcome:
    return table.interpret(line.body, _mapping(bytes(line.includes) or b"{}"), pseudonyms)


def _mapping(text: bytes) -> table.TableMapping:
    """The mapping a table's record carries; parsed once per distinct mapping."""
    mapping = _mappings.get(text)
    if mapping is None:
        if len(_mappings) > 100:
            _mappings.clear()
        mapping = _mappings[text] = _decode_mapping(text)
        mapping.check()
    return mapping


def _x_post(line: Any, pseudonyms: Pseudonyms) -> Outcome:
    return x.interpret(line.kind, line.body, line.includes, pseudonyms)


def _town_x_post(line: Any, pseudonyms: Pseudonyms) -> Outcome:
    return x.interpret(line.kind, line.body, line.includes, pseudonyms, place_names=True)


_X = _Family(_XLine, XBody, XIncludes, _x_post)
_BLUESKY = _Family(_BlueskyLine, bluesky.Event, None, lambda line, pseudonyms: bluesky.interpret(line.body, pseudonyms))
_FAMILIES = {
    ("x", "x"): _X,
    ("simulated", "x"): _Family(_XLine, XBody, XIncludes, _town_x_post),
    ("x-v1", "x"): _Family(_V1Line, x_v1.V1Body, None, lambda line, pseudonyms: x_v1.interpret(line.kind, line.body, pseudonyms)),
    ("bluesky", "bluesky"): _BLUESKY,
    ("simulated", "bluesky"): _BLUESKY,
}
_TABLE = _Family(_TableLine, dict[str, Any], None, _table_row)


def _family(source: str, network: str) -> _Family | None:
    return _TABLE if source == "table" else _FAMILIES.get((source, network))


def decode_landing(
    files: Iterable[tuple[str, bytes]],
    *,
    hour: datetime,
    lake_start: datetime,
    lake_end: datetime | None,
    pseudonyms: Pseudonyms,
) -> Decoded:
    """The raw tables of one landing hour.

    ``files``: paths relative to the landing root with their bytes, in any order (the result is the same). ``hour``: start
    of the landing hour, aware. The rest as in ``decode_hours``.
    """
    return decode_hours({hour: files}, lake_start=lake_start, lake_end=lake_end, pseudonyms=pseudonyms)


def decode_hours(
    files: Mapping[datetime, Iterable[tuple[str, bytes]]],
    *,
    lake_start: datetime,
    lake_end: datetime | None,
    pseudonyms: Pseudonyms,
) -> Decoded:
    """The raw tables of many landing hours at once; the same rows as one hour at a time, in time order.

    A post outside [``lake_start``, ``lake_end``) or more than ten minutes after its receipt is quarantined. Of several
    versions of a post (same network and id in one hour) the newest by the network's own order wins (Bluesky's revisions), else the
    one received last; at the same moment, the one in the later line of the later file. Never raises for what a file holds.
    """
    decoder = _Decoder(lake_start, lake_end, pseudonyms)
    with _no_collection_of_cycles():
        for hour in sorted(files):
            decoder.decode_hour(hour.astimezone(UTC), sorted(dict(files[hour]).items()))
        return Decoded(
            raw_posts=decoder.posts.table(),
            quarantined_posts=quarantine_table(decoder.quarantined),
            deletions=deletion_table(decoder.deletions),
            landing_counts=count_table(decoder.counts),
        )


@contextmanager
def _no_collection_of_cycles() -> Iterator[None]:
    """Millions of small objects and not one cycle: looking for cycles again and again would cost a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _File(msgspec.Struct, gc=False):
    """Where the lines being read come from."""

    hour: datetime
    hour_end: datetime
    path: str
    network: str
    families: dict[bytes, _Family | None]


class _Decoder:
    """The state of one call: outcomes so far."""

    def __init__(self, lake_start: datetime, lake_end: datetime | None, pseudonyms: Pseudonyms) -> None:
        self.lake_start = lake_start
        self.lake_end = lake_end or datetime.max.replace(tzinfo=UTC)
        self.pseudonyms = pseudonyms
        self.posts = PostCollector()
        self.quarantined: list[QuarantinedRecord] = []
        self.deletions: list[DeletedRecord] = []
        self.counts: list[CountedRecords] = []
        self._newest: dict[tuple[str, str], tuple[int, LandedPost, str, str]] = {}
        self._counter: Counter[tuple[str, str, str, str, str]] = Counter()

    def decode_hour(self, hour: datetime, files: Iterable[tuple[str, bytes]]) -> None:
        """Decode the files of one hour (sorted by path), settle duplicates, count."""
        self._newest, self._counter = {}, Counter()
        for path, data in files:
            file = _File(hour, hour + timedelta(hours=1), path, "", {})
            try:
                file.network = landing_network(path)
                lines = read_lines(path, data)
            except ValueError as error:
                reason = "truncated" if not data or "runcated" in str(error) else "invalid_encoding"
                line = _RawLine(UNKNOWN_SOURCE, hour, "", "")
                self._note(file, 0, line, Quarantined(reason, f"the whole landing file: {error}"), data)
                continue
            self._decode_lines(file, lines)
        for _, landed, outcome, _ in self._newest.values():
            self._counter[landed.landing_file, landed.request_id, landed.source, outcome, ""] += 1
        self.counts.extend(CountedRecords(hour, *key, records) for key, records in sorted(self._counter.items()))

    def _decode_lines(self, file: _File, lines: list[bytes]) -> None:
        pseudonyms = self.pseudonyms
        for number, text in enumerate(lines):
            family = _family_of_line(file, text)
            outcome: Outcome | None = None
            line: Any = None
            if family is not None and len(text) <= LARGEST_BODY:
                try:
                    line = family.decode_line(text)
                    if line.body is not None:
                        outcome = family.interpret(line, pseudonyms)
                except _Unreadable:
                    outcome = None
            if outcome is None:
                line, outcome = self._decode_slowly(file, text)
            if type(outcome) is PostRow:
                refused = self._accept(file, number, line, outcome)
                if refused is not None:
                    self._note(file, number, line, refused, text)
            else:
                self._note(file, number, line, outcome, text)

    def _accept(self, file: _File, number: int, line: Any, row: PostRow) -> Quarantined | None:
        """Take a post in, or say why it is not for this hour of this lake."""
        created_at = row.created_at
        if not (self.lake_start <= created_at < self.lake_end and created_at - line.received_at <= FUTURE_TOLERANCE):
            return Quarantined("outside_lake_window", self._outside(created_at))
        if not file.hour <= created_at < file.hour_end:
            belongs = created_at.strftime("%Y-%m-%dT%H")
            return Quarantined("wrong_landing_hour", f"created_at belongs to hour {belongs}; ingest it again to land it there")
        landed = LandedPost(file.network, line.source, line.received_at, file.path, number, line.request_id, _licence_class(line))
        key = (file.network, row.post_id)
        known = self._newest.get(key)
        outcome = "repost" if row.kind == "repost" else "post"
        if known is None:
            self._newest[key] = (self.posts.add(row, landed), landed, outcome, row.version)
            return None
        # The network's own order of versions decides, then the time of receipt. Files and lines come in order, so at the same moment
        # of receipt the later line wins.
        ordinal, loser, _, version = known
        if (row.version, landed.captured_at) >= (version, loser.captured_at):
            self.posts.withdraw(ordinal)
            self._newest[key] = (self.posts.add(row, landed), landed, outcome, row.version)
        else:
            loser = landed
        self._counter[loser.landing_file, loser.request_id, loser.source, "duplicate", ""] += 1
        return None

    def _outside(self, created_at: datetime) -> str:
        if created_at < self.lake_start:
            return f"created_at {_short(created_at)} is before the lake's start {_short(self.lake_start)}"
        if created_at >= self.lake_end:
            return f"created_at {_short(created_at)} is not before the lake's end {_short(self.lake_end)}"
        return f"created_at {_short(created_at)} is more than ten minutes after receipt"

    def _note(self, file: _File, number: int, line: Any, outcome: Outcome, text: bytes) -> None:
        """Count and keep what is not a post. ``text``: the landing line, or the bytes of a damaged file."""
        key = (file.path, line.request_id, line.source)
        if type(outcome) is Ignored:
            self._counter[*key, "ignored", outcome.kind] += 1
        elif type(outcome) is Deletion:
            self._counter[*key, "deletion", outcome.subject_kind] += 1
            moment = outcome.deleted_at or line.received_at
            subject = (outcome.subject_kind, outcome.subject, outcome.action, moment)
            self.deletions.append(DeletedRecord(file.hour, file.network, *subject, line.source, file.path, number, line.request_id))
        elif type(outcome) is Quarantined:
            self._counter[*key, "quarantined", outcome.reason] += 1
            what = (file.network or UNKNOWN_SOURCE, line.source, outcome.reason, outcome.detail, _original(text))
            self.quarantined.append(QuarantinedRecord(file.hour, *what, line.received_at, file.path, number, line.request_id))

    def _decode_slowly(self, file: _File, text: bytes) -> tuple[Any, Outcome]:
        """The careful way: first the line, then the record's bytes, then their meaning; each with its own reason."""
        try:
            line = _decode_raw_line(text)
        except _Unreadable:
            reason = refuse_bytes(text) or Quarantined("unknown_shape", "not a landing line")
            return _RawLine(UNKNOWN_SOURCE, file.hour, "", ""), reason
        body = _body(line)
        if body is None:
            return line, Quarantined("unknown_shape", "the landing line holds no record")
        refused = refuse_bytes(body)
        if refused is not None:
            return line, refused
        family = _family(line.source, file.network)
        if family is None:
            return line, Quarantined("unknown_shape", f"no decoder for source {line.source[:40]!r} of network {file.network!r}")
        try:
            includes: Any = line.includes
            if family.decode_includes is not None:
                includes = family.decode_includes(includes) if given(includes) else None
            return line, family.interpret(_Record(line.kind, family.decode_body(body), includes), self.pseudonyms)
        except RecursionError:
            return line, Quarantined("too_large", "nested deeper than the decoder allows")
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return line, refuse_undecodable(body, str(error))
        except OverflowError:
            return line, Quarantined("unreadable_created_at", "created_at is outside the calendar")
        except ValueError as error:
            return line, Quarantined("invalid_field", str(error)[:500])


def _family_of_line(file: _File, text: bytes) -> _Family | None:
    source = text[11 : text.find(b'"', 11)]  # the writer puts the source first: {"source":"x",...
    try:
        return file.families[source]
    except KeyError:
        if len(file.families) > 100:  # a file of hostile lines
            file.families.clear()
        family = file.families[source] = _family(source.decode("ascii", "replace"), file.network)
        return family


def _licence_class(line: Any) -> str:
    licence = LICENCE_OF_SOURCE.get(line.source)
    return licence if licence is not None else _mapping(bytes(line.includes)).licence_class


def _body(line: _RawLine) -> bytes | None:
    if line.body_base64 is not None:
        try:
            return base64.b64decode(line.body_base64, validate=True)
        except binascii.Error:
            return None
    return bytes(line.body) if given(line.body) else None


def _original(text: bytes) -> bytes:
    """The record's own bytes from its landing line; the line, or file, itself where it can't be read."""
    try:
        body = _body(_decode_raw_line(text))
    except _Unreadable:
        return text
    return text if body is None else body


def _short(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
