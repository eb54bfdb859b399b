"""Training within seconds: it ends in time, and the learning rate rises and falls."""

import time
from itertools import count
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from course_lib.automl.timed_schedule import TimedSchedule


def test_training_ends_when_the_seconds_are_over():
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    network.compile("adam", "mse")
    clock = TimedSchedule(1.0)
    started = time.perf_counter()
    network.fit(np.ones((64, 3)), np.ones(64), epochs=10**6, verbose=0, callbacks=[clock])
    assert time.perf_counter() - started >= 1.0
    assert 1 <= clock.steps < 10**6  # it ends by itself, however long a busy machine compiles


def test_the_rate_rises_for_a_fifth_of_the_time_and_falls_to_zero():
    looks = count()  # half a second passes whenever somebody looks at the clock
    network = SimpleNamespace(optimizer=SimpleNamespace(), stop_training=False)
    clock = TimedSchedule(100, low=0.001, peak=0.01, clock=lambda: next(looks) / 2)
    clock.set_model(network)
    clock.on_train_begin()
    rates = []
    while not network.stop_training:
        clock.on_train_batch_begin(0)
        rates.append(network.optimizer.learning_rate)
        clock.on_train_batch_end(0)
    assert clock.steps == len(rates) == 100
    assert np.all(np.diff(rates[:20]) > 0)
    assert np.all(np.diff(rates[20:]) < 0)
    assert rates[0] == pytest.approx(0.001, abs=0.0005)
    assert max(rates) == pytest.approx(0.01, rel=0.01)
    assert rates[-1] < 1e-4


def test_no_seconds_are_refused():
    with pytest.raises(ValueError, match="seconds is 0"):
        TimedSchedule(0)
