"""Training plumbing: learning curves, a learning-rate range test, early stopping."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_lib import plots


class LearningCurves(keras.callbacks.Callback):
    """Show the progress of training: growing curves in a notebook, a line per epoch in a terminal.

    Pass it to ``fit(..., verbose=0, callbacks=[LearningCurves("CNN")])``. The training curves are
    means over each epoch while the weights change and dropout is on; the validation curves are
    measured at the epoch's end. So a validation curve that starts above the training curve is
    not a mistake.

    Parameters
    ----------
    title : str
        The name of the model.
    metric : str
        The metric to draw next to the loss.
    """

    def __init__(self, title: str, *, metric: str = "accuracy") -> None:
        super().__init__()
        self.title = title
        self.metric = metric
        self.history: dict[str, list[float]] = {}
        self._figure = plots.LiveFigure()

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.history = {}
        self._figure = plots.LiveFigure()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(float(value))
        if plots.in_notebook():
            figure = plots.learning_curves(
                self.history, title=self.title, metric=self.metric, epochs=self.params["epochs"]
            )
            self._figure.show(figure)
        else:
            values = "  ".join(f"{name} {value[-1]:.4f}" for name, value in self.history.items())
            print(f"{self.title}: epoch {epoch + 1}/{self.params['epochs']}  {values}")
            sys.stdout.flush()


def early_stopping(
    patience: int, *, monitor: str = "val_loss", min_delta: float = 0.0
) -> keras.callbacks.EarlyStopping:
    """Return a callback that ends training when nothing improves, and keeps the best weights.

    Parameters
    ----------
    patience : int
        After how many epochs in a row without improvement to stop, at least 1.
    monitor : str
        The number to watch; less is better for a loss, more for an accuracy.
    min_delta : float
        How much counts as an improvement, at least 0.

    Raises
    ------
    ValueError
        If `patience` or `min_delta` is out of range.
    """
    if patience < 1:
        raise ValueError(f"patience is {patience}: it must be at least 1 epoch.")
    if min_delta < 0:
        raise ValueError(f"min_delta is {min_delta}: it must not be negative.")
    return keras.callbacks.EarlyStopping(
        monitor=monitor, patience=patience, min_delta=min_delta, restore_best_weights=True
    )


@dataclass(frozen=True)
class RangeTest:
    """The outcome of a learning-rate range test.

    Attributes
    ----------
    learning_rates : array of float, shape (steps,)
        Rising geometrically.
    losses : array of float, shape (steps,)
        The training loss of the one batch that each rate was tried on, smoothed.
    """

    learning_rates: NDArray[np.float64]
    losses: NDArray[np.float64]

    @property
    def steepest(self) -> float:
        """The learning rate at which the smoothed loss falls fastest."""
        slopes = np.gradient(self.losses, np.log(self.learning_rates))
        return float(self.learning_rates[np.argmin(slopes)])


def learning_rate_range_test(
    model: keras.Model,
    x: ArrayLike,
    y: ArrayLike,
    *,
    low: float = 1e-5,
    high: float = 1.0,
    steps: int = 100,
    batch_size: int = 128,
    seed: int = 0,
) -> RangeTest:
    """Raise the learning rate batch by batch and record when the loss falls and when it diverges.

    The model gets its weights and the optimizer its state back afterwards, so that the test
    leaves no trace. It ends early once the loss is four times its lowest value.

    Parameters
    ----------
    model : keras.Model
        Compiled, with a plain number as learning rate.
    x, y : arrays, shapes (n, ...) and (n,) or (n, k)
        Training examples, n at least `batch_size`.
    low, high : float
        The first and the last learning rate, 0 < low < high.
    steps : int
        How many batches, at least 10.
    batch_size : int
    seed : int
        For the order of the batches.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    References
    ----------
    Smith, L. N. (2017). Cyclical learning rates for training neural networks. WACV, section 3.3.
    """
    if not 0 < low < high:
        raise ValueError(f"low is {low} and high is {high}: choose 0 < low < high.")
    if steps < 10:
        raise ValueError(f"steps is {steps}: at least 10 are needed to see a curve.")
    x, y = np.asarray(x), np.asarray(y)
    if len(x) != len(y) or len(x) < batch_size:
        raise ValueError(
            f"x has {len(x)} examples and y {len(y)}: both need the same number, "
            f"at least batch_size = {batch_size}."
        )
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        raise ValueError("the model has no optimizer: compile it first.")

    if not optimizer.built:
        optimizer.build(model.trainable_variables)
    weights = model.get_weights()
    state = [variable.numpy() for variable in optimizer.variables]
    try:
        optimizer.learning_rate = low
    except TypeError as error:  # Keras' answer where the rate follows a schedule
        raise ValueError(
            "the optimizer follows a schedule: compile with a plain learning rate."
        ) from error

    rng = np.random.default_rng(seed)
    learning_rates = np.geomspace(low, high, steps)
    losses: list[float] = []
    smoothed = 0.0
    try:
        for step, learning_rate in enumerate(learning_rates, start=1):
            optimizer.learning_rate = learning_rate
            batch = rng.choice(len(x), batch_size, replace=False)
            logs = model.train_on_batch(x[batch], y[batch], return_dict=True)
            model.reset_metrics()  # else Keras returns the mean over all batches so far
            smoothed = 0.9 * smoothed + 0.1 * float(logs["loss"])
            losses.append(smoothed / (1 - 0.9**step))  # corrects the start from 0
            if not np.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):
                break
    finally:
        model.set_weights(weights)
        for variable, value in zip(optimizer.variables, state, strict=True):
            variable.assign(value)
    finite = np.isfinite(losses)
    return RangeTest(learning_rates[: len(losses)][finite], np.array(losses)[finite])
