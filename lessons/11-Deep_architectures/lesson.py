# %% [markdown]
# # 11 · Deep architectures: what lets a gradient through fifty layers?
#
# The first layer of a network learns only from the gradient that reaches it. On its way back through fifty layers the gradient is multiplied fifty times, by slopes of
# activations and by weights, and a product of fifty factors is rarely near 1. We measure how activations, widths and connections decide what arrives, train stacks of 10, 30 and 50 layers, and then read the
# famous architectures as answers to this question.
#
# **You will**
#
# - compare eight activations: slopes, cost, exact zeros, units that stop responding,
# - follow a gradient through ten layers, and correct what two slide decks say about it,
# - check $\partial L/\partial x$ of a residual block against its formula,
# - train plain, residual and dense stacks from three starts each,
# - ask what depth is good for when the number of parameters is fixed,
# - build one block of LeNet-5, AlexNet, VGG, Inception, ResNet, ResNeXt and DenseNet, and count it,
# - draw graphs with shared inputs, several inputs and several outputs, in Keras 3.
#
# **Time**: two minutes of computing on two CPU cores (quick profile), three hours with reading and exercises. **Before**: lessons 04, 09 and 10.
#
# **Data**: [Fashion-MNIST](https://github.com/zalandoresearch/fashion-mnist) (Xiao et al., 2017), 31 MB, MIT licence, of which we use 4,000 pictures to train, 2,000 to validate and all
# 10,000 to test, at half their resolution. Without a network: 2,000 garments that the course draws, with other numbers.

# %% tags=["parameters"]
profile = "auto"  # "quick": minutes on a CPU; "full": more pictures, epochs and starts; "auto": full where there is a GPU
data = "auto"  # "real": Fashion-MNIST or an error; "sample": drawn garments; "auto": real if it can be had
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
from IPython.display import Markdown, display
from keras import layers

from course_lib import datasets, plots, results

garments = datasets.load("fashion_mnist", source=data)
found = results.Results("11-Deep_architectures", profile=run.profile, data=garments.kind)

# %% [markdown]
# Each picture shrinks to 14 × 14 pixels (means of 2 × 2), which makes 196 inputs, and is standardised. The validation pictures come from the training part; the test pictures wait for
# section 9. The first thing to beat needs no network: give each picture the class whose **mean picture** is nearest.


# %%
def inputs_of(pictures):
    halves = pictures.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(-1, 196)
    return ((halves - 73) / 80).astype("float32")  # about the mean and spread of its pixels


n_train = {"real": 4000 if run.quick else 50000, "sample": 1500}[garments.kind]
rows = np.random.default_rng(seed).permutation(len(garments.x_train))[: n_train + 2000]
x_train, x_val = np.split(inputs_of(garments.x_train[rows]), [n_train])
y_train, y_val = np.split(garments.y_train[rows].astype("int32"), [n_train])

class_means = np.array([x_train[y_train == kind].mean(axis=0) for kind in range(10)])
nearest = np.square(x_val[:, np.newaxis] - class_means).sum(axis=-1).argmin(axis=1)
found.record("nearest_mean_val_accuracy", np.mean(nearest == y_val))

# %% [markdown]
# ## 2. Eight activations
#
# What should a good activation be? *Not linear*, or a hundred layers amount to one (lesson 08). *Cheap*, since it is called for every unit. *Differentiable almost everywhere*, with a slope that is
# neither tiny nor large, since the gradient is multiplied by it in each layer. With $z$ for the weighted sum:
#
# | name | formula | who learns what |
# | --- | --- | --- |
# | sigmoid | $1/(1 + e^{-z})$ | |
# | tanh | $(e^z - e^{-z})/(e^z + e^{-z})$ | |
# | ReLU | $\max(0, z)$ | |
# | leaky ReLU | $\max(\varepsilon z, z)$, $0 < \varepsilon \ll 1$ | $\varepsilon$ fixed: 0.1 on *Boudart*'s slide, 0.3 by default in Keras' layer |
# | parametric ReLU (**PReLU**) | $\max(\alpha z, z)$ for $\alpha < 1$ | each unit learns its $\alpha$ |
# | **ELU** | $z$ for $z \ge 0$, $\alpha (e^z - 1)$ below | $\alpha = 1$, usually |
# | **softplus** | $\ln(1 + e^z)$ | |
# | **maxout** | $\max(w_1^\top x + b_1,\; w_2^\top x + b_2)$ | both lines are learned, so twice the weights |
#
# *Before you run the cell: what is the largest slope of the sigmoid, and which of the eight have a slope of 1 for large z?*


# %%
def maxout(z):  # of one input: the larger of two lines, which would be learned
    return keras.ops.maximum(-0.5 * z, 0.8 * z - 1)


activations = {
    "sigmoid": lambda: layers.Activation("sigmoid"),
    "tanh": lambda: layers.Activation("tanh"),
    "ReLU": layers.ReLU,
    "leaky ReLU": lambda: layers.LeakyReLU(negative_slope=0.1),
    "PReLU": lambda: layers.PReLU(alpha_initializer=keras.initializers.Constant(0.25)),
    "ELU": layers.ELU,
    "softplus": lambda: layers.Activation("softplus"),
    "maxout": lambda: maxout,
}


# %%
def value_and_slope(activation, z):
    z = tf.constant(z, tf.float32)[:, tf.newaxis]
    with tf.GradientTape() as tape:
        tape.watch(z)
        value = activation(z)
    return value.numpy()[:, 0], tape.gradient(value, z).numpy()[:, 0]


z = np.linspace(-6, 6, 601)
print("activation   largest slope, slope at -6, 0 and 6")
for name, make in activations.items():
    slope = value_and_slope(make(), z)[1]
    print(f"{name:12} {slope.max():.2f}   {slope[0]:.3f} {slope[300]:.2f} {slope[600]:.3f}")

# %%
figure = plots.new_figure(
    "Eight activations and their slopes from z = −6 to 6. Sigmoid's slope is a low hump of at most 0.25, tanh's a hump "
    "of 1; those of ReLU, leaky ReLU, PReLU and maxout are steps; ELU's and softplus' rise smoothly to 1.",
    height=4.2,
)
for axis, name in zip(figure.subplots(2, 4).flat, activations, strict=True):
    value, slope = value_and_slope(activations[name](), z)
    axis.plot(z, value, color=plots.OKABE_ITO[0], label="value")
    axis.plot(z, slope, "--", color=plots.OKABE_ITO[1], label="slope")
    axis.set(title=name, ylim=(-1.6, 2.6), xlabel="z")
    axis.grid(alpha=0.3)
figure.axes[0].legend(fontsize=8)
plots.show(figure, caption="Sigmoid and tanh are flat on both sides; ReLU, ELU and softplus on the left. The maxout is one of many.")

# %% [markdown]
# <details><summary>Answer</summary>
#
# $\sigma' = \sigma (1 - \sigma)$ is largest at $\sigma = 1/2$: 0.25. On the right ReLU, leaky ReLU, PReLU, ELU and softplus have slopes of 1 or near it; maxout has whatever it learns; sigmoid and tanh
# have almost 0 on both sides: they **saturate**.
# </details>
#
# > **Correction.** *Overview of Deep Learning, and Keras* (line 17) writes ELU as $\max(\alpha (e^z - 1), z)$ with $\alpha \ll 1$; *Boudart* (1228) has it by cases, which is right (Clevert et al., 2016).
# > The exponential outgrows every line, so the maximum picks the wrong branch for large $z$. *Overview* also calls ELU "differentiable everywhere" (18): that holds only for $\alpha = 1$. Otherwise the slopes $\alpha$ and 1 meet at 0.

# %%
from scipy.optimize import brentq

crossing = brentq(lambda z: 0.1 * np.expm1(z) - z, 1, 6)
print(f"by max, α = 0.1: wrong from z = {crossing:.3f} on; at z = 5 {max(0.1 * np.expm1(5), 5):.1f} in place of 5")
for alpha in (0.1, 1.0):
    slope = value_and_slope(layers.ELU(alpha=alpha), [-1e-4, 1e-4])[1]
    print(f"ELU, α = {alpha}: slope {slope[0]:.2f} just below 0, {slope[1]:.2f} just above")
untrained = layers.PReLU()
untrained.build((None, 1))
print("Keras' leaky ReLU has slope", layers.LeakyReLU().negative_slope, "below 0,", end=" ")
print("PReLU starts with", float(untrained.alpha[0, ...].numpy().ravel()[0]), "(as a plain ReLU)")

# %% [markdown]
# ### The slope at 0, and zeros
#
# ReLU has no slope at 0. Does that matter? *How often is a weighted sum exactly 0?* We look at the sums of a fresh convolution, with padding, on our pictures.

# %%
at_zero = value_and_slope(layers.ReLU(), [0.0])[1][0]
pixels = garments.x_train[rows[:500], :, :, np.newaxis].astype("float32") / 255
sums = layers.Conv2D(8, 3, padding="same")(pixels).numpy()
print(f"{np.mean(sums == 0):.0%} of the sums are exactly 0; Keras takes the slope {at_zero:.0f} there")
found.record("sums_exactly_zero", np.mean(sums == 0))

# %% [markdown]
# > **Correction.** *Boudart* (1190) says that "in practice the values never reach exactly zero". They do while the bias is 0, as at the start: wherever a kernel sees only background or padding, and behind units that are all
# > off. (With trained biases it becomes rare.) Libraries take 0, one of the slopes that are possible there (a *subgradient*), and nothing breaks.
#
# ### Cost
#
# The decks call sigmoid and tanh expensive and ReLU efficient. We time a call on 512 × 512 sums beside the product of two 512 × 512 matrices that makes such sums.

# %%
import timeit

square = tf.random.normal((512, 512))


def milliseconds(call):
    call()
    return 1000 * min(timeit.repeat(lambda: call().numpy(), number=1, repeat=20))


names = {"sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus"}
calls = {name: getattr(keras.activations, name) for name in sorted(names)}
times = {name: milliseconds(lambda f=f: f(square)) for name, f in calls.items()}
product = milliseconds(lambda: square @ square)
print({name: f"{time:.2f} ms" for name, time in times.items()}, f"product {product:.2f} ms")
slowest = max(times, key=times.get)
to_relu, to_product = times[slowest] / times["relu"], times[slowest] / product
display(Markdown(f"{slowest} takes {to_relu:.1f} times ReLU's time, and {to_product:.0%} of the product's."))

# %% [markdown]
# So the decks are right about the single call. In a network the product dominates, the more so the wider the layer: its cost grows with the width *squared*, the
# activation's with the width. Compiled code also joins an activation to the operation in front of it. Speed is no reason to choose one.
#
# ### Zeros and dead units
#
# ReLU's outputs are **sparse**: for each input many units are exactly 0, and which ones they are is information. A unit that says the same for *every* input is another matter: it is
# **dead**, carries no information and, where its slope is 0, learns nothing (lesson 04, section 8). High learning rates kill: one large step can push a bias far below zero. So we train eight small networks (three hidden layers of 64
# units, 100 steps of Adam) at a usual rate, 0.001, and at 0.03.


# %%
def activated(name, x, units=64):
    if name == "maxout":
        return layers.Maximum()([layers.Dense(units)(x), layers.Dense(units)(x)])
    return activations[name]()(layers.Dense(units)(x))


def small_network(name):
    x = inputs = keras.Input((196,))
    hidden = []
    for _ in range(3):
        x = activated(name, x)
        hidden.append(x)
    return keras.Model(inputs, layers.Dense(10)(x)), keras.Model(inputs, hidden)


# %%
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def accuracy(network, x, y):
    return np.mean(np.asarray(network(x)).argmax(axis=-1) == y)


# %% [markdown]
# `fit` would do for the training. But we train more than sixty times, and for a stack of fifty layers compiling takes longer than one training. So we write the step of Adam ourselves, as in lesson 09: with the gradients of all weights in one long vector, compiled once for
# each network, and started again with new random weights and empty means.


# %%
def compiled_step(network, m, v):
    weights = [variable.value for variable in network.trainable_variables]
    sizes = [np.prod(w.shape) for w in weights]

    @tf.function(autograph=False)
    def step(x, y, t, rate):
        with tf.GradientTape() as tape:
            value = loss(y, network(x, training=True))
        gradients = tape.gradient(value, weights)
        g = tf.concat([tf.reshape(each, [-1]) for each in gradients], axis=0)
        m.assign_add(0.1 * (g - m))  # Adam
        v.assign_add(0.001 * (g * g - v))
        change = rate * (m / (1 - 0.9**t)) / (tf.sqrt(v / (1 - 0.999**t)) + 1e-7)
        for w, part in zip(weights, tf.split(change, sizes), strict=True):
            w.assign_sub(tf.reshape(part, w.shape))

    return step


# %%
def draw_weights(network, start):
    keras.utils.set_random_seed(start)
    for layer in network.layers:
        for name in ("kernel", "bias", "alpha"):
            if initializer := getattr(layer, f"{name}_initializer", None):
                variable = getattr(layer, name)
                variable.assign(initializer.clone()(variable.shape))


# %%
def trainer(network, batch=128):
    m, v = (tf.Variable(tf.zeros(network.count_params())) for _ in "mv")
    step = compiled_step(network, m, v)

    def train(start, x, y, steps, rate=0.001):
        draw_weights(network, start)
        for mean in (m, v):
            mean.assign(tf.zeros_like(mean))
        rng = np.random.default_rng(start)
        for t in range(1, steps + 1):
            rows = rng.integers(len(x), size=batch)
            step(x[rows], y[rows], tf.constant(float(t)), tf.constant(rate))

    return train


# %% [markdown]
# A dead unit shows in its outputs: over all training pictures they differ by less than 0.001. *Which of the eight will have exact zeros? Which will have dead units at the high rate?*

# %%
behaviour = {}
for name in activations:
    network, probe = small_network(name)
    train = trainer(network)
    for rate in (0.001, 0.03):
        train(1000 * seed, x_train, y_train, steps=100, rate=rate)
        outputs = [h.numpy() for h in probe(x_train)]
        zeros = np.mean([np.mean(h == 0) for h in outputs])
        dead = np.mean([np.mean(np.ptp(h, axis=0) < 1e-3) for h in outputs])
        behaviour[name, rate] = zeros, dead, accuracy(network, x_val, y_val)

# %%
lines = ["| activation | zeros | dead | accuracy | zeros, 0.03 | dead, 0.03 | accuracy, 0.03 |", "|" + " --- |" * 7]
for name in activations:
    usual, high = behaviour[name, 0.001], behaviour[name, 0.03]
    cells = [f"{100 * share:.0f} %" for share in (*usual[:2], *high[:2])]
    cells = [*cells[:2], f"{usual[2]:.3f}", *cells[2:], f"{high[2]:.3f}"]
    lines.append(f"| {name} | " + " | ".join(cells) + " |")
display(Markdown("\n".join(lines)))
found.record("relu_zeros", behaviour["ReLU", 0.001][0])
found.record("relu_dead_high_rate", behaviour["ReLU", 0.03][1])
found.record("leaky_relu_dead_high_rate", behaviour["leaky ReLU", 0.03][1])

# %% [markdown]
# ReLU alone has exact zeros: many of its outputs, more at the high rate. A few units are dead already at the usual rate; at the high rate more are. Leaky ReLU, PReLU and maxout pass a gradient on both sides, and lose none. The others have flat parts in which a unit can get
# stuck as well, though more rarely: we saw none with the real pictures, some with the drawn ones at the high rate. In accuracy, most of the eight are close at the usual rate (one start; differences of 0.02 are noise), and dead units cost ReLU less than one might fear: the others are enough here. The sigmoid is the exception: far behind at the usual rate, much closer at the high one. A likely reason: with slopes of at most 0.25 each layer shrinks the differences between pictures, and small steps take long to restore them.
#
# Which one to take? ReLU first, with an eye on dead units; leaky ReLU if many die (the advice of CS231n, *Neural networks 1*); the sigmoid only for outputs and gates. Transformers often use **GELU** or **SiLU**, smooth relatives of ReLU.
#
# > **Correction.** *Boudart* (1263) says that other functions "have been proposed to solve sparsity", one line after calling sparsity useful. They were proposed to give units that are off a gradient: leaky ReLU (Maas et al., 2013), PReLU, which learns the slope (He et al., 2015), and ELU, which also brings the mean output nearer to 0 (Clevert et al., 2016).
#
# ## 3. A gradient goes through ten layers
#
# Write $z^l = W^l a^{l-1}$ for the sums of layer $l$ and $a^l = f(z^l)$ for its outputs, with the activation $f$; $\odot$ multiplies entry by entry. Going back one layer, the gradient $\delta^l = \partial L / \partial z^l$ is multiplied by a weight matrix and by slopes:
#
# $$\delta^{l} = f'(z^{l}) \odot \big(W^{l+1}\big)^\top \delta^{l+1} .$$
#
# Two slides argue with bounds for single numbers, for weights from $N(0, 1)$. Sigmoid: the slope is at most 0.25 and the weight at most 1, so each layer costs a factor of 4 or more. ReLU: the slope is 1, so nothing is lost. *Predict for the
# sigmoid: what part of the gradient at layer 10 reaches layer 1, if layers have 2, 10 or 100 units?*


# %%
def gradient_sizes(width, bend, rng, depth=10):
    """Return the norm of ∂L/∂z for each layer: all weights, the input and ∂L/∂a are N(0, 1)."""
    a, weights, slopes = rng.normal(size=width), rng.normal(size=(depth, width, width)), []
    for W in weights:
        z = W @ a
        a = 1 / (1 + np.exp(-z)) if bend == "sigmoid" else np.maximum(z, 0)
        slopes.append(a * (1 - a) if bend == "sigmoid" else (z > 0))
    gradient, sizes = rng.normal(size=width), []
    for W, slope in zip(weights[::-1], slopes[::-1], strict=True):
        gradient = slope * gradient
        sizes.append(np.linalg.norm(gradient))
        gradient = W.T @ gradient
    return np.array(sizes[::-1])


# %%
from scipy.stats import norm

sizes = {}
for bend, widths in {"sigmoid": (2, 10, 100), "ReLU": (10, 100)}.items():
    for width in widths:
        draws = [gradient_sizes(width, bend, np.random.default_rng(k)) for k in range(99)]
        sizes[bend, width] = np.array([draw / draw[-1] for draw in draws if draw[-1] > 0])
        part = np.median(sizes[bend, width][:, 0])
        print(f"{bend:7} width {width:3}: {part:.1e} of the gradient at layer 10 reaches layer 1")
print(f"{2 * norm.sf(1):.1%} of N(0, 1) lie outside -1 to 1")

# %%
figure = plots.new_figure(
    "Size of the gradient from layer 10 back to layer 1 on a logarithmic axis, straight lines: sigmoid falls steeply at width 2, "
    "less at 10, hardly at 100; ReLU rises at width 10 and steeply at 100.",
    height=3.4,
)
axis = figure.subplots()
for colour, ((bend, width), parts) in zip(plots.OKABE_ITO, sizes.items(), strict=False):
    style = "o-" if bend == "sigmoid" else "s--"
    axis.semilogy(range(1, 11), np.median(parts, axis=0), style, color=colour, label=f"{bend}, width {width}")
axis.set(xlabel="layer", ylabel="gradient / that at layer 10", xticks=range(1, 11))
axis.grid(alpha=0.3)
axis.legend(fontsize=8)
plots.show(figure, caption="Medians of 99 draws. A straight line here means the same factor in each layer.")

# %% [markdown]
# <details><summary>Answer</summary>
#
# About 10⁻⁶, 0.002 and 0.6. So with 100 units almost nothing vanishes, though no slope exceeds 0.25. A unit's gradient is a sum over *all* units of the next layer. In the mean square each layer multiplies by
# $n\,\sigma_w^2\, \mathbb E[f'(z)^2]$, with $n$ units a layer and weights of variance $\sigma_w^2$: the width counts, not the slope alone.
# </details>
#
# ReLU's factor is $n/2$, so nine steps at width 100 multiply the size by $50^{4.5} = 4.4 \cdot 10^7$ (the median is a little smaller).
#
# > **Correction.** *Boudart* (1149–1168, 2655–2666) bounds the sigmoid's factor by $|w| \le 1$ and 0.25: 31.7 % of $N(0, 1)$ lie outside ±1, and the paths add up. For ReLU (1238–1246, 2669–2679) the slide sets $f' = 1$ and $a = 1$: $f'$ is 0 or 1, and $a$
# > has no bound; the gradient does not stay, it explodes. That gradients shrink with sigmoids is right for *narrow* layers, and for the small weights that keep sigmoids out of their flat parts (lesson 04: at width 100 and $\sigma_w^2 = 1/n$ each layer costs a factor of about 4).
#
# So no activation is right by itself: width, weights and activation must fit, as in $\sigma_w^2 = 2/n$ for ReLU (He et al., 2015). That keeps the *mean square* over draws. Is it enough for fifty layers?
#
# ## 4. Plain, residual and dense stacks
#
# Another remedy is a path around the product. A **residual block** adds its input to what its layers $F$ compute, $H = x + F(x)$ (He et al., 2016). So
#
# $$\frac{\partial L}{\partial x} = \frac{\partial L}{\partial H}\Big(\frac{\partial F}{\partial x} + 1\Big),$$
#
# with the identity matrix for the 1 and gradients as rows. Whatever $F$ does, the gradient also goes past it, unchanged: a **skip connection**. The authors give another reason: with $F = 0$ a block changes nothing, so a deeper network can do at least what a shallower one does. We check the formula on one block.

# %%
block_in = keras.Input((4,))
branch = layers.Dense(4)(layers.Dense(8, "tanh")(block_in))
F = keras.Model(block_in, branch)
H = keras.Model(block_in, layers.Add()([block_in, branch]))

x = tf.random.normal((1, 4))
with tf.GradientTape(persistent=True) as tape:
    tape.watch(x)
    F_of_x, H_of_x = F(x), H(x)
    L = tf.reduce_sum(tf.sin(H_of_x))  # any loss
dF_dx = tape.jacobian(F_of_x, x)[0, :, 0]
by_formula = tape.gradient(L, H_of_x) @ (dF_dx + tf.eye(4))
print("∂L/∂x:     ", tape.gradient(L, x).numpy().round(4)[0])
print("by formula:", by_formula.numpy().round(4)[0])
assert np.allclose(tape.gradient(L, x), by_formula, atol=1e-5)

# %% [markdown]
# *Two blocks in a row: over how many paths does the gradient come back? And over how many with 24?*
#
# <details><summary>Answer</summary>
#
# $(F_2' + 1)(F_1' + 1) = F_2' F_1' + F_2' + F_1' + 1$: four. With 24 blocks $2^{24}$, about 17 million, and most of them lead through about half of the blocks. In trained networks most of the gradient comes along the shorter ones (Veit et al., 2016).
# </details>
#
# A **dense block** (Huang et al., 2017) does not add but **concatenates**: each layer gets the outputs of *all* earlier ones and contributes a few numbers more, its growth rate. Then even the last layer sees the first one's
# output directly. We stack three kinds, with the same number of layers and about as many parameters, all with ReLU and He's weights:
#
# - **plain**: two layers, one behind the other;
# - **residual**: the same two layers, and the sum. The variance of the second layer's weights is divided by the number $B$ of blocks: each block adds its variance to the signal, and $B$ of them multiply it by about $(1 + 1/B)^B < e$
#   (without, by $2^B$; batch normalisation is another remedy, lesson 05);
# - **dense**: two layers that concatenate 13, 8 or 6 numbers each, at 10, 30 or 50 layers.

# %%
WIDTH, GROWTH = 32, {4: 13, 14: 8, 24: 6}  # growth by number of blocks


def next_layer(x, units, scale=2.0):
    """ReLU and a dense layer, whose weights have the variance scale / inputs."""
    he = keras.initializers.VarianceScaling(scale, mode="fan_in")
    return layers.Dense(units, kernel_initializer=he)(layers.ReLU()(x))


def plain(x, blocks):
    return next_layer(next_layer(x, WIDTH), WIDTH)


# %%
def residual(x, blocks):
    F = next_layer(next_layer(x, WIDTH), WIDTH, scale=2 / blocks)
    return layers.Add()([x, F])


def dense(x, blocks):
    for _ in range(2):
        x = layers.Concatenate()([x, next_layer(x, GROWTH[blocks])])
    return x


# %%
def stack(block, depth):
    """Return a network of `depth` layers with weights: one first, blocks of two, one last."""
    inputs = keras.Input((196,))
    x = layers.Dense(WIDTH)(inputs)
    for _ in range((depth - 2) // 2):
        x = block(x, (depth - 2) // 2)
    return keras.Model(inputs, next_layer(x, 10))


depths, kinds = (10, 30, 50), {"plain": plain, "residual": residual, "dense": dense}
stacks = {(name, depth): stack(block, depth) for name, block in kinds.items() for depth in depths}
trainers = {key: trainer(network) for key, network in stacks.items()}
for name in kinds:
    print(f"{name:9}", {depth: f"{stacks[name, depth].count_params():,}" for depth in depths})

# %% [markdown]
# First without training: the gradient of the loss on 500 pictures with respect to each layer's weights.


# %%
def kernel_gradients(network):
    """Return the norms of the gradients of all layers' weights, first layer first."""
    kernels = [layer.kernel for layer in network.layers if isinstance(layer, layers.Dense)]
    with tf.GradientTape() as tape:
        value = loss(y_train[:500], network(x_train[:500]))
    return np.array([np.linalg.norm(g) for g in tape.gradient(value, [k.value for k in kernels])])


def alikeness(network):
    """Return the mean cosine between what 200 pictures have become in front of the last layer."""
    features = keras.Model(network.input, network.layers[-1].input)(x_val[:200]).numpy()
    features /= np.linalg.norm(features, axis=1, keepdims=True) + 1e-12
    return np.mean(features @ features.T)


# %%
starts = [1000 * seed + k for k in range(3 if run.quick else 5)]
norms, alike = {}, {}
for key, network in stacks.items():
    norms[key], alike[key] = [], []
    for start in starts:
        trainers[key](start, x_train, y_train, steps=0)  # random weights
        norms[key].append(kernel_gradients(network))
        if key[1] == 50:
            alike[key].append(alikeness(network))
    first = [each[0] for each in norms[key]]
    print(*key, "layers: gradient of the first layer's weights", np.array(first).round(3))
    found.record(f"{key[0]}_{key[1]}_log10_gradient", np.log10(first).mean())
for name in kinds:
    found.record(f"{name}_50_alike", np.mean(alike[name, 50]))

# %%
figure = plots.new_figure("to be written", height=3.4)
axis, said = figure.subplots(), []
for colour, name in zip(plots.OKABE_ITO, kinds, strict=False):
    each = np.array(norms[name, 50])
    axis.semilogy(range(1, 51), each.T, color=colour, linewidth=0.8)
    axis.semilogy([], [], color=colour, label=name)
    last, first = np.median(each[:, -1]), np.median(each[:, 0])
    said.append(f"{name} from {last:.2g} in the last to {first:.2g} in the first layer")
axis.set(xlabel="layer (1 is the first)", ylabel="norm of the weights' gradient", ylim=(2e-3, 100))
axis.legend(ncols=3, loc="upper right")
axis.grid(alpha=0.3)
figure.set_label("Gradients of the layers of 50-layer stacks before training: " + "; ".join(said) + ".")
caption = "Fifty layers, before training, one line a start. The residual lines zigzag: "
caption += "a block's first layer gets its gradient through the second's small weights."
plots.show(figure, caption=caption)

# %% [markdown]
# With 10 layers the three kinds get gradients of the same order. With 50 the plain stack's is far smaller as a rule (a product of fifty random factors varies much from start to start), and look where: in *every* layer, the last included. It is not only lost on the way back. The signal on its way forward
# goes through the same matrices and shrinks, too, and a weight's gradient is the product of both. He's rule keeps the mean square over *draws*; a typical narrow stack lies below that mean, by a factor that grows with every layer. And what arrives at the end is
# nearly the same for all pictures: their cosine is close to 1. Then the gradients of the ten classes cancel. With additions or concatenations signals pass by, and stay more different.
#
# *Predict the validation accuracies after 150 steps of Adam: which of the nine stacks fall below the nearest mean picture?*

# %%
steps = 150 if run.quick else 5000
reached, trained = {}, {}
for key, network in stacks.items():
    copies = []
    for start in starts:
        trainers[key](start, x_train, y_train, steps)
        scores = accuracy(network, x_val, y_val), accuracy(network, x_train, y_train)
        copies.append((*scores, network.get_weights()))
    copies.sort(key=lambda copy: copy[0])
    trained[key] = copies[len(copies) // 2][2]
    reached[key] = np.array([copy[:2] for copy in copies]).T

# %%
for (name, depth), (each, on_training) in reached.items():
    print(f"{name:9} {depth} layers: validation {each.mean():.3f} ± {each.std(ddof=1):.3f},", end=" ")
    print(f"starts {each.round(3)}; training {on_training.mean():.3f}")
    found.record(f"{name}_{depth}_val_accuracy", each.mean())

# %%
figure, said = plots.new_figure("to be written", height=3.4), []
axis = figure.subplots()
for colour, marker, aside, name in zip(plots.OKABE_ITO, "osd", (0, -0.6, 0.6), kinds, strict=False):
    means = [reached[name, depth][0].mean() for depth in depths]
    axis.plot(depths, means, "-", color=colour, label=name)
    each = [reached[name, depth][0] for depth in depths]
    axis.plot(np.array(depths) + aside, each, marker, color=colour, markersize=4)
    said.append(f"{name} {', '.join(f'{value:.2f}' for value in means)}")
axis.axhline(found["nearest_mean_val_accuracy"], color="0.5", ls=":", label="nearest mean picture")
axis.set(xlabel="layers", ylabel="validation accuracy", xticks=depths, ylim=(0, 1))
axis.legend(loc="lower left")
figure.set_label(f"Validation accuracy of stacks of 10, 30 and 50 layers: {'; '.join(said)}.")
caption = "Only the plain stacks lose much with depth. Marks are single starts, lines their means; the same steps for all."
plots.show(figure, caption=caption)

# %% [markdown]
# Below the dotted line a network is worse than ten mean pictures. After 150 steps that is so for the plain stacks of 30 and 50 layers, and for none of the others. Compare the plain and the residual stack of 50 layers: the same layers and number of weights, but one addition in each block, and smaller starting weights (which in the plain stack would shrink the signal even more). The plain one is behind on its *training* pictures as well, so this is not overfitting: it does not get trained. (Adam divides each gradient by its own size, so a small gradient alone
# would not stop it.)
#
# Is the plain stack's learning rate to blame? Two others, from the first start:

# %%
for rate in (0.0003, 0.003):
    trainers["plain", 50](starts[0], x_train, y_train, steps, rate)
    print(f"plain, 50 layers, rate {rate}: {accuracy(stacks['plain', 50], x_val, y_val):.3f}")

# %% [markdown]
# Neither lifts it to the level of the residual stack (a single start each, so only a large difference counts).
#
# The published case: on ImageNet He et al. (2016, table 2) measure a top-1 error of 27.94 % for a plain network of 18 layers and 28.54 % for one of 34; with skip connections 27.88 % and 25.03 %. Their plain networks have batch
# normalisation and healthy gradients, and the authors say that vanishing gradients are "unlikely" to be the cause (section 4.1). So the size of the gradient is not the whole story. Balduzzi et al. (2017) find that in deep plain ReLU networks the gradients of similar inputs become as unlike as noise, far less so with skip connections. In our stacks,
# without batch normalisation, the pictures themselves become alike: with `seed = 2` one plain stack of 50 layers starts with as large a gradient as its residual counterpart (8.3 and 8.2, real data), and still none of the three plain ones gets above 0.5.
#
# ## 5. Why deep at all? Depth against width at equal parameters
#
# One hidden layer can approximate any continuous function (lesson 08), so depth must have another advantage. Fold a line: the tent $t(x) = 2\,\mathrm{relu}(x) - 4\,\mathrm{relu}(x - \tfrac12)$ maps [0, 1] up and down
# again. A layer of two ReLU units makes one tent, and the next layer a tent *of the tent*. *How many straight pieces do six such layers make? How many units must one hidden layer have to make as many?*

# %%
def tents(depth):
    hidden = [layers.Dense(2, "relu") for _ in range(depth)]
    network = keras.Sequential([keras.Input((1,)), *hidden, layers.Dense(1)])
    first, next_ones = np.array([[1.0, 1.0]]), np.array([[2.0, 2.0], [-4.0, -4.0]])
    for k, layer in enumerate(hidden):
        layer.set_weights([next_ones if k else first, np.array([0, -0.5])])
    network.layers[-1].set_weights([np.array([[2.0], [-4.0]]), np.zeros(1)])
    return network


x = np.linspace(0, 1, 2**12 + 1, dtype="float32")[:, np.newaxis]
for depth in (1, 2, 4, 6):
    saw = tents(depth)
    pieces = 1 + np.sum(np.diff(np.sign(np.diff(saw(x).numpy()[:, 0]))) != 0)
    count = saw.count_params()
    print(f"{depth} layers of 2 units: {pieces} pieces with {count} parameters;", end=" ")
    print(f"one layer with as many parameters: at most {(count - 1) // 3 + 1} pieces")

# %% [markdown]
# <details><summary>Answer</summary>
#
# $2^6 = 64$; one hidden layer bends once per unit, so it needs 63 units and 190 parameters for what 37 do here. With each layer the pieces double while the parameters grow by six (Telgarsky, 2016).
# </details>
#
# That is what depth *can* express; training must find it, and the task must need it. Two tasks, with a fixed budget of parameters split over 1, 2 or 4 hidden layers: our garments, and two spirals of two turns.


# %%
def spirals(n, rng, turns=2):
    along, label = np.sqrt(rng.random(n)), rng.integers(0, 2, n)
    angle = 2 * np.pi * turns * along + np.pi * label
    arms = along[:, np.newaxis] * np.column_stack([np.cos(angle), np.sin(angle)])
    return (arms + rng.normal(scale=0.02, size=(n, 2))).astype("float32"), label.astype("int32")


def width_for(budget, n_inputs, n_outputs, hidden):
    """Return the width at which `hidden` equal layers have about `budget` parameters."""
    def count(w):
        return (n_inputs + 1) * w + (hidden - 1) * (w + 1) * w + (w + 1) * n_outputs
    return min(range(1, 2000), key=lambda w: abs(count(w) - budget))


# %%
def deep(n_inputs, n_outputs, width, hidden):
    he = {"activation": "relu", "kernel_initializer": "he_normal"}
    body = [layers.Dense(width, **he) for _ in range(hidden)]
    return keras.Sequential([keras.Input((n_inputs,)), *body, layers.Dense(n_outputs)])


# %%
rng = np.random.default_rng([seed, 5])
spiral_sets = (*spirals(1000, rng), *spirals(2000, rng))
tasks = {  # budget, outputs, learning rate, steps, data
    "garments": (20000, 10, 0.001, 250, (x_train, y_train, x_val, y_val)),
    "spirals": (600, 2, 0.01, 300, spiral_sets),
}
by_depth = {}

# %%
for task, (budget, n_outputs, rate, steps, (x, y, x_new, y_new)) in tasks.items():
    for hidden in (1, 2, 4):
        width = width_for(budget, x.shape[1], n_outputs, hidden)
        network = deep(x.shape[1], n_outputs, width, hidden)
        train, scores = trainer(network), []
        for start in starts:
            train(start, x, y, steps, rate)
            scores.append(accuracy(network, x_new, y_new))
        by_depth[task, hidden] = width, network.count_params(), np.array(scores)

# %%
for (task, hidden), (width, count, scores) in by_depth.items():
    print(f"{task}: {hidden} × {width:3} units, {count:6,} parameters:", end=" ")
    print(f"{scores.mean():.3f} ± {scores.std(ddof=1):.3f}")
    found.record(f"{task}_{hidden}_hidden_accuracy", scores.mean())

# %% [markdown]
# Differences as small as the spread of three starts are noise. On the spirals two or four layers separate what one layer, with about as many parameters and the same 300 steps, does not separate. On the garments hardly anything is gained. Depth is not better in itself: with a fixed budget it is paid for in width, and what it buys depends on the task.
#
# ## 6. The family tree
#
# Now the architectures, in the order in which they were invented. We build one block of each with the **Functional API**, a function from tensor to tensor, and count. *On paper first: how many weights has a convolution
# of 3 × 3 from 256 to 256 channels, with biases?*
#
# <details><summary>Answer</summary>
#
# $3 \cdot 3 \cdot 256 \cdot 256 + 256 = 590{,}080$.
# </details>


# %%
def count(block, *shape):
    """Return the number of parameters of a block on an input of this shape, and its output's shape."""
    inputs = keras.Input(shape)
    model = keras.Model(inputs, block(inputs))
    return model.count_params(), model.output_shape[1:]


def show(name, block, *shape):
    parameters, out = count(block, *shape)
    print(f"{name}: {' × '.join(map(str, shape))} → {' × '.join(map(str, out))}, {parameters:,} parameters")


# %% [markdown]
# **LeNet-5** (LeCun et al., 1998) is the pattern INPUT → [CONV → POOL] → … → DENSE of lesson 10, in full. (Today's version: the paper pools with weights and connects the second convolution in part.)


# %%
def lenet(x):
    x = layers.Conv2D(6, 5, padding="same", activation="tanh")(x)
    x = layers.AveragePooling2D(2)(x)
    x = layers.Conv2D(16, 5, activation="tanh")(x)
    x = layers.Flatten()(layers.AveragePooling2D(2)(x))
    for units in (120, 84):
        x = layers.Dense(units, activation="tanh")(x)
    return layers.Dense(10)(x)


show("LeNet-5", lenet, 28, 28, 1)
convolutions, head = [(5, 1, 6), (5, 6, 16)], [(400, 120), (120, 84), (84, 10)]
by_hand = [k * k * n * m + m for k, n, m in convolutions] + [n * m + m for n, m in head]
print(*by_hand, sep=" + ", end=f" = {sum(by_hand):,}\n")

# %% [markdown]
# **AlexNet** (Krizhevsky et al., 2012) is a larger LeNet for photographs, with ReLU in place of tanh (to train faster), dropout, and **local response normalisation**: the value $a_i$ of channel $i$ is divided by a power of its neighbours' squares at the same pixel, and becomes
#
# $$b_i = a_i \Big/ \Big(k + \alpha \sum_{j = i - 2}^{i + 2} a_j^2\Big)^{\beta}, \qquad k = 2,\ \alpha = 10^{-4},\ \beta = 0.75 .$$
#
# It has no parameters. VGG's authors found that it did not help (2015, section 4.1), and batch normalisation has replaced it. Keras has no layer for it; TensorFlow has a function.


# %%
def local_response(a, k=2.0, alpha=1e-4, beta=0.75, reach=2):
    around = np.pad(np.square(a), [(0, 0)] * (a.ndim - 1) + [(reach, reach)])
    total = sum(around[..., j : j + a.shape[-1]] for j in range(2 * reach + 1))
    return a / (k + alpha * total) ** beta


maps = 50 * np.random.default_rng(0).normal(size=(1, 2, 2, 8)).astype("float32")
theirs = tf.nn.local_response_normalization(maps, depth_radius=2, bias=2, alpha=1e-4, beta=0.75)
print("largest difference from TensorFlow's:", f"{np.abs(local_response(maps) - theirs).max():.0e}")
assert np.allclose(local_response(maps), theirs, atol=1e-4)


# %%
def alexnet_start(x):
    x = layers.Conv2D(96, 11, strides=4, activation="relu")(x)
    lrn = {"depth_radius": 2, "bias": 2.0, "alpha": 1e-4, "beta": 0.75}
    x = layers.Lambda(lambda a: tf.nn.local_response_normalization(a, **lrn))(x)
    return layers.MaxPooling2D(3, strides=2)(x)


def vgg_block(x):
    for _ in range(2):
        x = layers.Conv2D(128, 3, padding="same", activation="relu")(x)
    return layers.MaxPooling2D()(x)


show("AlexNet's first block", alexnet_start, 227, 227, 3)
show("VGG's second block", vgg_block, 112, 112, 64)

# %% [markdown]
# **VGG** (Simonyan and Zisserman, 2015): only 3 × 3, deeper. Two of them see 5 × 5 pixels, with 18 in place of 25 weights for each pair of channels, and a ReLU in between. VGG-16 has 13 convolutions and 3 dense layers. Building it would take 550 MB for random weights, so we count on paper, and let Keras
# check the convolutions.

# %%
import itertools

vgg_channels = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
in_convolutions = sum(9 * n * m + m for n, m in itertools.pairwise(vgg_channels))
in_dense = sum(n * m + m for n, m in [(7 * 7 * 512, 4096), (4096, 4096), (4096, 1000)])
print(f"VGG-16: {in_convolutions:,} + {in_dense:,} = {in_convolutions + in_dense:,} parameters")
print(f"{in_dense / (in_convolutions + in_dense):.0%} of them are in three dense layers")
body = keras.applications.VGG16(weights=None, include_top=False)
print(f"Keras' VGG-16 without its dense layers: {body.count_params():,}")
assert body.count_params() == in_convolutions

# %%
alexnet = [(11, 3, 96), (5, 48, 256), (3, 256, 384), (3, 192, 384), (3, 192, 256)]
alexnet = sum(k * k * n * m + m for k, n, m in alexnet)
alexnet += sum(n * m + m for n, m in [(9216, 4096), (4096, 4096), (4096, 1000)])
print(f"AlexNet, three of its convolutions in two groups: {alexnet:,}")

# %% [markdown]
# **Inception** (GoogLeNet; Szegedy et al., 2015): which kernel size is right? All of them, side by side, concatenated. Convolutions of 1 × 1 first reduce the channels, which makes the large kernels cheap, and a global mean replaces all dense layers but the last. (Our block without reduction has no pooled branch.)


# %%
def conv(x, filters, kernel, **options):
    return layers.Conv2D(filters, kernel, padding="same", activation="relu", **options)(x)


def inception(x):  # module 3a
    narrow = conv(x, 64, 1)
    middle = conv(conv(x, 96, 1), 128, 3)
    wide = conv(conv(x, 16, 1), 32, 5)
    pooled = conv(layers.MaxPooling2D(3, strides=1, padding="same")(x), 32, 1)
    return layers.Concatenate()([narrow, middle, wide, pooled])


show("Inception module 3a", inception, 28, 28, 192)


def unreduced(x):
    return layers.Concatenate()([conv(x, 64, 1), conv(x, 128, 3), conv(x, 32, 5)])


show("the same kernels without reduction", unreduced, 28, 28, 192)

# %% [markdown]
# **ResNet** (He et al., 2016) adds; deep ones use a **bottleneck**: 1 × 1 down, 3 × 3, 1 × 1 up. **ResNeXt** (Xie et al., 2017) cuts the 3 × 3 into 32 **groups**, each of which sees its own channels only: twice the channels for about the same number of weights.
# **DenseNet** (Huang et al., 2017) concatenates, so the channels grow; between its blocks a convolution of 1 × 1 and a pooling (a **transition**) halve them again. Convolutions in front of a batch normalisation need no bias, which its shift replaces; each normalisation adds four numbers a channel, two of them learned.


# %%
def conv_norm(x, filters, kernel, relu=True, **options):
    x = layers.Conv2D(filters, kernel, padding="same", use_bias=False, **options)(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU()(x) if relu else x


def bottleneck(x, width=64, groups=1):
    F = conv_norm(conv_norm(x, width, 1), width, 3, groups=groups)
    F = conv_norm(F, x.shape[-1], 1, relu=False)
    return layers.ReLU()(layers.Add()([x, F]))


def dense_layer(x, growth=32):
    h = x
    for filters, kernel in ((4 * growth, 1), (growth, 3)):
        h = layers.ReLU()(layers.BatchNormalization()(h))
        h = layers.Conv2D(filters, kernel, padding="same", use_bias=False)(h)
    return layers.Concatenate()([x, h])


# %%
show("ResNet bottleneck", bottleneck, 56, 56, 256)
show("ResNeXt, 32 groups of 4", lambda x: bottleneck(x, width=128, groups=32), 56, 56, 256)
show("two 3 × 3 of 256 channels instead", lambda x: conv_norm(conv_norm(x, 256, 3), 256, 3), 56, 56, 256)
show("DenseNet layer", dense_layer, 56, 56, 256)

# %% [markdown]
# That the bottleneck and DenseNet's layer have the same number of parameters is a coincidence.
#
# ### How deep is "50"?
#
# The number in a name counts layers with weights along the longest path. ResNet-50 has a convolution, 16 bottlenecks and a dense layer.

# %%
blocks = 3 + 4 + 6 + 3  # bottlenecks of three convolutions, in four stages
print("ResNet-50: 1 + 3 * 16 + 1 =", 1 + 3 * blocks + 1, f"layers, {3 * blocks} of them in blocks")
print("GoogLeNet: 3 + 9 * 2 + 1 =", 3 + 9 * 2 + 1, "| YOLO v1: 24 convolutions + 2 dense")

# %% [markdown]
# Where a block changes the number of channels, once in each of the four stages, its skip connection needs a convolution of 1 × 1. These four are not counted.
#
# > **Correction.** *Boudart* (2527) gives "YOLO: N = 13, GoogLeNet: N = 22, ResNet50: N = 48" for the pattern [CONV → RELU] × N → POOL. There N counts convolutions between two poolings: 1 in LeNet, 2 or 3 in VGG-16. 22 and 48 are layers of a whole network (48 without
# > the first convolution and the dense layer), and YOLO v1 has 24 convolutions (Redmon et al., 2016, section 2.1), as the deck of *Materna* (166) says.
#
# | year | network | what lets the gradient through |
# | --- | --- | --- |
# | 1998 | LeNet-5 | five layers are few |
# | 2012 | AlexNet | ReLU; eight layers |
# | 2014 | VGG-16, VGG-19 | the deep ones started from trained shallow ones, until Glorot's weights made that needless |
# | 2014 | GoogLeNet, 22 | two auxiliary outputs in the middle send a gradient of their own; later batch normalisation |
# | 2015 | ResNet, up to 152 | addition |
# | 2017 | ResNeXt, DenseNet | addition; concatenation |
#
# ## 7. Graphs: shared inputs, several inputs, several outputs
#
# A network need not be a chain. *Materna* (482–509) builds **one input with two extractors**, with kernels of 4 and of 8. The deck's imports, `keras.layers.convolutional`, `.pooling` and `.merge`, fail in Keras 3, where everything is in `keras.layers`. *On paper: 64 × 64 pixels; 32 kernels of 4 × 4, 16 of 8 × 8, each followed by 2 × 2
# pooling. How many numbers are concatenated?*


# %%
def extractor(x, filters, kernel):
    x = layers.Conv2D(filters, kernel, activation="relu")(x)
    return layers.MaxPooling2D()(x)


visible = keras.Input((64, 64, 1))
small, large = extractor(visible, 32, 4), extractor(visible, 16, 8)
merged = layers.Concatenate()([layers.Flatten()(small), layers.Flatten()(large)])
output = layers.Dense(1, activation="sigmoid")(layers.Dense(10, activation="relu")(merged))
shared_input = keras.Model(visible, output)
parts = [np.prod(x.shape[1:]) for x in (small, large)]
print(small.shape[1:], large.shape[1:], f"{parts[0]:,} + {parts[1]:,} = {merged.shape[1]:,}")
counts = [layer.count_params() for layer in shared_input.layers if layer.count_params()]
print(*(f"{n:,}" for n in sorted(counts)), sep=" + ", end=f" = {shared_input.count_params():,}\n")

# %% [markdown]
# $64 - 4 + 1 = 61$, halved 30, $30^2 \cdot 32 = 28{,}800$; $57 \to 28$, $28^2 \cdot 16 = 12{,}544$. **Two inputs** (511–544): a grey picture of 64 × 64 and a coloured one of 32 × 32, each through two convolutions of its own. Each call of `extractor` makes new layers; a single layer that is called twice would use the same weights for both (Keras' guide, "Shared layers").

# %%
shapes = {"grey": (64, 64, 1), "coloured": (32, 32, 3)}
pictures = {name: keras.Input(shape, name=name) for name, shape in shapes.items()}
flat = [layers.Flatten()(extractor(extractor(x, 32, 4), 16, 4)) for x in pictures.values()]
merged = layers.Concatenate()(flat)
h = layers.Dense(10, activation="relu")(layers.Dense(10, activation="relu")(merged))
two_inputs = keras.Model(pictures, layers.Dense(1, activation="sigmoid")(h))
print(" + ".join(f"{x.shape[1]:,}" for x in flat), f"= {merged.shape[1]:,}")
counts = [layer.count_params() for layer in two_inputs.layers if layer.count_params()]
print(*(f"{n:,}" for n in counts), sep=" + ", end=f" = {two_inputs.count_params():,}\n")
some = {name: np.zeros((5, *shape)) for name, shape in shapes.items()}
print("five pairs in, out:", two_inputs(some).shape)

# %%
plots.architecture(two_inputs)

# %% [markdown]
# **Several outputs** have a loss each, and what is minimised is their weighted sum. From common layers, the trunk, one output says which garment it is, and the other how much of the picture it covers (`ink`, the share of pixels brighter than 73). Squared errors of a share are small, hence the weight of 10.

# %%
ink = np.mean(x_train > 0, axis=1, keepdims=True)
inputs = keras.Input((196,))
trunk = layers.Dense(64, activation="relu")(layers.Dense(64, activation="relu")(inputs))
heads = {"kind": layers.Dense(10, name="kind")(trunk), "ink": layers.Dense(1, name="ink")(trunk)}
two_outputs = keras.Model(inputs, heads)
two_outputs.compile("adam", {"kind": loss, "ink": "mse"}, loss_weights={"kind": 1, "ink": 10})
two_outputs.fit(x_train, {"kind": y_train, "ink": ink}, batch_size=64, epochs=20, verbose=0)
said = two_outputs(x_val)
found.record("two_outputs_kind_accuracy", np.mean(said["kind"].numpy().argmax(axis=1) == y_val))
true_ink = np.mean(x_val > 0, axis=1)
error = np.mean((said["ink"].numpy()[:, 0] - true_ink) ** 2) / true_ink.var()
found.record("two_outputs_ink_unexplained", error)

# %% [markdown]
# The second number is the squared error as a share of the ink's variance (1: no better than the mean; the few drawn garments leave it nearer to 1 than the real ones). Inputs and outputs are dictionaries here, matched by name, so their order does not matter.
#
# ## 8. Which layer for which task
#
# After the table of the *DLR tutorial* (214–225), brought up to date:
#
# | data, task | layers | lesson |
# | --- | --- | --- |
# | table: class or number | `Dense`; before it, try trees and a linear model | 04, 08 |
# | picture: class | `Conv2D`, `MaxPooling2D`, `GlobalAveragePooling2D`, `Add`, `BatchNormalization` | 01, 02, 10 |
# | picture: mask, or a new picture | the same, and `Conv2DTranspose` or `UpSampling2D` with `Concatenate` | 03 |
# | picture: boxes | the same, a grid of outputs | later |
# | text, time series | `Embedding`; `LSTM`, `GRU`; `Conv1D`; attention (`MultiHeadAttention`), today's first choice for text | later |
# | codes, denoising | encoder and decoder of `Dense`, or `Conv2D` and `Conv2DTranspose` | later |
#
# > **Correction.** The table says "deconvolution": it is a *transposed* convolution, which does not undo one (lesson 10). And it gives text and series to recurrent layers alone.
#
# How to choose? **Start simple**: a baseline, then the smallest network in the table's row. **Take an architecture that worked on a similar problem**, with its trained weights if there are any (lesson 02): VGG-16, which the decks use, is easy to read, and larger than most successors. Go deeper only while validation improves, and then with skip connections.
#
# ## 9. The test, once

# %%
x_test, y_test = inputs_of(garments.x_test), garments.y_test
nearest = np.array([np.square(class_means - picture).sum(axis=1).argmin() for picture in x_test])
found.record("nearest_mean_test_accuracy", np.mean(nearest == y_test))
for name in kinds:
    stacks[name, 50].set_weights(trained[name, 50])
    found.record(f"{name}_50_test_accuracy", accuracy(stacks[name, 50], x_test, y_test))

# %% [markdown]
# There is no published number for so small a setting; the baseline is ours, and the published comparison is the one of He et al. above. The test scores are those of one network of each kind, the start that was in the middle on the validation pictures. Again only the plain stack stays below the nearest mean picture.
#
# ## What we saw

# %%
gap = 10 ** (found["residual_50_log10_gradient"] - found["plain_50_log10_gradient"])
display(Markdown(f"""
- The sigmoid's slope is at most 0.25, and still {np.median(sizes["sigmoid", 100][:, 0]):.2f} of the gradient at layer 10 reaches layer 1 at width 100 with $N(0, 1)$: width, weights and slope decide together.
- Only ReLU sets outputs to exactly 0; {found["relu_dead_high_rate"]:.0%} of its units were dead after training at 0.03, {found["leaky_relu_dead_high_rate"]:.0%} of leaky ReLU's.
- At 50 layers the first layer's gradient is {gap:.0f} times as large with additions as without (geometric means of {len(starts)} starts; over seeds 0 to 2, real and drawn pictures, the factor went from 7 to 132).
- Validation accuracy at 10 and 50 layers: plain {found["plain_10_val_accuracy"]:.3f} and {found["plain_50_val_accuracy"]:.3f}, residual {found["residual_10_val_accuracy"]:.3f} and {found["residual_50_val_accuracy"]:.3f}, dense {found["dense_10_val_accuracy"]:.3f} and {found["dense_50_val_accuracy"]:.3f}; the nearest mean picture {found["nearest_mean_val_accuracy"]:.3f}.
- 89 % of VGG-16's 138 million parameters are in three dense layers; its successors have one smaller layer behind a global mean.
"""))

# %% [markdown]
# All of this holds for narrow dense layers and small pictures, three starts each.
#
# **Your turn**
#
# 1. Give the residual stack the full variance (`scale=2` in both layers). What happens to its gradient at 50 layers, and to its accuracy? *Hint: each block doubles the variance, and there are 24.*
# 2. Put a `BatchNormalization` in front of each ReLU of the plain stack. Gradient, accuracy, time?
# 3. Put sigmoids into the three stacks. Which of them still learns at 50 layers?
# 4. Replace `Dense` in `stack` by `Conv2D` and `MaxPooling2D`, at 10 layers, and compare at equal time.
#
# ## References
#
# - Balduzzi, D., et al. (2017). The shattered gradients problem. *ICML*.
# - Chollet, F. The Functional API. [Keras' guides](https://keras.io/guides/functional_api/).
# - Clevert, D.-A., Unterthiner, T., Hochreiter, S. (2016). Fast and accurate deep network learning by exponential linear units. *ICLR*.
# - Goodfellow, I., et al. (2013). Maxout networks. *ICML*.
# - He, K., Zhang, X., Ren, S., Sun, J. (2015). Delving deep into rectifiers. *ICCV*. (2016). Deep residual learning for image recognition. *CVPR*.
# - Huang, G., Liu, Z., van der Maaten, L., Weinberger, K. (2017). Densely connected convolutional networks. *CVPR*.
# - Krizhevsky, A., Sutskever, I., Hinton, G. (2012). ImageNet classification with deep convolutional neural networks. *NIPS*.
# - LeCun, Y., Bottou, L., Bengio, Y., Haffner, P. (1998). Gradient-based learning applied to document recognition. *Proceedings of the IEEE*.
# - Maas, A., Hannun, A., Ng, A. (2013). Rectifier nonlinearities improve neural network acoustic models. *ICML workshop*.
# - Redmon, J., et al. (2016). You only look once. *CVPR*.
# - Simonyan, K., Zisserman, A. (2015). Very deep convolutional networks for large-scale image recognition. *ICLR*.
# - Szegedy, C., et al. (2015). Going deeper with convolutions. *CVPR*.
# - Telgarsky, M. (2016). Benefits of depth in neural networks. *COLT*.
# - Veit, A., Wilber, M., Belongie, S. (2016). Residual networks behave like ensembles of relatively shallow networks. *NIPS*.
# - Xie, S., et al. (2017). Aggregated residual transformations for deep neural networks. *CVPR*.
# - Zhang, A., et al. Dive into deep learning, section 5.4 and chapter 8. [d2l.ai](https://d2l.ai): whole architectures, trained on Fashion-MNIST.
