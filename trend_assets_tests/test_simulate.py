"""A town on disk: complete, repeatable, resumable, and readable by the pipeline's own readers."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trend_assets.lake.storage import open_storage
from trend_assets.landing.files import list_landing
from trend_assets.lib.privacy.pseudonyms import Pseudonyms
from trend_assets.lib.simulation.town import TownParameters
from trend_assets.lib.sources.decode import decode_hours
from trend_assets.retail.files import read_retail
from trend_assets.simulate import OtherTownError, simulate_town

TOWN = {"days": 4, "posts": 4_000, "seed": 3}
PSEUDONYMS = Pseudonyms("a key for tests")


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("town")
    days: list[int] = []
    summary = simulate_town(folder, **TOWN, on_progress=days.append)
    assert days == [1, 2, 3, 4]
    assert summary.posts == pytest.approx(4_000, rel=0.05)
    return folder


def test_a_second_run_does_nothing(town: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in town.rglob("*")}
    summary = simulate_town(town, **TOWN)
    assert summary.seconds == 0
    assert {path: path.stat().st_mtime_ns for path in town.rglob("*")} == before


def test_another_process_with_another_hash_seed_writes_the_same_bytes(town: Path, tmp_path: Path) -> None:
    code = f"from pathlib import Path; from trend_assets.simulate import simulate_town; simulate_town(Path({str(tmp_path)!r}), **{TOWN!r})"
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONHASHSEED": "77"})
    assert _hashes(tmp_path) == _hashes(town)


def test_a_killed_run_ends_as_if_never_killed(town: Path, tmp_path: Path) -> None:
    def stop(day: int) -> None:
        if day == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_town(tmp_path, **TOWN, on_progress=stop)
    assert not json.loads((tmp_path / "truth" / "simulation.json").read_text())["complete"]
    simulate_town(tmp_path, **TOWN)
    assert _hashes(tmp_path) == _hashes(town)


def test_what_an_earlier_generator_left_is_removed_and_files_of_other_sources_stay(town: Path, tmp_path: Path) -> None:
    simulate_town(tmp_path, **TOWN)
    marker = tmp_path / "truth" / "simulation.json"
    marker.write_text(json.dumps(json.loads(marker.read_text()) | {"generator": "earlier"}))
    landed = next(tmp_path.glob("landing/network=x/hour=*/*.jsonl.zst"))
    stale = landed.with_name("01AAAAAAAAAAAAAAAAAAAAAAAA-" + landed.name[27:])
    stale.write_bytes(landed.read_bytes())
    data = pa.Codec("zstd").compress(b'{"source":"x","received_at":"2026-09-01T00:00:01Z","body":{}}\n', asbytes=True)
    other = landed.with_name(f"01BBBBBBBBBBBBBBBBBBBBBBBB-{hashlib.sha256(data).hexdigest()[:12]}.jsonl.zst")
    other.write_bytes(data)
    simulate_town(tmp_path, **TOWN)
    assert not stale.exists()
    assert other.exists()
    other.unlink()
    assert _hashes(tmp_path) == _hashes(town)


def test_a_folder_holds_one_town(town: Path) -> None:
    with pytest.raises(OtherTownError, match="another simulated town"):
        simulate_town(town, days=4, posts=4_000, seed=4)


def test_the_reader_of_landing_files_arrives_at_the_ledger(town: Path) -> None:
    storage = open_storage(str(town / "landing"))
    files = {hour: [(path, storage.read(path)) for path in paths] for hour, paths in list_landing(storage).items()}
    start = TownParameters.start
    decoded = decode_hours(files, lake_start=start, lake_end=start + timedelta(days=4), pseudonyms=PSEUDONYMS)
    read: Counter[tuple[str, str]] = Counter()
    for row in decoded.landing_counts.to_pylist():
        read[row["outcome"], row["detail"]] += row["records"]
    ledger = json.loads((town / "truth" / "ledger.json").read_text())
    planted: Counter[tuple[str, str]] = Counter()
    for row in ledger["records"]:
        planted[row["outcome"], row["detail"]] += row["records"]
    assert read == planted

    truth = pa.concat_tables([pq.read_table(path) for path in sorted((town / "truth" / "posts").glob("*.parquet"))])
    expected = {
        (row["network"], _post_id(row["network"], row["post_id"]), row["kind"], row["created_at"])
        for row in truth.to_pylist()
        if row["landed"]
    }
    found = {(row["network"], row["post_id"], row["kind"], row["created_at"]) for row in decoded.raw_posts.to_pylist()}
    assert found == expected


def _post_id(network: str, post_id: str) -> str:
    if network == "x":
        return post_id
    did, _, rest = post_id.partition("/")
    return f"{PSEUDONYMS.account_id('bluesky', did)}/{rest}"


def test_the_reader_of_retail_files_keeps_the_clean_rows_and_refuses_the_dirt(town: Path) -> None:
    days = [date(2026, 9, 1) + timedelta(days=day) for day in range(4)]
    tables = read_retail(town / "retail" / "mapping.yml", days)
    ledger = json.loads((town / "truth" / "ledger.json").read_text())
    for name in ("inventory", "orders", "deliveries", "promotions"):
        assert tables[f"retail/{name}"].num_rows == ledger["retail_rows"][name]
    refused = tables["retail/quarantined_records"]
    read = Counter(zip(refused["table_name"].to_pylist(), refused["reason"].to_pylist(), strict=True))
    # The undated catalogue is read on each of the four days; a blank line is no row.
    planted = {
        (dirt["table"], dirt["reason"]): dirt["rows"] * (4 if dirt["table"] == "products" else 1)
        for dirt in ledger["retail_dirt"]
        if dirt["reason"] != "blank_line"
    }
    assert read == planted


def test_a_full_town_with_a_history_is_read_by_its_own_mapping(tmp_path: Path) -> None:
    simulate_town(tmp_path, days=1, posts=200, seed=3, family="evaluation", size="full", history_days=1)
    days = [date(2026, 8, 31), date(2026, 9, 1)]
    tables = read_retail(tmp_path / "retail" / "mapping.yml", days)
    ledger = json.loads((tmp_path / "truth" / "ledger.json").read_text())
    assert set(tables["retail/orders"]["day"].to_pylist()) == set(days)
    for name in ("products", "inventory", "orders", "deliveries", "promotions"):
        assert tables[f"retail/{name}"].num_rows == ledger["retail_rows"][name] > 0
    assert len(tables["retail/products"]["product_id"].unique()) > 1_900
    effects = json.loads((tmp_path / "truth" / "effects.json").read_text())
    assert "drift" in {effect["kind"] for effect in effects}


def test_the_truth_is_apart_from_what_the_pipeline_reads(town: Path) -> None:
    readable = [path for folder in ("landing", "retail") for path in (town / folder).rglob("*") if path.is_file()]
    assert not [path for path in readable if b"trend_id" in path.read_bytes() or "truth" in path.relative_to(town).as_posix()]
