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

if TYPE_CHECKING:
    from nbconvert.exporters import HTMLExporter
    from nbformat import NotebookNode

# What Markdown makes, and nothing that loads, runs or covers the page.
TAGS = frozenset([
    "a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "del", "details", "div", "dl",
    "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "mark",
    "ol", "p", "pre", "q", "s", "small", "span", "strong", "sub", "summary", "sup", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
])  # fmt: skip
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


# Cleaning takes time that grows with the square of what is nested. Far above any honest cell.
_MOST_MARKDOWN, _MOST_TAGS = 50_000, 1_000
_MOST_CODE = 50_000  # characters of a cell: coloured, a sign takes up to thirty
# Most cells of a class are the same: the assignment's text and tests. None of those is long.
_REMEMBERED, _LONGEST_REMEMBERED = 2000, 10_000
_LEADS_AWAY = re.compile(r"(?!data:image/)[a-z][a-z0-9+.-]*:|[/\\]{2}", re.IGNORECASE)
_NO_ALTERNATIVE = re.compile(r"<img\b(?![^>]*\balt=)")


def make_exporter() -> HTMLExporter:
    """Return an exporter of feedback pages as nbgrader configures it, which cleans what it shows.

    nbgrader's template does not clean Markdown cells and comments even where nbconvert is told to,
    so the filter that renders them does. The marks and comments are to be in the notebook already.
    """
    from bleach import Cleaner
    from jinja2 import pass_context
    from nbconvert.exporters import HTMLExporter
    from nbconvert.filters import Highlight2HTML
    from nbconvert.filters.widgetsdatatypefilter import WidgetsDataTypeFilter
    from nbgrader.converters import GenerateFeedback
    from nbgrader.preprocessors import GetGrades

    cleaner = Cleaner(tags=TAGS, attributes=_may_stay, protocols=PROTOCOLS, strip=True)
    clean = _remembering(cleaner.clean)

    class FeedbackExporter(HTMLExporter):
        @pass_context
        def markdown2html(self, context: Any, source: str) -> str:
            if len(source) > _MOST_MARKDOWN or source.count("<") > _MOST_TAGS:
                return f"<pre>{html.escape(source[:_MOST_MARKDOWN])}</pre>"
            if context.get("cell", {}).get("attachments"):
                return clean(super().markdown2html(context, source))
            return rendered(source)

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
                return colour(source, language or lexer, (metadata or {}).get("magics_language"))

            self.register_filter("highlight_code", highlight)
            page, resources = super(HTMLExporter, self).from_notebook_node(nb, resources, **options)
            described = '<img alt="No description has been provided for this image"'
            return _NO_ALTERNATIVE.sub(described, page), resources

    @_remembering
    def colour(source: str, language: str, magic: str | None) -> str:
        if len(source) > _MOST_CODE:
            return f"<pre>{html.escape(source)}</pre>"
        return Highlight2HTML()(source, language, {"magics_language": magic} if magic else {})

    nbgrader_says = GenerateFeedback()  # knows where the templates are
    config = nbgrader_says.config.copy()
    config.HTMLExporter.sanitize_html = True
    exporter = FeedbackExporter(config=config)
    exporter.log = quiet = logging.Logger("feedback", logging.CRITICAL)
    for preprocessor in nbgrader_says.preprocessors:
        if preprocessor is not GetGrades:  # it opens the gradebook anew for every page
            made = preprocessor(parent=exporter, log=quiet)
            exporter.register_preprocessor(made, enabled=True)

    @_remembering
    def rendered(source: str) -> str:
        return clean(HTMLExporter.markdown2html(exporter, {}, source))

    return exporter


def _remembering(make: Callable[..., str]) -> Callable[..., str]:
    """Remember what is made of short texts: a student's long ones would fill the memory."""
    remembered = lru_cache(_REMEMBERED)(make)

    def made(text: str, *more: str | None) -> str:
        return (make if len(text) > _LONGEST_REMEMBERED else remembered)(text, *more)

    return made


def _may_stay(tag: str, name: str, value: str) -> bool:
    """Tell whether an element in a student's text keeps an attribute."""
    if name == "class":
        return all(OWN_CLASSES.fullmatch(word) for word in value.split())
    if name == "id":
        return tag in HEADINGS
    if (tag, name) == ("a", "href"):
        return not value.strip().lower().startswith("data:")
    if (tag, name) == ("img", "src"):  # whoever opens a page is not to be heard of elsewhere
        return not _LEADS_AWAY.match("".join(filter(str.isprintable, value)).replace(" ", ""))
    return name in {
        "img": ("src", "alt", "title", "width", "height"),
        "ol": ("start",),
        "td": ("colspan", "rowspan", "align"),
        "th": ("colspan", "rowspan", "align"),
    }.get(tag, ("title",))


def leave_out_unsafe(notebook: NotebookNode) -> None:
    """Drop kinds of output, attachments and metadata that a page need not show."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.pop("title", None)
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if "data" in output:
                output["data"] = {k: v for k, v in output["data"].items() if k in SHOWN}
                output["metadata"] = {}
