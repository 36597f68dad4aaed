"""Facts about a partition, judged against the table's own past: what broke, how often, and is that unusual here?

What belongs here: the two kinds of facts and the one rule that turns them into alarms. What doesn't: which facts a table has
(``retail_facts.py``, ``post_facts.py``), drift over many windows (``drift.py``), what Dagster is told (``defs/*/checks.py``).

A *fault* counts rows that break what holds by nature (received before ordered, stock that does not add up). Real sources have a
few always, so the usual share of this source is subtracted: the largest of its past days, the single worst one left out. What
chance adds to that share is told by the binomial distribution, exactly: few rows vary more than a normal curve says. All faults of a
partition share one alarm level. Rows that come and go together (a promoted product in each of its places) count as one. A
*level* is a figure that varies by itself (mean quantity, hour of the day). It is compared with the median of the past by Student's
t, whose spread beyond the days' own sampling errors (random effects: DerSimonian and Laird, 1986) is shrunk towards a quarter of the
difference that would matter to anyone: with five days of past the prior does half of the work, with four weeks the past itself. All
levels of a partition share one alarm level too (Šidák, JASA 1967), and a
difference below ``margin`` never alarms, however significant: weekends, promotions and trends are no defects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

ALARM_LEVEL = 1e-4
"""Chance of an alarm from all levels of a partition, and from all of its faults, when nothing has changed: they stop what comes after."""
LEAST_PAST = 5
"""Past partitions from which on the past says what is usual."""
LEAST_BROKEN = 3
"""Rows that must break a rule: one or two are the dirt of every source."""
WITHOUT_PAST = 0.2
"""Share of rows that may break a rule where there is too little past to know the usual share."""
_PRIOR_PARTITIONS = 4.0
_OUTLIER = 9.0


@dataclass(frozen=True)
class Fault:
    """``broken`` of ``of`` rows break a rule; ``tolerance`` is the share, beyond the usual one, that stops nothing.

    ``needs_past``: the rule itself was learnt from the past, so without enough of it there is none. ``warns``: what happened has a
    sound explanation as well, so that a person should look and nothing stops. ``together``: mean number of rows that break the rule
    for one and the same reason; a rule is tried ``of / together`` times.
    """

    broken: int
    of: int
    tolerance: float = 0.02
    needs_past: bool = False
    example: str = ""
    warns: bool = False
    together: float = 1.0

    @property
    def share(self) -> float:
        """Share of broken rows, 0 where there are none to break."""
        return self.broken / self.of if self.of else 0.0


@dataclass(frozen=True)
class Level:
    """A figure (on a scale where differences matter, such as a log), its sampling error, and the least difference that matters.

    ``warns``: as in ``Fault``.
    """

    value: float
    error: float
    margin: float
    shown: str = ""
    warns: bool = False


Facts = Mapping[tuple[str, str], Fault | Level]
"""Facts of one partition by check and by what they are about (a column, a place, a rule)."""


@dataclass(frozen=True)
class Counted:
    """How many levels and faults share an alarm level."""

    levels: int
    faults: int


@dataclass(frozen=True)
class Alarm:
    """A check that a partition fails, what about, and one sentence. ``warns``: a person should look, nothing need stop."""

    check: str
    about: str
    message: str
    share: float = 0.0
    warns: bool = False

    def __str__(self) -> str:
        return f"{self.check}: {self.message}"


def judge(newest: Facts, past: Sequence[Facts], counted: Counted | None = None, alarm_level: float = ALARM_LEVEL) -> list[Alarm]:
    """Alarms of the newest partition given the past ones (any order), the largest share of broken rows first.

    ``counted``: how many facts share the alarm level, where ``newest`` holds a part of the partition's facts only.
    """
    alarms = []
    counted = counted or count_facts([newest])
    for (check, about), fact in newest.items():
        before = [facts[check, about] for facts in past if (check, about) in facts]
        if isinstance(fact, Level):
            message = _level(about, fact, [one for one in before if isinstance(one, Level)], alarm_level, counted.levels)
        else:
            message = _fault(about, fact, [one for one in before if isinstance(one, Fault) and one.of], alarm_level / counted.faults)
        if message:
            alarms.append(Alarm(check, about, message, fact.share if isinstance(fact, Fault) else 0.0, fact.warns))
    return sorted(alarms, key=lambda alarm: (-alarm.share, alarm.check, alarm.about))


def count_facts(parts: Iterable[Facts]) -> Counted:
    """How many levels and faults the parts of a partition's facts hold together."""
    of_levels = [isinstance(fact, Level) for facts in parts for fact in facts.values()]
    return Counted(sum(of_levels), len(of_levels) - sum(of_levels))


def _fault(about: str, fact: Fault, before: Sequence[Fault], chance: float) -> str:
    """What is wrong in words, or nothing. ``chance``: probability of an alarm where rows break the rule as often as they may."""
    if fact.broken < min(LEAST_BROKEN, fact.of):
        return ""
    usual = usual_share([one.share for one in before])
    if len(before) < LEAST_PAST:
        if fact.needs_past:
            return ""
        allowed = max(WITHOUT_PAST, usual + fact.tolerance)
        if fact.broken < fact.of:  # that all rows break a rule is no chance, however few they are
            allowed = likely_share(allowed, fact.of / fact.together, chance)
    else:
        allowed = fact.tolerance + likely_share(usual, fact.of / fact.together, chance)
    if fact.share <= allowed:
        return ""
    example = f", for instance {fact.example}" if fact.example else ""
    known = f"usually {usual:.1%}, " if len(before) >= LEAST_PAST else ""
    return f"{about}: {fact.broken:,} of {fact.of:,} ({fact.share:.1%}; {known}at most {allowed:.1%}){example}"


def likely_share(share: float, trials: float, chance: float) -> float:
    """The share of ``trials`` that a binomial count of mean ``share`` reaches with probability ``chance`` only; at most 1."""
    if not 0.0 < share < 1.0 or trials <= 0.0:
        return min(share, 1.0)
    from scipy.special import bdtrik  # scipy.stats would take two seconds to import

    return min((float(bdtrik(1.0 - chance, trials, share)) + 1.0) / trials, 1.0)


def usual_share(shares: Sequence[float]) -> float:
    """The largest of past shares, without the worst of at least ``LEAST_PAST``: one bad day must not excuse the next."""
    ordered = sorted(shares)
    return 0.0 if not ordered else ordered[-2] if len(ordered) >= LEAST_PAST else ordered[-1]


def _level(about: str, fact: Level, before: Sequence[Level], alarm_level: float, levels: int) -> str:
    if len(before) < LEAST_PAST:
        return ""
    values = np.array([one.value for one in before])
    centre = float(np.median(values))
    gap = fact.value - centre
    if abs(gap) <= fact.margin or values.min() <= fact.value <= values.max():
        return ""
    from scipy.special import stdtr  # scipy.stats would take two seconds to import

    squares = (values - centre) ** 2
    squares = np.minimum(squares, _OUTLIER * max(float(np.median(squares)), (fact.margin / 4.0) ** 2))
    freedom = _PRIOR_PARTITIONS + len(values) - 1
    errors = np.array([one.error for one in before]) ** 2
    prior = _PRIOR_PARTITIONS * (fact.margin / 4.0) ** 2
    whole, own = ((prior + max(float(total), 0.0)) / freedom for total in (squares.sum(), (squares - errors).sum()))
    # past days differ by their sampling errors too: counted twice they would hide defects of few rows. A day of more rows than usual
    # is not expected to be nearer than days ever were: how far they are apart by themselves is hardly known
    t = gap / np.sqrt(max(whole, own + fact.error**2) * (1.0 + 1.0 / len(values)))
    chance = float(-np.expm1(levels * np.log1p(-min(2.0 * float(stdtr(freedom, -abs(t))), 1.0 - 1e-16))))
    if chance >= alarm_level:
        return ""
    usual = before[int(np.argmin(np.abs(values - centre)))].shown or f"{centre:.3g}"
    return f"{about}: {fact.shown or format(fact.value, '.3g')}, usually {usual}"
