"""Pictures as the page has them, decoded by another library."""

import base64
import io

import numpy as np
from PIL import Image

from landscape.report.images.attacked import Attacked
from landscape.report.images.pixels import Pixels
from landscape.report.images.tiles import BRIGHTER, DARKER, changed, side_by_side, tile_size, tiles


def decoded(address: str) -> np.ndarray:
    with Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))) as read:
        return np.asarray(read)


def test_changes_have_two_colours_and_their_size_as_opacity() -> None:
    found = changed(np.array([[-1.0, 0.0, 0.5, 1.0]]))
    assert found[0, :, 3].tolist() == [255, 0, 128, 255]
    assert found[0, 0, :3].tolist() == list(DARKER)
    assert found[0, 2:, :3].tolist() == [list(BRIGHTER)] * 2


def test_pictures_stand_side_by_side() -> None:
    pictures = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4, 1)
    np.testing.assert_array_equal(
        decoded(side_by_side(pictures)), np.hstack([pictures[0, ..., 0], pictures[1, ..., 0]])
    )


def test_tiles_are_a_whole_number_of_times_as_large_as_small_images() -> None:
    assert tile_size(8, 8) == [96, 96]
    assert tile_size(28, 28) == [84, 84]
    assert tile_size(4, 8) == [96, 48]
    assert tile_size(192, 96) == [48, 96]


def test_every_minimum_has_its_changes_at_each_epsilon() -> None:
    shape, random = (3, 2, 2), np.random.default_rng(0)
    pixels = Pixels(shape=shape, offset=np.zeros(12), scale=np.ones(12), black=0.0, white=1.0, is_standardised=False)
    before, after = random.uniform(size=(2, 12)), random.uniform(size=(2, 1, 2, 12))
    after[1, 0, 1] = before[1] + 0.5
    found = tiles(
        Attacked(
            epsilon=(0.5,),
            rows=np.array([4, 9]),
            labels=np.array([0, 1]),
            before=before,
            after=after,
            answers=np.arange(8).reshape(2, 2, 2),
            losses=np.full((2, 2, 2), 0.12345),
        ),
        pixels,
        [0, 7],
    )
    assert found["minima"].keys() == {"0", "7"}
    seventh = found["minima"]["7"]
    assert seventh["answers"] == [[4, 5], [6, 7]]
    assert seventh["losses"] == [[0.123, 0.123], [0.123, 0.123]]
    changes = decoded(seventh["changes"][0])
    assert changes.shape == (2, 4, 4)
    assert changes[:, 2:].reshape(-1, 4).tolist() == [[*BRIGHTER, 255]] * 4
    expected = np.round(255.0 * before.reshape(2, *shape).transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(decoded(found["samples"]), np.hstack(list(expected)))
