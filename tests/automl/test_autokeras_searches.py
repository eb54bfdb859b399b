"""AutoKeras' searches run, export, save and read, on whichever Keras is installed.

`test_newest_keras` runs this module in other environments, where of the test tools only pytest
is there, and no conftest.py.
"""

from __future__ import annotations

import time

import keras
import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits

pytest.importorskip("autokeras", reason="the extra course-lib[automl] is missing")

from course_lib import automl

pytestmark = pytest.mark.slow

ak = automl.autokeras()

DIGITS = load_digits()
IMAGES, LABELS = DIGITS.images[..., None].astype("float32") / 16, DIGITS.target.astype("int64")
ROWS, TARGETS = (array.astype("float32") for array in load_diabetes(return_X_y=True))


@pytest.fixture(autouse=True)
def _empty_cache(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "cache"))


def image_classifier(folder):
    return ak.ImageClassifier(max_trials=1, directory=folder, seed=1)


def image_blocks(folder):
    image = ak.ImageInput()
    network = ak.ConvBlock()(ak.ImageAugmentation()(ak.Normalization()(image)))
    answer = ak.ClassificationHead()(ak.DenseBlock()(network))
    return ak.AutoModel(
        image, answer, objective="val_accuracy", max_trials=2, directory=folder, seed=1
    )


def table_with(tuner):
    def set_up(folder):
        table = ak.Input()
        answer = ak.RegressionHead()(automl.TableBlock()(table))
        return ak.AutoModel(table, answer, tuner=tuner, max_trials=2, directory=folder, seed=1)

    return set_up


def structured_data(folder):
    table = ak.StructuredDataInput()
    answer = ak.RegressionHead()(ak.StructuredDataBlock()(table))
    return ak.AutoModel(table, answer, max_trials=1, directory=folder, seed=1)


def search_images(space, **changes):
    options = {"epochs": 3, "seconds": 300, "title": "Images", "seed": 0} | changes
    held_out = IMAGES[800:1100], LABELS[800:1100]
    return automl.search(space, IMAGES[:800], LABELS[:800], validation_data=held_out, **options)


def search_rows(space):
    held_out = ROWS[350:], TARGETS[350:]
    options = {"epochs": 5, "seconds": 300, "title": "Rows", "seed": 0}
    return automl.search(space, ROWS[:350], TARGETS[:350], validation_data=held_out, **options)


def check_saved(model: keras.Model, x, tmp_path) -> None:
    """A network that is written and read again says the same."""
    model.save(tmp_path / "network.keras")
    again = keras.models.load_model(tmp_path / "network.keras")
    expected, said = (np.asarray(network(x, training=False)) for network in (model, again))
    np.testing.assert_allclose(said, expected, rtol=1e-4, atol=1e-5)


def test_the_image_classifier_finds_a_network_that_reads_digits(tmp_path):
    found = search_images(image_classifier)
    said = np.asarray(found.model(IMAGES[1100:], training=False)).argmax(axis=1)
    assert np.mean(said == LABELS[1100:]) > 0.7  # ten classes in the order of their labels
    check_saved(found.model, IMAGES[1100:], tmp_path)

    retrained = keras.models.clone_model(found.model)
    for old, new in zip(found.model.layers, retrained.layers, strict=True):
        if isinstance(old, keras.layers.Normalization):
            new.set_weights(old.get_weights())
    retrained.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = retrained.fit(IMAGES[:800], LABELS[:800], epochs=3, verbose=0)
    assert history.history["accuracy"][-1] > 0.5

    assert search_images(image_classifier).cached


def test_a_graph_of_blocks_is_searched(tmp_path):
    found = search_images(image_blocks, epochs=1)
    assert [trial.status for trial in found.trials] == ["finished", "finished"]
    check_saved(found.model, IMAGES[1100:], tmp_path)


def test_a_search_stops_at_its_budget_though_a_trial_would_take_hours():
    start = time.monotonic()
    found = search_images(image_blocks, epochs=100_000, seconds=20.0)
    took = time.monotonic() - start
    assert [trial.status for trial in found.trials] == ["cut short"]
    assert found.trials[0].epochs >= 1
    print(f"budget 20.0 s, took {took:.1f} s")
    assert took < 600  # how long the last validation takes is the machine's affair


@pytest.mark.parametrize("tuner", ["greedy", "bayesian", "hyperband", "random"])
def test_a_table_is_searched_with_the_courses_block(tuner, tmp_path):
    found = search_rows(table_with(tuner))
    assert found.direction == "min"
    assert found.best.score < np.mean(TARGETS[350:] ** 2)  # less than always saying 0
    check_saved(found.model, ROWS[350:], tmp_path)


def test_autokeras_own_block_for_tables_takes_numbers(tmp_path):
    found = search_rows(structured_data)
    check_saved(found.model, ROWS[350:], tmp_path)


def test_autokeras_alone_splits_the_data_trains_the_best_again_and_predicts_labels(tmp_path):
    model = ak.ImageClassifier(max_trials=1, directory=tmp_path, seed=1)
    model.fit(IMAGES[:400], LABELS[:400], epochs=2, verbose=0)
    said = model.predict(IMAGES[1100:1200], verbose=0)
    assert said.shape == (100, 1)
    assert np.mean(said.ravel().astype("int64") == LABELS[1100:1200]) > 0.2
    check_saved(model.export_model(), IMAGES[1100:1200], tmp_path)
