"""A student's notebook as `course check` reads it: which cells to run, which questions it asks.

Read as plain JSON, so that a notebook which Colab saved (nbformat 4.0, no cell ids) is as good as
any other and students need no further package.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from course_lib.check.file_kinds import kind_of
from course_lib.check.messages import quoted
from course_lib.check.source_code import (
    SkippedCells,
    defined,
    own_definitions,
    statements,
    without_elsewhere,
)
from course_lib.check.written import Text, answers
from course_lib.errors import CourseError

ANSWER_SUFFIX = "-answer"  # of an answer's name in nbgrader's metadata
_TYPES = {"code": "code", "markdown": "text (Markdown)", "raw": "raw text"}

_HIDDEN = re.compile(r"### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS\n?", flags=re.DOTALL)
_HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.+?)\s*#*$", flags=re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    """One cell of a notebook.

    Attributes
    ----------
    number : int
        Its place, counted from 1; 0 for one that the notebook lacks.
    kind : {"code", "markdown", "raw"}
    source : str
    heading : str
        The heading above it; empty where there is none.
    explore : bool
        Whether the cell only shows something: it is not needed to try the answers.
    question : str or None
        The question that this cell's tests, or its text, belong to.
    points : float or None
        The points of the question.
    answers : str or None
        The question that this cell's code answers.
    name : str or None
        The cell's, in nbgrader's metadata.
    written : bool
        Whether this cell's content is an answer that is marked by hand.
    """

    number: int
    kind: str
    source: str
    heading: str = ""
    explore: bool = False
    question: str | None = None
    points: float | None = None
    answers: str | None = None
    name: str | None = None
    written: bool = False


@dataclass(frozen=True)
class PlannedQuestion:
    """A question that the notebook asks.

    Attributes
    ----------
    name : str
    points : float or None
        Its points; None where neither the notebook nor its released version states them.
    text : str or None
        The answer, for a question that is marked by hand; None for one that is tested.
    """

    name: str
    points: float | None
    text: str | None = None


@dataclass
class Plan:
    """The cells to run, and the questions that they answer.

    Attributes
    ----------
    cells : list of Cell
        The cells to run.
    questions : dict of str to PlannedQuestion
    remarks : dict of str to str
        Remarks for the student, by question.
    skipped : list of str
        The sources of the cells of code that are not run.
    notes : list of str
        Remarks for the student on the notebook as a whole.
    """

    cells: list[Cell] = field(default_factory=list)
    questions: dict[str, PlannedQuestion] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read(path: Path) -> list[Cell]:
    """Return the cells of a notebook.

    Raises
    ------
    CourseError
        If there is no such file, or it is not a notebook.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise CourseError(f"There is no file {path}: name the notebook to check.") from error
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        if kind := kind_of(data):
            raise CourseError(
                f"{path} is {kind}, not a notebook: download or save it again."
            ) from error
        if isinstance(error, UnicodeDecodeError):
            raise CourseError(f"{path} is not a notebook: it is not text.") from error
        where = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise CourseError(
            f"{path} is damaged or not a notebook: it is not valid JSON{where}. "
            "Download or save it again."
        ) from error
    entries = document.get("cells") if isinstance(document, dict) else None
    if isinstance(document, dict) and "worksheets" in document:
        raise CourseError(
            f"{path} has an old notebook format: open it in JupyterLab and save it once."
        )
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise CourseError(f"{path} is not a notebook: it has no list of cells.")
    cells: list[Cell] = []
    heading = ""
    for number, entry in enumerate(entries, start=1):
        cell = _cell(number, entry, heading)
        if cell.kind == "markdown" and (headings := _HEADING.findall(cell.source)):
            heading = headings[-1]
        cells.append(cell)
    return cells


def plan(cells: list[Cell], released: list[Cell] | None = None) -> Plan:
    """Decide which cells to run, with the released notebook's tests where they are known.

    Parameters
    ----------
    cells : list of Cell
        The student's.
    released : list of Cell, optional
        Those of the notebook as it was handed out: its tests count where the student's own were
        changed or deleted.
    """
    handed_out = {cell.question: cell for cell in released or () if cell.question}
    named = {cell.name: cell for cell in released or () if cell.name}
    skipped_cells = SkippedCells.of(
        cell.source for cell in released or () if cell.kind == "code" and cell.explore
    )
    made = Plan()
    tested: set[str] = set()
    colab: set[str] = set()
    for cell in handed_out.values():
        made.questions[cell.question] = _planned(cell)
    cells = [_of_its_type(cell, named.get(cell.name), made) for cell in cells]
    for cell in cells:
        name = cell.question
        if name and cell.kind != "code":
            made.questions[name] = _planned(cell, handed_out.get(name))
        elif name:
            test = handed_out.get(name, cell)
            if test.kind == "code":
                if _gist(test.source) != _gist(cell.source):
                    made.remarks[name] = "The tests were changed; the ones handed out were run."
                cell = Cell(cell.number, "code", test.source, cell.heading, question=name)
                made.questions.setdefault(name, _planned(test))
                tested.add(name)
        elif cell.answers and cell.answers not in made.questions:
            made.questions[cell.answers] = PlannedQuestion(cell.answers, None)
        if cell.kind == "code":
            _add_code(cell, skipped_cells if released else None, made, colab)
    if released is not None:
        _find_texts(cells, released, made)
    texts = {cell.question for cell in cells if cell.kind != "code"}
    for name, question in made.questions.items():
        if question.text is not None and name not in texts:
            if released is None or not question.text:
                made.questions[name] = PlannedQuestion(name, question.points, "")
            made.remarks[name] = "Its cell is missing: copy it from the notebook handed out."
        elif question.text is None and name not in tested:
            if name in handed_out:
                made.remarks[name] = "The tests were missing; the ones handed out were run."
                made.cells.append(Cell(0, "code", handed_out[name].source, question=name))
            else:
                made.remarks[name] = (
                    "The cell with the tests is missing: copy it from the notebook handed out."
                )
    return made


def _of_its_type(cell: Cell, original: Cell | None, made: Plan) -> Cell:
    """Return an answer's cell as it was handed out, where it was turned into another type."""
    if original is not None:
        kind = original.kind if original.answers or original.written else cell.kind
    elif cell.written:  # a text, as far as can be told without the notebook handed out
        kind = "code" if cell.kind == "code" and statements(cell.source) else "markdown"
    else:
        kind = "code" if cell.answers else cell.kind
    if kind == cell.kind:
        return cell
    name = cell.answers or cell.question or cell.name
    made.remarks[name] = (
        f"Its cell had become {_TYPES.get(cell.kind, cell.kind)}; it counts as {_TYPES[kind]} "
        "again. Change its type in the notebook, too."
    )
    return replace(cell, kind=kind)


def _add_code(cell: Cell, skipped_cells: SkippedCells | None, made: Plan, colab: set[str]) -> None:
    """Add a cell of code to a plan as the grader executes it, or the part that it executes."""
    source, gone = without_elsewhere(cell.source, colab)
    made.notes += [f"A line that works only elsewhere was left out: {line}" for line in gone]
    cell = replace(cell, source=source)
    is_original = skipped_cells is not None and source.strip() in skipped_cells.sources
    skipped = cell.explore or is_original
    if skipped:
        made.skipped.append(source)
    is_own = skipped_cells is not None and not is_original
    if is_own and not cell.question and (skipped or skipped_cells.merged_into(source)):
        definitions = own_definitions(source, skipped_cells)
        if definitions:
            made.cells.append(replace(cell, source=definitions))
            what = "is skipped, but" if skipped else "also explores:"
            made.notes.append(
                f"The cell that begins {quoted(source)} {what} what it defines was run."
            )
            # An answer that was merged into an exploring cell may need the rest of it.
            skipped = skipped and defined(source).isdisjoint(made.questions)
    if not skipped:
        made.cells.append(cell)


def _find_texts(cells: list[Cell], released: list[Cell], made: Plan) -> None:
    """Fill in the written answers that lie around their cells, as the grader finds them."""
    names = [cell.name for cell in released if cell.written and cell.kind != "code"]
    texts, _ = answers(
        [Text(cell.kind, cell.source, cell.name) for cell in cells],
        [Text(cell.kind, cell.source, cell.name) for cell in released],
        names,
    )
    for name in names:
        question = made.questions[name]
        made.questions[name] = replace(question, text=texts.get(name, ""))


def released_version(path: Path, root: Path | None) -> Path | None:
    """Return the notebook that was handed out, for a student's copy of it; None if unknown.

    Parameters
    ----------
    path : Path
        The student's notebook; "04-Title (1).ipynb" is a copy of "04-Title.ipynb".
    root : Path or None
        The course's folder.
    """
    if root is None:
        return None
    # Both folders hold the same; students answer in one of them, which is then no reference.
    candidates = [
        candidate
        for pattern in ("assignments/*/*.ipynb", "notebooks/*.ipynb")
        for candidate in sorted(root.glob(pattern))
        if not candidate.samefile(path)
    ]
    names = [candidate for candidate in candidates if path.stem.startswith(candidate.stem)]
    numbers = [
        candidate
        for candidate in candidates
        if re.match(r"\d+-", path.stem) and candidate.name.startswith(path.stem.split("-")[0] + "-")
    ]
    return next(iter([*names, *numbers]), None)


def _cell(number: int, entry: dict[str, Any], heading: str) -> Cell:
    source = entry.get("source", "")
    if isinstance(source, list):
        source = "".join(str(line) for line in source)
    kind, source = str(entry.get("cell_type")), str(source)
    metadata = entry.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    tags = metadata.get("tags")
    explore = isinstance(tags, list) and "explore" in tags
    graded = metadata.get("nbgrader")
    graded = graded if isinstance(graded, dict) else {}
    grade_id = graded.get("grade_id")
    points = graded.get("points")
    points = float(points) if isinstance(points, int | float) else None
    question = answers = None
    written = False
    if isinstance(grade_id, str) and grade_id:
        written = bool(graded.get("grade") and graded.get("solution"))
        if graded.get("grade"):
            question = grade_id
        elif graded.get("solution"):
            answers = grade_id.removesuffix(ANSWER_SUFFIX)
    if question is None and kind == "code":
        question, points = _question_in(source)
    name = grade_id if isinstance(grade_id, str) and grade_id else None
    return Cell(number, kind, source, heading, explore, question, points, answers, name, written)


def _question_in(source: str) -> tuple[str | None, float | None]:
    """Return the question that a cell's code asks, where its metadata is lost."""
    if "check.question(" not in source:
        return None, None
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None, None
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if ast.unparse(call.func) == "check.question" and call.args:
            name = getattr(call.args[0], "value", None)
            points = next(
                (getattr(k.value, "value", None) for k in call.keywords if k.arg == "points"), None
            )
            if isinstance(name, str):
                return name, float(points) if isinstance(points, int | float) else None
    return None, None


def _gist(source: str) -> str:
    """Return code without its layout, its comments and nbgrader's hidden lines, for comparing."""
    source = _HIDDEN.sub("", source)
    try:
        return ast.dump(ast.parse(source))
    except (SyntaxError, ValueError):
        return source.strip()


def _planned(cell: Cell, original: Cell | None = None) -> PlannedQuestion:
    points = original.points if original is not None else cell.points
    return PlannedQuestion(
        cell.question, points, None if cell.kind == "code" else cell.source.strip()
    )
