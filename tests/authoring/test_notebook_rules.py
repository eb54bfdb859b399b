import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from course_staff.authoring.lint import lint

OPENING = "# Title\n\n**You will** learn.\n\n**Time**: 1 minute.\n\n**Data**: none."


def notebook(*cells):
    first = [
        new_markdown_cell(OPENING),
        new_code_cell("import sys\nif 0:\n    %pip install x", metadata={"tags": ["bootstrap"]}),
        new_code_cell(
            'profile = "auto"\ndata = "auto"\nseed = 0', metadata={"tags": ["parameters"]}
        ),
    ]
    return nbformat.v4.new_notebook(cells=[*first, *cells])


def said(book, folder):
    return [f"{finding.cell}: {finding.message}" for finding in lint(book, folder)]


def test_a_notebook_that_keeps_the_rules_has_no_findings(tmp_path):
    (tmp_path / "other file.ipynb").touch()
    book = notebook(
        new_markdown_cell("## Section A\n\n```\n# no heading\n```\n\n### Sub\n\n[up](#Section-A)"),
        new_markdown_cell("[other](other%20file.ipynb) ![a cat](https://example.org/cat.png)"),
        new_code_cell("plots.show(figure, caption='A figure.')"),
    )
    assert said(book, tmp_path) == []


@pytest.mark.parametrize(
    ("cell", "finding"),
    [
        (new_markdown_cell("### Deep"), '4: "Deep" skips a level: from 1 to 3.'),
        (new_markdown_cell("# Again"), '4: "Again" is a second heading of level 1: use level 2.'),
        (new_markdown_cell("![](cat.png)"), "4: the image cat.png has no alternative text."),
        (new_markdown_cell('<img src="cat.png" alt="">'), "has no alternative text"),
        (new_markdown_cell("[x](gone.ipynb)"), "4: the link gone.ipynb leads to no file"),
        (new_markdown_cell("[x](#Gone)"), "4: the link #Gone matches no heading."),
        (new_code_cell("x = 1", execution_count=3), "4: the cell has outputs"),
        (new_code_cell("x", outputs=[nbformat.v4.new_output("stream", text="x")]), "has outputs"),
        (new_code_cell("x = 1\n" * 16), "4: the cell has 16 lines: split it, 15 at most."),
        (new_code_cell("%%capture\nx = 1"), "4: the cell is not plain Python"),
        (new_code_cell("plots.show(figure)"), "4: plots.show needs a caption."),
    ],
)  # fmt: skip
def test_each_broken_rule_is_found_in_its_cell(cell, finding, tmp_path):
    findings = said(notebook(cell), tmp_path)
    assert any(finding in text for text in findings), findings


@pytest.mark.parametrize("phrase", ["**You will**", "**Time**", "**Data**"])
def test_an_opening_that_leaves_something_out_is_found(phrase, tmp_path):
    book = notebook()
    book.cells[0].source = OPENING.replace(phrase, "")
    assert any(f"the opening lacks {phrase}" in text for text in said(book, tmp_path))


def test_a_missing_header_cell_and_a_missing_parameter_are_found(tmp_path):
    book = notebook()
    del book.cells[1]
    book.cells[1].source = 'profile = "auto"'
    assert said(book, tmp_path) == [
        '0: there must be one cell tagged "bootstrap", there are 0.',
        "0: the parameters cell does not set data, seed.",
    ]
