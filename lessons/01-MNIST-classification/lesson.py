# %% [markdown]
# # 01 · MNIST classification: how does a network learn to read digits, and what did it learn?
#
# A handwritten 3 is 784 grey values. No single one of them says "three", and no two people write
# it the same way, so nobody has managed to write down the rule by hand. In this lesson two networks
# find a rule from examples: a **multilayer perceptron**, which sees the image as a list of numbers,
# and a **convolutional network**, which knows that neighbouring pixels belong together. We then
# look inside both and ask what they learned, and where that fails.
#
# **You will**
#
# - build a network with Keras' Sequential API and count its parameters by hand,
# - explain softmax and cross-entropy, and check both with a calculator's worth of NumPy,
# - read learning curves: what underfitting and overfitting look like,
# - build a convolutional network, predict every layer's output size, and write the same network
#   with the Functional API,
# - judge a network: accuracy with its error, confusion matrix, the digits it gets wrong,
# - look at weights and feature maps, and save a model and load it again.
#
# **Time**: about 2 minutes of computing on two CPU cores (quick profile), an hour and a half with reading and
# exercises. **Before**: Python and NumPy; matrices; what a derivative is.
#
# **Data**: [MNIST](https://keras.io/api/datasets/mnist/) (LeCun, Cortes and Burges, 1998), 70,000
# handwritten digits, 11 MB, CC BY-SA 3.0. Without a network the lesson runs on the 1,797 small digits
# that come with scikit-learn (UCI, CC BY 4.0); the numbers are then others, the effects the same.

# %% tags=["parameters"]
profile = "auto"  # "quick" for a CPU, "full" for a GPU, "auto": full where there is a GPU
data = "auto"  # "real", "sample" (embedded digits), "auto": real if it can be had
seed = 0

# %% [markdown]
# ## 1. Setting up
#
# Networks start from random numbers. The **seed** fixes them, so that two runs can be compared; it
# does not make one run more right than another.

# %%
from course_lib import runtime

run = runtime.setup(profile=profile, seed=seed)

# %%
import keras
import numpy as np

from course_lib import datasets, metrics, plots, results, training

digits = datasets.load("mnist", source=data)
found = results.Results("01-MNIST-classification", profile=run.profile, data=digits.kind)

# %% [markdown]
# ## 2. The data
#
# Each image has 28 × 28 pixels from 0 (paper) to 255 (ink), each label is a digit from 0 to 9.

# %%
print("training:", digits.x_train.shape, digits.x_train.dtype)
print("test:    ", digits.x_test.shape, digits.x_test.dtype)
plots.show(
    plots.image_grid(digits.x_train[:16], titles=digits.y_train[:16], subject="handwritten digits"),
    caption="The first sixteen training images and their labels.",
)

# %% [markdown]
# A network learns faster from small numbers, so we scale the pixels to [0, 1]. We also set some
# training images aside as a **validation set**. Every choice in this lesson (when to stop,
# which network to prefer) is made on the validation set. The **test set** is looked at once, at the
# end. If we chose by it, its result would be the best of many tries and no longer tell us how the
# network does on digits that it has never met.

# %%
order = np.random.default_rng(seed).permutation(len(digits.x_train))
n_validation = len(order) // 12  # 5,000 of MNIST's 60,000
images = digits.x_train[order, ..., np.newaxis].astype("float32") / 255
labels = digits.y_train[order].astype("int64")

x_val, y_val = images[:n_validation], labels[:n_validation]
x_train, y_train = images[n_validation:], labels[n_validation:]
print(f"{len(x_train):,} images to train on, {len(x_val):,} to choose by")

# %% [markdown]
# What would we get without learning anything? By always saying the commonest digit we already have
# a **baseline**. A network that does no better has learned nothing.

# %%
commonest = np.bincount(y_train).argmax()
baseline = metrics.accuracy(y_val, np.full_like(y_val, commonest))
print(f"always saying {commonest}: validation accuracy {baseline:.3f}")

# %% [markdown]
# ## 3. A multilayer perceptron
#
# A **dense layer** multiplies its input $x \in \mathbb{R}^n$ by a weight matrix $W$, adds a bias $b$
# and bends the result with an **activation function**, here $\mathrm{relu}(z) = \max(0, z)$:
#
# $$h = \mathrm{relu}(W^\top x + b), \qquad W \in \mathbb{R}^{n \times m},\; b \in \mathbb{R}^m .$$
#
# Two dense layers make a **multilayer perceptron** (MLP). A model in which each layer feeds the next
# is what Keras calls **Sequential**. The last layer gives one number per class, the **logits**. They
# are scores, not probabilities yet. (`dtype="float32"` keeps them precise on a GPU, where the layers
# before may compute in 16 bits.)

# %%
mlp = keras.Sequential(
    [
        keras.Input(shape=(28, 28, 1)),
        keras.layers.Flatten(),
        keras.layers.Dense(256, activation="relu", name="hidden"),
        keras.layers.Dense(10, dtype="float32", name="logits"),
    ],
    name="mlp",
)

# %% [markdown]
# How many numbers does it learn? A dense layer from $n$ inputs to $m$ units has $n \cdot m$ weights
# and $m$ biases. Count them on paper before running the next cell.

# %%
by_hand = (28 * 28 * 256 + 256) + (256 * 10 + 10)
print(f"by hand: {by_hand:,}")
assert by_hand == mlp.count_params()
mlp.summary()

# %% [markdown]
# ### From scores to probabilities
#
# **Softmax** turns logits $z_1, \dots, z_{10}$ into positive numbers that sum to one:
#
# $$p_k = \frac{e^{z_k}}{\sum_{j=1}^{10} e^{z_j}} .$$
#
# **Cross-entropy** is the loss we minimise: $L = -\log p_y$, where $y$ is the true class. It is 0 for
# a network that is certain and right, and grows without bound as the probability of the truth goes
# to 0. It is the negative log-likelihood of the labels, which is why it suits classification
# (Goodfellow et al., 2016, section 6.2).
#
# What loss does a network have that knows nothing? If all ten classes get $p = 0.1$, it is
# $-\log 0.1 = \log 10 \approx 2.303$. Our network starts from small random weights, so it should
# start near that number.

# %%
logits = mlp.predict(x_val, batch_size=500, verbose=0)
exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
loss_by_hand = -np.log(probabilities[np.arange(len(y_val)), y_val]).mean()

print(f"untrained loss {loss_by_hand:.3f}, log 10 = {np.log(10):.3f}")
found.record("untrained_loss", loss_by_hand)

# %% [markdown]
# Subtracting the largest logit changes nothing in the fraction, and keeps $e^{z}$ from overflowing.
# Keras does the same inside the loss when it is told `from_logits=True`. That is why our networks end
# without a softmax. We check that Keras' loss is the number we computed.

# %%
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
loss_by_keras = float(cross_entropy(y_val, logits))
assert np.isclose(loss_by_hand, loss_by_keras, rtol=1e-4)
print(f"by hand {loss_by_hand:.5f}, by Keras {loss_by_keras:.5f}")

# %% [markdown]
# ### How large a step?
#
# Training moves each weight a little against the gradient of the loss. The **learning rate** says how
# far; it is the setting that most often decides between a network that learns and one that does
# not. We use **Adam** (Kingma and Ba, 2015), which also scales each weight's step: it divides a running
# mean of the weight's gradients by the root of a running mean of their squares. A **range test** raises
# the rate batch by batch (Smith, 2017, section 3.3, watches the accuracy; we watch the loss): the loss
# first hardly moves, then falls, then blows up. We want a rate well before the blow-up, where it falls.

# %%
mlp.compile(optimizer=keras.optimizers.Adam(), loss=cross_entropy, metrics=["accuracy"])
rates = training.learning_rate_range_test(mlp, x_train, y_train, seed=seed)
plots.show(
    plots.range_test(rates),
    caption="Learning-rate range test of the MLP. The rate grows from batch to batch.",
)

# %% [markdown]
# The smoothed curve lags a little behind and already mixes in the rates before, so we stay below the
# steepest point. Adam's default, 0.001, is such a rate, and we keep it. The test gave the network its
# starting weights back.
#
# ### Training, and reading the curves
#
# One **epoch** is one pass over the training images, in batches of 128. We train longer than is
# good for the network, on purpose.
#
# *Before you run the cell: will the validation loss keep falling as long as the training loss does?
# Write your guess down.*

# %%
epochs_mlp = 15 if digits.kind == "real" else 60  # the sample has fewer images
history_mlp = mlp.fit(
    x_train,
    y_train,
    validation_data=(x_val, y_val),
    batch_size=128,
    epochs=epochs_mlp,
    verbose=0,
    callbacks=[training.LearningCurves("Multilayer perceptron, trained too long")],
)

# %% [markdown]
# The training loss goes on falling towards zero, since the network has enough weights to learn its
# training images one by one. The validation loss flattens out. Their distance is the **generalisation
# gap**. A network whose training goes on to widen the gap, while the validation loss gains nothing or even
# rises, is **overfitting**. The opposite, **underfitting**, is what the first epoch shows: both losses are
# still high and both are falling. The accuracy curves alone would hide much of this; the loss also feels how *sure* the
# network is when it is wrong.

# %%
val_losses = history_mlp.history["val_loss"]
best_epoch = int(np.argmin(val_losses))
gap = val_losses[-1] - history_mlp.history["loss"][-1]
print(f"lowest validation loss {val_losses[best_epoch]:.4f} after epoch {best_epoch + 1}")
print(f"at the end: validation loss {val_losses[-1]:.4f}, which is {gap:.4f} above training")
found.record("mlp_final_gap", gap)

# %% [markdown]
# The remedy that costs least is **early stopping**: watch the validation loss, stop when it has not
# improved for a few epochs, and go back to the best weights. Lesson 05 compares it with other
# remedies.

# %%
mlp = keras.models.clone_model(mlp)  # the same layers with fresh random weights
mlp.compile(optimizer=keras.optimizers.Adam(), loss=cross_entropy, metrics=["accuracy"])
history_stopped = mlp.fit(
    x_train,
    y_train,
    validation_data=(x_val, y_val),
    batch_size=128,
    epochs=epochs_mlp,
    verbose=0,
    callbacks=[training.early_stopping(patience=3)],
)

# %%
epochs_run = len(history_stopped.history["loss"])
accuracy_val_mlp = mlp.evaluate(x_val, y_val, batch_size=500, verbose=0)[1]
print(
    f"ended after {epochs_run} of {epochs_mlp} epochs, validation accuracy {accuracy_val_mlp:.4f}"
)

# %% [markdown]
# ## 4. A convolutional network
#
# `Flatten` threw the picture's geometry away: shuffle the 784 pixels of all images in one and the same
# way, and the MLP learns just as well. A **convolutional network** has three ideas about
# pictures built in (LeCun et al., 1998, section II):
#
# - **Local receptive field**: a unit looks at a small window, here 3 × 3 pixels, not at everything.
# - **Shared weights**: the same window is applied at every place. A stroke is a stroke in any corner,
#   and it is learned once.
# - **Pooling**: each 2 × 2 block of answers becomes one number, so that small shifts matter less and later
#   layers see a larger part of the picture. LeCun et al. took the average; today it is mostly the maximum.
#
# The full profile uses twice as many channels and trains on slightly shifted and turned copies
# of the digits (**augmentation**, lesson 02).

# %%
channels = 16 if run.quick else 32
cnn = keras.Sequential(name="cnn")
cnn.add(keras.Input(shape=(28, 28, 1)))
if not run.quick:
    cnn.add(keras.layers.RandomTranslation(0.08, 0.08, fill_mode="constant", name="shift"))
    cnn.add(keras.layers.RandomRotation(0.03, fill_mode="constant", name="turn"))
for block, width in enumerate([channels, 2 * channels], start=1):
    cnn.add(keras.layers.Conv2D(width, 3, activation="relu", name=f"block{block}_conv1"))
    cnn.add(keras.layers.Conv2D(width, 3, activation="relu", name=f"block{block}_conv2"))
    cnn.add(keras.layers.MaxPooling2D(2, name=f"block{block}_pool"))

# %% [markdown]
# The blocks end in feature maps; two dense layers read the digit off them. **Dropout** sets a random
# part of its inputs to zero while training, which keeps units from relying on each other
# (Srivastava et al., 2014). In prediction it does nothing.

# %%
cnn.add(keras.layers.Flatten(name="flatten"))
cnn.add(keras.layers.Dropout(0.4, name="dropout1"))
cnn.add(keras.layers.Dense(128, activation="relu", name="hidden"))
cnn.add(keras.layers.Dropout(0.3, name="dropout2"))
cnn.add(keras.layers.Dense(10, dtype="float32", name="logits"))
cnn.summary()

# %% [markdown]
# ### Output sizes and parameters by formula
#
# A window of size $k$, moved in steps of $s$ over $n$ pixels with $p$ pixels of padding on each side,
# fits in
#
# $$n' = \left\lfloor \frac{n + 2p - k}{s} \right\rfloor + 1$$
#
# places (Dumoulin and Visin, 2016, relationship 6). A convolution of $c$ input to $c'$ output channels has $(k^2 c + 1)\, c'$
# parameters, however large the image is.
#
# *How large are the maps after each of the six layers? Go through them on paper: 28 → … → 4.*


# %%
def output_size(n, k, s=1, p=0):
    return (n + 2 * p - k) // s + 1


# %%
size, depth = 28, 1
for layer in cnn.layers:
    if isinstance(layer, keras.layers.Conv2D):
        size = output_size(size, k=3)
        assert layer.count_params() == (3 * 3 * depth + 1) * layer.filters
        depth = layer.filters
    elif isinstance(layer, keras.layers.MaxPooling2D):
        size = output_size(size, k=2, s=2)
    if layer.name.startswith("block"):
        assert layer.output.shape == (None, size, size, depth)
        shape = f"{size:2} × {size:2} × {depth:2}"
        print(f"{layer.name:12} {shape}   {layer.count_params():6,} parameters")

# %% [markdown]
# Most of the parameters sit in the dense layer after the convolutions, and the whole network has
# fewer of them than the MLP, in both profiles. More weights are not what makes the difference.
#
# ### Training
#
# We let the learning rate rise for the first fifth of the steps and then fall to zero along a cosine
# (Loshchilov and Hutter, 2017, without restarts). The large steps early on explore, the small
# ones at the end settle; a few epochs are then enough. The peak, 0.003, is three times the MLP's rate;
# training reaches it once and leaves it again.
#
# *Before you run it: the validation accuracy will probably lie above the training accuracy.
# Why? (Which layers behave differently in training?)*

# %%
epochs_cnn = 4 if run.quick else 12
batch_size = 128
if digits.kind == "sample":  # fewer images: more passes and smaller batches, for enough steps
    epochs_cnn, batch_size = 6 * epochs_cnn, 32
steps = epochs_cnn * -(-len(x_train) // batch_size)  # rounded up: the last batch is smaller
learning_rate = keras.optimizers.schedules.CosineDecay(
    3e-4, decay_steps=steps - steps // 5, warmup_target=3e-3, warmup_steps=steps // 5
)

# %%
cnn.compile(
    optimizer=keras.optimizers.Adam(learning_rate), loss=cross_entropy, metrics=["accuracy"]
)
history_cnn = cnn.fit(
    x_train,
    y_train,
    validation_data=(x_val, y_val),
    batch_size=batch_size,
    epochs=epochs_cnn,
    verbose=0,
    callbacks=[training.LearningCurves("Convolutional network")],
)

# %% [markdown]
# Training accuracy is measured with dropout switched on and averaged over an epoch in which the
# weights still change; validation accuracy is measured afterwards with all units at work. So the
# curves' order is no paradox. The comparison that counts is on the validation set:

# %%
accuracy_val_cnn = cnn.evaluate(x_val, y_val, batch_size=500, verbose=0)[1]
print(f"validation accuracy: MLP {accuracy_val_mlp:.4f}, CNN {accuracy_val_cnn:.4f}")

# %% [markdown]
# ## 5. The same network with the Functional API
#
# Sequential is a list. The **Functional API** describes a graph: each layer is called on a tensor
# and returns a tensor. Nothing new is gained for a chain, but branches, several inputs or several
# outputs cannot be written as a list, and neither can the look inside in section 7. (A subclass of
# `keras.Model` can have them too, but not a graph that Keras could draw or cut.)

# %%
image = keras.Input(shape=(28, 28, 1), name="image")
x = image
if not run.quick:
    x = keras.layers.RandomTranslation(0.08, 0.08, fill_mode="constant")(x)
    x = keras.layers.RandomRotation(0.03, fill_mode="constant")(x)
for width in (channels, 2 * channels):
    x = keras.layers.Conv2D(width, 3, activation="relu")(x)
    x = keras.layers.Conv2D(width, 3, activation="relu")(x)
    x = keras.layers.MaxPooling2D(2)(x)

# %%
x = keras.layers.Flatten()(x)
x = keras.layers.Dropout(0.4)(x)
x = keras.layers.Dense(128, activation="relu")(x)
x = keras.layers.Dropout(0.3)(x)
scores = keras.layers.Dense(10, dtype="float32")(x)
functional = keras.Model(inputs=image, outputs=scores, name="cnn_functional")

# %% [markdown]
# The new network has random weights of its own. Given the trained ones, it must be the same
# function. We check it by comparing outputs:

# %%
functional.set_weights(cnn.get_weights())
logits_functional = functional.predict(x_val, batch_size=500, verbose=0)
logits_sequential = cnn.predict(x_val, batch_size=500, verbose=0)
difference = np.abs(logits_functional - logits_sequential).max()
assert functional.count_params() == cnn.count_params()
print(f"largest difference between the two networks' logits: {difference}")
found.record("functional_difference", difference)

# %% [markdown]
# Keras draws the graph with Graphviz, as `keras.utils.plot_model` does, with the shapes that flow
# along each edge. `None` stands for the number of images in a batch.

# %%
plots.architecture(functional)

# %% [markdown]
# ## 6. How good is it, and what does it get wrong?
#
# All choices are made, so the test set may speak, once. Its answer has an error of its own: other
# test digits would have given a slightly other number. For $n$ independent digits and accuracy
# $\hat p$ the standard error is about $\sqrt{\hat p (1 - \hat p) / n}$; we print the Wilson interval,
# which also behaves near 100 %.

# %%
x_test = digits.x_test[..., np.newaxis].astype("float32") / 255
y_test = digits.y_test.astype("int64")
logits_test = {model.name: model.predict(x_test, batch_size=500, verbose=0) for model in (mlp, cnn)}

for name, logits in logits_test.items():
    accuracy = metrics.accuracy(y_test, logits.argmax(axis=1))
    low, high = metrics.accuracy_interval(round(accuracy * len(y_test)), len(y_test))
    print(f"{name}: {accuracy:.4f} (95 % interval {low:.4f} to {high:.4f})")
    found.record(f"{name}_test_accuracy", accuracy)

# %% [markdown]
# A single accuracy hides *which* digits are confused. The **confusion matrix** counts them: a row
# is the true digit, a column what the network said. The colours show the mistakes only, or the
# diagonal would drown them.

# %%
predicted = logits_test["cnn"].argmax(axis=1)
matrix = metrics.confusion_matrix(y_test, predicted, n_classes=10)
plots.show(
    plots.confusion_matrix(matrix, [str(digit) for digit in range(10)]),
    caption="Confusion matrix of the convolutional network on the test digits.",
)
for true, said, count in metrics.most_confused(matrix):
    print(f"{true} read as {said}: {count} times")

# %% [markdown]
# And these are the digits themselves: those of its mistakes of which the network is surest. Cover
# the titles and read them yourself. How many would you have got right?

# %%
confidence = np.asarray(keras.ops.softmax(logits_test["cnn"])).max(axis=1)
wrong = np.flatnonzero(predicted != y_test)
surest = wrong[np.argsort(-confidence[wrong])][:16]
if len(surest):
    titles = [f"{y_test[i]} read as {predicted[i]}\n{confidence[i]:.0%} sure" for i in surest]
    plots.show(
        plots.image_grid(x_test[surest], titles=titles, columns=8, subject="misread digits"),
        caption="The surest mistakes: true digit, the network's reading, and its softmax output.",
    )

# %% [markdown]
# A softmax output close to 1 is no promise. The network was trained to be sure, on clean digits;
# how often it is right when it says "90 %" has to be measured. If it is in 90 % of cases, and so for
# every such number, the network is **calibrated**.
#
# ## 7. What did it learn?
#
# The MLP's first layer has one weight per pixel and unit, so each unit's weights are an image: red
# where ink raises the unit, blue where ink lowers it.

# %%
templates = mlp.get_layer("hidden").kernel.numpy().reshape(28, 28, -1)
plots.show(
    plots.filters(templates[..., :16], subject="weight images of the MLP's hidden units"),
    caption="Weights of sixteen hidden units of the MLP, one 28 × 28 image each.",
)

# %% [markdown]
# Each unit looks at the whole picture. Some pieces resemble strokes; near the edge, where digits
# have no ink, the weights have hardly moved from their random start. The convolutional network's first
# filters are much smaller, 3 × 3, and are used everywhere:

# %%
plots.show(
    plots.filters(cnn.get_layer("block1_conv1").kernel.numpy(), subject="3 by 3 filters"),
    caption="All filters of the first convolution. One that is red on one side and blue on the "
    "other answers to an edge.",
)

# %% [markdown]
# What such filters answer to a digit are its **feature maps**. We get them with a second model over
# the *same* layers that ends earlier: the Functional API at work. For a few images a model can be
# called like a function; `predict` is for many, in batches.

# %%
layer_outputs = [cnn.get_layer(f"block{block}_conv2").output for block in (1, 2)]
look_inside = keras.Model(cnn.inputs[0], layer_outputs)
maps_early, maps_late = (np.asarray(maps) for maps in look_inside(x_val[:1]))
plots.show(
    plots.image_grid(x_val[:1], titles=y_val[:1], subject="input digit", size=1.6),
    caption="The digit that the network is shown.",
)

# %%
plots.show(
    plots.feature_maps(maps_early[0, ..., :16]),
    caption="Sixteen channels after block 1's second convolution, before its pooling: strokes and "
    "their edges, still in place.",
)
plots.show(
    plots.feature_maps(maps_late[0, ..., :16]),
    caption="Sixteen channels after block 2's second convolution, before its pooling: coarser and "
    "rarer, parts of a digit.",
)

# %% [markdown]
# ### A test of what was learned: shifted digits
#
# We move every validation digit to the right by one to four pixels. (Moved further, many of MNIST's digits
# would lose ink at the edge of the picture, and the fault would no longer be the network's alone.)
#
# *Before you run the cell: which network suffers more, and does the other one not suffer at all?*


# %%
def shift_right(images, pixels):
    shifted = np.zeros_like(images)
    shifted[:, :, pixels:] = images[:, :, : images.shape[2] - pixels]
    return shifted


shifts = range(5)
accuracy_shifted = {model.name: [] for model in (mlp, cnn)}
for model in (mlp, cnn):
    for pixels in shifts:
        logits = model.predict(shift_right(x_val, pixels), batch_size=500, verbose=0)
        accuracy_shifted[model.name].append(metrics.accuracy(y_val, logits.argmax(axis=1)))

# %%
ends = ", ".join(
    f"{name} {values[0]:.2f} to {values[-1]:.2f}" for name, values in accuracy_shifted.items()
)
figure = plots.new_figure(f"Validation accuracy against a shift of 0 to 4 pixels: {ends}.")
axis = figure.subplots()
for (name, values), colour, marker in zip(
    accuracy_shifted.items(), plots.OKABE_ITO, "os", strict=False
):
    axis.plot(shifts, values, marker=marker, color=colour, label=name.upper())
axis.set(xlabel="shift (pixels)", ylabel="validation accuracy", ylim=(0, 1.02), xticks=shifts)
axis.grid(alpha=0.3)
axis.legend()
plots.show(figure, caption="Accuracy on shifted validation digits, without any new training.")
for name, values in accuracy_shifted.items():
    found.record(f"{name}_accuracy_shifted_4", values[4])

# %% [markdown]
# The MLP's whole-picture templates no longer fit. The convolutional network holds out longer, since
# its filters answer to a stroke wherever it is. But it suffers too: after the pooling
# comes a dense layer that does know *where* a feature was. Convolution makes feature maps move along
# with the input (**equivariance**); it does not make the output blind to the shift
# (**invariance**). The usual remedy is to train on shifted copies, as the full profile does.
#
# ## 8. Saving and loading
#
# A `.keras` file holds architecture, weights and the optimizer's state. The loaded network must answer
# exactly as before.

# %%
import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "digits.keras"
    cnn.save(path)
    print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")
    restored = keras.models.load_model(path)
answers = [network.predict(x_val[:100], verbose=0) for network in (cnn, restored)]
assert np.array_equal(*answers)
print("The restored network gives the same logits.")

# %% [markdown]
# Load `.keras` files only from people you trust: a model may contain code. Keras tries to refuse such
# code unless it is told `safe_mode=False`, but its safe mode has been bypassed before (CVE-2025-1550).
#
# ## 9. Is that good? A comparison at equal time
#
# [Keras' own example](https://keras.io/examples/vision/mnist_convnet/) for MNIST is a smaller
# convolutional network, one convolution per block, at Adam's constant learning rate. We trained both
# from scratch with five seeds each. We stopped the example after 6 of its 15 epochs, and the quick profile's
# network when it had trained for just as long. The script is `benchmarks/mnist_vs_keras_example.py`; here is
# its outcome in test accuracy.

# %%
from IPython.display import Markdown

Markdown(results.measurement("mnist_vs_keras_example"))

# %% [markdown]
# The means lie many standard deviations apart, so it is not luck, and still it is only a few dozen
# digits in ten thousand, in this short a training: with all its 15 epochs the example reaches 0.992 on its
# page, more than half of the way. We changed several things at once: half the channels, a second
# convolution per block, a dense layer, other dropout, the learning rate's course. The comparison does not
# tell which of them helped; to find out, we would have to switch on one at a time, as lesson 05 does.
#
# ## 10. Your turn
#
# **Exercise 1.** How large a window of the input does one unit of `block2_conv2` see? Write a function
# that goes through layers given as (kernel size, stride) and returns the receptive field's edge.
# Expected: `3` for one 3 × 3 convolution, `5` for two, and `14` for our first five layers.


# %% tags=["exercise"]
def receptive_field(layers):
    """Edge of the input window that one output unit sees; layers: list of (kernel, stride)."""
    return None  # your code


block1 = [(3, 1), (3, 1), (2, 2)]
answers = (
    receptive_field([(3, 1)]),
    receptive_field([(3, 1)] * 2),
    receptive_field([*block1, (3, 1), (3, 1)]),
)
print("Right." if answers == (3, 5, 14) else f"Not yet: expected (3, 5, 14), got {answers}.")

# %% [markdown]
# <details><summary>Hint</summary>
#
# Keep two numbers: the window so far, $r = 1$, and the step between neighbouring units measured in input
# pixels, $j = 1$. A layer adds $(k - 1) \cdot j$ to $r$ and then multiplies $j$ by its stride.
#
# </details>
#
# **Exercise 2.** Write softmax as a function of a logits array of shape (n, 10), so that it neither
# overflows nor changes when a constant is added to all logits of a row.
# Expected: for ten equal logits 0.1 each, also for logits of 1000; and for 0, 1, …, 9 the formula's
# values, before and after 1000 is added to all of them.


# %% tags=["exercise"]
def softmax(logits):
    """Probabilities, shape (n, 10), from logits of the same shape."""
    return None  # your code


two_rows = np.array([[1000.0] * 10, np.arange(10.0)])
expected = np.asarray(keras.ops.softmax(two_rows))
answers = [softmax(two_rows.copy()), softmax(two_rows + 1000)]
good = all(np.shape(one) == (2, 10) and np.allclose(one, expected) for one in answers)
print("Right." if good else f"Not yet: expected {expected.round(4)} twice, got {answers}.")

# %% [markdown]
# <details><summary>Hint</summary>
#
# Look at how section 3 computed `probabilities`, and why the maximum of each row was subtracted.
#
# </details>
#
# **Exercise 3.** Train the MLP on images whose pixels are all shuffled in one fixed order
# (`np.random.default_rng(1).permutation(784)`), then do the same with the CNN. Predict first:
# which of the two loses accuracy?
#
# <details><summary>Hint</summary>
#
# `x_train.reshape(-1, 784)[:, permutation].reshape(-1, 28, 28, 1)` shuffles; shuffle the validation
# images in the same order. One epoch is enough to see it.
#
# </details>
#
# ## What we saw

# %%
Markdown(f"""
- An untrained network has a loss of {found["untrained_loss"]:.2f}, close to $\\log 10 = 2.30$: it knows nothing yet.
- Trained too long, the MLP's validation loss ended {found["mlp_final_gap"]:.2f} above its training loss, a generalisation gap;
  it was lowest after epoch {best_epoch + 1} of {epochs_mlp}.
- On test digits, looked at once: MLP {found["mlp_test_accuracy"]:.2%}, CNN {found["cnn_test_accuracy"]:.2%}
  ({len(y_test):,} digits, one seed).
- Shifted by 4 pixels: MLP {found["mlp_accuracy_shifted_4"]:.0%}, CNN {found["cnn_accuracy_shifted_4"]:.0%}
  of the validation digits read right.
- Sequential and Functional describe the same network: largest difference {found["functional_difference"]:.0e}.
""")

# %% [markdown]
# **To try next**: replace max pooling by a convolution with stride 2; drop both dropout layers and look at
# the gap; train on one image per class only. Lesson 02 starts from a network that has already
# learned to see.
#
# ## References
#
# - Dumoulin, V. and Visin, F. (2016). *A guide to convolution arithmetic for deep learning.*
#   [arXiv:1603.07285](https://arxiv.org/abs/1603.07285).
# - Goodfellow, I., Bengio, Y. and Courville, A. (2016). *Deep Learning*, chapters 6 and 9. MIT Press.
# - Kingma, D. P. and Ba, J. (2015). *Adam: a method for stochastic optimization.* ICLR.
# - LeCun, Y., Bottou, L., Bengio, Y. and Haffner, P. (1998). *Gradient-based learning applied to document
#   recognition.* Proceedings of the IEEE 86(11), 2278–2324.
# - LeCun, Y., Cortes, C. and Burges, C. J. C. (1998). *The MNIST database of handwritten digits.*
# - Loshchilov, I. and Hutter, F. (2017). *SGDR: stochastic gradient descent with warm restarts.* ICLR.
# - Smith, L. N. (2017). *Cyclical learning rates for training neural networks.* WACV.
# - Srivastava, N., Hinton, G., Krizhevsky, A., Sutskever, I. and Salakhutdinov, R. (2014). *Dropout: a
#   simple way to prevent neural networks from overfitting.* JMLR 15, 1929–1958.
# - Wilson, E. B. (1927). *Probable inference, the law of succession, and statistical inference.* JASA
#   22(158), 209–212.
