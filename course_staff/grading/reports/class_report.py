"""The class report: one HTML page that says how a class did and whose submission to look at.

The page stands alone: it loads nothing and holds no script. Names, messages and lines of code were
written by strangers; all of them are escaped, and a policy in the page forbids browsers to run any.
"""

from __future__ import annotations

import datetime
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from course_lib import files
from course_staff.grading.assignments.assignment import Assignment
from course_staff.grading.marking import StudentReport, with_problems
from course_staff.grading.reports.class_summary import (
    MARKED,
    Bar,
    commonest_messages,
    histogram,
    summarize,
)
from course_staff.grading.reports.own_code import (
    OwnCode,
    handed_out,
    read_own_code,
)
from course_staff.grading.reports.reporting import CAVEATS, LIMITS, WORDS, late, readable
from course_staff.grading.reports.similarity import (
    Fingerprints,
    alike,
    fingerprints,
    fingerprints_of_handout,
)
from course_staff.grading.times import in_words

if TYPE_CHECKING:
    from jinja2 import Template

NAME = "class.html"
EXECUTED = ("graded", "to_mark")
# So that the page of a class of thousands stays one that a browser opens and a person reads.
_MAX_GROUPS, _MAX_NAMES = 50, 40
_MAX_ROWS = 5  # of the slowest and the largest
_MAX_MESSAGE_LENGTH = 300  # characters of a message
_PACKAGES = ("course-lib", "tensorflow", "keras", "numpy", "nbgrader")


@dataclass(frozen=True)
class Look:
    """What looking through a student's code gave.

    Attributes
    ----------
    fingerprints : Fingerprints
        As `similarity.fingerprints` returns them.
    """

    code: OwnCode
    fingerprints: Fingerprints


def look_through(
    out: Path, assignment: Assignment, reports: Sequence[StudentReport]
) -> tuple[dict[str, Look], dict[str, str]]:
    """Read and fingerprint what the students wrote, from the marked notebooks; say what failed."""
    codes, problems = {}, {}
    for report in reports:
        if report.status in EXECUTED:
            try:
                codes[report.student] = read_own_code(out, assignment, report.student)
            except Exception as error:  # whatever the file holds: the others' are read
                problems[report.student] = _not_looked_through(error)
    looks, more = _looks_at(assignment, codes)
    return looks, problems | more


def _looks_at(
    assignment: Assignment, codes: Mapping[str, OwnCode]
) -> tuple[dict[str, Look], dict[str, str]]:
    given = fingerprints_of_handout(handed_out(assignment))
    looks, problems = {}, {}
    for student, code in codes.items():
        try:
            looks[student] = Look(code, fingerprints(code, given))
        except Exception as error:  # whatever the code is: the others' is looked through
            problems[student] = _not_looked_through(error)
    return looks, problems


def _not_looked_through(error: Exception) -> str:
    return f"The code could not be looked through ({type(error).__name__}: {error})."


def write_class_report(
    out: Path,
    assignment: Assignment,
    reports: Sequence[StudentReport],
    looks: Mapping[str, Look] | None = None,
    due: datetime.datetime | None = None,
) -> Path:
    """Write class.html into the grader's output folder, and return its path."""
    if looks is None:
        looks, problems = look_through(out, assignment, reports)
        reports = with_problems(reports, problems)
    made = datetime.datetime.now(datetime.UTC)
    files.write(out / NAME, _page(assignment, reports, looks, made, due))
    return out / NAME


def class_page(
    assignment: Assignment,
    reports: Sequence[StudentReport],
    codes: Mapping[str, OwnCode],
    *,
    made: datetime.datetime | None = None,
    due: datetime.datetime | None = None,
) -> str:
    """Return the class report as HTML."""
    looks, problems = _looks_at(assignment, codes)
    return _page(assignment, with_problems(reports, problems), looks, made, due)


def _page(
    assignment: Assignment,
    reports: Sequence[StudentReport],
    looks: Mapping[str, Look],
    made: datetime.datetime | None,
    due: datetime.datetime | None,
) -> str:
    summary = summarize(assignment, reports)
    executed = [report for report in reports if report.status in EXECUTED]
    codes = {student: look.code for student, look in looks.items()}
    groups = alike({student: look.fingerprints for student, look in looks.items()})
    page = _template().render(
        assignment=assignment,
        summary=summary,
        caveat=CAVEATS.get(assignment.judged),
        unsandboxed=[report.student for report in executed if not report.sandboxed],
        all_unsandboxed=not any(report.sandboxed for report in executed),
        kept=sum(report.kept for report in reports),
        chart=_Chart(histogram(summary.totals, assignment.max_score)),
        messages={name: commonest_messages(reports, name) for name in assignment.questions},
        by_status={
            status: [report for report in reports if report.status == status]
            for status in ("failed", "unreadable", "missing")
        },
        late=sorted(
            (report for report in reports if report.marks.seconds_late),
            key=lambda report: (-report.marks.seconds_late, report.student),
        ),
        undated=[
            report.student
            for report in reports
            if due and report.status in MARKED and report.marks.handed_in is None
        ],
        noted=[report for report in reports if report.notes],
        due=due,
        troubled=[report for report in reports if report.problems],
        limited=[report for report in reports if report.limits_hit],
        groups=groups[:_MAX_GROUPS],
        groups_more=len(groups) - len(groups[:_MAX_GROUPS]),
        slowest=_largest(reports, lambda report: report.seconds),
        hungriest=_largest(reports, lambda report: report.peak_memory_mb),
        longest=_largest(reports, lambda report: _lines(codes, report)),
        lines=lambda report: _lines(codes, report),
        reports=reports,
        linked={r.student for r in reports if r.status in MARKED and r.has_page},
        seeds=sorted({report.seed for report in reports if report.seed is not None}),
        versions=_versions(),
        made=made,
    )
    return page.strip() + "\n"


def _lines(codes: Mapping[str, OwnCode], report: StudentReport) -> int:
    return codes[report.student].lines if report.student in codes else 0


def _largest(reports: Sequence[StudentReport], size: Any) -> list[StudentReport]:
    found = [report for report in reports if size(report) > 0]
    return sorted(found, key=lambda report: (-size(report), report.student))[:_MAX_ROWS]


def _versions() -> str:
    found = [f"Python {platform.python_version()}"]
    for name in _PACKAGES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return ", ".join(found)


@dataclass(frozen=True)
class _Chart:
    """Where the parts of the histogram stand, in the drawing's own units."""

    bars: Sequence[Bar]
    width: int = 520
    height: int = 240
    left: int = 66
    top: int = 22
    bottom: int = 52

    @property
    def step(self) -> float:
        return (self.width - self.left - 14) / len(self.bars)

    @property
    def most(self) -> int:
        return max([1, *(bar.count for bar in self.bars)])

    @property
    def floor(self) -> int:
        return self.height - self.bottom

    def x(self, index: float) -> float:
        return round(self.left + index * self.step, 1)

    def y(self, count: float) -> float:
        return round(self.floor - (self.floor - self.top) * count / self.most, 1)

    @property
    def ticks(self) -> list[int]:
        return sorted({0, self.most // 2, self.most})

    @property
    def every(self) -> int:
        """Of so many edges one has its number written: long numbers need room."""
        longest = max(len(f"{bar.high:g}") for bar in self.bars)
        return 1 if longest * 10 < self.step else 2


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "readable": readable,
        "sentence": _sentence,
        "percent": lambda share: f"{share:.0%}",
        "number": lambda value: f"{value:g}",
        "limits": lambda kinds: readable(", ".join(LIMITS.get(kind, kind) for kind in kinds)),
        "in_words": in_words,
        "late": late,
        "in_address": lambda name: quote(name, safe="", errors="surrogateescape"),
        "some": lambda items: list(items)[:_MAX_NAMES],
    }
    environment.globals |= {"words": WORDS}
    text = resources.files(__package__).joinpath("class_report.html").read_text("utf-8")
    return environment.from_string(text)


def _sentence(text: str) -> str:
    """Return a message in one line, cut where it is too long."""
    line = readable(" ".join(text.split()))
    return line if len(line) <= _MAX_MESSAGE_LENGTH else line[:_MAX_MESSAGE_LENGTH] + "…"
