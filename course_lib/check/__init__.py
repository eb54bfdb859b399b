"""Visible tests: the tests that a student runs before handing in.

A notebook of a graded lesson asks a question, the student's cell answers it, and the cell after
that tries the answer::

    with check.question("double", points=1) as question:
        with question.part(0.5, "keeps the shape"):
            check.array(double(np.ones((2, 3))), "double(ones)", shape=(2, 3))
        with question.part(0.5, "doubles every entry"):
            check.close(double(np.ones(3)), [2.0, 2.0, 2.0], "double(ones)")

It says part by part what works and what is missing. The hidden checks, which decide the marks, use
other inputs and run elsewhere. `summary` shows where the whole notebook stands.
"""

from course_lib.check.expectations import Wrong, array, close, number, that
from course_lib.check.questions import NotYet, Question, passed, question, summary

__all__ = [
    "NotYet",
    "Question",
    "Wrong",
    "array",
    "close",
    "number",
    "passed",
    "question",
    "summary",
    "that",
]
