# %% [markdown]
# # 02 · Transfer learning: how far do a few labelled pictures carry, and how far with borrowed features?
#
# A network that learns from nothing needs many labelled pictures, and labels cost time and money. Most
# of what it has to learn, though, is not about our task at all: edges, textures, round and pointed
# shapes. **Transfer learning** borrows that part from a network that was trained on another, large
# set of pictures, and learns only the rest. In this lesson we measure what the loan is worth, on few
# labelled pictures, and where it goes wrong.
#
# **You will**
#
# - train a small network from scratch, with and without augmentation, and see where it ends,
# - state how sure a few hundred test pictures can make you,
# - use a trained network as a frozen feature extractor, with the preprocessing inside the model,
# - compute features once, and say why augmentation forbids that,
# - measure how the gap depends on the number of labels,
# - fine-tune the upper part, and find out what batch normalisation does to you if you let it.
#
# **Time**: about 3 minutes of computing on two CPU cores (quick profile), an hour and a half with
# reading and exercises. **Before**: lesson 01.
#
# **Data**: 1,000 photographs of cats and dogs (Elson et al., 2007; download 69 MB; no licence stated, so
# for teaching only) and MobileNetV2's weights from ImageNet (24 MB, Apache-2.0). Without a network
# the lesson runs on handwritten digits that come with scikit-learn (UCI, CC BY 4.0), 5 of each class and
# moved off the centre, and on a tiny network that the course itself trained on Fashion-MNIST (Xiao et al., 2017;
# MIT); the cells are the same, the numbers are others.

# %% tags=["parameters"]
profile = "auto"  # "quick": minutes on a CPU; "full": wants a GPU; "auto": full where there is one
data = "auto"  # "real": cats and dogs or an error; "sample": digits; "auto": cats and dogs if they can be had
seed = 0

# %% [markdown]
# ## 1. Setting up
#
# The task comes as a few labelled pictures, in three parts: training, validation and test. The cells are the same for
# cats and dogs and for digits; where a size, a layer or a rate must differ, the cell says `if real`.

# %%
from course_lib import runtime

run = runtime.setup(profile=profile, seed=seed)

# %%
import keras
import numpy as np

from course_lib import backbones, metrics, plots, results, training

task = backbones.load_task(data)
found = results.Results("02-Transfer_learning", profile=run.profile, data=task.kind)
real = task.kind == "real"
pictures, names = task.data, task.data.class_names
n_classes = len(names)
sizes = (20, 50, 100, 300) if real else (1, 2, 3, 5)  # labelled pictures of each class

# %%
shown = np.random.default_rng(seed).permutation(len(pictures.x_train))[:16]
plots.show(
    plots.image_grid(
        pictures.x_train[shown],
        titles=[names[label] for label in pictures.y_train[shown]],
        subject="training pictures",
    ),
    caption="Sixteen training pictures and their labels.",
)

# %% [markdown]
# ### How sure can so few pictures make us?
#
# A test picture is either right or wrong. If a network's true accuracy is $p$, the number of right
# answers among $n$ independent pictures is **binomial**, and the measured accuracy scatters with
# the **standard error**
#
# $$\mathrm{SE} = \sqrt{\frac{p\,(1 - p)}{n}} .$$
#
# About 95 % of such measurements lie within $\pm 1.96\,\mathrm{SE}$. Near $p = 1$ the formula is too
# optimistic, so we print the Wilson interval (Wilson, 1927), as in lesson 01.

# %%
n_test = len(pictures.y_test)
for p in (0.70, 0.90, 0.975):
    half = 1.96 * np.sqrt(p * (1 - p) / n_test)
    low, high = metrics.accuracy_interval(round(p * n_test), n_test)
    print(f"{p:.3f} of {n_test} pictures: ± {half:.3f}; Wilson interval {low:.3f} to {high:.3f}")

# %% [markdown]
# So a percent or two of difference between two such measurements means nothing. (On the *same* pictures two
# networks can be compared more sharply; section 7 does so.) The validation set is as small, and each
# choice that we make by it inherits this error. That is one more reason to choose seldom.
#
# ## 2. From scratch
#
# A small convolutional network in the manner of lesson 01, with random weights. Photographs are shrunk
# to 48 × 48 pixels for it (96 × 96 in the full profile): that keeps training short, and it costs detail.
# Digits stay as they are. So the comparison below is not one of pretraining alone: the borrowed network is also
# of another, better architecture, and sees larger photographs. What we measure is the worth of the whole package.

# %%
edge = (48 if run.quick else 96) if real else 28
shrink = keras.layers.Resizing(edge, edge, antialias=True)


def small(images):
    return np.asarray(shrink(images.astype("float32"))) if real else images.astype("float32")


small_train, small_val = small(pictures.x_train), small(pictures.x_val)

# %%
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def scratch_network(augmentation=()):
    image = x = keras.Input(small_train.shape[1:])
    for layer in (*augmentation, keras.layers.Rescaling(1 / 127.5, offset=-1)):
        x = layer(x)
    for width in (16, 32, 64):
        x = keras.layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        x = keras.layers.MaxPooling2D()(x)
    x = keras.layers.Dropout(0.4)(keras.layers.Flatten()(x))
    network = keras.Model(image, keras.layers.Dense(n_classes)(x), name="scratch")
    network.compile(keras.optimizers.Adam(1e-3), cross_entropy, metrics=["accuracy"])
    return network


# %% [markdown]
# *Before you run the cell: chance alone gives one right answer in as many as there are classes. How far
# will so few pictures carry a network that starts from nothing? Write a number down.*

# %%
epochs = (15 if run.quick else 60) if real else 30
batch_size = 32 if real else 8
scratch = scratch_network()
history_scratch = scratch.fit(
    small_train,
    pictures.y_train,
    validation_data=(small_val, pictures.y_val),
    batch_size=batch_size,
    epochs=epochs,
    verbose=0,
    callbacks=[training.LearningCurves("From scratch"), training.early_stopping(patience=epochs)],
)

# %% [markdown]
# The training curve climbs much further than the validation curve: the network has more weights than it
# has pictures to pin them down, and learns its training pictures by heart. `early_stopping`, with so long a
# patience, does not stop it; it only gives it the weights with the lowest validation loss back.
#
# ### Augmentation, looked at
#
# **Augmentation** shows the network a slightly different version of a picture each time: mirrored,
# turned, enlarged. It is a claim about the task, namely that the label survives, so we look
# at it before we believe it. In Keras augmentations are layers: they act in `fit` and do nothing
# in `evaluate` and `predict`. (Beware of calling such a model directly: in Keras 3 `model(x)` goes on altering the
# pictures unless one says `training=False`.)

# %%
flip = keras.layers.RandomFlip("horizontal", seed=seed)
turn = keras.layers.RandomRotation(0.05, seed=seed)
zoom = keras.layers.RandomZoom(0.15, seed=seed)
copies = np.repeat(pictures.x_train[shown[:1]].astype("float32"), 7, axis=0)
altered = zoom(turn(flip(copies, training=True), training=True), training=True)
plots.show(
    plots.image_grid(
        np.concatenate([copies[:1], altered]).clip(0, 255).astype("uint8"),
        titles=["original"] + ["altered"] * 7,
        subject="versions of one picture",
    ),
    caption="One training picture and seven versions of it: mirrored, turned, enlarged or reduced.",
)

# %% [markdown]
# A mirrored cat is a cat. A mirrored 3 is no digit at all, and a 6 turned by half a circle is a 9. So the
# digits do without `flip`.

# %%
augmented = scratch_network([flip, turn, zoom] if real else [turn, zoom])
history_augmented = augmented.fit(
    small_train,
    pictures.y_train,
    validation_data=(small_val, pictures.y_val),
    batch_size=batch_size,
    epochs=epochs,
    verbose=0,
    callbacks=[
        training.LearningCurves("From scratch, augmented"),
        training.early_stopping(patience=epochs),
    ],
)

# %%
gaps = {}
for name, network, history in (
    ("plain", scratch, history_scratch),
    ("augmented", augmented, history_augmented),
):
    gaps[name] = history.history["val_loss"][-1] - history.history["loss"][-1]
    loss, accuracy = network.evaluate(small_val, pictures.y_val, verbose=0)
    print(f"{name:9}: best validation loss {loss:.3f} (accuracy {accuracy:.3f});", end=" ")
    print(f"after the last epoch {gaps[name]:.2f} above the training loss")
    found.record(f"scratch_{name}_val_accuracy", accuracy)
best_scratch = min(
    (scratch, augmented), key=lambda m: m.evaluate(small_val, pictures.y_val, verbose=0)[0]
)

# %% [markdown]
# Compare how far the validation loss lies above the training loss: with augmentation the network can no
# longer learn single pictures by heart, which usually makes the gap smaller. That is not the same as being
# better in so few epochs: it learns more slowly too. Nor is the comparison quite fair: both training losses are measured in
# `fit` with dropout switched on, and one of them on altered pictures, so they are not losses on the same pictures.
# (Lesson 05 measures such gaps with `evaluate`.) With so small a validation set, two accuracies closer than the interval
# above cannot be told apart. We keep the one with the lower validation loss.
#
# ## 3. A network that has already learned to see
#
# Where real photographs are at hand, ours is **MobileNetV2** (Sandler et al., 2018), trained on more than a
# million photographs in the 1,000 classes of ImageNet. Otherwise it is a tiny network trained on
# 60,000 pictures of clothes. What does it say about our pictures, before any training?

# %%
import json

from course_lib.datasets.drawings.garments import CLASS_NAMES

shape = pictures.x_train.shape[1:]
if real:
    classifier = keras.applications.MobileNetV2(weights=task.weights["top"])
    known = [name for _, name in json.loads(task.weights["classes"].read_text()).values()]
else:
    classifier = backbones.tiny_network(include_top=True)
    known = CLASS_NAMES
print(f"{classifier.name}: {classifier.count_params():,} weights, {len(known):,} classes")

# %% [markdown]
# Both were trained on pixel values from -1 to 1, and a wrong range spoils everything silently. So we put
# the **preprocessing inside the model**, where nobody can forget it: whoever uses the model
# gives it pixels from 0 to 255.

# %%
image = keras.Input(shape, name="pixels")
x = keras.layers.Resizing(*classifier.input_shape[1:3])(image) if real else image
x = keras.layers.Rescaling(1 / 127.5, offset=-1, name="to_minus_one_and_one")(x)
as_trained = keras.Model(image, classifier(x), name="as_trained")
answers = as_trained.predict(pictures.x_val, batch_size=50, verbose=0)
pick = np.random.default_rng(seed).permutation(len(pictures.x_val))[:8]
plots.show(
    plots.image_grid(
        pictures.x_val[pick],
        titles=[known[answers[i].argmax()].replace("_", "\n") for i in pick],
        subject="validation pictures with the trained network's answer",
    ),
    caption="What the network takes our pictures for, as it was trained.",
)

# %% [markdown]
# ImageNet has 5 classes of domestic cats (281 to 285) and 118 breeds of dogs (151 to 268). We need not train
# anything: we add up the probabilities. Clothes, on the other hand, know nothing of digits.

# %%
if real:
    cat = answers[:, 281:286].sum(axis=1)
    dog = answers[:, 151:269].sum(axis=1)
    untrained = metrics.accuracy(pictures.y_val, (dog > cat).astype("int64"))
    print(f"cat or dog by ImageNet's own classes, no training: validation accuracy {untrained:.3f}")
    found.record("imagenet_own_classes_val_accuracy", untrained)
else:
    print(f"No digit is among the classes: {', '.join(known)}.")

# %% [markdown]
# This matters for what follows. On cats and dogs, transfer learning looks like magic because ImageNet
# *contains* cats and dogs: at up to 1,300 pictures of each of these 123 classes, the borrowed network has seen hundreds
# of times more labelled pictures of them than we have. The comparison with a network from scratch is a comparison
# of 600 labels with some 150,000. On X-ray images and photographs of the retina the loan was found to be
# worth far less (Raghu et al., 2019). The digits show such a milder case: clothes and digits share strokes
# and edges, and no class. We even had to make that task hard to see the loan pay: five digits of each
# class, off the centre. With thirty, a network from scratch came level or went ahead
# in our trials, of one seed each. While choosing this task we also saw its test scores, so on the
# embedded digits the test result shows how transfer works and is no clean evidence of how much it gains.
#
# ## 4. Frozen features
#
# We cut the classifier off and keep the rest, the **backbone**. Its weights are **frozen**: not trained.
# Since we want to look at two places of it later, we split it at a layer into a lower and an
# upper part. The Functional API makes models from any tensor to any other.

# %%
if real:
    backbone = keras.applications.MobileNetV2(
        input_shape=shape, include_top=False, weights=task.weights["no_top"]
    )
else:
    backbone = backbones.tiny_network(include_top=False)
backbone.trainable = False
cut = backbone.get_layer("block_14_add" if real else "block1a_relu").output
lower = keras.Model(backbone.input, cut, name="lower")
upper = keras.Model(cut, backbone.output, name="upper")
print(f"lower part {lower.count_params():,} weights, upper part {upper.count_params():,}")

# %% [markdown]
# The backbone gives feature maps. **Pooling** averages them over places: over the whole picture for
# photographs, where it matters little where the cat sits; over each quarter of it for digits, where
# it does matter whether a stroke is at the top or at the bottom. One model with **two outputs**
# gives the activations at the cut and the pooled features in a single pass.

# %%
pool = backbone.output_shape[1] if real else 7
image = keras.Input(shape, name="pixels")
x = keras.layers.Rescaling(1 / 127.5, offset=-1)(image)
at_cut = lower(x)
pooled = keras.layers.Flatten()(keras.layers.AveragePooling2D(pool)(upper(at_cut)))
extractor = keras.Model(image, [at_cut, pooled], name="extractor")

# %%
import time

start = time.perf_counter()
middle_train, features_train = extractor.predict(pictures.x_train, batch_size=50, verbose=0)
middle_val, features_val = extractor.predict(pictures.x_val, batch_size=50, verbose=0)
seconds = time.perf_counter() - start
per_picture = seconds / (len(features_train) + len(features_val))
print(f"{features_train.shape[1]} features a picture, computed in {seconds:.1f} s")

# %% [markdown]
# A frozen backbone gives the same features for the same picture, each epoch anew. So we **compute them
# once** and train on the table. Augmentation forbids that: each epoch brings new versions of every
# picture, whose features nobody has computed, and all must go through the backbone again.

# %%
epochs_head = 40
print(f"features computed once:        {per_picture * len(features_train):6.0f} s")
print(
    f"augmented, for {epochs_head} epochs, about {per_picture * len(features_train) * epochs_head:6.0f} s"
)

# %% [markdown]
# ### What do they see as similar?
#
# For each of three validation pictures we look for the nearest training pictures, once by pixels,
# once by features. *Which of the two will find the right class more often?*


# %%
def normalised(table):
    table = table.reshape(len(table), -1).astype("float32")
    return table / np.linalg.norm(table, axis=1, keepdims=True)


views = {"pixels": (small_train, small_val), "features": (features_train, features_val)}
nearest = {}
for view, (train, val) in views.items():
    similarity = normalised(val) @ normalised(train).T  # the cosine of the angle between them
    nearest[view] = np.argsort(-similarity, axis=1)[:, :7]
    accuracy = metrics.accuracy(pictures.y_val, pictures.y_train[nearest[view][:, 0]])
    print(f"nearest neighbour by {view}: validation accuracy {accuracy:.3f}")
    found.record(f"nearest_by_{view}_val_accuracy", accuracy)

# %%
for view, neighbours in nearest.items():
    rows, titles = [], []
    for i in pick[:3]:
        rows += [pictures.x_val[i], *pictures.x_train[neighbours[i]]]
        titles += ["asked for", *(names[label] for label in pictures.y_train[neighbours[i]])]
    plots.show(
        plots.image_grid(
            np.stack(rows), titles=titles, subject=f"pictures, three rows of neighbours by {view}"
        ),
        caption=f"Left: a validation picture. Right of it: its seven nearest neighbours by **{view}**.",
    )

# %% [markdown]
# Pixels find the same pattern of light and dark in the same place, up to a common factor. Features look for the same
# kind of thing; how often they find it depends on how near their old task was to ours.
#
# ### A head on top
#
# One dense layer with softmax on fixed features is **logistic regression**. Its loss is convex, so there are no bad
# valleys. But with more features than pictures there is, as a rule, no lowest point either: some weights get every training picture
# right, and making them longer and longer takes the loss ever nearer to 0. Something has to hold them.
# Here it is the number of epochs. One number, the features' standard deviation, puts them on the usual scale first.

# %%
scale = 1 / features_train.std()
head = keras.Sequential(
    [
        keras.Input(features_train.shape[1:]),
        keras.layers.Rescaling(scale),
        keras.layers.Dense(n_classes, name="logits"),
    ],
    name="head",
)
head.compile(keras.optimizers.Adam(1e-3 if real else 1e-2), cross_entropy, metrics=["accuracy"])

# %%
history_head = head.fit(
    features_train,
    pictures.y_train,
    validation_data=(features_val, pictures.y_val),
    epochs=epochs_head if real else 5 * epochs_head,
    verbose=0,
)
plots.show(
    plots.learning_curves(history_head.history, title="One dense layer on frozen features"),
    caption="The head's learning curves. Compare the validation accuracy with that from scratch.",
)

# %% [markdown]
# scikit-learn holds the weights in another way: its loss has a penalty on large weights added (L2, lesson 05) and so
# does have a lowest point, which it finds in a fraction of a second. Its `C` says how *weak* the penalty is; we choose it on the
# validation pictures.

# %%
from sklearn.linear_model import LogisticRegression

scores = {}
for strength in (0.001, 0.01, 0.1, 1, 10):
    regression = LogisticRegression(C=strength, max_iter=1000)
    regression.fit(scale * features_train, pictures.y_train)
    scores[strength] = regression.score(scale * features_val, pictures.y_val)
    print(f"C = {strength:5}: validation accuracy {scores[strength]:.3f}")
C = max(scores, key=scores.get)
frozen_val = head.evaluate(features_val, pictures.y_val, verbose=0)[1]
print(f"by Keras' head: {frozen_val:.3f}. We go on with C = {C} where we fit often.")
found.record("frozen_val_accuracy", frozen_val)

# %% [markdown]
# ## 5. How many labels does it take?
#
# We draw a few labelled pictures of each class, train a network from scratch and a logistic regression on
# frozen features, and repeat with other draws. The networks all get the same number of training steps. All
# are judged on the validation pictures; the test pictures wait.
#
# *Before you run it: where is the gap largest? Will the spread between draws grow or shrink with their size?*


# %%
def draw(per_class, rng):
    members = [np.flatnonzero(pictures.y_train == label) for label in range(n_classes)]
    return np.concatenate([rng.choice(m, per_class, replace=False) for m in members])


def train_from_scratch(chosen, steps, rng):
    network = scratch_network()
    batches = rng.choice(chosen, steps * 32)  # each picture again and again, as in many epochs
    network.fit(small_train[batches], pictures.y_train[batches], batch_size=32, verbose=0)
    return network.evaluate(small_val, pictures.y_val, verbose=0)[1]


# %%
table, table_val = scale * features_train, scale * features_val


def fit_on_features(chosen):
    regression = LogisticRegression(C=C, max_iter=1000)
    regression.fit(table[chosen], pictures.y_train[chosen])
    return regression.score(table_val, pictures.y_val)


# %%
rng, steps = np.random.default_rng(seed), 120
curves = {"from scratch": [], "frozen features": []}
for per_class in sizes:
    draws = [draw(per_class, rng) for _ in range(3)]
    curves["from scratch"].append([train_from_scratch(chosen, steps, rng) for chosen in draws])
    curves["frozen features"].append([fit_on_features(chosen) for chosen in draws])
    passes = steps * 32 / (per_class * n_classes)
    print(f"{per_class:3} of each class, {passes:.0f} passes from scratch", end="")
    for name, values in curves.items():
        print(f"; {name} {np.mean(values[-1]):.3f} ± {np.std(values[-1], ddof=1):.3f}", end="")
    print()

# %%
said = "; ".join(f"{k} from {np.mean(v[0]):.2f} to {np.mean(v[-1]):.2f}" for k, v in curves.items())
figure = plots.new_figure(f"Validation accuracy against labelled pictures of each class: {said}.")
axis = figure.subplots()
for (name, values), colour, marker in zip(curves.items(), plots.OKABE_ITO, "os", strict=False):
    axis.plot(sizes, np.mean(values, axis=1), marker=marker, color=colour, label=name)
    for size, results_of_draws in zip(sizes, values, strict=True):
        axis.plot([size] * 3, results_of_draws, marker=marker, ls="", color=colour, alpha=0.35)
axis.axhline(1 / n_classes, color="grey", ls=":", label="chance")
axis.set(xscale="log", xlabel="labelled pictures of each class", ylabel="validation accuracy")
axis.set_xticks(sizes, [str(size) for size in sizes])
axis.minorticks_off()
axis.grid(alpha=0.3)
axis.legend()
plots.show(figure, caption="Means of three draws, and each draw as a pale mark.")

# %%
for size, position in (("fewest", 0), ("most", -1)):
    gap = np.mean(curves["frozen features"][position]) - np.mean(curves["from scratch"][position])
    found.record(f"gap_with_{size}_labels", gap)
found.record("frozen_with_fewest_labels", np.mean(curves["frozen features"][0]))
found.record("scratch_with_most_labels", np.mean(curves["from scratch"][-1]))

# %% [markdown]
# The borrowed features carry a few labels further than a start from nothing does, here at each of the four
# sizes. With more labels the network from scratch learns too,
# and whether and how fast it catches up depends on the task. Four limits of this picture, the largest first. The same number of
# steps makes many passes over few pictures and few over many; over all photographs it makes fewer than section 2 did. So the right
# end of the curve from scratch may be low for want of training, not of labels. Three draws
# give a rough idea of the spread, no more. At the right end all draws hold *all* training pictures:
# the marks there differ by the network's random start alone, and those of the frozen features not at all. And
# `C` was chosen with all labels at hand, on the validation pictures that judge here.
#
# ## 6. Fine-tuning, and the trap in batch normalisation
#
# The upper layers of the backbone are the ones most about its old task (Yosinski et al., 2014).
# **Fine-tuning** trains them on, from where they are, with a small learning rate and starting with the
# trained head: a random head would send large gradients into good weights. The lower part stays frozen,
# so its output can be cached: we train the upper part as a model of its own on the activations at the cut.
#
# **Batch normalisation** (Ioffe and Szegedy, 2015) has two ways to work. In training mode it normalises with
# mean $\mu_B$ and variance of the *current batch*, and lets **moving averages** follow slowly,
#
# $$\mu \leftarrow m\,\mu + (1 - m)\,\mu_B , \qquad m = 0.999 .$$
#
# In inference mode it normalises with these averages. ($m = 0.999$ is MobileNetV2's; Keras' default is 0.99.) After $s$
# steps they have gone only $1 - m^s$ of the way to the new data: after 100 steps about a tenth. So the layers above learn to read one thing and are
# given another when it counts. The remedy: keep batch normalisation in inference mode while fine-tuning.


# %%
def fine_tuned(normalise_by_batch, rate, epochs):
    part = keras.models.clone_model(upper)
    part.set_weights(upper.get_weights())
    part.trainable = True
    for layer in part.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = normalise_by_batch  # frozen, it also stays in inference mode
    x = keras.layers.Flatten()(keras.layers.AveragePooling2D(pool)(part.output))
    x = keras.layers.Rescaling(scale)(x)
    network = keras.Model(part.input, keras.layers.Dense(n_classes, name="logits")(x))
    network.get_layer("logits").set_weights(head.get_layer("logits").get_weights())
    network.compile(keras.optimizers.Adam(rate), cross_entropy, metrics=["accuracy"])
    return network, fit_and_watch(network, epochs)


# %% [markdown]
# A warning about another way that many texts show. `backbone(x, training=False)` used to hold batch
# normalisation in inference mode. In Keras 3 `fit` calls the model with `training=True`, and in a Functional or Sequential
# model this overrides the `training=False` of an inner call
# ([Keras issue 20285](https://github.com/keras-team/keras/issues/20285)). We do not believe it; we put a small backbone
# into a model and look at the moving averages:

# %%
moved = {}
for way in ("training=False", "trainable=False"):
    inside, start = keras.Input((3,)), keras.Input((3,))
    norm = keras.layers.BatchNormalization()
    nested = keras.Model(inside, norm(inside), name="small_backbone")
    nested.trainable = way != "trainable=False"
    inner = nested(start, training=False) if way == "training=False" else nested(start)
    probe = keras.Model(start, keras.layers.Dense(1)(inner))
    probe.compile("sgd", "mse")
    probe.fit(np.full((64, 3), 7.0), np.zeros((64, 1)), verbose=0)
    moved[way] = float(np.abs(norm.moving_mean.numpy()).max())
    print(f"{way}: the moving averages {'moved' if moved[way] > 0 else 'stayed'} during fit")

# %% [markdown]
# Only `trainable = False` is safe in every kind of model, and our function uses it. (In a subclassed model, whose `call` is written by
# hand, `training=False` does hold.) While it trains, we also note what
# the network makes of its *own training pictures* in inference mode.


# %%
def fit_and_watch(network, epochs):
    history = {"in fit": [], "as used": [], "validation": [], "validation loss": []}
    for _ in range(epochs):
        fit = network.fit(middle_train, pictures.y_train, batch_size=8, verbose=0)
        as_used = network.evaluate(middle_train, pictures.y_train, verbose=0)
        validation = network.evaluate(middle_val, pictures.y_val, verbose=0)
        history["in fit"].append(fit.history["accuracy"][0])
        history["as used"].append(as_used[1])
        history["validation"].append(validation[1])
        history["validation loss"].append(validation[0])
    return history


# %% [markdown]
# First the pure effect, before any training: the same weights, the same validation pictures, and three ways to
# normalise. In training mode a picture's answer depends on who sits in the batch with it. *What will happen
# when the pictures are sorted, so that most batches of eight hold one class only?*


# %%
def accuracy_by_batch(order):
    network, _ = fine_tuned(True, rate=1e-4, epochs=0)
    logits = [
        network(middle_val[batch], training=True) for batch in np.split(order, len(order) // 8)
    ]
    return metrics.accuracy(pictures.y_val[order], np.concatenate(logits).argmax(axis=1))


n_val = len(pictures.y_val) // 8 * 8
mixed = np.random.default_rng(seed).permutation(len(pictures.y_val))[:n_val]
one_class = np.argsort(pictures.y_val, kind="stable")[:n_val]
print(f"normalised by the moving averages: {frozen_val:.3f}")
for name, order in (("mixed", mixed), ("one_class", one_class)):
    found.record(f"batch_statistics_{name}_val_accuracy", accuracy_by_batch(order))

# %% [markdown]
# Nothing but the normalisation differs. A batch of one class has a mean of its own, and subtracting it takes
# away much of what tells the class. When training starts in training mode, the first gradients mend an
# error that is not there in use, and weights that were good are moved for it.
#
# *Before you run the cell: three networks start from the same weights and see the same pictures. Will you
# see the fault of the second and third in their training accuracy?*

# %%
rate, epochs_tuned = (1e-4, 4) if real else (5e-4, 10)
ways = {
    "inference mode": (False, rate),
    "training mode": (True, rate),
    "training mode, large steps": (True, 10 * rate),
}
tuned, watched = {}, {}
for name, (by_batch, this_rate) in ways.items():
    tuned[name], watched[name] = fine_tuned(by_batch, this_rate, epochs_tuned)
    last = ", ".join(f"{key} {values[-1]:.3f}" for key, values in watched[name].items())
    print(f"{name}: {last}")

# %%
said = "; ".join(f"{k}: validation {w['validation'][-1]:.3f}" for k, w in watched.items())
figure = plots.new_figure(f"Accuracy per epoch of three ways to fine-tune. After the last, {said}.")
axes = figure.subplots(1, 3, sharey=True)
lines = {"in fit": "training, in fit", "as used": "training, as used", "validation": "validation"}
for axis, (name, history) in zip(axes, watched.items(), strict=True):
    axis.set_title(name, fontsize=10)
    for key, style, colour in zip(lines, ("o:", "s-", "^--"), plots.OKABE_ITO, strict=False):
        axis.plot(range(1, epochs_tuned + 1), history[key], style, color=colour, label=lines[key])
    axis.set(xlabel="epoch")
    axis.grid(alpha=0.3)
axes[0].set_ylabel("accuracy")
axes[0].legend(fontsize=8)
caption = "“As used”: the training pictures in inference mode, after the epoch."
plots.show(figure, caption=f"The same upper layers, fine-tuned in three ways. {caption}")

# %%
for name, key in zip(watched, ("inference", "training", "training_large_steps"), strict=True):
    found.record(f"tuned_{key}_mode_val_accuracy", watched[name]["validation"][-1])
worst = max(watched, key=lambda name: watched[name]["validation loss"][0])
print(
    f"highest validation loss after one epoch: {worst}, {watched[worst]['validation loss'][0]:.2f}"
)

# %% [markdown]
# Read the dotted line first: in training mode the first epoch's accuracy in `fit` lies below that of the very
# same start in inference mode, because the batches of eight blur what the features say. Then compare
# the validation curves. How much of the damage remains depends on how far the new pictures lie from
# the old ones, on the size and the number of the steps, and on the batch: with small steps and
# photographs much like ImageNet's it may be as small as the error of the validation set. One seed each,
# so we read the large differences only. Freezing the normalisation costs one line.
#
# ## 7. The test set, once
#
# What is the best we have? The validation pictures decide, between the head on frozen features and the head
# with fine-tuned layers below. If they are equal, the simpler one wins.

# %%
candidates = {
    "frozen features": frozen_val,
    "fine-tuned": watched["inference mode"]["validation"][-1],
}
chosen = max(candidates, key=candidates.get)  # the first of equals: the simpler
print({name: round(value, 3) for name, value in candidates.items()}, "chosen:", chosen)

# %%
middle_test, features_test = extractor.predict(pictures.x_test, batch_size=50, verbose=0)
logits_test = {
    "scratch": best_scratch.predict(small(pictures.x_test), verbose=0),
    "frozen": np.asarray(head(features_test)),
    "tuned": np.asarray(tuned["inference mode"](middle_test)),
}
right = {name: logits.argmax(axis=1) == pictures.y_test for name, logits in logits_test.items()}
for name, hits in right.items():
    low, high = metrics.accuracy_interval(int(hits.sum()), n_test)
    print(f"{name:8} {hits.mean():.3f} (95 % interval {low:.3f} to {high:.3f})")
    found.record(f"{name}_test_accuracy", hits.mean())
best = "tuned" if chosen == "fine-tuned" else "frozen"
found.record("chosen_test_accuracy", right[best].mean())

# %% [markdown]
# Two networks judged on the *same* pictures can be compared better than by two intervals. Only the
# pictures on which they differ say anything, and if neither is better, these fall to either side like a
# coin (a **sign test**, McNemar, 1947).

# %%
from scipy.stats import binomtest

for other in ("scratch", "tuned"):
    only_frozen = int((right["frozen"] & ~right[other]).sum())
    only_other = int((right[other] & ~right["frozen"]).sum())
    p_value = binomtest(only_frozen, max(1, only_frozen + only_other)).pvalue
    print(
        f"right by frozen features only: {only_frozen:3}, by {other} only: {only_other:3},", end=" "
    )
    print(f"as uneven or more by chance: {p_value:.2g}")

# %% [markdown]
# From scratch against frozen features, the split is far too uneven for a coin. Between frozen and fine-tuned
# features few pictures change sides, if any: with so few labels, or with features so near to the task
# already, fine-tuning shows no gain that these test pictures could prove. Where do the chosen features fail?

# %%
wrong = np.flatnonzero(~right[best])[:8]
if len(wrong):
    said = logits_test[best].argmax(axis=1)
    titles = [f"{names[pictures.y_test[i]]} taken\nfor {names[said[i]]}" for i in wrong]
    plots.show(
        plots.image_grid(pictures.x_test[wrong], titles=titles, subject="misjudged test pictures"),
        caption="Test pictures that the chosen network misjudges (at most eight).",
    )

# %% [markdown]
# Look at each before you read its title: which of them would you have known, and what may have misled the network?
#
# ### One model from pixels to logits
#
# We trained pieces on cached tables. Put together, they are one model that takes pixels, with the
# preprocessing inside; it must give the logits that the pieces gave.

# %%
image = keras.Input(shape, name="pixels")
x = lower(keras.layers.Rescaling(1 / 127.5, offset=-1)(image))
if best == "tuned":
    logits = tuned["inference mode"](x)
else:
    logits = head(keras.layers.Flatten()(keras.layers.AveragePooling2D(pool)(upper(x))))
whole = keras.Model(image, logits, name="pixels_to_logits")
few = pictures.x_test[:20].astype("float32")
assert np.allclose(whole(few), logits_test[best][:20], atol=1e-3)
print(f"{whole.count_params():,} weights, the same logits as the pieces.")

# %% [markdown]
# An input may also be **shared**: here one picture goes to both networks, each with a preprocessing of its
# own, and the model gives both answers under their names.

# %%
own = best_scratch(shrink(image) if real else image)
both = keras.Model(image, {"borrowed": logits, "from_scratch": own}, name="two_opinions")
opinions = both.predict(few, verbose=0)
assert np.allclose(opinions["from_scratch"], logits_test["scratch"][:20], atol=1e-3)
agree = np.mean(opinions["borrowed"].argmax(axis=1) == opinions["from_scratch"].argmax(axis=1))
print(f"the two networks agree on {agree:.0%} of {len(few)} test pictures")

# %% [markdown]
# ## 8. Your turn
#
# **Exercise 1.** How many test pictures do you need to measure an accuracy near $p$ to within $\pm h$ (95 %)?
# Write the function. Expected: `937` for $p = 0.975$, $h = 0.01$, and `9604` for $p = 0.5$, $h = 0.01$.


# %% tags=["exercise"]
def pictures_needed(p, half_width):
    """The smallest number n with 1.96 standard errors of at most half_width."""
    return None  # your code


answers = (pictures_needed(0.975, 0.01), pictures_needed(0.5, 0.01))
print("Right." if answers == (937, 9604) else f"Not yet: expected (937, 9604), got {answers}.")

# %% [markdown]
# <details><summary>Hint</summary>
#
# Solve $1.96 \sqrt{p(1-p)/n} = h$ for $n$ and round up; `math.ceil(round(n, 6))` guards against a
# rounding error in the last digit.
#
# </details>
#
# **Exercise 2.** Write a function that makes all layers of a model trainable except its batch
# normalisations, and returns how many trainable numbers this leaves (numbers, not tensors). Expected: for the
# upper part fewer than `upper.count_params()`, and no trainable weight in a `BatchNormalization`.


# %% tags=["exercise"]
def unfreeze_but_normalisation(model):
    """How many trainable numbers there are after unfreezing all but batch normalisation."""
    return None  # your code


part = keras.models.clone_model(upper)
answer = unfreeze_but_normalisation(part)
norms = [layer for layer in part.layers if isinstance(layer, keras.layers.BatchNormalization)]
expected = upper.count_params() - sum(layer.count_params() for layer in norms)
print("Right." if answer == expected else f"Not yet: expected {expected:,}, got {answer}.")

# %% [markdown]
# <details><summary>Hint</summary>
#
# Set `model.trainable = True` first (it sets every layer), then `layer.trainable = False` where
# `isinstance(layer, keras.layers.BatchNormalization)`. The sizes are
# `np.prod(weight.shape)` for `weight in model.trainable_weights`.
#
# </details>
#
# **Exercise 3.** Are the features at the end of the backbone the best ones to borrow? Fit the logistic
# regression on the pooled activations at the cut (`middle_train.mean(axis=(1, 2))`) and compare on
# the validation pictures. Predict first: for which task, photographs or digits, does the earlier
# layer do better?
#
# <details><summary>Hint</summary>
#
# Later layers know more about the old task. Photographs of cats and dogs *are* the old task; digits are far
# from clothes. For digits, average over blocks of 4 × 4 places instead of over all, so that the
# place is not lost: `keras.layers.AveragePooling2D(4)(middle_train)`, then flatten.
#
# </details>
#
# ## What we saw

# %%
from IPython.display import Markdown

# %%
kind = "photographs of cats and dogs" if real else "handwritten digits"
Markdown(f"""
- On {n_test} test {kind}, looked at once: from scratch {found["scratch_test_accuracy"]:.1%},
  frozen features {found["frozen_test_accuracy"]:.1%},
  fine-tuned {found["tuned_test_accuracy"]:.1%}. The interval printed beside each says how far
  another choice of test pictures might move it.
- With {sizes[0]} of each class labelled, frozen features reach
  {found["frozen_with_fewest_labels"]:.1%} on the validation pictures; from scratch,
  {sizes[-1]} of each class give {found["scratch_with_most_labels"]:.1%}.
- The gap is {100 * found["gap_with_fewest_labels"]:.0f} percentage points with {sizes[0]} of each
  class and {100 * found["gap_with_most_labels"]:.0f} with {sizes[-1]}.
""")

# %%
Markdown(f"""
- The nearest neighbour is of the right class in
  {found["nearest_by_pixels_val_accuracy"]:.0%} of cases by pixels,
  {found["nearest_by_features_val_accuracy"]:.0%} by features.
- Batch normalisation in training mode: {found["batch_statistics_one_class_val_accuracy"]:.1%}
  in batches sorted by class, with weights that otherwise have
  {found["frozen_val_accuracy"]:.1%}. In Keras 3, `trainable = False` on the layer keeps it in
  inference mode; `training=False` in a Functional model's nested call does not.
""")

# %% [markdown]
# **To try next**: fine-tune with a head of random weights and watch the first epoch; move the cut
# down, one block at a time; transfer the photographs' backbone to a task that ImageNet does not
# know. Lesson 03 gives every pixel a class, and lesson 07 asks what the borrowed features look at.
#
# ## References
#
# - Elson, J., Douceur, J. R., Howell, J. and Saul, J. (2007). *Asirra: a CAPTCHA that exploits
#   interest-aligned manual image categorization.* ACM CCS.
# - Ioffe, S. and Szegedy, C. (2015). *Batch normalization: accelerating deep network training by reducing
#   internal covariate shift.* ICML.
# - McNemar, Q. (1947). *Note on the sampling error of the difference between correlated proportions or
#   percentages.* Psychometrika 12(2), 153–157.
# - Raghu, M., Zhang, C., Kleinberg, J. and Bengio, S. (2019). *Transfusion: understanding transfer learning
#   for medical imaging.* NeurIPS.
# - Sandler, M., Howard, A., Zhu, M., Zhmoginov, A. and Chen, L.-C. (2018). *MobileNetV2: inverted
#   residuals and linear bottlenecks.* CVPR.
# - Wilson, E. B. (1927). *Probable inference, the law of succession, and statistical inference.* JASA
#   22(158), 209–212.
# - Xiao, H., Rasul, K. and Vollgraf, R. (2017). *Fashion-MNIST: a novel image dataset for benchmarking
#   machine learning algorithms.* [arXiv:1708.07747](https://arxiv.org/abs/1708.07747).
# - Yosinski, J., Clune, J., Bengio, Y. and Lipson, H. (2014). *How transferable are features in deep neural
#   networks?* NeurIPS.
