"""What cleaning costs: µs a post and stage, against the budget of the sealed lane.

    python benchmarks/text.py                                      # synthetic posts
    python benchmarks/text.py --posts posts.parquet --column text  # your own

What belongs here: measuring ``lib/text``. What doesn't: asserting on times (tests bound hostile texts only). Time is CPU time
of one process, so another process on the machine disturbs little; the first pass warms dictionaries and model and is shown
apart.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from trend_assets.lib.text.clean import STAGES, clean_posts
from trend_assets.tables import TABLES

BUDGET = 172  # core-µs a post for the whole sealed lane: a billion posts a day on two cores

_ENGLISH = """the new coat in store today love this dress so much where can I buy these shoes size delivery late again customer
service winter sale half price really soft fabric colour is gorgeous on you my sister wants one too going back tomorrow"""
_FRENCH = """la nouvelle robe est arrivée en magasin j'adore ce manteau trop beau l'hiver approche livraison en retard encore service
client soldes moitié prix tissu très doux couleur magnifique ma sœur en veut une aussi j'y retourne demain qu'elle"""
_EMOJI = ("😍", "🔥", "💕", "👀", "😭", "✨", "👩‍🎤", "❤️", "🇫🇷")


def synthetic_posts(count: int, seed: int = 1) -> list[str]:
    """Texts in English and French with mentions, links, hashtags, emoji, reposts and typos in usual shares."""
    generator = random.Random(seed)
    vocabularies = (_ENGLISH.split(), _FRENCH.split())
    texts: list[str] = []
    for number in range(count):
        if texts and generator.random() < 0.08:
            texts.append(f"RT @user{generator.randrange(5000)}: {generator.choice(texts[-2000:])}"[:280])
            continue
        vocabulary = vocabularies[generator.random() >= 0.7]
        words = [generator.choice(vocabulary) for _ in range(generator.randint(4, 28))]
        words = [word + generator.choice("aeiou") if generator.random() < 0.02 else word for word in words]
        if generator.random() < 0.35:
            words.insert(0, f"@user{generator.randrange(5000)}")
        if generator.random() < 0.3:
            words += [f"#{generator.choice(vocabulary).strip(chr(39))}{generator.choice(['', 'Style', '2026'])}" for _ in range(2)]
        if generator.random() < 0.25:
            words += generator.choices(_EMOJI, k=2)
        if generator.random() < 0.5:
            words.append(f"https://t.co/{number:010d}")
        texts.append(" ".join(words))
    return texts


def raw_posts(texts: pa.Array) -> pa.Table:
    """social/raw_posts of texts whose source gives no entities: the costly case."""
    count = len(texts)
    now = pa.scalar(datetime(2026, 9, 1, tzinfo=UTC), pa.timestamp("us", tz="UTC"))
    schema = TABLES["social/raw_posts"].schema
    given = {
        "post_id": pa.array(range(count)).cast(pa.string()),
        "text": texts.cast(pa.string()),
        "landing_line": pa.array(range(count), pa.int32()),
    }
    columns = []
    for field in schema:
        if field.name in given:
            columns.append(given[field.name])
        elif field.nullable:
            columns.append(pa.nulls(count, field.type))
        elif pa.types.is_list(field.type):
            columns.append(pa.repeat(pa.scalar([], field.type), count))
        elif pa.types.is_timestamp(field.type):
            columns.append(pa.repeat(now, count))
        else:
            columns.append(pa.repeat(pa.scalar({"kind": "post", "licence_class": "own"}.get(field.name, "x")), count))
    return pa.Table.from_arrays(columns, schema=schema)


def measure(posts: pa.Table) -> Counter[str]:
    """CPU seconds by stage of one pass."""
    seconds: Counter[str] = Counter()
    last = time.process_time()

    def lap(stage: str) -> None:
        nonlocal last
        now = time.process_time()
        seconds[stage] += now - last
        last = now

    clean_posts(posts, lap=lap)
    return seconds


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--posts", type=Path, action="append", default=[], help="Parquet file with a text column (repeatable)")
    parser.add_argument("--column", default="text")
    parser.add_argument("--count", type=int, default=100_000, help="number of synthetic posts")
    arguments = parser.parse_args()

    inputs: dict[str, pa.Array] = {}
    if not arguments.posts:
        inputs["synthetic"] = pa.array(synthetic_posts(arguments.count))
    for path in arguments.posts:
        inputs[path.stem] = pq.read_table(path, columns=[arguments.column])[arguments.column].combine_chunks()

    table = Table(title="clean_posts: CPU µs a post")
    table.add_column("stage")
    results = []
    for name, texts in inputs.items():
        posts = raw_posts(texts)
        results.append((len(texts), measure(posts), min((measure(posts) for _ in range(2)), key=lambda one: one.total())))
        table.add_column(f"{name}\n{len(texts):,} posts", justify="right")
    for stage in STAGES:
        table.add_row(stage, *(f"{warm[stage] / count * 1e6:.1f}" for count, _, warm in results))
    table.add_section()
    table.add_row("total", *(f"{warm.total() / count * 1e6:.1f}" for count, _, warm in results))
    table.add_row("total, first pass", *(f"{cold.total() / count * 1e6:.1f}" for count, cold, _ in results))
    table.add_row("posts per core-second", *(f"{count / warm.total():,.0f}" for count, _, warm in results))
    table.add_row(f"share of the sealed lane's {BUDGET} µs", *(f"{warm.total() / count * 1e6 / BUDGET:.0%}" for count, _, warm in results))
    Console().print(table)


if __name__ == "__main__":
    main()
