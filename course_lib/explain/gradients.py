"""Attributions that are gradients of a logit with respect to the pixels."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray

from course_lib.explain.logits import (
    Classes,
    Logits,
    batch_size,
    batches,
    checked_classes,
    checked_images,
    score,
)


def vanilla_gradients(
    model: keras.Model, images: ArrayLike, classes: Classes = None
) -> NDArray[np.float32]:
    """Return the gradient of each image's logit with respect to its pixels.

    Parameters
    ----------
    model : keras.Model
        Functional or Sequential, also nested; see `Logits`.
    images : array, shape (n, height, width, channels)
        In the range that the model was trained on.
    classes : int or n of them, optional
        The classes whose logits to explain; by default each image's predicted class.

    Returns
    -------
    array of float32, shape (n, height, width, channels)
        Signed, in logits per unit of pixel value; all zero where the logit does not depend on the
        image.

    Raises
    ------
    ValueError
        If model, images or classes do not fit.

    References
    ----------
    Simonyan, K., Vedaldi, A. and Zisserman, A. (2014). Deep inside convolutional networks:
    visualising image classification models and saliency maps. ICLR workshop, section 3.
    """
    images = checked_images(model, images)
    logits = Logits(model)
    return _gradients(logits, images, checked_classes(logits, images, classes))


def guided_backpropagation(
    model: keras.Model, images: ArrayLike, classes: Classes = None
) -> NDArray[np.float32]:
    """Return the gradient, with only its positive parts flowing back through each ReLU.

    It draws fine outlines, but hardly depends on what the upper layers learned (Adebayo et al.,
    2018): do not take it for an explanation of a decision.

    Parameters
    ----------
    model, images, classes
        As in `vanilla_gradients`; the model must have ReLU (or ReLU6) activations.

    Returns
    -------
    array of float32, shape (n, height, width, channels), signed

    Raises
    ------
    ValueError
        If the model has no ReLU, or model, images or classes do not fit.

    References
    ----------
    Springenberg, J. T., Dosovitskiy, A., Brox, T. and Riedmiller, M. (2015). Striving for
    simplicity: the all convolutional net. ICLR workshop.
    """
    images = checked_images(model, images)
    logits = Logits(model, guided=True)
    return _gradients(logits, images, checked_classes(logits, images, classes))


def integrated_gradients(
    model: keras.Model,
    images: ArrayLike,
    classes: Classes = None,
    *,
    baseline: ArrayLike = 0.0,
    steps: int = 64,
) -> NDArray[np.float32]:
    """Return the gradients averaged on the way from a baseline to the image, times the way.

    The sum over an image is the difference of the logits of image and baseline, up to the error of
    the numerical integration (**completeness**).

    Parameters
    ----------
    model, images, classes
        As in `vanilla_gradients`. Classes are predicted at the images, not at the baseline.
    baseline : float or array that broadcasts to the images
        Where the path starts: an image without information, such as black.
    steps : int
        Points on the way, at least 1; the middles of as many equal pieces.

    Returns
    -------
    array of float32, shape (n, height, width, channels)
        Signed, in logits.

    Raises
    ------
    ValueError
        If `steps` or the baseline's shape is wrong, or model, images or classes do not fit.

    References
    ----------
    Sundararajan, M., Taly, A. and Yan, Q. (2017). Axiomatic attribution for deep networks. ICML,
    section 3.
    """
    if steps < 1:
        raise ValueError(f"steps is {steps}: at least 1 is needed.")
    images = checked_images(model, images)
    way = images - np.asarray(baseline, dtype=np.float32)
    if way.shape != images.shape:
        raise ValueError(f"the baseline must broadcast to the images' shape {images.shape}.")
    logits = Logits(model)
    targets = checked_classes(logits, images, classes)
    fractions = (np.arange(steps, dtype=np.float32) + 0.5) / steps
    to_go = (1 - fractions)[:, None, None, None]

    def points(first: int, last: int) -> NDArray:
        return images[first:last, np.newaxis] - to_go * way[first:last, np.newaxis]

    return way * _mean_gradients(logits, images, targets, points, steps)


def smooth_grad(
    model: keras.Model,
    images: ArrayLike,
    classes: Classes = None,
    *,
    noise: float = 0.15,
    samples: int = 32,
    seed: int = 0,
) -> NDArray[np.float32]:
    """Return the gradient averaged over noisy copies of the image.

    Parameters
    ----------
    model, images, classes
        As in `vanilla_gradients`.
    noise : float
        Standard deviation as a share of each image's range of values, not negative; with 0 the
        result is the plain gradient.
    samples : int
        Noisy copies per image, at least 1.
    seed : int
        For the noise.

    Returns
    -------
    array of float32, shape (n, height, width, channels), signed

    Raises
    ------
    ValueError
        If an option is out of range, or model, images or classes do not fit.

    References
    ----------
    Smilkov, D., Thorat, N., Kim, B., Viégas, F. and Wattenberg, M. (2017). SmoothGrad: removing
    noise by adding noise. arXiv:1706.03825.
    """
    if noise < 0 or samples < 1:
        raise ValueError(
            f"noise is {noise} and samples is {samples}: choose noise >= 0 and samples >= 1."
        )
    images = checked_images(model, images)
    logits = Logits(model)
    targets = checked_classes(logits, images, classes)
    rng = np.random.default_rng(seed)
    spread = noise * np.ptp(images, axis=(1, 2, 3))[:, None, None, None, None]

    def copies(first: int, last: int) -> NDArray:
        shape = (last - first, samples, *images.shape[1:])
        noises = rng.standard_normal(shape, dtype=np.float32) * spread[first:last]
        return images[first:last, np.newaxis] + noises

    return _mean_gradients(logits, images, targets, copies, samples)


def _mean_gradients(
    logits: Logits,
    images: NDArray,
    classes: NDArray,
    points: Callable[[int, int], NDArray],
    count: int,
) -> NDArray[np.float32]:
    """Return the mean gradient over `count` points for each image, some images at a time.

    `points` gives those of the images from first to last, shape (last - first, count, ...).
    """
    result = np.empty_like(images)
    group = max(1, batch_size(images) // count)
    for first in range(0, len(images), group):
        last = min(first + group, len(images))
        flat = points(first, last).reshape(-1, *images.shape[1:])
        gradients = _gradients(logits, flat, np.repeat(classes[first:last], count))
        result[first:last] = gradients.reshape(last - first, count, *images.shape[1:]).mean(axis=1)
    return result


def _gradients(logits: Logits, images: NDArray, classes: NDArray) -> NDArray[np.float32]:
    parts = []
    for part, chosen in batches(images, classes):
        pixels = tf.constant(part)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(pixels)
            scores = score(logits(pixels), chosen)
        gradient = tape.gradient(scores, pixels, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        parts.append(gradient.numpy())
    return np.concatenate(parts)
