"""Can the numbers be trusted today? Freshness, the counting identity, checks, refused records, alerts.

What belongs here: the page. What doesn't: what is measured (``health.py``, ``lake_data.py``).
"""

from __future__ import annotations

from collections import Counter

import streamlit as st

from trend_assets.board import cache, data, health, lake_data, look
from trend_assets.board.health import CheckResult
from trend_assets.board.view import heading, language, now, quiet, say, show, sql_hint
from trend_assets.board.words import amount, moment, number
from trend_assets.tables import TABLES

NO_LAG = (
    "demand/product_trend_links",
    "demand/unserved_trends",
    "demand/decision_cards",
    "demand/card_responses",
    "demand/sales_uplifts",
    "demand/naive_alerts",
    "demand/lead_time_scores",
    "social/quarantined_posts",
    "social/deletions",
)
"""Tables whose newest partition says nothing about freshness: on many days there is nothing to put into one."""

MOST_HOURS = 3


def page() -> None:
    """Freshness, completeness, checks, alerts: a verdict first, then each."""
    fresh = cache.ask_lake(lake_data.freshness, now(), seconds=60) if cache.settings().lake_end else _growing()
    accounts = cache.ask_lake(lake_data.accounts, seconds=60)
    verdict = st.container()
    _freshness(fresh)
    _identity(accounts)
    _quarantine(accounts.refused)
    heading(say("checks"), "h4")
    with st.spinner(""):  # the event log takes seconds to open the first time; the rest of the page does not wait for it
        checks, unreadable = _checks()
    _check_table(checks, unreadable)
    failed = [one for one in checks if one.state == "failed"]
    good = not failed and not unreadable and accounts.exact and not any(_late(one) for one in fresh)
    with verdict:
        warned = sum(one.state == "warned" for one in checks)
        told = say("health_warned", count=warned) if warned else say("health_good")
        heading(told if good else say("health_look"))
    _alerts()
    sql_hint("select outcome, sum(records) from social.landing_counts group by outcome;", "-- trend-assets check runs every check again")


def _growing() -> list[lake_data.Freshness]:
    """Against the clock to the minute, so that the cache is of use."""
    return cache.ask_lake(lake_data.freshness, now().replace(second=0, microsecond=0))


def _late(one: lake_data.Freshness) -> bool:
    return one.path not in NO_LAG and health.late(
        TABLES[one.path].partition, one.hours_behind - _surplus(), cache.settings().seal_after_hours
    )


def _surplus() -> float:
    """Hours that a lake of the past leaves open at its end: a simulated town has room after its last day."""
    end = cache.ask(data.end_of_data)
    return 0.0 if cache.settings().lake_end is None or end is None else max((now() - end).total_seconds() / 3600, 0.0)


def _freshness(fresh: list[lake_data.Freshness]) -> None:
    end = cache.ask(data.end_of_data)
    heading(say("freshness"), "h4")
    if end is not None:
        quiet(f"{say('fresh_until', moment=moment(language(), end))}, {say('against', moment=moment(language(), now()))}.")
    headings = [say(key) for key in ("table", "newest", "behind")] + [""]
    rows = [
        [one.path, one.newest, amount(language(), round(one.hours_behind, 1)), _state(late=_late(one)) if one.path not in NO_LAG else "–"]
        for one in fresh
    ]
    with st.expander(f"{say('table')} ({len(rows)})"):
        show(look.block(look.grid(headings, rows, figures=(2,))))


def _state(*, late: bool) -> str:
    return f"▲ {say('late')}" if late else f"● {say('good')}"


def _identity(accounts: lake_data.Accounts) -> None:
    heading(say("identity"), "h4")
    since = "–" if accounts.since is None else moment(language(), accounts.since)
    records = number(language(), sum(accounts.outcomes.values()))
    quiet(say("identity_exact", records=records, since=since) if accounts.exact else say("identity_off", since=since))
    if accounts.open_hours:
        quiet(say("identity_open", count=accounts.open_hours))
    headings = [say(key) for key in ("outcome", "counted", "held")] + [""]
    rows = [
        [one.outcome, number(language(), one.counted), f"{number(language(), one.held)} ({one.table})", _verdict(one)]
        for one in accounts.rows
    ]
    rows += [[name, number(language(), accounts.outcomes.get(name, 0)), "–", ""] for name in ("duplicate", "ignored")]
    show(look.block(look.grid(headings, rows, figures=(1, 2))))


def _verdict(account: lake_data.Account) -> str:
    if account.exact:
        return "● ="
    more = f" +{len(account.differing) - MOST_HOURS}" if len(account.differing) > MOST_HOURS else ""
    return f"▲ ≠ {', '.join(account.differing[:MOST_HOURS])}{more}"


def _quarantine(refused: tuple[tuple[str, int], ...]) -> None:
    with st.expander(f"{say('quarantined')} ({number(language(), sum(records for _, records in refused))})"):
        show(look.block(look.bullets([f"{reason}: {number(language(), records)}" for reason, records in refused])))


@st.cache_resource(ttl=60, show_spinner=False)
def _read_checks(storage: str) -> list[CheckResult] | str:  # noqa: ARG001 - another data folder has other results
    try:
        return health.check_results()
    except OSError as error:
        return str(error)


def _checks() -> tuple[list[CheckResult], str]:
    found = _read_checks(cache.settings().data)
    return ([], found) if isinstance(found, str) else (found, "")


def _check_table(checks: list[CheckResult], unreadable: str) -> None:
    if unreadable:
        quiet(say("checks_unknown", reason=unreadable))
        return
    states = Counter(one.state for one in checks)
    quiet(say("checks_passed", passed=states["passed"], total=len(checks)))
    told = [one for one in checks if one.state != "passed"]
    if told:
        marks = {"failed": f"✕ {say('failed')}", "warned": f"▲ {say('warned')}"}
        headings = [say(key) for key in ("check", "when", "reason")]
        rows = [[f"{marks[one.state]}: {one.asset} · {one.name}", moment(language(), one.at), one.message or "–"] for one in told]
        show(look.block(look.grid(headings, rows)))


def _alerts() -> None:
    heading(say("alerts"), "h4")
    try:
        found = health.newest_alerts(cache.settings())
    except OSError as error:
        quiet(str(error))
        return
    if not found:
        quiet(say("no_alerts"))
    else:
        show(look.block(look.bullets([f"{one.at} {one.words}" for one in found])))
