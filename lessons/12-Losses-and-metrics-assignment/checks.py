"""Hidden checks of assignment 12, losses and metrics.

Targets, logits, labels and pictures are drawn anew for every check, in other sizes than the
lesson's.
"""

from __future__ import annotations

import functools

import numpy as np

from course_lib import check
from course_staff.grading import call, predict, question, randomize_weights, written
from course_staff.grading import kind as kind_of_model


def _agree(found, expected):
    """Whether numbers agree within the tolerance that the lesson announces."""
    return bool(np.allclose(found, expected, check.expectations.RTOL, check.expectations.ATOL))


@question("regression_loss", points=4)
class RegressionLoss:
    """Each loss with errors of both signs, small and large; then with a column of predictions."""

    KINDS = ("mse", "mae", "msle", "huber")

    def requests(self, rng):
        self.cases = {
            form: {kind: [self._case(rng, kind, number, form) for number in range(4)]
                   for kind in self.KINDS}
            for form in ("row", "column")
        }  # fmt: skip
        for cases in self.cases.values():
            for of_kind in cases.values():
                for case in of_kind:
                    yield call("regression_loss", *case)

    @staticmethod
    def _case(rng, kind, number, form):
        n = int(rng.integers(6, 40))
        delta = float((0.4, 1.7, 2.6, 0.7)[number] * rng.uniform(0.9, 1.1))
        y_true = rng.gamma(2, 3, n) + 1
        errors = delta * np.where(
            np.arange(n) % 2, rng.uniform(1.3, 4, n), rng.uniform(0.2, 0.8, n)
        )
        y_pred = y_true + errors * rng.choice([-1, 1], n)
        if kind == "msle":
            y_pred = np.abs(y_pred)
            y_true[0], y_pred[1] = 0, 0
        else:
            y_true, y_pred = y_true - 4, y_pred - 4  # values of both signs
        dtype = ("float64", "float32")[number % 2]
        y_pred = y_pred[:, np.newaxis] if form == "column" else y_pred
        return kind, y_true.astype(dtype), y_pred.astype(dtype), delta

    def verdict(self, replies, judge):
        replies = iter(replies)
        pairs = {
            form: {kind: [(case, next(replies)) for case in of_kind]
                   for kind, of_kind in cases.items()}
            for form, cases in self.cases.items()
        }  # fmt: skip
        parts = {}
        for name in self.KINDS:
            with judge.part(0.75, f'"{name}"') as parts[name]:
                self._compare(pairs["row"][name], "")
        with judge.part(1, "predictions of shape (n, 1), for every kind that is right above"):
            right = [name for name in self.KINDS if parts[name].ok]
            check.that(right, "No kind is right above.")
            for name in right:
                self._compare(pairs["column"][name], " with predictions of shape (n, 1)")

    @staticmethod
    def _compare(pairs, how):
        for case, reply in pairs:
            kind, _, y_pred, delta = case
            check.close(
                check.number(reply.value, f'the loss "{kind}"{how}'),
                _regression_loss(*case),
                f'the loss "{kind}" of {len(y_pred)} rows, delta {delta:.2f}{how}',
                hint="Is it the mean? Does (n,) against (n, 1) become (n, n)?" if how else "",
            )


def _regression_loss(kind, y_true, y_pred, delta):
    """Return a loss, row by row."""
    total = 0.0
    for target, prediction in zip(y_true.tolist(), y_pred.ravel().tolist(), strict=True):
        error = abs(prediction - target)
        if kind == "mse":
            total += error**2
        elif kind == "mae":
            total += error
        elif kind == "msle":
            total += np.log((1 + prediction) / (1 + target)) ** 2
        else:
            total += error**2 / 2 if error < delta else delta * error - delta**2 / 2
    return total / len(y_true)


@question("best_constant", points=2.5)
class BestConstant:
    """Skewed targets with outliers: mean, median and what lies between them are told apart."""

    POINTS = (("mse", 0.5), ("mae", 1), ("huber", 1))
    WITHIN, APART = 0.001, 0.006  # relative to the least loss

    def requests(self, rng):
        self.cases = {
            kind: [self._case(rng, kind, number) for number in range(4)] for kind, _ in self.POINTS
        }
        for kind, cases in self.cases.items():
            for case in cases:
                yield call("best_constant", kind, *case)

    def _case(self, rng, kind, number):
        while True:
            n = int(rng.integers(30, 70))
            y = rng.lognormal(1, 0.8, n)
            y[: n // 12] *= rng.uniform(8, 15)
            y = rng.permutation(y) * (1, -1)[number // 2] + rng.uniform(-6, 6)
            y = y.astype(("float64", "float32")[number % 2])
            delta = float(rng.uniform(0.8, 3.5))
            least = self._loss(kind, y, delta, self._best(kind, y, delta))
            if all(self._loss(kind, y, delta, wrong) > (1 + self.APART) * least
                   for wrong in self._wrong(kind, y, delta)):  # fmt: skip
                return y, delta

    def _wrong(self, kind, y, delta):
        """Return the constants that are best for something else."""
        mean, median = y.mean(), np.median(y)
        others = {"mse": mean, "mae": median, "huber": self._best("huber", y, delta)}
        return [(mean + median) / 2, *(value for name, value in others.items() if name != kind)]

    @staticmethod
    def _loss(kind, y, delta, constant):
        return _regression_loss(kind, y, np.full(len(y), constant), delta)

    @staticmethod
    def _best(kind, y, delta):
        if kind != "huber":
            return y.astype("float64").mean() if kind == "mse" else np.median(y)
        low, high = float(y.min()), float(y.max())
        for _ in range(60):  # the slope of the loss grows with the constant
            middle = (low + high) / 2
            above = np.clip(middle - y, -delta, delta).sum() > 0
            low, high = (low, middle) if above else (middle, high)
        return low

    def verdict(self, replies, judge):
        replies = iter(replies)
        for kind, points in self.POINTS:
            cases = self.cases[kind]
            own = [next(replies) for _ in cases]
            with judge.part(points, f'the constant with the least "{kind}"'):
                for (y, delta), reply in zip(cases, own, strict=True):
                    constant = check.number(reply.value, f'the constant for "{kind}"')
                    least = self._loss(kind, y, delta, self._best(kind, y, delta))
                    loss = self._loss(kind, y, delta, constant)
                    check.that(
                        loss <= (1 + self.WITHIN) * least,
                        f"{len(y)} targets, delta {delta:.2f}: another constant has a loss that "
                        f"is {1 - least / loss:.1%} lower.",
                    )


@question("binary_cross_entropy", points=3)
class BinaryCrossEntropy:
    """Usual logits with targets of all kinds; then logits of ±1000 among usual ones."""

    def requests(self, rng):
        self.usual, self.large = [], []
        for number in range(4):
            n = int(rng.integers(7, 40))
            y = rng.integers(0, 2, n).astype("float64")
            y[rng.permutation(n)[: n // 3]] = rng.uniform(0.1, 0.9, n // 3)
            self.usual.append(self._case(y, rng.uniform(-7, 7, n), number))
        for number, wrong in enumerate((0, 0, 3, 5)):
            n = int(rng.integers(16, 30))
            y = rng.integers(0, 2, n)
            y[:4] = 0, 1, 0, 1
            logits = np.where(y, 1000.0, -1000.0)
            logits[:wrong] *= -1
            logits[-6:] = rng.uniform(-3, 3, 6)  # without them the loss would be 0
            self.large.append(self._case(y, logits, number))
        for case in (*self.usual, *self.large):
            yield call("binary_cross_entropy", *case)

    @staticmethod
    def _case(y, logits, number):
        dtype = ("float64", "float32")[number % 2]
        return np.asarray(y).astype(dtype), logits.astype(dtype)

    @staticmethod
    def _losses(y, logits):
        y, logits = y.astype("float64"), logits.astype("float64")
        return np.logaddexp(0, logits) - y * logits

    def verdict(self, replies, judge):
        usual, large = replies[:4], replies[4:]
        with judge.part(1.5, "the value, for logits of usual size") as value:
            found = [check.number(reply.value, "the loss") for reply in usual]
            means = np.array([self._losses(*case).mean() for case in self.usual])
            sums = np.array([self._losses(*case).sum() for case in self.usual])
            check.that(
                _agree(found, means) or _agree(found, sums),
                "It is not −y ln σ(z) − (1 − y) ln(1 − σ(z)), for targets between 0 and 1 as well.",
            )
        with judge.part(0.5, "the mean over the rows"):
            judge.needs(value)
            check.that(_agree(found, means), "It is the sum.")
        with judge.part(1, "finite and right at logits of ±1000"):
            judge.needs(value)
            summed = not _agree(found, means)
            for case, reply in zip(self.large, large, strict=True):
                expected = self._losses(*case).sum() / (1 if summed else len(case[0]))
                what = "the loss with logits of ±1000"
                check.close(check.number(reply.value, what), expected, what)


@question("categorical_cross_entropy", points=3)
class CategoricalCrossEntropy:
    """Integers, and rows that sum to 1; then rows of logits of ±1000 among usual ones."""

    SHAPES = ((9, 4), (14, 3), (5, 5), (11, 6))

    def requests(self, rng):
        self.cases = {
            (size, form): [self._case(rng, *shape, form, size, number)
                           for number, shape in enumerate(self.SHAPES)]
            for size in ("usual", "large")
            for form in ("integers", "rows")
        }  # fmt: skip
        for cases in self.cases.values():
            for case in cases:
                yield call("categorical_cross_entropy", *case)

    @staticmethod
    def _case(rng, n, k, form, size, number):
        logits = np.round(rng.normal(0, 2, (n, k)) * 64) / 64  # 1000 more is exact in float32
        classes = rng.integers(0, k, n)
        classes[:k] = rng.permutation(k)[:n]
        rows = np.eye(k)[classes]
        soft = rng.permutation(n)[: n // 2]
        rows[soft] = rng.dirichlet(np.ones(k), len(soft))
        if size == "large":
            logits[0] += 1000
            logits[1] -= 1000
            logits[2] = np.where(np.arange(k) == classes[2], 1000, -1000)
            rows[2] = np.eye(k)[classes[2]]
            if number > 1:  # and a wrong one, whose loss drowns the others
                logits[3] = np.where(np.arange(k) == (classes[3] + 1) % k, 1000, -1000)
        dtype = ("float64", "float32")[number % 2]
        labels = classes.astype("int64") if form == "integers" else rows.astype(dtype)
        return labels, logits.astype(dtype)

    def verdict(self, replies, judge):
        replies = iter(replies)
        own = {key: [next(replies) for _ in cases] for key, cases in self.cases.items()}
        parts = {}
        for form, label in (("integers", "integers"), ("rows", "one-hot and soft rows")):
            with judge.part(1, f"labels that are {label}") as parts[form]:
                self._compare(own, "usual", form)
        with judge.part(1, "logits of ±1000, for the labels that are right above"):
            right = [form for form, part in parts.items() if part.ok]
            check.that(right, "Neither kind of labels is right above.")
            for form in right:
                self._compare(own, "large", form)

    def _compare(self, own, size, form):
        for (labels, logits), reply in zip(self.cases[size, form], own[size, form], strict=True):
            n, k = logits.shape
            rows = np.eye(k)[labels] if form == "integers" else labels.astype("float64")
            shifted = logits.astype("float64") - logits.max(axis=1, keepdims=True)
            log_shares = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
            what = f"the loss of {n} rows and {k} classes, labels {labels.shape}, {size} logits"
            check.close(check.number(reply.value, what), -(rows * log_shares).sum() / n, what)


_ARRAYS = ("precision", "recall", "specificity", "f1")
_NUMBERS = ("accuracy", "macro_f1")


def _report(y_true, y_pred, n_classes):
    """Return the six values, class by class, from counted pairs."""
    values = {name: [] for name in _ARRAYS}
    for one in range(n_classes):
        is_one, said_one = y_true == one, y_pred == one
        hits, alarms = np.sum(is_one & said_one), np.sum(~is_one & said_one)
        misses, rest = np.sum(is_one & ~said_one), np.sum(~is_one & ~said_one)
        values["precision"].append(hits / max(hits + alarms, 1))
        values["recall"].append(hits / max(hits + misses, 1))
        values["specificity"].append(rest / max(rest + alarms, 1))
        values["f1"].append(2 * hits / max(2 * hits + alarms + misses, 1))
    values["accuracy"] = np.mean(y_true == y_pred)
    values["macro_f1"] = np.mean(values["f1"])
    return values


@question("class_report", points=4)
class ClassReport:
    """Classes with hits, misses and false alarms; then classes that are absent somewhere."""

    def requests(self, rng):
        self.usual = [self._usual(rng, n_classes) for n_classes in (2, 3, 4, 6)]
        self.absent = list(self._absent(rng))
        for case in (*self.usual, *self.absent):
            yield call("class_report", *case)

    @staticmethod
    def _usual(rng, n_classes):
        """Draw labels of which the last class is said too often, and the first too rarely."""
        once = np.arange(n_classes)
        n = int(rng.integers(8, 14)) * n_classes
        y_true = rng.choice(n_classes, n, p=(once + 2) / np.sum(once + 2))
        likely = np.where(rng.random(n) < 0.45, y_true, rng.choice(n_classes, n))
        y_pred = np.where(rng.random(n) < 0.2, n_classes - 1, likely)
        # A hit, a miss and a false alarm of each class.
        y_true = np.concatenate([y_true, once, once])
        y_pred = np.concatenate([y_pred, once, (once + 1) % n_classes])
        return y_true, y_pred, n_classes

    @staticmethod
    def _absent(rng):
        n_classes = int(rng.integers(5, 8))
        never, unsaid, neither = rng.permutation(n_classes)[:3]
        for number in range(3):
            n = int(rng.integers(40, 60))
            y_true, y_pred = rng.choice(n_classes, (2, n))
            y_pred = np.where(rng.random(n) < 0.5, y_true, y_pred)
            others = np.setdiff1d(np.arange(n_classes), (never, unsaid, neither))
            y_true[np.isin(y_true, (never, neither))] = others[0]
            y_pred[np.isin(y_pred, (unsaid, neither))] = others[-1]
            y_true[:2], y_pred[:2] = (unsaid, others[0]), (others[0], never)
            # Once the last class is absent, so the labels do not tell how many there are.
            yield y_true, y_pred, n_classes + number // 2
        alone = int(rng.integers(0, 3))  # no label but this: its specificity is 0/0
        y_pred = rng.choice(3, 12)
        y_pred[:2] = alone, (alone + 1) % 3
        yield np.full(12, alone), y_pred, 3
        one, other = rng.permutation(3)[:2]  # all right: 2/2, and 1/1 where 1 row is left
        yield np.array([one, one, other]), np.array([one, one, other]), 3

    def verdict(self, replies, judge):
        usual, absent = replies[: len(self.usual)], replies[len(self.usual) :]
        parts = {}
        for name in ("accuracy", *_ARRAYS, "macro_f1"):
            with judge.part(0.5, name) as parts[name]:
                self._compare(self.usual, usual, name)
        with judge.part(1, "classes that never occur or are never predicted"):
            right = [name for name, part in parts.items() if part.ok]
            check.that(
                len(right) >= 3 and any(name in _ARRAYS for name in right),
                "This counts where at least three values are right above, one array among them.",
            )
            for name in right:
                self._compare(self.absent, absent, name)

    @staticmethod
    def _compare(cases, replies, name):
        for case, reply in zip(cases, replies, strict=True):
            n_classes = case[2]
            told = reply.value
            check.that(isinstance(told, dict), "class_report should return a dictionary.")
            check.that(name in told, f'The dictionary has no "{name}".')
            what = f'"{name}" of {len(case[0])} rows and {n_classes} classes'
            value = told[name] if name in _ARRAYS else check.number(told[name], what)
            check.close(value, _report(*case)[name], what, hint="0/0 counts as 0.")


@question("class_weights", points=1.5)
class ClassWeights:
    """All classes, one of them with a single row; then labels in which some are absent."""

    def requests(self, rng):
        self.full, self.lacking = [], []
        for number in range(3):
            k = (3, 2, 5)[number]
            labels = np.repeat(np.arange(k), rng.permutation(np.arange(1, 1 + 4 * k, 4)))
            self.full.append((rng.permutation(labels), k))
        for number in range(3):
            k = (4, 6, 3)[number]
            gone = {int(rng.integers(0, k - 1)), k - 1} if number < 2 else {k - 1}
            labels = self._without(rng, k, gone)
            self.lacking.append((labels, k))
        for case in (*self.full, *self.lacking):
            yield call("class_weights", *case)

    @staticmethod
    def _without(rng, k, gone):
        left = np.array([label for label in range(k) if label not in gone])
        counts = rng.permutation(np.arange(1, 1 + 3 * len(left), 3))
        return rng.permutation(np.repeat(left, counts))

    def verdict(self, replies, judge):
        with judge.part(1, "n / (k · rows of the class) where all classes occur") as values:
            self._compare(self.full, replies[:3])
        with judge.part(0.5, "0 for a class that does not occur, and k counts those that do"):
            judge.needs(values)
            self._compare(self.lacking, replies[3:])

    @staticmethod
    def _compare(cases, replies):
        for (labels, n_classes), reply in zip(cases, replies, strict=True):
            occurring = [label for label in range(n_classes) if label in labels]
            expected = np.zeros(n_classes)
            for label in occurring:
                expected[label] = len(labels) / (len(occurring) * np.sum(labels == label))
            what = f"the weights of {n_classes} classes, of which {len(occurring)} occur"
            check.close(reply.value, expected, what)


@question("train_on_unbalanced", points=4, trains=True)
class TrainOnUnbalanced:
    """Trained here on outlines that nobody has seen, and scored on labels that stay here."""

    SHARES = (0.88, 0.07, 0.05)
    TRAINING, VALIDATION, HIDDEN = 1500, 40, 1500
    # docs/measurements.md tells what reaches which step.
    STEPS = (0.6, 0.64, 0.67, 0.7)

    def requests(self, rng):
        parts = [_shuffled(rng, n, self.SHARES) for n in (self.TRAINING, self.VALIDATION)]
        parts.append(rng.integers(0, 3, self.HIDDEN))
        drawn, names = rng.permutation(3), rng.permutation(3)  # which kind is common, and its label
        seed = int(rng.integers(2**31))
        train, val, hidden = (
            (_outlines(tuple(drawn[part].tolist()), seed + number), names[part])
            for number, part in enumerate(parts)
        )
        self.labels = hidden[1]
        yield call(
            "train_on_unbalanced", *train, *val, seconds=120,
            then=[
                kind_of_model(), predict(hidden[0]),
                randomize_weights(seed), predict(hidden[0][:50]),
            ],
        )  # fmt: skip

    def score(self, replies):
        """Return the mean recall on the hidden labels."""
        told = replies[0].step(0)
        told = told if isinstance(told, dict) else {}
        check.that(
            told.get("keras") is True,
            f"What train_on_unbalanced returned is of the class {told.get('class')}: a trained "
            "keras.Model is asked for.",
        )
        scores = check.array(replies[0].step(1), "predict(images)", shape=(self.HIDDEN, 3))
        check.that(np.isfinite(scores).all(), "predict gives values that are not finite.")
        # Another library's model that is wrapped into a Keras model predicts as before.
        after = check.array(replies[0].step(3), "predict(images)", shape=(50, 3))
        check.that(
            not np.allclose(scores[:50], after),
            "The model predicts the same whatever its Keras weights are.",
        )
        said = scores.argmax(axis=1)
        return float(np.mean([np.mean(said[self.labels == one] == one) for one in range(3)]))

    def verdict(self, replies, judge):
        for step in self.STEPS:
            with judge.part(1, f"a mean recall of at least {step:.0%} on other pictures"):
                recall = self.score(replies)
                check.that(recall >= step, f"It is {recall:.1%}.")


def _shuffled(rng, n, shares):
    """Return n classes in about these shares, each at least once, in random order."""
    ends = np.round(n * np.cumsum(shares)).astype(int)
    return rng.permutation(np.searchsorted(ends, np.arange(n), side="right"))


@functools.lru_cache(maxsize=6)  # judging asks for the same pictures once more
def _outlines(kinds, seed):
    """Draw outlines between diamond and square, thin to thick: float32, (n, 28, 28, 1).

    Two numbers decide what an outline looks like, its corners and its width. The three kinds are
    clouds of such pairs that overlap, so that nobody can tell them apart without mistakes.
    """
    rng, n, apart = np.random.default_rng(seed), len(kinds), 2.25
    angles = 2 * np.pi * np.arange(3) / 3 + 0.5
    centres = apart / np.sqrt(3) * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    corners, width = (rng.normal(size=(n, 2)) + centres[list(kinds)]).T[:, :, None, None]
    power, width = 2 * 2 ** (0.45 * corners), 2.6 * 2 ** (0.3 * width)
    down, across = np.mgrid[:28, :28]
    y, x = rng.uniform(12.5, 14.5, (2, n, 1, 1))
    radius, light = rng.uniform(7, 9, (n, 1, 1)), rng.uniform(0.7, 1, (n, 1, 1))
    distance = ((np.abs(down - y) / radius) ** power + (np.abs(across - x) / radius) ** power) ** (
        1 / power
    )  # 1 on the outline
    ink = np.clip(0.5 + width / 2 - np.abs(distance - 1) * radius, 0, 1) * light
    noisy = np.clip(ink + rng.normal(0, 0.1, ink.shape), 0, 1)
    return noisy[..., None].astype("float32")


what_happened = written("what_happened", points=3)
