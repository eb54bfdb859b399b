# %% right: a mask of zeros and ones
def dropout(x, rate, training, rng):
    if not training or rate == 0:
        return x
    mask = (rng.random(x.shape) > rate).astype(x.dtype)
    return x * mask / (1 - rate)


# %% right: no special case for rate 0
def dropout(x, rate, training, rng):
    if not training:
        return np.array(x)
    keep = 1 - rate
    return x * rng.binomial(1, keep, size=x.shape) / keep


# %% right: a loop over the entries
def dropout(x, rate, training, rng):
    result = np.array(x, "float64").ravel()
    if training:
        for i in range(result.size):
            result[i] = 0.0 if rng.uniform() < rate else result[i] / (1.0 - rate)
    return result.reshape(np.shape(x))


# %% right: keras.ops, drawn with uniform
def dropout(x, rate, training, rng):
    x = keras.ops.convert_to_tensor(x)
    if not training or rate == 0.0:
        return x
    kept = keras.ops.convert_to_tensor(rng.uniform(size=tuple(x.shape)) >= rate)
    return keras.ops.where(kept, x / (1 - rate), keras.ops.zeros_like(x))


# %% right: Keras' own dropout with a seed drawn from rng
def dropout(x, rate, training, rng):
    if not training or rate == 0:
        return x
    return keras.random.dropout(keras.ops.convert_to_tensor(x), rate, seed=int(rng.integers(2**31)))


# %% right: choice with probabilities, on a copy
def dropout(inputs, p, is_training, generator):
    outputs = inputs.copy()
    if is_training and p > 0:
        drop = generator.choice([True, False], size=inputs.shape, p=[p, 1 - p])
        outputs[drop] = 0
        outputs[~drop] /= 1 - p
    return outputs


# %% mistake 2: training is ignored
def dropout(x, rate, training, rng):
    return x * (rng.random(x.shape) >= rate) / (1 - rate)


# %% mistake 2: training the wrong way round, with a special case for rate 0 only
def dropout(x, rate, training, rng):
    if training is None or rate == 0:
        return x
    return np.where(rng.random(x.shape) >= rate, x / (1 - rate), 0)


# %% mistake 0: training the wrong way round
def dropout(x, rate, training, rng):
    if training or rate == 0:
        return x
    return np.where(rng.random(x.shape) >= rate, x / (1 - rate), 0)


# %% mistake 2: not scaled
def dropout(x, rate, training, rng):
    if not training or rate == 0:
        return x
    return x * (rng.random(x.shape) >= rate)


# %% mistake 2: scaled by the rate
def dropout(x, rate, training, rng):
    if not training or rate == 0:
        return x
    return x * (rng.random(x.shape) >= rate) / rate


# %% mistake 2: scaled down, as classic dropout does at inference
def dropout(x, rate, training, rng):
    if not training or rate == 0:
        return x
    return x * (rng.random(x.shape) >= rate) * (1 - rate)


# %% mistake 1: classic dropout, not scaled in training and scaled at inference
def dropout(x, rate, training, rng):
    if not training:
        return x * (1 - rate)
    return x * (rng.random(x.shape) >= rate)


# %% mistake 2: keeps with the probability of dropping
def dropout(x, rate, training, rng):
    if not training or rate == 0:
        return x
    return x * (rng.random(x.shape) < rate) / (1 - rate)


# %% mistake 1: rate taken for the share that is kept
def dropout(x, rate, training, rng):
    if not training or rate == 0:
        return x
    return x * (rng.random(x.shape) < rate) / rate


# %% mistake 2: own seed
def dropout(x, rate, training, rng):
    if not training or rate == 0:
        return x
    rng = np.random.default_rng(0)
    return x * (rng.random(x.shape) >= rate) / (1 - rate)


# %% mistake 2: a fresh generator
def dropout(x, rate, training, rng):
    if not training or rate == 0:
        return x
    return x * (np.random.default_rng().random(x.shape) >= rate) / (1 - rate)


# %% mistake 2: NumPy's global generator
def dropout(x, rate, training, rng):
    if not training or rate == 0:
        return x
    return x * (np.random.random(x.shape) >= rate) / (1 - rate)


# %% mistake 2: Keras' global seed
def dropout(x, rate, training, rng):
    if not training or rate == 0:
        return x
    return keras.random.dropout(keras.ops.convert_to_tensor(x), rate)


# %% mistake 2: whole examples
def dropout(x, rate, training, rng):
    if not training or rate == 0:
        return x
    mask = rng.random(len(x)) >= rate
    return x * mask.reshape(-1, *[1] * (x.ndim - 1)) / (1 - rate)


# %% mistake 2: the same features for all examples
def dropout(x, rate, training, rng):
    if not training or rate == 0:
        return x
    return x * (rng.random(x.shape[-1]) >= rate) / (1 - rate)


# %% mistake 2: exactly the share `rate` of all entries
def dropout(x, rate, training, rng):
    if not training or rate == 0:
        return x
    mask = np.ones(x.size)
    mask[rng.permutation(x.size)[: round(rate * x.size)]] = 0
    return x * mask.reshape(x.shape) / (1 - rate)


# %% mistake 2: exactly the share `rate` of every row
def dropout(x, rate, training, rng):
    if not training or rate == 0:
        return x
    rows = x.reshape(-1, x.shape[-1])
    ranks = rng.random(rows.shape).argsort(1).argsort(1)
    mask = (ranks >= rate * rows.shape[1]).reshape(x.shape)
    return x * mask / (1 - rate)


# %% mistake 2: half of the entries whatever the rate
def dropout(x, rate, training, rng):
    if not training or rate == 0:
        return x
    return x * (rng.random(x.shape) >= 0.5) / (1 - rate)


# %% mistake 0: noise instead of zeros, at inference too
def dropout(x, rate, training, rng):
    return x + rng.normal(0, 0.1 + rate, x.shape)


# %% mistake 0: the input, always
def dropout(x, rate, training, rng):
    return x


# %% mistake 0: zeros, always
def dropout(x, rate, training, rng):
    return np.zeros_like(x)


# %% mistake 1: only the case without dropout was written
def dropout(x, rate, training, rng):
    if not training or rate == 0:
        return x
    raise NotImplementedError


# %% mistake 2: fails at rate 0
def dropout(x, rate, training, rng):
    if not training:
        return x
    assert rate > 0
    return x * (rng.random(x.shape) >= rate) / (1 - rate)


# %% mistake 0: flattened
def dropout(x, rate, training, rng):
    flat = x.ravel()
    if not training or rate == 0:
        return flat
    return flat * (rng.random(flat.shape) >= rate) / (1 - rate)


# %% mistake 2.5: in place
def dropout(x, rate, training, rng):
    if training and rate > 0:
        x[rng.random(x.shape) < rate] = 0
        x /= 1 - rate
    return x
