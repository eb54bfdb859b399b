"""The gradebook: nbgrader's, on SQLite and on PostgreSQL."""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import pytest
from courses import NAME, mark_by_hand, mark_class
from nbgrader.dbutil import write_alembic_ini
from postgres_server import programs, temporary_server
from sqlalchemy import text

from course_lib.errors import CourseError
from course_staff.grading.classroom.exporting import export
from course_staff.grading.records.gradebook import gradebook, gradebook_url, require_gradebook
from course_staff.grading.reports.feedback import students_with_marks, write_feedback


def test_a_gradebook_is_made_where_no_program_is_on_path(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    url = gradebook_url(tmp_path)
    with gradebook(url) as book:
        book.add_student("ada")
    assert url == f"sqlite:///{tmp_path}/gradebook.db"
    assert [path.name for path in tmp_path.iterdir()] == ["gradebook.db"]
    rows = sqlite3.connect(tmp_path / "gradebook.db").execute("select * from alembic_version")
    assert len(rows.fetchall()) == 1  # `nbgrader db upgrade` needs it


def test_making_a_gradebook_starts_no_program_that_would_hear_ctrl_c(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(subprocess, "Popen", lambda *command, **_: started.append(command))
    with gradebook(gradebook_url(tmp_path)) as book:
        ours = book.db.execute(text("SELECT version_num FROM alembic_version")).scalar()
    assert started == []
    monkeypatch.undo()
    alembic = [sys.executable, "-m", "alembic", "-c", str(tmp_path / "alembic.ini"), "heads"]
    write_alembic_ini(alembic[4])
    assert subprocess.check_output(alembic, text=True).split()[0] == ours


def test_a_gradebook_that_cannot_be_opened_is_told_in_a_sentence(tmp_path):
    (tmp_path / "gradebook.db").write_text("this is no database, and is longer than a header")
    with (
        pytest.raises(CourseError, match=r"gradebook\.db cannot be opened"),
        gradebook(gradebook_url(tmp_path)),
    ):
        pass


def test_a_server_that_does_not_answer_is_told_without_the_password(tmp_path):
    url = gradebook_url(tmp_path, f"postgresql://me:secret@/x?host={tmp_path}")
    with pytest.raises(CourseError, match="cannot be opened") as told, gradebook(url):
        pass
    assert "secret" not in str(told.value)


def test_an_address_that_is_none_is_refused(tmp_path):
    with pytest.raises(CourseError, match="is not the address of a database"):
        gradebook_url(tmp_path, "://here")


def test_a_gradebook_that_is_not_there_is_not_made_by_reading(tmp_path):
    with pytest.raises(CourseError, match="course grade"):
        require_gradebook(gradebook_url(tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(programs() is None, reason="Debian's package postgresql is not installed")
def test_a_round_on_postgresql(tmp_path):
    with temporary_server() as address:
        out = tmp_path / "out"
        out.mkdir()
        url = mark_class(out, {"ada": 1.5, "bob": 2}, db=address, penalties={"bob": 0.5})
        mark_by_hand(url, "ada", 2.5, "Well argued.")
        with gradebook(url) as book:
            pages = write_feedback(out, NAME, students_with_marks(out, NAME), book)
        assert "Score: 4.0 / 5.0" in pages["ada"][0].read_text("utf-8")
        rows = export(NAME, url, "csv").text.splitlines()
        assert rows[1].split(",")[-3:] == ["4", "5", "no"]
        assert rows[2].split(",")[-3:] == ["1.5", "5", "yes"]
        assert not (out / "gradebook.db").exists()


@pytest.mark.skipif(programs() is None, reason="Debian's package postgresql is not installed")
def test_a_gradebook_on_a_server_whose_making_was_stopped_is_completed(tmp_path):
    with temporary_server() as address:
        url = gradebook_url(tmp_path, address)
        with gradebook(url) as book, book.engine.begin() as connection:
            made = connection.execute(text("SELECT * FROM alembic_version")).fetchall()
            connection.execute(text("DROP TABLE alembic_version"))
        with gradebook(url) as book:
            assert book.db.execute(text("SELECT * FROM alembic_version")).fetchall() == made
