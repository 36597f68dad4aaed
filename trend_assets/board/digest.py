"""The digest: today's decisions on one printed page, in English or French.

What belongs here: which facts go on the page and its HTML. What doesn't: queries (``board/data.py``), sentences
(``board/sentences.py``), the command (``commands/digest.py``).

The page is one self-contained HTML file: no script, no picture or font from elsewhere, sparklines as inline SVG. Everything
from the data is escaped (``board/markup.py``) and cut to a length that keeps the page one A4 sheet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from trend_assets.board import data, look, sentences
from trend_assets.board.data import CardGroup, Queryable, Row, Sentiment
from trend_assets.board.lake_data import Accounts, accounts
from trend_assets.board.markup import Html, element, sparkline, style_sheet
from trend_assets.board.outcomes import Outcome, outcomes_of_cards
from trend_assets.board.regrets import Sum, regrets_of
from trend_assets.board.responses import MOST_SNOOZE_DAYS, answers, latest, standing
from trend_assets.board.scoreboard import examples
from trend_assets.board.words import Language, day, long_day, moment, money, number, text
from trend_assets.lake.lake import Lake
from trend_assets.lake.manifest import CorruptionError, UnsupportedFormatError
from trend_assets.lib.demand.reconsider import Turn
from trend_assets.tables.demand import ACTING

MOST_DECISIONS, MOST_TRENDS, MOST_OUTCOMES, MOST_TURNS = 4, 3, 3, 2
TREND_DAYS = 3
"""Trends without a product are looked for on so many days, the digest's included."""
CURVE_HOURS = 72
REGRET_WEEKS = 4

STYLE = """
@page { size: A4; margin: 8mm 12mm; }
* { box-sizing: border-box; }
body { font: 8.5pt/1.22 "Source Sans 3", "Helvetica Neue", Arial, sans-serif; color: #1a1a1a; background: #fff; margin: 0 auto;
  max-width: 186mm; overflow-wrap: anywhere; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
@media screen { body { padding: 6mm 4mm; } }
h1 { font-size: 17pt; margin: 0; } h2 { font-size: 10.5pt; margin: 2mm 0 0.6mm; border-bottom: 0.3mm solid #888; }
h3 { font-size: 10pt; margin: 0; } p { margin: 0.6mm 0; } ul { margin: 0.4mm 0; padding-left: 4.5mm; } li { margin: 0; }
.quiet { color: #555; } .notice { border: 0.3mm dashed #1a1a1a; padding: 0.8mm 2mm; margin: 1.5mm 0; }
.chip { display: inline-block; color: #fff; font-weight: 600; padding: 0 1.6mm; border-radius: 0.8mm; margin-right: 1.5mm; }
.origin { border: 0.25mm dashed #555; padding: 0 1.2mm; border-radius: 0.8mm; font-size: 8.4pt; white-space: nowrap; }
.card { border: 0.25mm solid #bbb; border-radius: 1mm; padding: 1.1mm 2.2mm; margin: 1mm 0; break-inside: avoid; }
.figures { display: flex; justify-content: space-between; align-items: center; gap: 3mm; font-weight: 600; }
.figures svg { flex: none; color: #0072B2; } .figures p { margin: 0; }
.sides { display: flex; gap: 5mm; } .sides > div { flex: 1.25 1 0; min-width: 0; } .sides > div + div { flex: 1 1 0; }
.trend { display: flex; gap: 3mm; align-items: center; margin: 0.6mm 0; } .trend svg { flex: none; color: #0072B2; }
footer { margin-top: 1.8mm; border-top: 0.3mm solid #888; padding-top: 0.8mm; font-size: 8.4pt; color: #444; }
"""


class NoSuchDayError(ValueError):
    """Nothing is known of the day asked for; the message names those that are."""


@dataclass(frozen=True)
class Digest:
    """The facts of the page. ``groups``: cards nobody has answered; ``answered``: how many somebody has.

    ``curves``: posts an hour of the last three days by topic, oldest first.
    """

    language: Language
    day: date
    groups: tuple[CardGroup, ...]
    turns: Mapping[str, Sequence[Turn]]
    trends: tuple[Row, ...]
    curves: Mapping[str, Sequence[float | None]]
    suppressed: int
    abstained: int
    outcomes: tuple[Outcome, ...]
    end: datetime | None
    accounts: Accounts
    sentiment: Sentiment | None
    currency: str
    examples: tuple[Row, ...]
    regrets: tuple[Sum, ...] = ()
    answered: int = 0


def gather(warehouse: Queryable, lake: Lake, language: Language, wanted: date | None = None) -> Digest:
    """The facts for a day; by default the newest with decision cards, or with trends where there are no cards.

    Raises:
        NoSuchDayError: the warehouse knows nothing of that day.
        WarehouseMissingError: nothing has been published yet.
    """
    card_days, trend_days = data.days_with_cards(warehouse), data.days_with_trends(warehouse)
    known = sorted({*card_days, *trend_days})
    if not known:
        raise NoSuchDayError("there are no trends and no decision cards yet")
    if wanted is not None and not known[0] <= wanted <= known[-1]:
        raise NoSuchDayError(f"nothing is known of {wanted}: the days are {known[0]} to {known[-1]}")
    chosen = wanted or (card_days[0] if card_days else trend_days[0])
    every = data.cards_of_day(warehouse, chosen)
    cards = _open(lake, every, chosen)
    trends = data.trends_of_day(warehouse, chosen)
    recent = [row for back in range(TREND_DAYS) for row in data.trends_of_day(warehouse, chosen - timedelta(days=back))]
    unlinked = _unlinked(recent)
    groups = tuple(data.grouped(cards))
    shown = {group.first["topic_id"] for group in groups} | {row["topic_id"] for row in unlinked}
    return Digest(
        language,
        chosen,
        groups,
        data.turns_of(warehouse, cards),
        tuple(unlinked),
        {topic: _curve(data.trend_curve(warehouse, topic), chosen) for topic in sorted(shown)},
        sum(bool(row["suppressed"]) for row in trends),
        sum(1 for row in trends if not row["suppressed"] and not row["linked_products"]),
        tuple(sorted(outcomes_of_cards(warehouse, chosen), key=lambda one: (-abs(one.expected - one.sold), one.product_name))),
        data.end_of_data(warehouse),
        accounts(lake),
        data.sentiment(warehouse, data.EVERY_POST, chosen),
        data.currency(warehouse),
        tuple(row for row in examples(warehouse, chosen) if row is not None),
        tuple(_regrets(lake, chosen)),
        len(every) - len(cards),
    )


def _open(lake: Lake, cards: Sequence[Row], day: date) -> list[Row]:
    """Cards that nobody has answered yet; all of them where the answers cannot be read, as on the board."""
    holding = latest(answers(lake, day - timedelta(days=MOST_SNOOZE_DAYS), day).rows)
    return [card for card in cards if standing(card, holding, day).state == "open"]


def _regrets(lake: Lake, wanted: date) -> list[Sum]:
    """Sums of cards that closed in the weeks before; a damaged partition costs the sentence, not the page."""
    try:
        return regrets_of(lake, REGRET_WEEKS, until=wanted)
    except (CorruptionError, UnsupportedFormatError, OSError):
        return []


def _unlinked(trends: Sequence[Row]) -> list[Row]:
    """Shown trends without a product, each topic once, the strongest first."""
    best: dict[str, Row] = {}
    for row in trends:
        if not row["suppressed"] and not row["linked_products"] and row["topic_id"] not in best:
            best[row["topic_id"]] = row
    return sorted(best.values(), key=lambda row: (-row["trend_score"], row["topic_id"]))[:MOST_TRENDS]


def _curve(rows: Sequence[Row], last: date) -> list[float | None]:
    end = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
    posts = {row["hour"].astimezone(UTC): float(row["posts"]) for row in rows}
    return [posts.get(end - timedelta(hours=back), 0.0) for back in range(CURVE_HOURS, 0, -1)]


def page(digest: Digest) -> str:
    """The digest as an HTML document of one A4 page."""
    language = digest.language
    title = f"{text(language, 'digest_title')}{text(language, 'colon')}{long_day(language, digest.day)}"
    simulated = any(group.simulated for group in digest.groups)
    parts: list[str] = [element("h1", title)]
    if simulated:
        parts.append(element("p", text(language, "simulated_banner"), class_="notice"))
    parts += [*_decisions(digest), *_trends(digest), *_right(digest), _footer(digest)]
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        style_sheet(STYLE),
    )
    return "<!doctype html>\n" + element("html", head, element("body", *parts), lang=language)


def _decisions(digest: Digest) -> list[Html]:
    language = digest.language
    due = [group for group in digest.groups if group.first["action"] in ACTING]
    too_late = [group for group in digest.groups if group.first["action"] == "too_late"]
    shown = due[:MOST_DECISIONS] or too_late[:MOST_DECISIONS]
    left = [
        ("digest_more", len(due or too_late) - len(shown)),
        ("digest_too_late", len(too_late) if due else 0),
        ("digest_answered", digest.answered),
    ]
    told = "; ".join(text(language, name, count=count) for name, count in left if count > 0)
    cards = [_card(digest, group) for group in shown] or [element("p", text(language, "digest_none"))]
    return [*cards, *([element("p", told, class_="quiet")] if told else [])]


def _card(digest: Digest, group: CardGroup) -> Html:
    language, card = digest.language, group.first
    figures = [f"{number(language, group.quantity)} {text(language, 'units')}"] if group.quantity else []
    if group.act_by is not None:
        figures.append(f"{text(language, 'act_by').lower()} {day(language, group.act_by)}")
    both = text(
        language,
        "money_both",
        idle=money(language, group.money, digest.currency),
        false=money(language, group.money_if_false, digest.currency),
    )
    figures.append(both)
    figures.append(f"{text(language, 'confidence').lower()} {sentences.confidence(language, group.confidence)}")
    at = f" ({_cut(card['store_name'], 30)})" if len(group.cards) > 1 else ""
    mind = [sentences.turn(language, told, card) for told in digest.turns.get(card["card_id"], ())[:MOST_TURNS]]
    name = f"{_cut(look.product_name(language, card), 32)} · {_cut(look.places(language, group), 16)}"
    trend = f"{text(language, 'trend')}{text(language, 'colon')}{_cut(card['label'], 30)}, {text(language, card['stage'])}"
    curve = sparkline(digest.curves.get(card["topic_id"], []), width=110, height=18, title=text(language, "posts_per_hour"))
    return element(
        "div",
        element("h3", look.chip(language, card["action"]), name, " ", look.origin(language, simulated=group.simulated)),
        element("div", element("p", " · ".join(figures)), curve, class_="figures"),
        element(
            "div",
            element(
                "div", element("b", text(language, "why") + at), element("p", trend), element("p", sentences.arithmetic(language, card))
            ),
            element("div", element("b", text(language, "turns")), _list(mind, text(language, "no_turns"))),
            class_="sides",
        ),
        class_="card",
    )


def _trends(digest: Digest) -> list[Html]:
    language = digest.language
    parts = [element("h2", text(language, "digest_unlinked"))]
    if not digest.trends:
        parts.append(element("p", text(language, "digest_no_unlinked")))
    for row in digest.trends[:MOST_TRENDS]:
        why = sentences.link_reason(language, row["unlinked_reason"] or row["reason"])
        counted = f"{number(language, row['posts'])} {text(language, 'posts')}"
        told = f" · {text(language, row['stage'])} · {counted}, {day(language, row['day'])} – "
        curve = sparkline(digest.curves.get(row["topic_id"], []), width=110, height=18, title=text(language, "posts_per_hour"))
        line = element("span", element("b", _cut(row["label"], 40)), told, element("span", _cut(why, 60), class_="quiet"))
        parts.append(element("div", curve, line, class_="trend"))
    return parts


def _right(digest: Digest) -> list[Html]:
    language = digest.language
    lines = [sentences.scored(language, row | {"label": _cut(row["label"], 40)}) for row in digest.examples]
    if digest.regrets:
        lines.append(sentences.regret(language, digest.regrets, digest.currency))
    lines += [sentences.outcome(language, _short(told)) for told in digest.outcomes[: max(MOST_OUTCOMES - len(lines), 0)]]
    noise = text(language, "digest_suppressed", count=digest.suppressed, abstained=digest.abstained)
    parts = [element("h2", text(language, "digest_wrong")), _list(lines, text(language, "digest_no_outcome")), element("p", noise)]
    if digest.sentiment is not None:
        title = text(language, "about_us") + text(language, "colon")
        parts.append(element("p", element("b", title), sentences.sentiment(language, digest.sentiment)))
    return parts


def _footer(digest: Digest) -> Html:
    language = digest.language
    accounts = digest.accounts
    line = text(
        language,
        "digest_health",
        end="–" if digest.end is None else moment(language, digest.end),
        since="–" if accounts.since is None else day(language, accounts.since.date()),
        records=number(language, sum(accounts.outcomes.values())),
        quarantined=number(language, accounts.outcomes.get("quarantined", 0)),
        identity=text(language, "identity_ok_short" if accounts.exact else "identity_off_short"),
    )
    return element("footer", element("p", line), element("p", text(language, "rule_of_thumb")))


def _short(told: Outcome) -> Outcome:
    french = None if told.product_name_fr is None else _cut(told.product_name_fr, 24)
    return replace(told, product_name=_cut(told.product_name, 24), product_name_fr=french)


def _list(lines: Sequence[str], none: str) -> Html:
    return element("ul", *(element("li", line) for line in lines)) if lines else element("p", none)


def _cut(words: Any, most: int) -> str:
    """Text on one line of at most so many characters: a hostile or long label must not push the page to a second sheet."""
    line = " ".join(str(words).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
