#!/usr/bin/env bash
# Makes all of analysis/results/: a study of each data set over l2, on two MPI ranks, with its tables, verdicts and
# figures. Names of data sets after it: only these. Run again, it continues what it finds.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

datasets=("$@")
((${#datasets[@]})) || datasets=(xor iris wine breast_cancer digits)
for dataset in "${datasets[@]}"; do
    run=runs/study-$dataset.toml
    read -ra arguments < <(sed -n 's/^# *landscape study //p' "$run") # the command stands in the head of the file
    results=${arguments[-1]}
    mpiexec -n 2 landscape study "${arguments[@]}"
    python analysis/correlations.py "$results"/*.h5 --matrix "$results/matrix.svg" >/dev/null ||
        echo "$results: no matrix; verdicts.txt says why"
    for database in "$results"/*.h5; do
        python analysis/disconnectivity.py "$database" -o "${database%.h5}-tree.svg" --colour "adversarial_loss[1]"
        python analysis/epsilon_sweep.py "$database" -o "${database%.h5}-sweep.svg"
    done
done
