"""Who is amplified most: overall and for a trend, under pseudonyms.

What belongs here: the page and the table of a ranking. What doesn't: the ranking's method (``lib/influence``).
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from trend_assets.board import cache, data, look
from trend_assets.board.data import Row
from trend_assets.board.sections.live import live_now
from trend_assets.board.view import heading, language, quiet, say, show, sql_hint
from trend_assets.board.words import amount, long_day, number

MOST = 15


def page() -> None:
    """The ranking of a day, overall or of a topic."""
    heading(say("page_influencers"))
    live_now("influencers/live_rankings", lambda rows: ranking(rows, say("no_influencers")))
    days = cache.ask(data.influencer_days)
    if not days:
        heading(say("no_influencers"))
        return
    where, which = st.columns([1, 2])
    with where:
        chosen = st.selectbox(say("day"), days, format_func=lambda one: long_day(language(), one), key="influence_day")
    labels = {row["scope"]: row["label"] for row in cache.ask(data.topics_with_influencers, chosen)}
    with which:
        scope = st.selectbox(
            say("scope"),
            ["overall", *labels],
            format_func=lambda one: say("overall") if one == "overall" else labels.get(one, one),
            key=f"scope-{chosen}",
        )
    rows = cache.ask(data.influencers, chosen, scope, MOST)
    if rows:
        quiet(say("influence_help", hours=number(language(), rows[0]["half_life_hours"])))
    ranking(rows, say("no_influencers"))
    quiet(say("pseudonyms"))
    which_rows = f"day = date '{chosen.isoformat()}' and scope = '{scope}'"
    sql_hint(f"select * from warehouse.mart_influencers where {which_rows} order by rank;")  # noqa: S608 - a hint to read


def ranking(rows: Sequence[Row], none: str, *, narrow: bool = False) -> None:
    """A ranking as a table, or as a list where there is little room; ``none`` is said where it is empty."""
    if not rows:
        quiet(none)
        return
    if narrow:
        show(look.block(look.bullets([f"{row['author']} ({row['network']}): {row['reason']}" for row in rows])))
        return
    headings = [say(key) for key in ("author", "score", "amplifiers", "interactions", "reason")]
    told = [
        [
            f"{row['rank']}. {row['author']} ({row['network']})",
            amount(language(), round(row["score"], 1)),
            number(language(), row["amplifiers_24h"]),
            number(language(), row["interactions_24h"]),
            row["reason"],
        ]
        for row in rows
    ]
    show(look.block(look.grid(headings, told, figures=(1, 2, 3))))
