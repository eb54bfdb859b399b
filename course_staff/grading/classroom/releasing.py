"""Handing out an assignment: through nbgrader's exchange, or as files for a learning platform."""

from __future__ import annotations

import logging
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_lib.errors import CourseError
from course_lib.files import prepare_folder, write_bytes

if TYPE_CHECKING:
    from nbformat import NotebookNode

# A fixed date inside zips: the same notebook makes the same bytes.
ZIP_DATE = (2020, 1, 1, 0, 0, 0)
MARKS_OF_SOLUTIONS = (
    "### BEGIN SOLUTION",
    "### END SOLUTION",
    "### BEGIN HIDDEN TESTS",
    "BEGIN MARK SCHEME",
)


# Returns the stale files and broken rules of a lesson. Only authoring knows how to build
# one, so `course_staff.commands`, which stands above both wings, puts its function here.
find_problems: Callable[[Path, str], list[str]] | None = None


class StaleError(CourseError):
    """The notebooks to be handed out do not match their sources."""

    exit_status = 1


def check_release(name: str, release: NotebookNode, source: NotebookNode) -> None:
    """Refuse a students' version that gives a solution away or asks other questions."""
    for number, cell in enumerate(release.cells, start=1):
        if marks := [mark for mark in MARKS_OF_SOLUTIONS if mark in cell.source]:
            raise StaleError(
                f"assignments/{name}, cell {number} holds {marks[0]!r}: it is not the students' "
                "version. Make it again with `course build`."
            )
    if _questions(release) != _questions(source):
        raise StaleError(
            f"assignments/{name} does not ask the questions that solutions/{name} asks: "
            "make both again with `course build`."
        )
    solved = {id: cell.source for id, cell in _answers(source).items()}
    for id, cell in _answers(release).items():
        if cell.source.strip() == solved.get(id, "").strip():
            raise StaleError(
                f"assignments/{name} holds the answer of {id!r}: make it again with `course build`."
            )


def check_fresh(root: Path, name: str) -> None:
    """Refuse an assignment whose notebooks are older than its source in lessons/."""
    if find_problems and (problems := find_problems(root, name)):
        raise StaleError("\n".join([*problems, "Nothing was released."]))


def release_to_exchange(
    root: Path,
    name: str,
    *,
    exchange: Path | None = None,
    course: str | None = None,
    config: Any = None,
    force: bool = False,
) -> Path:
    """Put an assignment into nbgrader's exchange, where `nbgrader fetch_assignment` finds it."""
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.exchange import ExchangeError
    from nbgrader.exchange.default import ExchangeReleaseAssignment
    from traitlets.config import Config

    config = Config() if config is None else config.copy()
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.assignment_id = name
    config.CourseDirectory.release_directory = "assignments"
    if course:
        config.CourseDirectory.course_id = course
    if exchange:
        config.Exchange.root = os.path.abspath(exchange.expanduser())
    quiet = logging.Logger("release")
    quiet.disabled = True  # the exception reports errors
    folder = CourseDirectory(config=config, log=quiet)
    releasing = ExchangeReleaseAssignment(coursedir=folder, config=config, log=quiet, force=force)
    try:
        releasing.start()
    except (ExchangeError, OSError) as error:
        reason = str(error).rstrip(".")
        if "already exists" in reason:
            reason = f"it was released before, to {releasing.dest_path}: --force replaces it"
        raise CourseError(f"{name} was not released: {reason}.") from error
    return Path(releasing.dest_path)


def release_to_files(notebook: Path, destination: Path, *, force: bool = False) -> Path:
    """Copy the students' notebook into a folder, or into a zip where the name ends so."""
    import io

    data = notebook.read_bytes()
    if destination.suffix.lower() == ".zip":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            entry = zipfile.ZipInfo(notebook.name, ZIP_DATE)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
        data, target = packed.getvalue(), destination
    else:
        target = destination / notebook.name
    target = prepare_folder(target.absolute().parent) / target.name
    if target.exists() and not force and target.read_bytes() != data:
        raise CourseError(f"{target} is another version: --force replaces it.")
    write_bytes(target, data)
    return target


def _questions(notebook: NotebookNode) -> list[tuple[str, float]]:
    graded = (cell.metadata.get("nbgrader", {}) for cell in notebook.cells)
    return [
        (metadata["grade_id"], float(metadata["points"]))
        for metadata in graded
        if metadata.get("grade")
    ]


def _answers(notebook: NotebookNode) -> dict[str, NotebookNode]:
    return {
        cell.metadata.nbgrader.grade_id: cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }
