"""Pictures for lessons: labelled, safe for colour-blind readers, each with a text alternative.

Every function draws a figure and returns it; `show` puts it into the notebook's output together
with its text alternative and a caption::

    plots.show(plots.image_grid(images, titles=labels), caption="The first twelve digits.")
"""

from __future__ import annotations

import base64
import io
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from IPython.display import display
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

# Okabe and Ito (2008): eight colours that people with any common colour vision tell apart.
OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
SEQUENTIAL = "cividis"
DIVERGING = "RdBu_r"

_WIDTH = 9.0  # inches: fills the text column of JupyterLab and of the HTML page
_DPI = 110


def new_figure(alt: str, *, height: float = 3.2, width: float = _WIDTH) -> Figure:
    """Return an empty figure that carries its text alternative.

    Parameters
    ----------
    alt : str
        A description of the picture, for readers who cannot see it.
    height, width : float
        In inches.
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.set_label(alt)
    return figure


def in_notebook() -> bool:
    """Whether a cell's output can show pictures: in Jupyter and Colab, not in a terminal."""
    from IPython import get_ipython

    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")


def show(figure: Figure, *, caption: str = "") -> None:
    """Display a figure with its text alternative and a caption.

    Outside a notebook the text alternative and the caption are printed.

    Parameters
    ----------
    figure : Figure
        From one of the functions here or `new_figure`.
    caption : str
        An explanation in Markdown; shown under the figure.

    Raises
    ------
    ValueError
        If the figure has no text alternative.
    """
    alt = figure.get_label()
    if not alt:
        raise ValueError("the figure has no text alternative: make it with plots.new_figure(alt).")
    if not in_notebook():
        print(f"[figure: {alt}]")
        if caption:
            print(caption)
        return
    from IPython.display import Markdown

    LiveFigure().show(figure)
    if caption:
        display(Markdown(f"*{caption}*"))


class LiveFigure:
    """A place in a notebook's output whose figure is replaced, as an animation does."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, figure: Figure) -> None:
        """Display the figure here, in place of the one before."""
        png = io.BytesIO()
        figure.savefig(png, format="png", dpi=_DPI, facecolor="white")
        bundle, metadata = _picture(png.getvalue(), figure.get_label())
        if self._handle is None:
            self._handle = display(bundle, metadata=metadata, raw=True, display_id=True)
        else:
            self._handle.update(bundle, metadata=metadata, raw=True)


def image_grid(
    images: ArrayLike,
    *,
    titles: Sequence[Any] | None = None,
    columns: int = 8,
    subject: str = "images",
    size: float = 1.1,
) -> Figure:
    """Draw images side by side.

    Parameters
    ----------
    images : array, shape (n, height, width), (n, height, width, 1) or (n, height, width, 3)
        uint8 from 0 to 255 or float from 0 to 1.
    titles : sequence of n, optional
        One above each image.
    columns : int
        At most so many images in a row.
    subject : str
        Their subject, for the text alternative.
    size : float
        Edge of one image in inches.

    Raises
    ------
    ValueError
        If there is no image, the shape is another one, or the titles do not match.
    """
    images = _as_images(images)
    if titles is not None and len(titles) != len(images):
        raise ValueError(f"there are {len(images)} images but {len(titles)} titles.")
    columns = min(columns, len(images))
    rows = math.ceil(len(images) / columns)
    listed = (
        f", titled {', '.join(str(title).replace(chr(10), ' ') for title in titles)}"
        if titles is not None
        else ""
    )
    alt = f"{len(images)} {subject} in {rows} row{'s' * (rows > 1)} of {columns}{listed}."
    lines = (
        max((str(title).count("\n") + 1 for title in titles), default=0)
        if titles is not None
        else 0
    )
    figure = new_figure(
        alt, width=min(_WIDTH, size * columns + 0.2), height=rows * (size + 0.2 * lines) + 0.1
    )
    full = 255 if images.dtype == np.uint8 else 1.0
    for index, axis in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        axis.set_axis_off()
        if index < len(images):
            axis.imshow(
                images[index], cmap="gray_r" if images.ndim == 3 else None, vmin=0, vmax=full
            )
            if titles is not None:
                axis.set_title(str(titles[index]), fontsize=9)
    return figure


def learning_curves(
    history: Mapping[str, Sequence[float]],
    *,
    title: str = "",
    metric: str = "accuracy",
    epochs: int | None = None,
) -> Figure:
    """Draw loss and metric per epoch, for training and, where recorded, validation.

    Parameters
    ----------
    history : mapping of str to sequence of float
        As Keras' ``History.history`` has it: "loss", "val_loss", and the metric's two names.
    title : str
    metric : str
        Left out where the history does not have it.
    epochs : int, optional
        The length of the epoch axis; by default the epochs trained so far.

    Raises
    ------
    ValueError
        If the history has no "loss".
    """
    if not history.get("loss"):
        raise ValueError(f'the history has no "loss"; it has {sorted(history)}.')
    names = ["loss"] + ([metric] if metric in history else [])
    done = len(history["loss"])
    curves = []
    for name in names:
        for key, split in ((name, "training"), (f"val_{name}", "validation")):
            if key in history:
                curves.append(
                    f"{split} {name} from {history[key][0]:.3g} to {history[key][-1]:.3g}"
                )
    figure = new_figure(
        f"Learning curves{f' of {title}' if title else ''} over {done} epochs: {'; '.join(curves)}."
    )
    for axis, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        xs = range(1, done + 1)
        axis.plot(xs, history[name], "o-", color=OKABE_ITO[0], label="training", markersize=4)
        if f"val_{name}" in history:
            axis.plot(
                xs,
                history[f"val_{name}"],
                "s--",
                color=OKABE_ITO[1],
                label="validation",
                markersize=4,
            )
        axis.set(xlabel="epoch", ylabel=name, xlim=(0.5, max(epochs or done, done) + 0.5))
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(alpha=0.3)
        axis.legend()
    if title:
        figure.suptitle(title, fontsize=11)
    return figure


def confusion_matrix(matrix: ArrayLike, class_names: Sequence[str]) -> Figure:
    """Draw a confusion matrix; the colours show the mistakes, the diagonal is left pale.

    Parameters
    ----------
    matrix : array of int, shape (n_classes, n_classes)
        Rows are the true classes, columns the predicted ones.
    class_names : sequence of str, n_classes of them

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    matrix = np.asarray(matrix)
    count = len(class_names)
    if matrix.shape != (count, count):
        raise ValueError(f"the matrix has shape {matrix.shape}, but there are {count} class names.")
    mistakes = matrix.astype(float)
    np.fill_diagonal(mistakes, 0)
    figure = new_figure(
        f"Confusion matrix of {matrix.sum()} predictions in {count} classes; "
        f"{int(np.trace(matrix))} lie on the diagonal, {int(mistakes.sum())} are mistakes.",
        width=6.4,
        height=5.6,
    )
    axis = figure.subplots()
    image = axis.imshow(mistakes, cmap=SEQUENTIAL, vmin=0, vmax=max(mistakes.max(), 1))
    middle = max(mistakes.max(), 1) / 2
    for row in range(count):
        for column in range(count):
            if matrix[row, column]:
                colour = "black" if mistakes[row, column] > middle else "white"
                axis.text(
                    column,
                    row,
                    matrix[row, column],
                    ha="center",
                    va="center",
                    color=colour,
                    fontsize=8,
                )
    axis.set(xlabel="predicted class", ylabel="true class")
    axis.set_xticks(range(count), class_names)
    axis.set_yticks(range(count), class_names)
    figure.colorbar(image, ax=axis, label="number of mistakes", shrink=0.8)
    return figure


def filters(kernel: ArrayLike, *, columns: int = 8, subject: str = "filters") -> Figure:
    """Draw a layer's weights, one picture a unit, on one colour scale centred on zero.

    Parameters
    ----------
    kernel : array, shape (height, width, n) or (height, width, 1, n)
        Kernel of a convolution over one channel, or weights of a dense layer shaped as images.
    columns : int
        At most so many in a row.
    subject : str
        Their name, for the text alternative.

    Raises
    ------
    ValueError
        If the shape is another one.
    """
    kernel = np.asarray(kernel, dtype=float)
    if kernel.ndim == 4 and kernel.shape[2] == 1:
        kernel = kernel[:, :, 0]
    if kernel.ndim != 3:
        raise ValueError(
            f"the kernel has shape {kernel.shape}, not (height, width, 1, n) or (height, width, n)."
        )
    limit = float(np.abs(kernel).max()) or 1.0
    maps = np.moveaxis(kernel, -1, 0)
    return _map_grid(
        maps,
        columns=columns,
        cmap=DIVERGING,
        limits=(-limit, limit),
        label="weight",
        alt=f"{len(maps)} {subject} of {maps.shape[1]} by {maps.shape[2]} weights, "
        f"from {kernel.min():.2f} to {kernel.max():.2f}.",
    )


def feature_maps(
    activations: ArrayLike, *, columns: int = 8, subject: str = "feature maps"
) -> Figure:
    """Draw the activations of a layer's channels for one input.

    Parameters
    ----------
    activations : array, shape (height, width, n)
        One channel becomes one picture; all share one colour scale.
    columns : int
        At most so many in a row.
    subject : str
        Their name, for the text alternative.

    Raises
    ------
    ValueError
        If the shape is another one.
    """
    activations = np.asarray(activations, dtype=float)
    if activations.ndim != 3:
        raise ValueError(
            f"the activations have shape {activations.shape}, not (height, width, n): "
            "take one example."
        )
    maps = np.moveaxis(activations, -1, 0)
    low, high = float(maps.min()), float(maps.max())
    return _map_grid(
        maps,
        columns=columns,
        cmap=SEQUENTIAL,
        limits=(low, high if high > low else low + 1),
        label="activation",
        alt=f"{len(maps)} {subject} of {maps.shape[1]} by {maps.shape[2]}, "
        f"activations from {low:.2f} to {high:.2f}.",
    )


def decision_regions(
    panels: Mapping[str, tuple[ArrayLike, ArrayLike, Callable[[NDArray], ArrayLike]]],
    *,
    axis_labels: tuple[str, str] = ("$x_1$", "$x_2$"),
    class_names: tuple[str, str] = ("class 0", "class 1"),
) -> Figure:
    """Draw points of two classes in the plane, and where a classifier says which.

    Parameters
    ----------
    panels : mapping of title to (points, labels, score)
        Points of shape (n, 2), labels of shape (n,) with values 0 and 1, and a function from
        points (m, 2) to m scores, positive where it says class 1. One picture each.
    axis_labels, class_names : pair of str
    """
    summaries, count = [], len(panels)
    figure = new_figure("to be written", width=min(_WIDTH, 3.1 * count + 0.6), height=3.3)
    for axis, (title, (points, labels, score)) in zip(
        figure.subplots(1, count, squeeze=False)[0], panels.items(), strict=True
    ):
        points, labels = np.asarray(points), np.asarray(labels)
        low, high = points.min(axis=0), points.max(axis=0)
        margin = 0.08 * (high - low)
        across, up = np.linspace(low - margin, high + margin, 150).T
        grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
        says_one = np.asarray(score(grid)).reshape(150, 150) > 0
        axis.contourf(
            across, up, says_one, levels=[-0.5, 0.5, 1.5], colors=OKABE_ITO[:2], alpha=0.25
        )
        for label, marker in enumerate("ox"):
            axis.plot(
                *points[labels == label].T,
                marker,
                color=OKABE_ITO[label],
                markersize=3 if len(points) > 30 else 8,
                label=class_names[label],
            )
        axis.set_xlabel(axis_labels[0])
        axis.set_title(title, fontsize=10)
        right = np.mean((np.asarray(score(points)).reshape(-1) > 0) == labels)
        summaries.append(f"{title}: {right:.0%} of {len(points)} points on their class's side")
    figure.axes[0].set_ylabel(axis_labels[1])
    figure.axes[0].legend(fontsize=8)
    figure.set_label(
        f"Regions of {class_names[0]} and {class_names[1]} in {count} pictures; "
        f"{'; '.join(summaries)}."
    )
    return figure


def range_test(test: Any) -> Figure:
    """Draw a learning-rate range test (a `course_lib.training.RangeTest`)."""
    rates = test.learning_rates
    figure = new_figure(
        f"Training loss against learning rate from {rates[0]:.1g} to {rates[-1]:.1g}; it falls "
        f"fastest at {test.steepest:.1g} and is lowest at {rates[np.argmin(test.losses)]:.1g}."
    )
    axis = figure.subplots()
    axis.semilogx(test.learning_rates, test.losses, color=OKABE_ITO[0])
    axis.axvline(
        test.steepest,
        color=OKABE_ITO[1],
        linestyle="--",
        label=f"steepest fall, {test.steepest:.1g}",
    )
    axis.set(xlabel="learning rate (logarithmic)", ylabel="training loss, smoothed")
    axis.grid(alpha=0.3)
    axis.legend()
    return figure


def architecture(model: Any) -> None:
    """Show the model's graph as `keras.utils.plot_model` draws it, or print what that needs.

    Without Graphviz's program ``dot`` the model's summary is shown in its place.
    """
    import keras

    names = " to ".join(layer.name for layer in model.layers)
    if not shutil.which("dot"):
        print(
            "plot_model needs Graphviz's program dot, which is not on the PATH: install it "
            "(Debian: apt install graphviz; macOS: brew install graphviz; conda: conda install "
            "graphviz) and run this cell again. The summary says the same in words:"
        )
        model.summary()
        return
    graph = keras.utils.model_to_dot(model, show_shapes=True, show_layer_names=True, dpi=56)
    bundle, metadata = _picture(graph.create_png(), f"Graph of the model {model.name}: {names}.")
    display(bundle, metadata=metadata, raw=True)


def _picture(png: bytes, alt: str) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Return what `display` needs to show a picture with its text alternative."""
    bundle = {"image/png": base64.b64encode(png).decode(), "text/plain": alt}
    return bundle, {"image/png": {"alt": alt}}


def _map_grid(
    maps: NDArray, *, columns: int, cmap: str, limits: tuple[float, float], label: str, alt: str
) -> Figure:
    columns = min(columns, len(maps))
    rows = math.ceil(len(maps) / columns)
    figure = new_figure(alt, width=min(_WIDTH, 1.1 * columns + 1), height=1.1 * rows + 0.1)
    axes = figure.subplots(rows, columns, squeeze=False)
    image = None
    for index, axis in enumerate(axes.flat):
        axis.set_axis_off()
        if index < len(maps):
            image = axis.imshow(maps[index], cmap=cmap, vmin=limits[0], vmax=limits[1])
    figure.colorbar(image, ax=axes, label=label, shrink=min(1.0, 1.6 / rows))
    return figure


def _as_images(images: ArrayLike) -> NDArray:
    images = np.asarray(images)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if not len(images) or not (images.ndim == 3 or (images.ndim == 4 and images.shape[-1] == 3)):
        raise ValueError(
            f"images have shape {images.shape}, not (n, height, width), (n, height, width, 1) "
            "or (n, height, width, 3) with n at least 1."
        )
    return images


def attribution_grid(
    maps: ArrayLike,
    *,
    images: ArrayLike | None = None,
    overlay: bool = False,
    row_titles: Sequence[Any] = (),
    column_titles: Sequence[Any] = (),
    subject: str = "attribution maps",
    size: float = 1.1,
) -> Figure:
    """Draw attribution maps in rows and columns: red speaks for the class, blue against it.

    Parameters
    ----------
    maps : array, shape (rows, columns, height, width)
        From -1 to 1, as `course_lib.explain.for_display` scales them.
    images : array, shape (rows, height, width), with 1 or 3 channels behind where there are any
        The explained images, one a row, from 0 to 1: drawn in a first column of its own, or with
        `overlay` beneath each map. Gray ones are ink on paper: 1 is black.
    overlay : bool
        Lay the maps over the images; they are transparent where they are near zero.
    row_titles, column_titles : sequences, optional
        One for each row to its left; one above each column of maps.
    subject : str
        Their name, for the text alternative.
    size : float
        Edge of one picture in inches.

    Raises
    ------
    ValueError
        If the shapes or the numbers of titles do not fit.
    """
    maps = np.asarray(maps, dtype=float)
    if maps.ndim != 4:
        raise ValueError(f"maps have shape {maps.shape}, not (rows, columns, height, width).")
    rows, columns = maps.shape[:2]
    for name, titles, count in (("row", row_titles, rows), ("column", column_titles, columns)):
        if len(titles) not in (0, count):
            raise ValueError(f"there are {count} {name}s but {len(titles)} {name} titles.")
    if images is not None:
        images = _as_images(images)
        if images.dtype == np.uint8:
            images = images / 255
    if images is not None and len(images) != rows:
        raise ValueError(f"there are {rows} rows of maps but {len(images)} images.")
    if overlay and images is None:
        raise ValueError("there are no images to lay the maps over: pass images.")
    aside = images is not None and not overlay
    headings = "; ".join(
        f"{name}s: {', '.join(str(title).replace(chr(10), ' ') for title in titles)}"
        for name, titles in (("column", column_titles), ("row", row_titles))
        if len(titles)
    )
    figure = new_figure(
        f"{subject[:1].upper()}{subject[1:]} in {rows} rows and {columns} columns"
        f"{f' ({headings})' if headings else ''}; red speaks for the class, blue against it.",
        width=min(_WIDTH, size * maps.shape[3] / maps.shape[2] * (columns + aside) + 1.3),
        height=size * rows + 0.5,
    )
    axes = figure.subplots(rows, columns + aside, squeeze=False)
    drawn = None
    for row in range(rows):
        for column in range(columns + aside):
            axis = axes[row, column]
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
            if images is not None and (overlay or column == 0):
                gray = images.ndim == 3
                axis.imshow(images[row], cmap="gray_r" if gray else None, vmin=0, vmax=1)
            if column >= aside:
                picture = maps[row, column - aside]
                # Strong colours for strong evidence, the image for none.
                alpha = np.clip(1.3 * np.abs(picture), 0, 0.85) if overlay else None
                drawn = axis.imshow(picture, cmap=DIVERGING, vmin=-1, vmax=1, alpha=alpha)
            if row == 0 and column >= aside and len(column_titles):
                axis.set_title(str(column_titles[column - aside]), fontsize=9)
        if len(row_titles):
            axes[row, 0].set_ylabel(
                str(row_titles[row]), fontsize=9, rotation=0, ha="right", va="center"
            )
    scale = ScalarMappable(drawn.norm, DIVERGING) if overlay else drawn
    bar = figure.colorbar(scale, ax=axes, shrink=min(1.0, 1.8 / rows), ticks=[-1, 0, 1])
    bar.ax.set_yticklabels(["against", "0", "for"], fontsize=8)
    return figure
