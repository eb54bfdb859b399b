# %% [markdown]
# # 04 · Regression with a deep network: which numbers should it start from?
#
# Before a network has seen a single example, somebody has already decided something about it: the
# random numbers that its weights start from. In a network of two layers any modest random numbers will do. In a
# deep one they decide whether anything is learned at all: signals on their way forward, and
# gradients on their way back, are multiplied by one weight matrix after another, and what is
# multiplied twenty times either stays near one, vanishes, or explodes. In this lesson we watch
# it happen, derive the remedies of LeCun, Glorot and He, and predict the prices of houses.
#
# **You will**
#
# - look at signals and gradients as they go through twenty layers, for tanh and for ReLU,
# - derive how large random weights should be, from the forward and from the backward pass,
# - find out what a network still learns when all its weights start at zero, and what never,
# - measure vanishing and exploding gradients, and units that are dead,
# - **write eight answers, 25 points**: from scaling a table to training the best network you can.
#
# **Time**: about half a minute of computing on two CPU cores; two to three hours with reading and questions.
# **Before**: lesson 01; variance of a sum; the chain rule.
#
# **Data**: [California housing](https://www.dcc.fc.up.pt/~ltorgo/Regression/cal_housing.html) (Pace and
# Barry, 1997), 20,640 districts of the 1990 census, 0.7 MB, public domain. Without a network the lesson runs
# on 4,000 generated districts with the same columns; the numbers are then others, the effects the same.

# %% tags=["parameters"]
profile = "auto"  # "quick" for a CPU, "full" for a GPU, "auto": full where there is a GPU
data = "auto"  # "real", "sample" (generated table), "auto": real if it can be had
seed = 0

# %% [markdown]
# ## 1. How to work on this assignment
#
# Each question has a cell that ends in `raise NotImplementedError()`. Write your answer there and run the cell
# below it: it tries your function on small inputs and says what works and what is missing. These
# **visible tests** are a help, not the mark: after you hand in, **hidden checks** call your functions with
# other inputs of other shapes. What they look at is said in each question, and nothing else is asked.
#
# Rules that hold for every question:
#
# - Keep the functions' names and arguments. Helper functions and further cells of your own are welcome.
# - Inputs are NumPy arrays, float32 or float64. Anything that `numpy.asarray` takes may be returned, a
#   Keras tensor too. Results may differ from ours by rounding (0.01 % unless said otherwise).
# - Do not change an input in place (`x -= …`), nor the weights of a model that you are given: this costs half
#   a point of the question.
# - Keras computes in float32 here, on a GPU too. If you switch it to 16 bits, the tests and checks switch back.
# - When your work is graded, the cells that load data, train or draw for illustration are skipped. Your
#   functions may use each other, the imports below and what they import themselves, but not variables of those cells.

# %%
from course_lib import runtime

run = runtime.setup(profile=profile, seed=seed, mixed_precision=False)

# %%
from itertools import pairwise

import keras
import numpy as np
import tensorflow as tf
from IPython.display import Markdown

from course_lib import check, datasets, plots, results

# %% [markdown]
# ## 2. The data
#
# One row is a district of a few hundred households. The eight columns are median income (in 10,000 USD), median age of
# the houses, rooms, bedrooms and people per household, the number of people, latitude and longitude. The
# **target** is the median value of the houses in units of 100,000 USD.

# %% tags=["explore"]
housing = datasets.load("california_housing", source=data)
found = results.Results("04-Regression-nn-assignment", profile=run.profile, data=housing.kind)

rows = ["| column | smallest | mean | largest | standard deviation |", "| --- |" + " --- |" * 4]
for name, column in zip(housing.feature_names, housing.x_train.T, strict=True):
    numbers = (column.min(), column.mean(), column.max(), column.std())
    rows.append(f"| {name} | " + " | ".join(f"{number:,.2f}" for number in numbers) + " |")
Markdown("\n".join(rows))

# %% tags=["explore"]
top = np.mean(housing.y_train >= 5)
figure = plots.new_figure(
    f"Histogram of {len(housing.y_train):,} house values from {housing.y_train.min():.2f} to "
    f"{housing.y_train.max():.2f} with a tail to the right; {top:.1%} stand at the upper end.",
    height=2.6,
)
axis = figure.subplots()
axis.hist(housing.y_train, bins=50, color=plots.OKABE_ITO[0])
axis.set(xlabel="median house value (100,000 USD)", ylabel="districts")
plots.show(figure, caption="The targets. The census entered all values above 500,000 USD as 500,001: "
           f"{top:.1%} of the districts stand in the last bar.")

# %% [markdown]
# The columns live on very different scales: one counts people by the thousand, another bedrooms by the
# one. A network adds them up with weights of one size, so the column with the large numbers would drown the others.
# LeCun et al. (1998, section 4.3) tell us to **standardise**: to shift and scale each column to mean 0 and
# standard deviation 1.

# %% [markdown]
# ### Question 1: `standardize` (2 points)
#
# Write `standardize(train, test)`. Both are tables, shapes (n, d) and (m, d); return two tables of the
# same shapes. Each column of the training table shall have mean 0 and standard deviation 1. The test
# table is scaled **with the training table's means and standard deviations**: its own are not known
# when the network is used on one new district, and to use them would be to look at the test set.
# Dividing by $n$ or by $n - 1$ in the variance are both right.
#
# A column may be constant in the training table. Its standard deviation is 0, and dividing by
# that gives no number. Such a column shall become 0 in the training table. In the test table it may
# have any numbers that some scale explains: finite, and at most $10^{16}$ times as large as the entry's
# distance from the constant. ($10^{30}$ is finite, too, but no network can use it.) Every other column is scaled, however small its standard deviation is.
#
# | checked | points |
# | --- | --- |
# | the training table has mean 0 and standard deviation 1 in each column that varies, by 0.1 or by 9 | 0.5 |
# | the test table is scaled with the training table's statistics | 1 |
# | a constant column gives zeros in train and usable numbers in test (counts only if train's other columns are right) | 0.5 |
#
# <details><summary>Hint</summary>
#
# `axis=0` runs down the rows and leaves one number per column. `np.where` replaces some entries of
# an array. Careful with your own data: if every row holds 0.1, the computed standard deviation may be
# $10^{-17}$ instead of 0. (Our constants, such as 0.75, add up exactly.)
#
# </details>


# %% answer="standardize"
def standardize(train, test):
    """Scale both tables with the training table's column means and standard deviations.

    train: shape (n, d); test: shape (m, d); returns two arrays of these shapes.
    """
    ### BEGIN SOLUTION
    train, test = np.asarray(train, "float64"), np.asarray(test, "float64")
    constant = train.max(axis=0) == train.min(axis=0)  # rounding may hide it in the deviation
    centre = np.where(constant, train[0], train.mean(axis=0))
    scale = np.where(constant, 1.0, train.std(axis=0))
    return (train - centre) / scale, (test - centre) / scale
    ### END SOLUTION


# %% tests="standardize" points=2
with check.question("standardize", points=2) as question:
    table = np.random.default_rng().uniform(10, 50, size=(9, 3)) * [1, 10, 0.01]
    with question.part(0.5, "the training table has mean 0 and standard deviation 1"):
        scaled, _ = standardize(table, table[:4] + 5)
        scaled = check.array(scaled, "the scaled training table", shape=(9, 3))
        check.close(scaled.mean(axis=0), np.zeros(3), "its column means", hint="One mean a column.")
        spread = scaled.std(axis=0)
        spread = spread if spread[0] > 0.97 else scaled.std(axis=0, ddof=1)
        check.close(spread, np.ones(3), "its column standard deviations", hint="Not the variance.")
    with question.part(1, "a row is scaled in the same way in both tables"):
        scaled, other = standardize(table, table[:4])
        check.array(other, "the scaled test table", shape=(4, 3))
        check.that(np.std(scaled) > 0, "the training table came back without any spread.")
        check.close(other, np.asarray(scaled)[:4], "the training table's first rows, as test table",
                    hint="Whose mean and standard deviation did you use?")
    with question.part(0.5, "a constant column gives zeros, and no division by zero"):
        flat = table.copy()
        flat[:, 1] = 0.75
        scaled, other = standardize(flat, table[:4])
        check.close(np.asarray(scaled)[:, 1], np.zeros(9), "the constant training column")
        other = np.asarray(other)
        check.that(np.isfinite(other).all(), "the test table holds infinities or NaN.")
        usable = np.abs(other[:, 1]) <= 1e16 * np.abs(table[:4, 1] - 0.75)
        check.that(usable.all(), f"the test table holds {other[:, 1].max():.2g}: by what scale?")

# %% [markdown]
# For its own experiments the lesson takes scikit-learn's scaler, which does the same. Some districts of the real table
# lie far out (resorts with dozens of rooms to a permanent household, barracks with hundreds of people to one), so we also clip at five standard deviations. The target
# is standardised for these experiments too: a **mean squared error** (MSE) of about 1 is then what one gets by always
# predicting the mean.

# %% tags=["explore"]
from sklearn.preprocessing import StandardScaler

columns = StandardScaler().fit(housing.x_train)
x_train, x_val, x_test = (
    np.clip(columns.transform(x), -5, 5).astype("float32")
    for x in (housing.x_train, housing.x_val, housing.x_test)
)
centre, scale = housing.y_train.mean(), housing.y_train.std()
y_train, y_val = (
    ((y - centre) / scale).astype("float32")[:, np.newaxis]
    for y in (housing.y_train, housing.y_val)
)

# %% tags=["explore"]
with_ones = [np.column_stack([x, np.ones(len(x))]) for x in (x_train, x_val)]
slopes = np.linalg.lstsq(with_ones[0], y_train, rcond=None)[0]
error_mean, error_linear = np.mean(y_val**2), np.mean((with_ones[1] @ slopes - y_val) ** 2)
print(f"validation MSE: always the mean {error_mean:.3f}, linear regression {error_linear:.3f}")
found.record("validation_mse_of_the_mean", error_mean)
found.record("validation_mse_linear", error_linear)

# %% [markdown]
# These are the two baselines. A deep network that stays at the first has learned nothing, and one that stays
# above the second was not worth the trouble.
#
# ## 3. A deep network
#
# A dense layer number $l$ turns the **signal** $h^{(l-1)}$ (a row of numbers) into
#
# $$z^{(l)} = h^{(l-1)} W^{(l)} + b^{(l)}, \qquad h^{(l)} = \varphi(z^{(l)}), \qquad W^{(l)} \in \mathbb{R}^{n_{l-1} \times n_l},$$
#
# with $h^{(0)}$ the input and $\varphi$ the activation function: $\tanh$, or $\mathrm{relu}(z) = \max(0, z)$. The last
# layer has one unit and no activation. $n_{l-1}$, how many numbers come into each unit, is called the **fan-in** of $W^{(l)}$, and
# $n_l$, how many units its inputs go out to, its **fan-out**.

# %% [markdown]
# ### Question 2: `build_network` (3 points)
#
# Write `build_network(n_features, depth, width, activation, initializer)`. It returns a Keras model that
# takes rows of shape (n_features,), passes them through `depth` hidden dense layers of `width` units each with the given
# activation, and ends in one dense unit without activation (a price may be any number). `activation` is a
# name such as `"tanh"`; `initializer` is what Keras takes for a kernel: a name such as `"he_normal"`, or an
# object such as `keras.initializers.RandomNormal(stddev=0.01)`. It applies to **every hidden
# kernel**. The output layer's kernel and all biases may keep Keras' defaults. Sequential, Functional or
# subclassed, compiled or not, with its weights made already or only when it sees the first rows: as you like. No
# other layers with weights, and none that change the signal (dropout changes it in training).
#
# | checked | points |
# | --- | --- |
# | input and output shapes and the number of parameters, for several depths | 1 |
# | once the check has put weights of its own into it, the model puts out what a trusted network of that form does, in training too | 1 |
# | every hidden kernel is drawn with the initializer, be it a name or an object | 1 |
#
# <details><summary>Hint</summary>
#
# Lesson 01 built a network layer by layer in a loop, for its `cnn`. A dense layer has the argument
# `kernel_initializer`.
#
# </details>
#
# One thing to know about Keras 3: an initializer *object* gives the same numbers each time it is asked for the same
# shape, so hidden layers that share one object start from equal kernels. (A *name* makes a new object for each
# layer.) The check does not mind either.


# %% answer="build_network"
def build_network(n_features, depth, width, activation, initializer):
    """Build a network of dense layers for regression.

    n_features, depth, width: int; activation: str; initializer: Keras initializer, name or object.
    Returns a Keras model: input (n_features,), `depth` hidden layers, a linear output of one unit.
    """
    ### BEGIN SOLUTION
    features = keras.Input((n_features,))
    signal = features
    for _ in range(depth):
        hidden = keras.layers.Dense(width, activation=activation, kernel_initializer=initializer)
        signal = hidden(signal)
    return keras.Model(features, keras.layers.Dense(1)(signal))
    ### END SOLUTION


# %% tests="build_network" points=3
with check.question("build_network", points=3) as question:
    rows = np.random.default_rng().normal(size=(6, 3)).astype("float32")
    with question.part(1, "shapes and the number of parameters"):
        for depth, parameters in ((1, 26), (2, 56), (4, 116)):  # with 3 features, 5 units a layer
            model = build_network(3, depth, 5, "tanh", "glorot_uniform")
            what = f"with 3 features, depth {depth} and width 5, "
            check.array(model(rows), f"{what}the output for 6 rows", shape=(6, 1))
            found_parameters = model.count_params()
            message = f"{what}there are {found_parameters} parameters instead of {parameters}."
            check.that(found_parameters == parameters, message)
    with question.part(1, "the activation works in the hidden layers and not in the output"):
        far, farther = 1e6 * rows, 2e6 * rows  # so far out that biases do not count
        straight = build_network(3, 3, 40, "relu", "he_normal")
        once, twice = np.asarray(straight(far)), np.asarray(straight(farther))
        check.that(np.abs(once).max() > 0, "with ReLU all outputs are 0: is the output linear?")
        check.close(twice, 2 * once, "with ReLU, the output for doubled inputs", rtol=1e-3)
        check.close(straight(far, training=True), once, "the output in training")
        for weight in straight.weights:
            if tuple(weight.shape) == (40, 1):  # the output's kernel
                weight.assign(-weight)
        check.close(straight(far), -once, "the output, with its kernel's sign turned", rtol=1e-3,
                    hint="Is the output layer linear?")
        narrow = build_network(1, 3, 2, "tanh", "glorot_uniform")
        signal = np.array([[0.1], [0.4]], "float32")
        narrow(signal)  # some models have no weights before
        for weight in narrow.weights:
            if len(weight.shape) == 2 and weight.shape[1] == 2:  # a hidden kernel
                weight.assign(np.ones(weight.shape))
        low, high = np.asarray(narrow(signal)).ravel()
        for inputs in (1, 2, 2):
            signal = np.tanh(inputs * signal)
        check.close(low / high, signal[0, 0] / signal[1, 0], "with tanh, the ratio of two outputs",
                    rtol=1e-3, hint="Does every hidden layer have the activation?")
    with question.part(1, "every hidden kernel is drawn with the initializer"):
        for initializer in ("ones", keras.initializers.Constant(0.25)):
            model = build_network(3, 3, 5, "relu", initializer)
            model(rows)  # some models have no weights before
            kernels = [np.asarray(weight) for weight in model.weights if len(weight.shape) == 2]
            hidden = [kernel for kernel in kernels if kernel.shape[1] > 1]
            same = sum(bool(np.all(kernel == kernel[0, 0])) for kernel in hidden)
            check.that(len(hidden) == same == 3,
                       f"of 3 hidden kernels {same} follow the initializer.")

# %% [markdown]
# ## 4. Signals through twenty layers
#
# To see everything, we also write the network by hand, as a list of pairs (kernel, bias). The function
# `sigma` says with which standard deviation a kernel with $n$ inputs is drawn; biases start at zero.

# %%
BEND = {"tanh": np.tanh, "relu": lambda z: np.maximum(z, 0)}


def draw(widths, sigma, rng):
    """Layers of a network that start from normal random numbers."""
    sizes = list(pairwise(widths))
    return [(rng.normal(0, sigma(n), (n, m)), np.zeros(m)) for n, m in sizes]


def forward(x, layers, activation):
    """The signals h0 to hL of the hidden layers, and the prediction."""
    signals = [x]
    for kernel, bias in layers[:-1]:
        signals.append(BEND[activation](signals[-1] @ kernel + bias))
    kernel, bias = layers[-1]
    return signals, signals[-1] @ kernel + bias


# %% [markdown]
# Into twenty hidden layers of 100 units go 1,000 rows of 100 standard normal numbers, so that what we see is the
# weights' doing and not the data's. Four ways to draw the weights:

# %%
starts = {
    "σ = 0.01": lambda n: 0.01,
    "σ = 1": lambda n: 1.0,
    "σ = √(1/n)": lambda n: (1 / n) ** 0.5,
    "σ = √(2/n)": lambda n: (2 / n) ** 0.5,
}
widths = [100] * 21 + [1]

# %% tags=["explore"]
noise = np.random.default_rng(seed).normal(size=(1000, 100))
networks, signals, predictions = {}, {}, {}
for activation in ("tanh", "relu"):
    for name, sigma in starts.items():
        layers = draw(widths, sigma, np.random.default_rng(seed + 1))
        networks[activation, name] = layers
        signals[activation, name], predictions[activation, name] = forward(
            noise, layers, activation
        )

# %% [markdown]
# *Before you run the next cell: with tanh, what will the values of layer 20 look like for σ = 0.01, and what for
# σ = 1? Sketch the two histograms.*


# %% tags=["explore"]
def histograms(activation, names, span):
    depths = (1, 5, 10, 15, 20)
    said = "; ".join(f"{name} {np.std(signals[activation, name][20]):.2g}" for name in names)
    figure = plots.new_figure(
        f"Histograms of {activation} signals by layer; standard deviation in layer 20: {said}.",
        height=1.5 * len(names) + 0.3,
    )
    axes = figure.subplots(len(names), len(depths), sharex=True)
    for (row, column), axis in np.ndenumerate(axes):
        values = signals[activation, names[row]][depths[column]].ravel()
        axis.hist(np.clip(values, *span), bins=61, range=span, color=plots.OKABE_ITO[row])
        axis.set(yticks=[], title=f"layer {depths[column]}\ns.d. {values.std():.2g}")
        axis.title.set_fontsize(8)
    return figure, axes


# %% tags=["explore"]
names = ["σ = 0.01", "σ = 1", "σ = √(1/n)"]
figure, axes = histograms("tanh", names, span=(-1, 1))
for axis, name in zip(axes[:, 0], names, strict=True):
    axis.set_ylabel(name)
figure.supxlabel("value after tanh", fontsize=10)
plots.show(figure, caption="tanh: the signal dies out (above), sits at the ends −1 and 1 (middle), "
           "or stays alive (below).")

# %% [markdown]
# With σ = 0.01 each layer divides the signal by about ten, and after a few layers the network puts out zeros
# whatever it is shown. With σ = 1 the sums are so large that tanh answers −1 or 1: it is **saturated**, its slope there is almost
# nothing. With $\sigma = \sqrt{1/n}$ the signal shrinks slowly, because tanh pulls every value a little
# towards zero, but it is still there after twenty layers.
#
# *And ReLU? It does not saturate. Will the same $\sqrt{1/n}$ do? Write your guess down.*

# %% tags=["explore"]
names = ["σ = √(1/n)", "σ = √(2/n)"]
figure, axes = histograms("relu", names, span=(0, 3))
for axis, name in zip(axes[:, 0], names, strict=True):
    axis.set_ylabel(name)
for axis in axes.flat:
    axis.set_ylim(0, 8000)
figure.supxlabel(
    "value after ReLU (the bar at 0 is cut off, larger values count as 3)", fontsize=10
)
plots.show(figure, caption="ReLU: with √(1/n) the signal shrinks towards zero, with √(2/n) it about keeps "
           "its size. About half of the values are exactly 0 in both.")

# %% [markdown]
# One number a layer says the same: the **root mean square** of the signal, $\sqrt{\mathrm{mean}(h^2)}$. The axis is logarithmic, so a
# straight line is a constant factor from layer to layer.


# %% tags=["explore"]
def by_layer(measured, what):
    ends = "; ".join(
        f"{activation} with {name} {values[0]:.2g} to {values[-1]:.2g}"
        for activation, curves in measured.items() for name, values in curves.items()
    )
    figure = plots.new_figure(f"{what}, first to last layer: {ends}.", height=3.4)
    for axis, (activation, curves) in zip(figure.subplots(1, 2), measured.items(), strict=True):
        for (name, values), look in zip(curves.items(), "os^Dv*", strict=False):
            colour = plots.OKABE_ITO["os^Dv*".index(look)]
            layers = np.arange(1, len(values) + 1)
            axis.semilogy(layers, values, look + "-", color=colour, ms=4, label=name)
        axis.set(title=activation, xlabel="layer", ylabel=what, xticks=layers[4::5])
        axis.grid(alpha=0.3)
    figure.legend(*axis.get_legend_handles_labels(), loc="outside right center", fontsize=9)
    return figure


# %% tags=["explore"]
sizes = {
    activation: {
        name: [np.sqrt(np.mean(h**2)) for h in signals[activation, name][1:]] for name in starts
    }
    for activation in BEND
}
plots.show(by_layer(sizes, "root mean square of the signal"),
           caption="How large the signal is after each of twenty layers.")
found.record("tanh_signal_lecun", sizes["tanh"]["σ = √(1/n)"][-1])
found.record("relu_signal_lecun", sizes["relu"]["σ = √(1/n)"][-1])
found.record("relu_signal_he", sizes["relu"]["σ = √(2/n)"][-1])
found.record("log10_tanh_signal_small", np.log10(sizes["tanh"]["σ = 0.01"][-1]))
found.record("log10_relu_signal_large", np.log10(sizes["relu"]["σ = 1"][-1]))

# %% [markdown]
# For ReLU all four lines are straight: nothing bounds the signal, so it vanishes or explodes
# by a fixed factor in each layer. tanh bounds it from above but not from below. What are these factors?

# %% [markdown]
# ### Question 3: `activation_statistics` (3 points)
#
# Write `activation_statistics(model, inputs)`, which measures what we have just looked at. `model` is a stack of dense
# layers, Sequential or Functional, each with its activation inside, the last one being the output; `inputs` has shape (n, d).
# Return a list with one pair **(mean, standard deviation)** for each hidden layer, in the order in which
# the signal passes them: of all the numbers that this layer puts out after its activation, over the n rows and all units. They
# are a thousand or more, so that dividing by their number or by one less in the variance are both right. The
# output layer is not in the list.
#
# | checked | points |
# | --- | --- |
# | the means, to 0.1 % | 1.5 |
# | the standard deviations, to 0.1 % | 1.5 |
#
# <details><summary>Hint</summary>
#
# `model.layers` lists the layers, and each can be called like a function: feed the inputs to the first, what comes
# out to the second, and so on. In a Functional model the list begins with an `InputLayer`, which you can
# leave out with `isinstance(layer, keras.layers.Dense)`.
#
# </details>


# %% answer="activation_statistics"
def activation_statistics(model, inputs):
    """Measure the signal after each hidden layer.

    model: Sequential or Functional stack of Dense layers; inputs: shape (n, d).
    Returns a list of (mean, standard deviation) over rows and units, one for each hidden layer.
    """
    ### BEGIN SOLUTION
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    signal = np.asarray(inputs, "float32")
    statistics = []
    for layer in dense[:-1]:
        signal = np.asarray(layer(signal))
        statistics.append((float(signal.mean()), float(signal.std())))
    return statistics
    ### END SOLUTION


# %% tests="activation_statistics" points=3
with check.question("activation_statistics", points=3) as question:
    factor = np.random.default_rng().uniform(1, 3)
    rows = factor * np.tile(np.array([[1.0], [-3.0]], "float32"), (1000, 1))
    stack = keras.Sequential([keras.Input((1,))])
    second = np.array([[0.25, 0.25, -0.5]] * 2)
    for kernel, activation in ((np.array([[1, -1]]), "relu"), (second, "tanh"), (second.T, None)):
        stack.add(keras.layers.Dense(kernel.shape[1], activation=activation))
        stack.layers[-1].set_weights([kernel, np.zeros(kernel.shape[1])])
    functional = keras.Model(stack.inputs, stack.outputs)
    bent = np.tanh(factor * np.outer([1, 3], second[0]))
    for points, place, what, expected in (
        (1.5, 0, "means", [factor, bent.mean()]),
        (1.5, 1, "standard deviations", [1.5**0.5 * factor, bent.std()]),
    ):
        with question.part(points, f"{what}, of a Sequential and of a Functional model"):
            for model in (stack, functional):
                pairs = activation_statistics(model, rows)
                pairs = check.array(pairs, "(mean, std) of 2 hidden layers", shape=(2, 2))
                check.close(pairs[:, place], expected, f"the layers' {what}", rtol=1e-3,
                            hint="All rows and units of a layer, after the activation.")

# %% tags=["explore"]
if check.passed("build_network") and check.passed("activation_statistics"):
    lines = ["your network, tanh, 20 layers of 100: standard deviation after layer 1, 10, 20"]
    for name in ("random_normal", "lecun_normal", "glorot_uniform", "he_normal"):
        model = build_network(100, 20, 100, "tanh", name)
        spreads = [spread for _, spread in activation_statistics(model, noise)]
        numbers = "  ".join(f"{spreads[layer - 1]:8.2g}" for layer in (1, 10, 20))
        lines.append(f"{name:15} {numbers}")
    print("\n".join(lines))
else:
    print("Here your network meets your measurement, once questions 2 and 3 pass.")

# %% [markdown]
# ## 5. How large should the weights be? The way forward
#
# Take one unit of a layer with $n_\mathrm{in}$ inputs, $z = \sum_{i=1}^{n_\mathrm{in}} w_i h_i$. Suppose that the
# weights $w_i$ are drawn independently of each other and of the signal, with mean 0 and variance $\sigma_w^2$. Over that draw, each product has
# mean 0 and variance $\sigma_w^2\, \mathrm{E}[h_i^2]$, products of different weights are uncorrelated, and variances of uncorrelated terms add up:
#
# $$\mathrm{Var}[z] = n_\mathrm{in}\, \sigma_w^2\, \mathrm{E}[h^2] .$$
#
# Mind that it is the *mean square* of the signal on the right, not its variance: after ReLU the
# mean is not zero. What $\varphi$ makes of $z$ decides how it goes on.
#
# Suppose first, as Glorot and Bengio do, that $\varphi$ is about the identity where the signal lives, as $\tanh(z) \approx z$ is for small
# $z$. Then $\mathrm{E}[h^2] \approx \mathrm{Var}[z]$ in the next layer, and the signal keeps its size if
#
# $$n_\mathrm{in}\, \sigma_w^2 = 1, \qquad\text{that is}\qquad \sigma_w^2 = \frac{1}{n_\mathrm{in}} .$$
#
# This variance is **LeCun**'s (LeCun et al., 1998, section 4.6). He wanted sums of deviation 1, for a stretched
# $1.7159 \tanh(2z/3)$ that turns them into outputs of deviation 1 again; plain tanh makes them smaller, which is why our signal shrinks.
# Beware of a name: the course's slides, and the program Caffe, call $1/n_\mathrm{in}$ "Xavier", after Glorot's first name. In
# Keras and in this lesson Glorot's (Xavier's) variance is the one of section 6, $2 / (n_\mathrm{in} + n_\mathrm{out})$.
#
# **He** (He et al., 2015, section 2.2) puts ReLU in place of tanh. If $z$ is distributed symmetrically about 0, which random weights with a
# symmetric distribution see to, ReLU sets the negative half to zero and keeps the positive one, so
# $\mathrm{E}[h^2] = \frac{1}{2} \mathrm{Var}[z]$, and the signal keeps its size if
#
# $$\frac{1}{2}\, n_\mathrm{in}\, \sigma_w^2 = 1, \qquad\text{that is}\qquad \sigma_w^2 = \frac{2}{n_\mathrm{in}} .$$
#
# So behind ReLU LeCun's weights halve the mean square in every layer. After twenty layers the root mean square should be about
# $2^{-20/2} \approx 0.00098$. We can hold that against the figure:

# %% tags=["explore"]
expected = {"relu_signal_lecun": 2.0**-10, "relu_signal_he": 1.0}
for name, theory in expected.items():
    print(f"{name}: theory {theory:.2g}, measured {found[name]:.2g}")
print(f"ReLU with σ = 1: theory 10^{10 * np.log10(50):.1f}, "
      f"measured 10^{found['log10_relu_signal_large']:.1f}")

# %% [markdown]
# The theory speaks of the mean over many draws of the weights; one network of 100 units a layer scatters about
# it, and twenty layers multiply the scatter. So we ask for the order of magnitude, not for the second digit.
#
# ## 6. The way back: gradients
#
# A weight learns from the gradient of the loss $L$. The **chain rule** brings it back layer by layer. With $\delta^{(l)} = \partial L / \partial z^{(l)}$,
#
# $$\frac{\partial L}{\partial h^{(l-1)}} = \delta^{(l)} W^{(l)\top}, \qquad \delta^{(l-1)} = \frac{\partial L}{\partial h^{(l-1)}} \odot \varphi'(z^{(l-1)}), \qquad \frac{\partial L}{\partial W^{(l)}} = h^{(l-1)\top} \delta^{(l)},$$
#
# where $\odot$ multiplies entry by entry, and in the last formula the rows of a batch are summed over. The returning
# gradient is multiplied by the same kernels, transposed. A sum over the $n_\mathrm{out}$ units of the layer stands where the sum over
# $n_\mathrm{in}$ inputs stood. If we suppose that weights, gradient and slope are independent, then
#
# $$\mathrm{E}\left[(\delta^{(l-1)})^2\right] = n_\mathrm{out}\, \sigma_w^2\, \mathrm{E}\left[\varphi'(z)^2\right]\, \mathrm{E}\left[(\delta^{(l)})^2\right] .$$
#
# - tanh near 0 has slope 1: the gradient keeps its size if $n_\mathrm{out}\, \sigma_w^2 = 1$.
# - ReLU has slope 1 for half of the units and 0 for the others: $\frac{1}{2}\, n_\mathrm{out}\, \sigma_w^2 = 1$.
#
# **Glorot** (Glorot and Bengio, 2010, section 4.2.1) wants both, for tanh: $n_\mathrm{in} \sigma_w^2 = 1$ going forward and $n_\mathrm{out} \sigma_w^2 = 1$ going
# back. If the layers differ in width both cannot hold, and the compromise is the inverse of the mean of the two widths:
#
# $$\sigma_w^2 = \frac{2}{n_\mathrm{in} + n_\mathrm{out}} .$$
#
# **He** settles for one of the two conditions. If the forward one holds in all layers, $n_\mathrm{in} \sigma_w^2 = 2$, the factors of the way back are
# $n_\mathrm{out} / n_\mathrm{in}$, and their product over the layers is the ratio of the last width to the first, which does not grow with depth.

# %% [markdown]
# ### Question 4: `initial_weights` (4 points)
#
# Write `initial_weights(scheme, fan_in, fan_out, rng)`. It returns a kernel of shape (fan_in, fan_out) and a bias of
# shape (fan_out,). The bias is always zero. The kernel depends on `scheme`:
#
# | `scheme` | kernel | points |
# | --- | --- | --- |
# | `"zeros"` | all 0 | 0.5 |
# | `"constant"` | one and the same number everywhere, not 0, which you choose | 0.5 |
# | `"too_small"`, `"too_large"` | random, mean 0, standard deviation $\sigma = 0.01$, and $\sigma = 1$ | 0.5 for both |
# | `"lecun"` | random, mean 0, variance $1 / \mathrm{fan\_in}$ (the slides' "Xavier") | 0.75 |
# | `"glorot"` | random, mean 0, variance $2 / (\mathrm{fan\_in} + \mathrm{fan\_out})$ | 0.75 |
# | `"he"` | random, mean 0, variance $2 / \mathrm{fan\_in}$ | 0.75 |
#
# Draw from `rng`, a NumPy generator such as `np.random.default_rng(7)`, and from nothing else: the same seed then gives
# the same weights and another seed gives others (0.25). Normal or uniform is your choice. If you cut the
# normal distribution off, as Keras does, correct its variance. The check measures the
# variance of large matrices (100,000 entries) and allows 5 %. A bias that is not zero loses that scheme's points.
#
# <details><summary>Hint</summary>
#
# `rng.normal(0, sigma, size)` wants a standard deviation, not a variance. A uniform distribution between $-a$ and
# $a$ has the variance $a^2 / 3$.
#
# </details>


# %% answer="initial_weights"
def initial_weights(scheme, fan_in, fan_out, rng):
    """Draw the weights of a dense layer.

    scheme: "zeros", "constant", "too_small", "too_large", "lecun", "glorot" or "he";
    fan_in, fan_out: int; rng: numpy.random.Generator.
    Returns the kernel, shape (fan_in, fan_out), and the bias, shape (fan_out,).
    """
    ### BEGIN SOLUTION
    bias = np.zeros(fan_out)
    if scheme in ("zeros", "constant"):
        return np.full((fan_in, fan_out), 0.0 if scheme == "zeros" else 0.1), bias
    sigma = {
        "too_small": 0.01,
        "too_large": 1.0,
        "lecun": np.sqrt(1 / fan_in),
        "glorot": np.sqrt(2 / (fan_in + fan_out)),
        "he": np.sqrt(2 / fan_in),
    }[scheme]
    return rng.normal(0, sigma, (fan_in, fan_out)), bias
    ### END SOLUTION


# %% tests="initial_weights" points=4
with check.question("initial_weights", points=4) as question:

    def kernel_of(scheme, fan_in=200, fan_out=500, seed=None):
        kernel, bias = initial_weights(scheme, fan_in, fan_out, np.random.default_rng(seed))
        check.close(bias, np.zeros(fan_out), f"the bias of {scheme}")
        return check.array(kernel, f"the kernel of {scheme}", shape=(fan_in, fan_out))

    with question.part(0.5, "zeros"):
        check.that(not kernel_of("zeros", 4, 3).any(), "zeros: the kernel has other entries.")
    with question.part(0.5, "constant"):
        kernel = kernel_of("constant", 4, 3)
        check.that(kernel[0, 0] != 0, "constant: the number must not be 0.")
        check.that((kernel == kernel[0, 0]).all(), "constant: the entries differ.")
    for schemes, points in (
        ({"too_small": 1e-4, "too_large": 1}, 0.5),
        ({"lecun": 1 / 200}, 0.75),
        ({"glorot": 2 / 700}, 0.75),
        ({"he": 2 / 200}, 0.75),
    ):
        with question.part(points, " and ".join(schemes)):
            for scheme, variance in schemes.items():
                kernel = kernel_of(scheme)
                check.that(abs(kernel.mean()) < 0.02 * variance**0.5, f"{scheme}: mean not 0.")
                check.close(kernel.var(), variance, f"{scheme}: the variance", rtol=0.05, atol=0,
                            hint="Variance or standard deviation?")
    with question.part(0.25, "draws from rng"):
        same, again, other = (kernel_of("he", 5, 4, seed) for seed in (1, 1, 2))
        check.that(np.array_equal(same, again), "the same seed gave other weights.")
        check.that(not np.array_equal(same, other), "another seed gave the same weights.")

# %% tags=["explore"]
if check.passed("initial_weights"):
    lines = ["your weights, 20 layers of 100: root mean square of the signal after the last one"]
    for scheme in ("too_small", "lecun", "glorot", "he", "too_large"):
        rng = np.random.default_rng(seed)
        layers = [initial_weights(scheme, n, m, rng) for n, m in pairwise(widths)]
        ends = {name: np.sqrt(np.mean(forward(noise, layers, name)[0][-1] ** 2)) for name in BEND}
        lines.append(f"{scheme:9}  tanh {ends['tanh']:8.2g}   relu {ends['relu']:8.2g}")
    print("\n".join(lines))
else:
    print("Here your weights go through twenty layers, once question 4 passes.")

# %% [markdown]
# ### Gradients measured
#
# The three formulas of the chain rule are six lines of NumPy. `SLOPE` gives $\varphi'$ from the layer's output:
# $\tanh'(z) = 1 - \tanh(z)^2$, and ReLU's slope is 1 where its output is positive.

# %%
SLOPE = {"tanh": lambda h: 1 - h**2, "relu": lambda h: (h > 0).astype(h.dtype)}


def backward(signals, error, layers, activation):
    """Each layer's delta, and the gradients (kernel, bias) of the mean squared error."""
    delta = 2 * error / len(error)
    deltas, gradients = [delta], []
    for (kernel, _), signal in zip(layers[::-1], signals[::-1], strict=True):
        gradients.insert(0, (signal.T @ delta, delta.sum(axis=0)))
        delta = (delta @ kernel.T) * SLOPE[activation](signal)
        deltas.insert(0, delta)
    return deltas[1:], gradients  # the first belongs to the input, which learns nothing


# %% [markdown]
# Whoever writes a gradient by hand compares it with a difference quotient: move one weight a little and see how far
# the loss moves.

# %% tags=["explore"]
rng = np.random.default_rng(seed)
trial = draw([4, 5, 5, 1], starts["σ = √(1/n)"], rng)
x_trial, y_trial = rng.normal(size=(7, 4)), rng.normal(size=(7, 1))
trial_signals, predicted = forward(x_trial, trial, "tanh")
_, gradients = backward(trial_signals, predicted - y_trial, trial, "tanh")
losses = []
for step in (1e-5, -1e-5):  # up and down, in a copy
    kernel, bias = trial[0][0].copy(), trial[0][1]
    kernel[2, 3] += step
    moved = [(kernel, bias), *trial[1:]]
    losses.append(np.mean((forward(x_trial, moved, "tanh")[1] - y_trial) ** 2))
quotient = (losses[0] - losses[1]) / 2e-5
print(f"by the chain rule {gradients[0][0][2, 3]:.8f}, by differences {quotient:.8f}")
assert np.isclose(gradients[0][0][2, 3], quotient, rtol=1e-5)

# %% [markdown]
# Now the four starts. The error at the output is set to standard normal numbers in all cases, so that we compare only what the
# layers do with it on its way back.
#
# *Before you run it: with σ = 1 and tanh, nearly all units are saturated and their slopes are nearly zero. Will the
# gradient vanish or explode on its way back to layer 1?*

# %% tags=["explore"]
error = np.random.default_rng(seed + 2).normal(size=(1000, 1))
returning = {activation: {} for activation in BEND}
kernel_norms = {activation: {} for activation in BEND}
for (activation, name), layers in networks.items():
    deltas, gradients = backward(signals[activation, name], error, layers, activation)
    hidden = deltas[:20]
    returning[activation][name] = [np.sqrt(np.mean(delta**2)) for delta in hidden]
    kernel_norms[activation][name] = [np.linalg.norm(kernel) for kernel, _ in gradients[:20]]

plots.show(by_layer(returning, "root mean square of δ"),
           caption="The gradient on its way back, from layer 20 (right) to layer 1 (left).")

# %% [markdown]
# It **explodes**. The few units that happen to be near zero have a slope of about 1, and they pass the gradient on multiplied by weights of
# size 1, a hundred times the variance that would keep it: a few large numbers outweigh many small ones in a sum of
# squares. So σ = 1 gives tanh a signal that hardly says anything and a gradient that is far too loud. The other lines
# are as derived: nearly level for $\sqrt{1/n}$ under tanh and $\sqrt{2/n}$ under ReLU.
#
# What a weight learns from is the product of both, signal times $\delta$.
#
# *For σ = 0.01, $\delta$ is smallest in layer 1. Is the kernel's gradient smallest there, too?*

# %% tags=["explore"]
plots.show(by_layer(kernel_norms, "norm of the kernel's gradient"),
           caption="Gradient norm of each hidden kernel, before any training.")
found.record("log10_gradient_tanh_large", np.log10(kernel_norms["tanh"]["σ = 1"][0]))
found.record("log10_gradient_tanh_small", np.log10(kernel_norms["tanh"]["σ = 0.01"][0]))
for activation, name, said in (("tanh", "σ = √(1/n)", "lecun"), ("relu", "σ = √(2/n)", "he")):
    norms = kernel_norms[activation][name]
    found.record(f"gradient_range_{activation}_{said}", max(norms) / min(norms))

# %% [markdown]
# No: with σ = 0.01 it is about equally tiny in *all* layers. Late layers get a gradient of some size but no signal, early ones get a signal but
# no gradient, and the product is about the same everywhere. Glorot and Bengio (2010, section 4.2.1) noticed that, too. Such a **vanishing
# gradient** leaves all kernels where they are. With an **exploding gradient** a step of any usual length throws the weights far off.
# What we want are gradients of one size in all layers, and of a size that a usual learning rate can use.

# %% [markdown]
# ### Question 5: `gradient_norms` (3 points)
#
# Write `gradient_norms(model, inputs, targets)`. `model` is a stack of dense layers as in question 3, with one output
# unit; `inputs` has shape (n, d) and `targets` shape (n, 1). The loss is the mean squared error over the batch,
#
# $$L = \frac{1}{n} \sum_{i=1}^{n} (\hat y_i - y_i)^2 .$$
#
# Return a list with one number for **every** dense layer in order, the output layer included: the L2 norm
# $\|\partial L / \partial W\|$ (root of the sum of all squared entries) of the gradient with respect to its kernel. The biases do not count.
#
# | checked | points |
# | --- | --- |
# | all norms right | 3 |
# | all norms right up to one constant factor, the same for all data (a sum instead of the mean, a factor ½ before the loss) | 1.5 |
#
# Errors of n × n differences, see the hint, earn nothing. The model's weights must be afterwards what they were: a step
# of training costs half a point.
#
# <details><summary>Hint</summary>
#
# TensorFlow takes notes for the chain rule on a tape: inside of `with tf.GradientTape() as tape:` compute the loss,
# afterwards call `tape.gradient(loss, variables)` with a list of variables; it gives a list of gradients. A dense layer's
# variable is `layer.kernel`. Make sure that predictions and targets have the same shape before you
# subtract them: (n, 1) minus (n,) gives n × n differences.
#
# </details>


# %% answer="gradient_norms"
def gradient_norms(model, inputs, targets):
    """Measure the gradient of the mean squared error at each dense layer.

    model: stack of Dense layers, one output unit; inputs: shape (n, d); targets: shape (n, 1).
    Returns a list of floats: the L2 norm of the gradient of each kernel, output layer included.
    """
    ### BEGIN SOLUTION
    kernels = [layer.kernel for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    inputs, targets = np.asarray(inputs, "float32"), np.asarray(targets, "float32")
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(inputs) - targets) ** 2)
    return [float(tf.norm(gradient)) for gradient in tape.gradient(loss, kernels)]
    ### END SOLUTION


# %% tests="gradient_norms" points=3
with check.question("gradient_norms", points=3) as question:
    factor = np.random.default_rng().uniform(1, 3)
    rows = np.array([[1.0], [2.0]], "float32")
    wanted = (factor * np.array([[3.0], [4.0]])).astype("float32")
    with question.part(1.5, "one number for each dense layer, larger where the error is larger"):
        hidden = keras.layers.Dense(2, activation="tanh")
        model = keras.Sequential([keras.Input((1,)), hidden, keras.layers.Dense(1)])
        norms = check.array(gradient_norms(model, rows, wanted), "the norms", shape=(2,))
        more = gradient_norms(model, rows, 100 * wanted)
        check.that((np.asarray(more) > norms).all(), "with targets far off the norms do not grow.")
    with question.part(1.5, "the norms that a pencil finds"):
        square = np.array([[1.0, 2.0], [2.0, 1.0]], "float32")
        single = keras.layers.Dense(1, kernel_initializer="zeros")
        model = keras.Sequential([keras.Input((2,)), single])
        check.close(gradient_norms(model, square, wanted), [221**0.5 * factor],
                    "with one layer of two zero weights",
                    hint="Is it the mean of the squares, and of n of them?")
        first = keras.layers.Dense(1, kernel_initializer="ones")
        last = keras.layers.Dense(1, kernel_initializer="zeros")
        model = keras.Sequential([keras.Input((1,)), first, last])
        check.close(gradient_norms(model, rows, wanted), [0, 11 * factor],
                    "with a weight of one, then a weight of zero",
                    hint="From the input's layer to the output's, in this order.")
    with question.part(0, "the model's weights are what they were"):
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        before = model.get_weights()[0].copy()
        gradient_norms(model, rows, wanted)
        check.that(np.array_equal(model.get_weights()[0], before), "its kernel has changed.")

# %% tags=["explore"]
if check.passed("build_network") and check.passed("gradient_norms"):
    rows, wanted = x_train[:1000], y_train[:1000]
    names = ("random_normal", "glorot_uniform", "he_normal")
    yours = {
        activation: {
            name: gradient_norms(build_network(8, 20, 64, activation, name), rows, wanted)
            for name in names
        }
        for activation in BEND
    }
    plots.show(by_layer(yours, "norm of the kernel's gradient"),
               caption="Your measurement on your networks, 20 hidden layers on the housing data, and the "
               "output layer as number 21. Keras' random_normal has σ = 0.05.")
else:
    print("Here your measurement looks at your networks, once questions 2 and 5 pass.")

# %% [markdown]
# ## 7. What does a network learn that starts from zero?
#
# Zero would be such a tidy start. Three hidden layers, all weights and biases zero, on the housing data.
#
# *Before you run it: which of the eight gradients (four kernels, four biases) will not be zero? For tanh, for ReLU?*

# %% tags=["explore"]
for activation in BEND:
    layers = [(np.zeros((n, m)), np.zeros(m)) for n, m in ((8, 16), (16, 16), (16, 16), (16, 1))]
    hidden, predicted = forward(x_train, layers, activation)
    raw = housing.y_train[:, np.newaxis]  # not standardised: its mean is not zero
    _, gradients = backward(hidden, predicted - raw, layers, activation)
    kernels, biases = zip(*gradients, strict=True)
    print(activation, "kernels", [float(np.linalg.norm(kernel)) for kernel in kernels])
    print(activation, "biases ", [round(float(np.linalg.norm(bias)), 3) for bias in biases])
    stuck = max(np.abs(g).max() for g in (*kernels, *biases[:-1]))
    found.record(f"zeros_{activation}_largest_stuck_gradient", stuck)

# %% [markdown]
# Only the **output bias** has a gradient, and we can see from the formulas why. A kernel's gradient is signal times $\delta$. Every hidden signal is
# $\tanh(0) = \mathrm{relu}(0) = 0$, so all kernels but the first get a zero by their signal; and $\delta$, on its way back, is multiplied by the output kernel, which is
# zero, so every hidden layer gets a zero by its $\delta$, the first included. Those are *exact* zeros, not small numbers:
# no optimiser and no patience helps. The gradient of the output bias is the mean of $2 (\hat y - y)$; it moves until the
# network predicts the mean of the targets, for every district alike.
#
# (ReLU has no slope at 0; like Keras we say it is 0. With tanh the slope at 0 is 1, and still the gradients are zero.)
#
# ### Symmetry
#
# So let all weights be 0.1, which is not zero. Will the network learn now, and as well as one that starts from random
# numbers? We ask a ReLU network with two hidden layers for something that needs more than one feature: the
# **product of two inputs**, $y = x_1 x_2$, both standard normal.
#
# *What is your guess: the error of the mean (1.0), nearly none, or something between?*
#
# We train by **stochastic gradient descent** with momentum, by hand, so that nothing is hidden:


# %% tags=["explore"]
def descend(layers, activation, epochs, table, rate=0.005, momentum=0.9, batch=64):
    """Train on a table (x, y, x_val, y_val): the layers, and each epoch's validation error."""
    x, y, x_new, y_new = table
    layers = [(kernel.astype("float32"), bias.astype("float32")) for kernel, bias in layers]
    speed = [(0 * kernel, 0 * bias) for kernel, bias in layers]
    rng, errors = np.random.default_rng(seed), []
    for _ in range(epochs):
        for pick in np.split(rng.permutation(len(x)), range(batch, len(x), batch)):
            hidden, predicted = forward(x[pick], layers, activation)
            _, slopes = backward(hidden, predicted - y[pick], layers, activation)
            speed = [tuple(momentum * v - rate * g for v, g in zip(*pair, strict=True))
                     for pair in zip(speed, slopes, strict=True)]
            layers = [(w + v, b + u) for (w, b), (v, u) in zip(layers, speed, strict=True)]
        errors.append(float(np.mean((forward(x_new, layers, activation)[1] - y_new) ** 2)))
    return layers, errors


# %% tags=["explore"]
pairs = np.random.default_rng(seed).normal(size=(4000, 2)).astype("float32")
product = pairs[:, :1] * pairs[:, 1:]
product_table = (pairs[:3000], product[:3000], pairs[3000:], product[3000:])
shape = [2, 16, 16, 1]
equal = [(np.full((n, m), 0.1), np.zeros(m)) for n, m in pairwise(shape)]
mixed = draw(shape, starts["σ = √(2/n)"], np.random.default_rng(seed))
equal, errors_equal = descend(equal, "relu", 25, product_table)
mixed, errors_mixed = descend(mixed, "relu", 25, product_table)

# %% tags=["explore"]
apart = np.ptp(equal[0][0], axis=1).max()  # largest less smallest weight of one input
print(f"validation MSE: equal weights {errors_equal[-1]:.3f}, random {errors_mixed[-1]:.3f}, "
      f"the mean {product[3000:].var():.3f}")
print(f"largest difference between two units that started equal: {apart:.2g}")
found.record("equal_weights_mse", errors_equal[-1])
found.record("random_weights_mse", errors_mixed[-1])
found.record("equal_units_apart", apart)

# %% tags=["explore"]
limit = max(np.abs(layers[0][0]).max() for layers in (equal, mixed))
figure = plots.new_figure(
    "First kernel after training, 2 inputs by 16 units. From equal weights all 16 columns are the "
    "same; from random weights they differ.", height=2.2,
)
axes = figure.subplots(1, 2, sharey=True)
for axis, layers, start in zip(axes, (equal, mixed), ("equal", "random"), strict=True):
    drawn = axis.imshow(layers[0][0], cmap=plots.DIVERGING, vmin=-limit, vmax=limit, aspect="auto")
    axis.set(title=f"started {start}", xlabel="hidden unit", xticks=range(0, 16, 3))
axes[0].set_yticks(range(2), ["input 1", "input 2"])
figure.colorbar(drawn, ax=axes, label="weight")
plots.show(figure, caption="The first layer's weights after training. Units that start equal stay "
           "equal: sixteen columns, one feature.")

# %% [markdown]
# The network that started from equal weights has learned something, but all units of a layer do the same. They get the same
# inputs and, as their outgoing weights are equal too, the same gradient, so they take the same step, for ever (up to rounding, which is why the
# difference printed need not be exactly zero). Sixteen such units are as good as one, and one unit sees only a single weighted sum $v = w_1 x_1 + w_2 x_2$. From $x_1 x_2 = \frac{1}{4} (x_1 + x_2)^2 - \frac{1}{4} (x_1 - x_2)^2$
# we see that two such sums make the product. From a single one, whatever its weights, at least half of the variance stays unexplained, an error of 0.5, and a single ReLU cannot even make a square of it. Random numbers **break the
# symmetry**, and that is what they are there for. Biases may well start at zero: units with different weights are different already.
#
# ## 8. Dead units
#
# ReLU has a trouble of its own. A unit whose sum is negative for every row puts out 0 always, has slope 0 always, and so gets no
# gradient. It is called **dead**. We count such units, for the 1,000 rows of noise, in the networks of section 4 before any training.
#
# *With $\sqrt{2/n}$ the signal keeps its size. How many of the 100 units of layer 20 are dead at birth? None, a few, many?*

# %% tags=["explore"]
hidden = signals["relu", "σ = √(2/n)"][1:]
dead = [np.mean((h == 0).all(axis=0)) for h in hidden]
pair = [h[:200] / np.linalg.norm(h[:200], axis=1, keepdims=True) for h in hidden]
alike = [np.mean((h @ h.T)[np.triu_indices(200, k=1)]) for h in pair]
figure = plots.new_figure(f"ReLU, √(2/n): dead units rise from {dead[0]:.0%} to {dead[-1]:.0%}, the mean cosine "
                          f"between two rows' signals from {alike[0]:.2f} to {alike[-1]:.2f}.")
for axis, values, what in zip(figure.subplots(1, 2), (dead, alike), (
        "share of dead units", "mean cosine between two rows"), strict=True):
    axis.plot(range(1, 21), values, "o-", color=plots.OKABE_ITO[0])
    axis.set(xlabel="layer", ylabel=what, ylim=(0, 1.03), xticks=range(5, 21, 5))
    axis.grid(alpha=0.3)
plots.show(figure, caption="Units that are 0 for all rows, and how alike two rows' signals are.")
found.record("dead_at_birth_layer_20", dead[-1])
found.record("cosine_layer_20", alike[-1])

# %% [markdown]
# A good part of them. He's weights keep the signal's *size*, not its variety: no value after ReLU is negative, so with every layer the rows'
# signals come to point more in the same direction, and a unit that is negative for one row tends to be negative for the others, too. This is one reason
# why really deep networks are not built from plain dense layers; batch normalisation (lesson 05) and
# residual connections are what helps.
#
# Can training wake a dead unit up? In a network of two hidden layers we kill half of the first layer's units with
# a bias of −100, and train.

# %% tags=["explore"]
housing_table = (x_train[:6000], y_train[:6000], x_val, y_val)
layers = draw([8, 16, 16, 1], starts["σ = √(2/n)"], np.random.default_rng(seed))
layers[0][1][:8] = -100
after, errors_dead = descend(layers, "relu", 10, housing_table)
moved = np.abs(after[0][0] - layers[0][0].astype("float32")).max(axis=0)
print("how far each unit's weights moved:", " ".join(f"{step:.2f}" for step in moved))
print(f"validation MSE {errors_dead[-1]:.3f}")
found.record("dead_units_moved", moved[:8].max())

# %% [markdown]
# The eight dead units have not moved at all. In the first layer that is final: its inputs are the data, which never change. Deeper down a dead unit can
# wake up if the layers before it happen to change its inputs. In practice it is a step that was too large which pushes a unit so far, so units die when
# the learning rate is too high. Variants with some slope on the left, such as leaky ReLU, keep a gradient.
#
# ## 9. Does it matter for training?
#
# Twenty hidden layers of 64 units on the housing data, at most 6,000 districts, by our own gradient descent with the same batches and
# learning rate for all. (Twenty plain layers are no good network for this table, they are an experiment on depth.)
#
# *Ten runs: five starts, two activations. Which will not get below the error of always predicting the mean? Which will break off?*

# %% tags=["explore"]
epochs_deep = {"real": 8, "sample": 15}[housing.kind] if run.quick else 40
deep = [8] + [64] * 20 + [1]
curves = {activation: {} for activation in BEND}
for activation in BEND:
    for name, sigma in {"all zero": lambda n: 0.0, **starts}.items():
        layers = draw(deep, sigma, np.random.default_rng(seed))
        with np.errstate(all="ignore"):  # one of them is going to overflow
            _, errors = descend(layers, activation, epochs_deep, housing_table, rate=0.01)
        curves[activation][name] = errors

# %% tags=["explore"]
ends = [f"{a} {n} {e[-1]:.2f}" for a, runs in curves.items() for n, e in runs.items()]
figure = plots.new_figure(f"Validation error by epoch; last values: {', '.join(ends)}.", height=3.6)
axes = figure.subplots(1, 2, sharey=True)
every = epochs_deep // 4  # ticks
for axis, activation in zip(axes, curves, strict=True):
    for name, colour, look in zip(curves[activation], plots.OKABE_ITO, "vos^D", strict=False):
        errors = curves[activation][name]
        axis.plot(range(1, epochs_deep + 1), errors, f"{look}-", color=colour, ms=4, label=name)
    axis.axhline(error_linear, color="grey", linestyle=":", label="linear regression")
    axis.set(title=activation, xlabel="epoch", xticks=range(every, epochs_deep + 1, every))
    axis.set(ylabel="validation MSE (standardised)", ylim=(0, 1.5))
figure.legend(*axis.get_legend_handles_labels(), loc="outside right center", fontsize=9)
plots.show(figure, caption="Twenty hidden layers from five starts. All zero and σ = 0.01 lie on one another; "
           "errors above 1.5 lie outside, and what overflowed has no line.")

# %% [markdown]
# How many epochs pass until the error is for the first time below half of the mean's?

# %% tags=["explore"]
for name, activation, start in (
    ("tanh_lecun", "tanh", "σ = √(1/n)"),
    ("relu_lecun", "relu", "σ = √(1/n)"),
    ("relu_he", "relu", "σ = √(2/n)"),
):
    errors = curves[activation][start]
    below = [epoch for epoch, error in enumerate(errors, start=1) if error < error_mean / 2]
    found.record(f"deep_{name}_epochs", min(below, default=epochs_deep + 1))
    found.record(f"deep_{name}_mse", errors[-1])
found.record("deep_tanh_small_mse", curves["tanh"]["σ = 0.01"][-1])
print("ReLU with σ = 1:", curves["relu"]["σ = 1"][:3])

# %% [markdown]
# Zero weights and σ = 0.01 stay about at the error of the mean, under both activations: a gradient of $10^{-20}$ is as good as zero. ReLU
# with σ = 1 overflows in the first epoch. tanh with σ = 1 runs, bounded as it is, and learns next to nothing. With a start that keeps
# signal and gradient alive both networks learn. ReLU with $\sqrt{1/n}$ stays at the error of the mean for some epochs before it takes off, since its gradients are about a
# thousand times too small; with $\sqrt{2/n}$ it sets off at once or nearly so. Once they are under way there is little between them. In deeper networks the
# waiting grows: He et al. (2015, section 2.2) report a network of thirty layers that did not start at all.
#
# Do not read more out of it. It is one seed and one learning rate, and in a network of two or three layers all sensible starts do about the same. Keras'
# default, `glorot_uniform`, is also used with ReLU, and at usual depths, with Adam, that does well. Adam divides each gradient by its usual size, and so
# makes up for gradients that are rather small; but not for those far below its $\varepsilon = 10^{-7}$, and it can neither make something
# out of zeros nor tell equal units apart.

# %% [markdown]
# ### Question 6: `compare_initializers` (3 points)
#
# Write `compare_initializers(x_train, y_train, x_val, y_val, initializers, epochs)`. For each name in the list `initializers`
# (names that Keras knows, such as `"zeros"`, `"he_normal"`) train a network that starts from it, for `epochs` epochs. Return a dictionary
# `{name: (errors, model)}`: `model` is the trained Keras network, and `errors` is the list of its **mean squared errors on the
# validation set**, one after each epoch.
#
# The tables are standardised, shapes (n, d) and (m, d). The targets have shapes (n,) and (m,) and are *not* standardised: their standard
# deviation is at most 3, and their mean at most one standard deviation from 0. The model predicts, and the errors count, **in the
# targets' own unit**. Network, optimiser and rate are your choice, the same for all names: a plain stack (no shortcuts) of at
# least 3 hidden dense layers of one width or several, whose kernels start from the named initializer, as a `keras.Model` of any kind. Each name gets a
# network of its own, all of one size. Nothing but the training set may be learned from.
#
# The checks call your function with at least 300 rows and 4 epochs, and look at what the returned models predict.
#
# | checked | points |
# | --- | --- |
# | exactly the names asked for; for each, exactly `epochs` finite errors and a Keras model with 3 hidden layers or more, whose own error on the validation rows is the last in the list, to 1 % | 1 |
# | on 500 rows with targets that can be learned, and judged **on new rows**: the network of `zeros` has about the error of the mean, that of `he_normal` is at least 30 % below it after 24 epochs, and at least 10 % better after 24 epochs than after 4 | 1 |
# | on targets that are pure noise, no network gets below 0.9 of the targets' variance on the validation rows, as it never saw them (counts only where `he_normal` learns what can be learned) | 1 |
#
# A network that is not trained, or is trained for a number of epochs of its own, and numbers that no network stands behind lose their
# part; a network in NumPy earns nothing here. One call may take at most **60 seconds of CPU time**.
#
# <details><summary>Hint</summary>
#
# A network learns best when its targets are about as large as 1. End it with
# `keras.layers.Rescaling(scale, offset)`, with the training targets' standard deviation and mean, and it predicts in their
# unit. `fit(…, validation_data=…)` returns an object whose `.history` is a dictionary of lists. Adam with small batches
# learns something in few epochs.
#
# </details>


# %% answer="compare_initializers"
def compare_initializers(x_train, y_train, x_val, y_val, initializers, epochs):
    """Train the same network from several starting points.

    x_train, x_val: shapes (n, d), (m, d), standardised; y_train, y_val: shapes (n,), (m,), not so;
    initializers: list of Keras initializer names; epochs: int.
    Returns {initializer: (errors, model)}: `epochs` validation mean squared errors, and the network.
    """
    ### BEGIN SOLUTION
    found = {}
    for name in initializers:
        network = keras.Sequential([keras.Input((x_train.shape[1],))])
        for _ in range(3):
            network.add(keras.layers.Dense(32, activation="relu", kernel_initializer=name))
        network.add(keras.layers.Dense(1))
        network.add(keras.layers.Rescaling(float(np.std(y_train)), float(np.mean(y_train))))
        network.compile(optimizer=keras.optimizers.Adam(0.003), loss="mse")
        log = network.fit(x_train, y_train, batch_size=32, epochs=epochs,
                          validation_data=(x_val, y_val), verbose=0)
        found[name] = (log.history["val_loss"], network)
    return found
    ### END SOLUTION


# %% tests="compare_initializers" points=3
with check.question("compare_initializers", points=3) as question:
    rows = np.random.default_rng(0).normal(size=(500, 3))
    prices = 1 + 1.4 * rows[:, 0] + 1.4 * np.abs(rows[:, 1])
    x_new, y_new, own = rows[300:], prices[300:], {}
    with question.part(1, "names, one finite error an epoch, the last one the returned model's"):
        compared = compare_initializers(rows[:300], prices[:300], x_new, y_new,
                                        ["zeros", "he_normal"], 15)
        check.that(set(compared) == {"zeros", "he_normal"}, f"the keys are {sorted(compared)}.")
        for name, (errors, model) in compared.items():
            check.that(isinstance(model, keras.Model), f"{name}: a {type(model).__name__} and no "
                       "Keras model.")
            errors = check.array(errors, f"the errors of {name}", shape=(15,))
            check.that(np.isfinite(errors).all(), f"{name}: an error is not finite.")
            own[name] = np.mean((np.ravel(model(x_new)) - y_new) ** 2)
            check.close(errors[-1], own[name], f"the last error of {name}", rtol=1e-2,
                        hint=f"On the validation rows its model has the error {own[name]:.3g}.")
    with question.part(1, "he_normal learns, zeros does not"):
        check.that(len(own) == 2, "there are no two models to compare, see above.")
        check.that(own["zeros"] > 0.8 * np.var(y_new), "zeros learns: does it start at zero?")
        check.that(own["he_normal"] < 0.85 * own["zeros"],
                   "after 15 epochs he_normal is not clearly better than zeros.")

# %% tags=["explore"]
if check.passed("compare_initializers"):
    names = ["zeros", "ones", "random_normal", "glorot_uniform", "he_normal"]
    train, val = slice(0, 2000), slice(0, 1000)
    yours = compare_initializers(x_train[train], housing.y_train[train],
                                 x_val[val], housing.y_val[val], names, epochs=8)
    said = ", ".join(f"{name} {errors[-1]:.3g}" for name, (errors, _) in yours.items())
    figure = plots.new_figure(f"Your comparison; last validation errors: {said}.")
    axis = figure.subplots()
    for name, colour, look in zip(yours, plots.OKABE_ITO, "vs^Do", strict=False):
        axis.semilogy(range(1, 9), yours[name][0], f"{look}-", color=colour, label=name)
    axis.set(xlabel="epoch", ylabel="validation MSE (100,000 USD)²")
    axis.legend()
    plots.show(figure, caption="Your network from five starts, on 2,000 districts.")
else:
    print("Here your comparison is drawn, once question 6 passes.")

# %% [markdown]
# ## 10. The best network you can train

# %% [markdown]
# ### Question 7: `train_best` (4 points)
#
# Write `train_best(x_train, y_train, x_val, y_val)`, which trains the best network you can and returns it: a **Keras
# model** (`keras.Model` of any kind) whose `predict` gives prices **in the targets' own unit**, shape (n, 1) or (n,). Anything
# else, such as a model of scikit-learn, earns nothing, wrapped into a Keras model or not. The tables are standardised and have shapes (n, d) and (m, d). The
# targets have shapes (n,) and (m,) and are not standardised.
#
# The check calls your function once, with a recorded seed, on **another table** than this lesson's (about
# 2,000 rows of 8 columns to train on, 60 validation rows, targets with a mean of 3 or −3 and a standard deviation of about 2), and then lets your model predict rows whose targets your function never saw. What counts is
#
# $$R^2 = 1 - \frac{\sum_i (\hat y_i - y_i)^2}{\sum_i (\bar y - y_i)^2},$$
#
# 1 for perfect predictions and 0 for always predicting the mean. $R^2$ of 0.45, 0.6, 0.7 and 0.8 earn 1, 2, 3 and 4 points. The
# last step is passed with some room by a plain network of two or three hidden layers with a good start,
# Adam and enough epochs; linear regression reaches about 0.3, and so does a network that is trained on the few validation rows, which are
# there to tell when to stop. Your function may use at most **120 seconds of CPU time** (both cores' time added up), so count
# on one minute.
#
# <details><summary>Hint</summary>
#
# The network must answer in the targets' unit, but learns best when its last layer need not produce large numbers:
# a `keras.layers.Rescaling(scale, offset)` at its end, with the training targets' standard deviation and mean, does both.
# `keras.callbacks.EarlyStopping(patience=…, restore_best_weights=True)` watches `val_loss`.
#
# </details>


# %% answer="train_best"
def train_best(x_train, y_train, x_val, y_val):
    """Train the best network you can.

    x_train, x_val: shapes (n, d), (m, d), standardised; y_train, y_val: shapes (n,), (m,), not so.
    Returns a trained Keras model that predicts in the targets' unit; at most 120 s of CPU time.
    """
    ### BEGIN SOLUTION
    network = keras.Sequential([keras.Input((x_train.shape[1],))])
    for _ in range(2):
        network.add(keras.layers.Dense(64, activation="tanh", kernel_initializer="glorot_normal"))
    network.add(keras.layers.Dense(1))
    network.add(keras.layers.Rescaling(float(np.std(y_train)), float(np.mean(y_train))))
    # A rate that falls to zero ends the training by itself: 20 epochs do what takes 100 with one rate.
    epochs, batch_size = 20, 64
    steps = epochs * -(-len(x_train) // batch_size)
    rate = keras.optimizers.schedules.CosineDecay(0.01, steps)
    network.compile(optimizer=keras.optimizers.Adam(rate), loss="mse")
    network.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, verbose=0)
    return network
    ### END SOLUTION


# %% tests="train_best" points=4
with check.question("train_best", points=4) as question:
    rows = np.random.default_rng(0).normal(size=(1200, 8))
    prices = 2 + 1.4 * rows[:, 0] + 1.4 * np.abs(rows[:, 1])
    with question.part(4, "learns a small table, and predicts in its unit"):
        model = train_best(rows[:1000], prices[:1000], rows[1000:1100], prices[1000:1100])
        check.that(isinstance(model, keras.Model), f"a {type(model).__name__} is no Keras model.")
        predicted = check.array(model.predict(rows[1100:], verbose=0), "100 predictions")
        check.that(predicted.shape in ((100,), (100, 1)),
                   f"100 rows, but predictions of shape {predicted.shape}.")
        residual = np.mean((predicted.ravel() - prices[1100:]) ** 2)
        r_squared = 1 - residual / np.var(prices[1100:])
        check.that(r_squared > 0.7, f"R² is {r_squared:.2f} on a table where 0.7 is easy.")

# %% [markdown]
# On the housing data we look at the validation set as often as we like. Beside your network stands **gradient boosting**, many small decision trees, which
# is often hard to beat on tables (Grinsztajn et al., 2022).

# %% tags=["explore"]
from sklearn.ensemble import HistGradientBoostingRegressor


def r_squared(predicted, y):
    return 1 - np.mean((np.ravel(predicted) - y) ** 2) / np.var(y)


rows = slice(0, 4000 if run.quick else None)
trees = HistGradientBoostingRegressor(random_state=seed).fit(x_train[rows], housing.y_train[rows])
print(f"validation R²: linear regression {1 - error_linear / y_val.var():.3f}, "
      f"gradient boosting {r_squared(trees.predict(x_val), housing.y_val):.3f}")
best = None
if check.passed("train_best"):
    best = train_best(x_train[rows], housing.y_train[rows], x_val, housing.y_val)
    predicted = best.predict(x_val, verbose=0)
    print(f"validation R²: your network {r_squared(predicted, housing.y_val):.3f}")

# %% [markdown]
# When you are content with it, and not before, set `look_at_test = True`: the test set is looked at once.

# %% tags=["explore"]
look_at_test = False
if look_at_test and best is not None:
    print(f"test R²: {r_squared(best.predict(x_test, verbose=0), housing.y_test):.3f}")
else:
    print("The test set has not been looked at.")

# %% [markdown]
# ## 11. In your own words

# %% [markdown]
# ### Question 8: in your own words (3 points, marked by hand)
#
# In about ten sentences: (a) Why can a network whose weights all start at zero not learn features, and what does it
# still learn? (b) Which initialisation suits tanh, which suits ReLU, and why do they differ? Name the condition
# that each one comes from. Refer to a figure of this lesson where it helps.

# %% [markdown] written="initialisation_explained" points=3
# **Model answer.** (a) With all weights zero every hidden unit puts out the same number whatever the input is:
# $\tanh(0) = \mathrm{relu}(0) = 0$. The gradient of a kernel is the product of the signal that comes in and
# the gradient that comes back. The signal that enters the output layer is 0, so its kernel's gradient is 0. The
# gradient that comes back to a hidden layer has been multiplied by the kernel after it, which is 0, so every
# hidden kernel's and bias' gradient is 0 too. Only the output bias has a gradient: the mean error. The network learns the mean of the
# targets, which is the best constant, and nothing else, with any number of epochs. Equal but non-zero weights are hardly better: all units
# of a layer compute the same and get the same gradient, so they stay equal, and the layer is as good as a single unit.
# Random weights break that symmetry.
#
# (b) A sum of $n$ independent terms has $n$ times the variance of one, so the variance of a layer's input is
# $n_\mathrm{in} \sigma_w^2$ times the mean square of the signal. tanh is almost the identity near 0, so the variance stays the same
# when $n_\mathrm{in} \sigma_w^2 = 1$ (LeCun); the gradient on its way back asks for $n_\mathrm{out} \sigma_w^2 = 1$; Glorot's
# $2 / (n_\mathrm{in} + n_\mathrm{out})$ is the compromise. ReLU sets half of a symmetric signal to zero and thereby halves
# its mean square, so the weights' variance must be doubled: $2 / n_\mathrm{in}$ (He). With less, the signal and the gradients vanish
# by a constant factor in each layer; with more, ReLU's signal explodes, tanh's saturates, and the gradients explode in both.
#
# **Rubric** (half points possible).
#
# - 1 point: zero weights give zero gradients to the kernels, *because* signal and returning gradient are 0;
#   the output bias (the targets' mean) is what is learned. "All units stay the same" (symmetry) without the vanishing gradients: half a point.
# - 1 point: tanh with LeCun's or Glorot's variance, with the reason (derivative about 1 near zero; keep the signal's, or
#   both the signal's and the gradient's variance). The name alone: half a point.
# - 1 point: ReLU with He's variance, with the reason (half of the signal is cut, so twice the variance). The
#   name alone: half a point.

# %% [markdown]
# ## Where you stand
#
# The points that the visible tests can see. The hidden checks decide, and question 8 is read by a person.

# %% tags=["explore"]
check.summary()

# %% [markdown]
# ## What we saw

# %% tags=["explore"]
Markdown(f"""
- After twenty ReLU layers the signal's root mean square is {found["relu_signal_lecun"]:.2g} with variance $1/n$ and
  {found["relu_signal_he"]:.2g} with He's $2/n$; with $\\sigma = 1$ it is $10^{{{found["log10_relu_signal_large"]:.0f}}}$. tanh with σ = 0.01 ends at
  $10^{{{found["log10_tanh_signal_small"]:.0f}}}$, with LeCun's variance at {found["tanh_signal_lecun"]:.2g}.
- Saturated tanh (σ = 1) has gradients that explode, to $10^{{{found["log10_gradient_tanh_large"]:.0f}}}$ in layer 1. Where the variance fits, the
  largest of twenty kernels' gradients is only {found["gradient_range_tanh_lecun"]:.1f} (tanh, $1/n$) and {found["gradient_range_relu_he"]:.1f} (ReLU, $2/n$) times the smallest.
- From zero weights, only the output bias learns: the largest of the other gradients is {max(found["zeros_tanh_largest_stuck_gradient"], found["zeros_relu_largest_stuck_gradient"]):.0f}.
- Equal weights stay equal: asked for a product of two inputs, sixteen such units have an error of {found["equal_weights_mse"]:.2f}, from random
  weights {found["random_weights_mse"]:.2f}.
- {found["dead_at_birth_layer_20"]:.0%} of the ReLU units in layer 20 are dead at birth, although the signal about keeps its size.
- Twenty layers get below half of the mean's error in epoch {found["deep_tanh_lecun_epochs"]:.0f} (tanh, $1/n$), {found["deep_relu_lecun_epochs"]:.0f} (ReLU, $1/n$) and
  {found["deep_relu_he_epochs"]:.0f} (ReLU, $2/n$), and end at {found["deep_tanh_lecun_mse"]:.2f}, {found["deep_relu_lecun_mse"]:.2f} and {found["deep_relu_he_mse"]:.2f} (linear
  regression {found["validation_mse_linear"]:.2f}, the mean {found["validation_mse_of_the_mean"]:.2f}; one seed).
""")

# %% [markdown]
# **To try next**: orthogonal matrices as a start (`"orthogonal"` in Keras; Saxe et al., 2014): what does the first figure look like then?
# Thirty layers instead of twenty in section 9. Layers of very different widths, and LeCun against Glorot. Lesson 05 adds layers that
# keep the signal's size themselves.
#
# ## References
#
# - Glorot, X. and Bengio, Y. (2010). *Understanding the difficulty of training deep feedforward neural networks.* AISTATS,
#   PMLR 9, 249–256. Section 4.2.1.
# - Grinsztajn, L., Oyallon, E. and Varoquaux, G. (2022). *Why do tree-based models still outperform deep learning on typical
#   tabular data?* NeurIPS, datasets and benchmarks.
# - He, K., Zhang, X., Ren, S. and Sun, J. (2015). *Delving deep into rectifiers: surpassing human-level performance on ImageNet
#   classification.* ICCV, section 2.2. [arXiv:1502.01852](https://arxiv.org/abs/1502.01852).
# - LeCun, Y., Bottou, L., Orr, G. B. and Müller, K.-R. (1998). *Efficient BackProp.* In: Neural Networks: Tricks of the Trade, Springer,
#   9–50. Sections 4.3 and 4.6.
# - Pace, R. K. and Barry, R. (1997). *Sparse spatial autoregressions.* Statistics & Probability Letters 33(3), 291–297.
# - Saxe, A. M., McClelland, J. L. and Ganguli, S. (2014). *Exact solutions to the nonlinear dynamics of learning in deep linear
#   neural networks.* ICLR. [arXiv:1312.6120](https://arxiv.org/abs/1312.6120).
