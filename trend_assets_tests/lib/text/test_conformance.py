"""The conformance suite of twitter-text: every extract case and every weighted-length case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from trend_assets.lib.text.entities import (
    extract_cashtags,
    extract_hashtags,
    extract_mentions,
    extract_mentions_or_lists,
    extract_reply,
)
from trend_assets.lib.text.length import weighted_length
from trend_assets.lib.text.urls import Entity, extract_urls

_SUITE = Path(__file__).parent / "conformance"
# twitter-text's configuration under which a group's lengths hold.
_CONFIGURATIONS = {
    "WeightedTweetsCounterTest": 2,
    "WeightedTweetsWithDiscountedEmojiCounterTest": 3,
    "UnicodeDirectionalMarkerCounterTest": 3,
}


def _values(entities: list[Entity]) -> list[str]:
    return [entity.value for entity in entities]


def _named(entities: list[Entity], name: str) -> list[dict[str, Any]]:
    return [{name: entity.value, "indices": [entity.start, entity.end]} for entity in entities]


_EXTRACTORS = {
    "mentions": lambda text: _values(extract_mentions(text)),
    "mentions_with_indices": lambda text: _named(extract_mentions(text), "screen_name"),
    "mentions_or_lists_with_indices": lambda text: [
        {"screen_name": found.value, "list_slug": found.list_slug, "indices": [found.start, found.end]}
        for found in extract_mentions_or_lists(text)
    ],
    "replies": extract_reply,
    "urls": lambda text: _values(extract_urls(text)),
    "urls_with_indices": lambda text: _named(extract_urls(text), "url"),
    "urls_with_directional_markers": lambda text: _named(extract_urls(text), "url"),
    "tco_urls_with_params": lambda text: _values(extract_urls(text)),
    "hashtags": lambda text: _values(extract_hashtags(text)),
    "hashtags_from_astral": lambda text: _values(extract_hashtags(text)),
    "hashtags_with_indices": lambda text: _named(extract_hashtags(text), "hashtag"),
    "cashtags": lambda text: _values(extract_cashtags(text)),
    "cashtags_with_indices": lambda text: _named(extract_cashtags(text), "cashtag"),
}


def _cases(file: str) -> list[Any]:
    groups = yaml.safe_load((_SUITE / file).read_text(encoding="utf-8"))["tests"]
    return [pytest.param(group, case, id=f"{group}-{number}") for group, cases in groups.items() for number, case in enumerate(cases)]


@pytest.mark.parametrize(("group", "case"), _cases("extract.yml"))
def test_extracts_what_twitter_text_extracts(group: str, case: dict[str, Any]) -> None:
    assert _EXTRACTORS[group](case["text"]) == case["expected"], case["description"]


@pytest.mark.parametrize(("group", "case"), _cases("validate.yml"))
def test_counts_as_twitter_text_counts(group: str, case: dict[str, Any]) -> None:
    assert weighted_length(case["text"], _CONFIGURATIONS[group]) == case["expected"]["weightedLength"], case["description"]


def test_the_suite_is_whole() -> None:
    """238 extract and 44 length cases: a suite that lost cases would pass in silence."""
    assert len(_cases("extract.yml")) == 238
    assert len(_cases("validate.yml")) == 44


def test_every_top_level_domain_of_the_list_makes_a_url() -> None:
    from trend_assets.lib.text.urls import _TLDS

    assert len(_TLDS) == 1574
    assert [tld for tld in sorted(_TLDS) if _values(extract_urls(f"see https://twitter.{tld} now")) != [f"https://twitter.{tld}"]] == []
