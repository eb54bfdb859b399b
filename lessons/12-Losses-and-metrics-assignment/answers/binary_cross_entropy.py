# %% right: by Keras
def binary_cross_entropy(y, logits):
    return keras.losses.BinaryCrossentropy(from_logits=True)(y, logits)


# %% right: the larger part taken out
def binary_cross_entropy(y, logits):
    losses = np.maximum(logits, 0) - y * logits + np.log1p(np.exp(-np.abs(logits)))
    return losses.mean()


# %% right: SciPy's logarithm of the sigmoid
def binary_cross_entropy(y, logits):
    from scipy.special import log_expit

    return -np.mean(y * log_expit(logits) + (1 - y) * log_expit(-logits))


# %% right: TensorFlow, row by row
def binary_cross_entropy(y, logits):
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.constant(y), logits=logits)
    return tf.reduce_mean(losses)


# %% right: plain Python
def binary_cross_entropy(y, logits):
    import math

    total = 0.0
    for target, z in zip(y.tolist(), logits.tolist()):
        softplus = math.log1p(math.exp(-abs(z))) + max(z, 0.0)
        total += softplus - target * z
    return total / len(y)


# %% mistake 2: sigmoid, then logarithm
def binary_cross_entropy(y, logits):
    p = 1 / (1 + np.exp(-logits))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


# %% mistake 2: probabilities cut at 10⁻⁷
def binary_cross_entropy(y, logits):
    p = np.clip(1 / (1 + np.exp(-logits.astype("float64"))), 1e-7, 1 - 1e-7)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


# %% mistake 2: Keras' loss of probabilities
def binary_cross_entropy(y, logits):
    return keras.losses.BinaryCrossentropy()(y, keras.ops.sigmoid(logits))


# %% mistake 2: ln(1 + exp z) as it stands
def binary_cross_entropy(y, logits):
    return np.mean(np.log(1 + np.exp(logits)) - y * logits)


# %% mistake 2: logits cut at ±30
def binary_cross_entropy(y, logits):
    z = np.clip(logits, -30, 30)
    return np.mean(np.logaddexp(0, z) - y * z)


# %% mistake 2: what is not finite is left out
def binary_cross_entropy(y, logits):
    p = 1 / (1 + np.exp(-logits.astype("float64")))
    losses = -(y * np.log(p) + (1 - y) * np.log(1 - p))
    return losses[np.isfinite(losses)].mean()


# %% mistake 2: what is not finite counts as nothing
def binary_cross_entropy(y, logits):
    p = 1 / (1 + np.exp(-logits.astype("float64")))
    return np.nan_to_num(-(y * np.log(p) + (1 - y) * np.log(1 - p)), posinf=0).mean()


# %% mistake 2.5: the sum
def binary_cross_entropy(y, logits):
    return np.sum(np.logaddexp(0, logits) - y * logits)


# %% mistake 1.5: the sum, from probabilities
def binary_cross_entropy(y, logits):
    p = 1 / (1 + np.exp(-logits))
    return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))


# %% mistake 0: logits taken for probabilities
def binary_cross_entropy(y, logits):
    return keras.losses.BinaryCrossentropy()(y, logits)


# %% mistake 0: sigmoid twice
def binary_cross_entropy(y, logits):
    z = 1 / (1 + np.exp(-np.clip(logits, -500, 500)))
    return np.mean(np.logaddexp(0, z) - y * z)


# %% mistake 0: without the minus
def binary_cross_entropy(y, logits):
    return -np.mean(np.logaddexp(0, logits) - y * logits)


# %% mistake 0: the right class alone, for soft targets too
def binary_cross_entropy(y, logits):
    signs = np.where(y > 0.5, 1, -1)
    return np.mean(np.logaddexp(0, -signs * logits))


# %% mistake 0: the term of y = 1 alone
def binary_cross_entropy(y, logits):
    return np.mean(y * np.logaddexp(0, -logits))


# %% mistake 0: to the base of two
def binary_cross_entropy(y, logits):
    return np.mean(np.logaddexp(0, logits) - y * logits) / np.log(2)


# %% mistake 0: a loss for each row
def binary_cross_entropy(y, logits):
    return np.logaddexp(0, logits) - y * logits


# %% mistake 0: squared errors of the probabilities
def binary_cross_entropy(y, logits):
    return np.mean((y - 1 / (1 + np.exp(-np.clip(logits, -500, 500)))) ** 2)


# %% mistake 2.5: the logits are changed in place
def binary_cross_entropy(y, logits):
    products = y * logits
    logits[...] = np.logaddexp(0, logits)
    return np.mean(logits - products)
