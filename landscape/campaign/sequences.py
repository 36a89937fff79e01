"""Which kinds of round a command runs, in the order in which they have their turn."""

from collections.abc import Sequence
from functools import partial

from landscape.campaign.rounds.connecting import Connect, SingleEnded
from landscape.campaign.rounds.evaluating import Evaluate
from landscape.campaign.rounds.hopping import BasinHopping
from landscape.campaign.rounds.locating import Locate, Surroundings
from landscape.campaign.rounds.measuring import Depths, Measure, MeasureTraining, chosen_groups
from landscape.campaign.rounds.phase import MakePhase
from landscape.campaign.rounds.profiling import Profiles
from landscape.errors import PropertyError
from landscape.graph.depth import DEPTHS
from landscape.objective import Objective
from landscape.problems.problem import Problem
from landscape.properties.path_profiles import require_paths

LOCATING: tuple[MakePhase, ...] = (Locate, Surroundings)
EVALUATIONS = "evaluations"
ALL_PHASES: tuple[MakePhase, ...] = (BasinHopping, SingleEnded, Connect, Measure, Depths)


def measuring(groups: Sequence[str] | None, *, paths: bool = False) -> tuple[MakePhase, ...]:
    """Phases that measure these groups of properties, or all that the problem admits, and along `paths`."""
    minima = (partial(Measure, groups=groups), Depths)
    return (*minima, Profiles) if paths else minima


def asked_for(objective: Objective, names: Sequence[str], *, paths: bool) -> tuple[MakePhase, ...]:
    """Phases that measure the named properties, all without names, and along `paths`; those alone without names.

    Raises PropertyError for what cannot be measured.
    """
    if paths and isinstance(objective, Problem):
        require_paths(objective)
    return measuring(() if paths and not names else chosen_groups(objective, names), paths=paths)


def asked_of_training(objective: Objective, names: Sequence[str]) -> tuple[MakePhase, ...]:
    """Phases that measure the named properties of the end points of training, all without names; `EVALUATIONS` is the
    name of what their evaluations measure. Raises PropertyError for what cannot be measured.
    """
    own = [name for name in names if name != EVALUATIONS]
    if around := [name for name in own if name in DEPTHS]:
        raise PropertyError(
            f"expected properties of end points, found '{around[0]}', which minima have: 'landscape locate' tells that "
            "of the minima below end points"
        )
    groups = () if names and not own else chosen_groups(objective, own)
    phases: tuple[MakePhase, ...] = (partial(MeasureTraining, groups=groups),)
    return (*phases, Evaluate) if not names or EVALUATIONS in names else phases
