import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_lib import metrics

labels = hnp.arrays(np.int64, st.integers(1, 40), elements=st.integers(0, 4))


def test_accuracy_is_the_share_of_right_labels():
    assert metrics.accuracy([0, 1, 2, 3], [0, 1, 2, 0]) == 0.75


@pytest.mark.parametrize(
    ("y_true", "y_pred", "said"),
    [
        ([0, 1], [0], "shapes are"),
        ([], [], "not empty"),
        ([[0, 1]], [[0, 1]], "shapes are"),
        ([0, 1], [0.2, 0.9], "argmax"),
    ],
)
def test_labels_that_do_not_fit_are_refused(y_true, y_pred, said):
    with pytest.raises(ValueError, match=said):
        metrics.accuracy(y_true, y_pred)


@given(labels, st.randoms())
def test_the_confusion_matrix_counts_every_prediction_once(y_true, random):
    y_pred = np.array([random.randrange(5) for _ in y_true])
    matrix = metrics.confusion_matrix(y_true, y_pred, 5)
    assert matrix.sum() == len(y_true)
    assert np.trace(matrix) / len(y_true) == pytest.approx(metrics.accuracy(y_true, y_pred))
    assert (matrix.sum(axis=1) == np.bincount(y_true, minlength=5)).all()


def test_a_label_outside_the_classes_is_named():
    with pytest.raises(ValueError, match=r"y_pred has labels from 0 to 7.*between 0 and 2"):
        metrics.confusion_matrix([0, 1, 2], [0, 1, 7], 3)


@given(st.integers(1, 5000), st.floats(0, 1))
def test_the_wilson_interval_holds_the_measured_share_and_stays_a_share(total, share):
    correct = round(share * total)
    low, high = metrics.accuracy_interval(correct, total)
    assert -1e-12 <= low <= correct / total + 1e-12
    assert correct / total - 1e-12 <= high <= 1 + 1e-12


def test_the_wilson_interval_agrees_with_its_formula():
    correct, total, z = 81, 263, 1.959963984540054
    share = correct / total
    centre = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    assert metrics.accuracy_interval(correct, total) == pytest.approx(
        (centre - half, centre + half)
    )


def test_the_commonest_mistakes_come_first_and_right_answers_never():
    matrix = np.array([[50, 0, 3], [7, 60, 0], [1, 0, 40]])
    assert metrics.most_confused(matrix, 2) == [(1, 0, 7), (0, 2, 3)]
    assert metrics.most_confused(np.diag([5, 5])) == []
