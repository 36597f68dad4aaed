"""Poison records in bulk through landing, decoding, audit and cleaning; part of ``benchmarks/faults.py``.

What belongs here: which poison, how much, the report. What doesn't: the mutator and what must hold
(``trend_assets_tests/lib/sources/mutants.py``, which the tests share).
"""

from __future__ import annotations

import gzip
import json
import resource
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from trend_assets.lake.storage import open_storage
from trend_assets.landing.ingest import RefusedFileError, ingest_files
from trend_assets_tests.lib.sources import mutants
from trend_assets_tests.lib.sources.landed import LAKE_START
from trend_assets_tests.support import SHARED_DATA

BATCH = 4_000
SOURCES = ("x", "x-v1", "bluesky", "table")


def run(number: int, seed: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Mutants, poison values in every field, public collections of poison where they are at hand, a bomb and a giant line."""
    started, report, total = time.monotonic(), dict[str, Any](), mutants.Outcome()
    for name, records in (("mutants", _mutants(number, seed)), *_collections()):
        found, began = mutants.Outcome(), time.monotonic()
        while batch := list(islice(records, BATCH)):
            found.add(mutants.check(batch))
            tell(f"{name}: {found.records:,} records, {len(found.violations)} violations")
        report[name] = {
            "records": found.records,
            "outcomes, with neighbours": dict(sorted(found.outcomes.items())),
            "seconds": round(time.monotonic() - began, 1),
        }
        total.add(found)
    total.violations += _bomb() + _giant()
    return {
        "violations": total.violations,
        "poison records": total.records,
        "reasons of quarantine": dict(total.reasons.most_common()),
        **report,
        "a bomb of 1 GiB in a file of 1 MiB, a line of 64 MiB": "refused with a reason, neighbours kept"
        if not total.violations
        else "see above",
        "seconds": round(time.monotonic() - started, 1),
        "most memory, MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _mutants(number: int, seed: int) -> Iterator[mutants.Record]:
    for first in range(0, number, BATCH):
        yield from mutants.mutants(seed * 1_000_000 + first, min(BATCH, number - first))


def _collections() -> Iterator[tuple[str, Iterator[mutants.Record]]]:
    yield "poison values in every field", mutants.in_every_field(mutants.POISON_VALUES)
    suite, naughty = SHARED_DATA / "json_test_suite.zip", SHARED_DATA / "naughty_strings.zip"
    if suite.exists():
        with zipfile.ZipFile(suite) as archive:
            texts = [archive.read(name) for name in archive.namelist() if name.endswith(".json")]
        whole = ((source, text) for source in SOURCES for text in texts)
        yield f"the JSON test suite ({len(texts)} texts) as records", whole
        yield "the JSON test suite in every field", mutants.in_every_field(texts)
    if naughty.exists():
        with zipfile.ZipFile(naughty) as archive:
            [name] = [name for name in archive.namelist() if name.endswith("blns.json")]
            strings = json.loads(archive.read(name))
        yield f"naughty strings ({len(strings)}) in every field", mutants.text_fields(strings)


def _bomb() -> list[str]:
    """A file that expands a thousandfold is refused whole, and nothing of it lands."""
    with tempfile.TemporaryDirectory() as folder:
        bomb, landing = Path(folder) / "posts.jsonl.gz", open_storage(f"{folder}/landing")
        with gzip.open(bomb, "wb") as stream:
            for _ in range(1_024):
                stream.write(b"0" * (1 << 20))
        try:
            ingest_files([bomb], "x", landing, received_at=LAKE_START + timedelta(days=1), lake_start=LAKE_START)
        except RefusedFileError:
            return [] if not landing.list() else ["a refused bomb left files in landing"]
        return ["a bomb was read"]


def _giant() -> list[str]:
    found = mutants.check([("x", b'{"data":{"id":"1","text":"' + b"x" * (64 << 20) + b'"}}')])
    return found.violations if found.reasons["too_large"] == 1 else [*found.violations, "a line of 64 MiB was not refused"]
