"""KerasTuner's search by several processes: a chief that proposes, workers that train.

All of them run the same program. Three environment variables tell each process its name
(``KERASTUNER_TUNER_ID``) and where the chief is (``KERASTUNER_ORACLE_IP``, ``…_PORT``); on several
machines one would set them by hand. Here all processes run on this machine and talk over
127.0.0.1.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_lib.automl.bridge import demand
from course_lib.durations import duration
from course_lib.errors import CourseError

CHIEF = "chief"
_POLL_SECONDS = 0.1
_CHIEF_END_SECONDS = 5.0  # KerasTuner's chief checks once a second whether all is done
_LOG_LINES = 15  # of a failed process, in the error


@dataclass(frozen=True)
class SharedTrial:
    """One trial of a search that several processes share.

    Attributes
    ----------
    number : int
        From 1, in the order of starting.
    worker : str
        The process that ran it; empty if the trial ended before that was seen.
    values : dict
        The hyper-parameters by name.
    score : float or None
        None where the trial failed.
    """

    number: int
    worker: str
    values: dict[str, Any]
    score: float | None


def loopback_is_up() -> bool:
    """Whether processes on this machine can talk over 127.0.0.1, as they cannot in some sandboxes.

    Examples
    --------
    >>> loopback_is_up() in (True, False)
    True
    """
    with socket.socket() as server, suppress(OSError):
        server.bind(("127.0.0.1", 0))
        server.listen()
        with socket.create_connection(server.getsockname(), timeout=2):
            return True
    return False


def tune_in_processes(
    program: str, folder: str | Path, *, workers: int = 2, seconds: float = 300.0
) -> list[SharedTrial]:
    """Run a program of KerasTuner's as a chief and some workers, and return their trials.

    Whatever happens, all processes have ended when this returns or raises; they also end by
    themselves if the notebook's own process is killed.

    Parameters
    ----------
    program : str
        The text of a Python program that makes a tuner, with ``directory=sys.argv[1]``, and calls
        its ``search``.
    folder : path
        For the tuner's files, the program and each process's output.
    workers : int
        At least 1.
    seconds : float
        The time after which the whole search is given up.

    Raises
    ------
    CourseError
        If 127.0.0.1 cannot be used, a process fails, or the time is over.
    """
    demand("keras_tuner", "grpc")
    if workers < 1:
        raise CourseError(f"workers is {workers}: choose 1 or more.")
    if not loopback_is_up():
        raise CourseError(
            "The processes talk over 127.0.0.1, which does not work here: in a sandbox "
            "without a network, bring its loopback device up (ip link set lo up)."
        )
    folder = Path(folder).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "program.py").write_text(program, "utf-8")
    names = [f"worker {number}" for number in range(1, workers + 1)]
    port = _free_port()
    ran: dict[str, str] = {}
    deadline = time.monotonic() + seconds
    with ExitStack() as running:
        processes = {
            name: running.enter_context(_process(name, folder, port)) for name in [CHIEF, *names]
        }
        chief, *hands = processes.values()
        while chief.poll() is None and any(worker.poll() is None for worker in hands):
            _raise_if_failed(processes, folder)
            if time.monotonic() > deadline:
                raise CourseError(f"The search was given up after {duration(seconds)}: allow more.")
            _watch(folder, ran)
            time.sleep(_POLL_SECONDS)
        _raise_if_failed(processes, folder)
    return _trials(folder, ran)


@contextmanager
def _process(name: str, folder: Path, port: int) -> Iterator[subprocess.Popen]:
    """Run the program in a process of its own, which ends with this block."""
    environment = os.environ | {
        "KERASTUNER_TUNER_ID": name,
        "KERASTUNER_ORACLE_IP": "127.0.0.1",
        "KERASTUNER_ORACLE_PORT": str(port),
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "no_grpc_proxy": "127.0.0.1",
    }
    command = [sys.executable, "-m", "course_lib.automl.lifeline", "program.py", str(folder)]
    with _log(folder, name).open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=_with_course_lib(environment),
            stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.stdin.close()
        process.wait()


def _with_course_lib(environment: Mapping[str, str]) -> dict[str, str]:
    """Let the processes find this very package, wherever they start."""
    home = str(Path(__file__).resolve().parents[2])
    paths = [home, *filter(None, [environment.get("PYTHONPATH")])]
    return {**environment, "PYTHONPATH": os.pathsep.join(paths)}


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def _log(folder: Path, name: str) -> Path:
    return folder / f"{name.replace(' ', '-')}.log"


def _raise_if_failed(processes: Mapping[str, subprocess.Popen], folder: Path) -> None:
    """Raise the error of a process that failed, unless the chief has all trials and is ending.

    The chief ends when all workers that asked for a trial have ended. A worker that comes too late,
    or asks for the last time, then finds no chief.
    """
    failed = {name: process for name, process in processes.items() if process.poll()}
    if failed and CHIEF not in failed:
        with suppress(subprocess.TimeoutExpired):
            if processes[CHIEF].wait(_CHIEF_END_SECONDS) == 0:
                return
    for name, process in failed.items():
        output = _log(folder, name).read_text("utf-8", errors="replace").strip().splitlines()
        raise CourseError(
            f"The {name} ended with exit status {process.returncode}. Its last output:\n"
            + "\n".join(output[-_LOG_LINES:])
        )


def _watch(folder: Path, ran: dict[str, str]) -> None:
    """Note which process runs which trial: KerasTuner does not keep it."""
    for file in folder.glob("*/oracle.json"):
        with suppress(ValueError):  # half written
            going = json.loads(file.read_text("utf-8"))["ongoing_trials"]
            ran.update({trial: worker for worker, trial in going.items()})


def _trials(folder: Path, ran: Mapping[str, str]) -> list[SharedTrial]:
    (file,) = folder.glob("*/oracle.json")
    trials = []
    for number, name in enumerate(json.loads(file.read_text("utf-8"))["start_order"], start=1):
        trial = json.loads((file.parent / f"trial_{name}" / "trial.json").read_text("utf-8"))
        values = trial["hyperparameters"]["values"]
        trials.append(SharedTrial(number, ran.get(name, ""), values, trial["score"]))
    return trials
