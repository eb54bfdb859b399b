import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from course_lib import __version__


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


def test_lab_serves_the_course(root, tmp_path):
    """JupyterLab starts on the course's folder, shows its notebooks, and ends with Ctrl-C."""
    config = {"ServerApp": {"allow_root": True}}
    (tmp_path / "jupyter_server_config.json").write_text(json.dumps(config))
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(tmp_path),
        "JUPYTER_RUNTIME_DIR": str(tmp_path),
    }
    server = subprocess.Popen(
        [
            sys.executable, "-m", "course_lib", "lab",
            "--no-browser", "--port=0", "--IdentityProvider.token=t",
        ],
        cwd=root / "lessons", env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        address = None
        for _ in range(300):
            for file in tmp_path.glob("jpserver-*.json"):
                address = json.loads(file.read_text())["url"]
            if address:
                break
            time.sleep(0.1)
        assert address, "the server did not start in 30 s"
        with urlopen(f"{address}api/contents/notebooks?token=t", timeout=10) as reply:
            names = [entry["name"] for entry in json.load(reply)["content"]]
        assert "01-MNIST-classification.ipynb" in names
        with urlopen(f"{address}lab?token=t", timeout=10) as reply:
            assert reply.status == 200
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)
