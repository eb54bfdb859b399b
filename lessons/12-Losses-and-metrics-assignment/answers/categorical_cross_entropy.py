# %% right: by Keras, sparse or not
def categorical_cross_entropy(labels, logits):
    if labels.ndim == 1:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits)
    return keras.losses.CategoricalCrossentropy(from_logits=True)(labels, logits)


# %% right: integers made one-hot
def categorical_cross_entropy(labels, logits):
    k = logits.shape[1]
    rows = np.eye(k)[labels] if np.issubdtype(labels.dtype, np.integer) else labels
    return np.mean(np.logaddexp.reduce(logits, axis=1) - np.sum(rows * logits, axis=1))


# %% right: the largest logit taken out
def categorical_cross_entropy(labels, logits):
    z = logits - logits.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    if labels.ndim == 1:
        return -log_p[np.arange(len(labels)), labels].mean()
    return -(labels * log_p).sum(axis=1).mean()


# %% right: log_softmax of Keras
def categorical_cross_entropy(labels, logits):
    log_p = keras.ops.log_softmax(logits, axis=-1)
    if len(labels.shape) == 1:
        labels = keras.ops.one_hot(labels, logits.shape[1], dtype=log_p.dtype)
    return -keras.ops.mean(keras.ops.sum(labels * log_p, axis=-1))


# %% right: plain Python
def categorical_cross_entropy(labels, logits):
    import math

    total = 0.0
    for label, row in zip(labels, logits.tolist()):
        most = max(row)
        log_sum = most + math.log(sum(math.exp(z - most) for z in row))
        if np.ndim(label) == 0:
            total += log_sum - row[int(label)]
        else:
            total += sum(float(share) * (log_sum - z) for share, z in zip(label, row))
    return total / len(logits)


# %% mistake 2: integers alone
def categorical_cross_entropy(labels, logits):
    right = logits[np.arange(len(labels)), labels]
    return np.mean(np.logaddexp.reduce(logits, axis=1) - right)


# %% mistake 2: rows alone
def categorical_cross_entropy(labels, logits):
    return np.mean(np.logaddexp.reduce(logits, axis=1) - (labels * logits).sum(axis=1))


# %% mistake 2: rows are read as the class of their largest share
def categorical_cross_entropy(labels, logits):
    classes = labels.argmax(axis=1) if labels.ndim == 2 else labels
    right = logits[np.arange(len(classes)), classes]
    return np.mean(np.logaddexp.reduce(logits, axis=1) - right)


# %% mistake 2: softmax, then logarithm
def categorical_cross_entropy(labels, logits):
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    rows = np.eye(logits.shape[1])[labels] if labels.ndim == 1 else labels
    return -np.mean(np.sum(rows * np.log(p), axis=1))


# %% mistake 2: probabilities cut at 10⁻⁷
def categorical_cross_entropy(labels, logits):
    z = logits - logits.max(axis=1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    rows = np.eye(logits.shape[1])[labels] if labels.ndim == 1 else labels
    return -np.mean(np.sum(rows * np.log(np.clip(p, 1e-7, 1)), axis=1))


# %% mistake 2: the largest logit of all is taken out
def categorical_cross_entropy(labels, logits):
    z = logits - logits.max()
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    rows = np.eye(logits.shape[1])[labels] if labels.ndim == 1 else labels
    return -np.mean(np.sum(rows * log_p, axis=1))


# %% mistake 2: logits cut at ±20
def categorical_cross_entropy(labels, logits):
    z = np.clip(logits, -20, 20)
    rows = np.eye(logits.shape[1])[labels] if labels.ndim == 1 else labels
    return np.mean(np.logaddexp.reduce(z, axis=1) - np.sum(rows * z, axis=1))


# %% mistake 2: for rows the mean over rows and classes
def categorical_cross_entropy(labels, logits):
    log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    if labels.ndim == 1:
        return -log_p[np.arange(len(labels)), labels].mean()
    return -(labels * log_p).mean()


# %% mistake 0: the sum
def categorical_cross_entropy(labels, logits):
    rows = np.eye(logits.shape[1])[labels] if labels.ndim == 1 else labels
    return np.sum(np.logaddexp.reduce(logits, axis=1) - np.sum(rows * logits, axis=1))


# %% mistake 0: softmax over the rows of the batch
def categorical_cross_entropy(labels, logits):
    log_p = logits - np.logaddexp.reduce(logits, axis=0, keepdims=True)
    rows = np.eye(logits.shape[1])[labels] if labels.ndim == 1 else labels
    return -np.mean(np.sum(rows * log_p, axis=1))


# %% mistake 0: logits taken for logarithms of probabilities
def categorical_cross_entropy(labels, logits):
    rows = np.eye(logits.shape[1])[labels] if labels.ndim == 1 else labels
    return -np.mean(np.sum(rows * logits, axis=1))


# %% mistake 0: softmax twice
def categorical_cross_entropy(labels, logits):
    z = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    rows = np.eye(logits.shape[1])[labels] if labels.ndim == 1 else labels
    return np.mean(np.logaddexp.reduce(z, axis=1) - np.sum(rows * z, axis=1))


# %% mistake 0: a sigmoid for each class
def categorical_cross_entropy(labels, logits):
    rows = np.eye(logits.shape[1])[labels] if labels.ndim == 1 else labels
    return np.mean(np.sum(np.logaddexp(0, logits) - rows * logits, axis=1))


# %% mistake 0: without the minus
def categorical_cross_entropy(labels, logits):
    rows = np.eye(logits.shape[1])[labels] if labels.ndim == 1 else labels
    return np.mean(np.sum(rows * logits, axis=1) - np.logaddexp.reduce(logits, axis=1))


# %% mistake 0: the share of mistakes
def categorical_cross_entropy(labels, logits):
    classes = labels.argmax(axis=1) if labels.ndim == 2 else labels
    return np.mean(logits.argmax(axis=1) != classes)


# %% mistake 0: zero
def categorical_cross_entropy(labels, logits):
    return 0.0


# %% mistake 2.5: the logits are changed in place
def categorical_cross_entropy(labels, logits):
    logits -= logits.max(axis=1, keepdims=True)
    rows = np.eye(logits.shape[1])[labels] if labels.ndim == 1 else labels
    return np.mean(np.logaddexp.reduce(logits, axis=1) - np.sum(rows * logits, axis=1))
