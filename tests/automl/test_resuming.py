"""A search that was killed continues where it stopped."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("keras_tuner", reason="the extra course-lib[automl] is missing")

PROGRAM = """
import sys
import keras, keras_tuner, numpy as np
from course_lib import automl

trained = 0

class Halting(keras_tuner.HyperModel):
    def build(self, hp):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(hp.Int("units", 2, 64))])
        model.compile("adam", "mse")
        return model

    def fit(self, hp, model, *args, **options):
        global trained
        trained += 1
        if "halt" in sys.argv and trained == 2:
            print("halted", flush=True)
            sys.stdin.read()  # until it is killed
        return model.fit(*args, **options)

x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")

def space(folder):
    return keras_tuner.RandomSearch(
        Halting(), objective="val_loss", max_trials=3, seed=1, directory=folder
    )

found = automl.search(
    space, x, x[:, :1], validation_data=(x, x[:, :1]), epochs=1, seconds=300, title="Killed", seed=0
)
print("trained", trained)
print([(trial.number, trial.status) for trial in found.trials])
"""


@pytest.mark.slow
def test_a_killed_search_goes_on_and_repeats_no_finished_trial(tmp_path: Path):
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    command = [sys.executable, str(file)]
    with subprocess.Popen(
        [*command, "halt"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        said = []
        for line in first.stdout:
            said.append(line)
            if line.endswith("halted\n"):
                break
        first.kill()
    assert said[-1].endswith("halted\n"), said
    told = next(line for line in said if line.startswith("trial 1"))

    second = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Killed: continuing after 1 trial, " in second
    assert "trial 1" not in second.split("the best is")[0], told
    assert "trained 2\n" in second
    assert "[(1, 'finished'), (2, 'finished'), (3, 'finished')]" in second

    third = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "read from the cache (3 trials" in third
    assert "trained 0\n" in third
