#!/usr/bin/env bash
# Makes the answers in analysis/results/replicates/, on two MPI ranks: the landscapes of the replicates of each data set,
# every one verified again, their answer with a forest plot, and that of all data sets. Names of data sets after it: only
# these. Run again, it continues what it finds.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

results=analysis/results/replicates
datasets=("$@")
folders=()
((${#datasets[@]})) || datasets=(xor iris wine breast_cancer digits digits-10 mnist_5k)
for dataset in "${datasets[@]}"; do
    if [[ $dataset == xor ]]; then # four samples: a census of three widths, of which nothing is inferred
        landscape study runs/study-xor.toml --over 'problem.hidden=[2],[3],[4]' --set problem.l2=1e-4 -o "$results/xor"
        for database in "$results"/xor/*.h5; do landscape verify "$database"; done
        continue
    fi
    run=runs/replicates-$dataset.toml
    read -ra arguments < <(sed -n 's/^# *landscape study //p' "$run") # the command stands in the head of the file
    folder=$results/$dataset
    mpiexec -n 2 landscape study "${arguments[@]::${#arguments[@]}-1}" "$folder"
    for database in "$folder"/replicate-*.h5; do
        mpiexec -n 2 landscape verify "$database"
    done
    landscape answer "$folder" | tee "$folder/answer.txt"
    python analysis/forest.py "$folder/answer.csv" -o "$folder/forest.svg"
    [[ $dataset == digits-10 ]] || folders+=("$folder") # another network on the same data is answered for apart
done
((${#folders[@]} > 2)) || exit 0
landscape answer "${folders[@]}" -o "$results" | tee "$results/answer.txt"
python analysis/forest.py "$results/answer.csv" -o "$results/forest.svg"
