"""From the bytes that a student handed in to what is executed and what is kept.

Sanitising is pure, and never fails: whatever the file holds, a notebook comes out of it that is
built anew from plain parts, with the assignment's own test cells in place.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from course_lib.grading.assignments import PASSIVE_TAGS, Assignment, Handout, is_passive

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
        The indices of the cells to execute, in order: code that neither only explores nor tests;
        in a plain assignment all code.
    written : dict of str to str
        The answers that a person marks, by question; an untouched one is left out.
    remarks : tuple of str
        What the student should know about how the notebook was read.
    files : mapping of str to bytes
        What lies beside the notebook while it is executed; the instructor's, not the student's.
    """

    status: str
    notebook: NotebookNode
    executed: tuple[int, ...] = ()
    written: dict[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)


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
        raise Unreadable(f"it is larger than {LARGEST / 1e6:.0f} MB.")  # no more was read
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
        tuple(tag for tag in PASSIVE_TAGS if tag in tags),  # all others mean nothing here
    )


def _assembled(cells: list[_Cell], assignment: Assignment) -> Submission:
    import nbformat.v4 as v4

    handout = assignment.handout
    new = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell, "raw": v4.new_raw_cell}
    rows: list[_Row] = []
    written: dict[str, str] = {}
    placed: dict[str, _Row] = {}
    for cell in cells:
        known = handout.cells.get(cell.grade_id or "")
        if known is not None and cell.grade_id not in placed and cell.kind == known.cell_type:
            row = _Row(_copy(known), handout.runs(known))
            if not known.metadata.nbgrader.locked:
                row.cell.source = cell.source
            if cell.grade_id in assignment.written and cell.source.strip() != known.source.strip():
                written[cell.grade_id] = cell.source
            rows.append(row)
            placed[cell.grade_id] = row
            continue
        if known is not None and known.metadata.nbgrader.locked and cell.kind == "code":
            continue  # another copy of a test cell
        row = _Row(new[cell.kind](cell.source), cell.kind == "code" and not _skips(cell, handout))
        if cell.tags:
            row.cell.metadata["tags"] = list(cell.tags)
        rows.append(row)
        if cell.kind == "markdown" and cell.grade_id in assignment.written:
            written.setdefault(cell.grade_id, "")
            written[cell.grade_id] = f"{written[cell.grade_id]}\n\n{cell.source}".strip()
    for name in assignment.written:
        if not handout.cells[name].metadata.nbgrader.solution:  # the answer may stand anywhere
            written[name] = "\n\n".join(row.cell.source for row in rows)
        elif name not in placed and name not in written and (own := _own_texts(cells, assignment)):
            written[name] = own  # its cell lost its name: a person is to find the answer
    remarks = tuple(
        f"The cell of {grade_id} was missing or of another type; it is back."
        for grade_id in _put_back(rows, placed, handout)
    )
    notebook = _empty(assignment)
    notebook.cells = [row.cell for row in rows]
    _number(notebook)
    executed = tuple(index for index, row in enumerate(rows) if row.runs)
    return Submission("ok", notebook, executed, written, remarks, assignment.files)


def _own_texts(cells: list[_Cell], assignment: Assignment) -> str:
    """Return the Markdown that was not handed out."""
    handed_out = {cell.source.strip() for cell in assignment.release.cells}
    texts = (cell.source.strip() for cell in cells if cell.kind == "markdown")
    return "\n\n".join(text for text in texts if text not in handed_out)


@dataclass(eq=False)
class _Row:
    """A cell of the sanitised notebook, and whether it is executed."""

    cell: NotebookNode
    runs: bool


def _put_back(rows: list[_Row], placed: dict[str, _Row], handout: Handout) -> Iterator[str]:
    """Put back the assignment's own cells that are missing; yield the names of all but answers.

    A test comes back as late as its place allows, and the instructor's other cells as early: what
    a student wrote between the two then stands where it did. An answer that comes back is only
    shown, for its student may have answered in another cell.
    """
    order = list(handout.cells)
    for number, (grade_id, known) in enumerate(handout.cells.items()):
        if grade_id in placed:
            continue
        nbgrader = known.metadata.nbgrader
        if nbgrader.grade:
            after = (placed[name] for name in order[number + 1 :] if name in placed)
            position = rows.index(row) if (row := next(after, None)) else len(rows)
        else:
            position = rows.index(placed[order[number - 1]]) + 1 if number else 0
        placed[grade_id] = _Row(_copy(known), nbgrader.locked and handout.runs(known))
        rows.insert(position, placed[grade_id])
        if nbgrader.grade or nbgrader.locked:
            yield grade_id


def _skips(cell: _Cell, handout: Handout) -> bool:
    """Tell whether a cell only explores or tests; a cell that defines an answer never does."""
    if handout.runs_all:
        return False
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
