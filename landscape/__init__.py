"""Explorer of the loss landscapes of small neural networks, by the methods of computational chemistry.

From Python:

    problem = landscape.Problem(dataset="iris", hidden=[10], l2=1e-4)
    db = landscape.explore(problem, path="iris.h5")
    tree = landscape.disconnectivity_tree(db)
"""

from pathlib import Path

from landscape.campaign.session import explore
from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.errors import LandscapeError
from landscape.graph.superbasins import disconnectivity_tree
from landscape.problems.problem import Problem

__all__ = ["Database", "LandscapeError", "Problem", "disconnectivity_tree", "explore", "open"]


def open(path: str | Path) -> Database:  # noqa: A001 - landscape.open reads well
    """The database in a file, for reading; raises `DatabaseError` if it is not one."""
    return Database(open_store(path))
