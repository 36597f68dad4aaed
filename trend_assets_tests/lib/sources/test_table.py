from __future__ import annotations

from datetime import UTC, datetime

import pytest

from trend_assets.lib.sources.outcomes import PostRow, Quarantined, read_time
from trend_assets.lib.sources.rows import parse_mapping
from trend_assets.lib.sources.table import MappingError, TableMapping, hashed_post_id, interpret, propose_mapping
from trend_assets_tests.lib.sources.landed import PSEUDONYMS

COLUMNS = {"author": "user", "created_at": "date", "text": "content", "like_count": "likes", "matching_rules": "query"}
MAPPING = TableMapping("forum", COLUMNS, licence_class="open")
ROW = {"user": "alice", "date": "2026-09-02 12:00:00", "content": "New #Autumn coats from @bob", "likes": 3.0, "query": "coats"}


def test_a_row_becomes_a_post_whose_id_is_a_hash_of_author_time_and_text():
    row = interpret(ROW, MAPPING, PSEUDONYMS)
    assert isinstance(row, PostRow)
    assert row.post_id == hashed_post_id("alice", datetime(2026, 9, 2, 12, tzinfo=UTC), ROW["content"])
    assert interpret(ROW | {"likes": 99}, MAPPING, PSEUDONYMS).post_id == row.post_id
    assert interpret(ROW | {"user": "bob"}, MAPPING, PSEUDONYMS).post_id != row.post_id
    assert (row.author, row.like_count, row.matching_rules) == (PSEUDONYMS.account_id("forum", "alice"), 3, ["coats"])
    assert (row.hashtags, row.mentions) == (["autumn"], [PSEUDONYMS.handle("forum", "bob")])


def test_an_id_column_is_used_and_a_whole_float_is_the_number_it_was():
    mapping = TableMapping("forum", COLUMNS | {"post_id": "id"})
    assert interpret(ROW | {"id": 12.0}, mapping, PSEUDONYMS).post_id == "12"
    assert interpret(ROW | {"id": 2.0**60}, mapping, PSEUDONYMS) == Quarantined("missing_id", "post_id missing")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"user": None, "content": None}, ("missing_author", "author missing; text missing")),
        ({"date": ""}, ("missing_created_at", "created_at missing")),
        ({"date": "02/09/2026"}, ("unreadable_created_at", "date '02/09/2026' is not a time")),
        ({"likes": -1}, ("invalid_field", "likes -1 is not a count")),
        ({"likes": "many"}, ("invalid_field", "likes 'many' is not a count")),
        ({"__broken_row__": "3 cells, the header has 5"}, ("unknown_shape", "3 cells, the header has 5")),
    ],
)
def test_a_refused_row_says_what_it_lacks(change, expected):
    refused = interpret(ROW | change, MAPPING, PSEUDONYMS)
    assert (refused.reason, refused.detail.replace("'-1'", "-1")) == expected


def test_times_are_read_in_the_forms_that_tables_have():
    noon = datetime(2026, 9, 2, 12, tzinfo=UTC)
    for text in (
        "2026-09-02T12:00:00Z",
        "2026-09-02 12:00:00",
        "2026-09-02 12:00",
        "2026-09-02T14:00:00+02:00",
        "2026-09-02T12:00:00.000000000Z",
        "Wed Sep 02 12:00:00 +0000 2026",
    ):
        assert read_time(text) == noon, text
    assert read_time("2026-09-02") == datetime(2026, 9, 2, tzinfo=UTC)
    for text in ("", "2026", "12:00", "2026-13-01", "now", "0000-00-00T00:00:00Z", "0001-01-01T00:00:00+23:59", '2026-09-02T12:00:00Z"'):
        assert read_time(text) is None, text
    milliseconds = TableMapping("forum", COLUMNS, created_at_unit="ms")
    assert interpret(ROW | {"date": 1788350400000}, milliseconds, PSEUDONYMS).created_at == noon
    assert interpret(ROW | {"date": "1788350400000"}, milliseconds, PSEUDONYMS).created_at == noon


def test_a_mapping_that_does_not_fit_says_so_and_proposes_one():
    with pytest.raises(MappingError, match=r"(?s)the table lacks content .for text.*Columns found: user, date, tweet.*  text: tweet"):
        MAPPING.check(["user", "date", "tweet", "likes", "query"])
    with pytest.raises(MappingError, match="lacks text"):
        TableMapping("forum", {"author": "a", "created_at": "b"}).check()
    with pytest.raises(MappingError, match="unknown columns in the mapping: autor"):
        TableMapping("forum", {"autor": "a"}).check()
    with pytest.raises(MappingError, match="lower-case"):
        TableMapping("../x", COLUMNS).check()


def test_the_proposal_is_a_valid_mapping_once_filled_in():
    assert "text: ?" in propose_mapping(["id", "user_id", "created_at"])
    mapping = parse_mapping(propose_mapping(["Tweet_ID", "user_id", "created_at", "full_text", "retweets"]), "proposal")
    assert mapping.columns == {
        "post_id": "Tweet_ID",
        "author": "user_id",
        "created_at": "created_at",
        "text": "full_text",
        "repost_count": "retweets",
    }


@pytest.mark.parametrize("text", ["", "a: [", "network: x\ncolumns: {author: a}\nlicense: x", "network: x\ncolumns: 5"])
def test_a_broken_mapping_file_is_refused_by_name(text):
    with pytest.raises(MappingError, match=r"tweets\.yml|lacks"):
        parse_mapping(text, "tweets.yml")
