"""What Dagster's UI shows of topics: the largest, their activity, sizes, churn; and whose words stay out of the event log."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from trend_assets import presentation, small_plots
from trend_assets.lake.lake import Lake
from trend_assets.lake.manifest import Manifest, Part
from trend_assets.partitions import hour_key
from trend_assets.resources import _described, publish_parts
from trend_assets.tables import TABLES
from trend_assets.topic_presentation import CHURN_HOURS, PICTURES

HOUR = datetime(2026, 9, 3, 12, tzinfo=UTC)
TOPICS, HOURS, EVENTS = (TABLES[f"topics/{name}"] for name in ("topics", "topic_hours", "topic_events"))


def registry(hour: datetime, authors: Sequence[int]) -> pa.Table:
    return TOPICS.from_rows(
        {
            "hour": hour, "topic_id": f"t{number}", "label": f"label {number}", "keywords": ["storm", "coast"], "born_at": hour,
            "last_seen_at": hour, "language": "en", "window_posts": 2**number, "window_authors": count, "total_posts": 2**number,
            "exemplar_posts": ["x:secret-post"], "centre_terms": ["storm"], "centre_weights": [1.0],
            "lifetime_terms": ["storm"], "lifetime_weights": [1.0], "members": [number],
        }
        for number, count in enumerate(authors)
    )  # fmt: skip


def counted(hour: datetime, posts: Sequence[int]) -> pa.Table:
    zero = dict.fromkeys(("reposts", "authors", "near_duplicate_groups", "french_posts", "english_posts"), 0)
    return HOURS.from_rows(
        {"hour": hour, "topic_id": f"t{number}", "posts": count, "top_author_share": 0.0, **zero} for number, count in enumerate(posts)
    )


def events(hour: datetime, kinds: Sequence[str]) -> pa.Table:
    return EVENTS.from_rows(
        {"hour": hour, "topic_id": f"e{number}", "event": kind, "evidence": "", "label": "secret label"}
        for number, kind in enumerate(kinds)
    )


class Published:
    """Tables of hours as the lake would give them."""

    def __init__(self, **tables: Sequence[pa.Table]) -> None:
        self.tables = {f"topics/{name}": pa.concat_tables(parts) for name, parts in tables.items()}

    def __call__(self, path: str, hours: int, columns: Sequence[str]) -> pa.Table:
        rows = self.tables[path]
        return rows.filter(pc.greater(rows["hour"], pa.scalar(HOUR - timedelta(hours=hours), rows["hour"].type))).select(list(columns))


def drawn(markdown: str) -> str:
    return base64.b64decode(re.search(r"base64,([^)]+)\)", markdown).group(1)).decode()


def test_the_largest_topics_are_told_but_not_those_of_few_people() -> None:
    shown = PICTURES["topics/topics"](registry(HOUR, [9, 4, 5]), Published())
    assert [record.data["label"] for record in shown["largest topics"].records] == ["label 2", "label 0"]
    assert "secret-post" not in str(shown)
    assert "one: 1 · 2 to 3: 1 · 4 to 7: 1" in shown["sizes"].value
    assert "largest holds 57.1%" in shown["sizes"].value
    assert drawn(shown["sizes"].value).startswith("<svg")


def test_the_most_active_topics_of_the_day_are_shown_with_their_hours() -> None:
    parts = [counted(HOUR - timedelta(hours=back), [24 - back, 1]) for back in range(30)]
    shown = PICTURES["topics/topic_hours"](parts[0], Published(topic_hours=parts, topics=[registry(HOUR, [9, 4])]))
    [row] = [record.data for record in shown["top topics"].records]
    assert row["topic"] == "label 0"
    assert row["posts"] == sum(range(1, 25))
    assert (len(row["day"]), row["day"][-1], row["day"][0]) == (24, "█", "▂")
    assert f"{CHURN_HOURS} hours to 2026-09-03 12:00 UTC" in shown["activity"].value
    assert "newest 25" in shown["activity"].value


def test_churn_is_changes_of_ids_by_topic_alive_and_a_rename_is_none() -> None:
    hours = [HOUR - timedelta(hours=back) for back in (1, 0)]
    recent = [events(hours[0], ["rename"] * 9), events(hours[1], ["birth", "death", "rename"])]
    shown = PICTURES["topics/topic_events"](recent[1], Published(topic_events=recent, topics=[registry(hour, [9] * 4) for hour in hours]))
    assert "highest 0.5, newest 0.5" in shown["churn"].value
    assert "last day: 1 births, 1 deaths, 0 merges, 0 splits" in shown["churn"].value
    assert "secret label" not in str(shown)


def test_churn_and_the_share_in_topics_are_numbers_of_every_partition() -> None:
    manifest = Manifest("topics/topic_events", "h", (Part("part.parquet", 3, 30, "0" * 64),), "schema")
    part = events(HOUR, ["birth", "rename", "split"])
    found = presentation.partition_metadata(EVENTS, {"h": manifest}, {"h": part}, {"h": 8})["h"]
    assert found["changes of ids by topic alive"] == 0.25
    assert "changes of ids by topic alive" not in presentation.partition_metadata(EVENTS, {"h": manifest}, {"h": part}, {"h": 0})["h"]
    assigned = TABLES["topics/topic_assignments"].empty()
    found = presentation.partition_metadata(TABLES["topics/topic_assignments"], {"h": manifest}, {"h": assigned}, {"h": 8})["h"]
    assert found["share of posts in topics"] == 0


@pytest.mark.parametrize(("path", "table"), [("topics/topics", TOPICS), ("topics/topic_hours", HOURS), ("topics/topic_events", EVENTS)])
def test_an_empty_hour_shows_nothing(path: str, table) -> None:
    assert PICTURES[path](table.empty(), Published()) == {}


def test_a_sparkline_has_a_character_for_each_value() -> None:
    assert small_plots.sparkline([0, 1, 7, -3]) == "▁▂█▁"
    assert small_plots.sparkline([]) == ""
    assert small_plots.sparkline([0.0]) == "▁"


def test_publishing_hours_tells_numbers_of_each_and_pictures_of_the_newest(tmp_path: Path) -> None:
    lake, hours = Lake(str(tmp_path)), [HOUR - timedelta(hours=1), HOUR]
    keys = [hour_key(hour) for hour in hours]
    made = {
        "topics/topics": [registry(hour, [9] * 4) for hour in hours],
        "topics/topic_hours": [counted(hour, [3, 2]) for hour in hours],
        "topics/topic_events": [events(hours[0], ["birth"]), events(hours[1], ["birth", "death", "rename"])],
    }
    told = {}
    for path, parts in made.items():
        by_key = dict(zip(keys, parts, strict=True))
        manifests = publish_parts(lake, TABLES[path], pa.concat_tables(parts), keys, {})
        told[path] = _described(lake, TABLES[path], keys, by_key, manifests)
    assert [told["topics/topic_events"][key]["changes of ids by topic alive"] for key in keys] == [0.25, 0.5]
    assert "churn" in told["topics/topic_events"][keys[1]]
    assert "churn" not in told["topics/topic_events"][keys[0]]
    assert {"sizes", "largest topics"} <= told["topics/topics"][keys[1]].keys()
    [first, *_] = told["topics/topic_hours"][keys[1]]["top topics"].records
    assert first.data["posts"] == 6


def test_a_damaged_neighbour_costs_the_pictures_not_the_partition(tmp_path: Path) -> None:
    lake, before, now = Lake(str(tmp_path)), hour_key(HOUR - timedelta(hours=1)), hour_key(HOUR)
    for table, part in ((HOURS, counted(HOUR - timedelta(hours=1), [3])), (TOPICS, registry(HOUR, [9]))):
        publish_parts(lake, table, part, [before if table is HOURS else now], {})
    next(tmp_path.glob("topics/topic_hours/**/*.parquet")).unlink()
    part = counted(HOUR, [3])
    manifests = publish_parts(lake, HOURS, part, [now], {})
    told = _described(lake, HOURS, [now], {now: part}, manifests)[now]
    assert told["dagster/row_count"] == 1
    assert told["pictures"].startswith("not drawn: ")
