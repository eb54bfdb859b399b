"""The outcome and duration of each trial of a search: kept on disk while the search runs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from course_lib import files


@dataclass(frozen=True)
class Trial:
    """One network that a search tried.

    Attributes
    ----------
    number : int
        From 1, in the order of starting.
    values : dict
        The hyper-parameters by name.
    score : float or None
        The objective at its best epoch; None where the trial did not get that far.
    epochs : int
        How many were trained, a last one that the deadline cut short included.
    seconds : float
        Building, training and validating, wall-clock time.
    status : {"finished", "cut short", "failed"}
        "cut short" was stopped by the deadline and scored as it stood.
    """

    number: int
    values: dict[str, Any]
    score: float | None
    epochs: int
    seconds: float
    status: str


@dataclass
class Record:
    """The facts about a trial that KerasTuner does not note."""

    seconds: float = 0.0
    epochs: int = 0
    cut: bool = False


@dataclass
class TrialLedger:
    """The records of a search's trials and the seconds spent, also by earlier, interrupted calls.

    Attributes
    ----------
    path : Path
        A JSON file, written again after every change that must not be lost.
    seconds : float
        Spent on the search so far.
    opening : float
        Seconds from the first trial's start until its first batch was through: building and
        compiling. Building the best network again at the search's end takes no longer.
    quickest : float or None
        Seconds that the quickest first epoch took, building included.
    trials : dict of str to Record
        By KerasTuner's name for the trial.
    """

    path: Path
    seconds: float = 0.0
    opening: float = 0.0
    quickest: float | None = None
    trials: dict[str, Record] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path) -> TrialLedger:
        """Read the file of an earlier call, or begin."""
        if not path.exists():
            return cls(path)
        kept = json.loads(path.read_text("utf-8"))
        records = {name: Record(**record) for name, record in kept.pop("trials").items()}
        return cls(path, **kept, trials=records)

    def save(self) -> None:
        kept = asdict(self)
        del kept["path"]
        files.write(self.path, json.dumps(kept, indent=1))


def trials_of(oracle: Any, ledger: TrialLedger) -> list[Trial]:
    """Return the trials of a KerasTuner oracle, in the order of starting."""
    trials = []
    for number, name in enumerate(oracle.start_order, start=1):
        trial, record = oracle.trials[name], ledger.trials.get(name, Record())
        finished = trial.status == "COMPLETED"
        status = "failed" if not finished else "cut short" if record.cut else "finished"
        trials.append(
            Trial(
                number=number,
                values=dict(trial.hyperparameters.values),
                score=float(trial.score) if finished else None,
                epochs=record.epochs,
                seconds=record.seconds,
                status=status,
            )
        )
    return trials
