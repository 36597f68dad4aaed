"""A picture is decoded to upright RGB, or refused with one reason of a closed list; nothing else ever leaves the decoder."""

from __future__ import annotations

import io
import random
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trend_assets.lib.learning.vision.images import MOST_BYTES, REFUSALS, ImageRefusedError, decode, pixels


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def picture(width: int = 40, height: int = 30, colour: str = "red") -> Image.Image:
    return Image.new("RGB", (width, height), colour)


def noise(side: int = 64) -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 255, (side, side, 3), dtype=np.uint8))


def png_header_of(width: int, height: int) -> bytes:
    """A PNG that says how large it is and has next to no pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    start = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + start + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def refusal(data: bytes, name: str = "", content_type: str = "") -> str:
    with pytest.raises(ImageRefusedError) as refused:
        decode(data, name, content_type)
    assert refused.value.reason in REFUSALS
    return refused.value.reason


def outcome(data: bytes) -> str:
    try:
        return decode(data).mode
    except ImageRefusedError as refused:
        return refused.reason


def test_fifty_megapixels_are_refused_without_decoding_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import ImageFile

    def load(self: ImageFile.ImageFile) -> None:
        raise AssertionError("a pixel was decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    assert refusal(encoded_fifty_megapixels(), "large.jpg") == "too_many_pixels"
    assert refusal(png_header_of(8_000, 6_250), "large.png") == "too_many_pixels"
    assert refusal(png_header_of(60_000, 60_000), "larger.png") == "too_many_pixels"


def encoded_fifty_megapixels() -> bytes:
    """A JPEG of 8 pixels' data whose frame header says 8,660 x 5,774."""
    data = bytearray(encoded(picture(16, 16), "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 5_774, 8_660)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "name", "content_type", "reason"),
    [
        (b"", "a.jpg", "", "empty"),
        (b"\0" * (MOST_BYTES + 1), "a.jpg", "", "too_many_bytes"),
        (b"<html>not found</html>", "a.jpg", "", "unknown_format"),
        (b"\xff\xd8\xff", "a.jpg", "", "unknown_format"),
        (encoded(picture(), "BMP"), "a.bmp", "", "unknown_format"),
        (encoded(picture(), "TIFF"), "a.tif", "", "unknown_format"),
        (encoded(picture()), "a.jpg", "", "wrong_extension"),
        (encoded(picture(), "JPEG"), "a.exe", "", "wrong_extension"),
        (encoded(picture()), "a.png", "image/jpeg", "wrong_content_type"),
        (encoded(picture()), "", "text/html; charset=utf-8", "wrong_content_type"),
        (encoded(picture(1, 1)), "dot.png", "", "too_small"),
        (encoded(picture(3_000, 1)), "line.png", "", "too_small"),
        (encoded(noise(), "JPEG")[:1500], "half.jpg", "", "truncated"),
        (encoded(noise())[:5000], "half.png", "", "truncated"),
    ],
)
def test_bad_files_are_refused_with_their_reason(data: bytes, name: str, content_type: str, reason: str) -> None:
    assert refusal(data, name, content_type) == reason


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_whatever_is_damaged_gives_a_picture_or_a_reason(form: str) -> None:
    """Thirty bytes replaced at random, two hundred times: no other exception, ever."""
    whole, chance = encoded(noise(32), form), random.Random(form)
    for _ in range(200):
        data = bytearray(whole)
        for _ in range(30):
            data[chance.randrange(len(data))] = chance.randrange(256)
        assert outcome(bytes(data)) in ("RGB", *REFUSALS)


def test_a_text_chunk_that_unpacks_to_64_mebibytes_is_refused() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    plain = encoded(picture())
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"\0" * 64 * 2**20, 9))
    end = plain.index(b"IDAT") - 4
    assert refusal(plain[:end] + bomb + plain[end:]) == "corrupt"


def test_of_an_animation_the_first_frame_is_taken() -> None:
    for form in ("GIF", "WEBP", "PNG"):
        moving = encoded(picture(colour="red"), form, save_all=True, append_images=[picture(colour="blue")], lossless=True)
        assert decode(moving).getpixel((5, 5)) == pytest.approx((255, 0, 0), abs=3)


def test_a_photograph_taken_sideways_is_turned_upright() -> None:
    tags = Image.Exif()
    tags[0x0112] = 6  # turn by 90 degrees to the right
    image = picture(40, 20, "white")
    image.paste("black", (0, 0, 10, 20))
    upright = decode(encoded(image, "JPEG", exif=tags, quality=95))
    assert upright.size == (20, 40)
    assert upright.getpixel((10, 2)) < (60, 60, 60)


def test_what_is_transparent_is_white() -> None:
    clear = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    clear.paste((0, 0, 255, 255), (0, 0, 10, 20))
    for form in ("PNG", "WEBP"):
        found = decode(encoded(clear, form, lossless=True))
        assert found.getpixel((15, 5)) == (255, 255, 255)
        assert found.getpixel((5, 5)) == (0, 0, 255)
    palette = clear.convert("P")
    palette.info["transparency"] = palette.getpixel((15, 5))
    assert decode(encoded(palette)).getpixel((15, 5)) == (255, 255, 255)


def test_other_colour_models_become_rgb() -> None:
    assert decode(encoded(picture().convert("CMYK"), "JPEG")).getpixel((5, 5)) == pytest.approx((254, 0, 0), abs=3)
    assert decode(encoded(picture().convert("L"))).mode == "RGB"
    assert decode(encoded(picture().convert("1"))).mode == "RGB"
    deep = Image.fromarray(np.full((20, 20), 32_768, dtype=np.uint16))
    assert decode(encoded(deep)).getpixel((5, 5)) == pytest.approx((128, 128, 128), abs=2)


def test_pixels_keep_proportions_on_white() -> None:
    found = pixels(encoded(picture(80, 40)), 32)
    assert found.shape == (32, 32, 3)
    assert (found[:8] == 255).all()
    assert (found[-8:] == 255).all()
    assert tuple(found[16, 16]) == (255, 0, 0)
    assert pixels(encoded(picture(2_000, 8)), 32).shape == (32, 32, 3)


def test_a_large_photograph_decodes_alike_at_a_fraction_of_its_size() -> None:
    big = noise(64).resize((2_048, 1_024), Image.Resampling.BICUBIC)
    data = encoded(big, "JPEG", quality=95)
    whole, quick = decode(data), decode(data, target=128)
    assert whole.size == (2_048, 1_024)
    assert quick.size < whole.size
    assert np.abs(np.asarray(whole.resize(quick.size, Image.Resampling.BOX), int) - np.asarray(quick, int)).mean() < 3


def test_nothing_of_this_reads_the_file_system(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(picture()))
    assert refusal(str(tmp_path / "a.png").encode()) == "unknown_format"
