"""Pictures strengthen a link to what they show, and change nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from trend_assets.lib.demand.links import LINKS
from trend_assets.lib.demand.picture_evidence import shown_categories, with_picture_evidence
from trend_assets.tables.media import CLASSIFIED, MEDIA_CATEGORIES, UNSURE

NOON = datetime(2026, 9, 5, 12, tzinfo=UTC)
PRODUCTS = pa.table(
    {"product_id": ["P1", "P2", "P3"], "product_type": ["handbag", "watch", None], "category": ["bags", "watches", "shoes"]}
)


def day(pictures: dict[str | None, list[tuple[str, str]]], outcome: str = CLASSIFIED) -> tuple[pa.Table, pa.Table]:
    """Posts and pictures of a day: for each topic authors and what their picture shows."""
    rows = [(topic, author, category) for topic, shown in pictures.items() for author, category in shown]
    posts = pa.table(
        {
            "network": ["x"] * len(rows),
            "post_id": [str(number) for number in range(len(rows))],
            "author": [author for _, author, _ in rows],
            "topic_id": pa.array([topic for topic, _, _ in rows], pa.string()),
        }
    )
    found = [
        {
            "network": "x", "post_id": str(number), "media_index": 0, "created_at": NOON, "outcome": outcome,
            "category": category if outcome == CLASSIFIED else None, "probability": 0.9, "sha256": "0", "model_version": 1,
        }
        for number, (_, _, category) in enumerate(rows)
    ]  # fmt: skip
    return posts, MEDIA_CATEGORIES.from_rows(found)


def link(**changes: object) -> dict[str, object]:
    row = {
        "day": date(2026, 9, 5), "topic_id": "t", "product_id": "P1", "linked": True, "level": "product", "category": "bags",
        "product_type": "handbag", "rank": 1, "score": 0.5, "evidence_terms": ["arm"], "evidence_posts": 9,
        "methods": ["words"], "why": None, "reason": "words",
    }  # fmt: skip
    return row | changes


ABSTAINED = link(
    product_id=None, linked=False, level="none", category=None, product_type=None, rank=0, score=0.0, methods=[], why="no_shared_words"
)
OTHERS = {None: [(f"o{number}", "watches") for number in range(40)]}
BAGS = {"t": [(f"a{number}", "handbags") for number in range(6)] + [("b", "watches"), ("c", "jeans")]}


def after(pictures: dict[str | None, list[tuple[str, str]]], row: dict[str, object], outcome: str = CLASSIFIED) -> dict[str, object]:
    (found,) = with_picture_evidence(LINKS.from_rows([row]), *day(pictures, outcome), PRODUCTS).to_pylist()
    return found


def test_a_category_beyond_its_base_rate_is_evidence() -> None:
    shown = shown_categories(*day({**OTHERS, **BAGS}))["t"]
    assert (shown.category, shown.authors, shown.of) == ("handbags", 6, 8)
    assert shown.base == pytest.approx(0.5 / 41)


def test_a_link_to_what_is_shown_becomes_stronger_and_says_so() -> None:
    found = after({**OTHERS, **BAGS}, link())
    assert found["score"] == pytest.approx(1 - 0.5 * (1 - 0.5 * 6 / 8))
    assert found["methods"] == ["words", "pictures"]
    assert found["reason"] == "words; 6 of 8 authors with pictures show handbags (1% elsewhere)"
    assert {name: found[name] for name in ("rank", "product_id", "linked", "evidence_posts")} == {
        "rank": 1, "product_id": "P1", "linked": True, "evidence_posts": 9,
    }  # fmt: skip


def test_a_topic_without_words_is_linked_to_the_category_that_is_shown() -> None:
    found = after({**OTHERS, **BAGS}, ABSTAINED)
    assert (found["level"], found["category"], found["product_type"], found["linked"]) == ("category", "bags", "handbag", False)
    assert found["score"] == pytest.approx(0.5 * 6 / 8)
    assert found["methods"] == ["pictures"]
    assert found["why"] == "no_shared_words"
    LINKS.conform(LINKS.from_rows([found]))


@pytest.mark.parametrize(
    "pictures",
    [
        {},
        OTHERS,
        {"u": BAGS["t"], **OTHERS},
        {"t": BAGS["t"][:4], **OTHERS},
        {"t": [("a", "handbags")] * 50, **OTHERS},
        {"t": [(f"a{number}", "watches") for number in range(8)], **OTHERS},
        {**BAGS, None: [(f"o{number}", "handbags") for number in range(40)]},
    ],
    ids=[
        "none",
        "elsewhere only",
        "another topic",
        "four authors",
        "one author",
        "another thing, at its base rate",
        "everybody's pictures",
    ],
)
@pytest.mark.parametrize("row", [link(), ABSTAINED], ids=["linked", "abstained"])
def test_without_evidence_links_are_the_same_object(pictures: dict, row: dict[str, object]) -> None:
    links = LINKS.from_rows([row])
    assert with_picture_evidence(links, *day(pictures), PRODUCTS) is links


def test_pictures_of_something_else_weaken_nothing() -> None:
    jeans = {**OTHERS, "t": [(f"a{number}", "jeans") for number in range(8)]}
    assert after(jeans, link()) == LINKS.from_rows([link()]).to_pylist()[0]
    assert after(jeans, ABSTAINED)["level"] == "none"  # the catalogue has no jeans


def test_unsure_pictures_are_no_evidence() -> None:
    links = LINKS.from_rows([link()])
    assert with_picture_evidence(links, *day({**OTHERS, **BAGS}, UNSURE), PRODUCTS) is links


def test_too_few_posts_stay_too_few() -> None:
    few = ABSTAINED | {"why": "too_few_posts"}
    assert after({**OTHERS, **BAGS}, few)["level"] == "none"
