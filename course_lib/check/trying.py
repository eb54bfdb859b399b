"""Trying a notebook: its cells in a process of their own, and the outcome of each question."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import course_lib
from course_lib.check.messages import causes
from course_lib.check.notebook import Cell, Plan, PlannedQuestion
from course_lib.check.questions import INTERRUPTED
from course_lib.check.written import is_empty
from course_lib.errors import CourseError

_STARTING = 60.0  # seconds that the process may take to import IPython on a busy machine
_GRACE = 5.0  # seconds that an interrupted cell has to end

VERDICTS = {"passed": "passed", "partly": "partly", "not_yet": "not yet", "written": "written"}


@dataclass
class Outcome:
    """How one question stands.

    Attributes
    ----------
    name : str
    points : float or None
        Its points in all.
    written : bool
        Marked by hand: no test sees its points.
    verdict : {"passed", "partly", "not_yet", "written"}
        "written" is a text that will be marked by hand.
    seen : float
        The points whose visible tests pass.
    problems : list of str
        The problems that are left, for the student.
    parts : list of dict
        label, points and problem (None where it passed) of each visible test.
    """

    name: str
    points: float | None
    written: bool = False
    verdict: str = "not_yet"
    seen: float = 0.0
    problems: list[str] = field(default_factory=list)
    parts: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Report:
    """The outcome of a notebook.

    Attributes
    ----------
    outcomes : list of Outcome
        The outcomes of its questions.
    errors : list of str
        The cells that failed outside of the questions.
    notes : list of str
        Remarks on how it was read.
    """

    outcomes: list[Outcome]
    errors: list[str]
    notes: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether nothing is left to do, as far as this can be seen."""
        return not self.errors and all(
            outcome.verdict in ("passed", "written") for outcome in self.outcomes
        )


def try_notebook(
    plan: Plan,
    folder: Path,
    *,
    time_limit: float,
    progress: Callable[[int, Cell], None] = lambda done, cell: None,
) -> Report:
    """Run a plan's cells, each at most `time_limit` seconds, and collect what the tests say.

    A cell that cannot be interrupted, or that ends its process, is left out and the others run
    again, so that one answer does not hide the rest.

    Parameters
    ----------
    plan : Plan
    folder : Path
        The notebook's folder, in which the cells run.
    time_limit : float
    progress : callable, optional
        Called before a cell is run, with the number of cells done and the cell.
    """
    fates: dict[int, str] = {}
    found: dict[str, dict[str, Any]] = {}
    left_out: set[int] = set()
    while True:
        fatal = _run(plan, folder, time_limit, left_out, fates, found, progress)
        if fatal is None:
            break
        left_out.add(fatal)
    return _report(plan, fates, found)


def _run(
    plan: Plan,
    folder: Path,
    time_limit: float,
    left_out: set[int],
    fates: dict[int, str],
    found: dict[str, dict[str, Any]],
    progress: Callable[[int, Cell], None],
) -> int | None:
    """Run the cells that are not left out; return the index of one that stopped the run."""
    cells = [(index, cell.source) for index, cell in enumerate(plan.cells) if index not in left_out]
    pending = [index for index, _ in cells]
    with _process(cells, folder) as (process, events):
        current: int | None = None
        deadline = time.monotonic() + _STARTING
        interrupted = False
        while True:
            try:
                event = events.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                if current is None:
                    raise CourseError("Python did not start within a minute: try again.") from None
                fates[current] = f"took longer than {time_limit:g} seconds"
                if interrupted or os.name == "nt":
                    return current
                process.send_signal(signal.SIGINT)
                interrupted, deadline = True, time.monotonic() + _GRACE
                continue
            if event is None:
                if not pending:
                    return None
                fates.setdefault(pending[0], _how_it_ended(process))
                return pending[0]
            if event["event"] == "begins":
                current, interrupted = event["cell"], False
                deadline = time.monotonic() + time_limit
                progress(current, plan.cells[current])
            elif event["event"] == "ended":
                if event["error"] and not interrupted:
                    fates[current] = event["error"]
                found.update(event["questions"])
                pending.remove(current)
                current, deadline = None, time.monotonic() + _STARTING


@contextmanager
def _process(
    cells: list[tuple[int, str]], folder: Path
) -> Iterator[tuple[subprocess.Popen, queue.Queue]]:
    """Start the child, send it the cells, and in the end kill it and all that it started."""
    package = str(Path(course_lib.__file__).parent.parent)
    code = (
        f"import sys; sys.path.append({package!r}); from course_lib.check.child import main; main()"
    )
    environment = {
        **os.environ,
        "MPLBACKEND": "Agg",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONIOENCODING": "utf-8",  # as in a notebook, whatever the terminal can show
    }
    environment.pop("NBGRADER_EXECUTION", None)
    events: queue.Queue = queue.Queue()
    with tempfile.TemporaryFile() as stderr:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            encoding="utf-8",
            start_new_session=os.name != "nt",  # Ctrl-C is for this program alone
        )
        try:
            threading.Thread(target=_listen, args=(process, events), daemon=True).start()
            with suppress(BrokenPipeError):
                json.dump(cells, process.stdin)
                process.stdin.close()
            first = events.get(timeout=_STARTING)
            if first is None:
                stderr.seek(0)
                lines = stderr.read().decode("utf-8", "replace").strip().splitlines()
                reason = lines[-1] if lines else "it gave no reason"
                raise CourseError(f"Python could not start in {folder}: {reason}.")
            yield process, events
        except queue.Empty:
            raise CourseError("Python did not start within a minute: try again.") from None
        finally:
            _end(process)


def _listen(process: subprocess.Popen, events: queue.Queue) -> None:
    for line in process.stdout:
        try:
            event = json.loads(line)
        except ValueError:  # from a program that a cell started
            continue
        if isinstance(event, dict) and "event" in event:
            events.put(event)
    events.put(None)


def _end(process: subprocess.Popen) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "nt":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


def _how_it_ended(process: subprocess.Popen) -> str:
    try:
        status = process.wait(timeout=_GRACE)
    except subprocess.TimeoutExpired:
        return "closed its connection to `course check`"
    if os.name != "nt" and status == -signal.SIGKILL:
        return "ended Python: it was killed, perhaps because memory ran out"
    return f"ended Python (exit status {status})"


def _report(plan: Plan, fates: dict[int, str], found: dict[str, dict[str, Any]]) -> Report:
    of_tests: dict[str, str] = {}
    of_answers: dict[str, str] = {}
    errors: list[str] = []
    for index, fate in sorted(fates.items()):
        cell = plan.cells[index]
        if cell.question:
            of_tests[cell.question] = fate
        elif cell.answers:
            of_answers[cell.answers] = fate
        else:
            errors.append(f"{_where(cell)}: {fate}")
    outcomes = []
    for name, question in plan.questions.items():
        outcome = Outcome(name, question.points, written=question.text is not None)
        outcomes.append(outcome)
        if outcome.written:
            _judge_text(outcome, question)
        else:
            _judge_tests(outcome, found.get(name), of_answers.get(name), of_tests.get(name))
            failed = [(plan.cells[index].source, fate) for index, fate in sorted(fates.items())]
            reasons = [
                reason
                for problem in outcome.problems
                for reason in causes(problem, failed, plan.skipped)
            ]
            outcome.problems += dict.fromkeys(reasons)
        if name in plan.remarks:
            outcome.problems.append(plan.remarks[name])
    return Report(outcomes, errors, plan.notes)


def _judge_text(outcome: Outcome, question: PlannedQuestion) -> None:
    if is_empty(question.text):
        outcome.problems.append("Write your text into its cell.")
    else:
        outcome.verdict = "written"


def _judge_tests(
    outcome: Outcome, facts: dict[str, Any] | None, of_answer: str | None, of_tests: str | None
) -> None:
    """Fill in the findings of a question's tests, and how its two cells ended."""
    if facts is not None:
        outcome.verdict, outcome.seen = facts["verdict"], facts["earned"]
        outcome.parts = facts["parts"]
        if outcome.points is None:
            outcome.points = facts["points"]
    if (of_answer or of_tests) and outcome.verdict == "passed":
        outcome.verdict = "partly"
    if of_answer:
        outcome.problems.append(f"The cell with your answer failed: {of_answer}.")
    elif facts is not None and not facts["attempted"] and not facts["earned"]:
        outcome.problems.append("Write your answer in its cell.")
    else:
        # A mistake that many parts meet is reported once.
        labels: dict[str, list[str]] = {}
        for part in outcome.parts:
            if part["problem"] and not (of_tests and part["problem"] == INTERRUPTED):
                labels.setdefault(part["problem"], []).append(part["label"])
        outcome.problems += [f"{'; '.join(them)}: {problem}" for problem, them in labels.items()]
    if of_tests:
        outcome.problems.append(f"The tests did not finish: {of_tests}.")


def _where(cell: Cell) -> str:
    under = f', under "{cell.heading}"' if cell.heading else ""
    return f"cell {cell.number}{under}"
