"""Where the course is: its root folder, its notebooks and its settings."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from course_lib.errors import CourseError


def find_root(start: Path | None = None) -> Path:
    """Return the course's folder: the nearest one upwards whose pyproject.toml has [tool.course].

    Parameters
    ----------
    start : Path, optional
        Where to begin; the current folder by default. From outside the course, the folder that an
        editable install of course_lib lies in is used.

    Raises
    ------
    CourseError
        If there is no course around.
    """
    start = (start or Path.cwd()).resolve()
    installed_from = Path(__file__).resolve().parent.parent
    for folder in (start, *start.parents, installed_from):
        if "course" in _tool_tables(folder):
            return folder
    raise CourseError(
        f"There is no course in {start} or above it: change into the course's folder, "
        "the one with pyproject.toml and notebooks/."
    )


def notebooks(root: Path) -> dict[str, Path]:
    """Return the course's notebooks by lesson name, in the lessons' order."""
    return {path.stem: path for path in sorted((root / "notebooks").glob("[0-9][0-9]-*.ipynb"))}


def find_lesson(name: str, lessons: Sequence[str]) -> str:
    """Return the lesson that a user means.

    Parameters
    ----------
    name : str
        A lesson's number ("4" or "04"), its name, or a part of it that no other lesson has, in any
        case.
    lessons : sequence of str
        The lessons to choose from.

    Raises
    ------
    CourseError
        If the name fits none or several.
    """
    wanted = name.casefold().removesuffix(".ipynb").rstrip("/").rsplit("/", 1)[-1]
    for lesson in lessons:
        if lesson.casefold() == wanted:
            return lesson
    if wanted.isdigit():
        numbers = [lesson.split("-")[0] for lesson in lessons]
        fits = [
            lesson
            for lesson, number in zip(lessons, numbers, strict=True)
            if number.isdigit() and int(number) == int(wanted)
        ]
    else:
        fits = [lesson for lesson in lessons if wanted and wanted in lesson.casefold()]
    if len(fits) == 1:
        return fits[0]
    problem = f"fits {len(fits)} lessons" if fits else "is not a lesson"
    raise CourseError(f"{name!r} {problem}; choose from {', '.join(fits or lessons)}.")


@dataclass(frozen=True)
class CourseSettings:
    """The table [tool.course] of pyproject.toml.

    Attributes
    ----------
    student_tree : str
        Address of the public repository that holds what `course publish` writes.
    student_branch : str
        The branch that the badges open.
    """

    student_tree: str
    student_branch: str


def settings(root: Path) -> CourseSettings:
    """Read the course's settings.

    Raises
    ------
    CourseError
        If one is missing or is not a text.
    """
    table = _tool_tables(root).get("course", {})
    for key in ("student-tree", "student-branch"):
        if not isinstance(table.get(key), str):
            raise CourseError(
                f"{root / 'pyproject.toml'}: [tool.course] lacks {key}, got {table.get(key)!r}."
            )
    return CourseSettings(table["student-tree"].rstrip("/"), table["student-branch"])


def _tool_tables(folder: Path) -> dict:
    path = folder / "pyproject.toml"
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8-sig")).get("tool", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CourseError(f"{path} cannot be read: {error}.") from error
