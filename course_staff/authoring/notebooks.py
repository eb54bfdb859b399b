"""Turn a lesson's source, a jupytext py:percent file, into a notebook.

A notebook is the source's cells plus what every notebook of the course has: badges under the
title, a cell that installs the course in Colab, stable cell ids and one kernel specification.
The same source always gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from course_lib.errors import CourseError
from course_lib.files import decoded
from course_lib.project import Settings
from course_staff.authoring import assignments

CHECKS = ".checks.py"  # how the name of a file with hidden checks ends
COLAB_IMAGE = "https://colab.research.google.com/assets/colab-badge.svg"


def sources(root: Path) -> dict[str, Path]:
    """Return the lessons' sources by lesson name; a file of hidden checks is none.

    Raises
    ------
    CourseError
        If there is none.
    """
    found = {
        path.stem: path
        for path in sorted((root / "lessons").glob("[0-9][0-9]-*.py"))
        if not path.name.endswith(CHECKS)
    }
    if not found:
        raise CourseError(f"{root / 'lessons'} holds no lesson: name them like 01-Title.py.")
    return found


def build_lesson(source: Path, settings: Settings) -> dict[str, str]:
    """Return all notebooks that a lesson's source gives: their texts by their paths in the course.

    A graded lesson has an instructor's version in solutions/ and the students' one in
    assignments/ and notebooks/; any other lesson is in notebooks/ alone.

    Raises
    ------
    CourseError
        If the source cannot be read, or is not built like a lesson.
    """
    name = source.stem
    notebook = build_notebook(source, settings)
    if not is_graded(notebook):
        return {f"notebooks/{name}.ipynb": notebook}
    students = assignments.release(name, notebook)
    return {
        f"solutions/{name}/{name}.ipynb": notebook,
        f"assignments/{name}/{name}.ipynb": students,
        f"notebooks/{name}.ipynb": students,
    }


def is_graded(notebook: str) -> bool:
    """Return whether a notebook's text has cells that are graded."""
    cells = nbformat.reads(notebook, as_version=4).cells
    return any(assignments.kind_of(cell) for cell in cells)


def build_notebook(source: Path, settings: Settings) -> str:
    """Return the text of the notebook that a lesson's source describes, with all solutions.

    Raises
    ------
    CourseError
        If the source cannot be read, or does not begin with a Markdown cell and then a cell with
        the tag "parameters".
    """
    notebook = _read(source)
    _require_opening(notebook, source)
    _add_badges(notebook, source.stem, settings)
    _add_bootstrap(notebook, source.stem, settings)
    assignments.mark(notebook, source.stem)
    _fold_code(notebook)
    _set_ids(notebook)
    _set_metadata(notebook)
    return _as_text(notebook)


def bootstrap_source(lesson: str, settings: Settings) -> str:
    """Return the cell that installs the course's package in Colab and does nothing elsewhere."""
    extra = f"[{settings.extras[lesson]}]" if lesson in settings.extras else ""
    package = f"course-lib{extra} @ git+{settings.student_tree}@{settings.student_branch}"
    return (
        "# Only in Colab: installs the course's helper package and changes no other one.\n"
        "import sys\n"
        "\n"
        'if "google.colab" in sys.modules:\n'
        f'    %pip install --quiet "{package}"'
    )


def badge(lesson: str, settings: Settings) -> str:
    """Return the Markdown of the badge that opens a lesson in Colab."""
    repository = settings.student_tree.removeprefix("https://github.com/")
    address = (
        f"https://colab.research.google.com/github/{repository}"
        f"/blob/{settings.student_branch}/notebooks/{lesson}.ipynb"
    )
    return f"[![Open in Colab]({COLAB_IMAGE})]({address})"


def _as_text(notebook: NotebookNode) -> str:
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _read(source: Path) -> NotebookNode:
    try:
        return jupytext.reads(decoded(source.read_bytes()), fmt="py:percent")
    except (OSError, ValueError) as error:
        raise CourseError(f"{source} cannot be read as a lesson: {error}.") from error


def _require_opening(notebook: NotebookNode, source: Path) -> None:
    kinds = [cell.cell_type for cell in notebook.cells[:2]]
    tags = notebook.cells[1].metadata.get("tags", []) if len(kinds) == 2 else []
    if kinds != ["markdown", "code"] or "parameters" not in tags:
        raise CourseError(
            f'{source} must begin with a Markdown cell, the title, and a cell tagged "parameters".'
        )


def _add_badges(notebook: NotebookNode, lesson: str, settings: Settings) -> None:
    title, *rest = notebook.cells[0].source.split("\n")
    notebook.cells[0].source = "\n".join([title, "", badge(lesson, settings), *rest])


def _add_bootstrap(notebook: NotebookNode, lesson: str, settings: Settings) -> None:
    cell = nbformat.v4.new_code_cell(
        bootstrap_source(lesson, settings),
        metadata={"tags": ["bootstrap"]},
    )
    notebook.cells.insert(1, cell)


def _fold_code(notebook: NotebookNode) -> None:
    """Fold the cells whose result is what matters: visible tests, figures drawn by hand, set-up.

    JupyterLab reads the first entry, Colab the second; a click shows the code.
    """
    for cell in notebook.cells:
        tests = assignments.kind_of(cell) == "tests"
        set_up = "bootstrap" in cell.metadata.get("tags", ())
        if cell.cell_type == "code" and (tests or set_up or "plots.new_figure(" in cell.source):
            cell.metadata["jupyter"] = {"source_hidden": True}
            cell.metadata["cellView"] = "form"


def _set_ids(notebook: NotebookNode) -> None:
    """Name each cell by its content, so that an id stays when cells around it come and go.

    A graded cell has its question's name: the solution's content must not tell in the students'
    version.
    """
    seen: Counter[str] = Counter()
    for cell in notebook.cells:
        if assignments.kind_of(cell):
            name = cell.metadata["nbgrader"]["grade_id"]
        else:
            name = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        seen[name] += 1
        cell.id = name if seen[name] == 1 else f"{name}-{seen[name]}"


def _set_metadata(notebook: NotebookNode) -> None:
    notebook.metadata = NotebookNode(
        kernelspec={"display_name": "Python 3", "language": "python", "name": "python3"},
        language_info={"name": "python"},
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
