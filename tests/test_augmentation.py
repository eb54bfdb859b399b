import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib import augmentation

HEIGHT, WIDTH = 24, 32
COLOURS = np.array([[0, 0, 250], [250, 0, 0], [0, 250, 0], [120, 120, 120]], "uint8")


def blocks(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """An image that is its mask painted in colours, in 8 by 8 blocks."""
    coarse = np.random.default_rng(seed).integers(0, 4, (HEIGHT // 8, WIDTH // 8))
    mask = coarse.repeat(8, axis=0).repeat(8, axis=1).astype("uint8")
    return COLOURS[mask], mask


seeds = st.integers(0, 10_000)


@given(seeds, st.floats(0.5, 1.0))
def test_image_and_mask_stay_aligned(seed, smallest):
    image, mask = blocks(seed)
    rng = np.random.default_rng(seed)
    moved, moved_mask = augmentation.random_window(image, mask, rng, smallest=smallest)
    nearest = np.linalg.norm(moved[:, :, None] - COLOURS.astype("float32"), axis=-1).argmin(-1)
    # Where all neighbours are of one class no colours are mixed: there the two must agree.
    middle = (slice(1, -1), slice(1, -1))
    same = np.ones((HEIGHT - 2, WIDTH - 2), bool)
    for rows, columns in ((0, 1), (2, 1), (1, 0), (1, 2)):
        beside = moved_mask[rows : rows + HEIGHT - 2, columns : columns + WIDTH - 2]
        same &= beside == moved_mask[middle]
    assert same.any()
    assert (nearest[middle][same] == moved_mask[middle][same]).all()


def test_a_shift_of_one_side_alone_would_be_noticed():
    image, mask = blocks(3)
    moved, moved_mask = augmentation.random_window(image, mask, np.random.default_rng(0))
    colours = COLOURS[moved_mask].astype("float32")
    aligned = np.abs(moved - colours).mean()
    for shifted in (np.roll(moved, 3, axis=1), moved[:, ::-1], moved[::-1]):
        assert np.abs(shifted - colours).mean() > 2 * aligned


@given(seeds)
def test_a_moved_mask_holds_no_class_that_was_not_there(seed):
    image, mask = blocks(seed)
    _, moved = augmentation.random_window(image, mask, np.random.default_rng(seed), smallest=0.4)
    assert set(np.unique(moved)) <= set(np.unique(mask))
    assert moved.shape == mask.shape
    assert moved.dtype == mask.dtype


def test_the_whole_window_gives_the_pair_itself_or_its_mirror_image():
    image, mask = blocks(1)
    seen = set()
    for seed in range(20):
        moved, moved_mask = augmentation.random_window(
            image, mask, np.random.default_rng(seed), smallest=1
        )
        mirrored = not np.array_equal(moved_mask, mask)
        step = -1 if mirrored else 1
        assert np.array_equal(moved_mask, mask[:, ::step])
        assert np.allclose(moved, image[:, ::step])
        seen.add(mirrored)
    assert seen == {False, True}


@given(seeds)
def test_light_stays_between_black_and_white_and_keeps_the_order_of_greys(seed):
    greys = np.tile(np.arange(256, dtype="uint8")[:, None, None], (1, 2, 3))
    lit = augmentation.random_light(greys, np.random.default_rng(seed))
    assert lit.dtype == np.float32
    assert 0 <= lit.min() <= lit.max() <= 255
    assert (np.diff(lit, axis=0) >= 0).all()


@pytest.mark.parametrize("smallest", [0, -1, 1.5])
def test_a_window_larger_than_the_image_or_empty_is_refused(smallest):
    with pytest.raises(ValueError, match="smallest is"):
        augmentation.random_window(*blocks(0), np.random.default_rng(0), smallest=smallest)


def test_an_image_and_a_mask_of_different_sizes_are_refused():
    image, mask = blocks(0)
    with pytest.raises(ValueError, match="image has shape"):
        augmentation.random_window(image, mask[1:], np.random.default_rng(0))


def test_every_pair_comes_once_an_epoch_in_a_new_order_and_the_same_for_a_seed():
    images = np.arange(7, dtype="uint8")[:, None, None, None] * np.ones((1, 4, 4, 3), "uint8")
    masks = images[..., 0]

    def two_epochs(seed):
        pairs = augmentation.Pairs(images, masks, batch_size=3, seed=seed, augment=False)
        epochs = []
        for _ in range(2):
            batches = [pairs[i] for i in range(len(pairs))]
            assert [len(x) for x, _ in batches] == [3, 3, 1]
            assert all((x[..., 0] == y).all() for x, y in batches)
            epochs.append([int(y[0, 0]) for _, ys in batches for y in ys])
            pairs.on_epoch_end()
        return epochs

    first, second = two_epochs(seed=0)
    assert sorted(first) == sorted(second) == list(range(7))
    assert first != second
    assert two_epochs(seed=0) == [first, second]
    assert two_epochs(seed=1) != [first, second]


def test_pairs_need_one_mask_for_each_image():
    with pytest.raises(ValueError, match="3 images and 2 masks"):
        augmentation.Pairs(np.zeros((3, 4, 4, 3)), np.zeros((2, 4, 4), int), batch_size=1)
