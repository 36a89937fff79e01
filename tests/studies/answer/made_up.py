"""Made-up replicates whose robustness depends on depth by a slope, and not on flatness."""

import numpy as np

from landscape.studies.answer.minima import MeasuredMinima
from landscape.studies.answer.replicates import DataSetAnswer, Landscape, answers

MINIMA = 200
PROBLEM = {"dataset": "made", "hidden": [3], "subset": 100, "subset_seed": 0}


def minima(seed: int, slope: float) -> MeasuredMinima:
    """Minima whose robustness depends on depth by a slope, and not on flatness."""
    random = np.random.default_rng(seed)
    depth, noise = random.normal(size=MINIMA), random.normal(size=MINIMA)
    distance = 1.0 - 0.01 * (slope * depth + noise)
    return MeasuredMinima(
        depth=depth,
        hessian_trace=random.normal(size=MINIMA),
        accuracy=0.95 + 0.01 * random.random(MINIMA),
        margin=distance,
        robust=np.stack([distance - 0.2, distance - 0.5], axis=1),
        epsilon=(0.1, 0.2),
    )


def landscapes(count: int, slope: float = 1.0, **problem: object) -> list[Landscape]:
    """Replicates of one data set."""
    return [
        Landscape(
            name=f"replicate-{number}",
            problem=PROBLEM | {"subset_part": number} | problem,
            replicate=str(number),
            size=100,
            minima=minima(number, slope),
            is_complete=True,
            secondary={},
        )
        for number in range(count)
    ]


def answered(made: list[Landscape], whole: int = 5000) -> DataSetAnswer:
    (found,) = answers(made, lambda _: whole)
    return found
