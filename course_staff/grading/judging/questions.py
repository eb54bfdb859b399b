"""The questions of an assignment, as its file of hidden checks declares them."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from course_lib.errors import CourseError
from course_staff.grading.judging.verdicts import Judge, Reply
from course_staff.grading.protocol.calls import Call

_DECLARED = "__course_question__"


class Check(Protocol):
    """The two halves of a hidden check."""

    def requests(self, rng: np.random.Generator) -> Iterable[Call]:
        """Yield the calls to make; keep what `verdict` needs in attributes."""

    def verdict(self, replies: list[Reply], judge: Judge) -> None:
        """Turn the replies, one for each call, into parts with points and messages."""


@dataclass(frozen=True)
class Question:
    """A question: its name, its points and its hidden check.

    Attributes
    ----------
    name : str
        The name of the student's function, or of a written answer.
    check : callable or None
        Makes a fresh `Check`; None for an answer that is marked by hand.
    trains : bool
        Whether its answers train networks, which takes seconds to minutes.
    """

    name: str
    points: float
    check: Callable[[], Check] | None = None
    trains: bool = False


def question(name: str, *, points: float, trains: bool = False) -> Callable[[type], type]:
    """Declare that a class is the hidden check of a question."""

    def declare(check: type) -> type:
        setattr(check, _DECLARED, Question(name, points, check, trains))
        return check

    return declare


def written(name: str, *, points: float) -> Question:
    """Declare a written answer, which is marked by hand; assign the result to a name."""
    return Question(name, points)


def load_checks(path: Path) -> dict[str, Question]:
    """Return the questions that a file of hidden checks declares, in its order.

    Raises
    ------
    CourseError
        If the file cannot be loaded, declares no question, or one name twice.
    """
    if not path.is_file():
        raise CourseError(f"{path} is missing: a graded lesson needs its file of hidden checks.")
    name = "course_checks_" + "".join(c if c.isalnum() else "_" for c in path.parent.name)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickling look a class's module up
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise CourseError(f"{path} cannot be loaded: {type(error).__name__}: {error}.") from error
    found: dict[str, Question] = {}
    for value in vars(module).values():
        declared = _declared(value)
        if declared is None:
            continue
        if declared.name in found:
            raise CourseError(f"{path} declares {declared.name} twice: rename one of the two.")
        found[declared.name] = declared
    if not found:
        raise CourseError(f"{path} declares no question: decorate a check with @question(…).")
    return found


def _declared(value: Any) -> Question | None:
    if isinstance(value, Question):
        return value
    return vars(value).get(_DECLARED) if isinstance(value, type) else None
