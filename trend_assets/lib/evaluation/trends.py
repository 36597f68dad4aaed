"""Every alert that the chain raises, and every candidate it holds back, on a user's own file of posts.

What belongs here: which lane decides, and one entry an event with what was known when it could first be raised. What doesn't: reading the
file's columns (``posts``), the lanes themselves (``minutes``, ``sealed``), other methods (``trend_peers``), printing.

Without brands the question is what is new at all: alerts by the minute decide, with the stress test and the test for machines on
the posts up to then; what grows too slowly for them is raised by the hour's ranking where it is robust (grade A). With brands it is what
a buyer should look at: the hour's ranking with relevance and stress test decides, and an alert by the minute brings its time forward to
the first moment at which the verdicts, asked again of the posts up to then alone, hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.evaluation.minutes import Sighting, Stretch, Verdict, describe, moments, sightings, verdict_at
from trend_assets.lib.evaluation.posts import POST_ID, read_evaluation_posts
from trend_assets.lib.evaluation.sealed import HOUR, SAME_EVENT_HOURS, Candidate, Run, candidates, face_of, run_hours, same
from trend_assets.lib.evaluation.trend_peers import TREND_PEERS
from trend_assets.lib.trends.cycles import HISTORY_HOURS
from trend_assets.lib.trends.history import Integers
from trend_assets.lib.trends.rank import TrendRules

EVERYTHING = "all posts"
"""The group of a file without a brand column."""
EXEMPLARS = 5
MINUTE = timedelta(minutes=1)
MOST_JUDGEMENTS = 20_000
"""A longer stretch is judged every five minutes."""
RETRIES = (0, 5, 10, 20, 40)
"""Minutes after an alert by the minute at which the verdicts are asked, until its hour is over."""
SAME_POSTS = 0.5
"""A minute alert is about a topic of the sealed lane that has this share of its posts."""
_UNJUDGED = ("insufficient data", "D")
_DAY = timedelta(hours=24)
_EXEMPLAR_LENGTH = 400
_MICROSECONDS = 60_000_000

Entry = dict[str, Any]


def evaluate_trends(
    posts: pa.Table,
    *,
    brand_column: str | None = None,
    catalogue: pa.Table | None = None,
    peers: bool = False,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """``{"alerts": [...]}``: one entry an event, those of a day strongest first, then the candidates held back (``raised`` false).

    ``posts``: a user's table; see ``read_evaluation_posts``. Without ids rows are numbered. ``brand_column`` divides it into groups that
    are judged each on its own, its values being the brands; without it all posts are one group and no brand is looked for. Rows without a
    brand are left out. ``catalogue``: rows of ``retail/products`` that say what the brands sell. ``peers``: other methods' alerts on the
    same posts, under ``"peers"``. ``progress`` is told what happens.

    An entry has ``at`` (ISO time with zone: when it could first be raised), ``group``, ``label``, ``keywords``, ``posts`` and ``authors``
    (distinct), ``raised``, ``lane``, ``score``, ``grade``, ``reason``, ``exemplars`` (texts), all as of ``at``: nothing published later is
    in them. Raises ``ValueError`` for missing columns, and where there are rows and none is a usable post.
    """
    say = progress or _say_nothing
    clean = read_evaluation_posts(_numbered(posts, say), brand=brand_column, note=say)
    if posts.num_rows and not clean.num_rows:
        raise ValueError(f"none of the {posts.num_rows:,} rows is a post with id, time and text")
    if clean.num_rows and brand_column is not None and clean["brand"].null_count == clean.num_rows:
        raise ValueError(f"none of the {clean.num_rows:,} posts has a brand in the column {brand_column}")
    alerts: list[Entry] = []
    others: dict[str, list[Entry]] = {name: [] for name in TREND_PEERS} if peers else {}
    for group, part in _groups(clean, brand_column is not None, say):
        brands = [group] if brand_column is not None else []
        found = [entry | {"group": group} for posts_of in _stretches(part) for entry in _entries(posts_of, brands, catalogue)]
        say(f"{group}: {part.num_rows:,} posts, {sum(one['raised'] for one in found)} alerts, {len(found)} candidates")
        alerts += found
        for name, entries in others.items():
            entries += [entry | {"group": group} for posts_of in _stretches(part) for entry in TREND_PEERS[name](Stretch(posts_of))]
    result: dict[str, Any] = {"alerts": _in_order(alerts)}
    return result | ({"peers": {name: {"alerts": _in_order(entries)} for name, entries in others.items()}} if peers else {})


def _in_order(entries: list[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda one: (one["at"][:10], not one["raised"], -one["score"], one["group"], one["at"], one["label"]))


def _say_nothing(sentence: str) -> None:
    """Nobody listens."""


def _numbered(posts: pa.Table, say: Callable[[str], None]) -> pa.Table:
    """The posts with their row numbers for ids, where they have none."""
    if any(name in posts.column_names for name in POST_ID):
        return posts
    say("there are no ids: rows are numbered")
    return posts.append_column(POST_ID[0], pc.cast(pa.array(np.arange(posts.num_rows)), pa.string()))


def _groups(clean: pa.Table, divided: bool, say: Callable[[str], None]) -> Iterator[tuple[str, pa.Table]]:
    if not divided:
        yield EVERYTHING, clean
        return
    missing = clean["brand"].null_count
    if missing:
        say(f"{missing:,} rows without a brand left out")
    for group in sorted(pc.unique(clean["brand"]).drop_null().to_pylist()):
        yield group, clean.filter(pc.equal(clean["brand"], group))


def _stretches(clean: pa.Table) -> Iterator[pa.Table]:
    """The posts (in time order) cut where no post is for longer than any method remembers: a stray date costs no empty years."""
    longest = HISTORY_HOURS * 3_600_000_000
    bounds = [0, *(np.flatnonzero(np.diff(moments(clean)) > longest) + 1).tolist(), clean.num_rows]
    for begin, end in pairwise(bounds):
        if end > begin:
            yield clean.slice(begin, end - begin)


def _entries(clean: pa.Table, brands: Sequence[str], catalogue: pa.Table | None) -> Iterator[Entry]:
    """Entries of a stretch, without their group."""
    stretch = Stretch(clean)
    run = run_hours(clean, brands, catalogue)
    topics, found = _Topics(run, stretch), candidates(run)
    if brands:
        # Minutes only bring forward what an hour raises.
        seen = sightings(stretch, step=5 * MINUTE) if any(one.raised for one in found) else []
        yield from _by_the_hour(stretch, run, topics, found, seen, brands, catalogue)
        return
    minutes = np.unique(stretch.times // _MICROSECONDS).size
    seen = sightings(stretch, step=MINUTE if minutes <= MOST_JUDGEMENTS else 5 * MINUTE)
    yield from _by_the_minute(stretch, run, topics, found, seen)


class _Topics:
    """Which posts of a stretch belong to which topic of the sealed lane."""

    def __init__(self, run: Run, stretch: Stretch) -> None:
        assigned = pc.binary_join_element_wise(run.assignments["network"], run.assignments["post_id"], ":")
        place = pc.index_in(stretch.keys, value_set=pa.chunked_array(assigned).combine_chunks())
        self._topic = pc.take(run.assignments["topic_id"], place).combine_chunks()
        self._everywhere: Integers = np.arange(len(stretch.keys))

    def rows(self, topics: set[str]) -> Integers:
        """Rows of all posts of the topics."""
        return self._everywhere[self._of(self._everywhere, topics)]

    def share(self, rows: Integers, topics: set[str]) -> float:
        """Share of the rows that are of the topics."""
        return float(self._of(rows, topics).mean()) if rows.size else 0.0

    def _of(self, rows: Integers, topics: set[str]) -> Any:
        found = pc.is_in(self._topic.take(pa.array(rows)), value_set=pa.array(sorted(topics), pa.string()))
        return np.asarray(found, dtype=np.bool_)


def _by_the_minute(stretch: Stretch, run: Run, topics: _Topics, found: list[Candidate], seen: list[Sighting]) -> Iterator[Entry]:
    """Alerts by the minute decide; of the sealed lane, what grew too slowly for them is raised where the stress test gives it an A.

    In the first hours, when no word has a past yet, the sealed lane raises nothing: everyday talk is new to it too.
    """
    told: set[int] = set()
    faces = []
    for sighting in seen:
        same_posts = {place for place, one in enumerate(found) if topics.share(sighting.rows, one.topics) >= SAME_POSTS}
        told |= same_posts
        known = topics.rows({topic for place in same_posts for topic in found[place].topics})
        at, rows, verdict = _first_allowed(stretch, sighting, known, sighting.at + RETRIES[-1] * MINUTE, [], None)
        entry = _of_sighting(stretch, sighting, rows, at, verdict)
        if entry["raised"]:
            exemplars = stretch.keys.take(pa.array(sighting.exemplars)).to_pylist()
            faces.append((at, face_of(entry | {"exemplar_posts": exemplars})))
        yield entry
    for place, one in enumerate(found):
        if place in told:
            continue
        entry = _of_hour(stretch, topics, one)
        if one.raised:
            again = any(at <= one.at <= at + SAME_EVENT_HOURS * HOUR and same(face, mine) for at, face in faces for mine in one.faces)
            slow = one.row["grade"] == "A" and one.row["hour"] >= run.words_known_from and not again
            why = "an alert by the minute was about it" if again else "at no minute did three authors say the same rare words"
            entry |= {"raised": slow} | ({} if slow else {"reason": f"Held back: {why}; {entry['reason']}"})
        yield entry


def _by_the_hour(
    stretch: Stretch,
    run: Run,
    topics: _Topics,
    found: list[Candidate],
    seen: list[Sighting],
    brands: Sequence[str],
    catalogue: pa.Table | None,
) -> Iterator[Entry]:
    """The sealed lane decides; an alert by the minute brings the time forward to when the verdicts hold."""
    for one in found:
        sooner = _sooner(stretch, topics, seen, one, brands, catalogue) if one.raised else None
        if sooner is not None:
            yield sooner
            continue
        entry = _of_hour(stretch, topics, one)
        why = run.why.get((one.row["hour"], one.row["topic_id"]))
        yield entry | ({"reason": f"{one.row['reason']}; {why}"} if why and one.raised else {})


def _sooner(
    stretch: Stretch, topics: _Topics, seen: list[Sighting], one: Candidate, brands: Sequence[str], catalogue: pa.Table | None
) -> Entry | None:
    """The entry of a candidate as of the first moment before its hour was over at which it could be raised; None where there is none."""
    known = topics.rows(one.topics)
    for sighting in seen:
        if not one.at - _DAY <= sighting.at < one.at or topics.share(sighting.rows, one.topics) < SAME_POSTS:
            continue
        at, rows, verdict = _first_allowed(stretch, sighting, known, one.at - MINUTE, brands, catalogue)
        if not verdict.held_back:
            return _of_sighting(stretch, sighting, rows, at, verdict) | {"score": one.row["score"]}
    return None


def _first_allowed(
    stretch: Stretch, sighting: Sighting, known: Integers, latest: datetime, brands: Sequence[str], catalogue: pa.Table | None
) -> tuple[datetime, Integers, Verdict]:
    """The first moment at which the verdicts let a minute alert pass, its posts and the verdict then; of none, those it began with.

    ``known``: posts of the same topic, which may join it. With brands as many authors and posts as the hour's ranking asks must be there.
    """
    begun = None
    for minutes in RETRIES:
        at = sighting.at + minutes * MINUTE
        if at > latest:
            break
        rows = stretch.until(np.union1d(known, sighting.rows) if brands or minutes else sighting.rows, at)
        verdict = verdict_at(stretch, sighting, rows, at, brands, catalogue)
        if brands and (stretch.count_authors(rows) < TrendRules().minimum_authors or verdict.grade in _UNJUDGED):
            verdict = replace(verdict, held_back=verdict.held_back or f"Suppressed, too few yet: {verdict.stress_reason}")
        if not verdict.held_back:
            return at, rows, verdict
        begun = begun or (at, rows, verdict)
    return begun or (sighting.at, sighting.rows, verdict_at(stretch, sighting, sighting.rows, sighting.at, brands, catalogue))


def _of_sighting(stretch: Stretch, sighting: Sighting, rows: Integers, at: datetime, verdict: Verdict) -> Entry:
    """An alert by the minute as it was known at a moment."""
    text, words = describe(
        stretch, np.concatenate([sighting.exemplars, np.setdiff1d(sighting.rows, sighting.exemplars)]), sighting.strength
    )
    why = verdict.held_back or f"{sighting.reason}; {verdict.lane_reason}; {verdict.stress_reason}"
    return {
        "at": at.isoformat(),
        "label": text,
        "keywords": words,
        "posts": int(rows.size),
        "authors": stretch.count_authors(rows),
        "raised": not verdict.held_back,
        "lane": verdict.lane,
        "score": sighting.score,
        "grade": verdict.grade,
        "reason": why,
        "exemplars": _cut(stretch.texts(sighting.exemplars)),
    }


def _of_hour(stretch: Stretch, topics: _Topics, one: Candidate) -> Entry:
    """A candidate of the sealed lane as it was known when its hour was over."""
    row = one.row
    rows = stretch.until(topics.rows(one.topics), one.at)
    return {
        "at": one.at.isoformat(),
        "label": row["label"],
        "keywords": row["keywords"],
        "posts": int(rows.size),
        "authors": stretch.count_authors(rows),
        "raised": one.raised,
        "lane": row["lane"],
        "score": row["score"],
        "grade": row["grade"],
        "reason": row["reason"],
        "exemplars": _cut(stretch.texts(_in_given_order(stretch, row["exemplar_posts"][:EXEMPLARS]))),
    }


def _in_given_order(stretch: Stretch, keys: list[str]) -> Integers:
    return np.concatenate([np.zeros(0, np.int64), *(stretch.rows_of([key]) for key in keys)])


def _cut(texts: list[str]) -> list[str]:
    return [text[:_EXEMPLAR_LENGTH] for text in texts]
