# Answers to "backward"; see tests/grading/test_answers.py.


# %% right: GradientTape
def backward(x, y, weights, activation):
    kernels = [tf.Variable(kernel) for kernel, _ in weights]
    biases = [None if bias is None else tf.Variable(bias) for _, bias in weights]
    function = keras.activations.get(activation)
    with tf.GradientTape() as tape:
        a = tf.convert_to_tensor(x)
        for layer, (kernel, bias) in enumerate(zip(kernels, biases)):
            a = a @ kernel
            if bias is not None:
                a = a + bias
            if layer < len(weights) - 1:
                a = function(a)
        loss = tf.reduce_mean(tf.reduce_sum((a - y) ** 2, axis=1))
    given = kernels + [bias for bias in biases if bias is not None]
    found = tape.gradient(loss, given)
    of_kernels, of_biases = found[: len(kernels)], found[len(kernels) :]
    return [(g, None if bias is None else of_biases.pop(0)) for g, bias in zip(of_kernels, biases)]


# %% right: difference quotients
def error(x, y, weights, activation):
    a = x
    for layer, (kernel, bias) in enumerate(weights):
        a = a @ kernel + (0 if bias is None else bias)
        if layer < len(weights) - 1:
            a = {"tanh": np.tanh(a), "sigmoid": 1 / (1 + np.exp(-a)), "relu": np.maximum(a, 0)}[activation]
    return ((a - y) ** 2).sum() / len(x)


def backward(x, y, weights, activation):
    x, y = x.astype("float64"), y.astype("float64")
    copies = [[None if p is None else p.astype("float64") for p in pair] for pair in weights]
    gradients = []
    for pair in copies:
        found = []
        for p in pair:
            if p is None:
                found.append(None)
                continue
            g = np.zeros_like(p)
            for place in np.ndindex(p.shape):
                kept = p[place]
                p[place] = kept + 1e-5
                up = error(x, y, copies, activation)
                p[place] = kept - 1e-5
                g[place] = (up - error(x, y, copies, activation)) / 2e-5
                p[place] = kept
            found.append(g)
        gradients.append(tuple(found))
    return gradients


# %% right: example by example, outer products added up
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def backward(x, y, weights, activation):
    totals = [[np.zeros(k.shape), None if b is None else np.zeros(b.shape)] for k, b in weights]
    for row, target in zip(x, y):
        hs, inputs = run(row, weights, activation)
        delta = 2 * (hs[-1] - target)
        for layer in range(len(weights) - 1, -1, -1):
            totals[layer][0] += np.outer(inputs[layer], delta) / len(x)
            if totals[layer][1] is not None:
                totals[layer][1] += delta / len(x)
            if layer > 0:
                delta = weights[layer][0] @ delta * slope(activation, hs[layer - 1])
    return totals


# %% right: recursion, einsum
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def back(a, y, weights, activation):
    (kernel, bias), rest = weights[0], weights[1:]
    h = np.einsum("ni,ij->nj", a, kernel)
    if bias is not None:
        h += bias
    if rest:
        gradients, delta = back(apply(activation, h), y, rest, activation)
        delta = delta * slope(activation, h)
    else:
        gradients, delta = [], (h - y) / (0.5 * len(y))
    here = np.einsum("ni,nj->ij", a, delta), delta.sum(0) if bias is not None else None
    return [here, *gradients], np.einsum("nj,ij->ni", delta, kernel)


def backward(x, y, weights, activation):
    return back(x, y, weights, activation)[0]


# %% mistake 2.5: the 2 forgotten
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def backward(x, y, weights, activation):
    hs, inputs = run(x, weights, activation)
    delta = (hs[-1] - y) / len(x)
    gradients = []
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        gradients.append((inputs[layer].T @ delta, None if bias is None else delta.sum(axis=0)))
        if layer:
            delta = (delta @ kernel.T) * slope(activation, hs[layer - 1])
    return gradients[::-1]


# %% mistake 2.5: summed over the rows
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def backward(x, y, weights, activation):
    hs, inputs = run(x, weights, activation)
    delta = 2 * (hs[-1] - y)
    gradients = []
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        gradients.append((inputs[layer].T @ delta, None if bias is None else delta.sum(axis=0)))
        if layer:
            delta = (delta @ kernel.T) * slope(activation, hs[layer - 1])
    return gradients[::-1]


# %% mistake 2.5: mean over the outputs too
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def backward(x, y, weights, activation):
    hs, inputs = run(x, weights, activation)
    delta = 2 * (hs[-1] - y) / y.size
    gradients = []
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        gradients.append((inputs[layer].T @ delta, None if bias is None else delta.sum(axis=0)))
        if layer:
            delta = (delta @ kernel.T) * slope(activation, hs[layer - 1])
    return gradients[::-1]


# %% mistake 2.5: half the squared error, summed
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def backward(x, y, weights, activation):
    hs, inputs = run(x, weights, activation)
    delta = hs[-1] - y
    gradients = []
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        gradients.append((inputs[layer].T @ delta, None if bias is None else delta.sum(axis=0)))
        if layer:
            delta = (delta @ kernel.T) * slope(activation, hs[layer - 1])
    return gradients[::-1]


# %% mistake 0: the sign turned
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def backward(x, y, weights, activation):
    hs, inputs = run(x, weights, activation)
    delta = 2 * (y - hs[-1]) / len(x)
    gradients = []
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        gradients.append((inputs[layer].T @ delta, None if bias is None else delta.sum(axis=0)))
        if layer:
            delta = (delta @ kernel.T) * slope(activation, hs[layer - 1])
    return gradients[::-1]


# %% mistake 0: the slope at a in place of h
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def backward(x, y, weights, activation):
    hs, inputs = run(x, weights, activation)
    delta = 2 * (hs[-1] - y) / len(x)
    gradients = []
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        gradients.append((inputs[layer].T @ delta, None if bias is None else delta.sum(axis=0)))
        if layer:
            delta = (delta @ kernel.T) * slope(activation, inputs[layer])
    return gradients[::-1]


# %% mistake 0: no slope
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def backward(x, y, weights, activation):
    hs, inputs = run(x, weights, activation)
    delta = 2 * (hs[-1] - y) / len(x)
    gradients = []
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        gradients.append((inputs[layer].T @ delta, None if bias is None else delta.sum(axis=0)))
        if layer:
            delta = delta @ kernel.T
    return gradients[::-1]


# %% mistake 0: the activation in place of its slope
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def backward(x, y, weights, activation):
    hs, inputs = run(x, weights, activation)
    delta = 2 * (hs[-1] - y) / len(x)
    gradients = []
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        gradients.append((inputs[layer].T @ delta, None if bias is None else delta.sum(axis=0)))
        if layer:
            delta = (delta @ kernel.T) * inputs[layer]
    return gradients[::-1]


# %% mistake 0: the kernel not transposed where it is square
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def backward(x, y, weights, activation):
    hs, inputs = run(x, weights, activation)
    delta = 2 * (hs[-1] - y) / len(x)
    gradients = []
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        gradients.append((inputs[layer].T @ delta, None if bias is None else delta.sum(axis=0)))
        if layer:
            delta = (delta @ (kernel if kernel.shape[0] == kernel.shape[1] else kernel.T)) * slope(activation, hs[layer - 1])
    return gradients[::-1]


# %% mistake 0: dW transposed
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def backward(x, y, weights, activation):
    hs, inputs = run(x, weights, activation)
    delta = 2 * (hs[-1] - y) / len(x)
    gradients = []
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        gradients.append((delta.T @ inputs[layer], None if bias is None else delta.sum(axis=0)))
        if layer:
            delta = (delta @ kernel.T) * slope(activation, hs[layer - 1])
    return gradients[::-1]


# %% mistake 0: db is the mean over the rows
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def backward(x, y, weights, activation):
    hs, inputs = run(x, weights, activation)
    delta = 2 * (hs[-1] - y) / len(x)
    gradients = []
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        gradients.append((inputs[layer].T @ delta, None if bias is None else delta.mean(axis=0)))
        if layer:
            delta = (delta @ kernel.T) * slope(activation, hs[layer - 1])
    return gradients[::-1]


# %% mistake 0: db not summed
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def backward(x, y, weights, activation):
    hs, inputs = run(x, weights, activation)
    delta = 2 * (hs[-1] - y) / len(x)
    gradients = []
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        gradients.append((inputs[layer].T @ delta, None if bias is None else delta))
        if layer:
            delta = (delta @ kernel.T) * slope(activation, hs[layer - 1])
    return gradients[::-1]


# %% mistake 0: zeros where there is no bias
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def backward(x, y, weights, activation):
    hs, inputs = run(x, weights, activation)
    delta = 2 * (hs[-1] - y) / len(x)
    gradients = []
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        gradients.append((inputs[layer].T @ delta, np.zeros(kernel.shape[1]) if bias is None else delta.sum(axis=0)))
        if layer:
            delta = (delta @ kernel.T) * slope(activation, hs[layer - 1])
    return gradients[::-1]


# %% mistake 0: from the last layer to the first
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def backward(x, y, weights, activation):
    hs, inputs = run(x, weights, activation)
    delta = 2 * (hs[-1] - y) / len(x)
    gradients = []
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        gradients.append((inputs[layer].T @ delta, None if bias is None else delta.sum(axis=0)))
        if layer:
            delta = (delta @ kernel.T) * slope(activation, hs[layer - 1])
    return gradients


# %% mistake 0: a slope at the output too
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def backward(x, y, weights, activation):
    hs, inputs = run(x, weights, activation)
    delta = 2 * (hs[-1] - y) / len(x) * slope(activation, hs[-1])
    gradients = []
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        gradients.append((inputs[layer].T @ delta, None if bias is None else delta.sum(axis=0)))
        if layer:
            delta = (delta @ kernel.T) * slope(activation, hs[layer - 1])
    return gradients[::-1]


# %% mistake 0: the errors' size is lost
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def backward(x, y, weights, activation):
    hs, inputs = run(x, weights, activation)
    delta = 2 * np.sign(hs[-1] - y) / len(x)
    gradients = []
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        gradients.append((inputs[layer].T @ delta, None if bias is None else delta.sum(axis=0)))
        if layer:
            delta = (delta @ kernel.T) * slope(activation, hs[layer - 1])
    return gradients[::-1]


# %% mistake 0: gradients of norm one
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def backward(x, y, weights, activation):
    hs, inputs = run(x, weights, activation)
    delta = 2 * (hs[-1] - y) / len(x)
    gradients = []
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        gradients.append((inputs[layer].T @ delta, None if bias is None else delta.sum(axis=0)))
        if layer:
            delta = (delta @ kernel.T) * slope(activation, hs[layer - 1])
    return [(w / np.linalg.norm(w), b) for w, b in gradients[::-1]]


# %% mistake 0: all gradients divided by their norm
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def scaled(gradients):
    size = np.sqrt(sum((g**2).sum() for pair in gradients for g in pair if g is not None))
    return [tuple(None if g is None else g / size for g in pair) for pair in gradients]


def backward(x, y, weights, activation):
    hs, inputs = run(x, weights, activation)
    delta = 2 * (hs[-1] - y) / len(x)
    gradients = []
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        gradients.append((inputs[layer].T @ delta, None if bias is None else delta.sum(axis=0)))
        if layer:
            delta = (delta @ kernel.T) * slope(activation, hs[layer - 1])
    return scaled(gradients[::-1])


# %% mistake 0: the next layer's delta from the updated kernel
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def backward(x, y, weights, activation):
    hs, inputs = run(x, weights, activation)
    delta = 2 * (hs[-1] - y) / len(x)
    gradients = []
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        gradients.append((inputs[layer].T @ delta, None if bias is None else delta.sum(axis=0)))
        if layer:
            delta = (delta @ (kernel - 0.1 * gradients[-1][0]).T) * slope(activation, hs[layer - 1])
    return gradients[::-1]


# %% mistake 0: dW only
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def backward(x, y, weights, activation):
    hs, inputs = run(x, weights, activation)
    delta = 2 * (hs[-1] - y) / len(x)
    gradients = []
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        gradients.append((inputs[layer].T @ delta, None if bias is None else delta.sum(axis=0)))
        if layer:
            delta = (delta @ kernel.T) * slope(activation, hs[layer - 1])
    return [w for w, _ in gradients[::-1]]


# %% mistake 0: zeros
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def backward(x, y, weights, activation):
    hs, inputs = run(x, weights, activation)
    delta = 2 * (hs[-1] - y) / len(x)
    gradients = []
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        gradients.append((inputs[layer].T @ delta, None if bias is None else delta.sum(axis=0)))
        if layer:
            delta = (delta @ kernel.T) * slope(activation, hs[layer - 1])
    return [(0 * w, None if b is None else 0 * b) for w, b in gradients[::-1]]


# %% mistake 0: the sigmoid's slope for tanh
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def backward(x, y, weights, activation):
    hs, inputs = run(x, weights, activation)
    delta = 2 * (hs[-1] - y) / len(x)
    gradients = []
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        gradients.append((inputs[layer].T @ delta, None if bias is None else delta.sum(axis=0)))
        if layer:
            delta = (delta @ kernel.T) * slope('sigmoid' if activation == 'tanh' else activation, hs[layer - 1])
    return gradients[::-1]


# %% mistake 4.5: the targets are changed in place
def run(x, weights, activation):
    hs, inputs = [], [np.asarray(x, "float64")]
    for kernel, bias in weights:
        hs.append(inputs[-1] @ kernel + (0 if bias is None else bias))
        inputs.append(apply(activation, hs[-1]))
    return hs, inputs[:-1]


def apply(activation, h):
    return {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0)}[activation](h)


def slope(activation, h):
    a = apply(activation, h)
    return {"tanh": 1 - a**2, "sigmoid": a * (1 - a), "relu": 1.0 * (h > 0)}[activation]


def backward(x, y, weights, activation):
    hs, inputs = run(x, weights, activation)
    delta = 2 * (hs[-1] - y) / len(x)
    y -= hs[-1].astype(y.dtype)
    gradients = []
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        gradients.append((inputs[layer].T @ delta, None if bias is None else delta.sum(axis=0)))
        if layer:
            delta = (delta @ kernel.T) * slope(activation, hs[layer - 1])
    return gradients[::-1]
