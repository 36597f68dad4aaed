"""The tests that need the service run against Google's own emulator; see ``pubsub_emulator.py`` for what they need."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from trend_assets.collect import pubsub
from trend_assets.collect.pubsub import PubsubSource, TopicWriter, set_up, to_message
from trend_assets.collect.source import Batch, SourceRefusedError
from trend_assets.lake.storage import MissingExtraError
from trend_assets.landing.files import LandingRecord, read_lines
from trend_assets.settings import Settings
from trend_assets_tests.collect.jetstream import mixed
from trend_assets_tests.collect.pubsub_emulator import PROJECT, clients
from trend_assets_tests.lib.sources import landed
from trend_assets_tests.lib.sources.landed import RECEIVED

POISON = [b"", b"not JSON", b"[1]", b"\xff", b"{" * 10_000, b'{"source":"bluesky"}', b'{"source":"x","request_id":"","kind":"","body":{}}']


def records(count=20, source="bluesky", network="bluesky"):
    """Landing records of a source, received one second after the other."""
    from trend_assets.lib.sources.edge import records_of

    return [
        LandingRecord(
            network, source, RECEIVED + timedelta(seconds=number), f"request/{number}", one.kind, one.body, one.includes, one.created_at
        )
        for number, (_, frame) in enumerate(mixed(count))
        for one in records_of("bluesky", frame)
    ]


def beside(storage=None):
    """A landing writer for what is too large for the topic."""
    return landed.writer(storage or landed.MemoryStorage(), lake_start=datetime(2026, 9, 1, tzinfo=UTC))


@pytest.fixture
def service():
    """Clients, and paths of a new topic and subscription with their dead-letter topic."""
    publisher, subscriber = clients()
    name = f"posts-{secrets.token_hex(4)}"
    topic, subscription = set_up(publisher, subscriber, PROJECT, name, f"{name}-landing", attempts=5)
    return publisher, subscriber, topic, subscription


def published(service, some):
    """Send records through a topic writer."""
    writer = TopicWriter(service[0], service[2], beside())
    for record in some:
        writer.add(record)
    return writer.flush()


def source_of(service, source="bluesky", **options):
    return PubsubSource(clients()[1], service[3], source, **({"stall_seconds": 20.0} | options))


def run(work, seconds=60):
    """The result of a coroutine, in time."""
    return asyncio.run(asyncio.wait_for(work, seconds))


async def pulled(source, enough, cursor=None):
    items = []
    async with aclosing(source.batches(cursor)) as batches:
        async for batch in batches:
            items.append(batch)
            if enough(items):
                break
    return items


def received(items):
    return [record for item in items for record in item.records]


def as_landed(source, items):
    """The landing records that a collector makes of batches."""
    return [
        LandingRecord(source.network, source.landed_as, item.received_at, one.request_id, one.kind, one.body, one.includes, one.created_at)
        for item in items
        for one in item.records
    ]


def by_request(some):
    return sorted(some, key=lambda record: record.request_id)


def test_a_message_carries_a_record_whole():
    source = PubsubSource(None, "projects/p/subscriptions/s", "x")
    odd = [b'{"text":"a\xc3\xa9"}', b"{", b"\x00\xff", b'{"a":\n1}', b""]
    for body in odd:
        record = LandingRecord("x", "x", RECEIVED, "page/1", "post", body, b'{"users":[]}', RECEIVED - timedelta(days=3))
        received_at, found = source._record(*to_message(record))
        assert (received_at, found.created_at) == (RECEIVED, RECEIVED - timedelta(days=3))
        assert (found.body, found.includes, found.kind, found.request_id) == (body, b'{"users":[]}', "post", "page/1")


def test_messages_that_are_none_of_ours_are_told_from_those_that_are():
    source = PubsubSource(None, "projects/p/subscriptions/s", "bluesky")
    data, attributes = to_message(records(1)[0])
    assert source._record(data, attributes) is not None
    for other in (
        attributes | {"network": "x"},
        {},
        attributes | {"created_at": "soon"},
        attributes | {"created_at": "2026-09-02T12:00:00"},
    ):
        assert source._record(data, other) is None
    for poison in POISON:
        assert source._record(poison, {"network": "bluesky"}) is None
    with pytest.raises(SourceRefusedError, match="one of x, bluesky, simulated"):
        PubsubSource(None, "projects/p/subscriptions/s", "table")


def test_a_record_larger_than_a_message_is_landed_beside_the_topic():
    storage = landed.MemoryStorage()
    writer = TopicWriter(None, "projects/p/topics/t", beside(storage))
    writer.add(LandingRecord("x", "x", RECEIVED, "", "post", b"x" * 9_000_001))
    (path,) = writer.flush()
    (line,) = read_lines(path, storage.read(path))
    assert len(line) > 9_000_001


def test_without_names_or_client_the_message_says_what_to_do(monkeypatch):
    settings = Settings(_env_file=None)
    with pytest.raises(SourceRefusedError, match="TREND_ASSETS_PUBSUB_PROJECT"):
        pubsub.open_source(settings)
    named = Settings(_env_file=None, pubsub_project="p", pubsub_topic="t", pubsub_subscription="s")
    monkeypatch.setitem(__import__("sys").modules, "google.cloud.pubsub_v1", None)
    for open_it in (pubsub.open_source, partial(pubsub.open_writer, beside=None)):
        with pytest.raises(MissingExtraError, match=r"pip install 'trend-assets\[gcp\]'"):
            open_it(named)


def test_records_go_through_the_topic_unchanged_and_are_acknowledged_after_publication(service):
    sent = records()
    assert len(set(published(service, sent))) == len(sent)
    source = source_of(service)

    async def work():
        items = []
        async with aclosing(source.batches(None)) as batches:
            async for batch in batches:
                items.append(batch)
                await source.acknowledge(batch.cursor)
                if len(received(items)) >= len(sent):
                    break
        return items

    items = run(work())
    assert by_request(as_landed(source, items)) == by_request(sent)
    again = source_of(service, stall_seconds=1.5)
    assert received(run(pulled(again, lambda items: len(items) == 2))) == []


def test_what_was_not_acknowledged_comes_again_and_makes_the_same_posts(service):
    sent = records(40)
    published(service, sent[::-1])
    published(service, sent[5:12])
    first, second = source_of(service, batch_messages=7), source_of(service)

    async def work():
        taken = await pulled(first, lambda items: len(received(items)) >= 10)
        done = [item for item in taken[:4] if item.records]
        await first.acknowledge(done[-1].cursor)
        await first.close()  # the rest is given back
        rest = await pulled(second, lambda items: len({one.request_id for one in received(done + items)}) == len(sent))
        return done + rest

    items = run(work())
    expected = landed.decode(_landed(sent))
    found = landed.decode(_landed(as_landed(second, items)))
    columns = ["post_id", "kind", "text", "author"]
    assert sorted(map(str, found.raw_posts.select(columns).to_pylist())) == sorted(map(str, expected.raw_posts.select(columns).to_pylist()))
    assert set(found.deletions["subject"].to_pylist()) == set(expected.deletions["subject"].to_pylist())


def test_a_cursor_of_another_process_acknowledges_nothing(service):
    published(service, records(3))
    first, second = source_of(service), source_of(service)

    async def work():
        taken = await pulled(first, lambda items: len(received(items)) == 3)
        await first.acknowledge("99")
        await first.acknowledge(f"{second._run}-99")
        await first.acknowledge(None)
        await first.close()
        return len(received(taken)), len(received(await pulled(second, lambda items: len(received(items)) == 3)))

    assert run(work()) == (3, 3)


def test_messages_that_are_no_records_end_in_the_dead_letter_topic_and_their_neighbours_land(service):
    publisher, subscriber, topic, _ = service
    sent = records(5)
    published(service, sent)
    for poison in POISON:
        publisher.publish(topic, poison, network="bluesky").result(timeout=10)
    source = source_of(service, stall_seconds=1.5)
    refused = subscriber.subscription_path(PROJECT, f"{topic.rsplit('/', 1)[1]}-refused")

    async def work():
        # The emulator moves a message when it is asked for the next after the last refusal.
        items = await pulled(source, lambda items: source.counts["refused"] >= 5 * len(POISON) and len(items) >= 10)
        dead = PubsubSource(subscriber, refused, "bluesky", stall_seconds=20.0)
        return items, [record.body for record in received(await pulled(dead, lambda found: len(received(found)) >= len(POISON)))]

    items, dead = run(work())
    assert by_request(as_landed(source, items)) == by_request(sent)
    assert sorted(dead) == sorted(POISON)


def test_without_a_dead_letter_policy_poison_is_landed_and_quarantined(service):
    publisher, subscriber, topic, _ = service
    plain = subscriber.subscription_path(PROJECT, f"{topic.rsplit('/', 1)[1]}-plain")
    subscriber.create_subscription(name=plain, topic=topic)
    sent = records(5)
    published(service, sent)
    for poison in POISON:
        publisher.publish(topic, poison, network="bluesky").result(timeout=10)
    source = source_of((publisher, subscriber, topic, plain), clock=lambda: RECEIVED)
    items = run(pulled(source, lambda items: len(received(items)) >= len(sent) + len(POISON)))
    storage = _landed(as_landed(source, items))
    outcomes = landed.outcomes(landed.decode(storage))
    assert sum(outcomes.values()) == len(sent) + len(POISON)
    assert sum(number for name, number in outcomes.items() if name.startswith(("quarantined", "ignored"))) >= len(POISON)


def test_an_idle_subscription_gives_heartbeats_and_one_that_is_absent_is_refused(service):
    source = source_of(service, stall_seconds=1.5)
    items = run(pulled(source, lambda items: len(items) == 2))
    assert [type(item) for item in items] == [Batch, Batch]
    assert not received(items)
    absent = PubsubSource(clients()[1], f"projects/{PROJECT}/subscriptions/nobody", "bluesky", stall_seconds=1.5)
    with pytest.raises(SourceRefusedError, match="nobody cannot be read"):
        run(pulled(absent, lambda items: True))


def test_a_writer_keeps_what_the_service_did_not_take(service):
    writer = TopicWriter(clients()[0], f"projects/{PROJECT}/topics/nobody", beside(), seconds=5)
    for record in records(3):
        writer.add(record)
    with pytest.raises(pubsub.UndeliverableError, match="3 of 3"):
        writer.flush()
    writer._topic = service[2]
    assert len(writer.flush()) == 3
    assert writer.flush() == []


def test_messages_that_were_handed_on_are_acknowledged_though_the_source_was_started_again(service):
    """A restart of the reader is no refusal: what it handed on is published and acknowledged, and not delivered again."""
    published(service, records(10))
    source = source_of(service, stall_seconds=1.5)

    async def work():
        items = await pulled(source, lambda items: len(received(items)) == len(records(10)))
        again = await pulled(source, lambda items: len(items) == 1)
        await source.acknowledge(items[-1].cursor)
        return items, again, source._waiting

    items, again, waiting = run(work())
    assert received(items)
    assert not received(again)
    assert not waiting


def test_setting_up_twice_changes_nothing(service):
    publisher, subscriber, topic, subscription = service
    names = topic.rsplit("/", 1)[1], subscription.rsplit("/", 1)[1]
    assert set_up(publisher, subscriber, PROJECT, *names) == (topic, subscription)
    made = subscriber.get_subscription(subscription=subscription)
    assert made.dead_letter_policy.dead_letter_topic == f"{topic}-refused"
    assert (made.enable_message_ordering, made.ack_deadline_seconds) == (False, 60)


def _landed(some):
    storage = landed.MemoryStorage()
    writer = beside(storage)
    writer.add_many(some)
    writer.flush()
    return storage
