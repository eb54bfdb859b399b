"""A lesson's headline numbers, and the bands in which they are expected.

A lesson records its numbers with `Results.record`. Each goes into the notebook's output twice: as
a sentence for the reader, and as data that `course run` collects from the executed notebook and
judges against the bands in ``bands.json``.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

MIME_TYPE = "application/vnd.course-lib+json"


def note(kind: str, text: str, **facts: Any) -> None:
    """Show one line in a cell's output and attach the facts behind it for `course run`.

    Parameters
    ----------
    kind : str
        The topic of the facts: "setup", "data" or "result".
    text : str
        The line for the reader.
    **facts
        Values that JSON can hold.
    """
    from IPython import get_ipython

    if get_ipython() is None:  # a plain Python program
        print(text)
        return
    from IPython.display import display

    display({"text/plain": text, MIME_TYPE: {"kind": kind, **facts}}, raw=True)


def notes(notebook: Mapping[str, Any], kind: str) -> Iterator[dict[str, Any]]:
    """Yield the facts of every `note` of one kind in an executed notebook, in order."""
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            facts = output.get("data", {}).get(MIME_TYPE)
            if facts and facts.get("kind") == kind:
                yield dict(facts)


@dataclass(frozen=True)
class Band:
    """The range in which a result is expected, both ends included."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        low, high = _short(self.low), _short(self.high)
        return low if low == high else f"{low} to {high}"


@dataclass(frozen=True)
class Expectation:
    """The expected results of one lesson in one profile on one kind of data.

    Attributes
    ----------
    bands : dict of str to Band
        The bands by the result's name; empty where nothing has been measured.
    seconds : float or None
        How long the lesson took where the bands were measured.
    measured : str
        Date, machine and seeds of the measurement; empty where there is none.
    """

    bands: dict[str, Band] = field(default_factory=dict)
    seconds: float | None = None
    measured: str = ""


@cache
def _table() -> dict[str, Any]:
    return json.loads(resources.files("course_lib").joinpath("bands.json").read_text("utf-8"))


def expectation(lesson: str, profile: str, data: str) -> Expectation:
    """Return a lesson's expected results; an empty `Expectation` where nothing was measured.

    Parameters
    ----------
    lesson : str
        The lesson's name, such as "01-MNIST-classification".
    profile : {"quick", "full"}
    data : {"real", "sample"}
    """
    entry = _table()["lessons"].get(lesson, {}).get(profile, {}).get(data)
    if entry is None:
        return Expectation()
    bands = {name: Band(*map(float, ends)) for name, ends in entry["bands"].items()}
    return Expectation(bands, float(entry["seconds"]), entry["measured"])


def measurement(name: str) -> str:
    """Return the outcome of a benchmark as Markdown: a table, and how it was measured.

    Parameters
    ----------
    name : str
        Of a table [measurements.NAME] in the lesson's bands.toml, printed by the script of that
        name in benchmarks/.

    Raises
    ------
    KeyError
        If there is no such measurement.
    """
    entry = _table()["measurements"][name]
    lines = ["| | mean | standard deviation | each seed |", "| --- | --- | --- | --- |"]
    for label, values in entry["rows"].items():
        each = ", ".join(map(_short, values))
        mean, spread = statistics.mean(values), statistics.stdev(values)
        lines.append(f"| {label} | {_short(mean)} | {spread:.2g} | {each} |")
    return "\n".join([*lines, "", f"Measured: {entry['measured']}."])


@dataclass
class Results:
    """The numbers that one run of a lesson records.

    Parameters
    ----------
    lesson : str
        The lesson's name, such as "01-MNIST-classification".
    profile : {"quick", "full"}
    data : {"real", "sample"}
        Which bands the numbers are held against.

    Examples
    --------
    >>> results = Results("00-example", profile="quick", data="sample")
    >>> results.record("test_accuracy", 0.97)
    test_accuracy = 0.97
    >>> results["test_accuracy"]
    0.97
    """

    lesson: str
    profile: str
    data: str
    values: dict[str, float] = field(default_factory=dict)

    def record(self, name: str, value: float) -> None:
        """Record a headline number and print whether it is in the range of the course's own runs.

        Raises
        ------
        ValueError
            If the value is not finite, or the name was already recorded with another value.
        """
        value = float(value)
        if not math.isfinite(value):
            raise ValueError(f"{name} is {value}: only finite numbers can be recorded.")
        if self.values.get(name, value) != value:
            raise ValueError(
                f"{name} is already recorded as {self.values[name]}: "
                "give the new number a name of its own."
            )
        self.values[name] = value
        band = expectation(self.lesson, self.profile, self.data).bands.get(name)
        remark = ""
        if band is not None:
            usual = "as usual" if value in band else "UNUSUAL"
            remark = f" ({usual}: our runs gave {band})"
        text = f"{name} = {_short(value)}{remark}"
        note("result", text, name=name, value=value, data=self.data)

    def __getitem__(self, name: str) -> float:
        return self.values[name]


def _short(value: float) -> str:
    return f"{value:.4g}"
