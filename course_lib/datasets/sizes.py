"""The `size` option of picture data sets."""

from __future__ import annotations

from course_lib.errors import DataError

Size = int | tuple[int, int]


def height_and_width(size: Size) -> tuple[int, int]:
    """Return a size as height and width; one number stands for a square.

    Raises
    ------
    DataError
        If it is not one or two positive whole numbers.

    Examples
    --------
    >>> height_and_width(160), height_and_width((180, 240))
    ((160, 160), (180, 240))
    """
    sides = (size, size) if isinstance(size, int) else size
    whole = isinstance(sides, tuple | list) and all(isinstance(edge, int) for edge in sides)
    if not whole or len(sides) != 2 or min(sides) < 1:
        raise DataError(
            f"size={size!r} is not a size: give a positive number, or (height, width) in pixels."
        )
    return sides[0], sides[1]
