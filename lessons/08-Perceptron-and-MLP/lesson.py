# %% [markdown]
# # 08 · Perceptron and MLP: what can a network say that a line cannot, and how flexible should it be?
#
# How far does a car drive on a gallon? A straight line through its horsepower answers in one formula. A
# network answers more flexibly, and needs more data, time and care. We start from the line, make it
# more flexible step by step until it is a **multilayer perceptron** (MLP), and ask at every step what was gained,
# and when it was too much.
#
# **You will**
#
# - fit a line in two ways, by a formula and by walking down its loss, and find the step that is too long,
# - show that two linear layers are one, and see what a bend in between changes,
# - split an error into bias, variance and noise, and watch the three change with the degree of a polynomial,
# - run the rule of the perceptron where it ends, where it never ends, and where no line exists (XOR),
# - look at the regions of networks with 3, 6 and 20 hidden neurons over five random starts,
# - count parameters of Sequential and Functional models on paper, and say what `compile` does,
# - decide on the rows that you have: line, trees or network?
#
# **Time**: about a minute of computing on two CPU cores (quick profile), two hours with reading and exercises.
# **Before**: lesson 01.
#
# **Data**: [Auto MPG](https://archive.ics.uci.edu/dataset/9/auto+mpg) (Quinlan, 1993), 398 cars, 30 kB, CC BY 4.0;
# the irises that come with scikit-learn (Fisher, 1936; CC BY 4.0), 150 flowers; and points that we generate. Without a
# network the cars are generated ones, with other numbers.

# %% tags=["parameters"]
profile = "auto"  # "quick": a minute on a CPU; "full": more starts; "auto": full where there is a GPU
data = "auto"  # "real": Auto MPG or an error; "sample": generated cars; "auto": real if it can be had
seed = 0

# %% [markdown]
# ## 1. Setting up

# %%
from course_lib import runtime

run = runtime.setup(profile=profile, seed=seed, mixed_precision=False)

# %%
import keras
import numpy as np
import tensorflow as tf

from course_lib import datasets, plots, results

cars = datasets.load("auto_mpg", source=data)
found = results.Results("08-Perceptron-and-MLP", profile=run.profile, data=cars.kind)
print("inputs:", ", ".join(cars.feature_names), "| target:", cars.target_name)

# %% [markdown]
# Each row is a model of car sold in the USA between 1970 and 1982, with its **mpg**, miles per gallon (23.5 mpg are ten
# litres per 100 km). Six cars whose horsepower is unknown are left out. We fit on the training rows, choose on
# the validation rows, and look at the test rows once, in section 10. Our measure is the **root mean squared error** (RMSE),
# in mpg; the first thing to beat is the mean of the training cars, said of every car.


# %%
def rmse(predicted, true):
    return np.sqrt(np.mean((predicted - true) ** 2))


power = cars.feature_names.index("horsepower")
x_train, x_val = (
    cars.x_train[:, power] / 100,
    cars.x_val[:, power] / 100,
)  # hundreds of horsepower
found.record("mean_val_rmse", rmse(cars.y_train.mean(), cars.y_val))

# %% [markdown]
# ## 2. A line, and its bowl
#
# The simplest model says $\hat y = w x + b$. Behind it stands an assumption: $y = \eta + \varepsilon$ with
# $\eta = \beta_0 + \beta x$, a straight line and noise $\varepsilon \sim N(0, \sigma^2)$ that is the same everywhere.
# **Least squares** takes the $w$ and $b$ with the smallest loss
#
# $$L(w, b) = \frac1n \sum_{i=1}^{n} \big(y_i - (w x_i + b)\big)^2 ,$$
#
# which are also the most likely ones under that assumption. The **bias** $b$ is the weight of an input that is always 1. With a column of
# ones beside $x$, the matrix $A$, and $\theta = (w, b)$, the loss is $\frac1n \lVert y - A\theta \rVert^2$, and where its gradient
# is zero we have
#
# $$A^\top A\, \theta = A^\top y ,$$
#
# two equations for two unknowns: the **closed form**. They have one solution unless all $x_i$ are equal.

# %%
A = np.column_stack([x_train, np.ones_like(x_train)])
closed_form = np.linalg.solve(A.T @ A, A.T @ cars.y_train)
w, b = closed_form
print(f"mpg = {w:.2f} * (horsepower / 100) + {b:.2f}")
found.record("line_val_rmse", rmse(w * x_val + b, cars.y_val))

# %%
figure = plots.new_figure(
    "Miles per gallon against horsepower: a cloud that falls and bends, and a falling line."
)
axis = figure.subplots()
axis.plot(100 * x_train, cars.y_train, ".", color=plots.OKABE_ITO[0], label="training cars")
ends = np.array([x_train.min(), x_train.max()])
axis.plot(100 * ends, w * ends + b, color=plots.OKABE_ITO[1], label="least squares")
axis.set(xlabel="horsepower", ylabel="miles per gallon")
axis.legend()
plots.show(figure, caption="A line says that each further horsepower costs the same.")

# %% [markdown]
# The cars bend where the line cannot, and those with little power scatter more: a straight line with the same noise everywhere is only half the truth here.
#
# The second way needs no solver, and it is the one that scales to networks. **Gradient descent** starts anywhere and walks against the gradient
#
# $$\nabla L(\theta) = \frac2n A^\top (A\theta - y), \qquad \theta \leftarrow \theta - \gamma\, \nabla L(\theta),$$
#
# with a **learning rate** $\gamma$. How large may it be? The loss is a bowl whose curvature is the matrix $H = \frac2n A^\top A$. Along an eigenvector of $H$ with the
# eigenvalue $\lambda$ each step multiplies the distance to the bottom by $1 - \gamma\lambda$. That shrinks as long as
# $\gamma < 2/\lambda$, so the largest eigenvalue sets the limit, $2/\lambda_{\max}$.
#
# *Before you run the cell: we try 0.2, 0.99 and 1.01 times this limit. Which of the three ends at the bottom after 400 steps?
# Write it down.*


# %%
def descend(start, rate, steps):
    path = [np.array(start, dtype=float)]
    for _ in range(steps):
        gradient = 2 / len(A) * A.T @ (A @ path[-1] - cars.y_train)
        path.append(path[-1] - rate * gradient)
    return np.array(path)


# %%
limit = 2 / np.linalg.eigvalsh(2 / len(A) * A.T @ A).max()
for part in (0.2, 0.99, 1.01):
    away = np.abs(descend((30, 10), part * limit, 400) - closed_form).max(axis=1)
    print(
        f"{part:4} of the limit {limit:.3f}: {away[100]:.2g} away after 100 steps, {away[400]:.2g} after 400"
    )

# %% [markdown]
# <details><summary>Answer</summary>
#
# 0.99, nearly. It goes to and fro across the valley, each time a little less far. 1.01 overshoots by more than it corrects, and runs away. 0.2 does not overshoot, but
# along the valley the curvature is small and the way long: it is still on it. The ratio of the two curvatures decides how
# long descent takes.
#
# </details>
#
# Now the bowl itself, and walks from three starts.

# %%
grid_w, grid_b = np.meshgrid(np.linspace(-45, 35, 81), np.linspace(-5, 65, 71))
lines = grid_w[..., np.newaxis] * x_train + grid_b[..., np.newaxis]
bowl = np.mean((cars.y_train - lines) ** 2, axis=-1)
walks = [descend(start, 0.8 * limit, 3000) for start in [(30, 60), (-40, 5), (25, 0)]]
for walk in walks:
    assert np.allclose(walk[-1], closed_form, atol=1e-6)
print("three walks end at the closed form, to six digits behind the point")

# %%
figure = plots.new_figure(
    "The loss over w and b, one long bowl, and its contours with three walks to the lowest point.",
    height=3.9,
)
axis = figure.add_subplot(1, 2, 1, projection="3d")
axis.plot_surface(grid_w, grid_b, np.sqrt(bowl), cmap=plots.SEQUENTIAL)
axis.view_init(elev=32, azim=-60)
axis.set(xlabel="w", ylabel="b", title="root of the loss (mpg)")

axis = figure.add_subplot(1, 2, 2)
axis.contour(grid_w, grid_b, np.sqrt(bowl), [5, 6, 8, 11, 15, 20, 30, 40], cmap=plots.SEQUENTIAL)
for colour, walk in zip(plots.OKABE_ITO[1:], walks, strict=False):
    axis.plot(*walk.T, ".-", color=colour, markersize=4, linewidth=0.8)
axis.plot(*closed_form, "k*", markersize=13)
axis.set(xlabel="w (mpg per 100 horsepower)", ylabel="b (mpg)", xlim=(-45, 35), ylim=(-5, 65))
plots.show(figure, caption="One bowl, one minimum: every start leads to the star, the closed form.")

# %% [markdown]
# The square of something linear is **convex**: every local minimum is the global one. A network's loss has no such promise.
#
# ## 3. Several inputs, several outputs
#
# With three inputs and two outputs there is a weight for every pair, and a bias for every output. In Keras rows are examples:
#
# $$\hat Y = X W + b, \qquad X: (n, 3), \quad W: (3, 2), \quad b: (2).$$
#
# Textbooks with examples in columns write $W^\top X + b$, which is the same. Some inputs may be useless for some outputs. We make up data in which $y_2$ depends on $x_0$ and
# $x_2$ only, and see whether least squares notices.

# %%
rng = np.random.default_rng(seed)
true_weights = np.array([[2.0, 1.0], [-1.0, 0.0], [0.5, -3.0]])
inputs = rng.normal(size=(300, 3))
targets = inputs @ true_weights + [1.0, -2.0] + rng.normal(scale=0.1, size=(300, 2))

dense = keras.layers.Dense(2)
dense.build((None, 3))
print("shapes of a Dense layer's weights:", dense.kernel.shape, dense.bias.shape)
solution = np.linalg.lstsq(np.column_stack([inputs, np.ones(300)]), targets, rcond=None)[0]
dense.set_weights([solution[:3], solution[3]])
print(f"found weights, (inputs, outputs):\n{solution[:3].round(2)}")
assert np.allclose(dense(inputs), inputs @ solution[:3] + solution[3], atol=1e-4)

# %% [markdown]
# The weight from $x_1$ to the second output is 0 up to noise, found from the data. A `Dense` layer without an activation *is* this model.
#
# The cars have seven inputs. The last, origin, is a name in disguise (1, 2, 3 for USA, Europe, Japan): as a number it would say that Japan is three times the USA. So it becomes three
# columns of zeros and ones, **one-hot**. We also standardise, for later; least squares does not mind.


# %%
def columns(x):
    return np.column_stack([x[:, :-1], x[:, -1:] == [1, 2, 3]]).astype("float32")


means, spreads = columns(cars.x_train).mean(axis=0), columns(cars.x_train).std(axis=0)
inputs_train, inputs_val = (
    (columns(x) - means) / spreads for x in (cars.x_train, cars.x_val)
)
ones_train, ones_val = (
    np.column_stack([x, np.ones(len(x))]) for x in (inputs_train, inputs_val)
)
weights = np.linalg.lstsq(ones_train, cars.y_train, rcond=None)[0]
found.record("all_inputs_val_rmse", rmse(ones_val @ weights, cars.y_val))

# %% [markdown]
# ## 4. More layers?
#
# If one layer is good, two should be better. *Before you run the cell: how many of the 128 + 66 parameters below could we save without losing anything?*

# %%
two_layers = keras.Sequential(
    [keras.Input((3,)), keras.layers.Dense(32), keras.layers.Dense(2)]
)
W1, b1, W2, b2 = two_layers.get_weights()
b1, b2 = rng.normal(size=32).astype("float32"), rng.normal(size=2).astype("float32")
two_layers.set_weights([W1, b1, W2, b2])

some = inputs.astype("float32")
one_layer = some @ (W1 @ W2) + (b1 @ W2 + b2)
assert np.allclose(two_layers(some), one_layer, atol=1e-4)
count = (W1 @ W2).size + b2.size
print(
    f"{two_layers.count_params()} parameters in two layers, {count} in the one that equals them"
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# All but eight. $(XW_1 + b_1) W_2 + b_2 = X (W_1 W_2) + (b_1 W_2 + b_2)$: with the matrix $W_1 W_2$ and the bias
# $b_1 W_2 + b_2$ one layer says the same. This holds for any number of layers. Depth buys nothing as long as everything is linear.
#
# </details>
#
# ## 5. How flexible? Polynomials
#
# So we need bends. The oldest way is a **polynomial**, $\hat y = b_0 + b_1 x + \dots + b_d x^d$. It bends in $x$ but is linear in its coefficients, so
# the fit is still least squares. The degree $d$ sets its **capacity**: how many different functions it can be.
#
# We draw 15 training cars, no two of the same horsepower, and fit. `numpy.polynomial.Legendre` builds the same polynomials from other blocks than powers, on a range scaled
# to $[-1, 1]$: with powers of horsepower the equations would drown in rounding before the model overfits.

# %%
from numpy.polynomial import Legendre

reach = [x_train.min(), x_train.max()]


def fit_polynomial(degree, rows):
    return Legendre.fit(x_train[rows], cars.y_train[rows], degree, domain=reach)


draws = []
for k in range(50):
    shuffled = np.random.default_rng([seed, k]).permutation(len(x_train))
    first_of_its_power = np.sort(np.unique(x_train[shuffled], return_index=True)[1])
    draws.append(shuffled[first_of_its_power[:15]])

# %%
figure = plots.new_figure("Polynomials of degree 1, 2 and 10 through the same 15 cars.")
across, rows = np.linspace(*reach, 300), draws[0]
for axis, degree in zip(figure.subplots(1, 3, sharey=True), (1, 2, 10), strict=True):
    curve = fit_polynomial(degree, rows)(across)
    axis.plot(100 * x_val, cars.y_val, ".", color="0.75", label="left aside")
    axis.plot(100 * x_train[rows], cars.y_train[rows], "o", color=plots.OKABE_ITO[0], label="fitted")
    axis.plot(100 * across, curve, color=plots.OKABE_ITO[1])
    axis.set(xlabel="horsepower", title=f"degree {degree}", ylim=(0, 50))
figure.axes[0].set_ylabel("miles per gallon")
figure.axes[0].legend(fontsize=8)
plots.show(figure, caption="The same 15 cars each time; only the degree differs.")

# %% [markdown]
# *Before you go on: we repeat this for 50 draws of 15 cars. At which degree is the error on the 15 fitted cars smallest? And on the
# cars left aside?*

# %%
degrees = range(13)
errors = np.zeros((2, len(draws), len(degrees)))
for k, rows in enumerate(draws):
    for degree in degrees:
        fit = fit_polynomial(degree, rows)
        errors[0, k, degree] = rmse(fit(x_train[rows]), cars.y_train[rows])
        errors[1, k, degree] = rmse(fit(x_val), cars.y_val)
fitted, aside = np.median(errors, axis=1)
for degree in (0, 1, 2, 3, 5, 10):
    print(f"degree {degree:2}: RMSE {fitted[degree]:.2f} fitted, {aside[degree]:.2f} left aside")
found.record("best_degree", aside.argmin())
found.record("best_degree_rmse", aside.min())

# %%
figure = plots.new_figure(
    f"RMSE by degree. On the fitted cars it falls from {fitted[0]:.1f} to {fitted[12]:.1f}; on the cars "
    f"left aside it is lowest at degree {aside.argmin()} and then grows far out of the picture."
)
axis = figure.subplots()
axis.plot(degrees, fitted, "o-", color=plots.OKABE_ITO[0], label="15 fitted cars")
axis.plot(degrees, aside, "s--", color=plots.OKABE_ITO[1], label="cars left aside")
axis.set(xlabel="degree of the polynomial", ylabel="RMSE (mpg), median of 50", ylim=(0, 20))
axis.legend()
plots.show(
    figure,
    caption="The error on the fitted cars always falls; that on the others turns round.",
)

# %% [markdown]
# By the fitted points alone, the highest degree looks best: each degree contains the ones below it. (So $d = 10$
# looks best on the slides of ULiège, until points are left aside.) The points left aside say otherwise. The largest errors come from cars outside the range of the
# 15, and from gaps between them: there nothing holds the polynomial.
#
# Too little capacity is **underfitting**, too much is **overfitting**. The degree is only one way to set it. For a network it is the number of layers and neurons; few training steps and penalties
# (lesson 05) leave the functions possible but out of reach.
#
# ### Bias and variance
#
# Why does the error turn round? If we knew the true curve $f$ and could draw the data again and again, we could take the error apart. At a point $x$, over all
# training sets,
#
# $$\underbrace{\mathbb E\,(y - \hat f(x))^2}_{\text{error on new points}}
#   = \underbrace{\big(f(x) - \mathbb E \hat f(x)\big)^2}_{\text{bias}^2}
#   + \underbrace{\operatorname{Var} \hat f(x)}_{\text{variance}} + \underbrace{\sigma^2}_{\text{noise}} .$$
#
# Bias: how far the *average* fit is from the truth. Variance: how far single fits scatter about their average. Here we do know $f$, because we made it up: 25
# fixed places, 200 training sets that differ in their noise only.

# %%
places, sigma, n_sets = np.linspace(-1, 1, 25), 0.4, 200
truth = np.sin(4 * places) + places
noisy_sets = truth + np.random.default_rng([seed, 99]).normal(
    scale=sigma, size=(n_sets, 25)
)
fits = np.array(
    [
        [Legendre.fit(places, y, d, domain=[-1, 1])(places) for y in noisy_sets]
        for d in degrees
    ]
)
squared_bias = np.mean((fits.mean(axis=1) - truth) ** 2, axis=1)
variance = np.mean(fits.var(axis=1, ddof=1), axis=1)

# %%
figure = plots.new_figure("Twenty fits of degree 1, 4 and 12, their mean, and the true curve.")
for axis, degree in zip(figure.subplots(1, 3, sharey=True), (1, 4, 12), strict=True):
    mean = fits[degree].mean(axis=0)
    axis.plot(places, fits[degree, :20].T, color=plots.OKABE_ITO[5], linewidth=0.6)
    axis.plot(places, mean, color=plots.OKABE_ITO[0], label="mean of the fits")
    axis.plot(places, truth, "--", color="black", label="truth")
    axis.set(xlabel="x", title=f"degree {degree}")
figure.axes[0].set_ylabel("y")
figure.axes[0].legend(fontsize=8)
plots.show(figure, caption="Degree 1: all alike, and wrong. Degree 12: right on average, all different.")

# %%
figure = plots.new_figure("Squared bias, variance and their sum with the noise, by degree.")
axis = figure.subplots()
axis.plot(
    degrees, squared_bias + variance + sigma**2, "k-", label="expected error on new points"
)
axis.plot(degrees, squared_bias, "o-", color=plots.OKABE_ITO[0], label="bias²")
axis.plot(degrees, variance, "s--", color=plots.OKABE_ITO[1], label="variance")
axis.axhline(sigma**2, color="0.6", linestyle=":", label="noise σ²")
axis.set(xlabel="degree of the polynomial", ylabel="squared error", ylim=(0, 0.7))
axis.legend(fontsize=8)
plots.show(
    figure,
    caption="Bias falls, variance rises by the same amount with each coefficient, noise stays.",
)

# %% [markdown]
# The variance rises along a straight line: least squares with $d + 1$ coefficients on $n$ points has the mean variance
# $\sigma^2 (d+1)/n$ at these points, whatever $f$ is. Each coefficient costs $\sigma^2/n$; more data pay for more flexibility.

# %%
law = sigma**2 * (np.array(degrees) + 1) / len(places)
print(
    "variance measured / by the law:",
    (variance / law)[[1, 4, 12]].round(2),
    "at degrees 1, 4, 12",
)
found.record("variance_over_law", np.mean(variance / law))
lowest = int((squared_bias + variance).argmin())
print(
    f"expected error lowest at degree {lowest}: {squared_bias[lowest]:.3f} + {variance[lowest]:.3f}"
)

# %% [markdown]
# Polynomials have two more troubles. One must know beforehand that powers are the right bends. And they get expensive: all terms up to degree $d$ in $k$ inputs are
# $\binom{k+d}{d}$. Our seven inputs at degree 10 need 19,448 coefficients, for 235 cars. We want bends that the data choose.
#
# ## 6. The perceptron: a yes or no
#
# A neuron in the brain gathers what arrives, and fires if that is enough. Its model (McCulloch and Pitts, 1943; Rosenblatt,
# 1958) adds up and asks for the sign:
#
# $$z = \sum_j w_j x_j + b, \qquad \hat y = \begin{cases} 1 & z > 0 \\ 0 & \text{else.} \end{cases}$$
#
# That **step function** is the first activation. The **perceptron** learns from one example at a time. If it is right, nothing changes; if it is wrong, the example is added or taken away:
#
# $$w \leftarrow w + (y - \hat y)\, x .$$
#
# It is the slides' $w + f(x, y) - f(x, \hat y)$ with $f(x, y) = y\,x$.


# %%
def perceptron(x, y, epochs, rng):
    """Return the weights after each epoch, the bias last, and the number of mistakes in each."""
    x = np.column_stack([x, np.ones(len(x))])  # the bias is the weight of a constant input
    weights, history, mistakes = np.zeros(x.shape[1]), [], []
    while len(history) < epochs and 0 not in mistakes:
        wrong = 0
        for row in rng.permutation(len(x)):
            error = y[row] - (x[row] @ weights > 0)
            weights = weights + error * x[row]
            wrong += abs(error)
        history.append(weights)
        mistakes.append(int(wrong))
    return np.array(history), mistakes


# %% [markdown]
# Two tasks, from the petals of three kinds of iris: setosa or versicolor, and versicolor or virginica.

# %%
from sklearn.datasets import load_iris

petals, kinds = load_iris().data[:, 2:], load_iris().target


def line_score(weights):
    return lambda points: points @ weights[:2] + weights[2]


# %%
flowers, best_weights = {}, {}
tasks = {"setosa or versicolor": [0, 1], "versicolor or virginica": [1, 2]}
for task, pair in tasks.items():
    asked = np.isin(kinds, pair)
    x, y = flowers[task] = petals[asked], kinds[asked] - pair[0]
    history, mistakes = perceptron(x, y, 200, np.random.default_rng(seed))
    right = [np.mean((line_score(weights)(x) > 0) == y) for weights in history]
    best_weights[task] = history[np.argmax(right)]
    print(f"{task}: {len(history)} epochs, {mistakes[-1]} mistakes in the last")
    print(f"share right after the best epoch {max(right):.2f}, after the worst {min(right):.2f}")
found.record("pocket_accuracy", max(right))

# %%
plots.show(
    plots.decision_regions(
        {task: (*flowers[task], line_score(best_weights[task])) for task in flowers},
        axis_labels=("petal length (cm)", "petal width (cm)"),
        class_names=("first kind", "second kind"),
    ),
    caption="The best line that the perceptron met. Left the kinds can be separated, right they cannot.",
)

# %% [markdown]
# On the left the rule makes some mistakes and then no more, for ever. On the right it would never end. Both can be proved. If
# a line through the origin of the space with the constant input separates the classes, with every example at least a margin $m$ away from it and none longer than $R$, the rule makes at most $(R/m)^2$ mistakes, in
# any order (Novikoff, 1962). If no line does, each pass has a mistake, and the weights wander: good after one epoch, bad after the next. The **pocket** trick
# keeps the best weights seen, as we did for the picture.
#
# ### XOR
#
# *A question for paper: put 0 or 1 on the corners of a square so that no line separates them. How few corners do you need?*
#
# <details><summary>Answer</summary>
#
# Four: (0,0) and (1,1) get 0, (0,1) and (1,0) get 1, "one or the other, not both" (XOR). Three points that do not lie on a line can always be separated. And for the four: a perceptron would need
# $b \le 0$, $w_1 + b > 0$, $w_2 + b > 0$ and $w_1 + w_2 + b \le 0$. Adding the two in the middle gives $w_1 + w_2 + 2b > 0$, adding the outer ones $w_1 + w_2 + 2b \le 0$.
#
# </details>

# %%
corners, xor = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
history, mistakes = perceptron(corners, xor, 1000, np.random.default_rng(seed))
right = [np.sum((line_score(weights)(corners) > 0) == xor) for weights in history]
print(
    f"{len(history)} epochs, none without a mistake; at best {max(right)} of 4 corners right"
)
assert min(mistakes) > 0

# %% [markdown]
# > **Correction.** The slides "Foundations and practicing" (line 338) say that linear models do not work so well on "multidimensional data (many covariants)". The number of inputs is not
# > the reason. XOR has two, and with more inputs than examples a line, or what is flat in more dimensions, can nearly always separate the classes. The reason is that the *border* is bent.
#
# ### Why a step cannot learn by gradients
#
# Several perceptrons, one behind the other, could bend the border. But how should those in front learn? We walk along one weight of the flower classifier and look at the share of mistakes.

# %%
(x, y), best = flowers["versicolor or virginica"], best_weights["versicolor or virginica"]
along = best[0] * np.linspace(0.6, 1.4, 400)
scores = along[:, np.newaxis] * x[:, 0] + best[1] * x[:, 1] + best[2]
shares = np.mean((scores > 0) != y, axis=1)
smooth = np.mean(np.logaddexp(0, np.where(y == 1, -scores, scores)), axis=1)

# %%
figure = plots.new_figure(
    "Along one weight, the share of mistakes is a staircase, the cross-entropy a smooth valley.",
    height=2.8,
)
names = ("step: share of mistakes", "sigmoid: cross-entropy")
for axis, values, name in zip(figure.subplots(1, 2), (shares, smooth), names, strict=True):
    axis.plot(along, values, color=plots.OKABE_ITO[0])
    axis.set(xlabel="weight of the petal length", ylabel=name)
plots.show(
    figure,
    caption="The staircase is flat but for its jumps. The smooth loss points downhill.",
)

# %% [markdown]
# The step's slope is 0 everywhere but at the jump, where it has none: no gradient says where to go. With a smooth **sigmoid**,
# $\sigma(z) = 1/(1 + e^{-z})$, and the cross-entropy it does, and the descent of section 2 works. The answer is then a probability.
#
# ## 7. A hidden layer
#
# What do several neurons say together? We solve XOR by hand, with two **hidden** neurons and the activation $\mathrm{relu}(z) = \max(0, z)$ (Goodfellow et al., 2016, section 6.1):
#
# $$h_1 = \mathrm{relu}(x_1 + x_2), \qquad h_2 = \mathrm{relu}(x_1 + x_2 - 1), \qquad z = h_1 - 2 h_2 - \tfrac12 .$$

# %%
by_hand = keras.Sequential(
    [keras.Input((2,)), keras.layers.Dense(2, "relu"), keras.layers.Dense(1)]
)
W1, b1, W2, b2 = np.ones((2, 2)), np.array([0, -1]), np.array([[1], [-2]]), np.array([-0.5])
by_hand.set_weights([W1, b1, W2, b2])
hidden = by_hand.layers[0](corners.astype("float32")).numpy()
print(f"hidden neurons (h1, h2) at the four corners: {hidden.tolist()}")

# %%
panels = {
    "inputs $x_1$, $x_2$": (corners, xor, lambda x: by_hand(x.astype("float32"))),
    "hidden neurons $h_1$, $h_2$": (hidden, xor, lambda h: h @ [1, -2] - 0.5),
}
figure = plots.decision_regions(panels, axis_labels=("first", "second"), class_names=("0", "1"))
plots.show(figure, caption="The hidden layer moves the corners so that one line is enough.")

# %% [markdown]
# The hidden neurons are new features, and the last layer is a plain perceptron on them. $h_2$ is *switched off* at three of the corners: its activation cancels its contribution, and
# the network is another linear function there. Every bend comes from a neuron that switches. A second hidden layer would make features of features.
#
# ### 3, 6 and 20 neurons
#
# By hand no more. Two spirals of one and a half turns, 600 points to train on, 2,000 to test, tanh neurons. *Predict: the line first, and which of 3, 6 and 20 neurons are enough?*


# %%
def spirals(n, rng):
    turn, label = np.sqrt(rng.random(n)), rng.integers(0, 2, n)
    angle = 2 * np.pi * 1.5 * turn + np.pi * label
    arms = turn[:, np.newaxis] * np.column_stack([np.cos(angle), np.sin(angle)])
    return (arms + rng.normal(scale=0.02, size=(n, 2))).astype("float32"), label


def compiled(layers, loss, rate, steps):
    network = keras.Sequential(layers)
    # The learning rate falls to zero at the end.
    schedule = keras.optimizers.schedules.CosineDecay(rate, steps)
    network.compile(keras.optimizers.Adam(schedule), loss, steps_per_execution=100)
    return network


# %% [markdown]
# One start tells little: another one may end in another valley. So each network is trained from several, five in the quick profile. Compiling takes longer than such a training, so we compile once and begin again with new
# random weights and an optimiser that has forgotten everything. Every step uses all points, and `steps_per_execution=100` makes Keras take a hundred steps before it comes back to
# Python, which only saves time.


# %%
def train(network, x, y, start, steps):
    """Train from the random weights that belong to this start; return a copy."""
    keras.utils.set_random_seed(start)
    network.set_weights(keras.models.clone_model(network).get_weights())
    for variable in network.optimizer.variables:
        variable.assign(keras.ops.zeros_like(variable))  # its step count and running means
    whole = tf.data.Dataset.from_tensor_slices((x, y)).batch(len(x)).cache().repeat()
    network.fit(whole, steps_per_epoch=steps, epochs=1, verbose=0)
    trained = keras.models.clone_model(network)
    trained.set_weights(network.get_weights())
    return trained


def accuracy(network, x, y):
    return np.mean((np.asarray(network(x))[:, 0] > 0) == y)


# %%
from sklearn.linear_model import LogisticRegression

steps = 900 if run.quick else 5000
rng = np.random.default_rng([seed, 7])
(x_spiral, y_spiral), (x_new, y_new) = spirals(600, rng), spirals(2000, rng)
starts = [100 * seed + k for k in range(5 if run.quick else 20)]
log_loss = keras.losses.BinaryCrossentropy(from_logits=True)
classifiers = {}
for width in (3, 6, 20):
    dense = [keras.layers.Dense(width, "tanh"), keras.layers.Dense(1)]
    classifiers[width] = compiled([keras.Input((2,)), *dense], log_loss, 0.1, steps)
line = LogisticRegression().fit(x_spiral, y_spiral)
found.record("spiral_line_accuracy", line.score(x_new, y_new))

# %%
panels = {}
for width, network in classifiers.items():
    trained = sorted(
        (train(network, x_spiral, y_spiral, start, steps) for start in starts),
        key=lambda copy: accuracy(copy, x_new, y_new),
    )
    reached = [accuracy(copy, x_new, y_new) for copy in trained]
    print(f"{width:2} neurons, {network.count_params():2} parameters: {np.round(reached, 3)}")
    found.record(f"spiral_{width}_neurons_accuracy", np.median(reached))
    median = trained[len(starts) // 2]
    panels[f"{width} neurons, test {np.median(reached):.2f}"] = (x_spiral, y_spiral, median)

# %%
plots.show(
    plots.decision_regions(panels),
    caption=f"For each width the start with the median test accuracy of {len(starts)}.",
)

# %% [markdown]
# Each tanh neuron gives one straight, soft fold, and the border is put together from them. Few folds cannot follow the windings; twenty can. What we see is the network *and* its training: other
# starts end elsewhere, and another optimiser may get less, or more, out of the same neurons (exercise 3).
#
# The spirals have hardly any noise and many points. There flexibility costs nothing. Now **half-moons** that overlap, with 60 points, drawn anew for each start. *Predict: a line, 3 or 20 neurons, which is best now?*

# %%
from sklearn.datasets import make_moons

x_far, y_far = make_moons(4000, noise=0.4, random_state=1000 + seed)
moons = [make_moons(60, noise=0.4, random_state=start) for start in starts]
moons = [(x.astype("float32"), y) for x, y in moons]
lines = [LogisticRegression().fit(*pair) for pair in moons]
panels = {"a line": (*moons[0], lines[0].decision_function)}
scores = {"line": [(m.score(*moons[k]), m.score(x_far, y_far)) for k, m in enumerate(lines)]}

# %%
for width in (3, 20):
    network = classifiers[width]
    copies = [train(network, *moons[k], start, steps) for k, start in enumerate(starts)]
    panels[f"{width} neurons"] = (*moons[0], copies[0])
    scores[f"{width}_neurons"] = [
        (accuracy(copy, *moons[k]), accuracy(copy, x_far, y_far))
        for k, copy in enumerate(copies)
    ]

# %%
for name, pairs in scores.items():
    (own, new), spread = np.mean(pairs, axis=0), np.std(pairs, axis=0, ddof=1)[1]
    print(
        f"{name:10}: {own:.2f} on its own 60 points, {new:.3f} ± {spread:.3f} on 4,000 new ones"
    )
    found.record(f"moons_{name}_accuracy", new)
plots.show(
    plots.decision_regions(panels),
    caption="The first of the sets, and what a line and two networks make of it.",
)

# %% [markdown]
# On its own points the wide network is the best; on new points it is not. On 60 such noisy points what the line
# cannot say costs less than what the networks learn by heart. It is section 5 once more, with a border in place of a curve: the
# line has bias, twenty neurons have variance. There is no right width as such: it depends on the noise and on the number of points.
#
# ## 8. Counting, and what `compile` does
#
# A `Dense` layer from $p$ to $q$ neurons has $p\,q$ weights and $q$ biases. *On paper first: 10 inputs, then layers of 10, 20, 10 and 1 neurons. How many parameters?*
#
# <details><summary>Answer</summary>
#
# $(10 \cdot 10 + 10) + (10 \cdot 20 + 20) + (20 \cdot 10 + 10) + (10 \cdot 1 + 1) = 110 + 220 + 210 + 11 = 551$.
#
# </details>

# %%
layers = keras.layers
sequential = keras.Sequential([keras.Input((10,))])
for neurons in (10, 20, 10):
    sequential.add(layers.Dense(neurons, "relu"))
sequential.add(layers.Dense(1))

h = inputs_of = keras.Input((10,))
for neurons in (10, 20, 10):
    h = layers.Dense(neurons, "relu")(h)
functional = keras.Model(inputs_of, layers.Dense(1)(h))

# %%
print("per layer:", [layer.count_params() for layer in sequential.layers])
print("Sequential:", sequential.count_params(), "| Functional:", functional.count_params())
functional.set_weights(sequential.get_weights())
some = rng.normal(size=(4, 10)).astype("float32")
assert np.allclose(functional(some), sequential(some), atol=1e-6)

# %% [markdown]
# **Sequential** is a list of layers; **Functional** calls layers on tensors, and so allows branches. With the same weights they compute the same.
#
# > **Correction.** The slides "Advanced deep learning techniques" (lines 455–467) write `model.add(10, …)`. That stops with an error, since a number is no layer: `Dense(10, …)` is meant, with a `keras.Input` in front in Keras 3.
#
# The next one is a trap. The input is a table of 10 rows with 5 numbers each. *How many parameters have the layers of 100, 20 and 1 neurons, and what is the shape of the output?*


# %%
def dense_layers():
    return [layers.Dense(100, "relu"), layers.Dense(20, "relu"), layers.Dense(1)]


row_by_row = keras.Sequential([keras.Input((10, 5)), *dense_layers()])
flattened = keras.Sequential([keras.Input((10, 5)), layers.Flatten(), *dense_layers()])
for network in (row_by_row, flattened):
    counts = [layer.count_params() for layer in network.layers]
    print(counts, f"= {network.count_params():,}, output {network.output_shape}")

# %% [markdown]
# `Dense` works on the **last axis**: each of the ten rows goes through the same network, and gets an output of its own. $5 \cdot 100 + 100 = 600$, $100 \cdot 20 + 20 = 2{,}020$ and 21 make 2,641.
# Only `Flatten` makes 50 inputs and one output, and then there are $5{,}100 + 2{,}020 + 21 = 7{,}141$. (`row_by_row.summary()` shows this as a table.)
#
# > **Correction.** The slides "Overview of deep learning, and Keras" (lines 431–456) print 200 in the middle line of this table; it is 2,020, as their total of 2,641 needs. They speak of 50 inputs and 1 output; it is 5 inputs, for each of ten rows.
#
# Two inputs, one output, as only Functional can say it:

# %%
first, second = keras.Input((16,), name="first"), keras.Input((32,), name="second")
branches = [layers.Dense(8, "relu")(first), layers.Dense(8, "relu")(second)]
joined = layers.Concatenate()(branches)
two_inputs = keras.Model([first, second], layers.Dense(4)(joined))
counts = [layer.count_params() for layer in two_inputs.layers if layer.count_params()]
print(
    "joined:",
    joined.shape[1],
    "| per layer:",
    counts,
    "| total:",
    two_inputs.count_params(),
)

# %% [markdown]
# $136 + 264 + 68 = 468$; joining has no parameters and puts $8 + 8 = 16$ numbers side by side.
#
# > **Correction.** The same slides (lines 487–511) use `concatenate` without importing it, so their model does not run, and call its result `added`, though nothing is added.
#
# None of these models was compiled, and yet they compute. So what does `compile` do?

# %%
outputs_before = np.asarray(sequential(some))
try:
    sequential.fit(some, np.zeros((4, 1)), verbose=0)
except ValueError as error:
    print("fit:", str(error).split(".")[0])
sequential.compile(keras.optimizers.SGD(learning_rate=0.1), loss="mse", metrics=["mae"])
assert np.array_equal(outputs_before, np.asarray(sequential(some)))
reported = sequential.evaluate(some, np.zeros((4, 1)), verbose=0, return_dict=True)
print("after compile: the same outputs, and evaluate reports", list(reported))

# %% [markdown]
# `compile` attaches three things: an **optimizer** (which owns the learning rate), a **loss** to lower and **metrics** to report. `fit` needs the first two, `evaluate` the loss; calling the model needs none. It changes no weight and no output.
#
# > **Correction.** It does not "transform a sequence of layers into matrix transforms" (the same slides, lines 460–470): building the layers made the matrices. And the learning rate is the optimizer's, no argument beside it.
#
# ## 9. When is a network worth it?
#
# A map first. **Artificial intelligence** includes hand-written if-then rules. **Machine learning** is its part in which the rule is found from data: linear regression, decision trees and forests,
# support vector machines, K-means. **Deep learning** is the part of that in which the features are found as well, layer by layer.
#
# For our cars we compare the line, a **random forest** (100 decision trees) and a network with two layers of 64 neurons on 20 to 235 training cars: nine draws of 20 and of 40 cars, three of more. All see the same
# nine columns and are judged by the validation cars, which also helped us to choose the network's penalty and rate among five settings. *Predict: with how many cars is the network the best, with how many the worst?*

# %%
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression


def hidden_layer():
    return layers.Dense(64, "relu", kernel_regularizer=keras.regularizers.L2(0.01))


stack = [keras.Input((9,)), hidden_layer(), hidden_layer(), layers.Dense(1)]
regressor = compiled(stack, "mse", 0.01, 300)
middle, scale = cars.y_train.mean(), cars.y_train.std()


def fit_network(x, y, start):
    trained = train(regressor, x, ((y - middle) / scale).astype("float32"), start, 300)
    return lambda new: middle + scale * np.asarray(trained(new))[:, 0]


# %%
methods = {
    "line": lambda x, y, start: LinearRegression().fit(x, y).predict,
    "forest": lambda x, y, k: RandomForestRegressor(100, random_state=k).fit(x, y).predict,
    "network": fit_network,
}
sizes, n_draws = [20, 40, 80, len(inputs_train)], [9, 9, 3, 3]


def error_on_a_draw(method, size, k):
    rows = np.random.default_rng([seed, k]).permutation(len(inputs_train))[:size]
    predict = method(inputs_train[rows], cars.y_train[rows], 100 * seed + k)
    return rmse(predict(inputs_val), cars.y_val)


# %%
errors_of = {
    name: [
        np.array([error_on_a_draw(method, size, k) for k in range(n)])
        for size, n in zip(sizes, n_draws, strict=True)
    ]
    for name, method in methods.items()
}

# %%
figure = plots.new_figure(
    "Validation RMSE of line, forest and network by the number of training cars."
)
axis = figure.subplots()
axis.set_prop_cycle(color=plots.OKABE_ITO)
for (name, values), style in zip(errors_of.items(), ("o-", "s--", "^:"), strict=True):
    spreads_of = [v.std(ddof=1) for v in values]
    axis.errorbar(sizes, [v.mean() for v in values], spreads_of, fmt=style, label=name, capsize=3)
    found.record(f"{name}_all_rows_rmse", values[-1].mean())
axis.set(xscale="log", xlabel="training cars (logarithmic)", ylabel="validation RMSE (mpg)")
axis.set_xticks(sizes, sizes)
axis.minorticks_off()
axis.legend()
plots.show(figure, caption="Mean and standard deviation over the draws of rows and starts.")

# %%
from IPython.display import Markdown

few, many = (sorted(methods, key=lambda name: errors_of[name][i].mean()) for i in (0, -1))
chosen = many[0]
Markdown(
    f"From the smallest error to the largest: with {sizes[0]} cars {', '.join(few)}; "
    f"with all {sizes[-1]} {', '.join(many)}. "
    f"By the validation cars, and before we look at the test cars, we choose the **{chosen}**."
)

# %% [markdown]
# Look at the bars before you believe an order. Two better questions: on the *same* cars, which method is ahead? And how much does a line depend on its 20 cars? A line is fitted in a
# millisecond, so there we can afford 200 draws.

# %%
for name in ("forest", "network"):
    pairs = [errors_of[name][i] / errors_of["line"][i] for i in (0, 1)]
    ratios = np.concatenate(pairs)
    print(f"{name}: better than the line on {np.sum(ratios < 1)} of 18 draws of 20 or 40 cars")
    found.record(f"{name}_over_line_few_rows", np.median(ratios))
line_errors = [error_on_a_draw(methods["line"], 20, k) for k in range(200)]
low, half, high = np.quantile(line_errors, [0.1, 0.5, 0.9])
print(f"a line on 20 cars: half of 200 draws below {half:.2f}, a tenth below {low:.2f}, a tenth above {high:.2f}")
found.record("line_20_rows_rmse", half)
found.record("line_20_rows_worst_tenth_rmse", high)

# %% [markdown]
# A line has ten weights here and 20 cars to find them. The network has thousands, but its penalty and its few steps hold them back: counting weights does not tell how flexible a model is.
# What usually decides:
#
# - **A line** where one must be able to read the weights, or where nothing does better. It is the baseline that any other model has to beat.
# - **Trees** on tables of up to tens of thousands of rows with columns of different kinds. They need no scaling and little tuning, and are still hard to beat there (Grinsztajn et al., 2022).
# - **A network** where there is much data, where the border is bent in ways that nobody can write down, and above all where the inputs are images, sound, text or series: there the features must be found as well. It wants
#   scaled inputs, a validation set and patience.
#
# ## 10. The test set, once
#
# Now all 313 training and validation cars may teach. Beside our three we run the recipe of TensorFlow's tutorial on the same cars ("Basic regression: predict fuel efficiency"): the same two layers of 64, without a penalty, Adam at
# 0.001, mean absolute error (`mae`), 100 epochs on 80 % of the rows.

# %%
x_both, x_test = columns(np.concatenate([cars.x_train, cars.x_val])), columns(cars.x_test)
mpg_both = np.concatenate([cars.y_train, cars.y_val])
normalizer = layers.Normalization()
normalizer.adapt(x_both[:250])
hidden = [layers.Dense(64, "relu"), layers.Dense(64, "relu")]
tutorial = keras.Sequential([keras.Input((9,)), normalizer, *hidden, layers.Dense(1)])
tutorial.compile(keras.optimizers.Adam(0.001), "mean_absolute_error", steps_per_execution=8)
history = tutorial.fit(x_both[:250], mpg_both[:250], epochs=100, verbose=0)

# %%
predictions = {"mean": np.full(len(x_test), mpg_both.mean())}
for name, method in methods.items():
    predict = method((x_both - means) / spreads, mpg_both, seed)
    predictions[name] = predict((x_test - means) / spreads)
predictions["tutorial"] = np.asarray(tutorial(x_test))[:, 0]
misses = {name: np.abs(said - cars.y_test) for name, said in predictions.items()}
for name, miss in misses.items():
    found.record(f"{name}_test_rmse", np.sqrt(np.mean(miss**2)))
    found.record(f"{name}_test_mae", miss.mean())

# %%
figure = plots.new_figure("Predicted against true mpg of the test cars, for the line and for our choice.")
for axis, name in zip(figure.subplots(1, 2, sharey=True), ("line", chosen), strict=True):
    axis.axline((10, 10), slope=1, color="0.7")
    axis.plot(cars.y_test, predictions[name], ".", color=plots.OKABE_ITO[0])
    axis.set(xlabel="true miles per gallon", title=name)
figure.axes[0].set_ylabel("predicted miles per gallon")
plots.show(figure, caption="The test cars. On the grey diagonal a prediction would be right.")

# %%
gain = misses["line"] - misses[chosen]
resampled = np.random.default_rng(seed).choice(gain, (4000, len(gain))).mean(axis=1)
low, high = np.quantile(resampled, [0.025, 0.975])
print(
    f"the {chosen} misses by {gain.mean():.2f} mpg less than the line, 95 %: {low:.2f} to {high:.2f}"
)

# %% [markdown]
# The interval comes from drawing the test cars again and again. If it holds zero, 79 cars are too few to tell the two apart. And one split and one start are behind every number here: the second decimal is noise. Where the test cars prefer another method than the
# validation cars did, we say so but do not choose again: the test set would become a second validation set.
#
# ## 11. Your turn
#
# **Exercise 1.** Write `count_dense(widths)`: how many parameters a stack of dense layers has. `widths` begins with the number of inputs.
# Expected: 551 for (10, 10, 20, 10, 1); and 896,210 for (784, 1000, 100, 100, 10), the MLP that the slides of ULiège write in PyTorch, on MNIST.


# %% tags=["exercise"]
def count_dense(widths):
    """Number of weights and biases of dense layers with these widths, the inputs first."""
    return None  # your code


answers = (count_dense((10, 10, 20, 10, 1)), count_dense((784, 1000, 100, 100, 10)))
print(
    "Right."
    if answers == (551, 896_210)
    else f"Not yet: expected (551, 896210), got {answers}."
)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `zip(widths, widths[1:])` gives the pairs. In Keras the network is `keras.Sequential([keras.Input((784,)), *(keras.layers.Dense(n, "relu") for n in (1000, 100, 100)), keras.layers.Dense(10)])`.
#
# </details>
#
# **Exercise 2.** XOR with *steps*: find weights and biases of two hidden neurons that say "at least one" and "both", and of the one behind them.
# Expected: `step_network(corners)` gives 0, 1, 1, 0.


# %% tags=["exercise"]
def step(z):
    return (z > 0).astype(int)


def step_network(x):
    """Two step neurons and one behind them, on x of shape (n, 2); returns n zeros and ones."""
    return None  # your code: step(step(x @ W + b) @ v + c)


answer = step_network(corners)
good = answer is not None and np.array_equal(answer, xor)
print("Right." if good else f"Not yet: expected {xor}, got {answer}.")

# %% [markdown]
# <details><summary>Hint</summary>
#
# "At least one" is $x_1 + x_2 > \frac12$, "both" is $x_1 + x_2 > \frac32$. XOR is the first and not the second.
#
# </details>
#
# **Exercise 3.** Give the half-moons 600 points in place of 60, then a noise of 0.1. Predict each time which width is best. And train the spirals with another optimiser:
# `sklearn.neural_network.MLPClassifier([6], activation="tanh", solver="lbfgs", max_iter=2000, random_state=k)`.
#
# <details><summary>Hint</summary>
#
# Change `make_moons(60, noise=0.4, …)` and the `noise` of the 4,000 new points. Compare with the line each time.
#
# </details>
#
# ## What we saw

# %%
Markdown(f"""
- On the validation cars the mean missed by {found["mean_val_rmse"]:.2f} mpg (RMSE), a line through the horsepower by {found["line_val_rmse"]:.2f}, a line through all
  inputs by {found["all_inputs_val_rmse"]:.2f}. Descent ended where the formula did, below a rate of $2/\\lambda_{{\\max}}$.
- With 15 cars the best degree was {found["best_degree"]:.0f}; the error on the fitted cars fell all the way. Variance was
  {found["variance_over_law"]:.2f} times $\\sigma^2 (d+1)/n$ on the mean.
- The perceptron ended on two kinds of iris, not on the other two (best {found["pocket_accuracy"]:.2f}) nor on XOR.
""")

# %%
Markdown(f"""
- Spirals, test accuracy: line {found["spiral_line_accuracy"]:.2f}, and 3, 6, 20 neurons {found["spiral_3_neurons_accuracy"]:.2f}, {found["spiral_6_neurons_accuracy"]:.2f},
  {found["spiral_20_neurons_accuracy"]:.2f}. Noisy half-moons: line {found["moons_line_accuracy"]:.2f}, 3 neurons {found["moons_3_neurons_accuracy"]:.2f},
  20 neurons {found["moons_20_neurons_accuracy"]:.2f}: the other way round.
- Cars, 20 rows: a line {found["line_20_rows_rmse"]:.2f} mpg (median); with 20 or 40 the forest's error was {found["forest_over_line_few_rows"]:.2f} times the line's, the network's {found["network_over_line_few_rows"]:.2f} times (medians). All rows: line
  {found["line_all_rows_rmse"]:.2f}, forest {found["forest_all_rows_rmse"]:.2f}, network {found["network_all_rows_rmse"]:.2f}.
- Test cars, mean absolute error: mean {found["mean_test_mae"]:.2f}, line {found["line_test_mae"]:.2f}, the {chosen} that we chose {found[f"{chosen}_test_mae"]:.2f}, the tutorial's recipe
  {found["tutorial_test_mae"]:.2f}.
""")

# %% [markdown]
# **To try next**: give the network of section 9 no penalty; replace relu by tanh; leave out the model year. How many layers and neurons in general? There is no formula; start with few, and let the validation set decide (Brownlee, 2018).
#
# ## References
#
# - Brownlee, J. (2018). [How to configure the number of layers and nodes in a neural network](https://machinelearningmastery.com/how-to-configure-the-number-of-layers-and-nodes-in-a-neural-network/).
# - Géron, A. (2022). *Hands-on machine learning with Scikit-Learn, Keras and TensorFlow*, 3rd edition, chapters 4 and 10.
# - Goodfellow, I., Bengio, Y. and Courville, A. (2016). [*Deep learning*](https://www.deeplearningbook.org), sections 5.2 to 5.4 and 6.1.
# - Grinsztajn, L., Oyallon, E. and Varoquaux, G. (2022). *Why do tree-based models still outperform deep learning on typical tabular data?* NeurIPS.
# - Hastie, T., Tibshirani, R. and Friedman, J. (2009). *The elements of statistical learning*, section 7.3 (bias and variance).
# - Howard, J. and Gugger, S. (2020). [*Deep learning for coders with fastai and PyTorch*](https://github.com/fastai/fastbook), chapter 4.
# - McCulloch, W. S. and Pitts, W. (1943). *A logical calculus of the ideas immanent in nervous activity.* Bulletin of Mathematical Biophysics 5.
# - Minsky, M. and Papert, S. (1969). *Perceptrons.* MIT Press.
# - Novikoff, A. B. J. (1962). *On convergence proofs on perceptrons.* Symposium on the Mathematical Theory of Automata.
# - Quinlan, J. R. (1993). *Combining instance-based and model-based learning.* ICML.
# - Rosenblatt, F. (1958). *The perceptron.* Psychological Review 65(6).
# - Sanderson, G. (2017). [*Neural networks*](https://www.3blue1brown.com/topics/neural-networks), 3Blue1Brown.
# - TensorFlow. [*Basic regression: predict fuel efficiency*](https://www.tensorflow.org/tutorials/keras/regression).
# - Zhang, A., Lipton, Z. C., Li, M. and Smola, A. J. (2023). [*Dive into deep learning*](https://d2l.ai), chapters 3 to 5.
# - Slides: "Advanced deep learning techniques" (Materna); "Overview of deep learning, and Keras"; "Foundations and practicing"; the three courses of ULiège (Boudart).
