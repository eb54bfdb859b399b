"""Run a program that ends when the process that started it is gone.

``python -m course_lib.automl.lifeline PROGRAM ARGUMENT…`` with a pipe as standard input: the
pipe closes when the process at its other end closes it or dies, however it dies.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading


def _end_with_the_pipe() -> None:
    os.read(0, 1)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_pipe, daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
