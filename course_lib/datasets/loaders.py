"""Files of a data set, read into arrays."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from course_lib.datasets import cars, census
from course_lib.datasets.drawings import garments, scenes
from course_lib.datasets.fetching import Fetched
from course_lib.datasets.sizes import Size, height_and_width
from course_lib.datasets.table import split_rows

Arrays = dict[str, Any]  # the attributes of a `Data`
DIGITS = tuple("0123456789")
PETS = ("cat", "dog")


def mnist(fetched: Fetched) -> Arrays:
    """Read MNIST: pictures (60000, 28, 28) and (10000, 28, 28), uint8."""
    # With numpy, not with Keras: its loader deletes a file whose bytes are not those it knows.
    with np.load(fetched["mnist/mnist.npz"], allow_pickle=False) as file:
        parts = {part: file[part] for part in ("x_train", "y_train", "x_test", "y_test")}
    return {**parts, "class_names": DIGITS}


def fashion_mnist(fetched: Fetched) -> Arrays:
    """Read Fashion-MNIST, of the same shapes as MNIST."""
    names = {
        "x_train": "train-images-idx3",
        "y_train": "train-labels-idx1",
        "x_test": "t10k-images-idx3",
        "y_test": "t10k-labels-idx1",
    }
    parts = {part: _idx(fetched[f"fashion_mnist/{name}-ubyte.gz"]) for part, name in names.items()}
    return {**parts, "class_names": garments.CLASS_NAMES}


def _idx(path: Path) -> np.ndarray:
    """Read the idx format: 0, 0, 8 for uint8, the number of axes, their lengths, the values."""
    with gzip.open(path) as file:
        content = file.read()
    if content[:3] != b"\0\0\x08":
        raise ValueError(f"{path.name} is not an idx file of bytes")
    axes = content[3]
    shape = np.frombuffer(content, ">u4", count=axes, offset=4)
    return np.frombuffer(content, "uint8", offset=4 + 4 * axes).reshape(shape).copy()


def cats_vs_dogs(fetched: Fetched, *, size: Size = 160) -> Arrays:
    """Read the photographs, cropped about their middle: (n, height, width, 3), uint8."""
    shape = height_and_width(size)
    arrays: Arrays = {"class_names": PETS}
    for part, folder in (("train", "train"), ("val", "validation"), ("test", "test")):
        of_class = [
            [path for name, path in fetched.files.items() if f"/{folder}/{pets}/" in name]
            for pets in ("cats", "dogs")
        ]
        arrays[f"x_{part}"] = _photos(of_class[0] + of_class[1], shape)
        arrays[f"y_{part}"] = np.repeat(np.arange(2, dtype="uint8"), [len(p) for p in of_class])
    return arrays


def _photos(paths: Sequence[Path], shape: tuple[int, int]) -> np.ndarray:
    def read(path: Path) -> np.ndarray:
        with Image.open(path) as photo:
            photo.draft("RGB", (2 * shape[1], 2 * shape[0]))  # JPEGs are decoded smaller, faster
            return np.asarray(fitted(photo, shape))

    with ThreadPoolExecutor(4) as pool:  # PIL decodes outside Python's lock
        return np.stack(list(pool.map(read, paths)))


def fitted(photo: Image.Image, shape: tuple[int, int]) -> Image.Image:
    """Scale a photograph and crop it about its middle to height and width, keeping its aspect."""
    return ImageOps.fit(photo.convert("RGB"), (shape[1], shape[0]), Image.Resampling.BICUBIC)


def camvid(fetched: Fetched, *, size: Size = (360, 480)) -> Arrays:
    """Read frames (n, height, width, 3) and masks (n, height, width) of class indices, uint8."""
    arrays: Arrays = {"class_names": scenes.CLASS_NAMES}
    for part in ("train", "val", "test"):
        frames, masks = (
            [
                np.asarray(Image.open(path))
                for name, path in fetched.files.items()
                if f"/{part}{suffix}/" in name
            ]
            for suffix in ("", "annot")
        )
        shrunk = resize_scenes(np.stack(frames), np.stack(masks), height_and_width(size))
        arrays[f"x_{part}"], arrays[f"y_{part}"] = shrunk
    return arrays


def resize_scenes(
    frames: np.ndarray, masks: np.ndarray, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Resize frames smoothly, and masks by the nearest pixel: class indices cannot be averaged."""
    if frames.shape[1:3] == shape:
        return frames, masks
    size = (shape[1], shape[0])
    small = [Image.fromarray(frame).resize(size, Image.Resampling.BILINEAR) for frame in frames]
    labels = [Image.fromarray(mask).resize(size, Image.Resampling.NEAREST) for mask in masks]
    return np.stack([np.asarray(s) for s in small]), np.stack([np.asarray(m) for m in labels])


def california_housing(fetched: Fetched) -> Arrays:
    """Read the districts as scikit-learn defines the features, split by a fixed seed.

    The file holds totals of a district, with the columns longitude, latitude, age, rooms,
    bedrooms, population, households, income; rooms, bedrooms and occupants become averages over
    its households. Values are in units of 100,000 USD.
    """
    with np.load(fetched["regression/california_housing.npz"], allow_pickle=False) as file:
        columns, dollars = file["x"].astype("float64").T, file["y"].astype("float64")
    longitude, latitude, age, rooms, bedrooms, population, households, income = columns
    features = np.stack(
        [
            income,
            age,
            rooms / households,
            bedrooms / households,
            population,
            population / households,
            latitude,
            longitude,
        ],
        axis=1,
    )
    return split_rows(features, dollars / 100_000, seed=0)


def auto_mpg(fetched: Fetched) -> Arrays:
    """Read the 392 cars whose horsepower is known (6 have "?"), split by a fixed seed."""
    # A line is numbers divided by spaces, a tab, and the car's name in quotes.
    lines = fetched["regression/auto-mpg.data"].read_text("ascii").splitlines()
    rows = [line.split("\t")[0].split() for line in lines]
    table = np.array([row for row in rows if "?" not in row], "float64")
    names = {"feature_names": cars.FEATURE_NAMES, "target_name": cars.TARGET_NAME}
    return split_rows(table[:, 1:], table[:, 0], seed=0) | names


def adult(fetched: Fetched) -> Arrays:
    """Read the census table as text, "?" where a value is unknown, split by a fixed seed."""
    lines = fetched["tables/adult-train.csv"].read_text("ascii").splitlines()
    table = np.array([line.split(", ") for line in lines if line], census.TEXT)
    names = {"feature_names": census.FEATURE_NAMES, "class_names": census.CLASS_NAMES}
    earns_more = (table[:, -1] == census.CLASS_NAMES[1]).astype("uint8")
    return split_rows(table[:, :-1], earns_more, seed=0) | names | {"target_name": ""}


def sample_photos(fetched: Fetched, *, size: Size = 224) -> Arrays:
    """Read the photographs, cropped about their middle: `x_test` (n, height, width, 3), uint8."""
    paths = list(fetched.files.values())
    titles = [path.stem.removeprefix("coral_").replace("_", " ") for path in paths]
    return {"x_test": _photos(paths, height_and_width(size)), "titles": tuple(titles)}
