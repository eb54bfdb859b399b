"""A generated table of persons, with the columns of the Adult census extract."""

from __future__ import annotations

import numpy as np

FEATURE_NAMES = (
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education-num",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital-gain",
    "capital-loss",
    "hours-per-week",
    "native-country",
)
CLASS_NAMES = ("<=50K", ">50K")
UNKNOWN = "?"
TEXT = "U26"  # the longest word, "Outlying-US(Guam-USVI-etc)", has 26 letters

_EDUCATION = {
    5: "9th", 7: "11th", 9: "HS-grad", 10: "Some-college", 11: "Assoc-voc", 13: "Bachelors",
    14: "Masters", 16: "Doctorate",
}  # fmt: skip
_WORK = ("Private", "Self-emp-not-inc", "Local-gov", "State-gov")
_OCCUPATION = ("Other-service", "Craft-repair", "Sales", "Prof-specialty", "Exec-managerial")


def census_table(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Generate persons whose income depends on age, schooling, hours, occupation and marriage.

    Two thirds are men. As in the real table they are married more often, work longer and earn
    more than 50,000 nearly three times as often as the women. Work and occupation are unknown
    together, for people outside of work, so that an unknown value says something about income.

    Parameters
    ----------
    n : int
        Number of persons.
    seed : int

    Returns
    -------
    features : array of str, shape (n, 14)
        In the order of `FEATURE_NAMES`, numbers as digits, "?" where a value is unknown.
    earns_more : array of uint8, shape (n,)
        1 for more than 50,000 dollars a year.
    """
    rng = np.random.default_rng(seed)
    male = rng.random(n) < 0.67
    age = np.clip(np.round(17 + rng.gamma(3.0, 7.5, n)), 17, 90)
    married = rng.random(n) < np.where(male, 0.75, 0.2) * (1 - np.exp(-(age - 16) / 9))
    schooling = rng.choice(list(_EDUCATION), n, p=[0.07, 0.07, 0.33, 0.24, 0.04, 0.17, 0.06, 0.02])
    trade = np.clip(np.round((schooling - 9) / 2 + rng.normal(1.2, 1.4, n)), 0, 4).astype(int)
    idle = rng.random(n) < np.where((age < 22) | (age > 62), 0.2, 0.035)
    hours = np.round(rng.normal(np.where(male, 43, 37), 10) - 9 * idle)
    hours = np.clip(hours, 1, 99)
    rich = rng.random(n) < 0.03 + 0.004 * np.maximum(schooling - 9, 0)
    gain = np.where(rich, np.round(rng.lognormal(8.9, 0.9, n)), 0)
    loss = np.where(~rich & (rng.random(n) < 0.045), np.round(rng.normal(1870, 350, n)), 0)
    score = (
        -7.5
        + 0.28 * schooling
        + 1.9 * (1 - ((age - 50) / 34) ** 2)
        + 0.035 * (hours - 40)
        + 2.1 * married
        + 0.3 * trade
        + 0.25 * male
        - 0.3 * idle
        + 3.5 * (gain > 6000)
        + 0.8 * (loss > 0)
    )
    earns_more = rng.random(n) < 1 / (1 + np.exp(-1.25 * score))

    relationship = np.where(
        married, np.where(male, "Husband", "Wife"), np.where(age < 25, "Own-child", "Not-in-family")
    )
    single = np.where(age < 32, "Never-married", "Divorced")
    country = np.where(rng.random(n) < 0.91, "United-States", "Mexico")
    columns = [
        _digits(age),
        np.where(idle, UNKNOWN, rng.choice(_WORK, n, p=[0.75, 0.11, 0.08, 0.06])),
        _digits(rng.lognormal(12, 0.5, n)),
        [_EDUCATION[years] for years in schooling],
        _digits(schooling),
        np.where(married, "Married-civ-spouse", single),
        np.where(idle, UNKNOWN, np.array(_OCCUPATION)[trade]),
        relationship,
        rng.choice(["White", "Black", "Asian-Pac-Islander"], n, p=[0.86, 0.1, 0.04]),
        np.where(male, "Male", "Female"),
        _digits(gain),
        _digits(loss),
        _digits(hours),
        np.where(rng.random(n) < 0.02, UNKNOWN, country),
    ]
    return np.stack(columns, axis=1).astype(TEXT), earns_more.astype("uint8")


def _digits(values: np.ndarray) -> np.ndarray:
    return np.round(values).astype(int).astype(str)
