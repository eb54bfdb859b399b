"""Train the tiny network that lesson 02 transfers from when there is no download.

It learns Fashion-MNIST in two ways at once: to name the garment (cross-entropy), and to tell
whether two moved and slightly turned pictures show the same one (contrastive learning, the NT-Xent
loss of SimCLR). Named alone, features forget what clothes have no use for; the second task keeps
shapes. Half of the pictures are outlines, which are closer to strokes. No digit is ever seen. Run
from the course's folder, with real Fashion-MNIST in the cache or a mirror::

    .venv/bin/python benchmarks/train_tiny_backbone.py

It takes some minutes on two cores. The epochs are fixed beforehand; the test accuracy printed at
the end chose nothing. The digits of the weights depend on the machine, what they are good for
does not.

References
----------
Chen, T., Kornblith, S., Norouzi, M. and Hinton, G. (2020). A simple framework for contrastive
learning of visual representations. ICML, section 2.1.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from course_lib import backbones, datasets, runtime

TARGET = Path(backbones.__file__).with_name(backbones.TINY_WEIGHTS)
BATCH_SIZE = 256
TEMPERATURE = 0.2
MOMENTUM = 0.98  # of the moving averages, while there are few steps to fill them


def varied(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mirror and transpose each picture by chance, and draw the outlines of half of them.

    Parameters
    ----------
    pictures : array of float, shape (n, 28, 28), in [0, 1]
    """
    left_right, upside_down, transposed, outlined = rng.random((4, len(pictures), 1, 1)) < 0.5
    pictures = np.where(left_right, pictures[:, :, ::-1], pictures)
    pictures = np.where(upside_down, pictures[:, ::-1], pictures)
    pictures = np.where(transposed, pictures.transpose(0, 2, 1), pictures)
    steps = [np.abs(pictures - np.roll(pictures, 1, axis)) for axis in (1, 2)]
    return np.where(outlined, np.minimum(1.5 * (steps[0] + steps[1]), 1), pictures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=TARGET)
    options = parser.parse_args()

    runtime.setup(profile="quick", seed=options.seed)
    import keras
    import tensorflow as tf

    clothes = datasets.load("fashion_mnist", "real")
    rng = np.random.default_rng(options.seed)
    network = backbones.tiny_network(weights=None)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = MOMENTUM
    # Coarse places are kept: four quarters of the last maps are projected, not their mean alone.
    maps = keras.layers.Flatten()(keras.layers.AveragePooling2D(3)(network.get_layer("pool").input))
    projection = keras.layers.Dense(64)(keras.layers.Dense(128, activation="relu")(maps))
    learner = keras.Model(network.input, [network.output, projection])
    move = keras.Sequential(
        [
            keras.layers.RandomTranslation(0.15, 0.15, fill_mode="constant"),
            keras.layers.RandomRotation(0.04, fill_mode="constant"),
            keras.layers.RandomZoom(0.15, fill_mode="constant"),
        ]
    )
    steps = len(clothes.x_train) // BATCH_SIZE
    total = options.epochs * steps
    optimizer = keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(
            3e-4, decay_steps=total - total // 5, warmup_target=3e-3, warmup_steps=total // 5
        )
    )
    optimizer.build(learner.trainable_variables)
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    partner = tf.concat([tf.range(BATCH_SIZE) + BATCH_SIZE, tf.range(BATCH_SIZE)], 0)

    @tf.function
    def step(pictures, labels):
        views = tf.concat([move(pictures, training=True), move(pictures, training=True)], 0)
        with tf.GradientTape() as tape:
            logits, projected = learner(2 * views - 1, training=True)
            towards = tf.math.l2_normalize(projected, axis=1)
            similarity = tf.matmul(towards, towards, transpose_b=True) / TEMPERATURE
            similarity -= 1e9 * tf.eye(2 * BATCH_SIZE)  # a view is not its own partner
            naming = cross_entropy(tf.concat([labels, labels], 0), logits)
            matching = cross_entropy(partner, similarity)
            loss = naming + matching
        gradients = tape.gradient(loss, learner.trainable_variables)
        optimizer.apply(gradients, learner.trainable_variables)
        return naming, matching

    start = time.perf_counter()
    for epoch in range(options.epochs):
        losses = []
        order = rng.permutation(len(clothes.x_train))[: steps * BATCH_SIZE]
        for batch in order.reshape(steps, BATCH_SIZE):
            pictures = varied(clothes.x_train[batch].astype("float32") / 255, rng)
            losses.append(step(tf.constant(pictures[..., None]), clothes.y_train[batch]))
        naming, matching = np.mean(losses, axis=0)
        print(
            f"epoch {epoch + 1}: naming {naming:.3f}, matching {matching:.3f}, "
            f"{time.perf_counter() - start:.0f} s",
            flush=True,
        )

    bare = backbones.tiny_network(weights=None)
    bare.set_weights(network.get_weights())
    bare.save_weights(options.out)
    x_test = clothes.x_test[..., np.newaxis].astype("float32") / 127.5 - 1
    said = bare.predict(x_test, batch_size=500, verbose=0).argmax(axis=1)
    print(
        f"test accuracy {np.mean(said == clothes.y_test):.4f}; "
        f"{options.out.name}: {options.out.stat().st_size / 1e3:.0f} kB"
    )


if __name__ == "__main__":
    main()
