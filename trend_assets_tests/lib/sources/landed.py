"""Records landed and decoded in memory: what the tests of sources share.

What belongs here: helpers without a test. What doesn't: made-up payloads (they stand beside the tests that use them).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from trend_assets.landing.files import LandingRecord, LandingWriter, list_landing
from trend_assets.lib.privacy.pseudonyms import Pseudonyms
from trend_assets.lib.sources import Decoded, decode_hours
from trend_assets.lib.sources.edge import NETWORK_OF_SOURCE, records_of

LAKE_START = datetime(2026, 9, 1, tzinfo=UTC)
LAKE_END = datetime(2026, 10, 1, tzinfo=UTC)
RECEIVED = datetime(2026, 9, 2, 12, 30, tzinfo=UTC)
PSEUDONYMS = Pseudonyms("key of the tests")


class MemoryStorage:
    """A storage that holds its files in a dict."""

    workers = 1

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def write_new(self, path: str, data: bytes) -> None:
        self.files[path] = data

    def read(self, path: str) -> bytes:
        return self.files[path]

    def list(self, prefix: str = "") -> list[str]:
        return sorted(path for path in self.files if path.startswith(prefix))

    def folders(self, folder: str = "") -> list[str]:
        start = f"{folder}/" if folder else ""
        inside = (path.removeprefix(start) for path in self.files if path.startswith(start))
        return sorted({start + path.partition("/")[0] for path in inside if "/" in path})


def writer(storage: MemoryStorage, **changes: Any) -> LandingWriter:
    """A writer with a fixed clock, whose file names follow from their number."""
    numbers = iter(range(10**6))
    settings = {"lake_start": LAKE_START, "lake_end": LAKE_END, "clock": lambda: RECEIVED} | changes
    return LandingWriter(storage, entropy=lambda size: next(numbers).to_bytes(size, "big"), **settings)


def land(
    source: str, *texts: bytes | dict[str, Any], received_at: datetime = RECEIVED, storage: MemoryStorage | None = None
) -> MemoryStorage:
    """Lines or documents of a source, split at the edge and landed."""
    storage = storage or MemoryStorage()
    landing = writer(storage)
    for text in texts:
        data = text if isinstance(text, bytes) else json.dumps(text).encode()
        for record in records_of(source, data):
            network = NETWORK_OF_SOURCE[source]
            landing.add(LandingRecord(network, source, received_at, "test/1", record.kind, record.body, record.includes, record.created_at))
    landing.flush()
    return storage


def decode(storage: MemoryStorage, **changes: Any) -> Decoded:
    """Everything landed, decoded."""
    files = {hour: [(path, storage.read(path)) for path in paths] for hour, paths in list_landing(storage).items()}
    return decode_hours(files, **({"lake_start": LAKE_START, "lake_end": LAKE_END, "pseudonyms": PSEUDONYMS} | changes))


def outcomes(decoded: Decoded) -> dict[str, int]:
    """Records by outcome and detail, as ``"ignored error": 2``."""
    rows = decoded.landing_counts.to_pylist()
    result: dict[str, int] = {}
    for row in rows:
        key = f"{row['outcome']} {row['detail']}".strip()
        result[key] = result.get(key, 0) + row["records"]
    return result


def posts(source: str, *texts: bytes | dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of raw_posts that these records become."""
    return decode(land(source, *texts)).raw_posts.to_pylist()


def quarantine(source: str, *texts: bytes | dict[str, Any]) -> list[tuple[str, str]]:
    """Reason and detail of the records refused."""
    table = decode(land(source, *texts)).quarantined_posts
    return list(zip(table["reason"].to_pylist(), table["detail"].to_pylist(), strict=True))
