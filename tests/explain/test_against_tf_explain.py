"""Where tf-explain 0.3.1 works under Keras 3, its raw numbers and ours agree."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest

from course_lib import explain

pytest.importorskip("tf_explain", reason="the extra course-lib[explain] is not installed")
pytest.importorskip("cv2", reason="the extra course-lib[explain] is not installed")


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(0)
    image = keras.Input((10, 10, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu", name="features")(image)
    x = keras.layers.Dense(8, activation="relu")(keras.layers.Flatten()(x))
    return keras.Model(image, keras.layers.Dense(3)(x))


IMAGES = np.random.default_rng(1).random((2, 10, 10, 3)).astype("float32")


def test_gradients_agree(model):
    from tf_explain.core.vanilla_gradients import VanillaGradients

    theirs = VanillaGradients.compute_gradients(IMAGES, model, 1)
    np.testing.assert_allclose(explain.vanilla_gradients(model, IMAGES, 1), theirs, atol=1e-6)


def test_grad_cam_agrees_when_told_not_to_drop_negative_gradients(model):
    from tf_explain.core.grad_cam import GradCAM

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parts = GradCAM.get_gradients_and_filters(model, IMAGES, "features", 1, False)
    theirs = np.stack(GradCAM.generate_ponderated_output(*parts))
    np.testing.assert_allclose(explain.grad_cam(model, IMAGES, 1), theirs, atol=1e-6)


def test_integrated_gradients_agree_up_to_the_way_and_the_choice_of_points(model):
    from tf_explain.core.integrated_gradients import IntegratedGradients

    steps = 500
    points = IntegratedGradients.generate_interpolations(IMAGES, steps)
    mean = IntegratedGradients.get_integrated_gradients(points, model, 1, steps).numpy()
    ours = explain.integrated_gradients(model, IMAGES, 1, steps=steps)
    np.testing.assert_allclose(ours, IMAGES * mean, atol=2e-3)


def test_its_smooth_grad_explains_the_loss_so_its_sign_is_the_opposite(model):
    """What lesson 07 says about it: not the class's score but the cross-entropy's gradient."""
    from tf_explain.core.smoothgrad import SmoothGrad

    softmax = keras.Model(model.input, keras.layers.Softmax()(model.output))
    theirs = SmoothGrad.get_averaged_gradients(IMAGES, softmax, 1, 1).numpy()
    scores = [explain.vanilla_gradients(softmax, IMAGES, each) for each in range(3)]
    shares = softmax(IMAGES).numpy().T[:, :, None, None, None]
    np.testing.assert_allclose(theirs, np.sum(shares * scores, axis=0) - scores[1], atol=1e-5)
