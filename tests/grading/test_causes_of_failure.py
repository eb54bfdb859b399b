"""A verdict says which cell failed and why, where a name is missing for want of it."""

from __future__ import annotations

from courses import as_bytes, plain_course, right, with_cell
from nbformat.v4 import new_code_cell

from course_staff.grading.execution.executing import Execution
from course_staff.grading.marking import hidden_calls, judge_attempt
from course_staff.grading.records.attempts import Attempt
from course_staff.grading.submissions.sanitizing import sanitize

REASON = "ModuleNotFoundError: No module named 'seaborn'"


def messages(assignment, notebook, errors: dict[str, str], reply: dict) -> dict[str, str]:
    """Judge a notebook some of whose cells failed, and all of whose calls have one reply."""
    submission = sanitize(as_bytes(notebook), assignment)
    failed = {
        index: error
        for index in submission.executed
        for source, error in errors.items()
        if source in submission.notebook.cells[index].source
    }
    assert len(failed) == len(errors)
    calls = hidden_calls(assignment, 0)
    replies = {name: [reply for _ in some] for name, some in calls.items()}
    execution = Execution(submission.notebook, replies, failed)
    attempt = Attempt("key", 0, {}, submission, execution)
    verdicts = judge_attempt(assignment, submission, attempt)
    return {name: "\n".join(verdict.messages) for name, verdict in verdicts.items()}


def test_the_imports_cell_that_failed_is_told_with_each_question_that_misses_a_name(small):
    notebook = with_cell(right(small), "import seaborn\nimport numpy as np", at=2)
    reply = {"error": "NameError: name 'np' is not defined (in double, line 2 of its cell)"}
    for told in messages(small, notebook, {"import seaborn": REASON}, reply).values():
        assert f"The cell that should define np failed: {REASON}" in told
        assert 'begins "import seaborn"' in told


def test_the_answers_own_cell_that_failed_is_told(small):
    notebook = right(small, double="def double(v:\n    pass")
    reply = {"error": "double is not defined"}
    told = messages(small, notebook, {"def double": "SyntaxError: no"}, reply)["double"]
    assert "The cell that should define double failed: SyntaxError: no" in told


def test_a_name_that_only_a_skipped_cell_defines_is_told_so(small):
    notebook = right(small)
    skipped = new_code_cell("with open(1) as scaler:\n    pass", metadata={"tags": ["explore"]})
    notebook.cells.insert(3, skipped)
    told = messages(small, notebook, {}, {"error": "NameError: name 'scaler' is not defined"})
    assert "scaler is defined only in a cell that is skipped" in told["double"]


def test_a_stub_that_was_put_back_is_no_cell_that_defines_an_answer(small):
    notebook = right(small)
    notebook.cells = [cell for cell in notebook.cells if "def double" not in cell.source]
    told = messages(small, notebook, {}, {"error": "double is not defined"})["double"]
    assert told == "✗ double is not defined"


def test_a_plain_assignment_tells_the_cause_too(tmp_path):
    plain = plain_course(tmp_path)
    notebook = right(plain, area="import seaborn\ndef area(r):\n    return 1")
    value = {"error": "NameError: name 'area' is not defined", "result": None}
    told = messages(plain, notebook, {"import seaborn": REASON}, {"value": value})["test_area"]
    assert f"The cell that should define area failed: {REASON}" in told
