"""Pictures drawn for tests: one shape and colour per category, size, place, shade and noise by chance."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw

DRAWN = ("handbags", "watches", "jeans")
"""Labels of the task; what is drawn for them has nothing to do with the things."""


def drawing(label: str, chance: np.random.Generator, side: int = 96) -> Image.Image:
    """A red disc, a green frame or a blue bar on a light ground."""
    image = Image.new("RGB", (side, side), tuple(chance.integers(190, 256, 3).tolist()))
    draw = ImageDraw.Draw(image)
    size = int(chance.integers(side // 3, side // 2))
    left, top = chance.integers(2, side - size - 2, 2).tolist()
    shade = int(chance.integers(150, 256))
    box = (left, top, left + size, top + size)
    if label == DRAWN[0]:
        draw.ellipse(box, fill=(shade, 30, 30))
    elif label == DRAWN[1]:
        draw.rectangle(box, outline=(20, shade, 20), width=6)
    else:
        draw.rectangle((left, 4, left + size // 3, side - 4), fill=(20, 40, shade))
    noisy = np.asarray(image, dtype=np.int16) + chance.integers(-8, 9, (side, side, 3))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def drawn_files(each: int, seed: int = 1) -> list[tuple[str, bytes]]:
    """Label and JPEG bytes of so many drawings of each label, labels in turn."""
    chance = np.random.default_rng(seed)
    found = []
    for _ in range(each):
        for label in DRAWN:
            file = io.BytesIO()
            drawing(label, chance).save(file, "JPEG", quality=90)
            found.append((label, file.getvalue()))
    return found
