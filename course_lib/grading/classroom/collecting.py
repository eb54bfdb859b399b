"""Collecting what a class handed in: from a folder or a learning platform's zip of files.

nbgrader's own zip_collect is not used: it unpacks everything before it looks at a name, knows one
regular expression instead of a class list, and stops the whole class at the first file that it
cannot place.
"""

from __future__ import annotations

import datetime
import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from course_lib.errors import CourseError
from course_lib.files import prepare_folder, write, write_bytes
from course_lib.grading.classroom.owners import Named, Owners
from course_lib.grading.classroom.roster import Student, parse_time
from course_lib.grading.classroom.uploads import UnreadableError, Upload, uploads

TIMESTAMP = "timestamp.txt"
SECRET = "submission_secret.txt"  # nbgrader's exchange gives feedback back to who knows it
# "name-1", "name (2)", "name_3", "name - Copy" and the like.
ATTEMPT = re.compile(r"([-_ ]*\(?\b\d{1,3}\)?|[-_ ]+copy)+$", re.IGNORECASE)


@dataclass(frozen=True)
class Collected:
    """What became of one student's notebook.

    Attributes
    ----------
    student : str
    source : str
        Its path in the source.
    status : {"new", "replaced", "unchanged", "older"}
        "older": a newer one was collected before, and stays.
    timestamp : str
        When it was handed in, as written to timestamp.txt.
    remark : str
        What else was seen, such as earlier attempts.
    """

    student: str
    source: str
    status: str
    timestamp: str
    remark: str = ""


@dataclass(frozen=True)
class Problem:
    """A file that was left where it is, and why."""

    source: str
    reason: str


@dataclass
class Collection:
    """What came of collecting.

    Attributes
    ----------
    collected : list of Collected
    problems : list of Problem
        Files that somebody must look at.
    missing : list of str
        Students of the class list from whom nothing is there, before or now.
    notes : list of str
        What the instructor should know.
    """

    collected: list[Collected] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Candidate:
    upload: Upload
    named: Named
    when: datetime.datetime

    @property
    def stem(self) -> str:
        """The notebook's own name, without what tells attempts apart."""
        stem = self.named.file[: -len(".ipynb")]
        return ATTEMPT.sub("", stem) or stem

    @property
    def order(self) -> tuple[int, datetime.datetime]:
        return self.named.order, self.when


def collect(
    source: Path,
    assignment: str,
    submitted: Path,
    students: Mapping[str, Student] | None,
    *,
    others: Sequence[str] = (),
    zone: datetime.tzinfo = datetime.UTC,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> Collection:
    """Put each student's newest notebook to submitted/<student>/<assignment>/<assignment>.ipynb.

    A file timestamp.txt beside it says when it was handed in, as nbgrader writes it. Collecting the
    same again changes nothing; a newer notebook replaces an older one, never the other way round.

    Parameters
    ----------
    source : pathlib.Path
        A folder or a zip: Canvas' or Moodle's files, <student>/<notebook>, <student>_<notebook>,
        or nbgrader's exchange.
    assignment : str
        The assignment's name, which is its notebook's too.
    submitted : pathlib.Path
        Made if need be.
    students : mapping of str to Student or None
        The class list. Without one, only folders named by students' ids can be collected.
    others : sequence of str
        The course's other assignments: their files are left out.
    zone : datetime.tzinfo
        For times without a zone of their own, such as those in most zips.
    advance : callable, optional
        Called with the number of students done and of all.

    Returns
    -------
    Collection

    Raises
    ------
    CourseError
        If the source cannot be read or nothing in it can be told apart safely, or `submitted`
        cannot be written.
    """
    collection = Collection()
    platforms: dict[str, str] = {}
    with uploads(source, zone) as found:
        if not found:
            raise CourseError(f"{source} holds no file: is it the right one?")
        by_student = _by_owner(
            found, Owners(students, assignment, others), students, zone, collection
        )
        submitted = prepare_folder(submitted)
        for number, (student, candidates) in enumerate(sorted(by_student.items()), start=1):
            chosen = _choose(student, candidates, assignment, others, collection)
            if chosen is not None:
                _place(student, *chosen, submitted / student / assignment, assignment, collection)
                _keep_secret(
                    student, chosen[0], found, submitted / student / assignment, collection
                )
                if chosen[0].named.folder:
                    platforms[student] = chosen[0].named.folder
            advance(number, len(by_student))
        _note_dates(source, students, by_student, collection)
    if students is not None:
        home = f"{assignment}/{assignment}.ipynb"
        collection.missing = [id for id in students if not (submitted / id / home).is_file()]
    if platforms:
        names = platform_folders(submitted, assignment) | platforms
        path = prepare_folder(submitted / ".collected") / f"{assignment}.json"
        write(path, json.dumps(names, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    collection.problems.sort(key=lambda problem: problem.source)
    return collection


def platform_folders(submitted: Path, assignment: str) -> dict[str, str]:
    """Return the names of Moodle's folders by student, as far as collecting saw them."""
    with suppress(OSError, ValueError):
        names = json.loads((submitted / ".collected" / f"{assignment}.json").read_text("utf-8"))
        if isinstance(names, dict):
            return names
    return {}


def _by_owner(
    found: Sequence[Upload],
    owners: Owners,
    students: Mapping[str, Student] | None,
    zone: datetime.tzinfo,
    collection: Collection,
) -> dict[str, list[_Candidate]]:
    """Sort notebooks by student; what is nobody's, or is nothing to grade, becomes a problem."""
    stamps = {
        (upload.parts[:-1], student): upload
        for upload in found
        if upload.parts[-1] == TIMESTAMP
        for student in owners.find(upload.parts).students
    }
    candidates: dict[str, list[_Candidate]] = defaultdict(list)
    useless: dict[str, list[str]] = defaultdict(list)
    for upload in found:
        if upload.parts[-1] in (TIMESTAMP, SECRET):
            continue
        named = owners.find(upload.parts)
        if named.elsewhere:
            continue
        notebook = upload.parts[-1].lower().endswith(".ipynb")
        if len(named.students) == 1:
            (student,) = named.students
            if notebook:
                when = _when(upload, named, stamps, student, students, zone, collection)
                candidates[student].append(_Candidate(upload, named, when))
            else:
                useless[student].append(upload.name)
        elif notebook and named.students:
            fits = ", ".join(sorted(named.students))
            collection.problems.append(Problem(upload.name, f"could be of {fits}"))
        elif notebook:
            collection.problems.append(Problem(upload.name, named.why))
    for student in useless.keys() - candidates.keys():
        for name in useless[student]:
            reason = f"is no notebook, and {student} handed in no other"
            collection.problems.append(Problem(name, reason))
    return candidates


def _when(
    upload: Upload,
    named: Named,
    stamps: Mapping[tuple[tuple[str, ...], str], Upload],
    student: str,
    students: Mapping[str, Student] | None,
    zone: datetime.tzinfo,
    collection: Collection,
) -> datetime.datetime:
    """Return when a file was handed in: the class list knows best, the file's own date least."""
    told = students[student].submitted if students else ""
    stamp = stamps.get((upload.parts[:-1], student))
    if not told and stamp is not None:
        with suppress(UnreadableError):
            told = stamp.read()[:200].decode("utf-8", "replace").strip()
    if told and told != "-":
        try:
            return parse_time(told, zone).replace(microsecond=0)
        except ValueError as error:
            collection.notes.append(f"{student}: {error}; the file's own date is taken.")
    return (named.submitted or upload.modified).replace(microsecond=0)


def _choose(
    student: str,
    candidates: list[_Candidate],
    assignment: str,
    others: Sequence[str],
    collection: Collection,
) -> tuple[_Candidate, bytes, str] | None:
    """Return a student's newest notebook, its bytes and a remark; None if none can be taken."""
    readable: list[tuple[_Candidate, bytes]] = []
    for candidate in sorted(candidates, key=lambda c: (c.order, c.upload.name)):
        try:
            readable.append((candidate, candidate.upload.read()))
        except UnreadableError as error:
            collection.problems.append(Problem(candidate.upload.name, str(error)))
    foreign = {_plain(name) for name in others if name != assignment}
    for candidate, _ in readable:
        if _plain(candidate.stem) in foreign:
            reason = f"is called like another assignment; {student}'s is to be {assignment}.ipynb"
            collection.problems.append(Problem(candidate.upload.name, reason))
    readable = [(c, data) for c, data in readable if _plain(c.stem) not in foreign]
    named_right = [(c, data) for c, data in readable if _plain(c.stem) == _plain(assignment)]
    readable = named_right or readable
    if not readable:
        return None
    newest = [(c, data) for c, data in readable if c.order == readable[-1][0].order]
    several = not named_right and len({c.named.file for c, _ in readable}) > 1
    if several or len({data for _, data in newest}) > 1:
        told = "equally new" if named_right else f"none of which is called {assignment}.ipynb"
        reason = f"is one of {student}'s {len(readable)} notebooks, {told}: keep one of them"
        collection.problems += [Problem(c.upload.name, reason) for c, _ in readable]
        return None
    remarks = []
    if not named_right:
        remarks.append(f"was called {newest[0][0].named.file}")
    if earlier := len(readable) - len(newest):
        remarks.append(f"newest of {earlier + 1} attempts")
    return *newest[-1], ", ".join(remarks)


def _place(
    student: str,
    chosen: _Candidate,
    data: bytes,
    remark: str,
    home: Path,
    assignment: str,
    collection: Collection,
) -> None:
    """Write a notebook and its time, unless what is there is the same or newer."""
    path, stamp = home / f"{assignment}.ipynb", home / TIMESTAMP
    when = f"{chosen.when:%Y-%m-%d %H:%M:%S} UTC"
    status = "new"
    if path.is_file():
        before = _existing_time(path, stamp)
        if path.read_bytes() == data:
            status = "unchanged"
        elif before == chosen.when:
            reason = f"differs from what was collected of {student}, with the same time {when}"
            collection.problems.append(Problem(chosen.upload.name, f"{reason}: keep one of them"))
            return
        else:
            status = "replaced" if before < chosen.when else "older"
        if status == "older" or (status == "unchanged" and stamp.is_file()):
            # The first time stays: a platform that packs again dates everything anew.
            kept = f"{before:%Y-%m-%d %H:%M:%S} UTC"
            collection.collected.append(
                Collected(student, chosen.upload.name, status, kept, remark)
            )
            return
    prepare_folder(home)
    if status == "replaced":
        # Without a time in between: stopped here, the next collecting writes the new one.
        stamp.unlink(missing_ok=True)
    write_bytes(path, data)
    write(stamp, when + "\n")
    collection.collected.append(Collected(student, chosen.upload.name, status, when, remark))


def _keep_secret(
    student: str, chosen: _Candidate, found: Sequence[Upload], home: Path, collection: Collection
) -> None:
    """Put the exchange's secret beside a notebook that was taken; another's goes."""
    last = collection.collected[-1:]
    if not last or last[0].student != student or last[0].status not in ("new", "replaced"):
        return
    (home / SECRET).unlink(missing_ok=True)
    beside = (*chosen.upload.parts[:-1], SECRET)
    if chosen.named.platform == "exchange":
        for secret in found:
            if secret.parts == beside:
                with suppress(UnreadableError):
                    write_bytes(home / SECRET, secret.read()[:1000])


def _existing_time(path: Path, stamp: Path) -> datetime.datetime:
    with suppress(OSError, ValueError):
        return parse_time(stamp.read_text("utf-8").strip(), datetime.UTC).replace(microsecond=0)
    modified = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC)
    return modified.replace(microsecond=0)


def _note_dates(
    source: Path,
    students: Mapping[str, Student] | None,
    by_student: Mapping[str, list[_Candidate]],
    collection: Collection,
) -> None:
    """Say so where the dates are when the platform packed, not when students handed in."""
    if any(student.submitted for student in (students or {}).values()):
        return
    packed = [
        candidate
        for candidates in by_student.values()
        for candidate in candidates
        if candidate.named.platform in ("Canvas", "Moodle")
    ]
    if packed:
        collection.notes.append(
            f"The dates are those of the files in {source.name}; a platform that dates them when "
            "it packs makes everyone late. A column “submitted” in the roster says it better."
        )


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
