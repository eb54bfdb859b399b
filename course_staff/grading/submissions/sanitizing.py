"""From a student's file to the notebook that is executed and kept.

Sanitising is pure, and never fails: whatever the file holds, a notebook comes out of it that is
built again from plain parts, with the assignment's own test cells in place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from course_lib.check.file_kinds import kind_of
from course_lib.check.messages import quoted
from course_lib.check.source_code import (
    MAX_CODE,
    SkippedCells,
    defined,
    own_definitions,
    without_elsewhere,
)
from course_lib.check.written import Text, added, answers, is_empty, is_hidden
from course_staff.grading.assignments.assignment import (
    EXPLORE_TAGS,
    Assignment,
    Handout,
    is_explore,
)
from course_staff.grading.submissions.pictures import Pictures

if TYPE_CHECKING:
    from nbformat import NotebookNode

# Far above any honest notebook: a whole lesson with its pictures has some hundred KB.
MAX_NOTEBOOK_BYTES = 30_000_000  # bytes
MAX_CELLS = 2_000
MAX_CELL_LENGTH = 200_000  # characters, pictures not counted
# The types of cells, those of the format before version 4 too.
_KINDS = {
    "code": "code",
    "markdown": "markdown",
    "raw": "raw",
    "heading": "markdown",
    "html": "markdown",
    "plaintext": "raw",
}
_TYPES = {"code": "code", "markdown": "text (Markdown)", "raw": "raw text"}
_DEFINITIONS = "# The definitions of the next cell, without the rest of it."


@dataclass(frozen=True)
class Submission:
    """One student's submission, sanitised.

    Attributes
    ----------
    notebook : NotebookNode
        The student's cells without outputs, and the assignment's own test cells; where nothing
        could be read, the assignment as it was handed out.
    executed : tuple of int
        The indices of the cells to execute, in order: code that neither explores nor tests;
        in a plain assignment all code.
    written : dict of str to str
        The answers that a person marks, by question; an untouched one is left out.
    remarks : tuple of str
        Remarks for the student on how the notebook was read.
    files : mapping of str to bytes
        The files beside the notebook while it is executed; the instructor's, not the student's.
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
    """Sanitise the notebook of a submission."""
    if data is None:
        return Submission("missing", _released(assignment), remarks=("No notebook was handed in.",))
    remarks: list[str] = []
    try:
        cells = list(_cells(data, assignment, remarks))
    except Unreadable as error:
        remark = f"The notebook could not be read: {error} Please hand in another copy."
        return Submission("unreadable", _released(assignment), remarks=(remark,))
    return _Assembling(assignment, cells, remarks).submission()


@dataclass(frozen=True)
class _StudentCell:
    """A cell of the student's, reduced to plain parts."""

    kind: str
    source: str
    grade_id: str | None
    tags: tuple[str, ...]
    attachments: dict[str, dict[str, str]] = field(default_factory=dict)


def _cells(data: bytes, assignment: Assignment, remarks: list[str]) -> Iterator[_StudentCell]:
    if len(data) > MAX_NOTEBOOK_BYTES:
        raise Unreadable(f"it is larger than {MAX_NOTEBOOK_BYTES / 1e6:.0f} MB.")
    try:
        tree = json.loads(data.decode("utf-8-sig"))
    except RecursionError:
        raise Unreadable("its JSON is nested too deeply.") from None
    except ValueError as error:
        if kind := kind_of(data):
            is_none = "" if kind == "empty" else ", not a notebook"
            raise Unreadable(f"it is {kind}{is_none}.") from None
        if isinstance(error, UnicodeDecodeError):
            raise Unreadable("it is not UTF-8 text.") from None
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
    if len(listed) > MAX_CELLS:
        raise Unreadable(f"it has {len(listed)} cells, at most {MAX_CELLS} are read.")
    pictures = Pictures(_attachments(assignment))
    for cell in listed:
        if (read := _cell(cell, pictures, remarks)) is not None:
            yield read
    remarks += pictures.remarks


def _attachments(assignment: Assignment) -> dict[str, Any]:
    """Return the pictures of the instructor's own texts, which a student's copy may have lost."""
    cells = assignment.release.cells
    return {name: one for c in cells for name, one in c.get("attachments", {}).items()}


def _cell(cell: Any, pictures: Pictures, remarks: list[str]) -> _StudentCell | None:
    if not isinstance(cell, dict):
        return None
    kind, source, attachments = cell.get("cell_type"), _source(cell), {}
    kind = _KINDS.get(kind) if isinstance(kind, str) else None
    if kind is None:
        if source.strip():
            remarks.append(f"A cell of no known type was left out: it begins {quoted(source)}.")
        return None

    def cut(source: str) -> str:
        if len(source) > MAX_CELL_LENGTH:
            remarks.append(
                f"The cell that begins {quoted(source[:1000])} has {len(source):,} characters: "
                f"what comes after the first {MAX_CELL_LENGTH:,} was left out."
            )
        return source[:MAX_CELL_LENGTH]

    if kind == "markdown":
        source, attachments = pictures.keep(source, cell.get("attachments"), cut)
    else:
        source = cut(source)
    metadata = cell.get("metadata") if isinstance(cell.get("metadata"), dict) else {}
    nbgrader = metadata.get("nbgrader")
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    tags = metadata.get("tags") if isinstance(metadata.get("tags"), list) else []
    return _StudentCell(
        kind,
        source,
        grade_id if isinstance(grade_id, str) else None,
        tuple(tag for tag in EXPLORE_TAGS if tag in tags),  # all others mean nothing here
        attachments,
    )


def _source(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    # Half a surrogate pair is valid JSON, but no text that can be written again.
    return source.encode("utf-8", "replace").decode() if isinstance(source, str) else ""


@dataclass(eq=False)
class _PlacedCell:
    """A cell of the sanitised notebook, and whether it is executed."""

    cell: NotebookNode
    runs: bool


class _Assembling:
    """Makes the sanitised notebook of a student's cells and of the assignment's own."""

    def __init__(
        self, assignment: Assignment, cells: list[_StudentCell], remarks: list[str]
    ) -> None:
        self.assignment, self.handout = assignment, assignment.handout
        self.cells, self.remarks = cells, remarks
        self.skipped_cells = _skipped_cells(self.handout.explore)
        self.rows: list[_PlacedCell] = []
        self.placed: dict[str, _PlacedCell] = {}
        self.colab: set[str] = set()  # the names that come from google.colab
        self.read = 0  # characters of code that were looked into
        # The student's cells that are the assignment's own, and the names of those that are of
        # their own type.
        self.chosen, self.typed = self._chosen()

    def submission(self) -> Submission:
        for index, cell in enumerate(self.cells):
            original = self.handout.cells.get(cell.grade_id or "")
            if original is not None and index in self.chosen:
                self._place(cell, original)
            elif original is not None:
                self._add_copy(cell, original)
            else:
                self._add(cell, cell.kind)
        written = self._written()
        self.remarks += [
            f"The cell of {grade_id} was missing or of another type; it is back."
            for grade_id in _put_back(self.rows, self.placed, self.handout)
        ]
        notebook = _empty(self.assignment)
        notebook.cells = [row.cell for row in self.rows]
        _number(notebook)
        executed = tuple(index for index, row in enumerate(self.rows) if row.runs)
        remarks, files = tuple(dict.fromkeys(self.remarks)), self.assignment.files
        return Submission("ok", notebook, executed, written, remarks, files)

    def _chosen(self) -> tuple[set[int], set[str]]:
        """Tell which cells are those that were handed out, where several have one name.

        Of a name, it is the first cell of the type that was handed out; where there is none, the
        first one that was turned into another type. A test cell is put back in any case.
        """
        first: dict[str, int] = {}
        typed: dict[str, int] = {}
        for index, cell in enumerate(self.cells):
            original = self.handout.cells.get(cell.grade_id or "")
            if original is None:
                continue
            if cell.kind == original.cell_type:
                typed.setdefault(cell.grade_id, index)
            elif not (original.metadata.nbgrader.locked and original.cell_type == "code"):
                first.setdefault(cell.grade_id, index)
        return set((first | typed).values()), set(typed)

    def _place(self, cell: _StudentCell, original: NotebookNode) -> None:
        """Take a cell for the one that was handed out under its name."""
        row = _PlacedCell(_copy(original), self.handout.runs(original))
        locked, kind = original.metadata.nbgrader.locked, original.cell_type
        if kind == "code":
            self._add_definitions(cell, skipped=locked)
        if not locked:
            row.cell.source = self._here(cell.source) if kind == "code" else _shown(cell.source)
            _attach(row.cell, cell.attachments)
        self._tell_type(cell, kind)
        self.rows.append(row)
        self.placed[cell.grade_id] = row
        if locked and kind != "code":
            text = added(cell.source, _reduced(original).source)
            if not is_empty(text):
                self.remarks.append(
                    f"The text of {cell.grade_id} is back as it was handed out: what was added "
                    "to it is in a cell below it."
                )
                self._add_text(text, cell.attachments)

    def _add_copy(self, cell: _StudentCell, original: NotebookNode) -> None:
        """Take a cell for another one beside that which was handed out under its name."""
        locked, kind = original.metadata.nbgrader.locked, original.cell_type
        if locked and kind == cell.kind == "code":  # of a test: splitting a cell makes two
            self._add_definitions(cell, skipped=True)
            return
        # An answer may have been split before its type was changed.
        is_answer = not locked and (kind == "markdown" or cell.grade_id not in self.typed)
        if is_answer:
            self._tell_type(cell, kind)
        self._add(cell, kind if is_answer else cell.kind)

    def _add(self, cell: _StudentCell, kind: str) -> None:
        """Take a cell for one of the student's own."""
        if kind == "markdown":
            self._add_text(cell.source, cell.attachments, cell.tags)
            return
        skipped = kind == "code" and self._skips(cell)
        runs = kind == "code" and not skipped
        if kind == "code":
            self._add_definitions(cell, skipped=skipped)
        source = self._here(cell.source) if runs else cell.source
        row = _PlacedCell(_new(kind, source), runs)
        if cell.tags:
            row.cell.metadata["tags"] = list(cell.tags)
        self.rows.append(row)

    def _add_text(
        self, source: str, attachments: dict[str, dict[str, str]], tags: tuple[str, ...] = ()
    ) -> None:
        row = _PlacedCell(_new("markdown", _shown(source)), runs=False)
        if tags:
            row.cell.metadata["tags"] = list(tags)
        _attach(row.cell, attachments)
        self.rows.append(row)

    def _add_definitions(self, cell: _StudentCell, *, skipped: bool) -> None:
        """Put a cell's definitions before it, where the rest of it is skipped or explores.

        A copied or split cell inherits its tag, and a merged one holds lines that fail without
        the skipped ones.
        """
        explore = is_explore(cell.tags) or self.skipped_cells.merged_into(cell.source)
        if self.handout.runs_all or cell.source.strip() in self.handout.explore:
            return
        if not (skipped or explore) or not self._may_read(cell.source):
            return
        source = self._here(own_definitions(cell.source, self.skipped_cells))
        if not source:
            return
        source = f"{_DEFINITIONS}\n{source}"
        if self.rows and self.rows[-1].cell.source == source:
            return  # it was done before
        self.rows.append(_PlacedCell(_new("code", source), runs=True))
        what = "is skipped, but" if skipped else "also explores:"
        self.remarks.append(
            f"The cell that begins {quoted(cell.source)} {what} what it defines was executed."
        )

    def _skips(self, cell: _StudentCell) -> bool:
        """Tell whether a cell explores or tests; one that defines an answer never does."""
        if self.handout.runs_all:
            return False
        if not is_explore(cell.tags) and cell.source.strip() not in self.handout.explore:
            return False
        return not (self._may_read(cell.source) and defined(cell.source) & self.handout.functions)

    def _may_read(self, source: str) -> bool:
        self.read += len(source)
        return self.read <= MAX_CODE

    def _here(self, source: str) -> str:
        """Return code without the lines that only work elsewhere."""
        if not self._may_read(source):
            return source
        source, gone = without_elsewhere(source, self.colab)
        self.remarks += [f"A line that works only elsewhere was left out: {line}" for line in gone]
        return source

    def _tell_type(self, cell: _StudentCell, kind: str) -> None:
        if cell.kind != kind:
            self.remarks.append(
                f"The cell of {cell.grade_id} had become {_TYPES[cell.kind]}; it is "
                f"{_TYPES[kind]} again."
            )

    def _written(self) -> dict[str, str]:
        """Return the answers that a person is to mark."""
        cells, questions = self.handout.cells, self.assignment.written
        anywhere = {name for name in questions if not cells[name].metadata.nbgrader.solution}
        names = [name for name in questions if name not in anywhere]
        texts, strays = answers(
            [Text(cell.kind, cell.source, cell.grade_id) for cell in self.cells],
            [_reduced(cell) for cell in self.assignment.release.cells],
            names,
            anywhere,
        )
        if strays and (open_ := [name for name in names if name not in texts]):
            self.remarks.append(
                f"There is no answer to {', '.join(open_)} in its cell or around it; text "
                "elsewhere in the notebook was not taken for one."
            )
        whole = "\n\n".join(row.cell.source for row in self.rows)
        return {name: whole for name in questions if name in anywhere} | texts


@lru_cache(8)
def _skipped_cells(explore: frozenset[str]) -> SkippedCells:
    return SkippedCells.of(explore)


def _reduced(cell: NotebookNode) -> Text:
    """Return a cell that was handed out as a student's copy of it is read."""
    name = cell.metadata.get("nbgrader", {}).get("grade_id")
    source = cell.source
    if cell.cell_type == "markdown":
        source, _ = Pictures().keep(source, cell.get("attachments"))
    return Text(cell.cell_type, source, name)


def _shown(source: str) -> str:
    """Return a text so that a page shows it, also where all of it is an HTML comment."""
    if not is_hidden(source):
        return source
    return source.replace("<!--", "&lt;!--").replace("-->", "--&gt;")


def _new(kind: str, source: str) -> NotebookNode:
    import nbformat.v4 as v4

    new = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell, "raw": v4.new_raw_cell}
    return new[kind](source)


def _attach(cell: NotebookNode, attachments: dict[str, dict[str, str]]) -> None:
    if attachments:
        cell["attachments"] = attachments
    else:
        cell.pop("attachments", None)


def _put_back(
    rows: list[_PlacedCell], placed: dict[str, _PlacedCell], handout: Handout
) -> Iterator[str]:
    """Put back the assignment's own cells that are missing; yield the names of all but answers.

    A test comes back as late as its place allows, and the instructor's other cells as early: what
    a student wrote between the two then stands where it did. An answer that comes back is only
    shown, for its student may have answered in another cell.
    """
    order = list(handout.cells)
    for number, (grade_id, original) in enumerate(handout.cells.items()):
        if grade_id in placed:
            continue
        nbgrader = original.metadata.nbgrader
        if nbgrader.grade:
            after = (placed[name] for name in order[number + 1 :] if name in placed)
            position = rows.index(row) if (row := next(after, None)) else len(rows)
        else:
            position = rows.index(placed[order[number - 1]]) + 1 if number else 0
        placed[grade_id] = _PlacedCell(_copy(original), nbgrader.locked and handout.runs(original))
        rows.insert(position, placed[grade_id])
        if nbgrader.grade or nbgrader.locked:
            yield grade_id


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
