"""pyproject.toml, constraints.txt and environment.yml agree, and Colab stays as it is."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

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

# The versions in Colab's published list of 2026-08-19 that the student core could touch: Python
# 3.13, and what TensorFlow, Keras, Jupyter and the core's own requirements have there.
COLAB_PYTHON = "3.13"
COLAB = """
tensorflow==2.20.0 keras==3.13.2 numpy==2.1.3 protobuf==5.29.6 h5py==3.16.0 ml_dtypes==0.6.0
tensorboard==2.20.0 ipython==7.34.0 ipykernel==6.17.1 jupyter_client==7.4.9 jupyter_core==5.9.1
traitlets==5.7.1 pyzmq==26.2.1 tornado==6.5.7 matplotlib==3.10.0 scikit-learn==1.6.1 scipy==1.16.3
pooch==1.9.0 requests==2.32.4 platformdirs==4.11.3 psutil==5.9.5 pydot==4.0.1 pillow==11.3.0
typer==0.27.1 rich==13.9.4 click==8.4.2 setuptools==75.2.0 packaging==26.3 filelock==3.32.3
""".split()  # noqa: SIM905


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


def test_the_student_core_changes_nothing_in_colab(pyproject, tmp_path):
    """Resolved for Colab's Python with every listed version fixed: the core must fit in."""
    table = {canonicalize_name(entry.split("==")[0]): entry.split("==")[1] for entry in COLAB}
    (tmp_path / "core.in").write_text("\n".join(pyproject["dependencies"]))
    (tmp_path / "colab.txt").write_text("\n".join(COLAB))
    resolved = subprocess.run(
        [
            sys.executable, "-m", "uv", "pip", "compile", str(tmp_path / "core.in"),
            "--constraints", str(tmp_path / "colab.txt"), "--python-version", COLAB_PYTHON,
            "--python-platform", "x86_64-manylinux_2_28", "--no-annotate", "--no-header", "--quiet",
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert resolved.returncode == 0, resolved.stderr
    versions = dict(line.split("==") for line in resolved.stdout.split())
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
                if name not in sys.stdlib_module_names and name != "course_lib":
                    distribution = canonicalize_name(providers[name][0])
                    found.setdefault(str(path.relative_to(folder)), set()).add(distribution)
    return found


def test_what_is_imported_is_required_and_not_only_there_by_chance(root, pyproject):
    extras = pyproject["optional-dependencies"]
    core = {canonicalize_name(Requirement(text).name) for text in pyproject["dependencies"]}
    wings = {
        name: core | {canonicalize_name(Requirement(text).name) for text in extras[extra]}
        for name, extra in {
            "running": "run", "kernels.py": "run", "authoring": "dev", "grading": "grading",
            "cluster": "cluster",
        }.items()
    }  # fmt: skip
    wings["authoring"] |= wings["running"]  # the extras dev and grading hold the extra run
    wings["grading"] |= wings["running"]
    for name in ("grading/execution/cluster.py", "grading/execution/cluster_worker.py"):
        wings[name] = wings["grading"] | wings["cluster"]
    for path, distributions in imported(root / "course_lib").items():
        allowed = wings.get(path, wings.get(Path(path).parts[0], core))
        assert distributions <= allowed, f"{path} needs {distributions - allowed}"
