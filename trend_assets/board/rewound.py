"""The board as of a moment: the control, the address (?as_of=2026-09-10T14) and the banner.

What belongs here: which moment is shown and how it is chosen. What doesn't: what was known then (``warehouse/history.py``), pages.

A rewound page can only be read: what was decided since cannot be undone by answering an old card.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import streamlit as st

from trend_assets.board import cache
from trend_assets.board.view import language, notice, now, quiet, say
from trend_assets.board.words import LANGUAGES, Language, day, text
from trend_assets.operations.rewind import RewindError, check_moment, parse_moment

ASKED, DAY, HOUR = "as_of", "as_of_day", "as_of_hour"
END_OF_DAY = -1


def read_address() -> None:
    """Take the moment of the address, once a session; what is no moment, or lies outside the lake, is said."""
    if cache.AS_OF in st.session_state:
        return
    asked = st.query_params.get(ASKED, "")
    _choose(asked)


def _choose(asked: str) -> None:
    """Show the moment from now on, or today where it is empty or none."""
    st.session_state[cache.AS_OF] = None
    if not asked:
        return
    try:
        moment = parse_moment(asked)
        check_moment(cache.settings(), moment, datetime.now(UTC))
    except RewindError as error:
        st.session_state["failure"] = str(error)
        return
    st.session_state[cache.AS_OF] = moment


def written(moment: datetime) -> str:
    """A moment as the address has it: a day where it is its end."""
    if moment + timedelta(microseconds=1) == datetime(moment.year, moment.month, moment.day, tzinfo=UTC) + timedelta(days=1):
        return moment.date().isoformat()
    return f"{moment:%Y-%m-%dT%H:%M}"


def told(of: Language, moment: datetime) -> str:
    """A moment in words: day and time, UTC."""
    if len(written(moment)) == 10:
        return f"{day(of, moment.date())} {moment.year}, {text(of, 'as_of_end_of_day')}"
    return f"{day(of, moment.date())} {moment.year}, {moment:%H:%M} UTC"


def control() -> None:
    """The button that opens the choice of a day and an hour."""
    moment = cache.as_of_chosen()
    settings = cache.settings()
    newest = (now() - timedelta(microseconds=1)).date()
    oldest = min(settings.lake_start.date(), newest)
    with st.popover(say("as_of"), icon=":material/history:"):
        st.date_input(
            say("as_of_day"),
            value=min(max(moment.date(), oldest), newest) if moment else newest,  # an address may ask for a moment beyond the lake
            min_value=oldest,
            max_value=newest,
            key=DAY,
        )
        st.selectbox(
            say("as_of_hour"),
            [END_OF_DAY, *range(24)],
            format_func=lambda hour: say("as_of_end_of_day") if hour == END_OF_DAY else f"{hour:02d}:00 UTC",
            key=HOUR,
        )
        st.button(say("as_of_show"), key="as_of_show", type="primary", on_click=_from_control)
        quiet(say("as_of_help"))
    _keep_address(moment)


def _from_control() -> None:
    chosen, hour = st.session_state.get(DAY), st.session_state.get(HOUR, END_OF_DAY)
    if isinstance(chosen, date):
        _choose(chosen.isoformat() if hour == END_OF_DAY else f"{chosen.isoformat()}T{hour:02d}")


def _keep_address(moment: datetime | None) -> None:
    """A link copied from the address shows the same."""
    if moment is None:
        if ASKED in st.query_params:
            del st.query_params[ASKED]
    elif st.query_params.get(ASKED) != written(moment):
        st.query_params[ASKED] = written(moment)


def banner(*, rewinds: bool) -> None:
    """What the page shows where a moment is chosen: that moment, or in spite of it today."""
    moment = cache.as_of_chosen()
    if moment is None:
        return
    of = language() if language() in LANGUAGES else "en"
    notice(say("as_of_banner" if rewinds else "as_of_not_here", moment=told(of, moment)))
    st.button(say("as_of_now"), key="as_of_now", icon=":material/update:", on_click=_choose, args=("",))
