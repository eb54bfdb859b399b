# %% right: concatenated branches with global pooling
def build_classifier(normalization, dropout_rate, l2):
    from keras import layers

    regularizer = keras.regularizers.l2(l2) if l2 else None

    def block(x, size):
        x = layers.Conv2D(8, size, strides=2, padding="same", kernel_regularizer=regularizer)(x)
        if normalization == "batch":
            x = layers.BatchNormalization()(x)
        elif normalization == "layer":
            x = layers.LayerNormalization()(x)
        return layers.GlobalAveragePooling2D()(layers.ReLU()(x))

    inputs = keras.Input(shape=(28, 28, 1))
    x = layers.concatenate([block(inputs, 3), block(inputs, (7, 7))])
    x = layers.Dropout(dropout_rate)(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


# %% right: added branches, compiled, always with a regulariser and a dropout layer
def normalized(kind):
    kinds = {"none": "Identity", "batch": "BatchNormalization", "layer": "LayerNormalization"}
    return getattr(keras.layers, kinds[kind])()


def build_classifier(normalization, dropout_rate, l2):
    layers, penalty = keras.layers, keras.regularizers.L2(l2)
    image = keras.Input((28, 28, 1))
    scaled = layers.Rescaling(2.0, -1.0)(image)
    sums = []
    for size in (3, 5):
        y = layers.Conv2D(6, size, padding="same", kernel_regularizer=penalty)(scaled)
        sums.append(layers.Activation("relu")(normalized(normalization)(y)))
    y = layers.MaxPooling2D(4)(layers.Add()(sums))
    y = layers.SpatialDropout2D(dropout_rate)(y)
    y = layers.Dense(10, kernel_regularizer=penalty)(layers.Flatten()(y))
    model = keras.Model(image, layers.Softmax()(y))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


# %% right: branches of two convolutions each, one of them penalised with L1L2
def build_classifier(normalization, dropout_rate, l2):
    layers = keras.layers
    inputs = layers.Input((28, 28, 1))
    x1 = layers.Conv2D(8, 3, activation="relu", padding="same")(inputs)
    x1 = layers.Conv2D(8, 3, activation="relu", padding="same")(layers.MaxPool2D(4)(x1))
    x2 = layers.Conv2D(8, 5, activation="relu", padding="same")(inputs)
    x2 = layers.Conv2D(8, 3, activation="relu", padding="same")(layers.MaxPool2D(4)(x2))
    x = layers.Flatten()(layers.Concatenate()([x1, x2]))
    x = layers.Dense(16, kernel_regularizer=keras.regularizers.L1L2(l1=0.0, l2=l2))(x)
    if normalization == "batch":
        x = layers.BatchNormalization(momentum=0.9)(x)
    if normalization == "layer":
        x = layers.LayerNormalization()(x)
    x = layers.ReLU()(x)
    if dropout_rate > 0:
        x = layers.Dropout(dropout_rate)(x)
    return keras.Model(inputs=inputs, outputs=layers.Dense(10, activation="softmax")(x))


# %% right: merged by keras.ops, softmax too
def build_classifier(normalization, dropout_rate, l2):
    layers = keras.layers
    penalty = keras.regularizers.L2(l2) if l2 > 0 else None
    image = keras.Input((28, 28, 1))
    ends = []
    for size in (3, 5):
        x = layers.Conv2D(4, size, strides=3, padding="same", kernel_regularizer=penalty)(image)
        if normalization != "none":
            kind = {"batch": "BatchNormalization", "layer": "LayerNormalization"}[normalization]
            x = getattr(layers, kind)()(x)
        ends.append(layers.Flatten()(keras.ops.relu(x)))
    x = keras.ops.concatenate(ends, axis=-1)
    x = layers.Dropout(dropout_rate)(x)
    return keras.Model(image, keras.ops.softmax(layers.Dense(10)(x)))


# %% right: each branch a Sequential model inside the Functional one
def branch(size, normalization, penalty):
    layers = keras.layers
    stack = [layers.Conv2D(8, size, strides=2, padding="same", kernel_regularizer=penalty)]
    if normalization == "batch":
        stack.append(layers.BatchNormalization())
    if normalization == "layer":
        stack.append(layers.LayerNormalization())
    return keras.Sequential([*stack, layers.ReLU(), layers.GlobalMaxPooling2D()])


def build_classifier(normalization, dropout_rate, l2):
    layers = keras.layers
    penalty = keras.regularizers.L2(l2) if l2 > 0 else None
    image = keras.Input((28, 28, 1))
    ends = [branch(size, normalization, penalty)(image) for size in (3, 5)]
    x = layers.Dropout(dropout_rate)(layers.Concatenate()(ends))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


# %% right: separable convolutions, a learned layer normalisation of one's own
class RowNorm(keras.layers.Layer):
    def build(self, shape):
        self.gamma = self.add_weight(shape=(shape[-1],), initializer="ones", name="gamma")

    def call(self, x):
        mean, variance = keras.ops.moments(x, axes=[-1], keepdims=True)
        return self.gamma * (x - mean) * keras.ops.rsqrt(variance + 1e-3)


def build_classifier(normalization, dropout_rate, l2):
    layers = keras.layers
    penalty = keras.regularizers.L2(l2)
    kinds = {"batch": layers.BatchNormalization, "layer": RowNorm, "none": layers.Identity}
    image = keras.Input((28, 28, 1))
    left = layers.SeparableConv2D(8, 3, pointwise_regularizer=penalty)(image)
    right = layers.SeparableConv2D(8, 5, pointwise_regularizer=penalty)(image)
    ends = [layers.GlobalAveragePooling2D()(kinds[normalization]()(x)) for x in (left, right)]
    x = layers.Dropout(dropout_rate)(layers.Concatenate()(ends))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


# %% mistake 3: one branch only
def build_classifier(normalization, dropout_rate, l2):
    layers = keras.layers
    penalty = keras.regularizers.L2(l2)
    kinds = {"batch": layers.BatchNormalization, "layer": layers.LayerNormalization}
    image = keras.Input((28, 28, 1))
    x = layers.Conv2D(8, 3, strides=2, kernel_regularizer=penalty)(image)
    x = layers.Conv2D(8, 5, strides=2, kernel_regularizer=penalty)(x)
    x = kinds.get(normalization, layers.Identity)()(x)
    x = layers.Dropout(dropout_rate)(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


# %% mistake 3: two branches of the same kernel size
def build_classifier(normalization, dropout_rate, l2):
    layers = keras.layers
    penalty = keras.regularizers.L2(l2)
    kinds = {"batch": layers.BatchNormalization, "layer": layers.LayerNormalization}
    image = keras.Input((28, 28, 1))
    ends = [layers.Conv2D(8, 3, strides=2, kernel_regularizer=penalty)(image) for _ in range(2)]
    x = kinds.get(normalization, layers.Identity)()(layers.Concatenate()(ends))
    x = layers.Dropout(dropout_rate)(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


# %% mistake 3: the second branch is a shortcut without a convolution
def build_classifier(normalization, dropout_rate, l2):
    layers = keras.layers
    penalty = keras.regularizers.L2(l2)
    kinds = {"batch": layers.BatchNormalization, "layer": layers.LayerNormalization}
    image = keras.Input((28, 28, 1))
    x = layers.Conv2D(8, 3, padding="same", kernel_regularizer=penalty)(image)
    y = layers.Conv2D(8, 5, padding="same", kernel_regularizer=penalty)(x)
    x = kinds.get(normalization, layers.Identity)()(layers.Add()([x, y]))
    x = layers.Dropout(dropout_rate)(layers.Flatten()(layers.MaxPooling2D(4)(x)))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


# %% mistake 3: Sequential
def build_classifier(normalization, dropout_rate, l2):
    layers = keras.layers
    kinds = {"batch": layers.BatchNormalization, "layer": layers.LayerNormalization}
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(8, 3, strides=2, kernel_regularizer=keras.regularizers.L2(l2)),
            layers.Conv2D(8, 5, strides=2, kernel_regularizer=keras.regularizers.L2(l2)),
            kinds.get(normalization, layers.Identity)(),
            layers.Flatten(),
            layers.Dropout(dropout_rate),
            layers.Dense(10, activation="softmax"),
        ]
    )


# %% mistake 3: logits instead of probabilities
def build_classifier(normalization, dropout_rate, l2):
    layers = keras.layers
    penalty = keras.regularizers.L2(l2)
    kinds = {"batch": layers.BatchNormalization, "layer": layers.LayerNormalization}
    image = keras.Input((28, 28, 1))
    ends = [layers.Conv2D(8, k, 2, "same", kernel_regularizer=penalty)(image) for k in (3, 5)]
    x = kinds.get(normalization, layers.Identity)()(layers.Concatenate()(ends))
    x = layers.Dropout(dropout_rate)(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(10)(x))


# %% mistake 3: sigmoids instead of a softmax
def build_classifier(normalization, dropout_rate, l2):
    layers = keras.layers
    penalty = keras.regularizers.L2(l2)
    kinds = {"batch": layers.BatchNormalization, "layer": layers.LayerNormalization}
    image = keras.Input((28, 28, 1))
    ends = [layers.Conv2D(8, k, 2, "same", kernel_regularizer=penalty)(image) for k in (3, 5)]
    x = kinds.get(normalization, layers.Identity)()(layers.Concatenate()(ends))
    x = layers.Dropout(dropout_rate)(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(10, activation="sigmoid")(x))


# %% mistake 3: dropout of one half whatever the rate
def build_classifier(normalization, dropout_rate, l2):
    layers = keras.layers
    penalty = keras.regularizers.L2(l2)
    kinds = {"batch": layers.BatchNormalization, "layer": layers.LayerNormalization}
    image = keras.Input((28, 28, 1))
    ends = [layers.Conv2D(8, k, 2, "same", kernel_regularizer=penalty)(image) for k in (3, 5)]
    x = kinds.get(normalization, layers.Identity)()(layers.Concatenate()(ends))
    x = layers.Dropout(0.5)(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


# %% mistake 3: no dropout
def build_classifier(normalization, dropout_rate, l2):
    layers = keras.layers
    penalty = keras.regularizers.L2(l2)
    kinds = {"batch": layers.BatchNormalization, "layer": layers.LayerNormalization}
    image = keras.Input((28, 28, 1))
    ends = [layers.Conv2D(8, k, 2, "same", kernel_regularizer=penalty)(image) for k in (3, 5)]
    x = kinds.get(normalization, layers.Identity)()(layers.Concatenate()(ends))
    return keras.Model(image, layers.Dense(10, activation="softmax")(layers.Flatten()(x)))


# %% mistake 3: batch normalisation always
def build_classifier(normalization, dropout_rate, l2):
    layers = keras.layers
    penalty = keras.regularizers.L2(l2)
    image = keras.Input((28, 28, 1))
    ends = [layers.Conv2D(8, k, 2, "same", kernel_regularizer=penalty)(image) for k in (3, 5)]
    x = layers.BatchNormalization()(layers.Concatenate()(ends))
    x = layers.Dropout(dropout_rate)(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


# %% mistake 3: batch and layer normalisation swapped
def build_classifier(normalization, dropout_rate, l2):
    layers = keras.layers
    penalty = keras.regularizers.L2(l2)
    kinds = {"layer": layers.BatchNormalization, "batch": layers.LayerNormalization}
    image = keras.Input((28, 28, 1))
    ends = [layers.Conv2D(8, k, 2, "same", kernel_regularizer=penalty)(image) for k in (3, 5)]
    x = kinds.get(normalization, layers.Identity)()(layers.Concatenate()(ends))
    x = layers.Dropout(dropout_rate)(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


# %% mistake 3: dropout of one's own, at inference too
def build_classifier(normalization, dropout_rate, l2):
    layers = keras.layers
    penalty = keras.regularizers.L2(l2)
    kinds = {"batch": layers.BatchNormalization, "layer": layers.LayerNormalization}
    image = keras.Input((28, 28, 1))
    ends = [layers.Conv2D(8, k, 2, "same", kernel_regularizer=penalty)(image) for k in (3, 5)]
    x = kinds.get(normalization, layers.Identity)()(layers.Concatenate()(ends))
    x = layers.Lambda(lambda t: keras.random.dropout(t, dropout_rate))(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


# %% mistake 2: "layer" is not known
def build_classifier(normalization, dropout_rate, l2):
    layers = keras.layers
    penalty = keras.regularizers.L2(l2)
    kinds = {"none": layers.Identity, "batch": layers.BatchNormalization}
    image = keras.Input((28, 28, 1))
    ends = [layers.Conv2D(8, k, 2, "same", kernel_regularizer=penalty)(image) for k in (3, 5)]
    x = kinds[normalization]()(layers.Concatenate()(ends))
    x = layers.Dropout(dropout_rate)(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


# %% mistake 3: no penalty
def build_classifier(normalization, dropout_rate, l2):
    layers = keras.layers
    kinds = {"batch": layers.BatchNormalization, "layer": layers.LayerNormalization}
    image = keras.Input((28, 28, 1))
    ends = [layers.Conv2D(8, k, 2, "same")(image) for k in (3, 5)]
    x = kinds.get(normalization, layers.Identity)()(layers.Concatenate()(ends))
    x = layers.Dropout(dropout_rate)(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


# %% mistake 3: weight decay in the optimizer instead of a penalty
def build_classifier(normalization, dropout_rate, l2):
    layers = keras.layers
    kinds = {"batch": layers.BatchNormalization, "layer": layers.LayerNormalization}
    image = keras.Input((28, 28, 1))
    ends = [layers.Conv2D(8, k, 2, "same")(image) for k in (3, 5)]
    x = kinds.get(normalization, layers.Identity)()(layers.Concatenate()(ends))
    x = layers.Dropout(dropout_rate)(layers.Flatten()(x))
    model = keras.Model(image, layers.Dense(10, activation="softmax")(x))
    model.compile(keras.optimizers.AdamW(weight_decay=l2), "sparse_categorical_crossentropy")
    return model


# %% mistake 3: Keras' default strength whatever l2 is
def build_classifier(normalization, dropout_rate, l2):
    layers = keras.layers
    penalty = "l2" if l2 > 0 else None
    kinds = {"batch": layers.BatchNormalization, "layer": layers.LayerNormalization}
    image = keras.Input((28, 28, 1))
    ends = [layers.Conv2D(8, k, 2, "same", kernel_regularizer=penalty)(image) for k in (3, 5)]
    x = kinds.get(normalization, layers.Identity)()(layers.Concatenate()(ends))
    x = layers.Dropout(dropout_rate)(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


# %% mistake 3: L1 instead of L2
def build_classifier(normalization, dropout_rate, l2):
    layers = keras.layers
    penalty = keras.regularizers.L1(l2)
    kinds = {"batch": layers.BatchNormalization, "layer": layers.LayerNormalization}
    image = keras.Input((28, 28, 1))
    ends = [layers.Conv2D(8, k, 2, "same", kernel_regularizer=penalty)(image) for k in (3, 5)]
    x = kinds.get(normalization, layers.Identity)()(layers.Concatenate()(ends))
    x = layers.Dropout(dropout_rate)(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


# %% mistake 3: a penalty without l2 too
def build_classifier(normalization, dropout_rate, l2):
    layers = keras.layers
    penalty = keras.regularizers.L2(max(l2, 1e-4))
    kinds = {"batch": layers.BatchNormalization, "layer": layers.LayerNormalization}
    image = keras.Input((28, 28, 1))
    ends = [layers.Conv2D(8, k, 2, "same", kernel_regularizer=penalty)(image) for k in (3, 5)]
    x = kinds.get(normalization, layers.Identity)()(layers.Concatenate()(ends))
    x = layers.Dropout(dropout_rate)(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


# %% mistake 3: the penalty goes where normalisation is on
def build_classifier(normalization, dropout_rate, l2):
    layers = keras.layers
    penalty = keras.regularizers.L2(l2) if normalization == "none" else None
    kinds = {"batch": layers.BatchNormalization, "layer": layers.LayerNormalization}
    image = keras.Input((28, 28, 1))
    ends = [layers.Conv2D(8, k, 2, "same", kernel_regularizer=penalty)(image) for k in (3, 5)]
    x = kinds.get(normalization, layers.Identity)()(layers.Concatenate()(ends))
    x = layers.Dropout(dropout_rate)(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


# %% mistake 1: two convolutional branches that are averaged, everything else forgotten
def build_classifier(normalization, dropout_rate, l2):
    image = keras.Input((28, 28, 1))
    ends = [keras.layers.Conv2D(10, k, 4, "same")(image) for k in (3, 5)]
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Average()(ends))
    return keras.Model(image, x)


# %% mistake 0: the model is built but not returned
def build_classifier(normalization, dropout_rate, l2):
    image = keras.Input((28, 28, 1))
    ends = [keras.layers.Conv2D(10, k, 4, "same")(image) for k in (3, 5)]
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Concatenate()(ends))
    model = keras.Model(image, keras.layers.Dense(10, activation="softmax")(x))
    model.summary()


# %% mistake 3: subclassed where a Functional model is asked for
class Branches(keras.Model):
    def __init__(self, normalization, dropout_rate, l2):
        super().__init__()
        layers, penalty = keras.layers, keras.regularizers.L2(l2)
        kinds = {"batch": layers.BatchNormalization, "layer": layers.LayerNormalization}
        self.left = layers.Conv2D(8, 3, 2, "same", kernel_regularizer=penalty)
        self.right = layers.Conv2D(8, 5, 2, "same", kernel_regularizer=penalty)
        self.normalized = kinds.get(normalization, layers.Identity)()
        self.flat, self.dropped = layers.Flatten(), layers.Dropout(dropout_rate)
        self.last = layers.Dense(10, activation="softmax")

    def call(self, x, training=False):
        x = keras.ops.concatenate([self.left(x), self.right(x)], axis=-1)
        x = self.normalized(x, training=training)
        return self.last(self.dropped(self.flat(x), training=training))


def build_classifier(normalization, dropout_rate, l2):
    model = Branches(normalization, dropout_rate, l2)
    model(np.zeros((1, 28, 28, 1), "float32"))
    return model


# %% mistake 0: the images flattened, for another input shape
def build_classifier(normalization, dropout_rate, l2):
    layers = keras.layers
    image = keras.Input((784,))
    x = layers.Dense(32, activation="relu", kernel_regularizer=keras.regularizers.L2(l2))(image)
    x = layers.Dropout(dropout_rate)(x)
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))
