"""One search, from its start or from where it was interrupted, or read from the cache."""

from __future__ import annotations

import io
import json
import re
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
from numpy.typing import ArrayLike

from course_lib import files
from course_lib.automl.bridge import demand
from course_lib.automl.budget import Budget, watch
from course_lib.automl.fingerprint import fingerprint
from course_lib.automl.progress import SearchProgress
from course_lib.automl.trials import Trial, TrialLedger, trials_of
from course_lib.datasets import cache_dir
from course_lib.durations import duration
from course_lib.errors import CourseError
from course_lib.locking import locked


@dataclass(frozen=True)
class Search:
    """The result of a search.

    Attributes
    ----------
    model : keras.Model
        The best network as it was after its best epoch.
    trials : list of Trial
        In the order of starting.
    objective : str
        The name of the score, such as "val_accuracy".
    direction : {"max", "min"}
    budget, seconds : float
        The time that the search was allowed and the time that it took, over all its calls.
    cached : bool
        Whether it was read from the cache.
    """

    model: keras.Model
    trials: list[Trial]
    objective: str
    direction: str
    budget: float
    seconds: float
    cached: bool

    @property
    def best(self) -> Trial:
        """The trial with the best score."""
        scored = [trial for trial in self.trials if trial.score is not None]
        pick = max if self.direction == "max" else min
        return pick(scored, key=lambda trial: trial.score)


def search(
    space: Callable[[str], Any],
    x: ArrayLike,
    y: ArrayLike,
    *,
    validation_data: tuple[ArrayLike, ArrayLike],
    epochs: int,
    seconds: float,
    title: str,
    seed: int,
    batch_size: int = 32,
    patience: int | None = None,
    again: bool = False,
) -> Search:
    """Search for the best network within a budget of wall-clock time.

    No trial starts once the budget is spent, and a network in training then is stopped at its
    next batch, validated and counted. Each trial's score and time are shown and kept. The same
    call after an interruption continues: finished trials are not repeated, and the seconds they
    took count. The same call after the end reads the result from the user's cache. "The same"
    means space, data, settings, seed and versions; a changed search starts from the beginning.

    Parameters
    ----------
    space : function
        Gets a folder, and returns an AutoModel of AutoKeras or a tuner of KerasTuner that keeps
        its files there (``directory=folder``) and has a seed of at least 1: both packages take 0
        for none. A function, since names and numbering of blocks must be the same when a
        search is set up again to continue.
    x, y : arrays, shapes (n, ...) and (n,) or (n, k)
        Training examples.
    validation_data : pair of arrays
        The examples that the scores are measured on.
    epochs : int
        At most, for each trial.
    seconds : float
        The budget, more than 0.
    title : str
        The name of the search, for the reader.
    seed : int
        For weights and batches, before the search and again after it, so that later cells of a
        notebook do not depend on whether the search was read from the cache.
    batch_size : int
    patience : int or None
        After how many epochs without a better validation loss a trial ends; None for never.
    again : bool
        Forget an earlier result of this search.

    Returns
    -------
    Search

    Raises
    ------
    CourseError
        If no trial finished its first epoch within the budget, if trial after trial failed, if
        the space has no seed, or if another notebook is running the same search.
    """
    demand("keras_tuner", "tensorboard")
    if seconds <= 0:
        raise CourseError(f"seconds is {seconds}: a search needs a budget of more than 0 seconds.")
    started = time.monotonic()
    settings = {
        "epochs": epochs, "seconds": seconds, "seed": seed, "batch_size": batch_size,
        "patience": patience,
    }  # fmt: skip
    arrays = [x, y, *validation_data]
    with tempfile.TemporaryDirectory() as nowhere:
        key = fingerprint(_tuner_of(_set_up(space, nowhere)), arrays, **settings)
    folder = cache_dir() / "searches" / f"{_slug(title)}-{key}"
    if again:
        shutil.rmtree(folder, ignore_errors=True)
    if (folder / "search.json").exists():
        result = _read(folder, title)
        keras.utils.set_random_seed(seed)
        return result

    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(seed)
    refusal = (
        f"{title}: another notebook is running this search. Run this cell again when it has "
        "finished; it then reads the result."
    )
    with locked(folder, lambda: refusal):
        made = _set_up_again(space, folder, title)
        tuner = _tuner_of(made)
        if fingerprint(tuner, arrays, **settings) != key:
            raise CourseError(
                "The search space differs each time it is built: give the tuner a seed of 1 or "
                "more. KerasTuner and AutoKeras treat 0 as no seed, and draw one."
            )
        ledger = TrialLedger.open(folder / "trials.json")
        with SearchProgress(title, seconds) as progress, _without_false_alarms():
            budget = Budget(seconds, ledger, progress, began=started)
            progress.say(_first_line(title, budget, len(tuner.oracle.end_order)))
            watch(tuner, budget)
            _fit(made, x, y, validation_data, epochs, batch_size, patience)
            model = tuner.get_best_models(1)[0]
        objective = tuner.oracle.objective
        result = Search(
            model=model,
            trials=trials_of(tuner.oracle, ledger),
            objective=objective.name,
            direction=objective.direction,
            budget=seconds,
            seconds=budget.spent,
            cached=False,
        )
        _save(result, folder)
    keras.utils.set_random_seed(seed)
    print(f"{title}: {_outcome(result)}")
    return result


def _fit(made, x, y, validation_data, epochs, batch_size, patience) -> None:
    # AutoKeras would train its best network again, for as long as it takes, if it had to split the
    # data itself or to bring its own early stopping.
    stopping = keras.callbacks.EarlyStopping(patience=patience or epochs)
    fit = made.fit if hasattr(made, "tuner") else made.search
    try:
        fit(
            x, y, validation_data=validation_data, epochs=epochs, batch_size=batch_size,
            callbacks=[stopping], verbose=0,
        )  # fmt: skip
    except RuntimeError as error:
        if "consecutive failures" not in str(error):
            raise
        reason = str(error).strip().splitlines()[-1]
        raise CourseError(f"Trial after trial failed, the last one with: {reason}") from error


def _set_up(space: Callable[[str], Any], folder: str) -> Any:
    # Keras numbers the blocks of each kind as it makes them: let it begin at 1 again.
    keras.backend.clear_session(free_memory=False)
    with redirect_stdout(io.StringIO()):  # "Reloading Tuner from …"
        return space(folder)


def _set_up_again(space: Callable[[str], Any], folder: Path, title: str) -> Any:
    """Set a search up in its own folder, with the files that an interrupted call left there."""
    try:
        return _set_up(space, str(folder / "tuner"))
    except json.JSONDecodeError:  # killed while KerasTuner wrote one of its files
        print(f"{title}: the files of an interrupted search are damaged, so it starts again.")
        shutil.rmtree(folder / "tuner")
        (folder / "trials.json").unlink(missing_ok=True)
        return _set_up(space, str(folder / "tuner"))


def _tuner_of(made: Any) -> Any:
    """Return the tuner of an AutoModel; a tuner is returned as it is."""
    return getattr(made, "tuner", made)


def _slug(title: str) -> str:
    return re.sub(r"\W+", "-", title.lower()).strip("-")


@contextmanager
def _without_false_alarms() -> Iterator[None]:
    """Silence Keras' needless warnings in every search, and the tracebacks of trials.

    AutoKeras gives a model with one input the array itself and not a list of one; and a network
    that is built again from its weights needs none of its optimizer's state. The reason of a failed
    trial is in its line.
    """
    from keras_tuner.src import config

    shown, config.DEBUG = config.DEBUG, False
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The structure of `inputs` doesn't match")
        warnings.filterwarnings("ignore", "Skipping variable loading for optimizer")
        try:
            yield
        finally:
            config.DEBUG = shown


def _first_line(title: str, budget: Budget, ended: int) -> str:
    if not ended:
        return f"{title}: a search of {duration(budget.seconds)} at most"
    return f"{title}: continuing after {_count(ended)}, {duration(max(budget.left, 0))} left"


def _count(trials: int) -> str:
    return "1 trial" if trials == 1 else f"{trials} trials"


def _outcome(result: Search) -> str:
    best = result.best
    return (
        f"{_count(len(result.trials))} in {duration(result.seconds)}, "
        f"the best is trial {best.number} with {result.objective} {best.score:.4g}"
    )


def _save(result: Search, folder: Path) -> None:
    """Write the files that the next call reads; the last one makes the result complete."""
    result.model.save(folder / "best.keras")
    kept = {
        name: getattr(result, name) for name in ("objective", "direction", "budget", "seconds")
    } | {"trials": [asdict(trial) for trial in result.trials]}
    files.write(folder / "search.json", json.dumps(kept, indent=1))
    shutil.rmtree(folder / "tuner", ignore_errors=True)  # every trial's weights


def _read(folder: Path, title: str) -> Search:
    kept = json.loads((folder / "search.json").read_text("utf-8"))
    trials = [Trial(**trial) for trial in kept.pop("trials")]
    with _without_false_alarms():
        model = keras.models.load_model(folder / "best.keras")
    result = Search(model=model, trials=trials, **kept, cached=True)
    print(f"{title}: read from the cache ({_outcome(result)}); again=True searches again")
    return result
