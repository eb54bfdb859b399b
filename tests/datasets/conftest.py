"""A small server and data sets that it offers, an empty cache and an empty mirror."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_server import Server, sha256

from course_lib.datasets import Dataset, RemoteFile, downloading


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("COURSE_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def own_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty mirror for the test to fill."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    monkeypatch.setenv("COURSE_DATA_DIR", str(folder))
    return folder


@pytest.fixture(autouse=True)
def _quick_to_give_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short time limit, no address from outside, and no host remembered from another test."""
    monkeypatch.delenv("COURSE_DATA_URL", raising=False)
    for variable in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.upper(), raising=False)
    monkeypatch.setattr(downloading, "CONNECT_SECONDS", 2.0)
    monkeypatch.setattr(downloading, "_hosts", {})


@pytest.fixture
def dataset_of(server: Server) -> Callable[..., Dataset]:
    """Make a data set of small files that the server offers."""

    def make(contents: dict[str, bytes], *, published: bool = True, serve: bool = True) -> Dataset:
        files = []
        for path, content in contents.items():
            if serve:
                server.files[f"/{path}"] = content
            known = {"sha256": sha256(content), "size": len(content)} if published else {}
            files.append(RemoteFile(path, f"{server.url}/{path}", **known))
        return Dataset("letters", "Letters", "CC0", "Nobody", "", tuple(files), sample="")

    return make
