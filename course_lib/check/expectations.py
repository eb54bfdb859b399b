"""Expectations that an answer must meet, with messages for the student who wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # NumPy itself is imported on first use: `course --help` needs none
    import numpy as np

# Float32 arithmetic in another order of summation stays well within these.
RTOL, ATOL = 1e-4, 1e-5


class Wrong(AssertionError):
    """An answer is not as expected: the message gives the student the expectation and a hint."""


def that(condition: Any, message: str) -> None:
    """Expect a condition to hold.

    Raises
    ------
    Wrong
        With `message`, if it does not.
    """
    if not condition:
        raise Wrong(message)


def array(value: Any, what: str, *, shape: Sequence[int | None] | None = None) -> np.ndarray:
    """Expect numbers in a given shape, and return them as an array.

    Parameters
    ----------
    value : array_like
        Anything that `numpy.asarray` takes, a Keras tensor too.
    what : str
        Its name in the messages, such as "the scaled training set".
    shape : sequence of int or None, optional
        The expected shape; None stands for any length.

    Returns
    -------
    numpy.ndarray
        Of a boolean, integer or floating type.

    Raises
    ------
    Wrong
        If it holds anything but numbers, or has another shape.

    Examples
    --------
    >>> array([[1, 2, 3]], "the table", shape=(None, 2))
    Traceback (most recent call last):
    course_lib.check.expectations.Wrong: the table: expected shape (any, 2), got shape (1, 3).
    """
    import numpy as np

    if value is None:
        raise Wrong(f"{what}: got None. Is there a `return`?")
    try:
        result = np.asarray(value)
    except Exception as error:  # whatever the student's object does when it is converted
        raise Wrong(f"{what}: expected an array, got {_kind(value)}.") from error
    if result.dtype.name.startswith(("bfloat16", "float8")):  # no types of NumPy's own
        result = result.astype("float32")
    if result.dtype.kind not in "biuf":
        dtype = f" of the dtype {result.dtype.name}" if result.dtype.kind not in "OUS" else ""
        raise Wrong(f"{what}: expected an array of numbers, got {_kind(value)}{dtype}.")
    if shape is not None and not _fits(result.shape, shape):
        raise Wrong(f"{what}: expected shape {_shape(shape)}, got shape {_shape(result.shape)}.")
    return result


def number(value: Any, what: str) -> float:
    """Expect one finite number (a float, an array or a tensor of one entry), and return it.

    Raises
    ------
    Wrong
        If it is not one, not finite, or not a number.
    """
    import numpy as np

    numbers = array(value, what)
    if numbers.size != 1:
        raise Wrong(f"{what}: expected one number, got shape {_shape(numbers.shape)}.")
    result = float(numbers.reshape(()))
    if not np.isfinite(result):
        raise Wrong(f"{what}: expected a finite number, got {result}.")
    return result


def close(
    value: Any,
    expected: Any,
    what: str,
    *,
    hint: str = "",
    rtol: float = RTOL,
    atol: float = ATOL,
) -> None:
    """Expect numbers near others, in the same shape.

    Parameters
    ----------
    value, expected : array_like
        The value found and the right one.
    what : str
        The value's name in the message.
    hint : str, optional
        A sentence that helps without giving the answer away.
    rtol, atol : float, optional
        Allowed: ``|value − expected| ≤ atol + rtol · |expected|``.

    Raises
    ------
    Wrong
        If the shape differs, a value is not finite, or one lies too far off.
    """
    import numpy as np

    expected = np.asarray(expected, "float64")
    found = array(value, what, shape=expected.shape).astype("float64")
    hint = f" {hint}" if hint else ""
    if not np.isfinite(found).all():
        raise Wrong(f"{what}: {np.sum(~np.isfinite(found))} values are not finite.{hint}")
    far = np.abs(found - expected) > atol + rtol * np.abs(expected)
    if far.any():
        how_many = "the value" if far.size == 1 else f"{far.sum()} of {far.size} values"
        raise Wrong(
            f"{what}: {how_many} differ{'s' if far.size == 1 else ''} from what is expected.{hint}"
        )


def _fits(shape: tuple[int, ...], expected: Sequence[int | None]) -> bool:
    return len(shape) == len(expected) and all(
        want is None or have == want for have, want in zip(shape, expected, strict=True)
    )


def _shape(shape: Sequence[int | None]) -> str:
    lengths = ["any" if length is None else str(length) for length in shape]
    return f"({', '.join(lengths)}{',' if len(lengths) == 1 else ''})"


def _kind(value: Any) -> str:
    return f"{type(value).__name__}"
