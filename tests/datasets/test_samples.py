from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier

from course_lib import datasets
from course_lib.datasets import cars, census, samples, table
from course_lib.datasets.drawings import scenes, street_view
from course_lib.datasets.drawings.garments import garments
from course_lib.datasets.drawings.pets import pet_portraits


def accuracy_of_a_linear_model(x_train, y_train, x_test, y_test) -> float:
    model = RidgeClassifier(alpha=10)
    flat = [x.reshape(len(x), -1) / 255 for x in (x_train, x_test)]
    return model.fit(flat[0], y_train).score(flat[1], y_test)


@pytest.fixture(scope="module")
def digits():
    return samples.mnist()


def test_digits_look_like_mnist(digits):
    x = digits["x_train"]
    assert (x.shape, x.dtype) == ((1437, 28, 28), "uint8")
    assert digits["x_test"].shape == (360, 28, 28)
    assert x.max() == 255
    assert x[:, :4].max() == x[:, :, :4].max() == 0  # the same empty margin
    assert 0.1 < (x > 127).mean() < 0.25


def test_digits_are_split_with_equal_shares(digits):
    shares = np.bincount(digits["y_test"]) / 360
    assert np.ptp(shares) < 0.02


def test_digits_are_learnable_but_not_trivial(digits):
    parts = (digits[part] for part in ("x_train", "y_train", "x_test", "y_test"))
    assert 0.92 < accuracy_of_a_linear_model(*parts) < 0.99


def test_clothing_is_learnable_but_not_trivial():
    score = accuracy_of_a_linear_model(*garments(1000, seed=1), *garments(300, seed=2))
    assert 0.6 < score < 0.93


def test_portraits_are_not_told_apart_by_colour():
    train, test = pet_portraits(200, (32, 32), 1), pet_portraits(200, (32, 32), 2)
    colours = [x.reshape(len(x), -1, 3).mean(1) for x in (train[0], test[0])]
    model = LogisticRegression().fit(colours[0], train[1])
    assert 0.35 < model.score(colours[1], test[1]) < 0.65


@pytest.mark.parametrize("n", [0, 3, 8])
def test_as_many_pictures_are_drawn_as_asked_for(n):
    assert garments(n, seed=0)[0].shape == (n, 28, 28)
    assert pet_portraits(n, (20, 30), 0)[0].shape == (n, 20, 30, 3)
    assert scenes.scenes(n, 36, 48, 0)[0].shape == (n, 36, 48, 3)


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: garments(4, seed),
        lambda seed: pet_portraits(4, (40, 40), seed),
        lambda seed: scenes.scenes(2, 60, 80, seed),
        lambda seed: table.housing_table(50, seed),
        lambda seed: cars.car_table(50, seed),
        lambda seed: census.census_table(50, seed),
    ],
    ids=["clothing", "portraits", "scenes", "table", "cars", "census"],
)
def test_a_seed_decides_everything(make):
    for once, twice, other in zip(make(1), make(1), make(2), strict=True):
        np.testing.assert_array_equal(once, twice)
        assert not np.array_equal(once, other)


def test_scenes_show_every_class_of_camvid():
    _, masks = scenes.scenes(20, 180, 240, seed=0)
    shares = np.bincount(masks.ravel(), minlength=12) / masks.size
    assert shares.min() > 0.0005
    assert 0.2 < shares[street_view.ROAD] < 0.45
    assert 0.1 < shares[street_view.SKY] < 0.3
    assert len(shares) == len(scenes.CLASS_NAMES) == len(scenes.PALETTE) == 12


def test_scenes_are_not_solved_by_where_things_usually_are():
    _, masks = scenes.scenes(40, 60, 80, seed=0)
    counts = np.stack([(masks[:30] == label).sum(0) for label in range(12)])
    usual = counts.argmax(0)
    assert 0.4 < (usual == masks[30:]).mean() < 0.8


def test_the_table_needs_more_than_a_straight_line():
    data = datasets.load("california_housing", "sample")
    scores = [
        model.fit(data.x_train, data.y_train).score(data.x_test, data.y_test)
        for model in (LinearRegression(), RandomForestRegressor(50, random_state=0))
    ]
    assert 0.55 < scores[0] < scores[1] - 0.05 < 0.9


def test_the_table_is_skewed_and_cut_off_like_the_census():
    features, value = table.housing_table(4000, seed=0)
    population = features[:, table.FEATURE_NAMES.index("Population")]
    assert population.mean() > 1.15 * np.median(population)
    assert value.min() > 0
    assert value.max() == table.HIGHEST_VALUE
    assert abs(value.mean()) > 1  # not standardised


def test_the_cars_need_more_than_a_straight_line():
    data = datasets.load("auto_mpg", "sample")
    scores = [
        model.fit(data.x_train, data.y_train).score(data.x_val, data.y_val)
        for model in (LinearRegression(), RandomForestRegressor(50, random_state=0))
    ]
    assert 0.75 < scores[0] < scores[1] - 0.02 < 0.9


def test_the_cars_resemble_the_real_ones():
    features, mpg = cars.car_table(392, seed=0)
    columns = dict(zip(cars.FEATURE_NAMES, features.T, strict=True))
    correlation = {name: np.corrcoef(column, mpg)[0, 1] for name, column in columns.items()}
    assert max(correlation["weight"], correlation["horsepower"], correlation["cylinders"]) < -0.6
    assert min(correlation["acceleration"], correlation["model year"], correlation["origin"]) > 0.2
    assert set(columns["cylinders"]) == {4, 6, 8}
    assert set(columns["origin"]) == {1, 2, 3}
    assert set(columns["model year"]) == set(range(70, 83))
    assert 8 < mpg.min() < 15
    assert 40 < mpg.max() < 50


def test_the_persons_resemble_the_real_ones():
    features, earns_more = census.census_table(10_000, seed=0)
    columns = dict(zip(census.FEATURE_NAMES, features.T, strict=True))
    men = columns["sex"] == "Male"
    assert earns_more[men].mean() == pytest.approx(0.30, abs=0.04)
    assert earns_more[~men].mean() == pytest.approx(0.11, abs=0.03)
    unknown = columns["occupation"] == "?"
    assert 0.03 < unknown.mean() < 0.1
    assert 0.05 < earns_more[unknown].mean() < 0.2


def test_rows_are_split_without_overlap():
    rows = np.arange(100.0)[:, None]
    parts = table.split_rows(rows, rows[:, 0], seed=0)
    together = np.concatenate([parts["x_train"], parts["x_val"], parts["x_test"]])
    assert sorted(together[:, 0]) == list(range(100))
    assert [len(parts[part]) for part in ("y_train", "y_val", "y_test")] == [60, 20, 20]


def test_the_sample_photographs_are_scikit_learn_s():
    arrays = samples.sample_photos(size=(60, 80))
    assert arrays["x_test"].shape == (2, 60, 80, 3)
    assert arrays["titles"] == ("temple", "flower")
