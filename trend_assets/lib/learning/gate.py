"""Whether a candidate may become champion.

What belongs here: the rules, as sentences with figures. What doesn't: metrics (``metrics.py``), moving the alias
(``trend_assets/models/training.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trend_assets.lib.learning.contract import Gate
from trend_assets.lib.learning.metrics import ALL, OTHER

CANDIDATE, CHAMPION, MAJORITY, BASELINE = "candidate", "champion", "majority", "baseline"
TRAINING_EXAMPLES = "training_examples"
"""Name of the row that says how many examples the candidate was trained on."""
BESIDE_CHAMPION = "macro_f1_beside_champion"
"""Name of the row that holds the candidate's F1 on the examples that the champion was judged on: those it was not trained on."""
NOT_COMPARED = "not_compared"
"""Name of the row, a champion's, that says that there is one but that it could not be judged: today's code cannot run it, say."""


@dataclass(frozen=True)
class Verdict:
    """Whether the gate is passed, and a sentence for each rule with what was found; those that fail come first."""

    passed: bool
    failed: tuple[str, ...]
    held: tuple[str, ...]

    def __str__(self) -> str:
        if self.passed:
            return "gate passed: " + "; ".join(self.held)
        return "gate not passed: " + "; ".join(self.failed)


def judge(rows: Iterable[Mapping[str, Any]], gate: Gate) -> Verdict:
    """The verdict on the rows of an evaluation table: columns subject, slice, metric, value, examples.

    No rows: not passed, for nothing has been judged.
    """
    found = {(row["subject"], row["slice"], row["metric"]): (float(row["value"]), int(row["examples"])) for row in rows}
    if not found:
        return Verdict(False, ("nothing has been evaluated yet",), ())
    failed: list[str] = []
    held: list[str] = []

    def rule(kept: bool, sentence: str) -> None:
        (held if kept else failed).append(sentence)

    score, examples = found.get((CANDIDATE, ALL, "macro_f1"), (0.0, 0))
    trained = int(found.get((CANDIDATE, ALL, TRAINING_EXAMPLES), (0.0, 0))[0])
    rule(trained >= gate.minimum_training, f"{trained} training examples, at least {gate.minimum_training} wanted")
    rule(examples >= gate.minimum_examples, f"{examples} evaluation examples, at least {gate.minimum_examples} wanted")
    base = found.get((MAJORITY, ALL, "macro_f1"), (0.0, 0))[0]
    rule(score >= base + gate.over_majority, f"macro F1 {score:.3f}, majority {base:.3f} + {gate.over_majority:g} wanted")
    if (CHAMPION, ALL, NOT_COMPARED) in found:
        rule(True, "not compared with the champion: the evaluation's metadata say why")
    elif (CANDIDATE, ALL, BESIDE_CHAMPION) in found:
        beside, unseen = found[CANDIDATE, ALL, BESIDE_CHAMPION]
        present = found.get((CHAMPION, ALL, "macro_f1"), (0.0, 0))[0]
        if unseen < gate.minimum_examples:
            wanted = f"at least {gate.minimum_examples} wanted: label newer posts"
            rule(False, f"{unseen} evaluation examples that the champion was not trained on, {wanted}")
        else:
            rule(
                beside >= present - gate.below_champion, f"macro F1 {beside:.3f}, champion's {present:.3f} - {gate.below_champion:g} wanted"
            )
    for subject, part, metric in sorted(found):
        value, count = found[subject, part, metric]
        in_language = part.startswith("language:") and part != OTHER
        if (subject, metric) == (CANDIDATE, "macro_f1") and in_language and count >= gate.language_examples:
            rule(
                value >= gate.language_floor,
                f"macro F1 in {part.removeprefix('language:')} {value:.3f}, at least {gate.language_floor:g} wanted ({count} examples)",
            )
    return Verdict(not failed, tuple(failed), tuple(held))
