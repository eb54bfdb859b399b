"""nbgrader's own programs work on what `course build` makes, and its autograde fails closed."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from courses import NAME, run, write_course

RELEASED = Path("assignments", NAME, f"{NAME}.ipynb")
SOLVED = Path("solutions", NAME, f"{NAME}.ipynb")


@pytest.fixture(scope="module")
def built(tmp_path_factory, root):
    """A small built course with this course's settings for nbgrader."""
    folder = write_course(tmp_path_factory.mktemp("course"))
    shutil.copy(root / "nbgrader_config.py", folder)
    assert run("course", "build", folder=folder).returncode == 0
    return folder


@pytest.fixture
def course(built, tmp_path):
    """A copy of it that a test may change, with a submission by alice who solved everything."""
    folder = tmp_path / "course"
    shutil.copytree(built, folder)
    submit(folder, SOLVED)
    return folder


def submit(course: Path, notebook: Path) -> None:
    target = course / "submitted" / "alice" / NAME / f"{NAME}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(course / notebook, target)


def nbgrader(course: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return run("nbgrader", *arguments, folder=course, **environment)


def scores(course: Path) -> dict[str, tuple[float | None, bool]]:
    """Return what the gradebook says of alice: score and "needs manual grading" by question."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        submission = gradebook.find_submission(NAME, "alice")
        return {
            grade.name: (grade.auto_score, grade.needs_manual_grade)
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


@pytest.mark.parametrize("options", [[], ["--force", "--no-execute", "--student=alice"]])
def test_autograde_refuses_in_one_sentence_and_touches_nothing(course, options):
    before = sorted(course.rglob("*"))
    done = nbgrader(course, "autograde", NAME, *options)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.endswith(
        "nbgrader cannot judge this course's questions: run `course grade 04` instead of autograde."
    )
    assert sorted(course.rglob("*")) == before


@pytest.mark.slow
def test_formgraders_button_refuses_too(course):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        "lab", "--no-browser", "--allow-root", f"--port={port}", "--ServerApp.token=secret",
        "--ServerApp.port_retries=0",
    ]  # fmt: skip
    server = subprocess.Popen(
        [sys.executable, "-m", "course_lib", *command],
        # Below the course's folder: the settings are found all the same.
        cwd=course / "lessons", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        answer = press_autograde(port)
    finally:
        server.terminate()
        server.wait(30)
    assert answer["success"] is False
    assert "run `course grade 04` instead of autograde" in " ".join(answer["log"].split())
    assert max(map(len, answer["log"].splitlines())) <= 60
    assert not (course / "autograded").exists()


def press_autograde(port: int) -> dict:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/formgrader/api/submission/{NAME}/alice/autograde",
        method="POST",
        headers={"Authorization": "token secret"},
    )
    deadline = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                return json.load(response)
        except urllib.error.HTTPError:
            raise
        except OSError:  # not listening yet
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


@pytest.mark.slow
def test_generate_assignment_makes_the_very_files_of_course_build(course):
    built = (course / RELEASED).read_bytes()
    done = nbgrader(course, "generate_assignment", NAME, "--force")
    assert done.returncode == 0, done.stderr
    assert (course / RELEASED).read_bytes() == built
    assert run("course", "build", "--check", folder=course).returncode == 0


@pytest.mark.slow
def test_validate_passes_the_solution_and_says_what_a_stub_lacks(course):
    done = nbgrader(course, "validate", str(SOLVED))
    assert "Success! Your notebook passes all the tests." in done.stdout
    done = nbgrader(course, "validate", str(RELEASED))
    assert "VALIDATION FAILED ON 2 CELL(S)!" in done.stdout
    assert "double: not yet. Write your answer in the cell above" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.slow
def test_the_solution_runs_by_hand(course, tmp_path):
    import papermill

    from course_lib.results import notes

    out = tmp_path / "out.ipynb"
    papermill.execute_notebook(course / SOLVED, out, progress_bar=False, cwd=course)
    verdicts = [note["verdict"] for note in notes(json.loads(out.read_text("utf-8")), "check")]
    assert verdicts == ["passed"]


@pytest.mark.slow
def test_without_our_settings_autograde_gives_no_unjudged_point(course):
    # A source directory of nbgrader's own name, and none of this course's settings.
    (course / "nbgrader_config.py").unlink()
    (course / "solutions").rename(course / "source")
    assert nbgrader(course, "generate_assignment", NAME).returncode == 0
    done = nbgrader(course, "autograde", NAME)
    assert done.returncode == 0, done.stderr
    assert scores(course) == {"double": (0.0, False), "why": (None, True)}


@pytest.mark.slow
def test_the_exchange_from_release_to_feedback(course, tmp_path):
    """Released, fetched, submitted, collected; feedback made, released and fetched."""
    (tmp_path / "exchange").mkdir(mode=0o777)
    (tmp_path / "exchange").chmod(0o777)
    student = tmp_path / "alice"
    student.mkdir()
    places = [
        f"--Exchange.root={tmp_path / 'exchange'}", f"--Exchange.cache={tmp_path / 'cache'}",
        "--course=keras-course",
    ]  # fmt: skip

    def step(folder, *arguments):
        done = nbgrader(folder, *arguments, *places, JUPYTER_PREFER_ENV_PATH="1")
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    shutil.rmtree(course / "submitted")
    step(course, "generate_assignment", NAME, "--force")
    step(course, "release_assignment", NAME)
    assert NAME in step(student, "list")
    step(student, "fetch_assignment", NAME)
    fetched = student / NAME / f"{NAME}.ipynb"
    assert fetched.read_bytes() == (course / RELEASED).read_bytes()
    shutil.copy(course / SOLVED, fetched)
    step(student, "submit", NAME)
    step(course, "collect", NAME)
    (collected,) = (course / "submitted").glob(f"*/{NAME}/{NAME}.ipynb")
    assert collected.read_bytes() == fetched.read_bytes()
    # Feedback pages need graded notebooks: here from a course that lets autograde run.
    config = course / "nbgrader_config.py"
    config.write_text(config.read_text().replace("\nprotect()\n", "\n"))
    step(course, "autograde", NAME)
    step(course, "generate_feedback", NAME)
    step(course, "release_feedback", NAME)
    step(student, "fetch_feedback", NAME)
    (page,) = student.rglob("feedback/**/*.html")
    assert "0.0 / 3.0" in page.read_text("utf-8")
    assert "run `course grade 04`" in page.read_text("utf-8")
