# %% right: windows of NumPy
def pool(image, size, stride, kind):
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))[::stride, ::stride]
    return windows.max(axis=(2, 3)) if kind == "max" else windows.mean(axis=(2, 3))


# %% right: by Keras
def pool(image, size, stride, kind):
    layer = {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}[kind]
    return layer(size, strides=stride)(image.astype("float32")[None, :, :, None])[0, :, :, 0]


# %% right: plain Python
def pool(image, size, stride, kind):
    result, top = [], 0
    while top + size <= len(image):
        row, left = [], 0
        while left + size <= len(image[0]):
            values = [image[top + i][left + j] for i in range(size) for j in range(size)]
            row.append(max(values) if kind == "max" else sum(values) / len(values))
            left += stride
        result.append(row)
        top += stride
    return result


# %% right: the outer maximum of shifted images
def pool(image, size, stride, kind):
    height, width = (n - size + 1 for n in image.shape)
    shifted = np.stack([image[i : i + height, j : j + width] for i, j in np.ndindex(size, size)])
    result = shifted.max(axis=0) if kind == "max" else shifted.mean(axis=0)
    return result[::stride, ::stride]


# %% mistake 2: maxima start at zero
def pool(image, size, stride, kind):
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))[::stride, ::stride]
    return np.maximum(windows.max(axis=(2, 3)), 0) if kind == "max" else windows.mean(axis=(2, 3))


# %% mistake 2: the average is the sum
def pool(image, size, stride, kind):
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))[::stride, ::stride]
    return windows.max(axis=(2, 3)) if kind == "max" else windows.sum(axis=(2, 3))


# %% mistake 2: the maximum for both kinds
def pool(image, size, stride, kind):
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))[::stride, ::stride]
    return windows.max(axis=(2, 3))


# %% mistake 2: the average for both kinds
def pool(image, size, stride, kind):
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))[::stride, ::stride]
    return windows.mean(axis=(2, 3))


# %% mistake 2: the largest absolute value
def pool(image, size, stride, kind):
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))[::stride, ::stride]
    return np.abs(windows).max(axis=(2, 3)) if kind == "max" else windows.mean(axis=(2, 3))


# %% mistake 2: the stride is taken to be the size
def pool(image, size, stride, kind):
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))[::size, ::size]
    return windows.max(axis=(2, 3)) if kind == "max" else windows.mean(axis=(2, 3))


# %% mistake 2: windows that hang over the border count
def pool(image, size, stride, kind):
    summary = np.max if kind == "max" else np.mean
    return [
        [summary(image[p : p + size, q : q + size]) for q in range(0, image.shape[1], stride)]
        for p in range(0, image.shape[0], stride)
    ]


# %% mistake 2: reshaped, a border is an error
def pool(image, size, stride, kind):
    h, w = image.shape
    windows = image.reshape(h // size, size, w // size, size)
    return windows.max(axis=(1, 3)) if kind == "max" else windows.mean(axis=(1, 3))


# %% mistake 2: a border is padded with zeros
def pool(image, size, stride, kind):
    h, w = image.shape
    padded = np.pad(image, ((0, (size - h) % stride), (0, (size - w) % stride)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size))[::stride, ::stride]
    return windows.max(axis=(2, 3)) if kind == "max" else windows.mean(axis=(2, 3))


# %% mistake 0: the stride counts for rows only
def pool(image, size, stride, kind):
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))[::stride]
    return windows.max(axis=(2, 3)) if kind == "max" else windows.mean(axis=(2, 3))


# %% mistake 0: the result is transposed
def pool(image, size, stride, kind):
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))[::stride, ::stride]
    return (windows.max(axis=(2, 3)) if kind == "max" else windows.mean(axis=(2, 3))).T


# %% mistake 0: zeros
def pool(image, size, stride, kind):
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))[::stride, ::stride]
    return np.zeros(windows.shape[:2])


# %% mistake 2.5: the image is changed in place
def pool(image, size, stride, kind):
    windows = np.lib.stride_tricks.sliding_window_view(image.copy(), (size, size))[::stride, ::stride]
    image -= image.mean()
    return windows.max(axis=(2, 3)) if kind == "max" else windows.mean(axis=(2, 3))
