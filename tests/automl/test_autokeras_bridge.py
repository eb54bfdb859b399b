"""The bridge to AutoKeras repairs what the installed Keras needs, and nothing else."""

from __future__ import annotations

import inspect
import sys

import keras
import numpy as np
import pytest

autokeras = pytest.importorskip("autokeras", reason="the extra course-lib[automl] is missing")

from autokeras.graph import Graph  # noqa: E402

from course_lib import automl  # noqa: E402
from course_lib.automl import bridge  # noqa: E402


class DenseOfKeras313(keras.layers.Dense):
    """Refuses NumPy's integers as Keras 3.13 and newer do."""

    def __init__(self, units, **options):
        if not isinstance(units, int):
            raise ValueError(f"Received an invalid value for `units`. Received: units={units}")
        super().__init__(units, **options)


@pytest.fixture
def strict_keras(monkeypatch) -> None:
    monkeypatch.setattr(Graph, "set_io_shapes", inspect.unwrap(Graph.set_io_shapes))
    monkeypatch.setattr(keras.layers, "Dense", DenseOfKeras313)


def everything() -> dict[str, int]:
    """What each attribute of every module and class of the three packages is."""
    found = {}
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] in ("autokeras", "keras", "keras_tuner"):
            for attribute, value in list(vars(module).items()):
                found[f"{name}.{attribute}"] = id(value)
                if inspect.isclass(value):
                    members = {k: id(v) for k, v in vars(value).items() if callable(v)}
                    found |= {f"{name}.{attribute}.{k}": v for k, v in members.items()}
    return found


def fit_tiny_graph() -> None:
    table = autokeras.Input()
    head = autokeras.RegressionHead()(autokeras.DenseBlock()(table))
    graph = Graph(inputs=[table], outputs=[head[0]])
    graph.set_io_shapes(((np.array((8, 3)),), (np.array((8, 1)),)))
    graph.inputs[0].dtype = "float32"
    import keras_tuner

    graph.build(keras_tuner.HyperParameters())


def test_on_the_pinned_keras_nothing_is_replaced(capsys):
    if not keras.__version__.startswith("3.12."):
        pytest.skip(f"this is Keras {keras.__version__}")
    automl.autokeras()  # imports what it imports
    before = everything()
    assert automl.autokeras() is autokeras
    assert everything() == before
    assert not hasattr(Graph.set_io_shapes, "__wrapped__")
    assert "no repair needed" in capsys.readouterr().out


@pytest.mark.usefixtures("strict_keras")
def test_a_keras_that_refuses_numpy_integers_stops_autokeras_without_the_repair():
    with pytest.raises(ValueError, match="units"):
        fit_tiny_graph()


@pytest.mark.usefixtures("strict_keras")
def test_the_repair_lets_it_build_says_so_and_is_made_once(capsys):
    automl.autokeras()
    repaired = Graph.set_io_shapes
    assert "repaired for this session" in capsys.readouterr().out
    fit_tiny_graph()
    automl.autokeras()
    assert Graph.set_io_shapes is repaired


@pytest.mark.usefixtures("strict_keras")
def test_an_autokeras_with_plain_integers_is_left_alone(monkeypatch, capsys):
    from autokeras.utils import data_utils

    monkeypatch.setattr(data_utils, "dataset_shape", lambda array: list(array.shape))
    automl.autokeras()
    assert "no repair needed" in capsys.readouterr().out
    assert not hasattr(Graph.set_io_shapes, "__wrapped__")


def test_what_is_missing_is_named():
    with pytest.raises(bridge.CourseError, match=r"no_such_a and no_such_b are missing: pip"):
        bridge.demand("no_such_a", "keras", "no_such_b")
