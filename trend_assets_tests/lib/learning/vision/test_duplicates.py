"""Copies of a picture share a group, other pictures do not."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageEnhance

from trend_assets.lib.learning.vision.duplicates import near_duplicate_groups, signature
from trend_assets_tests.lib.learning.vision.drawn import DRAWN, drawing


def copied(image: Image.Image) -> Image.Image:
    """Smaller, a little brighter, saved again at low quality."""
    smaller = image.resize((image.width * 2 // 3, image.height * 2 // 3))
    file = io.BytesIO()
    ImageEnhance.Brightness(smaller).enhance(1.02).save(file, "JPEG", quality=70)
    return Image.open(file).convert("RGB")


def test_copies_share_the_group_of_their_original() -> None:
    chance = np.random.default_rng(1)
    originals = [drawing(DRAWN[number % 3], chance) for number in range(30)]
    groups = near_duplicate_groups(np.stack([signature(image) for image in [*originals, *map(copied, originals)]]))
    assert (groups[30:] == groups[:30]).mean() >= 0.95
    assert len(np.unique(groups[:30])) >= 28


def test_the_same_outline_in_another_colour_is_another_picture() -> None:
    red, blue = (Image.new("RGB", (64, 64), "white") for _ in range(2))
    red.paste("red", (16, 16, 48, 48))
    blue.paste("blue", (16, 16, 48, 48))
    assert near_duplicate_groups(np.stack([signature(red), signature(blue), signature(red)])).tolist() == [0, 1, 0]


def test_no_pictures_no_groups() -> None:
    assert near_duplicate_groups(np.zeros((0, 432), dtype=np.uint8)).shape == (0,)
