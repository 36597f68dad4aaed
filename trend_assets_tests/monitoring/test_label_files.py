"""The queue as a file and back: what an analyst sees, what is refused and why, what never is shown."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from trend_assets.lake.lake import Lake
from trend_assets.lib.learning.discovery import load_task
from trend_assets.models.tracking import Tracking
from trend_assets.monitoring.label_files import queue_csv, refused_csv, take_in
from trend_assets.monitoring.labels import read
from trend_assets.monitoring.queue import build_queue
from trend_assets.partitions import hour_key, hours_between
from trend_assets.settings import Settings
from trend_assets.tables import TABLES
from trend_assets_tests.lib.learning.opinions import START, opinion_posts

NAME = "sentiment"
TASK = load_task(NAME)
NOW = START + timedelta(days=4)


def publish(lake: Lake, posts: pa.Table, days: int = 3) -> None:
    table = TABLES["social/clean_posts"]
    keys = [hour_key(hour) for hour in hours_between(START, START + timedelta(days=days))]
    parts = lake.split(table, table.conform(posts), keys)
    lake.publish(table, {key: part for key, part in parts.items() if part.num_rows})


def forget(lake: Lake, post: str) -> None:
    row = {"hour": START, "network": "x", "action": "delete", "deleted_at": START, "source": "x", "landing_file": "f", "landing_line": 0}
    rows = TABLES["social/deletions"].from_rows([row | {"subject_kind": "post", "subject": post, "request_id": "r"}])
    lake.publish(TABLES["social/deletions"], {hour_key(START): rows})


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files") / "data"
    settings = Settings(data=str(folder), brands=["Maison Carrel", "maisoncarrel"])
    lake = Lake(settings.lake_root)
    posts = opinion_posts(300)
    texts = posts["clean_text"].to_pylist()
    formulas = {0: '=HYPERLINK("http://evil") ', 1: "well;=cmd|'/c calc'!A1;", 2: "\uff1dSUM(A1) "}
    hostile = [formulas.get(number % 10, "") + text for number, text in enumerate(texts)]
    publish(lake, posts.set_column(posts.column_names.index("clean_text"), "clean_text", pa.array(hostile)))
    built = build_queue(TASK, NAME, lake, Tracking(settings.tracking_database, settings.artifacts_root), settings)
    lake.publish(TABLES["sentiment/label_queue"], {"all": built.rows})
    return folder


@pytest.fixture
def lake(template: Path, tmp_path: Path) -> Lake:
    import shutil

    return Lake(str(shutil.copytree(template / "lake", tmp_path / "lake")))


def filled(lake: Lake, labels: dict[int, str]) -> str:
    text, _ = queue_csv(lake, NAME, TASK)
    rows = list(csv.DictReader(io.StringIO(text)))
    for number, label in labels.items():
        rows[number]["label"] = label
    output = io.StringIO()
    writer = csv.DictWriter(output, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return output.getvalue()


def test_the_file_has_text_to_read_no_opinion_of_the_model_and_nothing_a_spreadsheet_runs(lake: Lake) -> None:
    text, count = queue_csv(lake, NAME, TASK)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == count > 20
    assert set(rows[0]) == {"item", "language", "created_at", "text", "label", "allowed"}
    assert all(row["label"] == "" and len(row["text"]) > 10 for row in rows)
    assert all(any(formula in row["text"] for row in rows) for formula in ("=HYPERLINK", "=cmd", "\uff1dSUM"))
    cells = [cell.strip() for line in text.splitlines() for cell in line.split(";")]  # as where the semicolon is the separator
    cells += [cell for row in rows for cell in row.values()]
    assert not any(cell.startswith(("=", "+", "-", "@", "\uff1d")) for cell in cells)


def test_good_rows_are_kept_and_every_other_is_told_with_its_line_and_reason(lake: Lake) -> None:
    content = filled(lake, {0: "positive", 1: "NEGATIVE ", 2: "splendid", 3: "neutral"})
    content += "q-0000000000000000,en,,a post nobody knows,positive,\n,,,no name,positive,\n"
    found = take_in(lake, NAME, TASK, content.encode("utf-8-sig"), "ada", NOW)
    assert found.added == 3
    assert found.empty > 10
    reasons = [(one.line, one.reason.split(":")[0].split(";")[0]) for one in found.refused]
    assert reasons[0] == (4, "unknown label")
    assert [reason for _, reason in reasons[1:]] == ["unknown post", "no item, and no network and post_id"]
    assert sorted(read(lake, NAME)["label"].to_pylist()) == ["negative", "neutral", "positive"]
    assert "unknown label" in refused_csv(found.refused)
    again = take_in(lake, NAME, TASK, content.encode(), "ada", NOW + timedelta(minutes=1))
    assert again.added == 0
    assert sum("already labelled" in one.reason for one in again.refused) == 3


def test_a_file_keeps_why_a_post_was_asked_about(lake: Lake) -> None:
    take_in(lake, NAME, TASK, filled(lake, {0: "positive"}).encode(), "ada", NOW)
    [row] = read(lake, NAME).to_pylist()
    assert row["reason"] == "random"
    assert 0 < row["sampling_probability"] <= 1


def test_a_file_with_semicolons_and_one_with_networks_own_ids_are_read(lake: Lake) -> None:
    row = lake.read(TABLES["sentiment/label_queue"]).to_pylist()[0]
    content = f"Network;Post_Id;Label\n{row['network']};{row['post_id']};positive\n"
    assert take_in(lake, NAME, TASK, content.encode(), "ada", NOW).added == 1


def test_a_post_of_the_lake_that_is_not_in_the_queue_any_more_is_taken(lake: Lake) -> None:
    content = filled(lake, {0: "positive", 1: "negative"})
    lake.publish(TABLES["sentiment/label_queue"], {"all": TABLES["sentiment/label_queue"].empty()}, allow_shrink=True)
    assert take_in(lake, NAME, TASK, content.encode(), "ada", NOW).added == 2
    assert set(read(lake, NAME)["sampling_probability"].to_pylist()) == {None}


def test_a_deleted_post_is_neither_shown_nor_taken(lake: Lake) -> None:
    content, first = filled(lake, {0: "positive"}), lake.read(TABLES["sentiment/label_queue"]).sort_by("rank").to_pylist()[0]
    forget(lake, first["post_id"])
    assert first["item"] not in queue_csv(lake, NAME, TASK)[0]
    found = take_in(lake, NAME, TASK, content.encode(), "ada", NOW)
    assert found.added == 0
    assert "deleted" in found.refused[0].reason


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfe\x00bad", "not UTF-8"),
        (b"PK\x00\x00", "zero bytes"),
        (b"text,label\nx,positive\n", "needs the columns"),
        (b"", "needs the columns"),
    ],
)
def test_what_is_no_label_file_is_refused_as_a_whole(lake: Lake, content: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        take_in(lake, NAME, TASK, content, "ada", NOW)
    assert read(lake, NAME).num_rows == 0
