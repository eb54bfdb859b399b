"""Executing submissions by the workers of a Dask cluster, on as many machines as it has."""

from __future__ import annotations

import asyncio
import logging
import pickle
import threading
import time
import uuid
import warnings
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from concurrent import futures
from contextlib import suppress
from pathlib import Path
from typing import Any

import dask.config
from distributed import CancelledError, Client, Future, KilledWorker

from course_lib.errors import CourseError
from course_staff.grading.execution import cluster_worker
from course_staff.grading.execution.cluster_worker import Work
from course_staff.grading.execution.executing import Execution
from course_staff.grading.execution.packages import merge_versions
from course_staff.grading.limits import Interrupted, Limits
from course_staff.grading.protocol.calls import Call
from course_staff.grading.submissions.sanitizing import Submission

_CONNECT_TIMEOUT = 10.0  # seconds until the scheduler has to answer, and to know a worker
_REPLY_TIMEOUT = 60.0  # seconds in which a busy scheduler or worker answers
_NO_WORKERS_TIMEOUT = 60.0  # seconds without any worker; a nanny starts one again in a few
_LOOK_INTERVAL = 2.0  # seconds between two looks at the cluster
_STOP_INTERVAL = 0.3  # seconds between two looks of a waiting thread whether it should stop


class WorkersDied(Exception):
    """A submission's workers died one after another while they executed it."""


class ClusterWorkers:
    """Executes submissions on a Dask cluster; use it as a context manager.

    Work travels as pickled data: a sanitised submission and the calls there, an `Execution` back.
    Cluster and grader trust each other; student code, behind each worker's sandbox, reaches none
    of them. Where a worker dies, its submissions are executed by another one.

    Parameters
    ----------
    address : str
        The scheduler's, such as "tcp://192.0.2.7:8786".
    most : int, optional
        How many submissions to execute at a time at most; 0: as many as the cluster has threads.
    preload, hidden
        As `LocalWorkers` takes them.

    Attributes
    ----------
    count : int
        How many submissions are executed at a time; known when it is open.
    packages : dict of str to str
        The packages on the workers that were there when it was opened.
    """

    def __init__(
        self,
        address: str,
        *,
        most: int = 0,
        sandboxed: bool = True,
        preload: Iterable[str] = (),
        hidden: Iterable[Path] = (),
    ) -> None:
        self.address, self.sandboxed, self.count = address, sandboxed, most
        self.packages: dict[str, str] = {}
        self._most = most
        self._preload = tuple(preload)
        self._hidden = tuple(str(Path(folder).absolute()) for folder in hidden)
        self._published: tuple[Mapping[str, Sequence[Call]], Future] | None = None

    def __enter__(self) -> ClusterWorkers:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cluster", daemon=True)
        self._thread.start()
        try:
            self._in_loop(self._open()).result()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(Exception):
            self._in_loop(self._close()).result(15)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(15)

    def execute(
        self,
        submission: Submission,
        calls: Mapping[str, Sequence[Call]],
        limits: Limits,
        stop: threading.Event,
    ) -> Execution:
        """Execute a submission on some worker; see `executing.execute`."""
        locale = cluster_worker.own_locale()
        work = Work(submission, limits, self.sandboxed, self._preload, self._hidden, locale)
        reply = self._in_loop(self._reply(calls, pickle.dumps(work)))
        while not futures.wait({reply}, timeout=_STOP_INTERVAL).done:
            if stop.is_set():
                reply.cancel()
                raise Interrupted
        return pickle.loads(reply.result())

    def _in_loop(self, work: Coroutine[Any, Any, Any]) -> futures.Future:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _open(self) -> None:
        self._trouble: asyncio.Future[None] = self._loop.create_future()
        self._watching: asyncio.Task | None = None
        self._client: Client | None = None
        self._ours = cluster_worker.versions()
        # Dask's own messages on errors that are reported in a sentence here, or not needed.
        for name in ("distributed", "distributed.client"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        warnings.filterwarnings("ignore", module="distributed")
        dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"})
        try:
            self._client = Client(
                self.address, asynchronous=True, timeout=_CONNECT_TIMEOUT, set_as_default=False,
                name="course-grade",
            )  # fmt: skip
            # Its own timeout does not apply once something other than a scheduler has answered.
            await asyncio.wait_for(_ready(self._client), _CONNECT_TIMEOUT + 2)
        except Exception as error:  # not an address, no answer, or another program
            raise CourseError(
                f"No Dask scheduler answers at {self.address} ({_reason(error)}): give the address "
                "that `dask scheduler` shows when it starts, such as tcp://192.0.2.7:8786, and see "
                "that this machine may reach it."
            ) from error
        threads = await self._threads()
        self.count = min(self._most, threads) if self._most else threads
        await self._examine()
        self._watching = asyncio.create_task(self._watch())

    async def _threads(self) -> int:
        """Return how many threads the workers have, once there are any."""
        deadline = time.monotonic() + _CONNECT_TIMEOUT
        while not (threads := sum((await self._client.nthreads()).values())):
            if time.monotonic() > deadline:
                raise CourseError(
                    f"The scheduler at {self.address} has no workers: start one on each machine, "
                    f"`dask worker {self.address} --nworkers 1`."
                )
            await asyncio.sleep(0.2)
        return threads

    async def _examine(self) -> None:
        """Raise a CourseError unless every worker gives the results that this machine would."""
        try:
            # The scheduler unpickles tasks, too: it needs the same packages.
            await asyncio.wait_for(
                self._client.run_on_scheduler(cluster_worker.versions), _REPLY_TIMEOUT
            )
            answers = await asyncio.wait_for(
                self._client.run(cluster_worker.examine_worker, self.sandboxed, on_error="return"),
                _REPLY_TIMEOUT,
            )
        except Exception as error:
            raise CourseError(
                f"The scheduler at {self.address} cannot be asked ({_reason(error)}): start it and "
                "its workers where course-lib[cluster] is installed, as here."
            ) from error
        lost = [
            f"{address}: {_reason(answer)}"
            for address, answer in answers.items()
            if isinstance(answer, Exception)
        ]
        if lost:
            raise CourseError(
                "These workers cannot be asked; start them where course-lib[cluster] is installed, "
                "or end them:\n  " + "\n  ".join(sorted(lost))
            )
        versions = {address: answer[0] for address, answer in answers.items()}
        if refusal := cluster_worker.differences(versions, self._ours):
            raise CourseError(refusal)
        self.packages = merge_versions(answer[2] for answer in answers.values())
        open_ = [f"{address}: {answer[1]}" for address, answer in answers.items() if answer[1]]
        if open_:
            raise CourseError(
                "Student code cannot be sandboxed on these workers:\n  "
                + "\n  ".join(sorted(open_))
                + "\nFix this and restart the workers, or stop them. Or trust the class: with "
                "--sandbox none its code can do there whatever the workers' user can."
            )

    async def _watch(self) -> None:
        """Note when no result can come back any more."""
        seen = time.monotonic()
        while True:
            await asyncio.sleep(_LOOK_INTERVAL)
            try:
                threads = await asyncio.wait_for(self._client.nthreads(), _REPLY_TIMEOUT)
            except (OSError, ValueError, RuntimeError) as error:
                self._trouble.set_exception(self._gone(error))
                return
            if sum(threads.values()):
                seen = time.monotonic()
            elif time.monotonic() - seen > _NO_WORKERS_TIMEOUT:
                self._trouble.set_exception(
                    CourseError(
                        f"The scheduler at {self.address} has no workers any more: start some, "
                        f"`dask worker {self.address} --nworkers 1`. {_CONTINUE}"
                    )
                )
                return

    def _gone(self, error: BaseException) -> CourseError:
        return CourseError(
            f"The Dask scheduler at {self.address} has gone away ({_reason(error)}): start it and "
            f"its workers again. {_CONTINUE}"
        )

    async def _reply(self, calls: Mapping[str, Sequence[Call]], work: bytes) -> bytes:
        if self._client.status == "closed":  # it did not find the scheduler again
            raise self._gone(ConnectionError("no connection"))
        future = self._client.submit(
            cluster_worker.run_task, self._ours, self._publish(calls), work,
            key=f"course-grade-{uuid.uuid4()}", pure=False,
        )  # fmt: skip
        answer = asyncio.ensure_future(future.result())
        try:
            await asyncio.wait({answer, self._trouble}, return_when=asyncio.FIRST_COMPLETED)
            if self._trouble.done():
                raise self._trouble.exception()
            return answer.result()
        except KilledWorker as error:
            raise WorkersDied(
                f"{error.allowed_failures + 1} workers died while they executed it, the last one "
                f"at {error.last_worker.address}; their logs may say why"
            ) from None
        except CancelledError as error:  # Dask raises it when it loses the scheduler
            raise self._gone(error) from error
        finally:
            answer.cancel()
            future.release()

    def _publish(self, calls: Mapping[str, Sequence[Call]]) -> Future:
        """Return the calls as a task, which sends them to a worker once, and again if it dies."""
        published = self._published
        if published is None or published[0] is not calls or published[1].cancelled():
            key = f"course-calls-{uuid.uuid4()}"
            data = pickle.dumps(dict(calls))
            self._published = calls, self._client.submit(bytes, data, key=key, pure=False)
        return self._published[1]

    async def _close(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
        if self._trouble.done():
            self._trouble.exception()  # it was reported, or nobody waited for it
        self._published = None
        if self._client is not None:
            await self._client.close(timeout=5)


_CONTINUE = "What was graded is kept; run the same command to continue."


async def _ready(client: Client) -> None:
    await client


def _reason(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
