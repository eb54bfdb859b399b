"""What a run came to, judged and written down."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course_lib import files, results
from course_lib.errors import CourseError
from course_staff.running import report
from course_staff.running.report import JudgedResult, LessonReport

PASSED = LessonReport(
    "01-first",
    "passed",
    "quick",
    "real",
    61.24,
    812.6,
    {"accuracy": JudgedResult(0.99, 0.98, 1.0, True)},
)


def noted(*notes: dict) -> dict:
    outputs = [new_output("display_data", data={results.MIME_TYPE: facts}) for facts in notes]
    return new_notebook(cells=[new_code_cell("", outputs=outputs)])


def recorded(**values: float) -> dict:
    return noted(*({"kind": "result", "name": n, "value": v} for n, v in values.items()))


@pytest.fixture
def bands(monkeypatch):
    expected = {"accuracy": [0.9, 1.0], "loss": [0.0, 0.2]}
    entry = {"bands": expected, "seconds": 30, "measured": "in a test"}
    monkeypatch.setattr(
        results, "_table", lambda: {"lessons": {"01-first": {"quick": {"sample": entry}}}}
    )


def judge(notebook: dict, data: str = "sample") -> dict[str, JudgedResult]:
    return report.judge("01-first", notebook, profile="quick", data=data)


def test_results_are_held_against_their_bands(bands):
    assert judge(recorded(accuracy=0.95, loss=0.3)) == {
        "accuracy": JudgedResult(0.95, 0.9, 1.0, True),
        "loss": JudgedResult(0.3, 0.0, 0.2, False),
    }


def test_a_band_whose_result_is_missing_is_not_held(bands):
    assert judge(recorded(accuracy=0.95))["loss"] == JudgedResult(None, 0.0, 0.2, False)


def test_a_result_without_a_band_is_unmeasured(bands):
    assert judge(recorded(accuracy=0.1), data="real") == {"accuracy": JudgedResult(0.1)}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "0.95", None, True])
def test_what_is_no_number_is_not_held(bands, value):
    judged = judge(recorded(accuracy=value))["accuracy"]
    assert (judged.value, judged.ok) == (None, False)


def test_a_lesson_that_used_one_sample_ran_on_sample_data():
    facts = report.facts(
        noted(
            {"kind": "setup", "profile": "full", "device": "a GPU", "seed": 0},
            {"kind": "data", "dataset": "digits", "data": "real", "origin": "cache"},
            {"kind": "data", "dataset": "scenes", "data": "sample", "origin": "embedded"},
            {"kind": "data", "dataset": "digits", "data": "real", "origin": "cache"},
        )
    )
    assert facts == report.Facts("full", "sample", "digits: cache; scenes: embedded", "a GPU")
    assert report.facts(noted()) == report.Facts(None, None, None, None)


def test_the_report_has_the_agreed_form():
    (lesson,) = json.loads(report.as_json([PASSED]))["lessons"]
    agreed = {
        "lesson": "01-first",
        "status": "passed",
        "profile": "quick",
        "data": "real",
        "seconds": 61.2,
        "peak_memory_mb": 813,
        "results": {"accuracy": {"value": 0.99, "low": 0.98, "high": 1.0, "ok": True}},
    }
    assert lesson | agreed == lesson


def test_junit_tells_failures_errors_and_skips_apart(tmp_path):
    bad = {"accuracy": JudgedResult(0.5, 0.9, 1.0, False)}
    path = tmp_path / "junit.xml"
    report.write_junit(
        path,
        [
            PASSED,
            replace(PASSED, lesson="02-second", status="out_of_band", results=bad),
            replace(PASSED, lesson="03-third", status="failed", error="cell 2: \x1b[31m<&\x00>"),
            replace(PASSED, lesson="04-fourth", status="time_limit", error="too slow"),
            replace(PASSED, lesson="05-fifth", status="interrupted"),
        ],
    )
    (suite,) = ElementTree.parse(path).getroot()
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "5", "failures": "1", "errors": "2", "skipped": "1"}
    cases = {case.get("name"): case for case in suite}
    kinds = {name: next(child.tag for child in case) for name, case in cases.items()}
    assert list(kinds.values()) == ["system-out", "failure", "error", "error", "skipped"]
    message = cases["02-second"].find("failure").get("message")
    assert message == "accuracy is 0.5, expected 0.9 to 1"
    assert cases["03-third"].find("error").get("message") == "cell 2: [31m<&>"


def test_a_full_disk_is_told_in_one_sentence_and_leaves_no_half_file(tmp_path, monkeypatch):
    path = tmp_path / "report.json"
    path.write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(CourseError, match=r"No space is left to write .*report.json: free some"):
        files.write(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_sample_in_place_of_real_data_comes_with_the_reasons():
    reasons = ["no mirror is set", "example.org cannot be reached"]
    facts = {"dataset": "mnist", "data": "sample", "origin": "sample", "reasons": reasons}
    data = {results.MIME_TYPE: {"kind": "data", **facts}, "text/plain": "…"}
    cell = new_code_cell(outputs=[new_output("display_data", data=data)])
    said = report.facts(new_notebook(cells=[cell])).data_origin
    assert said == "mnist: sample, because no mirror is set; example.org cannot be reached"
