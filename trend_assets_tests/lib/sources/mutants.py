"""Poison made from valid records, and the one check that every batch of it must pass.

What belongs here: what ``test_mutants`` (short) and ``benchmarks/faults_poison.py`` (long) share: valid records of every source, a
seeded mutator, values put into every field, the way through landing, decoding, audit, publishing and cleaning. What doesn't:
single cases with the reason they must have (``test_poison``).

A batch is landed together with good records, its *neighbours*. Whatever the batch holds, every record must come out exactly once,
as what it is or in quarantine with a reason and its bytes; the neighbours must come out as if they had been alone; and the tables
must pass the audit that publishing asks for, since one bad value would else hold back a whole hour.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import count
from typing import Any

import pyarrow as pa

from trend_assets.landing.files import LandingRecord
from trend_assets.lib.quality.audit import audit
from trend_assets.lib.quality.partition_keys import split
from trend_assets.lib.simulation.delivery import Town
from trend_assets.lib.simulation.town import TownParameters
from trend_assets.lib.sources import Decoded
from trend_assets.lib.sources.diagnosis import LARGEST_BODY
from trend_assets.lib.sources.edge import NETWORK_OF_SOURCE, records_of
from trend_assets.lib.text.clean import clean_posts
from trend_assets.partitions import hour_key, hours_between
from trend_assets.tables import TABLES
from trend_assets.tables.social import QUARANTINE_REASONS
from trend_assets_tests.lib.sources.landed import LAKE_START, MemoryStorage, decode, writer

Record = tuple[str, bytes]
"""Source and body."""
RECEIVED = LAKE_START + timedelta(days=1, hours=6)
MAPPING = json.dumps(
    {"network": "forum", "columns": {"author": "user", "created_at": "date", "text": "content", "post_id": "id", "like_count": "likes"}}
).encode()
NETWORKS = {**NETWORK_OF_SOURCE, "table": "forum"}
POISON_VALUES: tuple[bytes, ...] = (
    b"null", b"true", b"false", b"0", b"-0", b"-1", b"1.5", b"1e400", b"-1e400", b"9007199254740993", b"18446744073709551616",
    b"9" * 400, b"9" * 5000, b"1e-9999", b"NaN", b"Infinity", b"-Infinity", b'""', b'" "', b'"\\u0000"', b'"\\ud800"', b'"\\udc00\\ud800"',
    b'"\\uD83D\\uDE00"', b'"\xed\xa0\x80"', b'"\xff\xfe"', b'"\xe2\x80\xae\xd7\xa9"', b'"' + b"e\xcc\x81" * 5000 + b'"',
    b'"' + b"x" * 100_000 + b'"',
    b"[]", b"{}", b"[null]", b"[[[[[[[[[[]]]]]]]]]]", b"[" * 600 + b"]" * 600, b"[" * 3000 + b"]" * 3000,
    b'{"a":' * 600 + b"1" + b"}" * 600, b'["a","a",1,null]',
    b'{"id":"1"}', b'[{"id":1},{"id":"1"}]', b'"0001-01-01T00:00:00Z"', b'"9999-12-31T23:59:59.999999Z"', b'"9999-12-31T23:59:59-23:59"',
    b'"2026-02-30T00:00:00Z"', b'"2026-09-01T24:00:00Z"', b'"2026-09-01T23:59:60Z"', b'"2026-13-01"', b'"1e3"', b'"-1"', b'"at://"',
    b'"did:plc:"', b'"../../etc"', b'"https://[::1"', b'"\\n\\r\\t"', b"\n", b"",
)  # fmt: skip
"""JSON values, and what is none, to stand where another value stood."""
_STATUS = {
    "created_at": "Tue Sep 01 12:00:00 +0000 2026",
    "id": 1830000000000000001,
    "id_str": "1830000000000000001",
    "text": "Cut off #coa…",
    "user": {"id": 11, "id_str": "11", "screen_name": "Alice", "followers_count": 7},
    "entities": {
        "hashtags": [{"text": "Autumn", "indices": [0, 1]}],
        "user_mentions": [{"screen_name": "bob", "id": 12, "id_str": "12"}],
        "urls": [{"url": "https://t.co/a", "expanded_url": "https://shop.example/a"}],
        "media": [{"id_str": "9", "media_url_https": "https://img.example/1.jpg"}],
    },
    "truncated": True,
    "extended_tweet": {"full_text": "Even longer #autumn", "entities": {"hashtags": [{"text": "Long"}]}},
    "retweet_count": 1,
    "favorite_count": 2,
    "lang": "fr",
    "place": {"country_code": "FR"},
}
_ROW = {"id": "5", "user": "alice", "date": "2026-09-01 12:00:00", "content": "New #Autumn coats from @bob", "likes": 3.0}


def _of_town(seed: int, posts: int) -> Iterator[Record]:
    town = Town(TownParameters(start=LAKE_START, days=1, posts=posts, seed=seed))
    for batch in town.deliver(0)[0]:
        if not batch.broken:
            yield from (({"x": "x", "bluesky": "bluesky"}[batch.network], body) for body in batch.bodies)


def _of_other_sources(first: int, records: int) -> Iterator[Record]:
    for number in range(first, first + records):
        yield "x-v1", json.dumps(_STATUS | {"id": 10**18 + number, "id_str": str(10**18 + number)}).encode()
        yield "table", json.dumps(_ROW | {"id": str(10**9 + number)}).encode()


@lru_cache
def valid_records() -> tuple[Record, ...]:
    """Records to mutate: a small town's on two networks, statuses of the older API, rows of a table."""
    return (*_of_town(1, 1_200), *_of_other_sources(0, 150))


@lru_cache
def neighbours() -> tuple[Record, ...]:
    """Good posts that share no id with ``valid_records``."""
    posts = [record for record in _of_town(2, 300) if decode(_landed([record])).raw_posts.num_rows == 1]
    return (*posts[:160], *_of_other_sources(10_000, 20))


def mutants(seed: int, number: int) -> list[Record]:
    """Mutated records; the same seed gives the same ones."""
    chance, records = random.Random(seed), valid_records()
    made = []
    for _ in range(number):
        source, body = chance.choice(records)
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            body = chance.choice(_MUTATIONS)(chance, body, chance.choice(records)[1])
        made.append((source, body))
    return made


def in_every_field(values: Sequence[bytes], sources: Sequence[str] = ("x", "x-v1", "bluesky", "table")) -> Iterator[Record]:
    """Each value in place of each value that a record of each source has."""
    for source in sources:
        richest = max((body for of, body in valid_records() if of == source), key=lambda body: len(_paths(json.loads(body))))
        content, numbers = json.loads(richest), count(1)
        own_id = _ID[source](content).encode()
        for path in _paths(content):
            start, end = _around(content, path)
            for value in values:
                other_id = own_id[:-6] + b"%06d" % next(numbers)  # each record is a post of its own
                yield source, start.replace(own_id, other_id) + value + end.replace(own_id, other_id)


def text_fields(strings: Sequence[str]) -> Iterator[Record]:
    """Each string, written as JSON, in place of each value that is a text."""
    yield from in_every_field([json.dumps(text).encode() for text in strings])


_ID: dict[str, Callable[[Any], str]] = {
    "x": lambda record: record.get("data", record)["id"],
    "x-v1": lambda record: record["id_str"],
    "bluesky": lambda record: record["commit"]["rkey"],
    "table": lambda record: record["id"],
}


# One mutation each: (chance, body, another record's body) to a body.


def _flip(chance: random.Random, body: bytes, other: bytes) -> bytes:
    changed = bytearray(body or b"{}")
    for _ in range(chance.randint(1, 6)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _cut(chance: random.Random, body: bytes, other: bytes) -> bytes:
    return body[: chance.randrange(len(body) + 1)]


def _without_a_span(chance: random.Random, body: bytes, other: bytes) -> bytes:
    start = chance.randrange(len(body) + 1)
    return body[:start] + body[start + chance.randint(1, 30) :]


def _span_twice(chance: random.Random, body: bytes, other: bytes) -> bytes:
    start = chance.randrange(len(body) + 1)
    end = start + chance.randint(1, 200)
    return body[:end] + body[start:end] + body[end:]


def _spliced(chance: random.Random, body: bytes, other: bytes) -> bytes:
    return body[: chance.randrange(len(body) + 1)] + other[chance.randrange(len(other) + 1) :]


def _key_twice(chance: random.Random, body: bytes, other: bytes) -> bytes:
    content = _object(body)
    if not content:
        return _flip(chance, body, other)
    name = json.dumps(chance.choice(sorted(content))).encode()
    value = chance.choice(POISON_VALUES[:40])
    return b"{" + name + b":" + value + b"," + body[1:] if chance.random() < 0.5 else body[:-1] + b"," + name + b":" + value + b"}"


def _other_value(chance: random.Random, body: bytes, other: bytes) -> bytes:
    content = _object(body)
    if not content:
        return _cut(chance, body, other)
    start, end = _around(content, chance.choice(_paths(content)))
    return start + chance.choice(POISON_VALUES) + end


def _value_of_another(chance: random.Random, body: bytes, other: bytes) -> bytes:
    content, others = _object(body), _object(other)
    if not content or not others:
        return _spliced(chance, body, other)
    start, end = _around(content, chance.choice(_paths(content)))
    value: Any = others
    for step in chance.choice(_paths(others)):
        value = value[step]
    return start + json.dumps(value).encode() + end


def _without_a_key(chance: random.Random, body: bytes, other: bytes) -> bytes:
    content = _object(body)
    if not content:
        return _without_a_span(chance, body, other)
    path = chance.choice(_paths(content))
    holder: Any = content
    for step in path[:-1]:
        holder = holder[step]
    del holder[path[-1]]
    return json.dumps(content).encode()


_BROKEN = (_flip, _cut, _without_a_span, _span_twice, _spliced)
_WELL_FORMED = (_key_twice, _other_value, _value_of_another, _without_a_key)
_MUTATIONS = (*_BROKEN, *_WELL_FORMED * 2)
"""What stays JSON is mutated twice as often: what does not is refused by the first look."""
_PLACE = "\x1aplace\x1a"


def _object(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _paths(content: Any, depth: int = 0) -> list[tuple[Any, ...]]:
    """Where values stand, leaves and branches."""
    items: list[tuple[Any, Any]] = []
    if depth < 12:
        items = list(content.items()) if isinstance(content, dict) else list(enumerate(content)) if isinstance(content, list) else []
    found: list[tuple[Any, ...]] = []
    for name, value in items:
        found += [(name,), *((name, *rest) for rest in _paths(value, depth + 1))]
    return found


def _around(content: dict[str, Any], path: tuple[Any, ...]) -> tuple[bytes, bytes]:
    """The record's bytes before and after the value at the path."""
    holder: Any = content
    for step in path[:-1]:
        holder = holder[step]
    kept, holder[path[-1]] = holder[path[-1]], _PLACE
    start, _, end = json.dumps(content).encode().partition(json.dumps(_PLACE).encode())
    holder[path[-1]] = kept
    return start, end


# The way through the house, and what must hold.


@dataclass
class Outcome:
    """What became of a batch. Everything in ``violations`` must never be."""

    records: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """Take in another batch."""
        self.records += other.records
        self.outcomes += other.outcomes
        self.reasons += other.reasons
        self.violations += other.violations


def _landed(records: Sequence[Record]) -> MemoryStorage:
    """Landed as a collector lands what it receives: each record as one, whatever it holds, at the hour that the edge reads from it."""
    storage = MemoryStorage()
    landing = writer(storage)
    for source, body in records:
        created_at = next((record.created_at for record in records_of(source, body)), None) if source != "table" else None
        includes = MAPPING if source == "table" else None
        if source == "table":
            created_at = datetime(2026, 9, 1, 12, tzinfo=UTC)
        landing.add(LandingRecord(NETWORKS[source], source, RECEIVED, "poison", "post", body, includes, created_at))
    landing.flush()
    return storage


def _landed_at_the_edge(records: Sequence[Record]) -> tuple[MemoryStorage, int]:
    """Landed as ``ingest`` lands the lines of a file; also how many records the edge saw."""
    storage, seen = MemoryStorage(), 0
    landing = writer(storage)
    for source, body in records:
        for record in records_of(source, body) if source != "table" else ():
            network = NETWORKS[source]
            landing.add(LandingRecord(network, source, RECEIVED, "poison", record.kind, record.body, record.includes, record.created_at))
            seen += 1
    landing.flush()
    return storage, seen


def check(records: Sequence[Record]) -> Outcome:
    """Send poison and its neighbours through the house, both ways in."""
    beside = _mixed(records, neighbours())
    found = Outcome(records=len(records))
    decoded = decode(_landed(beside))
    _account(found, decoded, len(beside))
    _bytes_kept(found, decoded, {body for _, body in beside})
    _neighbours_kept(found, decoded)
    _fit_to_publish(found, decoded)
    storage, seen = _landed_at_the_edge(beside)
    edge = Outcome()
    _account(edge, decode(storage), seen)
    found.violations += [f"at the edge: {violation}" for violation in edge.violations]
    return found


def _mixed(records: Sequence[Record], good: Sequence[Record]) -> list[Record]:
    """Good records spread evenly among the others."""
    step = max(len(records) // len(good), 1)
    mixed: list[Record] = []
    for number, record in enumerate(good):
        mixed += [*records[number * step : (number + 1) * step], record]
    return [*mixed, *records[len(good) * step :]]


def _account(found: Outcome, decoded: Decoded, landed: int) -> None:
    for row in decoded.landing_counts.to_pylist():
        found.outcomes[row["outcome"]] += row["records"]
        if row["outcome"] == "quarantined":
            found.reasons[row["detail"]] += row["records"]
    counted = found.outcomes
    if counted.total() != landed:
        found.violations.append(f"{landed} records landed and {counted.total()} are accounted for")
    tables = {"posts": counted["post"] + counted["repost"], "quarantined": counted["quarantined"], "deletions": counted["deletion"]}
    rows = {
        "posts": decoded.raw_posts.num_rows,
        "quarantined": decoded.quarantined_posts.num_rows,
        "deletions": decoded.deletions.num_rows,
    }
    if rows != tables:
        found.violations.append(f"tables have {rows}, the counts say {tables}")
    if unknown := set(found.reasons) - set(QUARANTINE_REASONS):
        found.violations.append(f"reasons that are none: {sorted(unknown)}")
    if not all(decoded.quarantined_posts["detail"].to_pylist()):
        found.violations.append("a quarantined record does not say what it lacks")


def _bytes_kept(found: Outcome, decoded: Decoded, bodies: set[bytes]) -> None:
    lost = [original for original in decoded.quarantined_posts["original"].to_pylist() if original not in bodies]
    if lost:
        found.violations.append(f"{len(lost)} quarantined records have lost their bytes: {lost[0][:200]!r}")
    if any(len(body) > LARGEST_BODY for body in bodies) and not found.reasons["too_large"]:
        found.violations.append("a record larger than any that is decoded was decoded")


@lru_cache
def _alone() -> dict[tuple[str, str], dict[str, Any]]:
    return _by_id(decode(_landed(neighbours())).raw_posts)


def _by_id(posts: pa.Table) -> dict[tuple[str, str], dict[str, Any]]:
    rows = posts.drop_columns(["landing_file", "landing_line"]).to_pylist()
    return {(row["network"], row["post_id"]): row for row in rows}


def _neighbours_kept(found: Outcome, decoded: Decoded) -> None:
    rows = _by_id(decoded.raw_posts)
    harmed = [key for key, row in _alone().items() if rows.get(key) != row]
    if harmed:
        found.violations.append(f"{len(harmed)} of {len(_alone())} neighbours are gone or changed, first {harmed[0]}")


def _fit_to_publish(found: Outcome, decoded: Decoded) -> None:
    """The audit of every hour, and cleaning: one record must not hold back an hour of others."""
    keys = [hour_key(hour) for hour in hours_between(LAKE_START, LAKE_START + timedelta(days=30))]
    for name in ("raw_posts", "quarantined_posts", "deletions", "landing_counts"):
        _audit(found, f"social/{name}", getattr(decoded, name), keys)
    _audit(found, "social/clean_posts", clean_posts(decoded.raw_posts), keys)


def _audit(found: Outcome, path: str, data: pa.Table, keys: Sequence[str]) -> None:
    table = TABLES[path]
    for key, rows in split(table, table.conform(data), keys).items():
        if rows.num_rows:
            found.violations += [f"the audit refuses: {finding}" for finding in audit(table, rows, key) if finding.severity == "error"]
