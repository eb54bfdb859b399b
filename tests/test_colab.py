"""The published notebooks run in Colab, and what their first cell installs there changes nothing.

Colab is stood in for by an environment with its versions of TensorFlow, Keras, Jupyter and what
these need, and with nothing else: neither AutoKeras nor tf-explain. So it is a student's core
installation as well. The address that the first cell installs from is answered by git itself,
with a repository on this machine.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import environments
import nbformat
import pytest
from nbclient import NotebookClient

from course_lib import project
from course_lib.results import expectation, notes
from course_staff.authoring.publish import publish
from course_staff.kernels import LocalKernelManager

ROOT = Path(__file__).resolve().parent.parent
LESSONS = list(project.notebooks(ROOT))


def kind(lesson: str) -> tuple:
    """Return what tells a lesson from others in Colab: the extra that it installs, and grading."""
    text = (ROOT / "notebooks" / f"{lesson}.ipynb").read_text("utf-8")
    (extra,) = re.findall(r"course-lib(\[\w+\])? @ git", text)
    return extra, (ROOT / "assignments" / lesson).is_dir()


def seconds(lesson: str) -> float:
    """Return how long a lesson takes on the sample, alone on the machine."""
    return expectation(lesson, "quick", "sample").seconds or 0


# The shortest lesson of each kind runs; `make test-slow EVERYTHING=1` runs all of them.
SHORTEST = {kind(lesson): lesson for lesson in sorted(LESSONS, key=seconds, reverse=True)}
SKIPPED = [
    lesson
    for lesson in LESSONS
    if lesson not in SHORTEST.values() and not os.environ.get("EVERYTHING")
]


# Colab's kernel has loaded google.colab before the first cell.
LAUNCHER = """
import google.colab
from ipykernel import kernelapp

kernelapp.launch_new_instance()
"""


@dataclass(frozen=True)
class Colab:
    """A stand-in for Colab.

    Attributes
    ----------
    python : pathlib.Path
        The interpreter.
    tree : pathlib.Path
        The student tree, as a git repository.
    before : frozenset of str
        What is installed, as pip lists it, before any lesson ran.
    """

    python: Path
    tree: Path
    before: frozenset[str]

    def execute(self, lesson: str, scratch: Path) -> nbformat.NotebookNode:
        """Run a published notebook from top to bottom."""
        notebook = nbformat.read(self.tree / "notebooks" / f"{lesson}.ipynb", as_version=4)
        module = [str(self.python), "-m", "colab_kernel_launcher", "-f", "{connection_file}"]
        client = NotebookClient(
            notebook,
            km=LocalKernelManager(command=module),
            timeout=3600,
            startup_timeout=600,  # a new environment compiles its modules first
            resources={"metadata": {"path": str(scratch)}},
        )
        client.execute(env=self.environment(scratch), cleanup_kc=True)
        return notebook

    def environment(self, scratch: Path) -> Mapping[str, str]:
        public = project.settings(ROOT).student_tree
        return os.environ | {
            "COURSE_CACHE_DIR": str(scratch / "cache"),
            "COURSE_DATA_URL": "http://127.0.0.1:9",  # nothing answers: the sample it is
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{self.tree.as_uri()}.insteadOf",
            "GIT_CONFIG_VALUE_0": public,
            "IPYTHONDIR": str(scratch / "ipython"),
            "TF_CPP_MIN_LOG_LEVEL": "2",
        }


@pytest.fixture(scope="module")
def colab(tmp_path_factory) -> Colab:
    folder = tmp_path_factory.mktemp("colab")
    listed = environments.versions(environments.COLAB)
    python = environments.find_python(environments.COLAB_PYTHON)
    if python is None:
        python = sys.executable
        environments.resolve(listed, environments.COLAB_PYTHON, folder)
        warnings.warn(
            f"There is no Python {environments.COLAB_PYTHON}: for it Colab's versions were only "
            f"looked up; they run on {sys.version.split()[0]}.",
            stacklevel=1,
        )
    interpreter = environments.make(folder / "venv", python, listed, dependencies=False)
    (site,) = (folder / "venv").glob("lib/*/site-packages")
    (site / "google" / "colab").mkdir()
    (site / "google" / "colab" / "__init__.py").touch()
    (site / "colab_kernel_launcher.py").write_text(LAUNCHER)
    return Colab(interpreter, student_repository(folder / "student"), installed(interpreter))


def student_repository(tree: Path) -> Path:
    publish(ROOT, tree)
    someone = ["-c", "user.name=Someone", "-c", "user.email=someone@example.org"]
    for words in (
        ["init", "--quiet", f"--initial-branch={project.settings(ROOT).student_branch}"],
        ["add", "--all"],
        [*someone, "commit", "--quiet", "--message=The course"],
    ):
        subprocess.run(["git", *words], cwd=tree, check=True)
    return tree


def installed(python: Path) -> frozenset[str]:
    command = [python, "-m", "pip", "freeze", "--all"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True)
    return frozenset(listed.stdout.splitlines())


@pytest.mark.slow
@pytest.mark.parametrize(
    "lesson",
    [
        pytest.param(
            lesson,
            marks=pytest.mark.skipif(
                lesson in SKIPPED, reason="another one of its kind runs: set EVERYTHING=1"
            ),
        )
        for lesson in LESSONS
    ],
)
def test_a_lesson_runs_in_colab_and_no_installed_version_changes(colab, lesson, tmp_path):
    notebook = colab.execute(lesson, tmp_path)
    assert {facts["data"] for facts in notes(notebook, "data")} == {"sample"}
    found = {facts["name"]: facts["value"] for facts in notes(notebook, "result")}
    bands = expectation(lesson, "quick", "sample").bands
    assert found.keys() == bands.keys()
    assert {name: value for name, value in found.items() if value not in bands[name]} == {}

    ours = [cell for cell in notebook.cells if "bootstrap" not in cell.metadata.get("tags", [])]
    outputs = [output for cell in ours for output in cell.get("outputs", [])]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []

    after = installed(colab.python)
    assert colab.before <= after, f"changed: {colab.before - after}"
    assert any("course-lib @ git+https://github.com/" in entry for entry in after - colab.before)
    if lesson.startswith("06"):
        assert "on Keras 3.13.2: repaired" in str(outputs)
    if lesson.startswith("07"):
        assert 'tf-explain is missing: pip install "course-lib[explain]"' in str(outputs)
