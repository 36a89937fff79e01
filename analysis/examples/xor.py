"""The whole landscape of XOR, from the search to the picture: five minima and the transition states between them.

The file is a script, and a notebook for editors that know cells (# %%).
"""

# %% The energy: mean loss of a 2-2-2 tanh network on four samples, plus l2 times the squared norm of its parameters
import matplotlib.pyplot as plt

import landscape

problem = landscape.Problem(dataset="xor", standardise=False, hidden=[2], l2=1e-2)

# %% The search alternates basin-hopping with searches for transition states, until it is complete or at its limits
quick = {"epsilon": [0.1, 0.3], "pgd_steps": 5, "pgd_restarts": 1, "apgd_steps": 5, "search_queries": 20}
db = landscape.explore(problem, walkers=8, steps=10, connect={"rounds": 4, "single_ended": 2}, measure=quick)
print(db, "complete:", db.complete)

# %% Every point is computed again: energy, gradient, index, and the two minima beside each transition state
assert landscape.verify(db, problem) == []

# %% Minima by rising energy. Copies (exchanged units, flipped signs) count once; hits are quenches that ended there
for row in db.minima.energy.argsort():
    print(f"minimum {row}: energy {db.minima.energy[row]:.6f}, {db.minima.hits[row]} hits")

# %% Properties have a value, or one for each epsilon, a minimum
accuracy = db.properties("minima")["pgd_accuracy"]
print(accuracy.description, accuracy.settings["epsilon"], accuracy.values, sep="\n")

# %% The disconnectivity graph: lines end at minima and meet where the easiest path between them is highest
figure, axes = plt.subplots(layout="constrained")
landscape.plot_tree(db, labels=True, axes=axes)
figure.savefig("xor-tree.svg")

# %% A minimum is a torch module, to be used like any other
network = problem.module(db.minima.parameters[db.minima.energy.argmin()])
print(network)
