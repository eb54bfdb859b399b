"""Importing course_lib costs nearly nothing."""

import subprocess
import sys
import time

HEAVY = ("tensorflow", "keras", "matplotlib", "nbgrader", "papermill", "numpy", "sklearn")


def python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_importing_course_lib_takes_under_a_tenth_of_a_second():
    code = "import time; t = time.perf_counter(); import course_lib; print(time.perf_counter() - t)"
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
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "course_lib", "--help"], capture_output=True, check=True)
    assert time.perf_counter() - start < 4
