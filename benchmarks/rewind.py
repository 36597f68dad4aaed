"""Is what was published at every hour X still given back, byte for byte, after posts were deleted and history was made again?

    python -m benchmarks.rewind --data FOLDER            a finished demo's folder; everything happens in a copy
    python -m benchmarks.rewind --data FOLDER --marts    marts too: dbt runs again (a minute or two)

What belongs here: damaging a copy, asking again, comparing. What doesn't: what is kept (``lib/ledger/kept.py``), what tests assert
(``trend_assets_tests/operations/test_ledger.py`` does the same in a small house of its own).

Every moment at which anything was published is asked for, and every table with a ledger, as `trend-assets as-of` writes it (Parquet).
Then, in the copy: 5 % of all posts, drawn by seed, are deleted by notices in the last hour (whose own posts stay), and the job
late_hours rebuilds their hours without them; trends of every hour are published again with other scores, as a backfill by another
method would; all of it is recorded. Then everything is asked again.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.console import Console

from trend_assets.lake.lake import Lake
from trend_assets.lib.ledger.points import as_of_rows
from trend_assets.tables import TABLES
from trend_assets.tables.ledgers import LEDGERS, MART_LEDGER, Ledger

DELETED_SHARE = 0.05
COPIED = ("lake", "landing", "retail", "labels", "warehouse", "dagster", "settings.env")
_BY_PATH = {"posts": "social/clean_posts", "trends": "topics/trends", "deletions": "social/deletions"}


def moments(lake: Lake) -> list[datetime]:
    """Every moment at which anything became known."""
    found: set[datetime] = set()
    for table in (*(ledger.table for ledger in LEDGERS.values()), MART_LEDGER):
        found.update(pc.unique(lake.read(table, columns=["knowledge_time"])["knowledge_time"]).to_pylist())
    return sorted(found)


def rewound(lake: Lake, ledger: Ledger, at: Sequence[datetime]) -> list[str]:
    """The hash of what the command writes for each moment; the ledger is read once."""
    rows = lake.read(ledger.table).combine_chunks()
    return [_hash(as_of_rows(rows, moment, ledger.key)) for moment in at]


def rewound_marts(lake: Lake, at: Sequence[datetime]) -> dict[str, list[str]]:
    """The same of each mart that is kept."""
    from trend_assets.operations.mart_ledger import kept_marts, marts_at

    return {mart: [_hash(marts_at(lake, mart, moment)) for moment in at] for mart in kept_marts(lake)}


def _hash(rows: pa.Table) -> str:
    sink = io.BytesIO()
    pq.write_table(rows, sink, compression="zstd")
    return hashlib.sha256(sink.getvalue()).hexdigest()


def delete_posts(lake: Lake, share: float, seed: int) -> list[str]:
    """Publish notices that take away a share of all posts; returns the hours that hold them."""
    posts, deletions = TABLES[_BY_PATH["posts"]], TABLES[_BY_PATH["deletions"]]
    rows = lake.read(posts, columns=["network", "post_id", "created_at"]).combine_chunks()
    key = lake.partitions(posts)[-1]
    hour = datetime.strptime(key, "%Y-%m-%d-%H:%M").replace(tzinfo=UTC)
    before = pc.less(rows["created_at"], pa.scalar(hour, rows.schema.field("created_at").type))  # that hour holds the notices
    drawn = pa.array(np.random.default_rng(seed).random(rows.num_rows) < share)
    chosen = rows.filter(pc.and_(before, drawn))
    told = {"subject_kind": "post", "action": "delete", "deleted_at": hour, "hour": hour, "source": "benchmark", "request_id": "benchmark"}
    notices = [
        told | {"network": network, "subject": post, "landing_file": "benchmark", "landing_line": number}
        for number, (network, post) in enumerate(zip(chosen["network"].to_pylist(), chosen["post_id"].to_pylist(), strict=True))
    ]
    known = lake.read(deletions, [key])
    given = [{name: row.get(name) for name in deletions.schema.names} for row in notices]
    new = pa.Table.from_pylist(given, schema=deletions.schema)
    lake.publish(deletions, {key: pa.concat_tables([known, new])})
    hours = pc.unique(pc.floor_temporal(chosen["created_at"], unit="hour")).to_pylist()
    print(f"{chosen.num_rows:,} of {rows.num_rows:,} posts deleted ({chosen.num_rows / rows.num_rows:.1%}), of {len(hours)} hours")
    return sorted(f"{one.astimezone(UTC):%Y-%m-%d-%H}:00" for one in hours)


def backfill_trends(lake: Lake) -> int:
    """Publish trends of every hour with other scores; returns rows."""
    trends, count = TABLES[_BY_PATH["trends"]], 0
    for key in lake.partitions(trends):
        rows = lake.read(trends, [key])
        if rows.num_rows:
            place = rows.schema.get_field_index("score")
            lake.publish(trends, {key: rows.set_column(place, trends.column("score").field, pc.multiply(rows["score"], 1.5))})
            count += rows.num_rows
    return count


def main() -> None:
    """Prepare, ask, damage, ask again, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--marts", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rewind-") as made:
        folder = Path(made) / "data"
        folder.mkdir()
        for name in COPIED:
            source = options.data / name
            if source.is_dir():
                shutil.copytree(source, folder / name)
            elif source.exists():
                (folder / name).write_text(source.read_text().replace(str(options.data.resolve()), str(folder)))
        _measure(folder, options.seed, marts=options.marts)


def _measure(folder: Path, seed: int, *, marts: bool) -> None:
    from trend_assets.operations.runs import Range, prepare_environment, run_job
    from trend_assets.settings import load_settings

    os.environ.pop("LAKE_START", None)
    prepare_environment(folder)
    console, lake = Console(), Lake(load_settings().lake_root)
    _record(lake, console)
    at = moments(lake)
    started = time.process_time()
    published = {path: rewound(lake, ledger, at) for path, ledger in LEDGERS.items()}
    seconds = time.process_time() - started
    kept = rewound_marts(lake, at)
    asked = len(at) * len(LEDGERS)
    different = sum(len(set(told)) for told in published.values())
    print(f"{len(at)} moments, {asked} questions, {different} different answers; {1000 * seconds / max(asked, 1):.1f} core-ms a question")
    hours = delete_posts(lake, DELETED_SHARE, seed)
    run_job("late_hours", console, Range(hours[0], hours[-1]))
    print(f"{backfill_trends(lake):,} trends published again with other scores")
    _record(lake, console)
    if marts:
        run_job("marts", console)
    _compare(lake, at, published, kept)


def _record(lake: Lake, console: Console) -> None:
    from trend_assets.operations.ledger import ledger_due
    from trend_assets.operations.runs import run_job
    from trend_assets.settings import load_settings

    while (due := ledger_due(lake, load_settings(), datetime.now(UTC))).range is not None:
        run_job("ledger_hours", console, due.range)


def _compare(lake: Lake, at: Sequence[datetime], published: dict[str, list[str]], kept: dict[str, list[str]]) -> None:
    now = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
    wrong = 0
    for path, told in published.items():
        ledger = LEDGERS[path]
        again = rewound(lake, ledger, at)
        broken = [f"{moment:%Y-%m-%dT%H:%M}" for moment, one, other in zip(at, told, again, strict=True) if one != other]
        changes = lake.read(ledger.table, columns=["change"])["change"].value_counts().to_pylist()
        told_changes = ", ".join(f"{one['counts']} {one['values']}" for one in sorted(changes, key=lambda one: one["values"]))
        today = "other" if rewound(lake, ledger, [now]) != told[-1:] else "the same"
        print(f"{path}: {len(at) - len(broken)} of {len(at)} moments byte-identical; rows: {told_changes}; today {today} than before")
        wrong += len(broken)
    again_kept = rewound_marts(lake, at)
    same = sum(one == other for mart, told in kept.items() for one, other in zip(told, again_kept[mart], strict=True))
    print(f"{len(kept)} marts: {same} of {len(kept) * len(at)} answers byte-identical")
    wrong += len(kept) * len(at) - same
    if wrong:
        raise SystemExit(f"{wrong} answers came back otherwise")


if __name__ == "__main__":
    main()
