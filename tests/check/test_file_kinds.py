"""A file that is no notebook is called what it is."""

import pytest

from course_lib.check.file_kinds import kind_of


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n ", "empty"),
        (b"\0" * 100, "empty"),
        (b"<!DOCTYPE html>\n<html lang='en'>", "a web page"),
        (b"\n\n<!-- saved from GitHub -->\n<HTML>", "a web page"),
        (b'<?xml version="1.0"?><html xmlns="">', "a web page"),
        (b"PK\x03\x04\x14", "a zip archive"),
        (b"PK\x03\x04 word/document.xml", "a Word file"),
        (b"%PDF-1.7", "a PDF"),
        (b"\x89PNG\r\n", "a picture"),
        (
            b'{"cells": [\n<<<<<<< HEAD\n1\n=======\n2\n>>>>>>> b\n]}',
            "a file with a merge conflict",
        ),
        (b"import numpy as np\nx = 1\n", "a Python program (.py)"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
    ],
)
def test_files_of_other_kinds_are_named(data, kind):
    assert kind_of(data).startswith(kind)


@pytest.mark.parametrize(
    "data",
    [b'{"cells": [{"cell_type": "co', b"[1, 2", b"a note on the <html> tag", b"\x00\x01", b"yes"],
)
def test_what_its_bytes_do_not_tell_is_not_guessed(data):
    assert kind_of(data) is None
