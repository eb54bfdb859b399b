"""What all tests share: no test reads a classroom mirror or the user's cache unless it asks to."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import hypothesis
import pytest

from course_staff.running.session import share_of_cores

# A busy machine is no failure: properties are asserted, not how long one example takes. The same
# examples are tried every time; `pytest --hypothesis-profile=search` looks for others.
hypothesis.settings.register_profile("course", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None, max_examples=3000)
hypothesis.settings.load_profile("course")

# A shell that starts the tests in the background has SIGINT ignored, and so would all that they
# start: programs that tests interrupt are to hear it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Modules that tests import: no tests, and no doctests either.
collect_ignore = ["helpers"]

# Started first where several modules run at a time, the longest one before all others.
LONGEST = ("test_lessons", "test_colab", "test_answers", "test_hostile_class", "test_readme")

# Modules that run at a time leave each other their cores, as lessons do that run side by side.
os.environ.update(share_of_cores(int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))))

ROOT = Path(__file__).resolve().parent.parent
MIRROR = os.environ.get("COURSE_DATA_DIR")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes longest first, and leave the rest in its order."""
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(ranks)))


@pytest.fixture(autouse=True)
def _no_data_around(monkeypatch: pytest.MonkeyPatch, tmp_path_factory) -> None:
    monkeypatch.delenv("COURSE_DATA_DIR", raising=False)
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The mirror of real data that COURSE_DATA_DIR named when the tests were started."""
    if not MIRROR:
        pytest.skip("needs real data: set COURSE_DATA_DIR to a mirror")
    folder = Path(MIRROR).resolve()
    monkeypatch.setenv("COURSE_DATA_DIR", str(folder))
    return folder


@pytest.fixture(scope="session")
def root() -> Path:
    """The course's folder."""
    return ROOT
