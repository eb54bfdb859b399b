"""How much room a reply takes: it is kept as Python's objects, not as the bytes that came."""

from __future__ import annotations

import array
import io
from collections import UserList, deque

import numpy as np
import pytest

from course_staff.grading.limits import Stopped
from course_staff.grading.protocol.replies import MAX_REPLY_BYTES, read_reply
from course_staff.grading.protocol.responder import STEPS, pack, unpack


def read(folder, data: bytes, room: float = MAX_REPLY_BYTES):
    (folder / "reply").write_bytes(data)
    return read_reply(folder / "reply", "double", room)


def forged(value: str) -> bytes:
    text = f'{{"dict": {{"error": null, "changed": false, "value": {value}}}}}'
    file = io.BytesIO()
    np.savez(file, tree=np.frombuffer(text.encode(), "uint8"))
    return file.getvalue()


def test_lists_in_lists_count_as_what_they_take(tmp_path):
    with pytest.raises(Stopped, match="too large"):
        read(tmp_path, forged(f"[{','.join(['[[[[[[[[]]]]]]]]'] * 60_000)}]"))
    few = forged(f"[{','.join(['[[[[[[[[]]]]]]]]'] * 600)}]")
    _, size = read(tmp_path, few)
    assert size > 8 * 600 * 60  # an empty list takes 56 bytes and a place in another
    with pytest.raises(Stopped, match="too large"):
        read(tmp_path, few, room=size - 1)


def test_a_hundred_thousand_weights_as_a_list_are_an_honest_reply(tmp_path):
    weights = np.random.default_rng(0).normal(size=(190, 527)).tolist()
    reply = {"error": None, "changed": False, "value": weights}
    found, size = read(tmp_path, pack(reply))
    assert found == reply
    assert 7 * size < 200_000_000  # assignment 04 asks for seven such matrices


def test_arrays_count_as_their_bytes(tmp_path):
    _, size = read(tmp_path, pack({"value": np.zeros(1_000_000)}))
    assert 8_000_000 <= size < 8_010_000


class Endless:
    """A sequence that says how long it is and has no end."""

    def __len__(self):
        return 3

    def __getitem__(self, index):
        return 1.0


class EndlessToIterate(UserList):
    def __iter__(self):
        while True:
            yield 1.0


class EndlessList(list):
    def __iter__(self):
        while True:
            yield 1.0


class EndlessDict(dict):
    def items(self):
        while True:
            yield "key", 1.0


class Nested:
    """A sequence of one entry, which is itself."""

    def __len__(self):
        return 1

    def __getitem__(self, index):
        if index:
            raise IndexError
        return self


@pytest.mark.parametrize(
    "value",
    [Endless(), EndlessToIterate(), EndlessList([1]), EndlessDict(key=1), Nested(), range(10**9),
     deque([Endless()]), [EndlessToIterate()], {"key": Endless()}, [[[EndlessList()]]]],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_has_no_end_is_read_up_to_a_bound(value):
    with pytest.raises(ValueError, match="it is too deep or too long"):
        pack(value)


@pytest.mark.parametrize(
    "value",
    [range(3), deque([0, 1, 2]), UserList([0, 1, 2]), array.array("d", [0, 1, 2]),
     memoryview(b"012"), np.arange(3)[::-1][::-1],
     np.ma.masked_array([0, 1, 2]), deque([np.float32(0), 1, 2])],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_whatever_numpy_reads_is_an_answer(value):
    assert np.array_equal(unpack(pack({"value": value}))["value"], np.asarray(value))


def test_sequences_in_sequences_are_one_array():
    nested = deque([UserList([0, 1]), range(2, 4)])
    assert unpack(pack(nested)).tolist() == [[0, 1], [2, 3]]


@pytest.mark.parametrize(
    "value",
    [(number for number in range(3)), iter([1.0]), {1.0, 2.0}, object(), b"1"],
    ids=lambda value: type(value).__name__,
)
def test_an_iterator_a_set_and_other_objects_are_no_answer(value):
    with pytest.raises(TypeError, match=f"a value of the type {type(value).__name__}"):
        pack(value)


class EndlessModel:
    """What a student may return for a model: whatever is asked of it has no end."""

    def get_weights(self):
        return EndlessList()

    get_config = None
    layers = operations = losses = weights = EndlessList([1])


@pytest.mark.parametrize(
    ("step", "arguments"),
    [
        ("weights", {}),
        ("penalty", {}),
        ("describe", {}),
        ("randomize_weights", {"seed": 0, "scale": 1}),
    ],
)
def test_what_a_model_tells_of_itself_is_read_up_to_a_bound(step, arguments):
    with pytest.raises(ValueError, match="it is too deep or too long"):
        STEPS[step](EndlessModel(), **arguments)
