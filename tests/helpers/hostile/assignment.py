"""The assignment that the hostile class hands in: the small one and a Keras question."""

from __future__ import annotations

from pathlib import Path

import courses

from course_staff.grading.assignments.assignment import Assignment

AFFINE = """\
# %% answer="affine"
def affine(kernel, bias):
    ### BEGIN SOLUTION
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.set_weights([kernel, bias])  # @SOLUTION@
    return model
    ### END SOLUTION


# %% tests="affine" points=2
with check.question("affine", points=2) as question:
    with question.part(2, "takes kernel and bias"):
        check.that(affine(np.ones((3, 2)), np.ones(2)) is not None, "It should return a model.")

"""

AFFINE_CHECK = """

@question("affine", points=2)
class Affine:  # @CHECKS@
    def requests(self, rng):
        self.inputs = rng.normal(size=(4, 3))
        self.kernel, self.other = rng.normal(size=(2, 3, 2))
        bias = np.ones(2)
        then = [predict(self.inputs), set_weights([self.other, bias]), forward(self.inputs)]
        yield call("affine", self.kernel, bias, then=then, seconds=20)

    def verdict(self, replies, judge):
        with judge.part(1, "predicts"):
            check.close(replies[0].step(0), self.inputs @ self.kernel + 1, "predictions", rtol=1e-4)
        with judge.part(1, "and so under other weights"):
            check.close(replies[0].step(2), self.inputs @ self.other + 1, "outputs", rtol=1e-4)


why = written"""

WRITTEN = "# %% [markdown] written"
LESSON = courses.LESSON.replace(WRITTEN, AFFINE + WRITTEN).replace(
    "import numpy as np\n", "import keras\nimport numpy as np\n", 1
)
CHECKS = courses.CHECKS.replace("\n\nwhy = written", AFFINE_CHECK).replace(
    "import call, generator, question, written",
    "import call, forward, generator, predict, question, set_weights, written",
)

RIGHT_MODEL = """\
import keras
def affine(kernel, bias):
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(2)(inputs))
    model.set_weights([kernel, bias])
    return model"""


def hostile_course(root: Path, baits: dict[str, str]) -> Assignment:
    """Write the course into a folder, with baits in its solutions and its hidden checks."""

    def baited(text: str) -> str:
        for name, value in baits.items():
            text = text.replace(f"@{name.upper()}@", value)
        return text

    return courses.small_course(root, lesson=baited(LESSON), checks=baited(CHECKS))
