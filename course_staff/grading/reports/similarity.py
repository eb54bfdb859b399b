"""Submissions whose own code is nearly the same, whatever it is called and how it is laid out.

Code is read as Python reads it, so comments, white space and line breaks do not count, and neither
do the names that a student chose, type hints and documentation. Of every run of a dozen pieces a
fingerprint is taken, and some of these are kept so that any longer passage that two submissions
share shows in both [1]_. Counting shared fingerprints takes one product of sparse matrices.

Handed-out code does not count, nor code that many wrote: short answers often have one obvious form.

References
----------
.. [1] S. Schleimer, D. S. Wilkerson, A. Aiken: Winnowing: local algorithms for document
   fingerprinting. SIGMOD 2003, section 3.
"""

from __future__ import annotations

import ast
import re
import zlib
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from course_staff.grading.reports.own_code import (
    OwnCode,
    Syntax,
    bound_names,
    child_nodes,
    import_aliases,
    name_parts,
    syntax_of,
)

_RUN = 12  # pieces in a fingerprint: about two short statements
_WINDOW = 4  # of so many fingerprints one is kept, so passages of 15 pieces are found
# From these on a pair is listed. Right answers that were written independently share 1 % at most.
_MIN_SHARED = 0.7  # of the fingerprints of the one that has fewer
_MIN_FINGERPRINTS = 25  # fingerprints: fifteen lines, not a one-line answer
# More students than this, and more than this share of the class, have a passage by themselves.
_COMMON_STUDENTS, _COMMON_SHARE = 5, 0.25


@dataclass(frozen=True)
class Group:
    """Students whose own code is nearly the same, everyone's with everybody's.

    Attributes
    ----------
    least, most : float
        How much of the shorter code the other one has too, 0 to 1, in the pair of them that is
        least, and most, similar.
    places : tuple of str
        The questions whose answers are nearly the same in all of them.
    """

    students: tuple[str, ...]
    least: float
    most: float
    places: tuple[str, ...] = ()


Fingerprints = Mapping[str, set[int]]  # by place


def similar_groups(marks_of: Mapping[str, Fingerprints]) -> list[Group]:
    """Return the groups of students whose own code is nearly the same."""
    import numpy as np
    from scipy.sparse import csr_array

    by_place = list(marks_of.values())
    counts = Counter(mark for marks in by_place for mark in set().union(*marks.values()))
    most = max(_COMMON_STUDENTS, _COMMON_SHARE * len(marks_of))
    column = {mark: i for i, mark in enumerate(m for m, n in counts.items() if n <= most)}
    rows = [sorted({column[m] for m in set().union(*marks.values()) if m in column})
            for marks in by_place]  # fmt: skip
    sizes = np.array([len(row) for row in rows], float)
    if not column:
        return []
    table = csr_array(
        (np.ones(int(sizes.sum()), np.int32), np.concatenate([np.array(r, int) for r in rows]),
         np.concatenate([[0], np.cumsum(sizes)]).astype(int)),
        shape=(len(rows), len(column)),
    )  # fmt: skip
    shared = (table @ table.T).tocoo()
    share = shared.data / np.maximum(1, np.minimum(sizes[shared.row], sizes[shared.col]))
    chosen = (shared.row < shared.col) & (shared.data >= _MIN_FINGERPRINTS) & (share >= _MIN_SHARED)
    pairs = {
        (int(left), int(right)): float(share)
        for left, right, share in zip(
            shared.row[chosen], shared.col[chosen], share[chosen], strict=True
        )
    }
    students = list(marks_of)
    groups = []
    for members in _grouped(pairs):
        inside = [pairs[pair] for pair in combinations(members, 2)]
        places = _similar_places([by_place[member] for member in members])
        group = tuple(students[member] for member in members)
        groups.append(Group(group, min(inside), max(inside), places))
    return sorted(groups, key=lambda group: (-group.most, -group.least, group.students))


def _grouped(pairs: Mapping[tuple[int, int], float]) -> list[list[int]]:
    """Return groups within which every pair is one of `pairs`, and the pairs between groups.

    The most similar join first. A chain, whose ends have little in common, is not a group.
    """
    group_of: dict[int, set[int]] = {}
    between = []
    for pair in sorted(pairs, key=lambda pair: (-pairs[pair], pair)):
        left, right = (group_of.setdefault(one, {one}) for one in pair)
        if left is right:
            continue
        if all((min(a, b), max(a, b)) in pairs for a in left for b in right):
            left |= right
            group_of.update(dict.fromkeys(right, left))
        else:
            between.append(pair)
    within = {id(group): group for group in group_of.values() if len(group) > 1}.values()
    return [sorted(group) for group in within] + [
        list(pair) for pair in between if group_of[pair[0]] is not group_of[pair[1]]
    ]


def _similar_places(members: Sequence[Mapping[str, set[int]]]) -> tuple[str, ...]:
    """Return the places whose code is nearly the same in all of some students."""

    def are_similar(marks: set[int], others: set[int]) -> bool:
        return len(marks & others) >= 0.8 * max(len(marks), len(others), 1)

    first, *others = members
    return tuple(
        place
        for place, marks in first.items()
        if all(are_similar(marks, other.get(place, set())) for other in others)
    )


def fingerprints(code: OwnCode, given: Container[int] = frozenset()) -> Fingerprints:
    """Return the fingerprints of a student's own code, by its place."""
    read = [syntax for cell in code.cells if (syntax := syntax_of(cell.source))]
    names = _Names.of(read)
    found: dict[str, set[int]] = {}
    for cell in code.cells:
        syntax = syntax_of(cell.source)
        pieces = _words(cell.source) if syntax is None else _pieces(syntax.tree, names)
        marks = _winnowed(list(_runs(pieces)))
        found.setdefault(cell.place, set()).update(mark for mark in marks if mark not in given)
    return found


def fingerprints_of_handout(sources: Iterable[str]) -> frozenset[int]:
    """Return all fingerprints of the code that was handed out."""
    read = [syntax for source in sources if (syntax := syntax_of(source))]
    names = _Names.of(read)
    return frozenset(mark for syntax in read for mark in _runs(_pieces(syntax.tree, names)))


def _runs(pieces: Iterable[str]) -> Iterator[int]:
    """Yield a number for every run of pieces."""
    numbers = [zlib.crc32(piece.encode("utf-8", "replace")) for piece in pieces]
    for start in range(len(numbers) - _RUN + 1):
        yield hash(tuple(numbers[start : start + _RUN]))  # of numbers: the same in every process


def _winnowed(runs: Sequence[int]) -> set[int]:
    starts = range(max(len(runs) - _WINDOW + 1, min(1, len(runs))))
    return {min(runs[start : start + _WINDOW]) for start in starts}


def _words(source: str) -> list[str]:
    """Return the words and signs of text that is not Python."""
    return re.findall(r"\w+|[^\w\s]", re.sub(r"#.*", "", source))


@dataclass
class _Names:
    """The names in some code: those that it chose itself, and those that it imported."""

    own: set[str]
    imported: Mapping[str, str]

    @classmethod
    def of(cls, read: Sequence[Syntax]) -> _Names:
        return cls(bound_names(read), import_aliases(read))

    def full(self, node: ast.AST) -> str | None:
        parts = name_parts(node)
        if parts is None:
            return None
        first = self.imported.get(parts[0])
        plain = ["·" if part in self.own else part for part in parts]
        return ".".join([first, *plain[1:]] if first else plain)


def _pieces(tree: ast.AST, names: _Names) -> Iterator[str]:
    """Yield the pieces of code in order, without those that do not change its meaning."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        below = [child for child in child_nodes(node) if not _is_silent(child)]
        match node:
            case ast.Module():
                pass
            case ast.Attribute() | ast.Name():
                name = names.full(node)
                yield name or f".{node.attr}"
                if name is not None:
                    below = []
            case ast.Constant(value=value):
                # Python refuses to write numbers of thousands of digits in any but a few bases.
                yield (hex(value) if isinstance(value, int) else repr(value))[:40]
            case ast.keyword(arg=name):
                yield f"{name}="
            case ast.arg():
                yield "·"
                below = []
            case ast.FunctionDef(returns=hint) if hint is not None:
                yield "FunctionDef"
                below = [child for child in below if child is not hint]
            case ast.AnnAssign(annotation=hint):
                yield "Assign"
                below = [child for child in below if child is not hint]
            case _:
                yield type(node).__name__
        waiting.extend(reversed(below))


def _is_silent(node: ast.AST) -> bool:
    """Tell whether a node does not count: documentation, imports."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Import | ast.ImportFrom | ast.Pass)
