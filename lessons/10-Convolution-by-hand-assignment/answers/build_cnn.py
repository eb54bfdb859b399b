# %% right: Functional
def build_cnn(input_shape, n, m, k, filters, units, n_classes):
    inputs = keras.Input(input_shape)
    x = inputs
    for _ in range(m):
        for _ in range(n):
            x = keras.layers.Conv2D(filters, (3, 3), padding="same")(x)
            x = keras.layers.ReLU()(x)
        x = keras.layers.MaxPooling2D((2, 2))(x)
    x = keras.layers.Flatten()(x)
    for _ in range(k):
        x = keras.layers.Dense(units)(x)
        x = keras.layers.Activation("relu")(x)
    return keras.Model(inputs, keras.layers.Dense(n_classes)(x))


# %% right: Sequential, layer by layer, compiled
def build_cnn(input_shape, n, m, k, filters, units, n_classes):
    model = keras.Sequential()
    model.add(keras.Input(shape=input_shape))
    for _ in range(m):
        for _ in range(n):
            model.add(keras.layers.Conv2D(filters, 3, padding="same", activation="relu"))
        model.add(keras.layers.MaxPool2D())
    model.add(keras.layers.Flatten())
    for _ in range(k):
        model.add(keras.layers.Dense(units, activation="relu"))
    model.add(keras.layers.Dense(n_classes, activation="linear"))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


# %% right: built after it was made
def build_cnn(input_shape, n, m, k, filters, units, n_classes):
    blocks = []
    for _ in range(m):
        blocks += [keras.layers.Conv2D(filters, 3, padding="same", activation="relu") for _ in range(n)]
        blocks.append(keras.layers.MaxPooling2D(2))
    dense = [keras.layers.Dense(units, activation="relu") for _ in range(k)]
    model = keras.Sequential([*blocks, keras.layers.Flatten(), *dense, keras.layers.Dense(n_classes)])
    model.build((None, *input_shape))
    return model


# %% right: the pooling before the last ReLU of a block, which gives the same
def build_cnn(input_shape, n, m, k, filters, units, n_classes):
    stack = [keras.Input(input_shape)]
    for _ in range(m):
        for number in range(n):
            stack.append(keras.layers.Conv2D(filters, 3, padding="same"))
            if number == n - 1:
                stack.append(keras.layers.MaxPooling2D(2))
            stack.append(keras.layers.ReLU())
    stack.append(keras.layers.Reshape((-1,)))
    stack += [keras.layers.Dense(units, activation="relu") for _ in range(k)]
    return keras.Sequential([*stack, keras.layers.Dense(n_classes)])


# %% mistake 1.5: no activation behind the convolutions
def build_cnn(input_shape, n, m, k, filters, units, n_classes):
    stack = [keras.Input(input_shape)]
    for _ in range(m):
        stack += [keras.layers.Conv2D(filters, 3, padding="same") for _ in range(n)]
        stack.append(keras.layers.MaxPooling2D(2))
    stack.append(keras.layers.Flatten())
    stack += [keras.layers.Dense(units, activation="relu") for _ in range(k)]
    return keras.Sequential([*stack, keras.layers.Dense(n_classes)])


# %% mistake 1.5: one activation a block
def build_cnn(input_shape, n, m, k, filters, units, n_classes):
    stack = [keras.Input(input_shape)]
    for _ in range(m):
        stack += [keras.layers.Conv2D(filters, 3, padding="same") for _ in range(n)]
        stack += [keras.layers.ReLU(), keras.layers.MaxPooling2D(2)]
    stack.append(keras.layers.Flatten())
    stack += [keras.layers.Dense(units, activation="relu") for _ in range(k)]
    return keras.Sequential([*stack, keras.layers.Dense(n_classes)])


# %% mistake 1.5: softmax behind the last layer
def build_cnn(input_shape, n, m, k, filters, units, n_classes):
    stack = [keras.Input(input_shape)]
    for _ in range(m):
        stack += [keras.layers.Conv2D(filters, 3, padding="same", activation="relu") for _ in range(n)]
        stack.append(keras.layers.MaxPooling2D(2))
    stack.append(keras.layers.Flatten())
    stack += [keras.layers.Dense(units, activation="relu") for _ in range(k)]
    return keras.Sequential([*stack, keras.layers.Dense(n_classes, activation="softmax")])


# %% mistake 1.5: ReLU behind the last layer
def build_cnn(input_shape, n, m, k, filters, units, n_classes):
    stack = [keras.Input(input_shape)]
    for _ in range(m):
        stack += [keras.layers.Conv2D(filters, 3, padding="same", activation="relu") for _ in range(n)]
        stack.append(keras.layers.MaxPooling2D(2))
    stack.append(keras.layers.Flatten())
    stack += [keras.layers.Dense(units, activation="relu") for _ in range(k)]
    return keras.Sequential([*stack, keras.layers.Dense(n_classes, activation="relu")])


# %% mistake 1.5: average pooling
def build_cnn(input_shape, n, m, k, filters, units, n_classes):
    stack = [keras.Input(input_shape)]
    for _ in range(m):
        stack += [keras.layers.Conv2D(filters, 3, padding="same", activation="relu") for _ in range(n)]
        stack.append(keras.layers.AveragePooling2D(2))
    stack.append(keras.layers.Flatten())
    stack += [keras.layers.Dense(units, activation="relu") for _ in range(k)]
    return keras.Sequential([*stack, keras.layers.Dense(n_classes)])


# %% mistake 1.5: no activation behind the dense layers
def build_cnn(input_shape, n, m, k, filters, units, n_classes):
    stack = [keras.Input(input_shape)]
    for _ in range(m):
        stack += [keras.layers.Conv2D(filters, 3, padding="same", activation="relu") for _ in range(n)]
        stack.append(keras.layers.MaxPooling2D(2))
    stack.append(keras.layers.Flatten())
    stack += [keras.layers.Dense(units) for _ in range(k)]
    return keras.Sequential([*stack, keras.layers.Dense(n_classes)])


# %% mistake 1.5: dropout, which shows in training only
def build_cnn(input_shape, n, m, k, filters, units, n_classes):
    stack = [keras.Input(input_shape)]
    for _ in range(m):
        stack += [keras.layers.Conv2D(filters, 3, padding="same", activation="relu") for _ in range(n)]
        stack.append(keras.layers.MaxPooling2D(2))
    stack += [keras.layers.Flatten(), keras.layers.Dropout(0.5)]
    stack += [keras.layers.Dense(units, activation="relu") for _ in range(k)]
    return keras.Sequential([*stack, keras.layers.Dense(n_classes)])


# %% mistake 0: the convolutions lose their borders
def build_cnn(input_shape, n, m, k, filters, units, n_classes):
    stack = [keras.Input(input_shape)]
    for _ in range(m):
        stack += [keras.layers.Conv2D(filters, 3, activation="relu") for _ in range(n)]
        stack.append(keras.layers.MaxPooling2D(2))
    stack.append(keras.layers.Flatten())
    stack += [keras.layers.Dense(units, activation="relu") for _ in range(k)]
    return keras.Sequential([*stack, keras.layers.Dense(n_classes)])


# %% mistake 0: pooling keeps an odd border row
def build_cnn(input_shape, n, m, k, filters, units, n_classes):
    stack = [keras.Input(input_shape)]
    for _ in range(m):
        stack += [keras.layers.Conv2D(filters, 3, padding="same", activation="relu") for _ in range(n)]
        stack.append(keras.layers.MaxPooling2D(2, padding="same"))
    stack.append(keras.layers.Flatten())
    stack += [keras.layers.Dense(units, activation="relu") for _ in range(k)]
    return keras.Sequential([*stack, keras.layers.Dense(n_classes)])


# %% mistake 0: a pooling behind every convolution
def build_cnn(input_shape, n, m, k, filters, units, n_classes):
    stack = [keras.Input(input_shape)]
    for _ in range(m):
        for _ in range(n):
            stack.append(keras.layers.Conv2D(filters, 3, padding="same", activation="relu"))
            stack.append(keras.layers.MaxPooling2D(2))
    stack.append(keras.layers.Flatten())
    stack += [keras.layers.Dense(units, activation="relu") for _ in range(k)]
    return keras.Sequential([*stack, keras.layers.Dense(n_classes)])


# %% mistake 0: the last block is not pooled
def build_cnn(input_shape, n, m, k, filters, units, n_classes):
    stack = [keras.Input(input_shape)]
    for block in range(m):
        stack += [keras.layers.Conv2D(filters, 3, padding="same", activation="relu") for _ in range(n)]
        if block < m - 1:
            stack.append(keras.layers.MaxPooling2D(2))
    stack.append(keras.layers.Flatten())
    stack += [keras.layers.Dense(units, activation="relu") for _ in range(k)]
    return keras.Sequential([*stack, keras.layers.Dense(n_classes)])


# %% mistake 0: n and m exchanged
def build_cnn(input_shape, n, m, k, filters, units, n_classes):
    stack = [keras.Input(input_shape)]
    for _ in range(n):
        stack += [keras.layers.Conv2D(filters, 3, padding="same", activation="relu") for _ in range(m)]
        stack.append(keras.layers.MaxPooling2D(2))
    stack.append(keras.layers.Flatten())
    stack += [keras.layers.Dense(units, activation="relu") for _ in range(k)]
    return keras.Sequential([*stack, keras.layers.Dense(n_classes)])


# %% mistake 0: always one hidden dense layer
def build_cnn(input_shape, n, m, k, filters, units, n_classes):
    stack = [keras.Input(input_shape)]
    for _ in range(m):
        stack += [keras.layers.Conv2D(filters, 3, padding="same", activation="relu") for _ in range(n)]
        stack.append(keras.layers.MaxPooling2D(2))
    stack += [keras.layers.Flatten(), keras.layers.Dense(units, activation="relu")]
    return keras.Sequential([*stack, keras.layers.Dense(n_classes)])


# %% mistake 0: global pooling in place of Flatten
def build_cnn(input_shape, n, m, k, filters, units, n_classes):
    stack = [keras.Input(input_shape)]
    for _ in range(m):
        stack += [keras.layers.Conv2D(filters, 3, padding="same", activation="relu") for _ in range(n)]
        stack.append(keras.layers.MaxPooling2D(2))
    stack.append(keras.layers.GlobalAveragePooling2D())
    stack += [keras.layers.Dense(units, activation="relu") for _ in range(k)]
    return keras.Sequential([*stack, keras.layers.Dense(n_classes)])


# %% mistake 0: twice as many filters in each block
def build_cnn(input_shape, n, m, k, filters, units, n_classes):
    stack = [keras.Input(input_shape)]
    for block in range(m):
        stack += [keras.layers.Conv2D(filters * 2**block, 3, padding="same", activation="relu") for _ in range(n)]
        stack.append(keras.layers.MaxPooling2D(2))
    stack.append(keras.layers.Flatten())
    stack += [keras.layers.Dense(units, activation="relu") for _ in range(k)]
    return keras.Sequential([*stack, keras.layers.Dense(n_classes)])


# %% mistake 0: no weights yet
def build_cnn(input_shape, n, m, k, filters, units, n_classes):
    stack = []
    for _ in range(m):
        stack += [keras.layers.Conv2D(filters, 3, padding="same", activation="relu") for _ in range(n)]
        stack.append(keras.layers.MaxPooling2D(2))
    stack.append(keras.layers.Flatten())
    stack += [keras.layers.Dense(units, activation="relu") for _ in range(k)]
    return keras.Sequential([*stack, keras.layers.Dense(n_classes)])


# %% mistake 0: without biases
def build_cnn(input_shape, n, m, k, filters, units, n_classes):
    stack = [keras.Input(input_shape)]
    for _ in range(m):
        stack += [keras.layers.Conv2D(filters, 3, padding="same", activation="relu", use_bias=False) for _ in range(n)]
        stack.append(keras.layers.MaxPooling2D(2))
    stack.append(keras.layers.Flatten())
    stack += [keras.layers.Dense(units, activation="relu", use_bias=False) for _ in range(k)]
    return keras.Sequential([*stack, keras.layers.Dense(n_classes, use_bias=False)])
