"""Which notebook is an assignment's, and which copy of it counts."""

from __future__ import annotations

import datetime
import json
import os

import pytest
from courses import NAME, as_bytes, hand_in, right, with_cell

from course_staff.grading.submissions import copies, reading
from course_staff.grading.submissions.copies import Copy, NotebookMatcher

A = "04-Regression-nn-assignment"
B = "05-Normalization-and-regularization-assignment"
MATCHER = NotebookMatcher((A,), (A, B))


@pytest.mark.parametrize(
    "name",
    [
        "{}", "Copy of {}", "{}-Copy1", "{} (1)", "{}_final", "{} - Kopie", "Kopie von {}",
        "Copie de {}", "Copia de {}", "{}のコピー", "コピー {}", "{}FINAL", "ada {} v2 neu",
        "04_regression", "4 Regression Ada", "Regression-nn-assignment",
    ],
)  # fmt: skip
@pytest.mark.parametrize("ending", [".ipynb", ".IPYNB"])
def test_a_name_that_holds_the_assignments_is_its(name, ending):
    assert MATCHER.by_name(name.format(A) + ending) is True


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        (f"{B}.ipynb", False), (f"Copy of {B} (2).ipynb", False), ("05_normalization", False),
        ("final.ipynb", None), ("04.ipynb", None), ("14-Regression.ipynb", None),
        ("Untitled1.ipynb", None), (".ipynb", None),
    ],
)  # fmt: skip
def test_other_names_are_anothers_or_say_nothing(name, ours):
    assert MATCHER.by_name(name) is ours


def test_a_number_is_a_whole_one_and_the_longest_name_counts():
    matcher = NotebookMatcher(("ps1", "problem"), ("ps1", "ps10", "ps1-extra"))
    assert [matcher.by_name(f"{name}.ipynb") for name in ("ps1 (2)", "ps10", "ps1 extra")] == [
        True, False, False,
    ]  # fmt: skip


def notebook(*cells: tuple[str, str]) -> bytes:
    made = [
        {"cell_type": "code", "source": source, "metadata": {"nbgrader": {"grade_id": grade_id}}}
        for grade_id, source in cells
    ]
    return json.dumps({"cells": made}).encode()


def copy(name: str, data: bytes, minutes: float = 0.0, **facts) -> Copy:
    start = datetime.datetime(2026, 11, 20, tzinfo=datetime.UTC)
    return Copy(name, data, start + datetime.timedelta(minutes=minutes), **facts)


STUB = notebook(("f-answer", '"""What f gives."""\n# YOUR CODE HERE\nraise NotImplementedError()'))
WORK = notebook(("f-answer", "def f(): return 1"))
OTHER = notebook(("f-answer", "def f(): return 2"))
KNOWN = NotebookMatcher(
    (A,), (A, B), lambda: ({"f", "f-answer"}, [{"g", "g-answer"}]), lambda: STUB
)


def test_the_cells_tell_better_than_the_name():
    assert KNOWN.is_ours(copy("final.ipynb", WORK)) is True
    assert KNOWN.is_ours(copy(f"{B}.ipynb", WORK)) is True
    assert KNOWN.is_ours(copy(f"{A}.ipynb", notebook(("g-answer", "")))) is False
    assert KNOWN.is_ours(copy(f"{A}.ipynb", b"no notebook")) is True
    assert KNOWN.is_ours(copy("final.ipynb", b'{"cells": [{}]}')) is None


def test_cells_that_every_assignment_has_leave_it_to_the_name():
    same = NotebookMatcher(("ps1",), ("ps2",), lambda: ({"q1"}, [{"q1", "q2"}]))
    assert same.is_ours(copy("ps2.ipynb", notebook(("q1", "")))) is False
    assert same.is_ours(copy("ps1.ipynb", notebook(("q1", "")))) is True


@pytest.mark.parametrize(
    ("first", "second", "counts"),
    [
        (copy("a", WORK), copy("b", OTHER, 60), ["b"]),
        (copy("a", WORK, 60), copy("b", OTHER), ["a"]),
        (copy("a", STUB, 60), copy("b", WORK), ["b"]),  # never the untouched one
        (copy("a", STUB), copy("b", WORK, 0.5), ["b"]),
        (copy("a", WORK, 0.1), copy("b", OTHER), ["a", "b"]),  # dates of files that came together
        (copy("a", WORK), copy("b", WORK), ["a"]),
        (copy("a", WORK, number=2), copy("b", OTHER, 60, number=1), ["a"]),
        (copy("a", STUB), copy("b", STUB, 60), ["b"]),
    ],
)
def test_the_newest_with_work_in_it_counts(first, second, counts):
    for pair in ([first, second], [second, first]):
        assert [one.name for one in KNOWN.newest(pair)] == counts


def test_of_two_that_came_together_the_one_that_holds_the_others_work_counts():
    more = notebook(("f-answer", "def f(): return 1"), ("h", "more"))
    assert [c.name for c in KNOWN.newest([copy("a", WORK, 0.1), copy("b", more)])] == ["b"]


def test_comments_docstrings_and_layout_are_no_work():
    commented = notebook(("f-answer", "raise NotImplementedError()  # later\n"))
    assert KNOWN.is_untouched(copy("a", commented))
    assert not KNOWN.is_untouched(copy("a", WORK))
    assert not KNOWN.is_untouched(copy("a", b"{"))


# -- what `course grade` reads from a folder that was laid out by hand ----------------------------


@pytest.fixture
def folder(small, tmp_path):
    """Put notebooks into ada's folder; read it."""
    home = tmp_path / "ada" / NAME
    home.mkdir(parents=True)

    def put(name: str, content, day: int = 1) -> None:
        data = content if isinstance(content, bytes) else as_bytes(content)
        (home / name).write_bytes(data)
        os.utime(home / name, (1.8e9 + 86400 * day,) * 2)

    def read():
        return reading.read(tmp_path, "ada", NAME, NAME, copies.of_assignment(small))

    put.read, put.home = read, home
    return put


@pytest.mark.parametrize(
    "name",
    [f"Copy of {NAME}.ipynb", f"{NAME}-Copy1.ipynb", f"Kopie von {NAME}.IPYNB", "fertig.ipynb"],
)
def test_a_newer_copy_is_graded_and_both_are_named(small, folder, name):
    folder(f"{NAME}.ipynb", small.release)
    folder(name, right(small), day=2)
    folder("05-Other-assignment.ipynb", notebook(("other", "x")), day=3)
    handed = folder.read()
    assert handed.data == as_bytes(right(small))
    assert handed.notes == (f"took {name}, left {NAME}.ipynb",)
    assert name in handed.remarks[0]
    assert f"{NAME}.ipynb was left" in handed.remarks[0]


@pytest.mark.parametrize("day", [0, 1, 2])
def test_the_untouched_one_is_not_graded_whatever_the_dates_say(small, folder, day):
    folder(f"{NAME}.ipynb", small.release, day=day)
    folder("mine.ipynb", right(small))
    assert folder.read().data == as_bytes(right(small))


def test_an_older_copy_does_not_count_and_is_named(small, folder):
    folder(f"{NAME}.ipynb", right(small), day=2)
    folder(f"{NAME}-Copy1.ipynb", right(small, why="Else."))
    handed = folder.read()
    assert handed.data == as_bytes(right(small))
    assert handed.notes == (f"took {NAME}.ipynb, left {NAME}-Copy1.ipynb",)


def test_where_nothing_decides_the_usual_name_counts_and_it_is_said(small, folder):
    folder(f"{NAME}.ipynb", right(small))
    folder(f"{NAME} (1).ipynb", right(small, why="Else."))
    handed = folder.read()
    assert handed.data == as_bytes(right(small))
    assert "is as new, and was left" in handed.remarks[0]
    (folder.home / f"{NAME}.ipynb").rename(folder.home / f"{NAME} (2).ipynb")
    handed = folder.read()
    assert handed.data is None
    assert "are equally new; none was graded" in handed.remarks[0]
    assert handed.notes == ("several notebooks, none graded",)


def test_a_notebook_that_nothing_tells_is_left_unless_the_usual_one_is_untouched(small, folder):
    folder(f"{NAME}.ipynb", right(small))
    folder("scratch.ipynb", b'{"cells": []}', day=2)
    assert folder.read().notes == ()
    folder(f"{NAME}.ipynb", small.release)
    assert folder.read().notes == (f"took {NAME}.ipynb, left scratch.ipynb",)


def test_other_spellings_of_the_ending_are_read(small, folder):
    folder(f"{NAME}.IPYNB", right(small))
    handed = folder.read()
    assert (handed.data, handed.remarks) == (as_bytes(right(small)), ())


def test_a_folder_without_a_notebook_says_what_it_holds(folder):
    folder("answers.pdf", b"%PDF")
    handed = folder.read()
    assert handed.data is None
    assert handed.remarks[0] == "The folder holds no notebook, but answers.pdf."


def test_of_very_many_files_the_usual_one_is_among_those_that_are_read(small, folder):
    usual = as_bytes(with_cell(right(small), "x = 1"))
    folder(f"{NAME}.ipynb", usual)
    for number in range(50):
        folder(f"{number}.ipynb", b"{", day=10 + number)
    assert folder.read().data == usual


def test_what_is_handed_in_alone_needs_no_look_inside(small, tmp_path):
    hand_in(tmp_path, "ben", b"{")
    handed = reading.read(tmp_path, "ben", NAME)
    assert (handed.data, handed.remarks, handed.notes) == (b"{", (), ())
