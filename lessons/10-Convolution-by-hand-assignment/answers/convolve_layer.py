# %% right: loops over pictures, filters and places
def convolve_layer(images, kernels, bias):
    (n, h, w, _), (kh, kw, _, f) = images.shape, kernels.shape
    maps = np.zeros((n, h - kh + 1, w - kw + 1, f))
    for number in range(n):
        for p in range(h - kh + 1):
            for q in range(w - kw + 1):
                patch = images[number, p : p + kh, q : q + kw]
                for filter_ in range(f):
                    maps[number, p, q, filter_] = np.sum(patch * kernels[..., filter_]) + bias[filter_]
    return maps


# %% right: windows and einsum
def convolve_layer(images, kernels, bias):
    windows = np.lib.stride_tricks.sliding_window_view(images, kernels.shape[:2], axis=(1, 2))
    return np.einsum("npqcij,ijcf->npqf", windows, kernels) + bias


# %% right: Keras' operation
def convolve_layer(images, kernels, bias):
    return keras.ops.conv(images, kernels) + bias


# %% right: Keras' layer
def convolve_layer(images, kernels, bias):
    layer = keras.layers.Conv2D(kernels.shape[3], kernels.shape[:2])
    layer.build(images.shape)
    layer.set_weights([kernels, bias])
    return layer(images.astype("float32"))


# %% right: channel by channel
def convolve_layer(images, kernels, bias):
    total = 0
    for channel in range(images.shape[3]):
        windows = np.lib.stride_tricks.sliding_window_view(
            images[..., channel], kernels.shape[:2], axis=(1, 2)
        )
        total = total + np.tensordot(windows, kernels[:, :, channel], 2)
    return total + bias


# %% mistake 2: the bias is forgotten
def convolve_layer(images, kernels, bias):
    windows = np.lib.stride_tricks.sliding_window_view(images, kernels.shape[:2], axis=(1, 2))
    return np.einsum("npqcij,ijcf->npqf", windows, kernels)


# %% mistake 2: the bias is added once a channel
def convolve_layer(images, kernels, bias):
    windows = np.lib.stride_tricks.sliding_window_view(images, kernels.shape[:2], axis=(1, 2))
    return np.einsum("npqcij,ijcf->npqf", windows, kernels) + images.shape[3] * bias


# %% mistake 2: the bias is subtracted
def convolve_layer(images, kernels, bias):
    windows = np.lib.stride_tricks.sliding_window_view(images, kernels.shape[:2], axis=(1, 2))
    return np.einsum("npqcij,ijcf->npqf", windows, kernels) - bias


# %% mistake 2: one bias for all filters
def convolve_layer(images, kernels, bias):
    windows = np.lib.stride_tricks.sliding_window_view(images, kernels.shape[:2], axis=(1, 2))
    return np.einsum("npqcij,ijcf->npqf", windows, kernels) + bias[0]


# %% mistake 0: the first channel only
def convolve_layer(images, kernels, bias):
    windows = np.lib.stride_tricks.sliding_window_view(images, kernels.shape[:2], axis=(1, 2))
    return np.einsum("npqij,ijf->npqf", windows[:, :, :, 0], kernels[:, :, 0]) + bias


# %% mistake 0: the mean over the channels
def convolve_layer(images, kernels, bias):
    windows = np.lib.stride_tricks.sliding_window_view(images, kernels.shape[:2], axis=(1, 2))
    return np.einsum("npqcij,ijcf->npqf", windows, kernels) / images.shape[3] + bias


# %% mistake 0: a flipped kernel
def convolve_layer(images, kernels, bias):
    windows = np.lib.stride_tricks.sliding_window_view(images, kernels.shape[:2], axis=(1, 2))
    return np.einsum("npqcij,ijcf->npqf", windows, kernels[::-1, ::-1]) + bias


# %% mistake 0: a ReLU behind it
def convolve_layer(images, kernels, bias):
    windows = np.lib.stride_tricks.sliding_window_view(images, kernels.shape[:2], axis=(1, 2))
    return np.maximum(np.einsum("npqcij,ijcf->npqf", windows, kernels) + bias, 0)


# %% mistake 0: padding "same"
def convolve_layer(images, kernels, bias):
    return keras.ops.conv(images, kernels, padding="same") + bias


# %% mistake 0: filters first
def convolve_layer(images, kernels, bias):
    windows = np.lib.stride_tricks.sliding_window_view(images, kernels.shape[:2], axis=(1, 2))
    return np.einsum("npqcij,ijcf->nfpq", windows, kernels) + bias[:, None, None]


# %% mistake 0: axes of length one are dropped
def convolve_layer(images, kernels, bias):
    windows = np.lib.stride_tricks.sliding_window_view(images, kernels.shape[:2], axis=(1, 2))
    return np.squeeze(np.einsum("npqcij,ijcf->npqf", windows, kernels) + bias)


# %% mistake 0: the same kernel for every filter
def convolve_layer(images, kernels, bias):
    windows = np.lib.stride_tricks.sliding_window_view(images, kernels.shape[:2], axis=(1, 2))
    one = np.einsum("npqcij,ijc->npq", windows, kernels[..., 0])
    return one[..., None] + bias


# %% mistake 0: only the bias
def convolve_layer(images, kernels, bias):
    (n, h, w, _), (kh, kw, _, f) = images.shape, kernels.shape
    return np.zeros((n, h - kh + 1, w - kw + 1, f)) + bias


# %% mistake 2.5: the bias grows in place
def convolve_layer(images, kernels, bias):
    windows = np.lib.stride_tricks.sliding_window_view(images, kernels.shape[:2], axis=(1, 2))
    maps = np.einsum("npqcij,ijcf->npqf", windows, kernels) + bias
    bias += 1
    return maps
