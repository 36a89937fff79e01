"""Worker that quenches with OPTIM, the Fortran code in the wheel of pylfl: one process, all starts as its multijob.

UPDATES 40 and steps of at most 1, as for the others. Its CPU time is that of the whole process, some 10 ms of it before
the first start. It takes no part in the other rows: a walk of GMIN does not start afresh from given points, and OPTIM
joins a pair by whole paths of many steps, which is other work than one connection.
"""

import resource
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pylfl  # type: ignore[import-not-found]

from tests.benchmarks.landscapes import LANDSCAPES, RMS
from tests.benchmarks.serve import Answer, serve
from tests.benchmarks.units import Units

OPTIM = Path(pylfl.__file__).parent / "bin" / "linux" / "OPTIM"
KEYWORDS = """SEARCH 0
UPDATES 40 40
MAXBFGS 1.0 1.0
BFGSMIN {rms}
BFGSSTEPS 100000
STEPS 100000
DUMPDATA
MULTIJOB others
MLPVB3 {units.inputs} 1 {units.hidden} {units.outputs} {samples} {l2}
VARIABLES
"""


def quench(landscape: str, l2: float, starts: int) -> Answer:
    """All starts; their calls are not told one by one, so each counts the mean."""
    inputs, labels = LANDSCAPES[landscape].samples()
    units = Units(inputs.shape[1], LANDSCAPES[landscape].hidden, int(labels.max()) + 1)
    points = LANDSCAPES[landscape].starts(starts, units.parameters)[:, _order(units)]
    keywords = KEYWORDS.format(rms=_number(RMS), units=units, samples=len(inputs), l2=_number(l2))
    with TemporaryDirectory() as name:
        folder = Path(name)
        np.savetxt(folder / "MLPdata", np.column_stack([labels, inputs]), fmt=["%d", *["%.16g"] * units.inputs])
        (folder / "odata").write_text(keywords + _column(points[0]))
        (folder / "others").write_text("".join(map(_column, points[1:])))
        text, seconds = _run(folder)
        found = (folder / "min.data.info").read_text().split("\n")
    size = units.parameters + 1  # a line that describes a minimum, then its coordinates
    ends = np.array([found[row + 1 : row + size] for row in range(0, len(found) - 1, size)], dtype=np.float64)
    theta = ends[:, np.argsort(_order(units))]
    calls = int(text.rpartition("energy+gradient calls=")[2].split()[0]) // len(theta)
    return {"theta": theta.tolist(), "counts": [calls] * len(theta), "seconds": seconds}


def _order(units: Units) -> np.ndarray:
    """Our parameters in its order: both layers of weights, then both of biases."""
    h, d, k = units.hidden, units.inputs, units.outputs
    first, bias, second, last = np.split(np.arange(units.parameters), np.cumsum([h * d, h, k * h]))
    return np.concatenate([first, second, bias, last])


def _number(value: float) -> str:
    """As Fortran reads it."""
    return f"{value:.6E}".replace("E", "D")


def _column(point: np.ndarray) -> str:
    return "".join(f"{value:.16f}\n" for value in point)


def _run(folder: Path) -> tuple[str, float]:
    """What it prints and the CPU seconds that it takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([OPTIM], cwd=folder, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    serve("OPTIM", {"quench": quench})
