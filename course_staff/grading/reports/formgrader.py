"""nbgrader's formgrader and commands, made safe to use on students' submissions.

Formgrader shows notebooks and names to a person whose browser may do anything on the Jupyter
server. Its pages are made again here: texts as in the feedback pages, names escaped, and a policy
by which browsers run the page's own scripts alone. The folder's nbgrader_config.py calls `protect`,
and formgrader finds submissions by that file alone, so it is never used without.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import sys
import textwrap
from base64 import b64encode
from collections.abc import Callable
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import BaseLoader

from course_staff.grading.reports.inert_pages import InertRenderer, leave_out_unsafe, make_exporter

if TYPE_CHECKING:
    from jinja2 import Environment
    from nbconvert.exporters import HTMLExporter

# A browser runs only scripts that carry it: those of nbgrader's templates. No student knows it.
_NONCE = secrets.token_urlsafe(16)
_CLICKS = ("toggle_name(true);", "toggle_name(false);", "toggleAllNames()")  # in the templates
_POLICY = "; ".join([
    "default-src 'self'",
    f"script-src 'nonce-{_NONCE}' 'unsafe-hashes' " + " ".join(
        f"'sha256-{b64encode(hashlib.sha256(click.encode()).digest()).decode()}'"
        for click in _CLICKS
    ),
    "style-src 'self' 'unsafe-inline'", "img-src 'self' data:", "font-src 'self' data:",
    "object-src 'none'", "frame-src 'none'", "base-uri 'none'", "form-action 'none'",
    "frame-ancestors 'self'",
])  # fmt: skip
_WIDTH = 60  # characters of a line in formgrader's window, which cuts longer ones
_REFUSALS = {
    "autograde": (
        "nbgrader cannot judge this course's questions: run `course grade {}` instead of autograde."
    ),
    "generate_feedback": (
        "nbgrader's own feedback pages would run what students wrote: run `course feedback {}` "
        "instead, which makes clean ones with your marks and comments. They can be released then."
    ),
}


def protect() -> None:
    """Let nbgrader refuse the work of `course`, and formgrader show no active content.

    May be called again: nbgrader reads its configuration at every request.
    """
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.converters import Autograde, GenerateFeedback

    Autograde.start = _refusing("autograde")
    GenerateFeedback.start = _refusing("generate_feedback")
    NbGraderAPI.autograde = _answering("autograde")
    NbGraderAPI.generate_feedback = _answering("generate_feedback")
    # Loaded where formgrader runs, and nowhere else.
    if base := sys.modules.get("nbgrader.server_extensions.formgrader.base"):
        base.BaseHandler.render = _render
        base.BaseHandler.exporter = property(_SubmissionExporter)


def _refusal(what: str, coursedir: Any, assignment: str) -> str:
    """Return a message with the command to use; a plain assignment is graded by its folder."""
    number, sources = assignment.partition("-")[0], Path(coursedir.source_directory)
    name = str(sources / assignment) if sources.is_absolute() else assignment
    if what == "generate_feedback" or not sources.is_absolute():
        name = assignment
    return _REFUSALS[what].format(number if number.isdecimal() else name)


def _refusing(what: str) -> Callable[[Any], None]:
    def start(converter: Any) -> None:
        """Stop before a file or the gradebook is touched."""
        from nbgrader.converters.base import NbGraderException

        message = _refusal(what, converter.coursedir, converter.coursedir.assignment_id)
        converter.log.error(message)
        raise NbGraderException(message)

    return start


def _answering(what: str) -> Callable[..., dict[str, Any]]:
    def answer(api: Any, assignment_id: str, *_: Any, **__: Any) -> dict[str, Any]:
        """Answer formgrader's button: a log is shown as it is, an error as a traceback."""
        refusal = _refusal(what, api.coursedir, assignment_id).replace(": run", ":\nrun")
        lines = [line for part in refusal.splitlines() for line in textwrap.wrap(part, _WIDTH)]
        return {"success": False, "log": "\n".join(lines)}

    return answer


class _Careful(BaseLoader):
    """nbgrader's templates, with marks on their own scripts and values that cannot end one."""

    def __init__(self, loader: BaseLoader) -> None:
        self._loader = loader

    def get_source(self, environment: Environment, template: str) -> Any:
        source, name, is_fresh = self._loader.get_source(environment, template)
        source = source.replace("<script", f'<script nonce="{_NONCE}"')
        source = re.sub(r'= "\{\{ ([a-z_.]+) \}\}";', r"= {{ \1 | tojson }};", source)
        return source, name, is_fresh


def _render(handler: Any, name: str, **values: Any) -> str:
    """Make one of formgrader's own pages, in place of BaseHandler.render."""
    handler.set_header("Content-Security-Policy", _POLICY)
    plain = handler.settings["nbgrader_jinja2_env"]
    careful = plain.overlay(loader=_Careful(plain.loader), autoescape=True)
    return careful.get_template(name).render(**values)


class _SubmissionExporter:
    """Makes the page of a submission, in place of BaseHandler.exporter."""

    def __init__(self, handler: Any) -> None:
        handler.set_header("Content-Security-Policy", _POLICY)

    def from_filename(self, filename: str, resources: dict[str, Any]) -> tuple[str, dict]:
        """Return the page of a marked notebook, as nbconvert's exporters do."""
        import nbformat

        notebook = nbformat.read(filename, as_version=4)
        leave_out_unsafe(notebook)
        # Names and ids are nobody's HTML.
        plain = {
            key: escape(value) if isinstance(value, str) else value
            for key, value in resources.items()
        }
        plain["metadata"] = {"name": Path(filename).stem, "path": str(Path(filename).parent)}
        return _exporter().from_notebook_node(notebook, plain)


@cache
def _exporter() -> HTMLExporter:
    exporter = make_exporter("formgrade", _LinklessRenderer)
    exporter.environment.loader = _Careful(exporter.environment.loader)
    return exporter


class _LinklessRenderer(InertRenderer):
    """Markdown without links, for the Jupyter server obeys some addresses."""

    def link(self, text: str, url: str, title: str | None = None) -> str:
        if url.startswith("#"):
            return super().link(text, url, title)
        return f"{text} <code>{escape(url)}</code>"
