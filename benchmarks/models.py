"""The sentiment baseline on real labelled tweets and on towns: macro F1 per language beside the majority baseline.

    python -m benchmarks.models [--airline FILE] [--multilingual FILE]

What belongs here: training and judging the task's own class on other labelled data. What doesn't: the task
(``lib/learning/tasks/sentiment.py``), the gate. Nothing of these files is stored.

airline: columns text, airline_sentiment, created_at, author_screen_name; split as the pipeline does, by time, author and copies.
multilingual: columns text, lang, split, label (0 negative, 1 neutral, 2 positive); its own split; trained on French and English
together. town: opinions of the simulated town, trained on the development family, judged on both families.
"""

from __future__ import annotations

import argparse
import time
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trend_assets.lib.learning import metrics, splits
from trend_assets.lib.learning.discovery import load_task
from trend_assets.lib.learning.store import model_to_files

TASK = load_task("sentiment")


def report(name: str, train: pa.Table, held: pa.Table) -> None:
    """Train on ``train``, judge on ``held`` (columns clean_text, label, author, language), print a row per language."""
    started = time.process_time()
    model = TASK.train(train, TASK.default_options)
    trained = time.process_time() - started
    started = time.process_time()
    predicted = TASK.predict(model, held)
    each = (time.process_time() - started) / held.num_rows * 1e6
    column = {label: number for number, label in enumerate(TASK.labels)}
    truth = np.array([column[label] for label in held["label"].to_pylist()])
    languages = np.array(held["language"].to_pylist())
    shares = np.bincount([column[label] for label in train["label"].to_pylist()], minlength=3) / train.num_rows
    base = metrics.evaluate(truth, metrics.majority(shares.tolist(), held.num_rows), languages, 30)
    size = sum(map(len, model_to_files(model).values())) / 2**20
    print(f"{name}: {train.num_rows:,} to train, {trained:.1f} CPU s; {each:.0f} core-µs a prediction; {size:.1f} MiB")
    for part, simple in zip(metrics.evaluate(truth, predicted, languages, 30), base, strict=True):
        values = part.values
        print(
            f"  {part.name:12} {part.examples:6,d} posts  macro F1 {values['macro_f1']:.3f} ({values['macro_f1_low']:.3f} to "
            f"{values['macro_f1_high']:.3f}), majority {simple.values['macro_f1']:.3f}; accuracy {values['accuracy']:.3f} "
            f"({simple.values['accuracy']:.3f}); log-loss {values['log_loss']:.3f} ({simple.values['log_loss']:.3f}); "
            f"calibration error {values['calibration_error']:.3f}"
        )


def airline(file: Path) -> None:
    """English tweets to airlines, February 2015."""
    table = pq.read_table(file, columns=["text", "airline_sentiment", "created_at", "author_screen_name"])
    table = table.filter(pc.and_(pc.is_valid(table["text"]), pc.is_valid(table["author_screen_name"]))).filter(
        pc.is_valid(pc.field("created_at"))
    )
    authors = np.array(table["author_screen_name"].to_pylist())
    copies = np.array([zlib.crc32(text.lower().encode()) for text in table["text"].to_pylist()])
    sides = splits.split(np.asarray(table["created_at"].cast(pa.int64())), authors, copies, TASK.evaluation_share)
    rows = pa.table(
        {
            "clean_text": table["text"],
            "label": table["airline_sentiment"],
            "author": table["author_screen_name"],
            "language": ["en"] * table.num_rows,
        }
    )
    parts = [rows.filter(pa.array(sides == side)) for side in (splits.TRAIN, splits.EVALUATION)]
    print(f"airline: {int((sides == splits.LEFT_OUT).sum()):,} later tweets by authors of the training split left out")
    report("airline", *parts)


def multilingual(file: Path) -> None:
    """Tweets of balanced sentiment in French and English; validation split judged."""
    table = pq.read_table(file)
    codes = {"french": "fr", "english": "en"}
    rows = [row for row in table.to_pylist() if row["lang"] in codes]
    names = sorted({row["split"] for row in rows})
    made = {
        name: pa.table(
            {
                "clean_text": [row["text"] for row in rows if row["split"] == name],
                "label": [TASK.labels[row["label"]] for row in rows if row["split"] == name],
                "author": [str(number) for number, row in enumerate(rows) if row["split"] == name],
                "language": [codes[row["lang"]] for row in rows if row["split"] == name],
            }
        )
        for name in names
    }
    held = next(name for name in names if name != "train")
    report(f"multilingual ({held})", made["train"], made[held])


def town() -> None:
    """Opinions of the simulated town, in the words of both families."""
    from trend_assets_tests.lib.learning.opinions import opinion_posts

    def made(count: int, seed: int, family: str) -> pa.Table:
        posts = opinion_posts(count, seed=seed, family=family)  # type: ignore[arg-type]
        return posts.append_column("label", posts["sentiment"])

    report("town, other posts of the same family", made(1_800, 1, "development"), made(1_500, 2, "development"))
    report("town, the family that nothing was developed on", made(1_800, 1, "development"), made(1_500, 2, "evaluation"))
    report("town, trained and judged on the evaluation family", made(1_800, 3, "evaluation"), made(1_500, 2, "evaluation"))


def main() -> None:
    """Print every report whose data are given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--airline", type=Path)
    parser.add_argument("--multilingual", type=Path)
    arguments = parser.parse_args()
    town()
    if arguments.airline:
        airline(arguments.airline)
    if arguments.multilingual:
        multilingual(arguments.multilingual)


if __name__ == "__main__":
    main()
