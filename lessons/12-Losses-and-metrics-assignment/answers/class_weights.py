# %% right: bincount
def class_weights(labels, n_classes):
    counts = np.bincount(labels, minlength=n_classes)
    occur = counts > 0
    return np.where(occur, len(labels) / (occur.sum() * np.maximum(counts, 1)), 0)


# %% right: scikit-learn's balanced weights, put in their places
def class_weights(labels, n_classes):
    from sklearn.utils.class_weight import compute_class_weight

    weights, occur = np.zeros(n_classes), np.unique(labels)
    weights[occur] = compute_class_weight("balanced", classes=occur, y=labels)
    return weights


# %% right: plain Python
def class_weights(labels, n_classes):
    labels = labels.tolist()
    k = len(set(labels))
    return [len(labels) / (k * labels.count(c)) if c in labels else 0 for c in range(n_classes)]


# %% right: TensorFlow
def class_weights(labels, n_classes):
    counts = tf.cast(tf.math.bincount(labels, minlength=n_classes), "float32")
    k = tf.reduce_sum(tf.cast(counts > 0, "float32"))
    return tf.math.divide_no_nan(float(len(labels)), k * counts)


# %% mistake 1: k counts absent classes
def class_weights(labels, n_classes):
    counts = np.bincount(labels, minlength=n_classes)
    return np.where(counts > 0, len(labels) / (n_classes * np.maximum(counts, 1)), 0)


# %% mistake 1: an absent class has an infinite weight
def class_weights(labels, n_classes):
    counts = np.bincount(labels, minlength=n_classes)
    return len(labels) / ((counts > 0).sum() * counts)


# %% mistake 1: an absent class has the weight of one that occurs once
def class_weights(labels, n_classes):
    counts = np.bincount(labels, minlength=n_classes)
    return len(labels) / ((counts > 0).sum() * np.maximum(counts, 1))


# %% mistake 1: an absent class has the weight 1
def class_weights(labels, n_classes):
    counts = np.bincount(labels, minlength=n_classes)
    occur = counts > 0
    return np.where(occur, len(labels) / (occur.sum() * np.maximum(counts, 1)), 1)


# %% mistake 1: absent classes are left out
def class_weights(labels, n_classes):
    _, counts = np.unique(labels, return_counts=True)
    return len(labels) / (len(counts) * counts)


# %% mistake 1: the last classes are left out
def class_weights(labels, n_classes):
    counts = np.bincount(labels)
    occur = counts > 0
    return np.where(occur, len(labels) / (occur.sum() * np.maximum(counts, 1)), 0)


# %% mistake 1: a number for every class is added
def class_weights(labels, n_classes):
    counts = np.bincount(labels, minlength=n_classes)
    counts = np.where(counts == 0, 1, counts)
    return len(labels) / (n_classes * counts)


# %% mistake 0: one over the count
def class_weights(labels, n_classes):
    counts = np.bincount(labels, minlength=n_classes)
    return np.where(counts > 0, 1 / np.maximum(counts, 1), 0)


# %% mistake 0: n over the count
def class_weights(labels, n_classes):
    counts = np.bincount(labels, minlength=n_classes)
    return np.where(counts > 0, len(labels) / np.maximum(counts, 1), 0)


# %% mistake 0: shares
def class_weights(labels, n_classes):
    return np.bincount(labels, minlength=n_classes) / len(labels)


# %% mistake 0: weights that sum to 1
def class_weights(labels, n_classes):
    counts = np.bincount(labels, minlength=n_classes)
    weights = np.where(counts > 0, 1 / np.maximum(counts, 1), 0)
    return weights / weights.sum()


# %% mistake 0: the commonest class has the weight 1
def class_weights(labels, n_classes):
    counts = np.bincount(labels, minlength=n_classes)
    return np.where(counts > 0, counts.max() / np.maximum(counts, 1), 0)


# %% mistake 0: a weight for each row
def class_weights(labels, n_classes):
    counts = np.bincount(labels, minlength=n_classes)
    return (len(labels) / ((counts > 0).sum() * np.maximum(counts, 1)))[labels]


# %% mistake 0: a dictionary, as for fit
def class_weights(labels, n_classes):
    counts = np.bincount(labels, minlength=n_classes)
    return {c: len(labels) / (n_classes * max(counts[c], 1)) for c in range(n_classes)}


# %% mistake 0: ones
def class_weights(labels, n_classes):
    return np.ones(n_classes)


# %% mistake 1: the labels are sorted in place
def class_weights(labels, n_classes):
    labels.sort()
    counts = np.bincount(labels, minlength=n_classes)
    occur = counts > 0
    return np.where(occur, len(labels) / (occur.sum() * np.maximum(counts, 1)), 0)
