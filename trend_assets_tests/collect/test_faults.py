"""Real collectors killed at their steps, and two at once: nothing lost, nothing doubled, nobody called. Long: ``benchmarks/faults.py``."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from trend_assets.collect.failpoints import LOOP
from trend_assets.collect.simulated import Simulation
from trend_assets.lake.storage import LocalStorage
from trend_assets_tests.collect.lives import AT_STOP, SETTINGS, Lives, account, failpoints, is_repeated, state_of

COMMAND = [str(Path(sys.executable).with_name("trend-assets")), "collect", "--source", "simulated", "--rate", "200", "--town-posts", "1000"]
KILLED_AT = (
    "source opened",
    "records buffered",
    "landing: write_new: partly written",
    "landing: write_new: renamed",
    "landing published",
    "gaps: compare_and_swap: renamed",
    "cursor: compare_and_swap: compared",
    "cursor moved",
    "stopping",
)


def test_failpoints_cover_every_step_of_the_loop_and_of_the_storage():
    names = failpoints()
    assert len(names) == len(set(names)) >= 40
    assert set(LOOP) < set(names)
    assert {f"landing: {step}" for step in LocalStorage.steps if step.startswith("write_new")} < set(names)
    assert set(KILLED_AT) <= set(names)


def test_killed_at_any_step_a_collector_loses_nothing_doubles_nothing_and_goes_on_by_itself(tmp_path):
    chance, lives = random.Random(5), Lives(tmp_path / "data")
    try:
        assert lives.live(publications=2).exit_code == 0
        for name in KILLED_AT:
            life = lives.live(
                failpoint=f"{name}|kill|{2 if is_repeated(name) else 1}", publications=2 if name in AT_STOP else 0, kill_after=8.0
            )
            assert (life.failpoint, life.exit_code) == (name, -signal.SIGKILL)
        for _ in range(2):
            assert lives.live(kill_after=chance.uniform(0.1, 0.8)).exit_code == -signal.SIGKILL
        assert lives.live(failpoint="landing: write_new: synced|ENOSPC|2", publications=3).exit_code == 0
        assert lives.live(publications=2).exit_code == 0
        found = account(lives.folder, lives.simulation, lives.lives)
    finally:
        lives.close()
    assert found.violations == []
    assert found.redelivered > 0  # kills between landing and the cursor did happen
    assert found.posts > 100
    check_that_the_account_would_notice(lives)


def check_that_the_account_would_notice(lives: Lives) -> None:
    """The check itself: a lost file, a gap ledger without rows."""
    largest = max((lives.folder / "landing").rglob("*.zst"), key=lambda path: path.stat().st_size)
    largest.unlink()
    shutil.rmtree(lives.folder / "lake")
    problems = " / ".join(account(lives.folder, lives.simulation, lives.lives).violations)
    assert "have not landed" in problems
    assert "raw_posts differ" in problems
    assert "are in no gap" in problems


def test_of_several_collectors_one_works_and_another_takes_over_from_one_suspended_or_killed(tmp_path):
    environment = {**os.environ, **SETTINGS, "TREND_ASSETS_DATA": str(tmp_path)}
    processes = [subprocess.Popen(COMMAND, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    try:
        wait_for(lambda: state_of(tmp_path).publications >= 3, 60)
        (tmp_path / "began_at").write_text(json.loads(state_of(tmp_path).cursor)["began_at"])
        ports = [json.loads(process.stderr.readline())["port"] for process in processes]
        waiting = dict(zip(ports, processes, strict=True))
        suspended = holder_of(waiting)
        assert [status(port, "health")["role"] for port in waiting] == ["waiting", "waiting"]
        suspended.send_signal(signal.SIGSTOP)
        wait_for_more_records(tmp_path)
        killed = holder_of(waiting)
        suspended.send_signal(signal.SIGCONT)
        assert suspended.wait(10) == 1  # its lease is another's, and its cursor would be refused
        killed.kill()
        wait_for_more_records(tmp_path)
        [port] = waiting
        assert status(port, "health")["healthy"]
        metrics = status(port, "metrics")
        assert 'trend_assets_collect_holds_lease{source="simulated"} 1.0' in metrics
        assert 'trend_assets_collect_gaps_total{reason="downtime",source="simulated"}' in metrics
        waiting[port].send_signal(signal.SIGTERM)
        assert waiting[port].wait(20) == 0
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    found = account(tmp_path, Simulation(rate=200.0, posts=1_000, seed=1), [])
    assert found.violations == []
    assert found.posts > 50


def holder_of(waiting: dict[int, subprocess.Popen[str]]) -> subprocess.Popen[str]:
    """The collector that collects, taken out of those that wait."""
    [port] = [port for port in waiting if status(port, "health")["role"] == "collecting"]
    return waiting.pop(port)


def wait_for_more_records(folder: Path) -> None:
    """Somebody publishes again within ten seconds."""
    before = state_of(folder).records
    wait_for(lambda: state_of(folder).records > before + 50, 10)


def status(port: int, page: str) -> dict | str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=5) as answer:
        text = answer.read().decode()
    return json.loads(text) if page == "health" else text


def wait_for(condition, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
