"""Networks trained side by side are the networks that Keras trains one by one."""

import keras
import numpy as np
import pytest

from course_lib.automl.tuning_table import predictions_side_by_side


@pytest.fixture
def points():
    """Noisy points of three classes, of which 96 are to train on and 300 to predict."""
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=396)
    centres = np.array([[0, 2], [2, 0], [-2, -1]])
    x = (centres[labels] + rng.normal(size=(396, 2))).astype("float32")
    return x[:96], labels[:96], x[96:], labels[96:]


def together(points, **options):
    x, y, x_new, _ = points
    defaults = {
        "units": 8, "learning_rates": [0.01, 0.1], "runs": 3, "epochs": 4, "batch_size": 32,
        "n_classes": 3,
    }  # fmt: skip
    return predictions_side_by_side(x, y, x_new, **{**defaults, **options})


def keras_alone(points, kernels, rate, orders):
    """What one network predicts that Keras trains from the same start on the same batches."""
    x, y, x_new, _ = points
    network = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(3)]
    )
    network.set_weights([kernels[0], np.zeros(8), kernels[1], np.zeros(3)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(rate), loss)
    predicted = []
    for order in orders:
        for batch in order:
            network.train_on_batch(x[batch], y[batch])
        predicted.append(network.predict(x_new, verbose=0).argmax(axis=1))
    return np.array(predicted)


def test_each_predicts_what_keras_would(points):
    predicted = together(points, seed=5)
    rng = np.random.default_rng(5)  # draws in the same order: kernels, then the epochs' batches
    kernels = [
        rng.uniform(-np.sqrt(6 / (a + b)), np.sqrt(6 / (a + b)), (3, a, b))
        for a, b in ((2, 8), (8, 3))
    ]
    orders = [rng.permutation(96).reshape(3, 32) for _ in range(4)]
    for rate, by_rate in zip((0.01, 0.1), predicted, strict=True):
        for run in range(3):
            alone = keras_alone(points, [kernel[run] for kernel in kernels], rate, orders)
            assert np.mean(alone == by_rate[run]) > 0.995  # a point on the border may round over


def test_shape_is_rates_runs_epochs_points(points):
    assert together(points, runs=2, epochs=5).shape == (2, 2, 5, 300)


def test_they_learn_and_runs_differ(points):
    predicted = together(points, epochs=20)
    accuracy = np.mean(predicted[1, :, -1] == points[3], axis=-1)
    assert np.all(accuracy > 0.8)
    assert np.any(predicted[1, 0, 0] != predicted[1, 1, 0])


def test_the_same_seed_gives_the_same_predictions(points):
    assert np.array_equal(together(points, seed=3), together(points, seed=3))
    assert not np.array_equal(together(points, seed=3), together(points, seed=4))
