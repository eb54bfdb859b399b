"""`course build` and `course publish`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich import print as say

from course_lib.errors import CourseError
from course_lib.project import find_root, settings


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
    """Make notebooks/ from lessons/, and lint the result.

    Example: course build --check
    """
    import nbformat

    from course_lib.authoring.lint import lint
    from course_lib.authoring.notebooks import build_notebook, sources
    from course_lib.files import prepare_folder, write

    root = find_root()
    folder = root / "notebooks"
    problems: list[str] = []
    built = {
        f"{name}.ipynb": build_notebook(source, settings(root))
        for name, source in sources(root).items()
    }
    for name, text in built.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != text.encode():
            if check:
                problems.append(f"notebooks/{name} is stale: run `course build`.")
            else:
                write(prepare_folder(folder) / name, text)
                say(f"wrote notebooks/{name}")
        for finding in lint(nbformat.reads(text, as_version=4), folder):
            problems.append(f"notebooks/{name}, cell {finding.cell}: {finding.message}")
    for path in sorted(folder.glob("*.ipynb")):
        if path.name not in built:
            problems.append(
                f"notebooks/{path.name} has no source in lessons/: delete one of the two."
            )
    if problems:
        raise BuildError("\n".join(problems))
    say(f"{len(built)} notebooks are up to date and keep every rule.")


def publish(
    destination: Annotated[Path, typer.Argument(help="A new folder, or an earlier student tree.")],
) -> None:
    """Write the tree that students get: lessons without solutions, and what they need.

    Example: course publish ../keras-course-student
    """
    from course_lib.authoring.publish import publish as write_tree

    written = write_tree(find_root(), destination)
    say(f"published {len(written)} files to {destination}")
