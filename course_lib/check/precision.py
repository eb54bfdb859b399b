"""Visible tests compare numbers to 0.01 %: 16-bit precision is switched off while they run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# As in course_staff/grading/protocol/responder.py, which can import nothing of the course.
SIXTEEN_BITS = ("float16", "bfloat16", "mixed_float16", "mixed_bfloat16")


def sixteen_bits() -> str | None:
    """Return the name of the 16-bit precision in which Keras computes here, or None."""
    if "keras" not in sys.modules:
        return None
    config = sys.modules["keras"].config
    for name in (config.dtype_policy().name, config.floatx()):
        if name in SIXTEEN_BITS:
            return name
    return None


@contextmanager
def full_precision() -> Iterator[None]:
    """Let Keras compute in float32 if it computes in 16 bits, and afterwards as before."""
    if sixteen_bits() is None:
        yield
        return
    config = sys.modules["keras"].config
    policy, floatx = config.dtype_policy(), config.floatx()
    config.set_floatx("float32")
    config.set_dtype_policy("float32")
    try:
        yield
    finally:
        config.set_floatx(floatx)
        config.set_dtype_policy(policy)
