"""An energy of your own: the six-hump camel function, whose minima are known."""

# %% An energy needs two attributes; it gets many points at once, a row each
import numpy as np

import landscape


class Camel:
    """E(x, y) = (4 - 2.1 x^2 + x^4 / 3) x^2 + x y + (4 y^2 - 4) y^2."""

    n_parameters = 2

    def energy_and_gradient(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Energies [W] and gradients [W, 2] of theta [W, 2]."""
        x, y = theta.T
        energy = (4 - 2.1 * x**2 + x**4 / 3) * x**2 + x * y + (4 * y**2 - 4) * y**2
        gradient = np.stack([8 * x - 8.4 * x**3 + 2 * x**5 + y, x - 8 * y + 16 * y**3], axis=1)
        return energy, gradient


# %% Walkers start anywhere in a box. Gradient and scale of the energy are tested before anything else
db = landscape.explore(Camel(), start=(-2.0, 2.0), walkers=16, steps=10)
print(db)

# %% Six minima in three pairs, since E(-x, -y) = E(x, y); the two lowest have the energy -1.0316
energy = np.sort(db.minima.energy)
print(energy)
assert len(energy) == 6
assert abs(energy[0] + 1.031628453) < 1e-8

# %% Which minima are neighbours, and how high the ways between them are
graph = db.graph()
for one, other, edge in graph.edges(data=True):
    print(f"{one} - {other}: {edge['energy']:.4f}")

# %% The barrier of each minimum to the lowest one is stored with every exploration
print(db.properties("minima")["barrier_to_global"].values)
