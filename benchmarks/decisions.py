"""Do decision cards earn money? A simulated buyer who follows them against the same retailer without trends, in euros.

    python -m benchmarks.decisions --family development --seeds 3          what the rules were chosen on
    python -m benchmarks.decisions --seeds 10                              the evaluation family: what is reported
    python -m benchmarks.decisions --seeds 10 --oracle-only                the upper bound alone, in a few minutes
    python -m benchmarks.decisions --seeds 10 --report-only                what seeds that are finished gave

What belongs here: the comparison over seeds and its tables. What doesn't: the policy (``decisions_policy.py``), what the pipeline says of
the town's posts (``decisions_trends.py``).

The retailer of the full town reorders by itself in every run: by the rate of recent sales, weekly, as it did in the eight weeks before the
town begins. On top of that, ``cards`` does what the cards of the evening before say, made by the production rules from the pipeline's own
trends and links and the retailer's books; ``reorder alone`` and so on only what cards of that action say; ``no belief`` follows cards about
the same products on the same days made as if no trend were there, which tells what looking at those products again earns without the
trend; ``oracle`` knows the planted effects from the day their posts begin, as an upper bound. All runs of a seed meet the same demand, but
where a price is marked down, so differences are paired. A seed draws popularity, tastes, promotions, demand, posts, suppliers' delays and
errors of the books; in the evaluation family also the trends. Reading posts is what takes long, one to two minutes of a core a seed, and is
kept in ``--cache``, with the results of each seed.
Euros are margin on units sold and kept, less holding, less the write-down of what is left beyond six weeks of usual sales at
the end, in stock or on order, less moving and expediting (``Economics``). Intervals are Student's, 95 %, over seeds.

Confidence is checked card by card: right where a planted trend adds 15 % or more to the product's demand at the place within the days for
which the card says that sales are lifted.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.decisions_policy import Account, Book, Economics, Follower, Trends, account, of_days, opened, oracle_rows, run, usual_sales
from benchmarks.decisions_trends import trend_products
from trend_assets.lib.demand.situation import DEFAULT_RULES, CardRules, life_of
from trend_assets.lib.simulation.planted import Family
from trend_assets.lib.simulation.retail import Retailer
from trend_assets.lib.simulation.retail_tables import retail_tables
from trend_assets.lib.simulation.town import Size, TownParameters
from trend_assets.tables.demand import ACTING

MEASURES = {
    "total": "earned, euros",
    "margin": "margin, euros",
    "lost_margin": "margin lost for want of stock, euros",
    "lost_units": "units lost for want of stock",
    "holding": "holding, euros",
    "leftover": "write-down of leftovers, euros",
    "leftover_units": "units left beyond six weeks",
    "end_stock_cost": "stock at the end, euros at cost",
    "handling": "moving and expediting, euros",
}
HISTORY = 56
ORACLE_RULES = replace(DEFAULT_RULES, life={str(days): days for days in range(200)} | {"peak": 4}, spread=0.1)
UNBELIEVED = replace(DEFAULT_RULES, typical_lift=0.0, most_uplift=1.0)
BINS = (0.0, 0.3, 0.5, 0.7, 0.8, 1.0)
SEEN = 0.15
"""Share that a planted trend has to add to a product's demand at a place within the card's life for the card to have been right."""


def parameters_of(family: Family, seed: int, days: int, posts: int, size: Size) -> TownParameters:
    """The town of a seed, with the retailer's weeks before it."""
    return TownParameters(family=family, seed=seed, days=days, posts=posts, history_days=HISTORY, size=size)


def trends_of(parameters: TownParameters, cache: Path) -> Trends:
    """What the pipeline says of the posts of a town, by day."""
    products = retail_tables(replace(parameters, days=1, history_days=0), ["products"])["retail/products"]
    return of_days(trend_products(replace(parameters, history_days=0), products, cache))


@dataclass
class Comparison:
    """Accounts of the runs of one seed by policy, and of each card given what was said of it and whether it was right."""

    accounts: dict[str, Account]
    cards: list[dict[str, Any]]


def compare(parameters: TownParameters, trends: Trends | None, economics: Economics, rules: CardRules = DEFAULT_RULES) -> Comparison:
    """Runs of one seed: ``base``, ``oracle`` and, where ``trends`` are given, what ``policies`` names."""
    begin = opened(parameters)
    usual = usual_sales(begin)
    found = {"base": account(run(begin), economics, usual)}
    cards: list[dict[str, Any]] = []
    for name, follower in policies(parameters, begin, trends, rules).items():
        follower.economics = economics
        begin.usual = usual if name == "oracle" else None
        book = run(begin, follower.act)
        found[name] = account(book, economics, usual, follower.handled)
        found[name].acts = dict(sorted(follower.acts.items()))
        if name == "cards":
            cards = judged(follower.cards, book.retailer, rules)
    return Comparison(found, cards)


def policies(parameters: TownParameters, begin: Book, trends: Trends | None, rules: CardRules) -> dict[str, Follower]:
    """Who is compared: cards, each action of theirs alone, the same products with the trend not believed, and the truth."""
    found = {}
    if trends is not None:
        found["cards"] = Follower(rules, trends)
        found |= {f"{action} alone": Follower(rules, trends, actions=frozenset({action})) for action in ACTING}
        unbelieved = {day: [row | {"confidence": 0.0} for row in rows] for day, rows in trends.items()}
        found["no belief"] = Follower(UNBELIEVED, unbelieved)
    found["oracle"] = Follower(ORACLE_RULES, oracle_rows(begin.retailer, parameters))
    return found


def judged(cards: Sequence[dict[str, Any]], retailer: Retailer, rules: CardRules) -> list[dict[str, Any]]:
    """Of each card: confidence, action, and whether a planted trend lifts the product at the place while the card says so."""
    catalogue = retailer.catalogue
    number = {product.product_id: index for index, product in enumerate(catalogue.products)}
    place = {store.store_id: index for index, store in enumerate(catalogue.stores)}
    item = [product.item for product in catalogue.products]
    planted = {trend.trend_id for trend in retailer.trends}
    found = []
    for card in cards:
        product, first = number[card["product_id"]], (card["day"] - retailer.date_of(0)).days + 1
        effects = [effect for effect in retailer.effects if effect.effect_id in planted and product in effect.products]
        days = range(first, first + life_of(card, rules))
        right = any(effect.on(day) * effect.felt[place[card["store_id"]]] > SEEN for effect in effects for day in days)
        told = {"confidence": round(card["confidence"], 3), "action": card["action"], "right": bool(right)}
        found.append(told | {"subject": f"{card['topic_id']} {item[product]}"})
    return found


def interval(differences: Sequence[float]) -> tuple[float, float, float]:
    """Mean and the ends of Student's 95 % interval; the ends are infinite for fewer than two values."""
    from scipy import stats

    values = np.array(differences)
    if len(values) < 2:
        return float(values.mean()), -np.inf, np.inf
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half)


def table(found: Sequence[dict[str, Any]]) -> str:
    """Differences to the base, one line a measure and policy, and the base itself; of the results of seeds."""
    lines = []
    accounts = [one["accounts"] for one in found]
    for policy in [name for name in accounts[0] if name != "base"]:
        lines.append(f"{policy} − base, mean of {len(accounts)} seeds [95 %]; base in brackets")
        for name, title in MEASURES.items():
            mean, low, high = interval([one[policy][name] - one["base"][name] for one in accounts])
            base = float(np.mean([one["base"][name] for one in accounts]))
            lines.append(f"  {title:40} {mean:+10,.0f} [{low:+10,.0f}, {high:+10,.0f}]  ({base:,.0f})")
        better = sum(one[policy]["total"] > one["base"]["total"] for one in accounts)
        acts: dict[str, int] = {}
        for one in accounts:
            for action, count in one[policy]["acts"].items():
                acts[action] = acts.get(action, 0) + count
        lines.append(f"  better in {better} of {len(accounts)} seeds; acts: {acts}")
    return "\n".join(lines)


def reliability(found: Sequence[dict[str, Any]]) -> str:
    """Cards by what was said of them: mean confidence, share right, and and of how many trends × ranges (these are independent)."""
    cards = [card | {"subject": f"{one['seed']} {card['subject']}"} for one in found for card in one["cards"]]
    if not cards:
        return "no cards"
    lines = ["confidence said   cards  trends × ranges   said  right  right, of trends × ranges"]
    said = np.array([card["confidence"] for card in cards])
    right = np.array([card["right"] for card in cards], float)
    subjects = np.array([card["subject"] for card in cards])
    for low, high in itertools.pairwise(BINS):
        inside = (said >= low) & ((said < high) | (high == 1.0))
        if inside.any():
            shares = [right[inside & (subjects == subject)].mean() for subject in np.unique(subjects[inside])]
            lines.append(
                f"  {low:.1f} to {high:.1f} {inside.sum():12,} {len(shares):16,} {said[inside].mean():6.2f} {right[inside].mean():6.2f} "
                f"{np.mean(shares):6.2f}"
            )
    lines.append(f"  Brier score {np.mean((said - right) ** 2):.3f}, of the mean alone {right.mean() * (1 - right.mean()):.3f}")
    return "\n".join(lines)


def main() -> None:
    """Print the tables; what a seed gave is kept, and a run that was interrupted goes on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", choices=["development", "evaluation"], default="evaluation")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument("--posts", type=int, default=40_000)
    parser.add_argument("--size", choices=["small", "full"], default="full")
    parser.add_argument("--cache", type=Path, default=Path("data/benchmark-decisions"), help="keeps what the pipeline said, and results")
    parser.add_argument("--oracle-only", action="store_true", help="read no posts")
    parser.add_argument("--report-only", action="store_true", help="print what finished seeds gave")
    options = parser.parse_args()
    found = []
    kind = f"{options.family}-{options.size}-{options.days}-{options.posts}{'-oracle' if options.oracle_only else ''}"
    for seed in range(1, options.seeds + 1):
        file = options.cache / f"result-{kind}-{seed}.json"
        if not file.exists():
            if options.report_only:
                continue
            parameters = parameters_of(options.family, seed, options.days, options.posts, options.size)
            one = compare(parameters, None if options.oracle_only else trends_of(parameters, options.cache), Economics())
            told = {"seed": seed, "cards": one.cards}
            told["accounts"] = {name: asdict(each) | {"total": each.total} for name, each in one.accounts.items()}
            options.cache.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(told), encoding="utf-8")
        found.append(json.loads(file.read_text(encoding="utf-8")))
        accounts = found[-1]["accounts"]
        gains = {name: round(account["total"] - accounts["base"]["total"]) for name, account in accounts.items() if name != "base"}
        print(json.dumps({"seed": seed, "euros more": gains}), flush=True)
    if found:
        print(table(found))
        print(reliability(found))


if __name__ == "__main__":
    main()
