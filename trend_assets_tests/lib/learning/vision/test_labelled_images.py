"""Folders and archives say which file shows which category, whoever made them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from trend_assets.lib.learning.vision.images import MOST_BYTES
from trend_assets.lib.learning.vision.labelled_images import UnreadableCollectionError, label_of, read_collection, read_zip

CLASSES = (
    "Class Name (str),Class ID (int),Coarse Class Name (str),Coarse Class ID (int)\nRoyal-Gala,4,Apple,0\nSour-Cream-X,9,Sour-Cream,3\n"
)
MANIFEST = "split,path,fine_id,coarse_id\ntrain,train/Fruit/Apple/Royal-Gala/1.jpg,4,0\nval,val/Packages/Sour-Cream/X/2.jpg,9,3\n"


def archive(members: dict[str, bytes]) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return file


def found(members: dict[str, bytes]) -> list[tuple[str, str]]:
    return [(image.path, image.label) for image in read_zip(archive(members))]


def test_the_folder_below_the_split_is_the_label() -> None:
    assert found({"train/Casual_Shoes/1.jpg": b"a", "Watches/2.jpg": b"b", "test/Jeans/blue/3.png": b"c"}) == [
        ("Watches/2.jpg", "watches"),
        ("test/Jeans/blue/3.png", "jeans"),
        ("train/Casual_Shoes/1.jpg", "casual_shoes"),
    ]
    assert label_of("Sour Cream & more") == "sour_cream_more"


def test_text_hidden_files_and_files_without_a_folder_are_no_examples() -> None:
    assert (
        found({"readme.jpg": b"a", "Jeans/notes.txt": b"b", "Jeans/.x.jpg": b"c", "__MACOSX/Jeans/x.jpg": b"d", "train/y.jpg": b"e"}) == []
    )


def test_a_manifest_gives_the_coarse_class_and_says_what_is_an_example() -> None:
    members = {
        "manifest.csv": MANIFEST.encode(),
        "classes.csv": CLASSES.encode(),
        "train/Fruit/Apple/Royal-Gala/1.jpg": b"a",
        "val/Packages/Sour-Cream/X/2.jpg": b"b",
        "icons/Fruit/Apple/Royal-Gala.jpg": b"c",
    }
    assert found(members) == [("train/Fruit/Apple/Royal-Gala/1.jpg", "apple"), ("val/Packages/Sour-Cream/X/2.jpg", "sour_cream")]


def test_a_folder_reads_as_an_archive_does(tmp_path: Path) -> None:
    for name in ("train/Jeans/1.jpg", "Watches/2.jpg"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "Watches" / "outside.jpg").symlink_to("/etc/hostname")
    assert [(image.label, image.data) for image in read_collection(tmp_path)] == [
        ("watches", b"Watches/2.jpg"),
        ("jeans", b"train/Jeans/1.jpg"),
    ]


def test_no_more_of_a_member_is_read_than_a_picture_may_have() -> None:
    (bomb,) = read_zip(archive({"Jeans/bomb.jpg": b"\0" * (MOST_BYTES * 3)}))
    assert len(bomb.data) == MOST_BYTES + 1


def test_what_cannot_be_read_says_so() -> None:
    with pytest.raises(UnreadableCollectionError, match="not a readable zip"):
        list(read_zip(io.BytesIO(b"no archive")))
    with pytest.raises(UnreadableCollectionError, match=r"manifest.csv has no column coarse_id"):
        found({"manifest.csv": b"path\nx", "classes.csv": CLASSES.encode()})
    with pytest.raises(UnreadableCollectionError, match=r"classes.csv cannot be read"):
        found({"manifest.csv": MANIFEST.encode(), "classes.csv": b"\xff\xfe\x00"})


def test_a_damaged_member_is_empty_and_the_others_are_read() -> None:
    whole = archive({"Jeans/1.jpg": b"a" * 5_000, "Jeans/2.jpg": b"good"})
    data = bytearray(whole.getvalue())
    data[45:50] = b"\xff" * 5
    first, second = read_zip(io.BytesIO(bytes(data)))
    assert first.data == b""
    assert second.data == b"good"
