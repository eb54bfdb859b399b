# %% [markdown]
# # 07 · Explainability: why did the network say that, and can we trust the answer?
#
# A network reads a digit, and is right. Did it look at the strokes, or at a speck in the corner that
# happens to come with that digit? An **attribution** answers with a picture: a number for each
# pixel or place that says how much it spoke for the class. There are many ways to compute one, they
# contradict each other, and some draw convincing pictures that have little to do with the
# network. So we build some of the methods by hand, take the others from a library, and then put *them* to the test.
#
# **You will**
#
# - find the input that a class or a filter answers to most, and see why that needs regularisation,
# - derive class activation maps and Grad-CAM, and write both in a dozen lines,
# - compute gradients, guided backpropagation, SmoothGrad, integrated gradients and occlusion, and
#   check the completeness of integrated gradients numerically,
# - run the sanity check that guided backpropagation fails: destroy the network, and see whether the
#   explanation notices,
# - let attributions point at planted markers, see what that cannot show, and unmask a classifier that cheats,
# - ask an ImageNet network about a photograph with a cat and a dog, one map per class.
#
# **Time**: about a minute and a half of computing on two CPU cores (quick profile), two hours with reading and
# exercises. **Before**: lesson 01.
#
# **Data**: [MNIST](https://keras.io/api/datasets/mnist/) (LeCun, Cortes and Burges, 1998), 11 MB,
# CC BY-SA 3.0; MobileNetV2's ImageNet weights, 24 MB, Apache 2.0; a dozen photographs, 3 MB, for
# teaching only; and pictures that we generate. Without a network the lesson runs on the 1,797 small
# digits that come with scikit-learn (UCI, CC BY 4.0), and the section on ImageNet on the small network.

# %% tags=["parameters"]
profile = "auto"  # "quick": minutes on a CPU; "full": wants a GPU; "auto": full where there is one
data = (
    "auto"  # "real": MNIST or an error; "sample": embedded digits; "auto": MNIST if it can be had
)
seed = 0

# %% [markdown]
# ## 1. A network to explain

# %%
from course_lib import runtime

run = runtime.setup(profile=profile, seed=seed)

# %%
import keras
import numpy as np
import tensorflow as tf

from course_lib import datasets, explain, metrics, plots, results

digits = datasets.load("mnist", source=data)
found = results.Results("07-Explainability", profile=run.profile, data=digits.kind)

# %%
n_used = 12_000 if run.quick else len(digits.x_train)  # enough for a decent network
order = np.random.default_rng(seed).permutation(len(digits.x_train))[:n_used]
images = digits.x_train[order, ..., np.newaxis].astype("float32") / 255
labels = digits.y_train[order].astype("int64")

n_validation = len(order) // 6
x_val, y_val = images[:n_validation], labels[:n_validation]
x_train, y_train = images[n_validation:], labels[n_validation:]
print(f"{len(x_train):,} images to train on, {len(x_val):,} to look at")

# %% [markdown]
# Four convolutions, then the mean of each channel over all places (**global average pooling**), then
# one dense layer. The network ends in **logits**, the scores before softmax. We build it with a function,
# since three more networks of its kind will follow.


# %%
def small_network(image_shape, n_classes, name):
    image = keras.Input(image_shape, name="image")
    x = image
    for number, width in enumerate([16, 32, 64, 64], start=1):
        convolution = keras.layers.Conv2D(
            width, 3, padding="same", activation="relu", name=f"conv{number}"
        )
        x = convolution(x)
        if number <= 2:
            x = keras.layers.MaxPooling2D(2, name=f"pool{number}")(x)
    x = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    return keras.Model(image, keras.layers.Dense(n_classes, name="logits")(x), name=name)


# %% [markdown]
# All of them are trained in the same way: Adam, with a learning rate that first rises and then falls.


# %%
def train(network, x, y, steps, peak=4e-3):
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 8, warmup_target=peak, warmup_steps=steps // 8
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(rate), loss)
    pairs = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x), seed=seed)
    network.fit(pairs.repeat().batch(64), steps_per_epoch=steps, epochs=1, verbose=0)


def classes_said(network, x):
    parts = [np.asarray(network(part)) for part in np.array_split(x, len(x) // 500 + 1)]
    return np.concatenate(parts).argmax(axis=1)


# %%
reader = small_network((28, 28, 1), 10, name="reader")
train(reader, x_train, y_train, steps=800 if run.quick else 8000)
accuracy_val = metrics.accuracy(y_val, classes_said(reader, x_val))
print(f"validation accuracy {accuracy_val:.3f}")
found.record("reader_validation_accuracy", accuracy_val)

# %% [markdown]
# For the pictures we take one validation digit of each class that the network reads right.

# %%
right = classes_said(reader, x_val) == y_val
examples = np.array([np.flatnonzero(right & (y_val == digit))[0] for digit in range(10)])
x_shown, y_shown = x_val[examples], y_val[examples]
plots.show(
    plots.image_grid(x_shown, titles=y_shown, columns=10, subject="digits", size=0.85),
    caption="The ten digits that we shall explain.",
)

# %% [markdown]
# ## 2. What does a neuron look for?
#
# Training asks how the *weights* should change to lower the loss. We can ask the same about the
# *input*: keep the weights, and change the image $x$ so that one neuron's answer $a(x)$ grows. Climbing
# its gradient is **activation maximisation** (Erhan et al., 2009):
#
# $$x \leftarrow x + \eta\, \frac{\nabla_x a(x)}{\|\nabla_x a(x)\|} .$$
#
# *Before you run the cells: we climb towards the image with the highest logit for a 3. Will you recognise
# a 3 in it?*


# %%
def climb(network, unit, steps=60, rate=0.05):
    image = tf.fill((1, 28, 28, 1), 0.5)
    for _ in range(steps):
        with tf.GradientTape() as tape:
            tape.watch(image)
            answer = network(image)[0, unit]
        gradient = tape.gradient(answer, image)
        length = tf.sqrt(tf.reduce_mean(gradient**2)) + 1e-12  # the norm, but for a constant
        image = tf.clip_by_value(image + rate * gradient / length, 0, 1)
    return image.numpy()


# %%
naive = climb(reader, unit=3)
two = np.concatenate([x_shown[3:4], naive])
for kind, scores in zip(("written", "climbed"), reader(two).numpy(), strict=True):
    print(f"{kind} 3: logit of a 3 {scores[3]:.1f}, highest logit: that of a {scores.argmax()}")
plots.show(
    plots.image_grid(two, titles=["a written 3", "climbed to a 3"], subject="images", size=2),
    caption="Left, one of our digits. Right, where climbing the logit of a 3 alone leads.",
)

# %% [markdown]
# The logit is far above that of the written 3, and yet nobody would write such a 3. Nothing in training told
# the network what images that are no digits should give, so there are countless ways up, and most of them do
# not look like digits. The network need not even *call* the image a 3: climbing one logit holds
# no other one down.
#
# To see what the network answers to among smoother images, we climb with **regularisation** (Olah et
# al., 2017): shift the image by a pixel or two before each step (**jitter**), so that only patterns survive which do
# not depend on the exact place, **blur** it now and then, and let the ink fade. `course_lib.explain` does
# that; its inner loop is the one above.

# %%
climbed = explain.activation_maximisation(
    reader, range(10), steps=80, jitter=2, blur=0.7, decay=0.02
)
plots.show(
    plots.image_grid(
        climbed.images, titles=range(10), columns=10, size=0.85, subject="images climbed to a class"
    ),
    caption="What the ten logits answer to, with jitter, blur and decay.",
)

# %% [markdown]
# Now there are strokes and bends of the size of a digit's parts, repeated in many places: the average
# pooling after the last convolution asks only *how much* of a pattern there is, not where. What we see
# depends on the regularisation that we chose. These pictures are hints, no photographs of a
# concept.
#
# Inside the network, a unit is a channel of a feature map. We maximise its mean:

# %%
filters = [
    explain.activation_maximisation(reader, range(8), layer=layer, steps=40, learning_rate=0.1)
    for layer in ("conv2", "conv4")
]
titles = [f"{layer}, {channel}" for layer in ("conv2", "conv4") for channel in range(8)]
plots.show(
    plots.image_grid(
        np.concatenate([each.images for each in filters]), titles=titles, subject="images"
    ),
    caption="Eight channels of the second convolution (top) and of the fourth (bottom).",
)

# %% [markdown]
# Many channels answer to stripes of one direction, some to ink as such. Those of the fourth convolution see a
# larger part of the image, and their patterns are coarser. Where a picture stays gray the channel gave no gradient:
# it is silent there, and the climb has nowhere to start.
#
# ## 3. Where is the evidence? Class activation maps
#
# Our network's head is simple enough to be solved by hand. Let $A^k_{ij}$ be the last convolution's
# channel $k$ at place $(i, j)$, after its ReLU, on $Z = 7 \cdot 7$ places. The logit of class $c$ is
#
# $$z_c = b_c + \sum_k w_{kc} \frac{1}{Z} \sum_{ij} A^k_{ij}
#       = b_c + \frac{1}{Z} \sum_{ij} \underbrace{\sum_k w_{kc} A^k_{ij}}_{M^c_{ij}} .$$
#
# The logit is the mean of a map $M^c$, the **class activation map** (CAM; Zhou et al., 2016),
# plus the bias. What a place contributes to the class can simply be read off.

# %%
maps_and_logits = keras.Model(reader.input, [reader.get_layer("conv4").output, reader.output])
feature_maps, logits = (np.asarray(part) for part in maps_and_logits(x_shown))
weights, bias = reader.get_layer("logits").get_weights()

cam = np.einsum("nijk,kc->ncij", feature_maps, weights)
difference = np.abs(cam.mean(axis=(2, 3)) + bias - logits).max()
assert difference < 1e-3
print(f"maps of shape {cam.shape}; mean plus bias is the logit up to {difference:.0e}")

# %% [markdown]
# There is one map for *each* class, also for those that the digit does not belong to. For three digits we
# look at the true class, and at the one that came second.

# %%
rows = np.array([3, 4, 9])
second = np.argsort(logits[rows], axis=1)[:, -2]
pairs = np.stack([cam[rows, rows], cam[rows, second]], axis=1)
scaled = explain.for_display(pairs.reshape(-1, 7, 7), size=(28, 28)).reshape(3, 2, 28, 28)
figure = plots.attribution_grid(
    scaled,
    images=x_shown[rows],
    overlay=True,
    row_titles=[f"{row}, then {other}?" for row, other in zip(rows, second, strict=True)],
    column_titles=["for the true class", "for the second"],
    size=1.5,
)
plots.show(figure, caption="Class activation maps: red speaks for the class, blue against it.")

# %% [markdown]
# For the true class nearly all that is coloured is red. For the runner-up some places are red as well, where
# the two digits are alike, and others may be blue. Red can also lie on empty paper, such as in the opening of a 4:
# that there is *no* stroke is evidence as well. The maps are coarse, 7 × 7 places enlarged to 28 × 28 pixels. And each picture is scaled by
# itself, so a strong red in two of them is not the same number of logits.
#
# ## 4. Grad-CAM: the same for any network
#
# Few networks end in one dense layer after an average. What can play the part of $w_{kc}$ in general? In
# our network the **gradient** of the logit with respect to the feature map is
#
# $$\frac{\partial z_c}{\partial A^k_{ij}} = \frac{w_{kc}}{Z}$$
#
# at every place. And a gradient exists in every network. **Grad-CAM** (Selvaraju et al., 2017, section
# 3) takes its mean over the places as the weight of channel $k$, and keeps the positive part:
#
# $$\alpha^c_k = \frac{1}{Z} \sum_{ij} \frac{\partial z_c}{\partial A^k_{ij}}, \qquad
#   L^c_{ij} = \mathrm{relu}\Big( \sum_k \alpha^c_k A^k_{ij} \Big) .$$
#
# In Keras that is a dozen lines. Two choices matter: we explain the **logit**, since a saturated softmax has
# no gradient left, and we take the feature map **after** its activation. The last relu is for pictures; our
# numbers are signed.


# %%
def grad_cam_by_hand(network, layer, images, classes):
    both = keras.Model(network.input, [network.get_layer(layer).output, network.output])
    with tf.GradientTape() as tape:
        maps, logits = both(images)
        scores = tf.gather(logits, classes, axis=1, batch_dims=1)
    gradients = tape.gradient(scores, maps)
    alpha = tf.reduce_mean(gradients, axis=(1, 2), keepdims=True)
    return tf.reduce_sum(alpha * maps, axis=-1).numpy()  # for pictures: np.maximum(..., 0)


by_hand = grad_cam_by_hand(reader, "conv4", x_shown, y_shown)

# %% [markdown]
# For our network it must be the class activation map divided by $Z = 49$. And
# `explain.grad_cam`, which also finds the layer by itself, follows nested models and takes the scores in front of a
# final softmax, must give the same:

# %%
cam_of_truth = cam[np.arange(10), y_shown]
by_library = explain.grad_cam(reader, x_shown, y_shown)
print("layer found:", explain.last_feature_map(reader))
print("largest |Grad-CAM - CAM / 49|:     ", np.abs(by_hand - cam_of_truth / 49).max())
print("largest |by hand - course_lib|:    ", np.abs(by_hand - by_library).max())
assert np.allclose(by_hand, cam_of_truth / 49, atol=1e-5)
assert np.allclose(by_hand, by_library, atol=1e-5)

# %% [markdown]
# ### Two digits in one picture
#
# A good explanation depends on the question. We put two digits side by side, give the network a
# wider input (its weights do not care, thanks to the average), and ask about one class and then
# the other. **Grad-CAM++** (Chattopadhay et al., 2018) weighs the places of the gradient
# one by one and keeps only the positive ones; it was made for several objects *of one class* in a picture.

# %%
wide_reader = keras.models.clone_model(reader, input_tensors=keras.Input((28, 56, 1)))
wide_reader.set_weights(reader.get_weights())

pair_rows, pair_columns = [3, 5, 7], [8, 0, 4]
collages = np.concatenate([x_shown[pair_rows], x_shown[pair_columns]], axis=2)
questions = [
    method(wide_reader, collages, classes)
    for method in (explain.grad_cam, explain.grad_cam_plus_plus)
    for classes in (pair_rows, pair_columns)
]

# %%
scaled = [explain.for_display(maps, size=(28, 56), positive=True) for maps in questions]
figure = plots.attribution_grid(
    np.stack(scaled, axis=1),
    images=collages,
    overlay=True,
    row_titles=[f"{a} and {b}" for a, b in zip(pair_rows, pair_columns, strict=True)],
    column_titles=["Grad-CAM: left digit?", "right digit?", "Grad-CAM++: left digit?", "right?"],
)
plots.show(figure, caption="One map per class: the same picture, two questions.")

# %% [markdown]
# How often does the map for a class point to its digit? We count on nearly two hundred
# pairs, always ask for the left digit, and half of all guesses would be right.


# %%
def points_to_its_half(method, n_pairs=200):
    rng = np.random.default_rng(seed)
    left, right = rng.integers(len(x_val), size=(2, n_pairs))
    different = y_val[left] != y_val[right]
    left, right = left[different], right[different]
    pictures = np.concatenate([x_val[left], x_val[right]], axis=2)
    maps = np.maximum(method(wide_reader, pictures, y_val[left]), 0)
    half = maps.shape[2] // 2
    return np.mean(maps[:, :, :half].sum(axis=(1, 2)) > maps[:, :, half:].sum(axis=(1, 2)))


for name, method in (("grad_cam", explain.grad_cam), ("plus_plus", explain.grad_cam_plus_plus)):
    found.record(f"pairs_{name}_right_half", points_to_its_half(method))

# %% [markdown]
# Grad-CAM nearly always points to the right half. Grad-CAM++ does so less often: it keeps only what speaks
# for a class, so the strokes of the other digit that would also fit are never set off by those that
# do not. (Two different digits are not the case it was made for; two equal ones would be.)
#
# ## 5. Down to the pixels
#
# How would the logit change if this pixel changed a little? That is the **gradient**
# $\partial z_c / \partial x$ (Simonyan et al., 2014), the simplest attribution of all, and it needs
# no layer to be chosen.


# %%
def gradient_by_hand(network, images, classes):
    images = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        scores = tf.gather(network(images), classes, axis=1, batch_dims=1)
    return tape.gradient(scores, images).numpy()


gradients = gradient_by_hand(reader, x_shown, y_shown)
assert np.allclose(gradients, explain.vanilla_gradients(reader, x_shown, y_shown), atol=1e-5)

# %% [markdown]
# Four refinements answer its weaknesses:
#
# - **Guided backpropagation** (Springenberg et al., 2015): while the gradient flows back, set it to zero at
#   each ReLU where it is negative. The lines get clean. Nie et al. (2018) derive why: it comes close to
#   recovering the image, whatever the decision.
# - **SmoothGrad** (Smilkov et al., 2017): a network's gradient jumps from pixel to pixel, so average it
#   over noisy copies of the image.
# - **Integrated gradients** (Sundararajan et al., 2017): average the gradient on the way from an empty
#   image $x'$ to $x$, and multiply by the way.
# - **Occlusion** (Zeiler and Fergus, 2014): no gradient at all. Cover a window, and see how much
#   the logit falls.

# %%
methods = {
    "gradient": explain.vanilla_gradients,
    "SmoothGrad": lambda *asked: explain.smooth_grad(*asked, samples=12, noise=0.2),
    "integrated\ngradients": lambda *asked: explain.integrated_gradients(*asked, steps=16),
    "occlusion": lambda *asked: explain.occlusion(*asked, window=5, stride=3),
    "Grad-CAM": explain.grad_cam,
    "Grad-CAM++": explain.grad_cam_plus_plus,
    "guided back-\npropagation": explain.guided_backpropagation,
}


# %%
def explain_all(network, images, classes):
    return {
        name: explain.resize(method(network, images, classes), images.shape[1:3])
        for name, method in methods.items()
    }


# %%
rows = np.array([2, 4, 8])
attributions = explain_all(reader, x_shown[rows], y_shown[rows])
scaled = np.stack([explain.for_display(maps) for maps in attributions.values()], axis=1)
plots.show(
    plots.attribution_grid(
        scaled, images=x_shown[rows], row_titles=rows, column_titles=list(attributions), size=0.95
    ),
    caption="Seven answers to one question: what speaks for the true class?",
)

# %% [markdown]
# The gradient is noisy; it says what would change the score, not what
# made it. SmoothGrad colours the paper too, since its noisy copies have specks there. Integrated gradients and occlusion mark ink only, or nearly so,
# since empty paper is what they compare with. And guided backpropagation draws the prettiest
# picture: clean outlines of the digit.
#
# ### Completeness, checked
#
# Integrated gradients of pixel $p$ are
#
# $$\mathrm{IG}_p(x) = (x_p - x'_p) \int_0^1
#   \frac{\partial z_c}{\partial x_p}\big(x' + t (x - x')\big)\, dt ,
#   \qquad \sum_p \mathrm{IG}_p(x) = z_c(x) - z_c(x') .$$
#
# Here $x_p$ is the pixel's value and $t$ runs from the empty image to ours. The second equation,
# **completeness**, is the fundamental theorem of calculus along the way: every
# bit of the logit's difference is handed out to some pixel, and nothing else. On a computer the
# integral is a sum over $m$ points.


# %%
def integrated_gradients_by_hand(network, image, label, steps):
    fractions = (np.arange(steps) + 0.5) / steps  # the middles of equal pieces, x' = 0
    way = fractions[:, None, None, None].astype("float32") * image
    return image * gradient_by_hand(network, way, np.full(steps, label)).mean(axis=0)


empty = np.zeros_like(x_shown)
change = (reader(x_shown) - reader(empty)).numpy()[np.arange(10), y_shown]
steps_tried, errors = [1, 2, 4, 8, 16, 32, 64, 128, 256], []
for steps in steps_tried:
    asked = zip(x_shown, y_shown, strict=True)
    sums = [integrated_gradients_by_hand(reader, x, y, steps).sum() for x, y in asked]
    errors.append(np.mean(np.abs(sums - change)) / np.mean(np.abs(change)))

# %%
found.record("completeness_error_64_steps", errors[steps_tried.index(64)])
figure = plots.new_figure(
    f"Relative completeness error against the number of steps on two logarithmic axes: it falls "
    f"from {errors[0]:.2g} at 1 step to {errors[-1]:.2g} at 256.",
    width=6,
)
axis = figure.subplots()
axis.loglog(steps_tried, errors, "o-", color=plots.OKABE_ITO[0])
axis.set(xlabel="steps of the integration", ylabel="error / change of the logit")
axis.grid(alpha=0.3)
plots.show(figure, caption="How far the sum is from the logit's change, mean of ten digits.")

# %% [markdown]
# With a few dozen steps the sum agrees. Completeness
# is a property of the *sum*. It does not make each pixel's share true, and the result depends on the
# baseline $x'$: with empty paper as the baseline, paper that a digit needs to be *free* of ink
# ($x_p = x'_p = 0$) can never get any credit, although section 3 showed that it counts.
#
# ## 6. Sanity checks: does the explanation notice that the network is broken?
#
# How can we tell a good explanation from a pretty one? Adebayo et al. (2018) proposed a simple experiment. If
# a picture explains what *this* network learned, it must change when we destroy what it learned.
# We replace the weights by random ones, from the top layer downwards (**cascading randomisation**), and
# compare each new attribution with the original one.
#
# *Before you run the cells: after the dense layer at the top is random, the network guesses. Which of the
# seven pictures will not care? Write your guess down.*

# %%
top_down = ("logits", "conv4", "conv3", "conv2", "conv1")
trained = explain_all(reader, x_shown, y_shown)


def randomise_downwards(network):
    broken = keras.models.clone_model(network)  # the same layers with fresh random weights
    fresh_weights = {layer: broken.get_layer(layer).get_weights() for layer in top_down}
    broken.set_weights(network.get_weights())
    stages, accuracies = {"trained": trained}, []
    for layer in top_down:
        broken.get_layer(layer).set_weights(fresh_weights[layer])
        stages[layer] = explain_all(broken, x_shown, y_shown)
        left = metrics.accuracy(y_val, classes_said(broken, x_val))
        accuracies.append(f"{layer} {left:.2f}")
    print(", ".join(accuracies))
    return stages


# %% [markdown]
# What one set of random weights does is partly luck, so we draw three. A line shows one draw: the validation
# accuracy that is left when the network is random down to the named layer.

# %%
draws = [randomise_downwards(reader) for _ in range(3)]

# %%
columns = ["trained", *[f"… {layer}" for layer in top_down]]
scaled = np.stack(
    [
        np.stack([explain.for_display(maps[name][3:4])[0] for maps in draws[0].values()])
        for name in methods
    ]
)

# %%
plots.show(
    plots.attribution_grid(
        scaled,
        row_titles=list(methods),
        column_titles=columns,
        subject="attributions of a 3 while the network is randomised from the top",
        size=1.0,
    ),
    caption="The most important picture of this lesson: attributions of a 3. From left to right "
    "more and more of the network is random. Guided backpropagation goes on drawing the digit.",
)

# %% [markdown]
# From the second column on the network does not know the digits any more. An explanation of *its
# decision* would have to change completely. Most methods go on marking places near the ink, since nothing
# else is in the picture; but which strokes speak for the class, and which against it, changes at
# once. Not so with two of them. Grad-CAM++ changes little at first, and guided backpropagation goes on drawing the same digit in the
# same colours, until the lowest layers are random too. It shows the input's strokes, and what the network learned about
# classes hardly matters.
#
# In numbers: **Spearman's rank correlation** $\rho$ between
# the original attribution and the new one, over the pixels of each image, then the mean over images. 1
# is the same order of pixels, 0 no relation.

# %%
from scipy.stats import spearmanr


def rank_correlation(first, second, transform=np.asarray):
    pairs = zip(transform(first), transform(second), strict=True)
    values = [spearmanr(a, b, axis=None).statistic for a, b in pairs if np.ptp(a) and np.ptp(b)]
    return np.mean(values) if values else 0.0


def curve_of(name, transform=np.asarray):
    values = [
        [rank_correlation(trained[name], maps[name], transform) for maps in stages.values()]
        for stages in draws
    ]
    return np.mean(values, axis=0)


curves = {name: curve_of(name) for name in methods}

# %%
flat = {name: name.replace("-\n", "").replace("\n", " ") for name in methods}
said = "; ".join(
    f"{flat[name]} {curve[1]:.2f} to {curve[-1]:.2f}" for name, curve in curves.items()
)
figure = plots.new_figure(f"Rank correlation with the trained network's attribution: {said}.")
axis = figure.subplots()
for (name, curve), colour, marker in zip(curves.items(), plots.OKABE_ITO, "osv^Dx*", strict=False):
    axis.plot(columns, curve, marker=marker, color=colour, label=flat[name])
axis.axhline(0, color="gray", linewidth=0.8)
axis.set(xlabel="randomised from the top down to …", ylabel="rank correlation", ylim=(-0.5, 1.05))
axis.grid(alpha=0.3)
axis.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
plots.show(figure, caption="Signed attributions, mean over ten digits and three draws.")

# %%
for name, curve in curves.items():
    key = flat[name].lower().replace(" ", "_").replace("-", "_").replace("++", "_plus_plus")
    found.record(f"rho_logits_random_{key}", curve[1])

# %% [markdown]
# Gradient, SmoothGrad, integrated gradients, occlusion and Grad-CAM drop as soon as the top layer is
# random; what is left scatters around zero from draw to draw. Guided backpropagation hardly drops.
# Grad-CAM++ deserves suspicion too: it throws away the negative gradients, and a random layer's positive
# ones still give a sum of feature maps, that is, of ink.
#
# Three warnings. The check is a necessary condition only: an attribution may pass and still be wrong. A method that is linear
# in the top layer's weights falls to 0 on average by their random signs alone.
# And the number depends on how we compare. Many papers drop the sign first. In the last line two patterns of pure noise, each
# multiplied by the digit, are compared in the same way:

# %%
unsigned = {flat[name]: curve_of(name, np.abs)[1] for name in methods}
for name, value in unsigned.items():
    print(f"{name:24} {value:5.2f}")
noise = np.random.default_rng(seed).standard_normal((2, *x_shown.shape)) * x_shown
print(f"{'two of noise × input':24} {rank_correlation(*noise, np.abs):5.2f}")
found.record("rho_logits_random_unsigned_integrated_gradients", unsigned["integrated gradients"])

# %% [markdown]
# Without signs integrated gradients look as insensitive as anything, and so does noise: both are multiplied by the input,
# and most of a digit's picture is empty. All these zeros agree (Sundararajan and Taly, 2018). A metric has its own failure
# modes; the pictures and the numbers have to be read together.
#
# ## 7. A planted marker, and what it cannot show
#
# For a photograph nobody can say which pixels *should* count. So we make pictures for which we nearly can. Each
# has a noisy background, one of three markers (a plus, a cross, a ring) that decides the class, and a
# decoy: the same number of brightened pixels in disorder.

# %%
from scipy.ndimage import gaussian_filter

plus = np.zeros((7, 7), bool)
plus[3], plus[:, 3] = True, True
cross = np.eye(7, dtype=bool) | np.eye(7, dtype=bool)[::-1]
ring = np.zeros((7, 7), bool)
ring[1:6, 1:6] = True
ring[2:5, 2:5] = False
markers = np.stack([plus, cross, ring])


# %%
def marked_pictures(n, seed):
    rng = np.random.default_rng(seed)
    noise = gaussian_filter(rng.standard_normal((n, 32, 32, 3)), (0, 1.5, 1.5, 0))
    pictures = np.clip(0.4 + 0.6 * noise, 0, 0.8).astype("float32")
    kinds = rng.integers(3, size=n)
    corners = rng.integers(0, 26, size=(n, 2))
    for picture, kind, (top, left) in zip(pictures, kinds, corners, strict=True):
        decoy = rng.permutation(markers[kind].ravel()).reshape(7, 7)
        y, x = rng.integers(0, 26, size=2)
        picture[y : y + 7, x : x + 7][decoy] += 0.4
        picture[top : top + 7, left : left + 7][markers[kind]] = (1.0, 1.0, 0.9)
    return np.clip(pictures, 0, 1), kinds, corners


# %%
x_marked, y_marked, _ = marked_pictures(3000 if run.quick else 20_000, seed=seed + 1)
finder = small_network((32, 32, 3), 3, name="finder")
# Smaller steps than the others: at their rate one of three seeds got stuck at two thirds right.
train(finder, x_marked, y_marked, steps=600 if run.quick else 4000, peak=2e-3)

x_new, y_new, corners = marked_pictures(300, seed=seed + 2)
said_marked = classes_said(finder, x_new)
accuracy_marked = metrics.accuracy(y_new, said_marked)
print(f"accuracy on 300 new pictures {accuracy_marked:.3f}")
found.record("marker_accuracy", accuracy_marked)

# %% [markdown]
# The **pointing game** (Zhang et al., 2018): does the map's maximum lie in the marker's 7 × 7 box? Somebody
# who points blindly hits with probability $49 / 1024$, under five per cent. Beside the methods we set
# two that ask no network at all: the brightest pixel, and the strongest edge.
#
# *Before you run the cells: how often will the brightest pixel lie in the box?*

# %%
judged = np.flatnonzero(said_marked == y_new)[:100]
maps_of = explain_all(finder, x_new[judged], y_new[judged])
# These point at the largest absolute value, the others at the largest value.
unsigned_methods = ("gradient", "SmoothGrad", "guided back-\npropagation")


def pointing_score(maps):
    places = np.array([np.unravel_index(each.argmax(), each.shape) for each in maps])
    offset = places - corners[judged]
    return np.mean(((offset >= 0) & (offset < 7)).all(axis=1))


scores = {
    flat[name]: pointing_score(np.abs(maps) if name in unsigned_methods else maps)
    for name, maps in maps_of.items()
}

# %%
from scipy.ndimage import sobel

brightness = x_new[judged].sum(axis=-1)
edges = np.hypot(sobel(brightness, axis=1), sobel(brightness, axis=2))
without_network = {
    "brightest pixel": pointing_score(brightness),
    "strongest edge": pointing_score(edges),
}

# %%
shown = [int(np.flatnonzero(y_new[judged] == kind)[0]) for kind in range(3)]
scaled = np.stack([explain.for_display(maps[shown]) for maps in maps_of.values()], axis=1)
titles = [f"{name}\n{score:.0%}" for name, score in zip(methods, scores.values(), strict=True)]
plots.show(
    plots.attribution_grid(
        scaled,
        images=x_new[judged][shown],
        row_titles=["plus", "cross", "ring"],
        column_titles=titles,
        size=0.95,
    ),
    caption="Three marked pictures, and each method's score in the pointing game on a hundred.",
)

# %%
found.record("pointing_chance", 49 / 1024)
for name, score in (scores | without_network).items():
    key = name.lower().replace(" ", "_").replace("-", "_").replace("++", "_plus_plus")
    found.record(f"pointing_{key}", score)

# %%
from IPython.display import Markdown

ranked = sorted((scores | without_network).items(), key=lambda pair: -pair[1])
rows = [
    f"| {f'**{name}**, no network' if name in without_network else name} | {score:.0%} |"
    for name, score in ranked
]
rows.append(f"| **blind**, no network | {49 / 1024:.0%} |")
Markdown("\n".join(["| points at | in the marker's box |", "| --- | --- |", *rows]))

# %% [markdown]
# The brightest pixel hits nearly always, without any network: the marker is the brightest thing in these pictures.
# The strongest edge beats several methods too. So a high score proves little, and the order of the methods nothing: each may point to
# the marker because the network uses it, or because it catches the eye. Guided backpropagation, which hardly looks at
# what the network learned, beats the plain gradient here. Nor is the box the whole truth: a ring's
# decoy has 16 pixels and the others' 13, so the decoy tells of the class as well. All methods do
# better than pointing blindly; more this game does not show.
#
# ## 8. Unmasking a classifier that cheats
#
# In a well-known collection of photographs many of the horses came with the photographer's name in a corner,
# and a fine classifier turned out to read the name (Lapuschkin et al., 2019). We build such a case: threes
# against eights, and whoever collected the eights stamped them in the lower left corner.

# %%
stamp = np.zeros((28, 28, 1), "float32")
stamp[22:27:2, 1:7] = 0.7
chosen_train, chosen_val = np.isin(y_train, (3, 8)), np.isin(y_val, (3, 8))
x_pure, y_pure = x_train[chosen_train], (y_train[chosen_train] == 8).astype("int64")
x_look, y_look = x_val[chosen_val], (y_val[chosen_val] == 8).astype("int64")


def stamped(images, which):
    return np.where(which[:, None, None, None], np.maximum(images, stamp), images)


pictures = stamped(x_look[:8], y_look[:8] == 1)
plots.show(
    plots.image_grid(pictures, titles=np.where(y_look[:8] == 1, 8, 3), subject="digits"),
    caption="Validation digits from the same source as the training digits: every 8 has the stamp.",
)

# %%
cheat = small_network((28, 28, 1), 2, name="cheat")
honest = small_network((28, 28, 1), 2, name="honest")
n_steps = 250 if run.quick else 2000
train(cheat, stamped(x_pure, y_pure == 1), y_pure, steps=n_steps)
train(honest, x_pure, y_pure, steps=n_steps)

said = classes_said(cheat, stamped(x_look, y_look == 1))
accuracy_source = metrics.accuracy(y_look, said)
print(f"validation accuracy of the network that saw stamps: {accuracy_source:.3f}")
found.record("cheat_validation_accuracy", accuracy_source)

# %% [markdown]
# A splendid validation accuracy. The validation digits come from the same collection, so they cannot show
# what is wrong. The attributions can. *Where will they be red?*

# %%
eights = np.flatnonzero(y_look == 1)[:3]
asked = (stamped(x_look[eights], y_look[eights] == 1), y_look[eights])
views = [
    method(network, *asked)
    for network in (cheat, honest)
    for method in (explain.grad_cam, explain.occlusion)
]

# %%
plots.show(
    plots.attribution_grid(
        np.stack([explain.for_display(maps, size=(28, 28)) for maps in views], axis=1),
        images=asked[0],
        overlay=True,
        column_titles=["cheat:\nGrad-CAM", "occlusion", "honest:\nGrad-CAM", "occlusion"],
        size=1.5,
    ),
    caption="What speaks for an 8? Left: the network that saw stamps. Right: the one that did not.",
)


# %% [markdown]
# Occlusion points to the stamp of the cheat's eights, and to strokes of the honest network's. Grad-CAM is harder to
# read: its places see wide windows, and near the stamp lies a part of the digit.
#
# And in numbers: which share of all positive evidence for "8" lies in the corner of the stamp,
# 9 × 9 of 784 pixels or a tenth, over a hundred eights?


# %%
def corner_share(network):
    eights = x_look[y_look == 1][:100]
    maps = explain.occlusion(network, np.maximum(eights, stamp), 1, window=5, stride=3)
    evidence = np.maximum(maps, 0)
    return evidence[:, 19:, :9].sum() / evidence.sum()


for network in (cheat, honest):
    found.record(f"{network.name}_corner_share", corner_share(network))

# %% [markdown]
# Now the suspicion is sharp enough to be tested, and only a test decides: the test digits, which come
# without stamps. We look at them here, once.

# %%
chosen_test = np.isin(digits.y_test, (3, 8))
x_test = digits.x_test[chosen_test, ..., np.newaxis].astype("float32") / 255
y_test = (digits.y_test[chosen_test] == 8).astype("int64")
for network in (cheat, honest):
    accuracy_clean = metrics.accuracy(y_test, classes_said(network, x_test))
    found.record(f"{network.name}_clean_test_accuracy", accuracy_clean)
found.record("watermark_gap", accuracy_source - found["cheat_clean_test_accuracy"])

# %% [markdown]
# And the other way round: we put the stamp on clean threes, change nothing else, and see how far the 8's lead
# over the 3, $z_8 - z_3$, moves.


# %%
def lead_of_8(network, images):
    logits = [np.asarray(network(part)) for part in np.array_split(images, len(images) // 500 + 1)]
    return np.diff(np.concatenate(logits), axis=1)[:, 0]


threes = x_test[y_test == 0]
moves = {}
for network in (cheat, honest):
    clean, with_stamp = lead_of_8(network, threes), lead_of_8(network, np.maximum(threes, stamp))
    moves[network.name] = with_stamp - clean
    print(f"{network.name:6}: the stamp moves the lead by {moves[network.name].mean():+.1f} logits;",
          f"threes called 8: {np.mean(clean > 0):.1%} without it, {np.mean(with_stamp > 0):.1%} with it")
found.record("stamp_raises_lead_of_8", np.mean(moves["cheat"] > 0))

# %% [markdown]
# Without stamps the cheat falls from its validation accuracy to not much better than guessing, and a stamp
# moves it towards the 8 on nearly every 3. How many threes it then calls an 8 depends much on the network's random
# start. An attribution raised the suspicion; changing the input proved it.
#
# ## 9. An ImageNet network, a cat and a dog
#
# Now a network that we did not train: MobileNetV2, a thousand classes. It ends in a softmax; its last
# convolution is followed by batch normalisation and a ReLU6, a ReLU that ends at 6. `explain.grad_cam` takes the scores in
# front of the softmax, and the map after the ReLU6. If weights and photographs cannot be had, this section
# uses our own network and two digits.

# %%
import json

from course_lib.errors import DataError

imagenet, reason = None, "the run uses the embedded sample"
if digits.kind == "real":
    try:
        files = datasets.fetch("mobilenet_v2")
        photos = datasets.load("sample_photos", source="real")
        imagenet = keras.applications.MobileNetV2(weights=files["top"])
        class_index = json.loads(files["classes"].read_text())
    except DataError as error:
        reason = str(error)
print("MobileNetV2 is here." if imagenet else f"No ImageNet network, because {reason}")


# %%
def best_of(scores, classes):
    return max(classes, key=lambda index: scores[index])


if imagenet:
    photo = photos.x_test[[photos.titles.index("both")]].astype("float32") / 127.5 - 1
    scores = np.asarray(imagenet(photo))[0]
    asked = [best_of(scores, range(281, 286)), best_of(scores, range(151, 269))]  # cats, dogs
    names = [class_index[str(index)][1].replace("_", " ") for index in asked]
    judge, picture = imagenet, (photo + 1) / 2
else:
    judge, photo, asked, names = wide_reader, collages[:1], [3, 8], ["a 3", "an 8"]
    picture = photo
print("asked about:", ", ".join(names), "| layer:", explain.last_feature_map(judge))

# %%
both = np.repeat(photo, 2, axis=0)
two_maps = {
    "Grad-CAM": explain.grad_cam(judge, both, asked),
    "guided backpropagation": explain.guided_backpropagation(judge, both, asked),
}
scaled = [
    explain.for_display(maps, size=photo.shape[1:3], positive=True) for maps in two_maps.values()
]

# %%
plots.show(
    plots.attribution_grid(
        np.stack(scaled, axis=1), images=np.repeat(picture, 2, axis=0), overlay=True,
        row_titles=names, column_titles=list(two_maps), size=2.8,
        subject="positive attributions of two classes",
    ),
    caption="One picture, two questions: Grad-CAM moves to the class in question, guided backpropagation "
    "marks much the same strokes and edges for both.",
)

# %% [markdown]
# How similar are the maps for the two classes? Explanations of two decisions should differ.

# %%
for key, maps in zip(("grad_cam", "guided"), two_maps.values(), strict=True):
    first, second = explain.pool_channels(maps)
    found.record(f"two_classes_rho_{key}", spearmanr(first, second, axis=None).statistic)

# %% [markdown]
# Grad-CAM's two maps differ: each sits on or near its own object. Guided backpropagation's are much alike, which is
# section 6 once more.
#
# ## 10. A library: tf-explain
#
# [tf-explain](https://tf-explain.readthedocs.io) offers many of these methods and draws the pictures. It is an
# optional part of the course. We compare its raw numbers with ours, then the pictures.

# %%
import importlib.util
import warnings

available = all(importlib.util.find_spec(name) for name in ("tf_explain", "cv2"))
if available:
    from tf_explain.core.grad_cam import GradCAM
    from tf_explain.core.vanilla_gradients import VanillaGradients

    theirs = VanillaGradients.compute_gradients(x_shown[:3], reader, 3).numpy()
    ours = explain.vanilla_gradients(reader, x_shown[:3], 3)
    print(f"gradients:  largest difference {np.abs(theirs - ours).max():.1e}")
else:
    print('tf-explain is missing: pip install "course-lib[explain]" brings it, with OpenCV.')


# %%
def grad_cam_of_tf_explain(guided):
    with warnings.catch_warnings():  # it passes the image in one list more than Keras expects
        warnings.simplefilter("ignore")
        parts = GradCAM.get_gradients_and_filters(reader, x_shown[:3], "conv4", 3, guided)
    return np.stack(GradCAM.generate_ponderated_output(*parts))


if available:
    ours = explain.grad_cam(reader, x_shown[:3], 3)
    for guided in (False, True):
        away = np.abs(grad_cam_of_tf_explain(guided) - ours).max()
        print(f"Grad-CAM, use_guided_grads={guided}: largest difference {away:.1e}")

# %% [markdown]
# The plain gradients agree, and so does Grad-CAM once `use_guided_grads=False` is given: by default
# tf-explain drops negative gradients and those of silent places, which is not the paper's
# formula. Now the pictures, of the marked ones from section 7, for it overlays colour images only.


# %%
def pictures_of_tf_explain(method, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [
            method.explain((x_new[judged[i]][None], None), finder, int(y_new[judged[i]]), **options)
            for i in shown
        ]


# %%
if available:
    asked = (x_new[judged][shown], y_new[judged][shown])
    in_colour = {"cmap": plots.DIVERGING, "vmin": -1, "vmax": 1}
    compared = {
        "tf-explain:\nGrad-CAM": pictures_of_tf_explain(GradCAM(), layer_name="conv4"),
        "use_guided_\ngrads=False": pictures_of_tf_explain(
            GradCAM(), layer_name="conv4", use_guided_grads=False
        ),
        "ours": explain.for_display(explain.grad_cam(finder, *asked), size=(32, 32)),
        "tf-explain:\ngradient": pictures_of_tf_explain(VanillaGradients()),
        "ours ": explain.for_display(explain.vanilla_gradients(finder, *asked)),
    }

# %%
if available:
    compared = {"picture": asked[0]} | compared
    said = ", ".join(name.replace("\n", " ").strip() for name in compared)
    figure = plots.new_figure(f"Three marked pictures in rows; in columns {said}.", height=4.4)
    axes = figure.subplots(3, 6)
    for column, (name, drawings) in enumerate(compared.items()):
        axes[0, column].set_title(name, fontsize=9)
        for axis, drawing in zip(axes[:, column], drawings, strict=True):
            axis.imshow(drawing, **(in_colour if "ours" in name else {"cmap": "gray"}))
            axis.set_axis_off()
    plots.show(
        figure,
        caption="tf-explain and course_lib on the same network. tf-explain scales from the lowest "
        "to the highest value; in ours red speaks for the class, blue against it, and white is 0.",
    )

# %% [markdown]
# Given plain gradients, tf-explain's Grad-CAM lights up where ours is red. But its colours do not say
# where zero lies, and its gradient has lost the sign. What else to know about version
# 0.3.1 under Keras 3:
#
# - Grad-CAM and SmoothGrad fail on Sequential models and on `Model([x], [y])`; rebuild the model as
#   `Model(x, y)`, and pass `layer_name`.
# - It explains what the model gives. Where that is a softmax, end the model before it.
# - Its SmoothGrad averages the gradient of the cross-entropy, not of the score: the sign is the opposite.
# - It returns pictures, scaled and without signs. Its integrated gradients are the mean gradient,
#   not yet multiplied by the way, so their sum means nothing.
#
# ## 11. Your turn
#
# **Exercise 1.** The gradient tells what a *small* change does; multiplied by the input it says, to first
# order, what the pixel contributed. Write *gradient × input* with the help of `gradient_by_hand`.
# Expected: an array of shape (10, 28, 28, 1) that is zero wherever there is no ink.


# %% tags=["exercise"]
def gradient_times_input(network, images, classes):
    """Gradient of each image's logit times the image, same shape as the images."""
    return None  # your code


answer = gradient_times_input(reader, x_shown, y_shown)
good = (
    answer is not None
    and np.shape(answer) == x_shown.shape
    and np.allclose(answer, gradients * x_shown, atol=1e-5)
)
print("Right." if good else "Not yet: expected shape (10, 28, 28, 1), gradient times pixel value.")

# %% [markdown]
# <details><summary>Hint</summary>
#
# One line: `gradient_by_hand(network, images, classes)` has the images' shape already. Compare its sum
# with the logit's `change` of section 5: is gradient × input complete?
#
# </details>
#
# **Exercise 2.** Write `pointing_chance(box, picture)`: the chance that a
# random pixel of a square picture lies in a square box, both given by their edge.
# Expected: `pointing_chance(7, 32)` is about 0.048, and 1 where the box fills the picture.


# %% tags=["exercise"]
def pointing_chance(box, picture):
    """Probability that a random pixel of a picture (edge length) falls into a box (edge length)."""
    return None  # your code


answers = (pointing_chance(7, 32), pointing_chance(5, 5))
good = None not in answers and np.allclose(answers, (49 / 1024, 1))
print("Right." if good else f"Not yet: expected about (0.0479, 1), got {answers}.")

# %% [markdown]
# <details><summary>Hint</summary>
#
# Count pixels: a box of edge 7 has 49.
#
# </details>
#
# **Exercise 3.** The second sanity check of Adebayo et al. randomises the *labels*: train a network on
# digits with shuffled labels until it knows them by heart, and compare its attributions with the
# reader's. Which methods still show the digit?
#
# <details><summary>Hint</summary>
#
# `np.random.default_rng(1).permutation(y_train[:1000])` shuffles; a thousand images and some dozen epochs are
# enough to learn them by heart. Then `rank_correlation` of `explain_all(...)` as in section 6.
#
# </details>
#
# ## What we saw

# %%
Markdown(f"""
- Climbing a logit without regularisation gave a picture that nobody would write, with a higher
  logit than a written digit's.
- Grad-CAM was the class activation map divided by its number of places. In a picture of two digits
  it pointed to the right one in {found["pairs_grad_cam_right_half"]:.0%} of the pairs.
- Integrated gradients with 64 steps add up to the logit's change within
  {found["completeness_error_64_steps"]:.1%}.
""")

# %%
Markdown(f"""
- With the top layer random, the rank correlation with the original attribution was
  {found["rho_logits_random_gradient"]:.2f} for the gradient,
  {found["rho_logits_random_grad_cam"]:.2f} for Grad-CAM and
  {found["rho_logits_random_guided_backpropagation"]:.2f} for **guided backpropagation**,
  which hardly noticed.
- Pointing at a planted marker: Grad-CAM {found["pointing_grad_cam"]:.0%}, occlusion
  {found["pointing_occlusion"]:.0%}, by chance {found["pointing_chance"]:.1%}; but the brightest pixel
  hits {found["pointing_brightest_pixel"]:.0%} without any network, so this test ranks no method.
- The network that had seen stamps: {found["cheat_validation_accuracy"]:.0%} on validation digits
  from the same source, {found["cheat_clean_test_accuracy"]:.0%} on clean test digits
  (the honest one: {found["honest_clean_test_accuracy"]:.0%});
  {found["cheat_corner_share"]:.0%} of its evidence lay in the corner, a tenth of the picture.
""")

# %% [markdown]
# **To try next**: explain a mistake of the reader, for the class it said and for the true one; put the stamp
# on half of the eights only; replace the black baseline by white, by noise, by the mean digit; add batch
# normalisation to the network and repeat section 6.
#
# ## References
#
# - Adebayo, J., Gilmer, J., Muelly, M., Goodfellow, I., Hardt, M. and Kim, B. (2018). *Sanity checks for
#   saliency maps.* NeurIPS. [arXiv:1810.03292](https://arxiv.org/abs/1810.03292).
# - Chattopadhay, A., Sarkar, A., Howlader, P. and Balasubramanian, V. N. (2018). *Grad-CAM++: generalized
#   gradient-based visual explanations for deep convolutional networks.* WACV.
# - Erhan, D., Bengio, Y., Courville, A. and Vincent, P. (2009). *Visualizing higher-layer features of a
#   deep network.* Technical report 1341, Université de Montréal.
# - Lapuschkin, S., Wäldchen, S., Binder, A., Montavon, G., Samek, W. and Müller, K.-R. (2019). *Unmasking
#   Clever Hans predictors and assessing what machines really learn.* Nature Communications 10, 1096.
# - LeCun, Y., Cortes, C. and Burges, C. J. C. (1998). *The MNIST database of handwritten digits.*
# - Nie, W., Zhang, Y. and Patel, A. (2018). *A theoretical explanation for perplexing behaviors of backpropagation-based
#   visualizations.* ICML.
# - Olah, C., Mordvintsev, A. and Schubert, L. (2017). *Feature visualization.* Distill.
# - Selvaraju, R. R., Cogswell, M., Das, A., Vedantam, R., Parikh, D. and Batra, D. (2017). *Grad-CAM: visual
#   explanations from deep networks via gradient-based localization.* ICCV.
# - Simonyan, K., Vedaldi, A. and Zisserman, A. (2014). *Deep inside convolutional networks: visualising image
#   classification models and saliency maps.* ICLR workshop.
# - Smilkov, D., Thorat, N., Kim, B., Viégas, F. and Wattenberg, M. (2017). *SmoothGrad: removing noise by
#   adding noise.* [arXiv:1706.03825](https://arxiv.org/abs/1706.03825).
# - Springenberg, J. T., Dosovitskiy, A., Brox, T. and Riedmiller, M. (2015). *Striving for simplicity: the
#   all convolutional net.* ICLR workshop.
# - Sundararajan, M. and Taly, A. (2018). *A note about: local explanation methods for deep neural networks lack sensitivity to
#   parameter values.* [arXiv:1806.04205](https://arxiv.org/abs/1806.04205).
# - Sundararajan, M., Taly, A. and Yan, Q. (2017). *Axiomatic attribution for deep networks.* ICML.
# - Zeiler, M. D. and Fergus, R. (2014). *Visualizing and understanding convolutional networks.* ECCV.
# - Zhang, J., Bargal, S. A., Lin, Z., Brandt, J., Shen, X. and Sclaroff, S. (2018). *Top-down neural attention by
#   excitation backprop.* International Journal of Computer Vision 126, 1084–1102.
# - Zhou, B., Khosla, A., Lapedriza, A., Oliva, A. and Torralba, A. (2016). *Learning deep features for
#   discriminative localization.* CVPR.
