"""Stages of the chain that are code or a package: what each says by day, and whether another version shifts it.

What belongs here: daily summaries of stages' tables, the record of accepted versions (``models/chain.json``), the verdict, accepting.
What doesn't: the comparison (``lib/learning/chain_outputs.py``), registered tasks, which the gate judges by labels (``chain_guard.py``).

The first version seen is accepted, and as long as it stays each whole day is summarised once. With another version the days it makes are
compared; where they shift, the stage stops what reads it until the old version is back or a person accepts the new one.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lake.lake import Lake
from trend_assets.lake.storage import ConflictError, open_storage
from trend_assets.lib.learning.chain import LEAST_ROWS, downstream_of, shifts
from trend_assets.lib.learning.chain_outputs import COUNT, ENOUGH_DAYS, MEAN, SHARE, Days, compare_days
from trend_assets.models.training_set import NotReadyError
from trend_assets.models.upstream import version_of
from trend_assets.settings import Settings
from trend_assets.tables import TABLES

FILE = "models/chain.json"
KEPT_DAYS = 28
ASKED_POSTS = 2_000
"""Newest posts that another language identifier is asked about at once, before it has made a day of its own."""
_ATTEMPTS = 10
Identify = Callable[[Sequence[str]], Sequence[str]]


@dataclass(frozen=True)
class StageVerdict:
    """Versions of a stage, sentences on what shifted (it stops what reads the stage) and on what did not, and what was done."""

    stage: str
    accepted: str
    present: str
    worse: tuple[str, ...]
    fine: tuple[str, ...]
    told: str

    @property
    def passed(self) -> bool:
        """Whether nothing shifted."""
        return not self.worse

    def __str__(self) -> str:
        if self.passed:
            return f"{self.stage}: {self.told}"
        return (
            f"{self.stage} changed from {self.accepted} to {self.present}, and what it says shifted: {'; '.join(self.worse)}. "
            f"Bring the version back, or: trend-assets models chain --accept {self.stage} --reason WHY"
        )


def _languages(lake: Lake, day: str) -> dict[str, tuple[float, float]]:
    posts = lake.read(TABLES["social/clean_posts"], _hours(lake, "social/clean_posts", day), columns=["language"])
    common = {name: count for name, count in _counts(posts["language"]).items() if name in ("en", "fr", "und")}
    return {f"{SHARE} language {name}": (count, posts.num_rows) for name, count in common.items()}


def _topics(lake: Lake, day: str) -> dict[str, tuple[float, float]]:
    rows = lake.read(TABLES["topics/topic_assignments"], _hours(lake, "topics/topic_assignments", day), columns=["topic_id", "assigned_by"])
    manifests = lake.manifests(TABLES["social/clean_posts"], _hours(lake, "social/clean_posts", day))
    posts = sum(manifest.rows for manifest in manifests.values() if manifest)
    sizes = _counts(rows["topic_id"])
    assigned = sum(sizes.values())
    found: dict[str, tuple[float, float]] = {f"{SHARE} posts with a topic": (assigned, posts), f"{COUNT} topics": (len(sizes), 0.0)}
    found |= {f"{SHARE} assigned by {name}": (count, rows.num_rows) for name, count in _counts(rows["assigned_by"]).items()}
    return found | {f"{SHARE} largest topic of the day": (max(sizes.values(), default=0), assigned)}


def _links(lake: Lake, day: str) -> dict[str, tuple[float, float]]:
    columns = ["topic_id", "linked", "category", "score"]
    rows = lake.read(TABLES["demand/product_trend_links"], [day], columns=columns)
    linked = rows.filter(rows["linked"])
    trends = pc.count_distinct(rows["topic_id"]).as_py()
    found: dict[str, tuple[float, float]] = {f"{SHARE} trends with a product": (pc.count_distinct(linked["topic_id"]).as_py(), trends)}
    for category, count in _counts(linked["category"]).items():
        strength = pc.sum(linked.filter(pc.equal(linked["category"], category))["score"]).as_py()
        found |= {
            f"{COUNT} links of category {category}": (count, 0.0),
            f"{MEAN} strength of category {category}": (strength or 0.0, count),
        }
    return found


def _forecasts(lake: Lake, day: str) -> dict[str, tuple[float, float]]:
    rows = lake.read(TABLES["demand/demand_forecasts"], [day], columns=["product_id", "step", "method", "units"])
    methods = set(pc.unique(rows["method"]).to_pylist())
    method = "global" if "global" in methods else min(methods, default="")
    rows = rows.filter(pc.and_(pc.equal(rows["step"], "day"), pc.equal(rows["method"], method)))
    if not rows.num_rows:
        return {}
    products = lake.read(TABLES["retail/products"], [day], columns=["product_id", "category"])
    category = dict(zip(products["product_id"].to_pylist(), products["category"].to_pylist(), strict=True))
    totals: dict[str, float] = {}
    for row in rows.group_by("product_id", use_threads=False).aggregate([("units", "sum")]).to_pylist():
        name = category.get(row["product_id"]) or "unknown"
        totals[name] = totals.get(name, 0.0) + float(row["units_sum"] or 0.0)
    return {f"{COUNT} units forecast of category {name}": (units, 0.0) for name, units in totals.items()}


@dataclass(frozen=True)
class Stage:
    """The table that a stage makes, and how a day of it is summarised."""

    path: str
    summary: Callable[[Lake, str], Mapping[str, tuple[float, float]]]


STAGES: Mapping[str, Stage] = {
    "language": Stage("social/clean_posts", _languages),
    "topic": Stage("topics/topic_assignments", _topics),
    "link": Stage("demand/product_trend_links", _links),
    "demand": Stage("demand/demand_forecasts", _forecasts),
}


def judge_stage(stage: str, lake: Lake, settings: Settings, identify: Identify | None = None, version: str = "") -> StageVerdict:
    """The present version of a stage beside the accepted one. Days of the accepted version are added to the record.

    identify: asked about the newest posts where the language identifier changed; by default the one installed. version: the present
    one, by default as found.
    """
    present, kept = version or version_of(stage, settings), _read(settings).get(stage)
    if kept is None or kept["version"] == present:
        days, aside = ({}, {}) if kept is None else (_days(kept["days"]), _days(kept["aside"]))
        new = {day: found for day, found in summaries(stage, lake, known=days).items() if aside.get(day) != found}
        merged = dict(sorted({**days, **new}.items())[-KEPT_DAYS:])
        if kept is None or new:
            _note(settings, stage, _entry(present, "the first version seen" if kept is None else kept["reason"], merged, aside), kept)
        return StageVerdict(stage, present, present, (), (), f"{present} is accepted, {len(merged)} days of it are known")
    accepted = _days(kept["days"])
    found = compare_days(accepted, summaries(stage, lake, known={}, accepted=accepted))
    edge = " and ".join(f"{stage} → {reader}" for reader in _readers(stage)) or stage
    worse, fine = [f"{edge}, {one}" for one in found.shifted], [f"{edge}, {one}" for one in found.kept]
    if stage == "language":
        moved, same = _asked(lake, accepted, identify)
        worse, fine = [f"{edge}, {one}" for one in moved] + worse, [f"{edge}, {one}" for one in same] + fine
        failed, held = _readers_judged(stage, lake, settings, identify)
        worse, fine = worse + failed, fine + held
    if not worse and not found.untold and len(found.new_days) >= ENOUGH_DAYS:
        days = {**accepted, **summaries(stage, lake, known=accepted)}
        reason = f"{len(found.new_days)} days without a shift"
        _note(settings, stage, _entry(present, reason, dict(sorted(days.items())[-KEPT_DAYS:]), {}), kept)
        told = f"{present} is accepted in place of {kept['version']}: no shift on {len(found.new_days)} days"
        return StageVerdict(stage, kept["version"], present, (), tuple(fine), told)
    aside = {**_days(kept["aside"]), **{day: one for day, one in summaries(stage, lake, known=accepted).items() if day in found.new_days}}
    if aside != _days(kept["aside"]):
        _note(settings, stage, _entry(kept["version"], kept["reason"], accepted, dict(sorted(aside.items())[-KEPT_DAYS:])), kept)
    shift = found.untold or f"no shift so far on {len(found.new_days)} days that it made"
    told = f"changed from {kept['version']} to {present}; {shift}, {ENOUGH_DAYS} accept it"
    return StageVerdict(stage, kept["version"], present, tuple(worse), tuple(fine), told)


def accept_stage(stage: str, lake: Lake, settings: Settings, reason: str, version: str = "") -> str:
    """Accept the present version of a stage for a reason, with the days there are now; returns the version.

    Raises ``NotReadyError`` for a stage that there is not and without a reason.
    """
    if stage not in STAGES:
        raise NotReadyError(f"there is no stage {stage!r} to accept; there are: {', '.join(STAGES)}. Tasks are promoted instead")
    if not reason.strip():
        raise NotReadyError(f"say with --reason why {stage} may say something else than before: it is recorded")
    present, kept = version or version_of(stage, settings), _read(settings).get(stage)
    now = summaries(stage, lake, known={})
    # What the version before made and this one has not made again is no measure of this one.
    mine = (
        now if kept is None or kept["version"] == present else {day: one for day, one in now.items() if _days(kept["days"]).get(day) != one}
    )
    _write(settings, stage, _entry(present, reason.strip(), mine, {}))
    return present


def blocked_upstream(upstream: Sequence[str], lake: Lake, settings: Settings) -> list[str]:
    """Sentences on stages among those upstream of a model that changed and shifted: what it would learn from is not what was accepted."""
    return [str(verdict) for verdict in (judge_stage(one, lake, settings) for one in upstream if one in STAGES) if not verdict.passed]


def summaries(stage: str, lake: Lake, known: Mapping[str, Any], accepted: Days | None = None) -> dict[str, dict[str, tuple[float, float]]]:
    """Summaries of the newest whole days that are not known yet, by day; days before the first with rows (or accepted) are left out.

    Later days without rows count as nothing of everything: a version that says nothing any more has shifted.
    """
    made = STAGES[stage]
    keys = lake.partitions(TABLES[made.path])
    hourly = TABLES[made.path].partition == "hour"
    # The newest day of an hourly table may still be under way.
    under_way = {keys[-1][:10]} if hourly and keys and not keys[-1].endswith("-23:00") else set()
    whole = sorted({key[:10] for key in keys} - under_way)
    found = {day: dict(made.summary(lake, day)) for day in whole[-KEPT_DAYS:] if day not in known}
    first = min((day for days in (found, known, accepted or {}) for day, slices in days.items() if slices), default=None)
    return {
        day: {name: (float(one), float(of)) for name, (one, of) in slices.items()}
        for day, slices in found.items()
        if first is not None and day >= first
    }


def _asked(lake: Lake, accepted: Days, identify: Identify | None) -> tuple[list[str], list[str]]:
    """What another language identifier says of posts that the accepted one has judged: the same posts, so no day's chance is in it."""
    from trend_assets.models.chain_guard import identify_today

    parts: list[pa.Table] = []
    for day in sorted(accepted, reverse=True):
        if sum(part.num_rows for part in parts) < ASKED_POSTS:
            hours = _hours(lake, "social/clean_posts", day)
            parts.append(lake.read(TABLES["social/clean_posts"], hours, columns=["clean_text", "language"]))
    posts = pa.concat_tables(parts).slice(0, ASKED_POSTS) if parts else None
    if posts is None or posts.num_rows < LEAST_ROWS:
        return [], []
    before = [str(one) for one in posts["language"].to_pylist()]
    moved = shifts(before, (identify or identify_today)([one or "" for one in posts["clean_text"].to_pylist()]))
    told = [(one.changed, f"{one} (the same {posts.num_rows} posts)") for one in moved if max(one.before, one.after) >= 0.01]
    return [text for changed, text in told if changed], [text for changed, text in told if not changed]


def _readers_judged(stage: str, lake: Lake, settings: Settings, identify: Identify | None) -> tuple[list[str], list[str]]:
    """Slice checks of the tasks that read the language, by their champions on their labelled examples."""
    from trend_assets.lib.learning.discovery import tasks
    from trend_assets.models.chain_guard import identify_today, language_effects
    from trend_assets.models.serving import IncompatibleModelError

    there, worse, fine = tasks(), list[str](), list[str]()
    for name in (one for one in _readers(stage) if one in there and there[one].source == "posts"):
        try:
            failed, held = language_effects(there[name], name, lake, settings, identify or identify_today)
        except (NotReadyError, IncompatibleModelError) as error:
            fine.append(f"{name} cannot be judged: {error}")
        else:
            worse, fine = worse + failed, fine + held
    return worse, fine


def _readers(stage: str) -> tuple[str, ...]:
    from trend_assets.lib.learning.discovery import tasks

    return downstream_of(stage, {name: task.depends_on for name, task in tasks().items()})


def _hours(lake: Lake, path: str, day: str) -> list[str]:
    return [key for key in lake.partitions(TABLES[path]) if key.startswith(day)]


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    return {str(row["values"]): int(row["counts"]) for row in pc.value_counts(pc.drop_null(column)).to_pylist()}


def _days(stored: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, tuple[float, float]]]:
    return {day: {name: (float(one[0]), float(one[1])) for name, one in slices.items()} for day, slices in stored.items()}


def _entry(version: str, reason: str, days: Days, aside: Days) -> dict[str, Any]:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return {"version": version, "recorded_at": at, "reason": reason, "days": days, "aside": aside}


def _read(settings: Settings) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(open_storage(settings.data).read(FILE))
    except FileNotFoundError:
        return {}
    return found


def _note(settings: Settings, stage: str, entry: Mapping[str, Any], kept: Mapping[str, Any] | None) -> None:
    """Replace the entry that a check read; where a person accepted a version meanwhile, that stays: the next check looks again."""
    with contextlib.suppress(ConflictError):
        _write(settings, stage, entry, instead_of=kept)


_ANY: Mapping[str, Any] = {}


def _write(settings: Settings, stage: str, entry: Mapping[str, Any], instead_of: Mapping[str, Any] | None = _ANY) -> None:
    """Replace one stage's entry; the others' stay what they are, also where two runs write at once.

    Raises ``ConflictError`` where the entry is not the one that was to be replaced (any, by default).
    """
    storage = open_storage(settings.data)
    for attempt in range(_ATTEMPTS):
        try:
            content, generation = storage.read_with_generation(FILE)
            held = json.loads(content)
        except FileNotFoundError:
            held, generation = {}, None
        if instead_of is not _ANY and held.get(stage) != instead_of:
            raise ConflictError(f"what is accepted of {stage} was changed meanwhile")
        try:
            storage.compare_and_swap(FILE, json.dumps(held | {stage: entry}, indent=1, ensure_ascii=False).encode(), generation)
        except ConflictError:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return
