"""A torch module of your own, on arrays of your own."""

# %% Any arrays: here the sign of a product, from two inputs
import numpy as np
import torch

import landscape

inputs = np.random.default_rng(0).normal(size=(12, 2))
targets = (inputs[:, 0] * inputs[:, 1] > 0).astype(int)

# %% As a Sequential, a dense or convolutional network is understood: its copies are recognised and its speed is full
module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh(), torch.nn.Linear(2, 2))
problem = landscape.Problem.from_module(module, inputs, targets, l2=1e-2)
quick = {"pgd_steps": 2, "pgd_restarts": 1, "apgd_steps": 2, "search_queries": 5}
db = landscape.explore(problem, walkers=8, steps=2, connect={"rounds": 1, "single_ended": 0}, measure=quick)
print(db)

# %% A copy of a minimum, with its two units exchanged, is the same minimum
lowest = db.minima.parameters[db.minima.energy.argmin()]
first, bias, second = lowest[:4].reshape(2, 2), lowest[4:6], lowest[6:10].reshape(2, 2)
copy = np.concatenate([first[::-1].ravel(), bias[::-1], second[:, ::-1].ravel(), lowest[10:]])
together = np.stack([lowest, copy])
assert torch.allclose(*problem.energy(torch.tensor(together)))
assert np.allclose(*problem.symmetry.canonical(together))

# %% The minimum as a module, and its predictions
network = problem.module(lowest)
print(network(torch.tensor(inputs)).argmax(1).numpy(), targets, sep="\n")
