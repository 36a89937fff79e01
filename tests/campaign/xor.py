"""The smallest landscape of a network, XOR with two hidden units, and quick settings to measure it."""

from typing import Any

import landscape

HASTE: dict[str, Any] = {"epsilon": [0.1], "pgd_steps": 1, "pgd_restarts": 1}


def xor() -> landscape.Problem:
    return landscape.Problem(dataset="xor", standardise=False, hidden=[2], l2=1e-2)
