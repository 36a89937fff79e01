"""Worker that searches with pele, as fast as we could make it; it needs only the peer's environment.

Quenches: L-BFGS in C++ with maxstep=1 and the number of correction pairs that is fastest on the landscape; its defaults
need 3.5 times the calls. Basin-hopping: steps N(0, 0.5) at T = 0.01, walks of 100 steps, minima kept in a list.
Transition states: LocalConnect between aligned minima with few images and a loose band, since straight lines between
aligned minima are good guesses, and a longer memory and step for the search of eigenvectors; tuned in trials on iris-10
at l2 = 1e-4.
"""

from contextlib import suppress
from importlib.metadata import version
from itertools import combinations
from typing import Any

import numpy as np
from pele.basinhopping import BasinHopping  # type: ignore[import-not-found]
from pele.landscape import LocalConnect  # type: ignore[import-not-found]
from pele.optimize import lbfgs_cpp  # type: ignore[import-not-found]
from pele.storage import Database  # type: ignore[import-not-found]
from pele.takestep import TakestepInterface  # type: ignore[import-not-found]

from tests.benchmarks.landscapes import LANDSCAPES, RMS
from tests.benchmarks.pele_network import Network
from tests.benchmarks.serve import Answer, Clock, serve

STEP, TEMPERATURE, WALK = 0.5, 0.01, 100
BAND = {"image_density": 3.0, "max_images": 20, "verbose": -1}
SADDLE = {
    "tol": 1e-6,  # if looser, every search fails the check of stability
    "nsteps": 300,
    "orthogZeroEigs": None,
    "verbosity": 0,
    "nsteps_tangent1": 30,
    "tangentSpaceQuenchParams": {"M": 10},
    "lowestEigenvectorQuenchParams": {"maxstep": 0.5, "M": 20},
}


class Peer:
    """A landscape in pele's terms."""

    def __init__(self, landscape: str, l2: float) -> None:
        self.landscape = LANDSCAPES[landscape]
        self.network = Network(*self.landscape.samples(), self.landscape.hidden, l2)

    def minimise(self, theta: np.ndarray) -> Any:  # noqa: ANN401 # the peer's package has no types
        """The result of pele for a quench from theta [P]."""
        return lbfgs_cpp(theta, self.network, tol=RMS, nsteps=100000, M=self.landscape.peer_memory, maxstep=1.0)


def quench(landscape: str, l2: float, starts: int) -> Answer:
    """Quenches from all starts, after a few for warm-up."""
    peer = Peer(landscape, l2)
    points = peer.landscape.starts(starts, peer.network.parameters)
    for theta in points[:3]:
        peer.minimise(theta)
    clock = Clock()
    found = [peer.minimise(theta) for theta in points]
    return _answer([result.coords for result in found], clock.seconds, [int(result.nfev) for result in found])


class Step(TakestepInterface):  # type: ignore[misc] # the peer's package has no types
    """Gaussian steps in every parameter."""

    def __init__(self, random: np.random.Generator) -> None:
        self.random = random

    def takeStep(self, coords: np.ndarray, **_: object) -> None:  # noqa: N802 # the peer's name
        """Displaces coords [P] in place."""
        coords += self.random.normal(0.0, STEP, size=coords.shape)


def hop(landscape: str, l2: float, seconds: float, seed: int) -> Answer:
    """Walks from fresh starts for `seconds` seconds of CPU time."""
    peer, random, found = Peer(landscape, l2), np.random.default_rng(seed), list[np.ndarray]()
    np.random.seed(seed)  # noqa: NPY002 # the peer draws from it whether a step is accepted

    def keep(_: float, theta: np.ndarray) -> None:
        found.append(np.array(theta))

    settings = {"temperature": TEMPERATURE, "quench": peer.minimise, "outstream": None, "insert_rejected": True}
    clock = Clock()
    while clock.seconds < seconds:
        start = random.normal(size=peer.network.parameters)
        walk = BasinHopping(start, peer.network, Step(random), storage=keep, **settings)
        for _ in range(WALK):
            walk.run(1)
            if clock.seconds >= seconds:
                break
    return _answer(found, clock.seconds)


def connect(landscape: str, l2: float, minima: list[list[float]], pairs: int) -> Answer:
    """One local connection a pair, for the nearest pairs."""
    peer, found = Peer(landscape, l2), list[np.ndarray]()
    units = peer.network.units
    connection = {
        "mindist": lambda a, b: (units.distance(b, a), a, units.nearest(b, a)),
        "NEBparams": BAND,
        "pushoff_params": {"quench": peer.minimise},
        "verbosity": 0,
    }
    clock = Clock()
    database = Database(accuracy=1e-7, compareMinima=lambda a, b: np.linalg.norm(a.coords - b.coords) < 1e-3)
    known = [database.addMinimum(peer.network.getEnergy(theta), theta) for theta in np.array(minima)]
    nearest = sorted(combinations(known, 2), key=lambda pair: units.distance(pair[0].coords, pair[1].coords))
    for first, last in nearest[:pairs]:
        with np.errstate(all="ignore"), suppress(Exception):  # a search that raises has found nothing
            attempt = LocalConnect(peer.network, tsSearchParams=_copied(SADDLE), **connection)
            found += [state[0].coords for state in attempt.connect(first, last).new_transition_states]
    return _answer(found, clock.seconds)


def _copied(table: dict[str, Any]) -> dict[str, Any]:
    """A copy of a table, since the peer writes into its arguments."""
    return {name: dict(value) if isinstance(value, dict) else value for name, value in table.items()}


def _answer(points: list[Any], seconds: float, counts: list[int] | None = None) -> Answer:
    theta = [list(map(float, point)) for point in points]
    return {"theta": theta, "counts": counts or [1] * len(theta), "seconds": seconds}


if __name__ == "__main__":
    serve(f"pele {version('pele')}", {"quench": quench, "hop": hop, "connect": connect})
