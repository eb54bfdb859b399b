# %% right: a loop over kernels, float64
def l2_penalty(kernels, strength, n):
    total = 0.0
    for kernel in kernels:
        total += float(np.sum(np.asarray(kernel, "float64") ** 2))
    return strength * total / (2 * n)


# %% right: all entries in one vector
def l2_penalty(kernels, strength, n):
    flat = np.concatenate([np.ravel(kernel) for kernel in kernels])
    return 0.5 * strength / n * (flat @ flat)


# %% right: the norm of the flattened kernel, squared
def l2_penalty(weights, lam, samples):
    return lam / 2 / samples * sum(np.linalg.norm(np.ravel(w)) ** 2 for w in weights)


# %% right: keras.ops, a tensor of float32
def l2_penalty(kernels, strength, n):
    squares = [keras.ops.sum(keras.ops.square(keras.ops.cast(k, "float32"))) for k in kernels]
    return keras.ops.sum(keras.ops.stack(squares)) * (strength / (2 * n))


# %% right: with a helper, returning an array of rank 0
def squared_norm(kernel):
    kernel = np.asarray(kernel)
    return np.einsum("i,i->", kernel.ravel(), kernel.ravel())


def l2_penalty(kernels, strength, n):
    return np.array(strength / (2 * n) * np.sum([squared_norm(k) for k in kernels]))


# %% mistake 1: the half is missing
def l2_penalty(kernels, strength, n):
    return strength / n * sum(np.sum(k**2) for k in kernels)


# %% mistake 1: n is missing
def l2_penalty(kernels, strength, n):
    return strength / 2 * sum(np.sum(k**2) for k in kernels)


# %% mistake 1: Keras' convention, neither the half nor n
def l2_penalty(kernels, strength, n):
    return strength * sum(np.sum(k**2) for k in kernels)


# %% mistake 0: divides by 2, then multiplies by n
def l2_penalty(kernels, strength, n):
    return strength / 2 * n * sum(np.sum(k**2) for k in kernels)


# %% mistake 0: absolute values, which is L1
def l2_penalty(kernels, strength, n):
    return strength / (2 * n) * sum(np.sum(np.abs(k)) for k in kernels)


# %% mistake 0: the norm, not squared
def l2_penalty(kernels, strength, n):
    return strength / (2 * n) * sum(np.linalg.norm(np.ravel(k)) for k in kernels)


# %% mistake 0: the norm of matrices only
def l2_penalty(kernels, strength, n):
    return strength / (2 * n) * sum(np.linalg.norm(k, "fro") ** 2 for k in kernels)


# %% mistake 0: the square of the sum
def l2_penalty(kernels, strength, n):
    return strength / (2 * n) * sum(np.sum(k) ** 2 for k in kernels)


# %% mistake 0: means instead of sums
def l2_penalty(kernels, strength, n):
    return strength / (2 * n) * sum(np.mean(k**2) for k in kernels)


# %% mistake 0: the first kernel only
def l2_penalty(kernels, strength, n):
    return strength / (2 * n) * np.sum(kernels[0] ** 2)


# %% mistake 0: the strength is missing
def l2_penalty(kernels, strength, n):
    return sum(np.sum(k**2) for k in kernels) / (2 * n)


# %% mistake 0: one number for each kernel
def l2_penalty(kernels, strength, n):
    return [strength / (2 * n) * np.sum(k**2) for k in kernels]


# %% mistake 0: nothing is returned
def l2_penalty(kernels, strength, n):
    print(strength / (2 * n) * sum(np.sum(k**2) for k in kernels))


# %% mistake 0: always zero
def l2_penalty(kernels, strength, n):
    return 0.0


# %% mistake 1.5: squares the kernels in place
def l2_penalty(kernels, strength, n):
    total = 0.0
    for kernel in kernels:
        kernel *= kernel
        total += kernel.sum()
    return strength / (2 * n) * total
