"""Feedback pages: nbgrader's own, made from the marked notebooks and the gradebook.

A page shows what a student wrote to somebody else's browser, so whatever comes from a cell is
cleaned after it was rendered: no script, no event handler, no foreign frame or form.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_lib.errors import CourseError
from course_lib.files import prepare_folder, write

if TYPE_CHECKING:
    from nbconvert.exporters import HTMLExporter
    from nbformat import NotebookNode

# What Markdown makes, and nothing that loads, runs or covers the page.
TAGS = frozenset(
    [
        "a",
        "abbr",
        "b",
        "blockquote",
        "br",
        "caption",
        "code",
        "dd",
        "del",
        "details",
        "div",
        "dl",
        "dt",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "li",
        "mark",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "small",
        "span",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "u",
        "ul",
    ]
)
PROTOCOLS = frozenset({"http", "https", "mailto", "data"})
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
# The colours of code and the mark beside a heading. Any other class is the page's own, and could
# make a student's text look like, or lie over, what the grader wrote.
OWN_CLASSES = re.compile(r"highlight|hl-\w+|anchor-link|[a-z][a-z0-9]{0,2}")
# Outputs of other kinds, such as JavaScript, widgets and drawings, are left out of the pages.
SHOWN = frozenset({"text/plain", "text/html", "text/markdown", "text/latex"}) | {
    "image/png",
    "image/jpeg",
}


def students_with_marks(out: Path, assignment: str) -> list[str]:
    """Return the students whose marked notebooks lie in a folder of results, sorted."""
    return sorted(path.parent.name for path in (out / "autograded").glob(f"*/{assignment}"))


def write_feedback(
    out: Path,
    assignment: str,
    students: Iterable[str],
    db_url: str,
    *,
    advance: Callable[[str], None] = lambda student: None,
) -> dict[str, list[Path]]:
    """Make the feedback pages of some students, the manual marks and comments so far included.

    Parameters
    ----------
    out : pathlib.Path
        The folder of results, with autograded/<student>/<assignment>/<notebook>.ipynb.
    assignment : str
        The assignment's name.
    students : iterable of str
        Whose pages to make.
    db_url : str
        The gradebook, as `gradebook.gradebook_url` returns it.
    advance : callable, optional
        Called with each student when the page is written.

    Returns
    -------
    dict of str to list of Path
        The pages, out/feedback/<student>/<assignment>/<notebook>.html, by student.

    Raises
    ------
    CourseError
        If a student's notebook is missing or is not in the gradebook.
    """
    exporter = make_exporter()
    written: dict[str, list[Path]] = {}
    for student in students:
        notebooks = sorted((out / "autograded" / student / assignment).glob("*.ipynb"))
        if not notebooks:
            raise CourseError(
                f"{out / 'autograded' / student / assignment} holds no notebook: "
                f"grade {assignment} again with `course grade`."
            )
        written[student] = [
            _write_page(exporter, out, assignment, student, path, db_url) for path in notebooks
        ]
        advance(student)
    return written


def pack_feedback(
    pages: dict[str, list[Path]], destination: Path, names: dict[str, str] | None = None
) -> Path:
    """Copy pages into a folder, or a zip where the name ends so, that a learning platform takes.

    Parameters
    ----------
    pages : dict of str to list of Path
        As `write_feedback` returns them.
    destination : pathlib.Path
        A folder, made if need be, or a new name.zip.
    names : dict of str to str, optional
        The folder's name for each student, where the platform wants another than the id: Moodle
        knows its own again ("Ada Lovelace_1234_assignsubmission_file_").

    Returns
    -------
    pathlib.Path
        What was written.

    Raises
    ------
    CourseError
        If it cannot be written.
    """
    inside = {
        f"{(names or {}).get(student, student)}/{page.name}": page
        for student, its_pages in pages.items()
        for page in its_pages
    }
    if destination.suffix.lower() != ".zip":
        folder = prepare_folder(destination)
        for name, page in inside.items():
            target = folder / name
            prepare_folder(target.parent)
            shutil.copyfile(page, target)
        return folder
    parent = prepare_folder(destination.absolute().parent)
    part = parent / f".{destination.name}.part"
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, page in inside.items():
                archive.write(page, name)
        os.replace(part, parent / destination.name)
    except OSError as error:
        raise CourseError(f"{destination} cannot be written ({error.strerror}).") from error
    finally:
        part.unlink(missing_ok=True)
    return parent / destination.name


def copy_receipts(out: Path, assignment: str, students: Iterable[str], submitted: Path) -> None:
    """Put beside each page what `nbgrader release_feedback` wants: its time and secret."""
    for student in students:
        for name in ("timestamp.txt", "submission_secret.txt"):
            source = submitted / student / assignment / name
            target = out / "feedback" / student / assignment / name
            if source.is_file():
                write(target, source.read_text("utf-8"))
            else:
                target.unlink(missing_ok=True)


def make_exporter() -> HTMLExporter:
    """Return an exporter of feedback pages as nbgrader configures it, which cleans what it shows.

    nbgrader's template does not clean Markdown cells and comments even where nbconvert is told to,
    so the filter that renders them does.
    """
    from bleach import Cleaner
    from jinja2 import pass_context
    from nbconvert.exporters import HTMLExporter
    from nbgrader.converters import GenerateFeedback

    cleaner = Cleaner(tags=TAGS, attributes=_may_stay, protocols=PROTOCOLS, strip=True)

    class FeedbackExporter(HTMLExporter):
        @pass_context
        def markdown2html(self, context: Any, source: str) -> str:
            return cleaner.clean(super().markdown2html(context, source))

        def default_filters(self) -> Iterable[tuple[str, Callable]]:
            yield from super().default_filters()
            yield "clean_html", lambda text: cleaner.clean(str(text))

    nbgrader_says = GenerateFeedback()  # knows where the templates are
    config = nbgrader_says.config.copy()
    config.HTMLExporter.sanitize_html = True
    exporter = FeedbackExporter(config=config)
    exporter.log = quiet = logging.Logger("feedback", logging.CRITICAL)
    for preprocessor in nbgrader_says.preprocessors:
        made = preprocessor(parent=exporter, log=quiet)
        exporter.register_preprocessor(made, enabled=True)
    return exporter


def _may_stay(tag: str, name: str, value: str) -> bool:
    """Tell whether an element in a student's text keeps an attribute."""
    if name == "class":
        return all(OWN_CLASSES.fullmatch(word) for word in value.split())
    if name == "id":
        return tag in HEADINGS
    if (tag, name) == ("a", "href"):
        return not value.strip().lower().startswith("data:")
    return name in {
        "img": ("src", "alt", "title", "width", "height"),
        "ol": ("start",),
        "td": ("colspan", "rowspan", "align"),
        "th": ("colspan", "rowspan", "align"),
    }.get(tag, ("title",))


def _write_page(
    exporter: HTMLExporter, out: Path, assignment: str, student: str, path: Path, db_url: str
) -> Path:
    import nbformat
    from nbgrader.api import MissingEntry

    notebook = nbformat.read(path, as_version=4)
    _leave_out_unsafe(notebook)
    resources = {
        "metadata": {"name": path.stem, "path": str(path.parent)},
        "nbgrader": {
            "notebook": path.stem,
            "assignment": assignment,
            "student": student,
            "db_url": db_url,
        },
    }
    try:
        page, _ = exporter.from_notebook_node(notebook, resources)
    except MissingEntry as error:
        raise CourseError(
            f"{student} is not in the gradebook with {assignment} ({error}): "
            "grade it again with `course grade`."
        ) from error
    target = out / "feedback" / student / assignment / f"{path.stem}.html"
    write(prepare_folder(target.parent) / target.name, page)
    return target


def _leave_out_unsafe(notebook: NotebookNode) -> None:
    """Drop kinds of output, attachments and metadata that a page need not show."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.pop("title", None)
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if "data" in output:
                output["data"] = {k: v for k, v in output["data"].items() if k in SHOWN}
                output["metadata"] = {}
