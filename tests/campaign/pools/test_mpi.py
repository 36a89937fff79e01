"""The number of ranks changes neither the stored data nor the words of commands on them."""

import json
from pathlib import Path

import pytest

from tests.campaign.commands import (
    IRIS,
    ROOT,
    XOR,
    assert_equal_bytes,
    done,
    environment,
    launched,
    needs_mpi,
    tables,
)
from tests.database.altering import altered

pytestmark = needs_mpi
KINDS = {b"basin_hopping", b"single_ended", b"connect", b"measure", b"depths"}


def several(ranks: int, threads: int | None, *lines: list[object]) -> str:
    """The output of commands that run one after the other in one job."""
    texts = [json.dumps([str(part) for part in line]) for line in lines]
    return done(launched(ranks, ROOT / "tests/campaign/several.py", *texts), env=environment(threads)).stdout


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[Path]]:
    """Databases of XOR and Iris by number of ranks, 0 without MPI."""
    folder = tmp_path_factory.mktemp("ranks")
    sources = {"xor": XOR, "iris": IRIS}
    for name, text in sources.items():
        (folder / f"{name}.toml").write_text(text)
    made = {}
    for ranks, threads in ((0, None), (1, 1), (2, None), (3, 1)):
        made[ranks] = [folder / f"{name}-{ranks}.h5" for name in sources]
        lines = [["run", folder / f"{name}.toml", "-o", path] for name, path in zip(sources, made[ranks], strict=True)]
        assert "exit statuses [0, 0]" in several(ranks, threads, *lines)
    return made


def test_what_is_compared_has_rounds_of_every_kind(files: dict[int, list[Path]]) -> None:
    every = [tables(path) for path in files[0]]
    assert {kind for found in every for kind in found["rounds/kind"]} == KINDS
    for found in every:
        assert len(found["minima/energy"]) >= 2
        assert len(found["transition_states/energy"]) >= 1


@pytest.mark.bits
@pytest.mark.parametrize("ranks", [1, 2, 3])
@pytest.mark.parametrize("number", [0, 1], ids=["xor", "iris"])
def test_every_table_holds_the_same_bytes(files: dict[int, list[Path]], ranks: int, number: int) -> None:
    assert_equal_bytes(files[ranks][number], files[0][number])


@pytest.mark.bits
def test_verification_and_measuring_on_ranks(files: dict[int, list[Path]], tmp_path: Path) -> None:
    alone, together, spoilt = (tmp_path / f"{name}.h5" for name in ("alone", "together", "spoilt"))
    for path in (alone, together, spoilt):
        path.write_bytes(files[0][0].read_bytes())
    with altered(spoilt) as file:
        file["minima/energy"][1] += 1e-6
    said = several(
        2, 1, ["verify", together], ["verify", spoilt], ["measure", together, "--epsilon", "0.2"], ["info", together]
    )
    assert "exit statuses [0, 1, 0, 0]" in said
    assert said.count("every one is what it says") == 1
    assert said.count("minimum 1: energy") == 1
    assert said.count("database") == 2
    several(0, 1, ["measure", alone, "--epsilon", "0.2"])
    assert_equal_bytes(alone, together)
