"""The report on a run of the lessons: their results judged against the expected bands."""

from __future__ import annotations

import json
import math
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from course_lib import files, results

# Characters that XML 1.0 cannot hold, not even escaped.
_ILLEGAL_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class JudgedResult:
    """One result and its verdict.

    Attributes
    ----------
    value : float or None
        None where a band waits for a result that was not recorded.
    low, high : float or None
        The ends of the band; None where none has been measured.
    ok : bool or None
        None where there is no band.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    ok: bool | None = None


@dataclass(frozen=True)
class LessonReport:
    """The outcome of one lesson.

    Attributes
    ----------
    profile : str
        "quick" or "full", as the lesson reports; the requested one where it did not get so far.
    data : str
        "sample" if the lesson used one anywhere, else "real"; the requested one where unknown.
    error : str or None
        The cell that failed and why, in one line.
    traceback : tuple of str
        The last lines of the error's traceback.
    notebook, page : str or None
        Paths of the executed notebook and of its HTML page.
    data_origin, device : str or None
        As the lesson reports.
    """

    lesson: str
    status: str
    profile: str
    data: str
    seconds: float = 0.0
    peak_memory_mb: float = 0.0
    results: dict[str, JudgedResult] = field(default_factory=dict)
    error: str | None = None
    traceback: tuple[str, ...] = ()
    notebook: str | None = None
    page: str | None = None
    data_origin: str | None = None
    device: str | None = None

    @property
    def passed(self) -> bool:
        return self.status == "passed"


@dataclass(frozen=True)
class Facts:
    """The facts that an executed notebook reports of itself; None where it does not."""

    profile: str | None
    data: str | None
    data_origin: str | None
    device: str | None


def facts(notebook: Mapping[str, Any]) -> Facts:
    """Read a notebook's notes on its set-up and its data, as far as it was executed."""
    setup = next(results.notes(notebook, "setup"), {})
    data = list(results.notes(notebook, "data"))
    # A lesson that loads no data says with its results whose bands are theirs.
    kinds = {note.get("data") for note in data or results.notes(notebook, "result")} - {None}
    kind = "sample" if "sample" in kinds else "real" if kinds else None
    origins = dict.fromkeys(map(_origin, data))  # each data set once
    return Facts(setup.get("profile"), kind, "; ".join(origins) or None, setup.get("device"))


def _origin(note: Mapping[str, Any]) -> str:
    """Return where a data set came from, such as "mnist: sample, because the cache …"."""
    why = "; ".join(note.get("reasons") or [])
    return f"{note.get('dataset')}: {note.get('origin')}" + (f", because {why}" if why else "")


def judge(
    lesson: str, notebook: Mapping[str, Any], *, profile: str, data: str
) -> dict[str, JudgedResult]:
    """Hold the results that a notebook recorded against the bands expected of it."""
    recorded = {note["name"]: note["value"] for note in results.notes(notebook, "result")}
    bands = results.expectation(lesson, profile, data).bands
    return {
        name: _judge_one(recorded.get(name), bands.get(name))
        for name in dict.fromkeys([*recorded, *bands])
    }


def _judge_one(value: Any, band: results.Band | None) -> JudgedResult:
    is_number = (
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    )
    number = float(value) if is_number else None
    if band is None:
        # A result that is not a number held against nothing is still wrong.
        return JudgedResult(number, ok=None if is_number else False)
    return JudgedResult(number, band.low, band.high, ok=is_number and number in band)


def as_dict(reports: Iterable[LessonReport]) -> dict[str, Any]:
    """Return the report as report.json holds it."""
    lessons = []
    for report in reports:
        entry = asdict(report)
        entry["seconds"] = round(report.seconds, 1)
        entry["peak_memory_mb"] = round(report.peak_memory_mb)
        lessons.append(entry)
    return {"lessons": lessons}


def as_json(reports: Iterable[LessonReport]) -> str:
    """Return the text of report.json, in ASCII: every terminal and pipe can take it."""
    return json.dumps(as_dict(reports), indent=2, allow_nan=False) + "\n"


def write_junit(path: Path, reports: Sequence[LessonReport]) -> None:
    """Write the report as JUnit XML, one test case per lesson.

    A result out of its band is a failure, a lesson that did not get through an error, one that
    was interrupted is skipped.
    """
    kinds = {"passed": None, "out_of_band": "failure", "interrupted": "skipped"}
    outcomes = [kinds.get(report.status, "error") for report in reports]
    suite = ElementTree.Element(
        "testsuite",
        name="course run",
        tests=str(len(reports)),
        failures=str(outcomes.count("failure")),
        errors=str(outcomes.count("error")),
        skipped=str(outcomes.count("skipped")),
        time=f"{sum(report.seconds for report in reports):.1f}",
    )
    for report, outcome in zip(reports, outcomes, strict=True):
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=f"course.{_xml(report.profile)}.{_xml(report.data)}",
            name=_xml(report.lesson),
            time=f"{report.seconds:.1f}",
        )
        if outcome:
            message = _xml(report.error or "; ".join(shortfalls(report)) or report.status)
            problem = ElementTree.SubElement(case, outcome, message=message, type=report.status)
            problem.text = _xml("\n".join(report.traceback)) or message
        output = [f"{name} = {_words(result)}" for name, result in report.results.items()]
        output.append(f"peak memory {report.peak_memory_mb:.0f} MB")
        ElementTree.SubElement(case, "system-out").text = _xml("\n".join(output))
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    files.write(path, f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n')


def shortfalls(report: LessonReport) -> list[str]:
    """Return one sentence for each result that fell short."""
    return [
        f"{name} is {_words(result)}"
        for name, result in report.results.items()
        if result.ok is False
    ]


def _words(result: JudgedResult) -> str:
    value = "missing" if result.value is None else f"{result.value:.4g}"
    if result.low is None:
        return value
    return f"{value}, expected {result.low:.4g} to {result.high:.4g}"


def _xml(text: str) -> str:
    return _ILLEGAL_IN_XML.sub("", text)
