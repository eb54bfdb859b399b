"""A question's visible tests in a notebook: verdicts, messages, and when they raise."""

import pytest

from course_lib import check
from course_lib.check import questions


@pytest.fixture(autouse=True)
def _a_new_session(monkeypatch):
    monkeypatch.setattr(questions, "_questions", {})
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)


def ask(*parts, points=2):
    """Ask a question whose parts raise what is given; None passes."""
    with check.question("double", points=points) as question:
        for number, error in enumerate(parts):
            with question.part(1, f"part {number}"):
                if error is not None:
                    raise error


def test_all_parts_pass(capsys):
    ask(None, None)
    assert check.passed("double")
    assert "double: passed" in capsys.readouterr().out


def test_a_part_that_fails_costs_itself_alone_and_says_why(capsys):
    ask(None, check.Wrong("the shape is wrong."))
    assert not check.passed("double")
    said = capsys.readouterr().out
    assert "✓ part 0" in said
    assert "✗ part 1\n      the shape is wrong." in said


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("bad\nmore"), "raised ValueError: bad"),
        (SystemExit(), "raised SystemExit"),
        (AssertionError(), "an assertion failed."),
    ],
)
def test_whatever_an_answer_raises_is_told_in_one_line(error, message, capsys):
    ask(error)
    assert f"      {message}\n" in capsys.readouterr().out


def test_an_error_is_placed_in_the_students_own_function(capsys):
    cell = {"__name__": "__main__"}
    exec(compile("def double(x):\n    y = 0\n    return x / y", "<cell>", "exec"), cell)
    with check.question("double", points=1) as question, question.part(1, "doubles"):
        cell["double"](1)
    said = capsys.readouterr().out
    assert "ZeroDivisionError: division by zero (in double, line 3 of its cell)" in said


def test_an_error_that_cannot_be_printed_is_told_by_its_name(capsys):
    class Silent(Exception):
        def __str__(self):
            raise RuntimeError

    ask(Silent())
    assert "raised Silent" in capsys.readouterr().out


def test_an_untouched_stub_is_not_yet(capsys):
    ask(NotImplementedError(), NotImplementedError())
    assert not check.passed("double")
    assert "double: not yet. Write your answer" in capsys.readouterr().out


def test_under_nbgrader_what_does_not_pass_fails_and_the_error_holds_what_is_missing(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    with pytest.raises(check.NotYet, match="double: not yet"):
        ask(NotImplementedError())
    with pytest.raises(check.NotYet, match=r"✗ part 1\n +the shape is wrong"):
        ask(None, check.Wrong("the shape is wrong"))


def test_a_question_without_parts_is_one_part():
    with check.question("double", points=2):
        assert True
    assert questions.tried()["double"].earned == 2
    with check.question("double", points=2):
        raise AssertionError("no")
    assert questions.tried()["double"].earned == 0


def test_an_error_outside_of_the_parts_keeps_the_question_from_passing():

    def tests():
        with check.question("double", points=2) as question:
            with question.part(1, "first"):
                pass
            raise ValueError

    tests()
    assert questions.tried()["double"].verdict == "partly"


def test_an_interrupted_part_does_not_pass():
    with pytest.raises(KeyboardInterrupt):
        ask(None, KeyboardInterrupt())
    assert questions.tried()["double"].verdict == "partly"


def test_the_summary_lists_what_ran(capsys):
    check.summary()
    assert "No visible test has run yet" in capsys.readouterr().out
    ask(None, None, points=3)
    capsys.readouterr()
    check.summary()
    said = capsys.readouterr().out
    assert "double  passed   2 of 3 points seen" in said
    assert "in all           2 of 3 points seen; hidden checks decide" in said


@pytest.fixture
def mixed_float16():
    import keras

    keras.config.set_dtype_policy("mixed_float16")
    yield keras.config
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


def third() -> float:
    import keras

    return float(keras.layers.Rescaling(1 / 3)(keras.ops.ones((1, 1)))[0, 0])


def test_tests_compute_in_float32_where_the_notebook_does_not(mixed_float16):
    assert abs(third() - 1 / 3) > 5e-5
    with check.question("double", points=1) as question, question.part(1, "a third"):
        check.close(third(), 1 / 3, "a third")
    assert mixed_float16.dtype_policy().name == "mixed_float16"


def test_float64_stays_where_a_notebook_wants_it(mixed_float16):
    mixed_float16.set_floatx("float64")
    mixed_float16.set_dtype_policy("float64")
    with check.question("double", points=1) as question, question.part(1, "stays"):
        assert mixed_float16.dtype_policy().name == "float64"


def test_an_answer_that_switches_to_sixteen_bits_is_told_so(mixed_float16, capsys):
    def answer():
        mixed_float16.set_dtype_policy("mixed_bfloat16")
        check.close(third(), 1 / 3, "a third")

    with check.question("double", points=1) as question, question.part(1, "a third"):
        answer()
    assert "double switches Keras to mixed_bfloat16" in capsys.readouterr().out
