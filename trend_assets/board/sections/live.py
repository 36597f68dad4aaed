"""Right now: the newest rows of a live table, drawn anew every few seconds without a click.

What belongs here: the block around them. What doesn't: how the rows of a page look (the page), reading them (``lake_data.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import streamlit as st

from trend_assets.board import cache, lake_data
from trend_assets.board.data import Row
from trend_assets.board.view import heading, language, notice, now, quiet, say
from trend_assets.board.words import moment

COUNTED = timedelta(hours=1)
"""Live rows count the last sixty minutes."""
TOLD_WITHIN = timedelta(minutes=6)
"""Collectors tell of an interruption that goes on in pieces of five minutes: one that was told of so recently may go on."""
REFRESH_SECONDS = 3.0
"""How often the block is drawn anew. With the age of a kept answer (``cache.LIVE_SECONDS``): five seconds at most to the page."""


def live_now(path: str, shown: Callable[[Sequence[Row]], None]) -> None:
    """The newest rows of a live table, marked as provisional, as ``shown`` puts them on the page; nothing where there is none."""
    past = cache.settings().lake_end is not None
    st.fragment(_block, run_every=None if past else REFRESH_SECONDS)(path, shown)


def _tell_of_gaps(as_of: datetime) -> None:
    """What of the hour that ends now may not have been collected: a curve that falls then is no trend that ends."""
    for one in cache.ask_lake(lake_data.missed_posts, as_of - COUNTED, as_of + timedelta(minutes=1), seconds=cache.LIVE_SECONDS):
        begin, end = (moment(language(), edge) for edge in (one.begin, one.end))
        key = "gap_since" if as_of - one.end <= TOLD_WITHIN else "gap_between"
        notice(say(key, begin=begin, end=end, network=one.network, reason=say(f"gap_{one.reason}")))


def _block(path: str, shown: Callable[[Sequence[Row]], None]) -> None:
    found = cache.ask_lake(lake_data.live, path, seconds=cache.LIVE_SECONDS)
    if found is None:
        return
    as_of = moment(language(), found.as_of.astimezone(UTC))
    with st.container(border=True):
        heading(f"{say('live_now')} ({say('provisional')})", "h4")
        if found.stopped(now()):
            notice(say("live_stopped", moment=as_of))
            return
        minutes = max(int((now() - found.as_of).total_seconds() / 60), 0)
        lag = say("closed_lake") if cache.settings().lake_end is not None else say("lag", minutes=minutes)
        quiet(say("provisional_help", moment=as_of, lag=lag))
        _tell_of_gaps(found.as_of.astimezone(UTC).replace(second=0, microsecond=0))
        shown(found.rows)
