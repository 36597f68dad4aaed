"""The helpers of the tests: what must be there fails where it is absent, what may be absent skips."""

from __future__ import annotations

import pytest

from trend_assets_tests.support import skip_or_fail


def test_an_absent_tool_skips_unless_it_is_required(monkeypatch):
    monkeypatch.setenv("TREND_ASSETS_REQUIRE", "chromium, postgresql")
    with pytest.raises(pytest.fail.Exception, match="TREND_ASSETS_REQUIRE names postgresql: not installed"):
        skip_or_fail("postgresql", "not installed")
    with pytest.raises(pytest.skip.Exception, match="not installed"):
        skip_or_fail("fake-gcs-server", "not installed")
    monkeypatch.delenv("TREND_ASSETS_REQUIRE")
    with pytest.raises(pytest.skip.Exception):
        skip_or_fail("chromium", "not installed")
