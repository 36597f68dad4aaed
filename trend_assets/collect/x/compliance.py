"""Batch compliance: ask X which of our posts or accounts may no longer be kept, as records that the decoder turns into deletions.

What belongs here: one job from ids to records. What doesn't: which ids to ask for, what a deletion does (``lib/privacy``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from trend_assets.collect.source import Received
from trend_assets.collect.x.client import XClient, XError
from trend_assets.lib.sources import edge

POLL_SECONDS = 10.0
"""Longest wait between two looks at a job; the first ones come sooner, since small jobs are done at once."""
LONGEST_SECONDS = 6 * 3600.0
KINDS: dict[str, Literal["post_compliance", "account_compliance"]] = {"tweets": "post_compliance", "users": "account_compliance"}


async def check_compliance(
    client: XClient,
    kind: Literal["tweets", "users"],
    ids: Sequence[str],
    name: str,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    longest_seconds: float = LONGEST_SECONDS,
) -> list[Received]:
    """Records of what became of ``ids``: one for each that is deleted, protected, suspended, ...; none for the others.

    X runs one job at a time. Raises ``ValueError`` for an id that is not a number or for none, ``XError`` where the job fails or takes
    longer than ``longest_seconds``.
    """
    if not ids:
        raise ValueError("no id to check")
    wrong = [one for one in ids if not one.isdecimal()]
    if wrong:
        raise ValueError(f"{len(wrong):,} of {len(ids):,} ids are not numbers")
    job = await client.create_job(kind, name)
    await client.upload(job, ids)
    waited, pause = 0.0, 1.0
    while job.status != "complete":
        if job.status == "failed" or waited > longest_seconds:
            raise XError(f"compliance job {job.id} is {job.status} after {waited:.0f} s")
        await sleep(pause)
        waited, pause = waited + pause, min(2 * pause, POLL_SECONDS)
        job = await client.job(job.id)
    return compliance_records(await client.download(job), kind, job.id)


def compliance_records(body: bytes, kind: Literal["tweets", "users"], job_id: str) -> list[Received]:
    """The rows of a job's result. Rows of posts and of accounts look the same: ``kind`` tells."""
    records = []
    for line in body.split(b"\n"):
        if line.strip():
            for record in edge.records_of("x", line.strip()):
                named = KINDS[kind] if record.kind == "compliance" else record.kind
                records.append(Received(record.body, named, record.created_at, record.includes, f"x/compliance/{job_id}"))
    return records
