"""Whatever is handed in, sanitising makes a plain notebook of it, with our own test cells."""

from __future__ import annotations

import copy
import json

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell
from small_class import answered, as_bytes, right, with_cell

from course_lib.grading.sanitizing import MOST_CELLS, sanitize

GRADED = ["double", "double-answer", "draw", "draw-answer", "why"]


def executed_sources(submission) -> str:
    return "\n".join(submission.notebook.cells[index].source for index in submission.executed)


def graded_ids(submission) -> list[str]:
    cells = submission.notebook.cells
    return [c.metadata.nbgrader.grade_id for c in cells if "nbgrader" in c.metadata]


def test_answers_are_executed_and_tests_and_explorations_are_not(small):
    submission = sanitize(as_bytes(right(small)), small)
    assert submission.status == "ok"
    assert "return 2 *" in executed_sources(submission)
    assert "import numpy" in executed_sources(submission)
    assert "check.question" not in executed_sources(submission)
    assert "only explores" not in executed_sources(submission)
    assert submission.remarks == ()


def test_no_file_is_missing(small):
    assert sanitize(None, small).status == "missing"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not valid JSON"),
        (b'{"cells": [', "cut off"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"[]", "not a notebook"),
        (b'{"cells": 3}', "no list of cells"),
        (b"[" * 200_000, "nested too deeply"),
        (json.dumps({"cells": [{}] * (MOST_CELLS + 1)}).encode(), "cells"),
    ],
)
def test_what_is_no_notebook_is_unreadable_and_says_why(small, data, reason):
    submission = sanitize(data, small)
    assert submission.status == "unreadable"
    assert reason in submission.remarks[0]
    assert submission.executed == ()


def test_a_notebook_as_colab_saves_it_is_read_like_any_other(small):
    colab = right(small)
    for cell in colab.cells:
        del cell["id"]
    colab["nbformat_minor"] = 0
    ours = sanitize(as_bytes(right(small)), small)
    theirs = sanitize(as_bytes(colab), small)
    assert theirs.notebook == ours.notebook
    assert theirs.executed == ours.executed


def test_edited_test_cells_are_replaced(small):
    edited = right(small)
    for cell in edited.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "double":
            cell.source = "print('full marks')"
            cell.metadata.nbgrader.points = 100
    assert (
        sanitize(as_bytes(edited), small).notebook
        == sanitize(as_bytes(right(small)), small).notebook
    )


def test_missing_test_cells_come_back_with_a_remark(small):
    shortened = right(small)
    shortened.cells = [
        cell for cell in shortened.cells if not cell.metadata.get("nbgrader", {}).get("locked")
    ]
    submission = sanitize(as_bytes(shortened), small)
    assert sorted(graded_ids(submission)) == [
        "double",
        "double-answer",
        "draw",
        "draw-answer",
        "why",
    ]
    assert len(submission.remarks) == 2


def test_duplicated_cells_do_no_harm(small):
    doubled = right(small)
    doubled.cells = [copy.deepcopy(cell) for cell in doubled.cells for _ in range(2)]
    submission = sanitize(as_bytes(doubled), small)
    assert sorted(graded_ids(submission)) == [
        "double",
        "double-answer",
        "draw",
        "draw-answer",
        "why",
    ]
    assert "check.question" not in executed_sources(submission)


@pytest.mark.parametrize("metadata", [None, 3, {"nbgrader": 4}, {"nbgrader": {"grade_id": []}}])
def test_odd_metadata_is_taken_for_none(small, metadata):
    notebook = right(small)
    notebook.cells.append({"cell_type": "code", "source": "x = 1", "metadata": metadata})
    assert "x = 1" in executed_sources(sanitize(as_bytes(notebook), small))


def test_another_schema_version_changes_nothing(small):
    notebook = right(small)
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.schema_version = 99
    assert sanitize(as_bytes(notebook), small) == sanitize(as_bytes(right(small)), small)


def test_an_answer_in_a_cell_that_is_tagged_as_exploring_is_executed(small):
    notebook = answered(small)
    notebook.cells.append(
        new_code_cell("def double(values):\n    return 7", metadata={"tags": ["explore"]})
    )
    assert "return 7" in executed_sources(sanitize(as_bytes(notebook), small))


def test_an_exploring_cell_without_its_tag_is_still_left_out(small):
    notebook = right(small)
    for cell in notebook.cells:
        cell.metadata.pop("tags", None)
    assert "only explores" not in executed_sources(sanitize(as_bytes(notebook), small))


@pytest.mark.parametrize("tag", ["", "a,b", "\ud800", 3, ["explore"]])
def test_tags_that_no_notebook_may_have_are_left_out(small, tag):
    handed_in = with_cell(right(small), "1 + 1", at=2)
    handed_in.cells[2].metadata["tags"] = [tag, "explore", "explore"]
    submission = sanitize(as_bytes(handed_in), small)
    nbformat.validate(submission.notebook)
    assert submission.notebook.cells[2].metadata["tags"] == ["explore"]
    assert 2 not in submission.executed


def test_added_cells_are_executed_in_their_place(small):
    submission = sanitize(as_bytes(with_cell(right(small), "helper = 1")), small)
    sources = executed_sources(submission)
    assert sources.index("import numpy") < sources.index("helper = 1") < sources.index("def draw")


def test_a_written_answer_is_kept_and_an_untouched_one_is_not(small):
    assert sanitize(as_bytes(right(small)), small).written == {
        "why": "Because adding twice is doubling."
    }
    assert sanitize(as_bytes(answered(small)), small).written == {}


def test_a_written_answer_whose_cell_lost_its_name_waits_for_a_person(small):
    stripped = right(small)
    for cell in stripped.cells:
        cell.metadata.pop("nbgrader", None)
    assert sanitize(as_bytes(stripped), small).written == {
        "why": "Because adding twice is doubling."
    }


def test_a_notebook_of_version_3_is_read(small):
    old = {
        "nbformat": 3,
        "worksheets": [{"cells": [{"cell_type": "code", "input": ["a = 1\n", "b = 2"]}]}],
    }
    assert "a = 1\nb = 2" in executed_sources(sanitize(json.dumps(old).encode(), small))


def test_half_a_surrogate_pair_can_be_written_again(small):
    notebook = with_cell(right(small), "placeholder")
    data = as_bytes(notebook).replace(b"placeholder", b"x = '\\ud800'")
    json.dumps(sanitize(data, small).notebook, ensure_ascii=False).encode("utf-8")


def test_sanitising_twice_equals_once(small):
    once = sanitize(as_bytes(with_cell(right(small), "x = 1")), small)
    twice = sanitize(as_bytes(once.notebook), small)
    assert twice.notebook == once.notebook
    assert twice.executed == once.executed


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=12,
)
CELLS = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw", "other"]) | JSON,
        "source": st.text(max_size=20) | JSON,
        "metadata": st.fixed_dictionaries(
            {},
            optional={
                "tags": st.just(["explore"]) | JSON,
                "nbgrader": st.fixed_dictionaries(
                    {"grade_id": st.sampled_from(["double", "double-answer", "why"]) | JSON}
                )
                | JSON,
            },
        )
        | JSON,
    },
)


@given(cells=st.lists(CELLS | JSON, max_size=6))
def test_no_json_makes_sanitising_fail(small, cells):
    submission = sanitize(json.dumps({"cells": cells}).encode(), small)
    assert submission.status == "ok"
    assert {"double", "draw", "why"} <= set(graded_ids(submission))
