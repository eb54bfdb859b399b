# %% right: a loop over rows and features
def batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon):
    result = [[0.0] * len(gamma) for _ in x]
    for i, row in enumerate(x):
        for j, value in enumerate(row):
            scale = gamma[j] / (moving_variance[j] + epsilon) ** 0.5
            result[i][j] = (value - moving_mean[j]) * scale + beta[j]
    return result


# %% right: keras.ops, in float32
def batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon):
    arrays = (x, gamma, beta, moving_mean, moving_variance)
    x, gamma, beta, mean, variance = (keras.ops.cast(a, "float32") for a in arrays)
    return keras.ops.batch_normalization(
        x, mean, variance, axis=-1, offset=beta, scale=gamma, epsilon=epsilon
    )


# %% right: Keras' layer, not in training
def batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon):
    layer = keras.layers.BatchNormalization(epsilon=epsilon)
    layer.build((None, x.shape[1]))
    layer.set_weights([gamma, beta, moving_mean, moving_variance])
    return layer(x)


# %% right: folded into one affine map, in float64
def batch_norm_inference(x, gamma, beta, mean, variance, eps):
    factor = np.asarray(gamma, "float64") / np.sqrt(np.asarray(variance, "float64") + eps)
    return x * factor[None, :] + (beta - mean * factor)[None, :]


# %% mistake 0: the batch's own statistics
def batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return gamma * (x - x.mean(0)) / np.sqrt(x.var(0) + epsilon) + beta


# %% mistake 0: the batch's own mean
def batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return gamma * (x - x.mean(0)) / np.sqrt(moving_variance + epsilon) + beta


# %% mistake 0: the batch's own variance
def batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return gamma * (x - moving_mean) / np.sqrt(x.var(0) + epsilon) + beta


# %% mistake 0: the variance taken for the standard deviation
def batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return gamma * (x - moving_mean) / (moving_variance + epsilon) + beta


# %% mistake 0: mean and variance swapped
def batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return gamma * (x - moving_variance) / np.sqrt(np.abs(moving_mean) + epsilon) + beta


# %% mistake 0: gamma and beta swapped
def batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return beta * (x - moving_mean) / np.sqrt(moving_variance + epsilon) + gamma


# %% mistake 0: gamma and beta forgotten
def batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return (x - moving_mean) / np.sqrt(moving_variance + epsilon)


# %% mistake 0: epsilon outside the root
def batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return gamma * (x - moving_mean) / (np.sqrt(moving_variance) + epsilon) + beta


# %% mistake 0: epsilon forgotten
def batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return gamma * (x - moving_mean) / np.sqrt(moving_variance) + beta


# %% mistake 1: own statistics for a batch of one only
def batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon):
    if len(x) == 1:
        moving_mean, moving_variance = x.mean(0), x.var(0)
    return gamma * (x - moving_mean) / np.sqrt(moving_variance + epsilon) + beta


# %% mistake 1: a batch of one loses its axis
def batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon):
    y = gamma * (x - moving_mean) / np.sqrt(moving_variance + epsilon) + beta
    return np.squeeze(y)


# %% mistake 1: a batch of one is refused
def batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon):
    if len(x) < 2:
        raise ValueError("a batch is needed")
    return gamma * (x - moving_mean) / np.sqrt(moving_variance + epsilon) + beta


# %% mistake 0: the moving statistics updated by the batch first
def batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon):
    mean = 0.9 * moving_mean + 0.1 * x.mean(0)
    variance = 0.9 * moving_variance + 0.1 * x.var(0)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


# %% mistake 0: zeros
def batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon):
    return np.zeros_like(x)


# %% mistake 1.5: updates the moving variance in place
def batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon):
    moving_variance += epsilon
    return gamma * (x - moving_mean) / np.sqrt(moving_variance) + beta
