"""A chief and its workers share a search, and none of them outlives it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from processes import wait_until

pytest.importorskip("keras_tuner", reason="the extra course-lib[automl] is missing")

from course_lib import automl
from course_lib.automl import processes
from course_lib.errors import CourseError

PROGRAM = """
import sys, time
import keras_tuner

class Curve(keras_tuner.RandomSearch):
    def run_trial(self, trial, **ignored):
        time.sleep(0.5)
        return {"height": 1 - trial.hyperparameters.get("x") ** 2}

hp = keras_tuner.HyperParameters()
hp.Float("x", -1, 1)
height = keras_tuner.Objective("height", "max")
tuner = Curve(hyperparameters=hp, objective=height, max_trials=8, seed=1, directory=sys.argv[1])
tuner.search(verbose=0)
"""

# A worker that is quick to start would have done all trials before the other one is there.
TOGETHER = """
import os, pathlib, sys, time
pathlib.Path(sys.argv[1], os.environ["KERASTUNER_TUNER_ID"] + " is there").touch()
if os.environ["KERASTUNER_TUNER_ID"] != "chief":
    while len(list(pathlib.Path(sys.argv[1]).glob("worker * is there"))) < 2:
        time.sleep(0.05)
"""

needs_loopback = pytest.mark.skipif(
    not processes.loopback_is_up(), reason="nothing gets through to 127.0.0.1 here"
)


def children(folder: Path) -> list[psutil.Process]:
    """Processes that work in a folder."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if str(folder) in (process.info["cmdline"] or []):
            found.append(process)
    return found


@pytest.mark.slow
@needs_loopback
def test_two_workers_share_the_trials_of_one_search(tmp_path):
    trials = automl.tune_in_processes(TOGETHER + PROGRAM, tmp_path)
    assert [trial.number for trial in trials] == list(range(1, 9))
    assert {trial.worker for trial in trials} == {"worker 1", "worker 2"}
    for trial in trials:
        assert trial.score == pytest.approx(1 - trial.values["x"] ** 2)
    assert len({trial.values["x"] for trial in trials}) == 8
    assert not children(tmp_path)


@pytest.mark.slow
@needs_loopback
def test_a_worker_who_comes_too_late_is_no_failure(tmp_path):
    late = "import os, time\nif os.environ['KERASTUNER_TUNER_ID'] == 'worker 2': time.sleep(600)\n"
    trials = automl.tune_in_processes(late + PROGRAM, tmp_path, seconds=120.0)
    assert {trial.worker for trial in trials} == {"worker 1"}
    assert len(trials) == 8
    assert not children(tmp_path)


@needs_loopback
def test_a_program_that_fails_is_told_and_nobody_is_left(tmp_path):
    with pytest.raises(CourseError, match="ended with exit status 1") as error:
        automl.tune_in_processes("raise OSError('no such table')", tmp_path)
    assert "OSError: no such table" in str(error.value)
    assert not children(tmp_path)


@needs_loopback
def test_a_search_that_takes_too_long_is_given_up_and_nobody_is_left(tmp_path):
    with pytest.raises(CourseError, match="given up after 1 s"):
        automl.tune_in_processes("import time; time.sleep(100)", tmp_path, seconds=1.0)
    assert not children(tmp_path)


@needs_loopback
def test_nobody_is_left_when_the_notebook_is_killed(tmp_path):
    program = tmp_path / "notebook.py"
    program.write_text(
        "from course_lib import automl\n"
        f"automl.tune_in_processes('import time; time.sleep(100)', {str(tmp_path)!r})\n"
    )
    with subprocess.Popen([sys.executable, str(program)], cwd=tmp_path) as notebook:
        wait_until(lambda: len(children(tmp_path)) == 3, 30)
        notebook.kill()
    wait_until(lambda: not children(tmp_path), 30)


def test_without_a_loopback_network_the_error_says_so():
    if not sys.platform.startswith("linux"):
        pytest.skip("network namespaces are Linux's")
    code = (
        "from course_lib import automl, errors\n"
        "assert not automl.loopback_is_up()\n"
        "try:\n    automl.tune_in_processes('', '.')\n"
        "except errors.CourseError as error: print(error)"
    )
    command = ["unshare", "--map-root-user", "--net", sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "127.0.0.1" in done.stdout
    assert "loopback" in done.stdout


def test_there_must_be_a_worker(tmp_path):
    with pytest.raises(CourseError, match="workers is 0"):
        automl.tune_in_processes("", tmp_path, workers=0)
