"""Download files: quick to fail, checked before they are used, moved in place in one step."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from course_lib.datasets.checksums import sha256
from course_lib.datasets.entries import RemoteFile
from course_lib.datasets.progress import DownloadBar, FileShare
from course_lib.errors import DataError

CONNECT_SECONDS = 4.0  # name look-up and connection together, over all of a host's addresses
READ_SECONDS = 8.0  # longest silence of a server that had answered
FORGET_SECONDS = 60.0  # a host that did not answer is left alone for so long
CHUNK_BYTES = 2**16
MAX_PARALLEL = 4  # a few small files side by side hide the latency, and burden no server

_hosts: dict[tuple[str, int], tuple[float, str]] = {}  # when it was tried, and what went wrong
_hosts_lock = threading.Lock()


class DownloadFailed(DataError):
    """A file did not arrive whole and right; `reason` is the message without its remedy."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}: {remedy}.")
        self.reason = reason


@contextmanager
def staging(cache: Path) -> Iterator[Path]:
    """Make a folder for half-finished files inside the cache, and remove it at the end.

    Raises
    ------
    DataError
        If the cache cannot be written, or the disk is full.
    """
    try:
        cache.mkdir(parents=True, exist_ok=True)
        _clear_abandoned(cache)
        stage = Path(tempfile.mkdtemp(prefix=".download-", dir=cache))
    except OSError as error:
        raise cannot_write(cache, error) from None
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _clear_abandoned(cache: Path) -> None:
    """Remove the files of downloads that were killed more than a day ago."""
    for folder in cache.glob(".download-*"):
        with suppress(FileNotFoundError):  # another process has just finished with it
            if time.time() - folder.stat().st_mtime > 24 * 3600:
                shutil.rmtree(folder, ignore_errors=True)


def cannot_write(folder: Path, error: OSError) -> DataError:
    """Return the error that a folder cannot be written, with its remedy."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DataError(
            f"The disk of {folder} is full: make room, or set COURSE_CACHE_DIR to a folder "
            "on another disk."
        )
    reason = error.strerror or type(error).__name__
    return DataError(
        f"The folder {folder} cannot be written ({reason}): set COURSE_CACHE_DIR to a folder "
        "that you may write to."
    )


def download_all(
    files: Sequence[RemoteFile],
    targets: Sequence[Path],
    title: str,
    *,
    then: Callable[[RemoteFile, Path], None] | None = None,
) -> None:
    """Download files to `targets`, a few at a time under one bar, and check each.

    Parameters
    ----------
    files : sequence of RemoteFile
    targets : sequence of Path
        As many; their folders are made.
    title : str
        The bar's label.
    then : callable
        Called with each file and its target as soon as it has arrived whole and right.

    Raises
    ------
    DownloadFailed
        For the first file that does not arrive whole and right; the others are given up.
    DataError
        If a target cannot be written.
    """
    sizes = [file.size for file in files]
    total = None if None in sizes else sum(sizes)

    def download(file: RemoteFile, target: Path) -> None:
        _download(file, target, bar)
        if then:
            then(file, target)

    with DownloadBar(title, total) as bar:
        if len(files) == 1:
            return download(files[0], targets[0])
        pool = ThreadPoolExecutor(MAX_PARALLEL)
        try:
            jobs = [pool.submit(download, *pair) for pair in zip(files, targets, strict=True)]
            for job in wait(jobs, return_when=FIRST_EXCEPTION).done:
                job.result()
        finally:
            bar.stopped.set()
            pool.shutdown(cancel_futures=True)


def _download(file: RemoteFile, target: Path, bar: DownloadBar) -> None:
    """Download one file and check its size and checksum as far as they are known."""
    import pooch
    import requests

    address = urlsplit(file.url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise DownloadFailed(f"{file.url!r} is not a web address", "start it with https://")
    _reach(file.url)
    fetch = pooch.HTTPDownloader(
        progressbar=FileShare(bar),
        chunk_size=CHUNK_BYTES,
        timeout=(CONNECT_SECONDS, READ_SECONDS),
        headers={"Accept-Encoding": "identity"},  # the file's own bytes, which the checksum is of
    )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fetch(file.url, str(target), None)
    except requests.HTTPError as error:
        status = f"{error.response.status_code} {error.response.reason}".strip()
        raise DownloadFailed(
            f"{file.url} answered {status}",
            "the file may have moved, so set COURSE_DATA_DIR to a folder that has it",
        ) from None
    except (requests.ConnectionError, requests.Timeout):
        reason = f"{address.hostname} broke the connection or was silent for {READ_SECONDS:g} s"
        with _hosts_lock:
            _hosts[_gateway(file.url)] = (time.monotonic(), reason)
        raise DownloadFailed(reason, "connect to the network and try again") from None
    except requests.RequestException as error:
        raise DownloadFailed(
            f"the download of {file.url} broke off ({type(error).__name__})", "try again"
        ) from None
    except OSError as error:
        raise cannot_write(target.parent, error) from None
    _check(file, target)


def _check(file: RemoteFile, target: Path) -> None:
    size = target.stat().st_size
    if file.size is not None and size != file.size:
        raise DownloadFailed(
            f"the download of {file.url} has {size:,} bytes where {file.size:,} are expected",
            "it was cut off or is another file, so try again",
        )
    if file.sha256 and (digest := sha256(target)) != file.sha256:
        raise DownloadFailed(
            f"the download of {file.url} has the wrong checksum (SHA-256 {digest[:12]}… where "
            f"{file.sha256[:12]}… is expected)",
            "try again, or set COURSE_DATA_DIR to a folder that has the right file",
        )


def place(new: Path, target: Path) -> None:
    """Move a finished file to its place in one step; parallel processes may do the same."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(new, target)
    except OSError as error:
        # Windows refuses while another process reads the same file, which that one has just placed.
        if (
            isinstance(error, PermissionError)
            and target.is_file()
            and sha256(target) == sha256(new)
        ):
            return
        raise cannot_write(target.parent, error) from None


def _gateway(url: str) -> tuple[str, int]:
    """Return host and port that a request for `url` connects to: the server's, or a proxy's."""
    from requests.utils import get_environ_proxies, select_proxy

    proxy = select_proxy(url, get_environ_proxies(url))
    if proxy and "://" not in proxy:
        proxy = f"http://{proxy}"
    address = urlsplit(proxy or url)
    return address.hostname or "", address.port or (80 if address.scheme == "http" else 443)


def _reach(url: str) -> None:
    """Connect once to the host of `url`, within CONNECT_SECONDS however its name look-up hangs."""
    gateway = _gateway(url)
    with _hosts_lock:  # the other threads wait for the first one's answer
        tried, reason = _hosts.get(gateway, (0.0, None))
        if reason is None or (reason and time.monotonic() - tried > FORGET_SECONDS):
            reason = _try_to_connect(*gateway)
            _hosts[gateway] = (time.monotonic(), reason)
    if reason:
        raise DownloadFailed(reason, "connect to the network and try again")


def _try_to_connect(host: str, port: int) -> str:
    """Return why a host cannot be reached, in words; empty where it can."""
    outcome: list[str] = []

    def attempt() -> None:
        try:
            socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
            outcome.append("")
        except OSError as error:
            outcome.append(f"{host} cannot be reached ({error.strerror or 'no answer'})")

    thread = threading.Thread(
        target=attempt, daemon=True
    )  # a hanging look-up cannot be interrupted
    thread.start()
    thread.join(CONNECT_SECONDS)
    return outcome[0] if outcome else f"{host} does not answer within {CONNECT_SECONDS:g} s"
