"""Write the student tree: the part of this repository that students get, and nothing else."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import nbformat
import tomlkit

from course_lib.errors import CourseError
from course_lib.project import notebooks, settings
from course_staff.authoring import bands, overview

COPIED = ("notebooks", "assignments", "course_lib", "constraints.txt", "environment.yml", "LICENSE")
# The parts of the course's pyproject.toml that the students' one keeps.
EXTRAS = ("automl", "explain", "gpu", "lab")
PROJECT = (
    "name", "version", "description", "readme", "license", "license-files", "requires-python",
    "dependencies", "scripts", "urls",
)  # fmt: skip


def publish(root: Path, destination: Path) -> list[Path]:
    """Write the student tree, complete or not at all."""
    destination = destination.expanduser().absolute()
    if destination.exists() and not destination.is_dir():
        raise CourseError(f"{destination} is a file: choose a folder to publish into.")
    if _occupied(destination):
        raise CourseError(
            f"{destination} holds other files: choose an empty folder or a student tree "
            "that was published before."
        )
    try:
        destination.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".publish-", dir=destination) as scratch:
            tree = Path(scratch)
            _assemble(root, tree)
            written = sorted(path.relative_to(tree) for path in tree.rglob("*") if path.is_file())
            for entry in list(tree.iterdir()):
                _replace(entry, destination / entry.name)
    except OSError as error:
        raise CourseError(f"{destination} cannot be written: {error.strerror}.") from error
    return [destination / path for path in written]


def _occupied(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    if not any(entry.name != ".git" for entry in folder.iterdir()):
        return False
    pyproject = folder / "pyproject.toml"
    if not pyproject.is_file():
        return True
    table = tomlkit.parse(pyproject.read_text("utf-8-sig")).get("tool", {}).get("course", {})
    return not table.get("published", False)


def _assemble(root: Path, tree: Path) -> None:
    for name in COPIED:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns(".*", "__pycache__"))
        elif source.exists():
            shutil.copy(source, tree / name)
    (tree / "pyproject.toml").write_text(_student_pyproject(root), "utf-8")
    readme = Path(__file__).with_name("student_readme.md").read_text("utf-8")
    values = {"student_tree": settings(root).student_tree, "lessons": _lessons(root)}
    (tree / "README.md").write_text(readme.format(**values), "utf-8")


def _lessons(root: Path) -> str:
    """Return the table of lessons, as the README of the course has it."""
    titles = {
        lesson: overview.Title.of(nbformat.read(path, as_version=4))
        for lesson, path in notebooks(root).items()
    }
    measured = {lesson: bands.read(root / "lessons" / lesson) for lesson in titles}
    return overview.table(titles, measured)


def _student_pyproject(root: Path) -> str:
    course = tomlkit.parse((root / "pyproject.toml").read_text("utf-8-sig"))
    project, tool = course["project"], course["tool"]
    extras = project["optional-dependencies"]
    wheel = tool["hatch"]["build"]["targets"]["wheel"]
    student = {
        "build-system": course["build-system"],
        "project": {
            **{key: project[key] for key in PROJECT if key in project},
            "optional-dependencies": {name: extras[name] for name in EXTRAS if name in extras},
        },
        "tool": {
            "course": {**tool["course"], "published": True},
            "hatch": {"build": {"targets": {"wheel": {**wheel, "packages": ["course_lib"]}}}},
        },
    }
    return tomlkit.dumps(student)


def _replace(source: Path, target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    source.replace(target)
