"""An executed notebook as one readable HTML page that needs nothing from the network."""

from __future__ import annotations

import re
from copy import deepcopy
from functools import cache
from importlib import resources
from typing import Any

from bs4 import BeautifulSoup
from jinja2 import pass_context
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from traitlets.config import Config

from course_staff.mathml import to_mathml

# Cells that a reader need not see, by their tag, and the line that unfolds them.
FOLDED = {
    "bootstrap": "Set-up for Colab",
    "parameters": "Parameters",
    "injected-parameters": "Parameters of this run",
}

# nbconvert's own page, less the scripts that it fetches, with alternative texts and folded cells.
_TEMPLATE = """\
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block jupyter_widgets -%}{%- endblock -%}
{%- block html_head_css -%}<style>{{ resources.course_css }}</style>{%- endblock -%}
{%- block any_cell -%}
  {%- set folded = cell | folded_title -%}
  {%- if folded -%}
    <details class="course-folded"><summary>{{ folded }}</summary>{{ super() }}</details>
  {%- else -%}{{ super() }}{%- endif -%}
{%- endblock -%}
{%- block data_png -%}{{ output | picture('image/png') }}{%- endblock -%}
{%- block data_jpg -%}{{ output | picture('image/jpeg') }}{%- endblock -%}
{%- block data_latex -%}
<div class="jp-RenderedLatex jp-OutputArea-output">
{{ output.data['text/latex'] | latex_output }}</div>
{%- endblock -%}
{%- block error -%}<div class="course-error">{{ super() }}</div>{%- endblock -%}
{%- block stream_stderr -%}
<details class="course-stderr"><summary>Messages (stderr)</summary>{{ super() }}</details>
{%- endblock -%}
"""

_NETWORK = re.compile(r"^\s*(?:https?:)?//", re.IGNORECASE)


def html_page(notebook: NotebookNode, *, fallback_title: str = "Lesson") -> str:
    """Return an executed notebook as one HTML page.

    Pictures are inside the page and keep their alternative texts, formulas are MathML, and nothing
    is loaded from elsewhere: the parts of outputs that would load something are left out.
    """
    notebook = deepcopy(notebook)
    notebook.metadata["title"] = title_of(notebook) or fallback_title
    html, _ = _exporter().from_notebook_node(notebook, resources={"course_css": _css()})
    return _without_network(html)


def title_of(notebook: NotebookNode) -> str:
    """Return the text of a notebook's first heading; empty where there is none."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            heading = re.search(r"^ {0,3}#{1,6}\s+(.+?)\s*#*$", cell.source, flags=re.MULTILINE)
            if heading:
                return re.sub(r"[*`_]", "", heading[1])
    return ""


class _PageRenderer(IPythonRenderer):
    """nbconvert's Markdown, with MathML in place of formulas for MathJax."""

    def inline_math(self, body: str) -> str:
        return to_mathml(body)

    def block_math(self, body: str) -> str:
        return to_mathml(body, block=True)

    def latex_environment(self, name: str, body: str) -> str:
        return to_mathml(rf"\begin{{{name}}}{body}\end{{{name}}}", block=True)

    def block_mermaidjs(self, code: str) -> str:
        return self.block_code(code, info=None)  # its script would have to be fetched


class _PageExporter(HTMLExporter):
    """nbconvert's HTML page without any script of its own."""

    @property
    def default_config(self) -> Config:
        config = Config(super().default_config or {})
        config.CoalesceStreamsPreprocessor.enabled = True  # a line printed in two parts is one line
        # No scripts and no widgets: their plain form is shown.
        config.NbConvertBase.display_data_priority = [
            "text/html",
            "text/markdown",
            "image/svg+xml",
            "text/latex",
            "image/png",
            "image/jpeg",
            "text/plain",
        ]
        return config

    def default_filters(self) -> Any:
        yield from super().default_filters()
        yield "folded_title", _folded_title
        yield "picture", _picture
        yield "latex_output", _latex_output

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        attachments = context.get("cell", {}).get("attachments", {})
        renderer = _PageRenderer(escape=False, attachments=attachments, exclude_anchor_links=True)
        return MarkdownWithMath(renderer=renderer).render(source)


def _exporter() -> _PageExporter:
    # A new one each time: exporters keep state, and lessons are converted in several threads.
    exporter = _PageExporter(raw_template=_TEMPLATE)
    exporter.log.disabled = True  # its remarks on missing alternative texts are not for here
    return exporter


@cache
def _css() -> str:
    return resources.files(__package__).joinpath("page.css").read_text("utf-8")


def _folded_title(cell: NotebookNode) -> str:
    tags = cell.metadata.get("tags", [])
    return next((title for tag, title in FOLDED.items() if tag in tags), "")


def _picture(output: NotebookNode, mime: str) -> str:
    from html import escape

    from nbconvert.filters import get_metadata

    def attribute(name: str) -> str:
        value = get_metadata(output, name, mime)
        return "" if value is None else f' {name}="{escape(str(value))}"'

    alt = get_metadata(output, "alt", mime) or "A figure without a text alternative"
    return (
        '<div class="jp-RenderedImage jp-OutputArea-output">'
        f'<img src="data:{mime};base64,{escape(output.data[mime].strip())}"'
        f' alt="{escape(alt)}"{attribute("width")}{attribute("height")}></div>'
    )


def _latex_output(source: str) -> str:
    formula = re.fullmatch(r"\s*(\$\$?|\\\[)(.*?)(\$\$?|\\\])\s*", source, flags=re.DOTALL)
    return to_mathml(formula[2] if formula else source, block=True)


def _without_network(html: str) -> str:
    """Take out whatever would be fetched when the page is opened; links to follow stay."""
    soup = BeautifulSoup(html, "html.parser")
    for element in soup.select("script[src], link[href], iframe, object, embed, base"):
        element.decompose()
    for element in soup.select("[src], [srcset], [poster]"):
        for name in ("src", "srcset", "poster"):
            if _NETWORK.match(element.get(name, "")):
                if element.name == "img":  # a badge, say: its text stays
                    element.replace_with(element.get("alt") or "[picture]")
                    break
                del element[name]
    for style in soup.select("style"):
        if style.string and re.search(r"@import|url\(\s*['\"]?(?:https?:)?//", style.string):
            style.string = re.sub(
                r"@import[^;]*;|url\(\s*['\"]?(?:https?:)?//[^)]*\)", "none", style.string
            )
    return str(soup)
