"""What every page of the board does with Streamlit: language, headings, HTML, the hint how to ask the same in SQL.

What belongs here: helpers of several pages. What doesn't: any page (``sections/``).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import streamlit as st

from trend_assets.board import cache, data
from trend_assets.board.look import block
from trend_assets.board.markup import Html, element
from trend_assets.board.words import LANGUAGES, Language, text


def language() -> Language:
    """The chosen language: of the session, else of the address (?lang=fr), else of the settings."""
    chosen = st.session_state.get("language")
    return chosen if chosen in LANGUAGES else "en"


def say(key: str, **values: Any) -> str:
    """A text in the chosen language."""
    return text(language(), key, **values)


def show(markup: Html) -> None:
    """Put escaped markup on the page."""
    st.html(markup)


def heading(words: str, level: str = "h3") -> None:
    """A heading; plain text, so a trend's label may be in it."""
    show(block(element(level, words)))


def notice(words: str) -> None:
    """A remark that must not be overlooked."""
    show(block(element("p", words, class_="notice")))


def quiet(words: str) -> None:
    """A remark in passing."""
    show(block(element("p", words, class_="quiet")))


def sql_hint(*statements: str) -> None:
    """How an analyst asks the same."""
    with st.expander(say("sql_hint")):
        for statement in statements:
            st.code(statement, language="sql", wrap_lines=True)


def now() -> datetime:
    """The clock, or the end of the data where the lake is of the past."""
    return cache.settings().lake_end or datetime.now(UTC)


def reference_day(chosen: date, newest: date) -> date:
    """The day that counts as today on the page of ``chosen``: the calendar's for the newest day of a lake that grows."""
    if cache.settings().lake_end is None and chosen == newest:
        return max(datetime.now(UTC).date(), chosen)
    return chosen


def currency() -> str:
    """The retailer's currency, empty where there are several or none."""
    return cache.ask(data.currency)
