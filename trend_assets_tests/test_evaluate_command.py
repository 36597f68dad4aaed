"""`trend-assets evaluate` on a user's files: one JSON object and nothing else, one line for what is wrong, from any folder."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from trend_assets.cli import app
from trend_assets.commands import evaluate
from trend_assets_tests.lib.evaluation.labelled import labelled_table
from trend_assets_tests.lib.evaluation.test_trends import brand_file


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "posts.parquet"
    pq.write_table(labelled_table(), path)
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


def test_json_is_one_object_of_the_promised_shape(posts: Path) -> None:
    result = run("topics", "--posts", posts, "--truth", "event_id", "--by", "day", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert list(found) == ["ami", "ari", "nmi", "posts_per_core_second", "groups"]
    assert list(found["groups"]) == ["day 0", "day 1"]
    assert found["ami"] > 0.9
    assert "180 posts of posts.parquet cleaned" in result.stderr


def test_peers_are_beside_ours_in_the_same_object(posts: Path) -> None:
    result = run("topics", "--posts", posts, "--truth", "event_id", "--peers", "--json")
    found = json.loads(result.stdout)
    assert found["peers"]["first-story detection"]["groups"]["all"]["posts"] == 180


def test_without_json_a_table_is_printed(posts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "console", Console(file=io.StringIO(), width=150))
    result = run("topics", "--posts", posts, "--truth", "event_id", "--by", "day", "--peers")
    assert result.exit_code == 0
    printed = evaluate.console.file.getvalue()
    for words in ("day 0", "ami", "ours", "first-story detection", "posts/core-s"):
        assert words in printed


def test_csv_and_json_lines_give_what_parquet_gives(posts: Path, tmp_path: Path) -> None:
    table = pq.read_table(posts)
    csv.write_csv(table, tmp_path / "posts.csv")
    (tmp_path / "posts.jsonl").write_text("".join(json.dumps(row, default=str) + "\n" for row in table.to_pylist()))
    found = []
    for path in (posts, tmp_path / "posts.csv", tmp_path / "posts.jsonl"):
        result = run("topics", "--posts", path, "--truth", "event_id", "--by", "day", "--json")
        assert result.exit_code == 0, result.stderr
        found.append({name: json.loads(result.stdout)[name] for name in ("ami", "ari", "nmi")})
    assert found[0] == found[1] == found[2]


def test_a_stream_is_judged_at_first_sight_and_after_reclustering(posts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run("stream", "--posts", posts, "--truth", "event_id", "--by", "day", "--peers", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    measures = ["macro_f1", "ami", "ari", "nmi"]
    assert list(found) == [*measures, "posts_per_core_second", "groups", "after_reclustering", "peers"]
    assert list(found["after_reclustering"]) == measures
    assert found["after_reclustering"]["macro_f1"] > 0.5
    assert found["macro_f1"] > 0.5
    assert found["peers"]["first-story detection"]["groups"]["day 0"]["macro_f1"] > 0.5
    monkeypatch.setattr(evaluate, "console", Console(file=io.StringIO(), width=150))
    assert run("stream", "--posts", posts, "--truth", "event_id").exit_code == 0
    assert "ours, after re-clustering" in evaluate.console.file.getvalue()


def test_bursts_of_labelled_series(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dice, start = np.random.default_rng(1), np.datetime64("2026-09-01T00:00", "s")
    times = start + np.arange(8 * 288) * np.timedelta64(5, "m")
    counts = dice.poisson(20, len(times))
    counts[2000:2006] += 200
    csv.write_csv(pa.table({"series": ["a"] * len(times), "at": times, "value": counts}), tmp_path / "series.csv")
    window = {"series": ["a"], "start": [times[1998]], "end": [times[2010]]}
    pq.write_table(pa.table(window), tmp_path / "windows.parquet")
    files = ("--series", tmp_path / "series.csv", "--windows", tmp_path / "windows.parquet")
    found = json.loads(run("bursts", *files, "--peers", "--json").stdout)
    assert list(found)[:3] == ["windows", "hit", "false_alarms_per_series_day"]
    assert (found["windows"], found["hit"]) == (1, 1)
    assert found["peers"]["Poisson, trailing day"]["hit"] == 1
    monkeypatch.setattr(evaluate, "console", Console(file=io.StringIO(), width=150))
    assert run("bursts", *files, "--peers").exit_code == 0
    assert "trailing robust z-score" in evaluate.console.file.getvalue()
    assert "windows" in one_line(run("bursts", "--series", tmp_path / "series.csv", "--windows", tmp_path / "series.csv", "--json"), 1)


def test_every_alert_of_a_brands_posts_is_listed_with_its_evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq.write_table(brand_file("opening"), tmp_path / "posts.parquet")
    (tmp_path / "products.csv").write_text("name,category\nVelvet tunic,Dresses\n")
    files = ("--posts", tmp_path / "posts.parquet", "--brand", "firm", "--products", tmp_path / "products.csv")
    result = run("trends", *files, "--json")
    alerts = json.loads(result.stdout)["alerts"]
    (raised,) = [alert for alert in alerts if alert["raised"]]
    promised = {"at", "group", "label", "keywords", "posts", "authors", "raised", "grade", "reason", "exemplars"}
    assert all(promised <= alert.keys() for alert in alerts)
    assert raised["group"] == "marlo"
    monkeypatch.setattr(evaluate, "console", Console(file=io.StringIO(), width=250))
    assert run("trends", *files).exit_code == 0
    printed = evaluate.console.file.getvalue()
    assert "1 alerts" in printed
    assert raised["label"] in printed
    (tmp_path / "products.csv").write_text("price\n3\n")
    assert "products lack the column product_name or category; there are: price" in one_line(run("trends", *files, "--json"), 1)


def test_who_is_amplified_next_from_a_file_of_interactions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = np.random.default_rng(1)
    at = np.datetime64("2026-09-01T00:00:00") + np.sort(dice.integers(0, 10 * 86_400, 3_000)).astype("timedelta64[s]")
    acts = {"source": dice.integers(0, 900, 3_000), "target": np.minimum(dice.geometric(0.05, 3_000), 99), "kind": ["RT"] * 3_000, "at": at}
    csv.write_csv(pa.table(acts), tmp_path / "acts.csv")
    found = json.loads(run("influence", "--interactions", tmp_path / "acts.csv", "--json").stdout)
    assert list(found["ndcg_at_50"]) == ["1h", "6h", "24h"]
    assert found["ndcg_at_50"]["24h"] > 0.9
    assert found["edges_per_second"] > 0
    monkeypatch.setattr(evaluate, "console", Console(file=io.StringIO(), width=250))
    assert run("influence", "--interactions", tmp_path / "acts.csv", "--peers").exit_code == 0
    assert "raw counts, last 24 hours" in evaluate.console.file.getvalue()
    (tmp_path / "other.csv").write_text("source,target\n1,2\n")
    assert "columns missing: kind, at" in one_line(run("influence", "--interactions", tmp_path / "other.csv", "--json"), 1)


def one_line(result: Result, code: int) -> str:
    assert result.exit_code == code
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    lines = [line for line in result.stderr.splitlines() if line.startswith("error:")]
    assert len(lines) == 1
    return lines[0]


def test_what_is_wrong_is_said_in_one_line(posts: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "header.csv").write_text("post_id,created_at,text,topic\n")
    pq.write_table(pa.table({"post_id": ["1"], "created_at": ["soon"], "text": ["x"], "topic": ["a"]}), tmp_path / "unreadable.parquet")
    pq.write_table(pa.table({"post_id": ["1"], "created_at": [True], "text": ["x"], "topic": ["a"]}), tmp_path / "wrong.parquet")
    assert "there is no file" in one_line(run("topics", "--posts", tmp_path / "no.csv", "--truth", "topic", "--json"), 2)
    assert "is a folder" in one_line(run("topics", "--posts", tmp_path, "--truth", "topic", "--json"), 2)
    missing = one_line(run("topics", "--posts", posts, "--truth", "topic", "--json"), 1)
    assert "lack the column topic; there are: tweet_id, created_at, text, user_id, event_id, day" in missing
    for name, problem in {"empty.csv": "is empty", "header.csv": "holds no posts", "unreadable.parquet": "none of the 1 rows"}.items():
        assert problem in one_line(run("topics", "--posts", tmp_path / name, "--truth", "topic", "--json"), 1)
    nested = {"source": [[1]], "target": ["x"], "kind": ["RT"], "at": ["2026-09-01T00:00:00Z"]}
    pq.write_table(pa.table(nested), tmp_path / "nested.parquet")
    assert "list" in one_line(run("influence", "--interactions", tmp_path / "nested.parquet", "--json"), 1)
    assert "created_at holds bool" in one_line(run("topics", "--posts", tmp_path / "wrong.parquet", "--truth", "topic"), 1)


def test_it_needs_no_data_folder_no_settings_and_no_dagster(posts: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from trend_assets.cli import app; app(['evaluate', 'topics', '--posts', sys.argv[1], '--truth', 'event_id', '--json'],"
        " standalone_mode=False); loaded = {'dagster', 'trend_assets.settings', 'trend_assets.lake'} & set(sys.modules);"
        " assert not loaded, loaded"
    )
    done = subprocess.run([sys.executable, "-c", code, str(posts)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list(json.loads(done.stdout)["groups"]) == ["all"]
    assert not list(tmp_path.iterdir())


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from trend_assets.cli import app\n"
        "try:\n    app(['evaluate', 'topics', '--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'pyarrow', 'numpy', 'numba', 'sklearn', 'dagster'} & set(sys.modules); assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
