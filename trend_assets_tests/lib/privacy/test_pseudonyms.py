from __future__ import annotations

import pytest

from trend_assets.lib.privacy.pseudonyms import Pseudonyms


def test_the_same_account_has_the_same_pseudonym_under_one_key_only():
    assert Pseudonyms("a").account_id("x", "12") == Pseudonyms("a").account_id("x", "12")
    assert Pseudonyms("a").account_id("x", "12") != Pseudonyms("b").account_id("x", "12")


def test_networks_ids_and_handles_are_different_name_spaces():
    names = Pseudonyms("a")
    assert len({names.account_id("x", "12"), names.account_id("bluesky", "12"), names.handle("x", "12")}) == 3


def test_handles_are_compared_without_case_and_at_sign():
    names = Pseudonyms("a")
    assert names.handle("x", "@Maison") == names.handle("x", "maison")


def test_the_form_is_sixteen_hexadecimal_characters_also_when_the_cache_overflows(monkeypatch):
    monkeypatch.setattr("trend_assets.lib.privacy.pseudonyms._CACHED", 10)
    names = Pseudonyms("a")
    first = names.account_id("x", "0")
    for number in range(100):
        assert len(names.account_id("x", str(number))) == 16
    assert names.account_id("x", "0") == first
    int(first, 16)


def test_an_empty_key_is_refused():
    with pytest.raises(ValueError, match="TREND_ASSETS_PSEUDONYM_KEY"):
        Pseudonyms("")
