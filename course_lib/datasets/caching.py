"""Bring a data set into the cache, where every file is either whole and checked or absent."""

from __future__ import annotations

import os
import re
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from course_lib.datasets.checksums import SIDECAR, SUMS_FILE, format_sums, read_sums, sha256
from course_lib.datasets.downloading import (
    DownloadFailed,
    cannot_write,
    download_all,
    place,
    staging,
)
from course_lib.datasets.entries import Archive, Dataset, Pick, RemoteFile
from course_lib.datasets.folders import examine, recorded_sums


def download_to_cache(dataset: Dataset, cache: Path) -> None:
    """Download the files of a data set that the cache lacks, from public addresses or a web share.

    Raises
    ------
    DownloadFailed
        If a file does not arrive whole and right; the files that do are kept.
    DataError
        If the cache cannot be written.
    """
    share = os.environ.get("COURSE_DATA_URL")
    with staging(cache) as stage:
        files = _files_at_share(dataset, share, stage) if share else dataset.files
        if dataset.archive:
            unpacked = stage / "unpacked"
            if share:
                download_all(files, [unpacked / file.path for file in files], dataset.title)
            else:
                _download_archive(dataset.archive, unpacked, stage, dataset.title)
            _place_folder(unpacked / dataset.archive.folder, dataset, cache, stage)
        else:
            _download_files(files, dataset, cache, stage)


def _files_at_share(dataset: Dataset, share: str, stage: Path) -> tuple[RemoteFile, ...]:
    """Return the files that a web share offers, which its SHA256SUMS must list."""
    share = share.rstrip("/")
    sums_file = RemoteFile(SUMS_FILE, f"{share}/{SUMS_FILE}")
    download_all([sums_file], [stage / SUMS_FILE], title="")
    sums = read_sums(stage / SUMS_FILE)
    files = []
    for file in dataset.files:
        path = next((path for path in (file.path, *file.also) if path in sums), None)
        if path is None:
            raise DownloadFailed(
                f"{share}/{SUMS_FILE} does not list {file.path}",
                f"add the file there, or unset COURSE_DATA_URL to download {dataset.name} from "
                "its public address",
            )
        url = f"{share}/{quote(path)}"
        files.append(replace(file, url=url, sha256=sums[path], size=None))
    if dataset.archive:
        folders = tuple(
            f"{dataset.archive.folder}/{pick.target}/" for pick in dataset.archive.picks
        )
        files += [
            RemoteFile(path, f"{share}/{quote(path)}", digest)
            for path, digest in sums.items()
            if path.startswith(folders)
        ]
        if not files:
            raise DownloadFailed(
                f"{share}/{SUMS_FILE} lists nothing below {dataset.archive.folder}",
                f"add the folder there, or unset COURSE_DATA_URL to download {dataset.name} from "
                "its public address",
            )
    return tuple(files)


def _download_files(
    files: Sequence[RemoteFile], dataset: Dataset, cache: Path, stage: Path
) -> None:
    """Download the files that the cache lacks, and keep each that arrives whole and right."""
    recorded = recorded_sums(cache, dataset)
    published = read_sums(cache / SUMS_FILE)
    published |= {f.path: f.sha256 for f in dataset.files if f.sha256 and f.path not in published}
    checks = examine(cache, dataset, "cache")
    wanted = [
        replace(file, sha256=file.sha256 or recorded.get(file.path))
        for file, check in zip(files, checks, strict=True)
        if not check.usable
    ]

    def place_with_record(file: RemoteFile, downloaded: Path) -> None:
        """Place a file, with its own record where nothing else vouches for these bytes."""
        record = cache / (file.path + SIDECAR)
        if published.get(file.path) == (digest := sha256(downloaded)):
            record.unlink(missing_ok=True)
        else:
            new_record = downloaded.with_name(downloaded.name + SIDECAR)
            new_record.write_text(format_sums({file.path: digest}), "utf-8")
            place(new_record, record)
        place(downloaded, cache / file.path)

    download_all(
        wanted, [stage / file.path for file in wanted], dataset.title, then=place_with_record
    )


def _download_archive(archive: Archive, unpacked: Path, stage: Path, title: str) -> None:
    """Download a zip file and unpack the data set's part of it below `unpacked`."""
    file = RemoteFile("archive.zip", archive.url, archive.sha256, archive.size)
    download_all([file], [stage / file.path], title)
    try:
        with zipfile.ZipFile(stage / file.path) as zipped:
            for pick in archive.picks:
                _unpack(zipped, pick, unpacked / archive.folder / pick.target)
    except zipfile.BadZipFile as error:
        reason = f"{archive.url} is not the expected zip file ({error})"
        raise DownloadFailed(reason, "try again") from None
    except OSError as error:
        raise cannot_write(unpacked, error) from None


def _unpack(zipped: zipfile.ZipFile, pick: Pick, target: Path) -> None:
    """Unpack pictures by their numbers, each under its bare name: no path leads elsewhere."""
    members = [
        member
        for member in map(PurePosixPath, zipped.namelist())
        if member.parent.as_posix() == pick.source
        and re.fullmatch(r"[a-z]+\.\d+\.jpg", member.name)
    ]
    members.sort(key=lambda member: int(member.name.split(".")[1]))
    if len(members) < pick.stop:
        raise zipfile.BadZipFile(f"{pick.source} has {len(members)} pictures, not {pick.stop}")
    target.mkdir(parents=True)
    for member in members[pick.start : pick.stop]:
        with zipped.open(str(member)) as source, (target / member.name).open("xb") as copy:
            shutil.copyfileobj(source, copy)


def _place_folder(new: Path, dataset: Dataset, cache: Path, stage: Path) -> None:
    """Record the checksums of an unpacked folder inside it, and move it in place in one step."""
    target = cache / dataset.archive.folder
    try:
        sums = {p.relative_to(new).as_posix(): sha256(p) for p in new.rglob("*") if p.is_file()}
        (new / SUMS_FILE).write_text(format_sums(sums), "utf-8")
        try:
            new.rename(target)
        except OSError:
            if not target.exists():
                raise
            if all(check.usable for check in examine(cache, dataset, "cache")):
                return  # another process was faster
            target.rename(stage / "replaced")
            new.rename(target)
    except OSError as error:
        raise cannot_write(cache, error) from None
