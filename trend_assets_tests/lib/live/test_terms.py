"""Novelty with the past counted beforehand equals novelty over all posts."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.live.terms import heads_of, live_novelty, term_baseline, term_counts
from trend_assets.lib.trends.terms import term_novelty
from trend_assets_tests.lib.trends.test_terms import HOUR, START, posts, topics

HOURS = 24 * 12
FIRST_OPEN = START + (HOURS - 3) * HOUR
CENTRES = (["wicker", "basket"], ["rain"], ["#wicker", "tea"], ["unheard"], [])


def stream() -> pa.Table:
    """Twelve days of chatter; in the last hours a word that is new and a hashtag that is not."""
    draw = random.Random(1)
    counts = {"rain": [draw.randrange(8) for _ in range(HOURS)], "tea": [draw.randrange(3) for _ in range(HOURS)]}
    counts |= {"wicker": [0] * (HOURS - 2) + [9, 14], "#wicker": [draw.randrange(2) for _ in range(HOURS)], "basket": [1] * HOURS}
    return posts(counts)


def parts(whole: pa.Table) -> tuple[pa.Table, pa.Table]:
    sealed = pc.less(whole["created_at"], pa.scalar(FIRST_OPEN, whole.schema.field("created_at").type))
    return whole.filter(sealed), whole.filter(pc.invert(sealed))


def test_the_two_lanes_agree_on_every_open_hour():
    whole = stream()
    sealed, live = parts(whole)
    targets = [FIRST_OPEN + n * HOUR for n in range(3)]
    terms, volumes = term_baseline(sealed, targets)
    for number, hour in enumerate(targets):
        registry = topics(HOURS - 3 + number, *CENTRES)
        until = live.filter(pc.less(live["created_at"], pa.scalar(hour + HOUR, live.schema.field("created_at").type)))
        expected = term_novelty(registry, pa.concat_tables([sealed, until]))
        for counts in (term_counts(live), term_counts(live, heads_of(registry))):
            found = live_novelty(registry, terms, volumes, counts)
            assert found["term"].to_pylist() == expected["term"].to_pylist()
            for name in ("z", "p_value", "ratio"):
                np.testing.assert_allclose(found[name].to_numpy(), expected[name].to_numpy(), rtol=1e-12)
    assert max(found["z"].to_pylist()) > 4  # the new word was there to be found


def test_a_lake_without_a_past_calls_nothing_new():
    terms, volumes = term_baseline(posts({}), [START])
    found = live_novelty(topics(0, ["wicker"]), terms, volumes, term_counts(posts({"wicker": [50]})))
    assert (found["z"].to_pylist(), found["p_value"].to_pylist()) == ([0.0], [1.0])


def test_reposts_say_nothing_new():
    counted = term_counts(posts({"wicker": [3]}, kind="repost"))
    assert counted.num_rows == 0
    both = term_counts(pa.concat_tables([posts({"wicker": [3]}, kind="repost"), posts({"wicker": [2]})]))
    assert sorted(both["posts"].to_pylist()) == [2, 2]  # the word, and all posts
    assert set(both["hour"].to_pylist()) == {START}
