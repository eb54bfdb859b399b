# %% right: the maps of pictures with one white pixel, as columns
def convolution_matrix(kernel, height, width):
    columns = []
    for pixel in range(height * width):
        image = np.zeros(height * width)
        image[pixel] = 1.0
        windows = np.lib.stride_tricks.sliding_window_view(image.reshape(height, width), kernel.shape)
        columns.append((windows * kernel).sum(axis=(2, 3)).ravel())
    return np.array(columns).T


# %% right: the first row, shifted
def convolution_matrix(kernel, height, width):
    kh, kw = kernel.shape
    first = np.zeros((height, width))
    first[:kh, :kw] = kernel
    rows = [
        np.roll(first, (p, q), axis=(0, 1)).ravel()
        for p in range(height - kh + 1)
        for q in range(width - kw + 1)
    ]
    return np.stack(rows)


# %% right: a four-dimensional array, reshaped
def convolution_matrix(kernel, height, width):
    kh, kw = kernel.shape
    U = np.zeros((height - kh + 1, width - kw + 1, height, width))
    for p in range(height - kh + 1):
        for q in range(width - kw + 1):
            U[p, q, p : p + kh, q : q + kw] = kernel
    return U.reshape(-1, height * width)


# %% right: Kronecker products of diagonals
def convolution_matrix(kernel, height, width):
    kh, kw = kernel.shape
    return sum(
        kernel[i, j] * np.kron(np.eye(height - kh + 1, height, i), np.eye(width - kw + 1, width, j))
        for i in range(kh)
        for j in range(kw)
    )


# %% mistake 1: a flipped kernel
def convolution_matrix(kernel, height, width):
    kh, kw = kernel.shape
    U = np.zeros((height - kh + 1, width - kw + 1, height, width))
    for p, q in np.ndindex(height - kh + 1, width - kw + 1):
        U[p, q, p : p + kh, q : q + kw] = kernel[::-1, ::-1]
    return U.reshape(-1, height * width)


# %% mistake 0: the transpose
def convolution_matrix(kernel, height, width):
    kh, kw = kernel.shape
    U = np.zeros((height - kh + 1, width - kw + 1, height, width))
    for p, q in np.ndindex(height - kh + 1, width - kw + 1):
        U[p, q, p : p + kh, q : q + kw] = kernel
    return U.reshape(-1, height * width).T


# %% mistake 1: columns by column, not by row
def convolution_matrix(kernel, height, width):
    kh, kw = kernel.shape
    U = np.zeros((height - kh + 1, width - kw + 1, width, height))
    for p, q in np.ndindex(height - kh + 1, width - kw + 1):
        U[p, q, q : q + kw, p : p + kh] = kernel.T
    return U.reshape(-1, height * width)


# %% mistake 1: the map's places by column
def convolution_matrix(kernel, height, width):
    kh, kw = kernel.shape
    U = np.zeros((width - kw + 1, height - kh + 1, height, width))
    for p, q in np.ndindex(height - kh + 1, width - kw + 1):
        U[q, p, p : p + kh, q : q + kw] = kernel
    return U.reshape(-1, height * width)


# %% mistake 1: one diagonal band, rows of the map run on
def convolution_matrix(kernel, height, width):
    kh, kw = kernel.shape
    first = np.zeros((height, width))
    first[:kh, :kw] = kernel
    places = (height - kh + 1) * (width - kw + 1)
    return np.stack([np.roll(first.ravel(), shift) for shift in range(places)])


# %% mistake 0: a place for every pixel, as with padding "same"
def convolution_matrix(kernel, height, width):
    kh, kw = kernel.shape
    first = np.zeros((height, width))
    first[:kh, :kw] = kernel
    return np.stack([np.roll(first.ravel(), shift) for shift in range(height * width)])


# %% mistake 0: for square pictures only
def convolution_matrix(kernel, height, width):
    kh, kw = kernel.shape
    U = np.zeros((height - kh + 1, height - kw + 1, height, height))
    for p, q in np.ndindex(height - kh + 1, height - kw + 1):
        U[p, q, p : p + kh, q : q + kw] = kernel
    return U.reshape(-1, height * height)


# %% mistake 1: ones where the weights belong
def convolution_matrix(kernel, height, width):
    kh, kw = kernel.shape
    U = np.zeros((height - kh + 1, width - kw + 1, height, width))
    for p, q in np.ndindex(height - kh + 1, width - kw + 1):
        U[p, q, p : p + kh, q : q + kw] = 1
    return U.reshape(-1, height * width)


# %% mistake 0: zeros
def convolution_matrix(kernel, height, width):
    kh, kw = kernel.shape
    return np.zeros(((height - kh + 1) * (width - kw + 1), height * width))


# %% mistake 0: a sparse matrix
from scipy import sparse


def convolution_matrix(kernel, height, width):
    kh, kw = kernel.shape
    U = np.zeros((height - kh + 1, width - kw + 1, height, width))
    for p, q in np.ndindex(height - kh + 1, width - kw + 1):
        U[p, q, p : p + kh, q : q + kw] = kernel
    return sparse.csr_matrix(U.reshape(-1, height * width))


# %% mistake 2.5: the kernel is scaled in place
def convolution_matrix(kernel, height, width):
    kh, kw = kernel.shape
    U = np.zeros((height - kh + 1, width - kw + 1, height, width))
    for p, q in np.ndindex(height - kh + 1, width - kw + 1):
        U[p, q, p : p + kh, q : q + kw] = kernel
    kernel /= 2
    return U.reshape(-1, height * width)
