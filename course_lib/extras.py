"""The extras of the installation: which one brings a package, and how to install it."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

# Packages that are imported under another name than the one that pip knows.
_IMPORTED_AS = {
    "beautifulsoup4": "bs4",
    "opencv-python-headless": "cv2",
    "pyyaml": "yaml",
    "pyzmq": "zmq",
}
_REQUIREMENT = re.compile(r"""([\w.-]+)(?:.*extra == ["'](\w+)["'])?""")


def extra_of(module: str | None) -> str | None:
    """Return the smallest extra that brings a module, or None if none of them does.

    Examples
    --------
    >>> extra_of("keras_tuner.engine"), extra_of("numpy")
    ('automl', None)
    """
    try:
        requirements = requires("course-lib") or []
    except PackageNotFoundError:
        return None
    wanted = (module or "").partition(".")[0]
    sizes: Counter[str | None] = Counter()
    bringing = set()
    for requirement in requirements:
        package, extra = _REQUIREMENT.match(requirement).groups()
        sizes[extra] += 1
        if _IMPORTED_AS.get(package, package.replace("-", "_")) == wanted:
            bringing.add(extra)
    # The build backend may write what an extra takes from another one under both of them.
    return None if None in bringing else min(bringing, key=sizes.__getitem__, default=None)


def install_command(extra: str) -> str:
    """Return the command that installs an extra: with the tested versions where they are known."""
    root = Path(__file__).resolve().parent.parent
    if not (root / "constraints.txt").is_file():
        return f'pip install "course-lib[{extra}]"'
    python = Path(sys.executable)
    if python.is_relative_to(root):
        python = python.relative_to(root)
    where = "" if Path(os.getcwd()) == root else f"cd {root} && "
    return f'{where}{python} -m pip install -c constraints.txt -e ".[{extra}]"'
