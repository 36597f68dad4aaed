"""What is gone: posts that their network says may not be shown or learned from any more.

What belongs here: the one filter of posts by ``social/deletions``, used by whoever shows posts or trains on them. What doesn't:
reading either table.

A post is gone when a notice names it, when a notice names its account (deleted, protected, suspended, ...), and, as it carries the
text of another, when the post that it reposts or that post's account is gone. An account stays gone: networks tell late or never
that it is back, and a post too few is shown rather than one too many. A notice on location data takes no post away.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.tables import row_key

DELETION_COLUMNS = ("network", "subject_kind", "subject")
"""What must be read of ``social/deletions``."""
_NAMED_BY = {"post": ("post_id", "reposted_post"), "account": ("author", "reposted_author")}


def still_there(posts: pa.Table, deletions: pa.Table) -> pa.Table:
    """The rows of ``posts`` that are not gone, in their order.

    posts: with ``network``, and those of ``post_id``, ``author``, ``reposted_post``, ``reposted_author`` that it has; a column that it
    lacks is not looked at. deletions: all notices so far (``DELETION_COLUMNS``).
    """
    return posts.filter(pc.invert(gone(posts, deletions)))


def gone(posts: pa.Table, deletions: pa.Table) -> pa.ChunkedArray:
    """For each row of ``posts`` whether it is gone; see ``still_there``."""
    found = pa.chunked_array([pa.repeat(pa.scalar(False), posts.num_rows)])
    for kind, columns in _NAMED_BY.items():
        notices = deletions.filter(pc.equal(deletions["subject_kind"], kind))
        subjects = row_key(notices, ("network", "subject")).combine_chunks()
        for column in columns:
            if column in posts.column_names and len(subjects):
                found = pc.or_(found, pc.is_in(row_key(posts, ("network", column)), value_set=subjects, skip_nulls=True))
    return found
