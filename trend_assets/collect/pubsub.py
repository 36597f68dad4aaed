"""Google Pub/Sub between a collector and the lake: a writer that publishes to a topic, and the source that lands what is in it.

What belongs here: messages, acknowledgement after publication, what becomes of messages that are none of ours. What doesn't: the loop
that drives both (``collector.py``), clients (``google_clients.py``). It needs ``google-cloud-pubsub``, imported when first used.

A message's data are one line of a landing file (``lib/sources/landing_file.py``), so the record's bytes, its includes, its source and
the time of its *first* receipt survive the detour, and versions of a post are ordered by that, whatever the order of delivery. Its
attributes are ``network`` and, where it has one, ``created_at``. Nothing rests on order, and a message delivered twice is a duplicate
to the raw tables.

    collect --source bluesky ─► TopicWriter ─► topic ─► subscription ─► PubsubSource ─► landing files ─► acknowledged
                                                             └─ delivered in vain a hundred times ─► dead-letter topic
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any

import msgspec

from trend_assets.collect.source import Batch, Gap, Received, SourceRefusedError
from trend_assets.lake.storage import MissingExtraError
from trend_assets.landing.files import LandingRecord
from trend_assets.lib.sources.landing_file import encode_line, line_prefix
from trend_assets.lib.sources.outcomes import ABSENT, given

if TYPE_CHECKING:
    from google.cloud import pubsub_v1

    from trend_assets.collect.collector import Writer
    from trend_assets.settings import Settings

NETWORK_OF_SOURCE = {"x": "x", "bluesky": "bluesky", "simulated": "x"}
"""Sources whose records go through a topic; one subscription has those of one."""
DELIVERY_ATTEMPTS = 100
"""After so many deliveries Pub/Sub moves a message to the dead-letter topic (the most it allows). Each end of a reader that could not
land a message, a full disk for instance, counts as one: a good message must not go there for that."""
ACKNOWLEDGE_SECONDS = 60
"""Time to land a message before it is delivered again; extended while it waits for publication."""
LARGEST_MESSAGE = 9_000_000
"""Bytes; the service takes 10 MB, attributes included."""
LONGEST_PULL = 10.0
"""Seconds that a request waits for messages: so long, at most, does an idle reader take to end. One that we give up too soon may have
been given messages, which then wait for their deadline."""
KEPT_SECONDS = 7 * 24 * 3600
IDS_AT_ONCE = 1_000
"""Acknowledgements in one request: 512 KiB are allowed, an id has some 200 bytes."""

_logger = logging.getLogger(__name__)


class _Line(msgspec.Struct):
    source: str
    received_at: datetime
    request_id: str
    kind: str
    body: msgspec.Raw = ABSENT
    body_base64: bytes | None = None
    includes: msgspec.Raw = ABSENT


_decode_line = msgspec.json.Decoder(_Line).decode


class UndeliverableError(OSError):
    """Pub/Sub did not take messages; they are kept and the next ``flush`` tries again."""


class TopicWriter:
    """Publishes records to a topic: takes the place of a ``LandingWriter`` in a collector.

    ``topic``: ``projects/P/topics/T``. ``beside`` lands what is larger than a message may be. ``seconds``: how long ``flush`` waits for
    the service. Messages are kept until the service has confirmed them, so a source may be acknowledged when ``flush`` returns, and after
    an error ``flush`` is simply called again.
    """

    def __init__(self, client: pubsub_v1.PublisherClient, topic: str, beside: Writer, seconds: float = 60.0) -> None:
        self._client, self._topic, self._beside, self._seconds = client, topic, beside, seconds
        self._kept: list[tuple[bytes, dict[str, str]]] = []

    def add(self, record: LandingRecord) -> None:
        """Keep one record for the next ``flush``."""
        data, attributes = to_message(record)
        if len(data) > LARGEST_MESSAGE:
            self._beside.add(record)
        else:
            self._kept.append((data, attributes))

    def flush(self) -> list[str]:
        """Publish everything kept; returns the service's ids of the messages, and paths of landing files.

        Raises ``UndeliverableError`` where some were not taken, ``OSError`` where no file could be written.
        """
        from google.api_core.exceptions import GoogleAPICallError, RetryError

        futures = [self._client.publish(self._topic, data, **attributes) for data, attributes in self._kept]
        identifiers, failed, reason, ends = [], [], "", time.monotonic() + self._seconds
        for message, future in zip(self._kept, futures, strict=True):
            try:
                identifiers.append(str(future.result(timeout=max(ends - time.monotonic(), 0.0))))
            except (GoogleAPICallError, RetryError, TimeoutError) as error:
                failed.append(message)
                reason = type(error).__name__
        self._kept = failed
        if failed:
            raise UndeliverableError(f"Pub/Sub did not take {len(failed)} of {len(futures)} messages ({reason})")
        return identifiers + self._beside.flush()


class PubsubSource:
    """The records in a subscription; see the module. counts: messages by what became of them.

    ``subscription``: ``projects/P/subscriptions/S``. ``source``: whose records are expected. A message that is none of these is refused,
    for the dead-letter topic; where the subscription has no dead-letter policy it is landed as it is, and quarantined: being refused it
    would come back for ever. clock: now (aware).
    """

    name, replays = "pubsub", True

    def __init__(
        self,
        client: pubsub_v1.SubscriberClient,
        subscription: str,
        source: str,
        *,
        stall_seconds: float = 60.0,
        batch_messages: int = 1_000,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if source not in NETWORK_OF_SOURCE:
            raise SourceRefusedError(f"no records of {source!r} go through Pub/Sub: one of {', '.join(NETWORK_OF_SOURCE)}")
        self.landed_as, self.network = source, NETWORK_OF_SOURCE[source]
        self._client, self._subscription, self._clock = client, subscription, clock
        self._pull_seconds, self._batch_messages = min(stall_seconds / 3, LONGEST_PULL), batch_messages
        # The numbers of another process are not ours: acknowledging by them would lose what is not landed.
        self._run, self._number = secrets.token_hex(4), 0
        self._waiting: dict[int, list[str]] = {}
        self._held: list[str] = []
        self.counts: Counter[str] = Counter()

    async def batches(self, cursor: str | None) -> AsyncIterator[Batch | Gap]:  # noqa: ARG002 - the subscription knows what is left
        """See ``Source``. What was not acknowledged is delivered again by the service; a cursor is only the number of a batch.

        Raises ``SourceRefusedError`` where there is no such subscription or we may not read it.
        """
        extending = asyncio.create_task(self._extend(), name="extend acknowledgement deadlines")
        try:
            while True:
                messages = await asyncio.to_thread(self._pull)
                now = self._clock()
                taken, refused = self._sorted(messages, now)
                await asyncio.to_thread(self._set_deadline, refused, 0)
                self._number += 1
                groups = _by_receipt(taken)
                self._held = [identifier for identifier, _, _ in taken]
                # Only the last batch of a pull carries its number: acknowledging it must not overtake the others.
                for index, (received_at, records) in enumerate(groups):
                    last = index == len(groups) - 1
                    if last:
                        self._waiting[self._number], self._held = self._held, []
                    yield Batch(records, f"{self._run}-{self._number if last else self._number - 1}", received_at)
                if not groups:
                    yield Batch([], f"{self._run}-{self._number}", now, position=now)
        finally:
            extending.cancel()
            with suppress(asyncio.CancelledError):
                await extending
            await self._give_back(self._held)  # of these not all were handed on
            self._held = []

    async def acknowledge(self, cursor: str | None) -> None:
        """Acknowledge every message up to the batch: it is landed."""
        run, _, last = (cursor or "").rpartition("-")
        if run != self._run:
            return
        landed = [number for number in self._waiting if number <= int(last)]
        for number in landed:
            for identifiers in _chunks(self._waiting[number]):
                await asyncio.to_thread(self._client.acknowledge, subscription=self._subscription, ack_ids=identifiers)
            del self._waiting[number]

    async def close(self) -> None:
        """Give back what is not acknowledged, so that another reader need not wait for it, and close the client."""
        await self._give_back([identifier for identifiers in self._waiting.values() for identifier in identifiers])
        self._waiting.clear()
        await asyncio.to_thread(self._client.close)

    def _pull(self) -> Sequence[Any]:
        from google.api_core.exceptions import DeadlineExceeded, NotFound, PermissionDenied, ServiceUnavailable

        try:
            answer = self._client.pull(
                subscription=self._subscription, max_messages=self._batch_messages, timeout=self._pull_seconds, retry=None
            )
        except DeadlineExceeded:  # nothing there
            return []
        except (NotFound, PermissionDenied) as error:
            raise SourceRefusedError(f"{self._subscription} cannot be read: {error.message}") from error
        except ServiceUnavailable as error:
            raise ConnectionError(f"Pub/Sub is not available: {error.message}") from error
        return list(answer.received_messages)

    def _sorted(self, messages: Sequence[Any], now: datetime) -> tuple[list[tuple[str, datetime, Received]], list[str]]:
        """Messages to land, with their acknowledgement id and time of first receipt, and the ids of those to refuse."""
        taken, refused = [], []
        for one in messages:
            found = self._record(one.message.data, dict(one.message.attributes))
            if found is not None:
                self.counts["landed"] += 1
                taken.append((one.ack_id, *found))
            elif one.delivery_attempt:
                self.counts["refused"] += 1
                refused.append(one.ack_id)
            else:
                self.counts["landed unread"] += 1
                taken.append((one.ack_id, now, Received(one.message.data, "unreadable")))
        return taken, refused

    def _record(self, data: bytes, attributes: dict[str, str]) -> tuple[datetime, Received] | None:
        """The record in a message and when it was first received; None where it is none of ours."""
        try:
            line = _decode_line(data)
            created_at = datetime.fromisoformat(attributes["created_at"]) if "created_at" in attributes else None
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        body = line.body_base64 if line.body_base64 is not None else bytes(line.body) if given(line.body) else None
        aware = line.received_at.tzinfo is not None and (created_at is None or created_at.tzinfo is not None)
        if body is None or line.source != self.landed_as or attributes.get("network") != self.network or not aware:
            return None
        includes = bytes(line.includes) if given(line.includes) else None
        return line.received_at, Received(body, line.kind, created_at, includes, line.request_id)

    async def _extend(self) -> None:
        """Keep what waits for publication from being delivered again, for ever; a failure is no more than a duplicate."""
        while True:
            await asyncio.sleep(ACKNOWLEDGE_SECONDS / 3)
            waiting = [identifier for identifiers in self._waiting.values() for identifier in identifiers]
            try:
                await asyncio.to_thread(self._set_deadline, waiting, ACKNOWLEDGE_SECONDS)
            except Exception as error:
                _logger.warning("deadlines not extended", extra={"source": self.name, "error": type(error).__name__})

    async def _give_back(self, identifiers: Sequence[str]) -> None:
        """Have messages delivered again at once."""
        with suppress(Exception):  # their deadline does the same, later
            await asyncio.to_thread(self._set_deadline, identifiers, 0)

    def _set_deadline(self, identifiers: Sequence[str], seconds: int) -> None:
        for some in _chunks(identifiers):
            self._client.modify_ack_deadline(subscription=self._subscription, ack_ids=some, ack_deadline_seconds=seconds)


def to_message(record: LandingRecord) -> tuple[bytes, dict[str, str]]:
    """Data and attributes of the message that carries a record."""
    received_at = record.received_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    prefix = line_prefix(record.source, received_at, record.request_id, record.kind)
    attributes = {"network": record.network}
    if record.created_at is not None:
        attributes["created_at"] = record.created_at.astimezone(UTC).isoformat()
    return encode_line(prefix, record.body, record.includes), attributes


def set_up(
    publisher: pubsub_v1.PublisherClient,
    subscriber: pubsub_v1.SubscriberClient,
    project: str,
    topic: str,
    subscription: str,
    attempts: int = DELIVERY_ATTEMPTS,
) -> tuple[str, str]:
    """Make topic, subscription, and ``TOPIC-refused`` with a subscription of the same name for dead letters; what exists is left as it is.

    Returns the paths of topic and subscription. Messages are kept seven days, subscriptions never expire, order is not asked for.
    On Google Cloud the project's Pub/Sub service account needs to publish to the dead-letter topic and to subscribe here.
    """
    from google.api_core.exceptions import AlreadyExists

    paths = {name: publisher.topic_path(project, name) for name in (topic, f"{topic}-refused")}
    for path in paths.values():
        with suppress(AlreadyExists):
            publisher.create_topic(name=path)
    kept = {"ack_deadline_seconds": ACKNOWLEDGE_SECONDS, "message_retention_duration": {"seconds": KEPT_SECONDS}, "expiration_policy": {}}
    policy = {"dead_letter_topic": paths[f"{topic}-refused"], "max_delivery_attempts": attempts}
    wanted: list[dict[str, Any]] = [
        {"name": subscriber.subscription_path(project, subscription), "topic": paths[topic], "dead_letter_policy": policy, **kept},
        {"name": subscriber.subscription_path(project, f"{topic}-refused"), "topic": paths[f"{topic}-refused"], **kept},
    ]
    for request in wanted:
        with suppress(AlreadyExists):
            subscriber.create_subscription(request=request)
    return paths[topic], str(wanted[0]["name"])


def open_writer(settings: Settings, beside: Writer) -> TopicWriter:
    """The writer that publishes to the topic of the settings; ``beside`` as ``TopicWriter`` has it.

    Raises ``SourceRefusedError`` or ``MissingExtraError``, saying what to do.
    """
    project, topic = _named(settings.pubsub_project, "PROJECT"), _named(settings.pubsub_topic, "TOPIC")
    client = _clients().publisher_client(settings.pubsub_endpoint or None)
    return TopicWriter(client, client.topic_path(project, topic), beside)


def open_source(settings: Settings) -> PubsubSource:
    """The source as ``trend-assets collect --source pubsub`` runs it. Raises as ``open_writer`` does."""
    project, subscription = _named(settings.pubsub_project, "PROJECT"), _named(settings.pubsub_subscription, "SUBSCRIPTION")
    client = _clients().subscriber_client(settings.pubsub_endpoint or None)
    path = client.subscription_path(project, subscription)
    return PubsubSource(client, path, settings.pubsub_source, stall_seconds=settings.collect_stall_seconds)


def _clients() -> Any:
    try:
        import google.cloud.pubsub_v1  # noqa: F401 - whether it is there

        from trend_assets import google_clients
    except ImportError as error:
        raise MissingExtraError(f"Pub/Sub needs Google's client ({error}): pip install 'trend-assets[gcp]'") from error
    return google_clients


def _named(value: str, name: str) -> str:
    if not value:
        raise SourceRefusedError(f"set TREND_ASSETS_PUBSUB_{name} (docs/pubsub.md says how topic and subscription are made)")
    return value


def _by_receipt(taken: Sequence[tuple[str, datetime, Received]]) -> list[tuple[datetime, list[Received]]]:
    """Records by the time of their first receipt, in its order: a batch has one."""
    ordered = sorted(taken, key=lambda one: one[1])
    return [(received_at, [record for _, _, record in group]) for received_at, group in groupby(ordered, key=lambda one: one[1])]


def _chunks(identifiers: Sequence[str]) -> Iterator[list[str]]:
    remaining = iter(identifiers)
    while some := list(islice(remaining, IDS_AT_ONCE)):
        yield some
