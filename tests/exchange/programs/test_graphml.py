"""GraphML, read back as XML."""

from pathlib import Path
from xml.etree import ElementTree as ET

from landscape.database.database import Database
from tests.exchange.conftest import written

SPACE = {"g": "http://graphml.graphdrawing.org/xmlns"}


def test_nodes_and_edges_have_their_energies(db: Database, first: Path, tmp_path: Path) -> None:
    tree = ET.parse(written(first, tmp_path / "out", "graphml") / "graph.graphml")
    keys = {(key.get("for"), key.get("attr.name")): key.get("id") for key in tree.iterfind("g:key", SPACE)}

    def value(item: ET.Element, kind: str, name: str) -> str:
        return next(str(data.text) for data in item.iterfind("g:data", SPACE) if data.get("key") == keys[kind, name])

    nodes = {node.get("id"): value(node, "node", "energy") for node in tree.iterfind(".//g:node", SPACE)}
    assert nodes == {str(row): repr(energy) for row, energy in enumerate(db.minima.energy.tolist())}
    edges = list(tree.iterfind(".//g:edge", SPACE))
    states = db.transition_states
    plain = [row for row, (one, other) in enumerate(states.minima.tolist()) if one != other]
    assert sorted(int(value(edge, "edge", "row")) for edge in edges) == plain
    for edge in edges:
        row = int(value(edge, "edge", "row"))
        assert float(value(edge, "edge", "energy")) == states.energy[row]
        assert {int(edge.get("source", "")), int(edge.get("target", ""))} == set(states.minima[row].tolist())
