# %% right: adding up shifted images
def correlate(image, kernel, stride, padding, dilation):
    padded = np.pad(image, padding)
    height = (padded.shape[0] - dilation * (kernel.shape[0] - 1) - 1) // stride + 1
    width = (padded.shape[1] - dilation * (kernel.shape[1] - 1) - 1) // stride + 1
    result = np.zeros((height, width))
    for (i, j), weight in np.ndenumerate(kernel):
        top, left = i * dilation, j * dilation
        rows = padded[top : top + stride * (height - 1) + 1 : stride]
        result += weight * rows[:, left : left + stride * (width - 1) + 1 : stride]
    return result


# %% right: four loops
def correlate(image, kernel, stride, padding, dilation):
    height, width = image.shape[0] + 2 * padding, image.shape[1] + 2 * padding
    padded = np.zeros((height, width))
    padded[padding : height - padding, padding : width - padding] = image
    result = []
    top = 0
    while top + dilation * (len(kernel) - 1) < height:
        row = []
        left = 0
        while left + dilation * (len(kernel[0]) - 1) < width:
            total = 0.0
            for i in range(len(kernel)):
                for j in range(len(kernel[0])):
                    total += padded[top + i * dilation][left + j * dilation] * kernel[i][j]
            row.append(total)
            left += stride
        result.append(row)
        top += stride
    return result


# %% right: a dilated kernel, all windows, every so many places
def correlate(image, kernel, stride, padding, dilation):
    spread = np.zeros([dilation * (length - 1) + 1 for length in kernel.shape])
    spread[::dilation, ::dilation] = kernel
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, padding), spread.shape)
    return np.einsum("pqij,ij->pq", windows, spread)[::stride, ::stride]


# %% right: by Keras, the stride afterwards
def correlate(image, kernel, stride, padding, dilation):
    batch = np.pad(image, padding).astype("float32")[None, :, :, None]
    weights = kernel.astype("float32")[:, :, None, None]
    return keras.ops.conv(batch, weights, dilation_rate=dilation)[0, ::stride, ::stride, 0]


# %% right: SciPy's correlation
from scipy.signal import correlate2d


def correlate(image, kernel, stride, padding, dilation):
    spread = np.zeros([dilation * (length - 1) + 1 for length in kernel.shape])
    spread[::dilation, ::dilation] = kernel
    return correlate2d(np.pad(image, padding), spread, mode="valid")[::stride, ::stride]


# %% mistake 0: a flipped kernel
def correlate(image, kernel, stride, padding, dilation):
    spread = np.zeros([dilation * (length - 1) + 1 for length in kernel.shape])
    spread[::dilation, ::dilation] = kernel[::-1, ::-1]
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, padding), spread.shape)
    return np.einsum("pqij,ij->pq", windows, spread)[::stride, ::stride]


# %% mistake 0: a transposed kernel
def correlate(image, kernel, stride, padding, dilation):
    kernel = kernel.T
    spread = np.zeros([dilation * (length - 1) + 1 for length in kernel.shape])
    spread[::dilation, ::dilation] = kernel
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, padding), spread.shape)
    return np.einsum("pqij,ij->pq", windows, spread)[::stride, ::stride]


# %% mistake 0: the mean in place of the sum
def correlate(image, kernel, stride, padding, dilation):
    spread = np.zeros([dilation * (length - 1) + 1 for length in kernel.shape])
    spread[::dilation, ::dilation] = kernel
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, padding), spread.shape)
    return (windows * spread).mean(axis=(2, 3))[::stride, ::stride]


# %% mistake 0: a ReLU behind it
def correlate(image, kernel, stride, padding, dilation):
    spread = np.zeros([dilation * (length - 1) + 1 for length in kernel.shape])
    spread[::dilation, ::dilation] = kernel
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, padding), spread.shape)
    return np.maximum(np.einsum("pqij,ij->pq", windows, spread)[::stride, ::stride], 0)


# %% mistake 0: the last row and column of places are missing
def correlate(image, kernel, stride, padding, dilation):
    padded = np.pad(image, padding)
    height, width = padded.shape[0] - dilation * kernel.shape[0], padded.shape[1] - dilation * kernel.shape[1]
    return [
        [
            np.sum(padded[p : p + dilation * kernel.shape[0] : dilation, q : q + dilation * kernel.shape[1] : dilation] * kernel)
            for q in range(0, width, stride)
        ]
        for p in range(0, height, stride)
    ]


# %% mistake 4: the padding is forgotten
def correlate(image, kernel, stride, padding, dilation):
    spread = np.zeros([dilation * (length - 1) + 1 for length in kernel.shape])
    spread[::dilation, ::dilation] = kernel
    windows = np.lib.stride_tricks.sliding_window_view(image, spread.shape)
    return np.einsum("pqij,ij->pq", windows, spread)[::stride, ::stride]


# %% mistake 4: the border pixels are repeated
def correlate(image, kernel, stride, padding, dilation):
    spread = np.zeros([dilation * (length - 1) + 1 for length in kernel.shape])
    spread[::dilation, ::dilation] = kernel
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, padding, mode="edge"), spread.shape)
    return np.einsum("pqij,ij->pq", windows, spread)[::stride, ::stride]


# %% mistake 4: zeros at the bottom and right only
def correlate(image, kernel, stride, padding, dilation):
    spread = np.zeros([dilation * (length - 1) + 1 for length in kernel.shape])
    spread[::dilation, ::dilation] = kernel
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, (0, 2 * padding)), spread.shape)
    return np.einsum("pqij,ij->pq", windows, spread)[::stride, ::stride]


# %% mistake 4: the stride is forgotten
def correlate(image, kernel, stride, padding, dilation):
    spread = np.zeros([dilation * (length - 1) + 1 for length in kernel.shape])
    spread[::dilation, ::dilation] = kernel
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, padding), spread.shape)
    return np.einsum("pqij,ij->pq", windows, spread)


# %% mistake 4: the stride counts for rows only
def correlate(image, kernel, stride, padding, dilation):
    spread = np.zeros([dilation * (length - 1) + 1 for length in kernel.shape])
    spread[::dilation, ::dilation] = kernel
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, padding), spread.shape)
    return np.einsum("pqij,ij->pq", windows, spread)[::stride]


# %% mistake 4: the dilation is forgotten
def correlate(image, kernel, stride, padding, dilation):
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, padding), kernel.shape)
    return np.einsum("pqij,ij->pq", windows, kernel)[::stride, ::stride]


# %% mistake 4: dilation zeros between the entries, one too many
def correlate(image, kernel, stride, padding, dilation):
    step = dilation + 1 if dilation > 1 else 1
    spread = np.zeros([step * (length - 1) + 1 for length in kernel.shape])
    spread[::step, ::step] = kernel
    padded = np.pad(image, padding)
    if min(np.subtract(padded.shape, spread.shape)) < 0:
        return np.zeros((1, 1))
    windows = np.lib.stride_tricks.sliding_window_view(padded, spread.shape)
    return np.einsum("pqij,ij->pq", windows, spread)[::stride, ::stride]


# %% mistake 4: by Keras, which refuses stride and dilation together
def correlate(image, kernel, stride, padding, dilation):
    batch = np.pad(image, padding).astype("float32")[None, :, :, None]
    weights = kernel.astype("float32")[:, :, None, None]
    return keras.ops.conv(batch, weights, strides=stride, dilation_rate=dilation)[0, :, :, 0]


# %% mistake 4: the stride counts in dilated pixels
def correlate(image, kernel, stride, padding, dilation):
    spread = np.zeros([dilation * (length - 1) + 1 for length in kernel.shape])
    spread[::dilation, ::dilation] = kernel
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, padding), spread.shape)
    step = stride * dilation if stride > 1 else 1
    return np.einsum("pqij,ij->pq", windows, spread)[::step, ::step]


# %% mistake 3: neither padding nor stride
def correlate(image, kernel, stride, padding, dilation):
    spread = np.zeros([dilation * (length - 1) + 1 for length in kernel.shape])
    spread[::dilation, ::dilation] = kernel
    windows = np.lib.stride_tricks.sliding_window_view(image, spread.shape)
    return np.einsum("pqij,ij->pq", windows, spread)


# %% mistake 2: only the plain case
def correlate(image, kernel, stride, padding, dilation):
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.einsum("pqij,ij->pq", windows, kernel)


# %% mistake 0: square kernels only
def correlate(image, kernel, stride, padding, dilation):
    k = kernel.shape[0]
    spread = np.zeros((dilation * (k - 1) + 1,) * 2)
    spread[::dilation, ::dilation] = kernel
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, padding), spread.shape)
    return np.einsum("pqij,ij->pq", windows, spread)[::stride, ::stride]


# %% mistake 4.5: the kernel is changed in place
def correlate(image, kernel, stride, padding, dilation):
    spread = np.zeros([dilation * (length - 1) + 1 for length in kernel.shape])
    spread[::dilation, ::dilation] = kernel
    kernel *= 0
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, padding), spread.shape)
    return np.einsum("pqij,ij->pq", windows, spread)[::stride, ::stride]


# %% mistake 0: zeros of the right shape
def correlate(image, kernel, stride, padding, dilation):
    spread = np.zeros([dilation * (length - 1) + 1 for length in kernel.shape])
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, padding), spread.shape)
    return np.einsum("pqij,ij->pq", windows, spread)[::stride, ::stride]
