"""Worker that walks with GMIN, the Fortran code in the wheel of pylfl, by pylfl's recipe: basin-hopping from U(-5, 5),
steps of at most 1.0, T = 2.0.

Two things differ from the recipe. There are 40 correction pairs. And energies distinguish minima to 1e-7; the recipe's
1e-4 would merge all minima of iris-10 at l2 = 1e-3 but one, and so leave two. So quenches converge to RMS 1e-7 before
the comparison.
"""

import numpy as np

from tests.benchmarks.fortran import Fortran, columns, number
from tests.benchmarks.landscapes import RMS
from tests.benchmarks.serve import Answer, serve

BOX = 5.0
WALK = f"""SLOPPYCONV {number(RMS)}
TIGHTCONV 1.0D-9
SAVE 1000
UPDATES 40
MAXIT 5000 5000
EDIFF 1.0D-7
STEPS {{steps}} 1.0
STEP 1.0
TEMPERATURE 2.0
FIXBOTH
"""


def walk(landscape: str, l2: float, steps: int, seed: int) -> Answer:
    """The distinct minima of `steps` steps from the start of this seed."""
    network = Fortran(landscape, l2)
    start = np.random.default_rng(seed).uniform(-BOX, BOX, network.units.parameters)
    files = {"data": WALK.format(steps=steps) + network.potential, "coords": network.column(start)}
    output = network.run("GMIN", files, "lowest")
    theta = network.ours(columns(output.written, network.units.parameters, head=2)).tolist()
    return {"theta": theta, "counts": [1] * len(theta), "seconds": output.seconds}


if __name__ == "__main__":
    serve("GMIN", {"walk": walk})
