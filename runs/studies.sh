#!/usr/bin/env bash
# Makes all of analysis/results/: a study of each data set over l2, on two MPI ranks, with its tables and figures,
# every stored point verified again; of XOR, also what the paths through its transition states say. Names of
# data sets after it: only these. Run again, it continues what it finds.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

or_told() { # COMMAND...: what it refuses (exit status 2) it has told; any other failure ends the script
    "$@" || (($? == 2))
}

members() { # FOLDER: the databases of a study, as its report lists them, and none of an earlier study in the same folder
    awk -v folder="$1" 'NR > 3 { if (!NF) exit; print folder "/" $1 ".h5" }' "$1/report.txt"
}

datasets=("$@")
((${#datasets[@]})) || datasets=(xor iris wine breast_cancer digits)
for dataset in "${datasets[@]}"; do
    run=runs/study-$dataset.toml
    read -ra arguments < <(sed -n 's/^# *landscape study //p' "$run") # the command stands in the head of the file
    results=${arguments[-1]}
    mpiexec -n 2 landscape study "${arguments[@]}"
    mapfile -t databases < <(members "$results")
    or_told python analysis/correlations.py "${databases[@]}" --matrix "$results/matrix.svg" >/dev/null
    for database in "${databases[@]}"; do
        mpiexec -n 2 landscape verify "$database"
        base=${database%.h5}
        python analysis/disconnectivity.py "$database" -o "$base-tree.svg" --colour "adversarial_loss[1]"
        python analysis/epsilon_sweep.py "$database" -o "$base-sweep.svg"
        if [[ $dataset == xor ]]; then
            mpiexec -n 2 landscape measure "$database" --paths >/dev/null
            or_told python analysis/paths.py "$database" -o "$base-paths.svg" --scatter "$base-barriers.svg" >"$base-paths.txt"
        fi
    done
done
