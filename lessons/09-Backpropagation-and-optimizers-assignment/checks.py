"""Hidden checks of assignment 09, backpropagation and optimisers.

Networks, valleys and gradients are drawn anew for every check, in other shapes than the lesson's.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from course_lib import check
from course_staff.grading import call, generator, question, written

ACTIVATIONS = ("tanh", "sigmoid", "relu")


def _near(found, expected, **tolerances):
    """Whether numbers in the same shape agree."""
    try:
        check.close(found, expected, "", **tolerances)
    except check.Wrong:
        return False
    return True


def _activation(name, h):
    """Return the activations of pre-activations, and the slope there."""
    if name == "tanh":
        return np.tanh(h), 1 - np.tanh(h) ** 2
    if name == "sigmoid":
        a = 1 / (1 + np.exp(-h))
        return a, a * (1 - a)
    return np.maximum(h, 0), (h > 0).astype(h.dtype)


def _forward(x, weights, activation):
    """Return each layer's pre-activations and activations, the last layer being linear."""
    pre_activations, activations = [], []
    a = x.astype("float64")
    for layer, (kernel, bias) in enumerate(weights, start=1):
        h = a @ kernel.astype("float64") + (0 if bias is None else bias)
        a = h if layer == len(weights) else _activation(activation, h)[0]
        pre_activations.append(h)
        activations.append(a)
    return pre_activations, activations


def _backward(x, y, weights, activation):
    """Return the gradients of the mean over the rows of the squared error."""
    pre_activations, activations = _forward(x, weights, activation)
    inputs = [x, *activations[:-1]]
    delta = 2 * (activations[-1] - y) / len(x)
    gradients = []
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        gradients.append((inputs[layer].T @ delta, None if bias is None else delta.sum(axis=0)))
        if layer:
            slope = _activation(activation, pre_activations[layer - 1])[1]
            delta = (delta @ kernel.T) * slope
    return gradients[::-1]


def _network(rng, widths, biased, dtype):
    """Draw the weights of a network; the biases are as large as the signals."""
    weights = []
    for (n_in, n_out), has_bias in zip(pairwise(widths), biased, strict=True):
        kernel = rng.normal(0, 1.2 / np.sqrt(n_in), (n_in, n_out)).astype(dtype)
        bias = rng.uniform(0.2, 0.8, n_out) * rng.choice([-1, 1], n_out)
        weights.append([kernel, bias.astype(dtype) if has_bias else None])
    return weights


def _alive(x, y, weights, activation):
    """Whether the activation counts in every hidden layer, and no kernel's gradient is small."""
    pre_activations, _ = _forward(x, weights, activation)
    for h in pre_activations[:-1]:
        # Each hidden layer has numbers on both sides of zero, and none so near that a difference
        # quotient would step over ReLU's kink.
        if min((h > 0.3).sum(), (h < -0.3).sum()) < 2 or np.abs(h).min() < 2e-3:
            return False
    return all(
        np.abs(gradient).max() > 0.03
        for pair in _backward(x, y, weights, activation)
        for gradient in pair
        if gradient is not None
    )


def _cases(rng, forms):
    """Draw networks of the given forms in which every weight matters."""
    for n, widths, biased, activation, dtype in forms:
        for _ in range(2000):
            x = rng.normal(0, 1, (n, widths[0])).astype(dtype)
            y = rng.normal(1, 2, (n, widths[-1])).astype(dtype)
            weights = _network(rng, widths, biased, dtype)
            if _alive(x, y, weights, activation):
                break
        yield x, y, weights, activation


@question("forward", points=3)
class Forward:
    """Networks of one to four layers, wide and narrow, square kernels, with and without biases."""

    FORMS = (
        (5, (4, 6, 3, 2), (True, True, False), "tanh", "float64"),
        (3, (2, 5, 5, 5, 1), (True, False, True, True), "sigmoid", "float32"),
        (7, (3, 8, 4), (False, True), "relu", "float64"),
        (4, (4, 4, 4, 4), (True, True, True), "relu", "float32"),
        (6, (3, 2), (True,), "tanh", "float64"),
    )

    def requests(self, rng):
        self.cases = list(_cases(rng, self.FORMS))
        for x, _, weights, activation in self.cases:
            yield call("forward", x, weights, activation)

    def verdict(self, replies, judge):
        for position, what in enumerate(("pre-activations", "activations")):
            with judge.part(1.5, f"the {what} of every layer"):
                for (x, _, weights, activation), reply in zip(self.cases, replies, strict=True):
                    expected = _forward(x, weights, activation)[position]
                    found = _listed(reply.values(2)[position], len(expected), f"the {what}")
                    for layer, (value, right) in enumerate(zip(found, expected, strict=True), 1):
                        told = f"the {what} of layer {layer} of {len(weights)} ({activation})"
                        check.close(value, right, told)


def _listed(value, count, what):
    """Expect a list (or an array) of so many entries."""
    is_list = isinstance(value, list) or (isinstance(value, np.ndarray) and value.ndim > 0)
    check.that(is_list, f"{what}: expected a list, got {type(value).__name__}.")
    check.that(len(value) == count, f"{what}: expected {count} entries, got {len(value)}.")
    return list(value)


@question("backward", points=5)
class Backward:
    """As in `Forward`, several outputs; the first two cases have the same n and k."""

    FORMS = (
        (5, (4, 6, 3, 2), (True, True, False), "tanh", "float64"),
        (5, (3, 7, 2), (True, True), "sigmoid", "float64"),
        (4, (3, 5, 5, 5, 3), (True, False, True, True), "sigmoid", "float32"),
        (9, (4, 8, 8, 2), (False, True, True), "relu", "float64"),
        (6, (5, 5, 5, 4), (True, True, False), "relu", "float64"),
        (8, (4, 4, 4, 4), (True, True, True), "tanh", "float32"),
        (3, (4, 3), (True,), "relu", "float64"),
    )

    def requests(self, rng):
        self.cases = list(_cases(rng, self.FORMS))
        for x, y, weights, activation in self.cases:
            yield call("backward", x, y, weights, activation)

    def verdict(self, replies, judge):
        factors = []
        with judge.part(2.5, "all gradients are right up to one positive factor") as multiple:
            for case, reply in zip(self.cases, replies, strict=True):
                factors.append(self._factor(case, reply.value))
            check.that(
                np.isclose(factors[0], factors[1], rtol=1e-3),
                "the factor is another one for a network with as many rows and outputs.",
            )
        with judge.part(2.5, "of the mean over the rows of the summed squared error"):
            judge.needs(multiple)
            wrong = [factor for factor in factors if not np.isclose(factor, 1, rtol=1e-4)]
            check.that(
                not wrong,
                f"they are {wrong[0] if wrong else 1:.4g} times the gradient: is the 2 there, is "
                "it a mean over the rows, a sum over the outputs?",
            )

    def _factor(self, case, value):
        """Return the factor between the gradients that were found and the right ones."""
        x, y, weights, activation = case
        found, right = [], []
        layers = _listed(value, len(weights), "the gradients")
        for layer, (pair, expected) in enumerate(
            zip(layers, _backward(x, y, weights, activation), strict=True), start=1
        ):
            pair = _listed(pair, 2, f"the gradients of layer {layer}")
            for name, gradient, one in zip(("dW", "db"), pair, expected, strict=True):
                what = f"{name} of layer {layer} of {len(weights)} ({activation})"
                if one is None:
                    check.that(gradient is None, f"{what}: expected None, there is no bias.")
                    continue
                gradient = check.array(gradient, what, shape=one.shape).astype("float64")
                check.that(np.isfinite(gradient).all(), f"{what}: some values are not finite.")
                found.append((what, gradient))
                right.append(one)
        flat = np.concatenate([gradient.ravel() for _, gradient in found])
        expected = np.concatenate([one.ravel() for one in right])
        factor = float(flat @ expected / (expected @ expected))
        check.that(factor > 1e-4, "the gradients do not point where the error grows.")
        for (what, gradient), one in zip(found, right, strict=True):
            check.close(gradient / factor, one, what)
        return factor


@question("batches", points=2)
class Batches:
    """Sizes that divide and that do not; the orders of four indices, and of sixty."""

    SIZES = ((23, 5), (24, 6), (7, 1), (9, 9), (6, 10), (31, 30))
    # Of 24 orders of four indices, 60 calls meet 22 on average, and fewer than 16 once in 10⁶.
    ORDERS, LEAST = 60, 16
    LARGE = (60, 8)

    def requests(self, rng):
        seeds = [int(seed) for seed in rng.choice(10**6, 6 + self.ORDERS + 8, replace=False)]
        for size, seed in zip(self.SIZES, seeds[:6], strict=True):
            yield call("batches", *size, generator(seed))
        # The global seeds change where `rng` does not, and the other way round.
        yield call("batches", *self.LARGE, generator(seeds[6]), seed=1)
        for seed in seeds[6:14]:
            yield call("batches", *self.LARGE, generator(seed))
        for seed in seeds[14:]:
            yield call("batches", 4, 2, generator(seed))

    def verdict(self, replies, judge):
        sizes = [*self.SIZES, *[self.LARGE] * 9, *[(4, 2)] * self.ORDERS]
        with judge.part(1, "every index once, in batches of batch_size; the last may be smaller"):
            for size, reply in zip(sizes, replies, strict=True):
                self._order(size, reply)
        with judge.part(1, "the order is drawn from `rng`, and every order can occur"):
            large = [self._order(self.LARGE, reply) for reply in replies[6:15]]
            check.that(
                (large[0] == large[1]).all(),
                "two generators in the same state give different orders: is `rng` used?",
            )
            check.that(
                all((one != large[1]).any() for one in large[2:]),
                "two generators in different states give the same order: is `rng` used?",
            )
            self._mixed(large[1:])
            met = {tuple(self._order((4, 2), reply).tolist()) for reply in replies[15:]}
            check.that(
                len(met) >= self.LEAST,
                f"of the 24 orders of four indices only {len(met)} occur in {self.ORDERS} epochs.",
            )

    def _order(self, size, reply):
        """Return the indices in their order, if all stand once in batches of the right sizes."""
        n, batch_size = size
        called = f"batches({n}, {batch_size}, rng)"
        value = _listed(reply.value, -(-n // batch_size), f"{called}, the batches")
        arrays = [check.array(batch, f"{called}: a batch", shape=(None,)) for batch in value]
        for batch in arrays:
            check.that(batch.dtype.kind in "iu", f"{called}: the indices are not integers.")
        lengths = [len(batch) for batch in arrays]
        expected = [batch_size] * (n // batch_size) + ([n % batch_size] if n % batch_size else [])
        check.that(lengths == expected, f"{called}: the batches have the lengths {lengths}.")
        order = np.concatenate(arrays).astype("int64")
        check.that(
            (np.sort(order) == np.arange(n)).all(),
            f"{called}: not every index from 0 to {n - 1} is there once.",
        )
        return order

    def _mixed(self, orders):
        """Expect indices that stay neither near their places, nor beside each other, nor sorted."""
        n, batch_size = self.LARGE
        inside = np.arange(1, n) % batch_size != 0
        steps = np.diff(orders, axis=1)
        kept = np.mean([np.corrcoef(np.arange(n), order)[0, 1] for order in orders])
        check.that(abs(kept) < 0.3, "the indices stay near their places.")
        check.that((np.abs(steps) == 1).mean() < 0.3, "indices that were neighbours stay so.")
        rising = (steps[:, inside] > 0).mean()
        check.that(0.3 < rising < 0.7, "the indices are sorted within a batch.")


def _path(hessian, start, rate, momentum, nesterov, steps):
    w = start.astype("float64")
    v = np.zeros_like(w)
    path = [w]
    for _ in range(steps):
        v = momentum * v - rate * hessian @ (w + momentum * v if nesterov else w)
        w = w + v
        path.append(w)
    return np.array(path)


@question("descend", points=4)
class Descend:
    """Valleys of two to five dimensions that are turned, and a saddle."""

    def requests(self, rng):
        self.cases = []
        for momentum, nesterov in ((0.0, False), (1.0, False), (1.0, True)):
            for curvatures, steps, dtype in (
                ([0.3, 1.0, 4.0], 9, "float64"),
                ([-0.4, 0.5], 6, "float32"),
                ([0.2, 0.5, 1.0, 2.0, 3.0], 14, "float64"),
            ):
                d = len(curvatures)
                turned = np.linalg.qr(rng.normal(size=(d, d)))[0]
                hessian = turned @ np.diag(curvatures) @ turned.T
                hessian = (hessian + hessian.T) / 2
                start = rng.uniform(2, 5, d) * rng.choice([-1, 1], d)
                case = (
                    hessian.astype(dtype),
                    start.astype(dtype),
                    float(rng.uniform(0.1, 0.3)),
                    momentum * float(rng.uniform(0.5, 0.9)),
                    nesterov,
                    steps,
                )
                self.cases.append(case)
                yield call("descend", *case)

    def verdict(self, replies, judge):
        parts = (
            (1, "plain gradient descent, with momentum 0", slice(0, 3)),
            (1.5, "momentum", slice(3, 6)),
            (1.5, "Nesterov's momentum", slice(6, 9)),
        )
        for points, what, cases in parts:
            with judge.part(points, what):
                for case, reply in zip(self.cases[cases], replies[cases], strict=True):
                    check.close(
                        reply.value, _path(*case), f"the path of {case[5]} steps from {case[1]}"
                    )


def _changes(kind, gradients, rate, decay, decay2):
    g = gradients.astype("float64")
    mean, square = np.zeros(g.shape[1]), np.zeros(g.shape[1])
    changes = []
    for t, gradient in enumerate(g, start=1):
        if kind == "adagrad":
            square = square + gradient**2
            step = gradient / np.sqrt(square)
        elif kind == "rmsprop":
            square = decay * square + (1 - decay) * gradient**2
            step = gradient / np.sqrt(square)
        else:
            mean = decay * mean + (1 - decay) * gradient
            square = decay2 * square + (1 - decay2) * gradient**2
            step = mean / (1 - decay**t) / np.sqrt(square / (1 - decay2**t))
        changes.append(-rate * step)
    return np.array(changes)


@question("adaptive_steps", points=5)
class AdaptiveSteps:
    """Gradients of both signs and of sizes 0.1 to 10, which any place of ε leaves within 0.1 %."""

    KINDS = (("adagrad", 1.5), ("rmsprop", 1.5), ("adam", 2))
    SHAPES = ((12, 3), (7, 5), (1, 4))

    def requests(self, rng):
        self.cases = []
        for kind, _ in self.KINDS:
            for shape, dtype in zip(self.SHAPES, ("float64", "float32", "float64"), strict=True):
                sizes = 10.0 ** rng.uniform(-1, 1, shape)
                gradients = (sizes * rng.choice([-1, 1], shape)).astype(dtype)
                decay, decay2 = float(rng.uniform(0.6, 0.9)), float(rng.uniform(0.93, 0.98))
                if kind == "rmsprop":
                    decay, decay2 = float(rng.uniform(0.8, 0.95)), float(rng.uniform(0.5, 0.7))
                case = kind, gradients, float(rng.uniform(0.3, 2)), decay, decay2
                self.cases.append(case)
                yield call("adaptive_steps", *case)

    def verdict(self, replies, judge):
        for number, (kind, points) in enumerate(self.KINDS):
            with judge.part(points, f"the changes of {kind}"):
                cases = slice(3 * number, 3 * number + 3)
                for case, reply in zip(self.cases[cases], replies[cases], strict=True):
                    expected = _changes(*case)
                    flipped = _near(reply.value, -expected, rtol=1e-3)
                    check.close(
                        reply.value,
                        expected,
                        f"the changes of {kind}, {len(expected)} steps",
                        rtol=1e-3,
                        hint="The sign: changes are added to the weights." * flipped,
                    )


@question("clip_gradients", points=1.5)
class ClipGradients:
    """Lists of arrays of any rank, whose norm over all arrays is below or above the limit."""

    def requests(self, rng):
        self.cases = []
        for shapes, factor, dtype in (
            ([(3, 4), (4,), (4, 2, 3)], 1.7, "float64"),  # the limit, in units of the norm
            ([(2, 5), (5,)], 3.0, "float32"),
            ([(4, 3), (3,), (3, 2)], 0.0, "float64"),
            ([(3, 4), (4,), (4, 2, 3)], 0.6, "float64"),
            ([(6,), (2, 3, 2, 2)], 0.05, "float32"),
            ([(5, 5), (5, 5)], 0.9, "float64"),
        ):
            sizes = 10.0 ** rng.uniform(-0.5, 0.5, len(shapes))
            gradients = [
                (size * rng.normal(0.2, 1, shape) * (factor > 0)).astype(dtype)
                for size, shape in zip(sizes, shapes, strict=True)
            ]
            limit = factor * self._norm(gradients) if factor else float(rng.uniform(0.5, 2))
            self.cases.append((gradients, float(limit)))
            yield call("clip_gradients", *self.cases[-1])

    @staticmethod
    def _norm(gradients):
        return np.sqrt(sum((g.astype("float64") ** 2).sum() for g in gradients))

    def verdict(self, replies, judge):
        with judge.part(0.5, "unchanged below the limit, zeros stay zeros"):
            unclipped = [
                self._agree(case[0], reply.result)
                for case, reply in zip(self.cases[3:], replies[3:], strict=True)
            ]
            check.that(not all(unclipped), "nothing is clipped, above the limit either.")
            for (gradients, _), reply in zip(self.cases[:3], replies[:3], strict=True):
                self._compare(gradients, reply)
        with judge.part(1, "above the limit one factor for all, so that the norm is the limit"):
            for (gradients, limit), reply in zip(self.cases[3:], replies[3:], strict=True):
                factor = limit / self._norm(gradients)
                self._compare([factor * gradient for gradient in gradients], reply)

    @staticmethod
    def _agree(gradients, value):
        return (
            isinstance(value, list | np.ndarray)
            and np.ndim(value[0] if len(value) else 0) > 0
            and all(
                _near(found, gradient) for found, gradient in zip(value, gradients, strict=False)
            )
        )

    @staticmethod
    def _compare(expected, reply):
        for number, (found, gradient) in enumerate(
            zip(reply.values(len(expected)), expected, strict=True)
        ):
            check.close(found, gradient, f"array {number} of {len(expected)}")


@question("learning_rate", points=1.5)
class LearningRate:
    """Both ends, the peak and steps between, under schedules of several lengths."""

    def requests(self, rng):
        self.cases = []
        for total, warm_up in ((97, 13), (40, 1), (250, 120), (11, 10)):
            peak = float(rng.uniform(0.1, 3))
            rising = {0, warm_up - 1, warm_up // 2, int(rng.integers(warm_up))}
            falling = {warm_up, total, (total + warm_up) // 2, total - 1}
            falling.add(int(rng.integers(warm_up, total + 1)))
            for step in sorted(rising | falling):
                self.cases.append((step, total, warm_up, peak))
                yield call("learning_rate", *self.cases[-1])

    def verdict(self, replies, judge):
        parts = ((0.5, "a linear rise during warm-up", True), (1, "a cosine after it", False))
        for points, what, rises in parts:
            with judge.part(points, what):
                for case, reply in zip(self.cases, replies, strict=True):
                    step, total, warm_up, peak = case
                    if (step < warm_up) is not rises:
                        continue
                    share = (step - warm_up) / (total - warm_up)
                    cosine = peak / 2 * (1 + np.cos(np.pi * share))
                    expected = peak * step / warm_up if rises else cosine
                    told = f"learning_rate({step}, {total}, {warm_up}, {peak:.4g})"
                    check.close(check.number(reply.value, told), expected, told)


gradients_vanish = written("gradients_vanish", points=3)
