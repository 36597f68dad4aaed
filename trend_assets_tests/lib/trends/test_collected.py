"""A gap is not a drop: what a share of an hour collected does to levels, expectations, stages, forecasts and alerts."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from trend_assets.lib.trends.collected import COLLECTED_SCHEMA, collected_shares, collected_until, usual_days
from trend_assets.lib.trends.cycles import usual_volume
from trend_assets.lib.trends.expectations import Topics, expectations
from trend_assets.lib.trends.forecast import Cases, forecast
from trend_assets.lib.trends.history import Collected, TopicHistory, VolumeHistory, hour_number
from trend_assets.lib.trends.rank import rank_trends
from trend_assets_tests.lib.trends.town import START, Stream, hour, noise

FIRST = hour_number(START)
WEEK_LATER = START + timedelta(days=10)


def gap(begin: float, end: float, network: str = "x", *, filled: bool = False) -> dict:
    """A gap by hours after the tenth day."""
    moments = [WEEK_LATER + timedelta(hours=moment) for moment in (begin, end)]
    return {"network": network, "begins_at": moments[0], "ends_at": moments[1], "backfilled_at": moments[1] if filled else None}


def gaps(*rows: dict) -> pa.Table:
    moment = pa.timestamp("us", "UTC")
    return pa.Table.from_pylist(
        list(rows), pa.schema([("network", pa.string()), ("begins_at", moment), ("ends_at", moment), ("backfilled_at", moment)])
    )


def records(**of_network: int) -> pa.Table:
    rows = [{"hour": day, "network": name, "records": count} for day in usual_days([WEEK_LATER]) for name, count in of_network.items()]
    return pa.Table.from_pylist(rows, pa.schema([("hour", pa.timestamp("us", "UTC")), ("network", pa.string()), ("records", pa.int64())]))


def shares(*rows: dict, **usual: int) -> dict[int, float]:
    table = collected_shares(gaps(*rows), records(**usual), WEEK_LATER, WEEK_LATER + timedelta(hours=24))
    return {(row["hour"] - WEEK_LATER) // timedelta(hours=1): round(row["share"], 6) for row in table.to_pylist()}


def test_a_share_is_what_the_union_of_gaps_leaves_of_an_hour() -> None:
    assert shares(gap(1.5, 3.25), gap(1.75, 2.0), gap(3.2, 3.5), x=5) == {1: 0.5, 2: 0.0, 3: 0.5}
    assert shares(gap(1, 2, filled=True), x=5) == {}
    assert shares(x=5) == {}
    assert shares(gap(-5, -1), gap(30, 40), x=5) == {}


def test_a_network_weighs_what_it_usually_brings() -> None:
    assert shares(gap(1, 2), gap(2, 2.5, "bluesky"), x=1, bluesky=3) == {1: 0.75, 2: 0.625}
    assert shares(gap(1, 2, "mastodon"), x=1, bluesky=3) == {}
    assert shares(gap(1, 2), gap(1, 1.5, "bluesky")) == {1: 0.25}, "before anything is known of either they weigh alike"


def test_the_live_hour_is_the_last_sixty_minutes() -> None:
    as_of = WEEK_LATER + timedelta(hours=2, minutes=30)
    hours = [WEEK_LATER + timedelta(hours=number) for number in (1, 2)]
    told = collected_until(gaps(gap(1.25, 1.75)), records(x=1), hours, as_of).to_pylist()
    assert [(row["hour"], round(row["share"], 6)) for row in told] == [(hours[0], 0.75), (hours[1], 0.75)]


def test_a_share_outside_0_to_1_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Collected(pa.Table.from_pylist([{"hour": START, "share": 1.5}], COLLECTED_SCHEMA))


def thinned(stream: Stream, lost: dict[int, float], seed: int = 0) -> tuple[Stream, pa.Table]:
    """The stream as it was collected: of each hour a share by chance; and the table that tells so."""
    random = np.random.default_rng(seed)
    counts, chatter = stream.counts.copy(), stream.chatter.copy()
    for number, share in lost.items():
        counts[:, number], chatter[number] = random.binomial(counts[:, number], share), random.binomial(chatter[number], share)
    table = pa.Table.from_pylist([{"hour": hour(number), "share": share} for number, share in lost.items()], COLLECTED_SCHEMA)
    return Stream(counts, chatter, born=stream.born), table


def histories(stream: Stream, collected: pa.Table | None = None) -> tuple[TopicHistory, VolumeHistory]:
    volumes = VolumeHistory(stream.volumes(), Collected(collected))
    return TopicHistory(stream.topic_hours(), volumes), volumes


@pytest.mark.parametrize("share", [0.0, 0.2, 0.6, 0.9])
def test_hours_that_are_told_to_be_thinned_leave_levels_and_expectations_as_they_were(share: float) -> None:
    """The same hours of the day every day: untold, the level of these hours would sink with their share."""
    stream = noise(1, topics=30, hours=24 * 12)
    lost = {24 * day + number: share for day in range(6, 11) for number in range(8, 14)}
    seen, told = thinned(stream, lost)
    now = FIRST + 24 * 11 + 10
    whole, silent, known = (usual_volume(histories(*one)[1], now).posts for one in ((stream,), (seen,), (seen, told)))
    assert np.abs(known / whole - 1).max() < 0.12
    assert np.abs(silent / whole - 1).max() > 0.12 or share in (0.0, 0.9), "the thinning is no matter of noise"
    topics = Topics(np.arange(30), np.full(30, FIRST), np.zeros(30, dtype=np.int64))
    both = zip(expectations(topics, *histories(stream), now), expectations(topics, *histories(seen, told), now), strict=True)
    for before, after in list(both)[:2]:  # the day before now is one of those that were thinned
        busy = before.expected > 3
        assert np.median(after.expected[busy] / before.expected[busy]) == pytest.approx(1.0, abs=0.06)
        assert np.quantile(np.abs(np.log(after.expected[busy] / before.expected[busy])), 0.9) < 0.35


def test_an_hour_collected_in_part_expects_its_part() -> None:
    stream = noise(2, topics=30, hours=24 * 10)
    seen, told = thinned(stream, {200: 0.1})
    topics = Topics(np.arange(30), np.full(30, FIRST), np.zeros(30, dtype=np.int64))
    whole, silent, known = (expectations(topics, *histories(*one), FIRST + 200)[0] for one in ((stream,), (seen,), (seen, told)))
    assert np.median(known.expected / whole.expected) == pytest.approx(0.1, abs=0.03)
    assert np.median(silent.expected / whole.expected) > 0.3, "an hour that nobody says anything about is held for an outage"


def burst(stream: Stream, topic: int, at: range, posts: int = 40) -> None:
    stream.counts[topic, at.start : at.stop] += posts


def ranked(stream: Stream, hours: range, collected: pa.Table | None = None) -> dict[tuple[str, int], dict]:
    rows = rank_trends([hour(number) for number in hours], **stream.inputs(), collected=collected).to_pylist()
    return {(row["topic_id"], (row["hour"] - START) // timedelta(hours=1)): row for row in rows}


def test_a_trend_does_not_fade_in_a_gap_and_goes_on_after_it() -> None:
    stream = noise(3, topics=12, hours=24 * 10)
    burst(stream, 4, range(200, 222))
    lost = dict.fromkeys(range(206, 214), 0.0)
    seen, told = thinned(stream, lost)
    silent, known = (ranked(seen, range(200, 216), collected) for collected in (None, told))
    inside = [key for key in known if key[0] == "topic0004" and key[1] in lost]
    assert len(inside) == len(lost)
    assert {silent[key]["stage"] for key in inside} & {"fading", "fad"}, "untold, it would have faded"
    for key in inside:
        assert known[key]["stage"] not in ("fading", "fad")
        assert known[key]["suppressed"]
        assert "collected 0 % of the hour" in known[key]["reason"]
    after = known["topic0004", 215]
    assert not after["suppressed"]
    assert after["first_raised_at"] == hour(200)
    assert after["stage"] not in ("fading", "fad", "rising")
    assert "collected" not in known["topic0004", 204]["reason"]


def test_no_alert_comes_of_a_gap_and_a_burst_after_it_is_found() -> None:
    """Every topic comes back to its level at once: growth from nothing, and no news."""
    alarms, untouched, found = 0, 0, 0
    for seed, share in enumerate((0.0, 0.15)):
        stream = noise(seed, topics=20, hours=24 * 10)
        seen, told = thinned(stream, dict.fromkeys(range(200, 209), share), seed)
        untouched += sum(not row["suppressed"] for row in ranked(stream, range(206, 224)).values())
        alarms += sum(not row["suppressed"] for row in ranked(seen, range(206, 224), told).values())
        calm = int(np.argmin(np.abs(stream.counts.mean(axis=1) - 4)))
        burst(seen, calm, range(210, 212), 60)
        row = ranked(seen, range(210, 211), told)[f"topic{calm:04d}", 210]
        found += not row["suppressed"]
    assert found == 2
    assert alarms <= untouched + 1


def test_a_burst_within_an_hour_collected_in_part_is_found() -> None:
    silent = known = 0
    for seed in range(3):
        stream = noise(seed, topics=12, hours=24 * 9)
        calm = int(np.argmin(np.abs(stream.counts.mean(axis=1) - 4)))
        burst(stream, calm, range(206, 207), 80)
        seen, told = thinned(stream, dict.fromkeys(range(200, 209), 0.12), seed)
        rows = [ranked(seen, range(206, 207), collected).get((f"topic{calm:04d}", 206)) for collected in (None, told)]
        silent, known = (count + (row is not None and not row["suppressed"]) for count, row in zip((silent, known), rows, strict=True))
    assert known == 3
    assert known > silent


def test_a_forecast_learns_nothing_from_what_was_not_collected() -> None:
    """Trends whose next hours fell into a gap did not end with it."""
    stream = noise(5, topics=10, hours=24 * 10)
    stream.counts[:] += 10
    seen, told = thinned(stream, dict.fromkeys(range(180, 200), 0.0))

    def ahead(of: Stream, collected: pa.Table | None = None) -> np.ndarray:
        history, volumes = histories(of, collected)
        cases = Cases()
        for number in range(150, 200):
            cases.note(FIRST + number, np.arange(10))
        return forecast(np.arange(10), FIRST + 212, history, volumes, cases)[6].posts

    whole, silent, known = ahead(stream), ahead(seen), ahead(seen, told)
    assert np.median(known / whole) == pytest.approx(1.0, abs=0.2)
    assert abs(np.median(silent / whole) - 1) > abs(np.median(known / whole) - 1)


def test_after_a_day_without_collection_births_are_no_news_for_the_first_hours() -> None:
    stream = noise(6, topics=20, hours=24 * 10)
    counts = np.vstack([stream.counts, np.zeros((1, stream.counts.shape[1]), dtype=np.int64)])
    counts[-1, 202:] = 9
    seen, told = thinned(Stream(counts, stream.chatter), dict.fromkeys(range(170, 201), 0.0))
    assert not ranked(seen, range(201, 204))["topic0020", 203]["suppressed"]
    assert ("topic0020", 203) not in ranked(seen, range(201, 204), told)


def test_without_a_gap_every_row_is_the_same_bit_for_bit() -> None:
    stream = noise(7, topics=12, hours=24 * 7)
    burst(stream, 3, range(150, 156))
    hours = [hour(number) for number in range(148, 160)]
    nothing = rank_trends(hours, **stream.inputs())
    assert nothing.num_rows
    assert nothing.equals(rank_trends(hours, **stream.inputs(), collected=COLLECTED_SCHEMA.empty_table()))


def test_a_range_equals_hour_by_hour_where_gaps_are() -> None:
    stream = noise(8, topics=12, hours=24 * 7)
    burst(stream, 3, range(120, 130))
    seen, told = thinned(stream, {number: 0.3 + 0.05 * (number % 9) for number in range(124, 136)})
    inputs = seen.inputs()
    hours = [hour(number) for number in range(118, 142)]
    at_once = rank_trends(hours, **inputs, collected=told)
    parts, before = [], None
    for moment in hours:
        parts.append(rank_trends([moment], **inputs, collected=told, previous_trends=before))
        before = pa.concat_tables(parts)
    assert pa.concat_tables(parts).equals(at_once)
