"""The graph of minima and transition states as GraphML, for Gephi, Cytoscape, yEd or igraph.

Nodes are rows of minima, edges transition states with their energies, as in `Database.graph`.
"""

from collections.abc import Iterator
from pathlib import Path

import networkx as nx

from landscape.exchange.format import Export, Format

FILE = "graph.graphml"


def write(export: Export, folder: Path) -> Iterator[str]:
    """Write the graph of a database."""
    nx.write_graphml(export.db.graph(), folder / FILE)
    yield from ()


GRAPHML = Format(
    name="graphml", summary="the graph of minima and transition states, for Gephi, Cytoscape and igraph", write=write
)
