"""What a student sees of a stopped cell and of one run out of order, in a real kernel."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient

from course_staff.kernels import LocalKernelManager

CELLS = [
    "from course_lib import short_errors\nshort_errors.install()",
    "1 + 1\nprint(housing)",
    "[one * factor for one in range(3)]",
    "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(60)",
    "def mean(values):\n    return total / len(values)\n\n\nmean([1])",
    "1 / 0",
]


@pytest.fixture(scope="module")
def errors() -> list[dict]:
    """The error that each cell shows, but for the first."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in CELLS])
    client = NotebookClient(notebook, km=LocalKernelManager(), timeout=120, allow_errors=True)
    client.execute(cleanup_kc=True)
    return [cell.outputs[-1] for cell in notebook.cells[1:]]


def test_a_name_that_no_cell_has_made_yet_is_one_sentence(errors):
    for error, line, name in zip(errors, (2, 1), ("housing", "factor"), strict=False):
        assert error["ename"] == "NameError"
        (shown,) = error["traceback"]
        assert shown.startswith(f"NameError: name '{name}' is not defined (line {line} of this")
        assert "run the cells above first" in shown


def test_a_stopped_cell_is_one_sentence(errors):
    assert errors[2]["ename"] == "KeyboardInterrupt"
    (shown,) = errors[2]["traceback"]
    assert shown.startswith("KeyboardInterrupt: this cell was stopped before its end.")


@pytest.mark.parametrize(("number", "name"), [(3, "NameError"), (4, "ZeroDivisionError")])
def test_an_error_in_the_students_own_code_keeps_its_traceback(errors, number, name):
    assert errors[number]["ename"] == name
    assert len(errors[number]["traceback"]) > 1
