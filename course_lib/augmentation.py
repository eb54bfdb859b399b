"""Training pairs of image and mask that are moved together, differently in every epoch."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

Pair = tuple[NDArray, NDArray]


def random_window(
    image: NDArray, mask: NDArray, rng: np.random.Generator, *, smallest: float = 0.6
) -> Pair:
    """Enlarge a random window of an image and the same window of its mask, mirrored or not.

    Parameters
    ----------
    image : array, shape (height, width, channels)
        Enlarged with bilinear interpolation.
    mask : array of int, shape (height, width)
        Enlarged by the nearest pixel: class indices cannot be averaged.
    rng : numpy.random.Generator
        Draws the window and, every second time, the mirroring.
    smallest : float
        The window's edge is this share of the image's at least, 0 < smallest <= 1; with 1
        there is only mirroring.

    Returns
    -------
    image : array of float32, shape (height, width, channels)
    mask : array of the mask's dtype, shape (height, width)

    Raises
    ------
    ValueError
        If image and mask differ in size or `smallest` is out of range.
    """
    if image.ndim != 3 or image.shape[:2] != mask.shape:
        raise ValueError(
            f"the image has shape {image.shape} and the mask {mask.shape}: "
            "they must be (height, width, channels) and (height, width)."
        )
    if not 0 < smallest <= 1:
        raise ValueError(f"smallest is {smallest}: choose 0 < smallest <= 1.")
    share = rng.uniform(smallest, 1)
    # Where each new pixel's centre lies in the old image, in pixels.
    rows, columns = (
        (np.arange(length) + 0.5) * share + rng.uniform(0, length * (1 - share)) - 0.5
        for length in mask.shape
    )
    if rng.random() < 0.5:
        columns = columns[::-1]
    near_rows, near_columns = _nearest(rows, mask.shape[0]), _nearest(columns, mask.shape[1])
    moved = _interpolated(_interpolated(image.astype("float32"), rows, 0), columns, 1)
    return moved, mask[near_rows][:, near_columns]


def random_light(
    image: NDArray, rng: np.random.Generator, *, contrast: float = 0.3, brightness: float = 25.0
) -> NDArray[np.float32]:
    """Change an image's contrast and brightness; its shapes, and so its mask, stay as they are.

    Parameters
    ----------
    image : array, shape (height, width, channels)
        From 0 to 255.
    rng : numpy.random.Generator
    contrast : float
        The distance from middle grey is multiplied by a factor within 1 ± contrast.
    brightness : float
        Up to so much is added or taken away, in grey values.

    Returns
    -------
    array of float32, shape (height, width, channels), from 0 to 255
    """
    factor = rng.uniform(1 - contrast, 1 + contrast)
    shift = rng.uniform(-brightness, brightness)
    light = (image.astype("float32") - 127.5) * factor + 127.5 + shift
    return np.clip(light, 0, 255).astype("float32")


class Pairs(keras.utils.PyDataset):
    """Batches of images and masks for ``model.fit``, in a new order in every epoch.

    Parameters
    ----------
    images : array, shape (n, height, width, channels)
        From 0 to 255.
    masks : array of int, shape (n, height, width)
    batch_size : int
        The last batch of an epoch may be smaller.
    seed : int
        For the order and the augmentation.
    augment : bool
        Whether every image goes through `random_window` and `random_light`.

    Raises
    ------
    ValueError
        If there is not one mask for each image.
    """

    def __init__(
        self,
        images: NDArray,
        masks: NDArray,
        *,
        batch_size: int,
        seed: int = 0,
        augment: bool = True,
    ) -> None:
        super().__init__()
        if len(images) != len(masks) or not len(images):
            raise ValueError(f"there are {len(images)} images and {len(masks)} masks.")
        self.images, self.masks = images, masks
        self.batch_size, self.augment = batch_size, augment
        self.rng = np.random.default_rng(seed)
        self.order = self.rng.permutation(len(images))

    def __len__(self) -> int:
        return -(-len(self.images) // self.batch_size)

    def __getitem__(self, index: int) -> Pair:
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        pairs = [(self.images[i].astype("float32"), self.masks[i]) for i in chosen]
        if self.augment:
            moved = [random_window(image, mask, self.rng) for image, mask in pairs]
            pairs = [(random_light(image, self.rng), mask) for image, mask in moved]
        images, masks = zip(*pairs, strict=True)
        return np.stack(images), np.stack(masks)

    def on_epoch_end(self) -> None:
        self.order = self.rng.permutation(len(self.images))


def _nearest(places: NDArray, length: int) -> NDArray[np.intp]:
    return np.clip(np.floor(places + 0.5), 0, length - 1).astype(np.intp)


def _interpolated(image: NDArray, places: NDArray, axis: int) -> NDArray:
    """Read an image between its pixels along one axis."""
    places = np.clip(places, 0, image.shape[axis] - 1)
    before = np.floor(places).astype(np.intp)
    after = np.minimum(before + 1, image.shape[axis] - 1)
    shape = [1] * image.ndim
    shape[axis] = -1
    weight = (places - before).astype("float32").reshape(shape)
    return image.take(before, axis) * (1 - weight) + image.take(after, axis) * weight
