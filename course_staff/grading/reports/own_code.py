"""Students' own code: the code cells of their notebooks that were not handed out."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from course_staff.grading.assignments.assignment import ANSWER_SUFFIX, Assignment

# Far above any honest submission. A person looks at longer code, not a program.
MAX_CODE = 50_000  # characters
# IPython's own lines. No white space beyond the line: that takes the square of the empty lines.
_MAGIC = re.compile(r"^([^\S\n]*)(?:[%!?].*|\S.*\?)$", re.MULTILINE)
_USUAL = {"np": "numpy", "tf": "tensorflow", "plt": "matplotlib.pyplot", "pd": "pandas"}


@dataclass(frozen=True)
class OwnCell:
    """A code cell that a student wrote.

    Attributes
    ----------
    place : str
        The question that it answers, or "cell 12" of the notebook.
    """

    place: str
    source: str


@dataclass(frozen=True)
class OwnCode:
    """A student's own code.

    Attributes
    ----------
    cells : tuple of OwnCell
        In the notebook's order.
    cut : bool
        Whether there is more than `MAX_CODE`; the rest is left out.
    """

    cells: tuple[OwnCell, ...] = ()
    cut: bool = False

    @property
    def lines(self) -> int:
        """How many lines hold more than white space."""
        return sum(bool(line.strip()) for cell in self.cells for line in cell.source.splitlines())


def read_own_code(out: Path, assignment: Assignment, student: str) -> OwnCode:
    """Return a student's own code, from the marked notebook in the grader's output folder.

    It is empty where there is no notebook: none was handed in, or it was not recorded.
    """
    folder = out / "autograded" / student / assignment.name
    path = folder / f"{assignment.notebook_name}.ipynb"
    try:
        notebook = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return OwnCode()
    room, cells = MAX_CODE, []
    for cell in _own_cells(notebook, assignment):
        if len(cell.source) > room:
            return OwnCode(tuple(cells), cut=True)
        room -= len(cell.source)
        cells.append(cell)
    return OwnCode(tuple(cells))


def handed_out(assignment: Assignment) -> list[str]:
    """Return the sources of the code cells that every student got."""
    return [cell.source for cell in assignment.release.cells if cell.cell_type == "code"]


def _own_cells(notebook: dict, assignment: Assignment) -> Iterator[OwnCell]:
    originals = {_lines(source) for source in handed_out(assignment)}
    for number, cell in enumerate(notebook["cells"], start=1):
        if cell["cell_type"] != "code":
            continue
        # The grader wrote the notebook: its metadata are the assignment's, not the student's.
        nbgrader = cell["metadata"].get("nbgrader", {})
        if nbgrader.get("locked") or (nbgrader.get("grade") and not nbgrader.get("solution")):
            continue
        source = "".join(cell["source"])
        if source.strip() and _lines(source) not in originals:
            answered = str(nbgrader.get("grade_id", "")).removesuffix(ANSWER_SUFFIX)
            yield OwnCell(answered or f"cell {number}", source)


def _lines(source: str) -> tuple[str, ...]:
    """Return a cell's lines, whatever an editor made of their ends."""
    return tuple(line.rstrip() for line in source.strip().splitlines())


@dataclass(frozen=True)
class Syntax:
    """A cell as Python reads it.

    Attributes
    ----------
    nodes : list of ast.AST
        All nodes of the tree.
    """

    tree: ast.Module
    nodes: list[ast.AST]


@lru_cache(maxsize=200)  # a class is gone through by student, and many cells are the same
def syntax_of(source: str) -> Syntax | None:
    """Return a cell's syntax, IPython's own lines left out; None if it is not Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of invalid escapes in students' strings
        try:
            tree = ast.parse(_MAGIC.sub(r"\1pass", source))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
    nodes: list[ast.AST] = [tree]
    for node in nodes:  # it grows meanwhile
        nodes += child_nodes(node)
    return Syntax(tree, nodes)


def child_nodes(node: ast.AST) -> list[ast.AST]:
    """Return the nodes right below one, in order, as ast.iter_child_nodes does, but faster."""
    nodes = []
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            nodes += [entry for entry in value if isinstance(entry, ast.AST)]
        elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
            nodes.append(value)
    return nodes


def import_aliases(read: Iterable[Syntax]) -> dict[str, str]:
    """Return the meanings of imported names, such as numpy for ``np``, wherever it is imported."""
    aliases = dict(_USUAL)
    for node in (node for syntax in read for node in syntax.nodes):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                aliases |= {alias.asname: alias.name} if alias.asname else {first: first}
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            aliases |= {
                alias.asname or alias.name: f"{module}.{alias.name}" for alias in node.names
            }
    return aliases


def bound_names(read: Iterable[Syntax]) -> set[str]:
    """Return the names that some code binds, attributes included, imports not."""
    names = set()
    for node in (node for syntax in read for node in syntax.nodes):
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                names.add(node.id)
        elif isinstance(node, ast.Attribute):
            if isinstance(node.ctx, ast.Store):
                names.add(node.attr)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
    return names


def name_parts(node: ast.AST) -> list[str] | None:
    """Return the names in ``a.b.c``; None for any other expression."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return [node.id, *reversed(parts)] if isinstance(node, ast.Name) else None
