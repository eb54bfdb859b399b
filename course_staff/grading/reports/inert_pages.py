"""Feedback pages as nbgrader lays them out, in which nothing of a student's runs.

A page shows a student's content in another person's browser, so everything from a cell is
cleaned after it was rendered: no script, no event handler, no foreign frame or form.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Iterable
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from jinja2 import BaseLoader
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from course_staff.grading.cleaning import cleaner, takes_long
from course_staff.mathml import to_mathml

if TYPE_CHECKING:
    from jinja2 import Environment
    from nbconvert.exporters import HTMLExporter
    from nbformat import NotebookNode

# Outputs of other kinds, such as JavaScript, widgets and drawings, are left out of the pages.
SHOWN = frozenset({"text/plain", "text/html", "text/markdown", "text/latex"}) | {
    "image/png",
    "image/jpeg",
}

_MAX_CODE = 50_000  # characters of a cell: coloured, a sign takes up to thirty
# Most cells of a class are the same: the assignment's text and tests. None of those is long.
_REMEMBERED, _MAX_REMEMBERED_LENGTH = 2000, 10_000
_NO_ALTERNATIVE = re.compile(r"<img\b(?![^>]*\balt=)")
_MAX_FORMULA_LENGTH = 5_000  # characters
_ELEMENTS = frozenset([
    "math", "maction", "menclose", "merror", "mfenced", "mfrac", "mi", "mmultiscripts", "mn", "mo",
    "mover", "mpadded", "mphantom", "mprescripts", "mroot", "mrow", "ms", "mspace", "msqrt",
    "mstyle", "msub", "msubsup", "msup", "mtable", "mtd", "mtext", "mtr", "munder", "munderover",
    "none", "semantics",
])  # fmt: skip
_ATTRIBUTES = frozenset([
    "accent", "accentunder", "align", "columnalign", "columnlines", "columnspacing", "depth",
    "display", "displaystyle", "fence", "form", "frame", "height", "largeop", "linethickness",
    "lspace", "mathbackground", "mathcolor", "mathsize", "mathvariant", "maxsize", "minsize",
    "movablelimits", "notation", "rowalign", "rowlines", "rowspacing", "rspace", "scriptlevel",
    "separator", "stretchy", "symmetric", "voffset", "width",
])  # fmt: skip
# Pygments has lexers that take minutes for a text made for them.
_COLOURED = frozenset({"python", "python3", "py", "ipython", "ipython3", "pycon", "text", "json"})


class InertRenderer(IPythonRenderer):
    """nbconvert's Markdown with formulas as MathML, and a picture that is not shown is named."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._mark = secrets.token_hex(8)
        self._formulas: list[str] = []

    def image(self, text: str, url: str, title: str | None = None) -> str:
        name = url.removeprefix("attachment:")
        if name != url and name not in self.attachments:
            return f"<em>[picture {escape(name)}]</em>"
        if name == url and not url.startswith("data:"):  # from elsewhere: it is not loaded
            return f"<em>[picture {escape(text or url)}]</em>"
        return super().image(text, url, title)

    def block_code(self, code: str, info: str | None = None) -> str:
        language = (info or "").split(maxsplit=1)[:1]
        return super().block_code(code, info if _COLOURED.issuperset(language) else None)

    def inline_math(self, body: str) -> str:
        return self._formula(body)

    def block_math(self, body: str) -> str:
        return self._formula(body, block=True)

    def latex_environment(self, name: str, body: str) -> str:
        return self._formula(rf"\begin{{{name}}}{body}\end{{{name}}}", block=True)

    def _formula(self, latex: str, *, block: bool = False) -> str:
        """Put a mark in a formula's place: MathML does not pass the cleaning."""
        markup = to_mathml(latex, block=block) if len(latex) <= _MAX_FORMULA_LENGTH else ""
        if not _is_plain_mathml(markup):
            markup = f"<code>{escape(latex)}</code>"
        self._formulas.append(markup)
        return f'<span title="{self._mark}{len(self._formulas) - 1}"></span>'

    def finish(self, page: str) -> str:
        """Put the formulas into the cleaned text; within an attribute no mark looks like that."""
        mark = re.compile(rf'<span title="{self._mark}(\d+)"></span>')
        return mark.sub(lambda found: self._formulas[int(found[1])], page)


_NAME = "<code>{{ cell.metadata.nbgrader.grade_id | escape }}</code>"
_POINTS = "{{ cell.metadata.nbgrader.score | float | round(2) }}"
# Long lines of messages wrap; tables have lines, and what is folded has its triangle.
_STYLE = """<style>
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
td, th { padding: .2em .7em; border-bottom: 1px solid #ddd; }
summary { display: list-item; cursor: pointer; }
.anchor-link { display: none; }
</style>
"""
_CHANGES = {
    "</head>": f"{_STYLE}</head>",
    # In the contents and in headings: the question, and no points before somebody gave them.
    ">Test cell</a>": f">{_NAME}</a>",
    ">Written response</a>": f">{_NAME} (written)</a>",
    ">Comment</a>": f">Comment on {_NAME}</a>",
    f"Score: {_POINTS} /": "Score: {% if cell.metadata.nbgrader.waiting %}not marked yet, of"
    f"{{% else %}}{_POINTS} /{{% endif %}}",
}


class _Readable(BaseLoader):
    """nbgrader's feedback template with the questions' names, and without a script for formulas."""

    def __init__(self, loader: BaseLoader) -> None:
        self._loader = loader

    def get_source(self, environment: Environment, template: str) -> Any:
        source, name, is_fresh = self._loader.get_source(environment, template)
        if template.endswith("mathjax.html.j2"):  # it comes from another server
            source = '{%- macro mathjax(url="") -%}{%- endmacro %}'
        for old, new in _CHANGES.items():
            source = source.replace(old, new)
        return source, name, is_fresh


def make_exporter(
    template: str = "feedback", renderer: type[InertRenderer] = InertRenderer
) -> HTMLExporter:
    """Return an exporter of pages as nbgrader lays them out, which cleans their content.

    nbgrader's templates do not clean Markdown cells and comments even where nbconvert is told to,
    so the filter that renders them does. The marks and comments are to be in the notebook already.
    A cell that cannot be rendered is shown as text, and the page is still made.
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
        if len(source) > _MAX_CODE:
            return _as_text(source)
        return Highlight2HTML()(source, language, {"magics_language": magic} if magic else {})

    nbgrader_says = GenerateFeedback()  # knows where the templates are
    config = nbgrader_says.config.copy()
    config.HTMLExporter.sanitize_html = True
    config.HTMLExporter.template_name = template
    exporter = FeedbackExporter(config=config)
    exporter.environment.loader = _Readable(exporter.environment.loader)
    exporter.log = quiet = logging.Logger("feedback", logging.CRITICAL)
    if template != "feedback":
        return exporter
    for preprocessor in nbgrader_says.preprocessors:
        if preprocessor is not GetGrades:  # it opens the gradebook again for every page
            made = preprocessor(parent=exporter, log=quiet)
            exporter.register_preprocessor(made, enabled=True)
    return exporter


def _is_plain_mathml(markup: str) -> bool:
    """Tell whether markup is only a formula: latex2mathml also makes links and styles."""
    try:
        elements = list(ElementTree.fromstring(markup).iter())
    except ElementTree.ParseError:
        return False
    return all(
        element.tag.rpartition("}")[2] in _ELEMENTS and _ATTRIBUTES.issuperset(element.attrib)
        for element in elements
    )


def _as_text(source: str) -> str:
    return f"<pre>{escape(source)}</pre>"


def _remembering(make: Callable[..., str]) -> Callable[..., str]:
    """Remember the results for short texts: a student's long ones would fill the memory."""
    remembered = lru_cache(_REMEMBERED)(make)

    def made(text: str, *more: str | None) -> str:
        return (make if len(text) > _MAX_REMEMBERED_LENGTH else remembered)(text, *more)

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
