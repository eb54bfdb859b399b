# %% right: the slides' formula with math.floor
import math


def output_size(n, kernel, stride, padding, dilation):
    return math.floor((n - 1 + 2 * padding - dilation * (kernel - 1)) / stride + 1)


# %% right: counted one by one
def output_size(n, kernel, stride, padding, dilation):
    count, first = 0, 0
    while first + dilation * (kernel - 1) < n + 2 * padding:
        count, first = count + 1, first + stride
    return count


# %% right: as a float
def output_size(n, kernel, stride, padding, dilation):
    return np.floor((n + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1


# %% right: the last window's start, divided
def output_size(n, kernel, stride, padding, dilation):
    places = range(0, n + 2 * padding - dilation * (kernel - 1), stride)
    return np.array(len(places))


# %% mistake 0: not rounded
def output_size(n, kernel, stride, padding, dilation):
    return (n + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1


# %% mistake 0: rounded up
def output_size(n, kernel, stride, padding, dilation):
    return -(-(n + 2 * padding - dilation * (kernel - 1) - 1) // stride) + 1


# %% mistake 0: padding counted once
def output_size(n, kernel, stride, padding, dilation):
    return (n + padding - dilation * (kernel - 1) - 1) // stride + 1


# %% mistake 0: one too few
def output_size(n, kernel, stride, padding, dilation):
    return (n + 2 * padding - dilation * (kernel - 1) - 1) // stride


# %% mistake 0: the stride divides only the pixels
def output_size(n, kernel, stride, padding, dilation):
    return n // stride + 2 * padding - dilation * (kernel - 1)


# %% mistake 0: the first place is forgotten in the division
def output_size(n, kernel, stride, padding, dilation):
    return (n + 2 * padding - dilation * (kernel - 1)) // stride


# %% mistake 1: the dilation is forgotten
def output_size(n, kernel, stride, padding, dilation):
    return (n + 2 * padding - kernel) // stride + 1


# %% mistake 1: a dilated kernel of d times k
def output_size(n, kernel, stride, padding, dilation):
    return (n + 2 * padding - dilation * kernel) // stride + 1


# %% mistake 1: d − 1 pixels more than the kernel
def output_size(n, kernel, stride, padding, dilation):
    return (n + 2 * padding - kernel - (dilation - 1)) // stride + 1


# %% mistake 1: only for dilations above 1
def output_size(n, kernel, stride, padding, dilation):
    span = dilation * (kernel - 1) + 1
    return (n + 2 * padding - span) // stride + (dilation > 1)


# %% mistake 0: padding="same" of Keras
def output_size(n, kernel, stride, padding, dilation):
    return -(-n // stride)


# %% mistake 0: a constant
def output_size(n, kernel, stride, padding, dilation):
    return 3
