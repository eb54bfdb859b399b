from __future__ import annotations

import errno
import io
import os
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from small_server import sha256, tree

from course_lib import datasets
from course_lib.datasets import Archive, Dataset, downloading, progress
from course_lib.datasets.entries import Pick
from course_lib.errors import DataError

LETTERS = {"letters/a.txt": b"aaaa", "letters/b.txt": b"bbbbbb"}


def failure(dataset) -> str:
    started = time.monotonic()
    with pytest.raises(DataError) as caught:
        datasets.fetch(dataset)
    assert time.monotonic() - started < 25  # what hangs, does so for 30 s
    return str(caught.value)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(downloading, "READ_SECONDS", 0.5)


# Servers that misbehave


@pytest.mark.parametrize("published", [True, False])
def test_a_truncated_download_leaves_nothing_behind(cache, server, dataset_of, published):
    dataset = dataset_of({"a.bin": b"a" * 1000}, published=published)
    server.files["/a.bin"] = server.truncate
    assert "broke off" in failure(dataset) or "100 bytes where 1,000" in failure(dataset)
    assert tree(cache) == {}
    assert list(cache.iterdir()) == []


def test_wrong_bytes_are_refused(cache, server, dataset_of):
    dataset = dataset_of(LETTERS)
    server.files["/letters/b.txt"] = b"bbbbbX"
    assert "letters/b.txt has the wrong checksum" in failure(dataset)
    assert "letters/b.txt" not in tree(cache)
    assert not list(cache.glob(".download-*"))


def test_a_file_of_another_size_is_refused(cache, server, dataset_of):
    dataset = dataset_of(LETTERS)
    server.files["/letters/b.txt"] = b"<html>Please log in</html>"
    assert "has 26 bytes where 6 are expected" in failure(dataset)


@pytest.mark.parametrize("status", [404, 503])
def test_a_refusal_is_told_with_its_status(cache, server, dataset_of, status):
    dataset = dataset_of({"a.bin": b"a"})
    server.files["/a.bin"] = status
    assert f"/a.bin answered {status}" in failure(dataset)


@pytest.mark.parametrize("how", ["hang", "hang_midway"])
def test_a_silent_server_is_given_up(cache, server, dataset_of, how, impatient):
    dataset = dataset_of({"a.bin": b"a" * 1000})
    server.files["/a.bin"] = getattr(server, how)
    assert "silent for 0.5 s" in failure(dataset)
    assert tree(cache) == {}


def test_a_host_that_failed_is_not_asked_for_its_other_files(cache, server, dataset_of, impatient):
    dataset = dataset_of({"a.bin": b"a"})
    server.files["/a.bin"] = server.hang
    failure(dataset)
    assert "silent" in failure(dataset_of({"other.bin": b"b"}))
    assert server.requests == ["/a.bin"]


def test_a_host_is_asked_again_after_a_while(cache, server, dataset_of, monkeypatch, impatient):
    dataset = dataset_of({"a.bin": b"a"})
    server.files["/a.bin"] = server.hang
    failure(dataset)
    monkeypatch.setattr(downloading, "FORGET_SECONDS", 0.0)
    server.files["/a.bin"] = b"a"
    assert datasets.fetch(dataset).origin == "download"


def test_a_closed_port_is_told_at_once(cache, server, dataset_of):
    dataset = dataset_of(LETTERS)
    server.close()
    assert "127.0.0.1 cannot be reached" in failure(dataset)


def test_a_name_look_up_that_hangs_is_given_up(cache, server, dataset_of, monkeypatch):
    def hang(*_: object, **__: object) -> socket.socket:
        server.released.wait(30)
        return socket.socket()

    monkeypatch.setattr(socket, "create_connection", hang)
    assert "does not answer within 2 s" in failure(dataset_of(LETTERS))


def test_a_proxy_is_what_has_to_answer(cache, server, monkeypatch):
    server.files["http://course.invalid/a.bin"] = b"a"
    monkeypatch.setenv("http_proxy", server.url)
    file = datasets.RemoteFile("a.bin", "http://course.invalid/a.bin", sha256(b"a"), 1)
    assert datasets.fetch(Dataset("own", "", "", "", "", (file,))).origin == "download"


def test_one_bad_file_of_many_loses_none_that_came_well(cache, server, dataset_of):
    contents = {f"many/{i:02}.bin": bytes([i]) * 50 for i in range(20)}
    dataset = dataset_of(contents)
    server.files["/many/19.bin"] = 404
    assert "many/19.bin answered 404" in failure(dataset)
    kept = tree(cache)
    assert kept
    assert all(contents[path] == content for path, content in kept.items())
    server.files["/many/19.bin"] = contents["many/19.bin"]
    with pytest.warns(datasets.DataWarning, match="is missing"):
        datasets.fetch(dataset)
    assert tree(cache) == contents


# Folders that cannot be written


def test_an_unwritable_cache_is_named_with_the_remedy(tmp_path, monkeypatch, dataset_of):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "file" / "cache"))
    said = failure(dataset_of(LETTERS))
    assert f"{tmp_path / 'file' / 'cache'} cannot be written" in said
    assert "COURSE_CACHE_DIR" in said


def test_a_full_disk_is_named_with_the_remedy(cache, dataset_of, monkeypatch):
    import pooch

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", full)
    said = failure(dataset_of(LETTERS))
    assert "is full" in said
    assert "COURSE_CACHE_DIR" in said
    assert list(cache.iterdir()) == []


def test_what_killed_downloads_left_is_cleared_after_a_day(cache, dataset_of):
    old, new = cache / ".download-old", cache / ".download-new"
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "half").write_bytes(b"?")
    os.utime(old, (0, 0))
    datasets.fetch(dataset_of(LETTERS))
    assert (old.exists(), new.exists()) == (False, True)


# Several at once


def test_four_processes_may_fetch_the_same_at_once(tmp_path, server, monkeypatch):
    content = os.urandom(3_000_000)
    path = "regression/california_housing.npz"
    server.files[f"/{path}"] = content
    server.files["/SHA256SUMS"] = f"{sha256(content)}  {path}\n".encode()
    environment = os.environ | {
        "COURSE_CACHE_DIR": str(tmp_path / "cache"),
        "COURSE_DATA_URL": server.url,
    }
    code = (
        "from course_lib import datasets; f = datasets.fetch('california_housing'); "
        "print(f.origin, f.files.popitem()[1].stat().st_size)"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    said = [child.communicate(timeout=60)[0].split() for child in children]
    assert [size for _, size in said] == [b"3000000"] * 4
    assert {origin for origin, _ in said} <= {b"download", b"cache"}
    kept = tree(tmp_path / "cache")
    assert sorted(kept) == [path, path + ".sha256"]
    assert kept[path] == content


# A web share


def test_a_web_share_replaces_all_addresses(cache, server, dataset_of, monkeypatch):
    dataset = dataset_of(LETTERS, serve=False)
    others = {path: content.upper() for path, content in LETTERS.items()}
    for path, content in others.items():
        server.files[f"/share/{path}"] = content
    lines = "".join(f"{sha256(content)}  ./{path}\n" for path, content in others.items())
    server.files["/share/SHA256SUMS"] = lines.encode()
    monkeypatch.setenv("COURSE_DATA_URL", server.url + "/share/")
    assert datasets.fetch(dataset)["letters/a.txt"].read_bytes() == b"AAAA"
    monkeypatch.delenv("COURSE_DATA_URL")
    assert datasets.fetch(dataset).origin == "cache"


def test_after_a_share_the_public_file_may_take_its_place_again(
    cache, server, dataset_of, monkeypatch
):
    dataset = dataset_of({"a.bin": b"public"})
    server.files["/share/a.bin"] = b"shared"
    server.files["/share/SHA256SUMS"] = f"{sha256(b'shared')}  a.bin\n".encode()
    monkeypatch.setenv("COURSE_DATA_URL", server.url + "/share")
    datasets.fetch(dataset)
    monkeypatch.delenv("COURSE_DATA_URL")
    (cache / "a.bin").unlink()
    assert datasets.fetch(dataset)["a.bin"].read_bytes() == b"public"
    assert datasets.fetch(dataset).origin == "cache"
    assert tree(cache) == {"a.bin": b"public"}


def test_a_share_that_lacks_the_data_is_named(cache, server, dataset_of, monkeypatch):
    dataset = dataset_of(LETTERS)
    server.files["/SHA256SUMS"] = b""
    monkeypatch.setenv("COURSE_DATA_URL", server.url)
    assert "/SHA256SUMS does not list letters/a.txt" in failure(dataset)


def test_an_address_that_is_none_is_named(cache, dataset_of, monkeypatch):
    monkeypatch.setenv("COURSE_DATA_URL", "share/course")
    assert "'share/course/SHA256SUMS' is not a web address" in failure(dataset_of(LETTERS))


# Archives


@pytest.fixture
def pets(server):
    """A data set that takes two of four pictures of an archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as zipped:
        for number in (0, 1, 2, 10):
            zipped.writestr(f"all/cats/cat.{number}.jpg", f"cat {number}")
        zipped.writestr("all/cats/../../../cat.3.jpg", "outside")
        zipped.writestr("all/readme.txt", "no picture")
    server.files["/all.zip"] = content.getvalue()
    picks = (Pick("all/cats", "train/cats", 0, 2), Pick("all/cats", "test/cats", 2, 4))
    archive = Archive(f"{server.url}/all.zip", "pets", picks, size=len(content.getvalue()))
    return Dataset("pets", "Pets", "", "", "", archive=archive)


UNPACKED = {
    "pets/train/cats/cat.0.jpg": b"cat 0",
    "pets/train/cats/cat.1.jpg": b"cat 1",
    "pets/test/cats/cat.2.jpg": b"cat 2",
    "pets/test/cats/cat.10.jpg": b"cat 10",
}


def without_sums(folder: Path) -> dict[str, bytes]:
    return {path: c for path, c in tree(folder).items() if not path.endswith("SHA256SUMS")}


def test_an_archive_is_unpacked_by_the_numbers_of_its_pictures(cache, pets):
    fetched = datasets.fetch(pets)
    assert fetched.origin == "download"
    assert {name: path.read_bytes() for name, path in fetched.files.items()} == UNPACKED
    assert without_sums(cache.parent) == {f"cache/{path}": c for path, c in UNPACKED.items()}
    assert datasets.fetch(pets).origin == "cache"


def test_a_picture_lost_or_changed_after_unpacking_is_noticed(cache, pets):
    datasets.fetch(pets)
    (cache / "pets/train/cats/cat.0.jpg").unlink()
    (cache / "pets/train/cats/cat.1.jpg").write_bytes(b"dog 1")
    statuses = [check.status for check in datasets.verify(pets)]
    assert sorted(statuses) == ["corrupt", "missing", "ok", "ok"]
    with pytest.warns(datasets.DataWarning, match=r"cat\.1\.jpg does not match .*and 1 more"):
        assert datasets.fetch(pets).origin == "download"
    assert without_sums(cache) == UNPACKED


def test_a_file_that_is_no_archive_is_refused(cache, pets, server):
    server.files["/all.zip"] = b"<" * pets.archive.size
    assert "all.zip is not the expected zip file" in failure(pets)
    assert list(cache.iterdir()) == []


def test_an_archive_with_too_few_pictures_is_refused(cache, pets, server):
    from dataclasses import replace

    picks = (Pick("all/cats", "train/cats", 0, 9),)
    pets = replace(pets, archive=replace(pets.archive, picks=picks))
    assert "all/cats has 4 pictures, not 9" in failure(pets)
    assert list(cache.iterdir()) == []


def test_a_mirror_may_hold_other_pictures_of_an_archive(own_mirror, cache, pets):
    for path in ("pets/train/cats/cat.7.jpg", "pets/test/cats/cat.8.jpg"):
        (own_mirror / path).parent.mkdir(parents=True)
        (own_mirror / path).write_bytes(b"cat")
    assert sorted(datasets.fetch(pets).files) == [
        "pets/test/cats/cat.8.jpg",
        "pets/train/cats/cat.7.jpg",
    ]


def test_a_web_share_gives_an_archive_s_pictures_one_by_one(cache, pets, server, monkeypatch):
    server.files = {f"/{path}": content for path, content in UNPACKED.items()}
    sums = "".join(f"{sha256(content)}  {path}\n" for path, content in UNPACKED.items())
    server.files["/SHA256SUMS"] = sums.encode()
    monkeypatch.setenv("COURSE_DATA_URL", server.url)
    assert datasets.fetch(pets).origin == "download"
    assert without_sums(cache) == UNPACKED
    assert datasets.fetch(pets).origin == "cache"


# Progress


def test_a_terminal_gets_a_bar(cache, dataset_of, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    datasets.fetch(dataset_of(LETTERS))
    assert "Letters" in terminal.getvalue()


def test_a_log_stays_clean(cache, dataset_of, capsys):
    datasets.fetch(dataset_of(LETTERS))
    assert capsys.readouterr() == ("", "")


def test_a_notebook_says_that_a_download_failed(monkeypatch):
    shown = []

    class Display:
        def update(self, bundle, raw):
            shown.append(bundle["text/plain"])

    monkeypatch.setattr(progress, "_in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda *args, **options: Display())
    with pytest.raises(OSError, match="no network"), progress.DownloadBar("Digits", 10):
        raise OSError("no network")
    assert shown == ["Digits: not downloaded"]
