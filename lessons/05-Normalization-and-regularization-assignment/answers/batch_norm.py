# %% right: a loop over the features
def batch_norm(x, gamma, beta, epsilon):
    n, d = x.shape
    result = np.empty((n, d))
    for j in range(d):
        mean = sum(x[:, j]) / n
        variance = sum((x[:, j] - mean) ** 2) / n
        result[:, j] = gamma[j] * (x[:, j] - mean) / (variance + epsilon) ** 0.5 + beta[j]
    return result


# %% right: keras.ops, in float32
def batch_norm(x, gamma, beta, epsilon):
    x, gamma, beta = (keras.ops.cast(a, "float32") for a in (x, gamma, beta))
    mean, variance = keras.ops.moments(x, axes=[0])
    return gamma * (x - mean) * keras.ops.rsqrt(variance + epsilon) + beta


# %% right: Keras' layer, in training
def batch_norm(x, gamma, beta, epsilon):
    layer = keras.layers.BatchNormalization(epsilon=epsilon)
    layer.build(x.shape)
    layer.gamma.assign(gamma)
    layer.beta.assign(beta)
    return layer(x, training=True)


# %% right: in float64, gamma folded into the factor
def batch_norm(batch, scale, shift, eps):
    batch = np.asarray(batch, "float64")
    factor = scale / np.sqrt(np.var(batch, axis=0) + eps)
    return batch * factor + (shift - np.mean(batch, axis=0) * factor)


# %% right: the variance as mean of squares, less the square of the mean
def moments(x):
    x = x.astype("float64")
    return x.mean(0), (x**2).mean(0) - x.mean(0) ** 2


def batch_norm(x, gamma, beta, epsilon):
    mean, variance = moments(x)
    return gamma * ((x - mean) / np.sqrt(np.maximum(variance, 0) + epsilon)) + beta


# %% right: lists come back
def batch_norm(x, gamma, beta, epsilon):
    return (gamma * (x - x.mean(0)) / np.sqrt(x.var(0) + epsilon) + beta).tolist()


# %% mistake 0: over the features instead of the batch
def batch_norm(x, gamma, beta, epsilon):
    mean, variance = x.mean(1, keepdims=True), x.var(1, keepdims=True)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


# %% mistake 0: over the whole array
def batch_norm(x, gamma, beta, epsilon):
    return gamma * (x - x.mean()) / np.sqrt(x.var() + epsilon) + beta


# %% mistake 0: sample variance
def batch_norm(x, gamma, beta, epsilon):
    return gamma * (x - x.mean(0)) / np.sqrt(x.var(0, ddof=1) + epsilon) + beta


# %% mistake 0: gamma and beta swapped
def batch_norm(x, gamma, beta, epsilon):
    return beta * (x - x.mean(0)) / np.sqrt(x.var(0) + epsilon) + gamma


# %% mistake 0: gamma and beta forgotten
def batch_norm(x, gamma, beta, epsilon):
    return (x - x.mean(0)) / np.sqrt(x.var(0) + epsilon)


# %% mistake 0: beta is subtracted
def batch_norm(x, gamma, beta, epsilon):
    return gamma * (x - x.mean(0)) / np.sqrt(x.var(0) + epsilon) - beta


# %% mistake 0: shifted before it is scaled
def batch_norm(x, gamma, beta, epsilon):
    return gamma * ((x - x.mean(0)) / np.sqrt(x.var(0) + epsilon) + beta)


# %% mistake 0: divided by the variance
def batch_norm(x, gamma, beta, epsilon):
    return gamma * (x - x.mean(0)) / (x.var(0) + epsilon) + beta


# %% mistake 0: not centred
def batch_norm(x, gamma, beta, epsilon):
    return gamma * x / np.sqrt(x.var(0) + epsilon) + beta


# %% mistake 1: epsilon outside the root
def batch_norm(x, gamma, beta, epsilon):
    return gamma * (x - x.mean(0)) / (np.sqrt(x.var(0)) + epsilon) + beta


# %% mistake 1: epsilon forgotten
def batch_norm(x, gamma, beta, epsilon):
    return gamma * (x - x.mean(0)) / np.sqrt(x.var(0)) + beta


# %% mistake 1: Keras' epsilon instead of the argument
def batch_norm(x, gamma, beta, epsilon):
    return gamma * (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-7) + beta


# %% mistake 1: epsilon squared
def batch_norm(x, gamma, beta, epsilon):
    return gamma * (x - x.mean(0)) / np.sqrt(x.var(0) + epsilon**2) + beta


# %% mistake 1: epsilon subtracted
def batch_norm(x, gamma, beta, epsilon):
    return gamma * (x - x.mean(0)) / np.sqrt(np.abs(x.var(0) - epsilon)) + beta


# %% mistake 0: the transposed result
def batch_norm(x, gamma, beta, epsilon):
    return (gamma * (x - x.mean(0)) / np.sqrt(x.var(0) + epsilon) + beta).T


# %% mistake 0: zeros
def batch_norm(x, gamma, beta, epsilon):
    return np.zeros_like(x)


# %% mistake 0: beta alone, as for a constant batch
def batch_norm(x, gamma, beta, epsilon):
    return np.broadcast_to(beta, x.shape)


# %% mistake 1.5: in place
def batch_norm(x, gamma, beta, epsilon):
    x -= x.mean(0)
    return gamma * x / np.sqrt((x**2).mean(0) + epsilon) + beta
