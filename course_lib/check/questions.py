"""The visible tests of a question: parts with points, and a verdict that a student understands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from traceback import walk_tb
from typing import Literal

from course_lib import results
from course_lib.check.messages import without_escapes
from course_lib.check.precision import full_precision, sixteen_bits

INTERRUPTED = "was interrupted before it came to an end."
_VERDICTS = {"passed": "passed", "partly": "partly", "not_yet": "not yet"}


class NotYet(AssertionError):
    """A question's visible tests do not all pass yet, which nbgrader is to see."""

    def _render_traceback_(self) -> list[str]:
        # IPython calls this: the helpful message is printed already, a traceback would bury it.
        return [str(self)]


@dataclass
class Part:
    """One part of a question: how many points it carries, and how it went."""

    points: float
    label: str
    problem: str | None = None


@dataclass
class Question:
    """A question's visible tests while they run; made by `question`.

    Attributes
    ----------
    name : str
        The name of the function that is asked for.
    points : float
        The points of the question in all, hidden checks included.
    parts : list of Part
        Those that ran, in order.
    attempted : bool
        False if the answer is still the stub that came with the assignment.
    precision : str or None
        The 16-bit precision that the answer has switched on, such as "mixed_float16".
    """

    name: str
    points: float
    parts: list[Part] = field(default_factory=list)
    attempted: bool = True
    precision: str | None = None

    @contextmanager
    def part(self, points: float, label: str) -> Iterator[None]:
        """Run one part: an error inside loses its points and is reported to the student.

        Parameters
        ----------
        points : float
            Its points.
        label : str
            The property that holds when it passes, as in "keeps the shape".
        """
        entry = Part(points, label)
        self.parts.append(entry)
        try:
            yield
        except AssertionError as error:
            entry.problem = without_escapes(str(error)) or "an assertion failed."
        except (Exception, SystemExit) as error:  # the student's code may raise anything
            if _is_stub(error, self.name):
                self.attempted = False
                entry.problem = "not implemented yet."
            else:
                entry.problem = f"raised {describe(error)}{_place(error)}"
        except BaseException:  # Ctrl-C, or the time limit of `course check`
            entry.problem = INTERRUPTED
            raise

    @property
    def earned(self) -> float:
        """The points of the parts that pass."""
        return sum(part.points for part in self.parts if part.problem is None)

    @property
    def verdict(self) -> Literal["passed", "partly", "not_yet"]:
        """Whether all parts pass, some, or none."""
        if self.parts and all(part.problem is None for part in self.parts):
            return "passed"
        return "partly" if self.earned else "not_yet"

    def __str__(self) -> str:
        if not self.attempted and not self.earned:
            return (
                f"{self.name}: not yet. Write your answer in the cell above, then run this again."
            )
        lines = [f"{self.name}: {_VERDICTS[self.verdict]}"]
        for part in self.parts:
            sign = "✓" if part.problem is None else "✗"
            lines.append(f"  {sign} {part.label}")
            if part.problem is not None:
                lines.append(f"      {part.problem}")
        if self.precision is not None and self.verdict != "passed":
            lines.append(
                f"  {self.name} switches Keras to {self.precision}, which keeps three digits; "
                "the tests want float32."
            )
        return "\n".join(lines)


_questions: dict[str, Question] = {}


@contextmanager
def question(name: str, *, points: float) -> Iterator[Question]:
    """Try an answer and print the outcome.

    Parameters
    ----------
    name : str
        The name of the function that is asked for.
    points : float
        The points of the question in all.

    Yields
    ------
    Question
        Give it the parts.

    Raises
    ------
    NotYet
        If a part fails, under nbgrader only: a notebook runs to its end while questions are open.
    """
    tests = Question(name, points)
    _questions[name] = tests
    # Code outside of the parts is a part too: the only one, if there is no other.
    with full_precision(), tests.part(0.0, "runs"):
        try:
            yield tests
        finally:
            tests.precision = sixteen_bits()
    if len(tests.parts) == 1:
        tests.parts[0].points = points
    elif tests.parts[0].problem is None:
        del tests.parts[0]
    results.note(
        "check", str(tests), question=name, points=points, earned=tests.earned,
        verdict=tests.verdict,
    )  # fmt: skip
    # Elsewhere a wrong answer does not stop "Run All"; nbgrader needs an error.
    if tests.verdict != "passed" and "NBGRADER_EXECUTION" in os.environ:
        raise NotYet(str(tests))  # nbgrader's validation shows the error alone, not the output


def tried() -> dict[str, Question]:
    """Return the questions whose visible tests have run in this session, by name."""
    return dict(_questions)


def passed(name: str) -> bool:
    """Return whether a question's visible tests have run in this session and all passed."""
    return name in _questions and _questions[name].verdict == "passed"


def summary() -> None:
    """Print where the notebook stands: each question tried in this session, with its points.

    The points are those that the visible tests can see; the hidden checks decide.

    Examples
    --------
    >>> summary()
    No visible test has run yet: run the notebook's cells first.
    """
    if not _questions:
        print("No visible test has run yet: run the notebook's cells first.")
        return
    width = max(map(len, _questions))
    for tests in _questions.values():
        seen = f"{tests.earned:g} of {tests.points:g} points seen"
        print(f"{tests.name:<{width}}  {_VERDICTS[tests.verdict]:<7}  {seen}")
    earned = sum(tests.earned for tests in _questions.values())
    total = sum(tests.points for tests in _questions.values())
    print(
        f"{'in all':<{width}}  {'':<7}  {earned:g} of {total:g} points seen; hidden checks decide"
    )


def describe(error: BaseException) -> str:
    """Return an error in one line."""
    name = type(error).__name__
    if isinstance(error, SyntaxError):
        return f"{name}: {error.msg}" + (f" (line {error.lineno})" if error.lineno else "")
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # an error of the student's own class may fail here too
        lines = []
    return without_escapes(f"{name}: {lines[0]}") if lines else name


def _is_stub(error: BaseException, name: str) -> bool:
    """Tell whether an error is that of a question's stub: without a text, raised in the stub.

    TensorFlow and Keras raise the same class for mistakes in what was written.
    """
    if type(error) is not NotImplementedError or error.args:
        return False
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    frames = [frame for frame in frames if frame.f_code.co_filename != __file__]
    # Beside the stub, only the visible test itself may say that something is not implemented.
    return len(frames) < 2 or frames[-1].f_code.co_qualname.split(".")[0] == name


def _place(error: BaseException) -> str:
    """Return the place of an error in the student's own code, as far as it is known."""
    place, traceback = "", error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        # A notebook's cells are the module __main__; each counts its lines from 1.
        if (
            traceback.tb_frame.f_globals.get("__name__") == "__main__"
            and code.co_name.isidentifier()
        ):
            place = f" (in {code.co_name}, line {traceback.tb_lineno} of its cell)"
        traceback = traceback.tb_next
    return place
