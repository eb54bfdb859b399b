"""A plain nbgrader assignment is graded by the tests in its own cells, and says so."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell
from plain_class import (
    ANSWERS,
    RIGHT,
    answered,
    changed,
    doubled,
    id_of,
    plain_course,
    right,
    without,
)

from course_lib.grading import self_judging
from course_lib.grading.executing import execute
from course_lib.grading.judging import judge
from course_lib.grading.questions import Question
from course_lib.grading.sanitizing import Submission, sanitize
from course_lib.grading.session import calls_of
from course_lib.grading.student_kernel import Limits

TESTS = ("test_square", "test_mean", "test_area")


def course(cwd: Path, *arguments: object, status: int = 0) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "course_lib", *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done


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
    notebook.cells.insert(2, new_code_cell(RIGHT["square"]))
    executed = sources(sanitized(plain, notebook))
    assert RIGHT["square"] in executed
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
    written = sanitized(plain, right(plain, **ANSWERS)).written
    assert written["why"] == ANSWERS["why"]
    assert written["sketch"] == ANSWERS["sketch"]
    assert RIGHT["area"] in written["project"]


# What a cell's outcome is worth


@pytest.mark.parametrize(
    ("result", "score"),
    [
        (None, 3), ("'well done'", 3), ("True", 3), ("np.float64(1.0)", 3), ("", 3),
        ("3", 3), ("1.5", 1.5), ("0", 0), ("0.0", 0),
        # worth nothing here; full points, or a submission without marks, in nbgrader
        ("nan", 0), ("-1", 0), ("-inf", 0), ("inf", 0), ("3.1", 0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("error", [None, "AssertionError: "])
def test_a_cell_is_worth_its_result_unless_it_fails(result, score, error):
    question = Question("f", 3.0, lambda: self_judging.TestCell("f", 3.0, ""))
    reply = {"value": {"error": error, "result": result}}
    verdict = judge(question, [reply], seed=0)
    assert verdict.score == (0 if error else score)
    assert verdict.max_score == 3
    assert all("self-judged" in message for message in verdict.messages)
    assert ("✗" in "".join(verdict.messages)) == (verdict.score < 3)


def test_a_question_without_points_is_judged_as_well():
    question = Question("f", 0.0, lambda: self_judging.TestCell("f", 0.0, ""))
    replies = [{"value": {"error": "AssertionError: no", "result": None}}]
    assert judge(question, replies, seed=0).messages == (
        "✗ 0 of 0: the test cell's own verdict (self-judged). AssertionError: no",
    )


# Executing


def judged(plain, notebook) -> dict:
    submission = sanitized(plain, notebook)
    limits = Limits(cell_seconds=2, memory_mb=800, idle_seconds=8)
    execution = execute(submission, calls_of(plain, 0), limits=limits)
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
    empty = execute(sanitize(b"{", plain), calls_of(plain, 0))
    verdict = judge(plain.questions["test_mean"], empty.replies["test_mean"], seed=0)
    assert verdict.score == 0
    assert "was not executed" in verdict.messages[0]
