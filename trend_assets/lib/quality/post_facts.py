"""Facts of a window of raw posts: clocks, ids, damaged texts, posts that came twice, and what a feed does not do from one day to the next.

What belongs here: what is known of the meaning of a post's columns, as counts of posts that contradict it. What doesn't: facts of any
table (``column_facts.py``), the verdict (``facts.py``), who is a bot or a trend (``lib/coordination``, ``lib/trends``), drift of
clean posts over weeks (``drift.py``).

A window is a run of hours: a whole day, or the one hour that was just sealed; it is compared with the same hours of the days before.
``DAMAGE`` names the checks that say the feed is broken, whatever people did: they stop what comes after. The others (``CHANGED``)
may be people's doing, a wave of bots or a day off: they warn, but for what no people do, and the stress test of trends deals with it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.quality.column_facts import ColumnNotes, Watched, column_facts, note_columns
from trend_assets.lib.quality.facts import LEAST_PAST, Alarm, Fault, Level, count_facts, judge

DAMAGE: Mapping[str, str] = {
    "text_encoding": "No text was read in another encoding; accents are where they were.",
    "empty_texts": "Posts have a text.",
    "clock": "Posts are received after they are written, and written when their ids say so.",
    "id_shapes": "Ids look as their network's ids do.",
    "ids_reused": "No id is one of an earlier day's posts.",
    "repeated_rows": "No posts that differ in their id only.",
    "empty_columns": "No column lost its values, and none became a constant.",
    "cut_texts": "Texts are not cut at one length.",
    "markup": "Texts hold no markup or escapes.",
}
"""Checks that say the feed is broken: they block."""
CHANGED: Mapping[str, str] = {
    "known_values": "No network, kind, source, licence or place that was never seen, and every one that always came.",
    "languages": "Languages have their usual shares.",
    "loud_authors": "No account has a larger share than any had before.",
    "copied_texts": "As many posts as usual repeat a text word for word.",
    "engagement": "Views, likes and followers are of their usual size.",
    "row_count": "About as many posts as in these hours of the days before.",
    "text_lengths": "Texts are about as long as usual.",
    "lateness": "Posts come as soon after they were written as usual.",
}
"""Checks that say the posts are unlike those before: they warn."""
MAY_STOP = frozenset({*DAMAGE, "known_values", "engagement"})
"""Checks that may block: of what is unlike before, only what people never do (counts that all turn zero, every place renamed)."""
PAST_DAYS = 14
"""Days whose same hours say what is usual."""
MOST_POSTS = 50_000
"""Posts of a window that are looked at: every n-th of more."""
FEW_POSTS = 500
"""Posts of a run's hours below which the day up to them is looked at as well."""
COLUMNS = (
    "post_id", "network", "source", "author", "created_at", "kind", "text", "language_hint", "hashtags", "urls", "repost_count",
    "like_count", "view_count", "author_followers", "place", "captured_at", "licence_class",
)  # fmt: skip
WATCHED = Watched(
    optional=("language_hint", "repost_count", "like_count", "view_count", "author_followers", "place"),
    varied=("text", "author", "created_at"),
    lists=("network", "kind", "source", "licence_class", "place"),
    texts=("text",),
    content=("author", "text", "created_at"),
)
ALARM_LEVEL = 1e-3
"""Of levels of posts: all of their checks warn only."""
_TWITTER_EPOCH = 1_288_834_974_657
_CLOCK_SECONDS = 300
_FEWEST_MISDATED = 10
"""A shifted clock shifts every post of a feed; a handful with odd ids are posts that somebody typed or moved."""
_COPIES = 5
_LEAST_POSTS = 50
_LEAST_PLACES = 20
_ACCENTS = ("text_encoding", "text without their accents")
_LEAST_ACCENTED = 30
_FEWEST_EMPTY = 10
_COUNTS = ("view_count", "like_count", "author_followers")
_OTHER_UNIT = 4.0
"""Change of a mean logarithm, a factor of fifty, that is another unit and no change of mind."""
_LONG = 60
"""Characters from which on many texts of the very same length are a cut, not chance."""
_MARKUP = r"&(amp|lt|gt|quot|#\d+);|</?[a-z]+ ?/?>|\\u[0-9a-f]{4}|\\n"

Found = dict[tuple[str, str], Fault | Level]


@dataclass(frozen=True)
class PostNotes:
    """What is remembered of a window: notes on columns, hashes of ids and texts, shares that vary, and the facts that followed."""

    columns: ColumnNotes
    shapes: Mapping[str, int] = field(default_factory=dict)
    ids: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint64))
    loudest: float = 0.0
    tagged: Mapping[str, int] = field(default_factory=dict)
    counted: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    facts: Mapping[tuple[str, str], Fault | Level] = field(default_factory=dict)


def sampled(posts: pa.Table) -> pa.Table:
    """Every n-th post where there are more than ``MOST_POSTS``."""
    step = -(-posts.num_rows // MOST_POSTS)
    return posts if step <= 1 else posts.take(pa.array(np.arange(0, posts.num_rows, step)))


def note_posts(posts: pa.Table, earlier: Sequence[PostNotes]) -> PostNotes:
    """Notes and facts of a window of raw posts (``COLUMNS``), given notes of earlier windows, oldest first. O(posts)."""
    from trend_assets.lib.quality.column_facts import content_hashes

    columns = note_columns(posts, WATCHED)
    ids = np.unique(content_hashes(posts, ("network", "post_id")))
    authors = pc.value_counts(posts["author"].combine_chunks()).field("counts")
    loudest = (pc.max(authors).as_py() or 0) / max(posts.num_rows, 1)
    tagged = {name: int(pc.sum(pc.greater(pc.list_value_length(posts[name]), 0)).as_py() or 0) for name in ("hashtags", "urls")}
    notes = PostNotes(columns, _id_shapes(posts), ids, loudest, tagged, _counted(posts))
    facts: Found = {}
    if posts.num_rows:
        facts = dict(column_facts(columns, [past.columns for past in earlier], copies=False))
        for part in (
            _texts(posts),
            _clock(posts),
            _ids(notes, earlier),
            _people(posts, notes, earlier),
            _tags(notes, earlier),
            _levels(posts),
        ):
            facts.update(part)
    facts.update(_row_count(posts.num_rows, earlier))
    for key in [("empty_columns", name) for name in WATCHED.optional]:
        if isinstance(lost := facts.get(key), Fault) and lost.of:  # three of an hour's thirty posts may lack a language by chance
            facts[key] = replace(lost, tolerance=max(lost.tolerance, _FEWEST_EMPTY / lost.of))
    accents = facts.get(_ACCENTS)
    if isinstance(accents, Fault) and accents.of < _LEAST_ACCENTED:  # an hour of few posts may have none by chance
        del facts[_ACCENTS]
    facts = {key: replace(fact, warns=True) if key[0] in CHANGED else fact for key, fact in facts.items()}
    if posts.num_rows:
        facts.update(_nobodys_doing(posts, notes, earlier))
    return replace(notes, facts=facts)


def judge_posts(
    newest: PostNotes, earlier: Sequence[PostNotes], skipped: Collection[str] = (), since: Mapping[str, int] | None = None
) -> list[Alarm]:
    """Alarms of the newest window given earlier ones. ``skipped``: checks whose change was accepted for this window.

    ``since``: for checks whose change was accepted earlier, how many of the earlier windows were accepted (the last ones).
    """
    usual = since or {}
    alarms: list[Alarm] = []
    counted = count_facts([newest.facts])
    for check in dict.fromkeys(check for check, _ in newest.facts):
        if check in skipped:
            continue
        windows = earlier[len(earlier) - min(usual.get(check, len(earlier)), len(earlier)) :]
        past = [{key: fact for key, fact in one.facts.items() if key[0] == check} for one in windows]
        mine = {key: fact for key, fact in newest.facts.items() if key[0] == check}
        alarms += judge(mine, past, counted, ALARM_LEVEL)
    return alarms


def _texts(posts: pa.Table) -> Found:
    """Empty texts, texts cut at one length, markup that was not decoded."""
    own = posts.filter(pc.not_equal(posts["kind"], "repost"))
    length = np.asarray(pc.utf8_length(pc.utf8_trim_whitespace(own["text"])))
    found: Found = {("empty_texts", "posts without text"): Fault(int((length == 0).sum()), len(length))}
    different = pc.unique(own["text"])  # a wave of copies has one length as well
    long = np.asarray(pc.utf8_length(different))
    if (long >= _LONG).sum() >= _LEAST_POSTS:
        # the longest texts differ in length unless something cut them
        found["cut_texts", "texts of exactly the largest length"] = Fault(int((long == long.max()).sum()), len(long))
    marked = pc.sum(pc.match_substring_regex(own["text"], _MARKUP)).as_py() or 0
    found["markup", "texts with markup or escapes"] = Fault(int(marked), len(length))
    return found


def _clock(posts: pa.Table) -> Found:
    """Posts received before they were written, and ids that tell another time than the post (X numbers posts by the millisecond)."""
    created, captured = (np.asarray(posts[name].cast(pa.int64())) / 1e6 for name in ("created_at", "captured_at"))
    found: Found = {("clock", "received before it was written"): Fault(int((captured < created - 60).sum()), len(created), 0.01)}
    numbered = np.asarray(pc.and_(pc.equal(posts["network"], "x"), pc.match_substring_regex(posts["post_id"], r"^\d{15,19}$")))
    if numbered.sum():
        ids = np.asarray(posts["post_id"].filter(pa.array(numbered)).cast(pa.int64()))
        told = ((ids >> 22) + _TWITTER_EPOCH) / 1e3
        off = np.abs(told - created[numbered]) > _CLOCK_SECONDS
        misdated = int(off.sum())
        found["clock", "another time than the id tells"] = Fault(
            misdated if misdated >= _FEWEST_MISDATED else 0, int(numbered.sum()), 0.01, needs_past=True
        )
    delay = np.log10(np.maximum(captured - created, 1.0))
    for network in sorted(pc.unique(posts["network"]).to_pylist()):
        mine = delay[np.asarray(pc.equal(posts["network"], network))]
        if len(mine) >= _LEAST_POSTS:
            late = int((mine > np.log10(1800)).sum())
            found["lateness", f"{network} posts received half an hour late"] = Fault(late, len(mine), 0.08, needs_past=True)
    return found


def _counted(posts: pa.Table) -> dict[str, tuple[int, int]]:
    """By network and count: posts that have more than none, and posts that tell it."""
    found = {}
    for network in sorted(pc.unique(posts["network"]).to_pylist()):
        mine = posts.filter(pc.equal(posts["network"], network))
        for name in _COUNTS:
            told = mine[name].drop_null()
            if len(told):
                found[f"{name} on {network}"] = (pc.sum(pc.greater(told, 0)).as_py(), len(told))
    return found


def _id_shapes(posts: pa.Table) -> dict[str, int]:
    """Posts by network and kind of id: digits only with how many, else which signs are in it besides letters and digits."""
    ids = posts["post_id"]
    digits = pc.match_substring_regex(ids, "^[0-9]+$")
    signs = pc.replace_substring_regex(ids, r"[\p{L}0-9]+", "a")
    kind = pc.if_else(digits, pc.binary_join_element_wise("digits", pc.binary_length(ids).cast(pa.string()), " "), signs)
    counts = pc.value_counts(pc.binary_join_element_wise(posts["network"], kind, " ").combine_chunks())
    return dict(zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True))


def _ids(notes: PostNotes, earlier: Sequence[PostNotes]) -> Found:
    """Ids of a shape that their network never had; ids that other posts had before."""
    past = [one for one in earlier if one.columns.rows]
    if not past:
        return {}
    rows = notes.columns.rows
    found: Found = {}
    reused = len(np.intersect1d(notes.ids, np.unique(np.concatenate([one.ids for one in past])), assume_unique=True))
    found["ids_reused", "ids of posts of earlier days"] = Fault(reused, rows, 0.01, needs_past=True)
    if len(past) >= LEAST_PAST:
        known = set().union(*(one.shapes for one in past))
        strange = {shape: count for shape, count in notes.shapes.items() if shape not in known}
        example = max(strange, key=lambda shape: (strange[shape], shape), default="")
        found["id_shapes", "ids that their network never had"] = Fault(sum(strange.values()), rows, 0.01, needs_past=True, example=example)
    return found


def _people(posts: pa.Table, notes: PostNotes, earlier: Sequence[PostNotes]) -> Found:
    """One author's share of all posts, and texts that many authors posted word for word."""
    rows = notes.columns.rows
    found: Found = {}
    past = [one.loudest for one in earlier if one.columns.rows >= _LEAST_POSTS]
    if rows >= _LEAST_POSTS and len(past) >= LEAST_PAST:
        surplus = max(notes.loudest - max(past), 0.0)
        found["loud_authors", "posts of one author beyond anyone's before"] = Fault(round(surplus * rows), rows, needs_past=True)
    own = posts.filter(pc.and_(pc.not_equal(posts["kind"], "repost"), pc.greater(pc.utf8_length(posts["text"]), 20)))
    counts = pc.value_counts(own["text"].combine_chunks()).field("counts")
    copied = pc.sum(counts.filter(pc.greater_equal(counts, _COPIES))).as_py() or 0
    found["copied_texts", f"posts whose text was posted {_COPIES} times or more"] = Fault(int(copied), own.num_rows, 0.04, needs_past=True)
    return found


def _tags(notes: PostNotes, earlier: Sequence[PostNotes]) -> Found:
    """Posts that were to be expected with hashtags or links and came without."""
    past = [one for one in earlier if one.columns.rows >= _LEAST_POSTS]
    found: Found = {}
    if len(past) < LEAST_PAST:
        return found
    for name, count in notes.tagged.items():
        expected = round(sorted(one.tagged[name] / one.columns.rows for one in past)[1] * notes.columns.rows)
        if expected >= 20:
            found["empty_columns", f"{name} lost"] = Fault(max(expected - count, 0), expected, 0.6, needs_past=True)
    return found


def _levels(posts: pa.Table) -> Found:
    """Shares of languages, length of texts, tags, and what networks count: figures that move slowly."""
    rows = posts.num_rows
    found: Found = {}
    if rows < _LEAST_POSTS:
        return found
    languages = pc.value_counts(posts["language_hint"].drop_null().combine_chunks())
    told = pc.sum(languages.field("counts")).as_py() or 1
    for language, count in zip(languages.field("values").to_pylist(), languages.field("counts").to_pylist(), strict=True):
        if count >= 0.02 * told:
            found["languages", f"posts in {language}"] = Level(count / told, float(np.sqrt(0.25 / told)), 0.06, f"{count / told:.0%}")
    own = posts.filter(pc.not_equal(posts["kind"], "repost"))
    if own.num_rows >= _LEAST_POSTS:
        length = np.log(np.asarray(pc.utf8_length(own["text"])) + 1.0)
        found["text_lengths", "mean length of texts (log)"] = Level(float(length.mean()), float(length.std() / np.sqrt(len(length))), 0.35)
    for name in _COUNTS:
        values = np.asarray(posts[name].drop_null().cast(pa.float64()))
        if len(values) >= _LEAST_POSTS:
            logs = np.log1p(np.maximum(values, 0.0))
            found["engagement", f"mean {name} (log)"] = Level(float(logs.mean()), float(logs.std() / np.sqrt(len(logs))), 0.7)
            found["engagement", f"{name} zero"] = Fault(int((values == 0).sum()), len(values), 0.1, needs_past=True)
    return found


def _nobodys_doing(posts: pa.Table, notes: PostNotes, earlier: Sequence[PostNotes]) -> Found:
    """What changes so much that no people did it: counts in another unit or all zero, every place renamed, other licences."""
    found: Found = {}
    columns = notes.columns
    for name in _COUNTS:
        values = np.asarray(posts[name].drop_null().cast(pa.float64()))
        if len(values) >= _LEAST_POSTS:
            logs = np.log1p(np.maximum(values, 0.0))
            error = float(logs.std() / np.sqrt(len(logs)))
            found["engagement", f"mean {name} (log) in another unit"] = Level(float(logs.mean()), error, _OTHER_UNIT)
    for what, (above_zero, told) in notes.counted.items():
        usual = sorted(one.counted[what][0] / one.counted[what][1] for one in earlier if what in one.counted)
        expected = round(usual[1] * told) if len(usual) >= LEAST_PAST else 0
        if expected >= 20:
            found["engagement", f"{what} turned zero"] = Fault(max(expected - above_zero, 0), expected, 0.8, needs_past=True)
    past = [one.columns.values for one in earlier if one.columns.rows]
    if len(past) < LEAST_PAST:
        return found
    places, known = columns.values["place"], set().union(*(values["place"] for values in past))
    told = sum(places.values())
    if told >= _LEAST_PLACES:
        strange = sum(count for place, count in places.items() if place not in known)
        found["known_values", "place never seen before, of most posts"] = Fault(strange, told, 0.5, needs_past=True)
    if set(columns.values["network"]) | set(columns.values["source"]) <= set().union(*({*v["network"], *v["source"]} for v in past)):
        licences = set().union(*(values["licence_class"] for values in past))
        other = sum(count for licence, count in columns.values["licence_class"].items() if licence not in licences)
        found["known_values", "licence that these sources never had"] = Fault(other, columns.rows, 0.01, needs_past=True)
    return found


def _row_count(rows: int, earlier: Sequence[PostNotes]) -> Found:
    """A third of what the same hours ever had, or three times."""
    counts = np.array([one.columns.rows for one in earlier])
    if len(counts) < LEAST_PAST or np.median(counts) < _LEAST_POSTS:
        return {}
    outside = rows > 3.0 * counts.max() or rows < counts.min() / 3.0
    return {("row_count", f"{rows:,} posts, usually {counts.min():,} to {counts.max():,}"): Fault(3 if outside else 0, 3)}
