"""A class of strangers: hostile and broken submissions graded together with honest ones.

Each gets what it is due and a message, nobody else's marks change, and the machine stays as it is.
What each one tries stands in the package `hostile`.
"""

from __future__ import annotations

import html
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from hostile import ENTRIES, HONEST, files, pages
from hostile.assignment import hostile_course
from hostile.entries import NAME, Entry, Surroundings
from hostile.machine import (
    Listeners,
    inheriting_orphans,
    living_children,
    make_baits,
    snapshot,
)
from hostile.trespassing import PLACES

from course_staff.grading.records.gradebook import gradebook, gradebook_url

# Small, so that whatever wants too much is soon told so; but there is time to take the memory.
LIMITS = {
    "cell_seconds": 5, "submission_seconds": 60, "idle_seconds": 5, "memory_mb": 1500,
    "output_mb": 5, "processes": 64, "file_mb": 50, "scratch_mb": 100, "scratch_files": 2000,
}  # fmt: skip
QUESTIONS = ["double", "draw", "affine", "why"]


def grade(home: Path, out: Path, *arguments: object, **environment: str):
    """Run `course grade` as somebody does whose home and secrets are baits."""
    return subprocess.run(
        [sys.executable, "-m", "course_lib", "grade", "04", "--submitted", home / "submitted",
         "--out", out, *[f"--limit={name}={value}" for name, value in LIMITS.items()],
         "--workers", "2", *map(str, arguments)],
        cwd=home / "course", capture_output=True, check=False, timeout=7200,
        env=os.environ | {"HOME": str(home / "home"), "TMPDIR": str(home / "tmp")} | environment,
    )  # fmt: skip


def report(out: Path) -> dict[str, dict]:
    found = json.loads((out / "report.json").read_text("utf-8"))
    return {entry["student"]: entry for entry in found["submissions"]}


def page_of(out: Path, student: str) -> str:
    return (out / "feedback" / student / NAME / f"{NAME}.html").read_text("utf-8")


@dataclass
class Graded:
    """The class after grading, and what it left."""

    home: Path
    out: Path
    done: subprocess.CompletedProcess
    baits: dict[str, str]
    around: Surroundings
    heard: list[str]
    before: dict[str, tuple]
    left: dict[int, str]


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The hostile class, graded once by `course grade`."""
    home = tmp_path_factory.mktemp("h")
    baits, mark = make_baits(), f"hostile-{secrets.token_hex(6)}"
    for name in ("home/.ssh", "tmp", "submitted"):
        (home / name).mkdir(parents=True)
    (home / "home" / ".ssh" / "key").write_text(baits["home"])
    (home / "home" / "secret.txt").write_text(baits["home"])
    (home / "bait.txt").write_text(baits["file"])
    assignment = hostile_course(home / "course", baits)
    listeners = Listeners(mark)
    around = Surroundings(home, home / "submitted", mark, listeners.port, baits["peer"])
    for entry in [*HONEST, *ENTRIES]:
        entry.hand_in(assignment, around)
    folders = [home / name for name in ("course", "submitted", "home")]
    before = {path: what for folder in folders for path, what in snapshot(folder).items()}
    with inheriting_orphans():
        known = living_children()
        done = grade(home, home / "out", COURSE_SECRET=baits["environment"])
        left = {pid: line for pid, line in living_children().items() if pid not in known}
    yield Graded(home, home / "out", done, baits, around, listeners.heard, before, left)
    listeners.close()


def due(graded: Graded, entry: Entry) -> None:
    """Compare what a submission got with what it is due."""
    found = report(graded.out)[entry.student]
    questions = {question["id"]: question for question in found["questions"]}
    said = [message for question in questions.values() for message in question["messages"]]
    said += found["remarks"]
    print(*said, sep="\n")
    got = tuple(questions[name]["score"] for name in QUESTIONS[:3])
    assert (found["status"], got) == (entry.status, entry.marks)
    assert found["score"] == sum(entry.marks)
    assert list(questions) == QUESTIONS
    assert all(question["messages"] for question in questions.values())
    assert entry.told in "\n".join(said)
    if entry.status != "missing":
        shown = html.unescape(re.sub(r"<[^>]*>", "", page_of(graded.out, entry.student)))
        alternatives = (entry.shown,) if isinstance(entry.shown, str) else entry.shown
        assert any(one in shown for one in alternatives), alternatives


@pytest.mark.slow
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.student)
def test_every_hostile_submission_gets_what_it_is_due(graded, entry):
    due(graded, entry)


@pytest.mark.slow
@pytest.mark.parametrize("entry", HONEST, ids=lambda entry: entry.student)
def test_every_honest_submission_gets_what_it_is_due(graded, entry):
    due(graded, entry)


@pytest.mark.slow
def test_grading_ends_well_and_says_nothing_that_a_terminal_would_obey(graded):
    assert graded.done.returncode == 0, graded.done.stderr.decode(errors="replace")[-2000:]
    assert b"Traceback" not in graded.done.stderr + graded.done.stdout
    assert b"\x1b]0" not in graded.done.stdout + graded.done.stderr
    assert len(report(graded.out)) == len(ENTRIES) + len(HONEST)


@pytest.mark.slow
def test_honest_submissions_get_the_same_as_without_the_hostile_ones(graded, tmp_path):
    for name in ("course", "home"):
        shutil.copytree(graded.home / name, tmp_path / name)
    (tmp_path / "tmp").mkdir()
    for entry in HONEST:
        student = graded.home / "submitted" / entry.student
        shutil.copytree(student, tmp_path / "submitted" / entry.student)
    alone = grade(tmp_path, tmp_path / "out")
    assert alone.returncode == 0, alone.stderr.decode()
    among, by_themselves = report(graded.out), report(tmp_path / "out")
    varying = {"seconds", "peak_memory_mb"}
    for student, entry in by_themselves.items():
        assert {k: v for k, v in entry.items() if k not in varying} == {
            k: v for k, v in among[student].items() if k not in varying
        }


@pytest.mark.slow
def test_no_bait_was_found(graded):
    texts = {name: bait.encode() for name, bait in graded.baits.items()}
    for path in graded.out.rglob("*"):
        if path.is_file() and "ada" not in path.relative_to(graded.out).parts:
            data = path.read_bytes()
            found = [name for name, text in texts.items() if text in data]
            assert found == ([] if path.suffix != ".db" else found), path
    said = graded.done.stdout + graded.done.stderr
    assert not [name for name, text in texts.items() if text in said]


@pytest.mark.slow
def test_no_process_survives(graded):
    assert graded.left == {}


@pytest.mark.slow
def test_nothing_was_written_or_deleted_beside_the_output(graded):
    folders = [graded.home / name for name in ("course", "submitted", "home")]
    after = {path: what for folder in folders for path, what in snapshot(folder).items()}
    assert after == graded.before
    assert list((graded.home / "tmp").iterdir()) == []
    mark = graded.around.mark
    found = [path for place in PLACES if (path := Path(place, mark)).exists()]
    assert found + list(graded.home.glob(f"**/{mark}*")) == []


@pytest.mark.slow
def test_nobody_was_called(graded):
    assert graded.heard == []


@pytest.mark.slow
def test_the_gradebook_holds_the_marks_of_the_report_and_no_other(graded):
    with gradebook(gradebook_url(graded.out)) as book:
        kept = {one.student.id: one.score for one in book.assignment_submissions(NAME)}
        assert book.find_assignment(NAME).max_score == 6
    reported = report(graded.out)
    assert {s: e["score"] for s, e in reported.items() if s in kept} == kept
    assert all(entry["score"] == 0 for s, entry in reported.items() if s not in kept)


ACTING = {
    "audio", "base", "embed", "form", "frame", "frameset", "iframe", "input", "link", "math",
    "meta", "object", "plaintext", "script", "source", "style", "svg", "template", "textarea",
    "title", "video", "xmp",
}  # fmt: skip
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def asked_by_a_browser(pages: list[Path], folder: Path, mark: str) -> list[str]:
    """Open pages in headless Chromium; return the requests that hold the mark."""
    frames = "".join(f'<iframe src="{html.escape(page.as_uri())}"></iframe>' for page in pages)
    around = folder / "around.html"
    around.write_text(f"<!DOCTYPE html><body>{frames}</body>", "utf-8")
    proxy = Listeners(secrets.token_hex(8))  # whatever leaves the browser comes by here
    subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         f"--user-data-dir={folder / 'profile'}", f"--proxy-server=http://127.0.0.1:{proxy.port}",
         "--proxy-bypass-list=<-loopback>", "--virtual-time-budget=5000", "--dump-dom",
         around.as_uri()],
        capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    proxy.close()
    return [line for line in proxy.heard if mark in line]


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="Debian's package chromium is not installed")
def test_in_a_browser_no_script_of_a_students_runs_and_nothing_is_asked_for(graded, tmp_path):
    students = [entry.student for entry in [*pages.ENTRIES, *files.NAMES]]
    shown = [graded.out / "feedback" / one / NAME / f"{NAME}.html" for one in students]
    mark = graded.around.mark
    assert asked_by_a_browser([*shown, graded.out / "class.html"], tmp_path, mark) == []
    plain = tmp_path / "plain.html"  # the same as it would be without anybody's care
    plain.write_bytes(graded.around.fill_in(pages.HTML.encode()))
    asked = "\n".join(asked_by_a_browser([plain], tmp_path, mark))
    for kind in ("script", "run", "picture", "style", "frame"):
        assert f"{mark}/{kind}" in asked


def what_acts(page: str) -> Counter:
    """Count the elements and attributes of a page that run, load or cover something."""
    found: Counter = Counter()
    for element in BeautifulSoup(page, "html.parser").find_all(True):
        found[element.name] += element.name in ACTING
        for name, value in element.attrs.items():
            acts = name.startswith("on") or name in ("ping", "style", "action", "background")
            acts |= str(value).strip().lower().startswith(("javascript:", "data:text"))
            found[name] += acts
    return +found


@pytest.mark.slow
@pytest.mark.parametrize("entry", pages.ENTRIES, ids=lambda entry: entry.student)
def test_a_page_has_nothing_that_acts_but_what_a_plain_one_has(graded, entry):
    plain = what_acts(page_of(graded.out, "zoe"))
    assert what_acts(page_of(graded.out, entry.student)) == plain
