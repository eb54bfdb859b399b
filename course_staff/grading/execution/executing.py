"""Executing a submission: its cells and the calls of the hidden checks, in one kernel.

The kernel is the only place where student code runs. The results are data: the cells' outputs
and, for every call, the reply file that the kernel left in its channel, read as plain data.
Executing is a function of the submission, the calls, the seed and the machine; it judges nothing
and records nothing.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from course_staff.grading.execution.student_kernel import StudentKernel
from course_staff.grading.limits import Limits, Stopped, UsedUp
from course_staff.grading.protocol.calls import Call
from course_staff.grading.submissions.sanitizing import Submission

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from course_staff.grading.execution.sandbox.pool import Sandbox

_MAX_RESTARTS = 5  # of the kernel, for cells that end it
_MAX_IN_A_ROW = 3  # cells or calls that cost much without a result
_COSTLY = {"idle", "memory", "cpu"}
_MAX_REPLIES = 200_000_000  # bytes of all calls together, which are kept


@dataclass
class Execution:
    """The outcome of executing a submission.

    Attributes
    ----------
    notebook : NotebookNode
        The submission's notebook with the outputs of the executed cells.
    replies : dict of str to list
        For every question, the reply to each call as the kernel sent it, unchecked; a reply of our
        own with an "error" where none came.
    cell_errors : dict of int to str
        The error of a cell, by its index.
    results : dict of int to str
        The value of a cell's last expression, as its "text/plain", by the cell's index.
    seconds : float
        Wall time.
    limits_hit : tuple of str
        Which limits it hit, as `Stopped.limit` names them, sorted.
    peak_memory_mb : float
        The most memory that a kernel and its descendants held, in MB (10⁶ bytes).
    """

    notebook: NotebookNode
    replies: dict[str, list[Any]] = field(default_factory=dict)
    cell_errors: dict[int, str] = field(default_factory=dict)
    results: dict[int, str] = field(default_factory=dict)
    seconds: float = 0.0
    sandboxed: bool = False
    limits_hit: tuple[str, ...] = ()
    peak_memory_mb: float = 0.0


def execute(
    submission: Submission,
    calls: Mapping[str, Sequence[Call]],
    *,
    sandbox: Sandbox | None = None,
    limits: Limits | None = None,
    environment: Mapping[str, str] | None = None,
    stop: threading.Event | None = None,
) -> Execution:
    """Execute a submission's cells in a fresh kernel, then make the calls.

    A cell that fails does not stop the next one. Where a cell or a call ends the kernel, or has to
    be ended, a new kernel executes the cells again without that cell, and the remaining calls are
    made there. The questions take turns: one that hangs in every call is asked about all others in
    between, so that it does not end the submission for them.
    """
    stop = stop or threading.Event()
    environment = dict(environment or plain_environment())
    run = _Run(submission, sandbox, limits or Limits(), environment, stop)
    started = time.monotonic()
    asyncio.run(run.everything(calls))
    run.read_cells(calls)
    run.execution.seconds = time.monotonic() - started
    return run.execution


def plain_environment() -> dict[str, str]:
    """Return an environment with only the variables that student code needs here."""
    kept = ("LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "PATH": os.pathsep.join([os.path.join(sys.prefix, "bin"), os.defpath]),
        "CUDA_VISIBLE_DEVICES": "-1",  # marks must not depend on whether there is a GPU
        "KERAS_BACKEND": "tensorflow",
        "MPLBACKEND": "agg",
        "NBGRADER_EXECUTION": "autograde",  # which nbgrader promises to cells
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "PYTHONHASHSEED": "0",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "USER": "student",
        "TF_ENABLE_ONEDNN_OPTS": "0",  # its order of summation depends on the processor
        # One thread each: the sums, and so the marks, are the same however many run at a time.
        "OMP_NUM_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
    }


class _Run:
    """One submission's execution, over as many kernels as it takes."""

    def __init__(
        self,
        submission: Submission,
        sandbox: Sandbox | None,
        limits: Limits,
        environment: dict[str, str],
        stop: threading.Event,
    ) -> None:
        self.submission, self.sandbox = submission, sandbox
        self.limits, self.environment, self.stop = limits, environment, stop
        self.execution = Execution(submission.notebook, sandboxed=sandbox is not None)
        self._spoiling: set[int] = set()  # cells that ended a kernel
        self._in_a_row = {"cells": 0, "calls": 0}  # that were stopped
        self._done: set[int] = set()
        self._ended_for: str | None = None
        self._room = _MAX_REPLIES
        self._cpu_seconds = self._waited_seconds = 0.0  # of the kernels that have ended

    async def everything(self, calls: Mapping[str, Sequence[Call]]) -> None:
        self.execution.replies = {name: [] for name in calls}
        waiting = _in_turn(calls)
        if self.submission.status != "ok":
            self._give_up(waiting, "no notebook could be read")
            return
        # Each new kernel has one spoiling cell less, or one call less to make.
        finished = False
        while not finished:
            kernel = StudentKernel(
                self.limits,
                self.environment,
                self.stop,
                self.sandbox,
                self._cpu_seconds,
                self._waited_seconds,
            )
            try:
                async with kernel:
                    if await self._cells(kernel):
                        await self._calls(kernel, waiting)
                        finished = not waiting
                    elif len(self._spoiling) > _MAX_RESTARTS:
                        raise UsedUp("too many cells had to be stopped", "stops")
            except UsedUp as stopped:
                self._note_limit(stopped)
                self._give_up(waiting, str(stopped))
                finished = True
            self._note_use(kernel)

    async def _cells(self, kernel: StudentKernel) -> bool:
        """Execute the cells; return whether the kernel lived through them."""
        for name, content in self.submission.files.items():
            await kernel.copy_in(name, content)
        for index in self.submission.executed:
            if index in self._spoiling:
                continue
            cell = self.submission.notebook.cells[index]
            cell.outputs = []
            self.execution.cell_errors.pop(index, None)
            self.execution.results.pop(index, None)
            stopped = None
            try:
                shown = await kernel.execute_cell(cell)
                error, result = shown.error, shown.result
            except Stopped as caught:
                stopped, error, result = caught, str(caught), None
                self._note_limit(stopped)
            if error is not None:
                self.execution.cell_errors[index] = error
            if result is not None:
                self.execution.results[index] = result
            self._done.add(index)
            if isinstance(stopped, UsedUp):
                raise stopped
            if not kernel.is_alive:
                self._spoiling.add(index)
                self._count(stopped, "cells")
                return False
            if index > max(self._spoiling, default=-1):  # the others were executed before
                self._in_a_row["cells"] = 0
        return True

    async def _calls(self, kernel: StudentKernel, waiting: list[tuple[str, Call]]) -> None:
        """Make the calls, and take those from the list that were made before the kernel ended."""
        while waiting and kernel.is_alive:
            name, call = waiting.pop(0)
            stopped = None
            try:
                reply, size = await kernel.make_call(call, self._room)
                self._room -= size
            except Stopped as caught:
                stopped, reply = caught, {"error": str(caught)}
                self._note_limit(stopped)
            self.execution.replies[name].append(reply)
            if isinstance(stopped, UsedUp):
                raise stopped
            if waiting:
                self._count(stopped, "calls")

    def _count(self, stopped: Stopped | None, what: str) -> None:
        """Count the cells or calls in a row that were stopped."""
        if stopped is None or not stopped.limit:
            self._in_a_row[what] = 0
        elif stopped.limit in _COSTLY:
            self._in_a_row[what] += 1
        if self._in_a_row[what] == _MAX_IN_A_ROW:
            raise UsedUp(f"not asked after three {what} were stopped", "stops")

    def read_cells(self, calls: Mapping[str, Sequence[Call]]) -> None:
        """Answer the calls that ask for the outcome of a cell."""
        done = {}
        for index in self._done:
            nbgrader = self.submission.notebook.cells[index].metadata.get("nbgrader", {})
            done[nbgrader.get("grade_id")] = {
                "error": self.execution.cell_errors.get(index),
                "result": self.execution.results.get(index),
            }
        why = f" ({self._ended_for})" if self._ended_for else ""
        nothing = {"error": f"the cell was not executed{why}", "result": None}
        for name, question_calls in calls.items():
            replies = [
                {"value": done.get(call.cell, nothing)} for call in question_calls if call.cell
            ]
            self.execution.replies[name] += replies

    def _note_limit(self, stopped: Stopped) -> None:
        self.execution.limits_hit = tuple(
            sorted({*self.execution.limits_hit, stopped.limit} - {""})
        )

    def _note_use(self, kernel: StudentKernel) -> None:
        self._cpu_seconds += kernel.cpu_seconds
        self._waited_seconds += kernel.waited_seconds
        peak = max(self.execution.peak_memory_mb, kernel.peak_memory_mb)
        self.execution.peak_memory_mb = round(peak, 1)

    def _give_up(self, waiting: Sequence[tuple[str, Call]], why: str) -> None:
        self._ended_for = why
        for name, _ in waiting:
            self.execution.replies[name].append({"error": why})


def _in_turn(calls: Mapping[str, Sequence[Call]]) -> list[tuple[str, Call]]:
    """Return the calls in the order in which they are made: of each question one, and so on."""
    by_question = [
        [(name, call) for call in question_calls if not call.cell]
        for name, question_calls in calls.items()
    ]
    return [call for turn in zip_longest(*by_question) for call in turn if call is not None]
