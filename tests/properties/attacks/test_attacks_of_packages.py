"""Our attacks against those of foolbox and pyautoattack on the same networks, inputs and radii."""

import pytest
import torch

from landscape.config.tables import MeasureConfig
from landscape.properties.attacks import apgd
from landscape.properties.attacks.nearest import NORMS, inside, nearest
from landscape.properties.attacks.networks import Networks
from landscape.properties.attacks.pgd import sign_ascent
from landscape.properties.robustness import adversarial_points, attack_all
from tests.properties.minima import networks_of, some_minimum

REASON = "an oracle of the attacks: pip install -c constraints.txt -e '.[oracles]'"
foolbox = pytest.importorskip("foolbox", reason=REASON)
pyautoattack = pytest.importorskip("pyautoattack", reason=REASON)

CASES = [("iris", 0.1), ("iris", 0.3), ("wine", 0.1), ("wine", 0.3), ("digits", 0.1)]
SETTINGS = MeasureConfig(epsilon=(0.1,))
MARGIN = 5.0  # excess of the range given to the packages over that of the inputs


class Scaled(torch.nn.Module):
    """The network of a minimum on inputs that are mapped to [0, 1], in single precision."""

    def __init__(self, networks: Networks) -> None:
        super().__init__()
        self.module = networks.problem.module(networks.theta[0].numpy())
        self.low = networks.inputs.min().item() - MARGIN
        self.range = networks.inputs.max().item() + MARGIN - self.low
        self.inputs = ((networks.samples.inputs - self.low) / self.range).float()

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.module(inputs.double() * self.range + self.low)
        return logits.float()


def networks_at(dataset: str, epsilon: float) -> tuple[Networks, torch.Tensor]:
    networks = networks_of(*some_minimum(dataset), SETTINGS)
    return networks, torch.full((len(networks.inputs),), epsilon, dtype=torch.float64)


def foolbox_model(networks: Networks):  # type: ignore[no-untyped-def]  # noqa: ANN201
    scaled = Scaled(networks)
    return foolbox.PyTorchModel(scaled.module.eval(), bounds=(scaled.low, scaled.low + scaled.range), device="cpu")


def left_by_autoattack(networks: Networks, attack: str, epsilon: float) -> int:
    """Samples that pyautoattack's attack leaves correct."""
    model, targets = Scaled(networks).eval(), networks.problem.targets
    run = pyautoattack.AutoAttack(
        model, attacks=[attack], eps=epsilon / model.range, norm="Linf", version="custom", seed=0
    )
    run.fab.n_restarts = 1  # as in the package's version "standard"
    moved, _ = run.run_standard_evaluation(model.inputs, targets, batch_size=len(targets))
    return int((model(moved).argmax(1) == targets).sum())


@pytest.mark.parametrize(("dataset", "epsilon"), CASES)
def test_pgd_equals_foolbox(dataset: str, epsilon: float) -> None:
    networks, width = networks_at(dataset, epsilon)
    attack = foolbox.attacks.LinfPGD(rel_stepsize=2.5 / 40, steps=40, random_start=False)
    _, _, broken = attack(
        foolbox_model(networks), networks.samples.inputs, networks.problem.targets, epsilons=[epsilon]
    )
    ours = sign_ascent(networks, networks.start, width, 40)
    assert abs(int(ours.survived.sum()) - int((~broken[0]).sum())) <= 1


@pytest.mark.parametrize("name", ["apgd-ce", "apgd-dlr", "fab"])
@pytest.mark.parametrize(("dataset", "epsilon"), CASES)
def test_accuracies_equal_autoattack(dataset: str, epsilon: float, name: str) -> None:
    networks, width = networks_at(dataset, epsilon)
    ours = {
        "apgd-ce": lambda: apgd.on_loss(networks, width, 100),
        "apgd-dlr": lambda: apgd.on_dlr(networks, width, 100),
        "fab": lambda: inside(networks, nearest(networks, NORMS["linf"], 10.0), width),
    }[name]()
    assert abs(int(ours.survived.sum()) - left_by_autoattack(networks, name, epsilon)) <= 1


def test_where_single_attacks_differ_ours_together_leave_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Digits at 0.3, where further attacks break more samples; APGD with more starts matches theirs to one sample."""
    networks, width = networks_at("digits", 0.3)
    theirs = {name: left_by_autoattack(networks, name, 0.3) for name in ("apgd-ce", "apgd-dlr", "fab")}
    left = networks.clean
    points = adversarial_points(networks, SETTINGS).values()
    for outcome in (*attack_all(networks, width, SETTINGS).values(), *(inside(networks, one, width) for one in points)):
        left = left.worse(outcome)
    assert int(left.survived.sum()) <= min(theirs.values())
    monkeypatch.setattr(apgd, "STARTS", 5)
    assert abs(int(apgd.on_loss(networks, width, 100).survived.sum()) - theirs["apgd-ce"]) <= 1


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("dataset", ["iris", "wine", "digits"])
def test_distances_are_rarely_beaten(dataset: str, norm: str) -> None:
    """Their distances are 0.1 % shorter on at most one sample in ten, and never on average."""
    networks, _ = networks_at(dataset, 0.1)
    ours = nearest(networks, NORMS[norm], 10.0).distance[0]
    for step, found in (by_foolbox(networks, norm), by_fab(networks, norm)):
        theirs = NORMS[norm].length(step.mT[None])[0]
        assert (ours[found] > 1.001 * theirs[found]).double().mean() <= 0.1
        assert ours[found].mean() <= theirs[found].mean()


def by_foolbox(networks: Networks, norm: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Steps [N, d] of the fast minimum-norm attack, and a mask [N] of adversarial ones."""
    attack = foolbox.attacks.LInfFMNAttack(steps=300) if norm == "linf" else foolbox.attacks.L2FMNAttack(steps=300)
    inputs = networks.samples.inputs
    _, moved, found = attack(foolbox_model(networks), inputs, networks.problem.targets, epsilons=None)
    return moved - inputs, found


def by_fab(networks: Networks, norm: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Steps [N, d] of FAB, and a mask [N] of adversarial ones."""
    model, targets = Scaled(networks).eval(), networks.problem.targets
    attack = pyautoattack.autoattack.FABAttack_PT(
        model, norm={"linf": "Linf", "l2": "L2"}[norm], n_restarts=1, n_iter=100, eps=1.0, seed=0, device="cpu"
    )
    moved = attack.perturb(model.inputs, targets)
    return (moved - model.inputs).double() * model.range, model(moved).argmax(1) != targets
