"""Opinions about the retailer: in the words of their family, without disturbing any other post, labelled with few mistakes."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pyarrow.compute as pc
import pytest

from trend_assets.lib.simulation import opinions_development, opinions_evaluation
from trend_assets.lib.simulation.compose import Composer
from trend_assets.lib.simulation.delivery import Town
from trend_assets.lib.simulation.hand_labels import NO_CATEGORY, category_labels, complaint_labels, sentiment_labels
from trend_assets.lib.simulation.opinions import COMPLAINT_REASONS, NO_OPINION, SENTIMENTS, complaint_reason
from trend_assets.lib.simulation.planted import Family
from trend_assets.lib.simulation.posts import PostPlanner
from trend_assets.lib.simulation.town import TownParameters
from trend_assets_tests.lib.simulation.conftest import Delivered


def _texts(**changes: float) -> tuple[list[str], np.ndarray]:
    parameters = TownParameters(days=2, posts=4_000, **changes)
    town = Town(parameters)
    posts = PostPlanner(parameters, town.authors, town.trends).plan(0)
    return Composer(parameters, town.authors, town.trends).compose(0, posts), posts.opinion


def test_every_other_post_is_what_it_is_without_opinions() -> None:
    texts, opinions = _texts()
    without, none = _texts(opinion_share=0.0)
    assert (none == NO_OPINION).all()
    changed = [index for index, (text, before) in enumerate(zip(texts, without, strict=True)) if text != before]
    assert changed == np.flatnonzero(opinions != NO_OPINION).tolist()
    assert len(changed) > 20


def test_an_opinion_names_the_retailer_but_for_slips_of_the_keyboard() -> None:
    texts, opinions = _texts()
    named = ["carrel" in texts[index].lower() for index in np.flatnonzero(opinions != NO_OPINION).tolist()]
    assert np.mean(named) > 0.95


def test_families_share_no_sentence_and_no_phrase() -> None:
    for language in ("en", "fr"):
        first, second = (
            {phrase for alternatives in module.OPINIONS[language].values() for phrase in alternatives}
            for module in (opinions_development, opinions_evaluation)
        )
        assert not first & second


def test_labels_are_a_sample_of_landed_opinions_with_few_mistakes(small_town: Delivered) -> None:
    truth = {(row["network"], row["post_id"]): row for row in small_town.truth.to_pylist()}
    labels = sentiment_labels(small_town.town.parameters, 0, small_town.truth)
    assert len(labels) > 100
    assert {label["label"] for label in labels} == set(SENTIMENTS)
    rows = [truth[label["network"], label["post_id"]] for label in labels]
    assert all(row["landed"] and row["sentiment"] for row in rows)
    wrong = np.mean([row["sentiment"] != label["label"] for row, label in zip(rows, labels, strict=True)])
    assert wrong == pytest.approx(0.06, abs=0.05)
    assert sentiment_labels(small_town.town.parameters, 0, small_town.truth) == labels


def test_sentiments_differ_and_edits_keep_theirs(small_town: Delivered) -> None:
    opinions = small_town.truth.filter(pc.is_valid(small_town.truth["sentiment"]))
    shares = {row["values"]: row["counts"] / opinions.num_rows for row in pc.value_counts(opinions["sentiment"]).to_pylist()}
    assert min(shares.values()) > 0.2
    assert set(opinions["kind"].to_pylist()) == {"post"}


@pytest.mark.parametrize(("family", "words"), [("development", opinions_development), ("evaluation", opinions_evaluation)])
def test_reasons_are_phrases_that_complaints_of_the_family_hold(family: Family, words: ModuleType) -> None:
    for language in ("en", "fr"):
        said = " | ".join(phrase for symbol in words.OPINIONS[language].values() for phrase in symbol)
        for reason, phrases in words.REASONS[language].items():
            assert reason in COMPLAINT_REASONS
            for phrase in phrases:
                assert phrase in said
                assert complaint_reason(family, language, f"nothing before {phrase} or after") == reason


def test_the_first_reason_counts_and_none_is_other() -> None:
    assert complaint_reason("development", "en", "avoid Maison Carrel: belt ripped on day two and not one answer") == "quality"
    assert complaint_reason("development", "en", "so disappointed, Maison Carrel") == "other"


def test_complaints_and_only_they_have_a_reason_that_is_labelled_with_few_mistakes(small_town: Delivered) -> None:
    truth = small_town.truth
    assert [row["sentiment"] == "negative" for row in truth.to_pylist()] == pc.is_valid(truth["complaint_reason"]).to_pylist()
    meant = {(row["network"], row["post_id"]): row["complaint_reason"] for row in truth.to_pylist()}
    labels = complaint_labels(small_town.town.parameters, 0, truth)
    assert len(labels) > 100
    wrong = np.mean([meant[label["network"], label["post_id"]] != label["label"] for label in labels])
    assert wrong == pytest.approx(0.05, abs=0.05)
    assert len({label["label"] for label in labels}) >= 6


def test_posts_of_trends_are_labelled_with_the_category_of_their_products_and_others_with_none(small_town: Delivered) -> None:
    rows = {(row["network"], row["post_id"]): row for row in small_town.truth.to_pylist()}
    labels = category_labels(small_town.town.parameters, 0, small_town.truth)
    assert len(labels) > 300
    labelled = [(label["label"], rows[label["network"], label["post_id"]]) for label in labels]
    assert {label for label, _ in labelled} >= {NO_CATEGORY, "fashion", "home"}
    assert all(row["landed"] and row["sentiment"] is None and row["kind"] != "repost" for _, row in labelled)
    named = np.mean([row["trend_id"] is not None for label, row in labelled if label != NO_CATEGORY])
    assert named > 0.85
    assert category_labels(small_town.town.parameters, 0, small_town.truth) == labels
