"""LaTeX formulas as MathML, which browsers draw without a script or a network."""

from __future__ import annotations

import re
from html import escape
from xml.etree import ElementTree


def to_mathml(latex: str, *, block: bool = False) -> str:
    r"""Return a formula as MathML, or as the LaTeX itself in <code> where that is not possible."""
    from latex2mathml.converter import convert

    try:
        markup = convert(_prepared(latex), display="block" if block else "inline")
        tree = ElementTree.fromstring(markup)
    except Exception:  # latex2mathml's errors have no class in common, and it raises KeyError too
        return _as_code(latex, block)
    if any("\\" in text for text in tree.itertext()):  # a command that it does not know
        return _as_code(latex, block)
    # A function's name is an identifier: as an operator it stands between wide spaces.
    return re.sub(r"<mo>([A-Za-z]{2,})</mo>", r"<mi>\1</mi>", markup)


# Commands that latex2mathml lacks, or MathML shows badly, written in ones that work.
_REWRITES = (
    (re.compile(r"\\(?:label|tag)\*?\{[^}]*\}"), ""),  # they say nothing outside a document
    (re.compile(r"\\(begin|end)\{(?:aligned|split|gathered)\}"), r"\\\1{align*}"),
    (re.compile(r"\\arg\s*\\(max|min)(?![A-Za-z])"), r"\\arg\1"),
    # One word, not a row of letters.
    (re.compile(r"\\mathrm\{([A-Za-z]{2,})\}"), r"\\text{\1}"),
    # MathML puts no space between a function's name and its argument.
    (
        re.compile(
            r"(\\(?:log|ln|exp|sin|cos|tan|tanh|max|min))\s*(?=[\s\\][A-Za-z0-9])(?!\s*\\left)"
        ),
        r"\1\\, ",
    ),
)


def _prepared(latex: str) -> str:
    for pattern, replacement in _REWRITES:
        latex = pattern.sub(replacement, latex)
    return latex.strip()


def _as_code(latex: str, block: bool) -> str:
    code = f'<code class="course-latex">{escape(latex.strip())}</code>'
    return f"<p>{code}</p>" if block else code
