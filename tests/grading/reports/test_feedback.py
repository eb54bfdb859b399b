"""Feedback pages: what a student sees, and what nobody's browser may run."""

from __future__ import annotations

import shutil
import time
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from courses import NAME, mark_by_hand, mark_class
from nbformat.v4 import new_code_cell, new_output, new_raw_cell

from course_lib.errors import CourseError
from course_staff.grading.records.gradebook import gradebook
from course_staff.grading.reports.feedback import (
    copy_receipts,
    pack_feedback,
    students_with_marks,
    write_feedback,
)
from course_staff.grading.reports.inert_pages import InertRenderer

HOSTILE = """\
Why not: `a < b & c`, $a<b$.

| one | two |
| --- | --- |
| 1   | 2   |

```python
if a < b: print("&")
```

[a link](javascript:alert('hostile')) [data](data:text/html,hostile) ![picture](x.png)

<script>alert("hostile")</script>

<img src=x onerror="alert('hostile')"> <a href="javascript:hostile">x</a> <svg onload=hostile></svg>

<iframe src="https://hostile.example"></iframe> <form action="//hostile"><input></form>

<div class="navbar-fixed-top" style="position: fixed" id="top">25 of 25</div>
"""


class Page(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))


def make_pages(out, assignment, students, url, **options):
    with gradebook(url) as book:
        return write_feedback(out, assignment, students, book, **options)


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    url = mark_class(out, {"ada": 1.5, "bob": 2}, answer=HOSTILE, penalties={"bob": 1.0})
    path = out / "autograded" / "ada" / NAME / f"{NAME}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    data = {
        "text/html": "<b>bold</b><script>hostile</script>",
        "application/javascript": "hostile()",
        "image/svg+xml": "<svg><script>hostile</script></svg>",
    }
    notebook.cells += [
        new_code_cell("show()", outputs=[new_output("display_data", data=data)]),
        new_code_cell("</pre><script>hostile()</script>"),
        new_raw_cell("<script>hostile</script>"),
    ]
    notebook.metadata["widgets"] = {
        "application/vnd.jupyter.widget-state+json": {"state": "</script><script>hostile"}
    }
    nbformat.write(notebook, path)
    mark_by_hand(url, "ada", 2.5, "Well *argued*. <script>hostile</script>")
    pages = make_pages(out, NAME, students_with_marks(out, NAME), url)
    return out, url, pages


def test_a_page_shows_messages_manual_marks_and_comments(marked):
    out, _, pages = marked
    assert pages["ada"] == [out / "feedback" / "ada" / NAME / f"{NAME}.html"]
    text = pages["ada"][0].read_text("utf-8")
    assert "1.5 of 2 points" in text
    assert "Score: 2.5 / 3.0" in text
    assert "Score: 4.0 / 5.0" in text
    assert "Well <em>argued</em>" in text


def test_the_contents_name_the_questions_and_which_of_them_waits(marked):
    ada, bob = (" ".join(marked[2][name][0].read_text("utf-8").split()) for name in ("ada", "bob"))
    assert '<li><a href="#f"><code>f</code></a> (Score: 1.5 / 2.0)' in ada
    assert '<li><a href="#why"><code>why</code> (written)</a> (Score: 2.5 / 3.0)' in ada
    assert '<li><a href="#comment-why">Comment on <code>why</code></a></li>' in ada
    assert "<code>why</code> (written)</a> (Score: not marked yet, of 3.0)" in bob
    assert "0.0 / 3.0" not in bob


def test_a_page_asks_no_server_for_anything(marked):
    for [page] in marked[2].values():
        for tag, attributes in Page(page.read_text("utf-8")).elements:
            if tag in ("script", "link", "img"):
                assert not (attributes.get("src") or attributes.get("href") or "").startswith(
                    "http"
                )
            assert tag != "script"


def test_a_late_penalty_counts_in_the_page(marked):
    text = marked[2]["bob"][0].read_text("utf-8")
    assert "Score: 1.0 / 5.0" in text
    assert "Late submission penalty" in text


def test_what_a_student_wrote_stays_readable(marked):
    text = marked[2]["ada"][0].read_text("utf-8")
    assert "<code>a &lt; b &amp; c</code>" in text
    assert "<mi>a</mi><mo>&#x0003C;</mo><mi>b</mi>" in text  # a formula, without a script
    assert "<td>1</td>" in text
    assert '<span class="k">if</span>' in text
    assert "<b>bold</b>" in text


def test_a_picture_from_elsewhere_is_named(marked):
    text = marked[2]["ada"][0].read_text("utf-8")
    assert "<em>[picture picture]</em>" in text
    renderer = InertRenderer(escape=False, attachments={})
    badge = renderer.link(
        renderer.image("Open in Colab", "https://x.org/badge.svg"), "https://x.org"
    )
    assert badge == '<a href="https://x.org"><em>[picture Open in Colab]</em></a>'
    assert "<img" in renderer.image("a", "data:image/png;base64,AAAA")


def test_nothing_of_a_student_runs_or_covers_the_page(marked):
    page = Page(marked[2]["ada"][0].read_text("utf-8"))
    for tag, attributes in page.elements:
        assert tag not in ("script", "iframe", "form", "input", "svg", "object", "embed", "base")
        assert not [name for name in attributes if name.startswith("on")]
        assert "navbar-fixed-top" not in (attributes.get("class") or "")
        assert "position" not in (attributes.get("style") or "")
        for name in ("href", "src"):
            value = (attributes.get(name) or "").lower()
            assert "javascript:" not in value
            assert not value.startswith("data:text")


def test_a_student_who_was_not_graded_is_named(marked):
    out, url, _ = marked
    with pytest.raises(CourseError, match=r"eve.*grade .* again"):
        make_pages(out, NAME, ["eve"], url)


def test_one_page_that_cannot_be_made_does_not_keep_the_others_from_being(marked, tmp_path):
    _, url, _ = marked
    out = Path(shutil.copytree(marked[0], tmp_path / "copy"))
    odd = (b"[]", b'{"cells": [{}]}', b"\xff", b"{", b"[" * 100_000)
    for data in odd:
        (notebook,) = (out / "autograded" / "ada").rglob("*.ipynb")
        notebook.write_bytes(data)
        failed = {}
        pages = make_pages(out, NAME, ["ada", "eve", "bob"], url, on_failure=failed.__setitem__)
        assert [*pages] == ["bob"]
        assert [*failed] == ["ada", "eve"]
        assert "cannot be made" in failed["ada"]
        assert not list((out / "feedback" / "ada").rglob("*.html"))


@pytest.mark.parametrize(
    "text", ["![a](attachment:x.png)", "![a][r]\n\n[r]: attachment:x.png", "> " * 3000 + "deep"]
)
def test_a_text_that_nbconvert_fails_for_is_shown(tmp_path, text):
    url = mark_class(tmp_path, {"ada": 1}, answer=f"{text}\n\nBecause.")
    [page] = make_pages(tmp_path, NAME, ["ada"], url)["ada"]
    assert "Because." in page.read_text("utf-8")


def test_pages_are_packed_for_a_learning_platform(marked, tmp_path):
    pages = marked[2]
    packed = pack_feedback(
        pages, tmp_path / "back.zip", {"ada": "Ada Lovelace_77_assignsubmission_file_"}
    )
    assert sorted(zipfile.ZipFile(packed).namelist()) == [
        f"Ada Lovelace_77_assignsubmission_file_/{NAME}.html",
        f"bob/{NAME}.html",
    ]
    folder = pack_feedback(pages, tmp_path / "back")
    assert (folder / "bob" / f"{NAME}.html").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back", "back.zip"]


def test_a_page_is_made_again_only_where_something_changed(marked, tmp_path):
    _, url, _ = marked
    out = Path(shutil.copytree(marked[0], tmp_path / "copy"))

    def made_again() -> bool:
        page = out / "feedback" / "bob" / NAME / f"{NAME}.html"
        before = page.stat().st_mtime_ns if page.exists() else None
        make_pages(out, NAME, ["bob"], url)
        return page.stat().st_mtime_ns != before

    (page,) = (out / "feedback" / "bob").rglob("*.html")
    assert not made_again()
    mark_by_hand(url, "bob", 1.25, "See *chapter 4*.")
    assert made_again()
    assert "See <em>chapter 4</em>" in page.read_text("utf-8")
    assert not made_again()
    page.write_bytes(page.read_bytes()[:-200])
    assert made_again()
    page.unlink()
    assert made_again()
    (notebook,) = (out / "autograded" / "bob").rglob("*.ipynb")
    notebook.write_text(notebook.read_text("utf-8").replace("a link", "one link"), "utf-8")
    assert made_again()
    assert not made_again()


def test_a_receipt_that_is_a_link_is_not_followed(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("the instructor's own")
    for student in ("ada", "bob"):
        (tmp_path / "submitted" / student / NAME).mkdir(parents=True)
        (tmp_path / "feedback" / student / NAME).mkdir(parents=True)
    name = "submission_secret.txt"
    (tmp_path / "submitted" / "ada" / NAME / name).symlink_to(secret)
    (tmp_path / "submitted" / "bob" / NAME / name).write_bytes(b"of bob's \xff")
    copy_receipts(tmp_path, NAME, ["ada", "bob"], tmp_path / "submitted")
    assert not (tmp_path / "feedback" / "ada" / NAME / name).exists()
    assert (tmp_path / "feedback" / "bob" / NAME / name).read_bytes() == b"of bob's \xff"


def test_markdown_that_would_take_hours_to_clean_is_shown_as_text(tmp_path):
    url = mark_class(tmp_path, {"ada": 1}, answer="<div>" * 30_000)
    started = time.process_time()
    [page] = make_pages(tmp_path, NAME, ["ada"], url)["ada"]
    assert time.process_time() - started < 60
    assert "&lt;div&gt;&lt;div&gt;" in page.read_text("utf-8")


def test_code_that_would_take_minutes_to_colour_is_shown_as_text(tmp_path):
    url = mark_class(tmp_path, {"ada": 1})
    path = tmp_path / "autograded" / "ada" / NAME / f"{NAME}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells += [new_code_cell("a<b;" * 1_000), new_code_cell("c<d;" * 100_000)]
    nbformat.write(notebook, path)
    started = time.process_time()
    [page] = make_pages(tmp_path, NAME, ["ada"], url)["ada"]
    assert time.process_time() - started < 60
    text = page.read_text("utf-8")
    assert '<span class="n">a</span>' in text
    assert "c&lt;d;c&lt;d;" in text
    assert '<span class="n">c</span>' not in text
    assert len(text) < 3_000_000
