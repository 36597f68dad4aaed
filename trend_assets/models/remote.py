"""What runs in the container of a training job: ``python -m trend_assets.models.remote TASK``.

What belongs here: one training step over the lake and tracking store that the settings name. What doesn't: the step
(``training.py``), the job (``vertex.py``). No Dagster: the machine that waits has the run.
"""

from __future__ import annotations

import sys


def main(arguments: list[str]) -> int:
    """Train one task and print the version; 1 with the reason where it cannot be trained, 2 for anything but one known task."""
    from trend_assets.lake.lake import Lake
    from trend_assets.lib.learning.discovery import load_task
    from trend_assets.models.tracking import Tracking
    from trend_assets.models.training import train_candidate
    from trend_assets.models.training_set import NotReadyError
    from trend_assets.settings import load_settings

    if len(arguments) != 1:
        sys.stderr.write("usage: python -m trend_assets.models.remote TASK\n")
        return 2
    try:
        task = load_task(arguments[0])
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    settings = load_settings()
    try:
        version, new = train_candidate(
            task, arguments[0], Lake(settings.lake_root), Tracking(settings.tracking_database, settings.artifacts_root), settings
        )
    except NotReadyError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{arguments[0]}: version {version.number}, {'trained' if new else 'there already'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
