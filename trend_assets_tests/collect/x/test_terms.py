"""The list of terms: what is asked of brands, catalogue and topics, which are left out, and what happens to the file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from trend_assets.cli import app
from trend_assets.collect.x.ledger import Ledger, Purchase
from trend_assets.collect.x.portfolio import Holding
from trend_assets.collect.x.prices import read_prices
from trend_assets.collect.x.rules import LONGEST_QUERY, Rule, RulesError, check_rules, fits, read_rules
from trend_assets.collect.x.terms import (
    MARKER,
    ProductKind,
    RisingTopic,
    brand_rules,
    catalogue_rules,
    choose,
    render,
    shared_words,
    split_file,
    topic_rules,
)
from trend_assets.commands.terminal import console
from trend_assets.lake.lake import Lake
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES
from trend_assets_tests.collect.x.test_spending import row

KINDS = [
    ProductKind("dress", 3, (("Wrap Dress Rust", "Slip Dress Plum", "Shirt Dress"), ("Robe cache-cœur", "Robe nuisette", "Robe chemise"))),
    ProductKind("shirt", 2, (("Striped Shirt", "Plain Shirt"), ("Chemise rayée", "Chemise unie"))),
    ProductKind("gift", 1, (("Candle",), ())),
]


def bought(rules, *, kept=lambda rule: True):
    return [Holding(rule.tag, 1.0, 1.0, 0.12, kept(rule), "because") for rule in rules]


def test_a_brand_is_asked_by_name_handle_and_hashtag_whatever_its_spelling():
    asked = {rule.tag: rule.value for rule in brand_rules(["Zara", " zara ", "Maison Lune", 'H&M "x"', "", "🧥", "ユニクロ"])}
    assert asked == {
        "brand zara": '("Zara" OR @Zara) -is:retweet',
        "brand maison lune": '("Maison Lune" OR #MaisonLune) -is:retweet',
        "brand h&m x": '"H&M x" -is:retweet',
        "brand ユニクロ": '"ユニクロ" -is:retweet',
    }


def test_a_product_type_is_asked_in_each_language_of_the_catalogue_by_the_word_that_its_names_share():
    asked = {rule.tag: rule.value for rule in catalogue_rules(KINDS)}
    assert asked["type dress"] == '("dress" OR "robe") -is:retweet'
    assert asked["type shirt"] == '("shirt" OR "chemise") -is:retweet'
    assert asked["type gift"] == '"gift" -is:retweet'
    assert list(asked) == ["type dress", "type shirt", "type gift"]  # most products first


@pytest.mark.parametrize(
    ("french", "word"),
    [
        (("Planters en zinc", "Planters hauts", "Bac"), ["planters"]),
        (("Cache-pot mat", "Cache-pot tressé", "Pot haut"), ["cache-pot"]),
        (("Pantalon large marine", "Pantalon large rouille"), []),  # one design: is it about trousers or about what is large?
        (("Plaid doux", "Couverture douce", "Jeté uni"), []),
        (("Robe longue", "Robe courte"), []),  # what dresses are called
        ((), []),
        (("", "!", "12"), []),
    ],
)
def test_a_word_stands_for_a_type_where_its_names_begin_with_it_and_go_on_differently(french, word):
    other = ProductKind("dress", 3, ((), ("Robe cache-cœur", "Robe nuisette", "Robe chemise")))
    assert shared_words([ProductKind("planter", 3, (("Planter", "Tall planter", "Cotton planter"), french)), other]) == [word, ["robe"]]


def test_a_topic_is_asked_by_phrases_of_its_label_and_pairs_of_its_words():
    topics = [
        RisingTopic("abcdef0123456789", "ghost garland · halloween", ("ghost", "garland", "halloween", "felt")),
        RisingTopic("b" * 16, "plaid", ("plaid",)),
        RisingTopic("c" * 16, "👻", ("👻", '""')),
    ]
    ghost, plaid = topic_rules(topics)
    assert ghost.value == '("ghost garland" OR ("ghost" "garland") OR ("ghost" "halloween")) -is:retweet'
    assert (ghost.tag, ghost.topic) == ("topic ghost garland · halloween abcdef01", "abcdef0123456789")
    assert plaid.value == '"plaid" -is:retweet'


@pytest.mark.parametrize(
    "text", ["x" * 100_000, "bag " * 30_000, "שק של עור", "\u202eright to left", "a\x00b\\c", '") OR (from:someone', "袋" * 600]
)
def test_whatever_a_name_holds_its_rule_keeps_xs_limits_or_is_left_out(text):
    rules = [
        *brand_rules([text]),
        *catalogue_rules([ProductKind(text, 1, ((text,), (text,)))]),
        *topic_rules([RisingTopic("a" * 16, text, (text, text[::-1], "bag"))]),
    ]
    made, _ = choose([], [], rules, bought, 50)
    if made:
        check_rules(made)
    for rule in made:
        assert not fits(rule, "counts_recent")
        assert len(rule.value) <= LONGEST_QUERY["counts_recent"]
        assert "from:" not in "".join(rule.value.split('"')[::2])  # only within quotation marks
    assert all(rule.value.startswith(("(", chr(34))) for rule in made)


def test_what_the_budget_does_not_pay_for_is_left_out_but_brands_and_what_the_user_wrote():
    by_hand = [Rule('"dress"', "mine")]
    wanted = [*brand_rules(["Zara"]), *catalogue_rules(KINDS)]
    made, told = choose(by_hand, [], wanted, lambda rules: bought(rules, kept=lambda rule: "shirt" in rule.tag), 50)
    assert [rule.tag for rule in made] == ["brand zara", "type shirt"]
    assert [one.change for one in told] == ["+", "+"]
    made, told = choose(by_hand, wanted, wanted, lambda rules: bought(rules, kept=lambda rule: "shirt" in rule.tag), 1)
    assert [rule.tag for rule in made] == ["brand zara"]
    assert {one.rule.tag: one.why for one in told if one.change == "-"} == {
        "type dress": "because",
        "type shirt": "more than 1 rules",
        "type gift": "because",
    }


def test_a_topic_keeps_its_rule_while_it_rises_and_a_brand_asked_otherwise_is_told():
    before = [
        Rule('"plaid" -is:retweet', "topic plaid aaaaaaaa", "a" * 16, "topic"),
        Rule('"zara" -is:retweet', "brand zara", None, "brand"),
    ]
    wanted = [*brand_rules(["Zara"]), *topic_rules([RisingTopic("a" * 16, "plaid coat", ("plaid", "coat"))])]
    made, told = choose([], before, wanted, bought, 50)
    assert made == [Rule('("Zara" OR @Zara) -is:retweet', "brand zara", None, "brand"), before[0]]
    assert [(one.change, one.rule.value, one.why) for one in told] == [
        ("+", '("Zara" OR @Zara) -is:retweet', "asked anew"),
        ("-", '"zara" -is:retweet', "asked anew"),
        (" ", '"plaid" -is:retweet', "because"),
    ]
    made, told = choose([], before, wanted[:1], bought, 50)
    assert ("-", "no longer there") in {(one.change, one.why) for one in told}


HEAD = """# what I always want
- value: '"my own" lang:fr'
  tag: mine   # with a comment
- simple
"""


def test_what_the_user_wrote_stays_byte_for_byte_and_what_was_made_is_replaced(tmp_path):
    first = render(HEAD, brand_rules(["Zara", "Maison Lune"]))
    head, by_hand, made = split_file(first)
    assert head == HEAD
    assert [rule.tag for rule in by_hand] == ["mine", "simple"]
    assert made == brand_rules(["Zara", "Maison Lune"])
    second = render(head, catalogue_rules(KINDS))
    assert second.startswith(HEAD + MARKER)
    file = tmp_path / "rules.yml"
    file.write_text(second, encoding="utf-8")
    assert [rule.tag for rule in read_rules(file)] == ["mine", "simple", "type dress", "type shirt", "type gift"]
    assert render("- a", []) == f"- a\n{MARKER}\n"


@pytest.mark.parametrize("head", ["[a, b]\n", "a: b\n", "- value: [\n", '- "x"\n---\n- y\n'])
def test_a_file_that_nothing_can_be_added_to_is_refused(head):
    with pytest.raises(RulesError):
        render(head, brand_rules(["Zara"]))


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lake with a catalogue, trends of which one is suppressed and one fading, and posts bought for a type that brought nothing."""
    monkeypatch.setenv("TREND_ASSETS_DATA", str(tmp_path))
    monkeypatch.setenv("TREND_ASSETS_BRANDS", '["Zara"]')
    monkeypatch.setenv("TREND_ASSETS_X_BUDGET_DAY", "10")
    monkeypatch.setenv("TREND_ASSETS_X_BUDGET_MONTH", "60")
    load_settings.cache_clear()
    lake, now = Lake(str(tmp_path / "lake")), datetime.now(UTC)
    hour = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)
    products = [
        row("retail/products", product_id=f"{kind.name}-{place}", day=hour.date(), product_type=kind.name, product_name=name)
        | {"product_name_fr": kind.names[1][place] if kind.names[1] else None, "category": "fashion", "data_origin": "simulated"}
        for kind in KINDS
        for place, name in enumerate(kind.names[0])
    ]
    lake.publish(TABLES["retail/products"], {f"{hour:%Y-%m-%d}": TABLES["retail/products"].from_rows(products)})
    stages = {"rises": ("rising", False), "fades": ("fading", False), "bots": ("rising", True)}
    trends = [
        row("topics/trends", hour=hour, first_raised_at=hour, topic_id=topic, rank=rank, stage=stage, suppressed=suppressed, label=topic)
        | {"keywords": [topic, "word"]}
        for rank, (topic, (stage, suppressed)) in enumerate(stages.items(), 1)
    ]
    posts = [
        row("social/raw_posts", created_at=hour, captured_at=hour, network="x", post_id=str(number), matching_rules=["type dress"])
        for number in range(100)
    ]
    for path, rows in (("topics/trends", trends), ("social/raw_posts", posts)):
        lake.publish(TABLES[path], {f"{hour:%Y-%m-%d-%H:00}": TABLES[path].from_rows(rows)})
    ledger = Ledger(lake, read_prices())
    ledger.add(Purchase("counts_recent", "type dress"), hour, requests=24)
    ledger.add(Purchase("search_recent", "type dress"), hour, requests=4, posts=400, charged_posts=400)
    ledger.flush()
    yield tmp_path
    load_settings.cache_clear()


def terms(shop: Path, *options: str):
    with console.capture() as captured:
        result = CliRunner().invoke(app, ["terms", "--file", str(shop / "rules.yml"), "--data", str(shop), *options])
    return result.exit_code, captured.get()


def test_the_command_makes_the_list_within_the_budget_shows_what_changes_and_writes_only_when_told_to(shop):
    file = shop / "rules.yml"
    file.write_bytes(HEAD.replace("\n", "\r\n").encode())
    code, shown = terms(shop, "--dry-run")
    assert code == 0, shown
    assert "nothing was written" in shown
    assert file.read_bytes() == HEAD.replace("\n", "\r\n").encode()
    code, shown = terms(shop)
    assert code == 0, shown
    assert file.read_bytes().startswith(HEAD.replace("\n", "\r\n").encode())
    rules = {rule.tag: rule for rule in read_rules(file)}
    # Two dollars a day pay for what is counted; the 400 posts a day of dresses, of which none was useful, are above them.
    assert list(rules) == ["mine", "simple", "brand zara", "topic rises rises", "type shirt", "type gift"]
    assert rules["topic rises rises"].topic == "rises"
    assert "6 terms" in shown or "21.60" in shown  # six terms, 24 x 30 requests each
    code, again = terms(shop)
    assert "says that already" in again
    assert not list(shop.glob(".rules.yml*"))


def test_with_nothing_to_count_and_with_a_broken_file_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.delenv("TREND_ASSETS_BRANDS", raising=False)
    load_settings.cache_clear()
    assert terms(tmp_path)[0] == 1
    assert not (tmp_path / "rules.yml").exists()
    (tmp_path / "rules.yml").write_text("- value: [")
    code, shown = terms(tmp_path)
    assert (code, "rules.yml" in shown) == (2, True)
    assert (tmp_path / "rules.yml").read_text() == "- value: ["
    load_settings.cache_clear()


def test_the_catalogue_rules_of_the_file_are_yaml_that_others_read(shop):
    terms(shop)
    items = yaml.safe_load((shop / "rules.yml").read_text(encoding="utf-8"))
    assert {item.get("origin") for item in items} == {"brand", "topic", "catalogue"}
