# Answers to "descend"; see tests/grading/test_answers.py.

# %% right: the other deck's sign, w − v
def descend(hessian, start, rate, momentum, nesterov, steps):
    w, v = np.array(start, "float64"), np.zeros(len(start))
    path = [w.copy()]
    for _ in range(steps):
        looked = w - momentum * v if nesterov else w
        v = momentum * v + rate * (hessian @ looked)
        w = w - v
        path.append(w)
    return path


# %% right: as Keras' SGD, whose variable is the look-ahead point, turned back
def descend(hessian, start, rate, momentum, nesterov, steps):
    theta, v = start + 0.0, 0 * start
    path = np.empty((steps + 1, len(start)))
    path[0] = start
    for step in range(1, steps + 1):
        g = hessian @ theta
        v = momentum * v - rate * g
        theta = theta + momentum * v - rate * g if nesterov else theta + v
        path[step] = theta - momentum * v if nesterov else theta
    return path


# %% right: two steps back in place of a velocity
def descend(hessian, start, rate, momentum, nesterov, steps):
    path = [np.asarray(start)]
    before = path[0]
    for _ in range(steps):
        w = path[-1]
        there = w + momentum * (w - before) if nesterov else w
        path.append(w + momentum * (w - before) - rate * np.dot(hessian, there))
        before = w
    return np.stack(path)


# %% right: the rate outside of the velocity, lists
def descend(hessian, start, rate, momentum, nesterov, steps):
    w, m = [float(x) for x in start], [0.0] * len(start)
    path = [list(w)]
    for _ in range(steps):
        at = [x - rate * momentum * y for x, y in zip(w, m)] if nesterov else w
        g = [sum(h * x for h, x in zip(row, at)) for row in hessian]
        m = [momentum * y + z for y, z in zip(m, g)]
        w = [x - rate * y for x, y in zip(w, m)]
        path.append(list(w))
    return path


# %% mistake 2.5: the flag is not looked at
def descend(hessian, start, rate, momentum, nesterov, steps):
    w, v, path = start, 0 * start, [start]
    for _ in range(steps):
        v = momentum * v - rate * hessian @ w
        w = w + v
        path.append(w)
    return np.array(path)


# %% mistake 1: (1 − momentum) before the gradient
def descend(hessian, start, rate, momentum, nesterov, steps):
    w, v, path = start, 0 * start, [start]
    for _ in range(steps):
        g = hessian @ (w + momentum * v if nesterov else w)
        v = momentum * v - (1 - momentum) * rate * g
        w = w + v
        path.append(w)
    return np.array(path)


# %% mistake 2.5: Keras' path, of the look-ahead point
def descend(hessian, start, rate, momentum, nesterov, steps):
    w, v, path = start, 0 * start, [start]
    for _ in range(steps):
        g = hessian @ w
        v = momentum * v - rate * g
        w = w + momentum * v - rate * g if nesterov else w + v
        path.append(w)
    return np.array(path)


# %% mistake 2.5: looks ahead by the whole velocity
def descend(hessian, start, rate, momentum, nesterov, steps):
    w, v, path = start, 0 * start, [start]
    for _ in range(steps):
        v = momentum * v - rate * hessian @ (w + v if nesterov else w)
        w = w + v
        path.append(w)
    return np.array(path)


# %% mistake 2.5: looks back in place of ahead
def descend(hessian, start, rate, momentum, nesterov, steps):
    w, v, path = start, 0 * start, [start]
    for _ in range(steps):
        v = momentum * v - rate * hessian @ (w - momentum * v if nesterov else w)
        w = w + v
        path.append(w)
    return np.array(path)


# %% mistake 2.5: goes on from the point looked ahead to
def descend(hessian, start, rate, momentum, nesterov, steps):
    w, v, path = start, 0 * start, [start]
    for _ in range(steps):
        if nesterov:
            w = w + momentum * v
        v = momentum * v - rate * hessian @ w
        w = w + v
        path.append(w)
    return np.array(path)


# %% mistake 1: no memory at all
def descend(hessian, start, rate, momentum, nesterov, steps):
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - rate * hessian @ path[-1])
    return np.array(path)


# %% mistake 1: a step with the old velocity
def descend(hessian, start, rate, momentum, nesterov, steps):
    w, v, path = start, 0 * start, [start]
    for _ in range(steps):
        g = hessian @ (w + momentum * v if nesterov else w)
        w = w + momentum * (momentum * v) - rate * g
        v = momentum * v - rate * g
        path.append(w)
    return np.array(path)


# %% mistake 0: without the start
def descend(hessian, start, rate, momentum, nesterov, steps):
    w, v, path = start, 0 * start, []
    for _ in range(steps):
        v = momentum * v - rate * hessian @ (w + momentum * v if nesterov else w)
        w = w + v
        path.append(w)
    return np.array(path)


# %% mistake 0: the last point only
def descend(hessian, start, rate, momentum, nesterov, steps):
    w, v = start, 0 * start
    for _ in range(steps):
        v = momentum * v - rate * hessian @ (w + momentum * v if nesterov else w)
        w = w + v
    return w


# %% mistake 0: uphill
def descend(hessian, start, rate, momentum, nesterov, steps):
    w, v, path = start, 0 * start, [start]
    for _ in range(steps):
        v = momentum * v + rate * hessian @ (w + momentum * v if nesterov else w)
        w = w + v
        path.append(w)
    return np.array(path)


# %% mistake 0: one array that changes, many times in the list
def descend(hessian, start, rate, momentum, nesterov, steps):
    w, v = start.copy(), 0 * start
    path = [w]
    for _ in range(steps):
        v = momentum * v - rate * hessian @ (w + momentum * v if nesterov else w)
        w += v
        path.append(w)
    return np.array(path)


# %% mistake 0: the gradient of wᵀHw, twice as large
def descend(hessian, start, rate, momentum, nesterov, steps):
    w, v, path = start, 0 * start, [start]
    for _ in range(steps):
        v = momentum * v - rate * 2 * hessian @ (w + momentum * v if nesterov else w)
        w = w + v
        path.append(w)
    return np.array(path)


# %% mistake 0: only the diagonal
def descend(hessian, start, rate, momentum, nesterov, steps):
    w, v, path = start, 0 * start, [start]
    for _ in range(steps):
        v = momentum * v - rate * np.diag(hessian) * (w + momentum * v if nesterov else w)
        w = w + v
        path.append(w)
    return np.array(path)


# %% mistake 3.5: the start is changed in place
def descend(hessian, start, rate, momentum, nesterov, steps):
    w, v, path = start, 0 * start, [start.copy()]
    for _ in range(steps):
        v = momentum * v - rate * hessian @ (w + momentum * v if nesterov else w)
        w += v
        path.append(w.copy())
    return np.array(path)
