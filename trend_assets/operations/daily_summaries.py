"""Daily summaries: which tables are summarised, how a day's hours become one, what is judged from those that are kept.

What belongs here: reading hours, writing and reading summaries, facts about how a day was collected. What doesn't: counting and
judging (``lib/quality/drift_*.py``), Dagster (``defs/quality``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lake.lake import Lake
from trend_assets.lib.quality.drift_judged import REFERENCE, Judged, judge_summaries
from trend_assets.lib.quality.drift_summaries import KINDS, Plan, Summary, kept, merge, merged, restored, summarise
from trend_assets.operations.runs import Range
from trend_assets.operations.sealing import Due, first_range
from trend_assets.partitions import DAY_FORMAT, day_key, hour_key
from trend_assets.tables import TABLES, Table
from trend_assets.tables.quality import DAILY_SUMMARIES

POSTS = "social/clean_posts"
WORD_ROWS = 2_000
"""Posts of an hour whose words are counted; of an hour with more every n-th, so that a day's words cost the same however many there are."""
_PREDICTIONS = Plan(
    time="created_at",
    shares=("network", "label", "abstained"),
    histograms=(("probability", "label"),),
    volumes=("network",),
    models="model_version",
)
PLANS: Mapping[str, Plan] = {
    POSTS: Plan(
        time="created_at",
        shares=("network", "language", "kind"),
        members=("matching_rules",),
        numbers=("weighted_length",),
        volumes=("network",),
        words=("tokens", "author"),
    ),
    **{path: _PREDICTIONS for path, table in TABLES.items() if table.name == "predictions" and table.partition == "hour"},
}
"""What is summarised of which tables: what goes into the models, and what each of them says."""


def check_of(path: str) -> str:
    """Name of the check of ``quality/daily_summaries`` that tells the drift of a table."""
    return f"drift_of_{path.replace('/', '_')}"


if set(KINDS) != set(DAILY_SUMMARIES.column("kind").allowed):
    raise ValueError("the kinds that are counted are not those that the table declares")


def summaries_of(lake: Lake, days: Sequence[date]) -> pa.Table:
    """The rows of ``quality/daily_summaries`` of the days; none for a table on a day of which the lake has nothing, or a part only."""
    found = [(day, path, summary_of(lake, path, plan, day)) for day in days for path, plan in PLANS.items()]
    return DAILY_SUMMARIES.from_rows({"day": day, "table_name": path, **row} for day, path, summary in found for row in kept(summary))


def summary_of(lake: Lake, path: str, plan: Plan, day: date) -> Summary:
    """The summary of a table's day: its hours' summaries merged, with what is known of how they came to be."""
    table = TABLES[path]
    keys = _hours(day)
    published = lake.partitions(table)
    # The day on which a table begins is there in part: it would look like a day on which nearly everything was lost.
    if not published or published[0] > keys[0]:
        return Summary()
    day_of_table = merged(_hourly(lake, table, plan, keys))
    return merge(day_of_table, Summary(_gaps(lake, day))) if day_of_table.rows and path == POSTS else day_of_table


def _hourly(lake: Lake, table: Table, plan: Plan, keys: Sequence[str]) -> Iterator[Summary]:
    columns = plan.columns(column.name for column in table.columns)
    counted = Plan(plan.time, plan.shares, plan.members, plan.numbers, plan.histograms, plan.volumes, None, plan.models)
    for key, manifest in lake.manifests(table, keys).items():
        if manifest is None or not manifest.rows:
            continue
        rows = lake.read(table, [key], columns=columns)
        yield summarise(rows, counted)
        yield Summary({("schema", "", manifest.schema): rows.num_rows})
        if plan.words is not None:
            sample = rows.select(list(plan.words))
            step = -(-sample.num_rows // WORD_ROWS)
            taken = sample.take(pa.array(range(0, sample.num_rows, step))) if step > 1 else sample
            words = summarise(taken, Plan(plan.time, words=plan.words))
            yield Summary(buckets=words.buckets, words=words.words)


def _gaps(lake: Lake, day: date) -> dict[tuple[str, str, str], int]:
    """Minutes of each network and hour of the day that nobody collected and nobody fetched later."""
    from trend_assets.collect.gaps import read_gaps

    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    rows = [row for row in read_gaps(lake, start, start + timedelta(days=1)).to_pylist() if row["backfilled_at"] is None]
    found = {}
    for hour in range(24):
        begin = start + timedelta(hours=hour)
        for network in sorted({row["network"] for row in rows}):
            # of overlapping gaps a minute counts once
            missing = {
                minute
                for row in rows
                if row["network"] == network
                for minute in range(60)
                if row["begins_at"] < begin + timedelta(minutes=minute + 1) and row["ends_at"] > begin + timedelta(minutes=minute)
            }
            if missing:
                found[("gap", "network", f"{network} {hour:02d}:00")] = len(missing)
    return found


def judged(lake: Lake, path: str) -> Judged:
    """The verdict on the newest day that was summarised, of one table, against the days before it that are kept."""
    keys = lake.partitions(DAILY_SUMMARIES)[-(REFERENCE + 1) * 2 :]
    rows = lake.read(DAILY_SUMMARIES, keys)
    of_table = rows.filter(pc.equal(rows["table_name"], path)).to_pylist()
    by_day: dict[date, list[dict[str, object]]] = {}
    for row in of_table:
        by_day.setdefault(row["day"], []).append(row)
    if not by_day:
        return judge_summaries([], [])
    first = min(by_day)
    days = [day for day in (datetime.strptime(key, DAY_FORMAT).date() for key in keys) if day >= first]
    return judge_summaries([restored(by_day.get(day, [])) for day in days], days)


def summaries_due(sealed: tuple[datetime, datetime] | None, made_from: Sequence[Mapping[str, int]], made: Mapping[str, int]) -> Due:
    """Whole sealed days without summary, or with one older than what it was made from; the first range of neighbours.

    made_from: number of Dagster's newest record of each hour, of each table that is summarised. made: of each day's summary.
    """
    if sealed is None:
        return Due(None, "no hour is sealed yet")
    first, end = sealed[0].date(), sealed[1]
    due = []
    for number in range((end.date() - first).days):
        day = first + timedelta(days=number)
        newest = max((records.get(key, -1) for records in made_from for key in _hours(day)), default=-1)
        if newest > made.get(day_key(day), -1):
            due.append(day_key(day))
    return first_range(due, "every sealed day is summarised")


def whole_days(hours: Range) -> Range | None:
    """The whole days of a range of hours; ``None`` where there is none."""
    first, last = (datetime.strptime(key[:10], DAY_FORMAT).date() for key in (hours.first, hours.last))
    first += timedelta(days=hours.first[-5:] != "00:00")
    last -= timedelta(days=hours.last[-5:] != "23:00")
    return Range(day_key(first), day_key(last)) if first <= last else None


def _hours(day: date) -> list[str]:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return [hour_key(start + timedelta(hours=number)) for number in range(24)]
