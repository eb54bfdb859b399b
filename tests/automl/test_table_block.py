"""The course's block for tables builds what its hyper-parameters say."""

from __future__ import annotations

import keras
import numpy as np
import pytest

pytest.importorskip("autokeras", reason="the extra course-lib[automl] is missing")

import keras_tuner

from course_lib import automl


def build(**values) -> keras.Model:
    hp = keras_tuner.HyperParameters()
    hp.values = {f"rows/{name}": value for name, value in values.items()}
    table = keras.Input((5,))
    return keras.Model(table, automl.TableBlock(most_layers=4, name="rows").build(hp, table))


def kinds(model: keras.Model) -> list[str]:
    return [type(layer).__name__ for layer in model.layers[1:]]


def test_a_plain_stack():
    model = build(width=64, shortcut=False, layers=3)
    assert kinds(model) == ["Normalization", "Dense", "Dense", "Dense"]
    assert model.output.shape == (None, 64)


def test_shortcuts_go_around_every_layer_but_the_first():
    model = build(width=32, shortcut=True, layers=3)
    assert kinds(model) == ["Normalization", "Dense", "Dense", "Add", "Dense", "Add"]


def test_its_space_is_what_it_was_given():
    hp = keras_tuner.HyperParameters()
    automl.TableBlock(most_layers=2, widths=(8, 16), name="rows").build(hp, keras.Input((5,)))
    space = {entry.name: entry for entry in hp.space}
    assert sorted(space) == ["rows/layers", "rows/shortcut", "rows/width"]
    assert list(space["rows/width"].values) == [8, 16]
    assert (space["rows/layers"].min_value, space["rows/layers"].max_value) == (1, 2)


def test_it_can_be_written_down_and_made_again():
    block = automl.TableBlock(most_layers=2, widths=(8,), name="prices")
    again = automl.TableBlock.from_config(block.get_config())
    assert again.get_config() == block.get_config()


def test_the_columns_are_standardised_first():
    model = build(width=32, shortcut=False, layers=1)
    rows = np.random.default_rng(0).normal(100, 50, (400, 5)).astype("float32")
    normalization = model.layers[1]
    normalization.adapt(rows)
    scaled = np.asarray(normalization(rows))
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(scaled.std(axis=0), 1, atol=1e-3)
