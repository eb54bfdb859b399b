"""Imports go down the floors that docs/architecture.md lists, and never in a circle."""

from __future__ import annotations

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGES = ("course_lib", "course_staff")
WINGS = ("authoring", "running", "grading")


def modules(root: Path) -> dict[str, Path]:
    found = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            name = ".".join(path.relative_to(root).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


def imports(path: Path, known: dict[str, Path]) -> set[str]:
    """Return which of the known modules a file imports, wherever in it the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                found.add(name if name in known else node.module)
    return found & known.keys()


@pytest.fixture(scope="module")
def graph(root) -> dict[str, set[str]]:
    known = modules(root)
    return {name: imports(path, known) for name, path in known.items()}


@pytest.fixture(scope="module")
def floors(root) -> dict[str, int]:
    """Return the height of each entry of the list; the lowest floor is 0."""
    text = (root / "docs" / "architecture.md").read_text("utf-8")
    (block,) = re.findall(r"^```floors\n(.*?)^```", text, re.M | re.S)
    rows = list(reversed(block.splitlines()))
    return {entry: height for height, row in enumerate(rows) for entry in row.split(", ")}


def entry_of(module: str, floors: dict[str, int]) -> str:
    """Return the entry with the longest name that is the module or a package around it."""
    around = [entry for entry in floors if f"{module}.".startswith(f"{entry}.")]
    return max(around, key=len)


def test_every_entry_of_the_list_is_a_module(graph, floors):
    assert set(floors) <= set(graph)


def test_every_module_stands_on_a_floor_of_its_own_and_not_on_its_packages(graph, floors):
    packages = {"course_lib", "course_staff", "course_staff.grading"}
    strays = {name for name in graph if entry_of(name, floors) in packages} - packages
    assert not strays, "name these in docs/architecture.md"


def test_no_module_imports_from_a_floor_above(graph, floors):
    up = [
        f"{module} imports {imported}"
        for module, wanted in graph.items()
        for imported in wanted
        if floors[entry_of(imported, floors)] > floors[entry_of(module, floors)]
    ]
    assert up == []


def test_no_modules_import_each_other_in_a_circle(graph):
    TopologicalSorter(
        {module: wanted - {module} for module, wanted in graph.items()}
    ).prepare()  # raises CycleError


def test_no_wing_imports_another_and_students_code_imports_none(graph):
    for module, wanted in graph.items():
        parts = module.split(".")
        for imported in wanted:
            if parts[0] == "course_lib":
                assert imported.startswith("course_lib"), f"{module} imports {imported}"
            elif parts[1:2] and parts[1] in WINGS:
                other = {f"course_staff.{wing}" for wing in WINGS} - {".".join(parts[:2])}
                assert not imported.startswith(tuple(other)), f"{module} imports {imported}"


def test_lessons_import_course_lib_alone_and_checks_the_offered_names(root):
    for path in sorted((root / "lessons").rglob("*.py")):
        for name in re.findall(r"^\s*(?:from|import) (course_\w+[\w.]*)", path.read_text(), re.M):
            checks = path.name.endswith("checks.py")
            assert name.startswith("course_lib") or (checks and name == "course_staff.grading")
