"""Train the tiny network that lesson 02 transfers from when there is no download.

It learns Fashion-MNIST; its weights go into the package. Run from the course's folder, with real
Fashion-MNIST in the cache or a mirror::

    .venv/bin/python benchmarks/train_tiny_backbone.py

It takes some minutes on two cores. The epochs are fixed beforehand; the test accuracy that is
printed at the end chose nothing. Every digit of the weights depends on the machine, what they are
good for does not.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from course_lib import backbones, datasets, runtime

TARGET = Path(backbones.__file__).with_name(backbones.TINY_WEIGHTS)


BATCH_SIZE = 128


def varied(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shift, mirror and transpose each picture by chance, so that strokes of every direction occur.

    Clothes seen upright and centred teach a network little that helps with digits.
    """
    pictures = backbones.shifted(pictures, backbones.SHIFT, rng)
    left_right, upside_down, transposed = rng.random((3, len(pictures), 1, 1)) < 0.5
    pictures = np.where(left_right, pictures[:, :, ::-1], pictures)
    pictures = np.where(upside_down, pictures[:, ::-1], pictures)
    return np.where(transposed, pictures.transpose(0, 2, 1), pictures)


def scaled(pictures: np.ndarray) -> np.ndarray:
    """Give uint8 pictures the network's range, -1 to 1, and its axis of channels."""
    return pictures[..., np.newaxis].astype("float32") / 127.5 - 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=TARGET)
    options = parser.parse_args()

    runtime.setup(profile="quick", seed=options.seed)
    import keras

    clothes = datasets.load("fashion_mnist", "real")
    rng = np.random.default_rng(options.seed)
    x_test = scaled(clothes.x_test)
    network = backbones.tiny_network(weights=None)
    steps = options.epochs * -(-len(clothes.x_train) // BATCH_SIZE)
    rate = keras.optimizers.schedules.CosineDecay(
        3e-4, decay_steps=steps - steps // 5, warmup_target=3e-3, warmup_steps=steps // 5
    )
    network.compile(
        keras.optimizers.Adam(rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    start = time.perf_counter()
    for _ in range(options.epochs):
        x_train = scaled(varied(clothes.x_train, rng))
        network.fit(x_train, clothes.y_train, batch_size=BATCH_SIZE, verbose=2)
    accuracy = network.evaluate(x_test, clothes.y_test, batch_size=500, verbose=0)[1]
    bare = backbones.tiny_network(weights=None)  # without the optimizer, whose state is saved too
    bare.set_weights(network.get_weights())
    bare.save_weights(options.out)
    print(
        f"test accuracy {accuracy:.4f} after {time.perf_counter() - start:.0f} s; "
        f"{options.out.name}: {options.out.stat().st_size / 1e3:.0f} kB"
    )


if __name__ == "__main__":
    main()
