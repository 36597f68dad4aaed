"""A reference leads to a file of the folder, or nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from trend_assets.media.addresses import MediaRefusedError
from trend_assets.media.folder import MediaFolder


def test_a_key_or_the_last_part_of_a_url_names_a_file(tmp_path: Path) -> None:
    (tmp_path / "3_42.jpg").write_bytes(b"a")
    (tmp_path / "b.png").write_bytes(b"b")
    folder = MediaFolder(tmp_path)
    assert folder.read("3_42") == (b"a", "3_42.jpg")
    assert folder.read("b.png") == (b"b", "b.png")
    assert folder.read("https://pictures.example.com/x/b.png?size=large") == (b"b", "b.png")


@pytest.mark.parametrize("reference", ["", "..", "../secret", "/etc/passwd", "link.png", "c.png", "a/b/..", "https://[x", "a\0b", "folder"])
def test_nothing_outside_is_read(tmp_path: Path, reference: str) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    inside = tmp_path / "inside"
    (inside / "folder").mkdir(parents=True)
    (inside / "link.png").symlink_to(tmp_path / "secret")
    with pytest.raises(MediaRefusedError, match="not_in_folder"):
        MediaFolder(inside).read(reference)


def test_a_file_that_cannot_be_read_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(b"a")

    def fails(*_: object) -> None:
        raise PermissionError("no")

    monkeypatch.setattr(Path, "open", fails)
    with pytest.raises(MediaRefusedError, match=r"not_in_folder: a\.png cannot be read: PermissionError"):
        MediaFolder(tmp_path).read("a")
