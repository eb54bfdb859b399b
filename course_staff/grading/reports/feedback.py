"""Feedback pages: nbgrader's own, made from the marked notebooks and the gradebook."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_lib.errors import CourseError
from course_lib.files import prepare_folder, write_bytes
from course_staff import mathml
from course_staff.grading import cleaning
from course_staff.grading.records.gradebook import explained
from course_staff.grading.reports import inert_pages
from course_staff.grading.reports.inert_pages import leave_out_unsafe, make_exporter
from course_staff.grading.submissions.reading import plain_file

if TYPE_CHECKING:
    from nbconvert.exporters import HTMLExporter
    from nbformat import NotebookNode
    from nbgrader.api import Gradebook

_MAX_RECEIPT_BYTES = 10_000  # bytes
_SEAL = "<!-- course feedback {} {} -->\n"


class PageError(CourseError):
    """The page of one student cannot be made; those of the others can."""


def students_with_marks(out: Path, assignment: str) -> list[str]:
    """Return the students whose marked notebooks lie in a folder of results, sorted."""
    return sorted(path.parent.name for path in (out / "autograded").glob(f"*/{assignment}"))


def write_feedback(
    out: Path,
    assignment: str,
    students: Iterable[str],
    book: Gradebook,
    *,
    advance: Callable[[str], None] = lambda student: None,
    on_failure: Callable[[str, str], None] | None = None,
) -> dict[str, list[Path]]:
    """Make the feedback pages of some students, the manual marks and comments so far included.

    A page that is there already, whole and made from the same, is not made again. Where one cannot
    be made, an older one is removed.
    """
    written: dict[str, list[Path]] = {}
    with explained(book.engine.url):
        pages = _Pages(book, out, assignment)
        for student in students:
            try:
                written[student] = pages.write_all(student)
            except PageError as error:
                if on_failure is None:
                    raise
                on_failure(student, str(error))
            advance(student)
    return written


def pack_feedback(
    pages: dict[str, list[Path]], destination: Path, names: dict[str, str] | None = None
) -> Path:
    """Copy pages into a folder, or a zip where the name ends so, that a learning platform takes."""
    inside = {
        f"{(names or {}).get(student, student)}/{page.name}": page
        for student, its_pages in pages.items()
        for page in its_pages
    }
    if destination.suffix.lower() != ".zip":
        folder = prepare_folder(destination)
        for name, page in inside.items():
            target = folder / name
            prepare_folder(target.parent)
            shutil.copyfile(page, target)
        return folder
    parent = prepare_folder(destination.absolute().parent)
    part = parent / f".{destination.name}.part"
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, page in inside.items():
                archive.write(page, name)
        os.replace(part, parent / destination.name)
    except OSError as error:
        raise CourseError(f"{destination} cannot be written ({error.strerror}).") from error
    finally:
        part.unlink(missing_ok=True)
    return parent / destination.name


def copy_receipts(out: Path, assignment: str, students: Iterable[str], submitted: Path) -> None:
    """Put beside each page the files that `nbgrader release_feedback` needs: time and secret."""
    for student in students:
        for name in ("timestamp.txt", "submission_secret.txt"):
            target = out / "feedback" / student / assignment / name
            # A link would hand a file of the instructor's to the student.
            data = plain_file(submitted / student / assignment / name, _MAX_RECEIPT_BYTES)
            if data is None:
                target.unlink(missing_ok=True)
            else:
                write_bytes(target, data)


@dataclass(frozen=True)
class _Shown:
    """The gradebook's entries that a page shows.

    Attributes
    ----------
    scores : dict of str to tuple of float
        Points and the most there are, by grade_id.
    comments : dict of str to str or None
        By the grade_id of a solution or task.
    waiting : list of str
        The questions that a person still has to mark.
    """

    scores: dict[str, tuple[float, float]]
    comments: dict[str, str | None]
    late_penalty: float
    waiting: list[str]

    def fill_in(self, notebook: NotebookNode) -> None:
        """Put marks and comments where nbgrader's template looks for them."""
        from nbgrader import utils

        for cell in notebook.cells:
            metadata = cell.metadata.get("nbgrader", {})
            if utils.is_solution(cell) or utils.is_task(cell):
                metadata["comment"] = self.comments[metadata["grade_id"]]
            if utils.is_grade(cell) or utils.is_task(cell):
                metadata["score"], metadata["points"] = self.scores[metadata["grade_id"]]
                metadata["waiting"] = metadata["grade_id"] in self.waiting

    @property
    def totals(self) -> dict[str, float]:
        """The totals for the template."""
        scores = self.scores.values()
        return {
            "score": sum(score for score, _ in scores) - self.late_penalty,
            "max_score": sum(most for _, most in scores),
            "late_penalty": self.late_penalty,
        }


class _Pages:
    """Makes one assignment's pages; one that is up to date is left as it is."""

    def __init__(self, book: Gradebook, out: Path, assignment: str) -> None:
        self._book, self._out, self._assignment = book, out, assignment
        self._versions = _versions()
        self._cells: dict[str, Any] = {}

    @cached_property
    def _exporter(self) -> HTMLExporter:
        return make_exporter()  # where nothing changed, none is needed

    def write_all(self, student: str) -> list[Path]:
        """Make the pages of a student's marked notebooks, and return where they are."""
        folder = self._out / "autograded" / student / self._assignment
        try:
            notebooks = sorted(folder.glob("*.ipynb"))
        except OSError as error:
            raise PageError(f"{folder} cannot be read ({error.strerror}).") from error
        if not notebooks:
            raise PageError(
                f"{folder} holds no notebook: grade {self._assignment} again with `course grade`."
            )
        return [self._write(student, path) for path in notebooks]

    def _write(self, student: str, path: Path) -> Path:
        folder = self._out / "feedback" / student / self._assignment
        target = folder / f"{path.stem}.html"
        try:
            with explained(self._book.engine.url):  # errors in a single entry pass through
                shown = self._shown(student, path.stem)
            data = path.read_bytes()
            source = hashlib.sha256(data)
            source.update(json.dumps([self._versions, asdict(shown)], sort_keys=True).encode())
            if _is_made_from(target, source.hexdigest()):
                return target
            page = _sealed(self._render(student, path, data, shown), source.hexdigest())
        except Exception as error:
            self._book.db.rollback()
            if isinstance(error, CourseError) and not isinstance(error, PageError):
                raise  # every other page would fail, too
            target.unlink(missing_ok=True)
            if isinstance(error, PageError):
                raise
            raise PageError(
                f"The feedback page cannot be made ({type(error).__name__}: {error}): grade "
                f"{self._assignment} again with `course grade`; the marks are in the gradebook."
            ) from error
        write_bytes(prepare_folder(folder) / target.name, page)
        return target

    def _shown(self, student: str, notebook: str) -> _Shown:
        """Read the gradebook's entries that a page shows."""
        from nbgrader.api import MissingEntry

        try:
            row = self._book.find_submission_notebook(notebook, self._assignment, student)
        except MissingEntry as error:
            raise PageError(
                f"{student} is not in the gradebook with {self._assignment} ({error}): "
                "grade it again with `course grade`."
            ) from error
        # The class has its cells in common: each is read once.
        cells = self._cells
        rows = (*row.grades, *row.comments)
        cells.update({row.cell_id: row.cell for row in rows if row.cell_id not in cells})
        return _Shown(
            {cells[g.cell_id].name: (g.score, cells[g.cell_id].max_score) for g in row.grades},
            {cells[comment.cell_id].name: comment.comment for comment in row.comments},
            float(row.late_submission_penalty or 0.0),
            sorted(cells[g.cell_id].name for g in row.grades if g.needs_manual_grade),
        )

    def _render(self, student: str, path: Path, data: bytes, shown: _Shown) -> str:
        import nbformat

        notebook = nbformat.reads(data.decode("utf-8"), as_version=4)
        leave_out_unsafe(notebook)
        try:
            shown.fill_in(notebook)
        except KeyError as error:
            raise PageError(
                f"The gradebook does not know the cell {error} of {student}: "
                f"grade {self._assignment} again with `course grade`."
            ) from error
        resources = {
            "metadata": {"name": path.stem, "path": str(path.parent)},
            "nbgrader": {
                "notebook": path.stem,
                "assignment": self._assignment,
                "student": student,
                **shown.totals,
            },
        }
        return self._exporter.from_notebook_node(notebook, resources)[0]


def _versions() -> list[str]:
    """Return the versions that a page depends on besides its notebook and the gradebook."""
    packages = (
        "bleach", "jinja2", "latex2mathml", "mistune", "nbconvert", "nbgrader", "pygments",
    )  # fmt: skip
    own = hashlib.sha256()
    for path in (__file__, inert_pages.__file__, cleaning.__file__, mathml.__file__):
        own.update(Path(path).read_bytes())
    return [own.hexdigest(), *map(metadata.version, packages)]


def _sealed(page: str, source: str) -> bytes:
    """Return a page with a last line that shows that it is whole, and its sources."""
    data = page.encode("utf-8")
    return data + _SEAL.format(source, hashlib.sha256(data).hexdigest()).encode()


def _is_made_from(path: Path, source: str) -> bool:
    try:
        data = path.read_bytes()
    except OSError:
        return False
    length = len(_SEAL.format(source, source))
    page, seal = data[:-length], data[-length:]
    return seal == _SEAL.format(source, hashlib.sha256(page).hexdigest()).encode()
