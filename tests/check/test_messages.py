"""Messages hold no orders to a terminal, and say why a name is missing."""

import pytest

from course_lib.check.messages import causes, without_escapes


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\x1b[1mtoo small\x1b[0m", "too small"),
        ("\x1b[38;5;196mred\x1b[0m\n\tnext", "red\n\tnext"),
        ("\x1b]0;title\x07done", "done"),
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jgone", "gone"),
        ("cut off \x1b[3", "cut off "),
        ("\x1b", ""),
        ("step\r2", "step\r2"),
        ("bell\x07, back\b", "bell, back"),
        ("[1] is no colour, é is none", "[1] is no colour, é is none"),
    ],
)
def test_orders_to_a_terminal_are_left_out(text, plain):
    assert without_escapes(text) == plain


IMPORTS = (
    "# imports\nimport seaborn\nimport numpy as np",
    "ModuleNotFoundError: No module named 's'",
)


def test_the_cell_that_failed_and_why_is_told():
    told = causes("✗ standardize failed: NameError: name 'np' is not defined", [IMPORTS])
    assert told == [
        "The cell that should define np failed: ModuleNotFoundError: No module named 's' "
        '(it begins "import seaborn").'
    ]


def test_the_chain_of_cells_is_told_to_its_beginning():
    helper = ("half = np.ones(3) / 2", "NameError: name 'np' is not defined")
    first, second = causes("NameError: name 'half' is not defined", [helper, IMPORTS])
    assert "half failed: NameError" in first
    assert "np failed: ModuleNotFoundError" in second


def test_a_chain_that_bites_its_tail_ends():
    cells = [("a = b", "NameError: name 'b' is not defined"),
             ("b = a", "NameError: name 'a' is not defined")]  # fmt: skip
    assert len(causes("NameError: name 'a' is not defined", cells)) == 2


def test_a_name_of_a_skipped_cell_is_told_apart_from_one_that_is_nowhere():
    skipped = ["from sklearn.preprocessing import StandardScaler"]
    (told,) = causes("NameError: name 'StandardScaler' is not defined", [], skipped)
    assert "only in a cell that is skipped" in told
    assert causes("NameError: name 'gone' is not defined", [IMPORTS], skipped) == []
    assert causes("double is not defined", [("def double(x:", "SyntaxError: no")])


def test_a_usual_import_that_was_deleted_is_told_with_its_line():
    assert causes("NameError: name 'check' is not defined", []) == [
        "No cell defines check: put the line `from course_lib import check` back."
    ]
