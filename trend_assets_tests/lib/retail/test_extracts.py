"""Which extract speaks for a day, and what the next one must read."""

from __future__ import annotations

from datetime import UTC, date, datetime

from trend_assets.lib.retail.extracts import (
    Extract,
    LandedPart,
    chain_of,
    closing_extract,
    days_to_read,
    end_of_day,
    extract_of_day,
    full_read_due,
    too_late_for,
)

ONE, TWO, THREE = date(2026, 9, 1), date(2026, 9, 2), date(2026, 9, 3)
PARIS = "Europe/Paris"


def extract(number: int, moment: str, full: bool = True, days: tuple[date, date] | None = None) -> Extract:
    first, last = days or (None, None)
    taken_at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    return Extract(number, taken_at, full, ("sku",), (LandedPart("a", 3),), None, "7", first, last)


EARLY = extract(1, "2026-09-01 21:59")  # 23:59 in Paris: the day has not ended
NIGHT = extract(2, "2026-09-01 22:00", full=False)
LATER = extract(3, "2026-09-02 22:30", full=False)


def test_a_day_is_spoken_for_by_the_first_extract_after_its_end_there() -> None:
    assert end_of_day(ONE, PARIS) == NIGHT.taken_at
    assert closing_extract([EARLY, NIGHT, LATER], ONE, PARIS) == NIGHT
    assert closing_extract([EARLY], ONE, PARIS) is None
    assert extract_of_day([EARLY, NIGHT], TWO, PARIS) == NIGHT  # still open: the newest
    assert days_to_read([EARLY, NIGHT, LATER], [ONE, TWO, THREE], PARIS) == [THREE]


def test_an_extract_of_some_days_speaks_for_no_other() -> None:
    of_two = extract(4, "2026-09-10 00:00", days=(TWO, TWO))
    assert days_to_read([of_two], [ONE, TWO], PARIS) == [ONE]
    assert extract_of_day([of_two], ONE, PARIS) is None


def test_changes_build_on_the_last_full_read() -> None:
    again = extract(4, "2026-09-03 22:30")
    assert chain_of([EARLY, NIGHT, LATER, again], LATER) == [EARLY, NIGHT, LATER]
    assert chain_of([EARLY, NIGHT, LATER, again], again) == [again]


def test_everything_is_read_at_first_for_a_new_column_and_as_often_as_declared() -> None:
    now = datetime(2026, 9, 3, 22, tzinfo=UTC)
    assert full_read_due([], ["sku"], None, now)
    assert not full_read_due([EARLY, NIGHT], ["sku"], None, now)
    assert full_read_due([EARLY, NIGHT], ["sku", "colour"], None, now)
    assert full_read_due([EARLY, NIGHT], ["sku"], 2, now)
    assert not full_read_due([EARLY, NIGHT], ["sku"], 3, now)


def test_a_state_read_long_after_a_day_does_not_tell_that_day() -> None:
    assert not too_late_for(LATER, ONE, PARIS, 25)
    assert too_late_for(LATER, ONE, PARIS, 24)


def test_a_manifest_gives_back_its_extract() -> None:
    written = extract(5, "2026-09-10 00:00", days=(ONE, TWO))
    assert Extract.from_json(written.to_json()) == written
    assert written.rows == 3
