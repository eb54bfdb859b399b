"""Attributions that are weighted sums of a feature map's channels: CAM, Grad-CAM, Grad-CAM++."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray

from course_lib.explain.logits import (
    Classes,
    Logits,
    Unchanged,
    batches,
    checked_classes,
    checked_images,
    score,
)


def grad_cam(
    model: keras.Model, images: ArrayLike, classes: Classes = None, *, layer: str | None = None
) -> NDArray[np.float32]:
    """Return Grad-CAM before its ReLU: channels weighted by their mean gradient.

    Parameters
    ----------
    model, images, classes
        As in `vanilla_gradients`.
    layer : str, optional
        Which feature map to explain; by default the last one larger than 1×1 after its activation
        (`last_feature_map`).

    Returns
    -------
    array of float32, shape (n, map height, map width)
        Signed: positive where the layer's features raise the logit. `for_display` with
        ``positive=True`` keeps those, as the paper does. All zero where the gradient is.

    Raises
    ------
    ValueError
        If model, images, classes or layer do not fit.

    References
    ----------
    Selvaraju, R. R., Cogswell, M., Das, A., Vedantam, R., Parikh, D. and Batra, D. (2017).
    Grad-CAM: visual explanations from deep networks via gradient-based localization. ICCV,
    section 3.
    """

    def weigh(maps: NDArray, gradients: NDArray) -> NDArray:
        weights = gradients.mean(axis=(1, 2), keepdims=True)
        return (weights * maps).sum(axis=-1)

    return _weighted(model, images, classes, layer, weigh)


def grad_cam_plus_plus(
    model: keras.Model, images: ArrayLike, classes: Classes = None, *, layer: str | None = None
) -> NDArray[np.float32]:
    """Return Grad-CAM++ before its ReLU: the gradients' positive parts, weighted place by place.

    The weights are those for the exponential of the logit, as in the paper; its factor, which is
    the same for all places of an image, is left out.

    Parameters
    ----------
    model, images, classes, layer
        As in `grad_cam`.

    Returns
    -------
    array of float32, shape (n, map height, map width)
        Where the feature map is not negative, neither is the result.

    Raises
    ------
    ValueError
        If model, images, classes or layer do not fit.

    References
    ----------
    Chattopadhay, A., Sarkar, A., Howlader, P. and Balasubramanian, V. N. (2018). Grad-CAM++:
    generalized gradient-based visual explanations for deep convolutional networks. WACV,
    section 3.
    """

    def weigh(maps: NDArray, gradients: NDArray) -> NDArray:
        square = gradients**2
        below = 2 * square + maps.sum(axis=(1, 2), keepdims=True) * gradients**3
        alpha = np.divide(square, below, out=np.zeros_like(square), where=np.abs(below) > 1e-30)
        weights = (alpha * np.maximum(gradients, 0)).sum(axis=(1, 2), keepdims=True)
        return (weights * maps).sum(axis=-1)

    return _weighted(model, images, classes, layer, weigh)


def class_activation_map(
    model: keras.Model, images: ArrayLike, classes: Classes = None
) -> NDArray[np.float32]:
    """Return the class activation map: channels weighted by the class's dense weights.

    Only for networks that end in a feature map, global average pooling and one dense layer. There
    the mean of the map plus the dense layer's bias is the logit, and Grad-CAM is the map divided by
    its number of places.

    Parameters
    ----------
    model, images, classes
        As in `vanilla_gradients`.

    Returns
    -------
    array of float32, shape (n, map height, map width), signed, in logits

    Raises
    ------
    ValueError
        If the network does not end so, or model, images or classes do not fit.

    References
    ----------
    Zhou, B., Khosla, A., Lapedriza, A., Oliva, A. and Torralba, A. (2016). Learning deep features
    for discriminative localization. CVPR, section 2.
    """
    images = checked_images(model, images)
    logits = Logits(model)
    targets = checked_classes(logits, images, classes)
    logits(images[:1])
    name, _ = logits.feature_map()
    names = list(logits.outputs)
    behind = [logits.layers[key] for key in names[names.index(name) + 1 :]]
    allowed = (keras.layers.Dropout, keras.layers.Flatten, Unchanged)
    steps = [layer for layer in behind if not isinstance(layer, allowed)]
    wanted = (keras.layers.GlobalAveragePooling2D, keras.layers.Dense)
    if len(steps) != 2 or not all(map(isinstance, steps, wanted)):
        raise ValueError(
            f"{model.name} does not end in a feature map, GlobalAveragePooling2D and one Dense "
            f"layer, but in {', '.join(type(layer).__name__ for layer in steps)}: use grad_cam."
        )
    weights = steps[1].get_weights()[0].T[targets]
    maps = []
    for part, chosen in batches(images, weights):
        logits(part)
        features = logits.feature_map(name)[1].numpy().astype(np.float32)
        maps.append(np.einsum("nhwk,nk->nhw", features, chosen))
    return np.concatenate(maps)


def _weighted(
    model: keras.Model,
    images: ArrayLike,
    classes: Classes,
    layer: str | None,
    weigh: Callable[[NDArray, NDArray], NDArray],
) -> NDArray[np.float32]:
    images = checked_images(model, images)
    logits = Logits(model)
    targets = checked_classes(logits, images, classes)
    parts = []
    for part, chosen in batches(images, targets):
        pixels = tf.constant(part)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(pixels)  # so that everything behind them is recorded
            scores = score(logits(pixels), chosen)
            maps = logits.feature_map(layer)[1]
        gradients = tape.gradient(scores, maps, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        parts.append(weigh(maps.numpy().astype(np.float32), gradients.numpy().astype(np.float32)))
    return np.concatenate(parts)
