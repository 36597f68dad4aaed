"""Poison in bulk: whatever stands in a record, it is accounted for, its neighbours live, and its hour can be published.

Long form: ``python -m benchmarks.faults --mutants 100000``.
"""

from __future__ import annotations

import json
import zipfile

import pytest

from trend_assets_tests.lib.sources import mutants
from trend_assets_tests.support import shared_data


def test_mutants_of_valid_records_are_accounted_for_and_harm_nobody():
    found = mutants.check(mutants.mutants(seed=5, number=700))
    assert found.violations == []
    assert found.outcomes["quarantined"] > 350
    assert found.outcomes["post"] + found.outcomes["repost"] > 200  # mutants that are still posts, beside the neighbours
    assert len(found.reasons) > 8


def test_poison_values_in_every_field_are_accounted_for_and_harm_nobody():
    found = mutants.check([record for place, record in enumerate(mutants.in_every_field(mutants.POISON_VALUES)) if place % 5 == 0])
    assert found.violations == []
    assert {"too_large", "invalid_field", "unreadable_created_at", "invalid_id", "invalid_encoding"} <= set(found.reasons)


def test_a_line_of_8_mb_is_refused_and_harms_nobody():
    giant = b'{"data":{"id":"1","text":"' + b"x" * (8 << 20) + b'"}}'
    found = mutants.check([("x", giant)])
    assert found.violations == []
    assert found.reasons["too_large"] == 1


def test_the_same_seed_gives_the_same_mutants_and_another_gives_others():
    assert mutants.mutants(1, 20) == mutants.mutants(1, 20) != mutants.mutants(2, 20)


def test_the_check_would_notice(monkeypatch: pytest.MonkeyPatch):
    """The check itself: a lost neighbour, a record without an outcome, an hour that cannot be published."""
    whole = mutants.decode

    def spoilt(storage, **changes):
        decoded = whole(storage, **changes)
        posts = decoded.raw_posts
        return type(decoded)(posts.slice(1), decoded.quarantined_posts, decoded.deletions, decoded.landing_counts.slice(1))

    mutants._alone()
    monkeypatch.setattr(mutants, "decode", spoilt)
    problems = " / ".join(mutants.check(mutants.mutants(1, 50)).violations)
    assert "are accounted for" in problems
    assert "the counts say" in problems
    assert "neighbours are gone or changed" in problems
    monkeypatch.undo()
    doubled = mutants.Outcome()
    decoded = whole(mutants._landed(mutants.neighbours()))
    twice = mutants.pa.concat_tables([decoded.raw_posts, decoded.raw_posts])
    mutants._fit_to_publish(doubled, type(decoded)(twice, decoded.quarantined_posts, decoded.deletions, decoded.landing_counts))
    assert any("not unique" in violation for violation in doubled.violations)


def test_the_json_test_suite_in_every_field():
    with zipfile.ZipFile(shared_data("json_test_suite.zip")) as archive:
        texts = [archive.read(name) for name in archive.namelist() if name.endswith(".json")]
    texts = [text for text in texts if len(text) < 2_000]  # the deepest ones stand alone in test_poison
    assert len(texts) > 300
    found = mutants.check([record for place, record in enumerate(mutants.in_every_field(texts)) if place % 41 == 0])
    assert found.violations == []
    assert found.outcomes["post"] > 200


def test_naughty_strings_in_every_text_field():
    with zipfile.ZipFile(shared_data("naughty_strings.zip")) as archive:
        [name] = [name for name in archive.namelist() if name.endswith("blns.json")]
        strings = json.loads(archive.read(name))
    found = mutants.check([record for place, record in enumerate(mutants.text_fields(strings)) if place % 53 == 0])
    assert found.violations == []
    assert found.outcomes["post"] > 500
