"""The entry that Streamlit runs (`trend-assets board`): language, pages, and what is said while there are no data.

What belongs here: the frame around the pages. What doesn't: any page (``sections/``).
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import streamlit as st

from trend_assets.board import cache, rewound
from trend_assets.board.look import STYLE
from trend_assets.board.markup import style_sheet
from trend_assets.board.sections import decisions, health, influencers, labels, scoreboard, trends
from trend_assets.board.view import heading, notice, say, show
from trend_assets.board.words import LANGUAGES
from trend_assets.lake.manifest import CorruptionError, UnsupportedFormatError
from trend_assets.warehouse.engine import WarehouseBusyError, WarehouseMissingError
from trend_assets.warehouse.history import NoHistoryError

_FRAME = """
.block-container, [data-testid="stMainBlockContainer"] { max-width: 1180px; padding-top: 1.2rem; padding-bottom: 3rem; }
[data-testid="stMarkdownContainer"] { overflow-wrap: anywhere; }
[data-testid="stHeader"] { background: transparent; height: 1rem; min-height: 1rem; }
"""


# Pages that can show a moment of the past; the others show persons, or how we are doing today.
REWOUND_PAGES = ("decisions", "trends")


def _guarded(page: Callable[[], None]) -> Callable[[], None]:
    """A page that says what to do where nothing has been published, or what has been is damaged or of another version."""
    rewinds = page.__module__.rpartition(".")[2] in REWOUND_PAGES

    def guarded() -> None:
        st.session_state[cache.PAGE_REWINDS] = rewinds
        try:
            rewound.banner(rewinds=rewinds)
            page()
        except NoHistoryError as error:
            _wants_a_look("unreadable", error)
        except WarehouseMissingError:
            notice(say("not_published"))
        except WarehouseBusyError:
            notice(say("warehouse_busy"))
        except duckdb.Error as error:
            _wants_a_look("warehouse_damaged", error)
        except (CorruptionError, UnsupportedFormatError, OSError, ValueError) as error:
            _wants_a_look("unreadable", error)

    guarded.__name__ = page.__module__.rpartition(".")[2]
    return guarded


def _wants_a_look(words: str, error: Exception) -> None:
    heading(say("health_look"))
    notice(say(words, reason=str(error)))


def main() -> None:
    """Draw the board once (Streamlit calls it again at every click)."""
    st.set_page_config(page_title="trend_assets", page_icon="📈", layout="wide", initial_sidebar_state="collapsed")
    show(style_sheet(STYLE + _FRAME))
    if "language" not in st.session_state:
        asked = st.query_params.get("lang", cache.settings().digest_language)
        st.session_state["language"] = asked if asked in LANGUAGES else "en"
    rewound.read_address()
    pages = [
        st.Page(_guarded(module.page), title=say(f"page_{name}"), icon=icon, url_path=name, default=name == "decisions")
        for name, module, icon in (
            ("decisions", decisions, ":material/checklist:"),
            ("trends", trends, ":material/trending_up:"),
            ("influencers", influencers, ":material/groups:"),
            ("scoreboard", scoreboard, ":material/fact_check:"),
            ("labels", labels, ":material/label:"),
            ("health", health, ":material/monitor_heart:"),
        )
    ]
    # links of our own: Streamlit's navigation hides on a telephone
    chosen = st.navigation(pages, position="hidden")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small", key="frame"):
        for one in pages:
            st.page_link(one, width="content")
        st.radio(
            say("language"),
            list(LANGUAGES),
            format_func=LANGUAGES.__getitem__,
            key="language",
            horizontal=True,
            label_visibility="collapsed",
        )
        rewound.control()
        with st.popover(say("you")):
            st.text_input(say("your_name"), key="who", max_chars=40)
    failure = st.session_state.pop("failure", None)
    if failure:
        notice(failure)
    chosen.run()


main()
