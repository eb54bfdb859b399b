"""The kind of a file that should be a notebook and is not, in words for its student."""

from __future__ import annotations

import ast
import re

from course_lib.check.source_code import statements

# How files of other kinds begin.
_BEGINNINGS = (
    (b"%PDF", "a PDF"),
    (b"\xd0\xcf\x11\xe0", "an old Word, Excel or PowerPoint file"),
    (b"{\\rtf", "a text document (RTF)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"version https://git-lfs", "a pointer of Git LFS, not the notebook itself"),
)
# Names inside the zip archives that office programs write.
_OFFICE = (
    (b"word/", "a Word file"),
    (b"xl/", "an Excel file"),
    (b"ppt/", "a PowerPoint file"),
    (b"application/vnd.oasis.opendocument", "an OpenDocument file"),
)
_PAGE = re.compile(r"<(!doctype\s+html|html)\b", re.IGNORECASE)
_CONFLICT = re.compile(r"^<{7}(\s|$)", re.MULTILINE), re.compile(r"^>{7}(\s|$)", re.MULTILINE)
_STATEMENTS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign)


def kind_of(data: bytes) -> str | None:
    """Return the kind of a file, as in "a web page"; None where its bytes do not show it.

    Examples
    --------
    >>> kind_of(b"<!DOCTYPE html><html>")
    'a web page'
    """
    if not data.strip(b"\xef\xbb\xbf\0 \t\r\n"):
        return "empty"
    if data.startswith(b"PK"):
        return next((name for mark, name in _OFFICE if mark in data), "a zip archive")
    for beginning, name in _BEGINNINGS:
        if data.startswith(beginning):
            return name
    text = data.decode("utf-8-sig", "replace")
    if text.lstrip().startswith("<") and _PAGE.search(text[:10_000]):
        return "a web page"
    if all(mark.search(text) for mark in _CONFLICT):
        return "a file with a merge conflict (<<<<<<<)"
    is_json = text.lstrip().startswith(("{", "["))  # which is damaged
    body = None if is_json else statements(text)
    if any(isinstance(statement, _STATEMENTS) for statement in body or ()):
        return "a Python program (.py)"
    return None
