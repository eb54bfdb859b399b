from __future__ import annotations

import stat
import warnings

import pytest
from small_server import sha256, tree

from course_lib import datasets
from course_lib.datasets import Dataset, RemoteFile, checksums
from course_lib.errors import DataError

LETTERS = {"letters/a.txt": b"aaaa", "letters/b.txt": b"bbbbbb"}


@pytest.fixture(autouse=True)
def _no_warning_unless_expected():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def fill(folder, contents, *, sums=None):
    for path, content in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    if sums is not None:
        lines = "".join(f"{sha256(content)} *./{path}\n" for path, content in sums.items())
        (folder / "SHA256SUMS").write_text(lines)


# The mirror


def test_the_mirror_comes_first(own_mirror, cache, dataset_of, server):
    fill(own_mirror, LETTERS, sums=LETTERS)
    fill(cache, LETTERS)
    fetched = datasets.fetch(dataset_of(LETTERS))
    assert (fetched.origin, fetched.folder) == ("mirror", own_mirror)
    assert fetched["letters/a.txt"].read_bytes() == b"aaaa"
    assert server.requests == []


def test_a_mirror_may_hold_other_bytes_when_its_own_checksums_say_so(own_mirror, cache, dataset_of):
    others = {path: content + b"!" for path, content in LETTERS.items()}
    fill(own_mirror, others, sums=others)
    assert datasets.fetch(dataset_of(LETTERS)).origin == "mirror"


def test_without_a_line_of_its_own_a_mirror_is_held_to_the_catalogue(own_mirror, cache, dataset_of):
    fill(own_mirror, LETTERS)
    assert datasets.fetch(dataset_of(LETTERS)).origin == "mirror"


@pytest.mark.parametrize("sums", [LETTERS, None], ids=["SHA256SUMS", "catalogue"])
def test_a_corrupt_mirror_file_is_named_and_not_used(own_mirror, cache, dataset_of, sums):
    fill(own_mirror, {**LETTERS, "letters/b.txt": b"bbbbbX"}, sums=sums)
    before = tree(own_mirror)
    with pytest.warns(datasets.DataWarning, match=r"mirror is not used: .*b\.txt does not match"):
        fetched = datasets.fetch(dataset_of(LETTERS))
    assert fetched.origin == "download"
    assert fetched["letters/b.txt"].read_bytes() == b"bbbbbb"
    assert tree(own_mirror) == before


def test_half_a_mirror_is_named_and_not_used(own_mirror, cache, dataset_of):
    fill(own_mirror, {"letters/a.txt": b"aaaa"})
    with pytest.warns(datasets.DataWarning, match=r"b\.txt is missing"):
        assert datasets.fetch(dataset_of(LETTERS)).origin == "download"


def test_a_mirror_without_the_data_set_is_passed_over_quietly(own_mirror, cache, dataset_of):
    assert datasets.fetch(dataset_of(LETTERS)).origin == "download"


def test_nothing_in_a_mirror_is_ever_written(own_mirror, cache, dataset_of):
    fill(own_mirror, LETTERS, sums=LETTERS)
    for path in [own_mirror, *own_mirror.rglob("*")]:
        path.chmod(stat.S_IREAD | stat.S_IEXEC)

    def state():
        paths = [own_mirror, *own_mirror.rglob("*")]
        return [(path, path.stat().st_mtime_ns, path.stat().st_size) for path in paths]

    before = state()
    datasets.fetch(dataset_of(LETTERS))
    datasets.verify(dataset_of(LETTERS))
    assert state() == before
    for path, *_ in before:
        path.chmod(stat.S_IRWXU)


def test_another_file_of_a_mirror_may_stand_in(own_mirror, cache):
    url = "https://nowhere.invalid/new.h5"
    file = RemoteFile("new.h5", url, size=99, name="top", also=("old.h5",))
    fill(own_mirror, {"old.h5": b"weights"}, sums={"old.h5": b"weights"})
    fetched = datasets.fetch(Dataset("weights", "", "", "", "", (file,)))
    assert fetched["top"] == own_mirror / "old.h5"


def test_a_mirror_that_is_no_folder_is_named(monkeypatch, tmp_path, cache, dataset_of):
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"COURSE_DATA_DIR is '.*nowhere'.*not a folder"):
        datasets.fetch(dataset_of(LETTERS))


def test_an_empty_variable_is_no_mirror(monkeypatch):
    monkeypatch.setenv("COURSE_DATA_DIR", "")
    assert datasets.mirror_dir() is None


# The cache


def test_a_download_is_kept_and_used_from_then_on(cache, dataset_of, server):
    dataset = dataset_of(LETTERS)
    assert datasets.fetch(dataset).origin == "download"
    again = datasets.fetch(dataset)
    assert (again.origin, again.folder) == ("cache", cache)
    assert len(server.requests) == 2
    assert tree(cache) == LETTERS


def test_a_corrupt_cache_file_is_replaced_by_a_fresh_one(cache, dataset_of, server):
    dataset = dataset_of(LETTERS)
    fill(cache, {**LETTERS, "letters/b.txt": b"bbb"})
    with pytest.warns(datasets.DataWarning, match=r"cache is not used: .*b\.txt does not match"):
        assert datasets.fetch(dataset).origin == "download"
    assert tree(cache) == LETTERS
    assert server.requests == ["/letters/b.txt"]


def test_a_corrupt_cache_file_stays_until_a_fresh_one_has_come(cache, dataset_of):
    dataset = dataset_of(LETTERS, serve=False)
    fill(cache, {"letters/a.txt": b"aaaa", "letters/b.txt": b"bbb"})
    with pytest.warns(datasets.DataWarning), pytest.raises(DataError, match="404"):
        datasets.fetch(dataset)
    assert tree(cache) == {"letters/a.txt": b"aaaa", "letters/b.txt": b"bbb"}


def test_without_a_published_checksum_the_first_download_is_recorded(cache, dataset_of):
    dataset = dataset_of({"w.h5": b"weights"}, published=False)
    datasets.fetch(dataset)
    assert checksums.read_sums(cache / "w.h5.sha256") == {"w.h5": sha256(b"weights")}
    assert datasets.fetch(dataset).origin == "cache"
    (cache / "w.h5").write_bytes(b"weighty")
    with pytest.warns(datasets.DataWarning, match="does not match"):
        assert datasets.fetch(dataset).origin == "download"
    assert (cache / "w.h5").read_bytes() == b"weights"


def test_a_recorded_file_that_has_changed_at_its_address_is_refused(cache, dataset_of, server):
    dataset = dataset_of({"w.h5": b"weights"}, published=False)
    datasets.fetch(dataset)
    (cache / "w.h5").unlink()
    server.files["/w.h5"] = b"others!"
    with pytest.raises(DataError, match="wrong checksum"):
        datasets.fetch(dataset)


def test_the_cache_trusts_no_file_that_nothing_vouches_for(cache, dataset_of):
    dataset = dataset_of({"w.h5": b"weights"}, published=False)
    fill(cache, {"w.h5": b"half"})
    with pytest.warns(datasets.DataWarning, match="has no checksum"):
        assert datasets.fetch(dataset).origin == "download"


def test_a_cache_can_be_copied_to_a_share_and_is_checked_there(
    cache, monkeypatch, tmp_path, dataset_of
):
    dataset = dataset_of({"w.h5": b"weights"}, published=False)
    datasets.fetch(dataset)
    monkeypatch.setenv("COURSE_DATA_DIR", str(cache))
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "other"))
    assert datasets.fetch(dataset).origin == "mirror"
    assert [check.status for check in datasets.verify(dataset)] == ["ok"]


# Looking without fetching


def test_without_downloads_the_reasons_and_the_remedies_are_told(cache, dataset_of, server):
    with pytest.raises(DataError) as caught:
        datasets.fetch(dataset_of(LETTERS), download=False)
    assert "no mirror is set (COURSE_DATA_DIR); the cache does not have it" in str(caught.value)
    assert "`course data fetch letters`" in str(caught.value)
    assert server.requests == []


def test_locate_names_the_first_folder_that_has_every_file(own_mirror, cache, dataset_of):
    dataset = dataset_of(LETTERS)
    assert datasets.locate(dataset) == datasets.Located("letters", "download", None, 10)
    assert datasets.locate(dataset, offline=True) is None
    fill(cache, LETTERS)
    assert datasets.locate(dataset, offline=True).origin == "cache"
    fill(own_mirror, {"letters/a.txt": b"aaaa"})
    assert datasets.locate(dataset).origin == "cache"
    fill(own_mirror, LETTERS)
    assert datasets.locate(dataset) == datasets.Located("letters", "mirror", own_mirror, 10)


def test_verify_tells_missing_from_corrupt(own_mirror, cache, dataset_of):
    dataset = dataset_of({**LETTERS, "letters/c.txt": b"c"})
    fill(own_mirror, {"letters/a.txt": b"aaaa", "letters/b.txt": b"X"})
    checks = datasets.verify(dataset)
    assert [check.status for check in checks] == ["ok", "corrupt", "missing"]
    assert {check.origin for check in checks} == {"mirror"}


def test_verify_of_data_that_is_nowhere_reports_the_cache(cache, dataset_of):
    checks = datasets.verify(dataset_of(LETTERS))
    assert {(check.status, check.origin) for check in checks} == {("missing", "cache")}


def test_an_unknown_file_of_a_data_set_is_named(cache, dataset_of):
    with pytest.raises(DataError, match=r"no file 'z': it has letters/a\.txt"):
        datasets.fetch(dataset_of(LETTERS))["z"]
