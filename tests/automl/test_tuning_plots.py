"""Pictures of searches say in words what they show, and show all that was tried."""

import numpy as np

from course_lib.automl import tuning_plots

UNITS, RATES = [2, 8, 32], [0.001, 0.01, 0.1, 1.0]


def test_a_table_names_its_best_configuration():
    table = np.zeros((3, 4))
    table[2, 1] = 0.9
    figure = tuning_plots.score_tables({"accuracy": table}, units=UNITS, learning_rates=RATES)
    assert "highest at 32 units and learning rate 0.01" in figure.get_label()
    axis = figure.axes[0]
    assert (axis.get_xlabel(), axis.get_ylabel()) == (
        "learning rate (logarithmic)",
        "hidden units",
    )
    assert [text.get_text() for text in axis.get_xticklabels()] == ["0.001", "0.01", "0.1", "1"]


def test_only_whole_powers_of_ten_are_labelled():
    rates = [0.001, 0.00316, 0.01, 0.0316, 0.1]
    figure = tuning_plots.score_tables(
        {"accuracy": np.zeros((3, 5))}, units=UNITS, learning_rates=rates
    )
    assert list(figure.axes[0].get_xticks()) == [0, 2, 4]


def test_points_tried_has_every_trial_and_larger_points_for_longer_ones():
    searches = {
        "long": [(2, 0.001, 9, 0.4), (32, 0.1, 9, 0.8)],
        "short first": [(8, 0.01, 1, 0.3), (8, 0.01, 9, 0.7), (2, 1.0, 1, 0.1)],
    }
    figure = tuning_plots.points_tried(searches, units=UNITS, learning_rates=RATES)
    assert "long: 2 trials, best 0.800; short first: 3 trials, best 0.700" in figure.get_label()
    points = figure.axes[1].collections[0]
    assert points.get_offsets().tolist() == [[1, 1], [3, 0], [1, 1]]  # the longest on top
    assert points.get_sizes()[0] == points.get_sizes()[1] < points.get_sizes()[2]


def test_best_so_far_starts_where_every_search_has_a_score():
    curves = np.array([[np.nan, 0.4, 0.6], [np.nan, 0.2, 0.8]])
    rows = {"score": {"random": curves}, "quality": {"random": curves - 0.1}}
    figure = tuning_plots.best_so_far(rows, luck={row: curves + 0.2 for row in rows})
    assert [axis.get_ylabel() for axis in figure.axes] == list(rows)
    luck, line = figure.axes[0].lines
    assert np.allclose(luck.get_ydata(), [0.5, 0.9])
    assert line.get_xdata().tolist() == [2, 3]
    assert np.allclose(line.get_ydata(), [0.3, 0.7])
    assert "random 0.700" in figure.get_label()
