"""Class lists, as people and learning platforms write them."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import pytest

from course_lib.errors import CourseError
from course_staff.grading.records.gradebook import gradebook, gradebook_url
from course_staff.grading.roster import (
    Student,
    is_safe_id,
    read_roster,
    record_roster,
)
from course_staff.grading.times import read_time

ADA = Student("ada", "Ada", "Lovelace", "ada@example.org", "101")


def written(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "roster.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("id,name,email,lms_id\nada,Ada Lovelace,ada@example.org,101\n", "utf-8"),
        ("LMS id;E-Mail;Name;ID\r\n101;ada@example.org;Lovelace, Ada;ada\r\n", "utf-8-sig"),
        (
            "Id\tFirst name\tLast name\tEmail address\tLMS ID\n"
            "ada\tAda\tLovelace\tada@example.org\t101",
            "utf-16",
        ),
        (
            '\n"Student ID","Full Name","e-mail","Canvas ID"\n'
            'ada,"Lovelace, Ada",ada@example.org, 101\n,,,\n',
            "utf-8",
        ),
    ],
    ids=["plain", "Excel's semicolons", "UTF-16 and tabs", "quoted"],
)
def test_a_class_list_is_read_as_it_is_written(tmp_path, text, encoding):
    assert read_roster(written(tmp_path, text, encoding)) == {"ada": ADA}


def test_letters_of_every_language_stay(tmp_path):
    roster = read_roster(written(tmp_path, "id;name\nzoë;Zoe\u0308 Łuk de la Cruz\n", "utf-8-sig"))
    assert roster["zoë"].full_name == "Zoë Łuk de la Cruz"
    assert roster["zoë"].last_name == "Cruz"


def test_canvas_gradebook_is_a_class_list(tmp_path):
    path = written(
        tmp_path,
        "Student,ID,SIS User ID,SIS Login ID,Section,Homework (7)\n"
        "    Points Possible,,,,,25\n"
        '"Lovelace, Ada",101,U5,ada,A1,\n',
    )
    (student,) = read_roster(path).values()
    assert student == Student("ada", "Ada", "Lovelace", "", "101", "U5", "A1")


def test_moodles_grading_worksheet_is_a_class_list(tmp_path):
    path = written(
        tmp_path,
        'Identifier,"Full name","ID number","Email address",Status,"Last modified (submission)"\n'
        '"Participant 4711","Ada Lovelace",ada,ada@example.org,Submitted,'
        '"Friday, 20 November 2026, 4:05 PM"\n',
    )
    (student,) = read_roster(path).values()
    assert (student.id, student.participant) == ("ada", "4711")
    assert read_time(student.submitted, ZoneInfo("Europe/Berlin")) == datetime.datetime(
        2026, 11, 20, 15, 5, tzinfo=datetime.UTC
    )


def test_a_sis_id_alone_stands_for_the_platforms(tmp_path):
    (student,) = read_roster(written(tmp_path, "id,SIS User ID\nada,U5\n")).values()
    assert (student.lms_id, student.sis_id) == ("U5", "U5")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("id,name\n", "names no student"),
        ("name,email\nAda,a@b.c\n", "no column of ids, only name, email"),
        ("id,name\nada,Ada\n,Bob\n", "row 3: Bob has no id"),
        ("id,name\nada,Ada\n\nADA,Bob\n", "row 4: the id 'ADA' stands in row 2 already"),
        ("id,email\nada,x@y.z\nbob,X@y.z\n", "row 3: the e-mail address 'X@y.z' stands in row 2"),
        ("id,lms_id\nada,7\nbob,7\n", "row 3: the LMS id '7' stands in row 2"),
        ("id\n../ada\n", r"row 2: the id '\.\./ada' cannot name a folder"),
        ("id,mail,e-mail\nada,a,b\n", "columns 'mail' and 'e-mail' both give the e-mail"),
        ('id,name\nada,"Ada\n', "is not a valid CSV file"),
    ],
)
def test_what_is_wrong_is_named_with_row_and_value(tmp_path, text, told):
    with pytest.raises(CourseError, match=told):
        read_roster(written(tmp_path, text))


GERMAN = "Vollständiger Name,E-Mail-Adresse,Status,Zuletzt geändert (Abgabe)"


@pytest.mark.parametrize(
    "text",
    [
        f"ID,{GERMAN},id\nTeilnehmer/in1234,Ada Lovelace,ada@example.org,x,-,ada\n",
        f"Kennung,id,{GERMAN}\nTeilnehmer/in 1234,ada,Ada Lovelace,ada@example.org,x,-\n",
        "Identifiant,Nom complet,Adresse de courriel,Statut,id,"
        "Dernière modification (travail remis)\n"
        "Participant 1234,Ada Lovelace,ada@example.org,,ada,-\n",
        "Identificador,Nombre completo,Dirección de correo,Estado,id,"
        "Última modificación (entrega)\nParticipante 1234,Ada Lovelace,ada@example.org,,ada,-\n",
        "Identificador,Nome completo,Endereço de email,Nome de usuário,Última modificação (envio)\n"
        "Participante1234,Ada Lovelace,ada@example.org,ada,-\n",
        "Identificativo,Nome,Cognome,Indirizzo email,Codice identificativo,"
        "Ultima modifica (consegna)\nPartecipante 1234,Ada,Lovelace,ada@example.org,ada,-\n",
        "Identificatie,Volledige naam,E-mailadres,Gebruikersnaam,Laatst gewijzigd (inzending)\n"
        "Deelnemer 1234,Ada Lovelace,ada@example.org,ada,-\n",
    ],
    ids=["German", "German, renamed", "French", "Spanish", "Portuguese", "Italian", "Dutch"],
)
def test_moodles_worksheet_is_read_in_other_languages(tmp_path, text):
    expected = Student("ada", "Ada", "Lovelace", "ada@example.org", participant="1234",
                       submitted="-")  # fmt: skip
    assert read_roster(written(tmp_path, text)) == {"ada": expected}


@pytest.mark.parametrize(
    "header",
    ["Vorname;Name", "Prénom;Nom", "Nombre;Apellido(s)", "Nome;Cognome", "Nome;Sobrenome",
     "Voornaam;Achternaam", "Name;Surname"],
)  # fmt: skip
def test_a_column_called_name_holds_what_the_other_one_does_not(tmp_path, header):
    (student,) = read_roster(written(tmp_path, f"id;{header}\nada;Ada;Lovelace\n")).values()
    assert (student.first_name, student.last_name) == ("Ada", "Lovelace")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("sep=;\r\nid;name\r\nada;Ada, Countess\r\n", "utf-8-sig"),
        ('"sep=\t"\nid\tname\nada\tAda, Countess\n', "utf-8"),
        ("id\tname\r\nada\tAda, Countess\r\n", "utf-16-le"),
        ("id\tname\r\nada\tAda, Countess\r\n", "utf-16-be"),
        ("id,name,,\nada,Countess Ada,,\n", "utf-8"),
    ],
    ids=["sep=;", "quoted sep", "UTF-16 without its mark", "big-endian", "empty columns"],
)
def test_what_spreadsheet_programs_add_is_no_data(tmp_path, text, encoding):
    (student,) = read_roster(written(tmp_path, text, encoding)).values()
    assert (student.id, {student.first_name, student.last_name}) == ("ada", {"Ada", "Countess"})


def test_numbers_that_a_spreadsheet_program_wrote_are_the_numbers(tmp_path):
    text = "id,lms_id,identifier\n17.0,4711.0,Participant 12\n18.0,4712.0,13.0\n"
    found = read_roster(written(tmp_path, text))
    assert [(s.id, s.lms_id, s.participant) for s in found.values()] == [
        ("17", "4711", "12"), ("18", "4712", "13"),
    ]  # fmt: skip


def test_the_columns_that_were_used_are_named_and_the_others(tmp_path):
    path = written(tmp_path, "Kennung,id,Vollständiger Name,Note\nTeilnehmer/in1,ada,Ada L,1\n")
    assert read_roster(path).columns() == (
        "roster.csv: participant from “Kennung”, id from “id”, name from “Vollständiger Name”; "
        "not used: “Note”"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "id,name,email\nada,Lovelace, Ada,ada@example.org\n",
            "row 2 has 4 cells, but the header names 3 columns: ada | Lovelace |  Ada",
        ),
        ("id,name,\nada,Lovelace, Ada\n", "row 2 has 3 cells, but the header names 2"),
        ("id,name,email,lms_id\nada,Lovelace, Ada,a@b.c\n", "'Ada' is not a valid e-mail address"),
        ("id,email\nada,a@b@c\n", "'a@b@c' is not a valid e-mail address"),
        ("id,lms_id\nada,4.71E+08\n", r"LMS id '4\.71E\+08' is a number that a spreadsheet"),
        ("Class of 2026\n\nid,name\nada,Ada\n", "are in row 3: delete the lines above"),
        ("Class, winter\nid;name\nada;Ada\n", "are in row 2: delete the lines above"),
        ("ID,Name\nTeilnehmer/in12,Ada\n", "only ID, Name .“ID” holds Moodle's numbers"),
    ],
)
def test_what_would_be_misread_is_refused(tmp_path, text, told):
    with pytest.raises(CourseError, match=told):
        read_roster(written(tmp_path, text))


def test_a_class_list_that_is_not_utf8_names_the_way_out(tmp_path):
    with pytest.raises(CourseError, match="CSV UTF-8"):
        read_roster(written(tmp_path, "id,name\nada,Zoë\n", "latin-1"))
    with pytest.raises(CourseError, match="cannot be read"):
        read_roster(tmp_path / "none.csv")


@pytest.mark.parametrize(
    "text", ["", ".", "..", ".ada", "a/b", "a\\b", "a b", "nul", "COM1.x", "a\0", "a" * 101, "x."]
)
def test_an_id_that_is_no_folder_is_unsafe(text):
    assert not is_safe_id(text)


def test_the_gradebook_learns_names_and_forgets_none(tmp_path):
    with gradebook(gradebook_url(tmp_path)) as book:
        book.add_student("bob", email="bob@example.org")
        record_roster(book, {"ada": ADA, "bob": Student("bob", "Bob", lms_id="102")})
        ada, bob = book.find_student("ada"), book.find_student("bob")
        assert (ada.first_name, ada.last_name, ada.email) == ("Ada", "Lovelace", "ada@example.org")
        assert ada.lms_user_id == "101"
        assert (bob.first_name, bob.email, bob.lms_user_id) == ("Bob", "bob@example.org", "102")
