"""An executed notebook as a page to read, without a network."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_staff.mathml import to_mathml
from course_staff.running.page import html_page

# One white pixel.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/x8AAwMCAO+ip1sAAAAASUVORK5CYII="
HOSTILE = (
    '<script src="https://cdn.example.org/a.js"></script><b>kept</b>'
    '<link rel="stylesheet" href="//cdn.example.org/a.css"><iframe src="https://x.org"></iframe>'
    '<style>@import "https://cdn.example.org/b.css"; p {background: url(http://x.org/c.png)}</style>'
    '<img src="https://cdn.example.org/d.png" alt="a photo">'
)


def display(data: dict, metadata: dict | None = None):
    return new_output("display_data", data=data, metadata=metadata or {})


@pytest.fixture(scope="module")
def page() -> BeautifulSoup:
    badge = "[![Open in Colab](https://colab.example.org/badge.svg)](https://colab.example.org/n)"
    outputs = [
        display({"image/png": PNG}, {"image/png": {"alt": 'Loss "falls" & flattens'}}),
        display({"text/html": HOSTILE}),
        display({"application/javascript": "fetch('https://x.org')", "text/plain": "plain"}),
        display({"text/latex": r"$$\frac{1}{2}$$"}),
        new_output("stream", name="stderr", text="a warning"),
        new_output("error", ename="ValueError", evalue="bad", traceback=["\x1b[31mbad\x1b[0m"]),
    ]
    notebook = new_notebook(
        cells=[
            new_markdown_cell(badge),
            new_markdown_cell("# What does *a network* see?\n\nThe loss $L_i = -\\log p_i$."),
            new_markdown_cell("$$\\sum_i x_i$$\n\n\\begin{align}a &= b\\end{align}"),
            new_markdown_cell("```mermaid\ngraph TD\n```\n\nA broken $\\unknown{x}$ & <5."),
            new_code_cell("profile = 'auto'", metadata={"tags": ["parameters"]}),
            new_code_cell("1 + 1", outputs=outputs, execution_count=1),
        ]
    )
    return BeautifulSoup(html_page(notebook, fallback_title="01-first"), "html.parser")


def test_what_is_printed_in_parts_stands_in_one_line():
    parts = [new_output("stream", name="stdout", text=text) for text in ("trial 1", " → 0.9\n")]
    notebook = new_notebook(cells=[new_code_cell("search()", outputs=parts, execution_count=1)])
    page = BeautifulSoup(html_page(notebook, fallback_title="parts"), "html.parser")
    assert "trial 1 → 0.9" in [output.text.strip() for output in page.select("pre")]


def test_nothing_is_loaded_from_elsewhere(page):
    assert not page.select("script, iframe, object, embed, link, base")
    for element in page.select("[src]"):
        assert element["src"].startswith("data:")
    for style in page.select("style"):
        assert not re.search(r"@import|url\(\s*['\"]?(https?:)?//", style.text)
    # Links to follow are another matter.
    assert page.select_one("a[href='https://colab.example.org/n']").text == "Open in Colab"


def test_formulas_are_mathml(page):
    formulas = page.select("math")
    assert [formula["display"] for formula in formulas] == ["inline", "block", "block", "block"]
    assert "$" not in page.body.text


def test_a_formula_beyond_it_stays_as_code(page):
    assert page.select_one("code.course-latex").text == r"\unknown{x}"


def test_pictures_keep_their_alternative_text(page):
    picture = page.select_one(".jp-RenderedImage img")
    assert picture["alt"] == 'Loss "falls" & flattens'
    assert picture["src"] == f"data:image/png;base64,{PNG}"


def test_what_an_output_would_load_is_replaced_by_its_words(page):
    output = page.select_one(".jp-RenderedHTML")
    assert output.select_one("b").text == "kept"
    assert "a photo" in output.text


def test_the_title_is_the_first_heading(page):
    assert page.title.text == "What does a network see?"
    assert page.h1.text == "What does a network see?"


def test_a_page_without_a_heading_has_the_lesson_as_its_title():
    html = html_page(new_notebook(cells=[new_code_cell("# no heading")]), fallback_title="01-first")
    assert "<title>01-first</title>" in html


def test_parameters_and_messages_are_folded_and_errors_are_not(page):
    summaries = [summary.text for summary in page.select("details > summary")]
    assert summaries == ["Parameters", "Messages (stderr)"]
    assert "bad" in page.select_one(".course-error").text
    assert page.select_one(".course-error").find_parent("details") is None


@pytest.mark.parametrize(
    "latex",
    [
        r"p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}",
        r"\begin{aligned} a &= b \\ c &= d \end{aligned}",
        r"\hat{y} = \arg\max_k z_k",
        r"\operatorname{softmax}(\mathbf{W}^\top \mathbf{x} + b)",
        r"\left\lfloor \frac{n + 2p - k}{s} \right\rfloor + 1",
        r"\mathrm{IoU} = \frac{|A \cap B|}{|A \cup B|} \label{iou}",
        r"\begin{cases} 1 & x > 0 \\ 0 & \text{else} \end{cases}",
        r"\lVert \boldsymbol{\theta} \rVert_2^2 \in \mathbb{R}_{\geq 0}",
        r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}",
    ],
)
def test_the_formulas_of_a_course_on_networks_are_understood(latex):
    assert to_mathml(latex, block=True).startswith("<math")


@pytest.mark.parametrize("latex", ["a_{", r"\frac{1}", "a^b^c", r"\begin{array}", "", "}"])
def test_a_wrong_formula_never_breaks_the_page(latex):
    assert to_mathml(latex).startswith(("<math", "<code"))
