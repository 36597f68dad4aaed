"""Rules files, waits and the framing of the stream, without a network."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trend_assets.collect.x.backoff import BackOff
from trend_assets.collect.x.client import DIALECTS
from trend_assets.collect.x.framing import Framer, LineTooLongError
from trend_assets.collect.x.opening import NotSetUpError, open_source
from trend_assets.collect.x.responses import StreamRule
from trend_assets.collect.x.rules import Rule, RulesError, difference, fits, read_rules
from trend_assets.settings import Settings


@given(lines=st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line)), cuts=st.lists(st.integers(0, 500)))
@settings(max_examples=200, deadline=None)
def test_lines_are_the_same_wherever_chunks_end(lines, cuts):
    data = b"".join(line + b"\r\n" for line in lines)
    marks = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    framer = Framer()
    found = [line for first, last in itertools.pairwise(marks) for line in framer.feed(data[first:last])]
    assert found == [line.strip() for line in lines if line.strip()]
    assert framer.rest() == b""
    assert framer.keep_alives == len(lines) - len(found)


def test_what_is_cut_off_is_known_and_a_line_without_end_is_refused():
    framer = Framer(longest_line=100)
    assert framer.feed(b'{"a":1}\r\n{"b"') == [b'{"a":1}']
    assert framer.rest() == b'{"b"'
    with pytest.raises(LineTooLongError):
        framer.feed(b"x" * 101)


def test_waits_are_those_x_documents():
    back_off = BackOff()
    assert [back_off.lost() for _ in range(3)] == [0.0, 0.25, 0.5]
    back_off.reset()
    assert [back_off.network() for _ in range(100)][-1] == 16.0
    assert [back_off.http() for _ in range(9)] == [5, 10, 20, 40, 80, 160, 320, 320, 320]
    assert [back_off.rate_limit(None, 1000.0) for _ in range(3)] == [60, 120, 240]
    assert back_off.rate_limit(1030.0, 1000.0) == 31.0
    assert back_off.rate_limit(10.0, 1000.0) == 900.0  # a reset of the past says nothing
    assert back_off.rate_limit(10**12, 1000.0) == 901.0  # nor does one beyond a window


def test_a_rules_file_gives_rules_with_tags_and_topics(tmp_path):
    file = tmp_path / "rules.yml"
    file.write_text('- value: "(sac OR bag)   lang:fr"\n  tag: bags\n  topic: t1\n- "robe été"\n')
    assert read_rules(file) == [Rule("(sac OR bag) lang:fr", "bags", "t1"), Rule("robe été", "robe été")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no rule"),
        ("- value: " + "a" * 1025, "1,025 characters, X allows 1,024"),
        ("\n".join(f"- term{number}" for number in range(1001)), "1,001 rules, X allows 1,000"),
        ("- {value: a, tag: t}\n- {value: b, tag: t}", "the tag of rule 1 again"),
        ("- {value: a, tag: t}\n- {value: a, tag: u}", "the value of rule 1 again"),
        ("- '\"bag'", "quotation mark"),
        ("- (bag", "parentheses"),
        ("- value: ''", "empty"),
        ("- {value: a, tagg: t}", "tagg"),
        ("value: a", "list"),
        ("- [", "rules.yml"),
        ("- 5", "docs/x.md"),
    ],
)
def test_a_rules_file_that_cannot_be_used_names_its_faults(tmp_path, text, message):
    file = tmp_path / "rules.yml"
    file.write_text(text)
    with pytest.raises(RulesError, match=message.replace("(", r"\(")):
        read_rules(file)


def test_a_thousand_rules_of_1024_characters_are_allowed(tmp_path):
    file = tmp_path / "rules.yml"
    file.write_text("\n".join(f"- value: {number:04d}{'a' * 1020}\n  tag: n{number}" for number in range(1000)))
    assert len(read_rules(file)) == 1000


def test_parentheses_within_quotation_marks_do_not_count(tmp_path):
    file = tmp_path / "rules.yml"
    file.write_text("- value: '\":(\" bag'\n")
    assert len(read_rules(file)) == 1


def test_a_query_is_shorter_than_a_rule():
    assert fits(Rule("a" * 600, "t"), "stream") == ""
    assert "512" in fits(Rule("a" * 600, "t"), "search_recent")
    assert fits(Rule("bio:designer", "t"), "stream") == ""
    assert "only works on the stream" in fits(Rule("bio:designer", "t"), "counts_recent")


def test_the_difference_is_what_must_change():
    there = [StreamRule("a", "t1", "1"), StreamRule("b", None, "2"), StreamRule("c", "old", "3")]
    delete, add = difference([Rule("a", "t1"), Rule("c", "new")], there)
    assert [rule.id for rule in delete] == ["2", "3"]
    assert add == [StreamRule("c", "new")]
    assert difference([], []) == ([], [])


def test_what_is_missing_is_said_at_once_and_the_secret_is_not_shown(tmp_path):
    with pytest.raises(NotSetUpError, match=r"TREND_ASSETS_X_BEARER_TOKEN.*TREND_ASSETS_X_RULES"):
        open_source(Settings(data=str(tmp_path), _env_file=None))
    file = tmp_path / "rules.yml"
    file.write_text("- bag\n")
    given_all = Settings(data=str(tmp_path), x_bearer_token="a-very-secret-token", x_rules=file, _env_file=None)
    assert open_source(given_all).name == "x"
    assert "a-very-secret-token" not in repr(given_all) + str(given_all)


def test_neither_dialect_asks_for_the_same_twice():
    for fields in DIALECTS.values():
        for names in fields.values():
            assert len(names.split(",")) == len(set(names.split(",")))
