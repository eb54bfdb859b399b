"""Lesson 01 runs from the published tree, in an environment with nothing but the student core."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from course_lib.authoring.publish import publish
from course_lib.kernels import LocalKernelManager
from course_lib.results import notes

NOT_FOR_STUDENTS = ("papermill", "nbgrader", "dask", "jupytext", "jupyterlab", "autokeras")


@pytest.fixture(scope="module")
def tree(tmp_path_factory, root) -> Path:
    folder = tmp_path_factory.mktemp("student") / "course"
    publish(root, folder)
    return folder


@pytest.fixture(scope="module")
def python(tree, root) -> Path:
    """The interpreter of a new environment in which the published tree is installed."""
    environment = tree.parent / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    interpreter = environment / "bin" / "python"
    subprocess.run(
        [
            interpreter, "-m", "pip", "install", "--quiet", "--progress-bar", "off",
            "-c", root / "constraints.txt", tree,
        ],
        check=True,
    )  # fmt: skip
    return interpreter


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
def test_lesson_01_runs_with_the_student_core_alone(tree, python, tmp_path):
    notebook = nbformat.read(tree / "notebooks" / "01-MNIST-classification.ipynb", as_version=4)
    environment = {**os.environ, "COURSE_DATA_DIR": "", "COURSE_CACHE_DIR": str(tmp_path / "cache")}
    environment["COURSE_DATA_URL"] = "http://127.0.0.1:9"  # nothing answers there: the sample it is
    manager = LocalKernelManager(python=str(python))
    client = NotebookClient(
        notebook, km=manager, timeout=600, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute(env=environment)
    found = {facts["name"]: facts["value"] for facts in notes(notebook, "result")}
    assert found["cnn_test_accuracy"] > 0.9
    assert [facts["data"] for facts in notes(notebook, "data")] == ["sample"]


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
    assert checks["papermill"]["status"] == "optional"


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
