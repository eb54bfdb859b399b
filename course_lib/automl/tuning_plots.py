"""Pictures of searches for hyper-parameters: the space, the points tried, the best so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from course_lib.plots import OKABE_ITO, SEQUENTIAL, new_figure

_LINES = ("-", "--", "-.", ":")


def score_tables(
    tables: Mapping[str, ArrayLike], *, units: Sequence[int], learning_rates: Sequence[float]
) -> Figure:
    """Draw what every configuration of units and learning rate scores, one panel a table.

    Parameters
    ----------
    tables : mapping of str to array, shape (len(units), len(learning_rates))
        By what the numbers are, which becomes the colour bar's label.
    units : sequence of int
        Rising.
    learning_rates : sequence of float
        Rising by one and the same factor.
    """
    said = []
    for label, table in tables.items():
        row, column = np.unravel_index(np.argmax(table), np.shape(table))
        said.append(
            f"{label} from {np.min(table):.3f} to {np.max(table):.3f}, highest at {units[row]} "
            f"units and learning rate {learning_rates[column]:.1g}"
        )
    figure = new_figure(f"Tables of units and learning rate: {'; '.join(said)}.", height=3.0)
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
    """Draw where searches looked, one panel each, coloured by what they saw there.

    Parameters
    ----------
    searches : mapping of str to sequence of (units, learning rate, epochs, score)
        By the method's name, in the order of the trials. The more epochs the larger the point.
    units, learning_rates : sequence of numbers
        All that could be chosen; both rising, `learning_rates` by one and the same factor.
    """
    scores = [trial[3] for trials in searches.values() for trial in trials]
    longest = max(trial[2] for trials in searches.values() for trial in trials)
    said = "; ".join(
        f"{name}: {len(trials)} trials, best {max(trial[3] for trial in trials):.3f}"
        for name, trials in searches.items()
    )
    figure = new_figure(f"Points of the search space that were tried. {said}.", height=4.6)
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
    panels: Mapping[str, Mapping[str, ArrayLike]],
    *,
    luck: Mapping[str, ArrayLike] | None = None,
) -> Figure:
    """Draw how searches got better with what they spent: mean, 10th and 90th percentile.

    Parameters
    ----------
    panels : mapping of str to mapping of str to array, shape (searches, epochs)
        By the panel's y label, then by the method's name. Column i holds a value after i + 1
        epochs, NaN where a search had none yet.
    luck : mapping of str to array, shape (searches, epochs), optional
        By the panel's y label: many random searches, of which the percentiles are drawn in grey.
    """
    said = "; ".join(
        f"{label}: "
        + ", ".join(f"{name} {np.mean(curves, axis=0)[-1]:.3f}" for name, curves in methods.items())
        for label, methods in panels.items()
    )
    figure = new_figure(f"Lines that rise with the epochs spent. At the end, {said}.", height=3.8)
    for axis, (label, methods) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True
    ):
        if luck:
            spent, lucky = _finite(luck[label])
            low, high = np.percentile(lucky, [10, 90], axis=0)
            axis.fill_between(spent, low, high, color="0.88", step="post", label="luck")
        for (name, curves), colour, line in zip(methods.items(), OKABE_ITO, _LINES, strict=False):
            spent, curves = _finite(curves)
            low, high = np.percentile(curves, [10, 90], axis=0)
            axis.fill_between(spent, low, high, color=colour, alpha=0.18, step="post", lw=0)
            axis.step(
                spent, curves.mean(axis=0), color=colour, linestyle=line, where="post", label=name
            )
        ends = np.concatenate([np.asarray(curves)[:, -1] for curves in methods.values()])
        axis.set(xlabel="epochs spent", ylabel=label, ylim=(ends.min() - 0.08, ends.max() + 0.02))
        axis.grid(alpha=0.3)
    axis.legend(loc="lower right", fontsize=8)
    return figure


def _finite(curves: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return the epochs after which every search had a value, and the values there."""
    curves = np.asarray(curves)
    shown = np.isfinite(curves).all(axis=0)
    return np.flatnonzero(shown) + 1, curves[:, shown]


def _name_axes(axis: Axes, units: Sequence[int], learning_rates: Sequence[float]) -> None:
    decades = [i for i, rate in enumerate(learning_rates) if np.isclose(np.log10(rate) % 1, 0)]
    axis.set_xticks(decades, [f"{learning_rates[i]:g}" for i in decades])
    axis.set_yticks(range(len(units)), units)
    axis.set(xlabel="learning rate (logarithmic)", ylabel="hidden units")
