"""The limits of a submission, and how it ends when it exceeds them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The limits of a submission.

    The last five bound what happens in the sandbox and hold only there.

    Attributes
    ----------
    cell_seconds : float
        CPU time of one cell. Cells that only explore are not executed, so a cell has little to do.
    submission_seconds : float
        CPU time of all cells and calls together, in all kernels that they take: cells that a
        new kernel executes again count again.
    idle_seconds : float
        For how long, in seconds of wall time, one cell or call may wait. It waits while no thread
        of the kernel computes or is ready to, so that a busy machine costs nothing.
    waiting_seconds : float
        For how long all cells and calls together may wait, in all kernels that they take.
    memory_mb : float
        Memory of the kernel and all that it starts, together, in MB (10⁶ bytes).
    output_mb : float
        The output of a cell after which it is stopped; far less of it is kept.
    processes : int
        Processes and threads at a time.
    open_files : int
        Of each process.
    file_mb : float
        The size of one file.
    scratch_mb : float
        The size of all files together; they are held in memory.
    scratch_files : int
        How many files there may be.
    """

    cell_seconds: float = 60.0
    submission_seconds: float = 900.0
    idle_seconds: float = 30.0
    waiting_seconds: float = 300.0
    memory_mb: float = 4000.0
    output_mb: float = 20.0
    processes: int = 256
    open_files: int = 512
    file_mb: float = 200.0
    scratch_mb: float = 400.0
    scratch_files: int = 10_000

    def for_sandbox(self) -> dict[str, float]:
        """Return the bounds that the sandbox itself sets."""
        names = ("processes", "open_files", "file_mb", "scratch_mb", "scratch_files")
        bounds = {name: getattr(self, name) for name in names}
        # Only in case the grader's own counts go wrong.
        last = {"cpu_seconds": 2 * self.submission_seconds + 60, "sent_mb": 10 * self.output_mb}
        return bounds | last


class Interrupted(Exception):
    """Executing was stopped from outside; nothing is known about the submission."""


class Stopped(Exception):
    """Something in the kernel was stopped.

    Parameters
    ----------
    message : str
        Why, for the student.
    limit : str, optional
        Which bound it hit: "cpu", "idle", "waiting", "memory" or "output"; "died" where the kernel
        ended by itself, "stops" where too much had to be stopped.
    """

    def __init__(self, message: str, limit: str = "") -> None:
        super().__init__(message)
        self.limit = limit


class UsedUp(Stopped):
    """A submission has used all that it may use; nothing more of it is executed."""
