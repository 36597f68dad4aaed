"""How long a rollback takes: from the command's call until serving reads the former bundle again.

    python -m benchmarks.rollback [--megabytes 60] [--runs 9]

What belongs here: timing over a bundle as large as a stored model may be, in a folder of its own. What doesn't: the rollback
(``trend_assets/models/promotion.py``). The registry is a real SQLite one; Python is running.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from trend_assets.lib.learning.store import model_to_files
from trend_assets.models.bundles import FEATURES, THRESHOLDS, Bundles
from trend_assets.models.promotion import promote_by_hand, roll_back
from trend_assets.models.tracking import MODEL_FOLDER, Tracking
from trend_assets.settings import Settings


def main() -> None:
    """Print the median and the slowest rollback."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=60)
    parser.add_argument("--runs", type=int, default=9)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=str(Path(folder) / "data"))
        tracking = Tracking(settings.tracking_database, settings.artifacts_root)
        rng = np.random.default_rng(1)
        for number in range(2):
            files = model_to_files({"weights": rng.random(arguments.megabytes * 2**20 // 8), "number": number})
            files |= {FEATURES: b"{}", THRESHOLDS: b"{}"}
            run = tracking.start_run("sized", {}, {f"{MODEL_FOLDER}/{path}": data for path, data in files.items()}, {})
            tracking.register("sized", run, {})
        swapped, whole = [], []
        for _ in range(arguments.runs):
            promote_by_hand("sized", 1, tracking, settings, "benchmark", datetime.now(UTC))
            promote_by_hand("sized", 2, tracking, settings, "benchmark", datetime.now(UTC))
            started = time.monotonic()
            swapped.append(roll_back("sized", tracking, settings)[2])
            pointer = Bundles(settings).pointer("sized")
            assert pointer is not None
            Bundles(settings).read("sized", pointer.bundle)
            whole.append(time.monotonic() - started)
    size = arguments.megabytes
    print(f"{size} MiB bundle, {arguments.runs} rollbacks")
    for name, seconds in (("until the pointer is swapped", swapped), ("with aliases, and the bundle read again", whole)):
        print(f"  {name}: median {statistics.median(seconds):.2f} s, slowest {max(seconds):.2f} s")


if __name__ == "__main__":
    main()
