"""Assignment 09's reference solutions take the steps of Keras' own optimisers."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from answer_tables import Assignment

ASSIGNMENT = Assignment.load("09")


def reference(question: str):
    namespace: dict = {}
    exec(ASSIGNMENT.reference(question).source, namespace)
    return namespace[question]


def keras_changes(optimizer, gradients):
    w, changes = keras.Variable(np.zeros(gradients.shape[1], "float32")), []
    for gradient in gradients.astype("float32"):
        w.assign(np.zeros(len(gradient), "float32"))
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [w])
        changes.append(w.numpy())
    return np.array(changes)


@pytest.mark.parametrize(
    ("kind", "optimizer"),
    [
        ("adagrad", lambda: keras.optimizers.Adagrad(0.01, initial_accumulator_value=0.0)),
        ("rmsprop", lambda: keras.optimizers.RMSprop(0.01, rho=0.9)),
        ("adam", lambda: keras.optimizers.Adam(0.01)),
    ],
)
def test_an_adaptive_rule_takes_the_steps_of_keras(kind, optimizer):
    rng = np.random.default_rng(0)
    gradients = 10 ** rng.uniform(-1, 1, (20, 6)) * rng.choice([-1, 1], (20, 6))
    ours = reference("adaptive_steps")(kind, gradients, 0.01, 0.9, 0.999)
    # ε = 1e-7 inside the root counts for 5e-5 where the mean square is 0.001.
    np.testing.assert_allclose(keras_changes(optimizer(), gradients), ours, rtol=6e-5)


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_takes_the_path_of_keras_whose_variable_is_the_look_ahead_point(nesterov):
    hessian, start = np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([3.0, -2.0])
    path = reference("descend")(hessian, start, 0.1, 0.8, nesterov, 12)
    optimizer = keras.optimizers.SGD(0.1, momentum=0.8, nesterov=nesterov)
    w, theirs = keras.Variable(start.astype("float32")), [start]
    for _ in range(12):
        gradient = hessian.astype("float32") @ w.numpy()
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [w])
        theirs.append(w.numpy())
    velocity = np.diff(path, axis=0, prepend=path[:1])
    np.testing.assert_allclose(theirs, path + 0.8 * velocity * nesterov, atol=1e-5)
