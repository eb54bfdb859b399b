"""Verdicts: from the replies of a student's kernel to points and messages, in a trusted process.

Judging is pure: the same replies under the same seed give the same verdict, and nothing that
comes from the student's kernel is executed. A corrected check can judge a whole class again.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from course_lib.check.messages import without_escapes
from course_lib.errors import CourseError
from course_staff.grading.judging.questions import Question
from course_staff.grading.judging.verdicts import Judge, JudgedPart, Reply, Verdict, failure_text
from course_staff.grading.protocol.calls import Call
from course_staff.grading.protocol.responder import UNANSWERED

# An answer that changes its inputs in place loses the last half point.
IN_PLACE_COST = 0.5


def prepare_check(question: Question, seed: int) -> tuple[Any, list[Call]]:
    """Return a fresh check and the calls that it makes under a seed.

    The same seed gives the same calls; every question draws from a generator of its own.
    """
    check = question.check()
    rng = np.random.default_rng([seed, zlib.crc32(question.name.encode())])
    return check, list(check.requests(rng))


def judge(question: Question, replies: Sequence[Any], *, seed: int) -> Verdict:
    """Judge the replies to a question's calls."""
    check, calls = prepare_check(question, seed)
    given = [*replies, *[None] * len(calls)][: len(calls)]
    read = [Reply.read(call, data) for call, data in zip(calls, given, strict=True)]
    errors = {reply.error for reply in read}
    if len(errors) == 1 and None not in errors:  # nothing to judge: report it once
        return Verdict(0.0, question.points, (_failure(question, errors.pop()),))
    judge = Judge()
    stopped = None
    try:
        check.verdict(read, judge)
    except AssertionError as error:
        stopped = str(error)
    except Exception as error:
        stopped = f"The answer has an unexpected form ({type(error).__name__}: {error})."
    if stopped is None:
        _require_sum(question, judge.parts)
    score = sum(part.points for part in judge.parts if part.ok)
    messages = [str(part) for part in judge.parts]
    if stopped is not None:
        messages.append(f"✗ {stopped}")
    if score and any(reply.changed for reply in read):
        cost = min(IN_PLACE_COST, score)
        score -= cost
        messages.append(
            f"✗ −{cost:g}: {question.name} changes an argument in place; copy it first."
        )
    precisions = {reply.precision for reply in read} - {None}
    if precisions and score < question.points:
        messages.append(
            f"✗ {question.name} switches Keras to {min(precisions)}, which keeps three digits; "
            "the checks want float32."
        )
    lines = tuple(without_escapes(message) for message in messages)
    return Verdict(round(score, 4), question.points, lines)


def _failure(question: Question, error: str | None) -> str:
    if error == UNANSWERED:
        return f"✗ {question.name} was not answered."
    return f"✗ {failure_text(question.name, error or '')}"


def _require_sum(question: Question, parts: Sequence[JudgedPart]) -> None:
    total = sum(part.points for part in parts)
    if abs(total - question.points) > 1e-9:
        raise CourseError(
            f"The check of {question.name} judges parts of {total:g} points in all, but the "
            f"question carries {question.points:g}: correct one of the two."
        )
