"""The card says which languages a model was trained and judged on: from the data, whatever the task's file says."""

from __future__ import annotations

import pytest

from trend_assets.lib.learning.card import faults_of_card, limits, model_card


def test_languages_are_named_with_what_they_were_trained_and_judged_on() -> None:
    told = limits("Sarcasm is beyond it.", {"fr": (112, 12), "en": (250, 40), "de": (0, 3), "und": (9, 0)}, least=30)
    assert told == (
        "Sarcasm is beyond it. Languages (ISO 639-1): trained on en (250 examples), fr (112), und (9); judged on en (40), "
        "too few to judge by themselves: fr (12), de (3). No other language was tried."
    )


@pytest.mark.parametrize("languages", [{}, {"und": (20, 10)}])
def test_where_languages_are_unknown_nothing_is_said_of_them(languages: dict[str, tuple[int, int]]) -> None:
    assert limits("Of pictures.", languages, least=30) == "Of pictures."


def test_limits_that_the_task_does_not_give_stay_missing() -> None:
    card = model_card("one", {"Limits": limits("", {"en": (250, 40)}, least=30)})
    assert "the section 'Limits' is empty" in faults_of_card(card)
