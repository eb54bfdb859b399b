"""Short messages in a notebook for errors that everybody meets: a stopped or skipped cell."""

from __future__ import annotations

from types import TracebackType
from typing import Any


def install() -> None:
    """Show some errors as one sentence in this notebook; outside of IPython, do nothing."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None:
        shell.set_custom_exc((KeyboardInterrupt, NameError), _show)


def _show(
    shell: Any,
    kind: type[BaseException],
    error: BaseException,
    traceback: TracebackType,
    tb_offset: int | None = None,
) -> None:
    message = _message(error, traceback)
    if message is not None:
        error._render_traceback_ = lambda: [message]  # IPython calls it
    shell.showtraceback((kind, error, traceback), tb_offset=tb_offset)


def _message(error: BaseException, traceback: TracebackType) -> str | None:
    """Return the message in place of a traceback; None where the traceback is more useful."""
    if isinstance(error, KeyboardInterrupt):
        return (
            "KeyboardInterrupt: this cell was stopped before its end. Run it again when you like; "
            "to train a model from the beginning, run the cell that builds it first."
        )
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    code = traceback.tb_frame.f_code
    if traceback.tb_frame.f_globals.get("__name__") != "__main__" or code.co_name.isidentifier():
        return None  # in a function: the traceback shows which one
    return (
        f"NameError: {error} (line {traceback.tb_lineno} of this cell). If a cell above makes it, "
        "run the cells above first, then this one again."
    )
