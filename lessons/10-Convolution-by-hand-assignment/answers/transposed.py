# %% right: over the entries of the kernel
def transposed(feature_map, kernel, stride):
    (h, w), (kh, kw) = feature_map.shape, kernel.shape
    result = np.zeros(((h - 1) * stride + kh, (w - 1) * stride + kw))
    for i in range(kh):
        for j in range(kw):
            result[i : i + (h - 1) * stride + 1 : stride, j : j + (w - 1) * stride + 1 : stride] += (
                kernel[i, j] * feature_map
            )
    return result


# %% right: four loops
def transposed(feature_map, kernel, stride):
    (h, w), (kh, kw) = feature_map.shape, kernel.shape
    result = [[0.0] * ((w - 1) * stride + kw) for _ in range((h - 1) * stride + kh)]
    for p in range(h):
        for q in range(w):
            for i in range(kh):
                for j in range(kw):
                    result[p * stride + i][q * stride + j] += feature_map[p, q] * kernel[i, j]
    return result


# %% right: the matrix, transposed
def transposed(feature_map, kernel, stride):
    (h, w), (kh, kw) = feature_map.shape, kernel.shape
    height, width = (h - 1) * stride + kh, (w - 1) * stride + kw
    U = np.zeros((h, w, height, width))
    for p, q in np.ndindex(h, w):
        U[p, q, p * stride : p * stride + kh, q * stride : q * stride + kw] = kernel
    return (U.reshape(h * w, -1).T @ feature_map.ravel()).reshape(height, width)


# %% right: zeros between, a border, and a convolution with the flipped kernel
from scipy.signal import convolve2d


def transposed(feature_map, kernel, stride):
    (h, w) = feature_map.shape
    apart = np.zeros(((h - 1) * stride + 1, (w - 1) * stride + 1))
    apart[::stride, ::stride] = feature_map
    return convolve2d(apart, kernel)


# %% right: Keras, what is too much cut off
def transposed(feature_map, kernel, stride):
    (h, w), (kh, kw) = feature_map.shape, kernel.shape
    result = keras.ops.conv_transpose(
        feature_map.astype("float32")[None, :, :, None],
        kernel.astype("float32")[:, :, None, None],
        strides=stride,
    )
    return result[0, : (h - 1) * stride + kh, : (w - 1) * stride + kw, 0]


# %% mistake 0.5: the last stamp wins where they overlap
def transposed(feature_map, kernel, stride):
    (h, w), (kh, kw) = feature_map.shape, kernel.shape
    result = np.zeros(((h - 1) * stride + kh, (w - 1) * stride + kw))
    for p, q in np.ndindex(h, w):
        result[p * stride : p * stride + kh, q * stride : q * stride + kw] = feature_map[p, q] * kernel
    return result


# %% mistake 0.5: a flipped kernel
def transposed(feature_map, kernel, stride):
    (h, w), (kh, kw) = feature_map.shape, kernel.shape
    result = np.zeros(((h - 1) * stride + kh, (w - 1) * stride + kw))
    for p, q in np.ndindex(h, w):
        result[p * stride : p * stride + kh, q * stride : q * stride + kw] += feature_map[p, q] * kernel[::-1, ::-1]
    return result


# %% mistake 0: Keras' size, larger where the stride exceeds the kernel
def transposed(feature_map, kernel, stride):
    return keras.ops.conv_transpose(
        feature_map.astype("float32")[None, :, :, None],
        kernel.astype("float32")[:, :, None, None],
        strides=stride,
    )[0, :, :, 0]


# %% mistake 0: the size of padding "same"
def transposed(feature_map, kernel, stride):
    (h, w), (kh, kw) = feature_map.shape, kernel.shape
    result = np.zeros(((h - 1) * stride + kh, (w - 1) * stride + kw))
    for p, q in np.ndindex(h, w):
        result[p * stride : p * stride + kh, q * stride : q * stride + kw] += feature_map[p, q] * kernel
    return result[: h * stride, : w * stride]


# %% mistake 0: the stride is forgotten
def transposed(feature_map, kernel, stride):
    (h, w), (kh, kw) = feature_map.shape, kernel.shape
    result = np.zeros((h - 1 + kh, w - 1 + kw))
    for p, q in np.ndindex(h, w):
        result[p : p + kh, q : q + kw] += feature_map[p, q] * kernel
    return result


# %% mistake 0.5: stamps side by side whatever the stride
def transposed(feature_map, kernel, stride):
    (h, w), (kh, kw) = feature_map.shape, kernel.shape
    result = np.zeros(((h - 1) * stride + kh, (w - 1) * stride + kw))
    for p, q in np.ndindex(h, w):
        result[p : p + kh, q : q + kw] += feature_map[p, q] * kernel
    return result


# %% mistake 0: height and width of the kernel exchanged
def transposed(feature_map, kernel, stride):
    (h, w), (kh, kw) = feature_map.shape, kernel.T.shape
    result = np.zeros(((h - 1) * stride + kh, (w - 1) * stride + kw))
    for p, q in np.ndindex(h, w):
        result[p * stride : p * stride + kh, q * stride : q * stride + kw] += feature_map[p, q] * kernel.T
    return result


# %% mistake 0.5: overlaps are averaged
def transposed(feature_map, kernel, stride):
    (h, w), (kh, kw) = feature_map.shape, kernel.shape
    result = np.zeros(((h - 1) * stride + kh, (w - 1) * stride + kw))
    count = np.zeros_like(result)
    for p, q in np.ndindex(h, w):
        result[p * stride : p * stride + kh, q * stride : q * stride + kw] += feature_map[p, q] * kernel
        count[p * stride : p * stride + kh, q * stride : q * stride + kw] += 1
    return result / np.maximum(count, 1)


# %% mistake 0: an ordinary convolution
def transposed(feature_map, kernel, stride):
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(feature_map, 4), kernel.shape)
    return (windows * kernel).sum(axis=(2, 3))[::stride, ::stride]


# %% mistake 0: zeros
def transposed(feature_map, kernel, stride):
    (h, w), (kh, kw) = feature_map.shape, kernel.shape
    return np.zeros(((h - 1) * stride + kh, (w - 1) * stride + kw))


# %% mistake 1.5: the map is changed in place
def transposed(feature_map, kernel, stride):
    (h, w), (kh, kw) = feature_map.shape, kernel.shape
    result = np.zeros(((h - 1) * stride + kh, (w - 1) * stride + kw))
    for p, q in np.ndindex(h, w):
        result[p * stride : p * stride + kh, q * stride : q * stride + kw] += feature_map[p, q] * kernel
        feature_map[p, q] = 0
    return result
