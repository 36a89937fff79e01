"""Worker that searches with OPTIM, the Fortran code in the wheel of pylfl.

Quenches: one process, all starts as its multijob; UPDATES 40 and steps of at most 1, as for the other codes. Transition
states: NEWCONNECT, one process a pair, which joins the pair by a whole path, step by step, and reports all transition
states on the way. CPU time is that of whole processes, of which some 10 ms pass before the first point.

pylfl's own recipe, see `pylfl_peer.py`, is far from the fastest. This one was tuned in trials on iris-10 at l2 = 1e-4,
with aligned end points: energies alone (1e-7) distinguish minima, so that copies are one; few images and a loose band;
more steps in the tangent space, 40 correction pairs and longer steps; RMS 1e-7 for everything, since at 1e-6 energies
of one minimum differ too much and no path is complete.
"""

from itertools import combinations

import numpy as np

from tests.benchmarks.fortran import Fortran, columns, number, path_steps
from tests.benchmarks.landscapes import LANDSCAPES, RMS
from tests.benchmarks.serve import Answer, serve

QUENCH = f"""SEARCH 0
UPDATES 40 40
MAXBFGS 1.0 1.0
BFGSMIN {number(RMS)}
BFGSSTEPS 100000
STEPS 100000
DUMPDATA
MULTIJOB others
"""
CONNECT = f"""NEWCONNECT 100 1 2.0 10.0 10 5.0 0.05
NEWNEB 5 30 0.05
NEBK 1.0
DIJKSTRA EXP
REOPTIMISEENDPOINTS
DUMPALLPATHS
NOFRQS
EDIFFTOL 1.0D-7
GEOMDIFFTOL 1.0D2
BFGSTS 5000 30 50 0.01
NOIT
MAXSTEP 0.3
MAXMAX 1.0
TRAD 1.0
PUSHOFF 0.2
UPDATES 40 20
MAXBFGS 1.0 1.0
MAXERISE 1.0D-6 1.0D-3
BFGSMIN {number(RMS)}
CONVERGE 1.0 {number(RMS)}
STEPS 1000
BFGSSTEPS 50000
"""


def quench(landscape: str, l2: float, starts: int) -> Answer:
    """Quenches from all starts; OPTIM does not report the calls of each, so each counts as the mean."""
    network = Fortran(landscape, l2)
    points = LANDSCAPES[landscape].starts(starts, network.units.parameters)
    odata = QUENCH + network.potential + "VARIABLES\n" + network.column(points[0])
    files = {"odata": odata, "others": "".join(map(network.column, points[1:]))}
    output = network.run("OPTIM", files, "min.data.info")
    theta = network.ours(columns(output.written, network.units.parameters, head=1))
    calls = int(output.printed.rpartition("energy+gradient calls=")[2].split()[0]) // len(theta)
    return {"theta": theta.tolist(), "counts": [calls] * len(theta), "seconds": output.seconds}


def connect(landscape: str, l2: float, minima: list[list[float]], pairs: int) -> Answer:
    """The transition states of the paths between the nearest pairs, aligned."""
    network = Fortran(landscape, l2)
    return joined(network, _keywords(network), minima, pairs)


def joined(network: Fortran, keywords: str, minima: list[list[float]], pairs: int) -> Answer:
    """The transition states of these paths for given keywords, the last of which is VARIABLES."""
    units = network.units
    nearest = sorted(combinations(np.array(minima), 2), key=lambda pair: units.distance(pair[1], pair[0]))
    found, seconds = [], 0.0
    for first, last in nearest[:pairs]:
        steps, took = _path(network, keywords, first, units.nearest(last, first))
        found += steps[:, 1].tolist()
        seconds += took
    return {"theta": found, "counts": [1] * len(found), "seconds": seconds}


def path(landscape: str, l2: float, ends: list[list[float]]) -> Answer:
    """The steps of a path between two minima as given: minimum, transition state, minimum of each step."""
    network = Fortran(landscape, l2)
    steps, seconds = _path(network, _keywords(network), *np.array(ends))
    theta = steps.reshape(-1, network.units.parameters).tolist()
    return {"theta": theta, "counts": [1] * len(theta), "seconds": seconds}


def _keywords(network: Fortran) -> str:
    return CONNECT + network.potential + "VARIABLES\n"


def _path(network: Fortran, keywords: str, first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, float]:
    """Steps [T, 3, P], which need not join the ends [P], and CPU seconds."""
    files = {"odata": keywords + network.column(first), "finish": network.column(last)}
    output = network.run("OPTIM", files, "path.info")
    return network.ours(path_steps(output.written, network.units.parameters)), output.seconds


if __name__ == "__main__":
    serve("OPTIM", {"quench": quench, "connect": connect, "path": path})
