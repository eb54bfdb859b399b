"""The network and the task that lesson 02 falls back to, and when it does."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib import backbones, datasets
from course_lib.datasets.data import Data
from course_lib.errors import DataError


@pytest.fixture(scope="module")
def digits() -> Data:
    return datasets.load("mnist", "sample")


def unreachable(name, *arguments, **options):
    raise DataError(f"{name} could not be had (the network is down).")


def test_the_sample_has_as_many_digits_of_each_class_as_promised():
    data = backbones.load_task("sample").data
    assert (np.bincount(data.y_train) == backbones.TRAIN_DIGITS).all()
    assert (np.bincount(data.y_val) == backbones.VAL_DIGITS).all()
    assert data.x_train.shape[1:] == data.x_val.shape[1:] == data.x_test.shape[1:] == (28, 28, 1)


def test_no_digit_is_in_two_parts(digits):
    few = backbones.few_shot(digits, shift=0)
    seen = [picture.tobytes() for picture in (*few.x_train, *few.x_val)]
    known = {picture.tobytes() for picture in digits.x_train}
    assert len(set(seen)) == len(seen)
    assert set(seen) <= known


def test_the_same_seed_draws_the_same_digits(digits):
    one, two = (backbones.few_shot(digits, seed=3) for _ in range(2))
    other = backbones.few_shot(digits, seed=4)
    assert (one.x_train == two.x_train).all()
    assert (one.x_train != other.x_train).any()


def test_too_many_digits_asked_for_are_refused(digits):
    with pytest.raises(ValueError, match=r"class 0 has \d+ pictures.*need 520"):
        backbones.few_shot(digits, train=500)


@given(st.integers(0, 6), st.integers(0, 2**32 - 1))
def test_a_shift_moves_the_ink_and_loses_none_that_stays_inside(most, seed):
    pictures = np.zeros((5, 28, 28), "uint8")
    pictures[:, 10:16, 8:18] = np.random.default_rng(0).integers(1, 256, (5, 6, 10))
    moved = backbones.shifted(pictures, most, np.random.default_rng(seed))
    assert moved.shape == pictures.shape
    assert moved.dtype == pictures.dtype
    assert (moved.sum(axis=(1, 2)) == pictures.sum(axis=(1, 2))).all()
    rows = [np.flatnonzero(picture.any(axis=1))[0] for picture in moved]
    assert all(abs(int(row) - 10) <= most for row in rows)


def test_without_weights_photographs_are_not_used_either(monkeypatch, capsys):
    monkeypatch.setattr(datasets, "fetch", unreachable)
    task = backbones.load_task("auto")
    assert (task.kind, task.data.name, task.weights) == ("sample", "mnist", {})
    said = capsys.readouterr().out
    assert "mobilenet_v2 could not be had" in said
    assert "together or not at all" in said


def test_without_photographs_the_weights_are_not_used_either(monkeypatch, capsys):
    load = datasets.load
    monkeypatch.setattr(datasets, "fetch", lambda name: SimpleNamespace(files={"top": None}))
    monkeypatch.setattr(
        datasets,
        "load",
        lambda name, *rest, **more: (unreachable if name == "cats_vs_dogs" else load)(
            name, *rest, **more
        ),
    )
    assert backbones.load_task("auto").kind == "sample"
    assert "cats_vs_dogs could not be had" in capsys.readouterr().out


def test_real_asked_for_and_not_there_is_an_error(monkeypatch):
    monkeypatch.setattr(datasets, "fetch", unreachable)
    with pytest.raises(DataError, match="mobilenet_v2 could not be had"):
        backbones.load_task("real")


def test_an_unknown_source_is_named(monkeypatch):
    monkeypatch.setattr(datasets, "fetch", lambda name: SimpleNamespace(files={}))
    with pytest.raises(DataError, match="no data source 'photos'"):
        backbones.load_task("photos")


def test_the_tiny_network_is_small_and_has_one_input_range_and_ten_logits():
    network = backbones.tiny_network()
    assert network.input_shape == (None, 28, 28, 1)
    assert network.output_shape == (None, 10)
    assert network.count_params() < 100_000


def test_the_backbone_is_the_network_without_its_end():
    import keras

    network = backbones.tiny_network()
    backbone = backbones.tiny_network(include_top=False)
    picture = np.random.default_rng(0).uniform(-1, 1, (2, 28, 28, 1)).astype("float32")
    inside = keras.Model(network.input, network.get_layer("block2b_relu").output)
    assert np.allclose(backbone(picture), inside(picture))


def test_random_weights_are_others_and_unknown_weights_are_refused():
    trained, fresh = backbones.tiny_network(), backbones.tiny_network(weights=None)
    assert not np.allclose(trained.get_weights()[0], fresh.get_weights()[0])
    with pytest.raises(ValueError, match="weights is 'imagenet'"):
        backbones.tiny_network(weights="imagenet")


@pytest.mark.slow
def test_the_tiny_network_knows_clothes(mirror):
    clothes = datasets.load("fashion_mnist", "real")
    x_test = clothes.x_test[:2000, ..., np.newaxis].astype("float32") / 127.5 - 1
    said = backbones.tiny_network().predict(x_test, batch_size=500, verbose=0).argmax(axis=1)
    assert np.mean(said == clothes.y_test[:2000]) > 0.88


@pytest.mark.slow
def test_real_photographs_come_with_the_weights(mirror):
    task = backbones.load_task("real", size=32)
    assert task.data.x_train.shape == (600, 32, 32, 3)
    assert {"top", "no_top", "classes"} <= set(task.weights)
