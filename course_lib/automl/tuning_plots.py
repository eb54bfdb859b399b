"""Pictures of searches for hyper-parameters: the space, the points tried, the best so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from course_lib.plots import OKABE_ITO, SEQUENTIAL, new_figure


def score_tables(
    tables: Mapping[str, ArrayLike], *, units: Sequence[int], learning_rates: Sequence[float]
) -> Figure:
    """Draw the scores of every configuration of units and learning rate, one panel a table.

    Parameters
    ----------
    tables : mapping of str to array, shape (len(units), len(learning_rates))
        By the meaning of the numbers, which becomes the colour bar's label.
    units : sequence of int
        Rising.
    learning_rates : sequence of float
        Rising by one and the same factor.
    """
    summaries = []
    for label, table in tables.items():
        row, column = np.unravel_index(np.argmax(table), np.shape(table))
        summaries.append(
            f"{label} from {np.min(table):.3f} to {np.max(table):.3f}, highest at {units[row]} "
            f"units and learning rate {learning_rates[column]:.1g}"
        )
    figure = new_figure(f"Tables of units and learning rate: {'; '.join(summaries)}.", height=3.0)
    axes = figure.subplots(1, len(tables), squeeze=False)[0]
    for axis, (label, table) in zip(axes, tables.items(), strict=True):
        image = axis.imshow(table, cmap=SEQUENTIAL, aspect="auto", origin="lower")
        _name_axes(axis, units, learning_rates)
        figure.colorbar(image, ax=axis, label=label)
    return figure


def points_tried(
    searches: Mapping[str, Sequence[tuple[int, float, int, float]]],
    *,
    units: Sequence[int],
    learning_rates: Sequence[float],
) -> Figure:
    """Draw the points that searches tried, one panel each, coloured by the score.

    Parameters
    ----------
    searches : mapping of str to sequence of (units, learning rate, epochs, score)
        By the method's name, in the order of the trials. The more epochs the larger the point.
    units, learning_rates : sequence of numbers
        All values that could be chosen; both rising, `learning_rates` by the same factor.
    """
    scores = [trial[3] for trials in searches.values() for trial in trials]
    longest = max(trial[2] for trials in searches.values() for trial in trials)
    summary = "; ".join(
        f"{name}: {len(trials)} trials, best {max(trial[3] for trial in trials):.3f}"
        for name, trials in searches.items()
    )
    figure = new_figure(f"Points of the search space that were tried. {summary}.", height=4.6)
    axes = figure.subplots(2, -(-len(searches) // 2), squeeze=False, sharex=True, sharey=True)
    for axis, (name, trials) in zip(axes.flat, searches.items(), strict=False):
        columns, rows = np.meshgrid(range(len(learning_rates)), range(len(units)))
        axis.plot(columns.ravel(), rows.ravel(), ".", color="0.8", markersize=2, zorder=1)
        order = sorted(trials, key=lambda trial: trial[2])  # long trials are drawn last, on top
        points = axis.scatter(
            [learning_rates.index(trial[1]) for trial in order],
            [units.index(trial[0]) for trial in order],
            s=[20 + 110 * trial[2] / longest for trial in order],
            c=[trial[3] for trial in order],
            cmap=SEQUENTIAL,
            vmin=min(scores),
            vmax=max(scores),
            edgecolors="0.3",
            linewidths=0.5,
            zorder=2,
        )
        axis.set_title(f"{name}, {len(trials)} trials", fontsize=10)
        _name_axes(axis, units, learning_rates)
        axis.label_outer()
    figure.colorbar(points, ax=axes, label="validation accuracy seen")
    return figure


def best_so_far(
    rows: Mapping[str, Mapping[str, ArrayLike]],
    *,
    luck: Mapping[str, ArrayLike] | None = None,
) -> Figure:
    """Draw how searches improve with the epochs spent: mean, 10th and 90th percentile.

    Each method has a column of its own.

    Parameters
    ----------
    rows : mapping of str to mapping of str to array, shape (searches, epochs)
        By the row's y label, then by the method's name. Column i holds a value after i + 1
        epochs, NaN where a search had none yet. All rows have the same methods.
    luck : mapping of str to array, shape (searches, epochs), optional
        By the row's y label: many random searches, drawn in grey behind each method.
    """
    summary = "; ".join(
        f"{' '.join(label.split())}: "
        + ", ".join(f"{name} {np.mean(curves, axis=0)[-1]:.3f}" for name, curves in methods.items())
        for label, methods in rows.items()
    )
    figure = new_figure(
        f"Lines that rise with the epochs spent. At the end, {summary}.", height=4.4
    )
    columns = max(map(len, rows.values()))
    axes = figure.subplots(len(rows), columns, squeeze=False, sharex=True, sharey="row")
    for (label, methods), in_row in zip(rows.items(), axes, strict=True):
        for curves, axis, colour in zip(methods.values(), in_row, OKABE_ITO, strict=False):
            if luck:
                _draw_spread(axis, luck[label], "0.5", "luck")
            _draw_spread(axis, curves, colour)
            axis.grid(alpha=0.3)
        ends = np.concatenate([np.asarray(curves)[:, -1] for curves in methods.values()])
        in_row[0].set(ylabel=label, ylim=(ends.min() - 0.08, ends.max() + 0.02))
    for axis, name in zip(axes[0], methods, strict=False):
        axis.set_title(name, fontsize=10)
    if luck:
        axes[0, 0].legend(loc="lower right", fontsize=8)
    figure.supxlabel("epochs spent", fontsize=10)
    return figure


def _draw_spread(axis: Axes, curves: ArrayLike, colour: str, label: str = "") -> None:
    """Draw the mean of curves and their 10th to 90th percentile, where every one has a value."""
    curves = np.asarray(curves)
    shown = np.isfinite(curves).all(axis=0)
    spent, curves = np.flatnonzero(shown) + 1, curves[:, shown]
    low, high = np.percentile(curves, [10, 90], axis=0)
    axis.fill_between(spent, low, high, color=colour, alpha=0.2, step="post", lw=0)
    axis.step(spent, curves.mean(axis=0), color=colour, where="post", label=label or None)


def _name_axes(axis: Axes, units: Sequence[int], learning_rates: Sequence[float]) -> None:
    decades = [i for i, rate in enumerate(learning_rates) if np.isclose(np.log10(rate) % 1, 0)]
    axis.set_xticks(decades, [f"{learning_rates[i]:g}" for i in decades])
    axis.set_yticks(range(len(units)), units)
    axis.set(xlabel="learning rate (logarithmic)", ylabel="hidden units")
