"""The benchmark links what is raised as the product does: a closed day at a time, from that day's posts and catalogue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.demand.lead_time import trend_alerts
from trend_assets.lib.evaluation.town_alerts import links_of_days
from trend_assets.tables import TABLES
from trend_assets_tests.lib.demand.test_links import PRODUCTS, posts

EVENING = datetime(2026, 9, 5, 22, tzinfo=UTC)
NIGHT = EVENING + timedelta(hours=3)
"""Three hours later, and another day."""


def written(phrases: list[str], hour: datetime, network: str) -> pa.Table:
    """Clean posts of a topic, and of others about nothing, all in one hour."""
    told = posts({"t1": phrases})
    told = told.append_column("network", pa.array([network] * told.num_rows))
    told = told.append_column("post_id", pa.array([str(number) for number in range(told.num_rows)]))
    return told.append_column("created_at", pa.array([hour + timedelta(minutes=5)] * told.num_rows, pa.timestamp("us", "UTC")))


def raised(*hours: datetime) -> pa.Table:
    rows = [{"hour": hour, "topic_id": "t1", "label": "t", "suppressed": False} for hour in hours]
    return pa.Table.from_pylist(rows, pa.schema([(name, TABLES["topics/trends"].schema.field(name).type) for name in rows[0]]))


def test_a_day_is_linked_once_it_is_over_by_its_own_posts_and_catalogue() -> None:
    lamps, scarves = ["mushroom table lamp", "mushroom lamp on the table"] * 10, ["tartan wool scarf", "tartan scarf of wool"] * 10
    told = pa.concat_tables([written(lamps, EVENING, "x"), written(scarves, NIGHT, "bluesky")])
    assignments = told.select(["network", "post_id", "topic_id"]).filter(told["topic_id"].is_valid())
    catalogue = pa.concat_tables(
        [PRODUCTS.append_column("day", pa.array([hour.date()] * PRODUCTS.num_rows, pa.date32())) for hour in (EVENING, NIGHT)]
    )
    clean = told.drop_columns(["topic_id"])
    found = links_of_days(raised(EVENING, NIGHT), clean, assignments, catalogue)
    named = {(row["day"], row["product_id"][:3]) for row in found.to_pylist() if row["linked"]}
    assert named == {(EVENING.date(), "P02"), (NIGHT.date(), "P04")}
    alerts = trend_alerts(raised(EVENING, NIGHT), found)
    assert [one.at for one in alerts] == [datetime(2026, 9, day, 4, tzinfo=UTC) for day in (6, 7)]
    shop_without_lamps = catalogue.filter(pc.not_equal(catalogue["product_type"], "lamp"))
    assert not any(row["linked"] for row in links_of_days(raised(EVENING), clean, assignments, shop_without_lamps).to_pylist())
