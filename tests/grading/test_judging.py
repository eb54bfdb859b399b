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
from course_staff.grading import (
    call,
    dense_network,
    forward,
    kind,
    outline,
    pick,
    question,
    rehearse,
    set_weights,
    weights,
)
from course_staff.grading.judging.judging import judge, prepare_check
from course_staff.grading.judging.questions import load_checks
from course_staff.grading.judging.verdicts import Reply
from course_staff.grading.protocol.calls import Call
from course_staff.grading.protocol.responder import (
    ENVELOPE_DEPTH,
    MAX_DEPTH,
    MAX_LENGTH,
    answer,
    pack,
    unpack,
)


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
    assert message == (
        "✗ double failed: ZeroDivisionError: division by zero (in double, line 1 of its cell)"
    )


def test_hidden_inputs_depend_on_the_seed_alone():
    _, first = prepare_check(DOUBLE, 1)
    _, again = prepare_check(DOUBLE, 1)
    _, other = prepare_check(DOUBLE, 2)
    np.testing.assert_array_equal(first[0].request["arguments"], again[0].request["arguments"])
    assert not np.allclose(first[0].request["arguments"], other[0].request["arguments"])


def test_parts_that_do_not_sum_to_the_points_are_the_checks_fault():
    @question("double", points=3)
    class Wrong(Double):
        pass

    with pytest.raises(CourseError, match="parts of 2 points in all"):
        rehearse(declared(Wrong), "def double(v): return 2 * v")


NETWORKS = """
import keras

def networks(kernel):
    found = {}
    for name in ("ones", "zeros"):
        layer = keras.layers.Dense(1, kernel_initializer=name)
        model = keras.Sequential([keras.Input((2,)), layer])
        found[name] = ([1.0, 2.0], model)
    return found
"""


def replies_to(source: str, *steps):
    namespace: dict = {}
    exec(source, namespace)
    asked = call("networks", np.ones((2, 1)), then=steps)
    return Reply.read(asked, unpack(pack(answer(unpack(pack(asked.request)), namespace))))


def test_each_of_several_returned_networks_is_asked_by_itself():
    x = np.array([[1.0, 2.0]], "float32")
    reply = replies_to(
        NETWORKS, outline(), pick("zeros", 1), forward(x), pick("ones", 1), forward(x), kind(),
        set_weights([np.array([[3.0], [0.0]]), np.zeros(1)]), forward(x),
    )  # fmt: skip
    assert reply.step(0) == {"ones": [[1.0, 2.0], None], "zeros": [[1.0, 2.0], None]}
    assert [reply.step(number).item() for number in (2, 4, 7)] == [0, 3, 3]
    assert reply.step(5) == {"class": "Sequential", "keras": True}


def test_a_part_that_fails_does_not_keep_another_from_answering():
    x = np.ones((1, 2), "float32")
    source = NETWORKS.replace("found[name] = (", 'found[name] = None if name == "ones" else (')
    reply = replies_to(
        source, pick("ones", 1), weights(), forward(x), pick("zeros", 1), forward(x), forward(x.T)
    )
    for number in (0, 1, 2):
        with pytest.raises(check.Wrong, match="pick: TypeError"):
            reply.step(number)
    assert reply.step(4).item() == 0
    with pytest.raises(check.Wrong, match="forward: ValueError"):
        reply.step(5)


def test_what_is_no_keras_model_says_what_it_is():
    source = "class Forest:\n    pass\ndef networks(kernel): return Forest()"
    assert replies_to(source, kind()).step(0) == {"class": "Forest", "keras": False}


@pytest.mark.parametrize(
    ("body", "score"),
    [
        ("return sum(w.sum() for w in model.get_weights())", 1),
        ("model.compile(loss='mse'); return sum(w.sum() for w in model.get_weights())", 1),
        ("model.set_weights(model.get_weights()); return model.layers[-1].kernel.numpy().sum()", 1),
        ("k = model.layers[-1].kernel; s = k.numpy().sum(); k.assign(0 * k); return s", 0.5),
        ("s = model.get_weights()[0].sum(); model.pop(); return s", 0.5),
    ],
)
def test_a_network_whose_weights_differ_afterwards_costs_half_a_point(body, score):
    @question("total", points=1)
    class Total:
        def requests(self, rng):
            self.kernel = rng.normal(size=(3, 1)).astype("float32")
            network = dense_network([self.kernel], [np.zeros(1, "float32")], api="sequential")
            yield call("total", network)

        def verdict(self, replies, judge):
            with judge.part(1, "the total"):
                check.close(replies[0].value, self.kernel.sum(), "total(model)")

    verdict = rehearse(declared(Total), f"def total(model): {body}")
    assert verdict.score == score, verdict.messages


@question("third", points=1)
class Third:
    def requests(self, rng):
        for _ in range(2):
            yield call("third", np.ones((1, 1)))

    def verdict(self, replies, judge):
        with judge.part(1, "a third"):
            for reply in replies:
                check.close(reply.value, [[1 / 3]], "a third")


@pytest.mark.parametrize(
    ("in_the_notebook", "in_the_answer", "score"),
    [
        ("set_dtype_policy('mixed_float16')", "floatx()", 1),
        ("set_floatx('float16'); keras.backend.clear_session()", "floatx()", 1),
        ("set_floatx('float64')", "floatx()", 1),
        ("floatx()", "set_dtype_policy('bfloat16')", 0),
    ],
)
def test_sixteen_bits_cost_marks_only_where_the_answer_asks_for_them(
    in_the_notebook, in_the_answer, score
):
    source = f"""
import keras
keras.config.{in_the_notebook}
def third(x):
    keras.config.{in_the_answer}
    return keras.ops.cast(keras.layers.Rescaling(1 / 3)(x), "float32")
"""
    import keras

    try:
        verdict = rehearse(declared(Third), source)
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy("float32")
    assert verdict.score == score, verdict.messages
    told = "third switches Keras to bfloat16" in "\n".join(verdict.messages)
    assert told is (score == 0)


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
    for _ in range(MAX_DEPTH):
        value = [value]
    reply = unpack(pack(answer(CALL, {"double": lambda: value})))
    assert unpack(pack({"double": [reply]}, around=ENVELOPE_DEPTH + 2), around=ENVELOPE_DEPTH + 2)
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
    for _ in range(MAX_DEPTH + ENVELOPE_DEPTH):
        deep = [deep]
    for data in (
        forged([{"array": "a"}] * 2, a=array),  # a thousand times the same is a thousand arrays
        forged([{"array": "a"}], a=np.array(["text"])),
        forged([{"array": ["a"]}], a=array),
        forged([0] * (MAX_LENGTH + 1)),
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
    path = tmp_path / "04-Small" / "checks.py"
    path.parent.mkdir()
    with pytest.raises(CourseError, match="missing"):
        load_checks(path)
    path.write_text("1 / 0", "utf-8")
    with pytest.raises(CourseError, match="ZeroDivisionError"):
        load_checks(path)
    path.write_text("", "utf-8")
    with pytest.raises(CourseError, match="declares no question"):
        load_checks(path)


LIBRARY = {"__name__": "library"}
exec(
    "def build(): raise NotImplementedError\ndef call(): raise NotImplementedError('No call')",
    LIBRARY,
)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("build()", "NotImplementedError (in double, line 2 of its cell)"),
        ("call()", "NotImplementedError: No call (in double, line 2 of its cell)"),
        ("raise NotImplementedError('half done')", "NotImplementedError: half done"),
        ("return other(v)", "NotImplementedError (in other, line 4 of its cell)"),
    ],
)
def test_only_the_stub_itself_is_not_answered(monkeypatch, body, said):
    monkeypatch.setattr("builtins.build", LIBRARY["build"], raising=False)
    monkeypatch.setattr("builtins.call", LIBRARY["call"], raising=False)
    source = f"def double(v):\n    {body}\ndef other(v):\n    raise NotImplementedError()"
    (message,) = rehearse(DOUBLE, source).messages
    assert message.startswith(f"✗ double failed: {said}")


def test_a_stub_of_a_class_is_told_as_not_answered():
    source = (
        "class double:\n    def __new__(cls, v):\n"
        "        def inner():\n            raise NotImplementedError\n        inner()"
    )
    assert rehearse(DOUBLE, source).messages == ("✗ double was not answered.",)


def test_no_message_holds_orders_to_a_terminal():
    @question("double", points=2)
    class Told:
        def requests(self, rng):
            yield call("double", 1)
            yield call("double", 2)

        def verdict(self, replies, judge):
            with judge.part(1, "fails"):
                assert replies[0].value
            with judge.part(1, "names it"):
                check.that(not replies[1].value, f"it is {replies[1].value}")

    source = "def double(v):\n    if v == 1: raise ValueError('\\x1b[1mtoo small\\x1b[0m')\n"
    first, second = rehearse(declared(Told), source + "    return '\\x1b[2Jgone'").messages
    assert "ValueError: too small (in double, line 2 of its cell)" in first
    assert "it is gone" in second


def test_bfloat16_is_read_as_float32_and_its_tolerance_judged():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    array = np.array([[1.0, 2.5]], ml_dtypes.bfloat16)
    found = unpack(pack([array, array[0, 1], np.ones(2, "float16")]))
    assert [one.dtype.name for one in found] == ["float32", "float32", "float16"]
    np.testing.assert_array_equal(found[0], [[1.0, 2.5]])
    check.close(array, [[1.0, 2.5]], "it")
    assert check.number(array[0, 1], "it") == 2.5


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (np.array([1j]), "of the type ndarray and the dtype complex128"),
        (np.array(["a"]), "of the type ndarray and the dtype str"),
        ((n for n in ()), "of the type generator"),
    ],
)
def test_what_cannot_be_read_is_named(value, named):
    reply = answer(CALL, {"double": lambda: value})
    assert named in reply["error"]


@pytest.mark.parametrize(
    ("api", "named"),
    [
        ("functional", "the model was a Functional one, whose first layer is an InputLayer"),
        ("sequential", "the model was a Sequential one"),
    ],
)
def test_a_failure_names_the_kind_of_model_that_it_met(api, named):
    made = call("last", dense_network([np.ones((2, 1))], [np.ones(1)], api=api))
    with pytest.raises(check.Wrong) as caught:
        _ = Reply.read(made, {"error": "TypeError: no"}).value
    assert str(caught.value) == f"last failed: TypeError: no; {named}"
