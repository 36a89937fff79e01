"""The phases of each command, in their order of precedence."""

from collections.abc import Sequence
from functools import partial

from landscape.campaign.context import Context
from landscape.campaign.rounds.alternating import Alternating
from landscape.campaign.rounds.assimilation import LandscapeIndex
from landscape.campaign.rounds.evaluating import Evaluate
from landscape.campaign.rounds.locating import Locate, Surroundings
from landscape.campaign.rounds.measuring import Conclude, Depths, Measure, MeasureSample, MeasureTraining, chosen_groups
from landscape.campaign.rounds.phase import MakePhase
from landscape.campaign.rounds.profiling import Profiles
from landscape.campaign.rounds.saddles.searching import SearchSaddles
from landscape.campaign.rounds.sampling import SamplePairs, SampleQuenches, TrainingPairs
from landscape.database.tables import Tables
from landscape.errors import PropertyError
from landscape.graph.depth import DEPTHS
from landscape.properties.path_profiles import require_paths
from landscape.studies.completeness.goal import Goal

LOCATING: tuple[MakePhase, ...] = (Locate, Surroundings)
SAMPLING: tuple[MakePhase, ...] = (SampleQuenches, SamplePairs)
SAMPLING_TRAINING: tuple[MakePhase, ...] = (TrainingPairs,)
EVALUATIONS = "evaluations"


def exploring(context: Context) -> tuple[MakePhase, ...]:
    """Phases that explore a landscape and measure its wanted minima; only networks have properties."""
    properties = () if context.problem is None else (partial(Measure, goal=Goal.of(context.settings)),)
    return (Alternating, SearchSaddles, *properties, Conclude)


def measuring(context: Context, names: Sequence[str] = (), *, paths: bool = False) -> tuple[MakePhase, ...]:
    """Phases that measure the named properties of minima, and with `paths` properties along all pathways.

    Without names they measure all properties, or with `paths` only those along pathways. Raises PropertyError for
    properties that cannot be measured.
    """
    problem = context.require_problem()
    if paths:
        require_paths(problem)
    groups = () if paths and not names else chosen_groups(problem, names)
    minima = (partial(Measure, groups=groups), Depths)
    return (*minima, Profiles) if paths else minima


def exploring_sample(context: Context) -> tuple[MakePhase, ...]:
    """Phases that sample a landscape by independent quenches and measure the minima below them."""
    return (SampleQuenches, *measuring_sample(context))


def replacements(context: Context, tables: Tables, phases: Sequence[MakePhase]) -> list[str]:
    """A line for each group of properties whose stored values the phases measure again with other settings."""
    index = LandscapeIndex(context, tables)
    made = (phase(context, index) for phase in phases)
    return [line for phase in made if isinstance(phase, Measure) for line in phase.replaced(tables)]


def measuring_sample(context: Context, names: Sequence[str] = ()) -> tuple[MakePhase, ...]:
    """Phases that measure the named properties of the minima of a sample; all without names.

    Raises PropertyError for properties that cannot be measured.
    """
    if around := [name for name in names if name in DEPTHS]:
        raise PropertyError(f"expected properties of single minima, found '{around[0]}', which needs all of them")
    return (partial(MeasureSample, groups=chosen_groups(context.require_problem(), names)),)


def measuring_training(context: Context, names: Sequence[str] = ()) -> tuple[MakePhase, ...]:
    """Phases that measure the named properties of the end points of training; all without names.

    `EVALUATIONS` stands for the properties of evaluations. Raises PropertyError for properties that cannot be measured.
    """
    own = [name for name in names if name != EVALUATIONS]
    if around := [name for name in own if name in DEPTHS]:
        raise PropertyError(
            f"expected properties of end points, found '{around[0]}', which minima have: 'landscape locate' tells that "
            "of the minima below end points"
        )
    groups = () if names and not own else chosen_groups(context.require_problem(), own)
    phases: tuple[MakePhase, ...] = (partial(MeasureTraining, groups=groups),)
    return (*phases, Evaluate) if not names or EVALUATIONS in names else phases
