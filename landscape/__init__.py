"""Explorer of the loss landscapes of small neural networks, by the methods of computational chemistry.

From Python:

    problem = landscape.Problem(dataset="iris", hidden=[10], l2=1e-4)
    db = landscape.explore(problem, path="iris.h5")
    tree = landscape.disconnectivity_tree(db)
    faults = landscape.verify(db)

Public names are imported when they are first used, so that `import landscape` takes no time.
"""

from typing import TYPE_CHECKING

from landscape.errors import LandscapeError
from landscape.startup import lazily as _lazily
from landscape.version import __version__

_PLACES = {
    "Database": "landscape.database.database:Database",
    "Problem": "landscape.problems.problem:Problem",
    "disconnectivity_tree": "landscape.graph.superbasins:disconnectivity_tree",
    "explore": "landscape.campaign.session:explore",
    "measure": "landscape.campaign.session:measure",
    "plot_tree": "landscape.plots.tree:plot_tree",
    "open": "landscape.database.database:open_database",
    "problem_of": "landscape.campaign.session:problem_of",
    "verify": "landscape.campaign.session:verify",
}

if TYPE_CHECKING:
    from landscape.campaign.session import explore, measure, problem_of, verify
    from landscape.database.database import Database
    from landscape.database.database import open_database as open  # noqa: A004 - landscape.open reads well
    from landscape.graph.superbasins import disconnectivity_tree
    from landscape.plots.tree import plot_tree
    from landscape.problems.problem import Problem
else:
    __getattr__ = _lazily(globals(), _PLACES)

__all__ = [
    "Database",
    "LandscapeError",
    "Problem",
    "__version__",
    "disconnectivity_tree",
    "explore",
    "measure",
    "open",
    "plot_tree",
    "problem_of",
    "verify",
]


def __dir__() -> list[str]:
    return sorted(__all__)
