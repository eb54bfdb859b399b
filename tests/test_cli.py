import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from tornado.websocket import websocket_connect

from course_lib import __version__, doctor
from course_lib.extras import extra_of, install_command


def course(*arguments: str, folder: Path | None = None, **environment: str):
    return subprocess.run(
        [sys.executable, "-m", "course_lib", *arguments],
        cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def said(done: subprocess.CompletedProcess) -> str:
    return " ".join(done.stderr.split())


def test_the_version_is_said():
    assert course("--version").stdout == f"course {__version__}\n"


@pytest.mark.parametrize(
    "command",
    ["run", "build", "publish", "doctor", "lab", "data list", "data fetch", "data verify"],
)
def test_every_command_explains_itself_with_an_example(command):
    done = course(*command.split(), "--help")
    assert done.returncode == 0
    assert f"Example: course {command}" in re.sub(r"[\s│]+", " ", done.stdout)


def test_wrong_use_exits_with_2():
    assert course("dance").returncode == 2
    assert course("run", "--dance").returncode == 2


def test_the_commands_for_data_work_on_an_empty_cache(tmp_path):
    listed = course("data", "list", "--json", COURSE_CACHE_DIR=str(tmp_path))
    sets = {entry["name"]: entry for entry in json.loads(listed.stdout)["datasets"]}
    assert {"mnist", "cats_vs_dogs", "camvid", "california_housing", "fashion_mnist"} <= set(sets)
    assert all(entry["licence"] and entry["homepage"] for entry in sets.values())
    assert sets["mnist"]["origin"] == "download"

    verified = course("data", "verify", "mnist", COURSE_CACHE_DIR=str(tmp_path))
    assert (verified.returncode, verified.stdout) == (0, "mnist: 1 missing\n")


def test_a_damaged_file_is_named_and_left_in_place(tmp_path):
    damaged = tmp_path / "mnist" / "mnist.npz"
    damaged.parent.mkdir()
    damaged.write_bytes(b"half a file")
    done = course(
        "data",
        "verify",
        "mnist",
        COURSE_DATA_DIR=str(tmp_path),
        COURSE_CACHE_DIR=str(tmp_path / "c"),
    )
    assert done.returncode == 1
    assert f"{damaged} in the mirror is corrupt" in said(done)
    assert damaged.read_bytes() == b"half a file"


def test_an_unknown_data_set_is_refused_with_the_names_there_are():
    done = course("data", "fetch", "minst")
    assert done.returncode == 2
    assert "minst" in said(done)
    assert "mnist" in said(done)
    assert "Traceback" not in done.stderr


def test_a_mirror_that_is_not_there_is_an_error_and_not_a_fallback(tmp_path):
    done = course("data", "list", COURSE_DATA_DIR=str(tmp_path / "gone"))
    assert done.returncode == 2
    assert str(tmp_path / "gone") in said(done)


def test_fetching_where_the_cache_cannot_be_written_names_it_and_the_fix(tmp_path):
    (tmp_path / "file").touch()
    done = course(
        "data", "fetch", "mnist",
        COURSE_CACHE_DIR=str(tmp_path / "file"), COURSE_DATA_URL="http://127.0.0.1:9",
    )  # fmt: skip
    assert done.returncode == 2
    assert str(tmp_path / "file") in said(done)
    assert "COURSE_CACHE_DIR" in said(done)


def test_publish_into_a_full_folder_is_refused(tmp_path, root):
    (tmp_path / "mine.txt").touch()
    done = course("publish", str(tmp_path), folder=root)
    assert done.returncode == 2
    assert "holds other files" in said(done)


@pytest.fixture(scope="module")
def examined(tmp_path_factory):
    """`course doctor` on this machine, as JSON."""
    cache = tmp_path_factory.mktemp("cache")
    done = course("doctor", "--json", COURSE_CACHE_DIR=str(cache), COURSE_DATA_DIR="")
    return done, {check["name"]: check for check in json.loads(done.stdout)["checks"]}


def test_the_doctor_looks_at_everything_a_lesson_needs(examined):
    done, checks = examined
    assert done.returncode == 0, done.stdout
    wanted = {
        "Python",
        "tensorflow",
        "keras",
        "device",
        "memory",
        "data cache",
        "data mnist",
        "Graphviz",
        "sandbox",
    }
    assert wanted <= set(checks)
    assert re.match(r"CPU, \d+ cores|GPU, ", checks["device"]["found"])
    assert checks["tensorflow"]["found"].startswith("2.")


def test_the_doctor_gives_a_remedy_for_all_that_is_missing(examined):
    _, checks = examined
    for check in checks.values():
        assert bool(check["remedy"]) == (check["status"] != "ok"), check
    assert "course data fetch mnist" in checks["data mnist"]["remedy"]


def test_the_doctor_finds_a_cache_that_cannot_be_written_and_a_lost_mirror(tmp_path):
    (tmp_path / "file").touch()
    done = course(
        "doctor",
        COURSE_CACHE_DIR=str(tmp_path / "file"),
        COURSE_DATA_DIR="/gone",
        PATH="",
        COLUMNS="200",
    )
    assert done.returncode == 1
    assert "COURSE_CACHE_DIR" in done.stdout
    assert "unset COURSE_DATA_DIR" in done.stdout
    assert "apt install graphviz" in done.stdout
    assert "apt install bubblewrap" in done.stdout


def test_the_doctor_shows_a_command_with_its_brackets(monkeypatch, capsys):
    check = doctor.MachineCheck(
        "nbgrader", "not installed [yet]", "optional", 'pip install -e ".[grading]"'
    )
    monkeypatch.setattr(doctor, "examine", lambda: iter([check]))
    doctor.doctor()
    shown = " ".join(capsys.readouterr().out.split())
    assert check.remedy in shown
    assert "not installed [yet]" in shown


@pytest.mark.parametrize("extra", ["automl", "cluster", "dev", "explain", "grading", "lab", "run"])
def test_the_command_that_installs_an_extra_names_it_and_the_tested_versions(extra):
    command = install_command(extra)
    assert command.endswith(f' -m pip install -c constraints.txt -e ".[{extra}]"')


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("keras_tuner.engine", "automl"), ("cv2", "explain"), ("tf_explain", "explain"),
        ("bs4", "run"), ("yaml", "run"), ("bleach", "grading"), ("zmq", "grading"),
        ("psycopg", "grading"), ("distributed", "cluster"), ("tomlkit", "dev"),
        ("tensorflow", None), ("course_lib", None), ("nowhere", None), (None, None),
    ],
)  # fmt: skip
def test_the_extra_that_brings_a_module_is_known(module, extra):
    assert extra_of(module) == extra


# Every command that needs an extra, run where only the student core is installed.
_WITHOUT_EXTRAS = """
import sys
from importlib.metadata import packages_distributions
from course_lib.extras import extra_of
for module in packages_distributions():
    if extra_of(module):
        sys.modules[module] = None
from course_lib.cli import main
main()
"""


@pytest.mark.parametrize(
    "command",
    [
        "build --check", "publish {new}", "run 01 --out {new}", "lab", "release 04 --to {new}.zip",
        "collect 04 {new} --submitted {new}", "grade 04 --out {new}", "rejudge 04 --out {new}",
        "feedback 04 --out {new} --to {new}", "export 04 --out {new}",
    ],
)  # fmt: skip
def test_a_command_without_its_extra_says_in_one_sentence_how_to_install_it(
    root, tmp_path, command
):
    words = command.format(new=tmp_path / "new").split()
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_EXTRAS, *words],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert re.fullmatch(
        r'Error: .* is not installed: \S+ -m pip install -c constraints.txt -e "\.\[\w+\]"\n',
        done.stderr,
    )


def answering(scratch: Path) -> str | None:
    """Return the address of the server that left its file in a folder, once it answers there."""
    for file in scratch.glob("jpserver-*.json"):
        with suppress(ValueError, OSError):  # half written; named, and not listening yet
            address = json.loads(file.read_text())["url"]
            urlopen(f"{address}api?token=t", timeout=60).close()
            return address
    return None


@contextmanager
def server(command: list[str], folder: Path, scratch: Path) -> Iterator[str]:
    """Start a Jupyter server and yield its address; the PATH it is given has no `course`."""
    programs = os.path.dirname(sys.executable)
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(scratch),
        "JUPYTER_RUNTIME_DIR": str(scratch),
        "PATH": os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if p != programs),
        "SHELL": "/bin/sh",
    }
    running = subprocess.Popen(
        [sys.executable, "-m", *command, "--no-browser", "--port=0", "--IdentityProvider.token=t"],
        cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        for _ in range(1200):
            if address := answering(scratch):
                yield address
                return
            time.sleep(0.1)
        pytest.fail("the server did not start in two minutes")
    finally:
        os.killpg(running.pid, signal.SIGTERM)
        running.wait(60)


async def said_in_a_terminal(address: str, line: str, until: str) -> str:
    """Type a line into a new terminal and return all that it shows, up to a word."""
    new = Request(f"{address}api/terminals?token=t", data=b"", method="POST")
    with urlopen(new, timeout=60) as reply:
        name = json.load(reply)["name"]
    place = f"{address.replace('http', 'ws', 1)}terminals/websocket/{name}?token=t"
    connection = await websocket_connect(place)
    await connection.write_message(json.dumps(["stdin", f"{line}\r"]))
    shown = ""
    while until not in shown:
        message = await asyncio.wait_for(connection.read_message(), 60)
        kind, *content = json.loads(message)
        shown += content[0] if kind == "stdout" else ""
    return shown


def test_lab_serves_the_course(root, tmp_path):
    """JupyterLab starts on the course's folder, as root too, and ends with Ctrl-C."""
    with server(["course_lib", "lab"], root / "lessons", tmp_path) as address:
        with urlopen(f"{address}api/contents/notebooks?token=t", timeout=60) as reply:
            names = [entry["name"] for entry in json.load(reply)["content"]]
        assert "01-MNIST-classification.ipynb" in names
        with urlopen(f"{address}lab?token=t", timeout=60) as reply:
            assert reply.status == 200


def test_terminals_find_the_course_however_jupyter_was_started(tmp_path):
    with server(["jupyterlab", "--allow-root"], tmp_path, tmp_path) as address:
        line = "command -v course; echo e''nd"  # the terminal shows the line itself, too
        shown = asyncio.run(said_in_a_terminal(address, line, until="end"))
    assert os.path.join(os.path.dirname(sys.executable), "course") in shown
