"""`course build` and `course publish`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from course_lib.errors import CourseError
from course_lib.files import decoded
from course_lib.project import CourseSettings, find_root, settings

if TYPE_CHECKING:
    from course_staff.authoring.overview import Title


class BuildError(CourseError):
    """Notebooks are stale, or break a rule."""

    exit_status = 1


def register(app: typer.Typer) -> None:
    """Add the authors' commands to the command line."""
    app.command()(build)
    app.command()(publish)


def build(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; fail if a notebook is stale.")
    ] = False,
) -> None:
    """Make all that is generated from lessons/, and check its rules.

    notebooks/, for graded lessons solutions/ and assignments/, course_lib's
    table of bands, and the README's table of lessons.

    Example: course build --check
    """
    from course_lib.files import prepare_folder, write
    from course_staff.authoring.notebooks import sources

    root = find_root()
    built: dict[str, str] = {}
    titles: dict[str, Title] = {}
    problems: list[str] = []
    broken: set[str] = set()
    for lesson, folder in sources(root).items():
        notebooks, titles[lesson], findings = _build(folder, settings(root))
        built |= notebooks
        problems += findings
        if not notebooks:
            broken.add(lesson)
    built |= _tables(root, titles)
    for name in _stale(root, built):
        if check or _was_saved_in_jupyter(root / name):
            problems.append(_remedy(root, name))
        else:
            write(prepare_folder((root / name).parent) / Path(name).name, built[name])
            typer.echo(f"wrote {name}")
    problems += [
        f"{name} has no source in lessons/: move it out of {name.split('/')[0]}/, or delete it."
        for name in _generated(root)
        if name not in built and Path(name).stem not in broken
    ]
    if problems:
        raise BuildError("\n".join(problems))
    typer.echo(f"{len(built)} files are up to date and keep every rule.")


def find_problems(root: Path, lesson: str) -> list[str]:
    """Return a lesson's stale files and broken rules; none where it has no source here."""
    folder = root / "lessons" / lesson
    if not (folder / "lesson.py").is_file():
        return []
    built, _, problems = _build(folder, settings(root))
    return [*problems, *(_remedy(root, name) for name in _stale(root, built))]


def _remedy(root: Path, name: str) -> str:
    """Return what is wrong with a stale file, and what to do."""
    if _was_saved_in_jupyter(root / name):
        return (
            f"{name} was saved in Jupyter since it was built: move it out of {name.split('/')[0]}/ "
            "to keep it, or delete it; then run `course build`."
        )
    return f"{name} is stale: run `course build`."


def _was_saved_in_jupyter(path: Path) -> bool:
    """Tell whether a notebook may hold somebody's work: a built one has no outputs."""
    if path.suffix != ".ipynb" or not path.is_file():
        return False
    try:
        notebook = json.loads(path.read_bytes())
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        run = any(cell["outputs"] or cell["execution_count"] for cell in cells)
        return run or "version" in notebook["metadata"].get("language_info", {})
    except (ValueError, KeyError, TypeError, AttributeError):
        return False  # it is no notebook


def _stale(root: Path, built: dict[str, str]) -> list[str]:
    """Return the names of the files that are not there as they were built."""
    paths = {name: root / name for name in built}
    return [
        name
        for name, path in paths.items()
        if not path.is_file() or path.read_bytes() != built[name].encode()
    ]


def _build(folder: Path, settings: CourseSettings) -> tuple[dict[str, str], Title, list[str]]:
    """Return a lesson's notebooks, none if it breaks a rule of graded ones, and the findings."""
    import nbformat

    from course_staff.authoring.assignment_rules import lint_assignment
    from course_staff.authoring.lint import lint
    from course_staff.authoring.notebooks import build_notebook, is_graded, notebooks_of
    from course_staff.authoring.overview import Title

    name = folder.name
    notebook = build_notebook(folder, settings)
    title = Title.of(notebook)
    if is_graded(notebook):
        checks = folder / "checks.py"
        text = decoded(checks.read_bytes()) if checks.is_file() else None
        if findings := lint_assignment(notebook, text):
            return {}, title, [f"solutions/{name}, cell {f.cell}: {f.message}" for f in findings]
    built = notebooks_of(name, notebook)
    path = f"notebooks/{name}.ipynb"
    findings = lint(nbformat.reads(built[path], as_version=4), folder.parents[1] / "notebooks")
    return built, title, [f"{path}, cell {f.cell}: {f.message}" for f in findings]


def _tables(root: Path, titles: dict[str, Title]) -> dict[str, str]:
    """Return the tables made of all lessons' bands, where the course has a place for them."""
    from course_staff.authoring import bands, overview

    built = {}
    measured = {lesson: bands.read(root / "lessons" / lesson) for lesson in titles}
    if (root / "course_lib").is_dir():
        built["course_lib/bands.json"] = bands.table(measured)
    readme = root / "README.md"
    if readme.is_file() and overview.START in (text := decoded(readme.read_bytes())):
        built["README.md"] = overview.filled(text, titles, measured)
    return built


def _generated(root: Path) -> list[str]:
    """Return all files in the three generated folders, hidden ones left out."""
    return [
        path.relative_to(root).as_posix()
        for folder in ("notebooks", "solutions", "assignments")
        for path in sorted((root / folder).rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts)
    ]


def publish(
    destination: Annotated[Path, typer.Argument(help="A new folder, or an earlier student tree.")],
) -> None:
    """Write the tree that students get: lessons without solutions, and the package.

    Example: course publish ../keras-course-student
    """
    from course_staff.authoring.publish import publish as write_tree

    written = write_tree(find_root(), destination)
    typer.echo(f"published {len(written)} files to {destination}")
