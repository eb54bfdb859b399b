"""A budget of wall-clock time that a search of KerasTuner or AutoKeras keeps to.

KerasTuner counts trials, and a trial takes as long as it takes: twenty may be a minute or a
night. Here no trial starts after the deadline, and training ends at the first batch that passes
it. The network as trained so far is then validated and counts. A trial that is still at work
after a grace, because its model is slow to build or to validate, is given up; the epochs that it
had finished count. The first trial gets a longer grace: a search without any is worth nothing.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from course_lib.automl.progress import SearchProgress, best_of, reason_of
from course_lib.automl.trials import Record, TrialLedger
from course_lib.durations import duration
from course_lib.errors import CourseError

GRACE_SHARE = 0.1  # of the budget: for validating the network that was in training at the deadline
MIN_GRACE = 2.0  # seconds
MIN_GRACE_FOR_THE_FIRST = 10.0  # compiling and validating a small network on a busy machine


class Budget:
    """The seconds that a search may take, and how its trials use them.

    Parameters
    ----------
    seconds : float
        For the whole search, including the seconds that earlier calls spent.
    ledger : TrialLedger
    progress : SearchProgress
    began : float
        When the clock began to run, by `time.monotonic`.
    """

    def __init__(
        self, seconds: float, ledger: TrialLedger, progress: SearchProgress, *, began: float
    ) -> None:
        self.seconds, self.ledger, self.progress = seconds, ledger, progress
        self._spent_before = ledger.seconds
        self._began = self._trial_began = began

    @property
    def spent(self) -> float:
        return self._spent_before + time.monotonic() - self._began

    @property
    def left(self) -> float:
        """Seconds left for training; time to build the best network again is set aside."""
        return self.seconds - self.ledger.opening - self.spent

    def grace(self, *, first: bool) -> float:
        """Seconds after the deadline until a trial is given up, the first one or a later one."""
        least = MIN_GRACE_FOR_THE_FIRST if first else MIN_GRACE
        return max(least, GRACE_SHARE * self.seconds)

    def has_time_for_a_trial(self) -> bool:
        """Whether a trial that starts now may get through its first epoch."""
        return self.left > (self.ledger.quickest or 0.0)

    def begin(self, trial: Any, oracle: Any) -> None:
        self._trial_began = time.monotonic()
        self.scores = self.unsaved_scores = None
        # A trial that was interrupted starts over.
        self.record = self.ledger.trials[trial.trial_id] = Record()
        self.progress.begin_trial(trial, oracle)

    def end_batch(self, model: Any) -> None:
        self.ledger.opening = self.ledger.opening or time.monotonic() - self._trial_began
        self.scores = self.unsaved_scores  # the next epoch is on its way, so its weights are saved
        if self.left <= 0:
            model.stop_training = True
            self.record.cut = True
        self.progress.advance(self.spent)

    def end_epoch(self, logs: dict[str, float], objective: Any) -> None:
        if objective.has_value(logs):
            value, best = objective.get_value(logs), self.unsaved_scores
            if best is None or objective.better_than(value, best[objective.name]):
                self.unsaved_scores = {**logs, objective.name: value}
        took = time.monotonic() - self._trial_began
        if self.record.epochs == 0:
            self.ledger.quickest = min(took, self.ledger.quickest or took)
        self.record.epochs += 1
        self._save(took)

    def end(self, trial: Any, oracle: Any) -> None:
        self._save(time.monotonic() - self._trial_began)
        self.progress.end_trial(trial, oracle, self.record.seconds, self.left)

    def explain_failure(self, oracle: Any) -> None:
        """Raise the error of a search in which no trial was finished."""
        reasons = [reason_of(oracle.trials[name]) for name in oracle.end_order]
        grace = duration(self.grace(first=True))
        raise CourseError(
            f"No network got through its first epoch within {duration(self.seconds)} and a grace "
            f"of {grace} ({', '.join(reasons)}): give the search more seconds, fewer examples or "
            "smaller networks. again=True forgets this attempt."
        )

    def _save(self, took: float) -> None:
        self.record.seconds = took
        self.ledger.seconds = self.spent
        self.ledger.save()


class _GivenUp(Exception):
    """No time was left for a trial."""


class TimedTuner:
    """Mixed into a tuner's class: passes KerasTuner's hooks to a `Budget` and obeys it."""

    budget: Budget

    def pre_create_trial(self) -> None:
        super().pre_create_trial()
        if self.oracle.trials and not self.budget.has_time_for_a_trial():
            self.oracle.max_trials = len(self.oracle.trials)  # then the oracle ends the search

    def on_trial_begin(self, trial) -> None:
        super().on_trial_begin(trial)
        self.budget.begin(trial, self.oracle)

    def run_trial(self, trial, *args, **kwargs):
        from keras_tuner.errors import FailedTrialError

        budget, first = self.budget, best_of(self.oracle) is None
        try:
            with _given_up_after(budget.left + budget.grace(first=first)):
                return super().run_trial(trial, *args, **kwargs)
        except _GivenUp as error:
            if budget.scores is None:
                raise FailedTrialError(str(error)) from error
            budget.record.cut = True
            return budget.scores  # of the best epoch that was finished

    def on_batch_end(self, trial, model, batch, logs=None) -> None:
        super().on_batch_end(trial, model, batch, logs)
        self.budget.end_batch(model)

    def on_epoch_end(self, trial, model, epoch, logs=None) -> None:
        super().on_epoch_end(trial, model, epoch, logs)
        self.budget.end_epoch(logs, self.oracle.objective)

    def on_trial_end(self, trial) -> None:
        super().on_trial_end(trial)
        self.budget.end(trial, self.oracle)

    def get_best_models(self, num_models: int = 1) -> list:
        """Build the best networks once: AutoKeras asks as its search ends, `search` after it."""
        if not hasattr(self, "_best"):
            self._best = super().get_best_models(num_models)
        return self._best

    def on_search_end(self) -> None:
        super().on_search_end()
        if best_of(self.oracle) is None:
            self.budget.explain_failure(self.oracle)


def watch(tuner: Any, budget: Budget) -> None:
    """Let a tuner keep to a budget from now on.

    The tuner exists already, often made by AutoKeras, and KerasTuner calls its hooks as
    methods. So this one object gets a class of its own, derived from the class that it had.
    """
    tuner.budget = budget
    tuner.__class__ = type(f"Timed{type(tuner).__name__}", (TimedTuner, type(tuner)), {})


@contextmanager
def _given_up_after(seconds: float) -> Iterator[None]:
    """Raise `_GivenUp` in a block that takes longer, at whatever line it is.

    Building and tracing a network call no hook, so a signal has to interrupt them. Only the
    main thread gets signals, and not on Windows: elsewhere such a trial continues to its next
    batch.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or not hasattr(signal, "setitimer"):
        yield
        return

    def give_up(number: int, frame: Any) -> None:
        raise _GivenUp("no time was left for it")

    previous = signal.signal(signal.SIGALRM, give_up)
    # Repeated, since code in between may catch the exception as one of its own.
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.01), 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
