from __future__ import annotations

import asyncio
import json
import zipfile
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest

from trend_assets.collect.bluesky import Batch, BlueskySource, EventFilter, Gap, Options, SourceRefusedError, open_source
from trend_assets.collect.metrics import Metrics
from trend_assets.collect.simulated import SimulatedSource, Simulation
from trend_assets.commands.collect import cursor_of, make_collector
from trend_assets.landing.files import LandingRecord
from trend_assets.settings import Settings
from trend_assets_tests.collect.jetstream import (
    SECOND,
    START,
    Jetstream,
    closes_politely,
    commit,
    cut_after,
    cut_inside,
    event,
    mixed,
    post,
    running,
    silent_after,
    slowly,
)
from trend_assets_tests.lib.sources import landed
from trend_assets_tests.support import shared_data

BEGINNING = str(START)
NOW = datetime(2026, 9, 2, 12, 20, tzinfo=UTC)
QUICK = {"first_wait": 0.005, "longest_wait": 0.02, "batch_seconds": 0.01, "stall_seconds": 0.3, "open_seconds": 2.0}


def source_of(*instances, languages=(), keywords=(), now=NOW, **options):
    addresses = tuple(instance.address for instance in instances)
    return BlueskySource(Options(instances=addresses, **(QUICK | options)), EventFilter(languages, keywords), lambda: now)


async def items_until(source, cursor, enough, seconds=10.0):
    """What the source gives until ``enough`` is true of the items so far."""
    items = []
    async with asyncio.timeout(seconds), aclosing(source.batches(cursor)) as found:
        async for item in found:
            items.append(item)
            if enough(items):
                return items
    raise AssertionError("the source ended")


def bodies(items):
    return [record.body for item in items if isinstance(item, Batch) for record in item.records]


def gaps(items):
    return [item for item in items if isinstance(item, Gap)]


def all_of(events):
    """True once each of the events came."""
    wanted = {frame for _, frame in events}
    return lambda items: wanted <= set(bodies(items))


def read(*instances, cursor=BEGINNING, enough=None, **options):
    """Run the instances and read from them until all their events came."""

    async def work():
        async with running(*instances):
            source = source_of(*instances, **options)
            return await items_until(source, cursor, enough or all_of(instances[0].events)), source

    return asyncio.run(work())


def raw(items):
    """What items become in the lake: posts by id with their texts, what was deleted, what was refused and ignored."""
    storage = landed.MemoryStorage()
    writer = landed.writer(storage)
    for item in items:
        if isinstance(item, Batch):
            for one in item.records:
                writer.add(
                    LandingRecord("bluesky", "bluesky", item.received_at, one.request_id, one.kind, one.body, one.includes, one.created_at)
                )
            writer.flush()
    decoded = landed.decode(storage)
    posts = decoded.raw_posts.select(["post_id", "kind", "text"]).to_pylist()
    assert len({row["post_id"] for row in posts}) == len(posts)
    counted = sum(decoded.landing_counts["records"].to_pylist())
    assert counted == len(bodies(items))
    return (
        sorted(posts, key=lambda row: row["post_id"]),
        sorted({(row["subject_kind"], row["subject"]) for row in decoded.deletions.to_pylist()}),
        sorted({(row["reason"], row["original"]) for row in decoded.quarantined_posts.to_pylist()}),
    )


def once(events):
    """The same for events that each came once, in one batch."""
    from trend_assets.collect.source import Received
    from trend_assets.lib.sources.edge import records_of

    records = [
        Received(record.body, record.kind, record.created_at, record.includes)
        for _, frame in events
        for record in records_of("bluesky", frame)
    ]
    return raw([Batch(records, None, NOW)])


def test_all_kinds_of_events_come_as_they_were_sent():
    events = mixed(40)
    items, source = read(Jetstream(events))
    assert bodies(items) == [frame for _, frame in events]
    assert gaps(items) == []
    assert source.counts == {"landed": 40}
    posts, deletions, quarantined = raw(items)
    assert {row["kind"] for row in posts} == {"post", "repost"}
    assert sum(row["text"].endswith("corrected") for row in posts) == 4
    assert {kind for kind, _ in deletions} == {"post", "account"}
    assert not quarantined


def test_a_cut_after_any_frame_loses_and_doubles_nothing():
    events = mixed(24)
    for count in range(len(events)):
        items, _ = read(Jetstream(events, faults=[cut_after(count)]))
        assert gaps(items) == [], count
        assert raw(items) == once(events), count


def test_a_cut_inside_any_frame_loses_and_doubles_nothing():
    events = mixed(24)
    for count in range(len(events)):
        items, _ = read(Jetstream(events, faults=[cut_inside(count), cut_inside(1)]))
        assert gaps(items) == []
        assert raw(items) == once(events)


def test_a_stopped_reader_goes_on_from_any_published_cursor():
    events = mixed(24)

    async def work(stop_after):
        instance = Jetstream(events)
        async with running(instance):
            first = await items_until(source_of(instance, batch_records=3), BEGINNING, lambda items: len(items) == stop_after)
            published = first[:-1]  # the last batch died with the process
            cursor = published[-1].cursor if published else BEGINNING
            second = await items_until(source_of(instance), cursor, lambda items: events[-1][1] in bodies(items))
        return published + second

    for stop_after in range(1, 9):
        items = asyncio.run(work(stop_after))
        assert gaps(items) == []
        assert raw(items) == once(events)


def test_events_out_of_order_and_twice_come_to_the_same_posts():
    events = mixed(40)
    shuffled = [events[index] for index in sorted(range(40), key=lambda index: (index * 7 + 3) % 11 // 3 + index // 4 * 4)]
    assert shuffled != events
    only_new = [one for one in shuffled if b'"create"' in one[1]]
    items, _ = read(Jetstream([*only_new, *only_new[:20]], faults=[cut_after(17), cut_after(9)]))
    assert raw(items) == once(only_new)


def test_an_event_that_jumps_the_queue_does_not_move_the_cursor_past_those_behind_it():
    events = [post(number) for number in range(300)]
    late = post(1100)
    jumped = [*events[:50], late, *events[50:]]
    instance = Jetstream(jumped)

    async def work():
        async with running(instance):
            first = await items_until(source_of(instance, batch_records=60), BEGINNING, lambda items: late[1] in bodies(items))
            return first + await items_until(source_of(instance), first[-1].cursor, all_of(events[60:]))

    assert raw(asyncio.run(work())) == once(jumped)


def test_the_cursor_that_is_asked_for_overlaps_more_where_another_instance_gave_it():
    events = mixed(30)
    here, there = Jetstream(events, faults=[cut_after(30)]), Jetstream(events)
    read(here, there, batch_records=1, enough=lambda items: len(there.requests) == 1 and events[-1][1] in bodies(items[-1:]))
    last = START + 29 * SECOND
    assert int(here.requests[0]["cursor"][0]) == START - 60 * SECOND
    assert int(there.requests[0]["cursor"][0]) == last - 60 * SECOND
    alone = Jetstream(events, faults=[cut_after(30)])
    read(alone, batch_records=1, enough=lambda items: len(alone.requests) == 2 and events[-1][1] in bodies(items[-1:]))
    assert int(alone.requests[1]["cursor"][0]) == last - 5 * SECOND
    assert alone.requests[1]["wantedCollections"] == ["app.bsky.feed.post", "app.bsky.feed.repost"]


def test_a_silent_open_connection_is_left_and_heartbeats_come_meanwhile():
    events = mixed(30)
    items, _ = read(Jetstream(events, faults=[silent_after(20)]), Jetstream(events))
    beats = [item for item in items if isinstance(item, Batch) and not item.records]
    assert 1 <= len(beats) <= 3
    assert all(item.cursor == beats[0].cursor for item in beats)
    assert gaps(items) == []
    assert raw(items) == once(events)


def test_a_connection_that_answers_no_ping_is_left_without_a_heartbeat():
    events = mixed(30)
    items, _ = read(Jetstream(events, faults=[silent_after(20, answers_pings=False)]), Jetstream(events))
    assert all(item.records for item in items if isinstance(item, Batch))
    assert raw(items) == once(events)


def test_a_slow_server_that_sends_in_fragments_is_waited_for():
    events = mixed(20)
    instance = Jetstream(events, faults=[slowly])
    items, _ = read(instance)
    assert len(instance.requests) == 1
    assert bodies(items) == [frame for _, frame in events]


def test_a_polite_goodbye_and_refused_handshakes_lead_to_the_next_instance():
    events = mixed(30)
    tired, busy, well = Jetstream(events, faults=[closes_politely]), Jetstream(events, statuses=[(503, {})]), Jetstream(events)
    items, _ = read(tired, busy, well)
    assert [len(one.requests) for one in (tired, busy, well)] == [1, 0, 1]
    assert gaps(items) == []
    assert raw(items) == once(events)


def test_an_instance_that_asks_for_time_gets_it():
    events = mixed(10)
    busy = Jetstream(events, statuses=[(429, {"Retry-After": "300"})])
    other = Jetstream(events, faults=[cut_after(0), cut_after(0), cut_after(0)])
    read(busy, other)
    assert (len(busy.requests), len(other.requests)) == (0, 4)


def test_a_request_that_every_instance_refuses_ends_with_what_to_do():
    first, second = Jetstream([], statuses=[(400, {})]), Jetstream([], statuses=[(400, {})])
    with pytest.raises(SourceRefusedError, match=r"HTTP 400: said the test.*TREND_ASSETS_BLUESKY_COLLECTIONS"):
        read(first, second, enough=lambda items: False)


def test_a_server_that_has_forgotten_the_cursor_leaves_a_gap_up_to_its_oldest_event():
    events = mixed(60)
    items, _ = read(Jetstream(events, oldest=START + 20 * SECOND), enough=all_of(events[20:]))
    begin = datetime(2026, 9, 2, 12, tzinfo=UTC)
    assert gaps(items) == [Gap(begin, begin + timedelta(seconds=20), "look_back")]
    assert isinstance(items[0], Gap)
    assert raw(items) == once(events[20:])


def test_what_a_server_forgot_during_an_interruption_is_a_gap_of_that_reason():
    events = mixed(60)

    async def forgets(instance, connection, frames):
        instance.oldest = START + 40 * SECOND
        await cut_after(10)(instance, connection, frames)

    instance = Jetstream(events, faults=[forgets])
    items, _ = read(instance, enough=all_of(events[:10] + events[40:]))
    (gap,) = gaps(items)
    assert (gap.reason, gap.end) == ("disconnect", datetime(2026, 9, 2, 12, 0, 40, tzinfo=UTC))
    assert gap.begin <= datetime(2026, 9, 2, 12, 0, 9, tzinfo=UTC)
    assert "account" not in gap.detail


@pytest.mark.parametrize("cursor", ["", "later", "-5", "42", "9" * 400, "١٧٨٨٣٥٠٤٠٠٠٠٠٠٠٠", str(START + 10**12)])
def test_an_unusable_cursor_brings_everything_the_server_has(cursor):
    events = mixed(30)
    instance = Jetstream(events)
    items, _ = read(instance, cursor=cursor)
    assert raw(items) == once(events)
    (gap,) = gaps(items)
    assert (gap.reason, gap.end) == ("look_back", datetime(2026, 9, 2, 12, tzinfo=UTC))


def test_a_live_start_asks_for_nothing_earlier_and_is_no_gap():
    events = [post(number) for number in range(1200, 1210)]
    instance = Jetstream([*mixed(30), *events])
    items, _ = read(instance, cursor=None, enough=all_of(events))
    assert instance.requests[0]["cursor"] == [BlueskySource.cursor_at(NOW)]
    assert bodies(items) == [frame for _, frame in events]
    assert gaps(items) == []


def test_a_server_whose_clock_is_ahead_moves_the_cursor_no_further_than_ours():
    events = [post(number) for number in range(1200, 1300)]
    items, _ = read(Jetstream(events), cursor=BlueskySource.cursor_at(NOW - timedelta(seconds=1)), now=NOW + timedelta(seconds=30))
    assert int(items[-1].cursor) <= int(BlueskySource.cursor_at(NOW + timedelta(seconds=30)))
    hostile = [*mixed(20), (START + 20 * SECOND, b'{"did":"did:plc:x","time_us":9223372036854775807,"kind":"commit"}')]
    items, _ = read(Jetstream(hostile))
    assert int(items[-1].cursor) <= START + 20 * SECOND


def test_unreadable_events_are_kept_and_quarantined_and_their_neighbours_too():
    poison = [
        b"{",
        b"not JSON",
        b"",
        b"null",
        b'"text"',
        b"[1, 2]",
        b'{"time_us": "soon"}',
        b"\xff\xfe{}",
        b'{"a": "\xed\xa0\x80"}',
        b"[" * 5000,
    ]
    poison += [json.dumps({"time_us": START, "commit": {"operation": "create", "collection": "app.bsky.feed.post", "record": 7}}).encode()]
    events = []
    for number, frame in enumerate(poison):
        events += [post(2 * number), (START + (2 * number + 1) * SECOND, frame)]
    items, source = read(
        Jetstream(events), languages=["en"], keywords=["post"], enough=lambda items: sum(1 for _ in bodies(items)) >= len(events) + 1
    )
    posts, _, quarantined = raw(items)
    assert len(posts) == len(poison)
    assert len(quarantined) >= len(poison) - 1
    assert source.counts["landed"] == len(events)


def large(number, size):
    return post(number, "x" * size)


def test_an_event_larger_than_taken_is_left_out_and_its_neighbours_come():
    events = [*mixed(10), large(10, 40_000), *[post(number) for number in range(11, 30)]]
    small = events[:10] + events[11:]
    instance = Jetstream(events)
    items, source = read(instance, largest_event=20_000, enough=all_of(small))
    assert raw(items) == once(small)
    assert source.counts["larger than taken"] == 1
    assert instance.requests[-1]["maxMessageSizeBytes"] == ["20000"]


def test_a_server_that_sends_too_large_events_all_the_same_is_gone_round_with_a_gap():
    events = [*mixed(10), large(10, 40_000), *[post(number) for number in range(11, 30)]]
    instance = Jetstream(events, obeys_size=False)
    items, _ = read(instance, largest_event=20_000, enough=all_of(events[15:]))
    (gap,) = gaps(items)
    assert gap.reason == "truncated"
    assert gap.begin <= datetime(2026, 9, 2, 12, 0, 10, tzinfo=UTC) < gap.end
    missing = {frame for _, frame in events} - set(bodies(items))
    inside = {frame for time, frame in events if gap.begin <= datetime.fromtimestamp(time / SECOND, UTC) < gap.end}
    assert missing <= inside


def test_a_large_event_within_the_bound_is_landed():
    events = [post(0), large(1, 3_000_000), post(2)]
    items, _ = read(Jetstream(events))
    assert bodies(items) == [frame for _, frame in events]
    assert raw(items)[2]


def test_a_reader_that_holds_back_neither_fills_memory_nor_loses():
    events = [large(number, 20_000) for number in range(300)]
    instance = Jetstream(events)

    async def work():
        async with running(instance):
            items = []
            async with aclosing(source_of(instance, batch_bytes=100_000).batches(BEGINNING)) as found:
                async for item in found:
                    items.append(item)
                    assert sum(len(record.body) for record in item.records) <= 130_000
                    if len(items) in (1, 5):
                        await asyncio.sleep(0.5)  # longer than silence is borne
                    if all_of(events)(items):
                        break
        return items

    items = asyncio.run(work())
    assert len(instance.requests) == 1
    assert raw(items) == once(events)


def test_posts_in_other_languages_and_without_a_keyword_are_left_out_and_counted():
    events = [
        post(0, "Un manteau Hermès"),
        post(1, "hermes coats", langs=["en-GB"]),
        post(2, "manteau HERMÈS", langs=["fr"]),
        post(3, "thermes de Vals", langs=["fr"]),
        post(4, "no language given, hermes", langs=[]),
        post(5, "tagged", tags=["Hermès"], langs=["fr-CA"]),
        post(6, "エルメスのバッグ", langs=["ja", "fr"]),
        commit(7, "update", "rkey3", {"text": "nothing any more", "langs": ["de"]}, account=3),
        commit(8, "delete", "rkey3", account=3),
        event(9, "identity", identity={"did": "did:plc:a", "handle": "a.test"}),
        commit(10, "create", "r10", {"subject": {"uri": "at://did:plc:a/app.bsky.feed.post/b", "cid": "c"}}, "repost"),
    ]
    kept = [events[index] for index in (2, 4, 5, 6, 7, 8, 9, 10)]
    items, source = read(Jetstream(events), languages=["fr"], keywords=["hermes", "エルメス"], enough=all_of(kept))
    assert bodies(items) == [frame for _, frame in kept]
    assert source.counts == {"landed": 8, "other language": 2, "no keyword": 1}


@pytest.mark.parametrize(
    ("keyword", "text", "found"),
    [
        ("zara", "ZARA!", True),
        ("zara", "lazarat", False),
        ("#zara", "such a #Zara day", True),
        ("c&a", "at C&A today", True),
        ("자라", "자라가 좋아", True),
        ("가", "각", False),
        ("ｚａｒａ", "zara", True),
        ("Straße", "STRASSE", True),
        ("زارا", "في زارا اليوم", True),
        ("zara", "", False),
        ("👗", "new 👗👗", True),
    ],
)
def test_keywords_are_found_in_any_script(keyword, text, found):
    kept = EventFilter(keywords=[keyword]).keeps(commit(0, "create", "a", {"text": text})[1])
    assert kept is found


def test_an_empty_keyword_and_an_address_that_is_none_are_refused():
    with pytest.raises(ValueError, match="is empty"):
        EventFilter(keywords=["  "])
    for address in ("jetstream.test", "https://jetstream.test/subscribe", "wss://jetstream.test:port/subscribe", "wss:///subscribe"):
        with pytest.raises(SourceRefusedError, match="not the address"):
            BlueskySource(Options(instances=(address,)), EventFilter())


def test_the_settings_name_instances_collections_and_words(monkeypatch):
    monkeypatch.setenv("TREND_ASSETS_BLUESKY_INSTANCES", '["ws://127.0.0.1:1/subscribe"]')
    monkeypatch.setenv("TREND_ASSETS_BLUESKY_COLLECTIONS", '["app.bsky.feed.post"]')
    monkeypatch.setenv("TREND_ASSETS_BLUESKY_KEYWORDS", '["zara"]')
    source = open_source(Settings(_env_file=None))
    assert (source.options.instances, source.options.collections) == (("ws://127.0.0.1:1/subscribe",), ("app.bsky.feed.post",))
    assert not source.wanted.keeps(post(0, "coats")[1])
    monkeypatch.delenv("TREND_ASSETS_BLUESKY_INSTANCES")
    assert len(open_source(Settings(_env_file=None)).options.instances) == 4


def recorded():
    """Events that an instance really sent, in their order."""
    with zipfile.ZipFile(shared_data("bluesky_jetstream_testdata.zip")) as archive:
        lines = archive.read("internal/corpus/testdata/expected_v1.jsonl").splitlines()
    return [(json.loads(line)["time_us"], line) for line in lines if line]


def test_recorded_events_survive_cuts_anywhere_and_a_change_of_instance():
    events = recorded()
    begin, now = str(min(time for time, _ in events)), datetime(2026, 7, 5, tzinfo=UTC)
    expected = None
    for count in (0, 1, 40, 75, 110, 151):
        here, there = Jetstream(events, faults=[cut_after(count), cut_inside(3)]), Jetstream(events, faults=[closes_politely])
        items, _ = read(here, there, cursor=begin, now=now)
        assert gaps(items) == []
        assert set(bodies(items)) == {frame for _, frame in events}
        storage = landed.MemoryStorage()
        writer = landed.writer(storage, lake_start=datetime(2026, 7, 1, tzinfo=UTC))
        for item in items:
            for one in item.records:
                writer.add(LandingRecord("bluesky", "bluesky", now, "", one.kind, one.body, one.includes, one.created_at))
        writer.flush()
        decoded = landed.decode(storage, lake_start=datetime(2026, 7, 1, tzinfo=UTC))
        assert sum(decoded.landing_counts["records"].to_pylist()) == len(bodies(items))
        assert decoded.quarantined_posts.num_rows == 0
        found = sorted(decoded.raw_posts["post_id"].to_pylist()), sorted(set(decoded.deletions["subject"].to_pylist()))
        assert len(set(found[0])) == len(found[0])
        expected = expected or found
        assert found == expected
    assert (len(expected[0]), len(expected[1])) == (32, 1)


def test_a_collector_told_to_replay_starts_there_and_goes_on_from_what_it_published(tmp_path):
    """``--from`` replaces the remembered cursor for one start."""
    events, settings = mixed(30), Settings(_env_file=None, data=str(tmp_path), lake_start=NOW - timedelta(days=1))

    def asked_from(start):
        async def work():
            async with running(instance := Jetstream(events)):
                source, stop = source_of(instance, batch_records=5), asyncio.Event()
                collector = make_collector(source, settings, Metrics("bluesky"), start)
                stopping = asyncio.create_task(collector.run(stop))
                async with asyncio.timeout(10):
                    while collector.status.received < 30:
                        await asyncio.sleep(0.02)
                stop.set()
                await stopping
                return int(instance.requests[0]["cursor"][0])

        return asyncio.run(work())

    beginning = cursor_of(BlueskySource(Options(), EventFilter((), ())), datetime.fromtimestamp(START / 1e6, UTC).replace(tzinfo=None))
    assert asked_from(beginning) < asked_from(None) < events[-1][0]
    assert asked_from(beginning) == START - timedelta(minutes=1) // timedelta(microseconds=1)


def test_a_source_that_cannot_replay_from_a_time_says_what_can():
    with pytest.raises(ValueError, match="simulated cannot replay from a time"):
        cursor_of(SimulatedSource(Simulation()), NOW)
    with pytest.raises(ValueError, match="has not come yet"):
        cursor_of(BlueskySource(Options(), EventFilter((), ())), datetime.now(UTC) + timedelta(hours=1))
