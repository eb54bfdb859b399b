from __future__ import annotations

import re
import subprocess
import sys

import pytest

from course_lib import datasets
from course_lib.errors import DataError


def test_the_catalogue_has_what_the_lessons_use():
    assert set(datasets.catalogue()) == {
        "mnist",
        "fashion_mnist",
        "cats_vs_dogs",
        "camvid",
        "california_housing",
        "auto_mpg",
        "adult",
        "sample_photos",
        "mobilenet",
        "mobilenet_v2",
    }


@pytest.mark.parametrize("name", datasets.catalogue())
def test_every_entry_is_complete(name):
    dataset = datasets.catalogue()[name]
    assert dataset.title
    assert dataset.licence
    assert dataset.citation
    assert dataset.homepage.startswith("http")
    assert dataset.size
    assert dataset.files or dataset.archive
    paths = [file.path for file in dataset.files]
    assert len(set(paths)) == len(paths)
    for file in dataset.files:
        assert file.url.startswith("https://")
        assert not file.path.startswith(("/", "."))
        assert file.sha256 is None or re.fullmatch("[0-9a-f]{64}", file.sha256)


def test_camvid_lists_every_frame_with_its_mask():
    files = datasets.catalogue()["camvid"].files
    assert len(files) == 300
    masks = {file.path for file in files if "annot/" in file.path}
    frames = {file.path for file in files} - masks
    assert masks == {re.sub("/(train|val|test)/", r"/\1annot/", frame) for frame in frames}


def test_an_unknown_name_gets_the_nearest_and_all_known_ones():
    with pytest.raises(DataError, match=r"no data set 'minst' \(did you mean 'mnist'\?\).*camvid"):
        datasets.locate("minst")


def test_changing_what_catalogue_returns_changes_nothing():
    datasets.catalogue().clear()
    assert datasets.catalogue()


def test_importing_datasets_loads_nothing_heavy():
    code = (
        "import sys, course_lib.datasets\n"
        "heavy = {'numpy', 'PIL', 'sklearn', 'scipy', 'pooch', 'requests', 'rich', 'IPython'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
