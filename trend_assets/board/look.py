"""How the board and the digest look: colours of actions, the style sheet of cards, parts made of escaped markup.

What belongs here: HTML of a card, a table, a chip. What doesn't: Streamlit's widgets (``sections/``), the digest (``digest.py``).

Colours are of Okabe and Ito's palette, darkened until white text on them has a contrast of 4.5; every colour comes with its word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trend_assets.board import sentences
from trend_assets.board.data import CardGroup
from trend_assets.board.markup import Html, element, join
from trend_assets.board.words import Language, amount, day, money, number, text, trend_name
from trend_assets.lib.demand.reconsider import Turn

ACTION_COLOURS = {
    "reorder": "#00629B",
    "expedite": "#A84300",
    "move": "#006B54",
    "mark_down": "#8A3E77",
    "too_late": "#3A3A3A",
    "hold": "#5B6470",
}
ACTION_MARKS = {"reorder": "+", "expedite": "»", "move": "⇄", "mark_down": "↓", "too_late": "×", "hold": "="}
CURVE, SALES, STOCK, RAISED = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
MISSED = "#8C8C8C"
MOST_TURNS = 3

STYLE = """
.ta { font-size: 0.95rem; line-height: 1.45; overflow-wrap: anywhere; }
.ta p { margin: 0.35rem 0; }
.ta ul { margin: 0.2rem 0 0.4rem 0; padding-left: 1.15rem; }
.ta li { margin: 0.1rem 0; }
.ta h3 { font-size: 1.15rem; margin: 0.25rem 0 0.1rem 0; padding: 0; line-height: 1.3; }
.ta h4 { font-size: 0.8rem; margin: 0.7rem 0 0 0; padding: 0; letter-spacing: 0.03em; opacity: 0.8; font-weight: 600; }
.ta .chip { display: inline-block; padding: 0.1rem 0.55rem; border-radius: 0.35rem; font-weight: 600; font-size: 0.85rem;
  color: #fff; border: 1px solid rgba(255,255,255,0.35); margin-right: 0.35rem; }
.ta .origin { display: inline-block; margin-right: 0.3rem; padding: 0.1rem 0.5rem; border-radius: 0.35rem; font-size: 0.8rem;
  border: 1px dashed currentColor; white-space: nowrap; }
.ta .quiet { opacity: 0.75; font-size: 0.88rem; }
.ta .facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.2rem, 1fr)); gap: 0.35rem 1rem; margin: 0.55rem 0; }
.ta dl, .ta dt, .ta dd { margin-inline-start: 0 !important; padding-left: 0 !important; }
.ta .facts dt { font-size: 0.78rem; opacity: 0.75; margin: 0; font-weight: 400; }
.ta .facts dd { margin: 0; font-weight: 600; }
.ta .facts dd.big { font-size: 1.25rem; line-height: 1.25; }
.ta .notice { border-left: 4px solid #E69F00; padding: 0.4rem 0.7rem; background: rgba(230,159,0,0.12); border-radius: 0.2rem; }
.ta table { border-collapse: collapse; width: 100%; font-size: 0.88rem; }
.ta th { text-align: left; font-weight: 600; font-size: 0.78rem; opacity: 0.8; }
.ta th, .ta td { padding: 0.3rem 0.6rem 0.3rem 0; border-bottom: 1px solid rgba(128,128,128,0.3); vertical-align: top; }
.ta td.figure, .ta th.figure { text-align: right; font-variant-numeric: tabular-nums; }
.ta .post { border-left: 3px solid rgba(128,128,128,0.5); padding: 0.1rem 0 0.1rem 0.7rem; margin: 0.55rem 0; }
.ta .state { display: inline-block; min-width: 4.2rem; font-weight: 600; }
@media (max-width: 640px) {
  .ta table, .ta tbody, .ta tr, .ta td { display: block; width: 100%; }
  .ta thead { display: none; }
  .ta tr { border-bottom: 1px solid rgba(128,128,128,0.4); padding: 0.35rem 0; }
  .ta td, .ta td.figure { border: 0; padding: 0.05rem 0; text-align: left; }
  .ta td::before { content: attr(data-label) ": "; opacity: 0.7; font-size: 0.82rem; }
  .ta td:first-child { font-weight: 600; }
  .ta td:first-child::before, .ta td[data-label=""]::before { content: ""; }
  .ta td:empty { display: none; }
}
"""


def block(*children: str) -> Html:
    """A part of the page in the board's style."""
    return element("div", *children, class_="ta")


def chip(language: Language, action: str) -> Html:
    """The action as a word with its mark, on its colour."""
    return element("span", f"{ACTION_MARKS[action]} {text(language, action)}", class_="chip", style=f"background:{ACTION_COLOURS[action]}")


def origin(language: Language, *, simulated: bool) -> Html:
    """Whether the numbers are real or made up."""
    return element("span", text(language, "simulated" if simulated else "real"), class_="origin")


def bullets(lines: Sequence[str]) -> Html:
    """A list."""
    return element("ul", *(element("li", line) for line in lines))


def grid(headings: Sequence[str], rows: Sequence[Sequence[str]], figures: Sequence[int] = ()) -> Html:
    """A table that becomes a list of entries on a narrow screen; ``figures`` are the places of columns of numbers."""
    styles = ["figure" if place in figures else None for place in range(len(headings))]
    head = element("tr", *(element("th", heading, class_=style) for heading, style in zip(headings, styles, strict=True)))
    body = [
        element(
            "tr",
            *(element("td", cell, class_=style, data_label=heading) for heading, cell, style in zip(headings, row, styles, strict=True)),
        )
        for row in rows
    ]
    return element("table", element("thead", head), element("tbody", *body))


def product_name(language: Language, row: Mapping[str, Any]) -> str:
    """The product's name in the language where the catalogue has it."""
    return (row.get("product_name_fr") if language == "fr" else None) or row["product_name"]


def cover(language: Language, group: CardGroup) -> str:
    """Days of cover over the places against the supplier's lead time."""
    if group.cover is None:
        return text(language, "no_demand")
    span, lead = _span(language, group.cover), group.first["lead_time_days"]
    return text(language, "cover_no_lead", cover=span) if lead is None else text(language, "cover_of_lead", cover=span, lead=lead)


def _span(language: Language, ends: tuple[float, float]) -> str:
    least, most = (amount(language, round(value, 1)) for value in ends)
    return least if least == most else f"{least}–{most}"


def places(language: Language, group: CardGroup) -> str:
    """How many places, or the name of the one."""
    return group.first["store_name"] if len(group.cards) == 1 else text(language, "places", count=len(group.cards))


def _fact(name: str, value: str, *, big: bool = False) -> Html:
    return element("div", element("dt", name), element("dd", value, class_="big" if big else None))


def facts(language: Language, group: CardGroup, currency: str) -> Html:
    """Quantity, last day, cover, money and confidence of a group of cards."""
    act_by = text(language, "nothing_to_do") if group.act_by is None else day(language, group.act_by)
    found = [] if not group.quantity else [
        _fact(text(language, "quantity"), f"{number(language, group.quantity)} {text(language, 'units')}", big=True)
    ]  # fmt: skip
    if group.act_by is not None:
        found.append(_fact(text(language, "act_by"), act_by, big=True))
    found.append(_fact(text(language, "money"), money(language, group.money, currency), big=True))
    if group.first["action"] not in ("hold", "too_late"):
        found.append(_fact(text(language, "money_if_false"), money(language, group.money_if_false, currency)))
    if group.first["action"] == "expedite" and group.shelf is not None:  # what comes late is the point, not what comes in all
        found.append(_fact(text(language, "shelf"), text(language, "days", days=_span(language, group.shelf))))
    else:
        found.append(_fact(text(language, "cover"), cover(language, group)))
    found.append(_fact(text(language, "confidence"), sentences.confidence(language, group.confidence)))
    return element("dl", *found, class_="facts")


def trend_line(language: Language, card: Mapping[str, Any]) -> Html:
    """The trend a card is about: label, stage, posts of the day."""
    told = f"{trend_name(language, card['label'])} · {text(language, card['stage'])}"
    if card.get("trend_posts") is not None:
        told += f" · {number(language, card['trend_posts'])} {text(language, 'posts')}"
    return element("p", element("b", f"{text(language, 'trend')}: "), told, class_="quiet")


def card_head(language: Language, group: CardGroup, currency: str) -> Html:
    """What a buyer reads first: action, product, place, figures, trend."""
    title = f"{product_name(language, group.first)} · {places(language, group)}"
    return block(
        element("div", chip(language, group.first["action"]), origin(language, simulated=group.simulated)),
        element("h3", title),
        facts(language, group, currency),
        trend_line(language, group.first),
    )


def card_body(language: Language, group: CardGroup, turned: Mapping[str, Sequence[Turn]]) -> Html:
    """Why, what would change our mind and what we don't know; of the place with the most money at risk."""
    card = group.first
    at = f" ({card['store_name']})" if len(group.cards) > 1 else ""
    mind = [sentences.turn(language, told, card) for told in turned.get(card["card_id"], ())[:MOST_TURNS]]
    doubts, proofs = sentences.unknowns(language, card), sentences.proofs(language, card)
    parts = [element("h4", text(language, "why") + at), element("p", sentences.arithmetic(language, card))]
    if card["days_of_cover"] is not None:
        parts.append(element("p", sentences.range_of_demand(language, card)))
    if proofs:
        parts += [element("h4", text(language, "speaks_for") + at), bullets(proofs)]
    parts += [element("h4", text(language, "turns") + at), bullets(mind) if mind else element("p", text(language, "no_turns"))]
    if doubts:
        parts += [element("h4", text(language, "unknown")), bullets(doubts)]
    return block(*parts)


def place_table(language: Language, group: CardGroup, currency: str) -> Html:
    """Every place of the group with its own numbers."""
    headings = [
        text(language, key) for key in ("place", "quantity", "act_by", "cover", "sells", "stock_now", "inbound", "money", "money_if_false")
    ]
    rows = [
        [
            card["store_name"],
            number(language, card["quantity"]),
            "–" if card["act_by"] is None else day(language, card["act_by"]),
            sentences.cover_range(language, card),
            f"{number(language, card['daily_units'], 1)} → {number(language, card['expected_daily_units'], 1)}",
            number(language, card["available_units"]),
            number(language, card["inbound_units"]),
            money(language, card["money_at_risk"], currency),
            money(language, card["money_if_false"], currency),
        ]
        for card in group.cards
    ]
    return block(grid(headings, rows, figures=(1, 3, 4, 5, 6, 7, 8)))


def place_sentences(language: Language, group: CardGroup, turned: Mapping[str, Sequence[Turn]]) -> Html:
    """What would change our mind at each of the other places, and the method's own sentences."""
    parts: list[str] = []
    for card in group.cards[1:]:
        mind = [sentences.turn(language, told, card) for told in turned.get(card["card_id"], ())[:MOST_TURNS]]
        if mind:
            parts += [element("h4", f"{text(language, 'turns')} ({card['store_name']})"), bullets(mind)]
    reasons = bullets([f"{card['store_name']}: {card['reason']}" for card in group.cards])
    parts += [element("h4", text(language, "method_reason")), reasons]
    return block(join(*parts))
