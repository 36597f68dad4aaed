"""`trend-assets cards` and `trend-assets regret`: decision cards listed and answered, and what the answers were worth.

What belongs here: options, printing. What doesn't: what an answer means and how it is kept (``board/responses.py``), the counterfactual
(``lib/demand/regret.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trend_assets.commands.terminal import DataOption, console, fail, read_data

if TYPE_CHECKING:
    from datetime import date

    import pyarrow as pa

    from trend_assets.board.responses import Answer
    from trend_assets.lake.lake import Lake

CardArgument = Annotated[list[str], typer.Argument(help="Card ids, as `trend-assets cards list` shows them; the first letters are enough")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, in free words; no names of customers")]
TakenBackOption = Annotated[str, typer.Option("--reason", help="Why, if you like")]
WhoOption = Annotated[str, typer.Option("--by", help="Your name or initials")]
DayOption = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default: the newest day with cards")]
_SHOWN = ("card", "action", "quantity", "product", "place", "by", "at_risk", "if_false", "confidence", "answer")

cards = typer.Typer(help="Decision cards: list them, accept, decline or snooze them with a reason.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(cards, name="cards")
    app.command()(regret)


@cards.command("list")
def list_cards(
    day: DayOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Also where nothing is to be done")] = False,
    data: DataOption = None,
) -> None:
    """Cards of a day, the most money at risk first, with the answer that holds."""
    from trend_assets.board.responses import latest

    lake = _lake(data)
    chosen, rows = _cards_of(lake, day.date() if day else None)
    holding = latest(_answers(lake, chosen, chosen))
    shown = []
    for card in sorted(rows, key=lambda card: (-card["money_at_risk"], card["card_id"])):
        if card["action"] in ("hold", "too_late") and not everything:
            continue
        answer = holding.get(card["card_id"])
        from_place = f" from {card['from_store_id']}" if card["from_store_id"] else ""
        values = (
            card["card_id"], card["action"] + from_place, card["quantity"], card["product_name"], card["store_id"], card["act_by"],
            round(card["money_at_risk"]), round(card["money_if_false"]), round(card["confidence"], 2),
            "" if answer is None else _told(answer),
        )  # fmt: skip
        shown.append(dict(zip(_SHOWN, values, strict=True)))
    if not shown:
        console.print(f"{chosen}: no card asks for anything; --all shows the others")
        return
    import pyarrow as pa

    from trend_assets.terminal_rows import print_rows

    print_rows(pa.Table.from_pylist(shown), console, f"Decision cards of {chosen}")


@cards.command()
def accept(ids: CardArgument, reason: ReasonOption, by: WhoOption = "", day: DayOption = None, data: DataOption = None) -> None:
    """Accept cards: what they say will be done."""
    _respond(ids, "accepted", reason, by, day, data)


@cards.command()
def decline(ids: CardArgument, reason: ReasonOption, by: WhoOption = "", day: DayOption = None, data: DataOption = None) -> None:
    """Decline cards: what they say will not be done."""
    _respond(ids, "declined", reason, by, day, data)


@cards.command()
def snooze(
    ids: CardArgument,
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Day on which the card comes back")],
    reason: ReasonOption,
    by: WhoOption = "",
    day: DayOption = None,
    data: DataOption = None,
) -> None:
    """Put cards off to a later day."""
    _respond(ids, "snoozed", reason, by, day, data, until.date())


@cards.command()
def reopen(ids: CardArgument, reason: TakenBackOption = "", by: WhoOption = "", day: DayOption = None, data: DataOption = None) -> None:
    """Take an answer back."""
    _respond(ids, "reopened", reason, by, day, data)


def regret(
    weeks: Annotated[int, typer.Option(min=1, max=60, help="Weeks of cards to look back on")] = 4,
    data: DataOption = None,
) -> None:
    """What the answers to closed cards earned or missed, by week, category and action; an estimate, its assumptions said below it."""
    from trend_assets.board.regrets import regrets_of

    lake = _lake(data)
    found = regrets_of(lake, weeks)
    if not found:
        console.print("no card is closed yet: its horizon has to be over, with stock records of each of its days")
        return
    rows = [
        {
            "week": one.week, "category": one.category, "action": one.action, "cards": one.cards, "accepted": one.followed,
            "earned": round(one.earned), "others worth": round(one.others),
            "of it gains": round(one.missed),
            "if snoozed": round(one.snoozed), "regret": round(one.regret),
        }
        for one in found
    ]  # fmt: skip
    import pyarrow as pa

    from trend_assets.terminal_rows import print_rows

    print_rows(pa.Table.from_pylist(rows), console, f"Regret of the last {weeks} weeks, in the currency of the prices")
    console.print(
        "Earned: by the accepted cards. Others worth: had all others been followed, losses included. If snoozed: had all been followed "
        "after a snooze. Regret: what the answers missed against the best of accepting, snoozing and declining each card, as only "
        "hindsight knows it. "
        "Estimated: days without stock are taken to have wanted what the other days sold; accepted cards to have been followed in full; "
        "what met no demand within the card's days to cost a quarter of its purchase price, half of it beyond six weeks of sales; "
        "a mark-down to sell what an elasticity of two says."
    )


def _told(answer: Answer) -> str:
    """An answer in words: until when a card is snoozed, and why."""
    until = f" until {answer.snoozed_until}" if answer.snoozed_until else ""
    return f"{answer.response}{until}{f': {answer.note}' if answer.note else ''}"


def _lake(data: str | None) -> Lake:
    from trend_assets.lake.lake import Lake
    from trend_assets.settings import load_settings

    read_data(data)
    return Lake(load_settings().lake_root)


def _cards_of(lake: Lake, day: date | None) -> tuple[date, list[dict[str, Any]]]:
    """The cards of a day, by default the newest that has any. Ends the command where there are none."""
    from trend_assets.lake.manifest import CorruptionError, UnsupportedFormatError
    from trend_assets.tables import TABLES

    table = TABLES["demand/decision_cards"]
    rows: list[dict[str, Any]] = []
    try:
        keys = [day.isoformat()] if day else lake.partitions(table)
        while keys and not rows:
            key = keys.pop()
            rows = lake.read(table, [key]).to_pylist()
    except (OSError, CorruptionError, UnsupportedFormatError) as error:
        fail(str(error), 1)
    if not rows:
        fail(f"there are no decision cards{f' of {day}' if day else ' yet'}", 1)
    return rows[0]["day"], rows


def _answers(lake: Lake, first: date, last: date) -> pa.Table:
    from trend_assets.board.responses import answers

    found = answers(lake, first, last)
    if found.unreadable:
        fail(f"answers cannot be read: {next(iter(found.unreadable.values()))}", 1)
    return found.rows


def _respond(
    ids: Sequence[str], response: str, reason: str, by: str, day: datetime | None, data: str | None, until: date | None = None
) -> None:
    from trend_assets.board.responses import respond
    from trend_assets.lake.manifest import CorruptionError
    from trend_assets.lake.storage import ConflictError
    from trend_assets.lib.quality.audit import AuditError

    lake = _lake(data)
    chosen, rows = _cards_of(lake, day.date() if day else None)
    wanted = []
    for name in ids:
        matching = [card for card in rows if name and card["card_id"].startswith(name)]
        if len(matching) != 1:
            fail(f"{name!r} is {'no card' if not matching else f'the beginning of {len(matching)} cards'} of {chosen}")
        wanted += matching
    try:
        respond(lake, wanted, response, datetime.now(UTC), snoozed_until=until, note=reason, responded_by=by)
    except ValueError as error:
        fail(str(error))
    except (AuditError, ConflictError, CorruptionError, OSError) as error:
        fail(f"not saved: {error}", 1)
    for card in wanted:
        back = f", back on {until}" if until else ""
        console.print(f"{response}{back}: {card['action']} {card['quantity']} of {card['product_name']} at {card['store_id']}")
