"""The live lane's edge: takes in micro-batches from landing and publishes live tables, for as long as a run lasts.

What belongs here: reading and publishing, in an order that a kill at any moment cannot hurt. What doesn't: what the tables
hold (``lib/live``), what is known of the hours before (``live/history.py``), Dagster (``defs/live``).

A file is consumed when the manifest of its hour in ``social/live_posts`` says so, in the same swap that adds its posts: a
run that is killed or repeated neither loses nor doubles one. The other live tables are replaced as a whole from what is
there. dbt and the warehouse are never touched.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from trend_assets.lake.lake import Lake
from trend_assets.lake.storage import ConflictError, Storage, open_storage
from trend_assets.landing.files import list_landing
from trend_assets.lib.live.batches import KEY, BatchCounts, new_posts, of_hour, outcome_counts
from trend_assets.lib.live.hours import OpenHours, open_hours
from trend_assets.live.history import Histories
from trend_assets.live.sealed import sealed_until
from trend_assets.partitions import hour_key
from trend_assets.settings import Settings
from trend_assets.tables import TABLES, Table

if TYPE_CHECKING:
    from trend_assets.lib.live.judge import LiveParameters, LiveTables

MOST_PARTS = 24
"""Micro-batches of an hour before they are written as one part: readers open every part."""
GRACE = timedelta(minutes=15)
"""How long a replaced part stays for those who are reading it."""
_HASH_DIGITS = 12


@dataclass
class LiveReport:
    """What one micro-batch did: the hours and moment, the counts, seconds by stage, what was published (None: nothing open)."""

    hours: OpenHours
    batch: BatchCounts = field(default_factory=BatchCounts)
    seconds: dict[str, float] = field(default_factory=dict)
    tables: LiveTables | None = None
    published_at: datetime | None = None
    oldest_received: datetime | None = None

    @property
    def slowest_seconds(self) -> float | None:
        """From the receipt of the batch's oldest post to its publication."""
        if self.oldest_received is None or self.published_at is None:
            return None
        return (self.published_at - self.oldest_received).total_seconds()

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure a stage."""
        started = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started


class LiveLane:
    """The live lane of one process: what it remembers between micro-batches is only a cache of what the lake says.

    goes_on: asked between steps, says whether this run still has the lane (``live/lease.py``). clock: now (aware), tests pass their own.
    """

    def __init__(
        self,
        settings: Settings,
        lake: Lake,
        goes_on: Callable[[], bool] = lambda: True,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings, self._lake, self._goes_on, self._clock = settings, lake, goes_on, clock
        self._landing = open_storage(settings.landing_root)
        self._parameters = live_parameters(settings)
        self._histories = Histories(settings, lake, self._parameters)
        self._posts: dict[str, tuple[str, pa.Table]] = {}

    def hours(self) -> OpenHours:
        """The open hours now: those after the newest sealed hour."""
        now = self._clock()
        return open_hours(now, sealed_until(self._lake, now), self._settings.lake_start, self._settings.lake_end)

    def waiting(self, hours: OpenHours) -> list[str]:
        """Landing files that wait to be taken in."""
        return waiting_files(self._lake, self._landing, hours)

    def prepare(self) -> None:
        """Load the code and the history that a first micro-batch needs: what a run does before it asks for the lane."""
        from trend_assets.lib import sources  # noqa: F401 - slow to import
        from trend_assets.lib.live import judge  # noqa: F401
        from trend_assets.lib.text import clean  # noqa: F401

        hours = self.hours()
        if hours.judged:
            self._histories.before(hours)

    def run_once(self) -> LiveReport:
        """One micro-batch: take in what has landed, then publish live trends and rankings. Safe to kill and to repeat."""
        report = LiveReport(self.hours())
        if not report.hours.judged:
            return report
        with self._step(report, "take in"):
            self._take_in(report)
        hours = report.hours = self.hours()  # what was taken in meanwhile is not in the future
        with self._step(report, "history"):
            history = self._histories.before(hours)
        with self._step(report, "live posts"):
            posts = self._posts_of(hour_key(hours.current))
        from trend_assets.lib.live.judge import judge

        trends_table, rankings_table = TABLES["topics/live_trends"], TABLES["influencers/live_rankings"]
        with self._step(report, "judge"):
            report.tables = judge(
                hours,
                history,
                posts,
                self._parameters,
                collected=self._histories.gaps(hours).shares_until(hours.judged, hours.as_of),
                previous_trends=self._lake.read(trends_table, ["all"]),
                previous_rankings=self._lake.read(rankings_table, ["all"]),
            )
        with self._step(report, "publish"):
            for table, rows in ((trends_table, report.tables.trends), (rankings_table, report.tables.rankings)):
                # A quiet hour may have far fewer trends than the one before: shrinking is no loss here.
                with contextlib.suppress(ConflictError):  # a run that has taken over meanwhile was faster: its rows are newer
                    self._lake.publish(table, {"all": rows}, allow_shrink=True)
                remove_replaced_parts(self._lake, table, "all", self._clock())
        report.published_at = self._clock()
        return report

    @contextlib.contextmanager
    def _step(self, report: LiveReport, name: str) -> Iterator[None]:
        """A measured stage, before which the run shows that it goes on."""
        self._goes_on()
        with report.stage(name):
            yield

    def run(self, seconds: float, idle_seconds: float, sleep: Callable[[float], None] = time.sleep) -> Iterator[LiveReport]:
        """Micro-batches for about ``seconds``, each as soon as files wait and the one before has had its share of a core.

        A micro-batch judges the whole hour under way, so one of a busy hour costs seconds: done without a pause they would take a core,
        for rows that are hardly fresher.

        Ends early when none came for ``idle_seconds``, or when the next run is ready to take over. Always at least one, so the
        trailing hour moves on. A process costs more to start than many batches to do.
        """
        started = time.monotonic()
        yield self.run_once()
        busy = due = time.monotonic()  # the first one may have taken long: it makes the history
        while self._goes_on() and time.monotonic() - started < seconds and time.monotonic() - busy < idle_seconds:
            if time.monotonic() >= due and self.waiting(self.hours()):
                begun, spent = time.monotonic(), time.process_time()
                yield self.run_once()
                due = begun + (time.process_time() - spent) / self._settings.live_cpu_share
                busy = max(time.monotonic(), due)
            else:
                sleep(POLL_SECONDS)

    def _take_in(self, report: LiveReport) -> None:
        """Decode, clean and append the waiting files, at most ``sensor_files`` of them, hour by hour."""
        from trend_assets.lib.privacy.pseudonyms import Pseudonyms
        from trend_assets.lib.sources import decode_hours

        settings, batch, waiting = self._settings, report.batch, self.waiting(report.hours)
        chosen = waiting[: settings.sensor_files]
        batch.files, batch.waiting = len(chosen), len(waiting) - len(chosen)
        if not chosen:
            return
        of_hours = {hour: [path for path in chosen if f"/hour={hour:%Y-%m-%dT%H}/" in path] for hour in report.hours.landing}
        decoded = decode_hours(
            {hour: [(path, self._landing.read(path)) for path in paths] for hour, paths in of_hours.items() if paths},
            lake_start=settings.lake_start,
            lake_end=settings.lake_end,
            pseudonyms=Pseudonyms(settings.pseudonym_key.get_secret_value()),
        )
        batch.outcomes.update(outcome_counts(decoded.landing_counts))
        posts = _cleaned(decoded.raw_posts, settings)
        if posts.num_rows:
            import pyarrow.compute as pc

            report.oldest_received = pc.min(posts["captured_at"]).as_py()
        for hour, paths in of_hours.items():
            if paths:
                self._append(hour, of_hour(posts, hour), paths, batch)

    def _append(self, hour: datetime, posts: pa.Table, paths: Sequence[str], batch: BatchCounts) -> None:
        """Add an hour's new posts and note its files as consumed, in one swap."""
        table, key = TABLES["social/live_posts"], hour_key(hour)
        known = self._posts_of(key)
        fresh = new_posts(posts, known.select(list(KEY)))
        inputs = {path: path.removesuffix(".jsonl.zst")[-_HASH_DIGITS:] for path in paths}
        manifest = self._lake.append(table, key, fresh, inputs)
        together = pa.concat_tables([known, fresh])
        if manifest.rows == together.num_rows:
            self._posts[key] = (manifest.data_version, together)
        batch.added += fresh.num_rows
        batch.known += posts.num_rows - fresh.num_rows
        if len(manifest.parts) > MOST_PARTS:
            with contextlib.suppress(ConflictError):  # somebody added to it meanwhile: the next run compacts
                compacted = self._lake.publish(table, {key: self._posts_of(key)}, inputs=dict(manifest.inputs))[key]
                self._posts[key] = (compacted.data_version, self._posts_of(key, manifest.data_version))
                remove_replaced_parts(self._lake, table, key, self._clock())

    def _posts_of(self, key: str, version: str | None = None) -> pa.Table:
        """Live posts of an hour, from memory where nobody else has added any; of two hours at most."""
        table = TABLES["social/live_posts"]
        if version is None:
            manifest = self._lake.manifest(table, key)
            version = manifest.data_version if manifest is not None else ""
        if key in self._posts and self._posts[key][0] == version:
            return self._posts[key][1]
        posts = self._lake.read(table, [key])
        self._posts = {other: value for other, value in sorted(self._posts.items())[-1:] if other != key} | {key: (version, posts)}
        return posts


POLL_SECONDS = 1.0
"""How often a run looks for new files between micro-batches."""


def live_parameters(settings: Settings) -> LiveParameters:
    """What of the settings decides about live rows."""
    from trend_assets.lib.live.judge import LiveParameters

    return LiveParameters(
        window_hours=settings.window_hours,
        groups=settings.live_groups,
        brands=tuple(settings.brands),
        minimum_authors=settings.trend_authors,
        half_life_hours=settings.influence_half_life_hours,
    )


def waiting_files(lake: Lake, landing: Storage, hours: OpenHours) -> list[str]:
    """Landing files of the open hours that no live partition has consumed, oldest first (names start with their time).

    Only the folders of these hours are listed, and the networks there are: landing grows for ever.
    """
    wanted = hours.landing
    if not wanted:
        return []
    manifests = lake.manifests(TABLES["social/live_posts"], [hour_key(hour) for hour in wanted])
    consumed = {path for manifest in manifests.values() if manifest is not None for path in manifest.inputs}
    found = [
        path
        for folder in landing.folders()
        for paths in list_landing(landing, wanted, [folder.removeprefix("network=")]).values()
        for path in paths
        if path not in consumed
    ]
    return sorted(found, key=lambda path: path.rpartition("/")[2])


def _cleaned(raw_posts: pa.Table, settings: Settings) -> pa.Table:
    from trend_assets.lib.text.clean import clean_posts

    table = TABLES["social/live_posts"]
    if not raw_posts.num_rows:
        return table.empty()
    return table.conform(clean_posts(raw_posts, public_handles=frozenset(brand.lower() for brand in settings.brands)))


def remove_replaced_parts(lake: Lake, table: Table, key: str, now: datetime) -> list[str]:
    """Delete the partition's parts that its manifest no longer names, after a grace for their readers.

    ``Lake.collect_garbage`` waits until a manifest is old, which that of a live table never is.
    """
    from trend_assets.lake.reader import MANIFEST_NAME, folder_of_key

    manifest, folder = lake.manifest(table, key), folder_of_key(table, key)
    named = {part.name for part in manifest.parts} if manifest is not None else set()
    removed = []
    for entry in lake.storage.entries(f"{folder}/"):
        name = entry.path.rpartition("/")[2]
        if name != MANIFEST_NAME and name not in named and entry.modified < now - GRACE:
            lake.storage.delete(entry.path)
            removed.append(entry.path)
    return removed


@dataclass(frozen=True)
class Look:
    """What the sensor sees: open hours, files that wait, whether there are live posts to judge, whether there are live rows."""

    open_hours: int
    waiting: int
    live_posts: bool
    live_rows: bool


def look(settings: Settings, lake: Lake) -> Look:
    """A glance at landing, without reading a file."""
    now = datetime.now(UTC)
    hours = open_hours(now, sealed_until(lake, now), settings.lake_start, settings.lake_end)
    if not hours.judged:
        return Look(0, 0, False, False)
    waiting = waiting_files(lake, open_storage(settings.landing_root), hours)
    some = any(lake.manifest(TABLES["social/live_posts"], hour_key(hour)) is not None for hour in hours.judged)
    return Look(len(hours.judged), len(waiting), some, lake.manifest(TABLES["topics/live_trends"], "all") is not None)


def compare_sealed(lake: Lake, keys: Sequence[str], hours: Sequence[datetime]) -> list[pa.Table]:
    """Rows of ``topics/sealing_changes`` for the hours that the live lane saw; one made before stays where live rows are gone."""
    import pyarrow.compute as pc

    from trend_assets.lib.live.sealing import sealing_changes

    table = TABLES["topics/sealing_changes"]
    trends, rankings = (lake.read(TABLES[path], ["all"]) for path in ("topics/live_trends", "influencers/live_rankings"))

    def rows(live: pa.Table, hour: datetime) -> pa.Table:
        return live.filter(pc.equal(live["hour"], pa.scalar(hour, live.schema.field("hour").type)))

    found = []
    for key, hour in zip(keys, hours, strict=True):
        live, sealed = (lake.manifest(TABLES[path], key) for path in ("social/live_posts", "social/clean_posts"))
        mine = rows(trends, hour), rows(rankings, hour)
        if live is None or not (mine[0].num_rows or mine[1].num_rows):
            found.append(lake.read(table, [key]))
            continue
        row = sealing_changes(
            hour,
            live_posts=live.rows,
            sealed_posts=sealed.rows if sealed is not None else 0,
            live_trends=mine[0],
            trends=lake.read(TABLES["topics/trends"], [key]),
            live_rankings=mine[1],
            rankings=lake.read(TABLES["influencers/influencer_rankings"], [key]),
        )
        found.append(row)
    return found
