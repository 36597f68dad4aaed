"""The rule of facts: what is usual for a source stops nothing, what never happened there does, and a short past accuses nobody."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import bdtrc

from trend_assets.lib.quality.facts import Counted, Fault, Level, judge, likely_share, usual_share

KEY = ("check", "about")


def _alarms(newest, past):
    return judge({KEY: newest}, [{KEY: one} for one in past])


def test_rows_that_break_a_rule_alarm_where_the_source_never_had_them():
    clean = [Fault(0, 1000)] * 10
    [alarm] = _alarms(Fault(50, 1000), clean)
    assert alarm.check == "check"
    assert "50 of 1,000 (5.0%; usually 0.0%, at most 2.0%)" in alarm.message
    assert not _alarms(Fault(10, 1000), clean)


def test_what_a_source_always_has_is_usual_and_one_bad_day_does_not_excuse_the_next():
    assert not _alarms(Fault(310, 1000), [Fault(300, 1000)] * 10)
    assert _alarms(Fault(300, 1000), [*[Fault(0, 1000)] * 9, Fault(500, 1000)])
    assert usual_share([0.0, 0.0, 0.0, 0.1, 0.5]) == 0.1


def test_one_or_two_rows_are_dirt_however_few_rows_there_are():
    assert not _alarms(Fault(2, 5), [Fault(0, 5)] * 10)


def test_a_new_source_is_judged_by_what_cannot_be_and_by_nothing_that_had_to_be_learnt():
    assert not _alarms(Fault(100, 1000), [Fault(0, 1000)] * 2)
    assert _alarms(Fault(300, 1000), [])
    assert not _alarms(Fault(900, 1000, needs_past=True), [Fault(0, 1000)] * 4)
    assert not _alarms(Level(9.0, 0.1, 0.5), [Level(0.0, 0.1, 0.5)] * 4)


def test_of_few_rows_chance_breaks_more_than_a_normal_curve_says():
    past = [Fault(1, 28)] * 10
    assert not _alarms(Fault(6, 28), past), "of 28 rows that break it as often, six are reached on one of a few thousand days"
    assert _alarms(Fault(14, 28), past)
    assert likely_share(0.0, 28, 1e-4) == 0.0
    assert likely_share(0.2, 1_000_000, 1e-4) == pytest.approx(0.2 + 3.72 * 0.0004, abs=1e-4)


def test_the_share_that_chance_reaches_is_exact():
    for trials, share in ((8, 0.2), (28, 0.04), (600, 0.003)):
        least = likely_share(share, trials, 1e-4) * trials
        if least < trials:
            assert bdtrc(np.ceil(least) - 1, trials, share) <= 1e-4 < bdtrc(np.floor(least) - 1, trials, share)


def test_rows_that_are_refused_together_count_once():
    """Two of eight promoted products, each in nine places, are not in the catalogue of a new user's first day."""
    assert not _alarms(Fault(18, 72, together=9.0), [])
    assert _alarms(Fault(40, 72), [])
    assert _alarms(Fault(72, 72, together=9.0), []), "that all are refused is no chance"
    assert not _alarms(Fault(72, 72), [Fault(72, 72)] * 3), "and usual where it always was so"


def test_levels_that_wobble_raise_no_alarm_in_five_hundred_sources_and_a_tenfold_value_does():
    rng = np.random.default_rng(3)
    wobble = 0.2
    for days in (5, 28):
        false = found = 0
        for _ in range(250):
            past = [Level(float(value), 0.05, 0.5) for value in rng.normal(0, wobble, days)]
            false += bool(_alarms(Level(float(rng.normal(0, wobble)), 0.05, 0.5), past))
            found += bool(_alarms(Level(float(np.log(10) + rng.normal(0, wobble)), 0.05, 0.5), past))
        assert false == 0
        assert found >= (250 if days == 28 else 225)


def test_sampling_errors_of_few_rows_are_counted_once():
    """A shop of a dozen orders a day, among nine: its mean hour varies by half an hour of sampling; three hours are a shifted clock."""
    rng = np.random.default_rng(7)
    false = found = 0
    for _ in range(400):
        past = [{KEY: Level(float(value), 0.5, 1.4)} for value in rng.normal(0, 0.5, 28)]
        error = float(rng.normal(0, 0.5))
        false += bool(judge({KEY: Level(error, 0.5, 1.4)}, past, Counted(20, 1)))
        found += bool(judge({KEY: Level(error - 3.4, 0.5, 1.4)}, past, Counted(20, 1)))
    assert false == 0
    assert found >= 0.75 * 400, "counted twice it was a quarter of them"


def test_a_difference_that_does_not_matter_never_alarms_however_steady_the_past():
    assert not _alarms(Level(0.4, 0.001, 0.5), [Level(0.0, 0.001, 0.5)] * 28)


def test_facts_without_rows_and_without_past_say_nothing():
    assert not judge({}, [])
    assert not _alarms(Fault(0, 0), [])
