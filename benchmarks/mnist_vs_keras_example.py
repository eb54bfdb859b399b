"""Keras' example convnet for MNIST against lesson 01's network, at equal wall-clock time.

Both train on the lesson's training images, five seeds each, alternating in one process. The
example's network and settings are Keras' (batch 128, Adam at its default rate, softmax output,
dropout 0.5); it trains 6 epochs, where Keras' page trains 15. The lesson's network then trains
until the example's wall-clock time is used up; its learning rate follows the lesson's schedule
over the time that has passed. Test accuracy is measured once per trained network; nothing is
chosen by it.

Run from the course's folder, with real MNIST in the cache or a mirror::

    .venv/bin/python benchmarks/mnist_vs_keras_example.py

It takes about ten minutes on two cores and prints the table for lesson 01's bands.toml.

The example: https://keras.io/examples/vision/mnist_convnet/ (F. Chollet, 2015).
"""

from __future__ import annotations

import datetime
import os
import time

import numpy as np

from course_lib import datasets, runtime

SEEDS = range(5)
EXAMPLE_EPOCHS = 6
BATCH_SIZE = 128

runtime.setup(profile="quick", seed=0)
import keras  # noqa: E402
from keras import layers  # noqa: E402


def keras_example() -> keras.Model:
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def lesson_network() -> keras.Model:
    model = keras.Sequential([keras.Input((28, 28, 1))])
    for width in (16, 32):
        model.add(layers.Conv2D(width, 3, activation="relu"))
        model.add(layers.Conv2D(width, 3, activation="relu"))
        model.add(layers.MaxPooling2D(2))
    for layer in (
        layers.Flatten(),
        layers.Dropout(0.4),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.3),
        layers.Dense(10),
    ):
        model.add(layer)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-4), loss, metrics=["accuracy"])
    return model


class TimeBudget(keras.callbacks.Callback):
    """Ends training when the time is used up, and runs the lesson's schedule over that time."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds
        self.batches = 0
        self.start = time.perf_counter()

    def on_train_batch_begin(self, batch, logs=None):
        used = (time.perf_counter() - self.start) / self.seconds
        if used < 0.2:  # as the lesson: rise over the first fifth, then fall along a cosine
            rate = 3e-4 + (3e-3 - 3e-4) * used / 0.2
        else:
            rate = 3e-3 * (1 + np.cos(np.pi * min(1.0, (used - 0.2) / 0.8))) / 2
        self.model.optimizer.learning_rate = rate

    def on_train_batch_end(self, batch, logs=None):
        self.batches += 1
        if time.perf_counter() - self.start >= self.seconds:
            self.model.stop_training = True


def fit(model: keras.Model, x, y, epochs: int, callbacks=()) -> float:
    start = time.perf_counter()
    model.fit(x, y, batch_size=BATCH_SIZE, epochs=epochs, verbose=0, callbacks=list(callbacks))
    return time.perf_counter() - start


def main() -> None:
    digits = datasets.load("mnist", source="real")
    x_train = digits.x_train[..., np.newaxis].astype("float32") / 255
    x_test = digits.x_test[..., np.newaxis].astype("float32") / 255
    order = np.random.default_rng(0).permutation(len(x_train))[len(x_train) // 12 :]
    x_train, y_train, y_test = x_train[order], digits.y_train[order], digits.y_test

    accuracies: dict[str, list[float]] = {"Keras' example": [], "this lesson's network": []}
    seconds: dict[str, list[float]] = {name: [] for name in accuracies}
    epochs = []
    for seed in SEEDS:
        keras.utils.set_random_seed(seed)
        example = keras_example()
        budget = fit(example, x_train, y_train, EXAMPLE_EPOCHS)

        keras.utils.set_random_seed(seed)
        ours = lesson_network()
        clock = TimeBudget(budget)
        used = fit(ours, x_train, y_train, 1000, [clock])
        epochs.append(clock.batches * BATCH_SIZE / len(x_train))

        for name, model, time_used in zip(accuracies, (example, ours), (budget, used), strict=True):
            accuracy = model.evaluate(x_test, y_test, batch_size=500, verbose=0)[1]
            accuracies[name].append(round(accuracy, 4))
            seconds[name].append(time_used)
            print(f"seed {seed}: {name}: {accuracy:.4f} in {time_used:.0f} s", flush=True)

    example_time, our_time = (np.mean(times) for times in seconds.values())
    print("\n[measurements.mnist_vs_keras_example]")
    print(
        f'measured = "test accuracy on {datetime.date.today()}, CPU with {os.cpu_count()} cores, '
        f"seeds {SEEDS[0]} to {SEEDS[-1]}; the example trained {example_time:.0f} s "
        f"({EXAMPLE_EPOCHS} epochs), the lesson's network {our_time:.0f} s "
        f'({min(epochs):.1f} to {max(epochs):.1f} epochs)"'
    )
    for name, values in accuracies.items():
        print(f'rows."{name}" = {values}')


if __name__ == "__main__":
    main()
