"""Showing the trials of a search: a bar in a terminal, one line a trial elsewhere."""

from __future__ import annotations

import sys
from typing import Any

from course_lib.durations import duration

MAX_VALUES = 6  # that one line shows


class SearchProgress:
    """Shows a search's trials in place of KerasTuner's tables.

    Parameters
    ----------
    title : str
        The name of the search.
    seconds : float
        The budget.
    """

    def __init__(self, title: str, seconds: float) -> None:
        self.title, self.seconds = title, seconds
        self._bar = None

    def __enter__(self) -> SearchProgress:
        if sys.stdout.isatty():
            from rich import progress

            self._bar = progress.Progress(
                progress.TextColumn("{task.description}"),
                progress.BarColumn(),
                progress.TimeRemainingColumn(),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task(self.title, total=self.seconds)
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._bar:
            self._bar.stop()

    def say(self, text: str, *, end: str = "\n") -> None:
        if self._bar:
            self._bar.console.print(text, end=end, markup=False, highlight=False)
        else:
            print(text, end=end, flush=True)

    def begin_trial(self, trial: Any, oracle: Any) -> None:
        """Begin the line of a trial with the values that are new."""
        number = oracle.start_order.index(trial.trial_id) + 1
        self._line = f"trial {number}: {describe(trial, best_of(oracle))}"
        if self._bar:
            self._bar.update(self._task, description=f"{self.title}, {self._line}")
        else:
            self.say(self._line, end="")

    def advance(self, spent: float) -> None:
        if self._bar:
            self._bar.update(self._task, completed=spent)

    def end_trial(self, trial: Any, oracle: Any, seconds: float, left: float) -> None:
        """End the line of a trial with its score and the time left."""
        trial, best = oracle.trials[trial.trial_id], best_of(oracle)
        name = oracle.objective.name
        failed = trial.status != "COMPLETED"
        came_to = f"failed ({reason_of(trial)})" if failed else f"{name} {trial.score:.4g}"
        so_far = (
            ", the best so far" if best is trial else f", best {best.score:.4g}" if best else ""
        )
        rest = f"{duration(max(left, 0))} left"
        line = f" → {came_to} in {duration(seconds)}{so_far}; {rest}"
        self.say(self._line + line if self._bar else line)


def best_of(oracle: Any) -> Any | None:
    """Return the best trial that is completed, or None."""
    best = oracle.get_best_trials(1)
    return best[0] if best and best[0].status == "COMPLETED" else None


def reason_of(trial: Any) -> str:
    """Return the last line of a failed trial's traceback, without the module of its exception."""
    message = (trial.message or "").strip()
    return message.splitlines()[-1].rpartition("errors.FailedTrialError: ")[2] if message else ""


def describe(trial: Any, best: Any | None) -> str:
    """Return the values in which a trial differs from the best one so far, by their short names.

    Of the first trial, all values, as far as a line holds them.
    """
    hyperparameters = trial.hyperparameters
    best_values = best.hyperparameters.values if best else {}
    new = {
        name.rsplit("/", 1)[-1]: value
        for name, value in hyperparameters.values.items()
        if name not in best_values or best_values[name] != value
    }
    parts = [f"{name} {_short(value)}" for name, value in list(new.items())[:MAX_VALUES]]
    more = f" and {len(new) - MAX_VALUES} more" if len(new) > MAX_VALUES else ""
    return ", ".join(parts) + more if parts else "the same again"


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
