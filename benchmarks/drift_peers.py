"""Evidently, NannyML and Alibi Detect on the made windows: false alarms, power and CPU time, each in an environment of its own.

    python -m benchmarks.drift_peers FOLDER [--cpu-seconds N] [--peers NAME …]

What belongs here: making the environments in FOLDER with uv, running the peers there, the table. What doesn't: how a peer is asked
(``drift_peer_runner.py``), ours (``drift.py``). Nothing is installed beside the project's own packages; usage statistics of the peers
are switched off. Results are kept in FOLDER/PEER.jsonl, and with ``--cpu-seconds 0`` only read.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

PACKAGES: Mapping[str, tuple[str, ...]] = {
    # With pandas 3 Evidently does not import; NannyML imports statsmodels without asking for it.
    "evidently": ("evidently==0.7.23", "pandas<3"),
    "nannyml": ("nannyml==0.13.1", "pandas<3", "statsmodels"),
    "alibi-detect": ("alibi-detect==0.13.0",),
}
QUIET = {"NML_DISABLE_USAGE_LOGGING": "1", "DO_NOT_TRACK": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
CPU_SECONDS = 280.0


def environment(folder: Path, peer: str) -> Path:
    """The Python of the peer's environment, made where it is not there. Raises ``CalledProcessError`` where it cannot be."""
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    python = folder / peer / "bin" / "python"
    if not python.exists():
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder / peer)], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(python), *PACKAGES[peer]], check=True)
    shown = subprocess.run([uv, "pip", "freeze", "--python", str(python)], check=True, capture_output=True, text=True).stdout.splitlines()
    wanted = (peer, "numpy", "scipy", "pandas")
    print(f"{peer}: {', '.join(line for line in shown if line.partition('==')[0] in wanted)}", flush=True)
    return python


def run(python: Path, peer: str, results: Path, cpu_seconds: float) -> None:
    """Let the peer judge windows for so long."""
    root = str(Path(__file__).resolve().parents[1])
    command = [str(python), "-m", "benchmarks.drift_peer_runner", peer, str(cpu_seconds)]
    with results.open("w") as output:
        subprocess.run(
            command, check=True, stdout=output, stderr=subprocess.DEVNULL, cwd=root, env={**os.environ, **QUIET, "PYTHONPATH": root}
        )


def table(lines: Iterable[str]) -> None:
    """False alarms, power and CPU time by peer, configuration, rows and regime."""
    clean: dict[tuple[str, ...], list[bool]] = defaultdict(list)
    power: dict[tuple[str, ...], dict[float, dict[str, list[bool]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    seconds: dict[tuple[str, ...], list[float]] = defaultdict(list)
    for line in lines:
        told = json.loads(line)
        case = (told["peer"], told["configuration"], f"{told['rows']:,}", told["regime"])
        seconds[case].append(told["seconds"])
        for shift, size, alarm in told["alarms"]:
            (power[case][size][shift] if shift else clean[case]).append(alarm)
    for case, alarms in clean.items():
        print(f"{' '.join(case)}: {sum(alarms)} of {len(alarms)} unchanged windows called changed, {np.mean(seconds[case]):.3f} CPU s each")
        for size, found in power[case].items():
            told = ", ".join(f"{shift} {np.mean(called):.2f}" for shift, called in found.items())
            print(f"    {size:.0%} shift, {len(next(iter(found.values())))} each: {told}")


def main() -> None:
    """Make environments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cpu-seconds", type=float, default=CPU_SECONDS, help="of each peer; 0: only print what is there")
    parser.add_argument("--peers", nargs="*", choices=PACKAGES, default=list(PACKAGES))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for peer in arguments.peers:
        results = arguments.folder / f"{peer}.jsonl"
        python = environment(arguments.folder, peer)
        if arguments.cpu_seconds:
            run(python, peer, results, arguments.cpu_seconds)
        table(results.read_text().splitlines())


if __name__ == "__main__":
    main()
