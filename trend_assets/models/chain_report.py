"""The chain of models as it stands: who reads whom, made with which version, and what has changed since.

What belongs here: the report. What doesn't: the guards it asks (``chain_guard.py``), versions (``upstream.py``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from trend_assets.lake.lake import Lake
from trend_assets.lib.learning.chain import EDGES
from trend_assets.lib.learning.discovery import tasks
from trend_assets.models.bundles import MANIFEST, Bundles, DamagedBundleError
from trend_assets.models.chain_guard import identify_today, language_effects
from trend_assets.models.chain_stages import STAGES, judge_stage
from trend_assets.models.serving import IncompatibleModelError
from trend_assets.models.training_set import NotReadyError
from trend_assets.models.upstream import version_of
from trend_assets.settings import Settings


@dataclass(frozen=True)
class Edge:
    """A model, one that it reads, the version of that at the time the model was made, and of today."""

    model: str
    reads: str
    made_with: str
    today: str


@dataclass(frozen=True)
class ChainReport:
    """Every edge, and sentences on what got worse and what did not where an upstream model changed."""

    edges: tuple[Edge, ...]
    worse: tuple[str, ...]
    fine: tuple[str, ...]


def chain_report(lake: Lake, settings: Settings) -> ChainReport:
    """Edges with versions; the language identifier of today is asked about the labelled examples of each champion that reads it."""
    there, bundles = tasks(), Bundles(settings)
    reads = {**EDGES, **{name: task.depends_on or EDGES.get(name, ()) for name, task in there.items()}}
    edges, worse, fine = [], list[str](), list[str]()
    for model, upstream in reads.items():
        pointer = bundles.pointer(model) if model in there else None
        try:
            made = json.loads(bundles.read(model, pointer.bundle).get(MANIFEST, b"{}")).get("upstream", {}) if pointer else {}
        except DamagedBundleError:
            made = {}
        unrecorded = "not recorded" if pointer else "no champion" if model in there else "see its manifests"
        for one in upstream:
            edges.append(Edge(model, one, made.get(one, unrecorded), version_of(one, settings)))
            if one == "language" and pointer is not None:
                try:
                    failed, kept = language_effects(there[model], model, lake, settings, identify_today)
                except (NotReadyError, IncompatibleModelError) as error:
                    fine.append(f"{model} cannot be judged: {error}")
                else:
                    worse += failed
                    fine += kept
    for stage in STAGES:
        verdict = judge_stage(stage, lake, settings)
        worse += [str(verdict)] if verdict.worse else []
        fine += [str(verdict)] if not verdict.worse else []
    return ChainReport(tuple(edges), tuple(worse), tuple(fine))
