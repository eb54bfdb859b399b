"""Training for a number of seconds, with a learning rate that follows the clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np


class TimedSchedule(keras.callbacks.Callback):
    """Let the learning rate rise and fall over a number of seconds, then end the training.

    It rises over the first fifth of the time and falls to zero along a cosine, as in lesson 01
    over the steps. Use it with more epochs than can be trained in the time.

    Parameters
    ----------
    seconds : float
        From the start of training, more than 0; compiling counts.
    low, peak : float
        Learning rate at the start and at its highest.
    clock : function
        Gives the seconds so far: wall-clock time, or `time.process_time` for the processor's.

    Attributes
    ----------
    steps : int
        How many batches the time was enough for.
    """

    def __init__(
        self,
        seconds: float,
        *,
        low: float = 3e-4,
        peak: float = 3e-3,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__()
        if seconds <= 0:
            raise ValueError(f"seconds is {seconds}: training needs more than 0 seconds.")
        self.seconds, self.low, self.peak, self.clock = seconds, low, peak, clock
        self.steps = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._start = self.clock()

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        used = (self.clock() - self._start) / self.seconds
        if used < 0.2:
            rate = self.low + (self.peak - self.low) * used / 0.2
        else:
            rate = self.peak * (1 + np.cos(np.pi * min(1.0, (used - 0.2) / 0.8))) / 2
        self.model.optimizer.learning_rate = rate

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.steps += 1
        if self.clock() - self._start >= self.seconds:
            self.model.stop_training = True
