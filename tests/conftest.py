"""Settings of all tests: limits allow for a busy machine, and property tests have no deadline; the command."""

from collections.abc import Generator

import pytest
from hypothesis import settings

from tests.axes import check_axes
from tests.commands import Run, Said, status_of
from tests.patience import patient

check_axes()

LONGEST = (
    *("wheel", "guides", "kills", "mpi", "terms", "fuzz", "gpu", "signals"),
    *("answer", "study", "own_energies", "measure", "measuring", "cli", "session", "verify"),
)
"""Files of tests that take a minute or more, the longest first: they begin, so that both cores end together."""

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Scale the time limit of the test, its own or the common one, unless the command line sets one."""
    if item.config.getoption("timeout") is None:
        marker = item.get_closest_marker("timeout")
        seconds = float(marker.args[0] if marker else item.config.getini("timeout"))
        item.add_marker(pytest.mark.timeout(patient(seconds)), append=False)
    return (yield)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the longest files first; others keep their order."""
    places = {f"test_{name}.py": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Run:
    """`landscape ARGUMENTS` in this process."""

    def run(*arguments: object) -> Said:
        capsys.readouterr()
        return Said(status_of(*arguments), *capsys.readouterr())

    return run
