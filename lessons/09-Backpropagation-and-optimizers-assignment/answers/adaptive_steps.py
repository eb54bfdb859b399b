# Answers to "adaptive_steps"; see tests/grading/test_answers.py.


# %% right: epsilon inside the root
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = s + g**2
            step = g / np.sqrt(s + 1e-7)
        elif kind == "rmsprop":
            s = decay * s + (1 - decay) * g**2
            step = g / np.sqrt(s + 1e-7)
        else:
            m = decay * m + (1 - decay) * g
            s = decay2 * s + (1 - decay2) * g**2
            step = m / (1 - decay**t) / np.sqrt(s / (1 - decay2**t) + 1e-7)
        changes.append(-rate * step)
    return changes


# %% right: no epsilon, in float32
def adaptive_steps(kind, gradients, rate, decay, decay2):
    gradients = np.float32(gradients)
    m = s = np.zeros(gradients.shape[1], "float32")
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = s + g**2
            step = g / np.sqrt(s)
        elif kind == "rmsprop":
            s = decay * s + (1 - decay) * g**2
            step = g / s**0.5
        else:
            m = decay * m + (1 - decay) * g
            s = decay2 * s + (1 - decay2) * g**2
            step = (m / (1 - decay**t)) / (np.sqrt(s / (1 - decay2**t)) + 1e-7)
        changes.append(-rate * step)
    return np.array(changes)


# %% right: Adam as Keras computes it
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = s + g**2
            step = g / (np.sqrt(s) + 1e-7)
        elif kind == "rmsprop":
            s = decay * s + (1 - decay) * g**2
            step = g / (np.sqrt(s) + 1e-7)
        else:
            m = m + (g - m) * (1 - decay)
            s = s + (g**2 - s) * (1 - decay2)
            step = np.sqrt(1 - decay2**t) / (1 - decay**t) * m / (np.sqrt(s) + 1e-7)
        changes.append(-rate * step)
    return np.array(changes)


# %% right: sums with weights, without a loop over the rules' state
def adaptive_steps(kind, gradients, rate, decay, decay2):
    g = np.asarray(gradients, "float64")
    if kind == "adagrad":
        return -rate * g / np.sqrt(np.cumsum(g**2, axis=0) + 1e-10)
    t = np.arange(len(g))
    age = t[:, None] - t

    def running(values, rho):
        return np.where(age >= 0, (1 - rho) * rho ** np.maximum(age, 0), 0) @ values

    if kind == "rmsprop":
        return -rate * g / (np.sqrt(running(g**2, decay)) + 1e-8)
    mean = running(g, decay) / (1 - decay ** (t + 1))[:, None]
    square = running(g**2, decay2) / (1 - decay2 ** (t + 1))[:, None]
    return -rate * mean / (np.sqrt(square) + 1e-8)


# %% right: Keras' own optimisers
def adaptive_steps(kind, gradients, rate, decay, decay2):
    optimizer = {
        "adagrad": lambda: keras.optimizers.Adagrad(rate, initial_accumulator_value=0.0, epsilon=1e-9),
        "rmsprop": lambda: keras.optimizers.RMSprop(rate, rho=decay, epsilon=1e-9),
        "adam": lambda: keras.optimizers.Adam(rate, decay, decay2, epsilon=1e-9),
    }[kind]()
    w = keras.Variable(np.zeros(gradients.shape[1], "float32"))
    changes = []
    for g in np.float32(gradients):
        w.assign(np.zeros(gradients.shape[1], "float32"))
        optimizer.apply([keras.ops.convert_to_tensor(g)], [w])
        changes.append(w.numpy().copy())
    return np.array(changes)


# %% mistake 3: Adam without bias correction
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = s + g**2
            step = g / (np.sqrt(s) + 1e-7)
        elif kind == "rmsprop":
            s = decay * s + (1 - decay) * g**2
            step = g / (np.sqrt(s) + 1e-7)
        else:
            m = decay * m + (1 - decay) * g
            s = decay2 * s + (1 - decay2) * g**2
            step = m / (np.sqrt(s) + 1e-7)
        changes.append(-rate * step)
    return np.array(changes)


# %% mistake 3: Adam's decays swapped
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = s + g**2
            step = g / (np.sqrt(s) + 1e-7)
        elif kind == "rmsprop":
            s = decay * s + (1 - decay) * g**2
            step = g / (np.sqrt(s) + 1e-7)
        else:
            m = decay2 * m + (1 - decay2) * g
            s = decay * s + (1 - decay) * g**2
            step = (m / (1 - decay2**t)) / (np.sqrt(s / (1 - decay**t)) + 1e-7)
        changes.append(-rate * step)
    return np.array(changes)


# %% mistake 3: Adam's mean is corrected, its mean square is not
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = s + g**2
            step = g / (np.sqrt(s) + 1e-7)
        elif kind == "rmsprop":
            s = decay * s + (1 - decay) * g**2
            step = g / (np.sqrt(s) + 1e-7)
        else:
            m = decay * m + (1 - decay) * g
            s = decay2 * s + (1 - decay2) * g**2
            step = m / (1 - decay**t) / (np.sqrt(s) + 1e-7)
        changes.append(-rate * step)
    return np.array(changes)


# %% mistake 3: Adam's correction counts from zero
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = s + g**2
            step = g / (np.sqrt(s) + 1e-7)
        elif kind == "rmsprop":
            s = decay * s + (1 - decay) * g**2
            step = g / (np.sqrt(s) + 1e-7)
        else:
            m = decay * m + (1 - decay) * g
            s = decay2 * s + (1 - decay2) * g**2
            step = m / (1 - decay ** (t - 1) + 1e-12) / (np.sqrt(s / (1 - decay2 ** (t - 1) + 1e-12)) + 1e-7)
        changes.append(-rate * step)
    return np.array(changes)


# %% mistake 3: Adam's corrected mean goes into the next mean
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = s + g**2
            step = g / (np.sqrt(s) + 1e-7)
        elif kind == "rmsprop":
            s = decay * s + (1 - decay) * g**2
            step = g / (np.sqrt(s) + 1e-7)
        else:
            m = (decay * m + (1 - decay) * g) / (1 - decay**t)
            s = decay2 * s + (1 - decay2) * g**2
            step = m / (np.sqrt(s / (1 - decay2**t)) + 1e-7)
        changes.append(-rate * step)
    return np.array(changes)


# %% mistake 3: Nadam for Adam
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = s + g**2
            step = g / (np.sqrt(s) + 1e-7)
        elif kind == "rmsprop":
            s = decay * s + (1 - decay) * g**2
            step = g / (np.sqrt(s) + 1e-7)
        else:
            m = decay * m + (1 - decay) * g
            s = decay2 * s + (1 - decay2) * g**2
            step = (decay * m / (1 - decay ** (t + 1)) + (1 - decay) * g / (1 - decay**t)) / (np.sqrt(s / (1 - decay2**t)) + 1e-7)
        changes.append(-rate * step)
    return np.array(changes)


# %% mistake 3.5: RMSProp as on the slide: the squared gradient, −ε
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = s + g**2
            step = g / (np.sqrt(s) + 1e-7)
        elif kind == "rmsprop":
            s = decay * s + (1 - decay) * g**2
            step = g**2 / np.sqrt(s - 1e-7)
        else:
            m = decay * m + (1 - decay) * g
            s = decay2 * s + (1 - decay2) * g**2
            step = (m / (1 - decay**t)) / (np.sqrt(s / (1 - decay2**t)) + 1e-7)
        changes.append(-rate * step)
    return np.array(changes)


# %% mistake 3.5: RMSProp with the second decay
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = s + g**2
            step = g / (np.sqrt(s) + 1e-7)
        elif kind == "rmsprop":
            s = decay2 * s + (1 - decay2) * g**2
            step = g / (np.sqrt(s) + 1e-7)
        else:
            m = decay * m + (1 - decay) * g
            s = decay2 * s + (1 - decay2) * g**2
            step = (m / (1 - decay**t)) / (np.sqrt(s / (1 - decay2**t)) + 1e-7)
        changes.append(-rate * step)
    return np.array(changes)


# %% mistake 3.5: RMSProp with a bias correction
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = s + g**2
            step = g / (np.sqrt(s) + 1e-7)
        elif kind == "rmsprop":
            s = decay * s + (1 - decay) * g**2
            step = g / np.sqrt(s / (1 - decay**t))
        else:
            m = decay * m + (1 - decay) * g
            s = decay2 * s + (1 - decay2) * g**2
            step = (m / (1 - decay**t)) / (np.sqrt(s / (1 - decay2**t)) + 1e-7)
        changes.append(-rate * step)
    return np.array(changes)


# %% mistake 3.5: RMSProp's mean square starts at the first gradient
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = s + g**2
            step = g / (np.sqrt(s) + 1e-7)
        elif kind == "rmsprop":
            s = g**2 if t == 1 else decay * s + (1 - decay) * g**2
            step = g / np.sqrt(s)
        else:
            m = decay * m + (1 - decay) * g
            s = decay2 * s + (1 - decay2) * g**2
            step = (m / (1 - decay**t)) / (np.sqrt(s / (1 - decay2**t)) + 1e-7)
        changes.append(-rate * step)
    return np.array(changes)


# %% mistake 3.5: RMSProp: decay and 1 − decay swapped
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = s + g**2
            step = g / (np.sqrt(s) + 1e-7)
        elif kind == "rmsprop":
            s = (1 - decay) * s + decay * g**2
            step = g / (np.sqrt(s) + 1e-7)
        else:
            m = decay * m + (1 - decay) * g
            s = decay2 * s + (1 - decay2) * g**2
            step = (m / (1 - decay**t)) / (np.sqrt(s / (1 - decay2**t)) + 1e-7)
        changes.append(-rate * step)
    return np.array(changes)


# %% mistake 3.5: Adagrad's sum starts at 0.1
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = (s if t > 1 else s + 0.1) + g**2
            step = g / np.sqrt(s + 1e-7)
        elif kind == "rmsprop":
            s = decay * s + (1 - decay) * g**2
            step = g / (np.sqrt(s) + 1e-7)
        else:
            m = decay * m + (1 - decay) * g
            s = decay2 * s + (1 - decay2) * g**2
            step = (m / (1 - decay**t)) / (np.sqrt(s / (1 - decay2**t)) + 1e-7)
        changes.append(-rate * step)
    return np.array(changes)


# %% mistake 3.5: Adagrad divides by the sum without a root
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = s + g**2
            step = g / (s + 1e-7)
        elif kind == "rmsprop":
            s = decay * s + (1 - decay) * g**2
            step = g / (np.sqrt(s) + 1e-7)
        else:
            m = decay * m + (1 - decay) * g
            s = decay2 * s + (1 - decay2) * g**2
            step = (m / (1 - decay**t)) / (np.sqrt(s / (1 - decay2**t)) + 1e-7)
        changes.append(-rate * step)
    return np.array(changes)


# %% mistake 3.5: Adagrad sums over the coordinates too
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = s + (g**2).sum()
            step = g / (np.sqrt(s) + 1e-7)
        elif kind == "rmsprop":
            s = decay * s + (1 - decay) * g**2
            step = g / (np.sqrt(s) + 1e-7)
        else:
            m = decay * m + (1 - decay) * g
            s = decay2 * s + (1 - decay2) * g**2
            step = (m / (1 - decay**t)) / (np.sqrt(s / (1 - decay2**t)) + 1e-7)
        changes.append(-rate * step)
    return np.array(changes)


# %% mistake 3.5: Adagrad sums absolute values
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = s + np.abs(g)
            step = g / (s + 1e-7)
        elif kind == "rmsprop":
            s = decay * s + (1 - decay) * g**2
            step = g / (np.sqrt(s) + 1e-7)
        else:
            m = decay * m + (1 - decay) * g
            s = decay2 * s + (1 - decay2) * g**2
            step = (m / (1 - decay**t)) / (np.sqrt(s / (1 - decay2**t)) + 1e-7)
        changes.append(-rate * step)
    return np.array(changes)


# %% mistake 3.5: Adagrad takes the step before it adds
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            step = g / (np.sqrt(s) + 1e-7)
            s = s + g**2
        elif kind == "rmsprop":
            s = decay * s + (1 - decay) * g**2
            step = g / (np.sqrt(s) + 1e-7)
        else:
            m = decay * m + (1 - decay) * g
            s = decay2 * s + (1 - decay2) * g**2
            step = (m / (1 - decay**t)) / (np.sqrt(s / (1 - decay2**t)) + 1e-7)
        changes.append(-rate * step)
    return np.array(changes)


# %% mistake 0: a sum over all coordinates in every rule
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = s + (g**2).sum()
            step = g / (np.sqrt(s) + 1e-7)
        elif kind == "rmsprop":
            s = decay * s + (1 - decay) * (g**2).mean()
            step = g / (np.sqrt(s) + 1e-7)
        else:
            m = decay * m + (1 - decay) * g
            s = decay2 * s + (1 - decay2) * (g**2).mean()
            step = (m / (1 - decay**t)) / (np.sqrt(s / (1 - decay2**t)) + 1e-7)
        changes.append(-rate * step)
    return np.array(changes)


# %% mistake 0: the sign of a change
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = s + g**2
            step = g / (np.sqrt(s) + 1e-7)
        elif kind == "rmsprop":
            s = decay * s + (1 - decay) * g**2
            step = g / (np.sqrt(s) + 1e-7)
        else:
            m = decay * m + (1 - decay) * g
            s = decay2 * s + (1 - decay2) * g**2
            step = (m / (1 - decay**t)) / (np.sqrt(s / (1 - decay2**t)) + 1e-7)
        changes.append(rate * step)
    return np.array(changes)


# %% mistake 0: the rate is forgotten
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = s + g**2
            step = g / (np.sqrt(s) + 1e-7)
        elif kind == "rmsprop":
            s = decay * s + (1 - decay) * g**2
            step = g / (np.sqrt(s) + 1e-7)
        else:
            m = decay * m + (1 - decay) * g
            s = decay2 * s + (1 - decay2) * g**2
            step = (m / (1 - decay**t)) / (np.sqrt(s / (1 - decay2**t)) + 1e-7)
        changes.append(-step)
    return np.array(changes)


# %% mistake 0: the weights' path in place of the changes
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = s + g**2
            step = g / (np.sqrt(s) + 1e-7)
        elif kind == "rmsprop":
            s = decay * s + (1 - decay) * g**2
            step = g / (np.sqrt(s) + 1e-7)
        else:
            m = decay * m + (1 - decay) * g
            s = decay2 * s + (1 - decay2) * g**2
            step = (m / (1 - decay**t)) / (np.sqrt(s / (1 - decay2**t)) + 1e-7)
        changes.append(-rate * step)
    return np.cumsum(changes, axis=0)


# %% mistake 0: the last change only
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = s + g**2
            step = g / (np.sqrt(s) + 1e-7)
        elif kind == "rmsprop":
            s = decay * s + (1 - decay) * g**2
            step = g / (np.sqrt(s) + 1e-7)
        else:
            m = decay * m + (1 - decay) * g
            s = decay2 * s + (1 - decay2) * g**2
            step = (m / (1 - decay**t)) / (np.sqrt(s / (1 - decay2**t)) + 1e-7)
        changes.append(-rate * step)
    return changes[-1]


# %% mistake 0: an epsilon of 0.01
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = s + g**2
            step = g / (np.sqrt(s) + 1e-2)
        elif kind == "rmsprop":
            s = decay * s + (1 - decay) * g**2
            step = g / (np.sqrt(s) + 1e-2)
        else:
            m = decay * m + (1 - decay) * g
            s = decay2 * s + (1 - decay2) * g**2
            step = (m / (1 - decay**t)) / (np.sqrt(s / (1 - decay2**t)) + 1e-2)
        changes.append(-rate * step)
    return np.array(changes)


# %% mistake 0: plain gradient descent
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            step = g
        elif kind == "rmsprop":
            step = g
        else:
            step = g
        changes.append(-rate * step)
    return np.array(changes)


# %% mistake 4.5: the gradients are squared in place
def adaptive_steps(kind, gradients, rate, decay, decay2):
    m = s = np.zeros(gradients.shape[1])
    changes = []
    for t, g in enumerate(gradients, start=1):
        if kind == "adagrad":
            s = s + g**2
            step = g / (np.sqrt(s) + 1e-7)
        elif kind == "rmsprop":
            s = decay * s + (1 - decay) * g**2
            step = g / (np.sqrt(s) + 1e-7)
        else:
            m = decay * m + (1 - decay) * g
            s = decay2 * s + (1 - decay2) * g**2
            step = (m / (1 - decay**t)) / (np.sqrt(s / (1 - decay2**t)) + 1e-7)
        changes.append(-rate * step)
    gradients *= gradients
    return np.array(changes)
