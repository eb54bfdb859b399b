"""`course build` and `course publish`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from course_lib.errors import CourseError
from course_lib.files import decoded
from course_lib.project import Settings, find_root, settings


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
    """Make notebooks/, and for graded lessons solutions/ and assignments/, from lessons/.

    The result is linted.

    Example: course build --check
    """
    import nbformat

    from course_lib.files import prepare_folder, write
    from course_staff.authoring.lint import lint
    from course_staff.authoring.notebooks import build_lesson, sources

    root = find_root()
    lessons = sources(root)
    built: dict[str, str] = {}
    problems: list[str] = []
    broken: set[str] = set()
    for lesson, source in lessons.items():
        if found := _broken_assignment_rules(source, settings(root)):
            problems += found
            broken.add(lesson)
        else:
            built |= build_lesson(source, settings(root))
    for name, text in built.items():
        path = root / name
        if not path.is_file() or path.read_bytes() != text.encode():
            if check:
                problems.append(f"{name} is stale: run `course build`.")
            else:
                write(prepare_folder(path.parent) / path.name, text)
                typer.echo(f"wrote {name}")
        if name.startswith("notebooks/"):
            for finding in lint(nbformat.reads(text, as_version=4), path.parent):
                problems.append(f"{name}, cell {finding.cell}: {finding.message}")
    problems += [
        f"{name} has no source in lessons/: delete one of the two."
        for name in _generated(root)
        if name not in built and Path(name).stem not in broken
    ]
    if problems:
        raise BuildError("\n".join(problems))
    typer.echo(f"{len(built)} notebooks are up to date and keep every rule.")


def _broken_assignment_rules(source: Path, settings: Settings) -> list[str]:
    """Return what a lesson breaks of the rules for graded ones; nothing if it is not graded."""
    import nbformat

    from course_staff.authoring.assignment_rules import lint_assignment
    from course_staff.authoring.notebooks import CHECKS, build_notebook, is_graded

    notebook = build_notebook(source, settings)
    if not is_graded(notebook):
        return []
    checks = source.with_name(source.stem + CHECKS)
    return [
        f"solutions/{source.stem}, cell {finding.cell}: {finding.message}"
        for finding in lint_assignment(
            nbformat.reads(notebook, as_version=4),
            decoded(checks.read_bytes()) if checks.is_file() else None,
        )
    ]


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
    """Write the tree that students get: lessons without solutions, and what they need.

    Example: course publish ../keras-course-student
    """
    from course_staff.authoring.publish import publish as write_tree

    written = write_tree(find_root(), destination)
    typer.echo(f"published {len(written)} files to {destination}")
