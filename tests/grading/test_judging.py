"""Replies become points and messages, whatever the replies are."""

from __future__ import annotations

import io
import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib import check
from course_lib.errors import CourseError
from course_lib.grading import call, question, rehearse
from course_lib.grading.calls import Call
from course_lib.grading.execution.responder import AROUND, DEEPEST, LONGEST, answer, pack, unpack
from course_lib.grading.judging import Reply, judge, requests_of
from course_lib.grading.questions import load_checks


def declared(check_class) -> object:
    return vars(check_class)["__course_question__"]


@question("double", points=2)
class Double:
    def requests(self, rng):
        self.values = rng.normal(size=(4, 3))
        yield call("double", self.values)

    def verdict(self, replies, judge):
        with judge.part(0.5, "keeps the shape") as shape:
            check.array(replies[0].value, "double(values)", shape=(4, 3))
        with judge.part(1.5, "doubles"):
            judge.needs(shape)
            check.close(replies[0].value, 2 * self.values, "double(values)")


DOUBLE = declared(Double)


@pytest.mark.parametrize(
    ("source", "score"),
    [
        ("import numpy as np\ndef double(v): return 2 * v", 2),
        ("def double(v): return v + v", 2),
        ("def double(v): return (2 * v).tolist()", 2),
        ("def double(v): return 3 * v", 0.5),
        ("def double(v): return v[0]", 0),
        ("def double(v): v *= 2; return v", 1.5),
        ("def double(v): raise NotImplementedError()", 0),
        ("def double(v): raise SystemExit", 0),
        ("def double(v): return object()", 0),
        ("def double(v): pass", 0),
        ("def double(v): return [[1, 2], [3]]", 0),
        ("def double(v): return v * float('nan')", 0.5),
        ("def double(a, b): return a", 0),
        ("double = 3", 0),
        ("", 0),
    ],
)
def test_an_answer_gets_its_points(source, score):
    verdict = rehearse(DOUBLE, source)
    assert verdict.score == score
    assert verdict.messages


def test_a_list_that_is_sorted_in_place_costs_half_a_point():
    @question("lowest", points=1)
    class Lowest:
        def requests(self, rng):
            yield call("lowest", [3.0, 1.0, 2.0])

        def verdict(self, replies, judge):
            with judge.part(1, "the lowest"):
                check.close(replies[0].value, 1.0, "lowest(values)")

    assert rehearse(declared(Lowest), "def lowest(v): return sorted(v)[0]").score == 1
    assert rehearse(declared(Lowest), "def lowest(v): v.sort(); return v[0]").score == 0.5


def test_messages_say_what_was_expected_and_what_was_found():
    messages = "\n".join(rehearse(DOUBLE, "def double(v): return v[0]").messages)
    assert "expected shape (4, 3), got shape (3,)" in messages
    assert "keeps the shape" in messages


def test_a_stub_is_told_once_that_it_is_not_answered():
    verdict = rehearse(DOUBLE, "def double(v): raise NotImplementedError()")
    assert verdict.messages == ("✗ double was not answered.",)


def test_a_function_that_failed_is_named_once():
    assert rehearse(DOUBLE, "").messages == ("✗ double is not defined",)
    (message,) = rehearse(DOUBLE, "def double(v): return 1 / 0").messages
    assert message == "✗ double failed: ZeroDivisionError: division by zero"


def test_hidden_inputs_depend_on_the_seed_alone():
    _, first = requests_of(DOUBLE, 1)
    _, again = requests_of(DOUBLE, 1)
    _, other = requests_of(DOUBLE, 2)
    np.testing.assert_array_equal(first[0].request["arguments"], again[0].request["arguments"])
    assert not np.allclose(first[0].request["arguments"], other[0].request["arguments"])


def test_parts_that_do_not_sum_to_the_points_are_the_checks_fault():
    @question("double", points=3)
    class Wrong(Double):
        pass

    with pytest.raises(CourseError, match="parts of 2 points in all"):
        rehearse(declared(Wrong), "def double(v): return 2 * v")


CALL = {"function": "double", "arguments": [], "named": {}, "steps": [], "seed": 0}
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner),
    max_leaves=10,
)


@given(PLAIN)
def test_plain_data_survives_the_journey(value):
    assert repr(unpack(pack(value))) == repr(value)


@given(
    st.lists(
        PLAIN
        | st.fixed_dictionaries(
            {}, optional={"error": PLAIN, "changed": PLAIN, "value": PLAIN, "steps": PLAIN}
        ),
        max_size=3,
    )
)
def test_no_reply_makes_judging_fail(replies):
    verdict = judge(DOUBLE, replies, seed=0)
    assert 0 <= verdict.score <= 2


def test_arrays_keep_their_type():
    for dtype in ("float32", "float64", "int8", "bool"):
        array = np.ones((2, 3), dtype)
        found = unpack(pack({"x": [array]}))["x"][0]
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array)


def test_what_cannot_travel_as_data_is_refused():
    with pytest.raises(TypeError, match="object"):
        pack([object()])
    deep: list = []
    for _ in range(50):
        deep = [deep]
    with pytest.raises(ValueError, match="too deep"):
        pack(deep)


def test_the_deepest_value_of_a_student_can_be_sent_and_kept():
    value: object = 1.0
    for _ in range(DEEPEST):
        value = [value]
    reply = unpack(pack(answer(CALL, {"double": lambda: value})))
    assert unpack(pack({"double": [reply]}, around=AROUND + 2), around=AROUND + 2)
    deeper = answer(CALL, {"double": lambda: [value]})
    assert "too deep" in deeper["error"]


def test_texts_arrive_as_texts_that_can_be_written():
    def double():
        raise ValueError("half: \ud800, none: \0")

    reply = unpack(pack(answer(CALL, {"double": double})))
    assert reply["error"] == "ValueError: half: ?, none: \ufffd"


def forged(tree: object, **arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, tree=np.frombuffer(json.dumps(tree).encode(), "uint8"), **arrays)
    return file.getvalue()


def test_a_forged_reply_holds_no_more_than_its_bytes_and_can_be_kept():
    array = np.zeros(3)
    assert unpack(forged([{"array": "a"}], a=array))[0].size == 3
    deep: list = []
    for _ in range(DEEPEST + AROUND):
        deep = [deep]
    for data in (
        forged([{"array": "a"}] * 2, a=array),  # a thousand times the same is a thousand arrays
        forged([{"array": "a"}], a=np.array(["text"])),
        forged([{"array": ["a"]}], a=array),
        forged([0] * (LONGEST + 1)),
        forged(deep),
    ):
        with pytest.raises((ValueError, KeyError, TypeError)):
            unpack(data)


def test_an_array_of_no_size_and_billions_of_rows_is_no_pair():
    call = Call(CALL)
    reply = Reply.read(call, {"error": None, "value": np.zeros((10**11, 0))})
    with pytest.raises(check.Wrong, match="2 values, got 100000000000"):
        reply.values(2)


def test_a_pickled_reply_is_not_opened():
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was executed",))

    file = io.BytesIO()
    np.savez(file, tree=np.array([Bomb()], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        unpack(file.getvalue())
    with pytest.raises((ValueError, OSError)):
        unpack(pickle.dumps(Bomb()))


def test_a_file_without_questions_is_named(tmp_path):
    path = tmp_path / "04-Small.checks.py"
    with pytest.raises(CourseError, match="missing"):
        load_checks(path)
    path.write_text("1 / 0", "utf-8")
    with pytest.raises(CourseError, match="ZeroDivisionError"):
        load_checks(path)
    path.write_text("", "utf-8")
    with pytest.raises(CourseError, match="declares no question"):
        load_checks(path)
