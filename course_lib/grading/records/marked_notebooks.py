"""The marked notebook of a submission, where nbgrader's formgrader and feedback look for it."""

from __future__ import annotations

import copy
import datetime
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from course_lib import files
from course_lib.grading.judging import Verdict
from course_lib.grading.sanitizing import Submission

if TYPE_CHECKING:
    from nbformat import NotebookNode


def with_messages(
    submission: Submission, verdicts: Mapping[str, Verdict], release: NotebookNode
) -> NotebookNode:
    """Return a submission's notebook whose test cells show what was found.

    The cells show the tests that were handed out in `release`: hidden ones stay hidden.
    """
    from nbformat import v4

    known = {c.metadata.nbgrader.grade_id: c for c in release.cells if "nbgrader" in c.metadata}
    marked = copy.copy(submission.notebook)
    marked.cells = list(marked.cells)
    for index, cell in enumerate(marked.cells):
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        verdict = verdicts.get(grade_id)
        if verdict is not None and cell.cell_type == "code":
            heading = f"{verdict.score:g} of {verdict.max_score:g} points"
            text = "\n".join([heading, *verdict.messages])
            marked.cells[index] = told = copy.copy(cell)
            told.source = known[grade_id].source
            shown = v4.new_output("stream", name="stdout", text=text + "\n")
            told.outputs = [shown, *cell.outputs]
    if submission.remarks:
        listed = "\n".join(f"- {remark}" for remark in submission.remarks)
        note = v4.new_markdown_cell(f"**From the grader**\n\n{listed}")
        note.id = "from-the-grader"
        marked.cells.insert(0, note)
    return marked


def leave(
    out: Path,
    assignment: str,
    student: str,
    notebook: str,
    marked: NotebookNode,
    timestamp: datetime.datetime | None,
) -> None:
    """Write autograded/<student>/<assignment>/<notebook>.ipynb where it is not as it should be."""
    from nbformat import v4  # which does not validate what we made ourselves

    folder = out / "autograded" / student / assignment
    stamp = None if timestamp is None else f"{timestamp:%Y-%m-%d %H:%M:%S} UTC\n"
    contents = {f"{notebook}.ipynb": v4.writes(marked), "timestamp.txt": stamp}
    for name, text in contents.items():
        path = folder / name
        if text is None:
            path.unlink(missing_ok=True)
        elif not _holds(path, text):
            files.write(files.prepare_folder(folder) / name, text)


def remove(out: Path, assignment: str, student: str) -> None:
    """Remove what is shown of a submission that is no longer there."""
    for shown in ("autograded", "feedback"):
        shutil.rmtree(out / shown / student / assignment, ignore_errors=True)


def _holds(path: Path, text: str) -> bool:
    with suppress(OSError):
        return path.read_bytes() == text.encode("utf-8")
    return False
