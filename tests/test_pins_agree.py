"""pyproject.toml, constraints.txt and environment.yml agree, and Colab stays as it is."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import environments
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PRESCRIBED = {
    "tensorflow", "keras", "keras-tuner", "autokeras",
    "tf-explain", "nbgrader", "jupyterlab", "papermill",
}  # fmt: skip
EXTRAS = {"automl", "cluster", "explain", "grading", "dev", "all", "gpu", "lab", "run"}


@pytest.fixture(scope="module")
def pyproject(root: Path) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module")
def pins(root: Path) -> dict[str, list[Requirement]]:
    found: dict[str, list[Requirement]] = {}
    for line in (root / "constraints.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def requirements(pyproject: dict) -> list[Requirement]:
    texts = list(pyproject["dependencies"])
    for name, extra in pyproject["optional-dependencies"].items():
        if name != "gpu":
            texts += extra
    found = [Requirement(text) for text in texts]
    return [requirement for requirement in found if requirement.name != "course-lib"]


def test_all_extras_are_there(pyproject):
    assert set(pyproject["optional-dependencies"]) == EXTRAS


def test_every_prescribed_package_is_required_somewhere(pyproject):
    assert {requirement.name for requirement in requirements(pyproject)} >= PRESCRIBED


def test_the_student_core_has_lower_bounds_only(pyproject):
    for text in pyproject["dependencies"]:
        specifier = Requirement(text).specifier
        assert [part.operator for part in specifier] == [">="], text


def test_every_requirement_is_pinned_within_its_bounds(pyproject, pins):
    for requirement in requirements(pyproject):
        for pin in pins[canonicalize_name(requirement.name)]:
            (exact,) = pin.specifier
            assert exact.operator == "=="
            assert exact.version in requirement.specifier, f"{pin} against {requirement}"


def test_the_pins_hold_no_address(root):
    text = (root / "constraints.txt").read_text("utf-8")
    assert not re.search(r"://|--|\bfile:|@", text)


def test_the_conda_environment_agrees_with_pyproject_and_pins(root, pyproject, pins):
    environment = yaml.safe_load((root / "environment.yml").read_text("utf-8"))
    conda = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    named = {canonicalize_name(Requirement(e).name): Requirement(e) for e in pip if e != "-e ."}

    assert "-e ." in pip, "the course itself must be installed too"
    assert "graphviz" in conda
    (python,) = [entry.partition("=")[2] for entry in conda if entry.startswith("python=")]
    assert Version(python) in Requirement(f"python{pyproject['requires-python']}").specifier
    assert set(named) >= PRESCRIBED
    asked = {canonicalize_name(requirement.name) for requirement in requirements(pyproject)}
    for name, requirement in named.items():
        assert name in asked, f"{name} is not in pyproject.toml"
        assert str(requirement.specifier) in {str(pin.specifier) for pin in pins[name]}, name


@pytest.mark.parametrize("extra", [None, "automl"])
def test_what_students_install_changes_nothing_in_colab(pyproject, tmp_path, extra):
    """Resolved for Colab's Python with every listed version fixed: it must fit in."""
    listed = environments.versions(environments.COLAB)
    table = {canonicalize_name(name): version for name, version in map(_pair, listed)}
    wanted = pyproject["dependencies"] + pyproject["optional-dependencies"].get(extra, [])
    resolved = environments.resolve(wanted, environments.COLAB_PYTHON, tmp_path, constraints=listed)
    versions = dict(map(_pair, resolved))
    changed = {
        name: (table[name], found)
        for name, found in versions.items()
        if name in table and found != table[name]
    }
    assert changed == {}
    for requirement in map(Requirement, pyproject["dependencies"]):
        assert canonicalize_name(requirement.name) in table, (
            f"Colab's {requirement.name} is unknown"
        )


def _pair(entry: str) -> tuple[str, str]:
    name, version = entry.split("==")
    return name, version


def imported(folder: Path) -> dict[str, set[str]]:
    """Third-party distributions that each file imports, also inside functions."""
    providers = packages_distributions()
    found: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module]
            for name in {name.split(".")[0] for name in names}:
                if name not in sys.stdlib_module_names and name not in (
                    "course_lib",
                    "course_staff",
                ):
                    distribution = canonicalize_name(providers[name][0])
                    found.setdefault(str(path.relative_to(folder)), set()).add(distribution)
    return found


def test_what_is_imported_is_required_and_not_only_there_by_chance(root, pyproject):
    extras = pyproject["optional-dependencies"]
    core = {canonicalize_name(Requirement(text).name) for text in pyproject["dependencies"]}
    wings = {
        name: core | {canonicalize_name(Requirement(text).name) for text in extras[extra]}
        for name, extra in {
            "automl": "automl", "running": "run", "kernels.py": "run",
            "mathml.py": "run", "authoring": "dev", "grading": "grading", "cluster": "cluster",
        }.items()
    }  # fmt: skip
    wings["authoring"] |= wings["running"]  # the extras dev and grading hold the extra run
    wings["grading"] |= wings["running"]
    for name in ("grading/execution/cluster.py", "grading/execution/cluster_worker.py"):
        wings[name] = wings["grading"] | wings["cluster"]
    found = imported(root / "course_lib") | imported(root / "course_staff")
    for path, distributions in found.items():
        allowed = wings.get(path, wings.get(Path(path).parts[0], core))
        assert distributions <= allowed, f"{path} needs {distributions - allowed}"
