"""Ctrl-C in `course grade` ends it in seconds, wherever it is, and the same command continues."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import psutil
import pytest
from courses import hand_in, right, with_cell
from processes import is_gone, wait_until
from rich.console import Console

from course_lib.errors import CourseError
from course_staff.grading.assignments import finding
from course_staff.grading.interrupting import interruptible

# The command, with something in it that takes long and says so; Python alone would end in none.
SLOW = """
import os, sys, time
from course_lib.cli import main

def slow(*arguments, **options):
    print("HERE", flush=True)
    while True:
        time.sleep(600)

def slow_once_ready(self, *arguments):
    print("HERE", flush=True)
    return ready(self, *arguments)

where = sys.argv.pop(1)
if where == "start":
    from course_staff.grading.execution.sandbox.pool import Sandbox as changed
    ready, name, slow = changed._ready, "_ready", slow_once_ready
elif where == "judging":
    import course_staff.grading.session as changed
    name = "judge_attempt"
elif where == "reports":
    import course_staff.grading.reports.class_report as changed
    name = "write_class_report"
elif where == "pages":
    import course_staff.grading.reports.feedback as changed
    name = "write_feedback"
if where != "executing":
    setattr(changed, name, slow)
main()
"""
HANGS = "print('a')\nimport time, subprocess\nsubprocess.run(['sleep', '600'])"


def interrupted(root: Path, where: str, *grade: object, until: str) -> tuple[str, int]:
    """Press Ctrl-C when the command says something; return all that it says and its status."""
    running = subprocess.Popen(
        [sys.executable, "-c", SLOW, where, *map(str, grade)], cwd=root, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    said = ""
    for line in running.stdout:
        said += line
        if line.startswith(until):
            break
    if where == "executing":  # the next one is, as soon as its own process is there
        wait_until(lambda: "sleep" in family(running.pid).values(), seconds=120)
    started = family(running.pid)
    os.killpg(running.pid, signal.SIGINT)
    said += running.communicate(timeout=60)[0]  # what goes on would go on for ten minutes
    wait_until(lambda: all(map(is_gone, started)), seconds=60)
    return said, running.returncode


def family(pid: int) -> dict[int, str]:
    found = {}
    for process in psutil.Process(pid).children(recursive=True):
        try:
            found[process.pid] = process.name()
        except psutil.Error:
            continue
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "until", "told"),
    [
        (
            "start",
            "HERE",
            "Interrupted: 2 students not graded yet; run the same command to continue.",
        ),
        (
            "executing",
            "ada",
            "Interrupted: 1 student not graded yet; run the same command to continue.",
        ),
        (
            "judging",
            "HERE",
            "Interrupted: what was graded stays; run the same command to continue.",
        ),
        ("pages", "HERE", "Interrupted: what was graded stays; run the same command to continue."),
        (
            "reports",
            "HERE",
            "Interrupted: what was graded stays; run the same command to continue.",
        ),
    ],
)
def test_ctrl_c_ends_the_command_wherever_it_is(tmp_path, small_root, where, until, told):
    assignment = finding.load(small_root, "04")
    submitted, out = tmp_path / "submitted", tmp_path / "out"
    hand_in(submitted, "ada", right(assignment))
    second = with_cell(right(assignment), HANGS) if where == "executing" else right(assignment)
    hand_in(submitted, "ben", second)
    grade = ["grade", "04", "--submitted", submitted, "--out", out, "--workers", "1"]
    said, status = interrupted(small_root, where, *grade, until=until)
    assert status == 130, said
    assert told in said
    assert "Traceback" not in said
    assert "Full marks" not in said
    assert not list(out.rglob(".*.part"))
    hand_in(submitted, "ben", right(assignment))
    done = subprocess.run(
        [sys.executable, "-m", "course_lib", *map(str, grade)], cwd=small_root, text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    assert "2 of 2" in done.stdout
    if where in ("pages", "reports"):
        assert "2 unchanged" in done.stdout


def test_an_error_that_stops_the_other_submissions_is_no_interruption(capsys):
    def fail() -> None:
        with interruptible(Console(), nullcontext()) as interruption:
            interruption.stop.set()
            raise CourseError("the scheduler has gone away")

    with pytest.raises(CourseError, match="the scheduler has gone away"):
        fail()
    assert "Interrupted" not in capsys.readouterr().out
