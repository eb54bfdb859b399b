"""Trying a hidden check on an answer in this very process, for authors and tests.

Only for sources that one trusts, such as one's own: nothing is isolated here.
"""

from __future__ import annotations

from typing import Any

from course_staff.grading.judging.judging import judge, prepare_check
from course_staff.grading.judging.questions import Question
from course_staff.grading.judging.verdicts import Verdict
from course_staff.grading.protocol.responder import answer, pack, unpack


def rehearse(question: Question, source: str, *, seed: int = 0) -> Verdict:
    """Judge an answer that is given as source code.

    Parameters
    ----------
    question : Question
        With a hidden check.
    source : str
        Python that defines the question's function.
    seed : int, optional
        For the hidden inputs.

    Raises
    ------
    Exception
        Any exception that the source raises when it is executed.
    """
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(source, f"<answer to {question.name}>", "exec"), namespace)
    return rehearse_in(question, namespace, seed=seed)


def rehearse_in(question: Question, namespace: dict[str, Any], *, seed: int = 0) -> Verdict:
    """Judge an answer whose function is in a namespace already."""
    _, calls = prepare_check(question, seed)
    # As in real grading, requests and replies pass through bytes: no object is shared.
    replies = [unpack(pack(answer(unpack(pack(call.request)), namespace))) for call in calls]
    return judge(question, replies, seed=seed)
