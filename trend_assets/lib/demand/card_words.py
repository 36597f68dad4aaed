"""What speaks for and against a decision card, by name, and its sentence with the arithmetic in plain English.

What belongs here: evidence and counter-evidence as names, the ``reason``. What doesn't: the rules (``cards.py``), the board's sentences
in each language (``board/sentences.py``), which are made from the card's columns.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from trend_assets.lib.demand.cards import Decision, Donor
from trend_assets.lib.demand.situation import Situation, seen_ratio

FEW_AUTHORS = 20
WEAK_LINK = 0.5
MOST_Q = 0.05
PRICE_STEP = 0.05
"""A price that changed by more than this share can explain sales by itself."""
LEAST_GAP = 1 / 24
UNSOLD_UNITS = 6.0
"""Usual units of three days of which none sold though stock is there: the stock may not be where the record says."""


def describe(case: Situation, decision: Decision, donor: Donor | None, quantity: int) -> dict[str, Any]:
    """The columns ``reason``, ``evidence_names``, ``counter_evidence``, ``stock_doubt``, ``from_store_id`` and ``from_surplus_units``."""
    doubt = stock_doubt(case)
    against = list(counter_evidence(case, doubt))
    return {
        "from_store_id": donor.store_id if donor is not None else None,
        "from_surplus_units": donor.units if donor is not None else None,
        "stock_doubt": doubt,
        "evidence_names": [*(["other_trends"] if decision.others else ()), *evidence(case)],
        "counter_evidence": [name for name, _ in against],
        "reason": _reason(case, decision, quantity, [words for _, words in against]),
    }


def stock_doubt(case: Situation) -> str | None:
    """Why the stock record may be wrong, if anything says so."""
    row = case.row
    if case.available < 0:
        return "negative"
    if row.get("adjusted_units"):
        return "corrected"
    recent = row.get("recent_daily_units")
    if recent is not None and recent <= 0 and 3 * case.usual >= UNSOLD_UNITS and case.available > 0:
        return "unsold"
    return None


def evidence(case: Situation) -> Iterator[str]:
    """Names of what speaks for the card, the weightiest first; other trends that ask for the same are known to ``cards.py``."""
    row = case.row
    if case.usual > 0 and seen_ratio(row, case.rules) >= 1.3 and not row["promotion"]:
        yield "sales_rose"
    if (row["growth_24h"] or 0.0) >= 1.5:
        yield "posts_grew"
    if (row.get("authors_24h") or 0) >= 5 * FEW_AUTHORS:
        yield "many_authors"
    if case.link_score >= 0.7:
        yield "strong_link"
    if row.get("stress_grade") == "A":
        yield "robust"


def counter_evidence(case: Situation, doubt: str | None) -> Iterator[tuple[str, str]]:
    """Names of what speaks against the card, each with its words, the weightiest first."""
    row = case.row
    yield from _against_the_numbers(case, doubt)
    grade = row.get("stress_grade")
    if grade in ("C", "D"):
        yield "weak_stress_test", f"little is left of the trend without its strongest pushers (grade {grade})"
    elif grade is not None and grade not in ("A", "B"):
        yield "untested", f"the trend could not be stress-tested ({grade})"
    gap = float(row.get("gap_share") or 0.0)
    if gap >= LEAST_GAP:
        yield "collection_gap", f"posts may be missing for {gap:.0%} of the day"
    if case.link_score < WEAK_LINK:
        yield "weak_link", f"the link to the product is weak ({case.link_score:.2f})"
    if row["trend_q_value"] is not None and row["trend_q_value"] > MOST_Q:
        yield "chance", f"the trend may be chance (q {row['trend_q_value']:.2f})"
    authors = row.get("authors_24h")
    if authors is not None and authors < FEW_AUTHORS:
        yield "few_authors", f"only {authors} authors in 24 hours"
    if case.lead is None:
        yield "unknown_lead_time", "the supplier's lead time is unknown"
    least = int(row["minimum_order_quantity"] or 0)
    if case.usual > 0 and least / case.usual > 90:
        yield "minimum_order", f"the supplier's minimum of {least} is {least / case.usual:.0f} days of ordinary sales"
    if row["unit_price"] is None and row["unit_cost"] is None:
        yield "no_price", "no price is known, so no money is counted"


def _against_the_numbers(case: Situation, doubt: str | None) -> Iterator[tuple[str, str]]:
    row = case.row
    if row["data_origin"] == "simulated":
        yield "simulated", "stock or sales are simulated"
    if row["promotion"]:
        yield "promotion", "a promotion runs and may explain the sales"
    change = row.get("price_change")
    if change is not None and math.isfinite(change) and abs(change - 1) > PRICE_STEP:
        yield "price_change", f"the price is {change:.0%} of that of two weeks ago"
    if doubt is not None:
        yield (
            "stock_doubtful",
            {
                "negative": "the stock record is below nothing, wrong or promised twice: reckoned as none, count before acting",
                "corrected": "the stock record was corrected within 14 days",
                "unsold": "nothing sold in three days though it usually sells: is the stock there?",
            }[doubt],
        )
    empty = int(row.get("out_of_stock_days") or 0)
    if empty:
        yield "out_of_stock", f"{empty} of 14 days ended without stock, so sales say less than demand"
    if 0 < case.usual < 1:
        yield "few_sales", "less than one sale a day: chance weighs heavily"


def _reason(case: Situation, decision: Decision, quantity: int, against: list[str]) -> str:
    """The arithmetic, the decision, and what speaks against it."""
    row: Mapping[str, Any] = case.row
    rules = case.rules
    cover = "no end of stock in sight" if case.cover is None else f"{case.cover:.1f} days of cover"
    needed = "lead time unknown"
    if case.needed is not None:
        needed = f"{case.needed} needed ({case.lead} lead + {rules.review} order + {rules.safety} safety)"
    arithmetic = (
        f"{case.usual:.1f} units a day × {case.uplift:.2f} = {case.expected:.1f} expected; "
        f"{case.available} available + {case.inbound} inbound = {cover}; {needed}; {row['stage']}, lifts sales about {case.life} days more"
    )
    why = decision.why
    if decision.order:
        least = int(row["minimum_order_quantity"] or 0)
        bound = f", the supplier's minimum is {least}" if quantity == least else ""
        why = f"{quantity} units more suffice for {case.horizon} days with the chance that is worth having, {case.fractile:.0%}{bound}"
    if decision.others:
        why += f"; {decision.others} other trend{'s' if decision.others > 1 else ''} of the day ask{'' if decision.others > 1 else 's'} too"
    return f"{arithmetic}: {why}." + (f" Against it: {'; '.join(against)}." if against else "")
