"""Collecting a class's submissions: from a folder or a learning platform's zip of files.

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
from course_staff.grading.classroom.owners import Owners, PathReading
from course_staff.grading.classroom.uploads import UnreadableError, Upload, uploads
from course_staff.grading.roster import Student
from course_staff.grading.submissions.copies import Copy, NotebookMatcher
from course_staff.grading.times import TimeError, read_time

TIMESTAMP = "timestamp.txt"
SECRET = "submission_secret.txt"  # nbgrader's exchange returns feedback to its owner


@dataclass(frozen=True)
class Collected:
    """The outcome for one student's notebook.

    Attributes
    ----------
    source : str
        Its path in the source.
    status : {"new", "replaced", "unchanged", "older"}
        "older": a newer one was collected before, or one with work in it, and stays.
    timestamp : str
        The time of submission, as written to timestamp.txt.
    remark : str
        Further observations, such as earlier attempts.
    left : tuple of str
        The other copies, which do not count.
    """

    student: str
    source: str
    status: str
    timestamp: str
    remark: str = ""
    left: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """A file that was left where it is, and why."""

    source: str
    reason: str


@dataclass
class Collection:
    """The outcome of collecting.

    Attributes
    ----------
    problems : list of Problem
        Files that a person must look at.
    missing : list of str
        Students of the class list without a submission, before or now.
    notes : list of str
        Notes for the instructor.
    """

    collected: list[Collected] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Candidate:
    """A notebook of a student's; `handed_in` is when it was, where more than its date tells."""

    upload: Upload
    named: PathReading
    handed_in: datetime.datetime | None = None

    @property
    def when(self) -> datetime.datetime:
        return (self.handed_in or self.upload.modified).replace(microsecond=0)


@dataclass(frozen=True)
class _Chosen:
    """The notebook that counts, and the remark on it."""

    candidate: _Candidate
    data: bytes
    remark: str = ""
    left: tuple[str, ...] = ()


def collect(
    source: Path,
    assignment: str,
    submitted: Path,
    students: Mapping[str, Student] | None,
    *,
    others: Sequence[str] = (),
    matcher: NotebookMatcher | None = None,
    zone: datetime.tzinfo = datetime.UTC,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> Collection:
    """Put each student's newest notebook to submitted/<student>/<assignment>/<assignment>.ipynb.

    A file timestamp.txt beside it says when it was handed in, as nbgrader writes it. Collecting the
    same again changes nothing; a newer notebook replaces an older one, never the other way round.
    """
    matcher = matcher or NotebookMatcher((assignment,), others)
    submissions = _times_of(students or {}, zone)
    collection = Collection()
    platforms: dict[str, str] = {}
    with uploads(source, zone) as found:
        if not found:
            raise CourseError(f"{source} holds no file: is it the right one?")
        by_student = _by_owner(
            found, Owners(students, assignment, others), submissions, zone, collection
        )
        submitted = prepare_folder(submitted)
        for number, (student, candidates) in enumerate(sorted(by_student.items()), start=1):
            chosen = _choose(student, candidates, assignment, matcher, collection)
            if chosen is not None:
                home = submitted / student / assignment
                _place(student, chosen, home, assignment, matcher, collection)
                _keep_secret(student, chosen.candidate, found, home, collection)
                if chosen.candidate.named.folder:
                    platforms[student] = chosen.candidate.named.folder
            advance(number, len(by_student))
        _note_dates(source, submissions, by_student, collection)
    if students is not None:
        usual = f"{assignment}/{assignment}.ipynb"
        collection.missing = [id for id in students if not (submitted / id / usual).is_file()]
    if platforms:
        names = platform_folders(submitted, assignment) | platforms
        path = prepare_folder(submitted / ".collected") / f"{assignment}.json"
        write(path, json.dumps(names, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    collection.problems.sort(key=lambda problem: problem.source)
    return collection


def platform_folders(submitted: Path, assignment: str) -> dict[str, str]:
    """Return the names of Moodle's folders by student, as far as collecting noted them."""
    with suppress(OSError, ValueError):
        names = json.loads((submitted / ".collected" / f"{assignment}.json").read_text("utf-8"))
        if isinstance(names, dict):
            return names
    return {}


def _by_owner(
    found: Sequence[Upload],
    owners: Owners,
    submissions: Mapping[str, datetime.datetime],
    zone: datetime.tzinfo,
    collection: Collection,
) -> dict[str, list[_Candidate]]:
    """Sort notebooks by student; files without one student, or not gradable, become problems."""
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
                when = submissions.get(student)
                if when is None:
                    stamp = stamps.get((upload.parts[:-1], student))
                    when = _stamped(student, named, stamp, zone, collection)
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
            reason = f"is not a notebook, and {student} handed in no other"
            collection.problems.append(Problem(name, reason))
    return candidates


def _times_of(
    students: Mapping[str, Student], zone: datetime.tzinfo
) -> dict[str, datetime.datetime]:
    """Return the times of submission in the class list; Moodle writes "-" for none."""
    times, wrong = {}, []
    for student in students.values():
        if student.submitted.strip("-–— "):
            try:
                times[student.id] = read_time(student.submitted, zone)
            except TimeError as error:
                wrong.append(f"{student.id}: {error}.")
    if wrong:
        more = f" And {len(wrong) - 5} more." if len(wrong) > 5 else ""
        raise CourseError(
            f"The class list has times that cannot be read for certain. {' '.join(wrong[:5])}{more}"
        )
    return times


def _stamped(
    student: str,
    named: PathReading,
    stamp: Upload | None,
    zone: datetime.tzinfo,
    collection: Collection,
) -> datetime.datetime | None:
    """Return a file's time of submission by timestamp.txt beside it, or by its path."""
    said: list[str | bytes] = []
    if stamp is not None:
        with suppress(UnreadableError):
            said.append(stamp.read()[:200])
    for text in (*said, *filter(None, (named.submitted,))):
        try:
            return read_time(text, zone)
        except TimeError as error:
            note = f"{student}: {error.reason}; the file's own date is taken."
            if note not in collection.notes:
                collection.notes.append(note)
    return None


def _choose(
    student: str,
    candidates: list[_Candidate],
    assignment: str,
    matcher: NotebookMatcher,
    collection: Collection,
) -> _Chosen | None:
    """Return the notebook of a student's that counts; None if none can be taken."""
    copies: list[Copy] = []
    for candidate in sorted(candidates, key=lambda one: one.upload.name):
        upload, named = candidate.upload, candidate.named
        try:
            data = upload.read()
        except UnreadableError as error:
            collection.problems.append(Problem(upload.name, str(error)))
            continue
        handed_in = candidate.handed_in
        copies.append(Copy(named.file, data, upload.modified, handed_in, named.order, candidate))
    if len(copies) == 1 and matcher.by_name(copies[0].name):
        return _Chosen(copies[0].place, copies[0].data, _called(copies[0], assignment))
    ours = {id(copy): matcher.is_ours(copy) for copy in copies}
    for copy in copies:
        if ours[id(copy)] is False:
            how = "is called like" if matcher.by_contents(copy) is None else "holds the cells of"
            reason = f"{how} another assignment; {student}'s is to be {assignment}.ipynb"
            collection.problems.append(Problem(copy.place.upload.name, reason))
    certain = [copy for copy in copies if ours[id(copy)]]
    candidates_left = certain or [copy for copy in copies if ours[id(copy)] is None]
    if not candidates_left:
        return None
    several = not certain and len({copy.name for copy in candidates_left}) > 1
    counting = matcher.newest(candidates_left)
    if several or len(counting) > 1:
        tie = f"none of which is surely {assignment}.ipynb" if several else "equally new"
        reason = f"is one of {student}'s {len(candidates_left)} notebooks, {tie}: keep one of them"
        collection.problems += [Problem(c.place.upload.name, reason) for c in candidates_left]
        return None
    (taken,) = counting
    left = [copy for copy in candidates_left if copy.data != taken.data]
    if matcher.is_untouched(taken):
        for copy in copies:
            if ours[id(copy)] is None and copy is not taken:
                reason = f"may be {student}'s work: {taken.name} is as it was handed out"
                collection.problems.append(Problem(copy.place.upload.name, reason))
    remark = _called(taken, assignment) if not left else f"newest of {len(left) + 1} attempts"
    if left and {copy.name for copy in left} != {taken.name}:
        remark += f": took {taken.name}, left {', '.join(copy.name for copy in left)}"
    sources = tuple(copy.place.upload.name for copy in left)
    return _Chosen(taken.place, taken.data, remark, sources)


def _called(copy: Copy, assignment: str) -> str:
    """Return a remark where a notebook's name is not the assignment's, apart from a number."""
    stem = copy.name[: -len(".ipynb")]
    numbered = re.sub(r"[-_ ]*\(?\b\d{1,3}\)?$", "", stem)
    usual = _plain(assignment) in (_plain(stem), _plain(numbered))
    return "" if usual else f"was called {copy.name}"


def _place(
    student: str,
    chosen: _Chosen,
    home: Path,
    assignment: str,
    matcher: NotebookMatcher,
    collection: Collection,
) -> None:
    """Write a notebook and its time, unless the existing one is the same, newer or fuller."""
    data, source, moment = chosen.data, chosen.candidate.upload.name, chosen.candidate.when
    path, stamp = home / f"{assignment}.ipynb", home / TIMESTAMP
    when = f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    status, remark = "new", chosen.remark
    if path.is_file():
        before = _existing_time(path, stamp)
        there = Copy(path.name, path.read_bytes(), before)
        untouched = matcher.is_untouched(Copy(source, data, moment))
        if there.data == data:
            status = "unchanged"
        elif untouched != matcher.is_untouched(there):  # no original counts before work
            status = "older" if untouched else "replaced"
        elif before == moment:
            reason = f"differs from what was collected of {student}, with the same time {when}"
            collection.problems.append(Problem(source, f"{reason}: keep one of them"))
            return
        else:
            status = "replaced" if before < moment else "older"
        if status == "older":
            outcome = "what is there is newer than this one"
            if untouched and before <= moment:
                outcome = "what is there stays, for this one is as it was handed out"
            remark = "; ".join(filter(None, (remark, outcome)))
        if status == "older" or (status == "unchanged" and stamp.is_file()):
            # Keep the first timestamp: platforms re-date files each time they build the zip.
            kept = f"{before:%Y-%m-%d %H:%M:%S} UTC"
            collection.collected.append(
                Collected(student, source, status, kept, remark, chosen.left)
            )
            return
    prepare_folder(home)
    if status == "replaced":
        # Without a time in between: if stopped here, the next collecting writes the new one.
        stamp.unlink(missing_ok=True)
    write_bytes(path, data)
    write(stamp, when + "\n")
    collection.collected.append(Collected(student, source, status, when, remark, chosen.left))


def _keep_secret(
    student: str, chosen: _Candidate, found: Sequence[Upload], home: Path, collection: Collection
) -> None:
    """Put the exchange's secret beside a notebook that was taken; remove another's."""
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
        return read_time(stamp.read_bytes(), datetime.UTC).replace(microsecond=0)
    modified = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC)
    return modified.replace(microsecond=0)


def _note_dates(
    source: Path,
    submissions: Mapping[str, datetime.datetime],
    by_student: Mapping[str, list[_Candidate]],
    collection: Collection,
) -> None:
    """Add a note where the dates seem to be those of packing, not of submission."""
    if submissions:
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
            "it packs makes everyone late. A column “submitted” in the roster is more reliable."
        )


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
