"""Do decision cards earn money? A simulated buyer who follows them against the same retailer without trends, in euros.

    python -m benchmarks.decisions --family development --seeds 4 --town DATA --days 30    what the rules were chosen on
    python -m benchmarks.decisions --seeds 10                              the evaluation family: what is reported
    python -m benchmarks.decisions --seeds 10 --oracle-only                the upper bound alone, in a minute or two

What belongs here: the comparison over seeds and its table. What doesn't: the policy (``decisions_policy.py``), what the pipeline says of
the town's posts (``decisions_trends.py``).

The retailer reorders by itself in every run: by the rate of recent sales, weekly, as it did in the weeks before the town begins. On top of
that, ``cards`` does what the cards of the evening before say, made by the production rules from the pipeline's own trends and links and
the retailer's books; ``oracle`` does the same with the planted effects, known from the day their posts begin, as an upper bound. All runs
of a seed meet the same demand, but where a price is marked down, so differences are paired. A seed draws popularity, tastes, promotions,
demand, suppliers' delays and errors of the books; in the evaluation family also the trends. Reading posts is what takes long, some 45
CPU seconds a seed, and is kept in ``--cache``; a finished demo of the development family can be used instead for every seed (``--town``).
Euros are margin on units sold and kept, less holding, less the write-down of what is left beyond six weeks of usual sales at
the end, in stock or on order, less moving and expediting (``Economics``). Intervals are Student's, 95 %, over seeds.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.decisions_policy import Account, Book, Economics, Follower, account, of_days, oracle_rows, run, usual_sales
from benchmarks.decisions_trends import trend_products, trend_products_of_demo
from trend_assets.lib.demand.cards import DEFAULT_RULES, CardRules
from trend_assets.lib.simulation.planted import Family
from trend_assets.lib.simulation.retail_tables import retail_tables
from trend_assets.lib.simulation.town import TownParameters

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
HISTORY = 28
ORACLE_RULES = CardRules(life={str(days): days for days in range(200)} | {"peak": 4}, spread=0.1)


def parameters_of(family: Family, seed: int, days: int, posts: int) -> TownParameters:
    """The town of a seed: posts as few as the pipeline needs, four weeks of the retailer before them."""
    return TownParameters(family=family, seed=seed, days=days, posts=posts, history_days=HISTORY)


def trends_of(family: Family, seed: int, days: int, posts: int, cache: Path) -> Any:
    """What the pipeline says of the posts of a seed, by day."""
    parameters = TownParameters(family=family, seed=seed, days=days, posts=posts)
    products = retail_tables(TownParameters(family=family, seed=seed, days=1, posts=posts), ["products"])["retail/products"]
    return of_days(trend_products(parameters, products, cache))


def compare(parameters: TownParameters, trends: Any, economics: Economics, rules: CardRules = DEFAULT_RULES) -> dict[str, Account]:
    """Accounts of the runs of one seed: ``base``, ``oracle`` and, where ``trends`` are given, ``cards``."""
    base = run(parameters)
    usual = usual_sales(base)
    found = {"base": account(base, economics, usual)}
    followers = {"oracle": Follower(ORACLE_RULES, oracle_rows(base, parameters))}
    if trends is not None:
        followers["cards"] = Follower(rules, trends)
    for name, follower in followers.items():
        follower.economics = economics
        book = run(parameters, _with_usual(follower, usual) if name == "oracle" else follower.act)
        found[name] = account(book, economics, usual, follower.handled)
        found[name].acts = dict(sorted(follower.acts.items()))
    return found


def _with_usual(follower: Follower, usual: np.ndarray) -> Any:
    def act(day: int, book: Book) -> None:
        book.usual = usual
        follower.act(day, book)

    return act


def interval(differences: list[float]) -> tuple[float, float, float]:
    """Mean and the ends of Student's 95 % interval; the ends are infinite for fewer than two values."""
    from scipy import stats

    values = np.array(differences)
    if len(values) < 2:
        return float(values.mean()), -np.inf, np.inf
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half)


def table(accounts: list[dict[str, Account]]) -> str:
    """Differences to the base, one line a measure and policy, and the base itself."""
    lines = []
    for policy in [name for name in ("cards", "oracle") if name in accounts[0]]:
        lines.append(f"{policy} − base, mean of {len(accounts)} seeds [95 %]; base in brackets")
        for name, title in MEASURES.items():
            mean, low, high = interval([getattr(one[policy], name) - getattr(one["base"], name) for one in accounts])
            base = float(np.mean([getattr(one["base"], name) for one in accounts]))
            lines.append(f"  {title:40} {mean:+10,.0f} [{low:+10,.0f}, {high:+10,.0f}]  ({base:,.0f})")
        better = sum(one[policy].total > one["base"].total for one in accounts)
        lines.append(f"  better in {better} of {len(accounts)} seeds; acts: {[one[policy].acts for one in accounts]}")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", choices=["development", "evaluation"], default="evaluation")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--town", type=Path, help="data folder of a finished demo of the development family: its trends for every seed")
    parser.add_argument("--days", type=int, default=20)
    parser.add_argument("--posts", type=int, default=12_000)
    parser.add_argument("--cache", type=Path, default=Path("data/benchmark-decisions"), help="keeps what the pipeline said")
    parser.add_argument("--oracle-only", action="store_true", help="read no posts")
    options = parser.parse_args()
    economics = Economics()
    if options.town and options.family != "development":
        parser.error("trends of the evaluation family differ from seed to seed: --town goes with --family development")
    told = of_days(trend_products_of_demo(options.town)) if options.town else None
    found = []
    for seed in range(1, options.seeds + 1):
        trends = told
        if trends is None and not options.oracle_only:
            trends = trends_of(options.family, seed, options.days, options.posts, options.cache)
        one = compare(parameters_of(options.family, seed, options.days, options.posts), trends, economics)
        found.append(one)
        gains = {name: round(one[name].total - one["base"].total) for name in one if name != "base"}
        print(
            json.dumps({"seed": seed, "euros": gains, "lost units": {name: round(each.lost_units) for name, each in one.items()}}),
            flush=True,
        )
    print(table(found))


if __name__ == "__main__":
    main()
