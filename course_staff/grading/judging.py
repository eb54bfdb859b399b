"""Verdicts: from the replies of a student's kernel to points and messages, in a trusted process.

Judging is pure: the same replies under the same seed give the same verdict, and nothing that
comes from the student's kernel is executed. A corrected check can judge a whole class again.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.check import Wrong
from course_lib.check.messages import without_escapes
from course_lib.check.precision import SIXTEEN_BITS
from course_lib.errors import CourseError
from course_staff.grading.execution.responder import UNANSWERED

if TYPE_CHECKING:
    from course_staff.grading.calls import Call
    from course_staff.grading.questions import Question

# QUESTIONS.md's rule: an answer that changes its inputs in place loses the last half point.
IN_PLACE_COST = 0.5


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
            raise Wrong(_told(self.function, self.error) + self.about)


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
    score, max_score : float
    messages : tuple of str
        One line for each part, for the student.
    """

    score: float
    max_score: float
    messages: tuple[str, ...]


def requests_of(question: Question, seed: int) -> tuple[Any, list[Call]]:
    """Return a fresh check and the calls that it makes under a seed.

    The same seed gives the same calls; every question draws from a generator of its own.
    """
    check = question.check()
    rng = np.random.default_rng([seed, zlib.crc32(question.name.encode())])
    return check, list(check.requests(rng))


def judge(question: Question, replies: Sequence[Any], *, seed: int) -> Verdict:
    """Judge the replies to a question's calls.

    Parameters
    ----------
    question : Question
    replies : sequence
        For each call of `requests_of`, in order, what the kernel sent back; None where nothing
        came. They are data, and none of it is trusted.
    seed : int
        The seed under which the calls were made.

    Raises
    ------
    CourseError
        If the check itself is wrong: its parts do not sum to the question's points.
    """
    check, calls = requests_of(question, seed)
    given = [*replies, *[None] * len(calls)][: len(calls)]
    read = [Reply.read(call, data) for call, data in zip(calls, given, strict=True)]
    errors = {reply.error for reply in read}
    if len(errors) == 1 and None not in errors:  # nothing to judge: say so once
        return Verdict(0.0, question.points, (_failure(question, errors.pop()),))
    judge = Judge()
    stopped = None
    try:
        check.verdict(read, judge)
    except AssertionError as error:
        stopped = str(error)
    except Exception as error:
        stopped = f"The answer has an unexpected form ({type(error).__name__}: {error})."
    if stopped is None:
        _require_sum(question, judge.parts)
    score = sum(part.points for part in judge.parts if part.ok)
    messages = [str(part) for part in judge.parts]
    if stopped is not None:
        messages.append(f"✗ {stopped}")
    if score and any(reply.changed for reply in read):
        cost = min(IN_PLACE_COST, score)
        score -= cost
        messages.append(
            f"✗ −{cost:g}: {question.name} changes an argument in place; copy it first."
        )
    precisions = {reply.precision for reply in read} - {None}
    if precisions and score < question.points:
        messages.append(
            f"✗ {question.name} switches Keras to {min(precisions)}, which keeps three digits; "
            "the checks want float32."
        )
    told = tuple(without_escapes(message) for message in messages)
    return Verdict(round(score, 4), question.points, told)


def _failure(question: Question, error: str | None) -> str:
    if error == UNANSWERED:
        return f"✗ {question.name} was not answered."
    return f"✗ {_told(question.name, error or '')}"


def _told(function: str, error: str) -> str:
    """Name the function that failed, once."""
    return error if error.startswith(f"{function} ") else f"{function} failed: {error}"


def _require_sum(question: Question, parts: Sequence[Part]) -> None:
    total = sum(part.points for part in parts)
    if abs(total - question.points) > 1e-9:
        raise CourseError(
            f"The check of {question.name} judges parts of {total:g} points in all, but the "
            f"question carries {question.points:g}: correct one of the two."
        )
