"""A retailer's own pictures of posts, in a local folder: no network is asked.

What belongs here: finding a reference's file. What doesn't: which references there are.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from trend_assets.lib.learning.vision.images import MOST_BYTES, SUFFIXES
from trend_assets.media.addresses import MediaRefusedError

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}")


class MediaFolder:
    """Files named after a media key, or like the last part of a URL's path; a key without a suffix may have any of a picture's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()

    def read(self, reference: str) -> tuple[bytes, str]:
        """Bytes, at most one more than a picture may have, and the file's name. Raises ``MediaRefusedError`` where there is none."""
        try:
            name = urlsplit(reference).path.rpartition("/")[2] if "/" in reference else reference
        except ValueError:
            name = ""
        if not _NAME.fullmatch(name):
            raise MediaRefusedError("not_in_folder", "the reference names no file")
        for candidate in (name, *(f"{name}{suffix}" for suffix in sorted(SUFFIXES))):
            path = self.folder / candidate
            try:
                # what a link leads to may lie outside of the folder
                if path.is_file() and path.resolve().parent == self.folder:
                    with path.open("rb") as file:
                        return file.read(MOST_BYTES + 1), candidate
            except (OSError, RuntimeError) as error:  # no permission, a disk that fails, links in a circle
                raise MediaRefusedError("not_in_folder", f"{candidate} cannot be read: {type(error).__name__}") from None
        raise MediaRefusedError("not_in_folder", f"no file {name}")
