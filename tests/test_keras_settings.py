"""A keras.json left over from other work: the lessons run all the same, or name the file."""

import json
import subprocess
import sys

import pytest

from course_lib import doctor, keras_settings
from course_lib.errors import CourseError

OF_EARLIER_YEARS = {
    "backend": "theano",
    "floatx": "float16",
    "epsilon": 0.5,
    "image_data_format": "channels_first",
}


@pytest.fixture
def left_over(tmp_path, monkeypatch):
    """Write a keras.json into a home of its own, which Keras and its child processes find."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    file = tmp_path / ".keras" / "keras.json"
    file.parent.mkdir()

    def write(text: str):
        file.write_text(text)
        return file

    return write


def check_of(name: str) -> doctor.MachineCheck:
    return next(check for check in doctor.examine() if check.name == name)


def test_setup_gives_keras_what_the_lessons_need_whatever_the_file_says(left_over):
    file = left_over(json.dumps(OF_EARLIER_YEARS))
    code = """
import json
from course_lib import runtime
runtime.setup(profile="quick")
import keras
config = keras.config
print(json.dumps({
    "backend": config.backend(), "floatx": config.floatx(), "epsilon": config.epsilon(),
    "image_data_format": config.image_data_format(),
}))
print(keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(4, 3)]).output_shape)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    *_, settings, shape = done.stdout.splitlines()
    assert json.loads(settings) == keras_settings.NEEDED
    assert shape == "(None, 26, 26, 4)"
    assert json.loads(file.read_text()) == OF_EARLIER_YEARS  # other programs may want it


def test_the_doctor_names_the_file(left_over):
    file = left_over(json.dumps(OF_EARLIER_YEARS))
    settings = check_of("Keras settings")
    assert settings.status == "optional"
    assert str(file) in settings.found
    assert "backend theano" in settings.found
    assert "rename or delete" in settings.remedy


@pytest.mark.slow
def test_the_doctor_finds_the_device_whatever_the_file_says(left_over):
    left_over(json.dumps(OF_EARLIER_YEARS))
    assert check_of("device").status == "ok"


def test_the_doctor_advises_no_reinstalling_where_the_settings_stop_keras(left_over):
    left_over("[]")
    device = check_of("device")
    assert device.status == "problem"
    assert "settings" in device.remedy
    assert "reinstall" not in device.remedy


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"floatx": "bfloat16"}', "floatx to 'bfloat16'"),
        ('{"epsilon": 1}', "epsilon to 1"),
        ('{"image_data_format": "th"}', "image_data_format to 'th'"),
        ("[]", "does not hold"),
    ],
)
def test_settings_that_keras_does_not_accept_are_refused_with_the_file_and_the_fix(
    left_over, monkeypatch, text, value
):
    file = left_over(text)
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    with pytest.raises(CourseError, match="rename or delete the file") as refused:
        keras_settings.start()
    assert str(file) in str(refused.value)
    assert value in str(refused.value)
    settings = check_of("Keras settings")
    assert settings.status == "problem"
    assert str(file) in settings.found
    assert settings.remedy == "rename or delete the file"


@pytest.mark.parametrize("keras_home", [None, "~/.keras"])
def test_keras_itself_reads_that_file_and_stops(left_over, monkeypatch, keras_home):
    """Or the refusal would be for nothing."""
    file = left_over('{"image_data_format": "th"}')
    if keras_home is not None:
        monkeypatch.setenv("KERAS_HOME", keras_home)
    assert keras_settings.settings_file() == file
    done = subprocess.run(
        [sys.executable, "-c", "import keras"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode != 0
    assert "AssertionError" in done.stderr


def test_another_backend_by_a_variable_is_refused_and_the_variable_named(left_over, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    with pytest.raises(CourseError, match=r"KERAS_BACKEND is 'jax'.*unset it"):
        keras_settings.start()
    assert check_of("Keras settings").remedy == "unset it"


@pytest.mark.parametrize("text", [None, "", "{", json.dumps(keras_settings.NEEDED)])
def test_no_file_a_broken_one_and_keras_own_raise_no_question(left_over, text):
    if text is not None:
        left_over(text)
    assert keras_settings.refusal() is None
    assert keras_settings.other_settings() == {}
    assert check_of("Keras settings").status == "ok"
