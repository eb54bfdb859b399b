import shutil

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from course_lib import plots

GRAY = np.zeros((5, 28, 28), dtype=np.uint8)


def drawn(figure):
    """Axes of a figure that show something, after it has really been drawn."""
    figure.canvas.draw()
    return [axis for axis in figure.axes if axis.images or axis.lines]


def test_a_grid_shows_every_image_under_its_title():
    figure = plots.image_grid(GRAY, titles="abcde", columns=3, subject="digits")
    assert [axis.get_title() for axis in drawn(figure)] == list("abcde")
    assert figure.get_label() == "5 digits in 2 rows of 3, titled a, b, c, d, e."


@pytest.mark.parametrize("shape", [(2, 8, 8), (2, 8, 8, 1), (2, 8, 8, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_grid_takes_gray_and_colour_as_bytes_or_floats(shape, dtype):
    assert len(drawn(plots.image_grid(np.ones(shape, dtype)))) == 2


@pytest.mark.parametrize(
    ("images", "titles", "said"),
    [
        (GRAY, ["a"], "5 images but 1 titles"),
        (GRAY[:0], None, "shape"),
        (GRAY[0], None, "shape"),
        (np.zeros((2, 8, 8, 4)), None, "shape"),
    ],
)
def test_images_that_cannot_be_shown_are_refused(images, titles, said):
    with pytest.raises(ValueError, match=said):
        plots.image_grid(images, titles=titles)


def test_learning_curves_label_both_axes_and_tell_the_numbers_in_words():
    history = {"loss": [1.0, 0.5], "val_loss": [1.1, 0.7], "accuracy": [0.3, 0.6]}
    figure = plots.learning_curves(history, title="MLP")
    loss, accuracy = drawn(figure)
    assert (loss.get_xlabel(), loss.get_ylabel(), accuracy.get_ylabel()) == (
        "epoch",
        "loss",
        "accuracy",
    )
    assert [line.get_label() for line in loss.lines] == ["training", "validation"]
    assert "validation loss from 1.1 to 0.7" in figure.get_label()
    assert "training accuracy from 0.3 to 0.6" in figure.get_label()


def test_learning_curves_without_a_loss_are_refused():
    with pytest.raises(ValueError, match=r'no "loss"; it has \[\'accuracy\'\]'):
        plots.learning_curves({"accuracy": [1.0]})


def test_a_confusion_matrix_writes_its_counts_and_names_its_axes():
    figure = plots.confusion_matrix([[50, 2], [0, 48]], ["cat", "dog"])
    axis = drawn(figure)[0]
    assert {text.get_text() for text in axis.texts} == {"50", "2", "48"}
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("predicted class", "true class")
    assert (
        "100 predictions in 2 classes; 98 lie on the diagonal, 2 are mistakes" in figure.get_label()
    )


def test_a_confusion_matrix_needs_a_name_for_each_class():
    with pytest.raises(ValueError, match="3 class names"):
        plots.confusion_matrix(np.eye(2), ["a", "b", "c"])


def test_filters_share_one_colour_scale_centred_on_zero():
    kernel = np.linspace(-1, 0.5, 3 * 3 * 1 * 4).reshape(3, 3, 1, 4)
    axes = drawn(plots.filters(kernel))[:4]
    assert {axis.images[0].get_clim() for axis in axes} == {(-1.0, 1.0)}


def test_feature_maps_share_one_colour_scale_even_when_all_are_zero():
    axes = drawn(plots.feature_maps(np.zeros((4, 4, 9))))[:9]
    assert {axis.images[0].get_clim() for axis in axes} == {(0.0, 1.0)}


@pytest.mark.parametrize("draw", [plots.filters, plots.feature_maps])
def test_maps_of_another_shape_are_refused(draw):
    with pytest.raises(ValueError, match="shape"):
        draw(np.zeros((3, 3)))


def test_regions_name_both_classes_and_say_how_many_points_lie_right():
    corners, labels = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 1])
    panels = {
        "one or both": (corners, labels, lambda points: points.sum(axis=1) - 0.5),
        "never": (corners, labels, lambda points: np.full((len(points), 1), -1.0)),
    }
    figure = plots.decision_regions(panels, axis_labels=("first", "second"))
    left, right = drawn(figure)
    assert [axis.get_title() for axis in (left, right)] == ["one or both", "never"]
    assert (left.get_xlabel(), left.get_ylabel(), right.get_xlabel()) == (
        "first",
        "second",
        "first",
    )
    assert {text.get_text() for text in left.get_legend().get_texts()} == {"class 0", "class 1"}
    assert "one or both: 100% of 4 points" in figure.get_label()
    assert "never: 25% of 4 points" in figure.get_label()


def test_no_colour_map_misleads_colour_blind_readers():
    assert {plots.SEQUENTIAL, plots.DIVERGING} <= {"viridis", "cividis", "RdBu", "RdBu_r", "PuOr"}
    assert len(set(plots.OKABE_ITO)) == 8


def test_a_figure_without_text_alternative_is_not_shown():
    with pytest.raises(ValueError, match="no text alternative"):
        plots.show(plots.new_figure(""))


def test_outside_a_notebook_the_text_alternative_is_printed(capsys):
    plots.show(plots.image_grid(GRAY), caption="Five blanks.")
    assert capsys.readouterr().out == "[figure: 5 images in 1 row of 5.]\nFive blanks.\n"


@pytest.fixture(scope="module")
def executed():
    """Outputs of cells that show a figure, curves that grow, and a drawing with and without dot."""
    cells = [
        "import numpy as np\nfrom course_lib import plots\n"
        "plots.show(plots.image_grid(np.zeros((2, 8, 8))), caption='Two blanks.')",
        "live = plots.LiveFigure()\n"
        "for n in (1, 2, 3):\n    live.show(plots.learning_curves({'loss': [1.0] * n}))",
        "import keras, os\n"
        "model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name='d')])\n"
        "plots.architecture(model)",
        "os.environ['PATH'] = ''\nplots.architecture(model)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=120).execute()
    return [cell.outputs for cell in notebook.cells]


def test_in_a_notebook_a_figure_comes_with_alternative_text_and_caption(executed):
    picture, caption = executed[0]
    assert picture["data"]["text/plain"] == "2 images in 1 row of 2."
    assert picture["metadata"]["image/png"]["alt"] == "2 images in 1 row of 2."
    assert picture["data"]["image/png"]
    assert caption["data"]["text/markdown"] == "*Two blanks.*"


def test_growing_curves_leave_one_picture_the_last(executed):
    (picture,) = [output for output in executed[1] if output.output_type == "display_data"]
    assert "over 3 epochs" in picture["data"]["text/plain"]


def test_a_model_is_drawn_where_graphviz_is(executed):
    if not shutil.which("dot"):
        pytest.skip("Graphviz's dot is not installed")
    (picture,) = [output for output in executed[2] if output.output_type == "display_data"]
    assert picture["data"]["image/png"]
    assert picture["metadata"]["image/png"]["alt"].startswith("Graph of the model sequential: d")


def test_without_graphviz_the_remedy_and_the_summary_are_shown(executed):
    text = "".join(str(output.get("text", output.get("data"))) for output in executed[3])
    assert "install it (Debian: apt install graphviz" in text
    assert "Total params" in text


def test_attribution_maps_share_one_scale_centred_on_zero_with_their_images_beside():
    maps = np.zeros((2, 3, 8, 8))
    figure = plots.attribution_grid(
        maps, images=np.zeros((2, 8, 8, 1)), row_titles=["a", "b"], column_titles="xyz"
    )
    pictures = [axis for axis in drawn(figure) if axis.images][:8]
    assert {axis.images[0].get_clim() for axis in pictures[1:4]} == {(-1.0, 1.0)}
    assert [axis.get_title() for axis in pictures[:4]] == ["", "x", "y", "z"]
    assert "columns: x, y, z; rows: a, b" in figure.get_label()


def test_attribution_maps_can_lie_over_their_images():
    figure = plots.attribution_grid(
        np.ones((1, 2, 4, 8)), images=np.ones((1, 4, 8, 3)), overlay=True
    )
    assert [len(axis.images) for axis in drawn(figure)][:2] == [2, 2]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"row_titles": "ab"}, "1 rows but 2 row titles"),
        ({"images": np.zeros((2, 4, 4))}, "1 rows of maps but 2 images"),
        ({"overlay": True}, "pass images"),
    ],
)
def test_attribution_maps_that_do_not_fit_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        plots.attribution_grid(np.zeros((1, 1, 4, 4)), **options)
