"""Importing course_lib costs nearly nothing."""

import os
import subprocess
import sys

HEAVY = ("tensorflow", "keras", "matplotlib", "nbgrader", "papermill", "numpy", "sklearn")


def python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_importing_course_lib_takes_under_a_tenth_of_a_second():
    # The processor's time: a busy machine lets it wait.
    code = "import time; t = time.process_time(); import course_lib; print(time.process_time() - t)"
    assert min(float(python(code)) for _ in range(3)) < 0.1


def test_importing_course_lib_loads_nothing_heavy():
    code = f"import course_lib, sys; print([m for m in {HEAVY} if m in sys.modules])"
    assert python(code).strip() == "[]"


def test_the_command_line_starts_without_tensorflow():
    code = (
        "import sys; from course_lib import cli; "
        "print([m for m in ('tensorflow', 'keras', 'matplotlib', 'nbgrader') if m in sys.modules])"
    )
    assert python(code).strip() == "[]"


def test_help_appears_within_seconds():
    before = children_seconds()
    subprocess.run([sys.executable, "-m", "course_lib", "--help"], capture_output=True, check=True)
    assert children_seconds() - before < 4


def children_seconds() -> float:
    """The processor's time that child processes took: a busy machine lets them wait."""
    times = os.times()
    return times.children_user + times.children_system
