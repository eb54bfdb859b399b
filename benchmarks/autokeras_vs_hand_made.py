"""AutoKeras' search against lesson 01's network, at equal time, on lesson 06's images.

Both get the same training and validation images, as lesson 06 divides them. AutoKeras searches for
some seconds of wall-clock time; lesson 01's network then gets as many seconds of the processor's
time as the search took of it, so that other programs on the machine favour neither. AutoKeras
spends them on a search among convolutional networks and gives the best by validation accuracy;
lesson 01's network spends them on one training, with the learning rate's course of lesson 01. Test
accuracy is measured once per network; nothing is chosen by it.

Run from the course's folder::

    .venv/bin/python benchmarks/autokeras_vs_hand_made.py --data real --seconds 40 --seeds 3

On a quiet machine it takes twice the seconds for each seed. It prints the table for
course_lib/expected.toml.
"""

from __future__ import annotations

import argparse
import datetime
import os
import statistics
import time

import numpy as np

from course_lib import runtime

runtime.setup(profile="quick", seed=0)
import keras  # noqa: E402
from keras import layers  # noqa: E402

from course_lib import automl, datasets  # noqa: E402


def hand_made() -> keras.Model:
    """Lesson 01's convolutional network in the quick profile."""
    network = keras.Sequential([keras.Input((28, 28, 1))])
    for width in (16, 32):
        network.add(layers.Conv2D(width, 3, activation="relu"))
        network.add(layers.Conv2D(width, 3, activation="relu"))
        network.add(layers.MaxPooling2D(2))
    network.add(layers.Flatten())
    network.add(layers.Dropout(0.4))
    network.add(layers.Dense(128, activation="relu"))
    network.add(layers.Dropout(0.3))
    network.add(layers.Dense(10))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(), loss, metrics=["accuracy"])
    return network


def searched(ak, x, y, validation_data, *, seconds: float, seed: int) -> automl.Search:
    """Lesson 06's search among convolutional networks."""

    def space(folder):
        image = ak.ImageInput()
        network = ak.ConvBlock()(ak.Normalization()(image))
        return ak.AutoModel(
            image, ak.ClassificationHead()(network), objective="val_accuracy", max_trials=50,
            directory=folder, seed=1000 * (seed + 1),
        )  # fmt: skip

    return automl.search(
        space, x, y, validation_data=validation_data, epochs=10, seconds=seconds, seed=seed,
        title="Benchmark", again=True,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="real", choices=["real", "sample"])
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()

    ak = automl.autokeras()
    digits = datasets.load("mnist", source=options.data)
    x_test, y_test = digits.x_test[..., np.newaxis].astype("float32"), digits.y_test
    accuracies: dict[str, list[float]] = {"AutoKeras": [], "lesson 01's network": []}
    trials, spent = [], []
    for seed in range(options.seeds):
        order = np.random.default_rng(seed).permutation(len(digits.x_train))[:6000]
        x = digits.x_train[order, ..., np.newaxis].astype("float32")
        y = digits.y_train[order].astype("int64")
        n_validation = len(x) // 6
        validation = x[:n_validation], y[:n_validation]
        x, y = x[n_validation:], y[n_validation:]

        started = time.process_time()
        found = searched(ak, x, y, validation, seconds=options.seconds, seed=seed)
        trials.append(len(found.trials))
        network = hand_made()
        spent.append(time.process_time() - started)
        clock = automl.TimedSchedule(spent[-1], clock=time.process_time)
        network.fit(x / 255, y, batch_size=32, epochs=10**6, verbose=0, callbacks=[clock])

        for name, model, scale in zip(accuracies, (found.model, network), (1, 255), strict=True):
            said = model.predict(x_test / scale, batch_size=500, verbose=0).argmax(axis=1)
            accuracies[name].append(round(float(np.mean(said == y_test)), 4))
            print(f"seed {seed}: {name}: {accuracies[name][-1]:.4f}", flush=True)

    print(f"\n[measurements.autokeras_vs_hand_made_{digits.kind}]")
    print(
        f'measured = "test accuracy on {datetime.date.today()}, {len(x):,} {digits.kind} training '
        f"images, {statistics.mean(spent):.0f} s of processor time for each, CPU with "
        f"{os.cpu_count()} cores, "
        f"seeds 0 to {options.seeds - 1}; AutoKeras tried {min(trials)} to {max(trials)} networks, "
        f'{statistics.mean(trials):.0f} on average"'
    )
    for name, values in accuracies.items():
        print(f'rows."{name}" = {values}')


if __name__ == "__main__":
    main()
