"""The place of the answer to a written question: in its cell, or in the texts around it.

Students write above, below or beside the cell that was meant, into the question's own text, into
several cells, or into one that became code. Every such text that was not handed out and lies in the
question's section is the answer, and a person reads it. The section holds the question's
cell and the texts around it that were handed out with no code between them; a text after the
section's cell of code, or in another question's section, is a note and not an answer.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from course_lib.check.source_code import MAX_CODE, statements

_STUB = re.compile(r"\byour\s+(answer|code)(\s+here)?\b|<!--|-->", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?(-->|\Z)", re.DOTALL)
_SAID = re.compile(r"[^\W_]|[^\x00-\x7f]")  # a letter, a digit, or a sign that no keyboard has
_MAX_WORDS = 5_000  # of texts that are compared word by word
_MAX_SHARED = 0.6  # of a text's words, that another one shares with it by being its edited copy
_MAX_CHANCE_WORDS = 2  # words of a line that two texts share by chance


@dataclass(frozen=True)
class Text:
    """A cell, as far as written answers are concerned.

    Attributes
    ----------
    kind : {"code", "markdown", "raw"}
    source : str
    name : str or None
        In nbgrader's metadata.
    """

    kind: str
    source: str
    name: str | None = None


def is_empty(source: str) -> bool:
    """Tell whether a text says nothing but "YOUR ANSWER HERE", also in a comment of HTML."""
    return not _SAID.search(_STUB.sub("", source))


def is_answer(source: str, handed_out: str) -> bool:
    """Tell whether a written question's own cell was answered."""
    return _words(source) != _words(handed_out) and not is_empty(source)


def is_hidden(source: str) -> bool:
    """Tell whether a text consists of HTML comments, which no page shows."""
    return "<!--" in source and not is_empty(source) and is_empty(_COMMENT.sub("", source))


def added(source: str, handed_out: str) -> str:
    """Return the lines of an edited text that hold words which were not handed out."""
    words, original = source.split(), handed_out.split()
    if words == original:
        return ""
    if len(words) + len(original) > _MAX_WORDS:
        lines = {tuple(line.split()) for line in handed_out.splitlines()}
        own = [line for line in source.splitlines() if tuple(line.split()) not in lines]
        return "\n".join(own).strip()
    matcher = difflib.SequenceMatcher(None, original, words, autojunk=False)
    new = {
        number
        for kind, _, _, start, end in matcher.get_opcodes()
        if kind in ("insert", "replace")
        for number in range(start, end)
    }
    own, number = [], 0
    for line in source.splitlines():
        count = len(line.split())
        if not new.isdisjoint(range(number, number + count)):
            own.append(line)
        number += count
    return "\n".join(own).strip()


def answers(
    cells: Sequence[Text],
    released: Sequence[Text],
    names: Collection[str],
    other: Collection[str] = (),
) -> tuple[dict[str, str], bool]:
    """Return the answers to written questions, wherever they are in their sections.

    Parameters
    ----------
    cells : sequence of Text
        The student's cells.
    released : sequence of Text
        The cells that were handed out.
    names : collection of str
        The written questions, by the names of their cells.
    other : collection of str
        Names of cells that end a section, as a cell of code does.

    Returns
    -------
    dict of str to str
        Without the questions that were not answered.
    bool
        Whether there are texts of the student's own that belong to no written question.
    """
    comparison = _Comparison(cells, released, names, other)
    given: dict[str, list[str]] = {}
    strays: list[str] = []
    for index, own in enumerate(comparison.own):
        if not own:
            continue
        owners = comparison.owners(index)
        if comparison.is_code(index, beside=bool(owners)):  # only an answer that became code may
            owners = [name for name in owners if name in comparison.in_code]
        elif not owners:
            strays.append(own.strip())
        for name in owners:
            given.setdefault(name, []).append(own.strip())
    gone = [name for name in names if name not in given and name not in comparison.present]
    if strays:  # one of these may answer a question whose cell is gone: a person decides
        given |= dict.fromkeys(gone, strays)
    texts = {name: "\n\n".join(given[name]) for name in names if name in given}
    return texts, bool(strays and not gone)


class _Comparison:
    """A student's cells compared with those that were handed out: the same, edited, or new."""

    def __init__(
        self,
        cells: Sequence[Text],
        released: Sequence[Text],
        names: Collection[str],
        other: Collection[str],
    ) -> None:
        self._cells, self.released, self.names = cells, released, names
        self._read = 0  # characters of code
        self.in_code = {cell.name for cell in released if cell.kind == "code"}.intersection(names)
        self._texts = {
            place: (Counter(cell.source.split()), _lines(cell.source))
            for place, cell in enumerate(released)
            if cell.kind != "code" and cell.name not in names
        }
        self._ends = {
            index
            for index, cell in enumerate(released)
            if cell.name not in names and (cell.kind == "code" or cell.name in other)
        }
        # The handed-out cell that each cell is, by its place; None for one of the student's own.
        self.places: list[int | None] = list(_placed(cells, released))
        free = set(self._texts).difference(self.places)
        self.own: list[str] = []
        for index, cell in enumerate(cells):
            place = self.places[index]
            if place is None and cell.kind != "code":
                place = self.places[index] = self._edited(cell, free)
                free.discard(place)
            self.own.append(self._own(cell, place))
        self.present = {released[place].name for place in self.places if place is not None}

    def _edited(self, cell: Text, free: set[int]) -> int | None:
        """Return the place of the handed-out text that a cell is an edited copy of."""
        words, lines = Counter(cell.source.split()), _lines(cell.source)
        best: tuple[float, int] | None = None
        for place in sorted(free):
            theirs, their_lines = self._texts[place]
            share = sum(min(count, words[word]) for word, count in theirs.items())
            share /= max(1, theirs.total())
            is_like = share >= _MAX_SHARED or not their_lines.isdisjoint(lines)
            if is_like and (best is None or share > best[0]):
                best = share, place
        return None if best is None else best[1]

    def _own(self, cell: Text, place: int | None) -> str:
        """Return the part of a cell that was not handed out; empty where it holds no answer."""
        original = None if place is None else self.released[place]
        if original is None:
            return "" if is_empty(cell.source) else cell.source
        if original.name in self.names:
            return cell.source if is_answer(cell.source, original.source) else ""
        text = "" if original.kind == "code" else added(cell.source, original.source)
        return "" if is_empty(text) else text

    def is_code(self, index: int, *, beside: bool) -> bool:
        """Tell whether a cell of the student's own holds code; beside an answer, it may be text."""
        cell = self._cells[index]
        if self.places[index] is not None or cell.kind != "code":
            return False
        self._read += len(cell.source)
        return not (beside and self._read <= MAX_CODE and _is_prose(cell.source))

    def owners(self, index: int) -> list[str]:
        """Return the written questions in whose section a cell is."""
        place = self.places[index]
        if place is not None:
            return self._of(place)
        before = next((p for p in reversed(self.places[:index]) if p is not None), None)
        after = next((p for p in self.places[index + 1 :] if p is not None), None)
        near = [self.released[p].name for p in (before, after) if p is not None]
        if beside := [name for name in near if name in self.names]:
            return list(dict.fromkeys(beside))
        start, end = -1 if before is None else before, len(self.released)
        between = range(start + 1, end if after is None else after)
        gone = [self.released[place].name for place in between]
        if missing := [n for n in gone if n in self.names and n not in self.present]:
            return missing[:1]
        return [] if before is None else self._of(before)

    def _of(self, place: int) -> list[str]:
        """Return the question whose section holds a handed-out cell: the next, or the last."""
        if place in self._ends:
            return []
        for step in (1, -1):
            at = place
            while 0 <= at < len(self.released) and at not in self._ends:
                if self.released[at].name in self.names:
                    return [self.released[at].name]
                at += step
        return []


def _placed(cells: Sequence[Text], released: Sequence[Text]) -> Iterator[int | None]:
    """Yield the place of the handed-out cell that each cell is, by its name or its source."""
    named = {cell.name: place for place, cell in enumerate(released) if cell.name}
    places: dict[tuple[str, ...], list[int]] = {}
    for place, cell in enumerate(released):
        places.setdefault(_words(cell.source), []).append(place)
    taken = {named[cell.name] for cell in cells if cell.name in named}
    last = -1
    for cell in cells:
        place = named.get(cell.name or "")
        if place is None:
            same = [p for p in places.get(_words(cell.source), ()) if p not in taken]
            place = next((p for p in same if p > last), same[0] if same else None)
        if place is not None:
            taken.add(place)
            last = place
        yield place


def _words(source: str) -> tuple[str, ...]:
    return tuple(source.split())


def _lines(source: str) -> set[tuple[str, ...]]:
    lines = (tuple(line.split()) for line in source.splitlines())
    return {line for line in lines if len(line) > _MAX_CHANCE_WORDS}


def _is_prose(source: str) -> bool:
    """Tell whether a cell of code holds a text: not Python, or only comments and strings."""
    return all(
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for node in statements(source) or ()
    )
