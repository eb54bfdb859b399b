"""A search keeps to its budget of wall-clock time, tells what it tries, and is read again."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager

import keras
import numpy as np
import pytest

keras_tuner = pytest.importorskip("keras_tuner", reason="the extra course-lib[automl] is missing")

from course_lib import automl  # noqa: E402
from course_lib.automl import budget, searching  # noqa: E402
from course_lib.automl.fingerprint import fingerprint  # noqa: E402
from course_lib.errors import CourseError  # noqa: E402

RNG = np.random.default_rng(0)
X = RNG.normal(size=(256, 4)).astype("float32")
Y = (X.sum(axis=1) > 0).astype("int64")
VALIDATION = (X[200:], Y[200:])


class Clock:
    """Stands in for the module `time`, so that a busy machine changes no outcome."""

    def __init__(self):
        self.now, self.alarm = 1000.0, None

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        """Let time pass, up to the alarm if there is one by then."""
        self.now += seconds
        if self.alarm is not None and self.now > self.alarm:
            self.now = self.alarm
            raise budget._GivenUp("no time was left for it")

    @contextmanager
    def given_up_after(self, seconds):
        """Stands in for the system's alarm."""
        self.alarm = self.now + seconds
        try:
            yield
        finally:
            self.alarm = None


clock, given_up_after = Clock(), budget._given_up_after
BATCHES, SECONDS_A_BATCH = 10, 1.0


@pytest.fixture(autouse=True)
def _clock(monkeypatch) -> None:
    monkeypatch.setattr(budget, "time", clock)
    monkeypatch.setattr(searching, "time", clock)
    monkeypatch.setattr(budget, "_given_up_after", clock.given_up_after)


class Pretending(keras_tuner.HyperModel):
    """Networks that are scored by their width; KerasTuner's callbacks are called as Keras does.

    Compiling real training takes seconds for each trial.
    """

    def build(self, hp):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(hp.Int("units", 2, 64))])
        model.compile("adam", "mse")
        return model

    def fit(self, hp, model, x, y, *, epochs, callbacks, **options):
        model.stop_training = False
        logs = {"val_accuracy": hp.get("units") / 64, "val_loss": 1.0}
        for callback in callbacks:
            callback.set_model(model)
            callback.on_train_begin()
        for epoch in range(epochs):
            for batch in range(BATCHES):
                clock.now += SECONDS_A_BATCH
                for callback in callbacks:
                    callback.on_train_batch_end(batch, {})
                if model.stop_training:
                    break
            for callback in callbacks:
                callback.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
        return logs


class SlowToStart(Pretending):
    """Needs a minute before the first batch, as a large network that is compiled."""

    def fit(self, hp, model, *args, **options):
        clock.sleep(60)
        return super().fit(hp, model, *args, **options)


class Broken(Pretending):
    def fit(self, hp, model, *args, **options):
        raise ArithmeticError("the moon is too near")


def space(hypermodel=Pretending, *, seed=1, max_trials=2):
    def set_up(folder):
        return keras_tuner.RandomSearch(
            hypermodel(),
            objective="val_accuracy",
            max_trials=max_trials,
            seed=seed,
            directory=folder,
        )  # fmt: skip

    return set_up


def search(set_up, **changes):
    options = {
        "validation_data": VALIDATION,
        "epochs": 2,
        "seconds": 60.0,
        "title": "Tiny",
        "seed": 0,
    }
    return automl.search(set_up, X[:200], Y[:200], **options | changes)


def test_a_long_trial_is_stopped_within_an_epoch_and_counts():
    found = search(space(), epochs=1_000_000, seconds=55.0)
    (trial,) = found.trials
    assert (trial.status, trial.epochs) == ("cut short", 6)
    # The first batch took a second, and so long building the best network again may take.
    assert found.seconds == trial.seconds == 54.0
    assert found.best is trial


def test_no_trial_starts_after_the_deadline():
    found = search(space(max_trials=1000), epochs=2, seconds=52.0)
    assert [trial.status for trial in found.trials] == ["finished", "finished", "cut short"]
    assert [trial.seconds for trial in found.trials] == [20.0, 20.0, 11.0]
    assert found.seconds == 51.0


def test_no_trial_starts_that_could_not_finish_an_epoch():
    found = search(space(max_trials=1000), epochs=2, seconds=50.0)
    assert [trial.seconds for trial in found.trials] == [20.0, 20.0]


def test_where_no_trial_gets_through_an_epoch_the_error_names_the_budget_and_the_fix(capsys):
    start = clock.now
    with pytest.raises(CourseError, match="No network got through its first epoch within 1 s") as e:
        search(space(SlowToStart), seconds=1.0)
    assert "(no time was left for it): give the search more seconds" in str(e.value)
    said = capsys.readouterr()
    assert "→ failed (no time was left for it) in " in said.out
    assert "Traceback" not in said.err
    assert clock.now - start == 1.0 + budget.MIN_GRACE_FOR_THE_FIRST


class SlowToValidate(Pretending):
    """Gets through an epoch, and hangs in the validation of a later one."""

    def fit(self, hp, model, x, y, *, epochs, **options):
        super().fit(hp, model, x, y, epochs=1, **options)
        for callback in options["callbacks"]:
            callback.on_train_batch_end(0, {})
        clock.sleep(100)


def test_a_trial_that_is_given_up_counts_with_the_epochs_it_had_finished():
    start = clock.now
    found = search(space(SlowToValidate), seconds=30.0)
    assert clock.now - start == 30.0 + budget.MIN_GRACE_FOR_THE_FIRST
    (trial,) = found.trials
    assert (trial.status, trial.epochs) == ("cut short", 1)
    assert trial.score == trial.values["units"] / 64
    assert found.model.layers[-1].units == trial.values["units"]


def test_what_calls_nobody_back_is_given_up_all_the_same():
    with pytest.raises(budget._GivenUp, match="no time was left"), given_up_after(0.05):
        time.sleep(60)


def test_where_trial_after_trial_fails_the_reason_is_told():
    with pytest.raises(CourseError, match="the last one with: ArithmeticError: the moon"):
        search(space(Broken, max_trials=5))


@pytest.mark.parametrize("seed", [0, None])
def test_a_search_without_a_seed_is_refused(seed):
    with pytest.raises(CourseError, match="a seed of 1 or more"):
        search(space(seed=seed))


def test_a_budget_must_be_positive():
    with pytest.raises(CourseError, match="seconds is 0"):
        search(space(), seconds=0)


def test_each_trial_is_told_in_one_line_and_kerastuners_tables_are_not_shown(capsys):
    found = search(space(), title="Told")
    first, *trials, last = capsys.readouterr().out.splitlines()
    assert first == "Told: a search of 1 min 00 s at most"
    assert len(trials) == len(found.trials) == 2
    for trial, line in zip(found.trials, trials, strict=True):
        assert line.startswith(f"trial {trial.number}: units {trial.values['units']} → ")
        assert f"val_accuracy {trial.score:.4g} in " in line
        assert "left" in line
    assert last.startswith("Told: 2 trials in ")


def test_the_best_network_is_the_one_of_the_best_trial():
    found = search(space(), title="Best")
    assert found.best.score == max(trial.score for trial in found.trials)
    assert found.model.layers[-1].units == found.best.values["units"]


def test_the_same_search_is_read_from_the_cache_and_says_so(capsys):
    first = search(space(), title="Kept")
    random_state = random.random(), np.random.default_rng(0).random(), keras.random.normal((1,))
    capsys.readouterr()
    second = search(space(), title="Kept")
    assert (first.cached, second.cached) == (False, True)
    assert capsys.readouterr().out.startswith("Kept: read from the cache (2 trials in ")
    assert second.trials == first.trials
    assert second.seconds == first.seconds
    np.testing.assert_allclose(second.model(X), first.model(X), rtol=1e-5)
    # What follows in a notebook draws the same numbers, searched or read.
    assert random.random() == random_state[0]
    assert float(keras.random.normal((1,))[0]) == float(random_state[2][0])


class Deeper(Pretending):
    def build(self, hp):
        hp.Choice("depth", [1, 2])
        return super().build(hp)


class Other(Pretending):
    """The same space, other networks."""

    def fit(self, hp, model, *args, **options):
        return super().fit(hp, model, *args, **options) | {"val_accuracy": 0.5}


def test_a_changed_search_is_another_one(tmp_path):
    usual, data = space(), [X, Y, *VALIDATION]

    def key(set_up=usual, arrays=data, **settings):
        return fingerprint(set_up(str(tmp_path)), arrays, **settings)

    changed = [
        key(), key(space(Deeper)), key(space(Other)), key(space(seed=2)), key(space(max_trials=3)),
        key(arrays=[X + 1, Y, *VALIDATION]), key(arrays=[X.astype("float64"), Y, *VALIDATION]),
        key(epochs=2), key(epochs=3),
    ]  # fmt: skip
    assert len(set(changed)) == len(changed)
    assert key(epochs=3) == changed[-1]


def test_a_search_can_be_made_again():
    search(space(), title="Again")
    assert not search(space(), title="Again", again=True).cached


def test_a_function_whose_text_is_lost_is_refused(tmp_path):
    names = {"keras": keras}
    exec("def build(hp):\n    return keras.Sequential([keras.Input((1,))])", names)
    tuner = keras_tuner.RandomSearch(names["build"], objective="val_loss", directory=tmp_path)
    with pytest.raises(CourseError, match="define it in a notebook or in a file"):
        fingerprint(tuner, [X])


def test_a_damaged_file_of_an_interrupted_search_is_announced_and_it_starts_afresh(
    monkeypatch, tmp_path, capsys
):
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path))
    search(space())
    (folder,) = (tmp_path / "searches").iterdir()
    (folder / "search.json").unlink()
    project = folder / "tuner" / "untitled_project"
    project.mkdir(parents=True)
    (project / "oracle.json").write_text('{"ongoing_')
    (project / "tuner0.json").write_text("{}")
    assert len(search(space()).trials) == 2
    assert "are damaged, so it starts again" in capsys.readouterr().out


def test_a_second_notebook_is_kept_out_of_a_search_that_is_under_way(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path))

    class Second(Pretending):
        def fit(self, hp, model, *args, **options):
            with pytest.raises(CourseError, match="another notebook is running this search"):
                search(space(Second))
            return super().fit(hp, model, *args, **options)

    assert len(search(space(Second)).trials) == 2


def test_in_a_terminal_a_bar_shows_the_budget(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    search(space(), title="Barred")
    said = capsys.readouterr().out
    assert "trial 2: units" in said
    assert "val_accuracy" in said
