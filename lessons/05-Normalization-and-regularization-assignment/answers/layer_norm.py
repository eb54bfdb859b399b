# %% right: a loop over the rows
def layer_norm(x, gamma, beta, epsilon):
    rows = []
    for row in x:
        rows.append(gamma * (row - row.mean()) / np.sqrt(row.var() + epsilon) + beta)
    return np.array(rows)


# %% right: keras.ops, in float32
def layer_norm(x, gamma, beta, epsilon):
    x = keras.ops.cast(x, "float32")
    mean, variance = keras.ops.moments(x, axes=[-1], keepdims=True)
    return (x - mean) / keras.ops.sqrt(variance + epsilon) * gamma + beta


# %% right: Keras' layer
def layer_norm(x, gamma, beta, epsilon):
    layer = keras.layers.LayerNormalization(epsilon=epsilon)
    layer.build(x.shape)
    layer.set_weights([gamma, beta])
    return layer(x)


# %% right: transposed, statistics by hand
def layer_norm(inputs, scale, shift, eps):
    columns = np.asarray(inputs, "float64").T
    centred = columns - columns.sum(axis=0) / len(columns)
    variance = (centred**2).sum(axis=0) / len(columns)
    return scale * (centred / np.sqrt(variance + eps)).T + shift


# %% mistake 0: over the batch instead of the features
def layer_norm(x, gamma, beta, epsilon):
    return gamma * (x - x.mean(0)) / np.sqrt(x.var(0) + epsilon) + beta


# %% mistake 0: over the whole array
def layer_norm(x, gamma, beta, epsilon):
    return gamma * (x - x.mean()) / np.sqrt(x.var() + epsilon) + beta


# %% mistake 0: sample variance
def layer_norm(x, gamma, beta, epsilon):
    mean, variance = x.mean(1, keepdims=True), x.var(1, ddof=1, keepdims=True)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


# %% mistake 0: no keepdims, the shapes do not fit
def layer_norm(x, gamma, beta, epsilon):
    return gamma * (x - x.mean(1)) / np.sqrt(x.var(1) + epsilon) + beta


# %% mistake 0: divided by the variance
def layer_norm(x, gamma, beta, epsilon):
    mean, variance = x.mean(1, keepdims=True), x.var(1, keepdims=True)
    return gamma * (x - mean) / (variance + epsilon) + beta


# %% mistake 0: gamma and beta swapped
def layer_norm(x, gamma, beta, epsilon):
    mean, variance = x.mean(1, keepdims=True), x.var(1, keepdims=True)
    return beta * (x - mean) / np.sqrt(variance + epsilon) + gamma


# %% mistake 1: gamma and beta forgotten
def layer_norm(x, gamma, beta, epsilon):
    mean, variance = x.mean(1, keepdims=True), x.var(1, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon)


# %% mistake 1: beta is subtracted
def layer_norm(x, gamma, beta, epsilon):
    mean, variance = x.mean(1, keepdims=True), x.var(1, keepdims=True)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) - beta


# %% mistake 1: epsilon outside the root
def layer_norm(x, gamma, beta, epsilon):
    mean, deviation = x.mean(1, keepdims=True), x.std(1, keepdims=True)
    return gamma * (x - mean) / (deviation + epsilon) + beta


# %% mistake 1: epsilon forgotten
def layer_norm(x, gamma, beta, epsilon):
    mean, deviation = x.mean(1, keepdims=True), x.std(1, keepdims=True)
    return gamma * (x - mean) / deviation + beta


# %% mistake 1: Keras' epsilon instead of the argument
def layer_norm(x, gamma, beta, epsilon):
    mean, variance = x.mean(1, keepdims=True), x.var(1, keepdims=True)
    return gamma * (x - mean) / np.sqrt(variance + 1e-8) + beta


# %% mistake 1: root mean square normalisation of the centred, then scaled rows
def layer_norm(x, gamma, beta, epsilon):
    scaled = gamma * (x - x.mean(1, keepdims=True))
    return scaled / np.sqrt((scaled**2).mean(1, keepdims=True) + epsilon) + beta


# %% mistake 0: not centred
def layer_norm(x, gamma, beta, epsilon):
    return gamma * x / np.sqrt(x.var(1, keepdims=True) + epsilon) + beta


# %% mistake 0: zeros
def layer_norm(x, gamma, beta, epsilon):
    return np.zeros_like(x)


# %% mistake 0: nothing is returned
def layer_norm(x, gamma, beta, epsilon):
    y = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + epsilon)
    gamma * y + beta


# %% mistake 1.5: in place
def layer_norm(x, gamma, beta, epsilon):
    x -= x.mean(1, keepdims=True)
    x /= np.sqrt(x.var(1, keepdims=True) + epsilon)
    return gamma * x + beta
