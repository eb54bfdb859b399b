# %% [markdown]
# # 04 · Regression with a deep network: which numbers should it start from?
#
# Before a network has seen a single example, somebody has already decided something about it: the
# random numbers that its weights start from. In a network of two layers the choice hardly matters. In a
# deep one it decides whether anything is learned at all: signals on their way forward, and
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
# **visible tests** are a help, not the mark: after handing in, **hidden checks** call your functions with
# other inputs of other shapes. What they look at is said in each question, and nothing else is asked.
#
# Rules that hold for every question:
#
# - Keep the names and the arguments of the functions. Helper functions and further cells of your own are welcome.
# - Inputs are NumPy arrays, float32 or float64. Anything that `numpy.asarray` takes may be returned, a
#   Keras tensor too. Results may differ from ours by rounding (0.01 % unless said otherwise).
# - Do not change an input in place (`x -= …`): this costs half a point of the question.
# - When your work is graded, the cells that train and plot for illustration are skipped. Import
#   what your answers need in the cells that hold them, or in the next cell but one.

# %%
from course_lib import runtime

run = runtime.setup(profile=profile, seed=seed)

# %%
import keras
import numpy as np
import tensorflow as tf
from IPython.display import Markdown

from course_lib import check, datasets, plots, results

# %% [markdown]
# ## 2. The data

# %% tags=["explore"]
housing = datasets.load("california_housing", source=data)
found = results.Results("04-Regression-nn-assignment", profile=run.profile, data=housing.kind)

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
# that gives no number. Such a column shall become 0 in the training table, and finite in the test table.
#
# | checked | points |
# | --- | --- |
# | the training table has mean 0 and standard deviation 1 in each column that varies | 0.5 |
# | the test table is scaled with the training table's statistics | 1 |
# | a constant column gives zeros in train and finite values in test (counts only if train's other columns are right) | 0.5 |
#
# <details><summary>Hint</summary>
#
# `axis=0` runs down the rows and leaves one number per column. `np.where` replaces some entries of
# an array. Careful with a column that holds the same 0.1 in every row: its computed standard
# deviation may be $10^{-17}$ instead of 0.
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
    table = np.random.default_rng().uniform(10, 50, size=(9, 3)) * [1, 10, 0.1]
    table[:, 2] += np.arange(9)
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
                    hint="Whose mean and standard deviation did you use?")  # fmt: skip
    with question.part(0.5, "a constant column gives zeros, and no division by zero"):
        flat = table.copy()
        flat[:, 1] = 0.1
        scaled, other = standardize(flat, table[:4])
        check.close(np.asarray(scaled)[:, 1], np.zeros(9), "the constant training column")
        check.that(np.isfinite(other).all(), "the test table holds infinities or NaN.")

# %% [markdown]
# ## 3. A deep network
#
# ### Question 2: `build_network` (3 points)
#
# Write `build_network(n_features, depth, width, activation, initializer)`. It returns a Keras model that
# takes rows of shape (n_features,), passes them through `depth` hidden dense layers of `width` units each with the given
# activation, and ends in one dense unit without activation (a price may be any number). `activation` is a
# name such as `"tanh"`; `initializer` is what Keras takes for a kernel: a name such as `"he_normal"`, or an
# object such as `keras.initializers.RandomNormal(stddev=0.01)`. It applies to **every hidden
# kernel**. The output layer's kernel and all biases may keep Keras' defaults. Sequential, Functional or
# subclassed, compiled or not: as you like. No other layers with weights, no other layers that change the signal.
#
# | checked | points |
# | --- | --- |
# | input and output shapes and the number of parameters, for several depths | 1 |
# | once the check has put weights of its own into it, the model predicts what a trusted network of that form predicts | 1 |
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
        straight = build_network(3, 3, 40, "relu", "he_normal")
        once, twice = np.asarray(straight(rows)), np.asarray(straight(2 * rows))
        check.that(np.abs(once).max() > 0, "with ReLU all outputs are 0: is the output linear?")
        check.close(twice, 2 * once, "with ReLU and zero biases, the output for doubled inputs")
        bent = build_network(3, 3, 5, "tanh", "glorot_uniform")
        far, farther = np.asarray(bent(1e6 * rows)), np.asarray(bent(2e6 * rows))
        check.close(farther, far, "with tanh, the output far out", rtol=1e-2, atol=1e-2,
                    hint="Does every hidden layer have the activation?")  # fmt: skip
    with question.part(1, "every hidden kernel is drawn with the initializer"):
        for initializer in ("ones", keras.initializers.Constant(0.25)):
            model = build_network(3, 3, 5, "relu", initializer)
            kernels = [np.asarray(weight) for weight in model.weights if len(weight.shape) == 2]
            same = sum(bool(np.all(kernel == kernel[0, 0])) for kernel in kernels[:3])
            check.that(same == 3, f"of 3 hidden kernels {same} follow the initializer.")

# %% [markdown]
# ### Question 3: `activation_statistics` (3 points)
#
# Write `activation_statistics(model, inputs)`, which measures what we have just looked at. `model` is a stack of dense
# layers, Sequential or Functional, each with its activation inside, the last one being the output; `inputs` has shape (n, d).
# Return a list with one pair **(mean, standard deviation)** for each hidden layer, in the order in which
# the signal passes them: of all the numbers that this layer puts out after its activation, over the n rows and all units. The
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
    rows = factor * np.array([[1.0], [3.0]], "float32")
    stack = keras.Sequential([keras.Input((1,))])
    for units, activation in ((2, "relu"), (3, "linear"), (1, None)):
        stack.add(keras.layers.Dense(units, activation=activation, kernel_initializer="ones"))
    functional = keras.Model(stack.inputs, stack.outputs)
    for points, place, what, expected in (
        (1.5, 0, "means", [2 * factor, 4 * factor]),
        (1.5, 1, "standard deviations", [factor, 2 * factor]),
    ):
        with question.part(points, f"{what}, of a Sequential and of a Functional model"):
            for model in (stack, functional):
                pairs = list(activation_statistics(model, rows))
                check.that(len(pairs) == 2, f"2 hidden layers, but {len(pairs)} entries.")
                check.close([pair[place] for pair in pairs], expected, f"the layers' {what}",
                            hint="All rows and units of a layer, after the activation.")  # fmt: skip

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
# | `"lecun"` | random, mean 0, variance $1 / \mathrm{fan\_in}$ | 0.75 |
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
                            hint="Variance or standard deviation?")  # fmt: skip
    with question.part(0.25, "draws from rng"):
        same, again, other = (kernel_of("he", 5, 4, seed) for seed in (1, 1, 2))
        check.that(np.array_equal(same, again), "the same seed gave other weights.")
        check.that(not np.array_equal(same, other), "another seed gave the same weights.")

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
    rows, wanted = np.array([[1.0], [2.0]]), factor * np.array([[3.0], [4.0]])
    with question.part(1.5, "one number for each dense layer, larger where the error is larger"):
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2), keras.layers.Dense(1)])
        norms = check.array(gradient_norms(model, rows, wanted), "the norms", shape=(2,))
        more = gradient_norms(model, rows, 100 * wanted)
        check.that((np.asarray(more) > norms).all(), "with targets far off the norms do not grow.")
    with question.part(1.5, "the norm that a pencil finds"):
        single = keras.layers.Dense(1, kernel_initializer="zeros")
        model = keras.Sequential([keras.Input((1,)), single])
        check.close(gradient_norms(model, rows, wanted), [11 * factor], "with one zero weight",
                    hint="Is it the mean of the squares, and of n of them?")  # fmt: skip

# %% [markdown]
# ### Question 6: `compare_initializers` (3 points)
#
# Write `compare_initializers(x_train, y_train, x_val, y_val, initializers, epochs)`. For each name in the list `initializers`
# (names that Keras knows, such as `"zeros"`, `"he_normal"`) train a network that starts from it, and return a dictionary
# `{name: list of epochs numbers}` with the **mean squared error on the validation set** after each epoch.
#
# The tables are standardised, shapes (n, d) and (m, d); the targets have shapes (n,) and (m,) and are *not*: their mean and scale may
# be anything, and the errors are wanted in the square of the targets' own unit. Network and optimiser are your choice, with at
# least 3 hidden layers whose kernels start from the named initializer, and the same for all names. Nothing but the
# training set may be learned from.
#
# | checked | points |
# | --- | --- |
# | exactly the names asked for, for each exactly `epochs` finite numbers; the first of them is of the size of the targets' variance, not a hundred times more or less | 1 |
# | on targets that can be learned, `he_normal` ends clearly below `zeros` | 1 |
# | on targets in random order no initializer gets below 0.9 of the validation targets' variance: there is nothing to learn | 1 |
#
# The checks train on a few hundred rows, for a few dozen epochs, with few seconds of computing to spare: 60 seconds of CPU time a call.
#
# <details><summary>Hint</summary>
#
# Scale the targets: subtract the training targets' mean and divide by their standard deviation. The error then comes
# out in other units: which factor brings it back? `fit(…, validation_data=…)` returns an object whose
# `.history` is a dictionary of lists. Adam with small batches learns something in few epochs.
#
# </details>


# %% answer="compare_initializers"
def compare_initializers(x_train, y_train, x_val, y_val, initializers, epochs):
    """Train the same network from several starting points.

    x_train, x_val: shapes (n, d), (m, d), standardised; y_train, y_val: shapes (n,), (m,), not so;
    initializers: list of Keras initializer names; epochs: int.
    Returns {initializer: list of `epochs` validation mean squared errors}.
    """
    ### BEGIN SOLUTION
    centre, scale = np.mean(y_train), np.std(y_train)
    validation = (x_val, (y_val - centre) / scale)
    errors = {}
    for name in initializers:
        network = keras.Sequential([keras.Input((x_train.shape[1],))])
        for _ in range(3):
            network.add(keras.layers.Dense(32, activation="relu", kernel_initializer=name))
        network.add(keras.layers.Dense(1))
        network.compile(optimizer=keras.optimizers.Adam(0.003), loss="mse")
        log = network.fit(x_train, (y_train - centre) / scale, batch_size=32, epochs=epochs,
                          validation_data=validation, verbose=0)  # fmt: skip
        errors[name] = [float(value * scale**2) for value in log.history["val_loss"]]
    return errors
    ### END SOLUTION


# %% tests="compare_initializers" points=3
with check.question("compare_initializers", points=3) as question:
    rows = np.random.default_rng(0).normal(size=(240, 3))
    prices = 50 + 10 * rows[:, 0] + 10 * np.abs(rows[:, 1])
    with question.part(
        1, "names, lengths, finite values, a first value near the targets' variance"
    ):
        errors = compare_initializers(
            rows[:160], prices[:160], rows[160:], prices[160:], ["ones", "lecun_normal"], 2
        )
        check.that(sorted(errors) == ["lecun_normal", "ones"], f"the keys are {sorted(errors)}.")
        for name, values in errors.items():
            values = check.array(values, f"the errors of {name}", shape=(2,))
            check.that(np.isfinite(values).all(), f"{name}: an error is not finite.")
        first, variance = errors["lecun_normal"][0], np.var(prices[160:])
        check.that(
            0.01 < first / variance < 100,
            f"the targets' variance is {variance:.0f}, the first error {first:.3g}: "
            "in which unit is it?",
        )
    with question.part(1, "he_normal learns, zeros does not"):
        errors = compare_initializers(
            rows[:160], prices[:160], rows[160:], prices[160:], ["zeros", "he_normal"], 20
        )
        check.that(errors["he_normal"][-1] < 0.5 * errors["zeros"][-1],
                   "after 20 epochs he_normal is not clearly better than zeros.")  # fmt: skip

# %% [markdown]
# ### Question 7: `train_best` (4 points)
#
# Write `train_best(x_train, y_train, x_val, y_val)`, which trains the best network you can and returns it: a Keras
# model whose `predict` gives prices **in the targets' own unit**, shape (n, 1) or (n,). The tables are standardised and have shapes (n, d) and (m, d). The
# targets have shapes (n,) and (m,) and are not standardised: their mean and scale may be anything.
#
# The check calls your function once, with a recorded seed, on **another table** than this lesson's (about
# 2,000 rows of 8 columns to train on), and then lets your model predict rows whose targets your function never saw. What counts is
#
# $$R^2 = 1 - \frac{\sum_i (\hat y_i - y_i)^2}{\sum_i (\bar y - y_i)^2},$$
#
# 1 for perfect predictions and 0 for always predicting the mean. It earns 1, 2, 3 or 4 points, in four steps; the
# highest is passed with some room by a plain network of two or three hidden layers with a good start,
# Adam and early stopping. Your function may use at most **120 seconds of CPU time** (both cores' time added up), so count
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
        network.add(keras.layers.Dense(64, activation="relu", kernel_initializer="he_normal"))
    network.add(keras.layers.Dense(1))
    network.add(keras.layers.Rescaling(float(np.std(y_train)), float(np.mean(y_train))))
    network.compile(optimizer=keras.optimizers.Adam(0.003), loss="mse")
    patient = keras.callbacks.EarlyStopping(patience=15, restore_best_weights=True)
    slower = keras.callbacks.ReduceLROnPlateau(factor=0.3, patience=6)
    network.fit(
        x_train, y_train, validation_data=(x_val, y_val),
        batch_size=64, epochs=150, verbose=0, callbacks=[slower, patient],
    )  # fmt: skip
    return network
    ### END SOLUTION


# %% tests="train_best" points=4
with check.question("train_best", points=4) as question:
    rows = np.random.default_rng(0).normal(size=(500, 3))
    prices = 50 + 10 * rows[:, 0] + 10 * np.abs(rows[:, 1])
    with question.part(4, "learns a small table, and predicts in its unit"):
        model = train_best(rows[:300], prices[:300], rows[300:400], prices[300:400])
        predicted = check.array(model.predict(rows[400:], verbose=0), "100 predictions")
        check.that(predicted.size == 100, f"100 rows, but predictions of shape {predicted.shape}.")
        residual = np.mean((predicted.ravel() - prices[400:]) ** 2)
        r_squared = 1 - residual / np.var(prices[400:])
        check.that(r_squared > 0.8, f"R² is {r_squared:.2f} on a table where 0.8 is easy.")

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
# by a constant factor in each layer; with more, they explode (ReLU), or saturate (tanh).
#
# **Rubric** (half points possible).
#
# - 1 point: zero weights give zero gradients to the kernels, *because* signal and returning gradient are 0;
#   the output bias (the targets' mean) is what is learned. "All units stay the same" (symmetry) without the vanishing gradients: half a point.
# - 1 point: tanh with LeCun's or Glorot's variance, with the reason (derivative about 1 near zero; keep the signal's, or
#   both the signal's and the gradient's variance). The name alone: half a point.
# - 1 point: ReLU with He's variance, with the reason (half of the signal is cut, so twice the variance). The
#   name alone: half a point.
