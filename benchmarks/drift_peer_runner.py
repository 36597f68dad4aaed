"""One peer on the made windows, in the peer's own environment; prints one JSON object a line.

    python -m benchmarks.drift_peer_runner PEER CPU_SECONDS

What belongs here: how Evidently, NannyML and Alibi Detect are asked. What doesn't: their environments and the table
(``drift_peers.py``), windows (``drift_made.py``).

Each peer is asked twice: with its defaults, and with a *corrected* configuration, in which its own tests are run at our alarm level with
Bonferroni's correction. A window is called changed where any column is. The reference are the 28 windows before: all of their rows for
NannyML (which makes chunks of them), a sample of at most ``MOST`` rows (or two windows' worth) for the others. Evidently's chi-squared
test is infinite where a category is not in the reference, so a rare word that was never seen is a change to it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.drift_made import CATEGORICAL, NUMERIC, PAST, REGIMES, SHIFTS, SIZES, Series, Window

LEVEL = 0.004
ROWS = (1_000, 10_000, 100_000)
EVERY = {1_000: 1, 10_000: 2, 100_000: 8}
"""Larger windows are made every so many rounds only."""
MOST = 100_000
CLEAN = 3
"""Windows of a round in which nothing changed."""
COLUMNS = (*CATEGORICAL, *NUMERIC)
Judge = Callable[[Sequence[pd.DataFrame], Sequence[pd.DataFrame]], list[bool]]


def frame(window: Window) -> pd.DataFrame:
    """The window as the peers want it: categories as text."""
    columns = {name: pd.Series(window[name]).map("{:d}".format) for name in CATEGORICAL}
    return pd.DataFrame({**columns, **{name: window[name] for name in NUMERIC}})


def sample(past: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Rows of all past windows, at most ``MOST`` or twice as many as a window has."""
    whole = pd.concat(list(past), ignore_index=True)
    return whole.sample(n=min(max(MOST, 2 * len(past[0])), len(whole)), random_state=1).reset_index(drop=True)


def evidently(corrected: bool) -> Judge:
    """``DataDriftPreset``; corrected: chi-squared and Kolmogorov-Smirnov, Bonferroni."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition = DataDefinition(categorical_columns=list(CATEGORICAL), numerical_columns=list(NUMERIC))
    level = LEVEL / len(COLUMNS)
    options: dict[str, Any] = (
        {"cat_method": "chisquare", "num_method": "ks", "cat_threshold": level, "num_threshold": level} if corrected else {}
    )

    def judge(past: Sequence[pd.DataFrame], newest: Sequence[pd.DataFrame]) -> list[bool]:
        reference = Dataset.from_pandas(sample(past), definition)
        called = []
        for window in newest:
            found = Report([DataDriftPreset(**options)]).run(Dataset.from_pandas(window, definition), reference).dict()
            [drifted] = [metric["value"]["count"] for metric in found["metrics"] if metric["metric_name"].startswith("DriftedColumnsCount")]
            called.append(drifted > 0)
        return called

    return judge


def nannyml(corrected: bool) -> Judge:
    """``UnivariateDriftCalculator``, chunks as long as a window; corrected: the multiple of the standard deviation that is our level."""
    import nannyml as peer
    from nannyml.thresholds import StandardDeviationThreshold
    from scipy.stats import norm

    options: dict[str, Any] = {}
    if corrected:
        multiplier = float(norm.isf(LEVEL / len(COLUMNS)))
        options["thresholds"] = {"jensen_shannon": StandardDeviationThreshold(std_upper_multiplier=multiplier)}

    def judge(past: Sequence[pd.DataFrame], newest: Sequence[pd.DataFrame]) -> list[bool]:
        calculator = peer.UnivariateDriftCalculator(
            column_names=list(COLUMNS), treat_as_categorical=list(CATEGORICAL), chunk_size=len(past[0]), **options
        )
        calculator.fit(pd.concat(list(past), ignore_index=True))
        found = calculator.calculate(pd.concat(list(newest), ignore_index=True)).filter(period="analysis").to_df()
        return found.loc[:, [name for name in found.columns if name[-1] == "alert"]].any(axis=1).tolist()

    return judge


def alibi_detect(corrected: bool) -> Judge:
    """``TabularDrift``, which corrects by Bonferroni itself; corrected: at our level."""
    from alibi_detect.cd import TabularDrift

    def numbers(window: pd.DataFrame) -> np.ndarray:
        return window.astype(float).to_numpy()

    def judge(past: Sequence[pd.DataFrame], newest: Sequence[pd.DataFrame]) -> list[bool]:
        categories = dict.fromkeys(range(len(CATEGORICAL)))
        detector = TabularDrift(numbers(sample(past)), p_val=LEVEL if corrected else 0.05, categories_per_feature=categories)
        return [bool(detector.predict(numbers(window), drift_type="batch")["data"]["is_drift"]) for window in newest]

    return judge


PEERS: dict[str, Callable[[bool], Judge]] = {"evidently": evidently, "nannyml": nannyml, "alibi-detect": alibi_detect}


def main() -> None:
    """Rounds of windows until the time is over; every round is reported whole."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("cpu_seconds", type=float)
    arguments = parser.parse_args()
    judges = {"defaults": PEERS[arguments.peer](False), "corrected": PEERS[arguments.peer](True)}
    cases = [("", 0.0)] * CLEAN + [(shift, size) for shift in SHIFTS for size in SIZES]
    for number in itertools.count():
        for rows in ROWS:
            if number % EVERY[rows]:
                continue
            for regime in REGIMES:
                series = Series("reported", rows, regime, 1_000_000 + number)
                past = [frame(series.window()) for _ in range(PAST)]
                newest = [frame(series.window(shift, size)) for shift, size in cases]
                for name, judge in judges.items():
                    began = time.process_time()
                    called = judge(past, newest)
                    seconds = (time.process_time() - began) / len(newest)
                    told = {"peer": arguments.peer, "configuration": name, "rows": rows, "regime": regime, "seconds": seconds}
                    alarms = [[shift, size, bool(alarm)] for (shift, size), alarm in zip(cases, called, strict=True)]
                    print(json.dumps({**told, "alarms": alarms}), flush=True)
            if time.process_time() > arguments.cpu_seconds:
                return


if __name__ == "__main__":
    main()
