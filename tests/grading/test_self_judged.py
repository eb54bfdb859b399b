"""A plain nbgrader assignment is graded by the tests in its own cells, and says so."""

from __future__ import annotations

import copy
import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from courses import (
    PLAIN_ANSWERS,
    PLAIN_RIGHT,
    PROBLEM,
    PROBLEM_SET,
    answered,
    hand_in_plain,
    id_of,
    plain_course,
    right,
    source_notebook,
)
from nbformat.v4 import new_code_cell, new_output
from nbgrader.utils import determine_grade
from typer.testing import CliRunner

from course_lib import cli
from course_lib.errors import CourseError
from course_staff.grading.assignments import finding
from course_staff.grading.assignments.plain import TestCell as CellOfTests
from course_staff.grading.execution.executing import execute
from course_staff.grading.judging.judging import judge
from course_staff.grading.judging.questions import Question
from course_staff.grading.limits import Limits
from course_staff.grading.marking import hidden_calls
from course_staff.grading.records.gradebook import gradebook, gradebook_url
from course_staff.grading.submissions.sanitizing import Submission, sanitize

TESTS = ("test_square", "test_mean", "test_area")
STDERR = "import sys\nprint('take care', file=sys.stderr)\n"


def course(*arguments: object) -> str:
    """Run a command and return what it shows."""
    result = CliRunner().invoke(cli.app, [str(argument) for argument in arguments])
    if result.exception is not None:
        raise result.exception
    return result.output


def report(out: Path) -> dict[str, dict]:
    found = json.loads((out / "report.json").read_text("utf-8"))
    return {entry["student"]: entry for entry in found["submissions"]}


def questions(entry: dict) -> dict[str, dict]:
    return {question["id"]: question for question in entry["questions"]}


def marks(entry: dict, names=TESTS) -> tuple[float, ...]:
    return tuple(questions(entry)[name]["score"] for name in names)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The assignment of a plain course, which lies nowhere near a course of ours."""
    return plain_course(tmp_path_factory.mktemp("plain") / "course")


def without(notebook: nbformat.NotebookNode, *grade_ids: str) -> nbformat.NotebookNode:
    """Return a notebook that lacks some cells."""
    notebook.cells = [cell for cell in notebook.cells if id_of(cell) not in grade_ids]
    return notebook


def changed(
    notebook: nbformat.NotebookNode, grade_id: str, change: Callable[[nbformat.NotebookNode], None]
) -> nbformat.NotebookNode:
    """Return a notebook one cell of which was changed."""
    change(next(cell for cell in notebook.cells if id_of(cell) == grade_id))
    return notebook


def doubled(notebook: nbformat.NotebookNode, grade_id: str) -> nbformat.NotebookNode:
    """Return a notebook that holds a cell twice."""
    notebook.cells = [
        copy.deepcopy(cell)
        for cell in notebook.cells
        for _ in range(2 if id_of(cell) == grade_id else 1)
    ]
    return notebook


# What is executed


def sanitized(plain, notebook) -> Submission:
    return sanitize(json.dumps(notebook).encode(), plain)


def sources(submission: Submission) -> list[str]:
    return [submission.notebook.cells[index].source for index in submission.executed]


def test_all_code_is_executed_and_the_tests_are_the_instructors(plain):
    notebook = changed(right(plain), "test_square", lambda cell: cell.update(source="2"))
    executed = sources(sanitized(plain, notebook))
    assert "seen = []" in executed  # tagged as exploring, which nbgrader does not know
    assert sum("squares are not negative" in source for source in executed) == 1
    assert "2" not in executed


def test_what_is_handed_out_holds_no_solution_and_no_hidden_test(plain):
    text = nbformat.writes(plain.release)
    assert "x * x" not in text
    assert "not negative" not in text
    assert "square(3)" in text


def test_a_missing_test_comes_back_where_it_stood(plain):
    submission = sanitized(plain, without(right(plain), "setup", "test_square", "test_area"))
    order = [id_of(cell) for cell in submission.notebook.cells if cell.cell_type == "code"]
    assert order == [
        "setup", "square", "", "test_square", "mean", "test_mean", "area", "test_area", "sketch",
    ]  # fmt: skip
    assert len(submission.remarks) == 3


def test_an_answer_that_comes_back_is_only_shown(plain):
    notebook = without(right(plain), "square")
    notebook.cells.insert(2, new_code_cell(PLAIN_RIGHT["square"]))
    executed = sources(sanitized(plain, notebook))
    assert PLAIN_RIGHT["square"] in executed
    assert not any("square(x)" in source and "NotImplemented" in source for source in executed)


def test_a_second_copy_of_a_test_is_dropped(plain):
    submission = sanitized(plain, doubled(right(plain), "test_mean"))
    assert sum("values" not in source and "mean(" in source for source in sources(submission)) == 1


def test_edited_metadata_is_built_anew(plain):
    def edit(cell):
        cell.metadata.nbgrader.update(points=100, locked=False, schema_version=99)

    edited = changed(right(plain), "test_mean", edit)
    assert sanitized(plain, edited) == sanitized(plain, right(plain))


def test_what_a_person_marks_is_kept_and_a_task_is_always_marked(plain):
    assert set(sanitized(plain, answered(plain)).written) == {"project"}
    written = sanitized(plain, right(plain, **PLAIN_ANSWERS)).written
    assert written["why"] == PLAIN_ANSWERS["why"]
    assert written["sketch"] == PLAIN_ANSWERS["sketch"]
    assert PLAIN_RIGHT["area"] in written["project"]


# What a cell's outcome is worth


def verdict(points: float, *, error: str | None = None, result: str | None = None):
    question = Question("f", points, lambda: CellOfTests("f", points, ""))
    return judge(question, [{"value": {"error": error, "result": result}}], seed=0)


def stock_score(result: str | None) -> float:
    """Return nbgrader's score of a cell of three points that showed a result."""
    outputs = [] if result is None else [new_output("execute_result", {"text/plain": result})]
    marked = {"grade_id": "f", "grade": True, "solution": False, "points": 3}
    cell = new_code_cell("f()", outputs=outputs, metadata={"nbgrader": marked})
    return determine_grade(cell)[0]


@pytest.mark.parametrize(
    "result",
    [None, "'well done'", "True", "np.float64(1.0)", "[1, 2]", "3", "1.5", " 1e-1", "0", "0.0"],
)
def test_a_result_is_worth_what_nbgrader_gives_for_it(result):
    found = verdict(3.0, result=result)
    assert found.score == stock_score(result)
    assert found.max_score == 3
    assert all("self-judged" in message for message in found.messages)
    assert ("✗" in "".join(found.messages)) == (found.score < 3)
    assert verdict(3.0, result=result, error="AssertionError: no").score == 0


@pytest.mark.parametrize("result", ["nan", "-1", "-inf"])
def test_a_number_below_nought_or_none_is_worth_nothing_where_nbgrader_gives_all(result):
    assert verdict(3.0, result=result).score == 0
    assert "is not from 0 to 3" in verdict(3.0, result=result).messages[0]
    assert stock_score(result) == 3


@pytest.mark.parametrize("result", ["inf", "3.1"])
def test_a_number_above_the_points_is_worth_nothing_where_nbgrader_stops(result):
    assert verdict(3.0, result=result).score == 0
    with pytest.raises(ValueError, match="partial credit"):
        stock_score(result)


def test_a_question_without_points_is_judged_as_well():
    assert verdict(0.0, error="AssertionError: no").messages == (
        "✗ 0 of 0: the test cell's own verdict (self-judged). AssertionError: no",
    )


# Executing


def judged(plain, notebook) -> dict:
    submission = sanitized(plain, notebook)
    limits = Limits(cell_seconds=2, memory_mb=800, idle_seconds=8)
    execution = execute(submission, hidden_calls(plain, 0), limits=limits)
    return {
        name: judge(question, execution.replies[name], seed=0)
        for name, question in plain.checked.items()
    }


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("import os; os._exit(3)", "ended the kernel"),
        ("while True: pass", "more than 2 s of CPU time"),
    ],
)
def test_a_test_that_ends_the_kernel_costs_its_own_points_alone(plain, body, told):
    verdicts = judged(plain, right(plain, mean=f"def mean(values):\n    {body}"))
    assert [verdicts[name].score for name in TESTS] == [2, 0, 1]
    assert told in verdicts["test_mean"].messages[0]


def test_an_error_that_is_kept_from_being_shown_is_an_error(plain):
    code = "get_ipython().showtraceback = lambda *args, **kwargs: None\n"
    verdicts = judged(plain, right(plain, square=code + "def square(x):\n    return 1"))
    assert [verdicts[name].score for name in TESTS] == [0, 3, 1]


def test_what_was_never_executed_says_so(plain):
    empty = execute(sanitize(b"{", plain), hidden_calls(plain, 0))
    verdict = judge(plain.questions["test_mean"], empty.replies["test_mean"], seed=0)
    assert verdict.score == 0
    assert "was not executed" in verdict.messages[0]


# A class, from the command line


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A graded class: its folder, and what the terminal said."""
    home = tmp_path_factory.mktemp("class")
    plain = plain_course(home / "course")
    folder = plain.source_path.parent
    (folder / "pi.txt").write_text("3.14159", "utf-8")
    (folder / "beside.py").write_text("unit = 1\n", "utf-8")
    submitted = home / "submitted"
    hand_in_plain(submitted, "ada", right(plain, **PLAIN_ANSWERS))
    hand_in_plain(
        submitted,
        "ben",
        right(plain, mean="def mean(values):\n    return (values[0] + values[-1]) / 2"),
    )
    hand_in_plain(submitted, "cyd", answered(plain))
    hand_in_plain(
        submitted, "dan", right(plain, square=PLAIN_RIGHT["square"].replace("x**2", "abs(x) * x"))
    )
    reading = "def area(r):\n    import beside\n    return float(open('pi.txt').read()) * r * r"
    hand_in_plain(submitted, "eve", right(plain, area=reading))
    hand_in_plain(submitted, "fay", right(plain)).write_text("{", "utf-8")
    (submitted / "gus").mkdir()
    return home, course("grade", folder, "--submitted", submitted, "--out", home / "out")


def test_every_student_gets_the_points_that_the_cells_give(graded):
    home, _ = graded
    found = report(home / "out")
    assert {student: marks(entry) for student, entry in found.items()} == {
        "ada": (2, 3, 1), "ben": (2, 1.5, 1), "cyd": (0, 0, 0), "dan": (0, 3, 1),
        "eve": (2, 3, 1), "fay": (0, 0, 0), "gus": (0, 0, 0),
    }  # fmt: skip
    assert [found[student]["status"] for student in ("ada", "fay", "gus")] == [
        "to_mark", "unreadable", "missing",
    ]  # fmt: skip
    assert questions(found["dan"])["test_square"]["messages"] == [
        "✗ 0 of 2: the test cell's own verdict (self-judged). "
        "AssertionError: squares are not negative"
    ]
    assert "not answered" in questions(found["cyd"])["test_mean"]["messages"][0]


def test_answers_that_a_person_marks_wait_for_one(graded):
    home, _ = graded
    waiting = {
        student: [name for name, question in questions(entry).items() if question["to_mark"]]
        for student, entry in report(home / "out").items()
    }
    assert waiting["ada"] == ["sketch", "why", "project"]
    assert waiting["ben"] == ["project"]
    assert waiting["gus"] == []


def test_everything_says_that_the_assignment_is_self_judged(graded):
    home, said = graded
    out = home / "out"
    assert json.loads((out / "report.json").read_text("utf-8"))["judged"] == "self-judged"
    rows = {
        row["student"]: row
        for row in csv.DictReader((out / "grades.csv").open(encoding="utf-8-sig"))
    }
    assert rows["ada"]["notes"] == "self-judged"
    assert rows["gus"]["notes"] == ""
    assert "which they can forge" in " ".join(said.split())
    page = out / "feedback" / "dan" / PROBLEM_SET / f"{PROBLEM}.html"
    assert "self-judged" in page.read_text("utf-8")


def test_a_feedback_page_shows_no_hidden_test(graded):
    home, _ = graded
    page = (home / "out" / "feedback" / "ada" / PROBLEM_SET / f"{PROBLEM}.html").read_text("utf-8")
    assert "2 of 2 points" in page
    assert "well done" in page  # what the cell itself showed stays
    assert "HIDDEN" not in page
    assert "square(-2)" not in page


def test_the_gradebook_has_nbgraders_marks_under_the_notebooks_own_name(graded):
    home, _ = graded
    with gradebook(gradebook_url(home / "out")) as book:
        assert book.find_grade("test_mean", PROBLEM, PROBLEM_SET, "ben").score == 1.5
        assert book.find_grade("project", PROBLEM, PROBLEM_SET, "ben").needs_manual_grade
        assert book.find_assignment(PROBLEM_SET).max_score == 13
        source = book.find_source_cell("test_square", PROBLEM, PROBLEM_SET).source
        assert "HIDDEN" in source  # as nbgrader keeps it


@pytest.fixture
def own(tmp_path, graded):
    """A copy of the graded class of one's own."""
    shutil.copytree(graded[0], tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_manual_marks_and_later_commands_work_as_for_any_assignment(own):
    out, folder = own / "out", own / "course" / "source" / PROBLEM_SET
    with gradebook(gradebook_url(out)) as book:
        grade = book.find_grade("project", PROBLEM, PROBLEM_SET, "ada")
        grade.manual_score, grade.needs_manual_grade = 2.5, False
        book.find_comment("square", PROBLEM, PROBLEM_SET, "ada").manual_comment = "Elegant."
        book.db.commit()
    assert "no mark changes" in course("rejudge", folder, "--out", out)
    assert report(out)["ada"]["score"] == 8.5
    course("feedback", folder, "--out", out, "--to", own / "pages", "--student", "ada")
    page = (own / "pages" / "ada" / f"{PROBLEM}.html").read_text("utf-8")
    assert "2.5 / 3.0" in page
    assert "Elegant." in page
    course("export", folder, "--out", out, "--to", own / "marks.csv")
    rows = {
        row["student"]: row
        for row in csv.DictReader((own / "marks.csv").open(encoding="utf-8-sig"))
    }
    assert rows["ada"]["score"] == "8.5"
    assert list(rows["ada"])[6:12] == [*TESTS, "sketch", "why", "project"]


def test_a_corrected_test_needs_the_submissions_executed_again(own):
    out, folder = own / "out", own / "course" / "source" / PROBLEM_SET
    source = folder / f"{PROBLEM}.ipynb"
    source.write_text(source.read_text("utf-8").replace("mean([2, 2, 5]) == 3", "True"), "utf-8")
    with pytest.raises(CourseError, match=r"test_mean .* run `course grade` again"):
        course("rejudge", folder, "--out", out)


# Finding the assignment


def test_a_name_without_checks_in_the_solutions_is_a_plain_assignment(small_root, monkeypatch):
    folder = small_root / "solutions" / PROBLEM_SET
    folder.mkdir()
    (folder / f"{PROBLEM}.ipynb").write_text(nbformat.writes(source_notebook()), "utf-8")
    monkeypatch.chdir(small_root)
    assert finding.find("ps1").judged == "self-judged"
    assert finding.find("ps1").root == small_root
    assert finding.find("04").judged == "trusted"
    assert finding.find("solutions/04-Small").judged == "trusted"
    (small_root / "lessons" / "04-Small" / "checks.py").unlink()
    with pytest.raises(CourseError, match=r"checks\.py is missing"):  # never self-judged in silence
        finding.find("04")


def test_late_penalties_and_stubs_follow_the_courses_own_settings(tmp_path):
    settings = "c = get_config()\nc.ClearSolutions.code_stub = {'python': 'pass  # yours'}\n"
    (tmp_path / "nbgrader_config.py").write_text(settings, "utf-8")
    assert "pass  # yours" in nbformat.writes(plain_course(tmp_path).release)


def _remove(name: str):
    return lambda folder: (folder / name).unlink()


def _edit(before: str, after: str):
    def edit(folder: Path) -> None:
        path = folder / f"{PROBLEM}.ipynb"
        text = path.read_text("utf-8")
        assert before in text
        path.write_text(text.replace(before, after), "utf-8")

    return edit


def test_a_source_with_a_byte_order_mark_is_read(tmp_path):
    plain = plain_course(tmp_path)
    plain.source_path.write_bytes(b"\xef\xbb\xbf" + plain.source_path.read_bytes())
    assert list(finding.find(str(plain.source_path.parent)).questions) == list(plain.questions)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (_remove(f"{PROBLEM}.ipynb"), "holds no notebook"),
        (
            lambda folder: shutil.copy(folder / f"{PROBLEM}.ipynb", folder / "problem2.ipynb"),
            r"holds 2 notebooks .* give each notebook a folder of its own",
        ),
        (_edit('"cells"', '"cell"'), "is not an nbgrader notebook"),
        (_edit('"grade_id": "test_mean"', '"grade_id": "test_area"'), "Duplicate grade id"),
        (_edit("### END SOLUTION", "###"), "ClearSolutions reports: no end solution"),
        (_edit('"language": "python"', '"language": "R"'), "not written in Python"),
        (_edit("### BEGIN HIDDEN TESTS", "### AUTOTEST"), "AUTOTEST"),
        (_edit('"grade": true', '"grade": false'), "Markdown solution cell is not marked"),
    ],
)
def test_what_is_wrong_with_an_assignment_is_told_in_a_sentence(tmp_path, spoil, told):
    folder = plain_course(tmp_path).source_path.parent
    spoil(folder)
    with pytest.raises(CourseError, match=told):
        finding.find(str(folder)).release  # noqa: B018


# Beside nbgrader itself


@pytest.mark.slow
def test_the_marks_are_those_of_stock_nbgrader(tmp_path):
    """The same submissions, question by question; what differs on purpose is named below."""
    plain = plain_course(tmp_path / "course")
    submissions = {
        "right": right(plain, **PLAIN_ANSWERS),
        "stub": answered(plain),
        "half": right(plain, mean="def mean(values):\n    return (values[0] + values[-1]) / 2"),
        "hidden": right(plain, square="def square(x):\n    return abs(x) * x"),
        "text": right(plain, mean="def mean(values):\n    return 'three'"),
        "syntax": right(plain, area="def area(r:\n    return 3"),
        "edited": changed(right(plain), "test_area", lambda cell: cell.update(source="assert 0")),
        "points": changed(
            right(plain), "test_mean", lambda cell: cell.metadata.nbgrader.update(points=99)
        ),
        "moved": right(plain),
        "quiet": right(
            plain,
            square="get_ipython().showtraceback = lambda *a, **k: None\n"
            "def square(x):\n    return 1",
        ),
    }
    submissions["moved"].cells.append(submissions["moved"].cells.pop(3))
    differing = {
        # A warning costs nothing here, all of the cell's points there.
        "stderr": right(
            plain, square=PLAIN_RIGHT["square"] + "\n" + STDERR, area=_noisy(PLAIN_RIGHT["area"])
        ),
        # A result below 0 or NaN is worth nothing here, everything there.
        "negative": right(plain, mean="def mean(values):\n    return Odd()\n" + _odd("-1.0")),
        "nan": right(plain, mean="def mean(values):\n    return Odd()\n" + _odd("float('nan')")),
        # A missing test cell is put back here, and stays without points there.
        "missing": without(right(plain), "test_area"),
        # No marks at all there: two cells have one id, the kernel died, the result is too high.
        "twice": doubled(right(plain), "square"),
        "dead": right(plain, square="import os\ndef square(x):\n    os._exit(1)"),
        "above": right(plain, mean="def mean(values):\n    return Odd()\n" + _odd("100.0")),
    }
    ours, theirs = _both(tmp_path, plain, submissions | differing)
    assert {name: ours[name] for name in submissions} == {
        name: theirs[name] for name in submissions
    }
    assert {name: (ours[name], theirs[name]) for name in differing} == {
        "stderr": ((2, 3, 1), (2, 3, 0)),
        "negative": ((2, 0, 1), (2, 3, 1)),
        "nan": ((2, 0, 1), (2, 3, 1)),
        "missing": ((2, 3, 1), (2, 3, 0)),
        "twice": ((2, 3, 1), None),
        "dead": ((0, 3, 1), None),
        "above": ((2, 0, 1), None),
    }


def _noisy(answer: str) -> str:
    head, body = answer.split("\n", 1)
    return f"{head}\n    import sys; print('take care', file=sys.stderr)\n{body}"


def _odd(value: str) -> str:
    """Return a class whose comparison makes the test cell's points any number."""
    return (
        "class Odd:\n    def __eq__(self, other):\n        return self\n"
        f"    def __rmul__(self, other):\n        return {value}\n"
    )


def _both(home: Path, plain, submissions: dict) -> tuple[dict, dict]:
    """Grade a class here and by nbgrader; return each one's marks by student."""
    root = plain.root
    for student, notebook in submissions.items():
        hand_in_plain(root / "submitted", student, notebook)
    course("grade", root / "source" / PROBLEM_SET, "--submitted", root / "submitted",
           "--out", home / "out")  # fmt: skip
    ours = {student: marks(entry) for student, entry in report(home / "out").items()}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # its alembic
    for command in ("generate_assignment", "autograde"):
        subprocess.run(
            [sys.executable, "-m", "nbgrader", command, PROBLEM_SET, f"--course={root}"],
            cwd=root, env=os.environ | {"PATH": path}, capture_output=True, check=False,
        )  # fmt: skip
    released = nbformat.read(root / "release" / PROBLEM_SET / f"{PROBLEM}.ipynb", as_version=4)
    assert released.cells == plain.release.cells
    theirs: dict[str, tuple | None] = {}
    with gradebook(f"sqlite:///{root / 'gradebook.db'}") as book:
        for student in submissions:
            done = (root / "autograded" / student / PROBLEM_SET / f"{PROBLEM}.ipynb").is_file()
            rows = [book.find_grade(test, PROBLEM, PROBLEM_SET, student) for test in TESTS]
            theirs[student] = tuple(row.score for row in rows) if done else None
    return ours, theirs
