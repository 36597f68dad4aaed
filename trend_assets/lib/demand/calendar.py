"""Public holidays of a few countries, computed: days on which people buy otherwise than the weekday says, known long before.

What belongs here: rules of dates. What doesn't: what a holiday does to sales (learned in ``features.py``). Countries that are not
listed have none, and nothing else of a forecast changes. One-off holidays are not in the rules: a retailer gives them as dates.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

MONDAY, THURSDAY = 0, 3
_FRANCE = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
_AFTER_EASTER = {"FR": (1, 39, 50), "GB": (-2, 1)}
_NAMES = {"FRANCE": "FR", "UNITED KINGDOM": "GB", "UK": "GB"}


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the algorithm of Meeus, Jones and Butcher; Meeus, *Astronomical Algorithms*, 1991)."""
    golden, century, rest = year % 19, year // 100, year % 100
    leap, unleap = divmod(century, 4)
    epact = (19 * golden + century - leap - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * unleap + 2 * (rest // 4) - epact - rest % 4) % 7
    correction = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * correction + 114, 31)
    return date(year, month, day + 1)


def public_holidays(country: str, years: Iterable[int]) -> frozenset[date]:
    """Public holidays of a country (ISO 3166 code or English name): France, and England with its substitute days; else none."""
    code = _NAMES.get(country.strip().upper(), country.strip().upper())
    found: set[date] = set()
    for year in years:
        found |= {easter(year) + timedelta(days=days) for days in _AFTER_EASTER.get(code, ())}
        if code == "FR":
            found |= {date(year, month, day) for month, day in _FRANCE}
        if code == "GB":
            found |= {_first(year, 5, MONDAY), _last(year, 5, MONDAY), _last(year, 8, MONDAY)}
            for fixed in (date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)):
                found.add(_on_a_working_day(fixed, found))
    return frozenset(found)


def _first(year: int, month: int, weekday: int) -> date:
    start = date(year, month, 1)
    return start + timedelta(days=(weekday - start.weekday()) % 7)


def _last(year: int, month: int, weekday: int) -> date:
    end = date(year, month, 31)
    return end - timedelta(days=(end.weekday() - weekday) % 7)


def _on_a_working_day(day: date, taken: set[date]) -> date:
    while day.weekday() > 4 or day in taken:
        day += timedelta(days=1)
    return day
