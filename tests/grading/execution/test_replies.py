"""How much room a reply takes: it is kept as Python's objects, not as the bytes that came."""

from __future__ import annotations

import io

import numpy as np
import pytest

from course_lib.grading.execution.limits import Stopped
from course_lib.grading.execution.replies import LARGEST_REPLY, read_reply
from course_lib.grading.execution.responder import pack


def read(folder, data: bytes, room: float = LARGEST_REPLY):
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
