"""What the pictures of posts show: a category each, or why there is none.

What belongs here: the declaration. What doesn't: the model's own tables (``models.py``), getting and judging pictures
(``trend_assets/media``). Pictures and their addresses are not kept: an address stays with its post, in ``social/raw_posts``.
"""

from __future__ import annotations

import pyarrow as pa

from trend_assets.tables.declaration import Column, Table, timestamp

CLASSIFIED, UNSURE = "classified", "unsure"

MEDIA_CATEGORIES = Table(
    group="image_category",
    name="media_categories",
    description="What the image_category champion says about the pictures of posts; the pictures themselves are not kept.",
    columns=(
        Column("network", pa.string(), "Social network of the post"),
        Column("post_id", pa.string(), "Post, as in social/clean_posts"),
        Column("media_index", pa.int32(), "Which of the post's media it is, from 0", "number", minimum=0),
        Column("created_at", timestamp, "When the post was written; decides the partition", "UTC"),
        Column("outcome", pa.string(), "classified; unsure: no category is likely enough; else why the picture was not used, as a code"),
        Column("category", pa.string(), "The likeliest category; null where not classified", nullable=True),
        Column(
            "probability",
            pa.float32(),
            "The model's probability of the likeliest category; null where the picture was not used",
            "probability",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column("sha256", pa.string(), "Hash of the picture's bytes: equal pictures have equal ones; null where not used", nullable=True),
        Column("model_version", pa.int64(), "Version of the champion in the model registry", "number", minimum=1),
    ),
    key=("network", "post_id", "media_index"),
    partition="hour",
    time="created_at",
    layer="clean",
    retention_days=30,
    licence_class="derived",
)

TABLES = (MEDIA_CATEGORIES,)
