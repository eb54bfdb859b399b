"""AutoKeras, made to work on the installed Keras.

AutoKeras 3.0.0 describes the shapes of its data with NumPy's integers, and hands them to
``keras.layers.Dense``. Keras 3.12 takes them. Keras 3.13 and newer want a plain Python integer
("Received an invalid value for `units`, expected a positive integer. Received: units=10"), and no
search of AutoKeras gets past its first model. Colab has had Keras 3.13 since 2026.

The repair turns the integers into plain ones where AutoKeras tells its graph the shapes. It is
made only where both hold: this Keras refuses NumPy's integers, and this AutoKeras hands them on.
So it does nothing on Keras 3.12, and nothing once AutoKeras or Keras has fixed it; when the
oldest AutoKeras that pyproject.toml allows needs no repair, this module can shrink to an import.
"""

from __future__ import annotations

from functools import wraps
from importlib.util import find_spec
from types import ModuleType

from course_lib.errors import CourseError

INSTALL = 'pip install "course-lib[automl]"'


def autokeras() -> ModuleType:
    """Import AutoKeras, repair it where the installed Keras needs that, and print which it was.

    Returns
    -------
    module
        The module that ``import autokeras`` gives.

    Raises
    ------
    CourseError
        If AutoKeras, KerasTuner or TensorBoard, which KerasTuner's search imports, is missing.

    Examples
    --------
    >>> ak = autokeras()  # doctest: +SKIP
    AutoKeras 3.0.0 on Keras 3.12.4: no repair needed.
    """
    demand("autokeras", "keras_tuner", "tensorboard")
    import autokeras as ak
    import keras
    from autokeras.graph import Graph

    together = f"AutoKeras {ak.__version__} on Keras {keras.__version__}"
    if _needs_plain_integers():
        _hand_on_plain_integers(Graph)
        print(
            f"{together}: repaired for this session, since this Keras refuses the NumPy integers "
            "that AutoKeras gives Dense. Keras up to 3.12 needs no repair."
        )
    else:
        print(f"{together}: no repair needed.")
    return ak


def demand(*modules: str) -> None:
    """Raise a `CourseError` with the line to install where one of these cannot be imported."""
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise CourseError(
            f"{' and '.join(missing)} {verb} missing: {INSTALL} brings AutoKeras and KerasTuner."
        )


def _needs_plain_integers() -> bool:
    import keras
    import numpy as np
    from autokeras.utils.data_utils import dataset_shape

    handed_on = dataset_shape(np.zeros((2, 1)))[1]
    if isinstance(handed_on, int):
        return False
    try:
        keras.layers.Dense(handed_on)
    except ValueError:
        return True
    return False


def _hand_on_plain_integers(graph: type) -> None:
    if hasattr(graph.set_io_shapes, "__wrapped__"):  # repaired by an earlier call
        return
    original = graph.set_io_shapes

    @wraps(original)
    def set_io_shapes(self, shapes):
        original(self, shapes)
        for part in (*self.inputs, *(node.in_blocks[0] for node in self.outputs)):
            part.shape = tuple(map(int, part.shape))

    graph.set_io_shapes = set_io_shapes
