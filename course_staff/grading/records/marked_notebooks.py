"""The marked notebook of a submission, where nbgrader's formgrader and feedback look for it.

Formgrader shows it on the instructor's own Jupyter server, so no student's content may be active
there. The submission itself stays as it was in attempts/.
"""

from __future__ import annotations

import copy
import datetime
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from course_lib import files
from course_staff.grading.cleaning import as_text, harmless
from course_staff.grading.judging.verdicts import Verdict
from course_staff.grading.submissions.sanitizing import Submission

if TYPE_CHECKING:
    from nbformat import NotebookNode

# Of a student's text that is rendered, in characters: a longer notebook is not an answer, and
# would hold up the class.
_MAX_TEXT = 200_000
TOO_LONG = "*From the grader: the notebook holds so much text that this part is shown as it is.*"


def with_messages(
    submission: Submission, verdicts: Mapping[str, Verdict], release: NotebookNode
) -> NotebookNode:
    """Return a submission's notebook whose test cells show the verdicts.

    The cells show the tests that were handed out in `release`: hidden ones stay hidden. Texts are
    as `cleaning.harmless` leaves them, but for those of the assignment itself.
    """
    from nbformat import v4

    originals = {c.metadata.nbgrader.grade_id: c for c in release.cells if "nbgrader" in c.metadata}
    marked = copy.copy(submission.notebook)
    marked.cells = list(marked.cells)
    for index, cell in enumerate(marked.cells):
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        verdict = verdicts.get(grade_id)
        if verdict is not None and cell.cell_type == "code":
            heading = f"{verdict.score:g} of {verdict.max_score:g} points"
            text = "\n".join([heading, *verdict.messages])
            marked.cells[index] = test_cell = copy.copy(cell)
            test_cell.source = originals[grade_id].source
            messages = v4.new_output("stream", name="stdout", text=text + "\n")
            test_cell.outputs = [messages, *cell.outputs]
    if submission.remarks:
        listed = "\n".join(f"- {remark}" for remark in submission.remarks)
        note = v4.new_markdown_cell(f"**From the grader**\n\n{listed}")
        note.id = "from-the-grader"
        marked.cells.insert(0, note)
    _make_harmless(marked, release)
    return marked


def _make_harmless(marked: NotebookNode, release: NotebookNode) -> None:
    """Replace a student's cells that are not code by harmless ones."""
    texts = [cell for cell in release.cells if cell.cell_type != "code"]
    own = {(cell.cell_type, cell.source): cell.get("attachments") for cell in texts}
    pictures = {name: held for kept in own.values() for name, held in (kept or {}).items()}
    room = _MAX_TEXT
    for index, cell in enumerate(marked.cells):
        if cell.cell_type == "code":
            continue
        if (cell.cell_type, cell.source) in own:
            shown, kept = copy.copy(cell), own[cell.cell_type, cell.source]
            shown.pop("attachments", None)
            if kept:
                shown["attachments"] = kept
        else:
            room -= len(cell.source)
            shown = harmless(cell, pictures) if room >= 0 else as_text(cell, TOO_LONG)
        marked.cells[index] = shown


def write(
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
    """Remove the marked notebook of a submission that is no longer there."""
    for shown in ("autograded", "feedback"):
        shutil.rmtree(out / shown / student / assignment, ignore_errors=True)


def _holds(path: Path, text: str) -> bool:
    with suppress(OSError):
        return path.read_bytes() == text.encode("utf-8")
    return False
