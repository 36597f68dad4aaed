"""What several tests need: the place of real data that is never committed, tools that may be absent.

What belongs here: helpers without a test of their own. What doesn't: fixtures (``conftest.py``).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def shared_data(name: str) -> Path:
    """Path of a file of real data; skips the test with a reason where it is absent (it may not be published)."""
    path = SHARED_DATA / name
    if not path.exists():
        pytest.skip(f"real data file {name} is not on this machine; it may not be published with the project")
    return path


def skip_or_fail(tool: str, reason: str) -> NoReturn:
    """Skip the test as ``tool`` is absent; fail it where TREND_ASSETS_REQUIRE (tools, separated by commas) says that it must be there.

    A machine that is meant to run every test would else pass with the tests of a browser or a server left out.
    """
    if tool in [name.strip() for name in os.environ.get("TREND_ASSETS_REQUIRE", "").split(",")]:
        pytest.fail(f"TREND_ASSETS_REQUIRE names {tool}: {reason}")
    pytest.skip(reason)
