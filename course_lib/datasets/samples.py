"""Embedded samples: small, the same every time, and made without any download.

They have the shapes of the real data and show the same effects, with other numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from course_lib.datasets import cars, census
from course_lib.datasets.drawings import garments, scenes
from course_lib.datasets.drawings.pets import pet_portraits
from course_lib.datasets.loaders import DIGITS, PETS, fitted
from course_lib.datasets.sizes import Size, height_and_width
from course_lib.datasets.table import housing_table, split_rows

Arrays = dict[str, Any]
TEST_DIGITS = 360  # a fifth of the 1,797


def mnist() -> Arrays:
    """Give scikit-learn's handwritten digits in MNIST's form: 1,437 to train, 360 to test."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    coarse, labels = load_digits(return_X_y=True)
    pictures = np.stack([_like_mnist(digit) for digit in coarse.reshape(-1, 8, 8)])
    x_train, x_test, y_train, y_test = train_test_split(
        pictures,
        labels.astype("uint8"),
        test_size=TEST_DIGITS,
        stratify=labels,
        random_state=0,
    )
    return {
        "x_train": x_train, "y_train": y_train,
        "x_test": x_test, "y_test": y_test,
        "class_names": DIGITS,
    }  # fmt: skip


def _like_mnist(digit: np.ndarray) -> np.ndarray:
    """Smooth an 8×8 digit with values 0 to 16 to 20×20, the box of MNIST's digits, inside 28×28."""
    picture = Image.fromarray((digit * 255 / 16).astype("uint8"))
    box = np.asarray(picture.resize((20, 20), Image.Resampling.BICUBIC), "float32")
    # The small digits are blurred by their making: steepen the strokes' edges as in MNIST.
    sharp = np.clip((box - 50) * 1.5, 0, 255).astype("uint8")
    return np.pad(sharp, 4)


def fashion_mnist() -> Arrays:
    """Give drawings of clothing, 2,000 to train and 500 to test."""
    x_train, y_train = garments.garments(2000, seed=1)
    x_test, y_test = garments.garments(500, seed=2)
    return {
        "x_train": x_train, "y_train": y_train,
        "x_test": x_test, "y_test": y_test,
        "class_names": garments.CLASS_NAMES,
    }  # fmt: skip


def cats_vs_dogs(*, size: Size = 160) -> Arrays:
    """Give drawn portraits, 400 to train, 100 to validate and 100 to test."""
    arrays: Arrays = {"class_names": PETS}
    for seed, (part, n) in enumerate({"train": 400, "val": 100, "test": 100}.items()):
        pictures, labels = pet_portraits(n, height_and_width(size), seed)
        arrays |= {f"x_{part}": pictures, f"y_{part}": labels}
    return arrays


def camvid(*, size: Size = (360, 480)) -> Arrays:
    """Give painted street scenes with masks, 100 to train, 25 to validate and 25 to test."""
    height, width = height_and_width(size)
    arrays: Arrays = {"class_names": scenes.CLASS_NAMES}
    for seed, (part, n) in enumerate({"train": 100, "val": 25, "test": 25}.items()):
        pictures, masks = scenes.scenes(n, height, width, seed)
        arrays |= {f"x_{part}": pictures, f"y_{part}": masks}
    return arrays


def california_housing() -> Arrays:
    """Give 4,000 generated districts, split as the real ones."""
    return split_rows(*housing_table(4000, seed=0), seed=0)


def auto_mpg() -> Arrays:
    """Give 392 generated cars, split as the real ones."""
    names = {"feature_names": cars.FEATURE_NAMES, "target_name": cars.TARGET_NAME}
    return split_rows(*cars.car_table(392, seed=0), seed=0) | names


def adult() -> Arrays:
    """Give 10,000 generated persons, split as the real ones."""
    names = {"feature_names": census.FEATURE_NAMES, "class_names": census.CLASS_NAMES}
    return split_rows(*census.census_table(10000, seed=0), seed=0) | names | {"target_name": ""}


def sample_photos(*, size: Size = 224) -> Arrays:
    """Give the two photographs that come with scikit-learn."""
    from sklearn.datasets import load_sample_images

    photos = load_sample_images()
    shape = height_and_width(size)
    pictures = [np.asarray(fitted(Image.fromarray(photo), shape)) for photo in photos.images]
    return {"x_test": np.stack(pictures), "titles": ("temple", "flower")}
