"""What is wrong with one student's files costs nobody a mark, and does not stop the class."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from courses import NAME, as_bytes, hand_in, right

from course_staff.grading import rejudging, session
from course_staff.grading.execution.executing import Execution
from course_staff.grading.protocol import responder
from course_staff.grading.records.attempts import Attempt, AttemptArchive
from course_staff.grading.records.gradebook import gradebook_url
from course_staff.grading.records.recording import Recorder
from course_staff.grading.submissions import reading
from course_staff.grading.submissions.sanitizing import sanitize


class Hands:
    """Workers that execute the tests' own notebooks here, without a kernel."""

    count, sandboxed = 2, False

    def __init__(self, packages=None) -> None:
        self.executed = 0
        self.packages = packages or {"Python": "3.11.1"}

    def execute(self, submission, calls, limits, stop):
        self.executed += 1
        names = {"np": np}
        for cell in submission.notebook.cells:
            if cell.source.startswith("def "):
                exec(cell.source, names)
        replies = {
            question: [responder.answer(call.request, names) for call in some]
            for question, some in calls.items()
        }
        return Execution(submission.notebook, replies, seconds=1.0)


@pytest.fixture
def class_of_two(small, tmp_path):
    """Grade Ada and Ben as often as wanted."""
    submitted, out = tmp_path / "submitted", tmp_path / "out"
    for student in ("ada", "ben"):
        hand_in(submitted, student, right(small))

    def grade(students=("ada", "ben"), packages=None, again=()):
        hands = Hands(packages)
        settings = session.GradingSettings(0, again=frozenset(again))
        grade.changes = []
        with Recorder(small, out, gradebook_url(out)) as recorder:
            reports = session.grade(
                small, submitted, students, recorder, settings, hands,
                on_changed_packages=grade.changes.append,
            )  # fmt: skip
        return {report.student: report for report in reports}, hands.executed

    grade.submitted, grade.out, grade.changes = submitted, out, []
    return grade


def test_a_time_that_is_none_is_told_and_costs_nothing(class_of_two):
    stamp = class_of_two.submitted / "ben" / NAME / "timestamp.txt"
    for text in ("99999999999999999999999999999 h", "9999-12-31T23:00-05:00", "soon"):
        stamp.write_text(text)
        reports, _ = class_of_two()
        assert {one.marks.total for one in reports.values()} == {3.0}
        assert "timestamp.txt could not be read" in reports["ben"].remarks[0]


def test_a_submission_whose_reading_goes_wrong_is_the_only_one(class_of_two, monkeypatch):
    read = reading.read

    def failing(folder, student, *names):
        if student == "ada":
            raise RuntimeError("a surprise")
        return read(folder, student, *names)

    monkeypatch.setattr(reading, "read", failing)
    reports, _ = class_of_two()
    assert (reports["ada"].status, reports["ben"].status) == ("failed", "to_mark")
    assert "a surprise" in reports["ada"].remarks[0]
    assert reports["ben"].marks.total == 3


@pytest.mark.parametrize("failing", [1, 2])
def test_a_file_of_verdicts_that_cannot_be_read_for_once_costs_no_mark(
    class_of_two, monkeypatch, failing
):
    class_of_two(["ada"])
    read, readings = Path.read_text, []

    def read_text(path, *arguments, **named):
        readings.append(path.name)
        if path.name == "verdicts.json" and readings.count("verdicts.json") == failing:
            raise OSError(errno.EMFILE, "Too many open files")
        return read(path, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", read_text)
        reports, executed = class_of_two(["ada"])
    assert (reports["ada"].marks.total, executed) == (3, 0)
    assert class_of_two(["ada"])[0]["ada"].marks.total == 3


@pytest.mark.parametrize(
    ("file", "data"),
    [
        ("replies.npz", b"PK not a zip"),
        ("attempt.json", b"[]"),
        ("attempt.json", b'{"cell_errors": []}'),
        ("notebook.ipynb", b"{}"),
    ],
)
def test_a_damaged_attempt_of_one_who_left_is_told_with_what_can_be_done(
    small, class_of_two, file, data
):
    class_of_two()
    out = class_of_two.out
    shutil.rmtree(class_of_two.submitted / "ada")
    [damaged] = out.glob(f"attempts/{NAME}/ada/*/{file}")
    damaged.write_bytes(data)
    with Recorder(small, out, gradebook_url(out)) as recorder:
        ada, ben = rejudging.reports_from_archive(small, ["ada", "ben"], recorder)
        assert (ada.status, ada.marks.total, ben.status) == ("failed", 3, "to_mark")
        for told in (str(damaged.parent), "put it back", f"move {damaged.parent.parent} away"):
            assert told in ada.remarks[0]
        (ada, ben), changes = rejudging.rejudge(small, recorder)
        assert (ada.status, ada.marks.total, ben.status) == ("failed", 3, "to_mark")
        assert "is damaged: run `course grade` again" in ada.remarks[0]
        assert changes == []
        shutil.move(damaged.parent.parent, out / "away")
        reports, _ = rejudging.rejudge(small, recorder)
        assert [report.student for report in reports] == ["ben"]


def test_judging_again_goes_on_after_one_that_cannot_be_judged(small, class_of_two, monkeypatch):
    class_of_two()
    record = Recorder.record

    def failing(recorder, student, *arguments, **named):
        if student == "ada":
            raise KeyError("an odd row")
        return record(recorder, student, *arguments, **named)

    monkeypatch.setattr(Recorder, "record", failing)
    with Recorder(small, class_of_two.out, gradebook_url(class_of_two.out)) as recorder:
        (ada, ben), _ = rejudging.rejudge(small, recorder)
    assert (ada.status, ada.marks.total) == ("failed", 3)
    assert "an odd row" in ada.remarks[0]
    assert (ben.status, ben.marks.total) == ("to_mark", 3)


def test_an_odd_row_of_the_gradebook_stands_in_its_students_report(
    small, class_of_two, monkeypatch
):
    class_of_two()
    marks = Recorder.marks

    def failing(recorder, student):
        if student == "ada":
            raise KeyError("double")
        return marks(recorder, student)

    monkeypatch.setattr(Recorder, "marks", failing)
    with Recorder(small, class_of_two.out, gradebook_url(class_of_two.out)) as recorder:
        ada, ben = rejudging.reports_from_archive(small, ["ada", "ben"], recorder)
    assert (ada.status, ada.marks.total, ben.marks.total) == ("failed", 0, 3)


def test_an_attempt_whose_notebook_is_damaged_is_executed_again(class_of_two):
    class_of_two(["ada"])
    [damaged] = class_of_two.out.glob(f"attempts/{NAME}/ada/*/notebook.ipynb")
    damaged.write_bytes(b"{}")
    reports, executed = class_of_two(["ada"])
    assert (reports["ada"].status, reports["ada"].marks.total, executed) == ("to_mark", 3, 1)
    assert class_of_two(["ada"])[1] == 0


def test_what_is_installed_counts_among_what_was_executed(class_of_two):
    before, now = {"Python": "3.11.1"}, {"Python": "3.11.1", "pandas": "2.3.3"}
    for packages, executed, told in (
        (before, 2, []),
        (before, 0, []),
        (now, 2, ["pandas 2.3.3 is new"] * 2),
        (now, 0, []),
        (before, 0, []),  # what was executed then was kept
        ({"Python": "3.12.0"}, 2, ["Python 3.11.1 is now 3.12.0, pandas 2.3.3 is gone"] * 2),
    ):
        assert class_of_two(packages=packages)[1] == executed
        assert class_of_two.changes == told or not executed


def test_a_submission_that_changed_is_executed_for_that(class_of_two, small):
    class_of_two()
    hand_in(class_of_two.submitted, "ada", right(small, double="def double(v):\n    return v"))
    assert class_of_two(["ada"], packages={"Python": "3.12.0"})[1] == 1
    assert class_of_two.changes == []


def test_what_did_not_change_is_executed_again_for_the_asking(class_of_two, monkeypatch):
    class_of_two()
    assert class_of_two(again=["ada"])[1] == 1
    assert class_of_two(again=["ada", "ben"])[1] == 2
    monkeypatch.setattr(responder, "answer", lambda request, names: {"error": "chance"})
    reports, _ = class_of_two(again=["ada"])
    assert (reports["ada"].marks.total, reports["ben"].marks.total) == (0, 3)
    reports, executed = class_of_two()  # and what came of it is kept in place of the other
    assert (reports["ada"].marks.total, reports["ben"].marks.total, executed) == (0, 3, 0)


def test_an_attempt_from_before_packages_were_noted_is_read_and_judged(small, class_of_two):
    class_of_two()
    for path in class_of_two.out.glob(f"attempts/{NAME}/*/*/attempt.json"):
        facts = json.loads(path.read_text("utf-8"))
        del facts["inputs"], facts["packages"]
        path.write_text(json.dumps(facts))
    with Recorder(small, class_of_two.out, gradebook_url(class_of_two.out)) as recorder:
        reports, _ = rejudging.rejudge(small, recorder)
    assert [report.marks.total for report in reports] == [3, 3]
    assert class_of_two(packages={"Python": "3.12.0"})[1] == 2
    assert class_of_two.changes == []  # nothing is known about them


def test_a_class_is_judged_again_whatever_is_installed_by_then(small, class_of_two):
    class_of_two(packages={"Python": "2.7"})
    with Recorder(small, class_of_two.out, gradebook_url(class_of_two.out)) as recorder:
        reports, changes = rejudging.rejudge(small, recorder)
    assert ([report.marks.total for report in reports], changes) == ([3, 3], [])


class Replies(dict):
    """Replies that a weak reference can follow."""


def test_judging_again_holds_the_replies_of_one_student_at_a_time(small, class_of_two, monkeypatch):
    students = ("ada", "ben", "cyd")
    hand_in(class_of_two.submitted, "cyd", right(small))
    class_of_two(students)
    find, held, most = AttemptArchive.find, weakref.WeakValueDictionary(), []

    def followed(*arguments):
        most.append(len(held))
        attempt = find(*arguments)
        replies = held[len(most)] = Replies(attempt.execution.replies)
        return replace(attempt, execution=replace(attempt.execution, replies=replies))

    monkeypatch.setattr(AttemptArchive, "find", followed)
    with Recorder(small, class_of_two.out, gradebook_url(class_of_two.out)) as recorder:
        reports, _ = rejudging.rejudge(small, recorder)
    assert [report.marks.total for report in reports] == [3, 3, 3]
    assert max(most) <= 1  # the one before, until the next is there


class Uncopied(np.ndarray):
    """An array too large to be held twice."""

    def __deepcopy__(self, memo):
        raise MemoryError


def test_keeping_an_attempt_does_not_copy_its_replies(small, tmp_path):
    submission = sanitize(as_bytes(right(small)), small)
    replies = {"double": [{"value": np.ones(3).view(Uncopied)}]}
    execution = Execution(submission.notebook, replies)
    archive = AttemptArchive(tmp_path, NAME)
    archive.save("ada", Attempt("first", 0, {}, submission, execution))
    kept = archive.find("ada", "first").execution.replies
    assert kept["double"][0]["value"].tolist() == [1, 1, 1]


def test_a_name_that_the_terminal_cannot_show_does_not_stop_the_class(small_root, tmp_path):
    (tmp_path / "submitted" / "日本").mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "-m", "course_lib", "grade", "04", "--sandbox", "none",
         "--submitted", tmp_path / "submitted", "--out", tmp_path / "out"],
        cwd=small_root, env=os.environ | {"PYTHONIOENCODING": "latin-1"}, capture_output=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"\\u65e5\\u672c: 0 points, nothing handed in" in done.stdout
    assert "日本" in (tmp_path / "out" / "grades.csv").read_text("utf-8")
