"""`course grade` and `course rejudge`, as an instructor uses them."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from courses import (
    CHECKS,
    NAME,
    answered,
    hand_in,
    right,
    set_checks,
    small_course,
    with_cell,
)
from postgres_server import programs, temporary_server

from course_staff.grading import commands
from course_staff.grading.assignments import finding
from course_staff.grading.records.gradebook import gradebook, gradebook_url
from course_staff.grading.reports import feedback

COURSE = [sys.executable, "-m", "course_lib"]


def course(
    root: Path, *arguments: object, status: int = 0, **environment: str
) -> subprocess.CompletedProcess:
    done = subprocess.run(
        [*COURSE, *map(str, arguments)], cwd=root, capture_output=True, text=True, check=False,
        env=os.environ | environment,
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    return done


def report(out: Path) -> dict[str, dict]:
    found = json.loads((out / "report.json").read_text("utf-8"))
    return {entry["student"]: entry for entry in found["submissions"]}


def scores(out: Path) -> dict[str, float]:
    return {student: entry["score"] for student, entry in report(out).items()}


def set_manual_mark(out: Path, student: str, question: str, score: float) -> None:
    with gradebook(gradebook_url(out)) as book:
        grade = book.find_grade(question, NAME, NAME, student)
        grade.manual_score, grade.needs_manual_grade = score, False
        book.db.commit()


# The command on a machine where no sandbox has room for a kernel.
FULL = """
from course_lib.cli import main
from course_staff.grading.execution.sandbox.provisioner import ForkedKernel

def no_room(self):
    raise OSError(28, "No space left on device")

ForkedKernel._ready = no_room
main()
"""

WRONG = "def double(values):\n    return 3 * values"


@pytest.fixture(scope="module")
def graded(tmp_path_factory, small):
    """A graded class: its folders, and what the terminal said."""
    home = tmp_path_factory.mktemp("class")
    root = small.release_path.parents[2]
    submitted = home / "submitted"
    hand_in(submitted, "ada", right(small))
    hand_in(submitted, "ben", right(small, double=WRONG))
    hand_in(submitted, "cyd", answered(small))
    hand_in(submitted, "dan", b"{")
    hand_in(submitted, "eve", with_cell(right(small), "import os; os._exit(1)"))
    (submitted / "fay").mkdir()
    path = hand_in(submitted, "gus", right(small))
    path.rename(path.with_name("my homework.ipynb"))
    link = hand_in(submitted, "hal", b"")
    link.unlink()
    link.symlink_to(small.source_path)
    roster = home / "class.csv"
    roster.write_text("id,name,email,lms_id\nada,Ada L,ada@x.org,7\nzoe,Zoe Z,zoe@x.org,8\n")
    out = home / "out"
    done = course(root, "grade", "04", "--submitted", submitted, "--out", out, "--roster", roster)
    return root, submitted, out, done.stdout


def test_every_student_gets_the_marks_that_are_due(graded):
    _, _, out, _ = graded
    assert scores(out) == {
        "ada": 3, "ben": 1.5, "cyd": 0, "dan": 0, "eve": 3, "fay": 0, "gus": 3, "hal": 0, "zoe": 0,
    }  # fmt: skip


def test_every_student_gets_a_status_and_every_question_a_message(graded):
    _, _, out, _ = graded
    found = report(out)
    status = {student: entry["status"] for student, entry in found.items()}
    assert status == {
        "ada": "to_mark", "ben": "to_mark", "cyd": "graded", "dan": "unreadable",
        "eve": "to_mark", "fay": "missing", "gus": "to_mark", "hal": "missing", "zoe": "missing",
    }  # fmt: skip
    for entry in found.values():
        assert [question["id"] for question in entry["questions"]] == ["double", "draw", "why"]
        assert all(question["messages"] for question in entry["questions"])
        assert entry["max_score"] == 4
    assert "my homework.ipynb" in found["gus"]["remarks"][0]


@pytest.mark.parametrize(("student", "told"), [("dan", "could not be read"), ("zoe", "handed in")])
def test_without_a_notebook_the_written_question_tells_that_too(graded, student, told):
    _, _, out, _ = graded
    for question in report(out)[student]["questions"]:
        assert told in question["messages"][0]


def test_the_table_of_grades_has_a_row_a_student_and_a_column_a_question(graded):
    _, _, out, _ = graded
    rows = list(csv.DictReader((out / "grades.csv").open(encoding="utf-8-sig")))
    assert rows[1] == {
        "student": "ben", "double": "0.5", "draw": "1", "why": "0",
        "late_penalty": "0", "total": "1.5", "maximum": "4", "status": "to_mark",
        "handed_in": "", "late_by": "", "notes": "",
    }  # fmt: skip
    assert len(rows) == 9


def test_feedback_pages_hold_every_message(graded):
    _, _, out, _ = graded
    page = (out / "feedback" / "ben" / NAME / f"{NAME}.html").read_text("utf-8")
    assert "12 of 12 values differ" in page
    assert "0.5 of 2 points" in page
    assert not (out / "feedback" / "fay").exists()


def test_the_terminal_shows_everybody_and_every_question(graded):
    _, _, _, said = graded
    for text in ("ada", "3/4", "zoe", "nothing handed in", "double", "grades.csv"):
        assert text in said


def test_the_class_report_shows_how_the_class_did_and_what_to_look_at(graded):
    _, _, out, said = graded
    assert str(out / "class.html") in said
    page = (out / "class.html").read_text("utf-8")
    assert f'href="feedback/ben/{NAME}/{NAME}.html"' in page
    summary = json.loads((out / "report.json").read_text("utf-8"))["summary"]
    assert summary["statuses"] == {
        "graded": 1, "to_mark": 4, "missing": 3, "unreadable": 1, "failed": 0,
    }  # fmt: skip
    assert summary["mean"] == pytest.approx((3 + 1.5 + 0 + 0 + 3 + 3) / 6, abs=1e-4)
    assert [one["full"] for one in summary["questions"]] == [3, 4, 0]


def test_the_gradebook_has_nbgraders_marks(graded):
    _, _, out, _ = graded
    with gradebook(gradebook_url(out)) as book:
        assert book.find_submission(NAME, "ben").score == 1.5
        assert book.find_grade("why", NAME, NAME, "ada").needs_manual_grade
        assert book.find_student("ada").email == "ada@x.org"
        assert book.find_assignment(NAME).max_score == 4


@pytest.fixture(scope="module")
def graded_two(tmp_path_factory):
    """A small course and a class of two, graded once; to be copied."""
    home = tmp_path_factory.mktemp("two")
    assignment = small_course(home / "course")
    hand_in(home / "submitted", "ada", right(assignment))
    hand_in(home / "submitted", "ben", right(assignment, double=WRONG))
    course(home / "course", "grade", "04", "--submitted", home / "submitted", "--out", home / "out")
    return home


@pytest.fixture
def own(tmp_path, graded_two):
    """A copy of the graded class of two of one's own."""
    for name in ("course", "submitted", "out"):
        shutil.copytree(graded_two / name, tmp_path / name)
    root, submitted, out = (tmp_path / name for name in ("course", "submitted", "out"))
    grade = ["grade", "04", "--submitted", submitted, "--out", out]
    return root, finding.load(root, "04"), submitted, out, grade


def test_grading_again_executes_nothing_and_changes_nothing(own):
    root, _, _, out, grade = own
    before = report(out)
    course(root, *grade)
    assert [entry.pop("seconds") for entry in before.values()] > [0.0, 0.0]
    assert [entry["seconds"] for entry in report(out).values()] == [0.0, 0.0]
    assert {s: {**e, "seconds": 0} for s, e in before.items()} == {
        s: {**e, "seconds": 0} for s, e in report(out).items()
    }


def test_a_resubmission_replaces_the_marks_and_manual_marks_stay_with_their_answer(own):
    root, assignment, submitted, out, grade = own
    set_manual_mark(out, "ada", "why", 0.75)
    set_manual_mark(out, "ben", "why", 0.5)
    set_manual_mark(out, "ben", "double", 2)
    course(root, *grade)
    assert scores(out) == {"ada": 3.75, "ben": 3.5}
    hand_in(submitted, "ada", right(assignment, why="Another answer."))
    hand_in(submitted, "ben", right(assignment, double="def double(v):\n    return v"))
    course(root, *grade)
    assert scores(out) == {"ada": 3.0, "ben": 2.0}
    assert report(out)["ada"]["status"] == "to_mark"
    attempts = list((out / "attempts" / NAME / "ben").glob("*/attempt.json"))
    assert len(attempts) == 2  # the earlier one stays on record


def test_a_damaged_attempt_is_executed_again(own):
    root, _, _, out, grade = own
    (kept,) = (out / "attempts" / NAME / "ada").glob("*/replies.npz")
    kept.write_bytes(b"PK not a zip")
    rejudged = course(root, "rejudge", "04", "--out", out, status=1)
    assert "is damaged: run `course grade`" in " ".join(rejudged.stdout.split())
    assert report(out)["ada"]["status"] == "failed"
    assert scores(out) == {"ada": 3, "ben": 1.5}
    assert "is damaged" in (out / "class.html").read_text("utf-8")
    course(root, *grade)
    assert scores(out) == {"ada": 3, "ben": 1.5}
    assert report(out)["ada"]["seconds"] > 0


def test_a_page_that_cannot_be_made_stands_in_its_students_row(own, monkeypatch, capsys):
    root, _, _, out, _ = own
    render = feedback._Pages._render

    def failing(pages, student, *arguments):
        if student == "ada":
            raise RuntimeError("an odd page\x1b[2J")
        return render(pages, student, *arguments)

    monkeypatch.setattr(feedback._Pages, "_render", failing)
    monkeypatch.setattr(feedback, "_versions", lambda: ["other"])  # none is up to date
    monkeypatch.chdir(root)
    with pytest.raises(typer.Exit) as ended:
        commands.rejudge("04", out)
    assert ended.value.exit_code == 1
    assert "an odd page\\x1b[2J" in " ".join(capsys.readouterr().out.split())
    told = report(out)
    assert "RuntimeError: an odd page" in told["ada"]["problems"][0]
    assert (told["ada"]["score"], told["ben"]["problems"]) == (3, [])
    assert "an odd page" in (out / "grades.csv").read_text("utf-8")
    page = (out / "class.html").read_text("utf-8")
    assert "Could not be shown: 1" in page
    assert "feedback/ben/" in page
    assert "feedback/ada/" not in page
    assert (out / "feedback" / "ben" / NAME / f"{NAME}.html").is_file()
    assert not list((out / "feedback" / "ada").rglob("*.html"))


def test_feedback_names_who_has_no_page_and_makes_the_others(own):
    root, _, _, out, _ = own
    (marked,) = (out / "autograded" / "ada").rglob("*.ipynb")
    marked.write_text("{}")
    (out / "autograded" / "eve" / NAME).mkdir(parents=True)
    done = course(root, "feedback", "04", "--out", out, "--to", out / "back", status=1)
    assert "ada: The feedback page cannot be made" in done.stdout
    assert "eve: " in done.stdout
    assert "Feedback for 1 student:" in done.stdout
    assert [path.name for path in (out / "back").iterdir()] == ["ben"]


def test_a_picture_that_is_missing_stops_nobody(own):
    root, assignment, submitted, out, grade = own
    hand_in(submitted, "ada", right(assignment, why="![a][r]\n\n[r]: attachment:sketch.png"))
    course(root, *grade)
    (page,) = (out / "feedback" / "ada").rglob("*.html")
    assert "The picture sketch.png is not in the notebook" in page.read_text("utf-8")
    assert (out / "class.html").is_file()


def test_a_submission_that_disappears_loses_its_marks(own):
    root, _, submitted, out, grade = own
    (submitted / "ada" / NAME / f"{NAME}.ipynb").unlink()
    course(root, *grade)
    assert scores(out) == {"ada": 0, "ben": 1.5}
    assert report(out)["ada"]["status"] == "missing"
    assert not (out / "feedback" / "ada" / NAME).exists()


def test_a_corrected_check_judges_the_class_again_and_shows_what_changes(own):
    root, _, _, out, _ = own
    set_manual_mark(out, "ada", "why", 1)
    set_checks(root, CHECKS.replace("2 * self.values", "3 * self.values"))
    done = course(root, "rejudge", "04", "--out", out)
    assert scores(out) == {"ada": 2.5, "ben": 3}
    assert "2 marks change" in done.stdout
    page = (out / "feedback" / "ada" / NAME / f"{NAME}.html").read_text("utf-8")
    assert "12 of 12 values differ" in page
    assert "<dd>2.75</dd>" in (out / "class.html").read_text("utf-8")  # the mean


def test_judging_again_keeps_the_rows_of_who_handed_in_nothing(own):
    root, _, submitted, out, grade = own
    (submitted / "zoe").mkdir()
    course(root, *grade)
    course(root, "rejudge", "04", "--out", out)
    assert scores(out) == {"ada": 3, "ben": 1.5, "zoe": 0}
    assert report(out)["zoe"]["status"] == "missing"


def test_a_check_that_asks_otherwise_cannot_judge_old_replies(own):
    root, _, _, out, _ = own
    before = (out / "report.json").read_text()
    set_checks(root, CHECKS.replace("size=(4, 3)", "size=(5, 3)"))
    done = course(root, "rejudge", "04", "--out", out, status=2)
    assert "double make other calls" in done.stderr
    assert (out / "report.json").read_text() == before


def test_late_submissions_are_penalised_by_nbgraders_plugin(own):
    root, _, submitted, out, grade = own
    (root / "nbgrader_config.py").write_text(
        "c = get_config()\nc.LateSubmissionPlugin.penalty_method = 'zero'\n"
    )
    for student, day in (("ada", 1), ("ben", 3)):
        stamp = submitted / student / NAME / "timestamp.txt"
        stamp.write_text(f"2026-11-0{day} 12:00:00 UTC")
    course(root, *grade, "--due", "2026-11-02 12:00 UTC")
    assert scores(out) == {"ada": 3, "ben": 0}
    assert report(out)["ben"]["late_penalty"] == 1.5
    rejudged = course(root, "rejudge", "04", "--out", out)
    assert "no mark changes" in rejudged.stdout
    assert scores(out) == {"ada": 3, "ben": 0}


def test_who_was_late_is_shown_where_it_costs_nothing_too(own):
    root, _, submitted, out, grade = own
    for student, text in (
        ("ada", "01.12.2026 11:00 +0100"),
        ("ben", "\ufeff2026-12-03T12:05Z\r\n"),
    ):
        (submitted / student / NAME / "timestamp.txt").write_text(text, "utf-8")
    done = course(root, *grade, "--due", "02.12.2026 23:00 Europe/Berlin")
    assert "due Wednesday, 2 December 2026, 22:00 UTC" in done.stdout
    assert "late by 14 h 5 min" in done.stdout
    found = json.loads((out / "report.json").read_text())
    assert (found["due"], found["summary"]["late"]) == ("2026-12-02T22:00:00Z", 1)
    ada, ben = found["submissions"]
    assert (ada["handed_in"], ada["seconds_late"]) == ("2026-12-01T10:00:00Z", 0)
    assert (ben["seconds_late"], ben["late_penalty"], ben["score"]) == (50_700, 0, 1.5)
    rows = list(csv.DictReader((out / "grades.csv").open(encoding="utf-8-sig")))
    assert [(row["handed_in"], row["late_by"]) for row in rows] == [
        ("2026-12-01 10:00:00 UTC", ""), ("2026-12-03 12:05:00 UTC", "14:05:00"),
    ]  # fmt: skip
    page = (out / "class.html").read_text("utf-8")
    assert "Due Wednesday, 2 December 2026, 22:00 UTC" in page
    assert page.count("late by 14 h 5 min") == 2
    with gradebook(gradebook_url(out)) as book:  # what nbgrader's penalty is computed from
        assert book.find_submission(NAME, "ben").total_seconds_late == 50_700
    again = course(root, "grade", "04", "--submitted", submitted, "--out", out, "--student", "ada")
    assert "(from the gradebook; --due sets another)" in again.stdout
    assert report(out)["ben"]["seconds_late"] == 50_700


def test_a_time_that_is_not_understood_is_neither_on_time_nor_late(own):
    root, _, submitted, out, grade = own
    stamp = submitted / "ben" / NAME / "timestamp.txt"
    stamp.write_text("03/12/2026 10:00")
    course(root, *grade)  # without a due date nothing depends on it
    done = course(root, *grade, "--due", "2026-12-02 12:00 UTC", status=1)
    assert "The submission time could not be read for ben, so" in done.stdout
    ben = report(out)["ben"]
    assert ben["notes"] == ["time of handing in not understood"]
    assert "is 3 December 2026 or 12 March 2026" in ben["remarks"][0]
    assert (ben["late_penalty"], ben["handed_in"]) == (0, None)
    assert "time of handing in not understood" in (out / "class.html").read_text("utf-8")
    course(root, "rejudge", "04", "--out", out)
    assert report(out)["ben"]["notes"] == ["time of handing in not understood"]
    stamp.write_text("2026-12-03 10:00 UTC")
    course(root, *grade)
    assert report(out)["ben"]["seconds_late"] == 79_200


def test_one_student_can_be_graded_again_and_json_on_stdout_is_the_whole_report(own):
    root, assignment, submitted, _, grade = own
    hand_in(submitted, "ben", right(assignment))
    done = course(root, *grade, "--json", "--student", "ben")
    found = {e["student"]: e["score"] for e in json.loads(done.stdout)["submissions"]}
    assert found == {"ada": 3, "ben": 3}


@pytest.mark.skipif(programs() is None, reason="Debian's package postgresql is not installed")
def test_a_class_is_graded_into_postgresql(own):
    root, _, _, out, grade = own
    with temporary_server() as address:
        course(root, *grade, "--db", address)
        assert scores(out) == {"ada": 3, "ben": 1.5}
        with gradebook(gradebook_url(out, address)) as book:
            assert book.find_submission(NAME, "ben").score == 1.5
        set_checks(root, CHECKS.replace("2 * self.values", "3 * self.values"))
        course(root, "rejudge", "04", "--out", out, "--db", address)
        assert scores(out) == {"ada": 1.5, "ben": 3}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["04", "--submitted", "nowhere"], "nowhere cannot be read"),
        (["09"], "'09' is not a lesson"),
        (
            ["04", "--submitted", "lessons", "--due", "soon"],
            "--due: 'soon' is not a valid date and time",
        ),
        (
            ["04", "--submitted", "lessons", "--due", "10:00"],
            "--due: '10:00' is not a valid date and time",
        ),
        (
            ["04", "--submitted", "lessons", "--due", "03/12/2026 10:00"],
            "write 2026-12-03 10:00 or 2026-03-12 10:00",
        ),
        (["04", "--submitted", "notebooks"], "holds no submission"),
    ],
)
def test_wrong_use_is_told_in_a_sentence(small_root, arguments, told):
    done = course(small_root, "grade", *arguments, status=2)
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_an_installed_package_or_the_option_again_has_a_class_executed_again(small_root, tmp_path):
    submitted, out = tmp_path / "submitted", tmp_path / "out"
    for student in ("ada", "ben"):
        hand_in(submitted, student, right(finding.load(small_root, "04")))
    grade = ["grade", "04", "--submitted", submitted, "--out", out]
    course(small_root, *grade)
    assert "2 unchanged" in course(small_root, *grade).stdout
    done = course(small_root, *grade, "--again", "ada")
    assert "1 unchanged" in done.stdout
    assert "installed packages changed" not in done.stdout
    assert "unchanged" not in course(small_root, *grade, "--again", "all").stdout
    package = tmp_path / "packages" / "newest-1.2.dist-info" / "METADATA"
    package.parent.mkdir(parents=True)
    package.write_text("Metadata-Version: 2.1\nName: newest\nVersion: 1.2\n")
    with_package = {"PYTHONPATH": str(tmp_path / "packages")}
    done = course(small_root, *grade, **with_package)
    assert "The installed packages changed since the last time: newest 1.2 is new." in done.stdout
    assert "2 submissions were executed again" in done.stdout
    assert "2 unchanged" in course(small_root, *grade, **with_package).stdout
    done = course(small_root, *grade, "--again", "cyd", status=2)
    assert "cyd: no such folder" in done.stderr


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path, small_root):
    assignment = finding.load(small_root, "04")
    submitted, out = tmp_path / "submitted", tmp_path / "out"
    hand_in(submitted, "ada", right(assignment))
    for student in ("ben", "cyd"):
        hand_in(submitted, student, with_cell(right(assignment), "import time; time.sleep(600)"))
    grade = [*COURSE, "grade", "04", "--submitted", submitted, "--out", out, "--workers", "1"]
    running = subprocess.Popen(
        list(map(str, grade)), cwd=small_root, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    for line in running.stdout:
        if line.startswith("ada"):
            break
    running.send_signal(signal.SIGINT)
    rest = running.communicate(timeout=300)[0]
    assert running.returncode == 130
    assert "run the same command to continue" in rest
    assert scores(out) == {"ada": 3}
    for student in ("ben", "cyd"):
        hand_in(submitted, student, with_cell(right(assignment), "awake = True"))
    course(small_root, *grade[3:])
    assert scores(out) == {"ada": 3, "ben": 3, "cyd": 3}
    assert report(out)["ada"]["seconds"] == 0


def test_a_machine_that_starts_no_kernel_costs_nobody_a_mark(small_root, tmp_path):
    submitted, out = tmp_path / "submitted", tmp_path / "out"
    hand_in(submitted, "ada", right(finding.load(small_root, "04")))
    grade = ["grade", "04", "--submitted", str(submitted), "--out", str(out)]
    done = subprocess.run([sys.executable, "-c", FULL, *grade], cwd=small_root, check=False)
    assert done.returncode == 1
    found = report(out)["ada"]
    assert found["status"] == "failed"
    assert "No space left on device" in found["remarks"][0]
    assert list((out / "attempts").rglob("attempt.json")) == []
    course(small_root, *grade)
    assert scores(out) == {"ada": 3}


def test_a_folder_whose_name_is_no_text_is_told_to_be_renamed(small_root, tmp_path):
    small = finding.load(small_root, "04")
    hand_in(tmp_path / "submitted", "ada", right(small))
    hand_in(tmp_path / "submitted", os.fsdecode(b"b\xffn"), right(small))
    submitted, out = tmp_path / "submitted", tmp_path / "out"
    course(small_root, "grade", "04", "--submitted", submitted, "--out", out, status=1)
    found = report(out)
    assert found.pop("ada")["score"] == 3
    [other] = found.values()
    assert other["status"] == "failed"
    assert "rename the student's folder" in other["remarks"][0]
