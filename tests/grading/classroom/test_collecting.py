"""Collecting a class: whose file is whose, which one counts, and what is left alone."""

from __future__ import annotations

import datetime
import io
import json
import os
import stat
import struct
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.errors import CourseError
from course_staff.grading.classroom import uploads as uploads_module
from course_staff.grading.classroom.collecting import collect, platform_folders
from course_staff.grading.classroom.owners import Owners
from course_staff.grading.roster import Student
from course_staff.grading.submissions.copies import NotebookMatcher

A = "04-Regression-nn-assignment"
B = "05-Normalization-and-regularization-assignment"
CLASS = {
    s.id: s
    for s in (
        Student("ada", "Ada", "Lovelace", lms_id="101"),
        Student("bob", "Bob", "O'Brien", lms_id="102"),
        Student("cai", "Cai", "de la Cruz", lms_id="103"),
    )
}


def a_zip(path: Path, files: dict[str, bytes | str], dates=None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            date = (dates or {}).get(name, (2026, 11, 20, 12, 0, 0))
            archive.writestr(zipfile.ZipInfo(name, date), data, zipfile.ZIP_DEFLATED)
    return path


def a_folder(path: Path, files: dict[str, str], when: float = 1.8e9) -> Path:
    for name, data in files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(data)
        os.utime(target, (when, when))
    return path


@pytest.fixture
def into(tmp_path):
    """Collect assignment 04 of the small class."""

    def run(source, students=CLASS, **options):
        return collect(source, A, tmp_path / "submitted", students, others=[A, B], **options)

    run.notebook = lambda id: (tmp_path / "submitted" / id / A / f"{A}.ipynb").read_text()
    run.time = lambda id: (tmp_path / "submitted" / id / A / "timestamp.txt").read_text()
    run.folder = tmp_path / "submitted"
    return run


def everything(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    "names",
    [
        (f"lovelaceada_101_9001_{A}-1.ipynb", f"obrienbob_LATE_102_9002_{A}.ipynb"),
        (
            f"Ada Lovelace_71_assignsubmission_file_/{A}.ipynb",
            f"Bob OBrien_72_assignsubmission_file/{A} (1).ipynb",
        ),
        (
            f"Group 1-Lovelace Ada_71_assignsubmission_file_{A}.ipynb",
            f"Bob O_Brien_102_assignsubmission_file_{A}.ipynb",
        ),
        (f"ada/{A}.ipynb", f"bob/{A}/{A}.ipynb"),
        ("all of them/ADA/my work.ipynb", f"all of them/Bob/x/{A}.ipynb"),
        (f"ada_{A}.ipynb", "bob.ipynb"),
        (
            f"inbound/ada+{A}+2026-11-20 12:00:00.5 UTC+Zx1/{A}.ipynb",
            f"inbound/bob+{A}+2026-11-20 12:00:00 UTC/{A}.ipynb",
        ),
    ],
    ids=["Canvas", "Moodle", "Moodle's groups", "folders", "wrapped", "prefixes", "exchange"],
)  # fmt: skip
@pytest.mark.parametrize("packed", [True, False], ids=["zip", "folder"])
def test_names_of_every_platform_find_their_students(tmp_path, into, names, packed):
    files = dict(zip(names, ("ada's", "bob's"), strict=True)) | {"__MACOSX/._x.ipynb": "junk"}
    source = a_zip(tmp_path / "s.zip", files) if packed else a_folder(tmp_path / "s", files)
    collection = into(source)
    assert collection.problems == []
    assert {one.student: one.status for one in collection.collected} == {"ada": "new", "bob": "new"}
    assert (into.notebook("ada"), into.notebook("bob")) == ("ada's", "bob's")
    assert collection.missing == ["cai"]
    if packed:
        assert into.time("ada") == "2026-11-20 12:00:00 UTC\n"


def test_nbgrader_reads_the_times(tmp_path, into):
    from nbgrader.coursedir import CourseDirectory

    into(a_zip(tmp_path / "s.zip", {"ada/a.ipynb": "{}"}), zone=ZoneInfo("Europe/Berlin"))
    home = into.folder / "ada" / A
    found = CourseDirectory().get_existing_timestamp(str(home))
    assert found == datetime.datetime(2026, 11, 20, 11, 0)


@pytest.mark.parametrize(
    "told", ["99999999999999999999999999999 h", "0001-01-01 00:00:00 +14:00", "\0", "soon"]
)
def test_a_time_that_is_none_leaves_the_files_own(tmp_path, into, told):
    files = {f"ada/{A}.ipynb": "{}", "ada/timestamp.txt": told, f"bob/{A}.ipynb": "{}"}
    collection = into(a_zip(tmp_path / "s.zip", files))
    assert into.time("ada") == into.time("bob") == "2026-11-20 12:00:00 UTC\n"
    assert "is not a valid date and time; the file's own date is taken" in collection.notes[0]


def test_a_zip_that_knows_utc_needs_no_time_zone(tmp_path, into):
    moment = int(datetime.datetime(2026, 11, 19, 8, tzinfo=datetime.UTC).timestamp())
    entry = zipfile.ZipInfo("ada/a.ipynb", (2026, 11, 20, 12, 0, 0))
    entry.extra = struct.pack("<HHBi", 0x5455, 5, 1, moment)
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        archive.writestr(entry, "{}")
    into(tmp_path / "s.zip", zone=ZoneInfo("Asia/Tokyo"))
    assert into.time("ada") == "2026-11-19 08:00:00 UTC\n"


def test_the_roster_knows_best_when_it_was_handed_in(tmp_path, into):
    ada = Student("ada", "Ada", "Lovelace", submitted="Thursday, 19 November 2026, 9:30 AM")
    collection = into(
        a_zip(tmp_path / "s.zip", {f"Ada Lovelace_7_assignsubmission_file_/{A}.ipynb": "{}"}),
        {"ada": ada},
        zone=ZoneInfo("Europe/Berlin"),
    )
    assert into.time("ada") == "2026-11-19 08:30:00 UTC\n"
    assert collection.notes == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("03/12/2026 10:00", "ada: .* is 3 December 2026 or 12 March 2026: write 2026-12-03 10:00"),
        ("2026-11-30 23:58 IST", "ada: .* IST is another time in each of India"),
        ("2026-10-25 02:30", "ada: the clock shows .* twice in Europe/Berlin"),
        ("soon", "ada: 'soon' is not a valid date and time"),
    ],
)
def test_a_class_list_whose_times_are_uncertain_is_refused(tmp_path, into, text, told):
    source = a_zip(tmp_path / "s.zip", {f"ada/{A}.ipynb": "{}"})
    with pytest.raises(CourseError, match=told):
        into(source, {"ada": Student("ada", submitted=text)}, zone=ZoneInfo("Europe/Berlin"))
    assert not into.folder.exists()


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("03.12.2026 10:00", "2026-12-03 09:00:00 UTC\n"),
        ("2026-11-30 23:58 EST", "2026-12-01 04:58:00 UTC\n"),
        ("2026-11-30 23:58 UTC+1", "2026-11-30 22:58:00 UTC\n"),
        ("2026-11-30T23:58:00Z", "2026-11-30 23:58:00 UTC\n"),
        ("-", "2026-11-20 11:00:00 UTC\n"),  # Moodle's never: the file's own date
    ],
)
def test_a_class_lists_times_keep_day_and_zone(tmp_path, into, text, utc):
    source = a_zip(tmp_path / "s.zip", {f"ada/{A}.ipynb": "{}"})
    into(source, {"ada": Student("ada", submitted=text)}, zone=ZoneInfo("Europe/Berlin"))
    assert into.time("ada") == utc


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-11-30 23:58:00 +0100",
        "\ufeff2026-11-30 22:58:00 UTC\r\n",
        "30.11.2026 23:58 CET",
        "2026-11-30 22:58:00 UTC\r\n".encode("utf-16"),
    ],
)
def test_a_timestamp_keeps_its_zone_whatever_editor_saved_it(tmp_path, into, stamp):
    into(a_zip(tmp_path / "s.zip", {f"ada/{A}.ipynb": "{}", "ada/timestamp.txt": stamp}))
    assert into.time("ada") == "2026-11-30 22:58:00 UTC\n"
    # What lies there already is read in the same way when a newer one comes.
    stamp_file = into.folder / "ada" / A / "timestamp.txt"
    stamp_file.write_bytes(stamp if isinstance(stamp, bytes) else stamp.encode())
    later = {f"ada/{A}.ipynb": "new", "ada/timestamp.txt": "2026-11-30 22:58:01 UTC"}
    assert [one.status for one in into(a_zip(tmp_path / "t.zip", later)).collected] == ["replaced"]


@pytest.mark.parametrize(
    ("zone", "utc"), [("CET", "2026-11-20 11:00:00"), ("+0100", "2026-11-20 11:00:00")]
)
def test_the_exchange_may_count_in_another_zone(tmp_path, into, zone, utc):
    into(a_folder(tmp_path / "s", {f"ada+{A}+2026-11-20 12:00:00.5 {zone}+Zx1/{A}.ipynb": "{}"}))
    assert into.time("ada") == f"{utc} UTC\n"


def test_a_zone_of_the_exchange_that_nobody_knows_is_told(tmp_path, into):
    collection = into(
        a_folder(tmp_path / "s", {f"ada+{A}+2026-11-20 12:00:00 XYZ/{A}.ipynb": "{}"})
    )
    assert "ada: " in collection.notes[0]
    assert "'XYZ' is not a known time zone; the file's own date" in collection.notes[0]


def test_dates_of_a_platforms_zip_are_not_trusted_silently(tmp_path, into):
    collection = into(a_zip(tmp_path / "s.zip", {f"lovelaceada_101_9_{A}.ipynb": "{}"}))
    assert "when it packs" in collection.notes[0]


def test_the_newest_attempt_counts_and_it_is_said(tmp_path, into):
    names = [f"ada+{A}+2026-11-{day} 12:00:00 UTC/{A}.ipynb" for day in (18, 20, 19)]
    collection = into(a_folder(tmp_path / "s", dict(zip(names, "abc", strict=True))))
    assert into.notebook("ada") == "b"
    assert into.time("ada") == "2026-11-20 12:00:00 UTC\n"
    assert collection.collected[0].remark == "newest of 3 attempts"


def test_canvas_numbers_tell_the_newest_where_all_dates_are_the_same(tmp_path, into):
    names = [f"lovelaceada_101_{file}_{A}{n}.ipynb" for file, n in ((99, ""), (100, "-1"))]
    into(a_zip(tmp_path / "s.zip", dict(zip(names, "ab", strict=True))))
    assert into.notebook("ada") == "b"


@pytest.mark.parametrize(
    "name",
    [f"Copy of {A}.ipynb", f"{A}-Copy1.ipynb", f"{A} (1).ipynb", f"{A}_final.IPYNB",
     f"Kopie von {A}.ipynb", f"コピー {A}.ipynb"],
)  # fmt: skip
@pytest.mark.parametrize("submitted", ["", "2026-11-26 10:00 UTC"])
def test_the_newest_copy_counts_whatever_it_is_called(tmp_path, into, name, submitted):
    folder = "Ada Lovelace_1_assignsubmission_file_"
    files = {f"{folder}/{A}.ipynb": "the original", f"{folder}/{name}": "the work"}
    dates = {f"{folder}/{name}": (2026, 11, 25, 10, 0, 0)}
    students = {"ada": Student("ada", "Ada", "Lovelace", submitted=submitted)}
    collection = into(a_zip(tmp_path / "s.zip", files, dates), students)
    assert collection.problems == []
    assert into.notebook("ada") == "the work"
    (one,) = collection.collected
    assert one.remark == f"newest of 2 attempts: took {name}, left {A}.ipynb"
    assert one.left == (f"{folder}/{A}.ipynb",)


def test_an_older_copy_does_not_count(tmp_path, into):
    files = {f"ada/{A}.ipynb": "the work", f"ada/Copy of {A}.ipynb": "before"}
    dates = {f"ada/Copy of {A}.ipynb": (2026, 11, 1, 10, 0, 0)}
    collection = into(a_zip(tmp_path / "s.zip", files, dates))
    assert into.notebook("ada") == "the work"
    assert f"took {A}.ipynb, left Copy of {A}.ipynb" in collection.collected[0].remark


def test_copies_that_came_together_and_differ_are_left_to_a_person(tmp_path, into):
    files = {f"ada/{A}.ipynb": "one", f"ada/Copy of {A}.ipynb": "two"}
    collection = into(a_zip(tmp_path / "s.zip", files))
    assert collection.collected == []
    assert [p.source for p in collection.problems] == [f"ada/{A}.ipynb", f"ada/Copy of {A}.ipynb"]
    assert all("equally new: keep one of them" in p.reason for p in collection.problems)


def cells(**sources: str) -> str:
    made = [
        {"cell_type": "code", "source": source, "metadata": {"nbgrader": {"grade_id": grade_id}}}
        for grade_id, source in sources.items()
    ]
    return json.dumps({"cells": made})


KNOWN = NotebookMatcher((A,), (A, B), lambda: ({"f"}, [{"g"}]), lambda: cells(f="pass").encode())


def test_notebooks_of_any_name_are_known_by_their_cells(tmp_path, into):
    files = {
        f"ada/{A}.ipynb": cells(f="pass"),  # as it was handed out, and packed later
        "ada/homework.ipynb": cells(f="return 1"),
        "bob/final.ipynb": cells(f="return 1"),
        "bob/other.ipynb": cells(g="return 2"),
        f"cai/{A}.ipynb": cells(f="pass"),
        "cai/mine.ipynb": '{"cells": []}',
    }
    dates = {f"ada/{A}.ipynb": (2026, 11, 25, 0, 0, 0)}
    collection = into(a_zip(tmp_path / "s.zip", files, dates), matcher=KNOWN)
    assert into.notebook("ada") == into.notebook("bob") == cells(f="return 1")
    assert {one.student: one.remark for one in collection.collected} == {
        "ada": f"newest of 2 attempts: took homework.ipynb, left {A}.ipynb",
        "bob": "was called final.ipynb",
        "cai": "",
    }
    assert {problem.source: problem.reason for problem in collection.problems} == {
        "bob/other.ipynb": f"holds the cells of another assignment; bob's is to be {A}.ipynb",
        "cai/mine.ipynb": f"may be cai's work: {A}.ipynb is as it was handed out",
    }


def test_an_original_that_is_collected_later_does_not_replace_work(tmp_path, into):
    def handed(text, day):
        name = f"ada/{A}.ipynb"
        return a_zip(tmp_path / f"{day}.zip", {name: text}, {name: (2026, 11, day, 9, 0, 0)})

    work, original = cells(f="return 1"), cells(f="pass")
    into(handed(work, 10), matcher=KNOWN)
    (one,) = into(handed(original, 12), matcher=KNOWN).collected
    assert one.status == "older"
    assert one.remark == "what is there stays, for this one is as it was handed out"
    assert (into.notebook("ada"), into.time("ada")) == (work, "2026-11-10 09:00:00 UTC\n")

    into.folder.joinpath("ada", A, f"{A}.ipynb").write_text(original)
    assert [one.status for one in into(handed(work, 9), matcher=KNOWN).collected] == ["replaced"]
    assert into.notebook("ada") == work


def test_collecting_again_changes_nothing(tmp_path, into):
    source = a_zip(tmp_path / "s.zip", {f"lovelaceada_101_9_{A}.ipynb": "one"})
    into(source)
    before = everything(into.folder)
    again = into(source)
    assert [one.status for one in again.collected] == ["unchanged"]
    packed_later = a_zip(
        tmp_path / "t.zip",
        {f"lovelaceada_101_9_{A}.ipynb": "one"},
        {f"lovelaceada_101_9_{A}.ipynb": (2026, 12, 24, 0, 0, 0)},
    )
    assert [one.status for one in into(packed_later).collected] == ["unchanged"]
    assert everything(into.folder) == before


def test_a_newer_one_replaces_and_an_older_one_does_not(tmp_path, into):
    def handed(text, day):
        name = "ada/a.ipynb"
        return a_zip(tmp_path / f"{day}.zip", {name: text}, {name: (2026, 11, day, 9, 0, 0)})

    into(handed("first", 10))
    assert [one.status for one in into(handed("second", 12)).collected] == ["replaced"]
    assert (into.notebook("ada"), into.time("ada")) == ("second", "2026-11-12 09:00:00 UTC\n")
    assert [one.status for one in into(handed("zeroth", 9)).collected] == ["older"]
    assert (into.notebook("ada"), into.time("ada")) == ("second", "2026-11-12 09:00:00 UTC\n")
    (problem,) = into(handed("other", 12)).problems
    assert "same time" in problem.reason
    assert into.notebook("ada") == "second"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (f"nobodyelse_999_1_{A}.ipynb", "LMS id 999, which is not in the class list"),
        (f"Eve Nobody_101_assignsubmission_file_/{A}.ipynb", "'Eve Nobody', who is not in the"),
        (f"dave/{A}.ipynb", "names no student"),
        ("loose.ipynb", "names no student"),
        (f"dave+{A}+2026-11-20 12:00:00 UTC/x.ipynb", "'dave', who is not in the class list"),
        ("ada/bob_notebook.ipynb", "could be of ada, bob"),
        ("ada/bob/notebook.ipynb", "could be of ada, bob"),
        ("bob_101_55_notebook.ipynb", "could be of ada, bob"),
        (f"ada/{B}.ipynb", "called like another assignment"),
        ("ada/answers.pdf", "is not a notebook, and ada handed in no other"),
    ],
)
def test_what_is_nobodys_is_listed_and_left(tmp_path, into, name, told):
    source = a_zip(tmp_path / "s.zip", {name: "x", f"cai/{A}.ipynb": "cai's"})
    collection = into(source)
    assert [problem.source for problem in collection.problems] == [name]
    assert told in collection.problems[0].reason
    assert into.notebook("cai") == "cai's"
    assert not (into.folder / "ada").exists()
    assert not (into.folder / "bob").exists()


def test_two_of_the_same_name_are_told_apart_by_number_or_not_at_all(tmp_path, into):
    twins = {
        "li1": Student("li1", "Li", "Wei", lms_id="1"),
        "li2": Student("li2", "Li", "Wei", lms_id="2"),
    }
    collection = into(
        a_zip(
            tmp_path / "s.zip",
            {
                f"Li Wei_2_assignsubmission_file_/{A}.ipynb": "two",
                f"Li Wei_77_assignsubmission_file_/{A}.ipynb": "who?",
            },
        ),
        twins,
    )
    assert into.notebook("li2") == "two"
    assert [problem.reason for problem in collection.problems] == ["could be of li1, li2"]


def test_canvas_twins_whose_name_is_anothers_id_are_told_apart(tmp_path, into):
    twins = {
        "liwei": Student("liwei", "Wei", "Li", lms_id="1"),
        "liwei2": Student("liwei2", "Wei", "Li", lms_id="2"),
    }
    into(a_zip(tmp_path / "s.zip", {f"liwei_2_50_{A}.ipynb": "two"}), twins)
    assert into.notebook("liwei2") == "two"
    assert not (into.folder / "liwei").exists()


def test_moodles_participant_number_from_its_worksheet_finds_the_student(tmp_path, into):
    students = {"ada": Student("ada", participant="4711"), "bob": Student("bob", lms_id="4711")}
    name = f"Participant_4711_assignsubmission_file_/{A}.ipynb"
    into(a_zip(tmp_path / "s.zip", {name: "a"}), students)
    assert into.notebook("ada") == "a"
    assert not (into.folder / "bob").exists()


def test_several_notebooks_of_one_student(tmp_path, into):
    collection = into(
        a_folder(
            tmp_path / "s",
            {
                f"ada/{A}.ipynb": "right",
                "ada/scratch.ipynb": "scratch",
                "ada/notes.txt": "",
                "bob/one.ipynb": "1",
                "bob/two.ipynb": "2",
                "cai/only.ipynb": "only",
            },
        )
    )
    assert into.notebook("ada") == "right"
    assert into.notebook("cai") == "only"
    assert {one.student: one.remark for one in collection.collected} == {
        "ada": "",
        "cai": "was called only.ipynb",
    }
    assert [problem.source for problem in collection.problems] == ["bob/one.ipynb", "bob/two.ipynb"]


def test_without_a_class_list_folders_are_ids(tmp_path, into):
    collection = into(
        a_zip(
            tmp_path / "s.zip",
            {
                f"x1/{A}/{A}.ipynb": "1",
                f"all/x2/{A}.ipynb": "2",
                "loose.ipynb": "",
                f"doe_1_2_{A}.ipynb": "",
                f"J D_1_assignsubmission_file_/{A}.ipynb": "",
            },
        ),
        None,
    )
    assert (into.notebook("x1"), into.notebook("x2")) == ("1", "2")
    assert len(collection.problems) == 3
    assert all("--roster" in problem.reason for problem in collection.problems)


def test_moodles_folders_are_kept_for_the_way_back(tmp_path, into):
    folder = "Ada Lovelace_71_assignsubmission_file_"
    into(a_zip(tmp_path / "s.zip", {f"{folder}/{A}.ipynb": "{}"}))
    assert platform_folders(into.folder, A) == {"ada": folder}
    assert platform_folders(into.folder, B) == {}


@pytest.mark.parametrize("way", ["bytes", "unicode path"])
def test_names_that_are_utf8_without_the_flag_find_their_students(tmp_path, into, way):
    folder = "Zoë Müller 李_1_assignsubmission_file_"
    raw = folder.encode() if way == "bytes" else b"Zo\x89 M\x81ller ?_1_assignsubmission_file_"
    entry = zipfile.ZipInfo("x" * len(raw) + f"/{A}.ipynb")
    whole = raw + f"/{A}.ipynb".encode()
    if way == "unicode path":
        body = struct.pack("<BI", 1, zlib.crc32(whole)) + f"{folder}/{A}.ipynb".encode()
        entry.extra = struct.pack("<HH", 0x7075, len(body)) + body
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        archive.writestr(entry, "hers")
    packed = (tmp_path / "s.zip").read_bytes().replace(b"x" * len(raw), raw)
    (tmp_path / "s.zip").write_bytes(packed)
    collection = into(tmp_path / "s.zip", {"zoë": Student("zoë", "Zoë Müller", "李")})
    assert collection.problems == []
    assert into.notebook("zoë") == "hers"
    assert platform_folders(into.folder, A) == {"zoë": folder}


def test_names_of_an_old_pc_stay_as_they_are(tmp_path, into):
    entry = zipfile.ZipInfo("xx/a.ipynb")
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        archive.writestr(entry, "hers")
    packed = (tmp_path / "s.zip").read_bytes().replace(b"xx/", b"z\x89/")  # "ë" in code page 437
    (tmp_path / "s.zip").write_bytes(packed)
    into(tmp_path / "s.zip", {"zë": Student("zë")})
    assert into.notebook("zë") == "hers"


# -- zips that mean harm ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../../evil.ipynb",
        "/etc/evil.ipynb",
        "ada/../../evil.ipynb",
        "..\\evil.ipynb",
        "C:\\x.ipynb",
        "a//b.ipynb",
    ],
)
def test_a_name_that_leads_out_stops_before_anything_is_written(tmp_path, into, name):
    source = a_zip(tmp_path / "s.zip", {f"ada/{A}.ipynb": "good", name: "evil"})
    with pytest.raises(CourseError, match="leads out of it"):
        into(source)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.zip"]


def test_links_are_not_followed(tmp_path, into):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    source = a_folder(tmp_path / "s", {"bob/b.ipynb": "b"})
    (source / "ada").mkdir()
    (source / "ada" / "a.ipynb").symlink_to(secret)
    (source / "cai").symlink_to(tmp_path)
    entry = zipfile.ZipInfo("ada/a.ipynb")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        archive.writestr(entry, str(secret))
    for path in (source, tmp_path / "s.zip"):
        problems = into(path).problems
        assert [(p.source, p.reason) for p in problems] == [("ada/a.ipynb", "is a link")]
    assert not (into.folder / "ada").exists()


def test_a_pipe_does_not_stop_the_class(tmp_path, into):
    source = a_folder(tmp_path / "s", {"bob/b.ipynb": "b"})
    (source / "ada").mkdir()
    os.mkfifo(source / "ada" / "a.ipynb")
    assert [problem.reason for problem in into(source).problems] == ["is not a plain file"]
    assert into.notebook("bob") == "b"


def test_one_students_bomb_does_not_stop_the_class(tmp_path, into):
    zeros, noise = b"\0" * 5_000_000, os.urandom(31_000_000)
    files = {"ada/a.ipynb": zeros, "bob/b.ipynb": noise, "cai/c.ipynb": "c"}
    source = a_zip(tmp_path / "s.zip", files)
    reasons = {problem.source: problem.reason for problem in into(source).problems}
    assert "1/200" in reasons["ada/a.ipynb"]
    assert "31 MB, more than 30" in reasons["bob/b.ipynb"]
    assert into.notebook("cai") == "c"


def test_a_size_that_lies_is_found_out(tmp_path, into):
    source = a_zip(tmp_path / "s.zip", {"ada/a.ipynb": b"\0" * 40_000_000, "cai/c.ipynb": "c"})
    data = bytearray(source.read_bytes())
    for size_at, signature in ((24, b"PK\x01\x02"), (22, b"PK\x03\x04")):
        at = data.index(signature) + size_at
        data[at : at + 4] = (1000).to_bytes(4, "little")
    source.write_bytes(data)
    (problem,) = into(source).problems
    assert problem.reason.startswith("is damaged")
    assert into.notebook("cai") == "c"


def test_too_many_files_are_refused(tmp_path, into, monkeypatch):
    monkeypatch.setattr(uploads_module, "MAX_FILES", 3)
    files = {f"{n}/a.ipynb": "" for n in range(4)}
    for source in (a_zip(tmp_path / "s.zip", files), a_folder(tmp_path / "s", files)):
        with pytest.raises(CourseError, match="several parts"):
            into(source)


def test_an_encrypted_or_damaged_notebook_is_named(tmp_path, into):
    files = {"ada/a.ipynb": "a" * 50, "bob/b.ipynb": "b", "cai/c.ipynb": "c"}
    source = a_zip(tmp_path / "s.zip", files)
    data = bytearray(source.read_bytes())
    central = data.index(b"PK\x01\x02")
    data[central + 8] |= 1  # ada's is marked as encrypted
    second = data.index(b"PK\x03\x04", 4)
    data[second + 30 + len("bob/b.ipynb")] ^= 0xFF  # bob's first byte is another
    source.write_bytes(data)
    reasons = {problem.source: problem.reason for problem in into(source).problems}
    assert reasons["ada/a.ipynb"] == "is encrypted"
    assert reasons["bob/b.ipynb"].startswith("is damaged")
    assert into.notebook("cai") == "c"


def test_a_notebook_that_no_known_way_of_packing_opens_is_named(tmp_path, into):
    with zipfile.ZipFile(tmp_path / "s.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("ada/a.ipynb", "{}" * 500)
        archive.writestr("bob/b.ipynb", "{}", zipfile.ZIP_STORED)
    data = bytearray((tmp_path / "s.zip").read_bytes())
    properties = data.index(b"ada/a.ipynb") + len("ada/a.ipynb") + 4
    data[properties : properties + 5] = b"\xff" * 5
    (tmp_path / "s.zip").write_bytes(data)
    [problem] = into(tmp_path / "s.zip").problems
    assert (problem.source, problem.reason[:10]) == ("ada/a.ipynb", "is damaged")
    assert into.notebook("bob") == "{}"


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip", b"PK\x03\x04" + b"\0" * 100])
def test_what_is_no_zip_is_told(tmp_path, into, data):
    (tmp_path / "s.zip").write_bytes(data)
    with pytest.raises(CourseError, match="is not a zip file, or is damaged"):
        into(tmp_path / "s.zip")
    with pytest.raises(CourseError, match="cannot be read"):
        into(tmp_path / "none.zip")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CourseError, match="holds no file"):
        into(tmp_path / "empty")


@given(data=st.data())
def test_a_zip_with_flipped_bytes_ends_in_a_result_or_a_sentence(tmp_path_factory, data):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("ada/a.ipynb", "a" * 30)
        archive.writestr("bob/b.ipynb", "b" * 30)
    raw = bytearray(packed.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.mktemp("flipped")
    (folder / "s.zip").write_bytes(raw)
    with suppress(CourseError):
        collect(folder / "s.zip", A, folder / "submitted", CLASS)
    assert {path.name for path in folder.iterdir()} <= {"s.zip", "submitted"}
    inside = {path.name for path in folder.glob("submitted/*")}
    assert inside <= {"ada", "bob"}


@given(st.lists(st.text(max_size=12), min_size=1, max_size=4))
def test_any_name_is_read_without_a_crash(parts):
    for students in (CLASS, None):
        named = Owners(students, A, [A, B]).find(parts)
        if students:
            assert named.students <= set(students)
