"""How long a post takes to the board, and what the live lane costs: a real collector, daemon and code server, posts in near real time.

    python -m benchmarks.live [--rate 50] [--minutes 6] [--data FOLDER]   posts are collected, the live sensor does the rest
    python -m benchmarks.live --run-seconds 120 --minutes 10              the same over several changes of runs
    python -m benchmarks.live --work 20000 180000 540000                  no daemon: seconds of one micro-batch by posts in the open hours
    python -m benchmarks.live --changes 12 --data FOLDER                  a finished demo: raised live, against sealed

What belongs here: measuring. What doesn't: the live lane (``trend_assets/live/lane.py``), what tests assert.

The folder (default: a temporary one, made in some minutes) gets a simulated town of the days up to now, sealed up to the hour
before the last two. Then the collector, a process of its own, receives the records of other towns, one a 1/rate of a second, dated now; a
record counts as seen at its time of receipt, which is in its landing file. The town before is quieter than the load, so nearly every topic
of it bursts: more rows than a real evening would have.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.live_processes import Processes, end, free_port, wait_for
from trend_assets.lake.lake import Lake
from trend_assets.lake.manifest import Manifest
from trend_assets.lib.live.history import History
from trend_assets.lib.live.hours import OpenHours
from trend_assets.lib.live.judge import LiveParameters, advance, judge

BUDGET = {"landing": 10.0, "taken in": 15.0, "work": 20.0, "board": 5.0, "seen to board": 60.0}
"""Seconds allowed: landing 10; sensor 5 and run start 10; work 20; board 5; together, with ten to spare, 60."""
_CREATED_AT = re.compile(rb'"created_at":"[^"]+"')
_RECEIVED_AT = re.compile(rb'"received_at":"([^"]+)"')
_HOUR = timedelta(hours=1)
TOWN_SECONDS = 600.0
"""Seconds that one simulated town lasts: making it costs the collector as much as it saves."""


def prepare(folder: Path, days: int, posts_a_day: int) -> None:
    """A data folder with sealed history up to three hours ago and landed posts up to now, and a pool of bodies to send."""
    from rich.console import Console

    from trend_assets.demo import TOWN_BRANDS
    from trend_assets.operations.runs import Range, prepare_environment, run_job
    from trend_assets.simulate import simulate_town

    now = datetime.now(UTC)
    hour = now.replace(minute=0, second=0, microsecond=0)
    start = hour.replace(hour=0) - timedelta(days=days)
    simulate_town(folder, start=start, days=days + 1, posts=(days + 1) * posts_a_day)
    for path in (folder / "landing").glob("network=*/hour=*"):
        if datetime.strptime(path.name[5:], "%Y-%m-%dT%H").replace(tzinfo=UTC) >= hour:
            shutil.rmtree(path)
    (folder / "settings.env").write_text(f'LAKE_START={start.isoformat()}\nTREND_ASSETS_BRANDS=["{TOWN_BRANDS[0]}", "{TOWN_BRANDS[1]}"]\n')
    prepare_environment(folder)
    from trend_assets.partitions import hour_key

    run_job("social_hours", Console(), Range(hour_key(start), hour_key(hour - 3 * _HOUR)))


def bodies(count: int, seed: int) -> Iterator[bytes]:
    """Wire records of a town's X posts, without end: after ``count`` they come again under other ids."""
    from trend_assets.lib.simulation.delivery import Town
    from trend_assets.lib.simulation.town import TownParameters

    again = 0
    while True:
        town = Town(TownParameters(days=1, posts=max(count, 1000), seed=seed + again))
        batches, _ = town.deliver(0)
        for batch in batches:
            if batch.network == "x" and not batch.broken:
                yield from batch.bodies
        again += 1


@dataclass
class Landed:
    """One landing file: when its records were received, when it was there, when a live partition had it, when it was published (in rows
    computed at ``as_of``), when the board's data had these rows."""

    received: np.ndarray
    landed: float
    taken: float = float("nan")
    published: float = float("nan")
    as_of: float = float("inf")
    shown: float = float("nan")


@dataclass
class Landing:
    """The collector's landing files, looked for until told to stop; those that were there before are none of its."""

    folder: Path
    files: dict[str, Landed] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Note each new file when it appears: its own time stamp, and when its records were received."""
        root = self.folder / "landing"
        known = set(root.glob("network=*/hour=*/*"))
        while not self.stop.is_set():
            now = datetime.now(UTC)
            hours = {f"hour={moment:%Y-%m-%dT%H}" for moment in (now - _HOUR, now)}  # late records would be counted as slow ones
            for path in {path for hour in hours for path in root.glob(f"network=*/{hour}/*.jsonl.zst")} - known:
                known.add(path)
                name = path.relative_to(root).as_posix()
                self.files[name] = Landed(received_at(name, path.read_bytes()), path.stat().st_mtime)
            time.sleep(0.5)


def received_at(name: str, data: bytes) -> np.ndarray:
    """Times of receipt of a landing file's records, seconds since 1970."""
    from trend_assets.landing.files import read_lines

    found = (_RECEIVED_AT.search(line) for line in read_lines(name, data))
    return np.array([datetime.fromisoformat(match.group(1).decode()).timestamp() for match in found if match is not None])


class Board(threading.Thread):
    """Asks for live rows as the board's pages do: their function, through their cache, as often as the pages are drawn anew.

    Drawing in the browser is not in it.
    """

    def __init__(self, landing: Landing) -> None:
        super().__init__(daemon=True)
        self._landing = landing

    def run(self) -> None:
        """Note which files' rows an answer holds, for as long as the process runs."""
        # Not above: partitions follow the folder's settings, which are known only now.
        from trend_assets.board import cache, lake_data
        from trend_assets.board.sections.live import REFRESH_SECONDS
        from trend_assets.operations.automation import LIVE_ROWS

        while True:
            pages = [cache.ask_lake(lake_data.live, path, seconds=cache.LIVE_SECONDS) for path in LIVE_ROWS]
            as_of = min((found.as_of.timestamp() for found in pages if found is not None), default=-np.inf)
            there = time.time()
            for one in list(self._landing.files.values()):
                if one.as_of <= as_of and not np.isfinite(one.shown):
                    one.shown = there
            time.sleep(REFRESH_SECONDS)


def watch(
    folder: Path, landing: Landing, collector: subprocess.Popen[bytes], seconds: float, processes: Sequence[Processes]
) -> list[float]:
    """Note when each file is consumed and when the next live rows are published, until ``seconds`` passed and all are shown.

    The seconds begin with the first landing file; when they are over the collector is asked to stop, which publishes what it has.

    Returns the times of publications. A micro-batch publishes trends, then rankings, of which there always are some.
    """
    from trend_assets.operations.automation import LIVE_ROWS
    from trend_assets.tables import TABLES

    lake, rankings = Lake(str(folder / "lake")), TABLES[LIVE_ROWS[-1]]
    before = lake.manifest(rankings, "all")
    ends, published, publications = float("inf"), before.hash if before is not None else None, []
    while time.time() < ends + 90:
        if landing.files and np.isinf(ends):
            ends = time.time() + seconds
        if time.time() > ends:
            if collector.poll() is None:
                collector.terminate()
                collector.wait(60)
                time.sleep(1)  # its last files are noted
            if all(np.isfinite(one.shown) for one in list(landing.files.values())):
                break
        manifest = lake.manifest(rankings, "all")  # before the posts: what is consumed later is not in it
        note_taken(lake, landing)
        seen = time.time()
        if manifest is not None and manifest.hash != published:
            published = manifest.hash
            publications.append(seen)
            as_of = pc.max(lake.read(rankings, ["all"], columns=["as_of"])["as_of"]).as_py()
            for one in list(landing.files.values()):
                if as_of is not None and np.isfinite(one.taken) and not np.isfinite(one.published):
                    one.published, one.as_of = seen, as_of.timestamp()
        for tree in processes:
            tree.sample()
        time.sleep(0.2)
    return publications


def note_taken(lake: Lake, landing: Landing) -> None:
    """Note which files the live posts of this hour and the last have taken in."""
    from trend_assets.partitions import hour_key
    from trend_assets.tables import TABLES

    now = datetime.now(UTC)
    manifests = lake.manifests(TABLES["social/live_posts"], [hour_key(moment) for moment in (now - _HOUR, now)])
    consumed = {path for manifest in manifests.values() if manifest is not None for path in manifest.inputs}
    for path, one in list(landing.files.items()):
        if path in consumed and not np.isfinite(one.taken):
            one.taken = time.time()


def runs(since: float) -> list[dict[str, float]]:
    """The live runs: seconds from request to start of the run's process, to its step, and how long it lasted."""
    import dagster as dg

    found = []
    with dg.DagsterInstance.get() as instance:
        for record in instance.get_run_records(dg.RunsFilter(job_name="live")):
            created = record.create_timestamp.timestamp()
            logs = instance.all_logs(record.dagster_run.run_id, of_type={dg.DagsterEventType.STEP_START})
            if created >= since and logs:
                ended = record.end_time or time.time()
                found.append({"request to step": logs[0].timestamp - created, "lasted": ended - created})
    return found


def measure(folder: Path, rate: float, minutes: float, flush: float, run_seconds: int | None) -> None:
    """Collector, daemon and code server as docs/automation.md deploys them; watch, report."""
    environment = {
        **os.environ,
        "TREND_ASSETS_DATA": str(folder),
        "TREND_ASSETS_DAGSTER_STORAGE": str(folder / "dagster"),
        "TREND_ASSETS_COLLECT_FLUSH_SECONDS": str(flush),
        "TREND_ASSETS_COLLECT_PORT": "0",
    }
    if run_seconds is not None:
        environment["TREND_ASSETS_LIVE_RUN_SECONDS"] = str(run_seconds)
    landing, since, programs = Landing(folder), time.time(), Path(sys.executable).parent
    town = ["--rate", str(rate), "--town-posts", str(max(1_000, int(rate * TOWN_SECONDS)))]
    with (folder / "daemon.log").open("w") as daemon_log, (folder / "collector.log").open("w") as collector_log:
        thread = threading.Thread(target=landing.run, daemon=True)
        thread.start()
        port, workspace = free_port(), folder / "workspace.yaml"
        workspace.write_text(Path("infra/code-server-workspace.yaml").read_text().replace("4000", str(port)))
        code = ["code-server", "start", "-m", "trend_assets.definitions", "--location-name", "trend-assets", "-p", str(port)]
        output = {"env": environment, "stdout": daemon_log, "stderr": subprocess.STDOUT}
        server = subprocess.Popen([programs / "dagster", *code], **output)
        wait_for(port)
        daemon = subprocess.Popen([programs / "dagster-daemon", "run", "-w", workspace], **output)
        collector = subprocess.Popen(
            [programs / "trend-assets", "collect", "--source", "simulated", "--data", folder, *town], env=environment, stderr=collector_log
        )
        processes = Processes((daemon.pid, server.pid)), Processes((collector.pid,))
        Board(landing).start()
        publications = []
        try:
            publications = watch(folder, landing, collector, minutes * 60, processes)
        finally:
            seconds = time.time() - since
            landing.stop.set()
            thread.join()
            for process in (collector, daemon, server):
                end(process)
    report(landing, rate)
    report_runs(runs(since), publications)
    processes[0].report("daemon, code server and runs", seconds)
    processes[1].report("collector, the making of the simulated towns included", seconds)
    print(f"load of the machine {os.getloadavg()[1]:.1f}, {os.cpu_count()} cores")


def report(landing: Landing, rate: float) -> None:
    """Seconds of each step by record, beside the budget: of all records, and of those that landed after the first publication."""
    files = [one for one in landing.files.values() if np.isfinite(one.shown)]
    records = sum(one.received.size for one in landing.files.values())
    if not files:
        print(f"{records:,} records landed, none became visible: see daemon.log and collector.log in the data folder")
        return

    def by_record(step: str, chosen: list[Landed]) -> np.ndarray:
        values = {
            "landing": lambda one: one.landed - one.received,
            "taken in": lambda one: np.full(one.received.size, one.taken - one.landed),
            "work": lambda one: np.full(one.received.size, one.published - one.taken),
            "board": lambda one: np.full(one.received.size, one.shown - one.published),
            "seen to board": lambda one: one.shown - one.received,
        }
        return np.concatenate([values[step](one) for one in chosen])

    shown, ends = sum(one.received.size for one in files), np.concatenate([one.received for one in landing.files.values()])
    seconds = float(ends.max() - ends.min())
    told = f"{records:,} records in {seconds:.0f} s ({records / max(seconds, 1.0):.0f}/s, asked {rate:g})"
    print(f"{told}, {shown:,} on the board; {len(files)} files")
    first = min(one.published for one in files)
    # Until the first run's process is up, everything waits for it. Later runs start beside the one that works.
    for name, chosen in (("all records", files), ("without the first start", [one for one in files if one.landed > first])):
        if not chosen:
            continue
        print(f"{name}\n{'step':<18}{'p50':>8}{'p95':>8}{'max':>8}{'budget':>8}{'p95/budget':>12}   seconds")
        for step, budget in BUDGET.items():
            values = by_record(step, chosen)
            p50, p95 = np.percentile(values, [50, 95])
            print(f"{step:<18}{p50:8.1f}{p95:8.1f}{values.max():8.1f}{budget:8.0f}{p95 / budget:12.2f}")


def report_runs(live_runs: list[dict[str, float]], publications: list[float]) -> None:
    """How long runs took to start and went on, and the longest time that nothing was published, changes of runs included."""
    for name in ("request to step", "lasted"):
        told = ", ".join(f"{run[name]:.1f}" for run in live_runs)
        print(f"{len(live_runs)} live runs, newest first, {name}: {told} s")
    if len(publications) > 1:
        print(f"{len(publications)} publications, at most {np.diff(publications).max():.1f} s from one to the next")


def work(folder: Path, sizes: list[int]) -> None:
    """Seconds of one micro-batch of 500 posts by the number of posts in the open hours, in this process."""
    from trend_assets.live.lane import LiveLane
    from trend_assets.settings import load_settings

    settings, lake = load_settings(), Lake(str(folder / "lake"))
    print(f"{'posts in open hours':>20}{'wall s':>8}{'CPU s':>8}   by stage, and share of groups clustered")
    for size in sizes:
        _fill(folder, size)
        lane = LiveLane(settings, lake)
        lane.run_once()  # takes in the filling
        _fill(folder, 500)
        wall, cpu = time.perf_counter(), time.process_time()
        done = lane.run_once()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        stages = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in done.seconds.items())
        there = sum(manifest.rows for manifest in _live_manifests(lake, done.hours.judged))
        print(f"{there:20,}{wall:8.1f}{cpu:8.1f}   {stages}; {done.tables.kept_share if done.tables else 1:.2f}")


def changes(folder: Path, count: int) -> None:
    """What would have been raised for ``count`` hours with what had been received 30 and 59 minutes into them, and an hour after.

    Hours of the lake, one in 37 back from its end, so that all times of day are there; posts, their times of receipt and the verdicts
    are the sealed ones.
    """
    from trend_assets.live.history import Histories
    from trend_assets.live.lane import live_parameters
    from trend_assets.partitions import end_of_hour, hour_key
    from trend_assets.settings import load_settings
    from trend_assets.tables import TABLES

    settings, lake, trends = load_settings(), Lake(str(folder / "lake")), TABLES["topics/trends"]
    hours = [end_of_hour(key) - _HOUR for key in lake.partitions(trends)[::-37][:count]]
    print(f"{'live at':<24}{'groups':>8}{'posts':>8}{'raised live':>13}{'sealed':>8}{'both':>6}{'confirmed':>11}{'found':>7}")
    for groups in (20_000, 1_500):
        histories = Histories(settings, lake, replace(live_parameters(settings), groups=groups))
        bases = {hour: histories.from_lake(OpenHours(hour, hour - 3 * _HOUR, hour - 2 * _HOUR)) for hour in hours}
        for name, minutes in (("30 min into the hour", 30), ("59 min into the hour", 59), ("an hour after its end", 119)):
            shares, raised, sealed, both = [], 0, 0, 0
            for hour, base in bases.items():
                live, share = _raised_live(lake, base, histories.parameters, hour, hour + timedelta(minutes=minutes))
                wanted = _raised(lake.read(trends, [hour_key(hour)]), hour)
                shares.append(share)
                raised, sealed, both = raised + len(live), sealed + len(wanted), both + len(live & wanted)
            told = f"{both / max(raised, 1):11.0%}{both / max(sealed, 1):7.0%}"
            print(f"{name:<24}{groups:8,}{np.mean(shares):8.0%}{raised:13}{sealed:8}{both:6}{told}")


def _raised_live(lake: Lake, history: History, parameters: LiveParameters, hour: datetime, as_of: datetime) -> tuple[set[str], float]:
    """Topics raised for the hour at ``as_of``, two full hours before it being open too; share of its posts received by then."""
    from trend_assets.partitions import hour_key
    from trend_assets.tables import TABLES

    hours, share = OpenHours(as_of, hour - 3 * _HOUR, hour - 2 * _HOUR), 1.0
    for one in hours.judged:
        posts = lake.read(TABLES["social/clean_posts"], [hour_key(one)])
        received = posts.filter(pc.less_equal(posts["captured_at"], pa.scalar(as_of, posts.schema.field("captured_at").type)))
        share = received.num_rows / max(posts.num_rows, 1) if one == hour else share
        if one < hours.current:
            history = advance(history, received, parameters)
    return _raised(judge(hours, history, received, parameters).trends, hour), share


def _raised(trends: pa.Table, hour: datetime) -> set[str]:
    """Topics that the hour's rows raise."""
    rows = trends.select(["hour", "topic_id", "suppressed"]).to_pylist()
    return {row["topic_id"] for row in rows if row["hour"] == hour and not row["suppressed"]}


def _live_manifests(lake: Lake, hours: list[datetime]) -> list[Manifest]:
    """Manifests of the live posts of the hours that have any."""
    from trend_assets.partitions import hour_key
    from trend_assets.tables import TABLES

    found = lake.manifests(TABLES["social/live_posts"], [hour_key(hour) for hour in hours])
    return [manifest for manifest in found.values() if manifest is not None]


def _fill(folder: Path, size: int) -> None:
    """Land ``size`` posts spread evenly over the two hours before now and the one under way."""
    from trend_assets.lake.storage import open_storage
    from trend_assets.landing.files import LandingRecord, LandingWriter
    from trend_assets.settings import load_settings

    now = datetime.now(UTC)
    start = now.replace(minute=0, second=0, microsecond=0) - 2 * _HOUR
    writer = LandingWriter(open_storage(str(folder / "landing")), lake_start=load_settings().lake_start)
    source = bodies(min(size, 200_000), seed=int(time.time()))
    for number in range(size):
        moment = start + (now - start) * (number / size)
        text = moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3].encode()
        body = _CREATED_AT.sub(b'"created_at":"' + text + b'Z"', next(source), count=1)
        writer.add(LandingRecord("x", "simulated", moment, "benchmark", "stream", body, created_at=moment))
    writer.flush()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="data folder; made where it does not exist, and used again where its hours are recent")
    parser.add_argument("--days", type=int, default=10, help="days of sealed history")
    parser.add_argument("--posts-a-day", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=50.0, help="records a second")
    parser.add_argument("--minutes", type=float, default=6.0)
    parser.add_argument("--flush", type=float, default=5.0, help="seconds after which the collector publishes a landing file")
    parser.add_argument("--run-seconds", type=int, help="seconds after which a run is relieved by the next; default: as set")
    parser.add_argument("--changes", type=int, help="compare with sealed: so many hours of a finished lake")
    parser.add_argument("--work", type=int, nargs="*", help="measure micro-batches without a daemon, at these numbers of posts")
    chosen = parser.parse_args()
    folder = (chosen.data or Path(tempfile.mkdtemp(prefix="live-"))).resolve()
    if not (folder / "lake").exists():
        prepare(folder, chosen.days, chosen.posts_a_day)
    from trend_assets.operations.runs import prepare_environment

    prepare_environment(folder)
    if chosen.changes is not None:
        changes(folder, chosen.changes)
    elif chosen.work is not None:
        work(folder, chosen.work)
    else:
        measure(folder, chosen.rate, chosen.minutes, chosen.flush, chosen.run_seconds)


if __name__ == "__main__":
    main()
