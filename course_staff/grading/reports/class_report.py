"""The class report: one HTML page on a class's results and the submissions to look at.

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
    fingerprints,
    fingerprints_of_handout,
    similar_groups,
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
class CodeFindings:
    """The findings in a student's code.

    Attributes
    ----------
    fingerprints : Fingerprints
        As `similarity.fingerprints` returns them.
    """

    code: OwnCode
    fingerprints: Fingerprints


def read_students_code(
    out: Path, assignment: Assignment, reports: Sequence[StudentReport]
) -> tuple[dict[str, CodeFindings], dict[str, str]]:
    """Read and fingerprint the students' code, from the marked notebooks; return the failures."""
    codes, problems = {}, {}
    for report in reports:
        if report.status in EXECUTED:
            try:
                codes[report.student] = read_own_code(out, assignment, report.student)
            except Exception as error:  # whatever the file holds: the others' are read
                problems[report.student] = _inspection_failure(error)
    findings, more = _inspect(assignment, codes)
    return findings, problems | more


def _inspect(
    assignment: Assignment, codes: Mapping[str, OwnCode]
) -> tuple[dict[str, CodeFindings], dict[str, str]]:
    given = fingerprints_of_handout(handed_out(assignment))
    findings, problems = {}, {}
    for student, code in codes.items():
        try:
            findings[student] = CodeFindings(code, fingerprints(code, given))
        except Exception as error:  # whatever the code is: the others' is looked through
            problems[student] = _inspection_failure(error)
    return findings, problems


def _inspection_failure(error: Exception) -> str:
    return f"The code could not be looked through ({type(error).__name__}: {error})."


def write_class_report(
    out: Path,
    assignment: Assignment,
    reports: Sequence[StudentReport],
    findings: Mapping[str, CodeFindings] | None = None,
    due: datetime.datetime | None = None,
) -> Path:
    """Write class.html into the grader's output folder, and return its path."""
    if findings is None:
        findings, problems = read_students_code(out, assignment, reports)
        reports = with_problems(reports, problems)
    made = datetime.datetime.now(datetime.UTC)
    files.write(out / NAME, _page(assignment, reports, findings, made, due))
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
    findings, problems = _inspect(assignment, codes)
    return _page(assignment, with_problems(reports, problems), findings, made, due)


def _page(
    assignment: Assignment,
    reports: Sequence[StudentReport],
    findings: Mapping[str, CodeFindings],
    made: datetime.datetime | None,
    due: datetime.datetime | None,
) -> str:
    summary = summarize(assignment, reports)
    executed = [report for report in reports if report.status in EXECUTED]
    codes = {student: finding.code for student, finding in findings.items()}
    groups = similar_groups(
        {student: finding.fingerprints for student, finding in findings.items()}
    )
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
    measured = [report for report in reports if size(report) > 0]
    return sorted(measured, key=lambda report: (-size(report), report.student))[:_MAX_ROWS]


def _versions() -> str:
    versions = [f"Python {platform.python_version()}"]
    for name in _PACKAGES:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return ", ".join(versions)


@dataclass(frozen=True)
class _Chart:
    """The positions of the histogram's parts, in the drawing's own units."""

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
        """The number of edges from one label to the next: long numbers need space."""
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
