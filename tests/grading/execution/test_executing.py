"""Student code runs in one kernel, within limits, and only data comes out."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import replace

import nbformat
import numpy as np
import psutil
import pytest
from courses import as_bytes, right, with_cell

from course_staff import kernels
from course_staff.grading.execution import executing
from course_staff.grading.execution.executing import Execution, execute
from course_staff.grading.execution.student_kernel import MachineFailed
from course_staff.grading.limits import Interrupted, Limits, Stopped
from course_staff.grading.marking import hidden_calls
from course_staff.grading.protocol.calls import call, generator
from course_staff.grading.protocol.replies import read_reply
from course_staff.grading.submissions.sanitizing import sanitize
from course_staff.kernels import LocalKernelManager

LIMITS = Limits(cell_seconds=2, memory_mb=800, idle_seconds=8)


def executed(assignment, notebook, calls=None, **limits) -> Execution:
    submission = sanitize(as_bytes(notebook), assignment)
    calls = calls or hidden_calls(assignment, 0)
    return execute(submission, calls, limits=replace(LIMITS, **limits))


def errors(execution: Execution, question: str) -> list[str | None]:
    return [reply["error"] for reply in execution.replies[question]]


def output(execution: Execution) -> str:
    outputs = [out for cell in execution.notebook.cells for out in cell.get("outputs", [])]
    return "".join(out.get("text", "") for out in outputs)


def test_a_right_submission_answers_every_call(small):
    execution = executed(small, right(small))
    assert errors(execution, "double") == [None]
    assert errors(execution, "draw") == [None, None]
    assert execution.cell_errors == {}


def test_a_cell_that_fails_does_not_stop_the_next_one(small):
    notebook = with_cell(right(small), "print('before')\n1 / 0")
    execution = executed(small, notebook)
    assert errors(execution, "double") == [None]
    assert list(execution.cell_errors.values()) == ["ZeroDivisionError: division by zero"]
    assert "before" in output(execution)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("while True: pass", "more than 2 s of CPU time"),
        (
            "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
            "CPU time",
        ),
        ("import os; os._exit(3)", "ended the kernel"),
        ("import time; time.sleep(1000)", "without doing anything"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended the kernel"),
        ("hold = np.ones(100_000_000)\nimport time; time.sleep(20)", "800 MB"),
        ("input()", "StdinNotImplementedError"),
    ],
)
def test_a_cell_out_of_bounds_costs_that_cell_alone(small, code, told):
    seconds = 2 if "CPU" in told else 60  # a busy machine takes its time for pages, too
    execution = executed(small, with_cell(right(small), code), cell_seconds=seconds)
    assert [told in error for error in execution.cell_errors.values()] == [True]
    assert errors(execution, "double") == [None]
    assert errors(execution, "draw") == [None, None]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("while True: pass", "more than 2 s of CPU time"),
        ("import os; os._exit(0)", "ended the kernel"),
        ("raise SystemExit", "SystemExit"),
        ("return lambda: 0", "cannot be read"),
    ],
)
def test_a_call_out_of_bounds_costs_that_question_alone(small, code, told):
    body = code.replace("\n", "\n    ")
    notebook = right(small, double=f"def double(values):\n    {body}")
    execution = executed(small, notebook)
    assert told in errors(execution, "double")[0]
    assert errors(execution, "draw") == [None, None]


def test_cells_that_wait_a_little_each_are_bounded_together(small):
    notebook = right(small)
    for _ in range(30):
        notebook = with_cell(notebook, "import time; time.sleep(1)")
    execution = executed(small, notebook, waiting_seconds=4)
    told = "the notebook waited for more than 4 s in all"
    assert told in execution.cell_errors.values()
    assert execution.limits_hit == ("waiting",)
    assert errors(execution, "double") == [told]
    assert errors(execution, "draw") == [told, told]


SLOWLY = """
import time
while True:
    end = time.process_time() + 0.01
    while time.process_time() < end: pass
    time.sleep(0.09)
"""


def test_what_mostly_waits_and_computes_a_little_now_and_then_is_waiting(small):
    execution = executed(small, with_cell(right(small), SLOWLY), idle_seconds=4)
    assert ["waited for" in error for error in execution.cell_errors.values()] == [True]
    assert execution.limits_hit == ("idle",)
    assert errors(execution, "double") == [None]


STOPPING = {
    "idle": "import time; time.sleep(1000)",
    "memory": "held = np.ones(100_000_000); import time; time.sleep(5)",
    "cpu": "while True: pass",
}
NOT_ASKED = "not asked after three calls were stopped"


@pytest.mark.parametrize(
    "limit",
    ["idle", *(pytest.param(name, marks=pytest.mark.slow) for name in ("memory", "cpu"))],
)
def test_after_three_calls_in_a_row_that_were_stopped_the_rest_is_not_asked(small, limit):
    notebook = right(small, draw=f"def draw(n, rng):\n    {STOPPING[limit]}")
    seconds = 0.5 if limit == "cpu" else 20
    draws = [call("draw", 5, generator(seed), seconds=seconds) for seed in range(6)]
    execution = executed(small, notebook, {"draw": draws}, idle_seconds=2, memory_mb=500)
    stopped, rest = errors(execution, "draw")[:3], errors(execution, "draw")[3:]
    assert NOT_ASKED not in stopped
    assert rest == [NOT_ASKED] * 3
    assert execution.limits_hit == tuple(sorted((limit, "stops")))


def test_a_question_that_hangs_in_every_call_costs_the_others_nothing(small):
    notebook = right(small, draw=f"def draw(n, rng):\n    {STOPPING['cpu']}")
    draws = [call("draw", 5, generator(seed), seconds=0.5) for seed in range(7)]
    doubles = [call("double", [1.0]) for _ in range(3)]
    execution = executed(small, notebook, {"draw": draws, "double": doubles})
    assert errors(execution, "double") == [None] * 3
    assert errors(execution, "draw")[-1] == NOT_ASKED


def test_an_answer_between_calls_that_were_stopped_starts_the_count_afresh(small):
    slow = "def draw(n, rng):\n    while n % 3: pass\n    return rng.normal(size=n)"
    draws = [call("draw", n, generator(0), seconds=0.5) for n in range(8)]
    found = errors(executed(small, right(small, draw=slow), {"draw": draws}), "draw")
    assert [error is None for error in found] == [n % 3 == 0 for n in range(8)]


@pytest.mark.slow
def test_after_three_cells_in_a_row_that_had_to_be_ended_the_rest_is_not_executed(small):
    notebook = right(small)
    for number in range(4):
        notebook = with_cell(notebook, f"number = {number}; {STOPPING['idle']}")
    execution = executed(small, notebook, idle_seconds=2)
    assert len(execution.cell_errors) == 3
    assert errors(execution, "double") == ["not asked after three cells were stopped"]
    assert execution.limits_hit == ("idle", "stops")


@pytest.mark.slow
def test_cells_that_had_to_be_ended_here_and_there_cost_themselves_alone(small):
    notebook = right(small)
    for number in range(3):
        notebook = with_cell(notebook, f"number = {number}; {STOPPING['idle']}")
        notebook = with_cell(notebook, "between = True")
    execution = executed(small, notebook, idle_seconds=2)
    assert len(execution.cell_errors) == 3
    assert errors(execution, "double") == [None]


BUSY = "end = time.process_time() + {}\nwhile time.process_time() < end: pass"


@pytest.fixture
def busy_core():
    """Keep this process and what it starts on one core, among others that want it, too."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    loop = [sys.executable, "-c", "while True: pass"]
    # Each in a session of its own, for Linux shares a core among sessions, and a kernel has one.
    others = [subprocess.Popen(loop, start_new_session=True) for _ in range(4)]
    yield
    for other in others:
        other.kill()
        other.wait()
    os.sched_setaffinity(0, allowed)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux keeps processes on a core")
def test_a_busy_machine_costs_no_marks(small, busy_core):
    slow = "import time\ndef draw(n, rng):\n    {}\n    return rng.normal(size=n)"
    slow = slow.format(BUSY.format(1.5).replace("\n", "\n    "))
    notebook = with_cell(right(small, draw=slow), "import time\n" + BUSY.format(1))
    started = time.monotonic()
    execution = executed(small, notebook, idle_seconds=4, waiting_seconds=6)
    assert execution.cell_errors == {}
    assert execution.limits_hit == ()
    assert errors(execution, "draw") == [None, None]
    assert time.monotonic() - started > 4 + 6, "the machine was not busy enough to tell anything"


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="there is no SIGSTOP")
def test_a_grader_that_is_stopped_and_continued_costs_no_marks(small):
    notebook = with_cell(right(small), "import time; time.sleep(2)")
    stopping = (
        "import os, signal, sys, time\n"
        "for _ in range(4):\n"
        "    time.sleep(0.7)\n"
        "    os.kill(int(sys.argv[1]), signal.SIGSTOP)\n"
        "    time.sleep(6)\n"
        "    os.kill(int(sys.argv[1]), signal.SIGCONT)\n"
    )
    other = subprocess.Popen([sys.executable, "-c", stopping, str(os.getpid())])
    while other.poll() is None:
        execution = executed(small, notebook, idle_seconds=5, waiting_seconds=10)
        assert (execution.cell_errors, execution.limits_hit) == ({}, ())
    assert other.returncode == 0


def test_cpu_time_counts_over_all_kernels(small):
    busy = "import time\nwhile time.process_time() < {}: pass"
    limits = Limits(submission_seconds=6, idle_seconds=8)
    notebook = with_cell(right(small), "import os; os._exit(1)")
    notebook = with_cell(notebook, busy.format(4))  # which is executed before, in both kernels
    execution = execute(sanitize(as_bytes(notebook), small), hidden_calls(small, 0), limits=limits)
    assert "the notebook took more than 6 s of CPU time" in execution.cell_errors.values()
    assert execution.limits_hit == ("cpu", "died")


def fail_to_start(monkeypatch, *failing: int) -> None:
    """Let some of the kernels not start, by their number from 1 on."""
    start, asked = LocalKernelManager.start_kernel, []

    async def start_kernel(manager, **options):
        asked.append(manager)
        if len(asked) in failing:
            raise OSError(28, "No space left on device")
        await start(manager, **options)

    monkeypatch.setattr(LocalKernelManager, "start_kernel", start_kernel)


def test_a_kernel_that_does_not_start_is_started_once_more(small, monkeypatch):
    fail_to_start(monkeypatch, 1)
    assert errors(executed(small, right(small)), "double") == [None]


@pytest.mark.parametrize("failing", [(1, 2), (2, 3)], ids=["first", "after a cell that ended one"])
def test_a_machine_that_starts_no_kernel_is_no_fault_of_the_submission(small, monkeypatch, failing):
    fail_to_start(monkeypatch, *failing)
    notebook = with_cell(right(small), "import os; os._exit(1)")
    with pytest.raises(MachineFailed, match="No space left on device"):
        executed(small, notebook)


def test_a_limit_that_holds_no_kernel_is_no_fault_of_the_submission(small):
    submission = sanitize(as_bytes(right(small)), small)
    with pytest.raises(MachineFailed, match="raise --limit memory_mb"):
        execute(submission, hidden_calls(small, 0), limits=Limits(memory_mb=10))


def test_a_kernel_whose_memory_cannot_be_measured_is_no_fault_of_the_submission(
    small, monkeypatch, tmp_path
):
    memory_mb, begun = kernels.memory_mb, tmp_path / "begun"

    def measured(*arguments, **options):
        if begun.exists():
            raise OSError(24, "Too many open files")
        return memory_mb(*arguments, **options)

    monkeypatch.setattr(kernels, "memory_mb", measured)
    cell = f"open({str(begun)!r}, 'w').close()\nimport time; time.sleep(600)"
    with pytest.raises(MachineFailed, match="Too many open files"):
        executed(small, with_cell(right(small), cell), idle_seconds=60)


def test_names_that_the_notebook_replaces_do_not_disturb_the_calls(small):
    notebook = with_cell(right(small), "open = list = dict = str = print = 3", -1)
    execution = executed(small, notebook)
    assert errors(execution, "draw") == [None, None]


def test_what_a_call_prints_goes_nowhere_and_stderr_costs_nothing(small):
    noisy = "import sys\ndef double(values):\n    print('x' * 10**6)\n"
    noisy += "    print('warning', file=sys.stderr)\n    return 2 * values"
    execution = executed(small, right(small, double=noisy))
    assert errors(execution, "double") == [None]
    assert "xxx" not in output(execution)


def test_a_flood_of_output_is_cut(small):
    execution = executed(small, with_cell(right(small), "for _ in range(2000): print('y' * 1000)"))
    assert len(output(execution)) < 200_000
    assert "left out" in output(execution)
    assert errors(execution, "double") == [None]


def test_what_a_kernel_tells_can_be_written_whatever_it_tells(small):
    code = (
        "import json\n"
        "get_ipython().kernel.session.pack = lambda tree: json.dumps(tree, default=str).encode()\n"
        "print('half: \\ud800, none: \\0')\n"
        "raise ValueError('\\udfff')"
    )
    execution = executed(small, with_cell(right(small), code))
    assert "half: ?, none: \ufffd\nValueError: ?\n" in output(execution)
    assert "ValueError: ?" in execution.cell_errors.values()
    nbformat.writes(execution.notebook).encode()


def test_pictures_of_no_size_are_not_kept_by_the_thousand(small):
    code = (
        "from IPython.display import publish_display_data\n"
        "for _ in range(3000): publish_display_data({'image/png': 'AAAA'})"
    )
    execution = executed(small, with_cell(right(small), code), cell_seconds=30)
    assert 0 < sum(len(cell.get("outputs", ())) for cell in execution.notebook.cells) <= 300


def test_replies_that_are_too_large_to_be_kept_are_left_out(small, monkeypatch):
    large = "def draw(n, rng):\n    return np.zeros({})"
    execution = executed(small, right(small, draw=large.format(7_000_000)))
    assert "too large" in errors(execution, "draw")[0]
    assert errors(execution, "double") == [None]
    monkeypatch.setattr(executing, "_MAX_REPLIES", 300_000)
    execution = executed(small, right(small, draw=large.format(20_000)))
    assert errors(execution, "draw") == [None, "draw left no readable reply: it is too large"]


def archived(*entries: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return file.getvalue()


def test_a_forged_reply_is_looked_at_before_it_is_read(tmp_path):
    tree = io.BytesIO()
    np.save(tree, np.frombuffer(b"[" + b"[]," * 2_000_000 + b"[]]", "uint8"))
    for data in (
        b"",
        archived(("tree.npy", tree.getvalue())),  # small as bytes, large as Python's objects
        archived(("tree", tree.getvalue()), ("tree.npy", b"")),
        archived(*((f"{number}.npy", b"") for number in range(70_000))),
        archived(*((f"{number}.npy", b"") for number in range(70_000)))[:-22] + bytes(22),
    ):
        (tmp_path / "reply").write_bytes(data)
        with pytest.raises(Stopped, match="double left no readable reply"):
            read_reply(tmp_path / "reply", "double", 1e9)


def test_nothing_that_a_browser_would_execute_is_kept(small):
    code = "from IPython.display import HTML, display\ndisplay(HTML('<script>alert(1)</script>'))"
    execution = executed(small, with_cell(right(small), code))
    assert "<script>" not in str([cell.get("outputs") for cell in execution.notebook.cells])


def test_the_graders_own_environment_is_not_passed_on(small, monkeypatch):
    monkeypatch.setenv("COURSE_SECRET", "hidden")
    code = "import os\nprint('env', os.environ.get('COURSE_SECRET'), os.environ['HOME'])"
    execution = executed(small, with_cell(right(small), code))
    assert "env None" in output(execution)
    assert "course-grade-" in output(execution)


def test_no_process_outlives_its_submission(small):
    code = "import subprocess\nsubprocess.Popen(['sleep', '4242'], start_new_session=False)"
    executed(small, with_cell(right(small), code))
    left = [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "4242"]]
    assert left == []


def test_executing_stops_when_asked(small):
    stop = threading.Event()
    submission = sanitize(as_bytes(with_cell(right(small), "import time; time.sleep(60)")), small)
    threading.Timer(3, stop.set).start()
    started = time.monotonic()
    with pytest.raises(Interrupted):
        execute(submission, hidden_calls(small, 0), stop=stop)
    assert time.monotonic() - started < 40
