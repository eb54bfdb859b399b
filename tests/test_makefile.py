"""`make` refuses a Python that does not fit, and repairs a set-up that was interrupted."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def folder(root, tmp_path) -> Path:
    shutil.copy(root / "Makefile", tmp_path)
    return tmp_path


def make(folder: Path, *words: str) -> subprocess.CompletedProcess:
    command = ["make", "-C", str(folder), ".venv/.made", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def fake_python(folder: Path) -> Path:
    """Return a Python that says of itself that it is 3.14."""
    python = folder / "python3.14"
    newer = f'exec {sys.executable} -c "import sys; sys.version_info = (3, 14, 0); $2"'
    python.write_text(f"#!/bin/sh\n{newer}\n")
    python.chmod(0o755)
    return python


@pytest.mark.parametrize("made", [fake_python, lambda folder: folder / "nowhere" / "python"])
def test_a_python_that_does_not_fit_is_refused_before_anything_is_made(folder, made):
    python = made(folder)
    done = make(folder, f"PYTHON={python}")
    assert done.returncode
    assert f"{python} is not a Python from 3.11 to 3.13: install one, or name it" in done.stderr
    assert not (folder / ".venv").exists()


def test_where_there_is_no_python_make_says_what_to_install(folder):
    done = make(folder, "PYTHON=")
    assert done.returncode
    assert "There is no Python from 3.11 to 3.13: install one, or name it" in done.stderr
    assert not (folder / ".venv").exists()


def test_a_half_made_environment_is_made_anew_and_a_whole_one_is_kept(folder):
    python = folder / ".venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / ".venv"], check=True)
    assert make(folder, f"PYTHON={sys.executable}").returncode == 0
    subprocess.run([python, "-m", "pip", "--version"], check=True)

    (folder / ".venv" / "mine").touch()
    (folder / ".venv" / ".made").unlink()
    assert make(folder, "PYTHON=/nowhere").returncode == 0
    assert (folder / ".venv" / "mine").exists()
