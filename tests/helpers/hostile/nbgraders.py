"""The notebooks that nbgrader's own tests found to be trouble, written again for this assignment.

Each is named as nbgrader names it; some of its troubles are those of other entries of the corpus.
"""

from __future__ import annotations

from nbformat.v4 import new_code_cell, new_markdown_cell

from hostile.entries import CAUGHT, WRONG, code, edited


def _cell(source: str, make=new_code_cell, **nbgrader):
    """Return an edit that adds a cell with metadata of nbgrader's."""

    def edit(notebook) -> None:
        notebook.cells.append(make(source, metadata={"nbgrader": nbgrader}))

    return edit


TEST = {"grade": True, "solution": False, "locked": True, "points": 1, "schema_version": 3}


def _drop(key: str):
    def edit(notebook) -> None:
        for cell in notebook.cells:
            cell.metadata.get("nbgrader", {}).pop(key, None)

    return edit


def _no_cell_types(notebook) -> None:
    notebook.cells.append({"source": "1", "metadata": {}})
    for cell in notebook.cells[:-1]:
        cell.metadata.get("nbgrader", {}).pop("cell_type", None)


def _checksums(notebook) -> None:
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.checksum = "0" * 32


ENTRIES = [
    edited("nbgrader-duplicate-ids", "a test cell twice, the second one changed",
           _cell("print('Success!')", grade_id="double", **TEST), double=WRONG, marks=CAUGHT),
    edited("nbgrader-blank-grade-id", "a test cell with an empty name",
           _cell("1", grade_id="", **TEST)),
    edited("nbgrader-no-grade-id", "no cell has a name", _drop("grade_id"), marks=(2, 1, 0),
           told="it is back"),
    edited("nbgrader-blank-points", "test cells without points", _drop("points")),
    edited("nbgrader-bad-markdown", "Markdown that says it is a solution without points",
           _cell("text", new_markdown_cell, grade=False, solution=True, locked=False,
                 schema_version=3)),
    edited("nbgrader-graded-markdown", "Markdown that says it is a test",
           _cell("text", new_markdown_cell, grade_id="foo", **TEST)),
    edited("nbgrader-manual-code", "a code cell that says it is to be marked by hand",
           _cell("print(1)", grade_id="foo", grade=True, solution=True, locked=False, points=9,
                 schema_version=3)),
    edited("nbgrader-task", "a task cell with points of its own",
           _cell("task", new_markdown_cell, grade_id="task1", grade=False, solution=False,
                 task=True, locked=True, points=2, schema_version=3)),
    edited("nbgrader-too-new", "a cell of a schema that is too new",
           _cell("1", grade_id="cell-1", schema_version=10, task=True, grade=False, points=10,
                 solution=False, locked=True)),
    edited("nbgrader-no-cell-type", "a cell of no type", _no_cell_types),
    edited("nbgrader-v0-invalid", "cells of the first schema, without names",
           _cell("1", grade=False, solution=True)),
    edited("nbgrader-checksums", "checksums that fit no cell", _checksums),
    code("nbgrader-cheat-attempt", "an answer that hides every error",
         double="import IPython.core.interactiveshell\n"
         "IPython.core.interactiveshell.InteractiveShell.showtraceback = lambda *a, **k: None\n"
         "raise ValueError('hidden')\n" + WRONG, marks=(0, 1, 0), told="double is not defined"),
    code("nbgrader-cheat-alternative", "an answer that takes the means to show an error away",
         double="import IPython.core.interactiveshell\n"
         "IPython.core.interactiveshell.InteractiveShell.showtraceback = None\n"
         "raise ValueError('hidden')\n" + WRONG, marks=(0, 1, 0), told="double is not defined"),
    code("nbgrader-infinite-loop-with-output", "a loop that fills a list",
         """
         x = []
         while True:
             x.append(1)
         """),
    code("nbgrader-side-effects", "writes a file, and another submission must not find it",
         """
         import os
         print('there already:', os.path.exists('side-effect.txt'))
         with open('side-effect.txt', 'w') as file:
             file.write('a side effect')
         """,
         shown="there already: False"),
    code("nbgrader-side-effects-again", "looks for what the other one wrote",
         """
         import os
         print('there already:', os.path.exists('side-effect.txt'))
         """,
         shown="there already: False"),
    code("nbgrader-open-relative-file", "reads a file that was not handed in",
         """
         with open('data.txt') as file:
             lines = file.read().split()
         """,
         shown="FileNotFoundError"),
    code("nbgrader-warning", "warns on stderr and imports what is not there",
         """
         import warnings
         warnings.warn('This is a warning message')
         import torch_that_is_not_there
         """,
         shown="ModuleNotFoundError"),
    code("nbgrader-long-output", "prints many lines", """
        for number in range(20_000):
            print(number)
        """,
         shown="left out"),
    code("nbgrader-timeout", "an answer that sleeps where it is called",
         double="""
         import time
         def double(values):
             time.sleep(500)
             return 2 * values
         """,
         marks=(0, 1, 0), told="without doing anything"),
    code("nbgrader-environment", "tells by the environment that it is being graded",
         """
         import os
         print('graded:', os.getenv('NBGRADER_EXECUTION'))
         """, shown="graded: autograde"),
    code("nbgrader-autotest", "knows the forms and the hashes that the tests compare",
         double="""
         def double(values):
             return np.zeros_like(values)
         """, marks=CAUGHT,
         told="12 of 12 values differ"),
]  # fmt: skip
