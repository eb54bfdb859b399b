# %% right: by Keras
def regression_loss(kind, y_true, y_pred, delta):
    losses = {
        "mse": keras.losses.MeanSquaredError(),
        "mae": keras.losses.MeanAbsoluteError(),
        "msle": keras.losses.MeanSquaredLogarithmicError(),
        "huber": keras.losses.Huber(delta),
    }
    return losses[kind](y_true, y_pred)


# %% right: plain Python
def regression_loss(kind, y_true, y_pred, delta):
    import math

    total = 0.0
    for target, prediction in zip(y_true, y_pred):
        target, prediction = float(target), prediction.item()
        error = abs(target - prediction)
        if kind == "mse":
            total += error**2
        elif kind == "mae":
            total += error
        elif kind == "msle":
            total += (math.log(1 + target) - math.log(1 + prediction)) ** 2
        elif error <= delta:
            total += 0.5 * error**2
        else:
            total += delta * (error - 0.5 * delta)
    return total / len(y_true)


# %% right: huber as a clipped error times the rest
def regression_loss(kind, y_true, y_pred, delta):
    e = np.squeeze(np.asarray(y_pred)) - y_true
    if kind == "msle":
        e = np.log1p(np.squeeze(y_pred)) - np.log1p(y_true)
    clipped = np.clip(e, -delta, delta)
    each = {"mse": e**2, "msle": e**2, "mae": abs(e), "huber": clipped * (e - clipped / 2)}
    return np.mean(each[kind])


# %% right: a tensor of one entry
def regression_loss(kind, y_true, y_pred, delta):
    y_pred = tf.reshape(tf.cast(y_pred, "float32"), [-1])
    y_true = tf.cast(y_true, "float32")
    e = tf.abs(y_true - y_pred)
    if kind == "mse":
        return tf.reduce_mean(e**2)
    if kind == "mae":
        return tf.reduce_mean(e)
    if kind == "msle":
        return tf.reduce_mean((tf.math.log1p(y_true) - tf.math.log1p(y_pred)) ** 2)
    return tf.reduce_mean(tf.where(e <= delta, e**2 / 2, delta * (e - delta / 2)))


# %% mistake 3: (n,) against (n, 1) becomes (n, n)
def regression_loss(kind, y_true, y_pred, delta):
    e = np.abs(y_true - y_pred)
    if kind == "msle":
        e = np.log1p(y_true) - np.log1p(y_pred)
    huber = np.where(e <= delta, e**2 / 2, delta * (e - delta / 2))
    return np.mean({"mse": e**2, "msle": e**2, "mae": e, "huber": huber}[kind])


# %% mistake 3.25: the root of the mean squared error
def regression_loss(kind, y_true, y_pred, delta):
    y_pred = y_pred.ravel()
    e = np.abs(y_true - y_pred)
    if kind == "mse":
        return np.sqrt(np.mean(e**2))
    if kind == "msle":
        return np.mean((np.log1p(y_true) - np.log1p(y_pred)) ** 2)
    return np.mean(e if kind == "mae" else np.where(e <= delta, e**2 / 2, delta * (e - delta / 2)))


# %% mistake 3.25: half of the squared error for mse, too
def regression_loss(kind, y_true, y_pred, delta):
    y_pred = y_pred.ravel()
    e = np.abs(y_true - y_pred)
    if kind == "mse":
        return np.mean(e**2) / 2
    if kind == "msle":
        return np.mean((np.log1p(y_true) - np.log1p(y_pred)) ** 2)
    return np.mean(e if kind == "mae" else np.where(e <= delta, e**2 / 2, delta * (e - delta / 2)))


# %% mistake 3.25: signed errors in mae
def regression_loss(kind, y_true, y_pred, delta):
    y_pred = y_pred.ravel()
    e = y_true - y_pred
    if kind == "mae":
        return np.mean(e)
    if kind == "msle":
        return np.mean((np.log1p(y_true) - np.log1p(y_pred)) ** 2)
    e = np.abs(e)
    return np.mean(e**2 if kind == "mse" else np.where(e <= delta, e**2 / 2, delta * (e - delta / 2)))


# %% mistake 3.25: the logarithm without one more
def regression_loss(kind, y_true, y_pred, delta):
    y_pred = y_pred.ravel()
    e = np.abs(y_true - y_pred)
    if kind == "msle":
        return np.mean((np.log(y_true) - np.log(y_pred)) ** 2)
    huber = np.where(e <= delta, e**2 / 2, delta * (e - delta / 2))
    return np.mean({"mse": e**2, "mae": e, "huber": huber}[kind])


# %% mistake 3.25: a logarithm to the base of ten
def regression_loss(kind, y_true, y_pred, delta):
    y_pred = y_pred.ravel()
    e = np.abs(y_true - y_pred)
    if kind == "msle":
        return np.mean((np.log10(1 + y_true) - np.log10(1 + y_pred)) ** 2)
    huber = np.where(e <= delta, e**2 / 2, delta * (e - delta / 2))
    return np.mean({"mse": e**2, "mae": e, "huber": huber}[kind])


# %% mistake 3.25: the logarithm of the squared error
def regression_loss(kind, y_true, y_pred, delta):
    y_pred = y_pred.ravel()
    e = np.abs(y_true - y_pred)
    huber = np.where(e <= delta, e**2 / 2, delta * (e - delta / 2))
    return np.mean({"mse": e**2, "mae": e, "huber": huber, "msle": np.log1p(e**2)}[kind])


# %% mistake 3.25: huber with a delta of 1
def regression_loss(kind, y_true, y_pred, delta):
    y_pred = y_pred.ravel()
    e = np.abs(y_true - y_pred)
    if kind == "msle":
        e = np.log1p(y_true) - np.log1p(y_pred)
    huber = np.where(e <= 1, e**2 / 2, e - 0.5)
    return np.mean({"mse": e**2, "msle": e**2, "mae": e, "huber": huber}[kind])


# %% mistake 3.25: huber's line without delta in front
def regression_loss(kind, y_true, y_pred, delta):
    y_pred = y_pred.ravel()
    e = np.abs(y_true - y_pred)
    if kind == "msle":
        e = np.log1p(y_true) - np.log1p(y_pred)
    huber = np.where(e <= delta, e**2 / 2, e - delta / 2)
    return np.mean({"mse": e**2, "msle": e**2, "mae": e, "huber": huber}[kind])


# %% mistake 3.25: huber's line has a jump
def regression_loss(kind, y_true, y_pred, delta):
    y_pred = y_pred.ravel()
    e = np.abs(y_true - y_pred)
    if kind == "msle":
        e = np.log1p(y_true) - np.log1p(y_pred)
    huber = np.where(e <= delta, e**2 / 2, delta * e)
    return np.mean({"mse": e**2, "msle": e**2, "mae": e, "huber": huber}[kind])


# %% mistake 3.25: huber's two pieces exchanged
def regression_loss(kind, y_true, y_pred, delta):
    y_pred = y_pred.ravel()
    e = np.abs(y_true - y_pred)
    if kind == "msle":
        e = np.log1p(y_true) - np.log1p(y_pred)
    huber = np.where(e > delta, e**2 / 2, delta * (e - delta / 2))
    return np.mean({"mse": e**2, "msle": e**2, "mae": e, "huber": huber}[kind])


# %% mistake 3.25: huber decides once for all rows
def regression_loss(kind, y_true, y_pred, delta):
    y_pred = y_pred.ravel()
    e = np.abs(y_true - y_pred)
    if kind == "msle":
        e = np.log1p(y_true) - np.log1p(y_pred)
    huber = e**2 / 2 if e.mean() <= delta else delta * (e - delta / 2)
    return np.mean({"mse": e**2, "msle": e**2, "mae": e, "huber": huber}[kind])


# %% mistake 3.25: huber of positive errors alone
def regression_loss(kind, y_true, y_pred, delta):
    y_pred = y_pred.ravel()
    e = y_true - y_pred
    huber = np.where(e <= delta, e**2 / 2, delta * (e - delta / 2))
    logs = np.log1p(np.maximum(y_true, 0)) - np.log1p(np.maximum(y_pred, 0))
    return np.mean({"mse": e**2, "mae": np.abs(e), "huber": huber, "msle": logs**2}[kind])


# %% mistake 1.75: mse for every kind
def regression_loss(kind, y_true, y_pred, delta):
    return np.mean((y_true - y_pred.ravel()) ** 2)


# %% mistake 0: sums
def regression_loss(kind, y_true, y_pred, delta):
    y_pred = y_pred.ravel()
    e = np.abs(y_true - y_pred)
    if kind == "msle":
        e = np.log1p(y_true) - np.log1p(y_pred)
    huber = np.where(e <= delta, e**2 / 2, delta * (e - delta / 2))
    return np.sum({"mse": e**2, "msle": e**2, "mae": e, "huber": huber}[kind])


# %% mistake 0: a loss for each row
def regression_loss(kind, y_true, y_pred, delta):
    y_pred = y_pred.ravel()
    e = np.abs(y_true - y_pred)
    if kind == "msle":
        e = np.log1p(y_true) - np.log1p(y_pred)
    huber = np.where(e <= delta, e**2 / 2, delta * (e - delta / 2))
    return {"mse": e**2, "msle": e**2, "mae": e, "huber": huber}[kind]


# %% mistake 0: divided by n − 1
def regression_loss(kind, y_true, y_pred, delta):
    y_pred = y_pred.ravel()
    e = np.abs(y_true - y_pred)
    if kind == "msle":
        e = np.log1p(y_true) - np.log1p(y_pred)
    huber = np.where(e <= delta, e**2 / 2, delta * (e - delta / 2))
    return np.sum({"mse": e**2, "msle": e**2, "mae": e, "huber": huber}[kind]) / (len(e) - 1)


# %% mistake 0: zero
def regression_loss(kind, y_true, y_pred, delta):
    return 0.0


# %% mistake 3.5: the targets are changed in place
def regression_loss(kind, y_true, y_pred, delta):
    y_pred = y_pred.ravel()
    if kind == "msle":
        return np.mean((np.log1p(y_true) - np.log1p(y_pred)) ** 2)
    y_true -= y_pred
    e = np.abs(y_true)
    huber = np.where(e <= delta, e**2 / 2, delta * (e - delta / 2))
    return np.mean({"mse": e**2, "mae": e, "huber": huber}[kind])
