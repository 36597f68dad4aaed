"""The ranking of trends: what is found, what is not, what is suppressed, and that a range equals hour by hour."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from trend_assets.lib.trends.rank import rank_trends
from trend_assets.tables import TABLES
from trend_assets_tests.lib.trends.town import Stream, hour, noise


def rows(trends: pa.Table, *, alerts: bool = False) -> list[dict]:
    return [row for row in trends.to_pylist() if not (alerts and row["suppressed"])]


def with_new_topic(stream: Stream, at: int, posts: list[int]) -> Stream:
    """The stream with one more topic that is born at an hour; it is the last topic."""
    counts = np.vstack([stream.counts, np.zeros(stream.counts.shape[1], dtype=np.int64)])
    counts[-1, at : at + len(posts)] = posts
    return Stream(counts, stream.chatter)


def test_a_planted_burst_is_found_in_its_first_hour_with_rank_1() -> None:
    stream = noise(1)
    calm = int(np.argmin(np.abs(stream.counts.mean(axis=1) - 3)))
    stream.counts[calm, 300:304] += 60
    trends = rank_trends([hour(300)], **stream.inputs())
    first = rows(trends)[0]
    assert first["topic_id"] == f"topic{calm:04d}"
    assert first["rank"] == 1
    assert not first["suppressed"]
    assert first["burst_z"] > 5
    assert first["q_value"] < 0.01
    assert first["expected_posts"] < 10
    assert first["stage"] == "rising"
    assert "expected" in first["reason"]


def test_a_shared_rhythm_alone_raises_no_more_than_the_promised_rate_of_false_alarms() -> None:
    """Nothing happens for 28 days, so every alert is false: at a rate of 5 % at most one hour in twenty may hold one."""
    stream = noise(2, topics=25, hours=672)
    alerts = rows(rank_trends(stream.hours, **stream.inputs()), alerts=True)
    hours_with_alarm = {row["hour"] for row in alerts}
    assert len(hours_with_alarm) <= 0.05 * 672


def test_a_birth_with_five_authors_is_a_burst_and_one_with_two_is_not() -> None:
    quiet = noise(3, topics=30)
    quiet.counts[:] = np.minimum(quiet.counts, 1)
    assert rows(rank_trends([hour(200)], **with_new_topic(quiet, 200, [5]).inputs()), alerts=True)[0]["topic_id"] == "topic0030"
    assert not rows(rank_trends([hour(200)], **with_new_topic(quiet, 200, [2]).inputs()), alerts=True)


def test_posts_that_a_topic_had_before_it_was_recognised_are_its_past() -> None:
    """A cluster recognised late, or split off a big topic, is not a birth: the registry's window shows posts counted elsewhere."""
    stream = with_new_topic(noise(3, topics=30), 200, [5])
    topics = stream.topics()
    ours = pc.equal(topics["topic_id"], "topic0030")
    older = pc.if_else(ours, 400, topics["window_posts"])
    inputs = stream.inputs() | {"topics": topics.set_column(topics.column_names.index("window_posts"), topics.field("window_posts"), older)}
    assert not rows(rank_trends([hour(200)], **inputs), alerts=True)


def test_a_range_equals_hour_by_hour_bit_for_bit() -> None:
    stream = with_new_topic(noise(4, topics=25, hours=24 * 8), 120, [8, 12, 20, 30, 25, 14, 9, 5, 4, 2, 1, 1])
    stream.counts[3, 100:108] += 40
    inputs = stream.inputs()
    hours = [hour(number) for number in range(96, 160)]
    at_once = rank_trends(hours, **inputs)

    def up_to(table: pa.Table, moment: object) -> pa.Table:
        return table.filter(pc.less_equal(table["hour"], moment))

    before = TABLES["topics/trends"].empty()
    for moment in hours:
        one = rank_trends(
            [moment],
            topic_hours=up_to(inputs["topic_hours"], moment),
            topics=inputs["topics"].filter(pc.equal(inputs["topics"]["hour"], moment)),
            volumes=up_to(inputs["volumes"], moment),
            previous_trends=before,
        )
        before = pa.concat_tables([before, one])
    assert at_once.num_rows > 20
    assert at_once.to_pylist() == before.to_pylist()


def test_row_order_of_the_inputs_does_not_matter() -> None:
    stream = noise(5, topics=20, hours=24 * 6)
    stream.counts[4, 130:] += 30
    inputs = stream.inputs()
    random = np.random.default_rng(0)
    shuffled = {name: table.take(random.permutation(table.num_rows)) for name, table in inputs.items()}
    hours = stream.hours[100:]
    assert rank_trends(hours, **inputs).equals(rank_trends(hours[::-1], **shuffled))


def test_nothing_older_than_28_days_and_nothing_later_changes_an_hour() -> None:
    stream = noise(6, topics=10, hours=24 * 32)
    stream.counts[2, 740:750] += 30
    inputs = stream.inputs()
    cut = {
        name: table.filter(
            pc.and_(pc.less_equal(table["hour"], hour(745)), pc.greater_equal(table["hour"], hour(745) - timedelta(days=28)))
        )
        for name, table in inputs.items()
    }
    assert rank_trends([hour(745)], **inputs).to_pylist() == rank_trends([hour(745)], **cut).to_pylist()


def test_first_raised_at_and_the_row_stay_for_a_day_after_the_end() -> None:
    stream = with_new_topic(noise(7, topics=20, hours=24 * 8), 100, [20, 30, 20, 3, 1])
    ours = [row for row in rows(rank_trends(stream.hours[90:], **stream.inputs())) if row["topic_id"] == "topic0020"]
    assert ours[0]["stage"] == "emerging"
    assert {row["first_raised_at"] for row in ours} == {hour(100)}
    last_alert = max(row["hour"] for row in ours if not row["suppressed"])
    assert hour(100) < last_alert < max(row["hour"] for row in ours) <= last_alert + timedelta(hours=24)
    assert ours[-1]["suppressed"]
    assert ours[-1]["lane"] == "noise"
    assert ours[-1]["stage"] == "fad"


def test_one_author_with_ten_thousand_copies_is_kept_for_the_record_and_suppressed() -> None:
    stream = with_new_topic(noise(8, topics=20, hours=24 * 5), 110, [10_000])
    stream.authors[(20, 110)] = 1
    stream.groups[(20, 110)] = 1
    row = rows(rank_trends([hour(110)], **stream.inputs()))[-1]
    assert (row["topic_id"], row["suppressed"], row["lane"], row["authors"]) == ("topic0020", True, "noise", 1)
    assert row["reason"].startswith("Suppressed, fewer than 5 authors")


@pytest.mark.parametrize(("authors", "groups", "reason"), [(8, 40, "one author dominates"), (40, 2, "mostly copies")])
def test_repetition_and_copies_are_suppressed_with_the_reason(authors: int, groups: int, reason: str) -> None:
    stream = with_new_topic(noise(8, topics=20, hours=24 * 5), 110, [40])
    stream.authors[(20, 110)] = authors
    stream.groups[(20, 110)] = groups
    row = next(row for row in rows(rank_trends([hour(110)], **stream.inputs())) if row["topic_id"] == "topic0020")
    assert row["suppressed"]
    assert reason in row["reason"]


def test_a_new_lake_does_not_take_every_topic_for_a_birth() -> None:
    """All topics of the first hours look newborn; only what is born after the warm-up is news."""
    stream = with_new_topic(noise(14, topics=40, hours=24, dispersion=0.02), 9, [30, 40])
    alerts = rows(rank_trends(stream.hours[:10], **stream.inputs()), alerts=True)
    assert {row["topic_id"] for row in alerts} == {"topic0040"}


def test_reposts_in_the_registry_s_window_are_not_taken_for_a_past() -> None:
    stream = with_new_topic(noise(3, topics=30), 200, [12])
    inputs = stream.inputs()
    ours = pc.equal(inputs["topics"]["topic_id"], "topic0030")
    window = pc.if_else(ours, 112, inputs["topics"]["window_posts"])
    place = inputs["topics"].column_names.index("window_posts")
    inputs["topics"] = inputs["topics"].set_column(place, inputs["topics"].field("window_posts"), window)
    reposts = pc.if_else(pc.equal(inputs["topic_hours"]["topic_id"], "topic0030"), 100, inputs["topic_hours"]["reposts"])
    place = inputs["topic_hours"].column_names.index("reposts")
    inputs["topic_hours"] = inputs["topic_hours"].set_column(place, inputs["topic_hours"].field("reposts"), reposts)
    assert rows(rank_trends([hour(200)], **inputs), alerts=True)[0]["topic_id"] == "topic0030"


def test_bad_input_gives_a_defined_result() -> None:
    stream = with_new_topic(noise(11, topics=5, hours=24 * 3), 60, [30])
    inputs = stream.inputs()
    empty = {name: table.schema.empty_table() for name, table in inputs.items()}
    assert rank_trends([], **inputs).num_rows == 0
    assert rank_trends([hour(60)], **empty).num_rows == 0
    assert rank_trends([hour(60)], **(inputs | {"topics": empty["topics"]})).num_rows == 0

    zero = pa.table({"hour": inputs["volumes"]["hour"], "posts": np.zeros(inputs["volumes"].num_rows, dtype=np.int64)})
    gaps = inputs["volumes"].filter(pc.not_equal(pc.hour(inputs["volumes"]["hour"]), 5))
    for volumes in (zero, gaps, empty["volumes"]):
        trends = rank_trends([hour(59), hour(61), hour(60)], **(inputs | {"volumes": volumes}))
        for name in ("score", "burst_z", "p_value", "q_value", "expected_posts", "growth_6h"):
            assert np.all(np.isfinite(trends[name].to_numpy())), name
    with pytest.raises(ValueError, match="no time zone"):
        rank_trends([hour(60).replace(tzinfo=None)], **inputs)
    with pytest.raises(ValueError, match="negative"):
        rank_trends([hour(60)], **(inputs | {"volumes": zero.set_column(1, "posts", pa.array(np.full(zero.num_rows, -1)))}))


def test_an_outage_its_end_and_a_flood_of_chatter_are_no_trends() -> None:
    stream = noise(12, topics=40)
    stream.counts[:, 250:256] //= 10
    stream.chatter[250:256] //= 10
    stream.chatter[280] *= 20
    hours = [hour(number) for number in (*range(250, 260), 280, 281)]
    assert not rows(rank_trends(hours, **stream.inputs()), alerts=True)


def test_a_burst_is_seen_through_a_flood_of_chatter() -> None:
    stream = with_new_topic(noise(12, topics=40), 280, [40])
    stream.chatter[280] *= 20
    assert rows(rank_trends([hour(280)], **stream.inputs()), alerts=True)[0]["topic_id"] == "topic0040"


def test_keys_are_unique_and_ranks_count_from_one_alerts_first() -> None:
    stream = noise(13, topics=20, hours=24 * 6)
    stream.counts[4, 130:] += 30
    stream.counts[5, 130:] += 50
    stream.authors |= {(5, number): 1 for number in range(130, 144)}
    trends = rank_trends(stream.hours[120:], **stream.inputs())
    for moment in set(trends["hour"].to_pylist()):
        ours = [row for row in rows(trends) if row["hour"] == moment]
        assert [row["rank"] for row in ours] == list(range(1, len(ours) + 1))
        assert len({row["topic_id"] for row in ours}) == len(ours)
        assert [row["suppressed"] for row in ours] == sorted(row["suppressed"] for row in ours)


def words(stream: Stream, topic: int, *, z: float, p_value: float, ratio: float) -> pa.Table:
    """Novelty of words for the registry of the stream: nothing new, but for one topic."""
    registry = stream.topics()
    chosen = np.array([name == f"topic{topic:04d}" for name in registry["topic_id"].to_pylist()])
    return pa.table(
        {
            "hour": registry["hour"],
            "topic_id": registry["topic_id"],
            "term": pa.array(["linen" if one else "coffee" for one in chosen.tolist()]),
            "z": np.where(chosen, z, 0.0),
            "p_value": np.where(chosen, p_value, 1.0),
            "ratio": np.where(chosen, ratio, 1.0),
        }
    )


def born_at_300() -> tuple[Stream, int]:
    stream = with_new_topic(noise(1), 300, [40, 40])
    return stream, stream.counts.shape[0] - 1


def test_a_newborn_topic_of_everyday_words_is_no_trend_however_many_its_posts() -> None:
    stream, newborn = born_at_300()
    name = f"topic{newborn:04d}"
    assert name in {row["topic_id"] for row in rows(rank_trends([hour(300)], **stream.inputs()), alerts=True)}
    everyday = words(stream, newborn, z=1.0, p_value=0.2, ratio=1.2)
    assert name not in {row["topic_id"] for row in rows(rank_trends([hour(300)], **stream.inputs(), terms=everyday), alerts=True)}


def test_a_newborn_topic_of_new_words_is_a_trend_and_its_own_burst_explains_it() -> None:
    stream, newborn = born_at_300()
    new = words(stream, newborn, z=6.0, p_value=1e-3, ratio=9.0)
    found = {row["topic_id"]: row for row in rows(rank_trends([hour(300)], **stream.inputs(), terms=new), alerts=True)}
    assert "usual share" not in found[f"topic{newborn:04d}"]["reason"]


def test_a_topic_that_never_burst_is_raised_by_its_words_and_the_reason_names_the_word() -> None:
    stream = noise(1)
    calm = int(np.argmax(stream.counts.mean(axis=1)))
    new = words(stream, calm, z=9.0, p_value=1e-15, ratio=8.0)
    at = [hour(300)]
    assert f"topic{calm:04d}" not in {row["topic_id"] for row in rows(rank_trends(at, **stream.inputs()), alerts=True)}
    (row,) = (row for row in rows(rank_trends(at, **stream.inputs(), terms=new), alerts=True) if row["topic_id"] == f"topic{calm:04d}")
    assert "usual share of 'linen'" in row["reason"]
    assert row["q_value"] < 0.01
    assert row["score"] > 0


def test_with_words_too_a_range_equals_its_hours_one_by_one() -> None:
    stream, newborn = born_at_300()
    new = words(stream, newborn, z=6.0, p_value=1e-9, ratio=9.0)
    hours = [hour(number) for number in range(299, 304)]
    whole = rank_trends(hours, **stream.inputs(), terms=new)
    single, before = [], None
    for one in hours:
        part = rank_trends([one], **stream.inputs(), terms=new, previous_trends=before)
        single.append(part)
        before = part if before is None else pa.concat_tables([before, part])
    assert whole.equals(pa.concat_tables(single))


def verdict(topic: str, **columns: object) -> pa.Table:
    return pa.table({"hour": [hour(300)], "topic_id": [topic]} | {name: [value] for name, value in columns.items()})


def of_topic(trends: pa.Table, topic: str) -> dict:
    (row,) = (row for row in rows(trends) if row["topic_id"] == topic)
    return row


def test_a_stress_test_discounts_the_score_and_its_grade_is_shown() -> None:
    stream, newborn = born_at_300()
    name = f"topic{newborn:04d}"
    plain = of_topic(rank_trends([hour(300)], **stream.inputs()), name)
    assert plain["grade"] is None
    stress = verdict(name, grade="C", remaining_share=0.4, authors_left=16, reason="five accounts wrote 60 %", discount=0.25)
    row = of_topic(rank_trends([hour(300)], **stream.inputs(), stress=stress), name)
    assert row["score"] == pytest.approx(0.25 * plain["score"])
    assert (row["grade"], row["grade_reason"], row["suppressed"]) == ("C", "five accounts wrote 60 %", False)


def test_a_discount_of_nothing_suppresses_with_the_reason() -> None:
    stream, newborn = born_at_300()
    name = f"topic{newborn:04d}"
    stress = verdict(name, grade="F", remaining_share=0.0, authors_left=0, reason="one group of accounts wrote it all", discount=0.0)
    row = of_topic(rank_trends([hour(300)], **stream.inputs(), stress=stress), name)
    assert (row["suppressed"], row["lane"], row["score"]) == (True, "noise", 0.0)
    assert row["reason"].startswith("Suppressed, one group of accounts wrote it all")


def test_relevance_decides_the_lane() -> None:
    stream, newborn = born_at_300()
    name = f"topic{newborn:04d}"
    inputs = stream.inputs()
    assert of_topic(rank_trends([hour(300)], **inputs), name)["lane"] == "lifestyle"
    ours = verdict(name, lane="brand", lane_reason="names ours", suppressed=False)
    assert of_topic(rank_trends([hour(300)], **inputs, relevance=ours), name)["lane"] == "brand"
    collision = verdict(name, lane="noise", lane_reason="a singer of that name", suppressed=True)
    row = of_topic(rank_trends([hour(300)], **inputs, relevance=collision), name)
    assert (row["lane"], row["suppressed"]) == ("noise", True)
    assert row["reason"].startswith("Suppressed, a singer of that name")


def test_two_verdicts_on_one_topic_and_hour_are_refused() -> None:
    stream, newborn = born_at_300()
    twice = pa.concat_tables([verdict(f"topic{newborn:04d}", grade="A", reason="", discount=1.0)] * 2)
    with pytest.raises(ValueError, match="stress: several rows"):
        rank_trends([hour(300)], **stream.inputs(), stress=twice)


def test_the_same_words_a_year_ago_make_it_seasonal_and_the_reason_says_when() -> None:
    stream, newborn = born_at_300()
    inputs = stream.inputs()
    name = f"topic{newborn:04d}"
    place = inputs["topics"].column_names.index("keywords")
    told = [["Pumpkin", "lantern"] if topic == name else ["other"] for topic in inputs["topics"]["topic_id"].to_pylist()]
    inputs["topics"] = inputs["topics"].set_column(place, "keywords", pa.array(told))

    def a_year_before(days: int) -> pa.Table:
        return pa.table(
            {
                "hour": pa.array([hour(300) - timedelta(days=days)], pa.timestamp("us", "UTC")),
                "topic_id": ["old"],
                "label": ["pumpkin lantern"],
                "keywords": [["pumpkin", "lantern", "ghost"]],
                "suppressed": [False],
            }
        )

    row = of_topic(rank_trends([hour(300)], **inputs, last_year=a_year_before(361)), name)
    assert row["stage"] == "seasonal"
    assert "in these days of last year 'pumpkin lantern' rose on 2025-09-17" in row["reason"]
    assert of_topic(rank_trends([hour(300)], **inputs, last_year=a_year_before(300)), name)["stage"] == "emerging"


def test_every_row_has_a_forecast_and_its_interval() -> None:
    stream = with_new_topic(noise(7, topics=20, hours=24 * 8), 100, [20, 30, 40, 50, 40, 30])
    for row in rows(rank_trends(stream.hours[90:130], **stream.inputs())):
        for horizon in (6, 24):
            low, posts, high = (row[f"forecast_{name}_{horizon}h"] for name in ("low", "posts", "high"))
            assert 0 <= low <= posts <= high
            assert high < 20_000


def test_novelty_of_words_is_shown() -> None:
    stream, newborn = born_at_300()
    new = words(stream, newborn, z=6.0, p_value=1e-3, ratio=9.0)
    row = of_topic(rank_trends([hour(300)], **stream.inputs(), terms=new), f"topic{newborn:04d}")
    assert (row["novel_term"], row["novelty"]) == ("linen", 9.0)
