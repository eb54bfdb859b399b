"""Every method on every kind of model, and what its numbers must obey."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import explain

layers = keras.layers
PIXEL_METHODS = {
    "vanilla_gradients": explain.vanilla_gradients,
    "guided_backpropagation": explain.guided_backpropagation,
    "integrated_gradients": explain.integrated_gradients,
    "smooth_grad": explain.smooth_grad,
}
MAP_METHODS = {
    "grad_cam": explain.grad_cam,
    "grad_cam_plus_plus": explain.grad_cam_plus_plus,
    "class_activation_map": explain.class_activation_map,
}
METHODS = {**PIXEL_METHODS, **MAP_METHODS, "occlusion": explain.occlusion}


def body() -> list[keras.layers.Layer]:
    """Two convolutions; the second has its normalisation and activation in layers of their own."""
    return [
        layers.Conv2D(4, 3, activation="relu", name="first"),
        layers.MaxPooling2D(2, name="pool"),
        layers.Conv2D(5, 3, name="second"),
        layers.BatchNormalization(name="norm"),
        layers.ReLU(name="last"),
    ]


def through(x, chain):
    for layer in chain:
        x = layer(x)
    return x


def make(kind: str, end: str = "logits", channels: int = 1) -> keras.Model:
    """Return one and the same network as another kind of model, with fixed random weights."""
    keras.utils.set_random_seed(3)
    image = keras.Input((12, 12, channels))
    chain = body()
    head = [layers.GlobalAveragePooling2D(), layers.Dense(3, name="scores")]
    if end == "softmax":
        head[-1] = layers.Dense(3, activation="softmax", name="scores")
    elif end == "softmax_layer":
        head.append(layers.Softmax())
    elif end == "activation_layer":
        head.append(layers.Activation("softmax"))
    if kind == "functional":
        model = keras.Model(image, through(image, chain + head))
    elif kind == "lists":
        model = keras.Model([image], [through(image, chain + head)])
    elif kind == "sequential":
        model = keras.Sequential([image, *chain, *head])
    elif kind == "nested":
        backbone = keras.Model(image, through(image, chain), name="backbone")
        outer = keras.Input((12, 12, channels))
        model = keras.Model(outer, through(backbone(outer), head))
    else:
        inner = keras.Sequential([image, *chain], name="inner")
        whole = keras.Sequential([keras.Input((12, 12, channels)), inner, *head], name="whole")
        outer = keras.Input((12, 12, channels))
        model = keras.Model(outer, whole(outer))
    rng = np.random.default_rng(4)
    drawn = [rng.normal(0, 0.4, weight.shape) for weight in model.get_weights()]
    model.set_weights([np.abs(w) + 0.5 if w.shape == (5,) else w for w in drawn])
    return model


def pictures(channels: int = 1, n: int = 2) -> np.ndarray:
    return np.random.default_rng(5).random((n, 12, 12, channels)).astype("float32")


def weights_and_config(model: keras.Model) -> tuple[list[np.ndarray], str]:
    return model.get_weights(), model.to_json()


@pytest.fixture(scope="module")
def reference() -> dict[int, dict[str, np.ndarray]]:
    """Attributions of the Functional model that ends in logits, by number of channels."""
    return {
        channels: {
            name: method(make("functional", channels=channels), pictures(channels), [1, 2])
            for name, method in METHODS.items()
        }
        for channels in (1, 3)
    }


@pytest.mark.parametrize("end", ["logits", "softmax", "softmax_layer", "activation_layer"])
@pytest.mark.parametrize("kind", ["functional", "lists", "sequential", "nested", "twice nested"])
def test_every_method_explains_the_same_logit_in_every_kind_of_model(kind, end, reference):
    model = make(kind, end)
    for name, method in METHODS.items():
        found = method(model, pictures(), [1, 2])
        np.testing.assert_allclose(found, reference[1][name], atol=1e-5, err_msg=name)


@pytest.mark.parametrize("channels", [1, 3])
def test_attributions_have_their_documented_shapes_and_both_signs(channels, reference):
    for name, found in reference[channels].items():
        expected = (2, 12, 12, channels) if name in PIXEL_METHODS else (2, 12, 12)
        if name in MAP_METHODS:
            expected = (2, 3, 3)
        assert found.shape == expected, name
        assert found.dtype == np.float32, name
        assert np.isfinite(found).all(), name
    assert (reference[channels]["vanilla_gradients"] < 0).any()
    assert (reference[channels]["vanilla_gradients"] > 0).any()


@pytest.mark.parametrize("kind", ["functional", "sequential", "nested"])
def test_the_users_model_is_left_as_it_was(kind):
    model = make(kind, "softmax")
    model.trainable = False
    model.compile("adam", "mse")
    weights, config = weights_and_config(model)
    before = model(pictures()).numpy()
    nodes = [len(layer._inbound_nodes) for layer in model.layers]
    for method in METHODS.values():
        method(model, pictures())
    explain.activation_maximisation(model, 0, steps=2)
    after_weights, after_config = weights_and_config(model)
    assert after_config == config
    assert all(map(np.array_equal, after_weights, weights))
    assert np.array_equal(model(pictures()).numpy(), before)
    assert [len(layer._inbound_nodes) for layer in model.layers] == nodes
    assert model.compiled
    assert not model.trainable


def test_no_method_writes_anything_or_warns(capfd, recwarn):
    for kind in ("lists", "twice nested"):
        model = make(kind)
        recwarn.clear()
        for method in METHODS.values():
            method(model, pictures())
    assert capfd.readouterr() == ("", "")
    assert not [str(warning.message) for warning in recwarn]


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_without_a_class_the_predicted_one_is_explained(method):
    model = make("functional", "softmax")
    predicted = model(pictures()).numpy().argmax(axis=1)
    np.testing.assert_allclose(method(model, pictures()), method(model, pictures(), predicted))


def test_gradients_are_those_of_finite_differences():
    model, images = make("nested", "softmax"), pictures(n=1)
    logits = explain.Logits(model)
    gradient = explain.vanilla_gradients(model, images, 1)[0]
    for y, x in [(0, 0), (5, 6), (9, 3)]:
        shifted = np.repeat(images, 2, axis=0)
        shifted[0, y, x] += 1e-2
        shifted[1, y, x] -= 1e-2
        up, down = logits(shifted).numpy()[:, 1]
        assert (up - down) / 2e-2 == pytest.approx(gradient[y, x, 0], abs=2e-2)


@pytest.fixture(scope="module")
def ends_in_softmax() -> keras.Model:
    return make("sequential", "softmax")


@settings(max_examples=5)
@given(target=st.integers(0, 2), baseline=st.floats(-1, 1))
def test_integrated_gradients_are_complete(ends_in_softmax, target, baseline):
    model, images = ends_in_softmax, pictures()
    logits = explain.Logits(model)
    attributions = explain.integrated_gradients(model, images, target, baseline=baseline, steps=200)
    change = logits(images) - logits(np.full_like(images, baseline))
    np.testing.assert_allclose(
        attributions.sum(axis=(1, 2, 3)), change.numpy()[:, target], atol=0.03
    )


def test_grad_cam_is_the_class_activation_map_divided_by_its_places():
    model = make("nested", "softmax")
    cam = explain.class_activation_map(model, pictures(), 2)
    np.testing.assert_allclose(explain.grad_cam(model, pictures(), 2), cam / 9, atol=1e-6)


def test_the_class_activation_maps_mean_plus_bias_is_the_logit():
    model = make("sequential")
    cam = explain.class_activation_map(model, pictures(), 2)
    bias = model.get_layer("scores").get_weights()[1][2]
    np.testing.assert_allclose(cam.mean(axis=(1, 2)) + bias, model(pictures())[:, 2], atol=1e-5)


def test_a_class_activation_map_needs_an_average_and_one_dense_layer():
    image = keras.Input((8, 8, 1))
    x = layers.Flatten()(layers.Conv2D(2, 3, activation="relu")(image))
    model = keras.Model(image, layers.Dense(3)(x))
    with pytest.raises(ValueError, match="use grad_cam"):
        explain.class_activation_map(model, np.ones((1, 8, 8, 1)))
    assert explain.grad_cam(model, np.ones((1, 8, 8, 1))).shape == (1, 6, 6)


def test_a_linear_network_is_explained_exactly():
    image = keras.Input((4, 4, 1))
    model = keras.Model(image, layers.Dense(2, name="scores")(layers.Flatten()(image)))
    kernel = model.get_layer("scores").kernel.numpy()[:, 1].reshape(4, 4, 1)
    images = np.random.default_rng(0).random((3, 4, 4, 1)).astype("float32")
    for method in (explain.vanilla_gradients, explain.smooth_grad):
        np.testing.assert_allclose(method(model, images, 1), [kernel] * 3, atol=1e-5)
    contributions = images * kernel
    found = explain.integrated_gradients(model, images, 1, steps=1)
    np.testing.assert_allclose(found, contributions, atol=1e-5)
    found = explain.occlusion(model, images, 1, window=1, stride=1)
    np.testing.assert_allclose(found, contributions[..., 0], atol=1e-5)


def test_smooth_grad_without_noise_is_the_gradient_and_its_seed_repeats_it():
    model, images = make("functional"), pictures()
    plain = explain.vanilla_gradients(model, images, 0)
    smooth = explain.smooth_grad(model, images, 0, noise=0, samples=3)
    np.testing.assert_allclose(smooth, plain, atol=1e-6)
    first, again, other = (explain.smooth_grad(model, images, 0, seed=s) for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_guided_backpropagation_keeps_positive_gradients_at_each_relu():
    image = keras.Input((1, 1, 1))
    hidden = layers.Conv2D(2, 1, activation="relu", name="hidden")(image)
    model = keras.Model(image, layers.Dense(1, name="scores")(layers.Flatten()(hidden)))
    model.get_layer("hidden").set_weights([np.array([[[[2.0, 3.0]]]]), np.zeros(2)])
    model.get_layer("scores").set_weights([np.array([[5.0], [-7.0]]), np.zeros(1)])
    one = np.ones((1, 1, 1, 1))
    assert explain.vanilla_gradients(model, one, 0).item() == 2 * 5 - 3 * 7
    assert explain.guided_backpropagation(model, one, 0).item() == 2 * 5
    assert explain.guided_backpropagation(model, -one, 0).item() == 0


def test_guided_backpropagation_refuses_a_network_without_relu():
    image = keras.Input((4, 4, 1))
    model = keras.Model(image, layers.Dense(2, "tanh")(layers.Flatten()(image)))
    with pytest.raises(ValueError, match="no ReLU: use vanilla_gradients"):
        explain.guided_backpropagation(model, np.ones((1, 4, 4, 1)))


@pytest.mark.parametrize("end", ["logits", "softmax"])
def test_a_zero_gradient_gives_zeros_and_no_nan(end):
    model = make("functional", end)
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    for name, method in METHODS.items():
        found = method(model, np.zeros((1, 12, 12, 1)), 1)
        assert not found.any(), name
        assert not explain.for_display(found).any(), name
    images = explain.activation_maximisation(model, [0, 1], steps=3).images
    assert np.isfinite(images).all()


def test_a_saturated_softmax_still_has_its_logits_gradient():
    model = make("functional", "softmax")
    model.get_layer("scores").set_weights(
        [weight * 1000 for weight in model.get_layer("scores").get_weights()]
    )
    assert model(pictures()).numpy().max() == 1
    assert np.abs(explain.vanilla_gradients(model, pictures())).max() > 1
    assert np.abs(explain.grad_cam(model, pictures())).max() > 1


def test_grad_cam_explains_the_layer_that_is_asked_for():
    for kind, name in (("functional", "first"), ("nested", "first"), ("nested", "backbone/first")):
        found = explain.grad_cam(make(kind), pictures(), 1, layer=name)
        assert found.shape == (2, 10, 10)
    with pytest.raises(
        ValueError, match=r"'third' is not a layer of the model: name one of first,"
    ):
        explain.grad_cam(make("functional"), pictures(), layer="third")
    with pytest.raises(ValueError, match=r"'scores' gives \(2, 3\)"):
        explain.grad_cam(make("functional"), pictures(), layer="scores")


def test_a_sum_over_branches_and_a_layer_used_twice_are_followed():
    image = keras.Input((8, 8, 2))
    shared = layers.Conv2D(2, 3, padding="same", activation="relu", name="shared")
    joined = layers.Add(name="sum")([shared(shared(image)), image])
    model = keras.Model(image, layers.Dense(2)(layers.GlobalMaxPooling2D()(joined)))
    assert explain.last_feature_map(model) == "sum"
    np.testing.assert_allclose(
        explain.Logits(model)(np.ones((1, 8, 8, 2))), model(np.ones((1, 8, 8, 2)))
    )


@pytest.mark.parametrize(
    ("network", "expected"),
    [("MobileNetV2", "out_relu"), ("MobileNet", "conv_pw_13_relu"), ("VGG16", "block5_conv3")],
)
def test_the_last_feature_map_is_the_one_after_its_activation(network, expected):
    model = getattr(keras.applications, network)(weights=None, input_shape=(64, 64, 3), classes=5)
    assert explain.last_feature_map(model) == expected


def test_preprocessing_and_augmentation_inside_the_model_are_followed():
    image = keras.Input((12, 12, 1))
    x = layers.RandomFlip()(layers.Rescaling(1 / 255)(image))
    x = layers.Dropout(0.5)(layers.Conv2D(2, 3, activation="relu", name="features")(x))
    model = keras.Model(image, layers.Dense(2, "softmax")(layers.Flatten()(x)))
    assert explain.last_feature_map(model) == "features"
    first, again = (explain.vanilla_gradients(model, 255 * pictures(), 0) for _ in range(2))
    assert np.array_equal(first, again)


def test_attributions_do_not_depend_on_the_images_beside():
    model, images = make("functional"), pictures(n=5)
    for name in ("integrated_gradients", "grad_cam", "occlusion"):
        alone = np.concatenate([METHODS[name](model, each[None], 1) for each in images])
        np.testing.assert_allclose(METHODS[name](model, images, 1), alone, atol=1e-5)


@pytest.mark.parametrize(
    ("images", "classes", "said"),
    [
        (np.ones((12, 12, 1)), None, r"images\[np.newaxis\]"),
        (np.ones((0, 12, 12, 1)), None, "n at least 1"),
        (np.ones((1, 12, 12, 3)), None, r"the model takes \(n, \*\(12, 12, 1\)\)"),
        (np.ones((2, 12, 12, 1)), 3, "from 3 to 3, but the model has 3 outputs"),
        (np.ones((2, 12, 12, 1)), [0, 1, 2], r"one per image \(2\)"),
        (np.ones((2, 12, 12, 1)), 0.5, "one class index"),
    ],
)
def test_images_and_classes_that_do_not_fit_are_refused(images, classes, said):
    with pytest.raises(ValueError, match=said):
        explain.vanilla_gradients(make("functional"), images, classes)


def test_models_whose_layers_cannot_be_followed_are_refused():
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ValueError, match="Functional API"):
        explain.grad_cam(Own(), pictures())
    with pytest.raises(ValueError, match="Give a Sequential model an Input"):
        explain.grad_cam(keras.Sequential([layers.Flatten(), layers.Dense(2)]), pictures())
    image = keras.Input((12, 12, 1))
    two = keras.Model(image, [layers.Flatten()(image), layers.Flatten()(image)])
    with pytest.raises(ValueError, match="1 inputs and 2 outputs"):
        explain.grad_cam(two, pictures())
    flat = keras.Model(image, layers.Dense(2)(layers.Flatten()(image)))
    with pytest.raises(ValueError, match="no feature map larger than 1×1"):
        explain.grad_cam(flat, pictures())


@pytest.mark.parametrize(
    ("method", "nesting"),
    [
        *((name, "flat") for name in METHODS),
        *(("grad_cam", nesting) for nesting in ("nested", "sequential", "subclassed inside")),
    ],
)
def test_channels_first_is_refused_and_the_layer_named(method, nesting):
    first = {"data_format": "channels_first"}
    chain = [
        layers.Conv2D(4, 3, padding="same", activation="relu", name="by_channels", **first),
        layers.GlobalAveragePooling2D(name="by_channels_too", **first),
        layers.Dense(2),
    ]
    image = keras.Input((3, 16, 20))
    if nesting == "sequential":
        model = keras.Sequential([image, *chain])
    elif nesting == "nested":
        inner = keras.Input((3, 16, 20))
        model = keras.Model(image, keras.Model(inner, through(inner, chain))(image))
    elif nesting == "subclassed inside":
        model = keras.Model(image, through(image, [Doing(chain[0]), *chain[1:]]))
    else:
        model = keras.Model(image, through(image, chain))
    with pytest.raises(
        ValueError, match=r"'by_channels\w*' of .*'channels_first'.*'channels_last'"
    ):
        METHODS[method](model, np.ones((1, 3, 16, 20), "float32"), 1)


class Doing(keras.layers.Layer):
    """A layer of the user's own that uses another one."""

    def __init__(self, layer: keras.layers.Layer) -> None:
        super().__init__()
        self.layer = layer

    def call(self, x):
        return self.layer(x)


def test_options_out_of_range_are_refused():
    model, images = make("functional"), pictures()
    for call in (
        lambda: explain.integrated_gradients(model, images, steps=0),
        lambda: explain.integrated_gradients(model, images, baseline=np.ones((3, 1, 1, 1, 1))),
        lambda: explain.smooth_grad(model, images, noise=-1),
        lambda: explain.occlusion(model, images, window=13),
        lambda: explain.occlusion(model, images, window=3, stride=4),
        lambda: explain.activation_maximisation(model, 3),
        lambda: explain.activation_maximisation(model, 0, decay=1),
        lambda: explain.activation_maximisation(model, 0, value_range=(1, 0)),
    ):
        with pytest.raises(ValueError, match=r".+"):
            call()


@pytest.mark.parametrize("layer", [None, "norm", "second"])
def test_activation_maximisation_raises_the_activation_within_the_range(layer):
    found = explain.activation_maximisation(
        make("nested", "softmax"), [1, 2], layer=layer, value_range=(-4, 4), steps=20, blur=0
    )
    assert found.images.shape == (2, 12, 12, 1)
    assert found.activations.shape == (20, 2)
    assert np.abs(found.images).max() <= 4
    assert (found.activations[-1] >= found.activations[0]).all()
    assert found.activations[-1].max() > found.activations[0].max()
