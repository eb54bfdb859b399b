"""What students write in Markdown comes out harmless, and readable, wherever it is rendered."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from hostile import pages
from hypothesis import example, given
from hypothesis import strategies as st
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import v4

from course_staff.grading.cleaning import TAGS, harmless

PNG = {"image/png": pages.PICTURE}
PIECES = ["<b>", "</div>", "<script>", "`", "```", "\n", "\n\n", "[a](", "javascript:", ")", "$",
          "$$", "![", "](attachment:x.png)", "<!--", "-->", "mermaid", "\\href{", "}", "    ", "> ",
          "~~~", "|", "<img src=x onerror=y>", "[r]: ", "attachment:", "https://x.org", "&lt;",
          "/formgrader"]  # fmt: skip


def text_cell(source: str, **attachments: dict):
    cell = v4.new_markdown_cell(source)
    if attachments:
        cell["attachments"] = {f"{name}.png": held for name, held in attachments.items()}
    return cell


def page_of(cell) -> BeautifulSoup:
    """Render a cell as nbconvert does, without anybody's care."""
    renderer = IPythonRenderer(escape=False, attachments=cell.get("attachments", {}))
    html = MarkdownWithMath(renderer=renderer).render(cell.source)
    return BeautifulSoup(html, "html.parser")


def require_harmless(page: BeautifulSoup) -> None:
    for element in page.find_all(True):
        assert element.name in TAGS | {"pre"}
        for name, value in element.attrs.items():
            assert name in ("id", "class", "href", "src", "alt", "title", "start", "style")
            if name == "style":
                assert str(value).startswith("text-align:")  # mistune's own, of a table
            if name == "href":
                assert value.startswith(("https:", "http:", "mailto:", "#"))
            if name == "src":
                assert value.startswith("data:image/")


@pytest.mark.parametrize(
    "source",
    [
        "Adding *twice*, $a<b$, `x < y` and <b>bold</b>.<br>",
        "| a | b |\n| - | - |\n| 1 | 2 |",
        "```python\nif a < b: pass\n```",
        "See [the book](https://example.org/a?b=1#c).",
        "<details><summary>More</summary>\n\ntext\n\n</details>",
        "<!-- your answer -->\nBecause.",
        r"$$\frac{a}{b} \text{ if } a > b$$",
    ],
)
def test_what_people_write_stays_as_it_is(source):
    assert harmless(text_cell(source)).source == source


@pytest.mark.parametrize(
    "source",
    [
        pages.HTML,
        pages.MARKDOWN,
        pages.LATEX,
        pages.MERMAID,
        pages.SERVER,
        pages.COVERING,
        "<scr<script>ipt>x</script>",
        "<b onclick=x>b</b>",
        "[a](/formgrader?path=x)",
        "[a](http://localhost:8888/api)",
        "![a](https://example.org/x.png)",
        "![a](data:image/svg+xml;base64,AAAA)",
        "</div></div>",
        "<details>",
        "```\n````\n<script>x</script>",
    ],
)
def test_what_would_act_is_shown_as_text_word_for_word(source):
    shown = harmless(text_cell(source))
    page = page_of(shown)
    require_harmless(page)
    assert page.code.get_text().strip() == source.strip()


def test_a_raw_cell_is_text():
    page = page_of(harmless(v4.new_raw_cell("<b>bold</b>")))
    assert page.get_text().strip() == "<b>bold</b>"


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=14).map("".join))
@example("[a](javascript:\n&lt;")
def test_nothing_comes_of_any_text(source):
    require_harmless(page_of(harmless(text_cell(source))))


def test_pictures_are_kept_taken_from_the_assignment_or_named():
    kept = harmless(text_cell("![a](attachment:a.png)", a=PNG))
    assert kept.attachments == {"a.png": PNG}
    by_reference = harmless(text_cell("![a][r]\n\n[r]: attachment:a.png", a=PNG))
    assert page_of(by_reference).img["src"].endswith(pages.PICTURE)
    in_html = harmless(text_cell('<img src="attachment:a.png" width="300">', a=PNG))
    assert page_of(in_html).img["src"].endswith(pages.PICTURE)
    of_the_assignment = harmless(text_cell("![a](attachment:b.png)"), {"b.png": PNG})
    assert of_the_assignment.attachments == {"b.png": PNG}
    missing = harmless(text_cell("Look: ![a](attachment:my%20pic.png)"))
    assert "the picture my pic.png is not in the notebook" in page_of(missing).get_text()
    assert "Look:" in page_of(missing).get_text()


@pytest.mark.parametrize(
    "held",
    [
        {"image/svg+xml": "<svg onload=x>"},
        {"image/png": 'x" onerror="x'},
        {'image/png" onerror="x': pages.PICTURE},
        {},
        [],
        None,
    ],
)
def test_an_attachment_that_is_no_picture_is_left_out(held):
    shown = harmless(text_cell("![a](attachment:a.png)", a=held))
    require_harmless(page_of(shown))
    assert "the picture a.png is not in the notebook" in page_of(shown).get_text()
