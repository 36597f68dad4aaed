"""The gate: each rule blocks by itself and says why; a better average does not excuse a worse slice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trend_assets.lib.learning.contract import Gate
from trend_assets.lib.learning.gate import KINDS, Evidence, judge
from trend_assets.lib.learning.metrics import Gain, Slice, gain
from trend_assets.lib.learning.slices import shares_of_alarm


def _slice(name: str, score: float, examples: int, error: float = 0.05) -> Slice:
    return Slice(name, examples, {"macro_f1": score, "calibration_error": error})


def _gain(value: float, spread: float = 0.01) -> Gain:
    draws = np.sort(np.random.default_rng(1).normal(value, spread, 2_000))
    return Gain(value, float(np.quantile(draws, 0.05)), float(np.quantile(draws, 0.95)), draws)


GOOD = Evidence(
    training_examples=300,
    candidate=(_slice("all", 0.8, 120), _slice("language:en", 0.82, 80), _slice("language:fr", 0.7, 40)),
    majority_f1=0.2,
    over_baseline=_gain(0.05),
    gains={"all": (_gain(0.05), 90), "language:fr": (_gain(0.02), 35), "weekend": (_gain(0.03), 40)},
    calibration_interval=(0.02, 0.08),
    calibration_noise=0.06,
    posts_per_second=9_000.0,
    posts_per_second_wanted=2_000.0,
    licences={"open": 300},
    licences_allowed=("open", "own"),
)


def test_a_good_candidate_passes_every_kind_with_readable_verdicts() -> None:
    verdicts = judge(GOOD, Gate())
    assert [one.kind for one in verdicts] == list(KINDS)
    assert all(one.passed and one.held for one in verdicts)
    assert "macro F1 in fr 0.700" in str(verdicts[0])


@pytest.mark.parametrize(
    ("change", "kind", "reason"),
    [
        ({"training_examples": 20}, "gate", "20 training examples"),
        ({"candidate": (_slice("all", 0.8, 10),)}, "gate", "10 evaluation examples"),
        ({"majority_f1": 0.75}, "gate", "majority 0.750"),
        ({"candidate": (_slice("all", 0.8, 120), _slice("language:fr", 0.3, 40))}, "gate", "macro F1 in fr 0.300"),
        ({"candidate": ()}, "calibrated", "nothing was evaluated"),
        ({"unlearnt": {"sour": 6}}, "gate", "6 evaluation examples are 'sour', which no training example is"),
        ({"champion_languages": {"fr": (80, 40)}, "languages": {"fr": (0, 40)}}, "slices", "language:fr: the champion had 80 training"),
        ({"champion_languages": {"fr": (80, 40)}, "languages": {"fr": (5, 3)}}, "slices", "had 40 evaluation examples in it, this one 3"),
        ({"champion_languages": {"fr": (80, 40)}, "gains": None}, "slices", "language:fr: the champion had 80 training"),
        ({"gains": {"all": (_gain(0.005), 90)}}, "better", "macro F1 +0.005 against the champion"),
        ({"gains": {"all": (_gain(0.2), 12)}}, "better", "12 evaluation examples that the champion was not trained on"),
        ({"gains": None, "over_baseline": _gain(-0.1)}, "better", "macro F1 -0.100 against the classical baseline"),
        ({"gains": GOOD.gains | {"weekend": (_gain(-0.1), 40)}}, "slices", "weekend: macro F1 -0.100"),  # type: ignore[operator]
        ({"candidate": (_slice("all", 0.8, 120, error=0.3),), "calibration_interval": (0.2, 0.4)}, "calibrated", "calibration error 0.300"),
        ({"posts_per_second": 900.0}, "fast", "900 posts a second"),
        ({"leaks": ("future, clean_text: told",)}, "leaks", "future, clean_text"),
        ({"licences": {"open": 3, "x": 2}}, "licences", "2 examples under 'x'"),
        ({"card_faults": ("the section 'Limits' is empty",)}, "card", "'Limits' is empty"),
        ({"downstream": (("topic_hours moved",), ())}, "chain", "topic_hours moved"),
    ],
)
def test_each_rule_blocks_by_itself(change: dict[str, object], kind: str, reason: str) -> None:
    failed = [one for one in judge(replace(GOOD, **change), Gate()) if not one.passed]
    assert kind in [one.kind for one in failed]
    assert len(failed) == 1 or change == {"candidate": ()}
    assert reason in str(next(one for one in failed if one.kind == kind))


def test_equal_is_not_better_unless_the_task_says_that_newer_data_matter_more() -> None:
    equal = replace(GOOD, gains={"all": (_gain(0.0), 90)})
    assert not judge(equal, Gate())[1].passed
    assert judge(equal, Gate(replace_when="not worse"))[1].passed
    assert judge(replace(equal, is_champion=True), Gate())[1].passed


def test_a_champion_that_the_code_cannot_run_is_not_compared_with_and_the_verdict_says_so() -> None:
    verdict = judge(replace(GOOD, gains=None, not_compared="code"), Gate())[1]
    assert verdict.passed
    assert "not compared with the champion: code" in str(verdict)


def test_a_planted_candidate_that_is_better_on_average_and_worse_in_french_is_refused() -> None:
    rng = np.random.default_rng(7)
    truth = rng.integers(0, 3, 900)
    french = rng.random(900) < 0.2
    old = np.where(rng.random(900) < 0.7, truth, (truth + 1) % 3)
    new = np.where(rng.random(900) < np.where(french, 0.5, 0.95), truth, (truth + 1) % 3)
    parts = {"all": np.ones(900, dtype=bool), "language:fr": french, "language:en": ~french}
    gains = {name: (gain(truth[rows], new[rows], old[rows], 3), int(rows.sum())) for name, rows in parts.items()}
    verdicts = {one.kind: one for one in judge(replace(GOOD, gains=gains), Gate())}
    assert verdicts["better"].passed
    assert not verdicts["slices"].passed
    assert "language:fr" in verdicts["slices"].failed[0]


def test_what_earns_more_is_watched_more_closely() -> None:
    shares = shares_of_alarm(["category:shoes", "category:hats", "weekend"], {"category:shoes": 9.0, "category:hats": 1.0})
    assert shares["category:shoes"] > shares["weekend"] > shares["category:hats"]
    assert sum(shares.values()) == pytest.approx(1.0)
    doubtful = {"all": (_gain(0.05), 90), "category:shoes": (_gain(-0.015), 50), "category:hats": (_gain(-0.015), 50)}
    verdict = judge(replace(GOOD, gains=doubtful, revenue={"category:shoes": 99.0, "category:hats": 1.0}), Gate())[2]
    assert len(verdict.failed) == 1
    assert "category:shoes" in verdict.failed[0]


def test_equal_models_are_refused_for_a_slice_no_more_often_than_the_alarm_level() -> None:
    rng = np.random.default_rng(3)
    refused = 0
    for _ in range(60):
        truth = rng.integers(0, 3, 300)
        one, two = (np.where(rng.random(300) < 0.75, truth, (truth + 1) % 3) for _ in range(2))
        parts = {f"category:{number}": np.arange(300) % 5 == number for number in range(5)}
        gains = {"all": (gain(truth, one, two, 3), 300)} | {
            name: (gain(truth[rows], one[rows], two[rows], 3), 60) for name, rows in parts.items()
        }
        refused += not judge(replace(GOOD, gains=gains), Gate())[2].passed
    assert refused <= 14  # 10 % of 60 are 6; 14 would happen by chance twice in a thousand
