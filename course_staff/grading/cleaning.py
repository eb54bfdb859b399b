"""The parts of a student's Markdown that are safe in another person's browser.

nbconvert hands HTML in Markdown through to the page, and nbgrader's formgrader shows such a page on
the instructor's own Jupyter server. So Markdown that would load, run or cover something there is
shown as plain text (`harmless`), and Markdown that becomes HTML here is cleaned (`cleaner`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

if TYPE_CHECKING:
    from bleach import Cleaner
    from nbformat import NotebookNode

# The elements that Markdown makes, and none that loads, runs or covers the page.
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
OWN_CLASSES = re.compile(r"highlight|hl-\w+|anchor-link|course-latex|[a-z][a-z0-9]{0,2}")
# Rendering and cleaning take time that grows with the square of the nesting, or of formulas that
# never end. Far above any honest cell.
_MAX_MARKDOWN, _MAX_TAGS, _MAX_FORMULAS = 50_000, 1_000, 300
_FORMULA = re.compile(r"\\\\[\[(]|\\begin\{")
# A picture that the page itself holds: opening a page must not contact another server, and a
# relative address would ask something of the Jupyter server on which formgrader runs.
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif);base64,[A-Za-z0-9+/=\s]*")
_ELSEWHERE = re.compile(
    r"(?:https?://(?!localhost|127\.|\[)|mailto:)[^\s\"'<>]+|#[\w.:-]*", re.IGNORECASE
)
# HTML as people write it between their words, and comments; any attribute is more than that.
_ELEMENTS = "|".join(sorted(TAGS - {"a", "img"}))
_PLAIN_HTML = re.compile(rf"(?:[^<>]|</?(?:{_ELEMENTS})\s*/?>|<!--[^<>-]*-->)*", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)")
# JupyterLab shows an attachment in HTML, too; nbconvert does not.
_IMG_OF_ATTACHMENT = re.compile(
    r"<img\s[^<>]*?\bsrc\s*=\s*([\"']?)attachment:([^\s\"'<>()]+)\1[^<>]*>", re.IGNORECASE
)
# MathJax's own ways to make a link, a style or an element of the page.
_ACTING_LATEX = re.compile(r"\\(?:href|url|style|class|cssId|require|unicode|html[A-Za-z]*)\b")
_AS_TEXT = (
    "*From the grader: this cell is shown as text, for it holds HTML or addresses that a "
    "browser would act on.*"
)
_NOT_HERE = "*From the grader: the picture `{}` is not in the notebook.*"
# One grey pixel in place of a picture that is not there, which nbconvert would fail for.
_GREY = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)

Pictures = Mapping[str, Mapping[str, str]]


class _Inspector(IPythonRenderer):
    """Notes the pictures in a text, and whether any part of it would act in a browser."""

    def __init__(self, attachments: Pictures) -> None:
        super().__init__(escape=False, exclude_anchor_links=True)
        self._known = attachments
        self.acts = False
        self.missing: list[str] = []
        self.open: list[str] = []

    def block_html(self, html: str) -> str:
        self.acts |= not _PLAIN_HTML.fullmatch(html)
        for end, name in _TAG.findall(html.lower()):
            if not end:
                self.open += [name] if name not in ("br", "hr") else []
            elif self.open[-1:] == [name]:
                self.open.pop()
            else:
                self.acts = True  # it would end an element of the page's own
        return ""

    inline_html = block_html

    def block_code(self, code: str, info: str | None = None) -> str:
        # nbconvert puts a diagram's source into the page as it is.
        self.acts |= (info or "").startswith("mermaid")
        return ""

    def link(self, text: str, url: str, title: str | None = None) -> str:
        self.acts |= not _ELSEWHERE.fullmatch(url)
        return text

    def image(self, text: str, url: str, title: str | None = None) -> str:
        name = url.removeprefix("attachment:")
        if name == url:
            self.acts |= not _PICTURE.fullmatch(url)
        elif name not in self._known and name not in self.missing:
            self.missing.append(name)
        return ""


def takes_long(source: str) -> bool:
    """Tell whether rendering a text would hold up a whole class."""
    return (
        len(source) > _MAX_MARKDOWN
        or source.count("<") > _MAX_TAGS
        or len(_FORMULA.findall(source)) > _MAX_FORMULAS
    )


def _inspect(source: str, attachments: Pictures) -> tuple[bool, tuple[str, ...]]:
    """Tell whether a text acts, and which pictures it lacks."""
    if takes_long(source) or _ACTING_LATEX.search(source):
        return True, ()
    inspector = _Inspector(attachments)
    try:
        MarkdownWithMath(renderer=inspector).render(source)
    except Exception:  # of mistune, of any kind: the cell is then shown as text
        return True, ()
    return inspector.acts or bool(inspector.open), tuple(inspector.missing)


# Most cells of a class are the same: the assignment's text. None of those is long.
_REMEMBERED, _MAX_REMEMBERED_LENGTH = 2_000, 10_000
_inspect_alone = lru_cache(_REMEMBERED)(lambda source: _inspect(source, {}))


def harmless(cell: NotebookNode, pictures: Pictures | None = None) -> NotebookNode:
    """Return a student's text or raw cell as one that is harmless wherever it is rendered.

    Markdown that would act in a browser, and a raw cell, which nbconvert takes for HTML, come out
    as text. A picture that the cell refers to and does not hold is taken from `pictures`, or named.
    """
    from nbformat import v4

    if cell.cell_type == "raw":
        return as_text(cell, note="")
    attachments = {
        name: {kind: data for kind, data in held.items() if _is_picture(kind, data)}
        for name, held in (cell.get("attachments") or {}).items()
        if isinstance(held, dict)
    }
    attachments = {name: held for name, held in attachments.items() if held}
    source = _IMG_OF_ATTACHMENT.sub(r"![](attachment:\2)", cell.source)
    if not attachments and len(source) < _MAX_REMEMBERED_LENGTH:
        acts, missing = _inspect_alone(source)
    else:
        acts, missing = _inspect(source, attachments)
    if acts:
        return as_text(cell)
    notes = []
    for name in missing:
        plain = unquote(name)  # nbconvert looks for it as it stands in an address
        held = attachments.get(plain) or (pictures or {}).get(name) or (pictures or {}).get(plain)
        if not held:
            notes.append(_NOT_HERE.format(_one_line(plain)))
        attachments[name] = held or {"image/png": _GREY}
    shown = v4.new_markdown_cell("\n\n".join([*notes, source]))
    shown.id, shown.metadata = cell.id, cell.metadata
    if attachments:
        shown["attachments"] = attachments
    return shown


def as_text(cell: NotebookNode, note: str = _AS_TEXT) -> NotebookNode:
    """Return a text cell that shows another one's source as it is, below a note."""
    from nbformat import v4

    longest = max((len(run) for run in re.findall("`+", cell.source)), default=0)
    fence = "`" * max(3, longest + 1)
    source = f"{fence}\n{cell.source}\n{fence}"
    shown = v4.new_markdown_cell(f"{note}\n\n{source}" if note else source)
    shown.id, shown.metadata = cell.id, cell.metadata
    return shown


def cleaner() -> Cleaner:
    """Return a cleaner that removes all but harmless elements and attributes from HTML."""
    from bleach import Cleaner

    return Cleaner(tags=TAGS, attributes=_may_stay, protocols=PROTOCOLS, strip=True)


def _may_stay(tag: str, name: str, value: str) -> bool:
    """Tell whether an element in a student's text keeps an attribute."""
    if name == "class":
        return all(OWN_CLASSES.fullmatch(word) for word in value.split())
    if name == "id":
        return tag in HEADINGS
    if (tag, name) == ("a", "href"):
        return not value.strip().lower().startswith("data:")
    if (tag, name) == ("img", "src"):
        return bool(_PICTURE.fullmatch(value))
    return name in {
        "img": ("src", "alt", "title", "width", "height"),
        "ol": ("start",),
        "td": ("colspan", "rowspan", "align"),
        "th": ("colspan", "rowspan", "align"),
    }.get(tag, ("title",))


def _is_picture(kind: object, data: object) -> bool:
    return isinstance(data, str) and bool(_PICTURE.fullmatch(f"data:{kind};base64,{data}"))


def _one_line(name: str) -> str:
    return "".join(sign if sign.isprintable() and sign != "`" else "�" for sign in name)[:80]
