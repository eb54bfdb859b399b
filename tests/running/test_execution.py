"""One notebook, executed within its limits."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from courses import make_notebook
from processes import is_gone

from course_staff.running.execution import execute, kernel_environment


def stream(notebook) -> str:
    return "".join(o.text for c in notebook.cells for o in c.get("outputs", []) if "text" in o)


@pytest.fixture(scope="module")
def completed():
    """Return one execution that many tests look at, and the cells that were announced."""
    cells: list[int] = []
    notebook = make_notebook(
        "import os\nprint('folder', os.getcwd(), seed)\nopen('left behind', 'w').close()",
        "import sys\nprint(os.environ['IPYTHONDIR'], os.environ['TF_CPP_MIN_LOG_LEVEL'])",
        "raise ValueError('on purpose')",
        "print('goes on')",
    )
    notebook.cells[4].metadata.tags = ["raises-exception"]
    before = notebook.copy()
    execution = execute(notebook, {"seed": 7}, on_cell=lambda index, _: cells.append(index))
    assert notebook == before
    return execution, cells


def test_a_notebook_is_executed_with_its_parameters(completed):
    execution, cells = completed
    assert (execution.status, execution.failure) == ("completed", None)
    assert " 7\n" in stream(execution.notebook)
    assert cells == list(range(7))
    assert execution.seconds > 0
    assert 20 < execution.peak_memory_mb < 500


def test_the_working_folder_is_removed(completed):
    folder = stream(completed[0].notebook).split()[1]
    assert folder != str(Path.cwd())
    assert not Path(folder).exists()


def test_a_cell_may_raise_where_its_tag_says_so(completed):
    notebook = completed[0].notebook
    assert "goes on" in stream(notebook)
    assert not any("papermill-error-cell-tag" in cell.metadata.tags for cell in notebook.cells)


def test_a_failing_cell_is_named_with_its_heading():
    execution = execute(make_notebook("a = 1", "# The second part", "a / 0", "print('no')"), {})
    failure = execution.failure
    assert execution.status == "failed"
    assert (failure.name, failure.message) == ("ZeroDivisionError", "division by zero")
    assert str(failure) == (
        'cell 5 of 6, under "The second part": ZeroDivisionError: division by zero'
    )
    assert any("a / 0" in line for line in failure.traceback)
    assert "\x1b" not in "".join(failure.traceback)
    assert "no" not in stream(execution.notebook)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import os\nos._exit(3)", "ended by itself with exit status 3"),
        ("import os\nos.kill(os.getpid(), 9)", "killed by SIGKILL"),
    ],
)
def test_a_kernel_that_dies_is_told_from_an_error(source, words):
    execution = execute(make_notebook("a = 1", source, "b = 2"), {})
    assert execution.status == "failed"
    assert execution.failure.cell == 4
    assert words in str(execution.failure)
    outputs = execution.notebook.cells[-2].outputs
    assert outputs[-1].ename == "KernelDied"


def test_a_notebook_is_ended_at_its_time_limit():
    execution = execute(make_notebook("import time", "time.sleep(60)"), {}, time_limit=2)
    assert execution.status == "time_limit"
    failure = execution.failure
    assert 1 < failure.cell <= failure.cells == 4  # a busy machine does not get to the last one
    assert "2 s" in str(execution.failure)
    assert execution.seconds < 60


def test_swallowing_interrupts_does_not_outlive_the_time_limit():
    stubborn = (
        "while True:\n    try:\n        time.sleep(60)\n    except BaseException:\n        pass"
    )
    source = f"import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{stubborn}"
    execution = execute(make_notebook(source), {}, time_limit=1.5)
    assert execution.status == "time_limit"
    assert execution.seconds < 60


def test_a_notebook_is_ended_at_its_memory_limit_with_its_children_counted():
    # The 300 MB lie in a child, and the limit is far above an idle kernel.
    source = (
        "import subprocess, sys\n"
        "hold = \"b = b'x' * 300_000_000; import time; time.sleep(60)\"\n"
        "child = subprocess.Popen([sys.executable, '-c', hold])\n"
        "print(child.pid, flush=True)\nchild.wait()"
    )
    execution = execute(make_notebook(source), {}, memory_limit_mb=250)
    assert execution.status == "memory_limit"
    assert execution.peak_memory_mb > 250
    assert is_gone(int(stream(execution.notebook)))


def test_a_notebook_whose_memory_cannot_be_measured_is_ended_and_says_so(monkeypatch):
    def fails(pid, **options):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("course_staff.kernels.memory_mb", fails)
    execution = execute(make_notebook("import time\ntime.sleep(60)"), {}, memory_limit_mb=4096)
    assert execution.status == "failed"
    assert "could not be measured: [Errno 24] Too many open files" in str(execution.failure)
    assert execution.seconds < 30


def test_a_stopped_notebook_is_interrupted_and_its_outputs_are_kept():
    stop = threading.Event()
    execution = execute(
        make_notebook("print('so far')", "import time\ntime.sleep(60)"),
        {},
        stop=stop,
        on_cell=lambda index, _: stop.set() if index == 3 else None,
    )
    assert execution.status == "interrupted"
    assert "so far" in stream(execution.notebook)


def test_a_relative_mirror_is_relative_to_where_the_command_was_given(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_DATA_DIR", "share/data")
    environment = kernel_environment({"EXTRA": "1"}, tmp_path)
    assert environment["COURSE_DATA_DIR"] == str(tmp_path / "share" / "data")
    assert environment["EXTRA"] == "1"
