"""Hostile and broken submissions, as data: what each one tries, and what it gets for it.

Every bomb is bounded, well above what a submission may use: if the sandbox fails, a test fails and
not the machine that it runs on.
"""

from hostile import (
    files,
    forging,
    formats,
    lying,
    nbgraders,
    pages,
    protocol,
    reading,
    resources,
    trespassing,
)  # fmt: skip
from hostile.honest import HONEST

ENTRIES = [
    *reading.ENTRIES,
    *forging.ENTRIES,
    *lying.ENTRIES,
    *protocol.ENTRIES,
    *resources.ENTRIES,
    *trespassing.ENTRIES,
    *files.ENTRIES,
    *formats.ENTRIES,
    *nbgraders.ENTRIES,
    *pages.ENTRIES,
]

__all__ = ["ENTRIES", "HONEST"]
