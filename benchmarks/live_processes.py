"""The processes of a deployment while they are measured: CPU seconds by role, memory over time, ports, ends.

What belongs here: looking at processes from outside. What doesn't: which are started, following records (``live.py``).
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import psutil

FIFTHS = 5
OTHER = "other"
ROLES = {"spawn_main": "runs", "dagster-daemon": "daemon", "code-server": "code server", "grpc": "code server", "collect": "collector"}
"""Word of a command line, and what the process is."""


@dataclass
class Processes:
    """CPU seconds and memory of processes and all that they start. memory: bytes by time, at each look."""

    roots: tuple[int, ...]
    cpu: dict[tuple[int, float], float] = field(default_factory=dict)
    memory: list[tuple[float, float]] = field(default_factory=list)
    names: dict[tuple[int, float], str] = field(default_factory=dict)

    def sample(self) -> None:
        """Look at the processes once."""
        memory = 0.0
        try:
            tree = [one for root in self.roots for one in (psutil.Process(root), *psutil.Process(root).children(recursive=True))]
        except psutil.Error:  # one has ended
            return
        for process in tree:
            try:
                times = process.cpu_times()
                key = (process.pid, process.create_time())
                self.cpu[key] = times.user + times.system
                if key not in self.names or self.names[key] == OTHER:  # a process that has just been forked still has its parent's name
                    self.names[key] = role(process.cmdline())
                memory += process.memory_info().rss
            except psutil.Error:
                continue
        self.memory.append((time.time(), memory))

    def report(self, name: str, seconds: float) -> None:
        """CPU, and the largest memory in each fifth of the time: flat, or growing."""
        cpu = sum(self.cpu.values())
        parts = np.array_split(np.array([memory for _, memory in self.memory]), FIFTHS)
        largest = ", ".join(f"{part.max() / 2**30:.2f}" for part in parts if part.size)
        print(f"{name}: {cpu:.0f} CPU s in {seconds:.0f} s ({cpu / seconds:.2f} cores); largest memory by fifth of the time: {largest} GiB")
        by_role: dict[str, float] = {}
        for key, spent in self.cpu.items():
            name_of = self.names.get(key, OTHER)
            by_role[name_of] = by_role.get(name_of, 0.0) + spent
        told = ", ".join(f"{role} {spent:.0f}" for role, spent in sorted(by_role.items(), key=lambda item: -item[1]))
        print(f"  of these by process: {told} CPU s")


def role(command: Sequence[str]) -> str:
    """What a process of the deployment is, by its command line; the code server starts a run as a process of Python's multiprocessing."""
    told = " ".join(command)
    for word, name in (
        ("spawn_main", "runs"),
        ("dagster-daemon", "daemon"),
        ("code-server", "code server"),
        ("grpc", "code server"),
        ("collect", "collector"),
    ):
        if word in told:
            return name
    return OTHER


def free_port() -> int:
    """A port of the loopback address that nobody uses now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(port: int, seconds: float = 180.0) -> None:
    """Return when something listens on the port; raises ``TimeoutError``."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.5)
    raise TimeoutError(f"no code server listens on port {port} after {seconds:.0f} s: see daemon.log in the data folder")


def end(process: subprocess.Popen[bytes], seconds: float = 60.0) -> None:
    """Ask a process to end; one that still waits for its runs after so long is killed: what was measured is told all the same."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
