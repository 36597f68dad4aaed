"""Which lane a topic gets, and the evidence it is told with, for a brand nobody has heard of."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pyarrow as pa
import pytest

from trend_assets.lib.relevance.lanes import relevance, relevance_by_day
from trend_assets.lib.relevance.shared import SharedWords, common_ground, topic_words
from trend_assets_tests.lib.relevance.shop_talk import (
    BRAND,
    HOUR,
    OF_A_SINGER,
    OF_A_STATION,
    OF_A_WORD,
    OF_RESALE,
    OF_SOMETHING_ELSE,
    OF_THE_BRAND,
    assigned,
    posts,
    topics,
)


def verdict(texts: list[str], brands: list[str] | None = None, others: list[str] | None = None, **options: object) -> dict[str, object]:
    """The row of a topic with these posts, among other posts that have no topic."""
    about = posts(texts)
    clean = pa.concat_tables([about, posts(others or [], first=len(texts))])
    keys = [f"x:{number}" for number in range(len(texts))]
    # Centre terms are the words of most posts.
    counted = Counter(word for lemmas in about["lemmas"].to_pylist() for word in set(lemmas))
    found = relevance(
        topics(["t"], [keys[:5]], centre_terms=[word for word, _ in counted.most_common(5)]),
        clean,
        assigned(about, "t"),
        brands=[BRAND] if brands is None else brands,
        hours=[HOUR],
        **options,
    )  # type: ignore[arg-type]
    (row,) = found.to_pylist()
    return row


def test_posts_that_name_the_brand_and_speak_of_trade_are_the_brands() -> None:
    row = verdict(OF_THE_BRAND)
    assert (row["lane"], row["suppressed"]) == ("brand", False)
    assert row["lane_reason"].startswith("100 % of its posts name 'marlo'; 100 % speak of things to buy, shops or brands (")


def test_a_singer_of_the_same_name_is_noise_and_the_longer_name_is_shown() -> None:
    row = verdict(OF_A_SINGER)
    assert (row["lane"], row["suppressed"]) == ("noise", True)
    assert row["lane_reason"].startswith("another name: 100 % of the posts naming 'marlo' say 'Marlo Vance'; 0 % speak of")


def test_a_person_who_wears_clothes_is_still_a_person() -> None:
    texts = [
        f"Marlo Vance {what}"
        for what in (
            "wore a red dress to the awards",
            "is wearing a stunning coat tonight",
            "said the jacket was a gift",
            "shows off her new shoes in Paris",
        )
    ]
    assert verdict(texts)["lane"] == "noise"


def test_a_line_of_the_brands_own_is_no_other_name() -> None:
    texts = [
        f"Marlo Home {what}" for what in ("sale: lamps and rugs", "store opens with discount", "bedding restock", "delivery of my sofa")
    ]
    assert verdict(texts)["lane"] == "brand"


def test_a_word_of_another_language_is_noise() -> None:
    row = verdict(OF_A_WORD)
    assert row["lane"] == "noise"
    assert row["lane_reason"].startswith("another sense: the posts have the word 'marlo', but 0 % speak of")


def test_a_name_of_several_words_is_rarely_anything_else() -> None:
    texts = ["Ana for Maison Marlo!", "Ana joins Maison Marlo again", "Ana and Maison Marlo, finally", "the model Ana at Maison Marlo"]
    assert verdict(texts, ["maison marlo"])["lane"] == "brand"
    assert verdict(texts, ["maisonmarlo"])["lane"] == "brand"


@pytest.mark.parametrize(("texts", "said"), [(OF_A_STATION, "readings of instruments"), (OF_RESALE, "listings")])
@pytest.mark.parametrize("brands", [[BRAND], []])
def test_machines_and_listings_are_noise_with_and_without_a_brand(texts: list[str], said: str, brands: list[str]) -> None:
    row = verdict(texts, brands)
    assert (row["lane"], row["suppressed"]) == ("noise", True)
    assert row["lane_reason"].startswith(said)


def test_what_names_no_brand_is_lifestyle_where_all_posts_are_heard() -> None:
    assert verdict(OF_SOMETHING_ELSE, others=["good morning", "rain again"])["lane"] == "lifestyle"


def test_what_names_no_brand_is_beside_the_point_where_posts_were_collected_by_its_name() -> None:
    row = verdict(OF_SOMETHING_ELSE, others=[f"{text} {number}" for number in range(3) for text in OF_THE_BRAND])
    assert row["lane"] == "noise"
    assert row["lane_reason"].startswith("beside the point: collected by 'marlo', but only 0 % of its posts name 'marlo'")


def test_without_a_brand_the_brand_lane_is_empty() -> None:
    assert verdict(OF_THE_BRAND, [])["lane"] == "lifestyle"


def test_a_catalogue_of_food_makes_its_words_words_of_trade() -> None:
    texts = ["Marlo melon is back", "two Marlo melons please", "ripe Marlo melon", "melon by Marlo"]
    catalogue = pa.table({"product_name": ["Charentais", "Galia"], "category": ["Melons", "Melons"], "product_type": ["Fruit", "Fruit"]})
    assert verdict(texts)["lane"] == "noise"
    assert verdict(texts, catalogue=catalogue)["lane"] == "brand"


def test_posts_that_share_only_the_name_they_were_collected_by_are_scattered_talk() -> None:
    texts = ["Marlo dress", "what a store, Marlo", "bought again, marlo", "sale sale marlo", "Marlo coat please"]
    clean = posts(texts)
    row = topics(["t"], centre_terms=["dress", "coat", "sale", "please", "again"])
    (found,) = relevance(row, clean, assigned(clean, "t"), brands=[BRAND], hours=[HOUR]).to_pylist()
    assert found["lane_reason"] == "scattered talk: a post of it has 1.0 of its five heaviest words"
    elsewhere = pa.concat_tables([clean, posts([f"rain again {number}" for number in range(20)], first=100)])
    (found,) = relevance(row, elsewhere, assigned(clean, "t"), brands=[BRAND], hours=[HOUR]).to_pylist()
    assert found["lane"] == "brand"


def test_exemplars_with_nothing_in_common_but_the_name_are_scattered_talk() -> None:
    apart = ["marlo dress please", "brutal jacket outside marlo", "violet coat marlo machine", "who sold marlo yesterday"]
    together = [f"{text} velvet opening" for text in apart]
    found = []
    for texts in (apart, together):
        clean = posts(texts * 3)
        row = topics(["t"], centre_terms=["marlo"], exemplars=[[f"x:{number}" for number in range(4)]])
        found += relevance(row, clean, assigned(clean, "t"), brands=[BRAND], hours=[HOUR]).to_pylist()
    assert found[0]["lane_reason"] == "scattered talk: the posts that show it best have next to nothing in common"
    assert found[1]["lane"] == "brand"


@pytest.mark.parametrize("text", ["명동 벨벳 팝업 오픈", "नया कोट खरीदा", "புதிய கோட்", "圍巾很好看"])
def test_posts_in_scripts_whose_words_cannot_be_told_are_not_called_scattered(text: str) -> None:
    assert common_ground([f"marlo {text} {number}" for number in range(3)], ["marlo"]) == 1.0


def test_words_of_a_brands_name_are_left_out_whole() -> None:
    """Weather and leather aren't "the", nor cosmetics "cos"; what people build of a long name is the name."""
    texts = ["leather weather jacket", "weather the leather"]
    assert common_ground(texts, ["the", "north", "face"]) == common_ground(texts)
    assert common_ground(["marlohaul rain", "marlohaul snow"], ["marlo"]) == 0.0


@pytest.mark.parametrize(
    ("texts", "expected"), [([], 1.0), (["one"], 1.0), (["", ""], 0.0), (["圍巾很好看", "crepe"], 1.0), (["a b", "😀"], 0.0)]
)
def test_common_ground_of_odd_texts_is_defined(texts: list[str], expected: float) -> None:
    assert common_ground(texts) == expected


def test_french_posts_are_judged_by_french_words() -> None:
    texts = [
        "la nouvelle robe en velours Marlo",
        "velours en soldes chez Marlo",
        "j'ai acheté une veste Marlo en velours",
        "Marlo ouvre un magasin de velours",
    ]
    assert verdict(texts)["lane"] == "brand"


def test_later_posts_change_nothing() -> None:
    early, late = posts(OF_A_SINGER), posts(OF_THE_BRAND, at=HOUR + timedelta(hours=1), first=100)
    both = pa.concat_tables([early, late])
    given = {"brands": [BRAND], "hours": [HOUR]}
    alone = relevance(topics(["t"]), early, assigned(early, "t"), **given)  # type: ignore[arg-type]
    assert relevance(topics(["t"]), both, assigned(both, "t"), **given) == alone  # type: ignore[arg-type]


def test_a_range_of_hours_equals_one_hour_at_a_time() -> None:
    parts = [posts(texts, at=HOUR + timedelta(hours=n), first=100 * n) for n, texts in enumerate((OF_A_SINGER, OF_THE_BRAND, OF_A_WORD))]
    clean = pa.concat_tables(parts)
    hours = [HOUR + timedelta(hours=n) for n in range(3)]
    registry = pa.concat_tables([topics(["t"], hour=hour) for hour in hours])
    whole = relevance(registry, clean, assigned(clean, "t"), brands=[BRAND], hours=hours)
    single = [relevance(registry, clean, assigned(clean, "t"), brands=[BRAND], hours=[hour]) for hour in hours]
    assert whole == pa.concat_tables(single)


def test_order_of_posts_changes_nothing() -> None:
    clean = posts(OF_THE_BRAND + OF_A_SINGER)
    turned = clean.take(list(range(clean.num_rows))[::-1])
    given = {"brands": [BRAND], "hours": [HOUR]}
    expected = relevance(topics(["t"]), clean, assigned(clean, "t"), **given)  # type: ignore[arg-type]
    assert relevance(topics(["t"]), turned, assigned(turned, "t"), **given) == expected  # type: ignore[arg-type]


HOSTILE = ["x" * 100_000 + " marlo", "🎉" * 50, "مرحبا marlo بالعالم", "\u202emarlo\u202c", "#" * 500, "marlo " * 10_000, "12 34 56", "ﷺ"]


def test_hostile_texts_have_a_verdict() -> None:
    assert verdict(HOSTILE)["lane"] in ("brand", "lifestyle", "noise")
    assert verdict(["🎉🎉"])["lane"] == "lifestyle"


def test_reposts_and_empty_tables_say_nothing() -> None:
    reposts = posts(OF_THE_BRAND, kind="repost")
    (row,) = relevance(topics(["t"]), reposts, assigned(reposts, "t"), brands=[BRAND], hours=[HOUR]).to_pylist()
    assert (row["lane"], row["lane_reason"]) == ("lifestyle", "No post in the last 24 hours")
    nothing = posts([])
    assert relevance(topics([]), nothing, assigned(nothing, "t"), brands=[BRAND], hours=[HOUR]).num_rows == 0


def test_naive_hours_are_refused() -> None:
    clean = posts(OF_THE_BRAND)
    with pytest.raises(ValueError, match=r"aware|zone|naive"):
        relevance(topics(["t"]), clean, assigned(clean, "t"), brands=[BRAND], hours=[datetime(2026, 9, 1)])


def test_which_words_are_shown_does_not_depend_on_the_hours_judged_together() -> None:
    """Four words of trade, each said once: the first three in alphabetical order, whatever was said in the hours before."""
    texts = [f"Marlo {word} over there" for word in ("skirt", "jacket", "coat", "dress")]
    late = HOUR + timedelta(hours=30)
    before, after = posts(texts[:2], first=10), posts(texts[::-1], at=late, first=20)
    clean = pa.concat_tables([before, after])
    both = pa.concat_tables([topics(["t"], hour=hour, centre_terms=[BRAND]) for hour in (HOUR, late)])
    together = relevance(both, clean, assigned(clean, "t"), brands=[BRAND], hours=[HOUR, late]).slice(1)
    alone = relevance(both, after, assigned(after, "t"), brands=[BRAND], hours=[late])
    assert together.equals(alone)
    assert alone["lane_reason"][0].as_py().endswith("(coat, dress, jacket)")


def test_each_day_is_judged_by_the_catalogue_known_on_it() -> None:
    texts, day = ["Marlo melon is back", "two Marlo melons please", "ripe Marlo melon", "melon by Marlo"], HOUR.replace(hour=0)
    catalogue = pa.table({"product_name": ["Charentais"], "category": ["Melons"], "product_type": ["Fruit"]})
    late = HOUR + timedelta(hours=20)  # the next day
    clean = posts(texts)
    places = assigned(clean, "t").append_column("created_at", clean["created_at"])
    both = pa.concat_tables([topics(["t"], hour=hour, centre_terms=[BRAND]) for hour in (HOUR, late)])

    def lanes(*days: datetime) -> list[str]:
        catalogues = dict.fromkeys(days, catalogue)
        found = relevance_by_day(both, clean, places, brands=[BRAND], catalogues=catalogues, hours=[HOUR, late])
        return found["lane"].to_pylist()

    assert lanes() == ["noise", "noise"]
    assert lanes(day + timedelta(days=1)) == ["noise", "brand"]
    assert lanes(day, day + timedelta(days=1)) == ["brand", "brand"]
    assert relevance_by_day(both, clean, places, brands=[BRAND], catalogues={}, hours=[]).num_rows == 0


def test_what_posts_share_adds_up_hour_by_hour_and_each_post_holds_a_word_once() -> None:
    first, second = (
        posts(["kite kite bridge", "kite #kite river"]),
        posts(["kite alone", "nothing here"], at=HOUR + timedelta(hours=1), first=2),
    )
    clean = pa.concat_tables([first, second])
    whole = topic_words(clean, assigned(clean, "t"))
    parts = pa.concat_tables([topic_words(part, assigned(part, "t")) for part in (second, first)])
    assert sorted(map(str, whole.to_pylist())) == sorted(map(str, parts.to_pylist()))
    counts = pa.table({"hour": [HOUR, HOUR + timedelta(hours=1)], "topic_id": ["t", "t"], "posts": [2, 2]})
    shared = SharedWords(lambda: parts, counts)
    now = int(HOUR.timestamp()) // 3600
    assert shared(now + 1, "t", ["kite", "bridge"]) == (1.0, 0.75)
    assert shared(now, "t", ["kite", "bridge"]) == (1.5, 1.0)
    assert shared(now + 24, "t", ["kite"]).words == 0.5  # the first hour has left the day
    assert shared(now + 25, "t", ["kite"]) == shared(now, "unknown", ["kite"]) == (0.0, 0.0)
    assert topic_words(clean, assigned(clean, "t"), pa.array(["u"])).num_rows == 0
