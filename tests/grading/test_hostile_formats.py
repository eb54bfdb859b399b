"""Of the hostile class, what is settled by reading alone: quick, and nothing is executed."""

from __future__ import annotations

import json

import nbformat
import pytest
from courses import NAME, as_bytes, right
from hostile import files, formats, nbgraders, pages
from hostile.entries import Surroundings
from hypothesis import given
from hypothesis import strategies as st

from course_staff.grading.submissions import copies, reading
from course_staff.grading.submissions.sanitizing import sanitize

READ = [*formats.FILES, *formats.JSON, *formats.CELLS, *nbgraders.ENTRIES, *pages.ENTRIES]
STATUS = {"to_mark": "ok", "graded": "ok"}


def require_a_plain_notebook(submission, assignment) -> None:
    """Whatever was handed in: a valid notebook that can be written, with our own test cells."""
    nbformat.validate(submission.notebook)
    json.dumps(submission.notebook, ensure_ascii=False, allow_nan=False).encode()
    cells = submission.notebook.cells
    known = {c.metadata.nbgrader.grade_id: c for c in cells if "nbgrader" in c.metadata}
    for grade_id, own in assignment.handout.cells.items():
        assert known[grade_id].metadata == own.metadata
        if own.metadata.nbgrader.locked:
            assert known[grade_id].source == own.source
    assert len(known) == sum("nbgrader" in cell.metadata for cell in cells)
    assert all(cells[index].cell_type == "code" for index in submission.executed)


@pytest.mark.parametrize("entry", READ, ids=lambda entry: entry.student)
def test_every_format_becomes_a_plain_notebook(small, tmp_path, entry):
    around = Surroundings(tmp_path, tmp_path, "mark", 4242, "secret")
    content = entry.content(small)
    data = around.fill_in(content if isinstance(content, bytes) else as_bytes(content))
    submission = sanitize(data, small)
    assert submission.status == STATUS.get(entry.status, entry.status)
    if entry.status == "unreadable":
        assert entry.told in submission.remarks[0]
    require_a_plain_notebook(submission, small)


@pytest.mark.parametrize("entry", files.ENTRIES, ids=lambda entry: entry.student)
def test_every_folder_is_read_and_nothing_but_plain_files(small, tmp_path, entry):
    (tmp_path / "course" / "solutions" / NAME).mkdir(parents=True)
    around = Surroundings(tmp_path, tmp_path / "submitted", "mark", 4242, "secret")
    entry.hand_in(small, around)
    (student,) = reading.students_in(around.submitted)
    matcher = copies.of_assignment(small)
    handed = reading.read(around.submitted, student, NAME, matcher=matcher)
    submission = sanitize(handed.data, small)
    assert submission.status == STATUS.get(entry.status, entry.status)
    said = "\n".join((*handed.remarks, *submission.remarks))
    assert entry.told in said
    assert said.replace("\n", "").isprintable()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
WORDS = st.sampled_from(
    ["code", "markdown", "raw", "double", "double-answer", "why", "", [], {}, None, True, 4]
)


def _places(tree, path=()):
    """Yield the path to every value in a tree of JSON."""
    if path:
        yield path
    if isinstance(tree, dict | list):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from _places(value, (*path, key))


@given(data=st.data())
def test_a_notebook_with_anything_in_it_becomes_a_plain_notebook(small, data):
    tree = json.loads(as_bytes(right(small)))
    for _ in range(data.draw(st.integers(1, 4))):
        path = data.draw(st.sampled_from(list(_places(tree))))
        around = tree
        for key in path[:-1]:
            around = around[key]
        around[path[-1]] = data.draw(JSON | WORDS)
    submission = sanitize(json.dumps(tree).encode(), small)
    require_a_plain_notebook(submission, small)
    if submission.status == "ok":
        assert sanitize(as_bytes(submission.notebook), small).notebook == submission.notebook


@given(data=st.data())
def test_a_notebook_with_bytes_changed_becomes_a_plain_notebook(small, data):
    raw = bytearray(as_bytes(right(small)))
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(raw)))
        end = data.draw(st.integers(start, min(len(raw), start + 40)))
        raw[start:end] = data.draw(
            st.binary(max_size=8) | st.sampled_from([b'"', b"}", b"[", b"\\"])
        )
    require_a_plain_notebook(sanitize(bytes(raw), small), small)


@given(
    data=st.binary() | st.text().map(str.encode) | JSON.map(lambda tree: json.dumps(tree).encode())
)
def test_any_bytes_become_a_plain_notebook(small, data):
    require_a_plain_notebook(sanitize(data, small), small)
