# Answers to "gradient_norms"; see tests/grading/test_answers.py.

# %% right: Keras' loss, every second trainable variable
import tensorflow as tf


def gradient_norms(model, inputs, targets):
    with tf.GradientTape() as tape:
        loss = keras.losses.MeanSquaredError()(targets, model(inputs))
    gradients = tape.gradient(loss, model.trainable_variables)
    return [np.linalg.norm(gradient) for gradient in gradients[::2]]


# %% right: backpropagation in NumPy, float64
def gradient_norms(model, inputs, targets):
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    signals = [np.asarray(inputs, "float64")]
    for layer in dense:
        z = signals[-1] @ np.asarray(layer.kernel, "float64") + np.asarray(layer.bias)
        name = layer.activation.__name__
        signals.append({"tanh": np.tanh, "relu": lambda v: v * (v > 0)}.get(name, lambda v: v)(z))
    delta = 2 * (signals[-1] - np.asarray(targets)) / len(inputs)
    norms = []
    for number in range(len(dense) - 1, -1, -1):
        norms.append(np.sqrt(np.sum((signals[number].T @ delta) ** 2)))
        delta = delta @ np.asarray(dense[number].kernel, "float64").T
        if number:
            below = signals[number]
            name = dense[number - 1].activation.__name__
            delta = delta * ((1 - below**2) if name == "tanh" else (below > 0))
    return np.array(norms[::-1])


# %% right: a tape for each layer, flattened targets on both sides, tensors returned
import tensorflow as tf


def mean_squared_error(model, inputs, targets):
    predictions = tf.reshape(model(inputs), [-1])
    return tf.reduce_mean(tf.square(predictions - tf.reshape(targets, [-1])))


def gradient_norms(model, inputs, targets):
    norms = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            with tf.GradientTape() as tape:
                loss = mean_squared_error(model, inputs, targets)
            gradient = tape.gradient(loss, layer.kernel)
            norms.append(tf.sqrt(tf.reduce_sum(gradient**2)))
    return norms


# %% right: forward differences in float64, number by number
def outputs_of(layers, x):
    for kernel, bias, bend in layers:
        x = bend(x @ kernel + bias)
    return x


def gradient_norms(model, inputs, targets):
    bends = {"tanh": np.tanh, "relu": lambda v: np.maximum(v, 0), "linear": lambda v: v}
    layers = [
        (np.array(layer.kernel, "float64"), np.array(layer.bias), bends[layer.activation.__name__])
        for layer in model.layers
        if hasattr(layer, "kernel")
    ]
    inputs, targets = np.asarray(inputs, "float64"), np.asarray(targets, "float64")

    def loss():
        return np.mean((outputs_of(layers, inputs) - targets) ** 2)

    norms = []
    for kernel, _, _ in layers:
        squares = 0.0
        for index in np.ndindex(kernel.shape):
            kept = kernel[index]
            kernel[index] = kept + 1e-6
            high = loss()
            kernel[index] = kept - 1e-6
            squares += ((high - loss()) / 2e-6) ** 2
            kernel[index] = kept
        norms.append(squares**0.5)
    return norms


# %% mistake 1.5: summed over the batch
import tensorflow as tf


def gradient_norms(model, inputs, targets):
    kernels = [layer.kernel for layer in model.layers if hasattr(layer, "kernel")]
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum((model(inputs) - targets) ** 2)
    return [float(tf.norm(gradient)) for gradient in tape.gradient(loss, kernels)]


# %% mistake 1.5: half of the squared error
import tensorflow as tf


def gradient_norms(model, inputs, targets):
    kernels = [layer.kernel for layer in model.layers if hasattr(layer, "kernel")]
    with tf.GradientTape() as tape:
        loss = 0.5 * tf.reduce_mean((model(inputs) - targets) ** 2)
    return [float(tf.norm(gradient)) for gradient in tape.gradient(loss, kernels)]


# %% mistake 0: (n, 1) minus (n,) broadcasts to (n, n)
import tensorflow as tf


def gradient_norms(model, inputs, targets):
    kernels = [layer.kernel for layer in model.layers if hasattr(layer, "kernel")]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(inputs) - targets[:, 0]) ** 2)
    return [float(tf.norm(gradient)) for gradient in tape.gradient(loss, kernels)]


# %% mistake 0: without the output layer
import tensorflow as tf


def gradient_norms(model, inputs, targets):
    kernels = [layer.kernel for layer in model.layers if hasattr(layer, "kernel")][:-1]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(inputs) - targets) ** 2)
    return [float(tf.norm(gradient)) for gradient in tape.gradient(loss, kernels)]


# %% mistake 0: the biases are in the list
import tensorflow as tf


def gradient_norms(model, inputs, targets):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(inputs) - targets) ** 2)
    return [float(tf.norm(g)) for g in tape.gradient(loss, model.trainable_variables)]


# %% mistake 0: kernel and bias in one norm
import tensorflow as tf


def gradient_norms(model, inputs, targets):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(inputs) - targets) ** 2)
    g = tape.gradient(loss, model.trainable_variables)
    pairs = zip(g[::2], g[1::2], strict=True)
    return [float(tf.sqrt(tf.reduce_sum(k**2) + tf.reduce_sum(b**2))) for k, b in pairs]


# %% mistake 0: squared norms
import tensorflow as tf


def gradient_norms(model, inputs, targets):
    kernels = [layer.kernel for layer in model.layers if hasattr(layer, "kernel")]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(inputs) - targets) ** 2)
    return [float(tf.reduce_sum(gradient**2)) for gradient in tape.gradient(loss, kernels)]


# %% mistake 0: sums of absolute values
import tensorflow as tf


def gradient_norms(model, inputs, targets):
    kernels = [layer.kernel for layer in model.layers if hasattr(layer, "kernel")]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(inputs) - targets) ** 2)
    return [float(tf.reduce_sum(abs(gradient))) for gradient in tape.gradient(loss, kernels)]


# %% mistake 0: the root of the mean squared error
import tensorflow as tf


def gradient_norms(model, inputs, targets):
    kernels = [layer.kernel for layer in model.layers if hasattr(layer, "kernel")]
    with tf.GradientTape() as tape:
        loss = tf.sqrt(tf.reduce_mean((model(inputs) - targets) ** 2))
    return [float(tf.norm(gradient)) for gradient in tape.gradient(loss, kernels)]


# %% mistake 0: from the output back to the input
import tensorflow as tf


def gradient_norms(model, inputs, targets):
    kernels = [layer.kernel for layer in model.layers if hasattr(layer, "kernel")]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(inputs) - targets) ** 2)
    return [float(tf.norm(gradient)) for gradient in tape.gradient(loss, kernels)][::-1]


# %% mistake 0: each divided by the root of the kernel's size
import tensorflow as tf


def gradient_norms(model, inputs, targets):
    kernels = [layer.kernel for layer in model.layers if hasattr(layer, "kernel")]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(inputs) - targets) ** 2)
    return [float(np.sqrt(np.mean(g**2))) for g in tape.gradient(loss, kernels)]


# %% mistake 0: norms of the weights
def gradient_norms(model, inputs, targets):
    return [np.linalg.norm(w) for w in model.get_weights()[::2]]


# %% right: the gradients that a step of descent takes, and the weights put back
def gradient_norms(model, inputs, targets):
    before = model.get_weights()
    model.compile(keras.optimizers.SGD(0.5), "mse")
    model.train_on_batch(inputs, targets)
    steps = [(a - b) / 0.5 for a, b in zip(before, model.get_weights(), strict=True)]
    model.set_weights(before)
    return [np.linalg.norm(step) for step in steps[::2]]


# %% mistake 2.5: the model is trained on afterwards
import tensorflow as tf


def gradient_norms(model, inputs, targets):
    kernels = [layer.kernel for layer in model.layers if hasattr(layer, "kernel")]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(inputs) - targets) ** 2)
    gradients = tape.gradient(loss, kernels)
    for kernel, gradient in zip(kernels, gradients, strict=True):
        kernel.assign_sub(0.01 * gradient)
    return [float(tf.norm(gradient)) for gradient in gradients]


# %% mistake 2.5: the gradients that a step of descent takes, which stays
def gradient_norms(model, inputs, targets):
    before = model.get_weights()
    model.compile(keras.optimizers.SGD(0.5), "mse")
    model.train_on_batch(inputs, targets)
    steps = [(a - b) / 0.5 for a, b in zip(before, model.get_weights(), strict=True)]
    return [np.linalg.norm(step) for step in steps[::2]]
