"""Steps by signs within a box: their ends, and their arguments unchanged."""

import torch

from landscape.numerics.sign_ascent import STEP_FACTOR, sign_step


def tensor(*values: float) -> torch.Tensor:
    return torch.tensor([values], dtype=torch.float64)


def test_a_step_goes_by_the_sign_and_ends_in_the_box() -> None:
    point, direction = tensor(0.0, 0.75, -0.75, 0.25, 2.0), tensor(1e-9, 7.0, -3.0, 0.0, 0.0)
    given = point.clone(), direction.clone()
    moved = sign_step(point, direction, 0.5, tensor(-1.0), tensor(1.0))
    assert moved.tolist() == [[0.5, 1.0, -1.0, 0.25, 1.0]]
    assert all(torch.equal(now, before) for now, before in zip((point, direction), given, strict=True))


def test_each_coordinate_has_its_own_step_and_box() -> None:
    moved = sign_step(tensor(0.0, 0.0), tensor(1.0, -1.0), tensor(0.25, 2.0), tensor(-1.0, -0.5), tensor(1.0, 0.5))
    assert moved.tolist() == [[0.25, -0.5]]


def test_an_ascent_crosses_the_box() -> None:
    point, steps = tensor(-0.3), 4
    for _ in range(steps):
        point = sign_step(point, tensor(1.0), STEP_FACTOR * 0.3 / steps, tensor(-0.3), tensor(0.3))
    assert point.tolist() == [[0.3]]
