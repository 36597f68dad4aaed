"""Pictures and tables of an evaluation as Dagster shows them.

What belongs here: metadata values. What doesn't: drawing and counting (``lib/learning``).
"""

import base64
from collections.abc import Mapping, Sequence

import dagster as dg

from trend_assets.lib.privacy.messages import without_password
from trend_assets.settings import Settings

LARGEST_PICTURE = 30_000
"""Bytes: of a task with dozens of labels the matrix is in the run's files only; the event log is kept for long."""


def picture(svg: bytes | None) -> dg.MetadataValue:
    """A picture inside the metadata, so that it needs no server; where it is too large for that, where to find it."""
    if svg is None:
        return dg.MetadataValue.text("no evaluation examples")
    if len(svg) > LARGEST_PICTURE:
        return dg.MetadataValue.text("many labels, a large picture: evaluation/confusion_all.svg among the files of the tracked run")
    return dg.MetadataValue.md(f"![confusion matrix](data:image/svg+xml;base64,{base64.b64encode(svg).decode()})")


def calibration_table(bins: Sequence[Mapping[str, float | int]]) -> dg.MetadataValue:
    """How often the model is right by how sure it is."""
    rows = [
        f"| {row['from']:.1f} to {row['from'] + 0.1:.1f} | {row['examples']} | {row['mean_probability']:.2f} | {row['share_right']:.2f} |"
        for row in bins
    ]
    return dg.MetadataValue.md("\n".join(["| probability | examples | mean | right |", "|---|---|---|---|", *rows]))


def link_to(place: str) -> dg.MetadataValue:
    """A tracked run: a link where it has a page, else where its files are."""
    return dg.MetadataValue.url(place) if place.startswith("http") else dg.MetadataValue.text(place)


def look_at(settings: Settings) -> dg.MetadataValue:
    """The command that shows the tracked runs in a browser, where no server is configured."""
    if settings.tracking_database.startswith("http"):
        return dg.MetadataValue.text(without_password(settings.tracking_database))
    command = f"mlflow server --host 127.0.0.1 --port 5000 --backend-store-uri {without_password(settings.tracking_database)}"
    return dg.MetadataValue.md(f"`{command}`")
