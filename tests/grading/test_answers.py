"""Every answer gets the marks it deserves: the hidden checks of all assignments, judged here."""

from __future__ import annotations

import os

import pytest
from answer_tables import Answer, Assignment

from course_staff.grading.judging.rehearsal import rehearse_in
from course_staff.grading.judging.verdicts import Verdict

ASSIGNMENTS = Assignment.all()
QUESTIONS = [
    pytest.param(number, question, id=f"{number}-{question}")
    for number, assignment in ASSIGNMENTS.items()
    for question in assignment.questions
]
ANSWERS = [
    pytest.param(number, answer, id=f"{number}-{answer.question}-{answer.label}")
    for number, assignment in ASSIGNMENTS.items()
    for question in assignment.questions
    for answer in assignment.answers(question)
]
RIGHT = [
    pytest.param(number, answer, id=f"{number}-{answer.question}-{answer.label}")
    for number, assignment in ASSIGNMENTS.items()
    for question in assignment.questions
    for answer in assignment.right_answers(question)
]


def short(cases: list, wanted: bool = True) -> list:
    """Return the cases that train no network, or those that do."""
    return [case for case in cases if _trains(*case.values) is not wanted]


def _trains(number: str, answer: Answer) -> bool:
    return answer.question in ASSIGNMENTS[number].training


def telling(cases: list) -> list:
    """Keep references, right answers, and of each question's mistakes the first with each mark.

    Each answer that trains takes up to a minute; `make test-slow EVERYTHING=1` judges all of them,
    and so does benchmarks/judged_answers.py, which is run where a check or an answer changes.
    """
    if os.environ.get("EVERYTHING"):
        return cases
    marks, kept = set(), []
    for case in cases:
        number, answer = case.values
        mark = (number, answer.question, answer.marks)
        if answer.label == "stub":  # judged by a fast test
            continue
        if answer.right or answer.label == "reference" or mark not in marks:
            kept.append(case)
            marks.add(mark)
    return kept


def seeds(number: str, answer: Answer) -> range:
    """Return three seeds, or one where answers work with Keras models.

    benchmarks/judged_answers.py judges the tables under as many seeds as it is told.
    """
    return range(1 if ASSIGNMENTS[number].uses_keras(answer.question) else 3)


def judged(number: str, answer: Answer, seeds) -> dict[int, Verdict]:
    """Judge an answer under several seeds; one execution answers them all, as one kernel does."""
    namespace: dict = {"__name__": "__main__"}
    exec(compile(answer.source, f"<{answer.question}: {answer.label}>", "exec"), namespace)
    question = ASSIGNMENTS[number].checks[answer.question]
    return {seed: rehearse_in(question, namespace, seed=seed) for seed in seeds}


def wrong(verdicts: dict[int, Verdict], marks: float) -> dict[int, Verdict]:
    return {seed: verdict for seed, verdict in verdicts.items() if verdict.score != marks}


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")  # not judged
@pytest.mark.parametrize(("number", "answer"), short(ANSWERS))
def test_an_answer_gets_its_marks(number, answer):
    assert not wrong(judged(number, answer, seeds(number, answer)), answer.marks)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "answer"), telling(short(ANSWERS, wanted=False)))
def test_an_answer_that_trains_gets_its_marks(number, answer):
    assert not wrong(judged(number, answer, [0]), answer.marks)


@pytest.fixture
def fresh_session(monkeypatch):
    """No question has been tried yet, and an error tells what was printed."""
    monkeypatch.setattr("course_lib.check.questions._questions", {})
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")


def run_visible_tests(number: str, answer: Answer) -> None:
    """Run a question's visible tests on an answer, as a student does."""
    namespace: dict = {"__name__": "__main__"}
    assignment = ASSIGNMENTS[number]
    for source in (assignment.imports, answer.source, assignment.visible_tests[answer.question]):
        exec(compile(source, f"<{answer.question}: {answer.label}>", "exec"), namespace)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize(("number", "answer"), short(RIGHT))
def test_the_visible_tests_accept_what_the_hidden_check_accepts(number, answer, fresh_session):
    run_visible_tests(number, answer)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize(("number", "answer"), short(RIGHT, wanted=False))
def test_the_visible_tests_accept_training_that_the_hidden_check_accepts(
    number, answer, fresh_session
):
    run_visible_tests(number, answer)


@pytest.mark.parametrize(("number", "question"), QUESTIONS)
def test_the_table_has_three_right_answers_and_five_mistakes(number, question):
    table = ASSIGNMENTS[number].table(question)
    assert sum(answer.right for answer in table) >= 3
    assert sum(not answer.right for answer in table) >= 5
    assert all(answer.marks < ASSIGNMENTS[number].checks[question].points
               for answer in table if not answer.right)  # fmt: skip
    assert len({answer.label for answer in table}) == len(table)


@pytest.mark.parametrize(("number", "question"), QUESTIONS)
def test_a_stub_is_told_that_it_is_not_answered(number, question):
    (verdict,) = judged(number, ASSIGNMENTS[number].stub(question), [0]).values()
    assert verdict.score == 0
    assert verdict.messages == (f"✗ {question} was not answered.",)
