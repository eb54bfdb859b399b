# %% [markdown]
# # 10 · Convolution by hand: what does a convolution compute, and what does it not notice?
#
# A convolutional layer slides a small table of weights over a picture and writes down, for every place, how well the two fit. We compute this on
# paper, as a matrix, with padding, strides, channels and pooling. Then we ask what such a layer
# notices when a picture is moved, turned or enlarged. Slides promise a lot here, so we measure.
#
# **You will**
#
# - reproduce every worked table of five slide decks, and correct six of their statements,
# - write a convolution as a matrix, find its gradient there, and see why its transpose does not undo it,
# - blur, sharpen and find edges in a photograph,
# - measure what survives a shift, a rotation and a scaling, in the maps and in a classifier's accuracy,
# - compare filters made by hand with random and with learned ones, on few pictures and on many,
# - count the weights of dense and of convolutional layers,
# - **write eight answers, 25 points**.
#
# **Time**: about a minute of computing on two CPU cores; three hours with reading and questions. **Before**: lessons 01 and 03.
#
# **Data**: [MNIST](http://yann.lecun.com/exdb/mnist/) (LeCun et al., 1998; 11 MB, CC BY-SA 3.0); without a network scikit-learn's 1,797 smaller digits, with
# other numbers. And a photograph that comes with scikit-learn (a temple in China, 0.2 MB, CC BY).

# %% tags=["parameters"]
profile = "auto"  # "quick" for a CPU, "full" for a GPU, "auto": full where there is a GPU
data = "auto"  # "real": MNIST or an error; "sample": scikit-learn's digits; "auto": real if it can be had
seed = 0

# %% [markdown]
# ## 1. How to work on this assignment
#
# Each question has a cell that ends in `raise NotImplementedError()`. Write your answer there, and run the cell below it: these **visible tests** help,
# but after you hand in, **hidden checks** decide: they call your functions with fresh inputs of other shapes.
#
# - Keep names and arguments. Inputs are NumPy arrays, float32 or float64, or what the question names. Return what `numpy.asarray` takes: a Keras tensor counts,
#   a sparse matrix does not.
# - Results may differ by 0.01 % plus 0.00001. Each part of a question is right or not; a wrong shape loses the part, and what is right by accident,
#   such as zeros everywhere, earns nothing.
# - Do not change an input in place (`image += 1`): this costs half a point of what the question earned.
# - No question needs your answer to another one. Helper functions and cells of your own are welcome; variables of exploring cells are not there when your work is graded.
# - Images have the shape (height, width), row 0 at the top. The kernel fits into the image at least once. **"Convolution" is what Keras calls so: the kernel is not flipped.**

# %%
from course_lib import runtime

run = runtime.setup(profile=profile, seed=seed, mixed_precision=False)

# %%
import keras
import numpy as np
import tensorflow as tf
from IPython.display import Markdown

from course_lib import check, datasets, plots, results

# %% tags=["explore"]
digits = datasets.load("mnist", source=data)
found = results.Results(
    "10-Convolution-by-hand-assignment", profile=run.profile, data=digits.kind
)

# %% [markdown]
# ## 2. A template slides over a picture
#
# A picture $X$ of 5 × 5 pixels, a **kernel** (or filter) $W$ of 3 × 3 weights. Lay the kernel on the top left corner, multiply point by point, add up: that is one number of
# the **feature map**. Shift the kernel by one pixel, repeat. With the place $(p, q)$ of its corner and a bias $b$,
#
# $$h(p, q) = \sum_i \sum_j W_{ij}\, X(i + p,\, j + q) + b ,$$
#
# and an activation $f(h)$ behind it. Each number of the map is a **unit** that sees nine pixels; there are nine units here, and they share nine weights. The map is large where the picture
# looks like the kernel: it is **template matching**.

# %% tags=["explore"]
picture = np.array(
    [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
)
kernel = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]])
print("first window:", np.sum(picture[0:3, 0:3] * kernel))
print("one step to the right:", np.sum(picture[0:3, 1:4] * kernel))

# %% [markdown]
# *Compute the number at the bottom right on paper before you run the next cell.* There Keras does it. It wants a batch of pictures with channels, (n, height, width, channels), and
# kernels (height, width, channels, filters); we have one of each.


# %% tags=["explore"]
def keras_map(picture, kernel, **options):
    batch = np.asarray(picture, "float32")[np.newaxis, :, :, np.newaxis]
    weights = np.asarray(kernel, "float32")[:, :, np.newaxis, np.newaxis]
    return keras.ops.conv(batch, weights, **options).numpy()[0, :, :, 0]


def as_text(table):
    """Give a table as text: rows between strokes."""
    return " / ".join(" ".join(f"{round(float(value), 2) + 0:g}" for value in row) for row in table)


first_map = keras_map(picture, kernel)
print(as_text(first_map))
assert as_text(first_map) == "4 3 4 / 2 4 3 / 2 3 4"


# %% tags=["explore"]
from matplotlib.patches import Rectangle


def draw(axis, table, title, limit, window=None):
    axis.imshow(table, cmap=plots.DIVERGING, vmin=-limit, vmax=limit)
    for (row, column), value in np.ndenumerate(table):
        shade = "white" if abs(value) > 0.6 * limit else "black"
        axis.text(column, row, f"{value:g}", ha="center", va="center", color=shade)
    if window is not None:
        outline = {"edgecolor": plots.OKABE_ITO[0], "facecolor": "none", "linewidth": 3}
        axis.add_patch(Rectangle((window[1] - 0.5, window[0] - 0.5), *window[2:], **outline))
    axis.set(title=title, xticks=[], yticks=[])


# %% tags=["explore"]
figure = plots.new_figure(
    "A picture of 5 by 5 zeros and ones with the bottom right window of 3 by 3 outlined, the kernel, a "
    "diagonal cross, and the map of 3 by 3 numbers, whose bottom right one, 4, is outlined.",
    height=2.6,
    width=7,
)
left, middle, right = figure.subplots(1, 3, width_ratios=(5, 3, 3))
draw(left, picture, "picture", 2, (2, 2, 3, 3))
draw(middle, kernel, "kernel", 2)
draw(right, first_map, "map", 6, (2, 2, 1, 1))
plots.show(figure, caption="Each number of the map belongs to one window; the last one is 4.")

# %% [markdown]
# ### Flipped or not?
#
# Mathematics calls $(f * g)(x) = \int f(\tau)\, g(x - \tau)\, d\tau$ a convolution: one of the two runs *backwards*, so the kernel is turned by 180° before it slides. What slides
# unturned is a **cross-correlation**. *Which one is Keras' `Conv2D`? Our first kernel cannot tell. Why?*

# %% tags=["explore"]
from scipy import signal

x = np.array([[4, 6, 3], [8, 5, 1], [2, 4, 6]])
w = np.array([[3, 2], [5, 1]])
print("Keras:", as_text(keras_map(x, w)))
print("Keras, the kernel turned by 180°:", as_text(keras_map(x, w[::-1, ::-1])))
print("SciPy's convolve2d:", as_text(signal.convolve2d(x, w, mode="valid")))
assert as_text(keras_map(x, w)) == "69 50 / 48 43"
assert as_text(signal.convolve2d(x, w, mode="valid")) == "65 34 / 49 36"

# %% [markdown]
# <details><summary>Answer</summary>
#
# Keras correlates, as PyTorch and all others do; a kernel that looks the same after half a turn, like the cross above, gives the same map either way.
# </details>
#
# (The deck *Overview of Deep Learning, and Keras* gives the integral with the flip, and a worked example without. For a network the difference does not matter: it learns the kernel either way
# round. For a kernel that you write down it does.)
#
# ## 3. Padding, stride, dilation
#
# Four numbers fix how a kernel slides; the number of filters and of groups (section 6) come on top. The **kernel size** $k$. The **padding** $p$: so many zeros around the picture on each side, so that borders count as
# well. The **stride** $s$: how many pixels the kernel moves at a time. The **dilation** $d$: how far its entries are apart; with
# $d = 2$ nine weights see a window of 5 × 5, a larger **receptive field** for the same weights. (The field of *this layer*, that is: on the picture, each further layer widens it.)

# %% tags=["explore"]
figure = plots.new_figure(
    "A picture of 7 by 7 pixels, three times, with the nine pixels under the kernel at its first place "
    "and at the next one to the right: with padding 1, with stride 2, with dilation 2.",
    height=2.6, width=8,
)
settings = {"padding 1": (1, 1, 1), "stride 2": (0, 2, 1), "dilation 2": (0, 1, 2)}
for axis, (name, (p, s, d)) in zip(figure.subplots(1, 3), settings.items(), strict=True):
    grid = np.pad(np.full((7, 7), 0.2), p)
    axis.pcolormesh(grid, cmap="Greys", vmin=0, vmax=1, edgecolors="silver", linewidth=0.5)
    down, right = (np.mgrid[0:3, 0:3] * d + 0.5).reshape(2, 9)
    axis.plot(right, down, "o", color=plots.OKABE_ITO[0], markersize=9, label="first place")
    axis.plot(s + right, down, "x", color=plots.OKABE_ITO[4], label="next place")
    axis.set(title=name, xticks=[], yticks=[], aspect="equal", ylim=(len(grid), 0))
figure.axes[0].legend(loc="lower right", fontsize=8)
plots.show(figure, caption="Grey: the picture; white: zeros around it. A kernel of 3 × 3 reads nine pixels.")

# %% [markdown]
# ### Question 1: `output_size` (2 points)
#
# How many places are there along one side? `output_size(n, kernel, stride, padding, dilation)` gets ints: `n` pixels, `padding` zeros on each side. Return an int (7.0 counts as 7).
#
# | checked | points |
# | --- | --- |
# | dilation 1 | 1 |
# | other dilations | 1 |
#
# <details><summary>Hint</summary>
#
# A kernel of $k$ entries, $d$ apart, spans $d(k - 1) + 1$ pixels. Its first pixel may lie at 0, $s$, $2s$, … as long as its last one is inside:
# $\lfloor (n + 2p - d(k - 1) - 1) / s \rfloor + 1$.
# </details>


# %% answer="output_size"
def output_size(n, kernel, stride, padding, dilation):
    """Return how many places a kernel has along a side of n pixels; all are ints."""
    ### BEGIN SOLUTION
    span = dilation * (kernel - 1) + 1
    return (n + 2 * padding - span) // stride + 1
    ### END SOLUTION


# %% tests="output_size" points=2
with check.question("output_size", points=2) as question:
    with question.part(1, "dilation 1"):
        for settings, expected in (((5, 3, 1, 0, 1), 3), ((200, 3, 2, 0, 1), 99), ((8, 4, 3, 2, 1), 3)):
            size = check.number(output_size(*settings), "the size")
            check.that(size == expected, f"output_size{settings} is {expected}, not {size:g}.")
    with question.part(1, "other dilations"):
        for settings, expected in (((9, 3, 1, 0, 2), 5), ((10, 2, 2, 1, 3), 5)):
            size = check.number(output_size(*settings), "the size")
            check.that(size == expected, f"output_size{settings} is {expected}, not {size:g}.")

# %% [markdown]
# *How many layers with k = 3 and s = 2 make 200 × 200 pixels smaller than 3 × 3?* (The first: $\lfloor 98.5 \rfloor + 1 = 99$.)

# %% tags=["explore"]
sizes, layer = [200], keras.layers.Conv2D(1, kernel_size=3, strides=2)
while sizes[-1] >= 3:
    sizes.append(layer.compute_output_shape((None, sizes[-1], sizes[-1], 1))[1])
print(" → ".join(map(str, sizes)))
assert sizes == [200, 99, 49, 24, 11, 5, 2]
same = keras.layers.Conv2D(1, 3, padding="same", dilation_rate=2)
print('padding="same" keeps', same.compute_output_shape((None, 200, 200, 1))[1:3])

# %% [markdown]
# Six layers. Size falls by a factor, so depth grows only with its logarithm. Keras' `padding="same"` chooses the zeros by itself, more of them at the bottom and right where
# they do not come out even; `ZeroPadding2D` puts them where you say.
#
# ### Question 2: `correlate` (5 points)
#
# `correlate(image, kernel, stride, padding, dilation)` gets (h, w), (kh, kw) and three ints. Return the map as a 2-D array, without bias and activation.
#
# | checked: images wide and tall, kernels that are not symmetric, not square, of even size | points |
# | --- | --- |
# | stride 1, no padding, dilation 1 | 2 |
# | padding | 1 |
# | stride | 1 |
# | dilation; and what was right alone is right together (`keras.ops.conv` refuses stride and dilation both above 1) | 1 |
#
# A flipped kernel is wrong everywhere.
#
# <details><summary>Hint</summary>
#
# `np.pad(image, padding)`. A slice can take steps: `padded[top : top + span : dilation]`, and so can `range`.
# </details>


# %% answer="correlate"
def correlate(image, kernel, stride, padding, dilation):
    """Return the map of an image (h, w) under a kernel (kh, kw), which is not flipped."""
    ### BEGIN SOLUTION
    padded = np.pad(image, padding)
    tall, wide = (dilation * (length - 1) + 1 for length in kernel.shape)
    return np.array(
        [
            [
                np.sum(padded[top : top + tall : dilation, left : left + wide : dilation] * kernel)
                for left in range(0, padded.shape[1] - wide + 1, stride)
            ]
            for top in range(0, padded.shape[0] - tall + 1, stride)
        ]
    )
    ### END SOLUTION


# %% tests="correlate" points=5
with check.question("correlate", points=5) as question:
    small = np.array([[4.0, 6.0, 3.0], [8.0, 5.0, 1.0], [2.0, 4.0, 6.0]])
    corner, wide = np.array([[3.0, 2.0], [5.0, 1.0]]), np.array([[1.0, 10.0]])
    with question.part(2, "stride 1, no padding"):
        hint = "Is the kernel flipped?"
        check.close(correlate(small, corner, 1, 0, 1), [[69, 50], [48, 43]], "the map", hint=hint)
        expected = [[64, 36], [58, 15], [42, 64]]
        check.close(correlate(small, wide, 1, 0, 1), expected, "a kernel of one row")
    with question.part(1, "padding"):
        expected = [[0, 0, 0, 0], [40, 64, 36, 3], [80, 58, 15, 1], [20, 42, 64, 6], [0, 0, 0, 0]]
        check.close(correlate(small, wide, 1, 1, 1), expected, "with one zero on each side")
    with question.part(1, "stride"):
        check.close(correlate(small, wide, 2, 0, 1), [[64], [42]], "every second place")
    with question.part(1, "dilation"):
        check.close(correlate(small, wide, 1, 0, 2), [[34], [18], [62]], "entries two apart")
        check.close(correlate(small, corner, 1, 0, 2), [[34]], "two apart both ways")

# %% tags=["explore"]
if check.passed("correlate"):
    rng = np.random.default_rng(seed)
    big, some = rng.normal(size=(12, 17)), rng.normal(size=(3, 2))
    for stride, dilation in ((1, 1), (2, 1), (1, 2)):
        theirs = keras_map(big, some, strides=stride, dilation_rate=dilation)
        apart = np.abs(correlate(big, some, stride, 0, dilation) - theirs).max()
        print(f"stride {stride}, dilation {dilation}: {apart:.1e} from Keras' at most")

# %% [markdown]
# ## 4. The same as a matrix
#
# Write the pixels of $x$, row by row, as one vector $v(x)$. Each number of the map is a weighted sum of pixels, so the whole map is a matrix times $v(x)$. With the 3 × 3 picture and the
# 2 × 2 kernel (3 2 / 5 1) from above:

# %% tags=["explore"]
U = np.array(
    [
        [3, 2, 0, 5, 1, 0, 0, 0, 0],
        [0, 3, 2, 0, 5, 1, 0, 0, 0],
        [0, 0, 0, 3, 2, 0, 5, 1, 0],
        [0, 0, 0, 0, 3, 2, 0, 5, 1],
    ]
)
print("U v(x) =", U @ x.ravel())
assert (U @ x.ravel()).tolist() == [69, 50, 48, 43]

# %% [markdown]
# *How many weights would a dense layer from nine inputs to four outputs have? How many of $U$'s are not zero? How many different ones are there?*
#
# <details><summary>Answer</summary>
#
# 36, 16 and 4.
# </details>
#
# A convolution is a **dense layer with zeros and with shared weights**.
#
# ### Question 3: `convolution_matrix` (3 points)
#
# `convolution_matrix(kernel, height, width)` gets (kh, kw) and two ints, and returns the U for which `U @ image.ravel()` is the map (stride 1, no padding, dilation 1), row by row, of every image (height, width).
#
# | checked | points |
# | --- | --- |
# | the shape; U is not all zero | 1 |
# | all values | 2 |
#
# <details><summary>Hint</summary>
#
# Row $p \cdot w' + q$ of U belongs to place $(p, q)$ of the map, which is $w'$ wide; column $r \cdot \text{width} + c$ belongs to pixel $(r, c)$.
# </details>


# %% answer="convolution_matrix"
def convolution_matrix(kernel, height, width):
    """Return U, for which U @ image.ravel() is the map of an image (height, width), row by row."""
    ### BEGIN SOLUTION
    kernel_height, kernel_width = kernel.shape
    map_height, map_width = height - kernel_height + 1, width - kernel_width + 1
    U = np.zeros((map_height * map_width, height * width))
    for p, q in np.ndindex(map_height, map_width):
        for i, j in np.ndindex(kernel_height, kernel_width):
            U[p * map_width + q, (p + i) * width + q + j] = kernel[i, j]
    return U
    ### END SOLUTION


# %% tests="convolution_matrix" points=3
with check.question("convolution_matrix", points=3) as question:
    corner, wide = np.array([[3.0, 2.0], [5.0, 1.0]]), np.array([[1.0, 10.0]])
    with question.part(1, "shape"):
        for height, width, shape in ((3, 3, (4, 9)), (2, 5, (4, 10)), (4, 3, (6, 12))):
            matrix = check.array(convolution_matrix(corner, height, width), "U", shape=shape)
            check.that(matrix.any(), "U is all zero.")
    with question.part(2, "values"):
        matrix = np.asarray(convolution_matrix(corner, 3, 3))
        check.close(matrix[0], [3, 2, 0, 5, 1, 0, 0, 0, 0], "the first row of U")
        pixels = np.array([4.0, 6.0, 3.0, 8.0, 5.0, 1.0, 2.0, 4.0, 6.0])
        check.close(matrix @ pixels, [69, 50, 48, 43], "U v(x)")
        expected = [64, 36, 58, 15, 42, 64]
        check.close(convolution_matrix(wide, 3, 3) @ pixels, expected, "a kernel of one row")

# %% [markdown]
# ### Gradients pass
#
# A dense layer has a gradient for each of its 36 weights: what comes back to output $r$ times input $c$. Where several entries of $U$ are one and the same weight, its gradient is the **sum** over these entries. So
# gradient descent works as before. (That sum is itself a convolution: of the picture, with what came back as the kernel.)

# %% tags=["explore"]
came_back = np.array([1.0, -2.0, 0.5, 3.0])  # the gradient with respect to the four outputs
dense_gradient = np.outer(came_back, x.ravel())  # one for each of 36 weights
shared = [dense_gradient[weight == U].sum() for weight in w.ravel()]
kernel_variable = tf.Variable(w.reshape(2, 2, 1, 1).astype("float32"))
with tf.GradientTape() as tape:
    outputs = keras.ops.conv(x.reshape(1, 3, 3, 1).astype("float32"), kernel_variable)
    loss = tf.reduce_sum(tf.reshape(outputs, -1) * came_back.astype("float32"))
by_tape = tape.gradient(loss, kernel_variable).numpy().ravel()
by_convolution = keras_map(x, came_back.reshape(2, 2)).ravel()
print("summed over U:", as_text([shared]), "| tape:", as_text([by_tape]))
print("picture convolved with what came back:", as_text([by_convolution]))
assert np.allclose(shared, by_tape)
assert np.allclose(shared, by_convolution)

# %% [markdown]
# So examples are enough to find a kernel. *Will descent from zeros find 3 2 / 5 1, given one picture of noise and its map?*

# %% tags=["explore"]
noise, learned = np.random.default_rng(seed).normal(size=(12, 12)), np.zeros((2, 2))
wanted = keras_map(noise, w)
for _ in range(50):
    error = keras_map(noise, learned) - wanted
    learned = learned - keras_map(noise, error) / error.size  # the gradient, by convolution
print("learned from one picture and its map:", as_text(learned))
assert as_text(learned) == "3 2 / 5 1"

# %% [markdown]
# ### The way back up
#
# $U$ makes four numbers of nine; $U^\top$ makes nine of four. Networks that have to draw (lesson 03) use it as a layer, the **transposed convolution**. *Does $U^\top (69, 50, 48, 43)$ give back the picture 4 6 3 / 8 5 1 / 2 4 6?*

# %% tags=["explore"]
print(as_text((U.T @ [69, 50, 48, 43]).reshape(3, 3)))
assert as_text((U.T @ [69, 50, 48, 43]).reshape(3, 3)) == "207 288 100 / 489 544 136 / 240 263 43"
nearest = np.linalg.lstsq(U, [69, 50, 48, 43], rcond=None)[0]
print("smallest picture with this map:", as_text(nearest.reshape(3, 3)))

# %% [markdown]
# No. $U^\top$ is not $U^{-1}$; there is no inverse, since four numbers cannot fix nine: the second picture has the same map. So do not call the layer a "deconvolution": it restores the *shape*, not the
# values. What does hold is $\langle U x, y \rangle = \langle x, U^\top y \rangle$, and that is why backpropagation through a convolution is a transposed convolution.
#
# ### Question 4: `transposed` (2 points)
#
# Seen from the small map: each of its numbers stamps the kernel, multiplied by that number, onto a larger picture; the stamps lie `stride` apart and add up where they overlap. `transposed(feature_map, kernel, stride)` gets (h, w), (kh, kw) and an int, and returns
# an array ((h − 1)·stride + kh, (w − 1)·stride + kw): the transpose of a convolution with that stride, no padding, dilation 1. The stride may exceed the kernel; what lies between the stamps stays zero. (There Keras' output is larger.)
#
# | checked, with kernels that are not square | points |
# | --- | --- |
# | the shape; not all zero | 0.5 |
# | all values | 1.5 |
#
# <details><summary>Hint</summary>
#
# `result[top : top + kh, left : left + kw] += …`: `result` is yours, so it may be changed.
# </details>


# %% answer="transposed"
def transposed(feature_map, kernel, stride):
    """Return the transposed convolution of a map (h, w) with a kernel (kh, kw)."""
    ### BEGIN SOLUTION
    (h, w), (kh, kw) = feature_map.shape, kernel.shape
    result = np.zeros(((h - 1) * stride + kh, (w - 1) * stride + kw))
    for p, q in np.ndindex(h, w):
        top, left = p * stride, q * stride
        result[top : top + kh, left : left + kw] += feature_map[p, q] * kernel
    return result
    ### END SOLUTION


# %% tests="transposed" points=2
with check.question("transposed", points=2) as question:
    corner, wide = np.array([[3.0, 2.0], [5.0, 1.0]]), np.array([[1.0, 10.0]])
    with question.part(0.5, "shape"):
        for stride, shape in ((1, (2, 4)), (2, (3, 6)), (3, (4, 8))):
            result = transposed(np.ones((2, 3)), wide, stride)
            check.that(check.array(result, "the picture", shape=shape).any(), "It is all zero.")
    with question.part(1.5, "values"):
        expected = [[207, 288, 100], [489, 544, 136], [240, 263, 43]]
        result = transposed(np.array([[69.0, 50.0], [48.0, 43.0]]), corner, 1)
        check.close(result, expected, "stride 1", hint="Overlapping stamps add up.")
        result = transposed(np.array([[1.0, 2.0]]), wide, 3)
        check.close(result, [[1, 10, 0, 2, 20]], "stride 3, a kernel of one row")

# %% tags=["explore"]
if check.passed("transposed"):
    rng = np.random.default_rng(seed)
    big, some, back = (rng.normal(size=size) for size in ((9, 11), (3, 3), (4, 5)))
    ahead = np.sum(keras_map(big, some, strides=2) * back)
    print(f"⟨Ux, y⟩ = {ahead:.4f}, ⟨x, Uᵀy⟩ = {np.sum(big * transposed(back, some, 2)):.4f}")
    layer = keras.layers.Conv2DTranspose(1, 3, strides=2, use_bias=False)
    theirs = layer(back.reshape(1, 4, 5, 1))
    ours = transposed(back, layer.get_weights()[0][:, :, 0, 0], 2)
    print(f"from Keras' Conv2DTranspose: {np.abs(theirs[0, :, :, 0] - ours).max():.1e} at most")

# %% [markdown]
# ## 5. Pooling, and back
#
# **Pooling** takes one number from each window: its largest, or its average. It has no weights. Its windows usually lie side by side, so 2 × 2 pooling halves both sides; they may also overlap, and they may leave a border that
# does not fill a window. Two slides, once more (the second picture is ours, chosen to give the slide's results):

# %% tags=["explore"]
two = {
    "first": [[12, 20, 30, 0], [8, 12, 2, 0], [34, 70, 37, 4], [112, 100, 25, 12]],
    "second": [[1, 5, 8, 2], [-1, 3, 2, 0], [-1, -6, 7, 4], [-4, -5, 2, 3]],
}
max_pooling, average_pooling = keras.layers.MaxPooling2D(2), keras.layers.AveragePooling2D(2)
pooled = {}
for name, table in two.items():
    batch = np.array(table, "float32").reshape(1, 4, 4, 1)
    for kind, layer in (("max", max_pooling), ("average", average_pooling)):
        pooled[name, kind] = np.asarray(layer(batch))[0, :, :, 0]
        print(f"{name} picture, {kind}: {as_text(pooled[name, kind])}")
assert as_text(pooled["first", "max"]) == "20 30 / 112 37"
assert as_text(pooled["second", "max"]) == "5 8 / -1 7"
assert as_text(pooled["second", "average"]) == "2 3 / -4 4"

# %% [markdown]
# ### Question 5: `pool` (3 points)
#
# `pool(image, size, stride, kind)` gets (h, w), two ints and "max" or "average". Windows are `size` × `size`, `stride` apart, and only those count that lie inside the image. Return one number for each, as a 2-D array.
#
# | checked | points |
# | --- | --- |
# | "max", also where all values are negative; windows side by side that fill the image | 1 |
# | "average", the same windows | 1 |
# | the kinds that are right so far, with windows that overlap, leave a border, or stand apart (stride above size) | 1 |


# %% answer="pool"
def pool(image, size, stride, kind):
    """Return the largest or the average value of each window of an image (h, w)."""
    ### BEGIN SOLUTION
    summary = {"max": np.max, "average": np.mean}[kind]
    height, width = image.shape
    return np.array(
        [
            [
                summary(image[top : top + size, left : left + size])
                for left in range(0, width - size + 1, stride)
            ]
            for top in range(0, height - size + 1, stride)
        ]
    )
    ### END SOLUTION


# %% tests="pool" points=3
with check.question("pool", points=3) as question:
    table = np.array([[1.0, 5, 8, 2], [-1, 3, 2, 0], [-1, -6, 7, 4], [-4, -5, 2, 3]])
    with question.part(1, "max"):
        check.close(pool(table, 2, 2, "max"), [[5, 8], [-1, 7]], "the maxima")
    with question.part(1, "average"):
        check.close(pool(table, 2, 2, "average"), [[2, 3], [-4, 4]], "the averages")
    with question.part(1, "other windows"):
        check.close(pool(table, 3, 1, "max"), [[8, 8], [7, 7]], "3 × 3, overlapping")
        check.close(pool(table, 3, 3, "max"), [[8]], "3 × 3, side by side")
        check.close(pool(table, 1, 3, "max"), [[1, 2], [-4, 3]], "1 × 1, three apart")

# %% [markdown]
# ### Unpooling
#
# **Unpooling** goes the other way: it puts each maximum back to where it came from, if the places were remembered, and zeros elsewhere. Boudart's slides (ULiège) call this the "exact inverse of pooling". *Is it? Look at the second picture.*

# %% tags=["explore"]
table = np.array(two["second"])
windows = table.reshape(2, 2, 2, 2).swapaxes(1, 2)  # window row and column, then inside
is_largest = windows == windows.max(axis=(2, 3), keepdims=True)
unpooled = np.where(is_largest, windows, 0).swapaxes(1, 2).reshape(4, 4)
print("picture: ", as_text(table))
print("unpooled:", as_text(unpooled))
again = keras.layers.MaxPooling2D(2)(unpooled.reshape(1, 4, 4, 1).astype("float32"))
print("unpooled, then pooled again:", as_text(np.asarray(again)[0, :, :, 0]))
found.record("unpooling_values_lost", np.sum(unpooled != table))

# %% [markdown]
# It is not: of 16 values most are gone, and no layer can bring them back. Not even the pooled table comes back where a maximum is negative, because the zeros around it are larger (behind a ReLU that cannot happen). What unpooling keeps is *where* the strong answers were. Backpropagation sends *gradients* back through max pooling in the same way: each to the place of the maximum.
#
# ## 6. Channels
#
# A colour picture has three **channels**. A filter then has one 2-D kernel for each, and **sums** the three results to *one* map, plus one bias. $N$ filters give $N$ maps, which are the channels of the next layer:
#
# $$h_f(p, q) = \sum_{c} \sum_{i, j} W_{ijcf}\, X_c(i + p,\, j + q) + b_f .$$
#
# Even a kernel of 1 × 1 does something here: it mixes the channels, a dense layer at each pixel.
# The kernel does not slide along the channels, for red next to green means nothing. What it slides along is what has neighbours: one axis for time, two for a picture, three for a volume or a film.

# %% tags=["explore"]
for layer, shape, what in (
    (keras.layers.Conv1D(8, 5), (None, 60, 2), "60 steps of time, 2 sensors"),
    (keras.layers.Conv2D(8, 5), (None, 60, 60, 3), "a colour picture"),
    (keras.layers.Conv2D(8, 1), (None, 60, 60, 3), "the same, kernels of 1 × 1"),
    (keras.layers.Conv2D(9, 5, groups=3), (None, 60, 60, 3), "its colours apart: 3 groups"),
    (keras.layers.Conv3D(8, 5), (None, 60, 60, 60, 1), "a volume"),
):
    layer.build(shape)
    sizes = f"kernel {layer.kernel.shape}, output {layer.compute_output_shape(shape)[1:]}"
    print(f"{what}: {sizes}, {layer.count_params():,} parameters")

# %% [markdown]
# ### Question 6: `convolve_layer` (3 points)
#
# `convolve_layer(images, kernels, bias)` gets (n, h, w, c), (kh, kw, c, f) and (f,). Return (n, h′, w′, f): stride 1, no padding, no activation.
#
# | checked, also with n, c or f of 1 | points |
# | --- | --- |
# | the sum over the channels, for every filter, with a bias of zeros | 2 |
# | the whole result with another bias | 1 |
#
# <details><summary>Hint</summary>
#
# Loop over the entries (i, j) of the kernel, not over pixels: the shifted pictures, (n, h′, w′, c), times the matrix `kernels[i, j]`, (c, f).
# </details>


# %% answer="convolve_layer"
def convolve_layer(images, kernels, bias):
    """Return the maps (n, h', w', f) of images (n, h, w, c) under kernels (kh, kw, c, f)."""
    ### BEGIN SOLUTION
    kernel_height, kernel_width = kernels.shape[:2]
    height = images.shape[1] - kernel_height + 1
    width = images.shape[2] - kernel_width + 1
    maps = bias
    for i, j in np.ndindex(kernel_height, kernel_width):
        maps = maps + images[:, i : i + height, j : j + width] @ kernels[i, j]
    return maps
    ### END SOLUTION


# %% tests="convolve_layer" points=3
with check.question("convolve_layer", points=3) as question:
    images = np.arange(18.0).reshape(1, 3, 3, 2)
    kernels = np.array([[[[1.0, 0.0], [0.0, 2.0]], [[0.0, 1.0], [3.0, 0.0]]]])  # (1, 2, 2, 2)
    expected = np.array([[[9.0, 4], [17, 10]], [[33, 22], [41, 28]], [[57, 40], [65, 46]]])
    with question.part(2, "without a bias"):
        maps = convolve_layer(images, kernels, np.zeros(2))
        check.close(maps, expected[np.newaxis], "the maps", hint="Are the channels summed?")
        maps = convolve_layer(-images, kernels, np.zeros(2))
        check.close(maps, -expected[np.newaxis], "the maps of the negative", hint="No ReLU here.")
    with question.part(1, "with a bias"):
        maps = convolve_layer(images, kernels, np.array([0.5, -1.0]))
        shifted = expected + np.array([0.5, -1.0])
        check.close(maps, shifted[np.newaxis], "the maps", hint="One bias a filter, once.")

# %% [markdown]
# ## 7. Kernels on a photograph
#
# Before networks learned kernels, people wrote them. **Sobel's** $\frac14$(1 0 −1 / 2 0 −2 / 1 0 −1) answers to horizontal change of brightness, smoothed vertically. A **blur** is an average, weighted towards the centre here. **Sharpening** adds what a
# blur would remove. The last two find **edges** of any direction, from four neighbours or from eight (the strong one).
#
# *The weights of three of these kernels sum to 0, those of two to 1. What do the two groups answer in the plain sky?* The cell prints both.

# %% tags=["explore"]
from sklearn.datasets import load_sample_image

photo = load_sample_image("china.jpg")[13:413, 120:520] @ [0.299, 0.587, 0.114] / 255  # to grey
sobel = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]]) / 4
kernels_by_hand = {
    "Sobel": sobel,
    "blur": np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256,
    "sharpen": np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
    "edges": np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]]),
    "strong edges": 9 * np.outer([0, 1, 0], [0, 1, 0]) - 1,
}
answers = {name: keras_map(photo, kernel) for name, kernel in kernels_by_hand.items()}
for name, answer in answers.items():
    print(f"{name}: {kernels_by_hand[name].sum():g}, in the sky {answer[20:60, 20:60].mean():.3f}")
print(f"the sky itself: {photo[20:60, 20:60].mean():.3f}")

# %% tags=["explore"]
figure = plots.new_figure(
    "A temple, and its maps under five kernels. Sobel's shows upright edges, white on one side and "
    "black on the other; blurred it is smooth, sharpened crisp; the last two show outlines on grey.",
    height=5.4,
    width=8,
)
panels = figure.subplots(2, 3).ravel()
for axis, (name, answer) in zip(panels, {"photograph": photo, **answers}.items(), strict=True):
    low, high = (-0.3, 0.3) if name in ("Sobel", "edges", "strong edges") else (0, 1)
    axis.imshow(answer[150:350, 100:300], cmap="gray", vmin=low, vmax=high)
    axis.set_title(name)
    axis.set_axis_off()
plots.show(figure, caption="A part of it. In Sobel's and the edges' maps grey is 0, black −0.3, white 0.3.")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Kernels that sum to 0 do not notice brightness and answer 0 on a plain surface; kernels that sum to 1 keep the brightness. Flipped, Sobel's kernel would exchange black and white.
# </details>
#
# ## 8. A written "1", three filters
#
# Now to the DLR tutorial's template. Ink is 1, paper −1. Filter $f_1$ is the upper part of a "1", $f_2$ its stem, and a third filter is all ones. A window that agrees with a filter in all nine pixels scores 9; each pixel that disagrees costs 2.

# %% tags=["explore"]
one = -np.ones((5, 5), int)
one[:, 3] = one[1, 2] = one[2, 1] = 1
filters = {"all ones": np.ones((3, 3), int), "f₁": one[0:3, 1:4], "f₂": one[2:5, 2:5]}
maps = {name: keras_map(one, kernel) for name, kernel in filters.items()}
for name, table in maps.items():
    print(f"{name}: {as_text(table)}")
assert as_text(maps["all ones"]) == "-5 1 -1 / -5 1 -1 / -7 -1 -3"
assert as_text(maps["f₁"]) == "-1 9 -5 / 3 1 -5 / -3 3 -3"
assert as_text(maps["f₂"]) == "3 -3 7 / 3 -3 7 / 5 -5 9"

# %% tags=["explore"]
figure = plots.new_figure(
    "A 1 of 5 by 5 pixels; three filters of 3 by 3; their maps: "
    + "; ".join(f"{name}: {as_text(table)}" for name, table in maps.items()), height=4, width=8,
)
panels = figure.subplots(2, 4)
draw(panels[0, 0], one, "picture", 3)
panels[1, 0].set_axis_off()
for column, name in enumerate(filters, start=1):
    draw(panels[0, column], filters[name], name, 3)
    draw(panels[1, column], maps[name], f"map of {name}", 9)
plots.show(figure, caption="Only a full match scores 9: each of the two templates is found once.")

# %% [markdown]
# (In the DLR tutorial four of the written sums for $f_1$ have eight terms and add up to 0, 8, −4 and 6; the results beside them, −1, 9, −5 and 7, are right.)
#
# Max pooling 2 × 2 with stride 1 makes these nine numbers four. And the slides go on to a **deformed** "1": it stands further right, and the lower end of its hook is missing. (They show the first row of its map; the rest follows if the stem goes on.) *What does $f_1$ score at best?*

# %% tags=["explore"]
smaller = keras.layers.MaxPooling2D(2, strides=1)
for name, table in maps.items():
    print(f"{name}, pooled: {as_text(smaller(table.reshape(1, 3, 3, 1)).numpy()[0, :, :, 0])}")
deformed = -np.ones((5, 5), int)
deformed[:, 4] = deformed[1, 3] = 1
print("f₁ on the deformed 1:", as_text(keras_map(deformed, filters["f₁"])))
assert as_text(keras_map(deformed, filters["f₁"])) == "-1 1 7 / -1 1 3 / -1 -1 5"

# %% [markdown]
# 7 of 9. The tutorial concludes that filters identify features "even under displacement, shrinkage, rotation or deformation". Is 7 much? We need a null value: the best of nine scores on pictures of pure chance.

# %% tags=["explore"]
rng = np.random.default_rng(seed)
chance = rng.choice([-1.0, 1.0], size=(4000, 5, 5, 1)).astype("float32")
scores = keras.ops.conv(chance, filters["f₁"].reshape(3, 3, 1, 1).astype("float32"))
best = scores.numpy().max(axis=(1, 2, 3))
found.record("best_score_by_chance", best.mean())
found.record("chance_reaches_seven", (best >= 7).mean())

# %% [markdown]
# One picture of pure chance in six or so scores 7 as well. So let us measure properly: the same "1" drawn eight times as large, the template too, and the best score over all places, while the "1" moves, turns and grows. *Which of the three curves will be flat?*


# %% tags=["explore"]
from scipy import ndimage


def moved(picture, angle=0, factor=1, background=0.0):
    """Turn a picture about its centre (degrees) and enlarge it, between pixels by interpolation."""
    cosine, sine = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    matrix = np.array([[cosine, -sine], [sine, cosine]]) / factor
    centre = (np.array(picture.shape) - 1) / 2
    offset = centre - matrix @ centre
    return ndimage.affine_transform(picture, matrix, offset, order=1, cval=background)


# %% tags=["explore"]
large = np.pad(np.kron(one, np.ones((8, 8))), 28, constant_values=-1)
template = np.kron(filters["f₁"], np.ones((8, 8)))
shifts, angles, factors = np.arange(-20, 21, 4), np.arange(0, 181, 10), np.geomspace(0.5, 2, 13)
versions = {
    "shift (pixels)": (shifts, [np.roll(large, (s, s), (0, 1)) for s in shifts]),
    "rotation (degrees)": (angles, [moved(large, angle=a, background=-1) for a in angles]),
    "scaling (factor)": (factors, [moved(large, factor=f, background=-1) for f in factors]),
}
best_scores = {
    what: np.array([keras_map(version, template).max() / 64 for version in drawn])
    for what, (_, drawn) in versions.items()
}

# %% tags=["explore"]
summary = "; ".join(f"{what}: {s.min():.1f} to {s.max():.1f}" for what, s in best_scores.items())
figure = plots.new_figure(f"A template's best score. {summary}.", height=2.7)
for axis, (what, scores) in zip(figure.subplots(1, 3, sharey=True), best_scores.items(), strict=True):
    axis.plot(versions[what][0], scores, "o-", color=plots.OKABE_ITO[0])
    axis.axhline(found["best_score_by_chance"], color="gray", linestyle=":", label="chance, 5 × 5")
    axis.set(xlabel=what, ylim=(0, 9.5))
panels = figure.axes
panels[0].set_ylabel("best score, of 9")
panels[0].legend(loc="lower center", fontsize=8)
plots.show(figure, caption="A shift costs nothing; rotation and scaling do.")
found.record("best_score_shifted", best_scores["shift (pixels)"].min())
found.record("best_score_turned_30", best_scores["rotation (degrees)"][3])
found.record("best_score_half_size", best_scores["scaling (factor)"][0])

# %% [markdown]
# ## 9. Equivariance, in numbers
#
# That the best score survives a shift has a stronger reason: the whole map moves along. A map $K$ is **equivariant** to a transformation $T$ if $K(T x) = T(K x)$, and **invariant** if $K(T x) = K x$. Convolution is
# equivariant to shifts, and *not* invariant. (Two of the decks say "invariant", Boudart's says both.) On the photograph we measure $\lVert K(Tx) - T(Kx) \rVert / \lVert T(Kx) \rVert$, in the middle, away from borders.
# 0 means equivariant; two unrelated maps of equal size would give 1.41.
#
# *Sobel's kernel and "edges", a shift and three others: which of the eight numbers will be 0?*

# %% tags=["explore"]
transformations = {
    "shift by 7": lambda image: np.roll(image, 7, axis=1),
    "rotation by 90°": np.rot90,
    "rotation by 15°": lambda image: moved(image, angle=15),
    "enlargement by 1.5": lambda image: moved(image, factor=1.5),
}


def equivariance_error(change, kernel, kernel_after=None):
    kernel_after = kernel if kernel_after is None else kernel_after
    after = keras_map(change(photo), kernel_after, padding="same")[100:300, 100:300]
    expected = change(keras_map(photo, kernel, padding="same"))[100:300, 100:300]
    return np.linalg.norm(after - expected) / np.linalg.norm(expected)


# %% tags=["explore"]
lines = ["| transformation | Sobel | edges |\n|---|---|---|"]
for name, change in transformations.items():
    errors = [equivariance_error(change, kernels_by_hand[kind]) for kind in ("Sobel", "edges")]
    lines.append(f"| {name} | {errors[0]:.2f} | {errors[1]:.2f} |")
    short = name.replace("°", "").replace(".", "_").replace(" ", "_")
    found.record(f"sobel_{short}", errors[0])
    found.record(f"edges_{short}", errors[1])
turned = equivariance_error(np.rot90, sobel, np.rot90(sobel))
lines.append(f"| rotation by 90°, and the kernel is turned, too | {turned:.2f} | |")
Markdown("\n".join(lines))

# %% [markdown]
# <details><summary>Answer</summary>
#
# Three. The shift, for both kernels; and a quarter turn for "edges", whose kernel looks the same from all four sides. Sobel's does not: after the turn it would have to be turned itself, and a layer cannot know. An edge that is 1.5 times as
# wide is flatter, so the answer is weaker.
# </details>
#
# So: of displacement, shrinkage, rotation and deformation only **displacement** is answered predictably. The others need filters for each case (learned ones), augmented pictures (lesson 02), or some tolerance from pooling.
#
# ## 10. Hand-made or learned?
#
# The older recipe of computer vision: an expert designs filters, and a simple classifier learns on top. Designing costs years of experts; learning costs pictures. We give both the same network: eight filters of 5 × 5 with stride 2, ReLU, averages over
# 2 × 2, one dense layer. The **hand-made** filters are slopes in eight directions; with the pooling that is nearly the *histogram of oriented gradients* (Dalal and Triggs, 2005). Beside them stand the same network with **random** filters
# that stay as they are, and a dense layer on **pixels** alone.

# %% tags=["explore"]
layers = keras.layers
pictures = digits.x_train.reshape(-1, 28, 28, 1).astype("float32") / 255
labels = digits.y_train.astype("int64")
n_val = 2000 if digits.kind == "real" else 300
order = np.random.default_rng(seed).permutation(len(pictures))  # MNIST's last pictures are easier
x_val, y_val = pictures[order[:n_val]], labels[order[:n_val]]
x_many, y_many = (part[order[n_val : n_val + 10_000]] for part in (pictures, labels))
commonest = np.bincount(y_val).max() / n_val
found.record("commonest_class", commonest)

down, right = np.mgrid[-2:3, -2:3]
directions = np.arange(8) * np.pi / 4
slope = right[..., np.newaxis] * np.cos(directions) + down[..., np.newaxis] * np.sin(directions)
hand_made = slope * np.exp(-(down**2 + right**2) / 4)[..., np.newaxis]
hand_made = (hand_made / np.abs(hand_made).sum(axis=(0, 1)) * 2)[:, :, np.newaxis].astype("float32")


# %% tags=["explore"]
def classifier(name):
    filters = layers.Conv2D(8, 5, strides=2, padding="same", activation="relu")
    filters.trainable = name == "learned"
    front = [] if name == "pixels" else [filters, layers.AveragePooling2D(2)]
    return keras.Sequential([keras.Input((28, 28, 1)), *front, layers.Flatten(), layers.Dense(10)])


def compiled(model):
    optimizer = keras.optimizers.Adam(0.01)
    optimizer.build(model.trainable_variables)  # so that `train` can set it back
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, steps_per_execution=20, jit_compile=False)
    return model


# %% [markdown]
# All take the same 300 steps with 50 pictures each, drawn with replacement. "Few" are ten pictures of each digit, three draws; "many" are all that we set aside for training, up to 10,000, from three starts. *Write down who wins, with few and with many.*

# %% tags=["explore"]
names, starts = ("pixels", "random", "hand-made", "learned"), [3 * seed + k for k in range(3)]
models = {name: compiled(classifier(name)) for name in names}
untouched = {name: [v.numpy() for v in model.optimizer.variables] for name, model in models.items()}


def train(name, x, y, start, steps=300):
    model = models[name]
    keras.utils.set_random_seed(start)
    model.set_weights(keras.models.clone_model(model).get_weights())  # draws new ones
    if name == "hand-made":
        model.layers[0].set_weights([hand_made, np.zeros(8)])
    for variable, value in zip(model.optimizer.variables, untouched[name], strict=True):
        variable.assign(value)
    drawn = np.random.default_rng(start).integers(len(x), size=50 * steps)
    model.fit(x[drawn], y[drawn], batch_size=50, shuffle=False, verbose=0)


# %% tags=["explore"]
def accuracy(model, x, y):
    return float(np.mean(np.argmax(model.predict_on_batch(x), axis=1) == y))


def few_of_each(start):
    order = np.random.default_rng([seed, start]).permutation(len(x_many))
    return np.concatenate([order[y_many[order] == digit][:10] for digit in range(10)])


few, many = ({name: [] for name in names} for _ in range(2))
for name in names:
    for start in starts:
        for table, rows in ((few, few_of_each(start)), (many, slice(None))):
            train(name, x_many[rows], y_many[rows], start)
            table[name].append(accuracy(models[name], x_val, y_val))

# %% tags=["explore"]
lines = ["| filters | weights that learn | 100 pictures | many pictures |\n|---|---|---|---|"]
for name in names:
    cells = [f"{np.mean(t[name]):.3f} ± {np.std(t[name], ddof=1):.3f}" for t in (few, many)]
    learning = sum(int(np.prod(v.shape)) for v in models[name].trainable_variables)
    lines.append(f"| {name} | {learning:,} | {cells[0]} | {cells[1]} |")
    short = name.replace("-", "_")
    found.record(f"few_{short}", np.mean(few[name]))
    found.record(f"many_{short}", np.mean(many[name]))
lines.append(f"| (always the commonest digit) | 0 | {commonest:.3f} | {commonest:.3f} |")
Markdown("\n".join(lines))

# %% [markdown]
# (± is the standard deviation over three starts, itself a rough number; the validation pictures add a standard error of 0.005 on MNIST, 0.01 on the sample.) With 100 pictures the hand-made
# filters beat the learned ones in each of nine draws that we tried, on MNIST and on the sample. With MNIST's 10,000 the learned ones are level or a little ahead, in only 300 steps, and both leave random filters and pixels behind. (The sample's thousand pictures are not many.) And nobody had to know the eight directions.
#
# For comparison, the table on [MNIST's page](http://yann.lecun.com/exdb/mnist/) gives as test errors after all 60,000 pictures 12.0 % for a linear classifier and 0.95 % for LeNet-5 (both from LeCun et al., 1998), so accuracies of 0.880 and 0.9905.
#
# The test set, once: the last of the three networks trained on many pictures.

# %% tags=["explore"]
x_test, y_test = digits.x_test.reshape(-1, 28, 28, 1).astype("float32") / 255, digits.y_test
for name in names:
    found.record(f"test_{name.replace('-', '_')}", accuracy(models[name], x_test, y_test))
both = np.concatenate([hand_made, models["learned"].layers[0].get_weights()[0]], axis=-1)
both = both / np.abs(both).max(axis=(0, 1, 2))
figure = plots.filters(both, subject="filters, the first row made by hand, the second learned")
plots.show(figure, caption="Above: slopes in eight directions. Below: learned, less tidy. Largest weight 1.")

# %% [markdown]
# ## 11. What pooling adds, and what a dense layer undoes
#
# Equivariance says that the map moves along. A classifier wants the *same* answer. Pooling is a step in this direction. (Slides say that it "preserves spatial invariance"; there is none before it: invariance *grows*.) We shift digits by
# one pixel and ask by how much the pooled maps of the hand-made filters change, as a part of their size.

# %% tags=["explore"]
def shifted_change(window, layer_class):
    pooling = layer_class(window)
    before, after = (
        pooling(keras.ops.relu(keras.ops.conv(images, hand_made, padding="same"))).numpy()
        for images in (x_val[:300], np.roll(x_val[:300], 1, axis=2))
    )
    return np.linalg.norm(after - before) / np.linalg.norm(before)


windows = [1, 2, 4, 7, 14, 28]
changes = {
    kind: [shifted_change(window, layer_class) for window in windows]
    for kind, layer_class in (("max", layers.MaxPooling2D), ("average", layers.AveragePooling2D))
}

# %% tags=["explore"]
summary = "; ".join(f"{kind}: " + ", ".join(f"{c:.2f}" for c in row) for kind, row in changes.items())
figure = plots.new_figure(
    f"Change of pooled maps under a shift by one pixel, windows of 1 to 28 pixels. {summary}.",
    height=2.6, width=6)
axis = figure.subplots()
for number, (kind, row) in enumerate(changes.items()):
    axis.plot(windows, row, ("o-", "s--")[number], color=plots.OKABE_ITO[number], label=kind)
axis.set(xlabel="side of the window (pixels)", ylabel="relative change", ylim=(0, None), xscale="log")
axis.set_xticks(windows, windows)
axis.minorticks_off()
axis.legend()
plots.show(figure, caption="The larger the window, the less a shift by one pixel shows; over the whole map 0.")
found.record("change_without_pooling", changes["max"][0])
found.record("change_max_pooling_4", changes["max"][2])

# %% [markdown]
# Whatever is pooled away is lost to the classifier, too: *where* it was. And what follows? `Flatten` gives each place of the map weights of its own, so a **dense** layer treats a shifted map as a new one: it undoes the equivariance that the convolutions had kept. Global
# pooling does not. Two networks with equal convolutions, trained alike on the many pictures; then validation digits are shifted, turned and scaled. *Which head survives which?*


# %% tags=["explore"]
def with_head(head):
    stack = [
        layers.Conv2D(8, 5, strides=2, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
    ]
    return compiled(keras.Sequential([keras.Input((28, 28, 1)), *stack, head, layers.Dense(10)]))


heads = {"flatten, dense": layers.Flatten(), "global maximum, dense": layers.GlobalMaxPooling2D()}
for name, head in heads.items():
    models[name] = with_head(head)
    untouched[name] = [variable.numpy() for variable in models[name].optimizer.variables]
    train(name, x_many, y_many, starts[0], steps=600)
compared = ("pixels", *heads)

# %% tags=["explore"]
def changed_digits(change):
    return np.stack([change(image) for image in x_val[:500, :, :, 0]])[..., np.newaxis]


steps_of = {
    "shift (pixels)": [0, 1, 2, 3, 4, 5, 6],
    "rotation (degrees)": [0, 10, 20, 30, 45, 60, 90],
    "scaling (factor)": [0.6, 0.7, 0.8, 1, 1.2, 1.3, 1.4],
}
changes_of = {
    "shift (pixels)": lambda image, s: np.roll(image, (s, s), (0, 1)),
    "rotation (degrees)": lambda image, angle: moved(image, angle=angle),
    "scaling (factor)": lambda image, factor: moved(image, factor=factor),
}

# %% tags=["explore"]
survived = {}
for what, amounts in steps_of.items():
    for amount in amounts:
        images = changed_digits(lambda image, w=what, a=amount: changes_of[w](image, a))
        for name in compared:
            survived[name, what, amount] = accuracy(models[name], images, y_val[:500])
for name, short in zip(compared, ("pixels", "flatten", "global"), strict=True):
    found.record(f"plain_{short}", survived[name, "shift (pixels)", 0])
    found.record(f"shifted_4_{short}", survived[name, "shift (pixels)", 4])
    found.record(f"turned_45_{short}", survived[name, "rotation (degrees)", 45])
    found.record(f"scaled_0_7_{short}", survived[name, "scaling (factor)", 0.7])

# %% tags=["explore"]
ends = {n: [survived[n, what, amounts[-1]] for what, amounts in steps_of.items()] for n in compared}
summary = "; ".join(f"{n}: " + ", ".join(f"{end:.2f}" for end in row) for n, row in ends.items())
figure = plots.new_figure(
    f"Accuracy on shifted, turned, scaled digits. At the right ends of the three panels: {summary}.",
    height=2.9,
)
for axis, (what, amounts) in zip(figure.subplots(1, 3, sharey=True), steps_of.items(), strict=True):
    for number, name in enumerate(compared):
        style, colour = ("o:", "s--", "^-")[number], plots.OKABE_ITO[number]
        axis.plot(amounts, [survived[name, what, a] for a in amounts], style, color=colour, label=name)
    axis.axhline(found["commonest_class"], color="gray", linewidth=0.8)
    axis.set(xlabel=what, ylim=(0, 1))
figure.axes[0].set_ylabel("accuracy")
figure.axes[2].legend(fontsize=7, loc="lower center")
plots.show(figure, caption="Shifted down and right; turned; scaled. Grey: the commonest digit. One start each.")

# %% [markdown]
# The global maximum survives the shift best, though not wholly: at the border windows are cut. (Shifts by 4, the product of the strides, are special: there the small maps move by whole steps.) What it costs is the knowledge of places, which may show in the accuracy on digits that stay where they are. A rotation by
# 45° costs each of the three most of its accuracy, and a strong scaling much of it: no layer here knows that such things exist.
#
# ## 12. Counting
#
# *A picture of 200 × 200 pixels, and a layer with as many units. How many weights if it is dense? How many if it is a convolution with 100 filters of 5 × 5? Count on paper.*

# %% tags=["explore"]
pixels = 200 * 200
layer = layers.Conv2D(100, 5)
layer.build((None, 200, 200, 1))
units = np.prod(layer.compute_output_shape((None, 200, 200, 1))[1:])
print(f"dense: {pixels * pixels:,} weights, {pixels * pixels + pixels:,} with biases")
print(
    f"convolution: {np.prod(layer.kernel.shape):,} weights, {layer.count_params():,} with biases, "
    f"for {units:,} units and {units * 25:,} multiplications"
)
for side in (1000, 4000):
    weights = side * side * 1000
    size = f"{weights:,} weights, {4 * weights / 1e9:.0f} GB"
    print(f"Hubble, {side} × {side} pixels, 1,000 dense units: {size}")

# %% [markdown]
# The weights of a convolution do not depend on the size of the picture; the work and the memory for its maps do: each weight works at every place.
#
# ## 13. The pattern
#
# Most classifiers of pictures follow one pattern (Boudart's slides; also Stanford's CS231n):
#
# **INPUT → [[CONV → RELU]·N → POOL]·M → [DENSE → RELU]·K → DENSE**
#
# with $N$ and $K$ up to 3. The pooled maps are flattened before the first DENSE; that is the way from two dimensions to classes. *Why the RELU between two CONVs?*

# %% tags=["explore"]
rng = np.random.default_rng(seed)
first, second = rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
twice = keras_map(keras_map(photo, first), second)
joined = signal.convolve2d(first, second)  # a kernel of 5 × 5
once = keras_map(photo, joined)
print(f"two kernels of 3 × 3 against one of {joined.shape}: {np.abs(twice - once).max():.1e} apart")
found.record("two_linear_against_one", np.abs(twice - once).max() / np.abs(once).max())

# %% [markdown]
# Because convolutions are linear: two of 3 × 3 are one of 5 × 5, and stacking adds nothing without an activation between them. With one it does: three layers of 3 × 3 see 7 × 7 pixels, as one layer of 7 × 7 does, with $27 C^2$ weights for $C$ channels in place of $49 C^2$.
#
# ### Question 7: `build_cnn` (4 points)
#
# `build_cnn(input_shape, n, m, k, filters, units, n_classes)` returns a Keras model of this pattern, compiled or not. `input_shape` is a tuple (h, w, c), large enough for every POOL; `n` and `m` are ints ≥ 1, `k` an int ≥ 0. Every CONV is 3 × 3 with `filters` channels and
# "same" padding; every POOL is a maximum over 2 × 2, and drops an odd border row; every DENSE has `units` units, but the last has `n_classes`, **without activation**. All CONV and DENSE have biases. The weights must exist when the model is returned, in the order of the pattern: start with `keras.Input`, for an unbuilt model earns nothing.
#
# | checked, for several n, m and k, k = 0 among them | points |
# | --- | --- |
# | shapes and number of parameters | 1.5 |
# | under weights that we set, the outputs of a trusted network, in training, too | 2.5 |


# %% answer="build_cnn"
def build_cnn(input_shape, n, m, k, filters, units, n_classes):
    """Return INPUT → [[CONV → RELU]·n → POOL]·m → [DENSE → RELU]·k → DENSE as a Keras model."""
    ### BEGIN SOLUTION
    stack = [keras.Input(input_shape)]
    for _ in range(m):
        for _ in range(n):
            stack.append(keras.layers.Conv2D(filters, 3, padding="same", activation="relu"))
        stack.append(keras.layers.MaxPooling2D(2))
    stack.append(keras.layers.Flatten())
    for _ in range(k):
        stack.append(keras.layers.Dense(units, activation="relu"))
    stack.append(keras.layers.Dense(n_classes))
    return keras.Sequential(stack)
    ### END SOLUTION


# %% tests="build_cnn" points=4
with check.question("build_cnn", points=4) as question:
    with question.part(1.5, "shapes and parameters"):
        for settings, parameters in (
            (((28, 28, 1), 1, 2, 1, 4, 10, 3), 2191),
            (((9, 6, 3), 2, 1, 0, 2, 7, 5), 219),
        ):
            model = build_cnn(*settings)
            count = sum(np.size(array) for array in model.get_weights())
            check.that(count == parameters, f"{settings}: {count} parameters, not {parameters}.")
            outputs = model(np.ones((2, *settings[0]), "float32"))
            check.array(outputs, f"{settings}: the output", shape=(2, settings[-1]))
    with question.part(2.5, "outputs under given weights"):
        model = build_cnn((2, 2, 1), 1, 1, 1, 1, 1, 2)
        identity = np.zeros((3, 3, 1, 1))
        identity[1, 1] = 1  # the convolution returns the picture
        last = [np.array([[1.0, -1.0]]), np.array([0.0, 0.5])]
        model.set_weights([identity, np.zeros(1), np.array([[2.0]]), np.array([-1.0]), *last])
        image = np.array([[1.0, -2.0], [3.0, 0.5]]).reshape(1, 2, 2, 1)
        check.close(model(image), [[5.0, -4.5]], "the output")
        check.close(model(-image), [[3.0, -2.5]], "the output for the negative picture")
        check.close(model(0 * image), [[0.0, 0.5]], "the output for a black picture")
        model = build_cnn((2, 2, 1), 2, 1, 0, 1, 1, 1)
        zero, one = np.zeros(1), np.ones((1, 1))
        model.set_weights([identity, zero, -identity, zero, one, zero])
        check.close(model(image), [[0.0]], "the output of two convolutions, x and −x",
                    hint="Is there a ReLU behind each of them?")
        model = build_cnn((8, 8, 1), 1, 1, 1, 8, 32, 3)
        noise = np.random.default_rng(0).random((4, 8, 8, 1)).astype("float32")
        check.close(model(noise, training=True), model(noise), "the output in training")

# %% [markdown]
# *A picture of 200 × 200 × 3, n = 1, k = 1, 16 filters, 100 units, two classes, say cats and dogs. How does the number of parameters change with m?*

# %% tags=["explore"]
if check.passed("build_cnn"):
    for m in range(1, 7):
        model = build_cnn((200, 200, 3), 1, m, 1, 16, 100, 2)
        flat = model.layers[-3].output.shape[1]
        print(f"m = {m}: {model.count_params():>9,} parameters, {flat:>7,} numbers after Flatten")

# %% [markdown]
# Nearly all of them sit in the first dense layer, until pooling has made the maps small. So many networks end with global pooling in place of `Flatten`, as in section 11. Lesson 11 asks what depth does.
#
# ## 14. In your own words
#
# ### Question 8: `shift_rotation_scaling` (3 points, marked by hand)
#
# In about ten sentences, with numbers from this lesson: to which of shift, rotation and scaling does a convolution answer predictably, and why? What does pooling add? What does a dense layer undo?

# %% [markdown] written="shift_rotation_scaling" points=3
# **Model answer.** A convolution applies the same weights at every place. If the picture is shifted, each window's content appears at another place with the same weights, so the map is shifted by as much (away from the borders, and with a stride for shifts by multiples of it): it is equivariant to shifts, with an error of exactly 0
# on our photograph, and the template's best score stays 9 of 9. It is not invariant: the map does change. Rotation and scaling change what is *inside* a window, and the kernel does not turn or grow along: the score of 9 falls to 3.4 at 30° and 2.5 at half size, below what chance reaches. Only where the kernel has the symmetry itself is there an
# exception: the edge kernel and a quarter turn.
#
# Pooling replaces a window of answers by one, so a small shift within the window changes little: over windows of 4 × 4 much less than without pooling, over the whole map nothing. So it turns part of the equivariance into invariance, and pays with the knowledge of places. It does so for shifts only; turned or scaled answers are other answers.
#
# A dense layer after `Flatten` has weights of its own for each place of the map. Shifted features meet other weights, so what was learned at one place does not hold at another: the accuracy falls with the shift, although the convolutions answered predictably. With global pooling before the dense layer it hardly falls. What the architecture does not provide must come from pictures: augmentation.
#
# **Rubric** (half points possible).
#
# - 1 point: shift yes, rotation and scaling no, half; the reason (shared weights; a window's content moves unchanged, or does not), half. "Invariant" in place of "equivariant" without a distinction: at most half.
# - 1 point: pooling gives tolerance to small shifts, growing with the window, half; its price (places are lost) or its limit (nothing for rotation and scaling), half.
# - 1 point: dense layers weigh each place separately, half; consequence measured or remedy named (global pooling, augmentation), half.

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
- A template's best score stays {found["best_score_shifted"]:.0f} of 9 under shifts, and falls to {found["best_score_turned_30"]:.1f} turned by 30° and {found["best_score_half_size"]:.1f} at half size; pictures of pure chance reach {found["best_score_by_chance"]:.1f} on average, and {found["chance_reaches_seven"]:.0%} of them 7 or more.
- Equivariance error on the photograph: {found["sobel_shift_by_7"]:.2f} for a shift; for Sobel's kernel {found["sobel_rotation_by_90"]:.2f} under a quarter turn (1.41: unrelated) and {found["sobel_enlargement_by_1_5"]:.2f} under an enlargement by 1.5.
- Validation accuracy with 100 pictures: pixels {found["few_pixels"]:.3f}, random filters {found["few_random"]:.3f}, hand-made {found["few_hand_made"]:.3f}, learned {found["few_learned"]:.3f}; with many {found["many_pixels"]:.3f}, {found["many_random"]:.3f}, {found["many_hand_made"]:.3f}, {found["many_learned"]:.3f}; always the commonest digit {found["commonest_class"]:.3f}.
- On the test set, once, one start: {found["test_pixels"]:.3f}, {found["test_random"]:.3f}, {found["test_hand_made"]:.3f}, {found["test_learned"]:.3f}.
- A shift by one pixel changes the maps by {found["change_without_pooling"]:.0%} of their size, after 4 × 4 max pooling by {found["change_max_pooling_4"]:.0%}.
- Digits in their place, then shifted by 4 pixels both ways: pixels {found["plain_pixels"]:.2f} → {found["shifted_4_pixels"]:.2f}, convolutions and `Flatten` {found["plain_flatten"]:.2f} → {found["shifted_4_flatten"]:.2f}, convolutions and global maximum {found["plain_global"]:.2f} → {found["shifted_4_global"]:.2f}.
- Turned by 45°: {found["turned_45_pixels"]:.2f}, {found["turned_45_flatten"]:.2f}, {found["turned_45_global"]:.2f}; scaled by 0.7: {found["scaled_0_7_pixels"]:.2f}, {found["scaled_0_7_flatten"]:.2f}, {found["scaled_0_7_global"]:.2f}.
""")

# %% [markdown]
# **To try next**: train the two heads of section 11 on digits that are shifted at random (`keras.layers.RandomTranslation`): what does `Flatten` gain? Give section 10 thirty pictures of each digit, or 1,000. Set a learned filter into `moved` and look for its direction.
#
# ## References
#
# - Goodfellow, I., Bengio, Y. and Courville, A. (2016). [*Deep learning*](https://www.deeplearningbook.org), chapter 9.
# - Dalal, N. and Triggs, B. (2005). *Histograms of oriented gradients for human detection.* CVPR.
# - Dumoulin, V. and Visin, F. (2016). [*A guide to convolution arithmetic for deep learning*](https://arxiv.org/abs/1603.07285).
# - LeCun, Y., Bottou, L., Bengio, Y. and Haffner, P. (1998). *Gradient-based learning applied to document recognition.* Proceedings of the IEEE 86(11).
# - Li, F.-F., Karpathy, A. and others. [*CS231n: convolutional neural networks*](https://cs231n.github.io/convolutional-networks/), Stanford (the pattern of section 13).
# - Zeiler, M. D. and Fergus, R. (2014). *Visualizing and understanding convolutional networks.* ECCV (unpooling with remembered places).
# - Zhang, R. (2019). [*Making convolutional networks shift-invariant again*](https://arxiv.org/abs/1904.11486). ICML.
# - Slides: "Overview of deep learning, and Keras"; "Foundations and practicing"; the courses of ULiège (Boudart); the DLR tutorial, part II.
