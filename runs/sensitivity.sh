#!/usr/bin/env bash
# Makes analysis/results/sensitivity-iris/, on two MPI ranks: the landscape of Iris with the sensitivity term in its
# energy, verified, beside the plain one: a table and both trees. Run again, it continues what it finds.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

results=analysis/results/sensitivity-iris
mkdir -p "$results"
for name in iris-1e-3 sensitivity-iris; do
    mpiexec -n 2 landscape run "runs/$name.toml" -o "$results/$name.h5" --resume >/dev/null
    landscape verify "$results/$name.h5" | tee "$results/$name-verified.txt"
    python analysis/disconnectivity.py "$results/$name.h5" -o "$results/$name-tree.svg" --lowest 100 \
        --colour certified_accuracy_ibp@0.3
done
script=$PWD/analysis/compare_landscapes.py
cd "$results"
python "$script" iris-1e-3.h5 sensitivity-iris.h5 -o comparison.csv | tee comparison.txt
