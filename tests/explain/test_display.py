import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_lib import explain

values = st.floats(-100, 100, width=32)
maps = hnp.arrays(np.float32, hnp.array_shapes(min_dims=3, max_dims=4, max_side=6), elements=values)


@given(maps)
def test_for_display_scales_to_one_and_keeps_signs_or_zeros(attributions):
    shown = explain.for_display(attributions)
    pooled = explain.pool_channels(attributions)
    assert shown.shape == pooled.shape
    assert np.abs(shown).max() <= 1
    assert (shown * pooled >= 0).all()
    for picture, raw in zip(shown, pooled, strict=True):
        if np.abs(raw).max() > 1e-30:
            assert np.abs(picture).max() == pytest.approx(1, abs=1e-5)


@given(maps, st.floats(0.125, 8, width=32))
def test_for_display_does_not_depend_on_the_scale(attributions, factor):
    first, second = (explain.for_display(each) for each in (attributions, factor * attributions))
    np.testing.assert_allclose(first, second, atol=1e-4)


def test_positive_keeps_what_speaks_for_the_class():
    shown = explain.for_display([[[-4.0, 2.0]]], positive=True, clip_percentile=100)
    assert shown.tolist() == [[[0.0, 1.0]]]


def test_each_image_is_scaled_by_itself():
    shown = explain.for_display([[[1.0, 2.0]], [[100.0, 200.0]]], clip_percentile=100)
    assert np.array_equal(shown[0], shown[1])


def test_channels_are_summed_with_their_signs():
    assert explain.pool_channels([[[[1.0, -3.0]]]]).tolist() == [[[-2.0]]]


def test_resizing_enlarges_smoothly_and_keeps_values():
    large = explain.resize(np.full((1, 3, 3), -2.0), (12, 6))
    assert large.shape == (1, 12, 6)
    np.testing.assert_allclose(large, -2)


@pytest.mark.parametrize(
    ("attributions", "options", "said"),
    [
        (np.ones((3, 3)), {}, r"shape \(3, 3\)"),
        (np.full((1, 2, 2), np.nan), {}, "not finite"),
        (np.ones((1, 2, 2)), {"clip_percentile": 0}, "clip_percentile is 0"),
    ],
)
def test_what_cannot_be_shown_is_refused(attributions, options, said):
    with pytest.raises(ValueError, match=said):
        explain.for_display(attributions, **options)
