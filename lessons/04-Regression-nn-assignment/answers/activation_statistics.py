# Answers to "activation_statistics"; see tests/grading/test_answers.py.

# %% right: a Functional model of all outputs
def activation_statistics(model, inputs):
    hidden = [layer for layer in model.layers if hasattr(layer, "kernel")][:-1]
    outputs = keras.Model(model.inputs, [layer.output for layer in hidden])(inputs)
    outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
    return [(keras.ops.mean(h), keras.ops.std(h)) for h in outputs]


# %% right: NumPy, from the weights
def activation_statistics(model, inputs):
    found = []
    signal = np.asarray(inputs, "float64")
    weights = model.get_weights()
    names = [layer.get_config()["activation"] for layer in model.layers if layer.get_weights()]
    for kernel, bias, name in zip(weights[:-2:2], weights[1:-2:2], names[:-1], strict=True):
        signal = signal @ kernel + bias
        signal = np.tanh(signal) if name == "tanh" else np.maximum(signal, 0)
        found.append((signal.mean(), signal.std()))
    return found


# %% right: running sums in a loop, an array returned
def activation_statistics(model, inputs):
    rows = []
    signal = inputs
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    for layer in layers[:-1]:
        signal = layer(signal)
        total = squares = count = 0.0
        for value in np.asarray(signal, "float64").ravel():
            total, squares, count = total + value, squares + value**2, count + 1
        mean = total / count
        rows.append([mean, (squares / count - mean**2) ** 0.5])
    return np.array(rows, "float32")


# %% right: divided by n − 1, with a helper
def summary(h):
    return float(np.mean(h)), float(np.std(h, ddof=1))


def activation_statistics(model, inputs):
    signal, pairs = keras.ops.convert_to_tensor(inputs), []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            signal = layer(signal)
            pairs.append(summary(np.asarray(signal)))
    return pairs[:-1]


# %% mistake 0: the output layer is in the list
def activation_statistics(model, inputs):
    signal, pairs = inputs, []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            signal = np.asarray(layer(signal))
            pairs.append((signal.mean(), signal.std()))
    return pairs


# %% mistake 1.5: the units' standard deviations, averaged
def activation_statistics(model, inputs):
    signal, pairs = inputs, []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            signal = np.asarray(layer(signal))
            pairs.append((signal.mean(axis=0).mean(), signal.std(axis=0).mean()))
    return pairs[:-1]


# %% mistake 1.5: the rows' standard deviations, averaged
def activation_statistics(model, inputs):
    signal, pairs = inputs, []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            signal = np.asarray(layer(signal))
            pairs.append((signal.mean(), signal.std(axis=1).mean()))
    return pairs[:-1]


# %% mistake 1.5: variance for standard deviation
def activation_statistics(model, inputs):
    signal, pairs = inputs, []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            signal = np.asarray(layer(signal))
            pairs.append((signal.mean(), signal.var()))
    return pairs[:-1]


# %% mistake 0: before the activation
def activation_statistics(model, inputs):
    signal, pairs = inputs, []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            before = np.asarray(signal @ layer.kernel + layer.bias)
            pairs.append((before.mean(), before.std()))
            signal = layer(signal)
    return pairs[:-1]


# %% mistake 0: standard deviation first
def activation_statistics(model, inputs):
    signal, pairs = inputs, []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            signal = np.asarray(layer(signal))
            pairs.append((signal.std(), signal.mean()))
    return pairs[:-1]


# %% mistake 0: the input layer of a Functional model counts as hidden
def activation_statistics(model, inputs):
    signal, pairs = inputs, []
    for layer in model.layers[:-1]:
        signal = layer(signal)
        pairs.append((np.mean(signal), np.std(signal)))
    return pairs


# %% mistake 0: the first layer of a Sequential model is left out
def activation_statistics(model, inputs):
    pairs = []
    for layer in model.layers[1:-1]:
        h = np.asarray(keras.Model(model.inputs, layer.output)(inputs))
        pairs.append((h.mean(), h.std()))
    return pairs


# %% mistake 1.5: means of absolute values
def activation_statistics(model, inputs):
    signal, pairs = inputs, []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            signal = np.asarray(layer(signal))
            pairs.append((np.abs(signal).mean(), signal.std()))
    return pairs[:-1]


# %% mistake 1.5: root mean square for standard deviation
def activation_statistics(model, inputs):
    signal, pairs = inputs, []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            signal = np.asarray(layer(signal))
            pairs.append((signal.mean(), np.sqrt((signal**2).mean())))
    return pairs[:-1]


# %% mistake 0: of the weights
def activation_statistics(model, inputs):
    kernels = [w for w in model.get_weights() if w.ndim == 2]
    return [(k.mean(), k.std()) for k in kernels[:-1]]


# %% mistake 0: means only
def activation_statistics(model, inputs):
    signal, means = inputs, []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            signal = layer(signal)
            means.append(float(np.mean(signal)))
    return means[:-1]


# %% mistake 2.5: the output layer is taken off the model
def activation_statistics(model, inputs):
    if isinstance(model, keras.Sequential):
        model.pop()
        dense = model.layers
    else:
        dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)][:-1]
    pairs = []
    for layer in dense:
        inputs = np.asarray(layer(inputs))
        pairs.append((inputs.mean(), inputs.std()))
    return pairs
