"""Files that are no notebooks, notebooks that break the format, cells that were tampered with."""

from __future__ import annotations

import copy
import io
import json
import zipfile

from courses import RIGHT as ANSWERS
from courses import as_bytes, right
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from hostile.entries import CAUGHT, RIGHT, WRONG, Entry, code, edited, unreadable


def _zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("04-Small.ipynb", bytes(10**8))
    return file.getvalue()


def _raw(student: str, tries: str, change, marks=RIGHT, told: str = "") -> Entry:
    """Return a right submission whose bytes are changed."""
    return Entry(student, tries, lambda one: change(as_bytes(right(one))), marks, told)


def _each(change):
    """Return an edit of every cell that nbgrader knows."""

    def edit(notebook: NotebookNode) -> None:
        for cell in notebook.cells:
            if "nbgrader" in cell.metadata:
                change(cell)

    return edit


def _of(grade_id: str, change):
    """Return an edit of one cell."""
    return _each(lambda cell: cell.metadata.nbgrader.grade_id == grade_id and change(cell))


def _set(**values):
    return lambda cell: cell.update(values)


def _mark_up(**values):
    return lambda cell: cell.metadata.nbgrader.update(values)


def _without(*grade_ids: str):
    def edit(notebook: NotebookNode) -> None:
        notebook.cells = [
            cell
            for cell in notebook.cells
            if cell.metadata.get("nbgrader", {}).get("grade_id") not in grade_ids
        ]

    return edit


def _doubled(notebook: NotebookNode) -> None:
    notebook.cells = [copy.deepcopy(cell) for cell in notebook.cells for _ in range(2)]


def _reversed(notebook: NotebookNode) -> None:
    notebook.cells.reverse()


def _same_ids(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        cell.id = "same"


def _deep(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


def _with_deep_metadata(levels: int):
    return lambda data: data.replace(b'"tags"', b'"deep": ' + _deep(levels) + b', "tags"', 1)


def _odd_numbers(notebook: NotebookNode) -> None:
    notebook.metadata.update(nan=float("nan"), endless=float("inf"), large=10**4000)
    for cell in notebook.cells:
        cell.metadata["large"] = -(10**4000)
        cell["execution_count"] = 1e400


def _many_outputs(notebook: NotebookNode) -> None:
    said = {"output_type": "stream", "name": "stdout", "text": "Full marks: 4 of 4\n" * 1000}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [said] * 100


def _no_kernel(notebook: NotebookNode) -> None:
    notebook.metadata = {
        "kernelspec": {"name": "../../bin/sh", "display_name": "sh", "language": "bash"},
        "language_info": {"name": "bash", "file_extension": "/../../x", "codemirror_mode": []},
    }


def _fragments(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        cell.source = list(cell.source)


def _old(assignment) -> bytes:
    cells = [
        {"cell_type": cell.cell_type, "input": cell.source, "source": cell.source,
         "metadata": cell.metadata, "language": "python", "outputs": []}
        for cell in right(assignment).cells
    ]  # fmt: skip
    return json.dumps({"nbformat": 3, "metadata": {}, "worksheets": [{"cells": cells}]}).encode()


def _stray(notebook: NotebookNode) -> None:
    notebook.cells[3:3] = [None, 3, [], {}, {"cell_type": []}, {"cell_type": "code", "source": {}}]


BACK = "was missing or of another type; it is back"

FILES = [
    unreadable("empty", "an empty file", lambda: b"", "it is empty"),
    unreadable("cut-off", "the first half of a notebook", lambda: b'{"cells": [{"cell_type": "co',
               "cut off"),
    unreadable("a-web-page", "the login page of the learning platform",
               lambda: b"<!DOCTYPE html><script>alert(1)</script>", "it is a web page"),
    unreadable("utf-16", "text in another encoding", lambda: "{}".encode("utf-16"), "not UTF-8"),
    unreadable("invalid-utf-8", "bytes that are no text",
               lambda: b'{"cells": ["\xc3\x28\xed\xa0"]}',
               "not UTF-8"),
    unreadable("a-pickle", "a pickle that runs a program where it is read",
               lambda: b"cos\nsystem\n(S'touch @HOST@/@MARK@'\ntR.", "not valid JSON"),
    unreadable("a-zip-bomb", "a zip of a hundred megabytes of zeros", _zipped, "not"),
    unreadable("deepest-json", "JSON that is nested a million times", lambda: b"[" * 10**6,
               "nested too deeply"),
    unreadable("deep-notebook", "cells in cells in cells",
               lambda: b'{"cells":[' * 20_000 + b"]}" * 20_000, "nested too deeply"),
    unreadable("a-hundred-thousand-cells", "more cells than anybody writes",
               lambda: json.dumps({"cells": [new_code_cell("1")] * 100_000}).encode(), "cells"),
    unreadable("a-long-number", "a number of ten million digits",
               lambda: b'{"cells": [' + b"9" * 10**7 + b"]}", "not valid JSON"),
    unreadable("no-cells", "JSON without cells", lambda: b'{"metadata": {}}', "no list of cells"),
    Entry("cells-of-nothing", "a list without a single cell",
          lambda one: b'{"cells": [], "nbformat": 99}', (0, 0, 0), BACK, status="graded"),
]  # fmt: skip

JSON = [
    _raw("with-a-mark", "a byte order mark before the text", lambda data: b"\xef\xbb\xbf" + data),
    _raw("deep-metadata", "metadata nested deeper than it can be copied", _with_deep_metadata(900)),
    _raw("keys-twice", "every key twice, the first time with nonsense",
         lambda data: data.replace(b'"source":', b'"source": {"a": 1}, "source":')),
    _raw("newer-format", "a version of the format that is still to come",
         lambda data: data.replace(b'"nbformat": 4', b'"nbformat": 1e9')),
    _raw("windows-lines", "lines that end as on Windows",
         lambda data: data.replace(b"\\n", b"\\r\\n")),
    _raw("half-characters", "half a surrogate pair and a zero in every cell",
         lambda data: data.replace(b"return", b"'\\ud800 \\udfff'; return")),
    edited("odd-numbers", "numbers that JSON does not know, and endless ones", _odd_numbers),
    edited("many-outputs", "thousands of lines of output that say: full marks", _many_outputs,
           double=WRONG, marks=CAUGHT),
    edited("no-kernel", "a kernel of another language, by a name that is a path", _no_kernel),
    edited("fragments", "a source that is a list of single characters", _fragments),
    edited("stray-cells", "things between the cells that are no cells", _stray),
    edited("same-ids", "one id for all cells", _same_ids),
    Entry("oldest-format", "the format of 2013, which had worksheets", _old),
]  # fmt: skip

CELLS = [
    edited("doubled-cells", "every cell twice", _doubled),
    edited("reversed-cells", "the last cell first: the imports come after what needs them",
           _reversed),
    edited("deleted-tests", "no test cells", _without("double", "draw", "affine"), told=BACK),
    edited("deleted-answers", "no answer cells", _without("double-answer", "draw-answer"),
           marks=(0, 0, 0), told="double is not defined"),
    edited("retyped-tests", "test cells that are Markdown and raw text",
           lambda notebook: (_of("double", _set(cell_type="markdown"))(notebook),
                             _of("draw", _set(cell_type="raw"))(notebook)), told=BACK),
    edited("retyped-answers", "an answer that is Markdown now",
           _of("double-answer", _set(cell_type="markdown")), told="it is code again"),
    edited("rewritten-tests", "test cells that give full points",
           _each(lambda cell: cell.metadata.nbgrader.grade and cell.update(source="2.0")),
           double=WRONG, marks=CAUGHT),
    edited("more-points", "test cells that are worth a thousand points",
           _each(_mark_up(points=1000, locked=False, solution=True, grade=True)),
           double=WRONG, marks=CAUGHT),
    edited("other-grade-ids", "tests that say they are others",
           lambda notebook: (_of("double", _mark_up(grade_id="draw"))(notebook),
                             _of("why", _mark_up(grade_id="../../../etc"))(notebook)), told=BACK),
    edited("schema-99", "a schema of nbgrader's that does not exist yet",
           _each(_mark_up(schema_version=99))),
    edited("schema-1", "nbgrader's oldest schema", _each(_mark_up(schema_version=1))),
    edited("no-schema", "no schema at all",
           _each(lambda c: c.metadata.nbgrader.pop("schema_version"))),
    edited("metadata-of-nothing", "metadata that are lists and numbers",
           _each(lambda cell: cell.metadata.update(nbgrader=[3], tags=7)), told=BACK),
    edited("extra-test", "a test cell of one's own with the points of another",
           lambda notebook: notebook.cells.append(new_code_cell(
               "100", metadata={"nbgrader": {"grade": True, "grade_id": "mine", "points": 100,
                                             "locked": True, "solution": False,
                                             "schema_version": 3}})),
           double=WRONG, marks=CAUGHT),
    edited("hidden-in-exploring", "a wrong answer behind a tag that is not executed",
           lambda notebook: notebook.cells.append(new_code_cell(
               WRONG, metadata={"tags": ["explore", "remove-cell"]})), marks=CAUGHT),
]  # fmt: skip

NOTEBOOK_HABITS = [
    code("asks", "asks for input", "input('your name? ')", shown="StdinNotImplementedError"),
    code("asks-in-a-call", "asks for input where it is called",
         double="""
         def double(values):
             return float(input()) * values
         """, marks=(0, 1, 0),
         told="double failed"),
    code("shell", "a cell in another language", """
        %%bash
        echo from the shell: $((6 * 7))
        """, shown="from the shell: 42"),
    code("shell-that-fails", "a command that fails", """
        !false
        %cd /
        %env A=B
        !!ls /nowhere
        """),
    code("resets", "forgets all names, and the imports", "%reset -f", before=True,
         double="import numpy as np\n" + ANSWERS["double"]),
    code("resets-all", "forgets all names after it answered", "%reset -f", marks=(0, 0, 0),
         told="double is not defined"),
    code("autoawait", "runs its cells in another event loop", "%autoawait trio", before=True),
    code("nested-loop", "awaits for ever", """
        import asyncio
        await asyncio.sleep(1000)
        """,
         shown="without doing anything"),
    code("changes-directory", "works in a folder that it deletes",
         """
         import os
         os.makedirs('gone')
         os.chdir('gone')
         os.rmdir('../gone')
         """),
    code("changes-to-the-root", "works in the root folder", """
        import os
        os.chdir('/')
        """),
    code("runs-itself", "runs a notebook from a notebook", """
        %run 04-Small.ipynb
        %load_ext nothing
        """),
    code("unknown-magic", "a magic that does not exist", """
        %%nothing
        x
        """, shown="UsageError"),
    code("syntax-error", "a cell that is no Python", """
        def (:
          ]
        """, shown="SyntaxError"),
    code("answer-in-error", "an answer that is no Python", double="""
    def double(values)
      return
    """,
         marks=(0, 1, 0), told="The cell that should define double failed: SyntaxError"),
    code("names-replaced", "replaces names that everybody uses",
         "open = list = dict = str = print = exec = len = range = 3"),
    code("builtins-deleted", "deletes what Python itself is made of",
         """
         import builtins
         for name in ('open', 'len', 'isinstance', 'getattr', 'print', '__import__'):
             delattr(builtins, name)
         """, shown="Stopped:"),
    code("longest-line", "a line of a megabyte", "x = '" + "y" * 10**6 + "'", shown="SyntaxError"),
]  # fmt: skip

ENTRIES = [*FILES, *JSON, *CELLS, *NOTEBOOK_HABITS]
