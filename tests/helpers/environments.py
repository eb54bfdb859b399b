"""Environments of their own for tests: other Pythons, other versions, nothing but the core."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

COLAB = Path(__file__).with_name("colab.txt")
COLAB_PYTHON = "3.13"


def find_python(version: str) -> str | None:
    """Return an interpreter of a version such as "3.13" that starts, or None.

    Looked for on the PATH and among pyenv's, newest first.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    installed = sorted(pyenv.glob(f"{version}.*/bin/python{version}"), key=_patch, reverse=True)
    asked = "import sys; print('%d.%d' % sys.version_info[:2])"
    for found in (shutil.which(f"python{version}"), *installed):
        if found:
            # pyenv's stand-ins on the PATH start nothing where a version is not switched on.
            told = subprocess.run([found, "-c", asked], capture_output=True, text=True, check=False)
            if told.stdout.strip() == version:
                return str(found)
    return None


def _patch(interpreter: Path) -> list[int]:
    return [int(part) for part in interpreter.parents[1].name.split(".") if part.isdecimal()]


def make(
    folder: Path,
    python: str,
    requirements: Sequence[str],
    constraints: Iterable[str] = (),
    *,
    dependencies: bool = True,
) -> Path:
    """Make a virtual environment, and return its interpreter.

    Parameters
    ----------
    folder : pathlib.Path
        New.
    python : str
        The interpreter to make it with, or its version.
    requirements, constraints : sequence of str
        As in requirements.txt. pip is there only if it is required.
    dependencies : bool, optional
        Whether to install what the requirements need; without, exactly what they name.
    """
    _uv("venv", "--python", python, str(folder))
    interpreter = folder / "bin" / "python"
    listed = _written(folder / "requirements.txt", requirements)
    bounds = _written(folder / "constraints.txt", constraints)
    only = [] if dependencies else ["--no-deps"]
    where = ["--python", str(interpreter)]
    _uv("pip", "install", *where, *only, "--requirement", listed, "--constraint", bounds)
    return interpreter


def resolve(
    requirements: Sequence[str], python_version: str, folder: Path, constraints: Iterable[str] = ()
) -> list[str]:
    """Return the exact versions that would be installed under a Python that need not be there."""
    listed = _written(folder / "requirements.txt", requirements)
    bounds = _written(folder / "constraints.txt", constraints)
    told = _uv(
        "pip", "compile", listed, "--constraint", bounds, "--python-version", python_version,
        "--python-platform", "x86_64-manylinux_2_28", "--no-annotate", "--no-header",
    )  # fmt: skip
    return told.split()


def versions(path: Path) -> list[str]:
    """Return the entries of a list of versions, such as "keras==3.13.2"."""
    lines = path.read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _written(path: Path, lines: Iterable[str]) -> str:
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return str(path)


def _uv(*words: str) -> str:
    command = [sys.executable, "-m", "uv", "--quiet", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "error sending request" in done.stderr:
        pytest.skip("no registry of packages can be reached")
    assert done.returncode == 0, done.stderr
    return done.stdout
