"""The names that a cell's code defines, imports and needs, found without executing it.

A notebook's code may hold lines that are not Python, such as ``%matplotlib inline``; they are
ignored here.
"""

from __future__ import annotations

import ast
import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

_MAGIC = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# Making such a value calls nothing, so it takes no time and cannot fail.
_CONSTANTS = (
    ast.Constant, ast.UnaryOp, ast.BinOp, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Load,
    ast.operator, ast.unaryop,
)  # fmt: skip
# Lines that only work elsewhere: in Colab, with a network, or with a browser beside the kernel.
_ELSEWHERE = re.compile(
    r"%tensorflow_version\b|%matplotlib\s+(?!inline\b|agg\b|-)\w|[%!]\s*(pip|pip3|conda|mamba|uv)\b"
    r"|!\s*(apt|apt-get|python3? -m pip)\b"
)
# Python 3.11's parser counts its depth for all threads together, and raises SystemError where one
# begins while another, whose garbage is being collected, has not ended (python/cpython#106905).
_ONE_AT_A_TIME = threading.Lock()
_MAX_CELL_LENGTH = 50_000  # characters of a cell that is read: a million takes 15 seconds
MAX_CODE = 500_000  # characters of the cells of a notebook that are read, far above honest ones
_LEFT_OUT = "# (left out: works only elsewhere) "


def statements(source: str) -> list[ast.stmt] | None:
    """Return a cell's statements; None if it is not Python, or longer than anybody writes."""
    if len(source) > _MAX_CELL_LENGTH:
        return None
    for text in (source, _MAGIC.sub(r"\1pass", source)):
        try:
            with _ONE_AT_A_TIME:
                return ast.parse(text).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def defined(source: str) -> set[str]:
    """Return the names that a cell defines: functions, classes and assigned names."""
    names: set[str] = set()
    for node in statements(source) or ():
        if isinstance(node, _DEFINITIONS):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def binds(source: str, name: str) -> bool:
    """Tell whether executing a cell to its end gives a name a value."""
    return name in source and name in _names(source)


@lru_cache(256)
def _names(source: str) -> frozenset[str]:
    try:
        if (body := statements(source)) is not None:
            return frozenset(_bound(body))
    except RecursionError:
        return frozenset()
    # Not Python: guess from its text.
    binding = r"^\s*(?:def|class)\s+(\w+)|^(\w+)\s*=[^=]|^\s*(?:from|import)\b(.*)"
    matches = (match for groups in re.findall(binding, source, re.MULTILINE) for match in groups)
    return frozenset(name for match in matches for name in re.findall(r"\w+", match))


def _bound(body: Iterable[ast.AST]) -> Iterator[str]:
    for node in body:
        if isinstance(node, _DEFINITIONS):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif not isinstance(node, ast.Lambda | ast.comprehension):
            yield from _bound(ast.iter_child_nodes(node))


@dataclass(frozen=True)
class SkippedCells:
    """The handed-out cells that are skipped, and what they define.

    Attributes
    ----------
    sources : frozenset of str
        The cells' sources, stripped.
    definitions : frozenset of str
        Each definition, as its syntax tree.
    names : frozenset of str
        The names that they define.
    """

    sources: frozenset[str] = frozenset()
    definitions: frozenset[str] = field(default=frozenset(), repr=False)
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, sources: Iterable[str]) -> SkippedCells:
        """Read the sources of the skipped cells."""
        sources = frozenset(source.strip() for source in sources)
        bodies = [statements(source) or [] for source in sources]
        return cls(
            sources,
            frozenset(ast.dump(node) for body in bodies for node in body),
            frozenset(name for body in bodies for name in _bound(body)),
        )

    def merged_into(self, source: str) -> bool:
        """Tell whether a cell contains one of these cells."""
        return any(len(cell) >= _MIN_CELL_LENGTH and cell in source for cell in self.sources)


_MIN_CELL_LENGTH = 30  # characters of a cell that is looked for in others: no `check.summary()`


def own_definitions(source: str, skipped_cells: SkippedCells) -> str:
    """Return the definitions in a skipped cell that were not handed out, as code to execute.

    Functions, classes, imports, and names for constants and lambdas, which take no time. The
    cell's other statements, which explore, are left out.

    Parameters
    ----------
    source : str
        The cell's.
    skipped_cells : SkippedCells
        Those that were handed out.
    """
    try:
        kept = [
            _text(source, node)
            for node in statements(source) or ()
            if _only_defines(node, skipped_cells.names)
            and ast.dump(node) not in skipped_cells.definitions
        ]
    except RecursionError:
        return ""
    return "\n\n\n".join(kept)


def _only_defines(node: ast.stmt, taken: frozenset[str]) -> bool:
    if isinstance(node, (*_DEFINITIONS, ast.Import, ast.ImportFrom)):
        return True
    if isinstance(node, ast.Assign):
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        # Another value for a name of the lesson's is an experiment, not a definition.
        is_new = len(names) == len(node.targets) and taken.isdisjoint(names)
        return is_new and (isinstance(node.value, ast.Lambda) or _is_constant(node.value))
    if isinstance(node, ast.Try):
        inner = [*node.body, *node.orelse, *node.finalbody]
        inner += [statement for handler in node.handlers for statement in handler.body]
        return all(
            isinstance(statement, ast.Pass) or _only_defines(statement, taken)
            for statement in inner
        )
    return False


def _is_constant(value: ast.expr) -> bool:
    return all(isinstance(node, _CONSTANTS) for node in ast.walk(value))


def _text(source: str, node: ast.stmt) -> str:
    if not isinstance(node, (*_DEFINITIONS, ast.Try)):
        return ast.unparse(node)  # others may share its line
    lines = re.split(r"\r\n|\r|\n", source)  # as Python counts them
    first = min(
        [node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))]
    )
    return "\n".join(lines[first - 1 : node.end_lineno])


def without_elsewhere(source: str, colab: set[str]) -> tuple[str, list[str]]:
    """Turn the lines that only work elsewhere, as in Colab, into comments.

    Such a line fails here, and with it everything below it in its cell. Only whole
    statements are left out, and none that is inside another: ``try: import google.colab``
    handles the failure itself.

    Parameters
    ----------
    source : str
    colab : set of str
        The names that come from ``google.colab`` so far; those of this cell are added.

    Returns
    -------
    str
        The source, with as many lines as before.
    list of str
        The lines that were left out.
    """
    other_language = source.lstrip().startswith("%%")
    if other_language or len(source) > _MAX_CELL_LENGTH:
        return source, []
    lines = source.split("\n")
    gone = {number for number, line in enumerate(lines) if _ELSEWHERE.match(line)}
    single = source.count("\r") == source.count("\r\n")  # Python would count other lines
    if single and any(name in source for name in ("google.colab", *colab)):
        for node in statements(source) or ():
            span = range(node.lineno - 1, node.end_lineno)
            if _is_of_colab(node, colab) and _stands_alone(node, lines):
                gone.update(span)
    removed = [lines[number].strip() for number in sorted(gone)]
    for number in gone:
        lines[number] = _LEFT_OUT + lines[number]
    return "\n".join(lines), removed


def _is_of_colab(node: ast.stmt, colab: set[str]) -> bool:
    """Tell whether a statement imports from google.colab or uses a name that came from there."""
    if isinstance(node, ast.ImportFrom):
        ours = (node.module or "").startswith("google.colab")
        ours |= node.module == "google" and [a.name for a in node.names] == ["colab"]
    elif isinstance(node, ast.Import):
        ours = all(alias.name.startswith("google.colab") for alias in node.names)
    elif isinstance(node, ast.Expr | ast.Assign):
        names = [name for name in ast.walk(node) if isinstance(name, ast.Name)]
        if any(name.id in colab for name in names if isinstance(name.ctx, ast.Load)):
            return True
        colab.difference_update(name.id for name in names)  # the name is the student's own now
        return False
    else:
        return False
    if ours:
        colab.update(alias.asname or alias.name.split(".")[0] for alias in node.names)
    return ours


def _stands_alone(node: ast.stmt, lines: list[str]) -> bool:
    """Tell whether a statement has its lines to itself."""
    before = lines[node.lineno - 1].encode()[: node.col_offset]
    after = lines[node.end_lineno - 1].encode()[node.end_col_offset :].decode().strip(" \t\r;")
    return not before.strip() and (not after or after.startswith("#"))
