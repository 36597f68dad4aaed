"""Cost of the sources: landing, reading and decoding, in microseconds of one core per post and stage.

What belongs here: made-up posts of each format through the real functions. Run: ``python benchmarks/sources.py [posts]``.
The budget of the whole sealed lane is 172 core-microseconds a post.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from trend_assets.landing.files import LandingWriter, list_landing, read_lines
from trend_assets.lib.privacy.pseudonyms import Pseudonyms
from trend_assets.lib.sources import decode_hours

START = datetime(2026, 9, 1, tzinfo=UTC)
END = datetime(2026, 10, 1, tzinfo=UTC)
WORDS = [f"word{number}" for number in range(3000)]
MAPPING = b'{"network":"forum","columns":{"author":"user","created_at":"date","text":"content","like_count":"likes"}}'


class Memory:
    """A storage in memory: the benchmark measures our code, not the disk."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def write_new(self, path: str, data: bytes) -> None:
        """Keep a file."""
        self.files[path] = data

    def read(self, path: str) -> bytes:
        """A file's bytes."""
        return self.files[path]

    def list(self, prefix: str) -> list[str]:
        """Sorted paths."""
        return sorted(path for path in self.files if path.startswith(prefix))


def _texts(count: int) -> list[str]:
    random = np.random.default_rng(1)
    return [" ".join(WORDS[number] for number in chosen) + " #autumn @shop" for chosen in random.integers(0, len(WORDS), (count, 14))]


def _x(number: int, text: str, moment: str) -> bytes:
    author, other = 10**17 + number % 9000, 10**17 + number * 7 % 9000
    counts = {"followers_count": 50, "following_count": 3, "tweet_count": 9, "listed_count": 0}
    user = {"name": "Somebody", "verified": False, "public_metrics": counts}
    users = [{"id": str(author), "username": f"u{author}", **user}]
    data = {
        "id": str(10**18 + number),
        "text": text,
        "author_id": str(author),
        "created_at": moment,
        "lang": "en",
        "edit_history_tweet_ids": [str(10**18 + number)],
        "conversation_id": str(10**18 + number),
        "possibly_sensitive": False,
        "reply_settings": "everyone",
        "entities": {
            "hashtags": [{"start": 90, "end": 97, "tag": "Autumn"}],
            "mentions": [{"start": 98, "end": 103, "username": "shop", "id": "77"}],
        },
        "public_metrics": {"retweet_count": 1, "reply_count": 0, "like_count": 3, "quote_count": 0, "impression_count": 41},
    }
    includes: dict = {"users": users}
    if number % 3 == 0:
        kind = ("retweeted", "replied_to", "quoted")[number // 3 % 3]
        data["referenced_tweets"] = [{"type": kind, "id": str(10**18 + number // 2)}]
        includes["tweets"] = [{"id": str(10**18 + number // 2), "text": text, "author_id": str(other), "created_at": moment}]
        users.append({"id": str(other), "username": f"u{other}", **user})
    rules = [{"id": "1", "tag": "autumn"}]
    return json.dumps({"data": data, "includes": includes, "matching_rules": rules}, separators=(",", ":")).encode()


def _v1(number: int, text: str, moment: str) -> bytes:
    time_text = datetime.fromisoformat(moment).strftime("%a %b %d %H:%M:%S +0000 %Y")
    user = {"id": number % 9000, "id_str": str(number % 9000), "screen_name": "somebody", "followers_count": 5, "description": "x" * 80}
    status = {
        "created_at": time_text,
        "id": 10**18 + number,
        "id_str": str(10**18 + number),
        "full_text": text,
        "user": user,
        "entities": {"hashtags": [{"text": "Autumn"}], "user_mentions": [{"id_str": "77", "screen_name": "shop"}], "urls": []},
        "retweet_count": 1,
        "favorite_count": 2,
        "lang": "en",
    }
    if number % 4 == 0:
        status["retweeted_status"] = {**status, "id_str": str(10**17 + number)}
    return json.dumps(status, separators=(",", ":")).encode()


def _bluesky(number: int, text: str, moment: str) -> bytes:
    record = {
        "$type": "app.bsky.feed.post",
        "createdAt": moment,
        "langs": ["en"],
        "text": text,
        "facets": [{"index": {"byteStart": 1, "byteEnd": 3}, "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "Autumn"}]}],
    }
    if number % 3 == 0:
        parent = f"at://did:plc:{number * 7 % 9000:024d}/app.bsky.feed.post/3m{number:011d}"
        record["reply"] = {"parent": {"cid": "b", "uri": parent}}
    commit = {"rev": "3m", "operation": "create", "collection": "app.bsky.feed.post", "rkey": f"3k{number:011d}", "record": record}
    event = {"did": f"did:plc:{number % 9000:024d}", "time_us": 1, "kind": "commit", "commit": commit}
    return json.dumps(event, separators=(",", ":")).encode()


def _row(number: int, text: str, moment: str) -> bytes:
    return json.dumps({"user": f"u{number % 9000}", "date": moment, "content": text, "likes": 3}, separators=(",", ":")).encode()


def measure(source: str, network: str, make: Callable[[int, str, str], bytes], texts: list[str], hours: int) -> list[float]:
    """Bytes per post, then microseconds per post of landing, reading and decoding posts spread over some hours."""
    count = len(texts)
    offsets = np.arange(count, dtype="int64") * (hours * 3_600_000_000 // count)
    created = np.datetime64(START.replace(tzinfo=None), "us") + offsets.astype("timedelta64[us]")
    moments = [f"{moment[:23]}Z" for moment in np.datetime_as_string(created, unit="us").tolist()]
    bodies = [make(number, text, moment) for number, (text, moment) in enumerate(zip(texts, moments, strict=True))]
    includes = [MAPPING] * count if source == "table" else None
    memory = Memory()
    writer = LandingWriter(memory, lake_start=START, lake_end=END)  # type: ignore[arg-type]
    times = [time.process_time()]
    writer.add_batch(network, source, "benchmark", "post", bodies, created + np.timedelta64(2, "s"), created, includes)
    writer.flush()
    times.append(time.process_time())
    for path, data in memory.files.items():
        read_lines(path, data)
    times.append(time.process_time())
    files = {hour: [(path, memory.read(path)) for path in paths] for hour, paths in list_landing(memory).items()}  # type: ignore[arg-type]
    decoded = decode_hours(files, lake_start=START, lake_end=END, pseudonyms=Pseudonyms("benchmark"))
    times.append(time.process_time())
    if decoded.raw_posts.num_rows != count:
        raise AssertionError(f"{source}: {decoded.raw_posts.num_rows} of {count} posts")
    return [sum(map(len, bodies)) / count, *(np.diff(times) / count * 1e6).tolist()]


def main(count: int) -> None:
    """Print the table."""
    title = f"µs of one core per post, {count:,} posts"
    grid = Table("source", "bytes/post", "land", "read", "read and decode to Arrow", "the same, 720 hours", title=title)
    texts = _texts(count)
    pa.array(["warm up"])  # its first call imports pandas
    for source, network, make in (("x", "x", _x), ("x-v1", "x", _v1), ("bluesky", "bluesky", _bluesky), ("table", "forum", _row)):
        costs = [*measure(source, network, make, texts, 1), measure(source, network, make, texts, 720)[-1]]
        grid.add_row(source, f"{costs[0]:.0f}", *(f"{cost:.1f}" for cost in costs[1:]))
    Console().print(grid)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
