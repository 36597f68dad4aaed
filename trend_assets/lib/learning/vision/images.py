"""Checking and decoding a picture: what is refused, and why, before anything large is decoded.

What belongs here: bytes to pixels. What doesn't: where bytes come from (``trend_assets/media``, ``labelled_images.py``), what pixels show.

The header alone says format and size, so a picture of too many pixels is refused without decoding one of them. Everything else that
is wrong with a file ends in ``ImageRefusedError`` with a reason of the closed list ``REFUSALS``, whatever Pillow's decoder raises.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL import Image

REFUSALS = (
    "empty",
    "too_many_bytes",
    "unknown_format",
    "wrong_extension",
    "wrong_content_type",
    "too_many_pixels",
    "too_small",
    "truncated",
    "corrupt",
)
"""Why a picture is refused."""
MOST_BYTES = 16 * 2**20
MOST_PIXELS = 25_000_000
"""Some 75 MB while decoding. Cameras of telephones write 12 million; of 50 million nothing more would be seen at the model's size."""
LEAST_SIDE = 8
"""Pixels. A tracking pixel, or a line, shows no product."""
FORMATS = {
    "JPEG": (frozenset({".jpg", ".jpeg", ".jpe", ".jfif"}), "image/jpeg"),
    "PNG": (frozenset({".png", ".apng"}), "image/png"),
    "WEBP": (frozenset({".webp"}), "image/webp"),
    "GIF": (frozenset({".gif"}), "image/gif"),
}
"""Decoders that are used, with the file names and content types they go with; every other decoder of Pillow stays closed."""
SUFFIXES = frozenset(suffix for suffixes, _ in FORMATS.values() for suffix in suffixes)


class ImageRefusedError(ValueError):
    """A picture that is not used. reason: one of ``REFUSALS``."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


def decode(data: bytes, name: str = "", content_type: str = "", target: int = 0) -> Image.Image:
    """The picture in RGB, upright, transparent parts white; of an animation the first frame.

    name: file name or path, whose suffix, if any, must fit the format that the bytes begin with. content_type: as a server said it,
    must fit too. target: side in pixels that is wanted in the end, where known; a large JPEG is then decoded at a fraction of its size.
    Raises ``ImageRefusedError``, and nothing else, whatever the bytes are.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    if not data:
        raise ImageRefusedError("empty", "there are no bytes")
    if len(data) > MOST_BYTES:
        raise ImageRefusedError("too_many_bytes", f"{len(data):,} bytes, at most {MOST_BYTES:,} are read")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is stricter
            image = Image.open(io.BytesIO(data), formats=tuple(FORMATS))
    except UnidentifiedImageError:
        raise ImageRefusedError("unknown_format", f"the bytes begin like no {', '.join(FORMATS)}") from None
    except Image.DecompressionBombError as error:
        raise ImageRefusedError("too_many_pixels", str(error)) from None
    except Exception as error:
        raise _damaged(error) from None
    _check_header(image, name, content_type)
    try:
        if target and image.format == "JPEG":
            image.draft("RGB", (2 * target, 2 * target))
        image.seek(0)
        image.load()
        upright: Image.Image = image
        with contextlib.suppress(Exception):  # a damaged orientation tag is no reason to lose the picture: it is taken as it lies
            upright = ImageOps.exif_transpose(image)
        return _in_rgb(upright)
    except Exception as error:
        raise _damaged(error) from None


def opened(image: bytes | str) -> bytes:
    """Bytes of a picture that is told by its bytes, as posts' are, or by the path of a local file, as examples' are: many are large."""
    return image if isinstance(image, bytes) else Path(image).read_bytes()


def pixels(data: bytes, size: int, name: str = "", content_type: str = "") -> npt.NDArray[np.uint8]:
    """Pixels (size, size, 3) in 0..255: the whole picture, proportions kept, on white. Raises ``ImageRefusedError``."""
    return square(decode(data, name, content_type, target=size), size)


def square(image: Image.Image, size: int) -> npt.NDArray[np.uint8]:
    """Pixels (size, size, 3) of a decoded picture, scaled to fit (bicubic) and centred on white."""
    from PIL import Image

    scale = size / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    canvas = np.full((size, size, 3), 255, dtype=np.uint8)
    top, left = (size - height) // 2, (size - width) // 2
    canvas[top : top + height, left : left + width] = np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))
    return canvas


def _check_header(image: Image.Image, name: str, content_type: str) -> None:
    suffixes, wanted_type = FORMATS[str(image.format)]
    suffix = PurePosixPath(name).suffix.lower()
    if suffix and suffix not in suffixes:
        raise ImageRefusedError("wrong_extension", f"the name ends in {suffix!r}, the bytes are {image.format}")
    given = content_type.partition(";")[0].strip().lower()
    if given and given not in (wanted_type, "application/octet-stream"):
        raise ImageRefusedError("wrong_content_type", f"said to be {given!r}, the bytes are {image.format}")
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise ImageRefusedError("too_many_pixels", f"{width:,} x {height:,} pixels, at most {MOST_PIXELS:,} are decoded")
    if min(width, height) < LEAST_SIDE:
        raise ImageRefusedError("too_small", f"{width} x {height} pixels, each side must have {LEAST_SIDE} or more")


def _in_rgb(image: Image.Image) -> Image.Image:
    from PIL import Image

    if image.mode.startswith("I"):  # 16 bits a pixel: convert("RGB") would clip all above 255
        values = np.asarray(image, dtype=np.float64)
        image = Image.fromarray((values / max(float(values.max()), 65535.0) * 255.0).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _damaged(error: Exception) -> ImageRefusedError:
    told = str(error) or type(error).__name__
    cut = any(word in told.lower() for word in ("truncated", "unexpected end", "unrecognized data stream", "broken data stream"))
    return ImageRefusedError("truncated" if cut else "corrupt", told[:200])
