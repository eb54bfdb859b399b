"""From submissions to verdicts, gradebook, feedback and marks.

Files of hidden checks import their names from here; the steps of grading are in their own modules.
"""

from course_staff.grading.judging.questions import load_checks, question, written
from course_staff.grading.judging.rehearsal import rehearse
from course_staff.grading.protocol.calls import (
    call,
    dense_network,
    describe,
    forward,
    generator,
    initializer,
    kind,
    outline,
    penalty,
    pick,
    predict,
    randomize_weights,
    set_weights,
    weights,
)

__all__ = [
    "call",
    "dense_network",
    "describe",
    "forward",
    "generator",
    "initializer",
    "kind",
    "load_checks",
    "outline",
    "penalty",
    "pick",
    "predict",
    "question",
    "randomize_weights",
    "rehearse",
    "set_weights",
    "weights",
    "written",
]
