"""Keras' example convnet for MNIST against lesson 01's network, at equal wall-clock time.

Both train on the lesson's training images, five seeds each, alternating in one process. The
example runs its 6 epochs as published by Keras (batch 128, Adam at its default rate, softmax
output, dropout 0.5); the lesson's network gets as many epochs as fit into the time that the
example took, and its learning-rate schedule is laid out for that number. Test accuracy is
measured once per trained network; nothing is chosen by it.

Run from the course's folder, with real MNIST in the cache or a mirror::

    .venv/bin/python benchmarks/mnist_vs_keras_example.py

It takes about ten minutes on two cores and prints the table for course_lib/expected.toml.

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


def lesson_network(steps: int) -> keras.Model:
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
    warmup = max(1, steps // 5)
    rate = keras.optimizers.schedules.CosineDecay(
        3e-4, decay_steps=max(1, steps - warmup), warmup_target=3e-3, warmup_steps=warmup
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    return model


def fit(model: keras.Model, x, y, epochs: int) -> float:
    start = time.perf_counter()
    model.fit(x, y, batch_size=BATCH_SIZE, epochs=epochs, verbose=0)
    return time.perf_counter() - start


def main() -> None:
    digits = datasets.load("mnist", source="real")
    x_train = digits.x_train[..., np.newaxis].astype("float32") / 255
    x_test = digits.x_test[..., np.newaxis].astype("float32") / 255
    order = np.random.default_rng(0).permutation(len(x_train))[len(x_train) // 12 :]
    x_train, y_train, y_test = x_train[order], digits.y_train[order], digits.y_test
    steps_per_epoch = -(-len(x_train) // BATCH_SIZE)

    keras.utils.set_random_seed(99)
    one_epoch = fit(lesson_network(steps_per_epoch), x_train, y_train, 1)  # traces, and is timed
    accuracies: dict[str, list[float]] = {"Keras' example": [], "this lesson's network": []}
    seconds: dict[str, list[float]] = {name: [] for name in accuracies}
    all_epochs = []
    for seed in SEEDS:
        keras.utils.set_random_seed(seed)
        example = keras_example()
        budget = fit(example, x_train, y_train, EXAMPLE_EPOCHS)

        # Whole epochs that surely fit: the schedule must know its length before it starts.
        epochs = max(1, int(budget / one_epoch))
        keras.utils.set_random_seed(seed)
        ours = lesson_network(epochs * steps_per_epoch)
        used = fit(ours, x_train, y_train, epochs)
        one_epoch = used / epochs
        all_epochs.append(epochs)

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
        f'({min(all_epochs)} to {max(all_epochs)} epochs)"'
    )
    for name, values in accuracies.items():
        print(f'rows."{name}" = {values}')


if __name__ == "__main__":
    main()
