"""`course data …`, as its user meets it."""

from __future__ import annotations

import pytest

from course_lib.datasets import commands


def test_verify_names_what_to_download_again(own_mirror, cache):
    (own_mirror / "mnist").mkdir()
    (own_mirror / "mnist" / "mnist.npz").write_bytes(b"half a file")
    with pytest.raises(commands.DamagedError, match="`course data fetch mnist`"):
        commands.verify(["mnist"])
