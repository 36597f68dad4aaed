"""The words that say why a trend is ranked where it is.

What belongs here: sentences from numbers. What doesn't: the numbers.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trend_assets.lib.trends.history import Floats, Integers
from trend_assets.lib.trends.stages import Course

_ENOUGH_FOR_A_SHARE = 5
COUNTED_IN_THE_HOUR = re.compile(r"\d+ posts? by \d+ authors? in the hour(?:, [\d.]+ expected \(z -?[\d.]+\))?")
"""The clause of a reason that tells the hour's own counts."""


class Evidence(NamedTuple):
    """Arrays (n,) behind the reasons: the hour, the most telling window, posts of the hour's top author, course and stage."""

    posts: Integers
    authors: Integers
    expected: Floats
    z: Floats
    window_hours: Integers
    window_posts: Integers
    window_expected: Floats
    window_z: Floats
    top_author_posts: Integers
    originality: Floats
    words: list[str | None]
    """The new word that told most of a topic, None where its own counts did; the window's figures are then of that word."""
    moved: Course
    stage: npt.NDArray[np.str_]
    seasons: list[str | None]
    """The trend of last year with the same words."""
    collected: float
    """Share of the hour that was collected."""
    window_collected: Floats
    """Share of the most telling window that was collected."""


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
    clauses.append(_growth(float(evidence.moved.growth[place])))
    clauses += _course(evidence, place)
    if posts >= _ENOUGH_FOR_A_SHARE:
        share = 100.0 * float(evidence.top_author_posts[place]) / posts
        clauses.append(f"one author wrote {share:.0f} %" if share > 50 else f"no single author above {share:.0f} %")
    if evidence.originality[place] < 0.8:
        clauses.append(f"{100 * (1 - evidence.originality[place]):.0f} % are copies")
    clauses += _collected(evidence.collected, float(evidence.window_collected[place]), hours)
    sentence = "; ".join(clauses)
    return f"Suppressed, {why_not}: {sentence}" if why_not else sentence[0].upper() + sentence[1:]


def _course(evidence: Evidence, place: int) -> list[str]:
    """What made it a fad or seasonal."""
    moved, stage = evidence.moved, str(evidence.stage[place])
    if stage == "fad":
        rise, fall = int(moved.rise_hours[place]), int(moved.fall_hours[place])
        return [f"rose from a quarter to its peak in {_count(rise, 'hour')} and fell under half of it {_count(fall, 'hour')} later"]
    if stage == "seasonal":
        last_year = evidence.seasons[place]
        if last_year is not None:
            return [f"in these days of last year {last_year}"]
        return [f"rose at this time of the week in {moved.recurred[place]} of {_count(int(moved.weeks[place]), 'earlier week')}"]
    return []


def _collected(of_hour: float, of_window: float, hours: int) -> list[str]:
    """What of the posts there are none of: nothing where all were collected."""
    if of_hour < 1.0:
        return [f"collected {_percent(of_hour)} of the hour"]
    return [f"collected {_percent(of_window)} of the last {hours} hours"] if of_window < 1.0 else []


def _percent(share: float) -> str:
    return f"{min(100 * share, 99):.0f} %"


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
