"""Grading on a Dask cluster: a real scheduler and real workers, on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest
from courses import answered, as_bytes, hand_in, right, with_cell
from processes import wait_until

from course_lib.errors import CourseError
from course_staff.grading.assignments.assignment import Assignment
from course_staff.grading.execution import cluster
from course_staff.grading.execution.cluster import ClusterWorkers, WorkersDied
from course_staff.grading.execution.cluster_worker import differences
from course_staff.grading.limits import Interrupted, Limits
from course_staff.grading.marking import hidden_calls
from course_staff.grading.submissions.sanitizing import Submission, sanitize

COURSE = [sys.executable, "-m", "course_lib"]
SLEEP = "import time; time.sleep(6)"
STARTS = 60.0  # seconds in which a program of Dask's has to be there, on a busy machine


class Cluster:
    """A scheduler, and workers that may be added.

    Parameters
    ----------
    folder : pathlib.Path
        For its files.
    started : ExitStack
        Ends what was started.
    """

    def __init__(self, folder: Path, started: ExitStack) -> None:
        self.folder, self._started = folder, started
        self._number = 0
        known = folder / "scheduler.json"
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", known,
            DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1",
        )  # fmt: skip
        wait_until(known.is_file, STARTS)
        self.address = json.loads(known.read_text("utf-8"))["address"]

    def worker(self, *, nanny: bool = False, **environment: str) -> psutil.Process:
        """Start a worker with one thread, and return it once the scheduler knows it."""
        options = ["--nthreads", "1", "--nanny" if nanny else "--no-nanny"]
        process = self._start(
            "worker", self.address, *options, "--local-directory", self.folder, **environment
        )
        log = self.log(process)
        wait_until(lambda: "Registered to" in log.read_text("utf-8"), STARTS)
        return process

    def log(self, process: psutil.Process) -> Path:
        return self.folder / f"{process.number}.log"

    def _start(self, part: str, *options: object, **environment: str) -> psutil.Popen:
        self._number += 1
        with (self.folder / f"{self._number}.log").open("wb") as log:
            process = psutil.Popen(
                [sys.executable, "-m", "dask", part, "--no-dashboard", *map(str, options)],
                env=os.environ | environment, stdout=log, stderr=log, cwd=self.folder,
            )  # fmt: skip
        process.number = self._number
        self._started.callback(end, process)
        return process


def end(process: psutil.Popen) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(15)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    folder.mkdir()
    with ExitStack() as started:
        yield Cluster(folder, started)


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A scheduler without workers, of one's own."""
    with running_cluster(tmp_path / "cluster") as one:
        yield one


def grade(root: Path, *arguments: object) -> subprocess.Popen:
    return subprocess.Popen(
        [*COURSE, "grade", "04", *map(str, arguments)], cwd=root, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip


def outcome(running: subprocess.Popen, status: int = 0) -> str:
    said = running.communicate(timeout=300)[0]
    assert running.returncode == status, said
    return said


def wait_for_line(running: subprocess.Popen, start: str) -> str:
    """Return all that it said up to a line."""
    said = ""
    for line in running.stdout:
        said += line
        if line.startswith(start):
            return said
    raise AssertionError(f"no line {start!r} in {said}")


def reports(out: Path) -> dict[str, dict]:
    """Return what a report says of each student, but for what was measured."""
    found = json.loads((out / "report.json").read_text("utf-8"))["submissions"]
    measured = ("seconds", "peak_memory_mb")
    return {
        entry["student"]: {name: value for name, value in entry.items() if name not in measured}
        for entry in found
    }


def seconds(out: Path) -> dict[str, float]:
    found = json.loads((out / "report.json").read_text("utf-8"))["submissions"]
    return {entry["student"]: entry["seconds"] for entry in found}


def keys(out: Path) -> set[str]:
    return {path.parent.name for path in out.glob("attempts/*/*/*/attempt.json")}


@pytest.fixture(scope="module")
def local(tmp_path_factory, small: Assignment) -> tuple[Path, Path, Path]:
    """A class that this machine graded: the course, what was submitted, and the results."""
    home = tmp_path_factory.mktemp("class")
    submitted, out = home / "submitted", home / "out"
    hand_in(submitted, "ada", right(small))
    for student in ("ben", "cyd"):
        hand_in(submitted, student, with_cell(right(small), SLEEP))
    hand_in(submitted, "dan", b"{")
    hand_in(submitted, "eve", with_cell(right(small), "import os; os._exit(1)"))
    hand_in(submitted, "fay", right(small, double="def double(values):\n    return 3 * values"))
    hand_in(submitted, "gus", answered(small))
    (submitted / "hal").mkdir()
    root = small.release_path.parents[2]
    outcome(grade(root, "--submitted", submitted, "--out", out, "--workers", "2"))
    return root, submitted, out


@pytest.mark.slow
def test_a_cluster_gives_the_same_marks_also_where_a_worker_is_killed(local, tmp_path, own_cluster):
    root, submitted, expected = local
    killed, _ = own_cluster.worker(), own_cluster.worker()
    out = tmp_path / "out"
    command = ["--submitted", submitted, "--out", out, "--scheduler", own_cluster.address]
    running = grade(root, *command)
    assert "2 at a time" in wait_for_line(running, "ada")
    time.sleep(2)  # both workers have a submission that sleeps
    below = killed.children(recursive=True)
    killed.kill()
    outcome(running)
    assert reports(out) == reports(expected)
    assert keys(out) == keys(expected)
    assert below
    assert not psutil.wait_procs(below, timeout=20)[1]  # nothing of its sandbox is left
    outcome(grade(root, *command))
    assert set(seconds(out).values()) == {0.0}  # what was kept is used, here as on one machine


@pytest.mark.slow
def test_a_scheduler_that_goes_away_is_told_and_the_same_command_goes_on(
    local, tmp_path, own_cluster
):
    root, submitted, expected = local
    own_cluster.worker()
    command = ["--submitted", submitted, "--out", tmp_path / "out"]
    running = grade(root, *command, "--scheduler", own_cluster.address)
    wait_for_line(running, "ada")
    own_cluster.scheduler.kill()
    said = outcome(running, status=2)
    assert f"The Dask scheduler at {own_cluster.address} has gone away" in said
    assert "Traceback" not in said
    outcome(grade(root, *command))  # this machine can do the rest
    assert reports(tmp_path / "out") == reports(expected)
    assert seconds(tmp_path / "out")["ada"] == 0


class Asked:
    """A submission to be executed, as `session.grade` does it."""

    def __init__(self, assignment: Assignment) -> None:
        self.assignment, self.calls = assignment, hidden_calls(assignment, 0)

    def submission(self, source: str = "") -> Submission:
        return sanitize(as_bytes(with_cell(right(self.assignment), source)), self.assignment)

    def by(self, workers: ClusterWorkers, source: str = "", **stop: threading.Event) -> Mapping:
        stop = stop.get("stop") or threading.Event()
        return workers.execute(self.submission(source), self.calls, Limits(), stop).replies


@pytest.fixture
def asked(small: Assignment) -> Asked:
    return Asked(small)


@pytest.mark.slow
def test_what_is_stopped_ends_on_the_worker_too(own_cluster, asked):
    worker = own_cluster.worker()
    with ClusterWorkers(own_cluster.address) as workers:
        asked.by(workers)
        idle = len(worker.children(recursive=True))
        stop = threading.Event()

        def stop_when_it_has_begun() -> None:
            wait_until(lambda: len(worker.children(recursive=True)) > idle)
            stop.set()

        threading.Thread(target=stop_when_it_has_begun).start()
        with pytest.raises(Interrupted):
            asked.by(workers, "import time; time.sleep(300)", stop=stop)
        assert len(worker.children(recursive=True)) > idle
        wait_until(lambda: len(worker.children(recursive=True)) == idle, 30)
        assert len(asked.by(workers)["double"]) == 1


@pytest.mark.slow
def test_who_ends_worker_after_worker_has_failed_and_others_go_on(own_cluster, asked):
    own_cluster.worker(nanny=True)
    with ClusterWorkers(own_cluster.address, sandboxed=False) as workers:
        with pytest.raises(WorkersDied, match="2 workers died while they executed it"):
            asked.by(workers, "import os; os.kill(os.getppid(), 9)")
        assert len(asked.by(workers)["double"]) == 1


@pytest.mark.slow
def test_a_cluster_is_refused_unless_all_its_workers_do_as_this_machine(
    own_cluster, asked, tmp_path, monkeypatch
):
    monkeypatch.setattr(cluster, "_CONNECT_TIMEOUT", 2.0)
    with pytest.raises(CourseError, match=r"has no workers: start one .* `dask worker tcp://"):
        ClusterWorkers(own_cluster.address).__enter__()
    (tmp_path / "empty").mkdir()
    bare = own_cluster.worker(PATH=str(tmp_path / "empty"))
    with pytest.raises(CourseError, match=r"tcp://127.0.0.1:\d+: no program bwrap .*apt install"):
        ClusterWorkers(own_cluster.address).__enter__()
    with ClusterWorkers(own_cluster.address, sandboxed=False) as workers:
        assert workers.count == 1
        end(bare)
        metadata = tmp_path / "older" / "keras-3.0.0.dist-info" / "METADATA"
        metadata.parent.mkdir(parents=True)
        metadata.write_text("Metadata-Version: 2.1\nName: keras\nVersion: 3.0.0\n", "utf-8")
        own_cluster.worker(PYTHONPATH=str(tmp_path / "older"))
        with pytest.raises(CourseError, match=r"keras +3\.0\.0"):  # it joined later
            asked.by(workers)
    with pytest.raises(CourseError, match=r"(?s)tcp://127.0.0.1:\d+ +keras +3\.0\.0.*same course"):
        ClusterWorkers(own_cluster.address).__enter__()


def test_versions_that_differ_are_shown_in_a_table():
    ours = {"Python": "3.12.1", "keras": "3.12.4"}
    table = differences({"tcp://b": ours, "tcp://a": {"Python": "3.12.1"}}, ours)
    assert "  tcp://a  keras  missing  3.12.4\n" in table
    assert "tcp://b" not in table
    assert differences({"tcp://b": ours}, ours) is None


@pytest.mark.parametrize("address", ["http://example.org", "tcp://127.0.0.1:9", "nowhere"])
def test_a_wrong_address_is_told_with_what_an_address_looks_like(address, monkeypatch):
    monkeypatch.setattr(cluster, "_CONNECT_TIMEOUT", 0.5)
    with pytest.raises(CourseError, match=f"answers at {address} .*such as tcp://192.0.2.7:8786"):
        ClusterWorkers(address).__enter__()
