# Answers to "batches"; see tests/grading/test_answers.py.

# %% right: shuffled in place, then cut
def batches(n, batch_size, rng):
    order = np.arange(n)
    rng.shuffle(order)
    return np.split(order, range(batch_size, n, batch_size))


# %% right: sorted by random keys, tuples
def batches(n, batch_size, rng):
    keys = rng.random(n)
    order = sorted(range(n), key=lambda index: keys[index])
    return tuple(tuple(order[k : k + batch_size]) for k in range(0, n, batch_size))


# %% right: drawn one after another without replacement
def batches(n, batch_size, rng):
    left, found = list(range(n)), []
    while left:
        batch = []
        while left and len(batch) < batch_size:
            batch.append(left.pop(int(rng.integers(len(left)))))
        found.append(np.array(batch, "int32"))
    return found


# %% right: choice without replacement
def batches(n, batch_size, rng):
    order = rng.choice(n, n, replace=False)
    count = -(-n // batch_size)
    return [order[batch_size * k : batch_size * (k + 1)] for k in range(count)]


# %% mistake 1: not shuffled
def batches(n, batch_size, rng):
    return [np.arange(k, min(k + batch_size, n)) for k in range(0, n, batch_size)]


# %% mistake 1: NumPy's global generator
def batches(n, batch_size, rng):
    order = np.random.permutation(n)
    return [order[k : k + batch_size] for k in range(0, n, batch_size)]


# %% mistake 1: a generator of its own, of one seed
def batches(n, batch_size, rng):
    order = np.random.default_rng(0).permutation(n)
    return [order[k : k + batch_size] for k in range(0, n, batch_size)]


# %% mistake 1: a generator of its own, without a seed
def batches(n, batch_size, rng):
    order = np.random.default_rng().permutation(n)
    return [order[k : k + batch_size] for k in range(0, n, batch_size)]


# %% mistake 1: shuffled within blocks only
def batches(n, batch_size, rng):
    return [rng.permutation(np.arange(k, min(k + batch_size, n))) for k in range(0, n, batch_size)]


# %% mistake 1: sorted within a batch
def batches(n, batch_size, rng):
    order = rng.permutation(n)
    return [np.sort(order[k : k + batch_size]) for k in range(0, n, batch_size)]


# %% mistake 1: rotated by a random number
def batches(n, batch_size, rng):
    order = np.roll(np.arange(n), rng.integers(n))
    return [order[k : k + batch_size] for k in range(0, n, batch_size)]


# %% mistake 1: blocks shuffled, the short one last
def batches(n, batch_size, rng):
    blocks = [np.arange(k, min(k + batch_size, n)) for k in range(0, n, batch_size)]
    full = [block for block in blocks if len(block) == batch_size]
    short = [block for block in blocks if len(block) < batch_size]
    return [full[k] for k in rng.permutation(len(full))] + short


# %% mistake 1: every index may go back by a few places
def batches(n, batch_size, rng):
    order = np.argsort(np.arange(n) + rng.uniform(0, 3, n))
    return [order[k : k + batch_size] for k in range(0, n, batch_size)]


# %% mistake 0: with replacement
def batches(n, batch_size, rng):
    order = rng.integers(n, size=n)
    return [order[k : k + batch_size] for k in range(0, n, batch_size)]


# %% mistake 0: the last, smaller batch is dropped
def batches(n, batch_size, rng):
    order = rng.permutation(n)
    return [order[k : k + batch_size] for k in range(0, n - batch_size + 1, batch_size)]


# %% mistake 0: an empty batch at the end
def batches(n, batch_size, rng):
    order = rng.permutation(n)
    return [order[k : k + batch_size] for k in range(0, n + 1, batch_size)]


# %% mistake 0: parts of nearly equal size
def batches(n, batch_size, rng):
    return np.array_split(rng.permutation(n), -(-n // batch_size))


# %% mistake 0: the number of batches for their size
def batches(n, batch_size, rng):
    return np.array_split(rng.permutation(n), batch_size)


# %% mistake 0: counted from one
def batches(n, batch_size, rng):
    order = 1 + rng.permutation(n)
    return [order[k : k + batch_size] for k in range(0, n, batch_size)]


# %% mistake 0: the smaller batch first
def batches(n, batch_size, rng):
    order = rng.permutation(n)
    return np.split(order, range(n % batch_size or batch_size, n, batch_size))


# %% mistake 0: floats
def batches(n, batch_size, rng):
    order = rng.permutation(np.arange(float(n)))
    return [order[k : k + batch_size] for k in range(0, n, batch_size)]


# %% mistake 0: a generator
def batches(n, batch_size, rng):
    order = rng.permutation(n)
    return (order[k : k + batch_size] for k in range(0, n, batch_size))


# %% mistake 0: filled up with -1
def batches(n, batch_size, rng):
    order = np.full(-(-n // batch_size) * batch_size, -1)
    order[:n] = rng.permutation(n)
    return order.reshape(-1, batch_size)
