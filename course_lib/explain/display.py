"""From raw attributions to pictures: the only step that throws away signs and sizes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def pool_channels(attributions: ArrayLike) -> NDArray[np.float32]:
    """Return one number per place: maps as they are, pixel attributions summed over channels.

    The sum keeps signs, and with them completeness.

    Parameters
    ----------
    attributions : array, shape (n, height, width) or (n, height, width, channels)

    Returns
    -------
    array of float32, shape (n, height, width)

    Raises
    ------
    ValueError
        If the shape is another one.
    """
    array = np.asarray(attributions, dtype=np.float32)
    if array.ndim not in (3, 4) or not array.size:
        raise ValueError(
            f"attributions have shape {array.shape}, not (n, height, width) or (n, height, width, "
            "channels)."
        )
    return array.sum(axis=-1) if array.ndim == 4 else array


def resize(maps: ArrayLike, size: tuple[int, int]) -> NDArray[np.float32]:
    """Return maps (n, h, w) enlarged bilinearly to (n, *size), with their values kept."""
    import tensorflow as tf

    maps = pool_channels(maps)
    if maps.shape[1:] == tuple(size):
        return maps
    return tf.image.resize(maps[..., np.newaxis], size).numpy()[..., 0]


def for_display(
    attributions: ArrayLike,
    *,
    size: tuple[int, int] | None = None,
    positive: bool = False,
    clip_percentile: float = 99.5,
) -> NDArray[np.float32]:
    """Scale attributions to [-1, 1] (or [0, 1]) for a picture, each image by itself.

    Sums over channels, resizes, and divides by a high percentile of the absolute values, so that a
    few extreme pixels do not make the rest look like nothing. Zero stays zero: show the result
    on a diverging colour map from -1 to 1. Values of two images can no longer be compared.

    Parameters
    ----------
    attributions : array, shape (n, height, width) or (n, height, width, channels)
    size : (height, width), optional
        To enlarge a feature map's places to the image.
    positive : bool
        Keep only what speaks for the class, as Grad-CAM's figures do; the range is [0, 1] then.
    clip_percentile : float
        From 0 (exclusive) to 100: the value at this percentile is shown as 1.

    Returns
    -------
    array of float32, shape (n, *size)
        All zero where the attributions are.

    Raises
    ------
    ValueError
        If the shape or the percentile is wrong, or a value is not finite.

    Examples
    --------
    >>> for_display([[[0.0, -2.0], [4.0, 1.0]]], clip_percentile=100).tolist()
    [[[0.0, -0.5], [1.0, 0.25]]]
    """
    if not 0 < clip_percentile <= 100:
        raise ValueError(
            f"clip_percentile is {clip_percentile}: choose 0 < clip_percentile <= 100."
        )
    maps = pool_channels(attributions)
    if not np.isfinite(maps).all():
        raise ValueError("the attributions have values that are not finite.")
    if size is not None:
        maps = resize(maps, size)
    if positive:
        maps = np.maximum(maps, 0)
    sizes = np.abs(maps).reshape(len(maps), -1)
    scale = np.percentile(sizes, clip_percentile, axis=1)
    scale = np.where(scale > 0, scale, sizes.max(axis=1))  # fewer values than the percentile cuts
    scale = np.where(scale > 0, scale, 1)[:, np.newaxis, np.newaxis]
    return np.clip(maps / scale, -1, 1).astype(np.float32)
