"""What the board keeps between two clicks: rows of one publication, for a short time.

What belongs here: where warehouse and lake are, and the cache. What doesn't: queries (``data.py``).

Entries are keyed by the publication's identity, so a swap of the published file shows at the next click, and expire after a minute.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

from trend_assets.lake.lake import Lake
from trend_assets.settings import Environment, Settings, load_settings
from trend_assets.warehouse.engine import WarehouseEngine, open_warehouse

SECONDS = 60
LIVE_SECONDS = 2
"""Live tables change every few seconds, and the page asks for them nearly as often (``sections/live.py``)."""
_Result = TypeVar("_Result")


@st.cache_resource(show_spinner=False)
def _warehouse() -> WarehouseEngine:
    return open_warehouse(load_settings())


def _publication() -> str:
    """Identity of the publication. A question to the cloud costs more than one to a file, so there it is asked less often."""
    return _warehouse().identity() if load_settings().environment is Environment.DEV else _slow_publication()


@st.cache_resource(ttl=10, show_spinner=False)
def _slow_publication() -> str:
    return _warehouse().identity()


@st.cache_resource(show_spinner=False)
def lake() -> Lake:
    """The lake of the settings."""
    return Lake(load_settings().lake_root)


def settings() -> Settings:
    """The settings of this board."""
    return load_settings()


def ask(question: Callable[..., _Result], *arguments: Any) -> _Result:
    """The answer of a function of ``data.py`` to the current publication; rows are shared, do not change them."""
    return _answer(f"{question.__module__}.{question.__name__}", _publication(), arguments, _question=question)


@st.cache_resource(ttl=SECONDS, max_entries=500, show_spinner=False)
def _answer(name: str, of: str, arguments: tuple[Any, ...], _question: Callable[..., Any]) -> Any:  # noqa: ARG001
    return _question(_warehouse(), *arguments)


def ask_lake(question: Callable[..., _Result], *arguments: Any, seconds: int = SECONDS) -> _Result:
    """The answer of a function of ``lake_data.py`` or ``health.py``, at most ``seconds`` old (LIVE_SECONDS or SECONDS)."""
    answer = _live_answer if seconds <= LIVE_SECONDS else _lake_answer
    return answer(f"{question.__module__}.{question.__name__}", arguments, _question=question)


@st.cache_resource(ttl=LIVE_SECONDS, max_entries=100, show_spinner=False)
def _live_answer(name: str, arguments: tuple[Any, ...], _question: Callable[..., Any]) -> Any:  # noqa: ARG001 - part of the key
    return _question(lake(), *arguments)


@st.cache_resource(ttl=SECONDS, max_entries=100, show_spinner=False)
def _lake_answer(name: str, arguments: tuple[Any, ...], _question: Callable[..., Any]) -> Any:  # noqa: ARG001 - part of the key
    return _question(lake(), *arguments)
