"""Why did the network say that? One call per method of attribution, for any Keras classifier.

>>> from course_lib import explain
>>> maps = explain.grad_cam(model, images, classes=3)  # doctest: +SKIP
>>> pictures = explain.for_display(maps, size=(28, 28))  # doctest: +SKIP

All methods take Functional and Sequential models, nested ones too, explain the **logit** of a
class even where the model ends in softmax, and give back raw signed numbers: per input value with
the shape of the images, or (`grad_cam` and its kin) per place of a feature map. `for_display`
scales them for the eye, as a separate step. The model is never changed.
"""

from course_lib.explain.display import for_display, pool_channels, resize
from course_lib.explain.feature_map_weighting import (
    class_activation_map,
    grad_cam,
    grad_cam_plus_plus,
)
from course_lib.explain.gradients import (
    guided_backpropagation,
    integrated_gradients,
    smooth_grad,
    vanilla_gradients,
)
from course_lib.explain.logits import Logits, last_feature_map
from course_lib.explain.maximisation import Maximised, activation_maximisation
from course_lib.explain.occluding import occlusion

__all__ = [
    "Logits",
    "Maximised",
    "activation_maximisation",
    "class_activation_map",
    "for_display",
    "grad_cam",
    "grad_cam_plus_plus",
    "guided_backpropagation",
    "integrated_gradients",
    "last_feature_map",
    "occlusion",
    "pool_channels",
    "resize",
    "smooth_grad",
    "vanilla_gradients",
]
