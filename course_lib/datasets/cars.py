"""A generated table of cars, with the columns of Auto MPG."""

from __future__ import annotations

import numpy as np

FEATURE_NAMES = (
    "cylinders",
    "displacement",
    "horsepower",
    "weight",
    "acceleration",
    "model year",
    "origin",
)
TARGET_NAME = "mpg"


def car_table(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Generate cars whose fuel economy falls with weight and power and rises with the years.

    The columns have ranges and correlations like those of the real table. Fuel used per distance
    is nearly linear in weight and power, so miles per gallon are a bent function of both, with
    multiplicative noise of 9 %.

    Parameters
    ----------
    n : int
        Number of cars.
    seed : int

    Returns
    -------
    features : array of float64, shape (n, 7)
        In the order of `FEATURE_NAMES`: a count, cubic inches, horsepower, pounds, seconds from 0
        to 60 miles per hour, years since 1900, and 1 (USA), 2 (Europe) or 3 (Japan).
    mpg : array of float64, shape (n,)
        Miles per US gallon.
    """
    rng = np.random.default_rng(seed)
    origin = rng.choice([1, 2, 3], n, p=[0.62, 0.18, 0.2])
    large = rng.random(n) < np.where(origin == 1, 0.7, 0.06)
    cylinders = np.where(large, rng.choice([6, 8], n, p=[0.45, 0.55]), 4)
    per_cylinder = np.where(cylinders == 8, 43, np.where(cylinders == 6, 36, 28))
    displacement = np.round(cylinders * per_cylinder * rng.lognormal(0, 0.13, n))
    year = rng.integers(70, 83, n)
    smaller_with_the_years = 1 - 0.012 * (year - 76)
    weight = (1450 + 7.9 * displacement) * smaller_with_the_years * rng.lognormal(0, 0.08, n)
    power = (38 + 0.34 * displacement) * smaller_with_the_years * rng.lognormal(0, 0.14, n)
    acceleration = 20 + 0.0012 * weight - 0.08 * power + rng.normal(0, 1.6, n)
    gallons = 0.75 + 0.00105 * weight + 0.0075 * power - 0.11 * (year - 76)  # per 100 miles
    mpg = 100 / gallons * np.where(origin == 1, 0.97, 1.03) * rng.lognormal(0, 0.09, n)
    columns = [
        cylinders,
        displacement,
        np.round(power),
        np.round(weight),
        np.round(acceleration, 1),
        year,
        origin,
    ]
    return np.stack(columns, axis=1).astype("float64"), np.round(mpg, 1)
