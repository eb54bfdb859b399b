"""Marks for other systems, in the columns that they import."""

from __future__ import annotations

import csv

import pytest
from courses import NAME, mark_by_hand, mark_class

from course_lib.errors import CourseError
from course_staff.grading.classroom.exporting import export
from course_staff.grading.records.gradebook import gradebook, gradebook_url
from course_staff.grading.roster import Student, record_roster

CLASS = {
    s.id: s
    for s in (
        Student("ada", "Ada", "Lovelace", "ada@example.org", "101", section="A"),
        Student("bob", "=HYPERLINK(1)", "O'Brien, Jr", "bob@example.org", "102"),
        Student("cai", "Cai", "", "cai@example.org", "103"),
    )
}


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """Ada marked in full, Bob late and still to be marked by hand, Cai without a submission."""
    out = tmp_path_factory.mktemp("out")
    url = mark_class(out, {"ada": 1.5, "bob": 1.0}, penalties={"bob": 3.0})
    mark_by_hand(url, "ada", 2.25)
    with gradebook(url) as book:
        book.add_student("cai")
    return url


def lines(exported):
    return list(csv.reader(exported.text.splitlines()))


def test_a_table_for_people_has_a_column_a_question(url):
    exported = export(NAME, url, "csv", CLASS, questions=["why", "f"])
    header, ada, bob, cai = lines(exported)
    assert header == [
        "student", "last_name", "first_name", "email", "lms_id", "timestamp",
        "why", "f", "raw_score", "late_penalty", "score", "max_score", "needs_manual_grade",
    ]  # fmt: skip
    assert ada[5:] == ["2026-11-21 12:00:00 UTC", "2.25", "1.5", "3.75", "0", "3.75", "5", "no"]
    assert bob[6:] == ["0", "1", "1", "3", "0", "5", "yes"]
    assert cai[6:] == ["", "", "", "", "", "5", "no"]
    assert exported.notes == ["1 to mark by hand: bob."]


def test_canvas_gets_the_columns_that_it_imports(url):
    exported = export(NAME, url, "canvas", CLASS, column="Homework 4 (777)")
    assert lines(exported) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Homework 4 (777)"],
        ["    Points Possible", "", "", "", "", "5"],
        ["Lovelace, Ada", "101", "", "ada", "A", "3.75"],
        ["O'Brien, Jr, =HYPERLINK(1)", "102", "", "bob", "", "0"],
    ]
    assert "1 left out, without a submission: cai." in exported.notes


def test_canvas_gets_sis_ids_where_the_class_list_has_no_others(url):
    students = {id: Student(id, lms_id=f"U{id}", sis_id=f"U{id}") for id in CLASS}
    assert lines(export(NAME, url, "canvas", students))[2][1:4] == ["", "Uada", "ada"]


def test_moodle_gets_what_identifies_and_the_mark(url):
    assert lines(export(NAME, url, "moodle", CLASS, missing_as_zero=True)) == [
        ["First name", "Last name", "ID number", "Email address", NAME],
        ["Ada", "Lovelace", "101", "ada@example.org", "3.75"],
        ["'=HYPERLINK(1)", "O'Brien, Jr", "102", "bob@example.org", "0"],
        ["Cai", "", "103", "cai@example.org", "0"],
    ]


@pytest.mark.parametrize(("kind", "lacks"), [("canvas", "lms_id"), ("moodle", "email")])
def test_a_missing_id_is_refused_with_the_names(url, kind, lacks):
    with pytest.raises(CourseError, match=rf"2 students have no {lacks}.*: ada, bob\..*--roster"):
        export(NAME, url, kind)


def test_who_is_not_in_the_class_list_is_told(url):
    exported = export(NAME, url, "csv", {"ada": CLASS["ada"]})
    assert "Not in the class list, but in the gradebook: bob, cai." in exported.notes
    with pytest.raises(CourseError, match="1 students have no lms_id"):
        export(NAME, url, "canvas", {"ada": CLASS["ada"]})


def test_what_the_gradebook_knows_needs_no_class_list(tmp_path):
    url = mark_class(tmp_path, {"ada": 2.0})
    with gradebook(url) as book:
        record_roster(book, CLASS)
    assert lines(export(NAME, url, "canvas"))[2][:2] == ["Lovelace, Ada", "101"]


def test_an_assignment_that_was_not_graded_is_told(tmp_path):
    with pytest.raises(CourseError, match="course grade"):
        export("05-Other", gradebook_url(tmp_path), "csv")
