"""What an entry of the corpus is: a submission, what it tries, and what it gets."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from courses import NAME, as_bytes, hand_in, right, with_cell
from nbformat import NotebookNode

from course_staff.grading.assignments.assignment import Assignment

WRONG = "def double(values):\n    return 3 * np.asarray(values)"  # half a point, for the shape
RIGHT, CAUGHT = (2, 1, 0), (0.5, 1, 0)  # the marks of double, draw and affine


@dataclass(frozen=True)
class Surroundings:
    """What a submission finds on the machine that grades it, if it finds a way to it.

    Attributes
    ----------
    host : pathlib.Path
        A folder that only the grading machine knows.
    submitted : pathlib.Path
        The class' submissions.
    mark : str
        A word by which files and processes that hostile code makes are known again.
    port : int
        Of a server on 127.0.0.1; another one's name in the abstract namespace is the mark.
    secret : str
        What an honest student wrote, for others to find.
    """

    host: Path
    submitted: Path
    mark: str
    port: int
    secret: str

    def fill_in(self, data: bytes) -> bytes:
        """Tell hostile code where to strike: none is to fail for want of an address."""
        known = {"HOST": self.host, "MARK": self.mark, "PORT": self.port, "PEER": self.secret}
        for name, value in known.items():
            data = data.replace(f"@{name}@".encode(), str(value).encode())
        return data


@dataclass(frozen=True)
class Entry:
    """One submission of the corpus.

    Attributes
    ----------
    student : str
    tries : str
        What it tries, or what is wrong with it.
    content : callable
        From the assignment to the notebook, or to the bytes that are handed in for one.
    marks : tuple of float
        The points due for double (of 2), draw (of 1) and affine (of 2).
    told : str
        A part of what its messages or remarks say.
    shown : str or tuple of str
        A part of its feedback page.
    status : str
        As in report.json.
    arrange : callable, optional
        Given the student's folder for the assignment and the surroundings, changes what lies there.
    """

    student: str
    tries: str
    content: Callable[[Assignment], NotebookNode | bytes]
    marks: tuple[float, float, float] = RIGHT
    told: str = ""
    shown: str | tuple[str, ...] = ""
    status: str = "to_mark"
    arrange: Callable[[Path, Surroundings], None] | None = None

    def hand_in(self, assignment: Assignment, around: Surroundings) -> None:
        """Put it where the grader looks for it."""
        content = self.content(assignment)
        data = content if isinstance(content, bytes) else as_bytes(content)
        path = hand_in(around.submitted, self.student, around.fill_in(data))
        if self.arrange is not None:
            self.arrange(path.parent, around)


def code(
    student: str,
    tries: str,
    cell: str | None = None,
    *,
    marks: tuple[float, float, float] = RIGHT,
    told: str = "",
    shown: str | tuple[str, ...] = "",
    before: bool = False,
    **answers: str,
) -> Entry:
    """Return a submission with one more cell, after or before its answers.

    Its answers are right but for those that are given.
    """

    def content(assignment: Assignment) -> NotebookNode:
        notebook = right(assignment, **_plain(answers))
        if cell is None:
            return notebook
        return with_cell(notebook, _plain({"cell": cell})["cell"], _at(notebook, before))

    return Entry(student, tries, content, marks, told, shown)


def _plain(sources: dict[str, str]) -> dict[str, str]:
    """Return sources as they stand in a notebook: here they are indented."""
    return {name: textwrap.dedent(source).strip("\n") for name, source in sources.items()}


def _at(notebook: NotebookNode, before: bool) -> int:
    known = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells]
    return known.index("double-answer") if before else len(known)


def unreadable(student: str, tries: str, data: Callable[[], bytes], told: str) -> Entry:
    """Return a file that is no notebook."""
    return Entry(student, tries, lambda _: data(), (0, 0, 0), told, status="unreadable")


def edited(
    student: str,
    tries: str,
    edit: Callable[[NotebookNode], object],
    *,
    marks: tuple[float, float, float] = RIGHT,
    told: str = "",
    status: str = "to_mark",
    **answers: str,
) -> Entry:
    """Return a submission whose file was changed by something else than Jupyter."""

    def content(assignment: Assignment) -> NotebookNode:
        notebook = right(assignment, **_plain(answers))
        edit(notebook)
        return notebook

    return Entry(student, tries, content, marks, told, status=status)


def arranged(
    student: str,
    tries: str,
    arrange: Callable[[Path, Surroundings], None],
    *,
    marks: tuple[float, float, float] = RIGHT,
    told: str = "",
    status: str = "to_mark",
) -> Entry:
    """Return a right submission whose folder holds something odd."""
    return Entry(student, tries, right, marks, told, status=status, arrange=arrange)


__all__ = [
    "CAUGHT", "NAME", "RIGHT", "WRONG", "Entry", "Surroundings",
    "arranged", "code", "edited", "unreadable",
]  # fmt: skip
