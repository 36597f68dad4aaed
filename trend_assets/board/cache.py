"""What the board keeps between two clicks: rows of one publication, for a short time.

What belongs here: where warehouse and lake are, and the cache. What doesn't: queries (``data.py``).

Entries are keyed by the publication's identity, so a swap of the published file shows at the next click, and expire after a minute.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import streamlit as st

from trend_assets.lake.lake import Lake
from trend_assets.settings import Environment, Settings, load_settings
from trend_assets.warehouse.duckdb_engine import DuckDBWarehouse
from trend_assets.warehouse.engine import WarehouseEngine, open_warehouse
from trend_assets.warehouse.history import NoHistoryError, RewoundWarehouse

SECONDS = 60
AS_OF, PAGE_REWINDS = "moment_chosen", "page_rewinds"
"""In the session: the moment that pages show, if any, and whether the page that is drawn can show one."""
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


def as_of_chosen() -> datetime | None:
    """The moment that was chosen, None for today."""
    chosen = st.session_state.get(AS_OF)
    return chosen if isinstance(chosen, datetime) else None


def as_of() -> datetime | None:
    """The moment that the page being drawn shows, None for today."""
    return as_of_chosen() if st.session_state.get(PAGE_REWINDS, True) else None


def ask(question: Callable[..., _Result], *arguments: Any) -> _Result:
    """The answer of a function of ``data.py`` to the current publication, or to it as of the moment that the page shows.

    Rows are shared, do not change them.
    """
    return _answer(f"{question.__module__}.{question.__name__}", _publication(), as_of(), arguments, _question=question)


@st.cache_resource(ttl=SECONDS, max_entries=500, show_spinner=False)
def _answer(name: str, of: str, moment: datetime | None, arguments: tuple[Any, ...], _question: Callable[..., Any]) -> Any:  # noqa: ARG001
    return _question(_warehouse() if moment is None else _rewound(of, moment), *arguments)


@st.cache_resource(ttl=10 * SECONDS, max_entries=4, show_spinner=False)
def _rewound(of: str, moment: datetime) -> RewoundWarehouse:  # noqa: ARG001 - part of the key
    warehouse = _warehouse()
    if not isinstance(warehouse, DuckDBWarehouse):
        raise NoHistoryError(f"the board rewinds a published file; {warehouse.dialect} has none: trend-assets as-of reads the lake")
    return RewoundWarehouse(warehouse.path, moment)


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
