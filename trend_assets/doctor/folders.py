"""The data folder: can the lake be written there, is there room, do landing files and committed tables hold?

What belongs here: checks of files. What doesn't: what tables say (``defs/*/checks.py``), Dagster's storage (``orchestration.py``).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trend_assets.doctor.surroundings import Diagnosis, Surroundings, fine, not_applicable, several, shown, size, warning, wrong
from trend_assets.lake.lake import Lake
from trend_assets.lake.manifest import CorruptionError, Manifest, UnsupportedFormatError
from trend_assets.lake.reader import MANIFEST_NAME
from trend_assets.lake.storage import LocalStorage, Storage, open_storage
from trend_assets.landing.files import DamagedLandingFileError, landing_hour, landing_network, list_landing, read_lines
from trend_assets.tables import TABLES, Table

SECONDS_FOR_READING = 1.5
"""Time one check spends on reading files; the newest are read first, the rest is not looked at."""
LEAST_FREE_BYTES = 1 << 30
CLOCK_TOLERANCE = timedelta(minutes=10)


def data_folder(surroundings: Surroundings) -> Diagnosis:
    """The data folder is there and can be written."""
    folder = surroundings.data
    name = shown(folder, surroundings.working_folder)
    if not folder.exists():
        parent = next(above for above in folder.parents if above.exists())
        if not os.access(parent, os.W_OK):
            return wrong(f"{name} does not exist and {parent} is not writable", "set TREND_ASSETS_DATA to a folder of your own")
        return warning(f"{name} does not exist yet", "make run makes it, with a simulated town")
    if not folder.is_dir():
        return wrong(f"{name} is not a folder", "set TREND_ASSETS_DATA to a folder, or move the file away")
    if not os.access(folder, os.W_OK | os.X_OK):
        return wrong(
            f"{name} is not writable for {_user()}", f"chown -R {_user()} {name}, or set TREND_ASSETS_DATA to a folder of your own"
        )
    return fine(f"{name} is there and writable")


def _user() -> str:
    return os.environ.get("USER") or f"user {os.getuid()}"


def file_system(surroundings: Surroundings) -> Diagnosis:
    """What the lake asks of a file system, tried: rename over a file, lock, sync of file and folder."""
    if not surroundings.data.is_dir() or not os.access(surroundings.data, os.W_OK):
        return not_applicable("no writable data folder to try it in")
    tried = "write"
    try:
        with tempfile.TemporaryDirectory(prefix=".doctor-", dir=surroundings.data) as text:
            folder = Path(text)
            (folder / "old").write_bytes(b"old")
            descriptor = os.open(folder / "new", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                os.write(descriptor, b"new")
                tried = "sync of a file"
                os.fsync(descriptor)
                tried = "lock"
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            finally:
                os.close(descriptor)
            tried = "rename"
            (folder / "new").replace(folder / "old")
            tried = "sync of a folder"
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if (folder / "old").read_bytes() != b"new":
                return wrong("a renamed file shows its old content", "use a local disk: the lake publishes by rename")
    except OSError as error:
        return wrong(
            f"{tried} failed: {error}", "use a local disk (ext4, xfs, btrfs) with free space: the lake publishes by rename and locks"
        )
    return fine("rename, lock and sync work")


def disk_space(surroundings: Surroundings) -> Diagnosis:
    """Room for the lake to grow: a rebuild writes its partitions beside the old ones."""
    existing = next(path for path in (surroundings.data, *surroundings.data.parents) if path.exists())
    free, used = shutil.disk_usage(existing).free, sum(_sizes(surroundings.data / "lake"))
    found = f"{size(free)} free, the lake has {size(used)}"
    if free < LEAST_FREE_BYTES:
        return wrong(found, "free some disk space: publishing fails when the disk is full (what is there stays whole)")
    if free < used:
        return warning(f"{found}: not enough to rebuild it beside itself", "free some disk space, or shorten the lake (LAKE_START)")
    return fine(found)


def _sizes(folder: Path) -> Iterator[int]:
    pending = [str(folder)]
    deadline = time.monotonic() + SECONDS_FOR_READING
    while pending and time.monotonic() < deadline:
        try:
            with os.scandir(pending.pop()) as scan:
                for item in scan:
                    if item.is_dir(follow_symlinks=False):
                        pending.append(item.path)
                    else:
                        yield item.stat(follow_symlinks=False).st_size
        except (FileNotFoundError, NotADirectoryError):
            continue


def clock(surroundings: Surroundings) -> Diagnosis:
    """Nothing in the data folder is from the future, which would mean a clock that is or was wrong."""
    if surroundings.now.year < 2026:
        return wrong(f"the clock says {surroundings.now:%Y-%m-%d %H:%M} UTC", "set the clock: hours are sealed by it")
    storage = open_storage(surroundings.settings.landing_root)
    future = surroundings.now + CLOCK_TOLERANCE
    ahead = [entry.path for entry in storage.entries("network=") if entry.modified > future]
    if ahead:
        return warning(
            f"{len(ahead)} landing files were written in the future, e.g. {ahead[0]}",
            "set the clock (timedatectl); it was wrong then or is now",
        )
    return fine(f"{surroundings.now:%Y-%m-%d %H:%M} UTC; no file is from the future")


def landing_files(surroundings: Surroundings) -> Diagnosis:
    """Landing files are whole and where they belong."""
    storage = open_storage(surroundings.settings.landing_root)
    entries = [entry for entry in storage.entries() if not entry.path.startswith("_receipts/")]
    if not entries:
        return not_applicable("no landing files yet: make run, or trend-assets ingest")
    strange = [entry.path for entry in entries if not _is_landing(entry.path)]
    damaged = [f"{entry.path} (empty)" for entry in entries if entry.size == 0 and _is_landing(entry.path)]
    read, deadline = 0, time.monotonic() + SECONDS_FOR_READING
    newest_first = sorted(
        (entry for entry in entries if entry.size and _is_landing(entry.path)), key=lambda entry: entry.modified, reverse=True
    )
    for entry in newest_first:
        if time.monotonic() > deadline:
            break
        read += 1
        damage = landing_damage(storage, entry.path)
        damaged += [f"{entry.path} ({damage})"] if damage else []
    if damaged:
        action = (
            "put the file back from a backup, else its records stay quarantined; `trend-assets replay` shows which hours it is missed in"
        )
        return wrong(f"{len(damaged)} of {len(entries)} landing files are damaged: {several(damaged, 2)}", action)
    if strange:
        action = "move it away: only network=<name>/hour=<hour>/<id>-<hash>.jsonl.zst is read; trend-assets ingest lands files"
        return warning(f"{len(strange)} files are no landing files and never read: {several(strange, 2)}", action)
    networks = sorted({landing_network(entry.path) for entry in entries})
    return fine(f"{len(entries)} files of {', '.join(networks)}, {read} read and whole")


def _is_landing(path: str) -> bool:
    try:
        landing_hour(path)
    except ValueError:
        return False
    return True


def landing_damage(storage: Storage, path: str) -> str:
    """What is wrong with a landing file, empty where nothing is. Raises ``FileNotFoundError`` where it is gone."""
    try:
        read_lines(path, storage.read(path))
    except DamagedLandingFileError as error:
        return str(error)
    return ""


def backlog(surroundings: Surroundings) -> Diagnosis:
    """Every landing file of a sealed hour was read into the committed tables."""
    chosen = surroundings.settings
    files = list_landing(open_storage(chosen.landing_root))
    if not files:
        return not_applicable("no landing files yet")
    from trend_assets.partitions import hour_key

    outside = [hour for hour in files if hour < chosen.lake_start or (chosen.lake_end is not None and hour >= chosen.lake_end)]
    sealed_before = surroundings.now - timedelta(hours=chosen.seal_after_hours + 1)
    sealed = [hour for hour in files if hour <= sealed_before and hour not in set(outside)]
    manifests = Lake(chosen.lake_root).manifests(TABLES["social/landing_counts"], [hour_key(hour) for hour in sealed])
    waiting: dict[datetime, int] = {}
    for hour, manifest in zip(sealed, manifests.values(), strict=True):
        unread = set(files[hour]) - set(manifest.inputs if manifest else {})
        if unread:
            waiting[hour] = len(unread)
    if waiting:
        first = hour_key(min(waiting))
        found = f"{sum(waiting.values())} landing files of {len(waiting)} sealed hours are not read yet, the oldest of {first}"
        return warning(found, f"make dev reads them by itself; at once: {surroundings.command} seal")
    if outside:
        earliest, start = min(outside), chosen.lake_start
        found = f"{len(outside)} hours of landing files are outside the lake, the first {earliest:%Y-%m-%d}; it starts {start:%Y-%m-%d}"
        return warning(found, f"LAKE_START={earliest:%Y-%m-%dT%H:%M:%SZ} where they should count")
    opened = len(files) - len(sealed)
    return fine(f"every file of {len(sealed)} sealed hours is read" + (f"; {opened} hours are not sealed yet" if opened else ""))


def lake_tables(surroundings: Surroundings) -> Diagnosis:
    """Manifests are readable and the parts they name are those published; the newest partitions first."""
    lake = Lake(surroundings.settings.lake_root)
    pending = {table.path: lake.partitions(table) for table in TABLES.values()}
    partitions = sum(map(len, pending.values()))
    if not partitions:
        return not_applicable("the lake is empty: make run fills it")
    problems: list[tuple[str, str]] = []
    verified, deadline = 0, time.monotonic() + 2 * SECONDS_FOR_READING
    while any(pending.values()) and time.monotonic() < deadline:
        for path, keys in pending.items():
            if keys and time.monotonic() < deadline:
                key, verified = keys.pop(), verified + 1
                try:
                    lake.verify(TABLES[path], key)
                except (CorruptionError, UnsupportedFormatError) as error:
                    problems.append((f"{path} [{key}]", str(error)))
    if problems:
        named = [name for name, _ in problems]
        found = f"{len(problems)} of {verified} partitions looked at are damaged: {several(named)}. {problems[0][1]}"
        return wrong(found, _mend(surroundings, named[0]))
    return fine(f"{verified} of {partitions} partitions looked at, all parts as published")


def _mend(surroundings: Surroundings, name: str) -> str:
    path, _, key = name.partition(" [")
    key = key.rstrip("]")
    if TABLES[path].append_only:
        return f"restore the folder of {path} [{key}] from a copy: what a ledger recorded cannot be made again (docs/rewind.md)"
    if TABLES[path].partition == "hour" and TABLES[path].group in ("social", "topics", "influencers"):
        return f"{surroundings.command} replay {key} {key} --tables {path} --restore"
    return f"materialise {path} [{key}] again: make dev, then Materialize on the asset's page"


def gaps(surroundings: Surroundings) -> Diagnosis:
    """No hour stopped half way: what has raw posts has clean posts, and topics reach as far as they do."""
    lake = Lake(surroundings.settings.lake_root)
    raw, clean = (lake.partitions(TABLES[path]) for path in ("social/raw_posts", "social/clean_posts"))
    if not raw:
        return not_applicable("no posts yet")
    done = set(clean)
    open_ = [key for key in raw if key not in done]
    manifests = lake.manifests(TABLES["social/raw_posts"], open_[: 30 * 24])
    missing = [key for key, manifest in manifests.items() if manifest is not None and manifest.rows]
    if missing:
        found = f"{len(missing)} hours have raw posts but no clean ones, {missing[0]} to {missing[-1]}: a run stopped in between"
        return warning(
            found,
            f"run social_hours over them again (make dev, Jobs), or {surroundings.command} replay {missing[0]} {missing[-1]} --restore",
        )
    topics = lake.partitions(TABLES["topics/topics"])
    behind = [key for key in clean if topics and key > topics[-1]]
    if len(behind) > surroundings.settings.seal_after_hours:
        found = f"{len(behind)} hours have posts but no topics, {behind[0]} to {behind[-1]}"
        return warning(found, f"{surroundings.command} seal")
    return fine(f"{len(clean)} hours, each with clean posts; topics up to {topics[-1] if topics else 'none yet'}")


def garbage(surroundings: Surroundings) -> Diagnosis:
    """Files in the lake that no manifest names: replaced parts, and what killed writers left."""
    chosen = surroundings.settings
    lake = Lake(chosen.lake_root)
    if not isinstance(lake.storage, LocalStorage):
        return not_applicable("only looked at in a local lake")
    count, total, deadline = 0, 0, time.monotonic() + SECONDS_FOR_READING
    for table in TABLES.values():
        if time.monotonic() > deadline:
            break
        files, bytes_ = _unnamed(lake.storage, table)
        count, total = count + files, total + bytes_
    temporaries = [path for path in lake.storage.root.rglob(".*.tmp") if path.is_file()]
    found = f"{count} replaced parts ({size(total)}), {len(temporaries)} temporary files of stopped writers"
    used = sum(_sizes(lake.storage.root))
    if total > LEAST_FREE_BYTES and total > used / 2:
        return warning(found, "the nightly housekeeping removes them a day later; is the daemon running (make dev)?")
    return fine(found)


def _unnamed(storage: LocalStorage, table: Table) -> tuple[int, int]:
    """Number and bytes of the parts of a table that its manifests do not name."""
    parts: dict[str, dict[str, int]] = {}
    named: set[str] = set()
    for entry in storage.entries(f"{table.path}/"):
        folder, _, name = entry.path.rpartition("/")
        if name != MANIFEST_NAME:
            parts.setdefault(folder, {})[entry.path] = entry.size
            continue
        try:
            manifest = Manifest.from_json(storage.read(entry.path), storage.uri(entry.path))
        except (CorruptionError, UnsupportedFormatError, FileNotFoundError):
            return 0, 0  # the check of tables names it
        named |= {f"{folder}/{part.name}" for part in manifest.parts}
    sizes = {path: size for found in parts.values() for path, size in found.items() if path not in named}
    return len(sizes), sum(sizes.values())


def warehouse_file(surroundings: Surroundings) -> Diagnosis:
    """The file that readers open is there, readable, and not older than the newest sealed hour."""
    from trend_assets.partitions import end_of_hour, hour_key
    from trend_assets.warehouse.engine import open_warehouse

    chosen = surroundings.settings
    if chosen.in_cloud:
        return not_applicable("the warehouse is BigQuery, not a file")
    published = Lake(chosen.lake_root).partitions(TABLES["topics/trends"])
    name = shown(chosen.warehouse_file, surroundings.working_folder)
    marts = "the job marts makes it: make dev, Jobs, marts"
    if not chosen.warehouse_file.exists():
        return (
            warning(f"{name} is not there, though the lake has trends", marts) if published else not_applicable(f"{name} is not there yet")
        )
    try:
        warehouse = open_warehouse(chosen)
        tables = warehouse.tables()
        row = warehouse.query("select max(hour) as newest from topics.trends").to_pylist()[0]
    except Exception as error:
        return wrong(f"{name} cannot be read: {error}", f"move it away; {marts}")
    newest = row["newest"].astimezone(UTC) if row["newest"] else None
    hours = [key for key in published if newest is None or end_of_hour(key) - timedelta(hours=1) > newest]
    if hours:
        held = hour_key(newest) if newest else "nothing"
        return warning(
            f"{name} holds trends up to {held}, the lake has {len(hours)} hours more",
            "the daemon refreshes it (make dev); at once: its job marts",
        )
    return fine(f"{name}: {len(tables)} tables, " + (f"trends up to {hour_key(newest)}" if newest else "no trends yet"))
