"""From submissions to verdicts, gradebook, feedback and marks.

What a file of hidden checks needs is offered here; the steps of grading stand in their own modules.
"""

import sys

# nbformat loads jsonschema, which loads this to check a kind of address that no notebook has. That
# takes two seconds; jsonschema does without where it is missing.
sys.modules.setdefault("rfc3987_syntax", None)

from course_lib.grading.calls import (  # noqa: E402
    call,
    dense_network,
    describe,
    forward,
    generator,
    initializer,
    penalty,
    predict,
    randomize_weights,
    set_weights,
    weights,
)
from course_lib.grading.questions import load_checks, question, written  # noqa: E402
from course_lib.grading.rehearsal import rehearse  # noqa: E402

__all__ = [
    "call",
    "dense_network",
    "describe",
    "forward",
    "generator",
    "initializer",
    "load_checks",
    "penalty",
    "predict",
    "question",
    "randomize_weights",
    "rehearse",
    "set_weights",
    "weights",
    "written",
]
