import keras
import numpy as np
import pytest

from course_lib import training


@pytest.fixture(scope="module")
def table():
    """Two features; the class says on which side of a line the point lies."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(512, 2)).astype("float32")
    return x, (x @ [1.0, -1.0] > 0).astype("int64")


def compiled(learning_rate=0.001):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(2)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(learning_rate), loss, metrics=["accuracy"])
    return model


@pytest.fixture(scope="module")
def tested(table):
    """A model, its weights before, and the range test run on it."""
    model = compiled()
    model.fit(*table, batch_size=128, epochs=1, verbose=0)
    before = model.get_weights(), [v.numpy() for v in model.optimizer.variables]
    return model, before, training.learning_rate_range_test(model, *table, high=10, steps=60)


def test_the_range_test_leaves_no_trace(tested):
    model, (weights, state), _ = tested
    assert all(np.array_equal(a, b) for a, b in zip(weights, model.get_weights(), strict=True))
    now = [v.numpy() for v in model.optimizer.variables]
    assert all(np.array_equal(a, b) for a, b in zip(state, now, strict=True))


def test_the_range_test_finds_where_the_loss_falls(tested):
    *_, test = tested
    assert test.losses.min() < 0.7 * test.losses[0]
    assert 1e-4 < test.steepest < 1
    assert (np.diff(np.log(test.learning_rates)) > 0).all()


def test_the_range_test_ends_when_the_loss_blows_up(table):
    x, y = table
    test = training.learning_rate_range_test(compiled(), 1000 * x, y, low=1e-3, high=1e6, steps=100)
    assert len(test.losses) < 100
    assert np.isfinite(test.losses).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"low": 1, "high": 0.1}, "0 < low < high"),
        ({"low": 0}, "0 < low < high"),
        ({"steps": 3}, "at least 10"),
        ({"batch_size": 1000}, "at least batch_size = 1000"),
    ],
)
def test_the_range_test_refuses_settings_without_sense(table, options, said):
    with pytest.raises(ValueError, match=said):
        training.learning_rate_range_test(compiled(), *table, **options)


def test_the_range_test_needs_a_compiled_model_with_a_plain_rate(table):
    with pytest.raises(ValueError, match="compile it first"):
        training.learning_rate_range_test(
            keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]), *table
        )
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    with pytest.raises(ValueError, match="follows a schedule"):
        training.learning_rate_range_test(compiled(schedule), *table)


def test_the_range_test_works_in_mixed_precision(table):
    """As on a GPU, where Keras wraps the optimizer to scale the loss."""
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model = compiled()
        before = model.get_weights()
        assert len(training.learning_rate_range_test(model, *table, steps=12).losses) == 12
        assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
        schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
        with pytest.raises(ValueError, match="follows a schedule"):
            training.learning_rate_range_test(compiled(schedule), *table)
    finally:
        keras.mixed_precision.set_global_policy("float32")


def test_early_stopping_ends_early_and_keeps_the_best_weights(table):
    x, y = table
    noise = np.random.default_rng(1).integers(
        0, 2, len(y)
    )  # nothing to learn: validation gets worse
    model = compiled(0.05)
    history = model.fit(
        x[:64], noise[:64], validation_data=(x[64:], noise[64:]), epochs=60, verbose=0,
        callbacks=[training.early_stopping(patience=3)],
    ).history["val_loss"]  # fmt: skip
    assert len(history) == int(np.argmin(history)) + 1 + 3
    assert model.evaluate(x[64:], noise[64:], verbose=0)[0] == pytest.approx(min(history), rel=1e-4)


def test_early_stopping_keeps_the_best_weights_also_when_it_never_stops(table):
    x, y = table
    noise = np.random.default_rng(1).integers(0, 2, len(y))
    model = compiled(0.05)
    history = model.fit(
        x[:64], noise[:64], validation_data=(x[64:], noise[64:]), epochs=8, verbose=0,
        callbacks=[training.early_stopping(patience=50)],
    ).history["val_loss"]  # fmt: skip
    assert len(history) == 8
    assert model.evaluate(x[64:], noise[64:], verbose=0)[0] == pytest.approx(min(history), rel=1e-4)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"patience": 0}, "patience is 0"), ({"patience": 1, "min_delta": -1}, "min_delta is -1")],
)
def test_early_stopping_refuses_settings_without_sense(options, said):
    with pytest.raises(ValueError, match=said):
        training.early_stopping(**options)


def test_in_a_terminal_training_is_a_line_per_epoch(table, capsys):
    compiled().fit(*table, epochs=2, verbose=0, callbacks=[training.LearningCurves("Line")])
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("Line: epoch 1/2  accuracy 0.")
    assert second.startswith("Line: epoch 2/2  accuracy 0.")


def test_in_a_notebook_the_curves_grow_in_place(table, monkeypatch):
    shown = []
    monkeypatch.setattr(training.plots, "in_notebook", lambda: True)
    monkeypatch.setattr(
        training.plots.LiveFigure, "show", lambda place, figure: shown.append((place, figure))
    )
    compiled().fit(*table, epochs=3, verbose=0, callbacks=[training.LearningCurves("Line")])
    assert len({id(place) for place, _ in shown}) == 1
    assert [figure.get_label()[24:30] for _, figure in shown] == ["over 1", "over 2", "over 3"]
