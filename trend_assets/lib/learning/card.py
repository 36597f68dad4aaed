"""The model card: what a model is for, what it was made of, how good it is and where it is not.

What belongs here: its sections and their text, and what is missing. What doesn't: the figures (``metrics.py``), where it is kept.
After Mitchell et al., Model Cards for Model Reporting, FAT* 2019.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from trend_assets.lib.learning.metrics import Slice

SECTIONS = (
    "Intended use",
    "Owners",
    "Training data",
    "Licences",
    "Options",
    "Metrics by slice",
    "Calibration and thresholds",
    "Upstream models",
    "Limits",
    "Versions",
)
UNDETERMINED = "und"
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


def model_card(title: str, sections: Mapping[str, str]) -> str:
    """The card as Markdown; a section without text stays empty, and ``faults_of_card`` names it."""
    return "\n".join([f"# {title}", *(f"\n## {name}\n\n{sections.get(name, '').strip()}" for name in SECTIONS), ""])


def faults_of_card(card: str) -> list[str]:
    """Which sections are missing or empty."""
    parts = _HEADING.split(card)[1:]
    texts = dict(zip(parts[::2], parts[1::2], strict=True))
    return [f"the section {name!r} is {'empty' if name in texts else 'missing'}" for name in SECTIONS if not texts.get(name, "").strip()]


def limits(told: str, languages: Mapping[str, tuple[int, int]], least: int) -> str:
    """What the task says of its limits, and the languages that it was trained and judged on, most examples first.

    languages: training and evaluation examples of each. least: evaluation examples from which a language is judged by itself.
    """
    if not told or not set(languages) - {UNDETERMINED}:
        return told

    def listed(side: int, chosen: Mapping[str, tuple[int, int]], unit: str = "") -> str:
        order = sorted((name for name in chosen if chosen[name][side]), key=lambda name: (-chosen[name][side], name))
        return ", ".join(f"{name} ({chosen[name][side]}{'' if place else unit})" for place, name in enumerate(order))

    judged = {name: counts for name, counts in languages.items() if counts[1] >= least}
    few = listed(1, {name: counts for name, counts in languages.items() if name not in judged})
    parts = [f"trained on {listed(0, languages, ' examples') or 'none'}", f"judged on {listed(1, judged) or 'none'}"]
    spoken = "; ".join(parts) + (f", too few to judge by themselves: {few}" if few else "")
    return f"{told} Languages (ISO 639-1): {spoken}. No other language was tried."


def metrics_table(candidate: Sequence[Slice], others: Mapping[str, Mapping[str, float]]) -> str:
    """Macro F1 with its interval by slice, beside others' F1 by slice."""
    names = list(others)
    lines = [
        "| slice | examples | macro F1 | 90 % interval |" + "".join(f" {name} |" for name in names),
        "|---|---|---|---|" + "---|" * len(names),
    ]
    for part in candidate:
        values = part.values
        cells = [f"{others[name][part.name]:.3f}" if part.name in others[name] else "" for name in names]
        interval = f"{values['macro_f1_low']:.3f} to {values['macro_f1_high']:.3f}"
        lines.append(f"| {part.name} | {part.examples} | {values['macro_f1']:.3f} | {interval} |" + "".join(f" {cell} |" for cell in cells))
    return "\n".join(lines)
