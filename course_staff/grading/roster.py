"""The class list: a CSV with each student's ids here and in the learning platform."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from course_lib.errors import CourseError
from course_lib.files import decoded

if TYPE_CHECKING:
    from nbgrader.api import Gradebook

# The possible names of a column, without case, accents, spaces and signs; as Canvas and Moodle
# write it in English, German, French, Spanish, Italian, Portuguese and Dutch.
HEADERS = {
    "id": """
        id studentid username netid login sisloginid loginid idnumber idnummer anmeldename
        benutzername matrikelnummer matrikelnr nomdutilisateur numerodidentification
        nombredeusuario numerodeid nomeutente codiceidentificativo nomedeusuario
        nomedeutilizador identificacaodeusuario numerodeidentificacao gebruikersnaam
    """,
    "name": """
        student fullname studentname displayname vollstandigername nomcomplet nombrecompleto
        nomecompleto volledigenaam studierende studierender etudiant estudiante studente estudante
    """,
    # Beside a column of first names it holds last names, and the other way round.
    "some_name": "name nom nombre nome naam",
    "first_name": "firstname givenname forename vorname prenom nombres voornaam",
    "last_name": """
        lastname surname familyname nachname familienname nomdefamille apellido apellidos cognome
        sobrenome apelido apelidos ultimonome achternaam
    """,
    "email": """
        email mail emailaddress emailadresse mailadresse adressedecourriel courriel adresseemail
        adresseelectronique correo correoelectronico direcciondecorreo direcciondecorreoelectronico
        direccionemail indirizzoemail enderecodeemail emailadres
    """,
    "lms_id": "lmsid lmsuserid canvasid canvasuserid userid moodleid",
    "sis_id": "sisuserid sisid",
    "section": "section sections abschnitt seccion sezione secao sectie",
    "submitted": """
        submitted submittedat timestamp lastmodifiedsubmission zuletztgeandertabgabe
        dernieremodificationtravailremis ultimamodificacionentrega ultimamodificaconsegna
        ultimamodificacaoenvio ultimamodificacaosubmissao laatstgewijzigdinzending
    """,
    "participant": """
        identifier participant kennung teilnehmer teilnehmerin identifiant participante
        identificador identificativo partecipante identificatie deelnemer
    """,
}
FIELDS = {header: field for field, listed in HEADERS.items() for header in listed.split()}
ID_NUMBERS = (
    "idnumber", "idnummer", "numerodidentification", "numerodeid", "codiceidentificativo",
    "numerodeidentificacao",
)  # fmt: skip
# As Moodle numbers participants where it hides names: "Participant 1234", "Teilnehmer/in1234".
PARTICIPANT = re.compile(r"(participant[e]?|teilnehmer(/in)?|partecipante|deelnemer)\s*\d+", re.I)
SPREADSHEET_NUMBER = re.compile(r"(\d+)[.,]0+")  # 4711.0
SHORTENED_NUMBER = re.compile(r"\d+([.,]\d+)?E\+\d\d+")  # 4.71E+08
# Canvas' own export uses "ID" in another sense.
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
    participant : str
        Moodle's number for one assignment, as in "Participant 1234".
    submitted : str
        The time of submission, where the learning platform gives it.
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


class ClassList(dict[str, Student]):
    """The students by id, and the columns that their data came from.

    Attributes
    ----------
    used : dict of str to str
        The column that each kind of data was taken from.
    unused : list of str
        The other columns.
    """

    def __init__(self, path: Path, used: dict[str, str], unused: list[str]) -> None:
        super().__init__()
        self.path, self.used, self.unused = path, used, unused

    def columns(self) -> str:
        """Return one line on the use of each column."""
        taken = ", ".join(f"{_label(field)} from “{name}”" for field, name in self.used.items())
        rest = ", ".join(f"“{name}”" for name in self.unused)
        return f"{self.path.name}: {taken}" + (f"; not used: {rest}" if rest else "")


def is_safe_id(text: str) -> bool:
    """Tell whether a student's id can name a folder everywhere.

    Examples
    --------
    >>> is_safe_id("ada.lovelace@example.org"), is_safe_id("../ada"), is_safe_id("con")
    (True, False, False)
    """
    return bool(SAFE_ID.fullmatch(text)) and not RESERVED.fullmatch(text)


def read_roster(path: Path) -> ClassList:
    """Read a class list.

    The columns are id, name (or first name and last name), email and lms_id, in any order and
    under their usual names in several languages; Canvas' gradebook export and Moodle's grading
    worksheet can be read as they are. Commas, semicolons or tabs between them; UTF-8, or UTF-16.
    """
    rows = _rows(path)
    if not rows:
        raise CourseError(f"{path} is empty: its first line names the columns, id, name, email, …")
    (_, header), *body = rows
    columns = _columns(path, header, body)
    names = {index: name.strip() for index, name in enumerate(header) if name.strip()}
    width = max(names, default=-1) + 1
    students = ClassList(
        path,
        {field: names[index] for field, index in columns.items()},
        [name for index, name in names.items() if index not in columns.values()],
    )
    seen: dict[tuple[str, str], int] = {}
    for number, row in body:
        if any(cell.strip() for cell in row[width:]):
            raise CourseError(
                f"{path}, row {number} has {len(row)} cells, but the header names {width} "
                f"columns: {' | '.join(row)}. Put a cell that holds a comma or the like between "
                'quotes, as in "Lovelace, Ada".'
            )
        values = {
            field: unicodedata.normalize("NFC", row[index]).strip() if index < len(row) else ""
            for field, index in columns.items()
        }
        if not any(values.values()) or _is_maxima(row, values):
            continue
        student = _student(path, number, values)
        for field in ("id", "email", "lms_id", "sis_id", "participant"):
            value = getattr(student, field).casefold()
            if value and (first := seen.setdefault((field, value), number)) != number:
                raise CourseError(
                    f"{path}, row {number}: the {_label(field)} {getattr(student, field)!r} stands "
                    f"in row {first} already: give each student another one."
                )
        students[student.id] = student
    if not students:
        raise CourseError(f"{path} names no student: put a line for each below the columns' names.")
    return students


def record_roster(book: Gradebook, students: Mapping[str, Student]) -> None:
    """Write names, e-mail addresses and the learning platform's ids into nbgrader's gradebook.

    Fields that are empty in the class list stay as they are there.
    """
    for student in students.values():
        values = {
            "first_name": student.first_name,
            "last_name": student.last_name,
            "email": student.email,
            "lms_user_id": student.lms_id,
        }
        book.update_or_create_student(
            student.id, **{name: value for name, value in values.items() if value}
        )


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return the lines that are not empty, with their numbers."""
    try:
        text = _text(path.read_bytes())
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeError as error:
        raise CourseError(
            f"{path} is not UTF-8: save it as “CSV UTF-8” in the spreadsheet program."
        ) from error
    lines = text.splitlines(keepends=True)
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if excel_line := re.fullmatch(
        r'"?sep=(.)"?\s*', "".join(lines[first : first + 1]), re.IGNORECASE
    ):
        lines[first], separator = "\n", excel_line[1]  # Excel's own line, not the header
    else:
        # A title above the header holds none: the first line that does decides.
        counts = ({sign: line.count(sign) for sign in ",;\t"} for line in lines)
        first_counts = next((count for count in counts if any(count.values())), {",": 1})
        separator = max(first_counts, key=lambda sign: first_counts[sign])
    try:
        reader = csv.reader(
            io.StringIO("".join(lines), newline=""), delimiter=separator, strict=True
        )
        return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise CourseError(f"{path} is not a valid CSV file ({error}): export it again.") from error


def _text(data: bytes) -> str:
    if data[1:2] == b"\0":  # UTF-16 without its mark: a header begins with a plain letter
        return data.decode("utf-16-le")
    if data[:1] == b"\0":
        return data.decode("utf-16-be")
    text = decoded(data)
    if "\0" in text:
        raise UnicodeError("neither UTF-8 nor UTF-16")
    return text


def _columns(
    path: Path, header: list[str], body: Sequence[tuple[int, list[str]]]
) -> dict[str, int]:
    meant = list(header)
    for index in range(len(header)):
        values = [row[index].strip() for _, row in body if index < len(row) and row[index].strip()]
        if values and all(map(PARTICIPANT.fullmatch, values)):
            meant[index] = "identifier"  # a German Moodle calls the column "ID"
    columns = _fields(path, meant)
    if "id" in columns:
        return columns
    listed = ", ".join(filter(None, header))
    for number, row in body[:20]:
        names = re.split(r"[,;\t]", ",".join(row))
        if len(names) > 1 and "id" in {FIELDS.get(_squeezed(name)) for name in names}:
            raise CourseError(
                f"{path} begins with {listed!r}, and the columns' names are in row {number}: "
                "delete the lines above it."
            )
    if "participant" in columns:
        name = header[columns["participant"]]
        listed += f" (“{name}” holds Moodle's numbers of participants)"
    raise CourseError(f"{path} has no column of ids, only {listed}: name one “id”.")


def _fields(path: Path, header: list[str]) -> dict[str, int]:
    """Return the column of each kind of data, by the columns' names."""
    names = [_squeezed(name) for name in header]
    fields = dict(FIELDS)
    if set(names) >= CANVAS_HEADERS or ("id" in names and "sisloginid" in names):
        login = "sisloginid" if "sisloginid" in names else "sisuserid"
        fields |= {"id": "lms_id", login: "id"}
    elif "id" in names:  # the plain one; any other that could be an id is something else
        fields = {name: f for name, f in fields.items() if f != "id"} | {"id": "id"}
        fields |= dict.fromkeys(ID_NUMBERS, "lms_id")
    header_fields = [fields.get(name) for name in names]
    ambiguous = {(True, False): "last_name", (False, True): "first_name"}.get(
        ("first_name" in header_fields, "last_name" in header_fields), "name"
    )
    columns: dict[str, int] = {}
    for index, field in enumerate(header_fields):
        if field is None:
            continue
        field = ambiguous if field == "some_name" else field
        if field in columns:
            raise CourseError(
                f"{path}: the columns {header[columns[field]]!r} and {header[index]!r} both give "
                f"the {_label(field)}: keep one."
            )
        columns[field] = index
    return columns


def _squeezed(name: str) -> str:
    """Return a column's name in small letters alone, without accents."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(filter(str.isalpha, letters))


def _is_maxima(row: list[str], values: dict[str, str]) -> bool:
    """Tell whether a line is Canvas' "    Points Possible", in any language."""
    ids = any(values.get(field) for field in ("id", "lms_id", "sis_id"))
    return not ids and row[0].startswith("    ")


def _student(path: Path, number: int, values: dict[str, str]) -> Student:
    for field in ("id", "lms_id", "sis_id", "participant"):
        value = values.get(field, "")
        if SHORTENED_NUMBER.fullmatch(value):
            raise CourseError(
                f"{path}, row {number}: the {_label(field)} {value!r} is a number that a "
                "spreadsheet program has shortened: make its column text, and fill it in again."
            )
        if whole := SPREADSHEET_NUMBER.fullmatch(value):
            values[field] = whole[1]
    name = values.pop("name", "")
    if not values["id"]:
        raise CourseError(f"{path}, row {number}: {name or 'the student'} has no id.")
    if not is_safe_id(values["id"]):
        raise CourseError(
            f"{path}, row {number}: the id {values['id']!r} cannot name a folder: use letters, "
            "digits and . _ @ + -, not more than 100, beginning with a letter or digit."
        )
    email = values.get("email", "")
    if email and not re.fullmatch(r"[^\s@]+@[^\s@]+", email):
        raise CourseError(
            f"{path}, row {number}: {email!r} is not a valid e-mail address: correct it, or check "
            "whether a comma in another cell needs quotes."
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


def _label(field: str) -> str:
    return {"lms_id": "LMS id", "sis_id": "SIS id", "email": "e-mail address"}.get(
        field, field.replace("_", " ")
    )
