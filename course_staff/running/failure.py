"""The place and the reason at which a notebook stopped."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.+?)\s*#*$", flags=re.MULTILINE)


@dataclass(frozen=True)
class Failure:
    """The place and the reason at which a notebook stopped.

    Attributes
    ----------
    cell : int
        The cell's place in the executed notebook, counted from 1, without the two notices that
        papermill adds about the failure.
    cells : int
        How many cells the notebook has.
    heading : str
        The heading above the cell; empty where there is none.
    name, message : str
        The error's class and text.
    traceback : tuple of str
        The last lines of its traceback; none where it says no more than the message.
    """

    cell: int
    cells: int
    heading: str
    name: str
    message: str
    traceback: tuple[str, ...] = ()

    def __str__(self) -> str:
        under = f', under "{self.heading}"' if self.heading else ""
        message = f": {self.message}" if self.message else ""
        return f"cell {self.cell} of {self.cells}{under}: {self.name}{message}"


def failure_at(
    notebook: NotebookNode, index: int, name: str = "Error", message: str = ""
) -> Failure:
    """Describe the failure of one cell."""
    cells = notebook.cells
    outputs = cells[index].get("outputs", []) if cells else []
    errors = [output for output in outputs if output.output_type == "error"]
    lines: list[str] = []
    if errors:
        name, message = errors[-1].ename, _ANSI.sub("", errors[-1].evalue).strip()
        text = _ANSI.sub("", "\n".join(errors[-1].traceback)).rstrip()
        lines = [] if text == f"{name}: {message}" else text.splitlines()
    # A line of dashes holds no information.
    traceback = tuple([line for line in lines if line.strip("- ")][-8:])
    heading = heading_above(notebook, index)
    return Failure(min(index + 1, len(cells)), len(cells), heading, name, message, traceback)


def heading_above(notebook: NotebookNode, index: int) -> str:
    """Return the text of the nearest heading above a cell, or in it; empty without one."""
    for cell in reversed(notebook.cells[: index + 1]):
        if cell.cell_type == "markdown" and (headings := _HEADING.findall(cell.source)):
            return headings[-1]
    return ""
