"""What the calendar does to sales: weekdays, seasons of the year, public holidays, sales days.

What belongs here: factors by day. What doesn't: trends, promotions and prices (``demand_model.py``). Dates are the retailer's
local days. Countries beyond the four of the town have no holidays here.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import numpy as np

STORE_WEEK = np.array([0.75, 0.8, 0.9, 0.95, 1.15, 1.6, 0.85])
WEB_WEEK = np.array([1.05, 0.95, 0.95, 0.95, 0.9, 1.0, 1.2])
_CLOSED, _QUIET, _REOPENING = 0.0, 0.55, 1.25
_FIXED: dict[str, dict[tuple[int, int], float]] = {
    "FR": {(1, 1): _CLOSED, (5, 1): _CLOSED, (5, 8): _QUIET, (7, 14): _QUIET, (8, 15): _QUIET, (11, 1): _QUIET, (11, 11): _QUIET,
           (12, 25): _CLOSED},
    "GB": {(1, 1): _QUIET, (12, 25): _CLOSED, (12, 26): _REOPENING},
    "IE": {(1, 1): _CLOSED, (3, 17): _QUIET, (12, 25): _CLOSED, (12, 26): _QUIET},
    "BE": {(1, 1): _CLOSED, (5, 1): _CLOSED, (7, 21): _QUIET, (8, 15): _QUIET, (11, 1): _QUIET, (11, 11): _CLOSED, (12, 25): _CLOSED},
    "LU": {(1, 1): _CLOSED, (5, 1): _CLOSED, (6, 23): _CLOSED, (8, 15): _QUIET, (11, 1): _QUIET, (12, 25): _CLOSED, (12, 26): _CLOSED},
}  # fmt: skip


def easter_sunday(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the algorithm of Meeus, Jones and Butcher)."""
    golden, century, rest = year % 19, year // 100, year % 100
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    shift = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=64)
def black_friday(year: int) -> date:
    """The day after the fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 22)


def is_sales_day(day: date) -> bool:
    """Black Friday, the weekend after it and the Monday that ends it."""
    return 0 <= (day - black_friday(day.year)).days <= 3


@lru_cache(maxsize=4096)
def holiday_factor(day: date, country: str) -> float:
    """Share of usual sales that stores of a country make because of a public holiday; 1 on other days."""
    fixed = _FIXED.get(country, {}).get((day.month, day.day))
    if fixed is not None:
        return fixed
    after_easter = (day - easter_sunday(day.year)).days
    if country in _FIXED and after_easter == 1:
        return _QUIET
    if (country in ("FR", "BE", "LU") and after_easter in (39, 50)) or (country in ("GB", "IE") and after_easter == -2):
        return _QUIET
    if (
        country == "GB"
        and day.weekday() == 0
        and ((day.month == 5 and (day.day <= 7 or day.day >= 25)) or (day.month == 8 and day.day >= 25))
    ):
        return _QUIET
    return 1.0


def place_factors(day: date, countries: list[str], web: int) -> np.ndarray:
    """Factor of each place on the day: its weekday, its holidays and the sales days; shape (places,). The web never closes."""
    usual = np.array([STORE_WEEK[day.weekday()] * holiday_factor(day, country) for country in countries])
    usual[web] = WEB_WEEK[day.weekday()] * (0.75 if (day.month, day.day) == (12, 25) else 1.0)
    if is_sales_day(day):
        usual *= 1.35
        usual[web] *= 1.5
    return usual


_AMPLITUDE = {"-": 0.0, "s": 0.55, "w": 0.6, "x": 0.1}
_WARMEST = 196  # day of the year around which summer goods sell best
_CHRISTMAS_LIFT = {"-": 0.45, "s": 0.1, "w": 0.7, "x": 2.6}


@lru_cache(maxsize=4096)
def season_factor(day: date, season: str) -> float:
    """Factor of goods of a season (``s`` summer, ``w`` winter, ``x`` gifts, ``-`` all year) on the day, near 1 over the year."""
    of_year = day.timetuple().tm_yday
    swing = np.cos(2 * np.pi * (of_year - _WARMEST) / 365.25) * (1 if season == "s" else -1)
    christmas = np.exp(-0.5 * ((of_year - 349) / 11.0) ** 2) if of_year <= 358 else 0.35 * np.exp(-(of_year - 358) / 4.0)
    return float(
        max(1.0 + _AMPLITUDE[season] * swing, 0.15) * (1.0 + _CHRISTMAS_LIFT[season] * christmas) / (1 + 0.08 * _CHRISTMAS_LIFT[season])
    )
