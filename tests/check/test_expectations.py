"""What is expected of an answer, and what its author is told."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from course_lib import check


@given(
    arrays.arrays(
        "float32", arrays.array_shapes(max_dims=3), elements=st.floats(-1e3, 1e3, width=32)
    )
)
def test_an_array_is_close_to_itself_in_another_precision_and_as_a_list(values):
    check.close(values.astype("float64"), values, "it")
    check.close(values.tolist(), values, "it")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "the table: got None. Is there a `return`?"),
        ("abc", "the table: expected an array of numbers, got str."),
        ([[1, 2], [3]], "the table: expected an array, got list."),
        (np.ones(3), "the table: expected shape (any, 2), got shape (3,)."),
        (np.ones((2, 3)), "the table: expected shape (any, 2), got shape (2, 3)."),
    ],
)
def test_what_is_no_such_array_is_named(value, message):
    with pytest.raises(check.Wrong) as caught:
        check.array(value, "the table", shape=(None, 2))
    assert str(caught.value) == message


def test_an_object_that_fails_when_it_is_converted_is_wrong_not_an_error():
    class Odd:
        def __array__(self, *arguments, **options):
            raise RuntimeError("no")

    with pytest.raises(check.Wrong, match="expected an array, got Odd"):
        check.array(Odd(), "it")


def test_a_difference_is_counted_and_hinted_at_without_the_expected_value():
    with pytest.raises(check.Wrong) as caught:
        check.close([1.0, 2.0, 9.0], [1.0, 2.0, 3.0], "the sums", hint="Which axis?")
    assert str(caught.value) == (
        "the sums: 1 of 3 values differ from what is expected. Which axis?"
    )


def test_values_that_are_not_finite_are_never_close():
    with pytest.raises(check.Wrong, match="1 values are not finite"):
        check.close([1.0, np.nan], [1.0, 2.0], "it")


def test_a_number_is_one_finite_number_in_any_wrapping():
    assert check.number(np.ones((1, 1)), "it") == 1.0
    for value in (np.inf, [1, 2], None):
        with pytest.raises(check.Wrong):
            check.number(value, "it")


def test_a_keras_tensor_is_an_array():
    keras = pytest.importorskip("keras")
    check.close(keras.ops.ones((2, 2)), np.ones((2, 2)), "it")
