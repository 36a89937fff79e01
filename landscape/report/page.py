"""The report page: one HTML file with all data, styles and scripts in it, which needs neither server nor network."""

from dataclasses import dataclass
from datetime import UTC, datetime

from bokeh.document import Document
from bokeh.model import Model
from jinja2 import Environment, PackageLoader, StrictUndefined

from landscape.database.database import Database
from landscape.messages import counted, listed
from landscape.objective import Symmetry
from landscape.problems.networks.symmetry import NoSymmetry
from landscape.problems.problem import Problem
from landscape.report.data import PageData, page_data
from landscape.report.facts import as_json, facts_of
from landscape.report.glossary import GLOSSARY
from landscape.report.images.section import attacked_section
from landscape.report.matrix import matrix_of
from landscape.report.resources import asset, bokeh_scripts, own_script
from landscape.report.sentences import answer, complete, mapped, title_of
from landscape.report.views.curves import epsilon_view, heat_capacity_view, profile_view, scatter_view
from landscape.report.views.map_view import map_view
from landscape.report.views.minima_source import minima_source
from landscape.report.views.table_view import table_view
from landscape.report.views.tree_places import tree_places
from landscape.report.views.tree_view import tree_view
from landscape.version import __version__

MOST = 400
"""Minima that a page shows unless asked for more or fewer."""


@dataclass(frozen=True, kw_only=True)
class Seal:
    """The result of a verification: the number of points, and a line for every fault."""

    points: int
    faults: tuple[str, ...]


def page_text(db: Database, problem: Problem | None, *, lowest: int = MOST, seal: Seal | None = None) -> str:
    """The page on the `lowest` minima of a database, as HTML.

    `problem` is the network of the database, None for an energy of the user's own, whose symmetry is then unknown;
    `seal` is the result of a verification. Raises PropertyError if the database has no minima.
    """
    symmetry: Symmetry = NoSymmetry() if problem is None else problem.symmetry
    data = page_data(db, symmetry, lowest)
    attacked = attacked_section(db, data, problem)
    drawn = Document()
    with drawn.models.freeze():  # otherwise each root would count all models again
        for view in views(data):
            drawn.add_root(view)
    environment = Environment(
        loader=PackageLoader("landscape.report", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(
        title=title_of(db),
        sentences=[mapped(db, data), complete(db), answer(data)],
        seal=seal,
        today=datetime.now(UTC).date().isoformat(),
        shown=data.shown,
        total=len(data.row),
        share=data.plane.share,
        has_symmetry=problem is not None,
        heat=data.thermodynamics,
        no_wells=data.no_wells,
        has_epsilons=has_epsilons(data),
        has_paths=data.paths is not None,
        attacked=attacked,
        matrix=matrix_of(data.findings),
        refusal=data.refusal,
        glossary=GLOSSARY,
        run_file=db.problem_record.run_toml,
        file=db.path.name if db.path else "in memory",
        created=db.header.created,
        software={**db.header.software, "this page by landscape": __version__},
        style=asset("style.css"),
        bokeh=bokeh_scripts(),
        script=own_script(),
        facts=as_json(facts_of(data, symmetry, problem) | {"attacked": attacked and attacked.facts}),
        document=as_json(drawn.to_json(deferred=False)),
        listed=listed,
        counted=counted,
    )


def views(data: PageData) -> list[Model]:
    """The plots and the table of a page, which share the source of the minima."""
    places = tree_places(data.tree)
    minima = minima_source(data, places)
    return [
        tree_view(data, places, minima),
        map_view(data, minima),
        table_view(minima),
        *([epsilon_view()] if has_epsilons(data) else []),
        scatter_view(minima),
        *([heat_capacity_view(data.thermodynamics)] if data.thermodynamics else []),
        *([profile_view()] if data.paths else []),
    ]


def has_epsilons(data: PageData) -> bool:
    """True if some property was measured at several epsilons."""
    found = [one.property for one in data.columns if one.epsilon is not None]
    return len(found) > len(set(found))
