"""No solution, model answer or hidden check reaches what students get."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jupytext
import pytest
from courses import NAME, run, write_course

from course_staff.authoring.publish import publish

SHORTEST = 12  # characters: shorter lines, such as "return x", tell nothing
# Python's own words, which stand in every other file too.
_COMMON = re.compile(r"from __future__ import annotations|return [a-zA-Z]+\(?|\W*# fmt: \w+")
_SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.DOTALL)


def secrets(lessons: Path) -> dict[str, set[str]]:
    """Return, by where they come from, the lines that tell a solution or a check.

    A line that also stands in a public cell of a lesson, such as an import, is none.
    """
    found: dict[str, list[str]] = {}
    public: list[str] = []
    for checks in sorted(lessons.glob("*/checks.py")):
        found[f"{checks.parent.name}: checks"] = checks.read_text("utf-8").splitlines()
    for source in sorted(lessons.glob("*/lesson.py")):
        lesson = source.parent.name
        for cell in jupytext.read(source, fmt="py:percent").cells:
            if "written" in cell.metadata:
                found[f"{lesson}: {cell.metadata['written']}"] = cell.source.splitlines()
            elif "answer" in cell.metadata:
                lines = "".join(_SOLUTION.findall(cell.source)).splitlines()
                found[f"{lesson}: {cell.metadata['answer']}"] = lines
                public.append(_SOLUTION.sub("", cell.source))
            else:
                public.append(cell.source)
    shown = "\n".join(public)

    def tells(line: str) -> bool:
        return len(line) >= SHORTEST and not _COMMON.fullmatch(line) and line not in shown

    return {
        where: {line.strip() for line in lines if tells(line.strip())}
        for where, lines in found.items()
    }


def texts(folder: Path) -> dict[str, str]:
    """Return the text of every file, a notebook's as plain lines."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        text = path.read_bytes().decode("utf-8", "replace")
        if path.suffix == ".ipynb":
            text += "\n".join(_strings(json.loads(text)))
        found[path.relative_to(folder).as_posix()] = text
    return found


def leaks(lessons: Path, folder: Path) -> list[str]:
    files = texts(folder)
    return [
        f"{name} has a line of {where}: {line}"
        for where, lines in secrets(lessons).items()
        for line in sorted(lines)
        for name, text in files.items()
        if line in text
    ]


def _strings(value) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        texts = [text for entry in value for text in _strings(entry)]
        # A source is a list of lines.
        return ["".join(value)] if all(isinstance(entry, str) for entry in value) else texts
    if isinstance(value, dict):
        return [text for entry in value.values() for text in _strings(entry)]
    return []


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    root = write_course(tmp_path_factory.mktemp("course"))
    assert run("course", "build", folder=root).returncode == 0
    return root


def test_this_courses_secrets_reach_no_student(root, tmp_path):
    publish(root, tmp_path / "student")
    assert leaks(root / "lessons", tmp_path / "student") == []


def test_this_courses_secrets_are_searched_for(root):
    """Every graded question gives lines to look for."""
    found = secrets(root / "lessons")
    assert all(lines for lines in found.values()), found
    for lesson in (root / "assignments").glob("*"):
        assert sum(len(lines) for where, lines in found.items() if lesson.name in where) > 50


def test_a_small_courses_students_get_no_secret(small):
    for folder in ("assignments", "notebooks"):
        assert leaks(small / "lessons", small / folder) == []


def test_what_leaks_would_be_found(small):
    found = leaks(small / "lessons", small / "solutions")
    where = f"{NAME}/{NAME}.ipynb has a line of {NAME}"
    assert f"{where}: double: twice_the_secret = 2 * np.asarray(values)" in found
    assert any(line.startswith(f"{where}: why: The model answer") for line in found)
    found = leaks(small / "lessons", small / "lessons")
    assert any("self.hidden_values = rng.normal(size=(4, 3))" in line for line in found)


def test_the_student_tree_holds_no_instructors_folder(root, tmp_path):
    tree = tmp_path / "student"
    publish(root, tree)
    names = {path.name for path in tree.rglob("*")}
    assert not names & {"solutions", "lessons", "course_staff", "nbgrader_config.py"}
    assert not [name for name in names if name in ("checks.py", "bands.toml", "answers")]
    assert (tree / "course_lib" / "check" / "commands.py").is_file()
