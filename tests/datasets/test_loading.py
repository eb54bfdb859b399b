from __future__ import annotations

import gzip
import io

import numpy as np
import pytest
from PIL import Image
from small_server import sha256

from course_lib import datasets, results
from course_lib.errors import DataError

WITH_SAMPLE = [name for name, dataset in datasets.catalogue().items() if dataset.sample]


@pytest.fixture
def notes(monkeypatch):
    kept = []
    monkeypatch.setattr(results, "note", lambda kind, text, **facts: kept.append((text, facts)))
    return kept


@pytest.fixture
def put(own_mirror):
    """Put a file into the mirror, with its checksum."""

    def put(path: str, content: bytes) -> None:
        (own_mirror / path).parent.mkdir(parents=True, exist_ok=True)
        (own_mirror / path).write_bytes(content)
        with (own_mirror / "SHA256SUMS").open("a") as sums:
            sums.write(f"{sha256(content)}  {path}\n")

    return put


def npz(**arrays) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def picture(array, form="PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, form)
    return file.getvalue()


def offline(monkeypatch):
    monkeypatch.setenv("COURSE_DATA_URL", "http://127.0.0.1:9")  # the port that discards


# Which source


def test_auto_falls_back_to_the_sample_and_says_why(cache, notes, monkeypatch):
    offline(monkeypatch)
    data = datasets.load("mnist")
    assert (data.kind, data.origin) == ("sample", "sample")
    [(text, facts)] = notes
    assert (facts["dataset"], facts["data"], facts["origin"]) == ("mnist", "sample", "sample")
    for reason in ("no mirror is set", "the cache does not have it", "127.0.0.1 cannot be reached"):
        assert reason in text
        assert any(reason in fact for fact in facts["reasons"])


def test_real_forbids_the_sample_and_names_the_remedies(cache, notes, monkeypatch):
    offline(monkeypatch)
    with pytest.raises(DataError) as caught:
        datasets.load("mnist", "real")
    for remedy in ("connect", "course data fetch mnist", "COURSE_DATA_DIR", "sample"):
        assert remedy in str(caught.value)
    assert notes == []


def test_sample_looks_nowhere_else(monkeypatch, tmp_path, notes):
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "nowhere"))
    assert datasets.load("mnist", "sample").kind == "sample"
    assert "because" not in notes[0][0]


def test_real_data_says_where_it_came_from(put, cache, notes):
    part = np.zeros((3, 28, 28), "uint8"), np.arange(3, dtype="uint8")
    put("mnist/mnist.npz", npz(x_train=part[0], y_train=part[1], x_test=part[0], y_test=part[1]))
    data = datasets.load("mnist")
    assert (data.kind, data.origin) == ("real", "mirror")
    assert notes == [
        (
            "Data: mnist, real, from the mirror (3 training and 3 test).",
            {"dataset": "mnist", "data": "real", "origin": "mirror", "reasons": []},
        )
    ]


@pytest.mark.parametrize("source", ["auto", "real"])
def test_a_mirror_that_is_no_folder_is_an_error(monkeypatch, tmp_path, cache, source):
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="COURSE_DATA_DIR"):
        datasets.load("mnist", source)


def test_an_unwritable_cache_leaves_the_sample(tmp_path, monkeypatch, notes, server):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "file"))
    monkeypatch.setenv("COURSE_DATA_URL", server.url)
    assert datasets.load("mnist").kind == "sample"
    assert "cannot be written" in notes[0][0]


@pytest.mark.parametrize("source", ["rael", "", None])
def test_an_unknown_source_is_told_the_three(source):
    with pytest.raises(DataError, match="auto, real, sample"):
        datasets.load("mnist", source)


def test_an_unknown_option_is_told_the_known_ones():
    with pytest.raises(DataError, match="camvid has no option 'shape': it takes size"):
        datasets.load("camvid", "sample", shape=3)


@pytest.mark.parametrize("size", [0, -3, (1, 2, 3), "small", (2.5, 3), None])
@pytest.mark.parametrize("source", ["auto", "real", "sample"])
def test_an_impossible_size_is_named(source, size):
    with pytest.raises(DataError, match=r"is not a size: .* in pixels\.$"):
        datasets.load("sample_photos", source, size=size)


@pytest.mark.parametrize("name", ["mobilenet", "mobilenet_v2"])
def test_weights_are_fetched_not_loaded(name):
    with pytest.raises(DataError, match=rf"datasets\.fetch\('{name}'\)"):
        datasets.load(name)


# Files to arrays


def test_a_file_that_cannot_be_read_is_named(put, cache):
    put("mnist/mnist.npz", b"not an archive of arrays")
    with pytest.raises(DataError, match="mirror's files of mnist cannot be read"):
        datasets.load("mnist", "real")


def test_an_array_file_cannot_run_code(put, cache):
    evil = np.array([print], dtype=object)
    put("mnist/mnist.npz", npz(x_train=evil, y_train=evil, x_test=evil, y_test=evil))
    with pytest.raises(DataError, match="cannot be read"):
        datasets.load("mnist", "real")


def test_idx_files_become_arrays(put, cache, notes):
    pictures = np.random.default_rng(0).integers(0, 256, (4, 28, 28), dtype="uint8")
    labels = np.arange(4, dtype="uint8")
    for part in ("train", "t10k"):
        head = bytes([0, 0, 8, 3]) + np.array(pictures.shape, ">u4").tobytes()
        images = gzip.compress(head + pictures.tobytes())
        put(f"fashion_mnist/{part}-images-idx3-ubyte.gz", images)
        content = bytes([0, 0, 8, 1, 0, 0, 0, 4]) + labels.tobytes()
        put(f"fashion_mnist/{part}-labels-idx1-ubyte.gz", gzip.compress(content))
    data = datasets.load("fashion_mnist", "real")
    np.testing.assert_array_equal(data.x_train, pictures)
    np.testing.assert_array_equal(data.y_test, labels)
    data.x_train[0] = 0  # the arrays can be written


def test_photographs_keep_their_aspect_and_are_labelled_by_folder(put, cache, notes):
    square_in_the_middle = np.zeros((50, 100, 3), "uint8")
    square_in_the_middle[:, 25:75] = 255
    for part in ("train", "validation", "test"):
        for pets in ("cats", "dogs"):
            content = picture(square_in_the_middle, "JPEG")
            put(f"cats_vs_dogs_small/{part}/{pets}/{pets[:3]}.0.jpg", content)
    data = datasets.load("cats_vs_dogs", "real", size=32)
    assert data.x_train.shape == data.x_val.shape == data.x_test.shape == (2, 32, 32, 3)
    assert data.y_train.tolist() == [0, 1]
    assert data.x_train.mean() > 245


def test_masks_are_resized_without_new_classes():
    from course_lib.datasets.loaders import resize_scenes

    masks = np.where(np.arange(40) < 20, 0, 10).astype("uint8") * np.ones((1, 30, 1), "uint8")
    frames = np.repeat((masks * 25)[..., None], 3, axis=3)
    small_frames, small_masks = resize_scenes(frames, masks, (15, 13))
    assert small_frames.shape == (1, 15, 13, 3)
    assert small_masks.shape == (1, 15, 13)
    assert set(np.unique(small_masks)) == {0, 10}


def test_housing_columns_are_scikit_learn_s(put, cache, notes):
    # longitude, latitude, age, rooms, bedrooms, population, households, income; dollars
    row = np.array([[-122.23, 37.88, 41, 880, 129, 322, 126, 8.3252]] * 10, "float32")
    put("regression/california_housing.npz", npz(x=row, y=np.full(10, 452600, "float32")))
    data = datasets.load("california_housing", "real")
    expected = [8.3252, 41, 6.98412698, 1.02380952, 322, 2.55555556, 37.88, -122.23]
    np.testing.assert_allclose(data.x_train[0], expected, rtol=1e-5)
    assert (len(data.x_train), len(data.x_val), len(data.x_test)) == (6, 2, 2)
    assert data.y_test[0] == pytest.approx(4.526)
    assert data.feature_names[0] == "MedInc"
    assert data.target_name == "MedHouseVal"


def test_cars_without_a_horsepower_are_left_out(put, cache, notes):
    known = '18.0   8   307.0      130.0      3504.      12.0   70  1\t"chevrolet chevelle"\n'
    unknown = '25.0   4   98.00      ?          2046.      19.0   71  1\t"ford pinto"\n'
    put("regression/auto-mpg.data", (known * 10 + unknown).encode())
    data = datasets.load("auto_mpg", "real")
    assert (len(data.x_train), len(data.x_val), len(data.x_test)) == (6, 2, 2)
    assert data.x_train[0].tolist() == [8, 307, 130, 3504, 12, 70, 1]
    assert data.y_test.tolist() == [18, 18]
    assert data.feature_names[2] == "horsepower"
    assert data.target_name == "mpg"


def test_persons_are_text_with_unknown_values_kept(put, cache, notes):
    known = "39, State-gov, 77516, Bachelors, 13, Never-married, Adm-clerical, Not-in-family, "
    known += "White, Male, 2174, 0, 40, United-States, <=50K\n"
    unknown = known.replace("State-gov", "?").replace("<=", ">")
    put("tables/adult-train.csv", ((known + unknown) * 5 + "\n").encode())
    data = datasets.load("adult", "real")
    assert (len(data.x_train), len(data.x_val), len(data.x_test)) == (6, 2, 2)
    rows, earns_more = data.x_train, data.y_train
    assert ((rows[:, data.feature_names.index("workclass")] == "?") == (earns_more == 1)).all()
    assert set(rows[:, data.feature_names.index("capital-gain")]) == {"2174"}
    assert data.class_names == ("<=50K", ">50K")


def test_data_describes_itself(notes):
    data = datasets.load("mnist", "sample")
    assert "mnist, sample: x_train (1437, 28, 28) uint8" in repr(data)
    assert data.counts() == "1,437 training and 360 test"


# The same things hold for real data, where there is some


REAL = {
    "mnist": ((60000, 28, 28), (10000, 28, 28), {}),
    "fashion_mnist": ((60000, 28, 28), (10000, 28, 28), {}),
    "cats_vs_dogs": ((600, 64, 64, 3), (200, 64, 64, 3), {"size": 64}),
    "camvid": ((100, 90, 120, 3), (25, 90, 120, 3), {"size": (90, 120)}),
    "california_housing": ((12384, 8), (4128, 8), {}),
    "auto_mpg": ((235, 7), (79, 7), {}),
    "adult": ((19536, 14), (6513, 14), {}),
    "sample_photos": (None, (12, 224, 224, 3), {}),
}


@pytest.mark.parametrize("name", REAL)
def test_the_mirror_s_data_has_the_expected_shapes(mirror, name, notes):
    train, test, options = REAL[name]
    data = datasets.load(name, "real", **options)
    assert data.origin == "mirror"
    assert getattr(data.x_train, "shape", None) == train
    assert data.x_test.shape == test
    if data.class_names:
        assert data.y_train.max() == len(data.class_names) - 1


@pytest.mark.parametrize("name", WITH_SAMPLE)
def test_the_sample_has_the_real_data_s_form(mirror, name, notes):
    options = REAL[name][2]
    real, sample = (datasets.load(name, source, **options) for source in ("real", "sample"))
    for part in ("x_train", "y_train", "x_val", "y_val", "x_test", "y_test"):
        ours, theirs = getattr(sample, part), getattr(real, part)
        assert (ours is None) == (theirs is None), part
        if ours is not None:
            assert (ours.dtype, ours.shape[1:]) == (theirs.dtype, theirs.shape[1:]), part
    assert sample.class_names == real.class_names
    assert sample.feature_names == real.feature_names


@pytest.mark.parametrize("name", ["mobilenet", "mobilenet_v2"])
def test_the_mirror_s_weights_are_found(mirror, name):
    fetched = datasets.fetch(name, download=False)
    assert fetched["no_top"].suffix == ".h5"
    assert fetched["classes"].name == "imagenet_class_index.json"
