"""Replies and verdicts: what a hidden check reads, and what it decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.check import Wrong
from course_lib.check.messages import without_escapes
from course_lib.check.precision import SIXTEEN_BITS

if TYPE_CHECKING:
    from course_staff.grading.protocol.calls import Call


@dataclass(frozen=True)
class Reply:
    """What came of one call in the student's kernel.

    Attributes
    ----------
    function : str
        The function that was called.
    error : str or None
        Why there is no value; None where there is one.
    changed : bool
        Whether the call changed an argument in place.
    about : str
        What the call was made with, where a student could not guess it.
    precision : str or None
        The 16-bit precision that the call switched on, such as "mixed_float16".
    """

    function: str
    error: str | None = None
    changed: bool = False
    result: Any = None
    steps: Sequence[Mapping[str, Any]] = ()
    about: str = ""
    precision: str | None = None

    @classmethod
    def read(cls, call: Call, data: Any) -> Reply:
        """Return the reply that the student's kernel sent, whatever it sent."""
        if not isinstance(data, dict):
            return cls(call.function, error="the reply could not be read")
        error = data.get("error")
        steps = data.get("steps") or []
        well_formed = isinstance(steps, list) and all(isinstance(step, dict) for step in steps)
        if not well_formed or not (error is None or isinstance(error, str)):
            return cls(call.function, error="the reply could not be read")
        error = error and without_escapes(error)
        precision = data.get("precision")
        known = isinstance(precision, str) and precision in SIXTEEN_BITS
        return cls(
            call.function,
            error,
            changed=data.get("changed") is True,
            result=data.get("value"),
            steps=steps,
            about=_about(call),
            precision=precision if known else None,
        )

    @property
    def value(self) -> Any:
        """What the function returned; tuples come back as lists.

        Raises
        ------
        Wrong
            If the call failed.
        """
        self._require()
        return self.result

    def values(self, count: int) -> list[Any]:
        """Return the `count` values that the function returned together.

        Raises
        ------
        Wrong
            If the call failed or returned anything else.
        """
        value = self.value
        found = len(value) if isinstance(value, list) else None
        if isinstance(value, np.ndarray) and value.ndim:
            found = len(value)  # may be billions, in an array of no size
        if found != count:
            got = "one value" if found is None else f"{found}"
            raise Wrong(f"{self.function} should return {count} values, got {got}.")
        return list(value)

    def step(self, number: int) -> Any:
        """Return what the step of this number (from 0) gave.

        Raises
        ------
        Wrong
            If the call, this step or an earlier one on the same object failed.
        """
        self._require()
        if number >= len(self.steps):
            raise Wrong(f"the model that {self.function} returned did not answer.")
        step = self.steps[number]
        if step.get("error") is not None:
            raise Wrong(f"the model that {self.function} returned failed: {step['error']}")
        return step.get("value")

    def _require(self) -> None:
        if self.error is not None:
            raise Wrong(failure_text(self.function, self.error) + self.about)


def _about(call: Call) -> str:
    """Say what kind of model a call was made with: one kind may fail where another works."""
    given = [one for one in call.request.get("arguments", ()) if isinstance(one, dict)]
    kinds = [one["api"] for one in given if one.get("made") == "dense_network"]
    if not kinds:
        return ""
    if kinds[0] == "functional":
        return "; the model was a Functional one, whose first layer is an InputLayer"
    return "; the model was a Sequential one"


@dataclass
class Part:
    """One part of a verdict."""

    points: float
    label: str
    reported: bool = False
    problem: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the part's points are earned."""
        return self.problem is None

    def __str__(self) -> str:
        note = " (as the model describes itself)" if self.reported else ""
        if self.ok:
            return f"✓ {self.points:g} of {self.points:g}: {self.label}{note}"
        return f"✗ 0 of {self.points:g}: {self.label}{note}. {self.problem}"


@dataclass
class Judge:
    """Collects a verdict's parts."""

    parts: list[Part] = field(default_factory=list)

    @contextmanager
    def part(self, points: float, label: str, *, reported: bool = False) -> Iterator[Part]:
        """Judge one part: what is raised inside loses its points and is told to the student.

        Parameters
        ----------
        points : float
            What it carries.
        label : str
            What holds when it is earned, as in "the test table is scaled by train's statistics".
        reported : bool, optional
            Whether it rests on the model's description of itself, which a student can forge.
        """
        part = Part(points, label, reported)
        self.parts.append(part)
        try:
            yield part
        except AssertionError as error:
            part.problem = str(error) or "It does not."
        except Exception as error:  # data that no check foresaw is a wrong answer, not a crash
            part.problem = f"The answer has an unexpected form ({type(error).__name__}: {error})."

    def needs(self, part: Part) -> None:
        """Lose the current part unless another one was earned.

        Raises
        ------
        Wrong
            If it was not.
        """
        if not part.ok:
            raise Wrong(f"This counts only where the following holds: {part.label}.")


@dataclass(frozen=True)
class Verdict:
    """A question's outcome.

    Attributes
    ----------
    messages : tuple of str
        One line for each part, for the student.
    """

    score: float
    max_score: float
    messages: tuple[str, ...]


def failure_text(function: str, error: str) -> str:
    """Name the function that failed, once."""
    return error if error.startswith(f"{function} ") else f"{function} failed: {error}"
