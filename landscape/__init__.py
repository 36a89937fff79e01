"""Explorer of the loss landscapes of small neural networks, by the methods of computational chemistry.

From Python:

    problem = landscape.Problem(dataset="iris", hidden=[10], l2=1e-4)
    db = landscape.explore(problem, path="iris.h5")
    tree = landscape.disconnectivity_tree(db)
    faults = landscape.verify(db)
"""

from landscape.startup import without_collections as _without_collections

with _without_collections():
    from landscape.campaign.session import explore, measure, problem_of, verify
    from landscape.database.database import Database
    from landscape.database.database import open_database as open  # noqa: A004 - landscape.open reads well
    from landscape.errors import LandscapeError
    from landscape.graph.superbasins import disconnectivity_tree
    from landscape.problems.problem import Problem
    from landscape.version import __version__

__all__ = [
    "Database",
    "LandscapeError",
    "Problem",
    "__version__",
    "disconnectivity_tree",
    "explore",
    "measure",
    "open",
    "problem_of",
    "verify",
]
