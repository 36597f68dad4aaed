"""Were we right before? By category beside the best simple method, with one alert that was right and one rise that was missed.

What belongs here: the page. What doesn't: sums and examples (``board/scoreboard.py``), verdicts (``lib/demand/lead_time.py``).
"""

from __future__ import annotations

import streamlit as st

from trend_assets.board import cache, data, look, scoreboard, sentences
from trend_assets.board.markup import element
from trend_assets.board.view import heading, language, quiet, say, show, sql_hint
from trend_assets.board.words import number
from trend_assets.lib.demand.track_records import CategoryRecord, Record


def page() -> None:
    """The record until the newest day with trends: a sentence, two examples, a table by category that hides no defeat."""
    days = cache.ask(data.days_with_trends)
    told = cache.ask(scoreboard.records, days[0]) if days else []
    if not told:
        heading(say("scoreboard_none"))
        quiet(say("scoreboard_help"))
        return
    names = ("hits", "late", "misses", "false_alarms")
    heading(say("scoreboard_summary", **{name: sum(getattr(one.ours, name) for one in told) for name in names}))
    lines = [sentences.scored(language(), row) for row in cache.ask(scoreboard.examples, days[0]) if row is not None]
    show(look.block(look.bullets(lines)))
    st.dataframe([_row(one, record) for one in told for record in (one.ours, one.naive) if record is not None], hide_index=True)
    for one in told:
        show(look.block(element("p", element("b", one.category), f" – {say('scoreboard_verdict')} {_verdict(one)}")))
    quiet(say("scoreboard_help"))
    sql_hint(
        "select method, category, outcome, count(*) from demand.lead_time_scores where outcome not in ('open', 'repeat')\n"
        "group by method, category, outcome order by category, method, outcome;"
    )


def _row(one: CategoryRecord, record: Record) -> dict[str, str | int]:
    """A line of the table."""
    lead = "–" if record.mean_lead is None else number(language(), record.mean_lead, 1)
    return {
        say("category"): one.category,
        " ": say(f"scoreboard_{record.method}"),
        say("hits"): record.hits,
        say("told_late"): record.late,
        say("misses"): record.misses,
        say("false_alarms"): record.false_alarms,
        say("lead_days"): lead,
        say("f1"): number(language(), record.f1, 2),
    }


def _verdict(one: CategoryRecord) -> str:
    method = "" if one.naive is None else say(f"scoreboard_{one.naive.method}")
    return say(f"scoreboard_{one.verdict}", method=method)
