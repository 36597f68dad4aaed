"""The same kills for three ways to store a partition: this lake, dagster-duckdb, plain Parquet files; part of ``benchmarks/faults.py``.

What belongs here: the three stores as their documentation says to use them, kills at random times of a write, the table. What doesn't: this
lake's own batteries.

One hourly asset is materialized again and again by Dagster, each time with other rows that all carry the number of the version. The
process dies by SIGKILL at a random moment after the I/O manager began to write (as long after as an undisturbed write takes). Then the
partition is read; then the run is repeated undisturbed and the partition read again. Another thread reads meanwhile. Every store gets
the same posts; the others are spared the columns that are lists.

``pip install dagster-duckdb dagster-duckdb-pandas`` brings the peer; where it is not installed its row says so. Plain files are the
``UPathIOManager`` of Dagster's documentation with pandas' ``to_parquet``.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from trend_assets.lake.lake import Lake
from trend_assets.partitions import hour_key, hourly
from trend_assets.tables import TABLES

if TYPE_CHECKING:
    import dagster as dg

HOUR = datetime(2026, 9, 1, 5, tzinfo=UTC)
TABLE = TABLES["social/raw_posts"]
STORES = {"lake": "this lake", "duckdb": "dagster-duckdb, pandas", "files": "plain Parquet files"}
SECONDS_BETWEEN_READS = 0.05
SETTLING_RUNS = 3
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def rows_of(version: int) -> int:
    """How many posts a version has."""
    return 20_000 if version % 2 else 24_000


def posts(version: int) -> pa.Table:
    """Posts of one hour that all say which version they are of."""
    number = rows_of(version)
    fixed: dict[str, Any] = {"network": "x", "source": "simulated", "author": "a" * 32, "kind": "post", "licence_class": "simulated"}
    fixed |= {"captured_at": HOUR + timedelta(hours=1), "landing_file": "network=x/hour=2026-09-01T05/f.jsonl.zst", "request_id": "r"}
    columns: dict[str, pa.Array] = {}
    for column in TABLE.columns:
        if column.name == "post_id":
            columns[column.name] = pa.array([f"{10**18 + n}" for n in range(number)])
        elif column.name == "created_at":
            columns[column.name] = pa.array([HOUR + timedelta(milliseconds=n * 100) for n in range(number)], column.type)
        elif column.name == "text":
            columns[column.name] = pa.array(
                [f"{version} a post about number {n * version} of this hour, of usual length" for n in range(number)]
            )
        elif column.name == "landing_line":
            columns[column.name] = pa.array(range(number), column.type)
        elif column.name in fixed:
            columns[column.name] = pa.array([fixed[column.name]] * number, column.type)
        else:
            columns[column.name] = pa.array([[] if pa.types.is_list(column.type) else None] * number, column.type)
    return TABLE.conform(pa.table(columns))


def state_of(texts: list[str]) -> int | str:
    """The version that these posts are, whole; or in words why they are none."""
    versions = Counter(text.partition(" ")[0] for text in texts)
    if len(versions) != 1:
        return "no rows" if not versions else f"rows of {len(versions)} versions"
    version = int(next(iter(versions)))
    if len(texts) != rows_of(version):
        return "some of the rows" if len(texts) < rows_of(version) else "rows doubled"
    return version if len(set(texts)) == len(texts) else "rows doubled"


class ReadRefusedError(RuntimeError):
    """The store cannot be read at this moment, and says so."""


def read(store: str, root: str) -> list[str]:
    """The texts of the partition. Raises ``ReadRefusedError``, or whatever a reader meets."""
    if store == "lake":
        texts: list[str] = Lake(root).read(TABLE, [hour_key(HOUR)], columns=["text"])["text"].to_pylist()
        return texts
    if store == "files":
        import pyarrow.parquet as pq

        found: list[str] = pq.read_table(f"{root}/social/raw_posts/{hour_key(HOUR)}.parquet", columns=["text"])["text"].to_pylist()
        return found
    import duckdb

    try:
        with duckdb.connect(f"{root}/posts.duckdb", read_only=True) as connection:
            rows = connection.execute(
                "select text from social.raw_posts where created_at >= ? and created_at < ?",
                [HOUR.replace(tzinfo=None), (HOUR + timedelta(hours=1)).replace(tzinfo=None)],
            ).fetchall()
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise ReadRefusedError(str(error)) from error
        raise
    return [row[0] for row in rows]


def outcome_of_read(store: str, root: str) -> int | str:
    """What a reader sees: a version, what is wrong with it, or that it was refused."""
    try:
        return state_of(read(store, root))
    except ReadRefusedError:
        return "refused"
    except Exception as error:  # that a reader fails is what is measured
        return f"unreadable: {type(error).__name__}"


class Writers:
    """Processes that write one version each and die on order."""

    def __init__(self, store: str, root: Path) -> None:
        self.store, self.root = store, str(root)
        root.mkdir(parents=True, exist_ok=True)
        self._server = subprocess.Popen(
            [sys.executable, "-m", __name__, store, self.root], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def write(self, version: int, kill_after: float | None = None) -> dict[str, Any]:
        """Materialize a version; killed so many seconds after its write began. Gives exit code and seconds of the write."""
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.write(json.dumps({"version": version, "kill_after": kill_after}) + "\n")
        self._server.stdin.flush()
        answer: dict[str, Any] = json.loads(self._server.stdout.readline())
        return answer

    def close(self) -> None:
        """End the server."""
        self._server.kill()
        self._server.communicate()


@contextlib.contextmanager
def _reading(store: str, root: str) -> Iterator[Counter[str]]:
    """A thread that reads all the time."""
    seen, stop = Counter[str](), threading.Event()

    def go_on() -> None:
        while not stop.wait(SECONDS_BETWEEN_READS):
            state = outcome_of_read(store, root)
            seen["whole" if isinstance(state, int) else state] += 1

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def measure(store: str, root: Path, kills: int, seed: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Kills of one store and what they left behind."""
    chance, writers = random.Random(seed), Writers(store, root / store)
    after, again, landed, version = Counter[str](), Counter[str](), 0, 0
    try:
        spans = []
        for _ in range(SETTLING_RUNS):
            version += 1
            spans.append(writers.write(version)["seconds"])
        span = sorted(spans)[len(spans) // 2]
        with _reading(store, writers.root) as reads:
            for number in range(kills):
                version += 1
                landed += writers.write(version, chance.uniform(0, span))["exit_code"] == -signal.SIGKILL
                after[_judged(outcome_of_read(store, writers.root), version)] += 1
                repeated = writers.write(version)
                state = outcome_of_read(store, writers.root)
                again["as it should be" if state == version else f"exit {repeated['exit_code']}, {state}"] += 1
                if number % 25 == 24:
                    tell(f"{STORES[store]}: {number + 1} of {kills} kills")
    finally:
        writers.close()
    replayed = Writers(store, root / f"{store} again")
    try:
        replayed.write(version)
        same = sorted(read(store, replayed.root)) == sorted(read(store, writers.root))
    finally:
        replayed.close()
    return {
        "kills": kills,
        "died while writing": landed,
        "read after the kill": dict(after),
        "read after the run was repeated": dict(again),
        "reads meanwhile": dict(reads),
        "replay differs": not same,
        "seconds of an undisturbed write": round(span, 3),
    }


def _judged(state: int | str, version: int) -> str:
    if isinstance(state, int):
        return "new rows, whole" if state == version else "old rows, whole" if state == version - 1 else "rows of an older version"
    return state


def run(folder: Path, kills: int, seed: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """All stores; violations are those of this lake."""
    report: dict[str, Any] = {}
    for store, name in STORES.items():
        if store == "duckdb" and not _has_duckdb():
            report[name] = "not measured: pip install dagster-duckdb dagster-duckdb-pandas"
            continue
        report[name] = measure(store, folder, kills, seed, tell)
    own = report[STORES["lake"]]
    good = set(own["read after the kill"]) <= {"old rows, whole", "new rows, whole"} and set(own["reads meanwhile"]) <= {"whole"}
    sound = good and set(own["read after the run was repeated"]) == {"as it should be"} and not own["replay differs"]
    return {"violations": [] if sound else ["this lake: see its row"], **report}


def _has_duckdb() -> bool:
    try:
        import dagster_duckdb_pandas  # noqa: F401
    except ImportError:
        return False
    return True


# The server's side


def serve(store: str, root: str) -> None:
    """Fork a writer for each order on standard input."""
    run_once = _prepared(store, root)
    for line in sys.stdin:
        order = json.loads(line)
        receiving, sending = os.pipe()
        process = os.fork()
        if process == 0:
            os.close(receiving)
            log = os.open(f"{root}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 1)
            os.dup2(log, 2)
            code = 1
            try:
                run_once(order["version"], sending)
                code = 0
            except BaseException:
                import traceback

                traceback.print_exc()
            finally:
                os._exit(code)
        os.close(sending)
        began = time.monotonic()
        if os.read(receiving, 1) == b"b":
            began = time.monotonic()
            if order["kill_after"] is not None:
                time.sleep(order["kill_after"])
                os.kill(process, signal.SIGKILL)
            select.select([receiving], [], [])
        seconds = time.monotonic() - began
        _, status = os.waitpid(process, 0)
        os.close(receiving)
        code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        sys.stdout.write(json.dumps({"exit_code": code, "seconds": seconds}) + "\n")
        sys.stdout.flush()


def _prepared(store: str, root: str) -> Callable[[int, int], None]:
    """What a fork does: materialize the asset with rows of a version, telling through a pipe when writing begins and ends."""
    import dagster as dg

    def materialize(chosen: str, folder: str, version: int, told: Callable[[bytes], object]) -> None:
        manager, kind = _io_manager(chosen, folder)
        write = kind.handle_output

        def handle_output(self: Any, context: dg.OutputContext, obj: Any) -> None:
            told(b"b")
            write(self, context, obj)
            told(b"e")

        @dg.asset(key=["social", "raw_posts"], partitions_def=hourly, metadata={"partition_expr": "created_at"})
        def raw_posts() -> Any:
            return posts(version) if chosen == "lake" else _frame(posts(version))

        kind.handle_output = handle_output
        try:
            dg.materialize([raw_posts], partition_key=hour_key(HOUR), resources={"io_manager": manager}, run_config=QUIET)
        finally:
            kind.handle_output = write

    # Loads what a first write loads, once, not in each fork; into files, as an open DuckDB database must not be forked.
    materialize("files" if store == "duckdb" else store, f"{root} warm", 0, lambda _: None)
    return lambda version, pipe: materialize(store, root, version, lambda text: os.write(pipe, text))


def _frame(data: pa.Table) -> Any:
    """The posts as pandas takes them: without lists, times in UTC without a zone."""
    plain = data.select([field.name for field in data.schema if not pa.types.is_list(field.type)])
    frame = plain.to_pandas()
    for name in ("created_at", "captured_at"):
        frame[name] = frame[name].dt.tz_localize(None)
    return frame


def _io_manager(store: str, root: str) -> tuple[Any, Any]:
    """The store's I/O manager as its documentation makes it, and the class whose ``handle_output`` writes."""
    import dagster as dg

    if store == "lake":
        from trend_assets.resources import LakeIOManager

        return LakeIOManager(root=root), LakeIOManager
    if store == "duckdb":
        from dagster._core.storage.db_io_manager import DbIOManager
        from dagster_duckdb_pandas import DuckDBPandasIOManager

        return DuckDBPandasIOManager(database=f"{root}/posts.duckdb", schema="social"), DbIOManager
    import pandas as pd
    from upath import UPath

    class PandasParquetIOManager(dg.UPathIOManager):
        extension = ".parquet"

        def dump_to_path(self, context: dg.OutputContext, obj: Any, path: Any) -> None:  # noqa: ARG002 - the interface's
            with path.open("wb") as file:
                obj.to_parquet(file)

        def load_from_path(self, context: dg.InputContext, path: Any) -> Any:  # noqa: ARG002 - the interface's
            with path.open("rb") as file:
                return pd.read_parquet(file)

    return PandasParquetIOManager(base_path=UPath(root)), PandasParquetIOManager


if __name__ == "__main__":
    serve(*sys.argv[1:3])
