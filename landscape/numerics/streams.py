"""Random streams: one for each walker and purpose, named by integers, never shared by a batch."""

import numpy as np


def stream(*key: int) -> np.random.Generator:
    """Independent generator for a key such as (seed, round, task, walker); equal keys give equal numbers."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(key)))
