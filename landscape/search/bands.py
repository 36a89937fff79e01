"""Elastic bands between two minima, many at once, by equal-arc redistribution.

A band relaxes under the energy gradient perpendicular to it (tangents: Henkelman and Jonsson, 2000, "Improved
tangent estimate in the nudged elastic band method"), and its images are redistributed to equal distances along it
(the simplified string method: E, Ren and Vanden-Eijnden 2007). So no spring constant has to be fitted to the
scale of the landscape. Relaxation is L-BFGS with a history for each band and no test of the energy, since the
perpendicular gradient is not the gradient of a function; redistribution starts a new history.

A whole band is one walker of the driver loop: its point is all images in one row, end points included.
Shapes: B bands, I images, P parameters, IP their product, C candidates.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from landscape.limits import SEARCH
from landscape.objective import Energy, Kernel, Objective
from landscape.optimize.driver import run_all
from landscape.optimize.lbfgs.method import LBFGS
from landscape.search.band_kernel import band_kernel

PARTS, ZOOMS = 8, 2  # of the search for the highest energy on a polygon


@dataclass(frozen=True, kw_only=True)
class BandSettings:
    """Relaxation: `cycles` of at most `calls` band gradients, until their RMS is below `rms` units of the energy."""

    rms: float = 1e-4
    cycles: int = 6
    calls: int = 15
    memory: int = 6
    max_step: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Local maxima of bands: guesses for transition states, in order of band and place."""

    theta: Float[Tensor, "C P"]
    tangent: Float[Tensor, "C P"]  # unit length
    band: list[int]  # band of each candidate


class BandEnergy:
    """The energy of bands as a function of points [B, I*P]; an `Energy` without Hessians."""

    recorder = None

    def __init__(self, energy: Energy, images: int) -> None:
        self.n_parameters = images * energy.n_parameters
        self.device = energy.device
        self._of_images, self._images = energy, images
        kernel = energy.kernel()
        self._kernel = None if kernel is None else band_kernel(kernel, images)

    def kernel(self) -> Kernel | None:
        """The energy of bands for compiled code; None if the energy of points has no such form."""
        return self._kernel

    def energy_and_gradient(self, points: Float[Tensor, "B IP"]) -> tuple[Float[Tensor, " B"], Float[Tensor, "B IP"]]:
        """Mean energy [B] and the gradient [B, I*P] perpendicular to each band, zero at its ends."""
        bands = points.view(len(points), self._images, -1)
        energy, gradient = self._of_images.energy_and_gradient(bands.flatten(0, 1))
        energy, gradient = energy.view(bands.shape[:2]), gradient.view(bands.shape)
        tangent = tangents(bands, energy)
        gradient = gradient - (gradient * tangent).sum(2, keepdim=True) * tangent
        gradient[:, 0], gradient[:, -1] = 0.0, 0.0
        return energy.mean(1), gradient.flatten(1)


def straight_bands(first: Float[Tensor, "B P"], last: Float[Tensor, "B P"], images: int) -> Float[Tensor, "B I P"]:
    """Bands [B, I, P] of equally spaced images on the lines from first [B, P] to last [B, P].

    Raises `ConfigError` if they are above the limit of memory.
    """
    what = f"{len(first)} bands of {images} images of {first.shape[1]} parameters"
    SEARCH.require_room("bands between minima", what, first.numel() * images)
    weight = torch.linspace(0.0, 1.0, images, dtype=first.dtype, device=first.device)[None, :, None]
    return first[:, None] + weight * (last - first)[:, None]


def tangents(bands: Float[Tensor, "B I P"], energy: Float[Tensor, "B I"]) -> Float[Tensor, "B I P"]:
    """Improved unit tangents [B, I, P] of bands [B, I, P] with energies [B, I]."""
    segments = bands.diff(dim=1)
    forward = torch.cat([segments, segments[:, -1:]], 1)
    backward = torch.cat([segments[:, :1], segments], 1)
    rise = energy.diff(dim=1)
    up = torch.cat([rise, rise[:, -1:]], 1)[..., None]
    down = torch.cat([rise[:, :1], rise], 1)[..., None]
    larger, smaller = torch.maximum(up.abs(), down.abs()), torch.minimum(up.abs(), down.abs())
    higher_ahead = up + down > 0
    mixed = torch.where(higher_ahead, larger * forward + smaller * backward, smaller * forward + larger * backward)
    tangent = torch.where((up > 0) & (down > 0), forward, torch.where((up < 0) & (down < 0), backward, mixed))
    unit: Tensor = tangent / tangent.norm(dim=2, keepdim=True).clamp_min(1e-300)
    return unit


def redistribute(bands: Float[Tensor, "B I P"]) -> Float[Tensor, "B I P"]:
    """Bands [B, I, P] with the images moved to equal arc lengths along the polygon through them."""
    length = bands.diff(dim=1).norm(dim=2)
    arc = torch.cat([torch.zeros_like(length[:, :1]), length.cumsum(1)], 1)
    images = bands.shape[1]
    wanted = torch.linspace(0.0, 1.0, images, dtype=bands.dtype, device=bands.device) * arc[:, -1:]
    left = torch.searchsorted(arc, wanted).clamp(1, images - 1) - 1
    start, stop = arc.gather(1, left), arc.gather(1, left + 1)
    weight = ((wanted - start) / (stop - start).clamp_min(1e-300)).clamp(0.0, 1.0)[..., None]
    columns = left[..., None].expand_as(bands)
    placed = bands.gather(1, columns) * (1.0 - weight) + bands.gather(1, columns + 1) * weight
    placed[:, 0], placed[:, -1] = bands[:, 0], bands[:, -1]
    return placed


def relax(objective: Objective, bands: Float[Tensor, "B I P"], settings: BandSettings) -> Float[Tensor, "B I P"]:
    """Relaxed bands from bands [B, I, P], with fixed ends. Bands do not affect each other."""
    images = bands.shape[1]
    method = LBFGS(
        rms=settings.rms * objective.energy_unit,
        memory=settings.memory,
        max_step=settings.max_step * images**0.5,
        max_energy_rise=torch.inf,
        max_calls=settings.calls,
        curvature=objective.energy_unit,
    )
    of_bands = BandEnergy(objective, images)
    for _ in range(settings.cycles):
        state = run_all(method, of_bands, bands.flatten(1), len(bands))
        bands = redistribute(state.theta.view(bands.shape))
    return bands


def candidates(objective: Objective, bands: Float[Tensor, "B I P"]) -> Candidates:
    """Interior local maxima of the energy along bands [B, I, P], with the tangents of the bands at the maxima."""
    energy = objective.energy(bands.flatten(0, 1)).view(bands.shape[:2])
    rise = energy.diff(dim=1)
    place = ((rise[:, :-1] > 0) & (rise[:, 1:] <= 0)).nonzero()
    band, image = place[:, 0], place[:, 1] + 1
    tangent = tangents(bands, energy)
    return Candidates(theta=bands[band, image], tangent=tangent[band, image], band=band.tolist())


def path_maximum(objective: Objective, paths: Float[Tensor, "B I P"]) -> Float[Tensor, " B"]:
    """Highest energies [B] on the polygons through the points of paths [B, I, P], ends included.

    Every side is cut into `PARTS` parts; the parts on either side of the highest point are cut again, `ZOOMS` times.
    """
    images = paths.shape[1]
    place = torch.linspace(0.0, images - 1.0, PARTS * (images - 1) + 1, dtype=paths.dtype, device=paths.device)
    place = place.expand(len(paths), -1)
    rows = torch.arange(len(paths), device=paths.device)
    reach = 1.0 / PARTS
    for _ in range(ZOOMS + 1):
        left = place.floor().long().clamp(0, images - 2)
        points = torch.lerp(paths[rows[:, None], left], paths[rows[:, None], left + 1], (place - left)[..., None])
        height = objective.energy(points.flatten(0, 1)).view(place.shape)
        highest, top = height.max(1)
        around = torch.linspace(-reach, reach, 2 * PARTS + 1, dtype=paths.dtype, device=paths.device)
        place = (place[rows, top][:, None] + around).clamp(0.0, images - 1.0)
        reach /= PARTS
    return highest
