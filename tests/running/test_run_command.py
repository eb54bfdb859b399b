"""`course run`, as a user and a CI engineer meet it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from courses import PROGRAM, SETUP, course_of, make_notebook, result, run_course
from processes import processes_of

from course_lib import files
from course_lib.locking import locked

LESSONS = {
    "01-holds": [SETUP, "print('profile', profile, 'seed', seed)", result("accuracy", 0.97)],
    "02-fails": [SETUP, "# Where it breaks", "1 / 0"],
    "03-Other": ["print('still here')"],
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a finished run of three lessons, two at a time, in a deep folder."""
    root = course_of(tmp_path_factory.mktemp("run") / "course", LESSONS)
    out = root / ("deep" * 20) / "{braces}" / ("out" * 20)
    done = run_course(
        root, "--jobs", "2", "--out", str(out), "-p", "seed", "5", "--profile", "quick",
        "--junit", str(out / "junit.xml"),
    )  # fmt: skip
    return done, out


def lessons_in(out: Path) -> dict[str, dict]:
    report = json.loads((out / "report.json").read_text("utf-8"))
    return {entry["lesson"]: entry for entry in report["lessons"]}


def test_a_lesson_that_fails_is_named_and_the_others_go_on(run):
    done, out = run
    assert done.returncode == 1
    statuses = {name: entry["status"] for name, entry in lessons_in(out).items()}
    assert statuses == {"01-holds": "passed", "02-fails": "failed", "03-Other": "passed"}
    error = 'cell 6 of 6, under "Where it breaks": ZeroDivisionError: division by zero'
    assert lessons_in(out)["02-fails"]["error"] == error
    assert f"02-fails: {error}" in done.stdout
    assert "----> 1 1 / 0" in done.stdout


def test_what_a_person_can_mend_is_told_once_and_without_a_traceback(tmp_path):
    missing = "from course_lib.errors import CourseError\nraise CourseError('keras is missing.')"
    root = course_of(tmp_path / "course", {"01-lacks": [missing]})
    done = run_course(root, "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert done.stdout.count("CourseError: keras is missing.") == 1
    assert "Traceback" not in done.stdout
    assert "----> " not in done.stdout


def test_the_report_says_what_was_run(run):
    entry = lessons_in(run[1])["01-holds"]
    assert (entry["profile"], entry["data"]) == ("quick", "sample")
    assert entry["data_origin"] == "digits: embedded sample"
    assert entry["results"]["accuracy"] == {"value": 0.97, "low": None, "high": None, "ok": None}
    assert 0 < entry["seconds"] < 60
    assert entry["peak_memory_mb"] > 20
    assert Path(entry["notebook"]).is_file()
    assert Path(entry["page"]).is_file()


def test_every_lesson_leaves_a_notebook_and_a_page(run):
    _, out = run
    names = {path.name for path in out.iterdir()}
    files_of_lessons = {f"{name}{end}" for name in LESSONS for end in (".ipynb", ".html")}
    assert names == files_of_lessons | {"report.json", "junit.xml"}
    text = (out / "01-holds.ipynb").read_text("utf-8")
    assert "profile quick seed 5" in text
    assert "ZeroDivisionError" in (out / "02-fails.html").read_text("utf-8")
    # An executed notebook tells nothing of the machine's folders.
    assert str(out) not in text


def test_progress_is_plain_in_a_log_and_stdout_holds_the_result_alone(run):
    done, _ = run
    assert "\x1b" not in done.stdout + done.stderr
    lines = done.stderr.splitlines()
    assert sorted(line.split(":")[0] for line in lines) == sorted([*LESSONS, *LESSONS])
    assert "unmeasured" in done.stdout


def test_json_is_the_report_and_nothing_else_and_never_an_earlier_one(course):
    root = course({"01-a": ["a = 1"]})
    out = root / "out"
    out.mkdir()
    for name in ("report.json", "01-a.html"):
        (out / name).write_text("of an earlier run")
    earlier = make_notebook("'of an earlier run'")
    earlier.metadata.papermill = {}
    nbformat.write(earlier, out / "01-a.ipynb")
    done = run_course(root, "1", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == json.loads((out / "report.json").read_text())
    assert not any("of an earlier run" in path.read_text() for path in out.iterdir())


@pytest.mark.parametrize("theirs", [make_notebook("answer = 42"), "[1]", "half a note"])
def test_a_notebook_that_no_run_wrote_is_never_replaced(course, theirs):
    root = course({"01-a": ["a = 1"], "02-b": ["b = 1"]})
    mine = root / "submitted" / "02-b.ipynb"
    mine.parent.mkdir()
    mine.write_text(theirs if isinstance(theirs, str) else nbformat.writes(theirs))
    (mine.parent / "report.json").write_text("of an earlier run")
    before = mine.read_bytes()
    done = run_course(root, "all", "--out", "submitted")
    assert done.returncode == 2
    assert f"{mine} was not written by `course run`" in done.stderr
    assert "choose another --out" in done.stderr
    assert mine.read_bytes() == before
    assert {path.name for path in mine.parent.iterdir()} == {"02-b.ipynb", "report.json"}


def test_a_run_into_the_folder_of_an_earlier_one_replaces_its_notebooks(course):
    root = course({"01-a": ["a = 1"]})
    assert [run_course(root).returncode for _ in range(2)] == [0, 0]


def test_a_report_survives_a_terminal_that_cannot_print_it(course):
    root = course({"01-a": ["raise ValueError('größer als ≤ 🎓')"]})
    ascii_terminal = {**os.environ, "PYTHONIOENCODING": "ascii:strict"}
    done = run_course(root, "--json", env=ascii_terminal)
    assert done.returncode == 1
    assert json.loads(done.stdout)["lessons"][0]["error"].endswith("größer als ≤ 🎓")


@pytest.mark.skipif(os.name != "posix", reason="pipes")
def test_the_junit_file_is_written_before_a_closed_pipe_ends_the_program(course):
    root = course({"01-a": ["a = 1"]})
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        subprocess.run(
            [*PROGRAM, "--json", "--junit", "j.xml"], cwd=root, stdout=closed, timeout=300
        )
    assert "01-a" in (root / "j.xml").read_text("utf-8")


@pytest.mark.skipif(os.name != "posix", reason="locks on folders")
def test_a_second_run_into_the_same_folder_is_refused_and_deletes_nothing(course):
    root = course({"01-a": ["a = 1"]})
    (root / "out").mkdir()
    (root / "out" / "01-a.html").write_text("of the first run")
    with locked(root / "out", lambda: "held by the first run"):
        done = run_course(root)
    assert done.returncode == 2
    assert f"Another run is writing to {root / 'out'}: wait" in done.stderr
    assert [path.name for path in (root / "out").iterdir()] == ["01-a.html"]
    with locked(root / "out", lambda: "still held"):  # the lock ended with the first one
        pass


# The expected bands are the package's own: a lesson in a program that brings another table.
WITH_BANDS = """
import sys
from course_lib import results
entry = {"bands": {"accuracy": [0.9, 1.0], "loss": [0, 1]}, "seconds": 5, "measured": "here"}
results._table = lambda: {"lessons": {"01-a": {"quick": {"sample": entry}}}}
import course_app
course_app.main()
"""


@pytest.mark.parametrize(
    ("accuracy", "status", "code"), [(0.95, "passed", 0), (0.5, "out_of_band", 1)]
)
def test_a_result_out_of_its_band_fails_the_run(course, accuracy, status, code):
    root = course({"01-a": [SETUP, result("accuracy", accuracy), result("loss", 0.1)]})
    done = subprocess.run(
        [sys.executable, "-c", WITH_BANDS, "run", "01"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(Path(PROGRAM[1]).parent)},
        text=True,
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == code
    assert lessons_in(root / "out")["01-a"]["status"] == status
    assert ("out of band" in done.stdout) == (code == 1)


def test_a_time_limit_is_a_shortfall_and_its_notebook_is_kept(course):
    root = course({"01-slow": ["print('begun')", "import time\ntime.sleep(60)"]})
    done = run_course(root, "--time-limit", "1.5")
    assert done.returncode == 1
    assert lessons_in(root / "out")["01-slow"]["status"] == "time_limit"
    assert "begun" in (root / "out" / "01-slow.ipynb").read_text("utf-8")
    assert "(--time-limit)" in done.stdout


WRONG_USE = {
    "unknown lesson": (["9"], "'9' is not a lesson; choose from 01-a"),
    "unknown profile": (["--profile", "fast"], "choose from auto, quick, full"),
    "unknown data": (["--data", "fake"], "choose from auto, real, sample"),
    "unknown parameter": (["-p", "sed", "1"], "its parameters are profile, data, seed"),
    "half a parameter": (["-p", "seed"], "-p seed lacks a value: write it as -p NAME VALUE"),
    "nothing of a parameter": (["-p"], "-p lacks a value"),
    "no jobs": (["--jobs", "0"], "a number from 1 to 64, or auto"),
    "no time": (["--time-limit", "0"], "a number above 0"),
    "no memory": (["--memory-limit", "-5"], "a number above 0"),
    "out is a file": (["--out", "pyproject.toml"], "is a file: choose another --out"),
    "out below a file": (["--out", "pyproject.toml/out"], "is a file: choose another --out"),
    "out too long": (["--out", "x" * 300], "choose another --out"),
    "out is the source": (["--out", "notebooks"], "01-a.ipynb was not written by `course run`"),
    "out is empty": (["--out", ""], "--out is empty: name a folder"),
    "junit below a file": (["--junit", "pyproject.toml/j.xml"], "choose another --junit"),
    "junit is a folder": (["--junit", "notebooks"], "name a file in it"),
}


@pytest.mark.parametrize(("words", "sentence"), WRONG_USE.values(), ids=WRONG_USE.keys())
def test_wrong_use_is_one_sentence_and_status_2(course, words, sentence, capsys, monkeypatch):
    import course_app

    root = course({"01-a": ["a = 1"]})
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "argv", ["course", "run", *words])
    with pytest.raises(SystemExit) as exit:
        course_app.main()
    said = capsys.readouterr()
    assert exit.value.code == 2
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert "Traceback" not in said.err


def test_a_broken_notebook_is_named_before_anything_runs(course):
    root = course({"01-a": ["a = 1"], "02-b": []})
    (root / "notebooks" / "02-b.ipynb").write_text('{"cells": [')
    done = run_course(root)
    assert done.returncode == 2
    assert "02-b.ipynb is not a valid notebook" in done.stderr
    assert not (root / "out").exists()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(course):
    root = course({"01-a": ["a = 1"]})
    (root / "out").mkdir(mode=0o500)
    done = run_course(root)
    assert done.returncode == 2
    assert "cannot be written" in done.stderr


def test_a_full_disk_keeps_the_numbers(course, monkeypatch, capsys):
    import course_app

    root = course({"01-a": [SETUP, result("accuracy", 0.97)]})
    written = files.write

    def full(path, text):
        if path.suffix == ".html":
            raise files.CourseError(f"No space is left to write {path}: free some.")
        written(path, text)

    monkeypatch.setattr(files, "write", full)
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "argv", ["course", "run"])
    with pytest.raises(SystemExit) as exit:
        course_app.main()
    assert exit.value.code == 1
    assert "No space is left" in capsys.readouterr().out
    entry = lessons_in(root / "out")["01-a"]
    assert (entry["status"], entry["results"]["accuracy"]["value"]) == ("failed", 0.97)
    assert entry["page"] is None


# A cell that says that it runs, and another one that has started a process of its own.
SIGN = "import os, time\nopen(os.environ['COURSE_TEST'] + '/running', 'w').close()\ntime.sleep(60)"
CHILD = "import subprocess\nsubprocess.Popen(['sleep', '60'])"


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_leaves_no_kernel_and_a_report(course, marked_environment, number):
    lessons = {"01-done": ["a = 1"], "02-long": [CHILD, SIGN], "03-never": ["a = 1"]}
    root = course(lessons)
    mark = marked_environment["COURSE_TEST"]
    with subprocess.Popen(
        [*PROGRAM, "--jobs", "1"],
        cwd=root,
        env=marked_environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as program:
        wait_for(Path(mark, "running"))
        assert len(processes_of(mark)) >= 3  # the program, the kernel, the kernel's child
        program.send_signal(number)
        time.sleep(0.1)
        program.send_signal(number)  # people press it twice
        _, log = program.communicate(timeout=120)
    assert program.returncode == 130
    assert processes_of(mark) == []
    assert b"Traceback" not in log
    assert log.count(b"Interrupted: the kernels end, and what has run so far is written.") == 1
    statuses = {name: entry["status"] for name, entry in lessons_in(root / "out").items()}
    assert statuses == {"01-done": "passed", "02-long": "interrupted", "03-never": "interrupted"}
    assert (root / "out" / "02-long.ipynb").is_file()


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_killed_run_leaves_no_kernel(course, marked_environment):
    root = course({"01-long": [SIGN]})
    mark = marked_environment["COURSE_TEST"]
    with subprocess.Popen(
        PROGRAM, cwd=root, env=marked_environment, stderr=subprocess.DEVNULL
    ) as program:
        wait_for(Path(mark, "running"))
        program.kill()
    deadline = time.monotonic() + 50  # what is left behind would sleep for 60 s
    while processes_of(mark) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert processes_of(mark) == []


def test_help_has_an_example():
    done = subprocess.run(
        [*PROGRAM, "--help"], capture_output=True, text=True, timeout=300, check=True
    )
    assert "Example: course run 01 --profile quick" in done.stdout


def test_the_command_is_there_without_loading_what_runs_notebooks():
    heavy = ["papermill", "nbconvert", "nbclient", "zmq", "psutil", "tensorflow"]
    code = f"import sys, course_staff.running.commands; print(*set({heavy}) & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def wait_for(sign: Path) -> None:
    deadline = time.monotonic() + 300
    while not sign.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_mirror_that_is_no_folder_is_refused_before_a_lesson_starts(tmp_path):
    root, out = course_of(tmp_path / "course", LESSONS), tmp_path / "out"
    done = run_course(root, "--out", str(out), env={**os.environ, "COURSE_DATA_DIR": "/gone"})
    assert done.returncode == 2
    assert "COURSE_DATA_DIR is '/gone', which is not a folder" in done.stderr
    assert not out.exists()
