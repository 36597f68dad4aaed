"""Today's decision cards: read, answer, take an answer back.

What belongs here: the page and its buttons. What doesn't: a card's HTML (``look.py``), what an answer means (``responses.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from trend_assets.board import cache, data, look, responses, sentences
from trend_assets.board.data import CardGroup
from trend_assets.board.markup import element
from trend_assets.board.regrets import regrets_of
from trend_assets.board.responses import Answer, Standing
from trend_assets.board.view import currency, heading, language, notice, now, quiet, reference_day, say, show, sql_hint
from trend_assets.board.words import day as written_day
from trend_assets.board.words import long_day, money, trend_name
from trend_assets.lake.manifest import CorruptionError, UnsupportedFormatError
from trend_assets.lake.storage import ConflictError
from trend_assets.lib.quality.audit import AuditError
from trend_assets.tables.demand import ACTING

REGRET_WEEKS = 4
REASONS = ("sent", "agreed", "done", "doubted", "range", "stock", "money", "waiting")
"""Ready-made reasons of answers, by the names of their words; others are typed."""


def page() -> None:
    """The decisions of a day: to decide, too late or nothing to do, snoozed, answered."""
    days = cache.ask(data.days_with_cards)
    if not days:
        heading(say("no_cards"))
        quiet(say("no_cards_help"))
        return
    chosen = st.selectbox(say("day"), days, format_func=lambda one: long_day(language(), one), key="card_day")
    today = reference_day(chosen, days[0])
    cards = cache.ask(data.cards_of_day, chosen)
    answers = responses.answers(cache.lake(), chosen - timedelta(days=responses.MOST_SNOOZE_DAYS), chosen)
    moment = cache.as_of()
    if moment is not None:  # answers of persons are not in the history: those that were given by then
        known = pc.less_equal(answers.rows["responded_at"], pa.scalar(moment, answers.rows.schema.field("responded_at").type))
        answers = responses.Answers(answers.rows.filter(known), answers.unreadable)
    if answers.unreadable:
        notice(say("answers_unreadable", days=", ".join(answers.unreadable), reason=next(iter(answers.unreadable.values()))))
    holding = responses.latest(answers.rows)
    standings = {card["card_id"]: responses.standing(card, holding, today) for card in cards}
    _header(cards, standings, chosen, days[0])
    turned = cache.ask(_turns_of_day, chosen)
    groups = data.grouped([card for card in cards if standings[card["card_id"]].state == "open"])
    due = [group for group in groups if group.first["action"] in ACTING]
    if not groups:
        quiet(say("all_answered"))
    for group in due:
        _card(group, cards, standings, turned, today)
    _back_from_snooze(holding, cards, today)
    rest = [group for group in groups if group.first["action"] not in ACTING]
    if rest:
        with st.expander(say("rest_section", count=len(rest)), expanded=not due):
            for group in rest:
                _card(group, cards, standings, turned, today)
    for state, title in (("snoozed", "snoozed_section"), ("answered", "answered_section")):
        _answered([card for card in cards if standings[card["card_id"]].state == state], standings, title)
    _regret(chosen)
    quiet(say("rule_of_thumb"))
    asked = f"as_of.decision_cards('{moment:%Y-%m-%d %H:%M:%S}')" if moment else "demand.decision_cards"
    sql_hint(
        f"select * from {asked} where day = date '{chosen.isoformat()}' order by money_at_risk desc;",  # noqa: S608 - a hint to read
        "-- answers are in the lake: any DuckDB client, in the data folder\n"
        "select * from read_parquet('lake/demand/card_responses/*/part-*.parquet', hive_partitioning = false)\n"
        "qualify row_number() over (partition by card_id order by responded_at desc, response_id desc) = 1;",
    )


def _turns_of_day(warehouse: data.Queryable, day: date) -> dict[str, Any]:
    return data.turns_of(warehouse, data.cards_of_day(warehouse, day))


def _header(cards: Sequence[data.Row], standings: dict[str, Standing], chosen: date, newest: date) -> None:
    waiting = data.grouped([card for card in cards if standings[card["card_id"]].state == "open" and card["action"] in ACTING])
    first = min((group.act_by for group in waiting if group.act_by is not None), default=None)
    at_risk = money(language(), sum(group.money for group in waiting), currency())
    if first is None:
        line = say("summary_plain", todo=len(waiting), money=at_risk)
    else:
        line = say("summary", todo=len(waiting), money=at_risk, day=written_day(language(), first))
    heading(line, "h3")
    end = cache.ask(data.end_of_data)
    if chosen == newest and end is not None and end.date() > newest + timedelta(days=1):
        last = end - timedelta(seconds=1)
        quiet(say("newest_cards", day=long_day(language(), newest), end=long_day(language(), last.date())))
    if any(card["data_origin"] == "simulated" for card in cards):
        notice(say("simulated_banner"))


def _card(group: CardGroup, cards: Sequence[data.Row], standings: dict[str, Standing], turned: dict[str, Any], today: date) -> None:
    with st.container(border=True, key=f"card-{group.first['day']}-{group.key}"):
        left, right = st.columns([5, 6], gap="medium")
        with left:
            show(look.card_head(language(), group, currency()))
            _remarks(group, cards, standings)
            _buttons(group, today)
        with right:
            show(look.card_body(language(), group, turned))
        with st.expander(say("by_place")):
            show(look.place_table(language(), group, currency()))
            show(look.place_sentences(language(), group, turned))


def _remarks(group: CardGroup, cards: Sequence[data.Row], standings: dict[str, Standing]) -> None:
    """Whoever ordered yesterday, or under another trend, should not order again."""
    lines = []
    for card in group.cards:
        earlier = standings[card["card_id"]].earlier if card["card_id"] in standings else None
        if earlier is not None:
            answer = f"{_answer_words(earlier)} ({say(earlier.action)}, {earlier.quantity} {say('units')})"
            lines.append(f"{card['store_name']}: {say('answered_earlier', day=written_day(language(), earlier.day), answer=answer)}")
    of_id = {card["card_id"]: card for card in cards}
    for card in group.cards:
        first = of_id.get(card["covered_by"])
        if first is not None:
            lines.append(
                say("covered", place=card["store_name"], label=trend_name(language(), first["label"]), action=say(first["action"]).lower())
            )
    if lines:
        show(look.block(look.element("div", look.bullets(lines), class_="notice")))


def _buttons(group: CardGroup, today: date) -> None:
    """A reason, then accept, decline or snooze for the chosen places; by default all, until tomorrow. None on a page of the past."""
    if cache.as_of() is not None:
        return
    name = f"{group.first['day']}-{group.key}"
    newest_day = max(card["day"] for card in group.cards)
    earliest = max(today, newest_day) + timedelta(days=1)
    latest = max(newest_day + timedelta(days=responses.MOST_SNOOZE_DAYS), earliest)
    st.selectbox(
        say("answer_reason"),
        [say(f"reason_{reason}") for reason in REASONS],
        index=None,
        placeholder=say("answer_reason_hint"),
        key=f"reason-{name}",
    )
    with st.container(horizontal=True, gap="small"):
        to_do = group.first["action"] in ACTING
        st.button(
            say("accept" if to_do else "agree"),
            key=f"accept-{name}",
            type="primary" if to_do else "secondary",
            on_click=_answer,
            args=(group, "accepted", name),
        )
        st.button(say("decline"), key=f"decline-{name}", on_click=_answer, args=(group, "declined", name))
        st.button(say("snooze"), key=f"snooze-{name}", on_click=_answer, args=(group, "snoozed", name))
        with st.popover(say("options")):
            of_place = {card["store_id"]: card["store_name"] for card in group.cards}
            if len(group.cards) > 1:
                st.multiselect(
                    say("which_places"),
                    list(of_place),
                    default=list(of_place),
                    format_func=lambda place: of_place.get(place, place),
                    key=f"places-{name}",
                )
            st.text_input(say("note"), key=f"note-{name}", max_chars=responses.MOST_NOTE_CHARACTERS)
            st.date_input(say("snooze_until"), value=earliest, min_value=earliest, max_value=latest, key=f"until-{name}")


def _answer(group: CardGroup, response: str, name: str) -> None:
    chosen = st.session_state.get(f"places-{name}")
    cards = [card for card in group.cards if chosen is None or card["store_id"] in chosen]
    until = st.session_state.get(f"until-{name}") if response == "snoozed" else None
    given = (st.session_state.get(f"{kind}-{name}") or "" for kind in ("reason", "note"))
    reason = ": ".join(words.strip() for words in given if words.strip())
    if not reason:
        st.session_state["failure"] = say("reason_missing")
        st.toast(say("reason_missing"), icon=":material/error:")  # the notice is at the top, the button may be far below
        return
    _write(cards, response, until, reason)


def _write(cards: Sequence[Any], response: str, until: date | None = None, note: str = "") -> None:
    who = st.session_state.get("who", "")
    try:
        responses.respond(cache.lake(), cards, response, datetime.now(UTC), snoozed_until=until, note=note, responded_by=who)
    except (ValueError, AuditError, ConflictError, CorruptionError, OSError) as error:
        st.session_state["failure"] = say("not_saved", reason=str(error))
        return
    st.toast(say("saved"))


def _answer_words(answer: Answer) -> str:
    if answer.response == "snoozed" and answer.snoozed_until is not None:
        return say("snoozed", day=written_day(language(), answer.snoozed_until))
    return say(answer.response)


def _answered(cards: Sequence[data.Row], standings: dict[str, Standing], title: str) -> None:
    """Cards with an answer, folded, together as they were answered, each with an undo."""
    together: dict[tuple[str, Any], list[data.Row]] = {}
    for card in cards:
        answer = standings[card["card_id"]].answer
        if answer is not None:
            together.setdefault((f"{card['topic_id']}-{card['product_id']}-{answer.response}", answer.responded_at), []).append(card)
    if not together:
        return
    with st.expander(say(title, count=len(together))):
        for (key, moment), of in together.items():
            answer = standings[of[0]["card_id"]].answer
            if answer is None:
                continue
            group = CardGroup(tuple(of))
            who = f" · {answer.responded_by}" if answer.responded_by else ""
            note = f" · “{answer.note}”" if answer.note else ""
            line = f"{_answer_words(answer)}: {look.product_name(language(), group.first)} · {look.places(language(), group)}"
            detail = f"{say(answer.action)}, {group.quantity} {say('units')}{who}{note}"
            show(look.block(element("p", element("b", line), element("br"), detail)))
            answers = [found for card in of if (found := standings[card["card_id"]].answer) is not None]
            if cache.as_of() is not None:
                continue
            st.button(
                say("undo"), key=f"undo-{key}-{moment.isoformat()}", on_click=_write, args=([one.as_card() for one in answers], "reopened")
            )


def _regret(chosen: date) -> None:
    """What closed cards were worth, week by week."""
    try:
        sums = regrets_of(cache.lake(), REGRET_WEEKS, until=chosen)
    except (CorruptionError, UnsupportedFormatError, OSError) as error:
        notice(say("answers_unreadable", days=chosen.isoformat(), reason=str(error)))
        return
    with st.expander(say("regret_section")):
        if not sums:
            quiet(say("regret_none"))
            return
        show(look.block(element("p", sentences.regret(language(), sums, currency()))))
        st.dataframe(
            [
                {
                    say("regret_week_heading"): one.week,
                    say("category"): one.category,
                    " ": say(one.action),
                    say("regret_cards"): one.cards,
                    say("regret_followed"): one.followed,
                    **{
                        say(f"regret_{name}"): money(language(), value, currency())
                        for name, value in (
                            ("earned", one.earned),
                            ("others", one.others),
                            ("missed", one.missed),
                            ("snoozed", one.snoozed),
                            ("money", one.regret),
                        )
                    },
                }
                for one in sums
            ],
            hide_index=True,
        )
        quiet(say("regret_help"))


def _back_from_snooze(holding: dict[str, Answer], cards: Sequence[data.Row], today: date) -> None:
    """Snoozed cards of earlier days whose day has come and that have no newer card."""
    due = responses.due_back(holding, cards, today)
    found = []
    for answer in due:
        found += [card for card in cache.ask(data.cards_of_day, answer.day) if card["card_id"] == answer.card_id]
    if not found:
        return
    heading(say("back_section"))
    for earlier in sorted({card["day"] for card in found}, reverse=True):
        of_day = [card for card in found if card["day"] == earlier]
        turned = cache.ask(_turns_of_day, earlier)
        for group in data.grouped(of_day):
            quiet(long_day(language(), earlier))
            _card(group, of_day, {}, turned, now().date() if cache.settings().lake_end is None else today)
