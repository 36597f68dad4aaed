"""The simulated source: real time, at a rate, the same records after any restart."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from trend_assets.collect.simulated import SimulatedSource, Simulation, records_until
from trend_assets.collect.source import Batch, Received, SourceRefusedError

START = datetime(2026, 11, 3, 12, tzinfo=UTC)
SIMULATION = Simulation(rate=100.0, posts=1_000, seed=3)


def collected(cursor: str | None, first: datetime, last: datetime, simulation: Simulation = SIMULATION) -> tuple[list[Received], str]:
    """Records that a collector running between the two moments gets, and the cursor after them."""

    async def read() -> tuple[list[Received], str]:
        now, records, position = [first], [], cursor
        source = SimulatedSource(simulation, clock=lambda: now[0])
        async for batch in source.batches(cursor):
            assert isinstance(batch, Batch)
            records += batch.records
            position = batch.cursor
            if now[0] >= last and not batch.records:
                break
            now[0] = min(now[0] + timedelta(seconds=1), last) if now[0] < last else now[0] + timedelta(seconds=6)
            if now[0] > last + timedelta(seconds=5):
                break
        return records, position or ""

    return asyncio.run(read())


def test_records_come_at_the_rate_dated_when_they_come(monkeypatch):
    monkeypatch.setattr("trend_assets.collect.simulated.TICK_SECONDS", 0.0)
    records, _ = collected(None, START, START + timedelta(seconds=4))
    assert 350 <= len(records) <= 520
    dated = [record.created_at for record in records if record.created_at is not None]
    assert all(START <= moment <= START + timedelta(seconds=6) for moment in dated)
    assert len(dated) > 0.9 * len(records)
    assert b"2026-11-03T12:00:0" in records[10].body


def test_interrupted_or_not_the_same_records_come_across_the_turn_of_a_town(monkeypatch):
    monkeypatch.setattr("trend_assets.collect.simulated.TICK_SECONDS", 0.0)
    middle, end = START + timedelta(seconds=8), START + timedelta(seconds=16)
    first, cursor = collected(None, START, middle)
    second, final = collected(cursor, middle + timedelta(seconds=3), end)
    whole = list(records_until(SIMULATION, START, final))
    assert [record.body for record in first + second] == [record.body for record in whole]
    assert '"town":1' in final


def test_another_simulation_in_the_same_folder_is_refused():
    _, cursor = collected(None, START, START)
    with pytest.raises(SourceRefusedError, match="another --data folder"):
        collected(cursor, START, START, Simulation(rate=5.0))
    with pytest.raises(SourceRefusedError, match="no simulation's"):
        collected("1725911162329308", START, START)
    with pytest.raises(SourceRefusedError, match="must be positive"):
        SimulatedSource(Simulation(rate=0.0))
