"""Worker that searches for transition states with OPTIM as pylfl itself sets it up.

The keywords are those that pylfl writes, except what a run outside pylfl needs: the pairs are those of the other codes,
with aligned end points, where pylfl leaves the choice to PATHSAMPLE; inputs are already standardised (no MLPNORM);
frequencies are not used here and not computed (NOFRQS), which saves time.

Its bands have 100 images and may take 350 iterations; uphill steps are at most 0.01 at first, downhill steps 0.1;
everything converges to RMS 1e-9; minima whose energies differ by less than 1e-4 count as one, so the first band is
often the last.
"""

from contextlib import chdir
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from pylfl.maketempfiles import make_odata_connect  # type: ignore[import-not-found]

from tests.benchmarks.fortran import Fortran, number
from tests.benchmarks.optim_peer import joined
from tests.benchmarks.serve import Answer, serve


def connect(landscape: str, l2: float, minima: list[list[float]], pairs: int) -> Answer:
    """The transition states of the paths between the nearest pairs, aligned."""
    network = Fortran(landscape, l2)
    return joined(network, _keywords(network, l2), minima, pairs)


def _keywords(network: Fortran, l2: float) -> str:
    units, samples = network.units, network.samples.count("\n")
    with TemporaryDirectory() as folder, chdir(folder):
        make_odata_connect(units.inputs, units.hidden, units.outputs, norm=False, ndata=samples, l2lambda=number(l2))
        return "NOFRQS\n" + Path("odata.connect.template").read_text()


if __name__ == "__main__":
    serve(f"OPTIM as pylfl {version('pylfl')} sets it up", {"connect": connect})
