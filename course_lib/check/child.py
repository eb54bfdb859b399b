"""The process that runs a notebook's cells for `course check`.

It reads the cells from its standard input and reports on its standard output, one JSON object a
line, which cell it begins, how the cell ended, and what the visible tests found. What the cells
print goes nowhere.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any


def main() -> None:
    """Run the cells one after the other, also after one that fails."""
    cells = json.load(sys.stdin)
    events = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdin, sys.stdout):
        os.dup2(nowhere, stream.fileno())

    def send(**facts: Any) -> None:
        events.write(json.dumps(facts) + "\n")
        events.flush()

    from IPython.core.history import HistoryManager
    from IPython.core.interactiveshell import InteractiveShell

    from course_lib.check import questions

    class Shell(InteractiveShell):
        def init_history(self) -> None:  # in no file
            self.history_manager = HistoryManager(shell=self, parent=self, enabled=False)
            self.configurables.append(self.history_manager)

    # So that get_ipython() finds this shell.
    shell = Shell.instance()
    shell.showtraceback = shell.showsyntaxerror = _nothing  # the parent reports errors
    shell.ask_exit = _raise_exit
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a late one, between two cells
    send(event="ready")
    for index, source in cells:
        send(event="begins", cell=index)
        error = None
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            result = shell.run_cell(source)
            error = result.error_before_exec or result.error_in_exec
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        except BaseException as raised:  # an interrupt outside of the cell's own code
            error = raised
        send(
            event="ended",
            cell=index,
            error=None if error is None else questions.describe(error),
            questions={name: _facts(tests) for name, tests in questions.tried().items()},
        )
    events.close()
    os._exit(0)  # threads that a cell left behind need not end


def _facts(tests: Any) -> dict[str, Any]:
    return {
        "verdict": tests.verdict,
        "attempted": tests.attempted,
        "points": tests.points,
        "earned": tests.earned,
        "parts": [
            {"label": part.label, "points": part.points, "problem": part.problem}
            for part in tests.parts
        ],
    }


def _nothing(*arguments: Any, **options: Any) -> None:
    pass


def _raise_exit() -> None:
    """Do what `exit()` does in a notebook."""
    raise SystemExit
