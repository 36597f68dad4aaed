"""Posts' pictures in a folder become categories, and those become evidence that a trend is about products. No network, no town."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pyarrow as pa
import pytest

from trend_assets.defs.demand.assets import product_trend_links
from trend_assets.defs.media.assets import media_categories
from trend_assets.lake.lake import Lake
from trend_assets.lib.learning.image_tasks.image_category import ImageCategory
from trend_assets.media.addresses import MediaRefusedError
from trend_assets.media.categories import Judge, Source, categorise_hours
from trend_assets.media.folder import MediaFolder
from trend_assets.resources import LakeIOManager, LakeResource
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES
from trend_assets_tests.lib.learning.vision.drawn import DRAWN, drawing, drawn_files

DAY = date(2026, 9, 5)
HOUR = datetime(2026, 9, 5, 10, tzinfo=UTC)
KEY = "2026-09-05-10:00"
TASK = ImageCategory()
CHATTER = [
    "bus",
    "late",
    "again",
    "rained",
    "soup",
    "dinner",
    "watching",
    "films",
    "trains",
    "sister",
    "garden",
    "monday",
    "coffee",
    "window",
]


@pytest.fixture(scope="module")
def judge() -> Judge:
    """The classical model, really trained, on other drawings: it needs no torch."""
    files = drawn_files(25, seed=5)
    model = TASK.train_baseline(
        pa.table({"label": [label for label, _ in files], "image": pa.array([data for _, data in files], pa.binary())})
    )
    return Judge(1, TASK.labels, lambda table: TASK.predict_baseline(model, table), 0.6)


def rows_of(table: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows of a declared table; what is not given is null, empty or zero, as the column allows."""
    blank: dict[str, Any] = {}
    for column in TABLES[table].columns:
        if pa.types.is_list(column.type):
            blank[column.name] = []
        elif column.nullable:
            blank[column.name] = None
        elif pa.types.is_string(column.type):
            blank[column.name] = column.allowed[0] if column.allowed else "x"
        elif pa.types.is_boolean(column.type):
            blank[column.name] = False
        elif pa.types.is_timestamp(column.type):
            blank[column.name] = HOUR
        elif pa.types.is_date(column.type):
            blank[column.name] = DAY
        else:
            blank[column.name] = column.minimum or 0
    return TABLES[table].from_rows([blank | row for row in rows])


class Shop:
    """A lake with two topics that no word links to a product: one whose posts show red discs ("handbags"), one that shows a bit of all."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.pictures = folder, folder / "pictures"
        self.pictures.mkdir()
        self.lake = Lake(f"{folder}/lake")
        self.chance = np.random.default_rng(8)
        self.posts: list[dict[str, Any]] = []
        for number in range(12):
            self.post("bags", f"a{number}", DRAWN[0], "look what arrived")
        for number in range(12):
            self.post("mixed", f"m{number}", DRAWN[number % 3], "so happy today")
        for number in range(40):
            self.post(None, f"o{number}", DRAWN[1 + number % 2], "")
        self.publish()

    def post(self, topic: str | None, author: str, shown: str, phrase: str) -> None:
        number = len(self.posts)
        reference = f"key{number}"
        drawing(shown, self.chance).save(self.pictures / f"{reference}.png")
        words = [*self.chance.choice(CHATTER, 6, replace=False).tolist(), *phrase.split()]
        self.posts.append(
            {
                "network": "x", "post_id": str(1_000 + number), "author": author, "created_at": HOUR + timedelta(seconds=number),
                "kind": "post", "topic_id": topic, "media": [reference], "tokens": words, "lemmas": words, "text": " ".join(words),
                "clean_text": " ".join(words), "language": "en", "near_duplicate_key": number, "licence_class": "own",
            }
        )  # fmt: skip

    def publish(self) -> None:
        day = DAY.isoformat()
        products = [
            {"product_id": f"{name}-{number}", "product_name": f"{name} {number}", "product_type": name, "category": f"{name}s", "day": DAY}
            for name in ("handbag", "watch", "lamp")
            for number in range(4)
        ]
        assigned = [post for post in self.posts if post["topic_id"]]
        trends = [{"topic_id": topic, "label": topic, "hour": HOUR, "lane": "lifestyle", "reason": "r"} for topic in ("bags", "mixed")]
        for table, key, rows in (
            ("social/raw_posts", KEY, self.posts),
            ("social/clean_posts", KEY, self.posts),
            ("topics/topic_assignments", KEY, assigned),
            ("topics/trends", KEY, trends),
            ("retail/products", day, products),
        ):
            columns = {column.name for column in TABLES[table].columns}
            chosen = [{name: value for name, value in row.items() if name in columns} for row in rows]
            self.lake.publish(TABLES[table], {key: rows_of(table, chosen)})

    def source(self) -> Source:
        return Source(MediaFolder(self.pictures))

    def links(self) -> dict[str, dict[str, Any]]:
        """Rows that the asset ``product_trend_links`` makes of this lake."""
        lake = LakeResource(root=f"{self.folder}/lake")
        result = dg.materialize(
            [product_trend_links],
            partition_key=DAY.isoformat(),
            resources={"lake": lake, "io_manager": LakeIOManager(root=lake.root)},
            instance=dg.DagsterInstance.ephemeral(),
        )
        assert result.success
        rows = self.lake.read(TABLES["demand/product_trend_links"], [DAY.isoformat()]).to_pylist()
        return {row["topic_id"]: row for row in rows}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("TREND_ASSETS_DATA", str(tmp_path))
    monkeypatch.setenv("LAKE_START", "2026-09-01T00:00:00Z")
    load_settings.cache_clear()
    yield Shop(tmp_path)
    load_settings.cache_clear()


def test_pictures_of_posts_become_evidence_for_a_category_of_products(shop: Shop, judge: Judge) -> None:
    before = shop.links()
    assert (before["bags"]["level"], before["bags"]["category"]) == ("none", None)
    rows = categorise_hours(shop.lake, [KEY], shop.source(), judge)
    shown = {row["post_id"]: row for row in rows.to_pylist()}
    bags = [shown[post["post_id"]] for post in shop.posts if post["topic_id"] == "bags"]
    assert sum(row["category"] == DRAWN[0] for row in bags) >= 10
    shop.lake.publish(TABLES["image_category/media_categories"], {KEY: rows})
    after = shop.links()
    assert (after["bags"]["level"], after["bags"]["category"], after["bags"]["product_type"]) == ("category", "handbags", "handbag")
    assert after["bags"]["methods"] == ["pictures"]
    assert "authors with pictures show handbags" in after["bags"]["reason"]
    assert after["mixed"] == before["mixed"]


def test_bad_pictures_have_their_reason_and_stop_nothing(shop: Shop, judge: Judge) -> None:
    first = [post["media"][0] for post in shop.posts[:4]]
    (shop.pictures / f"{first[0]}.png").write_bytes(b"no picture")
    whole = (shop.pictures / f"{first[1]}.png").read_bytes()
    (shop.pictures / f"{first[1]}.png").write_bytes(whole[: len(whole) // 2])
    (shop.pictures / f"{first[2]}.png").rename(shop.pictures / f"{first[2]}.jpg")
    (shop.pictures / f"{first[3]}.png").unlink()
    rows = categorise_hours(shop.lake, [KEY], shop.source(), judge).to_pylist()
    assert [row["outcome"] for row in rows[:4]] == ["unknown_format", "truncated", "wrong_extension", "not_in_folder"]
    assert all(row["category"] is None and row["sha256"] is None for row in rows[:4])
    assert sum(row["outcome"] == "classified" for row in rows) > 50


def test_of_deleted_posts_and_reposts_nothing_is_looked_at(shop: Shop, judge: Judge) -> None:
    notice = {"network": "x", "subject_kind": "account", "subject": "a0", "hour": HOUR, "noticed_at": HOUR}
    table = TABLES["social/deletions"]
    columns = {column.name for column in table.columns}
    shop.lake.publish(table, {KEY: rows_of(table.path, [{name: value for name, value in notice.items() if name in columns}])})
    rows = categorise_hours(shop.lake, [KEY], shop.source(), judge)
    assert shop.posts[0]["post_id"] not in rows["post_id"].to_pylist()
    assert shop.posts[1]["post_id"] in rows["post_id"].to_pylist()


def test_a_picture_that_many_posts_show_is_got_once(shop: Shop, judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    source = shop.source()
    get = Source.get
    monkeypatch.setattr(Source, "get", lambda self, reference: asked.append(reference) or get(self, reference))
    for post in shop.posts:
        post["media"] = ["key0"]
    shop.publish()
    rows = categorise_hours(shop.lake, [KEY], source, judge)
    assert asked == ["key0"]
    assert len(set(rows["sha256"].to_pylist())) == 1
    assert rows.num_rows == len(shop.posts)


def test_an_hour_brings_so_many_pictures_and_bytes_at_most() -> None:
    class Fetcher:
        bytes_read = 0

        def fetch(self, url: str) -> Any:
            file = io.BytesIO()
            drawing(DRAWN[0], np.random.default_rng(1)).save(file, "PNG")
            self.bytes_read += len(file.getvalue())
            if url.endswith("refused.png"):
                raise MediaRefusedError("too_many_bytes", "more than its limit")
            return type("Fetched", (), {"data": file.getvalue(), "content_type": "image/png"})()

    source = Source(None, Fetcher(), per_hour=2)  # type: ignore[arg-type]
    source.start_hour()
    for _ in range(2):
        source.get("https://pictures.example.com/a.png")
    with pytest.raises(ValueError, match="over_limit"):
        source.get("https://pictures.example.com/a.png")
    source.start_hour()
    source.get("https://pictures.example.com/a.png")
    small = Source(None, Fetcher(), bytes_per_hour=10)  # type: ignore[arg-type]
    small.start_hour()
    with pytest.raises(ValueError, match="too_many_bytes"):
        small.get("https://pictures.example.com/refused.png")
    with pytest.raises(ValueError, match="over_limit"):  # what was read and refused counts
        small.get("https://pictures.example.com/a.png")


def test_without_a_source_or_a_champion_nothing_is_published_and_nothing_fails(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = LakeResource(root=f"{shop.folder}/lake")
    for folder in ("", str(shop.pictures)):
        monkeypatch.setenv("TREND_ASSETS_MEDIA_FOLDER", folder)
        load_settings.cache_clear()
        result = dg.materialize(
            [media_categories],
            partition_key=KEY,
            resources={"lake": lake, "io_manager": LakeIOManager(root=lake.root)},
            instance=dg.DagsterInstance.ephemeral(),
        )
        assert result.success
        assert shop.lake.partitions(TABLES["image_category/media_categories"]) == []
