# %% [markdown] extra="automl"
# # 06 · AutoML: what can be found by search, what does it cost, and is it better than luck?
#
# How many units, which learning rate, how many layers? So far somebody chose, by experience or by trying. Trying can be
# left to a program. That is **AutoML**: a search over settings, or over whole architectures. It always
# returns a winner, and the winner always has a fine score. In this lesson we ask what such a search
# really found, what it cost, and how much of the fine score is luck.
#
# **You will**
#
# - tell hyper-parameters from parameters, and search two of them with KerasTuner,
# - compare grid, random, Bayesian and Hyperband search on one equal budget, in many repetitions,
# - measure how much of a winner's score is luck, and why a test set must not choose,
# - let AutoKeras search whole architectures within a number of seconds; draw and retrain what it found,
# - understand neural architecture search: search space, search strategy, performance estimation,
# - hold the result against a network made by hand, at equal time.
#
# **Time**: three and a half minutes of computing on two CPU cores (quick profile), less the second time, since searches
# are kept; two hours with reading and exercises. **Before**: lesson 01.
#
# **Data**: [MNIST](https://keras.io/api/datasets/mnist/) (LeCun, Cortes and Burges, 1998), 11 MB, CC BY-SA 3.0, and
# [California housing](https://www.dcc.fc.up.pt/~ltorgo/Regression/cal_housing.html) (Pace and Barry, 1997), 0.7 MB,
# public domain. Without a network the lesson runs on the 1,797 small digits that come with scikit-learn (UCI, CC BY
# 4.0) and on a generated table; the numbers are then others, and where an effect is too, the lesson says so.

# %% tags=["parameters"]
profile = "auto"  # "quick" for a CPU, "full" for a GPU, "auto": full where there is a GPU
data = "auto"  # "real", "sample" (embedded), "auto": real if it can be had
seed = 0

# %% [markdown]
# ## 1. Setting up
#
# This lesson needs two more libraries than the others: `pip install "course-lib[automl]"`.

# %%
from course_lib import runtime

run = runtime.setup(profile=profile, seed=seed)

# %%
import keras
import numpy as np

from course_lib import automl, datasets, metrics, plots, results

ak = automl.autokeras()
digits = datasets.load("mnist", source=data)
found = results.Results("06-Autokeras", profile=run.profile, data=digits.kind)

# %% [markdown]
# ## 2. Parameters and hyper-parameters
#
# **Parameters** are the numbers that training finds: weights and biases. Gradients tell training where to go.
# **Hyper-parameters** are what is fixed before training starts: the number of units, the learning
# rate, the batch size. There is no cheap gradient for them: to learn what a value is worth, we must train a
# network with it. One evaluation costs a training, and it is noisy, since the next training starts from
# other random weights.
#
# So that we can afford many trainings, the first half of this lesson works with little: 800 digits, averaged down to
# 14 × 14 pixels, to train on, and 200 to choose by. Up to 2,000 others are **fresh** ones: no search in this half of the
# lesson sees them, they tell us what a winner is really worth.

# %%
order = np.random.default_rng(seed).permutation(len(digits.x_train))[:3000]
small = digits.x_train[order].reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)) / 255
small, labels = small.reshape(-1, 196).astype("float32"), digits.y_train[order].astype("int64")

x_small, y_small = small[:800], labels[:800]
x_choose, y_choose = small[800:1000], labels[800:1000]
x_fresh, y_fresh = small[1000:], labels[1000:]
print(f"{len(x_small)} digits to train on, {len(x_choose)} to choose by, {len(x_fresh):,} fresh")

# %% [markdown]
# Our network has one hidden layer, and we search two hyper-parameters: the number of hidden units and the learning
# rate of Adam. Seven widths and seventeen rates, four to each factor of ten, make a **search space** of 119
# **configurations**. Rates are spaced by factors because what matters about them is the order of magnitude.

# %%
widths = [2, 4, 8, 16, 32, 64, 128]
rates = [float(f"{rate:.3g}") for rate in np.geomspace(1e-4, 1, 17)]
epochs = 9
print(f"{len(widths)} widths × {len(rates)} rates = {len(widths) * len(rates)} configurations")

# %% [markdown]
# KerasTuner (O'Malley et al., 2019) wants a function that takes its `hp` object, asks it for values, and returns a compiled
# network.


# %%
def build(hp):
    units = hp.Choice("units", widths, ordered=True)
    rate = hp.Choice("learning_rate", rates, ordered=True)
    layers = [keras.Input((196,)), keras.layers.Dense(units, "relu"), keras.layers.Dense(10)]
    network = keras.Sequential(layers)
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(rate), cross_entropy, metrics=["accuracy"])
    return network


# %% [markdown]
# ## 3. A first search
#
# **Random search** draws configurations at random. Each one trained is called a **trial**. We pay for six trials and
# look at the clock. What KerasTuner writes goes to a temporary folder.

# %%
import tempfile
import time

import keras_tuner

validation = {"validation_data": (x_choose, y_choose), "batch_size": 32, "verbose": 0}
with tempfile.TemporaryDirectory() as folder:
    tuner = keras_tuner.RandomSearch(
        build, objective="val_accuracy", max_trials=6, seed=1000 * (seed + 1), directory=folder
    )
    start = time.perf_counter()
    tuner.search(x_small, y_small, epochs=epochs, **validation)
    seconds_per_trial = (time.perf_counter() - start) / 6

# %%
for trial in sorted(tuner.oracle.trials.values(), key=lambda trial: -trial.score):
    values = trial.hyperparameters.values
    print(f"{values['units']:4} units, rate {values['learning_rate']:<8g} → {trial.score:.3f}")

print(f"{seconds_per_trial:.1f} s for each trial")

# %% [markdown]
# The six lie far apart. Would six other draws have done better? We cannot tell from one search, and each trial took its time.
#
# ## 4. What is there to be found? The whole table
#
# To compare methods of search fairly we have to repeat each search many times, and that would be thousands of
# trials. But our space is small: we can train *every* configuration, ten times each, and write down
# the scores after each epoch. A search then looks up in the table what it would have been told. (KerasTuner
# itself reports a trial's best epoch; ours is the last one, since a maximum over epochs is itself too good.)
# Research on AutoML works with such **tabular benchmarks** too (Ying et al., 2019).
#
# `automl.predictions_side_by_side` trains the networks of one width all at once, as one stack of matrices, so that TensorFlow
# compiles once for each width. The mathematics is that of `build`. The ten runs differ in their initial weights only, not in the
# order of the batches.

# %%
runs = 10
start = time.perf_counter()
predicted = np.stack(
    [
        automl.predictions_side_by_side(
            x_small, y_small, small[800:], units=units, learning_rates=rates, runs=runs,
            epochs=epochs, seed=1000 * seed + units,
        )
        for units in widths
    ]
)
n_trained = len(widths) * len(rates) * runs
seconds_each = (time.perf_counter() - start) / n_trained
print(f"{n_trained:,} networks, {1000 * seconds_each:.0f} ms each; a trial took {seconds_per_trial:.1f} s")

# %% [markdown]
# Nearly all that a trial of such a small network costs is building, compiling, and starting each epoch anew;
# the arithmetic is a small part. Remember it when the cost of a search is counted in epochs: with small
# networks the number of *trials* counts for more.

# %%
seen = (predicted[..., :200] == y_choose).mean(axis=-1)  # (width, rate, run, epoch)
fresh = (predicted[..., 200:] == y_fresh).mean(axis=-1)
quality = fresh[..., -1].mean(axis=2)  # what a configuration is worth: (width, rate)
spread = seen[..., -1].std(axis=2, ddof=1)

plots.show(
    automl.score_tables(
        {"accuracy, or 0.8 if less": np.maximum(quality, 0.8), "s.d. of one score": spread},
        units=widths, learning_rates=rates,
    ),
    caption="Left, what each configuration is worth: mean accuracy on fresh digits. Right, how "
    "much its validation accuracy varies with the initial weights.",
)

# %% [markdown]
# There is a broad ridge of good configurations at rates around 0.01; too small a rate has learned little in nine
# epochs, too large a one destroys the network. Width helps, less and less. On the ridge the score varies little. With
# two or four units at the same rates, and at rates around 0.2, where training sometimes fails, it varies very much.

# %%
default = quality[widths.index(64), rates.index(0.001)]
best = np.unravel_index(quality.argmax(), quality.shape)
scores_of_best = seen[best][:, -1]
near = np.sum(quality > quality.max() - 0.01)
found.record("default_quality", default)
found.record("best_quality", quality.max())
found.record("score_spread_on_the_ridge", np.median(spread[quality > quality.max() - 0.02]))
print(f"best: {widths[best[0]]} units, rate {rates[best[1]]:g}; one of {near} within one point of it")
print(f"its ten scores on the 200 images: {scores_of_best.min():.3f} to {scores_of_best.max():.3f}")

# %% [markdown]
# Our yardsticks: 64 units at Adam's default rate, a common first guess, and the best of the table. What lies
# between is all that a search can win. (Is the best of 119 means itself too good? Come back after section 6.) And one score is uncertain
# for two reasons: by about a point because training starts
# at random, and by $\sqrt{p(1-p)/200}$, some two points, because 200 images are few. The second error is the
# same for all networks that make the same mistakes.
#
# ## 5. Four searches on one budget
#
# The budget is that of 16 full trials: $16 \cdot 9 = 144$ epochs of training.
#
# - **Grid search** tries all combinations of a few values, here $4 \times 4$.
# - **Random search** draws 16 configurations from all 119 (Bergstra and Bengio, 2012).
# - **Bayesian optimisation** starts with six random ones. Then it fits a **Gaussian process** to the scores: for each
#   configuration $x$ an expected score $\mu(x)$ and an uncertainty $\sigma(x)$. It next tries the $x$ with the
#   largest **upper confidence bound** $\mu(x) + \beta\,\sigma(x)$, that is, where the score is promising or
#   little is known (Srinivas et al., 2010; KerasTuner has $\beta = 2.6$). Snoek et al. (2012), who made the method known
#   for hyper-parameters, take the expected improvement instead.
# - **Hyperband** spends its epochs on many short trials: nine configurations train for one epoch, the best three
#   go on to three epochs, the best one to nine. Then it starts again with fewer and longer ones (Li et al., 2018).
#
# *Before you run the cells: which will win, and by how much? Write your order down.*
#
# In KerasTuner a search is an **oracle**, which proposes configurations, and a `run_trial`, which says what they are worth.
# Ours looks into the table, into one of the ten runs at random.


# %%
class InTable:
    """Answers a tuner's trials from the table; Hyperband's longer trials go on with the same run."""

    def run_trial(self, trial, **ignored):
        values = trial.hyperparameters.values
        past = values.get("tuner/trial_id")
        self.run_of[trial.trial_id] = self.run_of[past] if past else self.rng.integers(runs)
        first, last = values.get("tuner/initial_epoch", 0), values.get("tuner/epochs", epochs)
        place = widths.index(values["units"]), rates.index(values["learning_rate"])
        score = float(seen[place][self.run_of[trial.trial_id], last - 1])
        self.trials.append((*place, last, score, last - first))
        return {"val_accuracy": score}


# %%
methods = {
    "grid": (keras_tuner.GridSearch, {"max_trials": 16}),
    "random": (keras_tuner.RandomSearch, {"max_trials": 16}),
    "Bayesian": (keras_tuner.BayesianOptimization, {"max_trials": 16}),
    "Hyperband": (keras_tuner.Hyperband, {"max_epochs": epochs, "hyperband_iterations": 2}),
}


def search_space(coarse):
    hp = keras_tuner.HyperParameters()
    hp.Choice("units", widths[::2] if coarse else widths, ordered=True)
    hp.Choice("learning_rate", [1e-4, 1e-3, 1e-2, 1e-1] if coarse else rates, ordered=True)
    return hp


# %% [markdown]
# A practical thing: KerasTuner draws each random value with the next seed, two for each trial here. Two searches with the seeds 1 and 3 try nearly the same configurations and are
# no repetition of each other. We number our searches in thousands.

# %%
import warnings

from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

# The Gaussian process warns when a few noisy scores do not tell over what distance they vary.
warnings.simplefilter("ignore", ConvergenceWarning)

# %%
def search_table(method, number):
    kind, options = methods[method]

    class Tuner(InTable, kind):
        trials, run_of, rng = [], {}, np.random.default_rng(number)

    # One thread: a Gaussian process' tiny matrices take several times as long on many.
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        tuner = Tuner(
            hyperparameters=search_space(coarse=method == "grid"), directory=folder, seed=number,
            objective=keras_tuner.Objective("val_accuracy", "max"), **options,
        )
        tuner.search(verbose=0)
    return tuner.trials


# %%
trials, seconds = {}, {}
for method in methods:
    n_searches = (6 if method == "Bayesian" else 16) * (1 if run.quick else 4)
    start = time.perf_counter()
    numbers = [1000 * (100 * seed + i + 1) for i in range(n_searches)]
    trials[method] = [search_table(method, number) for number in numbers]
    seconds[method] = (time.perf_counter() - start) / n_searches

# %% [markdown]
# Where did they look? For each method its first search; a larger point was trained for longer.

# %%
plots.show(
    automl.points_tried(
        {
            method: [(widths[w], rates[r], last, score) for w, r, last, score, _ in searches[0]]
            for method, searches in trials.items()
        },
        units=widths, learning_rates=rates,
    ),
    caption="Which configurations one search of each method tried, and what it saw there. "
    "Grey: the whole space.",
)

# %% [markdown]
# The grid tries only four values of each hyper-parameter, sixteen trials or not. Random search tries up to sixteen
# different rates. That is its advantage where one hyper-parameter matters more than the others. The
# Gaussian process gathers on the ridge, and visits far corners too, where it knows little. Hyperband looks at twice as many
# points, two thirds of them for one epoch or three. (Going on with a configuration counts as another trial.)
#
# Next, the best score so far against the epochs spent, for all repetitions. And because the table knows
# what a configuration is worth, also the **quality** of the configuration that the search would
# have recommended at that time: its mean accuracy on fresh digits after a full training.

# %%
budget = 16 * epochs


def progress(trials):
    """Best score so far and quality of that configuration, after each epoch spent."""
    score_curve, quality_curve = np.full((2, budget), np.nan)
    best, spent = -np.inf, 0
    for w, r, _, score, cost in trials:
        spent += cost
        if spent <= budget and score > best:  # a trial that passes the budget does not count
            best = score
            score_curve[spent - 1 :], quality_curve[spent - 1 :] = score, quality[w, r]
    return score_curve, quality_curve


# %% [markdown]
# And what would luck have given? With the table at hand, a thousand random searches cost nothing.

# %%
def random_trials(rng, n=16):
    places = rng.choice(quality.size, n, replace=False)
    for w, r in zip(*np.unravel_index(places, quality.shape), strict=True):
        yield w, r, epochs, seen[w, r, rng.integers(runs), -1], epochs


rng = np.random.default_rng(seed)
luck = np.array([progress(random_trials(rng)) for _ in range(1000)])
curves = {m: np.array([progress(one) for one in searches]) for m, searches in trials.items()}

# %%
panels = ("best validation\naccuracy seen", "quality of the\nrecommendation")
plots.show(
    automl.best_so_far(
        {label: {m: c[:, i] for m, c in curves.items()} for i, label in enumerate(panels)},
        luck={label: luck[:, i] for i, label in enumerate(panels)},
    ),
    caption="Mean, and the 10th to 90th percentile, of the repeated searches; grey, the same of a "
    "thousand random searches. Above, what the search believes. Below, what is true. (The grid's "
    "steps show only in which order it goes through its values.)",
)

# %%
from IPython.display import Markdown

head = ["method", "trials", "score of the winner", "its quality", "luck beaten", "own seconds"]
rows = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
beaten = {}
for method, ends in ((m, c[:, :, -1]) for m, c in curves.items()):
    score, worth = (f"{part.mean():.3f} ± {part.std(ddof=1):.3f}" for part in ends.T)
    against = ends[:, 1, None] - luck[:, 1, -1]
    beaten[method] = np.mean(against > 0) + np.mean(against == 0) / 2
    n_trials = np.mean([len(one) for one in trials[method]])
    row = [method, f"{n_trials:.0f}", score, worth, f"{beaten[method]:.0%}", f"{seconds[method]:.1f}"]
    rows.append("| " + " | ".join(row) + " |")
Markdown("\n".join(rows))

# %% [markdown]
# "±" is the standard deviation of a single search. "Luck beaten": in how many comparisons with the thousand random searches the
# recommended configuration is better; 50 % is no better than luck, give or take 7 points with sixteen searches and 12
# with six. "Random" is luck itself and shows how far chance
# takes it. "Own seconds": what a search itself spends on choosing and bookkeeping, the training not counted.
#
# What we can say, and what we cannot:
#
# - On average all methods end above the first guess, mostly near the best of the table: *that* we search pays. *How* matters less: the methods
#   differ from each other by no more than two searches of one method do. Who runs *one* search of
#   each and declares a winner reports luck. With another seed of this lesson the order is another.
# - Even the method that leads loses some of its comparisons with luck. The Gaussian process thinks longest; for
#   networks that train for minutes its seconds are nothing. It learns from earlier scores, and among the configurations
#   that section 4 counted within one point of the best there is little to learn, since one score is uncertain by more.
# - A grid is as good as the values that its author had in mind.
# - Sixteen trials are few. Hyperband needs a budget in which its short trials are much cheaper than
#   long ones. Counted in epochs they are; counted in seconds, section 4 has shown, they are not for small networks.
# - Above and below differ, for two reasons. The 200 images are a little easier or harder than the others, for all
#   networks alike. And the winner was chosen by its score, which is the subject of the next section.

# %%
for method, curve in curves.items():
    found.record(f"{method.lower()}_quality", curve[:, 1, -1].mean())
found.record("luck_quality", luck[:, 1, -1].mean())
found.record("luck_quality_spread", luck[:, 1, -1].std())

# %% [markdown]
# ## 6. The winner's curse, and the trap of the test set
#
# The score of the best of many trials is too good, even where every single score is fair. Each is the
# quality plus an error; the maximum prefers those with a lucky error. That is the **winner's curse**, and it is why the
# winner's validation score must not be reported as its accuracy (Cawley and Talbot, 2010).
#
# The same happens, unnoticed, to a test set that is used for choosing. We play it through: a test set of 100 images, $N$ networks
# from the table at random, the one that reads most of the 100 wins. How many of the *other* digits does it
# read? Five hundred times each, with another test set each time.
#
# *Before you run it: by how much is the winner of 64 too good?*

# %%
answers = predicted[:, :, :, -1].reshape(n_trained, -1)
right = answers == np.concatenate([y_choose, y_fresh])


def too_good(n_networks, n_test, rng):
    """Accuracy of the best of `n_networks` on `n_test` images minus its accuracy on the others."""
    images = rng.permutation(right.shape[1])
    networks = rng.choice(n_trained, n_networks, replace=False)
    scores = right[networks[:, None], images[:n_test]].mean(axis=1)
    winner = networks[scores.argmax()]
    return scores.max() - right[winner, images[n_test:]].mean()


# %%
counts = [1, 4, 16, 64, 256]
gaps = {
    n_test: np.array([[too_good(n, n_test, rng) for _ in range(500)] for n in counts])
    for n_test in (100, 300)
}
for n, gap in zip(counts, gaps[100], strict=True):
    print(f"best of {n:3}: {gap.mean():+.3f} too good, ± {gap.std():.3f}")

# %%
said = ", ".join(f"{n}: {gap.mean():.3f}" for n, gap in zip(counts, gaps[100], strict=True))
figure = plots.new_figure(f"How much too good the best of N is on 100 images, by N: {said}.")
axis = figure.subplots()
for (n_test, values), colour, marker in zip(gaps.items(), plots.OKABE_ITO, "os", strict=False):
    low, high = np.percentile(values, [5, 95], axis=1)
    axis.fill_between(counts, low, high, color=colour, alpha=0.15, lw=0)
    mean = values.mean(axis=1)
    axis.plot(counts, mean, marker=marker, color=colour, label=f"{n_test} test images")
axis.set_xscale("log", base=4)
axis.set_xticks(counts, counts)
axis.set(xlabel="networks tried on the test set", ylabel="accuracy on it\nminus on fresh digits")
axis.grid(alpha=0.3)
legend = axis.legend()

# %%
plots.show(
    figure,
    caption="How much too good the best of N networks looks on a test set that chose it: mean, "
    "and the 5th to 95th percentile.",
)
found.record("best_of_1_too_good", gaps[100][0].mean())
found.record("best_of_64_too_good", gaps[100][counts.index(64)].mean())

# %% [markdown]
# One network, looked at once: the test set is right on average. With the number of networks the gap grows: this part
# of a score is worth nothing, it is gone on the next digits. More test images make it smaller, not zero. So:
# choose on validation data, look at the test set once, at the end. The lesson does so below. And if you compare your
# search with somebody else's network, give both the same number of tries. Section 4's best of 119 is too good in the same way, but by
# little: each is a mean of ten runs.

# %% [markdown]
# ## 7. Whole architectures: AutoKeras
#
# So far the network's form was ours and the search filled in two numbers. **Neural architecture search** lets the form
# vary too. Elsken et al. (2019) describe every such method by three choices:
#
# - the **search space**: which networks can be built at all. It carries most of our knowledge; a space of
#   convolutional networks knows that the inputs are images.
# - the **search strategy**: which one to try next. Random, Bayesian, evolution, gradients; AutoKeras starts from a good
#   guess (in a space of one's own, from the blocks' defaults, some of them drawn anew) and then changes a few choices
#   of the best network so far, greedily (Jin et al., 2023; the Bayesian optimisation over network morphisms that Jin et al. published
#   in 2019 is no longer part of it).
# - the **performance estimation**: how to learn what a candidate is worth without training it to the end. Few
#   epochs, few data, inherited weights. Each of these is cheap and wrong in its own way.
#
# From here on the digits have their 28 × 28 pixels again.

# %%
order = np.random.default_rng(seed).permutation(len(digits.x_train))
if run.quick:
    order = order[:6000]
images = digits.x_train[order, ..., np.newaxis].astype("float32")  # 0 to 255: networks standardise
classes = digits.y_train[order].astype("int64")
n_validation = len(order) // 6
x_train, y_train = images[n_validation:], classes[n_validation:]
x_val, y_val = images[:n_validation], classes[:n_validation]
print(f"{len(x_train):,} images to train on, {len(x_val):,} to choose by")

# %% [markdown]
# `ak.ImageClassifier` is the ready-made search. Its first network is a small convolutional one; later ones may be a
# ResNet, an Xception or an EfficientNet, some with downloaded weights, which take minutes for an epoch on
# a CPU. We let it try one, for two epochs. AutoKeras itself counts trials and
# not seconds. `automl.search` of this course keeps to a number of seconds: no trial starts
# after the end, and a training under way stops at its next batch and is scored as it stands. It keeps results in the user's cache.

# %%
def ready_made(folder):
    return ak.ImageClassifier(
        objective="val_accuracy", max_trials=1, directory=folder, seed=1000 * (seed + 1)
    )


first = automl.search(
    ready_made, x_train, y_train, validation_data=(x_val, y_val), epochs=2, title="Ready-made",
    seconds=60, seed=seed,
)

# %% [markdown]
# ### A space of our own
#
# `ak.AutoModel` takes a graph of **blocks**, written like Keras' Functional API. Each block stands for
# many networks, since it asks for values as our `build` did: a `ConvBlock` chooses kernel size, number of layers,
# filters, dropout. Ours allows small convolutional networks only, and in the quick profile it is three of them for a
# few epochs; the seconds are only the limit for a slow machine. AutoKeras searches the optimizer and its learning rate as well.


# %%
def image_space(folder):
    image = ak.ImageInput()
    network = ak.ConvBlock(separable=False, max_pooling=True)(ak.Normalization()(image))
    answer = ak.ClassificationHead(dropout=0.25)(network)
    return ak.AutoModel(
        image, answer, objective="val_accuracy", max_trials=3 if run.quick else 30,
        directory=folder, seed=1000 * (seed + 1),
    )


# %%
settings = dict(
    validation_data=(x_val, y_val), epochs=4 if digits.kind == "real" else 6, patience=3,
    seconds=180 if run.quick else 1800, title="Convolutional networks", seed=seed,
)
searched = automl.search(image_space, x_train, y_train, **settings)

# %% [markdown]
# The same call again finds the result in the cache. After an interruption, a crash of the kernel or of the machine, it
# would go on after the last finished trial.

# %%
searched = automl.search(image_space, x_train, y_train, **settings)
lasted = [trial.seconds for trial in searched.trials]
print(f"{len(lasted)} trials of {min(lasted):.1f} to {max(lasted):.1f} s, {searched.seconds:.0f} s in all")

# %% [markdown]
# A small learning rate cannot win within few epochs, whatever the architecture: that is how an estimate from
# short trainings is wrong in its own way.
#
# ### What was found
#
# The winner is an ordinary Keras model, as AutoKeras' `export_model()` gives it. Behind names such as
# `CastToFloat32` are AutoKeras' own preparations.

# %%
network = searched.model
plots.architecture(network)
print(f"{network.count_params():,} parameters, validation accuracy {searched.best.score:.4f}")

# %% [markdown]
# Is it the architecture that is good, or was it the lucky start of one training, chosen among several? We
# **retrain** it: the same layers, other random weights, the same number of epochs.


# %%
def retrained(model, epochs):
    again = keras.models.clone_model(model)
    for old, new in zip(model.layers, again.layers, strict=True):
        if isinstance(old, keras.layers.Normalization):
            new.set_weights(old.get_weights())  # measured on the training images: no weights to learn
            new.finalize_state()  # or it would go on with the mean and variance that it has
    optimizer = type(model.optimizer).from_config(model.optimizer.get_config())
    again.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = again.fit(
        x_train, y_train, validation_data=(x_val, y_val), batch_size=32, epochs=epochs, verbose=0
    )
    return max(history.history["val_accuracy"])


again = retrained(network, epochs=searched.best.epochs)
print(f"validation accuracy in the search {searched.best.score:.4f}, retrained {again:.4f}")

# %% [markdown]
# How far the two lie apart tells how much a single score of a search says about an architecture.
#
# ## 8. A table
#
# For tables AutoKeras has a block, `ak.StructuredDataBlock`. We write a smaller space, to see how a block is made: a class
# whose `build` asks `hp` for values and returns layers. This one standardises the columns and stacks dense layers, with
# shortcuts around them or without.

# %%
import inspect

print(inspect.getsource(automl.TableBlock.build))

# %%
housing = datasets.load("california_housing", source=data)
table, prices = housing.x_train.astype("float32"), housing.y_train.astype("float32")
to_choose_by = housing.x_val.astype("float32"), housing.y_val[:, None].astype("float32")


def table_space(folder):
    values = ak.Input()
    answer = ak.RegressionHead()(automl.TableBlock()(values))
    return ak.AutoModel(
        values, answer, objective="val_loss", max_trials=3 if run.quick else 30, directory=folder,
        seed=1000 * (seed + 1),
    )


# %%
priced = automl.search(
    table_space, table, prices[:, None], validation_data=to_choose_by,
    epochs=12, batch_size=32 if housing.kind == "sample" else 128, title="House prices",
    seconds=120 if run.quick else 900, seed=seed,
)

# %% [markdown]
# What is a mean squared error of that size worth? A baseline tells: linear regression, which needs no search and
# a fraction of a second. The validation rows have chosen the winner, so the two meet on the test rows, once. $R^2$
# is 1 minus the mean squared error divided by the variance of the prices: 0 for always guessing their mean, 1 for no error.

# %%
from sklearn.linear_model import LinearRegression

said = {
    "linear": LinearRegression().fit(table, prices).predict(housing.x_test),
    "searched": priced.model.predict(housing.x_test.astype("float32"), verbose=0)[:, 0],
}
errors = {name: np.mean((values - housing.y_test) ** 2) for name, values in said.items()}
for name, error in errors.items():
    print(f"{name}: R² {1 - error / np.var(housing.y_test):.3f} on test rows")
found.record("table_error_against_linear", errors["searched"] / errors["linear"])

# %% [markdown]
# On the real table even this short search beats the line. On the generated one it need not: three networks of twelve
# epochs are few, and only the baseline shows it.

# %% [markdown]
# ## 9. Several processes at once
#
# Trials do not need each other, so they can run side by side. KerasTuner has a
# **chief**, which holds the oracle, and **workers**, which ask it for a trial, train, and report. All run
# the same program; environment variables say who is who. `automl.tune_in_processes` starts a chief and
# two workers on this machine. On two cores there is nothing to gain, so the quick profile leaves it out; set
# `several_processes` to try it.

# %%
several_processes = not run.quick  # True to try it
program = """
import sys, time
import keras_tuner

class Curve(keras_tuner.RandomSearch):
    def run_trial(self, trial, **ignored):
        time.sleep(2)  # stands for a training
        return {"height": 1 - trial.hyperparameters.get("x") ** 2}

hp = keras_tuner.HyperParameters()
hp.Float("x", -1, 1)
options = {"objective": keras_tuner.Objective("height", "max"), "max_trials": 6, "seed": 1000}
Curve(hyperparameters=hp, directory=sys.argv[1], **options).search(verbose=0)
"""

# %%
if not several_processes:
    print("Left out: set several_processes = True and run this cell again.")
elif not automl.loopback_is_up():
    print("Left out: processes cannot talk to each other over 127.0.0.1 here.")
else:
    with tempfile.TemporaryDirectory() as folder:
        for trial in automl.tune_in_processes(program, folder):
            print(f"trial {trial.number}, {trial.worker}: {trial.values} → {trial.score:.3f}")

# %% [markdown]
# ## 10. By search or by hand?
#
# Lesson 01's convolutional network was made by hand. It now gets the same images and **as many seconds as the search took**, for one training.
# Then both meet the test set, once.
#
# *Before you run it: which one wins?*

# %%
by_hand = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Rescaling(1 / 255)])
for width in (16, 32):
    by_hand.add(keras.layers.Conv2D(width, 3, activation="relu"))
    by_hand.add(keras.layers.Conv2D(width, 3, activation="relu"))
    by_hand.add(keras.layers.MaxPooling2D(2))
by_hand.add(keras.layers.Flatten())
by_hand.add(keras.layers.Dropout(0.4))
by_hand.add(keras.layers.Dense(128, activation="relu"))
by_hand.add(keras.layers.Dropout(0.3))
by_hand.add(keras.layers.Dense(10))
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
by_hand.compile(keras.optimizers.Adam(), cross_entropy)

# %%
clock = automl.TimedSchedule(searched.seconds)  # lesson 01's learning rate, by the clock
by_hand.fit(x_train, y_train, batch_size=32, epochs=1_000_000, verbose=0, callbacks=[clock])
print(f"{clock.steps:,} batches, {clock.steps * 32 / len(x_train):.1f} epochs in {searched.seconds:.0f} s")

# %%
x_test = digits.x_test[..., np.newaxis].astype("float32")
for name, model in (("searched", network), ("by hand", by_hand)):
    said = model.predict(x_test, batch_size=500, verbose=0).argmax(axis=1)
    accuracy = metrics.accuracy(digits.y_test, said)
    low, high = metrics.accuracy_interval(round(accuracy * len(said)), len(said))
    print(f"{name}: {accuracy:.4f} (95 % interval {low:.4f} to {high:.4f})")
    found.record(f"{name.replace(' ', '_')}_test_accuracy", accuracy)

# %% [markdown]
# One search and one training are one draw each. The same with several seeds, in test accuracy:

# %%
Markdown(results.measurement(f"autokeras_vs_hand_made_{digits.kind}"))

# %% [markdown]
# The network made by hand wins, but three trials are hardly a search, and the two were not trained alike. Ours put all its seconds
# into *one* training, with a schedule for the learning rate; the search divided them among several short ones and kept one. Whether
# the found layers would do as well with such a training we have not measured. (Train them for as many seconds with a
# `TimedSchedule` to see.) And ours is itself the end of a long
# search: by many people, over decades, on this very data set. A search may pay where there is no such network yet
# and hours may be spent instead of seconds; a good baseline tells.

# %% [markdown]
# ## 11. Your turn
#
# **Exercise 1: best ball** (after Cornell's CS6787, lecture 6). In a golf *scramble*, which many call best ball, every player of a
# team plays from the place where the team's best ball came to rest. As a search over training: take the current weights and learning rate; from these
# *same* weights, train one epoch with half the rate, with the rate, and with twice the rate; keep the
# weights and the rate of whoever scored best, and go on from there. One training, and its learning rate is tuned on
# the way. Write `best_ball`. `play(state, rate)` trains for one epoch and returns the new state and its score, more is better.
# Expected: for the toy game below the rates `[0.2, 0.4, 0.8, 0.8]`; then the network plays by itself.


# %% tags=["exercise"]
def best_ball(state, rate, play, rounds):
    """The final state and the list of the rates chosen, one for each round."""
    return None  # your code


def toy(state, rate):  # one gradient step on the loss x²/2; the score is minus the distance to 0
    return state - rate * state, -abs(state - rate * state)


answer = best_ball(1.0, 0.1, toy, rounds=4)
solved = answer is not None and np.allclose(answer[1], [0.2, 0.4, 0.8, 0.8])
print("Right." if solved else f"Not yet: expected rates [0.2, 0.4, 0.8, 0.8], got {answer}.")

# %%
hp = search_space(coarse=False)
hp.values = {"units": 64, "learning_rate": 0.001}
golfer = build(hp)


def one_epoch(weights, rate):
    golfer.set_weights(weights)  # Adam's running means are no part of the state: they go on
    golfer.optimizer.learning_rate = rate
    history = golfer.fit(x_small, y_small, epochs=1, **validation)
    return golfer.get_weights(), history.history["val_accuracy"][0]


if solved:
    final, chosen = best_ball(golfer.get_weights(), 0.001, one_epoch, rounds=epochs)
    golfer.set_weights(final)
    accuracy = golfer.evaluate(x_fresh, y_fresh, verbose=0)[1]
    print(f"rates {np.round(chosen, 4)}, fresh accuracy {accuracy:.3f} after {3 * epochs} epochs in all")

# %% [markdown]
# <details><summary>Hint</summary>
#
# In each round: `tries = [(play(state, r), r) for r in (rate / 2, rate, 2 * rate)]`. Then take
# `max(tries, key=lambda t: t[0][1])`; it holds the next state, its score and its rate. Compare the
# accuracy with section 4's first guess. Is one epoch ahead far enough to see that a
# rate is too large? (Population-based training asks the same: Jaderberg et al., 2017.)
#
# </details>
#
# **Exercise 2: successive halving.** The heart of Hyperband: given learning curves of shape (configurations, epochs),
# look at all after epoch 1, go on with the best third, look again after epoch 3, keep the best third, and so on until
# one is left. Return its index and the epochs spent; nobody is trained twice for the same epoch.
# Expected: for `curves_toy` the index 4, and $9 \cdot 1 + 3 \cdot 2 + 1 \cdot 6 = 21$ epochs.


# %% tags=["exercise"]
def successive_halving(scores):
    """Index of the survivor and epochs spent, from scores (9 configurations, 9 epochs)."""
    return None  # your code


curves_toy = 1 - np.outer(np.array([9, 4, 8, 5, 3, 6, 7, 4.5, 9.5]) / 10, 0.8 ** np.arange(9))
curves_toy[0] += np.linspace(0, 0.12, 9)  # starts slowly and would be the best in the end
answer = successive_halving(curves_toy)
right_answer = answer is not None and tuple(answer) == (4, 21)
print("Right." if right_answer else f"Not yet: expected (4, 21), got {answer}.")

# %% [markdown]
# <details><summary>Hint</summary>
#
# Start with `alive = np.arange(9)`. For the epochs 1, 3 and 9: add `len(alive)` times the new epochs, then, unless one is
# left, sort by `scores[alive, epoch - 1]` and keep the best third. Configuration 0 would have been the best after nine
# epochs. Why does it not survive, and which part of Hyperband is there for such cases?
#
# </details>
#
# **Exercise 3.** The Gaussian process of KerasTuner first scales the scores it has seen to a standard deviation of 1, and
# then takes `alpha=1e-4` for the variance of their noise: it believes that the noise is a hundredth of their
# spread. Section 4 measured the noise on the ridge, and section 5's trials tell the spread of the scores. Put a better
# `alpha` into the options of `methods["Bayesian"]` and repeat section 5. Does its recommendation get better by more than
# the uncertainty of a mean of six, the ± divided by $\sqrt 6$? And what can one `alpha` not express? (Look
# at section 4's table on the right.)
#
# ## What we saw

# %%
Markdown(f"""
- In a space of {quality.size} configurations the first guess was worth {found["default_quality"]:.3f} and the best one
  {found["best_quality"]:.3f} (a little too good, as the best of many means). That is what a search could win.
- A random search with 16 trials won more than half of it: {found["luck_quality"]:.3f} ± {found["luck_quality_spread"]:.3f}. *Which*
  method searched mattered less than luck did: grid {found["grid_quality"]:.3f}, random
  {found["random_quality"]:.3f}, Bayesian {found["bayesian_quality"]:.3f}, Hyperband {found["hyperband_quality"]:.3f}.
- A test set of 100 digits that chose the best of 64 networks praised it by
  {100 * found["best_of_64_too_good"]:.1f} points too much. One that looked once was right on average.
""")

# %%
Markdown(f"""
- A short search of AutoKeras gave {found["searched_test_accuracy"]:.1%} on test digits; the network made by hand, with the
  same time for one training, {found["by_hand_test_accuracy"]:.1%}. That compares two ways to spend the time, not two architectures.
- On the table, the error of the searched network was {found["table_error_against_linear"]:.2f} times that of linear regression,
  which costs nothing. A baseline comes first, also for a search.
""")

# %% [markdown]
# **To try next**: search the number of layers and dropout too, and see how the number of trials has to grow; let
# `InTable.run_trial` return the mean of three runs and give it a third of the trials (a real tuner has
# `executions_per_trial=3`): is it worth it?
#
# ## References
#
# - Bergstra, J. and Bengio, Y. (2012). *Random search for hyper-parameter optimization.* JMLR 13, 281–305.
# - Cawley, G. C. and Talbot, N. L. C. (2010). *On over-fitting in model selection and subsequent selection bias in
#   performance evaluation.* JMLR 11, 2079–2107.
# - Elsken, T., Metzen, J. H. and Hutter, F. (2019). *Neural architecture search: a survey.* JMLR 20(55), 1–21.
# - Jaderberg, M. et al. (2017). *Population based training of neural networks.*
#   [arXiv:1711.09846](https://arxiv.org/abs/1711.09846).
# - Jin, H., Song, Q. and Hu, X. (2019). *Auto-Keras: an efficient neural architecture search system.* KDD.
# - Jin, H., Chollet, F., Song, Q. and Hu, X. (2023). *AutoKeras: an AutoML library for deep learning.* JMLR 24(6), 1–6.
# - LeCun, Y., Cortes, C. and Burges, C. J. C. (1998). *The MNIST database of handwritten digits.*
# - Li, L., Jamieson, K., DeSalvo, G., Rostamizadeh, A. and Talwalkar, A. (2018). *Hyperband: a novel bandit-based
#   approach to hyperparameter optimization.* JMLR 18(185), 1–52.
# - O'Malley, T., Bursztein, E., Long, J., Chollet, F., Jin, H., Invernizzi, L. et al. (2019). *KerasTuner.*
#   [github.com/keras-team/keras-tuner](https://github.com/keras-team/keras-tuner).
# - Pace, R. K. and Barry, R. (1997). *Sparse spatial autoregressions.* Statistics & Probability Letters 33(3), 291–297.
# - Snoek, J., Larochelle, H. and Adams, R. P. (2012). *Practical Bayesian optimization of machine learning
#   algorithms.* NeurIPS.
# - Srinivas, N., Krause, A., Kakade, S. M. and Seeger, M. (2010). *Gaussian process optimization in the bandit setting: no
#   regret and experimental design.* ICML.
# - Ying, C., Klein, A., Christiansen, E., Real, E., Murphy, K. and Hutter, F. (2019). *NAS-Bench-101: towards reproducible
#   neural architecture search.* ICML.
