"""The round around grading, on the command line."""

from __future__ import annotations

import csv
import json
import zipfile

import nbformat
import pytest
from courses import NAME, mark_by_hand, mark_class, marked_notebook
from typer.testing import CliRunner

from course_lib import cli

MOODLE = "Ada Lovelace_71_assignsubmission_file_"


def course(*arguments):
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A course with one assignment, a class list and Moodle's zip of its files."""
    (tmp_path / "pyproject.toml").write_text("[tool.course]\n")
    folder = tmp_path / "assignments" / NAME
    folder.mkdir(parents=True)
    nbformat.write(marked_notebook(), folder / f"{NAME}.ipynb")
    (tmp_path / "class.csv").write_text(
        "id;Name;E-Mail;LMS id\n"
        "ada;Ada Lovelace;ada@example.org;101\n"
        "bob;Bob Ross;bob@example.org;102\n"
    )
    with zipfile.ZipFile(tmp_path / "files.zip", "w") as archive:
        archive.writestr(f"{MOODLE}/{NAME}.ipynb", "{}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_round_collect_mark_feedback_export(here):
    result = course("collect", "04", "files.zip", "--roster", "class.csv")
    assert result.exit_code == 0, result.output
    assert f"{NAME}: 1 new, in submitted" in result.output
    assert "1 student submitted nothing: bob" in result.output
    assert (
        "class.csv: id from “id”, name from “Name”, e-mail address from “E-Mail”" in result.output
    )

    url = mark_class(here / "grading", {"ada": 1.5})
    mark_by_hand(url, "ada", 3, "Well argued.")
    result = course("feedback", "04", "--to", "back.zip", "--submitted", "submitted")
    assert result.exit_code == 0, result.output
    with zipfile.ZipFile("back.zip") as archive:
        (name,) = archive.namelist()
        assert name == f"{MOODLE}/{NAME}.html"
        assert "Well argued." in archive.read(name).decode()

    result = course("export", "small", "--format", "canvas", "--roster", "class.csv")
    assert result.exit_code == 0, result.output
    with open(f"grading/{NAME}-canvas.csv", encoding="utf-8", newline="") as file:
        *_, last = csv.reader(file)
    assert last == ["Lovelace, Ada", "101", "", "ada", "", "4.5"]
    result = course("export", "04", "--to", "marks.csv")
    assert result.exit_code == 0, result.output
    assert (here / "marks.csv").read_bytes()[:3] == b"\xef\xbb\xbf"  # by which Excel knows UTF-8
    assert (here / "grading" / f"{NAME}-canvas.csv").read_bytes()[:3] == b"Stu"
    with open("marks.csv", encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["student"], row["f"], row["why"], row["score"]) == ("ada", "1.5", "3", "4.5")


def test_what_is_nobodys_makes_exit_status_1_and_is_listed_for_programs(here):
    with zipfile.ZipFile("files.zip", "a") as archive:
        archive.writestr("[bold]eve.ipynb", "{}")
    result = course("collect", "04", "files.zip", "--roster", "class.csv")
    assert result.exit_code == 1
    assert "[bold]eve.ipynb" in result.output
    result = course("collect", "04", "files.zip", "--roster", "class.csv", "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert [one["status"] for one in told["collected"]] == ["unchanged"]
    assert [one["source"] for one in told["problems"]] == ["[bold]eve.ipynb"]
    assert told["missing"] == ["bob"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("feedback", "04"), "course grade"),
        (("export", "04"), "course grade"),
        (("export", "04", "--format", "blackboard"), "choose csv, canvas, moodle"),
        (("collect", "09", "files.zip"), "is not a lesson"),
        (("collect", "04", "none.zip"), "cannot be read"),
        (("collect", "04", "files.zip", "--timezone", "Berlin"), "Europe/Berlin"),
        (("release", "04", "--to", "x", "--exchange", "y"), "choose one"),
    ],
)
def test_wrong_use_is_a_sentence_and_leaves_nothing(here, arguments, told):
    before = sorted(here.iterdir())
    result = course(*arguments)
    assert told in str(result.exception)
    assert result.exception.exit_status == 2
    assert sorted(here.iterdir()) == before
