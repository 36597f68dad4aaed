"""The gate: each rule blocks by itself and says why."""

from __future__ import annotations

import pytest

from trend_assets.lib.learning.contract import Gate
from trend_assets.lib.learning.gate import judge

GOOD = {
    ("candidate", "all", "training_examples"): (300.0, 300),
    ("candidate", "all", "macro_f1"): (0.8, 120),
    ("candidate", "language:en", "macro_f1"): (0.82, 80),
    ("candidate", "language:fr", "macro_f1"): (0.7, 40),
    ("majority", "all", "macro_f1"): (0.2, 120),
    ("champion", "all", "macro_f1"): (0.81, 90),
    ("candidate", "all", "macro_f1_beside_champion"): (0.8, 90),
}


def _rows(changes: dict[tuple[str, str, str], tuple[float, int]]) -> list[dict[str, object]]:
    return [
        {"subject": subject, "slice": language, "metric": metric, "value": value, "examples": examples}
        for (subject, language, metric), (value, examples) in (GOOD | changes).items()
    ]


def test_a_good_candidate_passes_although_it_is_a_little_below_the_champion() -> None:
    verdict = judge(_rows({}), Gate())
    assert verdict.passed
    assert "macro F1 in fr 0.700" in str(verdict)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({("candidate", "all", "training_examples"): (20.0, 20)}, "20 training examples"),
        ({("candidate", "all", "macro_f1"): (0.8, 10)}, "10 evaluation examples"),
        ({("majority", "all", "macro_f1"): (0.75, 120)}, "majority 0.750"),
        ({("champion", "all", "macro_f1"): (0.9, 90)}, "champion's 0.900"),
        ({("candidate", "all", "macro_f1_beside_champion"): (0.7, 90)}, "macro F1 0.700, champion's 0.810"),
        ({("candidate", "all", "macro_f1_beside_champion"): (0.9, 12)}, "12 evaluation examples that the champion was not trained on"),
        ({("candidate", "language:fr", "macro_f1"): (0.3, 40)}, "macro F1 in fr 0.300"),
    ],
)
def test_each_rule_blocks_by_itself(change: dict[tuple[str, str, str], tuple[float, int]], reason: str) -> None:
    verdict = judge(_rows(change), Gate())
    assert not verdict.passed
    assert len(verdict.failed) == 1
    assert reason in str(verdict)


def test_a_language_of_few_examples_is_not_judged_by_itself() -> None:
    assert judge(_rows({("candidate", "language:fr", "macro_f1"): (0.1, 8)}), Gate()).passed


def test_where_nothing_was_evaluated_nothing_passes() -> None:
    verdict = judge([], Gate())
    assert not verdict.passed
    assert "nothing has been evaluated" in str(verdict)


def test_a_champion_that_the_code_cannot_run_is_not_compared_with_and_the_verdict_says_so() -> None:
    without = {row: value for row, value in GOOD.items() if row[0] != "champion" and row[2] != "macro_f1_beside_champion"}
    rows = [
        {"subject": subject, "slice": language, "metric": metric, "value": value, "examples": examples}
        for (subject, language, metric), (value, examples) in (without | {("champion", "all", "not_compared"): (1.0, 0)}).items()
    ]
    verdict = judge(rows, Gate())
    assert verdict.passed
    assert "not compared with the champion" in str(verdict)
