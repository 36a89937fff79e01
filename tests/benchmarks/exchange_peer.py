"""Readers of other programs, in the peers' environment: ``python -m tests.benchmarks.exchange_peer FOLDER P WORK``.

FOLDER has what `landscape export` wrote, one folder a format; P is the number of parameters, WORK an empty folder. One
line of JSON says what each program read there: its numbers of minima and transition states, or of edges where it keeps
only some of the states.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import PyGT  # type: ignore[import-not-found]
import pylfl  # type: ignore[import-not-found]
from pele.storage import Database  # type: ignore[import-not-found]
from pele.utils.optim_compatibility import OptimDBConverter  # type: ignore[import-not-found]
from topsearch.data.kinetic_transition_network import KineticTransitionNetwork  # type: ignore[import-not-found]


def pele_database(folder: Path, parameters: int) -> list[int]:
    """pele reads its own kind of database, coordinates included."""
    database = Database(db=str(folder / "pele/pele.sqlite"), createdb=False)
    points = [*database.minima(), *database.transition_states()]
    if {point.coords.shape for point in points} != {(parameters,)}:
        raise ValueError("coordinates of another shape")
    return [database.number_of_minima(), database.number_of_transition_states()]


def pele_converter(folder: Path, parameters: int) -> list[int]:
    """pele converts the files of PATHSAMPLE."""
    files = {
        "mindata": "min.data",
        "tsdata": "ts.data",
        "pointsmin": "points.min",
        "pointsts": "points.ts",
    }
    named = {key: str(folder / "pathsample" / name) for key, name in files.items()}
    database = Database()
    OptimDBConverter(database, ndof=parameters, endianness="<", **named).convert()
    return [database.number_of_minima(), database.number_of_transition_states()]


def pygt(folder: Path, _: int) -> list[int]:
    """PyGT reads the files of PATHSAMPLE as a Markov chain, in which several states between two minima are one edge."""
    _, rates, _, nodes, *_ = PyGT.io.load_ktn(str(folder / "pathsample"), 1.0)
    return [int(nodes), int(rates.nnz) // 2]


def topsearch(folder: Path, _: int) -> list[int]:
    """topsearch reads its text files; edges of its graph have one state for each pair."""
    network = KineticTransitionNetwork()
    network.read_network(text_path=f"{folder / 'topsearch'}/")
    return [network.n_minima, network.n_ts, network.G.number_of_edges()]


def disconnection_dps(folder: Path, _: int) -> list[int]:
    """disconnectionDPS, from the wheel of pylfl, draws the tree; it leaves out degenerate rearrangements."""
    binary = Path(pylfl.__file__).parent / "bin/linux/disconnectionDPS"
    place = Path.cwd() / "disconnection"
    shutil.copytree(folder / "pathsample", place)
    said = subprocess.run([binary], cwd=place, check=True, capture_output=True, text=True).stdout
    if not (place / "tree.ps").stat().st_size:
        raise ValueError("no picture")
    counts = re.search(r"(\d+) minima read in.*?(\d+) non-degenerate paths read in", said, re.DOTALL)
    return [int(count) for count in counts.groups()] if counts else []


READERS = {
    f"pele {version('pele')}, its database": pele_database,
    f"pele {version('pele')}, from PATHSAMPLE": pele_converter,
    f"PyGT {version('PyGT')}": pygt,
    f"topsearch {version('topsearch')}": topsearch,
    f"disconnectionDPS of pylfl {version('pylfl')}": disconnection_dps,
}


def main() -> None:
    """Print what all readers found."""
    folder, parameters = Path(sys.argv[1]).absolute(), int(sys.argv[2])
    os.chdir(sys.argv[3])
    out, sys.stdout = sys.stdout, sys.stderr  # some readers print
    found: dict[str, Any] = {}
    for name, read in READERS.items():
        try:
            found[name] = read(folder, parameters)
        except Exception as error:  # noqa: BLE001 - of any program
            found[name] = f"{type(error).__name__}: {error}"
    print(json.dumps(found), file=out)


if __name__ == "__main__":
    main()
