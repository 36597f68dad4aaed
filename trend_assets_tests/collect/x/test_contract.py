"""X's own OpenAPI document and example answers: what we ask is allowed, what they answer is understood.

The files may not be published with the project; without them these tests are skipped.
"""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime, timedelta
from functools import cache

import msgspec
import pytest

from trend_assets.collect.x import responses
from trend_assets.collect.x.compliance import check_compliance
from trend_assets.collect.x.framing import Framer
from trend_assets.collect.x.ledger import Purchase
from trend_assets.collect.x.responses import StreamRule, decode_stream_line
from trend_assets.lib.privacy.pseudonyms import Pseudonyms
from trend_assets.lib.sources import edge
from trend_assets_tests.collect.x.server import HOLD, LoopbackX, Request, line, post
from trend_assets_tests.collect.x.shop import client, collect, purse, records, run, source
from trend_assets_tests.support import shared_data

EXAMPLES = {
    "tweets_counts_recent": responses.CountsPage,
    "tweets_counts_all": responses.CountsPage,
    "tweets_search_recent": responses.PostsPage,
    "tweets_search_all": responses.PostsPage,
    "tweets_search_stream": responses.StreamLine,
    "tweets_search_stream_rules": responses.RulesPage,
    "usage_tweets": responses.UsagePage,
    "compliance_jobs_id": responses.JobPage,
}


@cache
def document() -> dict:
    with zipfile.ZipFile(shared_data("x_openapi_2_167.zip")) as archive:
        name = next(name for name in archive.namelist() if name.endswith("openapi.json"))
        return json.loads(archive.read(name))


@cache
def examples(name: str) -> list[dict]:
    with zipfile.ZipFile(shared_data("x_playground_examples.zip")) as archive:
        path = next(path for path in archive.namelist() if path.endswith(f"/{name}.json"))
        return json.loads(archive.read(path))


def resolved(thing: dict) -> dict:
    while "$ref" in thing:
        found = document()
        for part in thing["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        thing = found
    return thing


def made_from(schema: dict, depth: int = 0) -> object:
    """A value that a schema allows, with every property, down to some depth."""
    schema = resolved(schema)
    if "oneOf" in schema or "anyOf" in schema or "allOf" in schema:
        return made_from((schema.get("oneOf") or schema.get("anyOf") or schema["allOf"])[0], depth)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "array":
        return [made_from(schema.get("items", {}), depth + 1)] if depth < 8 else []
    if kind == "object" or "properties" in schema:
        return {} if depth > 8 else {name: made_from(one, depth + 1) for name, one in schema.get("properties", {}).items()}
    if kind in ("integer", "number"):
        return 3
    if kind == "boolean":
        return True
    return (
        "2026-09-10T12:00:00.000Z" if schema.get("format") == "date-time" or "RFC 3339" in schema.get("description", "") else "1234567890"
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_relevant_example_answer_is_understood(name):
    for example in examples(name):
        page = msgspec.json.decode(json.dumps(example["response"]), type=EXAMPLES[name])
        answer = example["response"]
        assert len(page.errors) == len(answer.get("errors", []))
        if isinstance(page, responses.CountsPage):
            assert [bucket.posts for bucket in page.data] == [bucket["tweet_count"] for bucket in answer["data"]]
            assert page.meta.next_token == answer["meta"]["next_token"]
        elif isinstance(page, responses.PostsPage):
            assert [one.id for one in page.data] == [one["id"] for one in answer["data"]]
            assert page.meta.newest_id == answer["meta"]["newest_id"]
        elif isinstance(page, responses.StreamLine):
            assert page.data.id == answer["data"]["id"]
            assert page.disconnects == ""
        elif isinstance(page, responses.RulesPage):
            assert [rule.value for rule in page.data] == [rule["value"] for rule in answer["data"]]
        elif isinstance(page, responses.UsagePage):
            assert sum(page.days.values()) >= 0
            assert page.days


def test_the_example_lists_of_compliance_jobs_are_understood():
    for example in examples("compliance_jobs"):
        kind = responses.JobPage if example["method"] == "POST" else responses.JobsPage
        assert msgspec.json.decode(json.dumps(example["response"]), type=kind).data


PATHS = {
    ("/2/tweets/counts/recent", "get"): responses.CountsPage,
    ("/2/tweets/counts/all", "get"): responses.CountsPage,
    ("/2/tweets/search/recent", "get"): responses.PostsPage,
    ("/2/tweets/search/all", "get"): responses.PostsPage,
    ("/2/tweets/search/stream", "get"): responses.StreamLine,
    ("/2/tweets/search/stream/rules", "get"): responses.RulesPage,
    ("/2/tweets/search/stream/rules", "post"): responses.RulesPage,
    ("/2/usage/tweets", "get"): responses.UsagePage,
    ("/2/compliance/jobs", "get"): responses.JobsPage,
    ("/2/compliance/jobs", "post"): responses.JobPage,
    ("/2/compliance/jobs/{id}", "get"): responses.JobPage,
}


@pytest.mark.parametrize(("path", "method"), PATHS)
def test_an_answer_made_from_each_schema_is_understood(path, method):
    content = document()["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]
    page = msgspec.json.decode(json.dumps(made_from(content)), type=PATHS[path, method])
    assert page.errors
    if isinstance(page, responses.CountsPage):
        assert page.data[0].posts == 3


def test_everything_that_is_asked_is_in_the_document():
    """Every request that the client can make, as a server received it."""

    async def main():
        async with LoopbackX().running() as server:
            now = datetime.now(UTC)
            server.posts = [post(number, "bag", now - timedelta(minutes=2)) for number in range(3)]
            server.page_size = 2
            server.scripts = [[line(0), HOLD]]
            server.rules = [{"id": "1", "value": "old", "tag": "old"}]
            made = client(server, expansions=["author_id", "attachments.media_keys", "geo.place_id"])
            for kind in ("search_recent", "search_all"):
                async for _ in made.search("bag", Purchase(kind), start=now - timedelta(hours=1), end=now):
                    pass
            for kind in ("counts_recent", "counts_all"):
                async for _ in made.counts("bag", Purchase(kind), start=now - timedelta(days=1), end=now):
                    break
            await made.usage()
            await made.jobs("tweets", "complete")
            await check_compliance(made, "tweets", ["5"], "nightly", sleep=made._sleep)
            await made.change_rules([], [StreamRule("a", "b")], dry_run=True)
            await made.close()
            await collect(source(server, backfill_minutes=5), lambda items: len(records(items)) > 0)
            server.dialect = "post"
            again = client(server, expansions=["author_id", "attachments.media_keys", "geo.place_id"])
            async for _ in again.search("bag", Purchase("search_recent")):
                pass
            await again.close()
            return server.requests

    seen = set()
    for request in run(main()):
        if not request.path.startswith("/files/"):
            path = "/2/compliance/jobs/{id}" if request.path.startswith("/2/compliance/jobs/") else request.path
            assert_allowed(path, request)
            seen.add((path, request.method.lower()))
    assert seen == set(PATHS)


def assert_allowed(path: str, request: Request) -> None:
    operation = document()["paths"][path][request.method.lower()]
    allowed = {one["name"]: one["schema"] for one in map(resolved, operation.get("parameters", []))}
    for name, value in request.params.items():
        if "post.fields" in allowed and "tweet.fields" in request.params and name in ("tweet.fields", "expansions"):
            continue  # the names X's documentation still uses; the document's own are asked for next
        assert name in allowed, (path, name)
        assert_value(resolved(allowed[name]), value)
    if request.body:
        body = resolved(operation["requestBody"]["content"]["application/json"]["schema"])
        assert set(body.get("required", [])) <= set(json.loads(request.body)) <= set(body["properties"])


def assert_value(schema: dict, value: str) -> None:
    if schema.get("type") == "array":
        values = resolved(schema["items"]).get("enum")
        assert values is None or set(value.split(",")) <= set(values), set(value.split(",")) - set(values)
    elif schema.get("type") == "integer":
        assert schema.get("minimum", 0) <= int(value) <= schema.get("maximum", 10**9)
    elif "enum" in schema:
        assert value in schema["enum"]


def test_recorded_stream_lines_go_through_the_stream_and_are_landed_as_they_are():
    with zipfile.ZipFile(shared_data("x_api_v2_payloads_twarc_csv.zip")) as archive:
        recorded = archive.read("streaming_output_with_error.jsonl")
    *whole, cut = [one for one in recorded.split(b"\n") if one.strip()]
    framer = Framer()
    assert framer.feed(b"\r\n".join([*whole, cut])) == whole
    assert framer.rest() == cut  # the recording ends within a post
    assert all(decode_stream_line(one).data.id for one in whole)

    async def main():
        async with LoopbackX().running() as server:
            server.scripts = [[b"\r\n".join([*whole, b""]), HOLD]]
            held = purse()
            return await collect(source(server, of=held), lambda items: len(records(items)) >= len(whole))

    assert [record.body for record in records(run(main())) if record.kind == "stream"] == whole


@pytest.mark.parametrize("name", ["tweets_search_recent", "tweets_search_all"])
def test_the_example_pages_land_one_record_a_post_and_an_error(name):
    for example in examples(name):
        answer = example["response"]
        found = list(edge.records_of("x", json.dumps(answer).encode()))
        assert len(found) == len(answer["data"]) + len(answer.get("errors", []))


def test_a_post_made_from_the_schema_is_decoded_under_its_new_names():
    from trend_assets.lib.sources.outcomes import PostRow
    from trend_assets.lib.sources.x import interpret
    from trend_assets.lib.sources.x_shapes import XBody, XIncludes

    schema = document()["paths"]["/2/tweets/search/recent"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    page = made_from(schema)
    page["data"][0]["id"], page["data"][0]["referenced_posts"] = "1234567891", [{"type": "quoted", "id": "1234567890"}]
    record = next(iter(edge.records_of("x", json.dumps(page).encode())))
    row = interpret(
        record.kind, msgspec.json.decode(record.body, type=XBody), msgspec.json.decode(record.includes, type=XIncludes), Pseudonyms("key")
    )
    assert isinstance(row, PostRow)
    assert (row.kind, row.quoted_post, row.repost_count) == ("quote", "1234567890", 3)
    assert row.quoted_author is not None  # from includes.posts
