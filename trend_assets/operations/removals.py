"""Posts of sealed hours that are gone: deleted by their author or network, or replaced by an edited version.

What belongs here: which sealed hours still hold such posts, and leaving them out when these hours are rebuilt. What doesn't: what
gone means (``lib/privacy/gone.py``), the rebuild itself (job late_hours), exemplars on the board, which looks for notices itself
(``board/lake_data.py``).

An hour is sealed from what had landed: what a later notice takes away would change its topics, and these are final. Once the hour of a
notice is sealed, the hours that hold posts it names (also reposts of them, as these carry their text) are rebuilt as for late posts:
clean posts without them, then assignments, counts and interactions. What was taken away is looked up in the tables themselves, so an hour
that is rebuilt needs no note, and one that was forgotten is found again.

An edit on X is another post with another id, which names the first version: earlier versions go the same way. On other networks an edit
has the id of its post: it is a late post of that id, and the newest version wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.privacy.gone import DELETION_COLUMNS, gone
from trend_assets.lib.tables import row_key
from trend_assets.partitions import end_of_hour, hour_key, hours_between
from trend_assets.tables import TABLES

if TYPE_CHECKING:
    from trend_assets.lake.reader import LakeReader
    from trend_assets.landing.late_files import LateRange, Sealed

DELETIONS, RAW, CLEAN = TABLES["social/deletions"], TABLES["social/raw_posts"], TABLES["social/clean_posts"]
BY = "late_hours"
"""The job that takes posts out of sealed hours."""
RECENT = timedelta(hours=48)
"""Notices that each look of the sensor asks for; all of them are asked for when it starts, once a day, and by `trend-assets seal`."""
EDITED_WITHIN = timedelta(hours=2)
"""X lets authors edit a post for an hour."""
HOURS_TOGETHER = 168
"""Most neighbouring hours that one run rebuilds."""
HOURS_AT_ONCE = 24
_HOUR = timedelta(hours=1)
_NAMES = ["network", "post_id", "author", "reposted_post", "reposted_author"]
_TWITTER_EPOCH = 1_288_834_974_657
_SORTABLE = {sign: number for number, sign in enumerate("234567abcdefghijklmnopqrstuvwxyz")}


@dataclass(frozen=True)
class Notices:
    """What says that posts are gone: rows of ``social/deletions``; versions of posts (network, post_id) that an edit replaced.

    Both with the ``landing_file`` that brought the notice or the edit.
    """

    deletions: pa.Table
    replaced: pa.Table

    def found(self, posts: pa.Table) -> pa.ChunkedArray:
        """For each row of ``posts`` whether it is gone."""
        there = posts.select([name for name in _NAMES if name in posts.column_names])
        replaced = row_key(self.replaced, ("network", "post_id")).combine_chunks()
        return pc.or_(gone(there, self.deletions), pc.is_in(row_key(posts, ("network", "post_id")), value_set=replaced))

    def files(self, posts: pa.Table) -> set[str]:
        """Landing files of the notices that say that these posts, all of them gone, are so."""
        named = [row_key(posts, ("network", name)) for name in _NAMES[1:] if name in posts.column_names]
        keys = pa.chunked_array([chunk for column in named for chunk in column.chunks], pa.string()).combine_chunks().drop_null()
        told = ((self.deletions, "subject"), (self.replaced, "post_id"))
        return {
            file
            for notices, subject in told
            for file in notices.filter(pc.is_in(row_key(notices, ("network", subject)), value_set=keys))["landing_file"].to_pylist()
        }


def notices_of(lake: LakeReader, keys: Sequence[str]) -> Notices:
    """Notices and edits that landed in, or are of, these hours."""
    deletions = lake.read(DELETIONS, keys, columns=[*DELETION_COLUMNS, "landing_file"])
    deletions = deletions.filter(pc.not_equal(deletions["subject_kind"], "location"))
    versions = lake.read(RAW, keys, columns=["network", "post_id", "edit_of", "landing_file"])
    return Notices(deletions, _replaced(versions.filter(pc.is_valid(versions["edit_of"]))))


def without_gone_posts(lake: LakeReader, posts: pa.Table, keys: Sequence[str]) -> tuple[pa.Table, dict[str, dict[str, str]]]:
    """Clean posts of the hours without those that are gone by now, and the files of the notices that say so, by hour.

    For runs of the job ``BY`` alone: an hour is *sealed* from what had landed, whatever notices say. Else a range of hours would not give
    what one hour at a time gives, as it has the notices of its later hours, nor sealing anew what sealing gave.
    """
    if not posts.num_rows:
        return posts, {}
    hour = pc.strftime(posts["created_at"], format="%Y-%m-%d-%H:00")
    known = notices_of(lake, sorted({key for table in (RAW, DELETIONS) for key in lake.partitions(table) if key >= min(keys)}))
    taken = known.found(posts)
    files = {
        key: {path: _hash_of(path) for path in known.files(of_hour)}
        for key in keys
        if (of_hour := posts.filter(pc.and_(taken, pc.equal(hour, key)))).num_rows
    }
    return posts.filter(pc.invert(taken)), files


def hours_with_gone_posts(lake: LakeReader, sealed: Sealed, since: datetime | None = None) -> dict[datetime, list[str]]:
    """Sealed hours whose clean posts hold posts that are gone, and the landing files that say so.

    since: only notices that landed from then on (None: all of the hours that may be rebuilt). Only hours that may be rebuilt are told.
    Reads the names of posts from the oldest that a notice can be of; an account may have posts in all of them.
    """
    first = sealed.rebuilt_from
    begin, end = hour_key(max(first, since or first)), hour_key(sealed.until)
    noticed = sorted({key for table in (RAW, DELETIONS) for key in lake.partitions(table) if begin <= key < end})
    known = notices_of(lake, noticed)
    oldest = _oldest(known, first, noticed)
    if oldest is None:
        return {}
    found: dict[datetime, list[str]] = {}
    hours = hours_between(max(oldest, first), sealed.until)
    for start in range(0, len(hours), HOURS_AT_ONCE):
        keys = [hour_key(hour) for hour in hours[start : start + HOURS_AT_ONCE]]
        posts = lake.read(CLEAN, keys, columns=[*_NAMES, "created_at"])
        taken = posts.filter(known.found(posts))
        of = pc.floor_temporal(taken["created_at"], unit="hour")
        for hour in sorted(pc.unique(of).to_pylist()):
            rows = taken.filter(pc.equal(of, pa.scalar(hour, of.type)))
            found[hour] = sorted(known.files(rows))
    return found


def ranges(found: dict[datetime, list[str]]) -> list[LateRange]:
    """The hours as ranges of neighbours, in time order; what a range is named by tells its hours too, as a notice may be of many."""
    from trend_assets.landing.late_files import LateRange

    grouped: list[list[datetime]] = []
    for hour in sorted(found):
        if grouped and hour - grouped[-1][-1] == _HOUR and len(grouped[-1]) < HOURS_TOGETHER:
            grouped[-1].append(hour)
        else:
            grouped.append([hour])
    return [
        LateRange(hour_key(hours[0]), hour_key(hours[-1]), tuple(f"{path} for {hour_key(hour)}" for hour in hours for path in found[hour]))
        for hours in grouped
    ]


def _replaced(versions: pa.Table) -> pa.Table:
    """Of posts with an ``edit_of``: the first versions that they name, and those among them that a later one replaces."""
    newest: dict[tuple[str, str], tuple[tuple[int, str], str]] = {}
    gone_versions: list[dict[str, str]] = []
    for row in versions.to_pylist():
        chain, order = (row["network"], row["edit_of"]), (len(row["post_id"]), row["post_id"])  # as numbers sort
        before = newest.get(chain)
        gone_versions.append({"network": chain[0], "post_id": chain[1], "landing_file": row["landing_file"]})
        if before is None or before[0] < order:
            newest[chain] = (order, row["landing_file"])
    for row in versions.to_pylist():
        order, file = newest[row["network"], row["edit_of"]]
        if (len(row["post_id"]), row["post_id"]) < order:
            gone_versions.append({"network": row["network"], "post_id": row["post_id"], "landing_file": file})
    schema = pa.schema([("network", pa.string()), ("post_id", pa.string()), ("landing_file", pa.string())])
    return pa.Table.from_pylist(gone_versions, schema)


def _oldest(known: Notices, first: datetime, noticed: Sequence[str]) -> datetime | None:
    """The earliest hour that may hold a post that a notice names; ``first`` where one does not tell, None without notices."""
    moments: list[datetime] = []
    if known.replaced.num_rows:
        moments.append(end_of_hour(noticed[0]) - _HOUR - EDITED_WITHIN)
    for row in known.deletions.select(["network", "subject_kind", "subject"]).to_pylist():
        written = written_at(row["network"], row["subject"]) if row["subject_kind"] == "post" else None
        if written is None:
            return first
        moments.append(written)
    return min(moments).replace(minute=0, second=0, microsecond=0) if moments else None


def written_at(network: str, post_id: str) -> datetime | None:
    """When a post was written as its id tells it: X counts milliseconds, Bluesky's record keys count microseconds; None for others."""
    try:
        if network == "x" and post_id.isdigit() and len(post_id) > 15:
            return datetime.fromtimestamp(((int(post_id) >> 22) + _TWITTER_EPOCH) / 1000, UTC)
        key = post_id.rpartition("/")[2]
        if network == "bluesky" and len(key) == 13:
            number = 0
            for sign in key:
                number = number * 32 + _SORTABLE[sign]
            return datetime.fromtimestamp((number >> 10) / 1e6, UTC) - timedelta(hours=1)  # clients' clocks differ from their posts'
    except (KeyError, ValueError, OverflowError, OSError):
        pass
    return None


def _hash_of(path: str) -> str:
    return path.removesuffix(".jsonl.zst").rsplit("-", 1)[-1]
