"""What is worth buying: break-outs in counts, the sampling plan, rules by useful posts per dollar."""

from __future__ import annotations

import itertools
import math
import random
from datetime import UTC, datetime, timedelta

import pytest

from trend_assets.collect.x.portfolio import Outcome, Stratum, break_out, breaks_out, portfolio, sampling_plan, useful_share

START = datetime(2026, 9, 10, tzinfo=UTC)


def week(seed: int, level: float = 20.0) -> list[int]:
    """A week of counts with a daily rhythm and more spread than Poisson's."""
    rng = random.Random(seed)
    return [max(0, int(rng.gauss(level * (1 + 0.7 * math.sin(hour / 24 * 2 * math.pi)), 0.3 * level))) for hour in range(168)]


def test_a_burst_breaks_out_at_any_hour_and_the_rhythm_of_the_day_does_not():
    found = [breaks_out([*week(seed)[: 168 - seed % 24], 150]) for seed in range(48)]
    false = [breaks_out(week(seed)[: 168 - seed % 24]) for seed in range(200)]
    assert all(found)
    assert sum(false) <= 2


def test_a_burst_of_the_days_before_does_not_hide_the_next():
    hours = week(3)
    hours[100:104] = [400, 500, 400, 300]
    assert breaks_out([*hours, 200])


@pytest.mark.parametrize("hours", [[], [5], [0] * 168, [7] * 168, [0] * 167 + [9], [10**9] * 168, [100] * 20])
def test_silence_evenness_and_too_short_a_past_do_not_break_out(hours):
    assert not breaks_out(hours)
    assert math.isfinite(break_out(hours)) if hours else True


@pytest.mark.parametrize("counts", [[20, 21, 300], [0, 0, 300], [5, 5, 5], [100_000, 200_000, 900_000], [10_000, 0, 11]])
@pytest.mark.parametrize("posts", [10, 60, 100, 999])
def test_a_plan_stays_within_its_posts_and_its_strata_and_never_overlaps(counts, posts):
    strata = [Stratum(START + timedelta(hours=hour), START + timedelta(hours=hour + 1), count) for hour, count in enumerate(counts)]
    plan = sampling_plan("bag", strata, posts, "seed")
    assert sum(draw.size for draw in plan) <= posts
    assert all(draw.size >= 10 for draw in plan)
    assert all(draw.stratum.start <= draw.start < draw.end <= draw.stratum.end for draw in plan)
    assert all(earlier.end <= later.start for earlier, later in itertools.pairwise(plan))
    assert plan == sampling_plan("bag", list(reversed(strata)), posts, "seed")
    if max(counts) >= 10:
        assert plan


def test_a_plan_spreads_over_the_hour_and_keeps_the_hours_before():
    strata = [
        Stratum(START + timedelta(hours=hour), START + timedelta(hours=hour + 1), count) for hour, count in enumerate((500, 600, 20_000))
    ]
    plan = sampling_plan("bag", strata, 300)
    assert {draw.stratum.posts for draw in plan} == {500, 600, 20_000}
    quarters = {draw.start.minute // 15 for draw in plan if draw.stratum.posts == 20_000}
    assert quarters == {0, 1, 2, 3}


@pytest.mark.parametrize("strata", [[], [Stratum(START, START + timedelta(hours=1), 0)]])
def test_nothing_counted_needs_no_plan(strata):
    assert sampling_plan("bag", strata, 100) == []


def test_rules_are_bought_by_useful_posts_per_dollar_within_the_budget():
    outcomes = [
        Outcome("precise", 1_000, 800, 5.0),
        Outcome("noisy", 10_000, 500, 50.0),
        Outcome("lucky", 2, 2, 0.01),
        Outcome("new", 0, 0, 0.0),
    ]
    volumes = {"precise": 500.0, "noisy": 5_000.0, "lucky": 10.0, "new": 50.0}
    held = {one.rule: one for one in portfolio(outcomes, volumes, 0.005, budget_a_day=4.0)}
    assert [rule for rule, one in held.items() if one.kept] == ["precise", "lucky", "new"]
    assert held["precise"].useful_per_dollar > held["lucky"].useful_per_dollar > held["noisy"].useful_per_dollar
    assert held["noisy"].why == "500 of 10,000 posts useful; over the budget"
    assert sum(one.cost_a_day for one in held.values() if one.kept) <= 4.0
    assert all(one.kept for one in portfolio(outcomes, volumes, 0.005, None))


def test_what_counting_costs_is_part_of_a_rules_cost_and_a_quiet_rule_is_kept_while_the_budget_lasts():
    outcomes = [Outcome("bursts", 700, 350, 3.5 + 0.84, 0.84), Outcome("quiet", 0, 0, 0.84, 0.84), Outcome("new", 0, 0, 0.0)]
    counting = dict.fromkeys(("bursts", "quiet", "new"), 0.12)
    held = {one.rule: one for one in portfolio(outcomes, {"bursts": 100.0}, 0.005, 0.9, counting)}
    assert held["bursts"].cost_a_day == pytest.approx(0.5 + 0.12)
    assert held["bursts"].useful_per_dollar == pytest.approx(0.5 * 100 / 0.62)
    assert [(one.rule, one.kept, one.why) for one in held.values()] == [
        ("bursts", True, "350 of 700 posts useful"),
        ("quiet", True, "counted, no post bought yet"),
        ("new", True, "to be tried"),
    ]
    assert [one.rule for one in portfolio(outcomes, {"bursts": 100.0}, 0.005, 0.3, counting) if one.kept] == ["quiet", "new"]
    free = portfolio([Outcome("free", 0, 0, 0.0)], {}, 0.005, 0.0, {"free": 0.0})
    assert free[0].kept  # counting may be free by another price list


def test_two_posts_prove_little():
    many = [Outcome("precise", 1_000, 800, 5.0), Outcome("noisy", 10_000, 500, 50.0)]
    assert useful_share(Outcome("lucky", 2, 2, 0.01), many) < 0.2
    assert useful_share(Outcome("new", 0, 0, 0), []) == 0.5


def test_no_rule_no_outcome_and_no_price_are_no_error():
    assert portfolio([], {}, 0.005, 1.0) == []
    assert portfolio([Outcome("a", 5, 1, 0.0)], {"a": 5}, 0.0, 1.0)[0].useful_per_dollar == math.inf
