"""The input that a unit answers to most, found by climbing its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from course_lib.explain.logits import Logits, score


@dataclass(frozen=True)
class Maximised:
    """The outcome of `activation_maximisation`.

    Attributes
    ----------
    images : array of float32, shape (units, height, width, channels)
        One for each unit, in the range that was asked for.
    activations : array of float32, shape (steps, units)
        Each unit's answer before each step, to its shifted image.
    """

    images: NDArray[np.float32]
    activations: NDArray[np.float32]


def activation_maximisation(
    model: keras.Model,
    units: int | Sequence[int],
    *,
    layer: str | None = None,
    image_shape: tuple[int, int, int] | None = None,
    value_range: tuple[float, float] = (0.0, 1.0),
    steps: int = 100,
    learning_rate: float = 0.05,
    jitter: int = 2,
    blur: float = 0.5,
    decay: float = 0.0,
    seed: int = 0,
) -> Maximised:
    """Climb from weak noise to images that class logits or filters answer to strongly.

    Without regularisation the result is high-frequency noise. `jitter` asks for patterns that
    survive a shift, `blur` for smooth ones, `decay` for few.

    Parameters
    ----------
    model : keras.Model
        See `Logits`.
    units : int or sequence of int
        Classes, or with `layer` channels of its feature map, whose mean is maximised; all at the
        same time, each with an image of its own.
    layer : str, optional
        A convolution or activation.
    image_shape : (height, width, channels), optional
        Needed where the model leaves its input's size open.
    value_range : (low, high)
        The pixel values that the model was trained on; the images never leave it.
    steps : int
    learning_rate : float
        A step's length as a share of the range, measured by the gradient's root mean square.
    jitter : int
        Before each step the images are shifted (cyclically) by up to so many pixels.
    blur : float
        Standard deviation in pixels of the Gaussian blur after every fourth step; 0 for none.
    decay : float
        Share by which pixels shrink towards `low` in each step.
    seed : int

    Returns
    -------
    Maximised

    Raises
    ------
    ValueError
        If an option is out of range, or there is no such layer or unit.

    References
    ----------
    Erhan, D., Bengio, Y., Courville, A. and Vincent, P. (2009). Visualizing higher-layer features
    of a deep network. Technical report 1341, Université de Montréal.
    Olah, C., Mordvintsev, A. and Schubert, L. (2017). Feature visualization. Distill.
    """
    from scipy.ndimage import gaussian_filter

    low, high = value_range
    if not low < high:
        raise ValueError(f"value_range is {value_range}: low must be below high.")
    if steps < 1 or jitter < 0 or blur < 0 or learning_rate <= 0 or not 0 <= decay < 1:
        raise ValueError(
            f"steps is {steps}, jitter {jitter}, blur {blur}, learning_rate {learning_rate}, decay "
            f"{decay}: choose steps >= 1, learning_rate > 0, 0 <= decay < 1 and the others >= 0."
        )
    shape = tuple(image_shape or model.inputs[0].shape[1:])
    if None in shape:
        raise ValueError(f"the model takes images of any size, {shape}: give image_shape.")
    units = np.atleast_1d(np.asarray(units, dtype=np.int64))
    logits = Logits(model)
    rng = np.random.default_rng(seed)
    middle, span = (low + high) / 2, high - low
    start = (middle + 0.05 * span * rng.standard_normal(shape)).astype(np.float32)
    images = np.repeat(start[np.newaxis], len(units), axis=0)
    activations = []
    for step in range(steps):
        shift = rng.integers(-jitter, jitter + 1, size=2)
        gradients, answers = _climb(logits, np.roll(images, shift, (1, 2)), units, layer)
        activations.append(answers)
        gradients = np.roll(gradients, -shift, (1, 2))
        lengths = np.sqrt(np.mean(gradients**2, axis=(1, 2, 3), keepdims=True))
        # A silent unit has no gradient, and its image stays as it is.
        images = images + learning_rate * span * gradients / np.where(lengths > 0, lengths, 1)
        images = low + (images - low) * (1 - decay)
        if blur and step % 4 == 3 and step < steps - 4:
            images = gaussian_filter(images, (0, blur, blur, 0))
        images = np.clip(images, low, high).astype(np.float32)
    return Maximised(images, np.array(activations, dtype=np.float32))


def _climb(
    logits: Logits, images: NDArray, units: NDArray, layer: str | None
) -> tuple[NDArray, NDArray]:
    pixels = tf.constant(images)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(pixels)
        answers = logits(pixels)
        if layer is not None:
            answers = tf.reduce_mean(logits.feature_map(layer)[1], axis=(1, 2))
        if units.min() < 0 or units.max() >= answers.shape[1]:
            raise ValueError(
                f"units are {units.tolist()}: {layer or 'the output'} has {answers.shape[1]}."
            )
        chosen = score(answers, units)
    gradients = tape.gradient(chosen, pixels, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return gradients.numpy(), chosen.numpy()
