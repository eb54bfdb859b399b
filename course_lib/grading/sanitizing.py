"""From the bytes that a student handed in to what is executed and what is kept.

Sanitising is pure, and never fails: whatever the file holds, a notebook comes out of it that is
built anew from plain parts, with the assignment's own test cells in place.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from course_lib.grading.assignments import ANSWER_SUFFIX, Assignment, Handout, is_passive

if TYPE_CHECKING:
    from nbformat import NotebookNode

# Far above any honest notebook: a whole lesson with its pictures has some hundred KB.
LARGEST = 30_000_000  # bytes
MOST_CELLS = 2_000
LONGEST_CELL = 200_000  # characters


@dataclass(frozen=True)
class Submission:
    """What one student handed in, sanitised.

    Attributes
    ----------
    status : {"ok", "missing", "unreadable"}
    notebook : NotebookNode
        The student's cells without outputs, and the assignment's own test cells; where nothing
        could be read, the assignment as it was handed out.
    executed : tuple of int
        The indices of the cells to execute, in order: code that neither only explores nor tests.
    written : dict of str to str
        The written answers by question; an untouched one is left out.
    remarks : tuple of str
        What the student should know about how the notebook was read.
    """

    status: str
    notebook: NotebookNode
    executed: tuple[int, ...] = ()
    written: dict[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


class Unreadable(Exception):
    """The file is not a notebook; the message says why, for the student."""


def sanitize(data: bytes | None, assignment: Assignment) -> Submission:
    """Read what a student handed in.

    Parameters
    ----------
    data : bytes or None
        The notebook file; None if there is none.
    assignment : Assignment

    Returns
    -------
    Submission
        Also for what is no notebook at all: its status and remarks say so.
    """
    if data is None:
        return Submission("missing", _released(assignment), remarks=("No notebook was handed in.",))
    try:
        cells = list(_cells(data))
    except Unreadable as error:
        remark = f"The notebook could not be read: {error} Please hand in another copy."
        return Submission("unreadable", _released(assignment), remarks=(remark,))
    return _assembled(cells, assignment)


@dataclass(frozen=True)
class _Cell:
    """A cell of the student's, reduced to plain parts."""

    kind: str
    source: str
    grade_id: str | None
    tags: tuple[str, ...]


def _cells(data: bytes) -> Iterator[_Cell]:
    if len(data) > LARGEST:
        raise Unreadable(f"it has {len(data) / 1e6:.0f} MB, at most {LARGEST / 1e6:.0f} are read.")
    try:
        tree = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Unreadable("it is not UTF-8 text.") from None
    except RecursionError:
        raise Unreadable("its JSON is nested too deeply.") from None
    except ValueError:
        raise Unreadable("it is not valid JSON, as if it had been cut off.") from None
    if not isinstance(tree, dict):
        raise Unreadable("it is JSON, but not a notebook.")
    listed = tree.get("cells")
    if listed is None:  # the format before version 4 keeps its cells in worksheets
        worksheets = tree.get("worksheets")
        listed = [
            cell
            for sheet in (worksheets if isinstance(worksheets, list) else [])
            if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list)
            for cell in sheet["cells"]
        ] or None
    if not isinstance(listed, list):
        raise Unreadable("it is JSON, but it has no list of cells.")
    if len(listed) > MOST_CELLS:
        raise Unreadable(f"it has {len(listed)} cells, at most {MOST_CELLS} are read.")
    for cell in listed:
        if (read := _cell(cell)) is not None:
            yield read


def _cell(cell: Any) -> _Cell | None:
    if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
        return None
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    # Half a surrogate pair is valid JSON, but no text that can be written again.
    source = source.encode("utf-8", "replace").decode() if isinstance(source, str) else ""
    metadata = cell.get("metadata") if isinstance(cell.get("metadata"), dict) else {}
    nbgrader = metadata.get("nbgrader")
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    tags = metadata.get("tags") if isinstance(metadata.get("tags"), list) else []
    return _Cell(
        cell["cell_type"],
        source[:LONGEST_CELL],
        grade_id if isinstance(grade_id, str) else None,
        tuple(tag for tag in tags if isinstance(tag, str)),
    )


def _assembled(cells: list[_Cell], assignment: Assignment) -> Submission:
    import nbformat.v4 as v4

    handout = assignment.handout
    notebook = _empty(assignment)
    executed: list[int] = []
    written: dict[str, str] = {}
    remarks: list[str] = []
    placed: set[str] = set()
    for cell in cells:
        known = handout.cells.get(cell.grade_id or "")
        if known is not None and cell.grade_id not in placed and cell.kind == known.cell_type:
            placed.add(cell.grade_id)
            kept = _copy(known)
            if not known.metadata.nbgrader.locked:
                kept.source = cell.source
            notebook.cells.append(kept)
            if cell.grade_id in assignment.written:
                if cell.source.strip() != known.source.strip():
                    written[cell.grade_id] = cell.source
            elif known.metadata.nbgrader.solution:
                executed.append(len(notebook.cells) - 1)
            continue
        if known is not None and known.metadata.nbgrader.grade and cell.kind == "code":
            continue  # another copy of a test cell
        new = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell, "raw": v4.new_raw_cell}
        made = new[cell.kind](cell.source)
        if cell.tags:
            made.metadata["tags"] = list(cell.tags)
        notebook.cells.append(made)
        if cell.kind == "code" and not _skips(cell, handout):
            executed.append(len(notebook.cells) - 1)
        elif cell.kind == "markdown" and cell.grade_id in assignment.written:
            written.setdefault(cell.grade_id, "")
            written[cell.grade_id] = f"{written[cell.grade_id]}\n\n{cell.source}".strip()
    for grade_id, known in handout.cells.items():
        if grade_id not in placed:
            notebook.cells.append(_copy(known))
            if not grade_id.endswith(ANSWER_SUFFIX):
                remarks.append(
                    f"The cell of {grade_id} was missing or of another type; it is back."
                )
    _number(notebook)
    return Submission("ok", notebook, tuple(executed), written, tuple(remarks))


def _skips(cell: _Cell, handout: Handout) -> bool:
    """Tell whether a cell only explores or tests; a cell that defines an answer never does."""
    if not is_passive(cell.tags) and cell.source.strip() not in handout.passive:
        return False
    return not (_defined(cell.source) & handout.functions)


def _defined(source: str) -> set[str]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def _empty(assignment: Assignment) -> NotebookNode:
    import nbformat

    return nbformat.v4.new_notebook(metadata=_copy(assignment.release.metadata))


def _released(assignment: Assignment) -> NotebookNode:
    return _copy(assignment.release)


def _copy(node: NotebookNode) -> NotebookNode:
    import nbformat

    return nbformat.from_dict(json.loads(json.dumps(node)))


def _number(notebook: NotebookNode) -> None:
    """Give every cell an id of its own, the same for the same notebook."""
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
