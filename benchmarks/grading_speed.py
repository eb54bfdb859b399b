"""Grade the same class with `course grade` and with stock `nbgrader autograde`, and compare.

::

    .venv/bin/python benchmarks/grading_speed.py plain        # one Keras fit in a graded cell
    .venv/bin/python benchmarks/grading_speed.py assignment   # assignment 04: right, wrong, stubs
    .venv/bin/python benchmarks/grading_speed.py growth       # 40, 200 and 1,000 small submissions
    .venv/bin/python benchmarks/grading_speed.py cost         # CPU time of the grader's own steps

"plain" and "assignment" print the submissions a minute of both, the same once more for a class
that did not change, and where the time of one submission goes; "plain" compares the marks, too.
Stock nbgrader is serial and takes as long for every submission, so `--stock N` lets it grade only
the first N. Everything is timed as whole commands, in one run on one machine.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
sys.path.insert(0, str(ROOT / "tests" / "helpers"))

ANSWER = """\
def build(units):
    {body}
"""
RIGHT = (
    "return keras.Sequential([keras.layers.Dense(units, activation='relu'), keras.layers.Dense(1)])"
)
WRONG = "return keras.Sequential([keras.layers.Dense(units + 1), keras.layers.Dense(1)])"
STUB = "raise NotImplementedError()"
TEST = """\
x = np.random.default_rng(0).normal(size=(256, 4)).astype("float32")
model = build(16)
model.compile("adam", "mse")
log = model.fit(x, x.sum(1), epochs=3, verbose=0)
assert log.history["loss"][-1] < log.history["loss"][0]
assert model.layers[0].units == 16
"""


def plain_source() -> nbformat.NotebookNode:
    """Return a small nbgrader assignment with one Keras fit in its graded cell."""

    def cell(source: str, grade_id: str, **kind: object) -> nbformat.NotebookNode:
        made = new_code_cell(source, id=grade_id)
        made.metadata["nbgrader"] = {
            "grade_id": grade_id, "schema_version": 3, "task": False,
            "grade": False, "locked": False, "solution": False,
        } | kind  # fmt: skip
        return made

    solved = ANSWER.format(body=f"### BEGIN SOLUTION\n    {RIGHT}\n    ### END SOLUTION")
    return new_notebook(
        cells=[
            new_code_cell("import keras\nimport numpy as np", id="imports"),
            cell(solved, "build", solution=True),
            cell(TEST, "test_build", grade=True, locked=True, points=2),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "x", "language": "python"}},
    )


def plain_class(home: Path, count: int) -> tuple[Path, str]:
    """Make a course with the small assignment and a class; return its folder and name."""
    name = "ps1"
    source = plain_source()
    (home / "source" / name).mkdir(parents=True)
    nbformat.write(source, home / "source" / name / f"{name}.ipynb")
    for number in range(count):
        handed = copy.deepcopy(source)
        body = (RIGHT, RIGHT, WRONG, STUB)[number % 4]
        handed.cells[1].source = f"# student {number}\n" + ANSWER.format(body=body)
        hand_in(home, number, name, handed)
    return home, name


def assignment_class(home: Path, count: int) -> tuple[Path, str]:
    """Make a class of assignment 04: a third right, a third wrong, a third untouched."""
    from course_staff.grading.assignments import finding

    chosen = finding.load(ROOT, "04")
    shutil.copytree(ROOT / "solutions" / chosen.name, home / "source" / chosen.name)
    for number in range(count):
        handed = copy.deepcopy((chosen.source, chosen.source, chosen.release)[number % 3])
        if number % 3 == 1:
            spoil(handed)
        handed.cells.append(new_code_cell(f"student = {number}"))
        hand_in(home, number, chosen.name, handed)
    return home, chosen.name


def spoil(notebook: nbformat.NotebookNode) -> None:
    """Replace some right answers by wrong ones that train as long."""
    changes = {
        "standardize-answer": ("mean(axis=0)", "mean(axis=1, keepdims=True)"),
        "train_best-answer": ("std(y_train)", "std(x_train)"),
    }
    for cell in notebook.cells:
        old, new = changes.get(cell.metadata.get("nbgrader", {}).get("grade_id"), ("", ""))
        cell.source = cell.source.replace(old, new)


def small_class(home: Path, count: int) -> tuple[Path, str]:
    """Make a class of an assignment that needs no TensorFlow."""
    from courses import right, small_course

    chosen = small_course(home / "course")
    for number in range(count):
        handed = right(chosen)
        handed.cells.append(new_code_cell(f"student = {number}"))
        hand_in(home, number, chosen.name, handed)
    return home / "course", chosen.name


def hand_in(home: Path, number: int, name: str, notebook: nbformat.NotebookNode) -> None:
    """Put a submission into nbgrader's layout."""
    folder = home / "submitted" / f"student{number:04}" / name
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{name}.ipynb")


def timed(command: Iterable[object], where: Path) -> float:
    """Return the seconds that a command takes; its exit status and output do not matter."""
    started = time.monotonic()
    with tempfile.TemporaryFile() as log:
        subprocess.run(
            [str(part) for part in command], cwd=where, stdout=log, stderr=log, check=False,
            # Quiet, for whatever stands on stderr costs all points in stock nbgrader.
            env=os.environ
            | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "TF_CPP_MIN_LOG_LEVEL": "3"},
        )  # fmt: skip
    return time.monotonic() - started


def ours(home: Path, assignment: object, where: Path, *options: object) -> float:
    """Return the seconds of `course grade` for the class."""
    command = [BIN / "course", "grade", assignment, "--submitted", home / "submitted"]
    return timed([*command, "--out", home / "out", *options], where)


def stock(home: Path, name: str, students: list[str]) -> float:
    """Return the seconds of `nbgrader autograde` for some students, in a folder of their own."""
    course = home / "stock"
    shutil.copytree(home / "source", course / "source")
    for student in students:
        shutil.copytree(home / "submitted" / student, course / "submitted" / student)
    (course / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.CourseDirectory.root = {str(course)!r}\n"
        "c.ExecutePreprocessor.timeout = 600\n"
    )
    timed([BIN / "nbgrader", "generate_assignment", name, "--create", "--force"], course)
    return timed([BIN / "nbgrader", "autograde", name, "--create"], course)


def marks(gradebook: Path, name: str) -> dict[str, float]:
    """Return the scores that a gradebook holds, by student."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{gradebook}") as book:
        return {one.student.id: one.score for one in book.assignment_submissions(name)}


def compare(home: Path, assignment: object, name: str, where: Path, options) -> None:
    """Print the speed of both graders, and how many marks differ."""
    students = sorted(path.name for path in (home / "submitted").iterdir())
    some = students[: options.stock]  # kinds of answers take turns, so these are a fair sample
    seconds = {"course grade": ours(home, assignment, where)}
    seconds["course grade, unchanged"] = ours(home, assignment, where)
    each = {what: value / len(students) for what, value in seconds.items()}
    each[f"nbgrader autograde ({len(some)} of them)"] = slow = stock(home, name, some) / len(some)
    for what, value in each.items():
        print(f"{what:36} {value:8.2f} s each {60 / value:8.1f} a minute {slow / value:8.1f} times")
    mine = marks(home / "out" / "gradebook.db", name)
    theirs = marks(home / "stock" / "gradebook.db", name)
    differing = {s: (mine[s], theirs[s]) for s in theirs if mine[s] != theirs[s]}
    print(f"marks: {len(theirs) - len(differing)} of {len(theirs)} the same {differing or ''}")
    report = json.loads((home / "out" / "report.json").read_text("utf-8"))
    peaks = [entry.get("peak_memory_mb", 0) for entry in report["submissions"]]
    print(f"memory of one submission: at most {max(peaks):.0f} MB")


def stages(assignment, notebook: bytes) -> None:
    """Print where the time of one submission goes, graded alone."""
    from course_staff.grading import marking
    from course_staff.grading.execution.executing import Execution, plain_environment
    from course_staff.grading.execution.sandbox.pool import Sandbox
    from course_staff.grading.execution.student_kernel import StudentKernel
    from course_staff.grading.execution.workers import modules_to_preload
    from course_staff.grading.limits import Limits
    from course_staff.grading.submissions.sanitizing import sanitize

    spent: dict[str, float] = {}
    clock = time.monotonic
    begun = clock()

    def lap(what: str) -> None:
        nonlocal begun
        spent[what] = spent.get(what, 0.0) + clock() - begun
        begun = clock()

    calls = marking.hidden_calls(assignment, 0)
    submission = sanitize(notebook, assignment)
    execution = Execution(submission.notebook)

    async def execute(sandbox: Sandbox) -> None:
        async with StudentKernel(Limits(), plain_environment(), threading.Event(), sandbox) as one:
            lap("kernel: start")
            for index in submission.executed:
                shown = await one.execute_cell(submission.notebook.cells[index])
                execution.results[index] = shown.result
            lap("cells")
            for name, some in calls.items():
                for call in (call for call in some if not call.cell):
                    await one.make_call(call)
                    lap(f"calls of {name}")
        lap("kernel: end")

    lap("(once) requests, sanitising")
    with Sandbox(plain_environment(), preload=modules_to_preload(assignment.release)) as sandbox:
        sandbox.provisioner(Limits().for_sandbox())
        lap("(once) fork server: imports")
        asyncio.run(execute(sandbox))
    for what, seconds in spent.items():
        print(f"  {what:40} {seconds:8.2f} s")
    bare = bare_seconds([submission.notebook.cells[index].source for index in submission.executed])
    print(f"  {'the cells, executed by plain Python':40} {bare:8.2f} s")


def bare_seconds(cells: list[str]) -> float:
    """Return the seconds that cells take in a fresh Python, once their imports are done."""
    code = (
        "import sys, json, time\n"
        "cells = json.load(sys.stdin)\n"
        "exec(cells[0], names := {'__name__': '__main__'})\n"
        "import keras, tensorflow\n"
        "started = time.monotonic()\n"
        "for cell in cells[1:]:\n"
        "    try: exec(cell, names)\n"
        "    except Exception: pass\n"
        "print(time.monotonic() - started)"
    )
    from course_staff.grading.execution.executing import plain_environment

    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(cells), text=True, capture_output=True,
        env=os.environ | plain_environment(), check=True,
    )  # fmt: skip
    return float(done.stdout.split()[-1])


def growth(home: Path) -> None:
    """Print the seconds of small classes of growing size."""
    for count in (40, 200, 1000):
        course, name = small_class(home / str(count), count)
        first = ours(home / str(count), name, course)
        again = ours(home / str(count), name, course)
        print(
            f"{count:6} submissions {first:8.1f} s, {first / count:.3f} s each; "
            f"unchanged {again:6.1f} s, {again / count:.4f} s each",
            flush=True,
        )


def cost(home: Path, count: int) -> None:
    """Print what the grader's own steps take for one small submission, and the kernels' share.

    The share is of the workers' time, from the first kernel's start to the command's end: what
    the class would take if nothing but its kernels took any.
    """
    from typer.testing import CliRunner

    from course_lib import cli
    from course_staff.grading import session
    from course_staff.grading.execution.workers import LocalWorkers, automatic_count
    from course_staff.grading.records.attempts import AttemptArchive
    from course_staff.grading.records.recording import Recorder
    from course_staff.grading.reports import feedback

    steps = {
        "read": (session.reading, "read"), "sanitise": (session, "sanitize"),
        "keep the attempt": (AttemptArchive, "save"), "judge": (session._ClassGrader, "judge_one"),
        "record": (Recorder, "record"), "feedback page": (feedback._Pages, "write_all"),
    }  # fmt: skip
    spent = dict.fromkeys(steps, 0.0)

    def count_time(step: str, function):
        def counted(*arguments, **options):
            begun = time.thread_time()
            try:
                return function(*arguments, **options)
            finally:
                spent[step] += time.thread_time() - begun

        return counted

    executed: list[tuple[float, float]] = []
    execute = LocalWorkers.execute

    def timed_execute(workers, *arguments, **options):
        begun = time.monotonic()
        try:
            return execute(workers, *arguments, **options)
        finally:
            executed.append((begun, time.monotonic()))

    LocalWorkers.execute = timed_execute
    for step, (owner, name) in steps.items():
        setattr(owner, name, count_time(step, getattr(owner, name)))
    course, _ = small_class(home, count)
    os.chdir(course)
    command = ["grade", "04", "--submitted", str(home / "submitted"), "--out", str(home / "out")]
    for when in ("new", "unchanged"):
        spent.update(dict.fromkeys(steps, 0.0))
        begun = time.process_time()
        done = CliRunner().invoke(cli.app, command)
        assert done.exit_code == 0, done.output
        whole = (time.process_time() - begun) / count
        listed = ", ".join(f"{step} {seconds / count:.4f}" for step, seconds in spent.items())
        print(f"{when}: {listed}; together {sum(spent.values()) / count:.3f}, "
              f"the whole command {whole:.3f} CPU seconds each", flush=True)  # fmt: skip
        if when == "new":
            busy = sum(end - begun for begun, end in executed)
            span = time.monotonic() - min(begun for begun, _ in executed)
            workers = automatic_count()
            print(f"kernels: {busy / count:.3f} s each, {busy / span / workers:.0%} of {workers} "
                  f"workers' time", flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=["plain", "assignment", "growth", "cost"])
    parser.add_argument("--submissions", type=int, default=40)
    parser.add_argument("--stock", type=int, help="how many of them stock nbgrader grades")
    options = parser.parse_args()
    from course_staff.grading.assignments import finding

    with tempfile.TemporaryDirectory(prefix="course-benchmark-") as folder:
        home = Path(folder)
        if options.kind == "growth":
            growth(home)
            return
        if options.kind == "cost":
            cost(home, options.submissions)
            return
        if options.kind == "plain":
            _, name = plain_class(home, options.submissions)
            assignment, where = str(home / "source" / name), home
        else:
            _, name = assignment_class(home, options.submissions)
            assignment, where = name, ROOT
        compare(home, assignment, name, where, options)
        print("\nOne right submission, alone:")
        os.chdir(ROOT)
        first = home / "submitted" / "student0000" / name / f"{name}.ipynb"
        stages(finding.find(assignment), first.read_bytes())


if __name__ == "__main__":
    main()
