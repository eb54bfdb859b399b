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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=TARGET)
    options = parser.parse_args()

    runtime.setup(profile="quick", seed=options.seed)
    import keras

    clothes = datasets.load("fashion_mnist", "real")
    x_train, x_test = (
        images[..., np.newaxis].astype("float32") / 127.5 - 1
        for images in (clothes.x_train, clothes.x_test)
    )
    network = backbones.tiny_network(weights=None)
    steps = options.epochs * -(-len(x_train) // 128)
    rate = keras.optimizers.schedules.CosineDecay(
        3e-4, decay_steps=steps - steps // 5, warmup_target=3e-3, warmup_steps=steps // 5
    )
    network.compile(
        keras.optimizers.Adam(rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    start = time.perf_counter()
    network.fit(x_train, clothes.y_train, batch_size=128, epochs=options.epochs, verbose=2)
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
