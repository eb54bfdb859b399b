# Answers to "initial_weights"; see tests/grading/test_answers.py.

# %% right: uniform, a chain of ifs, float32
def initial_weights(scheme, fan_in, fan_out, rng):
    if scheme == "zeros":
        kernel = np.zeros((fan_in, fan_out))
    elif scheme == "constant":
        kernel = np.ones((fan_in, fan_out)) * -0.3
    else:
        if scheme == "too_small":
            variance = 0.01**2
        elif scheme == "too_large":
            variance = 1.0
        elif scheme == "lecun":
            variance = 1 / fan_in
        elif scheme == "glorot":
            variance = 2 / (fan_in + fan_out)
        elif scheme == "he":
            variance = 2 / fan_in
        else:
            raise ValueError(scheme)
        limit = np.sqrt(3 * variance)
        kernel = rng.uniform(-limit, limit, (fan_in, fan_out))
    return kernel.astype("float32"), np.zeros(fan_out, "float32")


# %% right: Keras initializers, seeded from rng (a truncated normal with corrected variance)
def initial_weights(scheme, fan_in, fan_out, rng):
    seed = int(rng.integers(2**31))
    make = {
        "zeros": keras.initializers.Zeros(),
        "constant": keras.initializers.Constant(2.0),
        "too_small": keras.initializers.RandomNormal(stddev=0.01, seed=seed),
        "too_large": keras.initializers.RandomNormal(stddev=1.0, seed=seed),
        "lecun": keras.initializers.LecunNormal(seed=seed),
        "glorot": keras.initializers.GlorotUniform(seed=seed),
        "he": keras.initializers.HeNormal(seed=seed),
    }[scheme]
    return make((fan_in, fan_out)), keras.ops.zeros((fan_out,))


# %% right: number by number, in loops
SIGMAS = {
    "too_small": lambda fan_in, fan_out: 0.01,
    "too_large": lambda fan_in, fan_out: 1.0,
    "lecun": lambda fan_in, fan_out: fan_in**-0.5,
    "glorot": lambda fan_in, fan_out: ((fan_in + fan_out) / 2) ** -0.5,
    "he": lambda fan_in, fan_out: (fan_in / 2) ** -0.5,
}


def initial_weights(scheme, fan_in, fan_out, rng):
    kernel = np.zeros((fan_in, fan_out))
    for i in range(fan_in):
        for j in range(fan_out):
            if scheme == "constant":
                kernel[i, j] = 1e-3
            elif scheme != "zeros":
                kernel[i, j] = SIGMAS[scheme](fan_in, fan_out) * rng.standard_normal()
    return kernel, np.array([0.0 for _ in range(fan_out)])


# %% right: scipy's truncated normal, scaled to the variance wanted
from scipy import stats


def initial_weights(scheme, fan_in, fan_out, rng):
    shape, bias = (fan_in, fan_out), np.zeros(fan_out)
    if scheme == "zeros":
        return np.zeros(shape), bias
    if scheme == "constant":
        return np.full(shape, 7), bias
    sigma = {
        "too_small": 0.01, "too_large": 1.0, "lecun": np.sqrt(1 / fan_in),
        "glorot": np.sqrt(2 / (fan_in + fan_out)), "he": np.sqrt(2 / fan_in),
    }[scheme]
    law = stats.truncnorm(-2, 2)
    return sigma / law.std() * law.rvs(size=shape, random_state=rng), bias


# %% mistake 1.75: variance where the standard deviation belongs
def initial_weights(scheme, fan_in, fan_out, rng):
    shape, bias = (fan_in, fan_out), np.zeros(fan_out)
    if scheme == "zeros":
        return np.zeros(shape), bias
    if scheme == "constant":
        return np.ones(shape), bias
    scale = {
        "too_small": 0.01, "too_large": 1, "lecun": 1 / fan_in, "glorot": 2 / (fan_in + fan_out),
        "he": 2 / fan_in,
    }[scheme]
    return rng.normal(0, scale, shape), bias


# %% mistake 1.25: uniform between −σ and σ
def initial_weights(scheme, fan_in, fan_out, rng):
    shape, bias = (fan_in, fan_out), np.zeros(fan_out)
    if scheme == "zeros":
        return np.zeros(shape), bias
    if scheme == "constant":
        return np.ones(shape), bias
    sigma = {
        "too_small": 0.01, "too_large": 1, "lecun": np.sqrt(1 / fan_in),
        "glorot": np.sqrt(2 / (fan_in + fan_out)), "he": np.sqrt(2 / fan_in),
    }[scheme]
    return rng.uniform(-sigma, sigma, shape), bias


# %% mistake 0.25: the kernel is transposed
def initial_weights(scheme, fan_in, fan_out, rng):
    shape, bias = (fan_out, fan_in), np.zeros(fan_out)
    if scheme == "zeros":
        return np.zeros(shape), bias
    if scheme == "constant":
        return np.ones(shape), bias
    sigma = {
        "too_small": 0.01, "too_large": 1, "lecun": np.sqrt(1 / fan_in),
        "glorot": np.sqrt(2 / (fan_in + fan_out)), "he": np.sqrt(2 / fan_in),
    }[scheme]
    return rng.normal(0, sigma, shape), bias


# %% mistake 3.75: a seed of its own instead of rng
def initial_weights(scheme, fan_in, fan_out, rng):
    rng = np.random.default_rng(42)
    shape, bias = (fan_in, fan_out), np.zeros(fan_out)
    if scheme == "zeros":
        return np.zeros(shape), bias
    if scheme == "constant":
        return np.ones(shape), bias
    sigma = {
        "too_small": 0.01, "too_large": 1, "lecun": np.sqrt(1 / fan_in),
        "glorot": np.sqrt(2 / (fan_in + fan_out)), "he": np.sqrt(2 / fan_in),
    }[scheme]
    return rng.normal(0, sigma, shape), bias


# %% mistake 3.75: NumPy's global generator instead of rng
def initial_weights(scheme, fan_in, fan_out, rng):
    shape, bias = (fan_in, fan_out), np.zeros(fan_out)
    if scheme == "zeros":
        return np.zeros(shape), bias
    if scheme == "constant":
        return np.ones(shape), bias
    sigma = {
        "too_small": 0.01, "too_large": 1, "lecun": np.sqrt(1 / fan_in),
        "glorot": np.sqrt(2 / (fan_in + fan_out)), "he": np.sqrt(2 / fan_in),
    }[scheme]
    return np.random.normal(0, sigma, shape), bias


# %% mistake 3.25: He without its factor 2
def initial_weights(scheme, fan_in, fan_out, rng):
    shape, bias = (fan_in, fan_out), np.zeros(fan_out)
    if scheme in ("zeros", "constant"):
        return np.full(shape, float(scheme == "constant")), bias
    sigma = {
        "too_small": 0.01, "too_large": 1, "lecun": np.sqrt(1 / fan_in),
        "glorot": np.sqrt(2 / (fan_in + fan_out)), "he": np.sqrt(1 / fan_in),
    }[scheme]
    return rng.normal(0, sigma, shape), bias


# %% mistake 3.25: Glorot with the sum of the fans in place of their mean
def initial_weights(scheme, fan_in, fan_out, rng):
    shape, bias = (fan_in, fan_out), np.zeros(fan_out)
    if scheme in ("zeros", "constant"):
        return np.full(shape, float(scheme == "constant")), bias
    sigma = {
        "too_small": 0.01, "too_large": 1, "lecun": np.sqrt(1 / fan_in),
        "glorot": np.sqrt(1 / (fan_in + fan_out)), "he": np.sqrt(2 / fan_in),
    }[scheme]
    return rng.normal(0, sigma, shape), bias


# %% mistake 2.5: fan_out where fan_in belongs
def initial_weights(scheme, fan_in, fan_out, rng):
    shape, bias = (fan_in, fan_out), np.zeros(fan_out)
    if scheme in ("zeros", "constant"):
        return np.full(shape, float(scheme == "constant")), bias
    sigma = {
        "too_small": 0.01, "too_large": 1, "lecun": np.sqrt(1 / fan_out),
        "glorot": np.sqrt(2 / (fan_in + fan_out)), "he": np.sqrt(2 / fan_out),
    }[scheme]
    return rng.normal(0, sigma, shape), bias


# %% mistake 0.25: biases of 0.01
def initial_weights(scheme, fan_in, fan_out, rng):
    shape, bias = (fan_in, fan_out), np.full(fan_out, 0.01)
    if scheme in ("zeros", "constant"):
        return np.full(shape, float(scheme == "constant")), bias
    sigma = {
        "too_small": 0.01, "too_large": 1, "lecun": np.sqrt(1 / fan_in),
        "glorot": np.sqrt(2 / (fan_in + fan_out)), "he": np.sqrt(2 / fan_in),
    }[scheme]
    return rng.normal(0, sigma, shape), bias


# %% mistake 1.25: the normal distribution cut off at 2σ, its variance not corrected
def initial_weights(scheme, fan_in, fan_out, rng):
    shape, bias = (fan_in, fan_out), np.zeros(fan_out)
    if scheme in ("zeros", "constant"):
        return np.full(shape, float(scheme == "constant")), bias
    sigma = {
        "too_small": 0.01, "too_large": 1, "lecun": np.sqrt(1 / fan_in),
        "glorot": np.sqrt(2 / (fan_in + fan_out)), "he": np.sqrt(2 / fan_in),
    }[scheme]
    kernel = rng.standard_normal(shape)
    while (np.abs(kernel) > 2).any():
        far = np.abs(kernel) > 2
        kernel[far] = rng.standard_normal(far.sum())
    return sigma * kernel, bias


# %% mistake 3.25: another name for one scheme
def initial_weights(scheme, fan_in, fan_out, rng):
    shape, bias = (fan_in, fan_out), np.zeros(fan_out)
    if scheme in ("zeros", "constant"):
        return np.full(shape, float(scheme == "constant")), bias
    sigma = {
        "too_small": 0.01, "too_large": 1, "lecun": np.sqrt(1 / fan_in),
        "glorot_normal": np.sqrt(2 / (fan_in + fan_out)), "he": np.sqrt(2 / fan_in),
    }[scheme]
    return rng.normal(0, sigma, shape), bias


# %% mistake 1.25: one column drawn, and given to every unit
def initial_weights(scheme, fan_in, fan_out, rng):
    shape, bias = (fan_in, fan_out), np.zeros(fan_out)
    if scheme in ("zeros", "constant"):
        return np.full(shape, float(scheme == "constant")), bias
    sigma = {
        "too_small": 0.01, "too_large": 1, "lecun": np.sqrt(1 / fan_in),
        "glorot": np.sqrt(2 / (fan_in + fan_out)), "he": np.sqrt(2 / fan_in),
    }[scheme]
    return np.tile(rng.normal(0, sigma, (fan_in, 1)), (1, fan_out)), bias


# %% mistake 3: the constant is 0, and σ of too_large is 10
def initial_weights(scheme, fan_in, fan_out, rng):
    shape, bias = (fan_in, fan_out), np.zeros(fan_out)
    if scheme in ("zeros", "constant"):
        return np.zeros(shape), bias
    sigma = {
        "too_small": 0.01, "too_large": 10, "lecun": np.sqrt(1 / fan_in),
        "glorot": np.sqrt(2 / (fan_in + fan_out)), "he": np.sqrt(2 / fan_in),
    }[scheme]
    return rng.normal(0, sigma, shape), bias


# %% mistake 0: the bias is not returned
def initial_weights(scheme, fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(2 / fan_in), (fan_in, fan_out))


# %% mistake 0.5: zeros for every scheme
def initial_weights(scheme, fan_in, fan_out, rng):
    return np.zeros((fan_in, fan_out)), np.zeros(fan_out)
