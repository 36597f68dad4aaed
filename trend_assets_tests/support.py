"""What several tests need: the place of real data that is never committed.

What belongs here: helpers without a test of their own. What doesn't: fixtures (``conftest.py``).
"""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def shared_data(name: str) -> Path:
    """Path of a file of real data; skips the test with a reason where it is absent (it may not be published)."""
    path = SHARED_DATA / name
    if not path.exists():
        pytest.skip(f"real data file {name} is not on this machine; it may not be published with the project")
    return path
