"""What is left of a topic without the few, the paid, the copied and the coordinated."""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from trend_assets.lib.trends.stress import coordination_and_stress, stress_test
from trend_assets.tables import TABLES
from trend_assets_tests.lib.coordination.posts import VOCABULARY, by_hour, hour_at, post, tables, talk

LAST = 23
Row = dict[str, Any]


def graded(rows: list[Row], groups: pa.Table | None = None, hour: int = LAST, **options: Any) -> dict[str, Row]:
    """Rows of one hour by topic."""
    clean, assignments = tables(rows)
    return {row["topic_id"]: row for row in stress_test(clean, assignments, groups, hours=[hour_at(hour)], **options).to_pylist()}


def people(count: int, topic: str = "t", hours: int = 24, seed: int = 1) -> list[Row]:
    """One post each by different people, the last in the last hour."""
    rows = [row | {"author": f"person {n}"} for n, row in enumerate(talk(1, count - 1, hours, seed, topic))]
    return [*rows, post("the last person", LAST * 3600 + 3500, " ".join(random.Random(seed).choices(VOCABULARY, k=9)), topic=topic)]


def weights(*authors: str, **columns: Any) -> pa.Table:
    return pa.table({"network": ["x"] * len(authors), "author": list(authors), "weight": [0.1] * len(authors)} | columns)


def test_a_topic_of_many_people_who_write_once_is_robust():
    row = graded(people(80))["t"]
    assert (row["grade"], row["posts"], row["posts_left"], row["authors_left"], row["discount"]) == ("A", 80, 80, 80, 1.0)
    assert row["reason"] == "80 of 80 posts remain, by 80 authors; nothing fell away"


def test_without_its_most_active_accounts_little_may_be_left():
    dice = random.Random(2)
    busy = [post(f"busy {n % 5}", dice.random() * 86400, " ".join(dice.choices(VOCABULARY, k=9)), topic="t") for n in range(68)]
    row = graded([*people(12), *busy])["t"]
    assert row["posts_left"] == 15
    assert row["grade"] == "D"
    assert row["noise"]
    assert (
        row["reason"] == "15 of 80 posts remain, by 13 authors; fell away: 53 repetitions by their authors, 12 by the most active accounts"
    )


def test_a_topic_of_a_few_who_write_often_is_no_trend_and_a_small_one_of_many_voices_is_judged_mildly():
    dice = random.Random(8)
    alone = graded([post(f"busy {n % 2}", 82800 + n * 60, " ".join(dice.choices(VOCABULARY, k=9)), topic="t") for n in range(40)])["t"]
    assert (alone["authors_left"], alone["noise"], alone["discount"]) == (2, True, 0.0)
    small = graded([post(f"friend {n % 6}", 82800 + n * 60, " ".join(dice.choices(VOCABULARY, k=9)), topic="t") for n in range(12)])["t"]
    assert (small["posts_left"], small["authors_left"], small["grade"]) == (10, 5, "B")


@pytest.mark.parametrize(
    ("text", "hashtags", "what"),
    [
        ("Just listed: wool coat {n}, size 38, worn once, 40 €", [], "resale listings"),
        ("CONCOURS gagnez un manteau {n} ! Suivez @user et partagez", [], "giveaways"),
        ("so in love with this coat {n}", ["ad"], "paid posts"),
    ],
)
def test_bought_attention_falls_away_and_the_reason_says_so(text, hashtags, what):
    dice = random.Random(3)
    bought = [
        post(f"seller {n}", dice.random() * 86400, text.format(n=" ".join(dice.choices(VOCABULARY, k=5))), hashtags=hashtags, topic="t")
        for n in range(90)
    ]
    row = graded([*people(10), *bought])["t"]
    assert row["posts_left"] == 10
    assert row["noise"]
    assert row["discount"] == 0.0
    assert row["reason"].startswith(f"10 of 100 posts remain, by 10 authors; fell away: 90 {what}")


def test_copies_within_a_minute_fall_away_and_later_ones_do_not():
    text = "the very same nine words from quite many accounts"
    soon = [post(f"copier {n}", LAST * 3600 + n * 20, f"{text} {n}", topic="soon") for n in range(40)]
    late = [post(f"reader {n}", LAST * 3600 + n * 80, f"{text} {n}", topic="late") for n in range(40)]
    rows = graded(soon + late)
    assert rows["soon"]["posts_left"] == 1
    assert rows["late"]["posts_left"] == 40


def test_copies_across_the_hour_fall_away_too_whichever_hours_are_asked_for():
    text, turn = "the very same nine words from quite many accounts", LAST * 3600
    rows = [post(f"copier {n}", turn - 300 + n * 20, f"{text} {n}", topic="soon") for n in range(30)]
    assert graded(rows)["soon"]["posts_left"] == 1
    clean, assignments = tables(rows)
    both = stress_test(clean, assignments, hours=[hour_at(LAST - 1), hour_at(LAST)])
    assert both.filter(pc.equal(both["hour"], hour_at(LAST))).equals(stress_test(clean, assignments, hours=[hour_at(LAST)]))
    elsewhere = [row | {"topic": "before"} if row["created_at"] < hour_at(LAST) else row for row in rows]
    assert graded(elsewhere)["soon"]["posts"] == 15  # what was written about something else is no original of it
    assert graded(elsewhere)["soon"]["posts_left"] == 1


def test_one_author_counts_three_times_a_day_and_each_text_once():
    same = [post("fan", n * 600.0, "my favourite song of this whole year", topic="t") for n in range(100)]
    row = graded([*people(20), *same])["t"]
    assert row["posts_left"] == 21
    assert "99 repetitions by their authors" in row["reason"]


def test_posts_of_accounts_acting_together_fall_away_in_the_hours_for_which_they_are_named():
    rows = people(40)
    named = weights(*(f"person {n}" for n in range(30)))
    row = graded(rows, named)["t"]
    assert row["posts_left"] == 10
    assert "30 posts of accounts acting together" in row["reason"]
    other_hour = named.append_column("hour", pa.array([hour_at(3)] * 30, pa.timestamp("us", "UTC")))
    assert graded(rows, other_hour)["t"]["posts_left"] == 40
    assert graded(rows, weights("person 1").set_column(2, "weight", pa.array([1.0])))["t"]["posts_left"] == 40


def test_a_topic_on_one_network_of_two_gets_no_a():
    elsewhere = [row | {"network": "bluesky", "topic": "other", "post_id": f"b{n}"} for n, row in enumerate(people(100, seed=5))]
    rows = graded([*people(60), *elsewhere])
    assert rows["t"]["grade"] == "B"
    assert rows["t"]["reason"].endswith("; all on one network")
    assert graded(people(60))["t"]["grade"] == "A"


def test_few_posts_are_not_judged():
    row = graded(people(4))["t"]
    assert (row["grade"], row["noise"], row["discount"]) == ("insufficient data", False, 1.0)


def test_hours_do_not_change_one_another_nor_does_the_order_of_posts():
    rows = (
        people(60, hours=30)
        + people(50, "u", hours=48, seed=4)
        + [post("p", 47 * 3600, "late words about another thing entirely", topic="t")]
    )
    clean, assignments = tables(rows)
    hours = [hour_at(number) for number in (47, 23, 24, 30)]
    together = stress_test(clean, assignments, hours=hours)
    one_by_one = [stress_test(clean, assignments, hours=[hour]) for hour in sorted(hours)]
    assert together.equals(pa.concat_tables(one_by_one).combine_chunks())
    clean, assignments = tables(random.Random(6).sample(rows, len(rows)))
    assert stress_test(clean, assignments, hours=hours).equals(together)


def test_topics_without_a_post_in_the_hour_have_no_row():
    rows = people(30) + [post(f"early {n}", n * 60.0, "words of the early hours only", topic="early") for n in range(9)]
    assert set(graded(rows)) == {"t"}


def test_groups_are_found_and_taken_away_in_one_pass():
    dice = random.Random(7)
    script = " ".join(dice.choices(VOCABULARY, k=14))
    campaign = [
        post(f"sleeper {n}", 22 * 3600 + dice.random() * 3000, f"{script[: 60 + place]} {dice.choice(VOCABULARY)}", topic="campaign")
        for n in range(30)
        for place in (0, 7)
    ]
    rows = [*talk(300, 2400, 24), *people(40), *campaign]
    [(groups, stress, weights)] = coordination_and_stress(by_hour(rows, -2, 22), first=hour_at(22))
    assert set(weights["author"].to_pylist()) == {f"sleeper {n}" for n in range(30)}
    assert weights["hour"].unique().to_pylist() == [hour_at(22)]
    assert groups["verdict"].to_pylist() == ["coordinated"]
    by_topic = {row["topic_id"]: row for row in stress.to_pylist()}
    assert by_topic["campaign"]["noise"]
    assert "60 posts of accounts acting together" in by_topic["campaign"]["reason"]


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [post("a", LAST * 3600, "one", topic="t")],
        [post("a", LAST * 3600, "", topic="t"), post("b", LAST * 3600, "🔥🔥", topic="t")],
        [post(f"a{n}", LAST * 3600 + n / 10, "the same text again and again", topic="t") for n in range(10_000)],
        [post("a", LAST * 3600, "x" * 100_000, topic="t"), post("b", LAST * 3600, "w " * 50_000, topic="t")],
        [post(f"a{n}", LAST * 3600 + n, "مرحبا بالعالم كله هنا اليوم معنا", topic="t") for n in range(20)],
        [post("a", (LAST + 40) * 3600, "from the future", topic="t")],
    ],
    ids=["empty", "one", "emoji", "copies", "long", "right to left", "future"],
)
def test_bad_input_gives_defined_rows(rows):
    clean, assignments = tables(rows)
    found = stress_test(clean, assignments, hours=[hour_at(LAST)])
    assert found.schema.equals(TABLES["topics/stress_tests"].schema)
    assert found.num_rows == len({row["topic"] for row in rows if row["created_at"] < hour_at(LAST + 1)})


def test_naive_hours_are_refused():
    with pytest.raises(ValueError, match="time zone"):
        stress_test(*tables([]), hours=[datetime(2026, 9, 1)])


SENTENCES = (
    "these tumblers have changed my whole life everyone buys them now",
    "everyone is talking about tumblers and so few are left today",
    "only a few tumblers remain in the shop so be quick about it",
)


def wave(topic: str, posts: int, own_words: int = 0, seed: int = 7, hours: int = 24) -> list[Row]:
    """Posts of the last hours by as many accounts: the first in words of their own, the others three sentences with another last word."""
    dice = random.Random(seed)
    rows = []
    for n in range(posts):
        text = " ".join(dice.choices(VOCABULARY, k=11)) if n < own_words else f"{SENTENCES[n % 3]} {dice.choice(VOCABULARY)}"
        rows.append(post(f"{topic} {n}", 3600 * (LAST + 1) - 1 - (posts - 1 - n) * hours * 3590 / posts, text, topic=topic))
    return rows


def test_three_sentences_all_day_are_no_trend_however_far_apart_they_are_posted():
    rows = graded([*wave("machines", 24), *people(40)])
    row = rows["machines"]
    assert (row["grade"], row["noise"], row["discount"], row["posts_left"]) == ("D", True, 0.0, 24)
    assert row["reason"].endswith("; 3 texts again and again")
    assert rows["t"]["grade"] == "A"


def test_a_wave_is_known_by_its_first_posts_and_a_topic_with_words_of_its_own_is_none():
    rows = graded([*wave("first", 6), *wave("mixed", 24, own_words=14, seed=8), *people(40)])
    assert rows["first"]["noise"]
    assert not rows["mixed"]["noise"]


def test_where_everybody_copies_a_few_copies_are_not_odd():
    headlines = [row for n in range(20) for row in wave(f"headline {n}", 9, own_words=3, seed=n, hours=1)]
    alone, among = (graded([*wave("few", 6), *others])["few"]["noise"] for others in (people(60), headlines))
    assert alone
    assert not among


def test_short_words_that_many_say_are_their_own():
    rows = graded([post(f"person {n}", LAST * 3600 + n * 90, "so pretty today", topic="t") for n in range(30)])
    assert not rows["t"]["noise"]
