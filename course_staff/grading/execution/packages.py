"""The installed packages: the behaviour of student code depends on all of them."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path

_MAX_NAMED = 5
_MISSING = "missing"


def installed() -> dict[str, str]:
    """Return the version of Python and of every installed package, by name.

    Copies of packages that setuptools brings in its folder _vendor do not count: they are found in
    processes that happened to import setuptools, and in no others.
    """
    versions = {"Python": platform.python_version()}
    folders = [folder for folder in sys.path if Path(folder).name != "_vendor"]
    for distribution in metadata.distributions(path=folders):
        # The remains of a broken installation have neither, and some libraries raise for that.
        with suppress(OSError, KeyError, ImportError):
            name, version = distribution.name, distribution.version
            if not name or not version:
                continue
            # The first one is what is imported.
            versions.setdefault(re.sub(r"[-_.]+", "-", name).lower(), version)
    return dict(sorted(versions.items()))


def merge_versions(everywhere: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return the packages of several machines; a version that differs names each."""
    machines = list(everywhere)
    return {
        name: " or ".join(sorted({machine.get(name, _MISSING) for machine in machines}))
        for name in sorted({name for machine in machines for name in machine})
    }


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Return the changes in words, such as "pandas 2.3.3 is new"."""
    changes = []
    for name in sorted({*before, *now}):
        if name not in before:
            changes.append(f"{name} {now[name]} is new")
        elif name not in now:
            changes.append(f"{name} {before[name]} is gone")
        elif before[name] != now[name]:
            changes.append(f"{name} {before[name]} is now {now[name]}")
    if len(changes) > _MAX_NAMED:
        changes[_MAX_NAMED:] = [f"{len(changes) - _MAX_NAMED} more"]
    return ", ".join(changes)
