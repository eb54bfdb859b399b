"""A generated table of housing districts, with the columns of California housing."""

from __future__ import annotations

from typing import Any

import numpy as np

FEATURE_NAMES = (
    "MedInc",
    "HouseAge",
    "AveRooms",
    "AveBedrms",
    "Population",
    "AveOccup",
    "Latitude",
    "Longitude",
)
TARGET_NAME = "MedHouseVal"
HIGHEST_VALUE = 5.00001  # the census reports values above 500,000 USD as 500,001

_COAST_CITIES = np.array([[37.77, -122.42], [34.05, -118.24], [32.72, -117.16]])
_INLAND_CITIES = np.array([[38.58, -121.49], [36.74, -119.79], [35.37, -119.02]])


def housing_table(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Generate districts whose values depend on income, place, age and crowding.

    The columns are skewed as in the real table; the relation is smooth but not linear, has
    interactions, multiplicative noise of 15 %, and is cut off at the top like the census.

    Parameters
    ----------
    n : int
        Number of districts.
    seed : int

    Returns
    -------
    features : array of float64, shape (n, 8)
        In the order of `FEATURE_NAMES`.
    value : array of float64, shape (n,)
        Median house value in units of 100,000 USD, in (0, 5.00001].
    """
    rng = np.random.default_rng(seed)
    cities = np.concatenate([_COAST_CITIES, _INLAND_CITIES])
    city = rng.choice(6, n, p=[0.27, 0.35, 0.1, 0.12, 0.09, 0.07])
    place = cities[city] + rng.normal(scale=[[0.45, 0.45]], size=(n, 2))
    coast = np.exp(-_nearest(place, _COAST_CITIES) / 0.6)

    income = np.clip(rng.lognormal(1.2 + 0.25 * coast, 0.42), 0.5, 15.0)
    age = np.clip(np.round(rng.normal(24 + 12 * coast, 11)), 1, 52)
    rooms = (4.2 + 0.35 * income - 0.01 * age) * rng.lognormal(0, 0.18, n)
    bedrooms = rng.lognormal(0.06, 0.1, n)
    population = np.round(rng.lognormal(7.05, 0.7, n)) + 3
    occupants = np.clip(rng.lognormal(1.05 - 0.02 * income, 0.25), 1.0, 12.0)

    base = (
        0.35 + 0.28 * income + 0.6 * coast * np.sqrt(income) - 0.04 * np.maximum(income - 8, 0) ** 2
    )
    crowding = 1 / (1 + np.exp(1.6 * (occupants - 3.4)))
    charm = 1 + 0.18 * np.sin(age / 52 * 2 * np.pi - 1.2) * coast
    value = base * (0.65 + 0.5 * crowding) * charm * rng.lognormal(0, 0.15, n)
    columns = [income, age, rooms, bedrooms, population, occupants, place[:, 0], place[:, 1]]
    return np.stack(columns, axis=1), np.clip(value, 0.15, HIGHEST_VALUE)


def _nearest(place: np.ndarray, cities: np.ndarray) -> np.ndarray:
    return np.linalg.norm(place[:, None] - cities[None], axis=2).min(axis=1)


def split_rows(x: np.ndarray, y: np.ndarray, seed: int) -> dict[str, Any]:
    """Split rows into 60 % training, 20 % validation and 20 % test, shuffled by a fixed seed."""
    order = np.random.default_rng(seed).permutation(len(x))
    train, val, test = np.split(order, [int(0.6 * len(x)), int(0.8 * len(x))])
    return {
        "x_train": x[train], "y_train": y[train],
        "x_val": x[val], "y_val": y[val],
        "x_test": x[test], "y_test": y[test],
        "feature_names": FEATURE_NAMES, "target_name": TARGET_NAME,
    }  # fmt: skip
