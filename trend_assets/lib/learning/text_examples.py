"""What a text task learns from, checked: texts, labels and authors, or a reason why nothing can be learnt.

What belongs here: reading the columns of examples and posts. What doesn't: any model (``text_*.py``), which posts are examples.
"""

from __future__ import annotations

import pyarrow as pa

from trend_assets.lib.learning.splits import people


def texts_of(posts: pa.Table) -> list[str]:
    """Texts of ``posts`` (column clean_text); a missing one is empty."""
    return [text or "" for text in posts["clean_text"].to_pylist()]


def learnable(examples: pa.Table) -> tuple[list[str], list[str], list[str]]:
    """Texts, labels and authors of ``examples`` (columns clean_text, label, author) that have a text.

    Examples of unknown authors are by different people, unless their texts are the same. Raises ``ValueError`` where there is no text,
    only one text over and over, or fewer than two classes.
    """
    rows = [
        (text, label, author)
        for text, label, author in zip(
            examples["clean_text"].to_pylist(), examples["label"].to_pylist(), examples["author"].to_pylist(), strict=True
        )
        if text and text.strip() and label is not None
    ]
    if not rows:
        raise ValueError(f"none of the {examples.num_rows} examples has a text: nothing can be learnt")
    texts, labels, authors = (list(column) for column in zip(*rows, strict=True))
    if len(set(labels)) < 2:
        raise ValueError(f"the training split has {len(set(labels))} class of two or more: label more posts")
    if len({text.strip().lower() for text in texts}) < 2:
        raise ValueError(f"all {len(texts)} texts of the training split are the same: nothing can be learnt from them")
    return texts, labels, people(authors, [text.strip().lower() for text in texts]).tolist()
