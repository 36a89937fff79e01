"""The section of a page on attacked samples, for data that are images: its pictures, and the words around them."""

from dataclasses import dataclass
from typing import Any

import torch

from landscape.config.tables import ProblemConfig
from landscape.database.database import Database
from landscape.errors import LandscapeError, PropertyError
from landscape.messages import counted, number_text
from landscape.problems.data.images import Shape, image_set
from landscape.problems.problem import Problem
from landscape.report.data import PageData
from landscape.report.images.attacked import (
    MOST_SAMPLES,
    AttackSettings,
    ShownMinima,
    attack_samples,
    first_of_each_class,
    shown_minima,
    stored_attack,
)
from landscape.report.images.pixels import Pixels, image_shape, pixels_of
from landscape.report.images.tiles import tiles
from landscape.studies.columns import readable

STANDARDISED = (
    " The inputs are standardised: the value of a pixel moves by at most epsilon times its standard deviation among "
    "the samples, or by epsilon where all samples are equal."
)


@dataclass(frozen=True, kw_only=True)
class Section:
    """Names of samples, paragraphs, and the facts for the script; `refusal` is the reason if there are no pictures."""

    refusal: str = ""
    samples: tuple[str, ...] = ()
    paragraphs: tuple[str, ...] = ()
    facts: dict[str, Any] | None = None


def attacked_section(db: Database, data: PageData, problem: Problem | None) -> Section | None:
    """The section of a page; None if the samples are no images."""
    shape = image_shape(problem)
    if problem is None or problem.config is None or shape is None:
        return None
    try:
        return _section(db, data, problem, problem.config, shape)
    except LandscapeError as error:
        return Section(refusal=str(error))


def _section(db: Database, data: PageData, problem: Problem, config: ProblemConfig, shape: Shape) -> Section:
    """The section; raises `LandscapeError` if there can be none."""
    if not problem.is_classification:
        raise PropertyError("expected samples of classes, found a regression")
    attack = stored_attack(db, problem)
    pixels = pixels_of(problem, config, shape, db.problem_record.tables(str(db.path)).get("run", {}).get("seed", 0))
    theta = torch.tensor(data.parameters[:1], device=problem.device)
    right = problem.network.outputs(theta, problem.inputs)[0].max(1).indices == problem.targets
    rows = first_of_each_class(problem.data.targets, right.cpu().numpy())
    values = len(attack.epsilon) * len(rows) * problem.inputs.shape[1]
    shown = shown_minima(data.shown, data.columns, attack.epsilon[-1], values)
    found = attack_samples(problem, data.parameters[shown.all], rows, attack)
    names = class_names(config, problem.network.n_outputs)
    facts = tiles(found, pixels, shown.all)
    return Section(
        samples=tuple(f"{names[label]}, sample {row}" for row, label in zip(rows, found.labels, strict=True)),
        paragraphs=_paragraphs(attack, pixels, shown, data.shown),
        facts=facts | {"classes": names, "most": shown.most[:1], "least": shown.least[:1]},
    )


def class_names(config: ProblemConfig, count: int) -> tuple[str, ...]:
    """Names of the classes: those that the run file keeps, else those of the set of images, else numbers."""
    images = image_set(config.dataset)
    return config.classes or (images.classes if images else tuple(str(label) for label in range(count)))


def _paragraphs(attack: AttackSettings, pixels: Pixels, shown: ShownMinima, count: int) -> tuple[str, ...]:
    """The words on the samples and minima, on the attack, and on the pictures."""
    samples = (
        f"The samples are the first training samples of each class, in turn and up to {MOST_SAMPLES} in all, that the "
        f"lowest minimum classifies correctly; no attack had a say in this choice. {_which(shown, count)}"
    )
    steps, starts = counted(attack.settings.pgd_steps, "step"), counted(attack.settings.pgd_restarts, "start")
    attacking = (
        f"The attack is projected gradient descent (PGD), {steps} from {starts}, with the settings of {attack.source}. "
        "It ran while this page was made. Of the points that it visits, a picture shows the one of largest loss, among "
        "the wrong answers if there are any."
    )
    colours = " as the mean over the colours," if pixels.shape[0] > 1 else ""
    pictures = (
        f"Pixels are shown from black ({number_text(pixels.black)}) to white ({number_text(pixels.white)}), and values "
        f"beyond are cut off. Changes are shown{colours} in units of the inputs, in which epsilon is given."
    )
    return samples, attacking, pictures + (STANDARDISED if pixels.is_standardised else "")


def _which(shown: ShownMinima, count: int) -> str:
    """The sentence on the minima that have pictures."""
    if shown.lowest == count:
        return "All minima of this page have pictures."
    lowest = "The lowest minimum has" if shown.lowest == 1 else f"The {shown.lowest} lowest minima have"
    if shown.measure is None:
        return f"{lowest} pictures."
    by = f"{readable(shown.measure.property)} at epsilon {number_text(shown.measure.epsilon or 0.0)}"
    most, least = len(shown.most), len(shown.least)
    return f"{lowest} pictures, and so have the {most} most and the {least} least robust ones by {by}."
