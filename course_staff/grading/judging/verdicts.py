"""Replies and verdicts: the input of a hidden check, and its decision."""

from __future__ import annotations

import re
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
    """The outcome of one call in the student's kernel.

    Attributes
    ----------
    function : str
        The function that was called.
    error : str or None
        Why there is no value; None where there is one.
    changed : bool
        Whether the call changed an argument in place.
    about : str
        The arguments of the call, where a student could not guess them.
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
        valid = isinstance(precision, str) and precision in SIXTEEN_BITS
        return cls(
            call.function,
            error,
            changed=data.get("changed") is True,
            result=data.get("value"),
            steps=steps,
            about=_about(call),
            precision=precision if valid else None,
        )

    @property
    def value(self) -> Any:
        """The value that the function returned; tuples come back as lists.

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
        length = len(value) if isinstance(value, list) else None
        if isinstance(value, np.ndarray) and value.ndim:
            length = len(value)  # shape (10**9, 0) is long and holds nothing
        if length != count:
            got = "one value" if length is None else f"{length}"
            raise Wrong(f"{self.function} should return {count} values, got {got}.")
        return list(value)

    def step(self, number: int) -> Any:
        """Return the result of the step of this number (from 0).

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
    """Return the kind of model that a call was made with: one may fail where another works."""
    arguments = [a for a in call.request.get("arguments", ()) if isinstance(a, dict)]
    kinds = [a["api"] for a in arguments if a.get("made") == "dense_network"]
    if not kinds:
        return ""
    if kinds[0] == "functional":
        return "; the model was a Functional one, whose first layer is an InputLayer"
    return "; the model was a Sequential one"


@dataclass
class JudgedPart:
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
        problem = re.sub(r"^(the|with|there)\b", lambda word: word[0].title(), self.problem)
        return f"✗ 0 of {self.points:g}: {self.label}{note}. {problem}"


@dataclass
class Judge:
    """Collects a verdict's parts."""

    parts: list[JudgedPart] = field(default_factory=list)

    @contextmanager
    def part(self, points: float, label: str, *, reported: bool = False) -> Iterator[JudgedPart]:
        """Judge one part: an error inside loses its points and is reported to the student.

        Parameters
        ----------
        points : float
            Its points.
        label : str
            The statement that it checks, as in "the test table is scaled by train's statistics".
        reported : bool, optional
            Whether it rests on the model's description of itself, which a student can forge.
        """
        part = JudgedPart(points, label, reported)
        self.parts.append(part)
        try:
            yield part
        except AssertionError as error:
            part.problem = str(error) or "It does not."
        except Exception as error:  # data that no check foresaw is a wrong answer, not a crash
            part.problem = f"The answer has an unexpected form ({type(error).__name__}: {error})."

    def needs(self, part: JudgedPart) -> None:
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
