"""Categories and reasons of complaints: the network learns them, is stored without words, and says why it can't learn."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from trend_assets.lib.learning.curves import collected
from trend_assets.lib.learning.discovery import load_task
from trend_assets.lib.learning.store import SpacyModel, model_from_files, model_to_files
from trend_assets.lib.simulation.opinions import COMPLAINT_REASONS, complaint_reason
from trend_assets_tests.lib.learning.opinions import opinion_posts

REASON, CATEGORY = load_task("complaint_reason"), load_task("post_category")


def _complaints(count: int, seed: int) -> pa.Table:
    posts = opinion_posts(count, seed=seed)
    posts = posts.filter(pa.array([sentiment == "negative" for sentiment in posts["sentiment"].to_pylist()]))
    rows = zip(posts["language"].to_pylist(), posts["clean_text"].to_pylist(), strict=True)
    return posts.append_column("label", pa.array([complaint_reason("development", language, text) for language, text in rows]))


@pytest.fixture(scope="module")
def complaints() -> pa.Table:
    return _complaints(900, seed=1)


@pytest.fixture(scope="module")
def network(complaints: pa.Table) -> SpacyModel:
    model: SpacyModel = REASON.train(complaints, REASON.default_options)
    return model


def _share_right(model: object, posts: pa.Table) -> float:
    told = REASON.predict(model, posts).argmax(axis=1)
    return float(np.mean([REASON.labels[place] == label for place, label in zip(told.tolist(), posts["label"].to_pylist(), strict=True)]))


def test_labels_are_those_the_town_writes() -> None:
    assert REASON.labels == COMPLAINT_REASONS


@pytest.mark.parametrize("method", ["cnn", "linear"])
def test_either_method_tells_reasons_of_other_complaints(complaints: pa.Table, method: str) -> None:
    model = REASON.train(complaints, {"method": method})
    assert isinstance(model, SpacyModel) == (method == "cnn")
    held = _complaints(400, seed=2)
    common = max(map(held["label"].to_pylist().count, COMPLAINT_REASONS)) / held.num_rows
    assert _share_right(model, held) > common + 0.35


def test_the_same_examples_give_the_same_bytes_in_any_order_and_leave_chance_as_it_was(complaints: pa.Table) -> None:
    few = complaints.slice(0, 60)
    np.random.seed(7)
    before = np.random.get_state()[1].copy()
    files = model_to_files(REASON.train(few, REASON.default_options))
    assert (np.random.get_state()[1] == before).all()
    np.random.seed(8)
    assert model_to_files(REASON.train(few.take(list(range(59, -1, -1))), REASON.default_options)) == files


def test_what_is_loaded_says_the_same_and_holds_no_word_of_a_post(network: SpacyModel, complaints: pa.Table) -> None:
    files = model_to_files(network)
    loaded = model_from_files(files)
    assert (REASON.predict(loaded, complaints) == REASON.predict(network, complaints)).all()
    words = {word for text in complaints["clean_text"].to_pylist() for word in text.lower().split() if len(word) > 6 and word.isalpha()}
    words -= set(REASON.labels)
    assert len(words) > 50
    fresh = model_to_files(REASON.train(complaints.slice(0, 40), REASON.default_options))
    assert not [word for word in words if any(word.encode() in data for data in (*files.values(), *fresh.values()))]


def test_what_decides_when_to_stop_shares_no_author_and_no_text_with_what_is_learnt(
    complaints: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trend_assets.lib.learning import text_network

    held: list[str] = []
    judged = text_network._judged
    monkeypatch.setattr(text_network, "_judged", lambda nlp, read, *rest: (held.extend(read), judged(nlp, read, *rest))[1])
    monkeypatch.setattr(text_network, "EPOCHS", 1)
    names = [first + second for first in "abcdefghij" for second in "klmnopqrstuvwxyzåäöü"]
    texts = [f"{text} {name}" for text, name in zip(complaints["clean_text"].to_pylist(), names, strict=False)]
    texts[199] = texts[3].upper() + "!"
    labels, authors = complaints["label"].to_pylist()[:200], [f"author {name}" for name in names]
    authors[198] = authors[5]
    authors[197] = authors[196] = ""
    text_network.fit_text_network(texts, labels, REASON.labels, authors)
    read = text_network._read(texts)
    assert held == read[170:198]  # of the newest 30 two are known


def test_where_nobody_new_wrote_last_all_examples_are_learnt_from(complaints: pa.Table) -> None:
    few = complaints.slice(0, 160)
    one = few.set_column(few.schema.get_field_index("author"), "author", pa.array(["the same"] * 160))
    with collected() as curves:
        REASON.train(one, REASON.default_options)
    assert "held_log_loss" not in curves
    assert len(curves["loss"]) > 2


def test_curves_are_reported(complaints: pa.Table) -> None:
    with collected() as curves:
        REASON.train(complaints, REASON.default_options)
    assert len(curves["loss"]) == len(curves["held_log_loss"]) == len(curves["held_macro_f1"]) > 2
    assert curves["loss"][-1][1] < curves["loss"][0][1]


@pytest.mark.parametrize("task", [REASON, CATEGORY])
@pytest.mark.parametrize("method", ["cnn", "linear"])
def test_bad_examples_are_refused_with_the_reason(task: object, method: str) -> None:
    posts = opinion_posts(40, seed=1)
    two = pa.array([task.labels[number % 2] for number in range(40)])  # type: ignore[attr-defined]

    def trained(table: pa.Table, labels: pa.Array) -> object:
        return task.train(table.append_column("label", labels), {"method": method})  # type: ignore[attr-defined]

    place = posts.schema.get_field_index("clean_text")
    with pytest.raises(ValueError, match="1 class of two or more"):
        trained(posts, pa.array([task.labels[0]] * 40))  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="none of the 40 examples has a text"):
        trained(posts.set_column(place, "clean_text", pa.nulls(40, pa.string())), two)
    with pytest.raises(ValueError, match=r"all 40 texts .* are the same"):
        trained(posts.set_column(place, "clean_text", pa.array(["the same words"] * 40)), two)
    model = trained(posts.slice(0, 10), two.slice(0, 10))
    assert task.predict(model, posts).shape == (40, len(task.labels))  # type: ignore[attr-defined]


def test_posts_without_words_without_text_or_none_at_all_are_answered(network: SpacyModel) -> None:
    posts = opinion_posts(4, seed=3)
    texts = pa.array(["", None, "   ", "🙂 https://t.co/abc"])
    odd = posts.set_column(posts.schema.get_field_index("clean_text"), "clean_text", texts)
    told = REASON.predict(network, odd)
    assert told.shape == (4, len(REASON.labels))
    assert np.allclose(told.sum(axis=1), 1.0)
    assert REASON.predict(network, posts.slice(0, 0)).shape == (0, len(REASON.labels))
