"""A Jupyter server extension: terminals and kernels find the `course` program."""

from __future__ import annotations

import os
import sys
from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "course_lib.jupyter"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Put this installation's programs first on the PATH that terminals and kernels inherit."""
    programs = os.path.dirname(sys.executable)
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    os.environ["PATH"] = os.pathsep.join(
        [programs, *(folder for folder in path if folder != programs)]
    )
    if os.name == "posix":  # a login shell, the default without a terminal, makes a PATH of its own
        shell = {"shell_command": [os.environ.get("SHELL") or "sh"]}
        server.terminado_settings = shell | server.terminado_settings
