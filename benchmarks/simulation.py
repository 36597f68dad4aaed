"""How fast the simulated town is made: posts per second end to end, and seconds by stage.

Run: python -m benchmarks.simulation [posts] [days]. The target is 20,000 posts/s on two cores, files on disk included.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from trend_assets.simulate import simulate_town


def main() -> None:
    """Make one town in a temporary folder and print what it took."""
    posts = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    days = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    with tempfile.TemporaryDirectory() as folder:
        processor = time.process_time()
        summary = simulate_town(Path(folder), posts=posts, days=days)
        processor = time.process_time() - processor
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        again = time.perf_counter()
        simulate_town(Path(folder), posts=posts, days=days)
        again = time.perf_counter() - again
    print(summary)
    print(f"wall {summary.seconds:.2f} s, processor {processor:.2f} s: {summary.posts / processor:,.0f} posts per core-second")
    for stage, seconds in summary.stages.items():
        print(f"  {stage:20} {seconds:6.2f} s")
    print(f"{summary.landing_files} landing files, {size / 1e6:.1f} MB in all; a second run takes {again * 1000:.0f} ms")


if __name__ == "__main__":
    main()
