"""A small class whose assignment was graded: marked notebooks and nbgrader's gradebook."""

from __future__ import annotations

import copy
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_staff.grading.records.gradebook import gradebook, gradebook_url

ASSIGNMENT = "04-Small-assignment"


def small_notebook():
    """Return an assignment with one judged question and one written one."""

    def cell(make, source, name, *, grade, solution, points=None):
        made = make(source)
        made.id = name
        made.metadata.nbgrader = {
            "grade_id": name,
            "grade": grade,
            "solution": solution,
            "locked": grade and not solution,
            "task": False,
            "schema_version": 3,
        } | ({} if points is None else {"points": points})
        return made

    return new_notebook(
        cells=[
            cell(new_code_cell, "def f(): ...", "f-answer", grade=False, solution=True),
            cell(new_code_cell, "check.question", "f", grade=True, solution=False, points=2),
            cell(new_markdown_cell, "Because.", "why", grade=True, solution=True, points=3),
        ]
    )


def mark_class(out: Path, scores: dict[str, float], *, db=None, answer="Because.", penalties=None):
    """Leave in `out` what `course grade` leaves; return the gradebook's address."""
    from nbgrader.preprocessors import SaveCells

    url = gradebook_url(out, db)
    with gradebook(url) as book:
        book.update_or_create_assignment(ASSIGNMENT)
        resources = {"nbgrader": {"notebook": ASSIGNMENT, "assignment": ASSIGNMENT, "db_url": url}}
        SaveCells().preprocess(copy.deepcopy(small_notebook()), resources)
        for student, score in scores.items():
            book.update_or_create_student(student)
            book.update_or_create_submission(
                ASSIGNMENT, student, timestamp="2026-11-21 12:00:00 UTC"
            )
            grade = book.find_grade("f", ASSIGNMENT, ASSIGNMENT, student)
            grade.auto_score, grade.needs_manual_grade = score, False
            written = book.find_grade("why", ASSIGNMENT, ASSIGNMENT, student)
            written.needs_manual_grade = True
            handed = book.find_submission_notebook(ASSIGNMENT, ASSIGNMENT, student)
            handed.late_submission_penalty = (penalties or {}).get(student)
            book.db.commit()
            notebook = small_notebook()
            notebook.cells[1].outputs = [
                new_output("stream", name="stdout", text=f"{score:g} of 2 points\n")
            ]
            notebook.cells[2].source = answer
            folder = out / "autograded" / student / ASSIGNMENT
            folder.mkdir(parents=True, exist_ok=True)
            nbformat.write(notebook, folder / f"{ASSIGNMENT}.ipynb")
    return url


def mark_by_hand(url: str, student: str, score: float, comment: str | None = None) -> None:
    """Give points for the written answer, as a person does in formgrader."""
    with gradebook(url) as book:
        grade = book.find_grade("why", ASSIGNMENT, ASSIGNMENT, student)
        grade.manual_score, grade.needs_manual_grade = score, False
        if comment:
            found = book.find_comment("why", ASSIGNMENT, ASSIGNMENT, student)
            found.manual_comment = comment
        book.db.commit()
