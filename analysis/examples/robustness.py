"""Are deeper minima more robust? A study of one small landscape, and what it can and cannot say."""

# %% A hundred samples of Iris, a 4-4-3 network
import matplotlib.pyplot as plt

import landscape
from landscape.studies.columns import column
from landscape.studies.findings import findings_of
from landscape.studies.findings_text import summary

problem = landscape.Problem(dataset="iris", subset=100, hidden=[4], l2=1e-4)
quick = {"epsilon": [0.1], "pgd_steps": 3, "pgd_restarts": 1, "apgd_steps": 3, "search_queries": 5}
db = landscape.explore(
    problem, walkers=16, steps=4, connect={"rounds": 1, "pairs": 4, "single_ended": 0}, measure=quick
)
print(db)

# %% A further epsilon is added to what was measured; nothing is measured twice
db = landscape.measure(db, "robustness", problem=problem, epsilon=[0.3])
print(db.properties("minima")["pgd_accuracy"].settings["epsilon"])

# %% Rank correlations of depth and flatness with robustness, over the distinct minima of this landscape
for line in summary(findings_of([db])):
    print(line)

# %% One of them as a picture: accuracy under attack against the energy above the lowest minimum
depth, robust = column(db, "depth"), column(db, "pgd_accuracy@0.3")
figure, axes = plt.subplots(figsize=(3.4, 2.6), layout="constrained")
axes.scatter(depth.values, robust.values, s=8)
axes.set(xlabel="energy above the lowest minimum", ylabel="accuracy under PGD, ε = 0.3")
figure.savefig("iris-robustness.svg")

# %% Minima of one landscape share samples and units, so this is no inference about networks. Replicates are:
#     landscape study runs/replicates-digits.toml --replicates 12 -o digits && landscape answer digits
