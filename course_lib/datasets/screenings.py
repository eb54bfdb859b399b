"""A generated table of spots on mammograms, with the columns of the mammography data."""

from __future__ import annotations

import numpy as np

FEATURE_NAMES = ("attr1", "attr2", "attr3", "attr4", "attr5", "attr6")  # as OpenML names them
CLASS_NAMES = ("no calcification", "calcification")


def spot_table(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Generate bright spots of which about 3 % are calcifications.

    The columns are skewed and correlated like those of the real table. The log-odds of a
    calcification are a bent function of four of them, and chance decides the rest.

    Parameters
    ----------
    n : int
        Number of spots.
    seed : int

    Returns
    -------
    features : array of float64, shape (n, 6)
        In the order of `FEATURE_NAMES`, without units.
    labels : array of uint8, shape (n,)
        1 for a calcification.
    """
    rng = np.random.default_rng(seed)
    common = rng.normal(size=n)
    area = rng.lognormal(-0.1, 0.7, n) - 0.9
    brightness = rng.gamma(1.2, 1.1, n) - 1.1
    border = rng.lognormal(-0.5, 0.8, n) - 0.9
    contrast = 0.8 * common + 0.6 * rng.normal(size=n)
    shape = np.where(rng.random(n) < 0.85, 0, rng.gamma(1.4, 1.3, n)) - 0.3
    texture = 0.8 * common + 0.6 * rng.normal(size=n)
    log_odds = (
        -6.0 + 1.1 * contrast + 1.0 * texture + 0.9 * shape - 1.6 * np.maximum(border, -0.3)
        + 1.3 * np.minimum(area, 0.8) - 0.5 * np.maximum(brightness, 0)
        + 0.9 * np.maximum(shape, 0) * np.maximum(contrast, 0)
    )  # fmt: skip
    labels = rng.random(n) < 1 / (1 + np.exp(-log_odds))
    columns = [area, brightness, border, contrast, shape, texture]
    return np.round(np.stack(columns, axis=1), 6), labels.astype("uint8")
