"""What the board and the digest ask the published warehouse.

What belongs here: queries and the shaping of their rows, one function a question. What doesn't: post text and live tables, which
stay in the lake (``lake_data.py``), words and looks. Nothing here knows Streamlit, DuckDB or where the warehouse is.

Statements keep to SQL that DuckDB and BigQuery both understand; parameters are ``?``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol

import pyarrow as pa

from trend_assets.lib.demand.reconsider import Turn, turns

Row = dict[str, Any]
PEAK_HOURS, PEAK_LOOKBACK_HOURS = 3, 72
"""As the stages of ``lib/trends/stages.py``: attention of 3 hours against the most of the last 3 days."""


class Queryable(Protocol):
    """The part of a warehouse that the board needs."""

    def query(self, sql: str, parameters: Sequence[Any] | None = None) -> pa.Table:
        """Rows of one statement."""


@dataclass(frozen=True)
class CardGroup:
    """Cards of one day, trend, product and action at several places: what a buyer decides in one go, most money first."""

    cards: tuple[Row, ...]

    @property
    def key(self) -> str:
        """Identifies the group on its day."""
        return f"{self.first['topic_id']}-{self.first['product_id']}-{self.first['action']}"

    @property
    def first(self) -> Row:
        """The card with the most money at risk."""
        return self.cards[0]

    @property
    def quantity(self) -> int:
        """Units over all places."""
        return sum(card["quantity"] for card in self.cards)

    @property
    def money(self) -> float:
        """Money at risk over all places, currency unit."""
        return float(sum(card["money_at_risk"] for card in self.cards))

    @property
    def money_if_false(self) -> float:
        """What is left over, over all places, if the cards are followed and the trend is false; currency unit."""
        return float(sum(card["money_if_false"] for card in self.cards))

    @property
    def act_by(self) -> date | None:
        """The earliest last day on which acting still helps."""
        return min((card["act_by"] for card in self.cards if card["act_by"] is not None), default=None)

    @property
    def confidence(self) -> float:
        """Of the least certain place."""
        return float(min(card["confidence"] for card in self.cards))

    @property
    def simulated(self) -> bool:
        """True where any number behind the cards is made up."""
        return any(card["data_origin"] == "simulated" for card in self.cards)

    @property
    def shelf(self) -> tuple[float, float] | None:
        """Fewest and most days that stock alone lasts over the places; None where demand is nil everywhere."""
        known = [days for card in self.cards if (days := shelf_days(card)) is not None]
        return (min(known), max(known)) if known else None

    @property
    def cover(self) -> tuple[float, float] | None:
        """Fewest and most days of cover over the places; None where demand is nil everywhere."""
        known = [card["days_of_cover"] for card in self.cards if card["days_of_cover"] is not None]
        return (min(known), max(known)) if known else None


def shelf_days(card: Row) -> float | None:
    """Days until what is in stock now is gone at expected demand; None where demand is nil."""
    expected = float(card["expected_daily_units"])
    return max(card["available_units"], 0) / expected if expected > 0 else None


def ask_rows(warehouse: Queryable, sql: str, *parameters: Any) -> list[Row]:
    """Rows of one statement as dicts."""
    return warehouse.query(sql, list(parameters)).to_pylist()


def days_with_cards(warehouse: Queryable) -> list[date]:
    """Days that have decision cards, the newest first."""
    return [row["day"] for row in ask_rows(warehouse, "select distinct day from demand.decision_cards order by day desc")]


def days_with_trends(warehouse: Queryable) -> list[date]:
    """Days that have trends, suppressed ones included, the newest first."""
    return [row["day"] for row in ask_rows(warehouse, "select distinct day from warehouse.fct_trend_daily order by day desc")]


def cards_of_day(warehouse: Queryable, day: date) -> list[Row]:
    """Decision cards of the day with the place's name, the link's evidence and the posts of the trend, most money at risk first."""
    return ask_rows(
        warehouse,
        """
        select cards.*, coalesce(stores.store_name, cards.store_id) as store_name,
               products.product_name_fr, links.evidence_terms, links.reason as link_reason, trends.posts as trend_posts,
               coalesce(givers.store_name, cards.from_store_id) as from_store_name
        from demand.decision_cards as cards
        left join retail.stores as stores on stores.day = cards.day and stores.store_id = cards.store_id
        left join retail.stores as givers on givers.day = cards.day and givers.store_id = cards.from_store_id
        left join retail.products as products on products.day = cards.day and products.product_id = cards.product_id
        left join demand.product_trend_links as links
            on links.day = cards.day and links.topic_id = cards.topic_id and links.product_id = cards.product_id and links.linked
        left join warehouse.fct_trend_daily as trends on trends.day = cards.day and trends.topic_id = cards.topic_id
        where cards.day = ?
        order by cards.money_at_risk desc, cards.card_id
        """,
        day,
    )


def grouped(cards: Sequence[Row]) -> list[CardGroup]:
    """Cards by trend, product and action; first what is to be done, then what is lost, then what can wait, most money first."""
    found: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for card in cards:
        found[card["topic_id"], card["product_id"], card["action"]].append(card)
    groups = [CardGroup(tuple(sorted(of, key=lambda card: (-card["money_at_risk"], card["card_id"])))) for of in found.values()]
    urgency = {"reorder": 0, "expedite": 0, "move": 0, "mark_down": 1, "too_late": 2, "hold": 3}
    return sorted(groups, key=lambda group: (urgency[group.first["action"]], -group.money, group.key))


def turns_of(warehouse: Queryable, cards: Sequence[Row]) -> dict[str, tuple[Turn, ...]]:
    """What would change our mind about each card (``lib/demand/reconsider``), by card id; all cards of one day."""
    if not cards:
        return {}
    day = cards[0]["day"]
    return turns(cards, _peak_posts(warehouse, sorted({card["topic_id"] for card in cards}), day))


def _peak_posts(warehouse: Queryable, topics: Sequence[str], day: date) -> dict[str, float]:
    """Most posts in 3 hours during the 3 days that end with ``day``, by topic."""
    end = datetime.combine(day, time(), UTC) + timedelta(days=1)
    marks = ", ".join("?" for _ in topics)
    rows = ask_rows(
        warehouse,
        f"select topic_id, hour, posts from topics.topic_hours where hour >= ? and hour < ? and topic_id in ({marks})",  # noqa: S608
        end - timedelta(hours=PEAK_LOOKBACK_HOURS),
        end,
        *topics,
    )
    counts: dict[str, dict[datetime, int]] = defaultdict(dict)
    for row in rows:
        counts[row["topic_id"]][row["hour"]] = row["posts"]
    return {
        topic: float(max(sum(of_hour.get(hour - timedelta(hours=back), 0) for back in range(PEAK_HOURS)) for hour in of_hour))
        for topic, of_hour in counts.items()
    }


def trends_of_day(warehouse: Queryable, day: date) -> list[Row]:
    """The day's trends by rank, suppressed ones last, with linked products and why there are none."""
    return ask_rows(warehouse, "select * from warehouse.fct_trend_daily where day = ? order by day_rank", day)


def trend_curve(warehouse: Queryable, topic_id: str) -> list[Row]:
    """Hours in which the topic was active: posts, reposts, authors, and stage where it was a trend. Hours without are absent."""
    return ask_rows(
        warehouse,
        "select hour, posts, reposts, authors, stage, suppressed from warehouse.fct_topic_hourly where topic_id = ? order by hour",
        topic_id,
    )


def trend_summary(warehouse: Queryable, topic_id: str, day: date) -> Row | None:
    """The topic's newest row of the day in ``topics.trends``: keywords, exemplars, reason, when it was first raised."""
    start = datetime.combine(day, time(), UTC)
    rows = ask_rows(
        warehouse,
        "select * from topics.trends where topic_id = ? and hour >= ? and hour < ? order by hour desc limit 1",
        topic_id,
        start,
        start + timedelta(days=1),
    )
    return rows[0] if rows else None


EVERY_POST = "all"
"""In place of a topic: every post that names us."""


@dataclass(frozen=True)
class Sentiment:
    """How the posts that name us read in the day that ends at ``until``. shares: by label, the labels too few authors have together."""

    until: datetime
    posts: int
    authors: int
    shares: Mapping[str, float]


def sentiment(warehouse: Queryable, topic_id: str, day: date) -> Sentiment | None:
    """Sentiment towards the brand of a topic's posts, or of all (``EVERY_POST``), at the end of the day.

    None without a model, and for topics that too few people name us in.
    """
    start = datetime.combine(day, time(), UTC)
    rows = ask_rows(
        warehouse,
        "select hour, label, posts, authors, share from sentiment.topic_hours where topic_id = ? and hour >= ? and hour < ?",
        topic_id,
        start,
        start + timedelta(days=1),
    )
    if not rows:
        return None
    newest = max(row["hour"] for row in rows)
    rows = [row for row in rows if row["hour"] == newest]  # each hour counts the day that ends with it
    shares = {row["label"]: float(row["share"]) for row in rows}
    return Sentiment(newest.astimezone(UTC) + timedelta(hours=1), sum(row["posts"] for row in rows), rows[0]["authors"], shares)


def links_of_trend(warehouse: Queryable, topic_id: str, day: date) -> list[Row]:
    """Products linked to the topic on the day with evidence, stock and sales; or one row that says why there are none."""
    return ask_rows(
        warehouse,
        """
        select links.*, coalesce(products.product_name, links.product_id) as product_name, products.product_name_fr
        from demand.product_trend_links as links
        left join retail.products as products on products.day = links.day and products.product_id = links.product_id
        where links.topic_id = ? and links.day = ?
        order by links.rank
        """,
        topic_id,
        day,
    )


def unserved_of_day(warehouse: Queryable, day: date) -> list[Row]:
    """The day's trends without a product, strongest first, each with the names of the products that come nearest."""
    return ask_rows(
        warehouse,
        """
        with near as (
            select topic_id, unnest(nearest_product_ids) as product_id, unnest(nearest_similarities) as similarity
            from demand.unserved_trends where day = ?
        ), named as (
            select near.topic_id, near.similarity, coalesce(products.product_name, near.product_id) as name_en,
                   coalesce(products.product_name_fr, products.product_name, near.product_id) as name_fr, near.product_id
            from near left join retail.products as products on products.day = ? and products.product_id = near.product_id
        ), nearest as (
            select topic_id, list(name_en order by similarity desc, product_id) as nearest_en,
                   list(name_fr order by similarity desc, product_id) as nearest_fr
            from named group by topic_id
        )
        select unserved.*, coalesce(nearest.nearest_en, []) as nearest_en, coalesce(nearest.nearest_fr, []) as nearest_fr
        from demand.unserved_trends as unserved left join nearest using (topic_id)
        where unserved.day = ? order by unserved.rank
        """,
        day,
        day,
        day,
    )


@dataclass(frozen=True)
class ProductDays:
    """Units sold and in stock a day, of some products together. A day without any data of the retailer is absent: a gap, not 0."""

    sold: Mapping[date, int]
    stock: Mapping[date, int]
    simulated: bool


def product_days(warehouse: Queryable, product_ids: Sequence[str], first: date, last: date) -> ProductDays:
    """Orders (sales) and stock at the end of each day, over all places."""
    if not product_ids:
        return ProductDays({}, {}, simulated=False)
    marks = ", ".join("?" for _ in product_ids)
    sold = ask_rows(
        warehouse,
        f"""
        select day, sum(case when kind = 'sale' and product_id in ({marks}) then quantity else 0 end) as units,
               max(data_origin) as data_origin
        from retail.orders where day >= ? and day <= ? group by day
        """,  # noqa: S608 - only question marks are put in
        *product_ids,
        first,
        last,
    )
    stock = ask_rows(
        warehouse,
        f"""
        select day, sum(on_hand) as units, max(data_origin) as data_origin
        from retail.inventory where product_id in ({marks}) and day >= ? and day <= ? group by day
        """,  # noqa: S608
        *product_ids,
        first,
        last,
    )
    return ProductDays(
        {row["day"]: int(row["units"]) for row in sold},
        {row["day"]: int(row["units"]) for row in stock},
        any(row["data_origin"] == "simulated" for row in (*sold, *stock)),
    )


def influencers(warehouse: Queryable, day: date, scope: str, most: int = 10) -> list[Row]:
    """Most amplified authors at the end of the day, overall or of a topic (pseudonyms)."""
    return ask_rows(
        warehouse, "select * from warehouse.mart_influencers where day = ? and scope = ? order by rank limit ?", day, scope, most
    )


def influencer_days(warehouse: Queryable) -> list[date]:
    """Days with a ranking, the newest first."""
    return [row["day"] for row in ask_rows(warehouse, "select distinct day from warehouse.mart_influencers order by day desc")]


def topics_with_influencers(warehouse: Queryable, day: date) -> list[Row]:
    """Topics that have a ranking of their own at the end of the day, with their label."""
    return ask_rows(
        warehouse,
        """
        select scope, max(topic_label) as label from warehouse.mart_influencers
        where day = ? and scope <> 'overall' and topic_label is not null group by scope order by label
        """,
        day,
    )


def currency(warehouse: Queryable) -> str:
    """The currency of the newest day's orders; empty where there are several or no orders."""
    rows = ask_rows(warehouse, "select distinct currency from retail.orders where day = (select max(day) from retail.orders)")
    return rows[0]["currency"] if len(rows) == 1 else ""


def end_of_data(warehouse: Queryable) -> datetime | None:
    """End of the newest hour with activity of a topic; None where there is none."""
    rows = ask_rows(warehouse, "select max(hour) as newest from topics.topic_hours")
    newest = rows[0]["newest"] if rows else None
    return None if newest is None else newest.astimezone(UTC) + timedelta(hours=1)


def start_of_data(warehouse: Queryable) -> datetime | None:
    """Start of the oldest hour with activity of a topic; None where there is none."""
    rows = ask_rows(warehouse, "select min(hour) as oldest from topics.topic_hours")
    oldest = rows[0]["oldest"] if rows else None
    return None if oldest is None else oldest.astimezone(UTC)
