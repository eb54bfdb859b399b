"""Pictures of masks: the same colour and number for a class everywhere, with a legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from course_lib import plots
from course_lib.datasets.drawings.scenes import CLASS_NAMES, PALETTE

RIGHT, WRONG = (235, 235, 235), (213, 94, 0)  # of error maps: pale grey and Okabe-Ito's vermilion
_ROOM = 0.045  # a region gets its number where a disk of this share of the height fits into it


def coloured(masks: ArrayLike) -> NDArray[np.uint8]:
    """Return masks in the classes' colours.

    Parameters
    ----------
    masks : array of int, shape (..., height, width)
        Indices into `CLASS_NAMES`.

    Returns
    -------
    array of uint8, shape (..., height, width, 3)

    Raises
    ------
    ValueError
        If an index has no colour.
    """
    masks = np.asarray(masks)
    if masks.min() < 0 or masks.max() >= len(PALETTE):
        raise ValueError(
            f"the masks hold classes from {masks.min()} to {masks.max()}: "
            f"there are colours for 0 to {len(PALETTE) - 1}."
        )
    return np.asarray(PALETTE, "uint8")[masks]


def error_map(y_true: ArrayLike, y_pred: ArrayLike, *, ignore: int) -> NDArray[np.uint8]:
    """Return a picture of what was predicted right, wrong, and not judged.

    Parameters
    ----------
    y_true, y_pred : array of int, shape (..., height, width)
    ignore : int
        The true class that is not judged; it keeps its own colour.

    Returns
    -------
    array of uint8, shape (..., height, width, 3)
    """
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    right = (y_true == y_pred)[..., np.newaxis]
    judged = (y_true != ignore)[..., np.newaxis]
    return np.where(judged, np.where(right, RIGHT, WRONG), PALETTE[ignore]).astype("uint8")


def grid(
    columns: Mapping[str, ArrayLike],
    *,
    subject: str = "scenes",
    row_titles: Sequence[str] | None = None,
    legend: bool = True,
) -> Figure:
    """Draw photos, masks and error maps side by side, a row for each scene.

    Parameters
    ----------
    columns : mapping of str to array
        By the column's title: photos or error maps (n, height, width, 3), from 0 to 255, or
        masks (n, height, width) of class indices, whose larger regions get the class's number.
    subject : str
        The subject of the pictures, for the text alternative.
    row_titles : sequence of n str, optional
    legend : bool
        Whether to explain the classes' colours and numbers.

    Raises
    ------
    ValueError
        If the columns do not have the same number of scenes.
    """
    arrays = {title: np.asarray(array) for title, array in columns.items()}
    lengths = {len(array) for array in arrays.values()}
    if len(lengths) != 1:
        raise ValueError(f"the columns hold {sorted(lengths)} scenes: give each the same number.")
    (n,) = lengths
    height, width = next(iter(arrays.values())).shape[1:3]
    cell = 8.8 / max(len(arrays), 2)
    figure = plots.new_figure(
        f"{n} {subject}, a row each; from left to right {', '.join(arrays)}.",
        width=min(9.0, cell * len(arrays) + 0.2),
        height=n * (cell * height / width + 0.06) + 0.3 + 0.75 * legend,
    )
    axes = figure.subplots(n, len(arrays), squeeze=False)
    for column, (title, array) in enumerate(arrays.items()):
        axes[0, column].set_title(title, fontsize=10)
        for axis, scene in zip(axes[:, column], array, strict=True):
            _draw(axis, scene)
    for axis, title in zip(axes[:, 0], row_titles or [], strict=bool(row_titles)):
        axis.set_ylabel(title, fontsize=9)
    if legend:
        errors = any(_is_error_map(array) for array in arrays.values())
        _legend(figure, errors=errors)
    return figure


def _draw(axis: Axes, scene: NDArray) -> None:
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    if scene.ndim == 3:
        axis.imshow(np.clip(scene, 0, 255).astype("uint8"))
        return
    axis.imshow(coloured(scene), interpolation="nearest")
    for index, (row, column) in _numbered_regions(scene):
        dark = np.dot(PALETTE[index], (0.299, 0.587, 0.114)) < 140
        colour = "white" if dark else "black"
        axis.text(column, row, index, color=colour, fontsize=7, ha="center", va="center")


def _numbered_regions(mask: NDArray) -> list[tuple[int, tuple[int, int]]]:
    """Return (class, (row, column)) where the largest region of each class has room for text."""
    places = []
    for index in np.unique(mask):
        inside = np.pad(mask == index, 1)  # the picture's edge bounds a region too
        distance = ndimage.distance_transform_edt(inside)[1:-1, 1:-1]
        if distance.max() >= _ROOM * len(mask):
            row, column = np.unravel_index(distance.argmax(), distance.shape)
            places.append((int(index), (int(row), int(column))))
    return places


def _is_error_map(array: NDArray) -> bool:
    if array.ndim != 4:
        return False
    colours = np.asarray([RIGHT, WRONG, *PALETTE])
    sampled = array[:, ::7, ::7].reshape(-1, 3)
    return bool((sampled[:, np.newaxis] == colours).all(axis=-1).any(axis=1).all())


def _legend(figure: Figure, *, errors: bool) -> None:
    named = {f"{i} {name}": PALETTE[i] for i, name in enumerate(CLASS_NAMES)}
    if errors:
        named |= {"right": RIGHT, "wrong": WRONG}
    patches = [
        Patch(facecolor=np.asarray(colour) / 255, edgecolor="0.3", linewidth=0.5, label=name)
        for name, colour in named.items()
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=7, fontsize=8, frameon=False)
