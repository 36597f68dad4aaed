"""Late posts: the recorded registry decides, recorded assignments stay, nothing else is touched, repeating changes nothing."""

from __future__ import annotations

import pyarrow as pa
import pytest

from trend_assets.lib.topics.assign import assign_hours
from trend_assets.lib.topics.late import KEY, LateHour, assign_late
from trend_assets.tables import TABLES
from trend_assets_tests.lib.topics.posts import about, clean_posts, hour_at, subject_hour

SEALED = 6
"""The hour that late posts come for."""


@pytest.fixture(scope="module")
def day() -> list[tuple]:
    return [subject_hour(number, {"storm": 6, "match": 6}) for number in range(SEALED + 1)]


@pytest.fixture(scope="module")
def sealed(day):
    return list(assign_hours(day, window=[], registry=TABLES["topics/topics"].empty()))[-1]


def late_post(name: str, subject: str, number: int) -> dict:
    return about(subject, number, hour_at(SEALED), post_id=name)


def late_hour(day, sealed, *rows, **changes) -> LateHour:
    extra = clean_posts(list(rows))
    posts = pa.concat_tables([day[SEALED][1], extra])
    return LateHour(**{"hour": hour_at(SEALED), "clean_posts": posts, "late": extra.select(KEY), "recorded": sealed.topic_assignments,
                       "registry": sealed.topics, **changes})  # fmt: skip


def assign(day, hour: LateHour, **options) -> pa.Table:
    return next(assign_late([hour], window=day[:SEALED], **options))


def topic_of(table: pa.Table) -> dict[str, str]:
    return {row["post_id"]: row["topic_id"] for row in table.to_pylist()}


def test_a_late_post_gets_the_topic_it_is_about_and_the_others_keep_theirs(day, sealed):
    result = assign(day, late_hour(day, sealed, late_post("late-1", "storm", 103)))
    recorded = sealed.topic_assignments
    assert result.slice(0, recorded.num_rows).equals(recorded)
    late = result.slice(recorded.num_rows).to_pylist()
    storm = next(row["topic_id"] for row in recorded.to_pylist() if row["post_id"].startswith("storm"))
    assert [(row["post_id"], row["topic_id"], row["assigned_by"]) for row in late] == [("late-1", storm, "nearest")]
    assert 0.25 <= late[0]["similarity"] <= 1


def test_a_late_post_about_nothing_known_founds_no_topic(day, sealed):
    result = assign(day, late_hour(day, sealed, late_post("late-1", "dress", 100), late_post("late-2", "dress", 101)))
    assert result.equals(sealed.topic_assignments)


def test_a_post_that_was_there_at_sealing_and_had_no_topic_still_has_none(day, sealed):
    post = late_post("on-time", "storm", 104)
    none = TABLES["topics/topic_assignments"].empty().select(KEY)
    assert assign(day, late_hour(day, sealed, post, late=none)).equals(sealed.topic_assignments)


def test_repeating_changes_nothing(day, sealed):
    hour = late_hour(day, sealed, late_post("late-1", "storm", 103))
    once = assign(day, hour)
    again = assign(day, LateHour(hour.hour, hour.clean_posts, hour.late, once, hour.registry))
    assert again.equals(once)


def test_an_hour_that_was_sealed_without_posts_gives_no_topics(day, sealed):
    empty = late_hour(day, sealed, late_post("late-1", "storm", 103), recorded=TABLES["topics/topic_assignments"].empty(),
                      registry=TABLES["topics/topics"].empty())  # fmt: skip
    assert assign(day, empty).num_rows == 0


def test_the_sample_bounds_the_work_and_not_the_answer(day, sealed):
    hour = late_hour(day, sealed, late_post("late-1", "storm", 103))
    assert topic_of(assign(day, hour, window_groups=20))["late-1"] == topic_of(assign(day, hour))["late-1"]


def test_a_post_whose_landing_file_is_gone_loses_its_assignment(day, sealed):
    gone = late_hour(day, sealed, late_post("late-1", "storm", 103))
    fewer = gone.clean_posts.slice(1)
    missing = gone.clean_posts.column("post_id")[0].as_py()
    result = assign(day, LateHour(gone.hour, fewer, gone.late, gone.recorded, gone.registry))
    assert missing in topic_of(sealed.topic_assignments)
    assert missing not in topic_of(result)


def test_hours_out_of_order_are_refused(day, sealed):
    hour = late_hour(day, sealed, late_post("late-1", "storm", 103))
    with pytest.raises(ValueError, match="time order"):
        list(assign_late([hour, hour], window=day[:SEALED]))


def test_a_late_repost_is_in_the_group_of_its_original_and_a_late_copy_in_that_of_its_text(day, sealed):
    original = next(row for row in day[SEALED - 1][1].to_pylist() if row["post_id"].startswith("match"))
    repost = {"post_id": "late-1", "words": ["rt"], "kind": "repost", "reposted_post": original["post_id"]}
    copy = {"post_id": "late-2", "words": original["tokens"]}
    result = topic_of(
        result_table := assign(day, late_hour(day, sealed, *({**row, "created_at": hour_at(SEALED)} for row in (repost, copy))))
    )
    match = next(row["topic_id"] for row in sealed.topic_assignments.to_pylist() if row["post_id"].startswith("match"))
    assert result["late-1"] == result["late-2"] == match
    by = {row["post_id"]: row["assigned_by"] for row in result_table.to_pylist()}
    assert (by["late-1"], by["late-2"]) == ("repost", "nearest")
