"""A table of the scores of every configuration of a small network, trained side by side.

Comparing methods of search needs hundreds of searches, and each needs dozens of networks. Where
the search space is small, every configuration is trained once, several times over, and a search
looks its scores up: a tabular benchmark (Ying et al., 2019).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray


def predictions_side_by_side(
    x: ArrayLike,
    y: ArrayLike,
    x_new: ArrayLike,
    *,
    units: int,
    learning_rates: Sequence[float],
    runs: int,
    epochs: int,
    batch_size: int = 32,
    n_classes: int = 10,
    seed: int = 0,
) -> NDArray[np.uint8]:
    """Train one network for each learning rate and run, all at once, and let them predict.

    Each is Keras' network of ``Dense(units, "relu")``, ``Dense(n_classes)``, cross-entropy and
    ``Adam(learning_rate)``. All are one stack of matrices, so that each operation serves all
    of them and is compiled once. Run number i starts from the same random weights under every
    learning rate; the order of the batches is the same for all.

    Parameters
    ----------
    x, y : arrays, shapes (n, features) and (n,)
        Training examples as float32, and their classes; at least one batch of them.
    x_new : array, shape (m, features)
        The examples to predict after every epoch.
    units : int
        Width of the hidden layer.
    learning_rates : sequence of float, length r
    runs, epochs : int
    batch_size : int
        A last incomplete batch is left out of the epoch.
    n_classes : int
        At most 256.
    seed : int

    Returns
    -------
    array of uint8, shape (r, runs, epochs, m)
        The classes predicted after each epoch.

    References
    ----------
    Kingma, D. P. and Ba, J. (2015). Adam: a method for stochastic optimization. Algorithm 1, in the
    form at the end of section 2, which Keras uses too.
    Ying, C. et al. (2019). NAS-Bench-101: towards reproducible neural architecture search. ICML.
    """
    x, y = np.asarray(x, dtype="float32"), np.asarray(y, dtype="int32")
    rng = np.random.default_rng(seed)
    stack = _Stack(x.shape[1], units, n_classes, np.asarray(learning_rates), runs, rng)
    train = tf.function(stack.train)
    predict = tf.function(stack.predict)
    x_new = tf.constant(np.asarray(x_new, dtype="float32"))
    steps = len(x) // batch_size
    predicted = []
    for _ in range(epochs):
        order = rng.permutation(len(x))[: steps * batch_size].reshape(steps, batch_size)
        train(tf.constant(x), tf.constant(y), tf.constant(order))
        predicted.append(predict(x_new).numpy().astype(np.uint8))
    predicted = np.stack(predicted, axis=1)
    return predicted.reshape(len(learning_rates), runs, epochs, -1)


class _Stack:
    """Networks of one shape, one above the other: every variable has them on its first axis."""

    def __init__(self, features, units, n_classes, learning_rates, runs, rng) -> None:
        self.count = len(learning_rates) * runs
        rates = np.repeat(learning_rates, runs).astype("float32")
        self.rates = tf.constant(rates[:, None, None])
        self.step = tf.Variable(0.0)
        self.variables = []
        for inputs, outputs in ((features, units), (units, n_classes)):
            limit = np.sqrt(6 / (inputs + outputs))  # Glorot and Bengio, as Keras' default
            kernel = rng.uniform(-limit, limit, (runs, inputs, outputs)).astype("float32")
            self.variables += [
                tf.Variable(np.tile(kernel, (len(learning_rates), 1, 1))),
                tf.Variable(tf.zeros((self.count, 1, outputs))),
            ]
        self.means = [tf.Variable(tf.zeros_like(variable)) for variable in self.variables]
        self.squares = [tf.Variable(tf.zeros_like(variable)) for variable in self.variables]

    def logits(self, x):
        kernel1, bias1, kernel2, bias2 = self.variables
        return tf.matmul(tf.nn.relu(tf.matmul(x[None], kernel1) + bias1), kernel2) + bias2

    def predict(self, x):
        return tf.argmax(self.logits(x), axis=-1)

    def train(self, x, y, order):
        for batch in order:
            labels = tf.repeat(tf.gather(y, batch)[None], self.count, axis=0)
            with tf.GradientTape() as tape:
                logits = self.logits(tf.gather(x, batch))
                losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
                loss = tf.reduce_sum(tf.reduce_mean(losses, axis=1))  # nobody's gradient mixes
            self.apply(tape.gradient(loss, self.variables))

    def apply(self, gradients):
        self.step.assign_add(1.0)
        rates = self.rates * tf.sqrt(1 - 0.999**self.step) / (1 - 0.9**self.step)
        moments = zip(self.variables, self.means, self.squares, gradients, strict=True)
        for variable, mean, square, gradient in moments:
            mean.assign(0.9 * mean + 0.1 * gradient)
            square.assign(0.999 * square + 0.001 * gradient**2)
            variable.assign_sub(rates * mean / (tf.sqrt(square) + 1e-7))
