"""Messages for students: without terminal codes, and with the cause of the error they name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import TypeVar

from course_lib.check.source_code import MAX_CODE, binds

_T = TypeVar("_T")

# Colours and other commands to a terminal (ECMA-48), whole or cut off; then their remains.
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]?|\x1b\][^\x07\x1b]*(\x07|\x1b\\)?|\x1b[ -/]*[0-~]?"
    r"|\x9b[0-?]*[ -/]*[@-~]?|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)
_NOT_DEFINED = re.compile(r"(?:\bname '(\w{1,100})'|\b(\w{1,100})) is not defined")
# The imports of the lessons' first cells, for students who deleted the line.
_USUAL = {
    "check": "from course_lib import check",
    "keras": "import keras",
    "np": "import numpy as np",
    "plt": "import matplotlib.pyplot as plt",
    "tf": "import tensorflow as tf",
}
_MAX_CAUSES = 4  # of a message: a cell failed because a cell failed because a cell failed …


def without_escapes(text: str) -> str:
    """Return a text without the commands to a terminal that it holds, such as colours.

    Examples
    --------
    >>> without_escapes("\\x1b[1mtoo small\\x1b[0m")
    'too small'
    """
    return _ESCAPES.sub("", text)


def quoted(source: str) -> str:
    """Return the beginning of a cell, by which a reader recognises it."""
    lines = (line.strip() for line in source.splitlines())
    first = next((line for line in lines if line and not line.startswith("#")), source.strip())
    first = "".join(sign for sign in without_escapes(first) if sign.isprintable())
    return f'"{first[:60]}…"' if len(first) > 60 else f'"{first}"'


def causes(
    message: str, failed: Sequence[tuple[str, str]], skipped: Iterable[str] = ()
) -> list[str]:
    """Explain why a name in a message is not defined: the cell that failed, and the reason.

    Parameters
    ----------
    message : str
        Such as "NameError: name 'np' is not defined".
    failed : sequence of (str, str)
        The sources and the errors of the cells that failed.
    skipped : iterable of str
        The sources of the cells that were not executed.

    Returns
    -------
    list of str
        A sentence for each cell in the chain, empty where nothing is known.
    """
    failed, skipped = _bounded(failed, lambda cell: cell[0]), _bounded(skipped, str)
    sentences: list[str] = []
    seen: set[str] = set()
    while len(sentences) < _MAX_CAUSES and (missing := _NOT_DEFINED.search(message)):
        name = missing[1] or missing[2]
        if name in seen:
            break
        seen.add(name)
        source, error = next(((s, e) for s, e in failed if binds(s, name)), (None, ""))
        if source is not None:
            sentences.append(
                f"The cell that should define {name} failed: {error} (it begins {quoted(source)})."
            )
            message = error
            continue
        source = next((source for source in skipped if binds(source, name)), None)
        if source is not None:
            sentences.append(
                f"{name} is defined only in a cell that is skipped (it begins {quoted(source)}): "
                "define it in the cell of your answer."
            )
        elif name in _USUAL:
            sentences.append(f"No cell defines {name}: put the line `{_USUAL[name]}` back.")
        break
    return sentences


def _bounded(cells: Iterable[_T], source: Callable[[_T], str]) -> list[_T]:
    """Return the first cells, as many as are read in little time."""
    cells = list(cells)
    sizes = accumulate(len(source(cell)) for cell in cells)
    return [cell for cell, size in zip(cells, sizes, strict=True) if size <= MAX_CODE]
