"""Opinions about the retailer: in the words of their family, without disturbing any other post, labelled with few mistakes."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
import pytest

from trend_assets.lib.simulation import opinions_development, opinions_evaluation
from trend_assets.lib.simulation.compose import Composer
from trend_assets.lib.simulation.delivery import Town
from trend_assets.lib.simulation.opinions import NO_OPINION, SENTIMENTS, hand_labels
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
    labels = hand_labels(small_town.town.parameters, 0, small_town.truth)
    assert len(labels) > 100
    assert {label["label"] for label in labels} == set(SENTIMENTS)
    rows = [truth[label["network"], label["post_id"]] for label in labels]
    assert all(row["landed"] and row["sentiment"] for row in rows)
    wrong = np.mean([row["sentiment"] != label["label"] for row, label in zip(rows, labels, strict=True)])
    assert wrong == pytest.approx(0.06, abs=0.05)
    assert hand_labels(small_town.town.parameters, 0, small_town.truth) == labels


def test_sentiments_differ_and_edits_keep_theirs(small_town: Delivered) -> None:
    opinions = small_town.truth.filter(pc.is_valid(small_town.truth["sentiment"]))
    shares = {row["values"]: row["counts"] / opinions.num_rows for row in pc.value_counts(opinions["sentiment"]).to_pylist()}
    assert min(shares.values()) > 0.2
    assert set(opinions["kind"].to_pylist()) == {"post"}
