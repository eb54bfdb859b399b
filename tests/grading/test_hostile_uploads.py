"""`course collect` takes a zip by strangers: bombs, links and names that lead elsewhere."""

from __future__ import annotations

import json
import os
import resource
import stat
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from courses import NAME, as_bytes, right, small_course

MEMORY = 1_500_000_000  # bytes of addresses: Python and its packages take a third of it


def collected(root: Path, source: Path) -> tuple[int, dict]:
    """Collect as an instructor does, in bounded memory; return the exit status and the report."""
    done = subprocess.run(
        [sys.executable, "-m", "course_lib", "collect", "04", source, "--roster", "class.csv",
         "--json"],
        cwd=root, capture_output=True, text=True, timeout=120, check=False,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout) if done.stdout else {"said": done.stderr}


@pytest.fixture
def course(tmp_path):
    """A course with a class list of three, and an honest notebook."""
    assignment = small_course(tmp_path / "course")
    rows = [
        f"{name},{name.title()},{name}@x.org,{n}" for n, name in enumerate(("ada", "ben", "cyd"))
    ]
    (tmp_path / "course" / "class.csv").write_text("\n".join(["id,name,email,lms_id", *rows]))
    return tmp_path / "course", as_bytes(right(assignment))


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def as_link(archive: zipfile.ZipFile, name: str, target: str) -> None:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(entry, target)


def say_size(path: Path, name: str, size: int) -> None:
    """Make a zip lie about the size of an entry."""
    data = bytearray(path.read_bytes())
    for signature, name_at, size_at in ((b"PK\1\2", 46, 24), (b"PK\3\4", 30, 22)):
        at = data.index(name.encode(), data.index(signature))
        while data[at - name_at : at - name_at + 4] != signature:
            at = data.index(name.encode(), at + 1)
        struct.pack_into("<I", data, at - name_at + size_at, size)
    path.write_bytes(data)


def test_bombs_and_links_cost_their_students_alone(tmp_path, course):
    root, honest = course
    source = packed(
        tmp_path / "class.zip",
        {f"ada/{NAME}.ipynb": honest, f"ben/{NAME}.ipynb": bytes(3 * 10**8), "ben/in.zip": b"PK"},
    )
    with zipfile.ZipFile(source, "a") as archive:
        as_link(archive, f"cyd/{NAME}.ipynb", "/etc/passwd")
    status, told = collected(root, source)
    assert status == 1
    assert [one["student"] for one in told["collected"]] == ["ada"]
    reasons = {one["source"]: one["reason"] for one in told["problems"]}
    assert "300 MB" in reasons[f"ben/{NAME}.ipynb"]
    assert reasons[f"cyd/{NAME}.ipynb"] == "is a link"
    assert sorted(told["missing"]) == ["ben", "cyd"]


def test_a_bomb_that_lies_about_its_size_is_found_out(tmp_path, course):
    root, honest = course
    bomb = f"ben/{NAME}.ipynb"
    source = packed(tmp_path / "class.zip", {f"ada/{NAME}.ipynb": honest, bomb: bytes(3 * 10**8)})
    say_size(source, bomb, 1000)
    status, told = collected(root, source)
    assert status == 1
    assert [one["student"] for one in told["collected"]] == ["ada"]
    assert told["problems"][0]["reason"].startswith("is damaged")


def test_a_bomb_of_entries_that_share_their_bytes_stays_small(tmp_path, course):
    root, honest = course
    source = packed(tmp_path / "class.zip", {f"ada/{NAME}.ipynb": honest})
    data = source.read_bytes()
    start = data.index(b"PK\1\2")
    end = data.index(b"PK\5\6")
    entry = data[start:end]  # a hundred thousand entries, all at the place of the one file
    count = 60_000
    tail = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(entry) * count, start, 0)
    source.write_bytes(data[:start] + entry * count + tail)
    status, told = collected(root, source)
    assert status == 2
    assert "in several parts" in told["said"]
    assert not (root / "submitted").exists()


@pytest.mark.parametrize("name", ["../../ada.ipynb", "/tmp/ada.ipynb", "ada\\..\\..\\b.ipynb"])
def test_a_name_that_leads_out_collects_nothing(tmp_path, course, name):
    root, honest = course
    source = packed(tmp_path / "class.zip", {f"ada/{NAME}.ipynb": honest, name: honest})
    status, told = collected(root, source)
    assert status == 2
    assert "leads out of it" in told["said"]
    assert not (root / "submitted").exists()


def test_a_folder_of_links_pipes_and_names_is_collected(tmp_path, course):
    root, honest = course
    for student in ("ada", "ben", "cyd"):
        (tmp_path / "files" / student).mkdir(parents=True)
    (tmp_path / "files" / "ada" / f"{NAME}.ipynb").write_bytes(honest)
    os.mkfifo(tmp_path / "files" / "ben" / f"{NAME}.ipynb")
    (tmp_path / "files" / "cyd" / f"{NAME}.ipynb").symlink_to(root / "class.csv")
    (tmp_path / "files" / "again").symlink_to(tmp_path / "files")
    (tmp_path / "files" / os.fsdecode(b"\xff\x1b[2J.ipynb")).write_bytes(honest)
    status, told = collected(root, tmp_path / "files")
    assert status == 1
    assert [one["student"] for one in told["collected"]] == ["ada"]
    reasons = {one["reason"] for one in told["problems"]}
    assert reasons == {"is a link", "is not a plain file", "names no student of the class list"}
