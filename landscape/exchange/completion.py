"""The end of an import or a merge: depths of the whole landscape, and the file."""

from pathlib import Path

from landscape.campaign.context import Context
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.pools.local import LocalPool
from landscape.campaign.progress import Silent
from landscape.campaign.resumption import METHOD_NAMES
from landscape.campaign.rounds.measuring import Depths
from landscape.campaign.session import run_campaign
from landscape.database.store import Store
from landscape.exchange.saving import save
from landscape.search.transition_states import OUTCOME_NAMES


def finished(context: Context, store: Store, path: Path) -> None:
    """Compute depths and barriers, which depend on all points, and write the store into a new file."""
    run_campaign(context, store, LocalPool(context.execute), Silent(), Interrupt(), (Depths,))
    save(store, path, {"outcome": OUTCOME_NAMES, "method": METHOD_NAMES})
