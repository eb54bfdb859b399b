"""Attribution without gradients: cover a part of the image and see what the logit loses."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_lib.explain.logits import (
    Classes,
    Logits,
    batches,
    checked_classes,
    checked_images,
    score,
)


def occlusion(
    model: keras.Model,
    images: ArrayLike,
    classes: Classes = None,
    *,
    window: int = 5,
    stride: int = 2,
    fill: float = 0.0,
) -> NDArray[np.float32]:
    """Return how much the logit falls when a window of the image is covered.

    Parameters
    ----------
    model, images, classes
        As in `vanilla_gradients`.
    window : int
        Edge of the covered square in pixels, at most the image's shorter side.
    stride : int
        Pixels from one window to the next.
    fill : float
        The value of covered pixels.

    Returns
    -------
    array of float32, shape (n, height, width)
        For each pixel the mean fall, in logits, over the windows that cover it; positive where
        covering lowers the logit.

    Raises
    ------
    ValueError
        If window or stride is out of range, or model, images or classes do not fit.

    References
    ----------
    Zeiler, M. D. and Fergus, R. (2014). Visualizing and understanding convolutional networks.
    ECCV, section 4.2.
    """
    images = checked_images(model, images)
    height, width = images.shape[1:3]
    if not 1 <= window <= min(height, width) or stride < 1 or stride > window:
        raise ValueError(
            f"window is {window} and stride {stride}: choose 1 <= stride <= window <= "
            f"{min(height, width)}, so that every pixel is covered."
        )
    logits = Logits(model)
    targets = checked_classes(logits, images, classes)
    columns = _starts(width, window, stride)
    corners = [(y, x) for y in _starts(height, window, stride) for x in columns]
    falls = np.zeros(images.shape[:3], dtype=np.float32)
    covers = np.zeros((height, width), dtype=np.float32)
    for y, x in corners:
        covers[y : y + window, x : x + window] += 1
    for part, chosen, fall in batches(images, targets, falls):  # fall is a view of falls
        whole = score(logits(part), chosen).numpy()
        for y, x in corners:
            covered = part.copy()
            covered[:, y : y + window, x : x + window] = fill
            lost = whole - score(logits(covered), chosen).numpy()
            fall[:, y : y + window, x : x + window] += lost[:, np.newaxis, np.newaxis]
    return falls / covers


def _starts(length: int, window: int, stride: int) -> list[int]:
    """Return where windows begin, the last one flush with the edge."""
    starts = list(range(0, length - window + 1, stride))
    return starts if starts[-1] == length - window else [*starts, length - window]
