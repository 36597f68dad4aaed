"""Writes a simulated town to disk: landing files, retail files and hand labels for the pipeline, the truth apart from them.

What belongs here: files, their order, and what a second or interrupted run does. What doesn't: what the town is
(``lib/simulation``), reading of the truth (evaluation code only).

A folder holds at most one town. ``truth/simulation.json`` says which and whether it is complete: a second run with the
same parameters does nothing; after a kill the run starts again and writes the same names with the same bytes, because
every draw and every ULID comes from the seed. If the generator has changed in between, what it wrote before is removed.
"""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from trend_assets.lake.storage import Storage, open_storage
from trend_assets.landing.files import LandingRecord, LandingWriter, read_lines
from trend_assets.lib.simulation.delivery import KIND_OF_NETWORK, Batch, Town
from trend_assets.lib.simulation.hand_labels import category_labels, complaint_labels, sentiment_labels
from trend_assets.lib.simulation.planted import Family
from trend_assets.lib.simulation.retail import Retailer, open_retailer
from trend_assets.lib.simulation.retail_files import RetailFiles
from trend_assets.lib.simulation.town import Size, TownParameters, stream
from trend_assets.lib.simulation.truth import authors_truth, drift_truth, effects_truth, trends_truth

MARKER = "truth/simulation.json"
LABELS = {
    "labels/sentiment.jsonl": sentiment_labels,
    "labels/complaint_reason.jsonl": complaint_labels,
    "labels/post_category.jsonl": category_labels,
}
SOURCE = "simulated"
_MAPPING = Path(__file__).resolve().parent / "mappings" / "retail_town.yml"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class OtherTownError(RuntimeError):
    """The folder holds another town; the message says what to do."""


@dataclass(frozen=True)
class Summary:
    """What a town consists of. ``seconds`` and ``stages`` are zero and empty where it was there before."""

    posts: int
    records: dict[str, int]
    trends: int
    order_lines: int
    landing_files: int
    seconds: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        records = ", ".join(f"{count:,} {outcome}" for outcome, count in self.records.items())
        speed = f" in {self.seconds:.1f} s, {self.posts / self.seconds:,.0f} posts/s" if self.seconds else ", there already"
        return f"{self.posts:,} posts ({records}) with {self.trends} planted trends, {self.order_lines:,} order lines{speed}"


def simulate_town(
    folder: Path,
    *,
    start: datetime = TownParameters.start,
    days: int = TownParameters.days,
    posts: int = TownParameters.posts,
    seed: int = TownParameters.seed,
    family: Family = TownParameters.family,
    size: Size = TownParameters.size,
    history_days: int = TownParameters.history_days,
    on_progress: Callable[[int], object] | None = None,
) -> Summary:
    """Write the town of these parameters into ``folder``/landing, /retail, /labels and /truth.

    ``on_progress`` is called with the number of days done. Raises ``OtherTownError`` when the folder holds a town of other
    parameters, ``ValueError`` for parameters that make no town.
    """
    parameters = TownParameters(start=start, days=days, posts=posts, seed=seed, family=family, size=size, history_days=history_days)
    storage = open_storage(str(folder))
    version = _generator_version()
    state = {"parameters": parameters.as_json(), "generator": version, "complete": False}
    before = _read_marker(folder)
    if before is not None:
        known = {name: value for name, value in parameters.as_json().items() if name in before["parameters"]}
        if before["parameters"] != known:  # parameters that came later don't make an older town another one
            raise OtherTownError(
                f"{folder} holds another simulated town ({before['parameters']}): choose another folder, or remove its folders "
                "landing, retail, labels and truth"
            )
        if before["generator"] == version and before["complete"]:
            return Summary(**before["summary"])
        if before["generator"] != version:
            _remove_town(folder, storage)
    _write_marker(folder, state)
    summary = _write_town(parameters, storage, on_progress or (lambda _day: None))
    kept = {"posts": summary.posts, "records": summary.records, "trends": summary.trends}
    kept |= {"order_lines": summary.order_lines, "landing_files": summary.landing_files}
    _write_marker(folder, state | {"complete": True, "summary": kept})
    return summary


def _write_town(parameters: TownParameters, storage: Storage, on_progress: Callable[[int], object]) -> Summary:
    stages = {"posts and records": 0.0, "landing": 0.0, "retail": 0.0, "truth": 0.0}
    started = clock = time.perf_counter()

    def lap(stage: str) -> None:
        nonlocal clock
        now = time.perf_counter()
        stages[stage] += now - clock
        clock = now

    town = Town(parameters)
    retailer = open_retailer(parameters)
    files = RetailFiles(retailer)
    lost: list[pa.Table] = []
    labels: dict[str, list[dict[str, str]]] = {path: [] for path in LABELS}
    with ThreadPoolExecutor(max_workers=max(1, storage.workers)) as pool:  # syncs wait for the disk, they do not compute
        landing = _Landing(parameters, open_storage(storage.uri("landing")), pool)
        others = _BackgroundStorage(storage, pool)
        for path, data in files.undated().items():
            others.write_new(f"retail/{path}", data)
        mapping = _MAPPING.read_text()
        if files.dated_products:
            mapping = mapping.replace("files: products.csv", "files: products/{day}.csv")
        others.write_new("retail/mapping.yml", mapping.encode())

        def trade(day: int) -> None:
            traded = retailer.trade(day)
            for path, data in files.of_day(traded).items():
                others.write_new(f"retail/{path}", data)
            lost.append(_lost_sales(parameters, retailer, traded.lost, day))

        for day in range(retailer.first_day, 0):
            trade(day)
        lap("retail")
        for day in range(parameters.days):
            batches, truth = town.deliver(day)
            lap("posts and records")
            landing.write(day, batches)
            lap("landing")
            trade(day)
            lap("retail")
            others.write_new(f"truth/posts/{parameters.start + timedelta(days=day):%Y-%m-%d}.parquet", _parquet(truth))
            for path, labelled in LABELS.items():
                labels[path] += labelled(parameters, day, truth)
            lap("truth")
            on_progress(day + 1)
        landing.close()
        others.wait()
        lap("landing")
    for path, rows in labels.items():
        storage.write_new(path, b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    storage.write_new("truth/authors.parquet", _parquet(authors_truth(town.authors)))
    storage.write_new("truth/lost_sales.parquet", _parquet(pa.concat_tables(lost)))
    if files.dated_products:
        storage.write_new("truth/effects.json", _json(effects_truth(retailer)))
    storage.write_new("truth/trends.json", _json(trends_truth(parameters, town.trends, town.posts_by_trend)))
    first, last = parameters.outage
    outages = [{"network": "x", "starts_at": _text(first), "ends_at": _text(last), "lost_posts": town.lost_posts}] if last > first else []
    ledger = {
        "records": town.ledger.rows(),
        "totals": town.ledger.totals(),
        "outages": outages,
        "retail_rows": dict(sorted(files.rows.items())),
        "retail_dirt": [{"table": table, "reason": reason, "rows": rows} for (table, reason), rows in sorted(files.dirt.items())],
        "inventory_errors": files.inventory_errors,
        "drift": drift_truth(),
    }
    storage.write_new("truth/ledger.json", _json(ledger))
    lap("truth")
    totals = town.ledger.totals()
    posts = totals.get("post", 0) + totals.get("repost", 0)
    seconds = time.perf_counter() - started
    return Summary(posts, totals, len(town.trends), files.rows["orders"], landing.files, seconds, stages)


class _Landing:
    """The shared landing writer, with a clock and entropy that belong to the simulation, at work while the next day is made."""

    def __init__(self, parameters: TownParameters, storage: Storage, pool: ThreadPoolExecutor) -> None:
        self._parameters = parameters
        self._now = parameters.start
        self._background = _BackgroundStorage(storage, pool)
        self._thread = ThreadPoolExecutor(max_workers=1)  # one: the writer's buffers and the order of names are its own
        self._running: Future[None] | None = None
        self.files = 0
        self._writer = LandingWriter(
            cast(Storage, self._background),
            lake_start=parameters.start,
            lake_end=parameters.end,
            clock=lambda: self._now,
            entropy=stream(parameters, "landing names").bytes,
        )

    def write(self, day: int, batches: list[Batch]) -> None:
        """Begin to land a day's records; when it returns those of the day before have been handed over."""
        if self._running is not None:
            self._running.result()
        self._running = self._thread.submit(self._write, day, batches)

    def _write(self, day: int, batches: list[Batch]) -> None:
        self._background.wait()
        self._now = self._parameters.start + timedelta(days=day + 1)
        for batch in batches:
            request_id = f"town-{batch.network}-{day + 1:04d}"
            kind = KIND_OF_NETWORK[batch.network]
            if batch.broken:
                for body, received_at in zip(batch.bodies, batch.received_at, strict=True):
                    moment = _EPOCH + timedelta(microseconds=received_at)
                    self._writer.add(LandingRecord(batch.network, SOURCE, moment, request_id, kind, body))
                continue
            received = np.array(batch.received_at, np.int64).astype("datetime64[us]")
            created = np.array(batch.created_at, np.int64).astype("datetime64[us]")
            self._writer.add_batch(batch.network, SOURCE, request_id, kind, batch.bodies, received, created)
        self.files += len(self._writer.flush())

    def close(self) -> None:
        """Wait until everything is on disk. Raises what the writing raised."""
        self._thread.shutdown()
        if self._running is not None:
            self._running.result()
        self._background.wait()


class _BackgroundStorage:
    """What a landing writer needs of a storage, with writes that go on while the next records are made.

    Syncs wait for the disk and a town has two thousand files; a town is complete only after ``wait`` and its marker.
    """

    def __init__(self, storage: Storage, pool: ThreadPoolExecutor) -> None:
        self._storage = storage
        self._pool = pool
        self._running: list[Future[None]] = []

    def write_new(self, path: str, data: bytes) -> None:
        """Begin to publish a file."""
        self._running.append(self._pool.submit(self._storage.write_new, path, data))

    def wait(self) -> None:
        """Wait for every file begun. Raises the first error."""
        running, self._running = self._running, []
        for future in running:
            future.result()


def _lost_sales(parameters: TownParameters, retailer: Retailer, lost: np.ndarray, day: int) -> pa.Table:
    """Demand of the day that met no stock: what sales would have been."""
    cells = np.argwhere(lost > 0)
    return pa.table(
        {
            "day": pa.array([(parameters.start + timedelta(days=day)).date()] * len(cells), pa.date32()),
            "product_id": pa.array([retailer.catalogue.products[product].product_id for product in cells[:, 0].tolist()], pa.string()),
            "store_id": pa.array([retailer.catalogue.stores[place].store_id for place in cells[:, 1].tolist()], pa.string()),
            "lost_units": lost[lost > 0],
        }
    )


def _generator_version() -> str:
    """Hash of the code that decides the bytes: a town is finished only by the generator that began it."""
    folder = Path(__file__).resolve().parent
    files = [*(folder / "lib" / "simulation").glob("*.py"), folder / "simulate.py", folder / "landing/files.py", _MAPPING]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _remove_town(folder: Path, storage: Storage) -> None:
    """Remove what an earlier generator wrote; landing files of other sources stay."""
    landing = folder / "landing"
    for path in sorted(landing.glob("network=*/hour=*/*.jsonl.zst")):
        name = path.relative_to(landing).as_posix()
        lines = read_lines(name, path.read_bytes())
        if lines and lines[0].startswith(f'{{"source":"{SOURCE}"'.encode()):
            path.unlink()
    for prefix in ("retail/", "truth/", *LABELS):
        for name in storage.list(prefix):
            if name != MARKER:
                storage.delete(name)


def _read_marker(folder: Path) -> dict[str, Any] | None:
    try:
        marker: dict[str, Any] = json.loads((folder / MARKER).read_bytes())
    except FileNotFoundError:
        return None
    return marker


def _write_marker(folder: Path, state: dict[str, Any]) -> None:
    # The storage publishes under a temporary name and renames: the marker is the old or the new one, never half of it.
    open_storage(str(folder)).write_new(MARKER, _json(state))


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode()


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _text(microseconds: int) -> str:
    return (_EPOCH + timedelta(microseconds=microseconds)).isoformat()
