"""Hidden checks of assignment 10, convolution by hand.

Pictures, kernels and sizes are drawn anew for every check, in other shapes than the lesson's.
"""

from __future__ import annotations

import numpy as np

from course_lib import check
from course_staff.grading import call, forward, question, set_weights, weights, written


def _drawn(rng, shape, dtype="float64"):
    """Draw numbers of which none is near zero: a forgotten one shows, and so does a flip."""
    return (rng.uniform(0.4, 2, shape) * rng.choice([-1, 1], shape)).astype(dtype)


def _places(n, kernel, stride, padding, dilation):
    """Count the places of a kernel along one side."""
    last = n + 2 * padding - dilation * (kernel - 1)
    return len(range(0, last, stride))


@question("output_size", points=2)
class OutputSize:
    """Settings that divide and that do not, a kernel that fits once, kernels of one pixel."""

    def requests(self, rng):
        self.settings = {"dilation 1": [], "other dilations": []}
        for dilated, settings in enumerate(self.settings.values()):
            for number in range(10):
                dilation = int(rng.integers(2, 5)) if dilated else 1
                kernel = int(rng.integers(2, 8))
                stride = (1, 2, 3, 4, 5)[number % 5]
                padding = (0, 1, 3)[number % 3]
                # The first two fits of five are exact, the others leave pixels over.
                over = 0 if number % 5 < 2 else int(rng.integers(1, stride))
                steps = 0 if number == 9 else int(rng.integers(4, 30))
                n = dilation * (kernel - 1) + 1 - 2 * padding + stride * steps + over
                settings.append((max(n, 1), kernel, stride, padding, dilation))
            settings.append((int(rng.integers(9, 20)), 1, 2, 0, 3 if dilated else 1))
            for case in settings:
                yield call("output_size", *case)

    def verdict(self, replies, judge):
        replies = iter(replies)
        for what, settings in self.settings.items():
            own = [next(replies) for _ in settings]
            with judge.part(1, f"the number of places, {what}"):
                for case, reply in zip(settings, own, strict=True):
                    size = check.number(reply.value, f"output_size{case}")
                    check.that(
                        size == _places(*case), f"output_size{case}: {size:g} is not the number."
                    )


def _correlate(image, kernel, stride, padding, dilation):
    """Return the map, by adding up shifted pictures."""
    padded = np.pad(image.astype("float64"), padding)
    height, width = (
        _places(n, k, stride, padding, dilation)
        for n, k in zip(image.shape, kernel.shape, strict=True)
    )
    result = np.zeros((height, width))
    for i, j in np.ndindex(kernel.shape):
        rows = i * dilation + stride * np.arange(height)
        columns = j * dilation + stride * np.arange(width)
        result += float(kernel[i, j]) * padded[np.ix_(rows, columns)]
    return result


@question("correlate", points=5)
class Correlate:
    """Each setting alone, then together those that were right alone."""

    SHAPES = (  # of image and kernel: wide, tall, even, of one row, as large as the image
        ((7, 12), (3, 2)),
        ((13, 10), (2, 4)),
        ((9, 9), (3, 3)),
        ((8, 15), (1, 3)),
    )
    ALONE = (
        ("stride 1, no padding, dilation 1", ((1, 0, 1),)),
        ("padding", ((1, 1, 1), (1, 2, 1), (1, 3, 1))),
        ("stride", ((2, 0, 1), (3, 0, 1), (4, 0, 1))),
        ("dilation", ((1, 0, 2), (1, 0, 3))),
    )
    TOGETHER = (
        ("padding", "stride", (2, 1, 1)),
        ("padding", "stride", (3, 2, 1)),
        ("padding", "dilation", (1, 2, 2)),
        ("stride", "dilation", (2, 0, 2)),
        ("padding", "stride", "dilation", (3, 2, 2)),
        ("padding", "stride", "dilation", (2, 3, 3)),
    )

    def requests(self, rng):
        self.alone = {
            what: [
                self._case(rng, *shapes, settings[number % len(settings)], number)
                for number, shapes in enumerate(self.SHAPES)
            ]
            for what, settings in self.ALONE
        }
        self.alone["stride 1, no padding, dilation 1"].append(
            self._case(rng, (4, 6), (4, 6), (1, 0, 1), 0)
        )
        self.together = [
            (
                names,
                self._case(rng, *self.SHAPES[number % len(self.SHAPES)], setting, number),
            )
            for number, (*names, setting) in enumerate(self.TOGETHER)
        ]
        for cases in (*self.alone.values(), [case for _, case in self.together]):
            for case in cases:
                yield call("correlate", *case)

    @staticmethod
    def _case(rng, image, kernel, setting, number):
        dtype = ("float64", "float32")[number % 2]
        extra = rng.integers(0, 4, 2) if image != kernel else (0, 0)
        image = tuple(int(n + more) for n, more in zip(image, extra, strict=True))
        return _drawn(rng, image, dtype), _drawn(rng, kernel, dtype), *setting

    def verdict(self, replies, judge):
        replies = iter(replies)
        own = {what: [next(replies) for _ in cases] for what, cases in self.alone.items()}
        together = list(replies)
        parts = {}
        for (what, cases), points in zip(self.alone.items(), (2, 1, 1, 1), strict=True):
            label = f"{what}, and what is right alone together" if what == "dilation" else what
            with judge.part(points, label) as parts[what]:
                for case, reply in zip(cases, own[what], strict=True):
                    self._compare(case, reply)
                if what == "dilation":
                    for (names, case), reply in zip(self.together, together, strict=True):
                        if all(parts[name].ok for name in names):
                            self._compare(case, reply)

    @staticmethod
    def _compare(case, reply):
        image, kernel, stride, padding, dilation = case
        check.close(
            reply.value,
            _correlate(*case),
            f"the map of an image {image.shape} and a kernel {kernel.shape}, stride {stride}, "
            f"padding {padding}, dilation {dilation}",
        )


def _matrix(kernel, height, width):
    """Return U, column by column: the maps of pictures with one white pixel."""
    columns = []
    for pixel in range(height * width):
        image = np.zeros(height * width)
        image[pixel] = 1
        columns.append(_correlate(image.reshape(height, width), kernel, 1, 0, 1).ravel())
    return np.transpose(columns)


@question("convolution_matrix", points=3)
class ConvolutionMatrix:
    """Wide and tall images, kernels that are not square, one as large as the image."""

    CASES = (((2, 3), 4, 7), ((3, 2), 6, 4), ((3, 3), 5, 5), ((1, 4), 3, 6), ((4, 3), 4, 3))

    def requests(self, rng):
        self.cases = []
        for number, (shape, height, width) in enumerate(self.CASES):
            more = rng.integers(0, 3, 2) if number < 4 else (0, 0)
            kernel = _drawn(rng, shape, ("float64", "float32")[number % 2])
            self.cases.append((kernel, int(height + more[0]), int(width + more[1])))
            yield call("convolution_matrix", *self.cases[-1])

    def verdict(self, replies, judge):
        expected = [_matrix(*case) for case in self.cases]
        told = [f"U of a kernel {k.shape} on {h} × {w} pixels" for k, h, w in self.cases]
        with judge.part(1, "the shape; not all zero"):
            for what, matrix, reply in zip(told, expected, replies, strict=True):
                found = check.array(reply.value, what, shape=matrix.shape)
                check.that(found.any(), f"{what} is all zero.")
        with judge.part(2, "the values"):
            for what, matrix, reply in zip(told, expected, replies, strict=True):
                check.close(reply.value, matrix, what, hint="Is the kernel flipped, or U turned?")


@question("transposed", points=2)
class Transposed:
    """Stamps that overlap, lie side by side, and stand apart."""

    CASES = (  # feature map, kernel, stride
        ((3, 5), (3, 2), 1),
        ((4, 2), (2, 4), 2),
        ((3, 4), (2, 2), 2),
        ((3, 2), (2, 1), 3),
        ((2, 4), (3, 5), 3),
        ((1, 3), (3, 3), 4),
    )

    def requests(self, rng):
        self.cases = []
        for number, (smallest, kernel, stride) in enumerate(self.CASES):
            shape = tuple(int(n) for n in np.add(smallest, rng.integers(0, 3, 2)))
            dtype = ("float64", "float32")[number % 2]
            self.cases.append((_drawn(rng, shape, dtype), _drawn(rng, kernel, dtype), stride))
            yield call("transposed", *self.cases[-1])

    def verdict(self, replies, judge):
        expected = [self._expected(*case) for case in self.cases]
        told = [
            f"transposed of a map {m.shape}, a kernel {k.shape}, stride {stride}"
            for m, k, stride in self.cases
        ]
        with judge.part(0.5, "the shape; not all zero"):
            for what, result, reply in zip(told, expected, replies, strict=True):
                found = check.array(reply.value, what, shape=result.shape)
                check.that(found.any(), f"{what} is all zero.")
        with judge.part(1.5, "the values"):
            for what, result, reply in zip(told, expected, replies, strict=True):
                check.close(reply.value, result, what)

    @staticmethod
    def _expected(feature_map, kernel, stride):
        """Return the sum over the kernel's entries: the map, stretched and shifted."""
        (h, w), (kh, kw) = feature_map.shape, kernel.shape
        result = np.zeros(((h - 1) * stride + kh, (w - 1) * stride + kw))
        for i, j in np.ndindex(kh, kw):
            rows, columns = i + stride * np.arange(h), j + stride * np.arange(w)
            result[np.ix_(rows, columns)] += float(kernel[i, j]) * feature_map
        return result


@question("pool", points=3)
class Pool:
    """Windows side by side that fill the image; then all others, of the kinds that are right."""

    KINDS = ("max", "average")
    FILLING = (((6, 10), 2, 2), ((9, 6), 3, 3), ((8, 12), 4, 4), ((4, 6), 2, 2))
    OTHERS = (  # overlapping, leaving a border, standing apart, as large as the image
        ((7, 9), 3, 1),
        ((8, 6), 3, 2),
        ((9, 11), 2, 2),
        ((10, 8), 4, 3),
        ((11, 9), 2, 3),
        ((12, 8), 1, 4),
        ((5, 8), 5, 2),
    )

    def requests(self, rng):
        self.filling, self.others = (
            {kind: [self._case(rng, *case, kind, number) for number, case in enumerate(cases)]
             for kind in self.KINDS}
            for cases in (self.FILLING, self.OTHERS)
        )  # fmt: skip
        for group in (self.filling, self.others):
            for cases in group.values():
                for case in cases:
                    yield call("pool", *case)

    @staticmethod
    def _case(rng, shape, size, stride, kind, number):
        image = rng.normal(size=shape)
        if number % 2:
            image = -np.abs(image) - 0.3
        return image.astype(("float64", "float32")[number // 2 % 2]), size, stride, kind

    def verdict(self, replies, judge):
        replies = iter(replies)
        filling, others = (
            {kind: [(case, next(replies)) for case in cases] for kind, cases in group.items()}
            for group in (self.filling, self.others)
        )
        parts = {}
        for kind, also in (("max", ", also of negative values"), ("average", "")):
            with judge.part(1, f'"{kind}"{also}') as parts[kind]:
                for case, reply in filling[kind]:
                    self._compare(case, reply)
        with judge.part(1, "windows that overlap, leave a border, or stand apart"):
            right = [kind for kind in self.KINDS if parts[kind].ok]
            check.that(right, "This counts for the kinds that are right, and none is.")
            for kind in right:
                for case, reply in others[kind]:
                    self._compare(case, reply)

    @staticmethod
    def _compare(case, reply):
        image, size, stride, kind = case
        windows = np.lib.stride_tricks.sliding_window_view(image.astype("float64"), (size, size))
        summary = {"max": np.max, "average": np.mean}[kind]
        check.close(
            reply.value,
            summary(windows[::stride, ::stride], axis=(2, 3)),
            f'pool of an image {image.shape}, size {size}, stride {stride}, "{kind}"',
        )


def _maps(images, kernels, bias):
    """Return the maps of a layer, as a sum over windows."""
    windows = np.lib.stride_tricks.sliding_window_view(
        images.astype("float64"), kernels.shape[:2], axis=(1, 2)
    )
    return np.einsum("npqcij,ijcf->npqf", windows, kernels.astype("float64")) + bias


@question("convolve_layer", points=3)
class ConvolveLayer:
    """One and several pictures, channels and filters, without and with a bias."""

    CASES = (  # images, kernels
        ((3, 6, 9, 4), (3, 2, 4, 5)),
        ((2, 8, 5, 3), (2, 4, 3, 3)),
        ((1, 5, 7, 2), (1, 3, 2, 6)),
        ((4, 6, 6, 1), (3, 3, 1, 4)),
        ((2, 5, 6, 5), (2, 2, 5, 1)),
        ((1, 4, 5, 1), (2, 3, 1, 1)),
    )

    def requests(self, rng):
        self.cases = {"zero": [], "other": []}
        for which, cases in self.cases.items():
            for number, (images, kernels) in enumerate(self.CASES):
                dtype = ("float64", "float32")[number % 2]
                bias = np.zeros(kernels[-1]) if which == "zero" else _drawn(rng, kernels[-1])
                arrays = _drawn(rng, images, dtype), _drawn(rng, kernels, dtype)
                cases.append((*arrays, bias.astype(dtype)))
                yield call("convolve_layer", *cases[-1])

    def verdict(self, replies, judge):
        zero, other = replies[: len(self.CASES)], replies[len(self.CASES) :]
        with judge.part(2, "the sum over the channels, for every filter, with a bias of zeros"):
            for case, reply in zip(self.cases["zero"], zero, strict=True):
                self._compare(case, reply)
        with judge.part(1, "the whole result, with a bias for each filter"):
            for case, reply in zip(self.cases["other"], other, strict=True):
                self._compare(case, reply)

    @staticmethod
    def _compare(case, reply):
        images, kernels, _ = case
        # Sums of up to 60 products in float32, some of which nearly cancel.
        check.close(
            reply.value,
            _maps(*case),
            f"the maps of images {images.shape} under kernels {kernels.shape}",
            atol=1e-4 if images.dtype == "float32" else 1e-5,
        )


def _weight_shapes(input_shape, n, m, k, filters, units, n_classes):
    """Return the shapes of the pattern's weights, from the input on."""
    height, width, channels = input_shape
    shapes = []
    for _ in range(m):
        for _ in range(n):
            shapes += [(3, 3, channels, filters), (filters,)]
            channels = filters
        height, width = height // 2, width // 2
    inputs = height * width * channels
    for outputs in (*[units] * k, n_classes):
        shapes += [(inputs, outputs), (outputs,)]
        inputs = outputs
    return shapes


def _outputs(images, arrays, n, m, k):
    """Return what the pattern gives, in NumPy; each layer's signals have about the same size."""
    arrays = iter(arrays)
    signal = images.astype("float64")
    for _ in range(m):
        for _ in range(n):
            padded = np.pad(signal, ((0, 0), (1, 1), (1, 1), (0, 0)))
            signal = np.maximum(_maps(padded, next(arrays), next(arrays)), 0)
        count, height, width, channels = signal.shape
        whole = signal[:, : height // 2 * 2, : width // 2 * 2]
        signal = whole.reshape(count, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))
    signal = signal.reshape(len(signal), -1)
    for _ in range(k):
        signal = np.maximum(signal @ next(arrays) + next(arrays), 0)
    return signal @ next(arrays) + next(arrays)


@question("build_cnn", points=4)
class BuildCnn:
    """Odd sides, one to three of everything, no hidden dense layer among them."""

    SETTINGS = (  # input_shape, n, m, k
        ((13, 10, 2), 2, 2, 1),
        ((9, 14, 1), 1, 3, 0),
        ((8, 7, 3), 3, 1, 2),
        ((11, 11, 2), 1, 1, 3),
    )

    def requests(self, rng):
        self.cases = []
        for input_shape, n, m, k in self.SETTINGS:
            filters, units, n_classes = rng.choice(np.arange(3, 9), 3, replace=False).tolist()
            settings = (input_shape, n, m, k, filters, units, n_classes)
            images = rng.normal(size=(6, *input_shape)).astype("float32")
            arrays = [self._array(rng, shape) for shape in _weight_shapes(*settings)]
            # Outputs on both sides of zero, where an activation behind the last layer shows.
            arrays[-1] = arrays[-1] - _outputs(images, arrays, n, m, k).mean(axis=0)
            arrays = [array.astype("float32") for array in arrays]
            self.cases.append((settings, images, arrays))
            yield call(
                "build_cnn", *settings,
                then=[
                    weights(), set_weights(arrays), forward(images), forward(images, training=True)
                ],
                seconds=20,
            )  # fmt: skip

    @staticmethod
    def _array(rng, shape):
        if len(shape) == 1:
            return rng.normal(0, 0.4, shape)
        return rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape)

    def verdict(self, replies, judge):
        with judge.part(1.5, "shapes and number of parameters"):
            for (settings, _, arrays), reply in zip(self.cases, replies, strict=True):
                what = f"build_cnn{settings}"
                found = [np.shape(array) for array in reply.step(0)]
                expected = [array.shape for array in arrays]
                check.that(found, f"{what} has no weights yet: does it start with keras.Input?")
                count, right = (sum(map(_size, shapes)) for shapes in (found, expected))
                check.that(count == right, f"{what} has {count} parameters, not {right}.")
                check.that(
                    sorted(found) == sorted(expected),
                    f"{what} has weights of other shapes than expected: {found}.",
                )
        with judge.part(2.5, "with given weights, the outputs of a trusted network"):
            for (settings, images, arrays), reply in zip(self.cases, replies, strict=True):
                expected = _outputs(images, arrays, *settings[1:4])
                what = f"build_cnn{settings}: the output"
                check.close(reply.step(2), expected, what, atol=1e-4)
                check.close(
                    reply.step(3), expected, f"{what} in training", atol=1e-4,
                    hint="Is there a layer like dropout?",
                )  # fmt: skip


def _size(shape):
    return int(np.prod(shape))


shift_rotation_scaling = written("shift_rotation_scaling", points=3)
