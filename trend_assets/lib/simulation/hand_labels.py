"""Posts that somebody at the retailer labelled by hand: sentiment, reason of complaints, category of the range. A few are wrong.

What belongs here: which posts are labelled, with what, and the labeller's mistakes. What doesn't: what was meant (``truth.py``), the
files (``trend_assets/simulate.py``).

Every kind of label draws from a stream of its own, so one more kind changes none of the others, and no post. ``truth`` is the day's
table of ``posts_truth``. A day is labelled on the next working afternoon.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from trend_assets.lib.simulation.catalogue import catalogue
from trend_assets.lib.simulation.opinions import COMPLAINT_REASONS
from trend_assets.lib.simulation.planted import PlantedTrend
from trend_assets.lib.simulation.town import TownParameters, stream

NO_CATEGORY = "none"
LABELLED_POSTS = 2_500
"""Roughly how many opinions are labelled by hand, where there are so many."""
LABELLED_COMPLAINTS, LABELLED_BY_CATEGORY = 1_500, 1_500
"""Roughly how many complaints get a reason, and posts a category; half of the latter are about nothing in the range."""
_SLIP_NEUTRAL, _SLIP_OPPOSITE, _SLIP = 0.045, 0.015, 0.05
"""Chances that a labeller mistakes a polar opinion for neutral (or the other way round), takes it for its opposite, or takes another
reason or category."""
_OWN = 0.6
"""Share of posts that are everyday posts of one's own."""
_READ = ("network", "post_id", "kind", "landed", "edit_of", "sentiment", "trend_id", "complaint_reason")


def sentiment_labels(parameters: TownParameters, day: int, truth: pa.Table) -> list[dict[str, str]]:
    """The day's opinions that were labelled, as rows of ``labels/sentiment.jsonl``."""
    rng = stream(parameters, "labels", day)
    share = _share(LABELLED_POSTS, parameters.posts * parameters.opinion_chance * _OWN)
    rows: list[dict[str, str]] = []
    for row in _first_versions(truth):
        if row["sentiment"] is None:
            continue
        picked, slip, side = rng.random(3)
        if picked < share and row["landed"]:
            rows.append(_labelled(parameters, day, row, _sentiment_as_labelled(row["sentiment"], slip, side), len(rows)))
    return rows


def complaint_labels(parameters: TownParameters, day: int, truth: pa.Table) -> list[dict[str, str]]:
    """The day's complaints of the retailer whose reason was labelled, as rows of ``labels/complaint_reason.jsonl``."""
    rng = stream(parameters, "complaint labels", day)
    share = _share(LABELLED_COMPLAINTS, parameters.posts * parameters.opinion_chance * _OWN * 0.4)
    rows: list[dict[str, str]] = []
    for row in _first_versions(truth):
        if row["complaint_reason"] is None:
            continue
        picked, slip, side = rng.random(3)
        if picked < share and row["landed"]:
            rows.append(_labelled(parameters, day, row, _other(row["complaint_reason"], COMPLAINT_REASONS, slip, side), len(rows)))
    return rows


def category_labels(parameters: TownParameters, day: int, truth: pa.Table) -> list[dict[str, str]]:
    """The day's posts that were given a category of the range or ``none``, as rows of ``labels/post_category.jsonl``.

    A post of a planted trend that has products is about their category. Posts about the retailer are left out: they name some product
    or other, and people would label them either way.
    """
    rng = stream(parameters, "category labels", day)
    of_trend = _categories(parameters)
    possible = (*sorted(set(of_trend.values())), NO_CATEGORY)
    about = _share(LABELLED_BY_CATEGORY / 2, parameters.posts * parameters.trend_share * 0.6)
    beside = _share(LABELLED_BY_CATEGORY / 2, parameters.posts * (1.0 - parameters.trend_share) * _OWN)
    rows: list[dict[str, str]] = []
    for row in _first_versions(truth):
        if row["sentiment"] is not None or row["kind"] == "repost":
            continue
        category = of_trend.get(row["trend_id"], NO_CATEGORY)
        picked, slip, side = rng.random(3)
        if picked < (beside if category == NO_CATEGORY else about) and row["landed"]:
            rows.append(_labelled(parameters, day, row, _other(category, possible, slip, side), len(rows)))
    return rows


def _first_versions(truth: pa.Table) -> Iterator[dict]:
    for row in truth.select(list(_READ)).to_pylist():
        if row["edit_of"] is None:
            yield row


def _share(wanted: float, expected: float) -> float:
    return min(1.0, wanted / max(expected, 1.0))


def _labelled(parameters: TownParameters, day: int, row: dict, label: str, number: int) -> dict[str, str]:
    afternoon = parameters.start.astimezone(UTC) + timedelta(days=day + 1, hours=14)
    moment: datetime = afternoon + timedelta(seconds=12 * number)
    return {"network": row["network"], "post_id": row["post_id"], "label": label, "labelled_at": moment.isoformat()}


def _sentiment_as_labelled(sentiment: str, slip: float, side: float) -> str:
    if slip >= _SLIP_NEUTRAL + _SLIP_OPPOSITE:
        return sentiment
    if sentiment == "neutral":
        return "negative" if side < 0.5 else "positive"
    if slip < _SLIP_NEUTRAL:
        return "neutral"
    return "negative" if sentiment == "positive" else "positive"


def _other(label: str, possible: tuple[str, ...], slip: float, side: float) -> str:
    others = [name for name in possible if name != label]
    if slip >= _SLIP or not others:
        return label
    return others[int(np.floor(side * len(others)))]


def _categories(parameters: TownParameters) -> dict[str, str]:
    """Category of the range by planted trend; the commonest among its products."""
    of_item = {product.item: product.category for product in catalogue(parameters.size).products}

    def commonest(trend: PlantedTrend) -> str:
        return Counter(of_item[item] for item in trend.items if item in of_item).most_common(1)[0][0]

    return {trend.trend_id: commonest(trend) for trend in parameters.trends if any(item in of_item for item in trend.items)}
