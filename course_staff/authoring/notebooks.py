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
from course_lib.project import CourseSettings
from course_staff.authoring import assignments

COLAB_IMAGE = "https://colab.research.google.com/assets/colab-badge.svg"


def sources(root: Path) -> dict[str, Path]:
    """Return the lessons' folders by lesson name."""
    lesson_files = sorted((root / "lessons").glob("[0-9][0-9]-*/lesson.py"))
    if not lesson_files:
        raise CourseError(f"{root / 'lessons'} holds no lesson: write one like 01-Title/lesson.py.")
    return {path.parent.name: path.parent for path in lesson_files}


def build_lesson(folder: Path, settings: CourseSettings) -> dict[str, str]:
    """Return all notebooks of a lesson: their texts by their paths in the course."""
    return notebooks_of(folder.name, build_notebook(folder, settings))


def notebooks_of(name: str, notebook: NotebookNode) -> dict[str, str]:
    """Return the texts of a lesson's notebooks by their paths in the course.

    A graded lesson has an instructor's version in solutions/ and the students' one in
    assignments/ and notebooks/; any other lesson is in notebooks/ alone.
    """
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if not is_graded(notebook):
        return {f"notebooks/{name}.ipynb": text}
    students = assignments.release(name, text)
    return {
        f"solutions/{name}/{name}.ipynb": text,
        f"assignments/{name}/{name}.ipynb": students,
        f"notebooks/{name}.ipynb": students,
    }


def is_graded(notebook: NotebookNode) -> bool:
    """Return whether a notebook has cells that are graded."""
    return any(assignments.kind_of(cell) for cell in notebook.cells)


def build_notebook(folder: Path, settings: CourseSettings) -> NotebookNode:
    """Return the notebook that a lesson's source describes, with all solutions."""
    source = folder / "lesson.py"
    notebook = _read(source)
    _require_opening(notebook, source)
    extra = notebook.cells[0].metadata.pop("extra", None)
    _add_badges(notebook, folder.name, settings)
    _add_bootstrap(notebook, extra, settings)
    assignments.mark(notebook, folder.name)
    _fold_code(notebook)
    _set_ids(notebook)
    _set_metadata(notebook)
    return notebook


def bootstrap_source(extra: str | None, settings: CourseSettings) -> str:
    """Return the cell that installs the course's package in Colab and does nothing elsewhere."""
    name = f"course-lib[{extra}]" if extra else "course-lib"
    package = f"{name} @ git+{settings.student_tree}@{settings.student_branch}"
    return (
        "# Only in Colab: installs the course's helper package and changes no other one.\n"
        "import sys\n"
        "\n"
        'if "google.colab" in sys.modules:\n'
        f'    %pip install --quiet "{package}"'
    )


def badge(lesson: str, settings: CourseSettings) -> str:
    """Return the Markdown of the badge that opens a lesson in Colab."""
    repository = settings.student_tree.removeprefix("https://github.com/")
    address = (
        f"https://colab.research.google.com/github/{repository}"
        f"/blob/{settings.student_branch}/notebooks/{lesson}.ipynb"
    )
    return f"[![Open in Colab]({COLAB_IMAGE})]({address})"


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


def _add_badges(notebook: NotebookNode, lesson: str, settings: CourseSettings) -> None:
    title, *rest = notebook.cells[0].source.split("\n")
    notebook.cells[0].source = "\n".join([title, "", badge(lesson, settings), *rest])


def _add_bootstrap(notebook: NotebookNode, extra: str | None, settings: CourseSettings) -> None:
    cell = nbformat.v4.new_code_cell(
        bootstrap_source(extra, settings),
        metadata={"tags": ["bootstrap"]},
    )
    notebook.cells.insert(1, cell)


def _fold_code(notebook: NotebookNode) -> None:
    """Fold the cells of which only the result matters: visible tests, figures, set-up.

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

    A graded cell has its question's name: the solution's content must not show in the students'
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
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
