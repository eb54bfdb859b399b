"""What is installed, and how what changed is told."""

from __future__ import annotations

import platform
import subprocess
import sys
from importlib import metadata

import pytest

from course_staff.grading.execution.packages import differences, installed, merge_versions


def test_every_package_is_known_under_its_usual_name(tmp_path, monkeypatch):
    for folder, text in (
        ("Odd_Name-1.0.dist-info", "Metadata-Version: 2.1\nName: Odd.Name\nVersion: 1.0\n"),
        ("broken-1.0.dist-info", ""),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "METADATA").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    found = installed()
    assert found["Python"] == platform.python_version()
    assert found["numpy"] == metadata.version("numpy")
    assert found["odd-name"] == "1.0"
    assert "broken" not in found


def test_a_broken_package_is_left_out_also_where_a_library_raises_for_it(monkeypatch):
    class Broken:
        version = "1.0"

        @property
        def name(self):
            raise FileNotFoundError("No package metadata was found.")

    monkeypatch.setattr(metadata, "distributions", lambda path: [Broken()])
    assert list(installed()) == ["Python"]


def test_of_two_versions_the_one_that_is_imported_counts(tmp_path, monkeypatch):
    folder = tmp_path / "numpy-0.1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 0.1\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert installed()["numpy"] == "0.1"


def test_a_process_that_imported_setuptools_finds_no_more_packages_than_others():
    look = "from course_staff.grading.execution.packages import installed; print(len(installed()))"
    told = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300
        ).stdout
        for code in (look, f"import setuptools; {look}")
    ]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ({"a": "1"}, {"a": "1"}, ""),
        ({}, {"a": "1"}, "a 1 is new"),
        ({"a": "1"}, {}, "a 1 is gone"),
        ({"a": "1", "b": "2"}, {"a": "2", "b": "2"}, "a 1 is now 2"),
        ({}, dict.fromkeys("gfedcba", "1"),
         "a 1 is new, b 1 is new, c 1 is new, d 1 is new, e 1 is new, 2 more"),
    ],
)  # fmt: skip
def test_what_changed_is_told_in_words(before, now, told):
    assert differences(before, now) == told


def test_of_several_machines_each_version_is_named():
    here, there = {"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "4"}
    assert merge_versions([here, here]) == here
    assert merge_versions([here, there]) == {"a": "1", "b": "2 or 3", "c": "4 or missing"}
