"""What a kernel's connection lets through, and at what cost."""

from __future__ import annotations

import socket
import struct
import sys
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_staff.grading.execution.sandbox.relay import Relay, Stream

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"NULL".ljust(20, b"\0") + bytes(32)
MORE, LARGE, COMMAND = 1, 2, 4
KEPT = 20_000  # what a read costs at least that leaves a message unfinished


def frame(body: bytes = b"", flags: int = 0) -> bytes:
    """Return a frame as ZMTP 3 writes it."""
    if len(body) > 255 or flags & LARGE:
        return struct.pack(">BQ", flags | LARGE, len(body)) + body
    return bytes([flags, len(body)]) + body


def message(*parts: bytes) -> bytes:
    return b"".join(frame(part, MORE) for part in parts[:-1]) + frame(parts[-1])


def greeted() -> Stream:
    stream = Stream()
    assert stream.cost(GREETING) == len(GREETING)
    return stream


@given(st.lists(st.lists(st.binary(max_size=300), min_size=1), min_size=1), st.data())
def test_frames_are_found_however_the_stream_is_cut(messages, data):
    written = [message(*parts) for parts in messages]
    stream = b"".join(written)
    ends = {0, *accumulate(map(len, written))}
    places = st.lists(st.integers(0, len(stream)))
    cuts = sorted({0, len(stream), *data.draw(places)})
    kernel = greeted()
    cost = sum(kernel.cost(stream[start:end]) for start, end in pairwise(cuts))
    reads = (
        end - start if end in ends else max(KEPT, end - start) for start, end in pairwise(cuts)
    )
    assert cost == sum(reads) + 64 * sum(map(len, messages))


def test_a_greeting_may_come_byte_by_byte():
    stream = Stream()
    assert sum(stream.cost(GREETING[i : i + 1]) for i in range(64)) == 64
    assert stream.cost(frame(b"\5READY", COMMAND)) == 8 + 64


def test_large_frames_cost_hardly_more_than_their_bytes():
    body = bytes(10**7)
    stream = frame(body)
    kernel = greeted()
    cost = sum(kernel.cost(stream[i : i + 2**18]) for i in range(0, len(stream), 2**18))
    assert cost < len(stream) + 30_000


def test_a_frame_that_claims_to_be_of_any_size_is_paid_as_it_comes():
    kernel = greeted()
    assert kernel.cost(b"\2" + b"\xff" * 8) == KEPT + 64
    assert kernel.cost(bytes(10**6)) == 10**6


@pytest.mark.parametrize("empty", [frame(b"", MORE), frame(b"", MORE | LARGE)])
def test_empty_parts_cost_what_zeromq_takes_for_them(empty):
    assert greeted().cost(empty * 10**5) == (64 + len(empty)) * 10**5


def test_parts_that_come_one_by_one_cost_the_buffers_that_they_hold():
    kernel = greeted()
    part = frame(bytes(40), MORE)
    assert sum(kernel.cost(part) for _ in range(100)) == 100 * (KEPT + 64)


def test_a_command_between_the_parts_of_a_message_does_not_end_it():
    kernel = greeted()
    assert kernel.cost(frame(bytes(40), MORE) + frame(b"\4PING\0\0", COMMAND)) > KEPT
    assert kernel.cost(frame(bytes(40))) == 42 + 64


@pytest.mark.parametrize(
    "greeting",
    [
        pytest.param(bytes(64), id="no signature"),
        pytest.param(b"\xff" + bytes(63), id="ZMTP 1"),
        pytest.param(GREETING[:10] + b"\1" + GREETING[11:], id="ZMTP 2"),
        pytest.param(b"GET / HTTP/1.1\r\n" * 4, id="HTTP"),
    ],
)
def test_a_stream_that_is_not_zmtp_3_costs_everything(greeting):
    assert Stream().cost(greeting) == float("inf")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no ipc")
class TestRelay:
    @pytest.fixture
    def relayed(self, tmp_path):
        """Give a function that puts a relay before a kernel's sockets and starts it."""
        started = []

        def put_before(most: float) -> str:
            started.append(Relay(str(tmp_path / "k"), tmp_path / "relay", most))
            started[0].start()
            return f"{started[0].address}-1"

        yield put_before
        for relay in started:
            relay.close()

    def test_honest_traffic_passes(self, tmp_path, relayed):
        import zmq

        parts = [b"stream", b"<IDS|MSG>", *[bytes(64)] * 5]
        picture = [b"display_data", bytes(10**6)]
        with zmq.Context() as context, context.socket(zmq.PUB) as kernel:
            kernel.bind(f"ipc://{tmp_path / 'k-1'}")
            with context.socket(zmq.SUB) as grader:
                grader.rcvtimeo = 10_000
                monitor = kernel.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
                grader.connect(f"ipc://{relayed(20e6)}")
                grader.subscribe(b"")
                assert monitor.poll(10_000)
                kernel.disable_monitor()
                while not grader.poll(100):  # until the kernel knows of the subscription
                    kernel.send_multipart(parts)
                for _ in range(5000):
                    kernel.send_multipart(parts)
                    assert grader.recv_multipart() == parts
                kernel.send_multipart(picture)
                while (got := grader.recv_multipart()) == parts:
                    pass
                assert got == picture

    def test_a_message_of_empty_parts_without_end_is_cut_off(self, tmp_path, relayed):
        with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as grader:
            listener.bind(str(tmp_path / "k-1"))
            listener.listen()
            address = relayed(4.3e6)
            grader.connect(address)
            grader.settimeout(10)
            kernel, _ = listener.accept()
            with kernel:
                kernel.settimeout(10)
                kernel.sendall(GREETING)
                for _ in range(7):  # 140 kB, and 4.6 MB of memory
                    kernel.sendall(frame(b"", MORE) * 10_000)
                    received = grader.recv(2**20)
                while received:
                    received = grader.recv(2**20)
                with pytest.raises(OSError, match=r"Broken pipe|reset by peer"):
                    kernel.sendall(frame(b"", MORE))
            with socket.socket(socket.AF_UNIX) as again:
                again.connect(address)
                again.settimeout(10)
                assert again.recv(1) == b""
