"""Shows the simulated retailer next to a real one, so that it can be judged: plots on a page, and the figures in a table.

    python -m benchmarks.town_retail [--orders ../shared/data/orders_online_retail_2010_11.parquet] [--html PAGE] [--seed N]

The real one is Online Retail (UCI, D. Chen 2015, CC BY 4.0): a British web shop for gifts, many of whose customers are shops
themselves. The town trades the same 304 days, in its full size; its web alone is shown too, because the real one is a web shop.

What belongs here: figures of order lines, the same SQL for both, and drawing them. What doesn't: the town (``lib/simulation``).
Without ``--orders`` the town is shown alone.
"""

from __future__ import annotations

import argparse
import html
import math
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np

from trend_assets.lib.simulation.retail_tables import retail_tables
from trend_assets.lib.simulation.town import TownParameters

START, DAYS, HISTORY = datetime(2011, 9, 1, tzinfo=UTC), 30, 274  # 1 December 2010 to 30 September 2011, as the real orders
SERIES = {"town": "#4f7df2", "town, web only": "#7fb2a0", "Online Retail": "#e0873a"}
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

# One shape for all: order, day, hour, product, units (signed), kind (sale or return).
_REAL = """
create view "Online Retail" as
select InvoiceNo as order_id, InvoiceDate::date as day, hour(InvoiceDate) as hour, StockCode as product, Quantity as units,
       case when InvoiceNo like 'C%' then 'return' else 'sale' end as kind, UnitPrice as price
from read_parquet(?) where regexp_matches(StockCode, '^[0-9]{5}') and UnitPrice > 0 and (Quantity > 0) = (InvoiceNo not like 'C%')
"""
_TOWN = """
create view "{name}" as
select order_id, day, hour(ordered_at + interval 1 hour) as hour, product_id as product, quantity as units,
       case when kind = 'sale' then 'sale' else 'return' end as kind, unit_price as price
from orders {where}
"""


class Figures:
    """Distributions and figures of one view of order lines."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, view: str) -> None:
        self._connection, self._view = connection, view
        first, last = connection.execute(f'select min(day), max(day) from "{view}"').fetchall()[0]
        self.days = (last - first).days + 1
        rows = connection.execute(
            f"select product, (day - ?::date)::int, sum(units) from \"{view}\" where kind = 'sale' group by all order by all", [first]
        ).fetchall()
        names = {name: index for index, name in enumerate(sorted({row[0] for row in rows}))}
        self.daily = np.zeros((len(names), self.days))
        for product, day, units in rows:
            self.daily[names[product], day] = units
        open_days = self.daily.sum(axis=0) > 0
        self.open_share = float(open_days.mean())
        self.trading = self.daily[:, open_days]
        self.lines = self._numbers("select units from {view} where kind = 'sale'")
        self.baskets = self._numbers("select count(*) from {view} where kind = 'sale' group by order_id")
        self.basket_units = self._numbers("select sum(units) from {view} where kind = 'sale' group by order_id")

    def _numbers(self, query: str) -> np.ndarray:
        found: np.ndarray = np.array(self._connection.execute(query.format(view=f'"{self._view}"')).fetchnumpy().popitem()[1], float)
        return found

    def weekly(self) -> list[float]:
        """Share of units by weekday."""
        found = dict(
            self._connection.execute(f"select isodow(day), sum(units) from \"{self._view}\" where kind = 'sale' group by all").fetchall()
        )
        return [float(found.get(day, 0)) / sum(map(float, found.values())) for day in range(1, 8)]

    def hourly(self) -> list[float]:
        """Share of orders by hour of the day."""
        query = f"select hour, count(distinct order_id) from \"{self._view}\" where kind = 'sale' group by all"
        found = dict(self._connection.execute(query).fetchall())
        return [found.get(hour, 0) / sum(found.values()) for hour in range(24)]

    def by_week(self) -> list[float]:
        """Units a week as a multiple of the mean week."""
        weeks = self.days // 7
        totals = self.daily.sum(axis=0)[: weeks * 7].reshape(weeks, 7).sum(axis=1)
        return [float(value) for value in totals / totals.mean()]

    def lorenz(self) -> tuple[list[float], list[float]]:
        """Share of products, best sellers first, and the share of units they make."""
        totals = np.sort(self.daily.sum(axis=1))[::-1]
        share = np.concatenate([[0.0], np.cumsum(totals) / totals.sum()])
        at = np.linspace(0, len(totals), 101).astype(int)
        return [float(index) / len(totals) for index in at], [float(share[index]) for index in at]

    def best(self, part: float) -> float:
        """Share of units of the best selling part of the products."""
        totals = np.sort(self.daily.sum(axis=1))[::-1]
        return float(totals[: max(1, round(part * len(totals)))].sum() / totals.sum())

    def correlation(self, lag: int) -> float:
        """Median over the 200 best sellers of the autocorrelation of daily units, over trading days."""
        best = np.argsort(-self.trading.sum(axis=1), kind="stable")[:200]
        values = self.trading[best] - self.trading[best].mean(axis=1, keepdims=True)
        return float(np.median((values[:, lag:] * values[:, :-lag]).sum(axis=1) / (values**2).sum(axis=1)))

    def dispersion(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance of daily units of products that sell on 10 days and more."""
        kept = self.trading[(self.trading > 0).sum(axis=1) >= 10]
        return kept.mean(axis=1), kept.var(axis=1)

    def classes(self) -> dict[str, float]:
        """Share of products by pattern of demand (Syntetos, Boylan & Croston 2005): interval 1.32, squared variation 0.49."""
        kept = self.trading[(self.trading > 0).sum(axis=1) >= 2]
        interval = kept.shape[1] / (kept > 0).sum(axis=1)
        sizes = np.where(kept > 0, kept, np.nan)
        variation = np.nanvar(sizes, axis=1) / np.nanmean(sizes, axis=1) ** 2
        rare, varied = interval > 1.32, variation > 0.49
        found = {"smooth": ~rare & ~varied, "erratic": ~rare & varied, "intermittent": rare & ~varied, "lumpy": rare & varied}
        return {name: float(members.mean()) for name, members in found.items()}

    def table(self) -> dict[str, float]:
        """The figures of the table, by name."""
        mean, variance = self.dispersion()
        returned = self._connection.execute(
            "select count(*) filter (kind = 'return') / count(*),"
            "-sum(units) filter (kind = 'return') / sum(units) filter (kind = 'sale'),"
            f'median(price) from "{self._view}"'
        ).fetchall()[0]
        weekly = self.weekly()
        return {
            "products sold": float(len(self.daily)),
            "trading days, share": self.open_share,
            "units a trading day": float(self.trading.sum() / self.trading.shape[1]),
            "orders a trading day": float(len(self.baskets) / self.trading.shape[1]),
            "best weekday over mean": max(weekly) * 7,
            "worst weekday over mean": min(weekly) * 7,
            "units of the best 1 % of products": self.best(0.01),
            "units of the best 20 %": self.best(0.2),
            "product-days without a sale": float((self.trading == 0).mean()),
            **{f"{name} products": share for name, share in self.classes().items()},
            "units a line, mean": float(self.lines.mean()),
            "units a line, median": float(np.median(self.lines)),
            "units a line, 99th percentile": float(np.quantile(self.lines, 0.99)),
            "lines of one unit": float((self.lines == 1).mean()),
            "lines an order, mean": float(self.baskets.mean()),
            "lines an order, median": float(np.median(self.baskets)),
            "lines an order, 95th percentile": float(np.quantile(self.baskets, 0.95)),
            "orders of one line": float((self.baskets == 1).mean()),
            "returned or cancelled, of lines": float(returned[0]),
            "returned or cancelled, of units": float(returned[1]),
            "variance over mean of daily units, median product": float(np.median(variance / mean)),
            "slope of log variance on log mean": float(np.polyfit(np.log(mean), np.log(np.maximum(variance, 1e-9)), 1)[0]),
            "autocorrelation, 1 trading day": self.correlation(1),
            "autocorrelation, 6 trading days": self.correlation(6),
            "autocorrelation, 7 trading days": self.correlation(7),
            "price, median of lines": float(returned[2]),
        }


class Plot:
    """A small SVG chart: lines, bars or points of several series, with ticks; ``log`` axes hold positive values only."""

    _WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 420, 240, 46, 34, 26, 10

    def __init__(self, title: str, below: str, *, log_x: bool = False, log_y: bool = False) -> None:
        self._title, self._below, self._log = title, below, (log_x, log_y)
        self._series: list[tuple[str, str, np.ndarray, np.ndarray]] = []
        self.ticks: list[tuple[float, str]] = []

    def add(self, kind: str, colour: str, x: object, y: object) -> None:
        """Add a series: ``line``, ``step`` or ``points``."""
        horizontal, vertical = np.asarray(x, float), np.asarray(y, float)
        kept = np.isfinite(horizontal) & np.isfinite(vertical)
        kept &= ~(self._log[0] & (horizontal <= 0)) & ~(self._log[1] & (vertical <= 0))
        self._series.append((kind, colour, horizontal[kept], vertical[kept]))

    def svg(self) -> str:
        """The chart."""
        x, y = self._scale(0), self._scale(1)
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self._WIDTH} {self._HEIGHT}" width="{self._WIDTH}" role="img">',
            f'<text x="{self._LEFT}" y="16" class="title">{html.escape(self._title)}</text>',
            f'<text x="{(self._WIDTH + self._LEFT) / 2}" y="{self._HEIGHT - 4}" class="axis" text-anchor="middle">'
            f"{html.escape(self._below)}</text>",
        ]
        floor = self._HEIGHT - self._BOTTOM
        for value, text in self._marks(1):
            parts.append(f'<line class="grid" x1="{self._LEFT}" x2="{self._WIDTH - self._RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>')
            parts.append(f'<text class="axis" x="{self._LEFT - 5}" y="{y(value) + 3:.1f}" text-anchor="end">{text}</text>')
        for value, text in self.ticks or self._marks(0):
            parts.append(f'<text class="axis" x="{x(value):.1f}" y="{floor + 13}" text-anchor="middle">{text}</text>')
        for kind, colour, horizontal, vertical in self._series:
            places = [(x(one), y(other)) for one, other in zip(horizontal.tolist(), vertical.tolist(), strict=True)]
            if kind == "points":
                parts.extend(f'<circle cx="{one:.1f}" cy="{other:.1f}" r="1.3" fill="{colour}" opacity=".45"/>' for one, other in places)
            else:
                path = " ".join(f"{one:.1f},{other:.1f}" for one, other in places)
                parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        return "\n".join([*parts, "</svg>"])

    def _range(self, axis: int) -> tuple[float, float]:
        values = np.concatenate([series[2 + axis] for series in self._series])
        low, high = float(values.min()), float(values.max())
        if not self._log[axis] and axis == 1:
            low, high = min(low, 0.0), high * 1.08
        return low, high if high > low else low + 1.0

    def _scale(self, axis: int):  # type: ignore[no-untyped-def]
        low, high = self._range(axis)
        start, length = (
            (self._LEFT, self._WIDTH - self._LEFT - self._RIGHT)
            if axis == 0
            else (self._HEIGHT - self._BOTTOM, -(self._HEIGHT - self._BOTTOM - self._TOP))
        )
        if self._log[axis]:
            return lambda value: start + length * (math.log(value) - math.log(low)) / (math.log(high) - math.log(low))
        return lambda value: start + length * (value - low) / (high - low)

    def _marks(self, axis: int) -> list[tuple[float, str]]:
        low, high = self._range(axis)
        if self._log[axis]:
            powers = range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1)
            return [(10.0**power, f"{10.0**power:g}") for power in powers]
        step = 10 ** math.floor(math.log10((high - low) / 3))
        step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= 5)
        first = math.ceil(low / step - 1e-9)
        return [(index * step, f"{index * step:g}") for index in range(first, math.floor(high / step + 1e-9) + 1)]


def _survival(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sizes, and the share of values at least as large."""
    sizes, counts = np.unique(values[values >= 1], return_counts=True)
    return sizes, 1.0 - np.concatenate([[0.0], np.cumsum(counts)[:-1]]) / counts.sum()


def plots(figures: dict[str, Figures]) -> list[Plot]:
    """The charts of the page."""
    week = Plot("Units by weekday, share", "weekday")
    week.ticks = list(enumerate(_WEEKDAYS))
    hours = Plot("Orders by hour, share", "hour of the day (local)")
    year = Plot("Units a week, multiple of the mean", "week from 1 December 2010")
    lorenz = Plot("Best sellers: share of units", "share of products, best first")
    lines = Plot("Units a line: share of lines of at least …", "units", log_x=True, log_y=True)
    baskets = Plot("Lines an order: share of orders of at least …", "lines", log_x=True, log_y=True)
    variance = Plot("Variance of daily units by product", "mean of daily units", log_x=True, log_y=True)
    memory = Plot("Autocorrelation of daily units, 200 best sellers", "lag, trading days")
    for name, found in figures.items():
        colour = SERIES[name]
        week.add("line", colour, range(7), found.weekly())
        hours.add("line", colour, range(24), found.hourly())
        weeks = found.by_week()
        year.add("line", colour, range(len(weeks)), weeks)
        lorenz.add("line", colour, *found.lorenz())
        lines.add("line", colour, *_survival(found.lines))
        baskets.add("line", colour, *_survival(found.baskets))
        variance.add("points", colour, *found.dispersion())
        memory.add("line", colour, range(1, 15), [found.correlation(lag) for lag in range(1, 15)])
    return [week, hours, year, lorenz, lines, baskets, variance, memory]


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def markdown(tables: dict[str, dict[str, float]]) -> str:
    """The figures as a Markdown table, one column for each view."""
    names = list(next(iter(tables.values())))
    rows = [f"| figure | {' | '.join(tables)} |", f"|---|{'---:|' * len(tables)}"]
    rows += [f"| {name} | {' | '.join(_shown(table[name]) for table in tables.values())} |" for name in names]
    return "\n".join(rows)


def page(figures: dict[str, Figures], tables: dict[str, dict[str, float]], seed: int) -> str:
    """The whole page, without anything from elsewhere."""
    legend = " ".join(f'<span style="color:{SERIES[name]}">■ {html.escape(name)}</span>' for name in figures)
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td>{''.join(f'<td>{_shown(table[name])}</td>' for table in tables.values())}</tr>"
        for name in next(iter(tables.values()))
    )
    head = "".join(f"<th>{html.escape(name)}</th>" for name in ("figure", *tables))
    source = "Online Retail: D. Chen, UCI Machine Learning Repository 2015, CC BY 4.0." if "Online Retail" in figures else ""
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>The simulated retailer</title><style>
body{{font:14px system-ui,sans-serif;margin:24px;color:#222;background:#fff}} svg{{margin:6px}} .title{{font-size:13px;font-weight:600}}
.axis{{font-size:10px;fill:#666}} .grid{{stroke:#e6e6e6}} table{{border-collapse:collapse;margin-top:16px}}
td,th{{padding:3px 12px;text-align:right;border-bottom:1px solid #e6e6e6}} td:first-child,th:first-child{{text-align:left}}</style>
<h1>The simulated retailer</h1><p>Full size, seed {seed}, 1 December 2010 to 30 September 2011. {source} {legend}</p>
<div>{"".join(plot.svg() for plot in plots(figures))}</div><table><tr>{head}</tr>{rows}</table></html>"""


def main() -> None:
    """Print the table and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=Path, help="Online Retail as Parquet; without it the town is shown alone")
    parser.add_argument("--html", type=Path, help="page to write")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    started = time.process_time()
    parameters = TownParameters(start=START, days=DAYS, history_days=HISTORY, size="full", seed=arguments.seed)
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    connection.register("orders", retail_tables(parameters, names=["orders"])["retail/orders"])
    print(f"orders of {HISTORY + DAYS} days: {time.process_time() - started:.1f} CPU s")
    connection.execute(_TOWN.format(name="town", where=""))
    connection.execute(_TOWN.format(name="town, web only", where="where store_id = 'WEB'"))
    names = ["town", "town, web only"]
    if arguments.orders:
        connection.execute(_REAL.replace("?", f"'{arguments.orders}'"))
        names.append("Online Retail")
    figures = {name: Figures(connection, name) for name in names}
    tables = {name: found.table() for name, found in figures.items()}
    print(markdown(tables))
    if arguments.html:
        arguments.html.write_text(page(figures, tables, arguments.seed), encoding="utf-8")


if __name__ == "__main__":
    main()
