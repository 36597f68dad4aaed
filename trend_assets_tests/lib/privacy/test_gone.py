"""Gone: whatever a network took back is neither shown nor learned from, through which post or account ever."""

from __future__ import annotations

import pyarrow as pa

from trend_assets.lib.privacy.gone import gone, still_there

POSTS = pa.table(
    {
        "network": ["x", "x", "x", "x", "bluesky"],
        "post_id": ["1", "2", "3", "4", "1"],
        "author": ["ann", "bob", "cem", "dot", "ann"],
        "reposted_post": pa.array([None, None, "1", None, None], pa.string()),
        "reposted_author": pa.array([None, None, "ann", "bob", None], pa.string()),
    }
)


def notices(*told: tuple[str, str, str]) -> pa.Table:
    network, kind, subject = zip(*told, strict=True) if told else ((), (), ())
    columns = {"network": network, "subject_kind": kind, "subject": subject}
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def left(deletions: pa.Table, posts: pa.Table = POSTS) -> list[tuple[str, str]]:
    rows = still_there(posts, deletions)
    return list(zip(rows["network"].to_pylist(), rows["post_id"].to_pylist(), strict=True))


def test_without_notices_every_post_is_there():
    assert still_there(POSTS, notices()).equals(POSTS)


def test_a_deleted_post_goes_with_its_reposts_and_only_on_its_network():
    assert left(notices(("x", "post", "1"))) == [("x", "2"), ("x", "4"), ("bluesky", "1")]


def test_an_account_takes_its_posts_and_the_reposts_of_them_with_it():
    assert left(notices(("x", "account", "bob"))) == [("x", "1"), ("x", "3"), ("bluesky", "1")]


def test_a_post_is_not_mistaken_for_an_account_of_the_same_name_and_location_notices_take_nothing():
    assert left(notices(("x", "account", "1"), ("x", "post", "ann"), ("x", "location", "ann"))) == left(notices())


def test_columns_that_the_posts_lack_are_not_looked_at():
    bare = POSTS.select(["network", "post_id"])
    assert left(notices(("x", "post", "1"), ("x", "account", "bob")), bare) == [("x", "2"), ("x", "3"), ("x", "4"), ("bluesky", "1")]


def test_a_table_without_rows_has_nothing_gone():
    assert len(gone(POSTS.slice(0, 0), notices(("x", "post", "1")))) == 0
    assert still_there(POSTS.slice(0, 0), notices(("x", "post", "1"))).num_rows == 0
