"""The words for kinds of round."""

import importlib
import pkgutil

from landscape.campaign import rounds
from landscape.campaign.continuation.recording import KIND as CONTINUE
from landscape.database.records import ROUND_KINDS
from landscape.exchange.imports.assembly import KIND as IMPORT
from landscape.exchange.merges.merging import KIND as MERGE


def test_every_kind_of_round_has_words() -> None:
    modules = [
        importlib.import_module(one.name) for one in pkgutil.walk_packages(rounds.__path__, f"{rounds.__name__}.")
    ]
    classes = [one for module in modules for one in vars(module).values() if isinstance(one, type)]
    kinds = {kind for one in classes if isinstance(kind := vars(one).get("kind"), str)}
    assert kinds | {CONTINUE, IMPORT, MERGE} == set(ROUND_KINDS)
