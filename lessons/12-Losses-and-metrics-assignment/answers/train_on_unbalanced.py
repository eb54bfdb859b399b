# %% right: Functional, logits, rows resampled evenly
def train_on_unbalanced(x_train, y_train, x_val, y_val):
    layers = keras.layers
    image = keras.Input((28, 28, 1))
    x = layers.Conv2D(16, 3, strides=2, activation="relu")(image)
    x = layers.Conv2D(32, 3, strides=2, activation="relu")(x)
    x = layers.Dropout(0.3)(layers.Flatten()(x))
    model = keras.Model(image, layers.Dense(3)(x))
    rate = keras.optimizers.schedules.CosineDecay(3e-3, 350)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss)
    chances = (1 / np.maximum(np.bincount(y_train, minlength=3), 1))[y_train]
    rows = np.random.choice(len(y_train), 64 * 350, p=chances / chances.sum())
    model.fit(x_train[rows], y_train[rows], batch_size=64, verbose=0)
    return model


# %% right: trained without weights, its answers divided by the shares
class Corrected(keras.Model):
    def __init__(self, model, shares):
        super().__init__()
        self.model, self.shares = model, shares.astype("float32")

    def call(self, x):
        p = self.model(x) / self.shares
        return p / keras.ops.sum(p, axis=-1, keepdims=True)


def train_on_unbalanced(x_train, y_train, x_val, y_val):
    layers = keras.layers
    model = keras.Sequential([keras.Input((28, 28, 1))])
    for width in (16, 32):
        model.add(layers.Conv2D(width, 3, strides=2, activation="relu"))
    model.add(layers.Flatten())
    model.add(layers.Dropout(0.3))
    model.add(layers.Dense(3, activation="softmax"))
    rate = keras.optimizers.schedules.CosineDecay(3e-3, 360)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    model.fit(x_train, y_train, batch_size=64, epochs=15, verbose=0)
    return Corrected(model, np.bincount(y_train, minlength=3) / len(y_train))


# %% right: weighted and moved, one-hot labels, sample weights
def train_on_unbalanced(x_train, y_train, x_val, y_val):
    layers = keras.layers
    model = keras.Sequential([keras.Input((28, 28, 1))])
    model.add(layers.RandomTranslation(0.1, 0.1, fill_mode="constant", interpolation="nearest"))
    for width in (16, 32):
        model.add(layers.Conv2D(width, 3, strides=2, activation="relu"))
    model.add(layers.Flatten())
    model.add(layers.Dropout(0.3))
    model.add(layers.Dense(3))
    rate = keras.optimizers.schedules.CosineDecay(3e-3, 480)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss)
    counts = np.maximum(np.bincount(y_train, minlength=3), 1)
    weights = (len(y_train) / (3 * counts))[y_train]
    one_hot = np.eye(3, dtype="float32")[y_train]
    model.fit(x_train, one_hot, sample_weight=weights, batch_size=64, epochs=20, verbose=0)
    return model


# %% right: a loop of one's own over batches with as many of each class
def train_on_unbalanced(x_train, y_train, x_val, y_val):
    layers = keras.layers
    model = keras.Sequential([keras.Input((28, 28, 1))])
    for width in (16, 32):
        model.add(layers.Conv2D(width, 3, strides=2, activation="relu"))
    model.add(layers.Flatten())
    model.add(layers.Dropout(0.3))
    model.add(layers.Dense(3))
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, 350))
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def step(images, labels):
        with tf.GradientTape() as tape:
            loss = cross_entropy(labels, model(images, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))

    of_class = [np.flatnonzero(y_train == label) for label in np.unique(y_train)]
    for _ in range(350):
        rows = np.concatenate([np.random.choice(rows, 21) for rows in of_class])
        step(tf.constant(x_train[rows]), tf.constant(y_train[rows]))
    return model


# %% mistake 0: plain, without regard to the shares
def train_on_unbalanced(x_train, y_train, x_val, y_val):
    layers = keras.layers
    model = keras.Sequential([keras.Input((28, 28, 1))])
    for width in (16, 32):
        model.add(layers.Conv2D(width, 3, strides=2, activation="relu"))
    model.add(layers.Flatten())
    model.add(layers.Dropout(0.3))
    model.add(layers.Dense(3, activation="softmax"))
    rate = keras.optimizers.schedules.CosineDecay(3e-3, 360)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    model.fit(x_train, y_train, batch_size=64, epochs=15, verbose=0)
    return model


# %% mistake 0: plain and moved, no weights
def train_on_unbalanced(x_train, y_train, x_val, y_val):
    layers = keras.layers
    model = keras.Sequential([keras.Input((28, 28, 1))])
    model.add(layers.RandomTranslation(0.1, 0.1, fill_mode="constant", interpolation="nearest"))
    for width in (16, 32):
        model.add(layers.Conv2D(width, 3, strides=2, activation="relu"))
    model.add(layers.Flatten())
    model.add(layers.Dropout(0.3))
    model.add(layers.Dense(3, activation="softmax"))
    rate = keras.optimizers.schedules.CosineDecay(3e-3, 480)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    model.fit(x_train, y_train, batch_size=64, epochs=20, verbose=0)
    return model


# %% mistake 0: keys of class_weight that Keras ignores
def train_on_unbalanced(x_train, y_train, x_val, y_val):
    layers = keras.layers
    model = keras.Sequential([keras.Input((28, 28, 1))])
    for width in (16, 32):
        model.add(layers.Conv2D(width, 3, strides=2, activation="relu"))
    model.add(layers.Flatten())
    model.add(layers.Dropout(0.3))
    model.add(layers.Dense(3, activation="softmax"))
    rate = keras.optimizers.schedules.CosineDecay(3e-3, 360)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    counts = np.maximum(np.bincount(y_train, minlength=3), 1)
    weights = {str(label): len(y_train) / (3 * counts[label]) for label in range(3)}
    model.fit(x_train, y_train, batch_size=64, epochs=15, class_weight=weights, verbose=0)
    return model


# %% mistake 0: the validation rows alone, weighted
def train_on_unbalanced(x_train, y_train, x_val, y_val):
    layers = keras.layers
    model = keras.Sequential([keras.Input((28, 28, 1))])
    for width in (16, 32):
        model.add(layers.Conv2D(width, 3, strides=2, activation="relu"))
    model.add(layers.Flatten())
    model.add(layers.Dropout(0.3))
    model.add(layers.Dense(3, activation="softmax"))
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    counts = np.maximum(np.bincount(y_val, minlength=3), 1)
    weights = {label: len(y_val) / (3 * counts[label]) for label in range(3)}
    model.fit(x_val, y_val, batch_size=20, epochs=100, class_weight=weights, verbose=0)
    return model


# %% mistake 0: always the commonest class
def train_on_unbalanced(x_train, y_train, x_val, y_val):
    layers = keras.layers
    stack = [keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(3, activation="softmax")]
    model = keras.Sequential(stack)
    shares = np.bincount(y_train, minlength=3) / len(y_train)
    model.set_weights([np.zeros((784, 3)), np.log(shares + 1e-6)])
    return model


# %% mistake 0: the network is not trained
def train_on_unbalanced(x_train, y_train, x_val, y_val):
    layers = keras.layers
    stack = [keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(3, activation="softmax")]
    model = keras.Sequential(stack)
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


# %% mistake 0: the history is returned
def train_on_unbalanced(x_train, y_train, x_val, y_val):
    layers = keras.layers
    stack = [keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(3, activation="softmax")]
    model = keras.Sequential(stack)
    model.compile("adam", "sparse_categorical_crossentropy")
    return model.fit(x_train, y_train, epochs=1, verbose=0)


# %% mistake 0: nothing is returned
def train_on_unbalanced(x_train, y_train, x_val, y_val):
    layers = keras.layers
    stack = [keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(3, activation="softmax")]
    model = keras.Sequential(stack)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x_train, y_train, epochs=1, verbose=0)


# %% mistake 0: one output, the class as a number
def train_on_unbalanced(x_train, y_train, x_val, y_val):
    layers = keras.layers
    model = keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(x_train, y_train, epochs=2, verbose=0)
    return model


# %% mistake 0: a forest is no Keras model
def train_on_unbalanced(x_train, y_train, x_val, y_val):
    from sklearn.ensemble import RandomForestClassifier

    class Forest:
        def __init__(self):
            self.forest = RandomForestClassifier(100, class_weight="balanced")
            self.forest.fit(x_train.reshape(len(x_train), -1), y_train)

        def predict(self, images, verbose=0):
            return self.forest.predict_proba(np.reshape(images, (len(images), -1)))

    return Forest()


# %% mistake 0: the nearest pictures inside a Keras model
class Neighbours(keras.Model):
    def __init__(self, x, y):
        super().__init__()
        self.known, self.labels = x.reshape(len(x), -1), np.eye(3, dtype="float32")[y]
        self.labels /= self.labels.sum(axis=0) + 1e-6

    def call(self, x):
        flat = keras.ops.reshape(x, (-1, 784))
        squares = keras.ops.sum(self.known**2, axis=1) - 2 * keras.ops.matmul(flat, self.known.T)
        return keras.ops.matmul(keras.ops.softmax(-squares, axis=-1), self.labels)


def train_on_unbalanced(x_train, y_train, x_val, y_val):
    model = Neighbours(x_train, y_train)
    model(x_train[:1])
    return model
