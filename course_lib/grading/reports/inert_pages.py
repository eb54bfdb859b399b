"""Feedback pages as nbgrader lays them out, in which nothing of a student's runs.

A page shows what a student wrote to somebody else's browser, so whatever comes from a cell is
cleaned after it was rendered: no script, no event handler, no foreign frame or form.
"""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from course_lib.grading.cleaning import cleaner, takes_long

if TYPE_CHECKING:
    from nbconvert.exporters import HTMLExporter
    from nbformat import NotebookNode

# Outputs of other kinds, such as JavaScript, widgets and drawings, are left out of the pages.
SHOWN = frozenset({"text/plain", "text/html", "text/markdown", "text/latex"}) | {
    "image/png",
    "image/jpeg",
}

_MOST_CODE = 50_000  # characters of a cell: coloured, a sign takes up to thirty
# Most cells of a class are the same: the assignment's text and tests. None of those is long.
_REMEMBERED, _LONGEST_REMEMBERED = 2000, 10_000
_NO_ALTERNATIVE = re.compile(r"<img\b(?![^>]*\balt=)")
# Pygments has lexers that take minutes for a text made for them.
_COLOURED = frozenset({"python", "python3", "py", "ipython", "ipython3", "pycon", "text", "json"})


class Renderer(IPythonRenderer):
    """nbconvert's Markdown, which does not fail for a picture that is not there."""

    def image(self, text: str, url: str, title: str | None = None) -> str:
        name = url.removeprefix("attachment:")
        if name != url and name not in self.attachments:
            return f"<em>[picture {html.escape(name)}]</em>"
        return super().image(text, url, title)

    def block_code(self, code: str, info: str | None = None) -> str:
        language = (info or "").split(maxsplit=1)[:1]
        return super().block_code(code, info if _COLOURED.issuperset(language) else None)

    def finish(self, page: str) -> str:
        """Return what was made of a text and cleaned, with what needs no cleaning."""
        return page


def make_exporter(template: str = "feedback", renderer: type[Renderer] = Renderer) -> HTMLExporter:
    """Return an exporter of pages as nbgrader lays them out, which cleans what it shows.

    nbgrader's templates do not clean Markdown cells and comments even where nbconvert is told to,
    so the filter that renders them does. The marks and comments are to be in the notebook already.
    What cannot be rendered is shown as text: one cell does not cost the whole page.

    Parameters
    ----------
    template : {"feedback", "formgrade"}
    renderer : type, optional
        Makes HTML of Markdown; what it makes is cleaned.
    """
    from jinja2 import pass_context
    from nbconvert.exporters import HTMLExporter
    from nbconvert.filters import Highlight2HTML
    from nbconvert.filters.widgetsdatatypefilter import WidgetsDataTypeFilter
    from nbgrader.converters import GenerateFeedback
    from nbgrader.preprocessors import GetGrades

    clean = _remembering(cleaner().clean)

    class FeedbackExporter(HTMLExporter):
        @pass_context
        def markdown2html(self, context: Any, source: str) -> str:
            try:
                if takes_long(source):
                    return _as_text(source)
                if attachments := context.get("cell", {}).get("attachments"):
                    return markdown(source, attachments)
                return rendered(source)
            except Exception:  # mistune, Pygments and bleach have no error in common
                return _as_text(source)

        def default_filters(self) -> Iterable[tuple[str, Callable]]:
            yield from super().default_filters()
            yield "clean_html", lambda text: clean(str(text))

        def from_notebook_node(
            self, nb: NotebookNode, resources: dict | None = None, **options: Any
        ) -> tuple[str, dict]:
            # HTMLExporter's own takes the finished page apart again, for three quarters of the
            # time, to describe pictures and to make cells of another layout focusable.
            resources = self._init_resources(resources)
            widgets = WidgetsDataTypeFilter(
                notebook_metadata=self._nb_metadata, parent=self, resources=resources
            )
            self.register_filter("filter_data_type", widgets)
            known = nb.metadata.get("language_info", {})
            lexer = known.get("pygments_lexer", known.get("name")) or "ipython3"

            def highlight(source: str, language: str = "", metadata: Any = None) -> str:
                try:
                    magic = (metadata or {}).get("magics_language")
                    return colour(source, language or lexer, magic)
                except Exception:
                    return _as_text(source)

            self.register_filter("highlight_code", highlight)
            page, resources = super(HTMLExporter, self).from_notebook_node(nb, resources, **options)
            described = '<img alt="No description has been provided for this image"'
            return _NO_ALTERNATIVE.sub(described, page), resources

    def markdown(source: str, attachments: Any = None) -> str:
        made = renderer(escape=False, attachments=attachments or {})
        return made.finish(clean(MarkdownWithMath(renderer=made).render(source)))

    rendered = _remembering(markdown)

    @_remembering
    def colour(source: str, language: str, magic: str | None) -> str:
        if len(source) > _MOST_CODE:
            return _as_text(source)
        return Highlight2HTML()(source, language, {"magics_language": magic} if magic else {})

    nbgrader_says = GenerateFeedback()  # knows where the templates are
    config = nbgrader_says.config.copy()
    config.HTMLExporter.sanitize_html = True
    config.HTMLExporter.template_name = template
    exporter = FeedbackExporter(config=config)
    exporter.log = quiet = logging.Logger("feedback", logging.CRITICAL)
    if template != "feedback":
        return exporter
    for preprocessor in nbgrader_says.preprocessors:
        if preprocessor is not GetGrades:  # it opens the gradebook anew for every page
            made = preprocessor(parent=exporter, log=quiet)
            exporter.register_preprocessor(made, enabled=True)
    return exporter


def _as_text(source: str) -> str:
    return f"<pre>{html.escape(source)}</pre>"


def _remembering(make: Callable[..., str]) -> Callable[..., str]:
    """Remember what is made of short texts: a student's long ones would fill the memory."""
    remembered = lru_cache(_REMEMBERED)(make)

    def made(text: str, *more: str | None) -> str:
        return (make if len(text) > _LONGEST_REMEMBERED else remembered)(text, *more)

    return made


def leave_out_unsafe(notebook: NotebookNode) -> None:
    """Drop kinds of output, attachments and metadata that a page need not show."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.pop("title", None)
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if "data" in output:
                output["data"] = {k: v for k, v in output["data"].items() if k in SHOWN}
                output["metadata"] = {}
