from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.datasets import checksums

DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "line",
    [
        f"{DIGEST}  a/b.txt",
        f"{DIGEST} *a/b.txt",
        f"{DIGEST}  ./a/b.txt",
        f"{DIGEST.upper()} *./a/b.txt\r",
    ],
)
def test_the_forms_that_sha256sum_writes_are_read(line):
    assert checksums.parse_sums(line) == {"a/b.txt": DIGEST}


@pytest.mark.parametrize(
    "line",
    ["", "# remark", f"{DIGEST}", f"{DIGEST[:-1]}  a", f"{DIGEST}  /etc/x", f"{DIGEST}  a/../../x"],
)
def test_other_lines_and_paths_that_lead_out_are_left_out(line):
    assert checksums.parse_sums(line) == {}


PATHS = st.lists(st.text("ab0_-", min_size=1, max_size=4), min_size=1, max_size=3).map("/".join)
DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)


@given(st.dictionaries(PATHS, DIGESTS, max_size=4))
def test_what_is_written_is_read_again(sums):
    assert checksums.parse_sums(checksums.format_sums(sums)) == sums


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_that_powershell_wrote_is_read(tmp_path, encoding):
    path = tmp_path / "SHA256SUMS"
    path.write_bytes(f"{'a' * 64}  mnist.npz\r\n".encode(encoding))
    assert checksums.read_sums(path) == {"mnist.npz": "a" * 64}


def test_names_with_blanks_survive():
    assert checksums.parse_sums(f"{DIGEST}  my data/a b.txt") == {"my data/a b.txt": DIGEST}


def test_a_file_is_hashed_again_once_it_has_changed(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"one")
    first = checksums.sha256(path)
    path.write_bytes(b"two!")
    assert checksums.sha256(path) != first


def test_a_file_is_read_once_while_it_stays_the_same(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"one")
    state = path.stat()
    first = checksums.sha256(path)
    path.write_bytes(b"two")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))  # as if nothing had happened
    assert checksums.sha256(path) == first
    assert checksums.sha256(path, again=True) != first
