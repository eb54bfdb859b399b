# %% right: SciPy minimises each loss
def best_constant(kind, y, delta):
    from scipy.optimize import minimize_scalar

    def loss(c):
        e = np.abs(y - c)
        huber = np.where(e <= delta, e**2 / 2, delta * (e - delta / 2))
        return np.mean({"mse": e**2, "mae": e, "huber": huber}[kind])

    return minimize_scalar(loss, bounds=(y.min(), y.max()), method="bounded").x


# %% right: the best of many candidates
def best_constant(kind, y, delta):
    candidates = np.linspace(y.min(), y.max(), 8_001)
    e = np.abs(y[:, None].astype("float64") - candidates)
    huber = np.where(e <= delta, e**2 / 2, delta * (e - delta / 2))
    return candidates[{"mse": e**2, "mae": e, "huber": huber}[kind].mean(axis=0).argmin()]


# %% right: mean and median, for huber the mean of clipped errors until nothing changes
def best_constant(kind, y, delta):
    if kind == "mse":
        return np.mean(y)
    c = np.median(y)
    if kind == "huber":
        for _ in range(500):
            c = c + np.clip(y - c, -delta, delta).mean()
    return c


# %% right: reweighted means, the middle of a sorted list
def best_constant(kind, y, delta):
    if kind == "mae":
        return sorted(y.tolist())[len(y) // 2]
    c = y.mean()
    for _ in range(300 if kind == "huber" else 0):
        weights = delta / np.maximum(np.abs(y - c), delta)
        c = np.sum(weights * y) / np.sum(weights)
    return c


# %% right: a Keras variable that learns
def best_constant(kind, y, delta):
    if kind != "huber":
        return {"mse": np.mean, "mae": np.median}[kind](y)
    c = tf.Variable(float(np.median(y)))
    loss = keras.losses.Huber(delta)
    targets = tf.constant(y, "float32")
    for _ in range(80):
        with tf.GradientTape() as tape:
            value = loss(targets, tf.ones_like(targets) * c)
        c.assign_sub(tape.gradient(value, c))
    return c


# %% mistake 0.5: the mean for all
def best_constant(kind, y, delta):
    return y.mean()


# %% mistake 1: the median for all
def best_constant(kind, y, delta):
    return np.median(y)


# %% mistake 1.5: for huber halfway between mean and median
def best_constant(kind, y, delta):
    mean, median = y.mean(), np.median(y)
    return {"mse": mean, "mae": median, "huber": (mean + median) / 2}[kind]


# %% mistake 1.5: for huber the mean
def best_constant(kind, y, delta):
    return np.median(y) if kind == "mae" else np.mean(y)


# %% mistake 1.5: for huber the median
def best_constant(kind, y, delta):
    return np.mean(y) if kind == "mse" else np.median(y)


# %% mistake 0: the two exchanged, huber halfway
def best_constant(kind, y, delta):
    mean, median = y.mean(), np.median(y)
    return {"mse": median, "mae": mean, "huber": (mean + median) / 2}[kind]


# %% mistake 1.5: the middle row of a list that is not sorted
def best_constant(kind, y, delta):
    if kind == "mae":
        return y[len(y) // 2]
    c = y.mean()
    for _ in range(300 if kind == "huber" else 0):
        weights = delta / np.maximum(np.abs(y - c), delta)
        c = np.sum(weights * y) / np.sum(weights)
    return c


# %% mistake 2: the sum in place of the mean
def best_constant(kind, y, delta):
    if kind == "mse":
        return y.sum()
    c = np.median(y)
    for _ in range(500 if kind == "huber" else 0):
        c = c + np.clip(y - c, -delta, delta).mean()
    return c


# %% mistake 1.5: for huber one step from the mean
def best_constant(kind, y, delta):
    if kind == "mae":
        return np.median(y)
    step = np.clip(y - y.mean(), -delta, delta).mean() if kind == "huber" else 0
    return y.mean() + step


# %% mistake 1.5: for huber a delta of 0.05
def best_constant(kind, y, delta):
    if kind == "mse":
        return np.mean(y)
    c = np.median(y)
    for _ in range(500 if kind == "huber" else 0):
        c = c + 0.05 * np.clip((y - c) / 0.05, -1, 1).mean()
    return c


# %% mistake 0: zero
def best_constant(kind, y, delta):
    return 0.0


# %% mistake 0: the least loss in place of the constant
def best_constant(kind, y, delta):
    c = np.median(y) if kind == "mae" else y.mean()
    return np.mean(np.abs(y - c)) if kind == "mae" else np.mean((y - c) ** 2) + 100


# %% mistake 0: the constant for every row
def best_constant(kind, y, delta):
    return np.full(len(y), np.median(y) if kind == "mae" else y.mean())


# %% mistake 2: the targets are sorted in place
def best_constant(kind, y, delta):
    y.sort()
    c = np.median(y)
    for _ in range(500 if kind == "huber" else 0):
        c = c + np.clip(y - c, -delta, delta).mean()
    return y.mean() if kind == "mse" else c
