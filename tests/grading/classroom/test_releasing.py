"""Handing out: what leaves the house is fresh, and gives nothing away."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile

import nbformat
import pytest
from courses import NAME
from typer.testing import CliRunner

from course_lib import cli
from course_lib.errors import CourseError
from course_staff.grading.assignments import finding
from course_staff.grading.classroom.releasing import StaleError, check_release, release_to_files
from course_staff.grading.reports.feedback import copy_receipts


def course(*arguments):
    result = CliRunner().invoke(cli.app, [str(argument) for argument in arguments])
    return result


@pytest.fixture
def here(small_root, monkeypatch):
    monkeypatch.chdir(small_root)
    return small_root


def test_an_assignment_goes_through_the_exchange_and_comes_back(here, tmp_path, monkeypatch):
    exchange = tmp_path / "exchange"
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "jupyter-config"))
    monkeypatch.setenv("USER", "ada")
    result = course("release", "04", "--exchange", exchange, "--course", "k1")
    assert result.exit_code == 0, result.output
    assert (exchange / "k1" / "outbound" / NAME / f"{NAME}.ipynb").is_file()
    home = tmp_path / "home"
    home.mkdir()

    def nbgrader(step, folder, *options):
        command = [sys.executable, "-m", "nbgrader", step, NAME, "--course", "k1", *options]
        subprocess.run(
            [*command, f"--Exchange.root={exchange}", "--CourseDirectory.root=."],
            cwd=folder,
            check=True,
            capture_output=True,
            env={**os.environ, "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"},
        )

    nbgrader("fetch_assignment", home)
    nbgrader("submit", home)
    collected = course("collect", "04", exchange / "k1" / "inbound", "--submitted", tmp_path / "s")
    assert collected.exit_code == 0, collected.output
    (found,) = (tmp_path / "s").glob(f"*/{NAME}/{NAME}.ipynb")
    assert found.read_bytes() == (home / NAME / f"{NAME}.ipynb").read_bytes()

    student = found.parent.parent.name
    page = here / "grading" / "feedback" / student / NAME / f"{NAME}.html"
    page.parent.mkdir(parents=True)
    page.write_text("well done")
    copy_receipts(here / "grading", NAME, [student], tmp_path / "s")
    nbgrader("release_feedback", here, "--CourseDirectory.feedback_directory=grading/feedback")
    nbgrader("fetch_feedback", home)
    (back,) = home.rglob(f"{NAME}.html")
    assert back.read_text() == "well done"

    with pytest.raises(CourseError, match=r"released before.*--force"):
        cli.app(
            ["release", "04", "--exchange", str(exchange), "--course", "k1"], standalone_mode=False
        )
    again = course("release", "04", "--exchange", exchange, "--course", "k1", "--force")
    assert again.exit_code == 0, again.output


def test_an_assignment_goes_to_a_platform_as_a_file(here, tmp_path):
    notebook = here / "assignments" / NAME / f"{NAME}.ipynb"
    result = course("release", "small", "--to", tmp_path / "04.zip")
    assert result.exit_code == 0, result.output
    with zipfile.ZipFile(tmp_path / "04.zip") as archive:
        assert archive.namelist() == [f"{NAME}.ipynb"]
        assert archive.read(f"{NAME}.ipynb") == notebook.read_bytes()
    before = (tmp_path / "04.zip").read_bytes()
    release_to_files(notebook, tmp_path / "04.zip")
    assert (tmp_path / "04.zip").read_bytes() == before
    there = release_to_files(notebook, tmp_path / "folder")
    there.write_text("another")
    with pytest.raises(CourseError, match="--force"):
        release_to_files(notebook, tmp_path / "folder")
    assert release_to_files(notebook, tmp_path / "folder", force=True).read_bytes()[:1] == b"{"


def test_what_is_older_than_its_source_stays_here(here, tmp_path):
    source = here / "lessons" / NAME / "lesson.py"
    source.write_text(source.read_text("utf-8").replace("# # Small", "# # Smaller"), "utf-8")
    result = course("release", "04", "--to", tmp_path / "04.zip")
    assert isinstance(result.exception, StaleError)
    assert "stale" in str(result.exception)
    assert not (tmp_path / "04.zip").exists()


def test_a_solution_stays_here(small):
    for cell in small.source.cells:
        leaked = nbformat.from_dict(small.release)
        if "SOLUTION" in cell.source:
            leaked.cells = [*leaked.cells, cell]
            with pytest.raises(StaleError, match="not the students' version"):
                check_release(NAME, leaked, small.source)
    check_release(NAME, small.release, small.source)


def test_an_assignment_that_asks_something_else_stays_here(small):
    other = nbformat.from_dict(small.release)
    other.cells = [c for c in other.cells if c.metadata.get("nbgrader", {}).get("points") != 1]
    with pytest.raises(StaleError, match="does not ask the questions"):
        check_release(NAME, other, small.source)


def test_an_answer_left_in_stays_here(small_root):
    small = finding.load(small_root, "04")
    for cell in small.source.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "why":
            text = cell.source
    for cell in small.release.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "why":
            cell.source = text
    with pytest.raises(StaleError, match="holds the answer of 'why'"):
        check_release(NAME, small.release, small.source)
