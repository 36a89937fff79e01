"""Pictures as files, read by another library."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from landscape.report.images.png import data_uri, png


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_another_library_reads_the_same_pixels(channels: int, mode: str) -> None:
    pixels = np.random.default_rng(channels).integers(0, 256, size=(5, 7, channels), dtype=np.uint8)
    with Image.open(io.BytesIO(png(pixels))) as read:
        assert (read.format, read.mode, read.size) == ("PNG", mode, (7, 5))
        np.testing.assert_array_equal(np.asarray(read).reshape(pixels.shape), pixels)


def test_an_address_holds_the_file() -> None:
    pixels = np.zeros((2, 2, 1), dtype=np.uint8)
    head, _, text = data_uri(pixels).partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(text) == png(pixels)
