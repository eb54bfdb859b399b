"""Which lessons are meant, and what their parameters are."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from courses import make_notebook

from course_lib.errors import CourseError
from course_staff.running import notebooks
from course_staff.running.commands import join_pairs

LESSONS = {
    name: Path(f"{name}.ipynb")
    for name in ("01-MNIST-classification", "02-Transfer_learning", "04-Regression-nn-assignment")
}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], list(LESSONS)),
        (["ALL"], list(LESSONS)),
        (["1"], ["01-MNIST-classification"]),
        (["04", "01"], ["01-MNIST-classification", "04-Regression-nn-assignment"]),
        (["mnist", "1"], ["01-MNIST-classification"]),
        (["notebooks/02-transfer_learning.ipynb"], ["02-Transfer_learning"]),
    ],
)
def test_lessons_are_found_by_number_name_and_part(words, expected):
    assert notebooks.select(words, LESSONS) == expected


def test_a_notebook_with_a_byte_order_mark_is_read(tmp_path):
    text = nbformat.writes(make_notebook("x = 1"))
    (tmp_path / "a.ipynb").write_text(text, "utf-8-sig")
    assert notebooks.read(tmp_path / "a.ipynb").cells[-1].source == "x = 1"


@pytest.mark.parametrize("word", ["9", "kaggle", "", "10"])
def test_an_unknown_lesson_is_answered_with_the_known_ones(word):
    with pytest.raises(CourseError, match=r"is not a lesson; choose from 01-MNIST-.*, 04-Regr"):
        notebooks.select([word], LESSONS)


@pytest.mark.parametrize("words", [["all", "99"], ["kaggle", "all"]])
def test_an_unknown_lesson_is_refused_beside_all_as_well(words):
    with pytest.raises(CourseError, match="is not a lesson"):
        notebooks.select(words, LESSONS)


def test_a_part_of_two_names_is_answered_with_both():
    with pytest.raises(
        CourseError, match="'SS' fits 2 lessons; choose from 01-MNIST-classification, 04-Reg"
    ):
        notebooks.select(["SS"], LESSONS)


def test_a_course_without_notebooks_says_how_to_make_them():
    with pytest.raises(CourseError, match="course build"):
        notebooks.select([], {})


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", '{"cells": 1}', '{"cells": [], "nbformat": 4}', "\udcff", "null"]
)
def test_a_broken_notebook_is_named(tmp_path, text):
    path = tmp_path / "01-broken.ipynb"
    path.write_text(text, "utf-8", errors="surrogateescape")
    with pytest.raises(CourseError, match=r"01-broken.ipynb is not a valid notebook \("):
        notebooks.read(path)


def test_parameters_are_those_of_the_parameters_cell():
    values = notebooks.parameter_values(
        "01-first", make_notebook(), profile="quick", data="auto", given={"seed": 3}
    )
    assert values == {"profile": "quick", "data": "auto", "seed": 3}


def test_an_unknown_parameter_is_answered_with_the_known_ones():
    with pytest.raises(
        CourseError, match=r"01-first has no parameter 'sed': its parameters are profile, data, se"
    ):
        notebooks.parameter_values(
            "01-first", make_notebook(), profile="auto", data="auto", given={"sed": 3}
        )


@pytest.mark.parametrize("value", ["abc", 1.5, True, None])
def test_a_value_that_is_no_whole_number_is_refused_where_one_is_wanted(value):
    with pytest.raises(CourseError, match=f"-p seed {value} does not fit 01: give a whole number"):
        notebooks.parameter_values(
            "01", make_notebook(), profile="auto", data="auto", given={"seed": value}
        )


def test_a_notebook_without_parameters_runs_as_it_is():
    notebook = make_notebook("a = 1")
    del notebook.cells[1]
    arguments = {"data": "auto", "given": {}}
    assert notebooks.parameter_values("01", notebook, profile="auto", **arguments) == {}
    with pytest.raises(CourseError, match="01 has no parameter 'profile': it has no parameters"):
        notebooks.parameter_values("01", notebook, profile="full", **arguments)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("1e-3", 0.001),
        ("0.5", 0.5),
        ("true", True),
        ("False", False),
        ("None", None),
        ("adam", "adam"),
        ("[8, 16]", [8, 16]),
        ("2026-11-21", "2026-11-21"),
        ("a: [", "a: ["),
        ("", None),
    ],
)
def test_values_are_read_as_yaml_and_numbers_as_python(text, value):
    assert notebooks.parse_value(text) == value


def test_options_that_have_their_own_name_are_no_parameters():
    with pytest.raises(CourseError, match="use --profile full"):
        notebooks.parse_parameters([("profile", "full")])
    with pytest.raises(CourseError, match="seed is given twice"):
        notebooks.parse_parameters([("seed", "1"), ("seed", "2")])


def test_names_and_values_are_joined_for_typer():
    assert join_pairs(["-p", "title", "a=b", "1"]) == ["-p", "title=a=b", "1"]
    assert join_pairs(["-p", "seed=1", "1", "--", "-p"]) == ["-p", "seed=1", "1", "--", "-p"]
    for words in (["-p"], ["1", "-p", "seed"]):
        with pytest.raises(CourseError, match="-p NAME VALUE"):
            join_pairs(words)
