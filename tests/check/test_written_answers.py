"""A written answer is found in its cell and around it, and a note elsewhere is none."""

import pytest

from course_lib.check.written import Text, added, answers, is_answer, is_empty, is_hidden

QUESTION = "### Question 2\n\nWhy does it vanish? Two or three sentences are enough."
RELEASED = [
    Text("markdown", "# A lesson\n\nabout signals"),
    Text("markdown", "### Question 1: double"),
    Text("code", "def double(x):\n    raise NotImplementedError()", "double-answer"),
    Text("code", "with check.question('double') as question:\n    pass", "double"),
    Text("markdown", QUESTION),
    Text("markdown", "YOUR ANSWER HERE", "why"),
    Text("markdown", "### Question 3\n\nAnd what helps against it?"),
    Text("markdown", "YOUR ANSWER HERE", "helps"),
    Text("markdown", "## Where you stand"),
    Text("code", "check.summary()"),
    Text("markdown", "That was all of it."),
]
OWN = "Each layer halves it."


def found(*cells: Text) -> dict[str, str]:
    return answers(cells, RELEASED, ["why", "helps"])[0]


def inserted(at: int, *cells: Text) -> list[Text]:
    return [*RELEASED[:at], *cells, *RELEASED[at:]]


def replaced(at: int, source: str, kind: str = "markdown", name: str | None = None) -> list[Text]:
    return [*RELEASED[:at], Text(kind, source, name), *RELEASED[at + 1 :]]


def test_an_untouched_notebook_holds_no_answer():
    assert found(*RELEASED) == {}
    assert found(*(Text(cell.kind, cell.source) for cell in RELEASED)) == {}  # names are lost
    assert found(*(Text(c.kind, c.source.replace("\n\n", "\n"), c.name) for c in RELEASED)) == {}


@pytest.mark.parametrize("kind", ["markdown", "raw", "code"])
@pytest.mark.parametrize(
    ("at", "question"),
    [(5, "why"), (6, "why"), (7, "helps"), (8, "helps"), (9, "helps")],
    ids=["above", "below", "above the second", "below the second", "after its section's text"],
)
def test_a_text_beside_an_untouched_cell_is_its_answer(at, question, kind):
    assert found(*inserted(at, Text(kind, OWN))) == {question: OWN}


@pytest.mark.parametrize("at", [0, 1, 2, 3, 4, 10, 11])
def test_a_note_elsewhere_is_no_answer(at):
    cells = inserted(at, Text("markdown", OWN))
    assert answers(cells, RELEASED, ["why", "helps"]) == ({}, True)


@pytest.mark.parametrize("kind", ["markdown", "raw", "code"])
def test_an_answer_in_its_cell_counts_whatever_the_cell_became(kind):
    assert found(*replaced(5, OWN, kind, "why")) == {"why": OWN}
    assert found(*replaced(5, OWN, kind)) == {"why": OWN}  # the name is lost


def test_an_answer_that_is_split_over_cells_is_put_together():
    cells = replaced(5, OWN, "markdown", "why")
    cells[6:6] = [Text("markdown", "Then", "why"), Text("raw", "so."), Text("code", "It is so.")]
    assert found(*cells) == {"why": f"{OWN}\n\nThen\n\nso.\n\nIt is so."}


def test_an_answer_in_the_questions_own_text_is_what_was_added():
    for source in (f"{QUESTION}\n\n{OWN}", QUESTION.replace("\n\n", f"\n\n{OWN}\n\n")):
        assert found(*replaced(4, source)) == {"why": OWN}
    assert found(*replaced(4, QUESTION.replace("\n\n", "\n"))) == {}
    assert found(*replaced(4, QUESTION.split("\n")[2])) == {}  # a part of it was deleted


def test_code_beside_a_written_answer_is_none():
    for source in ("x = 1", "plt.plot(x)", "%matplotlib inline", "", "# "):
        assert found(*inserted(6, Text("code", source))) == {}
    assert found(*inserted(6, Text("code", '"""It halves."""'))) == {"why": '"""It halves."""'}


def test_an_answer_in_code_may_go_on_in_the_next_cell_of_code():
    released = [Text("code", "# YOUR CODE HERE", "sketch"), Text("code", "x = 1", "test")]
    cells = [released[0], Text("code", "draw()"), released[1], Text("code", "print(x)")]
    assert answers(cells, released, ["sketch"]) == ({"sketch": "draw()"}, False)


def test_an_answer_whose_cell_is_gone_is_looked_for_everywhere():
    cells = [cell for cell in inserted(11, Text("markdown", OWN)) if cell.name != "why"]
    assert found(*cells) == {"why": OWN}
    in_its_place = [cell for cell in inserted(5, Text("markdown", OWN)) if cell.name != "why"]
    assert found(*in_its_place, Text("markdown", "a note")) == {"why": OWN}


@pytest.mark.parametrize(
    "source",
    [
        "",
        " \n\t",
        "YOUR ANSWER HERE",
        "**Your answer here:**",
        "your answer\nhere",
        "<!-- YOUR ANSWER HERE -->",
        "<!-- -->",
        "---\n> * _ …".replace("…", ""),
    ],
)
def test_what_says_nothing_is_no_answer(source):
    assert is_empty(source)
    assert not is_answer(source, "YOUR ANSWER HERE")


@pytest.mark.parametrize(
    "source",
    ["no", "0", "∞", "![](attachment:a.png)", "YOUR ANSWER HERE: it halves", "<!-- so -->"],
)
def test_the_shortest_answer_is_one(source):
    assert is_answer(source, "YOUR ANSWER HERE")


def test_a_choice_among_handed_out_words_is_an_answer():
    assert is_answer("- yes", "- yes\n- no")
    assert not is_answer("- yes \n\n- no", "- yes\n- no")


def test_a_text_in_a_comment_alone_would_not_be_shown():
    assert is_hidden("<!-- It halves. -->\n")
    assert is_hidden("<!-- It halves.")
    assert not is_hidden("It halves. <!-- YOUR ANSWER HERE -->")
    assert not is_hidden("<!-- YOUR ANSWER HERE -->")


def test_what_was_added_to_a_long_text_is_found_by_lines():
    long = "\n".join(f"line {number} of a text" for number in range(3000))
    assert added(f"{long}\n{OWN}", long) == OWN
    assert added(long, long) == ""
