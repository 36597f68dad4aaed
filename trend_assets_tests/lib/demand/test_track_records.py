"""Who is better is said beyond chance only, and a defeat as soon as a victory."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from trend_assets.lib.demand.track_records import LEVEL, Record, chance, track_records


def row(outcome: str, number: int, method: str = "trends") -> dict[str, Any]:
    seen, known = date(2026, 5, 27), datetime(2026, 5, 20, 4, tzinfo=UTC)
    given = {"outcome": outcome, "method": method, "range_id": f"range {number}", "category": "fashion"}
    return given | {"alerted_at": known, "detected_on": seen, "lead_days": 3.0}


def rows(right: int, wrong: int, method: str) -> list[dict[str, Any]]:
    """So many ranges whose rise the method told, and so many that it missed."""
    return [row("hit" if number < right else "miss", number, method) for number in range(right + wrong)]


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"), [(12, 2, "better"), (2, 12, "worse"), (7, 5, "too_few"), (6, 6, "too_few"), (0, 0, "too_few")]
)
def test_a_defeat_is_named_as_a_victory_is_and_neither_where_chance_may_have_made_it(ours: int, theirs: int, verdict: str) -> None:
    (found,) = track_records(rows(ours, 20 - ours, "trends") + rows(theirs, 20 - theirs, "mentions"))
    assert found.verdict == verdict


def test_against_three_methods_five_ranges_are_no_proof_even_where_all_speak_for_us() -> None:
    against = [one for method in ("last_week", "mentions", "last_year") for one in rows(0, 5, method)]
    (found,) = track_records(rows(5, 0, "trends") + against)
    assert (found.ours.f1, found.verdict) == (1.0, "too_few")


def test_methods_alike_are_told_apart_no_more_often_than_the_level_says() -> None:
    rng = np.random.default_rng(3)
    p_values = []
    for _ in range(200):
        right = rng.random((2, 40)) < 0.4
        given = [
            row("hit" if told else "miss", number, method)
            for method, of in zip(("trends", "mentions"), right, strict=True)
            for number, told in enumerate(of)
        ]
        (found,) = track_records(given)
        p_values.append(chance(found.ours, found.others[0]))
    assert np.mean(np.array(p_values) <= LEVEL) <= 0.09
    assert 0.3 < np.mean(p_values) < 0.75


def test_what_happens_again_and_again_to_one_range_is_one_piece_of_evidence() -> None:
    told = [row("hit", 0) for _ in range(30)] + [row("miss", 0, "mentions") for _ in range(30)]
    (found,) = track_records(told)
    assert (found.ours.hits, found.verdict) == (30, "too_few")


def test_a_record_without_anything_has_no_figures() -> None:
    nothing = Record("fashion", "trends")
    assert (nothing.precision, nothing.recall, nothing.f1, nothing.mean_lead) == (0.0, 0.0, 0.0, None)
    assert chance(nothing, Record("fashion", "mentions")) == 1.0
