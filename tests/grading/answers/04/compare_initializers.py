# Answers to "compare_initializers"; see tests/grading/test_answers.py.

# %% right: tanh and SGD with momentum, Functional, targets scaled
def compare_initializers(x_train, y_train, x_val, y_val, initializers, epochs):
    mean, std = y_train.mean(), y_train.std()
    curves = {}
    for name in initializers:
        inputs = keras.Input(x_train.shape[1:])
        x = inputs
        for _ in range(4):
            x = keras.layers.Dense(24, "tanh", kernel_initializer=name)(x)
        model = keras.Model(inputs, keras.layers.Dense(1)(x))
        model.compile(keras.optimizers.SGD(0.02, momentum=0.9), "mse")
        log = model.fit(
            x_train, (y_train - mean) / std, epochs=epochs, batch_size=32, verbose=0,
            validation_data=(x_val, (y_val - mean) / std),
        )
        curves[name] = np.array(log.history["val_loss"]) * std**2
    return curves


# %% right: targets as they are, the network's input, width and rate as Keras has them
def compare_initializers(x_train, y_train, x_val, y_val, initializers, epochs):
    histories = {}
    for initializer in initializers:
        model = keras.Sequential()
        for units in (64, 64, 64):
            model.add(
                keras.layers.Dense(units, activation="relu", kernel_initializer=initializer)
            )
        model.add(keras.layers.Dense(1))
        model.compile(optimizer="adam", loss="mse")
        history = model.fit(
            x_train, y_train, validation_data=(x_val, y_val), epochs=epochs, verbose=False
        )
        histories[initializer] = history.history["val_loss"]
    return histories


# %% right: a loop over epochs, the output layer from the initializer too, errors by hand
def error_of(model, x, y):
    predictions = model.predict(x, verbose=0)[:, 0]
    return float(np.mean((predictions - y) ** 2))


def compare_initializers(x_train, y_train, x_val, y_val, initializers, epochs):
    width = x_train.shape[1]
    errors = {name: [] for name in initializers}
    for name in errors:
        layers = [keras.layers.Dense(40, "elu", kernel_initializer=name) for _ in range(3)]
        last = [
            keras.layers.Dense(1, kernel_initializer=name),
            keras.layers.Rescaling(float(np.std(y_train)), float(np.mean(y_train))),
        ]
        model = keras.Sequential([keras.Input((width,)), *layers, *last])
        model.compile(keras.optimizers.Adam(0.003), "mse")
        for _ in range(epochs):
            model.fit(x_train, y_train, batch_size=32, verbose=0)
            errors[name].append(error_of(model, x_val, y_val))
    return errors


# %% mistake 2: the initializer is forgotten
def compare_initializers(x_train, y_train, x_val, y_val, initializers, epochs):
    mean, std = y_train.mean(), y_train.std()
    curves = {}
    for name in initializers:
        model = keras.Sequential([keras.layers.Dense(32, "relu") for _ in range(3)])
        model.add(keras.layers.Dense(1))
        # All of them learn well, so that their last errors differ by luck, and by much of themselves.
        model.compile(keras.optimizers.Adam(0.003), "mse")
        log = model.fit(
            x_train, (y_train - mean) / std, epochs=epochs, batch_size=32, verbose=0,
            validation_data=(x_val, (y_val - mean) / std),
        )
        curves[name] = [value * std**2 for value in log.history["val_loss"]]
    return curves


# %% mistake 2: the training loss
def compare_initializers(x_train, y_train, x_val, y_val, initializers, epochs):
    mean, std = y_train.mean(), y_train.std()
    curves = {}
    for name in initializers:
        model = keras.Sequential(
            [keras.layers.Dense(32, "relu", kernel_initializer=name) for _ in range(3)]
        )
        model.add(keras.layers.Dense(1))
        model.compile(keras.optimizers.Adam(0.003), "mse")
        log = model.fit(x_train, (y_train - mean) / std, epochs=epochs, batch_size=32, verbose=0)
        curves[name] = [value * std**2 for value in log.history["loss"]]
    return curves


# %% mistake 2: validation rows among the training rows
def compare_initializers(x_train, y_train, x_val, y_val, initializers, epochs):
    mean, std = y_train.mean(), y_train.std()
    x = np.concatenate([x_train, x_val])
    y = np.concatenate([y_train, y_val])
    curves = {}
    for name in initializers:
        model = keras.Sequential(
            [keras.layers.Dense(32, "relu", kernel_initializer=name) for _ in range(3)]
        )
        model.add(keras.layers.Dense(1))
        model.compile(keras.optimizers.Adam(0.003), "mse")
        log = model.fit(
            x, (y - mean) / std, epochs=epochs, batch_size=32, verbose=0,
            validation_data=(x_val, (y_val - mean) / std),
        )
        curves[name] = [value * std**2 for value in log.history["val_loss"]]
    return curves


# %% mistake 2: the errors are those of scaled targets
def compare_initializers(x_train, y_train, x_val, y_val, initializers, epochs):
    mean, std = y_train.mean(), y_train.std()
    curves = {}
    for name in initializers:
        model = keras.Sequential(
            [keras.layers.Dense(32, "relu", kernel_initializer=name) for _ in range(3)]
        )
        model.add(keras.layers.Dense(1))
        model.compile(keras.optimizers.Adam(0.003), "mse")
        log = model.fit(
            x_train, (y_train - mean) / std, epochs=epochs, batch_size=32, verbose=0,
            validation_data=(x_val, (y_val - mean) / std),
        )
        curves[name] = log.history["val_loss"]
    return curves


# %% mistake 2: the root of the mean squared error
def compare_initializers(x_train, y_train, x_val, y_val, initializers, epochs):
    mean, std = y_train.mean(), y_train.std()
    curves = {}
    for name in initializers:
        model = keras.Sequential(
            [keras.layers.Dense(32, "relu", kernel_initializer=name) for _ in range(3)]
        )
        model.add(keras.layers.Dense(1))
        model.compile(keras.optimizers.Adam(0.003), "mse")
        log = model.fit(
            x_train, (y_train - mean) / std, epochs=epochs, batch_size=32, verbose=0,
            validation_data=(x_val, (y_val - mean) / std),
        )
        curves[name] = [value**0.5 * std for value in log.history["val_loss"]]
    return curves


# %% mistake 2: one network that goes on learning under the next name
def compare_initializers(x_train, y_train, x_val, y_val, initializers, epochs):
    model = keras.Sequential(
        [keras.layers.Dense(32, "relu", kernel_initializer=initializers[0]) for _ in range(3)]
    )
    model.add(keras.layers.Dense(1))
    model.compile("adam", "mse")
    curves = {}
    for name in initializers:
        log = model.fit(x_train, y_train, validation_data=(x_val, y_val), epochs=epochs, verbose=0)
        curves[name] = log.history["val_loss"]
    return curves


# %% mistake 2: made up, falling from the targets' variance
def compare_initializers(x_train, y_train, x_val, y_val, initializers, epochs):
    rates = {"zeros": 1.0, "he_normal": 0.9}
    variance = float(np.var(y_val))
    return {
        name: [variance * rates.get(name, 0.95) ** epoch for epoch in range(epochs)]
        for name in initializers
    }


# %% mistake 1: made up, the same numbers for all
def compare_initializers(x_train, y_train, x_val, y_val, initializers, epochs):
    return {name: [float(np.var(y_val)) / (1 + k) for k in range(epochs)] for name in initializers}


# %% mistake 0: the last error only
def compare_initializers(x_train, y_train, x_val, y_val, initializers, epochs):
    return {name: float(np.var(y_val)) for name in initializers}


# %% mistake 0: a list of lists
def compare_initializers(x_train, y_train, x_val, y_val, initializers, epochs):
    return [[float(np.var(y_val))] * epochs for _ in initializers]


# %% mistake 0: one error more than epochs
def compare_initializers(x_train, y_train, x_val, y_val, initializers, epochs):
    return {name: [float(np.var(y_val))] * (epochs + 1) for name in initializers}


# %% mistake 0: NaN
def compare_initializers(x_train, y_train, x_val, y_val, initializers, epochs):
    return {name: [float("nan")] * epochs for name in initializers}


# %% mistake 0: the names and the epochs of the visible test, whatever is asked
def compare_initializers(x_train, y_train, x_val, y_val, initializers, epochs):
    curves = {}
    for name in ("zeros", "he_normal"):
        model = keras.Sequential(
            [keras.layers.Dense(32, "relu", kernel_initializer=name) for _ in range(3)]
        )
        model.add(keras.layers.Dense(1))
        model.compile(keras.optimizers.Adam(0.003), "mse")
        log = model.fit(
            x_train, y_train, epochs=20, batch_size=32, verbose=0, validation_data=(x_val, y_val)
        )
        curves[name] = log.history["val_loss"]
    return curves
