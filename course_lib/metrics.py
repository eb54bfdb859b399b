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


def segmentation_confusion(
    y_true: ArrayLike, y_pred: ArrayLike, n_classes: int, *, ignore: int | None = None
) -> NDArray[np.int64]:
    """Count, over all pixels of all images together, how often each class was taken for each.

    Parameters
    ----------
    y_true, y_pred : array of int, shape (n, height, width) or any other common shape
        True and predicted class indices, from 0 to n_classes - 1.
    n_classes : int
    ignore : int, optional
        A true label whose pixels are not judged, such as void; whatever was predicted there
        does not count.

    Returns
    -------
    array of int64, shape (n_classes, n_classes)
        Rows are the true classes, columns the predicted ones. Matrices of several batches of
        images add up to the matrix of all of them.

    Raises
    ------
    ValueError
        If the shapes differ, the arrays hold no class indices, or a judged label is outside the
        range.

    Examples
    --------
    >>> segmentation_confusion([[0, 1], [1, 2]], [[0, 1], [0, 0]], n_classes=2, ignore=2)
    array([[1, 0],
           [1, 1]])
    """
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    if y_true.shape != y_pred.shape:
        raise ValueError(
            f"y_true has shape {y_true.shape} and y_pred {y_pred.shape}: they must be the same."
        )
    pairs = []
    for name, labels in (("y_true", y_true), ("y_pred", y_pred)):
        if not np.issubdtype(labels.dtype, np.integer):
            raise ValueError(
                f"{name} holds {labels.dtype}, not class indices: take the argmax of the scores."
            )
        judged = labels.ravel() if ignore is None else labels[y_true != ignore]
        if judged.size and not 0 <= judged.min() <= judged.max() < n_classes:
            raise ValueError(
                f"{name} has labels from {judged.min()} to {judged.max()}: with "
                f"n_classes={n_classes} they must lie between 0 and {n_classes - 1}, or be ignored."
            )
        pairs.append(judged.astype(np.int64))
    # bincount, not scikit-learn's function: that one sorts, and is slow on millions of pixels
    cells = np.bincount(pairs[0] * n_classes + pairs[1], minlength=n_classes**2)
    return cells.reshape(n_classes, n_classes).astype(np.int64)


def pixel_accuracy(matrix: ArrayLike) -> float:
    """Return the share of judged pixels that lie on a confusion matrix' diagonal.

    Raises
    ------
    ValueError
        If no pixel was judged.
    """
    matrix = _square(matrix)
    if not matrix.sum():
        raise ValueError("the confusion matrix counts no pixel, so there is no accuracy.")
    return float(np.trace(matrix) / matrix.sum())


def intersection_over_union(matrix: ArrayLike) -> NDArray[np.float64]:
    """Return each class's intersection over union, TP / (TP + FP + FN), also called Jaccard index.

    Parameters
    ----------
    matrix : array of int, shape (n_classes, n_classes)
        As `segmentation_confusion` gives it.

    Returns
    -------
    array of float64, shape (n_classes,)
        From 0 to 1. NaN for 0/0, a class that is neither there nor predicted anywhere: it says
        nothing about the prediction, and `class_mean` leaves it out.

    References
    ----------
    Everingham, M. et al. (2015). The PASCAL visual object classes challenge: a retrospective.
    International Journal of Computer Vision 111, 98-136, section 2.

    Examples
    --------
    >>> intersection_over_union([[3, 1, 0], [0, 2, 0], [0, 0, 0]])
    array([0.75      , 0.66666667,        nan])
    """
    matrix = _square(matrix)
    hits = np.diag(matrix)
    return _ratio(hits, matrix.sum(axis=0) + matrix.sum(axis=1) - hits)


def dice_coefficient(matrix: ArrayLike) -> NDArray[np.float64]:
    """Return each class's Dice coefficient, 2 TP / (2 TP + FP + FN): the F1 score of its pixels.

    Parameters
    ----------
    matrix : array of int, shape (n_classes, n_classes)

    Returns
    -------
    array of float64, shape (n_classes,)
        From 0 to 1, and NaN where `intersection_over_union` is NaN. With IoU as J it is
        2 J / (1 + J).

    References
    ----------
    Dice, L. R. (1945). Measures of the amount of ecologic association between species.
    Ecology 26(3), 297-302.
    """
    matrix = _square(matrix)
    return _ratio(2 * np.diag(matrix), matrix.sum(axis=0) + matrix.sum(axis=1))


def class_recall(matrix: ArrayLike) -> NDArray[np.float64]:
    """Return each class's recall, TP / (TP + FN): the share of its pixels that was found.

    Parameters
    ----------
    matrix : array of int, shape (n_classes, n_classes)

    Returns
    -------
    array of float64, shape (n_classes,)
        From 0 to 1; NaN for a class that is not there.
    """
    matrix = _square(matrix)
    return _ratio(np.diag(matrix), matrix.sum(axis=1))


def class_mean(per_class: ArrayLike) -> float:
    """Return the mean over the classes for which a number is defined; NaN is left out.

    Raises
    ------
    ValueError
        If it is defined for no class.

    Examples
    --------
    >>> class_mean([0.5, 0.25, float("nan")])
    0.375
    """
    values = np.asarray(per_class, dtype=float)
    if np.isnan(values).all():
        raise ValueError("the number is defined for no class: the confusion matrix is empty.")
    return float(np.nanmean(values))


def mean_iou(matrix: ArrayLike) -> float:
    """Return the mean of `intersection_over_union` over the classes that it is defined for."""
    return class_mean(intersection_over_union(matrix))


def _square(matrix: ArrayLike) -> NDArray:
    matrix = np.asarray(matrix)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"the matrix has shape {matrix.shape}, not (n_classes, n_classes).")
    return matrix


def _ratio(part: NDArray, whole: NDArray) -> NDArray[np.float64]:
    """Divide, with NaN for 0/0."""
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
