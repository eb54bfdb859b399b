"""The README's commands do what it says, in a fresh clone with nothing set up."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

# `make test` would run this very test again; conda is not on every machine.
NOT_RUN = {"make test", "conda env create -f environment.yml"}
# What make hands on to the tests that it runs, and its variables of the command line with it.
OF_MAKE = ("MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS", "ARGS", "JOBS")


def commands(readme: Path) -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", readme.read_text("utf-8"), re.M | re.S)
    return [line for block in blocks for line in block.splitlines()]


@pytest.fixture(scope="module")
def clone(tmp_path_factory, root) -> Path:
    """What git has of the working tree, without .venv and other leftovers."""
    folder = tmp_path_factory.mktemp("fresh") / "keras-course"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root, capture_output=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (root / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def environment(clone) -> dict[str, str]:
    """A newcomer's: no activated environment, no data, a browser that opens nothing."""
    home = clone.parent / "home"
    home.mkdir()
    config = {"ServerApp": {"allow_root": True, "port": 0}}
    (home / "jupyter_server_config.json").write_text(json.dumps(config))
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("VIRTUAL_ENV", "PYTHONPATH", "COURSE_DATA_DIR", *OF_MAKE)
    }
    return {
        **kept,
        "BROWSER": "true",
        "COURSE_CACHE_DIR": str(home / "cache"),
        "JUPYTER_CONFIG_DIR": str(home),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "PATH": os.pathsep.join(
            part for part in kept["PATH"].split(os.pathsep) if ".venv" not in part
        ),
    }


def test_the_readme_opens_with_the_two_commands(root):
    assert commands(root / "README.md")[:2] == ["make run", "make test"]


def test_every_program_that_the_readme_calls_is_known(root):
    for command in commands(root / "README.md"):
        program = command.split()[0]
        assert program in {"make", "python3", "conda", ".venv/bin/python", ".venv/bin/course"}


def test_every_make_target_that_the_readme_names_exists(root):
    makefile = (root / "Makefile").read_text("utf-8")
    for target in re.findall(
        r"(?:^|`)make ([a-z-]+)", (root / "README.md").read_text("utf-8"), re.M
    ):
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_git_leaves_alone_what_a_round_with_a_class_brings_and_makes(root):
    guide = (root / "docs" / "instructing.md").read_text("utf-8")
    shown = "".join(re.findall(r"^```sh\n(.*?)^```", guide, re.M | re.S))
    names = {
        *re.findall(r"[\w-]+\.(?:csv|zip)\b", shown),
        "submitted/a",
        "grading/a",
        "student-tree/a",
    }
    assert {"class.csv", "submissions.zip", "feedback-04.zip"} <= names
    ignored = subprocess.run(
        ["git", "check-ignore", "--no-index", *names], cwd=root, capture_output=True, text=True
    )
    assert set(ignored.stdout.split()) == names


def run(command: str, clone: Path, environment: dict[str, str]) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["bash", "-ec", command],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def serve(command: str, clone: Path, environment: dict[str, str]) -> None:
    """Start JupyterLab, wait until it says that it is there, and end it with Ctrl-C's signal."""
    server = subprocess.Popen(
        ["bash", "-ec", command], cwd=clone, env=environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    runtime = Path(environment["JUPYTER_RUNTIME_DIR"])
    try:
        until = time.monotonic() + 300  # the set-up installs JupyterLab first
        while not list(runtime.glob("jpserver-*.json")):
            assert server.poll() is None, f"{command} ended before it served"
            assert time.monotonic() < until, f"{command} did not serve"
            time.sleep(0.5)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


@pytest.mark.slow
def test_every_command_of_the_readme_runs_in_a_fresh_clone(root, clone, environment):
    for command in commands(clone / "README.md"):
        if command in NOT_RUN:
            continue
        if command == "make lab":
            serve(command, clone, environment)
            continue
        # That lessons run is seen by `make run` and test_lessons.py; here, what the command does.
        shortest = re.sub(r"course run (01|all)", "course run 04", command)
        done = run(shortest, clone, environment)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    report = json.loads((clone / "out" / "report.json").read_text())
    assert {lesson["status"] for lesson in report["lessons"]} == {"passed"}

    done = run("make --question .venv/.with-run .venv/.with-all", clone, environment)
    assert done.returncode == 0, "the second set-up only looks at its stamps"
    changed = run("git init -q . && git add -A && git status --porcelain", clone, environment)
    assert ".venv/" not in changed.stdout
    assert " out/" not in changed.stdout
