"""Keras' settings, which a file in the home or a variable may have changed for all programs."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from course_lib.errors import CourseError

NEEDED = {
    "backend": "tensorflow",
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
}


def settings_file() -> Path:
    """Return where Keras looks for its settings, whether the file is there or not."""
    if "KERAS_HOME" in os.environ:
        folder = Path(os.environ["KERAS_HOME"]).expanduser()
    else:  # as Keras does, also where the home is unknown or cannot be written
        home = os.path.expanduser("~")  # Path.home() fails where there is none
        folder = Path(home if os.access(home, os.W_OK) else "/tmp") / ".keras"
    return folder / "keras.json"


def other_settings() -> dict[str, Any]:
    """Return the settings in the file that differ from those the lessons need."""
    settings = _read()
    if not isinstance(settings, dict):
        return {}
    return {
        name: settings[name] for name in NEEDED if settings.get(name, NEEDED[name]) != NEEDED[name]
    }


def refusal() -> str | None:
    """Return why Keras does not start on TensorFlow here, with the fix; None where it starts."""
    backend = os.environ.get("KERAS_BACKEND") or NEEDED["backend"]
    if backend != NEEDED["backend"]:
        return (
            f"the environment variable KERAS_BACKEND is {backend!r}, but the lessons need "
            "TensorFlow: unset it."
        )
    settings = _read()
    if not isinstance(settings, dict):
        return f"{settings_file()} does not hold Keras' settings: rename or delete the file."
    accepted = {
        "floatx": lambda value: value in ("float16", "float32", "float64"),
        "epsilon": lambda value: isinstance(value, float),
        "image_data_format": lambda value: value in ("channels_first", "channels_last"),
    }
    for name, accepts in accepted.items():
        if name in settings and not accepts(settings[name]):
            return (
                f"{settings_file()} sets {name} to {settings[name]!r}, which Keras does not "
                "accept: rename or delete the file."
            )
    return None


def start() -> None:
    """Import Keras on TensorFlow with the settings that the lessons need, whatever the file says.

    Raises
    ------
    CourseError
        If Keras would not start, or is already at work on another backend.
    """
    if "keras" not in sys.modules:
        reason = refusal()
        if reason:
            raise CourseError(reason)
        os.environ["KERAS_BACKEND"] = NEEDED["backend"]  # Keras prefers it to the file
    import keras

    if keras.config.backend() != NEEDED["backend"]:
        raise CourseError(
            f"Keras runs on {keras.config.backend()} already, but the lessons need TensorFlow: "
            f"check KERAS_BACKEND and {settings_file()}, restart the kernel and run setup() first."
        )
    keras.config.set_floatx(NEEDED["floatx"])
    keras.config.set_epsilon(NEEDED["epsilon"])
    keras.config.set_image_data_format(NEEDED["image_data_format"])


def _read() -> Any:
    """Return the file's settings; none where Keras ignores the file too."""
    try:
        return json.loads(settings_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
