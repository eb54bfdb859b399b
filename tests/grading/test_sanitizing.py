"""Whatever is handed in, sanitising makes a plain notebook of it, with our own test cells."""

from __future__ import annotations

import base64
import copy
import json

import nbformat
import pytest
from courses import (
    PLAIN_ANSWERS,
    PLAIN_RIGHT,
    answered,
    as_bytes,
    id_of,
    plain_course,
    right,
    with_cell,
)
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell

from course_staff.grading.submissions.sanitizing import MAX_CELL_LENGTH, MAX_CELLS, sanitize

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
        (b"", "it is empty."),
        (b"\xef\xbb\xbf \n", "it is empty."),
        (b"<!DOCTYPE html><html>", "it is a web page, not a notebook."),
        (b'{\n<<<<<<< HEAD\n"a"\n=======\n>>>>>>> theirs\n}', "a merge conflict (<<<<<<<)"),
        (b"PK\x03\x04 word/document.xml", "it is a Word file"),
        (b"import numpy as np\n", "it is a Python program (.py)"),
        (b'{"cells": [', "cut off"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"[]", "not a notebook"),
        (b'{"cells": 3}', "no list of cells"),
        (b"[" * 200_000, "nested too deeply"),
        (json.dumps({"cells": [{}] * (MAX_CELLS + 1)}).encode(), "cells"),
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


def changed(notebook: nbformat.NotebookNode, grade_id: str, **values) -> nbformat.NotebookNode:
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id:
            cell.update(values)
    return notebook


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_an_answers_cell_of_another_type_is_turned_back(small, kind):
    submission = sanitize(as_bytes(changed(right(small), "double-answer", cell_type=kind)), small)
    assert submission.notebook == sanitize(as_bytes(right(small)), small).notebook
    assert "return 2 *" in executed_sources(submission)
    (remark,) = submission.remarks
    assert "The cell of double-answer had become" in remark
    assert "it is code again" in remark


@pytest.mark.parametrize("kind", ["code", "raw"])
def test_a_written_answers_cell_of_another_type_is_turned_back(small, kind):
    submission = sanitize(as_bytes(changed(right(small), "why", cell_type=kind)), small)
    assert submission.notebook == sanitize(as_bytes(right(small)), small).notebook
    assert submission.written == {"why": "Because adding twice is doubling."}
    assert "it is text (Markdown) again" in submission.remarks[0]


def test_an_answer_that_was_split_and_turned_into_text_is_code_again(small):
    halves = changed(right(small), "double-answer", cell_type="markdown")
    at = next(i for i, c in enumerate(halves.cells) if "return 2 *" in c.source)
    halves.cells.insert(at, copy.deepcopy(halves.cells[at]))
    halves.cells[at].source = "factor = 2"
    sources = executed_sources(sanitize(as_bytes(halves), small))
    assert sources.index("factor = 2") < sources.index("return 2 *")


def test_a_note_that_is_a_copy_of_an_answers_cell_stays_a_note(small):
    notebook = right(small)
    notebook.cells.insert(3, changed(right(small), "double-answer", cell_type="raw").cells[4])
    notebook.cells[3].source = "my first try"
    submission = sanitize(as_bytes(notebook), small)
    assert "my first try" not in executed_sources(submission)
    assert submission.remarks == ()


def test_a_written_answer_below_its_cell_goes_to_a_person(small):
    notebook = answered(small)
    notebook.cells.append(nbformat.v4.new_markdown_cell("It is so."))
    submission = sanitize(as_bytes(notebook), small)
    assert submission.written == {"why": "It is so."}
    assert "It is so." in [cell.source for cell in submission.notebook.cells]


def test_a_note_elsewhere_is_no_written_answer_and_the_student_is_told(small):
    notebook = answered(small)
    notebook.cells.insert(2, nbformat.v4.new_markdown_cell("I like it."))
    submission = sanitize(as_bytes(notebook), small)
    assert submission.written == {}
    assert "There is no answer to why in its cell or around it" in submission.remarks[0]


def test_only_blanks_are_no_written_answer(small):
    for source in (" \n", "your answer here", "<!-- YOUR ANSWER HERE -->"):
        assert sanitize(as_bytes(right(small, why=source)), small).written == {}


def test_an_answer_in_a_comment_of_html_is_shown_to_the_marker(small):
    submission = sanitize(as_bytes(right(small, why="<!-- It is so. -->")), small)
    assert submission.written == {"why": "<!-- It is so. -->"}
    assert submission.notebook.cells[-1].source == "&lt;!-- It is so. --&gt;"


HELPER = "def middle(table):\n    return table.mean()"


def with_tagged(notebook: nbformat.NotebookNode, source: str) -> nbformat.NotebookNode:
    longer = with_cell(notebook, source, at=3)
    longer.cells[3].metadata["tags"] = ["explore"]
    return longer


def test_a_helper_in_a_skipped_cell_is_executed_without_the_rest_of_it(small):
    notebook = with_tagged(right(small), f"print(housing)\n{HELPER}\nmiddle(housing)")
    submission = sanitize(as_bytes(notebook), small)
    assert HELPER in executed_sources(submission)
    assert "housing" not in executed_sources(submission)
    (remark,) = submission.remarks
    assert 'begins "print(housing)" is skipped, but what it defines was executed' in remark
    again = sanitize(as_bytes(submission.notebook), small)
    assert again.notebook == submission.notebook
    assert again.executed == submission.executed


def test_a_helper_in_a_copy_of_a_test_cell_is_executed(small):
    notebook = right(small)
    at = next(i for i, c in enumerate(notebook.cells) if "check.question" in c.source)
    notebook.cells.insert(at, copy.deepcopy(notebook.cells[at]))
    notebook.cells[at].source = HELPER
    submission = sanitize(as_bytes(notebook), small)
    assert HELPER in executed_sources(submission)
    assert "check.question" not in executed_sources(submission)


def test_an_answer_that_was_merged_into_an_exploring_cell_is_executed_before_it_fails(small):
    explores = next(c.source for c in small.release.cells if "only explores" in c.source)
    answer = "def double(values):\n    return 7"
    for tags in (["explore"], []):
        notebook = with_cell(answered(small), f"{explores}\n\n{answer}", at=3)
        notebook.cells[3].metadata["tags"] = tags
        submission = sanitize(as_bytes(notebook), small)
        sources = executed_sources(submission)
        assert sources.index(answer) < sources.index("only explores")


def test_an_exploring_cell_with_another_value_is_skipped_without_a_word(small):
    known = next(c for c in small.release.cells if "only explores" in c.source)
    notebook = right(small)
    for cell in notebook.cells:
        if cell.source == known.source:
            cell.source = "print(1)\nx = compute()"
    submission = sanitize(as_bytes(notebook), small)
    assert "compute" not in executed_sources(submission)
    assert submission.remarks == ()


def test_a_line_for_colab_does_not_cost_the_imports_below_it(small):
    notebook = with_cell(right(small), "from google.colab import drive\nimport math", at=1)
    notebook.cells.insert(2, new_code_cell("drive.mount('/content')\n%matplotlib widget\nx = 1"))
    submission = sanitize(as_bytes(notebook), small)
    sources = executed_sources(submission).splitlines()
    assert "import math" in sources
    assert "x = 1" in sources
    assert all(line.startswith("#") for line in sources if "drive" in line or "widget" in line)
    assert len(submission.remarks) == 3
    assert sanitize(as_bytes(submission.notebook), small).notebook == submission.notebook


def test_what_is_cut_is_told(small):
    notebook = with_cell(right(small), "long = 1\n" + "x" * MAX_CELL_LENGTH, at=3)
    notebook.cells.append({"cell_type": "sketch", "source": "drawn", "metadata": {}})
    cut, unknown = sanitize(as_bytes(notebook), small).remarks
    assert 'begins "long = 1" has 200,009 characters' in cut
    assert 'begins "drawn"' in unknown


def test_headings_of_the_oldest_format_are_kept(small):
    old = {"worksheets": [{"cells": [{"cell_type": "heading", "level": 2, "source": "Mine"}]}]}
    submission = sanitize(json.dumps(old).encode(), small)
    assert ("markdown", "Mine") in [(c.cell_type, c.source) for c in submission.notebook.cells]


PIXEL = base64.b64encode(b"\x89PNG\r\n and what a picture holds").decode()


def test_a_pasted_picture_is_kept_and_another_one_is_another_answer(small):
    def handed(picture: str):
        notebook = right(small, why="See ![](attachment:my%20sketch.png)!")
        notebook.cells[-1]["attachments"] = {"my sketch.png": {"image/png": picture}}
        return sanitize(as_bytes(notebook), small)

    submission = handed(PIXEL)
    cell = submission.notebook.cells[-1]
    ((name, bundle),) = cell.attachments.items()
    assert cell.source == f"See ![](attachment:{name})!"
    assert bundle == {"image/png": PIXEL}
    nbformat.validate(submission.notebook)
    assert sanitize(as_bytes(submission.notebook), small).notebook == submission.notebook
    other = base64.b64encode(base64.b64decode(PIXEL) + b"more").decode()
    assert handed(other).written != submission.written


def test_an_untouched_cell_with_a_picture_of_the_instructors_is_untouched(small):
    assignment = copy.deepcopy(small)
    text = assignment.release.cells[0]
    text.source += "\n![](attachment:plan.png)"
    text["attachments"] = {"plan.png": {"image/png": PIXEL}}
    for lost in (False, True):
        notebook = answered(assignment)
        if lost:
            del notebook.cells[0]["attachments"]
        submission = sanitize(as_bytes(notebook), assignment)
        assert submission.written == {}
        assert submission.remarks == ()
        (bundle,) = submission.notebook.cells[0].attachments.values()
        assert bundle == {"image/png": PIXEL}


def test_a_plain_assignments_cells_of_another_type_are_turned_back(tmp_path):
    plain = plain_course(tmp_path)
    answers = PLAIN_RIGHT | PLAIN_ANSWERS
    notebook = answered(plain, **answers)
    for cell in notebook.cells:
        if id_of(cell) in ("square", "sketch"):
            cell["cell_type"] = "markdown"
        if id_of(cell) in ("why", "project"):
            cell["cell_type"] = "code"
    submission = sanitize(as_bytes(notebook), plain)
    ours = sanitize(as_bytes(answered(plain, **answers)), plain)
    assert submission.notebook == ours.notebook
    assert submission.executed == ours.executed
    assert submission.written == ours.written
    assert len(submission.remarks) == 4


def test_what_was_added_to_a_locked_text_is_shown_below_it(tmp_path):
    plain = plain_course(tmp_path)
    notebook = right(plain)
    task = next(cell for cell in notebook.cells if id_of(cell) == "project")
    task.source += "\n\nMy project is a bridge."
    submission = sanitize(as_bytes(notebook), plain)
    shown = [cell.source for cell in submission.notebook.cells]
    assert shown[-2:] == ["Add a cell of your own.", "My project is a bridge."]
    assert "what was added to it is in a cell below it" in submission.remarks[0]
    again = sanitize(as_bytes(submission.notebook), plain)
    assert again.notebook == submission.notebook


def test_code_beside_an_untouched_answer_in_code_that_a_person_marks_goes_to_them(tmp_path):
    plain = plain_course(tmp_path)
    notebook = right(plain)
    at = next(i for i, c in enumerate(notebook.cells) if id_of(c) == "sketch")
    assert "sketch" not in sanitize(as_bytes(notebook), plain).written
    notebook.cells.insert(at + 1, new_code_cell("drawn = square(2)"))
    assert sanitize(as_bytes(notebook), plain).written["sketch"] == "drawn = square(2)"
