"""Who acts together: the same accounts again and again, or one script; a crowd that coincides once does not."""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa
import pytest

from trend_assets.lib.coordination import coordination_by_hour
from trend_assets.tables import TABLES
from trend_assets_tests.lib.coordination.posts import START, VOCABULARY, by_hour, hour_at, judged, post, tables, talk, verdicts

Rows = list[dict[str, Any]]
DAY = 24
EVERYDAY = talk(accounts=300, posts=2400, hours=DAY)


def group_that_reposts(accounts: int, occasions: int, dice: random.Random) -> Rows:
    """Accounts that repost the same posts within seconds of one another, an hour apart, and otherwise talk."""
    rows = talk(accounts, accounts * 4, DAY, seed=7)
    rows = [row | {"author": f"booster {row['author']}"} for row in rows]
    for occasion in range(occasions):
        at = 3600.0 * (DAY - occasions + occasion) + dice.random() * 3000
        rows += [
            post(f"booster talker {n}", at + dice.random() * 30, "RT", kind="repost", reposted_post=f"original {occasion}")
            for n in range(accounts)
        ]
    return rows


def viral(accounts: int, hour: int, dice: random.Random, **columns: Any) -> Rows:
    """Different people who repost one post within three minutes."""
    return [
        post(f"person {n}", hour * 3600 + dice.random() * 180, "RT", kind="repost", reposted_post=f"news {hour}", **columns)
        for n in range(accounts)
    ]


def test_accounts_that_repost_the_same_posts_within_seconds_again_and_again_are_coordinated():
    found = judged(EVERYDAY + group_that_reposts(8, 6, random.Random(1)), DAY - 1)
    assert verdicts(found) == [("coordinated", 8)]
    [row] = found.groups.to_pylist()
    assert row["evidence_kinds"] == ["reposts"]
    assert row["occasions"] >= 5 > row["expected_occasions"]
    assert row["q_value"] < 0.01
    assert row["reason"].startswith("8 accounts coincided in reposts on ")


def test_hundreds_of_people_who_repost_the_same_news_within_minutes_are_a_crowd():
    dice = random.Random(2)
    people = talk(accounts=600, posts=3000, hours=DAY, seed=3)
    people = [row | {"author": row["author"].replace("talker", "person")} for row in people]
    found = judged(people + viral(500, DAY - 1, dice), DAY - 1)
    assert [row["verdict"] for row in found.groups.to_pylist()] == ["organic crowd"]
    assert not found.weights.num_rows


def test_people_who_write_the_same_headline_once_and_otherwise_talk_are_no_script():
    dice = random.Random(3)
    people = [row | {"author": row["author"].replace("talker", "person")} for row in talk(accounts=400, posts=3000, hours=DAY, seed=4)]
    headline = " ".join(dice.choices(VOCABULARY, k=12))
    people += [post(f"person {n}", 23 * 3600 + dice.random() * 600, f"{headline} {dice.choice(VOCABULARY)}") for n in range(300)]
    assert "coordinated" not in dict(verdicts(judged(people, DAY - 1)))


def test_a_crowd_of_accounts_that_are_hardly_seen_is_too_little_to_tell():
    found = judged(EVERYDAY + viral(80, DAY - 1, random.Random(4)), DAY - 1)
    assert verdicts(found) == [("insufficient data", 80)]


def test_one_script_from_accounts_that_post_nothing_else_is_coordinated_and_a_bystander_is_not_of_them():
    dice = random.Random(5)
    scripts = [" ".join(dice.choices(VOCABULARY, k=14)) for _ in range(3)]
    rows = list(EVERYDAY)
    for n in range(30):
        for script in scripts:
            rows.append(post(f"sleeper {n}", 22 * 3600 + dice.random() * 1200, f"{script} {dice.choice(VOCABULARY)}"))
    rows.append(post("talker 3", 22 * 3600 + 600, scripts[0]))
    found = judged(rows, 22)
    assert verdicts(found) == [("coordinated", 30)]
    assert "near-copies" in found.groups["evidence_kinds"][0].as_py()
    assert found.groups["scripted_share"][0].as_py() == 1.0
    assert set(found.weights["author"].to_pylist()) == {f"sleeper {n}" for n in range(30)}


def test_links_and_hashtag_sequences_shared_in_step_are_evidence_too():
    dice = random.Random(6)
    rows = list(EVERYDAY)
    for occasion in range(5):
        for n in range(6):
            at = (19 + occasion) * 3600 + dice.random() * 120
            words = " ".join(dice.choices(VOCABULARY, k=8))
            link = f"https://www.example.org/story/{occasion}?utm_source=account{n}#top"
            rows.append(post(f"linker {n}", at, words, urls=[link]))
            rows.append(post(f"tagger {n}", at, words[::-1], hashtags=["win", "more", f"tag{occasion}"]))
    found = judged(rows, DAY - 1)
    assert sorted(map(tuple, found.groups["evidence_kinds"].to_pylist())) == [("hashtag sequences",), ("links",)]
    assert verdicts(found) == [("coordinated", 6), ("coordinated", 6)]


def test_listings_that_an_app_writes_for_its_sellers_are_no_script_of_theirs():
    dice = random.Random(7)
    rows = list(EVERYDAY)
    rows += [
        post(
            f"seller {n}",
            23 * 3600 + dice.random() * 1800,
            f"Check out what I just added to my closet on Poshmark: coat {dice.choice(VOCABULARY)}",
        )
        for n in range(60)
    ]
    assert verdicts(judged(rows, DAY - 1)) == []


def test_a_group_under_five_accounts_has_no_row_and_no_discount():
    found = judged(EVERYDAY + group_that_reposts(4, 8, random.Random(8)), DAY - 1)
    assert verdicts(found) == []
    assert not found.weights.num_rows


def test_no_row_names_an_account_a_text_or_a_post():
    rows = EVERYDAY + group_that_reposts(8, 6, random.Random(1))
    found = judged(rows, DAY - 1)
    published = str(found.groups.to_pylist())
    for row in rows:
        assert row["author"] not in published
        assert not row["clean_text"] or row["clean_text"] == "RT" or row["clean_text"] not in published
    assert not [column.name for column in TABLES["influencers/coordinated_groups"].columns if column.personal]


def test_a_group_counts_as_one_voice():
    rows = EVERYDAY + group_that_reposts(8, 6, random.Random(1))
    weights = judged(rows, DAY - 1).weights
    assert set(weights["weight"].to_pylist()) == {1 / 8}
    assert set(weights["author"].to_pylist()) == {row["author"] for row in rows if row["author"].startswith("booster")}


def test_the_group_is_tied_to_the_topic_of_most_of_its_posts():
    rows = [row | {"topic": "t1"} if row["author"].startswith("booster") else row for row in group_that_reposts(8, 6, random.Random(1))]
    rows += talk(accounts=300, posts=len(rows), hours=DAY, seed=9, topic="t1")
    [row] = judged(EVERYDAY + rows, DAY - 1).groups.to_pylist()
    assert row["topic_id"] == "t1"
    assert row["topic_share"] == pytest.approx(0.5)
    assert row["acts"] == 8 * 10


def test_a_group_is_reported_in_hours_in_which_it_acts_and_forgotten_after_a_day():
    rows = talk(accounts=300, posts=4800, hours=2 * DAY) + group_that_reposts(8, 6, random.Random(1))
    quiet = [row for row in rows if not (row["author"].startswith("booster") and row["created_at"] >= hour_at(DAY))]
    results = {one.hour: one for one in coordination_by_hour(by_hour(quiet, -1, 2 * DAY - 1), first=hour_at(0))}
    assert "coordinated" in dict(verdicts(results[hour_at(DAY - 1)]))
    assert verdicts(results[hour_at(DAY)]) == []
    assert results[hour_at(DAY)].weights.num_rows == 8
    assert results[hour_at(2 * DAY - 1)].weights.num_rows == 0


def test_an_hours_result_depends_neither_on_the_range_nor_on_the_order_of_posts():
    rows = EVERYDAY + group_that_reposts(8, 6, random.Random(1))
    one = judged(rows, DAY - 1)
    shuffled = random.Random(9).sample(rows, len(rows))
    in_range = list(coordination_by_hour(by_hour(shuffled, -20, DAY + 1), first=hour_at(DAY - 4)))[3]
    assert in_range.hour == one.hour
    assert in_range.groups.equals(one.groups)
    assert in_range.weights.equals(one.weights)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [post("a", 23 * 3600 + 1, "one post and nothing more to say")],
        [post(f"a{n % 3}", 23 * 3600 + n / 10, "the same text again and again and again") for n in range(10_000)],
        [post(f"a{n}", 23 * 3600 + n / 10, "🔥🔥🔥") for n in range(300)],
        [post(f"a{n}", 23 * 3600 + n, "שלום עולם ملابس جديدة اليوم في المتجر الكبير") for n in range(40)],
        [post("a", 23 * 3600 + 5, "word " * 20_000), post("b", 23 * 3600 + 6, "word " * 20_000)],
        [post("a", 23 * 3600 + 5, "x" * 100_000, hashtags=["h"] * 1000, urls=["u"] * 1000)],
        [post("a", 23 * 3600, "", kind="repost"), post("b", 23 * 3600, "", kind="repost", reposted_post="")],
    ],
    ids=["empty", "one post", "copies", "emoji", "right to left", "long words", "one long word", "reposts of nothing"],
)
def test_bad_input_gives_a_defined_result(rows):
    found = judged(rows, DAY - 1)
    assert found.groups.schema.equals(TABLES["influencers/coordinated_groups"].schema)
    assert "coordinated" not in dict(verdicts(found))


def test_hours_out_of_order_are_refused():
    hours = list(by_hour(EVERYDAY[:50], 0, 2))
    with pytest.raises(ValueError, match="time order"):
        list(coordination_by_hour(reversed(hours), first=START))


def test_a_crowd_costs_pairs_in_proportion_to_its_size():
    from trend_assets.lib.coordination.acts import encode_hour
    from trend_assets.lib.coordination.coincidences import MOST_NEIGHBOURS, coincidences

    clean, assignments = tables(viral(5000, 0, random.Random(10)))
    found = coincidences(encode_hour(START, clean, assignments), None)
    assert len(found.left) <= 5000 * MOST_NEIGHBOURS
    assert isinstance(found.network, pa.Array)


def test_hours_encoded_together_are_those_encoded_alone(monkeypatch: pytest.MonkeyPatch):
    from trend_assets.lib.coordination import acts

    monkeypatch.setattr(acts, "POSTS_TOGETHER", 40)
    sold = [post(f"seller {n}", n * 900.0, "Zara dress size M never worn, $20, find it on Depop") for n in range(12)]
    hours = list(by_hour(talk(accounts=10, posts=60, hours=5) + sold, 0, 6))  # the last hour is empty
    together = list(acts.encode_hours(iter(hours)))
    alone = [acts.encode_hour(*hour) for hour in hours]
    assert [one.hour for one in together] == [hour for hour, *_ in hours]
    assert sum((one.commerce == acts.RESALE).sum() for one in together) == 12
    for one, other in zip(together, alone, strict=True):
        assert one.commerce.tolist() == other.commerce.tolist()
        assert one.has_text.tolist() == other.has_text.tolist()
    assert list(acts.encode_hours(iter([]))) == []
