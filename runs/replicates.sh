#!/usr/bin/env bash
# Makes the answers in analysis/results/replicates/, on two MPI ranks: the landscapes of the replicates of each data set,
# every one verified again, what they say together, data sets combined, and a forest plot. Names of data sets after it: only these. Run again,
# it continues what it finds.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

results=analysis/results/replicates
datasets=("$@")
folders=()
((${#datasets[@]})) || datasets=(iris wine breast_cancer digits digits-10 mnist_5k)
for dataset in "${datasets[@]}"; do
    run=runs/replicates-$dataset.toml
    read -ra arguments < <(sed -n 's/^# *landscape study //p' "$run") # the command stands in the head of the file
    folder=$results/$dataset
    mpiexec -n 2 landscape study "${arguments[@]::${#arguments[@]}-1}" "$folder"
    for database in "$folder"/replicate-*.h5; do
        mpiexec -n 2 landscape verify "$database"
    done
    folders+=("$folder")
done
landscape answer "${folders[@]}" -o "$results" | tee "$results/answer.txt"
python analysis/forest.py "$results/answer.csv" -o "$results/forest.svg"
