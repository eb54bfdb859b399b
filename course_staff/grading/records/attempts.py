"""Students' submissions and their kernels' replies, kept beside the gradebook.

nbgrader's gradebook holds one submission a student. Here every attempt stays, so that nothing is
lost, a submission that did not change need not be executed again, and a corrected check can judge
old replies. An attempt is a folder that appears in one step, complete or not at all::

    attempts/<assignment>/<student>/<key>/notebook.ipynb   executed, with its outputs
                                         /replies.npz      the replies to every call
                                         /attempt.json     seed, times, what the calls were
                                         /verdicts.json    the verdicts, and what they depend on
                                         /report.json      its last marks, comments and messages

Which attempt the gradebook shows is written there: see `ledger`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from course_lib import files
from course_lib.errors import CourseError
from course_staff.grading.execution.executing import Execution
from course_staff.grading.judging.verdicts import Verdict
from course_staff.grading.limits import Limits
from course_staff.grading.protocol import responder
from course_staff.grading.protocol.calls import Call
from course_staff.grading.protocol.responder import ENVELOPE_DEPTH, pack, unpack
from course_staff.grading.submissions.sanitizing import Submission

_ENVELOPE_DEPTH = ENVELOPE_DEPTH + 2  # replies are kept in lists, by question


@dataclass(frozen=True)
class Attempt:
    """A submission that was executed.

    Attributes
    ----------
    key : str
        A fingerprint of all that the replies depend on, the installed packages included.
    seed : int
        For the hidden inputs.
    asked : dict of str to str
        A fingerprint of the calls, by question.
    submission : Submission
        With the outputs of its executed cells.
    inputs : str
        A fingerprint of all that the replies depend on besides the installed packages; empty where
        the attempt was kept before that was noted.
    packages : dict of str to str
        The version of Python and of each package that was installed, by name.
    """

    key: str
    seed: int
    asked: dict[str, str]
    submission: Submission
    execution: Execution
    inputs: str = ""
    packages: dict[str, str] = field(default_factory=dict)


# The fields of an attempt and its two parts in attempt.json; notebook and replies lie beside it.
_OWN = ("key", "seed", "asked", "inputs", "packages")
_OF_SUBMISSION = ("status", "executed", "written", "remarks")
_OF_EXECUTION = (
    "cell_errors", "results", "seconds", "sandboxed", "limits_hit", "peak_memory_mb",
)  # fmt: skip


def fingerprint(calls: Sequence[Call]) -> str:
    """Return a fingerprint of calls and their limits."""
    digest = hashlib.sha256()
    for call in calls:
        digest.update(_stable(call.request).encode())
        digest.update(repr(call.seconds).encode())
    return digest.hexdigest()[:16]


def attempt_key(inputs: str, packages: Mapping[str, str]) -> str:
    """Return the fingerprint of all that a submission's replies depend on."""
    return _digest({"inputs": inputs, "packages": dict(packages)})


def inputs_fingerprint(
    submission: Submission, asked: Mapping[str, str], seed: int, limits: Limits, sandboxed: bool
) -> str:
    """Return a fingerprint of what replies depend on besides the installed packages."""
    cells = [submission.notebook.cells[index].source for index in submission.executed]
    parts = {
        "status": submission.status,
        "cells": cells,
        "asked": dict(asked),
        "seed": seed,
        "limits": asdict(limits),
        "sandboxed": sandboxed,
        "responder": hashlib.sha256(Path(responder.__file__).read_bytes()).hexdigest(),
        # The notebook is shown as it was handed in, also where only its text changed.
        "notebook": [
            (cell.cell_type, cell.source, sorted(cell.get("attachments", ())))  # named by content
            for cell in submission.notebook.cells
        ],
        "files": {n: hashlib.sha256(data).hexdigest() for n, data in submission.files.items()},
    }
    return _digest(parts)


def _digest(parts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:20]


def _stable(value: Any) -> str:
    """Return a text that is the same for the same plain data; npz files carry dates."""
    import numpy as np

    if isinstance(value, np.ndarray):
        content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return f"array({value.dtype}, {value.shape}, {content})"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_stable, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_stable(value[key])}' for key in sorted(value))}}}"
    return repr(value)


class AttemptArchive:
    """The attempts at one assignment.

    Parameters
    ----------
    out : pathlib.Path
        The grader's output folder.
    """

    def __init__(self, out: Path, assignment: str) -> None:
        self.folder = out / "attempts" / assignment

    def find(self, student: str, key: str, *, replies: bool = True) -> Attempt | None:
        """Return a student's attempt with this fingerprint, if it was executed before."""
        from nbformat import v4  # which does not validate what we wrote ourselves

        folder = self.folder / student / key
        try:
            facts = json.loads((folder / "attempt.json").read_text("utf-8"))
            size = facts.get("reply_bytes")
            if replies or size != (folder / "replies.npz").stat().st_size:
                kept = unpack((folder / "replies.npz").read_bytes(), around=_ENVELOPE_DEPTH)
            else:
                kept = {}
            for name in ("cell_errors", "results"):
                facts[name] = {int(index): text for index, text in facts.get(name, {}).items()}
            for name in ("executed", "remarks", "limits_hit"):
                facts[name] = tuple(facts.get(name, ()))

            def only(names: Sequence[str]) -> dict[str, Any]:
                return {name: facts[name] for name in names if name in facts}

            notebook = v4.reads((folder / "notebook.ipynb").read_text("utf-8"))
            submission = Submission(notebook=notebook, **only(_OF_SUBMISSION))
            execution = Execution(notebook, kept, **only(_OF_EXECUTION))
            return Attempt(submission=submission, execution=execution, **only(_OWN))
        except Exception:  # missing or damaged in any way: it is executed again
            return None

    def packages_before(self, student: str, inputs: str) -> dict[str, str] | None:
        """Return the packages with which the same submission was executed last, if it was."""
        same: list[tuple[float, dict[str, str]]] = []
        for path in (self.folder / student).glob("*/attempt.json"):
            try:
                facts = json.loads(path.read_text("utf-8"))
                if facts["inputs"] == inputs:
                    same.append((path.stat().st_mtime, dict(facts["packages"])))
            except (OSError, ValueError, KeyError, TypeError):
                continue  # damaged, or from before that was noted
        return max(same, key=lambda one: one[0])[1] if same else None

    def save(self, student: str, attempt: Attempt) -> None:
        """Save an executed submission."""
        import nbformat

        submission, execution = attempt.submission, attempt.execution
        parts = ((attempt, _OWN), (submission, _OF_SUBMISSION), (execution, _OF_EXECUTION))
        facts = {name: getattr(part, name) for part, names in parts for name in names}
        packed = pack(execution.replies, around=_ENVELOPE_DEPTH)
        facts["reply_bytes"] = len(packed)
        home = files.prepare_folder(self.folder / student)
        scratch = home / f".attempt-{attempt.key}"  # one process writes here
        try:
            scratch.mkdir(exist_ok=True)
            files.write(scratch / "attempt.json", json.dumps(facts, indent=1))
            files.write(scratch / "notebook.ipynb", nbformat.writes(execution.notebook))
            files.write_bytes(scratch / "replies.npz", packed)
            shutil.rmtree(home / attempt.key, ignore_errors=True)  # a damaged one
            os.replace(scratch, home / attempt.key)
        except OSError as error:
            raise CourseError(files.explain(home / attempt.key, error)) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def verdicts(self, student: str, key: str, judge: str) -> dict[str, Verdict] | None:
        """Return the verdicts on an attempt, if it would be judged in the same way now."""
        try:
            kept = json.loads((self.folder / student / key / "verdicts.json").read_text("utf-8"))
            if kept["judge"] != judge:
                return None
            return {
                name: Verdict(one["score"], one["max_score"], tuple(one["messages"]))
                for name, one in kept["verdicts"].items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def write_verdicts(
        self, student: str, key: str, judge: str, verdicts: Mapping[str, Verdict]
    ) -> None:
        """Save the verdicts on an attempt, and a fingerprint of what they depend on."""
        listed = {name: asdict(verdict) for name, verdict in verdicts.items()}
        kept = json.dumps({"judge": judge, "verdicts": listed})
        files.write(self.folder / student / key / "verdicts.json", kept)

    def holds(self, student: str) -> bool:
        """Tell whether there are attempts of a student."""
        return (self.folder / student).is_dir()

    def report(self, student: str, key: str) -> dict[str, Any]:
        """Return an attempt's marks and messages; empty where none were written."""
        try:
            return json.loads((self.folder / student / key / "report.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}

    def write_report(self, student: str, key: str, report: Mapping[str, Any]) -> None:
        """Save an attempt's marks and messages beside it."""
        folder = self.folder / student / key
        if folder.is_dir() and self.report(student, key) != json.loads(json.dumps(report)):
            files.write(folder / "report.json", json.dumps(report, indent=1, ensure_ascii=False))
