"""A trend: its curve beside orders and stock, why it is ranked, what it is linked to, posts that show it, who carries it.

What belongs here: the page. What doesn't: queries (``data.py``, ``lake_data.py``), charts (``charts.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import streamlit as st

from trend_assets.board import cache, charts, data, forecasts, lake_data, look, markets, sentences
from trend_assets.board.data import Row
from trend_assets.board.markup import element, join
from trend_assets.board.sections.influencers import ranking
from trend_assets.board.sections.live import live_now
from trend_assets.board.view import heading, language, quiet, say, show, sql_hint
from trend_assets.board.words import day as short_day
from trend_assets.board.words import long_day, moment, number, trend_name
from trend_assets.lake.lake import Lake
from trend_assets.lake.manifest import CorruptionError

DAYS_BEFORE, DAYS_AFTER = 7, 7
MOST_POSTS, MOST_AUTHORS, MOST_UNSERVED = 5, 5, 30


def page() -> None:
    """Pick a day and a trend."""
    if cache.as_of() is None:
        live_now("topics/live_trends", _raised_now)
        _terms()
    days = cache.ask(data.days_with_trends)
    if not days:
        heading(say("no_trends_at_all"))
        return
    where, which = st.columns([1, 2])
    with where:
        chosen = st.selectbox(
            say("day"), days, index=_first_shown(days), format_func=lambda one: long_day(language(), one), key="trend_day"
        )
    _about_us("about_us", data.EVERY_POST, chosen)
    everything = cache.ask(data.trends_of_day, chosen)
    suppressed_too = st.toggle(say("show_suppressed"), key="suppressed") if any(row["suppressed"] for row in everything) else False
    trends = [row for row in everything if suppressed_too or not row["suppressed"]]
    if not trends:
        quiet(say("no_trends"))
        return
    by_id = {row["topic_id"]: row for row in trends}
    with which:
        topic_id = st.selectbox(say("pick_trend"), list(by_id), format_func=lambda one: _option(by_id, one), key=f"trend-{chosen}")
    _trend(by_id[topic_id], chosen)
    _unserved(chosen)


def _first_shown(days: Sequence[date]) -> int:
    """The newest day with a trend that is not suppressed, among the newest few."""
    for place, day in enumerate(days[:14]):
        if any(not row["suppressed"] for row in cache.ask(data.trends_of_day, day)):
            return place
    return 0


def _option(by_id: dict[str, Row], topic_id: str) -> str:
    row = by_id.get(topic_id)
    return topic_id if row is None else f"{row['day_rank']}. {trend_name(language(), row['label'])} – {say(row['stage'])}"


def _trend(trend: Row, day: date) -> None:
    topic_id = trend["topic_id"]
    chips = [f"{say(trend['stage'])}", say(f"lane_{trend['lane']}")] + ([say("suppressed")] if trend["suppressed"] else [])
    head = [element("span", chip, class_="origin") for chip in chips]
    raised = moment(language(), trend["first_raised_at"].astimezone(UTC))
    counts = f"{number(language(), trend['posts'])} {say('posts')} · {say('raised')} {raised}"
    show(
        look.block(
            element("h3", trend_name(language(), trend["label"])),
            element("div", join(*head)),
            element("p", counts),
            element("p", trend["reason"]),
        )
    )
    _about_us("about_us_here", topic_id, day)
    links = cache.ask(data.links_of_trend, topic_id, day)
    _charts(trend, links, day)
    _forecast([row for row in links if row["linked"]], topic_id, day)
    left, right = st.columns(2, gap="large")
    with left:
        _links(links, trend, day)
        heading(say("carriers"), "h4")
        ranking(
            cache.ask(data.influencers, day, topic_id, MOST_AUTHORS),
            say("no_carriers" if cache.as_of() is None else "as_of_persons"),
            narrow=True,
        )
    with right:
        _posts(topic_id, day)
    _markets(topic_id, day)
    sql_hint(
        f"select hour, posts, stage from warehouse.fct_topic_hourly where topic_id = '{topic_id}' order by hour;",  # noqa: S608 - a hint to read
        f"select * from demand.product_trend_links where topic_id = '{topic_id}';",  # noqa: S608 - a hint to read
        f"select hour, label, posts, share from sentiment.topic_hours where topic_id in ('{topic_id}', 'all') order by hour;",  # noqa: S608 - a hint to read
    )


def _about_us(title: str, topic_id: str, day: date) -> None:
    """Sentiment of the day's posts; nothing without a model, or where too few name us."""
    found = cache.ask(data.sentiment, topic_id, day)
    if found is not None:
        told = f"{say(title)}{say('colon')}"
        show(look.block(element("p", element("b", told), sentences.sentiment(language(), found))))


def _charts(trend: Row, links: Sequence[Row], day: date) -> None:
    curve = cache.ask(data.trend_curve, trend["topic_id"])
    end_of_data = cache.ask(data.end_of_data)
    if not curve or end_of_data is None:
        return
    middle = trend["first_raised_at"].astimezone(UTC).replace(hour=0)
    end_of_day = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    first, last = middle - timedelta(days=DAYS_BEFORE), max(end_of_day, middle + timedelta(days=DAYS_AFTER))
    start_of_data = cache.ask(data.start_of_data)
    first, last = max(first, start_of_data or first), min(last, end_of_data) - timedelta(hours=1)
    linked = tuple(row["product_id"] for row in links if row["linked"])
    products = cache.ask(data.product_days, linked, first.date(), last.date())
    rows = [{**row, "hour": row["hour"].astimezone(UTC)} for row in curve]
    missed = cache.ask_lake(_missed, first, last + timedelta(hours=1))
    drawn = charts.trend_charts(language(), rows, [trend["first_raised_at"].astimezone(UTC)], products, first, last, missed)
    for number_of_chart, chart in enumerate(drawn):
        st.altair_chart(chart, width="stretch", key=f"chart-{trend['topic_id']}-{number_of_chart}", alt=trend["label"])
    if missed:
        quiet(say("gap_shaded"))
    quiet(say("gaps") + (f" ({say('simulated')})" if products.simulated else ""))


def _forecast(linked: Sequence[Row], topic_id: str, day: date) -> None:
    """What a linked product will sell; nothing where no forecast was known on the day."""
    asked = {row["product_id"]: cache.ask(forecasts.product_forecast, row["product_id"], day) for row in linked}
    known = {product: forecast for product, forecast in asked.items() if forecast is not None}
    products = {row["product_id"]: row for row in linked if row["product_id"] in known}
    if not products:
        return
    heading(say("forecast"), "h4")
    chosen = next(iter(products))
    if len(products) > 1:
        chosen = st.selectbox(
            say("product"), list(products), format_func=lambda one: look.product_name(language(), products[one]), key=f"product-{topic_id}"
        )
    found = known[chosen]
    st.altair_chart(
        forecasts.forecast_chart(language(), found),
        width="stretch",
        key=f"forecast-{topic_id}-{chosen}",
        alt=f"{say('forecast')}{say('colon')}{look.product_name(language(), products[chosen])}",
    )
    words = say("forecast_told", origin=short_day(language(), found.origin), places=number(language(), found.places))
    quiet(words + (f" ({say('simulated')})" if found.simulated else ""))


def _markets(topic_id: str, day: date) -> None:
    """Regions and languages, and who buys there. Customers are not kept for rewinding: two versions would tell of a handful."""
    rows = cache.ask(markets.markets_of_trend, topic_id, day)
    if not rows:
        return
    heading(say("markets"), "h4")
    cells = [markets.cells(language(), row) for row in rows]
    show(look.block(look.grid([say(key) for key in markets.HEADINGS], cells, figures=markets.FIGURES)))
    quiet(say("markets_told"))
    customers = cache.ask(markets.customers_there, topic_id, day) if cache.as_of() is None else []
    if customers:
        simulated = f" ({say('simulated')})" if any(row["data_origin"] == "simulated" for row in customers) else ""
        quiet(say("customers_there", day=short_day(language(), customers[0]["week_ends_on"])) + simulated)
        show(look.block(look.bullets(markets.customer_lines(language(), customers))))


def _links(links: Sequence[Row], trend: Row, day: date) -> None:
    linked = [row for row in links if row["linked"]]
    if not linked:
        heading(say("not_linked"), "h4")
        reasons = [row["reason"] for row in links] or ([trend["unlinked_reason"]] if trend["unlinked_reason"] else [])
        for reason in reasons or ["–"]:
            quiet(sentences.link_reason(language(), reason))
        nearest = [row for row in cache.ask(data.unserved_of_day, day) if row["topic_id"] == trend["topic_id"]]
        if nearest and nearest[0]["nearest_en"]:
            quiet(f"{say('nearest')}{say('colon')}{_nearest(nearest[0])}")
        return
    heading(say("linked_products"), "h4")
    lines = [
        join(
            element("b", look.product_name(language(), row)),
            f" ({number(language(), row['score'], 2)}): {sentences.link_reason(language(), row['reason'])}",
        )
        for row in linked
    ]
    show(look.block(look.bullets(lines)))


def _nearest(row: Row) -> str:
    """Names of the nearest products with their similarity, at most three of different names."""
    names = dict.fromkeys(zip(row[f"nearest_{language()}"], row["nearest_similarities"], strict=True))
    return ", ".join(f"{name} ({number(language(), similarity, 2)})" for name, similarity in list(names)[:3])


def _unserved(day: date) -> None:
    """All trends of the day that no product answers: what a buyer may want to source."""
    rows = cache.ask(data.unserved_of_day, day)
    heading(say("unserved"), "h4")
    if not rows:
        quiet(say("no_unserved"))
        return
    headings = [say(key) for key in ("trend", "posts", "authors", "about", "nearest", "why_not")]
    cells = [
        [
            trend_name(language(), row["label"]),
            number(language(), row["posts"]),
            number(language(), row["authors"]),
            row["product_type"] or row["category"] or "–",
            _nearest(row) or "–",
            sentences.link_reason(language(), row["reason"]),
        ]
        for row in rows[:MOST_UNSERVED]
    ]
    with st.expander(f"{say('unserved')} ({len(rows)})"):
        quiet(say("unserved_told"))
        show(look.block(look.grid(headings, cells, figures=(1, 2))))


def _posts(topic_id: str, day: date) -> None:
    heading(say("example_posts"), "h4")
    if cache.as_of() is not None:
        quiet(say("as_of_posts"))
        return
    summary = cache.ask(data.trend_summary, topic_id, day)
    posts = [] if summary is None else cache.ask_lake(_readable, tuple(summary["exemplar_posts"]), summary["hour"], seconds=60)
    if not posts:
        quiet(say("no_posts"))
    for post in posts[:MOST_POSTS]:
        told = f"{post['author'][:8]}… · {post['network']} · {moment(language(), post['created_at'].astimezone(UTC))}"
        show(look.block(element("div", element("p", post["clean_text"]), element("p", told, class_="quiet"), class_="post")))
    quiet(say("post_licence"))


def _missed(lake: Lake, first: datetime, end: datetime) -> list[lake_data.MissedPosts]:
    """What may be missing of the curve, or nothing where the lake cannot be read: the page is useful without it."""
    try:
        return lake_data.missed_posts(lake, first, end)
    except (CorruptionError, OSError):
        return []


def _readable(lake: Lake, post_ids: Sequence[str], hour: datetime) -> list[Row]:
    """Exemplars, or none where the lake cannot be read: the page is useful without them."""
    try:
        return lake_data.exemplars(lake, post_ids, hour)
    except (CorruptionError, OSError):
        return []


def _terms() -> None:
    """Terms that break out by counts; nothing where none does, as where nothing is counted."""
    found = cache.ask_lake(lake_data.terms_breaking_out, seconds=60)
    if found:
        heading(say("terms_break_out"), "h4")
        quiet(say("terms_break_out_help"))
        show(look.block(look.bullets([f"{row['term']} ({row['network']}){say('colon')} {_counted(row)}" for row in found])))


def _counted(row: Row) -> str:
    posts, expected = (number(language(), row[name]) for name in ("posts", "expected_posts"))
    return say("counted_posts", posts=posts, expected=expected, moment=moment(language(), row["begins_at"].astimezone(UTC)))


def _raised_now(rows: Sequence[Row]) -> None:
    if not rows:
        quiet(say("no_trends_now"))
        return
    lines = [f"{row['label']} · {say(row['stage'])} · {number(language(), row['posts'])} {say('posts')}" for row in rows]
    show(look.block(look.bullets(lines)))
