"""The input that a unit answers to most, found by climbing its gradient."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from course_lib.explain.logits import Logits


@dataclass(frozen=True)
class Maximised:
    """The outcome of `activation_maximisation`.

    Attributes
    ----------
    image : array of float32, shape (height, width, channels)
        In the range that was asked for.
    activations : array of float32, shape (steps,)
        The unit's answer before each step, to the shifted image.
    """

    image: NDArray[np.float32]
    activations: NDArray[np.float32]


def activation_maximisation(
    model: keras.Model,
    unit: int,
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
    """Climb from weak noise to an image that a class logit or a filter answers to strongly.

    Without regularisation the result is high-frequency noise. `jitter` asks for patterns that
    survive a shift, `blur` for smooth ones, `decay` for few.

    Parameters
    ----------
    model : keras.Model
        See `Logits`.
    unit : int
        A class, or with `layer` a channel of its feature map, whose mean is maximised.
    layer : str, optional
        A convolution or activation.
    image_shape : (height, width, channels), optional
        Needed where the model leaves its input's size open.
    value_range : (low, high)
        The pixel values that the model was trained on; the image never leaves it.
    steps : int
    learning_rate : float
        A step's length as a share of the range, measured by the gradient's root mean square.
    jitter : int
        Before each step the image is shifted (cyclically) by up to so many pixels.
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
            f"{decay}: choose steps >= 1, jitter >= 0, blur >= 0, learning_rate > 0, 0 <= decay < 1."
        )
    shape = tuple(image_shape or model.inputs[0].shape[1:])
    if None in shape:
        raise ValueError(f"the model takes images of any size, {shape}: give image_shape.")
    logits = Logits(model)
    rng = np.random.default_rng(seed)
    middle, span = (low + high) / 2, high - low
    image = (middle + 0.05 * span * rng.standard_normal(shape)).astype(np.float32)
    activations = []
    for step in range(steps):
        shift = tuple(rng.integers(-jitter, jitter + 1, size=2))
        gradient, activation = _climb(logits, np.roll(image, shift, (0, 1)), unit, layer)
        activations.append(activation)
        gradient = np.roll(gradient, (-shift[0], -shift[1]), (0, 1))
        length = np.sqrt(np.mean(gradient**2))
        if length > 0:  # a dead unit has no gradient, and its image stays as it is
            image = image + learning_rate * span * gradient / length
        image = low + (image - low) * (1 - decay)
        if blur and step % 4 == 3 and step < steps - 4:
            image = gaussian_filter(image, (blur, blur, 0))
        image = np.clip(image, low, high).astype(np.float32)
    return Maximised(image, np.array(activations, dtype=np.float32))


def _climb(logits: Logits, image: NDArray, unit: int, layer: str | None) -> tuple[NDArray, float]:
    pixels = tf.constant(image[np.newaxis])
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(pixels)
        answers = logits(pixels)
        if layer is not None:
            answers = tf.reduce_mean(logits.feature_map(layer)[1], axis=(1, 2))
        if not 0 <= unit < answers.shape[1]:
            raise ValueError(f"unit is {unit}: {layer or 'the output'} has {answers.shape[1]}.")
        answer = answers[0, unit]
    gradient = tape.gradient(answer, pixels, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return gradient.numpy()[0], float(answer)
