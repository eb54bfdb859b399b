"""Finding a student's notebooks of an assignment, and the copy that counts.

Students hand in "Copy of X", "X-Copy1", "X (1)", "Kopie von X" or "final.ipynb", so no list of
words is enough. The best evidence are the names that nbgrader gave to the cells inside; then a name
that holds the assignment's. Of the copies the newest counts, but one that is as it was handed out
never before one with work in it.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_lib.files import decoded

if TYPE_CHECKING:
    from course_staff.grading.assignments.assignment import Assignment

# Files that were written together, by a browser's upload or a program that unpacked them, have
# dates that say nothing about which work is the newer one.
TOGETHER = datetime.timedelta(minutes=1)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_NO_WORK = re.compile(r'""".*?"""|\'\'\'.*?\'\'\'|#[^\n]*|\s+', re.DOTALL)


@dataclass(frozen=True)
class Contents:
    """The contents of a notebook.

    Attributes
    ----------
    grade_ids : frozenset of str
        nbgrader's names of its cells.
    sources : frozenset of str
        Its cells; in code neither comments nor docstrings nor layout count.
    """

    grade_ids: frozenset[str]
    sources: frozenset[str]


def contents_of(data: bytes) -> Contents:
    """Read a file that may be a notebook; any other file has no cells."""
    grade_ids, sources = set(), set()
    try:
        for cell in json.loads(decoded(data))["cells"]:
            source = cell["source"]
            text = source if isinstance(source, str) else "".join(source)
            noise = _NO_WORK if cell["cell_type"] == "code" else re.compile(r"\s+")
            sources.add(noise.sub("", text))
            with suppress(KeyError, TypeError):
                grade_ids.add(str(cell["metadata"]["nbgrader"]["grade_id"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return Contents(frozenset(), frozenset({hashlib.sha256(data).hexdigest()}))
    return Contents(frozenset(grade_ids), frozenset(sources - {""}))


@dataclass(frozen=True)
class Copy:
    """A notebook that may be the assignment's.

    Attributes
    ----------
    name : str
        The file's own name.
    modified : datetime
        The file's own date.
    submitted : datetime or None
        The time of submission, where that is known.
    number : int
        A learning platform's number: a later upload has a larger one.
    place : object
        Where it was found; for the caller.
    """

    name: str
    data: bytes
    modified: datetime.datetime
    submitted: datetime.datetime | None = None
    number: int = 0
    place: Any = None

    @cached_property
    def contents(self) -> Contents:
        """Its contents."""
        return contents_of(self.data)


class NotebookMatcher:
    """Tells an assignment's notebooks from others.

    Parameters
    ----------
    names : sequence of str
        The names of the assignment and its notebook.
    others : sequence of str
        The names of the course's other assignments.
    grade_ids : callable, optional
        Gives the cells' names of this assignment, and those of each other one; called when a
        name alone does not tell.
    handed_out : callable, optional
        Gives the notebook that was handed out, or None; called where there are several copies.
    """

    def __init__(
        self,
        names: Sequence[str],
        others: Sequence[str] = (),
        grade_ids: Callable[[], tuple[set[str], list[set[str]]]] = lambda: (set(), []),
        handed_out: Callable[[], bytes | None] = lambda: None,
    ) -> None:
        self._grade_ids_of, self._handed_out_of = grade_ids, handed_out
        self._ours = [words for name in names for words in _patterns(name)]
        theirs = [name for name in others if name not in names]
        self._theirs = [words for name in theirs for words in _patterns(name)]

    @cached_property
    def _grade_ids(self) -> tuple[set[str], list[set[str]]]:
        return self._grade_ids_of()

    @cached_property
    def _handed_out(self) -> frozenset[str]:
        data = self._handed_out_of()
        return frozenset() if data is None else contents_of(data).sources

    def by_name(self, name: str) -> bool | None:
        """Tell whether a file is named after the assignment; None where its name is no evidence."""
        words = _words(name)
        ours, theirs = (
            max((len("".join(p)) for p in patterns if _stands_in(p, words)), default=0)
            for patterns in (self._ours, self._theirs)
        )
        return None if ours == theirs else ours > theirs

    def by_contents(self, copy: Copy) -> bool | None:
        """Tell whether a notebook holds the assignment's cells; None where it holds no names."""
        grade_ids = copy.contents.grade_ids
        if not grade_ids:
            return None
        own_ids, others = self._grade_ids
        ours = len(grade_ids & own_ids)
        theirs = max((len(grade_ids & other) for other in others), default=0)
        if ours > theirs and 2 * ours >= len(grade_ids):
            return True
        return False if theirs > ours else None

    def is_ours(self, copy: Copy) -> bool | None:
        """Tell whether a notebook is the assignment's; None without evidence."""
        inside = self.by_contents(copy)
        return self.by_name(copy.name) if inside is None else inside

    def is_untouched(self, copy: Copy) -> bool:
        """Tell whether a notebook holds nothing but what was handed out."""
        return bool(self._handed_out) and copy.contents.sources <= self._handed_out

    def newest(self, copies: Sequence[Copy]) -> list[Copy]:
        """Return the copy that counts; several that differ where nothing decides between them."""
        if len(copies) < 2:
            return list(copies)
        touched = [copy for copy in copies if not self.is_untouched(copy)] or list(copies)
        last = max(touched, key=_order)
        near = [
            copy
            for copy in touched
            if (copy.number, copy.submitted) == (last.number, last.submitted)
            and last.modified - copy.modified <= TOGETHER
        ]
        work = {id(copy): copy.contents.sources - self._handed_out for copy in near}
        near = [c for c in near if not any(work[id(c)] < other for other in work.values())]
        distinct: dict[bytes, Copy] = {}
        for copy in sorted(near, key=lambda one: (len(one.name), one.name)):
            distinct.setdefault(copy.data, copy)
        return list(distinct.values())


def _order(copy: Copy) -> tuple[int, datetime.datetime, datetime.datetime]:
    return copy.number, copy.submitted or copy.modified, copy.modified


def of_folder(folder: Path, others: Iterable[Path]) -> NotebookMatcher:
    """Return the matcher of an assignment whose instructor's version lies in a folder."""
    others = [other for other in others if other.name != folder.name]
    own = [path.stem for path in sorted(folder.glob("*.ipynb"))]

    def grade_ids() -> tuple[set[str], list[set[str]]]:
        return _ids_in(folder), [_ids_in(other) for other in others]

    return NotebookMatcher(
        (folder.name, *own),
        [other.name for other in others],
        grade_ids,
        lambda: _handed_out(folder),
    )


def of_assignment(assignment: Assignment) -> NotebookMatcher:
    """Return the matcher of an assignment that was loaded."""
    sources = assignment.source_path.parent.parent
    others = [path for path in _folders(sources) if path.name != assignment.name]
    return NotebookMatcher(
        (assignment.name, assignment.notebook_name),
        [other.name for other in others],
        lambda: (set(assignment.handout.cells), [_ids_in(other) for other in others]),
        lambda: json.dumps(assignment.release).encode(),
    )


def _folders(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from sorted(path for path in folder.iterdir() if path.is_dir())


def _ids_in(folder: Path) -> set[str]:
    found: set[str] = set()
    for path in folder.glob("*.ipynb"):
        with suppress(OSError):
            found |= contents_of(path.read_bytes()).grade_ids
    return found


def _handed_out(folder: Path) -> bytes | None:
    """Return the students' notebook: as it was released, or as nbgrader would release it."""
    for released in ("assignments", "release"):
        for path in (folder.parent.parent / released / folder.name).glob("*.ipynb"):
            with suppress(OSError):
                return path.read_bytes()
    from course_lib.errors import CourseError
    from course_staff.grading.assignments import plain

    with suppress(CourseError):
        return json.dumps(plain.load(folder).release).encode()
    return None


def _words(name: str) -> list[str]:
    """Return a name's words, in small letters, and its numbers without zeros before them."""
    words = _WORDS.findall(re.sub(r"\.ipynb$", "", name, flags=re.IGNORECASE))
    return [word.lstrip("0") or "0" if word.isdecimal() else word.casefold() for word in words]


def _patterns(name: str) -> Iterator[list[str]]:
    """Yield the names that a file of an assignment may have: all of its name, or part of it.

    Examples
    --------
    >>> list(_patterns("04-Regression-nn-assignment"))[1:]
    [['4', 'regression'], ['regression', 'nn', 'assignment']]
    """
    words = _words(name)
    if words:
        yield words
    if len(words) > 2 and words[0].isdecimal():
        yield words[:2]
        yield words[1:]


def _stands_in(part: list[str], words: list[str]) -> bool:
    return any(words[at : at + len(part)] == part for at in range(len(words) - len(part) + 1))
