"""The owner of a file, read from its name as learning platforms, nbgrader and people write it.

Every part of a path that names somebody must name the same student. Where two readings disagree
the file is nobody's: a mark in the wrong place is worse than a file to look at.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from course_staff.grading.roster import Student, is_safe_id

# As Canvas packs: lastnamefirstname[_LATE]_user_attachment_file, the name in small letters.
CANVAS = re.compile(r"(?P<name>\w+?)(?P<late>_LATE)?_(?P<user>\d+)_(?P<file>\d+)_(?P<rest>.+)")
# As Moodle packs: "First Last_participant_assignsubmission_file_", a folder or before the name.
MOODLE = re.compile(
    r"(?P<name>.*)_(?P<number>\d+)_assignsubmission_(file|onlinetext)(_(?P<rest>.*))?"
)
# As nbgrader's exchange collects: student+assignment+time[+random].
EXCHANGE = re.compile(
    r"(?P<student>.+)\+(?P<assignment>[^+]+)\+"
    r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? ([^+]+|\+\d{4}))(\+[^+]*)?"
)


@dataclass(frozen=True)
class PathReading:
    """The facts read from a path.

    Attributes
    ----------
    students : frozenset of str
        The possible owners: one where all is well.
    file : str
        The file's own name, without what the platform put before it.
    platform : str
        "Canvas", "Moodle", "exchange" or "".
    folder : str
        Moodle's folder for the student, which it wants back.
    order : int
        Canvas' number of the file: a later upload has a larger one.
    submitted : str
        The time of submission, where the path has it.
    elsewhere : bool
        Whether the path names another assignment.
    why : str
        The reason, if it is nobody's.
    """

    students: frozenset[str]
    file: str
    platform: str = ""
    folder: str = ""
    order: int = 0
    submitted: str = ""
    elsewhere: bool = False
    why: str = "names no student of the class list"


class Owners:
    """Finds the owner of a file.

    Parameters
    ----------
    students : mapping of str to Student or None
        The class list; without one, folders are taken for students' ids.
    assignment : str
        The assignment that is collected.
    others : sequence of str
        The course's other assignments.
    """

    def __init__(
        self, students: Mapping[str, Student] | None, assignment: str, others: Sequence[str] = ()
    ) -> None:
        self.students, self.assignment = students, assignment
        self.others = {name.casefold() for name in others if name != assignment}
        listed = (students or {}).values()
        self.by_id = {student.id.casefold(): student for student in listed}
        self.words = {student.id: _words(student.full_name) for student in listed}
        # A student without a platform number may be known there by the id.
        self.by_lms_id = {student.lms_id or student.id: student for student in listed}

    def find(self, parts: Sequence[str]) -> PathReading:
        """Read a path."""
        *folders, name = (unicodedata.normalize("NFC", part) for part in parts)
        if self.others & {folder.casefold() for folder in folders}:
            return PathReading(frozenset(), name, elsewhere=True)
        readings = [reading for part in folders if (reading := self._folder(part))]
        readings.append(self._file(name, inside=bool(readings)))
        if self.students is None and not any(
            reading.students or reading.platform == "Moodle" for reading in readings
        ):
            readings.append(self._plain_folder(folders, name))
        students = frozenset().union(*(reading.students for reading in readings))
        telling = next((reading for reading in readings if reading.platform), readings[-1])
        return PathReading(
            students,
            readings[-1].file,
            telling.platform,
            telling.folder,
            max(reading.order for reading in readings),
            telling.submitted,
            any(reading.elsewhere for reading in readings),
            telling.why,
        )

    def _folder(self, folder: str) -> PathReading | None:
        if match := EXCHANGE.fullmatch(folder):
            return PathReading(
                frozenset(self._by_id(match["student"])),
                "",
                "exchange",
                submitted=match["time"],
                elsewhere=match["assignment"] != self.assignment,
                why=f"is of {match['student']!r}, who is not in the class list",
            )
        if match := MOODLE.fullmatch(folder):
            return self._moodle(match, "", folder)
        students = self._by_id(folder) if self.students is not None else ()
        return PathReading(frozenset(students), "") if students else None

    def _file(self, name: str, *, inside: bool) -> PathReading:
        if match := MOODLE.fullmatch(name):
            rest = match["rest"] or ""
            return self._moodle(match, rest, name[: len(name) - len(rest)])
        prefixed = frozenset(self._by_prefix(name))
        match = CANVAS.fullmatch(name)
        if match is None or (inside and not prefixed and match["user"] not in self.by_lms_id):
            own = name
            if len(prefixed) == 1 and name.casefold().startswith(f"{next(iter(prefixed))}_"):
                own = name[len(next(iter(prefixed))) + 1 :]
            return PathReading(prefixed, own)
        if self.students is None:
            why = "is named as Canvas does: say who is who with --roster"
            return PathReading(frozenset(), match["rest"], "Canvas", why=why)
        owner = self.by_lms_id.get(match["user"])
        claims = {owner.id} if owner else set()
        if owner is None or match["name"] not in _squeezed(owner):
            # Not surely Canvas' own name: a differing name must not be another student's.
            claims |= {id for id in prefixed if owner or not self.students[id].lms_id}
        return PathReading(
            frozenset(claims),
            match["rest"],
            "Canvas" if owner else "",
            order=int(match["file"]) if owner else 0,
            why=f"is of the LMS id {match['user']}, which is not in the class list",
        )

    def _moodle(self, match: re.Match[str], rest: str, folder: str) -> PathReading:
        if self.students is None:
            why = "is named as Moodle does: say who is who with --roster"
            return PathReading(frozenset(), rest, "Moodle", why=why)
        number, words = match["number"], _words(match["name"])
        listed = self.students.values()
        claims = {student.id for student in listed if student.participant == number}
        same_name = [student for student in listed if words and self.words[student.id] == words]
        if not same_name:  # in group assignments the group's name stands before
            tail = _words(match["name"].partition("-")[2])
            same_name = [student for student in listed if tail and self.words[student.id] == tail]
        if not same_name:
            # The number is the participant's in this assignment, seldom the user's: it counts
            # where the name does not speak against it.
            same_name = [
                student
                for student in listed
                if student.lms_id == number and set(self.words[student.id]) & set(words)
            ]
        if len(same_name) > 1:
            by_number = [student for student in same_name if student.lms_id == number]
            same_name = by_number or [s for s in same_name if s.id in claims] or same_name
        claims |= {student.id for student in same_name}
        return PathReading(
            frozenset(claims),
            rest,
            "Moodle",
            folder,
            why=f"is of {match['name']!r}, who is not in the class list",
        )

    def _by_id(self, text: str) -> Iterator[str]:
        if self.students is None:
            if is_safe_id(text):
                yield text
        elif student := self.by_id.get(text.casefold()):
            yield student.id

    def _by_prefix(self, name: str) -> Iterator[str]:
        """Yield the students whose id a file's name is, or begins with before a "_"."""
        wanted = name.casefold()
        stem = wanted.rpartition(".")[0]
        for id, student in self.by_id.items():
            if stem == id or wanted.startswith(f"{id}_"):
                yield student.id

    def _plain_folder(self, folders: Sequence[str], name: str) -> PathReading:
        ids = [folder for folder in folders if folder.casefold() != self.assignment.casefold()]
        students = frozenset(ids[-1:] if ids and is_safe_id(ids[-1]) else ())
        return PathReading(
            students, name, why="lies in no student's folder: say who is who with --roster"
        )


def _words(name: str) -> list[str]:
    """Return a name's words in alphabetical order, without the signs that file names lose.

    Examples
    --------
    >>> _words("O'Brien, Ada")
    ['ada', 'obrien']
    """
    words = ("".join(filter(str.isalnum, word)) for word in name.casefold().split())
    return sorted(filter(None, words))


def _squeezed(student: Student) -> set[str]:
    """Return a student's name as Canvas writes it in front of a file."""
    first, last = (
        "".join(re.findall(r"\w", name)).lower() for name in (student.first_name, student.last_name)
    )
    return {last + first, first + last} - {""}
