"""All attacks within a box, in the order of execution. Samples that survive all of them make up robust_accuracy."""

from landscape.properties.attacks.apgd import APGD_CE, APGD_DLR
from landscape.properties.attacks.attack import Attack
from landscape.properties.attacks.pgd import FGSM, PGD
from landscape.properties.attacks.random_search import SQUARE

ATTACKS: tuple[Attack, ...] = (FGSM, PGD, APGD_CE, SQUARE, APGD_DLR)
