"""Networks to transfer from, and the task that they are transferred to.

With the photographs of cats and dogs goes MobileNetV2, which has seen ImageNet. Without a download
go a tiny network of the course's own, which has seen Fashion-MNIST, and a few handwritten digits::

    task = backbones.load_task("auto")  # both from one side, never photographs with the tiny one
    network = backbones.tiny_network(include_top=False)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from course_lib import datasets, results
from course_lib.errors import DataError

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

    from course_lib.datasets.data import Data

TINY_WEIGHTS = "tiny_backbone.weights.h5"
PHOTO_SIZE = 160  # pixels: MobileNetV2 was trained for 128, 160, 192 and 224 among others
TRAIN_DIGITS, VAL_DIGITS = 5, 20  # of each class: few, so that there is something to transfer for
SHIFT = 4  # pixels: where digits are centred to the pixel, little is left to learn


@dataclass(frozen=True)
class TransferTask:
    """A small labelled data set, and where a network trained on a large one is.

    Attributes
    ----------
    data : Data
        Pictures (n, height, width, channels), uint8, and class indices, in three parts: training,
        validation, test.
    weights : dict of str to Path
        Files of MobileNetV2: "top", "no_top" and "classes"; empty on the sample, for which
        `tiny_network` has its weights.
    """

    data: Data
    weights: dict[str, Path] = field(default_factory=dict)

    @property
    def kind(self) -> Literal["real", "sample"]:
        return self.data.kind


def load_task(source: str = "auto", *, size: int = PHOTO_SIZE) -> TransferTask:
    """Load cats and dogs with MobileNetV2's weights, or few-shot digits.

    The two belong together: where photographs or weights are missing, the sample replaces both,
    and a line says why.

    Parameters
    ----------
    source : {"auto", "real", "sample"}
        As for `course_lib.datasets.load`.
    size : int
        Height and width of the photographs in pixels.

    Raises
    ------
    DataError
        If the source is unknown, or photographs or weights cannot be had and "real" was asked for.

    Examples
    --------
    >>> task = load_task("sample")
    Data: mnist, embedded sample (1,437 training and 360 test).
    >>> task.data
    <Data mnist, sample: x_train (50, 28, 28, 1) uint8, y_train (50,) uint8, x_val (200, 28, 28, \
1) uint8, y_val (200,) uint8, x_test (360, 28, 28, 1) uint8, y_test (360,) uint8>
    """
    if source == "sample":
        return TransferTask(few_shot(datasets.load("mnist", "sample")))
    datasets.mirror_dir()  # a wrong setting is an error, not a reason to take the sample
    try:
        weights = datasets.fetch("mobilenet_v2")
        photos = datasets.load("cats_vs_dogs", "real" if source == "auto" else source, size=size)
    except DataError as error:
        if source != "auto":
            raise
        results.note(
            "fallback",
            "Photographs and the weights of MobileNetV2 are used together or not at all, and one "
            f"of them could not be had: {_first_reason(error)}. Digits and the course's own tiny "
            "network take their place.",
        )
        return TransferTask(few_shot(datasets.load("mnist", "sample")))
    return TransferTask(photos, dict(weights.files))


def _first_reason(error: DataError) -> str:
    return "; ".join(getattr(error, "reasons", ())) or str(error).removesuffix(".")


def few_shot(
    digits: Data,
    *,
    train: int = TRAIN_DIGITS,
    validation: int = VAL_DIGITS,
    shift: int = SHIFT,
    seed: int = 0,
) -> Data:
    """Keep a few training pictures of each class, set others aside for validation, and shift all.

    Parameters
    ----------
    digits : Data
        Pictures of shape (n, height, width) with class indices.
    train, validation : int
        How many of each class; no picture is in both parts.
    shift : int
        Each picture is moved by up to so many pixels up or down and left or right, by chance.
    seed : int
        For the choice and the shifts.

    Returns
    -------
    Data
        Pictures of shape (n, height, width, 1), the classes in turn; the test part is complete.

    Raises
    ------
    ValueError
        If a class has too few pictures.
    """
    rng = np.random.default_rng(seed)
    chosen = {"train": [], "val": []}
    for label, name in enumerate(digits.class_names):
        members = rng.permutation(np.flatnonzero(digits.y_train == label))
        if len(members) < train + validation:
            raise ValueError(
                f"class {name} has {len(members)} pictures: "
                f"train={train} and validation={validation} need {train + validation}."
            )
        chosen["train"].append(members[:train])
        chosen["val"].append(members[train : train + validation])
    parts = {}
    for part, members in chosen.items():
        index = np.stack(members, axis=1).reshape(-1)
        parts[f"x_{part}"] = shifted(digits.x_train[index], shift, rng)[..., np.newaxis]
        parts[f"y_{part}"] = digits.y_train[index]
    return replace(digits, **parts, x_test=shifted(digits.x_test, shift, rng)[..., np.newaxis])


def shifted(pictures: NDArray[np.uint8], most: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Move each picture by up to `most` pixels along both axes; pixels that enter are 0.

    Parameters
    ----------
    pictures : array, shape (n, height, width)
    most : int
        At least 0.
    rng : numpy.random.Generator

    Returns
    -------
    array of the same shape and type
    """
    height, width = pictures.shape[1:]
    padded = np.pad(pictures, ((0, 0), (most, most), (most, most)))
    corners = rng.integers(0, 2 * most + 1, size=(len(pictures), 2))
    moved = [
        picture[top : top + height, left : left + width]
        for picture, (top, left) in zip(padded, corners, strict=True)
    ]
    return np.stack(moved)


def tiny_network(*, include_top: bool = True, weights: str | None = "fashion_mnist") -> keras.Model:
    """Return a network of 70,000 weights for 28×28 grey pictures with values in [-1, 1].

    It has the make-up of a large one: convolutions, each followed by batch normalisation (momentum
    0.999, as in MobileNetV2) and ReLU, in blocks "block1" to "block3" of decreasing size. Its
    weights were trained by the course on Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017; MIT) with
    ``benchmarks/train_tiny_backbone.py`` and are under the course's own licence, MIT.

    Parameters
    ----------
    include_top : bool
        With it the outputs are logits of the ten kinds of clothing of Fashion-MNIST, shape (n, 10).
        Without it they are the feature maps of "block2b", shape (n, 14, 14, 32): the layers behind
        it are so much about clothes that digits do better without them.
    weights : {"fashion_mnist", None}
        None gives random ones.

    Raises
    ------
    ValueError
        If `weights` is another one.

    Examples
    --------
    >>> tiny_network(include_top=False).output.shape
    (None, 14, 14, 32)
    """
    import keras

    if weights not in ("fashion_mnist", None):
        raise ValueError(f'weights is {weights!r}: choose "fashion_mnist" or None.')

    picture = x = keras.Input((28, 28, 1), name="picture")
    for block, (width, stride) in enumerate([(16, 1), (32, 2), (64, 2)], start=1):
        for name, step in ((f"block{block}a", stride), (f"block{block}b", 1)):
            if name == "block1b":
                continue  # one convolution at full size is enough, and half the work
            x = keras.layers.Conv2D(
                width, 3, strides=step, padding="same", use_bias=False, name=f"{name}_conv"
            )(x)
            x = keras.layers.BatchNormalization(momentum=0.999, name=f"{name}_bn")(x)
            x = keras.layers.ReLU(name=f"{name}_relu")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    network = keras.Model(picture, keras.layers.Dense(10, name="logits")(x), name="tiny_network")
    if weights:
        with resources.as_file(resources.files("course_lib").joinpath(TINY_WEIGHTS)) as path:
            network.load_weights(path)
    if include_top:
        return network
    return keras.Model(picture, network.get_layer("block2b_relu").output, name="tiny_backbone")
