"""Rules for a graded lesson, checked in its instructor's version."""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from nbformat import NotebookNode

from course_staff.authoring.assignments import kind_of, question_of
from course_staff.authoring.lint import LINK, Finding, cells, tags

# Names that students, the gradebook and the columns of an exported table can all carry.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,50}")
# Calls that take long, need data or show something: not made while an assignment is graded.
_EXPLORING = ("datasets.load", "plots.show", ".fit", ".evaluate", ".predict")


def lint_assignment(notebook: NotebookNode, checks: str | None = None) -> list[Finding]:
    """Check a graded lesson's instructor's version."""
    findings = [finding for rule in RULES for finding in rule(notebook)]
    if checks is not None:
        findings += _same_questions(notebook, checks)
    return sorted(findings, key=lambda finding: finding.cell)


def questions_in_checks(text: str) -> dict[str, float]:
    """Return the points of each question that a file of hidden checks declares.

    The file is read, not run: authoring needs no grader.
    """
    found: dict[str, float] = {}
    for call in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)):
        if ast.unparse(call.func).rpartition(".")[2] in ("question", "written") and call.args:
            name, points = _constant(call.args[0]), _points(call)
            if isinstance(name, str) and points is not None:
                found[name] = points
    return found


def _questions(notebook: NotebookNode) -> Iterator[Finding]:
    """Each question has a good name, points, and one answer with one cell of tests."""
    seen = Counter((kind_of(cell), question_of(cell)) for cell in notebook.cells if kind_of(cell))
    named: set[str] = set()
    for number, cell in _graded(notebook):
        kind, name = kind_of(cell), question_of(cell)
        if not _NAME.fullmatch(name):
            yield Finding(number, f'"{name}" cannot name a question: use letters, digits and _.')
        if seen[kind, name] > 1:
            yield Finding(number, f'"{name}" has {seen[kind, name]} cells marked {kind}: keep one.')
        if kind == "written" and (seen["answer", name] or seen["tests", name]):
            yield Finding(number, f'"{name}" is a written question and a function: rename one.')
        if kind == "answer" and not seen["tests", name]:
            yield Finding(number, f'the answer "{name}" has no cell tests="{name}" after it.')
        if kind == "tests" and name not in named:
            yield Finding(number, f'the tests of "{name}" follow no cell answer="{name}".')
        if kind == "answer":
            named.add(name)
        points = cell.metadata["nbgrader"].get("points")
        if kind == "answer" and points is not None:
            yield Finding(number, f'the points of "{name}" belong to its cell of tests.')
        if kind != "answer" and not _is_points(points):
            yield Finding(number, f'"{name}" needs points, as in points=2; got {points!r}.')
        if (kind == "written") != (cell.cell_type == "markdown"):
            yield Finding(number, f'"{name}" is marked {kind} on a {cell.cell_type} cell.')


def _answers(notebook: NotebookNode) -> Iterator[Finding]:
    """An answer defines its function; its body is left out of the student's version."""
    for number, cell in _graded(notebook, "answer"):
        name = question_of(cell)
        if not any(getattr(node, "name", None) == name for node in _tree(cell).body):
            yield Finding(number, f"the answer cell does not define {name}.")
        if "### BEGIN SOLUTION" not in cell.source or "### END SOLUTION" not in cell.source:
            yield Finding(number, "the answer lacks ### BEGIN SOLUTION and ### END SOLUTION.")
    for number, cell in cells(notebook, "code"):
        if kind_of(cell) != "answer" and "BEGIN SOLUTION" in cell.source:
            yield Finding(number, 'there is a solution in a cell that is not marked answer="…".')


def _tests(notebook: NotebookNode) -> Iterator[Finding]:
    """A cell of tests asks the question that it is marked with."""
    for number, cell in _graded(notebook, "tests"):
        name, points = question_of(cell), cell.metadata["nbgrader"].get("points")
        calls = _calls(_tree(cell))
        asked = [call for call in calls if ast.unparse(call.func) == "check.question"]
        if [(_constant(call.args[0]), _points(call)) for call in asked if call.args] != [
            (name, points)
        ]:
            yield Finding(
                number,
                f'the tests of "{name}" must ask check.question("{name}", points={points}) once.',
            )
        parts = [_constant(call.args[0]) for call in calls if _is_part(call) and call.args]
        if (
            _is_points(points)
            and all(isinstance(part, int | float) for part in parts)
            and sum(parts) > points + 1e-9
        ):
            yield Finding(number, f'the parts of "{name}" carry {sum(parts):g} points of {points}.')


def _plain_cells(notebook: NotebookNode) -> Iterator[Finding]:
    """Graded cells are quick, and cells that explore also run with stubs."""
    answers = {question_of(cell) for _, cell in _graded(notebook, "answer")}
    for number, cell in cells(notebook, "code"):
        if kind_of(cell) or {"bootstrap", "parameters"} & set(tags(cell)):
            continue
        tree = _tree(cell)
        exploring = "explore" in tags(cell)
        if not exploring:
            for call in _calls(tree):
                called = f".{ast.unparse(call.func)}"
                if any(called.endswith(name) for name in _EXPLORING):
                    yield Finding(
                        number,
                        f'{called[1:]} does not run while grading: give the cell tags=["explore"].',
                    )
        used = {node.id for node in _run_at_once(tree) if isinstance(node, ast.Name)} & answers
        for name in sorted(used):
            guarded = re.search(rf"check\.passed\(\s*[\"']{name}[\"']\s*\)", cell.source)
            if not (exploring and guarded):
                yield Finding(
                    number,
                    f'the cell uses {name}: it must be tagged "explore" and guarded by '
                    f'if check.passed("{name}").',
                )


def _links(notebook: NotebookNode) -> Iterator[Finding]:
    """An assignment is handed out alone: no file lies beside it."""
    for number, cell in cells(notebook, "markdown"):
        for _, _, target in LINK.findall(cell.source):
            address = urlsplit(target)
            if address.path and not address.scheme and not address.netloc:
                yield Finding(
                    number, f"the link {target} leads to a file beside it: give its web address."
                )


RULES: tuple[Callable[[NotebookNode], Iterator[Finding]], ...] = (
    _questions,
    _answers,
    _tests,
    _plain_cells,
    _links,
)


def _same_questions(notebook: NotebookNode, checks: str) -> Iterator[Finding]:
    judged = questions_in_checks(checks)
    asked = {
        question_of(cell): (number, cell.metadata["nbgrader"].get("points"))
        for number, cell in _graded(notebook)
        if kind_of(cell) != "answer"
    }
    for name, (number, points) in asked.items():
        if name not in judged:
            yield Finding(number, f'the hidden checks have no question "{name}".')
        elif _is_points(points) and not math.isclose(judged[name], points):
            yield Finding(
                number, f'"{name}" has {points} points here and {judged[name]:g} in the checks.'
            )
    for name in judged.keys() - asked.keys():
        yield Finding(0, f'the hidden checks judge "{name}", which the notebook does not ask.')


def _graded(notebook: NotebookNode, kind: str | None = None) -> Iterator[tuple[int, NotebookNode]]:
    for number, cell in enumerate(notebook.cells, start=1):
        if kind_of(cell) and kind in (None, kind_of(cell)):
            yield number, cell


def _tree(cell: NotebookNode) -> ast.Module:
    try:
        return ast.parse(cell.source)
    except SyntaxError:  # the lint of every notebook reports it
        return ast.Module([], [])


def _run_at_once(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that run when the cell does, not when a function in it is called."""
    for child in ast.iter_child_nodes(tree):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _run_at_once(child)


def _calls(tree: ast.AST) -> list[ast.Call]:
    return [node for node in _run_at_once(tree) if isinstance(node, ast.Call)]


def _is_part(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "part"


def _points(call: ast.Call) -> float | None:
    for keyword in call.keywords:
        if keyword.arg == "points" and _is_points(_constant(keyword.value)):
            return _constant(keyword.value)
    return None


def _constant(node: ast.AST) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _is_points(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
