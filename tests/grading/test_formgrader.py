"""nbgrader's formgrader in a browser, on a class that hands in pages: nothing of theirs runs.

Formgrader runs on the instructor's Jupyter server, whose cookie opens terminals. One server and one
browser serve all tests; every request, dialog and error of a page is noted.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest
from courses import hand_in, right, small_course
from hostile import files, pages
from hostile.entries import NAME, Surroundings
from hostile.machine import Listeners

from course_staff.grading.records.gradebook import gradebook, gradebook_url

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
TOKEN = secrets.token_hex(16)
PATIENCE = 180_000  # ms: a machine may be busy, and only a failure waits so long
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's package chromium is not installed"),
]
HOSTILE = [*pages.ENTRIES, *files.NAMES]
READABLE = (
    "Adding *twice* is doubling, $a<b$, `x < y`, <b>surely</b>.\n\n```python\nif a: pass\n```"
)


@dataclass
class Class:
    """A graded class on whose folder formgrader is open."""

    out: Path
    page: object
    address: str
    mark: str
    heard: list[str]
    port: int
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def open(self, path: str) -> object:
        """Open a page of the server, and wait until it has what it asks for."""
        self.page.goto(f"{self.address}{path}", wait_until="networkidle")
        return self.page

    def text(self) -> str:
        return self.page.inner_text("body")

    def require_quiet(self) -> None:
        """Nothing of a student's ran in any frame, and nobody but formgrader was asked."""
        assert [frame.url for frame in self.page.frames if frame.evaluate("window.ran")] == []
        assert (self.dialogs, self.heard) == ([], [])
        strange = [
            url
            for url in self.requests
            if not url.startswith(("data:", f"{self.address}/formgrader"))
            or self.mark in url
            or "path=" in url
        ]
        assert strange == []

    def submissions(self) -> dict[str, str]:
        """Return nbgrader's ids of the submissions by student."""
        with gradebook(gradebook_url(self.out)) as book:
            return {one.student.id: one.id for one in book.notebook_submissions(NAME, NAME)}


def serve(folder: Path, home: Path) -> tuple[subprocess.Popen, str]:
    """Start JupyterLab as the guide says, in the folder of the marks."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
         "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"],
        cwd=folder, stdout=(home / "server.log").open("w"), stderr=subprocess.STDOUT,
        env=os.environ | {"HOME": str(home), "JUPYTER_CONFIG_DIR": str(home / "jupyter")},
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    until = time.monotonic() + PATIENCE / 1000
    while True:
        try:
            urllib.request.urlopen(f"{address}/api/status?token={TOKEN}", timeout=5).close()
            return server, address
        except OSError:
            said = (home / "server.log").read_text()
            assert server.poll() is None, said
            assert time.monotonic() < until, said
            time.sleep(0.2)


def stop(server: subprocess.Popen) -> None:
    """End the server and the kernels that it started."""
    family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
    server.terminate()
    _, left = psutil.wait_procs(family, timeout=60)
    for process in left:
        process.kill()
    server.wait()


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    """The class after `course grade`, open in formgrader."""
    from playwright.sync_api import sync_playwright

    home = tmp_path_factory.mktemp("f")
    assignment = small_course(home / "course")
    shutil.copy(Path(__file__).parents[2] / "nbgrader_config.py", home / "course")
    mark = f"hostile-{secrets.token_hex(6)}"
    listeners = Listeners(mark)
    around = Surroundings(home, home / "submitted", mark, listeners.port, "")
    for entry in HOSTILE:
        entry.hand_in(assignment, around)
    hand_in(home / "submitted", "zoe", right(assignment, why=READABLE))
    graded = subprocess.run(
        [sys.executable, "-m", "course_lib", "grade", "04", "--submitted", home / "submitted",
         "--out", home / "grading"],
        cwd=home / "course", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert graded.returncode == 0, graded.stdout + graded.stderr
    server, address = serve(home / "grading", home)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox"], timeout=PATIENCE
            )
            context = browser.new_context()
            context.set_default_timeout(PATIENCE)
            page = context.new_page()
            page.goto(f"{address}/api/status?token={TOKEN}")  # leaves the cookie
            made = Class(home / "grading", page, address, mark, listeners.heard, listeners.port)
            context.on("request", lambda request: made.requests.append(request.url))
            page.on("dialog", lambda dialog: (made.dialogs.append(dialog.message), dialog.accept()))
            yield made
            browser.close()
    finally:
        stop(server)
        listeners.close()


def test_no_script_of_a_students_runs_on_the_page_of_a_submission(marked):
    ids = marked.submissions()
    assert set(ids) == {"zoe", *(entry.student for entry in HOSTILE)}
    ran, left = [], []
    for student, submission in sorted(ids.items()):
        page = marked.open(f"/formgrader/submissions/{submission}/")
        ran += [student for frame in page.frames if frame.evaluate("window.ran")]
        # One address logs out, another leads away, and where a page fails nothing is shown.
        if page.query_selector("textarea.comment") is None:
            left.append((student, page.url))
    assert (ran, left, marked.dialogs, marked.heard) == ([], [], [], [])


def test_no_text_acts_on_the_page_of_a_submission(marked):
    for submission in marked.submissions().values():
        page = marked.open(f"/formgrader/submissions/{submission}/")
        page.wait_for_selector("textarea.comment")
        for link in page.query_selector_all("#notebook a"):
            assert (link.get_attribute("href") or "#").startswith("#")
        assert page.query_selector("#notebook :is(script, iframe, form, svg, style, meta)") is None
        assert page.evaluate("$('.nbgrader_cell').length > 3")  # no text ended the page's elements
        marked.require_quiet()


def test_a_marker_reads_what_was_written(marked):
    ids = marked.submissions()
    marked.open(f"/formgrader/submissions/{ids['zoe']}/")
    assert marked.page.inner_text("em:text-is('twice')") == "twice"
    assert marked.page.query_selector("b:text-is('surely')")
    assert marked.page.query_selector("math mo")
    assert marked.page.query_selector(".highlight .k:text-is('if')")
    marked.open(f"/formgrader/submissions/{ids['page-written-html']}/")
    assert "window.ran=1;new Image()" in marked.text()
    assert "is shown as text" in marked.text()
    marked.open(f"/formgrader/submissions/{ids['page-written-server']}/")
    assert "[here](/formgrader?path=/tmp/" in marked.text()
    marked.open(f"/formgrader/submissions/{ids['page-attachments']}/")
    assert "picture missing.png is not in the notebook" in marked.text()


def test_names_of_students_are_text_on_every_page(marked):
    for path in ("manage_assignments", f"manage_submissions/{NAME}", "gradebook",
                 f"gradebook/{NAME}", f"gradebook/{NAME}/{NAME}", "manage_students"):  # fmt: skip
        marked.open(f"/formgrader/{path}")
        marked.page.wait_for_selector("#main-table td a")
        marked.require_quiet()
    assert "<img src=x onerror=alert(1)>" in marked.text()
    for entry in files.NAMES:
        who = quote(entry.student, safe="")
        for path in (f"manage_students/{who}", f"manage_students/{who}/{NAME}"):
            page = marked.open(f"/formgrader/{path}")  # its table stays empty for some names
            assert page.evaluate("student_id") == entry.student
            marked.require_quiet()


def click_in_row(marked: Class, student: str, button: str) -> str:
    """Click a button in a student's row, and return what the page says then."""
    page = marked.open(f"/formgrader/manage_submissions/{NAME}")
    page.wait_for_selector("#main-table td a")
    row = page.locator("#main-table tr").filter(
        has=page.locator(f"td.student-id >> text={student!r}")
    )
    row.locator(f".{button} a").click()
    dialog = page.locator(".modal-body")
    dialog.wait_for()
    return dialog.inner_text()


@pytest.mark.parametrize(
    ("button", "command"), [("autograde", "grade"), ("generate-feedback", "feedback")]
)
def test_buttons_that_would_undo_it_refuse_in_a_sentence(marked, button, command):
    before = {path: path.read_bytes() for path in marked.out.rglob("*.html")}
    said = click_in_row(marked, "zoe", button)
    assert f"run `course {command} 04`" in said
    assert "Traceback" not in said
    # nbgrader puts this name into HTML where the server does not know the address.
    click_in_row(marked, "#<img src=x onerror=window.ran=1>", button)
    marked.require_quiet()
    assert {path: path.read_bytes() for path in marked.out.rglob("*.html")} == before


def test_feedback_of_the_whole_class_refuses_too(marked):
    page = marked.open("/formgrader/manage_assignments")
    page.wait_for_selector("#main-table .generate-feedback a")
    page.locator("#main-table .generate-feedback a").first.click()
    page.locator(".modal-body").wait_for()
    said = page.locator(".modal-body").inner_text()
    assert "run `course feedback 04`" in said
    assert "Traceback" not in said
    marked.require_quiet()


def test_marks_and_comments_can_still_be_given(marked):
    page = marked.open(f"/formgrader/submissions/{marked.submissions()['zoe']}/")
    page.wait_for_function("document.querySelector('#why').value !== undefined")
    with page.expect_response(lambda answer: "/api/grade/" in answer.url):
        page.fill("#why", "0.5")
        page.press("#why", "Tab")
    with page.expect_response(lambda answer: "/api/comment/" in answer.url):
        page.fill("#why-comment", "See <b>chapter</b> 4 </textarea><script>window.ran=1</script>")
        page.press("#why-comment", "Tab")
    marked.open(f"/formgrader/submissions/{marked.submissions()['zoe']}/")
    page.wait_for_function("document.querySelector('#why').value === '0.5'")
    page.locator(".name-hidden.glyphicon").click()  # the page's own click still works
    assert "zoe" in marked.text()
    marked.require_quiet()


def test_in_jupyterlab_a_marked_notebook_runs_nothing(marked):
    path = quote(f"autograded/page-written-html/{NAME}/{NAME}.ipynb")
    marked.page.goto(f"{marked.address}/lab/tree/{path}")
    marked.page.wait_for_selector(".jp-Notebook .jp-MarkdownCell .jp-RenderedMarkdown pre")
    assert not marked.page.evaluate("window.ran")
    assert (marked.dialogs, marked.heard) == ([], [])
    marked.requests.clear()


def test_what_is_looked_for_would_be_found(marked):
    """The same without anybody's care is heard, or these tests prove nothing."""
    marked.page.goto("about:blank")
    around = Surroundings(marked.out, marked.out, marked.mark, marked.port, "")
    plain = around.fill_in(f"<script>{pages.RUN}</script>".encode()).decode()
    marked.page.set_content(plain, wait_until="commit")
    marked.page.wait_for_function("window.ran")
    assert any(f"{marked.mark}/run" in url for url in marked.requests)
    with pytest.raises(AssertionError):
        marked.require_quiet()
