"""Finding the assignment that a user means: a lesson of the course, or a plain nbgrader one."""

from __future__ import annotations

from pathlib import Path

from course_lib.errors import CourseError
from course_lib.project import find_lesson, find_root
from course_staff.grading.assignments import plain
from course_staff.grading.assignments.assignment import Assignment
from course_staff.grading.judging.questions import load_checks


def names(root: Path) -> list[str]:
    """Return the names of the course's assignments, in order."""
    folders = (root / "assignments", root / "solutions")
    return sorted({path.parent.name for folder in folders for path in folder.glob("*/*.ipynb")})


def locate(wanted: str) -> Path:
    """Return the source folder of the assignment that a user means: its name is the assignment's."""
    folder = Path(wanted).absolute()
    if folder.is_dir() and (len(Path(wanted).parts) > 1 or any(folder.glob("*.ipynb"))):
        return folder
    root = find_root()
    name = find_lesson(wanted, names(root))
    source = root / "solutions" / name
    return source if source.is_dir() else root / "assignments" / name


def find(wanted: str) -> Assignment:
    """Load the assignment that a user means, as `locate` takes it.

    A lesson is judged by its hidden checks; a plain nbgrader assignment, which has none, by the
    tests in its own cells.
    """
    folder = locate(wanted)
    root, name = folder.parents[1], folder.name
    if (root / "lessons" / name / "lesson.py").is_file():
        return load(root, name)
    return plain.load(folder)


def load(root: Path, name: str) -> Assignment:
    """Load a graded lesson by its number, its name or a part of it."""
    available = names(root)
    if not available:
        raise CourseError("assignments/ holds no assignment: make them with `course build` first.")
    name = find_lesson(name, available)
    assignment = Assignment(
        name,
        load_checks(root / "lessons" / name / "checks.py"),
        root / "solutions" / name / f"{name}.ipynb",
        root / "assignments" / name / f"{name}.ipynb",
    )
    points = {
        cell.metadata.nbgrader.grade_id: float(cell.metadata.nbgrader.points)
        for cell in assignment.source.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    }
    declared = {question.name: question.points for question in assignment.questions.values()}
    if points != declared:
        differing = sorted({name for name, _ in points.items() ^ declared.items()})
        raise CourseError(
            f"{name}: its notebook and its hidden checks disagree about {', '.join(differing)}: "
            "make names and points the same in both."
        )
    in_order = {name: assignment.questions[name] for name in points}
    return Assignment(name, in_order, assignment.source_path, assignment.release_path)
