"""`course data …`, as its user meets it."""

from __future__ import annotations

import warnings

import pytest

from course_lib import datasets
from course_lib.datasets import commands
from course_lib.errors import CourseError


def test_verify_names_what_to_download_again(own_mirror, cache):
    (own_mirror / "mnist").mkdir()
    (own_mirror / "mnist" / "mnist.npz").write_bytes(b"half a file")
    with pytest.raises(commands.DamagedFileError, match="`course data fetch mnist`"):
        commands.verify(["mnist"])


def test_fetch_tells_a_damaged_copy_without_a_line_of_code(
    own_mirror, cache, server, monkeypatch, capsys
):
    monkeypatch.setenv("COURSE_DATA_URL", server.url)  # which has nothing
    (own_mirror / "mnist").mkdir()
    (own_mirror / "mnist" / "mnist.npz").write_bytes(b"half a file")
    with warnings.catch_warnings():
        warnings.simplefilter("always", datasets.DataWarning)
        with pytest.raises(CourseError):
            commands.fetch(["mnist"])
    said = capsys.readouterr().err.splitlines()
    assert "Warning: The copy in the mirror is not used" in said[0]
    assert "commands.py" not in "".join(said)


def test_fetch_refuses_a_share_that_is_no_web_address(cache, monkeypatch):
    monkeypatch.setenv("COURSE_DATA_URL", "nonsense")
    with pytest.raises(CourseError, match="COURSE_DATA_URL is 'nonsense': start it with https://"):
        commands.fetch(["mnist"])
