"""Rules that every notebook of the course keeps."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from nbformat import NotebookNode

from course_staff.authoring.assignments import kind_of

MAX_CELL_LINES = 15  # lines of code: one idea per cell
PARAMETERS = ("profile", "data", "seed")

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#{1,6})\s+(.*)$", re.MULTILINE)
LINK = re.compile(r"(!?)\[([^\]]*(?:\[[^\]]*\][^\]]*)?)\]\(([^)\s]+)[^)]*\)")
_IMAGE_TAG = re.compile(r"<img\b[^>]*>", re.IGNORECASE)


class Finding(NamedTuple):
    """One broken rule: its cell, counted from 1 (0: the whole notebook), and the fix."""

    cell: int
    message: str


def lint(notebook: NotebookNode, folder: Path) -> list[Finding]:
    """Check a generated notebook against the course's rules."""
    findings = [finding for rule in RULES for finding in rule(notebook, folder)]
    return sorted(findings, key=lambda finding: finding.cell)


def headings(notebook: NotebookNode) -> list[tuple[int, int, str]]:
    """Return (cell, level, text) of every heading, in order."""
    return [
        (number, len(hashes), text.strip())
        for number, cell in cells(notebook, "markdown")
        for hashes, text in _HEADING.findall(_FENCE.sub("", cell.source))
    ]


def _heading_order(notebook: NotebookNode, folder: Path) -> Iterator[Finding]:
    all_headings = headings(notebook)
    if not all_headings or all_headings[0][:2] != (1, 1):
        yield Finding(1, "the notebook must begin with its title, a heading of level 1.")
    for (_, before, _), (number, level, text) in pairwise(all_headings):
        if level == 1:
            yield Finding(number, f'"{text}" is a second heading of level 1: use level 2.')
        elif level > before + 1:
            yield Finding(number, f'"{text}" skips a level: from {before} to {level}.')


def _opening(notebook: NotebookNode, folder: Path) -> Iterator[Finding]:
    first = notebook.cells[0].source if notebook.cells else ""
    for phrase, what in (
        ("**You will**", "the skills that the reader will have"),
        ("**Time**", "an honest time estimate"),
        ("**Data**", "the data with size and licence"),
    ):
        if phrase not in first:
            yield Finding(1, f"the opening lacks {phrase}: {what}.")


def _header_cells(notebook: NotebookNode, folder: Path) -> Iterator[Finding]:
    for tag in ("bootstrap", "parameters"):
        tagged = [cell for _, cell in cells(notebook, "code") if tag in tags(cell)]
        if len(tagged) != 1:
            yield Finding(0, f'there must be one cell tagged "{tag}", there are {len(tagged)}.')
        elif tag == "parameters":
            missing = [
                name for name in PARAMETERS if not re.search(rf"^{name} = ", tagged[0].source, re.M)
            ]
            if missing:
                yield Finding(0, f"the parameters cell does not set {', '.join(missing)}.")


def _no_outputs(notebook: NotebookNode, folder: Path) -> Iterator[Finding]:
    for number, cell in cells(notebook, "code"):
        if cell.get("outputs") or cell.get("execution_count"):
            yield Finding(number, "the cell has outputs: build the notebook again.")


def _alternative_texts(notebook: NotebookNode, folder: Path) -> Iterator[Finding]:
    for number, cell in cells(notebook, "markdown"):
        for bang, text, target in LINK.findall(cell.source):
            if bang and not text.strip():
                yield Finding(number, f"the image {target} has no alternative text.")
        for tag in _IMAGE_TAG.findall(cell.source):
            if not re.search(r"\balt\s*=\s*[\"'][^\"']+", tag):
                yield Finding(number, f"the image {tag} has no alternative text.")


def _links(notebook: NotebookNode, folder: Path) -> Iterator[Finding]:
    anchors = {text.replace(" ", "-") for _, _, text in headings(notebook)}
    for number, cell in cells(notebook, "markdown"):
        for _, _, target in LINK.findall(cell.source):
            address = urlsplit(target)
            if address.scheme or address.netloc:
                continue
            if address.path and not (folder / unquote(address.path)).exists():
                yield Finding(number, f"the link {target} leads to no file of the repository.")
            elif not address.path and unquote(address.fragment) not in anchors:
                yield Finding(number, f"the link {target} matches no heading.")


def _code(notebook: NotebookNode, folder: Path) -> Iterator[Finding]:
    for number, cell in cells(notebook, "code"):
        if "bootstrap" in tags(cell):
            continue
        lines = [line for line in cell.source.splitlines() if line.strip()]
        # A test needs its inputs and its parts in one cell, an answer its docstring and its body.
        if len(lines) > MAX_CELL_LINES and kind_of(cell) is None:
            yield Finding(
                number, f"the cell has {len(lines)} lines: split it, {MAX_CELL_LINES} at most."
            )
        try:
            tree = ast.parse(cell.source)
        except SyntaxError as error:
            yield Finding(number, f"the cell is not plain Python: {error.msg}.")
            continue
        calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
        for call in calls:
            named = {keyword.arg for keyword in call.keywords}
            if ast.unparse(call.func) == "plots.show" and "caption" not in named:
                yield Finding(number, "plots.show needs a caption.")


RULES: tuple[Callable[[NotebookNode, Path], Iterator[Finding]], ...] = (
    _heading_order,
    _opening,
    _header_cells,
    _no_outputs,
    _alternative_texts,
    _links,
    _code,
)


def cells(notebook: NotebookNode, kind: str) -> Iterator[tuple[int, NotebookNode]]:
    """Yield the cells of one type with their numbers, counted from 1."""
    return ((n, cell) for n, cell in enumerate(notebook.cells, start=1) if cell.cell_type == kind)


def tags(cell: NotebookNode) -> list[str]:
    """Return a cell's tags."""
    return cell.metadata.get("tags", [])
