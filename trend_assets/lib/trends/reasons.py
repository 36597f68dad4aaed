"""The words that say why a trend is ranked where it is.

What belongs here: sentences from numbers. What doesn't: the numbers.
"""

from __future__ import annotations

from typing import NamedTuple

from trend_assets.lib.trends.history import Floats, Integers

_ENOUGH_FOR_A_SHARE = 5


class Evidence(NamedTuple):
    """Arrays (n,) behind the reasons: the hour, the most telling window, growth over 6 hours, posts of the hour's top author."""

    posts: Integers
    authors: Integers
    expected: Floats
    z: Floats
    window_hours: Integers
    window_posts: Integers
    window_expected: Floats
    window_z: Floats
    growth: Floats
    top_author_posts: Integers
    originality: Floats
    words: list[str | None]
    """The new word that told most of a topic, None where its own counts did; the window's figures are then of that word."""


def trend_reason(evidence: Evidence, place: int, why_not: str) -> str:
    """One sentence on the topic at ``place``; it starts with why it is suppressed, where it is."""
    posts, hours = int(evidence.posts[place]), int(evidence.window_hours[place])
    hour = f"{_count(posts, 'post')} by {_count(int(evidence.authors[place]), 'author')} in the hour"
    if hours == 1:
        clauses = [f"{hour}, {evidence.expected[place]:.1f} expected (z {evidence.z[place]:.1f})"]
    else:
        window = f"{_count(int(evidence.window_posts[place]), 'post')} in the last {hours} hours"
        word = evidence.words[place]
        about = f"by the usual share of '{word}'" if word else "expected"
        clauses = [f"{window}, {evidence.window_expected[place]:.1f} {about} (z {evidence.window_z[place]:.1f})", hour]
    clauses.append(_growth(float(evidence.growth[place])))
    if posts >= _ENOUGH_FOR_A_SHARE:
        share = 100.0 * float(evidence.top_author_posts[place]) / posts
        clauses.append(f"one author wrote {share:.0f} %" if share > 50 else f"no single author above {share:.0f} %")
    if evidence.originality[place] < 0.8:
        clauses.append(f"{100 * (1 - evidence.originality[place]):.0f} % are copies")
    sentence = "; ".join(clauses)
    return f"Suppressed, {why_not}: {sentence}" if why_not else sentence[0].upper() + sentence[1:]


def _growth(ratio: float) -> str:
    if 1.8 <= ratio < 2.5:
        return "doubled in 6 hours"
    if ratio >= 1.25:
        return f"{ratio:.1f} times the 6 hours before"
    if ratio <= 0.8:
        return f"down to {100 * ratio:.0f} % of the 6 hours before"
    return "level over 6 hours"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
