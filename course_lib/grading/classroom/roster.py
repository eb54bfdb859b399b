"""The class list: a CSV that says who is who here and in the learning platform."""

from __future__ import annotations

import csv
import datetime
import io
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from course_lib.errors import CourseError

if TYPE_CHECKING:
    from nbgrader.api import Gradebook

# What a column may be called, without case, spaces and signs.
HEADERS = {
    "id": ("id", "studentid", "username", "netid", "login", "sisloginid", "idnumber"),
    "name": ("name", "student", "fullname", "studentname", "displayname"),
    "first_name": ("firstname", "givenname", "forename"),
    "last_name": ("lastname", "surname", "familyname"),
    "email": ("email", "mail", "emailaddress"),
    "lms_id": ("lmsid", "lmsuserid", "canvasid", "canvasuserid", "userid", "moodleid"),
    "sis_id": ("sisuserid", "sisid"),
    "section": ("section", "sections"),
    "submitted": ("submitted", "submittedat", "timestamp", "lastmodifiedsubmission"),
    "participant": ("identifier", "participant"),
}
# Exports of a learning platform's own gradebook or participants use "ID" in another sense.
CANVAS_HEADERS = {"student", "id", "section"}

# A folder's name on every system; also what nbgrader takes for a student.
SAFE_ID = re.compile(r"[^\W_][\w.@+-]{0,99}(?<!\.)")
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Student:
    """One line of the class list.

    Attributes
    ----------
    id : str
        The name of the student's folder, and nbgrader's id.
    first_name, last_name, email : str
        Empty where unknown.
    lms_id : str
        The learning platform's number: in the names of Canvas' files, or Moodle's "ID number".
    sis_id : str
        Canvas' "SIS User ID".
    section : str
    participant : str
        Moodle's number for one assignment, as in "Participant 1234".
    submitted : str
        When the work was handed in, where the learning platform tells.
    """

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_id: str = ""
    sis_id: str = ""
    section: str = ""
    participant: str = ""
    submitted: str = ""

    @property
    def full_name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()


def is_safe_id(text: str) -> bool:
    """Tell whether a student's id can name a folder everywhere.

    Examples
    --------
    >>> is_safe_id("ada.lovelace@example.org"), is_safe_id("../ada"), is_safe_id("con")
    (True, False, False)
    """
    return bool(SAFE_ID.fullmatch(text)) and not RESERVED.fullmatch(text)


def read_roster(path: Path) -> dict[str, Student]:
    """Read a class list.

    The columns are id, name (or first name and last name), email and lms_id, in any order and
    under their usual names; Canvas' gradebook export and Moodle's grading worksheet can be read
    as they are. Commas, semicolons or tabs between them; UTF-8, or UTF-16 with its mark.

    Returns
    -------
    dict of str to Student
        By id, in the file's order.

    Raises
    ------
    CourseError
        If it cannot be read, lacks the ids, or an id is missing, unsafe or given twice; the message
        names the row and the value.
    """
    rows = _rows(path)
    if not rows:
        raise CourseError(f"{path} is empty: its first line names the columns, id, name, email, …")
    (_, header), *body = rows
    columns = _columns(path, header)
    students: dict[str, Student] = {}
    seen: dict[tuple[str, str], int] = {}
    for number, row in body:
        values = {
            field: unicodedata.normalize("NFC", row[index]).strip() if index < len(row) else ""
            for field, index in columns.items()
        }
        if not any(values.values()) or values.get("name", "").startswith("Points Possible"):
            continue  # an empty line, or Canvas' line of maxima
        student = _student(path, number, values)
        for field in ("id", "email", "lms_id", "sis_id", "participant"):
            value = getattr(student, field).casefold()
            if value and (first := seen.setdefault((field, value), number)) != number:
                raise CourseError(
                    f"{path}, row {number}: the {_said(field)} {getattr(student, field)!r} stands "
                    f"in row {first} already: give each student another one."
                )
        students[student.id] = student
    if not students:
        raise CourseError(f"{path} names no student: put a line for each below the columns' names.")
    return students


def record_roster(book: Gradebook, students: Mapping[str, Student]) -> None:
    """Write names, e-mail addresses and the learning platform's ids into nbgrader's gradebook.

    What the class list leaves open stays as it is there.
    """
    for student in students.values():
        known = {
            "first_name": student.first_name,
            "last_name": student.last_name,
            "email": student.email,
            "lms_user_id": student.lms_id,
        }
        book.update_or_create_student(
            student.id, **{name: value for name, value in known.items() if value}
        )


def parse_time(text: str, zone: datetime.tzinfo) -> datetime.datetime:
    """Read a date and time as learning platforms write it, in `zone` where it names none.

    Returns
    -------
    datetime.datetime
        In UTC.

    Raises
    ------
    ValueError
        If it is none.
    """
    from dateutil import parser

    utc = {"UTC": 0, "GMT": 0, "Z": 0}
    try:
        found = parser.parse(text, tzinfos=utc)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(datetime.UTC)
    except Exception as error:  # dateutil has no end of them
        raise ValueError(f"{text!r} is no date and time") from error


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return the lines that are not empty, with their numbers."""
    try:
        data = path.read_bytes()
        encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        text = data.decode(encoding)
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeError as error:
        raise CourseError(
            f"{path} is not UTF-8: save it as “CSV UTF-8” in the spreadsheet program."
        ) from error
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=first.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise CourseError(f"{path} is no CSV ({error}): export it again.") from error


def _columns(path: Path, header: list[str]) -> dict[str, int]:
    names = [re.sub(r"[^a-z]", "", name.casefold()) for name in header]
    fields = {name: field for field, known in HEADERS.items() for name in known}
    if set(names) >= CANVAS_HEADERS:  # Canvas' gradebook: there "ID" is Canvas' own
        login = "sisloginid" if "sisloginid" in names else "sisuserid"
        fields |= {"id": "lms_id", login: "id"}
    elif "id" in names:  # the plain one; any other that could be an id is something else
        fields = {name: f for name, f in fields.items() if f != "id"} | {"id": "id"}
        fields["idnumber"] = "lms_id"
    columns: dict[str, int] = {}
    for index, name in enumerate(names):
        field = fields.get(name)
        if field is None:
            continue
        if field in columns:
            raise CourseError(
                f"{path}: the columns {header[columns[field]]!r} and {header[index]!r} both give "
                f"the {_said(field)}: keep one."
            )
        columns[field] = index
    if "id" not in columns:
        raise CourseError(
            f"{path} has no column of ids, only {', '.join(filter(None, header))}: name one “id”."
        )
    return columns


def _student(path: Path, number: int, values: dict[str, str]) -> Student:
    name = values.pop("name", "")
    if not values["id"]:
        raise CourseError(f"{path}, row {number}: {name or 'the student'} has no id.")
    if not is_safe_id(values["id"]):
        raise CourseError(
            f"{path}, row {number}: the id {values['id']!r} cannot name a folder: use letters, "
            "digits and . _ @ + -, not more than 100, beginning with a letter or digit."
        )
    first, last = values.pop("first_name", ""), values.pop("last_name", "")
    if name and not (first or last):
        if "," in name:
            last, _, first = (part.strip() for part in name.partition(","))
        else:
            first, _, last = name.rpartition(" ")
    participant = values.pop("participant", "")
    values["participant"] = "".join(re.findall(r"\d+$", participant))
    values["lms_id"] = values.get("lms_id") or values.get("sis_id", "")
    return Student(first_name=first, last_name=last, **values)


def _said(field: str) -> str:
    return {"lms_id": "LMS id", "sis_id": "SIS id", "email": "e-mail address"}.get(
        field, field.replace("_", " ")
    )
