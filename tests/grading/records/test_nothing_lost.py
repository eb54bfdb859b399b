"""Whatever stops a grader, the same command continues as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest
from courses import NAME, answered, as_bytes, hand_in, right, with_cell
from postgres_server import programs, temporary_server
from sqlalchemy import event
from sqlalchemy.engine import Engine

from course_lib.errors import CourseError
from course_staff.grading.execution.executing import Execution
from course_staff.grading.judging.verdicts import Verdict
from course_staff.grading.records import gradebook as gradebooks
from course_staff.grading.records import marked_notebooks
from course_staff.grading.records.attempts import Attempt, AttemptArchive
from course_staff.grading.records.gradebook import gradebook, gradebook_url
from course_staff.grading.records.ledger import Ledger
from course_staff.grading.records.locking import only_grader
from course_staff.grading.records.recording import Recorder
from course_staff.grading.submissions.sanitizing import sanitize

COURSE = [sys.executable, "-m", "course_lib"]
ROWS = """
SELECT handed.student_id, handed.timestamp, sheet.late_submission_penalty, cell.name,
       grade.auto_score, grade.manual_score, grade.extra_credit, grade.needs_manual_grade,
       comment.auto_comment, comment.manual_comment
FROM submitted_assignment AS handed
JOIN submitted_notebook AS sheet ON sheet.assignment_id = handed.id
LEFT JOIN grade ON grade.notebook_id = sheet.id
LEFT JOIN base_cell AS cell ON cell.id = grade.cell_id
LEFT JOIN base_cell AS solved ON solved.name IN (cell.name, cell.name || '-answer')
  AND solved.type = 'SolutionCell'
LEFT JOIN comment ON comment.notebook_id = sheet.id AND comment.cell_id = solved.id
ORDER BY handed.student_id, cell.name
"""


def rows(out: Path) -> list[tuple]:
    """What the gradebook says of every student and question."""
    with closing(sqlite3.connect(out / "gradebook.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        facts = database.execute("SELECT assignment, student, facts FROM course_recorded")
        return [*database.execute(ROWS).fetchall(), *sorted(facts.fetchall())]


def contents(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def state(out: Path) -> tuple:
    """All that recording leaves."""
    reports = {str(p.relative_to(out)): p.read_text() for p in out.glob("attempts/*/*/*/*t.json")}
    return rows(out), contents(out / "autograded"), reports


def record(small, out, data, score, *, key, student="ada"):
    """Record a submission as if it had been executed and judged."""
    submission = sanitize(data, small)
    verdicts = {
        name: Verdict(score * question.points, question.points, (f"{key}: {score}",))
        for name, question in small.checked.items()
    }
    with Recorder(small, out, gradebook_url(out)) as recorder:
        if data is not None:
            execution = Execution(submission.notebook)
            recorder.archive.save(student, Attempt(key, 0, {}, submission, execution))
        return recorder.record(student, submission, verdicts, key=key)


def mark(out, score, comment=None, question="why"):
    """Give points by hand, as a person does in formgrader."""
    with gradebook(gradebook_url(out)) as book:
        grade = book.find_grade(question, NAME, NAME, "ada")
        grade.manual_score, grade.needs_manual_grade = score, False
        book.find_comment("why", NAME, NAME, "ada").manual_comment = comment
        book.db.commit()


@pytest.fixture(scope="module")
def made(small, tmp_path_factory):
    out = tmp_path_factory.mktemp("made")
    record(small, out, as_bytes(right(small)), 1.0, key="first")
    mark(out, 0.75, "Well argued.")
    return out


@pytest.fixture
def marked(made, tmp_path):
    """A folder of results with one submission, of which the written answer was marked by hand."""
    return Path(shutil.copytree(made, tmp_path / "out"))


class Stop(BaseException):
    """Stands for a kill: nothing catches it."""


def stop(*args, **kwargs):
    raise Stop


STEPS = {
    "the ledger": (Ledger, "record"),
    "the report": (AttemptArchive, "write_report"),
    "the notebook": (marked_notebooks, "write"),
}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_a_stop_at_any_step_of_recording_is_made_good(
    small, marked, tmp_path, monkeypatch, step, after
):
    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(marked, undisturbed)
    again = as_bytes(right(small, double="def double(v):\n    return v", why="Another answer."))
    record(small, undisturbed, again, 0.5, key="second")
    before = rows(marked)
    place, name = STEPS[step]
    original = getattr(place, name)

    def stopped(*args, **kwargs):
        if after:
            original(*args, **kwargs)
        stop()

    with monkeypatch.context() as patch:
        patch.setattr(place, name, stopped)
        with pytest.raises(Stop):
            record(small, marked, again, 0.5, key="second")
    assert rows(marked) == before
    record(small, marked, again, 0.5, key="second")
    assert state(marked) == state(undisturbed)


def test_a_mark_given_by_hand_stays_when_the_same_is_recorded_again(small, marked):
    again = as_bytes(right(small, why="Another answer."))
    record(small, marked, again, 1.0, key="second")
    mark(marked, 0.5)
    assert record(small, marked, again, 1.0, key="second").questions["why"].score == 0.5


def test_recording_the_same_again_writes_nothing(small, marked):
    record(small, marked, as_bytes(right(small)), 1.0, key="first")
    database = (marked / "gradebook.db").read_bytes()
    times = {p: p.stat().st_mtime_ns for p in marked.rglob("autograded/*/*/*")}
    assert record(small, marked, as_bytes(right(small)), 1.0, key="first").total == 3.75
    assert (marked / "gradebook.db").read_bytes() == database
    assert {p: p.stat().st_mtime_ns for p in marked.rglob("autograded/*/*/*")} == times


@pytest.mark.parametrize("data", [None, b"", b'{"cells": [], "metadata": {}}', "stub"])
def test_no_mark_survives_a_resubmission_that_has_nothing(small, marked, data):
    data = as_bytes(answered(small)) if data == "stub" else data
    marks = record(small, marked, data, 0.0, key="second")
    assert marks.total == 0
    assert "Well argued." not in str(rows(marked))
    assert all(row[4:6] in ((0.0, None), (None, None)) for row in rows(marked)[:-1])
    if data is None:
        assert not (marked / "autograded" / "ada" / NAME).exists()


def test_an_older_attempt_keeps_its_last_marks_and_messages_on_record(small, marked):
    record(small, marked, as_bytes(right(small, why="Another answer.")), 0.5, key="second")
    home = marked / "attempts" / NAME / "ada"
    first = json.loads((home / "first" / "report.json").read_text("utf-8"))
    assert first["score"] == 3.75
    assert first["questions"][0]["messages"] == ["first: 1.0"]
    assert first["questions"][2] | {"messages": []} == {
        "id": "why", "score": 0.75, "max_score": 1.0, "to_mark": False, "by_hand": True,
        "comment": "Well argued.", "messages": [],
    }  # fmt: skip
    second = json.loads((home / "second" / "report.json").read_text("utf-8"))
    assert (second["score"], second["questions"][2]["to_mark"]) == (1.5, True)


def test_a_gradebook_whose_making_was_stopped_is_made_anew(small, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        # As a kill leaves it: the temporary folder stays.
        patch.setattr(gradebooks.tempfile.TemporaryDirectory, "__exit__", lambda *_: None)
        patch.setattr(gradebooks.os, "replace", stop)
        with pytest.raises(Stop):
            record(small, tmp_path, as_bytes(right(small)), 1.0, key="first")
    (tmp_path / ".gradebook-half").mkdir(exist_ok=True)
    (tmp_path / "attempts" / NAME / "ada" / ".attempt-half").mkdir(parents=True)
    (tmp_path / "attempts" / NAME / "ada" / ".course-x.part").write_text("half")
    with only_grader(tmp_path, gradebook_url(tmp_path)):
        record(small, tmp_path, as_bytes(right(small)), 1.0, key="first")
    assert len(rows(tmp_path)) == 4
    assert not [path for path in tmp_path.rglob(".*") if not path.name.startswith(".grader")]


def test_a_full_disk_is_told_and_leaves_the_gradebook_intact(small, marked):
    size = sqlite3.connect(marked / "gradebook.db").execute("PRAGMA page_count").fetchone()[0]

    def fill(connection, _):
        connection.execute(f"PRAGMA max_page_count = {size}")

    before = [row for row in rows(marked) if "ada" in row]
    recorded = []

    def record_many():
        for number in range(20):
            name = f"student-with-a-long-name-{number}" * 3
            record(small, marked, as_bytes(right(small)), 1.0, key="first", student=name)
            recorded.append(name)

    event.listen(Engine, "connect", fill)
    try:
        with pytest.raises(
            CourseError, match=r"gradebook\.db.* full.*free some space.*run the same"
        ):
            record_many()
    finally:
        event.remove(Engine, "connect", fill)
    assert [row for row in rows(marked) if "ada" in row] == before
    assert len(rows(marked)) == 4 * (1 + len(recorded))
    record_many()
    assert len(rows(marked)) == 4 * 21


HOLD = """
import sys
from pathlib import Path
from course_staff.grading.records.gradebook import gradebook_url
from course_staff.grading.records.locking import only_grader
with only_grader(Path(sys.argv[1]), gradebook_url(Path(sys.argv[1]), sys.argv[2] or None)):
    print("holds", flush=True)
    sys.stdin.read()
"""


def holder(out: Path, db: str = "") -> subprocess.Popen:
    """Start a process that holds a folder of results."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(out), db],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "holds\n"
    return process


def test_a_second_grader_is_refused_and_a_killed_one_leaves_no_lock(small_root, tmp_path):
    (tmp_path / "submitted" / "ada").mkdir(parents=True)
    out = tmp_path / "out"
    out.mkdir()
    first = holder(out)
    try:
        grade = [*COURSE, "grade", "04", "--submitted", tmp_path / "submitted", "--out", out]
        refused = subprocess.run(
            list(map(str, grade)), cwd=small_root, capture_output=True, text=True, check=False
        )
        assert refused.returncode == 2
        told = " ".join(refused.stderr.split())
        assert f"process {first.pid} on" in told
        assert "wait until it has finished" in told
        assert not (out / "gradebook.db").exists()
    finally:
        first.kill()
        first.communicate()
    with only_grader(out, gradebook_url(out)):
        pass


@pytest.mark.skipif(programs() is None, reason="Debian's package postgresql is not installed")
def test_one_grader_at_a_time_on_a_server(tmp_path):
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    with temporary_server() as address:
        first = holder(tmp_path / "here", address)
        there = tmp_path / "there"
        with (
            pytest.raises(CourseError, match=f"process {first.pid} on"),
            only_grader(there, gradebook_url(there, address)),
        ):
            pass
        first.kill()
        first.communicate()
        deadline = time.monotonic() + 300  # the server notices in its own time
        while True:
            with suppress(CourseError), only_grader(there, gradebook_url(there, address)):
                break
            assert time.monotonic() < deadline
            time.sleep(0.1)


def command(submitted: Path, out: Path) -> list[str]:
    return [*COURSE, "grade", "04", "--submitted", str(submitted), "--out", str(out)]


def results(out: Path) -> tuple:
    """All that a run leaves, without what executing took."""
    report = json.loads((out / "report.json").read_text("utf-8"))
    for entry in report["submissions"]:
        for name in ("seconds", "peak_memory_mb"):
            entry.pop(name, None)
    shown = [contents(out / name) for name in ("autograded", "feedback")]
    return report, (out / "grades.csv").read_text(), rows(out), *shown


@pytest.mark.slow
def test_twenty_kills_at_random_moments_change_nothing(tmp_path, small):
    root = small.release_path.parents[2]
    submitted, out, undisturbed = (tmp_path / name for name in ("submitted", "out", "undisturbed"))
    for number in range(6):
        hand_in(submitted, f"s{number}", right(small))
    hand_in(submitted, "s4", with_cell(right(small), "import os; os._exit(1)"))
    hand_in(submitted, "s5", b"{")
    rng = random.Random(20261121)
    length, kills, runs = 20.0, 0, 0
    while kills < 20:
        # One more resubmission each time, so that there is always something left to do.
        changed = right(small, double=f"def double(v):\n    return {runs} * np.asarray(v)")
        hand_in(submitted, f"s{runs % 4}", changed)
        started = time.monotonic()
        running = subprocess.Popen(
            command(submitted, out), cwd=root,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        runs += 1
        try:
            told = running.communicate(timeout=rng.uniform(0, length))[1]
            assert running.returncode == 0, told
            length = time.monotonic() - started
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGSTOP)  # what it started is counted as it is now
            family = psutil.Process(running.pid).children(recursive=True)
            running.kill()
            running.communicate()
            kills += 1
            assert psutil.wait_procs(family, timeout=60)[1] == []
        assert runs < 60
    for folder in (out, undisturbed):
        subprocess.run(command(submitted, folder), cwd=root, check=True, capture_output=True)
    assert results(out) == results(undisturbed)
    assert not [path for path in out.rglob(".*") if not path.name.startswith(".grader")]
    for student in ("s0", "s1", "s2", "s3"):  # each attempt that was recorded has its report
        assert list((out / "attempts" / NAME / student).glob("*/report.json"))


ON_A_FULL_DISK = """
mount -t tmpfs -o size=1500k none "$OUT" && head -c 1250000 /dev/zero > "$OUT/ballast"
"$@"; first=$?
rm "$OUT/ballast" && mount -o remount,size=100m "$OUT" && "$@"; second=$?
cp -r "$OUT/." "$COPY"; echo "statuses $first $second"
"""


@pytest.mark.slow
@pytest.mark.skipif(
    subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode != 0
    if shutil.which("unshare")
    else True,
    reason="this system lets nobody mount a small disk",
)
def test_on_a_disk_that_is_full_the_same_command_goes_on(tmp_path, small):
    submitted, out, copied = (tmp_path / name for name in ("submitted", "out", "copied"))
    out.mkdir()
    copied.mkdir()
    for student in ("ada", "ben", "cyd", "dan"):
        hand_in(submitted, student, right(small))
    # In the namespace that may mount a disk there is no other user for the sandbox to become.
    grade = [*command(submitted, out), "--sandbox", "none"]
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", ON_A_FULL_DISK, "sh", *grade],
        cwd=small.release_path.parents[2], capture_output=True, text=True, check=False,
        env=os.environ | {"OUT": str(out), "COPY": str(copied)},
    )  # fmt: skip
    assert "statuses 2 0" in done.stdout, done.stdout + done.stderr
    told = " ".join(done.stderr.split())
    assert "free some" in told
    assert "Traceback" not in told
    subprocess.run(
        [*command(submitted, tmp_path / "undisturbed"), "--sandbox", "none"],
        cwd=small.release_path.parents[2], check=True, capture_output=True,
    )  # fmt: skip
    assert results(copied) == results(tmp_path / "undisturbed")
