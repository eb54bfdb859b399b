"""A classifier's logits and the feature maps on the way to them, without touching the model.

The methods of this package need three things that a Keras model does not offer: the scores before
a final softmax, the output of a layer that may lie inside a nested model, and, for guided
backpropagation, another gradient behind each ReLU. `Logits` gives them through a second graph
over the same layers: each layer is wrapped in one that keeps the layer's output.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray

Classes = int | Sequence[int] | NDArray[np.integer] | None

_SQUASHING = (keras.activations.softmax, keras.activations.sigmoid)
_RECTIFYING = (keras.activations.relu, keras.activations.relu6)
# They compute no features, only carry, shrink or enlarge those of a layer before them.
_CARRIERS = ("Pooling", "Dropout", "Padding", "Cropping", "UpSampling", "Reshape", "Permute")


class Logits:
    """A model's logits, and the outputs of its layers, on the same weights as the model.

    Parameters
    ----------
    model : keras.Model
        Functional or Sequential, also nested, with one input of images, channels last, and one
        output of shape (n, classes). A subclassed model is refused at the top; inside, it counts
        as one layer.
    guided : bool
        Whether gradients that flow back through a ReLU are kept only where they are positive.

    Raises
    ------
    ValueError
        If the model is another one, or `guided` and there is no ReLU in it.

    Attributes
    ----------
    outputs : dict of str to tensor
        Each layer's output in the last call, by the layer's name, in the order of computation; a
        layer of a nested model is called "backbone/conv1".
    """

    def __init__(self, model: keras.Model, *, guided: bool = False) -> None:
        _check(model)
        self.outputs: dict[str, tf.Tensor] = {}
        self.layers: dict[str, keras.layers.Layer] = {}
        self.guided = guided
        self.count: int = model.outputs[0].shape[-1]
        self._graph = self._wrapped(model, _last_layer(model), prefix="")
        if guided and not any(map(_rectifies, self.layers.values())):
            raise ValueError(
                f"guided backpropagation changes the gradient of ReLU, but {model.name} has no "
                "ReLU: use vanilla_gradients."
            )

    def __call__(self, images: ArrayLike) -> tf.Tensor:
        """Return the logits, float32 (n, classes), of float images (n, height, width, channels)."""
        self.outputs.clear()
        inputs = tf.nest.pack_sequence_as(self._graph.input, [images])
        (output,) = tf.nest.flatten(self._graph(inputs, training=False))
        return tf.cast(output, tf.float32)

    def feature_map(self, layer: str | None = None) -> tuple[str, tf.Tensor]:
        """Return name and output (n, height, width, channels) of a layer in the last call.

        Parameters
        ----------
        layer : str, optional
            A layer's name, with or without the names of the models around it. By default the
            last feature map larger than 1×1, after its batch normalisation and activation; pooling
            and its like are passed over.

        Raises
        ------
        ValueError
            If there is no such layer or feature map, or the name belongs to several.
        """
        if layer is None:
            for name, output in reversed(self.outputs.items()):
                carrier = any(word in type(self.layers[name]).__name__ for word in _CARRIERS)
                if not carrier and _is_map(output):
                    return name, output
            raise ValueError("the model has no feature map larger than 1×1 to explain.")
        matches = [name for name in self.outputs if name == layer or name.endswith(f"/{layer}")]
        if layer in matches:
            matches = [layer]
        if len(matches) != 1:
            what = f"belongs to {', '.join(matches)}" if matches else "is not a layer of the model"
            maps = ", ".join(name for name, output in self.outputs.items() if _is_map(output))
            raise ValueError(f"{layer!r} {what}: name one of {maps}.")
        output = self.outputs[matches[0]]
        if output.shape.rank != 4:
            raise ValueError(f"{layer!r} gives {output.shape}, not (n, height, width, channels).")
        return matches[0], output

    def _wrapped(self, model: keras.Model, last: keras.layers.Layer, prefix: str) -> keras.Model:
        done: dict[int, keras.layers.Layer] = {}  # a layer that is used twice is wrapped once

        def wrap(layer: keras.layers.Layer) -> keras.layers.Layer:
            if id(layer) not in done:
                if _is_graph(layer):
                    done[id(layer)] = self._wrapped(layer, last, f"{prefix}{layer.name}/")
                else:
                    inner = _without_squashing(layer) if layer is last else layer
                    self.layers[prefix + layer.name] = inner
                    done[id(layer)] = _Observed(inner, prefix + layer.name, self)
            return done[id(layer)]

        # A graph of its own over the same layers: clone_model would copy a compiled model's loss.
        plain = keras.Model(*_ends(model), name=model.name)
        return keras.models.clone_model(plain, clone_function=wrap)


class _Observed(keras.layers.Layer):
    """Calls a layer, and keeps its output."""

    def __init__(self, layer: keras.layers.Layer, key: str, logits: Logits) -> None:
        super().__init__(name=layer.name, autocast=False)
        self.layer = layer
        self.key = key
        self.logits = logits
        self.gate = logits.guided and _rectifies(layer)
        self.built = True

    def compute_output_spec(self, *args, **kwargs):
        return self.layer.compute_output_spec(*args, **kwargs)

    def call(self, *args, **kwargs):
        output = self.layer(*args, **kwargs)
        if self.gate:
            output = _positive_gradients_only(output)
        if tf.is_tensor(output):
            self.logits.outputs[self.key] = output
        return output


class Unchanged(keras.layers.Layer):
    """Takes the place of a softmax, with the same inputs."""

    def call(self, inputs, mask=None):
        return inputs


@tf.custom_gradient
def _positive_gradients_only(x):
    return tf.identity(x), tf.nn.relu


def last_feature_map(model: keras.Model, image_shape: Sequence[int] | None = None) -> str:
    """Return the name of the feature map that Grad-CAM explains: the last one larger than 1×1.

    It is taken after its batch normalisation and activation: "out_relu" in MobileNetV2, and
    "conv_pw_13_relu" in MobileNet, whose last convolution, "conv_preds", is 1×1.

    Parameters
    ----------
    model : keras.Model
    image_shape : (height, width, channels), optional
        Needed where the model leaves its input's size open.

    Raises
    ------
    ValueError
        If there is none, or the size is open and `image_shape` not given.
    """
    logits = Logits(model)
    shape = tuple(image_shape or model.inputs[0].shape[1:])
    if None in shape:
        raise ValueError(f"the model takes images of any size, {shape}: give image_shape.")
    logits(tf.zeros((1, *shape)))
    return logits.feature_map()[0]


def checked_images(model: keras.Model, images: ArrayLike) -> NDArray[np.float32]:
    """Return images as float32 (n, height, width, channels), or raise an error that explains."""
    _check(model)
    images = np.asarray(images, dtype=np.float32)
    if images.ndim != 4 or not len(images):
        raise ValueError(
            f"images have shape {images.shape}, not (n, height, width, channels) with n at least "
            "1: use images[np.newaxis] for one image, images[..., np.newaxis] for gray ones."
        )
    expected = tuple(model.inputs[0].shape[1:])
    if any(want not in (None, got) for want, got in zip(expected, images.shape[1:], strict=False)):
        raise ValueError(f"images have shape {images.shape}, but the model takes (n, *{expected}).")
    return images


def checked_classes(logits: Logits, images: NDArray, classes: Classes) -> NDArray[np.int64]:
    """Return one class index per image: the given one, or the one with the highest logit."""
    if classes is None:
        scores = np.concatenate([logits(part).numpy() for (part,) in batches(images)])
        return scores.argmax(axis=1)
    chosen = np.asarray(classes)
    if not np.issubdtype(chosen.dtype, np.integer) or chosen.shape not in ((), (len(images),)):
        raise ValueError(
            f"classes is {classes!r}: give one class index, or one per image ({len(images)})."
        )
    if chosen.min() < 0 or chosen.max() >= logits.count:
        raise ValueError(
            f"classes reach from {chosen.min()} to {chosen.max()}, but the model has "
            f"{logits.count} outputs."
        )
    return np.broadcast_to(chosen, len(images)).astype(np.int64)


def batch_size(images: NDArray) -> int:
    """Return how many images to take at once: gradients keep every layer's output in memory."""
    return max(1, 400_000 // (images.shape[1] * images.shape[2]))  # 8 of 224×224, 510 of 28×28


def batches(images: NDArray, *more: NDArray) -> Iterator[tuple[NDArray, ...]]:
    """Cut images, and arrays of the same length, into parts that fit into memory."""
    size = batch_size(images)
    for start in range(0, len(images), size):
        yield tuple(array[start : start + size] for array in (images, *more))


def score(logits: tf.Tensor, classes: ArrayLike) -> tf.Tensor:
    """Return each image's logit of its class, shape (n,)."""
    return tf.gather(logits, tf.convert_to_tensor(classes), axis=1, batch_dims=1)


def _check(model: keras.Model) -> None:
    if not _is_graph(model):
        raise ValueError(
            f"{getattr(model, 'name', model)!r} is not a Functional or built Sequential model: its "
            "layers cannot be followed. Give a Sequential model an Input, or rebuild a subclassed "
            "model with the Functional API."
        )
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(
            f"{model.name} has {len(model.inputs)} inputs and {len(model.outputs)} outputs: "
            "explain a model from one input to one output, keras.Model(input, output)."
        )
    if len(model.outputs[0].shape) != 2:
        raise ValueError(
            f"{model.name} gives {model.outputs[0].shape}, not one score per class, (n, classes)."
        )
    for layer in model._flatten_layers(include_self=False):  # those of nested models, too
        if getattr(layer, "data_format", None) == "channels_first":
            raise ValueError(
                f"{layer.name!r} of {model.name} has data_format 'channels_first', but images and "
                "feature maps are explained as (n, height, width, channels): build the model with "
                "'channels_last'."
            )


def _is_graph(layer: keras.layers.Layer) -> bool:
    """Whether a layer is a model whose layers can be followed one by one."""
    functional = isinstance(layer, keras.Model) and isinstance(layer, keras.Function)
    return functional or (isinstance(layer, keras.Sequential) and layer.built)


def _ends(model: keras.Model) -> tuple[Any, Any]:
    """Return a model's inputs and outputs in the structure that it is called with."""
    if isinstance(model, keras.Sequential):
        return model.inputs[0], model.outputs[0]
    return model.input, model.output


def _last_layer(model: keras.Model) -> keras.layers.Layer:
    """Return the layer that gives a model's output, inside nested models too."""
    layer = model.outputs[0]._keras_history.operation
    return _last_layer(layer) if _is_graph(layer) else layer


def _without_squashing(layer: keras.layers.Layer) -> keras.layers.Layer:
    """Return a layer without its softmax or sigmoid, on copies of the same weights."""
    if isinstance(layer, keras.layers.Softmax):
        return Unchanged(name=layer.name)
    if getattr(layer, "activation", None) not in _SQUASHING:
        return layer
    if isinstance(layer, keras.layers.Activation):
        return Unchanged(name=layer.name)
    linear = type(layer).from_config({**layer.get_config(), "activation": "linear"})
    linear.build_from_config(layer.get_build_config())
    linear.set_weights(layer.get_weights())
    return linear


def _rectifies(layer: keras.layers.Layer) -> bool:
    if isinstance(layer, keras.layers.ReLU):
        return not layer.negative_slope
    return getattr(layer, "activation", None) in _RECTIFYING


def _is_map(output: tf.Tensor) -> bool:
    return output.shape.rank == 4 and max(output.shape[1:3]) > 1
