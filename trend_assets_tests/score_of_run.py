"""The ML Test Score of a run of the tests: from what passed in it, not from what is there.

What belongs here: hooks of pytest (``conftest.py`` takes them over). What doesn't: items and counting (``lib/learning/test_score.py``).
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from trend_assets.lib.learning.test_score import ITEMS, SECTIONS, TESTS, existing_tests, score, section_scores
from trend_assets.settings import PROJECT_ROOT

_outcomes: dict[str, set[str]] = {}


def name_of(node_id: str) -> str:
    """A node id without parameters and without the folder of the tests."""
    return node_id.partition("[")[0].removeprefix(f"{TESTS}/")


def passed(outcomes: dict[str, set[str]]) -> frozenset[str]:
    """Tests of which every report passed; one that was skipped, for one parameter or in its setup, did not."""
    return frozenset(name for name, found in outcomes.items() if found == {"passed"})


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note what became of a step of a test; with several workers the one that started them hears of all."""
    _outcomes.setdefault(name_of(report.nodeid), set()).add(report.outcome)


def lacking(ran: Iterable[str]) -> bool:
    """Whether the run was of a part of the tests only: then it has no score."""
    named = {test for item in ITEMS for test in item.tests} & existing_tests(PROJECT_ROOT / TESTS)
    return not named <= set(ran)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Say the score of a whole run; fail where less was earned than the page of the documentation claims."""
    if hasattr(session.config, "workerinput") or lacking(_outcomes):
        return
    earned, claimed = (section_scores(tests) for tests in (passed(_outcomes), existing_tests(PROJECT_ROOT / TESTS)))
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    told = ", ".join(f"{name} {earned[name]:.1f}" for name in SECTIONS)
    if terminal is not None:
        terminal.write_line(f"\nML Test Score {score(earned):.1f} of tests that passed in this run ({told}); claimed {score(claimed):.1f}")
    if any(earned[name] < claimed[name] for name in SECTIONS) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
