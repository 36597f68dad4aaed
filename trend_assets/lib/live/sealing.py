"""How much changed when an hour was sealed: the live lane's last rows beside the sealed ones.

What belongs here: the comparison. What doesn't: making either side.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.influence.rankings import OVERALL
from trend_assets.lib.quality.signals import Signal
from trend_assets.lib.trends.history import Floats
from trend_assets.tables import TABLES

TOP = 20
FEWEST_FOR_CORRELATION = 3
CONFIRMED_SHARE = 0.5
"""A check warns when less than this share of the topics raised live was confirmed, over the hours it looks at."""
FEWEST_RAISED = 10


def sealing_changes(
    hour: datetime,
    *,
    live_posts: int,
    sealed_posts: int,
    live_trends: pa.Table,
    trends: pa.Table,
    live_rankings: pa.Table,
    rankings: pa.Table,
) -> pa.Table:
    """One row of ``topics/sealing_changes``. The tables hold the hour's rows, both rankings of all scopes.

    ``live_posts`` and ``sealed_posts`` count posts and reposts. Shares of nothing are null.
    """
    live, sealed = (_raised(rows) for rows in (live_trends, trends))
    both = [topic for topic in live if topic in sealed]
    row = {
        "hour": hour,
        "live_as_of": pc.max(live_trends["as_of"]).as_py(),
        "live_posts": live_posts,
        "sealed_posts": sealed_posts,
        "topics_raised_live": len(live),
        "topics_raised_sealed": len(sealed),
        "topics_raised_both": len(both),
        "confirmed_share": len(both) / len(live) if live else None,
        "found_share": len(both) / len(sealed) if sealed else None,
        "score_rank_correlation": rank_correlation(np.array([live[t] for t in both]), np.array([sealed[t] for t in both])),
        "top_20_overlap": _overlap(list(live)[:TOP], list(sealed)[:TOP]),
        "influencers_top_20_overlap": _overlap(_top_authors(live_rankings), _top_authors(rankings)),
    }
    row["summary"] = (
        f"{live_posts:,} of {sealed_posts:,} posts were live; of {len(live)} topics raised live {len(both)} were confirmed, "
        f"{len(sealed) - len(both)} were raised only at sealing"
    )
    return TABLES["topics/sealing_changes"].from_rows([row])


def rank_correlation(first: Floats, second: Floats) -> float | None:
    """Spearman's correlation of two arrays of the same length; None below three pairs or where one side is constant."""
    if len(first) < FEWEST_FOR_CORRELATION or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(np.clip(np.corrcoef(_ranks(first), _ranks(second))[0, 1], -1.0, 1.0))


def confirmation(changes: pa.Table) -> Signal:
    """Whether sealing confirms what the live lane raises, over the rows of ``topics/sealing_changes`` given."""
    if not changes.num_rows:
        return Signal(True, "the live lane has not run in these hours: nothing to compare")
    raised, sealed, both, live_posts, sealed_posts = (
        int(pc.sum(changes[name]).as_py())
        for name in ("topics_raised_live", "topics_raised_sealed", "topics_raised_both", "live_posts", "sealed_posts")
    )
    figures: dict[str, float | int | str] = {
        "hours": changes.num_rows,
        "raised_live": raised,
        "raised_sealed": sealed,
        "raised_both": both,
        "share_of_posts_that_were_live": live_posts / max(sealed_posts, 1),
    }
    for name in ("score_rank_correlation", "top_20_overlap", "influencers_top_20_overlap"):
        mean = pc.mean(changes[name]).as_py()
        if mean is not None:
            figures[f"mean_{name}"] = mean
    message = (
        f"{both} of {raised} topic-hours raised live were confirmed, {sealed - both} of {sealed} were raised only at sealing; "
        f"{live_posts:,} of {sealed_posts:,} posts were live, in {changes.num_rows} hours"
    )
    return Signal(raised < FEWEST_RAISED or both >= CONFIRMED_SHARE * raised, message, figures)


def _raised(trends: pa.Table) -> dict[str, float]:
    """Score of each topic that is an alert, strongest first."""
    shown = trends.filter(pc.invert(trends["suppressed"])).sort_by("rank")
    return dict(zip(shown["topic_id"].to_pylist(), shown["score"].to_pylist(), strict=True))


def _top_authors(rankings: pa.Table) -> list[tuple[str, str]]:
    overall = rankings.filter(pc.and_(pc.equal(rankings["scope"], OVERALL), pc.less_equal(rankings["rank"], TOP)))
    return list(zip(overall["network"].to_pylist(), overall["author"].to_pylist(), strict=True))


def _overlap(live: list, sealed: list) -> float | None:
    """Share of the sealed entries that are among the live ones."""
    return len(set(live) & set(sealed)) / len(sealed) if sealed else None


def _ranks(values: Floats) -> Floats:
    """Ranks from 1, ties sharing their mean."""
    _, code, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2.0)[code], dtype=np.float64)
