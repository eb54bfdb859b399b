"""The published tree works in an environment with nothing but the student core, as pinned.

How all its lessons fare with the core alone is seen in Colab's versions, by test_colab.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import environments
import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from course_lib.results import notes
from course_staff.authoring.publish import publish
from course_staff.kernels import LocalKernelManager

NOT_FOR_STUDENTS = ("papermill", "nbgrader", "dask", "jupytext", "jupyterlab", "autokeras")


@pytest.fixture(scope="module")
def tree(tmp_path_factory, root) -> Path:
    folder = tmp_path_factory.mktemp("student") / "course"
    publish(root, folder)
    return folder


@pytest.fixture(scope="module")
def python(tree, root) -> Path:
    """The interpreter of a new environment in which the published tree is installed."""
    pins = environments.versions(root / "constraints.txt")
    wanted = ["pip", f"course-lib @ {tree.as_uri()}"]
    return environments.make(tree.parent / "venv", sys.executable, wanted, pins)


@pytest.mark.slow
def test_the_core_is_small(python):
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    installed = {package["name"].lower() for package in json.loads(listed.stdout)}
    assert "course-lib" in installed
    assert not installed & set(NOT_FOR_STUDENTS)


@pytest.mark.slow
def test_the_shortest_lesson_runs_with_the_student_core_alone(tree, python, tmp_path):
    notebook = execute(tree / "notebooks" / "04-Regression-nn-assignment.ipynb", python, tmp_path)
    found = {facts["name"]: facts["value"] for facts in notes(notebook, "result")}
    assert found["validation_mse_linear"] < found["validation_mse_of_the_mean"]
    assert [facts["data"] for facts in notes(notebook, "data")] == ["sample"]


@pytest.mark.slow
def test_lesson_06_says_in_a_sentence_what_the_student_core_lacks(tree, python, tmp_path):
    with pytest.raises(CellExecutionError) as stopped:
        execute(tree / "notebooks" / "06-Autokeras.ipynb", python, tmp_path)
    assert stopped.value.ename == "CourseError"
    assert 'pip install "course-lib[automl]"' in stopped.value.evalue
    assert "Traceback" not in stopped.value.traceback


def execute(path: Path, python: Path, scratch: Path) -> nbformat.NotebookNode:
    notebook = nbformat.read(path, as_version=4)
    environment = {**os.environ, "COURSE_DATA_DIR": "", "COURSE_CACHE_DIR": str(scratch / "cache")}
    environment["COURSE_DATA_URL"] = "http://127.0.0.1:9"  # nothing answers there: the sample it is
    manager = LocalKernelManager(python=str(python))
    client = NotebookClient(
        notebook,
        km=manager,
        timeout=3600,
        startup_timeout=600,
        resources={"metadata": {"path": str(scratch)}},
    )
    client.execute(env=environment, cleanup_kc=True)
    return notebook


@pytest.mark.slow
def test_the_students_command_line_works(python, tmp_path):
    course = python.with_name("course")
    done = subprocess.run(
        [course, "doctor", "--json"],
        env={**os.environ, "COURSE_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert done.returncode == 0, done.stdout
    assert checks["autokeras"]["status"] == "optional"
    assert "papermill" not in checks  # which students have no extra for


@pytest.mark.slow
def test_an_assignment_is_checked_with_the_student_core_alone(tree, python):
    for notebook in sorted((tree / "assignments").glob("*/*.ipynb")):
        done = subprocess.run(
            [python.with_name("course"), "check", "--json", notebook.name],
            cwd=notebook.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1, done.stderr
        report = json.loads(done.stdout)
        assert {question["verdict"] for question in report["questions"]} == {"not_yet"}
        assert report["errors"] == []
