"""What of an aggregate is kept for rewinding: no group under five authors, no words of a few, no post, no author."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from trend_assets.lib.ledger.kept import WITHHELD, kept, words_of
from trend_assets.lib.ledger.voices import ANY_WORD, ASSIGNED_COLUMNS, POST_COLUMNS, Voices, count_voices, plain
from trend_assets.tables import TABLES
from trend_assets.tables.ledgers import LEDGERS
from trend_assets_tests.dbt_project import small_lake
from trend_assets_tests.lib.demand import test_cards

START = datetime(2026, 9, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
FIRST = int(START.timestamp() // 3600)
CLEAN, ASSIGNED = TABLES["social/clean_posts"], TABLES["topics/topic_assignments"]


def posts(*given: dict[str, Any]) -> tuple[pa.Table, pa.Table]:
    """Posts (author, hour, words, topic) as clean posts and assignments."""
    clean, assigned = [], []
    for number, one in enumerate(given):
        moment = START + one.get("hour", 0) * HOUR + timedelta(minutes=number % 60)
        name = {"network": "x", "post_id": str(number)}
        clean.append({
            **name, "author": one["author"], "created_at": moment, "kind": one.get("kind", "post"), "tokens": one.get("tokens", []),
            "lemmas": one.get("words", []), "hashtags": one.get("hashtags", []),
        })  # fmt: skip
        assigned.append({**name, "topic_id": one.get("topic", "t")})
    columns = pa.schema([CLEAN.column(column).field for column in POST_COLUMNS])
    return pa.Table.from_pylist(clean, columns), pa.Table.from_pylist(
        assigned, pa.schema([ASSIGNED.column(c).field for c in ASSIGNED_COLUMNS])
    )


def test_authors_are_counted_once_in_24_hours_and_reposts_are_nobody_s_words():
    chunk = posts(
        *({"author": "one", "hour": hour, "words": ["scarf"]} for hour in range(30)),
        {"author": "two", "hour": 3, "tokens": ["#Scarf"]},
        {"author": "three", "hour": 3, "hashtags": ["scarf"], "kind": "repost"},
        {"author": "four", "hour": 3, "words": ["scarf"], "topic": "other"},
    )
    voices = count_voices([chunk], ["t"], ["scarf", "unsaid"])
    assert [voices.of("t", "SCARF", FIRST + hour) for hour in (0, 2, 3, 26, 27, 52, 53)] == [1, 1, 2, 2, 1, 1, 0]
    assert voices.of("t", ANY_WORD, FIRST + 3) == 2
    assert voices.of("t", "unsaid", FIRST + 3) == voices.of("other", "scarf", FIRST + 3) == voices.of("t", "scarf", FIRST + 9999) == 0


@pytest.mark.parametrize("seed", range(5))
def test_the_sweep_agrees_with_counting_one_by_one_however_posts_come_in_pieces(seed):
    chance = random.Random(seed)
    given = [
        {"author": str(chance.randint(0, 6)), "hour": chance.randint(0, 60), "topic": chance.choice("tu"), "words": chance.sample("abc", 2)}
        for _ in range(150)
    ]
    clean, assigned = posts(*given)
    whole = count_voices([(clean, assigned)], "tu", "abc")
    pieces = count_voices([(clean.slice(0, 40), assigned.slice(0, 40)), (clean.slice(40), assigned.slice(40))], "ut", "cba")
    for topic in "tu":
        for word in ("a", "b", ANY_WORD):
            for hour in range(90):
                told = {
                    one["author"] for one in given
                    if one["topic"] == topic and hour - 24 < one["hour"] <= hour and (word in one["words"] or word == ANY_WORD)
                }  # fmt: skip
                assert whole.of(topic, word, FIRST + hour) == pieces.of(topic, word, FIRST + hour) == len(told)


def test_ten_thousand_copies_of_one_author_are_one_voice_and_odd_texts_do_no_harm():
    copies = ({"author": "one", "words": ["🙂", "שלום"][: 1 + number % 2]} for number in range(10_000))
    chunk = posts(*copies, {"author": "one", "words": ["x" * 100_000]})
    voices = count_voices([chunk], ["t"], ["🙂", "שלום", "x" * 100_000, ""])
    assert [voices.of("t", word, FIRST) for word in ("🙂", "שלום", "x" * 100_000, "")] == [1, 1, 1, 1]
    assert count_voices([], ["t"], ["a"]).of("t", "a", FIRST) == 0
    assert plain("#Écharpe") == "écharpe"


def voices_of(**authors: int) -> Voices:
    """Of topic t in the first hour: so many authors by word; ``any``: of any word."""
    given = [
        {"author": f"{word}{number}" if word != "any" else f"any{number}", "words": [] if word == "any" else [word]}
        for word, count in authors.items()
        for number in range(count)
    ]
    return count_voices([posts(*given)], ["t"], [word for word in authors if word != "any"])


TREND = {
    "hour": START, "rank": 1, "topic_id": "t", "label": "Crochet bag · Annas Bag", "keywords": ["crochet", "anna", "bag"],
    "stage": "rising",
    "lane": "lifestyle", "suppressed": False, "score": 1.0, "burst_z": 5.0, "p_value": 0.1, "q_value": 0.1, "posts": 7,
    "expected_posts": 1.0, "authors": 7, "posts_24h": 10, "authors_24h": 9, "growth_6h": 1.0, "first_raised_at": START,
    "novel_term": "anna", "novelty": 3.0, "exemplar_posts": ["x:1"],
    "reason": "10 posts in the last 24 hours, 2.2 by the usual share of 'anna' (z 11.2); 7 posts by 7 authors in the hour; level",
}  # fmt: skip
LEDGER = LEDGERS["topics/trend_ledger"]


def kept_trend(voices: Voices | None, **more: object) -> list[dict[str, Any]]:
    return kept(LEDGER, TABLES["topics/trends"].from_rows([TREND | more]), voices).to_pylist()


def test_words_of_fewer_than_five_authors_are_in_no_label_keyword_or_reason():
    rows = TABLES["topics/trends"].from_rows([TREND])
    assert words_of(LEDGER, rows) >= {"crochet", "bag", "crochetbag", "annas", "annasbag", "anna"}
    [row] = kept_trend(voices_of(crochet=5, bag=5, anna=4))
    assert row["label"] == "Crochet bag"
    assert row["keywords"] == ["crochet", "bag"]
    assert row["novel_term"] is None
    assert "anna" not in str(row).lower()
    assert WITHHELD in row["reason"]
    assert "7 posts by 7 authors" in row["reason"]
    assert "exemplar_posts" not in row


def test_a_label_without_any_shared_part_is_made_of_the_keywords_that_are_left():
    [row] = kept_trend(voices_of(bag=5, any=5))
    assert row["label"] == "bag"
    [row] = kept_trend(voices_of(any=5))
    assert (row["label"], row["keywords"]) == ("", [])
    [row] = kept_trend(voices_of(crochetbag=5), label="Crochet Bag")
    assert row["label"] == "Crochet Bag", "the words of a hashtag that five authors used"


def test_a_topic_of_four_authors_has_no_row_and_an_hour_of_four_no_counts():
    assert kept_trend(voices_of(any=4)) == []
    [row] = kept_trend(
        voices_of(any=5), authors=4, posts=6, reason="Suppressed, mostly copies: 6 posts by 4 authors in the hour, 0.5 expected (z 9.9)"
    )
    assert row["posts"] is None
    assert row["authors"] is None
    assert row["reason"] == "Suppressed, mostly copies: fewer than 5 authors in the hour"


def test_where_posts_are_gone_nothing_of_theirs_is_kept():
    assert kept_trend(None) == []


def test_hours_of_topics_under_five_authors_are_left_out():
    hours = TABLES["topics/topic_hours"]
    row = {
        "hour": START,
        "posts": 9,
        "reposts": 0,
        "near_duplicate_groups": 9,
        "french_posts": 0,
        "english_posts": 9,
        "top_author_share": 0.2,
    }
    rows = hours.from_rows([row | {"topic_id": "four", "authors": 4}, row | {"topic_id": "five", "authors": 5}])
    assert kept(LEDGERS["topics/topic_hour_ledger"], rows, None)["topic_id"].to_pylist() == ["five"]


def test_links_keep_their_product_and_lose_evidence_of_few():
    links = TABLES["demand/product_trend_links"]
    row = {
        "day": START.date(), "topic_id": "t", "product_id": "P1", "linked": True, "level": "product", "rank": 1, "score": 0.5,
        "methods": [], "evidence_terms": ["crochet", "anna"], "evidence_posts": 6, "reason": "6 of 20 posts use 'crochet', 'anna'",
    }  # fmt: skip
    [found] = kept(LEDGERS["demand/link_ledger"], links.from_rows([row]), voices_of(crochet=5, anna=2)).to_pylist()
    assert (found["product_id"], found["evidence_terms"], found["evidence_posts"]) == ("P1", ["crochet"], None)
    assert found["reason"] == f"6 of 20 posts use 'crochet', {WITHHELD}"


def test_a_trend_without_a_product_is_kept_where_five_wrote_and_in_words_of_five():
    unserved = TABLES["demand/unserved_trends"]
    row = {
        "day": START.date(), "rank": 1, "topic_id": "t", "label": "crochet · anna", "lane": "lifestyle", "stage": "rising", "score": 1.0,
        "hours_raised": 2, "first_raised_at": START, "posts": 9, "authors": 5, "language": "fr", "languages": ["fr"],
        "why": unserved.column("why").allowed[0], "reason": "posts use 'crochet', 'anna'", "category": None, "product_type": None,
        "category_score": 0.0, "nearest_product_id": None, "nearest_similarity": 0.0, "nearest_product_ids": [],
        "nearest_similarities": [], "nearest_methods": [],
    }  # fmt: skip
    few = row | {"topic_id": "u", "rank": 2, "authors": 4}
    ledger, rows = LEDGERS["demand/unserved_ledger"], unserved.from_rows([row, few])
    assert {"crochet", "anna"} <= words_of(ledger, rows)
    [found] = kept(ledger, rows, voices_of(crochet=5, anna=2)).to_pylist()
    assert (found["topic_id"], found["label"], found["reason"]) == ("t", "crochet", f"posts use 'crochet', {WITHHELD}")


def test_a_card_says_nothing_of_the_trend_of_few_that_covers_it():
    """The words of a trend that three wrote of are in no reason, and no id points at its card, which is not kept."""
    many = {"topic_id": "many", "label": "scarf", "authors_24h": 50, "link_score": 0.5}
    few = {"topic_id": "few", "label": "jane doe · 12 rue X", "authors_24h": 3}
    cards = TABLES["demand/decision_cards"].from_rows(test_cards.cards(many, few))
    covered = [row for row in cards.to_pylist() if row["covered_by"] is not None]
    assert [row["topic_id"] for row in covered] == ["many"]
    [found] = kept(LEDGERS["demand/card_ledger"], cards, voices_of(scarf=5)).to_pylist()
    assert (found["topic_id"], found["covered_by"]) == ("many", None)
    assert "jane" not in str(found)


def test_a_card_is_kept_where_five_wrote():
    """Also where the card does not say how many did, and where the posts are gone."""
    cards = TABLES["demand/decision_cards"]
    row = next(iter(small_lake.cards(small_lake.DAYS[1]))) | {"day": START.date(), "topic_id": "t", "label": "scarf"}
    told = [
        (5, "only 5 authors in 24 hours"), (4, "only 4 authors in 24 hours"), (None, "hold"),
    ]  # fmt: skip
    rows = cards.from_rows([
        row | {"card_id": str(authors), "authors_24h": authors, "reason": reason} for authors, reason in told
    ])  # fmt: skip
    ledger = LEDGERS["demand/card_ledger"]
    for voices, left in ((voices_of(scarf=5), ["5", "None"]), (voices_of(scarf=4), ["5"]), (None, ["5"])):
        found = kept(ledger, rows, voices)
        assert found["card_id"].to_pylist() == left
        assert "only 4" not in str(found.to_pylist())
