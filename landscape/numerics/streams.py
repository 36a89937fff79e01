"""Random streams: one for each walker and purpose, named by integers, never shared within a batch."""

import numpy as np


def stream(*key: int) -> np.random.Generator:
    """The random generator of a key such as (seed, round, task, walker).

    Equal keys give equal numbers. Different keys, also of different lengths, give independent ones.

    Each integer, at least 0 and below 2^64, fills two words of the seed, after a word for the length of the key: a
    `SeedSequence` of the key alone would not distinguish (1, 2) from (1, 2, 0), or (2^32,) from (0, 1).
    """
    words = [half for number in key for half in divmod(int(number), 2**32)]
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([len(key), *words])))
