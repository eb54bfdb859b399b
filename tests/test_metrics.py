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


masks = hnp.arrays(np.uint8, st.tuples(st.integers(1, 3), st.just(4), st.just(5)),
                   elements=st.integers(0, 4))  # fmt: skip
VOID = 4


@st.composite
def mask_pairs(draw):
    """True masks with void, and predictions of the other classes, of one shape."""
    truth = draw(masks)
    said = draw(hnp.arrays(np.int64, truth.shape, elements=st.integers(0, VOID - 1)))
    return truth, said


def pooled(truth, said):
    return metrics.segmentation_confusion(truth, said, VOID, ignore=VOID)


@given(mask_pairs())
def test_iou_and_dice_do_not_change_when_truth_and_prediction_change_places(pair):
    truth, said = pair
    truth = truth % VOID  # a prediction has no void
    for score in (metrics.intersection_over_union, metrics.dice_coefficient):
        np.testing.assert_array_equal(score(pooled(truth, said)), score(pooled(said, truth)))


@given(mask_pairs())
def test_iou_and_dice_are_shares_and_dice_follows_from_iou(pair):
    matrix = pooled(*pair)
    iou, dice = metrics.intersection_over_union(matrix), metrics.dice_coefficient(matrix)
    known = ~np.isnan(iou)
    assert ((iou[known] >= 0) & (iou[known] <= 1)).all()
    np.testing.assert_allclose(dice, 2 * iou / (1 + iou))
    assert (dice[known] >= iou[known]).all()


@given(mask_pairs())
def test_the_pooled_matrix_is_that_of_all_images_laid_side_by_side(pair):
    truth, said = pair
    one_by_one = sum(pooled(t, s) for t, s in zip(truth, said, strict=True))
    together = pooled(np.concatenate(truth, axis=1), np.concatenate(said, axis=1))
    assert (one_by_one == together).all()
    assert (pooled(truth, said) == together).all()


@given(masks)
def test_a_perfect_prediction_scores_one_in_everything(truth):
    if (truth == VOID).all():
        return
    matrix = pooled(truth, np.where(truth == VOID, 0, truth))
    scores = (metrics.mean_iou(matrix), metrics.pixel_accuracy(matrix),
              metrics.class_mean(metrics.dice_coefficient(matrix)),
              metrics.class_mean(metrics.class_recall(matrix)))  # fmt: skip
    assert scores == (1, 1, 1, 1)


@given(mask_pairs(), st.integers(0, VOID - 1))
def test_what_is_said_where_nothing_is_judged_does_not_count(pair, other):
    truth, said = pair
    changed = np.where(truth == VOID, other, said)
    assert (pooled(truth, said) == pooled(truth, changed)).all()
    assert pooled(truth, said).sum() == (truth != VOID).sum()


@given(mask_pairs())
def test_the_segmentation_matrix_agrees_with_the_list_of_labels(pair):
    truth, said = pair
    judged = truth != VOID
    if judged.any():
        expected = metrics.confusion_matrix(truth[judged], said[judged], VOID)
        assert (pooled(truth, said) == expected).all()


def test_a_class_that_is_nowhere_is_undefined_and_left_out_of_the_mean():
    matrix = [[3, 1, 0], [0, 2, 0], [0, 0, 0]]
    iou = metrics.intersection_over_union(matrix)
    np.testing.assert_allclose(iou, [3 / 4, 2 / 3, np.nan])
    assert metrics.mean_iou(matrix) == pytest.approx((3 / 4 + 2 / 3) / 2)


def test_a_class_that_is_there_but_never_found_counts_as_zero():
    matrix = [[5, 0], [2, 0]]
    assert metrics.intersection_over_union(matrix)[1] == 0
    assert metrics.class_recall(matrix)[1] == 0
    assert metrics.mean_iou(matrix) == pytest.approx(5 / 14)


def test_a_class_claimed_where_it_never_is_counts_as_zero_but_has_no_recall():
    matrix = [[5, 2], [0, 0]]
    assert metrics.intersection_over_union(matrix)[1] == 0
    assert np.isnan(metrics.class_recall(matrix)[1])


def test_nothing_to_judge_is_an_error_and_not_a_number():
    nothing = pooled(np.full((2, 2), VOID), np.zeros((2, 2), int))
    for score in (metrics.mean_iou, metrics.pixel_accuracy):
        with pytest.raises(ValueError, match="confusion matrix"):
            score(nothing)


@pytest.mark.parametrize(
    ("y_true", "y_pred", "said"),
    [
        ([[0, 1]], [[0], [1]], "must be the same"),
        ([[0, 1]], [[0.1, 0.9]], "argmax"),
        ([[0, 9]], [[0, 1]], "y_true has labels from 0 to 9"),
        ([[0, 1]], [[0, 4]], "y_pred has labels from 0 to 4"),
    ],
)
def test_masks_that_do_not_fit_are_refused(y_true, y_pred, said):
    with pytest.raises(ValueError, match=said):
        metrics.segmentation_confusion(y_true, y_pred, VOID, ignore=VOID)


def test_only_a_square_matrix_has_scores():
    with pytest.raises(ValueError, match=r"shape \(2, 3\)"):
        metrics.mean_iou(np.ones((2, 3)))
