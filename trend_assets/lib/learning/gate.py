"""Whether a candidate may become champion: one verdict for each kind of reason.

What belongs here: the rules, as sentences with figures. What doesn't: metrics (``metrics.py``), slices (``slices.py``), moving the
pointer (``trend_assets/models/promotion.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trend_assets.lib.learning.contract import Gate
from trend_assets.lib.learning.metrics import ALL, OTHER, Gain, Slice
from trend_assets.lib.learning.slices import shares_of_alarm

CANDIDATE, CHAMPION, MAJORITY, BASELINE = "candidate", "champion", "majority", "baseline"
TRAINING_EXAMPLES = "training_examples"
"""Name of the row that says how many examples the candidate was trained on."""
BESIDE_CHAMPION = "macro_f1_beside_champion"
"""Name of the row that holds the candidate's F1 on the examples that the champion was judged on: those it was not trained on."""
NOT_COMPARED = "not_compared"
"""Name of the row, a champion's, that says that there is one but that it could not be judged: today's code cannot run it, say."""
KINDS: Mapping[str, str] = {
    "gate": "Enough examples, better than the majority, a floor in each language.",
    "better": "Better than the champion beyond noise: paired bootstrap on the same examples. A first champion: no worse than the baseline.",
    "slices": "No worse on the slices that earn money: best-sold categories, languages, weekends, quiet hours, new terms.",
    "calibrated": "Probabilities mean what they say, within noise.",
    "fast": "Posts a second on one core.",
    "leaks": "Nothing in the examples gives away labels, the future or the evaluation.",
    "licences": "Only classes of terms that may train this model.",
    "card": "The model card is complete.",
    "chain": "What reads this model's output does not get worse.",
}
"""Kinds of verdicts, each a blocking check on the evaluation, and what is asked."""
ALARM_LEVEL = 0.1
"""Chance that one of the slices stops a candidate that is as good as the champion on all of them."""
UNLEARNT_SHARE = 0.05
"""Share of the evaluation examples from which a label that training lacks stops a candidate, which can never say it."""


@dataclass(frozen=True)
class Verdict:
    """Whether a kind of check is passed, and a sentence for each rule with what was found: those that failed, those that held."""

    kind: str
    failed: tuple[str, ...]
    held: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether no rule failed."""
        return not self.failed

    def __str__(self) -> str:
        return f"{self.kind} {'passed' if self.passed else 'not passed'}: {'; '.join(self.failed or self.held)}"


@dataclass(frozen=True)
class Evidence:
    """What was found of a candidate.

    gains: against the champion, by slice, on the examples it was not trained on; ``None``: there is no champion to compare with, and
    ``not_compared`` says why where one exists. is_champion: the candidate is the champion already. over_baseline: gain over the classical
    baseline. revenue: money behind slices, any unit. downstream: sentences of what would get worse, and of what would not.
    languages, champion_languages: training and evaluation examples of each language, of the candidate and of the champion when it was
    trained. unlearnt: evaluation examples of each label that no training example has.
    """

    training_examples: int
    candidate: Sequence[Slice]
    majority_f1: float
    over_baseline: Gain | None = None
    gains: Mapping[str, tuple[Gain, int]] | None = None
    is_champion: bool = False
    not_compared: str = ""
    revenue: Mapping[str, float] = field(default_factory=dict)
    calibration_interval: tuple[float, float] = (0.0, 0.0)
    calibration_noise: float = 0.0
    posts_per_second: float = 0.0
    posts_per_second_wanted: float = 0.0
    leaks: Sequence[str] = ()
    licences: Mapping[str, int] = field(default_factory=dict)
    licences_allowed: Sequence[str] = ()
    card_faults: Sequence[str] = ()
    downstream: tuple[Sequence[str], Sequence[str]] = ((), ())
    languages: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    champion_languages: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    unlearnt: Mapping[str, int] = field(default_factory=dict)


def judge(found: Evidence, gate: Gate) -> list[Verdict]:
    """A verdict of each of ``KINDS``, in their order."""
    overall = next((part for part in found.candidate if part.name == ALL), None)
    rules = {
        "gate": _enough(found, overall, gate),
        "better": _better(found, gate),
        "slices": _no_worse_slices(found, gate),
        "calibrated": [_calibrated(found, overall, gate)],
        "fast": [_fast(found)],
        "leaks": [(False, leak) for leak in found.leaks] or [(True, "none of the known families of leaks is found")],
        "licences": _licences(found),
        "card": [(False, fault) for fault in found.card_faults] or [(True, "every section is filled in")],
        "chain": [*((False, one) for one in found.downstream[0]), *((True, one) for one in found.downstream[1])]
        or [(True, "no model reads this one's output")],
    }
    return [
        Verdict(kind, tuple(text for kept, text in rules[kind] if not kept), tuple(text for kept, text in rules[kind] if kept))
        for kind in KINDS
    ]


Rule = tuple[bool, str]


def _enough(found: Evidence, overall: Slice | None, gate: Gate) -> list[Rule]:
    examples, score = (overall.examples, overall.values["macro_f1"]) if overall else (0, 0.0)
    trained = found.training_examples
    rules = [
        (trained >= gate.minimum_training, f"{trained} training examples, at least {gate.minimum_training} wanted"),
        (examples >= gate.minimum_examples, f"{examples} evaluation examples, at least {gate.minimum_examples} wanted"),
        (
            score >= found.majority_f1 + gate.over_majority,
            f"macro F1 {score:.3f}, majority {found.majority_f1:.3f} + {gate.over_majority:g} wanted",
        ),
    ]
    for label, missed in found.unlearnt.items():
        told = f"{missed} evaluation examples are {label!r}, which no training example is"
        rules.append((missed < UNLEARNT_SHARE * examples, f"{told}; label older ones where they are {UNLEARNT_SHARE:.0%} or more"))
    for part in found.candidate:
        language = part.name.removeprefix("language:")
        if language != part.name and part.name != OTHER and part.examples >= gate.language_examples:
            value = part.values["macro_f1"]
            wanted = f"at least {gate.language_floor:g} wanted ({part.examples} examples)"
            rules.append((value >= gate.language_floor, f"macro F1 in {language} {value:.3f}, {wanted}"))
    return rules


def _better(found: Evidence, gate: Gate) -> list[Rule]:
    if found.is_champion:
        return [(True, "it is the champion already")]
    if found.gains is None:
        rules = [(True, f"not compared with the champion: {found.not_compared}")] if found.not_compared else []
        if found.over_baseline is not None:
            over = found.over_baseline
            told = f"macro F1 {_signed(over.value)} against the classical baseline ({_signed(over.low)} to {_signed(over.high)})"
            rules.append((over.high >= 0.0, f"{told}, no loss beyond noise wanted"))
        return rules or [(True, "there is no champion to compare with")]
    if ALL not in found.gains or found.gains[ALL][1] < gate.minimum_examples:
        unseen = found.gains[ALL][1] if ALL in found.gains else 0
        wanted = f"at least {gate.minimum_examples} wanted: label newer posts"
        return [(False, f"{unseen} evaluation examples that the champion was not trained on, {wanted}")]
    overall, unseen = found.gains[ALL]
    told = f"macro F1 {_signed(overall.value)} against the champion ({_signed(overall.low)} to {_signed(overall.high)}, {unseen} examples)"
    if gate.replace_when == "not worse":
        return [(overall.value >= -gate.below_champion, f"{told}, at least -{gate.below_champion:g} wanted")]
    return [(overall.low > 0.0, f"{told}, a gain beyond noise wanted")]


def _no_worse_slices(found: Evidence, gate: Gate) -> list[Rule]:
    if found.is_champion:
        return [(True, "it is the champion already")]
    lost = _lost_languages(found, gate)
    if found.gains is None:
        return lost or [(True, "there is no champion that slices could be compared with")]
    large = {name: one for name, one in found.gains.items() if name != ALL and one[1] >= gate.slice_examples}
    rules = list(lost)
    for name, share in shares_of_alarm(list(large), found.revenue).items():
        change, examples = large[name]
        level = ALARM_LEVEL * share
        money = f"{share:.0%} of the weight" + (", by revenue" if found.revenue.get(name) else "")
        told = (
            f"{name}: macro F1 {_signed(change.value)} ({examples} examples, {money}); chance of no loss {change.chance_of_no_loss():.3f}"
        )
        rules.append((change.chance_of_no_loss() >= level, f"{told}, at least {level:.3f} wanted"))
    small = sorted(name for name, one in found.gains.items() if name != ALL and one[1] < gate.slice_examples)
    if small:
        rules.append((True, f"too few examples to compare ({gate.slice_examples} wanted): {', '.join(small)}"))
    return rules or [(True, f"no slice has {gate.slice_examples} examples")]


def _lost_languages(found: Evidence, gate: Gate) -> list[Rule]:
    """A language that the champion was taught and judged in: without examples nothing is measured, and a loss would not be seen."""
    rules = []
    for language, (taught, judged) in sorted(found.champion_languages.items()):
        training, evaluation = found.languages.get(language, (0, 0))
        wanted = f"label posts in {language}, or promote by hand with a reason"
        if taught >= gate.language_examples and not training:
            rules.append((False, f"language:{language}: the champion had {taught} training examples in it, this one none; {wanted}"))
        elif judged >= gate.language_examples > evaluation:
            told = f"the champion had {judged} evaluation examples in it, this one {evaluation}, at least {gate.language_examples} wanted"
            rules.append((False, f"language:{language}: {told}; {wanted}"))
    return rules


def _calibrated(found: Evidence, overall: Slice | None, gate: Gate) -> Rule:
    if overall is None:
        return False, "nothing was evaluated"
    error, (low, high) = overall.values["calibration_error"], found.calibration_interval
    bound = max(gate.calibration, found.calibration_noise)
    noise = f"a calibrated model shows up to {found.calibration_noise:.3f} on these examples"
    return low <= bound, f"calibration error {error:.3f} ({low:.3f} to {high:.3f}), not above {bound:.3f} beyond noise wanted; {noise}"


def _fast(found: Evidence) -> Rule:
    if not found.posts_per_second_wanted:
        return True, f"{found.posts_per_second:,.0f} a second on one core; the task asks for no speed"
    kept = found.posts_per_second >= found.posts_per_second_wanted
    return kept, f"{found.posts_per_second:,.0f} posts a second on one core, at least {found.posts_per_second_wanted:,.0f} wanted"


def _licences(found: Evidence) -> list[Rule]:
    wrong = {name: rows for name, rows in found.licences.items() if name not in found.licences_allowed}
    held = ", ".join(f"{name} {rows}" for name, rows in sorted(found.licences.items()))
    return [(False, f"{rows} examples under {name!r}, which may not train this model") for name, rows in wrong.items()] or [(True, held)]


def _signed(value: float) -> str:
    return f"{value:+.3f}"
