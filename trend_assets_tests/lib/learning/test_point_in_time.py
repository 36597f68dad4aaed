"""Features of posts know nothing that was known later, and are the same however much more there is."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from trend_assets.lib.learning.point_in_time import Known, PointInTimeError, check_moments, compared, known_from, post_features
from trend_assets.lib.ledger.points import OWN_COLUMNS
from trend_assets.tables import TABLES
from trend_assets.tables.point_in_time import FEATURES, POST_FEATURES, TREND_LEDGER

START = datetime(2026, 9, 1, tzinfo=UTC)
SEAL = timedelta(hours=2)
HOURS = 24 * 9


def town(seed: int, posts: int = 1500) -> Known:
    """Posts of nine days by forty authors, some late, some with an archive, some reposts and replies; topics and their trends."""
    draw = np.random.default_rng(seed)
    created = np.sort(draw.integers(0, HOURS * 3600, posts))
    rows = []
    for number, second in enumerate(created.tolist()):
        written = START + timedelta(seconds=second)
        delay = draw.choice([60, 3 * 3600, 40 * 3600, 30 * 86400], p=[0.85, 0.08, 0.05, 0.02])
        kind = str(draw.choice(["post", "reply", "quote", "repost"], p=[0.6, 0.15, 0.05, 0.2])) if number else "post"
        about = int(draw.integers(0, number)) if number else 0
        other = rows[about]["author"] if number else None
        rows.append(
            {
                "network": "x", "post_id": f"p{number}", "author": f"a{int(draw.integers(0, 40))}", "created_at": written,
                "captured_at": written + timedelta(seconds=int(delay)), "kind": kind, "clean_text": "why? so!" * int(draw.integers(1, 3)),
                "language": "en", "language_confidence": 0.5, "tokens": ["why", "so"], "hashtags": [], "mentions": [], "urls": [],
                "emoji": [], "near_duplicate_key": int(draw.integers(0, 50)), "weighted_length": 8,
                "reposted_post": f"p{about}" if kind == "repost" else None, "reposted_author": other if kind == "repost" else None,
                "quoted_author": other if kind == "quote" else None, "in_reply_to_author": other if kind == "reply" else None,
                "author_followers": int(draw.integers(0, 1000)),
            }
        )  # fmt: skip
    table = pa.Table.from_pylist(rows, schema=pa.schema([TABLES["social/clean_posts"].column(name).field for name in rows[0]]))
    assigned = [
        row | {"topic_id": f"t{int(draw.integers(0, 5))}", "assigned_by": "cluster", "similarity": 0.5}
        for row in rows
        if draw.random() < 0.5
    ]
    assignments = pa.Table.from_pylist(assigned, schema=TABLES["topics/topic_assignments"].schema)
    return Known(table, table, assignments, trends(draw), SEAL)


def trends(draw: np.random.Generator) -> pa.Table:
    """Rows of the ledger: each topic now and then a trend, recorded when its hour was sealed, some corrected a day later."""
    schema = TABLES[TREND_LEDGER].schema
    default = {field.name: "x" if pa.types.is_string(field.type) else [] if pa.types.is_list(field.type) else 1 for field in schema}
    default = {name: False if pa.types.is_boolean(schema.field(name).type) else value for name, value in default.items()}
    rows = []
    for hour in range(0, HOURS, 3):
        at = START + timedelta(hours=hour)
        for topic in range(5):
            row = default | {"hour": at, "topic_id": f"t{topic}", "first_raised_at": START, "score": float(draw.random()), "basis": "clock"}
            known = at + timedelta(hours=1) + SEAL
            rows.append(row | {"knowledge_time": known, "change": "recorded"})
            if draw.random() < 0.3:
                rows.append(row | {"knowledge_time": known + timedelta(days=1), "change": "corrected", "score": float(draw.random())})
    return pa.Table.from_pylist(rows, schema=schema)


def asked_of(known: Known, at: datetime) -> pa.Table:
    """Every post that was known at the moment."""
    there = known.own.filter(pc.less_equal(known_from(known.own, SEAL), pa.scalar(at, pa.timestamp("us", tz="UTC"))))
    return there.select(["network", "post_id"]).append_column("moment", pa.array([at] * there.num_rows, pa.timestamp("us", tz="UTC")))


@pytest.mark.parametrize("seed", range(6))
def test_what_was_not_known_yet_changes_nothing(seed):
    known = town(seed)
    at = START + timedelta(hours=30 + 31 * seed)
    whole = post_features(asked_of(known, at), known)
    limit = pa.scalar(at, pa.timestamp("us", tz="UTC"))
    then = known.own.filter(pc.less_equal(known_from(known.own, SEAL), limit))
    ledger = known.ledger.filter(pc.less_equal(known.ledger["knowledge_time"], limit))
    cut = Known(
        then,
        then,
        known.assignments.join(then.select(["network", "post_id"]), keys=["network", "post_id"], join_type="inner"),
        ledger,
        SEAL,
    )
    assert whole.num_rows > 50
    assert compared(whole, post_features(asked_of(cut, at), cut), ["network", "post_id"]) == ([], 0, 0)
    assert pc.sum(whole["topic_trend_hours"]).as_py() > 0
    assert pc.sum(whole["author_reposted_7d"]).as_py() > 0


def test_counts_are_those_of_a_plain_loop():
    known, at = town(3, 600), START + timedelta(days=8)
    rows = known.own.append_column("since", known_from(known.own, SEAL)).to_pylist()
    found = {row["post_id"]: row for row in post_features(asked_of(known, at), known).to_pylist()}
    for row in (one for one in rows if one["since"] <= at):
        week = [one for one in rows if at - timedelta(days=7) < one["since"] <= at]
        mine = found[row["post_id"]]
        assert mine["author_posts_7d"] == sum(one["author"] == row["author"] and one is not row for one in week)
        assert mine["reposts"] == sum(one["reposted_post"] == row["post_id"] for one in week)
        assert mine["author_replied_7d"] == sum(one["in_reply_to_author"] == row["author"] for one in week)
        day = [one for one in week if one["since"] > at - timedelta(days=1)]
        assert mine["copies_24h"] == sum(one["near_duplicate_key"] == row["near_duplicate_key"] and one is not row for one in day)
        assert mine["author_followers"] == (row["author_followers"] if row["captured_at"] <= at else None)


def test_followers_counted_after_the_moment_are_not_told():
    known = town(1)
    archived = known.own.filter(pc.greater(pc.subtract(known.own["captured_at"], known.own["created_at"]), pa.scalar(timedelta(days=7))))
    asked = archived.select(["network", "post_id"]).append_column("moment", known_from(archived, SEAL))
    assert archived.num_rows > 5
    assert post_features(asked, known)["author_followers"].null_count == archived.num_rows


def test_posts_that_were_not_known_or_are_not_there_are_refused():
    known = town(1)
    asked = asked_of(known, START + timedelta(days=5))
    early = asked.set_column(2, "moment", pa.array([START] * asked.num_rows, pa.timestamp("us", tz="UTC")))
    with pytest.raises(PointInTimeError, match="not known at their moment, as p0 at 2026-09-01 00:00"):
        post_features(early, known)
    unknown = asked.slice(0, 1).set_column(1, "post_id", pa.array(["nobody's"]))
    with pytest.raises(PointInTimeError, match="1 of 1 posts are not published"):
        post_features(unknown, known)


def test_moments_outside_of_what_is_published_are_refused():
    check_moments([START, START + timedelta(days=1)], START, START + timedelta(days=1))
    with pytest.raises(PointInTimeError, match="the lake begins at 2026-09-01 00:00"):
        check_moments([START - timedelta(hours=1)], START, START + timedelta(days=1))
    with pytest.raises(PointInTimeError, match="not published yet: hours are sealed up to 2026-09-02 00:00"):
        check_moments([START + timedelta(days=2)], START, START + timedelta(days=1))


def test_every_feature_says_what_it_reads_and_how_far_back():
    names = [feature.name for feature in FEATURES]
    assert [column.name for column in POST_FEATURES.columns][-len(names) :] == names
    for feature in FEATURES:
        assert set(feature.reads) <= set(TABLES)
        assert feature.column.description
    assert not set(names) & set(OWN_COLUMNS)


def test_features_that_differ_are_named_with_a_row():
    known = town(2)
    rows = post_features(asked_of(known, START + timedelta(days=6)), known)
    other = rows.set_column(rows.column_names.index("reposts"), "reposts", pa.array([9, *rows["reposts"].to_pylist()[1:]]))
    (found,), gone, new = compared(rows, other.slice(0, rows.num_rows - 2), ["network", "post_id"])
    assert (found.feature, found.rows, gone, new) == ("reposts", 1, 2, 0)
    assert "post_id=p0: 0 recorded, 9 now" in str(found) or "recorded, 9 now" in str(found)
