"""Numbers that judge a prediction, with the error bars that belong to them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Return the share of labels that were predicted right, from 0 to 1.

    Parameters
    ----------
    y_true, y_pred : array of int, shape (n,)
        True and predicted class indices.

    Raises
    ------
    ValueError
        If the shapes differ or there is nothing to compare.
    """
    y_true, y_pred = _label_pair(y_true, y_pred)
    return float(np.mean(y_true == y_pred))


def accuracy_interval(correct: int, total: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the Wilson score interval of an accuracy measured on `total` independent examples.

    It says how far chance alone, by the choice of the test examples, moves the measured accuracy;
    the spread over seeds comes on top of it.

    Parameters
    ----------
    correct : int
        How many examples were right, from 0 to `total`.
    total : int
        How many examples were judged, at least 1.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    low, high : float
        Between 0 and 1.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference.
    Journal of the American Statistical Association 22(158), 209-212.

    Examples
    --------
    >>> low, high = accuracy_interval(9_900, 10_000)
    >>> round(low, 4), round(high, 4)
    (0.9879, 0.9918)
    """
    from scipy.stats import binomtest

    interval = binomtest(correct, total).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


def confusion_matrix(y_true: ArrayLike, y_pred: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    """Count how often each class was predicted as each class.

    Parameters
    ----------
    y_true, y_pred : array of int, shape (n,)
        True and predicted class indices, from 0 to n_classes - 1.
    n_classes : int

    Returns
    -------
    array of int64, shape (n_classes, n_classes)
        Rows are the true classes, columns the predicted ones.

    Raises
    ------
    ValueError
        If the shapes differ, nothing is given, or a label is outside the range.

    Examples
    --------
    >>> confusion_matrix([0, 0, 1], [0, 1, 1], n_classes=2)
    array([[1, 1],
           [0, 1]])
    """
    y_true, y_pred = _label_pair(y_true, y_pred)
    for name, labels in (("y_true", y_true), ("y_pred", y_pred)):
        if labels.min() < 0 or labels.max() >= n_classes:
            raise ValueError(
                f"{name} has labels from {labels.min()} to {labels.max()}: "
                f"with n_classes={n_classes} they must lie between 0 and {n_classes - 1}."
            )
    from sklearn.metrics import confusion_matrix as count_pairs

    return count_pairs(y_true, y_pred, labels=range(n_classes))


def most_confused(matrix: NDArray[np.int64], count: int = 3) -> list[tuple[int, int, int]]:
    """Return the commonest mistakes in a confusion matrix.

    Parameters
    ----------
    matrix : array of int, shape (n_classes, n_classes)
        As `confusion_matrix` gives it.
    count : int
        At most so many; mistakes that never happened are left out.

    Returns
    -------
    list of (true class, predicted class, how often), the commonest first
    """
    mistakes = np.array(matrix)
    np.fill_diagonal(mistakes, 0)
    order = np.argsort(-mistakes, axis=None, kind="stable")[:count]
    rows, columns = np.unravel_index(order, mistakes.shape)
    return [
        (int(i), int(j), int(mistakes[i, j]))
        for i, j in zip(rows, columns, strict=True)
        if mistakes[i, j]
    ]


def _label_pair(y_true: ArrayLike, y_pred: ArrayLike) -> tuple[NDArray, NDArray]:
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    if y_true.shape != y_pred.shape or y_true.ndim != 1 or not len(y_true):
        raise ValueError(
            "y_true and y_pred must be two lists of labels of one length, not empty; "
            f"their shapes are {y_true.shape} and {y_pred.shape}."
        )
    for name, labels in (("y_true", y_true), ("y_pred", y_pred)):
        if not np.issubdtype(labels.dtype, np.integer):
            raise ValueError(
                f"{name} holds {labels.dtype}, not class indices: take the argmax of the scores."
            )
    return y_true.astype(np.int64), y_pred.astype(np.int64)
